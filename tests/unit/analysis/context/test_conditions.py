"""Conditions: properties from answers and social passports, gaps, what is dropped."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.context.conditions import (
    build_conditions,
    nearest_answers,
    passport_shares,
    standard_points,
    with_total_of_grades,
)
from oko_pipeline.analysis.context.options import MissingLimits
from oko_pipeline.catalogue.conditions import load_properties, load_risk_factors, load_social_indices, properties
from oko_pipeline.errors import CatalogueError


def test_properties_are_computed_from_answers(build):
    context = build.context(
        {
            "edu990001": {
                "pupils_count": 100.0,
                "teachers_count": 10.0,
                "teachers_first_and_highest_category_count": 4.0,
                "pupils_born_2006_count": 10.0,
                "pupils_born_2007_count": 10.0,
                "pupils_born_2006_adapted_count": 1.0,
                "transport_access": ("далеко", 3.0),
            },
            "edu990002": {"teachers_count": 2.0, "teachers_first_and_highest_category_count": 3.0},
        }
    )
    found = build_conditions(["edu990002", "edu990001"], nearest_answers(context, build.year, 2), properties())
    assert found.column("pupils_log")[1] == pytest.approx(np.log(100))
    assert found.column("category_share")[1] == pytest.approx(0.4)
    assert found.column("adapted_share")[1] == pytest.approx(0.05)
    assert found.column("pupils_per_staff")[1] == pytest.approx(10)
    assert found.column("remoteness")[1] == 3.0
    # More teachers with a category than teachers: an error of the form, so unknown.
    assert np.isnan(found.column("category_share")[0])
    assert np.isnan(found.column("pupils_log")[0])


def test_total_is_the_sum_of_grades_where_it_is_not_given(build):
    context = build.context({"edu990001": {"pupils_grade_1_count": 20.0, "pupils_grade_11_count": 5.0}})
    assert with_total_of_grades(nearest_answers(context, build.year, 0))["pupils_count"].tolist() == [25.0]


def test_later_file_of_a_year_replaces_the_answers_it_has(build):
    context = pd.concat(
        [
            build.context({"edu990001": {"pupils_count": 10.0, "rooms_count": 7.0}}, file="a"),
            build.context({"edu990001": {"pupils_count": 20.0}}, file="b"),
        ],
        ignore_index=True,
    )
    wide = nearest_answers(context, build.year, 0)
    assert wide.loc["edu990001", ["pupils_count", "rooms_count"]].tolist() == [20.0, 7.0]


def test_social_passport_gives_shares_of_the_total():
    passport = pd.DataFrame(
        {
            "school_code": ["edu990001", "edu990002", "edu990003", None],
            "pupils_count": [100, 0, 50, 10],
            "low_income_count": [25, 0, 60, 1],
            "one_parent_count": [10, 1, pd.NA, 1],
        }
    ).astype({"one_parent_count": "Int64"})
    shares = passport_shares(passport, properties())
    assert shares.loc["edu990001", "passport_low_income"] == 0.25
    assert shares.loc["edu990001", "passport_single_parent"] == 0.1
    # Nobody in school, or more than everybody: unknown, not zero and not 120 %.
    assert shares.loc[["edu990002", "edu990003"], "passport_low_income"].isna().all()
    assert "passport_orphan" not in shares


def test_percentages_of_a_passport_become_shares():
    passport = pd.DataFrame({"school_code": ["edu990001", "edu990002"], "low_income_share": [40.0, 0.5]})
    assert passport_shares(passport, properties())["passport_low_income"].tolist() == [0.4, 0.005]


def points_of(conditions, codes, **limits):
    chosen = [one for one in properties().properties if one.code in codes]
    everyone = np.ones(len(conditions.school_codes), dtype=bool)
    return standard_points(conditions, chosen, everyone, MissingLimits(**limits))


def test_gaps_are_filled_by_medians_and_marked(build):
    found = build.conditions(
        {
            "settlement_size": [1, 2, 3, np.nan, 9],
            "transport_access": [1, 2, 1, 2, 3],
            "pupils_count": [10, 20, 30, 40, 50],
        }
    )
    points = points_of(found, {"settlement_size", "remoteness", "pupils_log"})
    place = [one.code for one in points.properties].index("settlement_size")
    assert points.natural[3, place] == 2.5
    assert points.is_imputed.sum() == 1
    assert points.is_usable.all()
    assert points.missing_share[3] == pytest.approx(1 / 3)


def test_a_school_that_knows_too_little_shapes_nothing(build):
    found = build.conditions(
        {"settlement_size": [1, 2, 3, np.nan], "transport_access": [1, 2, 1, np.nan], "pupils_count": [10, 20, 30, 40]}
    )
    points = points_of(found, {"settlement_size", "remoteness", "pupils_log"})
    assert points.is_usable.tolist() == [True, True, True, False]
    assert points.standard[:3].mean(axis=0) == pytest.approx(np.zeros(3))


def test_properties_without_variance_or_mostly_unknown_are_dropped(build):
    found = build.conditions(
        {"settlement_size": [2, 2, 2, 2], "transport_access": [1, np.nan, np.nan, np.nan], "pupils_count": [1, 2, 3, 4]}
    )
    points = points_of(found, {"settlement_size", "remoteness", "pupils_log"})
    assert [one.code for one in points.properties] == ["pupils_log"]


def test_nothing_known_leaves_no_usable_school(build):
    found = build.conditions({"settlement_size": [np.nan, np.nan]})
    points = points_of(found, {"settlement_size"})
    assert not points.is_usable.any()
    assert points.properties == ()


def test_a_resource_of_the_school_may_not_predict_its_result():
    text = """
version: "1"
passport_totals: []
passport: []
properties:
  - {code: a_share, title_ru: А, kind: share, of: [a], to: [b], uses: [expect], is_resource: true}
"""
    with pytest.raises(CatalogueError, match=r"строка 6.*не может предсказывать"):
        load_properties({"context_features.yaml": text})


def index_text(variables):
    entry = f"index_code: ours, version: '1', title_ru: А, source_ru: Б, variables: [{variables}]"
    return {"social_index.yaml": f"indices: [{{{entry}}}]"}


def test_index_and_factors_name_existing_properties():
    with pytest.raises(CatalogueError, match=r"нет таких свойств.*nothing"):
        load_social_indices(index_text("{code: nothing, weight: 1}"))
    with pytest.raises(CatalogueError, match="нулевой вес"):
        load_social_indices(index_text("{code: remoteness, weight: 0}"))
    factor = "{factor_code: a, title_ru: А, needs_ru: В, signs: [{code: nothing, worse: lower}]}"
    with pytest.raises(CatalogueError, match="нет таких свойств"):
        load_risk_factors({"risk_factors.yaml": f"version: '1'\nsource_ru: Б\nfactors: [{factor}]"})


def test_territory_may_have_its_own_index():
    own = load_social_indices(index_text("{code: remoteness, weight: 2}"))
    assert [one.index_code for one in own] == ["ours"]
