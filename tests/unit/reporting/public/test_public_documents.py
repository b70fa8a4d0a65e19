"""Open documents show what is open and nothing else."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pytest
from docx import Document

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.public.builders import BUILDERS
from oko_pipeline.reporting.word.render import Stamp, render_note
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
WORK = "vpr-2026-spring:{}:russian:base"
STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1")


def cells(unit, level, work, state, counts=(3, 10, 7)):
    total = sum(counts)
    own = {"school_year": YEAR, "result_id": work, "procedure": work.split("-")[0].split(":")[0],
           "municipality_code": "m1", "unit_level": level, "unit_code": unit, "state": state}  # fmt: skip
    return [
        own
        | {"category": step}
        | (
            {
                "participants_count": total,
                "people_count": count,
                "share": count / total,
                "share_low": 0.1,
                "share_high": 0.9,
            }
            if state == "shown"
            else {}
        )
        for step, count in zip(("low", "base", "good"), counts, strict=True)
    ]


def data(*rows, recommendations=()):
    frames = {
        "public_cells": filled("public_cells", [one for part in rows for one in part]),
        "recommendations": filled("recommendations", list(recommendations)),
        "schools": filled("schools", [
            {"school_year": YEAR, "school_code": code, "school_name": f"Школа {code}", "municipality_code": "m1"}
            for code in ("edu1", "edu2")
        ]),
        "municipalities": filled(
            "municipalities", [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Первый район"}]
        ),
    }  # fmt: skip
    return CycleData(YEAR, frames)


def advice(code, state, text, **more):
    own = {"school_year": YEAR, "unit_level": "school", "unit_code": code, "recommendation_id": text}
    return own | {"addressee": "parents", "state": state, "text_ru": text, "reach_count": 30} | more


def texts(content):
    document = Document(BytesIO(content))
    cells_found = [cell.text for table in document.tables for line in table.rows for cell in line.cells]
    return [paragraph.text for paragraph in document.paragraphs] + cells_found


@pytest.fixture
def own():
    return data(
        cells("edu1", "school", WORK.format(4), "shown"),
        cells("edu1", "school", WORK.format(5), "too_small"),
        cells("edu2", "school", WORK.format(4), "one_sided"),
        cells("m1", "municipality", WORK.format(4), "shown", (9, 30, 21)),
        cells("m1", "municipality", WORK.format(5), "total"),
        recommendations=[
            advice("edu1", "accepted", "Читать вслух вместе"),
            advice("edu1", "proposed", "Никем не прочитано"),
            advice("edu1", "edited", "О трёх обучающихся", reach_count=3),
            advice("edu1", "rejected", "Отклонено"),
        ],
    )


def test_only_units_with_something_to_show_get_documents(own):
    found = {kind: [content.unit_code for content in make(own)] for kind, make in BUILDERS.items()}
    assert found == {"parents_page": ["edu1"], "public_report": ["m1"], "public_school_report": ["edu1"]}


def test_hidden_results_have_no_numbers_and_are_told(own):
    content = next(iter(BUILDERS["public_school_report"](own)))
    section = content.context["sections"]["vpr"]
    assert section["tables"][0]["rows"][1]["cells"] == ["Русский язык, 5\u00a0класс", "скрыто"]
    assert "Ещё по 1\u00a0работе числа скрыты" in section["text"][0]
    of_cells = [figure for figure in content.context["figures"] if figure["op"] == "value"]
    assert {figure["key"]["result_id"] for figure in of_cells} == {WORK.format(4)}


def test_parents_read_only_what_a_person_accepted_for_a_group_that_is_not_small(own):
    content = next(iter(BUILDERS["parents_page"](own)))
    assert content.context["sections"]["advice"]["points"] == ["Читать вслух вместе"]


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_documents_read_back(own, kind):
    content = next(iter(BUILDERS[kind](own)))
    said = texts(render_note(kind, content.context, STAMP))
    assert not any("{{" in text or "{%" in text for text in said)
    expected = {"parents_page": "20", "public_report": "60", "public_school_report": "20"}[kind]
    assert expected in said
    share = {"parents_page": "«4» и «5»: 35\u00a0%", "public_report": "15,0\u00a0(10–90)"}.get(
        kind, "15,0\u00a0(10–90)"
    )
    assert share in said


def test_open_documents_read_open_cells_only():
    public = [kind for kind in document_kinds().values() if kind.profile == "public"]
    assert {kind.kind for kind in public} == set(BUILDERS)
    for kind in public:
        assert set(kind.tables) <= {"public_cells", "recommendations"}
        assert not any(any_table(name).is_restricted for name in kind.tables)
        assert re.match("Открытые документы/", kind.folder_ru)
