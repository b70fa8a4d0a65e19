"""How registers are filled in the sample (`data/registers.yaml`): rows in natural words, sizes of counts, answers."""

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import Field

from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml

Amount = tuple[float, float] | tuple[str, float, float]
"""Least and most; with a name first, in shares of another column of the row or of a count of the owner."""
Line = dict[str, str | int | float | bool | date]

TAG: Final = "tag"
"""A line's own condition, beside the cells of the row."""


class Split(CatalogueModel):
    """Parts of a whole that exclude each other, and their usual shares; what is left of the whole is in no part."""

    whole: str
    parts: dict[str, float]


class _Usual(CatalogueModel):
    """What columns usually hold, by name."""

    parts: dict[str, tuple[float, float]] = Field(default_factory=dict)
    answers: dict[str, dict[str, float]] = Field(default_factory=dict)
    chances: dict[str, float] = Field(default_factory=dict)
    only_if: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class RegisterRule(_Usual):
    """How one register is filled; what is said here goes before what is said of columns everywhere.

    `rows` is how many of `lines` an owner has, all of them when absent; `tags` names what an owner must be to have the
    register; `each` repeats the lines for each school of a municipality. `direction` is that of rows that state none:
    references go to rows of the same direction. `blanks` names columns that are left empty.
    """

    rows: tuple[int, int] | None = None
    tags: tuple[str, ...] = ()
    each: bool = False
    direction: str = ""
    lines: tuple[Line, ...] = ()
    amounts: dict[str, Amount] = Field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    blanks: frozenset[str] = frozenset()


class RegisterRules(_Usual):
    """Rules of all registers; `columns` holds amounts of columns by name."""

    columns: dict[str, Amount]
    registers: dict[str, RegisterRule]


@cache
def register_rules() -> RegisterRules:
    """Return the rules.

    Raises:
        CatalogueError: naming every fault of the file with line and field.
    """
    name = "registers.yaml"
    text = files("oko_pipeline.sample").joinpath("data", name).read_text("utf-8")
    ((_, rules),) = read_catalogue_yaml({name: text}, RegisterRules)
    return rules
