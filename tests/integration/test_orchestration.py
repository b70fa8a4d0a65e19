"""What runs by itself: the sensor asks for the years that arrived, the schedule for the year that ended."""

import os
import shutil
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from oko_pipeline.catalogue.schedules import school_year_of
from oko_pipeline.orchestration.arrivals import inbox_arrivals
from oko_pipeline.orchestration.build import build_defs
from oko_pipeline.orchestration.jobs import yearly_documents
from oko_pipeline.orchestration.year_run import prepare_dagster_home
from resources.workplace import WorkplaceResource
from tests.integration.tools import spring_dump


@pytest.fixture(autouse=True)
def _files_are_whole_at_once(monkeypatch):
    monkeypatch.setenv("OKO_INBOX_SETTLE_SECONDS", "0")


def tick(home, cursor):
    """Evaluate the sensor once; return (years asked for, cursor)."""
    resources = {"workplace": WorkplaceResource(home=str(home))}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance, cursor, resources=resources) as context,
    ):
        result = inbox_arrivals(context)
        requests = [item for item in result if isinstance(item, dg.RunRequest)]
        return [request.partition_key for request in requests], context.cursor


def settle(home, cursor):
    """Evaluate the sensor until it has read everything; return (years asked for, cursor)."""
    for _ in range(20):
        years, cursor = tick(home, cursor)
        if years:
            return years, cursor
    return [], cursor


def test_the_sensor_asks_for_each_year_that_arrived_and_then_rests(sample_inbox, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(sample_inbox, home / "inbox")
    years, cursor = settle(home, None)
    assert years == ["2020-2021", "2021-2022"]
    assert tick(home, cursor) == ([], cursor)


def test_the_sensor_runs_only_the_year_of_a_changed_file(installation):
    years, cursor = settle(installation.home, None)
    assert "2020-2021" in years
    path = spring_dump(installation.inbox_folder, 8, "химии")
    other = spring_dump(installation.inbox_folder, 8, "физике")
    path.write_bytes(other.read_bytes())
    years, cursor = settle(installation.home, cursor)
    assert years == ["2020-2021"]
    os.utime(other)
    assert tick(installation.home, cursor) == ([], cursor)


def test_the_sensor_waits_for_a_file_that_is_still_copied_and_never_loses_an_inbox_away(installation, monkeypatch):
    _, cursor = settle(installation.home, None)
    monkeypatch.setenv("OKO_INBOX_SETTLE_SECONDS", "3600")
    path = spring_dump(installation.inbox_folder, 8, "химии")
    path.write_bytes(spring_dump(installation.inbox_folder, 8, "физике").read_bytes()[:2000])
    years, cursor = tick(installation.home, cursor)
    assert years == []
    assert path.name in cursor
    monkeypatch.setenv("OKO_INBOX_SETTLE_SECONDS", "0")
    away = installation.inbox_folder.rename(installation.home / "away")
    installation.inbox_folder.mkdir()
    assert tick(installation.home, cursor) == ([], cursor)
    installation.inbox_folder.rmdir()
    away.rename(installation.inbox_folder)
    assert tick(installation.home, cursor)[0] == ["2020-2021"]


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        (datetime(2021, 7, 15, 3, tzinfo=UTC), "2020-2021"),
        (datetime(2021, 8, 1, tzinfo=UTC), "2021-2022"),
        (datetime(2021, 12, 31, tzinfo=UTC), "2021-2022"),
        (datetime(2022, 1, 1, tzinfo=UTC), "2021-2022"),
    ],
)
def test_a_moment_belongs_to_its_school_year(moment, year):
    assert school_year_of(moment) == year


def test_the_schedule_runs_the_year_that_ended():
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2021, 7, 15, 3, tzinfo=UTC))
    [request] = yearly_documents(context)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2020-2021"


def test_the_ui_reads_what_a_run_at_the_command_line_left(installation):
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(installation))) as instance:
        run = instance.get_runs()[0]
        assert run.status is dg.DagsterRunStatus.SUCCESS
        ended = [entry.dagster_event_type for entry in instance.all_logs(run.run_id)]
        assert ended.count(dg.DagsterEventType.RUN_SUCCESS) == 1
        assert ended.count(dg.DagsterEventType.STEP_SUCCESS) > 40
        assert instance.get_materialized_partitions(dg.AssetKey("result_summary")) == {"2020-2021"}


def stale(instance, defs):
    """Return what the UI shows as stale in the year, with the assets named as causes."""
    loading = LoadingContextForTest(instance)
    resolver = CachingStaleStatusResolver(instance, defs.resolve_asset_graph(), loading)
    found = {}
    for spec in defs.resolve_all_asset_specs():
        if resolver.get_status(spec.key, "2020-2021") is not StaleStatus.FRESH:
            causes = resolver.get_stale_causes(spec.key, "2020-2021")
            found[spec.key.to_user_string()] = {
                (one.category.value, (one.dependency or one.key).asset_key.to_user_string()) for one in causes
            }
    return found


def test_what_a_changed_file_makes_stale_is_shown_with_its_cause_until_the_year_is_run(installation):
    resource = WorkplaceResource(home=str(installation.home))
    defs = build_defs(resource_overrides={"workplace": resource})
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(installation))) as instance:
        assert stale(instance, defs) == {}
        spring_dump(installation.inbox_folder, 8, "химии").write_bytes(
            spring_dump(installation.inbox_folder, 8, "физике").read_bytes()
        )
        job = defs.resolve_job_def("refresh_after_new_results")
        files = job.execute_in_process(
            partition_key="2020-2021", instance=instance, asset_selection=[dg.AssetKey("result_files")]
        )
        assert files.success
        below = stale(instance, defs)
        assert below["works"] == {("DATA", "result_files")}
        assert "result_files" not in below
        # What stands further below is shown when the data above it are other ones.
        assert {"schools", "quality_findings"} <= set(below)


def test_definitions_load_and_every_job_resolves():
    defs = build_defs()
    dg.Definitions.validate_loadable(defs)
    for name in ("annual_cycle", "refresh_after_new_results", "validate_only", "tables_only"):
        assert defs.resolve_job_def(name).partitions_def is not None


def test_two_builds_share_nothing():
    assert build_defs() is not build_defs()
