"""What the page keeps: accounts, sessions, acceptances, answers, sent and fetched files, in one SQLite file.

A table changes by a revision of `page.migrations`.

Results and documents never come here: they stay in the pipeline's stores.
"""

import secrets
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from oko_pipeline.errors import StorageError
from oko_pipeline.page.migrations.upgrade import prepare_store

_METADATA: Final = sa.MetaData()
ACCOUNTS: Final = sa.Table(
    "accounts",
    _METADATA,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("unit_code", sa.Text),
    sa.Column("password_hash", sa.Text),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
)
SESSIONS: Final = sa.Table(
    "sessions",
    _METADATA,
    sa.Column("token_sha256", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("began_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
)
ACCEPTANCES: Final = sa.Table(
    "acceptances",
    _METADATA,
    sa.Column("school_year", sa.Text, primary_key=True),
    sa.Column("document_id", sa.Text, primary_key=True),
    sa.Column("file_sha256", sa.Text, primary_key=True),
    sa.Column("issue_number", sa.Integer, nullable=False),
    sa.Column("accepted_at", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("content_sha256", sa.Text),
)
ANSWERS: Final = sa.Table(
    "answers",
    _METADATA,
    sa.Column("school_year", sa.Text, primary_key=True),
    sa.Column("recommendation_id", sa.Text, primary_key=True),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("edited_text", sa.Text),
    sa.Column("answer_reason", sa.Text),
    sa.Column("answered_role", sa.Text, nullable=False),
    sa.Column("answered_on", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
)
UPLOADS: Final = sa.Table(
    "uploads",
    _METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text, nullable=False),
    sa.Column("is_taken", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
)
FETCHES: Final = sa.Table(
    "fetches",
    _METADATA,
    sa.Column("school_year", sa.Text, primary_key=True),
    sa.Column("document_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, primary_key=True, index=True),
    sa.Column("file_sha256", sa.Text, primary_key=True),
    sa.Column("issue_number", sa.Integer),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("fetched_at", sa.Text, nullable=False),
    sa.Column("told_sha256", sa.Text),
    sa.Column("told_at", sa.Text),
)
_BUSY_MS: Final = 10_000


class PageStore:
    """The page's own database and secret, in a folder that only the program's account may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._engine: sa.Engine | None = None

    @property
    def engine(self) -> sa.Engine:
        """Return the engine, made at first use; raises `StorageError` when the file cannot be opened."""
        if self._engine is None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.folder.chmod(0o700)
                path = self.folder / "page.sqlite"
                prepare_store(path, _METADATA)
                path.chmod(0o600)
                engine = sa.create_engine(f"sqlite:///{path}", pool_size=20, max_overflow=40)
                event.listen(engine, "connect", _set_pragmas)
            except (OSError, SQLAlchemyError) as error:
                raise StorageError(f"Хранилище страницы {self.folder} не открывается: {error}.") from error
            self._engine = engine
        return self._engine

    def secret(self) -> bytes:
        """Return the key that signs cookies; made at first use. Without the file everybody signs in anew."""
        path = self.folder / "session.key"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            fresh = path.with_name(f".session.key.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            fresh.replace(path)
        return path.read_text().strip().encode()

    def close(self) -> None:
        """Close all connections; the object may be used again."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.close()
