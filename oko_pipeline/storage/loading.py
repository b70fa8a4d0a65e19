"""Rows of a frame into a table, by the fastest way of each database: COPY of PostgreSQL, the driver's executemany else.

Does not belong here: what is replaced by the rows (`database`).
"""

import io
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv
from sqlalchemy.exc import IntegrityError

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.faults import told_fault

_BATCH_ROWS: Final = 20_000


def insert_frame(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
    """Insert the rows of a frame that conforms to the contract of `table`.

    Raises:
        StorageError: when the database refuses the rows: a repeated key, an empty value where none is allowed.
    """
    if frame.empty:
        return
    if connection.dialect.driver == "psycopg":
        _copy(connection, table, frame)
    else:
        _execute_many(connection, table, frame)


def _copy(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
    import psycopg  # noqa: PLC0415 (installed where PostgreSQL is used)

    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(str(name)) for name in frame.columns)
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN WITH (FORMAT csv)"
    # Arrow writes every text in quotes and nothing for what is missing, as COPY tells «» from NULL.
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for batch in rows.to_batches(max_chunksize=_BATCH_ROWS):
                buffer = io.BytesIO()
                csv.write_csv(batch, buffer, csv.WriteOptions(include_header=False))
                copy.write(buffer.getbuffer())
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise StorageError(f"Таблица {table.name}: база отвергла строки: {error}.") from error
    except psycopg.Error as error:
        raise StorageError(told_fault(error)) from error
    finally:
        cursor.close()


def _execute_many(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
    names = list(frame.columns)
    # The driver's own executemany is 3-4 times faster than the ORM path or DataFrame.to_sql.
    compiled = sa.insert(table).values({name: sa.bindparam(name) for name in names}).compile(connection.engine)
    order = list(compiled.positiontup or names)
    try:
        for start in range(0, len(frame), _BATCH_ROWS):
            # Values become Python objects batch by batch: those of a region's table would take a gigabyte.
            part = frame.iloc[start : start + _BATCH_ROWS]
            batch = list(zip(*(_driver_values(part[name]) for name in order), strict=True))
            if compiled.positional:
                connection.exec_driver_sql(str(compiled), batch)
            else:
                connection.exec_driver_sql(str(compiled), [dict(zip(order, row, strict=True)) for row in batch])
    except IntegrityError as error:
        raise StorageError(f"Таблица {table.name}: база отвергла строки: {error.orig}.") from error


def _driver_values(values: pd.Series) -> list[Any]:
    """Return plain Python values with None for missing ones, as database drivers want them."""
    if values.dtype.kind == "f":
        numbers = values.to_numpy()
        if not np.isnan(numbers).any():
            return numbers.tolist()
        boxed = numbers.astype(object)
        boxed[np.isnan(numbers)] = None
        return boxed.tolist()
    return values.to_numpy(dtype=object, na_value=None).tolist()  # pyright: ignore[reportCallIssue,reportArgumentType]
