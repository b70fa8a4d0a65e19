"""Workbooks built row by row, opened and read as the pipeline does it."""

import hashlib
from io import BytesIO

import pytest
import xlsxwriter

from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.layout import SourceContext
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.collection.source_files import open_workbook


def workbook_bytes(sheets):
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is not None:
                        sheet.write(index, column, value)
    return stream.getvalue()


@pytest.fixture(scope="session")
def stored():
    """Return a table of a reading as the database takes it: with what the pipeline adds, fitting its contract."""

    def conform(name, table, school_year, file_sha256="f", file_path="f"):
        added = {"school_year": school_year or "*", "file_sha256": file_sha256, "file_path": file_path}
        columns = {key: value for key, value in added.items() if key in TABLES[name].column_names}
        return TABLES[name].conform(table.assign(**columns))

    return conform


@pytest.fixture
def opened():
    """Open rows of one sheet, sheets by name, or CSV text as a `Workbook`."""

    def build(content, path="f.xlsx"):
        if isinstance(content, str):
            data = content.encode("utf-8")
        else:
            data = workbook_bytes(content if isinstance(content, dict) else {"Лист1": content})
        return open_workbook(data, path, ReadLimits()).workbook

    return build


@pytest.fixture
def context_of():
    def build(path="f.xlsx"):
        sha = hashlib.sha256(path.encode()).hexdigest()
        return SourceContext(path, sha, "2021-06-01T00:00:00+00:00", Pseudonymiser(b"k" * 32))

    return build


@pytest.fixture
def read(opened, context_of, stored):
    """Read content by the layout that the registry recognises; every table must fit its contract."""

    def run(content, path, layout_code):
        workbook = opened(content, path)
        layout = recognise(workbook)
        assert layout is not None
        assert layout.code == layout_code
        reading = layout.read(workbook, context_of(path))
        for name, table in reading.tables.items():
            stored(name, table, reading.school_year)
        assert reading.read_rows_count == reading.accepted_rows_count + reading.quarantined_rows_count
        return reading

    return run


@pytest.fixture
def published():
    """Return published results as {(unit code or label, measure, item): (percent, count)}."""

    def values(reading):
        table = reading.tables["published_results"]
        return {
            (row.unit_code if isinstance(row.unit_code, str) else row.unit_source, row.measure, row.item): (
                None if row.value_percent != row.value_percent else row.value_percent,
                None if row.value_count is None or str(row.value_count) == "<NA>" else int(row.value_count),
            )
            for row in table.itertuples()
        }

    return values
