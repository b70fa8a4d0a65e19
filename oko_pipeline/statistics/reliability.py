"""Reliability of a test and discrimination of its items, for many groups at once, from sums over pupils.

A score of an item is any number, so polytomous items need nothing of their own. What cannot be computed (no pupils, one
pupil, no variance, one item) is NaN. Does not belong here: which works and items take part (`analysis.items`).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, Interval, normal_quantile


class ItemSums(NamedTuple):
    """Sums over the complete works of groups: works n, totals t (groups); item scores x (groups × items).

    `xt` sums the products of an item's score with the total of the same work.
    """

    n: Floats
    x: Floats
    xx: Floats
    xt: Floats
    t: Floats
    tt: Floats


class Moments(NamedTuple):
    """Sample moments (n − 1): variances of items, their covariances with the total, variance of the total."""

    n: Floats
    item: Floats
    with_total: Floats
    total: Floats


class Reliability(NamedTuple):
    """Cronbach's alpha of groups, with the alpha of the test without each item (groups × items)."""

    alpha: Floats
    sd_score: Floats
    sem_score: Floats
    alpha_if_deleted: Floats


def item_moments(sums: ItemSums) -> Moments:
    """Return the moments of groups; NaN for fewer than two works. Whole-number sums leave exact numerators."""
    n = np.asarray(sums.n, dtype=np.float64)
    pairs = np.where(n >= 2, n * (n - 1), np.nan)
    each, each_pairs = n[:, None], pairs[:, None]
    return Moments(
        n=n,
        item=(each * sums.xx - sums.x * sums.x) / each_pairs,
        with_total=(each * sums.xt - sums.x * sums.t[:, None]) / each_pairs,
        total=(n * sums.tt - sums.t * sums.t) / pairs,
    )


def _alpha(count: int, items: Floats, total: Floats) -> Floats:
    if count < 2:
        return np.full(total.shape, np.nan)
    return count / (count - 1) * (1 - items / np.where(total > 0, total, np.nan))


def cronbach_alpha(moments: Moments) -> Reliability:
    """Return alpha = k/(k−1)·(1 − Σσ²ᵢ/σ²ₜ) (Cronbach 1951), SEM = σₜ·√(1 − alpha), and alpha without each item.

    Items that nobody or everybody solved count in k, as they do in the total.
    """
    count = moments.item.shape[1]
    items = moments.item.sum(axis=1)
    alpha = _alpha(count, items, moments.total)
    rest = moments.total[:, None] - 2 * moments.with_total + moments.item
    deleted = _alpha(count - 1, items[:, None] - moments.item, _without_noise(rest, moments.total[:, None]))
    deviation = np.sqrt(moments.total)
    return Reliability(alpha, deviation, deviation * np.sqrt(1 - alpha), deleted)


def _without_noise(values: Floats, scale: Floats) -> Floats:
    """Return variances with what rounding leaves of zero made zero."""
    return np.where(values > 1e-12 * scale, values, 0.0)


def feldt_interval(alpha: npt.ArrayLike, works: npt.ArrayLike, items: int, confidence: float = CONFIDENCE) -> Interval:
    """Return intervals of alpha: 1 − (1 − alpha)·F with n−1 and (n−1)(k−1) degrees of freedom.

    Feldt 1965 (Psychometrika 30:357), as Feldt, Woodruff and Salih 1987 write it. It assumes normal, essentially
    tau-equivalent items and pupils drawn one by one.
    """
    from scipy.special import fdtri

    given = np.asarray(alpha, dtype=np.float64)
    n = np.asarray(works, dtype=np.float64)
    freedom = np.where((n >= 2) & (items >= 2), n - 1, np.nan)
    other = freedom * (items - 1)
    upper_f = fdtri(freedom, other, (1 + confidence) / 2)
    lower_f = fdtri(freedom, other, (1 - confidence) / 2)
    return Interval(1 - (1 - given) * upper_f, 1 - (1 - given) * lower_f)


def item_rest_correlation(moments: Moments) -> Floats:
    """Return Pearson's correlation of each item with the sum of the others (groups × items), NaN without variance.

    From moments: (cov(x, t) − var x) / √(var x · var(t − x)); Henrysson 1963 (Psychometrika 28:211).
    """
    rest = moments.total[:, None] - 2 * moments.with_total + moments.item
    rest = _without_noise(rest, moments.total[:, None])
    spread = moments.item * rest
    return (moments.with_total - moments.item) / np.sqrt(np.where(spread > 0, spread, np.nan))


def fisher_interval(correlation: npt.ArrayLike, count: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Return intervals of Pearson's correlation by Fisher's z with the standard error 1/√(n − 3); NaN below n = 4.

    A correlation of exactly ±1 has no interval: the sample shows no spread about the line.
    """
    r = np.asarray(correlation, dtype=np.float64)
    n = np.asarray(count, dtype=np.float64)
    z = np.arctanh(np.where(np.abs(r) < 1, r, np.nan))
    half = normal_quantile(confidence) / np.sqrt(np.where(n > 3, n - 3, np.nan))
    return Interval(np.tanh(z - half), np.tanh(z + half))


class UpperLower(NamedTuple):
    """Difference of the solved shares of the best and the weakest works (groups × items), and their number."""

    difference: Floats
    group_size: Floats


def upper_lower_index(
    histogram: npt.NDArray[np.int64], item_sums: npt.NDArray[np.int64], maxima: Floats, fraction: float
) -> UpperLower:
    """Return Kelley's upper–lower index: (mean of the upper group − mean of the lower group) / maximum.

    Each group is exactly `fraction` of the works by total score (Kelley 1939: 27 %). Where the border falls inside
    works of equal score, the group takes all of them with an equal part of their weight, so no order of rows decides.

    Args:
        histogram: works by total score, ascending (groups × scores).
        item_sums: sums of item scores of these works (groups × scores × items).
        maxima: largest score of each item.
        fraction: part of the works in each group, above 0 and at most 0.5.
    """
    n = histogram.sum(axis=1)
    wanted = fraction * n
    held = histogram.astype(np.float64)
    below = np.cumsum(held, axis=1) - held
    above = n[:, None] - below - held
    means: list[Floats] = []
    for passed in (above, below):
        taken = np.clip(wanted[:, None] - passed, 0.0, held)
        weight = taken / np.where(held > 0, held, 1.0)
        sums = np.einsum("gs,gsi->gi", weight, item_sums)
        means.append(sums / np.where(wanted > 0, wanted, np.nan)[:, None])
    return UpperLower((means[0] - means[1]) / maxima, wanted)
