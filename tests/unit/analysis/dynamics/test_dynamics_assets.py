"""The assets of change and risk: computed when something under them changed, and only then."""

import numpy as np
import pandas as pd
import pytest

from assets.dynamics import rule_groups, write_dynamics, write_risk, years_until
from assets.inputs import record_slices
from bench.calibration_dynamics import Plan, simulate
from oko_pipeline.catalogue.tables import ASSESSMENTS, RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_dynamics import RESULT_DYNAMICS, RISK_CARDS, RISK_SIGNALS, SERIES_BREAKS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

YEARS = ("2023-2024", "2024-2025")


@pytest.fixture
def office(tmp_path):
    made = open_workplace(Settings.load(home=tmp_path, workers=1))
    region = simulate(Plan(schools=24, works=2, years=YEARS), 7)
    for year in YEARS:
        where = {"school_year": year}
        made.database.replace(RESULT_SUMMARY, whole_rows(region.summaries.query("school_year == @year")), where)
        made.database.replace(ASSESSMENTS, region.assessments.query("school_year == @year"), where)
        made.database.replace(SCHOOLS, region.schools.assign(school_year=year), where)
        record(made, year, "1")
    yield made
    made.close()


def whole_rows(rows):
    rest = {
        name: "lt50" if name == "size_tier" else 0 if name.endswith("_count") else np.nan
        for name in RESULT_SUMMARY.column_names
        if name not in rows.columns
    }
    return rows.assign(**rest)


def record(office, year, inputs):
    record_slices(office, year, RESULT_SUMMARY.name, {"one": (inputs, 1)})


def test_the_tables_of_a_year_are_made_once(office):
    assert write_dynamics(office, YEARS[1])
    assert write_risk(office, YEARS[1])
    points = office.database.read(RESULT_DYNAMICS, {"school_year": YEARS[1]})
    assert set(points["school_year"]) == {YEARS[1]}
    assert points["is_comparable"].any()
    assert len(office.database.read(RISK_CARDS, {"school_year": YEARS[1]})) == 24
    assert not write_dynamics(office, YEARS[1])
    assert not write_risk(office, YEARS[1])


def test_new_results_of_an_earlier_year_renew_the_change(office):
    write_dynamics(office, YEARS[1])
    record(office, YEARS[0], "2")
    assert write_dynamics(office, YEARS[1])


def test_another_scale_of_an_earlier_year_renews_the_change_and_breaks_the_series(office):
    write_dynamics(office, YEARS[1])
    where = {"school_year": YEARS[0]}
    office.database.replace(ASSESSMENTS, office.database.read(ASSESSMENTS, where).assign(minimum_3=7), where)
    assert write_dynamics(office, YEARS[1])
    breaks = office.database.read(SERIES_BREAKS, {"school_year": YEARS[1]})
    assert set(breaks["kind"]) == {"scale"}


def test_a_year_keeps_its_rows_when_another_is_made(office):
    for year in YEARS:
        write_risk(office, year)
    assert set(office.database.read(RISK_SIGNALS)["school_year"]) == set(YEARS)


def test_without_rule_groups_schools_are_grouped_by_kind_and_settlement(office):
    schools = pd.DataFrame(
        {
            "school_year": ["2023-2024", "2024-2025", "2024-2025"],
            "school_code": ["edu990001", "edu990001", "ksh990001"],
            "school_kind": ["general", "general", "correctional"],
            "settlement_type": ["село", "город", None],
        }
    )
    groups = rule_groups(office, YEARS[1], schools).set_index("school_code")
    assert groups["group_code"].dropna().to_dict() == {"edu990001": "general|город"}
    assert groups["is_excluded"].to_dict() == {"edu990001": False, "ksh990001": True}


def test_only_years_of_the_catalogue_up_to_the_wanted_are_read():
    assert years_until("2022-2023", 3) == ["2020-2021", "2021-2022", "2022-2023"]
    assert years_until("2020-2021", 5) == ["2020-2021"]
