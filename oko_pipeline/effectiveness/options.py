"""What the judging of measures is told beside the data: the year and the parameters of the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from oko_pipeline.catalogue.methods import method, parameters

SAME_START: Final = "effectiveness.same_start"
VERDICT: Final = "effectiveness.verdict"
CONCLUSIONS: Final = "effectiveness.year_conclusions"


def method_columns(method_id: str) -> dict[str, str]:
    """Return the columns that say by which method a row was made."""
    return {"method_id": method_id, "method_version": method(method_id).version}


@dataclass(frozen=True, slots=True)
class EffectOptions:
    """Parameters of the methods `effectiveness.same_start` and `.verdict`; what each means stands in the registry."""

    school_year: str
    tier_bounds: tuple[int, int, int, int]
    minimum_n: int
    minimum_comparisons: int
    comparisons: int
    caliper: float
    maximum_broken_share: float
    maximum_years_back: int
    default_indicator: str
    expected_points: float
    expected_deviations: float

    @classmethod
    def of_year(
        cls,
        school_year: str,
        overrides: Mapping[str, Any] | None = None,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    ) -> Self:
        """Return the options of a year by the registry; `overrides` replace parameters («….same_start.caliper»).

        Raises:
            CatalogueError: for an override of no parameter, or of another type.
        """
        values = parameters(SAME_START, overrides) | parameters(VERDICT, overrides)
        return cls(school_year=school_year, tier_bounds=tier_bounds, **values)


def year_before(school_year: str, years: int = 1) -> str:
    """Return the school year that many years earlier: 2020-2021 → 2019-2020."""
    start = int(school_year[:4]) - years
    return f"{start}-{start + 1}"


def year_of(date: str) -> str:
    """Return the school year of a day (ISO 8601): it begins in August."""
    start = int(date[:4]) - (int(date[5:7]) < 8)
    return f"{start}-{start + 1}"
