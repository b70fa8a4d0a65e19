"""The outside world: documents are written whole, the pool keeps order, the clock speaks UTC."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from resources.clock import Clock
from resources.pool import WorkerPool
from resources.report_store import ReportStore


def test_a_document_is_written_found_and_told_from_a_changed_one(tmp_path):
    store = ReportStore(tmp_path)
    sha = store.write("2020-2021/ОО/справка.docx", b"text")
    assert store.has("2020-2021/ОО/справка.docx", sha)
    store.path("2020-2021/ОО/справка.docx").write_bytes(b"changed by hand")
    assert store.has("2020-2021/ОО/справка.docx")
    assert not store.has("2020-2021/ОО/справка.docx", sha)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["справка.docx"]


def test_removing_a_document_twice_is_no_error(tmp_path):
    store = ReportStore(tmp_path)
    store.write("a.docx", b"1")
    store.remove("a.docx")
    store.remove("a.docx")
    assert not store.has("a.docx")


def test_a_link_is_given_only_when_the_folder_is_served(tmp_path):
    assert ReportStore(tmp_path).url("a.docx") is None
    assert ReportStore(tmp_path, "https://oko.example/files/").url("a.docx") == "https://oko.example/files/a.docx"


@pytest.mark.parametrize("workers", [1, 2])
def test_the_pool_keeps_the_order_of_items(workers):
    pool = WorkerPool(workers)
    assert list(pool.map(str, range(40))) == [str(number) for number in range(40)]
    pool.close()
    assert list(pool.map(str, range(20))) == [str(number) for number in range(20)]
    pool.close()


def test_the_pool_does_not_run_far_ahead_of_its_reader(tmp_path):
    paths = [tmp_path / str(number) for number in range(400)]
    pool = WorkerPool(2)
    results = pool.map(Path.touch, paths)
    next(results)
    pool.close()
    assert 0 < sum(path.exists() for path in paths) < 200


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_in_the_pool_reaches_the_caller(workers):
    pool = WorkerPool(workers)
    with pytest.raises(ValueError, match="invalid literal"):
        list(pool.map(int, ["1"] * 20 + ["x"]))
    pool.close()


def test_the_clock_tells_utc():
    moscow = timezone(timedelta(hours=3))
    clock = Clock(lambda: datetime(2021, 6, 1, 9, 30, tzinfo=moscow))
    assert clock.timestamp() == "2021-06-01T06:30:00Z"
