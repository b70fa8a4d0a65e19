"""Registers of the year as documents; drafts of regulations say what really is."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from docx import Document

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.registries.builders import BUILDERS
from oko_pipeline.reporting.word.render import Stamp, render_note
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1")
COVERED = "additional_education.additional_education_share"


def data(**rows):
    names = {name for kind in BUILDERS for name in document_kinds()[kind].tables}
    given = {
        "schools": [
            {"school_year": YEAR, "school_code": code, "school_name": f"Школа {code}", "municipality_code": "m1"}
            for code in ("edu1", "edu2")
        ],
        "municipalities": [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Первый район"}],
    } | rows
    return CycleData(YEAR, {name: filled(name, given.get(name, [])) for name in {*names, *given}})


def procedure(school, number, planned, **more):
    return {"school_year": YEAR, "record_id": f"{school}{number}", "school_code": school, "municipality_code": "m1",
            "procedure_number": number, "procedure": "vpr", "planned_on": planned, "minutes": 45,
            "is_whole_class": True} | more  # fmt: skip


@pytest.fixture
def scheduled():
    return data(
        procedure_schedule=[
            procedure("edu1", "2", "2026-04-14", title="Вторая"),
            procedure("edu1", "1", "2026-03-10", title="=Первая"),
            procedure(None, "9", "2026-02-01", title="Муниципальная"),
        ]
    )


def test_registers_hold_own_rows_in_order_and_leave_out_empty_columns(scheduled):
    found = {content.unit_code: content.context for content in BUILDERS["registers_school"](scheduled)}
    assert list(found) == ["edu1"]
    table = found["edu1"]["sections"]["procedures"]["tables"][0]
    titles = [column["title"] for column in table["columns"]]
    place = titles.index("Название") if "Название" in titles else 1
    assert [line["cells"][place] for line in table["rows"]] == ["=Первая", "Вторая"]
    assert "10.03.2026" in table["rows"][0]["cells"]
    assert "45" in table["rows"][0]["cells"]
    assert not any("Участник" in title for title in titles)


def test_a_municipality_has_its_own_rows_alone(scheduled):
    contexts = [content.context for content in BUILDERS["registers_municipality"](scheduled)]
    rows = contexts[0]["sections"]["procedures"]["tables"][0]["rows"]
    assert len(rows) == 1
    assert "Муниципальная" in rows[0]["cells"]


def test_units_with_empty_registers_get_no_document():
    for build in BUILDERS.values():
        assert list(build(data())) == []


def test_draft_of_regulation_names_the_indicators_that_have_data_and_those_only():
    value = {"school_year": YEAR, "indicator_code": COVERED, "breakdown": "", "unit_level": "municipality",
             "unit_code": "m1", "state": "computed", "value": 60.0, "norm": 75.0, "schools_count": 2,
             "method_id": "indicators.share", "method_version": "1"}  # fmt: skip
    silent = value | {"indicator_code": "mentoring.mentees", "state": "no_data", "value": None}
    context = next(iter(BUILDERS["regulation_draft_municipality"](data(indicator_values=[value, silent])))).context
    rows = context["sections"]["indicators"]["tables"][0]["rows"]
    assert [line["cells"][:3] for line in rows] == [
        ["Выявление и поддержка способностей"],
        ["Доля детей в дополнительном образовании", "%", "75,0"],
    ]
    assert context["sections"]["procedures"] is None


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_documents_read_back(scheduled, kind):
    content = next(iter(BUILDERS[kind](scheduled)))
    document = Document(BytesIO(render_note(kind, content.context, STAMP)))
    cells = {cell.text for table in document.tables for line in table.rows for cell in line.cells}
    assert "45" in cells
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    expected = {"registers": ["Оценочные процедуры"], "regulation": ["Общие положения", "Оценочные процедуры"]}
    assert headings[: len(expected[kind.split("_")[0]])] == expected[kind.split("_")[0]]
