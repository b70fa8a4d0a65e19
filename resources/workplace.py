"""What an asset works with: the stores, the inbox, the pool and the clock, opened from the settings.

Dagster sees one resource; the core sees plain objects. Environment variables are read in `oko_pipeline.settings` alone,
when a run starts and not when the code is imported.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import dagster as dg
from pydantic import Field, PrivateAttr

from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.locks import year_lock
from oko_pipeline.storage.records_store import RecordsStore
from oko_pipeline.storage.restoring import require_restored
from oko_pipeline.storage.rotation import log_changes, settle
from oko_pipeline.storage.works_store import WorksStore
from resources.clock import Clock
from resources.cluster import ClusterPlan
from resources.faults import repeat_after_passing_faults
from resources.memory import Memory
from resources.pool import WorkerPool, Workers
from resources.report_store import ReportStore

_PATIENCE_S: Final = 6 * 3600
"""So long a run of the interface or of a sensor waits for another run of its year: nobody would ask for it again."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The outside world of one installation."""

    settings: Settings
    database: Database
    works: WorksStore
    records: RecordsStore
    reports: ReportStore
    pool: WorkerPool
    clock: Clock = field(default_factory=Clock)
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    @property
    def restricted_reports(self) -> ReportStore:
        """Return the store of documents that hold codes of people; no web server shows it."""
        return ReportStore(self.settings.restricted_folder / "documents")

    def reports_of(self, *, is_restricted: bool) -> ReportStore:
        """Return where documents stand: those with codes of people in the restricted store."""
        return self.restricted_reports if is_restricted else self.reports

    @property
    def inbox(self) -> Path:
        """Return the folder into which people drop result files."""
        return self.settings.inbox_folder

    def close(self) -> None:
        """Close the database, end the worker processes and forget what steps kept for each other."""
        self.memory.clear()
        self.database.close()
        self.pool.close()


def _cluster(settings: Settings) -> Callable[[], Workers] | None:
    if settings.cluster is None:
        return None
    folders = (settings.inbox_folder, settings.templates)
    return ClusterPlan(
        settings.cluster,
        settings.cluster_wait_seconds,
        settings.home,
        tuple(folder for folder in folders if folder is not None),
        settings.cluster_tls,
    ).connect


def open_workplace(settings: Settings, clock: Clock | None = None) -> Workplace:
    """Open the stores that the settings name; makes missing folders and ends a change of keys that was killed."""
    for folder in (settings.home, settings.inbox_folder, settings.reports_folder):
        folder.mkdir(parents=True, exist_ok=True)
    require_restored(settings)
    changes = settle(settings)
    database = Database(settings.sqlalchemy_url)
    if changes:
        log_changes(settings, database, changes)
    return Workplace(
        settings,
        database,
        WorksStore(settings.restricted_folder),
        RecordsStore(settings.restricted_folder),
        ReportStore(settings.reports_folder, settings.base_url),
        WorkerPool(settings.worker_count, _cluster(settings)),
        clock or Clock(),
    )


class WorkplaceResource(dg.ConfigurableResource):
    """Рабочее место: база, закрытое хранилище, входящая папка, отчёты. Пустое поле берётся из настроек."""

    home: str | None = Field(default=None, description="Папка данных вместо OKO_HOME")
    inbox: str | None = Field(default=None, description="Входящая папка вместо OKO_INBOX")
    workers: int | None = Field(default=None, description="Число рабочих процессов вместо OKO_WORKERS")

    _workplace: Workplace | None = PrivateAttr(default=None)
    _held: ExitStack | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Hold the school year of a run, so that no other run works on it; another one is waited for."""
        year = None if context.run is None else context.run.tags.get("dagster/partition")
        if year is None:
            return
        settings = Settings.load(home=self.home, inbox=self.inbox, workers=self.workers)
        held = ExitStack()
        held.enter_context(year_lock(settings.home, year, _PATIENCE_S))
        self._held = held

    def open(self) -> Workplace:
        """Return the workplace, opened at first use in a run."""
        if self._workplace is None:
            settings = Settings.load(home=self.home, inbox=self.inbox, workers=self.workers)
            self._workplace = open_workplace(settings)
            repeat_after_passing_faults(self._workplace.database)
        return self._workplace

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Close the database and the pool and let go of the year when the run ends."""
        if self._workplace is not None:
            self._workplace.close()
            self._workplace = None
        if self._held is not None:
            self._held.close()
            self._held = None
