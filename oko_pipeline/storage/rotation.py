"""A change of the pseudonym key: the restricted store is brought under the new key as a whole, or stays as it was.

The store under the new key is made beside the old one, looked through for old pseudonyms, and takes its place after the
key file is replaced: that replacement is the moment of the change. A change that was killed before it has not happened,
one that was killed after it is finished by `settle`, whoever opens the stores next. A store from before a change (of a
backup) is brought under the later keys of the chain likewise.

Rows of the database hold no pseudonyms, and fingerprints there do not change: nothing is read or computed again.
"""

import errno
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from oko_pipeline.errors import StorageError
from oko_pipeline.key_chain import key_checks, rekeyed_all
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.key_state import (
    STATE_FILE,
    KeyChange,
    Places,
    StoreKeys,
    key_change_lock,
    next_key_file,
    store_keys,
    unfinished,
)

PSEUDONYM_COLUMNS: Final = ("pupil_id", "person_id", "name_id", "earlier_pupil_id")
"""Columns of the restricted store that hold pseudonyms, of assembled tables and of files that were read."""
_CODE_COLUMNS: Final = ("work_code",)
"""Columns that hold codes made of pseudonyms without a key: they go under the new key as pseudonyms do."""
_LEFT_OUT: Final = ("documents",)
"""Folders that are made anew by the next run: documents name people by the first signs of pseudonyms."""
_ERASED_FILE: Final = "erased.txt"
_EVERY_YEAR: Final = "*"


@dataclass(frozen=True, slots=True)
class Rekeying:
    """How the store goes under other keys.

    `through` are applied to every pseudonym in their order; `checks` tell the keys under which the store stands then;
    `with_fragments` keeps what was read of each file: without it all files are read again.
    """

    through: tuple[bytes, ...]
    checks: tuple[str, ...]
    change: KeyChange | None
    with_fragments: bool = True


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What stands beside the store, ready to take its place."""

    files_count: int
    pseudonyms_count: int
    documents_count: int


def listing(restricted: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file of the store: what has changed while it was being rekeyed."""
    found: dict[str, tuple[int, int]] = {}
    for path in _files(restricted):
        stat = path.stat()
        found[path.relative_to(restricted).as_posix()] = (stat.st_size, stat.st_mtime_ns)
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def prepare(settings: Settings, rekeying: Rekeying) -> Rekeyed:
    """Make the store under the new keys beside the old one. Nothing has changed until `take_place`.

    Raises:
        StorageError: when a file is damaged, an old pseudonym stands where none is expected, or there is no room.
    """
    places = Places.of(settings)
    if places.store.is_symlink() or places.store.is_mount():
        raise StorageError(
            f"{places.store} — ссылка или отдельный раздел: ключ меняется в обычной папке. "
            "Перенесите закрытое хранилище в папку данных и повторите."
        )
    _discard(places.unfinished, places.ready)
    try:
        places.unfinished.mkdir(mode=0o700, parents=True)
        made = _Copy(places.store, places.unfinished, rekeying).make()
        _sync_folders(places.unfinished)
        places.unfinished.rename(places.ready)
    except OSError as error:
        _discard(places.unfinished, places.ready)
        full = " — на диске нет места" if error.errno == errno.ENOSPC else ""
        raise StorageError(f"Новое хранилище не записано{full}: {error}. Ничего не изменено.") from error
    except StorageError:
        _discard(places.unfinished, places.ready)
        raise
    return made


class _Copy:
    """A store on its way under other keys."""

    def __init__(self, source: Path, target: Path, rekeying: Rekeying) -> None:
        self._source = source
        self._target = target
        self._rekeying = rekeying
        self._known: dict[str, str] = {}
        self._codes: dict[str, str] = {}

    def make(self) -> Rekeyed:
        """Write every file that stays, look the new ones through, and tell the counts."""
        files_count = documents_count = 0
        left_out = (*_LEFT_OUT, *(() if self._rekeying.with_fragments else ("fragments",)))
        for path in _files(self._source):
            place = path.relative_to(self._source)
            if place.parts[0] == "documents":
                documents_count += path.suffix == ".docx"
            if place.parts[0] in left_out or path.suffix == ".partial" or place.as_posix() == STATE_FILE:
                continue
            files_count += 1
            self._write(path, self._target / place)
        self._require_no_old()
        state = store_keys(self._source) or StoreKeys(checks=[])
        change = self._rekeying.change
        counted = [] if change is None else [change.model_copy(update={"pseudonyms_count": len(self._known)})]
        state = StoreKeys(checks=list(self._rekeying.checks), changes=[*state.changes, *counted])
        _write_synced(self._target / STATE_FILE, state.model_dump_json(indent=1).encode())
        return Rekeyed(files_count, len(self._known), documents_count)

    def _write(self, path: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.suffix == ".parquet":
            table = _read(path)
            changed = self._under_new_keys(table)
            if changed is not None:
                with target.open("wb") as stream:
                    pq.write_table(changed, stream, compression="zstd")
                    stream.flush()
                    os.fsync(stream.fileno())
                return
        elif path.name == _ERASED_FILE:
            erased = self._rekey(path.read_text("ascii").split(), self._known)
            _write_synced(target, ("\n".join(sorted(erased.values())) + "\n").encode())
            return
        _link(path, target)

    def _under_new_keys(self, table: pa.Table) -> pa.Table | None:
        """Return a table with its pseudonyms under the new keys; None when it has no column of pseudonyms."""
        columns = [name for name in (*PSEUDONYM_COLUMNS, *_CODE_COLUMNS) if name in table.column_names]
        for name in columns:
            known = self._codes if name in _CODE_COLUMNS else self._known
            table = table.set_column(
                table.column_names.index(name), table.schema.field(name), self._mapped(table.column(name), known)
            )
        return table if columns else None

    def _mapped(self, column: pa.ChunkedArray, known: dict[str, str]) -> pa.Array:
        texts = column.cast(pa.string()).combine_chunks()
        values = texts.unique().drop_null()
        new = pa.array(list(self._rekey(values.to_pylist(), known).values()), pa.string())
        places = pc.call_function("index_in", [texts], pc.SetLookupOptions(value_set=values))
        return new.take(places).cast(column.type)

    def _rekey(self, pseudonyms: Sequence[str], known: dict[str, str]) -> dict[str, str]:
        unknown = [one for one in pseudonyms if one not in known]
        known.update(rekeyed_all(self._rekeying.through, unknown))
        return {one: known[one] for one in pseudonyms}

    def _require_no_old(self) -> None:
        """Refuse when an old pseudonym stands in any text of the new store."""
        old = pa.array([*self._known, *self._codes], pa.string())
        for path in _files(self._target):
            if path.suffix != ".parquet" or not len(old):
                continue
            table = _read(path)
            for name in table.column_names:
                column = table.column(name)
                if _is_text(column.type) and _any_in(column, old):
                    place = path.relative_to(self._target)
                    raise StorageError(
                        f"В файле {place}, столбец {name}, стоят псевдонимы, о которых смена ключа не знает. "
                        "Ничего не изменено; сообщите об этом разработчикам."
                    )


def _any_in(column: pa.ChunkedArray, values: pa.Array) -> bool:
    found = pc.call_function("is_in", [column.cast(pa.string())], pc.SetLookupOptions(value_set=values))
    return bool(pc.call_function("any", [found]).as_py())


def _is_text(kind: pa.DataType) -> bool:
    own = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(own) or pa.types.is_large_string(own) or pa.types.is_string_view(own)


def _read(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read(use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(
            f"Файл закрытого хранилища {path.name} повреждён: {error}. Удалите его и запустите сбор заново."
        ) from error


def _link(source: Path, target: Path) -> None:
    """Give a file that does not change a second name, which costs nothing; copy it where names cannot be given."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(0o600)


def _sync_folders(root: Path) -> None:
    """Let no power cut forget names of files that were written."""
    if sys.platform == "win32":  # pragma: no cover
        return
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def take_place(settings: Settings) -> None:
    """Make the waiting key the key, and the prepared store the store. The first step is the change itself."""
    waiting = next_key_file(settings)
    waiting.replace(settings.pseudonym_key_file.expanduser())
    if sys.platform != "win32":
        _sync_folder(waiting.parent)
    settings.forget_pseudonym_keys()
    _swap(settings)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(settings: Settings) -> None:
    places = Places.of(settings)
    # Documents with codes of people are gone from the new store: no year may be taken for unchanged.
    for path in (settings.home / "state").glob("*.json"):
        path.unlink(missing_ok=True)
    if places.store.exists():
        _discard(places.before)
        places.store.rename(places.before)
    places.ready.rename(places.store)


def settle(settings: Settings) -> list[KeyChange]:
    """Finish a change of keys that was killed, or undo it; return the changes to be put into the log of access.

    A store of a backup that is older than the last change goes under the later keys.

    Raises:
        StorageError: when the store stands under a key that the key file does not have.
    """
    if not unfinished(settings):
        return []
    with key_change_lock(settings):
        return settle_locked(settings)


def settle_locked(settings: Settings) -> list[KeyChange]:
    """Do what `settle` does, by whoever holds the lock; return all changes that the store remembers."""
    places = Places.of(settings)
    settings.forget_pseudonym_keys()
    checks = key_checks(settings.pseudonym_keys)
    _discard(places.unfinished)
    if places.ready.exists():
        ready = store_keys(places.ready)
        if ready is not None and ready.checks == checks:
            _swap(settings)
        else:
            _discard(places.ready)
    next_key_file(settings).unlink(missing_ok=True)
    if places.before.exists() and not places.store.exists():
        places.before.rename(places.store)
    if places.store.is_dir():
        _bring_forward(settings, checks)
    state = store_keys(places.store)
    changes = [] if state is None else state.changes
    if not changes:
        # A store of a backup was brought forward: the change itself stands in the log already.
        forget_before(settings)
    return changes


def _bring_forward(settings: Settings, checks: list[str]) -> None:
    """Put a store of earlier keys under the later keys of the same chain."""
    state = store_keys(settings.restricted_folder)
    # A store that says nothing is from before the first change.
    stands = checks[:1] if state is None else state.checks
    if stands == checks:
        return
    if checks[: len(stands)] != stands:
        raise StorageError(
            "Закрытое хранилище под другим ключом псевдонимов, чем файл ключа. Верните ключ, с которым работала эта "
            "установка (OKO_PSEUDONYM_KEY_FILE); если он потерян — «oko keys renew»."
        )
    later = settings.pseudonym_keys[len(stands) :]
    prepare(settings, Rekeying(later, tuple(checks), None))
    _swap(settings)


def abandon(settings: Settings) -> None:
    """Throw away a change that has not happened: the waiting key and what was made beside the store."""
    places = Places.of(settings)
    _discard(places.unfinished, places.ready)
    if places.before.exists() and not places.store.exists():
        places.before.rename(places.store)
    next_key_file(settings).unlink(missing_ok=True)


def forget_before(settings: Settings) -> None:
    """Remove the store under the old key, once the change stands in the log."""
    _discard(Places.of(settings).before)


def _discard(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def log_changes(settings: Settings, database: Database, changes: Sequence[KeyChange]) -> None:
    """Put changes of keys into the log of access, each once, and forget the store under the old key."""
    if not changes:
        forget_before(settings)
        return
    rows = pd.DataFrame(
        {
            "school_year": _EVERY_YEAR,
            "entry_id": [change.entry_id for change in changes],
            "happened_at": [change.made_at for change in changes],
            "operation": "change_key",
            "actor": [change.actor for change in changes],
            "subject_ru": "ключ псевдонимов сменён",
            "rows_count": [change.pseudonyms_count for change in changes],
            "basis_ru": [change.basis_ru or None for change in changes],
        }
    )
    with database.transaction():
        database.delete(
            DATA_ACCESS_LOG, {"school_year": _EVERY_YEAR, "entry_id": [change.entry_id for change in changes]}
        )
        database.append(DATA_ACCESS_LOG, rows)
    forget_before(settings)
