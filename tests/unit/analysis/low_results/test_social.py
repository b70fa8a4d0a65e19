"""The index of social welfare: the formula, missing variables, thirds, the proxy."""

import numpy as np
import pytest

from oko_pipeline.analysis.low_results.options import SocialOptions
from oko_pipeline.analysis.low_results.social import _thirds, social_index
from oko_pipeline.catalogue.conditions import IndexVariable, SocialIndex, social_indices


def index(*variables, **others):
    given = {"index_code": "own", "version": "1", "title_ru": "И", "source_ru": "С", **others}
    return SocialIndex(**given, variables=tuple(IndexVariable(code=code, weight=weight) for code, weight in variables))


def test_index_is_fifty_less_ten_deviations_of_the_weighted_burden(conditions_of, groups_of):
    rng = np.random.default_rng(1)
    low, high = rng.uniform(0, 0.5, 30), rng.uniform(0, 0.5, 30)
    conditions = conditions_of({"passport_low_income": low, "passport_higher_education": high})
    own = index(("low_income_share", 2), ("higher_education_share", -1))
    found = social_index(conditions, [own], groups_of(conditions), SocialOptions())
    burden = (2 * (low - low.mean()) / low.std(ddof=1) - (high - high.mean()) / high.std(ddof=1)) / 3
    expected = 50 - 10 * (burden - burden.mean()) / burden.std(ddof=1)
    assert found["value"].to_numpy() == pytest.approx(expected)
    assert found["value"].mean() == pytest.approx(50)
    assert found.sort_values("value")["third"].tolist() == [1] * 10 + [2] * 10 + [3] * 10


def test_missing_variables_are_named_and_too_many_leave_no_index(conditions_of, groups_of):
    conditions = conditions_of(
        {
            "passport_low_income": [0.1, 0.2, 0.3, np.nan, 0.5],
            "passport_single_parent": [0.1, 0.3, np.nan, 0.2, 0.4],
        }
    )
    own = index(("low_income_share", 2), ("single_parent_share", 1))
    found = social_index(conditions, [own], groups_of(conditions), SocialOptions(minimum_weight_share=0.6))
    assert found["state"].tolist() == ["computed", "computed", "computed", "missing_data", "computed"]
    assert found.loc[2, "missing_ru"] == "Доля обучающихся из неполных семей"
    assert found.loc[2, "known_weight_share"] == pytest.approx(2 / 3)
    assert np.isnan(found.loc[3, "value"])
    assert found.loc[3, "known_count"] == 1


def test_first_index_that_enough_schools_have_is_the_main_one(conditions_of, groups_of):
    given = {"settlement_size": [1, 2, 3, 4], "transport_access": [4, 3, 2, 1]}
    given |= {"pupils_born_2006_count": [10] * 4, "pupils_born_2006_adapted_count": [1, 2, 3, 4]}
    conditions = conditions_of(given)
    found = social_index(conditions, social_indices(), groups_of(conditions), SocialOptions())
    main = found[found["is_main"]]
    assert main["index_code"].unique().tolist() == ["questionnaire"]
    assert main["is_proxy"].all()
    assert found[found["index_code"] == "social_passport"]["value"].isna().all()
    passport = conditions_of(
        {
            **given,
            **{
                f"passport_{name}": [0.1, 0.2, 0.3, 0.4]
                for name in (
                    "low_income",
                    "single_parent",
                    "registered",
                    "special_needs",
                    "foreign_language",
                    "unemployed",
                )
            },
        }
    )
    again = social_index(passport, social_indices(), groups_of(passport), SocialOptions())
    assert again[again["is_main"]]["index_code"].unique().tolist() == ["social_passport"]


def test_special_schools_have_no_index_and_do_not_stretch_the_scale(conditions_of, groups_of):
    conditions = conditions_of({"passport_low_income": [0.1, 0.2, 0.3, 1.0]})
    own = index(("low_income_share", 1))
    found = social_index(conditions, [own], groups_of(conditions, {3}), SocialOptions())
    assert found["state"].tolist() == ["computed"] * 3 + ["excluded"]
    assert found["value"].iloc[:3].to_numpy() == pytest.approx([60, 50, 40])


@pytest.mark.parametrize("values", [[0.2], [0.2, 0.2, 0.2], [np.nan, np.nan]])
def test_one_school_equal_schools_or_nothing_known_have_no_index(conditions_of, groups_of, values):
    conditions = conditions_of({"passport_low_income": values})
    found = social_index(conditions, [index(("low_income_share", 1))], groups_of(conditions), SocialOptions())
    assert found["value"].isna().all()
    assert not found["is_main"].any()


def test_equal_values_share_a_third():
    assert list(_thirds(np.array([1.0, 1, 1, 1, 5, 9]))) == [1, 1, 1, 1, 3, 3]
    assert _thirds(np.array([1.0, 2.0])).isna().all()


def test_official_list_of_adverse_conditions_stands_beside_the_thirds(conditions_of, groups_of):
    conditions = conditions_of({"passport_low_income": [0.1, 0.2, 0.3]})
    own, groups = [index(("low_income_share", 1))], groups_of(conditions)
    assert social_index(conditions, own, groups, SocialOptions())["official_list"].isna().all()
    found = social_index(conditions, own, groups, SocialOptions(), frozenset({"edu990000"}))
    assert found["official_list"].tolist() == [True, False, False]
    assert found["third"].tolist() == [3, 2, 1]
