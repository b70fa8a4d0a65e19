"""Indicators: sums of people and not means of schools, intervals, small groups, norms, change since last year."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from oko_pipeline.analysis.indicators import IndicatorOptions, indicator_values
from oko_pipeline.catalogue.indicators import Indicator, indicators
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES

SCHOOLS = pd.DataFrame(
    {"school_code": ["edu990001", "edu990002", "edu990003"], "municipality_code": ["m1", "m1", "m2"]}
)
SHARE = Indicator(
    code="career.tested_share", direction="career", title_ru="Доля", formula="share", table="career",
    numerator=("tested",), denominator="pupils", source_ru="форма", base="processes", higher_is_better=True,
)  # fmt: skip


def values(indicator, rows, previous=None, schools=SCHOOLS):
    tables = {}
    if rows is not None:
        frame = pd.DataFrame(rows)
        tables[indicator.table] = frame if "municipality_code" in frame else frame.assign(municipality_code=None)
    made = indicator_values(
        [indicator],
        tables,
        schools,
        IndicatorOptions("2025-2026", (5, 10, 20, 50), INDICATOR_VALUES.empty() if previous is None else previous),
    )
    return made.set_index("unit_code")


def career(*rows):
    return pd.DataFrame(rows, columns=["school_code", "tested", "pupils"])


def test_a_municipality_weighs_people_and_not_schools():
    made = values(SHARE, career(("edu990001", 90, 100), ("edu990002", 0, 10), ("edu990003", 5, 10)))
    assert made.loc["m1", "value"] == pytest.approx(100 * 90 / 110)
    assert made.loc["all", ["numerator", "denominator", "schools_count"]].tolist() == [95, 120, 3]
    low, high = proportion_confint(90, 110, method="wilson")
    assert made.loc["m1", ["value_low", "value_high"]].tolist() == pytest.approx([100 * low, 100 * high])


def test_every_unit_has_a_row_and_what_is_missing_is_not_zero():
    made = values(SHARE, career(("edu990001", 5, 10)))
    assert made["state"].to_dict() == {
        "edu990001": "computed", "edu990002": "no_data", "edu990003": "no_data",
        "m1": "computed", "m2": "no_data", "all": "computed",
    }  # fmt: skip
    assert made.loc["m2", ["value", "numerator", "n"]].isna().all()
    assert values(SHARE, None)["state"].unique().tolist() == ["no_data"]


def test_a_group_below_the_minimum_is_not_told():
    made = values(SHARE, career(("edu990001", 4, 4), ("edu990002", 5, 5)))
    assert made.loc["edu990001", "state"] == "insufficient"
    assert pd.isna(made.loc["edu990001", "value"])
    assert made.loc["edu990002", ["state", "value"]].tolist() == ["computed", 100]
    assert made["size_tier"][["edu990001", "edu990002"]].tolist() == ["lt5", "lt10"]


def test_a_part_above_its_whole_gives_no_share():
    made = values(SHARE, career(("edu990001", 11, 10), ("edu990002", 5, 10)))
    assert pd.isna(made.loc["edu990001", "value"])
    assert made.loc["m1", "value"] == 80, "the sums of the municipality are still a part of a whole"


def test_rows_without_a_school_belong_to_the_only_municipality_and_to_no_one_of_several():
    rows = career((None, 7, 10))
    assert values(SHARE, rows)["state"].to_dict()["m1"] == "no_data"
    assert values(SHARE, rows).loc["all", "value"] == 70
    one = SCHOOLS[SCHOOLS["municipality_code"] == "m1"]
    assert values(SHARE, rows, schools=one).loc["m1", "value"] == 70
    assert values(SHARE, rows.assign(municipality_code="m2"))["state"][["m1", "m2"]].tolist() == ["no_data", "computed"]


def test_a_count_sums_and_has_no_interval():
    count = SHARE.model_copy(update={"formula": "count", "denominator": None})
    made = values(count, career(("edu990001", 2, 0), ("edu990002", np.nan, 0), ("edu990003", 3, 0)))
    assert made.loc["all", "value"] == 5
    assert made.loc[["edu990001"], ["value_low", "n"]].isna().all(axis=None)
    assert made.loc["edu990002", "state"] == "no_data"


def test_points_are_the_degree_of_training_with_a_student_interval():
    points = SHARE.model_copy(
        update={"formula": "points", "numerator": (), "points": {"five": 100, "four": 64, "three": 36, "two": 16}}
    )
    rows = pd.DataFrame({"school_code": ["edu990001"], "five": [3], "four": [5], "three": [8], "two": [1]})
    made = values(points, rows).loc["edu990001"]
    sample = np.repeat([100, 64, 36, 16], [3, 5, 8, 1])
    assert made["value"] == pytest.approx(sample.mean())
    expected = stats.t.interval(0.95, 16, sample.mean(), stats.sem(sample))
    assert made[["value_low", "value_high"]].tolist() == pytest.approx(list(expected))


def test_a_weighted_mean_pools_groups_as_one_stratified_sample():
    mean = SHARE.model_copy(update={"formula": "weighted_mean", "numerator": ("score",), "deviation": "sd"})
    rows = pd.DataFrame(
        {"school_code": ["edu990001", "edu990001"], "score": [50.0, 80.0], "pupils": [30, 10], "sd": [10.0, 5.0]}
    )
    made = values(mean, rows).loc["edu990001"]
    assert made["value"] == pytest.approx((50 * 30 + 80 * 10) / 40)
    half = 1.959964 * np.sqrt((30 / 40) ** 2 * 100 / 30 + (10 / 40) ** 2 * 25 / 10)
    assert made["value_high"] - made["value"] == pytest.approx(half, rel=1e-6)


def test_a_mean_over_schools_has_a_student_interval_between_them():
    mean = SHARE.model_copy(update={"formula": "mean", "numerator": ("score",), "denominator": None})
    rows = pd.DataFrame({"school_code": SCHOOLS["school_code"], "score": [80.0, 90.0, 85.0]})
    made = values(mean, rows)
    low, high = stats.t.interval(0.95, 2, 85, stats.sem([80, 90, 85]))
    assert made.loc["all", ["value", "value_low", "value_high"]].tolist() == pytest.approx([85, low, high])
    assert made.loc["edu990001", ["value"]].tolist() == [80]
    assert pd.isna(made.loc["edu990001", "value_low"])


def test_rounds_are_told_apart_and_never_added_up():
    rows = career(("edu990001", 50, 100), ("edu990001", 90, 100)).assign(round=["input", "final"])
    made = values(SHARE.model_copy(update={"by": ("round",)}), rows).reset_index()
    own = made[made["unit_code"] == "edu990001"].set_index("breakdown")["value"]
    assert own.to_dict() == {"round=final": 90, "round=input": 50}
    assert values(SHARE.model_copy(update={"by": ("round",)}), rows.iloc[:0])["breakdown"].unique().tolist() == [""]


def test_answers_are_a_share_of_the_counted_rows():
    told = SHARE.model_copy(
        update={"formula": "answers", "numerator": ("answer",), "denominator": None, "answers": ("1",),
                "counted": ("0", "1"), "minimum_n": 1}
    )  # fmt: skip
    rows = pd.DataFrame({"school_code": ["edu990001", "edu990002", "edu990003"], "answer": ["1", "0", "na"]})
    made = values(told, rows)
    assert made["value"][["edu990001", "edu990002", "m1"]].tolist() == [100, 0, 50]
    assert made.loc["edu990003", "state"] == "no_data"


def test_rows_are_counted_and_silence_is_not_zero():
    made = values(SHARE.model_copy(update={"formula": "rows"}), career(("edu990001", 1, 1), ("edu990001", 2, 2)))
    assert made.loc["m1", "value"] == 2
    assert made.loc["edu990002", "state"] == "no_data"


@pytest.mark.parametrize(
    ("tested", "verdict"), [(50, "no_evidence"), (55, "no_evidence"), (80, "better"), (20, "worse")]
)
def test_the_change_is_told_only_with_evidence(tested, verdict):
    before = values(SHARE, career(("edu990001", 50, 100))).reset_index()
    made = values(SHARE, career(("edu990001", tested, 100)), before).loc["edu990001"]
    assert (made["previous_value"], made["verdict"]) == (50, verdict)
    low, high = confint_proportions_2indep(tested, 100, 50, 100, compare="diff", method="newcomb")
    assert made[["change_low", "change_high"]].tolist() == pytest.approx([100 * low, 100 * high])


def test_an_indicator_without_a_good_side_has_no_verdict_beside_one_that_has():
    neutral = SHARE.model_copy(update={"higher_is_better": None, "code": "career.neutral"})
    rows = career(("edu990001", 90, 100)).assign(municipality_code=None)
    before = values(neutral, career(("edu990001", 10, 100))).reset_index()
    made = indicator_values(
        [neutral, SHARE], {"career": rows}, SCHOOLS, IndicatorOptions("2025-2026", (5, 10, 20, 50), before)
    ).set_index(["indicator_code", "unit_code"])
    assert made.loc[("career.neutral", "edu990001"), "verdict"] == "no_evidence"
    assert pd.isna(made.loc[("career.tested_share", "edu990001"), "verdict"])


def test_a_value_by_another_version_of_the_method_is_not_compared():
    before = values(SHARE, career(("edu990001", 50, 100))).reset_index().assign(method_version="0")
    assert pd.isna(values(SHARE, career(("edu990001", 99, 100)), before).loc["edu990001", "verdict"])


@pytest.mark.parametrize(("tested", "reaches"), [(95, True), (40, False), (70, None)])
def test_a_norm_is_reached_when_the_whole_interval_is_on_its_side(tested, reaches):
    normed = SHARE.model_copy(update={"norm": 75.0})
    found = values(normed, career(("edu990001", tested, 100))).loc["edu990001", "reaches_norm"]
    assert (None if pd.isna(found) else bool(found)) is reaches


def test_rows_are_chosen_by_values_and_patterns():
    rows = pd.DataFrame(
        {
            "unit_level": ["school", "school", "all"],
            "unit_code": ["edu990001", "edu990001", "all"],
            "assessment_id": [
                "vpr-2026-spring:4:russian:base",
                "mock:4:russian:base",
                "vpr-2026-spring:4:russian:base",
            ],
            "tested": [5, 9, 6],
            "pupils": [10, 10, 12],
        }
    )
    chosen = SHARE.model_copy(update={"where": {"assessment_id": ("~vpr-.*:russian:.*",)}})
    made = values(chosen, rows)
    assert made["value"][["edu990001", "all"]].tolist() == [50, 50]
    assert made.loc["m1", "state"] == "no_data", "levels of a table of results are its own"


def test_failing_basic_mathematics_is_not_lost_behind_the_minimum_score():
    counts = {"below_minimum_count": [1, None], "mark_2_count": [None, 3], "participants_count": [20, 30]}
    exams = pd.DataFrame(
        {"unit_level": "all", "unit_code": "all", "category": "all", "school_code": None}
        | {"exam_code": ["ege:2022:mathematics:profile", "ege:2022:mathematics:base"]}
        | counts
    )
    found = {
        code: values(indicators()[code], exams).loc["all", "value"]
        for code in ("attainment.ege_below_mathematics", "attainment.ege_failed_basic_mathematics")
    }
    assert list(found.values()) == pytest.approx([5, 10])


WORKS = SHARE.model_copy(update={"table": "works", "base": "results", "numerator": ("base",), "denominator": "marked"})


def works(*rows):
    """Rows of a table of results: school, work, reached the base level, marked; sums of m1 and all are added."""
    frame = pd.DataFrame(rows, columns=["unit_code", "assessment_id", "base", "marked"]).assign(unit_level="school")
    parents = []
    for level, codes in (("municipality", {"edu990001": "m1", "edu990002": "m1"}), ("all", None)):
        above = frame.assign(unit_level=level, unit_code=frame["unit_code"].map(codes) if codes else "all")
        parents.append(above.groupby(["unit_code", "assessment_id", "unit_level"], as_index=False).sum())
    return pd.concat([frame, *parents], ignore_index=True)


def test_works_of_the_same_pupils_are_not_more_people():
    made = values(
        WORKS,
        works(
            ("edu990001", "vpr-2021-spring:4:russian:base", 24, 30),
            ("edu990001", "vpr-2021-spring:4:mathematics:base", 21, 28),
            ("edu990001", "vpr-2021-spring:5:russian:base", 10, 20),
            ("edu990001", "vpr-2020-autumn:4:russian:base", 15, 19),
        ),
    ).loc["edu990001"]
    assert made["value"] == pytest.approx(100 * 70 / 97)
    assert (made["n"], made["denominator"], made["schools_count"]) == (50, 97, 1)
    low, high = proportion_confint(70 / 97 * 50, 50, method="wilson")
    assert made[["value_low", "value_high"]].tolist() == pytest.approx([100 * low, 100 * high])


def test_pupils_of_one_school_are_alike_in_intervals_above_it():
    rows = works(*((f"edu99000{one}", "vpr-2021-spring:4:russian:base", 20, 40) for one in (1, 2)))
    made = values(WORKS, rows)
    effective = 80 / (1 + 39 * 0.13)
    low, high = proportion_confint(effective / 2, effective, method="wilson")
    assert made.loc["m1", ["value_low", "value_high"]].tolist() == pytest.approx([100 * low, 100 * high])
    assert made.loc[["m1", "all", "edu990001"], "schools_count"].tolist() == [2, 2, 1]


def test_points_over_works_stand_on_people():
    points = WORKS.model_copy(
        update={"formula": "points", "numerator": (), "denominator": None, "points": {"base": 100, "marked": 0}}
    )
    one = works(("edu990001", "vpr-2021-spring:4:russian:base", 20, 20))
    two = pd.concat([one, one.replace({"russian": "mathematics"}, regex=True)])
    first, second = (values(points, rows).loc["edu990001"] for rows in (one, two))
    assert first["value"] == second["value"] == 50
    assert (first["n"], second["n"], second["denominator"]) == (40, 40, 80)
    assert second["value_high"] - second["value_low"] == pytest.approx(
        first["value_high"] - first["value_low"], rel=0.02
    )


def test_results_over_several_works_are_not_compared_with_last_year():
    rows = works(("edu990001", "vpr-2021-spring:4:russian:base", 10, 40))
    before = values(WORKS, rows).reset_index()
    made = values(WORKS, works(("edu990001", "vpr-2022-spring:4:russian:base", 39, 40)), before).loc["edu990001"]
    assert made["previous_value"] == pytest.approx(25)
    assert made["verdict"] == "not_comparable"
    assert made[["change_low", "change_high"]].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": "results", "uses": ("ranking",)}, "нельзя использовать"),
        ({"base": "marks", "uses": ("appraisal",), "has_negative_consequences": True}, "нельзя использовать"),
        ({"uses": ("reward",)}, "последствия"),
        ({"denominator": None}, "знаменатель"),
        ({"formula": "points"}, "points"),
        ({"numerator": ()}, "числитель"),
        ({"direction": "sport"}, "направление"),
    ],
)
def test_harmful_or_incomplete_indicators_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Indicator(**(SHARE.model_dump() | change))
