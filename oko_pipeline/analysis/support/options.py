"""Thresholds of the search for pupils who need help, from the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.catalogue.methods import parameters

SUPPORT_METHOD: Final = "support.pupils"


@dataclass(frozen=True, slots=True)
class SupportOptions:
    """Year, tiers, and the parameters of the method `support.pupils`."""

    school_year: str
    low_works: int
    low_share: float
    near_errors: float
    near_share_of_maximum: float
    prone_share: float
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)


def support_options(
    school_year: str,
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    overrides: Mapping[str, Any] | None = None,
) -> SupportOptions:
    """Return the options of a year; `overrides` are a territory's own parameters of methods.

    Raises:
        CatalogueError: for an override of another type or name.
    """
    return SupportOptions(school_year, **parameters(SUPPORT_METHOD, overrides), tier_bounds=tier_bounds)
