"""Tables of indicators: the value of each indicator for each unit and year, with what it was made of."""

from typing import Final

from oko_pipeline.catalogue.columns import BOOLEAN, INTEGER, METHOD, NUMBER, SIZE_TIERS, TEXT, UNIT, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

STATES: Final = ("computed", "insufficient", "no_data", "not_applicable")
VERDICTS: Final = ("better", "worse", "no_evidence", "insufficient", "not_comparable")

INDICATOR_VALUES: Final = Table(
    name="indicator_values",
    title_ru="Показатели",
    grain_ru="показатель реестра (в разрезе) для ОО, муниципалитета или всех ОО в учебном году",
    stage="analysis",
    key=("school_year", "indicator_code", "breakdown", "unit_level", "unit_code"),
    columns=(
        YEAR,
        Column("indicator_code", TEXT, "Показатель реестра"),
        Column("breakdown", TEXT, "Разрез, который не складывается («round=final»); пусто — показатель целиком"),
        *UNIT,
        Column("state", TEXT, "Посчитан, мала группа, нет данных, неприменим", allowed=STATES),
        Column("value", NUMBER, "Значение в единицах показателя", nullable=True),
        Column("value_low", NUMBER, "Нижняя граница 95 % интервала", nullable=True),
        Column("value_high", NUMBER, "Верхняя граница 95 % интервала", nullable=True),
        Column("numerator", NUMBER, "Числитель", nullable=True),
        Column("denominator", NUMBER, "Знаменатель", nullable=True),
        Column(
            "n",
            INTEGER,
            "Численность группы, о которой показатель; у показателей по нескольким работам — людей, а не работ",
            nullable=True,
            unit_ru="чел.",
        ),
        Column("size_tier", TEXT, "Ступень численности группы", nullable=True, allowed=SIZE_TIERS),
        Column("schools_count", INTEGER, "Из скольких ОО есть данные"),
        Column("norm", NUMBER, "Норма или целевое значение", nullable=True),
        Column("reaches_norm", BOOLEAN, "Интервал не хуже нормы; пусто — нормы нет или не ясно", nullable=True),
        Column("previous_value", NUMBER, "Значение прошлого учебного года", nullable=True),
        Column("change_low", NUMBER, "Изменение: нижняя граница 95 % интервала", nullable=True),
        Column("change_high", NUMBER, "Изменение: верхняя граница 95 % интервала", nullable=True),
        Column(
            "verdict",
            TEXT,
            "Изменение за год; not_comparable — показатель по нескольким работам, их сравнивает result_dynamics",
            nullable=True,
            allowed=VERDICTS,
        ),
        *METHOD,
    ),
    indexes=(("school_year", "unit_level", "unit_code"),),
)

INDICATOR_TABLES: Final[tuple[Table, ...]] = (INDICATOR_VALUES,)
