"""Schedules of Dagster made from the calendar of the catalogue, and the ticks that they will have."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._utils.schedules import cron_string_iterator

from assets.partitions import SCHOOL_YEARS
from oko_pipeline.catalogue.programmes import Choice, Duty
from oko_pipeline.catalogue.schedules import (
    PARTITIONS_RU,
    ScheduleRow,
    default_time_zone,
    rows_that_serve,
    schedule_rows,
)
from oko_pipeline.catalogue.terms import Calendar, due_in

SCHEDULE_TAG = "oko/schedule"
"""Tag of a run: the code of the calendar's row that asked for it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment at which a row of the calendar asks for runs.

    `school_years` are their partitions, none for a row without a school year; `skipped_ru` says why nothing will run.
    """

    at: datetime
    row: ScheduleRow
    school_years: tuple[str, ...]
    skipped_ru: str | None = None


@dataclass(frozen=True, slots=True)
class DutyTerm:
    """A term of a duty in a school year, with the last tick that runs the documents before it."""

    duty: Duty
    school_year: str
    due_on: date
    tick: Tick | None


def build_schedules(time_zone: str | None = None) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each row of the calendar; all are off until people switch them on.

    Args:
        time_zone: the zone of the installation; the calendar's own when None.
    """
    return [_schedule(row, time_zone or default_time_zone()) for row in schedule_rows().values()]


def _schedule(row: ScheduleRow, time_zone: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=row.code,
        job_name=row.job,
        cron_schedule=row.cron,
        execution_timezone=time_zone,
        description=f"{row.title_ru}. {row.purpose_ru} За что: {PARTITIONS_RU[row.partition]}.",
        metadata={"этап": row.stage, "документы": row.documents_ru or "—"},
    )
    def asks(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        tick = _tick(row, context.scheduled_execution_time.astimezone(ZoneInfo(time_zone)))
        if tick.skipped_ru is not None:
            return dg.SkipReason(tick.skipped_ru)
        return list(requests_of(tick))

    return asks


def requests_of(tick: Tick) -> Iterator[dg.RunRequest]:
    """Yield the runs that a tick asks for; a tick that is evaluated twice asks for the same ones."""
    for school_year in tick.school_years or (None,):
        key = ":".join((tick.row.code, tick.at.date().isoformat(), school_year or "all"))
        yield dg.RunRequest(run_key=key, partition_key=school_year, tags={SCHEDULE_TAG: tick.row.code})


def _tick(row: ScheduleRow, at: datetime) -> Tick:
    if row.partition == "none":
        return Tick(at, row, ())
    known = set(SCHOOL_YEARS.get_partition_keys())
    wanted = row.school_years(at.date())
    school_years = tuple(year for year in wanted if year in known)
    if school_years:
        return Tick(at, row, school_years)
    if wanted:
        return Tick(at, row, (), f"Учебного года {', '.join(wanted)} нет в каталоге кампаний (campaigns.csv).")
    return Tick(at, row, (), f"«{row.title_ru}»: в этом учебном году проводится иначе.")


def ticks_between(
    first: date, last: date, time_zone: str | None = None, rows: Iterable[ScheduleRow] | None = None
) -> list[Tick]:
    """Return the ticks of all schedules from one day to another, both included, in the order of time.

    The moments are those at which Dagster itself will tick.
    """
    zone = ZoneInfo(time_zone or default_time_zone())
    start = datetime.combine(first, time.min, zone)
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    ticks = [
        _tick(row, moment)
        for row in (schedule_rows().values() if rows is None else rows)
        for moment in takewhile(
            lambda moment: moment < end, cron_string_iterator(start.timestamp(), row.cron, zone.key)
        )
    ]
    return sorted(ticks, key=lambda tick: (tick.at, tick.row.code))


def duty_terms(
    choices: Sequence[Choice], school_year: str, calendar: Calendar, ticks: Sequence[Tick]
) -> list[DutyTerm]:
    """Return the terms of a school year of all duties of some programmes, in the order of days and ids.

    Args:
        choices: the programmes.
        school_year: whose terms.
        calendar: dates of terms that have none.
        ticks: where the tick that serves a term is sought: the last one on or before the day that names the duty and
            writes the documents of that school year.
    """
    writing = [tick for tick in ticks if tick.row.job == "annual_cycle" and school_year in tick.school_years]
    found: list[DutyTerm] = []
    for choice in choices:
        for duty in choice.book.duties:
            codes = {row.code for row in rows_that_serve(duty)}
            own = [tick for tick in writing if tick.row.code in codes]
            for day in due_in(duty.term, duty.stage, choice.cycle, school_year, calendar).days:
                before = [tick for tick in own if tick.at.date() <= day]
                found.append(DutyTerm(duty, school_year, day, before[-1] if before else None))
    return sorted(found, key=lambda term: (term.due_on, term.duty.duty_id))


def has_fixed_offset(time_zone: str, first: date, last: date) -> bool:
    """Tell whether the clocks of a zone are never moved between two days: a schedule neither skips nor repeats."""
    zone = ZoneInfo(time_zone)
    days = ((last - first).days or 1) + 1
    moments = (datetime.combine(first, time(12), UTC) + timedelta(days=day) for day in range(days))
    return len({moment.astimezone(zone).utcoffset() for moment in moments}) == 1
