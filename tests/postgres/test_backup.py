"""A backup of a database on a server: pg_dump there and back, in one transaction."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from oko_pipeline.catalogue.tables import SCORE_DISTRIBUTION
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration.backup import make_backup, restore_backup
from oko_pipeline.orchestration.year_run import prepare_dagster_home
from oko_pipeline.settings import Settings
from oko_pipeline.storage import servers
from oko_pipeline.storage.database import Database
from tests.unit.storage.test_database import WHERE, distribution


@pytest.fixture
def settings(tmp_path, postgres_url, monkeypatch):
    monkeypatch.setenv("OKO_DATABASE_URL", postgres_url)
    settings = Settings.load(home=tmp_path / "home")
    settings.home.mkdir()
    put(settings, 3, 5)
    return settings


def put(settings, *counts):
    database = Database(settings.sqlalchemy_url)
    database.replace(SCORE_DISTRIBUTION, distribution(counts=counts), WHERE)
    database.close()


def counts(settings):
    database = Database(settings.sqlalchemy_url)
    try:
        return database.read(SCORE_DISTRIBUTION)["participants_count"].tolist()
    finally:
        database.close()


def execute(settings, statement):
    engine = sa.create_engine(settings.sqlalchemy_url)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        rows = found.fetchall() if found.returns_rows else []
    engine.dispose()
    return rows


def test_tables_and_dagsters_schema_come_back_and_those_of_others_stay(settings, tmp_path):
    prepare_dagster_home(settings)
    execute(settings, "CREATE TABLE dagster.runs (id serial PRIMARY KEY, name text)")
    execute(settings, "INSERT INTO dagster.runs (name) VALUES ('r1')")
    copy = make_backup(settings, tmp_path / "copy").folder
    put(settings, 9)
    execute(settings, "DELETE FROM dagster.runs")
    execute(settings, "CREATE TABLE dagster.later (id int)")
    execute(settings, "CREATE TABLE somebody_elses (id int)")
    with pytest.raises(StorageError, match="повторите с --replace"):
        restore_backup(settings, copy)
    restore_backup(settings, copy, replace=True)
    assert counts(settings) == [3, 5]
    assert execute(settings, "SELECT name FROM dagster.runs") == [("r1",)]
    assert execute(settings, "SELECT to_regclass('dagster.later')") == [(None,)]
    assert execute(settings, "SELECT count(*) FROM somebody_elses") == [(0,)]


def test_a_dump_that_does_not_go_in_changes_neither_tables_nor_files(settings, tmp_path, monkeypatch):
    settings.reports_folder.mkdir()
    (settings.reports_folder / "a.docx").write_bytes(b"old")
    copy = make_backup(settings, tmp_path / "copy").folder
    put(settings, 9)
    (settings.reports_folder / "a.docx").write_bytes(b"new")
    real = servers.run_program

    def spoil(name, url, options):
        told = real(name, url, options)
        if name == "pg_restore" and (file := next((one for one in options if one.startswith("--file=")), None)):
            script = Path(file.removeprefix("--file="))
            script.write_text(script.read_text("utf-8") + "\nSELECT 1/0;\n", "utf-8")
        return told

    monkeypatch.setattr("oko_pipeline.storage.copies.run_program", spoil)
    with pytest.raises(StorageError, match="psql завершилась с ошибкой"):
        restore_backup(settings, copy, replace=True)
    assert counts(settings) == [9]
    assert (settings.reports_folder / "a.docx").read_bytes() == b"new"
    assert {path.name for path in copy.iterdir()} == {"manifest.json", "database.dump", "reports"}


def test_a_copy_of_sqlite_does_not_go_to_a_server(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("OKO_DATABASE_URL", f"sqlite:///{tmp_path / 'other.sqlite'}")
    other = Settings.load(home=tmp_path / "other")
    other.home.mkdir()
    put(other, 1)
    copy = make_backup(other, tmp_path / "copy").folder
    with pytest.raises(StorageError, match="базу того же вида"):
        restore_backup(settings, copy, replace=True)


def test_a_missing_client_is_named(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "postgres_program", lambda _: None)
    with pytest.raises(StorageError, match="Нет программы pg_dump"):
        make_backup(settings, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*"))
