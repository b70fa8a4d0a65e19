"""Every test has its own settings, and leaves no connection to a database open behind it.

Nothing of the machine's environment, key or `.env` reaches a test.

The databases of tests are SQLite files, or with `--database=postgresql` (or OKO_TEST_DATABASE) stand on a PostgreSQL
server that the session starts. There only those tests run that have to do with a database: a run on SQLite notes which
do (in pytest's cache); a test of which nothing is noted runs too.
"""

import gc
import os
import sqlite3
import sys
import warnings
import weakref
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from tests import databases

# A busy machine is no fault: examples are bounded in number, not in time, and are the same in every run.
hypothesis.settings.register_profile(
    "any machine", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
_TOUCHED = "tests/that_use_a_database"
_USES_DATABASE = ("uses a database", True)
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
def _databases_of_the_test():
    """Drop the databases that a test made for itself; those of wider fixtures end with the server."""
    server = databases.server()
    before = set() if server is None else set(server.made)
    yield
    if server is not None:
        server.drop(server.made - before)


@pytest.fixture(autouse=True)
def _own_settings(_databases_of_the_test, _connections_of_the_test, tmp_path_factory, monkeypatch):
    for name in list(os.environ):
        if name.startswith("OKO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    monkeypatch.setenv("OKO_WORKERS", "1")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    # A run on a server leaves the address of Dagster's storage in the environment of its processes.
    monkeypatch.setenv("OKO_DAGSTER_STORAGE", "")


def pytest_addoption(parser):
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default=os.environ.get("OKO_TEST_DATABASE", "sqlite"),
        help="where the databases of tests stand",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "sqlite_only(reason): asks for what only SQLite has; skipped on PostgreSQL")
    config.pluginmanager.register(_Users(config))
    if config.getoption("--database") == "postgresql":
        if (reason := databases.missing_server()) is not None:
            raise pytest.UsageError(reason)
        shared = getattr(config, "workerinput", {}).get("oko_server")
        server = databases.TestServer.new() if shared is None else databases.TestServer(Path(shared))
        databases.use(server)
        if shared is None:
            config.add_cleanup(server.stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a worker of the server that all of them share."""
    if (server := databases.server()) is not None:
        node.workerinput["oko_server"] = str(server.folder)


def pytest_report_header(config):
    return f"databases: {config.getoption('--database')}"


def pytest_collection_modifyitems(config, items):
    if config.getoption("--database") == "sqlite":
        return
    noted = config.cache.get(_TOUCHED, {}) if hasattr(config, "cache") else {}
    config.hook.pytest_deselected(items=[item for item in items if not noted.get(item.nodeid, True)])
    items[:] = [item for item in items if noted.get(item.nodeid, True)]
    for item in items:
        if (mark := item.get_closest_marker("sqlite_only")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"только SQLite: {mark.kwargs['reason']}"))


class _Users:
    """Notes which tests use a project's database, themselves or by their fixtures."""

    def __init__(self, config):
        self._config = config
        self._uses = 0
        self._fixtures = set()
        self._seen = {}

    def pytest_runtestloop(self):
        from oko_pipeline.storage.database import Database  # noqa: PLC0415 (collecting has imported it where it is used)

        engine = Database.engine

        def counted(database):
            self._uses += 1
            return engine.fget(database)

        Database.engine = property(counted, doc=engine.__doc__)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        before = self._uses
        try:
            return (yield)
        finally:
            if self._uses > before:
                self._fixtures.add(fixturedef)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        item.stash[_BEFORE] = self._uses
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item):
        of_fixtures = {one for several in item._fixtureinfo.name2fixturedefs.values() for one in several}
        if self._uses > item.stash[_BEFORE] or not self._fixtures.isdisjoint(of_fixtures):
            item.user_properties.append(_USES_DATABASE)
        return (yield)

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            self._seen.setdefault(report.nodeid, list(_USES_DATABASE) in [list(one) for one in report.user_properties])
        elif report.skipped:
            # What it would have used nobody knows.
            self._seen[report.nodeid] = True

    def pytest_sessionfinish(self):
        config = self._config
        is_noting = config.getoption("--database") == "sqlite" and not hasattr(config, "workerinput")
        if is_noting and hasattr(config, "cache"):
            config.cache.set(_TOUCHED, config.cache.get(_TOUCHED, {}) | self._seen)


_BEFORE = pytest.StashKey[int]()
