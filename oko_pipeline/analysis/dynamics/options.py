"""What the analysis of change is told beside the data: the year and the parameters of the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from oko_pipeline.catalogue.methods import parameters

_METHODS = (
    "dynamics.change",
    "dynamics.cohort_position",
    "dynamics.pooling",
    "dynamics.shrinkage",
    "dynamics.trend",
)


@dataclass(frozen=True, slots=True)
class DynamicsOptions:
    """Parameters of the methods `dynamics.*`; what each means stands in the registry."""

    school_year: str
    tier_bounds: tuple[int, int, int, int]
    subgroups: tuple[str, ...]
    indicators: tuple[str, ...]
    minimum_n: int
    q_level: float
    minimum_common_share: float
    minimum_schools: int
    intraclass_correlation: float
    minimum_same_pupils_share: float
    minimum_reference_schools: int
    pooling_weights: tuple[float, ...]
    pooled_indicators: tuple[str, ...]
    minimum_group_schools: int
    trend_years: int
    minimum_points: int
    minimum_series: int

    @classmethod
    def of_year(
        cls,
        school_year: str,
        overrides: Mapping[str, Any] | None = None,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    ) -> Self:
        """Return the options of a year by the registry; `overrides` replace parameters («dynamics.trend.trend_years»).

        Raises:
            CatalogueError: for an override of no parameter, or of another type.
        """
        values: dict[str, Any] = {}
        for method_id in _METHODS:
            values |= parameters(method_id, overrides)
        return cls(school_year=school_year, tier_bounds=tier_bounds, **values)
