"""The risk profile: significance by comparison and by bounds, evidence, what is unknown."""

import numpy as np
import pytest

from oko_pipeline.analysis.low_results.options import RiskOptions
from oko_pipeline.analysis.low_results.risks import _share_better, risk_profile
from oko_pipeline.catalogue.conditions import risk_factors


def profile(conditions, groups, **options):
    found = risk_profile(conditions, risk_factors(), groups, RiskOptions(**options))
    return found.set_index(["factor_code", "school_code"])


def test_worst_tenth_is_high_worst_quarter_medium_the_rest_low(conditions_of, groups_of):
    conditions = conditions_of({"passport_foreign_language": np.arange(40) / 100})
    found = profile(conditions, groups_of(conditions)).loc["language_barriers"]
    assert found["significance"].tolist() == ["low"] * 30 + ["medium"] * 6 + ["high"] * 4
    assert "39 % при медиане 20 %" in found["evidence_ru"].iloc[39]
    assert "благополучнее — 100 % ОО" in found["evidence_ru"].iloc[39]


def test_low_is_worse_where_the_catalogue_says_so(conditions_of, groups_of):
    conditions = conditions_of(
        {"teachers_count": [20.0] * 30, "teachers_first_and_highest_category_count": np.linspace(0, 20, 30)}
    )
    found = profile(conditions, groups_of(conditions)).loc["competence", "significance"]
    assert found.iloc[0] == "high"
    assert found.iloc[-1] == "low"


@pytest.mark.parametrize(("share", "level"), [(0.149, "low"), (0.15, "medium"), (0.3, "high")])
def test_bounds_of_the_catalogue_need_no_comparison(conditions_of, groups_of, share, level):
    conditions = conditions_of({"below_minimum_share": [share]})
    found = profile(conditions, groups_of(conditions)).loc[("learning_failure", "edu990000")]
    assert found["significance"] == level
    assert "высокая от 30 %" in found["evidence_ru"]


def test_factor_is_as_significant_as_its_worst_sign(conditions_of, groups_of):
    conditions = conditions_of(
        {
            "passport_special_needs": np.arange(30) / 100,
            "pupils_born_2006_count": [100.0] * 30,
            "pupils_born_2006_adapted_count": np.arange(30)[::-1].astype(float),
        }
    )
    found = profile(conditions, groups_of(conditions)).loc["special_needs"]
    assert found["significance"].iloc[0] == found["significance"].iloc[29] == "high"
    assert found["signs_count"].tolist() == [2] * 30


def test_unknown_is_not_low_and_tells_what_is_needed(conditions_of, groups_of):
    conditions = conditions_of({"passport_foreign_language": [*np.arange(30) / 100, np.nan]})
    found = profile(conditions, groups_of(conditions))
    for factor in ("wellbeing", "language_barriers"):
        row = found.loc[(factor, "edu990030")]
        assert row["significance"] == "unknown"
        assert row["evidence_ru"].startswith("Данных нет. Нужны:")
    few = conditions_of({"passport_foreign_language": [0.1, 0.9]})
    row = profile(few, groups_of(few)).loc[("language_barriers", "edu990001")]
    assert row["significance"] == "unknown"
    assert "сравнить не с чем" in row["evidence_ru"]


def test_special_schools_are_left_out(conditions_of, groups_of):
    conditions = conditions_of({"below_minimum_share": [0.1, 0.9]})
    found = risk_profile(conditions, risk_factors(), groups_of(conditions, {1}), RiskOptions())
    assert set(found["school_code"]) == {"edu990000"}
    assert len(found) == 12
    assert risk_profile(conditions, risk_factors(), groups_of(conditions, {0, 1}), RiskOptions()).empty


def test_equal_values_are_nobodys_risk():
    assert _share_better(np.full(50, 3.0)) == pytest.approx(np.full(50, 0.5))
    assert _share_better(np.array([1.0])) == pytest.approx([0.0])
