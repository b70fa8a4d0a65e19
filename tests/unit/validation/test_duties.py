"""Who owes what in a year, by the schedule, the external lists and past assessments."""

from datetime import date

import pandas as pd

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.validation.duties import duties_of_year

YEAR = "2025-2026"
SCHOOLS = pd.DataFrame(
    {
        "school_code": ["edu990101", "edu990102", "edu990201"],
        "municipality_code": ["reg99_m101", "reg99_m101", "reg99_m102"],
    }
)


def register(name, *rows):
    return pd.DataFrame(list(rows)).reindex(columns=list(any_table(name).column_names))


def scheduled(procedure, **rest):
    return {"procedure": procedure, "planned_on": "2026-04-20", "status": "planned", **rest}


def duties(**registers):
    return duties_of_year(YEAR, SCHOOLS, registers)


def test_a_study_is_owed_by_the_schools_that_the_schedule_names_and_by_their_municipality():
    found = duties(procedure_schedule=register("procedure_schedule", scheduled("niko", school_code="edu990101")))
    assert found.listed["niko"] == {"edu990101", "reg99_m101"}


def test_a_row_of_the_municipality_names_all_its_schools_unless_it_is_about_a_sample():
    everybody = scheduled("municipal_diagnostics", municipality_code="reg99_m101")
    sample = scheduled("niko", municipality_code="reg99_m101", is_sample=True)
    found = duties(procedure_schedule=register("procedure_schedule", everybody, sample))
    assert found.listed["municipal_diagnostics"] == {"edu990101", "edu990102", "reg99_m101"}
    assert found.listed["niko"] == frozenset()


def test_a_cancelled_procedure_is_owed_by_nobody():
    row = scheduled("niko", school_code="edu990101") | {"status": "cancelled"}
    assert "niko" not in duties(procedure_schedule=register("procedure_schedule", row)).listed


def test_results_are_due_some_days_after_the_last_date_of_the_procedure():
    rows = [
        scheduled("vpr", school_code="edu990101"),
        scheduled("vpr", school_code="edu990102", held_on="2026-05-04"),
        scheduled("regional_diagnostics", school_code="edu990101"),
    ]
    found = duties(procedure_schedule=register("procedure_schedule", *rows))
    assert found.due == {"vpr": date(2026, 7, 3), "regional_diagnostics": date(2026, 5, 20)}
    assert "vpr" not in found.listed


def test_schools_of_external_lists_owe_causes_or_programmes_until_they_are_taken_off():
    rows = [
        {"list_kind": "bias", "school_code": "edu990101"},
        {"list_kind": "bias", "school_code": "edu990102", "is_excluded": True},
        {"list_kind": "shnor", "school_code": "edu990201"},
        {"list_kind": "shnor", "school_code": None},
    ]
    found = duties(external_lists=register("external_lists", *rows))
    assert found.listed == {"causes": {"edu990101"}, "support_programmes": {"edu990201"}}


def test_conditions_are_assessed_once_in_three_years():
    rows = [
        {"school_code": "edu990101", "assessed_year": 2021},
        {"school_code": "edu990101", "assessed_year": 2022},
        {"school_code": "edu990102", "assessed_year": 2023},
    ]
    found = duties(noko=register("noko", *rows))
    assert found.listed["noko"] == {"edu990101", "edu990201"}


def test_registers_that_have_not_come_add_no_duties():
    assert (duties().listed, duties().due) == ({}, {})
    assert duties(noko=register("noko")).listed == {}
