"""Suites: a sound year passes everything; each expectation fails for the fault it is there for, and only it."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import COVERAGE, PUBLISHED_RESULTS, QUALITY_RESULTS, RESULT_SUMMARY, TABLES
from oko_pipeline.errors import CatalogueError
from oko_pipeline.validation.suite_columns import COLUMN_MAKERS
from oko_pipeline.validation.suites import (
    SuiteOptions,
    blocking_failures,
    load_suites,
    run_suites,
    suites,
    write_data_docs,
)
from oko_pipeline.validation.work_rules import FLAG_COLUMNS
from oko_pipeline.validation.year_rules import check_year
from tests.unit.validation.builders import KEY
from tests.unit.validation.rooms import sound_rooms

MATHS = str(KEY)


def run(tables, options: SuiteOptions | None = None) -> pd.DataFrame:
    return run_suites(tables, "2020-2021", "run-1", "2021-07-01T00:00:00+00:00", options)


def failed(tables, options: SuiteOptions | None = None) -> set[tuple[str, str]]:
    results = run(tables, options)
    lost = results.loc[~results["is_passed"].astype(bool)]
    return set(zip(lost["table_name"], lost["expectation"], strict=True))


def summary_row(level: str, code: str, participants: int, **changes) -> dict:
    return (
        dict.fromkeys(RESULT_SUMMARY.column_names)
        | {
            "school_year": "2020-2021", "assessment_id": MATHS, "unit_level": level, "unit_code": code,
            "subgroup": "all", "participants_count": participants, "absent_count": 0, "size_tier": "lt20",
            "mean_percent": 58.3, "marked_count": participants, "journal_pairs_count": participants,
            "over_maximum_count": 0, "sum_mismatch_count": 0, "mark_2_count": participants, "mark_3_count": 0,
            "mark_4_count": 0, "mark_5_count": 0, "mark_2_share": 1.0, "mark_3_share": 0.0, "mark_4_share": 0.0,
            "mark_5_share": 0.0,
        }
        | changes
    )  # fmt: skip


@pytest.fixture
def tables(year) -> dict[str, pd.DataFrame]:
    """Return a sound year with coverage, aggregates and results."""
    published = pd.DataFrame(
        {
            "school_year": "2020-2021", "file_sha256": "p", "source_row": 12, "assessment_id": MATHS,
            "unit_level": "school", "unit_source": "СОШ № 1", "unit_code": "edu990001", "measure": "mark",
            "item": ["2", "3", "4", "5"], "value_percent": [16.67, 16.67, 33.33, 33.33], "value_count": [1, 1, 2, 2],
            "is_count_recovered": True, "participants_count": 6,
        }
    )  # fmt: skip
    summary = pd.DataFrame(
        [
            summary_row("school", "edu990001", 6),
            summary_row("school", "edu990002", 6),
            summary_row("municipality", "reg99_m101", 12),
            summary_row("all", "all", 12),
        ]
    )
    own = {name: year[name] for name in ("works", "schools", "municipalities", "assessments", "tasks")}
    return own | {
        "coverage": check_year(year).coverage,
        "published_results": PUBLISHED_RESULTS.conform(published),
        "result_summary": RESULT_SUMMARY.conform(summary),
    }


def test_a_sound_year_passes_every_expectation_of_every_suite(tables) -> None:
    results = run(tables | sound_rooms())
    assert results.loc[~results["is_passed"].astype(bool), "expectation"].tolist() == []
    assert set(results["table_name"]) == set(suites())
    assert len(results) == sum(len(suite.expectations) for suite in suites().values())
    assert list(results.columns) == list(QUALITY_RESULTS.column_names)
    assert set(results["checked_count"].dropna()) == {1, 2, 3, 4, 12, 14}
    assert results["run_id"].unique().tolist() == ["run-1"]


def test_counts_and_observations_are_told_in_russian(tables) -> None:
    works = tables["works"].assign(has_sum_mismatch=[True, *[False] * 11])
    results = run({"works": works}).set_index("expectation")
    row = results.loc["has_sum_mismatch"]
    assert (row["is_passed"], row["checked_count"], row["unexpected_count"]) == (False, 12, 1)
    assert row["observed"] == "1 нарушение из 12 строк"
    assert results.loc["is_over_maximum", "observed"] == "0 нарушений из 12 строк (допустимо 2,0\u00a0%)"
    assert results.loc["is_not_empty", "observed"] == "получено 12"


def change(frame: pd.DataFrame, row: int, column: str, value) -> pd.DataFrame:
    changed = frame.copy()
    changed.loc[changed.index[row], column] = value
    return changed


FAULTS = [
    ("works", 0, "school_code", "edu999999", {"has_known_school"}),
    ("works", 0, "assessment_id", "vpr-2021-spring:5:russian:base", {"has_known_assessment"}),
    ("works", 0, "status", "perhaps", {"status_allowed", "is_status_true"}),
    ("works", 0, "status", "absent", set()),
    ("works", 0, "status", "no_total", {"is_status_true"}),
    ("works", 0, "primary_score", -1, {"primary_score_not_negative"}),
    ("works", 0, "primary_score", pd.NA, {"is_status_true"}),
    ("schools", 1, "school_code", "edu990001", {"school_code_unique"}),
    ("schools", 1, "school_code", "99", {"school_code_shape"}),
    ("schools", 1, "municipality_code", "", {"has_known_municipality"}),
    ("schools", 1, "is_name_known", False, {"is_name_known"}),
    ("municipalities", 0, "municipality_name", "", {"municipality_name_present"}),
    ("municipalities", 0, "schools_count", 3, {"is_schools_count_true"}),
    ("assessments", 0, "assessment_id", "nonsense", {"is_key_true", "is_rows_count_true"}),
    ("assessments", 0, "level", "advanced", {"is_key_true"}),
    ("assessments", 0, "school_year", "2021-2022", {"is_campaign_of_year"}),
    ("assessments", 0, "pupil_grade", 5, {"is_campaign_of_year"}),
    ("assessments", 0, "subject_code", "elvish", {"is_key_true", "has_known_subject"}),
    ("assessments", 0, "paper_grade", 12, {"is_key_true", "is_campaign_of_year", "paper_grade_range"}),
    ("assessments", 0, "maximum_score", 0, {"maximum_score_positive", "is_scale_sound"}),
    ("assessments", 0, "maximum_score", pd.NA, {"maximum_score_known"}),
    ("assessments", 0, "minimum_3", 0, {"is_scale_sound"}),
    ("assessments", 0, "minimum_4", 2, {"is_scale_sound"}),
    ("assessments", 0, "minimum_5", 3, {"is_scale_sound"}),
    ("assessments", 0, "minimum_5", 7, {"is_scale_sound"}),
    ("assessments", 0, "minimum_3", pd.NA, {"is_scale_sound", "scale_known"}),
    ("assessments", 0, "scale_source", "refused", {"scale_not_refused"}),
    ("assessments", 0, "rows_count", 13, {"is_rows_count_true"}),
    ("tasks", 0, "position", 2, {"keys_unique"}),
    ("tasks", 2, "position", 4, {"is_position_continuous"}),
    ("tasks", 0, "maximum_score", 0, {"maximum_score_range"}),
    ("tasks", 0, "maximum_score", pd.NA, {"maximum_score_known"}),
    ("tasks", 0, "maximum_source", "observed", {"maximum_described"}),
    ("tasks", 0, "difficulty_level", pd.NA, {"difficulty_level_known"}),
    ("tasks", 0, "skill", pd.NA, {"skill_known"}),
    ("published_results", 0, "item", "3", {"keys_unique"}),
    ("published_results", 0, "value_percent", 101.0, {"value_percent_range", "is_sum_hundred"}),
    ("published_results", 0, "value_percent", 15.0, {"is_sum_hundred"}),
    ("published_results", 0, "value_count", -1, {"value_count_range"}),
    ("published_results", 0, "unit_code", pd.NA, {"unit_code_known"}),
    ("coverage", 1, "school_code", "edu990001", {"keys_unique"}),
    ("coverage", 1, "school_code", "edu999999", {"has_known_school"}),
    ("coverage", 1, "participants_count", 7, {"is_counts_true"}),
    ("coverage", 1, "rows_count", 0, {"is_counts_true", "is_state_true"}),
    ("coverage", 1, "state", "absent_only", {"not_absent_only"}),
    ("coverage", 1, "enrolled_count", 5, {"is_within_enrolled"}),
    ("coverage", 1, "enrolled_count", 6, set()),
    ("result_summary", 0, "unit_code", "edu990002", {"keys_unique"}),
    (
        "result_summary",
        0,
        "assessment_id",
        "vpr-2021-spring:5:russian:base",
        {"has_known_assessment", "is_cross_footed"},
    ),
    ("result_summary", 0, "mark_2_share", 0.9, {"is_shares_sum_one"}),
    ("result_summary", 0, "mark_2_count", 5, {"is_marks_sum_true"}),
    ("result_summary", 0, "mean_percent", 101.0, {"is_mean_possible"}),
    ("result_summary", 3, "participants_count", 13, {"is_cross_footed"}),
    ("result_summary", 2, "participants_count", 13, {"is_cross_footed"}),
]


@pytest.mark.parametrize(("table", "row", "column", "value", "expected"), FAULTS)
def test_each_fault_fails_its_expectation_and_no_other(tables, table, row, column, value, expected) -> None:
    spoiled = {**tables, table: change(tables[table], row, column, value)}
    wanted = {table, "schools", "municipalities", "assessments", "works"} if table != "works" else set(tables)
    own = {name for name, _ in [(table, None)]}
    results = failed({name: spoiled[name] for name in wanted | own}, SuiteOptions(blocking_share=0.01, only=(table,)))
    assert {name for _, name in results} == expected


def test_each_flag_fails_the_expectation_of_its_name(tables) -> None:
    works = tables["works"].assign(**{flag: [True, *[False] * 11] for flag in FLAG_COLUMNS})
    lost = failed({"works": works}, SuiteOptions(blocking_share=0.01))
    assert lost == {("works", flag) for flag in FLAG_COLUMNS}


def test_a_municipality_repeated_is_found(tables) -> None:
    twice = pd.concat([tables["municipalities"]] * 2, ignore_index=True)
    assert ("municipalities", "municipality_code_unique") in failed({"municipalities": twice})


def test_more_marks_than_participants(tables) -> None:
    summary = change(change(tables["result_summary"], 0, "marked_count", 7), 0, "mark_2_count", 7)
    assert failed({"result_summary": summary}) == {("result_summary", "is_marked_within_participants")}


def test_an_impossible_share(tables) -> None:
    summary = change(change(tables["result_summary"], 0, "mark_2_share", 1.1), 0, "mark_3_share", -0.1)
    assert ("result_summary", "mark_2_share_range") in failed({"result_summary": summary})


def test_a_task_too_many_and_a_foreign_task(tables) -> None:
    fewer = {"tasks": tables["tasks"].iloc[:2], "assessments": tables["assessments"]}
    assert failed(fewer, SuiteOptions(only=("tasks",))) == {("tasks", "is_task_count_true")}
    foreign = tables["tasks"].assign(assessment_id="vpr-2021-spring:5:russian:base")
    lost = failed(fewer | {"tasks": foreign}, SuiteOptions(only=("tasks",)))
    assert lost == {("tasks", "has_known_assessment"), ("tasks", "is_task_count_true")}


def test_a_published_unit_without_value_or_participants(tables) -> None:
    published = tables["published_results"]
    empty = published.assign(value_percent=[float("nan"), 16.67, 33.33, 50.0], value_count=[pd.NA, 1, 2, 3])
    assert failed({"published_results": PUBLISHED_RESULTS.conform(empty)}) == {("published_results", "has_value")}
    nobody = published.assign(value_percent=0.0, value_count=0)
    assert failed({"published_results": nobody}) == set()
    participants = published.iloc[:1].assign(measure="participants", value_percent=float("nan"))
    assert failed({"published_results": participants}) == set()


def test_a_gap_in_coverage_warns_and_a_work_drawn_at_random_does_not(tables) -> None:
    blank = {"rows_count": 0, "participants_count": 0, "classes_count": 0, "state": "missing"}
    gap = tables["coverage"].copy()
    for column, value in blank.items():
        gap.loc[1, column] = value
    assert failed({"coverage": gap}) == {("coverage", "is_gap")}
    gap["is_expected"] = pd.array([True, pd.NA], dtype="boolean")
    assert failed({"coverage": COVERAGE.conform(gap)}) == set()


def test_a_foreign_work_in_coverage(tables) -> None:
    foreign = change(tables["coverage"], 0, "assessment_id", "vpr-2021-spring:5:russian:base")
    wanted = {"coverage": foreign, "assessments": tables["assessments"]}
    assert failed(wanted, SuiteOptions(only=("coverage",))) == {("coverage", "has_known_assessment")}


def test_empty_tables_fail_only_where_a_year_needs_rows() -> None:
    empty = {name: TABLES[name].empty() for name in suites() if name in TABLES}
    lost = failed(empty)
    assert lost == {(name, "is_not_empty") for name in ("schools", "assessments", "result_summary")}


def test_a_year_without_any_work_is_blocked(tables) -> None:
    results = run({"works": pd.DataFrame(), "schools": tables["schools"], "assessments": tables["assessments"]})
    lost = blocking_failures(results)
    assert ("works", "is_not_empty") in set(zip(lost["table_name"], lost["expectation"], strict=True))


def test_the_share_decides_whether_impossible_scores_block(tables) -> None:
    works = {"works": tables["works"].assign(is_over_maximum=[True, *[False] * 11])}
    assert failed(works, SuiteOptions(blocking_share=0.1)) == set()
    lost = run(works, SuiteOptions(blocking_share=0.08))
    assert blocking_failures(lost)["expectation"].tolist() == ["is_over_maximum"]


def test_a_warning_never_blocks(tables) -> None:
    results = run({"works": tables["works"].assign(has_sum_mismatch=True)})
    assert blocking_failures(results).empty
    assert not results["is_passed"].all()


def test_a_missing_column_is_a_failure_that_says_so(tables) -> None:
    results = run({"tasks": tables["tasks"].drop(columns="skill")}).set_index("expectation")
    assert not results.loc["skill_known", "is_passed"]
    assert results.loc["skill_known", "observed"] == "проверить не удалось: нет столбца или неверный тип"


def test_references_are_left_out_without_their_table(tables) -> None:
    names = set(run({"works": tables["works"]})["expectation"])
    assert "has_known_school" not in names
    assert "is_status_true" in names


def test_only_the_wanted_tables_are_judged(tables) -> None:
    assert set(run(tables, SuiteOptions(only=("tasks",)))["table_name"]) == {"tasks"}
    assert run({"quality_findings": pd.DataFrame()}).empty


def test_flags_of_the_works_suite_exist(tables) -> None:
    made = set(COLUMN_MAKERS["works"](tables["works"], tables)) | set(tables["works"].columns)
    wanted = {spec.kwargs["column"] for spec in suites()["works"].expectations if "column" in spec.kwargs}
    assert wanted <= made


def test_data_docs_are_written_where_asked(tables, tmp_path) -> None:
    index = write_data_docs({"tasks": tables["tasks"]}, tmp_path / "docs")
    assert index == tmp_path / "docs" / "index.html"
    assert 'href="tasks.html"' in index.read_text("utf-8")
    assert "skill" in (tmp_path / "docs" / "tasks.html").read_text("utf-8")


def test_importing_the_room_does_not_import_great_expectations() -> None:
    modules = ["annotate", "page", "personal_data", "suites", "work_rules", "year_rules"]
    code = "; ".join(f"import oko_pipeline.validation.{name}" for name in modules)
    code += "; import sys; print([m for m in ('great_expectations', 'openpyxl') if m in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_nothing_is_written_to_the_home_folder(tables, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run({"schools": tables["schools"]})
    assert list(Path(tmp_path).iterdir()) == []


GOOD = """
table: works
title_ru: Работы
expectations:
  - {name: a, type: expect_x, kwargs: {}, title_ru: Т, severity: error, blocking: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("severity: error", "severity: fatal", "works.yaml, ожидание 1 (a), поле severity: «fatal»"),
        ("severity: error", "severity: warning", "поле blocking: блокирует только тяжесть error"),
        ("type: expect_x", "type: guess", "поле type: «guess»"),
        ("name: a, ", "", "ожидание 1 (без имени): нет поля name"),
        ("name: a", "nome: a", "лишнее поле nome"),
        ("blocking: true", "blocking: 1", "поле blocking: ожидался тип bool"),
        ("blocking: true", "blocking: true, allowed_share: 1.0", "поле allowed_share: ожидалось число от 0 до 1"),
        ("blocking: true", "blocking: true, allowed_share_option: only", "нет настройки «only»"),
        ("{name: a", "- {name: a", "ожидание 1: ожидались поля name, type"),
        ("table: works", "table: 5", "works.yaml, поле table: ожидался текст"),
        ("title_ru: Работы", "title_ru: ''", "works.yaml, поле title_ru: ожидался текст"),
        ("expectations:", "expectations: {", "works.yaml: не читается как YAML"),
        ("expectations:", "expectation:", "works.yaml: ожидались поля table, title_ru и список expectations"),
    ],
)
def test_faults_of_a_suite_name_file_and_field(old, new, fault) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_suites({"works.yaml": GOOD.replace(old, new, 1)})
    assert fault in str(caught.value)


def test_all_faults_are_told_at_once_with_repetitions() -> None:
    line = GOOD.strip().splitlines()[-1]
    with pytest.raises(CatalogueError) as caught:
        load_suites({"a.yaml": GOOD + line, "b.yaml": GOOD.replace("severity: error", "severity: fatal")})
    told = str(caught.value)
    assert "a.yaml, поле name: «a» повторено" in told
    assert "b.yaml, ожидание 1 (a), поле severity" in told
    assert "b.yaml, поле table: набор для «works» уже есть" in told


def test_a_sound_suite_is_read() -> None:
    suite = load_suites({"works.yaml": GOOD})["works"]
    assert (suite.name, suite.title_ru, suite.expectations[0].blocking) == ("works", "Работы", True)
