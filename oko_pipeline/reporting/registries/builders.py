"""Builders of registers and drafts of regulations by kind of document."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.registries.registers import registers_of
from oko_pipeline.reporting.registries.regulation import regulation_of

BUILDERS: Final[Mapping[str, Builder]] = {
    "registers_municipality": registers_of("municipality"),
    "registers_school": registers_of("school"),
    "regulation_draft_municipality": regulation_of("municipality"),
    "regulation_draft_school": regulation_of("school"),
}
