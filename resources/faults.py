"""Faults of a database server that pass: a step that met one is done again. All others fail at once: they would again.

A step replaces slices in transactions, so that doing it again gives the same. SQLite has no such faults: whoever finds
its file locked waits in `storage`.
"""

from typing import Any, Final

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.database import Database

TIMES: Final = 3
PAUSE_SECONDS: Final = 10.0
_PASSING_STATES: Final = frozenset({"40001", "40P01", "53300", "57P01", "57P02", "57P03"})
"""PostgreSQL: serialization, deadlock, too many connections, shutdown, crash, starting up."""
_CONNECTION_CLASS: Final = "08"
_UNREACHED: Final = (
    "Connection refused",
    "connection refused",
    "timeout expired",
    "Connection timed out",
    "server closed the connection",
    "the database system is",
)


def repeat_after_passing_faults(database: Database) -> None:
    """Let a step of Dagster that meets a passing fault of a server be done again, `TIMES` times at most.

    Raises:
        RetryRequested: when the server cannot be reached now.
        StorageError: when the database cannot be opened for another reason.
    """
    try:
        engine = database.engine
    except StorageError as error:
        if isinstance(error.__cause__, DBAPIError) and is_passing(error.__cause__):
            raise _again() from error
        raise
    if engine.dialect.name != "sqlite" and not event.contains(engine, "handle_error", _ask_again):
        event.listen(engine, "handle_error", _ask_again)


def _again() -> dg.RetryRequested:
    return dg.RetryRequested(max_retries=TIMES, seconds_to_wait=PAUSE_SECONDS)


def _ask_again(context: ExceptionContext) -> None:
    error = context.sqlalchemy_exception
    if context.is_disconnect or (isinstance(error, DBAPIError) and is_passing(error)):
        raise _again() from context.original_exception


def is_passing(error: DBAPIError) -> bool:
    """Tell whether a fault passes by itself: the server is away, restarting, or gave way to another transaction."""
    fault: Any = error.orig
    state = getattr(fault, "sqlstate", None) or getattr(fault, "pgcode", None)
    if state is not None:
        return str(state) in _PASSING_STATES or str(state).startswith(_CONNECTION_CLASS)
    # A server that cannot be reached gives no state; one that refuses a name or a password says so in words.
    refusal = str(fault)
    return isinstance(error, OperationalError) and any(words in refusal for words in _UNREACHED)
