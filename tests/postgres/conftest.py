"""A PostgreSQL server of the tests' own, in a temporary folder; skipped with the reason where it is not installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from oko_pipeline.storage.servers import postgres_program

# A server that orders texts as people do, not by bytes: the order of our rows must not depend on it.
_RUSSIAN = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=ru-RU")


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


@pytest.fixture(scope="session")
def server():
    """Return the folder of the socket of a running server."""
    pytest.importorskip("psycopg", reason="пакет psycopg не установлен")
    initdb, control = postgres_program("initdb"), postgres_program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("сервер PostgreSQL не установлен: нет initdb и pg_ctl (пакет postgresql)")
    user = _server_user()
    # Short and open to the server's user: the path of a socket holds a hundred signs, and pytest's folders are root's.
    folder = Path(tempfile.mkdtemp(prefix="oko-pg-"))
    if user is not None:
        shutil.chown(folder, user)

    def run(*command):
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=120)

    data = folder / "data"
    run(initdb, "-D", data, "-U", "oko", "--auth=trust", "--encoding=UTF8", "--no-sync", *_RUSSIAN)
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run(control, "-D", data, "-l", folder / "log", "-w", "-t", "90", "-o", options, "start")
    yield folder
    run(control, "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(server):
    """Return the URL of a database of this test alone."""
    name = f"oko_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(f"postgresql+psycopg://oko@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield f"postgresql+psycopg://oko@/{name}?host={server}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
