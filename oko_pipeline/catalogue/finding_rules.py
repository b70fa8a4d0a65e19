"""Rules of findings: which rows of an analysis table tell something that must be acted upon, and how strongly.

A rule is data (`data/finding_rules/*.yaml`): a table, conditions on its columns, the unit of observation, what the
finding is about, levels of strength, what would refute it, a Russian sentence. Never about a teacher or a named pupil:
restricted tables cannot be named, and the units are school, municipality, region, all.
"""

import re
from functools import cache
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.indicators import DIRECTIONS
from oko_pipeline.catalogue.text_templates import template_faults
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Strength = Literal["weak", "moderate", "strong"]
Unit = Literal["school", "municipality", "region", "all"]
STRENGTHS: Final[tuple[Strength, ...]] = ("weak", "moderate", "strong")
STRENGTHS_RU: Final[dict[str, str]] = {
    "weak": "предварительно: данных мало, нужна проверка",
    "moderate": "вероятно: подтверждается интервалом, но не всеми проверками",
    "strong": "надёжно: остаётся в силе с учётом погрешности и числа проверок",
}
UNIT_LEVELS: Final[tuple[Unit, ...]] = ("all", "region", "municipality", "school")
REFERENCE: Final = "reference_value"
"""Column that `compare_with` adds: the same value at the level compared with."""
FINDING_NAMES: Final = frozenset(
    {
        *("rows", "rows_count", "work", "works", "subject_dative", "grade", "campaign"),
        *("indicator", "indicator_unit", "exam", "n", REFERENCE),
    }
)
"""What a finding's sentence may name beside the columns of its table."""


class Condition(CatalogueModel):
    """A condition on a column: some values, a pattern of the whole text, empty or not, a limit or another column."""

    column: str
    is_in: tuple[str | bool | int, ...] = ()
    pattern: str | None = None
    is_empty: bool | None = None
    above: float | str | None = None
    below: float | str | None = None
    at_least: float | str | None = None
    at_most: float | str | None = None

    @property
    def limits(self) -> dict[str, float | str]:
        """The comparisons asked for, by name."""
        named = {"above": self.above, "below": self.below, "at_least": self.at_least, "at_most": self.at_most}
        return {name: limit for name, limit in named.items() if limit is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns named."""
        return (self.column, *(limit for limit in self.limits.values() if isinstance(limit, str)))

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.is_in or self.pattern or self.limits) and self.is_empty is None:
            raise ValueError(f"условие на столбец {self.column} ничего не требует")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"шаблон текста «{self.pattern}» не разбирается: {error}") from error
        return self


class StrengthLevel(CatalogueModel):
    """A level of strength and what a row must show for it; the first that holds counts."""

    strength: Strength
    when: tuple[Condition, ...] = ()


class FindingRule(CatalogueModel):
    """A rule of findings.

    `topic` names the columns that, beside the unit, tell one finding from another; rows of one topic are gathered into
    one finding, ordered by `order_by`. `unit_level` is the level of the table's units, or those of a table that has
    several; `unit` is the column with their codes, none when the table tells of all together. `titles` is the column
    whose values the finding names (skills, factors). `n` is the column with the size of the group, of which `minimum_n`
    are needed for a word. `compare_with` adds the value of another level as `reference_value`. A `version` grows with
    every change of what the rule finds.
    """

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    title_ru: str
    direction: str | None = None
    table: str
    unit_level: tuple[Unit, ...]
    unit: str | None = "unit_code"
    where: tuple[Condition, ...]
    topic: tuple[str, ...] = ()
    order_by: str | None = None
    titles: str | None = None
    n: str | None = None
    minimum_n: int | None = Field(None, ge=1)
    value: str | None = None
    low: str | None = None
    high: str | None = None
    reference: str | None = None
    value_unit: Literal["share", "percent", "score", "count", "deviation", "days"] | None = None
    compare_with: Unit | None = None
    indicator: str | None = None
    strength: tuple[StrengthLevel, ...] = ()
    default_strength: Strength = "weak"
    text_ru: str
    refutation_ru: str

    @property
    def contract(self) -> Table:
        """The contract of the rule's table."""
        return all_tables()[self.table]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions of the rule, those of strength among them."""
        return (*self.where, *(one for level in self.strength for one in level.when))

    @model_validator(mode="after")
    def _names_what_exists(self) -> Self:
        if self.table not in all_tables():
            raise ValueError(f"нет таблицы «{self.table}» (о таблицах с данными об отдельных людях вывод не делается)")
        have = {*self.contract.column_names, *({REFERENCE} if self.compare_with else ())}
        asked = [*self.topic, *(name for one in self.conditions for name in one.columns)]
        asked += [
            name
            for name in (self.order_by, self.titles, self.n, self.value, self.low, self.high, self.reference)
            if name
        ]
        faults = [f"в таблице {self.table} нет столбца «{name}»" for name in sorted(set(asked) - have)]
        if self.direction is not None and self.direction not in DIRECTIONS:
            faults.append(f"неизвестное направление «{self.direction}»")
        if self.direction is None and self.indicator is None and "indicator_code" not in have:
            faults.append("направление не названо, и показателя, чьё оно, в таблице нет")
        if self.value is not None and self.value_unit is None:
            faults.append("у значения нет единицы (value_unit)")
        known = frozenset(have) | FINDING_NAMES
        for text in (self.text_ru, self.refutation_ru):
            faults += template_faults(text, known)
        if faults:
            raise ValueError("; ".join(faults))
        return self


class FindingRuleFile(CatalogueModel):
    """Rules of one family."""

    title_ru: str
    shared: dict[str, Any] = Field(default_factory=dict)
    rules: tuple[FindingRule, ...]


def read_finding_rules(texts: dict[str, str]) -> dict[str, FindingRule]:
    """Return the rules of some files by id.

    Raises:
        CatalogueError: naming every fault with file, line and field, or rules that stand twice.
    """
    found = [rule for _, file in read_catalogue_yaml(texts, FindingRuleFile) for rule in file.rules]
    ids = [rule.rule_id for rule in found]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise CatalogueError(f"Каталог правил выводов: правила повторены: {repeated}")
    return {rule.rule_id: rule for rule in found}


@cache
def finding_rules() -> dict[str, FindingRule]:
    """Return all rules of findings by id, in the order of their files."""
    return read_finding_rules(catalogue_files("finding_rules"))
