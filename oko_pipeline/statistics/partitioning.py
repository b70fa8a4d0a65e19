"""Partitions of points into clusters: choice of their number, stability under resampling, borderline points.

Deterministic for a seed. Does not belong here: which properties of schools are points (`analysis.context`).
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.threads import single_threaded

Labels = npt.NDArray[np.intp]
ALGORITHMS: Final = ("kmeans", "ward")


@dataclass(frozen=True, slots=True)
class PartitionOptions:
    """How clusters are sought: the algorithm, the numbers tried, the least size, the seed, the resamplings."""

    algorithm: str = "kmeans"
    numbers: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)
    minimum_size: int = 5
    seed: int = 20210315
    resamplings: int = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A number of clusters tried: its mean silhouette (NaN when none could be made) and the size of its least one."""

    number: int
    silhouette: float
    smallest: int


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of n points into k clusters; `jaccard` is of clusters, `membership_share` of points.

    `membership_share`: in how many of the resamplings that held the point its cluster was the same (matched by the
    largest Jaccard index); NaN for a point that no resampling held. `adjusted_rand` is the mean over the resamplings.
    """

    labels: Labels
    centroids: Floats
    silhouette: Floats
    choices: tuple[Choice, ...]
    jaccard: Floats
    adjusted_rand: float
    membership_share: Floats


def partition(points: Floats, options: PartitionOptions) -> Partition | None:
    """Return the partition with the largest mean silhouette whose clusters all have the least size; None if none has.

    Silhouette: Rousseeuw 1987, J. Comput. Appl. Math. 20:53. Stability: bootstrap of the points, mean of the largest
    Jaccard index of each cluster (Hennig 2007, Comput. Stat. Data Anal. 52:258) and mean adjusted Rand index (Hubert,
    Arabie 1985). Clusters are numbered by the first coordinate of their centroids.
    """
    # A limit holds for the libraries loaded when it is set. Threads of clustering wait for each other by spinning: on a
    # busy machine the clusters of 640 schools took 256 s without the limit and 3 s with it.
    for name in ("sklearn.cluster", "sklearn.metrics"):
        _library(name)
    with single_threaded():
        return _partition(points, options)


def _partition(points: Floats, options: PartitionOptions) -> Partition | None:
    silhouette_samples = _library("sklearn.metrics").silhouette_samples
    best: tuple[float, Labels] | None = None
    choices: list[Choice] = []
    distinct = len(np.unique(points, axis=0)) if len(points) else 0
    for number in options.numbers:
        if number < 2 or number >= distinct:
            choices.append(Choice(number, float("nan"), 0))
            continue
        labels = _clusters(points, number, options)
        score = float(silhouette_samples(points, labels).mean())
        smallest = int(np.bincount(labels, minlength=number).min())
        choices.append(Choice(number, score, smallest))
        if smallest >= options.minimum_size and (best is None or score > best[0]):
            best = score, labels
    if best is None:
        return None
    labels = _renumbered(points, best[1])
    jaccard, rand, share = _stability(points, labels, options)
    return Partition(
        labels, _centroids(points, labels), silhouette_samples(points, labels), tuple(choices), jaccard, rand, share
    )


def _library(module: str) -> Any:
    """Return a library that has no type stubs, loaded at first use."""
    return import_module(module)


def centroid_distances(points: Floats, centroids: Floats) -> Floats:
    """Return points × clusters: Euclidean distances from the centroids."""
    return np.sqrt(np.maximum(_square_distances(points, centroids), 0.0))


def _square_distances(left: Floats, right: Floats) -> Floats:
    return (left**2).sum(axis=1)[:, None] - 2 * left @ right.T + (right**2).sum(axis=1)[None, :]


def _clusters(points: Floats, number: int, options: PartitionOptions, starts: int = 10) -> Labels:
    cluster = _library("sklearn.cluster")
    if options.algorithm == "ward":
        model = cluster.AgglomerativeClustering(number, linkage="ward")
    else:
        model = cluster.KMeans(number, n_init=starts, random_state=options.seed)
    return model.fit_predict(points).astype(np.intp)


def _centroids(points: Floats, labels: Labels) -> Floats:
    counts = np.bincount(labels)
    return np.column_stack([np.bincount(labels, column) / counts for column in points.T])


def _renumbered(points: Floats, labels: Labels) -> Labels:
    order = np.argsort(_centroids(points, labels)[:, 0], kind="stable")
    return np.argsort(order)[labels]


def _stability(points: Floats, labels: Labels, options: PartitionOptions) -> tuple[Floats, float, Floats]:
    """Cluster bootstrap samples; return mean Jaccard a cluster, mean adjusted Rand, share of equal membership a point.

    A point drawn twice counts once in the comparison: copies of one point agree with themselves.
    """
    adjusted_rand_score = _library("sklearn.metrics").adjusted_rand_score
    rng = np.random.default_rng(options.seed)
    number = int(labels.max()) + 1
    jaccards: list[Floats] = []
    rands: list[float] = []
    held, same = np.zeros(len(points)), np.zeros(len(points))
    for _ in range(options.resamplings):
        drawn = rng.integers(0, len(points), len(points))
        if len(np.unique(points[drawn], axis=0)) <= number:
            continue
        found = _clusters(points[drawn], number, options, starts=3)
        chosen, first = np.unique(drawn, return_index=True)
        found = found[first]
        overlap = _jaccard(labels[chosen], found, number)
        jaccards.append(overlap.max(axis=1))
        rands.append(float(adjusted_rand_score(labels[chosen], found)))
        held[chosen] += 1
        same[chosen] += overlap.argmax(axis=1)[labels[chosen]] == found
    if not rands:
        return np.full(number, np.nan), float("nan"), np.full(len(points), np.nan)
    with np.errstate(invalid="ignore"):
        share = same / np.where(held > 0, held, np.nan)
    return np.mean(jaccards, axis=0), float(np.mean(rands)), share


def _jaccard(ours: Labels, theirs: Labels, number: int) -> Floats:
    """Return the Jaccard index of each of our clusters with each of theirs; 0 where both are empty."""
    joint = np.bincount(ours * number + theirs, minlength=number * number).reshape(number, number).astype(np.float64)
    union = joint.sum(axis=1)[:, None] + joint.sum(axis=0)[None, :] - joint
    return joint / np.maximum(union, 1.0)
