"""Everything that can be wrong with a file, as one table: what it is, what the reader must say, in which cell.

For every kind: no exception, nothing read and lost silently (read = accepted + quarantined), and the expected rule.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, read_source
from tests.unit.collection.workbooks import (
    GOOD_2021,
    KEY,
    SCHOOL,
    book_2021,
    form_book,
    read,
    rows_2021,
    rows_2022,
    rule_cells,
    xls,
    xlsx,
)

NAME = "2021/4 класс Математика.xlsx"
GOOD = book_2021(GOOD_2021)
TINY = ReadLimits(maximum_file_bytes=50_000_000, maximum_cells=100_000, maximum_inflated_bytes=20_000_000)


def repacked(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content) if member.filename == part else content)
    return stream.getvalue()


def sheet_with(cells: bytes) -> bytes:
    """Return a workbook whose sheet data are written by hand."""

    def change(content: bytes) -> bytes:
        start, end = content.index(b"<sheetData>"), content.index(b"</sheetData>")
        return content[: start + 11] + cells + content[end:]

    return repacked(GOOD, "xl/worksheets/sheet1.xml", change)


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def encrypted_workbook() -> bytes:
    stream = io.BytesIO()
    OOXMLFile(io.BytesIO(GOOD)).encrypt("secret", stream)
    return stream.getvalue()


def encrypted_member() -> bytes:
    data = bytearray(zipped({"4 класс Математика.xlsx": GOOD}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def lying_directory() -> bytes:
    """Return a workbook whose directory states one byte less than its sheet holds."""
    data = bytearray(GOOD)
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    for signature, name_at, size_at in ((b"PK\x03\x04", 30, 22), (b"PK\x01\x02", 46, 24)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            if data[at + name_at :].startswith(b"xl/worksheets/sheet1.xml"):
                struct.pack_into("<I", data, at + size_at, size - 1)
    return bytes(data)


def damaged_part() -> bytes:
    data = bytearray(GOOD)
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        at = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    for index in range(at + 80, at + 120):
        data[index] ^= 0xFF
    return bytes(data)


def long_texts() -> bytes:
    return xlsx({"Sheet": [["x" * 30_000] * 200 for _ in range(40)]})


def uncomputed_formula() -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Sheet")
    for row_index, row in enumerate(rows_2021(GOOD_2021)):
        for column_index, value in enumerate(row):
            sheet.write(row_index, column_index, value)
    sheet.write_formula("I2", "=SUM(J2:L2)", None, "")
    book.close()
    return stream.getvalue()


def absurd_xls(first_row: int = 0) -> bytes:
    """Return an .xls whose DIMENSIONS record claims four billion rows, or fewer than none."""
    data = bytearray(xls({"Sheet": [["a"]]}))
    at = data.index(struct.pack("<HH", 0x0200, 14))
    struct.pack_into("<II", data, at + 4, first_row, 1 if first_row else 0xFFFFFFF0)
    return bytes(data)


def looping_xls() -> bytes:
    """Return an .xls whose first sector follows itself for ever."""
    data = bytearray(xls({"Sheet": [["a" * 50] * 50 for _ in range(30)]}))
    (fat_sector,) = struct.unpack_from("<I", data, 76)
    for number in range(100):
        struct.pack_into("<I", data, (fat_sector + 1) * 512 + number * 4, number)
    return bytes(data)


def changed(column: int, value: object) -> bytes:
    """Return a sound dump with one more pupil whose `column` (of the builder's tuple) holds `value`."""
    pupil = list(GOOD_2021)
    pupil[1] = "40002"
    pupil[column] = value
    return book_2021(GOOD_2021, pupil)


def dump_2022(**places: object) -> bytes:
    pupil: dict[str, object] = {"task": 1, "total": 6}
    pupil |= places
    row = ("edu990001", "10.03.2022 10:00:00", 40001, 1, pupil["task"], 2, 3, "нет", "ж", 4, pupil["total"])
    return xlsx({"Протокол": rows_2022(row)})


def _cell(reference: bytes, prefix: bytes = b"") -> bytes:
    row = reference.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    tag = prefix + b"c"
    bound = b' xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"' if prefix else b""
    # A tab before the reference, as no program writes it, keeps the quick count of references from noticing.
    space = b"\t" if prefix else b" "
    return b'<%srow%sr="%s"%s><%s%sr="%s"><v>1</v></%s></%srow>' % (
        (prefix, space, row, bound, tag, space, reference, tag, prefix)
    )


def _bare_cells() -> bytes:
    return b"<row>" + b"<c><v>1</v></c>" * 2000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 100


def _bomb(size: int) -> bytes:
    return _extended(GOOD, "xl/media/image1.bin", b"\0" * size)


def _extended(data: bytes, name: str, content: bytes = b"<a/>") -> bytes:
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def _other_method(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    return stream.getvalue()


def _with_entities(part: bytes, before: bytes = b"") -> bytes:
    at = part.index(b"?>") + 2
    laughs = b'<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;">]>'
    return part[:at] + before + laughs + part[at:]


def _renamed_stream() -> bytes:
    return xls({"Sheet": [["a"]]}).replace("Workbook".encode("utf-16-le"), "Letter01".encode("utf-16-le"))


@dataclass(frozen=True)
class Bad:
    """One kind of bad input."""

    kind: str
    data: Callable[[], bytes]
    status: str
    rule_id: str
    cell: str | None = None
    name: str = NAME
    limits: ReadLimits | None = None
    quarantined: int = 0


BAD_INPUTS = (
    # The file does not open.
    Bad("no bytes", lambda: b"", "refused", "file.unreadable"),
    Bad("zero bytes only", lambda: b"\0" * 5000, "refused", "file.unreadable"),
    Bad("random bytes", lambda: bytes(range(256)) * 20, "refused", "file.unreadable"),
    Bad("half a workbook", lambda: GOOD[: len(GOOD) // 2], "refused", "file.unreadable"),
    Bad("a workbook without its last bytes", lambda: GOOD[:-30], "refused", "file.unreadable"),
    Bad("a damaged part", damaged_part, "refused", "file.unreadable"),
    Bad("a part of unknown compression", lambda: _other_method(GOOD), "refused", "file.unreadable"),
    Bad("broken XML", lambda: sheet_with(b'<row r="1"><c r="A1"><v>1</row>'), "refused", "file.unreadable"),
    Bad("an xls cut short", lambda: xls({"Sheet": [["a"]]})[:1500], "refused", "file.unreadable"),
    Bad("an xls of endless sectors", looping_xls, "refused", "file.unreadable"),
    Bad("an OLE file that is no workbook", _renamed_stream, "refused", "file.unreadable"),
    Bad("a web page named xls", lambda: b"<html><table><tr><td>1", "refused", "file.unreadable", name="2021/4 МА.xls"),
    Bad("a PDF named xlsx", lambda: b"%PDF-1.7\n1 0 obj << >>", "refused", "file.unreadable"),
    Bad("XML of Excel 2003", lambda: b'<?xml version="1.0"?><Workbook/>', "refused", "file.unreadable"),
    Bad("a Word document named xlsx", lambda: zipped({"word/document.xml": b"<a/>"}), "refused", "file.unreadable"),
    Bad(
        "an OpenDocument table",
        lambda: zipped({"mimetype": b"ods", "content.xml": b"<a/>"}),
        "refused",
        "file.unreadable",
    ),
    Bad("an archive named xlsx", lambda: zipped({"a.xlsx": GOOD}), "refused", "file.unreadable"),
    Bad("an archive without files", lambda: zipped({}), "refused", "file.unreadable", name="2021/a.zip"),
    Bad("an archive cut short", lambda: zipped({"a.xlsx": GOOD})[:300], "refused", "file.unreadable", name="a.zip"),
    Bad("a CSV with zero bytes", lambda: b"a;b\0;c\n", "refused", "file.unreadable", name="2021/4 МА.csv"),
    # The file must not be opened.
    Bad("a password on a workbook", encrypted_workbook, "refused", "file.encrypted"),
    Bad("a password on an archive", encrypted_member, "refused", "file.encrypted", name="2021/a.zip"),
    Bad("a ZIP bomb by ratio", lambda: _bomb(30_000_000), "refused", "file.dangerous"),
    Bad("a ZIP bomb by size", lambda: _bomb(30_000_000), "refused", "file.dangerous", limits=TINY),
    Bad("a ZIP directory that lies", lying_directory, "refused", "file.dangerous"),
    Bad(
        "too many parts",
        lambda: zipped({f"{number}.xml": b"<a/>" for number in range(300)}),
        "refused",
        "file.dangerous",
        limits=ReadLimits(maximum_members=200),
    ),
    Bad(
        "entities in a sheet",
        lambda: repacked(GOOD, "xl/worksheets/sheet1.xml", _with_entities),
        "refused",
        "file.dangerous",
    ),
    Bad(
        "entities in the texts",
        lambda: repacked(GOOD, "xl/sharedStrings.xml", _with_entities),
        "refused",
        "file.dangerous",
    ),
    Bad(
        "entities behind a comment",
        lambda: repacked(GOOD, "xl/workbook.xml", lambda part: _with_entities(part, b"<!-- <a> -->")),
        "refused",
        "file.dangerous",
    ),
    Bad(
        "XML in UTF-16",
        lambda: repacked(GOOD, "xl/worksheets/sheet1.xml", lambda part: part.decode().encode("utf-16")),
        "refused",
        "file.dangerous",
    ),
    Bad(
        "a sheet that is not XML",
        lambda: repacked(GOOD, "xl/_rels/workbook.xml.rels", lambda part: part.replace(b"sheet1.xml", b"sheet1.dat")),
        "refused",
        "file.dangerous",
    ),
    Bad(
        "an archive in an archive",
        lambda: zipped({"b.zip": zipped({"a": b"1"})}),
        "refused",
        "file.dangerous",
        name="a.zip",
    ),
    Bad("a path out of the archive", lambda: zipped({"../../a.xlsx": GOOD}), "refused", "file.dangerous", name="a.zip"),
    Bad(
        "an absolute path in the archive",
        lambda: zipped({"/etc/a.xlsx": GOOD}),
        "refused",
        "file.dangerous",
        name="a.zip",
    ),
    Bad("a path out of the workbook", lambda: _extended(GOOD, "../evil.xml"), "refused", "file.dangerous"),
    Bad("a reference behind the last column", lambda: sheet_with(_cell(b"ABCD1")), "refused", "file.dangerous"),
    Bad(
        "more texts stated than can be",
        lambda: repacked(
            GOOD, "xl/sharedStrings.xml", lambda part: part.replace(b'uniqueCount="', b'uniqueCount="99999')
        ),
        "refused",
        "file.dangerous",
    ),
    # The file is too large.
    Bad("one far cell", lambda: sheet_with(_cell(b"XFD1048576")), "refused", "file.too_large"),
    Bad(
        "one far cell in quotes of the other kind",
        lambda: sheet_with(_cell(b"XFD1048576").replace(b'"', b"'")),
        "refused",
        "file.too_large",
    ),
    Bad("one far cell in small letters", lambda: sheet_with(_cell(b"xfd1048576")), "refused", "file.too_large"),
    Bad(
        "one far cell under a prefix",
        lambda: sheet_with(_cell(b"A1") + _cell(b"XFD1048576", b"x:")),
        "refused",
        "file.too_large",
    ),
    Bad("many cells without references", lambda: sheet_with(_bare_cells()), "refused", "file.too_large", limits=TINY),
    Bad(
        "long texts in many cells",
        long_texts,
        "refused",
        "file.too_large",
        limits=ReadLimits(maximum_text_bytes=10_000_000),
    ),
    Bad(
        "more bytes than allowed", lambda: GOOD, "refused", "file.too_large", limits=ReadLimits(maximum_file_bytes=1000)
    ),
    Bad("an xls of negative extent", lambda: absurd_xls(first_row=70_000), "refused", "file.unreadable"),
    Bad("an absurd xls", absurd_xls, "refused", "file.too_large", name="2021/4 МА.xls"),
    Bad(
        "a CSV of too many cells",
        lambda: b"1;2;3\n" * 50_000,
        "refused",
        "file.too_large",
        name="2021/4 МА.csv",
        limits=TINY,
    ),
    # The file opens, but what is it?
    Bad("a table nobody knows", lambda: xlsx({"Лист1": [["а", "б"], [1, 2]]}), "unknown", "file.unknown"),
    Bad("text named xlsx", "просто текст".encode, "unknown", "file.wrong_extension"),
    Bad("a workbook without cells", lambda: xlsx({"Лист1": []}), "empty", "file.empty"),
    Bad("a header without rows", book_2021, "empty", "file.empty"),
    Bad("a form nobody filled", form_book, "empty", "file.empty", name="edu990001/МА 4 ВПР 2026.xlsx"),
    Bad("an xlsx named xls", lambda: GOOD, "accepted", "file.wrong_extension", name="2021/4 класс Математика.xls"),
    Bad("an xlsx named zip", lambda: GOOD, "accepted", "file.wrong_extension", name="2021/4 класс Математика.zip"),
    Bad("neither subject nor grade", lambda: GOOD, "refused", "file.assessment_unknown", name="выгрузка.xlsx"),
    Bad("a year without a campaign", lambda: GOOD, "refused", "file.year_unknown", name="2013/4 класс Математика.xlsx"),
    Bad(
        "a form without its school",
        lambda: form_book((40001, 1, 1, 2, 3, 1, 4, 6)),
        "refused",
        "file.school_unknown",
        name="МА 4 ВПР 2026.xlsx",
    ),
    # Faulty cells: all rows are accepted, the cell is named.
    Bad("a question mark for a score", lambda: changed(7, "?"), "accepted", "cell.task_invalid", "J3"),
    Bad("a Latin letter for a score", lambda: changed(7, "H"), "accepted", "cell.task_invalid", "J3"),
    Bad("an asterisk for a score", lambda: changed(8, "*"), "accepted", "cell.task_invalid", "K3"),
    Bad("a negative score", lambda: changed(9, "-1"), "accepted", "cell.task_invalid", "L3"),
    Bad("half a point", lambda: changed(9, "0,5"), "accepted", "cell.task_invalid", "L3"),
    Bad("a three-digit score", lambda: changed(9, "111"), "accepted", "cell.task_invalid", "L3"),
    Bad("a logical value for a score", lambda: changed(7, True), "accepted", "cell.task_invalid", "J3"),
    Bad("a date for a score", lambda: changed(7, datetime(2021, 5, 1)), "accepted", "cell.task_invalid", "J3"),  # noqa: DTZ001
    Bad(
        "a score above the maximum",
        lambda: dump_2022(task=2),
        "accepted",
        "cell.task_over_maximum",
        "I2",
        name="МА 4.xlsx",
    ),
    Bad("a word for the total", lambda: changed(6, "много"), "accepted", "cell.total_invalid", "I3"),
    Bad("a negative total", lambda: changed(6, -3), "accepted", "cell.total_invalid", "I3"),
    Bad("a fraction for the total", lambda: changed(6, 3.5), "accepted", "cell.total_invalid", "I3"),
    Bad("an uncomputed formula", uncomputed_formula, "accepted", "cell.formula_without_value", "I2"),
    Bad("mark 1", lambda: changed(2, "1"), "accepted", "cell.journal_mark_invalid", "E3"),
    Bad("mark 6", lambda: changed(2, 6), "accepted", "cell.journal_mark_invalid", "E3"),
    Bad("the sex in place of the mark", lambda: changed(2, "ж"), "accepted", "row.column_shift", "E3"),
    Bad("a login in place of the sex", lambda: changed(3, SCHOOL), "accepted", "row.column_shift", "F3"),
    Bad("an unknown sex", lambda: changed(3, "q"), "accepted", "cell.sex_invalid", "F3"),
    Bad("a name in place of the class", lambda: changed(4, "Иванова Мария"), "accepted", "cell.class_invalid", "G3"),
    Bad("a word for the variant", lambda: changed(5, "первый"), "accepted", "cell.variant_invalid", "H3"),
    # Unusable rows: quarantined, the others go on.
    Bad("no login", lambda: changed(0, ""), "accepted", "row.school_unknown", "A3", quarantined=1),
    Bad("a broken login", lambda: changed(0, "sch99"), "accepted", "row.school_unknown", "A3", quarantined=1),
    Bad("no participant code", lambda: changed(1, ""), "accepted", "row.code_unusable", "D3", quarantined=1),
    Bad("letters in the code", lambda: changed(1, "4000I"), "accepted", "row.code_unusable", "D3", quarantined=1),
    Bad("a code of zero", lambda: changed(1, 0), "accepted", "row.code_unusable", "D3", quarantined=1),
)


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.kind)
def test_bad_input_becomes_a_finding(tmp_path, bad):
    result = read(tmp_path, bad.name, bad.data(), bad.limits)
    reading = result.reading
    assert result.status == bad.status
    assert (bad.rule_id, bad.cell) in rule_cells(result)
    assert reading.read_rows_count == reading.accepted_rows_count + reading.quarantined_rows_count
    assert reading.quarantined_rows_count == bad.quarantined
    accepted = 0 if reading.works is None else len(reading.works.rows)
    assert accepted == reading.accepted_rows_count
    if bad.status == "accepted" and bad.name == NAME and bad.rule_id != "cell.formula_without_value":
        assert reading.read_rows_count == 2
    if bad.status == "refused":
        assert reading.works is None
    messages = [finding.message for finding in reading.findings]
    assert all(message.endswith(".") for message in messages)
    assert not any("Иванова" in f"{finding.message}{finding.value}" for finding in reading.findings)


def test_the_table_is_long_enough():
    kinds = [bad.kind for bad in BAD_INPUTS]
    assert len(kinds) == len(set(kinds)) >= 40


def test_a_link_out_of_the_inbox_is_refused(tmp_path):
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(GOOD)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "4 класс Математика.xlsx").symlink_to(secret)
    (file,) = scan_inbox(inbox)
    result = read_source(inbox, file, ReadOptions(KEY))
    assert result.status == "refused"
    assert rule_cells(result) == {("file.dangerous", None)}


def test_a_vanished_file_is_refused(tmp_path):
    path = tmp_path / "4 класс Математика.xlsx"
    path.write_bytes(GOOD)
    (file,) = scan_inbox(tmp_path)
    path.unlink()
    result = read_source(tmp_path, file, ReadOptions(KEY))
    assert (result.status, rule_cells(result)) == ("refused", {("file.unreadable", None)})


def test_a_logical_value_beside_ones_is_no_score(tmp_path):
    pupils = [
        ("edu990001", "10.03.2022 10:00:00", 40001 + number, 1, score, 2, 3, "нет", "ж", 4, 6)
        for number, score in enumerate((1, True, 1))
    ]
    result = read(tmp_path, "МА 4.xlsx", xlsx({"Протокол": rows_2022(*pupils)}))
    assert rule_cells(result) == {("cell.task_invalid", "I3")}
    assert result.reading.works.task_scores()[:, 0].tolist() == [1, -4, 1]


def test_repeated_faults_are_summed_up(tmp_path):
    pupils = [(SCHOOL, str(number), "4", "ж", "а", "1", "5", "?", "2", "2") for number in range(1, 403)]
    result = read(tmp_path, NAME, book_2021(*pupils))
    rules = [finding.rule_id for finding in result.reading.findings]
    assert rules.count("cell.task_invalid") == 300
    (rest,) = [finding for finding in result.reading.findings if finding.rule_id == "file.more_findings"]
    assert "102" in rest.message
    assert result.reading.accepted_rows_count == 402


def test_empty_rows_between_pupils_are_no_rows(tmp_path):
    rows = rows_2021(GOOD_2021)
    second = rows_2021([GOOD_2021[0], "40002", *GOOD_2021[2:]])[1]
    result = read(tmp_path, NAME, xlsx({"Sheet": [*rows, [], [], second]}))
    assert result.reading.read_rows_count == 2
    assert result.reading.works.rows["source_row"].tolist() == [2, 5]
