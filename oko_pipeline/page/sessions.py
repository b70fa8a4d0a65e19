"""Sessions: a signed random token in a cookie, everything else on the server, so that leaving ends them at once."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from itsdangerous import BadData, TimestampSigner

from oko_pipeline.page.accounts import Account, Role
from oko_pipeline.page.store import ACCOUNTS, SESSIONS, PageStore

_SEEN_EVERY: Final = 60.0
_BEFORE_SECONDS: Final = 3600
# Made once: every request asks it.
_WHOSE: Final = (
    sa.select(ACCOUNTS, SESSIONS.c.csrf, SESSIONS.c.seen_at)
    .join(SESSIONS, SESSIONS.c.account_id == ACCOUNTS.c.account_id)
    .where(
        SESSIONS.c.token_sha256 == sa.bindparam("digest"),
        SESSIONS.c.seen_at >= sa.bindparam("idle"),
        SESSIONS.c.began_at >= sa.bindparam("longest"),
    )
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an account with its session's form token, or whoever has not signed in (`account` is None)."""

    account: Account | None = None
    csrf: str = ""

    @property
    def role(self) -> Role:
        """Return the role; of whoever has not signed in it is that of the published set."""
        return Role.PUBLIC if self.account is None else self.account.role

    @property
    def unit_code(self) -> str:
        """Return the school or municipality, empty for the roles of the whole territory."""
        return "" if self.account is None else self.account.unit_code or ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a session lasts, in seconds: without use, and in any case."""

    idle: float
    longest: float


class SessionBook:
    """Begins, finds and ends sessions."""

    def __init__(self, store: PageStore, terms: Terms, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._terms = terms
        self._clock = clock
        secret = store.secret()
        self._signer = TimestampSigner(secret, salt="oko-session")
        self._before = TimestampSigner(secret, salt="oko-before-sign-in")

    def begin(self, account: Account) -> str:
        """Begin a session and return the cookie's value; sessions that are over are swept out."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._store.engine.begin() as connection:
            connection.execute(sa.delete(SESSIONS).where(self._is_over(now)))
            connection.execute(
                sa.insert(SESSIONS).values(
                    token_sha256=_digest(token),
                    account_id=account.account_id,
                    csrf=secrets.token_urlsafe(24),
                    began_at=now,
                    seen_at=now,
                )
            )
        return self._signer.sign(token).decode()

    def viewer(self, cookie: str | None) -> Viewer:
        """Return whose session a cookie is of; nobody's when it is forged, over or its account is gone."""
        token = self._token(cookie)
        if token is None:
            return Viewer()
        digest, now = _digest(token), self._clock()
        asked = {"digest": digest, "idle": now - self._terms.idle, "longest": now - self._terms.longest}
        with self._store.engine.connect() as connection:
            row = connection.execute(_WHOSE, asked).mappings().one_or_none()
        if row is None:
            return Viewer()
        if now - row["seen_at"] > min(_SEEN_EVERY, self._terms.idle / 4):
            with self._store.engine.begin() as connection:
                seen = sa.update(SESSIONS).where(SESSIONS.c.token_sha256 == digest).values(seen_at=now)
                connection.execute(seen)
        account = Account(
            row["account_id"], row["login"], Role(row["role"]), row["unit_code"], row["password_hash"] is not None
        )
        return Viewer(account, row["csrf"])

    def end(self, cookie: str | None) -> None:
        """End the session of a cookie, if it is one."""
        token = self._token(cookie)
        if token is not None:
            with self._store.engine.begin() as connection:
                connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_sha256 == _digest(token)))

    def before_token(self, cookie: str | None) -> tuple[str, str]:
        """Return the form token of the sign-in form and the cookie that it must come back with."""
        value = (
            cookie if cookie and self._unsigned_before(cookie) else self._before.sign(secrets.token_hex(16)).decode()
        )
        return hashlib.sha256(value.encode()).hexdigest(), value

    def is_before_token(self, cookie: str | None, token: str) -> bool:
        """Tell whether the sign-in form came from a page of ours in the same browser."""
        if not cookie or not self._unsigned_before(cookie):
            return False
        return hmac.compare_digest(hashlib.sha256(cookie.encode()).hexdigest().encode(), token.encode())

    def _unsigned_before(self, cookie: str) -> bool:
        try:
            self._before.unsign(cookie, max_age=_BEFORE_SECONDS)
        except (BadData, UnicodeError):
            return False
        return True

    def _token(self, cookie: str | None) -> str | None:
        if not cookie or len(cookie) > 300:
            return None
        try:
            return self._signer.unsign(cookie, max_age=int(self._terms.longest)).decode()
        except (BadData, UnicodeError):
            return None

    def _is_over(self, now: float) -> sa.ColumnElement[bool]:
        return (SESSIONS.c.seen_at < now - self._terms.idle) | (SESSIONS.c.began_at < now - self._terms.longest)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
