"""Terms of keeping: old logs of runs go, what the graph rests on stays; documents go only where that is asked for."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.orchestration.retention_of_runs import (
    old_documents,
    old_runs,
    remove_old_documents,
    remove_runs,
    run_logs_retention,
)
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.workplace import WorkplaceResource, open_workplace

YEARS = dg.StaticPartitionsDefinition(["2024-2025", "2025-2026"])
LATER = datetime.now(UTC) + timedelta(days=500)


@dg.asset(partitions_def=YEARS)
def works() -> None:
    """Nothing."""


@dg.asset(partitions_def=YEARS)
def broken() -> None:
    raise ValueError


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield instance


def run(instance, asset, year):
    return dg.materialize([asset], partition_key=year, instance=instance, raise_on_error=False).run_id


def test_old_runs_go_with_their_files_and_the_last_of_each_year_stays(instance, tmp_path):
    first = run(instance, works, "2024-2025")
    last_of_former = run(instance, works, "2024-2025")
    failed = run(instance, broken, "2025-2026")
    last = run(instance, works, "2025-2026")
    assert old_runs(instance, datetime.now(UTC), 30).run_ids == ()
    found = old_runs(instance, LATER, 400)
    assert set(found.run_ids) == {first, failed}
    assert found.kept_count == 2
    assert remove_runs(instance, found.run_ids) == 2
    assert {one.run_id for one in instance.get_runs()} == {last_of_former, last}
    assert instance.get_materialized_partitions(works.key) == {"2024-2025", "2025-2026"}
    left = {path.name for path in (tmp_path / "dagster").rglob("*") if first in path.as_posix()}
    assert left == set()
    assert old_runs(instance, LATER, 400).run_ids == ()


def test_a_run_under_way_is_never_old(instance):
    instance.add_run(dg.DagsterRun("job", run_id="a" * 8, status=dg.DagsterRunStatus.STARTED))
    assert old_runs(instance, LATER, 30).run_ids == ()


def test_the_job_removes_by_the_setting_and_never_itself(instance, tmp_path, monkeypatch):
    old = run(instance, broken, "2025-2026")
    for days, left in ((600, {old}), (400, set())):
        office = open_workplace(Settings.load(home=tmp_path / "home", run_logs_days=days), Clock(lambda: LATER))
        monkeypatch.setattr(WorkplaceResource, "open", lambda _, office=office: office)
        own = {"workplace": WorkplaceResource()}
        result = run_logs_retention.execute_in_process(instance=instance, resources=own)
        assert result.success
        runs = {one.run_id for one in instance.get_runs()}
        assert result.run_id in runs
        assert runs & {old} == left
        office.close()


def test_documents_are_kept_for_ever_unless_a_term_is_set(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path / "home"))
    for year in ("2018-2019", "2024-2025"):
        path = f"{year}/note.docx"
        office.reports.write(path, b"x")
        row = {column.name: None if column.nullable else "x" for column in DOCUMENTS.columns}
        row |= {"school_year": year, "path": path, "is_restricted": False, "issue_number": 1, "profile": "school",
                "inputs": "[]", "rendered_at": "2026-05-20T08:30:00Z"}  # fmt: skip
        office.database.replace(DOCUMENTS, pd.DataFrame([row]), {"school_year": year})
    today = date(2026, 5, 20)
    assert old_documents(office, today) == []
    assert remove_old_documents(office, today) == []
    office.close()
    office = open_workplace(Settings.load(home=tmp_path / "home", documents_years=5))
    assert [(one.school_year, one.documents_count) for one in remove_old_documents(office, today)] == [("2018-2019", 1)]
    assert not office.reports.has("2018-2019/note.docx")
    assert office.reports.has("2024-2025/note.docx")
    assert set(office.database.read(DOCUMENTS)["school_year"]) == {"2024-2025"}
    office.close()
