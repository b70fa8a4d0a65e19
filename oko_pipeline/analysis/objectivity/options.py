"""Parameters of the methods of this room, as frozen values made from the registry of methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oko_pipeline.catalogue import methods
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.statistics.size_tiers import DEFAULT_BOUNDS


@dataclass(frozen=True, slots=True)
class SignOptions:
    """Parameters of the fourteen official signs."""

    multiplier: float
    minimum_n: int
    minimum_pairs: int
    fence: float
    cohort_minimum_n: int
    cohort_minimum_schools: int


@dataclass(frozen=True, slots=True)
class SignalOptions:
    """Parameters of the independent signals."""

    false_discovery_rate: float
    minimum_n: int
    minimum_peers: int
    minimum_peer_works: int
    winsorised_share: float
    half_width: int
    minimum_near: int
    group_n: int
    least_gap: float
    minimum_absent: int


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """Rules of the level of evidence."""

    years: int
    persistent_years: int
    medium_families: int
    high_families: int


@dataclass(frozen=True, slots=True)
class RecheckOptions:
    """How works are selected for re-checking and how its results are scored."""

    seed: int
    signal_share: float
    random_share: float
    classes_per_school: int
    works_per_class: int
    papers: tuple[tuple[int, str], ...]
    tolerance: int
    reference: float


@dataclass(frozen=True, slots=True)
class ObjectivityOptions:
    """All parameters of the room and the bounds of size tiers."""

    signs: SignOptions
    signals: SignalOptions
    evidence: EvidenceOptions
    recheck: RecheckOptions
    tier_bounds: tuple[int, int, int, int] = DEFAULT_BOUNDS


def objectivity_options(
    overrides: Mapping[str, Any] | None = None, tier_bounds: tuple[int, int, int, int] = DEFAULT_BOUNDS
) -> ObjectivityOptions:
    """Return the parameters of the registry of methods with a territory's `overrides`.

    Raises:
        CatalogueError: for an override that names no parameter or has another type.
    """

    def of(name: str) -> dict[str, Any]:
        return parameters(f"objectivity.{name}", overrides)

    cohort = of("cohort_jump")
    signs = SignOptions(
        **of("high_mean"),
        **of("journal_mismatch"),
        fence=cohort["fence"],
        cohort_minimum_n=cohort["minimum_n"],
        cohort_minimum_schools=cohort["minimum_schools"],
    )
    signals = SignalOptions(**of("signals"), **of("cutoff_excess"), **of("mark_crossing"), **of("weak_absent"))
    selection = of("recheck_selection")
    papers = tuple(_paper(text) for text in selection.pop("papers"))
    recheck = RecheckOptions(**selection, **of("recheck_scoring"), papers=papers)
    return ObjectivityOptions(signs, signals, EvidenceOptions(**of("evidence")), recheck, tier_bounds)


def _paper(text: str) -> tuple[int, str]:
    grade, _, subject_code = text.partition(":")
    return int(grade), subject_code


def method_columns(name: str) -> dict[str, str]:
    """Return `method_id` and `method_version` of a method of the family."""
    return methods.method_columns(f"objectivity.{name}")
