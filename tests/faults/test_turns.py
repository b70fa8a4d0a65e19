"""One run at a time works on a year; the turn of a killed run is free at once."""

import signal
import subprocess
import sys
import threading

import dagster as dg
import pytest

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.locks import collection_lock, year_lock
from resources.workplace import WorkplaceResource

HOLDER = """
import sys, time
from pathlib import Path
from oko_pipeline.storage.locks import year_lock
with year_lock(Path(sys.argv[1]), "2020-2021"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run(tmp_path):
    """Another process that holds the year 2020-2021."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_of_a_year_is_refused_and_told_who_runs(tmp_path, other_run):
    told = rf"2020-2021 уже выполняется.*процесс {other_run.pid} .*повторите"
    with pytest.raises(StorageError, match=told), year_lock(tmp_path, "2020-2021"):
        pass
    with year_lock(tmp_path, "2021-2022"):
        pass


def test_the_turn_of_a_killed_run_is_free(tmp_path, other_run):
    other_run.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    other_run.wait()
    with year_lock(tmp_path, "2020-2021", patience_s=10):
        pass


def test_a_run_within_a_run_of_the_same_process_keeps_the_turn(tmp_path):
    with year_lock(tmp_path, "2020-2021"):
        with year_lock(tmp_path, "2020-2021"):
            pass
        done = subprocess.run(
            [sys.executable, "-c", HOLDER.replace("time.sleep(60)", ""), str(tmp_path)],
            capture_output=True,
            check=False,
        )
        assert done.returncode != 0


@dg.op
def _note(workplace: WorkplaceResource):
    pass


@dg.job(tags={"dagster/partition": "2020-2021"})
def _year_job():
    _note()


def test_a_run_of_the_interface_waits_for_the_year_and_lets_go_of_it(tmp_path, other_run, monkeypatch):
    monkeypatch.setattr("resources.workplace._PATIENCE_S", 0.3)
    resources = {"workplace": WorkplaceResource(home=str(tmp_path))}
    refused = _year_job.execute_in_process(resources=resources, raise_on_error=False)
    assert not refused.success
    other_run.kill()
    other_run.wait()
    assert _year_job.execute_in_process(resources=resources).success
    with year_lock(tmp_path, "2020-2021"):
        pass


def test_readers_of_the_inbox_wait_for_each_other(tmp_path):
    order = []

    def second():
        with collection_lock(tmp_path):
            order.append("second")

    with collection_lock(tmp_path):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
