"""Patterns of task results: easy tasks worse and hard ones better than peers, mark groups whose profiles cross."""

import numpy as np

from oko_pipeline.analysis.objectivity.measured import Measured
from oko_pipeline.analysis.objectivity.options import SignalOptions
from oko_pipeline.analysis.objectivity.pupils import Floats, Ints, Pupils
from oko_pipeline.statistics.proportion_tests import simes_by_group, upper_score, upper_tail

_FEWEST_TASKS = 6


def task_profile_turn(pupils: Pupils, options: SignalOptions) -> Measured | None:
    """Compare easy and hard tasks with peers of the same total; None for a paper of too few tasks.

    `effect` is the mean residual of the easiest third of tasks minus that of the hardest third, as a share of the
    maximum: negative where hard tasks are solved and easy ones are not. z is positive there.
    """
    solved, score = pupils.solved[pupils.is_scored], pupils.score[pupils.is_scored]
    school = pupils.school[pupils.is_scored]
    tasks = np.flatnonzero(~np.isnan(solved).all(axis=0)) if len(solved) else np.array([], dtype=np.intp)
    if len(tasks) < _FEWEST_TASKS:
        return None
    solved = solved[:, tasks]
    third = len(tasks) // 3
    order = np.argsort(-np.nanmean(solved, axis=0), kind="stable")
    residuals = solved - _expected(solved, score)
    contrast = _mean_of(residuals[:, order[:third]]) - _mean_of(residuals[:, order[-third:]])
    is_known = ~np.isnan(contrast)
    contrast, school, score = contrast[is_known], school[is_known], score[is_known]
    variance = _variance_by_score(contrast, score)
    count = np.bincount(school, minlength=pupils.schools)
    n = np.where(count > 0, count, np.nan)
    effect = np.bincount(school, weights=contrast, minlength=pupils.schools) / n
    error = np.sqrt(np.bincount(school, weights=variance[score], minlength=pupils.schools)) / n
    error = np.where(error > 0, error, np.nan)
    measured = Measured("task_profile", effect, np.zeros_like(effect), effect, error, -effect / error, count)
    return measured.where((count >= options.minimum_n) & ~np.isnan(error))


def _expected(solved: Floats, score: Ints) -> Floats:
    """Return for every pupil and task the mean of the pupils with the same total."""
    totals = int(score.max()) + 1
    is_known = ~np.isnan(solved)
    expected = np.empty_like(solved)
    for task in range(solved.shape[1]):
        known = is_known[:, task]
        sums = np.bincount(score[known], weights=solved[known, task], minlength=totals)
        counts = np.bincount(score[known], minlength=totals)
        expected[:, task] = (sums / np.maximum(counts, 1))[score]
    return expected


def _mean_of(values: Floats) -> Floats:
    known = (~np.isnan(values)).sum(axis=1)
    return np.nansum(values, axis=1) / np.where(known > 0, known, np.nan)


def _variance_by_score(contrast: Floats, score: Ints) -> Floats:
    """Return the variance of the contrast at each total; totals of few pupils take the variance of all."""
    counts = np.bincount(score)
    squares = np.bincount(score, weights=contrast**2)
    whole = float((contrast**2).mean()) if len(contrast) else np.nan
    few = 20
    return np.where(counts >= few, squares / np.maximum(counts - 1, 1), whole)


def mark_crossing(pupils: Pupils, options: SignalOptions) -> Measured | None:
    """Find tasks that a lower mark's group solves better than the next higher mark's; None without a sound scale.

    `value` is the share of compared lines that cross at the school, `reference` the same share over all peers' schools.
    """
    if pupils.cutoffs is None:
        return None
    is_used = pupils.is_scored & (pupils.mark > 0)
    group = pupils.school[is_used] * 4 + pupils.mark[is_used] - 2
    sums, counts = _sums(pupils.solved[is_used], group, pupils.schools * 4)
    sums, counts = sums.reshape(-1, 4, sums.shape[1]), counts.reshape(-1, 4, sums.shape[1])
    whole = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    # Lines that run together at the peers cross everywhere by chance (a weak or miskeyed task).
    is_apart = np.diff(whole, axis=0) >= options.least_gap
    is_compared = (counts[:, 1:] >= options.group_n) & (counts[:, :-1] >= options.group_n) & is_apart
    share = (sums + 1) / (counts + 2)
    variance = share * (1 - share) / (counts + 2)
    score = np.diff(share, axis=1) / np.sqrt(variance[:, 1:] + variance[:, :-1])
    place = np.nonzero(is_compared)
    p = simes_by_group(upper_tail(-score[place]), place[0], pupils.schools)
    compared = is_compared.sum(axis=(1, 2))
    mean = sums / np.where(counts > 0, counts, np.nan)
    crossed = (is_compared & (np.diff(mean, axis=1) < 0)).sum(axis=(1, 2))
    value = crossed / np.where(compared > 0, compared, np.nan)
    reference = np.full(len(value), crossed.sum() / max(1, compared.sum()))
    z = np.where(np.isnan(p), np.nan, upper_score(p))
    in_groups = np.bincount(group, minlength=pupils.schools * 4).reshape(-1, 4)
    used = np.where(in_groups >= options.group_n, in_groups, 0).sum(axis=1)
    return Measured("mark_crossing", value, reference, value - reference, np.full(len(z), np.nan), z, used)


def _sums(solved: Floats, group: np.ndarray, groups: int) -> tuple[Floats, Floats]:
    """Return sums and numbers of known shares by group and task."""
    sums = np.empty((groups, solved.shape[1]))
    counts = np.empty((groups, solved.shape[1]))
    for task in range(solved.shape[1]):
        known = ~np.isnan(solved[:, task])
        sums[:, task] = np.bincount(group[known], weights=solved[known, task], minlength=groups)
        counts[:, task] = np.bincount(group[known], minlength=groups)
    return sums, counts
