"""A small generated municipality and its first run, made once for all integration tests of a worker."""

import shutil

import pytest

from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.settings import Settings

YEAR = "2020-2021"


def silent(_step, _ended, _total):
    """Show no progress."""


@pytest.fixture(scope="session")
def sample_inbox(tmp_path_factory):
    inbox = tmp_path_factory.mktemp("sample") / "inbox"
    write_sample(inbox, SampleOptions(schools=4, school_years=("2020-2021", "2021-2022")))
    return inbox


@pytest.fixture(scope="session")
def first_run(sample_inbox, tmp_path_factory):
    """Return (home folder, summary) of a year that ran once; tests must not change it."""
    home = tmp_path_factory.mktemp("first") / "home"
    shutil.copytree(sample_inbox, home / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
        patch.setenv("OKO_WORKERS", "1")
        summary = run_year(Settings.load(home=home), YEAR, silent)
    return home, summary


@pytest.fixture
def installation(first_run, tmp_path):
    """Return the settings of a private copy of the first run, free to be changed."""
    home = tmp_path / "home"
    shutil.copytree(first_run[0], home, copy_function=shutil.copy2)
    return Settings.load(home=home)
