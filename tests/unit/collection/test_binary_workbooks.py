"""Binary workbooks, .xlsb and .xls: read like the others, and measured before calamine reserves memory for them."""

import io
import struct
import zipfile

import pytest
import xlwt

from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.guards import check_xls
from oko_pipeline.errors import UnreadableFileError
from tests.unit.collection.workbooks import GOOD_2021, read, rows_2021, rule_cells, xls

NAME = "2021/4 класс Математика.xlsb"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def record(kind, body=b""):
    number = bytes([kind]) if kind < 0x80 else bytes([(kind & 0x7F) | 0x80, kind >> 7])
    size, length = b"", len(body)
    while True:
        length, low = length >> 7, length & 0x7F
        size += bytes([low | (0x80 if length else 0)])
        if not length:
            return number + size + body


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(rows, extent=None, shared=None):
    """Return a workbook of one sheet by hand ([MS-XLSB]); `extent` is what BrtWsDim states."""
    last_row, last_column = extent or (len(rows) - 1, max(map(len, rows)) - 1)
    sheet = record(129) + record(148, struct.pack("<4I", 0, last_row, 0, last_column)) + record(145)
    for row_index, row in enumerate(rows):
        sheet += record(0, struct.pack("<IIHBBBI", row_index, 0, 300, 0, 0, 0, 0))
        for column_index, value in enumerate(row):
            cell = struct.pack("<II", column_index, 0)
            if isinstance(value, str):
                sheet += record(6, cell + wide(value))
            else:
                sheet += record(5, cell + struct.pack("<d", value))
    sheet += record(146) + record(130)
    book = record(131) + record(153, b"\0" * 16) + record(143)
    book += record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet")) + record(144) + record(132)
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.bin": book,
        "xl/worksheets/sheet1.bin": sheet,
        "xl/_rels/workbook.bin.rels": (
            f'<Relationships><Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.bin"/>'
            "</Relationships>"
        ).encode(),
    }
    if shared is not None:
        parts["xl/sharedStrings.bin"] = record(159, struct.pack("<II", shared, shared)) + record(160)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_xlsb_reads_like_xlsx(tmp_path):
    result = read(tmp_path, NAME, xlsb(rows_2021(GOOD_2021)))
    assert result.status == "accepted"
    assert result.reading.works.rows["primary_score"].tolist() == [5]
    assert result.reading.findings == []


@pytest.mark.parametrize(
    ("data", "rule_id"),
    [
        (xlsb([["a"]], extent=(1_000_000, 16_000)), "file.too_large"),
        (xlsb([["a"]] * 200 + [["b"] * 600]), "file.too_large"),
        (xlsb([["a"]], shared=4_000_000_000), "file.unreadable"),
        (xlsb([["a"]])[:-40], "file.unreadable"),
    ],
    ids=["stated extent", "true extent", "stated texts", "cut short"],
)
def test_bad_xlsb_is_refused(tmp_path, data, rule_id):
    result = read(tmp_path, NAME, data, ReadLimits(maximum_cells=100_000))
    assert (result.status, rule_cells(result)) == ("refused", {(rule_id, None)})


def test_negative_extent_of_xlsb_is_refused(tmp_path):
    whole = record(148, struct.pack("<4I", 0, 0, 0, 0))
    data = xlsb([["a"]], extent=(0, 0))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.bin")
    assert whole in sheet
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(whole, record(148, struct.pack("<4I", 5, 0, 0, 0))))
    assert rule_cells(read(tmp_path, NAME, stream.getvalue())) == {("file.unreadable", None)}


def with_record(body, kind):
    """Return an .xls whose DIMENSIONS record is another record of the same length."""
    data = bytearray(xls({"Sheet": [["a"]]}))
    at = data.index(struct.pack("<HH", 0x0200, 14))
    struct.pack_into("<HH", data, at, kind, 14)
    data[at + 4 : at + 18] = body
    return bytes(data)


@pytest.mark.parametrize(
    ("body", "kind", "rule_id"),
    [
        (struct.pack("<HH10x", 65535, 65535), 0x0203, "file.too_large"),
        (struct.pack("<HH8xH", 65535, 0, 65535), 0x00BD, "file.too_large"),
        (struct.pack("<II6x", 4_000_000_000, 4_000_000_000), 0x00FC, "file.unreadable"),
        (b"\0" * 14, 0x002F, "file.encrypted"),
    ],
    ids=["number", "row of numbers", "stated texts", "password"],
)
def test_bad_records_of_xls_are_refused(body, kind, rule_id):
    with pytest.raises(UnreadableFileError) as caught:
        check_xls(with_record(body, kind), ReadLimits())
    assert caught.value.rule_id == rule_id


def test_large_xls_with_many_sectors_reads_whole(tmp_path):
    pupils = [(GOOD_2021[0], str(code), *GOOD_2021[2:]) for code in range(40001, 45001)]
    result = read(tmp_path, "2021/4 класс Математика.xls", xls({"Sheet": rows_2021(*pupils)}))
    assert result.reading.accepted_rows_count == 5000


def test_several_sheets_are_searched_for_the_header(tmp_path):
    book = xlwt.Workbook()
    book.add_sheet("Титул").write(0, 0, "Результаты")
    sheet = book.add_sheet("Данные")
    for row_index, row in enumerate(rows_2021(GOOD_2021)):
        for column_index, value in enumerate(row):
            sheet.write(row_index, column_index, value)
    stream = io.BytesIO()
    book.save(stream)
    result = read(tmp_path, "2021/4 класс Математика.xls", stream.getvalue())
    assert result.reading.works.cells[result.file_sha256].sheet == "Данные"
