"""Differential item functioning: pupils of two groups with equal total scores, and how differently they do an item.

Mantel–Haenszel for items of one point, Mantel's test with the standardised mean difference for items of more points.
All items (and several comparisons) at once, from sums by stratum of the matching score.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats

ETS_SCALE = -2.35
"""The ETS delta scale: Δ = −2.35·ln(odds ratio); Holland and Thayer 1988."""


class StratumSums(NamedTuple):
    """Sums by comparison, group (0 reference, 1 focal) and stratum.

    `n` counts works (comparisons × 2 × strata); `x`, `xx` sum item scores and their squares (… × items).
    """

    n: Floats
    x: Floats
    xx: Floats


class MatchedCounts(NamedTuple):
    """Works of each group in strata where both groups stand: only they are compared."""

    reference: Floats
    focal: Floats


class MantelHaenszel(NamedTuple):
    """Items of one point (comparisons × items): common odds ratio, Δ with its standard error, χ² (corrected), p."""

    odds_ratio: Floats
    delta: Floats
    delta_se: Floats
    chi_square: Floats
    p_value: Floats


class MeanDifference(NamedTuple):
    """Items of any scores (comparisons × items): focal minus reference at equal totals, its error, Mantel's χ², p.

    `sd` is the standard deviation of the item over both groups: the unit of the effect size.
    """

    difference: Floats
    se: Floats
    sd: Floats
    chi_square: Floats
    p_value: Floats


def matched(sums: StratumSums) -> StratumSums:
    """Return the sums with strata that hold only one group emptied."""
    both: Floats = np.min(sums.n > 0, axis=1, keepdims=True).astype(np.float64)
    return StratumSums(sums.n * both, sums.x * both[..., None], sums.xx * both[..., None])


def matched_counts(sums: StratumSums) -> MatchedCounts:
    """Return the works of each group that take part in the comparison."""
    n = matched(sums).n.sum(axis=2)
    return MatchedCounts(n[:, 0], n[:, 1])


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


def _p_value(chi_square: Floats) -> Floats:
    from scipy.special import chdtrc

    return np.asarray(chdtrc(1.0, chi_square), dtype=np.float64)


def _mantel_parts(sums: StratumSums) -> tuple[Floats, Floats]:
    """Return Σ(F − E) and the hypergeometric variances by stratum of the focal group's item sums."""
    n = sums.n.sum(axis=1)[..., None]
    x, xx = sums.x.sum(axis=1), sums.xx.sum(axis=1)
    reference, focal = sums.n[:, 0, :, None], sums.n[:, 1, :, None]
    expected = focal * x / np.where(n > 0, n, 1.0)
    # The variance of a stratum of one work is none: it says nothing about the groups.
    scale = np.where(n > 1, n * n * (n - 1), np.inf)
    variance = reference * focal * (n * xx - x * x) / scale
    return (sums.x[:, 1] - expected).sum(axis=1), variance


def mantel_haenszel(sums: StratumSums) -> MantelHaenszel:
    """Return the Mantel–Haenszel statistics of items of one point.

    Odds ratio Σ(A·D/N) / Σ(B·C/N), A and B the right and wrong of the reference group, C and D of the focal group; Δ by
    Holland and Thayer 1988; its standard error by Robins, Breslow and Greenland 1986 (Biometrics 42:311); χ² with the
    continuity correction. Positive Δ — easier for the focal group. NaN where an odds ratio is 0, infinite or
    undefined.
    """
    sums = matched(sums)
    n = sums.n.sum(axis=1)[..., None]
    n = np.where(n > 0, n, 1.0)
    right_r, right_f = sums.x[:, 0], sums.x[:, 1]
    wrong_r, wrong_f = sums.n[:, 0, :, None] - right_r, sums.n[:, 1, :, None] - right_f
    r, s = right_r * wrong_f / n, wrong_r * right_f / n
    p, q = (right_r + wrong_f) / n, (wrong_r + right_f) / n
    r_sum, s_sum = _positive(r.sum(axis=1)), _positive(s.sum(axis=1))
    variance = (
        (p * r).sum(axis=1) / (2 * r_sum**2)
        + (p * s + q * r).sum(axis=1) / (2 * r_sum * s_sum)
        + (q * s).sum(axis=1) / (2 * s_sum**2)
    )
    difference, variances = _mantel_parts(sums)
    corrected = np.maximum(np.abs(difference) - 0.5, 0.0)
    chi_square = corrected**2 / _positive(variances.sum(axis=1))
    odds = r_sum / s_sum
    return MantelHaenszel(
        odds, ETS_SCALE * np.log(odds), abs(ETS_SCALE) * np.sqrt(variance), chi_square, _p_value(chi_square)
    )


def mean_difference(sums: StratumSums) -> MeanDifference:
    """Return the standardised mean difference of items of any scores, and Mantel's test.

    SMD = Σ w·(mean of focal − mean of reference), w the focal group's part of a stratum (Dorans and Schmitt 1991);
    its variance by Zwick and Thayer 1996 (JEBS 21:187); χ² = (Σ(F − E))² / ΣVar F (Mantel 1963, JASA 58:690).
    """
    sums = matched(sums)
    reference, focal = sums.n[:, 0, :, None], sums.n[:, 1, :, None]
    is_held = focal > 0
    safe_r, safe_f = np.where(is_held, reference, 1.0), np.where(is_held, focal, 1.0)
    weight = focal / _positive(focal.sum(axis=1, keepdims=True))
    difference = (weight * (sums.x[:, 1] / safe_f - sums.x[:, 0] / safe_r)).sum(axis=1)
    shift, variances = _mantel_parts(sums)
    by_stratum = (weight * np.where(is_held, 1 / safe_f + 1 / safe_r, 0.0)) ** 2 * variances
    chi_square = shift**2 / _positive(variances.sum(axis=1))
    n = _positive(sums.n.sum(axis=(1, 2)) - 1)[:, None] + 1
    x, xx = sums.x.sum(axis=(1, 2)), sums.xx.sum(axis=(1, 2))
    spread = _positive((n * xx - x * x) / (n * (n - 1)))
    return MeanDifference(
        difference, np.sqrt(_positive(by_stratum.sum(axis=1))), np.sqrt(spread), chi_square, _p_value(chi_square)
    )


def delta_classes(
    delta: npt.ArrayLike, se: npt.ArrayLike, p_value: npt.ArrayLike, limits: tuple[float, float] = (1.0, 1.5)
) -> npt.NDArray[np.int8]:
    """Return the ETS class of Δ: 0 A, 1 B, 2 C, −1 unknown.

    A: |Δ| below the first limit, or Δ not different from 0 at 5 %. C: |Δ| at least the second limit and above the
    first one at 5 % (one-sided). B: all else. Zwick 2012 (ETS RR-12-08).
    """
    size, error = np.abs(np.asarray(delta, dtype=np.float64)), np.asarray(se, dtype=np.float64)
    is_small = (size < limits[0]) | (np.asarray(p_value) >= 0.05)
    is_large = (size >= limits[1]) & (size - limits[0] > 1.6448536269514722 * error)
    classes = np.where(is_small, 0, np.where(is_large, 2, 1))
    return np.where(np.isnan(size) | np.isnan(error), -1, classes).astype(np.int8)


def effect_classes(
    effect: npt.ArrayLike, p_value: npt.ArrayLike, limits: tuple[float, float] = (0.17, 0.25)
) -> npt.NDArray[np.int8]:
    """Return the class of an SMD in standard deviations: 0 A, 1 B, 2 C, −1 unknown.

    A: at most the first limit, or Mantel's χ² not significant at 5 %; C: above the second limit (the rule of NAEP;
    Zwick, Thayer and Mazzeo 1997).
    """
    size, p = np.abs(np.asarray(effect, dtype=np.float64)), np.asarray(p_value, dtype=np.float64)
    classes = np.where((size <= limits[0]) | (p >= 0.05), 0, np.where(size > limits[1], 2, 1))
    return np.where(np.isnan(size) | np.isnan(p), -1, classes).astype(np.int8)
