"""What every handler works with: the stores, books and limits of the page, opened from the settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from oko_pipeline.page.acceptances import AcceptanceBook
from oko_pipeline.page.accounts import AccountBook
from oko_pipeline.page.answers import AnswerDesk
from oko_pipeline.page.audit import AuditLog
from oko_pipeline.page.checking import Check, CheckRoom
from oko_pipeline.page.downloads import Shelf
from oko_pipeline.page.fetches import FetchBook
from oko_pipeline.page.limits import RateLimit
from oko_pipeline.page.oidc import OidcDoor
from oko_pipeline.page.register import Register
from oko_pipeline.page.remembered import Remembered, Stamp
from oko_pipeline.page.sessions import SessionBook, Terms, Viewer
from oko_pipeline.page.store import PageStore
from oko_pipeline.page.uploads import UploadDesk
from oko_pipeline.settings import Settings
from oko_pipeline.storage.copies import sqlite_file
from oko_pipeline.storage.database import Database

_QUARTER_HOUR: Final = 900.0
_MOST_DRAWN: Final = 300
"""Lists that are kept drawn; one takes a tenth of a megabyte."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often something may be tried: failures of sign-in by address and by login, files by account.

    `hashing` and `checking` bound what may run or wait at once, so that threads are left for everybody else.
    """

    of_address: RateLimit = field(default_factory=lambda: RateLimit(30, _QUARTER_HOUR))
    of_pair: RateLimit = field(default_factory=lambda: RateLimit(5, _QUARTER_HOUR))
    of_login: RateLimit = field(default_factory=lambda: RateLimit(50, 3600.0))
    of_files: RateLimit = field(default_factory=lambda: RateLimit(120, 3600.0))
    hashing: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(2))
    checking: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(4))


Tell = Callable[[str, str, Sequence[Mapping[str, Any]]], str]
"""Puts a notice in the queue for whoever has old issues: a name, an e-mail or nothing, and what to say of each
document (title, unit, had, now, changes). Returns how it goes: «email», «file», or nothing when notices are off."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The page of one installation."""

    settings: Settings
    store: PageStore
    database: Database
    accounts: AccountBook
    sessions: SessionBook
    audit: AuditLog
    acceptances: AcceptanceBook
    fetches: FetchBook
    register: Register
    shelf: Shelf
    uploads: UploadDesk
    answers: AnswerDesk
    room: CheckRoom
    limits: Limits
    oidc: OidcDoor | None
    drawn: Remembered[str]
    tell: Tell | None = None

    @property
    def is_https(self) -> bool:
        """Tell whether people reach the page over TLS."""
        return (self.settings.page_url or "").startswith("https://")

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie; over TLS the browser binds it to this host alone."""
        return "__Host-oko" if self.is_https else "oko"

    def close(self) -> None:
        """Close what is open."""
        self.room.close()
        self.audit.close()
        self.database.close()
        self.store.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be answered: who asks, and what the form holds (its token is checked already)."""

    request: Request
    viewer: Viewer
    form: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[UploadFile] = ()

    def query(self, name: str) -> str:
        """Return a part of the address's query, at most 200 signs of it."""
        return self.request.query_params.get(name, "")[:200]

    def id(self, name: str) -> str:
        """Return an id of the address."""
        return str(self.request.path_params[name])

    def number(self) -> int:
        """Return which page of a list is asked for, from 1."""
        text = self.query("page")
        return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() else 1


def open_desk(settings: Settings, check: Check, **replaced: Any) -> Desk:
    """Open the stores that the settings name.

    Args:
        settings: the installation.
        check: tells what a sent file is and what is wrong in it; must be picklable.
        replaced: parts of the desk to be used instead, for tests.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    store: PageStore = replaced.get("store") or PageStore(settings.page_folder)
    database = Database(settings.sqlalchemy_url)
    acceptances = AcceptanceBook(store)
    stamp = Stamp(sqlite_file(settings.sqlalchemy_url))
    room = CheckRoom(check, settings.page_check_seconds)
    parts: dict[str, Any] = {
        "settings": settings,
        "store": store,
        "database": database,
        "accounts": AccountBook(store),
        "sessions": SessionBook(store, Terms(settings.page_idle_minutes * 60, settings.page_session_hours * 3600)),
        "audit": AuditLog(settings.page_folder / "audit"),
        "acceptances": acceptances,
        "fetches": FetchBook(store),
        "register": Register(database, acceptances, stamp),
        "shelf": Shelf(settings),
        "uploads": UploadDesk(settings, store, room),
        "answers": AnswerDesk(settings, store),
        "room": room,
        "limits": Limits(),
        "drawn": Remembered(stamp, _MOST_DRAWN),
        "oidc": OidcDoor(settings, store.secret()) if settings.page_oidc_issuer else None,
    }
    desk = Desk(**{**parts, **replaced})
    resolve_fetches(desk.fetches, desk.register)
    return desk


def resolve_fetches(fetches: FetchBook, register: Register) -> None:
    """Find the issues of downloads that an upgrade took from the audit log, which names documents alone."""
    for fetch in fetches.unresolved():
        issue = register.issue_at(fetch.school_year, fetch.document_id, fetch.fetched_at)
        if issue is not None:
            fetches.resolve(fetch, issue)
