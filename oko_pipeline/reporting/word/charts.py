"""Chart specifications → native Word charts: editable, sharp at any size, with their numbers in an embedded workbook.

A chart specification is plain data: `{"block": "chart", "kind", "categories", "series": [{"name", "role", "values"}],
"alt", "axis_title", "value_title", "width_mm", "height_mm"}`.
Kinds: `stacked` (horizontal bars of 100 %), `histogram` (columns of
counts, a series a mark zone), `profile` (columns of percent, a series a level, benchmark marks over them).
Fills differ in lightness and pattern, so that a black-and-white print keeps them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from xlsxwriter import Workbook

_C: Final = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES: Final = f'xmlns:c="{_C}" xmlns:a="{_A}" xmlns:r="{_R}"'
EMU_PER_MM: Final = 36_000
_CREATED: Final = datetime(1980, 1, 1, tzinfo=UTC)
FONT: Final = "Arial"
"""LibreOffice puts its metric twin Liberation Sans in the place of Arial where that is absent."""


@dataclass(frozen=True, slots=True)
class _Fill:
    colour: str
    label_colour: str
    pattern: str = ""


_FILLS: Final[dict[str, _Fill]] = {
    "mark_2": _Fill("B5532A", "000000", "wdUpDiag"),
    "mark_3": _Fill("F1DDB0", "000000"),
    "mark_4": _Fill("7FAFD4", "000000"),
    "mark_5": _Fill("1F4E79", "FFFFFF"),
    "lower": _Fill("B5532A", "000000", "wdUpDiag"),
    "same": _Fill("D9D9D9", "000000"),
    "higher": _Fill("1F4E79", "FFFFFF"),
    "base": _Fill("7FAFD4", "000000"),
    "raised": _Fill("1F4E79", "000000", "wdUpDiag"),
    "high": _Fill("1F3550", "FFFFFF"),
    "plain": _Fill("7FAFD4", "000000"),
}
_BENCHMARK_ROLE: Final = "benchmark"


@dataclass(frozen=True, slots=True)
class _Look:
    direction: str
    grouping: str
    gap_width: int
    label_format: str
    label_position: str
    maximum: str
    axis_format: str


_LOOKS: Final[dict[str, _Look]] = {
    "stacked": _Look("bar", "percentStacked", 35, '[<5]"";0', "ctr", "", "0%"),
    "histogram": _Look("col", "stacked", 12, '[=0]"";0', "", "", "0"),
    "profile": _Look("col", "clustered", 40, "0", "inBase", '<c:max val="100"/>', "0"),
}


def chart_parts(spec: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the chart part's XML and the embedded workbook (xlsx) of a chart specification.

    Args:
        spec: the specification (see the module's text); a value of None is a gap.
    """
    from pptx.chart.data import CategoryChartData
    from pptx.chart.xmlwriter import ChartXmlWriter
    from pptx.enum.chart import XL_CHART_TYPE

    numbers = CategoryChartData(number_format="General")
    numbers.categories = spec["categories"]
    for series in spec["series"]:
        numbers.add_series(series["name"], series["values"])
    written = etree.fromstring(ChartXmlWriter(XL_CHART_TYPE.COLUMN_STACKED, numbers).xml.encode())
    elements = written.findall(f".//{{{_C}}}ser")
    return _chart_space(spec, elements), _workbook(spec)


def _workbook(spec: Mapping[str, Any]) -> bytes:
    """Return the numbers as a workbook where the chart's references expect them; its creation time is fixed."""
    stream = BytesIO()
    with Workbook(stream, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _CREATED})
        sheet = workbook.add_worksheet("Sheet1")
        sheet.write_column(1, 0, spec["categories"])
        for column, series in enumerate(spec["series"], start=1):
            sheet.write_string(0, column, series["name"])
            sheet.write_column(1, column, series["values"])
    return stream.getvalue()


def drawing_xml(spec: Mapping[str, Any], relationship_id: str, shape_id: int, width: int, style: str) -> str:
    """Return the paragraph that places a chart.

    Args:
        spec: the specification; its `alt` tells the chart's finding to those who cannot see it.
        relationship_id: the document part's relationship to the chart part.
        shape_id: number unique in the document.
        width: width of the text area, twentieths of a point.
        style: id of the paragraph style.
    """
    wide = min(width * 635, round(spec["width_mm"] * EMU_PER_MM))
    extent = f'cx="{wide}" cy="{round(spec["height_mm"] * EMU_PER_MM)}"'
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0"'
        f' distR="0"><wp:extent {extent}/><wp:docPr id="{shape_id}" name="Диаграмма {shape_id}"'
        f' descr={quoteattr(spec["alt"])}/><wp:cNvGraphicFramePr/><a:graphic><a:graphicData uri="{_C}">'
        f'<c:chart r:id="{relationship_id}"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )


def _chart_space(spec: Mapping[str, Any], elements: Sequence[etree._Element]) -> bytes:
    look = _LOOKS[spec["kind"]]
    bars: list[str] = []
    marks: list[str] = []
    for series, element in zip(spec["series"], elements, strict=True):
        if series["role"] == _BENCHMARK_ROLE:
            marks.append(_mark_series(element))
        else:
            bars.append(_bar_series(element, _FILLS[series["role"]], look, len(spec["categories"])))
    overlap = '<c:overlap val="100"/>'
    bar_chart = (
        f'<c:barChart><c:barDir val="{look.direction}"/><c:grouping val="{look.grouping}"/><c:varyColors val="0"/>'
        f'{"".join(bars)}<c:gapWidth val="{look.gap_width}"/>{overlap}<c:axId val="1001"/><c:axId val="1002"/>'
        "</c:barChart>"
    )
    line_chart = (
        f'<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{"".join(marks)}<c:marker val="1"/>'
        '<c:axId val="1001"/><c:axId val="1002"/></c:lineChart>'
        if marks
        else ""
    )
    legend = (
        f'<c:legend><c:legendPos val="b"/><c:overlay val="0"/>{_text(8)}</c:legend>' if len(spec["series"]) > 1 else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace {_NAMESPACES}><c:date1904 val="0"/>'
        '<c:lang val="ru-RU"/><c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>'
        f"{bar_chart}{line_chart}{_axes(spec, look)}</c:plotArea>{legend}"
        '<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        f"<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>{_text(8)}"
        '<c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    ).encode()


def _axes(spec: Mapping[str, Any], look: _Look) -> str:
    horizontal = look.direction == "bar"
    crowded = not horizontal and len(spec["categories"]) * max(map(len, spec["categories"])) > 90
    rotation = "-5400000" if crowded and spec["kind"] == "profile" else "0"
    skip = '<c:tickLblSkip val="5"/>' if spec["kind"] == "histogram" and len(spec["categories"]) > 26 else ""
    category_axis = (
        f'<c:catAx><c:axId val="1001"/><c:scaling><c:orientation val="{"maxMin" if horizontal else "minMax"}"/>'
        f'</c:scaling><c:delete val="0"/><c:axPos val="{"l" if horizontal else "b"}"/>'
        f'{_axis_title(spec["axis_title"])}<c:numFmt formatCode="General" sourceLinked="0"/>'
        f'<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>{_line("808080")}'
        f'{_text(8, rotation=rotation)}<c:crossAx val="1002"/><c:crosses val="autoZero"/><c:auto val="0"/>'
        f'<c:lblAlgn val="ctr"/><c:lblOffset val="50"/>{skip}<c:noMultiLvlLbl val="1"/></c:catAx>'
    )
    value_axis = (
        f'<c:valAx><c:axId val="1002"/><c:scaling><c:orientation val="minMax"/>{look.maximum}<c:min val="0"/>'
        f'</c:scaling><c:delete val="0"/><c:axPos val="{"b" if horizontal else "l"}"/>'
        f"<c:majorGridlines>{_line('E3E3E3')}</c:majorGridlines>"
        f"{_axis_title(spec['value_title'], vertical=not horizontal)}"
        f'<c:numFmt formatCode="{look.axis_format}" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>{_line("")}{_text(8)}<c:crossAx val="1001"/>'
        f'<c:crosses val="{"max" if horizontal else "autoZero"}"/><c:crossBetween val="between"/></c:valAx>'
    )
    return category_axis + value_axis


def _bar_series(element: etree._Element, fill: _Fill, look: _Look, categories_count: int) -> str:
    position = f'<c:dLblPos val="{look.label_position}"/>' if look.label_position else ""
    size = 8 if categories_count <= 24 else 7
    labels = (
        f'<c:dLbls><c:numFmt formatCode={quoteattr(look.label_format)} sourceLinked="0"/><c:spPr>{_label_ground(fill)}'
        f"<a:ln><a:noFill/></a:ln></c:spPr>{_text(size, fill.label_colour)}{position}"
        '<c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        '<c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
    )
    shape = f'<c:spPr>{_fill(fill)}<a:ln w="6350"><a:solidFill><a:srgbClr val="404040"/></a:solidFill></a:ln></c:spPr>'
    if look.label_position == "":
        labels = ""
    return _series(element, f'{shape}<c:invertIfNegative val="0"/>', labels)


def _mark_series(element: etree._Element) -> str:
    marker = (
        "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>"
        '<c:marker><c:symbol val="diamond"/><c:size val="7"/><c:spPr>'
        '<a:solidFill><a:srgbClr val="F2A33A"/></a:solidFill>'
        '<a:ln w="9525"><a:solidFill><a:srgbClr val="000000"/></a:solidFill></a:ln></c:spPr></c:marker>'
    )
    return _series(element, marker, "", '<c:smooth val="0"/>')


def _series(element: etree._Element, shape: str, labels: str, tail: str = "") -> str:
    inner = "".join(
        etree.tostring(child, encoding="unicode")
        for tag in ("idx", "order", "tx")
        for child in element.findall(f"{{{_C}}}{tag}")
    )
    values = "".join(
        etree.tostring(child, encoding="unicode")
        for tag in ("cat", "val")
        for child in element.findall(f"{{{_C}}}{tag}")
    )
    return f"<c:ser>{inner}{shape}{labels}{values}{tail}</c:ser>"


def _fill(fill: _Fill) -> str:
    if fill.pattern:
        return (
            f'<a:pattFill prst="{fill.pattern}"><a:fgClr><a:srgbClr val="{fill.colour}"/></a:fgClr>'
            '<a:bgClr><a:srgbClr val="FFFFFF"/></a:bgClr></a:pattFill>'
        )
    return f'<a:solidFill><a:srgbClr val="{fill.colour}"/></a:solidFill>'


def _label_ground(fill: _Fill) -> str:
    return '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>' if fill.pattern else "<a:noFill/>"


def _line(colour: str) -> str:
    paint = f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>' if colour else "<a:noFill/>"
    return f'<c:spPr><a:ln w="6350">{paint}</a:ln></c:spPr>'


def _run_properties(tag: str, size: int, colour: str) -> str:
    return (
        f'<a:{tag} lang="ru-RU" sz="{size * 100}" b="0"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'
        f'<a:latin typeface="{FONT}"/><a:cs typeface="{FONT}"/></a:{tag}>'
    )


def _text(size: int, colour: str = "000000", *, rotation: str = "") -> str:
    body = f'<a:bodyPr rot="{rotation}" vert="horz"/>' if rotation else "<a:bodyPr/>"
    return (
        f"<c:txPr>{body}<a:lstStyle/><a:p><a:pPr>{_run_properties('defRPr', size, colour)}</a:pPr>"
        '<a:endParaRPr lang="ru-RU"/></a:p></c:txPr>'
    )


def _axis_title(title: str, *, vertical: bool = False) -> str:
    if not title:
        return ""
    body = '<a:bodyPr rot="-5400000" vert="horz"/>' if vertical else "<a:bodyPr/>"
    return (
        f"<c:title><c:tx><c:rich>{body}<a:lstStyle/><a:p><a:r>{_run_properties('rPr', 8, '404040')}"
        f'<a:t>{escape(title)}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'
    )
