"""Measures as the register tells them: one measure of a municipality may stand in many rows, a row a school."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from oko_pipeline.effectiveness.options import EffectOptions, year_before, year_of

NOT_CARRIED_OUT: Final = frozenset({"planned", "cancelled"})
UNFINISHED: Final = frozenset({"planned", "running", "partly"})
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with one target indicator; empty texts are None. `school_codes` are all schools that it concerns."""

    measure_id: str
    owner_level: str
    owner_code: str
    number: str
    title: str
    school_codes: tuple[str, ...]
    record_ids: tuple[str, ...]
    indicator_code: str | None = None
    subject_code: str | None = None
    grade: int | None = None
    direction: str | None = None
    decision_ref: str | None = None
    recommendation_ref: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    status: str | None = None
    baseline_value: float | None = None
    planned_value: float | None = None
    conclusion: str | None = None
    next_step: str | None = None
    unlinked: tuple[str, ...] = field(default=())

    @property
    def is_carried_out(self) -> bool:
        """Tell whether the measure has been done at least in part, as far as the register says."""
        return self.status not in NOT_CARRIED_OUT

    def is_running_after(self, school_year: str) -> bool:
        """Tell whether the measure goes on after a school year."""
        return self.ends_on is not None and year_of(self.ends_on) > school_year

    def before_year(self, options: EffectOptions) -> str:
        """Return the school year before the measure began; of an old one the earliest that is looked at."""
        own = options.school_year
        started = own if self.starts_on is None else min(own, year_of(self.starts_on))
        return max(year_before(started), year_before(own, options.maximum_years_back))

    def overlaps(self, other: "Measure") -> bool:
        """Tell whether two measures aim at the same figures: indicator, subject and grade agree or are not named."""
        return self.indicator_code == other.indicator_code and all(
            None in (own, its) or own == its
            for own, its in ((self.subject_code, other.subject_code), (self.grade, other.grade))
        )


def read_measures(register: pd.DataFrame, schools: pd.DataFrame, default_indicator: str) -> list[Measure]:
    """Return the measures of a register of one school year, in the order of their ids.

    Args:
        register: rows of `measures`. A row of a municipality without a school concerns all its schools; its rows with
            one number, indicator, subject and grade are one measure.
        schools: rows of `schools` of the same year.
        default_indicator: indicator of a measure that names a subject or a grade and no indicator.
    """
    if register.empty:
        return []
    codes: dict[str, list[str]] = {}
    for municipality, school in zip(schools["municipality_code"], schools["school_code"], strict=True):
        codes.setdefault(municipality, []).append(school)
    found: dict[tuple[object, ...], list[Mapping[str, object]]] = {}
    for row in register.sort_values("record_id").to_dict("records"):
        given = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for indicator in _indicators(given, default_indicator):
            key = (*_owner(given), str(given["measure_number"]), indicator, given["subject"], given["grade"])
            found.setdefault(key, []).append(given)
    targets: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    for key in found:
        targets.setdefault(key[:4], set()).add(key[4:])
    made = [_measure(key, rows, codes, is_alone=len(targets[key[:4]]) == 1) for key, rows in found.items()]
    return sorted(made, key=lambda one: (one.measure_id, one.indicator_code or ""))


def _owner(row: Mapping[str, object]) -> tuple[str, str]:
    if row["municipality_code"] is not None:
        return "municipality", str(row["municipality_code"])
    if row["school_code"] is not None:
        return "school", str(row["school_code"])
    return _UNKNOWN, str(row["school_key"] or _UNKNOWN)


def _indicators(row: Mapping[str, object], default_indicator: str) -> Sequence[str | None]:
    if row["indicator_code"] is not None:
        named = dict.fromkeys(part.strip() for part in str(row["indicator_code"]).split(";") if part.strip())
        return list(named) or [None]
    is_narrowed = row["subject"] is not None or row["grade"] is not None
    return [default_indicator if is_narrowed else None]


def _measure(
    key: tuple[object, ...], rows: Sequence[Mapping[str, object]], codes: Mapping[str, list[str]], *, is_alone: bool
) -> Measure:
    level, owner, number, indicator, subject, grade = key
    first = rows[0]
    schools: set[str] = set()
    unlinked: set[str] = set()
    for row in rows:
        if row["school_code"] is not None:
            schools.add(str(row["school_code"]))
        elif row["school_key"] is not None or level == _UNKNOWN:
            unlinked.add(str(row["school_key"] or _UNKNOWN))
        else:
            schools.update(codes.get(str(owner), []))
    suffix = "" if is_alone else f":{subject or 'all'}:{grade or 'all'}"

    def text(name: str) -> str | None:
        told = [str(row[name]) for row in rows if row[name] is not None]
        return told[0] if told else None

    def number_of(name: str) -> float | None:
        told = [float(str(row[name])) for row in rows if row[name] is not None]
        return sum(told) / len(told) if told else None

    starts = [str(row["starts_on"]) for row in rows if row["starts_on"] is not None]
    ends = [str(row["ends_on"]) for row in rows if row["ends_on"] is not None]
    return Measure(
        measure_id=f"{owner}:{number}{suffix}",
        owner_level=str(level),
        owner_code=str(owner),
        number=str(number),
        title=str(first["title"] or number),
        school_codes=tuple(sorted(schools)),
        record_ids=tuple(dict.fromkeys(str(row["record_id"]) for row in rows)),
        indicator_code=None if indicator is None else str(indicator),
        subject_code=None if subject is None else str(subject),
        grade=None if grade is None else int(str(grade)),
        direction=text("direction"),
        decision_ref=text("decision_ref"),
        recommendation_ref=text("recommendation_ref"),
        starts_on=min(starts, default=None),
        ends_on=max(ends, default=None),
        status=text("status"),
        baseline_value=number_of("baseline_value"),
        planned_value=number_of("planned_value"),
        conclusion=text("conclusion"),
        next_step=text("next_step"),
        unlinked=tuple(sorted(unlinked)),
    )
