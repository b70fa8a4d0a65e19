"""The pool on a real Dask cluster: the same contract, other processes, another working folder."""

import os
from pathlib import Path

import distributed
import pytest

from assets.pool_tasks import ReadTask, read_into_store
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions
from oko_pipeline.errors import WorkersError
from resources.cluster import ClusterPlan
from resources.pool import WorkerPool
from tests.cluster.servers import running_cluster, stop
from tests.cluster.tasks import Job, double, where_i_am
from tests.unit.collection.workbooks import GOOD_2021, book_2021

SECRET = b"the-key-of-pseudonyms"
WAIT = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("dask"), 2) as cluster:
        yield cluster


@pytest.fixture
def pool(cluster, tmp_path):
    pool = WorkerPool(1, ClusterPlan(cluster.address, WAIT, tmp_path).connect)
    yield pool
    pool.close()


def tries(folder):
    return [int(line.split()[0]) for line in (folder / "tries.log").read_text().splitlines()]


def test_results_come_in_order_from_processes_with_another_working_folder(pool, cluster):
    places = list(pool.map(where_i_am, range(40)))
    assert os.getpid() not in {pid for pid, _ in places}
    assert Path.cwd() not in {Path(folder) for _, folder in places}
    assert list(pool.map(str, range(40))) == [str(number) for number in range(40)]


def test_the_cluster_does_not_run_far_ahead_of_its_reader(pool, tmp_path):
    results = pool.map(double, [Job(number, tmp_path) for number in range(800)])
    assert next(results) == 0
    results.close()
    pool.close()
    assert len(tries(tmp_path)) < 400


def test_a_killed_worker_costs_only_what_it_was_doing(pool, tmp_path):
    jobs = [Job(number, tmp_path, kills_once=number == 70) for number in range(100)]
    assert list(pool.map(double, jobs)) == [2 * number for number in range(100)]
    assert set(tries(tmp_path)) == set(range(100))


def test_the_item_that_kills_every_time_is_named_and_alone_to_blame(pool, tmp_path):
    results = []
    with pytest.raises(WorkersError, match=r"файл «9\.xlsx» \(double\)"):
        results.extend(pool.map(double, [Job(number, tmp_path, is_poison=number == 9) for number in range(16)]))
    assert results == [2 * number for number in range(9)]


def test_nothing_of_the_work_shows_in_the_cluster_and_nobody_is_disturbed(cluster, pool, tmp_path):
    with distributed.Client(cluster.address, set_as_default=False, timeout=WAIT) as other:
        kept = other.scatter({"theirs": 1}, hash=False)
        results = pool.map(double, [Job(n if n != 50 else -50, tmp_path, secret=SECRET) for n in range(80)])
        next(results)
        shown = other.run_on_scheduler(
            lambda dask_scheduler: repr([(name, task.run_spec) for name, task in dask_scheduler.tasks.items()])
        )
        with pytest.raises(ValueError, match="отрицательное число -50"):
            list(results)
        pool.close()
        assert kept["theirs"].result() == 1
        other.wait_for_workers(2, timeout=WAIT)
    assert "oko-double-" in shown
    for text in (shown, cluster.logs()):
        assert SECRET.decode() not in text
        assert "отрицательное" not in text
        assert str(tmp_path) not in text
    with pytest.raises(ValueError, match="No clients found"):
        distributed.default_client()
    assert not list((tmp_path / ".cluster").iterdir())


def test_nodes_read_files_into_the_shared_store_as_this_process_does(cluster, pool, tmp_path):
    inbox = tmp_path / "inbox" / "vpr" / "2021" / "7"
    inbox.mkdir(parents=True)
    for number in range(14):
        pupils = [(*GOOD_2021[:1], f"7{number:03}{place:02}", *GOOD_2021[2:]) for place in range(3)]
        (inbox / f"Физика, школа {number}. ВПР 2021.xlsx").write_bytes(book_2021(*pupils))
    (inbox / "заметка.xlsx").write_bytes(b"not a workbook")

    def read(name, workers):
        store = tmp_path / name
        files = scan_inbox(tmp_path / "inbox")
        tasks = [ReadTask(tmp_path / "inbox", file, ReadOptions(SECRET), store, "v1") for file in files]
        readings = list(workers.map(read_into_store, tasks))
        told = [(one.path, one.status, one.layout_code, one.reading.accepted_rows_count) for one in readings]
        return told, {p.relative_to(store): p.read_bytes() for p in store.rglob("*") if p.is_file()}

    told, written = read("there", pool)
    assert [one[1] for one in told] == ["accepted"] * 14 + ["unknown"]
    assert (told, written) == read("here", WorkerPool(1))
    assert len(written) == 14
    for text in (SECRET.decode(), "Физика", "заметка"):
        assert text not in cluster.logs()


def test_a_cluster_that_falls_apart_is_told_and_not_waited_for(tmp_path, monkeypatch):
    folder = tmp_path / "dask"
    security = distributed.Security.temporary()
    files = {name: tmp_path / f"{name}.pem" for name in ("tls_ca_file", "tls_client_cert", "tls_client_key")}
    for name, path in files.items():
        path.write_text(getattr(security, name))
    ca, certificate, key = map(str, files.values())
    words = ("--tls-ca-file", ca, "--tls-cert", certificate, "--tls-key", key)
    with running_cluster(folder, 0, "--protocol", "tls", *words) as cluster:

        def pool(address, *, has_tls=True, seconds=1):
            tls = tuple(files.items()) if has_tls else ()
            return WorkerPool(1, ClusterPlan(address, seconds, tmp_path, tls=tls).connect)

        assert cluster.address.startswith("tls://")
        with monkeypatch.context() as patch:
            # The patience of a person for workers, so that the connection itself may take its time.
            wait = distributed.Client.wait_for_workers
            patch.setattr(distributed.Client, "wait_for_workers", lambda self, count, timeout: wait(self, count, 0.2))
            with pytest.raises(WorkersError, match="нет рабочих узлов"):
                list(pool(cluster.address, seconds=WAIT).map(str, range(20)))
        with pytest.raises(WorkersError, match="OKO_CLUSTER_TLS_"):
            list(pool(cluster.address.replace("tls:", "tcp:"), has_tls=False).map(str, range(20)))
        worker = cluster.start_worker("--no-nanny", *words)
        lone = pool(cluster.address, seconds=WAIT)
        try:
            results = lone.map(double, [Job(number, tmp_path, seconds=0.05) for number in range(400)])
            assert next(results) == 0
            stop(cluster.processes[0])
            with pytest.raises(WorkersError, match=r"Связь с планировщиком кластера tls://127\.0\.0\.1:\d+ потеряна"):
                list(results)
        finally:
            lone.close()
            stop(worker)
        with pytest.raises(WorkersError, match="не отвечает"):
            list(pool(cluster.address).map(str, range(20)))
