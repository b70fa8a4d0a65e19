"""Agreement of two raters who mark the same works."""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, normal_quantile

Ints = npt.NDArray[np.int64]


class Kappa(NamedTuple):
    """Weighted kappa with its interval; NaN where it cannot be computed."""

    estimate: float
    low: float
    high: float


def score_table(first: npt.ArrayLike, second: npt.ArrayLike) -> Ints:
    """Return counts of pairs of whole scores, from the least to the greatest score either rater gave."""
    one, two = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if not len(one):
        return np.zeros((0, 0), dtype=np.int64)
    lowest = int(min(one.min(), two.min()))
    width = int(max(one.max(), two.max())) - lowest + 1
    return np.bincount((one - lowest) * width + two - lowest, minlength=width * width).reshape(width, width)


def weighted_kappa(table: Ints, confidence: float = CONFIDENCE) -> Kappa:
    """Return Cohen's kappa with quadratic weights (i − j)² and its large-sample interval, cut at ±1.

    Cohen 1968 (Psychological Bulletin 70:213), error by Fleiss, Cohen and Everitt 1969, computed by statsmodels. NaN
    when a rater gave one score only to all: then agreement by chance is complete and kappa says nothing.
    """
    if table.sum() < 2 or (table.sum(axis=0) > 0).sum() < 2 or (table.sum(axis=1) > 0).sum() < 2:
        return Kappa(*[float("nan")] * 3)
    # Imported by name: statsmodels has no types.
    inter_rater: Any = import_module("statsmodels.stats.inter_rater")
    # Where all agree the variance is nought, which rounding makes a hair less than nought.
    with np.errstate(invalid="ignore"):
        found = inter_rater.cohens_kappa(table, wt="quadratic")
    half = normal_quantile(confidence) * float(np.sqrt(max(0.0, float(found.var_kappa))))
    kappa = float(found.kappa)
    return Kappa(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))
