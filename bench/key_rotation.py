"""Proof on a whole home: after a change of the key no old pseudonym is left, and nothing else has changed.

    python bench/key_rotation.py HOME --key-file FILE [--run 2020-2021,2025-2026]

The home must have been run; it is copied first, the original is not touched.
"""

import argparse
import gzip
import hashlib
import io
import os
import shutil
import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from oko_pipeline.orchestration.key_rotation import rotate_key
from oko_pipeline.settings import Settings
from oko_pipeline.storage.rotation import PSEUDONYM_COLUMNS

SHORT = 8
_CHANGES = {"data_access_log"}


def people(root):
    found = set()
    for path in root.rglob("*.parquet"):
        table = pq.ParquetFile(path)
        names = [name for name in PSEUDONYM_COLUMNS if name in table.schema_arrow.names]
        if names:
            for column in table.read(names).columns:
                found |= set(column.unique().to_pylist())
    return found - {None}


def contents(path):
    """Yield what a file says before any compression."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".parquet":
        for column in pq.ParquetFile(path).read(use_threads=False).columns:
            yield "\n".join(map(str, column.unique().to_pylist())).encode()
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)


def hits(home, words, length):
    """Return files (but those of the inbox) that hold any of some hexadecimal words of one length."""
    wanted = {word.encode() for word in words}
    alphabet = set(b"0123456789abcdef")
    found = {}
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_relative_to(home / "inbox"):
            continue
        for data in contents(path):
            run = 0
            for place, sign in enumerate(data):
                run = run + 1 if sign in alphabet else 0
                if run >= length and data[place - length + 1 : place + 1] in wanted:
                    found[path.relative_to(home).as_posix()] = found.get(path.relative_to(home).as_posix(), 0) + 1
    return found


def rows(home):
    with closing(sqlite3.connect(home / "oko.sqlite")) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {
            name: hashlib.sha256(
                repr(sorted(map(repr, connection.execute(f'select * from "{name}"')))).encode()
            ).hexdigest()
            for name in names
            if name not in _CHANGES
        }


def digests(root):
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/oko-rotation"))
    parser.add_argument("--run", default="")
    chosen = parser.parse_args()
    os.environ.pop("OKO_PSEUDONYM_KEY", None)
    shutil.rmtree(chosen.work, ignore_errors=True)
    home, key = chosen.work / "home", chosen.work / "pseudonym.key"
    shutil.copytree(chosen.home, home, copy_function=shutil.copy2, symlinks=True)
    shutil.copy2(chosen.key_file, key)
    settings = Settings.load(home=home, pseudonym_key_file=key)
    old, before, documents = people(settings.restricted_folder), rows(home), digests(settings.reports_folder)
    files = sum(path.is_file() for path in settings.restricted_folder.rglob("*"))
    print(
        f"до смены: псевдонимов {len(old)}, файлов хранилища {files}, таблиц {len(before)}, документов {len(documents)}"
    )
    print(f"  прежние псевдонимы стоят в файлах: {len(hits(home, old, 32))}")
    started = time.process_time()
    made = rotate_key(settings, "проба", is_stopped=True)
    print(
        f"смена: {time.process_time() - started:.2f} с процессора; убрано документов с кодами: {made.documents_count}"
    )
    print(f"  прежние псевдонимы стоят в файлах: {hits(home, old, 32)}")
    short = {one[:SHORT] for one in old}
    print(
        f"  их первые {SHORT} знаков стоят в документах: {hits(settings.restricted_folder / 'documents', short, SHORT)}"
    )
    after = rows(home)
    print(f"  таблиц, которые изменились: {[name for name in before if before[name] != after[name]]}")
    now = digests(settings.reports_folder)
    print(f"  документов, которые изменились: {[name for name in documents if now.get(name) != documents[name]]}")
    print(f"  псевдонимов стало: {len(people(settings.restricted_folder))}")
    for year in [year for year in chosen.run.split(",") if year]:
        from oko_pipeline.orchestration.year_run import run_year  # noqa: PLC0415 (Dagster)

        os.environ["OKO_PSEUDONYM_KEY_FILE"] = str(key)
        summary = run_year(Settings.load(home=home), year, lambda *_: None)
        again = digests(settings.reports_folder)
        other = [name for name in documents if again.get(name) != documents[name]]
        print(f"после запуска {year}: ошибка {summary.error}; документов изменилось {len(other)}: {other[:5]}")
        now = rows(home)
        print(f"  таблиц изменилось: {[name for name in before if before[name] != now[name]]}")
        restricted = sum(1 for _ in settings.restricted_folder.joinpath("documents").rglob("*.docx"))
        print(f"  документов с кодами выпущено заново: {restricted}")


if __name__ == "__main__":
    main()
