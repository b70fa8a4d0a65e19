"""Campaigns of procedures within school years. Autumn 2020 is a campaign of its own: the previous grade's paper.

Campaigns of ВПР are listed one by one, with their dates. Diagnostic works and mock exams are held by regions,
municipalities and schools when they please: their campaigns are made from their code, by procedure, school year, season
and (where several are held in one season) a name of the work: `municipal_diagnostics-2025-2026-autumn-m101_2`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from oko_pipeline.catalogue.keys import check_school_year
from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.errors import CatalogueError


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; a pupil's grade is the paper's grade plus `grade_shift`."""

    campaign_code: str
    procedure_code: str
    school_year: str
    year: int
    season: str
    grade_shift: int
    starts_on: date
    ends_on: date
    title_ru: str

    @property
    def short_ru(self) -> str:
        """Return the campaign in a few words: «осень 2020», «муниципальная диагностика, осень 2025»."""
        when = _when_ru(self.season, self.year)
        procedure = diagnostic_procedures().get(self.procedure_code)
        return when if procedure is None else f"{procedure.short_ru}, {when}"


@dataclass(frozen=True, slots=True)
class DiagnosticProcedure:
    """A procedure whose works have tasks and a scale of their own; `names` are the ways in which protocols call it."""

    procedure_code: str
    title_ru: str
    short_ru: str
    names: tuple[str, ...]


def _when_ru(season: str, year: int) -> str:
    # A winter belongs to two calendar years.
    number = f"{year - 1}/{year}" if season == "winter" else str(year)
    return f"{_SEASONS_RU.get(season, season)} {number}"


_SEASONS_RU: Final = {"autumn": "осень", "winter": "зима", "spring": "весна"}
# First and last month and day; winter begins in the calendar year in which the school year does.
_SEASONS: Final = {"autumn": ((8, 1), (11, 30)), "winter": ((12, 1), (2, 28)), "spring": ((3, 1), (7, 31))}
_DIAGNOSTIC: Final = re.compile(
    r"(?P<procedure>[a-z_]+)-(?P<school_year>20\d\d-20\d\d)-(?P<season>autumn|winter|spring)(?:-(?P<work>[a-z0-9_]+))?"
)


class Campaigns(Mapping[str, Campaign]):
    """The listed campaigns in time order; looking up the code of a diagnostic work makes its campaign."""

    def __init__(self, listed: Mapping[str, Campaign]) -> None:
        self._listed = dict(listed)
        self._years = {one.school_year for one in listed.values()}
        self._made: dict[str, Campaign] = {}

    def __getitem__(self, campaign_code: str) -> Campaign:
        found = self._listed.get(campaign_code) or self._made.get(campaign_code)
        if found is None:
            found = self._made[campaign_code] = self._diagnostic(campaign_code)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def _diagnostic(self, campaign_code: str) -> Campaign:
        match = _DIAGNOSTIC.fullmatch(campaign_code)
        procedure = diagnostic_procedures().get(match["procedure"]) if match else None
        if match is None or procedure is None or match["school_year"] not in self._years:
            raise KeyError(campaign_code)
        start, season = int(match["school_year"][:4]), match["season"]
        first, last = _SEASONS[season]
        begins = start + (season == "spring")
        ends = start + (season != "autumn")
        work = f", работа {match['work'].replace('_', '-')}" if match["work"] else ""
        return Campaign(
            campaign_code,
            procedure.procedure_code,
            match["school_year"],
            ends,
            season,
            0,
            date(begins, *first),
            date(ends, *last),
            f"{procedure.title_ru}, {_when_ru(season, ends)} года{work}",
        )


def _parse(row: Mapping[str, str]) -> Campaign:
    return Campaign(
        row["campaign_code"],
        row["procedure_code"],
        check_school_year(row["school_year"]),
        int(row["year"]),
        row["season"],
        int(row["grade_shift"]),
        date.fromisoformat(row["starts_on"]),
        date.fromisoformat(row["ends_on"]),
        row["title_ru"],
    )


def _parse_procedure(row: Mapping[str, str]) -> DiagnosticProcedure:
    if not row["title_ru"] or not row["short_ru"]:
        raise ValueError("поля title_ru и short_ru не могут быть пустыми")
    names = (row["title_ru"].lower(), *(name for name in row["also"].split(";") if name))
    return DiagnosticProcedure(row["procedure_code"], row["title_ru"], row["short_ru"], names)


@cache
def diagnostic_procedures() -> dict[str, DiagnosticProcedure]:
    """Return the procedures with works of their own by code: diagnostics of any level, mock exams."""
    found = read_catalogue_csv("diagnostic_procedures.csv", _parse_procedure)
    return {procedure.procedure_code: procedure for procedure in found}


def diagnostic_campaign_code(procedure_code: str, held_on: date, work: str = "") -> str:
    """Return the code of the campaign in which a diagnostic work was held; `work` is a name of a-z, 0-9 and «_»."""
    start = held_on.year if held_on.month >= 8 else held_on.year - 1
    season = "autumn" if 8 <= held_on.month <= 11 else "winter" if held_on.month in {12, 1, 2} else "spring"
    return f"{procedure_code}-{start}-{start + 1}-{season}" + (f"-{work}" if work else "")


@cache
def campaigns() -> Campaigns:
    """Return the listed campaigns in time order; a lookup also knows campaigns of diagnostic works by their code."""
    rows = sorted(read_catalogue_csv("campaigns.csv", _parse), key=lambda campaign: campaign.starts_on)
    return Campaigns({campaign.campaign_code: campaign for campaign in rows})


def campaign(campaign_code: str) -> Campaign:
    """Return the campaign called `campaign_code`; raises `CatalogueError` when the catalogue has none."""
    try:
        return campaigns()[campaign_code]
    except KeyError:
        raise CatalogueError(f"В каталоге нет кампании «{campaign_code}».") from None


def find_campaign(year: int, season: str | None = None, procedure_code: str = "vpr") -> Campaign | None:
    """Return the campaign of a calendar year; the spring one where a year has two and no season is given."""
    found = [
        c
        for c in campaigns().values()
        if c.year == year and c.procedure_code == procedure_code and season in (None, c.season)
    ]
    return min(found, key=lambda c: c.season != "spring") if found else None


@cache
def school_years() -> tuple[str, ...]:
    """Return the school years of the catalogue in order: the keys of the only partition dimension."""
    return tuple(sorted({campaign.school_year for campaign in campaigns().values()}))
