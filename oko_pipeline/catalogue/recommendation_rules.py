"""Rules of recommendations: which findings call for which advice, to whom, until when, and how it will be checked.

A rule is data (`data/recommendation_rules/*.yaml`). Every rule stands on findings: there is no advice without one.
"""

from functools import cache
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from oko_pipeline.catalogue.finding_rules import Strength, finding_rules
from oko_pipeline.catalogue.indicators import DIRECTIONS, indicators
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.catalogue.text_templates import template_faults
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

AddresseeLevel = Literal["school", "municipality", "all"]
ADDRESSEES_DATIVE: Final[dict[str, str]] = {
    "department": "органу управления образованием",
    "methodical_center": "методическому центру",
    "heads": "руководителю ОО",
    "deputies": "заместителю руководителя ОО",
    "associations": "школьному методическому объединению",
    "teachers": "учителям-предметникам",
    "parents": "родителям и обучающимся (через ОО)",
}
"""Addressees of recommendations (codes of the list `audiences`), in the dative; parents stand for pupils as well."""
RECOMMENDATION_NAMES: Final = frozenset(
    {
        "findings", "findings_count", "lead", "subjects", "subjects_count", "subjects_dative", "works_dative", "names",
        "indicators", "schools", "schools_count", "titles", "n", "value", "low", "high", "reference", "year",
        "next_year", "rows_count",
    }
)  # fmt: skip
"""What a recommendation's sentence may name."""


class Basis(CatalogueModel):
    """Findings of a rule, narrowed by indicator, subject or paper grade when these are given."""

    rule: str
    indicators: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()


class ControlMetric(CatalogueModel):
    """By what the advice will be judged: an indicator of the registry, or a column of a table."""

    indicator: str | None = None
    column: str | None = Field(None, pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    title_ru: str = ""

    @model_validator(mode="after")
    def _exists(self) -> Self:
        from oko_pipeline.catalogue.all_tables import all_tables  # noqa: PLC0415

        if (self.indicator is None) == (self.column is None):
            raise ValueError("контроль — один показатель (indicator) или один столбец (column)")
        if self.indicator is not None and self.indicator not in indicators():
            raise ValueError(f"нет показателя «{self.indicator}»")
        if self.column is not None:
            table, _, column = self.column.partition(".")
            if table not in all_tables() or column not in all_tables()[table].column_names:
                raise ValueError(f"нет столбца «{self.column}»")
            if not self.title_ru:
                raise ValueError(f"столбец {self.column} не назван словами (title_ru)")
        return self

    @property
    def code(self) -> str:
        """The code of the indicator, or table and column."""
        return self.indicator or str(self.column)

    @property
    def words_ru(self) -> str:
        """What is measured, in words."""
        return self.title_ru or indicators()[str(self.indicator)].title_ru


class RecommendationRule(CatalogueModel):
    """A rule of recommendations.

    A unit of `level` gets the advice when it has `minimum_findings` findings of any `basis` (each at least of
    `minimum_strength`), some of each of `also`, and none of `unless`. With `from_schools` the findings are those of the
    schools of a municipality (or of all), of which at least `minimum_schools` must have one. Rules with equal `advice`
    say the same: one stands, the others are merged into it. `yields_to` names rules that contradict and go first.
    `term` is a month and day of the coming cycle: from June on of the year in which the school year ends, else of the
    next one.
    """

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    title_ru: str = Field(max_length=120)
    direction: str
    addressee: str
    responsible: str
    level: AddresseeLevel
    basis: tuple[Basis, ...] = Field(min_length=1)
    also: tuple[Basis, ...] = ()
    unless: tuple[Basis, ...] = ()
    minimum_strength: Strength = "moderate"
    minimum_findings: int = Field(1, ge=1)
    from_schools: bool = False
    minimum_schools: int = Field(1, ge=1)
    urgency: Literal[1, 2, 3] = 2
    advice: str | None = None
    yields_to: tuple[str, ...] = ()
    term: str = Field(pattern=r"^\d\d-\d\d$")
    text_ru: str
    causes_ru: tuple[str, ...] = Field(min_length=1)
    control: ControlMetric
    expected_ru: str

    @model_validator(mode="after")
    def _names_what_exists(self) -> Self:
        used = (*self.basis, *self.also, *self.unless)
        faults = [f"нет правила выводов «{one.rule}»" for one in used if one.rule not in finding_rules()]
        faults += [
            f"нет показателя «{code}»" for one in used for code in one.indicators if code not in indicators()
        ]  # fmt: skip
        if self.direction not in DIRECTIONS:
            faults.append(f"неизвестное направление «{self.direction}»")
        if self.addressee not in ADDRESSEES_DATIVE:
            faults.append(f"неизвестный адресат «{self.addressee}»; есть {sorted(ADDRESSEES_DATIVE)}")
        if self.responsible not in choice_lists()["roles"]:
            faults.append(f"неизвестная роль «{self.responsible}»")
        if self.from_schools and self.level == "school":
            faults.append("из выводов о школах складывается рекомендация муниципалитету, а не школе")
        for text in (self.text_ru, self.expected_ru, *self.causes_ru):
            faults += template_faults(text, RECOMMENDATION_NAMES)
        if faults:
            raise ValueError("; ".join(faults))
        return self


class RecommendationRuleFile(CatalogueModel):
    """Rules of one family."""

    title_ru: str
    rules: tuple[RecommendationRule, ...]


def read_recommendation_rules(texts: dict[str, str]) -> dict[str, RecommendationRule]:
    """Return the rules of some files by id.

    Raises:
        CatalogueError: naming every fault with file, line and field; rules that stand twice or yield to none.
    """
    found = [rule for _, file in read_catalogue_yaml(texts, RecommendationRuleFile) for rule in file.rules]
    ids = [rule.rule_id for rule in found]
    faults = [f"правило {one} повторено" for one in sorted({one for one in ids if ids.count(one) > 1})]
    faults += [
        f"{rule.rule_id} уступает неизвестному {one}" for rule in found for one in rule.yields_to if one not in ids
    ]
    if faults:
        raise CatalogueError(f"Каталог правил рекомендаций: {'; '.join(faults)}")
    return {rule.rule_id: rule for rule in found}


@cache
def recommendation_rules() -> dict[str, RecommendationRule]:
    """Return all rules of recommendations by id, in the order of their files."""
    return read_recommendation_rules(catalogue_files("recommendation_rules"))
