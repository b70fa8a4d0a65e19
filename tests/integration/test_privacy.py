"""Personal data: a person or a year is erased and stays erased, terms are applied, a search finds what is planted."""

from datetime import date

import pyarrow.parquet as pq
import pytest

from oko_pipeline.catalogue.tables import FILES, RESULT_SUMMARY
from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from oko_pipeline.orchestration.erasure import apply_retention, erase_people, erase_year, expired_years
from oko_pipeline.orchestration.privacy_scan import scan_everything
from oko_pipeline.orchestration.year_run import run_year
from resources.workplace import open_workplace
from tests.integration.conftest import YEAR, silent


@pytest.fixture
def workplace(installation, monkeypatch):
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    opened = open_workplace(installation.model_copy(update={"workers": 1}))
    yield opened
    opened.close()


def works_with(workplace, pupil_id):
    return [
        path
        for path in workplace.settings.restricted_folder.rglob("*.parquet")
        if "pupil_id" in pq.read_schema(path).names
        and pupil_id in pq.ParquetFile(path).read(["pupil_id"])["pupil_id"].to_pylist()
    ]


def some_pupil(workplace):
    assessment_id = workplace.works.assessment_ids(YEAR)[0]
    rows = workplace.works.read(YEAR, assessment_id).rows
    return assessment_id, rows.loc[rows["status"] == "scored", "pupil_id"].iloc[0]


def test_an_erased_pupil_is_gone_from_every_file_and_stays_gone_after_reading_again(workplace, installation):
    assessment_id, pupil_id = some_pupil(workplace)
    before = workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR, "unit_level": "all", "subgroup": "all"})
    assert len(works_with(workplace, pupil_id)) >= 2, "the work and the fragment that it came from"

    erasure = erase_people(workplace, [pupil_id], "обращение № 1")

    assert works_with(workplace, pupil_id) == []
    assert erasure.school_years == (YEAR,)
    assert {path for path, row in erasure.sources if row is not None}, "the places in the inbox are told"
    log = workplace.database.read(DATA_ACCESS_LOG, {"operation": "erase_person"})
    assert log["basis_ru"].tolist() == ["обращение № 1"]
    assert log["rows_count"].item() == erasure.rows_count
    assert run_year(workplace.settings, YEAR, silent, "tables_only").error is None
    assert works_with(workplace, pupil_id) == []
    after = workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR, "unit_level": "all", "subgroup": "all"})
    counts = [frame.set_index("assessment_id")["participants_count"] for frame in (before, after)]
    assert counts[1][assessment_id] == counts[0][assessment_id] - 1


def test_an_erased_year_leaves_nothing_but_the_line_in_the_log(workplace):
    files = workplace.database.read(FILES, {"school_year": YEAR})
    erase_year(workplace, YEAR, "распоряжение № 2", with_sources=True)
    home = workplace.settings.home
    assert not any((home / "reports" / YEAR).rglob("*"))
    assert not any((workplace.settings.restricted_folder / "works" / YEAR).rglob("*"))
    assert workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR}).empty
    assert workplace.database.read(FILES, {"school_year": YEAR}).empty
    assert [path for path in files["path"] if (workplace.inbox / path).exists()] == []
    assert workplace.database.read(DATA_ACCESS_LOG, {"operation": "erase_year"})["school_year"].tolist() == [YEAR]


def test_without_leave_to_remove_sources_they_are_listed(workplace):
    erasure = erase_year(workplace, YEAR, "распоряжение № 3", with_sources=False)
    assert erasure.sources
    assert all((workplace.inbox / path).is_file() for path, _ in erasure.sources)


def test_terms_remove_pupil_data_and_sources_but_keep_results(workplace):
    assert expired_years(workplace, date(2026, 12, 31)) == []
    files = workplace.database.read(FILES, {"school_year": YEAR})
    [expired] = [one for one in apply_retention(workplace, date(2027, 1, 1)) if one.school_year == YEAR]
    assert expired.rows_count > 0
    assert [path for path in files["path"] if (workplace.inbox / path).exists()] == []
    assert workplace.works.assessment_ids(YEAR) == []
    assert not workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR}).empty
    assert set(workplace.database.read(FILES, {"school_year": YEAR})["status"]) == {"archived"}
    assert expired_years(workplace, date(2027, 1, 1)) == []


def test_the_search_finds_a_planted_name_and_nothing_in_what_a_run_leaves(workplace):
    names = ["Вымышленникова", "Выдумщиков"]
    assert scan_everything(workplace, names) == []
    home = workplace.settings.home
    (home / "dagster" / "planted.log").write_bytes("Ученица Вымышленникова".encode("utf-16-le"))
    hits = scan_everything(workplace, names)
    assert [(hit.place, hit.kind, hit.count) for hit in hits] == [("dagster/planted.log", "строка № 1 из списка", 1)]
