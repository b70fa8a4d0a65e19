"""One page for a head: what is known, what to do first and until when, what the data do not say."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis import advice, results
from oko_pipeline.reporting.complex_analysis.agreement import agreement
from oko_pipeline.reporting.complex_analysis.analysis import beside_others
from oko_pipeline.reporting.complex_analysis.change import dynamics
from oko_pipeline.reporting.complex_analysis.comparison import school_comparison
from oko_pipeline.reporting.complex_analysis.deficits import deficits
from oko_pipeline.reporting.complex_analysis.gaps import gaps
from oko_pipeline.reporting.complex_analysis.results import Result
from oko_pipeline.reporting.complex_analysis.risks import school_risks
from oko_pipeline.reporting.complex_analysis.view import View, school_view
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.figures import Figures
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
    known = _known(view, found)
    first = _first(advice.recommendations(view, "school", view.code))
    if not known and first is None:
        return None
    silent = _told(view, lambda own: gaps(own).points)
    context = heading(view.data, "school", view.code, _TITLE) | {
        "sections": {
            "known": section(points=known),
            "first": section(tables=[first]),
            "silent": section(text=[advice.first_sentences(text, SILENT_LENGTH) for text in silent[:1]]),
        }
    }
    return finished(context, view.data, view.figures)


def _known(view: View, found: Sequence[Result]) -> list[str]:
    """Return what is known, what is said of the whole year first."""
    speakers: tuple[Callable[[View], Sequence[str]], ...] = (
        lambda _: [results.coverage_point(found)] if found else [],
        lambda own: school_comparison(own).points[-1:],
        lambda own: [results.lowest_point(own, found)],
        lambda own: beside_others(own, found).points,
        lambda own: dynamics(own).points,
        lambda own: deficits(own).points,
        lambda own: school_risks(own).points,
        lambda own: agreement(own, found).points,
    )
    known: list[str] = []
    for speaker in speakers:
        if len(known) < MOST_POINTS:
            known += _told(view, speaker)
    return known[:MOST_POINTS]


def _told(view: View, speaker: Callable[[View], Sequence[str]]) -> list[str]:
    """Return the points of a section; of its figures only those that the points name are the page's."""
    apart = replace(view, figures=Figures())
    points = [advice.first_sentences(point, POINT_LENGTH) for point in speaker(apart) if point]
    by_text = {figure["text"]: figure for figure in apart.figures.taken}
    text = " ".join(points)
    named = (figure for name, figure in by_text.items() if re.search(rf"(?<![\d,]){re.escape(name)}(?![\d,])", text))
    view.figures.taken.extend(named)
    return points


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
            advice.first_sentences(str(one["text_ru"]), ACTION_LENGTH),
            advice.addressee_dative(str(one["addressee"])),
            day_ru(one["due_on"]),
            advice.first_sentences(str(one["expected_ru"] or one["control_ru"] or ru.DASH), CONTROL_LENGTH),
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
