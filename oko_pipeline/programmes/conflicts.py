"""Conflict of interest of observers and experts, and lack of observers: counts of people, never who they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_programmes import CONFLICT_OF_INTEREST

CONFLICTS: Final = "programmes.conflicts"
_KEY: Final = ["place_code", "procedure", "subject", "grade", "held_on", "role"]
_WHOLE_YEAR: Final = "за год"
_MENDS: Final = {
    "own_school": "работает в этой же ОО: замените назначение",
    "own_class": "преподаёт в этом классе: замените назначение",
    "relative": "среди участников есть родственник: замените назначение",
    "two_places": "назначен в несколько мест в один день: уточните назначение",
    "stated": "реестр называет людей с конфликтом интересов: замените их и перепроверьте работы",
    "too_few_observers": "наблюдателей меньше, чем нужно по графику: назначьте ещё",
}


@dataclass(frozen=True, slots=True)
class Appointments:
    """What conflicts are sought in; registers that did not come are empty frames.

    `assignments` are rows of `observer_assignments` (pseudonymous), `codes` school codes by what files
    call a school.
    """

    assignments: pd.DataFrame
    observers: pd.DataFrame
    experts: pd.DataFrame
    schedule: pd.DataFrame
    codes: Mapping[str, str]


def conflicts_of_interest(found: Appointments, school_year: str) -> pd.DataFrame:
    """Return `conflict_of_interest`; each row counts the people of one place, procedure, day, role and reason."""
    parts = [*_assigned(found), _stated(found.observers, "observer"), _stated(found.experts, "expert"), _too_few(found)]
    kept = [part for part in parts if len(part)]
    if not kept:
        return CONFLICT_OF_INTEREST.empty()
    rows = pd.concat(kept, ignore_index=True)
    summed = rows.groupby([*_KEY, "conflict"], as_index=False, sort=True)["people_count"].sum()
    made = summed.assign(
        message=summed["conflict"].map(_MENDS),
        school_year=school_year,
        method_id=CONFLICTS,
        method_version=method(CONFLICTS).version,
    )
    return CONFLICT_OF_INTEREST.conform(made[list(CONFLICT_OF_INTEREST.column_names)])


def _assigned(found: Appointments) -> list[pd.DataFrame]:
    rows = found.assignments
    if rows.empty:
        return []
    own = rows.assign(
        place_code=_places(rows),
        subject=rows["assigned_subject"].astype("str").fillna("—"),
        role=rows["assigned_role"].astype("str"),
        people_count=1,
    )
    own = _filled(own)
    home = _codes(rows["home_school"], found.codes)
    is_own = home.notna() & (home == own["place_code"])
    days = own[own["held_on"] != _WHOLE_YEAR].groupby(["person_id", "procedure", "held_on"])["place_code"].nunique()
    many = pd.MultiIndex.from_frame(own[["person_id", "procedure", "held_on"]]).isin(days[days > 1].index)
    flags = {
        "own_school": is_own,
        "own_class": _yes(rows["teaches_class"]),
        "relative": _yes(rows["has_relative"]),
        "two_places": pd.Series(many, index=own.index),
    }
    return [_counted(own[flag], conflict) for conflict, flag in flags.items() if flag.any()]


def _stated(rows: pd.DataFrame, role: str) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    own = rows[rows["conflict_count"].fillna(0) > 0]
    if own.empty:
        return pd.DataFrame()
    subject = "observed_subject" if role == "observer" else "expert_subject"
    told = own.assign(place_code=_places(own), subject=own[subject].astype("str").fillna("—"), role=role,
                      people_count=own["conflict_count"])  # fmt: skip
    for name in ("grade", "held_on", "procedure"):
        if name not in told.columns:
            told[name] = pd.NA
    return _counted(_filled(told), "stated")


def _too_few(found: Appointments) -> pd.DataFrame:
    """Compare observers needed by the schedule with those who came: school × procedure × subject × grade."""
    needed = found.schedule
    if needed.empty:
        return pd.DataFrame()
    needed = needed[
        (needed["observers_needed_count"].fillna(0) > 0) & (needed["status"] == "held") & needed["school_code"].notna()
    ]
    if needed.empty:
        return pd.DataFrame()
    keys = ["school_code", "procedure", "subject", "grade"]
    wanted = (
        needed.assign(subject=needed["subject"].astype("str").fillna("—"))
        .groupby(keys, dropna=False)["observers_needed_count"]
        .sum()
    )
    came = found.observers
    if came.empty:
        present = pd.Series(dtype="Int64")
    else:
        named = came.assign(subject=came["observed_subject"].astype("str").fillna("—"))
        present = named.groupby(keys, dropna=False)["observers_count"].sum()
    short = (wanted - present.reindex(wanted.index).fillna(0)).astype("int64")
    lacking = short[short > 0].rename("people_count").reset_index()
    lacking = lacking.rename(columns={"school_code": "place_code"}).assign(role="observer", held_on=None)
    return _counted(_filled(lacking), "too_few_observers")


def _counted(rows: pd.DataFrame, conflict: str) -> pd.DataFrame:
    return rows[[*_KEY, "people_count"]].assign(conflict=conflict, people_count=rows["people_count"].astype("int64"))


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        grade=rows["grade"].astype("Int64").fillna(0),
        held_on=rows["held_on"].astype("str").fillna(_WHOLE_YEAR),
        procedure=rows["procedure"].astype("str").fillna("—"),
    )


def _places(rows: pd.DataFrame) -> pd.Series:
    return rows["school_code"].fillna(rows["school_key"]).fillna(rows["municipality_code"]).fillna("—")


def _codes(names: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """Return the code of the school that a text names: a code, a login or a name, whatever its case and quotes."""
    plain = {_plain(name): code for name, code in codes.items()}
    return names.map(lambda one: plain.get(_plain(str(one))), na_action="ignore")


def _plain(name: str) -> str:
    return " ".join(name.casefold().translate(str.maketrans("«»\"'№", "     ")).split())


def _yes(flags: pd.Series) -> pd.Series:
    return flags.astype("boolean").fillna(value=False).astype(bool)
