"""Zones of risk: what deviates surely and repeatedly, and what stands behind it. No order by result."""

import json
from collections.abc import Sequence
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import SCHOOLS_SHORT, View
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.sections import Spec, row, section, table

ZONES_RU: Final = {
    "none": "отклонений нет",
    "watch": "отдельные отклонения",
    "risk": "зона риска",
    "unknown": "проверить нечего",
}
SIGNIFICANCE_RU: Final = {"high": "высокая", "medium": "средняя", "low": "низкая", "unknown": "не известна"}
_FACTORS_SHOWN: Final = 3
_WORKS_NAMED: Final = 4
_UNKNOWNS_TOLD: Final = 4
_NAMED_ZONES: Final = ("watch", "risk")
_FACTORS_OF_SCHOOL: Final = 10
_COUNTS: Final = ("adverse_count", "persistent_count")


def factors(card: Row, direction: str) -> list[str]:
    """Return the factors of a card that point one way, confirmed and repeated ones first."""
    told: list[dict[str, Any]] = [one for one in json.loads(card["factors"] or "[]") if one["direction"] == direction]
    told.sort(key=_factor_place)
    first: dict[tuple[Any, Any], str] = {}
    for one in told:
        # The same indicator of a subject may be off several references: the surest one is told.
        first.setdefault((one.get("subject_code"), one.get("indicator_code") or one["text_ru"]), str(one["text_ru"]))
    return list(first.values())


def _factor_place(one: dict[str, Any]) -> tuple[bool, bool, bool, str]:
    is_benchmark = one["comparison"] == "benchmark"
    return not one["is_confirmed"], not one["is_persistent"], is_benchmark, str(one["text_ru"])


def _number_of(view: View, card: Row, told: Sequence[str], how_ru: str) -> str:
    return view.figures.computed(len(told), how_ru, [card], form="whole", digits=0)


def unknowns(view: View, card: Row) -> list[str]:
    """Return the first things that a card could not check, in words."""
    told = []
    for one in json.loads(card["unknown"] or "[]")[:_UNKNOWNS_TOLD]:
        text = str(one["text_ru"])
        if len(one["works"]) > _WORKS_NAMED:
            number = _number_of(view, card, one["works"], "работ, которые карточка не проверила")
            told.append(f"{view.figures.text(card, 'unknown', text.partition(': ')[0])}: {number}.")
        else:
            told.append(view.figures.text(card, "unknown", text))
    return told


def municipality_risks(view: View) -> Told:
    """Return the zones of the municipality's schools and the factors of risk that stand out."""
    cards = view.of_schools("risk_cards")
    if not cards:
        return Told(None)
    text = _zones_text(view, cards)
    off = [one for one in cards if one["zone"] in ("risk", "watch")]
    points = []
    if off:
        names = view.data.short_schools((str(one["school_code"]) for one in off), 6)
        number = f"{view.number(off, 'ОО с отклонениями результатов')}{ru.NBSP}{ru.plural(len(off), SCHOOLS_SHORT)}"
        points.append(f"Отклонения результатов требуют разбора в {number}: {names}.")
    return Told(
        section(text=[text, _low_results_text(view)], tables=[_cards_table(view, off), _profile_table(view)]),
        tuple(points),
    )


def _zones_text(view: View, cards: Rows) -> str:
    unknown = cards.where(zone="unknown")
    reason = "участников мало, нет отметок или ОО особого вида"
    if len(unknown) == len(cards):
        return f"Отклонения результатов проверить нечем ни у одной ОО: {reason}."
    counts = {zone: view.figures.count(cards.where(zone=zone)) for zone in ("risk", "watch", "none")}
    checked = view.number([card for card in cards if card["zone"] != "unknown"], "ОО, результаты которых проверены")
    text = (
        f"Проверены результаты {checked} ОО: зона риска — {counts['risk']}, отдельные "
        f"отклонения — {counts['watch']}, отклонений нет — {counts['none']}."
    )
    return f"{text} У {view.figures.count(unknown)} ОО проверить нечего: {reason}." if unknown else text


def _cards_table(view: View, cards: Sequence[Row]) -> Spec | None:
    rows = []
    has_counts = any(card[name] for card in cards for name in _COUNTS)
    for card in sorted(cards, key=lambda one: str(one["school_code"])):
        adverse = factors(card, "adverse")
        more = len(adverse) - _FACTORS_SHOWN
        told = view.figures.text(card, "factors", " ".join(adverse[:_FACTORS_SHOWN]))
        told += f" И ещё {more}." if more > 0 else ""
        rows.append(
            row(
                view.school_name(str(card["school_code"])),
                ZONES_RU[str(card["zone"])],
                *((view.figures.whole(card, name) for name in _COUNTS) if has_counts else ()),
                told or ru.DASH,
            )
        )
    columns = [
        ("ОО", 2.6, "text"),
        ("Зона", 1.4, "text"),
        *((("Подтверждено", 1.5, "number"), ("Повторяется", 1.5, "number")) if has_counts else ()),
        ("В чём отклонение", 5.6, "text"),
    ]
    return table("ОО с отклонениями результатов, в порядке кодов", columns, rows)


def _profile_table(view: View) -> Spec | None:
    """Return how many schools have each factor of risk, factors in the order of names."""
    profile = view.of_schools("risk_profile")
    titles = sorted({str(one["factor_title_ru"]) for one in profile if one["significance"] in ("high", "medium")})
    rows = []
    for title in titles:
        own = profile.where(factor_title_ru=title)
        high = own.where(significance="high")
        codes = view.data.short_schools((str(one["school_code"]) for one in high), 6) or ru.DASH
        rows.append(
            row(title, *(view.figures.count(own.where(significance=name)) for name in ("high", "medium")), codes)
        )
    columns = [
        ("Фактор риска", 4.2, "text"),
        ("Высокая значимость, ОО", 1.4, "number"),
        ("Средняя, ОО", 1.2, "number"),
        ("ОО с высокой значимостью", 3.2, "text"),
    ]
    return table("Факторы риска по условиям работы ОО", columns, rows)


def _low_results_text(view: View) -> str:
    flags = view.of_schools("low_result_flags")
    computed = flags.where(computed=True)
    listed = flags.where(official_list=True)
    codes = sorted({str(one["school_code"]) for one in computed})
    official = sorted({str(one["school_code"]) for one in listed})
    parts = []
    if official:
        parts.append(f"В официальном перечне ШНОР — {view.data.short_schools(official, 6)}.")
    if codes:
        what = f"По правилам программы низкие результаты у {view.data.short_schools(codes, 6)}"
        parts.append(f"{what}; решение о перечне принимает орган управления образованием.")
    return " ".join(parts)


def school_risks(view: View) -> Told:
    """Return a school's card of risk and its profile of conditions."""
    card = view.of_schools("risk_cards").one
    profile = [one for one in view.of_schools("risk_profile") if one["significance"] in ("high", "medium")]
    texts: list[str] = []
    points: list[str] = []
    notes: list[str] = []
    adverse: list[str] = []
    shown: list[str] = []
    if card is not None:
        texts.append(_card_text(view, card))
        adverse = factors(card, "adverse")
        if card["zone"] not in _NAMED_ZONES and adverse:
            number = _number_of(view, card, adverse, "отличий от ориентиров, которые не меняют вывода")
            texts.append(f"Отличий от ориентиров, которые не меняют вывода: {number}.")
            adverse = []
        if adverse:
            first = view.figures.text(card, "factors", adverse[0])
            points.append(f"Отклонения результатов ({ZONES_RU[str(card['zone'])]}). {first}")
        favourable = factors(card, "favourable")
        if favourable:
            number = _number_of(view, card, favourable, "благоприятных отклонений")
            first = view.figures.text(card, "factors", favourable[0])
            notes.append(f"Благоприятных отклонений — {number}. {first}")
        silent = unknowns(view, card)
        if silent:
            notes.append(f"Чего мы не знаем. {' '.join(silent)}")
        shown += [view.figures.text(card, "factors", one) for one in adverse[:_FACTORS_OF_SCHOOL]]
    more = len(adverse) - _FACTORS_OF_SCHOOL
    shown += [f"И ещё {more} — в таблице базы risk_cards."] if more > 0 else []
    rows = [
        row(
            str(one["factor_title_ru"]),
            SIGNIFICANCE_RU[str(one["significance"])],
            view.figures.text(one, "evidence_ru"),
        )
        for one in sorted(profile, key=lambda one: str(one["factor_title_ru"]))
    ]
    columns = [("Фактор", 3.0, "text"), ("Значимость", 1.3, "text"), ("На чём стоит вывод", 5.5, "text")]
    risks = table("Факторы риска по условиям работы", columns, rows)
    found = section(text=texts, points=shown, tables=[risks], note=" ".join(notes))
    return Told(found, tuple(points))


def _card_text(view: View, card: Row) -> str:
    if card["zone"] == "unknown":
        return "Отклонения результатов проверить нечем."
    tests = view.figures.counted(card, "tests_count", ("проверку", "проверки", "проверок"))
    adverse = "подтверждённых неблагоприятных отклонений нет"
    if card["adverse_count"]:
        forms = ("неблагоприятное отклонение", "неблагоприятных отклонения", "неблагоприятных отклонений")
        adverse = f"подтверждено {view.figures.counted(card, 'adverse_count', forms)}"
    text = f"Результаты прошли {tests}; {adverse}"
    if card["persistent_count"]:
        text += f", повторяются по годам {view.figures.whole(card, 'persistent_count')}"
    return f"{text}. Вывод: {ZONES_RU[str(card['zone'])]}."
