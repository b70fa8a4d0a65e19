"""What needs no revision: tables, empty-able columns, indexes and comments that the catalogue has and a database lacks.

A territory may describe registers of its own, and a table of a register may get a column: these are added as they
come. Anything that could lose or change rows (a type, a key, a column that may not be empty, a table that goes) is a
revision.
"""

from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.migration import MigrationContext

from oko_pipeline.errors import StorageError


def fit(connection: sa.Connection, metadata: sa.MetaData) -> list[str]:
    """Add what is missing and can be added; return what was added, as table or table.column.

    Raises:
        StorageError: when a table still differs in a way that rows would not fit into.
    """
    ddl = MigrationContext.configure(connection).impl
    found = sa.inspect(connection)
    columns = {name: {str(one["name"]): one for one in own} for (_, name), own in found.get_multi_columns().items()}
    keys = {name: own["constrained_columns"] for (_, name), own in found.get_multi_pk_constraint().items()}
    indexes = {name: {str(one["name"]) for one in own} for (_, name), own in found.get_multi_indexes().items()}
    missing = [table for name, table in metadata.tables.items() if name not in columns]
    metadata.create_all(connection, tables=missing, checkfirst=False)
    added = [table.name for table in missing]
    for name, table in metadata.tables.items():
        if name in columns:
            added += _add_columns(ddl, table, columns[name])
            _add_indexes(connection, table, indexes.get(name, set()))
            _require_same(table, columns[name], keys.get(name, []))
            if connection.dialect.supports_comments:
                _comment(ddl, table, columns[name])
                connection.execute(sa.schema.SetTableComment(table))
    return added


def _add_columns(ddl: DefaultImpl, table: sa.Table, known: dict[str, Any]) -> list[str]:
    wanted = [column for column in table.columns if column.name not in known and column.nullable]
    for column in wanted:
        # A copy outside the table: the column of the metadata is bound to it already.
        ddl.add_column(table.name, sa.Column(column.name, column.type, nullable=True, comment=column.comment))
        known[column.name] = {"nullable": True, "comment": column.comment}
    return [f"{table.name}.{column.name}" for column in wanted]


def _add_indexes(connection: sa.Connection, table: sa.Table, known: set[str]) -> None:
    for index in table.indexes:
        if index.name not in known:
            index.create(connection)


def _require_same(table: sa.Table, known: dict[str, Any], key: list[str]) -> None:
    lacks = sorted(set(table.columns.keys()) - set(known))
    # A column that may be empty and is not known stays: a register's column that its description no longer names.
    alien = sorted(name for name, one in known.items() if name not in table.columns and not one["nullable"])
    if lacks or alien or key != [column.name for column in table.primary_key]:
        told = "столбцами " + ", ".join(lacks + alien) if lacks or alien else f"ключом {', '.join(key)}"
        raise StorageError(
            f"База данных сделана другой версией программы, и обновить её нельзя: таблица {table.name} отличается "
            f"{told}. Переименуйте файл базы и запустите год заново: таблицы будут построены из входящих файлов."
        )


def _comment(ddl: DefaultImpl, table: sa.Table, known: dict[str, Any]) -> None:
    for column in table.columns:
        if known[column.name].get("comment") != column.comment:
            ddl._exec(sa.schema.SetColumnComment(column))  # noqa: SLF001 (alembic has no public name for a schema element)
