"""Campaigns of procedures within school years. Autumn 2020 is a campaign of its own: the previous grade's paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

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
        """Return the campaign in two words: «осень 2020»."""
        return f"{_SEASONS_RU.get(self.season, self.season)} {self.year}"


_SEASONS_RU = {"autumn": "осень", "spring": "весна"}


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


@cache
def campaigns() -> dict[str, Campaign]:
    """Return all campaigns by code, in time order."""
    rows = sorted(read_catalogue_csv("campaigns.csv", _parse), key=lambda campaign: campaign.starts_on)
    return {campaign.campaign_code: campaign for campaign in rows}


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
