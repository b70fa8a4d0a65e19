"""Confidence intervals of shares, means and ratios, vectorised over groups.

What cannot be computed is NaN, never zero: no pupils, one pupil where a spread is needed, no variance. Does not belong
here: which figure gets which interval (`analysis`), how it is shown (`reporting`).
"""

from functools import lru_cache
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

CONFIDENCE: Final = 0.95

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """Lower and upper bounds of one interval per group."""

    low: Floats
    high: Floats


class RatioSums(NamedTuple):
    """Sums over the pupils of each group that make a ratio estimate and its variance.

    `pupils` counts those with a denominator above zero; `y` is the numerator of a pupil, `x` the denominator.
    """

    pupils: Floats
    y: Floats
    x: Floats
    yy: Floats
    xy: Floats
    xx: Floats


@lru_cache(maxsize=8)
def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """Return the two-sided standard normal quantile: 1.95996 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def student_quantile(degrees: npt.ArrayLike, confidence: float = CONFIDENCE) -> Floats:
    """Return two-sided Student quantiles; NaN where `degrees` is below 1."""
    # scipy.special alone: it loads in a tenth of the time of scipy.stats, and only when an interval is asked for.
    from scipy.special import stdtrit

    freedom = np.asarray(degrees, dtype=np.float64)
    distinct, place = np.unique(freedom, return_inverse=True)
    quantiles = np.full(distinct.shape, np.nan)
    defined = distinct >= 1
    quantiles[defined] = stdtrit(distinct[defined], (1 + confidence) / 2)
    return quantiles[place].reshape(freedom.shape)


def wilson_interval(successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson score intervals of shares, without continuity correction.

    Formula: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n); Wilson 1927, method 3 of Newcombe 1998
    (Statistics in Medicine 17:857). Successes need not be whole (a mean proportion times n); n = 0 gives NaN.
    """
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    p = np.asarray(successes, dtype=np.float64) / n
    z2 = normal_quantile(confidence) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # Rounding leaves 1e-17 in place of an exact bound at 0 of n and n of n.
    low = np.where(p == 0, 0.0, centre - half)
    high = np.where(p == 1, 1.0, centre + half)
    return Interval(low, high)


def mean_interval(
    mean: npt.ArrayLike, deviation: npt.ArrayLike, count: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Interval:
    """Return Student intervals of means: mean ± t(n−1)·s/√n, s with n−1.

    NaN for n < 2 and for s = 0: a group without variance says nothing about the spread, a zero width would claim
    certainty.
    """
    n = np.asarray(count, dtype=np.float64)
    centre = np.asarray(mean, dtype=np.float64)
    s = np.asarray(deviation, dtype=np.float64)
    s = np.where((s > 0) & (n >= 2), s, np.nan)
    half = student_quantile(n - 1, confidence) * s / np.sqrt(np.where(n > 0, n, np.nan))
    return Interval(centre - half, centre + half)


def ratio_interval(sums: RatioSums, confidence: float = CONFIDENCE) -> Interval:
    """Return intervals of the ratio Σy/Σx of a group (mean solvability), clipped to [0, 1].

    Pupils are the sampling units: R ± t(n−1)·√(n/(n−1)·Σ(y−Rx)²)/Σx (linearised variance of a ratio, Cochran 1977,
    6.3). With equal denominators it is exactly the Student interval of the mean per-pupil proportion y/x. Where all
    pupils have the same proportion, Student's width is zero and would claim certainty; the Wilson interval of n pupils,
    the widest possible for a proportion within [0, 1], stands instead. n < 2 gives NaN.
    """
    n = np.where(sums.pupils >= 2, sums.pupils, np.nan)
    x = np.where(sums.x > 0, sums.x, np.nan)
    ratio = sums.y / x
    squares = sums.yy - 2 * ratio * sums.xy + ratio * ratio * sums.xx
    # Integer sums up to 1e15 leave relative noise of 1e-12 in the difference: below it there is no variance.
    varies = squares > 1e-12 * np.maximum(sums.xx, 1.0)
    half = student_quantile(n - 1, confidence) * np.sqrt(n / (n - 1) * np.where(varies, squares, np.nan)) / x
    flat = wilson_interval(ratio * n, n, confidence)
    low = np.where(varies, ratio - half, flat.low)
    high = np.where(varies, ratio + half, flat.high)
    return Interval(np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))
