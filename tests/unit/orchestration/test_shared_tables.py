"""Tables that report assets of a run read one after another: read once while nothing changed, anew when they did."""

import pytest

from assets.documents import ReadTables, cycle_data
from assets.indicators import table_rows as rows
from assets.inputs import record_slices
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import SCHOOLS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
KIND = document_kinds()["quality_letter"]


@pytest.fixture
def office(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path, workers=1))
    yield office
    office.close()


def write_schools(office, inputs, *names):
    rows = [
        {"school_year": YEAR, "school_code": f"edu{number}", "municipality_code": "m1", "school_name": name}
        for number, name in enumerate(names)
    ]
    office.database.replace(SCHOOLS, filled("schools", rows), {"school_year": YEAR})
    record_slices(office, YEAR, "schools", {"year": (inputs, len(rows))})


def names(office):
    """Return the names of schools as the next report asset of the run reads them."""
    data = cycle_data(office, YEAR, KIND, ReadTables(office))
    return [row["school_name"] for row in data.schools()]


def test_assets_of_a_run_share_what_was_not_written_between_them(office, monkeypatch):
    write_schools(office, "1", "Лесная")
    read = []
    monkeypatch.setattr(
        "assets.documents.table_rows", lambda own, year, name: read.append(name) or rows(own, year, name)
    )
    assert names(office) == names(office) == ["Лесная"]
    assert read.count("schools") == 1
    # Nothing tells what its rows were made from.
    assert read.count("municipalities") == 2


def test_a_table_written_between_two_assets_is_read_anew(office):
    write_schools(office, "1", "Лесная")
    assert names(office) == ["Лесная"]
    write_schools(office, "2", "Лесная", "Озёрная")
    assert names(office) == ["Лесная", "Озёрная"]
