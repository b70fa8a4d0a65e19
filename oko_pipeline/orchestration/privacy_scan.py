"""Searches everything the program leaves behind for personal data: stores, logs, run history, documents, pages.

Two searches: exact strings (names known to stand in the source files, or planted by a test) in every byte of every
file, and patterns (full names, phones, e-mails, documents) in the tables. The inbox belongs to people: not searched.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.validation.personal_data import scan_frame
from resources.workplace import Workplace


@dataclass(frozen=True, slots=True)
class PrivacyHit:
    """Personal data found: where (file relative to the data folder, or table) and how often; never the value."""

    place: str
    kind: str
    count: int


def scan_everything(workplace: Workplace, strings: Sequence[str] = ()) -> list[PrivacyHit]:
    """Return all hits in an installation.

    Args:
        workplace: the stores; the folder of data is searched, the inbox is left out.
        strings: exact strings to search for in files, such as surnames.
    """
    home = workplace.settings.home
    hits = [hit for path in _files(home, workplace.inbox) for hit in _strings_in(path, home, strings)]
    return hits + _patterns_in_tables(workplace) + _patterns_in_store(workplace)


def _files(home: Path, inbox: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_relative_to(inbox):
            yield path


def _strings_in(path: Path, home: Path, strings: Sequence[str]) -> list[PrivacyHit]:
    counts = dict.fromkeys(strings, 0)
    for content in _contents(path):
        for string in strings:
            counts[string] += sum(content.count(form) for form in _written_forms(string))
    place = path.relative_to(home).as_posix()
    return [
        PrivacyHit(place, f"строка № {number} из списка", count)
        for number, count in enumerate(counts.values(), start=1)
        if count
    ]


def _written_forms(string: str) -> set[bytes]:
    """Return the ways in which a text is written in files: UTF-8, UTF-16 and escaped in JSON."""
    return {string.encode(), string.encode("utf-16-le"), json.dumps(string)[1:-1].encode()}


def _contents(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file; members of DOCX, XLSX and ZIP unpacked, Parquet as its texts."""
    if path.suffix == ".parquet":
        yield _parquet_text(path).encode()
        return
    data = path.read_bytes()
    yield data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield archive.read(name)


def _parquet_text(path: Path) -> str:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    header = json.dumps({k.decode(): v.decode(errors="replace") for k, v in (schema.metadata or {}).items()})
    names = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    table = file.read(names, use_threads=False)
    texts = [str(value) for name in names for value in table[name].unique().to_pylist() if value is not None]
    return "\n".join([header, *schema.names, *texts])


def _patterns_in_tables(workplace: Workplace) -> list[PrivacyHit]:
    hits: list[PrivacyHit] = []
    for name, table in all_tables().items():
        found = scan_frame(workplace.database.read(table), name)
        if found:
            hits.append(PrivacyHit(f"таблица {name}", "похоже на персональные данные", len(found)))
    return hits


def _patterns_in_store(workplace: Workplace) -> list[PrivacyHit]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    hits: list[PrivacyHit] = []
    root = workplace.settings.restricted_folder
    for path in sorted((root / "records").rglob("*.parquet")) if (root / "records").is_dir() else []:
        frame: pd.DataFrame = pq.ParquetFile(path).read(use_threads=False).to_pandas()
        found = scan_frame(frame, path.stem)
        if found:
            place = path.relative_to(workplace.settings.home).as_posix()
            hits.append(PrivacyHit(place, "похоже на персональные данные", len(found)))
    return hits
