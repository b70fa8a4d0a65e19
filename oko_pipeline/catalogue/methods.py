"""The registry of methods: what each stored value was computed by, with formula, source, assumptions and parameters.

A method has an id (`family.name`), a version that changes whenever it would give another value for the same input, and
parameters with defaults: facts without an official source are settings, never constants. `docs/methods.md` is generated
from here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, cast

from pydantic import Field

from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Value = float | int | str | bool | tuple[float, ...] | tuple[str, ...]


class Parameter(CatalogueModel):
    """A number (or list) that a territory may set; `evidence` is S (sourced), C (computed), K or I (a default)."""

    default: Value
    description_ru: str
    evidence: Literal["S", "C", "K", "I"]
    unit_ru: str = ""


class Method(CatalogueModel):
    """A method as the method page tells it."""

    method_id: str = Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")
    version: str
    title_ru: str
    question_ru: str
    formula_ru: str
    source_ru: str
    assumptions_ru: tuple[str, ...]
    read_ru: str
    misread_ru: str
    minimum_n: int | None = None
    tables: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = Field(default_factory=dict)


class MethodFile(CatalogueModel):
    """A file of methods of one family."""

    family: str
    title_ru: str
    methods: tuple[Method, ...]


@cache
def method_files() -> tuple[MethodFile, ...]:
    """Return the families in the order of their file names; raises `CatalogueError` naming every fault."""
    found = [file for _, file in read_catalogue_yaml(catalogue_files("methods"), MethodFile)]
    ids = [one.method_id for file in found for one in file.methods]
    faults = sorted({one for one in ids if ids.count(one) > 1})
    faults += [
        one.method_id for file in found for one in file.methods if not one.method_id.startswith(f"{file.family}.")
    ]
    if faults:
        raise CatalogueError(f"Каталог методов: повторены или не из своего семейства: {faults}")
    return tuple(found)


@cache
def methods() -> dict[str, Method]:
    """Return all methods by id."""
    return {one.method_id: one for file in method_files() for one in file.methods}


def method(method_id: str) -> Method:
    """Return a method; raises `CatalogueError` for an unknown one."""
    try:
        return methods()[method_id]
    except KeyError:
        raise CatalogueError(f"В каталоге методов нет «{method_id}».") from None


def method_columns(method_id: str) -> dict[str, str]:
    """Return the columns `method_id` and `method_version` that say by which method a row was made."""
    return {"method_id": method_id, "method_version": method(method_id).version}


def parameters(method_id: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a method's parameters: defaults, replaced by a territory's `overrides` («family.name.parameter» → value).

    Raises:
        CatalogueError: for an override that names no parameter of an existing method, or has another type.
    """
    values: dict[str, Any] = {name: one.default for name, one in method(method_id).parameters.items()}
    prefix = f"{method_id}."
    for name, value in (overrides or {}).items():
        if not name.startswith(prefix):
            continue
        own = name.removeprefix(prefix)
        if own not in values:
            raise CatalogueError(f"У метода «{method_id}» нет параметра «{own}».")
        values[own] = _like(values[own], value, name)
    return values


def _like(default: Any, value: Any, name: str) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list | tuple):
            return (*cast("list[Any]", value),)
    elif isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif type(value) is type(default):
        return value
    raise CatalogueError(f"Параметр {name}: ожидалось значение вида {default!r}, а не {value!r}.")


def method_versions(*families: str) -> str:
    """Return the ids, versions and parameters of all methods of some families as one text, for fingerprints."""
    return repr([file.model_dump_json() for file in method_files() if file.family in families])
