"""One school year from the command line: the same job as in the Dagster UI, run in this process, with progress.

An unchanged year ends before Dagster and pandas are imported: nothing was added, removed or changed in the inbox, the
code, the settings, the templates and the territory's own files, the day is still the same (terms pass with days), and
every document still stands.
"""

import hashlib
import json
import os
import re
import socket
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from oko_pipeline.collection.inbox import scan_inbox, signature
from oko_pipeline.errors import StorageError
from oko_pipeline.settings import DAGSTER_SCHEMA, Settings
from oko_pipeline.storage.faults import is_damage, meaning_ru, outside_faults, told_fault
from oko_pipeline.storage.key_state import unfinished
from oko_pipeline.storage.locks import year_lock
from oko_pipeline.storage.partials import write_whole
from oko_pipeline.storage.restoring import unfinished_restore
from oko_pipeline.storage.soundness import file_identity, is_whole_sqlite
from oko_pipeline.versions import code_fingerprint
from resources.clock import Clock

Progress = Callable[[str, int, int], None]
_PLAIN_CONFIG: Final = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
# A year is run by one run at a time, whoever asks: a schedule, a sensor, a person in the interface.
_FORMER_CONFIG: Final = f"""{_PLAIN_CONFIG}concurrency:
  runs:
    tag_concurrency_limits:
      - key: dagster/partition
        value:
          applyLimitPerUniqueValue: true
        limit: 1
retention:
  schedule:
    purge_after_days: 400
  sensor:
    purge_after_days:
      skipped: 7
      failure: 30
      success: 400
"""
# A run whose process is gone is found and begun once more; what it had done stands in the stores. A run that failed by
# its data or its code is not: it would fail again.
_DAGSTER_CONFIG: Final = f"""{_FORMER_CONFIG}run_launcher:
  module: oko_pipeline.orchestration.run_launcher
  class: WatchedRunLauncher
run_monitoring:
  enabled: true
  start_timeout_seconds: 600
  cancel_timeout_seconds: 300
  max_runtime_seconds: 43200
  poll_interval_seconds: 60
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""
# The URL, and with it a password, goes by the environment of Dagster's processes and never into a file.
_STORAGE_VARIABLE: Final = "OKO_DAGSTER_STORAGE"
_SERVER_STORAGE: Final = f"storage:\n  postgres:\n    postgres_url:\n      env: {_STORAGE_VARIABLE}\n"
_SERVER_CONFIG: Final = f"{_DAGSTER_CONFIG}{_SERVER_STORAGE}"
_WRITTEN: Final = (_DAGSTER_CONFIG, _FORMER_CONFIG, _PLAIN_CONFIG)
_OWN_CONFIGS: Final = frozenset({*_WRITTEN, *(f"{config}{_SERVER_STORAGE}" for config in _WRITTEN)})
_REPLACED: Final = (
    "Пока год выполнялся, файл базы был заменён другим: сделанное до того в нём не записано. Запустите год снова."
)
_PACKAGES: Final = ("oko_pipeline", "assets", "checks", "resources", "report_templates")


@dataclass(frozen=True, slots=True)
class YearSummary:
    """What a run of a year left: documents by kind, findings by severity, and whether the year is blocked."""

    school_year: str
    is_blocked: bool = False
    is_unchanged: bool = False
    error: str | None = None
    page: str | None = None
    documents: dict[str, int] = field(default_factory=dict)
    documents_folder: str = ""
    findings: dict[str, int] = field(default_factory=dict)
    findings_by_rule: list[tuple[str, str, int]] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)


def prepare_dagster_home(settings: Settings) -> Path:
    """Make Dagster's own folder with telemetry off, and its storage on a server where the settings say so; return it.

    A `dagster.yaml` that people have edited stands as it is.
    """
    folder, url = settings.dagster_folder, settings.dagster_storage_url
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    wanted = _DAGSTER_CONFIG if url is None else _SERVER_CONFIG
    standing = config.read_text("utf-8") if config.exists() else ""
    if standing != wanted and _is_own(standing):
        write_whole(config, wanted.encode())
    if url is not None:
        os.environ[_STORAGE_VARIABLE] = url
        if settings.dagster_url is None:
            from oko_pipeline.storage.servers import make_server_schema  # noqa: PLC0415 (SQLAlchemy)

            make_server_schema(settings.sqlalchemy_url, DAGSTER_SCHEMA)
    return folder


def _is_own(config: str) -> bool:
    """Tell whether a configuration is ours: one of this or an earlier version, or what a kill left of one."""
    return any(own.startswith(config) for own in _OWN_CONFIGS)


def _state_path(settings: Settings, school_year: str) -> Path:
    return settings.home / "state" / f"{school_year}.json"


def _signature(settings: Settings) -> dict[str, str]:
    folder = settings.templates
    templates = sorted(folder.glob("*.docx")) if folder is not None and folder.is_dir() else []
    return {
        "inbox": signature(scan_inbox(settings.inbox_folder)),
        "code": code_fingerprint(*_PACKAGES),
        # A fingerprint: the address of a database may hold a password.
        "settings": hashlib.sha256(repr(settings.model_dump(exclude={"pseudonym_key"})).encode()).hexdigest(),
        "templates": repr([(t.name, t.stat().st_size, t.stat().st_mtime_ns) for t in templates]),
        "own_files": _own_files(settings),
        # What is late today was not yesterday: on a new day the graph runs, and only what asks for the day is made.
        "day": Clock().now().date().isoformat(),
    }


def _own_files(settings: Settings) -> str:
    """Return a fingerprint of the territory's own programmes and parameters of methods, whose paths alone are set."""
    folder = settings.programmes_folder
    paths = sorted(folder.expanduser().iterdir()) if folder is not None and folder.expanduser().is_dir() else []
    paths += [settings.methods.expanduser()] if settings.methods is not None else []
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _store_signature(settings: Settings, school_year: str) -> str:
    """Return a fingerprint of sizes and times of the year's files in the restricted store."""
    digest = hashlib.sha256()
    for path in sorted(settings.restricted_folder.glob(f"*/{school_year}/*")):
        # Folders of documents stand here too: theirs is the time of the last file laid into them.
        if not path.is_file():
            continue
        stat = path.stat()
        digest.update(f"{path.parent.parent.name}/{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _database_signature(settings: Settings, school_year: str) -> str | None:
    """Return a fingerprint of what the database remembers of the year; None when it remembers nothing.

    Another database in the place of ours, or an earlier state of it, is not taken for the one that the run left.
    """
    query = "SELECT table_name, slice_key, input_sha256, written_at FROM slices WHERE school_year = :year ORDER BY 1, 2"
    try:
        if settings.database_url is None:
            uri = f"{(settings.home / 'oko.sqlite').absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                rows = connection.execute(query, {"year": school_year}).fetchall()
        else:
            rows = _rows_on_server(settings, query, school_year)
    except sqlite3.Error:
        return None
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest() if rows else None


def _rows_on_server(settings: Settings, query: str, school_year: str) -> list[Any]:
    import sqlalchemy as sa  # noqa: PLC0415 (slow; a year on SQLite does without)
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from oko_pipeline.storage.engine import make_engine  # noqa: PLC0415

    engine = make_engine(settings.sqlalchemy_url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(sa.text(query), {"year": school_year}))
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()


def _documents_signature(paths: list[str], root: Path) -> list[list[Any]]:
    """Return sizes and times of documents by their paths from the data folder; None for one that is gone."""
    found: list[list[Any]] = []
    for path in paths:
        stat = (root / path).stat() if (root / path).is_file() else None
        found.append([path, None if stat is None else [stat.st_size, stat.st_mtime_ns]])
    return found


def unchanged_summary(settings: Settings, school_year: str) -> YearSummary | None:
    """Return the summary of the last run when nothing that it depends on has changed since, else None."""
    try:
        state = json.loads(_state_path(settings, school_year).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not _stores_stand(settings, school_year, state) or state.get("signature") != _signature(settings):
        return None
    summary = state["summary"] | {"is_unchanged": True}
    summary["findings_by_rule"] = [tuple(row) for row in summary["findings_by_rule"]]
    return YearSummary(**summary)


def _stores_stand(settings: Settings, school_year: str, state: dict[str, Any]) -> bool:
    """Tell whether the inbox, the database, the year's part of the restricted store and its documents are as left."""
    works = settings.restricted_folder / "works" / school_year
    database = settings.home / "oko.sqlite"
    if unfinished(settings) or unfinished_restore(settings) or not works.is_dir() or not settings.inbox_folder.is_dir():
        return False
    if settings.database_url is None and not (database.is_file() and is_whole_sqlite(database)):
        return False
    documents = state["documents"]
    remembered = _database_signature(settings, school_year)
    return (
        remembered is not None
        and state.get("database") == remembered
        and state.get("store") == _store_signature(settings, school_year)
        and _documents_signature([path for path, _ in documents], settings.home) == documents
    )


def run_year(settings: Settings, school_year: str, progress: Progress, job_name: str = "annual_cycle") -> YearSummary:
    """Run the job of a year and return what it left.

    Args:
        settings: the installation.
        school_year: a key of the catalogue's school years.
        progress: called with the step that ended, how many have ended, and how many there are.
        job_name: `annual_cycle` or `validate_only`.

    Raises:
        StorageError: when another run works on the same year.
    """
    with year_lock(settings.home, school_year):
        return _run_locked(settings, school_year, progress, job_name)


def _run_locked(settings: Settings, school_year: str, progress: Progress, job_name: str) -> YearSummary:
    import uuid  # noqa: PLC0415

    import dagster as dg  # noqa: PLC0415

    # Partitioned asset checks are a preview API; a person at the command line can do nothing about it.
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    from oko_pipeline.catalogue.documents import issued_kinds  # noqa: PLC0415
    from oko_pipeline.orchestration.build import build_defs  # noqa: PLC0415
    from oko_pipeline.orchestration.run_launcher import HOST_TAG  # noqa: PLC0415
    from oko_pipeline.orchestration.run_log import open_instance  # noqa: PLC0415
    from resources.workplace import WorkplaceResource, open_workplace  # noqa: PLC0415

    issued_kinds(settings.documents)  # a kind that there is none of is told before hours of work
    _state_path(settings, school_year).unlink(missing_ok=True)
    with closing(open_workplace(settings)) as workplace:
        # The schema is made here, so that the file which the run begins with is known.
        identity = _database_file(workplace)
        before = _signature(settings)
        resource = WorkplaceResource(
            home=str(settings.home), inbox=str(settings.inbox_folder), workers=settings.worker_count
        )
        job = build_defs(resource_overrides={"workplace": resource}).resolve_job_def(job_name)
        steps = _Steps(progress, len(job.graph.node_dict))
        run_id = str(uuid.uuid4())
        folder = prepare_dagster_home(settings)
        is_configured = (folder / "dagster.yaml").read_text("utf-8") != _DAGSTER_CONFIG
        with _log_told(folder), open_instance(folder, is_configured=is_configured) as instance:
            instance.add_event_listener(run_id, steps.listen)
            result = job.execute_in_process(
                partition_key=school_year,
                instance=instance,
                raise_on_error=False,
                run_id=run_id,
                tags={HOST_TAG: socket.gethostname()},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        if _database_file(workplace) != identity:
            steps.errors.append(_REPLACED)
        summary = summarise_year(workplace, school_year, result.success, steps.errors)
        if result.success and not steps.errors and _signature(settings) == before:
            _write_state(settings, summary, before, workplace)
    return summary


def _database_file(workplace: Any) -> tuple[int, int] | None:
    """Return which file the database is; None on a server.

    Raises:
        StorageError: when it cannot be opened.
    """
    url = workplace.database.engine.url
    return file_identity(Path(url.database)) if url.get_backend_name() == "sqlite" else None


@contextmanager
def _log_told(folder: Path) -> Iterator[None]:
    """Tell faults of Dagster's own storage: what it holds is the history of runs, and no year depends on it."""
    try:
        yield
    except outside_faults() as error:
        told = told_fault(error)
        if is_damage(error):
            told = (
                "Его файлы повреждены: восстановите папку из копии или удалите её — пропадёт только история запусков — "
                "и запустите год снова."
            )
        raise StorageError(f"Журнал запусков Dagster в папке {folder} не ведётся. {told}") from error


class _Steps:
    """Follows the steps of a run: tells the progress and keeps what went wrong."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._ended = 0
        self.errors: list[str] = []

    def listen(self, entry: Any) -> None:
        event = entry.dagster_event
        if event is None or event.event_type_value not in {"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}:
            return
        self._ended += 1
        self._progress(event.step_key or "", self._ended, self._total)
        if event.event_type_value == "STEP_FAILURE":
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            if cause is not None and cause.cls_name != "DagsterAssetCheckFailedError":
                self.errors.append(f"{event.step_key}: {_told_cause(cause)}")


def _told_cause(cause: Any) -> str:
    """Return what a person is told of the error of a step: Dagster keeps its name and words, not the error itself."""
    told = f"{cause.cls_name}: {cause.message.strip()}"
    # An error of ours says in Russian what to do; the words of a driver hold statements with all their values.
    is_own = re.search("[а-яё]{3}", cause.message.partition("\n")[0], re.IGNORECASE) is not None
    meaning = None if is_own else meaning_ru(told)
    return told if meaning is None else f"{meaning} Подробности: {told.splitlines()[0][:300]}"


def summarise_year(workplace: Any, school_year: str, is_success: bool, errors: list[str]) -> YearSummary:  # noqa: FBT001
    """Return what stands in the stores for a year."""
    from assets.inputs import EVERY_YEAR  # noqa: PLC0415
    from oko_pipeline.catalogue.tables import DOCUMENTS, FILES, QUALITY_FINDINGS, QUALITY_RESULTS  # noqa: PLC0415

    database = workplace.database
    where = {"school_year": school_year}
    both = {"school_year": [school_year, EVERY_YEAR]}
    documents = database.read(DOCUMENTS, where, ["kind"])
    findings = database.read(QUALITY_FINDINGS, both, ["severity", "rule_id"])
    results = database.read(QUALITY_RESULTS, where)
    latest = results[results["checked_at"] == results.groupby("table_name")["checked_at"].transform("max")]
    blocking = latest[~latest["is_passed"] & latest["is_blocking"] & (latest["severity"] == "error")]
    page = f"{school_year}/Качество данных.html"
    by_rule = findings.groupby(["severity", "rule_id"]).size()
    return YearSummary(
        school_year,
        is_blocked=not is_success and not errors,
        error="\n".join(errors) or None,
        page=str(workplace.reports.path(page)) if workplace.reports.has(page) else None,
        documents={str(kind): int(count) for kind, count in documents.groupby("kind").size().items()},
        documents_folder=str(workplace.reports.path(school_year)),
        findings={str(key): int(count) for key, count in findings.groupby("severity").size().items()},
        findings_by_rule=[(str(severity), str(rule), int(count)) for (severity, rule), count in by_rule.items()],
        blocking=blocking["title_ru"].tolist(),
        files={str(key): int(n) for key, n in database.read(FILES, both, ["status"]).groupby("status").size().items()},
    )


def write_year_data_docs(settings: Settings, school_year: str) -> Path:
    """Write Great Expectations' own pages about the year's tables; return the path of their index."""
    from assets.validation import suite_table  # noqa: PLC0415
    from oko_pipeline.validation.suites import SuiteOptions, suites, write_data_docs  # noqa: PLC0415
    from resources.workplace import open_workplace  # noqa: PLC0415

    names = [suite.table for suite in suites().values()]
    options = SuiteOptions(blocking_share=settings.blocking_share)
    with closing(open_workplace(settings)) as workplace:
        tables = {name: suite_table(workplace, school_year, name) for name in names}
        return write_data_docs(tables, workplace.reports.path(f"{school_year}/Наборы правил"), options)


def _write_state(settings: Settings, summary: YearSummary, signature: dict[str, str], workplace: Any) -> None:
    from oko_pipeline.catalogue.tables import DOCUMENTS  # noqa: PLC0415

    where = {"school_year": summary.school_year}
    documents = workplace.database.read(DOCUMENTS, where, ["path", "is_restricted"])
    paths = [
        str(workplace.reports_of(is_restricted=bool(apart)).path(path).relative_to(settings.home))
        for path, apart in zip(documents["path"], documents["is_restricted"], strict=True)
    ]
    state = {
        "signature": signature,
        "documents": _documents_signature(paths, settings.home),
        "store": _store_signature(settings, summary.school_year),
        "database": _database_signature(settings, summary.school_year),
        "summary": asdict(summary),
    }
    path = _state_path(settings, summary.school_year)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(state, ensure_ascii=False).encode())
