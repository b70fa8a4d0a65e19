"""PostgreSQL's own programs (pg_dump, pg_restore): where they stand and how they are told of a database.

The password goes by the environment: what is said on a command line everybody on the machine can read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.engine import make_engine, write_transaction

_DEBIAN: Final = Path("/usr/lib/postgresql")


def postgres_program(name: str) -> Path | None:
    """Return where a program of PostgreSQL stands: the newest of Debian's, else that on PATH; None when nowhere."""
    found = [path for path in _DEBIAN.glob(f"*/bin/{name}") if os.access(path, os.X_OK)]
    if found:
        return max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])])
    on_path = shutil.which(name)
    return None if on_path is None else Path(on_path)


def run_program(name: str, url: str | None, options: Sequence[str]) -> str:
    """Run a program, on a database where a URL is given; return what it said.

    Raises:
        StorageError: when the program is not installed or fails.
    """
    program = postgres_program(name)
    if program is None:
        raise StorageError(
            f"Нет программы {name}: установите клиент PostgreSQL той же версии, что и сервер "
            "(пакет postgresql-client), и повторите."
        )
    environment = dict(os.environ)
    command = [str(program)]
    if url is not None:
        password = sa.make_url(url).password
        environment |= {} if password is None else {"PGPASSWORD": str(password)}
        command.append(f"--dbname={plain_url(url)}")
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise StorageError(f"Программа {name} завершилась с ошибкой: {done.stderr.strip()[-1500:]}")
    return done.stdout


def make_server_schema(url: str, name: str) -> None:
    """Make a schema in a PostgreSQL database unless it is there.

    Raises:
        StorageError: when the server does not answer or does not allow it.
    """
    engine = make_engine(url)
    try:
        with write_transaction(engine) as connection:
            connection.execute(sa.schema.CreateSchema(name, if_not_exists=True))
    except SQLAlchemyError as error:
        raise StorageError(
            f"База данных {engine.url.render_as_string()} не открывается: {error}. "
            "Проверьте OKO_DATABASE_URL и право создавать схемы."
        ) from error
    finally:
        engine.dispose()


def plain_url(url: str) -> str:
    """Return the address of a database as PostgreSQL's programs read it, without the password."""
    parsed = sa.make_url(url)._replace(password=None)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)
