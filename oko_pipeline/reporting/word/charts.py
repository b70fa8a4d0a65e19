"""Chart specifications → native Word charts: editable, sharp at any size, with their numbers in an embedded workbook.

A chart specification is plain data: `{"block": "chart", "kind", "categories", "series": [{"name", "role", "values"}],
"alt", "axis_title", "value_title", "width_mm", "height_mm"}`; `reporting.sections.chart` makes it.

Kinds, by the question they answer:

- `stacked`: how a whole is shared, horizontal bars of 100 %, a series a part.
- `histogram`: how scores are spread, columns of counts, a series a mark zone.
- `profile`: which tasks are hard, columns of percent, a series a level, benchmark marks over them.
- `bars`: how large, horizontal bars with their values; `maximum` ends the axis, `direction` "col" makes columns.
- `line`: how it changes over years; the names stand at the ends of the lines.
- `interval`: how sure, points with 95 % intervals (series with `low` and `high`), a benchmark of one value as a line.
- `funnel`: is a unit beyond chance, values against `x` (n); roles `limit`, `outer_limit`, `benchmark` are lines.
- `strip`: where a unit stands among alike ones, a slot a unit in the order of categories (codes, never results);
  `groups` names clusters below the slots (a name where one begins, empty within), `shows_categories` hides codes.
- `before_after`: what changed, a pair of points a category, series of roles `before` and `after`.

A series may bring `own` (positions of points to stress) and, in funnels and strips, `labels` (a text or None a point).
Series of one name stand in the legend once. The role names the look (`chart_looks.ROLES`). Bounds of values are found
from the numbers; `minimum` and `maximum` set them. Looks differ in lightness, pattern, dash and shape, so that a
black-and-white print keeps them apart.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.word.chart_bars import BAR_LOOKS, bar_chart, bar_heights
from oko_pipeline.reporting.word.chart_points import before_after, funnel, interval, line_chart, strip
from oko_pipeline.reporting.word.chart_workbook import workbook_bytes
from oko_pipeline.reporting.word.chart_xml import CHART_NAMESPACE, Sheet

EMU_PER_MM: Final = 36_000
_TALLEST_MM: Final = 225.0

_WRITERS: Final[Mapping[str, Callable[[Mapping[str, Any], Sheet], bytes]]] = {
    **dict.fromkeys(BAR_LOOKS, bar_chart),
    "line": line_chart,
    "interval": interval,
    "funnel": funnel,
    "strip": strip,
    "before_after": before_after,
}
CHART_KINDS: Final = tuple(_WRITERS)


def chart_parts(spec: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the chart part's XML and the embedded workbook (xlsx) of a chart specification.

    Args:
        spec: the specification (see the module's text); a value of None is a gap.

    Raises:
        ContractError: for a kind or a role that is not known.
    """
    write = _WRITERS.get(spec["kind"])
    if write is None:
        raise ContractError(f"Диаграммы вида «{spec['kind']}» нет; есть {ru.listed(CHART_KINDS)}.")
    sheet = Sheet()
    written = write(spec, sheet)
    return written, workbook_bytes(sheet.columns)


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
    extent = f'cx="{wide}" cy="{round(chart_height(spec) * EMU_PER_MM)}"'
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0"'
        f' distR="0"><wp:extent {extent}/><wp:docPr id="{shape_id}" name="Диаграмма {shape_id}"'
        f' descr={quoteattr(spec["alt"])}/><wp:cNvGraphicFramePr/><a:graphic><a:graphicData uri="{CHART_NAMESPACE}">'
        f'<c:chart r:id="{relationship_id}"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )


def chart_height(spec: Mapping[str, Any]) -> float:
    """Return a chart's height in millimetres: what is asked for, within what its bars need and fill."""
    least, greatest = bar_heights(spec)
    return min(max(min(float(spec["height_mm"]), greatest), least), _TALLEST_MM)
