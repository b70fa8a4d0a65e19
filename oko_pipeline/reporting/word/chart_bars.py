"""Charts of bars: shares of a whole, spread of scores, tasks beside a benchmark, plain bars with their values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.reporting.word import chart_xml as xml
from oko_pipeline.reporting.word.chart_looks import BENCHMARK, Role, role_look
from oko_pipeline.reporting.word.chart_xml import Sheet


@dataclass(frozen=True, slots=True)
class BarLook:
    """How bars of a kind of chart stand; an empty `label_position` leaves bars without labels."""

    direction: str
    grouping: str
    gap_width: int
    label_format: str
    label_position: str
    maximum: float | None
    axis_format: str
    overlap: int = 100


BAR_LOOKS: Final[Mapping[str, BarLook]] = {
    "stacked": BarLook("bar", "percentStacked", 35, '[<5]"";0', "ctr", None, "0%"),
    "histogram": BarLook("col", "stacked", 12, '[=0]"";0', "", None, "0"),
    "profile": BarLook("col", "clustered", 40, "0", "inBase", 100, "0"),
    "bars": BarLook("bar", "clustered", 45, "", "outEnd", None, "0", -5),
}
_BAR_MM: Final = 4.2
_THICKEST_MM: Final = 11.0
_GAP_MM: Final = 2.2
_LEGEND_MM: Final = 8.0
_HORIZONTAL: Final = ("bars", "stacked")
_FRAME_MM: Final = 16.0
_CROWDED_LETTERS: Final = 90
_CROWDED_BARS: Final = 24


def bar_heights(spec: Mapping[str, Any]) -> tuple[float, float]:
    """Return the least and the greatest height in millimetres at which horizontal bars look right; others take any."""
    if spec["kind"] not in _HORIZONTAL or spec.get("direction", "bar") != "bar":
        return 0.0, math.inf
    bars = len(spec["series"]) if spec["kind"] == "bars" else 1
    frame = _FRAME_MM + (_LEGEND_MM if len(spec["series"]) > 1 else 0.0)
    count = len(spec["categories"])
    return frame + count * (_BAR_MM * bars + _GAP_MM), frame + count * (_THICKEST_MM * bars + _GAP_MM)


def bar_chart(spec: Mapping[str, Any], sheet: Sheet) -> bytes:
    """Return a chart of bars; series of the role benchmark are marks over upright bars."""
    look = BAR_LOOKS[spec["kind"]]
    direction = spec.get("direction", look.direction)
    categories = sheet.texts("cat", "", spec["categories"])
    bars: list[str] = []
    marks: list[str] = []
    for number, one in enumerate(spec["series"]):
        values = sheet.numbers("val", one["name"], one["values"])
        name = sheet.title()
        role = role_look(one["role"])
        if one["role"] == BENCHMARK and direction == "col":
            shape = xml.NO_LINE + _benchmark_marker(role)
            marks.append(xml.series(number, name, shape, categories, values, '<c:smooth val="0"/>'))
        else:
            shape = f'{xml.shape(role)}<c:invertIfNegative val="0"/>{_stressed(one)}'
            labels = _labels(spec, look, role, one["values"])
            bars.append(xml.series(number, name, shape, labels, categories, values))
    bar_xml = (
        f'<c:barChart><c:barDir val="{direction}"/><c:grouping val="{look.grouping}"/><c:varyColors val="0"/>'
        f'{"".join(bars)}<c:gapWidth val="{look.gap_width}"/><c:overlap val="{look.overlap}"/>{xml.AXIS_IDS}'
        "</c:barChart>"
    )
    line_xml = (
        f'<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{"".join(marks)}<c:marker val="1"/>'
        f"{xml.AXIS_IDS}</c:lineChart>"
        if marks
        else ""
    )
    legend = xml.legend() if len(spec["series"]) > 1 else ""
    return xml.chart_space(bar_xml + line_xml + _axes(spec, look, direction), legend)


def _benchmark_marker(role: Role) -> str:
    return (
        '<c:marker><c:symbol val="diamond"/><c:size val="7"/><c:spPr>'
        f"{xml.colour(role.fill)}{xml.line('000000', 0.75)}</c:spPr></c:marker>"
    )


def _stressed(one: Mapping[str, Any]) -> str:
    """Return the look of the bars of the unit that the document is about."""
    own = xml.shape(role_look("own"))
    return "".join(
        f'<c:dPt><c:idx val="{point}"/><c:invertIfNegative val="0"/><c:bubble3D val="0"/>{own}</c:dPt>'
        for point in one.get("own", ())
    )


def _labels(spec: Mapping[str, Any], look: BarLook, role: Role, values: Sequence[float | None]) -> str:
    if not look.label_position:
        return ""
    is_outside = look.label_position == "outEnd"
    label = xml.Label(
        position=look.label_position,
        number_format=look.label_format or xml.number_format(values),
        paint="000000" if is_outside else role.label,
        ground="FFFFFF" if role.pattern and not is_outside else "",
        size=xml.TEXT_SIZE if len(spec["categories"]) <= _CROWDED_BARS else xml.TEXT_SIZE - 1,
    )
    return xml.labels(label)


def _axes(spec: Mapping[str, Any], look: BarLook, direction: str) -> str:
    is_horizontal = direction == "bar"
    count = len(spec["categories"])
    is_crowded = not is_horizontal and count * max(map(len, spec["categories"]), default=0) > _CROWDED_LETTERS
    is_plain = look.label_position == "outEnd"
    category = xml.Axis(
        position="l" if is_horizontal else "b",
        title=spec["axis_title"],
        is_reversed=is_horizontal,
        labels="low",
        rotation="-5400000" if is_crowded and spec["kind"] != "histogram" else "0",
        skip=5 if spec["kind"] == "histogram" and count > _CROWDED_BARS + 2 else 0,
    )
    maximum = spec.get("maximum", look.maximum)
    minimum = None if any((value or 0) < 0 for one in spec["series"] for value in one["values"]) else 0
    value = xml.Axis(
        position="b" if is_horizontal else "l",
        title=spec["value_title"],
        is_hidden=is_plain and not spec["value_title"],
        is_crossed_at_end=is_horizontal,
        has_grid=not is_plain,
        number_format=look.axis_format,
        bounds=(minimum, maximum, None),
    )
    return xml.category_axis(category) + xml.value_axis(value)
