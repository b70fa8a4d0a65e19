"""Charts of points and lines: changes over years, intervals, funnels, strips of alike units, before and after."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from oko_pipeline.reporting.word import chart_xml as xml
from oko_pipeline.reporting.word.chart_looks import BENCHMARK, LIMITS, Role, role_look
from oko_pipeline.reporting.word.chart_workbook import letter
from oko_pipeline.reporting.word.chart_xml import Label, Sheet

_Spec = Mapping[str, Any]
_LETTER_MM: Final = 1.55
"""Mean width of a letter of the charts' font at 8 points."""
_LABEL_MM: Final = 4.6
"""Height that a label needs to be read apart from its neighbour."""
_WIDEST_ENDS: Final = 0.4
"""Largest part of a chart's width for names at the ends of lines."""
_STEPS: Final = (1, 2, 2.5, 5, 10)
_LINES: Final = (BENCHMARK, *LIMITS)
_FEW_POINTS: Final = 14
_SMOOTH: Final = '<c:smooth val="0"/>'


def line_chart(spec: _Spec, sheet: Sheet) -> bytes:
    """Return lines over categories (years); names and last values stand at the ends where there is room for them."""
    bounds = value_bounds(spec)
    ends = _end_labels(spec, bounds)
    categories = sheet.texts("cat", "", spec["categories"])
    drawn: list[str] = []
    for number, one in enumerate(spec["series"]):
        values = sheet.numbers("val", one["name"], one["values"])
        name = sheet.title()
        role = role_look(one["role"])
        look = xml.stroke(role) + xml.marker(role)
        labels = _line_labels(spec, number, is_direct=bool(ends))
        drawn.append(
            xml.series(number, name, look, labels, _interval_bars(one, role, sheet), categories, values, _SMOOTH)
        )
    legend = "" if ends or len(spec["series"]) == 1 else xml.legend()
    layout = _room_for_ends(spec, ends) if ends else "<c:layout/>"
    return xml.chart_space(_lines(drawn) + _slot_axes(spec, bounds), legend, layout)


def interval(spec: _Spec, sheet: Sheet) -> bytes:
    """Return points with intervals; several series stand side by side, a benchmark of one value is a line."""
    spread = _in_drawing_order(_side_by_side(spec))
    bounds = value_bounds(spread)
    categories = _categories(spread, sheet)
    drawn: list[str] = []
    for number, one in enumerate(spread["series"]):
        role = role_look(one["role"])
        values = sheet.numbers("val", one["name"], one["values"])
        name = sheet.title()
        look = _line_or_dashes(one, role) if one["role"] in _LINES else xml.NO_LINE + xml.marker(role, 8)
        is_told = one["role"] not in _LINES and len(spread["categories"]) <= _FEW_POINTS
        labels = xml.labels(Label("r", xml.number_format(one["values"]), ground="FFFFFF")) if is_told else ""
        bars = _interval_bars(one, role, sheet)
        drawn.append(xml.series(number, name, look, _stressed_points(one), labels, bars, categories, values, _SMOOTH))
    legend = _legend(spread)
    return xml.chart_space(_lines(drawn) + _slot_axes(spread, bounds), legend)


def strip(spec: _Spec, sheet: Sheet) -> bytes:
    """Return a slot a unit in the order of the categories; series of lines are levels, `own` is named at its point."""
    bounds = value_bounds(spec)
    spec = _in_drawing_order(spec)
    categories = _categories(spec, sheet)
    drawn: list[str] = []
    for number, one in enumerate(spec["series"]):
        role = role_look(one["role"])
        values = sheet.numbers("val", one["name"], one["values"])
        name = sheet.title()
        is_own = one["role"] == "own"
        look = (
            xml.stroke(role) + xml.marker(role_look("limit")) if one["role"] in _LINES else _points(role, is_own=is_own)
        )
        labels = xml.labels(*_point_labels(one))
        bars = _interval_bars(one, role, sheet)
        drawn.append(xml.series(number, name, look, _stressed_points(one), labels, bars, categories, values, _SMOOTH))
    legend = _legend(spec)
    return xml.chart_space(_lines(drawn) + _slot_axes(spec, bounds), legend)


def before_after(spec: _Spec, sheet: Sheet) -> bytes:
    """Return a pair of points a category, joined by a line; the labels stand on the outer sides."""
    bounds = value_bounds(spec)
    categories = sheet.texts("cat", "", spec["categories"])
    before, after = spec["series"]
    drawn: list[str] = []
    for number, (one, other) in enumerate(((before, after), (after, before))):
        role = role_look(one["role"])
        values = sheet.numbers("val", one["name"], one["values"])
        name = sheet.title()
        bars = _joints(one, other, sheet) if number else ""
        form = xml.number_format([*before["values"], *after["values"]])
        points = {
            position: Label("t" if _is_above(value, pair, default=bool(number)) else "b", form)
            for position, (value, pair) in enumerate(zip(one["values"], other["values"], strict=True))
            if value is not None
        }
        look = xml.NO_LINE + xml.marker(role, 8)
        drawn.append(xml.series(number, name, look, xml.labels(None, points), bars, categories, values, _SMOOTH))
    return xml.chart_space(_lines(drawn) + _slot_axes(spec, bounds), _legend(spec))


def funnel(spec: _Spec, sheet: Sheet) -> bytes:
    """Return values against `x` (participants); limits and the target are lines, `own` is named at its point."""
    # LibreOffice leaves lines out when the first series of a scatter has no marks.
    spec = _in_drawing_order(spec, {"own": 2} | dict.fromkeys(_LINES, 1))
    bounds = value_bounds(spec)
    drawn: list[str] = []
    for number, one in enumerate(spec["series"]):
        role = role_look(one["role"])
        is_line = one["role"] in _LINES
        pairs = (
            sorted(zip(one["x"], one["values"], strict=True))
            if is_line
            else list(zip(one["x"], one["values"], strict=True))
        )
        across = sheet.numbers("xVal", f"{one['name']}: n", [x for x, _ in pairs])
        up = sheet.numbers("yVal", one["name"], [y for _, y in pairs])
        name = sheet.title()
        look = (
            xml.stroke(role) + xml.marker(role_look("limit")) if is_line else _points(role, is_own=one["role"] == "own")
        )
        labels = "" if is_line else xml.labels(*_point_labels(one))
        drawn.append(xml.series(number, name, look, _stressed_points(one), labels, across, up, _SMOOTH))
    x_axis = xml.Axis(
        "b", spec["axis_title"] or "участников", has_grid=False, has_line=True, labels="low", bounds=_across(spec)
    )
    y_axis = xml.Axis("l", spec["value_title"], bounds=bounds, number_format=_axis_format(bounds), labels="low")
    axes = xml.value_axis(x_axis, own=xml.CATEGORY_AXIS, crossed=xml.VALUE_AXIS, between="midCat") + xml.value_axis(
        y_axis, between="midCat"
    )
    scatter = (
        '<c:scatterChart><c:scatterStyle val="lineMarker"/><c:varyColors val="0"/>'
        f"{''.join(drawn)}{xml.AXIS_IDS}</c:scatterChart>"
    )
    return xml.chart_space(scatter + axes, _legend(spec))


def _across(spec: _Spec) -> tuple[float, float, float]:
    most = max((float(x) for one in spec["series"] for x in one["x"]), default=1.0)
    step = _step(most * 1.1)
    return 0.0, math.ceil(most * 1.1 / step) * step, step


def value_bounds(spec: _Spec) -> tuple[float, float, float]:
    """Return minimum, maximum and step of the axis of values: round numbers around all points and intervals."""
    numbers = [float(value) for one in spec["series"] for value in _shown(one) if value is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    room = max(high - low, 1.0) * 0.12
    bottom = low - room if low < 0 or low - room > 0 else 0.0
    top = high + room
    step = _step(top - bottom)
    lowest, highest = math.floor(bottom / step) * step, math.ceil(top / step) * step
    if high <= 100 < highest and spec["value_title"].endswith("%"):
        highest = 100
    return spec.get("minimum", lowest), spec.get("maximum", highest), step


def _step(length: float) -> float:
    """Return a round step that divides a length into eight parts at most."""
    size = 10.0 ** math.floor(math.log10(max(length, 1.0) / 8))
    return max(next(one * size for one in _STEPS if one * size * 8 >= length), 1.0)


def _shown(one: _Spec) -> Iterable[float | None]:
    yield from one["values"]
    yield from one.get("low") or ()
    yield from one.get("high") or ()


def _axis_format(bounds: tuple[float, float, float]) -> str:
    return xml.number_format([bounds[2]])


def _lines(drawn: Sequence[str]) -> str:
    return (
        f'<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{"".join(drawn)}<c:marker val="1"/>'
        f"{xml.AXIS_IDS}</c:lineChart>"
    )


def _slot_axes(spec: _Spec, bounds: tuple[float, float, float]) -> str:
    room = spec["width_mm"] * 0.85 / max(len(spec["categories"]), 1)
    # Longer words than a slot is wide are turned: a program that finds no room for a label leaves it out.
    longest = max((len(word) for category in spec["categories"] for word in category.split()), default=0)
    is_turned = longest * _LETTER_MM > room
    category = xml.Axis(
        "b",
        spec["axis_title"],
        labels="low" if spec.get("shows_categories", True) else "none",
        rotation="-5400000" if is_turned else "0",
        skip=1,
        is_grouped=bool(spec.get("groups")),
    )
    value = xml.Axis("l", spec["value_title"], bounds=bounds, number_format=_axis_format(bounds))
    return xml.category_axis(category) + xml.value_axis(value)


_LINES_FIRST: Final = {"own": 2} | dict.fromkeys(_LINES, 0)


def _in_drawing_order(spec: _Spec, order: Mapping[str, int] = _LINES_FIRST) -> dict[str, Any]:
    """Return the specification with the own unit last, so that it is drawn on top; roles without an order count 1."""
    default = 0 if order is not _LINES_FIRST else 1
    return {**spec, "series": sorted(spec["series"], key=lambda one: order.get(one["role"], default))}


def _categories(spec: _Spec, sheet: Sheet) -> str:
    if spec.get("groups"):
        return sheet.grouped_texts(spec["groups"], spec["categories"])
    return sheet.texts("cat", "", spec["categories"])


def _legend(spec: _Spec) -> str:
    """Return the legend; a name that several series share stands there once."""
    names = xml.series_names(spec)
    return xml.legend([n for n, name in enumerate(names) if name in names[:n]]) if len(names) > 1 else ""


def _interval_bars(one: _Spec, role: Role, sheet: Sheet) -> str:
    """Return error bars; the workbook holds the bounds themselves, and the distances to them as formulas."""
    if not one.get("low"):
        return ""
    values, lows, highs = one["values"], one["low"], one["high"]
    value_column = len(sheet.columns) - 1
    value, low, high = (_cell(value_column + shift) for shift in range(3))
    sheet.numbers("val", f"{one['name']}: нижняя граница", lows)
    sheet.numbers("val", f"{one['name']}: верхняя граница", highs)
    down = [None if bound is None or v is None else v - bound for v, bound in zip(values, lows, strict=True)]
    up = [None if bound is None or v is None else bound - v for v, bound in zip(values, highs, strict=True)]
    minus = sheet.numbers("minus", f"{one['name']}: вниз", down, f"{value}-{low}")
    plus = sheet.numbers("plus", f"{one['name']}: вверх", up, f"{high}-{value}")
    return xml.error_bars("y", minus, plus, role.ink, width=max(role.width, 1.0))


def _joints(after: _Spec, before: _Spec, sheet: Sheet) -> str:
    pairs = list(zip(before["values"], after["values"], strict=True))
    down = [None if b is None or a is None else max(a - b, 0.0) for b, a in pairs]
    up = [None if b is None or a is None else max(b - a, 0.0) for b, a in pairs]
    was, became = _cell(len(sheet.columns) - 2), _cell(len(sheet.columns) - 1)
    minus = sheet.numbers("minus", "рост", down, f"MAX({became}-{was},0)")
    plus = sheet.numbers("plus", "снижение", up, f"MAX({was}-{became},0)")
    return xml.error_bars("y", minus, plus, xml.GREY, caps=False, width=1.5)


def _cell(column: int) -> str:
    return f"{letter(column)}{{row}}"


def _is_above(value: float, pair: float | None, *, default: bool) -> bool:
    return default if pair is None or pair == value else value > pair


def _points(role: Role, *, is_own: bool) -> str:
    return xml.NO_LINE + xml.marker(role, 10 if is_own else 6)


def _line_or_dashes(one: _Spec, role: Role) -> str:
    """Return a line for one value all along, dashes for values of their own at each category."""
    known = {value for value in one["values"] if value is not None}
    if len(known) <= 1:
        return xml.stroke(role) + xml.marker(role_look("limit"))
    look = f"<c:spPr>{xml.colour(role.ink)}{xml.line(role.ink)}</c:spPr>"
    mark = f'<c:marker><c:symbol val="dash"/><c:size val="12"/>{look}</c:marker>'
    return xml.NO_LINE + mark


def _stressed_points(one: _Spec) -> str:
    own = xml.marker(role_look("own"), 10)
    return "".join(f'<c:dPt><c:idx val="{point}"/>{own}<c:bubble3D val="0"/></c:dPt>' for point in one.get("own", ()))


def _point_labels(one: _Spec) -> tuple[Label | None, dict[int, Label]]:
    """Return the labels of a series of points: texts of single points; name and value of the own unit."""
    told = {point: Label("r", words=words) for point, words in enumerate(one.get("labels", ())) if words}
    is_own = one["role"] == "own"
    return (
        Label("r", xml.number_format(one["values"]), ground="FFFFFF", with_name=True) if is_own and not told else None
    ), told


def _side_by_side(spec: _Spec) -> dict[str, Any]:
    """Return the specification with a slot for each series of points, and an empty one between categories."""
    points = [number for number, one in enumerate(spec["series"]) if one["role"] not in _LINES]
    if len(points) < 2:
        return dict(spec)
    width = len(points) + 1

    def spread(values: Sequence[Any] | None, place: int) -> list[Any] | None:
        if not values:
            return None
        return [value if slot == place else None for value in values for slot in range(width)]

    def filled(values: Sequence[Any]) -> list[Any]:
        return [value for value in values for _ in range(width)]

    series: list[dict[str, Any]] = []
    for number, one in enumerate(spec["series"]):
        if number not in points:
            series.append({**one, "values": filled(one["values"])})
            continue
        place = points.index(number)
        lists = {key: spread(one.get(key), place) for key in ("values", "low", "high")}
        series.append({**one, **lists, "own": [point * width + place for point in one.get("own", ())]})
    groups = [category if slot == 0 else "" for category in spec["categories"] for slot in range(width)]
    return {**spec, "categories": [" "] * len(groups), "groups": groups, "series": series}


def _end_labels(spec: _Spec, bounds: tuple[float, float, float]) -> list[str]:
    """Return the names to stand at the ends of lines; nothing where they would run into each other or be too wide."""
    if len(spec["series"]) == 1:
        return []
    lasts = [one["values"][-1] if one["values"] else None for one in spec["series"]]
    if any(value is None for value in lasts):
        return []
    names = xml.series_names(spec)
    if max(map(len, names)) * _LETTER_MM > _WIDEST_ENDS * spec["width_mm"]:
        return []
    per_mm = (bounds[1] - bounds[0]) / max(spec["height_mm"] * 0.75, 1.0)
    known = sorted(value for value in lasts if value is not None)
    gaps = [after - before for before, after in pairwise(known)]
    return names if all(gap >= per_mm * _LABEL_MM for gap in gaps) else []


def _line_labels(spec: _Spec, number: int, *, is_direct: bool) -> str:
    """Return labels of all points of one or two lines, of the first and the last points of several."""
    one = spec["series"][number]
    form = xml.number_format([value for other in spec["series"] for value in other["values"]])
    paint = role_look(one["role"]).ink
    points: dict[int, Label] = {}
    has_bars = any(other.get("low") for other in spec["series"])
    if len(spec["series"]) <= 2:
        rival = spec["series"][1 - number]["values"] if len(spec["series"]) == 2 else [None] * len(one["values"])
        for point, (value, other) in enumerate(zip(one["values"], rival, strict=True)):
            if value is not None:
                side = "t" if _is_above(value, other, default=number == 0) else "b"
                points[point] = Label("r" if has_bars else side, form, paint, "FFFFFF" if has_bars else "")
    elif is_direct and one["values"][0] is not None:
        points[0] = Label("l", form, paint)
    if is_direct:
        points[len(one["values"]) - 1] = Label("r", form, paint, with_name=True)
    return xml.labels(None, points)


def _room_for_ends(spec: _Spec, ends: Sequence[str]) -> str:
    width, height = spec["width_mm"], spec["height_mm"]
    left = (14.0 if spec["value_title"] else 9.0) / width
    half_slot = 0.5 / max(len(spec["categories"]), 1)
    names = (max(map(len, ends)) + 7) * _LETTER_MM / width
    # The last point stands half a slot before the plot's end; the names begin there.
    plot = min((1 - left - names) / (1 - half_slot), 1 - left - 0.01)
    bottom = (12.0 if spec["axis_title"] else 7.0) / height
    return xml.plot_layout(left, 3.0 / height, plot, 1 - 3.0 / height - bottom)
