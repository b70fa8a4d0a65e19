"""Guards that judge a table work by work: what was found clean is not read again until its slice changes.

The rows of a region's classes are millions; a corrected file of one school changes one work. What is clean is
remembered beside the slices themselves (`slices`, under the guard's own name); a slice with faults is judged each time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from assets.inputs import record_slices
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.contracts import Table
from resources.workplace import Workplace

_SLICE: Final = "assessment_id"
_READ_AT_ONCE: Final = 8
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much of a table was looked at, how much of it is wrong, and the first faults in words."""

    checked_count: int = 0
    faults_count: int = 0
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Verdict") -> "Verdict":
        """Return the verdict of two parts of a table together."""
        notes = (*self.notes, *other.notes)[:_SHOWN]
        return Verdict(self.checked_count + other.checked_count, self.faults_count + other.faults_count, notes)


@dataclass(frozen=True, slots=True)
class SliceGuard:
    """What is judged of a table: `parts` name the verdicts that `judge` gives of some rows, all rows of some works.

    `version` is the fingerprint of all that the verdicts depend on beside the rows. `columns` are those that are read
    (the work's own is read beside them); all when it is empty.
    """

    name: str
    table: Table
    version: str
    parts: tuple[str, ...]
    judge: Callable[[pd.DataFrame], Mapping[str, Verdict]]
    columns: tuple[str, ...] = ()

    def kept_as(self, part: str) -> str:
        """Return the name under which clean slices of a part are remembered."""
        return f"{self.name}:{self.table.name}:{part}@clean"


def judge_slices(workplace: Workplace, school_year: str, guard: SliceGuard) -> dict[str, Verdict]:
    """Return the verdicts of a year of a table by part; a table that has no slices by work is read as a whole."""
    database = workplace.database
    wanted = {
        key: combine(guard.version, inputs)
        for key, inputs in database.slice_inputs(school_year, guard.table.name).items()
    }
    if guard.table.slice_by != ("school_year", _SLICE) or not wanted:
        return dict(guard.judge(database.read(guard.table, {"school_year": school_year}, guard.columns or None)))
    known = {part: database.slice_inputs(school_year, guard.kept_as(part)) for part in guard.parts}
    stale = [key for key, inputs in wanted.items() if any(known[part].get(key) != inputs for part in guard.parts)]
    fresh = set(wanted) - set(stale)
    verdicts: dict[str, Verdict] = {}
    for part in guard.parts:
        counts = database.slice_rows(school_year, guard.kept_as(part))
        verdicts[part] = Verdict(sum(counts[key] for key in fresh))
    clean: dict[str, dict[str, tuple[str, int]]] = {part: {} for part in guard.parts}
    for key, rows in _slices(workplace, school_year, guard, stale):
        for part, verdict in guard.judge(rows).items():
            verdicts[part] += verdict
            if not verdict.faults_count:
                clean[part][key] = (wanted[key], verdict.checked_count)
    with database.transaction():
        for part in guard.parts:
            forgotten = sorted(set(known[part]) - fresh - set(clean[part]))
            record_slices(workplace, school_year, guard.kept_as(part), clean[part], removed=forgotten)
    return verdicts


def _slices(
    workplace: Workplace, school_year: str, guard: SliceGuard, keys: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of some works; they are read few works at a time, for all of a region's would not fit."""
    columns = tuple(dict.fromkeys((_SLICE, *guard.columns))) if guard.columns else None
    for start in range(0, len(keys), _READ_AT_ONCE):
        some = keys[start : start + _READ_AT_ONCE]
        frame = workplace.database.read(guard.table, {"school_year": school_year, _SLICE: some}, columns)
        parts = {str(key): rows for key, rows in frame.groupby(_SLICE, sort=False)}
        for key in some:
            yield key, parts.get(key, frame.iloc[:0])
