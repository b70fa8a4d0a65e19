"""Changes between two works of a series for all units at once, with intervals that know about schools.

Children of one school are alike, and a municipality is a handful of schools: for units above the school the interval
comes from how differently its schools moved, not from the number of pupils.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.dynamics.indicators import Indicator
from oko_pipeline.analysis.dynamics.measures import Measure, Scale, measure, position_scale, reference_scale
from oko_pipeline.analysis.dynamics.observations import PARENT_LEVELS, SCHOOL_LEVEL, Floats, Observations, Places
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.statistics.differences import (
    Change,
    Sample,
    newcombe_interval,
    share_difference_p,
    t_change,
    welch_change,
)
from oko_pipeline.statistics.intervals import wilson_interval

_SQUARED: Final = {"participants": "participants_squared", "marked": "marked_squared", "pairs": "pairs_squared"}


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows of a year's works beside the rows of the same units in the earlier works (−1 — the unit was not there).

    `own_schools` and `their_schools` are rows of schools in the later and the earlier works of all pairs, with the
    place in `rows` of each parent, by `PARENT_LEVELS`; `match` is the place in `their_schools` of each own school, −1
    if it was not there.
    """

    rows: Places
    previous: Places
    own_schools: Places
    own_parents: Places
    their_schools: Places
    their_parents: Places
    match: Places


def pair_rows(obs: Observations, rows: Places, previous_of_work: Places) -> Pairing:
    """Pair `rows` (of the year's works, sorted) with the earlier works `previous_of_work`, −1 where there is none."""
    place_of_row = np.full(len(obs.assessment), -1)
    place_of_row[rows] = np.arange(len(rows))
    previous = obs.find(previous_of_work[obs.assessment[rows]], obs.unit[rows])
    is_school = obs.is_level(rows, SCHOOL_LEVEL) & (previous_of_work[obs.assessment[rows]] >= 0)
    own = rows[is_school]
    works = np.unique(obs.assessment[own])
    theirs: list[Places] = [np.empty(0, dtype=np.int64)]
    of_work: list[Places] = [np.empty(0, dtype=np.int64)]
    for work in works:
        low, high = obs.rows_of(int(previous_of_work[work]))
        found = np.arange(low, high)
        found = found[obs.is_level(found, SCHOOL_LEVEL)]
        theirs.append(found)
        of_work.append(np.full(len(found), work))
    their, their_work = np.concatenate(theirs), np.concatenate(of_work)
    return Pairing(
        rows,
        previous,
        own,
        _parent_places(obs, place_of_row, obs.assessment[own], obs.unit[own]),
        their,
        _parent_places(obs, place_of_row, their_work, obs.unit[their]),
        _match(obs, own, their, their_work),
    )


def _parent_places(obs: Observations, place_of_row: Places, work: Places, unit: Places) -> Places:
    found = [obs.find(work, obs.parents[unit, level]) for level in range(len(PARENT_LEVELS))]
    return np.column_stack([np.where(rows >= 0, place_of_row[rows], -1) for rows in found]).astype(np.int64)


def _match(obs: Observations, own: Places, their: Places, their_work: Places) -> Places:
    if not len(their):
        return np.full(len(own), -1)
    width = len(obs.unit_level)
    keys = their_work * width + obs.unit[their]
    wanted = obs.assessment[own] * width + obs.unit[own]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def common_share(obs: Observations, pairing: Pairing) -> Floats:
    """Return for each row the smaller of two shares: pupils of schools that wrote both works among all, then and now.

    NaN for schools: a school is itself in both.
    """
    shared = np.full(len(pairing.rows), np.nan)
    matched = pairing.match >= 0
    own_n = obs.sum_of("participants", pairing.own_schools)
    their_n = obs.sum_of("participants", pairing.their_schools)
    is_shared = np.zeros(len(their_n), dtype=bool)
    is_shared[pairing.match[matched]] = True
    for level in range(len(PARENT_LEVELS)):
        own_at, their_at = pairing.own_parents[:, level], pairing.their_parents[:, level]
        now = _summed(own_at, own_n * matched, len(shared)) / _positive(_summed(own_at, own_n, len(shared)))
        then = _summed(their_at, their_n * is_shared, len(shared)) / _positive(_summed(their_at, their_n, len(shared)))
        is_level = obs.is_level(pairing.rows, level)
        shared[is_level] = np.minimum(now, then)[is_level]
    return shared


def matched_scales(obs: Observations, pairing: Pairing, previous_of_work: Places) -> tuple[Scale, Scale, Places]:
    """Return position scales of `rows` and of their previous rows by the schools that wrote both works of each pair.

    The third is the number of these schools for each row. The position must not change because others came or went.
    """
    everybody = obs.unit_subgroup[obs.unit[pairing.own_schools]] == 0
    is_used = (pairing.match >= 0) & everybody
    own, their = pairing.own_schools[is_used], pairing.their_schools[pairing.match[is_used]]
    works, their_works = obs.assessment[pairing.rows], previous_of_work[obs.assessment[pairing.rows]]
    own_mean, own_deviation = reference_scale(obs, own)
    # Two later works may lean on one earlier work with other schools in common: sums go by the later work.
    their_mean, their_deviation = _scale_by(obs, their, obs.assessment[own])
    count = np.bincount(obs.assessment[own], minlength=len(obs.assessment_ids))
    has_previous = their_works >= 0
    blank = np.where(has_previous, 1.0, np.nan)
    return (
        position_scale(own_mean[works], own_deviation[works] * blank),
        position_scale(their_mean[works], their_deviation[works] * blank),
        count[works],
    )


def _scale_by(obs: Observations, rows: Places, works: Places) -> tuple[Floats, Floats]:
    count = len(obs.assessment_ids)
    n, total, squares = (
        np.bincount(works, obs.sum_of(name, rows), count) for name in ("participants", "total", "squares")
    )
    mean = ratio(total, n)
    deviation = np.sqrt(np.maximum(ratio(squares - n * np.nan_to_num(mean) ** 2, n - 1), 0.0))
    return mean, np.where(deviation > 0, deviation, np.nan)


def change(
    obs: Observations,
    pairing: Pairing,
    indicator: Indicator,
    scales: tuple[Scale, Scale] | None,
    options: DynamicsOptions,
) -> Change:
    """Return the change of an indicator for all rows of a pairing; NaN where the unit was not in the earlier work.

    Schools: Newcombe's interval for shares, Welch's for means. Units above with at least `minimum_schools` schools in
    either work: Student's interval by the schools' paired residuals. Other units above: the pupils' interval at a size
    reduced by the design effect 1 + (Σn²/Σn − 1)·ρ.
    """
    own_scale, their_scale = scales if scales is not None else (None, None)
    now = measure(obs, pairing.rows, indicator, own_scale)
    then = measure(obs, pairing.previous, indicator, their_scale)
    simple = _simple_change(obs, pairing, (now, then), indicator, options.intraclass_correlation)
    clustered, schools = _clustered_change(obs, pairing, (now, then), indicator, scales)
    takes = ~obs.is_level(pairing.rows, SCHOOL_LEVEL) & (schools >= options.minimum_schools)
    return Change(*(np.where(takes, robust, plain) for robust, plain in zip(clustered, simple, strict=True)))


def _simple_change(
    obs: Observations, pairing: Pairing, measures: tuple[Measure, Measure], indicator: Indicator, correlation: float
) -> Change:
    now, then = measures
    sizes = [effective_size(obs, rows, indicator, correlation) for rows in (pairing.rows, pairing.previous)]
    if not indicator.is_share:
        samples = [
            Sample(np.where(n >= 2, n, np.nan), one.value, one.deviation)
            for n, one in zip(sizes, measures, strict=True)
        ]
        return welch_change(samples[0], samples[1])
    intervals = [wilson_interval(one.value * n, n) for n, one in zip(sizes, measures, strict=True)]
    bounds = newcombe_interval(now.value, intervals[0], then.value, intervals[1])
    p_value = share_difference_p(now.value * sizes[0], sizes[0], then.value * sizes[1], sizes[1])
    return Change(now.value - then.value, bounds.low, bounds.high, p_value)


def effective_size(obs: Observations, rows: Places, indicator: Indicator, correlation: float) -> Floats:
    """Return the pupils behind a figure; above the school divided by the design effect 1 + (Σn²/Σn − 1)·ρ."""
    n = obs.sum_of(indicator.whole, rows)
    mean_size = ratio(obs.sum_of(_SQUARED[indicator.whole], rows), n)
    is_above = ~obs.is_level(np.maximum(rows, 0), SCHOOL_LEVEL) & (obs.sum_of("schools", rows) > 1)
    return np.where(is_above, n / (1 + np.maximum(mean_size - 1, 0) * correlation), n)


def _clustered_change(
    obs: Observations,
    pairing: Pairing,
    measures: tuple[Measure, Measure],
    indicator: Indicator,
    scales: tuple[Scale, Scale] | None,
) -> tuple[Change, Places]:
    """Jackknife variance of a difference of two ratios over schools: (k−1)/k·Σ(d'ₛ − dₛ)², dₛ = (xₛ − p·nₛ)/(N − nₛ).

    dₛ is what leaving school s out does to its unit (Cochran 1977, 6.17); plain residuals over N are too small where a
    few schools make a unit. A school absent from one work has dₛ = 0 there. Degrees of freedom (Σn)²/Σn² − 1: one large
    school among small ones leaves hardly any. Returned with k, the schools in either.
    """
    size = len(pairing.rows)
    squares, schools = np.zeros(size), np.zeros(size, dtype=np.int64)
    factors = [np.ones(size), np.ones(size)] if scales is None else [scale.factor for scale in scales]
    for level in range(len(PARENT_LEVELS)):
        own_at, their_at = pairing.own_parents[:, level], pairing.their_parents[:, level]
        own = _residuals(obs, (pairing.rows, pairing.own_schools, own_at), indicator) * _at(factors[0], own_at)
        their = _residuals(obs, (pairing.previous, pairing.their_schools, their_at), indicator) * _at(
            factors[1], their_at
        )
        matched = pairing.match >= 0
        both = np.where(matched, their[pairing.match], 0.0) if len(their) else np.zeros(len(own))
        is_alone = np.ones(len(their), dtype=bool)
        is_alone[pairing.match[matched]] = False
        squares += _summed(own_at, (own - both) ** 2, size) + _summed(their_at, their**2 * is_alone, size)
        schools += np.bincount(own_at[own_at >= 0], minlength=size)
        schools += np.bincount(their_at[(their_at >= 0) & is_alone], minlength=size)
    k = schools.astype(np.float64)
    error = np.sqrt(squares * ratio(k - 1, k))
    whole, squared = (obs.sum_of(name, pairing.rows) for name in (indicator.whole, _SQUARED[indicator.whole]))
    even = np.clip(ratio(whole**2, squared), 2.0, np.maximum(k, 2.0))
    return t_change(measures[0].value - measures[1].value, error, even - 1), schools


def _residuals(obs: Observations, where: tuple[Places, Places, Places], indicator: Indicator) -> Floats:
    parent_rows, schools, at = where
    n, x = obs.sum_of(indicator.whole, schools), obs.sum_of(indicator.part, schools)
    whole, part = obs.sum_of(indicator.whole, parent_rows), obs.sum_of(indicator.part, parent_rows)
    return (x - _at(ratio(part, whole), at) * n) / _positive(_at(whole, at) - n)


def _at(values: Floats, places: Places) -> Floats:
    return np.where(places >= 0, values[places], np.nan) if len(values) else np.full(len(places), np.nan)


def _summed(places: Places, values: npt.NDArray[np.float64], size: int) -> Floats:
    known = places >= 0
    return np.bincount(places[known], values[known], minlength=size).astype(np.float64)


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


def previous_places(obs: Observations, previous_of: Mapping[str, str | None]) -> Places:
    """Return for each work of the observations the place of its earlier work, −1 where there is none."""
    place = {name: number for number, name in enumerate(obs.assessment_ids)}
    return np.array([place.get(previous_of.get(name) or "", -1) for name in obs.assessment_ids], dtype=np.int64)
