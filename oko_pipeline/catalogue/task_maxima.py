"""Maximum scores and difficulty levels of tasks by paper.

The packaged maxima are those of 2021 that sum to the official maximum of the paper (domain README 1.3); the loader
refuses a paper whose maxima do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final

from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.catalogue.scales import official_maximum
from oko_pipeline.errors import CatalogueError

DIFFICULTY_LEVELS: Final = ("Б", "П", "В")
_TASK_CODE: Final = re.compile(r"^\d+(\.\d+)?(К\d+)?$")


@dataclass(frozen=True, slots=True)
class TaskMaximum:
    """One task of a paper: its place, code, maximum score, and level Б/П/В where the source gives it."""

    year: int
    paper_grade: int
    subject_code: str
    level: str
    position: int
    task_code: str
    maximum_score: int
    difficulty_level: str | None

    @property
    def paper(self) -> tuple[int, int, str, str]:
        """Year, grade, subject and level: the paper the task belongs to."""
        return self.year, self.paper_grade, self.subject_code, self.level


def _parse(row: Mapping[str, str]) -> TaskMaximum:
    code = row["task_code"]
    if not _TASK_CODE.match(code):
        raise ValueError(f"поле task_code: «{row['task_code']}» — не номер задания (ожидалось, например, 1К2 или 12.1)")
    maximum = int(row["maximum_score"])
    if not 1 <= maximum <= 20:
        raise ValueError(f"поле maximum_score: {maximum}, ожидалось от 1 до 20")
    if row["difficulty_level"] not in ("", *DIFFICULTY_LEVELS):
        raise ValueError(f"поле difficulty_level: «{row['difficulty_level']}», ожидалось Б, П, В или пусто")
    return TaskMaximum(
        int(row["year"]),
        int(row["paper_grade"]),
        row["subject_code"],
        row["level"],
        int(row["position"]),
        code,
        maximum,
        row["difficulty_level"] or None,
    )


def load_task_maxima(text: str | None = None) -> dict[tuple[int, int, str, str], tuple[TaskMaximum, ...]]:
    """Return the tasks of every paper in their order, from `text` or the packaged catalogue.

    Raises:
        CatalogueError: for faulty lines, positions that are not 1, 2, 3, …, a code given twice, or maxima whose sum is
            not the official maximum of the paper.
    """
    rows = read_catalogue_csv("task_maxima.csv", _parse, text)
    papers = {
        paper: tuple(tasks)
        for paper, tasks in groupby(sorted(rows, key=lambda t: (t.paper, t.position)), key=lambda t: t.paper)
    }
    faults: list[str] = []
    for paper, tasks in papers.items():
        if [task.position for task in tasks] != list(range(1, len(tasks) + 1)):
            faults.append(f"{paper}: номера по порядку не идут подряд с 1")
        if len({task.task_code for task in tasks}) != len(tasks):
            faults.append(f"{paper}: номер задания повторён")
        total, official = sum(task.maximum_score for task in tasks), official_maximum(*paper)
        if official is None:
            faults.append(f"{paper}: официальный максимум работы неизвестен, сверить сумму не с чем")
        elif total != official:
            faults.append(f"{paper}: сумма максимумов заданий {total}, а официальный максимум {official}")
    if faults:
        raise CatalogueError("task_maxima.csv:\n" + "\n".join(faults))
    return papers


@cache
def _packaged() -> dict[tuple[int, int, str, str], tuple[TaskMaximum, ...]]:
    return load_task_maxima()


def task_maxima(year: int, paper_grade: int, subject_code: str, level: str = "base") -> tuple[TaskMaximum, ...]:
    """Return the tasks of a paper in their order; empty when the catalogue does not know the paper."""
    return _packaged().get((year, paper_grade, subject_code, level), ())
