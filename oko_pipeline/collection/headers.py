"""Text of cells, header rows and headers of tasks: what all readers share. No layout knowledge, no findings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from oko_pipeline.collection.layout import Cell, Sheet, Workbook
from oko_pipeline.works import TaskHeader

HEADER_ROWS: Final = 30
"""A header stands within this many first rows of a sheet."""

# Control signs (U+0002 is a hyphen at a line's end in texts taken out of PDF), soft hyphens, zero widths and directions
# of writing vanish; signs of symbol fonts, which no other font can show, are spaces.
_INVISIBLE: Final = (
    dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F)])
    | dict.fromkeys([*range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC), 0xFEFF])
    | dict.fromkeys(range(0xE000, 0xF900), " ")
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
# «1К1 (4б)», «5(1) (1б)», «5(1б)», «11.1 (1б)», «16 (1) (1б)», «10.2К1 (1б)»: part in brackets is a number of its own,
# the maximum is the one followed by «б».
_TASK: Final = re.compile(
    r"(?P<number>\d{1,2})"
    r"(?:[.,](?P<dotted>\d{1,2})|\s*\(\s*(?P<bracketed>\d{1,2})\s*\))?"
    r"\s*(?:[КKкk]\s*(?P<criterion>\d{1,2}))?"
    r"\s*(?P<maximum>\(\s*(?P<points>\d{1,3})\s*б[а-я.]*\s*\))?"
)
_LATIN_LOOKALIKES: Final = str.maketrans("ABCEHKMOPTXYabcehkmoptxy", "АВСЕНКМОРТХУавсенкмортху")


def cell_text(value: Cell) -> str:
    """Return a cell's text: runs of spaces become one, invisible signs go, ends are trimmed, 5.0 becomes «5»."""
    if not isinstance(value, str):
        if value is None:
            return ""
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = " ".join(value.split())
    # Translating costs ten times as much as looking for invisible signs, which hardly any text has.
    if text.isprintable():
        return text
    return " ".join(text.translate(_INVISIBLE).split())


def folded_text(value: Cell) -> str:
    """Return a cell's text in lower case with «ё» as «е», for comparing labels."""
    return cell_text(value).lower().replace("ё", "е")


def cyrillic(text: str) -> str:
    """Return `text` with Latin letters that look like Cyrillic ones (К, Х, А, …) replaced by these."""
    return text.translate(_LATIN_LOOKALIKES)


def number(value: Cell) -> float | None:
    """Return the number in a cell, also one kept as text («4», «5,06», «12 %»); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = cell_text(value).removesuffix("%").replace(" ", "")
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def whole_number(value: Cell) -> int | None:
    """Return the whole number in a cell («4», 4.0, «4,0»); None for anything else, fractions included."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def parse_task_header(value: Cell, *, needs_maximum: bool = True) -> tuple[str, int | None] | None:
    """Return task code and maximum of a task's header: «5(1) (1б)» → («5.1», 1), «1K1 (4б)» → («1К1», 4).

    Args:
        value: the header cell.
        needs_maximum: False accepts a header without the maximum in brackets, such as «12.1».
    """
    match = _TASK.fullmatch(cell_text(value))
    if match is None or (needs_maximum and match["maximum"] is None):
        return None
    part = match["dotted"] or match["bracketed"]
    code = match["number"] + (f".{part}" if part else "") + (f"К{match['criterion']}" if match["criterion"] else "")
    return code, None if match["points"] is None else int(match["points"])


@lru_cache(maxsize=512)
def _whole(pattern: str) -> re.Pattern[str]:
    """Return a pattern for the whole text of a cell, in any case."""
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=512)
def _line(pattern: str) -> re.Pattern[str]:
    """Return a pattern for the same text as a line among others; it may also match several lines, never too few."""
    return re.compile(rf"\n(?:{pattern})(?=\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A found header: the sheet, the 0-based index of its row and the normalised texts of its cells."""

    sheet: Sheet
    row_index: int
    texts: tuple[str, ...]

    def column(self, pattern: str) -> int | None:
        """Return the 0-based index of the first column whose whole header matches `pattern` (any case)."""
        is_wanted = _whole(pattern).fullmatch
        return next((index for index, text in enumerate(self.texts) if is_wanted(text)), None)

    def columns(self, pattern: str) -> list[int]:
        """Return the 0-based indices of all columns whose whole header matches `pattern` (any case)."""
        is_wanted = _whole(pattern).fullmatch
        return [index for index, text in enumerate(self.texts) if is_wanted(text)]

    def task_columns(self, *, needs_maximum: bool = True) -> list[tuple[int, TaskHeader]]:
        """Return columns of tasks, left to right, with their parsed headers; positions count from 1."""
        parsed = [
            (index, found)
            for index, text in enumerate(self.texts)
            if (found := parse_task_header(text, needs_maximum=needs_maximum)) is not None
        ]
        return [
            (index, TaskHeader(position, code, maximum)) for position, (index, (code, maximum)) in enumerate(parsed, 1)
        ]


def header_rows(sheet: Sheet, limit: int = HEADER_ROWS) -> Iterator[HeaderRow]:
    """Yield the first rows of a sheet as headers; their texts are made once, for all layouts."""
    for row_index, row in enumerate(sheet.rows[:limit]):
        texts: tuple[str, ...] | None = sheet.shared.get(("texts", row_index))
        if texts is None:
            texts = sheet.shared["texts", row_index] = tuple(map(cell_text, row))
        yield HeaderRow(sheet, row_index, texts)


def _header_lines(sheet: Sheet, limit: int) -> str:
    """Return the different texts of the first rows, a line each: one search dismisses a sheet without a header."""
    lines: str | None = sheet.shared.get(("lines", limit))
    if lines is None:
        values: set[Cell] = set().union(*sheet.rows[:limit])
        # True equals 1 in a set: where one stands both texts are looked for.
        likenesses = ["True", "1"] if 1 in values else []
        lines = sheet.shared["lines", limit] = "\n".join(("", *map(cell_text, values), *likenesses, ""))
    return lines


def mentions(sheet: Sheet, pattern: re.Pattern[str], limit: int = HEADER_ROWS) -> bool:
    """Tell whether `pattern` (lower case, «е» for «ё») stands anywhere in the first rows: one search for the sheet."""
    lines: str | None = sheet.shared.get(("folded lines", limit))
    if lines is None:
        lines = sheet.shared["folded lines", limit] = _header_lines(sheet, limit).lower().replace("ё", "е")
    return pattern.search(lines) is not None


def find_header(sheet: Sheet, patterns: Sequence[str], limit: int = HEADER_ROWS) -> HeaderRow | None:
    """Return the first row in which every pattern matches the whole text of some cell (any case); None without one."""
    lines = _header_lines(sheet, limit)
    if not all(_line(pattern).search(lines) for pattern in patterns):
        return None
    wanted = [_whole(pattern) for pattern in patterns]
    for header in header_rows(sheet, limit):
        if all(any(pattern.fullmatch(text) for text in header.texts if text) for pattern in wanted):
            return header
    return None


def find_sheet_header(workbook: Workbook, patterns: Sequence[str]) -> HeaderRow | None:
    """Return the first header over all sheets of a workbook in their order."""
    for sheet in workbook.sheets:
        header = find_header(sheet, patterns)
        if header is not None:
            return header
    return None


def unmerged(sheet: Sheet, header_row: int) -> Sheet:
    """Return the sheet with values of cells merged downwards repeated in every row below a header.

    A school's login in a cell merged over its rows belongs to all of them. Numbers are never repeated: a count that
    stands once would be added twice. Ranges over several columns are titles.
    """
    tall = [
        (top, left, bottom)
        for top, left, bottom, right in sheet.merged
        if top > header_row and left == right and top < bottom < len(sheet.rows) and left < len(sheet.rows[top])
        if any(sign.isalpha() for sign in cell_text(sheet.rows[top][left]))
    ]
    if not tall:
        return sheet
    rows = [list(row) for row in sheet.rows]
    for top, column, bottom in tall:
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row) and row[column] in {"", None}:
                row[column] = rows[top][column]
    return Sheet(sheet.name, rows)
