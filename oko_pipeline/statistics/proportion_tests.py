"""Comparisons of counts with an expected share, and combinations of several tests of one unit."""

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats


def upper_tail(scores: npt.ArrayLike) -> Floats:
    """Return the probability that a standard normal exceeds each score; NaN stay NaN."""
    from scipy.special import ndtr

    return np.asarray(ndtr(-np.asarray(scores, dtype=np.float64)))


def upper_score(p_values: npt.ArrayLike) -> Floats:
    """Return the standard normal score whose upper tail is each p; p is kept within [1e-300, 1 − 1e-16]."""
    from scipy.special import ndtri

    return -np.asarray(ndtri(np.clip(np.asarray(p_values, dtype=np.float64), 1e-300, 1 - 1e-16)))


def anscombe_score(successes: npt.ArrayLike, trials: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Return standard scores of counts against an expected share by the variance-stabilising transform.

    z = 2√(n + ½)·(arcsin √((k + ⅜)/(n + ¾)) − arcsin √((n·p + ⅜)/(n + ¾))), Anscombe 1948 (Biometrika 35:246). n = 0
    gives NaN.
    """
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    k, expected = np.asarray(successes, dtype=np.float64), np.asarray(share, dtype=np.float64) * n
    return 2 * np.sqrt(n + 0.5) * (_angle(k, n) - _angle(expected, n))


def _angle(count: Floats, trials: Floats) -> Floats:
    return np.arcsin(np.sqrt(np.clip((count + 0.375) / (trials + 0.75), 0, 1)))


def simes_by_group(p_values: npt.ArrayLike, group: npt.NDArray[np.intp], groups: int) -> Floats:
    """Return Simes' p of each group: the least of m·p(i)/i over its sorted p-values, at most 1; NaN without any.

    Simes 1986 (Biometrika 73:751); valid for independent and positively dependent tests.
    """
    p = np.asarray(p_values, dtype=np.float64)
    combined = np.full(groups, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    if not len(made):
        return combined
    order = made[np.lexsort((p[made], group[made]))]
    owner = group[order]
    counts = np.bincount(owner, minlength=groups)
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(order)) - starts[owner] + 1
    steps = p[order] * counts[owner] / rank
    used = np.flatnonzero(counts)
    combined[used] = np.minimum(np.minimum.reduceat(steps, starts[used]), 1.0)
    return combined
