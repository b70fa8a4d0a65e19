"""The hidden sheet `_oko` of a form: whose form it is, of which year and version. It, not the file's name, decides."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Workbook

SERVICE_SHEET: Final = "_oko"
SIGNATURE: Final = "oko-form"
INSTRUCTION_SHEET: Final = "Как заполнять"
OFFERED_HEADING: Final = "Прошлый год"
OFFERED: Final = "предложено"
CONFIRMED: Final = "верно"

_FIELDS: Final = (
    "form_code",
    "form_version",
    "school_year",
    "school_code",
    "school_name",
    "municipality_code",
    "municipality_name",
    "content",
)


@dataclass(frozen=True, slots=True)
class FormIdentity:
    """What the service sheet says; all values are texts as they stand there, empty where there is none.

    `offered` holds fingerprints of last year's rows that the form offers, by table, `preset` those of the rows that
    every blank form begins with; `content` is the fingerprint of all its cells for answers as it was handed out.
    """

    form_code: str = ""
    form_version: str = ""
    school_year: str = ""
    school_code: str = ""
    school_name: str = ""
    municipality_code: str = ""
    municipality_name: str = ""
    content: str = ""
    offered: dict[str, frozenset[str]] = field(default_factory=dict)
    preset: dict[str, frozenset[str]] = field(default_factory=dict)

    def lines(self) -> list[tuple[str, str]]:
        """Return names and values in the order of the sheet."""
        return [(name, str(getattr(self, name))) for name in _FIELDS]


def is_form(workbook: Workbook) -> bool:
    """Tell whether a workbook carries our service sheet; looks at one cell of one sheet."""
    sheet = next((one for one in workbook.sheets if one.name == SERVICE_SHEET), None)
    return sheet is not None and bool(sheet.rows) and bool(sheet.rows[0]) and sheet.rows[0][0] == SIGNATURE


def read_identity(workbook: Workbook) -> FormIdentity:
    """Return what the service sheet says; fields that are missing there are empty."""
    values: dict[str, str] = {}
    rows: dict[str, dict[str, set[str]]] = {"offered": {}, "preset": {}}
    for sheet in workbook.sheets:
        if sheet.name != SERVICE_SHEET:
            continue
        for row in sheet.rows[1:]:
            texts = [cell_text(value) for value in row[:3]] + ["", "", ""]
            if texts[0] in rows:
                rows[texts[0]].setdefault(texts[1], set()).add(texts[2])
            elif texts[0] in _FIELDS:
                values[texts[0]] = texts[1]
    offered, preset = ({name: frozenset(own) for name, own in kind.items()} for kind in rows.values())
    return FormIdentity(**values, offered=offered, preset=preset)


def row_fingerprint(values: Iterable[object]) -> str:
    """Return a fingerprint of a row's stored values: equal for equal values however they are typed."""
    return hashlib.sha256("\x1f".join(map(_plain, values)).encode()).hexdigest()[:16]


def content_fingerprint(cells: Mapping[tuple[str, int, int], object]) -> str:
    """Return a fingerprint of filled cells by sheet, row and column."""
    texts = [
        f"{sheet}\x1f{row}\x1f{place}\x1f{text}"
        for (sheet, row, place), value in cells.items()
        if (text := _plain(value))
    ]
    return hashlib.sha256("\x1e".join(sorted(texts)).encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, int | float):
        return "" if math.isnan(value) else f"{float(value):.10g}"
    return " ".join(str(value).split())
