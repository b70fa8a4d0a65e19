"""The workbook inside a chart: one sheet that «Изменить данные» opens in Word, written as the few parts it needs.

A general writer of workbooks takes longer for it than all the rest of a chart, and a region has thousands of charts.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETS: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES: Final = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
)
_BOOK: Final = (
    f'{_HEAD}<workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>"
)


def _relation(kind: str, target: str) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/{kind}"'
        f' Target="{target}"/></Relationships>'
    )


_FIXED_PARTS: Final = (
    ("[Content_Types].xml", _TYPES),
    ("_rels/.rels", _relation("officeDocument", "xl/workbook.xml")),
    ("xl/workbook.xml", _BOOK),
    ("xl/_rels/workbook.xml.rels", _relation("worksheet", "worksheets/sheet1.xml")),
)


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of the sheet below its title; cells of None stay empty, `formula` holds `{row}` for the row's number."""

    title: str
    cells: Sequence[str | float | None]
    formula: str = ""

    @property
    def is_text(self) -> bool:
        """Tell whether the cells are texts."""
        return any(isinstance(cell, str) for cell in self.cells)


def letter(column: int) -> str:
    """Return a column's name, counted from 0: A, B … Z, AA."""
    name = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def reference(column: int, count: int) -> str:
    """Return the range of `count` cells of a column below its title."""
    name = letter(column)
    return f"Sheet1!${name}$2:${name}${max(count, 1) + 1}"


def title_reference(column: int) -> str:
    """Return the cell of a column's title."""
    return f"Sheet1!${letter(column)}$1"


def workbook_bytes(columns: Sequence[SheetColumn]) -> bytes:
    """Return the workbook; equal columns give equal bytes."""
    names = [letter(number) for number in range(len(columns))]
    rows = [_row(1, "".join(_cell(f"{name}1", one.title) for name, one in zip(names, columns, strict=True)))]
    for number in range(max((len(one.cells) for one in columns), default=0)):
        row = number + 2
        cells = (
            _cell(f"{name}{row}", one.cells[number], one.formula.format(row=row))
            for name, one in zip(names, columns, strict=True)
            if number < len(one.cells)
        )
        rows.append(_row(row, "".join(cells)))
    sheet = f'{_HEAD}<worksheet xmlns="{_SHEETS}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in (*_FIXED_PARTS, ("xl/worksheets/sheet1.xml", sheet)):
            # The document's own ZIP packs the workbook once more: packed twice it grows and takes longer.
            archive.writestr(zipfile.ZipInfo(name, _TIME), text)
    return stream.getvalue()


def number_text(value: float) -> str:
    """Return a number as charts and sheets keep it."""
    return f"{float(value):.12g}"


def _row(number: int, cells: str) -> str:
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: str | float | None, formula: str = "") -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        kept = ' xml:space="preserve"' if value != value.strip() else ""
        return f'<c r="{place}" t="inlineStr"><is><t{kept}>{escape(value)}</t></is></c>'
    counted = f"<f>{escape(formula)}</f>" if formula else ""
    return f'<c r="{place}">{counted}<v>{number_text(value)}</v></c>'
