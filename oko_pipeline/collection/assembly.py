"""Works of one assessment from the parts of many files: newer results of a school replace older ones, both stay known.

The unit of replacement is the school, which sends its protocol anew as a whole: two versions are never mixed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.tables import FILE_DIFFERENCES
from oko_pipeline.quality import CellMap, QualityFinding
from oko_pipeline.works import TaskHeader, Works, task_column

LAYOUT_ORDER: Final = ("blank_form", "individual_results", "raw_2020", "raw_2021", "raw_2022")
"""Of two versions sent at the same time the one of the later layout stands: dumps hold absent pupils, sex and class."""

DIFFERENCE_COLUMNS: Final = [name for name in FILE_DIFFERENCES.column_names if name != "school_year"]
_COMPARED: Final = ["class_label", "sex", "variant", "status", "primary_score", "journal_mark", "reported_mark"]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Works of an assessment, and what became of the files they came from.

    Attributes:
        works: the works that stand, ordered by school, file and row.
        file_differences: rows of `file_differences` without `school_year`: a school whose results came anew.
        superseded: a file all of whose schools were replaced → the file that replaced most of them.
        findings: replaced files, differing numbers of tasks.
    """

    works: Works
    file_differences: pd.DataFrame
    superseded: dict[str, str] = field(default_factory=dict)
    findings: list[QualityFinding] = field(default_factory=list)


def assemble(fragments: Sequence[Works]) -> Assembly:
    """Assemble the works of one assessment.

    Of several versions of a school's works the one with the latest `submitted_at` stands; equal times are decided by
    `LAYOUT_ORDER`, then by the file's hash. The same file given twice counts once.

    Args:
        fragments: parts of equal key, each from one file.

    Raises:
        ValueError: without fragments, or with fragments of different assessments.
    """
    if not fragments or len({fragment.key for fragment in fragments}) != 1:
        raise ValueError("fragments of exactly one assessment are assembled")
    unique = {_sha(fragment): fragment for fragment in fragments if len(fragment.rows)}
    ordered = sorted(unique.values(), key=_precedence)
    if not ordered:
        return Assembly(replace(fragments[0], rows=fragments[0].rows), _no_differences())
    tasks, task_findings = _common_tasks(ordered)
    aligned = {_sha(fragment): _aligned(fragment, tasks) for fragment in ordered}
    winners = {school: _sha(fragment) for fragment in ordered for school in fragment.rows["school_code"].unique()}
    parts = [
        rows[rows["school_code"].map(winners).to_numpy() == sha] if len(aligned) > 1 else rows
        for sha, rows in aligned.items()
    ]
    rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    rows = rows.sort_values(["school_code", "file_sha256", "source_row"], kind="stable", ignore_index=True)
    cells = {sha: cell_map for fragment in ordered for sha, cell_map in fragment.cells.items()}
    newest = ordered[-1]
    works = Works(newest.key, rows, tasks, cells, newest.submitted_at, newest.layout_code)
    differences = _replaced(ordered, aligned, winners)
    superseded = _superseded(ordered, winners)
    findings = [*task_findings, *_replacements(differences, superseded, works)]
    return Assembly(works, differences, superseded, findings)


def school_differences(before: Works, after: Works) -> pd.DataFrame:
    """Return what changed for the schools whose works now come from another file than before.

    Returns:
        Rows of `file_differences` without `school_year`; equal schools are not listed.
    """
    tasks, _ = _common_tasks([before, after])
    old_rows, new_rows = _aligned(before, tasks), _aligned(after, tasks)
    old_files = old_rows.groupby("school_code")["file_sha256"].first()
    new_files = new_rows.groupby("school_code")["file_sha256"].first()
    pairs = pd.DataFrame({"old": old_files, "new": new_files}).dropna()
    changed = pairs[pairs["old"] != pairs["new"]]
    parts = [
        _compare(
            old_rows[old_rows["school_code"].isin(group.index)],
            new_rows[new_rows["school_code"].isin(group.index)],
            str(after.key),
            (str(old), str(new)),
        )
        for (old, new), group in changed.groupby(["old", "new"])
    ]
    return pd.concat(parts, ignore_index=True) if parts else _no_differences()


def _sha(fragment: Works) -> str:
    return str(fragment.rows["file_sha256"].iloc[0])


def _precedence(fragment: Works) -> tuple[str, int, str]:
    layout = fragment.layout_code
    return fragment.submitted_at, LAYOUT_ORDER.index(layout) if layout in LAYOUT_ORDER else -1, _sha(fragment)


def _common_tasks(fragments: Sequence[Works]) -> tuple[tuple[TaskHeader, ...], list[QualityFinding]]:
    """Return the union of the tasks: those of the part with most tasks, codes known before codes unknown."""
    fullest = max(fragments, key=lambda part: (len(part.tasks), sum(task.task_code is not None for task in part.tasks)))
    known = {task.position: task for part in fragments for task in part.tasks if task.task_code is not None}
    tasks = tuple(task if task.task_code is not None else known.get(task.position, task) for task in fullest.tasks)
    findings = [
        QualityFinding(
            "file.tasks_differ",
            f"В файле заданий: {len(part.tasks)}, а в другом файле той же работы: {len(tasks)}.",
            file_path=_path(part.cells, _sha(part)),
            file_sha256=_sha(part),
            value=str(len(part.tasks)),
            expected=str(len(tasks)),
            assessment_id=str(part.key),
            became="недостающие задания пусты",
        )
        for part in fragments
        if len(part.tasks) != len(tasks) and len(part.rows)
    ]
    return tasks, findings


def _aligned(fragment: Works, tasks: tuple[TaskHeader, ...]) -> pd.DataFrame:
    """Return the rows with the columns of `tasks`: matched by code where both sides have codes, else by position."""
    if fragment.tasks == tasks:
        return fragment.rows
    places = {task.task_code: task.position for task in tasks if task.task_code is not None}
    codes = [task.task_code for task in fragment.tasks]
    is_coded = len(set(codes)) == len(codes) and all(code in places for code in codes)
    renamed = {
        task_column(task.position): task_column(places[task.task_code] if is_coded else task.position)  # pyright: ignore[reportArgumentType]
        for task in fragment.tasks
    }
    rows = fragment.rows.rename(columns=renamed)
    missing = {
        task_column(task.position): np.full(len(rows), TaskCode.BLANK, dtype=np.int8)
        for task in tasks
        if task_column(task.position) not in rows.columns
    }
    others = [name for name in rows.columns if not name.startswith("task_")]
    return rows.assign(**missing)[[*others, *(task_column(task.position) for task in tasks)]]


def _replaced(ordered: Sequence[Works], aligned: dict[str, pd.DataFrame], winners: dict[str, str]) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    for fragment in ordered:
        sha, rows = _sha(fragment), aligned[_sha(fragment)]
        lost = {school: winners[school] for school in rows["school_code"].unique() if winners[school] != sha}
        for winner in sorted(set(lost.values())):
            schools = [school for school, by in lost.items() if by == winner]
            newer = aligned[winner]
            parts.append(
                _compare(
                    rows[rows["school_code"].isin(schools)],
                    newer[newer["school_code"].isin(schools)],
                    str(fragment.key),
                    (sha, winner),
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else _no_differences()


def _compare(old: pd.DataFrame, new: pd.DataFrame, assessment_id: str, files: tuple[str, str]) -> pd.DataFrame:
    """Count added, removed and changed works a school; a pupil named twice is compared occurrence by occurrence."""
    keys = ["school_code", "pupil_id", "occurrence"]
    joined = _fingerprints(old).merge(
        _fingerprints(new), on=keys, how="outer", suffixes=("_old", "_new"), indicator=True, validate="one_to_one"
    )
    is_both = joined["_merge"] == "both"
    counted = joined.assign(
        added_count=joined["_merge"] == "right_only",
        removed_count=joined["_merge"] == "left_only",
        changed_count=is_both & (joined["content_old"] != joined["content_new"]),
    )
    counts = ["added_count", "removed_count", "changed_count"]
    by_school = counted.groupby("school_code")[counts].sum().astype("int64").reset_index()
    return by_school.assign(assessment_id=assessment_id, old_file_sha256=files[0], new_file_sha256=files[1])[
        DIFFERENCE_COLUMNS
    ]


def _fingerprints(rows: pd.DataFrame) -> pd.DataFrame:
    compared = [*_COMPARED, *(name for name in rows.columns if name.startswith("task_"))]
    return pd.DataFrame(
        {
            "school_code": rows["school_code"],
            "pupil_id": rows["pupil_id"],
            "occurrence": rows.groupby(["school_code", "pupil_id"]).cumcount(),
            "content": pd.util.hash_pandas_object(rows[compared], index=False).astype("str"),
        }
    )


def _superseded(ordered: Sequence[Works], winners: dict[str, str]) -> dict[str, str]:
    superseded: dict[str, str] = {}
    standing = set(winners.values())
    for fragment in ordered:
        sha = _sha(fragment)
        if sha not in standing:
            by = Counter(winners[school] for school in fragment.rows["school_code"])
            superseded[sha] = max(by, key=lambda winner: (by[winner], winner))
    return superseded


def _path(cells: dict[str, CellMap], sha: str) -> str | None:
    return cells[sha].file_path if sha in cells else None


def _replacements(differences: pd.DataFrame, superseded: dict[str, str], works: Works) -> list[QualityFinding]:
    findings: list[QualityFinding] = []
    for (old, new), group in differences.groupby(["old_file_sha256", "new_file_sha256"]):
        schools = ", ".join(group["school_code"].head(5)) + (" и другие" if len(group) > 5 else "")
        whole = "целиком " if old in superseded else ""
        findings.append(
            QualityFinding(
                "file.superseded",
                f"Результаты ОО ({len(group)}: {schools}) {whole}заменены более новым файлом "
                f"«{_path(works.cells, str(new))}»: работ добавлено {group['added_count'].sum()}, "
                f"исчезло {group['removed_count'].sum()}, изменено {group['changed_count'].sum()}.",
                file_path=_path(works.cells, str(old)),
                file_sha256=str(old),
                assessment_id=str(works.key),
                became="учтена новая версия",
            )
        )
    return findings


def _no_differences() -> pd.DataFrame:
    return FILE_DIFFERENCES.empty()[DIFFERENCE_COLUMNS]
