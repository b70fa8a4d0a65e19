"""The inbox: what is listed, what is skipped, and that its signature notices every change without reading."""

import io
import os
import zipfile

import pytest

from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.inbox import hash_file, read_bytes, scan_inbox, signature


def put(root, name, content=b"1"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def archive(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    return stream.getvalue()


def test_lists_files_and_members_in_order(tmp_path):
    put(tmp_path, "2021/б.xlsx", b"12")
    put(tmp_path, "2021/а.zip", archive({"вложенная/в.xlsx": b"123", "__MACOSX/в.xlsx": b"0", "~$в.xlsx": b"0"}))
    put(tmp_path, "Внимание!.csv")
    listed = scan_inbox(tmp_path)
    assert [(file.path, file.size_bytes) for file in listed] == [
        ("2021/а.zip!вложенная/в.xlsx", 3),
        ("2021/б.xlsx", 2),
        ("Внимание!.csv", 1),
    ]
    assert [file.member for file in listed] == ["вложенная/в.xlsx", None, None]
    assert read_bytes(tmp_path, listed[0], ReadLimits()) == b"123"
    assert read_bytes(tmp_path, listed[2], ReadLimits()) == b"1"


@pytest.mark.parametrize("name", ["~$б.xlsx", ".б.xlsx", ".git/б.xlsx", "Thumbs.db", "desktop.ini", "б.tmp"])
def test_skips_what_is_no_submission(tmp_path, name):
    put(tmp_path, name)
    assert scan_inbox(tmp_path) == []


def test_a_missing_inbox_is_empty(tmp_path):
    assert scan_inbox(tmp_path / "нет") == []


def test_names_written_by_windows_archivers_are_decoded(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("XXXXXX.xlsx", b"1")
    data = stream.getvalue().replace(b"XXXXXX", "Физика".encode("cp866"))
    put(tmp_path, "а.zip", data)
    (file,) = scan_inbox(tmp_path)
    assert file.path == "а.zip!Физика.xlsx"
    assert read_bytes(tmp_path, file, ReadLimits()) == b"1"


def test_a_link_within_the_inbox_is_followed(tmp_path):
    target = put(tmp_path, "а.xlsx")
    (tmp_path / "б.xlsx").symlink_to(target)
    assert [file.refusal for file in scan_inbox(tmp_path)] == [None, None]


def test_signature_notices_every_change(tmp_path):
    first = put(tmp_path, "а.xlsx")
    put(tmp_path, "б.zip", archive({"в.xlsx": b"1"}))
    seen = [signature(scan_inbox(tmp_path))]
    assert signature(scan_inbox(tmp_path)) == seen[0]
    os.utime(first, ns=(1, 1))
    seen.append(signature(scan_inbox(tmp_path)))
    put(tmp_path, "г.xlsx")
    seen.append(signature(scan_inbox(tmp_path)))
    first.unlink()
    seen.append(signature(scan_inbox(tmp_path)))
    put(tmp_path, "б.zip", archive({"в.xlsx": b"2"}))
    seen.append(signature(scan_inbox(tmp_path)))
    assert len(set(seen)) == 5


def test_hash_is_of_the_content(tmp_path):
    put(tmp_path, "а.xlsx", b"same")
    put(tmp_path, "б.zip", archive({"в.xlsx": b"same"}))
    assert len({hash_file(tmp_path, file) for file in scan_inbox(tmp_path)}) == 1
