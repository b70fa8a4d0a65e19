"""Builders of the kinds of documents of this package."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.complex_analysis import analysis, annex, head, passport
from oko_pipeline.reporting.content import Builder

BUILDERS: Final[Mapping[str, Builder]] = {
    "complex_analysis_municipality": analysis.municipality_documents,
    "complex_analysis_school": analysis.school_documents,
    "school_passport": passport.passports,
    "school_passport_annex": annex.annexes,
    "head_summary": head.summaries,
}
