"""What worker processes do for objectivity. Knows no Dagster; arguments and results are picklable.

Pupil-level frames never travel between processes: a worker reads works, exams and re-checked works and gives back
schools, and writes the works selected for re-checking into the restricted store itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.objectivity.measures import (
    CampaignMeasures,
    Paper,
    PeerGroups,
    measure_campaign,
    sound_scale,
)
from oko_pipeline.analysis.objectivity.official import EXAM_COLUMNS
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, RecheckOptions, SignalOptions
from oko_pipeline.analysis.objectivity.other_procedures import OLYMPIAD_COLUMNS
from oko_pipeline.analysis.objectivity.recheck import (
    RECHECKED_COLUMNS,
    RecheckInputs,
    Stratum,
    score_recheck,
    select_classes,
)
from oko_pipeline.catalogue.subjects import find_subject
from oko_pipeline.catalogue.tables_objectivity import RECHECK_SELECTION, RECHECK_WORKS
from oko_pipeline.storage.records_store import RecordsStore
from oko_pipeline.storage.works_store import WorksStore

_SELECTED_COLUMNS: Final = (
    "school_code",
    "class_label",
    "pupil_id",
    "status",
    "primary_score",
    "file_sha256",
    "source_row",
)
_EXAM_INPUTS: Final = (
    "exam_kind",
    "subject_code",
    "exam_level",
    "school_code",
    "status",
    "is_final",
    "primary_score",
    "test_score",
)
_SCORED_EXAMS: Final = {"oge": "primary_score", "ege": "test_score"}


@dataclass(frozen=True, slots=True)
class CampaignTask:
    """Measure the works of one grade in one campaign; `assessments` are their rows, `tasks` the rows of their tasks."""

    school_year: str
    assessments: tuple[dict[str, Any], ...]
    tasks: pd.DataFrame
    peers: PeerGroups
    options: SignalOptions
    restricted: Path


def measure_from_store(task: CampaignTask) -> CampaignMeasures:
    """Measure schools by works in the store."""
    store = WorksStore(task.restricted)
    papers = [
        Paper(
            store.read(task.school_year, str(row["assessment_id"])),
            sound_scale(row),
            None if pd.isna(row["maximum_score"]) else int(row["maximum_score"]),
            task.tasks,
        )
        for row in task.assessments
    ]
    return measure_campaign(papers, task.peers, task.school_year, task.options)


@dataclass(frozen=True, slots=True)
class YearTask:
    """Sum up a restricted table of a year by school."""

    school_year: str
    restricted: Path


def exams_by_school(task: YearTask) -> pd.DataFrame:
    """Return `EXAM_COLUMNS` from the year's exam results: primary scores of ОГЭ, test scores of ЕГЭ, no base level."""
    store = RecordsStore(task.restricted)
    if not store.has(task.school_year, "exam_results"):
        return pd.DataFrame(columns=list(EXAM_COLUMNS))
    rows = store.read(task.school_year, "exam_results", _EXAM_INPUTS)
    is_counted = (
        (rows["status"] == "valid")
        & rows["is_final"].astype("boolean").fillna(value=False)
        & rows["school_code"].notna()
        & (rows["exam_level"] != "base")
    )
    frames = []
    for kind, score in _SCORED_EXAMS.items():
        own = rows[is_counted & (rows["exam_kind"] == kind) & rows[score].notna()]
        by_school = own.groupby(["school_code", "subject_code"])[score].agg(["size", "mean", "std"]).reset_index()
        frames.append(by_school.assign(procedure_code=kind))
    names = {"size": "participants_count", "mean": "mean_score", "std": "sd_score"}
    return pd.concat(frames, ignore_index=True).rename(columns=names)[list(EXAM_COLUMNS)]


def olympiads_by_school(task: YearTask) -> pd.DataFrame:
    """Return `OLYMPIAD_COLUMNS` from the year's protocols of the stages above the school's own."""
    store = RecordsStore(task.restricted)
    if not store.has(task.school_year, "olympiad_results"):
        return pd.DataFrame(columns=list(OLYMPIAD_COLUMNS))
    rows = store.read(task.school_year, "olympiad_results", ["school_code", "stage", "status"])
    own = rows[rows["school_code"].notna() & (rows["stage"] != "school") & (rows["status"] != "absent")]
    is_winner = own["status"].isin(["winner", "prize"])
    by_school = is_winner.groupby(own["school_code"]).agg(["size", "sum"]).reset_index()
    return by_school.set_axis(list(OLYMPIAD_COLUMNS), axis=1)


@dataclass(frozen=True, slots=True)
class SelectTask:
    """Draw classes and works of assessments in the schools of the control group."""

    school_year: str
    assessment_ids: tuple[str, ...]
    strata: tuple[Stratum, ...]
    options: RecheckOptions
    restricted: Path


def select_into_store(task: SelectTask) -> pd.DataFrame:
    """Return `recheck_selection`; the works themselves (`recheck_works`) go to the restricted store."""
    store = WorksStore(task.restricted)
    found = [
        select_classes(
            store.read(task.school_year, assessment_id, _SELECTED_COLUMNS), task.school_year, task.strata, task.options
        )
        for assessment_id in task.assessment_ids
    ]
    works = _together([chosen for _, chosen in found], RECHECK_WORKS.empty())
    RecordsStore(task.restricted).write(task.school_year, RECHECK_WORKS.name, works)
    return _together([selection for selection, _ in found], RECHECK_SELECTION.empty())


def _together(frames: Sequence[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    found = [frame for frame in frames if len(frame)]
    return pd.concat(found, ignore_index=True) if found else empty


@dataclass(frozen=True, slots=True)
class ScoreTask:
    """Score the year's re-checked works; `assessments` are the year's rows, `selection` the control group."""

    school_year: str
    selection: pd.DataFrame
    assessments: pd.DataFrame
    options: ObjectivityOptions
    restricted: Path


def score_from_store(task: ScoreTask) -> pd.DataFrame:
    """Return `recheck_results` from the register `recheck_scores`: task points of a work are summed up."""
    works = _rechecked_works(RecordsStore(task.restricted), task)
    return score_recheck(RecheckInputs(task.school_year, works, task.selection, task.assessments), task.options)


def _rechecked_works(store: RecordsStore, task: ScoreTask) -> pd.DataFrame:
    if not store.has(task.school_year, "recheck_scores"):
        return pd.DataFrame(columns=list(RECHECKED_COLUMNS))
    rows = store.read(task.school_year, "recheck_scores")
    rows = rows[rows["school_code"].notna()]
    keys = ["school_code", "person_id", "procedure", "recheck_subject", "grade"]
    points = rows[["original_score", "final_score"]].astype("float64")
    # A work is re-checked when all its tasks are.
    sums = points.groupby([rows[key] for key in keys], dropna=False).agg(
        lambda scores: scores.sum(min_count=len(scores))
    )
    works = sums.rename(columns={"final_score": "rechecked_score"}).reset_index()
    works = works[works["original_score"].notna()]
    names = {text: find_subject(str(text)) for text in works["recheck_subject"].unique()}
    subject = [str(text) if (one := names[text]) is None else one.subject_code for text in works["recheck_subject"]]
    known = {
        (str(row["procedure_code"]), row["paper_grade"], str(row["subject_code"])): str(row["assessment_id"])
        for row in task.assessments.to_dict("records")
    }
    ids = [
        known.get((str(procedure), grade, str(code)), f"{procedure}:{'' if pd.isna(grade) else grade}:{code}")
        for procedure, grade, code in zip(works["procedure"], works["grade"], subject, strict=True)
    ]
    return works.assign(assessment_id=np.array(ids, dtype=object))[list(RECHECKED_COLUMNS)]
