"""What was drawn from the pipeline's database is remembered until the database changes: people ask for the same lists.

The database tells by the files of SQLite that it changed; on PostgreSQL what is remembered lasts some seconds.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")
_SERVER_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 20.0


class Stamp:
    """Tells one state of the database from another without asking it."""

    def __init__(self, file: Path | None) -> None:
        self._files = () if file is None else (file, file.with_name(f"{file.name}-wal"))

    def now(self) -> Hashable:
        """Return what differs after any write; of a server's database, what differs after two seconds."""
        if not self._files:
            return int(time.monotonic() / _SERVER_SECONDS)
        return tuple(_looks(file) for file in self._files)


class Remembered(Generic[Value]):
    """Values by key, the last used ones, each for as long as the database stays what it was."""

    def __init__(self, stamp: Stamp, most: int) -> None:
        self._stamp = stamp
        self._most = most
        self._values: OrderedDict[Hashable, tuple[Hashable, float, Value]] = OrderedDict()
        self._lock = Lock()

    def value(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the remembered value of a key, or make it."""
        # The state before it is read: a write meanwhile makes the value old at once.
        stamp, now = self._stamp.now(), time.monotonic()
        with self._lock:
            known = self._values.get(key)
            if known is not None and known[0] == stamp and now - known[1] < _LONGEST_SECONDS:
                self._values.move_to_end(key)
                return known[2]
        made = make()
        with self._lock:
            self._values[key] = (stamp, now, made)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


def _looks(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)
    return stat.st_mtime_ns, stat.st_size
