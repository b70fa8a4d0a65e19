"""The log of work with data about people: reading, linking, erasing, terms. It never names a person."""

from typing import Final

from oko_pipeline.catalogue.columns import INTEGER, TEXT, TIMESTAMP, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

DATA_ACCESS_LOG: Final = Table(
    name="data_access_log",
    title_ru="Журнал работы с данными о людях",
    grain_ru="действие программы с данными участников",
    stage="storage",
    key=("school_year", "entry_id"),
    slice_by=(),
    columns=(
        YEAR,
        Column("entry_id", TEXT, "Запись"),
        Column("happened_at", TIMESTAMP, "Когда"),
        Column(
            "operation",
            TEXT,
            "Действие",
            allowed=("read", "link", "erase_person", "erase_year", "retention", "change_key"),
        ),
        Column("actor", TEXT, "Учётная запись, под которой работала программа"),
        Column("subject_ru", TEXT, "С чем, общими словами"),
        Column("rows_count", INTEGER, "Строк"),
        Column("basis_ru", TEXT, "Основание: номер и дата обращения, срок хранения", nullable=True),
    ),
)
