"""Spread of units beyond their sampling errors, such that a given share of them stands outside given limits."""

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.overdispersion import winsorised, winsorised_normal_variance

_STEPS = 60


def calibrated_variance(effects: npt.ArrayLike, errors: npt.ArrayLike, share: float = 0.1) -> float:
    """Return τ² at which the scores e/√(s² + τ²) spread like a standard normal, both winsorised at `share` a tail.

    Every unit counts alike (the estimating equation of Paule and Mandel 1982, J. Res. NBS 87:377, with winsorised
    squares), so that limits hold for units of all sizes taken together; moment estimators weigh by 1/s⁴ and take the
    spread of the largest units alone. 0 where the scores do not spread beyond chance.
    """
    e, s = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    is_used = ~np.isnan(e) & (s > 0)
    e, s = e[is_used], s[is_used]
    if len(e) < 2:
        return 0.0
    wanted = winsorised_normal_variance(share)

    def excess(variance: float) -> float:
        return float(np.mean(winsorised(e / np.sqrt(s * s + variance), share) ** 2)) - wanted

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.max(e * e)) / wanted
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def same_pupil_correlation(
    scores: Floats, unit: npt.NDArray[np.intp], part: npt.NDArray[np.intp], share: float = 0.1
) -> float:
    """Return how much more alike the scores of a unit are within a part (the same pupils) than between its parts.

    Mean product of the scores of pairs of one unit and part minus that of pairs of one unit and different parts: what
    units have in common cancels out. Scores are winsorised; `part` numbers parts over all units. At least 0, at most
    0.9; 0 where there are no pairs of either kind.
    """
    z = winsorised(scores, share)
    in_part, in_unit = _pairs(z, part), _pairs(z, unit)
    between_sum, between_pairs = in_unit[0] - in_part[0], in_unit[1] - in_part[1]
    if in_part[1] <= 0 or between_pairs <= 0:
        return 0.0
    difference = in_part[0] / in_part[1] - between_sum / between_pairs
    # Winsorising shrinks products as it shrinks squares.
    return float(np.clip(difference / winsorised_normal_variance(share), 0.0, 0.9))


def _pairs(z: Floats, group: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Return the sum of products over ordered pairs of different members of a group, and the number of pairs."""
    counts = np.bincount(group)
    sums = np.bincount(group, weights=z)
    return float((sums**2).sum() - (z**2).sum()), float((counts * (counts - 1)).sum())
