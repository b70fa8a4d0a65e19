"""Sources that did not come by their terms are told beside the asset; nothing is stopped by it."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd
import pytest

from assets.partitions import SCHOOL_YEARS
from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.orchestration.freshness import freshness_checks, freshness_rows
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.workplace import WorkplaceResource, open_workplace

YEAR = "2025-2026"
LATE = {
    "school_year": YEAR, "kind": "oge", "source_code": "gia_protocol", "unit_level": "school", "state": "late",
    "is_optional": False, "due_on": "2026-05-15", "is_late": True, "files_count": 0, "rows_count": 0,
    "findings_count": 0, "received_on": None, "updated_on": None, "days_late": 5, "leaves_out": None, "reason": None,
}  # fmt: skip


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def fill(home, *rows, written="2026-05-19T04:00:00Z", today=datetime(2026, 5, 20, 9, tzinfo=UTC)):
    office = open_workplace(Settings.load(home=home), Clock(lambda: today))
    frame = pd.DataFrame([LATE | row for row in rows])
    office.database.replace(SOURCE_COMPLETENESS, SOURCE_COMPLETENESS.conform(frame), {"school_year": YEAR})
    own = {"school_year": YEAR, "table_name": SOURCE_COMPLETENESS.name, "slice_key": "year"}
    made = own | {"input_sha256": "x", "rows_count": 1, "written_at": written}
    office.database.replace(SLICES, SLICES.conform(pd.DataFrame([made])), own)
    return office


def told(office):
    rows = freshness_rows(office, YEAR)
    office.close()
    return {row.title_ru: (row.is_passed, row.observed) for row in rows.itertuples()}


def test_a_kind_that_is_late_is_told_with_its_units(home):
    office = fill(home, {"unit_code": "edu990404"}, {"unit_code": "edu990405", "state": "accepted"},
                  {"unit_code": "edu990406", "state": "not_applicable"})  # fmt: skip
    found = told(office)
    [(title, (is_passed, observed))] = [(key, value) for key, value in found.items() if "ОГЭ" in key]
    assert title == "«ОГЭ» пришло к сроку (2026-05-15)"
    assert not is_passed
    assert observed.replace("\xa0", " ") == "1 единица: edu990404"


def test_all_that_came_is_fresh(home):
    found = told(fill(home, {"unit_code": "edu990404", "state": "accepted"}))
    assert all(is_passed for is_passed, _ in found.values())
    assert len(found) == 2


@pytest.mark.parametrize(
    ("written", "today", "is_told"),
    [
        ("2026-05-19T04:00:00Z", datetime(2026, 5, 20, 9, tzinfo=UTC), False),
        ("2026-05-10T04:00:00Z", datetime(2026, 5, 20, 9, tzinfo=UTC), True),
        ("2026-05-10T04:00:00Z", datetime(2026, 9, 20, 9, tzinfo=UTC), True),
        ("2026-05-10T04:00:00Z", datetime(2027, 2, 20, 9, tzinfo=UTC), False),
    ],
)
def test_terms_that_nobody_compares_are_told_while_the_year_is_open(home, written, today, is_told):
    found = told(fill(home, {"unit_code": "a", "state": "accepted"}, written=written, today=today))
    assert any(not is_passed for is_passed, _ in found.values()) is is_told


def test_the_check_warns_and_stops_nothing(home):
    fill(home, {"unit_code": "edu990404"}).close()

    @dg.asset(name=SOURCE_COMPLETENESS.name, partitions_def=SCHOOL_YEARS)
    def completeness() -> None:
        """Nothing."""

    resource = {"workplace": WorkplaceResource(home=str(home))}
    assets = [completeness, *freshness_checks()]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, partition_key=YEAR, resources=resource, instance=instance)
    [evaluation] = result.get_asset_check_evaluations()
    assert result.success
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
