"""What the analysis of exams is told beside the data: year, tiers, bounds of groups. Values come from the methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.errors import ContractError


@dataclass(frozen=True, slots=True)
class ExamOptions:
    """Year and thresholds of an analysis of exams.

    `group_bounds` are the upper bounds of the groups «minimum–60» and «61–80»; `high_from` begins «80–99»;
    `medal_threshold` is the test score below which a medallist's result is told.
    """

    school_year: str
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)
    group_bounds: tuple[float, float] = (60.0, 80.0)
    high_from: int = 80
    medal_threshold: int = 70

    def __post_init__(self) -> None:
        if not 0 < self.group_bounds[0] < self.group_bounds[1] < 100:
            raise ContractError(f"Границы групп {self.group_bounds} должны возрастать между 0 и 100.")

    @classmethod
    def of(
        cls,
        school_year: str,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
        overrides: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the values of the catalogue's methods, replaced by a territory's own ones."""
        summary = parameters("exams.summary", overrides)
        low, high = summary["group_bounds"]
        threshold = parameters("exams.medallists", overrides)["threshold"]
        return cls(school_year, tier_bounds, (float(low), float(high)), summary["high_from"], threshold)
