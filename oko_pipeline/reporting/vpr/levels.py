"""Results of a unit in a work as a note needs them, and how far two of them differ. No wording of findings here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from oko_pipeline.statistics.differences import newcombe_interval
from oko_pipeline.statistics.intervals import Interval, wilson_interval

MARKS: Final = (2, 3, 4, 5)
JOURNAL: Final = ("lower", "same", "higher")


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0 to 1) with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two shares with its 95 % interval; `is_clear` says that the interval leaves zero out."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether the difference goes beyond chance at 95 %."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Level:
    """Results of one unit in one work: a school, a class, a municipality, a region.

    `marks` are the shares of «2» … «5», `base` of «3» and above, `good` of «4» and «5»; None where the work has no
    marks. `journal` are the shares lower / same / higher than the journal mark.
    """

    name: str
    where_ru: str
    participants: int
    marked: int = 0
    counts: tuple[int, ...] | None = None
    marks: tuple[Share, ...] | None = None
    base: Share | None = None
    good: Share | None = None
    pairs: int = 0
    journal: tuple[Share, ...] | None = None
    gaps: int | None = None
    mean_percent: float | None = None

    @property
    def short_name(self) -> str:
        """Return the name without what is in brackets: a region stands in one column whatever its source."""
        return self.name.partition(" (")[0]

    @property
    def high(self) -> Share | None:
        """Return the share of «5»."""
        return None if self.marks is None else self.marks[3]


def wilson_shares(counts: Sequence[float], n: int) -> tuple[Share, ...]:
    """Return the shares counts/n with Wilson's 95 % intervals.

    Args:
        counts: successes; may be fractional when recovered from a published percentage.
        n: trials, at least 1.
    """
    successes = np.clip(np.asarray(counts, dtype=np.float64), 0, n)
    bounds = wilson_interval(successes, n)
    return tuple(
        Share(float(value), float(low), float(high))
        for value, low, high in zip(successes / n, bounds.low, bounds.high, strict=True)
    )


def difference(own: Share, other: Share) -> Difference:
    """Return own − other with Newcombe's hybrid score interval (Newcombe 1998, method 10) for independent groups."""
    bounds = newcombe_interval(own.value, _bounds(own), other.value, _bounds(other))
    return Difference(own.value - other.value, float(bounds.low), float(bounds.high))


def _bounds(share: Share) -> Interval:
    return Interval(np.asarray(share.low), np.asarray(share.high))


def summary_level(record: Mapping[str, Any], name: str, where_ru: str) -> Level:
    """Return the level of a row of `result_summary`."""
    marks = tuple(_share(record, f"mark_{mark}") for mark in MARKS)
    journal = tuple(_share(record, f"journal_{kind}") for kind in JOURNAL)
    has_marks = all(share is not None for share in marks)
    return Level(
        name=name,
        where_ru=where_ru,
        participants=int(record["participants_count"]),
        marked=int(record["marked_count"]),
        counts=tuple(int(record[f"mark_{mark}_count"]) for mark in MARKS) if has_marks else None,
        marks=tuple(share for share in marks if share is not None) if has_marks else None,
        base=_share(record, "base_level"),
        good=_share(record, "good_level"),
        pairs=int(record["journal_pairs_count"]),
        journal=tuple(share for share in journal if share is not None)
        if all(share is not None for share in journal)
        else None,
        gaps=None if record["journal_gap_2_count"] is None else int(record["journal_gap_2_count"]),
        mean_percent=record["mean_percent"],
    )


def counted_level(counts: Sequence[float], name: str, where_ru: str) -> Level:
    """Return the level of a group known by its numbers of «2» … «5» (possibly fractional); needs at least one mark."""
    n = round(sum(counts))
    shares = wilson_shares([*counts, sum(counts[1:]), sum(counts[2:])], n)
    return Level(
        name=name,
        where_ru=where_ru,
        participants=n,
        marked=n,
        marks=shares[:4],
        base=shares[4],
        good=shares[5],
    )


def published_level(rows: Sequence[Mapping[str, Any]], name: str, where_ru: str) -> Level | None:
    """Return the level of a unit's rows of `published_results` (measures mark and journal); None without marks.

    Percentages rounded by the publisher may sum to 99.9 or 100.1: they are taken as they are.
    """
    marks = {row["item"]: row for row in rows if row["measure"] == "mark" and row["value_percent"] is not None}
    if any(str(mark) not in marks for mark in MARKS):
        return None
    participants = _published_participants(rows)
    if not participants:
        return None
    counts = [marks[str(mark)]["value_percent"] / 100 * participants for mark in MARKS]
    level = counted_level(counts, name, where_ru)
    journal = {row["item"]: row for row in rows if row["measure"] == "journal" and row["value_percent"] is not None}
    if any(kind not in journal for kind in JOURNAL):
        return level
    pairs = max(int(row["participants_count"] or participants) for row in journal.values())
    return Level(
        name=name,
        where_ru=where_ru,
        participants=level.participants,
        marked=level.marked,
        marks=level.marks,
        base=level.base,
        good=level.good,
        pairs=pairs,
        journal=wilson_shares([journal[kind]["value_percent"] / 100 * pairs for kind in JOURNAL], pairs),
    )


def rest_of(whole: Level, part: Level, where_ru: str) -> Level | None:
    """Return `whole` without `part`, so that a unit is not compared with itself; None when nobody is left."""
    if whole.counts is None or part.counts is None:
        return None
    counts = [all_count - own_count for all_count, own_count in zip(whole.counts, part.counts, strict=True)]
    return counted_level(counts, whole.name, where_ru) if sum(counts) > 0 and min(counts) >= 0 else None


def _published_participants(rows: Sequence[Mapping[str, Any]]) -> int:
    stated = [row["value_count"] for row in rows if row["measure"] == "participants" and row["value_count"] is not None]
    beside = [row["participants_count"] for row in rows if row["participants_count"] is not None]
    return int(max(stated or beside or [0]))


def _share(record: Mapping[str, Any], name: str) -> Share | None:
    value = record[f"{name}_share"]
    if value is None:
        return None
    return Share(float(value), float(record[f"{name}_low"]), float(record[f"{name}_high"]))
