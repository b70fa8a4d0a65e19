"""Context of the department's note about the objectivity of results."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.objectivity import note_evidence as evidence
from oko_pipeline.reporting.objectivity import note_procedure as procedure
from oko_pipeline.reporting.sections import Context, finished, heading

_TITLE: Final = "Объективность оценочных процедур"
_YEARS_BEFORE: Final = 2


def objectivity_notes(data: CycleData) -> Iterator[Content]:
    """Make a note of each municipality that has a card which says anything."""
    for code in data.municipalities():
        context = _context(Area.of(data, code))
        if context is not None:
            yield Content(code, context)


def _context(area: Area) -> Context | None:
    cards = area.rows("objectivity_cards")
    if all(card["evidence_level"] == "нет данных" for card in cards):
        return None
    chosen = evidence.cards_in_question(area)
    codes = [str(card["school_code"]) for card in chosen]
    before = evidence.levels_before(area, chosen, _YEARS_BEFORE)
    sections = {
        "main": evidence.main_section(area, before),
        "official": evidence.official_section(area),
        "signals": evidence.signals_section(area),
        "schools": evidence.schools_section(area, chosen, before),
        "lists": procedure.lists_section(area, codes),
        "recheck": procedure.recheck_section(area),
        "independent": procedure.independent_section(area, codes),
        "replies": procedure.replies_section(area, codes),
        "conduct": procedure.conduct_section(area),
        "measures": procedure.measures_section(area),
        "recommendations": procedure.recommendations_section(area),
        "unknown": evidence.unknown_section(area),
    }
    context = {
        **heading(area.data, "municipality", area.code, _TITLE),
        "sections": sections,
        "schools": evidence.school_details(area, chosen),
    }
    return finished(context, area.data, area.figures)
