"""Collection: the inbox is read, works are assembled, schools, assessments and tasks of the year are made.

inbox → result_files → works → assessments → tasks
                     ↘ schools
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.access_log import log_access
from assets.inputs import EVERY_YEAR, active_files, file_inputs, frame_fingerprint, record_slices, reference_inputs
from assets.mended_store import mend_store
from assets.metadata import Metadata, file_table, table_metadata
from assets.partitions import SCHOOL_YEARS
from assets.pool_tasks import (
    AssembledWorks,
    AssembleTask,
    ReadTask,
    assemble_into_store,
    describe_works,
    fragment_key,
    pending_differences_path,
    read_into_store,
)
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    FILE_DIFFERENCES,
    FILES,
    MUNICIPALITIES,
    PUBLISHED_RESULTS,
    QUALITY_FINDINGS,
    SCALE_BOUNDS,
    SCHOOL_CONTEXT,
    SCHOOL_CROSSWALK,
    SCHOOL_MENTIONS,
    SCHOOLS,
    TASK_DESCRIPTIONS,
    TASKS,
)
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINK_CANDIDATES, SCHOOL_LINKS
from oko_pipeline.collection.guards import ReadLimits
from oko_pipeline.collection.inbox import MEMBER, InboxFile, hash_file, scan_inbox
from oko_pipeline.collection.reading import ReadOptions, SourceReading, duplicate_finding
from oko_pipeline.collection.schools import build_schools
from oko_pipeline.collection.tasks_build import build_assessments, build_tasks
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.storage.database import Slice
from oko_pipeline.storage.erasure import ErasedPeople
from oko_pipeline.storage.key_state import pin_keys
from oko_pipeline.storage.locks import collection_lock
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "collection"
FILE_TABLES = (SCHOOL_MENTIONS, SCHOOL_LINKS, SCALE_BOUNDS, PUBLISHED_RESULTS, SCHOOL_CONTEXT)
"""Tables whose rows belong to a content, wherever it lies; rows of `task_descriptions` belong to a path."""
DESCRIPTIONS_LAYOUT = "task_descriptions"
PAST = ("superseded", "removed", "archived")
"""States of versions that no longer lie in the inbox as they were."""


@dataclass(slots=True)
class InboxChange:
    """What differs between the inbox and what the database knows of it."""

    fresh: list[InboxFile] = field(default_factory=list)
    touched: dict[str, InboxFile] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    unchanged_count: int = 0
    deferred_count: int = 0
    held_count: int = 0


_LATER_STAGES = (
    *(
        f"{name}.py"
        for name in (
            "all_tables", "bindings", "conditions", "documents", "finding_rules", "harm", "indicators", "link_measures",
            "low_result_rules", "programme_checks", "programmes", "recommendation_rules", "sources", "terms",
            "text_templates", "wording",
        )
    ),
    *(
        f"tables_{name}.py"
        for name in (
            "context", "cycle", "dynamics", "effects", "indicators", "items", "log", "objectivity", "programmes",
            "public",
        )
    ),
    *(
        f"data/{name}"
        for name in (
            "bindings", "documents", "finding_rules", "indicators", "programmes", "recommendation_rules",
            "context_features.yaml", "direction_checklist.csv", "harm_patterns.yaml", "link_measures.yaml",
            "low_result_rules.yaml", "risk_factors.yaml", "rules_cycle.csv", "rules_harm.csv",
            "self_assessment_facts.csv", "social_index.yaml", "sources.yaml",
        )
    ),
    *(
        f"data/methods/{name}.yaml"
        for name in (
            "context", "documents", "dynamics", "effectiveness", "indicators", "items", "links", "low_results",
            "objectivity", "programmes", "public", "recommendations", "risk", "support", "surveys",
        )
    ),
)  # fmt: skip
"""What of the catalogue no reader looks at: whoever mends a rule of findings need not read all files again."""
_NOT_READ = tuple(f"oko_pipeline.catalogue/{name}" for name in _LATER_STAGES)


def reader_version(workplace: Workplace) -> str:
    """Return the fingerprint of all that decides how a file is read: code, key of pseudonyms, erased people.

    Of a chain of keys the first counts: when the key is changed, what was read is brought under the new one in place.
    """
    packages = ("oko_pipeline.collection", "oko_pipeline.catalogue", "oko_pipeline.works")
    code = code_fingerprint(*packages, without=_NOT_READ)
    key = hashlib.sha256(b"oko reader" + workplace.settings.pseudonym_keys[0]).hexdigest()
    erased = ErasedPeople(workplace.settings.restricted_folder).ids()
    return combine(code, key, *sorted(erased))[:12]


def inbox_change(workplace: Workplace, known: pd.DataFrame, waiting: Collection[str] = ()) -> InboxChange:
    """Compare the inbox with the known files: by size and time first, by content where these differ.

    Paths of files on disk in `waiting` (still being copied, perhaps only renamed) are left as they are known.
    """
    standing = known[~known["status"].isin(PAST)]
    current = {str(row["path"]): row for row in standing.to_dict("records")}
    version = reader_version(workplace)
    change = InboxChange()
    listed = scan_inbox(workplace.inbox)
    for file in listed:
        row = current.get(file.path)
        if file.archive_path in waiting:
            change.held_count += 1
        elif row is None or row["reader_version"] != version or not _has_fragments(workplace, row):
            change.fresh.append(file)
        elif row["stat_fingerprint"] == file.fingerprint:
            change.unchanged_count += 1
        elif _has_content(workplace, file, str(row["file_sha256"])):
            change.touched[file.path] = file
        else:
            change.fresh.append(file)
    present = {file.path for file in listed}
    change.gone = [path for path in current if path not in present and path.split(MEMBER)[0] not in waiting]
    return change


def _has_fragments(workplace: Workplace, row: Mapping[Any, Any]) -> bool:
    """Tell whether what was read of a file is in the restricted store: it may have been lost with a disk."""
    if row["status"] not in ("accepted", "duplicate", "outdated"):
        return True
    key, version = fragment_key(str(row["file_sha256"]), str(row["path"])), str(row["reader_version"])
    if isinstance(row["assessment_id"], str) and not workplace.works.has_fragment(key, version):
        return False
    tables = str(row["record_tables"]).split(";") if isinstance(row["record_tables"], str) else []
    return all(workplace.records.has_fragment(key, table, version) for table in tables)


def _has_content(workplace: Workplace, file: InboxFile, file_sha256: str) -> bool:
    """Tell whether a file still has the content it had; one that cannot be read is left to its reader to refuse."""
    try:
        return hash_file(workplace.inbox, file) == file_sha256
    except (UnreadableFileError, OSError):
        return False


def collect_files(workplace: Workplace, limit: int | None = None, waiting: Collection[str] = ()) -> InboxChange:
    """Read what is new in the inbox and write it to the stores in one transaction; return what had changed.

    Every file is read once, whatever its year: a file tells its year only when it is open.

    Args:
        workplace: the stores and the inbox.
        limit: read at most so many files now; `deferred_count` tells how many wait for the next call.
        waiting: paths of files on disk that are not to be looked at yet; `held_count` tells how many wait.
    """
    with collection_lock(workplace.settings.home):
        return _collect_locked(workplace, limit, waiting)


def _collect_locked(workplace: Workplace, limit: int | None, waiting: Collection[str]) -> InboxChange:
    known = workplace.database.read(FILES)
    change = inbox_change(workplace, known, waiting)
    if limit is not None and len(change.fresh) > limit:
        change.deferred_count = len(change.fresh) - limit
        change.fresh = change.fresh[:limit]
    if not (change.fresh or change.gone or change.touched):
        return change
    settings = workplace.settings
    first_key, *later_keys = settings.pseudonym_keys
    limits = ReadLimits(settings.maximum_file_mb * 1024 * 1024, settings.maximum_cells)
    options = ReadOptions(first_key, limits, tuple(later_keys))
    version = reader_version(workplace)
    pin_keys(settings)
    tasks = [ReadTask(workplace.inbox, file, options, settings.restricted_folder, version) for file in change.fresh]
    readings = list(workplace.pool.map(read_into_store, tasks))
    files = _updated_files(known, change, readings, version)
    with workplace.database.transaction():
        _drop_outdated(workplace, known, files, change)
        _write_readings(workplace, known, files, readings)
        for school_year in sorted(set(files["school_year"]) | set(known["school_year"])):
            workplace.database.replace(FILES, files[files["school_year"] == school_year], {"school_year": school_year})
            _write_inbox_findings(workplace, school_year, files)
        for school_year, rows in _rows_read(readings).items():
            log_access(workplace, school_year, "read", "файлы входящей папки прочитаны", rows)
    return change


def _rows_read(readings: Sequence[SourceReading]) -> dict[str, int]:
    """Return how many rows of data were read now, by school year."""
    counts: dict[str, int] = defaultdict(int)
    for reading in readings:
        counts[reading.reading.school_year or EVERY_YEAR] += reading.reading.read_rows_count
    return dict(counts)


def year_inputs(workplace: Workplace) -> dict[str, str]:
    """Return, for each school year that has files, a fingerprint of them and of the files that serve every year."""
    files = workplace.database.read(FILES)
    reference = file_inputs(files[files["school_year"] == EVERY_YEAR])
    own = active_files(files[files["school_year"] != EVERY_YEAR])
    return {str(year): combine(file_inputs(group), reference) for year, group in own.groupby("school_year")}


def _file_row(file: InboxFile, reading: SourceReading, version: str) -> dict[str, object]:
    content = reading.reading
    return {
        "school_year": content.school_year or EVERY_YEAR,
        "path": reading.path,
        "file_sha256": reading.file_sha256,
        "layout_code": reading.layout_code,
        "assessment_id": None if content.works is None else str(content.works.key),
        "record_tables": ";".join(sorted(content.records)) or None,
        "document_key": content.document_key,
        "status": reading.status,
        "size_bytes": reading.size_bytes,
        "modified_at": reading.modified_at,
        "stat_fingerprint": file.fingerprint,
        "submitted_at": content.submitted_at,
        "read_rows_count": content.read_rows_count,
        "accepted_rows_count": content.accepted_rows_count,
        "quarantined_rows_count": content.quarantined_rows_count,
        "superseded_by": None,
        "reader_version": version,
    }


def _updated_files(
    known: pd.DataFrame, change: InboxChange, readings: Sequence[SourceReading], version: str
) -> pd.DataFrame:
    """Return all file versions after the change: new ones added, replaced and vanished ones kept and marked."""
    files = known.copy()
    fresh = {reading.path: reading for reading in readings}
    is_current = ~files["status"].isin(PAST)
    replaced = is_current & files["path"].isin(fresh)
    newer = files["path"].map({path: reading.file_sha256 for path, reading in fresh.items()})
    files = files[~(replaced & (files["file_sha256"] == newer))].copy()
    is_replaced = replaced.loc[files.index]
    files.loc[is_replaced, "status"] = "superseded"
    files.loc[is_replaced, "superseded_by"] = newer.loc[files.index][is_replaced]
    files.loc[is_current.loc[files.index] & files["path"].isin(change.gone), "status"] = "removed"
    for path, file in change.touched.items():
        columns = ["modified_at", "stat_fingerprint"]
        files.loc[is_current.loc[files.index] & (files["path"] == path), columns] = [file.modified_at, file.fingerprint]
    # A version that comes back after it was replaced or removed is the current one again.
    returning = {(reading.path, reading.file_sha256) for reading in readings}
    files = files[[pair not in returning for pair in zip(files["path"], files["file_sha256"], strict=True)]]
    rows = [_file_row(file, reading, version) for file, reading in zip(change.fresh, readings, strict=True)]
    added = FILES.conform(pd.DataFrame(rows)) if rows else FILES.empty()
    return FILES.conform(_mark_outdated(_mark_duplicates(pd.concat([files, added], ignore_index=True))))


def _mark_duplicates(files: pd.DataFrame) -> pd.DataFrame:
    """Count equal files once: the shortest path stands («… (копия).xlsx» is longer), the others are duplicates."""
    order = files.assign(length=files["path"].str.len()).sort_values(["length", "path", "file_sha256"])
    files = files.loc[order.index].reset_index(drop=True)
    # Subject and grade of a description stand in its path: two subjects may well share one codifier.
    usable = files["status"].isin(["accepted", "duplicate"]) & (files["layout_code"] != DESCRIPTIONS_LAYOUT)
    repeated = files[usable].duplicated("file_sha256")
    files.loc[repeated[repeated].index, "status"] = "duplicate"
    files.loc[repeated[~repeated].index, "status"] = "accepted"
    return files


def _mark_outdated(files: pd.DataFrame) -> pd.DataFrame:
    """Let the newest of several versions of a document stand; an older one is counted again when the newer is gone."""
    concerned = files["status"].isin(["accepted", "outdated"]) & files["document_key"].notna()
    sent = files["submitted_at"].fillna(files["modified_at"])
    order = files[concerned].assign(sent=sent).sort_values(["sent", "path"])
    by_document = order.groupby(["school_year", "document_key"])["file_sha256"]
    newest = by_document.transform("last").reindex(files.index)
    outdated = concerned & (files["file_sha256"] != newest)
    files.loc[concerned, "superseded_by"] = newest.where(outdated)[concerned].astype("str")
    files.loc[concerned, "status"] = np.where(outdated, "outdated", "accepted")[concerned]
    return files


def _current_contents(files: pd.DataFrame) -> set[str]:
    return set(files.loc[~files["status"].isin(PAST), "file_sha256"])


def _drop_outdated(workplace: Workplace, known: pd.DataFrame, files: pd.DataFrame, change: InboxChange) -> None:
    paths = [*change.gone, *(file.path for file in change.fresh)]
    workplace.database.delete(TASK_DESCRIPTIONS, {"file_path": paths})
    outdated = sorted(_current_contents(known) - _current_contents(files))
    if outdated:
        for table in FILE_TABLES:
            workplace.database.delete(table, {"file_sha256": outdated})
        workplace.database.delete(QUALITY_FINDINGS, {"origin": [f"file:{sha}" for sha in outdated]})


def _write_readings(
    workplace: Workplace, known: pd.DataFrame, files: pd.DataFrame, readings: Sequence[SourceReading]
) -> None:
    described = [
        reading.reading.tables[TASK_DESCRIPTIONS.name].assign(
            school_year=reading.reading.school_year or EVERY_YEAR,
            file_sha256=reading.file_sha256,
            file_path=reading.path,
        )
        for reading in readings
        if len(reading.reading.tables.get(TASK_DESCRIPTIONS.name, ()))
    ]
    _append(workplace, TASK_DESCRIPTIONS, described)
    duplicates = files[files["status"] == "duplicate"]
    copies = set(zip(duplicates["path"], duplicates["file_sha256"], strict=True))
    contents = {r.file_sha256: r for r in readings if (r.path, r.file_sha256) not in copies}
    again = sorted(set(contents) & set(known["file_sha256"]))
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    findings: list[pd.DataFrame] = []
    for sha, reading in contents.items():
        school_year = reading.reading.school_year or EVERY_YEAR
        for name, frame in reading.reading.tables.items():
            if len(frame) and name != TASK_DESCRIPTIONS.name:
                parts[name].append(frame.assign(school_year=school_year, file_sha256=sha))
        findings.append(findings_frame(reading.reading.findings, school_year, f"file:{sha}"))
    for table in FILE_TABLES:
        if again:
            workplace.database.delete(table, {"file_sha256": again})
        _append(workplace, table, parts.get(table.name, []))
    if again:
        workplace.database.delete(QUALITY_FINDINGS, {"origin": [f"file:{sha}" for sha in again]})
    _append(workplace, QUALITY_FINDINGS, [frame for frame in findings if len(frame)])


def _append(workplace: Workplace, table: Table, frames: Sequence[pd.DataFrame]) -> None:
    if frames:
        workplace.database.append(table, pd.concat(frames, ignore_index=True))


def _write_inbox_findings(workplace: Workplace, school_year: str, files: pd.DataFrame) -> None:
    own = files[files["school_year"] == school_year]
    rules = {
        "superseded": ("file.superseded", "Файл прислан заново; действует новая версия."),
        "outdated": ("file.outdated", "Бланк прислан заново под другим именем; действует новый, этот не учитывается."),
        "removed": ("file.removed", "Файла больше нет во входящей папке: его данные не учитываются."),
    }
    findings = [
        QualityFinding(*rules[row["status"]], row["path"], row["file_sha256"])
        for row in own.to_dict("records")
        if row["status"] in rules
    ]
    accepted = active_files(files)
    originals = dict(zip(accepted["file_sha256"], accepted["path"], strict=True))
    findings += [
        duplicate_finding(row["path"], originals[row["file_sha256"]], row["file_sha256"])
        for row in own[own["status"] == "duplicate"].to_dict("records")
    ]
    where = {"school_year": school_year, "origin": "inbox"}
    workplace.database.replace(QUALITY_FINDINGS, findings_frame(findings, school_year, "inbox"), where)


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    description=(
        "Файлы учебного года: входящая папка просмотрена, новые и изменённые файлы прочитаны по одному разу, "
        "каждый узнан по содержанию. Неузнанные и отвергнутые файлы видны с причиной."
    ),
    kinds={"excel", "parquet"},
)
def result_files(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `files`: a version of a file in the inbox."""
    office = workplace.open()
    year = context.partition_key
    mended = mend_store(office, year)
    change = collect_files(office)
    files = office.database.read(FILES, {"school_year": [year, EVERY_YEAR]})
    metadata: Metadata = {
        "файлов прочитано": len(change.fresh),
        "файлов без изменений": change.unchanged_count,
        "файлов исчезло": len(change.gone),
        "файлы": file_table(files),
    }
    if mended:
        metadata["повреждены или пропали, сделаны заново"] = ", ".join(mended)
    return dg.MaterializeResult(
        metadata=metadata | {"dagster/row_count": len(files)},
        data_version=dg.DataVersion(file_inputs(files)),
    )


def assemble_year(workplace: Workplace, school_year: str) -> list[str]:
    """Assemble the works of every assessment whose files changed; return the assessments that were assembled."""
    database = workplace.database
    files = active_files(database.read(FILES, {"school_year": school_year}))
    files = files[files["assessment_id"].notna()]
    known = database.slice_inputs(school_year, "works")
    wanted: dict[str, str] = {}
    tasks: list[AssembleTask] = []
    for assessment_id, group in files.groupby("assessment_id"):
        submitted = group["submitted_at"].fillna(group["modified_at"])
        contents = sorted(zip(group["file_sha256"], group["path"], submitted, strict=True))
        wanted[str(assessment_id)] = combine(reader_version(workplace), *(part for pair in contents for part in pair))
        if known.get(str(assessment_id)) != wanted[str(assessment_id)] or not workplace.works.has(
            school_year, str(assessment_id)
        ):
            tasks.append(
                AssembleTask(
                    school_year, str(assessment_id), tuple((sha, path) for sha, path, _ in contents),
                    reader_version(workplace), workplace.settings.restricted_folder,
                )
            )  # fmt: skip
    assembled = list(workplace.pool.map(assemble_into_store, tasks))
    gone = sorted((set(known) | set(workplace.works.assessment_ids(school_year))) - set(wanted))
    slices: list[Slice] = []
    for made in assembled:
        where = {"school_year": school_year, "assessment_id": made.assessment_id}
        origin = f"assembly:{made.assessment_id}"
        findings = findings_frame(made.findings, school_year, origin)
        slices.append(Slice(QUALITY_FINDINGS, {"school_year": school_year, "origin": origin}, findings))
        if len(made.differences):
            # Earlier re-submissions stay known: the key names both versions.
            history = [database.read(FILE_DIFFERENCES, where), made.differences.assign(school_year=school_year)]
            rows = pd.concat(history, ignore_index=True).drop_duplicates(list(FILE_DIFFERENCES.key), keep="last")
            slices.append(Slice(FILE_DIFFERENCES, where, rows))
    with database.transaction():
        database.replace_all(slices)
        _mark_superseded(workplace, school_year, assembled)
        record_slices(
            workplace,
            school_year,
            "works",
            {m.assessment_id: (wanted[m.assessment_id], m.rows_count) for m in assembled},
        )
        for assessment_id in gone:
            workplace.works.remove(school_year, assessment_id)
            database.delete(QUALITY_FINDINGS, {"school_year": school_year, "origin": f"assembly:{assessment_id}"})
        record_slices(workplace, school_year, "works", {}, removed=gone)
    for made in assembled:
        pending_differences_path(workplace.settings.restricted_folder, school_year, made.assessment_id).unlink(
            missing_ok=True
        )
    return [made.assessment_id for made in assembled]


def _mark_superseded(workplace: Workplace, school_year: str, assembled: Sequence[AssembledWorks]) -> None:
    superseded: Mapping[str, str] = {old: new for made in assembled for old, new in made.superseded.items()}
    contents = {sha for made in assembled for sha in made.contents}
    if not contents:
        return
    files = workplace.database.read(FILES, {"school_year": school_year})
    concerned = (files["status"] == "accepted") & files["file_sha256"].isin(contents)
    files.loc[concerned, "superseded_by"] = files.loc[concerned, "file_sha256"].map(superseded).astype("str")
    workplace.database.replace(FILES, files, {"school_year": school_year})


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[result_files],
    description=(
        "Работы участников по каждой работе года, под псевдонимами, в закрытом хранилище. Повторно присланные "
        "результаты ОО заменяют прежние; различия — в таблице file_differences."
    ),
    kinds={"parquet"},
)
def works(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a pupil's work (or absence) in an assessment; the restricted store only."""
    office = workplace.open()
    year = context.partition_key
    assembled = assemble_year(office, year)
    inputs = office.database.slice_inputs(year, "works")
    return dg.MaterializeResult(
        metadata={
            "работ (предметов и классов)": len(inputs),
            "собрано заново": len(assembled),
            "dagster/row_count": sum(office.database.slice_rows(year, "works").values()),
        },
        data_version=dg.DataVersion(combine(*(part for pair in sorted(inputs.items()) for part in pair))),
    )


def write_schools(workplace: Workplace, school_year: str) -> bool:
    """Make the year's schools, municipalities and crosswalk from mentions in files; tell whether they changed."""
    database = workplace.database
    mentions, links = database.read(SCHOOL_MENTIONS), database.read(SCHOOL_LINKS)
    modules = ("schools", "school_links", "school_names")
    inputs = combine(
        code_fingerprint(*(f"oko_pipeline.collection.{name}" for name in modules)),
        method_versions("linking"),
        school_year,
        frame_fingerprint(mentions),
        frame_fingerprint(links),
    )
    if database.slice_inputs(school_year, "schools").get("year") == inputs:
        return False
    registry = build_schools(mentions, school_year, links)
    where = {"school_year": school_year}
    with database.transaction():
        database.replace(SCHOOLS, registry.schools, where)
        database.replace(MUNICIPALITIES, registry.municipalities, where)
        database.replace(SCHOOL_CROSSWALK, registry.school_crosswalk, where)
        database.replace(SCHOOL_LINK_CANDIDATES, registry.school_link_candidates, where)
        findings = findings_frame(registry.findings, school_year, "schools")
        database.replace(QUALITY_FINDINGS, findings, where | {"origin": "schools"})
        record_slices(workplace, school_year, "schools", {"year": (inputs, len(registry.schools))})
        log_access(workplace, school_year, "link", "ключи ОО сопоставлены кодам", len(registry.school_crosswalk))
    return True


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[result_files],
    description=(
        "Образовательные организации и муниципалитеты года. ОО узнаётся по логину (sch и edu с теми же цифрами — одна "
        "ОО), названия и коды берутся из анкет; несопоставленные ключи видны в school_crosswalk."
    ),
    kinds={"table"},
)
def schools(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `schools`: a school in the year; also writes `municipalities` and `school_crosswalk`."""
    office = workplace.open()
    year = context.partition_key
    write_schools(office, year)
    frame = office.database.read(SCHOOLS, {"school_year": year})
    crosswalk = office.database.read(SCHOOL_CROSSWALK, {"school_year": year})
    unmatched = crosswalk[crosswalk["method"] == "unmatched"]
    return dg.MaterializeResult(
        metadata={
            **table_metadata(frame, ["school_code", "school_name", "municipality_code", "settlement_type"]),
            "не сопоставлено ключей": len(unmatched),
        },
        data_version=dg.DataVersion(frame_fingerprint(frame)),
    )


def write_assessments(workplace: Workplace, school_year: str) -> bool:
    """Describe the year's assessments and tasks; tell whether anything changed."""
    database = workplace.database
    files = database.read(FILES, {"school_year": [school_year, EVERY_YEAR]})
    sources = database.slice_inputs(school_year, "works")
    inputs = combine(
        reader_version(workplace), reference_inputs(files), *(part for pair in sorted(sources.items()) for part in pair)
    )
    if database.slice_inputs(school_year, "assessments").get("year") == inputs:
        return False
    infos = [
        describe_works(workplace.settings.restricted_folder, school_year, assessment_id)
        for assessment_id in sorted(sources)
    ]
    where = {"school_year": school_year}
    bounds, descriptions = database.read(SCALE_BOUNDS), database.read(TASK_DESCRIPTIONS)
    assessments, assessment_findings = build_assessments(infos, bounds, school_year, descriptions)
    tasks, task_findings = build_tasks(infos, descriptions, school_year)
    with database.transaction():
        database.replace(ASSESSMENTS, assessments, where)
        database.replace(TASKS, tasks, where)
        findings = findings_frame([*assessment_findings, *task_findings], school_year, "assessments")
        database.replace(QUALITY_FINDINGS, findings, where | {"origin": "assessments"})
        record_slices(workplace, school_year, "assessments", {"year": (inputs, len(assessments))})
    return True


@dg.multi_asset(
    name="assessments_and_tasks",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[
        dg.AssetSpec(
            "assessments",
            deps=[works],
            description="Работы года: кампания, класс, предмет, максимум и шкала перевода с указанием её источника.",
            kinds={"table"},
        ),
        dg.AssetSpec(
            "tasks",
            deps=[works],
            description="Задания работ: номер в КИМ, максимум, уровень, умение, коды КЭС и КТ.",
            kinds={"table"},
        ),
    ],
)
def assessments_and_tasks(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains: an assessment; a task of an assessment. Both come of one pass over the works' headers."""
    office = workplace.open()
    year = context.partition_key
    write_assessments(office, year)
    for table, columns in (
        (ASSESSMENTS, ["assessment_id", "pupil_grade", "maximum_score", "scale_source", "rows_count"]),
        (TASKS, ["assessment_id", "task_code", "maximum_score", "difficulty_level"]),
    ):
        frame = office.database.read(table, {"school_year": year})
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata=table_metadata(frame, columns),
            data_version=dg.DataVersion(frame_fingerprint(frame)),
        )
