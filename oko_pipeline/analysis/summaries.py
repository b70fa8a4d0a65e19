"""Summary results and score distributions of one assessment: counts first, every statistic from the counts."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope, counts_or_null, picked, ratio, unit_columns
from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.analysis.units import Units
from oko_pipeline.catalogue.columns import SIZE_TIERS, SUBGROUPS
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCORE_DISTRIBUTION
from oko_pipeline.statistics.intervals import mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places
from oko_pipeline.works import Works

MARKS: Final = (2, 3, 4, 5)
_COUNTERS: Final = (
    "rows",
    "absent",
    *(f"mark_{mark}" for mark in MARKS),
    "lower",
    "same",
    "higher",
    "gap_2",
    "over_maximum",
    "sum_mismatch",
)
_PLACE: Final = {name: place for place, name in enumerate(_COUNTERS)}
_SEXES: Final = ("м", "ж")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PupilFacts:
    """What is known of each work, as arrays: scored and absent, the total, the two marks (0 — none), the flags."""

    is_scored: npt.NDArray[np.bool_]
    is_absent: npt.NDArray[np.bool_]
    sex: npt.NDArray[np.intp]
    score: Ints
    mark: Ints
    journal_mark: Ints
    is_over_maximum: npt.NDArray[np.bool_]
    is_sum_mismatch: npt.NDArray[np.bool_]
    are_marks_known: bool
    is_journal_known: bool


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Additive counts of groups: `histogram` (groups × distinct scores), counters (groups × `_COUNTERS`)."""

    scores: Ints
    histogram: Ints
    counters: Ints

    def counter(self, name: str) -> Ints:
        """Return one counter of all groups."""
        return self.counters[:, _PLACE[name]]


def pupil_facts(
    works: Works, task_scores: npt.NDArray[np.int8], scale: ScaleBounds | None, maximum_score: int | None
) -> PupilFacts:
    """Read the works' columns into arrays and give every pupil a mark where the rules allow one.

    Marks are by the scale; without a scale, those reported in the file. A total above the maximum has no mark.
    """
    rows = works.rows
    status = rows["status"].to_numpy(dtype=object)
    is_scored = (status == "scored") & rows["primary_score"].notna().to_numpy()
    score = rows["primary_score"].to_numpy(dtype=np.int64, na_value=0)
    is_over = is_scored & (score > maximum_score) if maximum_score is not None else np.zeros(len(rows), dtype=bool)
    if scale is not None:
        bounds = np.array([scale.minimum_3, scale.minimum_4, scale.minimum_5])
        mark = np.searchsorted(bounds, score, side="right") + 2
        is_over |= is_scored & (score > scale.maximum_score)
    else:
        mark = _valid_marks(rows["reported_mark"])
    mark = np.where(is_scored & ~is_over, mark, 0)
    journal_mark = _valid_marks(rows["journal_mark"])
    sums = np.maximum(task_scores, 0).sum(axis=1, dtype=np.int64)
    return PupilFacts(
        is_scored=is_scored,
        is_absent=status == "absent",
        sex=_sexes(rows["sex"]),
        score=score,
        mark=mark,
        journal_mark=journal_mark,
        is_over_maximum=is_over,
        is_sum_mismatch=is_scored & (sums != score) if task_scores.shape[1] else np.zeros(len(rows), dtype=bool),
        are_marks_known=scale is not None or bool(mark.any()),
        is_journal_known=bool(((mark > 0) & (journal_mark > 0)).any()),
    )


def _valid_marks(marks: pd.Series) -> Ints:
    values = marks.to_numpy(dtype=np.int64, na_value=0)
    return np.where((values >= MARKS[0]) & (values <= MARKS[-1]), values, 0)


def _sexes(sex: pd.Series) -> npt.NDArray[np.intp]:
    """Return 0 for an unknown sex, else the place in `SUBGROUPS`."""
    values = sex.to_numpy(dtype=object)
    return np.where(values == _SEXES[0], 1, np.where(values == _SEXES[1], 2, 0))


def count_cells(facts: PupilFacts, units: Units) -> GroupCounts:
    """Count once per cell class × sex: row `3 · class + sex`. All later figures are sums of these rows."""
    scores, score_place = np.unique(facts.score[facts.is_scored], return_inverse=True)
    cell = units.class_of_work * len(SUBGROUPS) + facts.sex
    width = len(scores) + len(_COUNTERS)
    difference = facts.mark - facts.journal_mark
    has_pair = (facts.mark > 0) & (facts.journal_mark > 0)
    flags = {
        "rows": np.ones(len(cell), dtype=bool),
        "absent": facts.is_absent,
        **{f"mark_{mark}": facts.mark == mark for mark in MARKS},
        "lower": has_pair & (difference < 0),
        "same": has_pair & (difference == 0),
        "higher": has_pair & (difference > 0),
        "gap_2": has_pair & (np.abs(difference) >= 2),
        "over_maximum": facts.is_over_maximum,
        "sum_mismatch": facts.is_sum_mismatch,
    }
    places = [cell[facts.is_scored] * width + score_place]
    places += [cell[flags[name]] * width + len(scores) + place for name, place in _PLACE.items()]
    cells = units.class_count * len(SUBGROUPS)
    counts = np.bincount(np.concatenate(places), minlength=cells * width).reshape(cells, width)
    return GroupCounts(scores, counts[:, : len(scores)], counts[:, len(scores) :])


def roll_up_counts(cells: GroupCounts, units: Units) -> tuple[GroupCounts, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return counts of all groups that hold a work, with the unit and the place in `SUBGROUPS` of each group.

    Groups stand by unit, then subgroup. Classes have the subgroup all only.
    """
    table = np.concatenate([cells.histogram, cells.counters], axis=1)
    by_sex = table.reshape(units.class_count, len(SUBGROUPS), -1)
    everyone = units.roll_up(by_sex.sum(axis=1))
    above = units.above_class_count
    boys_and_girls = [units.roll_up(by_sex[:, sex])[:above] for sex in (1, 2)]
    unit = np.concatenate([np.arange(len(everyone)), np.arange(above), np.arange(above)])
    subgroup = np.repeat(np.arange(len(SUBGROUPS)), [len(everyone), above, above])
    stacked = np.concatenate([everyone, *boys_and_girls])
    order = np.lexsort((subgroup, unit))
    order = order[stacked[order, len(cells.scores) + _PLACE["rows"]] > 0]
    stacked = stacked[order]
    width = len(cells.scores)
    return GroupCounts(cells.scores, stacked[:, :width], stacked[:, width:]), unit[order], subgroup[order]


def result_summary(scope: Scope, facts: PupilFacts, maximum_score: int | None) -> pd.DataFrame:
    """Return `result_summary`: assessment × unit × subgroup."""
    groups, unit, subgroup = roll_up_counts(count_cells(facts, scope.units), scope.units)
    participants = groups.histogram.sum(axis=1)
    columns: dict[str, object] = {
        **unit_columns(scope, unit),
        "subgroup": picked(SUBGROUPS, subgroup),
        "participants_count": participants,
        "absent_count": groups.counter("absent"),
        "size_tier": picked(SIZE_TIERS, tier_places(participants, scope.options.tier_bounds)),
        **_score_columns(groups, participants, maximum_score),
        **_mark_columns(groups, is_known=facts.are_marks_known),
        **_journal_columns(groups, is_known=facts.is_journal_known),
        "over_maximum_count": groups.counter("over_maximum"),
        "sum_mismatch_count": groups.counter("sum_mismatch"),
    }
    return RESULT_SUMMARY.conform(pd.DataFrame(columns))


def _score_columns(groups: GroupCounts, n: Ints, maximum_score: int | None) -> dict[str, npt.NDArray[np.float64]]:
    total = groups.histogram @ groups.scores
    squares = groups.histogram @ groups.scores**2
    mean = ratio(total, n)
    # Whole numbers up to here: the usual cancellation of a one-pass variance cannot happen.
    deviation = np.sqrt(ratio(n * squares - total**2, n * (n - 1)))
    interval = mean_interval(mean, deviation, n)
    return {
        "mean_score": mean,
        "sd_score": deviation,
        "mean_score_low": interval.low,
        "mean_score_high": interval.high,
        "median_score": _quantile(groups, n, 0.5),
        "quartile_1_score": _quantile(groups, n, 0.25),
        "quartile_3_score": _quantile(groups, n, 0.75),
        "mean_percent": mean / maximum_score * 100 if maximum_score else np.full(len(n), np.nan),
    }


def _quantile(groups: GroupCounts, n: Ints, probability: float) -> npt.NDArray[np.float64]:
    """Return quantiles from histograms by linear interpolation of order statistics (Hyndman and Fan, type 7)."""
    if not len(groups.scores):
        return np.full(len(n), np.nan)
    position = np.maximum(n - 1, 0) * probability
    lower = np.floor(position).astype(np.int64)
    cumulative = groups.histogram.cumsum(axis=1)
    last = len(groups.scores) - 1
    below = groups.scores[np.minimum((cumulative <= lower[:, None]).sum(axis=1), last)]
    above = groups.scores[np.minimum((cumulative <= np.minimum(lower + 1, n - 1)[:, None]).sum(axis=1), last)]
    return np.where(n > 0, below + (position - lower) * (above - below), np.nan)


def _mark_columns(groups: GroupCounts, *, is_known: bool) -> dict[str, object]:
    counts = {mark: groups.counter(f"mark_{mark}") for mark in MARKS}
    marked = sum(counts.values(), np.zeros(len(groups.counters), dtype=np.int64))
    columns: dict[str, object] = {"marked_count": marked}
    columns |= {f"mark_{mark}_count": counts_or_null(counts[mark], is_known=is_known) for mark in MARKS}
    for mark in MARKS:
        columns |= _share_columns(f"mark_{mark}", counts[mark], marked)
    columns |= _share_columns("base_level", marked - counts[2], marked)
    return columns | _share_columns("good_level", counts[4] + counts[5], marked)


def _journal_columns(groups: GroupCounts, *, is_known: bool) -> dict[str, object]:
    counts = {name: groups.counter(name) for name in ("lower", "same", "higher")}
    pairs = counts["lower"] + counts["same"] + counts["higher"]
    columns: dict[str, object] = {"journal_pairs_count": pairs}
    columns |= {f"journal_{name}_count": counts_or_null(count, is_known=is_known) for name, count in counts.items()}
    columns["journal_gap_2_count"] = counts_or_null(groups.counter("gap_2"), is_known=is_known)
    for name, count in counts.items():
        columns |= _share_columns(f"journal_{name}", count, pairs)
    return columns


def _share_columns(name: str, count: Ints, whole: Ints) -> dict[str, npt.NDArray[np.float64]]:
    interval = wilson_interval(count, whole)
    return {f"{name}_share": ratio(count, whole), f"{name}_low": interval.low, f"{name}_high": interval.high}


def score_distribution(scope: Scope, facts: PupilFacts) -> pd.DataFrame:
    """Return `score_distribution`: assessment × unit (no class) × primary score that someone has.

    A score nobody has makes no row: the median school has ten distinct scores of a possible forty.
    """
    units = scope.units
    scores, score_place = np.unique(facts.score[facts.is_scored], return_inverse=True)
    places = units.class_of_work[facts.is_scored] * len(scores) + score_place
    by_class = np.bincount(places, minlength=units.class_count * len(scores)).reshape(units.class_count, len(scores))
    counts = units.roll_up(by_class)[: units.above_class_count]
    unit, place = np.nonzero(counts)
    columns: dict[str, object] = {
        **unit_columns(scope, unit),
        "score": scores[place],
        "participants_count": counts[unit, place],
        "share": counts[unit, place] / counts.sum(axis=1)[unit],
    }
    return SCORE_DISTRIBUTION.conform(pd.DataFrame(columns))
