"""The calendar of a school year: what runs by itself, when, for which school year and what for.

`data/schedules.yaml` is the only table of schedules. Dagster's schedules, the list of a year's ticks and the page
`docs/schedules.md` are made of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from oko_pipeline.catalogue.keys import check_school_year, previous_school_year
from oko_pipeline.catalogue.programmes import STAGES_RU, Duty
from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Partition = Literal["own", "previous", "open", "none"]

FIRST_MONTH: Final = 8
"""A school year is planned from August: its first ticks are those of the August council of the year before."""
CLOSING_MONTHS: Final = (8, 9)
"""Months in which the year before is still open: its last terms, the extra period of exams, its analysis."""

PARTITIONS_RU: Final[dict[Partition, str]] = {
    "own": "текущий учебный год",
    "previous": "прошедший учебный год",
    "open": "текущий учебный год, в августе и сентябре — и прошедший",
    "none": "без учебного года",
}


class ScheduleRow(CatalogueModel):
    """A row of the calendar.

    `cron` is in the time of the installation. `partition` tells which school year of the tick's day is run. `since`
    and `until` are the school years in which the event is held so. `programme_rows` are patterns of ids of duties that
    the tick serves.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    stage: str
    cron: str = Field(pattern=r"^\S+ \S+ \S+ \S+ \S+$")
    job: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    partition: Partition
    purpose_ru: str
    documents_ru: str = ""
    programme_rows: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    @field_validator("since", "until")
    @classmethod
    def _is_school_year(cls, year: str | None) -> str | None:
        return None if year is None else check_school_year(year)

    @model_validator(mode="after")
    def _stage_is_known(self) -> Self:
        if self.stage not in STAGES_RU:
            raise ValueError(f"этап «{self.stage}»: ожидался один из {sorted(STAGES_RU)}")
        return self

    def is_held(self, school_year: str) -> bool:
        """Tell whether the row holds in a school year."""
        return (self.since or school_year) <= school_year <= (self.until or school_year)

    def school_years(self, day: date) -> tuple[str, ...]:
        """Return the school years that a tick of a day runs, the older first; none for a row outside its years."""
        own = school_year_of(day)
        wanted = {
            "own": (own,),
            "previous": (previous_school_year(own),),
            "open": open_years(day),
            "none": (),
        }[self.partition]
        return tuple(year for year in wanted if self.is_held(year))

    def serves(self, duty: Duty) -> bool:
        """Tell whether a duty of a programme is among the rows that the tick serves."""
        return any(fnmatchcase(duty.duty_id, pattern) for pattern in self.programme_rows)


class _Calendar(CatalogueModel):
    time_zone: str
    schedules: tuple[ScheduleRow, ...]


def school_year_of(moment: date | datetime) -> str:
    """Return the school year that a day belongs to; it begins on 1 August, when its planning does."""
    start = moment.year if moment.month >= FIRST_MONTH else moment.year - 1
    return f"{start}-{start + 1}"


def open_years(day: date) -> tuple[str, ...]:
    """Return the school years whose terms are still looked at on a day, the older first."""
    own = school_year_of(day)
    return (previous_school_year(own), own) if day.month in CLOSING_MONTHS else (own,)


@cache
def schedule_rows() -> dict[str, ScheduleRow]:
    """Return the rows of the calendar by code, in the order of the year.

    Raises:
        CatalogueError: naming every fault with file, line and field, or a code that stands twice.
    """
    return {row.code: row for row in _calendar().schedules}


def default_time_zone() -> str:
    """Return the time zone of the calendar when an installation sets none."""
    return _calendar().time_zone


@cache
def _calendar() -> _Calendar:
    name = "schedules.yaml"
    return read_calendar({name: files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")})


def read_calendar(texts: Mapping[str, str]) -> _Calendar:
    """Read a calendar from texts by file name; raises `CatalogueError` as `schedule_rows` does."""
    calendars = [calendar for _, calendar in read_catalogue_yaml(dict(texts), _Calendar)]
    codes = Counter(row.code for calendar in calendars for row in calendar.schedules)
    repeated = sorted(code for code, count in codes.items() if count > 1)
    if repeated or len(calendars) != 1:
        raise CatalogueError(f"Календарь расписаний: коды повторены: {repeated}")
    return calendars[0]


def rows_that_serve(duty: Duty, rows: Sequence[ScheduleRow] | None = None) -> tuple[ScheduleRow, ...]:
    """Return the rows of the calendar that name a duty."""
    return tuple(row for row in (rows or schedule_rows().values()) if row.serves(duty))
