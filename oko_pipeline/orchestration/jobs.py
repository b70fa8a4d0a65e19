"""Jobs, and what starts them by itself: schedules of the calendar and sensors. Jobs are nouns of their result."""

import dagster as dg

from oko_pipeline.orchestration.arrivals import inbox_arrivals
from oko_pipeline.orchestration.notices import notice_sensors
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
    terms_of_programmes,
    run_logs_retention,
)
SENSORS = (inbox_arrivals, *notice_sensors())
yearly_documents = next(schedule for schedule in build_schedules() if schedule.name == "yearly_documents")
