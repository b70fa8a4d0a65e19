"""Rule sets by which a school is held to have low results: versioned data, several side by side."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

_FILE = "low_result_rules.yaml"


class Selector(CatalogueModel):
    """Which works or exams count; an empty list means all of the procedure."""

    procedure: str
    subjects: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    seasons: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()


class WorksSet(CatalogueModel):
    """A named set of works for the sensitivity table."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    selectors: tuple[Selector, ...] = Field(min_length=1)


class LowResultRule(CatalogueModel):
    """A rule set.

    A procedure is `failed` when at least `minimum_n` took part and the share below the minimum is at least
    `share_threshold`. `unit` says what one procedure is: a work or exam by itself, a subject of a procedure over all
    grades, or a whole procedure. `mode`: `year_or_repeat` — `procedures_in_year` failed ones in the year, or one failed
    `years_running` years in a row; `every_year` — `procedures_in_year` in each of `years_running` years.
    """

    rule_code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str
    title_ru: str
    source_ru: str
    evidence: Literal["S", "C", "K", "I"]
    mode: Literal["year_or_repeat", "every_year"]
    unit: Literal["work", "subject", "procedure"] = "work"
    share_threshold: float = Field(gt=0, le=1)
    minimum_n: int = Field(ge=1)
    procedures_in_year: int = Field(ge=1)
    years_running: int = Field(ge=1, le=3)
    selectors: tuple[Selector, ...] = Field(min_length=1)


class LowResultRules(CatalogueModel):
    """The rule sets; the first is the main one, of which documents speak. The grid is that of the sensitivity table."""

    rules: tuple[LowResultRule, ...] = Field(min_length=1)
    grid_thresholds: tuple[float, ...]
    grid_minimum_n: tuple[int, ...]
    works_sets: tuple[WorksSet, ...]


def load_low_result_rules(own: Mapping[str, str] | None = None) -> LowResultRules:
    """Read `low_result_rules.yaml`, from a territory's `own` texts first; raises `CatalogueError` for its faults."""
    text = (own or {}).get(_FILE) or files("oko_pipeline.catalogue").joinpath("data", _FILE).read_text("utf-8")
    [(_, found)] = read_catalogue_yaml({_FILE: text}, LowResultRules)
    codes = [one.rule_code for one in found.rules] + [one.code for one in found.works_sets]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise CatalogueError(f"{_FILE}: коды повторены: {repeated}")
    return found


@cache
def low_result_rules() -> LowResultRules:
    """Return the packaged rule sets."""
    return load_low_result_rules()
