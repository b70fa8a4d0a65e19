"""Our own forms that come back filled in: recognised by their hidden service sheet, whatever the file is called."""

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.campaigns import school_years
from oko_pipeline.catalogue.keys import check_school_year, school_code_from_login
from oko_pipeline.catalogue.records import (
    WHOLE_TERRITORY,
    Level,
    RecordColumn,
    RecordForm,
    RecordTable,
    record_forms,
)
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.aggregates import typed_rows
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.forms.headings import closest_heading, normal_heading, table_headings
from oko_pipeline.collection.forms.rows import Block, RegisterRows, RowOwner, check_total_row, is_total_row
from oko_pipeline.collection.forms.schools import SchoolCells, mention_row, school_year_in
from oko_pipeline.collection.forms.service_sheet import (
    INSTRUCTION_SHEET,
    OFFERED_HEADING,
    SERVICE_SHEET,
    FormIdentity,
    is_form,
    read_identity,
)
from oko_pipeline.collection.forms.sheets import HEADER_ROW, form_columns
from oko_pipeline.collection.forms.text_guard import guard_text
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.errors import CatalogueError, UnreadableFileError
from oko_pipeline.quality import QualityFinding

_SURE_COLUMNS: Final = 2
_LEFT_EMPTY: Final = "столбец пуст"
_REMARKS_SHEET: Final = "Замечания"
"""First sheet of the copy that a school gets back: it may correct that copy and send it."""


class RecordFormLayout:
    """Reads a filled form into the registers it holds."""

    code: str = "record_form"
    version: str = "1"
    title_ru: str = "Форма, выписанная программой"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether the workbook carries the service sheet of our forms."""
        return is_form(workbook)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the form.

        Raises:
            UnreadableFileError: (form.…) when the service sheet does not say whose form it is, of which kind and year.
        """
        identity = read_identity(workbook)
        form = _known_form(identity)
        owner_key = _owner_key(identity)
        reading = Reading(school_year=_known_year(identity))
        _compare_year(identity, context, reading)
        registers = _read_sheets(_Form(form, identity, owner_key, context), workbook, reading)
        for register in registers:
            reading.read_rows_count += register.read_count
            reading.quarantined_rows_count += register.quarantined_count
        if reading.read_rows_count:
            # A form of which nothing is confirmed is a form that is not filled in.
            waiting = sum(register.unconfirmed_count for register in registers)
            reading.read_rows_count += waiting
            reading.quarantined_rows_count += waiting
            reading.records = {one.table.name: frame for one in registers if len(frame := one.frame())}
            reading.tables = {SCHOOL_MENTIONS.name: _mentions(identity, registers)}
            reading.document_key = f"{form.form_code}:{owner_key}"
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that came back: what the catalogue says of it and what its service sheet does."""

    form: RecordForm
    identity: FormIdentity
    owner_key: str
    context: SourceContext

    @property
    def version(self) -> int:
        return int(self.identity.form_version)

    @property
    def is_of_school(self) -> bool:
        return bool(self.identity.school_code)

    @property
    def level(self) -> Level:
        if self.is_of_school:
            return "school"
        return "territory" if self.owner_key == WHOLE_TERRITORY else "municipality"


def _known_form(identity: FormIdentity) -> RecordForm:
    form = record_forms().get(identity.form_code)
    if form is None:
        raise UnreadableFileError(
            "form.code_unknown", f"Служебный лист называет форму «{identity.form_code[:40]}», которой нет в каталоге."
        )
    version = identity.form_version
    if not version.isdigit() or not 1 <= int(version) <= form.version:
        raise UnreadableFileError(
            "form.version_unknown",
            f"Форма «{form.title_ru}» версии «{version[:10]}»; программа знает версии от 1 до {form.version}.",
        )
    return form


def _owner_key(identity: FormIdentity) -> str:
    if identity.school_code:
        if school_code_from_login(identity.school_code) is None:
            raise UnreadableFileError(
                "form.school_unknown",
                f"В служебном листе вместо кода ОО — текст длиной {len(identity.school_code)} знаков.",
            )
        return identity.school_code
    if not identity.municipality_code:
        raise UnreadableFileError("form.school_unknown", "Служебный лист не называет ни ОО, ни муниципалитета.")
    return identity.municipality_code


def _known_year(identity: FormIdentity) -> str:
    try:
        year = check_school_year(identity.school_year)
    except CatalogueError:
        year = ""
    if year not in school_years():
        raise UnreadableFileError(
            "form.year_unknown", f"Форма учебного года «{identity.school_year[:12]}», которого нет в каталоге."
        )
    return year


def _compare_year(identity: FormIdentity, context: SourceContext, reading: Reading) -> None:
    """Report a form of one year in a folder of another: the form itself is right, its place may be wrong."""
    named = school_year_in(context.path)
    if named is not None and named != identity.school_year:
        reading.findings.append(
            QualityFinding(
                "form.other_year",
                f"Форма {identity.school_year} учебного года лежит под названием {named}.",
                context.path,
                context.file_sha256,
                value=identity.school_year,
                expected=named,
                became=f"принята за {identity.school_year}",
            )
        )


def _mentions(identity: FormIdentity, registers: list[RegisterRows]) -> pd.DataFrame:
    mentions: dict[str, dict[str, object]] = {}
    if identity.school_code:
        mentions[identity.school_code] = mention_row(identity.school_code, identity.school_name or None) | {
            "municipality_source": identity.municipality_code or None,
            "municipality_code": identity.municipality_code or None,
            "municipality_name": identity.municipality_name or None,
        }
    for register in registers:
        for key, name in register.schools.items():
            mentions.setdefault(key, mention_row(key, name))
    return typed_rows(SCHOOL_MENTIONS, list(mentions.values()))


def _read_sheets(source: _Form, workbook: Workbook, reading: Reading) -> list[RegisterRows]:
    wanted = [table for table in source.form.tables if source.level in (table.levels or source.form.levels)]
    sheets = [s for s in workbook.sheets if s.name not in {SERVICE_SHEET, INSTRUCTION_SHEET, _REMARKS_SHEET}]
    found = {table.name: _sheet_of(table, sheets) for table in wanted}
    registers: list[RegisterRows] = []
    for table in wanted:
        sheet = found[table.name]
        if sheet is None:
            if _was_in(table, source.version):
                _tell_missing_sheet(table, source, reading)
            continue
        registers.append(_read_sheet(table, sheet, source, reading))
    used = {id(sheet) for sheet in found.values()}
    for sheet in sheets:
        if id(sheet) not in used and any(cell_text(value) for row in sheet.rows for value in row):
            told = CellFindings(source.context, sheet.name)
            told.add("form.sheet_unknown", f"Лист «{sheet.name[:31]}» не из этой формы.", 1, 0, became="не прочитан")
            reading.findings += told.all()
    return registers


def _was_in(table: RecordTable, version: int) -> bool:
    """Tell whether a register was part of a version: it was when any of its columns is so old."""
    return any(column.since <= version for column in table.columns)


def _sheet_of(table: RecordTable, sheets: list[Sheet]) -> Sheet | None:
    """Return the sheet of a register by its name; of a renamed sheet its headings tell."""
    named = next((sheet for sheet in sheets if normal_heading(sheet.name) == normal_heading(table.sheet_ru)), None)
    if named is not None:
        return named
    least = max(2, len(table.columns) // 2)
    scored = [(len(_best_header(table, sheet).columns), sheet) for sheet in sheets]
    best = max(scored, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] >= least else None


def _tell_missing_sheet(table: RecordTable, source: _Form, reading: Reading) -> None:
    reading.findings.append(
        QualityFinding(
            "form.sheet_missing",
            f"В форме нет листа «{table.sheet_ru}» ({table.title_ru}).",
            source.context.path,
            source.context.file_sha256,
            sheet=table.sheet_ru,
            expected=f"лист «{table.sheet_ru}»",
            school_code=source.identity.school_code or None,
        )
    )


@dataclass(slots=True)
class _Header:
    """A header that was tried: where it stands, the columns found, and the texts that mean no column."""

    row: int = 0
    is_upright: bool = False
    columns: dict[str, int] = field(default_factory=dict)
    strange: dict[int, Cell] = field(default_factory=dict)
    repeated: dict[int, str] = field(default_factory=dict)


def _best_header(table: RecordTable, sheet: Sheet) -> _Header:
    known = table_headings(table) | {normal_heading(OFFERED_HEADING): OFFERED_HEADING}
    if len(sheet.rows) > HEADER_ROW:
        usual = _match(HEADER_ROW, sheet.rows[HEADER_ROW], known)
        if len(usual.columns) >= max(_SURE_COLUMNS, len(table.columns) // 2):
            return usual
    tried = [_match(row, cells, known) for row, cells in enumerate(sheet.rows[:HEADER_ROWS])]
    if not table.key:
        labels = [row[0] if row else None for row in sheet.rows]
        upright = _match(0, labels, known)
        upright.is_upright = True
        upright.strange = {place: value for place, value in upright.strange.items() if place > HEADER_ROW}
        upright.row = 0
        tried.append(upright)
    return max(tried, key=lambda header: len(header.columns), default=_Header())


def _match(row: int, cells: list[Cell], known: dict[str, str]) -> _Header:
    header = _Header(row)
    for place, value in enumerate(cells):
        if not isinstance(value, str) or not value.strip():
            continue
        name = known.get(normal_heading(value))
        if name is None:
            header.strange[place] = value
        elif name in header.columns:
            header.repeated[place] = name
        else:
            header.columns[name] = place
    return header


def _read_sheet(table: RecordTable, sheet: Sheet, source: _Form, reading: Reading) -> RegisterRows:
    told = CellFindings(source.context, sheet.name)
    schools: dict[str, str | None] = {}
    school = SchoolCells([column.name for column in table.columns if column.school], told, schools)
    identity = source.identity
    own_key = source.owner_key if source.is_of_school else None
    owner = RowOwner(
        school_of=(lambda _block, _row: own_key) if source.is_of_school else school.key_or_none,
        is_form=True,
        municipality_code=source.owner_key if source.level == "municipality" else None,
        offered=identity.offered.get(table.name, frozenset()),
        preset=identity.preset.get(table.name, frozenset()),
    )
    register = RegisterRows(table, source.context, identity.school_year, owner, schools=schools)
    header = _best_header(table, sheet)
    if not header.columns:
        told.add(
            "form.header_missing",
            f"На листе нет заголовков таблицы «{table.title_ru}».",
            HEADER_ROW + 1,
            0,
            became="лист не прочитан",
        )
        reading.findings += told.all()
        return register
    _check_columns(table, header, source, told)
    block = Block(table, sheet, header.row, dict(header.columns), header.is_upright)
    register.read(block, _data_rows(block, register, told), told)
    reading.findings += told.all()
    return register


def _data_rows(block: Block, register: RegisterRows, told: CellFindings) -> list[int]:
    if block.is_upright:
        return [1] if any(len(cells) > 1 for cells in block.sheet.rows) and block.is_filled(1) else []
    rows: list[int] = []
    for row in range(block.header_row + 1, len(block.sheet.rows)):
        if not block.is_filled(row):
            continue
        if is_total_row(block, row, register.readers):
            check_total_row(block, row, rows, rows, told)
            told.add("form.total_row", "Строка итогов не хранится как данные.", row + 1, 0, became="не прочитана")
        else:
            rows.append(row)
    return rows


def _check_columns(table: RecordTable, header: _Header, source: _Form, told: CellFindings) -> None:
    """Tell what is missing, moved, repeated, renamed or strange among the headings; take clear misspellings in."""
    level = source.level
    asked = [column for column in form_columns(table, level) if column.since <= source.version]
    newer = [column for column in form_columns(table, level) if column.since > source.version]
    _take_renamed(table, header, asked, told)
    for column in asked:
        if column.name not in header.columns:
            _tell_missing(column, _expected_place(column, asked, header), header, told)
    for place, value in header.strange.items():
        told.add(
            "form.column_unknown",
            f"Столбца «{_safe_heading(value)}» нет в форме.",
            *_address(header, place),
            became="не прочитан",
        )
    for place, name in header.repeated.items():
        told.add(
            "form.column_repeated",
            f"Столбец «{table.column(name).title_ru if name != OFFERED_HEADING else name}» стоит дважды.",
            *_address(header, place),
            became="прочитан первый",
        )
    _tell_moved(asked, header, told)
    if newer:
        titles = ", ".join(f"«{column.title_ru}»" for column in newer)
        told.add(
            "form.older_version",
            f"Форма версии {source.version}, в ней ещё нет столбцов: {titles}.",
            *_address(header, 0),
            expected=f"версия {source.form.version}",
            became=_LEFT_EMPTY,
        )


def _take_renamed(table: RecordTable, header: _Header, asked: list[RecordColumn], told: CellFindings) -> None:
    known = table_headings(table)
    missing = {column.name for column in asked} - header.columns.keys()
    open_headings = [heading for heading, name in known.items() if name in missing]
    for place, value in list(header.strange.items()):
        heading = closest_heading(normal_heading(value), open_headings)
        name = None if heading is None else known[heading]
        if name is None or name in header.columns:
            continue
        header.columns[name] = place
        del header.strange[place]
        told.add(
            "form.column_renamed",
            f"Заголовок «{_safe_heading(value)}» изменён.",
            *_address(header, place),
            expected=table.column(name).title_ru,
            became=f"прочитан как «{table.column(name).title_ru}»",
        )


def _tell_missing(column: RecordColumn, place: int, header: _Header, told: CellFindings) -> None:
    told.add(
        "form.column_missing",
        f"В форме нет столбца «{column.title_ru}».",
        *_address(header, place),
        expected=column.title_ru,
        became="строки отложены" if column.required else _LEFT_EMPTY,
        severity=None if column.required else "warning",
    )


def _expected_place(column: RecordColumn, asked: list[RecordColumn], header: _Header) -> int:
    """Return where a missing column should stand: right after the nearest column before it that is there."""
    before = asked[: asked.index(column)]
    return next((header.columns[one.name] + 1 for one in reversed(before) if one.name in header.columns), 0)


def _tell_moved(asked: list[RecordColumn], header: _Header, told: CellFindings) -> None:
    places = [header.columns[column.name] for column in asked if column.name in header.columns]
    names = [column.title_ru for column in asked if column.name in header.columns]
    last = -1
    for place, name in zip(places, names, strict=True):
        if place < last:
            told.add(
                "form.column_moved",
                f"Столбец «{name}» стоит не на своём месте.",
                *_address(header, place),
                became="прочитан по заголовку",
            )
        last = max(last, place)


def _address(header: _Header, place: int) -> tuple[int, int]:
    return (place + 1, 0) if header.is_upright else (header.row + 1, place)


def _safe_heading(value: Cell) -> str:
    return (guard_text(cell_text(value)).text or "…")[:80]
