"""Differences of two shares or two means with intervals and p-values, vectorised over pairs.

Does not belong here: whether two figures may be compared at all (`analysis`).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, Interval, student_quantile


class Change(NamedTuple):
    """A difference (later − earlier), its interval, and the two-sided p-value of «no difference»."""

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats


class Sample(NamedTuple):
    """Sizes, means and sample standard deviations (n−1) of groups."""

    n: Floats
    mean: Floats
    deviation: Floats


def newcombe_interval(
    own: npt.ArrayLike, own_interval: Interval, other: npt.ArrayLike, other_interval: Interval
) -> Interval:
    """Return intervals of own − other for independent shares from their Wilson intervals.

    Hybrid score interval without continuity correction: d − √((p₁−l₁)² + (u₂−p₂)²), d + √((u₁−p₁)² + (p₂−l₂)²);
    Newcombe 1998, Statistics in Medicine 17:873, method 10.
    """
    p1, p2 = np.asarray(own, dtype=np.float64), np.asarray(other, dtype=np.float64)
    gap = p1 - p2
    low = gap - np.sqrt((p1 - own_interval.low) ** 2 + (other_interval.high - p2) ** 2)
    high = gap + np.sqrt((own_interval.high - p1) ** 2 + (p2 - other_interval.low) ** 2)
    return Interval(low, high)


def share_difference_p(
    own_successes: npt.ArrayLike, own_trials: npt.ArrayLike, other_successes: npt.ArrayLike, other_trials: npt.ArrayLike
) -> Floats:
    """Return two-sided p-values of equal shares: the score test with the pooled share (chi-square of a 2 × 2 table).

    NaN where a group is empty; 1 where all pupils of both groups are alike.
    """
    x1, n1, x2, n2 = (
        np.asarray(v, dtype=np.float64) for v in (own_successes, own_trials, other_successes, other_trials)
    )
    is_defined = (n1 > 0) & (n2 > 0)
    n1, n2 = np.where(is_defined, n1, np.nan), np.where(is_defined, n2, np.nan)
    pooled = (x1 + x2) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    gap = x1 / n1 - x2 / n2
    p_value = two_sided_p(gap / np.where(error > 0, error, np.nan))
    return np.where(is_defined & ~(error > 0), 1.0, p_value)


def welch_change(own: Sample, other: Sample, confidence: float = CONFIDENCE) -> Change:
    """Return differences of means with Welch's interval and p-value (unequal variances, Satterthwaite's freedom).

    NaN where a group has fewer than two pupils or no spread: a zero width would claim certainty.
    """
    variances: list[Floats] = []
    for n, _, deviation in (own, other):
        is_usable = (np.asarray(n) >= 2) & (np.asarray(deviation) > 0)
        variances.append(np.where(is_usable, np.square(deviation) / np.where(is_usable, n, np.nan), np.nan))
    first, second = variances
    total = first + second
    freedom = total**2 / (first**2 / (own.n - 1.0) + second**2 / (other.n - 1.0))
    return t_change(own.mean - other.mean, np.sqrt(total), freedom, confidence)


def t_change(
    value: npt.ArrayLike, error: npt.ArrayLike, freedom: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Change:
    """Return changes with Student intervals from standard errors and degrees of freedom; NaN for a zero error."""
    from scipy.special import stdtr

    gap, spread = np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64)
    degrees = np.asarray(freedom, dtype=np.float64)
    spread = np.where((spread > 0) & (degrees >= 1), spread, np.nan)
    half = student_quantile(degrees, confidence) * spread
    p_value = 2 * stdtr(degrees, -np.abs(gap / spread))
    return Change(gap, gap - half, gap + half, p_value)


def two_sided_p(z: npt.ArrayLike) -> Floats:
    """Return two-sided p-values of standard normal deviates."""
    from scipy.special import ndtr

    return 2 * ndtr(-np.abs(np.asarray(z, dtype=np.float64)))
