"""Registers that people keep and systems export, described once: tables, forms, rules of cells, personal-data classes.

A file of `data/records/` is a form: a workbook that the pipeline hands out (or that a system exports), a sheet a table.
From a table come its contract (and so SQL schema and data dictionary), the sheet handed out with its lists and limits,
the headings by which an export is recognised, the checks of every cell, and its line in the table of sources.
"""

from collections import Counter
from functools import cache
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from oko_pipeline.catalogue.columns import FILE, SOURCE_ROW, SOURCE_SHEET, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Privacy, Table
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

ValueType = Literal["text", "integer", "number", "percent", "boolean", "date", "subject", "grade", "link"]
PersonalRole = Literal["surname", "name", "patronymic", "full_name", "document", "birth_date", "code", "drop"]
Level = Literal["school", "municipality"]

_TYPES: Final[dict[str, ColumnType]] = {
    "text": ColumnType.TEXT,
    "integer": ColumnType.INTEGER,
    "number": ColumnType.NUMBER,
    "percent": ColumnType.NUMBER,
    "boolean": ColumnType.BOOLEAN,
    "date": ColumnType.DATE,
    "subject": ColumnType.TEXT,
    "grade": ColumnType.INTEGER,
    "link": ColumnType.TEXT,
}


class RecordColumn(CatalogueModel):
    """A column of a register.

    `headings` are other headings under which exports and older forms carry it; `since` is the form version that brought
    it. `choices` maps a stored code to the label in the drop-down list. `total_of` names columns that must sum to it,
    `at_most` a column that it cannot exceed (a part and its denominator). `school` marks the column that names the
    school of a row in a file about many schools. A `personal` column never passes the reader: of surname, name,
    patronymic, document, birth date and code it makes a keyed pseudonym, everything else is dropped.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: ValueType = "text"
    title_ru: str
    description_ru: str = ""
    headings: tuple[str, ...] = ()
    required: bool = False
    unit_ru: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: dict[str, str] = Field(default_factory=dict)
    total_of: tuple[str, ...] = ()
    at_most: str | None = None
    school: bool = False
    personal: PersonalRole | None = None
    since: int = 1

    @property
    def is_stored(self) -> bool:
        """Tell whether the column's values are kept at all."""
        return self.personal is None and not self.school


class RecordTable(CatalogueModel):
    """A register: one sheet of a form, one table of the stores.

    `kinds` are slugs of `needs` in the mission register. `key` names the columns that tell one row from another within
    a school (or within the municipality); rows about single people are told apart by `person_id` as well and go to the
    restricted store. `carry_over`: last year's rows are offered in the new form.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str = Field(max_length=120)
    sheet_ru: str = Field(max_length=31)
    grain_ru: str
    kinds: tuple[str, ...]
    key: tuple[str, ...]
    person: Literal["pupil", "staff"] | None = None
    carry_over: bool = False
    columns: tuple[RecordColumn, ...]

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [column.name for column in self.columns]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        named = [*self.key, *(one for c in self.columns for one in (*c.total_of, c.at_most) if one is not None)]
        unknown = sorted(set(named) - set(names))
        hidden = sorted({c.name for c in self.columns if not c.is_stored} & set(self.key))
        if repeated or unknown or hidden:
            raise ValueError(f"повторены {repeated}, названы неизвестные {unknown}, в ключе нехранимые {hidden}")
        if self.person is None and any(c.personal not in {None, "drop"} for c in self.columns):
            raise ValueError("есть столбцы о человеке, а person не указан")
        return self

    def column(self, name: str) -> RecordColumn:
        """Return a column; raises `CatalogueError` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise CatalogueError(f"В реестре {self.name} нет столбца {name}.")

    @property
    def stored_columns(self) -> tuple[RecordColumn, ...]:
        """Columns whose values are kept, in their order."""
        return tuple(column for column in self.columns if column.is_stored)


class RecordForm(CatalogueModel):
    """A form: who fills it in, until when (month-day of the school year), with which tables.

    `version` grows with every change of columns; older filled forms are still read (see `RecordColumn.since` and
    `headings`). `is_handed_out` is False for exports of systems, which nobody types.
    """

    form_code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    title_ru: str
    levels: tuple[Level, ...]
    is_handed_out: bool = True
    origin_ru: str
    due: str | None = Field(None, pattern=r"^\d\d-\d\d$")
    instruction_ru: tuple[str, ...] = ()
    tables: tuple[RecordTable, ...]


@cache
def record_forms() -> dict[str, RecordForm]:
    """Return all forms by code.

    Raises:
        CatalogueError: naming every fault with file, line and field, or a table or form that stands twice.
    """
    found = [form for _, form in read_catalogue_yaml(catalogue_files("records"), RecordForm)]
    codes = Counter(form.form_code for form in found)
    names = Counter(table.name for form in found for table in form.tables)
    repeated = sorted(name for counter in (codes, names) for name, count in counter.items() if count > 1)
    if repeated:
        raise CatalogueError(f"Каталог реестров: названия повторены: {repeated}")
    return {form.form_code: form for form in found}


@cache
def record_tables() -> dict[str, RecordTable]:
    """Return all registers by table name."""
    return {table.name: table for form in record_forms().values() for table in form.tables}


@cache
def record_contracts() -> dict[str, Table]:
    """Return the table contracts of all registers by name; those about single people are restricted."""
    return {name: _contract(table) for name, table in record_tables().items()}


def _contract(table: RecordTable) -> Table:
    own = tuple(
        Column(
            column.name,
            _TYPES[column.type],
            column.description_ru or column.title_ru,
            nullable=True,
            unit_ru=column.unit_ru or ("%" if column.type == "percent" else ""),
            allowed=tuple(column.choices),
            privacy=Privacy.PUPIL if table.person == "pupil" else Privacy.NONE,
        )
        for column in table.stored_columns
    )
    person = (
        (Column("person_id", ColumnType.TEXT, "Псевдоним человека (HMAC-SHA256)", privacy=Privacy.PSEUDONYM),)
        if table.person
        else ()
    )
    return Table(
        name=table.name,
        title_ru=table.title_ru,
        grain_ru=table.grain_ru,
        stage="collection",
        key=("school_year", "record_id"),
        columns=(
            YEAR,
            Column("record_id", ColumnType.TEXT, "Ключ строки: реестр, ОО или муниципалитет, ключевые столбцы"),
            Column("school_code", ColumnType.TEXT, "Код ОО; пусто — муниципалитет или не сопоставлена", nullable=True),
            Column("school_key", ColumnType.TEXT, "ОО, как названа в файле", nullable=True),
            *person,
            *own,
            FILE,
            SOURCE_SHEET,
            SOURCE_ROW,
        ),
        indexes=(("school_year", "school_code"),),
        is_restricted=table.person is not None,
    )  # fmt: skip
