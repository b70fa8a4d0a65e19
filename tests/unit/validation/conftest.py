"""Small works and year tables, sound from end to end: a test spoils one thing and names what must be found."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOL_CROSSWALK, SCHOOLS
from oko_pipeline.quality import CellMap
from oko_pipeline.validation.work_rules import AssessmentFacts, WorkCheck, check_works
from oko_pipeline.validation.year_rules import work_counts
from oko_pipeline.works import TaskHeader, Works, task_column
from tests.unit.validation.builders import KEY, MAXIMA, assessments_of, tasks_of

FACTS = AssessmentFacts(KEY, 6, 2, 3, 5)
SHA = "a" * 64
CELLS = {
    "pupil_id": 0,
    "variant": 1,
    "task_01": 2,
    "task_02": 3,
    "task_03": 4,
    "class_label": 5,
    "sex": 6,
    "journal_mark": 7,
    "primary_score": 8,
    "reported_mark": 9,
}
# Totals 3, 4, 5, 6, 2, 1: no two alike in a row, marks 4, 4, 5, 5, 3, 2 by the scale 2/3/5 of 6.
SCORES = ((1, 1, 1), (1, 2, 1), (1, 2, 2), (1, 2, 3), (0, 1, 1), (1, 0, 0))
MARKS = (4, 4, 5, 5, 3, 2)


@pytest.fixture
def make_works() -> Callable[..., Works]:
    """Return a maker of six sound works of one class; `changes` maps (row, column) to a value."""

    def make(
        changes: dict[tuple[int, str], Any] | None = None, school: str = "edu990001", headers: bool = False
    ) -> Works:
        count = len(SCORES)
        rows: dict[str, list[Any]] = {
            "file_sha256": [SHA] * count,
            "source_row": list(range(2, 2 + count)),
            "school_code": [school] * count,
            "class_label": ["А"] * count,
            "sex": ["м", "ж"] * (count // 2),
            "pupil_id": [f"{school}-{number}" for number in range(count)],
            "variant": ["1", "2"] * (count // 2),
            "status": ["scored"] * count,
            "primary_score": [sum(scores) for scores in SCORES],
            "journal_mark": [4, 4, 4, 5, 4, 3],
            "reported_mark": list(MARKS),
        } | {task_column(position): [scores[position - 1] for scores in SCORES] for position in (1, 2, 3)}
        for (row, column), value in (changes or {}).items():
            rows[column][row] = value
        return Works(
            KEY,
            pd.DataFrame(rows),
            tuple(TaskHeader(n, None, maximum if headers else None) for n, maximum in enumerate(MAXIMA, 1)),
            {SHA: CellMap("2021/4/МА.xlsx", SHA, "Sheet", CELLS)},
        ).checked()

    return make


@pytest.fixture
def tasks() -> pd.DataFrame:
    """Return three tasks with the maxima 1, 2 and 3."""
    return tasks_of(str(KEY))


@pytest.fixture
def check(make_works, tasks) -> Callable[..., WorkCheck]:
    """Return a checker of works with changes."""

    def run(changes: dict[tuple[int, str], Any] | None = None, facts: AssessmentFacts = FACTS, **kwargs: Any):
        return check_works(make_works(changes, **kwargs), facts, tasks)

    return run


@pytest.fixture
def year(check) -> dict[str, pd.DataFrame]:
    """Return sound tables of a year: two schools of one municipality wrote mathematics of grade 4."""
    flags = pd.concat([check().flags, check(school="edu990002").flags], ignore_index=True)
    schools = SCHOOLS.conform(
        pd.DataFrame(
            {
                "school_year": "2020-2021",
                "school_code": ["edu990001", "edu990002"],
                "school_name": ["СОШ № 1", "СОШ им. А.С. Пушкина"],
                "is_name_known": True,
                "school_kind": "general",
                "municipality_code": "reg99_m101",
                "region_code": "99",
                "settlement_type": None,
                "oge_code": None,
                "ege_code": None,
            }
        )
    )
    municipalities = MUNICIPALITIES.conform(
        pd.DataFrame(
            {
                "school_year": ["2020-2021"],
                "municipality_code": ["reg99_m101"],
                "municipality_name": ["Приозёрный район"],
                "region_code": ["99"],
                "schools_count": [2],
            }
        )
    )
    crosswalk = SCHOOL_CROSSWALK.conform(
        pd.DataFrame(
            {
                "school_year": "2020-2021",
                "source_key": ["sch990001", "sch990002"],
                "school_code": ["edu990001", "edu990002"],
                "method": "login_alias",
                "files_count": 1,
                "rows_count": 6,
            }
        )
    )
    return {
        "works": flags,
        "work_counts": work_counts(flags),
        "assessments": assessments_of(str(KEY)),
        "tasks": tasks_of(str(KEY)),
        "schools": schools,
        "municipalities": municipalities,
        "school_crosswalk": crosswalk,
    }
