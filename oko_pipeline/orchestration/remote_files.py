"""Files of the service in a store by URL: arrivals are copied into the inbox, issued documents are published.

Both remember what was done, so that only what changed travels, and both can be cut short anywhere: the next call ends
what was begun. Documents with codes of people and marked workbooks never leave.
"""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.errors import SettingsError, StorageError
from oko_pipeline.reporting.fingerprint import CONTENT_SIGNS
from oko_pipeline.settings import Settings
from oko_pipeline.storage.locks import file_lock
from oko_pipeline.storage.partials import write_whole
from oko_pipeline.storage.remote import RemoteFile, RemoteFolder, is_plain_path
from resources.workplace import Workplace, WorkplaceResource

_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_AT_ONCE: Final = 8
_PATIENCE_S: Final = 1
_CHECKPOINT: Final = 100
_NEVER_PUBLISHED: Final = frozenset({"annotated_workbook"})
"""Kinds that hold rows of people though they stand in the open store."""


@dataclass(slots=True)
class Fetched:
    """What a look at the remote inbox brought: paths."""

    new: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unchanged_count: int = 0


@dataclass(slots=True)
class Published:
    """What a publication did: paths."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unchanged_count: int = 0


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was copied into the inbox: its mark in the store and its content."""

    mark: str
    file_sha256: str


def remote_folder(settings: Settings, url: str) -> RemoteFolder:
    """Return a remote folder with the options of the settings."""
    return RemoteFolder(url, settings.remote_storage_options)


@contextmanager
def _alone(settings: Settings, name: str) -> Iterator[Path]:
    """Yield the folder of what is remembered; two copyings at once would undo each other."""
    folder = settings.home / "remote"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file_lock(folder / f"{name}.lock", _PATIENCE_S, "Обмен с хранилищем уже идёт в другом процессе"):
        yield folder


def fetch_inbox(workplace: Workplace) -> Fetched:
    """Copy what is new in the remote inbox (OKO_INBOX_URL) into the inbox, remove what was removed there.

    A file that somebody changed or laid into the inbox by another way is left as it is and told. A file is copied when
    it is whole: at once from stores of objects, elsewhere after it has not changed for the settle time.

    Raises:
        SettingsError: when no address is set.
        StorageError: when the store does not answer, or shows nothing though files had come from it.
    """
    settings = workplace.settings
    if settings.inbox_url is None:
        raise SettingsError("Не задан адрес хранилища входящих файлов: OKO_INBOX_URL.")
    remote = remote_folder(settings, settings.inbox_url.get_secret_value())
    with _alone(settings, "inbox") as folder:
        mirror = _Mirror(remote, workplace, folder / "inbox.json")
        return mirror.follow()


class _Mirror:
    """One look at the remote inbox."""

    def __init__(self, remote: RemoteFolder, workplace: Workplace, journal: Path) -> None:
        self._remote = remote
        self._inbox = workplace.inbox
        self._settings = workplace.settings
        self._now = workplace.clock.now().timestamp()
        self._journal = journal
        kept = _read_journal(journal, remote.shown)
        self._brought = {path: Brought(*one) for path, one in kept["brought"].items()}
        self._seen: dict[str, tuple[str, float]] = {path: (mark, since) for path, (mark, since) in kept["seen"].items()}
        self._told = Fetched()

    def follow(self) -> Fetched:
        """Bring the inbox to what the store shows."""
        listed = self._remote.files()
        if not listed and self._brought:
            raise StorageError(
                f"Хранилище {self._remote.shown} пусто, хотя из него получено файлов: {len(self._brought)}. Проверьте "
                "OKO_INBOX_URL; полученные файлы остаются во входящей папке."
            )
        try:
            for file in listed:
                self._look_at(file)
            for path in sorted(set(self._brought) - {file.path for file in listed}):
                self._drop(path)
        finally:
            seen = {path: self._seen[path] for path in self._told.waiting}
            self._keep(seen)
        return self._told

    def _keep(self, seen: Mapping[str, tuple[str, float]]) -> None:
        brought = {path: (one.mark, one.file_sha256) for path, one in self._brought.items()}
        content = {"store": self._remote.shown, "brought": brought, "seen": seen}
        write_whole(self._journal, json.dumps(content, ensure_ascii=False).encode())

    def _look_at(self, file: RemoteFile) -> None:
        known = self._brought.get(file.path)
        if known is not None and known.mark == file.mark:
            self._told.unchanged_count += 1
            return
        if reason := self._refusal(file):
            self._told.refused[file.path] = reason
        elif not self._is_whole(file):
            self._told.waiting.append(file.path)
        else:
            self._copy(file, known)

    def _refusal(self, file: RemoteFile) -> str | None:
        if not is_plain_path(file.path):
            return "недопустимое имя"
        limit = self._settings.maximum_file_mb
        if file.size_bytes > limit * 1024 * 1024:
            return f"больше {limit} МБ (OKO_MAXIMUM_FILE_MB)"
        return None

    def _is_whole(self, file: RemoteFile) -> bool:
        if self._remote.is_whole:
            return True
        mark, since = self._seen.get(file.path, ("", self._now))
        since = min(since, self._now) if mark == file.mark else self._now
        self._seen[file.path] = (file.mark, since)
        return self._now - since >= self._settings.inbox_settle_seconds

    def _copy(self, file: RemoteFile, known: Brought | None) -> None:
        target = self._inbox / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(self._inbox.resolve()):
            self._told.refused[file.path] = "папка ведёт за пределы входящей"
            return
        partial = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            self._remote.fetch(file.path, partial)
            if partial.stat().st_size != file.size_bytes or self._remote.mark(file.path) != file.mark:
                # It changed under the hand: the next look brings it.
                self._seen[file.path] = (file.mark, self._now)
                self._told.waiting.append(file.path)
                return
            self._put(file, partial, target, known)
        finally:
            partial.unlink(missing_ok=True)

    def _put(self, file: RemoteFile, partial: Path, target: Path, known: Brought | None) -> None:
        fresh = _sha256(partial)
        standing = _sha256(target) if target.is_file() and not target.is_symlink() else None
        if standing is None and (target.is_symlink() or target.exists()):
            self._told.refused[file.path] = "во входящей папке на этом месте папка или ссылка"
        elif standing not in (None, fresh, known.file_sha256 if known else None):
            self._told.refused[file.path] = "во входящей папке лежит другой файл с этим именем"
        else:
            if standing != fresh:
                with partial.open("rb") as stream:
                    os.fsync(stream.fileno())
                partial.replace(target)
                self._told.new.append(file.path)
            self._brought[file.path] = Brought(file.mark, fresh)

    def _drop(self, path: str) -> None:
        """Remove a file that was removed in the store, if it is still the one that came from there."""
        target = self._inbox / path
        if target.is_file() and _sha256(target) == self._brought[path].file_sha256:
            target.unlink()
            self._told.removed.append(path)
        del self._brought[path]


def _read_journal(path: Path, store: str) -> dict[str, dict[str, Any]]:
    """Return what is remembered of a store; nothing of another one or when the journal is damaged.

    Nothing is lost by that: files that stand already are found to be the same.
    """
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    if kept.get("store") != store:
        kept = {}
    return {"brought": kept.get("brought", {}), "seen": kept.get("seen", {})}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """A document in the published set, as its manifest tells of it."""

    file_sha256: str
    school_year: str
    kind: str
    title_ru: str
    unit_code: str
    issue_number: int
    pack_path: str | None = None


def publish_documents(workplace: Workplace) -> Published:
    """Bring the published set (OKO_PUBLISH_URL) to the register: what changed is sent, what left is removed.

    `manifest.json` beside the documents tells each with its SHA-256; while `is_complete` is false a publication is
    under way or was cut short, and the next one ends it.

    Raises:
        SettingsError: when no address is set.
        StorageError: when the store does not answer, or the register is empty though documents were published.
    """
    settings = workplace.settings
    if settings.publish_url is None:
        raise SettingsError("Не задан адрес хранилища документов: OKO_PUBLISH_URL.")
    remote = remote_folder(settings, settings.publish_url.get_secret_value())
    with _alone(settings, "publish"):
        return _Publication(remote, workplace).bring(_to_publish(workplace))


def _to_publish(workplace: Workplace) -> dict[str, PublishedDocument]:
    rows = workplace.database.read(DOCUMENTS)
    rows = rows[~rows["is_restricted"].astype(bool) & ~rows["kind"].isin(_NEVER_PUBLISHED)]
    if workplace.settings.publish_set == "public":
        files, contents = accepted_on_page(workplace.settings)
        said = rows["school_year"] + " " + rows["document_id"] + " " + rows["context_sha256"].str[:CONTENT_SIGNS]
        rows = rows[(rows["profile"] == "public") & (rows["file_sha256"].isin(files) | said.isin(contents))]
    names = list(PublishedDocument.__dataclass_fields__)
    return {
        str(row["path"]): PublishedDocument(**{name: _plain(row[name]) for name in names})
        for row in rows.to_dict("records")
    }


def accepted_on_page(settings: Settings) -> tuple[set[str], set[str]]:
    """Return what analysts have accepted on the page: files by SHA-256, and `year document content`."""
    store = settings.page_folder / "page.sqlite"
    if not store.is_file():
        return set(), set()
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=30)) as page:
            query = "select file_sha256, school_year, document_id, content_sha256 from acceptances"
            rows = page.execute(query).fetchall()
    except sqlite3.Error as error:
        raise StorageError(f"Принятые документы не читаются из {store}: {error}.") from error
    return {file for file, *_ in rows}, {f"{year} {name} {said}" for _, year, name, said in rows if said}


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else int(value) if not isinstance(value, str) else value


class _Publication:
    """One bringing of the published set to the register."""

    def __init__(self, remote: RemoteFolder, workplace: Workplace) -> None:
        self._remote = remote
        self._workplace = workplace
        manifest = _read_manifest(remote)
        self._is_complete = bool(manifest.get("is_complete", True))
        self._standing: dict[str, dict[str, Any]] = dict(manifest.get("documents", {}))
        self._leaving: set[str] = set(manifest.get("leaving", []))
        for path in manifest.get("coming", []):
            # Sent or not, nobody knows: it is sent again, or removed.
            self._standing.pop(path, None)
            self._leaving.add(path)
        self._told = Published()

    def bring(self, wanted: Mapping[str, PublishedDocument]) -> Published:
        """Send what changed, then remove what left, then say that all is done."""
        if self._standing and not wanted:
            raise StorageError(
                f"В реестре нет документов для публикации, а в {self._remote.shown} их {len(self._standing)}: "
                "проверьте базу и OKO_PUBLISH_SET. Опубликованное остаётся."
            )
        changed = {path: one for path, one in wanted.items() if self._standing.get(path) != asdict(one)}
        gone = {path: one for path, one in self._standing.items() if path not in wanted}
        self._told.unchanged_count = len(wanted) - len(changed)
        if not changed and not gone and self._is_complete:
            return self._told
        # Named before it is sent: what a publication that was cut short left behind is known to the next one.
        coming = {name for path, one in changed.items() for name in (path, one.pack_path) if name}
        kept = {name for path, one in wanted.items() for name in (path, one.pack_path) if name}
        left = {name for path, one in gone.items() for name in (path, one["pack_path"]) if name}
        left |= {
            one["pack_path"] for one in self._standing.values() if one["pack_path"] and one["pack_path"] not in kept
        }
        self._leaving = (self._leaving | left) - kept
        self._write_manifest(coming)
        self._send(changed, coming)
        for path in gone:
            del self._standing[path]
        self._leaving |= {path for path in self._told.refused if path not in self._standing}
        for path in sorted(self._leaving):
            self._remote.remove(path)
        self._told.removed = sorted(left)
        self._leaving = set()
        self._write_manifest(set())
        return self._told

    def _send(self, changed: Mapping[str, PublishedDocument], coming: set[str]) -> None:
        paths = sorted(changed)
        with ThreadPoolExecutor(_AT_ONCE if self._remote.is_whole else 1) as threads:
            for start in range(0, len(paths), _CHECKPOINT):
                some = paths[start : start + _CHECKPOINT]
                for path, reason in zip(some, threads.map(self._send_one(changed), some), strict=True):
                    if reason is None:
                        self._standing[path] = asdict(changed[path])
                        self._told.written.append(path)
                        coming -= {path, changed[path].pack_path}
                    else:
                        self._told.refused[path] = reason
                if start + _CHECKPOINT < len(paths):
                    self._write_manifest(coming)

    def _send_one(self, changed: Mapping[str, PublishedDocument]) -> Callable[[str], str | None]:
        reports = self._workplace.reports

        def send(path: str) -> str | None:
            """Send a document with the workbook beside it; return why it was not sent, if it was not."""
            one = changed[path]
            if not all(is_plain_path(name) for name in (path, one.pack_path) if name):
                return "недопустимое имя"
            try:
                content = reports.path(path).read_bytes()
                pack = None if one.pack_path is None else reports.path(one.pack_path).read_bytes()
            except OSError as error:
                return f"файл не читается: {error.strerror}"
            if hashlib.sha256(content).hexdigest() != one.file_sha256:
                return "файл не тот, что записан в реестре: выпустите документ заново"
            self._remote.write(path, content)
            if pack is not None and one.pack_path is not None:
                self._remote.write(one.pack_path, pack)
            return None

        return send

    def _write_manifest(self, coming: set[str]) -> None:
        """Write what stands, what is being sent (its content is uncertain) and what is being removed."""
        content = {
            "format": _FORMAT,
            "published_at": self._workplace.clock.timestamp(),
            "is_complete": not coming and not self._leaving,
            "documents": dict(sorted(self._standing.items())),
            "coming": sorted(coming),
            "leaving": sorted(self._leaving),
        }
        self._remote.write(_MANIFEST, json.dumps(content, ensure_ascii=False, indent=1).encode())


def _read_manifest(remote: RemoteFolder) -> dict[str, Any]:
    content = remote.read(_MANIFEST)
    if content is None:
        return {}
    manifest: dict[str, Any] = {}
    with suppress(ValueError):
        manifest = json.loads(content)
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise StorageError(
            f"Опись {remote.shown}/{_MANIFEST} не читается: удалите её, и все документы будут отправлены заново."
        )
    return manifest


@dg.sensor(
    name="remote_files",
    minimum_interval_seconds=60,
    description=(
        "Обмен с хранилищем по адресу: новые файлы из OKO_INBOX_URL — во входящую папку, выпущенные документы — "
        "в OKO_PUBLISH_URL. Без этих настроек ничего не делает."
    ),
)
def remote_files(context: dg.SensorEvaluationContext, workplace: WorkplaceResource) -> dg.SkipReason:
    """Exchange what changed; asks for no run: the sensor of arrivals sees the files themselves."""
    done = exchange_files(workplace.open())
    for path, reason in done.refused.items():
        context.log.warning("Отвергнуто: %s: %s", path, reason)
    return dg.SkipReason(" ".join(done.told_ru) or "Хранилища по адресу не заданы.")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange did, in sentences, and what it refused: path → why."""

    told_ru: tuple[str, ...]
    refused: Mapping[str, str]


def exchange_files(workplace: Workplace) -> Exchange:
    """Fetch and publish as the settings say; without addresses nothing is done."""
    told: list[str] = []
    refused: dict[str, str] = {}
    if workplace.settings.inbox_url is not None:
        got = fetch_inbox(workplace)
        refused |= got.refused
        told.append(
            f"Получено файлов: {len(got.new)}, убрано: {len(got.removed)}, ждут: {len(got.waiting)}, "
            f"отвергнуто: {len(got.refused)}, без изменений: {got.unchanged_count}."
        )
    if workplace.settings.publish_url is not None:
        sent = publish_documents(workplace)
        refused |= sent.refused
        told.append(
            f"Опубликовано документов: {len(sent.written)}, убрано файлов: {len(sent.removed)}, "
            f"отвергнуто: {len(sent.refused)}, без изменений: {sent.unchanged_count}."
        )
    return Exchange(tuple(told), refused)
