"""Context of the frame of a school's programme: why, risks, goals, measures, indicators, filled in where known."""

from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.labels import answer_ru, day_ru, role_ru
from oko_pipeline.reporting.low_results.conditions import BASES, PLACES, TYPES
from oko_pipeline.reporting.low_results.group import OWN_PROGRAMMES, Group, main_rule
from oko_pipeline.reporting.low_results.words import (
    ROUNDS,
    SIGNIFICANCE,
    below_minimum,
    indicator_ru,
    indicator_unit,
    procedure_ru,
)
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Программа перехода в эффективный режим"
_BLANK: Final = 3
_ADVICE_SHOWN: Final = 8
_RECOMMENDATIONS: Final = ("рекомендация", "рекомендации", "рекомендаций")
_DIRECTIONS: Final = ("low_results", "attainment", "teacher_development")


def programmes(data: CycleData) -> Iterator[Content]:
    """Make the frame of the programme of each school with low results, of a list, or with such a programme."""
    for municipality in data.municipalities():
        group = Group.of(Area.of(data, municipality))
        for code in group.all:
            area = Area.of(data, municipality)
            yield Content(code, _context(area, code))


def _context(area: Area, code: str) -> Context:
    sections = {
        "passport": _passport(area, code),
        "reason": _reason(area, code),
        "risks": _risks(area, code),
        "goals": _goals(area, code),
        "indicators": _indicators(area, code),
        "advice": _advice(area, code),
        "measures": section(tables=[_measures_table()]),
        "aid": _aid(area, code),
        "partners": _partners(area, code),
        "rounds": section(tables=[_rounds_table()]),
    }
    context = {**heading(area.data, "school", code, _TITLE), "sections": sections}
    return finished(context, area.data, area.figures)


def _passport(area: Area, code: str) -> Spec | None:
    own = area.data.rows("support_programme_passports", school_code=code, kind=OWN_PROGRAMMES)
    one = min(own, key=lambda found: str(found["programme_number"]), default=None)
    group = next(iter(area.data.rows("school_groups", school_code=code)), None)
    lines = [
        ("Название", "" if one is None else str(one["title"] or "")),
        ("Вид и группа", "" if one is None else f"{answer_ru(one, 'kind')}; {answer_ru(one, 'group')}"),
        ("Срок", "" if one is None else f"{day_ru(one['starts_on'])} – {day_ru(one['ends_on'])}"),
        ("Утверждена", "" if one is None else day_ru(one["approved_on"])),
        ("Куратор (должность)", "" if one is None else answer_ru(one, "curator_role")),
        ("Школа-партнёр", "" if one is None else str(one["partner_school"] or "")),
    ]
    if group is not None:
        pupils = area.figures.whole(group, "pupils_count")
        lines.append(
            ("Тип и место", f"{TYPES[group['school_type']]}; {PLACES[group['place']]}; обучающихся — {pupils}")
        )
    columns = [("Что", 3.0, "text"), ("Сведения", 8.0, "text")]
    rows = [row(name, value, kind="plain" if value else "form") for name, value in lines]
    return section(tables=[table("Паспорт программы", columns, rows)])


def _reason(area: Area, code: str) -> Spec | None:
    flag = area.data.row("low_result_flags", rule_code=main_rule().rule_code, school_code=code)
    found = area.data.rows(
        "low_result_procedures", rule_code=main_rule().rule_code, school_code=code, state=("failed", "passed")
    )
    columns = [
        ("Процедура", 70, "text"),
        ("Участников", 24, "number"),
        ("Доля ниже минимума, % (интервал)", 44, "number"),
        ("Порог достигнут", 32, "text"),
    ]
    rows = [
        row(
            procedure_ru(one["procedure_unit"]),
            area.figures.whole(one, "participants_count"),
            below_minimum(area.figures, one, area.data.settings.claim_from),
            "да" if one["state"] == "failed" else "нет",
            shades=[None, None, None, "level_3" if one["state"] == "failed" else None],
        )
        for one in sorted(found, key=lambda one: one["procedure_unit"])
    ]
    text = [area.figures.text(flag, "explanation_ru")] if flag is not None else []
    if flag is not None and flag["official_list"]:
        text.append("ОО названа в официальном перечне ОО с низкими результатами.")
    return section(text=text, tables=[table("С чем ОО входит в программу", columns, rows)])


def _risks(area: Area, code: str) -> Spec | None:
    found = area.data.rows("risk_profile", school_code=code)
    known = [one for one in found if one["significance"] in ("high", "medium")]
    known.sort(key=lambda one: (one["significance"] != "high", str(one["factor_code"])))
    columns = [
        ("Фактор", 3.6, "text"),
        ("Значимость", 1.6, "text"),
        ("На чём основано", 4.4, "text"),
        ("Что сделаем", 3.4, "text"),
    ]
    rows = [
        row(
            str(one["factor_title_ru"]),
            SIGNIFICANCE[one["significance"]],
            area.figures.text(one, "evidence_ru"),
            "",
            kind="form",
        )
        for one in known
    ]
    unknown = [str(one["factor_title_ru"]) for one in found if one["significance"] == "unknown"]
    note = f"Данных нет, оцените сами: {'; '.join(_small(title) for title in unknown)}." if unknown else ""
    if not rows:
        return section(text=[note]) if note else None
    return section(tables=[table("Риски, которые видны по данным", columns, rows)], note=note)


def _goals(area: Area, code: str) -> Spec | None:
    failed = area.data.rows("low_result_procedures", rule_code=main_rule().rule_code, school_code=code, state="failed")
    columns = [
        ("Цель", 5.0, "text"),
        ("Сейчас, %", 2.2, "number"),
        ("Ориентир", 2.2, "text"),
        ("К концу программы", 2.0, "text"),
    ]
    threshold = ru.percent(main_rule().share_threshold, 0)
    rows = [
        row(
            f"Меньше участников ниже минимума: {procedure_ru(one['procedure_unit'])}",
            below_minimum(area.figures, one, area.data.settings.claim_from),
            f"ниже {threshold}",
            "",
            kind="form",
        )
        for one in sorted(failed, key=lambda one: one["procedure_unit"])
    ]
    rows += [row("", "", "", "", kind="form") for _ in range(_BLANK)]
    return section(tables=[table("Цели", columns, rows)])


def _indicators(area: Area, code: str) -> Spec | None:
    """Return the programme's indicators with what is known of each round and room for the rest."""
    found = area.data.rows("support_monitoring", school_code=code)
    told: dict[tuple[str, str], dict[str, Row]] = {}
    for one in found:
        if one["outcome"] != "not_applicable":
            told.setdefault((str(one["programme_code"]), str(one["indicator_code"])), {})[str(one["round"])] = one
    columns = [("Показатель", 50, "text"), ("Единица", 20, "text")]
    columns += [(title, 34, "text") for title in ("Входной", "Промежуточный", "Итоговый")]
    rows = [
        row(
            indicator_ru(indicator),
            indicator_unit(indicator),
            *(_plan_fact(area, rounds.get(code)) for code in ROUNDS),
            kind="form",
        )
        for (_, indicator), rounds in sorted(told.items())
    ]
    rows += [row("", "", "/", "/", "/", kind="form") for _ in range(_BLANK)]
    return section(tables=[table("Показатели: план / факт по этапам", columns, rows)])


def _plan_fact(area: Area, one: Row | None) -> str:
    if one is None:
        return "/"
    planned, actual = (
        area.figures.decimal(one, name) if one[name] is not None else "" for name in ("planned_value", "actual_value")
    )
    return f"{planned} / {actual}".strip()


def _advice(area: Area, code: str) -> Spec | None:
    """Return the most urgent recommendations of the directions of a programme, with room for the school's answer."""
    found = [
        one
        for one in area.data.rows("recommendations", unit_level="school", unit_code=code, direction=_DIRECTIONS)
        if not one["is_held_back"] and one["state"] != "rejected"
    ]
    found.sort(key=lambda one: (one["direction"] != "low_results", -(one["urgency"] or 0), one["recommendation_id"]))
    columns = [
        ("Рекомендация", 92, "text"),
        ("Кто отвечает", 30, "text"),
        ("Срок", 22, "text"),
        ("Берём в программу", 26, "text"),
    ]
    shown = found[:_ADVICE_SHOWN]
    rows = [row(area.figures.text(one, "text_ru"), role_ru(one), day_ru(one["due_on"]), "да / нет") for one in shown]
    more = len(found) - len(shown)
    note = ""
    if more:
        count = area.figures.computed(more, "число остальных рекомендаций", found[_ADVICE_SHOWN:], form="whole")
        note = f"Ещё {count}{ru.NBSP}{ru.plural(more, _RECOMMENDATIONS)} — в адресных рекомендациях ОО."
    return section(tables=[table("Рекомендации по данным года, сначала срочные", columns, rows)], note=note)


def _measures_table() -> Spec | None:
    columns = [
        ("№", 0.6, "text"),
        ("Мера", 4.6, "text"),
        ("Какой риск или причину устраняет", 3.2, "text"),
        ("Кто отвечает (должность)", 2.2, "text"),
        ("Срок", 1.5, "text"),
        ("По чему проверим", 2.4, "text"),
    ]
    rows = [row(str(number), "", "", "", "", "", kind="form") for number in range(1, 2 * _BLANK + 1)]
    return table("Меры", columns, rows)


def _aid(area: Area, code: str) -> Spec | None:
    found = sorted(area.data.rows("aid_needs", school_code=code), key=lambda one: str(one["aid_number"]))
    points = [
        f"{ru.sentence_start(answer_ru(one, 'kind'))}, {answer_ru(one, 'for_whom')}: {answer_ru(one, 'status')}; "
        f"нужно {area.figures.decimal(one, 'cost_thousand')} тыс. руб., выделено "
        f"{area.figures.decimal(one, 'given_thousand')} тыс. руб."
        for one in found
    ]
    return section(points=points)


def _partners(area: Area, code: str) -> Spec | None:
    found = sorted(area.data.rows("learning_pairs", school_code=code), key=lambda one: str(one["partner_code"]))
    points = [
        f"{one['partner_code']} {area.school(str(one['partner_code']))}: "
        f"{BASES.get(str(one['partner_basis']), 'основание не указано')}."
        for one in found
        if one["within"] != "none"
    ]
    text = [area.figures.text(one, "explanation_ru") for one in found if one["within"] == "none"]
    return section(text=text, points=points)


def _rounds_table() -> Spec | None:
    columns = [
        ("Этап", 2.4, "text"),
        ("Когда", 2.6, "text"),
        ("Что сделано", 4.0, "text"),
        ("Что исправим", 4.0, "text"),
    ]
    days: Sequence[tuple[str, str]] = (
        ("Входной", "до 15 октября"),
        ("Промежуточный", "до 20 января"),
        ("Итоговый", "до 25 мая"),
    )
    return table("Этапы мониторинга", columns, [row(name, when, "", "", kind="form") for name, when in days])


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
