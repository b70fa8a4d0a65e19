"""Tables that systems export or people keep, when their headings are those of a register of the catalogue."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_forms
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.aggregates import typed_rows
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.forms.blocks import (
    Candidate,
    best_candidates,
    candidates_at,
    is_numbering,
    likely_rows,
    tied,
)
from oko_pipeline.collection.forms.headings import normal_heading
from oko_pipeline.collection.forms.rows import Block, RegisterRows, RowOwner, check_total_row, is_total_row
from oko_pipeline.collection.forms.schools import SchoolCells, mention_row, school_year_in
from oko_pipeline.collection.forms.text_guard import guard_text
from oko_pipeline.collection.forms.values import Value, any_date, value_reader
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, folded_text, number, unmerged
from oko_pipeline.collection.identity import path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.errors import UnreadableFileError

_FOOTER: Final = re.compile(
    r"(?:исполнител|директор|руководител|начальник|заместител|ответственн|примечани|подпис|м\.?\s?п\.?$|дата\s|источник|"
    r"тел\.|\*)",
    re.IGNORECASE,
)
_DAY: Final = r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\s+[а-яё]+\s+20\d\d"
_IN_TITLE: Final = {
    "grade": re.compile(r"(?<!\d)(\d{1,2})\s*[-–]?\s*(?:й|ый|х|го|е)?\s*класс"),
    "date": re.compile(rf"({_DAY})"),
    "integer": re.compile(r"(?<!\d)(20\d\d)(?!\d|\s*[-–/]\s*20\d\d)"),
}
"""What a title says of a column by its type; the whole numbers that titles name are years."""
_SCHOOL_NAME: Final = re.compile(r"\b(?:М[БКА]?ОУ|ГБ?К?ОУ|СОШ|ООШ|НОШ|гимнази|лицей|школ)", re.IGNORECASE)
_LONGEST_NAME: Final = 120
_FOOTER_CELLS: Final = 3


class RecordExport:
    """Reads exports into the registers whose headings they carry."""

    code: str = "record_export"
    version: str = "2"
    title_ru: str = "Таблица реестра (выгрузка системы)"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has, within its first 30 rows, the headings of a register of the catalogue."""
        return any(best_candidates(sheet) for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all registers of the workbook.

        Raises:
            UnreadableFileError: when the school year is unknown or no table can be read for sure.
        """
        source = _Source(context)
        for sheet in workbook.sheets:
            source.find_blocks(sheet)
        if not source.found:
            raise UnreadableFileError(*source.refusal)
        year = _school_year(workbook, source, context)
        reading = Reading(school_year=year)
        for part in source.found:
            _read_part(part, source, year)
        for told in source.told.values():
            reading.findings += told.all()
        registers = list(source.registers.values())
        reading.read_rows_count = sum(one.read_count for one in registers)
        reading.quarantined_rows_count = sum(one.quarantined_count for one in registers)
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        reading.records = {one.table.name: frame for one in registers if len(frame := one.frame())}
        if source.schools:
            rows = [mention_row(key, name) for key, name in source.schools.items()]
            reading.tables = {SCHOOL_MENTIONS.name: typed_rows(SCHOOL_MENTIONS, rows)}
        return reading


@dataclass(frozen=True, slots=True)
class _Part:
    """A register's header in a sheet and where its rows end (not included)."""

    sheet: Sheet
    candidate: Candidate
    start: int
    end: int
    titles: tuple[Cell, ...]


@dataclass(slots=True)
class _Source:
    context: SourceContext
    found: list[_Part] = field(default_factory=list)
    told: dict[str, CellFindings] = field(default_factory=dict)
    registers: dict[str, RegisterRows] = field(default_factory=dict)
    schools: dict[str, str | None] = field(default_factory=dict)
    refusal: tuple[str, str] = ("export.ambiguous", "В файле нет таблицы, которую можно прочитать наверняка.")

    def findings(self, sheet: Sheet) -> CellFindings:
        return self.told.setdefault(sheet.name, CellFindings(self.context, sheet.name))

    def find_blocks(self, sheet: Sheet) -> None:
        """Take the registers of a sheet, from its first header down to the last stacked one."""
        candidates = best_candidates(sheet)
        title_from = 0
        while candidates:
            first, last = candidates[0].first_row, candidates[0].last_row
            following = _next_header(sheet, last + 1)
            end = following[0].first_row if following else len(sheet.rows)
            titles = tuple(
                cell_text(v) for row in sheet.rows[title_from:first] for v in row if isinstance(v, str) and v
            )
            chosen = self._choose(sheet, candidates, titles)
            if chosen is not None:
                self.found.append(_Part(sheet, chosen, last + 1, end, titles))
            candidates, title_from = following, max(last + 1, end - HEADER_ROWS // 3)

    def _choose(self, sheet: Sheet, candidates: list[Candidate], titles: tuple[Cell, ...]) -> Candidate | None:
        equal = tied(candidates)
        if len(equal) > 1:
            named = [one for one in equal if _is_named(one.table, sheet.name, titles)]
            if len(named) != 1:
                self._tell_ambiguous(sheet, equal)
                return None
            return named[0]
        return equal[0]

    def _tell_ambiguous(self, sheet: Sheet, equal: list[Candidate]) -> None:
        titles = ", ".join(f"«{one.table.title_ru}»" for one in equal[:4])
        message = f"Таблица в равной мере подходит к реестрам: {titles}."
        row, column = equal[0].first_row + 1, min(equal[0].columns.values())
        self.findings(sheet).add("export.ambiguous", message, row, column, became="таблица не прочитана")
        self.refusal = ("export.ambiguous", f"Лист «{sheet.name[:31]}», строка {row}. {message}")


def _is_named(table: RecordTable, sheet_name: str, titles: tuple[Cell, ...]) -> bool:
    names = {normal_heading(table.title_ru), normal_heading(table.sheet_ru)}
    return normal_heading(sheet_name) in names or any(normal_heading(cell_text(title)) in names for title in titles)


def _next_header(sheet: Sheet, start: int) -> list[Candidate]:
    """Return the candidates of the next header below a block: it must agree wholly, for it stands among data."""
    for row in likely_rows(sheet, start, None):
        candidates = candidates_at(sheet, row)
        if candidates and candidates[0].is_sure and candidates[0].cover == 1:
            return candidates
    return []


def _school_year(workbook: Workbook, source: _Source, context: SourceContext) -> str:
    stated = {year for part in source.found for year in _years_in_column(part)}
    if len(stated) > 1:
        raise UnreadableFileError("file.several_years", f"В таблице учебные годы {', '.join(sorted(stated))}.")
    titles = [cell_text(title) for part in source.found for title in part.titles] + [
        sheet.name for sheet in workbook.sheets
    ]
    for text in [*stated, *titles, context.path]:
        year = school_year_in(text)
        if year is not None:
            return year
    for text in titles:
        found = _IN_TITLE["date"].search(folded_text(text))
        day = any_date(found[1]) if found else None
        if day is not None:
            return f"{day.year}-{day.year + 1}" if day.month >= 8 else f"{day.year - 1}-{day.year}"
    year_of_path = path_hints(context.path).year
    if year_of_path is None:
        raise UnreadableFileError(
            "file.year_unknown", "Ни столбец, ни заголовок над таблицей, ни путь не называют учебный год."
        )
    campaign = find_campaign(year_of_path)
    return campaign.school_year if campaign else f"{year_of_path - 1}-{year_of_path}"


def _years_in_column(part: _Part) -> set[str]:
    place = part.candidate.year
    if place is None:
        return set()
    cells = (row[place] for row in part.sheet.rows[part.start : part.end] if place < len(row))
    return {year for value in cells if (year := school_year_in(cell_text(value))) is not None}


def _read_part(part: _Part, source: _Source, school_year: str) -> None:
    candidate, told = part.candidate, source.findings(part.sheet)
    table = candidate.table
    _tell_columns(candidate, part, told)
    if candidate.missing:
        return
    names = [column.name for column in table.columns if column.school] + list(candidate.schools)
    cells = SchoolCells(names, told, source.schools)
    has_school = any(name in candidate.columns or name in candidate.schools for name in names)
    login = _school_in_titles(table, part.titles) or path_hints(source.context.path).login
    if not has_school and login is None and not _may_be_municipal(table):
        told.add(
            "export.school_missing",
            f"Таблица «{table.title_ru}» не называет ОО.",
            candidate.first_row + 1,
            min(candidate.columns.values()),
            expected="столбец с логином или названием ОО",
            became="таблица не прочитана",
        )
        return
    if not has_school and login is not None:
        source.schools.setdefault(login, None if school_code_from_login(login) else login)
    owner = RowOwner(cells.key_or_none if has_school else (lambda _block, _row: login), is_form=False)
    register = source.registers.get(table.name)
    if register is None:
        register = source.registers[table.name] = RegisterRows(table, source.context, school_year, owner)
    register.owner = owner
    constants = _from_titles(table, candidate, part.titles, school_year)
    sheet = unmerged(part.sheet, candidate.last_row)
    block = Block(table, sheet, candidate.last_row, candidate.columns | candidate.schools, constants=constants)
    rows = list(_data_rows(block, part, register, told))
    register.must_name_school = has_school
    for own, some in _unspread(block, candidate, rows):
        register.read(own, some, told)


def _unspread(block: Block, candidate: Candidate, rows: list[int]) -> Iterator[tuple[Block, list[int]]]:
    """Yield blocks and their rows: the block itself, or one for each heading that is a value of the spread column."""
    spread = block.table.spread
    if not candidate.spread or spread is None:
        yield block, rows
        return
    table = block.table
    kept = {name for name in block.columns if name.startswith("school:") or not table.column(name).is_stored}
    kept |= set(table.key) & set(block.columns)
    columns = {name: place for name, place in block.columns.items() if name in kept}
    for place, heading in candidate.spread.items():
        constants = block.constants | {spread.column: heading}
        cells = {row: block.sheet.rows[row][place] if place < len(block.sheet.rows[row]) else None for row in rows}
        filled = [row for row in rows if cell_text(cells[row])]
        numbers = [row for row in filled if number(cells[row]) is not None]
        yield replace(block, columns=columns | {spread.value: place}, constants=constants), numbers
        if spread.otherwise is not None:
            words = sorted(set(filled) - set(numbers))
            yield replace(block, columns=columns | {spread.otherwise: place}, constants=constants), words


def _may_be_municipal(table: RecordTable) -> bool:
    form = next(form for form in record_forms().values() if any(one.name == table.name for one in form.tables))
    return "municipality" in (table.levels or form.levels)


def _tell_columns(candidate: Candidate, part: _Part, told: CellFindings) -> None:
    row = candidate.last_row + 1
    for column in candidate.missing:
        told.add(
            "export.column_missing",
            f"В таблице «{candidate.table.title_ru}» нет столбца «{column.title_ru}».",
            row,
            min(candidate.columns.values()),
            expected=column.title_ru,
            became="таблица не прочитана",
        )
    for place, text in candidate.strange.items():
        heading = guard_text(_heading_at(part.sheet, candidate, place) or text).text or "…"
        message = f"Столбца «{heading[:80]}» нет в описании реестра «{candidate.table.title_ru}»."
        told.add("export.column_unknown", message, row, place, became="не прочитан")
    for place, name in candidate.repeated.items():
        title = candidate.table.column(name).title_ru
        told.add("export.column_repeated", f"Столбец «{title}» стоит дважды.", row, place, became="прочитан первый")


def _heading_at(sheet: Sheet, candidate: Candidate, place: int) -> str:
    rows = sheet.rows[candidate.first_row : candidate.last_row + 1]
    return " ".join(filter(None, (cell_text(row[place]) for row in rows if place < len(row))))


def _data_rows(block: Block, part: _Part, register: RegisterRows, told: CellFindings) -> Iterable[int]:
    """Yield the rows of data; totals are compared with their rows, numbering, footers and section titles left out."""
    group: list[int] = []
    everything: list[int] = []
    lonely: list[int] = []
    places = list(block.columns.values())
    right = _end_of_headings(block)
    for row in range(part.start, part.end):
        cells = part.sheet.rows[row]
        filled = sum(value not in {"", None} and bool(cell_text(value)) for value in cells)
        if not filled or (row == part.start and is_numbering(cells)):
            continue
        first = next(cell_text(value) for value in cells if cell_text(value))
        if filled <= _FOOTER_CELLS and len(places) > filled and _FOOTER.match(first):
            continue
        if is_total_row(block, row, register.readers):
            check_total_row(block, row, group, everything, told)
            group = []
        elif filled == 1 and len(places) > 2:
            lonely.append(row)
        else:
            group.append(row)
            everything.append(row)
            if len(cells) > right and any(cell_text(value) for value in cells[right:]):
                _tell_outside(cells, row, right, told)
            yield row
    last = max(everything, default=part.start - 1)
    for row in lonely:
        if row < last:
            told.add("export.row_unknown", "В строке заполнена одна ячейка.", row + 1, 0, became="не прочитана")


def _end_of_headings(block: Block) -> int:
    """Return the column behind the last heading; of two heading rows the wider counts."""
    rows = block.sheet.rows[max(block.header_row - 1, 0) : block.header_row + 1]
    return 1 + max(place for row in rows for place, value in enumerate(row) if cell_text(value))


def _tell_outside(cells: list[Cell], row: int, right: int, told: CellFindings) -> None:
    place = next(place for place in range(right, len(cells)) if cell_text(cells[place]))
    told.add(
        "export.outside_table",
        "Значение стоит правее таблицы, где заголовка нет: похоже, ячейки строки сдвинуты вправо.",
        row + 1,
        place,
        expected="значения под своими заголовками",
        became="прочитано то, что стоит под заголовками",
    )


def _from_titles(
    table: RecordTable, candidate: Candidate, titles: tuple[Cell, ...], school_year: str
) -> dict[str, Value]:
    """Return what the titles above a table say of columns that exports put there: subject, grade, an item of a list."""
    found: dict[str, Value] = {}
    for column in table.columns:
        if not column.in_title or not column.is_stored or column.name in candidate.columns:
            continue
        labelled = _after_label(titles, column)
        value = None if labelled is None else value_reader(column, school_year)(labelled)[0]
        if value is None:
            texts = (cell_text(title) for title in titles)
            value = next((v for text in texts if (v := _from_title(column, text, school_year)) is not None), None)
        if value is not None:
            found[column.name] = value
    return found


def _after_label(titles: tuple[Cell, ...], column: RecordColumn) -> Cell:
    """Return what follows a column's name among the titles: «Предмет: Алгебра», «Класс» and «5А» in the next cell."""
    names = {normal_heading(one) for one in (column.title_ru, *column.headings)}
    for place, title in enumerate(titles):
        label, colon, rest = cell_text(title).partition(":")
        if normal_heading(label) in names:
            if rest.strip():
                return rest.strip()
            if colon or place + 1 < len(titles):
                return titles[place + 1] if place + 1 < len(titles) else None
    return None


def _from_title(column: RecordColumn, text: str, school_year: str) -> Value:
    read = value_reader(column, school_year)
    if column.choices:
        folded = f" {normal_heading(text)} "
        labels = sorted(column.choices.items(), key=lambda pair: -len(pair[1]))
        return next((code for code, one in labels if f" {normal_heading(one)} " in folded), None)
    pattern = _IN_TITLE.get(column.type)
    if pattern is not None:
        match = pattern.search(folded_text(text))
        return None if match is None else read(match[1])[0]
    return read(text)[0] if column.type == "subject" else None


def _school_in_titles(table: RecordTable, titles: tuple[Cell, ...]) -> str | None:
    """Return the login, else the name of the school that the titles name, when the register allows it there."""
    columns = [column for column in table.columns if column.school and column.in_title]
    if not columns:
        return None
    texts = [cell_text(title) for title in titles]
    labelled = [cell_text(value) for column in columns if (value := _after_label(titles, column)) is not None]
    for text in [*labelled, *texts]:
        code = school_code_in(text)
        if code is not None:
            return code
    named = [*labelled, *(text for text in texts if _SCHOOL_NAME.search(text) and len(text) <= _LONGEST_NAME)]
    return next((text for text in named if text and not guard_text(text).kinds), None)
