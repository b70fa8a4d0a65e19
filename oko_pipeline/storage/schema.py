"""The SQL schema, made from the table contracts, so that schema and data dictionary cannot disagree."""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import Column, ColumnType, Table

# Texts are compared by their bytes on every database: the order of rows must not depend on a server's language.
TEXT: Final = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
SQL_TYPES: Final[dict[ColumnType, sa.types.TypeEngine[Any]]] = {
    ColumnType.TEXT: TEXT,
    ColumnType.INTEGER: sa.BigInteger(),
    ColumnType.NUMBER: sa.Double(),
    ColumnType.BOOLEAN: sa.Boolean(),
    ColumnType.DATE: TEXT,
    ColumnType.TIMESTAMP: TEXT,
    ColumnType.JSON: TEXT,
}


def _sql_column(column: Column, table: Table) -> sa.Column[Any]:
    return sa.Column(
        column.name,
        SQL_TYPES[column.type],
        primary_key=column.name in table.key,
        nullable=column.nullable,
        autoincrement=False,
        comment=column.description_ru + (f", {column.unit_ru}" if column.unit_ru else ""),
    )


@cache
def build_metadata() -> sa.MetaData:
    """Return SQLAlchemy metadata of all tables of the catalogue, with keys, indexes and comments; made once."""
    metadata = sa.MetaData()
    for table in all_tables().values():
        # The key's own order makes the primary-key index serve reads of a school year.
        ordered = [table.column(name) for name in table.key]
        ordered += [column for column in table.columns if column.name not in table.key]
        indexes = [sa.Index(f"ix_{table.name}_{'_'.join(names)}", *names) for names in table.indexes]
        sa.Table(
            table.name,
            metadata,
            *(_sql_column(column, table) for column in ordered),
            *indexes,
            comment=table.title_ru,
            # SQLite else keeps the long key twice, in the rows and in their index: a third to a half of these tables.
            sqlite_with_rowid=False,
        )
    return metadata
