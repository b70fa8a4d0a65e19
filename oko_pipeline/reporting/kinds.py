"""Builders of contexts by kind of document; what a kind is for and made of is in `catalogue.documents`."""

from collections import ChainMap
from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.complex_analysis import builders as complex_analysis
from oko_pipeline.reporting.content import Builder, Content
from oko_pipeline.reporting.cycle import builders as cycle
from oko_pipeline.reporting.directions import builders as directions
from oko_pipeline.reporting.exams import builders as exams
from oko_pipeline.reporting.low_results.builders import LOW_RESULTS
from oko_pipeline.reporting.objectivity.builders import OBJECTIVITY
from oko_pipeline.reporting.public import builders as public
from oko_pipeline.reporting.registries import builders as registries

__all__ = ["BUILDERS", "Builder", "Content"]

BUILDERS: Final[Mapping[str, Builder]] = ChainMap(
    dict(complex_analysis.BUILDERS),
    dict(cycle.BUILDERS),
    dict(exams.BUILDERS),
    dict(OBJECTIVITY),
    dict(LOW_RESULTS),
    dict(public.BUILDERS),
    dict(directions.BUILDERS),
    dict(registries.BUILDERS),
)
