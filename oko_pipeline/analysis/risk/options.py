"""What the search for risk zones is told beside the data: the year and the parameters of the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from oko_pipeline.catalogue.methods import parameters

_METHODS = ("risk.funnel", "risk.norm", "risk.false_discovery", "risk.persistence", "risk.card")


@dataclass(frozen=True, slots=True)
class RiskOptions:
    """Parameters of the methods `risk.*`; what each means stands in the registry."""

    school_year: str
    tier_bounds: tuple[int, int, int, int]
    indicators: tuple[str, ...]
    minimum_n: int
    minimum_reference_schools: int
    winsorised_share: float
    is_corrected: bool
    maximum_mark_2_share: float
    q_level: float
    window_years: int
    minimum_years: int
    risk_subjects: int
    expected_share: float

    @classmethod
    def of_year(
        cls,
        school_year: str,
        overrides: Mapping[str, Any] | None = None,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    ) -> Self:
        """Return the options of a year by the registry; `overrides` replace parameters («risk.funnel.minimum_n»).

        Raises:
            CatalogueError: for an override of no parameter, or of another type.
        """
        values: dict[str, Any] = {}
        for method_id in _METHODS:
            values |= parameters(method_id, overrides)
        return cls(school_year=school_year, tier_bounds=tier_bounds, **values)
