"""Spearman's rank correlation with intervals: for single observations and for observations in clusters."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, normal_quantile, student_quantile


class Correlation(NamedTuple):
    """A correlation with its interval and p; NaN where it cannot be computed."""

    estimate: float
    low: float
    high: float
    p_value: float
    pairs: int


_NAN = float("nan")


class _Ranked(NamedTuple):
    """Mid-ranks as a distribution function (0 to 1), with the order and the runs of equal values behind them."""

    mid: Floats
    place: npt.NDArray[np.intp]
    counts: npt.NDArray[np.int64]


def _ranked(values: npt.ArrayLike) -> _Ranked:
    _, place, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    return _Ranked(((below + counts / 2) / len(place))[place], place, counts)


def spearman(left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Return Pearson's correlation of mid-ranks (the tie-corrected Spearman); NaN below 2 pairs or without variance."""
    x, y = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if len(x) < 2:
        return _NAN
    return _correlation(_ranked(x).mid, _ranked(y).mid)


def _correlation(u: Floats, v: Floats) -> float:
    u, v = u - u.mean(), v - v.mean()
    spread = float(u @ u) * float(v @ v)
    return float(u @ v) / spread**0.5 if spread > 0 else _NAN


def bonett_wright(left: npt.ArrayLike, right: npt.ArrayLike, confidence: float = CONFIDENCE) -> Correlation:
    """Return Spearman's correlation of independent pairs with the interval tanh(artanh r ± z·√((1 + r²/2)/(n − 3))).

    Bonett and Wright 2000 (Psychometrika 65:23). p is that of the same statistic about zero. No interval below n = 5.
    """
    count = len(np.asarray(left))
    r = spearman(left, right)
    if count < 5 or not abs(r) < 1:
        return Correlation(r, _NAN, _NAN, _NAN, count)
    error = ((1 + r * r / 2) / (count - 3)) ** 0.5
    z = float(np.arctanh(r))
    half = normal_quantile(confidence) * error
    return Correlation(r, float(np.tanh(z - half)), float(np.tanh(z + half)), _two_sided(z * (count - 3) ** 0.5), count)


def _two_sided(z: float) -> float:
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))


def clustered_spearman(
    left: npt.ArrayLike, right: npt.ArrayLike, clusters: npt.NDArray[np.intp], confidence: float = CONFIDENCE
) -> Correlation:
    """Return Spearman's correlation with an interval that allows for clusters (pupils of a school resemble each other).

    The variance is that of cluster sums of the influence values of the tie-corrected rank correlation (the rank
    transform included; Croux and Dehon 2010, Statistical Methods and Applications 19:497), weighted as the jackknife
    over clusters weights them, taken to Fisher's z, with Student's quantile of the effective number of clusters
    (Σn)²/Σn² − 1. No interval below 10 clusters.

    Args:
        left: first values.
        right: second values.
        clusters: cluster of each pair, 0 … clusters − 1.
        confidence: level of the interval.
    """
    count = len(clusters)
    used, place = np.unique(clusters, return_inverse=True)
    if count < 2:
        return Correlation(_NAN, _NAN, _NAN, _NAN, count)
    x, y = _ranked(left), _ranked(right)
    r = _correlation(x.mid, y.mid)
    if len(used) < 10 or not abs(r) < 1:
        return Correlation(r, _NAN, _NAN, _NAN, count)
    sizes = np.bincount(place)
    # What the correlation would be without a cluster: the sum of its influence, spread over all the others.
    sums = np.bincount(place, weights=_influence(x, y, r)) / (1 - sizes / count)
    # Large clusters leave fewer degrees of freedom than their number says.
    degrees = count * count / float(sizes @ sizes) - 1
    error = float(np.sqrt(sums @ sums)) / count / (1 - r * r)
    z = float(np.arctanh(r))
    half = float(student_quantile(degrees, confidence)) * error
    p_value = _student_p(z / error, degrees) if error > 0 else _NAN
    return Correlation(r, float(np.tanh(z - half)), float(np.tanh(z + half)), p_value, count)


def _student_p(t: float, degrees: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))


def _influence(x: _Ranked, y: _Ranked, r: float) -> Floats:
    """Return the influence of each pair on the correlation of mid-ranks, ranks being estimated from the same pairs."""
    u, v = x.mid - 0.5, y.mid - 0.5
    covariance = u * v + _later_mean(x, v) + _later_mean(y, u)
    spread_x = u * u + 2 * _later_mean(x, u)
    spread_y = v * v + 2 * _later_mean(y, v)
    var_x, var_y = float(u @ u) / len(u), float(v @ v) / len(v)
    psi = covariance / (var_x * var_y) ** 0.5 - r / 2 * (spread_x / var_x + spread_y / var_y)
    return psi - psi.mean()


def _later_mean(ranked: _Ranked, values: Floats) -> Floats:
    """Return for each pair i the mean over pairs j of h·values(j), h being 1 when j ranks above i, ½ when equal."""
    by_value = np.bincount(ranked.place, weights=values)
    above = by_value.sum() - np.cumsum(by_value) + by_value / 2
    return (above / len(values))[ranked.place]
