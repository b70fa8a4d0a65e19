"""The inbox: a folder tree of files and archives. Listing it costs no reading; unchanged files are known by their stat.

Members of archives are listed as `archive.zip!member`; nothing is ever unpacked to disk.
"""

import errno
import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from oko_pipeline.collection.archives import ReadLimits, damaged, dangerous, read_member, too_large
from oko_pipeline.errors import UnreadableFileError

MEMBER: Final = "!"
_IGNORED: Final = {"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"}
_MEMBER_PATH: Final = re.compile(r"(.+?\.zip)!(.+)", re.IGNORECASE)
_UTF8_NAME: Final = 0x800
_LINK_REFUSAL: Final = "Файл отвергнут как опасный: это ссылка за пределы входящей папки."
_FOLDER_REFUSAL: Final = "Нет прав на чтение папки: её файлы не прочитаны."


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file of the inbox, or a member of an archive in it.

    Attributes:
        path: path from the inbox's root with `/`; of a member `archive.zip!member`.
        size_bytes: size of the file (of a member: inflated).
        modified_at: ISO 8601 in UTC.
        fingerprint: changes whenever the file changed, without reading it.
        refusal: why it must not or cannot be read (a link out of the inbox, a closed folder), in Russian; else None.
    """

    path: str
    size_bytes: int
    modified_at: str
    fingerprint: str
    refusal: str | None = None

    @property
    def archive_path(self) -> str:
        """Return the path of the file on disk: of the archive for a member."""
        match = _MEMBER_PATH.fullmatch(self.path)
        return match[1] if match else self.path

    @property
    def member(self) -> str | None:
        """Return the name of the member within its archive, or None."""
        match = _MEMBER_PATH.fullmatch(self.path)
        return match[2] if match else None


def scan_inbox(root: Path) -> list[InboxFile]:
    """List the files of an inbox in the order of their paths, members of archives among them.

    Temporary files of Office (`~$…`), hidden files and the like are skipped. A symbolic link that leaves the inbox is
    listed with a `refusal` and never followed. An archive whose directory cannot be read is listed itself.
    """
    if not root.is_dir():
        return []
    base = root.resolve()
    found: list[InboxFile] = []
    for path in _walk(base, base):
        found += _entries(base, path)
    return sorted(found, key=lambda file: file.path)


def signature(files: Iterable[InboxFile]) -> str:
    """Return a fingerprint of a listing: it changes when any file is added, removed or changed."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        digest.update(f"{file.path}\0{file.size_bytes}\0{file.fingerprint}\0{file.refusal or ''}\n".encode())
    return digest.hexdigest()


def hash_file(root: Path, file: InboxFile) -> str:
    """Return the SHA-256 of a file's content, or of a member's inflated content.

    Raises:
        UnreadableFileError: when a member cannot be inflated.
        OSError: when the file has vanished or may not be read.
    """
    if file.member is not None:
        return hashlib.sha256(read_bytes(root, file, ReadLimits())).hexdigest()
    with (root / file.path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_bytes(root: Path, file: InboxFile, limits: ReadLimits) -> bytes:
    """Return a file's content, or a member's; refuses links out of the inbox and what is over the limits.

    Raises:
        UnreadableFileError: rule `file.dangerous`, `file.too_large`, `file.unreadable` or `file.encrypted`.
    """
    if file.refusal is not None:
        rule_id = "file.unreadable" if file.refusal == _FOLDER_REFUSAL else "file.dangerous"
        raise UnreadableFileError(rule_id, file.refusal)
    path = root / file.archive_path
    try:
        if file.member is not None:
            return _member_bytes(path, file.member, limits)
        size = path.stat().st_size
        if size > limits.maximum_file_bytes:
            raise too_large(f"{size >> 20} МБ, допустимо {limits.maximum_file_bytes >> 20} МБ")
        return path.read_bytes()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        reason = error.strerror if isinstance(error, OSError) else "архив повреждён"
        raise damaged(f"нет доступа к файлу ({reason})") from error


def _member_bytes(path: Path, name: str, limits: ReadLimits) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = {_member_name(member): member for member in archive.infolist()}
    if name not in members:
        raise damaged("в архиве больше нет этого файла")
    content = read_member(path, members[name], limits)
    if name.lower().endswith(".zip") and content.startswith(b"PK"):
        raise dangerous("архив внутри архива не открывается; распакуйте его и положите файлы отдельно")
    return content


def _walk(folder: Path, base: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        # A folder that may not be read is listed itself, so that its files are not lost silently.
        yield folder
        return
    for entry in ordered:
        if _is_ignored(entry.name):
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, base)
        elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
            yield path


def _is_ignored(name: str) -> bool:
    return name.startswith((".", "~$", "~")) or name.lower() in _IGNORED or name.lower().endswith((".tmp", ".part"))


def _entries(base: Path, path: Path) -> list[InboxFile]:
    relative = path.relative_to(base).as_posix()
    try:
        if path.is_symlink():
            target = path.resolve()
            if not target.is_relative_to(base) or not target.is_file():
                return [InboxFile(relative, 0, _iso(path.lstat().st_mtime), "link", _LINK_REFUSAL)]
        facts = path.stat()
    except (OSError, RuntimeError) as error:
        # Links that lead to each other are a RuntimeError up to Python 3.12. Else the file has vanished between listing
        # and looking: the next listing tells.
        is_loop = isinstance(error, RuntimeError) or error.errno == errno.ELOOP
        return [InboxFile(relative, 0, "", "link", _LINK_REFUSAL)] if is_loop else []
    if stat.S_ISDIR(facts.st_mode):
        return [InboxFile(relative, 0, _iso(facts.st_mtime), "folder", _FOLDER_REFUSAL)]
    if not stat.S_ISREG(facts.st_mode):
        return []
    file = InboxFile(relative, facts.st_size, _iso(facts.st_mtime), f"{facts.st_mtime_ns}:{facts.st_ino}")
    if path.suffix.lower() != ".zip":
        return [file]
    return _members(path, file) or [file]


def _members(path: Path, archive_file: InboxFile) -> list[InboxFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []
    names = {member.filename.lower() for member in members}
    # A workbook is a ZIP too: one named .zip is read as a workbook. Bombs are refused as a whole when read.
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names or len(members) > ReadLimits().maximum_members:
        return []
    return [
        InboxFile(
            f"{archive_file.path}{MEMBER}{name}",
            member.file_size,
            _member_time(member, archive_file.modified_at),
            f"{archive_file.fingerprint}:{member.CRC:08x}",
        )
        for member in members
        if not member.is_dir() and not any(map(_is_ignored, (name := _member_name(member)).split("/")[-1:]))
        if not name.startswith("__MACOSX/")
    ]


def _member_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name; Windows writes Cyrillic names in the OEM code page without saying so."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("cp866")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename


def _member_time(member: zipfile.ZipInfo, fallback: str) -> str:
    try:
        return datetime(*member.date_time, tzinfo=UTC).isoformat(timespec="seconds")
    except ValueError:
        return fallback


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
