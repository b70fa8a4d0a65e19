"""Whole copies of a database that may be in use: SQLite's online backup, pg_dump; and the way back.

Does not belong here: what else a backup holds (`orchestration.backup`).
"""

import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.migrations.state import OWN_TABLES, REVISION_TABLE
from oko_pipeline.storage.migrations.upgrade import revisions
from oko_pipeline.storage.schema import build_metadata
from oko_pipeline.storage.servers import run_program

_MAGIC: Final = b"SQLite format 3\0"
_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_TIMEOUT_S: Final = 60


def is_sqlite(path: Path) -> bool:
    """Tell whether a file is a SQLite database; such a file is copied through SQLite alone."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database; None when the database is on a server."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def companions(path: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database and that belong to it alone."""
    return [path.with_name(path.name + suffix) for suffix in _COMPANIONS]


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database as it stands at one moment, while others may write it.

    Raises:
        StorageError: when the database is damaged or the copy cannot be written.
    """
    try:
        with (
            closing(sqlite3.connect(source, timeout=_TIMEOUT_S)) as own,
            closing(sqlite3.connect(target)) as copy,
        ):
            own.backup(copy)
            # The copy is one file: without the log of writes, which stands beside.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StorageError(f"База данных {source} не копируется: {error}.") from error


def check_sqlite(path: Path) -> None:
    """Look a copied SQLite database through; raises `StorageError` when it is damaged."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            found = [str(line) for (line,) in copy.execute("PRAGMA quick_check")]
    except sqlite3.Error as error:
        raise StorageError(f"База данных {path.name} в копии повреждена: {error}.") from error
    if found != ["ok"]:
        raise StorageError(f"База данных {path.name} в копии повреждена: {found[0]}.")


def dump_server(url: str, target: Path) -> None:
    """Write a dump of a PostgreSQL database, as it stands at one moment."""
    run_program("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])


def restore_server(url: str, source: Path, own: Collection[str]) -> None:
    """Replace the tables of a PostgreSQL database by those of a dump, in one transaction: all of them or none.

    Args:
        url: the database.
        source: the dump.
        own: tables of the program; those that the dump does not have go too: they are of a later schema. Tables of
            others are left alone.
    """
    script = source.with_name(f"{source.name}.sql")
    try:
        run_program("pg_restore", None, ["--no-owner", f"--file={script}", str(source)])
        listed = run_program("pg_restore", None, ["--list", str(source)])
        dumped = set(re.findall(r"^\d+; \d+ \d+ TABLE (\S+ \S+) ", listed, re.MULTILINE))
        public = {name.removeprefix("public ") for name in dumped if name.startswith("public ")}
        tables = sorted(server_tables(url) & (public | set(own)))
        schemas = sorted({name.split()[0] for name in dumped} - {"public"})
        drops = [f'DROP SCHEMA IF EXISTS "{name}" CASCADE' for name in schemas]
        drops += [f'DROP TABLE "{name}"' for name in tables]
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        run_program("psql", url, [*options, f"--command={'; '.join(drops) or 'SELECT 1'}", f"--file={script}"])
    finally:
        script.unlink(missing_ok=True)


def server_tables(url: str) -> set[str]:
    """Return the names of the tables in a PostgreSQL database's usual schema.

    Raises:
        StorageError: when the server does not answer.
    """
    engine = sa.create_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        raise StorageError(f"База данных {engine.url.render_as_string()} не открывается: {error}.") from error
    finally:
        engine.dispose()


def own_tables() -> set[str]:
    """Return the names of all tables that the program keeps in its database."""
    return set(build_metadata().tables) | OWN_TABLES


def revision_of(url: str) -> str | None:
    """Return the revision of a database's schema; None when it keeps none or there is no database."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        return None
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            # The only name in the statement is our own constant.
            return connection.exec_driver_sql(f"SELECT version_num FROM {REVISION_TABLE}").scalar()  # noqa: S608
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def require_known_revision(revision: str | None) -> None:
    """Raise `StorageError` when a copy's schema is newer than this version of the program."""
    if revision is not None and revision not in revisions():
        raise StorageError(
            f"Копия сделана более новой версией программы: ревизия базы {revision}, эта версия знает ревизии до "
            f"{list(revisions())[-1]}. Обновите программу и повторите."
        )
