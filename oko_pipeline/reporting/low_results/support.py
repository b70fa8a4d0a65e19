"""Sections on help: plan and fact of programmes by round, aid, individual plans, measures and recommendations."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area, under_schools
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import answer_ru, day_ru, role_ru
from oko_pipeline.reporting.low_results.group import Group
from oko_pipeline.reporting.low_results.words import DYNAMICS, PLAN_STATES, ROUNDS, indicator_ru, indicator_unit
from oko_pipeline.reporting.objectivity.note_procedure import recommendation_points
from oko_pipeline.reporting.sections import Spec, row, section, table

_EFFECTS: Final = {
    "effective": "действенна",
    "partly": "действенна частично",
    "not_effective": "не действенна",
    "not_enough_data": "данных недостаточно",
}
_INDEPENDENT: Final = ("regional_diagnostics", "municipal_diagnostics", "metasubject", "niko", "pisa_model")
_DYNAMICS_SHADES: Final = {"positive": "above", "negative": "yellow"}


def monitored(group: Group, rounds: Sequence[str]) -> list[Row]:
    """Return the plan and fact of the group's schools in some rounds, by school, programme and indicator."""
    found = [
        one
        for one in group.area.rows("support_monitoring", round=tuple(rounds))
        if one["school_code"] in group.all and one["outcome"] != "not_applicable"
    ]
    order = list(ROUNDS)
    return sorted(
        found,
        key=lambda one: (one["school_code"], one["programme_code"], one["indicator_code"], order.index(one["round"])),
    )


def plan_text(group: Group, round_code: str) -> str:
    """Return how many planned values of a round were reached; empty where nothing can be compared."""
    rows = [one for one in monitored(group, [round_code]) if one["plan_state"] != "unknown"]
    if not rows:
        return ""
    figures = group.area.figures
    reached = [one for one in rows if one["plan_state"] == "reached"]
    count = figures.computed(len(rows), "показателей с планом и фактом", rows, form="whole")
    schools = figures.computed(len({one["school_code"] for one in rows}), "ОО с планом и фактом", rows, form="whole")
    told = "план не выполнен ни по одному"
    if reached:
        told = (
            "план выполнен по "
            f"{figures.computed(len(reached), 'показателей, где план выполнен', reached, form='whole')}"
        )
    return (
        f"На {_prepositional(round_code)} этапе план и факт можно сравнить у {schools} ОО (показателей — {count}); "
        f"{told}."
    )


def _prepositional(round_code: str) -> str:
    return {"input": "входном", "interim": "промежуточном", "final": "итоговом"}[round_code]


def plan_section(group: Group, rounds: Sequence[str]) -> Spec | None:
    """Return plan and fact by school and indicator, round by round."""
    columns = [
        ("Показатель", 42, "text"),
        ("Единица", 18, "text"),
        ("Этап", 31, "text"),
        ("План", 15, "number"),
        ("Факт", 15, "number"),
        ("Выполнен", 23, "text"),
        ("Динамика", 33, "text"),
    ]
    rows: list[Spec] = []
    school = ""
    for one in monitored(group, rounds):
        if one["school_code"] != school:
            school = str(one["school_code"])
            rows.append(row(f"{school} {group.area.school(school)}", kind="group"))
        rows.append(_plan_row(group.area, one))
    texts = [plan_text(group, code) for code in rounds]
    return section(text=texts, tables=[table("Программы поддержки: план и факт", columns, rows)])


def _plan_row(area: Area, one: Row) -> Spec:
    figures = area.figures
    dynamics = str(one["dynamics"])
    return row(
        indicator_ru(one["indicator_code"]),
        indicator_unit(one["indicator_code"]),
        ROUNDS[one["round"]],
        figures.decimal(one, "planned_value"),
        figures.decimal(one, "actual_value"),
        PLAN_STATES[one["plan_state"]],
        DYNAMICS[dynamics],
        shades=[*[None] * 6, _DYNAMICS_SHADES.get(dynamics)],
    )


def aid_section(group: Group) -> Spec | None:
    """Return the help that schools asked for and got, by kind."""
    area = group.area
    found = [one for one in area.rows("aid_needs") if one["school_code"] in group.all]
    columns = [
        ("Код", 20, "text"),
        ("Вид помощи", 28, "text"),
        ("Кому", 26, "text"),
        ("Какую причину устраняет", 42, "text"),
        ("Нужно, тыс. руб.", 17, "number"),
        ("Выделено, тыс. руб.", 20, "number"),
        ("Состояние", 22, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            ru.sentence_start(answer_ru(one, "kind")),
            answer_ru(one, "for_whom"),
            str(one["problem"] or ru.DASH),
            area.figures.decimal(one, "cost_thousand"),
            area.figures.decimal(one, "given_thousand"),
            answer_ru(one, "status"),
        )
        for one in sorted(found, key=lambda one: (one["school_code"], str(one["aid_number"])))
    ]
    return section(tables=[under_schools(area, table("Потребность в помощи", columns, rows))])


def plans_section(group: Group) -> Spec | None:
    """Return individual plans of the group's schools, in numbers of people."""
    area = group.area
    found = [
        one
        for one in area.rows("individual_plans")
        if one["school_code"] in group.all and (one["people_count"] or 0) >= area.data.settings.hide_below
    ]
    columns = [
        ("Код", 20, "text"),
        ("Вид плана", 34, "text"),
        ("Классы", 17, "text"),
        ("Нуждаются", 20, "number"),
        ("Составлен", 20, "number"),
        ("Выполняется", 23, "number"),
        ("Выполнен", 19, "number"),
        ("Стало лучше", 17, "number"),
    ]
    names = ("need_count", "planned_count", "running_count", "done_count", "improved_count")
    rows = [
        row(
            str(one["school_code"]),
            ru.sentence_start(answer_ru(one, "plan_kind")),
            answer_ru(one, "grade_band"),
            *(area.figures.whole(one, name) for name in names),
        )
        for one in sorted(found, key=lambda one: (one["school_code"], str(one["plan_kind"]), str(one["grade_band"])))
    ]
    return section(tables=[under_schools(area, table("Индивидуальные планы", columns, rows))])


def diagnostics_section(group: Group) -> Spec | None:
    """Return independent works in schools with low results: how many did not reach the base level."""
    area = group.area
    found = [one for one in area.rows("diagnostics_summary", procedure=_INDEPENDENT) if one["school_code"] in group.all]
    columns = [
        ("Код", 20, "text"),
        ("Процедура", 26, "text"),
        ("Предмет, класс", 27, "text"),
        ("Участников", 24, "number"),
        ("Ниже базового", 19, "number"),
        ("Базовый", 17, "number"),
        ("Повышенный", 24, "number"),
        ("Высокий", 17, "number"),
    ]
    names = ("participants_count", "below_base_count", "base_count", "raised_count", "high_count")
    rows = [
        row(
            str(one["school_code"]),
            answer_ru(one, "procedure"),
            f"{_small(answer_ru(one, 'work_subject'))}, {one['grade']}{ru.NBSP}класс",
            *(area.figures.whole(one, name) for name in names),
        )
        for one in sorted(found, key=lambda one: (one["school_code"], str(one["procedure"]), str(one["work_subject"])))
        if (one["participants_count"] or 0) >= area.data.settings.hide_below
    ]
    return section(tables=[under_schools(area, table("Независимая диагностика обучающихся", columns, rows))])


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def measures_section(group: Group) -> Spec | None:
    """Return the measures of the direction in the group and what is known of their effect, with its interval."""
    area = group.area
    wanted = {*group.all, area.code}
    found = [one for one in area.data.rows("measure_effects", direction="low_results") if one["owner_code"] in wanted]
    columns = [
        ("Код", 20, "text"),
        ("Мера", 34, "text"),
        ("Показатель", 34, "text"),
        ("Эффект (интервал)", 24, "text"),
        ("Вывод", 24, "text"),
        ("Почему", 34, "text"),
    ]
    rows = [
        row(
            str(one["owner_code"]),
            f"№ {one['measure_number']}. {one['title']}",
            indicator_ru(str(one["indicator_code"])),
            _effect(area, one),
            _EFFECTS[one["verdict"]],
            area.figures.text(one, "reason_ru"),
        )
        for one in sorted(
            found, key=lambda one: (one["owner_code"] != area.code, one["owner_code"], str(one["measure_number"]))
        )
    ]
    return section(tables=[under_schools(area, table("Меры поддержки и их действенность", columns, rows))])


def _effect(area: Area, one: Row) -> str:
    if one["effect"] is None:
        return "не оценён"
    figures = area.figures
    return (
        f"{figures.decimal(one, 'effect')} (от {figures.decimal(one, 'effect_low')} до "
        f"{figures.decimal(one, 'effect_high')})"
    )


def recommendations_section(group: Group, *, with_schools: bool = True) -> Spec | None:
    """Return what to do: the municipality's recommendations, then those of the group's schools in order of codes."""
    area = group.area
    own = area.data.rows("recommendations", unit_level="municipality", unit_code=area.code, direction="low_results")
    points = recommendation_points(area.figures, own)
    if not with_schools:
        return section(points=points)
    columns = [("Код", 20, "text"), ("Что сделать", 92, "text"), ("Кто отвечает", 36, "text"), ("Срок", 22, "text")]
    rows: list[Spec] = []
    for code in group.all:
        of_school = area.data.rows("recommendations", unit_level="school", unit_code=code, direction="low_results")
        offered = [one for one in of_school if not one["is_held_back"] and one["state"] != "rejected"]
        offered.sort(key=lambda one: (-(one["urgency"] or 0), one["recommendation_id"]))
        rows += [row(code, area.figures.text(one, "text_ru"), role_ru(one), day_ru(one["due_on"])) for one in offered]
    return section(points=points, tables=[under_schools(area, table("Адресные рекомендации ОО", columns, rows))])
