"""Control limits of funnel plots and scores against a target, for shares and means.

Spiegelhalter 2005, Statistics in Medicine 24:1185 «Funnel plots for comparing institutional performance». Two ways
for shares: exact binomial limits where a target is a fixed number, and limits on the arcsine scale, where the spread
between units can be added and which never leave 0 … 1.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats, Interval, normal_quantile

WARNING: Final = 0.95
ALARM: Final = 0.998


def arcsine(successes: npt.ArrayLike, trials: npt.ArrayLike) -> Floats:
    """Return arcsin √((x + 3/8)/(n + 3/4)): a share on a scale where its error hardly depends on it (Anscombe 1948).

    The plain arcsin √(x/n) puts twice as many small schools beyond the lower limit as it should where shares are small.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    return np.arcsin(np.sqrt((x + 0.375) / (np.where(n > 0, n, np.nan) + 0.75)))


def arcsine_target(share: npt.ArrayLike) -> Floats:
    """Return arcsin √θ: a target on the same scale."""
    return np.arcsin(np.sqrt(np.asarray(share, dtype=np.float64)))


def arcsine_error(trials: npt.ArrayLike) -> Floats:
    """Return the standard error 1/(2√(n + 1/2)) of an arcsine share (Anscombe 1948); NaN for n = 0."""
    n = np.asarray(trials, dtype=np.float64)
    return 0.5 / np.sqrt(np.where(n > 0, n, np.nan) + 0.5)


def arcsine_limits(
    target: npt.ArrayLike, trials: npt.ArrayLike, variance: npt.ArrayLike = 0.0, probability: float = WARNING
) -> Interval:
    """Return limits of shares around a target: arcsin √θ ± z·√(1/(4n+2) + τ²), taken back to shares, within 0 … 1.

    Args:
        target: θ, the share expected.
        trials: pupils of the unit.
        variance: τ², the spread between units on the arcsine scale.
        probability: share of units inside when nothing is wrong.
    """
    n = np.asarray(trials, dtype=np.float64)
    centre = arcsine_target(target)
    half = normal_quantile(probability) * np.sqrt(arcsine_error(n) ** 2 + np.asarray(variance, dtype=np.float64))
    return Interval(_share_of(centre - half, n), _share_of(centre + half, n))


def _share_of(angle: Floats, trials: Floats) -> Floats:
    n = np.where(trials > 0, trials, np.nan)
    return np.clip(((n + 0.75) * np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2 - 0.375) / n, 0.0, 1.0)


def mean_limits(
    target: npt.ArrayLike, error: npt.ArrayLike, variance: npt.ArrayLike = 0.0, probability: float = WARNING
) -> Interval:
    """Return normal limits of means around a target: θ ± z·√(s² + τ²)."""
    centre = np.asarray(target, dtype=np.float64)
    half = normal_quantile(probability) * np.sqrt(np.square(error) + np.asarray(variance, dtype=np.float64))
    return Interval(centre - half, centre + half)


def binomial_limits(target: npt.ArrayLike, trials: npt.ArrayLike, probability: float = WARNING) -> Interval:
    """Return exact control limits of a share around a fixed target, interpolated between whole counts.

    For a tail p: r is the smallest count with F(r) > p, α = (F(r) − p)/(F(r) − F(r−1)), the limit (r − α)/n
    (Spiegelhalter 2005, appendix A.1.1). n = 0 gives NaN.
    """
    tail = (1 - probability) / 2
    share, n = np.broadcast_arrays(np.asarray(target, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    # Thousands of schools have a few hundred sizes, and an exact limit is dear.
    pairs, place = np.unique(share.ravel() + 1j * n.ravel(), return_inverse=True)
    low, high = (_binomial_limit(pairs.real, pairs.imag, one)[place.ravel()] for one in (tail, 1 - tail))
    return Interval(low.reshape(share.shape), high.reshape(share.shape))


def _binomial_limit(share: Floats, n: Floats, tail: float) -> Floats:
    from scipy.special import bdtrik

    limit = np.full(share.shape, np.nan)
    is_open = (n > 0) & (share > 0) & (share < 1)
    p, whole = share[is_open], n[is_open]
    # bdtrik inverts the continuous extension; its neighbours are tried, for whole counts are wanted.
    count = np.maximum(np.floor(bdtrik(tail, whole, p)), 0.0)
    count = np.where(np.isnan(count), 0.0, count)
    count = np.where((count > 0) & (_binomial_cdf(count - 1, whole, p) > tail), count - 1, count)
    count = np.where(_binomial_cdf(count, whole, p) <= tail, count + 1, count)
    upper = _binomial_cdf(count, whole, p)
    lower = _binomial_cdf(count - 1, whole, p)
    limit[is_open] = np.clip((count - (upper - tail) / (upper - lower)) / whole, 0.0, 1.0)
    is_fixed = (n > 0) & ((share <= 0) | (share >= 1))
    limit[is_fixed] = share[is_fixed]
    return limit


def binomial_mid_p(successes: npt.ArrayLike, trials: npt.ArrayLike, target: npt.ArrayLike) -> Floats:
    """Return two-sided mid-p values of a share equal to a fixed target: 2·min(P(X<x), P(X>x)) + P(X=x), at most 1.

    The plain exact test rejects too rarely in small groups, the mid-p close to its level (Berry and Armitage 1995,
    The Statistician 44:417). Counts must be whole; n = 0 gives NaN.
    """
    x, n, p = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (successes, trials, target)))
    whole = np.where(n > 0, n, 1.0)
    below = _binomial_cdf(x - 1, whole, p)
    above = _binomial_cdf(whole - x - 1, whole, 1 - p)
    equal = np.maximum(_binomial_cdf(x, whole, p) - below, 0.0)
    return np.where(n > 0, np.minimum(2 * np.minimum(below, above) + equal, 1.0), np.nan)


def _binomial_cdf(count: Floats, trials: Floats, share: Floats) -> Floats:
    """Return P(X ≤ count) through the incomplete beta function, which takes sizes as they stand in frames."""
    from scipy.special import betainc

    is_inner = (count >= 0) & (count < trials)
    k = np.where(is_inner, count, 0.0)
    inner = betainc(np.where(is_inner, trials - k, 1.0), k + 1, 1 - share)
    return np.where(is_inner, inner, np.where(count < 0, 0.0, 1.0))
