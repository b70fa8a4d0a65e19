"""The queue of notices: a file of SQLite in which a notice stands until its channel has taken it.

A notice is entered once for each channel, in one transaction with what it tells of. A channel that is away is asked
again after growing pauses; nothing is dropped. In quiet hours nothing is sent; what waited is sent after them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from oko_pipeline.errors import OkoError
from oko_pipeline.orchestration.notice_texts import Notice

PAUSES_MINUTES: Final = (1, 2, 5, 15, 60, 180, 360)
CLAIM_MINUTES: Final = 10
"""Who has taken a notice to send it holds it so long: another sender does not send it too, and a death frees it."""
REMEMBERED_DAYS: Final = 800
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS notices (
    notice_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, notice_key TEXT NOT NULL, channel TEXT NOT NULL,
    subject TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL, next_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, fault TEXT, sent_at REAL, UNIQUE (kind, notice_key, channel));
CREATE INDEX IF NOT EXISTS notices_due ON notices (state, next_at);
CREATE TABLE IF NOT EXISTS told (
    kind TEXT NOT NULL, item TEXT NOT NULL, told_at REAL NOT NULL, PRIMARY KEY (kind, item)) WITHOUT ROWID;
"""


class ChannelAwayError(OkoError):
    """A channel cannot be reached now; the notice stays in the queue. `seconds` is the pause it asked for, if any."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(OkoError):
    """A channel will never take this notice (no such addressee): it is set aside with the reason."""


Send = Callable[[str, str], None]
"""Sends a subject and a text; raises `ChannelAwayError` or `RefusedError`."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of the day in which nothing is sent, over midnight too; equal ends are none."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, time_zone: str) -> "QuietHours":
        """Read «21:00-08:00»; an empty text means none."""
        first, _, last = (text or "00:00-00:00").partition("-")
        return cls(time.fromisoformat(first), time.fromisoformat(last), ZoneInfo(time_zone))

    def hold(self, moment: datetime) -> bool:
        """Tell whether a moment is quiet."""
        now = moment.astimezone(self.zone).time()
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a round of sending; `faults` are those of channels that are away, by channel."""

    sent_count: int
    waiting_count: int
    refused_count: int
    faults: Mapping[str, str]
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class _Waiting:
    notice_id: int
    channel: str
    subject: str
    body: str
    attempts: int


class NoticeQueue:
    """Notices that wait, and what was told; several processes may use one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        except sqlite3.Error as error:
            raise OkoError(f"Очередь извещений {self._path} не открывается: {error}.") from error
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise OkoError(f"Очередь извещений {self._path}: {error}. Проверьте место и права.") from error
        finally:
            # What is not committed is rolled back by closing.
            connection.close()

    def untold(self, kind: str, items: Sequence[str]) -> list[str]:
        """Return the items that no notice of a kind has told of yet, in their order."""
        with self._transaction() as connection:
            told = {row[0] for row in connection.execute("SELECT item FROM told WHERE kind = ?", (kind,))}
        return [item for item in items if item not in told]

    def enter(self, notice: Notice, channels: Sequence[str], now: datetime) -> int:
        """Enter a notice for each channel; return for how many it is new. The same notice is entered once only."""
        at = now.timestamp()
        with self._transaction() as connection:
            entered = 0
            for channel in channels:
                entered += connection.execute(
                    "INSERT OR IGNORE INTO notices"
                    " (kind, notice_key, channel, subject, body, state, created_at, next_at)"
                    " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?)",
                    (notice.kind, notice.key, channel, notice.subject, notice.body, at, at),
                ).rowcount
            told = [(notice.kind, item, at) for item in notice.items]
            connection.executemany("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", told)
        return entered

    def deliver(
        self, channels: Mapping[str, Send], now: datetime, quiet: QuietHours | None = None, most: int = 20
    ) -> Delivery:
        """Send what is due, the oldest first; a channel that is away is not asked again in this round.

        A notice is sent at least once: a sender that dies between sending and noting it sends it again.
        """
        if quiet is not None and quiet.hold(now):
            return Delivery(0, self.waiting_count(), 0, {}, is_quiet=True)
        sent, refused = 0, 0
        faults: dict[str, str] = {}
        for _ in range(most):
            one = self._claim([name for name in channels if name not in faults], now)
            if one is None:
                break
            try:
                channels[one.channel](one.subject, one.body)
            except ChannelAwayError as error:
                faults[one.channel] = str(error)
                self._postpone(one, now, error)
            except RefusedError as error:
                refused += 1
                self._note(one, "refused", now, str(error))
            else:
                sent += 1
                self._note(one, "sent", now, None)
        self._forget(now)
        return Delivery(sent, self.waiting_count(), refused, faults)

    def addressed(self) -> list[str]:
        """Return the channels of waiting notices that lead to single addressees: «email:…», «file:…»."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT DISTINCT channel FROM notices WHERE state = 'waiting'").fetchall()
        return sorted(row[0] for row in rows if ":" in row[0])

    def waiting_count(self) -> int:
        """Return how many notices are not sent yet."""
        with self._transaction() as connection:
            row = connection.execute("SELECT count(*) FROM notices WHERE state = 'waiting'").fetchone()
        return int(row[0])

    def _claim(self, channels: Sequence[str], now: datetime) -> _Waiting | None:
        at = now.timestamp()
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT notice_id, channel, subject, body, attempts FROM notices"
                " WHERE state = 'waiting' AND next_at <= ? ORDER BY created_at, notice_id",
                (at,),
            )
            found = next((_Waiting(*row) for row in rows if row[1] in channels), None)
            if found is not None:
                until = at + CLAIM_MINUTES * 60
                connection.execute("UPDATE notices SET next_at = ? WHERE notice_id = ?", (until, found.notice_id))
        return found

    def _postpone(self, one: _Waiting, now: datetime, error: ChannelAwayError) -> None:
        pause = PAUSES_MINUTES[min(one.attempts, len(PAUSES_MINUTES) - 1)] * 60
        until = now + timedelta(seconds=max(pause, error.seconds or 0))
        with self._transaction() as connection:
            connection.execute(
                "UPDATE notices SET next_at = ?, attempts = attempts + 1, fault = ? WHERE notice_id = ?",
                (until.timestamp(), str(error), one.notice_id),
            )

    def _note(self, one: _Waiting, state: str, now: datetime, fault: str | None) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE notices SET state = ?, sent_at = ?, attempts = attempts + 1, fault = ? WHERE notice_id = ?",
                (state, now.timestamp(), fault, one.notice_id),
            )

    def _forget(self, now: datetime) -> None:
        limit = (now - timedelta(days=REMEMBERED_DAYS)).timestamp()
        with self._transaction() as connection:
            connection.execute("DELETE FROM notices WHERE state <> 'waiting' AND created_at < ?", (limit,))
            connection.execute("DELETE FROM told WHERE told_at < ?", (limit,))
