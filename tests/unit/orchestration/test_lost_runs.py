"""Runs whose process is gone: found, ended and begun once more; the service's settings are valid for Dagster."""

import logging
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from oko_pipeline.orchestration.arrivals import years_under_way
from oko_pipeline.orchestration.run_launcher import HOST_TAG, WatchedRunLauncher, is_alive
from oko_pipeline.orchestration.year_run import _FORMER_CONFIG, prepare_dagster_home
from oko_pipeline.settings import Settings

YEAR = "2020-2021"


@dg.job
def nothing():
    """Stand for the job of a year."""


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(Settings.load(home=tmp_path)))) as instance:
        yield instance


@pytest.fixture
def process():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def started(instance, pid=None, **tags):
    """Return a run under way whose process has named itself."""
    run = instance.create_run_for_job(
        nothing, tags={"dagster/partition": YEAR} | tags, status=dg.DagsterRunStatus.STARTED
    )
    if pid is not None:
        instance.report_engine_event("Started process for run", run, EngineEventData.in_process(pid))
    return run


def look(instance, run):
    """Look after a run as Dagster's daemon does; return its status."""
    monitor_started_run(instance, None, instance.get_run_record_by_id(run.run_id), logging.getLogger("daemon"))
    return instance.get_run_by_id(run.run_id).status


def test_dagster_takes_the_settings_written_for_it(instance):
    assert isinstance(instance.run_launcher, WatchedRunLauncher)
    assert instance.run_monitoring_enabled
    assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 1)
    assert instance.run_retries_retry_on_asset_or_op_failure is False
    [limit] = instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    assert (limit["key"], limit["limit"]) == ("dagster/partition", 1)


def test_settings_of_a_former_version_are_brought_up_and_those_of_people_stand(tmp_path):
    settings = Settings.load(home=tmp_path)
    config = prepare_dagster_home(settings) / "dagster.yaml"
    config.write_text(_FORMER_CONFIG, "utf-8")
    prepare_dagster_home(settings)
    assert yaml.safe_load(config.read_text("utf-8"))["run_monitoring"]["enabled"] is True
    config.write_text("telemetry:\n  enabled: false\nrun_monitoring:\n  enabled: false\n", "utf-8")
    prepare_dagster_home(settings)
    assert yaml.safe_load(config.read_text("utf-8"))["run_monitoring"]["enabled"] is False


def test_a_run_whose_process_lives_goes_on(instance, process):
    run = started(instance, process.pid)
    assert look(instance, run) is dg.DagsterRunStatus.STARTED


def test_a_killed_run_is_ended_tried_again_and_its_year_is_free(instance, process):
    run = started(instance, process.pid)
    assert years_under_way(instance) == {YEAR}
    process.kill()
    process.wait()
    assert look(instance, run) is dg.DagsterRunStatus.FAILURE
    assert years_under_way(instance) == set()
    assert instance.get_run_by_id(run.run_id).tags["dagster/will_retry"] == "true"


def test_a_killed_process_that_nobody_waited_for_is_gone_too(process):
    process.kill()
    until = time.monotonic() + 10
    while is_alive(process.pid, time.time()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(process.pid, time.time())


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="Without /proc a number given again is not told apart.")
def test_a_number_given_to_another_process_after_a_restart_is_not_the_run(process):
    assert is_alive(process.pid, time.time())
    assert not is_alive(process.pid, time.time() - 86_400)


def test_a_run_of_another_machine_and_one_that_has_not_named_itself_are_let_be(instance, process):
    process.kill()
    process.wait()
    assert look(instance, started(instance)) is dg.DagsterRunStatus.STARTED
    elsewhere = started(instance, process.pid, **{HOST_TAG: "elsewhere"})
    assert instance.run_launcher.check_run_worker_health(elsewhere).status is WorkerStatus.RUNNING


def test_a_run_that_failed_by_its_data_is_not_tried_again(instance):
    @dg.op
    def fails():
        raise dg.Failure("данные")

    @dg.job
    def failing():
        fails()

    result = failing.execute_in_process(instance=instance, raise_on_error=False)
    assert instance.get_run_by_id(result.run_id).tags["dagster/will_retry"] == "false"
