"""Notices of what happened: sensors of Dagster enter them into the queue, another one sends what is due.

a run failed | a run ended → facts from the stores → a text without people → queue → e-mail, JSON, file
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
import pandas as pd

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.schedules import open_years
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.catalogue.tables import DOCUMENT_CHANGES, DOCUMENT_ISSUES, DOCUMENTS, QUALITY_RESULTS
from oko_pipeline.catalogue.tables_programmes import ROADMAP_REMINDERS
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.orchestration.notice_channels import channels_of
from oko_pipeline.orchestration.notice_queue import NoticeQueue, QuietHours
from oko_pipeline.orchestration.notice_texts import NoticeKind, wanted_kinds, write_notice
from oko_pipeline.settings import Settings
from resources.workplace import Workplace, WorkplaceResource

_MOST_LINES: Final = 20
_MOST_UNITS: Final = 12
_MOST_CHANGES: Final = 3
_BLOCKED: Final = "DagsterAssetCheckFailedError"
_YEAR_TAG: Final = "dagster/partition"


def queue_of(settings: Settings) -> NoticeQueue:
    """Return the queue of an installation."""
    return NoticeQueue(settings.notices_folder / "queue.sqlite")


def notify(
    workplace: Workplace, kind: NoticeKind, facts: Mapping[str, Any], items: Sequence[str], key: str | None = None
) -> int:
    """Enter a notice for all channels of the installation; return for how many it is new.

    Args:
        workplace: settings and clock.
        kind: of the notice.
        facts: what its template names.
        items: the things it tells of; each is told once.
        key: what makes the notice one of its kind; that of its items when None.
    """
    settings = workplace.settings
    channels = list(channels_of(settings))
    if not channels or kind not in wanted_kinds(settings.notices):
        return 0
    own = key or hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()
    notice = write_notice(kind, own, facts, settings.notices_templates, tuple(items))
    return queue_of(settings).enter(notice, channels, workplace.clock.now())


def tell_failed_run(workplace: Workplace, instance: dg.DagsterInstance, run: dg.DagsterRun) -> int:
    """Enter a notice of a run that failed: stopped by a check of the data, or for another reason."""
    school_year = run.tags.get(_YEAR_TAG)
    failures = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    errors = {
        event.step_key or "": _innermost(event.step_failure_data.error)
        for event in (record.event_log_entry.dagster_event for record in failures)
        if event is not None
    }
    link = run_link(workplace.settings, run.run_id)
    facts: dict[str, Any] = {"school_year": school_year, "link": link, "run_id": run.run_id, "job": run.job_name}
    if school_year is not None and errors and set(errors.values()) == {_BLOCKED}:
        checks = _failed_checks(instance, run.run_id)
        shown = {"checks": checks, "titles": _blocking_titles(workplace, school_year), "page": "Качество данных"}
        return notify(workplace, "checks_failed", facts | shown, (), run.run_id)
    # The text of an error may hold a cell of a file: its kind alone is told.
    steps = [{"name": name, "error": error} for name, error in sorted(errors.items())][:_MOST_LINES]
    return notify(workplace, "run_failed", facts | {"steps": steps}, (), run.run_id)


def tell_ended_run(workplace: Workplace, school_year: str, began_at: datetime) -> int:
    """Enter notices of what a run of a school year left; return how many entries are new.

    Of a year that is closed only documents are told: nobody can mend its terms any more.
    """
    queue = queue_of(workplace.settings)
    told = _tell_documents(workplace, queue, school_year, began_at)
    if school_year in open_years(workplace.clock.now().date()):
        told += _tell_sources(workplace, queue, school_year) + _tell_reminders(workplace, queue, school_year)
    return told


def run_link(settings: Settings, run_id: str) -> str | None:
    """Return the address of a run in Dagster's interface, when the installation says where that is."""
    return None if settings.page_dagster_url is None else f"{settings.page_dagster_url.rstrip('/')}/runs/{run_id}"


def _innermost(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return "ошибка" if error is None or not error.cls_name else str(error.cls_name)


def _failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, str]]:
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    records = instance.get_records_for_run(run_id, of_type=kind).records
    events = [record.event_log_entry.dagster_event for record in records]
    found = [event.asset_check_evaluation_data for event in events if event is not None]
    return [
        {"asset": one.asset_key.to_user_string(), "name": one.check_name}
        for one in found
        if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
    ][:_MOST_LINES]


def _blocking_titles(workplace: Workplace, school_year: str) -> list[str]:
    results = workplace.database.read(QUALITY_RESULTS, {"school_year": school_year})
    latest = results[results["checked_at"] == results.groupby("table_name")["checked_at"].transform("max")]
    blocking = latest[~latest["is_passed"] & latest["is_blocking"] & (latest["severity"] == "error")]
    return [str(title) for title in blocking["title_ru"].head(_MOST_LINES)]


def _tell_documents(workplace: Workplace, queue: NoticeQueue, school_year: str, began_at: datetime) -> int:
    where = {"school_year": school_year}
    issues = workplace.database.read(DOCUMENT_ISSUES, where)
    since = began_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fresh = issues[issues["rendered_at"].astype("str") >= since]
    if fresh.empty:
        return 0
    columns = ["document_id", "kind", "title_ru", "unit_level", "unit_code", "is_restricted"]
    documents = workplace.database.read(DOCUMENTS, where, columns)
    fresh = fresh.merge(documents, on="document_id", how="inner", validate="many_to_one")
    fresh = fresh.sort_values(["kind", "unit_code", "document_id", "issue_number"])
    first = fresh[fresh["issue_number"] == 1]
    again = fresh[(fresh["issue_number"] > 1) & (fresh["changes_count"] > 0)]
    link = workplace.reports.url(school_year)
    told = 0
    parts: tuple[tuple[NoticeKind, pd.DataFrame], ...] = (("documents_ready", first), ("documents_changed", again))
    for kind, rows in parts:
        items = _new(queue, kind, rows, ("document_id", "issue_number"), school_year)
        if items:
            chosen = rows[[item in items for item in _items(rows, ("document_id", "issue_number"), school_year)]]
            facts = {"school_year": school_year, "link": link, "count": len(chosen)}
            facts |= _ready(chosen) if kind == "documents_ready" else _changed(workplace, school_year, chosen)
            told += notify(workplace, kind, facts, items)
    return told


def _items(rows: pd.DataFrame, columns: Sequence[str], school_year: str) -> list[str]:
    return [":".join((school_year, *map(str, row))) for row in rows[list(columns)].itertuples(index=False)]


def _new(queue: NoticeQueue, kind: str, rows: pd.DataFrame, columns: Sequence[str], school_year: str) -> list[str]:
    return queue.untold(kind, _items(rows, columns, school_year)) if len(rows) else []


def _ready(rows: pd.DataFrame) -> dict[str, Any]:
    titles = {kind.kind: kind.title_ru for kind in document_kinds().values()}
    counts = rows.groupby("kind").size()
    return {"kinds": [{"title": titles.get(str(kind), str(kind)), "count": int(n)} for kind, n in counts.items()]}


def _changed(workplace: Workplace, school_year: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Name documents and, of those that hold no codes of people, the first numbers that changed."""
    shown = rows.head(_MOST_LINES)
    where = {"school_year": school_year, "document_id": sorted(set(shown["document_id"].astype("str")))}
    changes = workplace.database.read(DOCUMENT_CHANGES, where)
    documents: list[dict[str, Any]] = []
    for row in shown.to_dict("records"):
        name, number = str(row["document_id"]), int(row["issue_number"])
        documents.append(
            {
                "title": str(row["title_ru"]),
                "unit": "" if row["unit_level"] == "region" else str(row["unit_code"]),
                "issue": number,
                "changes": int(row["changes_count"]),
                "shown": [] if row["is_restricted"] else _numbers(changes, name, number),
            }
        )
    return {"documents": documents, "more": len(rows) - len(shown)}


def _numbers(changes: pd.DataFrame, document_id: str, issue_number: int) -> list[dict[str, str]]:
    own = changes[(changes["document_id"] == document_id) & (changes["issue_number"] == issue_number)]
    rows = own.sort_values("change_number").head(_MOST_CHANGES)[["place", "was", "became"]]
    return [{str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records")]


def _tell_sources(workplace: Workplace, queue: NoticeQueue, school_year: str) -> int:
    where = {"school_year": school_year, "state": "late"}
    late = workplace.database.read(SOURCE_COMPLETENESS, where)
    late = late[~late["is_optional"] & late["due_on"].notna()].sort_values(["due_on", "kind", "unit_code"])
    columns = ("kind", "source_code", "unit_level", "unit_code")
    items = _new(queue, "sources_overdue", late, columns, school_year)
    if not items:
        return 0
    chosen = late[[item in set(items) for item in _items(late, columns, school_year)]]
    known = source_kinds()
    kinds = []
    for (due_on, kind), rows in chosen.groupby(["due_on", "kind"], sort=True):
        units = sorted(set(rows["unit_code"].astype("str")))
        source = known[str(kind)]
        kinds.append(
            {
                "title": source.title_ru,
                "due_on": str(due_on),
                "units": units[:_MOST_UNITS],
                "more": max(0, len(units) - _MOST_UNITS),
                "without": source.without_ru,
            }
        )
    facts = {"school_year": school_year, "count": len(kinds), "kinds": kinds}
    return notify(workplace, "sources_overdue", facts, items)


def _tell_reminders(workplace: Workplace, queue: NoticeQueue, school_year: str) -> int:
    rows = workplace.database.read(ROADMAP_REMINDERS, {"school_year": school_year})
    rows = rows.assign(is_overdue=rows["days_left"] < 0).sort_values(["due_on", "duty_id", "unit_code"])
    # A duty is told of twice: when its term is near and when it has passed.
    columns = ("duty_id", "unit_level", "unit_code", "due_on", "is_overdue")
    items = _new(queue, "reminders", rows, columns, school_year)
    if not items:
        return 0
    chosen = rows[[item in set(items) for item in _items(rows, columns, school_year)]]
    duties = chosen.groupby(["is_overdue", "due_on", "duty_id", "title"], sort=True)["unit_code"].agg(list)
    lines = [
        {"is_overdue": key[0], "due_on": str(key[1]), "title": str(key[3]), "units": _units_ru(units)}
        for key, units in duties.items()
        if isinstance(key, tuple)
    ]
    overdue = [line for line in lines if line["is_overdue"]]
    coming = [line for line in lines if not line["is_overdue"]]
    facts = {
        "school_year": school_year,
        "count": len(lines),
        "overdue": overdue[: _MOST_LINES // 2],
        "coming": coming[: _MOST_LINES // 2],
        "more": max(0, len(overdue) - _MOST_LINES // 2) + max(0, len(coming) - _MOST_LINES // 2),
    }
    return notify(workplace, "reminders", facts, items)


def _units_ru(units: Iterable[object]) -> str:
    codes = sorted({str(unit) for unit in units})
    return codes[0] if len(codes) == 1 else f"{', '.join(codes[:3])}{f' и ещё {len(codes) - 3}' if codes[3:] else ''}"


@dg.run_failure_sensor(
    name="notices_of_failed_runs",
    description="Кладёт в очередь извещение о запуске, который не удался, и о годе, остановленном проверкой.",
)
def notices_of_failed_runs(context: dg.RunFailureSensorContext, workplace: WorkplaceResource) -> None:
    """Enter a notice of the run that failed."""
    tell_failed_run(workplace.open(), context.instance, context.dagster_run)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="notices_of_ended_runs",
    description=(
        "Кладёт в очередь извещения о готовых и изменившихся документах, о просроченных источниках и о сроках программ."
    ),
)
def notices_of_ended_runs(context: dg.RunStatusSensorContext, workplace: WorkplaceResource) -> None:
    """Enter notices of what the run of a school year left."""
    run = context.dagster_run
    school_year = run.tags.get(_YEAR_TAG)
    record = context.instance.get_run_record_by_id(run.run_id)
    if school_year is None or record is None:
        return
    tell_ended_run(workplace.open(), school_year, record.create_timestamp)


@dg.sensor(
    name="notices_delivery",
    minimum_interval_seconds=60,
    description="Отправляет извещения: почтой, в JSON, в файл; в тихие часы ждёт, недоступный канал повторяет.",
)
def notices_delivery(context: dg.SensorEvaluationContext, workplace: WorkplaceResource) -> dg.SkipReason:
    """Send what is due."""
    office = workplace.open()
    settings = office.settings
    quiet = QuietHours.parse(settings.notices_quiet, settings.time_zone)
    queue = queue_of(settings)
    delivery = queue.deliver(channels_of(settings, queue.addressed()), office.clock.now(), quiet)
    for channel, fault in delivery.faults.items():
        context.log.warning("%s: %s", channel, fault)
    told = "Тихие часы." if delivery.is_quiet else f"Отправлено: {delivery.sent_count}."
    return dg.SkipReason(f"{told} Ждут: {delivery.waiting_count}, не приняты: {delivery.refused_count}.")


def notice_sensors() -> tuple[dg.SensorDefinition, ...]:
    """Return the sensors of notices; all are off until people switch them on."""
    return (notices_of_failed_runs, notices_of_ended_runs, notices_delivery)
