"""Quality of tasks and reliability of the test by unit of observation, all schools at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope, picked, ratio, repeated, unit_columns
from oko_pipeline.analysis.items.complete_works import MARKS, CompleteWorks, roll_up_schools
from oko_pipeline.analysis.items.options import (
    RELIABILITY_METHOD,
    TASK_QUALITY_METHOD,
    ItemOptions,
)
from oko_pipeline.analysis.task_profile import TaskProfile
from oko_pipeline.analysis.units import sum_rows
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_items import TASK_QUALITY, TEST_RELIABILITY
from oko_pipeline.statistics.differences import newcombe_interval
from oko_pipeline.statistics.intervals import Interval, RatioSums, ratio_interval
from oko_pipeline.statistics.reliability import (
    ItemSums,
    Moments,
    Reliability,
    cronbach_alpha,
    feldt_interval,
    fisher_interval,
    item_moments,
    item_rest_correlation,
    upper_lower_index,
)
from oko_pipeline.statistics.size_tiers import tier_places

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_GROUPS = len(MARKS)


@dataclass(frozen=True, slots=True)
class ScoreCube:
    """Works and item scores of units by total score: `histogram` (units × scores), `sums` (… × tasks).

    `squares` are sums of squared item scores (units × tasks), `scores` the distinct totals.
    """

    scores: Ints
    histogram: Ints
    sums: Ints
    squares: Ints

    def item_sums(self) -> ItemSums:
        """Return the sums that reliability and discrimination are made of; whole numbers until here."""
        n = self.histogram.sum(axis=1)
        return ItemSums(
            *(
                part.astype(np.float64)
                for part in (
                    n,
                    self.sums.sum(axis=1),
                    self.squares,
                    np.einsum("usk,s->uk", self.sums, self.scores),
                    self.histogram @ self.scores,
                    self.histogram @ self.scores**2,
                )
            )
        )


def score_cube(scope: Scope, complete: CompleteWorks) -> ScoreCube:
    """Count works and add item scores by school and total score, then for the units above."""
    scores, place = np.unique(complete.total, return_inverse=True)
    schools, width, tasks = complete.schools_count, len(scores), len(complete.taken)
    cell = complete.school * width + place
    order = np.argsort(cell, kind="stable")
    ordered = complete.scores[order].astype(np.int64)
    sums = sum_rows(ordered, cell[order], schools * width).reshape(schools, width, tasks)
    squares = sum_rows(ordered * ordered, complete.school[order], schools)
    histogram = np.bincount(cell, minlength=schools * width).reshape(schools, width)
    return ScoreCube(scores, *(roll_up_schools(part, scope.units) for part in (histogram, sums, squares)))


@dataclass(frozen=True, slots=True)
class MarkGroups:
    """Works, solved shares and intervals of groups by mark: units × marks (× tasks); NaN in a group too small."""

    counts: Ints
    share: Floats
    interval: Interval


def mark_groups(scope: Scope, complete: CompleteWorks, minimum: int) -> MarkGroups:
    """Return results of tasks in the groups that got «2», «3», «4», «5»."""
    marked = np.flatnonzero(complete.mark > 0)
    cell = complete.school[marked] * _GROUPS + complete.mark[marked] - MARKS[0]
    order = np.argsort(cell, kind="stable")
    cell = cell[order]
    scores = complete.scores[marked[order]].astype(np.int64)
    shape = (complete.schools_count, _GROUPS, len(complete.taken))

    def summed(values: Ints) -> Floats:
        by_school = sum_rows(values, cell, shape[0] * _GROUPS).reshape(shape)
        return roll_up_schools(by_school, scope.units).astype(np.float64)

    by_school = np.bincount(cell, minlength=shape[0] * _GROUPS).reshape(shape[:2])
    counts = roll_up_schools(by_school, scope.units)
    n = np.where(counts >= minimum, counts, 0)[..., None] * np.ones(shape[2])
    y, yy, maxima = summed(scores), summed(scores * scores), complete.maxima
    is_told = n > 0
    y, yy = np.where(is_told, y, 0.0), np.where(is_told, yy, 0.0)
    interval = ratio_interval(RatioSums(n, y, n * maxima, yy, y * maxima, n * maxima**2))
    return MarkGroups(counts, ratio(y, n * maxima), interval)


@dataclass(frozen=True, slots=True)
class Crossings:
    """Greatest fall of a task's solved share from a lower mark to the next higher one (units × tasks)."""

    gap: Floats
    pair: npt.NDArray[np.intp]
    is_certain: npt.NDArray[np.bool_]
    is_known: npt.NDArray[np.bool_]


_PAIRS = tuple((low, high) for low in range(_GROUPS) for high in range(low + 1, _GROUPS))
_PAIR_TEXTS = tuple(f"{MARKS[low]}>{MARKS[high]}" for low, high in _PAIRS)


def crossings(groups: MarkGroups) -> Crossings:
    """Compare neighbouring groups by mark (a group too small is passed over), and tell which falls are certain."""
    is_told = ~np.isnan(groups.share)
    gaps, lows = [], []
    for low, high in _PAIRS:
        between = is_told[:, low + 1 : high].any(axis=1)
        fall = np.where(between, np.nan, groups.share[:, low] - groups.share[:, high])
        found = newcombe_interval(
            groups.share[:, low],
            Interval(groups.interval.low[:, low], groups.interval.high[:, low]),
            groups.share[:, high],
            Interval(groups.interval.low[:, high], groups.interval.high[:, high]),
        )
        gaps.append(fall)
        lows.append(np.where(np.isnan(fall), np.nan, found.low))
    falls, bounds = np.stack(gaps), np.stack(lows)
    is_known = np.any(~np.isnan(falls), axis=0)
    filled = np.where(np.isnan(falls), -np.inf, falls)
    pair = filled.argmax(axis=0)
    worst = filled.max(axis=0)
    return Crossings(
        gap=np.where(is_known, np.maximum(worst, 0.0), np.nan),
        pair=np.where(is_known & (worst > 0), pair, -1),
        is_certain=np.any(bounds > 0, axis=0),
        is_known=is_known,
    )


def not_reached(scope: Scope, complete: CompleteWorks) -> Ints:
    """Count the works that stopped before a task: it and all after it were not attempted (units × tasks)."""
    trailing = np.logical_and.accumulate(complete.is_skipped[:, ::-1], axis=1)[:, ::-1]
    return roll_up_schools(sum_rows(trailing.astype(np.int64), complete.school, complete.schools_count), scope.units)


def quality_tables(
    scope: Scope, profile: TaskProfile, complete: CompleteWorks, options: ItemOptions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `task_quality` and `test_reliability`: units (no class) with enough complete works, and level all.

    Level all has its counts whatever their number; what too few works cannot tell is empty there as well.
    """
    own = options.quality
    cube = score_cube(scope, complete)
    sums = cube.item_sums()
    is_enough = sums.n >= own.minimum_works
    moments = _of_enough(item_moments(sums), is_enough)
    reliability = cronbach_alpha(moments)
    units = np.flatnonzero(is_enough | (scope.units.levels[: len(sums.n)] == 0))
    correlation = item_rest_correlation(moments)
    bounds = fisher_interval(correlation, sums.n[:, None])
    extremes = upper_lower_index(cube.histogram, cube.sums, complete.maxima, own.extreme_fraction)
    groups = mark_groups(scope, complete, own.mark_group_minimum)
    crossed = crossings(groups)
    task = np.tile(np.arange(len(complete.taken)), len(units))
    unit = np.repeat(units, len(complete.taken))
    cell = (unit, task)
    n = sums.n.astype(np.int64)
    columns: dict[str, object] = {
        **unit_columns(scope, unit),
        "position": profile.positions[complete.taken][task],
        "task_code": picked(profile.codes, complete.taken[task]),
        "works_count": n[unit],
        "size_tier": picked(SIZE_TIERS, tier_places(n[unit], options.tier_bounds)),
        "discrimination": correlation[cell],
        "discrimination_low": bounds.low[cell],
        "discrimination_high": bounds.high[cell],
        "upper_lower_index": np.where(is_enough[unit], extremes.difference[cell], np.nan),
        "upper_lower_count": np.where(extremes.group_size > 0, extremes.group_size, np.nan)[unit],
        "alpha_if_deleted": reliability.alpha_if_deleted[cell],
        "not_reached_share": ratio(not_reached(scope, complete), sums.n[:, None])[cell],
        **_mark_columns(groups, cell, are_marks_known=bool((complete.mark > 0).any())),
        "crossing_gap": crossed.gap[cell],
        "crossing_marks": picked(_PAIR_TEXTS, crossed.pair[cell]),
        "is_weak": _flags(bounds.high < own.weak_below, ~np.isnan(bounds.high), cell),
        "is_possibly_miskeyed": _flags(bounds.high < 0, ~np.isnan(bounds.high), cell),
        "is_crossing": _flags(crossed.is_certain, crossed.is_known, cell),
        **_repeated_method(TASK_QUALITY_METHOD, len(unit)),
    }
    quality = TASK_QUALITY.conform(pd.DataFrame(columns))
    return quality, _reliability_table(scope, complete, reliability, sums, options).iloc[units].reset_index(drop=True)


def _of_enough(moments: Moments, is_enough: npt.NDArray[np.bool_]) -> Moments:
    known = np.where(is_enough, 1.0, np.nan)
    return Moments(moments.n, moments.item * known[:, None], moments.with_total * known[:, None], moments.total * known)


def _mark_columns(
    groups: MarkGroups, cell: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], *, are_marks_known: bool
) -> dict[str, object]:
    unit, task = cell
    columns: dict[str, object] = {}
    for place, mark in enumerate(MARKS):
        unknown = np.full(len(unit), not are_marks_known)
        columns[f"mark_{mark}_count"] = pd.arrays.IntegerArray(groups.counts[unit, place].astype(np.int64), unknown)
        columns[f"mark_{mark}_solved_share"] = groups.share[unit, place, task]
        columns[f"mark_{mark}_solved_low"] = groups.interval.low[unit, place, task]
        columns[f"mark_{mark}_solved_high"] = groups.interval.high[unit, place, task]
    return columns


def _flags(
    flags: npt.NDArray[np.bool_], is_known: npt.NDArray[np.bool_], cell: tuple[npt.NDArray[np.intp], ...]
) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.BooleanArray(flags[cell], ~is_known[cell])


def _repeated_method(method_id: str, count: int) -> dict[str, object]:
    return {name: repeated(text, count) for name, text in method_columns(method_id).items()}


def _reliability_table(
    scope: Scope, complete: CompleteWorks, reliability: Reliability, sums: ItemSums, options: ItemOptions
) -> pd.DataFrame:
    units = np.arange(len(sums.n))
    n = sums.n.astype(np.int64)
    interval = feldt_interval(reliability.alpha, sums.n, len(complete.taken))
    left_out = ";".join(str(place + 1) for place in complete.left_out)
    columns: dict[str, object] = {
        **unit_columns(scope, units),
        "works_count": n,
        "scored_count": roll_up_schools(complete.scored_by_school, scope.units),
        "size_tier": picked(SIZE_TIERS, tier_places(n, options.tier_bounds)),
        "tasks_count": np.full(len(units), len(complete.taken), dtype=np.int64),
        "left_out_tasks": repeated(left_out, len(units)) if left_out else picked((), units),
        "mean_score": ratio(sums.t, sums.n),
        "sd_score": reliability.sd_score,
        "alpha": reliability.alpha,
        "alpha_low": interval.low,
        "alpha_high": interval.high,
        "sem_score": reliability.sem_score,
        **_repeated_method(RELIABILITY_METHOD, len(units)),
    }
    return TEST_RELIABILITY.conform(pd.DataFrame(columns))
