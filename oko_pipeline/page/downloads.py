"""Files that people take away: found by id in the register, proved to lie in their store and to be whole.

An archive is made while it is sent: it needs no space and begins at once.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from typing_extensions import Buffer

from oko_pipeline.errors import OkoError
from oko_pipeline.page.issues import FOLDER, IssueArchive
from oko_pipeline.settings import Settings

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES: Final = {".docx": DOCX, ".xlsx": XLSX, ".html": "application/octet-stream"}
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\\/:*?\"<>|]+")
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)


class NotThereError(OkoError):
    """A file of the register is gone or is being written anew."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it is sent."""

    name: str
    media_type: str
    content: bytes


class Shelf:
    """Reads documents of both stores and issues that new ones have replaced."""

    def __init__(self, settings: Settings) -> None:
        self._open = settings.reports_folder
        self._restricted = settings.restricted_folder / "documents"
        self._issues = IssueArchive(settings.page_folder / FOLDER)

    def document(self, row: Mapping[str, Any]) -> Download:
        """Return a document, whose issue is kept from now on.

        Raises:
            NotThereError: when it is gone or is not the issue that the register names.
        """
        path = self._path(row, str(row["path"]))
        download = _download(path)
        if hashlib.sha256(download.content).hexdigest() != row["file_sha256"]:
            raise NotThereError("Документ сейчас выпускается заново. Обновите страницу через минуту.")
        self._issues.keep(row, path, download.content)
        return download

    def has_issue(self, school_year: str, file_sha256: str) -> bool:
        """Tell whether the file of an issue is kept."""
        return self._issues.has(school_year, file_sha256)

    def issue(self, issue: Mapping[str, Any]) -> Download:
        """Return the file of an issue that a new one has replaced; raises `NotThereError` when it is not kept."""
        content = self._issues.read(str(issue["school_year"]), str(issue["file_sha256"]))
        if content is None:
            raise NotThereError("Файл этого выпуска не хранится: его не принимали и не скачивали, или срок прошёл.")
        path = PurePosixPath(str(issue["path"]))
        name = f"{path.stem} (выпуск {issue['issue_number']}){path.suffix}"
        return Download(safe_name(name), _media_type(path.suffix), content)

    def pack(self, row: Mapping[str, Any]) -> Download:
        """Return the workbook with a document's numbers; raises `NotThereError` when it has none."""
        if not row["pack_path"]:
            raise NotThereError("У этого документа нет книги с числами.")
        return _download(self._path(row, str(row["pack_path"])))

    def archive(self, rows: Sequence[Mapping[str, Any]], sent: list[Mapping[str, Any]]) -> Iterator[bytes]:
        """Yield a ZIP of documents piece by piece; those that are gone are named in «Нет в архиве.txt».

        Args:
            rows: of the register.
            sent: gets the rows whose documents stand in the archive so far.
        """
        pipe = _Pipe()
        missing: list[str] = []
        taken: set[str] = set()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
            for row in rows:
                try:
                    found = self.document(row)
                except NotThereError:
                    missing.append(str(row["title_ru"]))
                    continue
                archive.writestr(zipfile.ZipInfo(_member(row, found.name, taken), _FIRST_DAY), found.content)
                sent.append(row)
                yield pipe.take()
            if missing or not taken:
                text = "\n".join(missing) or "В наборе нет документов."
                archive.writestr(zipfile.ZipInfo("Нет в архиве.txt", _FIRST_DAY), text)
        yield pipe.take()

    def _path(self, row: Mapping[str, Any], relative: str) -> Path:
        root = (self._restricted if row["is_restricted"] else self._open).resolve()
        path = (root / relative).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise NotThereError("Файла документа нет: выпустите документы года заново (oko run).")
        return path


class _Pipe(io.RawIOBase):
    """What `zipfile` writes is taken out piece by piece; it cannot be sought, so sizes follow the members."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Buffer, /) -> int:
        piece = bytes(content)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        content = b"".join(self._pieces)
        self._pieces.clear()
        return content


def safe_name(name: str) -> str:
    """Return a file name without separators, control and quotation marks, of at most 150 signs with its ending."""
    clean = _UNSAFE.sub(" ", name).strip(" .") or "file"
    stem, dot, ending = clean.rpartition(".")
    return clean if len(clean) <= 150 else f"{stem[: 149 - len(ending)]}{dot}{ending}"


def _member(row: Mapping[str, Any], name: str, taken: set[str]) -> str:
    folders = [safe_name(part) for part in PurePosixPath(str(row["path"])).parts[:-1] if part not in {"..", "/", "."}]
    member, number = "/".join([*folders, name]), 1
    stem, dot, ending = member.rpartition(".")
    while member in taken:
        number += 1
        member = f"{stem} ({number}){dot}{ending}"
    taken.add(member)
    return member


def _download(path: Path) -> Download:
    try:
        return Download(safe_name(path.name), _media_type(path.suffix), path.read_bytes())
    except OSError as error:
        raise NotThereError("Файл документа не читается.") from error


def _media_type(ending: str) -> str:
    return _TYPES.get(ending.lower(), "application/octet-stream")
