"""Who fetched which issue of a document, and where an account can be written to.

Downloads before this revision are taken from the audit log. It names documents, not issues: the file is left empty and
found by the time when the page opens (`fetches.FetchBook.resolve`).
"""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Upgrade; a store that was made between two revisions may have a part of this already."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    if "email" not in {column["name"] for column in inspector.get_columns("accounts")}:
        op.add_column("accounts", sa.Column("email", sa.Text))
    if inspector.has_table("fetches"):
        return
    fetches = op.create_table(
        "fetches",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("school_year", "document_id", "account_id", "file_sha256")
        ),
        sa.Column("issue_number", sa.Integer),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.Text, nullable=False),
        sa.Column("told_sha256", sa.Text),
        sa.Column("told_at", sa.Text),
    )
    op.create_index("ix_fetches_account_id", "fetches", ["account_id"])
    rows = _downloads(Path(str(connection.engine.url.database)).parent / "audit")
    if rows:
        connection.execute(sa.insert(fetches), rows)


def _downloads(folder: Path) -> list[dict[str, object]]:
    """Return the last download of each document by each account that the audit log tells of."""
    found: dict[tuple[str, str, str], dict[str, object]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for text in file.read_text("utf-8", "replace").splitlines():
            row = _download(text)
            if row is not None:
                found[str(row["school_year"]), str(row["document_id"]), str(row["account_id"])] = row
    return list(found.values())


def _download(text: str) -> dict[str, object] | None:
    try:
        line = json.loads(text)
        if line["action"] != "download" or line["status"] != 200:
            return None
        return {
            "school_year": line["about"]["year"],
            "document_id": line["about"]["id"],
            "account_id": "" if line["account"] == "—" else line["account"],
            "file_sha256": "",
            "role": line["role"],
            "fetched_at": line["at"],
        }
    except (ValueError, KeyError, TypeError):
        # The last line of a log may be cut off.
        return None
