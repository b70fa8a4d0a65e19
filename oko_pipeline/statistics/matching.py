"""Nearest neighbours on standardised properties, and the balance of those found."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of a point and a neighbour (places), with their distances; `candidates` counts a point's possible ones.

    `nearest` is the distance of the nearest candidate, also of one beyond the caliper; NaN without candidates.
    """

    point: npt.NDArray[np.intp]
    neighbour: npt.NDArray[np.intp]
    distance: Floats
    candidates: npt.NDArray[np.intp]
    nearest: Floats


def standardised(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return columns with mean 0 and sd 1 (n−1), their means and sds; a column without variance becomes 0.

    Missing values stay missing. sd of a column with fewer than two values is NaN.
    """
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    means = filled.sum(axis=0) / np.where(counts > 0, counts, np.nan)
    squares = (np.where(known, values - means, 0.0) ** 2).sum(axis=0)
    deviations = np.sqrt(squares / np.where(counts > 1, counts - 1, np.nan))
    # A constant column leaves rounding noise in place of variance.
    divisor = np.where(deviations > 1e-12 * np.maximum(np.abs(means), 1.0), deviations, np.inf)
    return (values - means) / divisor, means, deviations


def nearest_neighbours(
    points: Floats, groups: npt.NDArray[np.intp], number: int, caliper: float, excluded: npt.NDArray[np.bool_]
) -> Matches:
    """Return each point's nearest others of its group within the caliper.

    Distance: √(mean over properties of squared standardised differences), so that 1 means one standard deviation apart
    on average, whatever the number of properties. Of equally near points the one that stands first wins.

    Args:
        points: points × standardised properties, without missing values.
        groups: group of each point; only points of one group are compared.
        number: largest number of neighbours of a point.
        caliper: largest distance of a neighbour.
        excluded: points that neither get neighbours nor are any.
    """
    pairs: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]] = []
    candidates = np.zeros(len(points), dtype=np.intp)
    nearest = np.full(len(points), np.nan)
    for group in np.unique(groups[~excluded]):
        own = np.flatnonzero((groups == group) & ~excluded)
        candidates[own] = len(own) - 1
        if len(own) < 2:
            continue
        chosen = points[own]
        distances = np.sqrt(((chosen[:, None, :] - chosen[None, :, :]) ** 2).mean(axis=2))
        np.fill_diagonal(distances, np.inf)
        nearest[own] = distances.min(axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, : min(number, len(own) - 1)]
        found = np.take_along_axis(distances, order, axis=1)
        point, rank = np.nonzero(found <= caliper)
        pairs.append((own[point], own[order[point, rank]], found[point, rank]))
    if not pairs:
        nothing = np.zeros(0, dtype=np.intp)
        return Matches(nothing, nothing, np.zeros(0), candidates, nearest)
    point, neighbour, distance = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return Matches(point, neighbour, distance, candidates, nearest)


def standardised_difference(values: Floats, comparison_means: Floats, deviations: Floats) -> Floats:
    """Return (value − mean of the comparison) / sd; NaN where the sd is 0 or unknown.

    Rosenbaum, Rubin 1985 (The American Statistician 39:33) divide by the sd before matching, so that a narrower set of
    matches does not look less balanced; below 0.1–0.25 a difference is held to be small (Stuart 2010, Stat. Sci. 25:1).
    """
    return (values - comparison_means) / np.where(deviations > 0, deviations, np.nan)
