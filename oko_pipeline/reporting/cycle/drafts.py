"""Drafts that a person edits and signs: orders, letters with recommendations, protocols, outlines of talks.

A draft says only what people accepted or what rules proposed and nobody has answered yet; the two are told apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.catalogue.finding_rules import STRENGTHS_RU
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Spec, finished, heading, row, section, table

_ACCEPTED: Final = ("accepted", "edited")
_WAITING: Final = ("proposed", "waiting")
_OUTSIDE_SCHOOL: Final = ("department", "methodical_center", "experts", "public")
"""Addressees to whom the head of a school gives no orders."""
_STRENGTHS: Final = ("strong", "moderate", "weak")
_MOST_ORDER_POINTS: Final = 20
_SLIDE_FINDINGS: Final = 3
_MOST_SLIDES: Final = 8
_LETTER_COLUMNS: Final = (
    ("№", 0.7, "number"),
    ("Рекомендация", 6.4, "text"),
    ("Основание", 5.0, "text"),
    ("Срок", 1.7, "text"),
)
_SHEET_COLUMNS: Final = (
    ("№", 0.7, "number"),
    ("Должность", 4.4, "text"),
    ("Фамилия, инициалы", 4.0, "text"),
    ("Подпись", 2.6, "text"),
    ("Дата", 2.2, "text"),
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Whose draft it is, with the recommendations that may become points of it, the most urgent first."""

    data: CycleData
    figures: Figures
    level: str
    code: str
    accepted: list[Row]
    waiting: list[Row]
    findings: Rows

    @property
    def points(self) -> list[Row]:
        return [*self.accepted, *self.waiting][:_MOST_ORDER_POINTS]


def municipality_orders(data: CycleData) -> Iterator[Content]:
    """Yield the draft of an order for each municipality with recommendations to act upon."""
    for unit in _municipalities(data):
        yield Content(unit.code, _order(unit))


def school_orders(data: CycleData) -> Iterator[Content]:
    """Yield the draft of an order for each school with recommendations to act upon."""
    for unit in _schools(data):
        yield Content(unit.code, _order(unit))


def municipality_protocols(data: CycleData) -> Iterator[Content]:
    """Yield the draft of a meeting's protocol for each municipality with recommendations to act upon."""
    for unit in _municipalities(data):
        yield Content(unit.code, _protocol(unit))


def school_protocols(data: CycleData) -> Iterator[Content]:
    """Yield the draft of a council's protocol for each school with recommendations to act upon."""
    for unit in _schools(data):
        yield Content(unit.code, _protocol(unit))


def municipality_talks(data: CycleData) -> Iterator[Content]:
    """Yield the outline of a talk for each municipality with findings."""
    for unit in _municipalities(data):
        if unit.findings:
            yield Content(unit.code, _talk(unit))


def school_talks(data: CycleData) -> Iterator[Content]:
    """Yield the outline of a talk for each school with findings."""
    for unit in _schools(data):
        if unit.findings:
            yield Content(unit.code, _talk(unit))


def letters(data: CycleData) -> Iterator[Content]:
    """Yield a letter with recommendations for each school that has unanswered ones."""
    for school in data.schools():
        code = str(school["school_code"])
        unanswered = data.rows("recommendations", unit_level="school", unit_code=code, state=_WAITING)
        waiting = _ordered(_within_school(unanswered))
        if waiting:
            yield Content(code, _letter(data, code, waiting))


def _municipalities(data: CycleData) -> Iterator[_Unit]:
    for code in data.municipalities():
        unit = _unit(data, "municipality", code)
        if unit.points:
            yield unit


def _schools(data: CycleData) -> Iterator[_Unit]:
    for school in data.schools():
        unit = _unit(data, "school", str(school["school_code"]))
        if unit.points:
            yield unit


def _unit(data: CycleData, level: str, code: str) -> _Unit:
    own = data.rows("recommendations", unit_level=level, unit_code=code)
    if level == "school":
        own = _within_school(own)
    drafted = data.rows("decision_drafts", unit_level=level, unit_code=code, draft_kind="order")
    decided = {one["recommendation_id"] for one in drafted if one["is_decided"]}
    accepted = [one for one in own.where(state=_ACCEPTED) if one["recommendation_id"] not in decided]
    waiting = own.where(state=_WAITING)
    findings = data.rows("findings", unit_level=level, unit_code=code)
    return _Unit(data, Figures(), level, code, _ordered(accepted), _ordered(waiting), findings)


def _within_school(rows: Rows) -> Rows:
    """Return the recommendations whose addressees the school itself can answer for."""
    return rows.where(addressee=tuple({str(one["addressee"]) for one in rows} - set(_OUTSIDE_SCHOOL)))


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """Return recommendations that are not held back: the most urgent first, then by evidence, reach and number."""
    kept = [one for one in rows if not one["is_held_back"]]
    return sorted(
        kept,
        key=lambda one: (
            -(one["urgency"] or 0),
            _STRENGTHS.index(one["strength"]) if one["strength"] in _STRENGTHS else len(_STRENGTHS),
            -(one["reach_count"] or 0),
            str(one["recommendation_id"]),
        ),
    )


def _order(unit: _Unit) -> dict[str, Any]:
    roles = dict.fromkeys(str(one["responsible_role"] or "other") for one in unit.points)
    content = {
        "basis": _basis(unit),
        "points": [_point(unit, number, one) for number, one in enumerate(unit.points, start=1)],
        "control_number": str(len(unit.points) + 1),
        "proposals_note": _proposals(unit),
        "sheet": _acquaintance(roles),
    }
    title = "О мерах по итогам анализа качества образования"
    return finished(heading(unit.data, unit.level, unit.code, title) | content, unit.data, unit.figures)


def _basis(unit: _Unit) -> str:
    if not unit.findings:
        return ""
    strong = unit.findings.where(strength="strong")
    return f" (выводов: {unit.figures.count(unit.findings)}, из них надёжных: {unit.figures.count(strong)})"


def _point(unit: _Unit, number: int, one: Row) -> dict[str, str]:
    text = unit.figures.text(one, "text_ru").rstrip()
    return {
        "text": f"{number}. {text if text.endswith('.') else text + '.'}{_mark(unit, one)}",
        "terms": _terms(unit, one),
    }


def _mark(unit: _Unit, one: Row) -> str:
    """Return the mark of a proposal where accepted points stand beside it."""
    return " [предложение]" if unit.accepted and one["state"] not in _ACCEPTED else ""


def _terms(unit: _Unit, one: Row) -> str:
    parts = [f"Ответственный: {words.role_ru(one['responsible_role'] or 'other')}"]
    if one["due_on"] is not None:
        parts.append(f"срок: {words.term_ru(one)}")
    if one["control_ru"] is not None:
        parts.append(f"проверка: {ru.quoted(str(one['control_ru']))}")
    if one["expected_ru"] is not None:
        parts.append(f"ожидаемый результат: {_lower(unit.figures.text(one, 'expected_ru').rstrip('.'))}")
    return f"{'; '.join(parts)}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _proposals(unit: _Unit) -> str:
    """Return how many points nobody has accepted yet, empty when all were accepted."""
    shown = [one for one in unit.points if one["state"] not in _ACCEPTED]
    if not shown:
        return ""
    if not unit.accepted:
        return (
            "Все пункты предложены по итогам анализа: рекомендации ещё никем не рассмотрены. Примите, измените или "
            "отклоните их в форме «Управление качеством образования», лист «Рекомендации»."
        )
    count = unit.figures.computed(len(shown), "пунктов-предложений", shown, form="whole")
    noun = ru.plural(len(shown), words.POINTS)
    verb = ru.plural(len(shown), ("помечен", "помечены", "помечены"))
    return (
        f"{count}{ru.NBSP}{noun} {verb} словом «предложение»: рекомендация ещё не рассмотрена. Примите её, измените "
        "или отклоните в форме «Управление качеством образования», лист «Рекомендации», и уберите пометку."
    )


def _acquaintance(roles: Any) -> Spec | None:
    lines = [
        row(str(number), ru.sentence_start(words.role_ru(role)), "", "", "", kind="form")
        for number, role in enumerate(roles, start=1)
    ]
    return table("Лист ознакомления", _SHEET_COLUMNS, lines)


def _letter(data: CycleData, code: str, waiting: list[Row]) -> dict[str, Any]:
    figures = Figures()
    lines: list[Spec] = []
    number = 0
    told: dict[str, int] = {}
    for addressee in dict.fromkeys(str(one["addressee"]) for one in waiting):
        lines.append(row(ru.sentence_start(words.addressee_ru(addressee)), kind="group"))
        for one in waiting:
            if one["addressee"] == addressee:
                number += 1
                lines.append(
                    row(
                        str(number),
                        figures.text(one, "text_ru"),
                        _letter_basis(figures, one, told, number),
                        UNKNOWN if one["due_on"] is None else day_ru(one["due_on"]),
                    )
                )
    count = figures.computed(len(waiting), "рекомендаций без ответа", waiting, form="whole")
    noun = ru.plural(len(waiting), words.RECOMMENDATIONS)
    first = [one for one in waiting if one["urgency"] == max(other["urgency"] or 0 for other in waiting)]
    content = {
        "summary": section(
            text=[f"Для Вашей организации — {count}{ru.NBSP}{noun}."],
            points=[f"Сначала: {_lower(str(one['title_ru']))}{_until(one)}." for one in first[:3]],
        ),
        "recommendations": section(tables=[table("Рекомендации по адресатам", _LETTER_COLUMNS, lines)]),
    }
    return finished(heading(data, "school", code, "Об адресных рекомендациях") | content, data, figures)


def _letter_basis(figures: Figures, one: Row, told: dict[str, int], number: int) -> str:
    """Return what a recommendation stands on; findings that several stand on are told once."""
    basis = str(one["basis_ru"] or "")
    first = told.setdefault(basis, number)
    if not basis or first == number:
        return figures.text(one, "basis_ru") or UNKNOWN
    place = figures.computed(first, "номер рекомендации с тем же основанием", [one], form="whole")
    return f"то же, что у №{ru.NBSP}{place}"


def _until(one: Row) -> str:
    term = words.term_ru(one)
    return f" — {term}" if term else ""


def _protocol(unit: _Unit) -> dict[str, Any]:
    directions = words.directions_in_order(unit.points)
    questions = [_question(unit, number, direction) for number, direction in enumerate(directions, start=1)]
    agenda = [f"{number}. {words.direction_ru(one)}: итоги года и решения." for number, one in enumerate(directions, 1)]
    content = {"agenda": agenda, "questions": questions, "proposals_note": _proposals(unit)}
    title = "Протокол педагогического совета" if unit.level == "school" else "Протокол совещания руководителей"
    return finished(heading(unit.data, unit.level, unit.code, title) | content, unit.data, unit.figures)


def _question(unit: _Unit, number: int, direction: str) -> dict[str, Any]:
    decisions = [one for one in unit.points if (one["direction"] or "cross") == direction]
    return {
        "title": words.direction_ru(direction),
        "heard": [unit.figures.text(one, "text_ru") for one in _leading(unit, direction)],
        "decided": [
            {
                "text": f"{number}.{place}. {unit.figures.text(one, 'text_ru')}{_mark(unit, one)}",
                "terms": _short_terms(one),
            }
            for place, one in enumerate(decisions, start=1)
        ],
    }


def _short_terms(one: Row) -> str:
    term = words.term_ru(one)
    return f"Ответственный: {words.role_ru(one['responsible_role'] or 'other')}{f'; срок: {term}' if term else ''}."


def _leading(unit: _Unit, direction: str) -> list[Row]:
    """Return the findings of a direction that stand firmest: by strength, then by how many people they are about."""
    own = unit.findings.where(direction=direction)
    ordered = sorted(
        own, key=lambda one: (_STRENGTHS.index(one["strength"]), -(one["n_count"] or 0), str(one["finding_id"]))
    )
    return ordered[:_SLIDE_FINDINGS]


def _talk(unit: _Unit) -> dict[str, Any]:
    directions = [one for one in words.directions_in_order(unit.findings) if _leading(unit, one)][:_MOST_SLIDES]
    slides = [_overview(unit), *(_slide(unit, direction) for direction in directions), _decisions(unit)]
    content = {"slides": slides}
    where = "педагогического совета" if unit.level == "school" else "совещания руководителей"
    title = f"План выступления для {where}"
    return finished(heading(unit.data, unit.level, unit.code, title) | content, unit.data, unit.figures)


def _overview(unit: _Unit) -> dict[str, Any]:
    year = ru.school_year_words(unit.data.school_year)
    counts = [
        f"{STRENGTHS_RU[strength].split(':')[0]} — {unit.figures.count(found)}"
        for strength in _STRENGTHS
        if (found := unit.findings.where(strength=strength))
    ]
    strong = words.directions_in_order(unit.findings.where(strength="strong"))
    directions = "; ".join(_lower(words.direction_ru(one)) for one in strong)
    points = [f"Выводов года: {unit.figures.count(unit.findings)} ({ru.listed(counts)})."]
    if directions:
        points.append(f"Надёжные выводы есть по направлениям: {directions}.")
    return {"title": f"Чем закончился {year} учебный год", "points": points, "note": ""}


def _slide(unit: _Unit, direction: str) -> dict[str, Any]:
    leading = _leading(unit, direction)
    refutation = next((str(one["refutation_ru"]) for one in leading if one["refutation_ru"]), "")
    action = next((one for one in unit.points if (one["direction"] or "cross") == direction), None)
    points = [
        f"{unit.figures.text(one, 'text_ru').rstrip('.')} ({STRENGTHS_RU[one['strength']].split(':')[0]})."
        for one in leading
    ]
    if action is not None:
        points.append(f"Что делать: {_lower(unit.figures.text(action, 'text_ru'))}")
    note = f"Если спросят о надёжности: {_lower(refutation)}" if refutation else ""
    return {"title": words.direction_ru(direction), "points": points, "note": note}


def _decisions(unit: _Unit) -> dict[str, Any]:
    points = [
        f"{one['title_ru']}: {words.role_ru(one['responsible_role'] or 'other')}{_until(one)}."
        for one in unit.points[:6]
    ]
    return {"title": "Что решаем сегодня", "points": points, "note": ""}
