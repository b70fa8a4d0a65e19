"""Values of the registry's indicators for schools, municipalities and all, intervals and the change in a year.

A unit's value is computed from sums over its rows, so the parts of a municipality weigh as many people as they have.
Rows of registers without a school are the municipality's own. All units of a level are computed at once.

Works and exams are not people: the same pupils write several. What is summed over works speaks of as many people as sat
the most popular of them, and people of one school are alike, so intervals stand on people and on schools.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.indicators import HARMFUL_BASES, Indicator
from oko_pipeline.catalogue.methods import method, parameters
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.statistics.differences import newcombe_interval
from oko_pipeline.statistics.intervals import Interval, normal_quantile, student_quantile, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

LEVELS: Final = ("school", "municipality", "all")
SITTINGS: Final = ("assessment_id", "exam_code")
"""Columns that name works and exams: the first two parts tell who sat them — campaign and grade, kind and year."""


def _usual_correlation() -> float:
    return float(parameters("dynamics.change")["intraclass_correlation"])


@dataclass(frozen=True, slots=True)
class IndicatorOptions:
    """The year, the bounds of size tiers, last year's rows (empty when there are none), the correlation in schools."""

    school_year: str
    tier_bounds: tuple[int, int, int, int]
    previous: pd.DataFrame
    intraclass_correlation: float = field(default_factory=_usual_correlation)


class Values(NamedTuple):
    """Values of all units of a level; NaN where there are none. `n` is NaN where no group of people is meant."""

    value: Floats
    low: Floats
    high: Floats
    numerator: Floats
    denominator: Floats
    n: Floats


@dataclass(frozen=True, slots=True)
class _People:
    """Of each unit: the people behind its works, how many of them one independent person stands for, the schools."""

    count: Floats
    design_effect: Floats
    schools: Places


@dataclass(frozen=True, slots=True)
class _Grouping:
    """The unit of each row, as a place among the units of a level; `people` where rows are works, not people."""

    frame: pd.DataFrame
    place: Places
    units: int
    people: _People | None = None

    def column(self, name: str) -> Floats:
        return self.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)

    def total(self, values: Floats) -> Floats:
        """Return sums by unit, missing values left out."""
        return np.bincount(self.place, weights=np.nan_to_num(values), minlength=self.units).astype(np.float64)

    def filled(self, values: Floats) -> Floats:
        """Return by unit how many rows have a value."""
        return np.bincount(self.place, weights=~np.isnan(values), minlength=self.units).astype(np.float64)

    def sizes(self, observations: Floats) -> tuple[Floats, Floats]:
        """Return the people of units, and the independent people that say as much, from sums of observations."""
        if self.people is None:
            return observations, observations
        people = np.minimum(observations, self.people.count)
        return people, people / self.people.design_effect


def indicator_values(
    registry: Iterable[Indicator],
    tables: Mapping[str, pd.DataFrame],
    schools: pd.DataFrame,
    options: IndicatorOptions,
) -> pd.DataFrame:
    """Return rows of `indicator_values` of a year, in the order of indicators and codes of units.

    Args:
        registry: indicators to compute.
        tables: rows of the year of every table that the indicators name; a table that is missing has no data.
        schools: rows of `schools` of the year; every school and municipality of it gets a row an indicator.
        options: year, tiers, last year's values.
    """
    municipality_of = dict(zip(schools["school_code"], schools["municipality_code"], strict=True))
    units = {"school": sorted(municipality_of), "municipality": sorted(set(municipality_of.values())), "all": ["all"]}
    parts: list[pd.DataFrame] = []
    for indicator in registry:
        frame = tables.get(indicator.table)
        for breakdown, chosen in _breakdowns(indicator, frame):
            for level in LEVELS:
                if level == "school" and "school" not in indicator.level:
                    continue
                grouping = None if chosen is None else _grouping(chosen, level, units, municipality_of)
                if grouping is not None and chosen is not None:
                    grouping = _with_people(grouping, indicator, chosen, (level, units, municipality_of), options)
                parts.append(_rows(indicator, (level, units[level]), grouping, options).assign(breakdown=breakdown))
    if not parts or not schools.size:
        return INDICATOR_VALUES.empty()
    made = pd.concat(parts, ignore_index=True)
    return INDICATOR_VALUES.conform(_with_changes(made, options.previous)[list(INDICATOR_VALUES.column_names)])


def _breakdowns(indicator: Indicator, frame: pd.DataFrame | None) -> Iterator[tuple[str, pd.DataFrame | None]]:
    """Yield the indicator's rows, apart for each value of the columns that are never added up."""
    chosen = None if frame is None else _rows_of(frame, indicator.where)
    if chosen is None or chosen.empty or not indicator.by:
        yield "", chosen
        return
    told = chosen.assign(**{name: chosen[name].astype("str").fillna("") for name in indicator.by})
    for values, rows in told.groupby(list(indicator.by)):
        yield "; ".join(f"{name}={value}" for name, value in zip(indicator.by, values, strict=True)), rows


def _rows_of(frame: pd.DataFrame, where: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    for column, accepted in where.items():
        texts = frame[column].astype("str")
        fits = texts.isin([value for value in accepted if not value.startswith("~")])
        for pattern in (value[1:] for value in accepted if value.startswith("~")):
            fits |= texts.str.fullmatch(pattern, na=False)
        frame = frame[fits.to_numpy(dtype=bool)]
    return frame


def _grouping(
    frame: pd.DataFrame, level: str, units_of: Mapping[str, Sequence[str]], municipality_of: Mapping[str, str]
) -> _Grouping | None:
    """Place rows in units: tables of results have rows of every level, registers have a row a school (or none)."""
    units = units_of[level]
    if "unit_level" in frame.columns:
        frame = frame[(frame["unit_level"] == level).to_numpy(dtype=bool)]
        codes = frame["unit_code"]
    elif level == "all":
        codes = pd.Series("all", index=frame.index)
    else:
        codes = frame["school_code"]
        if level == "municipality":
            codes = codes.map(municipality_of).fillna(frame["municipality_code"])
            if len(units) == 1:
                codes = codes.fillna(units[0])
    place = pd.Index(units).get_indexer(pd.Index(codes))
    known = place >= 0
    return _Grouping(frame[known], place[known], len(units)) if known.any() else None


def _with_people(
    grouping: _Grouping,
    indicator: Indicator,
    frame: pd.DataFrame,
    where: tuple[str, Mapping[str, Sequence[str]], Mapping[str, str]],
    options: IndicatorOptions,
) -> _Grouping:
    """Add the people behind works and exams; the table is left as it is where rows are people."""
    level, units, municipality_of = where
    name = next((one for one in SITTINGS if one in frame.columns), None)
    if name is None or "unit_level" not in frame.columns:
        return grouping
    own = _people_of(grouping, indicator, name)
    schools = _grouping(frame, "school", units, municipality_of)
    if level == "school" or schools is None:
        people = _People(own, np.ones(grouping.units), (own > 0).astype(np.intp))
        return _Grouping(grouping.frame, grouping.place, grouping.units, people)
    size = _people_of(schools, indicator, name)
    codes = pd.Series(units["school"])
    parent = np.zeros(len(codes), dtype=np.intp)
    if level == "municipality":
        parent = pd.Index(units[level]).get_indexer(pd.Index(codes.map(municipality_of)))
    known = (parent >= 0) & (size > 0)
    count, whole, squares = (
        np.bincount(parent[known], weights=size[known] ** power, minlength=grouping.units) for power in (0, 1, 2)
    )
    mean_size = squares / np.where(whole > 0, whole, 1.0)
    effect = np.where(count > 1, 1 + np.maximum(mean_size - 1, 0) * options.intraclass_correlation, 1.0)
    people = _People(own, effect, count.astype(np.intp))
    return _Grouping(grouping.frame, grouping.place, grouping.units, people)


def _people_of(rows: _Grouping, indicator: Indicator, name: str) -> Floats:
    """Return the people of units: of each sitting as many as its largest work has, of several campaigns the largest.

    A sitting is a grade in a campaign, or the exams of a kind and year; grades of one campaign are different people.
    """
    counted = [indicator.denominator] if indicator.denominator else list(indicator.points)
    sizes = sum((np.nan_to_num(rows.column(str(one))) for one in counted), start=np.zeros(len(rows.place)))
    work, names = pd.factorize(rows.frame[name])
    sitting, sittings = pd.factorize(pd.Index([":".join(str(text).split(":")[:2]) for text in names]))
    campaign, campaigns = pd.factorize(pd.Index([text.split(":")[0] for text in sittings]))
    largest = np.zeros((rows.units, len(sittings)))
    np.maximum.at(largest, (rows.place, sitting[work]), sizes)
    by_campaign = largest @ np.eye(len(campaigns))[campaign]
    return by_campaign.max(axis=1, initial=0.0)


def _rows(
    indicator: Indicator, level: tuple[str, Sequence[str]], grouping: _Grouping | None, options: IndicatorOptions
) -> pd.DataFrame:
    name, codes = level
    empty = np.full(len(codes), np.nan)
    found = Values(*([empty] * 6)) if grouping is None else _FORMULAS[indicator.formula](indicator, grouping)
    schools = np.zeros(len(codes), dtype=np.int64)
    if grouping is not None and "school_code" in grouping.frame.columns:
        distinct = pd.DataFrame({"place": grouping.place, "school": grouping.frame["school_code"].to_numpy(object)})
        counted = distinct.dropna().drop_duplicates()["place"]
        schools = np.bincount(counted, minlength=len(codes))
    if grouping is not None and grouping.people is not None:
        schools = grouping.people.schools
    small = found.n < indicator.minimum_n
    told = ~np.isnan(found.value) & ~small
    state = np.where(told, "computed", np.where(small, "insufficient", "no_data"))
    used = method(_METHODS[indicator.formula])
    tiers = pd.Series(SIZE_TIERS).iloc[tier_places(np.nan_to_num(found.n), options.tier_bounds)].to_numpy()
    return pd.DataFrame(
        {
            "school_year": options.school_year,
            "indicator_code": indicator.code,
            "unit_level": name,
            "unit_code": list(codes),
            "state": state,
            "value": np.where(told, found.value, np.nan),
            "value_low": np.where(told, found.low, np.nan),
            "value_high": np.where(told, found.high, np.nan),
            "numerator": found.numerator,
            "denominator": found.denominator,
            "n": pd.array(found.n).astype("Int64"),
            "size_tier": pd.Series(tiers).where(~np.isnan(found.n)),
            "schools_count": schools,
            "norm": np.nan if indicator.norm is None else indicator.norm,
            "reaches_norm": _reaches(indicator, found, told),
            "is_over_works": indicator.base in HARMFUL_BASES,
            "is_higher_better": pd.array([indicator.higher_is_better] * len(codes), dtype="boolean"),
            "method_id": used.method_id,
            "method_version": used.version,
        }
    )


def _share(indicator: Indicator, rows: _Grouping) -> Values:
    """Return Σ numerators / Σ denominator over rows that have both, in %; Wilson interval (Wilson 1927).

    A sum of parts above its whole is a fault of the form, told in its findings: no share follows from it.
    """
    tops = sum((rows.column(name) for name in indicator.numerator), start=np.zeros(len(rows.place)))
    bottoms = rows.column(str(indicator.denominator))
    both = ~(np.isnan(tops) | np.isnan(bottoms))
    top, bottom = rows.total(np.where(both, tops, 0.0)), rows.total(np.where(both, bottoms, 0.0))
    sound = (bottom > 0) & (top <= bottom)
    share = np.where(sound, top / np.where(bottom > 0, bottom, 1), np.nan)
    people, effective = rows.sizes(bottom)
    interval = wilson_interval(share * effective, np.where(sound, effective, 0))
    value = 100 * share
    n = np.where(bottom > 0, np.round(people), np.nan)
    return Values(value, 100 * interval.low, 100 * interval.high, _known(top, n), _known(bottom, n), n)


def _count(indicator: Indicator, rows: _Grouping) -> Values:
    """Return sums over rows: a full count and not a sample, so there is no interval."""
    columns = [rows.column(name) for name in indicator.numerator]
    any_filled = sum((rows.filled(column) for column in columns), start=np.zeros(rows.units)) > 0
    total = sum((rows.total(column) for column in columns), start=np.zeros(rows.units))
    nothing = np.full(rows.units, np.nan)
    value = np.where(any_filled, total, np.nan)
    return Values(value, nothing, nothing, value, nothing, nothing)


def _points(indicator: Indicator, rows: _Grouping) -> Values:
    """Return mean points of a person from counts of outcomes; Student interval with the counts' own variance."""
    counts = np.array([rows.total(rows.column(name)) for name in indicator.points])
    points = np.array(list(indicator.points.values()))
    n = counts.sum(axis=0)
    some, several = n > 0, n > 1
    mean = np.where(some, points @ counts / np.where(some, n, 1), np.nan)
    squares = (counts * (points[:, None] - np.nan_to_num(mean)) ** 2).sum(axis=0)
    people, effective = rows.sizes(n)
    several &= effective >= 2
    error = np.sqrt(squares / np.where(several, (n - 1) * effective, 1))
    half = np.where(several, student_quantile(effective - 1) * error, np.nan)
    size = np.where(some, np.round(people), np.nan)
    return Values(mean, mean - half, mean + half, _known(points @ counts, size), _known(n, size), size)


def _weighted_mean(indicator: Indicator, rows: _Grouping) -> Values:
    """Return means of rows weighted by people; with deviations within rows, the pooled mean's normal interval."""
    values, weights = rows.column(indicator.numerator[0]), np.nan_to_num(rows.column(str(indicator.denominator)))
    weights = np.where(np.isnan(values), 0.0, weights)
    total = rows.total(weights)
    some = total > 0
    whole = np.where(some, total, 1)
    mean = np.where(some, rows.total(values * weights) / whole, np.nan)
    half = np.full(rows.units, np.nan)
    if indicator.deviation is not None:
        deviations = rows.column(indicator.deviation)
        complete = rows.total(np.where(weights > 0, np.isnan(deviations), 0.0)) == 0
        error = np.sqrt(rows.total(weights * deviations**2)) / whole
        half = np.where(complete & some, normal_quantile() * error, np.nan)
    n = np.where(some, np.round(rows.sizes(total)[0]), np.nan)
    return Values(mean, mean - half, mean + half, _known(mean * total, n), _known(total, n), n)


def _mean(indicator: Indicator, rows: _Grouping) -> Values:
    """Return means over rows (a school's rating, a survey's result), each row weighing the same; Student interval."""
    values = rows.column(indicator.numerator[0])
    count, total = rows.filled(values), rows.total(values)
    some, several = count > 0, count > 1
    mean = np.where(some, total / np.where(some, count, 1), np.nan)
    spread = rows.total((values - np.nan_to_num(mean)[rows.place]) ** 2)
    error = np.sqrt(spread / np.where(several, (count - 1) * count, 1))
    half = np.where(several, student_quantile(count - 1) * error, np.nan)
    nothing = np.full(rows.units, np.nan)
    return Values(mean, mean - half, mean + half, _known(total, mean), _known(count, mean), nothing)


def _rows_count(_indicator: Indicator, rows: _Grouping) -> Values:
    """Return numbers of rows; a unit without any has sent nothing, which is not known to be zero."""
    count = np.bincount(rows.place, minlength=rows.units).astype(np.float64)
    nothing = np.full(rows.units, np.nan)
    value = np.where(count > 0, count, np.nan)
    return Values(value, nothing, nothing, value, nothing, nothing)


def _answers(indicator: Indicator, rows: _Grouping) -> Values:
    """Return the share of rows with one of the answers among the counted ones, in %; Wilson interval."""
    given = rows.frame[indicator.numerator[0]].astype("str")
    counted = given.isin(indicator.counted) if indicator.counted else given.notna()
    top = rows.total(np.array(counted & given.isin(indicator.answers), dtype=bool).astype(np.float64))
    bottom = rows.total(np.array(counted, dtype=bool).astype(np.float64))
    interval = wilson_interval(top, bottom)
    n = np.where(bottom > 0, bottom, np.nan)
    value = 100 * top / np.where(bottom > 0, bottom, np.nan)
    return Values(value, 100 * interval.low, 100 * interval.high, _known(top, n), n, n)


_FORMULAS: Final = {
    "share": _share,
    "count": _count,
    "points": _points,
    "weighted_mean": _weighted_mean,
    "mean": _mean,
    "rows": _rows_count,
    "answers": _answers,
}
_METHODS: Final = {name: f"indicators.{name}" for name in _FORMULAS} | {
    "rows": "indicators.count",
    "answers": "indicators.share",
}


def _known(values: Floats, where: Floats) -> Floats:
    return np.where(np.isnan(where), np.nan, values)


def _reaches(indicator: Indicator, found: Values, told: npt.NDArray[np.bool_]) -> pd.Series:
    """Tell whether the whole interval is on the good side of the norm (True) or the bad one (False); else missing."""
    if indicator.norm is None or indicator.higher_is_better is None:
        return pd.Series(pd.NA, index=range(len(told)), dtype="boolean")
    low = np.where(np.isnan(found.low), found.value, found.low)
    high = np.where(np.isnan(found.high), found.value, found.high)
    above, below = low >= indicator.norm, high < indicator.norm
    if not indicator.higher_is_better:
        above, below = high <= indicator.norm, low > indicator.norm
    return pd.Series(above).astype("boolean").where(told & (above | below))


def _with_changes(made: pd.DataFrame, previous: pd.DataFrame) -> pd.DataFrame:
    """Add the change since last year; hybrid score interval (Newcombe 1998), for counts the difference.

    Results over several works are never compared: other works, scales and campaigns make them up in another year. The
    change of one work stands in `result_dynamics`.
    """
    key = ["indicator_code", "breakdown", "unit_level", "unit_code"]
    before = previous[[*key, "value", "value_low", "value_high", "method_id", "method_version"]]
    both = made[[*key, "method_id", "method_version"]].merge(
        before, on=[*key, "method_id", "method_version"], how="left", validate="one_to_one"
    )
    own, other = (frame[["value", "value_low", "value_high"]].to_numpy(np.float64, copy=True) for frame in (made, both))
    is_count = (made["method_id"] == "indicators.count").to_numpy(dtype=bool)
    # A count has no interval: it is what it is, and so is its change.
    own[is_count, 1:] = own[is_count, :1]
    other[is_count, 1:] = other[is_count, :1]
    change = newcombe_interval(own[:, 0], Interval(*own[:, 1:].T), other[:, 0], Interval(*other[:, 1:].T))
    is_over_works = made["is_over_works"].to_numpy(dtype=bool)
    change = Interval(*(np.where(is_over_works, np.nan, bound) for bound in change))
    has_before, has_change = ~np.isnan(other[:, 0]), ~np.isnan(change.low)
    is_judged = made["is_higher_better"].notna().to_numpy(dtype=bool)
    is_higher_better = made["is_higher_better"].fillna(value=False).to_numpy(dtype=bool)
    rises, falls = change.low > 0, change.high < 0
    clear = (rises | falls) & is_judged
    verdict = np.where(rises == is_higher_better, "better", "worse")
    verdict = np.where(clear, verdict, "no_evidence").astype(object)
    verdict[~has_change] = "insufficient"
    verdict[is_over_works] = "not_comparable"
    verdict[~has_before] = None
    return made.assign(previous_value=other[:, 0], change_low=change.low, change_high=change.high, verdict=verdict)
