"""The schema of databases made before revisions were kept, 165 tables; `baseline.sql` is what that version made."""

import sqlalchemy as sa
from alembic import op

from oko_pipeline.storage.migrations.upgrade import baseline_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, in an empty database alone: one that has them is stamped with this revision."""
    connection = op.get_bind()
    if sa.inspect(connection).has_table("documents"):
        return
    for statement in baseline_statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def baseline_statements(dialect: str) -> list[str]:
    """Return the statements that make the schema; they were written for SQLite."""
    lines = baseline_sql().splitlines()
    if dialect == "sqlite":
        return lines
    return [line.replace(" WITHOUT ROWID;", ";").replace(" DOUBLE", " DOUBLE PRECISION") for line in lines]
