"""Straight trends of short series: weighted least squares with known pupil-sampling errors and year-to-year spread.

Three to six points are all there is. Theil and Sen's slope has no 95 % interval on three points (three pairwise slopes;
the smallest p of Kendall's test is 1/3), so least squares with weights stand: the errors of points are known from the
numbers of pupils, and the year-to-year spread is learnt from all units of a level together, not from one series.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.differences import two_sided_p
from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, normal_quantile, student_quantile

_STEPS: Final = 50


class Trend(NamedTuple):
    """Slopes per unit of time with intervals and p-values; NaN where a series has fewer than the wanted points."""

    slope: Floats
    low: Floats
    high: Floats
    p_value: Floats
    error: Floats
    points: npt.NDArray[np.int64]


class _Fit(NamedTuple):
    """Slopes, their errors by the weights, weighted squared residuals of the points, degrees of freedom."""

    slope: Floats
    error: Floats
    squares: Floats
    freedom: Floats


def trend(
    values: npt.ArrayLike,
    errors: npt.ArrayLike,
    times: npt.ArrayLike,
    minimum_points: int = 3,
    confidence: float = CONFIDENCE,
    minimum_units: int = 10,
) -> Trend:
    """Fit a line to each series.

    Weights are 1/(s² + τ²). τ² is the year-to-year variance beyond the errors s, one for all series given together: the
    one at which the weighted residual sums of squares add up to their degrees of freedom, ΣQ(τ²) = Σ(k−2) (Paule and
    Mandel 1982, Journal of Research of the NBS 87:377, for regressions; 0 when ΣQ(0) is smaller). With fewer than
    `minimum_units` series it cannot be learnt: each interval is then the wider of the one by known errors and Student's
    with k − 2 degrees of freedom by the series' own residuals.

    Args:
        values: series × times; NaN where a point is missing.
        errors: their standard errors, above zero.
        times: the times, one a column.
        minimum_points: shorter series have no trend.
        confidence: level of the intervals.
        minimum_units: series from which the year-to-year spread may be learnt.
    """
    y, s = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    t = np.asarray(times, dtype=np.float64)
    is_point = ~np.isnan(y) & (s > 0)
    points = is_point.sum(axis=1)
    is_long = points >= max(minimum_points, 3)
    weights = np.where(is_point, 1 / np.where(is_point, s, 1.0) ** 2, 0.0)
    y = np.where(is_point, y, 0.0)
    fit = _fit(y, weights, t)
    if is_long.sum() >= minimum_units:
        variance = _yearly_variance(y[is_long], weights[is_long], t)
        fit = _fit(y, _widened(weights, variance), t)
        half = normal_quantile(confidence) * fit.error
        p_value = two_sided_p(fit.slope / fit.error)
    else:
        half, p_value = _own_residuals(fit, confidence)
    blank = np.where(is_long, 1.0, np.nan)
    return Trend(
        fit.slope * blank,
        (fit.slope - half) * blank,
        (fit.slope + half) * blank,
        p_value * blank,
        fit.error * blank,
        points,
    )


def _fit(y: Floats, w: Floats, t: Floats) -> _Fit:
    total = w.sum(axis=1)
    safe = np.where(total > 0, total, np.nan)
    centre = (w * t).sum(axis=1) / safe
    offset = t - centre[:, None]
    mean = (w * y).sum(axis=1) / safe
    spread = (w * offset**2).sum(axis=1)
    spread = np.where(spread > 0, spread, np.nan)
    slope = (w * offset * (y - mean[:, None])).sum(axis=1) / spread
    squares = w * (y - mean[:, None] - slope[:, None] * offset) ** 2
    return _Fit(slope, 1 / np.sqrt(spread), squares, (w > 0).sum(axis=1) - 2.0)


def _yearly_variance(y: Floats, w: Floats, t: Floats) -> float:
    """Solve ΣQ(τ²) = Σ(k−2) by Newton's steps: Q falls convexly, so from 0 they never overshoot."""
    variance = 0.0
    for _ in range(_STEPS):
        own = _widened(w, variance)
        fit = _fit(y, own, t)
        squares = fit.squares
        excess = float(squares.sum() - fit.freedom.sum())
        slope = float((own * squares).sum())
        if excess <= 0 or slope <= 0:
            break
        step = excess / slope
        variance += step
        if step <= 1e-9 * variance:
            break
    return variance


def _widened(weights: Floats, variance: float) -> Floats:
    is_point = weights > 0
    return np.where(is_point, 1 / (1 / np.where(is_point, weights, 1.0) + variance), 0.0)


def _own_residuals(fit: _Fit, confidence: float) -> tuple[Floats, Floats]:
    from scipy.special import stdtr

    freedom = np.where(fit.freedom >= 1, fit.freedom, np.nan)
    own_error = fit.error * np.sqrt(fit.squares.sum(axis=1) / freedom)
    half = np.fmax(normal_quantile(confidence) * fit.error, student_quantile(freedom, confidence) * own_error)
    by_residuals = 2 * stdtr(freedom, -np.abs(fit.slope) / np.where(own_error > 0, own_error, np.nan))
    return half, np.fmax(two_sided_p(fit.slope / fit.error), np.nan_to_num(by_residuals))
