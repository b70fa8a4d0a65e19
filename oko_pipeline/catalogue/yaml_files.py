"""Reads the catalogue's YAML files into checked models, and reports all faults at once with file, line and field."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from oko_pipeline.errors import CatalogueError
from oko_pipeline.plain_yaml import require_plain

Model = TypeVar("Model", bound="CatalogueModel")

# The C parser of libyaml is ten times faster; it reads the same safe subset.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueModel(BaseModel):
    """Base of all catalogue entries: unknown fields are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def catalogue_files(folder: str) -> dict[str, str]:
    """Return the texts of all YAML files in `catalogue/data/<folder>` by file name, in name order."""
    entries = files("oko_pipeline.catalogue").joinpath("data", folder).iterdir()
    found = {entry.name: entry.read_text("utf-8") for entry in entries if entry.name.endswith(".yaml")}
    return dict(sorted(found.items()))


def territory_files(folder: Path | None) -> dict[str, str]:
    """Return the texts of a territory's own YAML files by file name; nothing when there is no such folder.

    Raises:
        CatalogueError: for a file that would swell in memory, or is no YAML.
    """
    if folder is None or not folder.is_dir():
        return {}
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    for name, text in texts.items():
        try:
            require_plain(text)
        except yaml.YAMLError as error:
            raise CatalogueError(f"Ошибки в каталоге:\n{name}: {error}") from error
    return texts


def read_catalogue_yaml(texts: dict[str, str], model: type[Model]) -> list[tuple[str, Model]]:
    """Validate each text as `model`; return pairs of file name and model.

    Raises:
        CatalogueError: when any file is faulty; the text lists every fault with its file, line and field.
    """
    made: list[tuple[str, Model]] = []
    faults: list[str] = []
    for name, text in texts.items():
        try:
            content = yaml.load(text, Loader=_LOADER)  # noqa: S506 (both loaders are safe)
            made.append((name, model.model_validate(content)))
        except yaml.YAMLError as error:
            faults.append(f"{name}: не YAML: {error}")
        except ValidationError as error:
            faults += _faults(name, text, error)
    if faults:
        raise CatalogueError("Ошибки в каталоге:\n" + "\n".join(faults))
    return made


def _faults(name: str, text: str, error: ValidationError) -> Iterator[str]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        yield f"{name}, строка {_line(root, fault['loc'])}, поле {place or '—'}: {fault['msg']}"


def _line(root: Any, place: tuple[int | str, ...]) -> int:
    """Return the line (from 1) of the innermost node that exists on the way to `place`."""
    node = root
    for part in place:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner = node.value[part]
        if inner is None:
            break
        node = inner
    return 1 if node is None else node.start_mark.line + 1
