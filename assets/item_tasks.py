"""What worker processes do for tasks, skills, links and support. Knows no Dagster; arguments and results are picklable.

Pupil-level frames never travel between processes: a worker reads works and writes pupils who need help in the
restricted store itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from oko_pipeline.analysis.items.item_tables import ItemTables, analyse_items
from oko_pipeline.analysis.items.options import ItemOptions
from oko_pipeline.analysis.items.skill_deficits import DeficitOptions, skill_deficits
from oko_pipeline.analysis.links.options import LinkOptions
from oko_pipeline.analysis.links.pupil_links import PUPIL_COLUMNS, pupil_links
from oko_pipeline.analysis.links.result_models import MODEL_COLUMNS, result_model
from oko_pipeline.analysis.links.school_links import school_links
from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.analysis.support import pupils
from oko_pipeline.analysis.support.options import SupportOptions
from oko_pipeline.catalogue.tables_items import PUPILS_SUPPORT
from oko_pipeline.storage.partials import aside
from oko_pipeline.storage.works_store import WorksStore

_BOUNDS: Final = ("minimum_3", "minimum_4", "minimum_5", "maximum_score")


def whole_number(value: object) -> int | None:
    """Return a cell as a whole number, None for an empty one."""
    return None if pd.isna(value) else int(value)  # pyright: ignore[reportArgumentType,reportCallIssue]


@dataclass(frozen=True, slots=True)
class ItemTask:
    """Analyse the tasks of one assessment; `assessment` is its row, `tasks` are its rows of the tables."""

    school_year: str
    assessment: Mapping[str, Any]
    tasks: pd.DataFrame
    schools: pd.DataFrame
    options: ItemOptions
    restricted: Path


def analyse_items_from_store(task: ItemTask) -> ItemTables:
    """Compute the tables about tasks of an assessment from its works in the store."""
    works = WorksStore(task.restricted).read(task.school_year, str(task.assessment["assessment_id"]))
    bounds = [whole_number(task.assessment[name]) for name in _BOUNDS]
    known = [bound for bound in bounds if bound is not None]
    scale = ScaleBounds(*known) if len(known) == len(bounds) else None
    return analyse_items(works, scale, bounds[-1], task.tasks, task.schools, task.options)


@dataclass(frozen=True, slots=True)
class DeficitTask:
    """Find the deficits of skills in one assessment; `groups` are groups of schools."""

    school_year: str
    assessment_id: str
    tasks: pd.DataFrame
    schools: pd.DataFrame
    groups: pd.DataFrame
    options: DeficitOptions
    restricted: Path


def find_deficits_from_store(task: DeficitTask) -> pd.DataFrame:
    """Compute `skill_deficits` of an assessment from its works in the store."""
    works = WorksStore(task.restricted).read(task.school_year, task.assessment_id)
    return skill_deficits(works, task.tasks, task.schools, task.options, task.groups)


@dataclass(frozen=True, slots=True)
class PupilLinkTask:
    """Link the works of the same pupils: those of one campaign and grade."""

    school_year: str
    link_group: str
    assessment_ids: tuple[str, ...]
    options: LinkOptions
    restricted: Path


@dataclass(frozen=True, slots=True)
class ModelTask:
    """Model the results of one assessment by conditions of schools."""

    school_year: str
    link_group: str
    assessment_id: str
    maximum_score: int | None
    conditions: pd.DataFrame
    options: LinkOptions
    restricted: Path


@dataclass(frozen=True, slots=True)
class SchoolLinkTask:
    """Link measures of schools; it needs no works."""

    measures: pd.DataFrame
    schools: pd.DataFrame
    options: LinkOptions


LinkTask = SchoolLinkTask | PupilLinkTask | ModelTask


def link_from_store(task: LinkTask) -> pd.DataFrame:
    """Compute `result_links` of schools, of pupils or of a model, the latter two from works in the store."""
    if isinstance(task, SchoolLinkTask):
        return school_links(task.measures, task.schools, task.options)
    store = WorksStore(task.restricted)
    if isinstance(task, ModelTask):
        rows = store.read(task.school_year, task.assessment_id, MODEL_COLUMNS).rows
        return result_model(task.assessment_id, task.maximum_score, rows, task.conditions, task.options)
    works = {name: store.read(task.school_year, name, PUPIL_COLUMNS).rows for name in task.assessment_ids}
    return pupil_links(task.link_group, works, task.options)


@dataclass(frozen=True, slots=True)
class SupportTask:
    """Find the pupils of one campaign who need help; `assessments` are rows, `errors` standard errors by assessment."""

    school_year: str
    campaign_code: str
    assessments: tuple[Mapping[str, Any], ...]
    errors: Mapping[str, float]
    options: SupportOptions
    restricted: Path


def support_path(restricted: Path, school_year: str, campaign_code: str) -> Path:
    """Return where the pupils of a campaign who need help stand in the restricted store."""
    return restricted / "support" / school_year / f"{campaign_code}.parquet"


def find_support_in_store(task: SupportTask) -> pd.DataFrame:
    """Write `pupils_support` of a campaign into the restricted store; only counts by school come back."""
    store = WorksStore(task.restricted)
    works = [
        pupils.SupportWork(
            assessment_id=(name := str(row["assessment_id"])),
            rows=store.read(task.school_year, name, pupils.PUPIL_COLUMNS).rows,
            minimum_3=whole_number(row["minimum_3"]),
            maximum_score=whole_number(row["maximum_score"]),
            error=task.errors.get(name),
        )
        for row in task.assessments
    ]
    found = pupils.pupils_support(task.campaign_code, works, task.options)
    _write(support_path(task.restricted, task.school_year, task.campaign_code), found.pupils)
    return found.counts


def _write(path: Path, frame: pd.DataFrame) -> None:
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written aside and renamed: a reader or a killed run never sees half a file.
    partial = aside(path)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), partial, compression="zstd")
    partial.replace(path)


def read_year_support(restricted: Path, school_year: str) -> pd.DataFrame:
    """Return `pupils_support` of all campaigns of a year; no rows when the year has none."""
    codes = sorted(path.stem for path in support_path(restricted, school_year, "").parent.glob("*.parquet"))
    parts = [part for code in codes if len(part := read_support(restricted, school_year, code))]
    return pd.concat(parts, ignore_index=True) if parts else PUPILS_SUPPORT.empty()


def read_support(
    restricted: Path, school_year: str, campaign_code: str, school_code: str | None = None
) -> pd.DataFrame:
    """Return `pupils_support` of a campaign, of one school for its own annex; no rows when there is no such file."""
    path = support_path(restricted, school_year, campaign_code)
    if not path.exists():
        return PUPILS_SUPPORT.empty()
    chosen = None if school_code is None else [("school_code", "=", school_code)]
    return PUPILS_SUPPORT.conform(pq.read_table(path, filters=chosen, use_threads=False).to_pandas())
