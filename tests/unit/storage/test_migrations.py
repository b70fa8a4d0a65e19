"""A database of every released schema becomes one of this version with its rows; a newer one is refused."""

import logging
import multiprocessing
import sqlite3
from contextlib import closing

import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import DOCUMENT_ISSUES, DOCUMENTS, SCHOOLS
from oko_pipeline.errors import StorageError
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.engine import make_engine
from oko_pipeline.storage.migrations import fitting, state
from oko_pipeline.storage.migrations import upgrade as upgrades
from oko_pipeline.storage.schema import build_metadata
from tests.unit.storage.released import DOCUMENT, SCHOOL, code_tables, make_released, schema_of


@pytest.fixture
def released(tmp_path):
    path = tmp_path / "oko.sqlite"
    make_released(path)
    return path


def opened(path):
    database = Database(f"sqlite:///{path}")
    database.engine  # noqa: B018
    return database


def copies(path):
    return sorted(path.parent.glob(f"{path.name}.r*"))


def test_an_upgraded_schema_is_the_schema_of_a_new_database(released, tmp_path):
    upgraded, new = opened(released), opened(tmp_path / "new.sqlite")
    names = set(all_tables())
    assert schema_of(upgraded.engine, names) == schema_of(new.engine, names)
    with closing(sqlite3.connect(released)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'"
        assert {name for (name,) in connection.execute(query)} <= state.OWN_TABLES
    upgraded.close()
    new.close()


def test_rows_are_kept_and_documents_become_their_own_first_issues(released, caplog):
    with caplog.at_level(logging.WARNING):
        database = opened(released)
    document = database.read(DOCUMENTS).iloc[0]
    assert document["document_id"] == DOCUMENT[1]
    assert (document["profile"], bool(document["is_restricted"]), document["issue_number"]) == ("school", False, 1)
    assert pd.isna(document["pack_path"])
    issue = database.read(DOCUMENT_ISSUES).iloc[0]
    assert (issue["file_sha256"], issue["issue_number"], issue["changes_count"]) == ("bb22", 1, 0)
    assert database.read(SCHOOLS)["school_name"].tolist() == [SCHOOL[2]]
    assert "обновлена с ревизии 0001 до " + state.HEAD in caplog.text
    database.close()


def test_the_old_file_stands_beside_the_upgraded_one(released, caplog):
    opened(released).close()
    (copy,) = copies(released)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT * FROM documents").fetchall() == [DOCUMENT]
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'public_cells'").fetchone() == (0,)
    opened(released).close()
    assert copies(released) == [copy]


def test_tables_do_not_change_without_a_revision(tmp_path):
    """Fails when a table in code changes: write a revision (docs/upgrade.md)."""
    engine = make_engine(f"sqlite:///{tmp_path / 'revisions.sqlite'}")
    with engine.begin() as connection:
        upgrades.upgrade(connection, state.HEAD)
    known = code_tables()

    def is_ours(entry, name, kind, reflected, other):
        return kind != "table" or name in known

    with engine.connect() as connection:
        options = {"include_object": is_ours, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, build_metadata()) == []
    engine.dispose()


def test_the_program_knows_the_last_revision():
    config = Config()
    config.set_main_option("script_location", str(upgrades.files("oko_pipeline.storage.migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [state.HEAD]
    assert list(upgrades.revisions())[-1] == state.HEAD


def test_a_newer_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "oko.sqlite"
    opened(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999'")
        connection.execute("UPDATE schema_state SET fingerprint = 'of another version'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"более новой версией программы: ревизия 9999"):
        opened(path)
    assert path.read_bytes() == before
    assert copies(path) == []


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(released, monkeypatch):
    def fail(*_):
        raise StorageError("нет")

    monkeypatch.setattr(fitting, "fit", fail)
    with pytest.raises(StorageError, match="нет"):
        opened(released)
    with closing(sqlite3.connect(released)) as connection:
        assert connection.execute("SELECT * FROM documents").fetchall() == [DOCUMENT]
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert names.isdisjoint({"public_cells", "schema_revision", "schema_state"})
    assert copies(released) == []


def test_an_upgrade_without_room_for_the_copy_does_not_begin(released, monkeypatch):
    def no_room(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upgrades.sqlite3, "connect", no_room)
    with pytest.raises(StorageError, match="копия рядом с ней не сделана"):
        opened(released)
    monkeypatch.undo()
    with closing(sqlite3.connect(released)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'public_cells'").fetchone() == (0,)


def _open_and_tell(path, results):
    database = opened(path)
    results.put(len(database.read(DOCUMENTS)))
    database.close()


def test_processes_that_open_at_once_upgrade_once(released):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_open_and_tell, args=(released, results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [results.get(timeout=120) for _ in processes] == [1, 1, 1]
    for process in processes:
        process.join()
    assert len(copies(released)) == 1


def test_a_register_of_the_territory_is_added_without_a_revision(tmp_path, caplog):
    path = tmp_path / "oko.sqlite"
    opened(path).close()
    grown = sa.MetaData()
    for table in build_metadata().tables.values():
        table.to_metadata(grown)
    grown.tables["schools"].append_column(sa.Column("own_note", sa.Text, comment="Своё"))
    sa.Table("own_register", grown, sa.Column("record_id", sa.Text, primary_key=True), sa.Column("area", sa.Double))
    engine = make_engine(f"sqlite:///{path}")
    with caplog.at_level(logging.WARNING):
        upgrades.prepare_schema(engine, grown)
    assert "own_register, schools.own_note" in caplog.text
    found = sa.inspect(engine)
    assert "own_register" in found.get_table_names()
    assert "own_note" in {column["name"] for column in found.get_columns("schools")}
    engine.dispose()
    # The version that does not know them works on: what is not known may be empty.
    database = opened(path)
    assert database.read(SCHOOLS).empty
    database.close()


def test_a_column_that_rows_would_not_fit_into_is_named(tmp_path):
    path = tmp_path / "oko.sqlite"
    opened(path).close()
    changed = sa.MetaData()
    for table in build_metadata().tables.values():
        table.to_metadata(changed)
    changed.tables["schools"].append_column(sa.Column("must_have", sa.Text, nullable=False))
    engine = make_engine(f"sqlite:///{path}")
    with pytest.raises(StorageError, match="schools отличается столбцами must_have"):
        upgrades.prepare_schema(engine, changed)
    engine.dispose()
