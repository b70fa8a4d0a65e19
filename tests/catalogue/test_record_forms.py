"""Every form of the catalogue can be written, filled in soundly and read back; registers know their own headings."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from oko_pipeline.catalogue.records import RecordColumn, RecordForm, RecordTable, record_forms, record_tables
from oko_pipeline.collection.forms.blocks import best_candidates, tied
from oko_pipeline.collection.forms.headings import normal_heading, table_headings
from oko_pipeline.collection.forms.sheets import HEADER_ROW, list_values
from oko_pipeline.collection.forms.writer import write_forms
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.layout import Sheet
from oko_pipeline.collection.reading import ReadOptions, SourceReading, read_source

YEAR = "2025-2026"
SCHOOLS = pd.DataFrame({"school_code": ["edu990001"], "school_name": ["СОШ № 1"], "municipality_code": ["reg99_m101"]})
PLACES = pd.DataFrame({"municipality_code": ["reg99_m101"], "municipality_name": ["Озёрный район"]})
HANDED_OUT = [
    (form.form_code, level) for form in record_forms().values() if form.is_handed_out for level in form.levels
]


def _number(table: RecordTable, column: RecordColumn) -> float:
    """Return a number that agrees with the column's limits, its parts and its whole."""
    if column.total_of:
        return sum(_number(table, table.column(name)) for name in column.total_of)
    shares = next((one.total_of for one in table.columns if column.name in one.total_of), ())
    if column.type == "percent" and shares:
        return 100 / len(shares)
    if column.at_most or shares:
        return column.minimum or 0
    high = column.maximum if column.maximum is not None else max(column.minimum or 0, 1000)
    return 100.0 if column.type == "percent" else high


def _value(table: RecordTable, column: RecordColumn) -> object:
    listed = list_values(column)
    if listed:
        return listed[0]
    if column.type in {"integer", "number", "percent"}:
        return _number(table, column)
    plain = {
        "date": date(2025, 10, 1),
        "link": "https://school.example.ru/1" if column.name.endswith("link") else "Р-1",
    }
    return plain.get(column.type, "Слово")


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_forms(tmp_path_factory.mktemp("forms"), YEAR, SCHOOLS, PLACES, {})


def _written(paths: list[Path], form_code: str, level: str) -> Path:
    owner = "edu990001" if level == "school" else "reg99_m101"
    title = record_forms()[form_code].title_ru[:12].split(":")[0]
    return next(path for path in paths if path.parent.name == owner and path.name.startswith(title))


def _fill(path: Path, form: RecordForm, level: str) -> dict[str, int]:
    """Fill one row of every sheet; return how many answers each register got."""
    book: Any = openpyxl.load_workbook(path)
    counts: dict[str, int] = {}
    for table in form.tables:
        if level not in (table.levels or form.levels):
            continue
        sheet, names = book[table.sheet_ru], table_headings(table)
        is_upright = sheet["A4"].value == "Показатель"
        headings = (
            {row: sheet.cell(row, 1).value for row in range(HEADER_ROW + 2, sheet.max_row + 1)}
            if is_upright
            else {cell.column: cell.value for cell in sheet[HEADER_ROW + 1]}
        )
        for place, heading in headings.items():
            column = table.column(names[_plain(heading)])
            cell = sheet.cell(place, 2) if is_upright else sheet.cell(HEADER_ROW + 2, place)
            cell.value = "edu990001" if column.school else _value(table, column)
        counts[table.name] = len(headings)
    stream = io.BytesIO()
    book.save(stream)
    path.write_bytes(stream.getvalue())
    return counts


def _plain(heading: str) -> str:
    return normal_heading(heading)


def _read(path: Path) -> SourceReading:
    entry = next(file for file in scan_inbox(path.parent) if file.path == path.name)
    return read_source(path.parent, entry, ReadOptions(b"a key of the tests only"))


@pytest.mark.parametrize(("form_code", "level"), HANDED_OUT)
def test_soundly_filled_form_comes_back_without_findings(form_code: str, level: str, forms: list[Path]) -> None:
    form = record_forms()[form_code]
    path = _written(forms, form_code, level)
    counts = _fill(path, form, level)
    reading = _read(path)
    assert [(one.rule_id, one.sheet, one.cell, one.message) for one in reading.reading.findings] == []
    assert {name: len(rows) for name, rows in reading.reading.records.items()} == dict.fromkeys(counts, 1)
    for name, rows in reading.reading.records.items():
        stored = [column.name for column in record_tables()[name].stored_columns]
        assert rows[stored].isna().sum().sum() == 0


def test_register_is_known_by_its_own_headings_and_by_no_others() -> None:
    for name, table in record_tables().items():
        headings: list[Any] = [column.title_ru for column in table.columns]
        candidates = best_candidates(Sheet("Лист1", [["Заголовок"], headings, ["слово"] * len(headings)]))
        assert [one.table.name for one in tied(candidates)] == [name]


def test_headings_of_a_register_are_told_apart() -> None:
    for table in record_tables().values():
        titles = {_plain(column.title_ru) for column in table.columns}
        assert len(titles) == len(table.columns), table.name
        for column in table.columns:
            assert table_headings(table)[_plain(column.title_ru)] == column.name
