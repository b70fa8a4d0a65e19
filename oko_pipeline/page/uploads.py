"""Files that people send: limited, checked at once, laid into the inbox under their own name in a folder of the sender.

What the check refuses never reaches the inbox; a file with faulty rows does, as the pipeline puts faulty rows aside.
"""

import contextlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import sqlalchemy as sa

from oko_pipeline.errors import OkoError
from oko_pipeline.page.accounts import Account, Role
from oko_pipeline.page.checking import CheckRoom, Outcome
from oko_pipeline.page.downloads import XLSX, Download, NotThereError, safe_name
from oko_pipeline.page.store import UPLOADS, PageStore
from oko_pipeline.settings import Settings

MOST_FILES: Final = 20
ENDINGS: Final = (".xlsx", ".xls", ".xlsb", ".csv", ".zip")
_MAGIC: Final = {".xlsx": b"PK\x03\x04", ".xlsb": b"PK\x03\x04", ".zip": b"PK\x03\x04", ".xls": b"\xd0\xcf\x11\xe0"}
_FOLDER: Final = "Со страницы"
_SCHOOL: Final = re.compile(r"[a-z]{3}\d{6}")
_KEPT_SECONDS: Final = 24 * 3600
_CHUNK: Final = 1 << 20
_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and the codes of the schools whose data it may send; None: of any."""

    account: Account
    schools: Collection[str] | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent and what came of it."""

    upload_id: str
    name: str
    sent_at: str
    is_taken: bool
    outcome: dict[str, Any]

    @property
    def has_annotated(self) -> bool:
        """Tell whether the check made a copy with marked cells."""
        return bool(self.outcome.get("has_annotated"))


class UploadDesk:
    """Takes files and remembers what was said of them."""

    def __init__(self, settings: Settings, store: PageStore, room: CheckRoom) -> None:
        self._inbox = settings.inbox_folder
        self._staging = settings.page_folder / "staging"
        self._annotated = settings.page_folder / "annotated"
        self._most_bytes = settings.page_upload_mb << 20
        self._store = store
        self._room = room

    def take(self, sender: Sender, file_name: str, stream: BinaryIO) -> Sent:
        """Check a file and lay it into the inbox when it is sound and the sender's own.

        Raises:
            OkoError: when the disk does not take it.
        """
        upload_id = secrets.token_hex(16)
        name = safe_name(file_name.replace("\\", "/").rpartition("/")[2])
        self._sweep()
        folder = self._staging / upload_id
        try:
            folder.mkdir(parents=True, mode=0o700)
            staged = folder / name
            why = self._receive(staged, stream)
            outcome = Outcome(why=why) if why else self._room.outcome(staged)
            outcome = _owned(outcome, sender)
            if not outcome.why:
                self._lay_down(sender.account, staged)
            if outcome.annotated is not None:
                self._annotated.mkdir(parents=True, exist_ok=True, mode=0o700)
                (self._annotated / f"{upload_id}.xlsx").write_bytes(outcome.annotated)
        except OSError as error:
            raise OkoError(
                "Файл не записался: нет места или прав на папку. Он не принят, пришлите его позже."
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return self._remember(sender.account, upload_id, name, outcome)

    def of_account(self, account: Account) -> list[Sent]:
        """Return the last files that an account sent, the newest first."""
        query = (
            sa.select(UPLOADS)
            .where(UPLOADS.c.account_id == account.account_id)
            .order_by(UPLOADS.c.sent_at.desc(), UPLOADS.c.upload_id)
            .limit(50)
        )
        with self._store.engine.connect() as connection:
            return [_sent(row) for row in connection.execute(query).mappings()]

    def find(self, account: Account, upload_id: str) -> Sent | None:
        """Return a sent file of the account itself."""
        query = sa.select(UPLOADS).where(UPLOADS.c.upload_id == upload_id, UPLOADS.c.account_id == account.account_id)
        with self._store.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _sent(row)

    def annotated(self, account: Account, upload_id: str) -> Download:
        """Return the copy with marked cells of a file that the account sent; kept for a day.

        Raises:
            NotThereError: when there is none (any more), or the file is somebody else's.
        """
        sent = self.find(account, upload_id)
        path = self._annotated / f"{upload_id}.xlsx"
        if sent is None or _ID.fullmatch(upload_id) is None or not path.is_file():
            raise NotThereError("Копии с замечаниями нет: она хранится сутки. Пришлите файл ещё раз.")
        return Download(f"{Path(sent.name).stem} — замечания.xlsx", XLSX, path.read_bytes())

    def _receive(self, target: Path, stream: BinaryIO) -> str:
        """Write the file; return why it is refused by its name, size or first bytes, empty when it is not."""
        ending = target.suffix.lower()
        if ending not in ENDINGS:
            return f"Файлы «{ending or 'без расширения'}» не принимаются: нужны {', '.join(ENDINGS)}."
        size, magic = 0, b""
        with target.open("xb") as written:
            while chunk := stream.read(_CHUNK):
                magic = magic or chunk[:4]
                size += len(chunk)
                if size > self._most_bytes:
                    return f"Файл больше {self._most_bytes >> 20} МБ."
                written.write(chunk)
        if not size:
            return "Файл пуст."
        if ending in _MAGIC and magic != _MAGIC[ending]:
            return "Содержимое файла не то, что говорит его расширение."
        return ""

    def _lay_down(self, account: Account, staged: Path) -> None:
        folder = self._inbox / _FOLDER / (account.unit_code or account.account_id)
        folder.mkdir(parents=True, exist_ok=True)
        target, number = folder / staged.name, 1
        partial = folder / f".{secrets.token_hex(8)}.partial"
        shutil.copyfile(staged, partial)
        # A name that is taken is never written over: the pipeline sees both and keeps the newer.
        while not _linked(partial, target):
            number += 1
            target = folder / f"{staged.stem} ({number}){staged.suffix}"
        partial.unlink()

    def _remember(self, account: Account, upload_id: str, name: str, outcome: Outcome) -> Sent:
        told = outcome.kept() | {"has_annotated": outcome.annotated is not None}
        row = {
            "upload_id": upload_id,
            "account_id": account.account_id,
            "name": name,
            "sent_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "is_taken": not outcome.why,
            "outcome": json.dumps(told, ensure_ascii=False),
        }
        with self._store.engine.begin() as connection:
            connection.execute(sa.insert(UPLOADS).values(row))
        return _sent(row)

    def _sweep(self) -> None:
        """Remove copies with marks that are older than a day, and what an interrupted check has left."""
        oldest = time.time() - _KEPT_SECONDS
        for folder in (self._annotated, self._staging):
            for path in folder.glob("*") if folder.is_dir() else ():
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < oldest:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return False
    return True


def _owned(outcome: Outcome, sender: Sender) -> Outcome:
    """Return the outcome, refused when the file holds rows of others: nobody sends data of another school."""
    why = "" if outcome.why or sender.schools is None else _foreign(outcome.owners, sender)
    return Outcome(outcome.file_sha256, outcome.parts, outcome.owners, None, why) if why else outcome


def _foreign(owners: Sequence[str], sender: Sender) -> str:
    own = {*(sender.schools or ()), sender.account.unit_code}
    others = [one for one in owners if one not in own]
    if sender.account.role is Role.MUNICIPALITY:
        others = [one for one in others if _SCHOOL.fullmatch(one)]
    elif not owners:
        return "По файлу не видно, чья это работа. Впишите логин ОО или отправьте файл через муниципалитет."
    if not others:
        return ""
    return f"В файле строки не ваших ОО: {', '.join(others[:5])}. Файл не принят."


def _sent(row: Any) -> Sent:
    return Sent(row["upload_id"], row["name"], row["sent_at"], bool(row["is_taken"]), json.loads(row["outcome"]))
