"""One page for a head: what is known, what to do first and until when, what the data do not say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

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
from oko_pipeline.reporting.complex_analysis.view import SharedRows, View, school_view
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Руководителю ОО: главное за год на одной странице"
MOST_POINTS: Final = 6
MOST_ACTIONS: Final = 5
POINT_LENGTH: Final = 340
ACTION_LENGTH: Final = 260
CONTROL_LENGTH: Final = 100
SILENT_LENGTH: Final = 240
PAGE_HEIGHT: Final = 198.0
"""Millimetres of a page that heading, what is not known and the line about the issue leave to points and table."""
_POINT_LINE: Final = 5.7
_TABLE_LINE: Final = 4.7
_POINT_SIGNS: Final = 78
_CELL_SIGNS: Final = (43, 16, 11, 17)
"""Height of a line in millimetres and signs that a line holds: of a point, of the table's columns."""
_HEADS: Final = ("heads", "deputies")
_COLUMNS: Final = (
    ("Что сделать", 5.6, "text"),
    ("Кому поручить", 2.2, "text"),
    ("Срок", 1.4, "text"),
    ("По чему увидим", 2.4, "text"),
)


def summaries(data: CycleData) -> Iterator[Content]:
    """Yield a page for the head of each school that has results or recommendations, in order of codes."""
    shared: SharedRows = {}
    for school in data.schools():
        view = school_view(data, school, shared)
        context = _context(view)
        if context is not None:
            yield Content(view.code, context)


@dataclass(frozen=True, slots=True)
class _Point:
    """A point and the figures that it names."""

    text: str
    figures: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Action:
    """A thing to do as a row of the table and the figures that it names."""

    row: Spec
    figures: tuple[dict[str, Any], ...]


def _context(view: View) -> Context | None:
    found = results.results(view.data, "school", view.code)
    known, actions = _fitted(_known(view, found), _actions(advice.recommendations(view, "school", view.code)))
    if not known and not actions:
        return None
    silent = [_shorter(point) for point in _said(view, lambda own: gaps(own).points)[:1]]
    for said in (*known, *actions, *silent):
        view.figures.taken.extend(said.figures)
    rows = [action.row for action in actions]
    context = heading(view.data, "school", view.code, _TITLE) | {
        "sections": {
            "known": section(points=[point.text for point in known]),
            "first": section(tables=[table("Что сделать в первую очередь", _COLUMNS, rows)]),
            "silent": section(text=[point.text for point in silent]),
        }
    }
    return finished(context, view.data, view.figures)


def _known(view: View, found: Sequence[Result]) -> list[_Point]:
    """Return what is known, what is said of the whole year first."""
    speakers: tuple[Callable[[View], Sequence[str]], ...] = (
        lambda own: [results.coverage_point(own, found)] if found else [],
        lambda own: school_comparison(own).points[-1:],
        lambda own: [results.lowest_point(own, found)],
        lambda own: beside_others(own, found).points,
        lambda own: dynamics(own).points,
        lambda own: deficits(own).points,
        lambda own: school_risks(own).points,
        lambda own: agreement(own, found).points,
    )
    known: list[_Point] = []
    for speaker in speakers:
        if len(known) < MOST_POINTS:
            known += _said(view, speaker)
    return known[:MOST_POINTS]


def _said(view: View, speaker: Callable[[View], Sequence[str]]) -> list[_Point]:
    """Return the points of a section with those of its figures that they name: the section itself is not shown."""
    apart = replace(view, figures=Figures())
    points = [advice.first_sentences(point, POINT_LENGTH) for point in speaker(apart) if point]
    by_text = {figure["text"]: figure for figure in apart.figures.taken}
    return [_Point(point, tuple(one for name, one in by_text.items() if _is_named(name, point))) for point in points]


def _shorter(point: _Point) -> _Point:
    text = advice.first_sentences(point.text, SILENT_LENGTH)
    return _Point(text, tuple(one for one in point.figures if _is_named(one["text"], text)))


def _is_named(number: str, text: str) -> bool:
    # «19 %, тот же дефицит»: a comma ends a number unless a digit follows. Numbers are many: a pattern of each would
    # cost ten times as much as looking.
    start = text.find(number)
    while start >= 0:
        end = start + len(number)
        if not _goes_on(text[end : end + 2]) and not _goes_on(text[max(start - 2, 0) : start][::-1]):
            return True
        start = text.find(number, start + 1)
    return False


def _goes_on(beside: str) -> bool:
    """Tell whether a number goes on in the two signs beside it, the nearest first."""
    return beside[:1].isdecimal() or (beside[:1] == "," and beside[1:].isdecimal())


def _fitted(points: Sequence[_Point], actions: Sequence[_Action]) -> tuple[list[_Point], list[_Action]]:
    """Return as many points and things to do as a page holds: the last of the longer list gives way first."""
    kept, shown = list(points), list(actions)
    while height([point.text for point in kept], [action.row for action in shown]) > PAGE_HEIGHT:
        (kept if len(kept) > len(shown) else shown).pop()
    return kept, shown


def height(points: Sequence[str], rows: Sequence[Spec]) -> float:
    """Return the height of points and table in millimetres as the default template sets them."""
    lines = sum(ceil(len(point) / _POINT_SIGNS) for point in points)
    table_lines = sum(
        max(ceil(len(cell) / signs) for cell, signs in zip(one["cells"], _CELL_SIGNS, strict=True)) for one in rows
    )
    return lines * _POINT_LINE + table_lines * _TABLE_LINE


def _actions(own: Sequence[Row]) -> list[_Action]:
    """Return the first things to do: the head's own first, then those that the head delegates; one of a kind."""
    ordered = [
        *(one for one in own if one["addressee"] in _HEADS),
        *(one for one in own if one["addressee"] not in _HEADS),
    ]
    chosen: dict[str, Row] = {}
    for one in ordered:
        chosen.setdefault(str(one["title_ru"]), one)
    return [_action(one) for one in list(chosen.values())[:MOST_ACTIONS]]


def _action(one: Row) -> _Action:
    figures = Figures()
    control = "expected_ru" if one["expected_ru"] else "control_ru"
    made = row(
        figures.text(one, "text_ru", advice.first_sentences(str(one["text_ru"]), ACTION_LENGTH)),
        advice.addressee_dative(str(one["addressee"])),
        day_ru(one["due_on"]),
        figures.text(one, control, advice.first_sentences(str(one[control] or ru.DASH), CONTROL_LENGTH)),
    )
    return _Action(made, tuple(figures.taken))
