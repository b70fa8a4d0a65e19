"""Summaries, tasks, forms, admission and medallists against values counted by hand and by other libraries."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.analysis.exams.participation import admission_results, exam_form_shares, medallist_results
from oko_pipeline.analysis.exams.summary import exam_key, exam_summary, score_groups
from oko_pipeline.analysis.exams.tasks import exam_task_results, parse_task_scores
from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.tables_exams import ADMISSION_WORKS, EXAM_RESULTS
from oko_pipeline.errors import CatalogueError, ContractError

OPTIONS = ExamOptions.of("2025-2026")
SCHOOLS = pd.DataFrame(
    {
        "school_code": ["edu990001", "edu990002", "edu990003"],
        "municipality_code": ["reg99_m1", "reg99_m1", "reg99_m2"],
        "region_code": ["99", "99", "99"],
    }
)
EMPTY = {ColumnType.BOOLEAN: False, ColumnType.INTEGER: None, ColumnType.NUMBER: None}


def frame(table, rows, **defaults):
    base = {column.name: None if column.nullable else EMPTY.get(column.type, "") for column in table.columns}
    return table.conform(pd.DataFrame([base | defaults | row for row in rows]))


def results(*rows, code="ege:2026:physics:main", **defaults):
    kind, year, subject, level = code.split(":")
    own = {
        "school_year": "2025-2026",
        "exam_code": code,
        "exam_kind": kind,
        "exam_year": int(year),
        "subject_code": subject,
        "exam_level": level,
        "exam_date": "2026-06-01",
        "category": "unknown",
        "status": "valid",
        "sitting": 1,
        "is_final": True,
        "source_row": 1,
        "school_code": "edu990001",
    }
    numbered = [{"pupil_id": f"p{k}", "source_row": k} | row for k, row in enumerate(rows, 1)]
    return frame(EXAM_RESULTS, numbered, **(own | defaults))


def unit(table, level, code, **where):
    found = table[(table["unit_level"] == level) & (table["unit_code"] == code)]
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found.iloc[0]


def pupil(test, school="edu990001", **more):
    return {"primary_score": min(45, test // 2), "test_score": test, "school_code": school} | more


def test_groups_of_scores_are_cut_at_the_minimum_60_and_80():
    scores = np.array([0, 35, 36, 60, 61, 80, 81, 100, np.nan])
    assert score_groups(scores, 36, OPTIONS).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, -1]
    assert score_groups(scores, None, OPTIONS).tolist() == [1, 1, 1, 1, 2, 2, 3, 3, -1]


def test_summary_counts_groups_and_means_by_unit():
    tests = [20, 36, 60, 61, 80, 81, 99, 100]
    rows = [pupil(test) for test in tests] + [pupil(40, "edu990003"), pupil(50, None)]
    table = exam_summary(results(*rows), SCHOOLS, OPTIONS)
    assert table["unit_level"].value_counts().to_dict() == {"all": 1, "region": 1, "municipality": 2, "school": 2}
    school = unit(table, "school", "edu990001")
    counted = ["below_minimum_count", "minimum_60_count", "score_61_80_count", "score_81_100_count"]
    assert school[counted].tolist() == [1, 2, 2, 3]
    assert (school["score_80_99_count"], school["score_100_count"], school["minimum_score"]) == (3, 1, 36)
    assert school["mean_test"] == pytest.approx(np.mean(tests))
    assert school["sd_test"] == pytest.approx(np.std(tests, ddof=1))
    assert school["median_test"] == pytest.approx(np.median(tests))
    low, high = stats.t.interval(0.95, 7, np.mean(tests), stats.sem(tests))
    assert (school["mean_test_low"], school["mean_test_high"]) == (pytest.approx(low), pytest.approx(high))
    low, high = proportion_confint(1, 8, method="wilson")
    assert (school["below_minimum_low"], school["below_minimum_high"]) == (pytest.approx(low), pytest.approx(high))
    # A pupil whose school is not linked counts in the whole, in no school and no municipality.
    assert unit(table, "all", "all")["participants_count"] == 10
    assert unit(table, "region", "99")["participants_count"] == 9


def test_parts_of_a_group_sum_up_to_the_whole_at_every_level():
    generator = np.random.default_rng(7)
    schools = generator.choice(SCHOOLS["school_code"], 300)
    rows = [pupil(int(test), school) for test, school in zip(generator.integers(0, 101, 300), schools, strict=True)]
    table = exam_summary(results(*rows), SCHOOLS, OPTIONS)
    counts = [
        "participants_count",
        "below_minimum_count",
        "minimum_60_count",
        "score_61_80_count",
        "score_81_100_count",
    ]
    by_level = table.groupby("unit_level")[counts].sum()
    assert (by_level == by_level.loc["all"]).all(axis=None)
    assert (table[counts[1:]].sum(axis=1) == table["participants_count"]).all()


def test_second_sittings_and_absences_do_not_count():
    rows = results(
        pupil(50),
        pupil(90, is_final=False),
        pupil(0, status="absent", primary_score=None, test_score=None),
    )
    whole = unit(exam_summary(rows, SCHOOLS, OPTIONS), "all", "all")
    assert (whole["participants_count"], whole["not_valid_count"], whole["mean_test"]) == (1, 1, 50.0)
    assert pd.isna(whole["sd_test"])
    assert pd.isna(whole["mean_test_low"])


def test_nobody_valid_gives_empty_statistics_not_zeros():
    rows = results(pupil(0, status="annulled", primary_score=None, test_score=None))
    whole = unit(exam_summary(rows, SCHOOLS, OPTIONS), "all", "all")
    assert whole["participants_count"] == 0
    assert whole[["mean_test", "median_test", "below_minimum_share", "mean_mark"]].isna().all()
    assert exam_summary(results(pupil(5))[:0], SCHOOLS, OPTIONS).empty


def test_marks_give_success_and_quality_with_wilson_intervals():
    marks = [2, 3, 3, 4, 5, 5]
    rows = [{"primary_score": 10, "mark": mark, "year_mark": 4} for mark in marks]
    whole = unit(exam_summary(results(*rows, code="oge:2026:chemistry:main"), SCHOOLS, OPTIONS), "all", "all")
    assert whole[["mark_2_count", "mark_3_count", "mark_4_count", "mark_5_count"]].tolist() == [1, 2, 1, 2]
    assert (whole["success_share"], whole["quality_share"]) == (pytest.approx(5 / 6), pytest.approx(3 / 6))
    low, high = proportion_confint(5, 6, method="wilson")
    assert (whole["success_low"], whole["success_high"]) == (pytest.approx(low), pytest.approx(high))
    assert whole["mean_mark"] == pytest.approx(np.mean(marks))
    names = ["year_mark_pairs_count", "year_mark_lower_count", "year_mark_same_count", "year_mark_higher_count"]
    assert whole[names].tolist() == [6, 3, 1, 2]
    assert pd.isna(whole["score_81_100_count"])
    assert pd.isna(whole["below_minimum_count"])


def test_year_marks_that_nobody_has_are_unknown_not_zero():
    whole = unit(
        exam_summary(results({"primary_score": 9, "mark": 3}, code="oge:2026:chemistry:main"), SCHOOLS, OPTIONS),
        "all",
        "all",
    )
    assert whole["year_mark_pairs_count"] == 0
    assert pd.isna(whole["year_mark_lower_count"])


def test_categories_stand_beside_the_whole():
    rows = results(pupil(50, category="graduate"), pupil(70, category="special"), pupil(90, category="graduate"))
    table = exam_summary(rows, SCHOOLS, OPTIONS)
    means = table[table["unit_level"] == "all"].set_index("category")["mean_test"].to_dict()
    assert means == {"all": 70.0, "graduate": 70.0, "special": 70.0}
    assert set(table["size_tier"]) == {"lt5"}


def test_masks_are_read_with_stated_maxima_and_letters_left_out():
    tasks = parse_task_scores(pd.Series(["1;В;2|1/2;0/3", "0;1;3|2/2;3/3", None], dtype="str"))
    assert tasks.part == ("short", "short", "short", "extended", "extended")
    assert tasks.position == (1, 2, 3, 1, 2)
    assert tasks.maximum.tolist() == [1, 1, 3, 2, 3]
    assert tasks.is_stated == (False, False, False, True, True)
    assert np.array_equal(tasks.scores[0], [1, np.nan, 2, 1, 0], equal_nan=True)
    assert np.isnan(tasks.scores[2]).all()


def test_task_results_are_shares_of_the_maximum_by_group():
    masks = ["1;1|2/2", "1;0|1/2", "0;0|0/2", "1;0|0/2"]
    rows = [pupil(test, task_scores=mask) for test, mask in zip((90, 70, 20, 50), masks, strict=True)]
    table = exam_task_results(results(*rows), SCHOOLS, OPTIONS)
    own = table[(table["unit_level"] == "all") & (table["part"] == "extended")].set_index("score_group")
    assert own.loc["all", ["solved_share", "zero_share", "full_share"]].tolist() == [0.375, 0.5, 0.25]
    assert own["solved_share"].to_dict() == {
        "all": 0.375,
        "below_minimum": 0.0,
        "minimum_60": 0.0,
        "score_61_80": 0.5,
        "score_81_100": 1.0,
    }
    shares = np.array([1, 0.5, 0, 0])
    low, high = stats.t.interval(0.95, 3, shares.mean(), stats.sem(shares))
    assert own.loc["all", "solved_low"] == pytest.approx(max(low, 0))
    assert own.loc["all", "solved_high"] == pytest.approx(min(high, 1))
    assert set(table.loc[table["unit_level"] == "school", "score_group"]) == {"all"}


def test_interval_of_a_task_is_that_of_the_mean_share():
    generator = np.random.default_rng(3)
    scores = generator.integers(0, 4, 60)
    rows = [pupil(50, task_scores=f"|{score}/3") for score in scores]
    table = exam_task_results(results(*rows), SCHOOLS, OPTIONS)
    whole = unit(table, "all", "all", score_group="all")
    low, high = stats.t.interval(0.95, 59, (scores / 3).mean(), stats.sem(scores / 3))
    assert (whole["solved_low"], whole["solved_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (whole["maximum_score"], whole["is_maximum_stated"], whole["part"]) == (3, True, "extended")


def test_tasks_of_a_marked_exam_are_grouped_by_marks():
    rows = [{"primary_score": 5, "mark": mark, "task_scores": mask} for mark, mask in ((2, "0;1"), (5, "1;1"))]
    table = exam_task_results(results(*rows, code="oge:2026:chemistry:main"), SCHOOLS, OPTIONS)
    assert set(table["score_group"]) == {"all", "mark_2", "mark_5"}
    assert exam_task_results(results(pupil(5)), SCHOOLS, OPTIONS).empty


def test_pupils_of_gve_are_counted_once():
    rows = pd.concat(
        [
            results({}, {}, {}, code="oge:2026:russian:main", primary_score=9),
            results({}, code="gve9:2026:mathematics:main", primary_score=9),
            results({"pupil_id": "x"}, code="ege:2026:physics:main", primary_score=9),
        ]
    )
    table = exam_form_shares(rows, SCHOOLS, OPTIONS)
    nine = unit(table, "all", "all", education_level="9")
    assert nine[["participants_count", "main_form_count", "gve_count"]].tolist() == [3, 3, 1]
    assert nine["gve_share"] == pytest.approx(1 / 3)
    assert unit(table, "all", "all", education_level="11")["gve_count"] == 0


def test_admission_counts_each_pupil_once_by_the_sitting_that_counts():
    own = {"school_year": "2025-2026", "procedure": "interview", "status": "valid", "school_code": "edu990001"}
    works = frame(
        ADMISSION_WORKS,
        [
            {"pupil_id": "a", "is_passed": True, "is_final": True, "total_score": 12, "source_row": 1},
            {"pupil_id": "b", "is_passed": False, "is_final": False, "total_score": 8, "source_row": 2},
            {"pupil_id": "b", "is_passed": True, "is_final": True, "total_score": 14, "source_row": 3},
            {"pupil_id": "c", "is_passed": False, "is_final": True, "total_score": 4, "source_row": 4},
            {"pupil_id": "d", "is_passed": None, "is_final": True, "status": "absent", "source_row": 5},
        ],
        **own,
    )
    row = unit(admission_results(works, SCHOOLS, OPTIONS), "school", "edu990001")
    names = ["participants_count", "passed_count", "failed_count", "not_valid_count", "repeated_count"]
    assert row[names].tolist() == [3, 2, 1, 1, 1]
    assert row["mean_score"] == pytest.approx(10.0)
    low, high = proportion_confint(2, 3, method="wilson")
    assert (row["passed_low"], row["passed_high"]) == (pytest.approx(low), pytest.approx(high))
    assert admission_results(works[:0], SCHOOLS, OPTIONS).empty


def test_medallists_below_the_threshold_are_counted():
    rows = results(pupil(69), pupil(70), pupil(30), pupil(95))
    medals = pd.DataFrame({"pupil_id": ["p1", "p2", "p4", "unknown", None]})
    whole = unit(medallist_results(rows, medals, SCHOOLS, OPTIONS), "all", "all")
    assert (whole["medallists_count"], whole["below_threshold_count"], whole["mean_test"]) == (3, 1, 78.0)
    assert medallist_results(rows, medals[:0], SCHOOLS, OPTIONS).empty


def test_territory_may_move_bounds_but_not_break_them():
    moved = ExamOptions.of("2025-2026", overrides={"exams.summary.group_bounds": [50, 70]})
    assert moved.group_bounds == (50.0, 70.0)
    with pytest.raises(ContractError, match="Границы групп"):
        ExamOptions.of("2025-2026", overrides={"exams.summary.group_bounds": [80, 60]})


def test_exam_codes_are_parsed_and_others_refused():
    assert exam_key("ege:2022:mathematics:base").is_marked
    assert exam_key("ege:2022:mathematics:base").school_year == "2021-2022"
    with pytest.raises(CatalogueError, match="не код экзамена"):
        exam_key("ege:math")
