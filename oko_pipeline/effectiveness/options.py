"""What the judging of measures is told beside the data: the year and the parameters of the registry of methods."""

from dataclasses import dataclass
from typing import ClassVar, Final

from oko_pipeline.catalogue.method_options import YearOptions

SAME_START: Final = "effectiveness.same_start"
VERDICT: Final = "effectiveness.verdict"
CONCLUSIONS: Final = "effectiveness.year_conclusions"


@dataclass(frozen=True, slots=True)
class EffectOptions(YearOptions):
    """Parameters of the methods `effectiveness.same_start` and `.verdict`; what each means stands in the registry."""

    METHODS: ClassVar[tuple[str, ...]] = (SAME_START, VERDICT)

    minimum_n: int
    minimum_comparisons: int
    comparisons: int
    caliper: float
    maximum_broken_share: float
    maximum_years_back: int
    default_indicator: str
    expected_points: float
    expected_deviations: float


def year_before(school_year: str, years: int = 1) -> str:
    """Return the school year that many years earlier: 2020-2021 → 2019-2020."""
    start = int(school_year[:4]) - years
    return f"{start}-{start + 1}"


def year_of(date: str) -> str:
    """Return the school year of a day (ISO 8601): it begins in August."""
    start = int(date[:4]) - (int(date[5:7]) < 8)
    return f"{start}-{start + 1}"
