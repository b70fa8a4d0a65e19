"""A program that is killed at any of its writes leaves no half slice, and a second run makes all whole."""

import shutil

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oko_pipeline.catalogue.tables import SCORE_DISTRIBUTION, SLICES
from oko_pipeline.errors import StorageError
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.records_store import RecordsStore
from resources.report_store import ReportStore
from tests.faults.power import PowerCut, power, stands

YEAR = "2020-2021"
WORKS = [f"vpr-2021-spring:{grade}:mathematics:base" for grade in (4, 5)]


def rows(assessment_id, counts):
    return pd.DataFrame(
        {
            "school_year": YEAR, "assessment_id": assessment_id, "unit_level": "all", "unit_code": "all",
            "score": range(len(counts)), "participants_count": counts, "share": [n / sum(counts) for n in counts],
        }
    )  # fmt: skip


def memory(made_from):
    return pd.DataFrame(
        {
            "school_year": YEAR, "table_name": "score_distribution", "slice_key": WORKS, "input_sha256": made_from,
            "rows_count": 2, "written_at": "2021-12-01T10:00:00Z",
        }
    )  # fmt: skip


def program(home, counts):
    """Do what a stage does: people's rows, then tables with the memory of what they were made from, then a document."""
    database = Database(f"sqlite:///{home / 'oko.sqlite'}")
    try:
        where = {"school_year": YEAR, "table_name": "score_distribution"}
        known = set(database.read(SLICES, where, ["input_sha256"])["input_sha256"])
        if known != {str(counts)}:
            RecordsStore(home / "restricted").write(YEAR, "people", pd.DataFrame({"person_id": ["a"], "n": counts[:1]}))
            with database.transaction():
                frame = pd.concat([rows(work, counts) for work in WORKS], ignore_index=True)
                wheres = [{"school_year": YEAR, "assessment_id": work} for work in WORKS]
                database.replace_each(SCORE_DISTRIBUTION, frame, wheres)
                database.replace(SLICES, memory(str(counts)), where)
        ReportStore(home / "reports").write("Справка.html", f"<p>{counts}</p>".encode())
    finally:
        database.close()


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Return a home after a first run, the calls of the second, and what it leaves undisturbed."""
    root = tmp_path_factory.mktemp("kills")
    program_at = root / "first"
    program_at.mkdir()
    program(program_at, [3, 5])
    done = root / "done"
    shutil.copytree(program_at, done)
    with power() as source:
        program(done, [4, 6])
    return program_at, tuple(source.calls), stands(done), root / "tried"


def test_the_scope_writes_in_every_way(homes):
    assert set(homes[1]) == {"table", "rename", "commit", "file"}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_killed_run_is_finished_by_the_next_one(homes, data):
    before, calls, wanted, home = homes
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(before, home)
    with power(data.draw(st.integers(0, len(calls) - 1))), pytest.raises(PowerCut):
        program(home, [4, 6])
    found = stands(home)
    # All of the old slices or all of the new ones, with the memory that belongs to them.
    assert (found["score_distribution"], found["slices"]) in (
        (stands(before)["score_distribution"], stands(before)["slices"]),
        (wanted["score_distribution"], wanted["slices"]),
    )
    program(home, [4, 6])
    again = {name: content for name, content in stands(home).items() if not name.endswith(".partial")}
    assert again == wanted


def test_a_full_disk_leaves_the_former_slice_and_is_told_in_russian(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'oko.sqlite'}")
    database.append(SCORE_DISTRIBUTION, rows(WORKS[0], [3, 5]))
    pages = database.engine
    with pages.connect() as connection:
        full = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={full}")
    with pytest.raises(StorageError, match="Кончилось место на диске"):
        database.replace(
            SCORE_DISTRIBUTION, rows(WORKS[0], [1] * 20000), {"school_year": YEAR, "assessment_id": WORKS[0]}
        )
    assert database.read(SCORE_DISTRIBUTION)["participants_count"].tolist() == [3, 5]
    database.close()


def test_a_database_that_is_no_database_is_refused_with_the_way_back(tmp_path):
    (tmp_path / "oko.sqlite").write_bytes(b"not a database at all" * 500)
    database = Database(f"sqlite:///{tmp_path / 'oko.sqlite'}")
    with pytest.raises(StorageError, match="oko restore"):
        database.read(SLICES)
    database.close()
