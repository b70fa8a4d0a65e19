"""Builders of the documents of the management cycle, by kind."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.cycle import drafts, effects, expected, next_year, quality, roadmap, self_assessment

BUILDERS: Final[Mapping[str, Builder]] = {
    "expected_results": expected.expected_results,
    "roadmap_report": roadmap.municipality_reports,
    "roadmap_report_school": roadmap.school_reports,
    "self_assessment_municipality": self_assessment.municipality_reports,
    "self_assessment_school": self_assessment.school_reports,
    "next_roadmap_municipality": next_year.municipality_roadmaps,
    "next_roadmap_school": next_year.school_roadmaps,
    "draft_order": drafts.municipality_orders,
    "draft_order_school": drafts.school_orders,
    "draft_letter": drafts.letters,
    "draft_protocol": drafts.municipality_protocols,
    "draft_protocol_school": drafts.school_protocols,
    "talk_outline": drafts.municipality_talks,
    "talk_outline_school": drafts.school_talks,
    "effectiveness_review": effects.municipality_reviews,
    "effectiveness_review_school": effects.school_reviews,
    "quality_letter": quality.quality_letters,
}
