"""Every test has its own settings, and leaves no connection to a database open behind it.

Nothing of the machine's environment, key or `.env` reaches a test.
"""

import gc
import os
import sqlite3
import sys
import warnings
import weakref

import pytest
import sqlalchemy as sa

_opened: list[weakref.ref] = []


class _WatchedConnection(sqlite3.Connection):
    """Says that it was dropped unclosed, as Python 3.13 and newer do by themselves."""

    is_closed = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_closed = False
        _opened.append(weakref.ref(self))

    @property
    def closed(self):
        return self.is_closed

    def close(self):
        super().close()
        self.is_closed = True

    if sys.version_info < (3, 13):

        def __del__(self):
            if not self.is_closed:
                warnings.warn(f"unclosed database in {self!r}", ResourceWarning, stacklevel=1, source=self)


def _connect(database, *args, **kwargs):
    # The sixth argument of the driver, should anybody give it by place, is the class of the connection.
    if len(args) < 5:
        kwargs.setdefault("factory", _WatchedConnection)
    return _driver_connect(database, *args, **kwargs)


_driver_connect = sqlite3.connect
sqlite3.connect = sqlite3.dbapi2.connect = _connect


@sa.event.listens_for(sa.pool.Pool, "connect")
def _remember(connection, _record):
    if not isinstance(connection, sqlite3.Connection):
        _opened.append(weakref.ref(connection))


def _collect_dropped():
    """Collect garbage if a connection is still open; return those that somebody holds and may yet close.

    One that nobody holds says so here, and not in the middle of another test.
    """
    if not any(_is_open(one) for one in _opened):
        _opened.clear()
        return []
    gc.collect()
    held = [one for one in _opened if _is_open(one)]
    _opened.clear()
    return held


def _is_open(reference):
    connection = reference()
    return connection is not None and not connection.closed


@pytest.fixture(scope="module", autouse=True)
def _connections_of_the_module():
    """Connections that outlive their test belong to a fixture of the module, or of the session."""
    held = []
    yield held
    _opened.extend(held)
    _collect_dropped()


@pytest.fixture(autouse=True)
def _connections_of_the_test(_connections_of_the_module):
    yield
    _connections_of_the_module += _collect_dropped()


@pytest.fixture(autouse=True)
def _own_settings(_connections_of_the_test, tmp_path_factory, monkeypatch):
    for name in list(os.environ):
        if name.startswith("OKO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    monkeypatch.setenv("OKO_WORKERS", "1")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
