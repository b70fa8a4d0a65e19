"""Difference in differences of a few units against others that started where they did.

A unit that was picked because its figure was low would have risen by itself: part of its figure was chance. Here the
start of every unit is its figure shrunk by as much as figures of unmeasured units do return, so a rise is counted from
where the unit truly stood. With one or a few treated units cluster-robust errors are far too small (their own residuals
fit the effect), so the spread of the change comes from the untreated units: Donald and Lang 2007 (Rev. Econ. Stat.
89:221), Conley and Taber 2011 (Rev. Econ. Stat. 93:113), with Student's quantile.

Model of unit i of group g: before y₀ = μ₀ + a + e₀, after y₁ = μ₁ + a' + e₁, cov(a, a') = τ² (what lasts),
var a = V₀, var a' = τ² + ω², var e = s² (known sampling variance). Then E(y₁ | y₀) = μ₁ + B(y₀ − μ₀) with
B = τ²/(V₀ + s₀²), and its error has variance s₁² + τ²(1 − B) + ω².
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, Interval, normal_quantile, student_quantile
from oko_pipeline.statistics.shrinkage import Groups

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_STEPS: Final = 60


class TwoYears(NamedTuple):
    """Figures of units before and after, with the variances of their sampling errors (0 where none is known)."""

    before: Floats
    before_variance: Floats
    after: Floats
    after_variance: Floats


class StartModel(NamedTuple):
    """How starts return.

    Means of groups before, τ² (what lasts), the variance of its estimate, V₀ (between units before), ω² (of a year),
    and the freedom of the spread.
    """

    group_before: Floats
    lasting: float
    lasting_variance: float
    between_before: float
    yearly: float
    freedom: int


class Starts(NamedTuple):
    """By unit: the shrunk start, the share of the unit's own figure in it, the variance of the gain since.

    `place` is (y₀ − μ₀)/(V₀ + s₀²): by how much the start moves with τ².
    """

    start: Floats
    weight: Floats
    gain_variance: Floats
    place: Floats


class Effect(NamedTuple):
    """An effect with its interval; `expected` is the outcome without the measure, `freedom` that of the interval."""

    value: float
    low: float
    high: float
    expected: float
    freedom: int


def fit_start_model(observed: TwoYears, group: Groups, count: int, is_reference: Bools) -> StartModel:
    """Estimate from reference (untreated) units how figures return from one year to the next.

    μ₀ and V₀ (Paule and Mandel 1982, J. Res. NBS 87:377) come from all units, since nobody is treated before. τ² is the
    slope of y₁ on (y₀ − μ₀)/(V₀ + s₀²) over reference units with a level for each group: a slope, unlike a covariance,
    stays right when the lowest units are taken out of the reference for being treated. ω² is where the sum of
    (gain − its group's mean)²/(s₁² + τ²(1 − B) + ω²) is as large as its freedom. Freedom: reference units − groups − 1
    for the slope.
    """
    known = (group >= 0) & ~np.isnan(observed.before)
    starting = TwoYears(*(values[known] for values in observed))
    mean, between_before = _centre(starting.before, starting.before_variance, group[known], count)
    used = np.flatnonzero(known & is_reference & ~np.isnan(observed.after))
    own, g = TwoYears(*(values[used] for values in observed)), group[used]
    total = between_before + own.before_variance
    place = (own.before - mean[g]) / np.where(total > 0, total, np.inf)
    _, between_after = _centre(own.after, own.after_variance, g, count)
    share = _slope_shares(place, between_after + own.after_variance, g)
    # No start lies further from its group's mean than the figure itself; a tighter bound, τ² ≤ V₀, cuts off more of the
    # chance errors above than below and so takes too much for chance.
    lasting = float(np.clip(share @ own.after, 0.0, total.min(initial=np.inf))) if len(used) else 0.0
    model = StartModel(mean, lasting, 0.0, between_before, 0.0, len(used) - len(np.unique(g)) - 1)
    starts = shrunk_starts(own, g, model)
    # Where schools grow alike from year to year ω² is below 0; their gains still have some variance.
    least = -float((lasting * (1 - starts.weight)).min(initial=np.inf)) if len(used) else 0.0
    yearly = _variance_beyond(own.after - starts.start, starts.gain_variance, g, count, least=least)
    return model._replace(yearly=yearly, lasting_variance=float(share**2 @ (starts.gain_variance + yearly)))


def shrunk_starts(observed: TwoYears, group: Groups, model: StartModel) -> Starts:
    """Return starts μ₀ + B(y₀ − μ₀) and the variances s₁² + τ²(1 − B) + ω² of gains y₁ − start; NaN without a group."""
    mean = np.where(group >= 0, np.append(model.group_before, np.nan)[group], np.nan)
    total = model.between_before + observed.before_variance
    weight = np.where(total > 0, model.lasting / np.where(total > 0, total, 1.0), 0.0)
    variance = observed.after_variance + np.maximum(model.lasting * (1 - weight) + model.yearly, 0.0)
    place = (observed.before - mean) / np.where(total > 0, total, np.inf)
    return Starts(mean + weight * (observed.before - mean), weight, variance, place)


def nearest_starts(start: Floats, own: int, candidates: Places, caliper: float, number: int) -> Places:
    """Return at most `number` candidates whose start is within `caliper` of the unit's, nearest first."""
    gaps = np.abs(start[candidates] - start[own])
    order = np.argsort(gaps, kind="stable")
    return candidates[order[: int((gaps <= caliper).sum())][:number]]


def same_start_effect(
    observed: TwoYears,
    starts: Starts,
    weights: Floats,
    after_interval: Interval,
    model: StartModel,
    confidence: float = CONFIDENCE,
) -> Effect:
    """Return Σ weights·gain over all units with its interval.

    Args:
        observed: figures of all units.
        starts: from `shrunk_starts`.
        weights: positive for treated units (sum 1), negative for their comparisons (sum −1), else 0.
        after_interval: score intervals of the outcome at `confidence` (Wilson for shares). A treated unit's part of the
            error enters with its own arms, so the interval of the effect bends near 0 and 100 % as a share does
            (Newcombe 1998, method 10; Zou and Donner 2008, Statistics in Medicine 27:1693).
        model: from `fit_start_model`.
        confidence: level of the interval.

    The variance is that of the gains and of τ² as far as starts of treated units and comparisons move with it; with
    one treated unit, one group and no sampling variances it is that of the unit's dummy in y₁ ~ y₀ by least squares.
    The interval is NaN where the spread of the change is unknown: no freedom, or no variance at all.
    """
    freedom = model.freedom
    used = weights != 0
    w, gains = weights[used], (observed.after - starts.start)[used]
    value = float(w @ gains)
    own = weights > 0
    expected = float(weights[own] @ observed.after[own]) - value
    variance = starts.gain_variance[used]
    if freedom < 1 or not float(w**2 @ variance) > 0:
        return Effect(value, float("nan"), float("nan"), expected, freedom)
    t = float(student_quantile(np.array([freedom]), confidence)[0])
    rest = starts.gain_variance - np.where(own, observed.after_variance, 0.0)
    moved = float(w @ starts.place[used])
    shared = t * t * (float(w**2 @ rest[used]) + model.lasting_variance * moved**2)
    stretch = t / normal_quantile(confidence)

    def arm(lengths: Floats) -> float:
        return float(np.sqrt(shared + ((stretch * weights[own] * lengths[own]) ** 2).sum()))

    return Effect(
        value,
        value - arm(observed.after - after_interval.low),
        value + arm(after_interval.high - observed.after),
        expected,
        freedom,
    )


def _centre(values: Floats, variances: Floats, group: Groups, count: int) -> tuple[Floats, float]:
    """Return weighted means of groups and the variance between units within groups, one for all groups."""
    between = _variance_beyond(values, variances, group, count, slopes=0)
    weight = 1 / np.where(between + variances > 0, between + variances, 1.0)
    totals = np.bincount(group, weight, count)
    return np.bincount(group, weight * values, count) / np.where(totals > 0, totals, np.nan), between


def _slope_shares(x: Floats, variance: Floats, group: Groups) -> Floats:
    """Return c such that c @ y is the weighted slope of y on x with a level for each group; zeros where x is flat."""
    if not len(x):
        return x
    weight = 1 / np.where(variance > 0, variance, 1.0)
    totals = np.bincount(group, weight)
    totals = np.where(totals > 0, totals, 1.0)
    centred = x - (np.bincount(group, weight * x) / totals)[group]
    squares = float(weight @ centred**2)
    return weight * centred / squares if squares > 0 else np.zeros(len(x))


def _variance_beyond(
    values: Floats, variances: Floats, group: Groups, count: int, *, slopes: int = 1, least: float = 0.0
) -> float:
    """Return the variance beyond the known ones, `least` or more, at which squares about means are as expected."""
    freedom = len(values) - len(np.unique(group)) - slopes
    if freedom < 1:
        return 0.0

    def excess(between: float) -> float:
        # Where no variance is known the equation has no value at the least one; a trace of variance stands for it.
        weight = 1 / np.maximum(variances + between, trace)
        totals = np.bincount(group, weight, count)
        means = np.bincount(group, weight * values, count) / np.where(totals > 0, totals, np.nan)
        return float((weight * (values - means[group]) ** 2).sum()) - freedom

    high = float(np.ptp(values)) ** 2
    trace = 1e-12 * high
    low = least
    if high <= 0 or excess(low) <= 0:
        return least
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
