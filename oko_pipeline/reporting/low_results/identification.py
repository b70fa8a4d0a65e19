"""Sections on who has low results: the criteria, the schools, their procedures, how much hangs on the thresholds."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.low_result_rules import LowResultRule, low_result_rules
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area, under_schools
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.low_results.group import LOWEST_THIRD, Group, main_rule
from oko_pipeline.reporting.low_results.words import below_minimum, procedure_ru
from oko_pipeline.reporting.sections import Spec, chart, row, section, series, table

_RULE_WORKS: Final = "rule"
_ROLES: Final = ("first", "second", "third", "fourth")


def main_text(group: Group) -> list[str]:
    """Return who was found: by the criterion, by lists, and where there is no answer."""
    area = group.area
    flags = area.rows("low_result_flags", rule_code=main_rule().rule_code)
    answered = [one for one in flags if one["computed"] is not None]
    silent = [one for one in flags if one["computed"] is None]
    text: list[str] = []
    if answered:
        count = _number(area, answered, "ОО, о которых критерий отвечает")
        met = [one for one in answered if one["computed"]]
        told = (
            f"отвечает ему {_number(area, met, 'ОО, отвечающих критерию')} ОО: {_named(area, met)}"
            if met
            else "не отвечает ему ни одна"
        )
        text.append(f"Критерий низких результатов можно проверить у {count} ОО; {told}.")
    if silent:
        count = _number(area, silent, "ОО, о которых критерий не отвечает")
        text.append(
            f"У {count} ОО участников для ответа мало: {_listed(area, silent)}. Это не значит, что низких результатов "
            "там нет."
        )
    listed = [one for one in flags if one["official_list"]]
    if listed:
        both = [one for one in listed if one["computed"]]
        count = _number(area, listed, "ОО в официальном перечне")
        text.append(
            f"В официальном перечне ШНОР — {count} ОО; критерию года из них отвечает "
            f"{_number(area, both, 'ОО перечня, отвечающих критерию')}."
        )
    return text


def _number(area: Area, rows: Sequence[Row], how_ru: str) -> str:
    return area.figures.computed(len(rows), f"число {how_ru}", rows, form="whole")


def _named(area: Area, rows: Sequence[Row]) -> str:
    codes = sorted(str(one["school_code"]) for one in rows)
    return "; ".join(f"{code} {area.school(code)}" for code in codes)


def _listed(area: Area, rows: Sequence[Row]) -> str:
    return area.listed(str(one["school_code"]) for one in rows)


def criteria_section(group: Group) -> Spec | None:
    """Return the rule sets side by side and how many schools each names."""
    area = group.area
    columns = [
        ("Набор правил", 78, "text"),
        ("Отвечает о ОО", 22, "number"),
        ("Названо ОО", 22, "number"),
        ("Где", 60, "text"),
    ]
    rows = [
        _rule_row(area, rule, area.rows("low_result_flags", rule_code=rule.rule_code))
        for rule in low_result_rules().rules
    ]
    return section(tables=[table("Критерии низких результатов", columns, [one for one in rows if one is not None])])


def _rule_row(area: Area, rule: LowResultRule, flags: Rows) -> Spec | None:
    if not flags:
        return None
    answered = [one for one in flags if one["computed"] is not None]
    met = [one for one in answered if one["computed"]]
    return row(
        rule.title_ru,
        area.figures.computed(len(answered), "число ОО, о которых набор отвечает", answered or flags, form="whole"),
        area.figures.computed(len(met), "число ОО, названных набором", met or flags, form="whole"),
        _listed(area, met) or ru.DASH,
    )


def schools_section(group: Group) -> Spec | None:
    """Return the table of the group's schools: why each is spoken of."""
    columns = [
        ("Код", 20, "text"),
        ("ОО", 42, "text"),
        ("Критерий", 18, "text"),
        ("Порог достигнут, процедур", 20, "text"),
        ("Из них наверняка", 18, "number"),
        ("Перечень", 19, "text"),
        ("Условия", 17, "text"),
        ("Своя программа", 18, "text"),
    ]
    rows = [_school_row(group, code) for code in group.all]
    made = table("ОО, которым нужна поддержка (в порядке кодов)", columns, rows)
    note = (
        "«Наверняка» — порог достигнут и по нижней границе 95-процентного интервала. Условия — треть индекса среди "
        "всех ОО."
    )
    return section(tables=[made], note=note)


def _school_row(group: Group, code: str) -> Spec:
    area = group.area
    flag = area.data.row("low_result_flags", rule_code=main_rule().rule_code, school_code=code)
    lists = [title for title, codes in (("ШНОР", group.listed), ("ШНСУ", group.hard_listed)) if code in codes]
    return row(
        code,
        area.school(code),
        *_criterion(area, flag),
        ", ".join(lists) or ru.DASH,
        _conditions(area, code),
        "есть" if code in group.in_programme else "нет",
        shades=[None, None, "level_3" if code in group.computed else None],
    )


def _criterion(area: Area, flag: Row | None) -> tuple[str, str, str]:
    if flag is None:
        return ("нет данных", ru.DASH, ru.DASH)
    figures = area.figures
    answer = "мало данных" if flag["computed"] is None else ("да" if flag["computed"] else "нет")
    return (
        answer,
        f"{figures.whole(flag, 'failed_count')} из {figures.whole(flag, 'procedures_count')}",
        figures.whole(flag, "certain_count"),
    )


def _conditions(area: Area, code: str) -> str:
    index = next((one for one in area.data.rows("social_index", school_code=code) if one["is_main"]), None)
    if index is None or index["third"] is None:
        return ru.DASH
    return {LOWEST_THIRD: "нижняя", 2: "средняя", 3: "верхняя"}[int(index["third"])]


def procedures_section(group: Group) -> Spec | None:
    """Return the procedures of schools with low results: participants and the share below the minimum."""
    area = group.area
    wanted = group.low
    found = [
        one
        for one in area.rows("low_result_procedures", rule_code=main_rule().rule_code)
        if one["school_code"] in wanted and one["state"] in ("failed", "passed")
    ]
    columns = [
        ("Код", 20, "text"),
        ("Процедура", 52, "text"),
        ("Участников", 22, "number"),
        ("Ниже минимума", 21, "number"),
        ("Доля ниже минимума, % (интервал)", 34, "number"),
        ("Порог достигнут", 21, "text"),
    ]
    found.sort(key=lambda one: (one["school_code"], one["procedure_unit"]))
    rows = [_procedure_row(area, one) for one in found]
    small = [
        one
        for one in area.rows("low_result_procedures", rule_code=main_rule().rule_code, state="small")
        if one["school_code"] in wanted
    ]
    text = [_small_text(area, small)] if small and rows else []
    return section(
        text=text, tables=[under_schools(area, table("Результаты процедур в ОО с низкими результатами", columns, rows))]
    )


def _small_text(area: Area, small: Sequence[Row]) -> str:
    count = area.figures.computed(len(small), "процедур с недостаточным числом участников", small, form="whole")
    return (
        f"Ещё {count} {ru.plural(len(small), ('процедура', 'процедуры', 'процедур'))} этих ОО в таблицу не вошли: "
        f"участников меньше {main_rule().minimum_n}."
    )


def _procedure_row(area: Area, one: Row) -> Spec:
    figures = area.figures
    hide = area.data.settings.hide_below
    is_failed = one["state"] == "failed"
    return row(
        str(one["school_code"]),
        procedure_ru(one["procedure_unit"]),
        figures.whole(one, "participants_count"),
        figures.whole(one, "below_minimum_count") if one["participants_count"] >= hide else ru.DASH,
        below_minimum(figures, one, area.data.settings.claim_from),
        "да" if is_failed else "нет",
        shades=[*[None] * 5, "level_3" if is_failed else None],
    )


def sensitivity_section(group: Group) -> Spec | None:
    """Return how the number of named schools depends on the threshold and on the least number of participants."""
    area = group.area
    found = area.data.rows("low_result_sensitivity", rule_code=main_rule().rule_code, works_set=_RULE_WORKS)
    assessed = [one for one in found if one["assessed_count"]]
    if not assessed or not any(one["computed_count"] for one in assessed):
        return None
    minimums = sorted({int(one["minimum_n"]) for one in found})
    thresholds = sorted({float(one["share_threshold"]) for one in found})
    cells = {(float(one["share_threshold"]), int(one["minimum_n"])): one for one in found}
    columns = [("Порог доли", 2.0, "text")]
    columns += [(f"Названо ОО при числе участников от {minimum}", 3.0, "text") for minimum in minimums]
    rows = [
        row(_threshold(area, cells, threshold), *(_cell(area, cells.get((threshold, minimum))) for minimum in minimums))
        for threshold in thresholds
    ]
    own = next((one for one in found if one["is_rule"]), None)
    return section(
        text=_sensitivity_text(area, own, cells, thresholds),
        charts=[_sensitivity_chart(area, cells, thresholds, minimums)],
        tables=[table("Сколько ОО назвал бы критерий при других порогах (все загруженные ОО)", columns, rows)],
    )


def _threshold(area: Area, cells: dict[tuple[float, int], Row], threshold: float) -> str:
    one = next(row for (own, _), row in cells.items() if own == threshold)
    return area.figures.percent(one, "share_threshold", 0)


def _cell(area: Area, one: Row | None) -> str:
    if one is None or not one["assessed_count"]:
        return ru.DASH
    return f"{area.figures.whole(one, 'computed_count')} из {area.figures.whole(one, 'assessed_count')}"


def _sensitivity_text(
    area: Area, own: Row | None, cells: dict[tuple[float, int], Row], thresholds: Sequence[float]
) -> list[str]:
    if own is None:
        return []
    threshold, minimum = float(own["share_threshold"]), int(own["minimum_n"])
    place = thresholds.index(threshold)
    lower = cells.get((thresholds[place - 1], minimum)) if place else None
    upper = cells.get((thresholds[place + 1], minimum)) if place + 1 < len(thresholds) else None
    near = [
        f"при пороге {area.figures.percent(one, 'share_threshold', 0)} было бы "
        f"{area.figures.whole(one, 'computed_count')}"
        for one in (lower, upper)
        if one is not None and one["assessed_count"]
    ]
    said = (
        f"Действующий порог ({area.figures.percent(own, 'share_threshold', 0)}, участников — от "
        f"{area.figures.whole(own, 'minimum_n')}) называет {area.figures.whole(own, 'computed_count')} ОО из "
        f"{area.figures.whole(own, 'assessed_count')}"
    )
    return [f"{said}; {ru.listed(near)}." if near else f"{said}."]


def _sensitivity_chart(
    area: Area, cells: dict[tuple[float, int], Row], thresholds: Sequence[float], minimums: Sequence[int]
) -> Spec:
    lines: list[Spec] = []
    for number, minimum in enumerate(minimums):
        found = [cells.get((threshold, minimum)) for threshold in thresholds]
        values = [None if one is None else area.figures.values([one], "computed_count", digits=0)[0] for one in found]
        lines.append(series(f"от {minimum} участников", _ROLES[number % len(_ROLES)], values))
    first = max((value for line in lines for value in line["values"][:1] if value is not None), default=0)
    last = max((value for line in lines for value in line["values"][-1:] if value is not None), default=0)
    return chart(
        "line",
        "Сколько ОО называет критерий при разных порогах доли ниже минимума",
        (
            f"При самом мягком пороге критерий называет до {ru.whole(round(first))} ОО, при самом строгом — до "
            f"{ru.whole(round(last))}."
        ),
        [ru.percent(threshold, 0) for threshold in thresholds],
        lines,
        axis_title="Порог доли ниже минимума",
        value_title="ОО",
        height_mm=68,
    )


def silent_text(area: Area) -> str:
    """Return the schools of which no rule set can say anything."""
    flags = area.rows("low_result_flags")
    known = {str(one["school_code"]) for one in flags if one["computed"] is not None}
    unknown = [code for code in area.names if code not in known]
    return f"Данных мало для всех наборов правил: {area.listed(unknown)}." if unknown else ""
