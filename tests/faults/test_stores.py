"""What a kill or a cut of power does to people's data: nothing is lost silently, all is made anew from the inbox."""

import os
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from assets.collection import collect_files
from assets.inputs import record_slices
from assets.mended_store import mend_store
from assets.pool_tasks import AssembleTask, assemble_into_store, fragment_key, info_path, pending_differences_path
from assets.validation import after_former, newest_results
from oko_pipeline.catalogue.tables import FILES, QUALITY_RESULTS, SLICES
from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from oko_pipeline.errors import StorageError
from oko_pipeline.orchestration import erasure
from oko_pipeline.orchestration.year_run import prepare_dagster_home
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.restoring import restoring
from oko_pipeline.storage.works_store import WorksStore
from oko_pipeline.validation.annotate import annotate_workbook
from resources.workplace import open_workplace
from tests.faults.power import PowerCut, power
from tests.unit.storage.test_works_store import KEY, make_works

YEAR = "2020-2021"
A_SLICE = {
    "school_year": YEAR,
    "table_name": "works",
    "input_sha256": "a" * 64,
    "rows_count": 1,
    "written_at": "2021-12-01T10:00:00Z",
}


@pytest.fixture
def office(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path / "home", workers=1))
    yield office
    office.close()


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """Return one dump of results."""
    inbox = tmp_path_factory.mktemp("sample")
    write_sample(inbox, SampleOptions(schools=1, school_years=(YEAR,), broken_files=False))
    return next(path for path in sorted((inbox / "vpr" / "2021").rglob("*.xlsx")))


def test_differences_of_a_file_sent_again_outlive_a_kill_after_the_works_were_replaced(office):
    restricted = office.settings.restricted_folder
    first, second = make_works(), make_works(2)
    second.rows["file_sha256"] = "e" * 64
    second.cells["e" * 64] = second.cells.pop("f" * 64)
    store = WorksStore(restricted)
    for sha, works in (("f" * 64, first), ("e" * 64, second)):
        store.write_fragment(fragment_key(sha, "a.xlsx"), "1", works)
    own = {"reader_version": "1", "restricted": restricted}
    assemble_into_store(AssembleTask(YEAR, str(KEY), (("f" * 64, "a.xlsx"),), **own))
    again = AssembleTask(YEAR, str(KEY), (("e" * 64, "a.xlsx"),), **own)
    lost = assemble_into_store(again)
    assert len(lost.differences) == 1
    # The run was killed here: the works are the new ones, the database knows nothing of it.
    assert assemble_into_store(again).differences.equals(lost.differences)
    assert pending_differences_path(restricted, YEAR, str(KEY)).is_file()


def test_a_file_whose_fragment_was_lost_or_cut_is_read_again(office, dump):
    (office.inbox / dump.name).write_bytes(dump.read_bytes())
    assert len(collect_files(office).fresh) == 1
    assert len(collect_files(office).fresh) == 0
    files = office.database.read(FILES)
    fragment = next((office.settings.restricted_folder / "fragments").rglob("*.parquet"))
    whole = fragment.read_bytes()
    os.truncate(fragment, len(whole) // 2)
    assert mend_store(office, YEAR) == [f"fragments/{fragment.parent.name}/{fragment.name}"]
    assert len(collect_files(office).fresh) == 1
    assert fragment.read_bytes() == whole
    pd.testing.assert_frame_equal(office.database.read(FILES), files)


@pytest.mark.parametrize("fault", ["cut", "gone"])
def test_a_broken_or_lost_file_of_the_year_makes_the_year_be_computed_again(office, fault):
    office.works.write(YEAR, make_works())
    info = info_path(office.settings.restricted_folder, YEAR, str(KEY))
    info.parent.mkdir(parents=True)
    info.write_text("{}", "utf-8")
    record_slices(office, YEAR, "works", {str(KEY): ("inputs", 3)})
    record_slices(office, "2021-2022", "works", {"another": ("inputs", 3)})
    assert mend_store(office, YEAR) == []
    path = office.works.path(YEAR, str(KEY))
    if fault == "cut":
        os.truncate(path, 40)
    else:
        path.unlink()
    assert mend_store(office, YEAR) == [f"works/{YEAR}/{path.name}"]
    assert not path.exists()
    assert office.database.read(SLICES)["school_year"].tolist() == ["2021-2022"]


def result(at, *, is_passed):
    return {
        "school_year": YEAR, "run_id": f"works@{at}", "checked_at": at, "suite": "works", "table_name": "works",
        "expectation": "keys", "title_ru": "Ключи", "is_passed": is_passed, "is_blocking": True, "severity": "error",
        "checked_count": 1, "unexpected_count": 0, "observed": None,
    }  # fmt: skip


def test_a_clock_set_back_does_not_let_a_former_check_stand(office):
    failed = QUALITY_RESULTS.conform(pd.DataFrame([result("2021-12-01T12:00:00Z", is_passed=False)]))
    office.database.append(QUALITY_RESULTS, failed)
    passed = QUALITY_RESULTS.conform(pd.DataFrame([result("2021-12-01T11:00:00Z", is_passed=True)]))
    office.database.append(QUALITY_RESULTS, after_former(office, YEAR, passed))
    assert newest_results(office, YEAR, ["works"])["is_passed"].tolist() == [True]
    later = QUALITY_RESULTS.conform(pd.DataFrame([result("2021-12-02T11:00:00Z", is_passed=False)]))
    assert after_former(office, YEAR, later)["checked_at"].tolist() == ["2021-12-02T11:00:00Z"]


def test_erasing_a_year_that_was_killed_anywhere_is_ended_by_the_next_erasure(office, dump):
    def fill():
        (office.inbox / dump.name).write_bytes(dump.read_bytes())
        collect_files(office)
        for store in (office.reports, office.restricted_reports):
            store.write(f"{YEAR}/Справка.html", b"x")
            store.write(f".judged/{YEAR}/справки.json.gz", b"x")

    fill()
    with power() as source:
        erasure.erase_year(office, YEAR, "распоряжение", with_sources=True)
    for number in range(len(source.calls)):
        fill()
        with power(number), pytest.raises(PowerCut):
            erasure.erase_year(office, YEAR, "распоряжение", with_sources=True)
        erasure.erase_year(office, YEAR, "распоряжение", with_sources=True)
        assert not any(office.inbox.iterdir())
        left = [path for path in office.settings.home.rglob("*") if path.is_file() and YEAR in path.as_posix()]
        assert left == []
        assert office.database.read(FILES).empty
    assert len(office.database.read(DATA_ACCESS_LOG, {"operation": "erase_year"})) == len(source.calls) + 1


def test_a_folder_that_cannot_be_removed_is_no_erasure(office, monkeypatch):
    office.reports.write(f"{YEAR}/Справка.html", b"x")

    def refuses(_folder):
        raise PermissionError("read-only")

    monkeypatch.setattr(erasure.shutil, "rmtree", refuses)
    with pytest.raises(PermissionError):
        erasure.erase_year(office, YEAR, "распоряжение", with_sources=False)
    assert office.database.read(DATA_ACCESS_LOG, {"operation": "erase_year"}).empty


def test_stores_of_a_killed_restore_are_refused_until_it_is_repeated(tmp_path):
    settings = Settings.load(home=tmp_path)

    sign = tmp_path / ".restore-unfinished"
    with restoring(settings, tmp_path / "копия"):
        told = sign.read_text("utf-8")
    # What a kill leaves: the sign that nobody took away.
    sign.write_text(told, "utf-8")
    with pytest.raises(StorageError, match=r"oko restore .*копия --replace"):
        open_workplace(settings)
    with restoring(settings, tmp_path / "копия"):
        pass
    open_workplace(settings).close()


@pytest.mark.parametrize("left", ["", "telemetry:\n  ena"])
def test_half_of_our_own_dagster_configuration_is_written_anew_and_peoples_stands(tmp_path, left):
    settings = Settings.load(home=tmp_path)
    config = prepare_dagster_home(settings) / "dagster.yaml"
    whole = config.read_text("utf-8")
    config.write_text(left, "utf-8")
    prepare_dagster_home(settings)
    assert config.read_text("utf-8") == whole
    config.write_text("telemetry:\n  enabled: true\n", "utf-8")
    prepare_dagster_home(settings)
    assert config.read_text("utf-8") == "telemetry:\n  enabled: true\n"


def test_an_annotated_workbook_has_the_same_bytes_at_any_time(dump, monkeypatch):
    findings = pd.DataFrame(
        [{"severity": "error", "rule_id": "work.sum_mismatch", "file_path": dump.name, "sheet": None, "row": 2,
          "column": "A", "cell": "A2", "value": "1", "expected": "2", "message": "Не то.", "mend": "Сверьте.",
          "school_code": None, "assessment_id": None}]
    )  # fmt: skip
    first = annotate_workbook(dump, findings)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(days=400)

    monkeypatch.setattr("openpyxl.writer.excel.datetime.datetime", Later)
    assert annotate_workbook(dump, findings) == first


def a_slice(key):
    return pd.DataFrame([A_SLICE | {"slice_key": key}])


@pytest.fixture
def filled(tmp_path):
    """A database with a row, whose connections are kept; and its file."""
    path = tmp_path / "oko.sqlite"
    database = Database(f"sqlite:///{path}")
    database.append(SLICES, a_slice("one"))
    yield database, path
    database.close()


def test_what_is_written_after_the_file_was_removed_is_refused_and_no_empty_database_is_made(filled):
    database, path = filled
    for part in path.parent.glob("oko.sqlite*"):
        part.unlink()
    with pytest.raises(StorageError, match=r"oko.sqlite исчез.*запустите снова"):
        database.append(SLICES, a_slice("another"))
    with pytest.raises(StorageError, match="исчез"):
        database.read(SLICES)
    assert not path.exists()


def test_a_restored_file_is_read_in_the_place_of_the_one_that_stood_there(filled, tmp_path):
    database, path = filled
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    other.append(SLICES, a_slice("restored"))
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    for part in path.parent.glob("oko.sqlite-*"):
        part.unlink()
    (tmp_path / "other.sqlite").replace(path)
    assert database.read(SLICES)["slice_key"].tolist() == ["restored"]
