"""A backup of an installation in one folder, and its way back: database, restricted store, reports, the page, Dagster.

A backup is whole or absent: it is made aside and renamed. A restore looks every file through by its SHA-256 before it
touches anything, and puts the old stores back when it cannot finish. The pseudonym key is never in a backup: who holds
both could tell people.
"""

import hashlib
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import BaseModel, ValidationError

from oko_pipeline.errors import StorageError
from oko_pipeline.key_chain import key_check, key_checks
from oko_pipeline.settings import Settings
from oko_pipeline.storage.copies import (
    check_sqlite,
    companions,
    copy_sqlite,
    dump_server,
    is_sqlite,
    own_tables,
    require_known_revision,
    restore_server,
    revision_of,
    server_tables,
    sqlite_file,
)
from oko_pipeline.storage.partials import aside, sweep_folders
from oko_pipeline.storage.restoring import require_restored, restoring
from oko_pipeline.versions import code_version
from resources.clock import Clock

_FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_DATABASE_FILE: Final = "database.sqlite"
_DATABASE_DUMP: Final = "database.dump"
_DAGSTER_DUMP: Final = "dagster.dump"
_BLOCK: Final = 1 << 20
_ATTEMPTS: Final = 3
_SPARE: Final = 1.1
_STEADY: Final = ("restricted", "reports", "state", "inbox")
"""Parts whose files say together with the database what a year came to; what the page and Dagster keep is apart."""
_APART: Final = ("dagster", "page", "notices")
_LEFT_OUT: Final = {"page": ("session.key", ".session.key", "staging", "annotated")}
"""What a backup never holds: without the key of sessions a restored page asks everybody to sign in anew."""


class KeptFile(BaseModel):
    """A file of a backup: what it must be after a restore."""

    size: int
    sha256: str
    mtime_ns: int
    mode: int


class Manifest(BaseModel):
    """What a backup holds and what made it."""

    format: int
    made_at: str
    program: str
    code: str
    versions: dict[str, str]
    schema_revision: str | None
    database: str
    key_check: str | None
    folders: dict[str, int]
    files: dict[str, KeptFile]


@dataclass(frozen=True, slots=True)
class CopySummary:
    """What a backup or a restore did: files, bytes, and what a person has to know."""

    folder: Path
    files_count: int
    bytes_count: int
    notes: tuple[str, ...] = ()


def make_backup(
    settings: Settings, target: Path, *, with_inbox: bool = False, clock: Clock | None = None
) -> CopySummary:
    """Copy an installation, which may be in use, into a new folder.

    Args:
        settings: the installation.
        target: the folder to be made; it must not exist.
        with_inbox: copy the inbox too; its files hold people's names where schools wrote them.
        clock: tells the time of the backup.

    Raises:
        StorageError: when the folder exists or lies inside a store, there is no room, or a run keeps changing files.
    """
    require_restored(settings)
    target = target.expanduser().resolve()
    parts = _parts(settings, with_inbox=with_inbox)
    _require_apart(target, parts)
    _require_room(target.parent, settings, parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep_folders(target.parent)
    with _aside(aside(target)) as partial:
        kept = _copy_steadily(settings, parts, partial)
        manifest = Manifest(
            format=_FORMAT,
            made_at=(clock or Clock()).timestamp(),
            program=version("oko-pipeline"),
            code=code_version(),
            versions={name: version(name) for name in ("dagster", "sqlalchemy", "pyarrow")}
            | {"python": platform.python_version()},
            schema_revision=revision_of(settings.sqlalchemy_url),
            database=_kind(settings),
            key_check=_key_check(settings),
            folders=_folder_modes(parts),
            files=kept,
        )
        _write_synced(partial / _MANIFEST, manifest.model_dump_json(indent=1).encode())
        partial.rename(target)
    return CopySummary(target, len(kept), sum(file.size for file in kept.values()))


def restore_backup(settings: Settings, source: Path, *, replace: bool = False) -> CopySummary:
    """Put a backup in the place of an installation's stores. The interface, the daemon and runs must be stopped.

    Args:
        settings: the installation, maybe an empty one.
        source: the folder of a backup.
        replace: the stores that stand are replaced; without it they make the restore refuse.

    Raises:
        StorageError: when a file of the backup is missing or changed, the backup is of a newer version or of another
            kind of database, or stores stand and may not be replaced. Nothing is changed then.
    """
    source = source.expanduser().resolve()
    manifest = read_manifest(source)
    require_known_revision(manifest.schema_revision)
    if manifest.database != _kind(settings):
        raise StorageError(
            f"Копия сделана с базы {manifest.database}, а OKO_DATABASE_URL называет {_kind(settings)}. "
            "Укажите базу того же вида."
        )
    targets = _targets(settings, manifest)
    _require_free(settings, targets, replace=replace)
    _require_room_for(manifest, targets)
    with _staged(source, manifest, targets) as staged:
        for name, stage in staged.items():
            if name == _DATABASE_FILE:
                check_sqlite(stage)
        with restoring(settings, source), _swapped(staged, targets):
            _restore_servers(settings, source, manifest)
    return CopySummary(
        settings.home,
        len(manifest.files),
        sum(file.size for file in manifest.files.values()),
        _key_notes(settings, manifest),
    )


def read_manifest(source: Path) -> Manifest:
    """Return the manifest of a backup.

    Raises:
        StorageError: when there is none, it cannot be read, or a path in it leaves the folder.
    """
    try:
        manifest = Manifest.model_validate_json((source / _MANIFEST).read_bytes())
    except OSError as error:
        raise StorageError(f"В папке {source} нет копии: файл {_MANIFEST} не читается ({error}).") from error
    except ValidationError as error:
        raise StorageError(f"Опись копии {source / _MANIFEST} повреждена: {error.error_count()} ошибок.") from error
    if manifest.format != _FORMAT:
        raise StorageError(f"Копия {source} сделана в неизвестном виде {manifest.format}: обновите программу.")
    for name in (*manifest.files, *manifest.folders):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
            raise StorageError(f"Опись копии {source / _MANIFEST} называет путь вне копии: {name}.")
    return manifest


def _parts(settings: Settings, *, with_inbox: bool) -> dict[str, Path]:
    """Return the folders of an installation that a backup holds, by their names in it."""
    parts = {
        "restricted": settings.restricted_folder,
        "reports": settings.reports_folder,
        "page": settings.page_folder,
        "notices": settings.notices_folder,
        "dagster": settings.dagster_folder,
        "state": settings.home / "state",
    }
    return parts | ({"inbox": settings.inbox_folder} if with_inbox else {})


def _kind(settings: Settings) -> str:
    return "postgresql" if sqlite_file(settings.sqlalchemy_url) is None else "sqlite"


def _stays_out(name: str, part: Path, path: Path) -> bool:
    """Tell whether a path within a part is never copied."""
    return path.relative_to(part).parts[0].startswith(_LEFT_OUT.get(name, ())) if path != part else False


def _files(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files of a part; half-written ones and those that SQLite keeps beside a database are none."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if _stays_out(name, folder, path):
            continue
        beside = next((path.name[: -len(end)] for end in ("-wal", "-shm", "-journal") if path.name.endswith(end)), "")
        if beside and path.with_name(beside).exists():
            continue
        if path.is_file() and not path.is_symlink() and path.suffix != ".partial":
            yield path


def _folder_modes(parts: Mapping[str, Path]) -> dict[str, int]:
    """Return the rights of the stores' folders: those of the restricted store are for its owner alone."""
    found: dict[str, int] = {}
    for name, part in parts.items():
        for folder in (part, *sorted(path for path in part.rglob("*") if path.is_dir())) if part.is_dir() else ():
            if _stays_out(name, part, folder):
                continue
            place = PurePosixPath(name) / folder.relative_to(part).as_posix()
            found[place.as_posix()] = folder.stat().st_mode & 0o777
    return found


def _listing(parts: Mapping[str, Path]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name in _STEADY:
        for path in _files(name, parts[name]) if name in parts else ():
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found[f"{name}/{path.relative_to(parts[name]).as_posix()}"] = (stat.st_size, stat.st_mtime_ns)
    return found


def _copy_steadily(settings: Settings, parts: Mapping[str, Path], partial: Path) -> dict[str, KeptFile]:
    """Copy until nothing changed while it was copied, so that the files and the database belong together."""
    kept: dict[str, KeptFile] = {}
    seen: dict[str, tuple[int, int]] = {}
    for _ in range(_ATTEMPTS):
        before = _listing(parts)
        for name in [name for name in kept if name not in before]:
            (partial / name).unlink(missing_ok=True)
            del kept[name]
        for name in [name for name in before if seen.get(name) != before[name]]:
            part, _, rest = name.partition("/")
            _keep(parts[part] / rest, partial, name, kept)
        databases = _copy_databases(settings, partial)
        seen = before
        if _listing(parts) == before:
            for part in _APART:
                for path in _files(part, parts[part]):
                    _keep(path, partial, f"{part}/{path.relative_to(parts[part]).as_posix()}", kept)
            return kept | databases
    raise StorageError("Файлы меняются, пока копируются: дождитесь конца запуска года и повторите.")


def _keep(source: Path, partial: Path, name: str, kept: dict[str, KeptFile]) -> None:
    """Copy a file of a store; one that has gone meanwhile is left out."""
    target = partial / name
    _folder(target.parent)
    try:
        stat = source.stat()
        if is_sqlite(source):
            target.unlink(missing_ok=True)
            copy_sqlite(source, target)
            made = _described(target)
            kept[name] = made.model_copy(update={"mtime_ns": stat.st_mtime_ns, "mode": stat.st_mode & 0o777})
        else:
            size, digest = _copy_hashed(source, target)
            mode = stat.st_mode & 0o777
            kept[name] = KeptFile(size=size, sha256=digest, mtime_ns=stat.st_mtime_ns, mode=mode)
    except FileNotFoundError:
        kept.pop(name, None)


def _copy_databases(settings: Settings, partial: Path) -> dict[str, KeptFile]:
    file = sqlite_file(settings.sqlalchemy_url)
    names: list[str] = []
    if file is None:
        dump_server(settings.sqlalchemy_url, partial / _DATABASE_DUMP)
        names.append(_DATABASE_DUMP)
    elif file.is_file():
        (partial / _DATABASE_FILE).unlink(missing_ok=True)
        copy_sqlite(file, partial / _DATABASE_FILE)
        names.append(_DATABASE_FILE)
    if settings.dagster_url is not None and settings.dagster_storage_url is not None:
        dump_server(settings.dagster_storage_url, partial / _DAGSTER_DUMP)
        names.append(_DAGSTER_DUMP)
    return {name: _described(partial / name) for name in names}


def _described(path: Path) -> KeptFile:
    stat = path.stat()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return KeptFile(size=stat.st_size, sha256=digest, mtime_ns=stat.st_mtime_ns, mode=stat.st_mode & 0o777)


def _copy_hashed(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; return the size and the SHA-256 of what was read."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as own, target.open("wb") as copy:
        while block := own.read(_BLOCK):
            digest.update(block)
            size += len(block)
            copy.write(block)
    return size, digest.hexdigest()


def _folder(path: Path) -> Path:
    """Make a folder with those above it, for the owner alone; return it."""
    if not path.is_dir():
        _folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Make a folder to work in; what is left of it goes in any case."""
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_apart(target: Path, parts: Mapping[str, Path]) -> None:
    if target.exists():
        raise StorageError(f"Папка {target} уже есть: назовите новую, прежние копии не переписываются.")
    for part in parts.values():
        if target.is_relative_to(part.resolve()):
            raise StorageError(f"Папка {target} лежит внутри {part}: назовите папку вне хранилищ.")


def _require_room(folder: Path, settings: Settings, parts: Mapping[str, Path]) -> None:
    file = sqlite_file(settings.sqlalchemy_url)
    sizes = [path.stat().st_size for name, part in parts.items() for path in _files(name, part) if path.exists()]
    need = sum(sizes) + (file.stat().st_size if file is not None and file.is_file() else 0)
    _require_free_bytes(folder, need)


def _require_room_for(manifest: Manifest, targets: Mapping[str, Path]) -> None:
    need = sum(file.size for file in manifest.files.values())
    for target in targets.values():
        _require_free_bytes(target.parent, need)


def _require_free_bytes(folder: Path, need: int) -> None:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < need * _SPARE:
        told = f"{need * _SPARE / 1024**2:.0f} МБ, свободно {free / 1024**2:.0f} МБ"
        raise StorageError(f"В {folder} не хватает места: нужно {told}. Ничего не изменено.")


def _targets(settings: Settings, manifest: Manifest) -> dict[str, Path]:
    """Return where each part of a backup goes, by its name: folders, and the file of the database."""
    known = _parts(settings, with_inbox=True)
    names = {PurePosixPath(name).parts[0] for name in (*manifest.files, *manifest.folders)}
    targets = {name: known[name] for name in names if name in known}
    file = sqlite_file(settings.sqlalchemy_url)
    if _DATABASE_FILE in names and file is not None:
        targets[_DATABASE_FILE] = file
    strange = names - set(targets) - {_DATABASE_DUMP, _DAGSTER_DUMP}
    if strange:
        raise StorageError(f"Опись копии называет неизвестное: {', '.join(sorted(strange))}.")
    return targets


def _require_free(settings: Settings, targets: Mapping[str, Path], *, replace: bool) -> None:
    standing = [path for path in targets.values() if path.is_file() or (path.is_dir() and any(path.iterdir()))]
    told = [str(path) for path in standing]
    if _kind(settings) == "postgresql" and server_tables(settings.sqlalchemy_url) & own_tables():
        told.append("таблицы базы данных")
    if told and not replace:
        raise StorageError(
            f"Уже есть: {', '.join(told)}. Чтобы заменить их содержимым копии, повторите с --replace; "
            "прежнее будет удалено."
        )


@contextmanager
def _staged(source: Path, manifest: Manifest, targets: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """Copy a backup beside the places where its parts go, looking every file through; what is left over goes."""
    staged = {name: target.with_name(f".{target.name}.restoring") for name, target in targets.items()}
    try:
        for stage in staged.values():
            _remove(stage)
        for name, file in manifest.files.items():
            part, _, rest = name.partition("/")
            if part in staged:
                _stage(source / name, staged[part] / rest if rest else staged[part], file)
            else:
                _require_same(name, *_digest(source / name), file)
        # Inner folders first: a folder that may only be read takes nothing in.
        for name, mode in sorted(manifest.folders.items(), reverse=True):
            part, _, rest = name.partition("/")
            if part in staged:
                _folder(staged[part] / rest).chmod(mode)
        yield staged
    finally:
        for stage in staged.values():
            _remove(stage)


def _stage(source: Path, target: Path, file: KeptFile) -> None:
    _folder(target.parent)
    try:
        size, digest = _copy_hashed(source, target)
    except FileNotFoundError as error:
        raise StorageError(f"В копии нет файла {source}. Ничего не изменено.") from error
    _require_same(str(source), size, digest, file)
    target.chmod(file.mode)
    # To the nanosecond: a year whose files are those of its last run has nothing to do.
    os.utime(target, ns=(file.mtime_ns, file.mtime_ns))


def _digest(path: Path) -> tuple[int, str]:
    try:
        described = _described(path)
    except FileNotFoundError as error:
        raise StorageError(f"В копии нет файла {path}. Ничего не изменено.") from error
    return described.size, described.sha256


def _require_same(name: str, size: int, digest: str, file: KeptFile) -> None:
    if (size, digest) != (file.size, file.sha256):
        raise StorageError(f"Файл копии {name} повреждён: его SHA-256 не тот, что в описи. Ничего не изменено.")


def _restore_servers(settings: Settings, source: Path, manifest: Manifest) -> None:
    if _DATABASE_DUMP in manifest.files:
        restore_server(settings.sqlalchemy_url, source / _DATABASE_DUMP, own_tables())
    if _DAGSTER_DUMP in manifest.files:
        if settings.dagster_storage_url is None:
            raise StorageError("В копии есть база Dagster, а OKO_DAGSTER_URL не задан: задайте его и повторите.")
        restore_server(settings.dagster_storage_url, source / _DAGSTER_DUMP, ())


@contextmanager
def _swapped(staged: Mapping[str, Path], targets: Mapping[str, Path]) -> Iterator[None]:
    """Put the staged parts in their places; the old ones come back when that or what follows fails."""
    moved: list[tuple[Path, Path]] = []
    try:
        for name, target in targets.items():
            for old in (target, *companions(target)):
                if old.exists():
                    away = old.with_name(f".{old.name}.before-restore")
                    _remove(away)
                    old.rename(away)
                    moved.append((old, away))
            staged[name].rename(target)
            moved.append((staged[name], target))
        yield
    except BaseException as error:
        for old, away in reversed(moved):
            away.rename(old)
        if isinstance(error, OSError):
            raise StorageError(f"Копия не восстановлена, прежние хранилища на месте: {error}.") from error
        raise
    for away in [away for _, away in moved if away.name.endswith(".before-restore")]:
        _remove(away)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _key_check(settings: Settings) -> str | None:
    """Return what tells the last pseudonym key from another and nothing else; None when there is no key yet."""
    if settings.pseudonym_key is None and not settings.pseudonym_key_file.expanduser().exists():
        return None
    return key_check(settings.pseudonym_keys[-1])


def _key_notes(settings: Settings, manifest: Manifest) -> tuple[str, ...]:
    if manifest.key_check is None or _key_check(settings) == manifest.key_check:
        return ()
    if manifest.key_check in key_checks(settings.pseudonym_keys):
        return ("Копия сделана до смены ключа псевдонимов: хранилище перейдёт под нынешний ключ при первом открытии.",)
    told = (
        "Ключ псевдонимов здесь не тот, с которым сделана копия: верните прежний ключ (OKO_PSEUDONYM_KEY_FILE), "
        "иначе новые псевдонимы не совпадут с прежними."
    )
    return (told,)
