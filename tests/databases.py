"""Where the databases of tests stand: a SQLite file in each home, or a database for each home on a PostgreSQL server.

The server is started by the first test that asks for it, in a temporary folder, shared by all workers, and stopped at
the end of the session, even of one that was killed. Databases are copies of one template: making tables a hundred
times takes longer than the tests.

Does not belong here: which tests run on what (`conftest`).
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from oko_pipeline.storage.servers import postgres_program

_PREFIX = "home_"
_TEMPLATE = "a_template"
# A server that orders texts as people do, not by bytes: the order of our rows must not depend on it.
_RUSSIAN = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=ru-RU")
# Nothing is to outlive the session: what makes a database survive a power cut only takes time.
_OPTIONS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
}
# Ends the server of a session that was killed before it could do so itself.
_GUARD = """
while kill -0 "$1" 2>/dev/null && [ -d "$2" ]; do sleep 1; done
[ -f "$2/data/postmaster.pid" ] && kill -QUIT "$(head -1 "$2/data/postmaster.pid")" && sleep 1
rm -rf "$2"
"""


def missing_server():
    """Return why no PostgreSQL server can be started here; None when one can."""
    for name in ("initdb", "pg_ctl", "pg_dump"):
        if postgres_program(name) is None:
            return f"сервер PostgreSQL не установлен: нет {name} (пакет postgresql)"
    return None


class TestServer:
    """A PostgreSQL server of a session of tests."""

    __test__ = False

    def __init__(self, folder, guard=None):
        self.folder = folder
        self._guard = guard
        self.made: set[str] = set()
        self._admin = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    @classmethod
    def new(cls):
        """Return a server that is not started yet, with a folder of its own."""
        # Not in pytest's folder: the path of a socket holds a hundred signs, and the server's user must get there.
        folder = Path(tempfile.mkdtemp(prefix="oko-pg-"))
        folder.chmod(0o755)
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(os.getpid()), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(folder, guard)

    def url(self, name):
        """Return the URL of a database."""
        return f"postgresql+psycopg://oko@/{name}?host={self.folder}"

    def url_of(self, home):
        """Return the URL of the database of a home; it is made when somebody connects to it."""
        return self.url(_PREFIX + hashlib.sha256(str(home).encode()).hexdigest()[:24])

    def empty(self, name=None):
        """Make a database without tables, in the place of the one of that name if a name is given; return its URL."""
        self.start()
        name = name or f"empty_{uuid.uuid4().hex[:16]}"
        self.drop({name})
        self._execute(f"CREATE DATABASE {name}")
        self.made.add(name)
        return self.url(name)

    def copy(self, source, target):
        """Give a home the database of another, as it stands."""
        old, new = (str(sa.make_url(self.url_of(home)).database) for home in (source, target))
        self.start()
        if self._exists(old):
            self._copy(old, new)

    def drop(self, names):
        """Drop databases; whoever is still connected loses the connection."""
        for name in names:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made -= names

    def make_at_first_use(self, _dialect, _record, _arguments, options):
        """Make the database that is being connected to, if it is a home's and not there."""
        name = str(options.get("dbname") or "")
        if options.get("host") == str(self.folder) and name.startswith(_PREFIX) and name not in self.made:
            self.start()
            if self._exists(name):
                return
            if _schema() == (self.folder / "ready").read_text("ascii"):
                self._copy(_TEMPLATE, name)
            else:
                # A test with registers of its own: its tables are not those of the template.
                self.empty(name)

    def _exists(self, name):
        with self._admin_connection() as connection:
            found = connection.exec_driver_sql("SELECT FROM pg_database WHERE datname = %(name)s", {"name": name})
            return found.rowcount > 0

    def _copy(self, source, target):
        # Copying files is several times faster than writing every page to the log, and as the server never syncs, safe.
        self._execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy")
        self.made.add(target)

    def _execute(self, statement):
        with self._admin_connection() as connection:
            connection.exec_driver_sql(statement)

    def _admin_connection(self):
        return self._admin.connect()

    def start(self):
        """Start the server unless it runs, and make the template."""
        with self._locked():
            if (self.folder / "ready").exists():
                return
            _as_server_user(self.folder)
            data = self.folder / "data"
            authority = ("-U", "oko", "--auth=trust", "--encoding=UTF8", "--no-sync")
            self._run("initdb", "-D", data, *authority, *_RUSSIAN)
            options = _OPTIONS | {"unix_socket_directories": f"'{self.folder}'"}
            told = " ".join(f"-c {name}={value}" for name, value in options.items())
            self._run("pg_ctl", "-D", data, "-l", self.folder / "log", "-w", "-t", "90", "-o", told, "start")
            self._make_template()
            (self.folder / "ready").write_text(_schema(), "ascii")

    def stop(self):
        """Stop the server if it was started, and remove its folder."""
        self._guard.kill()
        self._guard.wait()
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        for _ in range(50):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)

    @contextmanager
    def _locked(self):
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _run(self, program, *arguments):
        command = [postgres_program(program), *arguments]
        user = _server_user()
        subprocess.run(command, user=user, cwd=self.folder, check=True, capture_output=True, timeout=120)

    def _make_template(self):
        from oko_pipeline.orchestration.run_log import open_instance  # noqa: PLC0415 (Dagster)
        from oko_pipeline.orchestration.year_run import prepare_dagster_home  # noqa: PLC0415
        from oko_pipeline.settings import Settings  # noqa: PLC0415
        from oko_pipeline.storage.database import Database  # noqa: PLC0415

        self._execute(f"CREATE DATABASE {_TEMPLATE}")
        url = self.url(_TEMPLATE)
        database = Database(url)
        database.table_counts()
        database.close()
        former = os.environ.get("OKO_DAGSTER_STORAGE")
        with tempfile.TemporaryDirectory() as home:
            folder = prepare_dagster_home(Settings(home=Path(home), database_url=url))
            with open_instance(folder, is_configured=True) as instance:
                instance.get_runs_count()
                instance.all_asset_keys()
        os.environ.pop("OKO_DAGSTER_STORAGE")
        if former is not None:
            os.environ["OKO_DAGSTER_STORAGE"] = former


def _schema():
    """Return the fingerprint of the tables that the program would make now."""
    from oko_pipeline.storage.migrations.state import fingerprint  # noqa: PLC0415 (alembic)
    from oko_pipeline.storage.schema import build_metadata  # noqa: PLC0415

    return fingerprint(build_metadata())


def _server_user():
    """Return the user to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def _as_server_user(folder):
    user = _server_user()
    if user is not None:
        shutil.chown(folder, user)


_server: TestServer | None = None


def use(server):
    """Let every home whose database is not set have one on the server, from now on in this process."""
    global _server  # noqa: PLW0603 (a session of tests has one place for its databases)
    _server = server
    from oko_pipeline.settings import Settings  # noqa: PLC0415

    load = Settings.load.__func__

    def load_with_server(cls, **overrides):
        settings = load(cls, **overrides)
        if settings.database_url is not None:
            return settings
        return settings.model_copy(update={"database_url": server.url_of(settings.home)})

    Settings.load = classmethod(load_with_server)
    sa.event.listen(sa.Engine, "do_connect", server.make_at_first_use)


def database_url(home):
    """Return the URL of the database of a home, on what the session runs on."""
    return f"sqlite:///{home / 'oko.sqlite'}" if _server is None else _server.url_of(home)


def copy_home(source, target):
    """Copy a home with its database; nothing may be connected to it."""
    shutil.copytree(source, target, copy_function=shutil.copy2)
    if _server is not None:
        _server.copy(source, target)


def lose_database(home):
    """Take a home's database away, as a broken disk would; on a server an empty one is left."""
    if _server is not None:
        _server.empty(str(sa.make_url(_server.url_of(home)).database))
    for path in home.glob("oko.sqlite*"):
        path.unlink()


def server():
    """Return the server of the session; None when it runs on SQLite."""
    return _server
