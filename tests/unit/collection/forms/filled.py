"""Forms written by the program and filled in as a school would; exports of other systems; how they are read."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from oko_pipeline.collection.forms.writer import write_forms
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, SourceReading, read_source
from tests.unit.collection.workbooks import KEY, xlsx

YEAR = "2025-2026"
SCHOOL = "edu990001"
MUNICIPALITY = "reg99_m101"
SCHOOLS = pd.DataFrame(
    {
        "school_code": [SCHOOL, "edu990002"],
        "school_name": ["МБОУ СОШ № 1", "МБОУ СОШ № 2 им. А. С. Пушкина"],
        "municipality_code": [MUNICIPALITY] * 2,
    }
)
MUNICIPALITIES = pd.DataFrame({"municipality_code": [MUNICIPALITY], "municipality_name": ["Озёрный район"]})

Edit = Callable[[Any], None]
Cells = Mapping[str, object]

TASK: Cells = {
    "A5": "1", "B5": "Курсы для учителей", "C5": "методическая помощь", "D5": "Математика", "E5": 5,
    "F5": date(2025, 9, 15), "G5": date(2026, 5, 20), "H5": "да", "I5": 40, "J5": 20, "K5": 15, "L5": 35, "M5": 85.5,
    "N5": 12.5, "O5": "Р-1; Р-2", "P5": "https://school.example.ru/doc.pdf", "Q5": "Помочь новым учителям",
    "R5": "идёт",
}  # fmt: skip
MEETING: Cells = {"A5": "Выбор профессии", "B5": date(2025, 11, 12), "C5": 30}
PASSPORT: Cells = {"B5": 500, "B6": 40, "B7": 30, "B8": 3, "B9": 25, "B10": "нет", "B12": date(2025, 9, 20)}
GRADES: Cells = {"A5": 1, "B5": 2, "C5": 50, "D5": 24}


def write(target: Path, form: str, owner: str = SCHOOL, previous: Mapping[str, pd.DataFrame] | None = None) -> Path:
    """Write all forms and return the path of one of them by its form code."""
    paths = write_forms(target, YEAR, SCHOOLS, MUNICIPALITIES, previous or {})
    title = {"tasks": "Дела", "passport": "Паспорт", "people": "Участники"}[form]
    return next(path for path in paths if path.parent.name == owner and path.name.startswith(title))


def fill(content: bytes, sheets: Mapping[str, Cells], *edits: Edit) -> bytes:
    """Type values into cells of a form and change it further, as people do in Excel."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name, cells in sheets.items():
        for address, value in cells.items():
            book[name][address] = value
    for edit in edits:
        edit(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read_bytes(folder: Path, content: bytes, name: str = "file.xlsx") -> SourceReading:
    """Read one file as the pipeline does."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    entry = next(file for file in scan_inbox(folder) if file.path == name)
    return read_source(folder, entry, ReadOptions(KEY))


def read_export(
    folder: Path, sheets: Mapping[str, Sequence[Sequence[object]]], name: str = "2025-2026/export.xlsx"
) -> SourceReading:
    """Read an export of some system."""
    return read_bytes(folder, xlsx(sheets), name)


def told(reading: SourceReading) -> list[tuple[str, str | None, str | None]]:
    """Return rule, sheet and cell of every finding."""
    return [(finding.rule_id, finding.sheet, finding.cell) for finding in reading.reading.findings]
