"""The registry of indicators: what is measured, by which formula, from which table, for which use.

Indicators of results are described in `data/indicators/*.yaml`; those that a register answers by itself come with the
register (`RecordShare`). A formula is the name of a function in the analysis, never an expression. An indicator whose
base is the level of ВПР or marks must not be used for appraisal, reward or ranking: the loader refuses it.
"""

from functools import cache
from typing import Final, Literal

from pydantic import Field, model_validator

from oko_pipeline.catalogue.programmes import register_duties
from oko_pipeline.catalogue.records import RecordForm, RecordShare, RecordTable, record_forms
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Formula = Literal["share", "count", "weighted_mean", "mean", "points", "rows", "answers"]
Use = Literal["monitoring", "recommendations", "like_with_like", "self_assessment", "appraisal", "reward", "ranking"]
Base = Literal["results", "marks", "exams", "conditions", "processes", "people", "opinions", "documents"]

DIRECTIONS: Final[dict[str, str]] = {
    "attainment": "Качество подготовки обучающихся",
    "low_results": "Школы с низкими результатами и в трудных условиях",
    "talents": "Выявление и поддержка способностей",
    "career": "Самоопределение и профориентация",
    "objectivity": "Объективность процедур оценки",
    "heads": "Эффективность руководителей",
    "teacher_development": "Профессиональное развитие педагогов",
    "methodical_work": "Методическая работа",
    "upbringing": "Воспитание и социализация",
    "cross": "Управление системой оценки качества",
}
"""Directions of the mission register, with their names in documents."""

HARMFUL_USES: Final = frozenset({"appraisal", "reward", "ranking"})
HARMFUL_BASES: Final = frozenset({"results", "marks"})


class Indicator(CatalogueModel):
    """An indicator: a formula over columns of a table, summed over the rows of a unit that `where` names.

    `share`: sum of the `numerator` columns to the sum of `denominator`; a municipality's value is weighted by its
    participants, never a mean of schools. `count`: sum of the numerators. `points`: mean points of a person, `points`
    giving those of each counted column (СОУ: mark_5_count → 100, …). `weighted_mean`: numerator
    weighted by `denominator`, with the standard deviation within a row in `deviation`. `mean`: mean over rows. `rows`:
    number of rows. `answers`: share of rows whose `numerator` column holds one of `answers` among those with one of
    `counted`. In `where` a value that begins with «~» is a pattern; values of the columns `by` are told apart and never
    added up. `minimum_n` is the smallest group of which the value is told.
    """

    code: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    direction: str
    title_ru: str
    formula: Formula
    unit_ru: str = "%"
    table: str
    numerator: tuple[str, ...] = ()
    denominator: str | None = None
    deviation: str | None = None
    answers: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    points: dict[str, float] = Field(default_factory=dict)
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    by: tuple[str, ...] = ()
    source_ru: str
    level: tuple[Literal["school", "municipality"], ...] = ("school", "municipality")
    base: Base
    norm: float | None = None
    norm_ru: str = ""
    higher_is_better: bool | None = None
    uses: tuple[Use, ...] = ("monitoring", "recommendations", "like_with_like")
    has_negative_consequences: bool = False
    minimum_n: int = 5
    serves: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_lawful(self) -> "Indicator":
        if self.direction not in DIRECTIONS:
            raise ValueError(f"неизвестное направление «{self.direction}»")
        if harmful := sorted(HARMFUL_USES & set(self.uses)):
            if self.base in HARMFUL_BASES:
                raise ValueError(f"показатель на основе уровня ВПР или отметок нельзя использовать так: {harmful}")
            if not self.has_negative_consequences:
                raise ValueError(f"использование {harmful} имеет последствия, а has_negative_consequences не указан")
        if self.formula == "share" and self.denominator is None:
            raise ValueError("у доли должен быть знаменатель")
        if (self.formula == "points") != bool(self.points):
            raise ValueError("баллы (points) нужны формуле points и только ей")
        if (self.formula == "answers") != bool(self.answers):
            raise ValueError("ответы (answers) нужны формуле answers и только ей")
        if not (self.numerator or self.points or self.formula == "rows"):
            raise ValueError("не указан числитель")
        return self


class IndicatorFile(CatalogueModel):
    """Indicators of one family."""

    title_ru: str
    indicators: tuple[Indicator, ...]


@cache
def indicators() -> dict[str, Indicator]:
    """Return all indicators by code: those of results, then those of the registers.

    Raises:
        CatalogueError: naming every fault, or codes that stand twice.
    """
    own = [
        one for _, file in read_catalogue_yaml(catalogue_files("indicators"), IndicatorFile) for one in file.indicators
    ]
    kept = [
        _of_register(form, table, share)
        for form in record_forms().values()
        for table in form.tables
        for share in table.shares
    ]
    found = [*own, *kept]
    codes = [one.code for one in found]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise CatalogueError(f"Каталог показателей: коды повторены: {repeated}")
    return {one.code: one for one in found}


def _of_register(form: RecordForm, table: RecordTable, share: RecordShare) -> Indicator:
    return Indicator(
        code=f"{table.name}.{share.code}",
        direction=_direction(form, share),
        title_ru=share.title_ru,
        formula="count" if share.denominator is None else "share",
        unit_ru=table.column(share.numerator).unit_ru or "чел." if share.denominator is None else "%",
        table=table.name,
        numerator=(share.numerator,),
        denominator=share.denominator,
        where={name: (value,) for name, value in share.where.items()},
        by=share.by,
        source_ru=f"{form.title_ru}: «{table.title_ru}»",
        level=tuple(level for level in table.levels or form.levels if level != "territory"),
        base="processes",
        uses=("monitoring", "recommendations", "like_with_like"),
        serves=share.serves,
    )


def _direction(form: RecordForm, share: RecordShare) -> str:
    for served in share.serves:
        if (direction := register_directions().get(served)) is not None:
            return direction
    return _FORM_DIRECTIONS.get(form.form_code, "cross")


@cache
def register_directions() -> dict[str, str]:
    """Return the direction of each row of the mission register."""
    return {duty.duty_id: duty.direction for duty in register_duties()}


_FORM_DIRECTIONS: Final = {
    "contingent": "attainment",
    "staff": "teacher_development",
    "heads": "heads",
    "talents": "talents",
    "career": "career",
    "upbringing": "upbringing",
    "methodical_work": "methodical_work",
    "objectivity": "objectivity",
    "support_programmes": "low_results",
}
