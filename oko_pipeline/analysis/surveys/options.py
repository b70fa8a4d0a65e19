"""What the analysis of surveys is told beside the answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oko_pipeline.catalogue.methods import parameters

RESULTS_METHOD = "surveys.results"
RELIABILITY_METHOD = "surveys.reliability"


@dataclass(frozen=True, slots=True)
class SurveyOptions:
    """Smallest shown group, share of a scale's questions to be answered, when a key is doubted."""

    hide_below: int
    least_items_share: float
    least_responses: int
    reversed_below: float
    weak_below: float
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)

    @classmethod
    def of(cls, overrides: Mapping[str, Any] | None = None) -> "SurveyOptions":
        """Return the catalogue's values, replaced by a territory's own ones."""
        return cls(**parameters(RESULTS_METHOD, overrides), **parameters(RELIABILITY_METHOD, overrides))
