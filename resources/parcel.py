"""A part of the work on its way to a worker and back. Imports little: a worker node loads it before it is judged.

A parcel is closed: what it holds (file names, contexts of documents, the key of pseudonyms) shows in no log, name or
page of the machinery that carries it, and it is opened only where the same code and the same folders are.
"""

import pickle
import platform
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from oko_pipeline.errors import WorkersError
from oko_pipeline.versions import code_version

_LIBRARIES: Final = ("distributed", "pandas", "numpy", "pyarrow")
# Writing documents and reading workbooks is not meant for threads; a node may have been started with several.
_ONE_AT_A_TIME: Final = threading.Lock()
_seen_marks: Final[set[Path]] = set()


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a part: results of its first items, and the failure of the next one if there was any."""

    results: list[Any]
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What a worker node must see: a file laid into the data folder for it, and the other folders of the work."""

    mark: Path
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Parcel:
    """A function and its items, pickled; `versions` and `place` are those of the sender."""

    versions: Mapping[str, str]
    place: Place
    content: bytes


def do_each(function: Callable[[Any], Any], items: Sequence[Any]) -> Made:
    """Return the results in order, up to the first failure."""
    results: list[Any] = []
    for item in items:
        try:
            results.append(function(item))
        # Whatever a task raises belongs to its caller, who is in another process.
        except Exception as error:  # noqa: BLE001
            error.add_note(f"В рабочем процессе:\n{''.join(traceback.format_tb(error.__traceback__))}")
            return Made(results, _portable(error))
    return Made(results)


def _portable(error: Exception) -> Exception:
    """Return the error, or one that says the same where it cannot travel between processes."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (just made here)
    except (TypeError, AttributeError, pickle.PickleError) as fault:
        told = WorkersError(f"{type(error).__name__}: {error}")
        told.add_note(f"Сама ошибка не передаётся между процессами: {fault}")
        return told
    return error


def pack(function: Callable[[Any], Any], items: Sequence[Any], place: Place) -> Parcel:
    """Return the parcel of a part of the work."""
    return Parcel(versions_here(), place, pickle.dumps((function, list(items)), pickle.HIGHEST_PROTOCOL))


def perform(parcel: Parcel) -> bytes:
    """Do a parcel's work on a worker node; return what `unpack` reads.

    No failure leaves as an exception: the machinery would write its text and arguments into its logs.
    """
    with _ONE_AT_A_TIME:
        fault = _version_fault(parcel.versions) or _place_fault(parcel.place)
        if fault is not None:
            return pickle.dumps(Made([], WorkersError(fault)), pickle.HIGHEST_PROTOCOL)
        function, items = pickle.loads(parcel.content)  # noqa: S301 (sent by whoever may run anything here anyway)
        made = do_each(function, items)
        try:
            return pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
        except (TypeError, AttributeError, pickle.PickleError) as error:
            told = WorkersError(f"Результат задания {function.__name__} не передаётся между процессами: {error}")
            return pickle.dumps(Made([], told), pickle.HIGHEST_PROTOCOL)


def unpack(content: bytes) -> Made:
    """Return what came of a parcel."""
    made: Made = pickle.loads(content)  # noqa: S301 (made by `perform` on our own workers)
    return made


@cache
def versions_here() -> dict[str, str]:
    """Return what must be the same on both sides: the code and the libraries whose objects travel."""
    found = {"программа ОКО": code_version(), "Python": ".".join(platform.python_version_tuple()[:2])}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "нет"
    return found


def _version_fault(wanted: Mapping[str, str]) -> str | None:
    here = versions_here()
    differing = [f"{name}: {one} у запуска, {here.get(name, 'нет')} на узле" for name, one in wanted.items()
                 if here.get(name) != one]  # fmt: skip
    if not differing:
        return None
    return (
        f"На рабочем узле {platform.node()} другие версии — {'; '.join(differing)}. "
        "Поставьте на узлы ту же сборку, что и у запуска (docs/cluster.md)."
    )


def _place_fault(place: Place) -> str | None:
    """Tell what of the folders this node does not see: it would read nothing and write where nobody looks."""
    if place.mark in _seen_marks:
        return None
    node = platform.node()
    try:
        is_same = place.mark.read_text("ascii") == place.mark.name
    except OSError:
        is_same = False
    if not is_same:
        return (
            f"Рабочий узел {node} не видит папку данных {place.mark.parent.parent}: подключите общую папку по тому же "
            "пути и с правами на чтение и запись (docs/cluster.md)."
        )
    missing = [str(folder) for folder in place.folders if not folder.is_dir()]
    if missing:
        return f"Рабочий узел {node} не видит папок: {', '.join(missing)}. Подключите их по тем же путям."
    try:
        probe = place.mark.with_name(f"{place.mark.name}.{node}.{threading.get_native_id()}")
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        return f"Рабочий узел {node} не может писать в папку данных {place.mark.parent.parent}: {error.strerror}."
    _seen_marks.add(place.mark)
    return None
