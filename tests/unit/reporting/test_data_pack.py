"""The workbook beside a document holds its tables as cells, its sources, and never a formula."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.data_pack import data_pack
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.russian import MINUS, NBSP
from oko_pipeline.reporting.sections import chart, row, section, series, table


def context(*rows, figures=()):
    columns = [("ОО", 3.0, "text"), ("Участников", 1.0, "number"), ("Доля, %", 2.0, "number")]
    picture = chart("bars", "Доли", "Доля выше у второй", ["А", "Б"], [series("доля", "plain", [12.5, None])])
    return {
        "title": "Справка", "unit_name": "Школа 1", "unit_code": "edu990001", "school_year": "2025/2026",
        "sections": {"one": section(tables=[table("Участие: все/никто", columns, rows)], charts=[picture])},
        "provenance": {"table": table("Таблицы", columns, [row("x", "1", "2")])},
        "figures": list(figures),
    }  # fmt: skip


def opened(content):
    return load_workbook(BytesIO(content))


def test_numbers_are_numbers_and_intervals_are_texts():
    book = opened(data_pack(context(row("=1+1", f"12{NBSP}345", "13,6 (5–33)"), row("Б", "—", f"{MINUS}2,5"))))
    sheet = book["Участие все никто"]
    assert [[cell.value for cell in line] for line in sheet.iter_rows()] == [
        ["ОО", "Участников", "Доля, %"],
        ["=1+1", 12345, "13,6 (5–33)"],
        ["Б", None, -2.5],
    ]
    assert sheet["A2"].data_type == "s"


def test_charts_stand_as_their_numbers_and_sources_of_the_document_do_not():
    book = opened(data_pack(context(row("А", "1", "2"))))
    assert book.sheetnames == ["О документе", "Участие все никто", "Доли"]
    assert [cell.value for cell in book["Доли"]["B"]] == ["доля", 12.5, None]


def test_sources_name_table_row_and_way_once():
    figures = Figures()
    record = Row("schools", {"school_year": "2025-2026", "school_code": "edu990001", "region_code": 7})
    figures.whole(record, "region_code")
    figures.whole(record, "region_code")
    figures.count(Rows("schools", {"municipality_code": "m1"}, [record]))
    book = opened(data_pack(context(row("А", "1", "2"), figures=figures.taken)))
    found = [[cell.value for cell in line] for line in book["Откуда числа"].iter_rows(min_row=2)]
    place = "school_year = 2025-2026, school_code = edu990001"
    assert found == [
        ["7", "Образовательные организации (schools)", "region_code", place, "значение"],
        ["1", "Образовательные организации (schools)", None, "municipality_code = m1", "число строк"],
    ]


def test_same_context_gives_same_bytes_and_empty_one_gives_none():
    assert data_pack(context(row("А", "1", "2"))) == data_pack(context(row("А", "1", "2")))
    assert data_pack({"title": "Письмо", "sections": {}}) is None


@pytest.mark.parametrize("title", ["", "Очень длинный заголовок таблицы, который не войдёт в имя листа", "[]:*?/\\"])
def test_sheet_names_are_legal_and_apart(title):
    columns = [("А", 1.0, "text")]
    content = data_pack({"title": "С", "a": [table(title, columns, [row("1")]), table(title, columns, [row("2")])]})
    names = opened(content).sheetnames
    assert len(names) == 3
    assert all(0 < len(name) <= 31 for name in names)
