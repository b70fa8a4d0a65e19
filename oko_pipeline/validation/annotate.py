"""The submitted workbook goes back with its faulty cells filled and commented, and a first sheet «Замечания».

A workbook of many schools can be reduced to one school's rows: a school may only see its own pupils. Reading results
out of a workbook is the collection's work; here cells are only copied and marked.
"""

import csv
import io
import logging
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import column_letter
from oko_pipeline.validation.wording import counted

SHEET_TITLE: Final = "Замечания"
MAXIMUM_COMMENTS: Final = 2000
"""Excel keeps every comment as a drawing; beyond this many in a sheet it crawls. Further cells are filled only, and the
sheet «Замечания», which lists all findings, says so."""

_FILLS: Final = {"error": "FFC7CE", "warning": "FFEB9C", "note": "DDEBF7"}
_SEVERITY_RU: Final = {"error": "Ошибка", "warning": "Предупреждение", "note": "К сведению"}
_HEADERS: Final = (
    ("№", 6),
    ("Тяжесть", 16),
    ("Лист", 16),
    ("Ячейка", 10),
    ("Что не так", 60),
    ("Стоит", 18),
    ("Ожидалось", 26),
    ("Как исправить", 60),
    ("ОО", 13),
    ("Правило", 26),
)
_LOGIN: Final = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{3}\d{6})(?!\d)")
_LOGIN_LENGTH: Final = 9
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_DANGEROUS_FORMULA: Final = re.compile(
    r"\||\[|WEBSERVICE|HYPERLINK|IMPORT|FILTERXML|CALL\s*\(|EXEC\s*\(|REGISTER|RTD\s*\(|DDE|https?:|\\\\", re.IGNORECASE
)
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

_ZIP: Final = b"PK\x03\x04"
_SAVED_AT: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")
_OLE: Final = b"\xd0\xcf\x11\xe0"
_Rows = list[list[Any]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SchoolPart:
    """One school's part of a workbook.

    `rows` are the school's rows (1-based, by sheet) and `first_rows` the first row of any pupil in the sheet, as the
    works tell: `source_row` of the school, and its minimum over all schools. Without `rows` the logins in them decide.
    """

    school_code: str
    rows: Mapping[str, frozenset[int]] | None = None
    first_rows: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a finding stands in the annotated copy."""

    sheet: str
    row: int
    column: int


def annotate_workbook(
    source: Path | bytes, findings: pd.DataFrame, school_code: str | None = None, part: SchoolPart | None = None
) -> bytes:
    """Return an .xlsx copy of a workbook with faulty cells filled and commented, and the sheet «Замечания» in front.

    Args:
        source: .xlsx or .xlsm (styles are kept, macros and outer links are not); .xls, .xlsb, .csv (values only).
        findings: rows of `quality_findings` about this file; all of them are listed, also those without a cell.
        school_code: keep this school's rows only, found by the logins in them, and its findings.
        part: the same, with the school's rows known beforehand.

    Raises:
        UnreadableFileError: when the workbook cannot be opened.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    chosen = part or (SchoolPart(school_code) if school_code else None)
    remarks: list[str] = []
    book = _open_xlsx(content) if chosen is None and content[:4] == _ZIP else None
    if book is not None:
        places = _places(findings, book.sheetnames, None)
        shown = findings
    else:
        sheets = _read_values(content)
        kept = None
        shown = findings
        if chosen is not None:
            sheets, kept, remarks = _reduce(sheets, chosen, partial(_sheet_logins, content))
            shown = _findings_of_school(findings, chosen.school_code, kept)
        book = _fresh_book(sheets)
        places = _places(shown, list(sheets), kept)
    if chosen is not None:
        remarks.insert(0, f"Оставлены только строки ОО {chosen.school_code}; номера строк — этой копии.")
    remarks += _mark_cells(book, shown, places)
    _list_findings(book, shown, places, remarks)
    target = io.BytesIO()
    book.save(target)
    return _steady(target.getvalue())


def _steady(content: bytes) -> bytes:
    """Return a workbook without the time of its saving: the same rows and findings make the same bytes."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as saved,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as steady,
    ):
        for name in saved.namelist():
            part = saved.read(name)
            if name == "docProps/core.xml":
                part = _SAVED_AT.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", part)
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            steady.writestr(member, part)
    return target.getvalue()


def _open_xlsx(content: bytes) -> Any:
    """Open a workbook with its styles; None when openpyxl cannot (.xlsb, faulty styles): then the values are taken."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, SyntaxError, KeyError, ValueError, TypeError, OSError):
        _log.info("openpyxl cannot open the workbook, its values are copied", exc_info=True)
        return None
    cells: Any
    for sheet in book.worksheets:
        for cells in sheet.iter_rows():
            for cell in cells:
                if cell.data_type == "f" and _DANGEROUS_FORMULA.search(str(cell.value)):
                    cell.value = "'" + str(cell.value)
    return book


@lru_cache(maxsize=2)
def _read_values(content: bytes) -> dict[str, _Rows]:
    """Read the values of all sheets by sheet name, from A1 on.

    A dump of many schools is asked for school by school: its sheets are read once. Nobody changes the rows.
    """
    if content[:4] not in (_ZIP, _OLE):
        return {"csv": _read_csv(content)}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFileError("file.unreadable", f"Книга не открывается: {error}") from error


def _read_csv(content: bytes) -> _Rows:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The other encoding Excel writes in Russia; it decodes any bytes but five.
        text = content.decode("cp1251", errors="replace")
    head = text[:10_000]
    delimiter = max(";,\t", key=head.count)
    return [list(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]


@lru_cache(maxsize=2)
def _sheet_logins(content: bytes) -> dict[str, list[tuple[frozenset[str], bool]]]:
    """Return for every row of every sheet the school codes in it and whether it heads a group of rows."""
    return {name: [_logins(row) for row in rows] for name, rows in _read_values(content).items()}


def _reduce(
    sheets: Mapping[str, _Rows],
    part: SchoolPart,
    logins: Callable[[], Mapping[str, list[tuple[frozenset[str], bool]]]],
) -> tuple[dict[str, _Rows], dict[str, dict[int, int]], list[str]]:
    """Keep headers and the school's rows; return sheets, new row numbers by old ones, and remarks for the reader.

    A sheet in which nothing tells whose a row is stays out as a whole: better too little than other people's pupils.
    """
    reduced: dict[str, _Rows] = {}
    numbers: dict[str, dict[int, int]] = {}
    left_out: list[str] = []
    for name, rows in sheets.items():
        own = part.rows.get(name) if part.rows is not None else None
        kept = (
            _own_rows(logins()[name], part.school_code)
            if own is None
            else [*_header_rows(name, rows, part), *sorted(own)]
        )
        if kept is None:
            left_out.append(f"«{name}»")
            continue
        numbers[name] = {old: new for new, old in enumerate(kept, 1)}
        reduced[name] = [rows[old - 1] for old in kept if old <= len(rows)]
    remarks = [f"Без логинов ОО и потому не включены листы: {', '.join(left_out)}."] if left_out else []
    return reduced or {"Нет данных": []}, numbers, remarks


def _logins(row: list[Any]) -> tuple[frozenset[str], bool]:
    """Return the school codes named in a row, and whether one stands in brackets (the heading of a group of rows)."""
    codes: set[str] = set()
    is_heading = False
    for value in row:
        if isinstance(value, str) and len(value) >= _LOGIN_LENGTH:
            for match in _LOGIN.finditer(value):
                codes.add(school_code_from_login(match[1]) or "")
                is_heading = is_heading or value[: match.start()].rstrip().endswith("(")
    return frozenset(codes), is_heading


def _own_rows(logins: list[tuple[frozenset[str], bool]], school_code: str) -> list[int] | None:
    """Return the 1-based rows to keep by their logins; None when the sheet has no login at all."""
    kept: list[int] = []
    group: frozenset[str] = frozenset()
    seen = False
    for number, (codes, is_heading) in enumerate(logins, 1):
        if is_heading:
            group = codes
        elif codes:
            group = frozenset()
        owner = codes or group
        if (not seen and not codes) or owner == {school_code}:
            kept.append(number)
        seen = seen or bool(codes)
    return kept if seen else None


def _header_rows(sheet: str, rows: _Rows, part: SchoolPart) -> list[int]:
    """Return the rows above all pupils; where it is not known where these begin, the rows before the first number."""
    if part.first_rows is not None and sheet in part.first_rows:
        return list(range(1, part.first_rows[sheet]))
    own = (part.rows or {}).get(sheet, frozenset())
    heads: list[int] = []
    for number, row in enumerate(rows[: min(own, default=1) - 1], 1):
        filled = [value for value in row if value not in ("", None)]
        texts = [value for value in filled if isinstance(value, str) and not _NUMBER.fullmatch(value.strip())]
        if _logins(row)[0] or len(texts) < len(filled):
            break
        heads.append(number)
    return heads


def _findings_of_school(
    findings: pd.DataFrame, school_code: str, kept: Mapping[str, Mapping[int, int]]
) -> pd.DataFrame:
    """Keep the school's findings, and those about the file as a whole or its headers."""
    ours = findings["school_code"] == school_code
    of_file = findings["school_code"].isna() & findings["row"].isna()
    on_kept = [
        pd.isna(code) and not pd.isna(row) and int(row) in kept.get(sheet, {})
        for code, row, sheet in zip(findings["school_code"], findings["row"], findings["sheet"], strict=True)
    ]
    return findings.loc[ours.fillna(value=False).astype(bool) | of_file | pd.Series(on_kept, index=findings.index)]


def neutral(value: Any) -> Any:
    """Return a value that a spreadsheet cannot take for a formula; numbers with a sign stay as they are."""
    if not isinstance(value, str):
        return value
    text = _ILLEGAL.sub(" ", value)[:32_000]
    if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text.strip()):
        return "'" + text
    return text


def _fresh_book(sheets: Mapping[str, _Rows]) -> Any:
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "_", name)[:31])
        widths: dict[int, int] = {}
        for number, row in enumerate(rows):
            sheet.append([neutral(value) for value in row])
            if number < 50:
                for column, value in enumerate(row, 1):
                    widths[column] = max(widths.get(column, 0), len(str(value)))
        for column, width in widths.items():
            sheet.column_dimensions[get_column_letter(column)].width = min(max(6, width + 2), 40)
    return book


def _places(
    findings: pd.DataFrame, sheet_names: list[str], kept: Mapping[str, Mapping[int, int]] | None
) -> list[_Place | None]:
    """Return the place of every finding in the copy; a finding of a row as a whole stands in its first cell."""
    places: list[_Place | None] = []
    for sheet, row, column in zip(findings["sheet"], findings["row"], findings["column"], strict=True):
        name = sheet_names[0] if pd.isna(sheet) and len(sheet_names) == 1 else sheet
        if pd.isna(row) or name not in sheet_names:
            places.append(None)
            continue
        number = int(row) if kept is None else kept.get(name, {}).get(int(row))
        places.append(None if number is None else _Place(name, number, 0 if pd.isna(column) else _column_index(column)))
    return places


def _column_index(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _comment_text(record: Mapping[str, Any]) -> str:
    lines = [str(record["message"])]
    if not pd.isna(record["expected"]):
        lines.append(f"Ожидалось: {record['expected']}.")
    lines.append(f"Как исправить: {record['mend']}")
    return "\n".join(lines)


def _mark_cells(book: Any, findings: pd.DataFrame, places: list[_Place | None]) -> list[str]:
    """Fill and comment the cells; return remarks about what could not be commented."""
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    fills = {severity: PatternFill("solid", fgColor=colour) for severity, colour in _FILLS.items()}
    by_place: dict[_Place, list[dict[str, Any]]] = {}
    for place, record in zip(places, findings.to_dict("records"), strict=True):
        if place is not None:
            by_place.setdefault(place, []).append({str(name): value for name, value in record.items()})
    commented: dict[str, int] = {}
    bare = 0
    for place, records in by_place.items():
        cell = _anchor(book[place.sheet], place)
        worst = min((str(record["severity"]) for record in records), key=list(_FILLS).index)
        cell.fill = fills[worst]
        number = commented.get(place.sheet, 0)
        if number >= MAXIMUM_COMMENTS:
            bare += 1
            continue
        commented[place.sheet] = number + 1
        text = "\n\n".join(_comment_text(record) for record in records)
        cell.comment = Comment(
            text, "Проверка данных", width=360, height=60 + 18 * (len(text) // 48 + text.count("\n"))
        )
    if not bare:
        return []
    others = counted(bare, "ячейка", "ячейки", "ячеек")
    text = f"Примечания стоят у первых {MAXIMUM_COMMENTS} ячеек листа; ещё {others} только закрашены: они есть ниже."
    return [text]


def _anchor(sheet: Any, place: _Place) -> Any:
    """Return the cell of a place; in a merged range its first cell, the only one that can be marked."""
    from openpyxl.cell.cell import MergedCell

    cell = sheet.cell(place.row, place.column + 1)
    if isinstance(cell, MergedCell):
        own = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
        return sheet.cell(own.min_row, own.min_col)
    return cell


def _list_findings(book: Any, findings: pd.DataFrame, places: list[_Place | None], remarks: list[str]) -> None:
    """Write the first sheet: every finding, worst first, with a link to its cell."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.hyperlink import Hyperlink

    title = SHEET_TITLE
    while title in book.sheetnames:
        title = f"{title} (новые)"
    sheet = book.create_sheet(title, 0)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    sheet.append([f"Замечания к файлу: {_totals(findings)}."])
    sheet["A1"].font = Font(bold=True, size=14)
    for remark in (
        "Исправьте закрашенные ячейки и отправьте файл заново; лист «Замечания» удалять не нужно.",
        *remarks,
    ):
        sheet.append([remark])
    header = sheet.max_row + 2
    for column, (name, width) in enumerate(_HEADERS, 1):
        cell = sheet.cell(header, column, name)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="D9D9D9")
        sheet.column_dimensions[column_letter(column - 1)].width = width
    sheet.freeze_panes = f"A{header + 1}"
    sheet.print_title_rows = f"{header}:{header}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    wrap, link_font = Alignment(wrap_text=True, vertical="top"), Font(color="0563C1", underline="single")
    fills = {severity: PatternFill("solid", fgColor=colour) for severity, colour in _FILLS.items()}
    order = sorted(
        zip(places, findings.to_dict("records"), strict=True),
        key=lambda pair: (list(_FILLS).index(pair[1]["severity"]), *_sort_place(pair[0])),
    )
    for number, (place, record) in enumerate(order, 1):
        row = header + number
        address = f"{column_letter(place.column)}{place.row}" if place else ""
        values = [
            number,
            _SEVERITY_RU[record["severity"]],
            place.sheet if place else record["sheet"],
            address or record["cell"],
            *(record[name] for name in ("message", "value", "expected", "mend", "school_code", "rule_id")),
        ]
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column, None if pd.isna(value) else neutral(value))
            cell.alignment = wrap
        sheet.cell(row, 2).fill = fills[record["severity"]]
        if place:
            cell = sheet.cell(row, 4)
            location = "'" + place.sheet.replace("'", "''") + f"'!{address}"
            cell.hyperlink = Hyperlink(ref=cell.coordinate, location=location, display=address)
            cell.font = link_font


def _totals(findings: pd.DataFrame) -> str:
    counts = findings["severity"].value_counts()
    words = {
        "error": ("ошибка", "ошибки", "ошибок"),
        "warning": ("предупреждение", "предупреждения", "предупреждений"),
        "note": ("к сведению", "к сведению", "к сведению"),
    }
    told = [counted(int(counts[severity]), *forms) for severity, forms in words.items() if severity in counts]
    return ", ".join(told) or "нет"


def _sort_place(place: _Place | None) -> tuple[str, int, int]:
    return (place.sheet, place.row, place.column) if place else ("", 0, 0)
