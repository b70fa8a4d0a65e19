"""`oko check`: what is this file, what is wrong in it. Needs no database and keeps nothing."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oko_pipeline.analysis.fingerprints import works_fingerprint
from oko_pipeline.catalogue.keys import AssessmentKey, school_code_from_login
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS, SCALE_BOUNDS, TASK_DESCRIPTIONS
from oko_pipeline.collection.guards import ReadLimits
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.layout import Reading
from oko_pipeline.collection.reading import ReadOptions, SourceReading, layout_title, read_source
from oko_pipeline.collection.tasks_build import build_assessments, build_tasks, works_info
from oko_pipeline.quality import findings_frame
from oko_pipeline.settings import Settings
from oko_pipeline.validation.work_rules import AssessmentFacts, check_works


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file is and what is wrong in it; `findings` are rows of `quality_findings`.

    `owners` are the schools and municipalities whose rows it holds, as the file names them (logins as codes).
    """

    path: Path
    status: str
    layout_ru: str
    assessment_id: str | None
    school_year: str | None
    read_rows_count: int
    accepted_rows_count: int
    quarantined_rows_count: int
    findings: pd.DataFrame
    owners: tuple[str, ...] = ()


def check_file(path: Path, settings: Settings) -> list[FileCheck]:
    """Read a file (each member of an archive) and apply all rules that need no other file.

    Pupils get pseudonyms under a key that is thrown away, so the result says nothing about anyone.
    """
    root = path.resolve().parent
    limits = ReadLimits(settings.maximum_file_mb * 1024 * 1024, settings.maximum_cells)
    options = ReadOptions(secrets.token_bytes(32), limits)
    own = [f for f in scan_inbox(root) if f.path == path.name or f.path.startswith(f"{path.name}!")]
    return [_check(path, read_source(root, file, options)) for file in own]


def _check(path: Path, reading: SourceReading) -> FileCheck:
    content = reading.reading
    school_year = content.school_year or "*"
    findings = list(content.findings)
    works = content.works
    if works is not None:
        info = works_info(works, works_fingerprint(works))
        own = content.tables.get(SCALE_BOUNDS.name)
        file = {"school_year": school_year, "file_sha256": reading.file_sha256}
        bounds = SCALE_BOUNDS.empty() if own is None else own.assign(**file)
        assessments, more = build_assessments([info], bounds, school_year)
        findings += more
        tasks, more = build_tasks([info], TASK_DESCRIPTIONS.empty(), school_year)
        findings += more
        row = assessments.iloc[0]
        bounds_of = [None if pd.isna(row[name]) else int(row[name]) for name in _FACTS]
        findings += check_works(works, AssessmentFacts(AssessmentKey.parse(str(works.key)), *bounds_of), tasks).findings
    return FileCheck(
        path,
        reading.status,
        _title(reading),
        None if works is None else str(works.key),
        content.school_year,
        content.read_rows_count,
        content.accepted_rows_count,
        content.quarantined_rows_count,
        findings_frame(findings, school_year, f"file:{reading.file_sha256}") if findings else QUALITY_FINDINGS.empty(),
        _owners(content),
    )


def _owners(content: Reading) -> tuple[str, ...]:
    """Return whose rows a file holds: codes of schools and municipalities, and names where there is no code."""
    # A school's form mentions its municipality; only rows of a register can be the municipality's own.
    parts = [(frame, _SCHOOLS) for frame in content.tables.values()]
    parts += [(frame, (*_SCHOOLS, "municipality_code")) for frame in content.records.values()]
    if content.works is not None:
        parts.append((content.works.rows, _SCHOOLS))
    cells = [frame[name].dropna().unique() for frame, names in parts for name in names if name in frame]
    named = {str(value) for values in cells for value in values}
    return tuple(sorted(school_code_from_login(value) or value for value in named))


def _title(reading: SourceReading) -> str:
    """Return the layout's title, and of a file of registers their titles."""
    title = layout_title(reading.layout_code)
    tables = record_tables()
    found = [f"«{tables[name].title_ru}»" for name in reading.reading.records if name in tables]
    return f"{title}: {', '.join(found)}" if found else title


_SCHOOLS = ("school_code", "school_key")
_FACTS = ("maximum_score", "minimum_3", "minimum_4", "minimum_5")
