"""Table specifications → WordprocessingML. Rows are written as text, never cell by cell through an object model.

A table specification is plain data: `{"block": "table", "title", "columns", "rows"}`; a column is `{"title", "weight",
"kind": "text" | "number"}`, a row is `{"cells": [...], "kind": "plain" | "own" | "group"}`. A row with fewer cells than
columns stretches its last cell to the end, which is how a group heading or «недостаточно данных» is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr


def table_xml(spec: Mapping[str, Any], width: int, styles: Mapping[str, str]) -> str:
    """Return `<w:tbl>` of a table specification.

    Args:
        spec: the specification (see the module's text).
        width: width of the text area, twentieths of a point; columns share it by their weights.
        styles: ids of the styles `table`, `cell`, `number`, `header`, `group` in the document.
    """
    widths = column_widths([column["weight"] for column in spec["columns"]], width)
    kinds = [column["kind"] for column in spec["columns"]]
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    titles = [column["title"] for column in spec["columns"]]
    header = _row(titles, widths, [styles["header"]] * len(widths), _RowLook(header=True))
    paragraph_styles = [styles["number" if kind == "number" else "cell"] for kind in kinds]
    body = "".join(_body_row(row, widths, paragraph_styles, styles) for row in spec["rows"])
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{styles["table"]}"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0"'
        f' w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val={quoteattr(spec["title"])}/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{header}{body}</w:tbl>"
    )


def column_widths(weights: Sequence[float], width: int) -> list[int]:
    """Share `width` among columns by weight; the widths sum to `width` exactly."""
    total = sum(weights)
    edges = [round(sum(weights[: i + 1]) / total * width) for i in range(len(weights))]
    return [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]


def _body_row(
    row: Mapping[str, Any], widths: Sequence[int], paragraph_styles: Sequence[str], styles: Mapping[str, str]
) -> str:
    if row["kind"] == "group":
        return _row(row["cells"], widths, [styles["group"]] * len(widths), _RowLook(keep_next=True))
    is_own = row["kind"] == "own"
    look = _RowLook(bold=is_own, keep_next=is_own, stretched_style=styles["cell"])
    return _row(row["cells"], widths, paragraph_styles, look)


@dataclass(frozen=True, slots=True)
class _RowLook:
    header: bool = False
    bold: bool = False
    keep_next: bool = False
    stretched_style: str = ""


def _row(cells: Sequence[str], widths: Sequence[int], paragraph_styles: Sequence[str], look: _RowLook) -> str:
    properties = "<w:cantSplit/>" + ("<w:tblHeader/>" if look.header else "")
    last = len(cells) - 1
    keep = "<w:keepNext/>" if look.keep_next or look.header else ""
    run_properties = "<w:rPr><w:b/></w:rPr>" if look.bold else ""
    parts = [f"<w:tr><w:trPr>{properties}</w:trPr>"]
    for index, text in enumerate(cells):
        stretched = index == last and last < len(widths) - 1
        cell_width = sum(widths[index:]) if stretched else widths[index]
        span = f'<w:gridSpan w:val="{len(widths) - index}"/>' if stretched else ""
        style = look.stretched_style if stretched and look.stretched_style else paragraph_styles[index]
        parts.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{cell_width}" w:type="dxa"/>{span}</w:tcPr><w:p><w:pPr>'
            f'<w:pStyle w:val="{style}"/>{keep}</w:pPr><w:r>{run_properties}'
            f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p></w:tc>'
        )
    parts.append("</w:tr>")
    return "".join(parts)
