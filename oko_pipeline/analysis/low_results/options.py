"""Parameters of the methods about conditions, risks and support, taken from the registry of methods."""

from dataclasses import dataclass
from typing import ClassVar, Final

from oko_pipeline.catalogue.method_options import MethodOptions

SOCIAL_INDEX: Final = "low_results.social_index"
RISK_PROFILE: Final = "low_results.risk_profile"
MONITORING: Final = "low_results.monitoring"


@dataclass(frozen=True, slots=True)
class SocialOptions(MethodOptions):
    """Parameters of `low_results.social_index`."""

    METHOD: ClassVar[str] = SOCIAL_INDEX

    minimum_weight_share: float = 0.6
    minimum_schools_share: float = 0.5


@dataclass(frozen=True, slots=True)
class RiskOptions(MethodOptions):
    """Parameters of `low_results.risk_profile`."""

    METHOD: ClassVar[str] = RISK_PROFILE

    high_share: float = 0.9
    medium_share: float = 0.75
    minimum_schools: int = 20


@dataclass(frozen=True, slots=True)
class MonitoringOptions(MethodOptions):
    """Parameters of `low_results.monitoring`."""

    METHOD: ClassVar[str] = MONITORING

    tolerance: float = 0.0
