"""The analytical note of a direction: one document a municipality and direction."""

from collections.abc import Iterator, Mapping
from typing import Final

from oko_pipeline.catalogue.direction_notes import direction_notes
from oko_pipeline.catalogue.indicators import DIRECTIONS
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Builder, Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.directions.cycle import (
    advice_section,
    checklist_section,
    findings_section,
    gaps_section,
    measures_section,
)
from oko_pipeline.reporting.directions.measured import indicators_section, schools_section
from oko_pipeline.reporting.directions.registers import registers_section
from oko_pipeline.reporting.directions.view import NoteView
from oko_pipeline.reporting.sections import finished, heading

_NEEDED: Final = ("indicators", "registers", "findings", "measures")
"""A note without any of these sections or advice to the municipality has nothing to tell: the checklist alone and the
number of schools' recommendations are no analysis."""


def direction_note(data: CycleData) -> Iterator[Content]:
    """Make the notes of all directions of which a municipality has anything to tell."""
    for code in data.municipalities():
        schools = tuple(str(one["school_code"]) for one in data.schools(code))
        for note in direction_notes():
            view = NoteView(data, note, code, schools)
            sections = {
                "findings": findings_section(view),
                "indicators": indicators_section(view),
                "schools": schools_section(view),
                "registers": registers_section(view),
                "advice": advice_section(view),
                "measures": measures_section(view),
                "checklist": checklist_section(view),
                "gaps": gaps_section(view),
            }
            advice = sections["advice"]
            if not any(sections[name] for name in _NEEDED) and not (advice and advice["tables"]):
                continue
            context = heading(data, "municipality", code, f"Аналитическая справка. {note.title_ru}") | {
                "direction": DIRECTIONS[note.direction],
                "question": note.question_ru,
                "settings_hide_below": ru.whole(data.settings.hide_below),
                "sections": sections,
            }
            yield Content(code, finished(context, data, view.figures), note.direction, note.title_ru)


BUILDERS: Final[Mapping[str, Builder]] = {"direction_note": direction_note}
