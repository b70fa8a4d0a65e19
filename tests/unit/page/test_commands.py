"""Commands of the page: accounts without showing passwords, parts that start and end together."""

import os
import sys
import time

import pytest
from typer.testing import CliRunner

from oko_pipeline.cli.app import app
from oko_pipeline.cli.page import run_together
from oko_pipeline.errors import OkoError
from oko_pipeline.page.accounts import AccountBook
from oko_pipeline.page.store import PageStore

PASSWORD = "Correct horse 77 staple"  # noqa: S105


def oko(home, *words, given=None):
    return CliRunner().invoke(app, ["user", *words, "--home", str(home)], input=given)


def test_accounts_are_made_listed_changed_and_removed(tmp_path):
    made = oko(tmp_path, "add", "Methodist", "--role", "analyst", "--password-stdin", given=f"{PASSWORD}\n")
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert oko(tmp_path, "add", "edu990001", "--role", "school", "--unit", "edu990001", "--oidc").exit_code == 0
    listed = oko(tmp_path, "list").output
    assert "methodist" in listed
    assert "OIDC" in listed
    oko(tmp_path, "password", "methodist", "--password-stdin", given="Another horse 78 staple\n")
    store = PageStore(tmp_path / "page")
    book = AccountBook(store)
    assert book.verify("methodist", PASSWORD) is None
    assert book.verify("METHODIST ", "Another horse 78 staple") is not None
    assert book.verify("edu990001", "") is None
    oko(tmp_path, "remove", "methodist")
    assert book.find("methodist") is None
    store.close()


def test_an_unknown_role_is_told(tmp_path):
    told = oko(tmp_path, "add", "who", "--role", "king", "--password-stdin", given=f"{PASSWORD}\n")
    assert isinstance(told.exception, OkoError)
    assert "engineer" in str(told.exception)


@pytest.mark.skipif(sys.platform == "win32", reason="сигналы Windows другие")
def test_when_one_part_ends_all_end_and_its_code_is_told(tmp_path):
    pid_file = tmp_path / "pid"
    sleeps = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    ends = f"import os, time, sys\nwhile not os.path.exists({str(pid_file)!r}): time.sleep(0.05)\nsys.exit(7)"
    began = time.monotonic()
    assert run_together([["-c", sleeps], ["-c", ends]], dict(os.environ)) == 7
    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text() or 0), 0)
