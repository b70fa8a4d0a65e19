"""Thresholds of the analysis of links, from the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.catalogue.methods import parameters

CORRELATION_METHOD: Final = "links.rank_correlation"
REGRESSION_METHOD: Final = "links.regression"
EXPERTS_METHOD: Final = "links.expert_agreement"


@dataclass(frozen=True, slots=True)
class CorrelationOptions:
    """See the method `links.rank_correlation`."""

    minimum_schools: int
    minimum_pupils: int
    value_minimum_n: int
    moderate_from: float
    strong_from: float


@dataclass(frozen=True, slots=True)
class RegressionOptions:
    """See the method `links.regression`."""

    minimum_schools: int
    schools_per_term: int
    known_share: float


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Year, tiers and thresholds."""

    school_year: str
    correlation: CorrelationOptions
    regression: RegressionOptions
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)


def link_options(
    school_year: str,
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    overrides: Mapping[str, Any] | None = None,
) -> LinkOptions:
    """Return the options of a year; `overrides` are a territory's own parameters of methods.

    Raises:
        CatalogueError: for an override of another type or name.
    """
    return LinkOptions(
        school_year,
        CorrelationOptions(**parameters(CORRELATION_METHOD, overrides)),
        RegressionOptions(**parameters(REGRESSION_METHOD, overrides)),
        tier_bounds,
    )
