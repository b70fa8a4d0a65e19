"""Results of tasks by unit of observation: solvability, zero and full rates, who did not attempt, the colour."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope, picked, ratio, unit_columns
from oko_pipeline.analysis.options import AnalysisOptions
from oko_pipeline.analysis.task_profile import TaskProfile
from oko_pipeline.analysis.units import Units
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.tables import TASK_RESULTS
from oko_pipeline.statistics.intervals import RatioSums, ratio_interval

COLOURS: Final = ("green", "yellow", "red")
GREEN, YELLOW, RED = range(3)
_LOWEST_CODE: Final = min(TaskCode)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Counts of units × tasks. `taught` is the denominator: cells with a score, and those not attempted."""

    taught: Ints
    not_attempted: Ints
    not_taught: Ints
    total: Ints
    squares: Ints
    zero: Ints
    full: Ints


def count_tasks(
    scores: npt.NDArray[np.int8], class_of_work: npt.NDArray[np.intp], units: Units, profile: TaskProfile
) -> TaskCounts:
    """Count the cells of scored works: `scores` (works × tasks) with the class of each work."""
    task_count = scores.shape[1]
    width = int(scores.max(initial=0)) - _LOWEST_CODE + 1
    places = (class_of_work[:, None] * task_count + np.arange(task_count)) * width + (scores - np.int64(_LOWEST_CODE))
    cells = np.bincount(places.ravel(), minlength=units.class_count * task_count * width)
    by_unit = units.roll_up(cells.reshape(units.class_count, task_count, width))
    not_attempted = by_unit[:, :, TaskCode.NOT_ATTEMPTED - _LOWEST_CODE]
    scored = by_unit[:, :, -_LOWEST_CODE:]
    value = np.arange(scored.shape[2])
    is_full = value == profile.maxima[:, None]
    return TaskCounts(
        taught=scored.sum(axis=2) + not_attempted,
        not_attempted=not_attempted,
        not_taught=by_unit[:, :, TaskCode.NOT_TAUGHT - _LOWEST_CODE],
        total=scored @ value,
        squares=scored @ value**2,
        zero=scored[:, :, 0] + not_attempted,
        full=np.where(is_full, scored, 0).sum(axis=2),
    )


def colour_places(counts: TaskCounts, profile: TaskProfile, options: AnalysisOptions) -> npt.NDArray[np.int8]:
    """Return places in `COLOURS` of units × tasks, −1 where no colour can be told.

    Compared as 100·Σ with threshold·n·maximum: a quotient such as 0.57·100 = 56.999… would turn yellow into red.
    """
    thresholds = np.array([options.colours.of_level(level) for level in profile.levels], dtype=np.float64)
    green_from, red_below = thresholds.reshape(-1, 2).T
    reachable = counts.taught * profile.maxima
    percents = 100.0 * counts.total
    colours = np.where(
        percents < red_below * reachable, RED, np.where(percents < green_from * reachable, YELLOW, GREEN)
    )
    is_told = (counts.taught >= max(options.hide_below, 1)) & ~np.isnan(green_from * profile.maxima)
    return np.where(is_told, colours, -1).astype(np.int8)


def task_results(scope: Scope, profile: TaskProfile, counts: TaskCounts, colours: npt.NDArray[np.int8]) -> pd.DataFrame:
    """Return `task_results`: assessment × unit × task. `zero_share` includes those who did not attempt the task."""
    unit_count, task_count = counts.taught.shape
    maxima = np.broadcast_to(profile.maxima, counts.taught.shape)
    taught = counts.taught.astype(np.float64)
    interval = ratio_interval(
        RatioSums(
            pupils=taught,
            y=counts.total.astype(np.float64),
            x=taught * maxima,
            yy=counts.squares.astype(np.float64),
            xy=counts.total * maxima,
            xx=taught * maxima**2,
        )
    )
    task = np.tile(np.arange(task_count), unit_count)
    columns: dict[str, object] = {
        **unit_columns(scope, np.repeat(np.arange(unit_count), task_count)),
        "position": profile.positions[task],
        "task_code": picked(profile.codes, task),
        "taught_count": counts.taught.ravel(),
        "not_attempted_count": counts.not_attempted.ravel(),
        "not_taught_count": counts.not_taught.ravel(),
        "mean_task_score": ratio(counts.total, taught).ravel(),
        "solved_share": ratio(counts.total, taught * maxima).ravel(),
        "solved_low": interval.low.ravel(),
        "solved_high": interval.high.ravel(),
        "zero_share": ratio(counts.zero, taught).ravel(),
        "full_share": np.where(np.isnan(maxima), np.nan, ratio(counts.full, taught)).ravel(),
        "not_attempted_share": ratio(counts.not_attempted, taught).ravel(),
        "colour": picked(COLOURS, colours.ravel()),
    }
    return TASK_RESULTS.conform(pd.DataFrame(columns))
