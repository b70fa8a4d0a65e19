"""Parameters of the methods about conditions, risks and support, taken from the registry of methods."""

from dataclasses import dataclass
from typing import Final, Self

from oko_pipeline.analysis.context.options import Overrides
from oko_pipeline.catalogue.methods import parameters

SOCIAL_INDEX: Final = "low_results.social_index"
RISK_PROFILE: Final = "low_results.risk_profile"
MONITORING: Final = "low_results.monitoring"


@dataclass(frozen=True, slots=True)
class SocialOptions:
    """Parameters of `low_results.social_index`."""

    minimum_weight_share: float = 0.6
    minimum_schools_share: float = 0.5

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Take the parameters from the registry."""
        return cls(**parameters(SOCIAL_INDEX, overrides))


@dataclass(frozen=True, slots=True)
class RiskOptions:
    """Parameters of `low_results.risk_profile`."""

    high_share: float = 0.9
    medium_share: float = 0.75
    minimum_schools: int = 20

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Take the parameters from the registry."""
        return cls(**parameters(RISK_PROFILE, overrides))


@dataclass(frozen=True, slots=True)
class MonitoringOptions:
    """Parameters of `low_results.monitoring`."""

    tolerance: float = 0.0

    @classmethod
    def load(cls, overrides: Overrides = None) -> Self:
        """Take the parameters from the registry."""
        return cls(**parameters(MONITORING, overrides))
