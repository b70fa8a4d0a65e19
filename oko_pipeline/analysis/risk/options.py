"""What the search for risk zones is told beside the data: the year and the parameters of the registry of methods."""

from dataclasses import dataclass
from typing import ClassVar

from oko_pipeline.catalogue.method_options import YearOptions


@dataclass(frozen=True, slots=True)
class RiskOptions(YearOptions):
    """Parameters of the methods `risk.*`; what each means stands in the registry."""

    METHODS: ClassVar[tuple[str, ...]] = (
        "risk.funnel",
        "risk.norm",
        "risk.false_discovery",
        "risk.persistence",
        "risk.card",
    )

    indicators: tuple[str, ...]
    minimum_n: int
    minimum_reference_schools: int
    winsorised_share: float
    is_corrected: bool
    maximum_mark_2_share: float
    q_level: float
    window_years: int
    minimum_years: int
    risk_subjects: int
    expected_share: float
