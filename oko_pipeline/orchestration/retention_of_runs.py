"""Terms of keeping that are not about people: logs of Dagster's runs and, where a territory wants it, old documents.

A run that holds the last materialisation of something is never removed: the graph would forget what stands.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.orchestration.year_run import prepare_dagster_home
from resources.report_store import ReportStore
from resources.workplace import Workplace, WorkplaceResource

_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_RUNS_A_PORTION = 200


@dataclass(frozen=True, slots=True)
class OldRuns:
    """Runs whose logs have served their term, and how many as old are kept because the graph rests on them."""

    run_ids: tuple[str, ...]
    kept_count: int


def old_runs(instance: dg.DagsterInstance, now: datetime, days: int) -> OldRuns:
    """Return the ended runs that began more than `days` ago and hold nothing that the graph still shows."""
    limit = now - timedelta(days=days)
    ended = dg.RunsFilter(statuses=list(_ENDED), created_before=limit)
    found = [run.run_id for run in instance.get_runs(ended)]
    if not found:
        return OldRuns((), 0)
    needed = runs_in_use(instance)
    return OldRuns(tuple(run_id for run_id in found if run_id not in needed), len(needed.intersection(found)))


def runs_in_use(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that hold the last materialisation of an asset in a school year."""
    log = instance.event_log_storage
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    needed: set[str] = set()
    for key in instance.all_asset_keys():
        storage_ids = set(log.get_latest_storage_id_by_partition(key, kind).values())
        if storage_ids:
            wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=sorted(storage_ids))
            found = instance.fetch_materializations(wanted, limit=len(storage_ids))
            needed |= {record.run_id for record in found.records}
        last = instance.get_latest_materialization_event(key)
        if last is not None:
            needed.add(last.run_id)
    return needed


def remove_runs(instance: dg.DagsterInstance, run_ids: tuple[str, ...]) -> int:
    """Remove runs with their events and what their steps wrote; return how many are gone."""
    for run_id in run_ids:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
        _remove_shard(instance, run_id)
    return len(run_ids)


def apply_run_logs_term(workplace: Workplace, *, apply: bool) -> OldRuns:
    """Find, and remove when `apply`, the logs of runs of an installation that have served their term."""
    settings = workplace.settings
    folder = prepare_dagster_home(settings)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        found = old_runs(instance, workplace.clock.now(), settings.run_logs_days)
        if apply:
            remove_runs(instance, found.run_ids)
    return found


def _remove_shard(instance: dg.DagsterInstance, run_id: str) -> None:
    """Remove the file that Dagster's SQLite log keeps for a run even when its events are gone."""
    folder = Path(instance.root_directory) / "history" / "runs" if instance.is_persistent else None
    for suffix in ("", "-wal", "-shm"):
        if folder is not None:
            (folder / f"{run_id}.db{suffix}").unlink(missing_ok=True)


@dg.op(description="Удаляет журналы запусков старше срока; последние запуски каждого ассета остаются.")
def remove_old_run_logs(context: dg.OpExecutionContext, workplace: WorkplaceResource) -> None:
    """Remove what has served its term and tell how much."""
    office = workplace.open()
    found = old_runs(context.instance, office.clock.now(), office.settings.run_logs_days)
    own = tuple(run_id for run_id in found.run_ids if run_id != context.run_id)
    removed = remove_runs(context.instance, own)
    context.add_output_metadata({"удалено запусков": removed, "оставлено старых": found.kept_count})


@dg.job(description="Удалить журналы запусков старше срока (OKO_RUN_LOGS_DAYS); последние запуски остаются.")
def run_logs_retention() -> None:
    """Graph of one op."""
    remove_old_run_logs()


@dataclass(frozen=True, slots=True)
class OldDocuments:
    """Documents of a school year that have served their term."""

    school_year: str
    documents_count: int


def old_documents(workplace: Workplace, today: date) -> list[OldDocuments]:
    """Return the school years whose documents have served `documents_years`; none when they are kept for ever."""
    years = workplace.settings.documents_years
    if not years:
        return []
    rows = workplace.database.read(DOCUMENTS, columns=["school_year"])
    counts = {str(year): int(count) for year, count in rows["school_year"].value_counts().items()}
    limit = today.year - years
    return [OldDocuments(year, counts[year]) for year in sorted(counts) if int(year[5:]) < limit]


def remove_old_documents(workplace: Workplace, today: date) -> list[OldDocuments]:
    """Remove documents that have served their term, with their books; the log of their issues stays."""
    found = old_documents(workplace, today)
    _remove_old_issues(workplace, today)
    for one in found:
        where = {"school_year": one.school_year}
        rows = workplace.database.read(DOCUMENTS, where, ["path", "pack_path", "is_restricted"])
        for store, path in _paths(workplace, rows):
            store.remove(path)
        workplace.database.delete(DOCUMENTS, where)
    return found


def _remove_old_issues(workplace: Workplace, today: date) -> None:
    """Remove the replaced issues that the page keeps by school year, of years that have served their term."""
    years, folder = workplace.settings.documents_years, workplace.settings.page_folder / "issues"
    for path in folder.iterdir() if years and folder.is_dir() else ():
        if path.name[5:].isdigit() and int(path.name[5:]) < today.year - years:
            shutil.rmtree(path)


def _paths(workplace: Workplace, rows: Any) -> Iterator[tuple[ReportStore, str]]:
    for row in rows.itertuples():
        store = workplace.reports_of(is_restricted=bool(row.is_restricted))
        yield store, row.path
        if isinstance(row.pack_path, str):
            yield store, row.pack_path
