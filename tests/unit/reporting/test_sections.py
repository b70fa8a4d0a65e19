"""Sections of a context: absent when they say nothing, with the sources of their numbers."""

from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import finished, heading, row, section, table
from tests.unit.reporting.frames import filled

YEAR = "2024-2025"


def made(schools=()):
    municipalities = [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Район"}]
    frames = {"schools": filled("schools", list(schools)), "municipalities": filled("municipalities", municipalities)}
    return CycleData(YEAR, frames, days={"schools": "2025-06-01T10:00:00"})


def test_a_section_without_anything_to_say_is_absent():
    assert section() is None
    assert section(text=["", ""], points=[""], tables=[None], charts=[None], note="только примечание") is None
    assert section(text=["", "Есть."])["text"] == ["Есть."]


def test_a_table_without_rows_is_absent():
    columns = [("Что", 1.0, "text")]
    assert table("Пусто", columns, []) is None
    spec = table("Одна строка", columns, [row("да")])
    assert spec["columns"] == [{"title": "Что", "weight": 1.0, "kind": "text"}]
    assert spec["rows"] == [{"cells": ["да"], "kind": "plain"}]


def test_the_heading_names_the_unit_and_its_municipality():
    data = made([{"school_year": YEAR, "school_code": "edu1", "municipality_code": "m1", "school_name": "Школа № 1"}])
    context = heading(data, "school", "edu1", "Справка")
    assert (context["unit_name"], context["municipality_name"]) == ("Школа № 1", "Район")
    assert context["approval_position"] == "Директор"
    assert context["school_year"] == "2024/2025"
    assert heading(data, "municipality", "m1", "Справка")["approval_position"] == "Руководитель"


def test_the_appendix_counts_numbers_by_table_and_tells_their_day():
    data = made([{"school_year": YEAR, "school_code": "edu1", "municipality_code": "m1"}])
    figures = Figures()
    figures.count(data.schools())
    figures.count(data.rows("municipalities"))
    provenance = finished({}, data, figures)["provenance"]
    assert provenance["text"].startswith("В документе 2\u00a0числа из таблиц базы.")
    cells = [line["cells"] for line in provenance["table"]["rows"]]
    assert [line[1:] for line in cells] == [["municipalities", "1", "—"], ["schools", "1", "01.06.2025"]]


def test_a_document_without_numbers_has_no_sources_and_can_be_rendered_as_a_first_issue():
    context = finished({"title": "Письмо"}, made(), Figures())
    assert context == {"title": "Письмо", "figures": [], "provenance": None, "changes": None}
