"""Rows of tables as builders of documents find them."""

import pytest

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.document_settings import DocumentSettings
from tests.unit.reporting.frames import filled

YEAR, BEFORE = "2024-2025", "2023-2024"


def school(code, municipality, name=None, year=YEAR):
    return {"school_year": year, "school_code": code, "municipality_code": municipality, "school_name": name or code}


@pytest.fixture
def data():
    schools = [
        school("edu2", "m1", "Школа № 2"),
        school("edu1", "m1", "Школа № 1"),
        school("edu3", "m2"),
        school("edu1", "m1", "Прежнее название", BEFORE),
    ]
    municipalities = [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Добромышский район"}]
    frames = {"schools": filled("schools", schools), "municipalities": filled("municipalities", municipalities)}
    return CycleData(YEAR, frames, DocumentSettings(territory_ru="Край"))


def test_rows_are_those_of_the_year_unless_another_is_asked_for(data):
    assert len(data.rows("schools")) == 3
    assert [row["school_name"] for row in data.rows("schools", school_year=BEFORE)] == ["Прежнее название"]


def test_conditions_take_one_value_or_several(data):
    assert [row["school_code"] for row in data.rows("schools", municipality_code="m1")] == ["edu2", "edu1"]
    several = data.rows("schools", school_code=("edu1", "edu3"))
    assert {row["school_code"] for row in several} == {"edu1", "edu3"}
    assert several.conditions == {"school_year": YEAR, "school_code": ("edu1", "edu3")}
    assert data.rows("schools", school_code=()) == []


def test_rows_narrow_down_further_and_remember_how(data):
    rows = data.rows("schools", municipality_code="m1").where(school_code="edu2")
    assert [row["school_name"] for row in rows] == ["Школа № 2"]
    assert rows.conditions == {"school_year": YEAR, "municipality_code": "m1", "school_code": "edu2"}
    assert rows.table == rows[0].table == "schools"


def test_missing_values_are_none_and_can_be_asked_for(data):
    assert data.rows("schools")[0]["oge_code"] is None
    assert len(data.rows("schools", oge_code=None)) == 3


def test_one_row_none_and_several(data):
    assert data.row("schools", school_code="edu3")["municipality_code"] == "m2"
    assert data.row("schools", school_code="edu9") is None
    with pytest.raises(ContractError, match="schools несколько строк"):
        data.row("schools", municipality_code="m1")


def test_a_key_names_the_row_of_its_table(data):
    assert data.row("schools", school_code="edu3").key == {"school_year": YEAR, "school_code": "edu3"}


def test_a_table_that_the_kind_does_not_name_cannot_be_read(data):
    with pytest.raises(KeyError):
        data.rows("findings")


def test_schools_and_municipalities_stand_in_order_of_codes(data):
    assert [row["school_code"] for row in data.schools()] == ["edu1", "edu2", "edu3"]
    assert [row["school_code"] for row in data.schools("m1")] == ["edu1", "edu2"]
    assert data.municipalities() == ["m1", "m2"]


def test_units_have_names_or_their_codes(data):
    assert data.unit_name("school", "edu1") == "Школа № 1"
    assert data.unit_name("school", "edu9") == "edu9"
    assert data.unit_name("municipality", "m1") == "Добромышский район"
    assert data.unit_name("municipality", "m2") == "m2"
    assert data.unit_name("all", "all") == "Край"
