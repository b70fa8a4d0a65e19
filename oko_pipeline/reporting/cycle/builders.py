"""Builders of the documents of the management cycle, by kind."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.cycle.quality import quality_letters

BUILDERS: Final[Mapping[str, Builder]] = {
    "quality_letter": quality_letters,
}
