"""Whether a file of a store is whole: what a cut of power or a full disk leaves has a head and no end.

Only ends are looked at, so that thousands of files cost a moment; that a whole file says what was written is told by
its SHA-256, where one is kept.
"""

import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

_PARQUET: Final = b"PAR1"
_ZIP_END: Final = struct.Struct("<4s4H2LH")
_GZIP: Final = b"\x1f\x8b"
_GZIP_ROOM: Final = 20
_GZIP_MOST: Final = 1032
_SQLITE: Final = b"SQLite format 3\0"


def is_whole_parquet(path: Path) -> bool:
    """Tell whether a Parquet file has its head, and a footer of the length that its end tells."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size < 12:
            return False
        stream.seek(0)
        head = stream.read(4)
        stream.seek(-8, os.SEEK_END)
        footer, end = struct.unpack("<L4s", stream.read(8))
    return head == end == _PARQUET and 0 < footer <= size - 12


def is_whole_zip(path: Path) -> bool:
    """Tell whether a ZIP (DOCX, XLSX) without a comment ends with its directory, which lies where its end tells."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size < _ZIP_END.size:
            return False
        stream.seek(-_ZIP_END.size, os.SEEK_END)
        mark, _, _, _, count, length, start, _ = _ZIP_END.unpack(stream.read(_ZIP_END.size))
        stream.seek(0)
        head = stream.read(4)
    return mark == b"PK\5\6" and count > 0 and start + length + _ZIP_END.size == size and head == b"PK\3\4"


def is_whole_gzip(path: Path) -> bool:
    """Tell whether a gzip file of one member ends with a length that its size can come from."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size < _GZIP_ROOM:
            return False
        stream.seek(0)
        head = stream.read(2)
        stream.seek(-4, os.SEEK_END)
        length = int.from_bytes(stream.read(4), "little")
    # An empty one is no member of ours; the format packs 1032 bytes into one at the best.
    return head == _GZIP and 0 < length <= _GZIP_MOST * size


def is_whole_json(path: Path) -> bool:
    """Tell whether a small JSON file can be read."""
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def is_whole_sqlite(path: Path) -> bool:
    """Tell whether a SQLite file is as long as its head tells; an empty one is no database yet.

    Beside a log of writes the file alone tells nothing: its last pages may stand in the log.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size:
        return True
    with path.open("rb") as stream:
        head = stream.read(100)
        size = stream.seek(0, os.SEEK_END)
    if len(head) < 100 or not head.startswith(_SQLITE):
        return False
    page = int.from_bytes(head[16:18], "big")
    return size >= (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")


_KINDS: Final[Mapping[str, Callable[[Path], bool]]] = {
    ".parquet": is_whole_parquet,
    ".docx": is_whole_zip,
    ".xlsx": is_whole_zip,
    ".json": is_whole_json,
    ".gz": is_whole_gzip,
}


def is_whole(path: Path) -> bool:
    """Tell whether a file stands and, where its kind tells an end, is whole."""
    try:
        looked = _KINDS.get(path.suffix)
        return path.is_file() if looked is None else looked(path)
    except FileNotFoundError:
        return False


def broken_files(folders: Iterable[Path]) -> list[Path]:
    """Return the files below some folders that are not whole, in order."""
    return [path for folder in folders for path in _files(folder) if path.suffix in _KINDS and not is_whole(path)]


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            yield Path(root, name)


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another in its place, also after a rename; None when there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino
