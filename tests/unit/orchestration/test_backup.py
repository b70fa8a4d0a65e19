"""A backup is whole or absent; a restore gives every file back as it was, or changes nothing."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.cli.app import app
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration import backup as backups
from oko_pipeline.orchestration.backup import make_backup, restore_backup
from oko_pipeline.page.accounts import AccountBook, Role
from oko_pipeline.page.store import PageStore
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from tests.databases import lose_database

REPORT = "reports/2020-2021/Справка «ёлка».docx"
WORKS = "restricted/works/2020-2021/w.parquet"
DAGSTER_LOG = "dagster/history/runs.db"


def slice_rows(*keys):
    row = {"school_year": "2020-2021", "table_name": "works", "input_sha256": "ab", "rows_count": 1}
    return pd.DataFrame([row | {"slice_key": key, "written_at": "2021-06-01T00:00:00Z"} for key in keys])


def append(settings, *keys):
    database = Database(settings.sqlalchemy_url)
    database.append(SLICES, slice_rows(*keys))
    database.close()


def keys(settings):
    database = Database(settings.sqlalchemy_url)
    try:
        return database.read(SLICES)["slice_key"].tolist()
    finally:
        database.close()


def files(folder):
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm")) and ".sqlite" not in path.name
    }


@pytest.fixture
def settings(tmp_path):
    settings = Settings.load(home=tmp_path / "home")
    for name, content in ((REPORT, b"report"), (WORKS, b"works"), ("state/2020-2021.json", b"{}")):
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    settings.restricted_folder.chmod(0o700)
    (settings.home / WORKS).chmod(0o600)
    (settings.home / "dagster/history").mkdir(parents=True)
    with closing(sqlite3.connect(settings.home / DAGSTER_LOG)) as log:
        log.execute("CREATE TABLE runs (id text)")
        log.execute("INSERT INTO runs VALUES ('r1')")
        log.commit()
    append(settings, "a", "b")
    return settings


@pytest.fixture
def copy(settings, tmp_path):
    return make_backup(settings, tmp_path / "copies" / "first").folder


def test_everything_comes_back_as_it_was(settings, copy):
    before = files(settings.home)
    append(settings, "c")
    (settings.home / REPORT).write_bytes(b"another")
    (settings.home / "reports/new.docx").write_bytes(b"new")
    (settings.home / WORKS).unlink()
    settings.restricted_folder.chmod(0o755)
    made = restore_backup(settings, copy, replace=True)
    after = files(settings.home)
    assert after.keys() == before.keys()
    assert {name: value for name, value in after.items() if name != DAGSTER_LOG} == {
        name: value for name, value in before.items() if name != DAGSTER_LOG
    }
    assert keys(settings) == ["a", "b"]
    assert settings.restricted_folder.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(settings.home / DAGSTER_LOG)) as log:
        assert log.execute("SELECT id FROM runs").fetchall() == [("r1",)]
    assert made.notes == ()
    left = {path.name for path in settings.home.iterdir()}
    assert not {name for name in left if name.startswith(".")}


def test_an_empty_place_is_filled(settings, copy, tmp_path):
    other = Settings.load(home=tmp_path / "other")
    lose_database(other.home)
    restore_backup(other, copy)
    assert keys(other) == ["a", "b"]
    assert (other.home / REPORT).read_bytes() == b"report"


def test_stores_that_stand_are_not_replaced_unasked(settings, copy):
    append(settings, "c")
    before = files(settings.home)
    with pytest.raises(StorageError, match="повторите с --replace"):
        restore_backup(settings, copy)
    assert files(settings.home) == before
    assert keys(settings) == ["a", "b", "c"]


@pytest.mark.parametrize("name", [REPORT, WORKS, "database.*"])
@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_damaged_copy_changes_nothing(settings, copy, name, harm):
    before = files(settings.home)
    (path,) = copy.glob(name)
    if harm == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(StorageError, match=r"повреждён|нет файла"):
        restore_backup(settings, copy, replace=True)
    assert files(settings.home) == before
    assert keys(settings) == ["a", "b"]


@pytest.mark.parametrize(
    "path", ["../outside", "reports/../../outside", "/etc/passwd", "reports\\..\\outside", "other/x"]
)
def test_a_manifest_that_points_elsewhere_is_refused(settings, copy, path):
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["files"][path] = manifest["files"].pop(REPORT)
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    before = files(settings.home.parent)
    with pytest.raises(StorageError, match=r"вне копии|неизвестное"):
        restore_backup(settings, copy, replace=True)
    assert files(settings.home.parent) == before


def test_a_copy_of_a_newer_program_is_refused(settings, copy):
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema_revision": "9999"}), "utf-8")
    with pytest.raises(StorageError, match="более новой версией"):
        restore_backup(settings, copy, replace=True)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff", b'{"format": 7}'])
def test_a_folder_without_a_sound_manifest_is_no_copy(settings, copy, content):
    (copy / "manifest.json").unlink()
    if content is not None:
        (copy / "manifest.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"нет копии|повреждена"):
        restore_backup(settings, copy, replace=True)


def test_stores_come_back_when_one_cannot_be_put_in_place(settings, copy, monkeypatch):
    append(settings, "c")
    before = files(settings.home)
    rename, calls = Path.rename, []

    def fail_late(self, target):
        calls.append(self)
        if len(calls) == 6:
            raise OSError(30, "Read-only file system")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_late)
    with pytest.raises(StorageError, match="прежние хранилища на месте"):
        restore_backup(settings, copy, replace=True)
    monkeypatch.undo()
    assert files(settings.home) == before
    assert keys(settings) == ["a", "b", "c"]


def test_a_backup_that_fails_leaves_nothing(settings, tmp_path, monkeypatch):
    def no_room(*_):
        raise StorageError("место кончилось")

    monkeypatch.setattr(backups, "copy_sqlite", no_room)
    with pytest.raises(StorageError, match="место кончилось"):
        make_backup(settings, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*"))


def test_no_copy_is_begun_where_there_is_no_room(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(StorageError, match="не хватает места"):
        make_backup(settings, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_copy_is_not_written_over_another_or_into_a_store(settings, copy):
    with pytest.raises(StorageError, match="уже есть"):
        make_backup(settings, copy)
    with pytest.raises(StorageError, match="вне хранилищ"):
        make_backup(settings, settings.reports_folder / "copy")


@pytest.mark.sqlite_only(reason="a server is copied by pg_dump, which reads one moment; this is about copies of files")
def test_a_database_that_is_being_written_is_copied_as_of_one_moment(settings, tmp_path):
    """Rows come in pairs, one transaction a pair: a copy never holds half a pair."""
    stop = threading.Event()

    def write():
        database = Database(settings.sqlalchemy_url)
        for number in range(100_000):
            if stop.is_set():
                break
            database.append(SLICES, slice_rows(f"{number:06}x", f"{number:06}y"))
        database.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [make_backup(settings, tmp_path / f"copy{number}").folder for number in range(3)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for folder in made:
        with closing(sqlite3.connect(folder / "database.sqlite")) as copy:
            counts.append(copy.execute("SELECT count(*) FROM slices").fetchone()[0])
    assert [count % 2 for count in counts] == [0, 0, 0]
    assert counts[-1] > 2


@pytest.mark.sqlite_only(reason="disturbs the files while the file of the database is copied")
def test_files_that_never_rest_are_not_copied_half_old_half_new(settings, tmp_path, monkeypatch):
    real = backups.copy_sqlite
    times = []

    def copy_and_disturb(source, target):
        real(source, target)
        if source.name == "oko.sqlite":
            times.append(1)
            (settings.home / REPORT).write_bytes(b"x" * len(times))

    monkeypatch.setattr(backups, "copy_sqlite", copy_and_disturb)
    with pytest.raises(StorageError, match="Файлы меняются"):
        make_backup(settings, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_key_is_not_in_the_copy_and_a_wrong_one_is_told(settings, copy, monkeypatch):
    key = b"a key for tests only, not a secret"
    assert not [path for path in copy.rglob("*") if path.is_file() and key in path.read_bytes()]
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "quite another key of somebody")
    (note,) = restore_backup(Settings.load(home=settings.home), copy, replace=True).notes
    assert "Ключ псевдонимов здесь не тот" in note


def test_an_inbox_is_copied_only_when_asked(settings, tmp_path):
    settings.inbox_folder.mkdir()
    (settings.inbox_folder / "a.xlsx").write_bytes(b"names")
    assert not (make_backup(settings, tmp_path / "one").folder / "inbox").exists()
    copy = make_backup(settings, tmp_path / "two", with_inbox=True).folder
    (settings.inbox_folder / "a.xlsx").unlink()
    restore_backup(settings, copy, replace=True)
    assert (settings.inbox_folder / "a.xlsx").read_bytes() == b"names"


def test_one_command_each(settings, tmp_path):
    run = CliRunner().invoke
    home, copy = str(settings.home), str(tmp_path / "copy")
    made = run(app, ["backup", copy, "--home", home])
    assert made.exit_code == 0, made.output
    assert "Копия сделана" in made.output
    assert "Ключ псевдонимов в копию не входит" in made.output
    assert isinstance(run(app, ["restore", copy, "--home", home]).exception, StorageError)
    back = run(app, ["restore", copy, "--home", home, "--replace"])
    assert back.exit_code == 0, back.output
    assert "все файлы сверены" in back.output


def test_what_the_page_keeps_comes_back_without_its_keys_and_what_it_was_checking(settings, tmp_path):
    folder = settings.page_folder
    store = PageStore(folder)
    AccountBook(store).add("methodist", Role.ANALYST, None, None)
    store.secret()
    for name in ("audit/2026-11.jsonl", "issues/2020-2021/ab/abc", "staging/x/a.xlsx", "annotated/a.xlsx"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"kept")
    made = make_backup(settings, tmp_path / "copy").folder
    store.close()
    kept = {path.relative_to(made / "page").as_posix() for path in (made / "page").rglob("*") if path.is_file()}
    assert kept == {"page.sqlite", "audit/2026-11.jsonl", "issues/2020-2021/ab/abc"}
    key = (folder / "session.key").read_text()
    store = PageStore(folder)
    AccountBook(store).remove("methodist")
    store.close()
    (folder / "audit/2026-11.jsonl").write_bytes(b"another")
    restore_backup(settings, made, replace=True)
    store = PageStore(folder)
    assert [one.login for one in AccountBook(store).all()] == ["methodist"]
    assert store.secret() != key.encode(), "sessions that had ended do not come back to life"
    store.close()
    assert (folder / "audit/2026-11.jsonl").read_bytes() == b"kept"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "page.sqlite").stat().st_mode & 0o077 == 0
