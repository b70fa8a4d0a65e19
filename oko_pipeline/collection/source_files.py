"""Any file of the inbox becomes a `Workbook`, or an `UnreadableFileError` that says why not. Content decides.

Nothing here knows of layouts. Reading goes through calamine after `guards` have looked at the bytes.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from oko_pipeline.collection.archives import ReadLimits, damaged, inflate, open_zip, too_large
from oko_pipeline.collection.guards import EmptyFormula, check_xls, check_xlsb, check_xlsx, is_ole
from oko_pipeline.collection.layout import Cell, Sheet, Workbook
from oko_pipeline.errors import UnreadableFileError

_EXTENSIONS: Final = {
    "xlsx": {".xlsx", ".xlsm"},
    "xlsm": {".xlsm", ".xlsx"},
    "xlsb": {".xlsb"},
    "xls": {".xls"},
    "csv": {".csv", ".txt", ".tsv"},
}
_TABLE_EXTENSIONS: Final = frozenset().union(*_EXTENSIONS.values())
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CODE_PAGES: Final = ("cp1251", "cp866", "koi8-r")
_DELIMITERS: Final = ";\t,|"
_SHEET_ENTRY: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_ATTRIBUTE: Final = re.compile(r"([\w:]+)=[\"']([^\"']*)[\"']")


@dataclass(frozen=True, slots=True)
class FormulaWithoutValue:
    """A cell whose formula was never computed, so it reads as empty; `row` is 1-based, the column 0-based."""

    sheet: str
    row: int
    column_index: int


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A workbook with what its opening showed. `kind` is what the content is: xlsx, xlsm, xlsb, xls or csv."""

    workbook: Workbook
    kind: str
    is_wrong_extension: bool = False
    formulas_without_value: tuple[FormulaWithoutValue, ...] = ()


def open_workbook(data: bytes, path: str, limits: ReadLimits) -> OpenedFile:
    """Read a file's bytes as a workbook.

    Args:
        data: content of the file.
        path: path of the file: only its extension is compared with the content.
        limits: how much the file may cost.

    Raises:
        UnreadableFileError: rule `file.unreadable`, `file.encrypted`, `file.dangerous` or `file.too_large`.
    """
    if len(data) > limits.maximum_file_bytes:
        raise too_large(f"{len(data) >> 20} МБ, допустимо {limits.maximum_file_bytes >> 20} МБ")
    if not data.strip(b"\0 \r\n\t"):
        raise damaged("он пуст (нет ни одного байта данных)")
    formulas: list[FormulaWithoutValue] = []
    if data.startswith(b"PK"):
        kind, formulas = _check_zip(data, limits)
        workbook = _read_calamine(data)
    elif is_ole(data):
        kind = "xls"
        check_xls(data, limits)
        workbook = _read_calamine(data)
    else:
        kind = "csv"
        workbook = _read_text(data, limits)
    suffix = PurePosixPath(path.replace("!", "/")).suffix.lower()
    # A text under a name that promises no table (README.md) is simply no table, not a table under a wrong name.
    is_wrong = suffix not in _EXTENSIONS[kind] and (kind != "csv" or suffix in _TABLE_EXTENSIONS)
    return OpenedFile(workbook, kind, is_wrong, tuple(formulas))


def _check_zip(data: bytes, limits: ReadLimits) -> tuple[str, list[FormulaWithoutValue]]:
    with open_zip(data, limits) as archive:
        names = {name.lower() for name in archive.namelist()}
        if "xl/workbook.bin" in names:
            check_xlsb(data, archive, limits)
            return "xlsb", []
        if "xl/workbook.xml" not in names:
            raise damaged(_foreign_zip(names))
        formulas = _name_sheets(check_xlsx(data, archive, limits), data, archive)
        return "xlsm" if "xl/vbaproject.bin" in names else "xlsx", formulas


def _foreign_zip(names: set[str]) -> str:
    if "word/document.xml" in names:
        return "это документ Word, а не книга Excel"
    if "mimetype" in names and "content.xml" in names:
        return "это таблица OpenDocument; сохраните её как .xlsx"
    if any(name.endswith((".xlsx", ".xls", ".csv")) for name in names):
        return "это архив с файлами внутри; дайте ему расширение .zip"
    return "это архив, а не книга Excel"


def _name_sheets(found: list[EmptyFormula], data: bytes, archive: zipfile.ZipFile) -> list[FormulaWithoutValue]:
    """Put the names of sheets in place of the names of their parts."""
    if not found:
        return []
    targets: dict[str, str] = {}
    names: dict[str, str] = {}
    for member in archive.infolist():
        if member.filename.lower() == "xl/_rels/workbook.xml.rels":
            for element in re.findall(r"<[^>]*Relationship\b[^>]*>", inflate(data, member).decode("utf-8", "replace")):
                attributes = dict(_ATTRIBUTE.findall(element))
                targets[attributes.get("Id", "")] = attributes.get("Target", "").rsplit("/", 1)[-1]
        elif member.filename.lower() == "xl/workbook.xml":
            for element in _SHEET_ENTRY.findall(inflate(data, member).decode("utf-8", "replace")):
                attributes = dict(_ATTRIBUTE.findall(element))
                names[attributes.get("r:id", "")] = attributes.get("name", "")
    by_part = {target: names[key] for key, target in targets.items() if key in names}
    return [
        FormulaWithoutValue(by_part.get(one.part.rsplit("/", 1)[-1], one.part), one.row, one.column_index)
        for one in found
    ]


def _read_calamine(data: bytes) -> Workbook:
    return _guarded(lambda: _load(data))


def _load(data: bytes) -> Workbook:
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        sheets: list[Sheet] = []
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_name(meta.name)
                rows: list[Any] = sheet.to_python(skip_empty_area=False)
                ranges = sheet.merged_cell_ranges or ()
                merged = tuple((*first, *last) for first, last in ranges)
                is_hidden = meta.visible != SheetVisibleEnum.Visible
                sheets.append(Sheet(meta.name, rows, merged, is_hidden))
        # A hidden sheet may be an older copy of the one that people see and fill.
        return Workbook(tuple(sorted(sheets, key=lambda one: one.is_hidden)))


def _guarded(read: Callable[[], Workbook]) -> Workbook:
    """Run calamine; a damaged file may make it fail, and even panic, which is no `Exception` in Python."""
    try:
        return read()
    except PasswordError as error:
        raise UnreadableFileError("file.encrypted", "Книга защищена паролем на открытие.") from error
    except (CalamineError, ValueError, OSError, OverflowError) as error:
        raise damaged("книга повреждена или передана не полностью") from error
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":
            raise
        raise damaged("книга повреждена") from fault


def _read_text(data: bytes, limits: ReadLimits) -> Workbook:
    text = _decoded(data)
    start = text[:2000].lstrip().lower()
    if start.startswith(("<!doctype html", "<html", "<table", "<head", "<body")):
        raise damaged("это веб-страница, а не книга Excel; сохраните её как .xlsx")
    if start.startswith(("<?xml", "<workbook")):
        raise damaged("это файл XML, а не книга Excel; сохраните его как .xlsx")
    if start.startswith(("%pdf", "{\\rtf")):
        raise damaged("это документ, а не таблица")
    delimiter = _delimiter(text)
    rows: list[list[Cell]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(list(row))
            cells += max(len(row), 1)
            if cells > limits.maximum_cells:
                raise too_large(f"в нём больше {limits.maximum_cells} ячеек")
    except csv.Error as error:
        raise damaged("текст не разбирается как таблица CSV") from error
    width = max(map(len, rows), default=0)
    if width * len(rows) > limits.maximum_cells:
        raise too_large(f"таблица размером {len(rows)} × {width} ячеек, допустимо {limits.maximum_cells}")
    return Workbook((Sheet("csv", [row + [""] * (width - len(row)) for row in rows]),))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if (wide := _wide_encoding(data)) is not None:
        return data.decode(wide, "replace")
    if _CONTROL.search(data[: 1 << 20]):
        raise damaged("это не книга Excel и не текст CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(_code_page(data), "replace")


def _wide_encoding(data: bytes) -> str | None:
    """Return UTF-16 without a mark of its order: one byte of two is the page of its letters."""
    start = data[: min(len(data), 4096) & ~1]
    for name, high in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        # A signature such as of OLE or ZIP is no text, whatever its bytes.
        if len(high) > 8 and sum(byte in (0, 4, 0x20, 0x21) for byte in high) == len(high) and high.count(0) > 2:
            return name
    return None


def _code_page(data: bytes) -> str:
    """Return the Russian code page that gives most of the commonest small letters; Excel writes CSV in Windows-1251."""

    def commonness(name: str) -> int:
        text = data[: 1 << 16].decode(name, "replace")
        return sum(map(text.count, "оеаинтсрвл"))

    return max(_CODE_PAGES, key=commonness)


def _delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].splitlines()[:30] if line.strip()]
    counts = {delimiter: sum(line.count(delimiter) for line in lines) for delimiter in _DELIMITERS}
    return max(counts, key=lambda delimiter: (counts[delimiter], -_DELIMITERS.index(delimiter)))
