"""Issues of documents and what changed in them, figures of the public report, texts in the order of their bytes.

A database that was made between two revisions may have a part of this already: each step looks first.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_NEW_COLUMNS = (
    ("topic", _TEXT, None),
    ("profile", _TEXT, "internal"),
    ("is_restricted", sa.Boolean(), sa.false()),
    ("issue_number", sa.BigInteger(), "1"),
    ("pack_path", _TEXT, None),
)


def upgrade() -> None:
    """Upgrade; the documents that stand become the first issues of themselves."""
    _order_texts_by_bytes()
    _add_columns_of_documents()
    _make_tables()
    for table in ("skill_results", "task_results"):
        op.drop_index(f"ix_{table}_school_year_unit_code", table, if_exists=True)


def _order_texts_by_bytes() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for (_, table), columns in sa.inspect(connection).get_multi_columns().items():
        texts = [column["name"] for column in columns if isinstance(column["type"], sa.Text)]
        if texts and table is not None:
            changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in texts)
            op.execute(f'ALTER TABLE "{table}" {changes}')


def _add_columns_of_documents() -> None:
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("documents")}
    added = [one for one in _NEW_COLUMNS if one[0] not in known]
    if not added:
        return
    # Reading a table back does not tell alembic that its rows stand in the key itself.
    with op.batch_alter_table("documents", table_kwargs={"sqlite_with_rowid": False}) as documents:
        for name, kind, default in added:
            documents.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
    if "profile" not in known:
        op.execute("UPDATE documents SET profile = 'school' WHERE kind IN ('school_note', 'annotated_workbook')")
    with op.batch_alter_table("documents", table_kwargs={"sqlite_with_rowid": False}) as documents:
        for name, kind, default in added:
            if default is not None:
                documents.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _make_tables() -> None:
    known = set(sa.inspect(op.get_bind()).get_table_names())
    if "document_issues" not in known:
        op.create_table(
            "document_issues",
            *_columns("school_year", "document_id", issue_number=sa.BigInteger()),
            *_columns("path", "context_sha256", "file_sha256", "rendered_at", "code_version"),
            *_columns(changes_count=sa.BigInteger()),
            sa.PrimaryKeyConstraint("school_year", "document_id", "issue_number"),
            sqlite_with_rowid=False,
        )
        op.execute(
            "INSERT INTO document_issues SELECT school_year, document_id, issue_number, path, context_sha256, "
            "file_sha256, rendered_at, code_version, 0 FROM documents"
        )
    if "document_changes" not in known:
        op.create_table(
            "document_changes",
            *_columns("school_year", "document_id", issue_number=sa.BigInteger(), change_number=sa.BigInteger()),
            *_columns("table_name", "column_name", "place", "was", "became"),
            sa.PrimaryKeyConstraint("school_year", "document_id", "issue_number", "change_number"),
            sqlite_with_rowid=False,
        )
    if "public_cells" not in known:
        _make_public_cells()


def _make_public_cells() -> None:
    key = ("school_year", "result_id", "unit_level", "unit_code", "category")
    counts = [sa.Column(name, sa.BigInteger()) for name in ("participants_count", "people_count")]
    shares = [sa.Column(name, sa.Double()) for name in ("share", "share_low", "share_high")]
    op.create_table(
        "public_cells",
        *_columns(*key, "procedure", "municipality_code", "state"),
        *counts,
        *shares,
        *_columns("method_id", "method_version"),
        sa.PrimaryKeyConstraint(*key),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_public_cells_school_year_unit_code", "public_cells", ["school_year", "unit_code"])


def _columns(*texts: str, **others: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    kinds = dict.fromkeys(texts, _TEXT) | others
    return [sa.Column(name, kind, nullable=False, autoincrement=False) for name, kind in kinds.items()]
