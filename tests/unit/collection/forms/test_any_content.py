"""Whatever stands in the cells: no reader fails, rows are counted, nothing of a person passes."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.record_export import RecordExport
from oko_pipeline.collection.layouts.record_form import RecordFormLayout
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.source_files import open_workbook
from tests.unit.collection.forms.filled import MUNICIPALITY, SCHOOL, write
from tests.unit.collection.workbooks import KEY

ANYTHING: list[Cell] = [
    "", None, 0, 1, -1, 5, 5.5, 1e300, -1e300, float("nan"), float("inf"), True, False, "да", "-", "Итого", "x" * 600,
    "Иванов Иван Иванович", "ivanov@school.ru", "8 900 123-45-67", "2025-2026", datetime(2025, 10, 1), date(1, 1, 1),  # noqa: DTZ001
    time(1, 2), timedelta(3), "01.02.2026", "99.99.9999", "\ufeff", "#REF!", "1e5", "²", "٣", "½", "Математика", "5А",
    "edu990001", "https://school.ru", 45000, 10**20, "nan", "0" * 50, "=1+1", "\x00", "«»",
]  # fmt: skip
PERSONAL = ("Иванов", "ivanov@", "123-45-67")


def _context() -> SourceContext:
    return SourceContext("2025-2026/a.xlsx", "0" * 64, "2026-01-01T00:00:00+00:00", Pseudonymiser(KEY))


def _check(reading: Reading) -> None:
    assert reading.accepted_rows_count + reading.quarantined_rows_count == reading.read_rows_count
    assert sum(map(len, reading.records.values())) == reading.accepted_rows_count
    texts = [str(finding) for finding in reading.findings]
    for frame in (*reading.records.values(), *reading.tables.values()):
        texts += [str(value) for name in frame.columns for value in frame[name]]
    assert not [text for text in texts if any(part in text for part in PERSONAL)]
    for name, frame in reading.records.items():
        contract = record_contracts()[name]
        extra = {"school_year": "2025-2026", "school_code": None, "file_sha256": "0"}
        ids = [str(number) for number in range(len(frame))]
        contract.conform(frame.assign(**extra, record_id=pd.Series(ids, dtype="str")))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("form", "owner"), [("tasks", SCHOOL), ("tasks", MUNICIPALITY), ("passport", SCHOOL), ("people", SCHOOL)]
)
def test_form_with_any_answers_is_read(form: str, owner: str, seed: int, tmp_path: Path) -> None:
    chance = Random(seed)  # noqa: S311
    workbook = open_workbook(write(tmp_path, form, owner).read_bytes(), "a.xlsx", ReadLimits()).workbook
    for sheet in workbook.sheets[1:-1]:
        width = max(map(len, sheet.rows))
        if sheet.rows[3][0] == "Показатель":
            for row in sheet.rows[4:]:
                row[1] = chance.choice(ANYTHING)
        else:
            sheet.rows[4:] = [chance.choices(ANYTHING, k=width) for _ in range(12)]
    _check(RecordFormLayout().read(workbook, _context()))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("table", ["tasks", "meetings", "passport", "grades_table", "talents"])
def test_export_with_any_cells_is_read(table: str, seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    columns = record_tables()[table].columns
    header: list[Cell] = [*(column.title_ru for column in columns), "Логин ОО"]
    rows = [chance.choices(ANYTHING, k=len(header)) for _ in range(15)]
    workbook = Workbook((Sheet("Лист1", [["За 2025-2026 год"], header, *rows]),))
    assert RecordExport().recognise(workbook)
    _check(RecordExport().read(workbook, _context()))
