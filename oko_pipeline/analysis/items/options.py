"""Thresholds of the analysis of tasks and skills, from the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.catalogue.methods import parameters

TASK_QUALITY_METHOD: Final = "items.task_quality"
RELIABILITY_METHOD: Final = "items.reliability"
DIF_METHOD: Final = "items.dif"
DEFICITS_METHOD: Final = "items.skill_deficits"
DYNAMICS_METHOD: Final = "items.skill_dynamics"


@dataclass(frozen=True, slots=True)
class TaskQualityOptions:
    """See the method `items.task_quality`."""

    minimum_works: int
    task_minimum_share: float
    extreme_fraction: float
    weak_below: float
    mark_group_minimum: int


@dataclass(frozen=True, slots=True)
class DifOptions:
    """See the method `items.dif`."""

    minimum_group: int
    delta_limits: tuple[float, float]
    effect_limits: tuple[float, float]
    discovery_rate: float


@dataclass(frozen=True, slots=True)
class SkillDynamicsOptions:
    """See the method `items.skill_dynamics`."""

    minimum_pupils: int
    years_back: int


@dataclass(frozen=True, slots=True)
class ItemOptions:
    """Year, tiers and thresholds."""

    school_year: str
    quality: TaskQualityOptions
    dif: DifOptions
    dynamics: SkillDynamicsOptions
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)


def item_options(
    school_year: str,
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    overrides: Mapping[str, Any] | None = None,
) -> ItemOptions:
    """Return the options of a year; `overrides` are a territory's own parameters of methods.

    Raises:
        CatalogueError: for an override of another type or name.
    """
    return ItemOptions(
        school_year,
        TaskQualityOptions(**parameters(TASK_QUALITY_METHOD, overrides)),
        DifOptions(**parameters(DIF_METHOD, overrides)),
        SkillDynamicsOptions(**parameters(DYNAMICS_METHOD, overrides)),
        tier_bounds,
    )
