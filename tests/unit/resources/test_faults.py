"""Faults of the database server: those that pass let a step be done again, all others fail it at once."""

import dagster as dg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from oko_pipeline.errors import StorageError
from resources.faults import TIMES, is_passing, repeat_after_passing_faults
from resources.workplace import WorkplaceResource


class DriverError(Exception):
    """What a driver of PostgreSQL raises."""

    def __init__(self, text, sqlstate=None):
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("fault", "passes"),
    [
        (OperationalError("select 1", {}, DriverError("server closed the connection unexpectedly")), True),
        (OperationalError("select 1", {}, DriverError("connection to server failed: Connection refused")), True),
        (DBAPIError("update x", {}, DriverError("deadlock detected", "40P01")), True),
        (DBAPIError("select 1", {}, DriverError("terminating connection", "57P01")), True),
        (DBAPIError("select 1", {}, DriverError("connection failure", "08006")), True),
        (OperationalError("select 1", {}, DriverError("canceling statement due to lock timeout", "55P03")), False),
        (OperationalError("select 1", {}, DriverError("password authentication failed")), False),
        (ProgrammingError("select x", {}, DriverError('column "x" does not exist', "42703")), False),
        (DBAPIError("insert", {}, DriverError("could not extend file: No space left", "53100")), False),
    ],
)
def test_only_faults_that_pass_by_themselves_are_repeated(fault, passes):
    assert is_passing(fault) is passes


def away(words):
    """Return a database that cannot be opened."""

    class Away:
        @property
        def engine(self):
            raise StorageError("База данных не открывается.") from OperationalError("", {}, DriverError(words))

    return Away()


def test_a_server_that_is_away_is_waited_for_and_a_wrong_password_is_told_at_once():
    with pytest.raises(dg.RetryRequested) as again:
        repeat_after_passing_faults(away("Connection refused"))
    assert again.value.max_retries == TIMES
    with pytest.raises(StorageError):
        repeat_after_passing_faults(away("password authentication failed"))


@pytest.mark.sqlite_only(reason="о замках файла базы")
def test_a_locked_file_is_left_to_the_store_that_waits_for_it(tmp_path):
    resource = WorkplaceResource(home=str(tmp_path), workers=1)
    office = resource.open()
    with pytest.raises(OperationalError, match="no such table"), office.database.engine.connect() as connection:
        connection.exec_driver_sql("select * from nowhere")
    resource.teardown_after_execution(None)
