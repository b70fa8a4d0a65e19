"""Notes of directions tell what a municipality knows of a direction, and are silent about what it does not."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from docx import Document

from oko_pipeline.catalogue.direction_notes import direction_notes, read_direction_notes
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.indicators import DIRECTIONS
from oko_pipeline.errors import CatalogueError
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.directions.builders import direction_note
from oko_pipeline.reporting.word.render import Stamp, render_note
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
COVERED = "additional_education.additional_education_share"
STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1")


def value(code, level, unit, number, n, **more):
    return {"school_year": YEAR, "indicator_code": code, "breakdown": "", "unit_level": level, "unit_code": unit,
            "state": "computed", "value": number, "value_low": number - 3, "value_high": number + 3, "n": n,
            "schools_count": 2, "method_id": "indicators.share", "method_version": "1"} | more  # fmt: skip


def data(**rows):
    kind = document_kinds()["direction_note"]
    schools = [
        {"school_year": YEAR, "school_code": code, "school_name": f"Школа {code}", "municipality_code": "m1"}
        for code in ("edu1", "edu2", "edu3")
    ]
    municipality = [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Первый район"}]
    given = {"schools": schools, "municipalities": municipality} | rows
    return CycleData(YEAR, {name: filled(name, given.get(name, [])) for name in {*kind.tables, *given}})


def stage(school, name, participants, winners, subject="physics"):
    return {"school_year": YEAR, "record_id": f"{school}{name}{subject}", "school_code": school, "stage": name,
            "olympiad_subject": subject, "participants_count": participants, "winners_count": winners}  # fmt: skip


@pytest.fixture(scope="module")
def talents():
    return list(
        direction_note(
            data(
                indicator_values=[
                    value(COVERED, "municipality", "m1", 62.5, 400, norm=70.0, reaches_norm=False, verdict="worse",
                          previous_value=68.0),
                    value(COVERED, "school", "edu1", 55.0, 200),
                    value(COVERED, "school", "edu2", 70.0, 7, state="insufficient", value=None),
                ],
                olympiad_stages=[
                    stage("edu1", "school", 40, 5), stage("edu2", "school", 20, 3), stage("edu1", "municipal", 6, 1),
                ],
                prevention=[],
            )
        )
    )  # fmt: skip


def test_only_directions_with_something_to_tell_get_notes(talents):
    assert [content.topic for content in talents] == ["talents"]
    assert list(direction_note(data())) == []


def test_recommendations_to_schools_alone_make_no_note():
    advice = {"school_year": YEAR, "recommendation_id": "R1", "unit_level": "school", "unit_code": "edu1",
              "direction": "talents", "state": "proposed", "is_held_back": False}  # fmt: skip
    assert list(direction_note(data(recommendations=[advice]))) == []


def test_kinds_of_data_that_the_same_schools_owe_are_told_together():
    late = [
        {
            "school_year": YEAR,
            "kind": kind,
            "way": "form",
            "unit_level": "school",
            "unit_code": code,
            "state": "late",
            "is_optional": False,
        }
        for kind, codes in (("olympiad", ["edu1", "edu2", "edu3"]), ("talent_contests", ["edu1", "edu2", "edu3"]))
        for code in codes
    ]
    notes = list(
        direction_note(
            data(indicator_values=[value(COVERED, "municipality", "m1", 62.5, 400)], source_completeness=late)
        )
    )
    [point] = notes[0].context["sections"]["gaps"]["points"]
    assert point.startswith("Не пришло ни от одной ОО: ")


def test_worse_and_missed_norm_are_said_and_columns_of_nothing_are_left_out(talents):
    section = talents[0].context["sections"]["indicators"]
    assert section["text"] == [
        (
            "Хуже, чем год назад: «Доля детей в дополнительном образовании». "
            "Норма не достигнута: «Доля детей в дополнительном образовании»."
        )
    ]
    titles = [column["title"] for column in section["tables"][0]["columns"]]
    assert titles == ["Показатель", "Значение", "Человек", "ОО с данными", "Норма", "Год назад", "Изменение"]
    bare = list(direction_note(data(indicator_values=[value(COVERED, "municipality", "m1", 62.5, 400)])))
    columns = bare[0].context["sections"]["indicators"]["tables"][0]["columns"]
    assert [column["title"] for column in columns] == ["Показатель", "Значение", "Человек", "ОО с данными"]


def test_schools_stand_in_order_of_codes_and_small_ones_have_no_number(talents):
    section = talents[0].context["sections"]["schools"]
    cells = [line["cells"] for line in section["tables"][0]["rows"]]
    assert cells == [
        ["Школа edu1 (edu1)", "55,0 (52–58; n\u00a0=\u00a0200)"],
        ["Школа edu2 (edu2)", "мало данных"],
    ]
    assert section["text"] == ["Данные есть у 2\u00a0ОО из 3. Нет данных: Школа edu3."]


def test_registers_are_summed_over_schools_by_answers_in_the_order_of_the_form(talents):
    table = talents[0].context["sections"]["registers"]["tables"][0]
    assert [line["cells"][:3] for line in table["rows"]] == [
        ["Школьный этап", "60", "8"],
        ["Муниципальный этап", "6", "1"],
    ]
    share = table["rows"][0]["cells"][-1]
    assert share == "13,3"
    assert table["rows"][1]["cells"][-1] == "—"


def test_small_counts_of_sensitive_registers_are_hidden():
    record = {"school_year": YEAR, "record_id": "1", "school_code": "edu1", "period": "year", "record_kind": "police",
              "on_record_count": 3, "clubs_count": 12}  # fmt: skip
    note = next(iter(direction_note(data(prevention=[record]))))
    cells = note.context["sections"]["registers"]["tables"][0]["rows"][-1]["cells"]
    assert "менее\u00a05" in cells
    assert "12" in cells
    assert "3" not in cells


def test_municipality_answers_alone_are_used_where_no_school_answered():
    own = {"school_year": YEAR, "record_id": "1", "school_code": None, "municipality_code": "m1",
           "reserve_position": "head", "posts_count": 30, "need_count": 20, "reserve_count": 5}  # fmt: skip
    note = next(iter(direction_note(data(heads_reserve=[own]))))
    assert note.topic == "heads"
    assert note.context["sections"]["registers"]["tables"][0]["rows"][0]["cells"][-1] == "25,0"


def test_note_reads_back(talents):
    content = render_note("direction_note", talents[0].context, STAMP)
    document = Document(BytesIO(content))
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    assert headings == ["Показатели", "Показатели по ОО", "Что сделано за год"]
    cells = {cell.text for table in document.tables for line in table.rows for cell in line.cells}
    assert "62,5\u00a0% (59,5–65,5)" in cells


def test_catalogue_of_notes_has_every_direction_and_tells_what_is_unknown():
    assert {note.direction for note in direction_notes()} == set(DIRECTIONS) - {"cross"}
    text = (
        "notes:\n  - {direction: nowhere, title_ru: А, question_ru: Б, by_school: [no.such],"
        " registers: [{table: mentoring, title_ru: В, by: [form], sums: [no_such_count]}, {table: none, title_ru: Г,"
        " by: [x], sums: [y]}]}\n"
    )
    with pytest.raises(CatalogueError) as error:
        read_direction_notes(text)
    assert [part in str(error.value) for part in ("nowhere", "no.such", "no_such_count", "реестра none")] == [True] * 4
