"""Empirical-Bayes shrinkage of small units towards the mean of their group.

A figure of eight pupils says little about a school; the group says what to expect of it. Both are weighed by what they
know. Groups are numbered from 0; −1 means no group. Hyper-parameters come from the method of moments, group by group.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, normal_quantile

Groups = npt.NDArray[np.integer]


class Prior(NamedTuple):
    """What a group says of its units: mean, variance between units, pupils-equivalent size, number of units."""

    mean: Floats
    variance: Floats
    size: Floats
    units: npt.NDArray[np.int64]


class Shrunk(NamedTuple):
    """Shrunk values with intervals; `weight` is the share of the unit's own figure (1 — not shrunk)."""

    value: Floats
    low: Floats
    high: Floats
    weight: Floats


def beta_binomial_prior(successes: npt.ArrayLike, trials: npt.ArrayLike, group: Groups, count: int) -> Prior:
    """Estimate the Beta distribution of true shares in each group from counts.

    μ = Σx/Σn; the variance between units is the method of moments of DerSimonian and Laird with weights n:
    τ² = (Σn(p−μ)² − (k−1)·μ(1−μ)) / (N − Σn²/N) with N = Σn, and the size m = μ(1−μ)/τ² − 1. A group cannot know more
    than its own pupils, so m is at most N: then the shrunk interval is that of the group's mean.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    is_used = (group >= 0) & (n > 0) & ~np.isnan(x)
    g, x, n = group[is_used], x[is_used], n[is_used]
    total = np.bincount(g, n, count)
    units = np.bincount(g, minlength=count)
    safe = np.where(total > 0, total, np.nan)
    mean = np.bincount(g, x, count) / safe
    squares = np.bincount(g, n * (x / n - mean[g]) ** 2, count)
    within = mean * (1 - mean)
    spare = total - np.bincount(g, n * n, count) / safe
    # E Σn(p−μ̂)² = (k−1)·(μ(1−μ) − τ²) + τ²·(N − Σn²/N): a unit's own chance variance is μ(1−μ) − τ².
    divisor = spare - (units - 1)
    excess = squares - (units - 1) * within
    variance = np.where(divisor > 0, np.maximum(excess, 0.0) / np.where(divisor > 0, divisor, 1.0), 0.0)
    variance = np.minimum(variance, within)
    size = np.where(variance > 0, within / np.where(variance > 0, variance, 1.0) - 1, np.inf)
    return Prior(mean, variance, np.clip(size, 0.0, safe), units)


def shrink_shares(
    successes: npt.ArrayLike, trials: npt.ArrayLike, prior: Prior, group: Groups, confidence: float = CONFIDENCE
) -> Shrunk:
    """Return posterior means (x + mμ)/(n + m) and equal-tailed intervals of Beta(x + mμ, n − x + m(1−μ)).

    Counts need not be whole (effective sizes of pooled years). NaN without a group.
    """
    from scipy.special import betaincinv

    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    mean, size = _of_group(prior.mean, group), _of_group(prior.size, group)
    first, second = x + size * mean, n - x + size * (1 - mean)
    tail = (1 - confidence) / 2
    value = first / (first + second)
    is_proper = (first > 0) & (second > 0)
    low = betaincinv(np.where(is_proper, first, 1.0), np.where(is_proper, second, 1.0), tail)
    high = betaincinv(np.where(is_proper, first, 1.0), np.where(is_proper, second, 1.0), 1 - tail)
    return Shrunk(
        value,
        np.where(is_proper, low, value),
        np.where(is_proper, high, value),
        n / np.where(n + size != 0, n + size, np.nan),
    )


def normal_prior(values: npt.ArrayLike, errors: npt.ArrayLike, group: Groups, count: int) -> Prior:
    """Estimate mean and variance between units of each group by moments.

    DerSimonian and Laird 1986, Controlled Clinical Trials 7:177.

    `size` holds the variance of the estimated mean, needed for honest intervals.
    """
    y, s = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    is_used = (group >= 0) & (s > 0) & ~np.isnan(y)
    g, y, weight = group[is_used], y[is_used], 1 / s[is_used] ** 2
    units = np.bincount(g, minlength=count)
    total = np.bincount(g, weight, count)
    safe = np.where(total > 0, total, np.nan)
    fixed = np.bincount(g, weight * y, count) / safe
    squares = np.bincount(g, weight * (y - fixed[g]) ** 2, count)
    spare = total - np.bincount(g, weight**2, count) / safe
    is_enough = (units > 1) & (spare > 0)
    variance = np.where(is_enough, np.maximum(squares - (units - 1), 0.0) / np.where(is_enough, spare, 1.0), 0.0)
    weight = 1 / (1 / weight + variance[g])
    total = np.bincount(g, weight, count)
    safe = np.where(total > 0, total, np.nan)
    return Prior(np.bincount(g, weight * y, count) / safe, variance, 1 / safe, units)


def shrink_means(
    values: npt.ArrayLike, errors: npt.ArrayLike, prior: Prior, group: Groups, confidence: float = CONFIDENCE
) -> Shrunk:
    """Return B·y + (1−B)·μ with B = τ²/(τ² + s²) and normal intervals.

    Variance B·s² + (1−B)²·var(μ̂): the second part is the uncertainty of the group's mean (Kass and Steffey 1989).
    """
    y, s = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    mean, variance, mean_variance = (_of_group(v, group) for v in (prior.mean, prior.variance, prior.size))
    squared = np.where(s > 0, s * s, np.nan)
    weight = variance / (variance + squared)
    value = weight * y + (1 - weight) * mean
    half = normal_quantile(confidence) * np.sqrt(weight * squared + (1 - weight) ** 2 * mean_variance)
    return Shrunk(value, value - half, value + half, weight)


def _of_group(values: Floats, group: Groups) -> Floats:
    return np.where(group >= 0, np.append(values, np.nan)[group], np.nan)
