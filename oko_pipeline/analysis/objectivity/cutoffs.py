"""Excess of scores at the cut-offs, relative to peers: the region itself heaps there, so nothing is absolute."""

from dataclasses import dataclass

import numpy as np

from oko_pipeline.analysis.objectivity.measured import Measured
from oko_pipeline.analysis.objectivity.options import SignalOptions
from oko_pipeline.analysis.objectivity.pupils import Floats, Ints, Pupils
from oko_pipeline.statistics.grouped import grouped_moments

_SMOOTHING = 0.25
"""Added to each score's count of the peers, so that a score nobody has is not impossible."""


@dataclass(frozen=True, slots=True)
class _Levels:
    """Moments of the scores: the whole, within schools, and each school's shrunken mean."""

    mean: float
    total_variance: float
    within_variance: float
    school_mean: Floats


def cutoff_excess(pupils: Pupils, options: SignalOptions) -> Measured | None:
    """Measure the share of works just above the cut-offs among those near them; None without a sound scale or spread.

    `value` and `reference` are shares (0–1) of the works within `half_width` points of a cut-off that reached it, at
    the school and expected from its peers; `smooth` is the share a distribution without heaps would give.
    """
    if pupils.cutoffs is None:
        return None
    score, school = pupils.score[pupils.is_scored], pupils.school[pupils.is_scored]
    if not len(score) or score.min() == score.max():
        return None
    width = pupils.maximum_score + 1
    counts = np.bincount(school * width + score, minlength=pupils.schools * width).reshape(-1, width)
    levels = _levels(score, school, pupils.schools)
    total = np.zeros((5, pupils.schools))
    for cutoff, reach in zip(pupils.cutoffs, _reaches(pupils.cutoffs, width, options.half_width), strict=True):
        total += _near(counts, levels, cutoff, reach)
    near, above, expected, smooth, variance = total
    n = np.where(near > 0, near, np.nan)
    effect, error = (above - expected) / n, np.sqrt(variance) / n
    measured = Measured(
        "cutoff_excess", above / n, expected / n, effect, error, effect / error, near.astype(np.int64), smooth / n
    )
    return measured.where((near >= options.minimum_near) & (pupils.counts >= options.minimum_n))


def _reaches(cutoffs: tuple[int, int, int], width: int, half_width: int) -> list[int]:
    """Return how far around each cut-off to look, so that the windows of two cut-offs never share a score."""
    edges = (-cutoffs[0], *cutoffs, 2 * width - cutoffs[2])
    return [
        max(1, min(half_width, (here - before) // 2, (after - here) // 2))
        for before, here, after in zip(edges, cutoffs, edges[2:], strict=False)
    ]


def _levels(score: Ints, school: np.ndarray, schools: int) -> _Levels:
    own = grouped_moments(score, school, schools)
    n = own.counts.astype(np.float64)
    used = n > 0
    mean, total = float(score.mean()) if len(score) else 0.0, float(score.var()) if len(score) else 0.0
    spare = max(1.0, float((n[used] - 1).sum()))
    within = float(np.nansum(np.where(n > 1, own.variance, 0) * (n - 1)) / spare) or 1.0
    between_n = (n.sum() - (n**2).sum() / max(n.sum(), 1)) / max(1, used.sum() - 1)
    squares = float(np.nansum(n * (own.mean - mean) ** 2) / max(1, used.sum() - 1))
    between = max(0.0, (squares - within) / max(between_n, 1e-9))
    # A mean of few pupils is drawn to the peers' mean as far as it is unreliable.
    shrink = n * between / (n * between + within)
    return _Levels(
        mean, max(total, 1e-9), max(within, 1e-9), mean + shrink * (np.nan_to_num(own.mean, nan=mean) - mean)
    )


def _near(counts: Ints, levels: _Levels, cutoff: int, reach: int) -> Floats:
    """Return sums of one cut-off by school: works near, at or above it, expected, smooth expectation, variance."""
    scores = np.arange(max(0, cutoff - reach), min(counts.shape[1], cutoff + reach))
    is_above = scores >= cutoff
    own = counts[:, scores]
    others = own.sum(axis=0) - own + _SMOOTHING
    middle = cutoff - 0.5
    slope = (middle - levels.mean) / levels.total_variance - (middle - levels.school_mean) / levels.within_variance
    weights = others * np.exp(slope[:, None] * (scores - middle))
    expected = weights[:, is_above].sum(axis=1) / weights.sum(axis=1)
    density = np.exp(-((scores - levels.school_mean[:, None]) ** 2) / (2 * levels.within_variance))
    smooth = density[:, is_above].sum(axis=1) / np.maximum(density.sum(axis=1), 1e-300)
    near = own.sum(axis=1)
    variance = expected * (1 - expected) * (near + near**2 / others.sum(axis=1))
    return np.stack([near, own[:, is_above].sum(axis=1), near * expected, near * smooth, variance])
