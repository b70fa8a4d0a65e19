"""Which issues of documents an analyst has accepted.

An acceptance is of what an issue says: a new issue needs a new one, the same issue laid out anew by a new version of
the program does not.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.store import ACCEPTANCES, PageStore
from oko_pipeline.reporting.fingerprint import content_part

_KNOWN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted: files by their SHA-256, and `year document content` by `content_part`."""

    files: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()


@dataclass(slots=True)
class OfDocument:
    """When the issues of one document were accepted."""

    _files: dict[str, str] = field(default_factory=dict)
    _contents: dict[str, str] = field(default_factory=dict)

    def add(self, acceptance: Mapping[Any, Any]) -> None:
        """Take down an acceptance."""
        self._files[acceptance["file_sha256"]] = acceptance["accepted_at"]
        if acceptance["content_sha256"]:
            self._contents.setdefault(acceptance["content_sha256"], acceptance["accepted_at"])

    def at(self, issue: Mapping[Any, Any]) -> str | None:
        """Return when an issue was accepted; None when it was not."""
        return self._files.get(issue["file_sha256"]) or self._contents.get(content_part(issue["context_sha256"]))

    def __bool__(self) -> bool:
        return bool(self._files)


class AcceptanceBook:
    """Acceptances by document; kept in memory and read again when this or another process adds one."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._known_count = -1
        self._asked_at = 0.0
        self._by_document: dict[tuple[str, str], OfDocument] = {}
        self._accepted = Accepted()

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
                    content_sha256=content_part(document["context_sha256"]),
                    accepted_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    account_id=viewer.account.account_id,
                )
            )
        self._known_count = -1

    def accepted(self) -> Accepted:
        """Return all that was accepted."""
        self._refresh()
        return self._accepted

    def version(self) -> int:
        """Return what grows with every acceptance."""
        self._refresh()
        return self._known_count

    def of_document(self, school_year: str, document_id: str) -> OfDocument:
        """Return when the issues of a document were accepted."""
        self._refresh()
        return self._by_document.get((school_year, document_id), OfDocument())

    def _refresh(self) -> None:
        if self._known_count >= 0 and time.monotonic() - self._asked_at < _KNOWN_SECONDS:
            return
        self._asked_at = time.monotonic()
        with self._store.engine.connect() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(ACCEPTANCES)).scalar_one()
            if count == self._known_count:
                return
            rows = connection.execute(sa.select(ACCEPTANCES)).mappings().all()
        found: dict[tuple[str, str], OfDocument] = {}
        for row in rows:
            found.setdefault((row["school_year"], row["document_id"]), OfDocument()).add(row)
        self._by_document = found
        self._accepted = Accepted(
            frozenset(row["file_sha256"] for row in rows),
            frozenset(
                f"{row['school_year']} {row['document_id']} {row['content_sha256']}"
                for row in rows
                if row["content_sha256"]
            ),
        )
        self._known_count = len(rows)
