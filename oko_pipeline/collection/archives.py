"""Limits of reading and ZIP containers: listed, measured and inflated without trusting what they say of themselves.

Light on purpose: listing the inbox needs this module and must not wait for numpy or pandas.
"""

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oko_pipeline.errors import UnreadableFileError

MEGABYTE: Final = 1 << 20
_LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much a file may cost to read. Ratios and text are counted after inflating."""

    maximum_file_bytes: int = 200 * MEGABYTE
    maximum_cells: int = 20_000_000
    maximum_inflated_bytes: int = 1024 * MEGABYTE
    maximum_ratio: int = 300
    maximum_text_bytes: int = 2048 * MEGABYTE
    maximum_members: int = 10_000


def dangerous(reason: str) -> UnreadableFileError:
    """Return the error of a file that could harm: the caller raises it."""
    return UnreadableFileError("file.dangerous", f"Файл отвергнут как опасный: {reason}.")


def too_large(reason: str) -> UnreadableFileError:
    """Return the error of a file over a limit: the caller raises it."""
    return UnreadableFileError("file.too_large", f"Файл слишком велик: {reason}.")


def damaged(reason: str) -> UnreadableFileError:
    """Return the error of a file that does not open: the caller raises it."""
    return UnreadableFileError("file.unreadable", f"Файл не открывается: {reason}.")


def open_zip(data: bytes, limits: ReadLimits) -> zipfile.ZipFile:
    """Open a ZIP container and check its directory: number, size, ratio, encryption and names of members.

    Raises:
        UnreadableFileError: when the container is damaged, encrypted or a bomb.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise damaged("архив или книга повреждены либо переданы не полностью") from error
    members = archive.infolist()
    if len(members) > limits.maximum_members:
        raise dangerous(f"в нём {len(members)} частей, допустимо {limits.maximum_members}")
    inflated = sum(member.file_size for member in members)
    if inflated > limits.maximum_inflated_bytes:
        raise dangerous(
            f"в распакованном виде он занимает {inflated // MEGABYTE} МБ, "
            f"допустимо {limits.maximum_inflated_bytes // MEGABYTE} МБ"
        )
    for member in members:
        check_member(member, limits)
    return archive


def check_member(member: zipfile.ZipInfo, limits: ReadLimits) -> None:
    """Refuse a member that is encrypted, has an unsafe name or inflates suspiciously; raises `UnreadableFileError`."""
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name):
        raise dangerous(f"часть «{name[:80]}» указывает за пределы архива")
    if member.flag_bits & 0x1:
        raise UnreadableFileError("file.encrypted", f"Часть архива «{name[:80]}» защищена паролем.")
    if member.file_size > 4 * MEGABYTE and member.file_size > limits.maximum_ratio * max(member.compress_size, 1):
        raise dangerous(
            f"часть «{name[:80]}» сжата в {member.file_size // max(member.compress_size, 1)} раз, "
            f"допустимо в {limits.maximum_ratio}"
        )


def inflate(data: bytes, member: zipfile.ZipInfo, offset: int | None = None) -> bytes:
    """Return a member's content and prove that it is exactly as long as the directory says.

    Args:
        data: the container, or the part of it that begins with the member.
        member: its entry in the directory.
        offset: where the member begins in `data`; None takes the directory's word.

    `zipfile` stops at the length of the directory, calamine at the end of the stream: a lying directory would pass
    every limit and still fill the memory.

    Raises:
        UnreadableFileError: when the stream is damaged, longer or shorter than stated, or of an unknown method.
    """
    offset = member.header_offset if offset is None else offset
    if offset < 0 or offset + _LOCAL_HEADER.size > len(data):
        raise damaged(f"часть «{member.filename[:80]}» обрезана")
    header = _LOCAL_HEADER.unpack_from(data, offset)
    start = offset + _LOCAL_HEADER.size + header[9] + header[10]
    packed = memoryview(data)[start : start + member.compress_size]
    if header[0] != b"PK\x03\x04" or len(packed) != member.compress_size:
        raise damaged(f"часть «{member.filename[:80]}» обрезана")
    if member.compress_type == zipfile.ZIP_STORED:
        content = bytes(packed)
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        content = _inflate_exactly(packed, member)
    else:
        raise damaged(f"часть «{member.filename[:80]}» сжата неизвестным способом")
    if len(content) != member.file_size:
        raise damaged(f"часть «{member.filename[:80]}» короче, чем записано в оглавлении")
    return content


def read_member(path: Path, member: zipfile.ZipInfo, limits: ReadLimits) -> bytes:
    """Return one member of an archive on disk, reading no other part of it.

    Raises:
        UnreadableFileError: when the member is dangerous, too large, encrypted or damaged.
        OSError: when the archive cannot be read.
    """
    check_member(member, limits)
    if member.file_size > limits.maximum_file_bytes:
        raise too_large(f"{member.file_size // MEGABYTE} МБ, допустимо {limits.maximum_file_bytes // MEGABYTE} МБ")
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        return inflate(stream.read(_LOCAL_HEADER.size + 2 * 0xFFFF + member.compress_size), member, 0)


def _inflate_exactly(packed: memoryview, member: zipfile.ZipInfo) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        content = stream.decompress(packed, member.file_size + 1)
    except zlib.error as error:
        raise damaged(f"часть «{member.filename[:80]}» повреждена") from error
    if len(content) > member.file_size:
        raise dangerous(f"часть «{member.filename[:80]}» больше, чем записано в оглавлении")
    return content
