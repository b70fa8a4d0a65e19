"""A small generated municipality and its first run, made once for all integration tests.

Runs issue the documents about ВПР and letters alone: what becomes of documents is the same for all kinds.
`test_privacy_of_sources` and `test_documents_read_back` take them all.
"""

import shutil
from contextlib import closing

import pytest

from oko_pipeline.orchestration import year_run
from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.databases import copy_home
from tests.shared import made_once

YEAR = "2020-2021"
KINDS = "municipality_note,school_note,annotated_workbook,quality_letter"
LEFT_OUT = ("биолог", "истори", "географ", "обществ", "английск", "немецк")
"""Subjects that no test names: a run takes as long as there are works, and a third of them shows the same."""


def silent(_step, _ended, _total):
    """Show no progress."""


def set_environment(patch, documents=KINDS):
    """Set what settings are read from, for fixtures that live longer than a test."""
    patch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    patch.setenv("OKO_WORKERS", "1")
    patch.setenv("OKO_DOCUMENTS", documents)


@pytest.fixture(autouse=True)
def _few_kinds(_own_settings, monkeypatch):
    monkeypatch.setenv("OKO_DOCUMENTS", KINDS)


@pytest.fixture(scope="session")
def sample_inbox(tmp_path_factory):
    def make(folder):
        inbox = folder / "inbox"
        write_sample(inbox, SampleOptions(schools=4, school_years=("2020-2021", "2021-2022")))
        for path in inbox.rglob("*.xlsx"):
            if any(subject in path.relative_to(inbox).as_posix().lower() for subject in LEFT_OUT):
                path.unlink()
        return inbox

    return made_once(tmp_path_factory, "sample", make)


@pytest.fixture(scope="session")
def first_run(sample_inbox, tmp_path_factory):
    """Return (home folder, summary) of a year that ran once; tests must not change it."""

    def make(folder):
        home = folder / "home"
        shutil.copytree(sample_inbox, home / "inbox")
        with pytest.MonkeyPatch.context() as patch:
            set_environment(patch)
            return home, run_year(Settings.load(home=home), YEAR, silent)

    return made_once(tmp_path_factory, "first-run", make)


@pytest.fixture
def installation(first_run, tmp_path):
    """Return the settings of a private copy of the first run, free to be changed."""
    home = tmp_path / "home"
    copy_home(first_run[0], home)
    return Settings.load(home=home)


def note_state(settings, summary):
    """Note that the year of a copied home has run as it stands; a run with nothing to do would note the same."""
    with closing(open_workplace(settings)) as workplace:
        year_run._write_state(settings, summary, year_run._signature(settings), workplace)
