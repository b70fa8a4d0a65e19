"""Title lines above the table of an analytic export: «ВПР 2026 Русский язык 4 класс», «Предмет:», «Дата:»."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from oko_pipeline.catalogue.subjects import find_subject
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, whole_number
from oko_pipeline.collection.layout import Cell, Sheet

TITLE_LINE: Final = re.compile(
    r"ВПР[\s.,]*(?P<year>20\d\d)[\s.,]+(?P<subject>\D+?)[\s.,]+(?P<grade>\d{1,2})\s*класс", re.I
)
_SUBJECT_LABEL: Final = re.compile(r"предмет\s*:?\s*(?P<value>.*)", re.I)
_MAXIMUM_LABEL: Final = re.compile(r"максимальный\s+первичный\s+балл\s*:?\s*(?P<value>.*)", re.I)
_DATE_LABEL: Final = re.compile(r"дата\s*:?\s*(?P<value>.*)", re.I)
_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})|(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Title:
    """What the lines above a table say; None where they do not say it. `text` is the first non-empty line."""

    text: str = ""
    year: int | None = None
    subject_code: str | None = None
    paper_grade: int | None = None
    level: str | None = None
    maximum_score: int | None = None
    starts_on: date | None = None

    @property
    def season(self) -> str | None:
        """Return `spring` or `autumn` by the date of the title."""
        if self.starts_on is None:
            return None
        return "autumn" if self.starts_on.month >= 8 else "spring"


def parse_date(value: Cell) -> date | None:
    """Return the date in a cell: a date, «26.04.2026», «10.03.2022 18:42:46» or ISO 8601."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = _DATE.match(cell_text(value))
    if match is None:
        return None
    day, month, year = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def find_level(text: str) -> str | None:
    """Return `advanced` or `base` when `text` names the level of a paper."""
    lowered = text.lower()
    if re.search(r"углубл[её]нн|профильн", lowered):
        return "advanced"
    return "base" if re.search(r"базов(ый|ого)\s+уров", lowered) else None


def parse_title(sheet: Sheet, limit: int = HEADER_ROWS) -> Title:
    """Read the title lines within the first rows of a sheet; labels may hold the value in the next cell."""
    found: dict[str, object] = {}
    for row in sheet.rows[:limit]:
        texts = [(text, value) for value in row if (text := cell_text(value))]
        if not texts:
            continue
        found.setdefault("text", texts[0][0])
        following: Cell = texts[1][1] if len(texts) > 1 else None
        _take_line(texts[0][0], found)
        _take_label(texts[0][0], following, found)
    return Title(**found)  # pyright: ignore[reportArgumentType]


def _take_line(text: str, found: dict[str, object]) -> None:
    match = TITLE_LINE.search(text)
    if match is None:
        return
    found.setdefault("year", int(match["year"]))
    found.setdefault("paper_grade", int(match["grade"]))
    subject = find_subject(match["subject"])
    if subject is not None:
        found.setdefault("subject_code", subject.subject_code)
    level = find_level(text)
    if level is not None:
        found.setdefault("level", level)


def _take_label(text: str, following: Cell, found: dict[str, object]) -> None:
    if (match := _SUBJECT_LABEL.fullmatch(text)) is not None:
        subject = find_subject(match["value"] or cell_text(following))
        if subject is not None:
            found.setdefault("subject_code", subject.subject_code)
    elif (match := _MAXIMUM_LABEL.fullmatch(text)) is not None:
        maximum = whole_number(match["value"] or following)
        if maximum is not None:
            found.setdefault("maximum_score", maximum)
    elif (match := _DATE_LABEL.fullmatch(text)) is not None:
        starts_on = parse_date(match["value"] or following)
        if starts_on is not None:
            found.setdefault("starts_on", starts_on)
