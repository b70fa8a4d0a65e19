"""Dagster's log of runs for a run in this process: its connections stay open from event to event.

Dagster's own SQLite log makes a new engine and connection for each of the thousand statements of a run, so that a third
of a run that has nothing to compute is spent on connecting and compiling SQL. The files are those that the UI reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event


class OpenSqliteEventLog(SqliteEventLogStorage):
    """Dagster's SQLite log of events with an engine a file instead of an engine a statement."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Make the log as Dagster's configuration asks for it."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard not in self._engines:
                engine = sa.create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": 30})
                event.listen(engine, "connect", _sync_at_checkpoints)
                self._initdb(engine)
                self._engines[shard] = engine
            with self._engines[shard].begin() as connection:
                yield connection

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def open_instance(folder: Path, *, is_configured: bool) -> dg.DagsterInstance:
    """Open Dagster's instance of an installation.

    Args:
        folder: Dagster's own folder.
        is_configured: its `dagster.yaml` was edited by people: what it says of storages stands.
    """
    if is_configured:
        return dg.DagsterInstance.from_config(str(folder))
    log = {
        "module": OpenSqliteEventLog.__module__,
        "class": OpenSqliteEventLog.__name__,
        "config": {"base_dir": str(folder / "history" / "runs")},
    }
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides={"event_log_storage": log}))


def _sync_at_checkpoints(connection: Any, _record: object) -> None:
    # With the write-ahead log the file stays sound; a power cut may lose the last events of a run that it ends.
    connection.execute("PRAGMA synchronous=NORMAL")
