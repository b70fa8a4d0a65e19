"""Bringing an opened database to the schema of this version: made, upgraded or refused; one process at a time.

All of it is one transaction: a killed upgrade leaves the database as it was. A SQLite file is copied beside itself
first.
"""

import logging
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.engine import write_transaction
from oko_pipeline.storage.migrations.state import (
    BASELINE,
    HEAD,
    OWN_TABLES,
    REVISION_TABLE,
    fingerprint,
    read_fingerprint,
    read_revision,
    write_state,
)

_log: Final = logging.getLogger(__name__)
_PACKAGE: Final = "oko_pipeline.storage.migrations"


def prepare_schema(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Make a database's schema that of `metadata`: nothing to do, new tables, or an upgrade.

    Raises:
        StorageError: when the database was made by a newer version, or differs in a way that no revision mends.
    """
    wanted = fingerprint(metadata)
    with engine.connect() as connection:
        if read_fingerprint(connection) == wanted:
            return
    with write_transaction(engine) as connection:
        tables = set(sa.inspect(connection).get_table_names())
        # Another process may have done it while this one waited for its turn.
        if tables >= OWN_TABLES and read_fingerprint(connection) == wanted:
            return
        if tables.isdisjoint(metadata.tables):
            metadata.create_all(connection, checkfirst=False)
        else:
            _bring_up(connection, metadata, tables)
        write_state(connection, wanted)


def _bring_up(connection: sa.Connection, metadata: sa.MetaData, tables: set[str]) -> None:
    """Bring a database that has tables to this version."""
    kept = read_revision(connection, tables)
    revision = kept or BASELINE
    url = connection.engine.url
    if revision not in revisions():
        raise StorageError(
            f"База данных {url.render_as_string()} сделана более новой версией программы: ревизия {revision}, эта "
            f"версия знает ревизии до {HEAD}. Обновите программу или восстановите копию, сделанную до обновления."
        )
    if kept is None and not tables >= _first_tables():
        raise StorageError(
            f"База данных {url.render_as_string()} сделана другой версией программы, и обновить её нельзя: в ней нет "
            f"таблиц {', '.join(sorted(_first_tables() - tables)[:3])} и других. Переименуйте файл базы и запустите "
            "год заново: таблицы будут построены из входящих файлов."
        )
    from oko_pipeline.storage.migrations.fitting import fit  # noqa: PLC0415 (alembic is for upgrades only)

    if revision == HEAD:
        if added := fit(connection, metadata):
            _log.warning("В базу данных добавлено по описаниям таблиц: %s.", ", ".join(added))
        return
    copy = _copy_beside(url, revision)
    try:
        upgrade(connection, HEAD, start=revision)
        fit(connection, metadata)
    except BaseException:
        # The transaction is rolled back: the copy says nothing that the database does not.
        if copy is not None:
            copy.unlink(missing_ok=True)
        raise
    told = "" if copy is None else f"; прежняя база сохранена рядом: {copy.name}"
    _log.warning("База данных обновлена с ревизии %s до %s%s.", revision, HEAD, told)


def _first_tables() -> set[str]:
    """Return the tables that every database had before revisions were kept."""
    return set(re.findall(r"^CREATE TABLE (\w+)", baseline_sql(), re.MULTILINE))


def baseline_sql() -> str:
    """Return the statements that made the first schema of which revisions are kept, as written for SQLite."""
    return files(_PACKAGE).joinpath("baseline.sql").read_text("utf-8")


def revisions() -> Mapping[str, str]:
    """Return what each revision does, by its number, from the first on."""
    names = sorted(entry.name for entry in files(f"{_PACKAGE}.versions").iterdir() if entry.name.startswith("r0"))
    return {name[1:5]: name[6:-3].replace("_", " ") for name in names}


def upgrade(connection: sa.Connection, target: str, start: str | None = None) -> None:
    """Run the revisions up to `target` inside the transaction of a connection.

    Args:
        connection: a connection whose transaction has begun; nothing is committed here.
        target: the last revision to run.
        start: the revision of a database that keeps none; None for an empty database.
    """
    from alembic import command  # noqa: PLC0415 (for upgrades only)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files(_PACKAGE)))
    config.attributes["connection"] = connection
    if start is not None and not sa.inspect(connection).has_table(REVISION_TABLE):
        command.stamp(config, start)
    command.upgrade(config, target)


def _copy_beside(url: sa.URL, revision: str) -> Path | None:
    """Copy a SQLite file beside itself; return the copy, None where the database is no file."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    path = Path(url.database)
    copy = path.with_name(f"{path.name}.r{revision}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        # Left by an upgrade that was killed: whoever upgrades now is alone, so nobody writes them.
        for left in path.parent.glob(f"{path.name}.r{revision}.*.partial"):
            left.unlink()
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as target:
            source.backup(target)
        partial.replace(copy)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"База данных {path} требует обновления, но копия рядом с ней не сделана: {error}. "
            "База не изменена. Освободите место на диске и повторите."
        ) from error
    return copy


def configure(context: Any, connection: sa.Connection) -> None:
    """Set alembic up for a connection; called by `env.py`."""
    context.configure(
        connection=connection,
        version_table=REVISION_TABLE,
        # All within the transaction that the caller has begun; SQLite can do that too.
        transactional_ddl=True,
    )
    context.run_migrations()
