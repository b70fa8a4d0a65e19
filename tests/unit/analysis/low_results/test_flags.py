"""Rules of low results: thresholds, repetition, what is unknown, the official list, sensitivity."""

import pandas as pd
import pytest

from oko_pipeline.analysis.low_results.flags import SchoolList, low_codes, low_result_tables, official_schools
from oko_pipeline.analysis.low_results.procedures import COLUMNS, exam_counts, exam_procedures, work_procedures
from oko_pipeline.catalogue.low_result_rules import load_low_result_rules, low_result_rules
from oko_pipeline.catalogue.tables import ASSESSMENTS, RESULT_SUMMARY
from oko_pipeline.errors import CatalogueError

YEAR, BEFORE = "2021-2022", "2020-2021"
MAIN, OLD = "criterion_2025", "method_2021"


def procedures(*rows):
    """Procedures from (school, year, procedure, grade, subject, participants, below)."""
    frame = pd.DataFrame(
        [
            (year, code, kind, "spring", grade, subject, "base", n, low)
            for code, year, kind, grade, subject, n, low in rows
        ],
        columns=list(COLUMNS),
    )
    return frame.astype({"participants_count": "int64", "below_minimum_count": "int64", "grade": "int64"})


def work(code, grade, subject, n, low, year=YEAR):
    return (code, year, "vpr", grade, subject, n, low)


def tables(rows, codes=("edu1",), **options):
    return low_result_tables(procedures(*rows), SchoolList(YEAR, tuple(codes), **options), low_result_rules())


def flag(found, rule=MAIN, code="edu1"):
    flags = found.low_result_flags
    return flags[(flags["rule_code"] == rule) & (flags["school_code"] == code)].iloc[0]


def test_two_procedures_at_the_threshold_make_the_flag():
    found = flag(tables([work("edu1", 5, "russian", 10, 3), work("edu1", 6, "mathematics", 20, 6)]))
    assert found["computed"]
    assert found["failed_count"] == 2
    assert found["certain_count"] == 0
    assert found["failed_ru"] == "vpr:spring:5:russian:base; vpr:spring:6:mathematics:base"


@pytest.mark.parametrize(("below", "is_low"), [(5, False), (6, True)])
def test_threshold_is_met_at_exactly_thirty_percent(below, is_low):
    rows = [work("edu1", 5, "russian", 20, below), work("edu1", 6, "russian", 20, 8)]
    assert flag(tables(rows))["computed"] == is_low


def test_same_procedure_two_years_running_makes_the_flag_another_one_does_not():
    rows = [work("edu1", 5, "russian", 20, 8), work("edu1", 6, "russian", 20, 1)]
    again = flag(tables([*rows, work("edu1", 5, "russian", 20, 9, BEFORE)]))
    assert again["computed"]
    assert again["repeated_count"] == 1
    other = flag(tables([*rows, work("edu1", 5, "mathematics", 20, 9, BEFORE)]))
    assert not other["computed"]
    assert other["repeated_count"] == 0


def test_small_procedures_give_no_answer_instead_of_no():
    found = flag(tables([work("edu1", 5, "russian", 9, 9), work("edu1", 6, "russian", 9, 9)]))
    assert pd.isna(found["computed"])
    assert found["small_count"] == 2
    assert "не значит" in found["explanation_ru"]
    one = flag(tables([work("edu1", 5, "russian", 30, 1), work("edu1", 6, "russian", 9, 9)]))
    assert pd.isna(one["computed"])


def test_school_without_any_result_is_there_with_no_answer():
    found = tables([work("edu1", 5, "russian", 20, 1)], codes=("edu1", "edu2"))
    assert pd.isna(flag(found, code="edu2")["computed"])
    assert flag(found, code="edu2")["procedures_count"] == 0


def test_chance_is_told_apart_from_evidence():
    rows = [work("edu1", 5, "russian", 100, 60), work("edu1", 6, "russian", 12, 4)]
    found = flag(tables(rows))
    assert (found["failed_count"], found["certain_count"]) == (2, 1)


def test_rule_after_2021_asks_for_two_subjects_in_each_of_two_years():
    low = [
        work("edu1", grade, subject, 20, 8, year)
        for grade in (5, 6)
        for subject in ("russian", "mathematics")
        for year in (YEAR, BEFORE)
    ]
    found = flag(tables(low), OLD)
    assert found["computed"]
    assert found["procedures_count"] == 2
    only_now = flag(tables([row for row in low if row[1] == YEAR]), OLD)
    assert pd.isna(only_now["computed"])
    assert "не за все годы" in only_now["explanation_ru"]
    well_before = [work("edu1", 5, subject, 40, 1, BEFORE) for subject in ("russian", "mathematics")]
    assert not flag(tables([row for row in low if row[1] == YEAR] + well_before), OLD)["computed"]


def test_a_good_year_before_settles_a_rule_of_every_year_and_the_explanation_says_so():
    before = [work("edu1", grade, subject, 20, 1, BEFORE) for grade in (5, 6) for subject in ("russian", "mathematics")]
    flags = tables([*before, work("edu1", 5, "russian", 4, 2)]).low_result_flags
    found = flags[flags["rule_code"] == OLD].iloc[0]
    assert not found["computed"]
    assert found["computed"] is not pd.NA
    assert "в другом году выполнен не был" in found["explanation_ru"]
    assert "0 из 0" not in found["explanation_ru"]


def test_exams_count_and_are_not_applicable_to_schools_without_seniors():
    rows = [
        ("edu1", YEAR, "oge", 9, "russian", 20, 8),
        ("edu1", YEAR, "ege", 11, "russian", 20, 8),
        ("edu2", YEAR, "oge", 9, "russian", 20, 8),
        ("edu2", YEAR, "ege", 11, "russian", 20, 8),
    ]
    found = tables(rows, codes=("edu1", "edu2"), without_senior=frozenset({"edu2"}))
    assert flag(found)["computed"]
    assert pd.isna(flag(found, code="edu2")["computed"])
    assert "ЕГЭ" in flag(found, code="edu2")["not_applicable_ru"]
    details = found.low_result_procedures
    own = details[(details["rule_code"] == MAIN) & (details["school_code"] == "edu2")].set_index("procedure_unit")
    assert own.loc["ege", "state"] == "not_applicable"
    assert pd.isna(own.loc["ege", "participants_count"])
    assert pd.isna(own.loc["ege", "below_minimum_share"])


def test_official_list_stands_apart_from_what_is_computed():
    rows = [
        work("edu1", 5, "russian", 20, 8),
        work("edu1", 6, "russian", 20, 8),
        work("edu2", 5, "russian", 20, 0),
        work("edu2", 6, "russian", 20, 0),
    ]
    without = tables(rows, codes=("edu1", "edu2"))
    assert without.low_result_flags["official_list"].isna().all()
    found = tables(rows, codes=("edu1", "edu2"), official=frozenset({"edu2"}))
    assert (flag(found)["computed"], flag(found)["official_list"]) == (True, False)
    assert (flag(found, code="edu2")["computed"], flag(found, code="edu2")["official_list"]) == (False, True)
    assert low_codes(found.low_result_flags, MAIN) == ["edu1", "edu2"]
    sensitivity = found.low_result_sensitivity
    own = sensitivity[(sensitivity["rule_code"] == MAIN) & sensitivity["is_rule"]].iloc[0]
    assert (own["both_count"], own["only_official_count"], own["only_computed_count"]) == (0, 1, 1)
    assert official_schools([]) is None
    assert official_schools([[]]) == frozenset()


def test_special_schools_keep_their_flag_and_get_no_pairs():
    rows = [work("edu1", 5, "russian", 20, 8), work("edu1", 6, "russian", 20, 8)]
    found = tables(rows, excluded=frozenset({"edu1"}))
    assert flag(found)["computed"]
    assert flag(found)["is_excluded"]
    assert low_codes(found.low_result_flags, MAIN) == []


def test_sensitivity_tells_how_the_list_grows_and_holds_the_rule_itself():
    rows = [work(f"edu{school}", grade, "russian", 10 + school, school) for school in range(12) for grade in (5, 6)]
    found = tables(rows, codes=[f"edu{school}" for school in range(12)])
    own = found.low_result_sensitivity
    own = own[(own["rule_code"] == MAIN) & (own["works_set"] == "rule") & (own["minimum_n"] == 10)]
    counts = own.sort_values("share_threshold")["computed_count"].tolist()
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]
    flags = found.low_result_flags
    rule = own[own["is_rule"]].iloc[0]
    assert rule["computed_count"] == flags[flags["rule_code"] == MAIN]["computed"].fillna(value=False).sum()
    exams = found.low_result_sensitivity
    assert (exams[exams["works_set"] == "exams"]["assessed_count"] == 0).all()
    assert exams[exams["works_set"] == "exams"]["computed_share"].isna().all()


def test_intervals_are_wilson_and_schools_stand_by_code():
    found = tables([work("edu2", 5, "russian", 10, 3), work("edu1", 5, "russian", 10, 3)], codes=("edu1", "edu2"))
    details = found.low_result_procedures[found.low_result_procedures["rule_code"] == MAIN]
    assert details["school_code"].tolist() == ["edu1", "edu2"]
    assert details.iloc[0]["below_minimum_low"] == pytest.approx(0.10779, abs=1e-5)
    assert details.iloc[0]["below_minimum_high"] == pytest.approx(0.60322, abs=1e-5)


def test_nothing_at_all_gives_empty_answers():
    found = tables([])
    assert pd.isna(flag(found)["computed"])
    assert found.low_result_procedures.empty


def test_works_become_procedures_by_season_grade_and_subject():
    frame = (
        RESULT_SUMMARY.empty()
        .reindex(range(4))
        .assign(
            school_year=YEAR,
            assessment_id=["vpr-2022-spring:5:russian:base"] * 3 + ["vpr-2022-spring:6:russian:base"],
            unit_level=["school", "municipality", "school", "school"],
            unit_code=["edu1", "reg99_m101", "edu2", "edu1"],
            subgroup="all",
            participants_count=20,
            absent_count=0,
            size_tier="lt50",
            marked_count=[20, 20, 0, 20],
            mark_2_count=[6, 6, 0, None],
            journal_pairs_count=0,
            over_maximum_count=0,
            sum_mismatch_count=0,
        )
    )
    works = pd.DataFrame(
        {
            "school_year": YEAR,
            "assessment_id": ["vpr-2022-spring:5:russian:base", "vpr-2022-spring:6:russian:base"],
            "campaign_code": "vpr-2022-spring",
            "procedure_code": "vpr",
            "paper_grade": [5, 6],
            "pupil_grade": [5, 6],
            "subject_code": "russian",
            "level": "base",
            "task_count": 1,
            "maximum_score": 10,
            "minimum_3": 3,
            "minimum_4": 5,
            "minimum_5": 8,
            "scale_source": "catalogue",
            "rows_count": 1,
            "works_sha256": "",
        }
    )
    found = work_procedures(RESULT_SUMMARY.conform(frame), ASSESSMENTS.conform(works))
    assert found.to_dict("records") == [
        {
            "school_year": YEAR,
            "school_code": "edu1",
            "procedure_code": "vpr",
            "season": "spring",
            "grade": 5,
            "subject_code": "russian",
            "level": "base",
            "participants_count": 20,
            "below_minimum_count": 6,
        }
    ]


def test_exam_summaries_become_procedures_of_schools_only():
    summary = pd.DataFrame(
        {
            "school_year": YEAR,
            "exam_code": [
                "oge:2022:russian:main",
                "ege:2022:mathematics:profile",
                "ege:2022:russian:main",
                "oge:2022:russian:main",
            ],
            "unit_level": ["school", "school", "school", "municipality"],
            "unit_code": ["edu1", "edu1", "edu1", "reg99_m101"],
            "category": ["all", "all", "graduate", "all"],
            "participants_count": pd.array([20, 15, 15, 20], dtype="Int64"),
            "below_minimum_count": pd.array([None, 3, 3, 4], dtype="Int64"),
            "mark_2_count": pd.array([5, None, None, 4], dtype="Int64"),
        }
    )
    found = exam_procedures(exam_counts(summary))
    assert found[["procedure_code", "grade", "level", "below_minimum_count"]].to_numpy().tolist() == [
        ["ege", 11, "profile", 3],
        ["oge", 9, "main", 5],
    ]


def test_faulty_rules_are_told_by_file_line_and_field():
    with pytest.raises(CatalogueError, match=r"low_result_rules\.yaml, строка 1, поле rules"):
        load_low_result_rules(
            {"low_result_rules.yaml": "rules: []\ngrid_thresholds: []\ngrid_minimum_n: []\nworks_sets: []"}
        )
