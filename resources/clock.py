"""The clock: the only place that asks for the time, so that a test or a re-issue can say what time it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time in UTC; `source` is replaced in tests."""

    source: Callable[[], datetime] = _now

    def now(self) -> datetime:
        """Return the time with its zone."""
        return self.source()

    def timestamp(self) -> str:
        """Return the time as ISO 8601 in UTC with seconds."""
        return self.source().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
