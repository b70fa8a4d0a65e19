"""What the analysis of change is told beside the data: the year and the parameters of the registry of methods."""

from dataclasses import dataclass
from typing import ClassVar

from oko_pipeline.catalogue.method_options import YearOptions


@dataclass(frozen=True, slots=True)
class DynamicsOptions(YearOptions):
    """Parameters of the methods `dynamics.*`; what each means stands in the registry."""

    METHODS: ClassVar[tuple[str, ...]] = (
        "dynamics.change",
        "dynamics.cohort_position",
        "dynamics.pooling",
        "dynamics.shrinkage",
        "dynamics.trend",
    )

    subgroups: tuple[str, ...]
    indicators: tuple[str, ...]
    minimum_n: int
    q_level: float
    minimum_common_share: float
    minimum_schools: int
    intraclass_correlation: float
    minimum_same_pupils_share: float
    minimum_reference_schools: int
    pooling_weights: tuple[float, ...]
    pooled_indicators: tuple[str, ...]
    minimum_group_schools: int
    trend_years: int
    minimum_points: int
    minimum_series: int
