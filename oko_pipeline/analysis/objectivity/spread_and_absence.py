"""Too little spread within a school, many absent pupils, weak pupils absent."""

import numpy as np

from oko_pipeline.analysis.objectivity.measured import Measured, compare_shares
from oko_pipeline.analysis.objectivity.options import SignalOptions
from oko_pipeline.analysis.objectivity.pupils import Floats, Pupils
from oko_pipeline.statistics.grouped import grouped_moments

_LEAST_VARIANCE_SHARE = 0.1


def narrow_spread(pupils: Pupils, options: SignalOptions) -> Measured | None:
    """Compare each school's variance with that of peers at the same mean; None where nothing varies at the peers.

    `value` is the ratio of standard deviations, `effect` the logarithm of the ratio of variances less its expectation.
    z is positive where the spread is too small.
    """
    # Imported here: loading scipy costs as much as a small year takes.
    from scipy.special import polygamma

    score, school = pupils.score[pupils.is_scored], pupils.school[pupils.is_scored]
    own = grouped_moments(score, school, pupils.schools)
    is_enough = own.counts >= max(3, options.minimum_n)
    expected = _variance_at_mean(own.mean, own.variance, own.counts)
    if expected is None:
        return None
    degrees = np.where(is_enough, own.counts - 1.0, np.nan)
    ratio = np.maximum(own.variance, 1e-3) / expected
    # Under a normal distribution ln(s²/σ²) has mean ψ(ν/2) − ln(ν/2) and variance ψ′(ν/2) (Bartlett and Kendall 1946).
    effect = np.log(ratio) - (polygamma(0, degrees / 2) - np.log(degrees / 2))
    centred = (score - own.mean[school]) / np.sqrt(expected[school])
    kurtosis = float(np.clip((centred**4).mean() / (centred**2).mean() ** 2 - 3, -1.2, 6)) if len(score) else 0.0
    variance = polygamma(1, degrees / 2) + kurtosis / np.maximum(own.counts, 1)
    error = np.sqrt(np.maximum(variance, 0.2 / degrees))
    measured = Measured(
        "narrow_spread", np.sqrt(ratio), np.ones(pupils.schools), effect, error, -effect / error, own.counts
    )
    return measured.where(is_enough)


def _variance_at_mean(mean: Floats, variance: Floats, count: np.ndarray) -> Floats | None:
    """Return the variance expected at each school's mean: a quadratic through the peers, weighted by n − 1."""
    used = (count >= 2) & ~np.isnan(variance)
    weights = (count[used] - 1).astype(np.float64)
    if used.sum() < 4 or float((variance[used] * weights).sum()) <= 0:
        return None
    pooled = float((variance[used] * weights).sum() / weights.sum())
    fitted = np.polynomial.Polynomial.fit(mean[used], variance[used], 2, w=np.sqrt(weights))
    # Means beyond those of schools of some size are not extrapolated.
    low, high = np.quantile(mean[used], [0.02, 0.98])
    return np.maximum(fitted(np.clip(np.nan_to_num(mean, nan=low), low, high)), _LEAST_VARIANCE_SHARE * pooled)


def absence(pupils: Pupils, options: SignalOptions) -> Measured:
    """Compare the share of absent pupils with the peers'."""
    listed = np.bincount(pupils.school, minlength=pupils.schools)
    absent = np.bincount(pupils.school[pupils.is_absent], minlength=pupils.schools)
    return compare_shares("absence", absent, listed).where(listed >= options.minimum_n)


def weak_absent(pupils: Pupils, elsewhere: Floats, options: SignalOptions) -> Measured:
    """Compare absent and present pupils by their results in other works of the campaign.

    Args:
        pupils: pupils of the assessment.
        elsewhere: mean standardised result of each pupil in the other works; NaN — wrote none.
        options: parameters.

    Returns:
        `value` is the mean of the present minus that of the absent (sd units), `reference` the same at all peers.
    """
    is_known = ~np.isnan(elsewhere)
    is_absent, is_present = is_known & pupils.is_absent, is_known & pupils.is_scored
    away = grouped_moments(elsewhere[is_absent], pupils.school[is_absent], pupils.schools)
    here = grouped_moments(elsewhere[is_present], pupils.school[is_present], pupils.schools)
    is_enough = (away.counts >= options.minimum_absent) & (here.counts >= options.minimum_n)
    gap = here.mean - away.mean
    spare = np.maximum(away.counts - 1, 0) + np.maximum(here.counts - 1, 0)
    squares = np.nansum(
        [away.variance * np.maximum(away.counts - 1, 0), here.variance * np.maximum(here.counts - 1, 0)], axis=0
    )
    # Few pupils make a poor estimate of their own spread: all schools have one.
    spread = squares.sum() / max(1, spare.sum())
    variance = spread * (1 / np.maximum(away.counts, 1) + 1 / np.maximum(here.counts, 1))
    weight = np.where(is_enough & (variance > 0), 1 / np.where(variance > 0, variance, 1), 0.0)
    others = weight.sum() - weight
    reference = (np.nansum(weight * gap) - np.nan_to_num(weight * gap)) / np.where(others > 0, others, np.nan)
    effect = gap - reference
    error = np.sqrt(variance + 1 / np.where(others > 0, others, np.nan))
    error = np.where(error > 0, error, np.nan)
    return Measured("weak_absent", gap, reference, effect, error, effect / error, away.counts).where(is_enough)
