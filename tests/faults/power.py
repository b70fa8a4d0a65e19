"""A cut of power for tests: from the chosen call that writes on, no call that writes does anything any more."""

import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy.engine.default import DefaultDialect


class PowerCut(BaseException):
    """The program is gone; nothing may catch this."""


class Power:
    """Counts the calls that write; the one numbered `fails_at` and all after it do nothing, or half."""

    def __init__(self, fails_at=None):
        self.fails_at = fails_at
        self.calls = []

    def lasts(self, name):
        self.calls.append(name)
        return self.fails_at is None or len(self.calls) <= self.fails_at

    def whole(self, name, do, half=None):
        if self.lasts(name):
            return do()
        if half is not None and len(self.calls) == self.fails_at + 1:
            half()
        raise PowerCut(name)


@contextmanager
def power(fails_at=None):
    """Let the power last for so many calls that write; None lets it last, and tells in `calls` which there were."""
    source = Power(fails_at)
    replace, unlink, commit, table = os.replace, Path.unlink, DefaultDialect.do_commit, pq.write_table
    write_bytes, write_text = Path.write_bytes, Path.write_text

    def halved(path, content):
        with Path(path).open("wb") as stream:
            stream.write(content[: len(content) // 2])

    def own_table(rows, where, *args, **options):
        def half():
            table(rows, where, *args, **options)
            os.truncate(where, Path(where).stat().st_size // 2)

        return source.whole("table", lambda: table(rows, where, *args, **options), half)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda *a, **o: source.whole("rename", lambda: replace(*a, **o)))
        patch.setattr(Path, "unlink", lambda *a, **o: source.whole("remove", lambda: unlink(*a, **o)))
        patch.setattr(DefaultDialect, "do_commit", lambda *a: source.whole("commit", lambda: commit(*a)))
        patch.setattr(pq, "write_table", own_table)
        patch.setattr(
            Path,
            "write_bytes",
            lambda path, b: source.whole("file", lambda: write_bytes(path, b), lambda: halved(path, b)),
        )
        patch.setattr(
            Path,
            "write_text",
            lambda path, t, *a, **o: source.whole(
                "file", lambda: write_text(path, t, *a, **o), lambda: halved(path, t.encode())
            ),
        )
        yield source


def stands(home):
    """Return all that stands under a home: files by their bytes, the database by its rows."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and ".sqlite" not in path.name and path.suffix != ".lock":
            found[path.relative_to(home).as_posix()] = path.read_bytes()
    with closing(sqlite3.connect(home / "oko.sqlite")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            found[name] = sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))  # noqa: S608 (names of the database itself)
    return {name: content for name, content in found.items() if content}
