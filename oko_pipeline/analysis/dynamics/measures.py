"""Values of indicators with intervals, from sums of observations."""

from dataclasses import dataclass

import numpy as np

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.dynamics.indicators import Basis, Indicator
from oko_pipeline.analysis.dynamics.observations import Floats, Observations, Places
from oko_pipeline.statistics.differences import Sample
from oko_pipeline.statistics.intervals import Interval, mean_interval, wilson_interval


@dataclass(frozen=True, slots=True)
class Scale:
    """How a mean score becomes a value: (mean − origin) · factor, an origin and a factor for each row."""

    origin: Floats
    factor: Floats


@dataclass(frozen=True, slots=True)
class Measure:
    """Values of rows: pupils n, the value, its interval, and the pupils' standard deviation where it is a mean."""

    n: Floats
    value: Floats
    interval: Interval
    deviation: Floats

    @property
    def sample(self) -> Sample:
        """Return sizes, means and deviations."""
        return Sample(self.n, self.value, self.deviation)


def measure(obs: Observations, rows: Places, indicator: Indicator, scale: Scale | None) -> Measure:
    """Return the values of an indicator at `rows` (NaN at −1); shares by Wilson, means by Student.

    Args:
        obs: observations.
        rows: places of rows.
        indicator: which.
        scale: for a mean, its scale at `rows`.
    """
    n, part = obs.sum_of(indicator.whole, rows), obs.sum_of(indicator.part, rows)
    value = ratio(part, n)
    if scale is None:
        return Measure(n, value, wilson_interval(part, n), np.full(len(rows), np.nan))
    squares = np.maximum(obs.sum_of("squares", rows) - n * value * value, 0.0)
    # Sums of whole scores leave relative noise of 1e-12: below it all pupils have one score.
    squares = np.where(squares > 1e-9 * np.maximum(obs.sum_of("squares", rows), 1.0), squares, 0.0)
    deviation = np.sqrt(ratio(squares, n - 1)) * scale.factor
    value = (value - scale.origin) * scale.factor
    return Measure(n, value, mean_interval(value, deviation, n), deviation)


def percent_scale(obs: Observations, rows: Places, maxima: Floats) -> Scale:
    """Return the scale of percents of the maximum; `maxima` by work, NaN where unknown."""
    maximum = maxima[obs.assessment[rows]]
    return Scale(np.zeros(len(rows)), 100 / np.where(maximum > 0, maximum, np.nan))


def reference_scale(obs: Observations, rows: Places) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (n−1) of all pupils of the given rows, by work; NaN where there are none."""
    works = obs.assessment[rows]
    count = len(obs.assessment_ids)
    n, total, squares = (
        np.bincount(works, obs.sum_of(name, rows), count) for name in ("participants", "total", "squares")
    )
    mean = ratio(total, n)
    deviation = np.sqrt(np.maximum(ratio(squares - n * np.nan_to_num(mean) ** 2, n - 1), 0.0))
    return mean, np.where(deviation > 0, deviation, np.nan)


def position_scale(mean: Floats, deviation: Floats) -> Scale:
    """Return the scale of positions: distance from the mean of all pupils in their standard deviations."""
    return Scale(mean, 1 / deviation)


def is_position(indicator: Indicator) -> bool:
    """Tell whether an indicator is the position among all pupils."""
    return indicator.basis is Basis.POSITION
