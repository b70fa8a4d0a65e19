"""Statistics of many groups at once: ranks, correlations, variances by group, without a loop over groups."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats

Places = npt.NDArray[np.intp]


class GroupedSpearman(NamedTuple):
    """Spearman's correlation by group: tie-corrected and by the simplified formula, NaN where undefined."""

    corrected: Floats
    simplified: Floats
    pairs: npt.NDArray[np.int64]


class GroupedMoments(NamedTuple):
    """Counts, means and sample variances (n−1) by group; NaN where undefined."""

    counts: npt.NDArray[np.int64]
    mean: Floats
    variance: Floats


def grouped_moments(values: npt.ArrayLike, group: Places, groups: int) -> GroupedMoments:
    """Return count, mean and variance with n−1 of each of `groups` groups; two passes, so no cancellation."""
    x = np.asarray(values, dtype=np.float64)
    count = np.bincount(group, minlength=groups)
    mean = np.bincount(group, weights=x, minlength=groups) / np.where(count > 0, count, np.nan)
    squares = np.bincount(group, weights=(x - mean[group]) ** 2, minlength=groups)
    return GroupedMoments(count, mean, squares / np.where(count > 1, count - 1, np.nan))


def grouped_midranks(values: npt.ArrayLike, group: Places) -> Floats:
    """Return the rank of each value within its group, from 1; equal values share the mean of their ranks."""
    x = np.asarray(values)
    if not len(x):
        return np.zeros(0)
    order = np.lexsort((x, group))
    sorted_group, sorted_value = group[order], x[order]
    is_new_group = np.diff(sorted_group, prepend=sorted_group[0] - 1) != 0
    is_new_run = is_new_group | (np.diff(sorted_value, prepend=sorted_value[0]) != 0)
    starts = np.flatnonzero(is_new_run)
    run = np.cumsum(is_new_run) - 1
    ends = np.append(starts[1:], len(x))
    group_start = np.flatnonzero(is_new_group)[np.cumsum(is_new_group) - 1]
    ranks = np.empty(len(x))
    # Ranks a … b of a run of equal values have the mean (a + b) / 2.
    ranks[order] = (starts[run] + ends[run] - 1) / 2 - group_start + 1
    return ranks


def grouped_spearman(left: npt.ArrayLike, right: npt.ArrayLike, group: Places, groups: int) -> GroupedSpearman:
    """Return Spearman's correlation of the pairs of each group.

    `corrected` is Pearson's correlation of mid-ranks; `simplified` is 1 − 6Σd²/(n(n²−1)) on the same mid-ranks, right
    only without ties. Below 2 pairs both are NaN; without variance on one side `corrected` is.
    """
    x, y = grouped_midranks(left, group), grouped_midranks(right, group)
    n = np.bincount(group, minlength=groups)
    middle = (n + 1) / 2
    u, v = x - middle[group], y - middle[group]
    xy, xx, yy = (np.bincount(group, weights=product, minlength=groups) for product in (u * v, u * u, v * v))
    squares = np.bincount(group, weights=(x - y) ** 2, minlength=groups)
    spread = np.sqrt(xx * yy)
    corrected = xy / np.where(spread > 0, spread, np.nan)
    pairs = np.where(n > 1, n, np.nan)
    return GroupedSpearman(corrected, 1 - 6 * squares / (pairs * (pairs**2 - 1)), n)


def grouped_distinct(values: npt.ArrayLike, group: Places, groups: int) -> npt.NDArray[np.int64]:
    """Return the number of distinct values of each group."""
    _, place = np.unique(np.asarray(values), return_inverse=True)
    width = int(place.max(initial=0)) + 1
    pairs = np.unique(group.astype(np.int64) * width + place)
    return np.bincount(pairs // width, minlength=groups)
