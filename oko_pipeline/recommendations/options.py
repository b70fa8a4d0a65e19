"""What this room is told beside the data: the year and the parameters of the registry of methods."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from oko_pipeline.catalogue.method_options import YearOptions

FINDINGS_METHOD: Final = "recommendations.findings"
ADVICE_METHOD: Final = "recommendations.advice"
_FIRST_MONTH_OF_CYCLE: Final = 6


@dataclass(frozen=True, slots=True)
class CycleOptions(YearOptions):
    """Parameters of the methods `recommendations.*`; what each means stands in the registry."""

    METHODS: ClassVar[tuple[str, ...]] = (FINDINGS_METHOD, ADVICE_METHOD)

    minimum_n: int
    addressee_limit: int
    basis_limit: int

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
