"""Builders of small years: schools, questionnaires, results. Only what a test is about is said in the test."""

import pandas as pd
import pytest

from oko_pipeline.analysis.context.conditions import build_conditions, nearest_answers, with_total_of_grades
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.options import GroupOptions
from oko_pipeline.catalogue.conditions import properties
from oko_pipeline.catalogue.tables import SCHOOL_CONTEXT, SCHOOLS

YEAR = "2021-2022"


def make_schools(names, kinds=None):
    """Return `schools` rows; `names` maps a code to a name, None for an unknown one."""
    return SCHOOLS.conform(
        pd.DataFrame(
            {
                "school_year": YEAR,
                "school_code": list(names),
                "school_name": [name or code for code, name in names.items()],
                "is_name_known": [name is not None for name in names.values()],
                "school_kind": [(kinds or {}).get(code, "general") for code in names],
                "municipality_code": "reg99_m101",
                "region_code": "99",
                "settlement_type": None,
                "oge_code": None,
                "ege_code": None,
            }
        )
    )


def make_context(answers, year=YEAR, file="a"):
    """Return `school_context` rows; `answers` maps a code to its answers (a number, or a text with a number)."""
    rows = [
        {
            "school_year": year,
            "file_sha256": file * 64,
            "source_row": 1,
            "school_code": code,
            "variable": variable,
            "value_text": value[0] if isinstance(value, tuple) else None,
            "value_number": value[1] if isinstance(value, tuple) else value,
        }
        for code, own in answers.items()
        for variable, value in own.items()
    ]
    return SCHOOL_CONTEXT.conform(pd.DataFrame(rows)) if rows else SCHOOL_CONTEXT.empty()


def make_groups(names, answers, attendance=None, options=None, kinds=None, **parameters):
    """Return `school_groups` of a small year."""
    wanted = options or GroupOptions(**parameters)
    nearest = nearest_answers(make_context(answers), YEAR, wanted.maximum_years_apart)
    sizes = pd.Series(attendance or {}, dtype="float64")
    return school_groups(make_schools(names, kinds), with_total_of_grades(nearest), sizes, YEAR, wanted)


def make_conditions(values):
    """Return conditions from values by property code; the answers are the properties themselves where they can be."""
    frame = pd.DataFrame(values)
    frame.index = [f"edu99{number:04d}" for number in range(len(frame))]
    return build_conditions(list(frame.index), frame.astype("float64"), properties())


@pytest.fixture
def build():
    """The builders by name: `build.groups(…)`."""

    class Builders:
        year = YEAR
        schools = staticmethod(make_schools)
        context = staticmethod(make_context)
        groups = staticmethod(make_groups)
        conditions = staticmethod(make_conditions)

    return Builders
