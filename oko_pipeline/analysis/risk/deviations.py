"""Deviations of schools from what is expected of them: all schools, their group, a published benchmark, a norm."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.dynamics.indicators import Indicator
from oko_pipeline.analysis.dynamics.observations import Floats, Observations, Places
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.catalogue.tables_dynamics import COMPARISONS
from oko_pipeline.statistics.differences import two_sided_p
from oko_pipeline.statistics.funnel import (
    ALARM,
    WARNING,
    arcsine,
    arcsine_error,
    arcsine_limits,
    arcsine_target,
    binomial_limits,
    binomial_mid_p,
    mean_limits,
)
from oko_pipeline.statistics.intervals import Interval
from oko_pipeline.statistics.overdispersion import overdispersion

OF_ALL, OF_GROUP, OF_BENCHMARK, OF_NORM = (COMPARISONS.index(name) for name in ("all", "group", "benchmark", "norm"))
_LIMITS: Final = (WARNING, ALARM)


@dataclass(frozen=True, slots=True)
class Deviations:
    """One test a place: the row of the observation, indicator, comparison and reference by place, and the results.

    `z` is the deviation in standard errors (above the target — positive), NaN where there are too few pupils; the same
    for `p_value`. Limits stand in the indicator's unit.
    """

    row: Places
    indicator: Places
    comparison: Places
    reference: Places
    reference_schools: Floats
    target: Floats
    limit_95_low: Floats
    limit_95_high: Floats
    limit_998_low: Floats
    limit_998_high: Floats
    factor: Floats
    between_sd: Floats
    z: Floats
    p_value: Floats

    def picked(self, places: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "Deviations":
        """Return some of the tests."""
        return Deviations(*(getattr(self, field.name)[places] for field in fields(self)))


def joined(parts: Sequence[Deviations]) -> Deviations:
    """Return the tests of all parts."""
    return Deviations(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Deviations)))


def peer_deviations(
    obs: Observations,
    rows: Places,
    family: tuple[Places, Places],
    indicator: tuple[int, Indicator],
    comparison: int,
    options: RiskOptions,
) -> Deviations:
    """Compare the schools of each family with all pupils of the family on a funnel with the spread between schools.

    Args:
        obs: observations.
        rows: rows of schools.
        family: for each row the number of its family (a work, or a group within a work) from 0, and the place of its
            reference.
        indicator: place and indicator.
        comparison: place in `COMPARISONS`.
        options: parameters.

    Returns:
        Tests of all families that have enough schools with enough pupils.
    """
    place, own = indicator
    number, reference = family
    n, x = obs.sum_of(own.whole, rows), obs.sum_of(own.part, rows)
    count = int(number.max(initial=-1)) + 1
    is_enough = n >= options.minimum_n
    schools = np.bincount(number[is_enough], minlength=count)
    is_used = (n > 0) & (schools[number] >= options.minimum_reference_schools)
    rows, number, reference = rows[is_used], number[is_used], reference[is_used]
    n, x, is_enough = n[is_used], x[is_used], is_enough[is_used]
    target = ratio(np.bincount(number, x, count), np.bincount(number, n, count))
    if own.is_share:
        value, centre, error = arcsine(x, n), arcsine_target(target), arcsine_error(n)
    else:
        value, centre, error = x / n, target, _pooled_error(obs, rows, number, count)
    z_plain = (value - centre[number]) / error
    factor, variance = _spread(np.where(is_enough, z_plain, np.nan), error, number, count, options)
    z = np.where(is_enough, z_plain * error / np.sqrt(error**2 + variance[number]), np.nan)
    if own.is_share:
        limits = [arcsine_limits(target[number], n, variance[number], one) for one in _LIMITS]
    else:
        limits = [mean_limits(target[number], error, variance[number], one) for one in _LIMITS]
    return _tests(
        rows,
        (place, comparison, reference),
        target[number],
        limits,
        (schools[number].astype(np.float64), factor[number], np.sqrt(variance)[number]),
        (z, two_sided_p(z)),
    )


def _pooled_error(obs: Observations, rows: Places, number: Places, count: int) -> Floats:
    """Return standard errors of schools' means by the spread of pupils within the schools of the family."""
    n, total, squares = (obs.sum_of(name, rows) for name in ("participants", "total", "squares"))
    within = np.bincount(number, np.maximum(squares - total**2 / n, 0.0), count)
    variance = ratio(within, np.bincount(number, np.maximum(n - 1, 0), count))
    return np.sqrt(np.where(variance > 0, variance, np.nan)[number] / n)


def _spread(z: Floats, error: Floats, number: Places, count: int, options: RiskOptions) -> tuple[Floats, Floats]:
    factor, variance = np.full(count, np.nan), np.zeros(count)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(count + 1))
    for family in np.unique(number):
        own = order[starts[family] : starts[family + 1]]
        found = overdispersion(z[own], error[own], options.winsorised_share, is_corrected=options.is_corrected)
        factor[family], variance[family] = found.factor, found.variance
    return factor, variance


def fixed_deviations(
    obs: Observations,
    rows: Places,
    target: tuple[Floats, Places],
    indicator: tuple[int, Indicator],
    comparison: int,
    options: RiskOptions,
) -> Deviations:
    """Compare shares of schools with fixed numbers by exact binomial tests; a norm is tested on its adverse side only.

    Args:
        obs: observations.
        rows: rows of schools.
        target: the number for each row (NaN — none) and the place of its reference.
        indicator: place and indicator, a share.
        comparison: place in `COMPARISONS`.
        options: parameters.
    """
    place, own = indicator
    n = obs.sum_of(own.whole, rows)
    is_used = (n > 0) & ~np.isnan(target[0]) & ~np.isnan(obs.sum_of(own.part, rows))
    rows, n, expected, reference = rows[is_used], n[is_used], target[0][is_used], target[1][is_used]
    x = np.round(obs.sum_of(own.part, rows))
    z, p_value = _exact_scores(x, n, expected)
    if comparison == OF_NORM:
        p_value = np.where(z > 0, p_value / 2, 1 - p_value / 2)
    is_enough = n >= options.minimum_n
    unknown = np.full(len(rows), np.nan)
    return _tests(
        rows,
        (place, comparison, reference),
        expected,
        [binomial_limits(expected, n, one) for one in _LIMITS],
        (unknown, unknown, unknown),
        (np.where(is_enough, z, np.nan), np.where(is_enough, p_value, np.nan)),
    )


def _exact_scores(x: Floats, n: Floats, expected: Floats) -> tuple[Floats, Floats]:
    from scipy.special import ndtri

    p_value = binomial_mid_p(x, n, expected)
    # Beyond 1e-300 a normal deviate has no meaning and the inverse no value.
    z = -ndtri(np.maximum(p_value, 1e-300) / 2) * np.sign(x / n - expected)
    return z, p_value


def _tests(
    rows: Places,
    what: tuple[int, int, Places],
    target: Floats,
    limits: Sequence[Interval],
    reference: tuple[Floats, Floats, Floats],
    scores: tuple[Floats, Floats],
) -> Deviations:
    indicator, comparison, reference_place = what
    schools, factor, between = reference
    return Deviations(
        row=rows,
        indicator=np.full(len(rows), indicator),
        comparison=np.full(len(rows), comparison),
        reference=reference_place,
        reference_schools=schools,
        target=target,
        limit_95_low=limits[0].low,
        limit_95_high=limits[0].high,
        limit_998_low=limits[1].low,
        limit_998_high=limits[1].high,
        factor=factor,
        between_sd=between,
        z=scores[0],
        p_value=scores[1],
    )
