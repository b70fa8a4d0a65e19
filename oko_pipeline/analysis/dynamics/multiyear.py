"""Several years behind one figure: weighted pooling, shrinkage of schools towards their group, trends."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.dynamics.changes import common_share, effective_size, pair_rows
from oko_pipeline.analysis.dynamics.indicators import MEAN_PERCENT, Indicator
from oko_pipeline.analysis.dynamics.links import Link
from oko_pipeline.analysis.dynamics.measures import (
    Measure,
    Scale,
    is_position,
    measure,
    percent_scale,
    position_scale,
    reference_scale,
)
from oko_pipeline.analysis.dynamics.observations import (
    PARENT_LEVELS,
    SCHOOL_LEVEL,
    Floats,
    Observations,
    Places,
)
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.catalogue.tables_dynamics import SERIES_LEVELS
from oko_pipeline.statistics.pooling import Pooled, pool_means, pool_shares
from oko_pipeline.statistics.shrinkage import (
    Shrunk,
    beta_binomial_prior,
    normal_prior,
    shrink_means,
    shrink_shares,
)
from oko_pipeline.statistics.trend import Trend, trend

_GROUP = PARENT_LEVELS.index("group")
_ALL = PARENT_LEVELS.index("all")


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of the same units in comparable works of earlier years: rows × lags, lag 0 first, −1 where there is none."""

    rows: Places
    by_lag: Places


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Shrunk values of schools with the group that they are drawn to (place of its unit, −1 for none)."""

    shrunk: Shrunk
    group_unit: Places
    group_schools: Places
    group_value: Floats


@dataclass(frozen=True, slots=True)
class Yearly:
    """Figures of a window, rows × lags: pupils, effective pupils, values, deviations (means only)."""

    n: Floats
    effective: Floats
    value: Floats
    deviation: Floats


def year_window(
    obs: Observations, rows: Places, links: Mapping[str, Link], years: int, minimum_common_share: float
) -> Window:
    """Return the rows of comparable works up to `years` − 1 school years back, the latest work of a year.

    A unit above the school is left out of a year when too few of its pupils then and now learn in the same schools.
    """
    place = {name: number for number, name in enumerate(obs.assessment_ids)}
    start = {name: int(name_year[:4]) for name, name_year in _years(links).items()}
    columns = [rows]
    for lag in range(1, years):
        earlier = np.full(len(obs.assessment_ids), -1)
        for name, link in links.items():
            found = [one for one in link.comparable if start[name] - start[one] == lag and one in place]
            if name in place and found:
                earlier[place[name]] = place[found[0]]
        pairing = pair_rows(obs, rows, earlier)
        is_same = ~(common_share(obs, pairing) < minimum_common_share)
        columns.append(np.where(is_same, pairing.previous, -1))
    return Window(rows, np.column_stack(columns))


def _years(links: Mapping[str, Link]) -> dict[str, str]:
    return {name: link.school_year for name, link in links.items()}


def yearly(obs: Observations, window: Window, indicator: Indicator, maxima: Floats, options: DynamicsOptions) -> Yearly:
    """Return the figures of an indicator over a window."""
    found: list[Measure] = []
    sizes: list[Floats] = []
    for rows in window.by_lag.T:
        found.append(measure(obs, rows, indicator, _scale(obs, rows, indicator, maxima)))
        sizes.append(effective_size(obs, rows, indicator, options.intraclass_correlation))
    return Yearly(
        np.column_stack([one.n for one in found]),
        np.column_stack(sizes),
        np.column_stack([one.value for one in found]),
        np.column_stack([one.deviation for one in found]),
    )


def _scale(obs: Observations, rows: Places, indicator: Indicator, maxima: Floats) -> Scale | None:
    if indicator is MEAN_PERCENT:
        return percent_scale(obs, rows, maxima)
    if is_position(indicator):
        everyone = np.flatnonzero(obs.is_level(np.arange(len(obs.unit)), _ALL) & (obs.unit_subgroup[obs.unit] == 0))
        mean, deviation = reference_scale(obs, everyone)
        return position_scale(mean[obs.assessment[rows]], deviation[obs.assessment[rows]])
    return None


def pool(figures: Yearly, indicator: Indicator, weights: tuple[float, ...]) -> Pooled:
    """Pool the latest years of a window by `weights`, the latest first."""
    lags = slice(0, min(len(weights), figures.n.shape[1]))
    n, values = figures.effective[:, lags], figures.value[:, lags]
    n = np.where(np.isnan(values), 0.0, n)
    used = weights[: n.shape[1]]
    if indicator.is_share:
        return pool_shares(values * n, n, used)
    return pool_means(values, n, figures.deviation[:, lags], used)


def shrink(
    obs: Observations,
    rows: Places,
    pooled: Pooled,
    indicator: Indicator,
    minimum_schools: int,
    is_apart: npt.NDArray[np.bool_],
) -> Shrinkage:
    """Shrink the schools among `rows` to their group in the work, or to all schools where the group is too small.

    Units `is_apart` (special, evening, penal schools) are like nobody: they are drawn nowhere and draw nobody.
    """
    is_school = obs.is_level(rows, SCHOOL_LEVEL) & ~is_apart[obs.unit[rows]]
    place_of_row = np.full(len(obs.assessment), -1)
    place_of_row[rows] = np.arange(len(rows))
    tried: list[tuple[Shrunk, Places, Places, Floats]] = []
    for level in (_GROUP, _ALL):
        unit = np.where(is_school, obs.parents[obs.unit[rows], level], -1)
        parent = obs.find(obs.assessment[rows], unit)
        group = np.where(parent >= 0, place_of_row[parent], -1)
        prior_of = beta_binomial_prior if indicator.is_share else normal_prior
        shrink_by = shrink_shares if indicator.is_share else shrink_means
        first = pooled.value * pooled.effective_n if indicator.is_share else pooled.value
        second = pooled.effective_n if indicator.is_share else pooled.error
        prior = prior_of(first, second, group, len(rows))
        schools = np.where(group >= 0, prior.units[group], 0)
        value = np.where(group >= 0, prior.mean[group], np.nan)
        tried.append((shrink_by(first, second, prior, group), np.where(schools > 0, unit, -1), schools, value))
    own, everyone = tried
    is_enough = own[2] >= minimum_schools
    shrunk = Shrunk(*(np.where(is_enough, one, other) for one, other in zip(own[0], everyone[0], strict=True)))
    return Shrinkage(
        shrunk,
        group_unit=np.where(is_enough, own[1], everyone[1]),
        group_schools=np.where(is_enough, own[2], everyone[2]),
        group_value=np.where(is_enough, own[3], everyone[3]),
    )


def trends(obs: Observations, rows: Places, figures: Yearly, indicator: Indicator, options: DynamicsOptions) -> Trend:
    """Fit trends per year, level by level: the year-to-year spread is learnt from the units of a level together."""
    n = np.where(figures.n >= options.minimum_n, figures.effective, np.nan)
    errors = _pooled_deviation(figures, n, is_share=indicator.is_share)[:, None] / np.sqrt(n)
    times = -np.arange(n.shape[1], dtype=np.float64)
    blank = np.full(len(rows), np.nan)
    found = Trend(blank, blank.copy(), blank.copy(), blank.copy(), blank.copy(), np.zeros(len(rows), dtype=np.int64))
    for level in range(len(SERIES_LEVELS)):
        at = np.flatnonzero(obs.is_level(rows, level))
        if len(at):
            own = trend(
                figures.value[at],
                errors[at],
                times,
                options.minimum_points,
                minimum_units=options.minimum_series,
            )
            for whole, part in zip(found, own, strict=True):
                whole[at] = part
    return found


def _pooled_deviation(figures: Yearly, n: Floats, *, is_share: bool) -> Floats:
    """Return one deviation of pupils a series: with each year's own, chance would decide the weights of the points."""
    sizes = np.nan_to_num(n)
    if is_share:
        share = (np.nansum(figures.value * sizes, axis=1) + 1) / (sizes.sum(axis=1) + 2)
        return np.sqrt(share * (1 - share))
    freedom = np.maximum(sizes - 1, 0.0)
    return np.sqrt(ratio(np.nansum(freedom * figures.deviation**2, axis=1), freedom.sum(axis=1)))
