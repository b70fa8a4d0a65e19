"""The audit log: a line for every view, download, sending and answer, in a file a month that is only added to.

A line names the account's number, what was asked for and the outcome; no names, addresses or contents.
"""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

_PRINTABLE: Final = re.compile(r"[^\w.:@+-]+")
_LONGEST: Final = 120


class AuditLog:
    """Adds lines and reads the last ones back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._open: tuple[Path, int] | None = None

    def write(self, account_id: str, role: str, action: str, status: int, about: Mapping[str, str]) -> None:
        """Add a line; raises `OSError` when it cannot be kept: then nothing may be shown either."""
        now = datetime.now(UTC)
        line = {
            "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "account": account_id or "—",
            "role": role,
            "action": action,
            "status": status,
            "about": {name: _PRINTABLE.sub(" ", value)[:_LONGEST] for name, value in about.items()},
        }
        content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        with self._lock:
            os.write(self._descriptor(self._folder / f"{now:%Y-%m}.jsonl"), content)

    def last(self, count: int) -> list[dict[str, Any]]:
        """Return the last lines of the newest file, newest first; a line cut off by a power failure is left out."""
        files = sorted(self._folder.glob("*.jsonl"))
        if not files:
            return []
        with files[-1].open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - count * 600))
            lines = stream.read().decode("utf-8", "replace").splitlines()[-count:]
        found: list[dict[str, Any]] = []
        for line in reversed(lines):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            if self._open is not None:
                os.close(self._open[1])
                self._open = None

    def _descriptor(self, path: Path) -> int:
        if self._open is not None and self._open[0] == path and path.exists():
            return self._open[1]
        if self._open is not None:
            os.close(self._open[1])
            self._open = None
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._open = (path, descriptor)
        return descriptor
