"""Limits against guessing and flooding: counted in memory, because the page is one process."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import Final

_MOST_KEYS: Final = 20_000


class RateLimit:
    """At most `most` events of a key within `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._events: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: str) -> int:
        """Return for how many seconds the key must wait before its next event; 0 when it may go on."""
        with self._lock:
            events = self._recent(key)
            if len(events) < self._most:
                return 0
            return max(1, int(events[0] + self._seconds - self._clock()) + 1)

    def count(self, key: str) -> None:
        """Count an event of a key."""
        with self._lock:
            self._recent(key).append(self._clock())
            while len(self._events) > _MOST_KEYS:
                self._events.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forget the events of a key."""
        with self._lock:
            self._events.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        events = self._events.setdefault(key, deque())
        self._events.move_to_end(key)
        oldest = self._clock() - self._seconds
        while events and events[0] <= oldest:
            events.popleft()
        return events
