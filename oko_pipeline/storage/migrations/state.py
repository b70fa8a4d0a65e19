"""What a database says about its own schema: its revision, and the fingerprint of the tables it was last fitted to.

An opened database is asked for the fingerprint alone; alembic is imported and the schema looked at when it differs.
"""

import hashlib
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

BASELINE: Final = "0001"
"""The schema of databases that were made before revisions were kept."""
HEAD: Final = "0002"
"""The revision that this version of the program works with."""
REVISION_TABLE: Final = "schema_revision"
"""Not alembic's usual name: Dagster keeps its own revisions under that, maybe in the same database."""

_OWN: Final = sa.MetaData()
_STATE: Final = sa.Table("schema_state", _OWN, sa.Column("fingerprint", sa.Text, primary_key=True))
REVISIONS: Final = sa.Table(REVISION_TABLE, _OWN, sa.Column("version_num", sa.String(32), primary_key=True))
OWN_TABLES: Final = frozenset(_OWN.tables)


def fingerprint(metadata: sa.MetaData) -> str:
    """Return the fingerprint of a schema: the revision, tables, columns with types and comments, keys, indexes."""
    digest = hashlib.sha256(HEAD.encode())
    for name, table in sorted(metadata.tables.items()):
        digest.update(f"\n{name}|{table.comment}|{[column.name for column in table.primary_key]}".encode())
        for column in table.columns:
            digest.update(f"\n{column.name}|{column.type}|{column.nullable}|{column.comment}".encode())
        digest.update(repr(sorted(str(index.name) for index in table.indexes)).encode())
    return digest.hexdigest()


def read_fingerprint(connection: sa.Connection) -> str | None:
    """Return the fingerprint that the database was last fitted to; None when it keeps none."""
    try:
        return connection.execute(sa.select(_STATE.c.fingerprint)).scalar()
    except (OperationalError, ProgrammingError) as error:
        connection.rollback()
        if "schema_state" not in str(error.orig):
            raise
        return None


def write_state(connection: sa.Connection, made: str) -> None:
    """Keep the revision of this version and a fingerprint."""
    _OWN.create_all(connection)
    for table, value in ((_STATE, made), (REVISIONS, HEAD)):
        connection.execute(sa.delete(table))
        connection.execute(sa.insert(table).values([value]))


def read_revision(connection: sa.Connection, tables: set[str]) -> str | None:
    """Return the revision of the database, of whose `tables` the names are given; None when it keeps none."""
    if REVISION_TABLE not in tables:
        return None
    return connection.execute(sa.select(REVISIONS.c.version_num)).scalar()
