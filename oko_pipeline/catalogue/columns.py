"""Columns that many tables share, so that one concept has one name, type and description everywhere."""

from typing import Final

from oko_pipeline.catalogue.contracts import Column, ColumnType

TEXT, INTEGER, NUMBER, BOOLEAN = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN
DATE, TIMESTAMP, JSON = ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.JSON

UNIT_LEVELS: Final = ("all", "region", "municipality", "school", "class")
SUBGROUPS: Final = ("all", "sex:м", "sex:ж")
SIZE_TIERS: Final = ("lt5", "lt10", "lt20", "lt50", "ge50")

YEAR: Final = Column("school_year", TEXT, "Учебный год, например 2020-2021")
ASSESSMENT: Final = Column(
    "assessment_id", TEXT, "Работа: кампания, класс работы, предмет, уровень (vpr-2021-spring:4:mathematics:base)"
)
SCHOOL: Final = Column("school_code", TEXT, "Код ОО")
UNIT: Final = (
    Column("unit_level", TEXT, "Уровень: все ОО / регион / муниципалитет / ОО / класс", allowed=UNIT_LEVELS),
    Column("unit_code", TEXT, "Код единицы наблюдения; у класса — «код ОО|буква», у уровня all — «all»"),
)
SUBGROUP: Final = Column("subgroup", TEXT, "Группа участников: все, мальчики, девочки", allowed=SUBGROUPS)
SIZE_TIER: Final = Column("size_tier", TEXT, "Ступень численности группы", allowed=SIZE_TIERS)
IS_COMPARABLE: Final = Column(
    "is_comparable", BOOLEAN, "Значение сопоставимо с тем, с чем сравнивается (шкала, задания, кампания, контингент)"
)
METHOD: Final = (
    Column("method_id", TEXT, "Метод, которым получено значение (docs/methods.md)"),
    Column("method_version", TEXT, "Версия метода"),
)
FILE: Final = Column("file_sha256", TEXT, "Файл, из которого взята строка")
SOURCE_SHEET: Final = Column("source_sheet", TEXT, "Лист файла")
SOURCE_ROW: Final = Column("source_row", INTEGER, "Строка листа, с 1")
