"""Pooling of several years with weights: more pupils behind a small school's figure, recent years counting more."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, normal_quantile, wilson_interval


class Pooled(NamedTuple):
    """Pooled values with intervals; `n` counts pupils, `effective_n` the equally weighted pupils that say as much."""

    value: Floats
    low: Floats
    high: Floats
    error: Floats
    n: Floats
    effective_n: Floats
    points: npt.NDArray[np.int64]


def pool_shares(
    successes: npt.ArrayLike, trials: npt.ArrayLike, weights: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Pooled:
    """Return p = Σ wₜxₜ / Σ wₜnₜ with Wilson's interval at the effective size (Σ wₜnₜ)² / Σ wₜ²nₜ (Kish 1965).

    Args:
        successes: units × years; NaN where a year is missing.
        trials: units × years; NaN or 0 where a year is missing.
        weights: one weight a year, as 3, 2, 1 from the latest back.
        confidence: level of the interval.
    """
    n = np.nan_to_num(np.asarray(trials, dtype=np.float64))
    x = np.where(n > 0, np.nan_to_num(np.asarray(successes, dtype=np.float64)), 0.0)
    w = np.asarray(weights, dtype=np.float64)
    total, effective = _sizes(n, w)
    value = (w * x).sum(axis=1) / total
    interval = wilson_interval(value * effective, effective, confidence)
    error = np.sqrt(value * (1 - value) / effective)
    return Pooled(value, interval.low, interval.high, error, n.sum(axis=1), effective, (n > 0).sum(axis=1))


def pool_means(
    means: npt.ArrayLike,
    trials: npt.ArrayLike,
    deviations: npt.ArrayLike,
    weights: npt.ArrayLike,
    confidence: float = CONFIDENCE,
) -> Pooled:
    """Return m = Σ wₜnₜmₜ / Σ wₜnₜ with a normal interval; the spread is pooled over the years within the unit.

    s² = Σ(nₜ−1)sₜ² / Σ(nₜ−1), error s/√effective n. NaN error where no year has two pupils who differ.
    """
    n = np.nan_to_num(np.asarray(trials, dtype=np.float64))
    w = np.asarray(weights, dtype=np.float64)
    m = np.where(n > 0, np.nan_to_num(np.asarray(means, dtype=np.float64)), 0.0)
    total, effective = _sizes(n, w)
    value = (w * n * m).sum(axis=1) / total
    freedom = np.maximum(n - 1, 0.0)
    squares = (freedom * np.nan_to_num(np.asarray(deviations, dtype=np.float64)) ** 2).sum(axis=1)
    spread = freedom.sum(axis=1)
    variance = squares / np.where(spread > 0, spread, np.nan)
    error = np.sqrt(np.where(variance > 0, variance, np.nan) / effective)
    half = normal_quantile(confidence) * error
    return Pooled(value, value - half, value + half, error, n.sum(axis=1), effective, (n > 0).sum(axis=1))


def _sizes(n: Floats, weights: Floats) -> tuple[Floats, Floats]:
    total = (weights * n).sum(axis=1)
    total = np.where(total > 0, total, np.nan)
    return total, total**2 / (weights**2 * n).sum(axis=1).clip(1e-300)
