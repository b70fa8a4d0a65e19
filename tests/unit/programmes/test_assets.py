"""The assets read the stores, write the tables and compute again only what changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from assets import programmes as assets
from assets.inputs import record_slices, slice_fingerprint
from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_RESULTS, SCHOOLS
from oko_pipeline.catalogue.tables_programmes import (
    CONFLICT_OF_INTEREST,
    DIRECTION_CHECKLIST,
    PROCEDURE_LOAD,
    ROADMAP_EXECUTION,
    ROADMAP_LEVELS,
    SELF_ASSESSMENT,
)
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.programmes.conftest import register

YEAR = "2024-2025"
DEFAULTS = {"is_name_known": True, "school_kind": "general", "region_code": "99", "municipality_code": "m1"}


class Day:
    """A clock that stands."""

    def __init__(self, day):
        self._now = datetime.fromisoformat(day).replace(tzinfo=UTC)

    def now(self):
        return self._now

    def timestamp(self):
        return self._now.isoformat()


@pytest.fixture
def office(tmp_path):
    settings = Settings.load(
        home=tmp_path, programmes="objectivity_roadmap,modern", pseudonym_key="0123456789abcdef", workers=1
    )
    workplace = open_workplace(settings, Day("2025-01-15"))
    schools = register(
        "schools",
        {**DEFAULTS, "school_year": YEAR, "school_code": "edu000001", "school_name": "Школа № 1"},
        {**DEFAULTS, "school_year": YEAR, "school_code": "edu000002", "school_name": "Школа № 2"},
    )
    workplace.database.replace(SCHOOLS, schools, {"school_year": YEAR})
    yield workplace
    workplace.close()


def keep(office, name, *rows, inputs="a"):
    """Write rows of a register as the collection would."""
    full = [
        {
            "record_id": str(place),
            "file_sha256": "f",
            "source_sheet": "Лист",
            "source_row": place,
            "school_year": YEAR,
            **row,
        }
        for place, row in enumerate(rows, 1)
    ]
    office.database.replace(any_table(name), register(name, *full), {"school_year": YEAR})
    record_slices(office, YEAR, name, {"year": (inputs, len(rows))})


def state(office, duty_id, unit):
    rows = office.database.read(ROADMAP_EXECUTION, {"school_year": YEAR, "duty_id": duty_id})
    return rows.set_index("unit_code").loc[unit, "state"]


TALKS = {
    "municipality_code": "m1",
    "event_number": "1",
    "kind": "interview",
    "direction": "objectivity",
    "held_on": "2024-11-02",
}


def test_execution_follows_registers_and_days(office):
    assert assets.write_execution(office, YEAR)
    assert state(office, "objectivity_roadmap:plan:1.5", "m1") == "not_due"
    assert not assets.write_execution(office, YEAR)
    keep(office, "events", TALKS)
    assert assets.write_execution(office, YEAR)
    assert state(office, "objectivity_roadmap:plan:1.5", "m1") == "partly"
    later = replace(office, clock=Day("2025-09-15"))
    assert assets.write_execution(later, YEAR)
    assert state(office, "objectivity_roadmap:plan:2.1", "edu000001") == "overdue"
    side_by_side = office.database.read(ROADMAP_LEVELS, {"school_year": YEAR})
    assert set(side_by_side["programme"]) == {"objectivity_roadmap", "modern"}


def judged(office, table, day="2025-01-20"):
    """Keep a result of a suite of a table, as a check does when it has run."""
    row = dict.fromkeys(QUALITY_RESULTS.column_names) | {
        "school_year": YEAR, "run_id": f"{table}@{day}", "checked_at": f"{day}T09:00:00Z", "suite": table,
        "table_name": table, "expectation": "is_choice_allowed", "title_ru": "Значения — из перечней",
        "is_passed": True, "is_blocking": False, "severity": "error", "checked_count": 1, "unexpected_count": 0,
    }  # fmt: skip
    office.database.append(QUALITY_RESULTS, pd.DataFrame([row]))
    record_slices(office, YEAR, "quality_results", {table: (day, 1)})


def test_checks_of_what_is_made_here_do_not_make_it_again_and_bound_ones_do(office):
    assets.write_execution(office, YEAR)
    judged(office, "roadmap_execution")
    assert not assets.write_execution(office, YEAR)
    judged(office, "works")
    assert assets.write_execution(office, YEAR)


def test_a_document_that_was_issued_makes_the_execution_again(office):
    assets.write_execution(office, YEAR)
    row = dict.fromkeys(DOCUMENTS.column_names, "—") | {
        "school_year": YEAR, "document_id": "municipality_note:m1", "kind": "municipality_note", "inputs": "[]",
        "unit_level": "municipality", "unit_code": "m1", "profile": "internal", "is_restricted": False,
        "issue_number": 1, "rendered_at": "2025-01-15T00:00:00Z",
    }  # fmt: skip
    office.database.append(DOCUMENTS, pd.DataFrame([row]))
    assert assets.write_execution(office, YEAR)


def test_a_new_day_without_a_term_keeps_what_depends_on_the_execution(office):
    """What is made after the roadmap is made again when its rows differ, not when a day has passed."""
    assets.write_execution(office, YEAR)
    before = slice_fingerprint(office, YEAR, ROADMAP_EXECUTION.name)
    assert assets.write_execution(replace(office, clock=Day("2025-01-16")), YEAR)
    assert slice_fingerprint(office, YEAR, ROADMAP_EXECUTION.name) == before
    assert assets.write_execution(replace(office, clock=Day("2025-09-15")), YEAR)
    assert slice_fingerprint(office, YEAR, ROADMAP_EXECUTION.name) != before


def test_data_that_came_and_a_table_made_of_it_serve_a_duty(office):
    came = register(
        "source_completeness",
        {
            "school_year": YEAR,
            "kind": "noko",
            "source_code": "noko",
            "unit_level": "school",
            "unit_code": "edu000001",
            "state": "accepted",
            "is_optional": False,
            "is_late": False,
            "files_count": 1,
            "rows_count": 1,
            "findings_count": 0,
        },
    )
    office.database.replace(SOURCE_COMPLETENESS, came, {"school_year": YEAR})
    keep(office, "noko", {"school_code": "edu000001"})
    assets.write_execution(office, YEAR)
    rows = office.database.read(ROADMAP_EXECUTION, {"school_year": YEAR, "duty_id": "modern:noko"})
    assert "Независимая" in " ".join(rows["served_from"].dropna())


def test_checklist_and_self_assessment_change_with_their_registers_only(office):
    assert assets.write_checklist(office, YEAR)
    assert assets.write_self_assessment(office, YEAR)
    keep(
        office,
        "decisions",
        {"school_code": "edu000001", "decision_number": "1", "direction": "talents", "cites_vpr_or_marks": True},
    )
    assert assets.write_checklist(office, YEAR)
    assert assets.write_self_assessment(office, YEAR)
    assert not assets.write_checklist(replace(office, clock=Day("2025-01-16")), YEAR)
    checks = office.database.read(DIRECTION_CHECKLIST, {"school_year": YEAR, "direction": "talents", "answer": "1"})
    assert checks["criterion"].tolist() == ["taken"]
    judged = office.database.read(SELF_ASSESSMENT, {"school_year": YEAR, "unit_code": "edu000001"}).set_index(
        "criterion"
    )
    assert judged.loc[[16, 17], "verdict"].tolist() == ["known", "not_met"]


def test_load_and_conflicts_are_found_from_the_stores(office):
    work = {
        "school_code": "edu000001",
        "grade": 5,
        "subject": "Математика",
        "is_whole_class": True,
        "minutes": 45,
        "status": "planned",
    }
    keep(
        office,
        "procedure_schedule",
        {**work, "procedure_number": "1", "planned_on": "2025-03-03"},
        {**work, "procedure_number": "2", "planned_on": "2025-03-03"},
    )
    assert assets.write_load(office, YEAR)
    assert not assets.write_load(office, YEAR)
    load = office.database.read(PROCEDURE_LOAD, {"school_year": YEAR})
    assert set(load.loc[load["is_exceeded"].astype(bool), "rule"]) == {"same_day", "subject_gap"}
    seat = {
        "school_year": YEAR,
        "record_id": "1",
        "person_id": "p",
        "school_code": "edu000001",
        "home_school": "Школа №1",
        "assigned_role": "observer",
        "procedure": "vpr",
        "assigned_subject": "russian",
        "held_on": "2025-04-15",
        "file_sha256": "f",
        "source_sheet": "Лист",
        "source_row": 1,
    }
    office.records.write(YEAR, "observer_assignments", register("observer_assignments", seat))
    record_slices(office, YEAR, "observer_assignments", {"year": ("a", 1)})
    assert assets.write_conflicts(office, YEAR)
    found = office.database.read(CONFLICT_OF_INTEREST, {"school_year": YEAR})
    assert found[["place_code", "conflict", "people_count"]].to_numpy().tolist() == [["edu000001", "own_school", 1]]


def test_only_different_combinations_are_read(office):
    rows = office.database.distinct(SCHOOLS, {"school_year": YEAR}, ["municipality_code"])
    assert rows["municipality_code"].tolist() == ["m1"]
    none = office.database.distinct(SCHOOLS, {"school_year": "1999-2000"}, ["municipality_code"])
    assert isinstance(none, pd.DataFrame)
    assert none.empty
