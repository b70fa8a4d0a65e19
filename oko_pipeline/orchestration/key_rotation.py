"""Changing the key of pseudonyms: on a schedule or after a leak (`rotate_key`), and after a loss (`renew_key`).

The interface, the daemon and runs must be stopped: a run that has read old pseudonyms would write them back.
"""

import getpass
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oko_pipeline.catalogue.tables import DOCUMENTS, FILES
from oko_pipeline.errors import SettingsError, StorageError
from oko_pipeline.key_chain import format_keys, key_checks, new_key, write_key_file
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.erasure import ErasedPeople
from oko_pipeline.storage.key_state import KeyChange, key_change_lock, next_key_file, store_keys
from oko_pipeline.storage.rotation import (
    Rekeying,
    abandon,
    listing,
    log_changes,
    prepare,
    settle_locked,
    take_place,
)
from resources.clock import Clock

_RUNNING: Final = ("STARTING", "STARTED", "CANCELING")


@dataclass(frozen=True, slots=True)
class KeyState:
    """What is told of the key: how many keys the chain has, where they are, when the last change was."""

    keys_count: int
    place: str
    check: str
    changes: tuple[KeyChange, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did, and what is left to do.

    `school_years` are to be run again: their documents with codes of people are to be issued anew, or, after a loss,
    their files read anew. `lost_years` have works whose files are gone: they stay, but nothing will link to them.
    """

    keys_count: int
    pseudonyms_count: int
    files_count: int
    documents_count: int
    school_years: tuple[str, ...]
    lost_years: tuple[str, ...] = ()


def key_state(settings: Settings) -> KeyState:
    """Return what may be told of the key.

    Raises:
        SettingsError: when the key cannot be read.
        StorageError: when the store's own word of its keys is damaged.
    """
    keys = settings.pseudonym_keys
    place = "OKO_PSEUDONYM_KEY" if settings.pseudonym_key else str(settings.pseudonym_key_file.expanduser())
    state = store_keys(settings.restricted_folder)
    return KeyState(len(keys), place, key_checks(keys)[-1], () if state is None else tuple(state.changes))


def rotate_key(settings: Settings, basis_ru: str, *, is_stopped: bool = False) -> Changed:
    """Bring every pseudonym under a new key; the stores stay as they are when anything goes wrong.

    The old keys stay in the key file as the beginning of the chain: without them files that come later would not meet
    the people of the files before. Alone they tell nobody any more.

    Args:
        settings: the installation.
        basis_ru: why, for the log of access.
        is_stopped: nothing runs, whatever Dagster's log says of a run that was killed.

    Raises:
        SettingsError: when the key is set in the environment, where a chain cannot stand.
        StorageError: when something runs, or the store could not be rekeyed. Nothing is changed then.
    """
    _require_key_file(settings)
    _require_stopped(settings, is_stopped=is_stopped)
    with key_change_lock(settings):
        database = Database(settings.sqlalchemy_url)
        try:
            log_changes(settings, database, settle_locked(settings))
            key = new_key()
            chain = (*settings.pseudonym_keys, key)
            years = _years_with_codes(database)
            return _change(settings, database, chain, (key,), _note(chain, basis_ru), years)
        finally:
            database.close()


def renew_key(settings: Settings, basis_ru: str, *, is_stopped: bool = False, erased_removed: bool = False) -> Changed:
    """Begin a new chain after the key was lost: all files of the inbox are read again by the next run.

    What stands in the store goes under a key that is thrown away, so that years whose files are gone keep the links
    within them and nobody can make their pseudonyms.

    Args:
        settings: the installation.
        basis_ru: why, for the log of access.
        is_stopped: nothing runs, whatever Dagster's log says of a run that was killed.
        erased_removed: rows of erased people have been removed from the files themselves: their list is of the lost
            key and would not know them again.

    Raises:
        SettingsError: when the key is set in the environment.
        StorageError: when something runs, people were erased and `erased_removed` is not said, or the store could not
            be rekeyed. Nothing is changed then.
    """
    _require_key_file(settings)
    _require_stopped(settings, is_stopped=is_stopped)
    erased = ErasedPeople(settings.restricted_folder).ids()
    if erased and not erased_removed:
        raise StorageError(
            f"По обращениям стёрто людей: {len(erased)}. Под новым ключом программа их не узнает: удалите их строки из "
            "файлов входящей папки и повторите с --erased-removed."
        )
    with key_change_lock(settings):
        database = Database(settings.sqlalchemy_url)
        try:
            abandon(settings)
            chain = (new_key(),)
            years, lost = _years_of_files(settings, database)
            made = _change(
                settings, database, chain, (secrets.token_bytes(32),), _note(chain, basis_ru), years, is_new_chain=True
            )
        finally:
            database.close()
    return Changed(made.keys_count, made.pseudonyms_count, made.files_count, made.documents_count, years, lost)


def _change(  # noqa: PLR0913 (one step of two commands)
    settings: Settings,
    database: Database,
    chain: Sequence[bytes],
    through: tuple[bytes, ...],
    change: KeyChange,
    school_years: tuple[str, ...],
    *,
    is_new_chain: bool = False,
) -> Changed:
    waiting = next_key_file(settings)
    try:
        waiting.unlink(missing_ok=True)
        write_key_file(waiting, format_keys(chain))
    except OSError as error:
        raise StorageError(f"Файл ключа {waiting} не создаётся: {error}. Ничего не изменено.") from error
    before = listing(settings.restricted_folder)
    try:
        made = prepare(settings, Rekeying(through, tuple(key_checks(chain)), change, with_fragments=not is_new_chain))
        _require_same(listing(settings.restricted_folder), before)
    except StorageError:
        abandon(settings)
        raise
    take_place(settings)
    state = store_keys(settings.restricted_folder)
    log_changes(settings, database, [] if state is None else state.changes)
    return Changed(len(chain), made.pseudonyms_count, made.files_count, made.documents_count, school_years)


def _require_same(now: Mapping[str, tuple[int, int]], before: Mapping[str, tuple[int, int]]) -> None:
    if now != before:
        raise StorageError("Закрытое хранилище менялось: остановите запуски и повторите. Ничего не изменено.")


def _note(chain: Sequence[bytes], basis_ru: str) -> KeyChange:
    try:
        actor = getpass.getuser()
    except (OSError, KeyError):
        actor = "—"
    check = key_checks(chain)[-1]
    return KeyChange(
        entry_id=f"key-{check}", made_at=Clock().timestamp(), actor=actor, basis_ru=basis_ru, pseudonyms_count=0
    )


def _require_key_file(settings: Settings) -> None:
    if settings.pseudonym_key is not None:
        raise SettingsError(
            "Ключ задан настройкой OKO_PSEUDONYM_KEY, а сменённый ключ хранится в файле: запишите нынешний ключ в файл "
            f"{settings.pseudonym_key_file.expanduser()} (права 600), уберите OKO_PSEUDONYM_KEY и повторите."
        )
    path = settings.pseudonym_key_file.expanduser()
    if path.exists() and sys.platform != "win32" and path.is_symlink():
        raise SettingsError(f"{path} — ссылка: назовите сам файл в OKO_PSEUDONYM_KEY_FILE и повторите.")


def _require_stopped(settings: Settings, *, is_stopped: bool) -> None:
    """Refuse while a run is under way."""
    folder = settings.dagster_folder
    if is_stopped or not (folder / "history").is_dir():
        return
    import dagster as dg  # noqa: PLC0415

    from oko_pipeline.orchestration.year_run import prepare_dagster_home  # noqa: PLC0415

    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        statuses = [dg.DagsterRunStatus(name) for name in _RUNNING]
        running = instance.get_runs(dg.RunsFilter(statuses=statuses))
    if running:
        years = sorted({run.tags.get("dagster/partition", "—") for run in running})
        raise StorageError(
            f"Идут запуски: {len(running)} (учебные годы: {', '.join(years)}). Дождитесь их или остановите; если они "
            "убиты и записаны как идущие — повторите с --stopped. Ничего не изменено."
        )


def _years_with_codes(database: Database) -> tuple[str, ...]:
    """Return the years whose documents hold codes of people."""
    documents = database.read(DOCUMENTS, None, ["school_year", "is_restricted"])
    return tuple(sorted(set(documents.loc[documents["is_restricted"].astype(bool), "school_year"])))


def _years_of_files(settings: Settings, database: Database) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the years whose files lie in the inbox, and those of works whose files do not."""
    files = database.read(FILES)
    counted = files[files["status"].isin(["accepted", "duplicate", "outdated"])]
    is_there = [(settings.inbox_folder / str(path).split("!")[0]).is_file() for path in counted["path"]]
    there = set(counted.loc[is_there, "school_year"])
    stored = {path.name for path in _year_folders(settings.restricted_folder)}
    return tuple(sorted(there - {"*"})), tuple(sorted(stored - there))


def _year_folders(restricted: Path) -> list[Path]:
    return [path for name in ("works", "records") for path in (restricted / name).glob("*") if path.is_dir()]
