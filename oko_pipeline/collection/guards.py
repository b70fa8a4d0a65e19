"""Guards of the door: what makes a workbook dangerous or too large is found in its bytes before it is read.

calamine lays every sheet out as a dense grid, so one cell at XFD1048576 in a file of one kilobyte would take all the
memory. Therefore the true extent of each sheet is taken from the references of its cells, not from its `dimension`
element, which may lie. Nothing here knows of layouts.
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from oko_pipeline.collection.archives import MEGABYTE, ReadLimits, damaged, dangerous, inflate, too_large
from oko_pipeline.errors import UnreadableFileError

_XML_SUFFIXES: Final = (".xml", ".rels", ".vml")
_ENTITY: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ROOT: Final = re.compile(rb"<[A-Za-z_]")
_WIDE_ENCODING: Final = re.compile(
    rb"\A(?:\xff\xfe|\xfe\xff|.{0,60}encoding=[\"']utf-?(?:16|32))", re.IGNORECASE | re.DOTALL
)
_ODD_WORKSHEET: Final = re.compile(
    rb"<Relationship\b(?=[^>]*/worksheet[\"'])[^>]*\bTarget=[\"'][^\"']*(?<!\.xml)(?<!\.bin)[\"']"
)
_FORMULA_CELL: Final = re.compile(
    rb"<c\s(?P<attributes>[^>]*)>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
_REFERENCE: Final = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_STRING_INDEX: Final = re.compile(rb"<c\s[^>]*\bt=\"s\"[^>]*>\s*<v>(\d+)</v>")
# Begins with plain letters: `re` looks for these several times as quickly as for alternatives.
_STATED_COUNT: Final = re.compile(rb"ount(?:(?<=\b(uniqueCount))|(?<=\bcount))\s*=\s*[\"']\s*(\d+)")
_OLE_SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class EmptyFormula:
    """A cell with a formula whose value was never computed; `row` is 1-based, the column 0-based."""

    part: str
    row: int
    column_index: int


def check_xlsx(data: bytes, archive: zipfile.ZipFile, limits: ReadLimits) -> list[EmptyFormula]:
    """Check every XML part of a workbook for entities and every sheet for its true extent.

    Returns:
        Cells whose formula has no computed value.

    Raises:
        UnreadableFileError: for document types, entities, absurd extents or texts that would not fit into memory.
    """
    formulas: list[EmptyFormula] = []
    cells = 0
    shared_lengths: np.ndarray | None = None
    sheets: list[bytes] = []
    for member in archive.infolist():
        if not member.filename.lower().endswith(_XML_SUFFIXES):
            continue
        content = inflate(data, member)
        _refuse_entities(content, member.filename)
        if member.filename.endswith("workbook.xml.rels") and _ODD_WORKSHEET.search(content):
            raise dangerous("лист записан не в XML")
        if b"sheetData" not in content:
            _refuse_counts(content, member.filename, limits)
        if member.filename.lower().endswith("sharedstrings.xml"):
            shared_lengths = _shared_lengths(content)
        elif b"sheetData" in content:
            scan = scan_sheet(content)
            cells += scan.rows * scan.columns
            if cells > limits.maximum_cells:
                raise too_large(
                    f"лист {member.filename.rsplit('/', 1)[-1]} размером {scan.rows} × {scan.columns} ячеек, "
                    f"допустимо {limits.maximum_cells} ячеек"
                )
            if scan.has_formulas:
                formulas += _empty_formulas(content, member.filename)
            sheets.append(content)
    if shared_lengths is not None:
        _refuse_repeated_text(sheets, shared_lengths, cells, limits)
    return formulas


def _refuse_entities(content: bytes, name: str) -> None:
    if _WIDE_ENCODING.match(content):
        raise dangerous(f"часть «{name}» в кодировке UTF-16, которой в книгах не бывает")
    # A document type is legal only before the root element: a prolog without `<!` is enough of a proof.
    root = _ROOT.search(content)
    prolog_end = root.start() if root else len(content)
    if content.find(b"<!", 0, prolog_end) >= 0 and _ENTITY.search(content):
        raise dangerous(f"в части «{name}» объявлены сущности XML (так устроены «XML-бомбы»)")


def _refuse_counts(content: bytes, name: str, limits: ReadLimits) -> None:
    """Refuse a part that claims more items than it can hold: calamine reserves memory for the claim and aborts."""
    for unique, digits in _STATED_COUNT.findall(content):
        most = len(content) if unique else max(len(content), limits.maximum_cells)
        if len(digits) > 12 or int(digits) > most:
            raise dangerous(f"часть «{name}» заявляет {digits[:20].decode()} элементов")


@dataclass(frozen=True, slots=True)
class SheetScan:
    """What a worksheet's XML holds: rows and columns counted from A1, and whether there may be formulas."""

    rows: int
    columns: int
    has_formulas: bool


def scan_sheet(content: bytes) -> SheetScan:
    """Measure a worksheet's XML by the references of its cells, at about the cost of inflating it."""
    # Whole-buffer comparisons of neighbours are several times quicker than looking at every found position.
    buffer = np.frombuffer(content + b"\0" * 16, dtype=np.uint8)
    following = buffer[1:]
    is_opening = buffer[:-1] == ord("<")
    has_formulas = bool(np.any(is_opening & (following == ord("f"))))
    cells = np.flatnonzero(is_opening & (following == ord("c")))
    rows = np.flatnonzero(is_opening & (following == ord("r")))
    is_row = (buffer[rows + 2] == ord("o")) & (buffer[rows + 3] == ord("w")) & (buffer[rows + 4] <= ord(">"))
    elements = int((buffer[cells + 2] <= ord(">")).sum()) + int(is_row.sum())
    found = np.flatnonzero((buffer[:-3] == ord(" ")) & (buffer[1:-2] == ord("r")) & (buffer[2:-1] == ord("=")))
    # Sheets as Excel writes them give every row and cell its reference; any other sheet is parsed.
    is_plain = len(found) > 0 and len(found) == elements and bool(np.all(buffer[found + 3] == ord('"')))
    if not is_plain or _has_prefixed_cells(buffer):
        return SheetScan(*_parsed_extent(content), has_formulas=True)
    return SheetScan(*_referenced_extent(buffer, found + 4), has_formulas)


def _has_prefixed_cells(buffer: np.ndarray) -> bool:
    """Tell whether elements such as `<x:c>` or `<x:row>` may stand in the sheet: calamine ignores namespaces."""
    after = np.flatnonzero(buffer == ord(":")) + 1
    is_cell = (buffer[after] == ord("c")) & (buffer[after + 1] <= ord(">"))
    is_row = (buffer[after] == ord("r")) & (buffer[after + 1] == ord("o")) & (buffer[after + 2] == ord("w"))
    return bool(np.any(is_cell | is_row))


def _referenced_extent(buffer: np.ndarray, starts: np.ndarray) -> tuple[int, int]:
    """Return rows and columns spanned by the references (A1, AX874, or a bare row number) that begin at `starts`."""
    lengths = np.zeros(len(starts), dtype=np.int8)
    letters = np.zeros(len(starts), dtype=np.int8)
    is_open = np.ones(len(starts), dtype=bool)
    # Byte by byte over all references: most of them end after a few bytes, and no reference is longer than eleven.
    for place in range(12):
        byte = buffer[starts + place]
        is_open &= byte != ord('"')
        if not is_open.any():
            break
        lengths += is_open
        if place < 4:
            letters += is_open & (((byte & 0xDF) - ord("A")) < 26)
    lengths[is_open] = 0
    digits = lengths - letters
    if lengths.min() == 0 or letters.max() > 3 or digits.max() > 7:
        raise dangerous("ссылка на ячейку за пределами листа Excel")
    width = int(letters.max())
    widest = starts[letters == width]
    columns = np.zeros(len(widest), dtype=np.int64)
    for place in range(width):
        columns = columns * 26 + ((buffer[widest + place] & 0xDF).astype(np.int64) - 64)
    height = int(digits.max())
    is_tallest = digits == height
    tallest = starts[is_tallest] + letters[is_tallest]
    rows = np.zeros(len(tallest), dtype=np.int64)
    for place in range(height):
        rows = rows * 10 + (buffer[tallest + place].astype(np.int64) - 48)
    return int(rows.max()) if height else 0, int(columns.max()) if width else 0


def _parsed_extent(content: bytes) -> tuple[int, int]:
    """Return the extent by parsing: for sheets whose cells carry no reference or write it unusually."""
    rows = columns = row = column = 0
    try:
        for event, element in iterparse(io.BytesIO(content), events=("start", "end")):
            tag = element.tag.rsplit("}", 1)[-1]
            if event == "end":
                element.clear()
            elif tag == "row":
                row = int(element.get("r") or row + 1)
                column = 0
                rows = max(rows, row)
            elif tag == "c":
                match = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", (element.get("r") or "").upper())
                column = _column_number(match[1]) if match else column + 1
                rows, columns = max(rows, int(match[2]) if match else row), max(columns, column)
    except DefusedXmlException as error:
        raise dangerous("лист объявляет сущности XML") from error
    except (ParseError, ValueError, LookupError) as error:
        raise damaged("лист содержит неверный XML") from error
    return rows, columns


def _column_number(letters: str) -> int:
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total


def _shared_lengths(content: bytes) -> np.ndarray:
    return np.array([len(piece) for piece in content.split(b"</si>")[:-1]] or [0], dtype=np.int64)


def _refuse_repeated_text(sheets: list[bytes], lengths: np.ndarray, cells: int, limits: ReadLimits) -> None:
    """Refuse few long strings shared by many cells: each cell becomes a copy of the text."""
    if int(lengths.max()) * cells <= limits.maximum_text_bytes:
        return
    total = 0
    for content in sheets:
        used = np.array([int(index) for index in _STRING_INDEX.findall(content)], dtype=np.int64)
        total += int(lengths[used[used < len(lengths)]].sum())
    if total > limits.maximum_text_bytes:
        raise too_large(f"тексты ячеек займут {total // MEGABYTE} МБ")


def _empty_formulas(content: bytes, part: str) -> list[EmptyFormula]:
    found: list[EmptyFormula] = []
    for match in _FORMULA_CELL.finditer(content):
        reference = _REFERENCE.search(match["attributes"])
        if reference is not None:
            found.append(EmptyFormula(part, int(reference[2]), _column_number(reference[1].decode()) - 1))
    return found


def check_xlsb(data: bytes, archive: zipfile.ZipFile, limits: ReadLimits) -> None:
    """Check the extent of every sheet of a binary workbook and its stated counts; raises `UnreadableFileError`."""
    for member in archive.infolist():
        name = member.filename.lower()
        if not name.endswith(".bin"):
            continue
        content = inflate(data, member)
        try:
            if "worksheets/" in name:
                _refuse_extent(_binary_cells(content), limits)
            elif name.endswith("sharedstrings.bin"):
                _refuse_binary_counts(content)
        except (struct.error, ValueError) as error:
            raise damaged("книга .xlsb повреждена") from error


def _binary_records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and first 16 bytes of every record of a part of an xlsb workbook ([MS-XLSB])."""
    position = 0
    while position < len(content) - 1:
        kind, position = _varint(content, position, 2)
        size, position = _varint(content, position, 4)
        yield kind, content[position : position + min(size, 16)]
        position += size


def _binary_cells(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield 0-based row and column of rows (BrtRowHdr = 0), of cells and of the stated extent (BrtWsDim = 148).

    Cells are records 1 … 11 and 62 (rich text). One too short for its column is refused: calamine would take the column
    from what an earlier record left in its buffer.
    """
    row = 0
    for kind, body in _binary_records(content):
        if kind == 0:
            (row,) = struct.unpack_from("<I", body)
            yield row, 0
        elif 1 <= kind <= 11 or kind == 62:
            yield row, struct.unpack_from("<I", body)[0]
        elif kind == 148:
            first_row, last_row, first_column, last_column = struct.unpack_from("<4I", body)
            if first_row > last_row or first_column > last_column:
                raise ValueError("negative extent")
            yield last_row, last_column


def _refuse_binary_counts(content: bytes) -> None:
    for kind, body in _binary_records(content):
        if kind == 159 and struct.unpack_from("<II", body)[1] > len(content):
            raise ValueError("more shared strings than bytes")


def _varint(content: bytes, position: int, longest: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(content[position : position + longest]):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, position + index + 1
    return value, position + longest


def is_ole(data: bytes) -> bool:
    """Tell whether bytes are an OLE compound file: an .xls workbook or an encrypted .xlsx."""
    return data.startswith(_OLE_SIGNATURE)


def check_xls(data: bytes, limits: ReadLimits) -> None:
    """Check an OLE file: a workbook, not encrypted, of sane extent; raises `UnreadableFileError`."""
    streams = _ole_streams(data)
    if "EncryptedPackage" in streams:
        raise UnreadableFileError("file.encrypted", "Книга защищена паролем на открытие.")
    content = streams.get("Workbook", streams.get("Book"))
    if content is None:
        raise damaged("это не книга Excel")
    try:
        _refuse_extent(_biff_cells(content), limits)
    except (struct.error, ValueError) as error:
        raise damaged("книга .xls повреждена или передана не полностью") from error


def _biff_cells(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield 0-based row and column of every cell and DIMENSIONS record of a BIFF stream."""
    cell_records = {0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x007E, 0x00BD, 0x00BE, 0x00D6, 0x00FD}
    cell_records |= {0x0201, 0x0203, 0x0204, 0x0205, 0x0206, 0x027E, 0x0406}
    position = 0
    while position + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, position)
        position += 4
        body = content[position : position + size]
        if kind == 0x002F:
            raise UnreadableFileError("file.encrypted", "Книга защищена паролем на открытие.")
        if kind == 0x0200:
            yield _stated_extent(body)
        elif kind == 0x00FC and max(struct.unpack_from("<II", body)) > len(content):
            raise ValueError("more shared strings than bytes")
        elif kind in cell_records and len(body) >= 4:
            row, column = struct.unpack_from("<HH", body)
            # MULRK and MULBLANK end with the index of their last column.
            yield row, max(column, struct.unpack_from("<H", body, len(body) - 2)[0]) if kind in {0xBD, 0xBE} else column
        position += size


def _stated_extent(body: bytes) -> tuple[int, int]:
    """Return last row and column of a DIMENSIONS record: calamine reserves memory by it, whatever the cells say."""
    layout = {10: "<4H", 14: "<2I2H"}.get(len(body))
    if layout is None:
        raise ValueError("length of DIMENSIONS")
    first_row, end_row, first_column, end_column = struct.unpack_from(layout, body)
    if first_row > end_row or first_column > end_column:
        raise ValueError("negative extent")
    return max(end_row - 1, 0), max(end_column - 1, 0)


def _refuse_extent(cells: Iterator[tuple[int, int]], limits: ReadLimits) -> None:
    rows = columns = 0
    for row, column in cells:
        rows, columns = max(rows, row + 1), max(columns, column + 1)
    if rows > 1 << 20 or columns > 1 << 14 or rows * columns > limits.maximum_cells:
        raise too_large(f"лист размером {rows} × {columns} ячеек, допустимо {limits.maximum_cells} ячеек")


def _ole_streams(data: bytes) -> dict[str, bytes]:
    """Return the streams `Workbook`, `Book` and `EncryptedPackage` (empty) of an OLE compound file ([MS-CFB])."""
    try:
        return _CompoundFile(data).streams(("Workbook", "Book"))
    except (struct.error, IndexError, ValueError) as error:
        raise damaged("книга .xls повреждена или передана не полностью") from error


class _CompoundFile:
    """The few structures of [MS-CFB] that lead to a stream: sectors, FAT, directory, mini stream."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sector_size = 1 << struct.unpack_from("<H", data, 30)[0]
        self.mini_size = 1 << struct.unpack_from("<H", data, 32)[0]
        if self.sector_size not in {512, 4096} or self.mini_size != 64:
            raise ValueError("sector size")
        self.fat = self._fat()
        self.entries = self._directory(self._chain(struct.unpack_from("<I", data, 48)[0]))
        mini_fat = self._chain(struct.unpack_from("<I", data, 60)[0])
        self.mini_fat = struct.unpack(f"<{len(mini_fat) // 4}I", mini_fat)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.sector_size
        if start >= len(self.data):
            raise ValueError("sector out of file")
        return self.data[start : start + self.sector_size].ljust(self.sector_size, b"\0")

    def _fat(self) -> list[int]:
        sectors = list(struct.unpack_from("<109I", self.data, 76))
        following, left = struct.unpack_from("<II", self.data, 68)
        while following < 0xFFFFFFFA and left > 0 and len(sectors) * self.sector_size < len(self.data) + 65536:
            numbers = struct.unpack(f"<{self.sector_size // 4}I", self._sector(following))
            sectors += numbers[:-1]
            following, left = numbers[-1], left - 1
        fat: list[int] = []
        for number in sectors:
            if number < 0xFFFFFFFA:
                fat += struct.unpack(f"<{self.sector_size // 4}I", self._sector(number))
        return fat

    def _chain(self, number: int) -> bytes:
        pieces: list[bytes] = []
        while number < 0xFFFFFFFA:
            if len(pieces) > len(self.fat):
                raise ValueError("endless chain of sectors")
            pieces.append(self._sector(number))
            number = self.fat[number]
        return b"".join(pieces)

    def _directory(self, content: bytes) -> list[tuple[str, int, int]]:
        entries: list[tuple[str, int, int]] = []
        for start in range(0, len(content) - 127, 128):
            length = min(max(struct.unpack_from("<H", content, start + 64)[0] - 2, 0), 62)
            name = content[start : start + length].decode("utf-16-le", "replace")
            first, size = struct.unpack_from("<II", content, start + 116)
            entries.append((name, first, size))
        if not entries:
            raise ValueError("no directory")
        return entries

    def streams(self, wanted: tuple[str, ...]) -> dict[str, bytes]:
        """Return the wanted streams with their content, and the others by name only."""
        mini_stream = self._chain(self.entries[0][1])
        found: dict[str, bytes] = {}
        for name, first, size in self.entries[1:]:
            if name not in wanted:
                found.setdefault(name, b"")
            elif size < 4096:
                found[name] = self._mini_chain(first, mini_stream)[:size]
            else:
                found[name] = self._chain(first)[:size]
        return found

    def _mini_chain(self, number: int, mini_stream: bytes) -> bytes:
        pieces: list[bytes] = []
        while number < 0xFFFFFFFA:
            if len(pieces) > len(self.mini_fat):
                raise ValueError("endless chain of mini sectors")
            pieces.append(mini_stream[number * self.mini_size : (number + 1) * self.mini_size])
            number = self.mini_fat[number]
        return b"".join(pieces)
