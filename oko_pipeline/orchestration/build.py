"""The composition root: assets, checks, jobs and resources become one `Definitions`; no file is read here."""

from collections.abc import Mapping

import dagster as dg

from assets import (
    analysis,
    collection,
    context,
    documents,
    dynamics,
    effectiveness,
    exams,
    indicators,
    items,
    objectivity,
    programmes,
    public,
    recommendations,
    records,
    reporting,
    sources,
    surveys,
    validation,
)
from assets.document_choice import DocumentsChoice
from checks.documents import document_checks
from checks.guards import guard_checks
from checks.harm import harm_checks
from checks.rooms import all_room_checks
from checks.suites import suite_checks
from oko_pipeline.orchestration import jobs
from oko_pipeline.orchestration.arrivals import with_automation
from oko_pipeline.orchestration.code_versions import with_code_versions
from oko_pipeline.orchestration.freshness import freshness_checks
from oko_pipeline.orchestration.schedules import build_schedules
from resources.workplace import WorkplaceResource

ASSETS = (
    collection.result_files,
    collection.works,
    collection.schools,
    collection.assessments_and_tasks,
    records.registers,
    exams.exam_collection,
    surveys.survey_answers,
    validation.quality_findings,
    sources.source_completeness,
    validation.quality_results,
    analysis.result_tables,
    context.school_groups,
    context.school_clusters,
    context.comparable_schools,
    context.contextual_results,
    context.low_results,
    dynamics.result_dynamics,
    dynamics.risk_zones,
    items.task_quality,
    items.skill_deficits,
    items.result_links,
    items.pupils_support,
    objectivity.objectivity_signals,
    objectivity.objectivity_signs_asset,
    objectivity.objectivity_cards_asset,
    objectivity.recheck_selection_asset,
    exams.exam_tables,
    surveys.survey_results,
    indicators.indicator_table,
    public.public_results,
    programmes.procedure_load,
    programmes.conflict_of_interest,
    programmes.self_assessment,
    programmes.direction_checklist,
    programmes.roadmap_execution,
    recommendations.findings,
    recommendations.recommendations,
    recommendations.cycle_links,
    effectiveness.effects_of_measures,
    effectiveness.conclusions_of_year,
    effectiveness.year_opening,
    reporting.municipality_notes,
    reporting.school_notes,
    reporting.annotated_workbooks,
    *documents.document_assets_made(),
)


def build_defs(
    *, resource_overrides: Mapping[str, object] | None = None, time_zone: str | None = None
) -> dg.Definitions:
    """Return fresh definitions of the code location; tests and the CLI replace resources without patching.

    Args:
        resource_overrides: resources to put in the place of ours, by name.
        time_zone: time zone of the schedules; None — the calendar's own.
    """
    return dg.Definitions(
        assets=with_automation(with_code_versions(ASSETS)),
        asset_checks=[
            *suite_checks(),
            *guard_checks(),
            *harm_checks(),
            *document_checks(),
            *all_room_checks(),
            *freshness_checks(),
        ],
        jobs=list(jobs.JOBS),
        schedules=build_schedules(time_zone),
        sensors=list(jobs.SENSORS),
        resources={
            "workplace": WorkplaceResource(),
            "documents_choice": DocumentsChoice.configure_at_launch(),
            **(resource_overrides or {}),
        },
        executor=dg.in_process_executor,
    )
