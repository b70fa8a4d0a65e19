"""The SQL database: slices written in one transaction, frames read back with the contract's types.

Does not belong here: what the tables mean (`catalogue.tables`), pupil-level data (`works_store`).
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from oko_pipeline.catalogue.contracts import PANDAS_TYPES, ColumnType, Table
from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.errors import StorageError
from oko_pipeline.storage.engine import make_engine, write_transaction
from oko_pipeline.storage.faults import told_fault
from oko_pipeline.storage.loading import insert_frame
from oko_pipeline.storage.migrations.upgrade import prepare_schema
from oko_pipeline.storage.schema import build_metadata

_DTYPES: Final[Mapping[ColumnType, Any]] = {
    kind: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items()
}


_AT_ONCE: Final = 5_000

Where = Mapping[str, str | float | Sequence[str]]
"""Which rows: by column a value, or any of several."""
_Shape = tuple[str, tuple[str, ...], tuple[tuple[str, int], ...]]
"""What makes the SQL of a read: the table, the columns, and how many values each condition has."""
_Statement = tuple[str, tuple[str, ...] | None]
"""SQL and the names of its parameters in the driver's order; None where the driver takes them by name."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a table that is replaced as a whole, and the fingerprint of what it was computed from."""

    table: Table
    where: Where
    frame: pd.DataFrame


class Database:
    """The project's database. Cheap to make; connects at first use and makes missing tables."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._metadata = build_metadata()
        self._engine: sa.Engine | None = None
        self._opening = threading.Lock()
        self._own = threading.local()
        self._statements: dict[_Shape, _Statement] = {}

    @property
    def engine(self) -> sa.Engine:
        """Return the engine, made at first use; an older schema is upgraded then (`migrations.upgrade`).

        Raises:
            StorageError: when the database cannot be opened or was made by a newer version of the program.
        """
        if self._engine is None:
            with self._opening:
                if self._engine is None:
                    self._engine = self._open()
        return self._engine

    def _open(self) -> sa.Engine:
        engine = make_engine(self._url)
        try:
            prepare_schema(engine, self._metadata)
        except SQLAlchemyError as error:
            engine.dispose()
            raise StorageError(
                f"База данных {engine.url.render_as_string()} не открывается. {told_fault(error)} "
                "Проверьте OKO_DATABASE_URL, права на папку и место на диске."
            ) from error
        except StorageError:
            engine.dispose()
            raise
        return engine

    def close(self) -> None:
        """Close all connections; the object may be used again."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes of this thread inside one transaction: all of them stand, or none does.

        One transaction writes at a time, in all programs that share the database; others wait.
        """
        if self._write is not None:
            yield
            return
        with _told(), write_transaction(self.engine) as connection:
            self._own.write = connection
            try:
                yield
            finally:
                self._own.write = None

    @property
    def _write(self) -> sa.Connection | None:
        # The page serves several people at once: one's reads must not fall into another's transaction.
        return getattr(self._own, "write", None)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        if (own := self._write) is not None:
            yield own
            return
        with _told(), self.engine.connect() as connection:
            yield connection

    def replace(self, table: Table, frame: pd.DataFrame, where: Where) -> int:
        """Replace the rows of `table` that match `where` by `frame`, in one transaction; return the number of rows.

        Args:
            table: contract of the table.
            frame: rows with exactly the table's columns; every row has the values of `where`.
            where: the slice, by column: a value, or several slices' values at once.

        Raises:
            ContractError: when the frame breaks the contract; nothing is changed then.
            StorageError: when a row lies outside the slice or the database refuses the rows.
        """
        self.replace_all([Slice(table, where, frame)])
        return len(frame)

    def replace_all(self, slices: Sequence[Slice]) -> None:
        """Replace several slices in one transaction; see `replace`."""
        checked: list[tuple[Slice, pd.DataFrame]] = []
        for part in slices:
            frame = part.table.conform(part.frame)
            for column, value in part.where.items():
                if not frame[column].isin(_several(value)).all():
                    raise StorageError(f"Таблица {part.table.name}: строка вне среза {dict(part.where)}.")
            checked.append((part, frame))
        with self.transaction():
            connection = self._connection()
            for part, frame in checked:
                sql_table = self._metadata.tables[part.table.name]
                connection.execute(sa.delete(sql_table).where(*_conditions(sql_table, part.where)))
                insert_frame(connection, sql_table, frame)

    def append(self, table: Table, frame: pd.DataFrame) -> int:
        """Add rows to a table that keeps history; return their number."""
        frame = table.conform(frame)
        with self.transaction():
            insert_frame(self._connection(), self._metadata.tables[table.name], frame)
        return len(frame)

    def replace_each(self, table: Table, frame: pd.DataFrame, wheres: Sequence[Mapping[str, str | float]]) -> int:
        """Replace many small slices of one table at once, such as the rows of each of some documents.

        Args:
            table: contract of the table.
            frame: rows of all the slices together; a slice that has none is emptied.
            wheres: the slices, each with a value for the same columns.

        Raises:
            ContractError: when the frame breaks the contract; nothing is changed then.
            StorageError: when a row lies outside all slices or the database refuses the rows.
        """
        if not wheres:
            return 0
        names = list(wheres[0])
        frame = table.conform(frame)
        slices = {tuple(where[name] for name in names) for where in wheres}
        if not set(zip(*(frame[name].tolist() for name in names), strict=True)) <= slices:
            raise StorageError(f"Таблица {table.name}: строка вне срезов по {', '.join(names)}.")
        sql_table = self._metadata.tables[table.name]
        gone = sa.delete(sql_table).where(*(sql_table.c[name] == sa.bindparam(f"own_{name}") for name in names))
        with self.transaction():
            connection = self._connection()
            connection.execute(gone, [{f"own_{name}": where[name] for name in names} for where in wheres])
            insert_frame(connection, sql_table, frame)
        return len(frame)

    def delete(self, table: Table, where: Where) -> None:
        """Delete the rows that match `where`."""
        sql_table = self._metadata.tables[table.name]
        with self.transaction():
            self._connection().execute(sa.delete(sql_table).where(*_conditions(sql_table, where)))

    def read(self, table: Table, where: Where | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows that match `where` (a value, or any of several), in key order, with the contract's types."""
        names = tuple(columns or table.column_names)
        # Column lists keep None as None: a frame made of row tuples would guess types from the first rows.
        values: list[list[Any]] = [[] for _ in names]
        for rows in self._fetch(table, where or {}, names):
            for column, more in zip(values, zip(*rows, strict=True), strict=True):
                column.extend(more)
        if not values[0]:
            return table.empty() if columns is None else table.empty()[list(names)]
        return pd.DataFrame(
            {name: _typed(column, table.column(name).type) for name, column in zip(names, values, strict=True)},
            copy=False,
        )

    def _fetch(self, table: Table, where: Where, names: tuple[str, ...]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the rows that match `where` in key order, as the driver gives them, some at a time."""
        given = {
            name: [value] if isinstance(value, str | int | float) else list(value) for name, value in where.items()
        }
        shape = (table.name, names, tuple((name, len(values)) for name, values in given.items()))
        statement, order = self._statements.get(shape) or self._compile(shape, table)
        values = {f"{name}_{place}": value for name, several in given.items() for place, value in enumerate(several)}
        parameters = values if order is None else tuple(values[name] for name in order)
        with self._reading() as connection, connection.exec_driver_sql(statement, parameters) as result:
            # Millions of rows at once would hold as many tuples beside the columns that they become.
            while result.cursor is not None and (rows := result.cursor.fetchmany(_AT_ONCE)):
                yield rows

    def _compile(self, shape: _Shape, table: Table) -> _Statement:
        """Return the SQL of a read; a run reads the same shapes hundreds of times."""
        _, names, conditions = shape
        sql_table = self._metadata.tables[table.name]
        query = (
            sa.select(*(sql_table.c[name] for name in names))
            .where(*(_condition(sql_table.c[name], count) for name, count in conditions))
            .order_by(*(sql_table.c[name] for name in table.key))
        )
        compiled = query.compile(self.engine)
        made = (str(compiled), None if compiled.positiontup is None else tuple(compiled.positiontup))
        self._statements[shape] = made
        return made

    def distinct(self, table: Table, where: Where, columns: Sequence[str]) -> pd.DataFrame:
        """Return the different combinations of some columns among the rows that match `where`, in order."""
        sql_table = self._metadata.tables[table.name]
        named = [sql_table.c[name] for name in columns]
        query = sa.select(*named).where(*_conditions(sql_table, where)).distinct()
        query = query.order_by(*(column.asc().nulls_first() for column in named))
        with self._reading() as connection:
            rows = self._rows(connection, query)
        values: Iterable[tuple[Any, ...]] = zip(*rows, strict=True) if rows else ((),) * len(columns)
        return pd.DataFrame(
            {name: _typed(list(column), table.column(name).type) for name, column in zip(columns, values, strict=True)}
        )

    def _rows(self, connection: sa.Connection, query: sa.Select[Any]) -> Sequence[tuple[Any, ...]]:
        """Return rows as the driver gives them; SQLAlchemy's row objects cost as much again as the query."""
        with connection.execute(query) as result:
            return result.cursor.fetchall() if result.cursor is not None else []

    def table_counts(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        with self.engine.connect() as connection:
            return {
                name: connection.execute(
                    sa.select(sa.func.count()).select_from(self._metadata.tables[name])
                ).scalar_one()
                for name in self._metadata.tables
            }

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of every table that stands in the database, also of those that no contract knows."""
        inspector = sa.inspect(self.engine)
        found = inspector.get_multi_columns()
        return {name: tuple(str(column["name"]) for column in columns) for (_, name), columns in found.items()}

    def slice_inputs(self, school_year: str, table_name: str) -> dict[str, str]:
        """Return slice → fingerprint of the inputs it was computed from, for a table and year."""
        where = {"school_year": school_year, "table_name": table_name}
        return dict(chain.from_iterable(self._fetch(SLICES, where, ("slice_key", "input_sha256"))))

    def slice_rows(self, school_year: str, table_name: str) -> dict[str, int]:
        """Return slice → number of its rows, for a table and year."""
        where = {"school_year": school_year, "table_name": table_name}
        rows = chain.from_iterable(self._fetch(SLICES, where, ("slice_key", "rows_count")))
        return {key: int(count) for key, count in rows}

    def _connection(self) -> sa.Connection:
        if self._write is None:
            raise StorageError("Запись вне транзакции.")
        return self._write


@contextmanager
def _told() -> Iterator[None]:
    """Tell faults of the disk and of the server in Russian: whoever runs a year must know what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(told_fault(error)) from error


def _condition(column: sa.Column[Any], count: int) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of `count` values, to be bound as `<column>_<place>`."""
    bound = [sa.bindparam(f"{column.name}_{place}", type_=column.type) for place in range(count)]
    return column.in_(bound) if bound else sa.false()


def _several(value: str | float | Sequence[str]) -> list[Any]:
    return [value] if isinstance(value, str | int | float) else list(value)


def _typed(values: list[Any], kind: ColumnType) -> Any:
    """Return an array of a column's type; an array, because making and aligning series costs more than the values."""
    if kind is ColumnType.NUMBER:
        return np.array(values, dtype=np.float64)
    if isinstance(dtype := _DTYPES[kind], pd.StringDtype) and dtype.storage == "pyarrow":
        # As `pd.array` does, which also looks for texts in other clothes: half of its time.
        texts = pa.chunked_array([pa.array(values, type=pa.large_string())])
        return pd.arrays.ArrowStringArray(texts, dtype=dtype)  # pyright: ignore[reportCallIssue] (stubs of pandas 2)
    return pd.array(values, dtype=dtype)


def _conditions(table: sa.Table, where: Where) -> list[sa.ColumnElement[bool]]:
    return [
        table.c[name] == value if isinstance(value, str | int | float) else table.c[name].in_(list(value))
        for name, value in where.items()
    ]
