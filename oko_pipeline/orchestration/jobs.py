"""Jobs, the yearly schedule and the inbox sensor. Jobs are nouns of their result."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from assets.partitions import SCHOOL_YEARS
from resources.workplace import WorkplaceResource

_FILES_A_TICK = 40

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


def school_year_of(moment: datetime) -> str:
    """Return the school year that a moment belongs to; it begins on 1 August, when its planning does."""
    start = moment.year if moment.month >= 8 else moment.year - 1
    return f"{start}-{start + 1}"


@dg.schedule(
    job=annual_cycle,
    cron_schedule="0 6 15 7 *",
    execution_timezone="Europe/Moscow",
    description=(
        "Ежегодно 15 июля: результаты весенних процедур уже обработаны (не позднее двух месяцев после проведения), "
        "справки нужны к августовским совещаниям."
    ),
)
def yearly_documents(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Run the school year that has just ended."""
    year = school_year_of(context.scheduled_execution_time)
    return dg.RunRequest(run_key=f"annual-{year}", partition_key=year)


@dg.sensor(
    job=refresh_after_new_results,
    minimum_interval_seconds=60,
    description="Видит новые и изменённые файлы входящей папки и запускает только тот год, к которому они относятся.",
)
def inbox_arrivals(
    context: dg.SensorEvaluationContext, workplace: WorkplaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Read what is new and ask for a run of each school year that it touches."""
    # Imported here: a daemon that evaluates no sensor, and the UI, need not load the readers.
    from assets.collection import collect_files, year_inputs  # noqa: PLC0415

    office = workplace.open()
    change = collect_files(office, limit=_FILES_A_TICK)
    if change.deferred_count:
        # A tick must end before the daemon's patience does; runs start when the whole arrival is read.
        yield dg.SkipReason(f"Прочитано файлов: {len(change.fresh)}, ждут очереди: {change.deferred_count}.")
        return
    known = dict(line.split("=", 1) for line in (context.cursor or "").splitlines())
    current = year_inputs(office)
    changed = [
        year for year in SCHOOL_YEARS.get_partition_keys() if current.get(year) != known.get(year) and year in current
    ]
    context.update_cursor("\n".join(f"{year}={inputs}" for year, inputs in sorted(current.items())))
    if not changed:
        yield dg.SkipReason(f"Новых файлов нет (без изменений: {change.unchanged_count}).")
    for year in changed:
        key = hashlib.sha256(f"{year}{current[year]}".encode()).hexdigest()[:16]
        yield dg.RunRequest(run_key=f"{year}-{key}", partition_key=year)
