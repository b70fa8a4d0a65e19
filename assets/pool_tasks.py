"""What worker processes do. Knows no Dagster, so that a worker starts fast; arguments and results are picklable.

Pupil-level frames never travel between processes: a worker reads and writes them in the restricted store itself.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from oko_pipeline.analysis.assessment_tables import AssessmentTables, analyse_assessment
from oko_pipeline.analysis.fingerprints import works_fingerprint
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.collection.assembly import assemble, school_differences
from oko_pipeline.collection.guards import ReadLimits
from oko_pipeline.collection.inbox import InboxFile, read_bytes
from oko_pipeline.collection.reading import ReadOptions, SourceReading, read_source
from oko_pipeline.collection.tasks_build import WorksInfo, works_info
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.reporting.changes import Change
from oko_pipeline.reporting.data_pack import data_pack
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.storage.erasure import ErasedPeople
from oko_pipeline.storage.partials import aside
from oko_pipeline.storage.records_store import RecordsStore
from oko_pipeline.storage.works_store import WorksStore
from oko_pipeline.validation.annotate import annotate_workbook
from oko_pipeline.validation.work_rules import FLAG_COLUMNS, AssessmentFacts, check_works
from oko_pipeline.works import TaskHeader
from resources.report_store import ReportStore


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Read one file of the inbox; `reader_version` is the fingerprint of the readers' code."""

    inbox: Path
    file: InboxFile
    options: ReadOptions
    restricted: Path
    reader_version: str

    @property
    def name_ru(self) -> str:
        """Return what an error calls this task."""
        return f"файл «{self.file.path}»"


def fragment_key(file_sha256: str, path: str) -> str:
    """Return the name of a file's works in the store: subject and grade may stand in the path, so it counts too."""
    return hashlib.sha256(f"{file_sha256}\0{path}".encode()).hexdigest()


def read_into_store(task: ReadTask) -> SourceReading:
    """Read a file; its works and records go to the restricted store and only their description comes back."""
    reading = read_source(task.inbox, task.file, task.options)
    erased = ErasedPeople(task.restricted)
    records = {table: erased.without(rows) for table, rows in reading.reading.records.items()}
    works = reading.reading.works
    if works is not None:
        works = replace(works, rows=erased.without(works.rows))
    store = RecordsStore(task.restricted)
    for table, rows in records.items():
        store.write_fragment(fragment_key(reading.file_sha256, reading.path), table, task.reader_version, rows)
    reading.reading.records = {table: rows.iloc[:0] for table, rows in records.items() if len(rows)}
    if works is not None:
        WorksStore(task.restricted).write_fragment(
            fragment_key(reading.file_sha256, reading.path), task.reader_version, works
        )
        reading.reading.works = replace(works, rows=works.rows.iloc[:0])
    return reading


@dataclass(frozen=True, slots=True)
class AssembleTask:
    """Assemble the works of one assessment from the fragments of its files: (SHA-256, path) of each."""

    school_year: str
    assessment_id: str
    contents: tuple[tuple[str, str], ...]
    reader_version: str
    restricted: Path

    @property
    def name_ru(self) -> str:
        """Return what an error calls this task."""
        return f"работы {self.assessment_id} ({self.school_year})"


@dataclass(frozen=True, slots=True)
class AssembledWorks:
    """What became of an assessment's files; `superseded` maps a file to the one that replaced it entirely."""

    assessment_id: str
    contents: tuple[str, ...]
    rows_count: int
    differences: pd.DataFrame
    findings: list[QualityFinding]
    superseded: dict[str, str] = field(default_factory=dict)


def assemble_into_store(task: AssembleTask) -> AssembledWorks:
    """Assemble works, keep them in the store, and tell what differs from the works that stood there before."""
    store = WorksStore(task.restricted)
    fragments = [store.read_fragment(fragment_key(*content), task.reader_version) for content in task.contents]
    assembly = assemble(fragments)
    differences = [assembly.file_differences]
    if store.has(task.school_year, task.assessment_id):
        before = store.read(task.school_year, task.assessment_id)
        again = school_differences(before, assembly.works)
        # A dump of many schools comes anew as a whole; the schools in which nothing changed are no difference.
        counts = again[["added_count", "removed_count", "changed_count"]]
        differences.append(again[counts.sum(axis=1) > 0])
    pending = pending_differences_path(task.restricted, task.school_year, task.assessment_id)
    if pending.is_file():
        # A run was killed after it had replaced the works: what they replaced cannot be seen from them any more.
        differences.insert(0, pq.ParquetFile(pending).read(use_threads=False).to_pandas())
    found = pd.concat(differences, ignore_index=True).drop_duplicates(
        ["school_code", "old_file_sha256", "new_file_sha256"], keep="first"
    )
    if len(found):
        _write_parquet(pending, found)
    store.write(task.school_year, assembly.works)
    _write_info(task.restricted, task.school_year, works_info(assembly.works, works_fingerprint(assembly.works)))
    return AssembledWorks(
        task.assessment_id,
        tuple(sha for sha, _ in task.contents),
        len(assembly.works.rows),
        found,
        list(assembly.findings),
        dict(assembly.superseded),
    )


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written aside and renamed: a reader or a killed run never sees half a file.
    partial = aside(path)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), partial)
    partial.replace(path)


def pending_differences_path(restricted: Path, school_year: str, assessment_id: str) -> Path:
    """Return where the differences of re-sent files wait until the database has them."""
    return restricted / "pending" / school_year / f"{assessment_id.replace(':', '~')}.parquet"


def info_path(restricted: Path, school_year: str, assessment_id: str) -> Path:
    """Return where the counts of an assessment's works stand."""
    return restricted / "infos" / school_year / f"{assessment_id.replace(':', '~')}.json"


def _write_info(restricted: Path, school_year: str, info: WorksInfo) -> None:
    path = info_path(restricted, school_year, str(info.key))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {
        "tasks": [asdict(task) for task in info.tasks],
        "rows_count": info.rows_count,
        "works_sha256": info.works_sha256,
        "score_counts": info.score_counts.tolist(),
        "mark_scores": sorted((mark, *limits) for mark, limits in info.mark_scores.items()),
    }
    partial = aside(path)
    partial.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    partial.replace(path)


def describe_works(restricted: Path, school_year: str, assessment_id: str) -> WorksInfo:
    """Return what assessments and tasks are described from: counts kept beside the works, which are not read again."""
    content = json.loads(info_path(restricted, school_year, assessment_id).read_text("utf-8"))
    return WorksInfo(
        AssessmentKey.parse(assessment_id),
        tuple(TaskHeader(**task) for task in content["tasks"]),
        content["rows_count"],
        content["works_sha256"],
        np.array(content["score_counts"], dtype=np.int64).reshape(len(content["tasks"]), -1),
        {mark: (low, high) for mark, low, high in content["mark_scores"]},
    )


@dataclass(frozen=True, slots=True)
class CheckTask:
    """Apply the rules to the works of one assessment. `assessment` is its row, `tasks` are its rows of the tables."""

    school_year: str
    assessment: dict[str, Any]
    tasks: pd.DataFrame
    restricted: Path

    @property
    def name_ru(self) -> str:
        """Return what an error calls this task."""
        return f"работы {self.assessment['assessment_id']} ({self.school_year})"


@dataclass(frozen=True, slots=True)
class CheckedWorks:
    """Findings in the works of an assessment, as rows of `quality_findings`."""

    assessment_id: str
    rows_count: int
    findings: pd.DataFrame


def _integer(value: object) -> int | None:
    return None if pd.isna(value) else int(value)  # pyright: ignore[reportArgumentType,reportCallIssue]


def flags_path(restricted: Path, school_year: str, assessment_id: str) -> Path:
    """Return where the flags of an assessment's works stand."""
    return restricted / "flags" / school_year / f"{assessment_id.replace(':', '~')}.parquet"


_NO_FLAGS = pd.DataFrame(
    {name: pd.Series(dtype="str") for name in ("assessment_id", "school_code", "class_label", "status")}
    | {name: pd.Series(dtype="Int16") for name in ("primary_score", "mark", "journal_mark")}
    | {name: pd.Series(dtype="bool") for name in FLAG_COLUMNS}
)


def check_in_store(task: CheckTask) -> CheckedWorks:
    """Check works; the flags of every work stay in the restricted store, the findings come back."""
    row = task.assessment
    assessment_id = str(row["assessment_id"])
    works = WorksStore(task.restricted).read(task.school_year, assessment_id)
    facts = AssessmentFacts(
        AssessmentKey.parse(assessment_id),
        *(_integer(row[name]) for name in ("maximum_score", "minimum_3", "minimum_4", "minimum_5")),
    )
    checked = check_works(works, facts, task.tasks)
    path = flags_path(task.restricted, task.school_year, assessment_id)
    _write_parquet(path, checked.flags)
    findings = findings_frame(checked.findings, task.school_year, f"work:{assessment_id}")
    return CheckedWorks(assessment_id, len(works.rows), findings)


def read_flags(restricted: Path, school_year: str, assessment_ids: list[str]) -> pd.DataFrame:
    """Return the flags of all works of a year: a row a work, without pseudonyms.

    Columns: `assessment_id`, `school_code`, `class_label`, `status`, `primary_score`, `mark`, `journal_mark` and the
    boolean flags of the rules.
    """
    paths = [flags_path(restricted, school_year, assessment_id) for assessment_id in assessment_ids]
    tables = [pq.ParquetFile(path).read(use_threads=False) for path in paths]
    if not tables:
        return _NO_FLAGS.copy()
    return pa.concat_tables(tables, promote_options="permissive").to_pandas()


@dataclass(frozen=True, slots=True)
class AnalyseTask:
    """Analyse one assessment."""

    school_year: str
    assessment: dict[str, Any]
    tasks: pd.DataFrame
    schools: pd.DataFrame
    options: AnalysisOptions
    restricted: Path


def analyse_from_store(task: AnalyseTask) -> AssessmentTables:
    """Compute the result tables of an assessment from its works in the store."""
    row = task.assessment
    works = WorksStore(task.restricted).read(task.school_year, str(row["assessment_id"]))
    bounds = [_integer(row[name]) for name in ("minimum_3", "minimum_4", "minimum_5", "maximum_score")]
    known = [bound for bound in bounds if bound is not None]
    scale = ScaleBounds(*known) if len(known) == len(bounds) else None
    return analyse_assessment(works, scale, bounds[-1], task.tasks, task.schools, task.options)


@dataclass(frozen=True, slots=True)
class NoteBody:
    """A note to render from its context."""

    context: dict[str, Any]
    stamp: Stamp
    templates: Path | None

    def content(self, kind: str) -> bytes:
        """Return the DOCX."""
        return render_note(kind, self.context, self.stamp, self.templates)


@dataclass(frozen=True, slots=True)
class AnnotationBody:
    """A school's rows of a file of the inbox, to be marked with the findings in them."""

    inbox: Path
    path: str
    findings: pd.DataFrame
    school_code: str

    def content(self, _kind: str) -> bytes:
        """Return the XLSX."""
        source = read_bytes(self.inbox, InboxFile(self.path, 0, "", ""), ReadLimits())
        return annotate_workbook(source, self.findings, self.school_code)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document to be written: its row in the register and what makes its content."""

    document_id: str
    kind: str
    campaign_code: str | None
    unit_level: str
    unit_code: str
    title_ru: str
    path: str
    content_sha256: str
    inputs: str
    body: NoteBody | AnnotationBody
    reports: ReportStore
    topic: str | None = None
    profile: str = "internal"
    is_restricted: bool = False
    issue_number: int = 1
    changes: tuple[Change, ...] = ()
    figures_before: list[dict[str, Any]] | None = None
    has_data_pack: bool = False

    @property
    def name_ru(self) -> str:
        """Return what an error calls this task."""
        return f"документ «{self.path}»"


@dataclass(frozen=True, slots=True)
class Written:
    """SHA-256 of a written document, and the path of the workbook beside it where it has one."""

    file_sha256: str
    pack_path: str | None


def write_draft(draft: Draft) -> Written:
    """Write a document into its store, and the workbook with its numbers beside it."""
    file_sha256 = draft.reports.write(draft.path, draft.body.content(draft.kind))
    pack = data_pack(draft.body.context) if draft.has_data_pack and isinstance(draft.body, NoteBody) else None
    if pack is None:
        return Written(file_sha256, None)
    pack_path = f"{draft.path.removesuffix('.docx')}.xlsx"
    draft.reports.write(pack_path, pack)
    return Written(file_sha256, pack_path)
