"""A small generated municipality and its first run, made once for all integration tests of a worker.

Runs issue the documents about ВПР and letters alone: what becomes of documents is the same for all kinds.
`test_privacy_of_sources` and `test_documents_read_back` take them all.
"""

import shutil

import pytest

from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.settings import Settings

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
    inbox = tmp_path_factory.mktemp("sample") / "inbox"
    write_sample(inbox, SampleOptions(schools=4, school_years=("2020-2021", "2021-2022")))
    for path in inbox.rglob("*.xlsx"):
        if any(subject in path.relative_to(inbox).as_posix().lower() for subject in LEFT_OUT):
            path.unlink()
    return inbox


@pytest.fixture(scope="session")
def first_run(sample_inbox, tmp_path_factory):
    """Return (home folder, summary) of a year that ran once; tests must not change it."""
    home = tmp_path_factory.mktemp("first") / "home"
    shutil.copytree(sample_inbox, home / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        summary = run_year(Settings.load(home=home), YEAR, silent)
    return home, summary


@pytest.fixture
def installation(first_run, tmp_path):
    """Return the settings of a private copy of the first run, free to be changed."""
    home = tmp_path / "home"
    shutil.copytree(first_run[0], home, copy_function=shutil.copy2)
    return Settings.load(home=home)
