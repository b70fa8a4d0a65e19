"""Which code made a result: a changed method recomputes, an unchanged one does not."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_KINDS: Final = (".py", ".csv", ".yaml", ".docx")
_MAKES_NO_RESULT: Final = frozenset(
    {"oko_pipeline.catalogue/schedules.py", "oko_pipeline.catalogue/data/schedules.yaml"}
)
"""Who moves a day of the calendar need not read files and issue documents anew."""


@cache
def code_version() -> str:
    """Return the version for stamps: the package's version and a fingerprint of its code."""
    try:
        number = version("oko-pipeline")
    except PackageNotFoundError:
        number = "0"
    return f"{number}+{code_fingerprint('oko_pipeline', 'assets', 'report_templates')[:8]}"


@cache
def code_fingerprint(*packages: str, without: tuple[str, ...] = ()) -> str:
    """Return a SHA-256 of the code and data of packages or modules, such as `oko_pipeline.analysis`.

    A person forgets to raise a version number; the code itself does not.

    Args:
        packages: packages or modules.
        without: files and folders left out, by their path from a package: `oko_pipeline.catalogue/data/programmes`.
    """
    digest = hashlib.sha256()
    for package in packages:
        parent, _, leaf = package.rpartition(".")
        module = files(parent).joinpath(f"{leaf}.py") if parent else None
        if module is not None and module.is_file():
            _add(digest, module, package)
        else:
            _add_folder(digest, files(package), package, without)
    return digest.hexdigest()


def _add_folder(digest: "hashlib._Hash", folder: Traversable, path: str, without: tuple[str, ...]) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        place = f"{path}/{entry.name}"
        if place in without or place in _MAKES_NO_RESULT:
            continue
        if entry.is_dir() and entry.name != "__pycache__":
            _add_folder(digest, entry, place, without)
        elif entry.name.endswith(_KINDS) and not entry.name.startswith("~"):
            _add(digest, entry, place)


def _add(digest: "hashlib._Hash", entry: Traversable, path: str) -> None:
    digest.update(path.encode())
    digest.update(b"\0")
    digest.update(entry.read_bytes())
