"""How connections to the database open and how writers take turns, on SQLite and on PostgreSQL.

Does not belong here: tables (`schema`), rows (`database`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.soundness import file_identity

_BUSY_TIMEOUT_MS: Final = 30_000
_PATIENCE_S: Final = 900
_PAUSE_S: Final = 0.05
_WRITERS_LOCK: Final = 0x6F6B6F01
"""The advisory lock of PostgreSQL that a writer holds; the first bytes read «oko»."""


def make_engine(url: str) -> sa.Engine:
    """Return an engine; it connects at first use.

    Raises:
        StorageError: when the address names no database that the program knows; the address itself is not shown.
    """
    try:
        # Errors are told to people and kept in logs: values of rows are none of their business.
        engine = sa.create_engine(url, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StorageError(
            f"Для OKO_DATABASE_URL не установлен модуль {error.name}: установите программу с дополнением postgres."
        ) from None
    except (ArgumentError, ValueError) as error:
        raise StorageError(
            "OKO_DATABASE_URL: ожидался адрес вида postgresql+psycopg://имя:пароль@сервер/база или "
            f"sqlite:///путь ({type(error).__name__})."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        if engine.url.database not in (None, "", ":memory:"):
            _hold_to_file(engine, Path(str(engine.url.database)))
    return engine


def _hold_to_file(engine: sa.Engine, path: Path) -> None:
    """Let connections serve the file that stands in its place: what is written into a removed one is lost.

    A file that another took the place of (a backup was restored) is opened anew. One that is gone is told of: opening
    it anew would make an empty database, and the run would end well without a row.
    """
    has_stood = False

    def require(*_told: object) -> None:
        if has_stood and file_identity(path) is None:
            raise StorageError(
                f"Файл базы {path} исчез, пока программа с ним работала. Верните его или восстановите копию "
                "(oko restore ПАПКА_КОПИИ --replace) и запустите снова. Копии нет — запустите годы снова: таблицы "
                "построятся из входящих файлов, номера выпусков и решения людей начнутся заново."
            )

    def remember(_connection: Any, record: Any) -> None:
        nonlocal has_stood
        has_stood = True
        record.info["file"] = file_identity(path)

    def compare(_connection: Any, record: Any, _proxy: object) -> None:
        require()
        if file_identity(path) != record.info["file"]:
            raise DisconnectionError(f"another file took the place of {path.name}")

    event.listen(engine, "do_connect", require)
    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)


@contextmanager
def write_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that alone may write; commits at the end, rolls back on an error.

    Writers take turns before they read: a transaction that reads first and asks for the right to write afterwards
    fails at once on SQLite when another has written meanwhile, whatever the timeout, and meets repeated keys or
    deadlocks on PostgreSQL. Readers are never kept waiting.

    Raises:
        StorageError: when another program has been writing for a quarter of an hour.
    """
    with engine.begin() as connection:
        take_turn(connection)
        yield connection


def take_turn(connection: sa.Connection) -> None:
    """Wait until this connection alone may write; the right is given back when its transaction ends.

    Raises:
        StorageError: when another program has been writing for a quarter of an hour.
    """
    if connection.dialect.name == "postgresql":
        has_turn = _has_lock(connection)
    else:
        started = time.monotonic()
        while not (has_turn := _has_begun(connection)) and time.monotonic() - started <= _PATIENCE_S:
            time.sleep(_PAUSE_S)
    if not has_turn:
        raise StorageError(
            f"База данных {connection.engine.url.render_as_string()} дольше {_PATIENCE_S // 60} минут занята "
            "другой программой. Дождитесь конца другого запуска или остановите его и повторите."
        )


def _has_lock(connection: sa.Connection) -> bool:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(_PATIENCE_S * 1000, 1)}")
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
    except OperationalError as error:
        if "lock timeout" not in str(error.orig):
            raise
        return False
    return True


def _has_begun(connection: sa.Connection) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_locked(error):
            raise
        return False
    return True


def is_locked(error: Exception) -> bool:
    """Tell whether SQLite refused because another connection holds the file."""
    return "is locked" in str(error)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver itself would begin a transaction only at the first write, and not at all before a change of schema.
    connection.isolation_level = None
    try:
        _set_up(connection.cursor())
    except BaseException:
        # Nobody else would close it: to SQLAlchemy this connection was never made.
        connection.close()
        raise


def _set_up(cursor: Any) -> None:
    # The timeout first: turning the write-ahead log on waits for others too.
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    # The UI, the daemon and a run share the file: readers must not block the writer, and writers wait their turn.
    _turn_log_on(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _turn_log_on(cursor: Any) -> None:
    """Turn the write-ahead log on; SQLite does not wait by itself when several processes do so at once."""
    started = time.monotonic()
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except Exception as error:
            if not is_locked(error) or time.monotonic() - started > _BUSY_TIMEOUT_MS / 1000:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
