"""Headings of registers as people write them: normalised, looked up, matched when slightly changed."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_tables
from oko_pipeline.collection.headers import folded_text
from oko_pipeline.collection.layout import Cell

_OTHER_SIGNS: Final = re.compile(r"[^0-9a-zа-я№%]+")
_CLOSE: Final = 86.0
"""A heading at least this alike (0–100, Levenshtein ratio) is a mistyped one: two letters in a dozen."""


def normal_heading(value: Cell) -> str:
    """Return a heading for comparison: lower case, «е» for «ё», words without signs between them."""
    return _normal(value) if isinstance(value, str) else _normal(folded_text(value))


@lru_cache(maxsize=20_000)
def _normal(text: str) -> str:
    return _OTHER_SIGNS.sub(" ", folded_text(text).replace("№", " № ")).strip()


def column_title(column: RecordColumn) -> str:
    """Return the heading of a column in a form: its title, its unit and an asterisk when it must be filled."""
    unit = f", {column.unit_ru}" if column.unit_ru and column.unit_ru not in column.title_ru else ""
    return f"{column.title_ru}{unit}{' *' if column.required else ''}"


def column_headings(column: RecordColumn) -> frozenset[str]:
    """Return all normalised headings under which a column may stand."""
    known = {column.title_ru, column_title(column), *column.headings}
    if column.unit_ru:
        known |= {f"{title}, {column.unit_ru}" for title in (column.title_ru, *column.headings)}
    return frozenset(filter(None, map(normal_heading, known)))


def table_headings(table: RecordTable) -> dict[str, str]:
    """Return the column's name by normalised heading; the first column wins a heading that two claim."""
    found: dict[str, str] = {}
    for column in table.columns:
        found.setdefault(normal_heading(column.title_ru), column.name)
    for column in table.columns:
        for heading in sorted(column_headings(column)):
            found.setdefault(heading, column.name)
    return found


@cache
def headings_index() -> dict[str, dict[str, str]]:
    """Return, by normalised heading, the column that it means in each register of the catalogue."""
    found: dict[str, dict[str, str]] = {}
    for table in record_tables().values():
        for heading, column in table_headings(table).items():
            found.setdefault(heading, {})[table.name] = column
    return found


def closest_heading(text: str, known: Iterable[str]) -> str | None:
    """Return the heading of `known` of which `text` (normalised) is a mistyping; None when it is not clear which."""
    from rapidfuzz import fuzz, process

    if len(text) < 4:
        return None
    found = process.extract(text, list(known), scorer=fuzz.ratio, limit=2, score_cutoff=_CLOSE)
    if not found or (len(found) > 1 and found[1][1] > found[0][1] - 4):
        return None
    return found[0][0]
