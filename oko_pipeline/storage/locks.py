"""Turns between programs that share a data folder: a lock on a file, free at once when its holder is killed.

Does not belong here: who writes the database (`engine`).
"""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from oko_pipeline.errors import StorageError

_PAUSE_S: Final = 0.2
_COLLECTING_S: Final = 3600
_held: set[Path] = set()


@contextmanager
def year_lock(home: Path, school_year: str, patience_s: float = 0) -> Iterator[None]:
    """Hold a school year: one run at a time works on it, whoever started it. Nested in one process it costs nothing.

    Args:
        home: the data folder.
        school_year: the year.
        patience_s: how long to wait for another run, seconds.

    Raises:
        StorageError: when another run holds the year longer than that.
    """
    path = home / f".{school_year}.lock"
    if path in _held:
        yield
        return
    with file_lock(path, patience_s, f"Учебный год {school_year} уже выполняется другим запуском"):
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)


@contextmanager
def collection_lock(home: Path) -> Iterator[None]:
    """Hold the inbox: files are read into the stores by one program at a time; others wait.

    Raises:
        StorageError: when another program has been reading for an hour.
    """
    with file_lock(home / ".inbox.lock", _COLLECTING_S, "Входящую папку уже читает другой запуск"):
        yield


@contextmanager
def file_lock(path: Path, patience_s: float, refusal: str) -> Iterator[None]:
    """Hold a lock on a file; it says who holds it, and the lock of a killed program is free at once.

    Args:
        path: the file, made for its owner alone if need be; it stays.
        patience_s: how long to wait for another holder, seconds.
        refusal: what is told of another holder, in Russian, before who it is.

    Raises:
        StorageError: when another program holds it longer than that, or the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"Файл {path} не создаётся: {error}.") from error
    try:
        ends = time.monotonic() + patience_s
        while not _has_lock(descriptor):
            if time.monotonic() >= ends:
                raise StorageError(f"{refusal}{_holder(path)}. Дождитесь его конца или остановите его и повторите.")
            time.sleep(_PAUSE_S)
        told = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(told).encode(), 0) if hasattr(os, "pwrite") else None
        yield
    finally:
        # Closing lets go of the lock; the file stays, for another may be waiting for it.
        os.close(descriptor)


def _holder(path: Path) -> str:
    """Return who holds a lock, as far as its file tells."""
    try:
        told = json.loads(path.read_text("utf-8"))
        return f" (процесс {told['pid']} на {told['host']}, с {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _has_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _has_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
