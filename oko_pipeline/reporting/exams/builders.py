"""Builders of the documents about exams, by kind."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.exams.notes import EGE, OGE, municipality_notes, school_notes
from oko_pipeline.reporting.exams.preparation import preparation_notes
from oko_pipeline.reporting.exams.subject import subject_analyses

BUILDERS: Final[Mapping[str, Builder]] = {
    "oge_note_municipality": partial(municipality_notes, exam=OGE),
    "oge_note_school": partial(school_notes, exam=OGE),
    "ege_note_municipality": partial(municipality_notes, exam=EGE),
    "ege_note_school": partial(school_notes, exam=EGE),
    "exam_subject_analysis": subject_analyses,
    "exam_preparation_note": preparation_notes,
}
