"""The masked real exports of a region, from files to tables: every known number is reproduced.

The exports are not part of the project; without them beside the checkout these tests are skipped.
"""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from oko_pipeline.catalogue.subjects import find_subject
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    COVERAGE,
    FILES,
    QUALITY_FINDINGS,
    RESULT_SUMMARY,
    TASK_RESULTS,
)
from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.works_store import WorksStore

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
PARTS = ("vpr", "context", "task_descriptions")
CAMPAIGNS = {2020: "vpr-2020-autumn", 2021: "vpr-2021-spring", 2022: "vpr-2022-spring"}
GEOGRAPHY_8 = "vpr-2021-spring:8:geography:base"
# The printed scale of grade 8 geography overlaps and is refused; this is the reading the expected numbers were made by.
CONFIRMED_SCALE = (
    "year,grade,subject,min3,min4,min5,max,основание\n2021,8,География,13,27,35,40,решение рабочей группы\n"
)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not REAL.is_dir(), reason="the masked real exports are not beside this checkout"),
]


def silent(_step, _ended, _total):
    pass


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return the tables of both years made from the real exports with one confirmed scale."""
    home = tmp_path_factory.mktemp("real") / "home"
    for part in PARTS:
        shutil.copytree(REAL / part, home / "inbox" / part)
    shutil.copy(REAL / "vpr_scales_2021.csv", home / "inbox")
    (home / "inbox" / "шкала география 8.csv").write_text(CONFIRMED_SCALE, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
        patch.setenv("OKO_WORKERS", "2")
        settings = Settings.load(home=home)
        for year in ("2020-2021", "2021-2022"):
            summary = run_year(settings, year, silent, "tables_only")
            assert (summary.error, summary.blocking) == (None, [])
    database = Database(settings.sqlalchemy_url)
    found = {
        t.name: database.read(t) for t in (ASSESSMENTS, COVERAGE, FILES, QUALITY_FINDINGS, RESULT_SUMMARY, TASK_RESULTS)
    }
    database.close()
    store = WorksStore(settings.restricted_folder)
    found["journal_marks"] = {
        key: int(((rows["status"] == "scored") & rows["journal_mark"].isin([2, 3, 4, 5])).sum())
        for year in ("2020-2021", "2021-2022")
        for key in store.assessment_ids(year)
        for rows in [store.read(year, key, ["status", "journal_mark"]).rows]
    }
    return found


@pytest.fixture(scope="module")
def expected():
    known = pd.read_csv(REAL / "expected_vpr.csv")
    keys = [
        f"{CAMPAIGNS[year]}:{grade}:{find_subject(subject).subject_code}:base"
        for year, grade, subject in zip(known["year"], known["paper_grade"], known["subject"], strict=True)
    ]
    return known.assign(assessment_id=keys).set_index("assessment_id")


def test_all_files_of_works_are_recognised(tables, expected):
    files = tables["files"]
    works = files[files["assessment_id"].notna()]
    assert len(works) == len(expected) == 79
    assert set(works["status"]) == {"accepted"}
    assert dict(zip(works["path"], works["assessment_id"], strict=True)) == {
        file: key for key, file in expected["file"].items()
    }


def test_every_known_number_is_reproduced(tables, expected):
    everyone = tables["result_summary"]
    everyone = everyone[(everyone["unit_level"] == "all") & (everyone["subgroup"] == "all")].set_index("assessment_id")
    tasks = tables["task_results"]
    tasks = (
        tasks[tasks["unit_level"] == "all"].groupby("assessment_id")[["not_attempted_count", "not_taught_count"]].sum()
    )
    computed = pd.DataFrame(
        {
            "rows": tables["assessments"].set_index("assessment_id")["rows_count"],
            "schools": tables["coverage"].groupby("assessment_id")["rows_count"].agg(lambda rows: (rows > 0).sum()),
            "absent": everyone["absent_count"],
            "scored": everyone["participants_count"],
            "task_columns": tables["assessments"].set_index("assessment_id")["task_count"],
            "mean_total": everyone["mean_score"].round(4),
            "sd_total": everyone["sd_score"].round(4),
            "sum_mismatch": everyone["sum_mismatch_count"],
            "not_attempted_cells": tasks["not_attempted_count"],
            "not_taught_cells": tasks["not_taught_count"],
            "journal_marks": pd.Series(tables["journal_marks"]),
            "marks_2": everyone["mark_2_count"],
            "marks_3": everyone["mark_3_count"],
            "marks_4": everyone["mark_4_count"],
            "marks_5": everyone["mark_5_count"],
            "total_over_max": everyone["over_maximum_count"],
            "lower": everyone["journal_lower_count"],
            "same": everyone["journal_same_count"],
            "higher": everyone["journal_higher_count"],
        }
    ).reindex(expected.index)
    differences = [
        (key, column, expected.loc[key, column], computed.loc[key, column])
        for column in computed.columns
        for key in expected.index
        if pd.notna(expected.loc[key, column])
        and not abs(float(expected.loc[key, column]) - float(computed.loc[key, column])) < 5e-4
    ]
    assert differences == []


def test_every_sum_mismatch_is_listed_with_its_cell(tables, expected):
    findings = tables["quality_findings"]
    mismatches = findings[findings["rule_id"] == "work.sum_mismatch"]
    assert mismatches["cell"].notna().all()
    assert (
        mismatches.groupby("assessment_id").size().reindex(expected.index, fill_value=0).to_dict()
        == expected["sum_mismatch"].to_dict()
    )


def test_the_printed_overlap_is_refused_and_only_a_person_settles_it(tables):
    findings = tables["quality_findings"]
    assert (findings["rule_id"] == "scale.overlap").sum() == 1
    assessments = tables["assessments"].set_index("assessment_id")
    assert assessments.loc[GEOGRAPHY_8, "scale_source"] == "confirmed"
