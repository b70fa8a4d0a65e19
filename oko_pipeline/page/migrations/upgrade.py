"""Bringing the page's store to this version: one transaction, one process at a time, a copy beside it first."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.copies import copy_sqlite
from oko_pipeline.storage.engine import make_engine, write_transaction
from oko_pipeline.storage.migrations.state import REVISIONS, read_revision

_log: Final = logging.getLogger(__name__)
_PACKAGE: Final = "oko_pipeline.page.migrations"
_FIRST: Final = "0001"
HEAD: Final = "0003"
"""The revision that this version of the page works with."""


def prepare_store(path: Path, metadata: sa.MetaData) -> None:
    """Make the tables of a new store, or upgrade an older one; a store of this version is left alone.

    Raises:
        StorageError: when the store was made by a newer version; nothing is changed then.
    """
    engine = make_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            if read_revision(connection, tables) == HEAD:
                return
        with write_transaction(engine) as connection:
            tables = set(sa.inspect(connection).get_table_names())
            if tables.isdisjoint(metadata.tables):
                metadata.create_all(connection)
                REVISIONS.create(connection, checkfirst=True)
                connection.execute(sa.insert(REVISIONS).values(version_num=HEAD))
            else:
                _bring_up(connection, path, read_revision(connection, tables))
    finally:
        engine.dispose()


def revisions() -> Sequence[str]:
    """Return the numbers of the revisions, from the first on."""
    names = sorted(entry.name for entry in files(f"{_PACKAGE}.versions").iterdir() if entry.name.startswith("r0"))
    return [name[1:5] for name in names]


def _bring_up(connection: sa.Connection, path: Path, kept: str | None) -> None:
    """Run the revisions that a store lacks; another process may have done it while this one waited."""
    start = kept or _FIRST
    if start == HEAD:
        return
    if start not in revisions():
        raise StorageError(
            f"Хранилище страницы {path} сделано более новой версией программы: ревизия {start}, эта версия знает "
            f"ревизии до {HEAD}. Обновите программу или восстановите копию, сделанную до обновления."
        )
    from alembic import command  # noqa: PLC0415 (alembic is for upgrades only)
    from alembic.config import Config  # noqa: PLC0415

    copy = path.with_name(f"{path.name}.r{start}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    copy_sqlite(path, copy)
    copy.chmod(0o600)
    config = Config()
    config.set_main_option("script_location", str(files(_PACKAGE)))
    config.attributes["connection"] = connection
    try:
        if kept is None:
            command.stamp(config, start)
        command.upgrade(config, HEAD)
    except BaseException:
        # The transaction is rolled back: the copy says nothing that the store does not.
        copy.unlink(missing_ok=True)
        raise
    _log.warning("Хранилище страницы обновлено с ревизии %s до %s; прежнее рядом: %s.", start, HEAD, copy.name)
