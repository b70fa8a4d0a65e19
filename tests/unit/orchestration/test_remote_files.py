"""Arrivals from a store by URL and the published set: only what changed travels, nothing foreign is touched."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from unittest.mock import patch

import dagster as dg
import fsspec
import pandas as pd
import pytest
from typer.testing import CliRunner

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.cli.app import app
from oko_pipeline.errors import SettingsError, StorageError
from oko_pipeline.orchestration.remote_files import exchange_files, fetch_inbox, publish_documents, remote_files
from oko_pipeline.settings import Settings
from oko_pipeline.storage.remote import RemoteFolder
from resources.clock import Clock
from resources.workplace import WorkplaceResource, open_workplace


class Hands:
    """The clock of a test."""

    def __init__(self):
        self.seconds = 1_800_000_000.0

    def now(self):
        return datetime.fromtimestamp(self.seconds, UTC)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store" / "in").mkdir(parents=True)
    return tmp_path / "store"


@pytest.fixture
def office(tmp_path, store, hands):
    settings = Settings.load(
        home=tmp_path / "home",
        inbox_url=f"file://{store}/in",
        publish_url=f"file://{store}/out",
        publish_set="all",
        workers=1,
    )
    workplace = open_workplace(settings, Clock(hands.now))
    yield workplace
    workplace.close()


def fetched(office, hands):
    """Look twice, so that what stands still is whole."""
    fetch_inbox(office)
    hands.seconds += 60
    return fetch_inbox(office)


def inbox_files(office):
    return {p.relative_to(office.inbox).as_posix(): p.read_text() for p in office.inbox.rglob("*") if p.is_file()}


def test_a_file_is_copied_when_it_stands_still_and_never_again(office, store, hands):
    (store / "in" / "7").mkdir()
    (store / "in" / "7" / "Физика.xlsx").write_text("half")
    assert fetch_inbox(office).waiting == ["7/Физика.xlsx"]
    hands.seconds += 60
    (store / "in" / "7" / "Физика.xlsx").write_text("half and half")
    assert fetch_inbox(office).waiting == ["7/Физика.xlsx"]
    assert inbox_files(office) == {}
    hands.seconds += 60
    assert fetch_inbox(office).new == ["7/Физика.xlsx"]
    again = fetch_inbox(office)
    assert (again.new, again.unchanged_count) == ([], 1)
    assert inbox_files(office) == {"7/Физика.xlsx": "half and half"}


def test_what_is_removed_in_the_store_leaves_the_inbox_unless_somebody_changed_it(office, store, hands):
    for name in ("a", "b", "c"):
        (store / "in" / name).write_text(name)
    fetched(office, hands)
    (office.inbox / "b").write_text("mended by hand")
    (office.inbox / "own").write_text("laid here")
    (store / "in" / "a").unlink()
    (store / "in" / "b").unlink()
    assert fetch_inbox(office).removed == ["a"]
    assert inbox_files(office) == {"b": "mended by hand", "c": "c", "own": "laid here"}


def test_a_file_of_ours_is_not_overwritten_and_an_equal_one_is_taken_for_it(office, store, hands):
    (store / "in" / "same").write_text("1")
    (store / "in" / "other").write_text("1")
    (office.inbox / "same").write_text("1")
    (office.inbox / "other").write_text("2")
    told = fetched(office, hands)
    assert told.new == []
    assert list(told.refused) == ["other"]
    assert inbox_files(office) == {"same": "1", "other": "2"}


def test_a_file_deleted_for_its_term_does_not_come_back(office, store, hands):
    (store / "in" / "old").write_text("1")
    fetched(office, hands)
    (office.inbox / "old").unlink()
    fetched(office, hands)
    assert inbox_files(office) == {}


def test_a_store_that_shows_nothing_empties_no_inbox(office, store, hands):
    (store / "in" / "a").write_text("1")
    fetched(office, hands)
    shutil.rmtree(store / "in")
    with pytest.raises(StorageError, match="прочитать список"):
        fetch_inbox(office)
    (store / "in").mkdir()
    with pytest.raises(StorageError, match="пусто"):
        fetch_inbox(office)
    assert inbox_files(office) == {"a": "1"}


def test_names_that_lead_out_of_the_inbox_and_huge_files_are_refused(office, store, hands):
    (store / "in" / "a:b").write_text("1")
    with (store / "in" / "huge.xlsx").open("wb") as stream:
        stream.truncate(201 * 1024 * 1024)
    (store / "in" / "way").mkdir()
    (store / "in" / "way" / "x").write_text("1")
    outside = office.inbox.parent / "outside"
    outside.mkdir()
    (office.inbox / "way").symlink_to(outside)
    told = fetched(office, hands)
    assert set(told.refused) == {"a:b", "huge.xlsx", "way/x"}
    assert list(outside.iterdir()) == []


def test_a_copying_that_fails_leaves_no_part_and_goes_on_later(office, store, hands):
    for name in ("a", "b"):
        (store / "in" / name).write_text(name)
    fetch_inbox(office)
    hands.seconds += 60
    copy = RemoteFolder.fetch

    def cut(self, path, target):
        target.write_text("half")
        if path == "b":
            raise StorageError("связь оборвалась")
        copy(self, path, target)

    with patch.object(RemoteFolder, "fetch", cut), pytest.raises(StorageError, match="оборвалась"):
        fetch_inbox(office)
    assert inbox_files(office) == {"a": "a"}
    told = fetched(office, hands)
    assert (told.new, told.unchanged_count) == (["b"], 1)


def enter(office, *documents):
    """Lay documents into the report store and the register: (name, text, what else differs)."""
    office.database.delete(DOCUMENTS, {"school_year": "2024-2025"})
    rows = []
    for name, text, other in documents:
        path = f"2024-2025/{name}.docx"
        sha = office.reports.write(path, text.encode())
        rows.append(
            {
                "school_year": "2024-2025", "document_id": name, "kind": "school_note", "campaign_code": None,
                "topic": None, "unit_level": "school", "unit_code": "edu990404", "title_ru": f"Справка {name}",
                "profile": "internal", "is_restricted": False, "issue_number": 1, "path": path, "pack_path": None,
                "context_sha256": sha, "file_sha256": sha, "rendered_at": "2026-01-01T00:00:00Z",
                "code_version": "1", "inputs": "[]",
            } | other
        )  # fmt: skip
    for row in rows:
        office.database.replace(
            DOCUMENTS, pd.DataFrame([row]), {"school_year": "2024-2025", "document_id": row["document_id"]}
        )


def out(store):
    return {p.relative_to(store / "out").as_posix(): p.read_text() for p in (store / "out").rglob("*") if p.is_file()}


def agrees(store):
    """Tell whether the set is what its manifest says, and return the names of its documents."""
    files = out(store)
    manifest = json.loads(files.pop("manifest.json"))
    packs = {one["pack_path"] for one in manifest["documents"].values() if one["pack_path"]}
    assert manifest["is_complete"]
    assert set(files) == set(manifest["documents"]) | packs
    for path, one in manifest["documents"].items():
        assert hashlib.sha256(files[path].encode()).hexdigest() == one["file_sha256"]
    return sorted(path.removeprefix("2024-2025/").removesuffix(".docx") for path in manifest["documents"])


def test_only_what_changed_is_published_and_what_is_withdrawn_leaves(office, store):
    office.reports.write("2024-2025/a.xlsx", b"numbers")
    enter(office, ("a", "1", {"pack_path": "2024-2025/a.xlsx"}), ("b", "1", {}), ("c", "1", {}))
    assert len(publish_documents(office).written) == 3
    assert agrees(store) == ["a", "b", "c"]
    (store / "out" / "theirs.txt").write_text("foreign")
    before = {p: p.stat().st_mtime_ns for p in (store / "out").rglob("*")}
    assert publish_documents(office).unchanged_count == 3
    assert {p: p.stat().st_mtime_ns for p in (store / "out").rglob("*")} == before
    enter(office, ("b", "2", {}), ("c", "1", {}))
    told = publish_documents(office)
    assert told.written == ["2024-2025/b.docx"]
    assert told.removed == ["2024-2025/a.docx", "2024-2025/a.xlsx"]
    assert (store / "out" / "theirs.txt").read_text() == "foreign"
    (store / "out" / "theirs.txt").unlink()
    assert agrees(store) == ["b", "c"]


def test_documents_about_people_never_leave(office, store):
    enter(
        office, ("a", "1", {}), ("codes", "2", {"is_restricted": True}), ("rows", "3", {"kind": "annotated_workbook"})
    )
    publish_documents(office)
    assert agrees(store) == ["a"]


def test_the_public_set_holds_what_is_for_the_public_and_accepted(office, store):
    enter(office, ("a", "1", {"profile": "public"}), ("b", "2", {"profile": "public"}), ("c", "3", {}))
    accepted = [hashlib.sha256(text).hexdigest() for text in (b"2", b"3")]
    office.settings.page_folder.mkdir()
    with closing(sqlite3.connect(office.settings.page_folder / "page.sqlite")) as page:
        page.execute(
            "create table acceptances (file_sha256 text, school_year text, document_id text, content_sha256 text)"
        )
        page.executemany("insert into acceptances values (?, null, null, null)", [(sha,) for sha in accepted])
        page.commit()
    office.settings.publish_set = "public"
    publish_documents(office)
    assert agrees(store) == ["b"]


def test_a_document_changed_by_hand_is_not_published(office, store):
    enter(office, ("a", "1", {}), ("b", "1", {}))
    office.reports.path("2024-2025/b.docx").write_text("half")
    assert list(publish_documents(office).refused) == ["2024-2025/b.docx"]
    assert agrees(store) == ["a"]


def test_an_empty_register_withdraws_nothing(office, store):
    enter(office, ("a", "1", {}))
    publish_documents(office)
    enter(office)
    with pytest.raises(StorageError, match="нет документов для публикации"):
        publish_documents(office)
    assert agrees(store) == ["a"]


@pytest.mark.parametrize("stop_at", range(8))
def test_a_publication_cut_short_anywhere_is_ended_by_the_next(office, store, stop_at):
    """Cut at the n-th writing or removing; then what is wanted changes again, even back to what stood before."""
    enter(office, ("a", "1", {}), ("b", "1", {}), ("c", "1", {}))
    publish_documents(office)
    enter(office, ("a", "2", {}), ("b", "1", {}), ("d", "1", {}), ("e", "1", {}))
    calls = iter(range(99))
    write, remove = RemoteFolder.write, RemoteFolder.remove

    def cut(function):
        def act(self, *words):
            if next(calls) == stop_at:
                raise StorageError("связь оборвалась")
            return function(self, *words)

        return act

    with patch.object(RemoteFolder, "write", cut(write)), patch.object(RemoteFolder, "remove", cut(remove)):
        if stop_at < 6:
            with pytest.raises(StorageError, match="оборвалась"):
                publish_documents(office)
        else:
            publish_documents(office)
    enter(office, ("a", "1", {}), ("b", "1", {}), ("e", "1", {}))
    publish_documents(office)
    assert agrees(store) == ["a", "b", "e"]


def test_a_half_written_file_is_never_in_the_place_of_a_document(office, store):
    enter(office, ("a", "1", {}))
    publish_documents(office)
    enter(office, ("a", "longer", {}))
    local = fsspec.filesystem("file").__class__

    def half(self, path, content, **_):
        with open(path, "wb") as stream:  # noqa: PTH123
            stream.write(content[:2])

    with patch.object(local, "pipe_file", half), pytest.raises(StorageError, match="записано 2 из"):
        publish_documents(office)
    assert out(store)["2024-2025/a.docx"] == "1"
    assert not [name for name in out(store) if name.endswith(".partial")]
    publish_documents(office)
    assert agrees(store) == ["a"]


def test_exchange_does_what_is_set_and_tells_it(office, store, hands, tmp_path):
    (store / "in" / "a").write_text("1")
    enter(office, ("a", "1", {}))
    assert [text.split(":")[0] for text in exchange_files(office).told_ru] == [
        "Получено файлов",
        "Опубликовано документов",
    ]
    bare = open_workplace(Settings.load(home=tmp_path / "bare", workers=1))
    assert exchange_files(bare).told_ru == ()
    with pytest.raises(SettingsError, match="OKO_INBOX_URL"):
        fetch_inbox(bare)
    bare.close()


def test_the_command_tells_what_was_done_and_fails_on_what_was_refused(office, store, monkeypatch):
    (store / "in" / "a").write_text("1")
    enter(office, ("a", "1", {}))
    monkeypatch.setenv("OKO_PUBLISH_URL", f"file://{store}/out")
    monkeypatch.setenv("OKO_PUBLISH_SET", "all")
    home = ["exchange", "--home", str(office.settings.home)]
    done = CliRunner().invoke(app, home)
    assert (done.exit_code, "Опубликовано документов: 1" in done.output) == (0, True)
    office.reports.path("2024-2025/a.docx").write_text("half")
    enter(office, ("a", "2", {}))
    office.reports.path("2024-2025/a.docx").write_text("half")
    assert CliRunner().invoke(app, home).exit_code == 4
    monkeypatch.delenv("OKO_PUBLISH_URL")
    assert isinstance(CliRunner().invoke(app, home).exception, SettingsError)


def test_secrets_of_a_store_are_not_shown():
    settings = Settings.load(
        inbox_url="sftp://oko:hunter2@files.example/in", remote_options='{"key": "AKIAQ", "secret": "topsecret"}'
    )
    assert not any(word in repr(settings) for word in ("hunter2", "topsecret", "AKIAQ"))
    folder = RemoteFolder("memory://oko:hunter2@nowhere/in", {"secret": "topsecret"})
    refusal = patch.object(type(folder._system), "find", side_effect=RuntimeError("topsecret for oko:hunter2 refused"))
    with refusal, pytest.raises(StorageError) as failure:
        folder.files()
    assert "hunter2" not in str(failure.value)
    assert "topsecret" not in str(failure.value)
    with pytest.raises(SettingsError, match="OKO_REMOTE_OPTIONS"):
        _ = Settings.load(remote_options="key=1").remote_storage_options


def test_a_store_whose_library_is_absent_says_what_to_install():
    with patch.dict("sys.modules", {"s3fs": None}), pytest.raises(SettingsError, match=r"pip install \.\[remote\]"):
        RemoteFolder("s3://bucket/in", {})
    with pytest.raises(SettingsError, match="не открывается"):
        RemoteFolder("nowhere://bucket", {})


def test_the_sensor_exchanges_asks_for_no_run_and_tells_what_it_refused(office, store, monkeypatch):
    monkeypatch.setenv("OKO_PUBLISH_URL", f"file://{store}/out")
    monkeypatch.setenv("OKO_PUBLISH_SET", "all")
    enter(office, ("a", "1", {}), ("b", "1", {}))
    office.reports.path("2024-2025/b.docx").write_text("half")
    resource = WorkplaceResource(home=str(office.settings.home))
    with dg.build_sensor_context(resources={"workplace": resource}) as context:
        done = remote_files(context)
    resource.open().close()
    assert "Опубликовано документов: 1" in done.skip_message
    assert agrees(store) == ["a"]
