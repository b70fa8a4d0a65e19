"""Faults as people make them, planted one by one into sheets of the sample, each with the rule that must find it.

No value that names a person or a contact goes into the truth: the file itself shows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from oko_pipeline.catalogue.records import RecordColumn, RecordTable
from oko_pipeline.quality import column_letter
from oko_pipeline.sample.inbox import Cell, Truth
from oko_pipeline.sample.registers import Row, invented_names

SOURCE_FAULT: Final = "source_fault"
_HIDDEN: Final = frozenset(
    {"record.name_removed", "record.contact_removed", "record.text_long", "survey.school_unclear", "link.personal_data"}
)
_LONG: Final = "Подробно рассказано о том, что делалось в течение года и почему. " * 12

Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault in a sheet: its rule, and the row and column (from 0) of the cell in which it must be found.

    `place` has no column for a fault of a whole row, and is None for one of the whole file.
    """

    rule_id: str
    sheet: str
    place: Place | None
    written: str = ""
    clean: str = ""
    detail: str = ""

    def truth(self, file: str, school_year: str, school_code: str = "", assessment_id: str = "") -> Truth:
        """Return the line of the truth about this fault."""
        is_hidden = self.rule_id in _HIDDEN
        row, cell = None, ""
        if self.place is not None:
            row = self.place[0] + 1
            cell = "" if self.place[1] is None else f"{column_letter(self.place[1])}{row}"
        return Truth(
            kind=SOURCE_FAULT,
            school_year=school_year,
            campaign_code="",
            assessment_id=assessment_id,
            school_code=school_code,
            file=file,
            sheet=self.sheet,
            row=row,
            cell=cell,
            written="" if is_hidden else self.written,
            clean="" if is_hidden else self.clean,
            detail=self.detail,
            rule_id=self.rule_id,
        )


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong value for a column of a row of a register, and the rule that tells it."""

    rule_id: str
    row: int
    column: str
    value: Cell | date
    is_new_row: bool = False


def slips(table: RecordTable, columns: Sequence[RecordColumn], rows: Sequence[Row]) -> list[Slip]:
    """Return what can go wrong in the rows of a register, one slip a rule, each in another row where there are enough.

    Args:
        table: the register.
        columns: its columns in the file.
        rows: its rows.
    """
    found: list[Slip] = []
    seen: set[str] = set()
    if not rows:
        return found
    for column in columns:
        for rule_id, value in _column_slips(column, rows[len(found) % len(rows)]):
            row = len(found) % len(rows)
            is_key = column.name in table.key
            if rule_id in seen or (is_key and rule_id not in {"record.required", "record.choice"}):
                continue
            seen.add(rule_id)
            found.append(Slip(rule_id, row, column.name, value))
    if table.key and table.person is None and len(rows) > 1:
        found.append(Slip("record.repeated_key", 0, _first_key(table, columns), None, is_new_row=True))
    return found


def _first_key(table: RecordTable, columns: Sequence[RecordColumn]) -> str:
    names = {column.name for column in columns}
    return next(name for name in table.key if name in names)


def _column_slips(column: RecordColumn, row: Mapping[str, object]) -> Iterator[tuple[str, Cell | date]]:
    if column.school or not column.is_stored or column.name not in row:
        return
    if column.required:
        yield "record.required", None
    if column.choices:
        yield "record.choice", "как в прошлом году"
        return
    yield from _of_type(column)
    whole = row.get(column.at_most or "")
    if isinstance(whole, int | float) and (column.maximum is None or whole + 1 <= column.maximum):
        yield "record.part_exceeds", whole + 1
    total = row.get(column.name)
    if column.total_of and isinstance(total, int):
        yield "record.total_differs", total + 1


def _of_type(column: RecordColumn) -> Iterator[tuple[str, Cell | date]]:
    if column.type == "integer":
        yield "record.not_a_number", "много"
        yield "record.not_whole", 2.5
        if column.minimum is not None:
            yield "record.range", column.minimum - 3
    if column.type in {"number", "percent"}:
        yield "record.not_a_number", "около половины"
        if column.type == "percent":
            yield "record.range", 140
        yield "record.formula_error", "#ДЕЛ/0!"
    if column.type == "date":
        yield "record.not_a_date", "31.13.2025"
        yield "record.date_implausible", date(2071, 2, 3)
    if column.type == "text":
        surname = invented_names()["surname"][0]
        yield "record.contact_removed", "звонить +7 900 123-45-67 или на otvet@example.org"
        yield "record.name_removed", f"ведёт {surname} А. П."
        if column.maximum is None:
            yield "record.text_long", _LONG
    simple = {"boolean": ("record.boolean", "возможно"), "subject": ("record.subject_unknown", "Рисование песком")}
    simple |= {"grade": ("record.grade", 15)}
    if column.type in simple:
        yield simple[column.type]
    if column.type == "link" and column.name.endswith("link"):
        yield "record.link", "лежит в папке у секретаря"


def shown(value: object) -> str:
    """Return a value as the truth lists it."""
    return "" if value is None else value.strftime("%d.%m.%Y") if isinstance(value, date) else str(value)
