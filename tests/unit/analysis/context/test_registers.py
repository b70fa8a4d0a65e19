"""Registers of the year go before the questionnaire, value by value."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.context.conditions import nearest_answers, with_total_of_grades
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.options import GroupOptions
from oko_pipeline.analysis.context.registers import (
    conditions_answers,
    enrolment_answers,
    joined_answers,
    passport_answers,
)
from oko_pipeline.catalogue.conditions import properties


def register(**columns):
    given = {
        "school_code": ["edu990001", "edu990002"],
        "school_type": ["gymnasium", "secondary"],
        "is_small": [False, True],
        "location_type": ["city", None],
        "settlement_size": ["lt50", None],
        "computers_count": [30, None],
    }
    return pd.DataFrame(given | columns)


def enrolment(*rows):
    return pd.DataFrame(rows, columns=["school_code", "grade", "pupils_count"])


def test_register_of_conditions_speaks_the_language_of_the_questionnaire():
    found = conditions_answers(register())
    assert found.loc["edu990001", ["settlement_size", "location_type"]].tolist() == [4.0, 2.0]
    assert found["register_type"].tolist() == ["advanced", "basic"]
    assert np.isnan(found.loc["edu990002", "computers_count"])


def test_enrolment_gives_the_total_and_senior_grades():
    found = enrolment_answers(
        enrolment(("edu990001", 9, 20), ("edu990001", 10, 15), ("edu990002", 9, 12), ("edu990003", 4, 30), (None, 1, 5))
    )
    assert found["register_pupils_count"].to_dict() == {"edu990001": 35.0, "edu990002": 12.0, "edu990003": 30.0}
    assert found["offers_secondary"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(found.loc["edu990003", "offers_secondary"])


def test_passport_gives_shares_and_a_total():
    passport = pd.DataFrame({"school_code": ["edu990001"], "pupils_count": [40], "low_income_count": [10]})
    found = passport_answers(passport, properties())
    assert found.loc["edu990001"].to_dict() == {"passport_low_income": 0.25, "register_pupils_count": 40.0}


def test_registers_replace_the_questionnaire_value_by_value_and_the_first_wins(build):
    context = build.context({"edu990001": {"pupils_count": 100.0, "settlement_size": ("до 1 тыс.", 1.0)}}, "2020-2021")
    nearest = with_total_of_grades(nearest_answers(context, build.year, 2))
    own = enrolment_answers(enrolment(("edu990001", 9, 700), ("edu990001", 10, 50)))
    passport = pd.DataFrame({"register_pupils_count": [1.0, 60.0]}, index=["edu990001", "edu990002"])
    joined = joined_answers(nearest, [own, passport], build.year)
    assert joined.loc["edu990001", "pupils_count"] == 750.0
    assert joined.loc["edu990001", "settlement_size"] == 1.0
    assert joined.loc["edu990002", "pupils_count"] == 60.0
    assert joined["context_year"].tolist() == ["2020-2021", build.year]
    alone = joined_answers(nearest, [], build.year)
    assert alone["pupils_count"].tolist() == [100.0]


@pytest.mark.parametrize("has_questionnaire", [True, False])
def test_type_of_the_register_goes_before_name_and_questionnaire(build, has_questionnaire):
    answers = {"edu990001": {"pupils_count": 100.0, "offers_secondary": 0.0}} if has_questionnaire else {}
    nearest = with_total_of_grades(nearest_answers(build.context(answers), build.year, 2))
    joined = joined_answers(nearest, [conditions_answers(register())], build.year)
    schools = build.schools({"edu990001": "МБОУ СОШ", "edu990002": "МБОУ Лицей", "edu990003": "МБОУ Лицей"})
    groups = school_groups(schools, joined, pd.Series(dtype=float), build.year, GroupOptions())
    assert groups["school_type"].tolist() == ["advanced", "basic", "advanced"]
    assert groups["type_source"].tolist() == ["register", "register", "name"]
    assert groups.loc[0, "place"] == "city"
