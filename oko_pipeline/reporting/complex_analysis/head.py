"""One page for a head: what is known, what to do first and until when, what the data do not say."""

from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis import advice, results
from oko_pipeline.reporting.complex_analysis.agreement import agreement
from oko_pipeline.reporting.complex_analysis.change import dynamics
from oko_pipeline.reporting.complex_analysis.comparison import school_comparison
from oko_pipeline.reporting.complex_analysis.deficits import deficits
from oko_pipeline.reporting.complex_analysis.gaps import gaps
from oko_pipeline.reporting.complex_analysis.risks import school_risks
from oko_pipeline.reporting.complex_analysis.view import View, school_view
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Руководителю ОО: главное за год на одной странице"
MOST_POINTS: Final = 6
MOST_ACTIONS: Final = 5
POINT_LENGTH: Final = 300
ACTION_LENGTH: Final = 260
CONTROL_LENGTH: Final = 100
SILENT_LENGTH: Final = 330
_HEADS: Final = ("heads", "deputies")


def summaries(data: CycleData) -> Iterator[Content]:
    """Yield a page for the head of each school that has results or recommendations, in order of codes."""
    for school in data.schools():
        view = school_view(data, school)
        context = _context(view)
        if context is not None:
            yield Content(view.code, context)


def _context(view: View) -> Context | None:
    found = results.results(view.data, "school", view.code)
    points = [
        results.coverage_point(found) if found else "",
        *school_comparison(view).points[-1:],
        results.lowest_point(view, found),
        *dynamics(view).points,
        *deficits(view).points,
        *school_risks(view).points,
        *agreement(view, found).points,
    ]
    known = [ru.shortened(point, POINT_LENGTH) for point in points if point][:MOST_POINTS]
    first = _first(advice.recommendations(view, "school", view.code))
    if not known and first is None:
        return None
    silent = " ".join(point for point in gaps(view).points)
    context = heading(view.data, "school", view.code, _TITLE) | {
        "sections": {
            "known": section(points=known),
            "first": section(tables=[first]),
            "silent": section(text=[ru.shortened(silent, SILENT_LENGTH)] if silent else []),
        }
    }
    return finished(context, view.data, view.figures)


def _first(own: Sequence[Row]) -> Spec | None:
    """Return the first things to do: the head's own first, then those that the head delegates; one of a kind."""
    ordered = [
        *(one for one in own if one["addressee"] in _HEADS),
        *(one for one in own if one["addressee"] not in _HEADS),
    ]
    chosen: dict[str, Row] = {}
    for one in ordered:
        chosen.setdefault(str(one["title_ru"]), one)
    rows = [
        row(
            ru.shortened(str(one["text_ru"]), ACTION_LENGTH),
            advice.addressee_dative(str(one["addressee"])),
            day_ru(one["due_on"]),
            ru.shortened(str(one["expected_ru"] or one["control_ru"] or ru.DASH), CONTROL_LENGTH),
        )
        for one in list(chosen.values())[:MOST_ACTIONS]
    ]
    columns = [
        ("Что сделать", 5.6, "text"),
        ("Кому поручить", 2.2, "text"),
        ("Срок", 1.4, "text"),
        ("По чему увидим", 2.4, "text"),
    ]
    return table("Что сделать в первую очередь", columns, rows)
