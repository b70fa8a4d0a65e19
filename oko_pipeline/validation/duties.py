"""Who must give what in a year: by the schedule of procedures, external lists, past independent assessments."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.sources import SourceKind, source_kinds
from oko_pipeline.validation.completeness import Duties

ASSESSED_EVERY: Final = 3
"""Years: the conditions of each school are assessed independently not less often (law on education, article 95.2)."""

_LISTED_FOR: Final = {
    "causes": frozenset({"bias", "risk_low", "risk_medium", "risk"}),
    "support_programmes": frozenset({"shnor", "shnsu"}),
}
"""Kinds that are owed by the schools of external lists, and the lists."""
_DROPPED: Final = frozenset({"cancelled", "refused"})


def duties_of_year(school_year: str, schools: pd.DataFrame, registers: Mapping[str, pd.DataFrame | None]) -> Duties:
    """Return the duties that follow from the registers of a year; a register that has not come adds none.

    A kind that the catalogue expects of those listed is owed by the schools (and their municipalities) that the
    schedule names for its procedure; a municipality's own row without a school names all its schools, unless it is
    about a sample. Its results are due some days after the last date of the procedure, held or planned.

    Args:
        school_year: such as 2025-2026.
        schools: `school_code`, `municipality_code`.
        registers: rows by name: `procedure_schedule` and `external_lists` of the year, `noko` of all years.
    """
    schedule, lists, noko = (registers.get(name) for name in ("procedure_schedule", "external_lists", "noko"))
    listed: dict[str, frozenset[str]] = {}
    due: dict[str, date] = {}
    if schedule is not None:
        running = schedule[~schedule["status"].isin(_DROPPED)]
        for kind in source_kinds().values():
            own = running[running["procedure"] == kind.slug]
            if len(own):
                _from_schedule(kind, own, schools, listed, due)
    if lists is not None:
        standing = lists[~lists["is_excluded"].astype("boolean").fillna(value=False)]
        for slug, kinds in _LISTED_FOR.items():
            listed[slug] = frozenset(standing.loc[standing["list_kind"].isin(kinds), "school_code"].dropna())
    if noko is not None and len(noko):
        listed["noko"] = listed.get("noko", frozenset()) | _due_for_assessment(school_year, schools, noko)
    return Duties(listed, due)


def _from_schedule(
    kind: SourceKind,
    rows: pd.DataFrame,
    schools: pd.DataFrame,
    listed: dict[str, frozenset[str]],
    due: dict[str, date],
) -> None:
    if kind.expected == "listed":
        listed[kind.slug] = _named(rows, schools)
    if kind.due == "schedule":
        days = rows["held_on"].where(rows["held_on"].notna(), rows["planned_on"]).dropna()
        if len(days):
            due[kind.slug] = date.fromisoformat(str(days.max())[:10]) + timedelta(days=kind.days_after)


def _named(rows: pd.DataFrame, schools: pd.DataFrame) -> frozenset[str]:
    own = set(rows["school_code"].dropna())
    is_sample = rows["is_sample"].astype("boolean").fillna(value=False)
    everywhere = rows.loc[rows["school_code"].isna() & ~is_sample, "municipality_code"].dropna()
    own |= set(schools.loc[schools["municipality_code"].isin(set(everywhere)), "school_code"])
    return frozenset(own | set(_municipalities(own, schools)))


def _municipalities(codes: Iterable[str], schools: pd.DataFrame) -> Iterable[str]:
    return schools.loc[schools["school_code"].isin(set(codes)), "municipality_code"].dropna()


def _due_for_assessment(school_year: str, schools: pd.DataFrame, noko: pd.DataFrame) -> frozenset[str]:
    """Return schools whose last assessment is three years old or was never heard of while others' were."""
    first_year = int(school_year[:4])
    last = noko[noko["assessed_year"] < first_year].groupby("school_code")["assessed_year"].max()
    years = schools["school_code"].map(last)
    is_due = years.isna() | (years <= first_year - ASSESSED_EVERY)
    return frozenset(schools.loc[is_due.astype(bool), "school_code"])
