"""One small year on SQLite and on PostgreSQL, Dagster's storage there too: every table is the same, row by row."""

import time

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.orchestration.backup import make_backup, restore_backup
from oko_pipeline.orchestration.year_run import prepare_dagster_home, run_year
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database

YEAR = "2020-2021"
# What tells one run from another, not one result from another; what a document says is compared by `context_sha256`.
BY_RUN = {
    "documents": {"file_sha256"},
    "document_issues": {"file_sha256"},
    "quality_results": {"run_id"},
    "data_access_log": {"entry_id"},
    # Of tables that keep no slices the fingerprint is of the frame as it was read, whose types may differ by database.
    "slices": {"input_sha256"},
}


def silent(_step, _ended, _total):
    pass


def rows_of(settings):
    """Return all tables without what tells one run from another: its time and number, the bytes of the file."""
    database = Database(settings.sqlalchemy_url)
    tables = {}
    for name, table in all_tables().items():
        by_run = BY_RUN.get(name, set())
        times = {column.name for column in table.columns if column.type is ColumnType.TIMESTAMP}
        kept = [column for column in table.column_names if column not in by_run | times]
        rows = database.read(table)[kept]
        # Where the key itself is of the run the order says nothing.
        is_ordered = by_run.isdisjoint(table.key)
        tables[name] = rows if is_ordered else rows.sort_values(kept).reset_index(drop=True)
    database.close()
    return tables


def table_rows(url, query):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).scalar_one()
    engine.dispose()
    return found


@pytest.fixture
def homes(tmp_path):
    # One inbox for both: a file is also known by its place on the disk.
    write_sample(tmp_path / "inbox", SampleOptions(schools=2, school_years=(YEAR,)))
    return tmp_path


def test_a_year_is_the_same_on_both_and_comes_back_from_a_backup(homes, postgres_url, record_property, monkeypatch):
    monkeypatch.delenv("OKO_DAGSTER_STORAGE", raising=False)
    monkeypatch.setenv("OKO_INBOX", str(homes / "inbox"))
    seconds = {}
    both = {}
    for name, url in (("sqlite", f"sqlite:///{homes / 'oko.sqlite'}"), ("server", postgres_url)):
        monkeypatch.setenv("OKO_DATABASE_URL", url)
        both[name] = settings = Settings.load(home=homes / name)
        started, used = time.perf_counter(), time.process_time()
        summary = run_year(settings, YEAR, silent)
        seconds[name] = (time.perf_counter() - started, time.process_time() - used)
        assert summary.error is None
        assert summary.documents
    record_property("seconds", seconds)
    one, other = rows_of(both["sqlite"]), rows_of(both["server"])
    assert len(one) == len(all_tables())
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name], check_exact=True, obj=name)
    print(f"tables {len(one)}, rows {sum(map(len, one.values()))}, seconds {seconds}")  # noqa: T201 (for `pytest -s`)

    # Dagster keeps its log on the server, not in files.
    server = both["server"]
    events = table_rows(postgres_url, "SELECT count(*) FROM dagster.event_logs")
    assert events > 100
    assert not (server.dagster_folder / "history").exists()
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(server))) as instance:
        assert [run.status for run in instance.get_runs()] != []
    assert "oko@" not in (server.dagster_folder / "dagster.yaml").read_text("utf-8")

    copy = make_backup(server, homes / "copy").folder
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM documents")
        connection.exec_driver_sql("DELETE FROM dagster.event_logs")
        connection.exec_driver_sql("CREATE TABLE somebody_elses (id int)")
    engine.dispose()
    restore_backup(server, copy, replace=True)
    for name, frame in rows_of(server).items():
        pd.testing.assert_frame_equal(frame, other[name], check_exact=True, obj=name)
    assert table_rows(postgres_url, "SELECT count(*) FROM dagster.event_logs") == events
    assert table_rows(postgres_url, "SELECT count(*) FROM somebody_elses") == 0
