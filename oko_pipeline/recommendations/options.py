"""What this room is told beside the data: the year and the parameters of the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from oko_pipeline.catalogue.methods import method, parameters

FINDINGS_METHOD: Final = "recommendations.findings"
ADVICE_METHOD: Final = "recommendations.advice"
_FIRST_MONTH_OF_CYCLE: Final = 6


@dataclass(frozen=True, slots=True)
class CycleOptions:
    """Parameters of the methods `recommendations.*`; what each means stands in the registry."""

    school_year: str
    tier_bounds: tuple[int, int, int, int]
    minimum_n: int
    addressee_limit: int
    basis_limit: int

    @classmethod
    def of_year(
        cls,
        school_year: str,
        overrides: Mapping[str, Any] | None = None,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    ) -> Self:
        """Return the options of a year by the registry; raises `CatalogueError` for an override of no parameter."""
        values = parameters(FINDINGS_METHOD, overrides) | parameters(ADVICE_METHOD, overrides)
        return cls(school_year=school_year, tier_bounds=tier_bounds, **values)

    @property
    def last_year(self) -> int:
        """The calendar year in which the school year ends."""
        return int(self.school_year[5:])

    @property
    def next_school_year(self) -> str:
        """The school year for which advice is given."""
        return f"{self.last_year}-{self.last_year + 1}"

    def due_on(self, term: str) -> date:
        """Return the date of a month and day of the coming cycle, which begins when the year's results are in."""
        month, day = (int(part) for part in term.split("-"))
        return date(self.last_year if month >= _FIRST_MONTH_OF_CYCLE else self.last_year + 1, month, day)


def method_columns(method_id: str) -> dict[str, str]:
    """Return the columns that name the method of a stored row."""
    return {"method_id": method_id, "method_version": method(method_id).version}
