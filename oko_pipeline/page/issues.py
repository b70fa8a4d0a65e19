"""Files of issues that were accepted or fetched: kept by their SHA-256 when the document is issued anew.

A kept issue is a hard link to the document's file: until a new issue takes the document's place it costs nothing.
Documents with codes or rows of people are not kept: a second copy would outlive the erasure of what it tells.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oko_pipeline.page.access import KINDS_WITH_ROWS

FOLDER: Final = "issues"
_log: Final = logging.getLogger(__name__)


class IssueArchive:
    """Files of issues by school year, so that a year's term ends them with one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, document: Mapping[str, Any], path: Path, content: bytes) -> None:
        """Keep the file of a document's present issue; keeping it twice costs one look.

        A disk that does not take it is told in the log and stops nobody from getting the file.

        Args:
            document: the row of the register.
            path: the document's file.
            content: what was read from it, proved to be the issue that the register names.
        """
        if is_about_people(document):
            return
        target = self._path(document["school_year"], document["file_sha256"])
        if target.exists():
            return
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _copy(path, partial, content)
            partial.replace(target)
        except OSError as error:
            _log.warning("Выпуск документа не сохранён для прежних версий: %s.", error.strerror)
            partial.unlink(missing_ok=True)

    def has(self, school_year: str, file_sha256: str) -> bool:
        """Tell whether an issue's file is kept."""
        return self._path(school_year, file_sha256).is_file()

    def read(self, school_year: str, file_sha256: str) -> bytes | None:
        """Return the file of an issue; None when it is not kept or is no longer what was issued."""
        try:
            content = self._path(school_year, file_sha256).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == file_sha256 else None

    def _path(self, school_year: str, file_sha256: str) -> Path:
        return self._folder / school_year / file_sha256[:2] / file_sha256


def is_about_people(document: Mapping[str, Any]) -> bool:
    """Tell whether a document holds codes or rows of people."""
    return bool(document["is_restricted"]) or document["kind"] in KINDS_WITH_ROWS


def _copy(path: Path, target: Path, content: bytes) -> None:
    """Link a file, or write its content where the disk knows no links or another issue has taken its place."""
    try:
        os.link(path, target)
        if target.read_bytes() == content:
            return
        target.unlink()
    except OSError:
        target.unlink(missing_ok=True)
    target.write_bytes(content)
