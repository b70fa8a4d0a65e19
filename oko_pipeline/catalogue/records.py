"""Registers that people keep and systems export, described once: tables, forms, rules of cells, personal-data classes.

A file of `data/records/` is a form: a workbook that the pipeline hands out (or that a system exports), a sheet a table.
From a table come its contract (and so SQL schema and data dictionary), the sheet handed out with its lists and limits,
the headings by which an export is recognised, the checks of every cell, and its line in the table of sources.
"""

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Self, cast

from pydantic import Field, model_validator

from oko_pipeline.catalogue.columns import FILE, SOURCE_ROW, SOURCE_SHEET, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Privacy, Table
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

ValueType = Literal["text", "integer", "number", "percent", "boolean", "date", "subject", "grade", "link"]
PersonalRole = Literal["surname", "name", "patronymic", "full_name", "document", "birth_date", "code", "drop"]
Level = Literal["school", "municipality", "territory"]
"""Whose form it is; the territory as a whole has one only where it is more than one municipality."""
WHOLE_TERRITORY: Final = "all"
"""Code of the territory as a whole in the place of a municipality's."""

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

# The ending of a name tells its type everywhere in the project, so a description need not repeat it.
_CONVENTIONS: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("_count", {"type": "integer", "minimum": 0}),
    ("_percent", {"type": "percent", "minimum": 0, "maximum": 100}),
    ("_on", {"type": "date"}),
    ("_link", {"type": "link"}),
    ("_ref", {"type": "link"}),
)
_BOOLEAN_PREFIXES: Final = ("is_", "has_")


class ChoiceList(CatalogueModel):
    """A list of answers that several registers share: code and label."""

    list_code: str
    choices: dict[str, str]


class _ChoiceLists(CatalogueModel):
    lists: tuple[ChoiceList, ...]


@cache
def choice_lists() -> dict[str, dict[str, str]]:
    """Return the shared lists of answers by code (`data/record_choices.yaml`)."""
    name = "record_choices.yaml"
    text = files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")
    ((_, read),) = read_catalogue_yaml({name: text}, _ChoiceLists)
    return {one.list_code: one.choices for one in read.lists}


class RecordColumn(CatalogueModel):
    """A column of a register.

    `headings` are other headings under which exports and older forms carry it; `since` is the form version that brought
    it. `choices` maps a stored code to the label in the drop-down list; the file may give the code of a shared list.
    A type that is not stated follows from the name (`_count`, `_percent`, `_on`, `_link`, `_ref`, `is_`, `has_`,
    `subject`, `grade`). `in_title`: exports often carry the value in the title above the header, not in a column.
    `refers_to` names the register and column (`decisions.decision_number`) whose values the cell repeats, several of
    them joined by «;». `total_of` names columns that must sum to it,
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
    in_title: bool = False
    refers_to: str | None = Field(None, pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    since: int = 1

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        stated = {str(name): value for name, value in cast("dict[object, object]", given).items()}
        completed = _by_name(str(stated.get("name", ""))) | stated
        shared = completed.get("choices")
        if isinstance(shared, str):
            if shared not in choice_lists():
                raise ValueError(f"нет общего списка ответов «{shared}»; есть {sorted(choice_lists())}")
            completed["choices"] = choice_lists()[shared]
        return completed

    @property
    def is_stored(self) -> bool:
        """Tell whether the column's values are kept at all."""
        return self.personal is None and not self.school


def _by_name(name: str) -> dict[str, object]:
    if name in {"subject", "grade"}:
        return {"type": name}
    if name.startswith(_BOOLEAN_PREFIXES):
        return {"type": "boolean"}
    for ending, rest in _CONVENTIONS:
        if name.endswith(ending):
            return dict(rest)
    return {}


class RecordShare(CatalogueModel):
    """An indicator that a register answers by itself: a sum of one column, or its share of the sum of another.

    Sums go over the rows with the answers named in `where`; a share is `numerator / denominator` over all rows of the
    unit together, never a mean of the schools' shares. `by` names columns whose answers give a value each (a round, a
    stage) and are never added up. `serves` names rows of the mission register.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    numerator: str
    denominator: str | None = None
    where: dict[str, str] = Field(default_factory=dict)
    by: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()


class RecordSpread(CatalogueModel):
    """An export in which the values of one column are headings: pupils down, subjects across, marks in the cells.

    Each cell is a row: its heading goes to `column`, the cell to `value`, or to `otherwise` when it is no number. A
    heading is such a value when the list of answers `listed` has it, or one of `headings`; three make a spread.
    """

    column: str
    value: str
    otherwise: str | None = None
    listed: str
    headings: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """Headings that are values of the column."""
        return frozenset({*choice_lists()[self.listed].values(), *self.headings})


class RecordTable(CatalogueModel):
    """A register: one sheet of a form, one table of the stores.

    `kinds` are slugs of `needs` in the mission register. `key` names the columns that tell one row from another within
    a school (or within the municipality); rows about single people are told apart by `person_id` as well and go to the
    restricted store, as do `is_confidential` registers, whose rows tell of one person without naming anyone (a head's
    appraisal). A register with an empty key has one row a school (or a municipality). `levels` narrows those of the
    form. An export may have one column `spread` over many. `carry_over`: last year's rows are offered in the new form;
    `offered_rows` stand in a blank one.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str = Field(max_length=120)
    sheet_ru: str = Field(max_length=31)
    grain_ru: str
    kinds: tuple[str, ...]
    key: tuple[str, ...]
    person: Literal["pupil", "staff"] | None = None
    is_confidential: bool = False
    levels: tuple[Level, ...] = ()
    carry_over: bool = False
    columns: tuple[RecordColumn, ...]
    spread: RecordSpread | None = None
    offered_rows: tuple[dict[str, str | int | float | bool], ...] = ()
    shares: tuple[RecordShare, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [column.name for column in self.columns]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        named = [*self.key, *(one for c in self.columns for one in (*c.total_of, c.at_most) if one is not None)]
        if self.spread is not None:
            named += filter(None, (self.spread.column, self.spread.value, self.spread.otherwise))
        unknown = sorted(set(named) - set(names))
        hidden = sorted({c.name for c in self.columns if not c.is_stored} & set(self.key))
        if repeated or unknown or hidden:
            raise ValueError(f"повторены {repeated}, названы неизвестные {unknown}, в ключе нехранимые {hidden}")
        if self.person is None and any(c.personal not in {None, "drop"} for c in self.columns):
            raise ValueError("есть столбцы о человеке, а person не указан")
        return self

    @model_validator(mode="after")
    def _rows_and_shares_agree(self) -> Self:
        offered = [pair for row in self.offered_rows for pair in row.items()]
        asked = [*offered, *(pair for share in self.shares for pair in share.where.items())]
        summed = [name for s in self.shares for name in (s.numerator, s.denominator, *s.by) if name is not None]
        by_name = {column.name: column for column in self.columns}
        unknown = sorted({name for name in (*summed, *(name for name, _ in asked)) if name not in by_name})
        if unknown:
            raise ValueError(f"строки и показатели называют неизвестные столбцы {unknown}")
        foreign = sorted(
            {
                f"{name}={answer}"
                for name, answer in asked
                if by_name[name].choices and answer not in by_name[name].choices
            }
        )
        if foreign:
            raise ValueError(f"строки и показатели называют ответы не из списка: {foreign}")
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
    known = {f"{table.name}.{column.name}" for form in found for table in form.tables for column in table.columns}
    dangling = sorted(
        f"{table.name}.{column.name} → {column.refers_to}"
        for form in found
        for table in form.tables
        for column in table.columns
        if column.refers_to is not None and column.refers_to not in known
    )
    if dangling:
        raise CatalogueError(f"Каталог реестров: ссылки в никуда: {dangling}")
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
            Column("municipality_code", ColumnType.TEXT, "Муниципалитет, если строка его, а не ОО", nullable=True),
            Column("school_key", ColumnType.TEXT, "ОО, как названа в файле", nullable=True),
            *person,
            *own,
            FILE,
            SOURCE_SHEET,
            SOURCE_ROW,
        ),
        indexes=(("school_year", "school_code"),),
        is_restricted=table.person is not None or table.is_confidential,
    )  # fmt: skip
