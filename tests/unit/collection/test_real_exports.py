"""All real exports beside the checkout give the known answers, to the last row. Aggregates only, never rows."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, read_source
from oko_pipeline.collection.schools import build_schools
from tests.unit.collection.workbooks import KEY

REAL = Path(__file__).parents[4] / "shared" / "real"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (REAL / "expected_vpr.csv").exists(), reason="the real exports are not beside the checkout"),
]


@pytest.fixture(scope="module")
def expected():
    with (REAL / "expected_vpr.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def readings(expected):
    listed = {file.path: file for file in scan_inbox(REAL)}
    options = ReadOptions(KEY)
    return {row["file"]: read_source(REAL, listed[row["file"]], options) for row in expected}


@pytest.fixture(scope="module")
def scales():
    with (REAL / "vpr_scales_2021.csv").open(encoding="utf-8") as stream:
        return {(row["grade"], row["subject"]): row for row in csv.DictReader(stream)}


def counted(works):
    """Return the figures of the answer sheet that depend on reading alone."""
    rows = works.rows
    is_scored = (rows["status"] == "scored").to_numpy()
    scores = works.task_scores()[is_scored]
    totals = rows.loc[is_scored, "primary_score"].to_numpy(dtype=float)
    return {
        "rows": len(rows),
        "schools": rows["school_code"].nunique(),
        "absent": (rows["status"] == "absent").sum(),
        "scored": is_scored.sum(),
        "task_columns": scores.shape[1],
        "mean_total": round(totals.mean(), 4),
        "sd_total": round(totals.std(ddof=1), 4),
        "sum_mismatch": (np.maximum(scores, 0).sum(axis=1) != totals).sum(),
        "not_attempted_cells": (scores == TaskCode.NOT_ATTEMPTED).sum(),
        "not_taught_cells": (scores == TaskCode.NOT_TAUGHT).sum(),
        "journal_marks": rows.loc[is_scored, "journal_mark"].notna().sum(),
    }


def marked(works, scale):
    """Return marks by the scale (totals above the maximum left out) and their agreement with the journal."""
    rows = works.rows[works.rows["status"] == "scored"]
    minima = [int(scale[f"min{mark}"]) for mark in (3, 4, 5)]
    within = rows[rows["primary_score"] <= int(scale["max"])]
    marks = 2 + np.searchsorted(minima, within["primary_score"].to_numpy(dtype=int), side="right")
    both = within["journal_mark"].notna().to_numpy()
    gap = marks[both] - within.loc[both, "journal_mark"].to_numpy(dtype=int)
    found = {f"marks_{mark}": (marks == mark).sum() for mark in (2, 3, 4, 5)}
    return found | {
        "total_over_max": len(rows) - len(within),
        "lower": (gap < 0).sum(),
        "same": (gap == 0).sum(),
        "higher": (gap > 0).sum(),
    }


def differences(row, found):
    return [
        f"{row['file']} {name}: {value} instead of {row[name]}"
        for name, value in found.items()
        if not np.isclose(float(value), float(row[name]), rtol=0, atol=5e-5)
    ]


def test_every_file_gives_the_known_answers(expected, readings):
    assert len(expected) == 79
    assert {reading.status for reading in readings.values()} == {"accepted"}
    wrong = [line for row in expected for line in differences(row, counted(readings[row["file"]].reading.works))]
    assert wrong == []


def test_marks_by_scale_and_agreement_with_the_journal_are_known(expected, readings, scales):
    rows = [row for row in expected if row["marks_2"]]
    assert len(rows) > 20
    wrong = [
        line
        for row in rows
        for line in differences(
            row, marked(readings[row["file"]].reading.works, scales[row["paper_grade"], row["subject"]])
        )
    ]
    assert wrong == []


def test_no_row_is_lost_and_every_fault_has_a_cell(readings):
    for result in readings.values():
        reading = result.reading
        assert reading.read_rows_count == reading.accepted_rows_count
        assert all(finding.cell for finding in reading.findings)
        assert reading.works.rows.equals(reading.works.checked().rows)


@pytest.mark.parametrize(
    ("campaign_code", "share"), [("vpr-2020-autumn", 0.99), ("vpr-2021-spring", 0.98), ("vpr-2022-spring", 0.5)]
)
def test_works_of_a_pupil_link_within_a_campaign(readings, campaign_code, share):
    pupils = pd.concat(
        works.rows["pupil_id"]
        for reading in readings.values()
        if (works := reading.reading.works).key.campaign_code == campaign_code
    ).value_counts()
    assert (pupils >= 2).mean() >= share


def test_schools_of_all_years_are_the_same_schools(readings):
    mentions = pd.concat(
        [
            one.reading.tables["school_mentions"].assign(
                school_year=one.reading.school_year, file_sha256=one.file_sha256
            )
            for one in readings.values()
        ],
        ignore_index=True,
    )
    registry = build_schools(mentions, "2020-2021")
    assert len(registry.schools) == 31
    assert len(registry.municipalities) == 3
    assert registry.municipalities["municipality_code"].str.startswith("reg99_m").all()
    assert set(registry.school_crosswalk["method"]) <= {"login", "login_alias"}
    assert [finding.rule_id for finding in registry.findings] == []
