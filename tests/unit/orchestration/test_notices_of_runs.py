"""What runs leave becomes notices: failures, stopped years, documents, late corrections, sources, terms."""

from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pandas as pd
import pytest

from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.tables import DOCUMENT_CHANGES, DOCUMENT_ISSUES, DOCUMENTS
from oko_pipeline.catalogue.tables_programmes import ROADMAP_REMINDERS
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.orchestration.notices import (
    notices_delivery,
    notices_of_ended_runs,
    notices_of_failed_runs,
    queue_of,
    tell_ended_run,
    tell_failed_run,
)
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.workplace import WorkplaceResource, open_workplace

YEAR = "2025-2026"
PARTITIONS = dg.StaticPartitionsDefinition([YEAR])
NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)
BEGAN = datetime(2026, 5, 20, 8, tzinfo=UTC)
PERSON = "Иванов Иван Иванович"
_PLAIN = {
    ColumnType.INTEGER: 0,
    ColumnType.NUMBER: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.DATE: "2026-04-30",
    ColumnType.TIMESTAMP: "2026-05-20T08:30:00Z",
    ColumnType.JSON: "[]",
}


def rows(table, *given):
    """Return rows of a table: what is not given is none, or the plainest value of its type."""
    made = []
    for row in given:
        plain = {
            column.name: None if column.nullable else (column.allowed or [_PLAIN.get(column.type, "x")])[0]
            for column in table.columns
        }
        made.append(plain | {"school_year": YEAR} | row)
    return table.conform(pd.DataFrame(made))


def put(workplace, table, *given):
    workplace.database.replace(table, rows(table, *given), {"school_year": YEAR})


@pytest.fixture
def workplace(tmp_path):
    settings = Settings.load(home=tmp_path / "home", notices_file=tmp_path / "notices.txt", notices_quiet="")
    office = open_workplace(settings, Clock(lambda: NOW))
    yield office
    office.close()


def sent(workplace):
    """Send what waits; return the texts."""
    taken = []
    queue_of(workplace.settings).deliver({"file": lambda *parts: taken.append("\n".join(parts))}, NOW)
    return taken


def put_documents(workplace, *issues):
    documents = {
        name: {"document_id": name, "kind": "school_note", "unit_level": "school", "unit_code": "edu990404",
               "title_ru": f"Справка {name}", "is_restricted": name == "closed"}
        for name, _, _ in issues
    }  # fmt: skip
    put(workplace, DOCUMENTS, *documents.values())
    put(
        workplace, DOCUMENT_ISSUES,
        *({"document_id": name, "issue_number": number, "changes_count": changes} for name, number, changes in issues),
    )  # fmt: skip


def test_new_documents_and_late_corrections_are_told_apart_and_once(workplace):
    put_documents(workplace, ("first", 1, 0), ("second", 2, 1), ("closed", 2, 1))
    put(
        workplace, DOCUMENT_CHANGES,
        *({"document_id": name, "issue_number": 2, "change_number": 1, "place": f"9 класс {name}", "was": "41",
           "became": "43"} for name in ("second", "closed")),
    )  # fmt: skip
    assert tell_ended_run(workplace, YEAR, BEGAN) == 2
    ready, changed = sorted(sent(workplace), key=lambda text: "изменились" in text)
    assert "1 документ готов" in ready.replace("\xa0", " ")
    assert "Справка second, edu990404 — выпуск 2" in changed
    assert "9 класс second: было 41, стало 43" in changed
    assert "Справка closed" in changed
    assert "9 класс closed" not in changed
    assert tell_ended_run(workplace, YEAR, BEGAN) == 0


def test_documents_of_former_runs_are_not_told_of(workplace):
    put_documents(workplace, ("old", 1, 0))
    assert tell_ended_run(workplace, YEAR, datetime(2026, 5, 20, 9, tzinfo=UTC)) == 0


def test_overdue_sources_are_told_once_and_new_ones_again(workplace):
    late = {"kind": "oge", "source_code": "gia_protocol", "unit_level": "school", "state": "late",
            "due_on": "2026-07-15", "is_late": True}  # fmt: skip
    put(
        workplace, SOURCE_COMPLETENESS, late | {"unit_code": "edu990404"},
        late | {"unit_code": "edu990405", "state": "accepted"}, late | {"unit_code": "edu990406", "is_optional": True},
    )  # fmt: skip
    assert tell_ended_run(workplace, YEAR, BEGAN) == 1
    [text] = sent(workplace)
    assert "ОГЭ (срок 15.07.2026): edu990404" in text
    assert "edu990405" not in text
    assert "edu990406" not in text
    assert tell_ended_run(workplace, YEAR, BEGAN) == 0
    put(workplace, SOURCE_COMPLETENESS, late | {"unit_code": "edu990404"}, late | {"unit_code": "edu990405"})
    assert tell_ended_run(workplace, YEAR, BEGAN) == 1
    [text] = sent(workplace)
    assert "edu990405" in text
    assert "edu990404" not in text


def test_terms_of_a_closed_year_are_not_told(workplace):
    late = {"kind": "oge", "source_code": "gia_protocol", "unit_level": "school", "state": "late",
            "due_on": "2026-07-15", "unit_code": "edu990404"}  # fmt: skip
    put(workplace, SOURCE_COMPLETENESS, late)
    later = replace(workplace, clock=Clock(lambda: NOW.replace(month=10)))
    assert tell_ended_run(later, YEAR, BEGAN) == 0
    closing = replace(workplace, clock=Clock(lambda: NOW.replace(month=9)))
    assert tell_ended_run(closing, YEAR, BEGAN) == 1


def test_a_term_is_told_when_it_is_near_and_when_it_has_passed(workplace):
    duty = {"programme": "modern", "duty_id": "modern:basis", "unit_level": "school", "unit_code": "edu990404",
            "title": "Акты проверены", "due_on": "2026-05-31", "state": "not_due"}  # fmt: skip
    put(workplace, ROADMAP_REMINDERS, duty | {"days_left": 11})
    assert tell_ended_run(workplace, YEAR, BEGAN) == 1
    assert "Срок близок" in sent(workplace)[0]
    put(workplace, ROADMAP_REMINDERS, duty | {"days_left": 10})
    assert tell_ended_run(workplace, YEAR, BEGAN) == 0
    put(workplace, ROADMAP_REMINDERS, duty | {"days_left": -1, "state": "overdue"})
    assert tell_ended_run(workplace, YEAR, BEGAN) == 1
    assert "Срок прошёл" in sent(workplace)[0]


def failing(name):
    @dg.asset(name=name, partitions_def=PARTITIONS)
    def asset() -> None:
        raise ValueError(f"ячейка B7: {PERSON}")

    return asset


def test_a_failed_run_is_told_without_the_text_of_its_error(workplace):
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([failing("works")], partition_key=YEAR, instance=instance, raise_on_error=False)
        assert tell_failed_run(workplace, instance, result.dagster_run) == 1
        assert tell_failed_run(workplace, instance, result.dagster_run) == 0
    [text] = sent(workplace)
    assert "works — ValueError" in text
    assert YEAR in text
    assert PERSON not in text
    assert "B7" not in text


def test_a_year_stopped_by_a_check_is_told_with_the_check(workplace):
    @dg.asset(partitions_def=PARTITIONS)
    def works() -> None:
        """Nothing."""

    @dg.asset_check(asset=works, blocking=True, name="suite_works")
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR, metadata={"кто": PERSON})

    with dg.DagsterInstance.ephemeral() as instance:
        defs = dg.Definitions([works], asset_checks=[check], jobs=[dg.define_asset_job("year", "*")])
        job = defs.resolve_job_def("year")
        result = job.execute_in_process(partition_key=YEAR, instance=instance, raise_on_error=False)
        assert not result.success
        assert tell_failed_run(workplace, instance, result.dagster_run) == 1
    [text] = sent(workplace)
    assert f"{YEAR} остановлен проверкой" in text
    assert "works — suite_works" in text
    assert PERSON not in text


def test_nothing_is_entered_without_a_channel_or_a_wanted_kind(workplace):
    put_documents(workplace, ("first", 1, 0))
    silent = replace(workplace, settings=workplace.settings.model_copy(update={"notices": "run_failed"}))
    assert tell_ended_run(silent, YEAR, BEGAN) == 0
    nowhere = replace(workplace, settings=workplace.settings.model_copy(update={"notices_file": None}))
    assert tell_ended_run(nowhere, YEAR, BEGAN) == 0


def test_sensors_of_dagster_carry_a_failure_to_the_file(tmp_path, monkeypatch):
    target = tmp_path / "n.txt"
    monkeypatch.setenv("OKO_NOTICES_FILE", str(target))
    monkeypatch.setenv("OKO_NOTICES_QUIET", "none")
    # The sensors ask the real clock: at night the notice would wait.
    assert Settings.load().notices_quiet == ""
    monkeypatch.setenv("OKO_PAGE_DAGSTER_URL", "https://oko.example/dagster/")
    resource = WorkplaceResource(home=str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([failing("works")], partition_key=YEAR, instance=instance, raise_on_error=False)
        for name, sensor in (("failed", notices_of_failed_runs), ("ended", notices_of_ended_runs)):
            event, own = result.all_events[-1], {"workplace": resource}
            built = dg.build_run_status_sensor_context(name, event, instance, result.dagster_run, resources=own)
            with built as context:
                sensor(context.for_run_failure() if name == "failed" else context)
        with dg.build_sensor_context(instance, resources={"workplace": resource}) as ticking:
            told = notices_delivery(ticking)
    assert "Отправлено: 1" in told.skip_message
    assert f"https://oko.example/dagster/runs/{result.run_id}" in target.read_text("utf-8")
