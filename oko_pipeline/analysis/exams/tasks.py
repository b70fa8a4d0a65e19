"""Tasks of exams by the masks of protocols: solvability by unit and by group of results."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.exams.groups import Floats, UnitGroups, unit_groups
from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.analysis.exams.summary import MARKS, exam_key, numbers, score_groups
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.exams import ExamKey, pass_minimum
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_exams import EXAM_TASK_RESULTS
from oko_pipeline.statistics.intervals import RatioSums, ratio_interval
from oko_pipeline.statistics.size_tiers import tier_places

PARTS: Final = ("short", "extended", "oral")
_METHOD: Final = "exams.task_results"
_GROUPS: Final = ("below_minimum", "minimum_60", "score_61_80", "score_81_100")


@dataclass(frozen=True, slots=True)
class TaskScores:
    """Scores of tasks: (pupils × tasks), NaN where there is none; part, place, maximum of each task."""

    scores: Floats
    part: tuple[str, ...]
    position: tuple[int, ...]
    maximum: Floats
    is_stated: tuple[bool, ...]


def parse_task_scores(texts: pd.Series) -> TaskScores:
    """Read the column `task_scores`: `1;0;2|1/2;0/3|…` a pupil; letters and unknown signs are no scores.

    A task's maximum is the one that most masks print, else the highest score that anybody has, at least 1.
    """
    parts = texts.astype("str").str.split("|", expand=True, regex=False)
    scores: list[Floats] = []
    maxima: list[float] = []
    labels: list[tuple[str, int, bool]] = []
    for place, part in enumerate(PARTS[: parts.shape[1]]):
        signs = parts[place].str.split(";", expand=True, regex=False)
        for position in range(signs.shape[1]):
            score, printed = _signs(signs[position])
            if np.isnan(score).all():
                continue
            known = printed[~np.isnan(printed)]
            usual = pd.Series(known).mode()
            highest = max(float(np.nanmax(score)), 1.0)
            scores.append(score)
            maxima.append(float(usual.iloc[-1]) if len(usual) else highest)
            labels.append((part, position + 1, bool(len(usual))))
    table = np.column_stack(scores) if scores else np.empty((len(texts), 0))
    return TaskScores(
        table,
        tuple(part for part, _, _ in labels),
        tuple(position for _, position, _ in labels),
        np.array(maxima, dtype=np.float64),
        tuple(stated for _, _, stated in labels),
    )


def _signs(column: pd.Series) -> tuple[Floats, Floats]:
    """Return score and printed maximum of each sign; there are few different signs, so each is read once."""
    places, distinct = pd.factorize(column)
    read = [_sign(str(text)) for text in distinct] + [(np.nan, np.nan)]
    table = np.array(read, dtype=np.float64)
    return table[places, 0], table[places, 1]


def _sign(text: str) -> tuple[float, float]:
    score, _, maximum = text.partition("/")
    return (
        float(score) if score.isascii() and score.isdigit() else np.nan,
        float(maximum) if maximum.isascii() and maximum.isdigit() else np.nan,
    )


def exam_task_results(results: pd.DataFrame, schools: pd.DataFrame, options: ExamOptions) -> pd.DataFrame:
    """Return `exam_task_results` of one exam: unit × task × group; schools have the group all only.

    Args:
        results: rows of `exam_results` of one exam.
        schools: registry of the year.
        options: year and thresholds.
    """
    is_counted = results["is_final"] & (results["status"] == "valid") & results["task_scores"].notna()
    rows = results[is_counted].reset_index(drop=True)
    if rows.empty:
        return EXAM_TASK_RESULTS.empty()
    exam_code = str(rows["exam_code"].iloc[0])
    tasks = parse_task_scores(rows["task_scores"])
    if not tasks.part:
        return EXAM_TASK_RESULTS.empty()
    frames = [_of_group(tasks, unit_groups(rows["school_code"], schools), "all", options)]
    for name, members in _members(rows, exam_key(exam_code), options).items():
        if members.any():
            units = unit_groups(rows["school_code"][members], schools, ("all", "region", "municipality"))
            frames.append(_of_group(_subset(tasks, members), units, name, options))
    made = pd.concat(frames, ignore_index=True).assign(
        school_year=options.school_year,
        exam_code=exam_code,
        method_id=_METHOD,
        method_version=method(_METHOD).version,
    )
    return EXAM_TASK_RESULTS.conform(made[list(EXAM_TASK_RESULTS.column_names)])


def _subset(tasks: TaskScores, members: np.ndarray) -> TaskScores:
    return TaskScores(tasks.scores[members], tasks.part, tasks.position, tasks.maximum, tasks.is_stated)


def _members(rows: pd.DataFrame, key: ExamKey, options: ExamOptions) -> dict[str, np.ndarray]:
    """Return which pupils belong to each group of results: marks where the exam is marked, else test scores."""
    if key.is_marked:
        marks = numbers(rows["mark"])
        return {f"mark_{mark}": marks == mark for mark in MARKS}
    found = pass_minimum(key)
    groups = score_groups(numbers(rows["test_score"]), found.minimum_score if found else None, options)
    names = _GROUPS if found else _GROUPS[2:]
    return {name: groups == _GROUPS.index(name) for name in names}


def _of_group(tasks: TaskScores, units: UnitGroups, group: str, options: ExamOptions) -> pd.DataFrame:
    known = ~np.isnan(tasks.scores)
    scores = np.nan_to_num(tasks.scores)
    n = units.sums(known.astype(np.int64))
    total, squares = units.sums(scores), units.sums(scores**2)
    maximum = np.broadcast_to(tasks.maximum, n.shape)
    # Every pupil's denominator is the task's maximum, so the ratio's variance is that of the mean share.
    sums = RatioSums(n.astype(float), total, n * maximum, squares, total * maximum, n * maximum**2)
    interval = ratio_interval(sums)
    unit, task = np.nonzero(n)
    zero = units.sums((known & (tasks.scores == 0)).astype(np.int64))
    full = units.sums((known & (tasks.scores >= tasks.maximum)).astype(np.int64))
    columns: dict[str, Any] = {
        **units.columns(unit),
        "part": [tasks.part[i] for i in task],
        "position": [tasks.position[i] for i in task],
        "score_group": group,
        "maximum_score": tasks.maximum[task].astype(np.int64),
        "is_maximum_stated": [tasks.is_stated[i] for i in task],
        "participants_count": n[unit, task],
        "size_tier": [SIZE_TIERS[place] for place in tier_places(n[unit, task], options.tier_bounds)],
        "solved_share": ratio(total, n * maximum)[unit, task],
        "solved_low": interval.low[unit, task],
        "solved_high": interval.high[unit, task],
        "zero_share": ratio(zero, n)[unit, task],
        "full_share": ratio(full, n)[unit, task],
    }
    return pd.DataFrame(columns)
