"""What a disk or a database says in English a person is told in Russian, with what to do."""

import errno
import os
import sqlite3

import pytest
import sqlalchemy as sa

from oko_pipeline.cli import app
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration.year_run import _log_told, _told_cause
from oko_pipeline.storage.faults import meaning_ru, told_fault

SAID = {
    "OSError: [Errno 28] No space left on device: '/var/oko/x.partial'": "Кончилось место",
    "OperationalError: (sqlite3.OperationalError) database or disk is full": "Кончилось место",
    "OSError: [Errno 27] File too large": "Кончилось место",
    "OSError: [Errno 30] Read-only file system: 'a'": "только для чтения",
    "OperationalError: attempt to write a readonly database": "только для чтения",
    "DatabaseError: database disk image is malformed": "oko restore",
    "DatabaseError: file is not a database": "oko restore",
    "OperationalError: database is locked": "занята другой программой",
    "OperationalError: server closed the connection unexpectedly": "перестала отвечать",
    "AdminShutdown: terminating connection due to administrator command": "перестала отвечать",
    "OperationalError: unable to open database file": "пропал",
    "OperationalError: disk I/O error": "пропал",
    "BrokenProcessPool: A process in the process pool was terminated abruptly": "OKO_WORKERS",
    "ArrowInvalid: Parquet magic bytes not found in footer": "сделано заново",
}


@pytest.mark.parametrize("said", SAID)
def test_words_of_drivers_have_a_meaning(said):
    assert SAID[said] in str(meaning_ru(said))


def test_words_that_are_not_of_disks_or_databases_have_none():
    assert meaning_ru("KeyError: 'school_code'") is None


def test_a_fault_within_another_is_told_with_the_words_of_the_driver():
    cause = sqlite3.OperationalError("database or disk is full")
    told = told_fault(sa.exc.OperationalError("INSERT INTO works VALUES (?)", ["pupil"], cause))
    assert told.startswith("Кончилось место")
    assert "database or disk is full" in told
    assert "pupil" not in told


def test_an_error_of_a_step_keeps_its_own_russian_words():
    class Cause:
        cls_name = "StorageError"
        message = "Файл закрытого хранилища повреждён: parquet."

    assert _told_cause(Cause) == f"StorageError: {Cause.message}"


def test_an_error_of_a_step_in_english_is_told_in_russian_without_the_statement():
    class Cause:
        cls_name = "OperationalError"
        message = "(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT INTO t VALUES ('Иванов')]"

    told = _told_cause(Cause)
    assert "Кончилось место" in told
    assert "Иванов" not in told


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), sqlite3.DatabaseError("[malformed]")]
)
def test_the_command_line_tells_it_without_a_traceback(error, monkeypatch, capsys):
    def fails():
        raise error

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit) as left:
        app.main()
    said = capsys.readouterr().err
    assert left.value.code == 1
    assert "Ошибка." in said
    assert "Подробности" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (sqlite3.DatabaseError("database disk image is malformed"), "удалите её — пропадёт только история запусков"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "Освободите место"),
    ],
)
def test_a_fault_of_dagsters_storage_is_told_as_what_it_is(error, advice, tmp_path):
    with pytest.raises(StorageError, match="Журнал запусков Dagster") as told, _log_told(tmp_path):
        raise error
    assert advice in str(told.value)
