"""The pool when workers die: what is done is kept, what is lost is done again, what kills is named."""

import dataclasses
import sys

import pytest

from oko_pipeline.errors import WorkersError
from resources.cluster import ClusterPlan
from resources.parcel import Place, pack, perform, unpack
from resources.pool import WorkerPool
from tests.cluster.tasks import Job, double


@pytest.fixture
def pool():
    pool = WorkerPool(2)
    yield pool
    pool.close()


def tries(folder):
    return [int(line.split()[0]) for line in (folder / "tries.log").read_text().splitlines()]


def test_the_items_before_a_failed_one_are_yielded_and_the_failure_keeps_its_kind(pool, tmp_path):
    results = []
    with pytest.raises(ValueError, match="отрицательное число -1") as failure:
        results.extend(pool.map(double, [Job(number if number != 101 else -1, tmp_path) for number in range(160)]))
    assert results == [2 * number for number in range(101)]
    assert "double" in "".join(failure.value.__notes__)


def test_a_killed_worker_costs_only_what_it_was_doing(pool, tmp_path):
    jobs = [Job(number, tmp_path, kills_once=number == 70) for number in range(300)]
    assert list(pool.map(double, jobs)) == [2 * number for number in range(300)]
    done = tries(tmp_path)
    assert set(done) == set(range(300))
    assert done.count(70) == 2
    assert len(done) < 300 + 100


def test_the_item_that_kills_every_time_is_named_and_alone_to_blame(pool, tmp_path):
    results = []
    with pytest.raises(WorkersError, match=r"файл «30\.xlsx» \(double\)"):
        results.extend(pool.map(double, [Job(number, tmp_path, is_poison=number == 30) for number in range(60)]))
    assert results == [2 * number for number in range(30)]
    assert list(pool.map(double, [Job(number, tmp_path) for number in range(20)])) == [2 * n for n in range(20)]


def test_a_cluster_without_its_library_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    pool = WorkerPool(1, ClusterPlan("tcp://oko:secret@node:8786", 1, tmp_path).connect)
    with pytest.raises(WorkersError, match=r"pip install \.\[cluster\]"):
        list(pool.map(str, range(20)))


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / ".cluster"
    folder.mkdir()
    (folder / "mark").write_text("mark")
    return Place(folder / "mark")


def test_a_parcel_brings_results_and_shows_nothing_of_what_it_holds(place, tmp_path):
    parcel = pack(double, [Job(4, tmp_path, secret=b"pseudonym key")], place)
    assert unpack(perform(parcel)).results == [8]
    assert "pseudonym" not in repr(parcel)
    assert "xlsx" not in repr(parcel)


def test_a_node_of_another_version_says_so_before_it_opens_the_parcel(place):
    parcel = pack(double, [], place)
    strange = dataclasses.replace(parcel, versions={**parcel.versions, "pandas": "1.0"}, content=b"not to be read")
    error = unpack(perform(strange)).error
    assert isinstance(error, WorkersError)
    assert "pandas: 1.0 у запуска" in str(error)


@pytest.mark.parametrize("spoil", ["absent", "another"])
def test_a_node_without_the_shared_folder_does_nothing(place, tmp_path, spoil):
    place = Place(place.mark.with_name(f"{spoil}-mark"))
    if spoil == "another":
        place.mark.write_text("a folder that only looks the same")
    made = unpack(perform(pack(double, [Job(1, tmp_path)], place)))
    assert "не видит папку данных" in str(made.error)
    assert not (tmp_path / "tries.log").exists()


def test_a_node_without_the_inbox_names_it(place, tmp_path):
    made = unpack(perform(pack(double, [Job(1, tmp_path)], Place(place.mark, (tmp_path / "inbox",)))))
    assert f"не видит папок: {tmp_path / 'inbox'}" in str(made.error)


def return_a_lock(_):
    import threading  # noqa: PLC0415

    return threading.Lock()


def raise_a_lock(_):
    raise ValueError(return_a_lock(None))


@pytest.mark.parametrize("function", [return_a_lock, raise_a_lock])
def test_what_cannot_travel_back_is_told_as_an_error(place, function):
    error = unpack(perform(pack(function, [1], place))).error
    assert isinstance(error, WorkersError)
    assert "lock" in str(error)
