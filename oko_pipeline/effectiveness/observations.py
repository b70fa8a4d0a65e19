"""The target indicator of a measure at every school, before and after, from series that may be compared.

Shares of results come from `result_summary`, work by work, so that works with a broken series can be left out and a
subject or a grade can be singled out; all other indicators come from `indicator_values`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.indicators import Indicator
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.effectiveness.measures import Measure
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.statistics.intervals import Floats, Interval, normal_quantile, wilson_interval
from oko_pipeline.statistics.same_start import TwoYears

SUMMARY_COLUMNS: Final = (
    "school_year",
    "assessment_id",
    "unit_level",
    "unit_code",
    "subgroup",
    *("marked_count", "mark_2_count", "mark_3_count", "mark_4_count", "mark_5_count"),
    *("journal_pairs_count", "journal_lower_count", "journal_same_count", "journal_higher_count"),
    "journal_gap_2_count",
)
VALUE_COLUMNS: Final = (
    "school_year",
    "indicator_code",
    "breakdown",
    "unit_level",
    "unit_code",
    "state",
    "value",
    "value_low",
    "value_high",
    "numerator",
    "denominator",
    "n",
    "method_id",
    "method_version",
)
_PERCENT: Final = "%"


@dataclass(frozen=True, slots=True)
class Sources:
    """Rows of several years: `indicator_values` and `result_summary` of schools, `series_breaks`."""

    indicator_values: pd.DataFrame
    result_summary: pd.DataFrame
    series_breaks: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the effect cannot be told: a reason of `EFFECT_REASONS` and its words."""

    reason: str
    text_ru: str


class Observation(NamedTuple):
    """An indicator at schools with figures of both years; numbers of people are NaN where none are counted.

    `note_ru` names what was left out; `has_outcome_until` is the last day on which outcomes came in (ISO 8601).
    """

    codes: list[str]
    figures: TwoYears
    after_interval: Interval
    before_n: Floats
    after_n: Floats
    unit_ru: str
    is_share: bool
    note_ru: str
    last_day: str


def observe(
    measure: Measure, indicator: Indicator, before_year: str, sources: Sources, options: EffectOptions
) -> Observation | Refusal:
    """Return the figures of all schools before and after, or why there are none that may be compared."""
    if indicator.formula in {"count", "rows"}:
        return Refusal(
            "not_a_mean", "показатель — число, а не доля или среднее: ОО разной величины по нему не сравнить"
        )
    if indicator.table == "result_summary" and indicator.formula == "share":
        return _from_results(measure, indicator, before_year, sources, options)
    return _from_values(indicator, before_year, sources.indicator_values, options.school_year)


def _from_results(
    measure: Measure, indicator: Indicator, before_year: str, sources: Sources, options: EffectOptions
) -> Observation | Refusal:
    years = {before_year: "no_baseline", options.school_year: "no_outcome"}
    rows = _fitting(sources.result_summary, indicator.where)
    rows = rows[rows["school_year"].isin(list(years)) & (rows["unit_level"] == "school")]
    series = {one: _series(one) for one in rows["assessment_id"].unique()}
    wanted = {one: told for one, told in series.items() if _is_target(told, measure)}
    rows = rows.assign(series=rows["assessment_id"].map(wanted))
    rows = rows[rows["series"].notna()]
    for year, reason in years.items():
        if not (rows["school_year"] == year).any():
            return Refusal(reason, f"за {year} год результатов по показателю нет")
    present = [set(rows.loc[rows["school_year"] == year, "series"]) for year in years]
    both = present[0] & present[1]
    if not both:
        return Refusal("no_baseline", f"в {before_year} году таких же работ не было")
    broken = both & _broken_series(indicator, before_year, sources.series_breaks, options.school_year)
    if len(broken) > options.maximum_broken_share * len(both):
        return Refusal("series_break", f"ряд разорван: изменились работы или шкалы ({len(broken)} из {len(both)})")
    kept = rows[rows["series"].isin(both - broken)]
    top = kept[list(indicator.numerator)].astype("float64").sum(axis=1, min_count=1)
    bottom = kept[str(indicator.denominator)].astype("float64")
    counts = pd.DataFrame({"year": kept["school_year"], "school": kept["unit_code"], "top": top, "bottom": bottom})
    summed = counts.dropna().pivot_table(index="school", columns="year", values=["top", "bottom"], aggfunc="sum")
    note = f"; работы с разрывом ряда не учтены ({len(broken)} из {len(both)})" if broken else ""
    last = max(campaign(AssessmentKey.parse(str(one)).campaign_code).ends_on for one in _ids(kept, options.school_year))
    return _shares(summed, before_year, options.school_year, note, last.isoformat())


def _from_values(
    indicator: Indicator, before_year: str, values: pd.DataFrame, school_year: str
) -> Observation | Refusal:
    own = values[(values["indicator_code"] == indicator.code) & (values["unit_level"] == "school")]
    own = own[own["state"] == "computed"]
    if len(own) and not (own["breakdown"] == "").any():
        return Refusal("several_breakdowns", "показатель есть только в разрезах, которые не складываются")
    own = own[own["breakdown"] == ""]
    both = {year: own[own["school_year"] == year] for year in (before_year, school_year)}
    for year, reason in ((before_year, "no_baseline"), (school_year, "no_outcome")):
        if both[year].empty:
            return Refusal(reason, f"за {year} год показатель не посчитан ни у одной ОО")
    methods = [set(zip(rows["method_id"], rows["method_version"], strict=True)) for rows in both.values()]
    if methods[0] != methods[1]:
        return Refusal("series_break", "ряд разорван: показатель считался разными методами")
    last_day = f"{school_year[5:]}-08-31"
    if indicator.formula in {"share", "answers"}:
        parts = {
            (name, year): rows.set_index("unit_code")[column].astype("float64")
            for year, rows in both.items()
            for name, column in (("top", "numerator"), ("bottom", "denominator"))
        }
        return _shares(pd.DataFrame(parts), before_year, school_year, "", last_day)
    return _means(both[before_year], both[school_year], indicator.unit_ru, last_day)


def _shares(
    counts: pd.DataFrame, before_year: str, school_year: str, note_ru: str, last_day: str
) -> Observation | Refusal:
    """Return shares in percent from counts: columns (top | bottom, year), a row a school."""
    whole = counts.dropna().sort_index()
    (x0, n0), (x1, n1) = (
        (whole[("top", year)].to_numpy(np.float64), whole[("bottom", year)].to_numpy(np.float64))
        for year in (before_year, school_year)
    )
    sound = (n0 > 0) & (n1 > 0) & (x0 <= n0) & (x1 <= n1)
    if not sound.any():
        return Refusal("no_baseline", "нет ОО с данными за оба года")
    x0, n0, x1, n1 = (values[sound] for values in (x0, n0, x1, n1))
    interval = wilson_interval(x1, n1)
    return Observation(
        codes=[str(code) for code in whole.index[sound]],
        figures=share_figures((x0, n0), (x1, n1)),
        after_interval=Interval(100 * interval.low, 100 * interval.high),
        before_n=n0,
        after_n=n1,
        unit_ru=_PERCENT,
        is_share=True,
        note_ru=note_ru,
        last_day=last_day,
    )


def share_figures(before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> TwoYears:
    """Return shares in percent and their sampling variances from counts (successes, trials) of both years.

    Variances are p̃(1 − p̃)/n at p̃ = (x + 2)/(n + 4) of the first year, never 0 even at 0 and 100 % (Agresti and Coull
    1998, The American Statistician 52:119). Those of the second year too: weights by a variance that the outcome itself
    makes would favour outcomes near 0 and 100 % and so shift the comparison.
    """
    (x0, n0), (x1, n1) = before, after
    share = (x0 + 2) / (n0 + 4)
    spread = 1e4 * share * (1 - share)
    return TwoYears(100 * x0 / n0, spread / n0, 100 * x1 / n1, spread / n1)


def _means(before: pd.DataFrame, after: pd.DataFrame, unit_ru: str, last_day: str) -> Observation | Refusal:
    columns = ["unit_code", "value", "value_low", "value_high", "n"]
    both = before[columns].merge(after[columns], on="unit_code", validate="one_to_one", suffixes=("_0", "_1"))
    both = both.sort_values("unit_code")
    if both.empty:
        return Refusal("no_baseline", "нет ОО с данными за оба года")
    told = {str(name): both[name].to_numpy(np.float64, na_value=np.nan) for name in both.columns if name != "unit_code"}
    # A figure without an interval has no sampling error of its own: the spread between schools stands for it.
    errors = [
        np.nan_to_num((told[f"value_high_{i}"] - told[f"value_low_{i}"]) / (2 * normal_quantile())) for i in (0, 1)
    ]
    half = normal_quantile() * errors[1]
    return Observation(
        codes=both["unit_code"].tolist(),
        figures=TwoYears(told["value_0"], errors[0] ** 2, told["value_1"], errors[1] ** 2),
        after_interval=Interval(told["value_1"] - half, told["value_1"] + half),
        before_n=told["n_0"],
        after_n=told["n_1"],
        unit_ru=unit_ru,
        is_share=False,
        note_ru="",
        last_day=last_day,
    )


def _series(assessment_id: str) -> tuple[str, str, int, str, str]:
    """Return what makes works of different years one series: procedure, season, pupils' grade, subject, level."""
    key = AssessmentKey.parse(assessment_id)
    of = campaign(key.campaign_code)
    return of.procedure_code, of.season, key.paper_grade + of.grade_shift, key.subject_code, key.level


def _is_target(series: tuple[str, str, int, str, str], measure: Measure) -> bool:
    _, _, grade, subject, _ = series
    return measure.grade in (None, grade) and measure.subject_code in (None, subject)


def _broken_series(
    indicator: Indicator, before_year: str, breaks: pd.DataFrame, school_year: str
) -> set[tuple[str, str, int, str, str]]:
    is_marks = any(name.startswith(("mark", "journal")) for name in indicator.numerator)
    column = "breaks_marks" if is_marks else "breaks_percent"
    between = (breaks["school_year"] > before_year) & (breaks["school_year"] <= school_year)
    # Other schools in a work do not matter here: the same schools are looked at in both years.
    matters = breaks[column].fillna(value=False).astype(bool) & (breaks["kind"] != "contingent")
    told = breaks[between & (breaks["view"] == "grade") & matters]
    return {_series(one) for one in told["assessment_id"].unique()}


def _ids(rows: pd.DataFrame, school_year: str) -> list[str]:
    return rows.loc[rows["school_year"] == school_year, "assessment_id"].unique().tolist()


def _fitting(rows: pd.DataFrame, where: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return the rows that an indicator counts; a value that begins with «~» is a pattern (see `Indicator`)."""
    for column, accepted in where.items():
        patterns = [re.compile(value[1:] if value.startswith("~") else re.escape(value)) for value in accepted]
        texts = rows[column].astype("str")
        fits = {text: any(one.fullmatch(text) for one in patterns) for text in texts.dropna().unique()}
        rows = rows[texts.map(fits).fillna(value=False).to_numpy(dtype=bool)]
    return rows
