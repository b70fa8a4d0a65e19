"""Which issues of documents an analyst has accepted.

An acceptance is of an issue's very file: a new issue, or another file under its number, needs a new one.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.store import ACCEPTANCES, PageStore

_KNOWN_SECONDS: Final = 1.0


class AcceptanceBook:
    """Acceptances by document; kept in memory and read again when this or another process adds one."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._known_count = -1
        self._asked_at = 0.0
        self._by_document: dict[tuple[str, str], dict[str, str]] = {}
        self._files: frozenset[str] = frozenset()

    def accept(self, viewer: Viewer, document: Mapping[str, Any]) -> None:
        """Accept the present issue of a document; accepting it twice changes nothing."""
        if viewer.account is None:
            raise PermissionError("nobody accepts")
        with self._store.engine.begin() as connection:
            connection.execute(
                sa.insert(ACCEPTANCES)
                .prefix_with("OR IGNORE")
                .values(
                    school_year=document["school_year"],
                    document_id=document["document_id"],
                    issue_number=document["issue_number"],
                    file_sha256=document["file_sha256"],
                    accepted_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    account_id=viewer.account.account_id,
                )
            )
        self._known_count = -1

    def files(self) -> frozenset[str]:
        """Return the SHA-256 of all accepted files."""
        self._refresh()
        return self._files

    def version(self) -> int:
        """Return what grows with every acceptance."""
        self._refresh()
        return self._known_count

    def of_document(self, school_year: str, document_id: str) -> Mapping[str, str]:
        """Return when each accepted issue of a document was accepted, by the SHA-256 of its file."""
        self._refresh()
        return self._by_document.get((school_year, document_id), {})

    def _refresh(self) -> None:
        if self._known_count >= 0 and time.monotonic() - self._asked_at < _KNOWN_SECONDS:
            return
        self._asked_at = time.monotonic()
        with self._store.engine.connect() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(ACCEPTANCES)).scalar_one()
            if count == self._known_count:
                return
            rows = connection.execute(sa.select(ACCEPTANCES)).mappings().all()
        found: dict[tuple[str, str], dict[str, str]] = {}
        for row in rows:
            of_document = found.setdefault((row["school_year"], row["document_id"]), {})
            of_document[row["file_sha256"]] = row["accepted_at"]
        self._by_document, self._files = found, frozenset(row["file_sha256"] for row in rows)
        self._known_count = len(rows)
