"""Spread between units beyond chance, as an additive random effect (Spiegelhalter).

Spiegelhalter 2005, Quality and Safety in Health Care 14:347 «Handling over-dispersion of performance indicators»:
standard scores are winsorised so that a few true outliers do not widen the limits that should catch them.
"""

from functools import lru_cache
from math import pi, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats


class Overdispersion(NamedTuple):
    """`factor` is the mean square of winsorised scores (φ), `variance` the between-unit variance τ² on their scale."""

    factor: float
    variance: float
    units: int


def winsorised(scores: npt.ArrayLike, share: float) -> Floats:
    """Return scores with the lowest and the highest `share` of them set to the bounding quantiles; NaN stay NaN."""
    z = np.asarray(scores, dtype=np.float64)
    known = z[~np.isnan(z)]
    if not len(known) or share <= 0:
        return z.copy()
    low, high = np.quantile(known, [share, 1 - share])
    return np.clip(z, low, high)


@lru_cache(maxsize=32)
def winsorised_normal_variance(share: float) -> float:
    """Return the variance of a standard normal winsorised at `share` in each tail: 0.6791 for 0.1, 1 for 0."""
    if share <= 0:
        return 1.0
    bound = NormalDist().inv_cdf(1 - share)
    density = np.exp(-bound * bound / 2) / sqrt(2 * pi)
    return float(1 - 2 * (bound * density + share) + 2 * share * bound * bound)


def overdispersion(
    scores: npt.ArrayLike, errors: npt.ArrayLike, share: float = 0.1, *, is_corrected: bool = True
) -> Overdispersion:
    """Estimate how far units differ beyond their standard errors.

    φ = Σz²/I over winsorised z; when Iφ > I − 1, τ² = (Iφ − (I−1)) / (Σw − Σw²/Σw) with w = 1/s² (the method of
    moments of DerSimonian and Laird), else 0.

    Args:
        scores: standard scores (y − target)/s of the units; NaN for units that take no part.
        errors: their standard errors s under the target, above zero.
        share: winsorised share of each tail.
        is_corrected: divide φ by the variance of a winsorised standard normal. The paper does not: its φ is then
            0.68 where there is no overdispersion, and limits are too narrow where there is.
    """
    z, s = np.asarray(scores, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    is_used = ~np.isnan(z) & (s > 0)
    units = int(is_used.sum())
    if units < 2:
        return Overdispersion(float("nan"), 0.0, units)
    factor = float(np.mean(winsorised(z[is_used], share) ** 2))
    if is_corrected:
        factor /= winsorised_normal_variance(share)
    weights = 1 / s[is_used] ** 2
    spare = weights.sum() - (weights**2).sum() / weights.sum()
    excess = units * factor - (units - 1)
    return Overdispersion(factor, float(max(excess, 0.0) / spare), units)
