"""What the comparisons are told beside the data, taken from the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from oko_pipeline.catalogue.method_options import MethodOptions, Overrides
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.statistics.partitioning import PartitionOptions

GROUPS: Final = "comparison.rule_groups"
CLUSTERS: Final = "comparison.clusters"
COMPARABLE: Final = "comparison.comparable"
RESIDUAL: Final = "comparison.residual"
HIGH_RESULTS: Final = "comparison.high_results"
LEARNING_PAIRS: Final = "comparison.learning_pairs"


@dataclass(frozen=True, slots=True)
class MissingLimits:
    """Shares of unknown values beyond which a school, or a property, is left out."""

    school: float = 0.34
    of_property: float = 0.5

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Take the limits from a method's parameters."""
        return cls(values["maximum_missing_share"], values["property_missing_share"])


@dataclass(frozen=True, slots=True)
class GroupOptions(MethodOptions):
    """Parameters of `comparison.rule_groups`."""

    METHOD: ClassVar[str] = GROUPS

    minimum_schools: int = 5
    merge_order: tuple[str, ...] = ("size", "place", "type")
    size_bounds: tuple[float, ...] = (100.0, 300.0, 700.0)
    tiny_school_pupils: int = 50
    parallels: float = 10.0
    maximum_years_apart: int = 2


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Parameters of `comparison.clusters`."""

    partition: PartitionOptions
    missing: MissingLimits
    minimum_schools: int
    borderline_silhouette: float
    borderline_margin: float
    stable_jaccard: float
    doubtful_jaccard: float

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Take the parameters from the registry."""
        values = parameters(CLUSTERS, overrides)
        numbers = tuple(int(number) for number in values["numbers"])
        return cls(
            PartitionOptions(
                values["algorithm"], numbers, values["minimum_size"], values["seed"], values["resamplings"]
            ),
            MissingLimits.of(values),
            *(
                values[name]
                for name in (
                    "minimum_schools",
                    "borderline_silhouette",
                    "borderline_margin",
                    "stable_jaccard",
                    "doubtful_jaccard",
                )
            ),
        )


@dataclass(frozen=True, slots=True)
class ComparableOptions:
    """Parameters of `comparison.comparable`."""

    number: int
    minimum_matches: int
    caliper: float
    balance_limit: float
    missing: MissingLimits

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Take the parameters from the registry."""
        values = parameters(COMPARABLE, overrides)
        names = ("number", "minimum_matches", "caliper", "balance_limit")
        return cls(**{name: values[name] for name in names}, missing=MissingLimits.of(values))


@dataclass(frozen=True, slots=True)
class ResidualOptions:
    """Parameters of `comparison.residual`, and the bounds of size tiers."""

    subject_correlation: float
    minimum_participants: int
    minimum_schools: int
    schools_per_predictor: int
    confidence: float
    missing: MissingLimits
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)

    @classmethod
    def load(cls, overrides: Overrides = None, tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)) -> Self:
        """Take the parameters from the registry."""
        values = parameters(RESIDUAL, overrides)
        names = (
            "subject_correlation",
            "minimum_participants",
            "minimum_schools",
            "schools_per_predictor",
            "confidence",
        )
        return cls(**{name: values[name] for name in names}, missing=MissingLimits.of(values), tier_bounds=tier_bounds)


@dataclass(frozen=True, slots=True)
class HighResultOptions(MethodOptions):
    """Parameters of `comparison.high_results`."""

    METHOD: ClassVar[str] = HIGH_RESULTS

    years: int = 3
    resilient_years: int = 2
    resilient_sigma: float = 1.0
    repeated_years: int = 2
