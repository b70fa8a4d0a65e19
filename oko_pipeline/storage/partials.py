"""Where a file is written before it takes its place, and how what killed programs left of such files goes away.

A reader or a killed run never sees half a file: it is written beside its place and renamed. The name tells which
program on which machine writes it: workers of a cluster share the folders, and processes of two machines may well have
the same number.
"""

import hashlib
import os
import re
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MACHINE: Final = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]
_NAME: Final = re.compile(r"\.(?:(?P<machine>[0-9a-f]{6})-)?(?P<process>\d+)(?:-[0-9a-f]{6})?\.partial$")
_LEFT_AFTER_S: Final = 86_400


def aside(path: Path) -> Path:
    """Return where to write a file before it is renamed to `path`; another name at every call.

    Without the name of the file: with it the name might be too long for the disk.
    """
    return path.with_name(f".{_MACHINE}-{os.getpid()}-{secrets.token_hex(3)}.partial")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, down to the disk, and rename it: a kill or a cut of power leaves the former one or the new.

    Raises:
        OSError: when it cannot be written.
    """
    partial = aside(path)
    with partial.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def sweep_partials(folders: Iterable[Path]) -> int:
    """Remove what killed programs left half-written; return how many files went.

    Those of programs that run stay, and so do, for a day, those of other machines and of which it cannot be told.
    """
    gone = 0
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".partial") and _is_left(Path(root, name)):
                    Path(root, name).unlink(missing_ok=True)
                    gone += 1
    return gone


def sweep_folders(parent: Path) -> int:
    """Remove the half-made folders that killed programs left in a folder; return how many went."""
    left = [path for path in parent.glob(".*.partial") if path.is_dir() and _is_left(path)] if parent.is_dir() else []
    for path in left:
        shutil.rmtree(path)
    return len(left)


def _is_left(path: Path) -> bool:
    owner = _NAME.search(path.name)
    # On Windows there is no question to a process that does not end it.
    if owner is not None and owner["machine"] in (None, _MACHINE) and sys.platform != "win32":
        return not _runs(int(owner["process"]))
    try:
        return time.time() - path.stat().st_mtime > _LEFT_AFTER_S
    except FileNotFoundError:
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
