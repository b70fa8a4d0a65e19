"""Rows of pupils that are none or whose values moved one column aside: told apart before the columns are read.

A moved row fits its headings badly and those beside them well. Scores are small numbers everywhere, so a row that moved
behind its descriptive columns is known by its variant, which is gone, and its tasks, which add up one column further.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.collection.headers import cell_text, folded_text
from oko_pipeline.collection.layout import Cell

_TOTAL_ROW: Final = re.compile(r"(?:итог\w*|всего|общий итог|средн\w+|максим\w+|миним\w+|сумма)\b.*")
_LEAST_GAIN: Final = 2
_LEAST_SUM: Final = 2
_MOST: Final = 0.9
_NOTHING: Final = frozenset({"", None})


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose values are known when seen. `fits` tells True for a value, None for an empty cell, else False."""

    column: int
    fits: Callable[[Cell], bool | None]
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What the rows of a table are made of: typed columns from left to right, the columns of total and tasks."""

    typed: tuple[TypedColumn, ...]
    variants: tuple[int, ...]
    total: int
    tasks: tuple[int, ...]
    score_of: Callable[[Cell], int | None]


@dataclass(frozen=True, slots=True)
class Shift:
    """Values of a row stand `offset` columns aside (1: too far to the right) from `column` on."""

    column: int
    offset: int

    @property
    def side_ru(self) -> str:
        """Return to which side the values moved."""
        return "вправо" if self.offset > 0 else "влево"


def suspects(plan: RowPlan, rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return the indices of rows that fit their headings so badly that they may have moved."""
    faults = [0] * len(rows)
    found: set[int] = set()
    for typed in plan.typed:
        fits = {value: typed.fits(value) for value in {row[typed.column] for row in rows}}
        wrong = {value for value, answer in fits.items() if answer is False or (answer is None and typed.is_required)}
        lines = [line for line, row in enumerate(rows) if row[typed.column] in wrong] if wrong else []
        for line in lines:
            faults[line] += 1
        # A column faulty from top to bottom is filled in badly, not moved.
        if len(lines) < _MOST * len(rows):
            found.update(lines)
    found |= {line for line, count in enumerate(faults) if count >= _LEAST_GAIN}
    for column, offset in (*((column, 0) for column in plan.variants), (plan.total, 1)):
        blank = [line for line, row in enumerate(rows) if row[column] in _NOTHING]
        # An export that gives hardly anybody's variant tells nothing by its empty cells.
        if len(blank) < _MOST * len(rows):
            found |= {line for line in blank if _adds_up(plan, rows[line], offset) == bool(offset)}
    return sorted(found)


def shift_of(plan: RowPlan, row: Sequence[Cell]) -> Shift | None:
    """Return how the values of a row moved: the shift under which every typed cell fits, and more cells than now."""
    best: tuple[int, Shift] | None = None
    for offset in (1, -1):
        for start in _starts(plan, row, offset):
            fit = _fit(plan, row, start, offset)
            # Of starts that fit alike the last one before a faulty cell lost its value; an empty cell was put in first.
            if fit is not None and (best is None or fit > best[0] or (fit == best[0] and offset < 0 > best[1].offset)):
                best = fit, Shift(start, offset)
    return best[1] if best is not None and best[0] - _count(plan, row) >= _LEAST_GAIN else None


def not_of_pupil(plan: RowPlan, row: Sequence[Cell], header: Sequence[str]) -> str | None:
    """Return what a row without anybody's result is: a total, a heading repeated, a note; None for a pupil's row."""
    filled = [(place, folded_text(value)) for place, value in enumerate(row) if cell_text(value)]
    if len(filled) > 2 and all(place < len(header) and text == folded_text(header[place]) for place, text in filled):
        return "повторный заголовок таблицы"
    if any(_TOTAL_ROW.fullmatch(text) for _, text in filled[:3]):
        return "итоговая строка"
    if any(typed.is_required and typed.fits(row[typed.column]) for typed in plan.typed):
        return None
    has_result = any(plan.score_of(row[column]) is not None for column in (plan.total, *plan.tasks))
    has_variant = any(cell_text(row[column]) for column in plan.variants)
    return None if has_result or has_variant else "пояснение без результатов"


def _starts(plan: RowPlan, row: Sequence[Cell], offset: int) -> list[int]:
    """Return the columns from which values may have moved: to the right only where an empty cell was put in."""
    places = range(min((*plan.variants, *(typed.column for typed in plan.typed)), default=0), plan.total + 1)
    if offset < 0:
        return list(places)
    first = next(iter(places), 0)
    return [place for place in range(max(first - 1, 0), plan.total + 1) if row[place] in _NOTHING]


def _fit(plan: RowPlan, row: Sequence[Cell], start: int, offset: int) -> int | None:
    """Return how many typed cells fit under a shift; None when one does not.

    The cell that was taken out of a row that moved to the left is lost: its column is empty.
    """
    fitting = 0
    for typed in plan.typed:
        answer = typed.fits(_at(row, typed.column, start, offset))
        if answer is False or (answer is None and typed.is_required):
            return None
        fitting += answer is True
    return fitting + _adds_up(plan, row, offset if start <= plan.total else 0)


def _count(plan: RowPlan, row: Sequence[Cell]) -> int:
    """Return how many typed cells fit as they stand, less those that do not."""
    answers = [typed.fits(row[typed.column]) for typed in plan.typed]
    return answers.count(True) - answers.count(False) + _adds_up(plan, row, 0)


def _adds_up(plan: RowPlan, row: Sequence[Cell], offset: int) -> bool:
    """Tell whether the tasks add up to the total, and to more than chance gives."""
    total = plan.score_of(_at(row, plan.total, -1, offset))
    if total is None or total < _LEAST_SUM or not plan.tasks:
        return False
    return total == sum(plan.score_of(_at(row, column, -1, offset)) or 0 for column in plan.tasks)


def _at(row: Sequence[Cell], column: int, start: int, offset: int) -> Cell:
    if offset < 0 and column == start:
        return ""
    place = column + offset if column >= start else column
    return row[place] if 0 <= place < len(row) else ""
