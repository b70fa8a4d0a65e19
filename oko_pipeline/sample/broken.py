"""Files that a careful reader must refuse or set apart: damaged, locked, dangerous, unknown."""

import io
import struct
import zipfile
from typing import Final

_SECTOR: Final = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_BOMB_BYTES: Final = 48 * 1024 * 1024
_BOMB_CHUNK: Final = 1024 * 1024


def truncated(content: bytes) -> bytes:
    """Return the first two thirds of a file: the directory of the archive, at its end, is lost."""
    return content[: len(content) * 2 // 3]


def encrypted_workbook() -> bytes:
    """Return a compound file as Excel writes for a workbook with a password: `EncryptionInfo` and `EncryptedPackage`.

    The streams hold zeros: there is nothing to decrypt, the container alone says what it is.
    """
    streams = (("EncryptionInfo", 4096), ("EncryptedPackage", 8192))
    fat: list[int] = [_FAT, _END]
    starts: list[int] = []
    for _, size in streams:
        first, sectors = len(fat), size // _SECTOR
        starts.append(first)
        fat += [*range(first + 1, first + sectors), _END]
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    versions = (0x3E, 3, 0xFFFE, 9, 6)
    # Directory sectors, FAT sectors, first directory sector, transaction, mini cutoff, mini FAT, further FAT sectors.
    counts = (0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header = struct.pack("<8s16s5H6x9I", magic, b"", *versions, *counts)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    entries = _directory_entry("Root Entry", 5, 1, _END, 0)
    for number, ((name, size), start) in enumerate(zip(streams, starts, strict=True)):
        sibling = 2 if number == 0 else _FREE
        entries += _directory_entry(name, 2, _FREE, start, size, sibling)
    entries += b"\0" * (_SECTOR - len(entries))
    return header + struct.pack(f"<{len(fat)}I", *fat) + entries + b"\0" * sum(size for _, size in streams)


def _directory_entry(name: str, kind: int, child: int, start: int, size: int, right: int = _FREE) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII36xIQ", encoded.ljust(64, b"\0"), len(encoded), kind, 1, _FREE, right, child, start, size
    )


def zip_bomb() -> bytes:
    """Return a small workbook whose only sheet unpacks to 48 megabytes, a thousand times its size."""
    stream = io.BytesIO()
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="xl/workbook.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships "
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Target="worksheets/sheet1.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text, zipfile.ZIP_DEFLATED)
        sheet = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _ZIP_TIME)
        sheet.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(sheet, "w") as member:
            member.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(_BOMB_BYTES // _BOMB_CHUNK):
                member.write(b" " * _BOMB_CHUNK)
            member.write(b"</sheetData></worksheet>")
    return stream.getvalue()
