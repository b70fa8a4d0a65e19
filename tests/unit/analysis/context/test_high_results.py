"""High results in one's conditions, resilient schools, and pairs to learn from."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.context.high_results import high_result_base, learning_pairs, yearly_results
from oko_pipeline.analysis.context.options import HighResultOptions, MissingLimits
from oko_pipeline.catalogue.conditions import properties

YEAR = "2022-2023"
MATCH = tuple(one for one in properties().properties if one.code in {"settlement_size", "pupils_log"})


def contextual(rows):
    """Rows of `contextual_results` from (year, school, verdict, sigma[, campaign])."""
    campaigns = {"2020-2021": "vpr-2021-spring", "2021-2022": "vpr-2022-spring", "2022-2023": "vpr-2023-spring"}
    return pd.DataFrame(
        [
            {
                "school_year": year,
                "campaign_code": campaign[0] if campaign else campaigns[year],
                "scope_kind": "all",
                "school_code": code,
                "verdict": verdict,
                "residual_sigma": sigma,
            }
            for year, code, verdict, sigma, *campaign in rows
        ]
    )


def social(thirds, *, is_proxy=False):
    return pd.DataFrame(
        {"school_code": list(thirds), "third": list(thirds.values()), "is_main": True, "is_proxy": is_proxy}
    ).astype({"third": "Int64"})


def base(rows, thirds=None, **options):
    return high_result_base(contextual(rows), social(thirds or {}), YEAR, HighResultOptions(**options))


def test_resilient_needs_adverse_conditions_and_two_high_years_of_three():
    rows = [
        *[(year, "edu1", "expected", sigma) for year, sigma in (("2020-2021", 1.2), ("2021-2022", 0.1), (YEAR, 1.0))],
        *[(year, "edu2", "expected", 1.5) for year in ("2020-2021", "2021-2022", YEAR)],
        *[(year, "edu3", "expected", sigma) for year, sigma in (("2020-2021", 2.0), ("2021-2022", 0.9), (YEAR, 0.9))],
    ]
    found = base(rows, {"edu1": 1, "edu2": 2, "edu3": 1})
    assert found["school_code"].tolist() == ["edu1"]
    row = found.iloc[0]
    assert (row["basis"], row["years_count"], row["years_above_count"], row["social_third"]) == ("resilient", 3, 2, 1)
    assert "2020-2021: +1,20 σ" in row["evidence_ru"]


def test_index_by_questionnaire_is_said_in_the_evidence():
    rows = [(year, "edu1", "expected", 1.5) for year in ("2021-2022", YEAR)]
    found = high_result_base(contextual(rows), social({"edu1": 1}, is_proxy=True), YEAR, HighResultOptions())
    assert "замена по анкете" in found.iloc[0]["evidence_ru"]


def test_above_now_and_above_repeatedly():
    rows = [("2020-2021", "edu1", "above", 2.0), (YEAR, "edu1", "above", 2.0), (YEAR, "edu2", "above", 2.0)]
    found = base(rows)
    assert set(zip(found["school_code"], found["basis"], strict=True)) == {
        ("edu1", "above_context"),
        ("edu1", "above_repeatedly"),
        ("edu2", "above_context"),
    }


def test_years_before_the_window_and_insufficient_ones_do_not_count():
    rows = [("2020-2021", "edu1", "above", 2.0), (YEAR, "edu1", "insufficient", np.nan)]
    assert base(rows, years=2).empty
    assert base(rows).empty


def test_last_campaign_of_a_year_speaks_for_it():
    rows = [
        ("2020-2021", "edu1", "below", -2.0, "vpr-2020-autumn"),
        ("2020-2021", "edu1", "above", 2.0, "vpr-2021-spring"),
    ]
    assert yearly_results(contextual(rows[::-1]))["verdict"].tolist() == ["above"]


def test_schools_stand_by_code_and_none_by_result():
    rows = [(YEAR, f"edu{number}", "above", 9.0 - number) for number in (3, 1, 2)]
    assert base(rows)["school_code"].tolist() == ["edu1", "edu2", "edu3"]


@pytest.fixture
def village(build):
    conditions = build.conditions({"settlement_size": [1, 1, 2, 7, 8, 8], "pupils_count": [50, 60, 55, 800, 900, 850]})
    codes = list(conditions.school_codes)
    clusters = pd.DataFrame({"school_code": codes, "cluster_code": ["K1", "K1", "K1", "K2", "K2", None]})
    groups = pd.DataFrame(
        {"school_year": YEAR, "school_code": codes, "group_code": ["a", "a", "a", "b", "b", "b"], "is_excluded": False}
    )
    return conditions, clusters, groups


def pairs(village, low, high, number=3):
    conditions, clusters, groups = village
    codes = conditions.school_codes
    rows = pd.DataFrame(
        {"school_code": [codes[place] for place in high], "basis": ["above_context"] * len(high)}, dtype="str"
    )
    return learning_pairs(
        [codes[place] for place in low],
        rows,
        clusters,
        groups,
        conditions,
        MATCH,
        number=number,
        missing=MissingLimits(),
    )


def test_partner_is_the_nearest_of_the_same_cluster(village):
    found = pairs(village, [0], [1, 2, 3], number=1)
    assert found["partner_code"].tolist() == ["edu990001"]
    assert found["within"].tolist() == ["cluster"]


def test_group_stands_in_where_a_school_has_no_cluster(village):
    found = pairs(village, [5], [3, 4])
    assert found["within"].unique().tolist() == ["group"]
    assert found["partner_code"].tolist() == ["edu990003", "edu990004"]


def test_no_partner_is_told_not_replaced_by_a_stranger(village):
    found = pairs(village, [0], [3])
    assert found["partner_code"].tolist() == ["none"]
    assert "нет ОО" in found["explanation_ru"].iloc[0]


def test_low_schools_teach_nobody_and_unknown_codes_are_passed_over(village):
    found = pairs(village, [0, 1], [1, 2])
    assert set(found["partner_code"]) == {"edu990002"}
    conditions, clusters, groups = village
    empty = pd.DataFrame({"school_code": [], "basis": []}, dtype="str")
    assert learning_pairs(
        ["edu999999"], empty, clusters, groups, conditions, MATCH, number=3, missing=MissingLimits()
    ).empty
