"""Numbers of a document: how they are written, and that each can be found again."""

import pytest

from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import UNKNOWN, Figures, place
from tests.unit.reporting.frames import filled

YEAR = "2024-2025"
NBSP = "\u00a0"


def indicator(code, unit, **values):
    return {"school_year": YEAR, "indicator_code": code, "breakdown": "", "unit_level": "school", "unit_code": unit} | {
        "state": "computed", "schools_count": 1, "method_id": "m",
    } | values  # fmt: skip


@pytest.fixture
def data():
    rows = [
        indicator("attainment.gve_share", "edu1", value=0.136, value_low=0.05, value_high=0.333, n=22, numerator=3.0),
        indicator("attainment.gve_share", "edu2", value=None, n=1234567, numerator=2.0),
    ]
    return CycleData(YEAR, {"indicator_values": filled("indicator_values", rows)})


@pytest.fixture
def row(data):
    return data.row("indicator_values", unit_code="edu1")


def test_numbers_are_written_as_documents_write_them(data, row):
    figures = Figures()
    second = data.row("indicator_values", unit_code="edu2")
    assert figures.percent(row, "value") == f"13,6{NBSP}%"
    assert figures.percent_number(row, "value", 0) == "14"
    assert figures.share_with_interval(row, "value", "value_low", "value_high") == f"13,6{NBSP}(5–33)"
    assert figures.counted(row, "n", ("участник", "участника", "участников")) == f"22{NBSP}участника"
    assert figures.whole(second, "n") == f"1{NBSP}234{NBSP}567"
    assert figures.signed(row, "value") == "+13,6"
    assert figures.decimal(row, "value_low", 2) == "0,05"


def test_an_unknown_value_is_a_dash_and_no_number(data):
    figures = Figures()
    second = data.row("indicator_values", unit_code="edu2")
    assert figures.percent(second, "value") == UNKNOWN
    assert figures.share_with_interval(second, "value", "value_low", "value_high") == UNKNOWN
    assert figures.counted(second, "schools_count", ("ОО", "ОО", "ОО")) == f"1{NBSP}ОО"
    assert [one["column"] for one in figures.taken] == ["schools_count"]


def test_a_number_remembers_its_row(row):
    figures = Figures()
    figures.percent(row, "value")
    taken = figures.taken[0]
    assert (taken["table"], taken["column"], taken["text"]) == ("indicator_values", "value", f"13,6{NBSP}%")
    assert taken["key"] == {
        "school_year": YEAR,
        "indicator_code": "attainment.gve_share",
        "breakdown": "",
        "unit_level": "school",
        "unit_code": "edu1",
    }


def test_counts_and_sums_remember_the_conditions_of_their_rows(data):
    figures = Figures()
    rows = data.rows("indicator_values", unit_level="school")
    assert figures.count(rows, ("строка", "строки", "строк")) == f"2{NBSP}строки"
    assert figures.total(rows, "numerator") == "5"
    none = data.rows("indicator_values", unit_level="municipality")
    assert figures.count(none) == "0"
    assert figures.total(none, "numerator") == "0"
    assert [one["op"] for one in figures.taken] == ["count", "sum", "count", "sum"]
    assert figures.taken[0]["where"] == {"school_year": YEAR, "unit_level": "school"}


def test_values_of_a_chart_keep_gaps(data):
    figures = Figures()
    assert figures.values(data.rows("indicator_values"), "value", scale=100) == [13.6, None]
    assert [one["text"] for one in figures.taken] == ["13,6"]


def test_a_computed_number_names_its_rows_and_how_it_was_worked_out(data, row):
    figures = Figures()
    assert figures.computed(-0.131, "разность долей", [row], form="signed") == "−13,1"
    assert figures.computed(0, "никого", [], form="whole") == "0"
    first, second = figures.taken
    assert first["keys"] == [row.key]
    assert second["keys"] == []


def test_the_same_place_is_told_apart_only_by_what_it_is_of(data, row):
    def one(call):
        figures = Figures()
        call(figures)
        return place(figures.taken[0])

    percent = one(lambda figures: figures.percent(row, "value"))
    assert percent == one(lambda figures: figures.percent(row, "value"))
    assert percent != one(lambda figures: figures.percent(row, "value_low"))
    other = data.row("indicator_values", unit_code="edu2")
    assert one(lambda figures: figures.whole(row, "n")) != one(lambda figures: figures.whole(other, "n"))


def test_of_a_text_only_the_numbers_that_are_said_are_taken_down():
    rows = [{"school_year": YEAR, "finding_id": "f1", "text_ru": f"Решаемость 40{NBSP}%. Участников 22 из 30."}]
    row = CycleData(YEAR, {"findings": filled("findings", rows)}).row("findings", finding_id="f1")
    figures = Figures()
    assert figures.text(row, "text_ru", "Участников 22 из…") == "Участников 22 из…"
    assert [figure["text"] for figure in figures.taken] == ["22"]
