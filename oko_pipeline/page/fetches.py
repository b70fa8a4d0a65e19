"""Who has fetched which issue of a document, and so who has an old one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.store import ACCOUNTS, FETCHES, PageStore

DocumentKey = tuple[str, str]
"""School year and id of a document."""
_MOST_KNOWN: Final = 50_000


@dataclass(frozen=True, slots=True)
class Present:
    """The present issue of a document."""

    issue_number: int
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """An issue in somebody's hands; `issue_number` is None where the log does not tell which one it was.

    `login` is None for an account that is gone, empty for those who fetched without signing in.
    """

    school_year: str
    document_id: str
    account_id: str
    login: str | None
    role: str
    unit_code: str
    email: str
    issue_number: int | None
    file_sha256: str
    fetched_at: str
    told_sha256: str
    told_at: str

    @property
    def document(self) -> DocumentKey:
        """Return the key of the document."""
        return self.school_year, self.document_id


class FetchBook:
    """Fetches by document and account: an issue that an account fetched is noted once."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._known: set[tuple[str, str, str]] = set()
        self._lock = Lock()

    def note(self, viewer: Viewer, documents: Iterable[Mapping[str, Any]]) -> None:
        """Note that a viewer fetched the issues that rows of the register name."""
        account_id = "" if viewer.account is None else viewer.account.account_id
        now = _now()
        rows = [
            {
                "school_year": row["school_year"],
                "document_id": row["document_id"],
                "account_id": account_id,
                "file_sha256": row["file_sha256"],
                "issue_number": row["issue_number"],
                "role": viewer.role.value,
                "fetched_at": now,
            }
            for row in documents
            if (account_id, row["document_id"], row["file_sha256"]) not in self._known
        ]
        if not rows:
            return
        with self._store.engine.begin() as connection:
            connection.execute(insert(FETCHES).on_conflict_do_nothing(), rows)
        with self._lock:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known.update((account_id, row["document_id"], row["file_sha256"]) for row in rows)

    def of_document(self, school_year: str, document_id: str) -> list[Fetch]:
        """Return the fetches of a document, the last one first."""
        found = self._read(FETCHES.c.school_year == school_year, FETCHES.c.document_id == document_id)
        return found[::-1]

    def old(self, present: Mapping[DocumentKey, Present], account_id: str | None = None) -> list[Fetch]:
        """Return the last fetch of whoever has an old issue and not the present one, of one account or of all.

        Args:
            present: the present issues; documents that are not among them are issued no more.
            account_id: whose fetches; None for all accounts, without those who did not sign in.
        """
        chosen = FETCHES.c.account_id != "" if account_id is None else FETCHES.c.account_id == account_id
        last: dict[tuple[str, str, str], Fetch] = {}
        up_to_date: set[tuple[str, str, str]] = set()
        for fetch in self._read(chosen):
            now = present.get(fetch.document)
            key = (*fetch.document, fetch.account_id)
            # An issue that was written again because its file was gone is the same issue.
            if now is None or now.file_sha256 == fetch.file_sha256 or now.issue_number == fetch.issue_number:
                up_to_date.add(key)
            last[key] = fetch
        return [fetch for key, fetch in last.items() if key not in up_to_date]

    def told(self, fetches: Sequence[Fetch], present: Mapping[DocumentKey, Present]) -> None:
        """Note that the holders of old issues were told of the present ones."""
        changes = [
            {
                "of_year": fetch.school_year,
                "of_document": fetch.document_id,
                "of_account": fetch.account_id,
                "now": present[fetch.document].file_sha256,
                "at": _now(),
            }
            for fetch in fetches
        ]
        if not changes:
            return
        same = (
            (FETCHES.c.school_year == sa.bindparam("of_year"))
            & (FETCHES.c.document_id == sa.bindparam("of_document"))
            & (FETCHES.c.account_id == sa.bindparam("of_account"))
        )
        change = sa.update(FETCHES).where(same).values(told_sha256=sa.bindparam("now"), told_at=sa.bindparam("at"))
        with self._store.engine.begin() as connection:
            connection.execute(change, changes)

    def unresolved(self) -> list[Fetch]:
        """Return the fetches that the audit log told of without their issue."""
        return self._read(FETCHES.c.file_sha256 == "")

    def resolve(self, fetch: Fetch, issue: Mapping[str, Any]) -> None:
        """Give a fetch without its issue the one that stood when it was made."""
        same = [FETCHES.c[name] == getattr(fetch, name) for name in ("school_year", "document_id", "account_id")]
        row = {
            name: getattr(fetch, name) for name in ("school_year", "document_id", "account_id", "role", "fetched_at")
        }
        row |= {"file_sha256": issue["file_sha256"], "issue_number": issue["issue_number"]}
        with self._store.engine.begin() as connection:
            connection.execute(insert(FETCHES).values(row).on_conflict_do_nothing())
            connection.execute(sa.delete(FETCHES).where(*same, FETCHES.c.file_sha256 == ""))

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[Fetch]:
        """Return fetches, the earliest first."""
        query = (
            sa.select(FETCHES, ACCOUNTS.c.login, ACCOUNTS.c.unit_code, ACCOUNTS.c.email)
            .join(ACCOUNTS, ACCOUNTS.c.account_id == FETCHES.c.account_id, isouter=True)
            .where(*conditions)
            .order_by(FETCHES.c.fetched_at, FETCHES.c.issue_number, FETCHES.c.account_id)
        )
        with self._store.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Fetch(
                row["school_year"], row["document_id"], row["account_id"],
                row["login"] if row["account_id"] else "", row["role"], row["unit_code"] or "", row["email"] or "",
                row["issue_number"], row["file_sha256"], row["fetched_at"],
                row["told_sha256"] or "", row["told_at"] or "",
            )
            for row in rows
        ]  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
