"""Recommendations by addressee: what, on what grounds, until when, by what it will be checked."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from oko_pipeline.catalogue.recommendation_rules import ADDRESSEES_DATIVE
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Context, Spec, row, table

_STRENGTHS: Final = {"strong": 0, "moderate": 1, "weak": 2}
_STRENGTHS_RU: Final = {"strong": "надёжно", "moderate": "вероятно", "weak": "предварительно"}
_STATES_RU: Final = {
    "proposed": "",
    "waiting": "рассматривается",
    "accepted": "принята",
    "edited": "принята с изменением",
}
_MOST_EACH: Final = 6
_BASIS_LENGTH: Final = 420
_SENTENCE: Final = re.compile(r"(?<=\.)\s+(?=[А-ЯЁ«])")
_FURTHER_DATIVE: Final = {
    "young_teachers": "молодым педагогам",
    "experts": "экспертам и жюри",
    "pupils": "обучающимся",
    "public": "общественности",
}
_RECOMMENDATIONS: Final = ("рекомендация", "рекомендации", "рекомендаций")


def recommendations(view: View, level: str, code: str) -> list[Row]:
    """Return the recommendations that stand for a unit: the urgent and the sure first; rejected ones are left out."""
    rows = view.data.rows("recommendations", unit_level=level, unit_code=code)
    kept = [one for one in rows if one["state"] in _STATES_RU and not one["is_held_back"] and one["text_ru"]]
    return sorted(kept, key=_place)


def _place(one: Row) -> tuple[int, int, int, str, str]:
    due = one["due_on"]
    return (
        -(one["urgency"] or 0),
        0 if one["state"] in ("accepted", "edited") else 1,
        _STRENGTHS.get(str(one["strength"]), 3),
        due.isoformat() if isinstance(due, date) else "9999",
        str(one["recommendation_id"]),
    )


def addressee_dative(addressee: str) -> str:
    """Return an addressee in the dative, as a heading begins: «Руководителю ОО»."""
    words = ADDRESSEES_DATIVE.get(addressee) or _FURTHER_DATIVE.get(addressee) or addressee
    return ru.sentence_start(words)


def by_addressee(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return recommendations by addressee, addressees in the order of the list of audiences."""
    order = list(choice_lists()["audiences"])
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(str(one["addressee"]), []).append(one)
    return {name: found[name] for name in sorted(found, key=lambda name: [*order, name].index(name))}


def full_parts(rows: Sequence[Row], figures: Figures) -> list[Context]:
    """Return a part for each addressee: text, grounds, term, control; the control's value now comes with it."""
    return [_part(name, own, figures, is_full=True) for name, own in by_addressee(rows).items()]


def short_parts(rows: Sequence[Row], figures: Figures) -> list[Context]:
    """Return a part for each addressee with what and until when."""
    return [_part(name, own, figures, is_full=False) for name, own in by_addressee(rows).items()]


def _part(addressee: str, rows: Sequence[Row], figures: Figures, *, is_full: bool) -> Context:
    shown = rows[:_MOST_EACH]
    more = len(rows) - len(shown)
    return {
        "title": addressee_dative(addressee),
        "table": _full_table(shown, addressee, figures) if is_full else _short_table(shown, addressee, figures),
        "more": f"Ещё {ru.counted(more, _RECOMMENDATIONS)} меньшей срочности — в таблице базы recommendations."
        if more > 0
        else "",
    }


def _short_table(rows: Sequence[Row], addressee: str, figures: Figures) -> Spec | None:
    columns = [("Что сделать", 7.0, "text"), ("Срок", 1.4, "text"), ("Ожидаемый результат", 3.4, "text")]
    told = [
        row(figures.text(one, "text_ru"), day_ru(one["due_on"]), figures.text(one, "expected_ru") or ru.DASH)
        for one in rows
    ]
    return table(f"Рекомендации {_whom(addressee)}", columns, told)


def _full_table(rows: Sequence[Row], addressee: str, figures: Figures) -> Spec | None:
    columns = [
        ("Что сделать", 4.4, "text"),
        ("Основание", 4.4, "text"),
        ("Срок", 1.5, "text"),
        ("Контрольный показатель", 2.6, "text"),
    ]
    told = [
        row(_what(one, figures), _grounds(one, figures), day_ru(one["due_on"]), _control(one, figures)) for one in rows
    ]
    return table(f"Рекомендации {_whom(addressee)}", columns, told)


def _whom(addressee: str) -> str:
    return addressee_dative(addressee)[:1].lower() + addressee_dative(addressee)[1:]


def _what(one: Row, figures: Figures) -> str:
    state = _STATES_RU[str(one["state"])]
    return figures.text(one, "text_ru") + (f" ({state})" if state else "")


def _grounds(one: Row, figures: Figures) -> str:
    # Findings of several schools may say the same in the same words.
    sentences = dict.fromkeys(_SENTENCE.split(str(one["basis_ru"] or "")))
    basis = figures.text(one, "basis_ru", first_sentences(" ".join(sentences), _BASIS_LENGTH))
    strength = _STRENGTHS_RU.get(str(one["strength"]), "")
    if not basis:
        return "внесена ответственным лицом" if one["origin"] == "person" else ru.DASH
    return f"{basis} Вывод — {strength}." if strength else basis


def first_sentences(text: str, length: int) -> str:
    """Return as many whole sentences as fit into `length` signs; the first one is cut only when it alone does not."""
    kept = ""
    for sentence in _SENTENCE.split(text):
        if kept and len(kept) + len(sentence) + 1 > length:
            break
        kept = f"{kept} {sentence}".strip()
    return ru.shortened(kept, length)


def _control(one: Row, figures: Figures) -> str:
    parts = [figures.text(one, "control_ru"), figures.text(one, "expected_ru")]
    return ". ".join(part.rstrip(". ") for part in parts if part) + "." if any(parts) else ru.DASH


def schools_table(view: View) -> Spec | None:
    """Return what schools are advised, by kind of advice: addressee, how many schools, which (in order of codes)."""
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for code in view.schools:
        for one in recommendations(view, "school", code):
            if one["origin"] == "rule":
                found.setdefault((str(one["addressee"]), str(one["title_ru"])), {}).setdefault(code, one)
    order = list(choice_lists()["audiences"])
    rows: list[Spec] = []
    last = ""
    for (addressee, title), codes in sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        if addressee != last:
            rows.append(row(addressee_dative(addressee), kind="group"))
            last = addressee
        named = "все ОО муниципалитета" if len(codes) == len(view.schools) else view.data.short_schools(codes, 8)
        number = view.number(list(codes.values()), f"ОО с рекомендацией {ru.quoted(title)}")
        rows.append(row(title, number, named))
    columns = [("Рекомендация", 4.6, "text"), ("ОО", 0.8, "number"), ("Кому", 4.6, "text")]
    return table("Что рекомендовано ОО: адресаты и ОО в порядке кодов", columns, rows)


def first_points(rows: Sequence[Row], limit: int) -> list[str]:
    """Return the first recommendations in a line each: whom, what, until when; one of a kind of advice."""
    told: list[str] = []
    seen: set[str] = set()
    for one in rows:
        title = str(one["title_ru"])
        if title in seen or len(told) >= limit or one["origin"] != "rule":
            continue
        seen.add(title)
        due = f", до{ru.NBSP}{day_ru(one['due_on'])}" if one["due_on"] is not None else ""
        told.append(f"{addressee_dative(str(one['addressee']))}: {title[:1].lower()}{title[1:]}{due}.")
    return told


def causes(rows: Sequence[Row], limit: int) -> list[str]:
    """Return possible causes that the rules name, once each: assumptions that addressees check."""
    found: dict[str, None] = {}
    for one in rows:
        for cause in json.loads(one["causes"] or "[]"):
            found.setdefault(str(cause))
    return list(found)[:limit]
