"""Official signs and independent signals in words, with their numbers, and the codes by which a school replies to them.

A sign or a signal «требует внимания»: it is never a proof, and schools are never ordered by it.
"""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables_objectivity import SIGNAL_CODES, WHOLE_YEAR
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import work_ru

IN_QUESTION: Final = ("низкий", "средний", "высокий")
"""Levels of evidence at which a school gets a card."""
TO_TALK_WITH: Final = ("средний", "высокий")
"""Levels of evidence that come first: several independent signals, or the same ones in several years."""
FAMILIES: Final[dict[str, str]] = {
    "cutoffs": "границы отметок",
    "journal": "журнал",
    "tasks": "задания",
    "spread": "разброс баллов",
    "attendance": "участие",
    "procedures": "другие процедуры",
    "lists": "внешние перечни",
}
OFFICIAL_SIGNS: Final = ("официальный признак", "официальных признака", "официальных признаков")
SIGNALS: Final = ("сигнал", "сигнала", "сигналов")
SCHOOLS: Final = ("ОО", "ОО", "ОО")
_SHARES: Final = {
    "cutoff_excess": "работ сразу над границей отметки —",
    "journal_higher": "отметка работы выше журнала у",
    "journal_lower": "отметка работы ниже журнала у",
    "absence": "не писали",
    "olympiad_gap": "победители и призёры —",
    "mark_crossing": "пересечений —",
}
_SEASONS: Final = {"autumn": "о", "winter": "з", "spring": "в"}
_LEAST_Q: Final = 0.0005
_TOLD_Q: Final = 0.001


def families_ru(codes: str | None) -> list[str]:
    """Return the families of a card's list («a;b») in words."""
    return [FAMILIES.get(code.strip(), code.strip()) for code in (codes or "").split(";") if code.strip()]


def sign_code(row: Row) -> str:
    """Return the code of a sign or a signal that a school names in its reply: «П4», «С3.6ГГв»."""
    if row.table == "objectivity_signs":
        return f"П{row['sign_number']}"
    number = SIGNAL_CODES.index(row["signal_code"]) + 1
    if row["assessment_id"] == WHOLE_YEAR:
        return f"С{number}"
    key = AssessmentKey.parse(row["assessment_id"])
    subject = subjects().get(key.subject_code)
    campaign = campaigns().get(key.campaign_code)
    season = "" if campaign is None else _SEASONS.get(campaign.season, "")
    return f"С{number}.{key.paper_grade}{key.subject_code if subject is None else subject.short_ru}{season}"


def signal_title(signal_code: str) -> str:
    """Return what a way of looking is called: «Отметки ВПР выше журнала»."""
    return method(f"objectivity.{signal_code}").title_ru


def signal_caution(signal_code: str) -> str:
    """Return what else gives the same: the reason why a signal proves nothing."""
    return method(f"objectivity.{signal_code}").misread_ru


def sign_value(figures: Figures, row: Row) -> str:
    """Return the numbers of an official sign: the school's, the threshold, n."""
    n = f"n = {figures.whole(row, 'count')}"
    if row["value"] is None:
        return n
    if row["sign_kind"] == "high_mean":
        return (
            f"средний балл {figures.decimal(row, 'school_mean')} при {figures.decimal(row, 'reference_mean')} по "
            f"региону; нижняя граница {figures.decimal(row, 'value')}, порог {figures.decimal(row, 'threshold')}; {n}"
        )
    if row["sign_kind"] == "journal_mismatch":
        return (
            f"связь баллов с журналом r = {figures.decimal(row, 'value', 2)}, порог "
            f"{figures.decimal(row, 'threshold', 0)}; {n}"
        )
    threshold = figures.decimal(row, "threshold", 2)
    return f"отношение результатов 4 и 5 классов {figures.decimal(row, 'value', 2)}, порог {threshold}; {n}"


def signal_place(row: Row) -> str:
    """Return what a signal is about: a work, or all works of the year."""
    return "все работы года" if row["assessment_id"] == WHOLE_YEAR else work_ru(row["assessment_id"])


def signal_value(figures: Figures, row: Row) -> str:
    """Return a signal's value and what was expected among comparable schools."""
    code = row["signal_code"]
    if code == "external_list":
        return str(row["note_ru"] or "")
    if row["value"] is None:
        return ""
    if code in _SHARES:
        expected = figures.percent(row, "reference_value", 0)
        return f"{_SHARES[code]} {figures.percent(row, 'value', 0)} при ожидаемых {expected}"
    if code == "narrow_spread":
        return f"разброс баллов — {figures.decimal(row, 'value', 2)} от ожидаемого при таком среднем"
    if code == "task_profile":
        return f"лёгкие задания против трудных: {figures.signed(row, 'value')}{ru.NBSP}п.{ru.NBSP}п. к ожидаемому"
    return f"{figures.decimal(row, 'value', 2)} при ожидаемом {figures.decimal(row, 'reference_value', 2)}"


def signal_sureness(figures: Figures, row: Row) -> str:
    """Return n and q of a signal: «n = 30, q = 0,049»."""
    if row["q_value"] is None:
        return ""
    if row["q_value"] < _LEAST_Q:
        least = figures.computed(_TOLD_Q, "наибольшее q, которое так пишется", [row], digits=3)
        return f"n = {figures.whole(row, 'count')}, q < {least}"
    q = f"q = {figures.decimal(row, 'q_value', 3)}"
    return f"n = {figures.whole(row, 'count')}, {q}"


def signal_text(figures: Figures, row: Row) -> str:
    """Return a signal as a point: what, where, how much against what, how sure."""
    sure = signal_sureness(figures, row)
    place = "" if row["signal_code"] == "external_list" else f", {signal_place(row)}"
    return f"{signal_title(row['signal_code'])}{place}: {signal_value(figures, row)}{f' ({sure})' if sure else ''}"


def sign_text(figures: Figures, row: Row) -> str:
    """Return an official sign as a point."""
    return f"{figures.text(row, 'sign_title_ru')}: {sign_value(figures, row)}"


def found_signs(signs: Rows) -> list[Row]:
    """Return the official signs found, in order of their numbers."""
    return sorted(signs.where(state="sign"), key=lambda row: row["sign_number"])


def found_signals(signals: Rows) -> list[Row]:
    """Return the signals found: those of the whole year first, then of works, in order of the catalogue."""
    found = signals.where(state="signal")
    return sorted(
        found,
        key=lambda row: (
            row["assessment_id"] != WHOLE_YEAR,
            SIGNAL_CODES.index(row["signal_code"]),
            row["assessment_id"],
        ),
    )


def distinct_schools(rows: Sequence[Row]) -> list[str]:
    """Return the codes of the schools of rows, in order."""
    return sorted({str(row["school_code"]) for row in rows})


def schools_count(figures: Figures, rows: Sequence[Row]) -> str:
    """Return how many different schools rows are of."""
    return figures.computed(len(distinct_schools(rows)), "число разных ОО", rows, form="whole")
