"""Pieces of DrawingML that the kinds of charts share: texts, lines, fills, marks, labels, axes, series, error bars.

Word opens a chart only when the elements stand in the order of the schema (ECMA-376, part 1, 21.2): the functions
that put pieces together keep it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from oko_pipeline.reporting.word.chart_looks import Role
from oko_pipeline.reporting.word.chart_workbook import SheetColumn, letter, number_text, reference, title_reference

CHART_NAMESPACE: Final = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES: Final = f'xmlns:c="{CHART_NAMESPACE}" xmlns:a="{_A}" xmlns:r="{_R}"'
FONT: Final = "Arial"
"""LibreOffice puts its metric twin Liberation Sans in the place of Arial where that is absent."""
TEXT_SIZE: Final = 8
EMU_PER_POINT: Final = 12_700
CATEGORY_AXIS: Final = "1001"
VALUE_AXIS: Final = "1002"
AXIS_IDS: Final = f'<c:axId val="{CATEGORY_AXIS}"/><c:axId val="{VALUE_AXIS}"/>'
DECIMAL: Final = "[$-419]0.0"
"""A sign after the comma; the locale makes LibreOffice write a comma whatever language it speaks itself."""
GREY: Final = "808080"
GRID: Final = "E3E3E3"
NO_LINE: Final = "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>"


@dataclass(slots=True)
class Sheet:
    """Columns of the workbook in the order in which the chart's series refer to them."""

    columns: list[SheetColumn] = field(default_factory=list[SheetColumn])

    def texts(self, tag: str, title: str, cells: Sequence[str]) -> str:
        """Add a column of texts and return the element `tag` that refers to it."""
        column = self._add(SheetColumn(title, cells))
        return text_reference(tag, reference(column, len(cells)), cells)

    def grouped_texts(self, groups: Sequence[str], cells: Sequence[str]) -> str:
        """Add categories of two levels: the groups (a name where one begins, empty within) and what is in them."""
        self._add(SheetColumn("", groups))
        column = self._add(SheetColumn("", cells))
        inner = "".join(_text_point(n, cell) for n, cell in enumerate(cells))
        outer = "".join(_text_point(n, group) for n, group in enumerate(groups) if group)
        place = f"Sheet1!$A$2:${letter(column)}${len(cells) + 1}"
        return (
            f'<c:cat><c:multiLvlStrRef><c:f>{place}</c:f><c:multiLvlStrCache><c:ptCount val="{len(cells)}"/>'
            f"<c:lvl>{inner}</c:lvl><c:lvl>{outer}</c:lvl></c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"
        )

    def numbers(self, tag: str, title: str, cells: Sequence[float | None], formula: str = "") -> str:
        """Add a column of numbers and return the element `tag` that refers to it."""
        column = self._add(SheetColumn(title, cells, formula))
        return number_reference(tag, reference(column, len(cells)), cells)

    def title(self) -> str:
        """Return `<c:tx>` that names a series by the title of the column added last."""
        column = len(self.columns) - 1
        return text_reference("tx", title_reference(column), [self.columns[column].title])

    def _add(self, column: SheetColumn) -> int:
        self.columns.append(column)
        return len(self.columns) - 1


def _text_point(number: int, cell: str) -> str:
    return f'<c:pt idx="{number}"><c:v>{escape(cell)}</c:v></c:pt>'


def text_reference(tag: str, place: str, cells: Sequence[str]) -> str:
    """Return texts of a range with the range's address."""
    points = "".join(_text_point(n, cell) for n, cell in enumerate(cells))
    return (
        f'<c:{tag}><c:strRef><c:f>{place}</c:f><c:strCache><c:ptCount val="{len(cells)}"/>{points}</c:strCache>'
        f"</c:strRef></c:{tag}>"
    )


def number_reference(tag: str, place: str, cells: Sequence[float | None]) -> str:
    """Return numbers of a range with the range's address; None is a gap."""
    points = "".join(
        f'<c:pt idx="{n}"><c:v>{number_text(cell)}</c:v></c:pt>' for n, cell in enumerate(cells) if cell is not None
    )
    return (
        f"<c:{tag}><c:numRef><c:f>{place}</c:f><c:numCache><c:formatCode>General</c:formatCode>"
        f'<c:ptCount val="{len(cells)}"/>{points}</c:numCache></c:numRef></c:{tag}>'
    )


def colour(value: str) -> str:
    """Return a plain paint."""
    return f'<a:solidFill><a:srgbClr val="{value}"/></a:solidFill>'


def fill(role: Role) -> str:
    """Return the paint of a bar."""
    if not role.pattern:
        return colour(role.fill)
    return (
        f'<a:pattFill prst="{role.pattern}"><a:fgClr><a:srgbClr val="{role.fill}"/></a:fgClr>'
        '<a:bgClr><a:srgbClr val="FFFFFF"/></a:bgClr></a:pattFill>'
    )


def line(paint: str, width: float = 0.5, dash: str = "") -> str:
    """Return a line of a colour; none for an empty one. Width in points."""
    if not paint:
        return "<a:ln><a:noFill/></a:ln>"
    dashes = f'<a:prstDash val="{dash}"/>' if dash and dash != "solid" else ""
    return f'<a:ln w="{round(width * EMU_PER_POINT)}">{colour(paint)}{dashes}<a:round/></a:ln>'


def shape(role: Role) -> str:
    """Return the look of bars."""
    return f"<c:spPr>{fill(role)}{line('404040')}</c:spPr>"


def stroke(role: Role) -> str:
    """Return the look of a line between points."""
    return f"<c:spPr>{line(role.ink, role.width, role.dash)}</c:spPr>"


def marker(role: Role, size: int = 7) -> str:
    """Return the mark of a point."""
    if role.symbol == "none":
        return '<c:marker><c:symbol val="none"/></c:marker>'
    return (
        f'<c:marker><c:symbol val="{role.symbol}"/><c:size val="{size}"/>'
        f"<c:spPr>{colour(role.inside or role.ink)}{line(role.ink, 1.0)}</c:spPr></c:marker>"
    )


def run_properties(tag: str, size: int, paint: str) -> str:
    """Return the font of a text."""
    return (
        f'<a:{tag} lang="ru-RU" sz="{size * 100}" b="0">{colour(paint)}'
        f'<a:latin typeface="{FONT}"/><a:cs typeface="{FONT}"/></a:{tag}>'
    )


def text(size: int = TEXT_SIZE, paint: str = "000000", *, rotation: str = "", wrap: str = "") -> str:
    """Return `<c:txPr>`."""
    turned = f' rot="{rotation}" vert="horz"' if rotation else ""
    body = f"<a:bodyPr{turned}{f' wrap={quoteattr(wrap)}' if wrap else ''}/>"
    return (
        f"<c:txPr>{body}<a:lstStyle/><a:p><a:pPr>{run_properties('defRPr', size, paint)}</a:pPr>"
        '<a:endParaRPr lang="ru-RU"/></a:p></c:txPr>'
    )


@dataclass(frozen=True, slots=True)
class Label:
    """What stands at a point: its value and, if asked for, the name of its series; `words` in the place of both."""

    position: str = ""
    number_format: str = "0"
    paint: str = "000000"
    ground: str = ""
    size: int = TEXT_SIZE
    with_name: bool = False
    with_value: bool = True
    words: str = ""


NO_LABELS: Final = (
    '<c:showLegendKey val="0"/><c:showVal val="0"/><c:showCatName val="0"/><c:showSerName val="0"/>'
    '<c:showPercent val="0"/><c:showBubbleSize val="0"/>'
)


def label_inside(label: Label) -> str:
    """Return the elements of a label that `<c:dLbls>` and `<c:dLbl>` share."""
    ground = colour(label.ground) if label.ground else "<a:noFill/>"
    words = ""
    if label.words:
        run = f"<a:r>{run_properties('rPr', label.size, label.paint)}<a:t>{escape(label.words)}</a:t></a:r>"
        words = f'<c:tx><c:rich><a:bodyPr wrap="none"/><a:lstStyle/><a:p>{run}</a:p></c:rich></c:tx>'
    position = f'<c:dLblPos val="{label.position}"/>' if label.position else ""
    named = f'<c:showCatName val="0"/><c:showSerName val="{int(label.with_name)}"/>'
    separator = "<c:separator>: </c:separator>" if label.with_name and label.with_value else ""
    return (
        f'{words}<c:numFmt formatCode={quoteattr(label.number_format)} sourceLinked="0"/>'
        f"<c:spPr>{ground}<a:ln><a:noFill/></a:ln></c:spPr>{text(label.size, label.paint, wrap='none')}{position}"
        f'<c:showLegendKey val="0"/><c:showVal val="{int(label.with_value)}"/>{named}'
        f'<c:showPercent val="0"/><c:showBubbleSize val="0"/>{separator}'
    )


def labels(common: Label | None, points: Mapping[int, Label] | None = None) -> str:
    """Return `<c:dLbls>`: labels of single points, and of all the others (none for None)."""
    single = "".join(
        f'<c:dLbl><c:idx val="{number}"/>{label_inside(label)}</c:dLbl>'
        for number, label in sorted((points or {}).items())
    )
    if common is None and not single:
        return ""
    return f"<c:dLbls>{single}{NO_LABELS if common is None else label_inside(common)}</c:dLbls>"


def error_bars(direction: str, minus: str, plus: str, paint: str, *, caps: bool = True, width: float = 1.0) -> str:
    """Return custom error bars; `direction` is empty for bars of a bar chart, which know it themselves."""
    along = f'<c:errDir val="{direction}"/>' if direction else ""
    return (
        f'<c:errBars>{along}<c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="{int(not caps)}"/>'
        f"{plus}{minus}<c:spPr>{line(paint, width)}</c:spPr></c:errBars>"
    )


def series(number: int, *pieces: str) -> str:
    """Return `<c:ser>`; the pieces come in the order of the schema."""
    return f'<c:ser><c:idx val="{number}"/><c:order val="{number}"/>{"".join(pieces)}</c:ser>'


def axis_title(title: str, *, vertical: bool = False) -> str:
    """Return the title of an axis, nothing for an empty one."""
    if not title:
        return ""
    body = '<a:bodyPr rot="-5400000" vert="horz"/>' if vertical else "<a:bodyPr/>"
    return (
        f"<c:title><c:tx><c:rich>{body}<a:lstStyle/><a:p><a:r>{run_properties('rPr', TEXT_SIZE, '404040')}"
        f'<a:t>{escape(title)}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """What differs between axes; `bounds` are minimum, maximum and step of values where they are given."""

    position: str
    title: str = ""
    is_reversed: bool = False
    is_hidden: bool = False
    is_crossed_at_end: bool = False
    has_grid: bool = True
    has_line: bool = False
    number_format: str = "0"
    bounds: tuple[float | None, float | None, float | None] = (None, None, None)
    labels: str = "nextTo"
    rotation: str = "0"
    skip: int = 0
    is_grouped: bool = False
    size: int = TEXT_SIZE


def category_axis(axis: Axis) -> str:
    """Return `<c:catAx>`."""
    skip = f'<c:tickLblSkip val="{axis.skip}"/>' if axis.skip else ""
    return (
        f'<c:catAx><c:axId val="{CATEGORY_AXIS}"/><c:scaling><c:orientation val="{_orientation(axis)}"/></c:scaling>'
        f'<c:delete val="0"/><c:axPos val="{axis.position}"/>{axis_title(axis.title, vertical=axis.position == "l")}'
        '<c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/>'
        f'<c:tickLblPos val="{axis.labels}"/><c:spPr>{line(GREY)}</c:spPr>{text(axis.size, rotation=axis.rotation)}'
        f'<c:crossAx val="{VALUE_AXIS}"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/>'
        f'<c:lblOffset val="50"/>{skip}<c:noMultiLvlLbl val="{int(not axis.is_grouped)}"/></c:catAx>'
    )


def value_axis(axis: Axis, *, own: str = VALUE_AXIS, crossed: str = CATEGORY_AXIS, between: str = "between") -> str:
    """Return `<c:valAx>`."""
    low, high, step = axis.bounds
    maximum = "" if high is None else f'<c:max val="{number_text(high)}"/>'
    minimum = "" if low is None else f'<c:min val="{number_text(low)}"/>'
    unit = "" if step is None else f'<c:majorUnit val="{number_text(step)}"/>'
    grid = f"<c:majorGridlines><c:spPr>{line(GRID)}</c:spPr></c:majorGridlines>" if axis.has_grid else ""
    crosses = "max" if axis.is_crossed_at_end else "autoZero"
    return (
        f'<c:valAx><c:axId val="{own}"/><c:scaling><c:orientation val="{_orientation(axis)}"/>{maximum}{minimum}'
        f'</c:scaling><c:delete val="{int(axis.is_hidden)}"/><c:axPos val="{axis.position}"/>{grid}'
        f"{axis_title(axis.title, vertical=axis.position == 'l')}"
        f'<c:numFmt formatCode="{axis.number_format}" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="{axis.labels}"/>'
        f"<c:spPr>{line(GREY if axis.has_line else '')}</c:spPr>{text(axis.size)}"
        f'<c:crossAx val="{crossed}"/><c:crosses val="{crosses}"/><c:crossBetween val="{between}"/>{unit}</c:valAx>'
    )


def _orientation(axis: Axis) -> str:
    return "maxMin" if axis.is_reversed else "minMax"


def plot_layout(left: float, top: float, width: float, height: float) -> str:
    """Return the place of the plot within the chart, in parts of its size."""
    return (
        '<c:layout><c:manualLayout><c:layoutTarget val="inner"/><c:xMode val="edge"/><c:yMode val="edge"/>'
        f'<c:x val="{left:.4f}"/><c:y val="{top:.4f}"/><c:w val="{width:.4f}"/><c:h val="{height:.4f}"/>'
        "</c:manualLayout></c:layout>"
    )


def legend(hidden: Sequence[int] = ()) -> str:
    """Return the legend below the plot without the entries of the given series."""
    entries = "".join(f'<c:legendEntry><c:idx val="{n}"/><c:delete val="1"/></c:legendEntry>' for n in hidden)
    return f'<c:legend><c:legendPos val="b"/>{entries}<c:overlay val="0"/>{text()}</c:legend>'


def chart_space(plot: str, legend_xml: str, layout: str = "<c:layout/>") -> bytes:
    """Return the chart part around a plot's charts and axes."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace {_NAMESPACES}><c:date1904 val="0"/>'
        '<c:lang val="ru-RU"/><c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/>'
        f"<c:plotArea>{layout}{plot}</c:plotArea>{legend_xml}"
        '<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        f"<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>{text()}"
        '<c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    ).encode()


def series_names(spec: Mapping[str, Any]) -> list[str]:
    """Return the names of a specification's series."""
    return [str(one["name"]) for one in spec["series"]]


def number_format(numbers: Sequence[float | None]) -> str:
    """Return the format of labels: a sign after the comma only where some number has one."""
    return "0" if all(value is None or float(value).is_integer() for value in numbers) else DECIMAL
