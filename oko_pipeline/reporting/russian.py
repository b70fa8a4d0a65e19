"""Russian wording of dates, intervals and nouns for documents, with the forms of numbers that all stages share.

No knowledge of results belongs here.
"""

import re
from datetime import date
from typing import Final

from oko_pipeline.catalogue.wording import (
    DASH,
    MINUS,
    NBSP,
    counted,
    decimal,
    listed,
    percent,
    plural,
    points,
    quoted,
    school_year_words,
    sentence_start,
    shortened,
    signed,
    whole,
)

__all__ = [
    "DASH",
    "FILES",
    "MINUS",
    "NBSP",
    "PARTICIPANTS",
    "PARTICIPANTS_GENITIVE",
    "POINTS",
    "RECORDS",
    "REMARKS",
    "SCHOOLS",
    "TASKS",
    "WORKS",
    "WORKS_DATIVE",
    "WORKS_GENITIVE",
    "counted",
    "decimal",
    "interval",
    "listed",
    "long_date",
    "percent",
    "percent_number",
    "plural",
    "points",
    "quoted",
    "school_year_words",
    "sentence_start",
    "share_with_interval",
    "shortened",
    "signed",
    "whole",
]

_MONTHS: Final = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
PARTICIPANTS: Final = ("участник", "участника", "участников")
PARTICIPANTS_GENITIVE: Final = ("участника", "участников", "участников")
WORKS: Final = ("работа", "работы", "работ")
WORKS_GENITIVE: Final = ("работы", "работ", "работ")
WORKS_DATIVE: Final = ("работе", "работам", "работам")
SCHOOLS: Final = ("образовательная организация", "образовательные организации", "образовательных организаций")
FILES: Final = ("файл", "файла", "файлов")
POINTS: Final = ("балл", "балла", "баллов")
TASKS: Final = ("задание", "задания", "заданий")
RECORDS: Final = ("запись", "записи", "записей")
REMARKS: Final = ("замечание", "замечания", "замечаний")


def percent_number(share: float, digits: int = 1) -> str:
    """Return a share (0 to 1) as a percentage without the sign, for a column whose header carries it."""
    return decimal(share * 100, digits)


def interval(low: float, high: float, digits: int = 0) -> str:
    """Return bounds of a share (0 to 1) in percent: «5–33»."""
    return f"{decimal(low * 100, digits)}–{decimal(high * 100, digits)}"


def share_with_interval(share: float, low: float, high: float) -> str:
    """Return a share with its interval for a table: «13,6 (5–33)»."""
    return f"{percent_number(share)}{NBSP}({interval(low, high)})"


def long_date(day: date) -> str:
    """Return a date in words: «22 ноября 2026 г.»."""
    return f"{day.day}{NBSP}{_MONTHS[day.month - 1]} {day.year}{NBSP}г."


def natural(text: str) -> tuple[str | int, ...]:
    """Return a key by which «9 класс» stands before «10 класс»; texts and numbers alternate, so keys compare."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text))
