"""Table specifications → WordprocessingML. Rows are written as text, never cell by cell through an object model.

A table specification is plain data: `{"block": "table", "title", "columns", "rows"}`; a column is `{"title", "weight",
"kind": "text" | "number"}`, a row is `{"cells": [...], "kind": "plain" | "own" | "group" | "form"}`; a row of the kind
`form` is high enough to be filled in by hand. A row with fewer cells than columns stretches its last cell to the end,
which is how a group heading or «недостаточно данных» is written. A cell is a text or `{"text", "shade"}`: the shade
(`SHADES`) gives a ground and a sign, so that colour is never alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting import russian as ru

Cell = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shade:
    """Ground of a cell and the sign before its text; the grounds differ in lightness too."""

    ground: str
    sign: str = ""


SHADES: Final[Mapping[str, Shade]] = {
    "red": Shade("E9A58C", "▼"),
    "yellow": Shade("FBEFC6", "●"),
    "green": Shade("FFFFFF"),
    "above": Shade("CFE0EF", "▲"),
    "grey": Shade("E3E3E3"),
    "level_1": Shade("F4F7FA"),
    "level_2": Shade("DCE6F0"),
    "level_3": Shade("BFD3E6"),
    "level_4": Shade("9DBCD9"),
}
"""Zones keep their usual names: red and yellow are signed, green is what needs no look; `level_*` are heat maps of
counts, darker for more."""
_DENSE_SIZES: Final = ((18, 7), (13, 8), (10, 9))
"""From so many columns on, letters of so many points."""
_LETTER: Final = 11.2
"""Mean width of a bold letter in twentieths of a point, for each point of its size."""
_PADDING: Final = 170
_DENSE_PADDING: Final = 50
_FORM_HEIGHT: Final = 620
"""Height of a row to fill in by hand, twentieths of a point: eleven millimetres."""
_SHORT: Final = 5
"""A table of so many rows is not parted."""
_MOST_KEPT_LINES: Final = 30
"""Taller tables and pairs of rows are parted: kept together they would leave their heading alone on a page."""
_TALLEST: Final = 3000
"""Height of a header with turned titles, at most."""
_USUAL_SIZE: Final = 10
"""Of the styles of cells in the default templates, points."""
_SMALLEST_SIZE: Final = 8
_LINE: Final = 23
"""Height of a line in twentieths of a point, for each point of its letters."""
_THIN_MARGINS: Final = '<w:tblCellMar><w:left w:w="20" w:type="dxa"/><w:right w:w="20" w:type="dxa"/></w:tblCellMar>'
"""Of dense tables; the others take theirs from the table's style."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What all rows of a table share: widths and styles of its columns, size of dense text (0: that of the style)."""

    widths: Sequence[int]
    styles: Mapping[str, str]
    paragraph_styles: Sequence[str]
    size: int


def table_xml(spec: Mapping[str, Any], width: int, styles: Mapping[str, str]) -> str:
    """Return `<w:tbl>` of a table specification.

    Args:
        spec: the specification (see the module's text).
        width: width of the text area, twentieths of a point; columns share it by their weights.
        styles: ids of the styles `table`, `cell`, `number`, `header`, `group` in the document.

    Raises:
        ContractError: for a shade that is not known.
    """
    widths = column_widths([column["weight"] for column in spec["columns"]], width)
    paragraph_styles = [styles["number" if column["kind"] == "number" else "cell"] for column in spec["columns"]]
    sheet = _Sheet(widths, styles, paragraph_styles, _dense_size(len(widths)))
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    header = _header([column["title"] for column in spec["columns"]], sheet)
    body = "".join(
        _body_row(row, sheet, keeps=keeps) for row, keeps in zip(spec["rows"], _kept(spec["rows"], widths), strict=True)
    )
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{styles["table"]}"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/>{_THIN_MARGINS if sheet.size else ""}'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0"'
        f' w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val={quoteattr(spec["title"])}/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{header}{body}</w:tbl>"
    )


def _kept(rows: Sequence[Mapping[str, Any]], widths: Sequence[int]) -> list[bool]:
    """Return which rows stay on the page of the next one: no row stands alone at a page's end or beginning.

    Tall rows are let go: kept together they would fill a page and leave their heading alone on the one before.
    """
    count = len(rows)
    tall = [_lines(row, widths) for row in rows]
    is_short = count <= _SHORT and sum(tall) <= _MOST_KEPT_LINES
    kept = [number < count - 1 and (is_short or number < 2 or number == count - 2) for number in range(count)]
    return [
        keeps and (is_short or tall[number] + tall[number + 1] <= _MOST_KEPT_LINES // 2)
        for number, keeps in enumerate(kept)
    ]


def _lines(row: Mapping[str, Any], widths: Sequence[int]) -> int:
    """Return about how many lines a row takes: the most of its cells."""
    cells = zip(row["cells"], widths, strict=False)
    return max((ceil(len(cell_text(cell)) * _LETTER * _USUAL_SIZE / width) for cell, width in cells), default=1)


def column_widths(weights: Sequence[float], width: int) -> list[int]:
    """Share `width` among columns by weight; the widths sum to `width` exactly."""
    total = sum(weights)
    edges = [round(sum(weights[: i + 1]) / total * width) for i in range(len(weights))]
    return [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]


def cell_text(cell: Cell) -> str:
    """Return what a cell says, with the sign of its shade."""
    if isinstance(cell, str):
        return cell
    sign = _shade(cell).sign
    text = cell["text"]
    return f"{sign}{ru.NBSP}{text}" if sign and sign not in text else text


def _shade(cell: Mapping[str, str]) -> Shade:
    name = cell.get("shade") or "green"
    if name not in SHADES:
        raise ContractError(f"Таблица: заливки «{name}» нет; есть {ru.listed(list(SHADES))}.")
    return SHADES[name]


def _dense_size(columns_count: int) -> int:
    return next((size for count, size in _DENSE_SIZES if columns_count >= count), 0)


def _header(titles: Sequence[str], sheet: _Sheet) -> str:
    """Return the repeated header: letters grow smaller, then titles are turned, so that no word is broken."""
    padding = _DENSE_PADDING if sheet.size else _PADDING
    usual = sheet.size or _USUAL_SIZE
    rooms = [width - padding for width in sheet.widths]
    words = [max((len(word) for word in title.split()), default=0) * _LETTER for title in titles]
    # The largest letters with which the fewest titles must be turned.
    size = min(
        range(usual, min(_SMALLEST_SIZE, usual) - 1, -1),
        key=lambda one: sum(word * one >= room for word, room in zip(words, rooms, strict=True)),
    )
    height = 0
    cells: list[str] = []
    for title, word, room, width in zip(titles, words, rooms, sheet.widths, strict=True):
        direction = ""
        if word * size >= room:
            direction = '<w:textDirection w:val="btLr"/>'
            lines = max(room // (size * _LINE), 1)
            height = max(height, min(round(max(len(title) * _LETTER * size / lines, word * size)) + 160, _TALLEST))
        properties = f'<w:tcW w:w="{width}" w:type="dxa"/>{direction}<w:vAlign w:val="center"/>'
        written = size if size != _USUAL_SIZE else 0
        cells.append(_cell(title, properties, sheet.styles["header"], written, keep_next=True))
    tall = f'<w:trHeight w:val="{height}" w:hRule="atLeast"/>' if height else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{tall}<w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"


def _body_row(row: Mapping[str, Any], sheet: _Sheet, *, keeps: bool) -> str:
    if row["kind"] == "group":
        group = sheet.styles["group"]
        return _row(row["cells"], sheet, _RowLook([group] * len(sheet.widths), group, keep_next=True))
    is_own = row["kind"] == "own"
    height = _FORM_HEIGHT if row["kind"] == "form" else 0
    look = _RowLook(sheet.paragraph_styles, sheet.styles["cell"], bold=is_own, keep_next=keeps, height=height)
    return _row(row["cells"], sheet, look)


@dataclass(frozen=True, slots=True)
class _RowLook:
    paragraph_styles: Sequence[str]
    stretched_style: str
    bold: bool = False
    keep_next: bool = False
    height: int = 0


def _row(cells: Sequence[Cell], sheet: _Sheet, look: _RowLook) -> str:
    widths = sheet.widths
    last = len(cells) - 1
    tall = f'<w:trHeight w:val="{look.height}" w:hRule="atLeast"/>' if look.height else ""
    parts = [f"<w:tr><w:trPr><w:cantSplit/>{tall}</w:trPr>"]
    for index, cell in enumerate(cells):
        stretched = index == last and last < len(widths) - 1
        cell_width = sum(widths[index:]) if stretched else widths[index]
        span = f'<w:gridSpan w:val="{len(widths) - index}"/>' if stretched else ""
        ground = "" if isinstance(cell, str) else _ground(_shade(cell))
        properties = f'<w:tcW w:w="{cell_width}" w:type="dxa"/>{span}{ground}'
        style = look.stretched_style if stretched else look.paragraph_styles[index]
        text = cell_text(cell)
        parts.append(_cell(text, properties, style, sheet.size, bold=look.bold, keep_next=look.keep_next))
    parts.append("</w:tr>")
    return "".join(parts)


def _ground(shade: Shade) -> str:
    return f'<w:shd w:val="clear" w:color="auto" w:fill="{shade.ground}"/>' if shade.ground != "FFFFFF" else ""


def _cell(text: str, properties: str, style: str, size: int, *, bold: bool = False, keep_next: bool = False) -> str:
    keep = "<w:keepNext/>" if keep_next else ""
    weight = "<w:b/>" if bold else ""
    letters = f'<w:sz w:val="{size * 2}"/><w:szCs w:val="{size * 2}"/>' if size else ""
    look = f"<w:rPr>{weight}{letters}</w:rPr>" if weight or letters else ""
    return (
        f'<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:pPr><w:pStyle w:val="{style}"/>{keep}</w:pPr>'
        f'<w:r>{look}<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p></w:tc>'
    )
