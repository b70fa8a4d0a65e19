"""Documents after a kill, half-written documents, and figures of changes that a kill must not lose."""

import os
import shutil
from datetime import UTC, datetime

import pytest

from assets.document_issue import Issue, issue_documents
from assets.kept_figures import figures_path, kept_figures
from assets.pool_tasks import Draft, NoteBody
from checks.judged_files import JudgedFiles
from oko_pipeline.reporting.changes import Change
from oko_pipeline.reporting.word.render import Stamp
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.report_store import ReportStore
from resources.workplace import open_workplace
from tests.faults.power import PowerCut, power, stands
from tests.faults.test_soundness import document

YEAR, KIND = "2020-2021", "quality_letter"
WORD = document()
NOW = datetime(2021, 12, 1, 10, tzinfo=UTC)


def figure(value):
    return {
        "table": "work_counts", "row": {"school_code": "edu1"}, "column": "works_count", "op": "value",
        "text": str(value), "place_ru": "Работ", "title_ru": "Работы", "value": value,
    }  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a home; documents are made without Word, a content beside a content is all that is asked here."""
    monkeypatch.setattr(NoteBody, "content", lambda _body, _kind: WORD)
    monkeypatch.setattr("assets.pool_tasks.data_pack", lambda _context: WORD)
    monkeypatch.setattr(
        "assets.document_issue.figure_changes", lambda was, now: [] if was == now else _one_change(was, now)
    )
    home = tmp_path / "home"
    home.mkdir()
    return home


def _one_change(was, now):
    names = Change.__dataclass_fields__
    told = {"table": "work_counts", "column": "works_count", "title_ru": "Работы", "place_ru": "Работ"}
    told |= {"was": was[0]["text"], "became": now[0]["text"]}
    return [Change(**{name: told.get(name, "") for name in names})]


def issue(home, value):
    office = open_workplace(Settings.load(home=home, workers=1), Clock(lambda: NOW))

    def draw_up():
        body = NoteBody({"figures": [figure(value)]}, Stamp(NOW, "0"), None)
        own = {"body": body, "reports": office.reports, "has_data_pack": True}
        return [
            Draft(
                f"{KIND}:{code}", KIND, None, "school", code, "Письмо", f"{YEAR}/{code}.docx", str(value), "[]", **own
            )
            for code in ("edu1", "edu2")
        ]

    try:
        return issue_documents(office, Issue(YEAR, KIND, None, f"inputs {value}"), draw_up)
    finally:
        office.close()


@pytest.mark.sqlite_only(reason="a home is put back and compared as files, the database with it")
def test_a_kill_at_any_write_of_an_issue_is_made_good_by_the_next_run(home, tmp_path):
    issue(home, 1)
    before, done = tmp_path / "before", tmp_path / "done"
    shutil.copytree(home, before)
    with power() as source:
        issue(home, 2)
    shutil.copytree(home, done)
    wanted = stands(done)
    assert len(wanted["document_changes"]) == 2
    for number in range(len(source.calls)):
        shutil.rmtree(home)
        shutil.copytree(before, home)
        with power(number), pytest.raises(PowerCut):
            issue(home, 2)
        issue(home, 2)
        found = {name: content for name, content in stands(home).items() if not name.endswith(".partial")}
        assert found == wanted, f"после вызова № {number}: {source.calls[number]}"


@pytest.mark.sqlite_only(reason="a home is put back and compared as files, the database with it")
@pytest.mark.parametrize("name", ["edu1.docx", "edu1.xlsx"])
@pytest.mark.parametrize("size", [0, 60])
def test_half_a_document_on_the_disk_is_written_anew_with_the_same_number(home, name, size):
    issue(home, 1)
    wanted = stands(home)
    os.truncate(home / "reports" / YEAR / name, size)
    assert issue(home, 1).written == (f"{YEAR}/edu1.docx",)
    assert stands(home) == wanted


def test_half_of_the_kept_figures_is_no_figures_and_stops_nothing(home):
    issue(home, 1)
    store = ReportStore(home / "reports")
    path = store.path(figures_path(YEAR, f"{KIND}:edu1"))
    os.truncate(path, path.stat().st_size // 2)
    assert kept_figures(store, YEAR, f"{KIND}:edu1") == {}
    issue(home, 2)
    assert kept_figures(store, YEAR, f"{KIND}:edu1")["now"] == [figure(2)]


@pytest.mark.sqlite_only(reason="a home is put back and compared as files, the database with it")
def test_half_of_the_kept_figures_is_made_good_beside_a_document_that_stands(home):
    issue(home, 1)
    wanted = stands(home)
    path = ReportStore(home / "reports").path(figures_path(YEAR, f"{KIND}:edu1"))
    os.truncate(path, path.stat().st_size // 2)
    assert issue(home, 1).written == ()
    assert stands(home) == wanted
    assert issue(home, 2).written
    assert len(stands(home)["document_changes"]) == 2


def test_half_of_what_was_judged_is_judged_anew(tmp_path):
    store = ReportStore(tmp_path)
    memory = JudgedFiles(store, "m.json.gz", "1", {}, {"0" * 64: {"accessible": []}})
    memory.write()
    assert JudgedFiles.read(store, "m.json.gz", "1").known
    os.truncate(store.path("m.json.gz"), 15)
    assert JudgedFiles.read(store, "m.json.gz", "1").known == {}
