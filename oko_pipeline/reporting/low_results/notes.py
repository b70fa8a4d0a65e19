"""Contexts of the three notes of a year on schools with low results: input, interim and final."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.low_results import conditions, dynamics, identification, support
from oko_pipeline.reporting.low_results.group import Group
from oko_pipeline.reporting.low_results.words import ROUNDS
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, section

_TITLES: Final = {
    code: f"Школы с низкими результатами и в трудных условиях: {round_ru} этап" for code, round_ru in ROUNDS.items()
}


def input_notes(data: CycleData) -> Iterator[Content]:
    """Make the input note of each municipality of which a rule set or a list says anything."""
    for code in data.municipalities():
        group = Group.of(Area.of(data, code))
        flags = group.area.rows("low_result_flags")
        if group.all or any(one["computed"] is not None for one in flags):
            yield Content(code, _finished(group, "input", _input_sections(group)))


def interim_notes(data: CycleData) -> Iterator[Content]:
    """Make the interim note of each municipality whose schools reported the interim round."""
    for code in data.municipalities():
        group = Group.of(Area.of(data, code))
        if support.monitored(group, ["interim"]):
            yield Content(code, _finished(group, "interim", _interim_sections(group)))


def final_notes(data: CycleData) -> Iterator[Content]:
    """Make the final note of each municipality that has a final round or comparable results to conclude from."""
    for code in data.municipalities():
        group = Group.of(Area.of(data, code))
        if support.monitored(group, ["final"]) or dynamics.compared(group, group.low):
            yield Content(code, _finished(group, "final", _final_sections(group)))


def _finished(group: Group, round_code: str, sections: dict[str, Spec | None]) -> Context:
    area = group.area
    context = {**heading(area.data, "municipality", area.code, _TITLES[round_code]), "sections": sections}
    return finished(context, area.data, area.figures)


def _input_sections(group: Group) -> dict[str, Spec | None]:
    return {
        "main": section(text=identification.main_text(group)),
        "recommendations": support.recommendations_section(group),
        "criteria": identification.criteria_section(group),
        "schools": identification.schools_section(group),
        "procedures": identification.procedures_section(group),
        "diagnostics": support.diagnostics_section(group),
        "sensitivity": identification.sensitivity_section(group),
        "social": conditions.social_section(group),
        "risk": conditions.risk_section(group),
        "resilience": conditions.resilience_section(group),
        "staff": conditions.staff_section(group),
        "aid": support.aid_section(group),
        "plan": support.plan_section(group, ["input"]),
        "unknown": section(text=[identification.silent_text(group.area)]),
    }


def _interim_sections(group: Group) -> dict[str, Spec | None]:
    return {
        "main": section(text=[_group_text(group), support.plan_text(group, "interim")]),
        "recommendations": support.recommendations_section(group, with_schools=False),
        "plan": support.plan_section(group, ["input", "interim"]),
        "individual": support.plans_section(group),
        "diagnostics": support.diagnostics_section(group),
        "aid": support.aid_section(group),
        "staff": conditions.staff_section(group),
        "measures": support.measures_section(group),
        "unknown": section(text=[_without_report(group, "interim")]),
    }


def _final_sections(group: Group) -> dict[str, Spec | None]:
    return {
        "main": section(text=[_group_text(group), support.plan_text(group, "final")], points=_conclusions(group)),
        "recommendations": support.recommendations_section(group),
        "dynamics": dynamics.dynamics_section(group, group.all),
        "procedures": identification.procedures_section(group),
        "diagnostics": support.diagnostics_section(group),
        "plan": support.plan_section(group, list(ROUNDS)),
        "individual": support.plans_section(group),
        "measures": support.measures_section(group),
        "staff": conditions.staff_section(group),
        "resilience": conditions.resilience_section(group),
        "unknown": section(text=[_without_report(group, "final")]),
    }


def _group_text(group: Group) -> str:
    area = group.area
    flags = [one for one in area.rows("low_result_flags") if one["school_code"] in group.all]
    if not group.all:
        return ""
    count = area.figures.computed(len(group.all), "ОО, которым нужна поддержка", flags, form="whole")
    reasons = [
        ("с низкими результатами", group.low),
        ("в официальном перечне ШНСУ", group.hard_listed),
        ("со своей программой", group.in_programme),
    ]
    told = [
        f"{reason} — {area.figures.computed(len(codes), f'ОО {reason}', flags, form='whole')}"
        for reason, codes in reasons
        if codes
    ]
    several = " (одна ОО может войти по нескольким основаниям)" if len(told) > 1 else ""
    return f"Поддержка нужна {count} ОО муниципалитета: {ru.listed(told)}{several}."


def _conclusions(group: Group) -> list[str]:
    """Return for each school with low results what its comparisons allow to conclude."""
    area = group.area
    compared = dynamics.compared(group, group.low)
    nothing = "вывода о динамике результатов нет — сравнить нечего или участников мало"
    return [
        f"{code} {area.school(code)}: {dynamics.conclusion(area, compared[code]) if code in compared else nothing}."
        for code in group.low
    ]


def _without_report(group: Group, round_code: str) -> str:
    reported = {str(one["school_code"]) for one in support.monitored(group, [round_code])}
    silent = [code for code in group.all if code not in reported]
    if not silent:
        return ""
    return f"Значений показателей программы за {ROUNDS[round_code]} этап нет: {group.area.listed(silent)}."
