"""Commands of the page: accounts without showing passwords, parts that start and end together."""

import os
import socket
import sys
import time
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from oko_pipeline.cli.app import app
from oko_pipeline.cli.page import run_together
from oko_pipeline.errors import OkoError
from oko_pipeline.page.accounts import AccountBook
from oko_pipeline.page.store import PageStore

PASSWORD = "Correct horse 77 staple"  # noqa: S105


@contextmanager
def closing_book(home):
    store = PageStore(home / "page")
    yield AccountBook(store)
    store.close()


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
def test_when_one_part_ends_all_end_and_it_is_named(tmp_path, capsys):
    pid_file = tmp_path / "pid"
    sleeps = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    ends = f"import os, time, sys\nwhile not os.path.exists({str(pid_file)!r}): time.sleep(0.05)\nsys.exit(7)"
    began = time.monotonic()
    assert run_together({"Первая": ["-c", sleeps], "Вторая": ["-c", ends]}, dict(os.environ)) == 7
    assert "Вторая: работа завершилась сама (код 7). Остановлено всё." in capsys.readouterr().err
    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text() or 0), 0)


def test_a_part_that_was_killed_is_a_failure(tmp_path):
    kills = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_together({"Одна": ["-c", kills]}, dict(os.environ)) == 1


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command, option in (("page", "--port"), ("serve", "--port"), ("serve", "--dagster-port")):
            told = CliRunner().invoke(app, [command, option, str(port), "--home", str(tmp_path / "home")])
            assert isinstance(told.exception, OkoError)
            assert f"Порт {port}" in str(told.exception)
            assert option in str(told.exception)
    assert not (tmp_path / "home").exists()


def test_an_address_for_notices_is_set_shown_and_taken_away(tmp_path):
    oko(tmp_path, "add", "edu990001", "--role", "school", "--unit", "edu990001", "--oidc")
    oko(tmp_path, "email", "edu990001", "school1@oko.example")
    with closing_book(tmp_path) as book:
        assert book.find("edu990001").email == "school1@oko.example"
    oko(tmp_path, "email", "edu990001")
    with closing_book(tmp_path) as book:
        assert book.find("edu990001").email is None
