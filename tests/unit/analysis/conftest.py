"""Small assessments built by hand."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import SCHOOLS, TASKS
from oko_pipeline.works import TaskHeader, Works, task_column

KEY = AssessmentKey("vpr-2021-spring", 4, "mathematics")
YEAR = "2020-2021"


def build_works(pupils, task_count=2):
    """Make works of dictionaries: school, label, sex, status, score, journal, reported, tasks."""
    count = len(pupils)
    rows = pd.DataFrame(
        {
            "file_sha256": ["f" * 64] * count,
            "source_row": np.arange(count) + 2,
            "school_code": [pupil.get("school", "edu990001") for pupil in pupils],
            "class_label": [pupil.get("label", "а") for pupil in pupils],
            "sex": [pupil.get("sex", "м") for pupil in pupils],
            "pupil_id": [f"{number:032x}" for number in range(count)],
            "variant": ["1"] * count,
            "status": [pupil.get("status", "scored") for pupil in pupils],
            "primary_score": pd.array([pupil.get("score") for pupil in pupils], dtype="Int16"),
            "journal_mark": pd.array([pupil.get("journal") for pupil in pupils], dtype="Int16"),
            "reported_mark": pd.array([pupil.get("reported") for pupil in pupils], dtype="Int16"),
        }
    )
    scores = np.array([pupil.get("tasks", (-3,) * task_count) for pupil in pupils], dtype=np.int8)
    for place in range(task_count):
        rows[task_column(place + 1)] = scores.reshape(count, task_count)[:, place]
    return Works(KEY, rows, tuple(TaskHeader(place + 1) for place in range(task_count))).checked()


def build_tasks(*described):
    """Make rows of `tasks` of dictionaries: code, maximum, level, skill, content, requirement, metasubject."""
    return TASKS.conform(
        pd.DataFrame(
            {
                "school_year": YEAR,
                "assessment_id": str(KEY),
                "position": range(1, len(described) + 1),
                "task_code": [task.get("code", str(n)) for n, task in enumerate(described, start=1)],
                "maximum_score": pd.array([task.get("maximum", 1) for task in described], dtype="Int64"),
                "maximum_source": "catalogue",
                "difficulty_level": [task.get("level", "Б") for task in described],
                "skill": [task.get("skill") for task in described],
                "programme_block": None,
                "content_codes": [task.get("content") for task in described],
                "requirement_codes": [task.get("requirement") for task in described],
                "is_metasubject": pd.array([task.get("metasubject") for task in described], dtype="boolean"),
            }
        )
    )


def build_schools(places):
    """Make rows of `schools` of {school code: (municipality code, region code)}."""
    return SCHOOLS.conform(
        pd.DataFrame(
            {
                "school_year": YEAR,
                "school_code": list(places),
                "school_name": list(places),
                "is_name_known": False,
                "school_kind": "general",
                "municipality_code": [municipality for municipality, _ in places.values()],
                "region_code": [region for _, region in places.values()],
                "settlement_type": None,
                "oge_code": None,
                "ege_code": None,
            }
        )
    )


@pytest.fixture(scope="session")
def make_works():
    return build_works


@pytest.fixture(scope="session")
def make_tasks():
    return build_tasks


@pytest.fixture(scope="session")
def make_schools():
    return build_schools
