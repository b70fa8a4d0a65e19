"""SQLite with the UI, the daemon and a run at once: many writers take turns and nothing is lost."""

import multiprocessing
import sqlite3
import threading
from contextlib import closing

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.errors import StorageError
from oko_pipeline.storage import engine as engines
from oko_pipeline.storage.database import Database

WRITERS = 8
TRANSACTIONS = 200
YEAR = {"school_year": "2020-2021"}


def slice_row(table_name, slice_key, count):
    row = YEAR | {"table_name": table_name, "slice_key": slice_key, "input_sha256": "ab", "rows_count": count}
    return pd.DataFrame([row | {"written_at": "2021-06-01T00:00:00Z"}])


def count_up(database, key):
    """Read a number and write the next: lost as soon as two writers read the same one."""
    with database.transaction():
        found = database.read(SLICES, YEAR | key, ["rows_count"])["rows_count"]
        number = int(found.iloc[0]) + 1 if len(found) else 1
        database.replace(SLICES, slice_row(key["table_name"], key["slice_key"], number), YEAR | key)
    return number


def _write(path, name, results):
    database = Database(f"sqlite:///{path}")
    faults = []
    for number in range(TRANSACTIONS):
        try:
            count_up(database, {"table_name": "shared", "slice_key": "all"})
            database.append(SLICES, slice_row(name, str(number), number))
        except Exception as error:  # noqa: BLE001 (whatever it is, the test tells it)
            faults.append(repr(error))
    database.close()
    results.put(faults)


def test_eight_processes_write_at_once_and_no_write_is_lost(tmp_path):
    path = tmp_path / "oko.sqlite"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["oko_pipeline.storage.database"])
    results = context.Queue()
    # The database is not there yet: the writers also make it at once.
    processes = [context.Process(target=_write, args=(path, f"own{place}", results)) for place in range(WRITERS)]
    for process in processes:
        process.start()
    faults = [fault for _ in processes for fault in results.get(timeout=300)]
    for process in processes:
        process.join()
    assert faults == []
    database = Database(f"sqlite:///{path}")
    rows = database.read(SLICES)
    shared = rows["table_name"] == "shared"
    assert rows.loc[shared, "rows_count"].tolist() == [WRITERS * TRANSACTIONS]
    assert rows[~shared].groupby("table_name").size().tolist() == [TRANSACTIONS] * WRITERS
    database.close()


def test_threads_of_one_program_do_not_fall_into_each_others_transactions(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'oko.sqlite'}")
    seen = []
    with database.transaction():
        database.append(SLICES, slice_row("own", "a", 1))
        reader = threading.Thread(target=lambda: seen.append(len(database.read(SLICES))))
        reader.start()
        reader.join()
        assert len(database.read(SLICES)) == 1
    assert seen == [0]
    database.close()


def test_a_writer_waits_longer_than_the_drivers_own_patience(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_BUSY_TIMEOUT_MS", 1)
    path = tmp_path / "oko.sqlite"
    database = Database(f"sqlite:///{path}")
    database.engine  # noqa: B018
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.5, lambda: other.execute("COMMIT")).start()
        database.append(SLICES, slice_row("own", "a", 1))
    assert len(database.read(SLICES)) == 1
    database.close()


def test_a_writer_that_waits_in_vain_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_BUSY_TIMEOUT_MS", 1)
    monkeypatch.setattr(engines, "_PATIENCE_S", 0)
    path = tmp_path / "oko.sqlite"
    database = Database(f"sqlite:///{path}")
    database.engine  # noqa: B018
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert database.read(SLICES).empty
        with pytest.raises(StorageError, match="занята другой программой"):
            database.append(SLICES, slice_row("own", "a", 1))
        other.execute("ROLLBACK")
    database.append(SLICES, slice_row("own", "a", 1))
    database.close()
