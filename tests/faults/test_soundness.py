"""A file that a cut of power has shortened is never taken for whole; what killed programs left half-written goes."""

import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oko_pipeline.storage.partials import aside, sweep_partials
from oko_pipeline.storage.soundness import broken_files, is_whole, is_whole_sqlite


def parquet():
    target = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(50)), "b": ["текст"] * 50}), target, compression="zstd")
    return target.getvalue()


def document():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<w:document/>" * 20)
        archive.writestr("docProps/core.xml", "<a/>")
    return target.getvalue()


CONTENTS = {"works.parquet": parquet(), "note.docx": document(), "info.json": b'{"rows_count": 12, "tasks": []}'}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_whole_file_is_whole_and_a_missing_one_is_not(name, tmp_path):
    (tmp_path / name).write_bytes(CONTENTS[name])
    assert is_whole(tmp_path / name)
    assert not is_whole(tmp_path / f"no {name}")


@given(name=st.sampled_from(sorted(CONTENTS)), share=st.floats(0, 1, exclude_max=True), is_filled=st.booleans())
def test_a_shortened_file_is_broken_wherever_it_was_cut(tmp_path_factory, name, share, is_filled):
    content = CONTENTS[name]
    cut = int(len(content) * share)
    path = tmp_path_factory.getbasetemp() / name
    # A disk that grew the file before it had the data leaves noughts.
    left = content[:cut] + (b"\0" * (len(content) - cut) if is_filled else b"")
    assume(left != content)
    path.write_bytes(left)
    assert not is_whole(path)
    assert path in broken_files([path.parent])
    path.unlink()


@pytest.mark.parametrize("filled", [b"", b"\0"])
def test_shortened_figures_are_broken_wherever_they_were_cut(tmp_path, filled):
    content = gzip.compress(json.dumps([{"text": str(n), "value": n / 7} for n in range(40)]).encode(), mtime=0)
    path = tmp_path / "figures.json.gz"
    path.write_bytes(content)
    assert is_whole(path)
    for cut in range(len(content) - 4):
        path.write_bytes(content[:cut] + filled * (len(content) - cut))
        assert is_whole(path) is (path.read_bytes() == content), cut


def test_a_shortened_database_is_known_unless_its_log_stands_beside(tmp_path):
    path = tmp_path / "oko.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
        connection.commit()
    assert is_whole_sqlite(path)
    os.truncate(path, path.stat().st_size - 4096)
    assert not is_whole_sqlite(path)
    path.with_name("oko.sqlite-wal").write_bytes(b"frames")
    assert is_whole_sqlite(path)


def test_half_written_files_of_dead_programs_go_and_those_of_living_ones_stay(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    own = aside(tmp_path / "works.parquet")
    assert own != aside(tmp_path / "works.parquet")
    left = tmp_path / "2020-2021" / aside(tmp_path / "Справка.docx").name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    left.parent.mkdir()
    for path in (own, left):
        path.write_bytes(b"half")
    unknown, old = tmp_path / "other.partial", tmp_path / "old.partial"
    for path in (unknown, old):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    if sys.platform == "win32":
        os.utime(left, (1, 1))
    assert sweep_partials([tmp_path]) == 2
    assert sorted(path.name for path in tmp_path.rglob("*.partial")) == sorted([own.name, unknown.name])
