"""Under which pseudonym keys the restricted store stands, and where a change of keys keeps what it has not finished."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from oko_pipeline.errors import StorageError
from oko_pipeline.key_chain import key_checks
from oko_pipeline.settings import Settings
from oko_pipeline.storage.locks import file_lock
from oko_pipeline.storage.partials import write_whole

STATE_FILE: Final = "keys.json"


class KeyChange(BaseModel):
    """A change of keys as the store remembers it; `entry_id` names its line in the log of access."""

    entry_id: str
    made_at: str
    actor: str
    basis_ru: str
    pseudonyms_count: int


class StoreKeys(BaseModel):
    """Under which keys the restricted store stands: checks of a chain, and the changes so far."""

    checks: list[str]
    changes: list[KeyChange] = []


@dataclass(frozen=True, slots=True)
class Places:
    """Where the store stands, and what a change keeps beside it."""

    store: Path
    unfinished: Path
    ready: Path
    before: Path
    lock: Path

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        """Return the places of an installation."""
        store = settings.restricted_folder
        return cls(
            store,
            store.with_name(f".{store.name}.unfinished"),
            store.with_name(f".{store.name}.ready"),
            store.with_name(f".{store.name}.before"),
            store.with_name(f".{store.name}.lock"),
        )


def store_keys(restricted: Path) -> StoreKeys | None:
    """Return under which keys a store stands; None when its key was never changed.

    Raises:
        StorageError: when the file that says so is damaged.
    """
    path = restricted / STATE_FILE
    try:
        return StoreKeys.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StorageError(f"Файл {path} повреждён: восстановите закрытое хранилище из копии (oko restore).") from error


def next_key_file(settings: Settings) -> Path:
    """Return where a new key waits until the store is ready for it."""
    path = settings.pseudonym_key_file.expanduser()
    return path.with_name(f"{path.name}.next")


@contextmanager
def key_change_lock(settings: Settings) -> Iterator[None]:
    """Let one process at a time change keys or finish a change; the lock of a killed one is free at once.

    Raises:
        StorageError: when the lock cannot be taken.
    """
    with file_lock(Places.of(settings).lock, math.inf, "Ключ псевдонимов уже меняют"):
        yield


def unfinished(settings: Settings) -> bool:
    """Tell whether a change of keys left something behind, or the store is of another key than the settings'."""
    places = Places.of(settings)
    if any(path.exists() for path in (places.unfinished, places.ready, places.before, next_key_file(settings))):
        return True
    state = store_keys(places.store) if places.store.is_dir() else None
    if state is None:
        return places.store.is_dir() and len(settings.pseudonym_keys) > 1
    return state.checks != key_checks(settings.pseudonym_keys)


def pin_keys(settings: Settings) -> None:
    """Write down, in a store that does not say it yet, under which keys it is filled: another key is told then."""
    path = settings.restricted_folder / STATE_FILE
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, StoreKeys(checks=key_checks(settings.pseudonym_keys)).model_dump_json(indent=1).encode())
