"""Load of a class with assessment procedures: gaps, days, weeks, share of the year, first and last lessons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.methods import method, parameters
from oko_pipeline.catalogue.tables_programmes import PROCEDURE_LOAD

LOAD: Final = "programmes.load"
ALL_LETTERS: Final = "все"
_DROPPED: Final = frozenset({"cancelled", "refused"})
_CLASS: Final = ["school_code", "grade", "class_letter"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The limits; see the method's parameters."""

    minimum_minutes: int
    subject_gap_weeks: float
    per_day: int
    per_week: int
    year_share: float
    weeks: int
    lesson_minutes: int
    week_lessons: tuple[float, ...]
    school_days: int

    @classmethod
    def load(cls, overrides: Mapping[str, Any]) -> "LoadOptions":
        """Take the parameters of the method, replaced by a territory's own."""
        return cls(**parameters(LOAD, overrides))

    def lessons(self, grade: int) -> float:
        """Return the lessons a week of a grade."""
        return self.week_lessons[min(max(grade, 1), len(self.week_lessons)) - 1]


def procedure_load(
    schedule: pd.DataFrame, schools: pd.DataFrame, school_year: str, options: LoadOptions
) -> pd.DataFrame:
    """Return `procedure_load`: for each class and rule every place where the limit is broken, else the worst one."""
    sittings = class_sittings(schedule, schools, options)
    if sittings.empty:
        return PROCEDURE_LOAD.empty()
    rows = pd.DataFrame(
        [
            row
            for key, own in sittings.groupby(_CLASS, sort=True)
            for rule in (_subject_gaps, _days, _weeks, _year, _edges)
            for row in _kept(key, rule(own, options))
        ]
    )
    if rows.empty:
        return PROCEDURE_LOAD.empty()
    made = rows.assign(school_year=school_year, method_id=LOAD, method_version=method(LOAD).version)
    return PROCEDURE_LOAD.conform(made[list(PROCEDURE_LOAD.column_names)])


def class_sittings(schedule: pd.DataFrame, schools: pd.DataFrame, options: LoadOptions) -> pd.DataFrame:
    """Return each procedure of each class: rows of a municipality spread over its schools, of a grade over its classes.

    A work counts that the whole class writes for the given minutes or longer; one without minutes counts as a lesson.
    """
    minutes = schedule["minutes"].astype("float64").fillna(options.lesson_minutes)
    counts = schedule["is_whole_class"].astype("boolean").fillna(value=True) & (minutes >= options.minimum_minutes)
    own = schedule[counts.astype(bool) & ~schedule["status"].isin(_DROPPED) & schedule["grade"].notna()]
    day = own["held_on"].fillna(own["planned_on"])
    own = own.assign(day=pd.to_datetime(day, errors="coerce"), minutes=minutes[own.index]).dropna(subset=["day"])
    is_sample = own["is_sample"].astype("boolean").fillna(value=False).astype(bool)
    common = own[own["school_code"].isna() & own["municipality_code"].notna() & ~is_sample].drop(columns="school_code")
    spread = common.merge(
        schools[["school_code", "municipality_code"]], on="municipality_code", validate="many_to_many"
    )
    whole = pd.concat([own[own["school_code"].notna()], spread], ignore_index=True)
    whole = whole.assign(class_letter=whole["class_letter"].astype("str").str.strip().fillna(ALL_LETTERS))
    return _by_class(whole)


def _by_class(sittings: pd.DataFrame) -> pd.DataFrame:
    is_grade = sittings["class_letter"] == ALL_LETTERS
    letters = sittings.loc[~is_grade, _CLASS].drop_duplicates()
    spread = (
        sittings[is_grade]
        .drop(columns="class_letter")
        .merge(letters, on=["school_code", "grade"], how="left", validate="many_to_many")
    )
    spread = spread.assign(class_letter=spread["class_letter"].fillna(ALL_LETTERS))
    return pd.concat([sittings[~is_grade], spread], ignore_index=True).sort_values([*_CLASS, "day"], ignore_index=True)


def _kept(key: tuple[Any, ...], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found = list(rows)
    broken = [row for row in found if row["is_exceeded"]]
    school_code, grade, letter = key
    return [{"school_code": school_code, "grade": grade, "class_letter": letter, **row} for row in broken or found[:1]]


def _row(
    rule: str, place: str, observed: float, limit: float, words: tuple[str, str, bool], numbers: str
) -> dict[str, Any]:
    unit, message, is_exceeded = words
    return {
        "rule": rule,
        "place": place,
        "observed": observed,
        "limit_value": limit,
        "unit": unit,
        "is_exceeded": is_exceeded,
        "procedures": numbers,
        "message": message,
    }


def _subject_gaps(own: pd.DataFrame, options: LoadOptions) -> Iterable[dict[str, Any]]:
    limit = options.subject_gap_weeks * 7
    found: list[tuple[float, dict[str, Any]]] = []
    for subject, works in own.dropna(subset=["subject"]).groupby("subject", sort=True):
        gaps = works["day"].diff().dt.days.dropna()
        if gaps.empty:
            continue
        at = gaps.index[gaps.argmin()]
        gap = float(gaps.min())
        told = f"между работами {gap:.0f} дн." + (f", нужно не меньше {limit:g}: сдвиньте одну" if gap < limit else "")
        numbers = _numbers(works.loc[works.index <= at].tail(2))
        found.append((gap, _row("subject_gap", str(subject), gap, limit, ("дн.", told, gap < limit), numbers)))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _days(own: pd.DataFrame, options: LoadOptions) -> Iterable[dict[str, Any]]:
    return _most(own, own["day"].dt.strftime("%Y-%m-%d"), "same_day", options.per_day, "в один день")


def _weeks(own: pd.DataFrame, options: LoadOptions) -> Iterable[dict[str, Any]]:
    week = own["day"].dt.to_period("W").dt.start_time.dt.strftime("%Y-%m-%d")
    return _most(own, "неделя с " + week, "week_share", options.per_week, "за неделю")


def _most(own: pd.DataFrame, places: pd.Series, rule: str, limit: int, words: str) -> Iterable[dict[str, Any]]:
    counts = own.groupby(places).size().sort_values(ascending=False, kind="stable")
    for place, count in counts.items():
        is_over = int(count) > limit
        told = f"работ {words}: {count}" + (f", предел {limit}: разведите по дням" if is_over else "")
        numbers = _numbers(own[places == place])
        yield _row(rule, str(place), float(count), float(limit), ("работ", told, is_over), numbers)


def _year(own: pd.DataFrame, options: LoadOptions) -> Iterable[dict[str, Any]]:
    lessons = options.lessons(int(own["grade"].iloc[0])) * options.weeks * options.lesson_minutes
    share = float(own["minutes"].sum() / lessons)
    is_over = share > options.year_share
    told = f"процедуры занимают {100 * share:.1f} % учебного времени года".replace(".", ",")
    told += f", предел {100 * options.year_share:g} %: сократите" if is_over else ""
    yield _row("year_share", "год", share, options.year_share, ("доля", told, is_over), _numbers(own))


def _edges(own: pd.DataFrame, options: LoadOptions) -> Iterable[dict[str, Any]]:
    last = round(options.lessons(int(own["grade"].iloc[0])) / options.school_days)
    for _, work in own[own["lesson_number"].notna()].iterrows():
        number = int(work["lesson_number"])
        is_edge = number == 1 or number >= last
        place = f"{work['day']:%Y-%m-%d}, № {work['procedure_number']}"
        told = f"урок {number}" + (": первый или последний, перенесите на другой" if is_edge else "")
        yield _row(
            "edge_lesson", place, float(number), float(last), ("урок", told, is_edge), str(work["procedure_number"])
        )


def _numbers(works: pd.DataFrame) -> str:
    return "; ".join(works["procedure_number"].astype("str").fillna("—"))
