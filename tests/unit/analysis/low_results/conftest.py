"""Conditions of a few schools by property code."""

import pandas as pd
import pytest

from oko_pipeline.analysis.context.conditions import build_conditions
from oko_pipeline.catalogue.conditions import properties


@pytest.fixture
def conditions_of():
    """Make conditions from answers by variable; schools are edu990000, edu990001, …"""

    def make(answers):
        frame = pd.DataFrame(answers).astype("float64")
        frame.index = [f"edu99{number:04d}" for number in range(len(frame))]
        return build_conditions(list(frame.index), frame, properties())

    return make


@pytest.fixture
def groups_of():
    """Make the rows of `school_groups` that belong to conditions."""

    def make(conditions, excluded=()):
        codes = list(conditions.school_codes)
        return pd.DataFrame(
            {
                "school_year": "2021-2022",
                "school_code": codes,
                "is_excluded": [place in excluded for place in range(len(codes))],
                "context_year": None,
            }
        )

    return make
