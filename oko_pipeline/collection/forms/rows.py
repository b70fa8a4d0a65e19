"""Rows of one register in one file: cell by cell to stored values, rows that cannot be stored put aside with a finding.

Shared by filled forms and exports; where a register stands in a workbook is the layouts' business.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pandas as pd

from oko_pipeline.catalogue.contracts import PANDAS_TYPES, ColumnType
from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_contracts
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.forms.people import Identity, identity, personal_columns
from oko_pipeline.collection.forms.service_sheet import CONFIRMED, OFFERED_HEADING, row_fingerprint
from oko_pipeline.collection.forms.values import Fault, Value, ValueReader, decimal_ru, expected_ru, value_reader
from oko_pipeline.collection.headers import cell_text, folded_text, number
from oko_pipeline.collection.layout import Cell, Sheet, SourceContext

_DTYPES: Final = {kind: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items()}
_NOTHING: Final = ("", None)
PUT_ASIDE: Final = "строка отложена"
LEFT_EMPTY: Final = "пусто"
_TOTAL: Final = re.compile(r"(?:итого|всего|общий итог|итог)(?:\s+по\s+.{1,80})?\s*:?", re.IGNORECASE)
_SHARE_SIGNS: Final = 3
"""So many cells of a per cent column between 0 and 1, and none above, are shares written in place of per cents."""


@dataclass(frozen=True, slots=True)
class Block:
    """A register in a sheet: index of its last heading row (from 0), the worksheet column of each of its columns.

    `constants` are values that hold for all its rows, said in a title. In an upright block a record is a column of the
    sheet: rows and columns are exchanged in all that is said here.
    """

    table: RecordTable
    sheet: Sheet
    header_row: int
    columns: dict[str, int]
    is_upright: bool = False
    constants: dict[str, Value] = field(default_factory=dict)

    def line(self, row: int) -> list[Cell]:
        """Return the cells of a record, along which its columns are counted."""
        if not self.is_upright:
            return self.sheet.rows[row]
        return [cells[row] if row < len(cells) else None for cells in self.sheet.rows]

    def address(self, row: int, place: int | None) -> tuple[int, int | None]:
        """Return the worksheet's row (from 1) and column (from 0) of a record's cell."""
        if not self.is_upright:
            return row + 1, place
        return (1 if place is None else place + 1), row

    def cell(self, row: int, name: str) -> Cell:
        """Return the cell of a column in a record; None where the sheet lacks the column or the row is short."""
        place = self.columns.get(name)
        cells = self.line(row)
        return cells[place] if place is not None and place < len(cells) else None

    def is_filled(self, row: int) -> bool:
        """Tell whether any cell of the register's columns is filled in a record."""
        cells = self.line(row)
        width = len(cells)
        return any(
            place < width and cells[place] not in _NOTHING and bool(cell_text(cells[place]))
            for name, place in self.columns.items()
            if name != OFFERED_HEADING
        )


@dataclass(frozen=True, slots=True)
class RowOwner:
    """Whose rows are read: `school_of` names the school of a row; `is_form` tells that a person can mend the file."""

    school_of: Callable[[Block, int], str | None]
    is_form: bool
    municipality_code: str | None = None
    offered: frozenset[str] = frozenset()
    preset: frozenset[str] = frozenset()


@dataclass(slots=True)
class RegisterRows:
    """Collects the rows of one register over the sheets of one file."""

    table: RecordTable
    context: SourceContext
    school_year: str
    owner: RowOwner
    schools: dict[str, str | None] = field(default_factory=dict)
    read_count: int = 0
    quarantined_count: int = 0
    unconfirmed_count: int = 0
    must_name_school: bool = False
    _rows: list[dict[str, object]] = field(default_factory=list)
    _identities: list[Identity | None] = field(default_factory=list)
    _first_rows: dict[tuple[object, ...], str] = field(default_factory=dict)
    _readers: dict[str, ValueReader] = field(default_factory=dict)
    _vital: frozenset[str] = frozenset()
    _roles: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stored = self.table.stored_columns
        self._readers = {column.name: value_reader(column, self.school_year) for column in stored}
        self._vital = frozenset({*self.table.key, *(column.name for column in stored if column.required)})
        self._roles = personal_columns(self.table)

    def read(self, block: Block, rows: Iterable[int], findings: CellFindings) -> None:
        """Read some rows (from 0) of a block."""
        reader = _BlockReader(self, block, findings)
        for row in rows:
            reader.read_row(row)
        reader.check_shares()

    def frame(self) -> pd.DataFrame:
        """Return the accepted rows with the types of the register's contract."""
        contract = record_contracts()[self.table.name]
        kinds = {column.name: column.type for column in contract.columns}
        names = ["source_sheet", "source_row", "school_key", "municipality_code"]
        names += [column.name for column in self.table.stored_columns]
        arrays = {name: _array([row.get(name) for row in self._rows], kinds[name]) for name in names}
        if self.table.person is not None:
            ids = self.context.pseudonymiser.person_ids(self.table.person, self._identities)
            arrays["person_id"] = _array(ids, ColumnType.TEXT)
        return pd.DataFrame(arrays, copy=False)

    def take(self, row: dict[str, object], person: Identity | None) -> None:
        """Accept a row."""
        self._rows.append(row)
        self._identities.append(person)

    def first_row(self, key: tuple[object, ...], place: str) -> str | None:
        """Return where a key stood first, None for a new one, which is remembered."""
        known = self._first_rows.get(key)
        if known is None:
            self._first_rows[key] = place
        return known

    @property
    def readers(self) -> dict[str, ValueReader]:
        """Readers of cells by stored column."""
        return self._readers

    @property
    def vital(self) -> frozenset[str]:
        """Columns without which a row cannot be stored."""
        return self._vital

    @property
    def roles(self) -> dict[str, list[str]]:
        """Identifying columns by role."""
        return self._roles


@dataclass(slots=True)
class _BlockReader:
    register: RegisterRows
    block: Block
    findings: CellFindings
    columns: list[tuple[RecordColumn, int, ValueReader]] = field(default_factory=list)
    checked: list[RecordColumn] = field(default_factory=list)
    missing: frozenset[str] = frozenset()
    percents: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places, register = self.block.columns, self.register
        self.columns = [
            (column, places[column.name], register.readers[column.name])
            for column in register.table.stored_columns
            if column.name in places
        ]
        self.checked = [column for column, _, _ in self.columns if column.total_of or column.at_most]
        self.missing = register.vital - places.keys() - self.block.constants.keys()

    def read_row(self, row: int) -> None:
        register = self.register
        cells = self.block.line(row)
        width = len(cells)
        values: dict[str, Value] = dict(self.block.constants)
        faulty: set[str] = set(self.missing)
        for column, place, reader in self.columns:
            value, faults = reader(cells[place] if place < width else None)
            values[column.name] = value
            if faults:
                self._tell(column, row, place, faults)
                if value is None:
                    faulty.add(column.name)
            if column.type == "percent" and isinstance(value, int | float):
                self.percents.setdefault(column.name, []).append((row, float(value)))
        if (register.owner.offered or register.owner.preset) and not faulty and self._is_untouched(row, values):
            return
        register.read_count += 1
        self._tell_blank(row, values, faulty)
        is_sound = not (faulty & register.vital)
        is_sound &= self._sums_hold(row, values) or not register.owner.is_form
        school_key = register.owner.school_of(self.block, row)
        if school_key is None and register.must_name_school:
            is_sound = False
            self._tell_schoolless(row)
        person, is_named = self._person(row, school_key)
        if not (is_sound and is_named and self._is_new(row, values, school_key, person)):
            register.quarantined_count += 1
            return
        told: dict[str, object] = {
            "source_sheet": self.block.sheet.name,
            "source_row": self.block.address(row, None)[0],
            "school_key": school_key,
            "municipality_code": register.owner.municipality_code,
        }
        register.take({**values, **told}, person)

    def _tell(self, column: RecordColumn, row: int, place: int, faults: tuple[Fault, ...]) -> None:
        cell = self.block.cell(row, column.name)
        is_vital = column.name in self.register.vital
        for fault in faults:
            is_kept = fault.rule_id in {"record.name_removed", "record.contact_removed"}
            self.findings.add(
                fault.rule_id,
                f"«{column.title_ru}»: {fault.message}.",
                *self.block.address(row, place),
                value=None if fault.hides_value else shown(cell),
                expected=fault.expected,
                became=None if is_kept else (PUT_ASIDE if is_vital else LEFT_EMPTY),
            )

    def _tell_blank(self, row: int, values: dict[str, Value], faulty: set[str]) -> None:
        for column in self.register.table.columns:
            place = self.block.columns.get(column.name)
            if not column.required or place is None or column.name in faulty:
                continue
            is_blank = (
                values[column.name] is None if column.is_stored else not cell_text(self.block.cell(row, column.name))
            )
            if is_blank and column.personal != "drop":
                faulty.add(column.name)
                self.findings.add(
                    "record.required",
                    f"«{column.title_ru}»: обязательная ячейка не заполнена.",
                    *self.block.address(row, place),
                    expected=expected_ru(column, self.register.school_year),
                    became=PUT_ASIDE,
                )

    def _tell_schoolless(self, row: int) -> None:
        names = [name for name in self.block.columns if name.startswith("school:")]
        names += [column.name for column in self.register.table.columns if column.school]
        place = next((self.block.columns[name] for name in names if name in self.block.columns), None)
        self.findings.add(
            "record.school_missing",
            "Строка не называет ОО.",
            *self.block.address(row, place),
            expected="логин, код или название ОО",
            became=PUT_ASIDE,
        )

    def _sums_hold(self, row: int, values: dict[str, Value]) -> bool:
        holds = True
        for column in self.checked:
            told = _total_fault(column, values) or _part_fault(column, values)
            if told is None:
                continue
            holds = False
            rule_id, stands, expected = told
            titles = {one.name: one.title_ru for one in self.register.table.columns}
            parts = column.total_of or (column.at_most or "",)
            named = ", ".join(f"«{titles[name]}»" for name in parts)
            relation = "не равно сумме столбцов" if rule_id == "record.total_differs" else "больше, чем"
            self.findings.add(
                rule_id,
                f"«{column.title_ru}» {relation} {named}.",
                *self.block.address(row, self.block.columns[column.name]),
                value=stands,
                expected=expected,
                became=PUT_ASIDE if self.register.owner.is_form else None,
                severity=None if self.register.owner.is_form else "warning",
            )
        return holds

    def _person(self, row: int, school_key: str | None) -> tuple[Identity | None, bool]:
        """Return who the row is about, and whether it names anybody it must name."""
        roles = self.register.roles
        if self.register.table.person is None or not roles:
            return None, True
        cells = {name: self.block.cell(row, name) for names in roles.values() for name in names}
        person = identity(cells, roles, school_key)
        if person is None:
            place = min((self.block.columns[name] for name in cells if name in self.block.columns), default=None)
            self.findings.add(
                "record.person_missing",
                "Строка никого не называет: нет ни имени, ни документа, ни кода.",
                *self.block.address(row, place),
                became=PUT_ASIDE,
            )
        return person, person is not None

    def _is_new(self, row: int, values: dict[str, Value], school_key: str | None, person: Identity | None) -> bool:
        table = self.register.table
        key = (school_key, person, *(_comparable(values.get(name)) for name in table.key))
        place = f"«{self.block.sheet.name}», строка {row + 1}"
        known = self.register.first_row(key, place)
        if known is None:
            return True
        column = next((self.block.columns[name] for name in table.key if name in self.block.columns), None)
        column = min(self.block.columns.values(), default=None) if column is None else column
        named = ", ".join(f"«{table.column(name).title_ru}»" for name in table.key) or "ОО"
        self.findings.add(
            "record.repeated_key",
            f"Строка повторяет уже прочитанную (лист {known}): те же {named}.",
            *self.block.address(row, column),
            became=PUT_ASIDE,
        )
        return False

    def _is_untouched(self, row: int, values: dict[str, Value]) -> bool:
        """Tell whether a row stands as the form was handed out; last year's row must be confirmed or changed."""
        names = [column.name for column in self.register.table.stored_columns]
        fingerprint = row_fingerprint(values.get(name) for name in names)
        if fingerprint in self.register.owner.preset:
            return True
        if fingerprint not in self.register.owner.offered:
            return False
        place = self.block.columns.get(OFFERED_HEADING)
        if place is not None and folded_text(self.block.cell(row, OFFERED_HEADING)) == CONFIRMED:
            return False
        self.register.unconfirmed_count += 1
        self.findings.add(
            "form.unconfirmed",
            "Прошлогодняя строка предложена, но не подтверждена.",
            *self.block.address(row, 0 if place is None else place),
            expected=f"«{CONFIRMED}» в столбце «{OFFERED_HEADING}» или исправленная строка",
            became=PUT_ASIDE,
        )
        return True

    def check_shares(self) -> None:
        """Report per cent columns that hold shares: the block's rows are read by then."""
        for name, found in self.percents.items():
            likely = [row for row, value in found if 0 < value < 1]
            if len(likely) >= _SHARE_SIGNS and all(value <= 1 for _, value in found):
                self.findings.add(
                    "record.share_for_percent",
                    f"«{self.register.table.column(name).title_ru}»: все значения не больше 1 — похоже, "
                    "вместо процентов вписаны доли.",
                    *self.block.address(likely[0], self.block.columns[name]),
                    expected="проценты, например 85 вместо 0,85",
                )


def _array(values: Sequence[object], kind: ColumnType) -> Any:
    return pd.array(list(values), dtype=cast("Any", _DTYPES[kind]))


def is_total_row(block: Block, row: int, readers: dict[str, ValueReader]) -> bool:
    """Tell whether a row is a total: the first filled text of the row's columns says so and is no item of a list."""
    cells = block.sheet.rows[row]
    texts = ((place, cells[place]) for place in range(min(len(cells), max(block.columns.values(), default=0) + 1)))
    first = next(((place, value) for place, value in texts if isinstance(value, str) and value.strip()), None)
    if first is None or _TOTAL.fullmatch(cell_text(first[1])) is None:
        return False
    listed = [c.name for c in block.table.stored_columns if c.choices and block.columns.get(c.name) == first[0]]
    return all(readers[name](first[1])[0] is None for name in listed)


def check_total_row(block: Block, row: int, summed: Iterable[int], all_rows: Iterable[int], told: CellFindings) -> None:
    """Compare the counts of a total row with the sums of its rows; also with all rows of the block (a grand total)."""
    groups = [list(summed), list(all_rows)]
    for column in block.table.stored_columns:
        place = block.columns.get(column.name)
        is_sum = column.type == "integer" and not column.choices and column.name not in block.table.key
        stands = number(block.cell(row, column.name)) if place is not None and is_sum else None
        if stands is None:
            continue
        sums = [sum(number(block.cell(one, column.name)) or 0 for one in group) for group in groups]
        if all(abs(stands - one) > 1e-6 for one in sums):
            told.add(
                "export.total_differs",
                f"«{column.title_ru}»: итог не равен сумме строк.",
                *block.address(row, place),
                value=decimal_ru(stands),
                expected=decimal_ru(sums[0]),
                became="итог не хранится, строки приняты",
            )


def tolerance(column: RecordColumn) -> float:
    """Return by how much a total may differ from its parts: rounding of per cents to whole ones, nothing for counts."""
    each = {"percent": 0.5, "number": 0.01}.get(column.type, 1e-6)
    return each * max(len(column.total_of), 1)


def _total_fault(column: RecordColumn, values: dict[str, Value]) -> tuple[str, str, str] | None:
    total = values.get(column.name)
    parts = [values.get(name) for name in column.total_of]
    known = [float(part) for part in parts if isinstance(part, int | float)]
    if not isinstance(total, int | float) or not known:
        return None
    gap = float(total) - sum(known)
    is_wrong = abs(gap) > tolerance(column) if len(known) == len(parts) else -gap > tolerance(column)
    return ("record.total_differs", decimal_ru(float(total)), decimal_ru(sum(known))) if is_wrong else None


def _part_fault(column: RecordColumn, values: dict[str, Value]) -> tuple[str, str, str] | None:
    part, whole = values.get(column.name), values.get(column.at_most or "")
    if isinstance(part, int | float) and isinstance(whole, int | float):
        is_over = part > whole
        stands, most = decimal_ru(part), decimal_ru(whole)
    elif isinstance(part, str) and isinstance(whole, str) and column.type == "date":
        is_over, stands, most = part > whole, part, whole
    else:
        return None
    return ("record.part_exceeds", stands, f"не больше {most}") if is_over else None


def _comparable(value: Value) -> object:
    return folded_text(value) if isinstance(value, str) else value
