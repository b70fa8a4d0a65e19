"""Plants the dirt of real dumps into a table, cell by cell, and tells what stood there before (domain README 1.6).

A row gets one kind of dirt at most, so that a finding can be traced to its cause.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from oko_pipeline.quality import column_letter
from oko_pipeline.sample.inbox import Cell, Truth
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.tables import DumpTable

# Spellings of `X` other than the official Latin capital; their share among all `X` cells.
_X_SPELLINGS: Final = ("x", "Х", "х", "X ")
_X_SPELLING_SHARE: Final = 0.04
_JUNK: Final = ("?", "H", "Ч", "*", "-1")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where dirt goes: the table, its results, the row, the generator."""

    table: DumpTable
    results: WorkResults
    row: int
    rng: np.random.Generator


Change = tuple[int, Cell]
"""A column and its new value."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The table that gets dirty, and what it is."""

    world: World
    table: DumpTable
    results: WorkResults
    file: str


def plant_dirt(
    world: World,
    table: DumpTable,
    results: WorkResults,
    file: str,
    rng: np.random.Generator,
    *,
    keeps_totals: bool = False,
) -> list[Truth]:
    """Dirty `table` in place and return every planted cell.

    Rates are those of real rows times `options.dirt`; mathematics of grade 5 gets at least one of each kind, so that
    even a small sample has them all. `keeps_totals` leaves out what would change rows, totals and journal marks.
    """
    rate = world.options.dirt
    if rate == 0 or len(results) == 0:
        return []
    target = _Target(world, table, results, file)
    forced = results.paper.grade == 5 and results.paper.subject_code == "mathematics"
    truths = [] if keeps_totals else _duplicate_rows(target, rng)
    free = rng.permutation(np.flatnonzero(results.is_present[table.source])).tolist()
    absent = rng.permutation(np.flatnonzero(~results.is_present[table.source])).tolist()
    # A repeated row and the row it repeats stay otherwise alike.
    repeated = {row for truth in truths if truth.row is not None for row in (truth.row, truth.row - 1)}
    free = [row for row in free if row + 2 not in repeated]
    for kind, (share, change) in _KINDS.items():
        if keeps_totals and kind in _CHANGING_TOTALS:
            continue
        pool = absent if kind == "absent_with_score" else free
        wanted = max(int(rng.poisson(share * rate * len(results))), int(forced))
        for row in [pool.pop() for _ in range(min(wanted, len(pool)))]:
            for column, value in change(_Spot(table, results, row, rng)):
                truths.append(_put(target, kind, row, column, value))
    truths += _respell_x(target, rng, repeated | {truth.row for truth in truths})
    return truths


def _duplicate_rows(target: _Target, rng: np.random.Generator) -> list[Truth]:
    """Repeat some rows right below themselves: the same once more, or with another score for the first task."""
    table, results = target.table, target.results
    forced = results.paper.grade == 5 and results.paper.subject_code == "mathematics"
    expected = 5e-5 * target.world.options.dirt * len(results)
    counts = {kind: max(int(rng.poisson(expected)), int(forced)) for kind in ("duplicate_row", "conflicting_row")}
    present = np.flatnonzero(results.is_present & (results.scores[:, 0] >= 0))
    total = min(sum(counts.values()), len(present))
    rows = np.sort(rng.choice(present, total, replace=False))
    kinds = rng.permutation([kind for kind, count in counts.items() for _ in range(count)])[:total]
    table.cells = np.insert(table.cells, rows + 1, table.cells[rows], axis=0)
    table.source = np.insert(table.source, rows + 1, table.source[rows])
    truths = []
    for place, (row, kind) in enumerate(zip(rows.tolist(), kinds.tolist(), strict=True)):
        repeated = row + place + 1
        if kind == "conflicting_row":
            old = int(results.scores[row, 0])
            new = old - 1 if old else old + 1
            _set_score(table, repeated, 0, new)
            _set_total(table, repeated, int(results.total[row]) + new - old)
        detail = f"повтор строки {repeated + 1}" + (
            "" if kind == "duplicate_row" else " с другим баллом за первое задание"
        )
        truths.append(_truth(target, kind, repeated, table.first_task, detail=detail))
    return truths


def _spaced_mark(spot: _Spot) -> list[Change]:
    mark = int(spot.results.journal[spot.table.source[spot.row]]) or 4
    return [(spot.table.mark, f"{mark}\xa0" if spot.rng.random() < 0.5 else f"\xa0{mark}")]


def _mark_out_of_range(spot: _Spot) -> list[Change]:
    return [(spot.table.mark, _like(spot.table.cells[spot.row, spot.table.mark], 1))]


def _capital_sex(spot: _Spot) -> list[Change]:
    return [(spot.table.sex, str(spot.table.cells[spot.row, spot.table.sex]).upper())]


def _junk_score(spot: _Spot) -> list[Change]:
    column = spot.table.first_task + int(spot.rng.integers(spot.table.tasks))
    return [(column, str(spot.rng.choice(_JUNK)))]


def _score_above_maximum(spot: _Spot) -> list[Change]:
    task = int(spot.rng.integers(spot.table.tasks))
    column = spot.table.first_task + task
    value = int(spot.rng.choice([spot.results.paper.tasks[task].maximum + 1, 11, 19]))
    return [(column, _like(spot.table.cells[spot.row, column], value))]


def _wrong_sum(spot: _Spot) -> list[Change]:
    total = int(spot.results.total[spot.table.source[spot.row]])
    step = int(spot.rng.choice([-2, -1, 1, 2]))
    wrong = total + step if 0 <= total + step <= spot.results.paper.maximum else total - step
    return [(spot.table.total, _like(spot.table.cells[spot.row, spot.table.total], wrong))]


def _total_above_maximum(spot: _Spot) -> list[Change]:
    wrong = spot.results.paper.maximum + int(spot.rng.choice([2, 4, 6, 8]))
    return [(spot.table.total, _like(spot.table.cells[spot.row, spot.table.total], wrong))]


def _shifted_columns(spot: _Spot) -> list[Change]:
    """Lose the mark: everything from the mark on moves into the column before it (`ж` stands where the mark was)."""
    table = spot.table
    order = sorted({table.mark, table.sex, table.school_class, table.variant, table.total})
    columns = order + list(range(table.first_task, table.first_task + table.tasks))
    columns.sort()
    # In dumps from 2022 on the mark stands behind the tasks; there the tail alone moves.
    start = columns.index(table.mark) if table.mark < table.first_task else columns.index(table.school_class)
    moved = columns[start:]
    values = [table.cells[spot.row, column] for column in moved]
    return [(column, value) for column, value in zip(moved, [*values[1:], None], strict=True)]


def _score_of_absent(spot: _Spot) -> list[Change]:
    return [(spot.table.first_task, "1")]


_KINDS: Final[dict[str, tuple[float, Callable[[_Spot], list[Change]]]]] = {
    "mark_with_nbsp": (6e-4, _spaced_mark),
    "mark_out_of_range": (1e-4, _mark_out_of_range),
    "capital_sex": (1.5e-3, _capital_sex),
    "junk_score": (6e-4, _junk_score),
    "score_above_maximum": (6e-4, _score_above_maximum),
    "sum_mismatch": (1e-3, _wrong_sum),
    "total_above_maximum": (1e-4, _total_above_maximum),
    "column_shift": (5e-5, _shifted_columns),
    "absent_with_score": (1e-4, _score_of_absent),
}

# Kinds after which marks counted from the dump differ from those counted before.
_CHANGING_TOTALS: Final = ("mark_with_nbsp", "mark_out_of_range", "sum_mismatch", "total_above_maximum", "column_shift")


def _respell_x(target: _Target, rng: np.random.Generator, dirty: set[int | None]) -> list[Truth]:
    table = target.table
    tasks = table.cells[:, table.first_task : table.first_task + table.tasks]
    rows, columns = np.nonzero(tasks == "X")
    chosen = rng.random(len(rows)) < min(0.5, _X_SPELLING_SHARE * target.world.options.dirt)
    spellings = rng.integers(0, len(_X_SPELLINGS), len(rows))
    return [
        _put(target, "x_spelling", row, table.first_task + column, _X_SPELLINGS[spelling])
        for row, column, spelling in zip(
            rows[chosen].tolist(), columns[chosen].tolist(), spellings[chosen].tolist(), strict=True
        )
        if row + 2 not in dirty
    ]


def _like(old: Cell, value: int) -> Cell:
    """Return `value` in the type of the cell it replaces: dumps mix numbers and text."""
    return float(value) if isinstance(old, float) else str(value)


def _set_score(table: DumpTable, row: int, task: int, value: int) -> None:
    column = table.first_task + task
    table.cells[row, column] = _like(table.cells[row, column], value)


def _set_total(table: DumpTable, row: int, value: int) -> None:
    table.cells[row, table.total] = _like(table.cells[row, table.total], value)


def _put(target: _Target, kind: str, row: int, column: int, value: Cell) -> Truth:
    old = target.table.cells[row, column]
    target.table.cells[row, column] = value
    truth = _truth(target, kind, row, column)
    return replace(truth, written=_text(value), clean=_text(old))


def _truth(target: _Target, kind: str, row: int, column: int, detail: str = "") -> Truth:
    results = target.results
    school = target.world.territory.schools[int(results.school[target.table.source[row]])]
    return Truth(
        kind,
        results.campaign.school_year,
        results.campaign.campaign_code,
        results.assessment_id,
        school.code,
        target.file,
        target.table.sheet,
        row + 2,
        f"{column_letter(column)}{row + 2}",
        detail=detail,
    )


def _text(value: Cell) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
