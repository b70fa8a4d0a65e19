"""Differential functioning of tasks by sex and by variant: all tasks and all units at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope, picked, repeated
from oko_pipeline.analysis.items.complete_works import CompleteWorks
from oko_pipeline.analysis.items.options import DIF_METHOD, DifOptions, ItemOptions
from oko_pipeline.analysis.task_profile import TaskProfile
from oko_pipeline.analysis.units import Places, sum_rows
from oko_pipeline.catalogue.columns import SIZE_TIERS, UNIT_LEVELS
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_items import TASK_DIF
from oko_pipeline.statistics.differential_functioning import (
    MatchedCounts,
    StratumSums,
    delta_classes,
    effect_classes,
    mantel_haenszel,
    matched_counts,
    mean_difference,
)
from oko_pipeline.statistics.false_discovery import benjamini_hochberg_by
from oko_pipeline.statistics.intervals import normal_quantile
from oko_pipeline.statistics.size_tiers import tier_places

Floats = npt.NDArray[np.float64]
_CLASSES = ("A", "B", "C")
_LARGE = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups of works: `group` is 0 for the reference, 1 for the focal group, −1 for works of neither."""

    grouping: str
    reference: str
    focal: str
    group: Places


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of units × tasks with what their rows tell."""

    effect: Floats
    se: Floats
    chi_square: Floats
    p_value: Floats
    classes: npt.NDArray[np.int8]
    counts: MatchedCounts


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison gave: the effects, and the tasks that its criterion was freed of."""

    comparison: Comparison
    effects: Effects
    purified: Places


def comparisons(complete: CompleteWorks, minimum: int) -> Iterator[Comparison]:
    """Give boys against girls, and the most frequent variant against each other one with enough works."""
    yield Comparison("sex", "м", "ж", np.where(complete.sex == 0, -1, complete.sex - 1))
    is_known = np.array([isinstance(variant, str) for variant in complete.variant], dtype=bool)
    names, place, counts = np.unique(complete.variant[is_known].astype("str"), return_inverse=True, return_counts=True)
    if not len(names):
        return
    reference = int(counts.argmax())
    variant = np.full(len(complete.variant), -1)
    variant[is_known] = place
    for other, name in enumerate(names):
        if other != reference and counts[other] >= minimum:
            group = np.where(variant == reference, 0, np.where(variant == other, 1, -1))
            yield Comparison("variant", str(names[reference]), str(name), group)


@dataclass(frozen=True, slots=True)
class DifUnits:
    """Units of differential functioning: all, regions, municipalities. `cell` is the smallest part of each work.

    Cells are the municipalities, with a last one for schools of none.
    """

    unit: Places
    cell_of_school: Places
    region_of_cell: Places
    municipality_of_cell: Places

    def roll_up(self, by_cell: np.ndarray) -> np.ndarray:
        """Return sums for all units: (cells, …) → (units, …)."""
        return np.concatenate(
            [
                by_cell.sum(axis=0, keepdims=True),
                sum_rows(by_cell, self.region_of_cell),
                sum_rows(by_cell, self.municipality_of_cell),
            ]
        )


def dif_units(scope: Scope) -> DifUnits:
    """Find the units; their places stand first in the units of the scope, in the same order."""
    units = scope.units
    pairs = np.stack([units.region_of_school, units.municipality_of_school], axis=1)
    cells, cell_of_school = np.unique(pairs, axis=0, return_inverse=True)
    count = int((units.levels < UNIT_LEVELS.index("school")).sum())
    return DifUnits(np.arange(count), cell_of_school.ravel(), cells[:, 0], cells[:, 1])


def task_dif(scope: Scope, profile: TaskProfile, complete: CompleteWorks, options: ItemOptions) -> pd.DataFrame:
    """Return `task_dif`: comparisons × units whose smaller group is large enough × tasks."""
    places = dif_units(scope)
    frames: list[pd.DataFrame] = []
    for comparison in comparisons(complete, options.dif.minimum_group):
        purified: Places = np.empty(0, dtype=np.intp)
        first = _effects(complete, comparison, places, purified, options.dif)
        purified = _contaminated(first, options.dif)
        found = _effects(complete, comparison, places, purified, options.dif) if len(purified) else first
        frame = _table(scope, profile, complete, Compared(comparison, found, purified), options)
        frames += [frame] if len(frame) else []
    return pd.concat(frames, ignore_index=True) if frames else TASK_DIF.empty()


def _contaminated(effects: Effects, options: DifOptions) -> Places:
    """Return the tasks of class C over all schools, unless they are half of the test: then no total would be left."""
    if min(effects.counts.reference[0], effects.counts.focal[0]) < options.minimum_group:
        return np.empty(0, dtype=np.intp)
    found = np.flatnonzero(effects.classes[0] == _LARGE)
    return found if 2 * len(found) < effects.classes.shape[1] else np.empty(0, dtype=np.intp)


def _effects(
    complete: CompleteWorks, comparison: Comparison, places: DifUnits, purified: Places, options: DifOptions
) -> Effects:
    """Compute the effects with a criterion free of `purified` tasks; each of these is added to its own criterion."""
    criterion = complete.total - complete.scores[:, purified].sum(axis=1, dtype=np.int64)
    every = np.arange(complete.scores.shape[1])
    effects = _with_criterion(complete, comparison, places, criterion, every, options)
    for task in purified:
        own = _with_criterion(
            complete, comparison, places, criterion + complete.scores[:, task], np.array([task]), options
        )
        for name in ("effect", "se", "chi_square", "p_value", "classes"):
            getattr(effects, name)[:, task] = getattr(own, name)[:, 0]
    return effects


def _with_criterion(
    complete: CompleteWorks,
    comparison: Comparison,
    places: DifUnits,
    criterion: npt.NDArray[np.int64],
    tasks: Places,
    options: DifOptions,
) -> Effects:
    sums = _stratum_sums(complete, comparison, places, criterion, tasks)
    plain = mean_difference(sums)
    effect, se = plain.difference / plain.sd, plain.se / plain.sd
    chi_square, p_value = plain.chi_square, plain.p_value
    classes = effect_classes(effect, p_value, options.effect_limits)
    is_binary = complete.maxima[tasks] == 1
    if is_binary.any():
        binary = mantel_haenszel(StratumSums(sums.n, sums.x[..., is_binary], sums.xx[..., is_binary]))
        effect[:, is_binary], se[:, is_binary] = binary.delta, binary.delta_se
        chi_square[:, is_binary], p_value[:, is_binary] = binary.chi_square, binary.p_value
        classes[:, is_binary] = delta_classes(binary.delta, binary.delta_se, binary.p_value, options.delta_limits)
    return Effects(effect, se, chi_square, p_value, classes, matched_counts(sums))


def _stratum_sums(
    complete: CompleteWorks,
    comparison: Comparison,
    places: DifUnits,
    criterion: npt.NDArray[np.int64],
    tasks: Places,
) -> StratumSums:
    members = np.flatnonzero(comparison.group >= 0)
    strata = int(criterion.max(initial=0)) + 1
    cells = len(places.region_of_cell)
    cell = places.cell_of_school[complete.school[members]]
    bucket = (cell * 2 + comparison.group[members]) * strata + criterion[members]
    order = np.argsort(bucket, kind="stable")
    bucket = bucket[order]
    scores = complete.scores[np.ix_(members[order], tasks)].astype(np.int64)
    shape = (cells, 2, strata)

    def summed(values: npt.NDArray[np.int64]) -> Floats:
        by_cell = sum_rows(values, bucket, cells * 2 * strata).reshape(*shape, len(tasks))
        return places.roll_up(by_cell).astype(np.float64)

    n = places.roll_up(np.bincount(bucket, minlength=cells * 2 * strata).reshape(shape)).astype(np.float64)
    return StratumSums(n, summed(scores), summed(scores * scores))


def _table(
    scope: Scope,
    profile: TaskProfile,
    complete: CompleteWorks,
    compared: Compared,
    options: ItemOptions,
) -> pd.DataFrame:
    comparison, effects = compared.comparison, compared.effects
    smaller = np.minimum(effects.counts.reference, effects.counts.focal).astype(np.int64)
    units = np.flatnonzero(smaller >= options.dif.minimum_group)
    tasks = len(complete.taken)
    unit, task = np.repeat(units, tasks), np.tile(np.arange(tasks), len(units))
    cell = (unit, task)
    count = len(unit)
    p_value = effects.p_value[cell]
    q_value = benjamini_hochberg_by(p_value, unit) if count else p_value
    classes = effects.classes[cell]
    half = normal_quantile() * effects.se[cell]
    is_dif = (classes > 0) & (q_value <= options.dif.discovery_rate)
    is_unknown = (classes < 0) | np.isnan(q_value)
    is_binary = complete.maxima == 1
    names = ";".join(profile.codes[complete.taken[place]] for place in compared.purified)
    columns: dict[str, object] = {
        "school_year": repeated(options.school_year, count),
        "assessment_id": repeated(scope.assessment_id, count),
        "unit_level": picked(UNIT_LEVELS, scope.units.levels[unit]),
        "unit_code": scope.units.codes.take(unit),
        "grouping": repeated(comparison.grouping, count),
        "reference_group": repeated(comparison.reference, count),
        "focal_group": repeated(comparison.focal, count),
        "position": profile.positions[complete.taken][task],
        "task_code": picked(profile.codes, complete.taken[task]),
        "statistic": picked(("smd", "mh_delta"), is_binary[task].astype(np.intp)),
        "reference_count": effects.counts.reference[unit].astype(np.int64),
        "focal_count": effects.counts.focal[unit].astype(np.int64),
        "size_tier": picked(SIZE_TIERS, tier_places(smaller[unit], options.tier_bounds)),
        "effect": effects.effect[cell],
        "effect_low": effects.effect[cell] - half,
        "effect_high": effects.effect[cell] + half,
        "chi_square": effects.chi_square[cell],
        "p_value": p_value,
        "q_value": q_value,
        "dif_class": picked(_CLASSES, classes.astype(np.intp)),
        "is_dif": pd.arrays.BooleanArray(is_dif, is_unknown),
        "purified_tasks": repeated(names, count) if names else picked((), task),
        **{name: repeated(text, count) for name, text in method_columns(DIF_METHOD).items()},
    }
    return TASK_DIF.conform(pd.DataFrame(columns))
