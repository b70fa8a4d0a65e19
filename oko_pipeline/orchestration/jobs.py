"""Jobs, and what starts them by itself: schedules of the calendar and sensors. Jobs are nouns of their result."""

import dagster as dg

from assets.document_choice import SCHOOLS_WANTED, assets_of_schools
from oko_pipeline.orchestration.arrivals import downstream_of_changes, inbox_arrivals
from oko_pipeline.orchestration.notices import notice_sensors
from oko_pipeline.orchestration.remote_files import remote_files
from oko_pipeline.orchestration.retention_of_runs import run_logs_retention
from oko_pipeline.orchestration.schedules import build_schedules

annual_cycle = dg.define_asset_job(
    "annual_cycle",
    selection=dg.AssetSelection.all(),
    description="Весь учебный год: сбор, проверка, анализ и документы.",
)
refresh_after_new_results = dg.define_asset_job(
    "refresh_after_new_results",
    selection=dg.AssetSelection.all(),
    description="Новые или исправленные файлы: читается и пересчитывается только то, что от них зависит.",
)
validate_only = dg.define_asset_job(
    "validate_only",
    selection=dg.AssetSelection.groups("collection", "validation"),
    description="Только сбор и проверка данных, без анализа и документов.",
)
tables_only = dg.define_asset_job(
    "tables_only",
    selection=dg.AssetSelection.groups("collection", "validation", "analysis"),
    description="Сбор, проверка и анализ без выпуска документов.",
)

documents_of_school = dg.define_asset_job(
    "documents_of_school",
    selection=dg.AssetSelection.assets(*assets_of_schools()),
    description=(
        "Документы одной школы: проверить и выпустить документы названных ОО по таблицам, какие есть сейчас; "
        "документы других ОО не трогаются. Коды ОО задаются в Launchpad: resources → documents_choice → school_codes."
    ),
    # Shown in the launchpad, to be filled in; a run of this job that names no school is refused.
    config={"resources": {"documents_choice": {"config": {"school_codes": [], "kinds": []}}}},
    tags={SCHOOLS_WANTED: "true"},
)
terms_of_programmes = dg.define_asset_job(
    "terms_of_programmes",
    selection=dg.AssetSelection.assets(
        "source_completeness", "roadmap_execution", "roadmap_levels", "roadmap_reminders"
    ),
    description="Сроки программ и источников: что пришло, что сделано, что скоро или просрочено — на сегодняшний день.",
)

JOBS = (
    annual_cycle,
    refresh_after_new_results,
    validate_only,
    tables_only,
    documents_of_school,
    terms_of_programmes,
    run_logs_retention,
)
SENSORS = (inbox_arrivals, downstream_of_changes, remote_files, *notice_sensors())
yearly_documents = next(schedule for schedule in build_schedules() if schedule.name == "yearly_documents")
