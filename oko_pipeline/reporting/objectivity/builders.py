"""Builders of the documents about objectivity, by kind."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.objectivity.note import objectivity_notes
from oko_pipeline.reporting.objectivity.olympiad import olympiad_notes
from oko_pipeline.reporting.objectivity.school import objectivity_cards, objectivity_causes, objectivity_invitations

OBJECTIVITY: Final[Mapping[str, Builder]] = {
    "objectivity_note": objectivity_notes,
    "objectivity_card": objectivity_cards,
    "objectivity_invitation": objectivity_invitations,
    "objectivity_causes": objectivity_causes,
    "olympiad_note": olympiad_notes,
}
