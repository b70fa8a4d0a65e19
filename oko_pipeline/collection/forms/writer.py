"""Writes the forms of a school year: a workbook a form, a sheet a register, one set for each school and municipality.

The same input gives the same bytes. A form that somebody has filled in is never overwritten.
"""

import io
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pandas as pd
import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from oko_pipeline.catalogue.keys import check_school_year
from oko_pipeline.catalogue.records import WHOLE_TERRITORY, Level, RecordColumn, RecordForm, RecordTable, record_forms
from oko_pipeline.collection.forms.instruction import write_instruction
from oko_pipeline.collection.forms.service_sheet import (
    INSTRUCTION_SHEET,
    SERVICE_SHEET,
    SIGNATURE,
    FormIdentity,
    content_fingerprint,
    read_identity,
    row_fingerprint,
)
from oko_pipeline.collection.forms.sheets import (
    HEADER_ROW,
    SERVICE_REFERENCE,
    UPRIGHT_TITLES,
    FormSheet,
    ListRange,
    answer_cells,
    form_columns,
    inline_list,
    list_values,
    write_sheet,
)
from oko_pipeline.collection.layout import Sheet, Workbook
from oko_pipeline.quality import column_letter

_Previous = Mapping[str, Mapping[str, Sequence[Mapping[str, object]]]]

_TERRITORY_RU: Final = "Вся территория"
_UNSAFE: Final = re.compile(r"[\\/:*?\"<>|\x00-\x1f]+")
_TITLE_LENGTH: Final = 60
_FIRST_LIST_COLUMN: Final = 4
_SHARED_TEXTS: Final = "xl/sharedStrings.xml"
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
_CONTROLS: Final = re.compile(r"[\x00-\x1f]+")
_SIGNS: Final = {
    name: f"\ue000{name}\ue001"
    for name in ("school_code", "school_name", "municipality_code", "municipality_name", "title_ru")
}
"""Texts in place of an owner's; the letters around them belong to no script."""
_log = logging.getLogger(__name__)

_FONT: Final = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
_LINED: Final = {"border": 1, "border_color": "#BFBFBF"}
_OPEN: Final[dict[str, object]] = {**_FONT, "locked": False, "text_wrap": True}
_NUMBERS: Final[dict[str, dict[str, object]]] = {
    "text": {},
    "integer": {"num_format": "0", "align": "right"},
    "number": {"num_format": "General", "align": "right"},
    "percent": {"num_format": "0.##", "align": "right"},
    "date": {"num_format": "dd.mm.yyyy", "align": "center"},
    "grade": {"num_format": "0", "align": "center"},
}
_FORMATS: Final[dict[str, dict[str, object]]] = {
    "title": {**_FONT, "bold": True, "font_size": 14},
    "owner": {**_FONT, "font_color": "#404040"},
    "hint": {**_FONT, "italic": True, "font_color": "#606060"},
    "plain": {**_FONT, "text_wrap": True},
    "label": {**_FONT, **_LINED, "text_wrap": True, "bg_color": "#F2F2F2"},
    "label_required": {**_FONT, **_LINED, "text_wrap": True, "bg_color": "#F8E5C8"},
    "about": {**_FONT, **_LINED, "text_wrap": True},
    "about_bold": {**_FONT, "text_wrap": True, "bold": True},
    "header": {**_FONT, **_LINED, "bold": True, "text_wrap": True, "bg_color": "#E7E6E6", "align": "center"},
    "required": {**_FONT, **_LINED, "bold": True, "text_wrap": True, "bg_color": "#F8E5C8", "align": "center"},
    "bad": {"bg_color": "#FFC7CE", "font_color": "#9C0006"},
    "missing": {"bg_color": "#FFF2CC"},
    **{name: {**_OPEN, **own} for name, own in _NUMBERS.items()},
    **{f"lined_{name}": {**_OPEN, **own, **_LINED} for name, own in _NUMBERS.items()},
    **{f"preset_{name}": {**_OPEN, **own, **_LINED} for name, own in _NUMBERS.items()},
    **{
        f"offered_{name}": {**_OPEN, **own, **_LINED, "bg_color": "#DDEBF7", "quote_prefix": name == "text"}
        for name, own in _NUMBERS.items()
    },
}


@dataclass(frozen=True, slots=True)
class WrittenForms:
    """What was written: every form's path; `kept` maps a filled form that stands to the new one laid beside it."""

    paths: list[Path] = field(default_factory=list)
    kept: dict[Path, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A school, a municipality or the territory that gets forms.

    `schools` are offered in lists of a municipality's forms; `is_whole`: rows that are nobody's are its own.
    """

    level: Level
    identity: FormIdentity
    folder: str
    title_ru: str
    schools: tuple[str, ...] = ()
    is_whole: bool = False


def write_forms(
    target: Path,
    school_year: str,
    schools: pd.DataFrame,
    municipalities: pd.DataFrame,
    previous: Mapping[str, pd.DataFrame],
    only_schools: Iterable[str] | None = None,
) -> list[Path]:
    """Write all forms that are handed out and return their paths; see `issue_forms`."""
    return issue_forms(target, school_year, schools, municipalities, previous, only_schools).paths


def issue_forms(
    target: Path,
    school_year: str,
    schools: pd.DataFrame,
    municipalities: pd.DataFrame,
    previous: Mapping[str, pd.DataFrame],
    only_schools: Iterable[str] | None = None,
) -> WrittenForms:
    """Write all forms that are handed out, in a folder for each school and municipality.

    Args:
        target: folder for the forms; made when missing.
        school_year: the year of the forms.
        schools: rows of `schools`.
        municipalities: rows of `municipalities`.
        previous: last year's rows by register, in the form of its contract; offered where the register carries over.
        only_schools: codes of schools; then only these get forms, and no municipality does.

    Raises:
        CatalogueError: for a text that is no school year.
    """
    written = WrittenForms()
    for blank in blank_forms(school_year, schools, municipalities, previous, only_schools):
        _lay_down(target / blank.owner_code / blank.file_name, blank.content, written)
    return written


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A form as it is handed out: whose it is (code of a school or municipality), its file name and bytes."""

    form: RecordForm
    level: Level
    owner_code: str
    file_name: str
    content: bytes


def blank_forms(
    school_year: str,
    schools: pd.DataFrame,
    municipalities: pd.DataFrame,
    previous: Mapping[str, pd.DataFrame],
    only_schools: Iterable[str] | None = None,
) -> Iterator[BlankForm]:
    """Yield the forms that are handed out, by owner; arguments as in `issue_forms`.

    Raises:
        CatalogueError: for a text that is no school year.
    """
    check_school_year(school_year)
    wanted = None if only_schools is None else frozenset(only_schools)
    rows = {name: _by_school(frame) for name, frame in previous.items()}
    presses: dict[str, _Press] = {}
    for owner in _owners(school_year, schools, municipalities, wanted):
        for form in record_forms().values():
            if form.is_handed_out and _is_asked(form, owner, rows):
                content = presses.setdefault(form.form_code, _Press(form)).form_of(owner, rows)
                yield BlankForm(form, owner.level, owner.folder, _file_name(form, owner.identity), content)


def _is_asked(form: RecordForm, owner: _Owner, rows: _Previous) -> bool:
    tables = form_tables(form, owner.level)
    if owner.level == "territory":
        return any(_rows_of(table, owner, rows) for table in tables)
    return owner.level in form.levels and bool(tables)


def _owners(
    school_year: str, schools: pd.DataFrame, municipalities: pd.DataFrame, wanted: frozenset[str] | None
) -> Iterator[_Owner]:
    names = dict(zip(municipalities["municipality_code"], municipalities["municipality_name"], strict=True))
    columns = ["school_code", "school_name", "municipality_code"]
    listed: dict[str, list[str]] = {}
    for code, name, municipality in schools[columns].sort_values("school_code").itertuples(index=False):
        listed.setdefault(municipality, []).append(f"{code} | {name}" if name != code else code)
        if wanted is not None and code not in wanted:
            continue
        place = names.get(municipality, "")
        identity = FormIdentity("", "", school_year, code, name, str(municipality), place)
        title = name if name != code else f"ОО {code}"
        yield _Owner("school", identity, code, f"{title} ({code})" if name != code else title)
    if wanted is not None:
        return
    for code in sorted(names):
        identity = FormIdentity("", "", school_year, "", "", code, names[code])
        own = tuple(listed.get(code, ()))
        yield _Owner("municipality", identity, code, str(names[code]), own, is_whole=len(names) == 1)
    if len(names) > 1:
        identity = FormIdentity("", "", school_year, "", "", WHOLE_TERRITORY, _TERRITORY_RU)
        every = tuple(sorted(one for own in listed.values() for one in own))
        yield _Owner("territory", identity, _TERRITORY_RU, _TERRITORY_RU, every, is_whole=True)


def _by_school(frame: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    """Return rows by code of the school, or of the municipality when the row is its own."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    found: dict[str, list[dict[str, object]]] = {}
    for record in records:
        owner = str(record.get("school_code") or record.get("municipality_code") or "")
        found.setdefault(owner, []).append({str(k): v for k, v in record.items()})
    return found


def form_tables(form: RecordForm, level: Level) -> tuple[RecordTable, ...]:
    """Return the registers of a form that a school or a municipality is asked for."""
    return tuple(table for table in form.tables if level in (table.levels or form.levels))


class _Press:
    """Writes one form for many owners: forms that differ by the owner's name alone are printed from one plate.

    Schools' forms without rows of last year differ in a few texts only, which all stand in the part of shared texts:
    it is replaced, the rest of the archive is copied. That takes a tenth of the time of writing a workbook anew.
    """

    def __init__(self, form: RecordForm) -> None:
        self._form = form
        self._plate: tuple[bytes, str] | None = None

    def form_of(self, owner: _Owner, previous: _Previous) -> bytes:
        """Return the form of an owner as the bytes of a workbook; equal input gives equal bytes."""
        if owner.level != "school" or any(_rows_of(table, owner, previous) for table in self._form.tables):
            return _form_bytes(self._form, owner, previous)
        if self._plate is None:
            self._plate = self._cast(owner.identity.school_year)
        rest, texts = self._plate
        for name, sign in _SIGNS.items():
            value = owner.title_ru if name == "title_ru" else getattr(owner.identity, name)
            texts = texts.replace(sign, escape(_CONTROLS.sub(" ", value).strip()))
        stream = io.BytesIO(rest)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(_SHARED_TEXTS, _FIRST_DAY), texts, zipfile.ZIP_DEFLATED)
        return stream.getvalue()

    def _cast(self, school_year: str) -> tuple[bytes, str]:
        """Return a form with signs in place of the owner: the archive without its shared texts, and these."""
        identity = FormIdentity(
            school_year=school_year,
            school_code=_SIGNS["school_code"],
            school_name=_SIGNS["school_name"],
            municipality_code=_SIGNS["municipality_code"],
            municipality_name=_SIGNS["municipality_name"],
        )
        written = _form_bytes(self._form, _Owner("school", identity, "", _SIGNS["title_ru"]), {})
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(written)) as whole:
            texts = whole.read(_SHARED_TEXTS).decode()
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as rest:
                for name in whole.namelist():
                    if name != _SHARED_TEXTS:
                        rest.writestr(zipfile.ZipInfo(name, _FIRST_DAY), whole.read(name), zipfile.ZIP_DEFLATED)
        return stream.getvalue(), texts


def _form_bytes(form: RecordForm, owner: _Owner, previous: _Previous) -> bytes:
    """Return a form of an owner as the bytes of a workbook; equal input gives equal bytes."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # The day is part of the bytes: the first one of the school year, not today.
    created = datetime(int(owner.identity.school_year[:4]), 9, 1)  # noqa: DTZ001
    book.set_properties({"title": form.title_ru, "created": created})
    formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
    instruction = book.add_worksheet(INSTRUCTION_SHEET)
    lists = _Lists()
    sheets = [_form_sheet(table, owner, previous, lists) for table in form_tables(form, owner.level)]
    write_instruction(instruction, form, sheets, formats)
    cells: dict[tuple[str, int, int], object] = {}
    for sheet in sheets:
        write_sheet(book.add_worksheet(sheet.table.sheet_ru), sheet, formats)
        cells |= answer_cells(sheet)
    identity = replace(
        owner.identity,
        form_code=form.form_code,
        form_version=str(form.version),
        content=content_fingerprint(cells),
        offered={sheet.table.name: _fingerprints(sheet.table, sheet.rows) for sheet in sheets if sheet.rows},
        preset={sheet.table.name: _fingerprints(sheet.table, sheet.preset) for sheet in sheets if sheet.preset},
    )
    _write_service(book, identity, lists)
    instruction.activate()
    book.close()
    return stream.getvalue()


def _form_sheet(table: RecordTable, owner: _Owner, previous: _Previous, lists: "_Lists") -> FormSheet:
    columns = form_columns(table, owner.level)
    rows = _rows_of(table, owner, previous)
    return FormSheet(
        table,
        columns,
        owner.identity.school_year,
        owner.title_ru,
        {column.name: found for column in columns if (found := lists.of(column, owner)) is not None},
        rows,
        () if rows else table.offered_rows,
    )


def _rows_of(table: RecordTable, owner: _Owner, previous: _Previous) -> Sequence[Mapping[str, object]]:
    """Return last year's rows that an owner is offered; rows about people are never handed out."""
    is_offered = table.carry_over and table.person is None
    if not is_offered:
        return ()
    rows = previous.get(table.name, {})
    if owner.level == "school":
        return rows.get(owner.identity.school_code, ())
    return [*rows.get(owner.identity.municipality_code, ()), *(rows.get("", ()) if owner.is_whole else ())]


def _fingerprints(table: RecordTable, rows: Sequence[Mapping[str, object]]) -> frozenset[str]:
    names = [column.name for column in table.stored_columns]
    return frozenset(row_fingerprint(row.get(name) for name in names) for row in rows)


class _Lists:
    """Lists that do not fit into a rule of a cell stand in columns of the service sheet, each once."""

    def __init__(self) -> None:
        self.columns: list[tuple[str | int, ...]] = []

    def of(self, column: RecordColumn, owner: _Owner) -> ListRange | None:
        if column.personal is not None:
            return None
        values = owner.schools if column.school else list_values(column)
        if not values:
            return None
        if inline_list(values):
            return ListRange(values)
        if values not in self.columns:
            self.columns.append(values)
        letter = column_letter(_FIRST_LIST_COLUMN + self.columns.index(values))
        return ListRange(values, f"{SERVICE_REFERENCE}${letter}$2:${letter}${len(values) + 1}")


def _write_service(book: Any, identity: FormIdentity, lists: _Lists) -> None:
    sheet = book.add_worksheet(SERVICE_SHEET)
    sheet.write_string(0, 0, SIGNATURE)
    row = 0
    for name, value in identity.lines():
        row += 1
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    for kind, tables in (("offered", identity.offered), ("preset", identity.preset)):
        for line in ((kind, table, one) for table, rows in tables.items() for one in sorted(rows)):
            row += 1
            for place, text in enumerate(line):
                sheet.write_string(row, place, text)
    for place, values in enumerate(lists.columns, _FIRST_LIST_COLUMN):
        for line, value in enumerate(values, 1):
            if isinstance(value, int):
                sheet.write_number(line, place, value)
            else:
                sheet.write_string(line, place, value)
    sheet.protect("")
    sheet.very_hidden()


def _file_name(form: RecordForm, identity: FormIdentity) -> str:
    title = " ".join(_UNSAFE.sub(" ", form.title_ru).split())[:_TITLE_LENGTH].strip(" .")
    is_whole = identity.municipality_code == WHOLE_TERRITORY
    owner = identity.school_code or (_TERRITORY_RU.lower() if is_whole else identity.municipality_code)
    return f"{title}, {identity.school_year}, {owner}.xlsx"


def _lay_down(path: Path, content: bytes, written: WrittenForms) -> None:
    """Write a form; when a filled one stands there, lay the new one beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free, number = path, 1
    while free.exists():
        known = free.read_bytes()
        if known == content:
            written.paths.append(free)
            return
        if not _is_filled(known):
            break
        number += 1
        free = path.with_stem(f"{path.stem} ({number})")
    if free != path:
        written.kept[path] = free
        _log.warning("Форма «%s» уже заполнена и не тронута; новая — «%s».", path, free)
    free.write_bytes(content)
    written.paths.append(free)


def _is_filled(content: bytes) -> bool:
    """Tell whether anybody has written into a form; what does not open as one of ours counts as filled."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = tuple(
            Sheet(name, [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)])
            for name in book.sheet_names
        )
    except (CalamineError, OSError, ValueError):
        return True
    identity = read_identity(Workbook(sheets))
    form = record_forms().get(identity.form_code)
    if form is None:
        return True
    upright = {table.sheet_ru for table in form.tables if not table.key}
    cells: dict[tuple[str, int, int], object] = {}
    for sheet in sheets:
        if sheet.name not in {SERVICE_SHEET, INSTRUCTION_SHEET}:
            is_upright = sheet.name in upright and sheet.rows[HEADER_ROW][0] == UPRIGHT_TITLES[0]
            places = range(1, 2) if is_upright else range(max(map(len, sheet.rows), default=0))
            for row in range(HEADER_ROW + 1, len(sheet.rows)):
                cells |= {(sheet.name, row, place): sheet.rows[row][place] for place in places}
    return content_fingerprint(cells) != identity.content
