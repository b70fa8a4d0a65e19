"""The calendar of the year: its ticks by exact date, the school year of each, and the terms of programmes it serves."""

from collections import Counter
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

import dagster as dg
import pytest

from oko_pipeline import versions
from oko_pipeline.catalogue.programmes import REGISTER, Choice, programmes, register_duties
from oko_pipeline.catalogue.schedules import ScheduleRow, read_calendar, schedule_rows, school_year_of
from oko_pipeline.errors import CatalogueError, SettingsError
from oko_pipeline.orchestration import jobs
from oko_pipeline.orchestration.schedules import (
    build_schedules,
    duty_terms,
    has_fixed_offset,
    requests_of,
    ticks_between,
)
from oko_pipeline.programmes.execution import ExecutionOptions
from oko_pipeline.settings import Settings

WEEKLY = {"terms_daily", "vpr_collection", "vpr_collection_from_march"}
YEAR_2025 = """
2025-09-01 september_collection 2025-2026
2025-09-01 run_logs_retention —
2025-09-05 comprehensive_analysis 2024-2025
2025-09-08 september_collection 2025-2026
2025-09-10 procedure_schedule_published 2025-2026
2025-09-15 september_collection 2025-2026
2025-09-22 september_collection 2025-2026
2025-09-25 terms_of_month 2024-2025 2025-2026
2025-09-28 entry_diagnostics 2025-2026
2025-09-29 exams_extra_period 2024-2025
2025-09-29 september_collection 2025-2026
2025-10-01 run_logs_retention —
2025-10-12 exams_report 2024-2025
2025-10-20 objectivity_reasons 2025-2026
2025-10-25 terms_of_month 2025-2026
2025-11-01 run_logs_retention —
2025-11-05 olympiad_school_stage 2025-2026
2025-11-20 low_results_list 2025-2026
2025-11-25 terms_of_month 2025-2026
2025-12-01 run_logs_retention —
2025-12-18 essay_collection 2025-2026
2025-12-20 vpr_autumn_analysis skipped
2025-12-25 terms_of_month 2025-2026
2025-12-28 olympiad_municipal_stage 2025-2026
2026-01-01 run_logs_retention —
2026-01-12 monitoring_order 2025-2026
2026-01-20 half_year_results 2025-2026
2026-01-25 terms_of_month 2025-2026
2026-02-01 run_logs_retention —
2026-02-10 context_forms 2025-2026
2026-02-25 interview_collection 2025-2026
2026-02-25 terms_of_month 2025-2026
2026-02-27 upbringing_and_heads 2025-2026
2026-03-01 run_logs_retention —
2026-03-03 olympiad_regional_stage 2025-2026
2026-03-25 terms_of_month 2025-2026
2026-04-01 run_logs_retention —
2026-04-13 self_examination 2025-2026
2026-04-25 terms_of_month 2025-2026
2026-04-28 early_exams 2025-2026
2026-05-01 run_logs_retention —
2026-05-22 management_self_evaluation 2025-2026
2026-05-25 terms_of_month 2025-2026
2026-06-01 exams_collection 2025-2026
2026-06-01 run_logs_retention —
2026-06-08 exams_collection 2025-2026
2026-06-15 exams_collection 2025-2026
2026-06-22 exams_collection 2025-2026
2026-06-25 terms_of_month 2025-2026
2026-06-29 exams_collection 2025-2026
2026-07-01 run_logs_retention —
2026-07-03 objectivity_marker_lists 2025-2026
2026-07-08 low_results_dynamics 2025-2026
2026-07-15 yearly_documents 2025-2026
2026-07-25 terms_of_month 2025-2026
2026-07-27 exams_analysis 2025-2026
2026-08-01 run_logs_retention —
2026-08-10 august_council 2025-2026
2026-08-17 risk_schools_interviews 2025-2026
2026-08-24 effect_of_measures 2025-2026
2026-08-25 terms_of_month 2025-2026 2026-2027
"""


def year_of_ticks():
    return ticks_between(date(2025, 9, 1), date(2026, 8, 31))


def told(tick):
    runs = "skipped" if tick.skipped_ru else " ".join(tick.school_years) or "—"
    return f"{tick.at.date()} {tick.row.code} {runs}"


def test_a_whole_year_ticks_on_these_days_for_these_school_years():
    listed = [told(tick) for tick in year_of_ticks() if tick.row.code not in WEEKLY]
    assert sorted(listed) == sorted(YEAR_2025.strip().splitlines())


def test_windows_tick_on_mondays_and_terms_on_workdays():
    ticks = year_of_ticks()
    spring = [tick.at.date() for tick in ticks if tick.row.code == "vpr_collection"]
    assert [day.isoformat() for day in spring] == [
        "2026-04-06", "2026-04-13", "2026-04-20", "2026-04-27", "2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25",
    ]  # fmt: skip
    daily = [tick for tick in ticks if tick.row.code == "terms_daily"]
    assert len(daily) == 261
    assert {tick.at.weekday() for tick in daily} == {0, 1, 2, 3, 4}
    assert {tick.at.strftime("%H:%M") for tick in daily} == {"07:00"}


def test_the_window_of_vpr_depends_on_the_school_year():
    def running(first, last):
        ticks = ticks_between(first, last)
        return {tick.row.code for tick in ticks if tick.row.code.startswith("vpr_") and tick.school_years}

    assert running(date(2024, 3, 1), date(2024, 5, 31)) == {"vpr_collection_from_march"}
    assert running(date(2025, 3, 1), date(2025, 5, 31)) == {"vpr_collection"}
    assert running(date(2022, 12, 1), date(2022, 12, 31)) == {"vpr_autumn_analysis"}
    assert running(date(2023, 12, 1), date(2023, 12, 31)) == set()


@pytest.mark.parametrize("year", range(2021, 2026))
def test_every_tick_of_five_years_runs_its_own_or_the_closing_school_year(year):
    for tick in ticks_between(date(year, 8, 1), date(year + 1, 7, 31)):
        own, before = f"{year}-{year + 1}", f"{year - 1}-{year}"
        day = tick.at.date()
        is_closing = day.month in {8, 9}
        expected = {
            "own": {own},
            "previous": {before},
            "open": {own, before} if is_closing else {own},
            "none": set(),
        }[tick.row.partition]
        assert set(tick.school_years) == (set() if tick.skipped_ru else expected)


def test_a_year_that_the_catalogue_lacks_is_skipped_with_a_reason():
    [tick] = [one for one in ticks_between(date(2027, 8, 10), date(2027, 9, 12)) if "schedule" in one.row.code]
    assert tick.school_years == ()
    assert "2027-2028" in tick.skipped_ru


def test_dagster_evaluates_a_tick_as_the_list_says():
    [schedule] = [one for one in build_schedules() if one.name == "terms_of_month"]
    moment = datetime(2026, 8, 25, 2, tzinfo=UTC)
    requests = schedule(dg.build_schedule_context(scheduled_execution_time=moment))
    assert [request.partition_key for request in requests] == ["2025-2026", "2026-2027"]
    again = schedule(dg.build_schedule_context(scheduled_execution_time=moment))
    assert [request.run_key for request in again] == [request.run_key for request in requests]


def test_run_keys_of_five_years_are_all_different():
    ticks = ticks_between(date(2021, 8, 1), date(2026, 7, 31))
    keys = [request.run_key for tick in ticks if not tick.skipped_ru for request in requests_of(tick)]
    assert len(keys) == len(set(keys)) > 1500


def test_every_schedule_starts_a_job_that_exists():
    assert {row.job for row in schedule_rows().values()} <= {job.name for job in jobs.JOBS}
    assert [schedule.name for schedule in build_schedules()] == list(schedule_rows())


def test_clocks_of_the_zone_stand_all_the_year():
    first, last = date(2020, 9, 1), date(2027, 8, 31)
    zones = {schedule.execution_timezone for schedule in build_schedules()}
    assert zones == {"Europe/Moscow"}
    assert has_fixed_offset("Europe/Moscow", first, last)
    assert not has_fixed_offset("Europe/Berlin", first, last)
    gaps = Counter(tick.at.utcoffset() for tick in year_of_ticks())
    assert len(gaps) == 1


def test_a_zone_of_the_installation_moves_the_hours_and_one_with_summer_time_is_refused():
    [tick] = [one for one in ticks_between(date(2026, 7, 15), date(2026, 7, 15), "Asia/Vladivostok") if
              one.row.code == "yearly_documents"]  # fmt: skip
    assert tick.at.astimezone(UTC) == datetime(2026, 7, 14, 20, tzinfo=UTC)
    assert {one.execution_timezone for one in build_schedules("Asia/Vladivostok")} == {"Asia/Vladivostok"}
    with pytest.raises(SettingsError, match="переводят часы"):
        Settings.load(time_zone="Europe/Berlin")
    with pytest.raises(SettingsError, match="нет"):
        Settings.load(time_zone="Europe/Nowhere")


@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Europe/Samara", "Asia/Novosibirsk", "Asia/Kamchatka"])
def test_in_every_zone_ticks_keep_their_local_hours_and_a_changed_zone_runs_no_day_twice(zone):
    first, last = date(2025, 8, 1), date(2026, 7, 31)
    assert has_fixed_offset(zone, date(2020, 9, 1), date(2027, 8, 31))
    here, there = (ticks_between(first, last, name) for name in ("Europe/Moscow", zone))
    assert [(tick.row.code, tick.at.replace(tzinfo=None)) for tick in there] == [
        (tick.row.code, tick.at.replace(tzinfo=None)) for tick in here
    ]
    # Who moves the installation to another zone in the middle of a day asks for runs that Dagster knows already.
    asked = [[request.run_key for tick in ticks if not tick.skipped_ru for request in requests_of(tick)]
             for ticks in (here, there)]  # fmt: skip
    assert asked[0] == asked[1]


@pytest.mark.parametrize("school_year", ["2020-2021", "2025-2026"])
def test_every_term_of_the_five_programmes_has_documents_and_reminders_before_it(school_year):
    calendar = ExecutionOptions.of_year(school_year, date(2021, 1, 1), {}).calendar
    choices = [Choice(programmes()[code], programmes()[code].head.cycle) for code in REGISTER]
    first = int(school_year[:4])
    ticks = ticks_between(date(first, 8, 1), date(first + 1, 8, 31))
    inside = [
        term
        for term in duty_terms(choices, school_year, calendar, ticks)
        if date(first, 9, 1) <= term.due_on <= date(first + 1, 8, 31)
    ]
    assert len(inside) > 800
    assert {term.duty.programme for term in inside} == set(REGISTER)
    late = [term.duty.duty_id for term in inside if term.tick is None or (term.due_on - term.tick.at.date()).days > 31]
    assert late == []
    daily = {tick.at.date() for tick in ticks if tick.row.code == "terms_daily" and school_year in tick.school_years}
    assert all(any(0 <= (term.due_on - day).days <= 3 for day in daily) for term in inside)


def test_every_pattern_of_the_calendar_names_a_duty():
    ids = [duty.duty_id for duty in register_duties()]
    patterns = [pattern for row in schedule_rows().values() for pattern in row.programme_rows]
    assert [pattern for pattern in patterns if not any(fnmatchcase(one, pattern) for one in ids)] == []


def test_every_month_of_the_domain_calendar_has_a_row_of_its_own():
    months = {tick.at.month for tick in year_of_ticks() if tick.row.partition in {"own", "previous"}}
    assert months == set(range(1, 13))


ROW = (
    "time_zone: Europe/Moscow\nschedules:\n  - {{code: a, title_ru: А, stage: {stage}, cron: '0 6 1 1 *', "
    "job: annual_cycle, partition: own, purpose_ru: б{more}}}\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ROW.format(stage="feast", more=""), "этап «feast»"),
        (ROW.format(stage="goals", more=", since: '2020'"), "не учебный год"),
        (ROW.format(stage="goals", more=", colour: red"), "colour"),
        (ROW.format(stage="goals", more="") + ROW.format(stage="goals", more="").splitlines()[2], "повторены"),
    ],
)
def test_a_faulty_calendar_is_told_with_its_place(text, told):
    with pytest.raises(CatalogueError, match=told):
        read_calendar({"schedules.yaml": text})


def test_a_school_year_begins_in_august():
    assert school_year_of(date(2025, 7, 31)) == "2024-2025"
    assert school_year_of(date(2025, 8, 1)) == "2025-2026"


def test_crons_are_such_that_dagster_takes_them():
    for row in schedule_rows().values():
        assert isinstance(row, ScheduleRow)
        dg.ScheduleDefinition(name=row.code, job_name=row.job, cron_schedule=row.cron)


def test_a_moved_day_of_the_calendar_changes_no_fingerprint_of_results(monkeypatch):
    def fingerprint(changed):
        def added(digest, entry, path):
            digest.update(path.encode() + (b"changed" if path.endswith(changed) else b""))

        monkeypatch.setattr(versions, "_add", added)
        versions.code_fingerprint.cache_clear()
        return versions.code_fingerprint("oko_pipeline.catalogue")

    plain = fingerprint("nothing")
    assert fingerprint("data/schedules.yaml") == plain
    assert fingerprint("catalogue/schedules.py") == plain
    assert fingerprint("data/sources.yaml") != plain
    versions.code_fingerprint.cache_clear()
