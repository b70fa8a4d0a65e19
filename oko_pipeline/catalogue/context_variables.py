"""Questions of the school context questionnaire: their codes, types, and the patterns that find them in a header.

A pattern is sought anywhere in the header, case-blind, with «ё» read as «е»; the first variable of the catalogue that
matches wins, so personal data and narrower questions stand before wider ones. A `{}` in a code is filled with the
number that the pattern's group caught (year of birth, grade).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from oko_pipeline.catalogue.loader import read_catalogue_csv

VARIABLE_TYPES: Final = ("text", "number", "choice")
_LONGEST_HEADER: Final = 1000
"""Signs of a heading that are looked at: patterns take the square of a text's length, and a cell may hold 32,767."""


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """A question of the questionnaire. The answers to personal ones (names, contacts) never pass the reader."""

    code: str
    title_ru: str
    type: str
    is_personal: bool
    pattern: re.Pattern[str]

    def match(self, header: str) -> "ContextVariable | None":
        """Return the variable with its code and title filled in when `header` (normalised) asks it, else None."""
        found = self.pattern.search(header)
        if found is None:
            return None
        if "{}" not in self.code:
            return self
        number = next(group for group in found.groups() if group is not None)
        return ContextVariable(
            self.code.format(number), self.title_ru.format(number), self.type, self.is_personal, self.pattern
        )


def _parse(row: Mapping[str, str]) -> ContextVariable:
    if row["type"] not in VARIABLE_TYPES:
        raise ValueError(f"поле type: «{row['type']}», ожидалось одно из {VARIABLE_TYPES}")
    if row["is_personal"] not in ("yes", "no"):
        raise ValueError(f"поле is_personal: «{row['is_personal']}», ожидалось yes или no")
    try:
        pattern = re.compile(row["pattern"], re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"поле pattern: {error}") from error
    if ("{}" in row["code"]) != (pattern.groups > 0 and "{}" in row["title_ru"]):
        raise ValueError("поля code и title_ru: «{}» и группа в pattern должны быть вместе")
    return ContextVariable(row["code"], row["title_ru"], row["type"], row["is_personal"] == "yes", pattern)


def load_context_variables(text: str | None = None) -> list[ContextVariable]:
    """Return the variables of `text` or of the packaged catalogue in order; raises `CatalogueError` for faults."""
    return read_catalogue_csv("context_variables.csv", _parse, text)


@cache
def context_variables() -> tuple[ContextVariable, ...]:
    """Return the packaged variables in their order."""
    return tuple(load_context_variables())


def normalise_header(header: str) -> str:
    """Return a header on one line, with single blanks and «е» for «ё»."""
    return " ".join(header.replace("\xa0", " ").replace("\xad", "").split()).replace("ё", "е").replace("Ё", "Е")


@cache
def find_context_variable(header: str) -> ContextVariable | None:
    """Return the variable that the header of a column asks for, or None when the catalogue knows none."""
    normalised = normalise_header(header)[:_LONGEST_HEADER]
    return next((found for variable in context_variables() if (found := variable.match(normalised))), None)
