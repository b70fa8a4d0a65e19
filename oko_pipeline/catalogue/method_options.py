"""Values that hold the parameters of methods: a room declares the fields, the registry fills them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from oko_pipeline.catalogue.methods import parameters

Overrides = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """Parameters of one method; what each means stands in the registry."""

    METHOD: ClassVar[str]

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Return the parameters by the registry; `overrides` replace some («low_results.monitoring.tolerance»).

        Raises:
            CatalogueError: for an override of no parameter, or of another type.
        """
        return cls(**parameters(cls.METHOD, overrides))


@dataclass(frozen=True, slots=True)
class YearOptions:
    """A school year, the bounds of size tiers, and the parameters of the methods of a room."""

    METHODS: ClassVar[tuple[str, ...]]

    school_year: str
    tier_bounds: tuple[int, int, int, int]

    @classmethod
    def of_year(
        cls,
        school_year: str,
        overrides: Overrides = None,
        tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50),
    ) -> Self:
        """Return the options of a year by the registry; `overrides` replace parameters («risk.funnel.minimum_n»).

        Raises:
            CatalogueError: for an override of no parameter, or of another type.
        """
        values: dict[str, Any] = {}
        for method_id in cls.METHODS:
            values |= parameters(method_id, overrides)
        return cls(school_year=school_year, tier_bounds=tier_bounds, **values)
