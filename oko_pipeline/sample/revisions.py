"""A later version of a dump: some rows changed, one removed, one added — the newer file supersedes the older one."""

from dataclasses import replace
from typing import Final

import numpy as np

from oko_pipeline.quality import column_letter
from oko_pipeline.sample.inbox import Truth
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.tables import DumpTable

CHANGED_ROWS: Final = 5


def revise(world: World, table: DumpTable, results: WorkResults, path: str, dirty_rows: set[int | None]) -> list[Truth]:
    """Change `table` in place into its later version and return what was changed.

    Five clean rows get another score for a task and the total that follows; the last row is removed; a pupil is added
    to the school of the row before it.
    """
    last = len(table.cells) - 1
    present = np.flatnonzero(results.is_present[table.source])
    changeable = [
        row
        for row in present.tolist()
        if row < last - 1 and row + 2 not in dirty_rows and results.scores[table.source[row], 0] >= 0
    ]
    truths = [
        _changed(world, table, results, path, row)
        for row in changeable[:: max(1, len(changeable) // CHANGED_ROWS)][:CHANGED_ROWS]
    ]
    removed, sibling = int(table.source[last]), int(table.source[last - 1])
    added = table.cells[last - 1].copy()
    code_column = _code_column(table)
    code = int(results.participant_codes()[results.school == results.school[sibling]].max()) + 50
    added[code_column] = float(code) if isinstance(added[code_column], float) else str(code)
    table.cells[last] = added
    table.source[last] = sibling
    truths.append(_truth(world, results, removed, path, "revision_removed", f"код {_code(results, removed)}"))
    note = _truth(world, results, sibling, path, "revision_added", f"код {code}")
    truths.append(replace(note, sheet=table.sheet, row=last + 2, cell=f"{column_letter(code_column)}{last + 2}"))
    return truths


def _changed(world: World, table: DumpTable, results: WorkResults, path: str, row: int) -> Truth:
    source = int(table.source[row])
    old = int(results.scores[source, 0])
    new = old - 1 if old else old + 1
    for column, value in ((table.first_task, new), (table.total, int(results.total[source]) + new - old)):
        table.cells[row, column] = float(value) if isinstance(table.cells[row, column], float) else str(value)
    truth = _truth(world, results, source, path, "revision_changed", f"код {_code(results, source)}")
    cell = f"{column_letter(table.first_task)}{row + 2}"
    return replace(truth, sheet=table.sheet, row=row + 2, cell=cell, written=str(new), clean=str(old))


def _code_column(table: DumpTable) -> int:
    return next(table.header.index(name) for name in ("code", "код обучающегося", "Код") if name in table.header)


def _code(results: WorkResults, source: int) -> int:
    return int(results.participant_codes()[source])


def _truth(world: World, results: WorkResults, source: int, path: str, kind: str, detail: str) -> Truth:
    school = world.territory.schools[int(results.school[source])]
    return Truth(
        kind,
        results.campaign.school_year,
        results.campaign.campaign_code,
        results.assessment_id,
        school.code,
        path,
        detail=detail,
    )
