"""The tables of change of one school year, from the summaries of all years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import picked, repeated
from oko_pipeline.analysis.dynamics.changes import (
    Pairing,
    change,
    common_share,
    matched_scales,
    pair_rows,
    previous_places,
)
from oko_pipeline.analysis.dynamics.indicators import BY_CODE, MEAN_PERCENT, RELATIVE_POSITION, Basis, Indicator
from oko_pipeline.analysis.dynamics.links import (
    Break,
    Link,
    Paper,
    breaks_between,
    build_papers,
    link_papers,
    neighbours,
)
from oko_pipeline.analysis.dynamics.measures import (
    Measure,
    Scale,
    is_position,
    measure,
    percent_scale,
    position_scale,
    reference_scale,
)
from oko_pipeline.analysis.dynamics.multiyear import Window, pool, shrink, trends, year_window, yearly
from oko_pipeline.analysis.dynamics.observations import (
    SCHOOL_LEVEL,
    Floats,
    Observations,
    Places,
    build_observations,
)
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_dynamics import (
    RESULT_DYNAMICS,
    RESULT_MULTIYEAR,
    SERIES_BREAKS,
    SERIES_LEVELS,
    VERDICTS,
    VIEWS,
)
from oko_pipeline.errors import ContractError
from oko_pipeline.statistics.differences import Change
from oko_pipeline.statistics.false_discovery import benjamini_hochberg_by
from oko_pipeline.statistics.size_tiers import tier_places

Texts = pd.api.extensions.ExtensionArray

_METHOD_OF_VIEW: Final = {"grade": "dynamics.change", "cohort": "dynamics.cohort_position"}


@dataclass(frozen=True, slots=True)
class DynamicsTables:
    """`result_dynamics`, `result_multiyear` and `series_breaks` of a school year."""

    result_dynamics: pd.DataFrame
    result_multiyear: pd.DataFrame
    series_breaks: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Year:
    """What all parts of the computation share: observations, works, the rows of the wanted year."""

    obs: Observations
    papers: Mapping[str, Paper]
    rows: Places
    maxima: Floats
    is_apart: npt.NDArray[np.bool_]
    options: DynamicsOptions

    def number_of_work(self, name: str, rows: Places) -> Places:
        """Return a whole-number property of the works of some rows."""
        return np.array([getattr(self.papers[one], name) for one in self.obs.assessment_ids])[self.obs.assessment[rows]]


def dynamics_tables(
    summaries: pd.DataFrame,
    assessments: pd.DataFrame,
    tasks: pd.DataFrame,
    schools: pd.DataFrame,
    groups: pd.DataFrame,
    options: DynamicsOptions,
) -> DynamicsTables:
    """Compute the tables of change of `options.school_year`.

    Args:
        summaries: `result_summary` of this and earlier years (rows of schools; others are passed over); columns
            `observations.NEEDED_COLUMNS` are enough.
        assessments: `assessments` of these years.
        tasks: `tasks` of these years.
        schools: `schools` of these years.
        groups: columns school_code, group_code (missing — none) and, where known, is_excluded (special, evening, penal
            schools stand apart): rule groups of schools; may be empty.
        options: the year and the parameters.

    Raises:
        ContractError: for repeated summary rows, a school in two groups, an unknown indicator.
    """
    papers = {
        name: paper
        for name, paper in build_papers(assessments, tasks).items()
        if paper.school_year <= options.school_year
    }
    summaries = summaries[summaries["assessment_id"].isin(list(papers))]
    obs = build_observations(summaries, schools, groups, options.subgroups)
    papers = {name: papers[name] for name in obs.assessment_ids}
    is_year = np.array([papers[name].school_year == options.school_year for name in obs.assessment_ids], dtype=bool)
    if not is_year.any():
        return DynamicsTables(RESULT_DYNAMICS.empty(), RESULT_MULTIYEAR.empty(), SERIES_BREAKS.empty())
    maxima = np.array([papers[name].maximum or np.nan for name in obs.assessment_ids], dtype=np.float64)
    year = _Year(obs, papers, np.flatnonzero(is_year[obs.assessment]), maxima, _apart(obs, groups), options)
    links = {(view, basis): link_papers(papers, view, basis) for view in VIEWS for basis in Basis}
    points = [
        _points(year, view, indicators, {basis: links[view, basis] for basis in Basis})
        for view, indicators in (("grade", _chosen(options.indicators)), ("cohort", (RELATIVE_POSITION,)))
    ]
    return DynamicsTables(
        RESULT_DYNAMICS.conform(pd.concat(points, ignore_index=True)),
        RESULT_MULTIYEAR.conform(_multiyear(year, {basis: links["grade", basis] for basis in Basis})),
        SERIES_BREAKS.conform(_breaks(year)),
    )


def _apart(obs: Observations, groups: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which units are schools that are compared with nobody."""
    if "is_excluded" not in groups.columns:
        return np.zeros(len(obs.unit_level), dtype=bool)
    codes = groups.loc[groups["is_excluded"].fillna(value=False).astype(bool), "school_code"]
    return (obs.unit_level == SCHOOL_LEVEL) & pd.Series(obs.unit_code).isin(list(codes)).to_numpy(dtype=bool)


def _chosen(codes: Sequence[str]) -> tuple[Indicator, ...]:
    unknown = sorted(set(codes) - set(BY_CODE))
    if unknown:
        raise ContractError(f"Показатели {unknown} методам динамики неизвестны.")
    return tuple(BY_CODE[code] for code in codes)


def _points(
    year: _Year, view: str, indicators: Sequence[Indicator], links: Mapping[Basis, Mapping[str, Link]]
) -> pd.DataFrame:
    blocks: list[pd.DataFrame] = []
    for basis in Basis:
        own = [indicator for indicator in indicators if indicator.basis is basis]
        if own:
            previous = previous_places(year.obs, {name: link.previous for name, link in links[basis].items()})
            pairing = pair_rows(year.obs, year.rows, previous)
            state = _comparability(year, view, pairing, previous, links[basis])
            blocks += [_indicator_points(year, view, indicator, pairing, (previous, state)) for indicator in own]
    return pd.concat(blocks, ignore_index=True)


@dataclass(frozen=True, slots=True)
class _State:
    """For each row: may it be compared, and what is to be told; texts by place."""

    is_comparable: npt.NDArray[np.bool_]
    texts: list[str]
    text: Places


def _comparability(year: _Year, view: str, pairing: Pairing, previous: Places, links: Mapping[str, Link]) -> _State:
    obs, options = year.obs, year.options
    names = obs.assessment_ids
    texts = [links[name].text_ru or "" for name in names]
    text = np.where(
        np.array([bool(one) for one in texts])[obs.assessment[pairing.rows]], obs.assessment[pairing.rows], -1
    )
    has_work = previous[obs.assessment[pairing.rows]] >= 0
    has_row = pairing.previous >= 0
    absent, schools_differ, pupils_differ = len(texts), len(texts) + 1, len(texts) + 2
    texts += [
        "В предыдущей работе ряда этой единицы не было.",
        "Состав ОО изменился: общих ОО слишком мало.",
        "Число участников изменилось слишком сильно: это не те же дети.",
    ]
    text = np.where(has_work & ~has_row, absent, text)
    is_moved = has_row & (common_share(obs, pairing) < options.minimum_common_share)
    text = np.where(is_moved, schools_differ, text)
    is_other = np.zeros(len(text), dtype=bool)
    if view == "cohort":
        now = obs.sum_of("participants", pairing.rows)
        then = obs.sum_of("participants", pairing.previous)
        smaller, larger = np.minimum(now, then), np.maximum(now, then)
        is_other = has_row & ~is_moved & ~(smaller >= options.minimum_same_pupils_share * larger)
        text = np.where(is_other, pupils_differ, text)
    return _State(has_row & ~is_moved & ~is_other, texts, text)


def _indicator_points(
    year: _Year, view: str, indicator: Indicator, pairing: Pairing, links: tuple[Places, _State]
) -> pd.DataFrame:
    previous, state = links
    obs, options, rows = year.obs, year.options, pairing.rows
    now = measure(obs, rows, indicator, _scale(year, rows, indicator))
    then = measure(obs, pairing.previous, indicator, _scale(year, pairing.previous, indicator))
    found, references = _change(year, indicator, pairing, previous)
    is_known = ~np.isnan(now.value)
    if is_position(indicator):
        is_known &= ~(obs.is_level(rows, 0) & (obs.unit_subgroup[obs.unit[rows]] == 0))
    is_comparable = state.is_comparable & ~np.isnan(then.value) & (references >= options.minimum_reference_schools)
    is_enough = (now.n >= options.minimum_n) & (then.n >= options.minimum_n) & ~np.isnan(found.low)
    found = Change(*(np.where(is_comparable, one, np.nan) for one in found))
    found = replace_p(found, np.where(is_enough, found.p_value, np.nan))
    keep = np.flatnonzero(is_known)
    q_value = benjamini_hochberg_by(found.p_value[keep], obs.unit_level[obs.unit[rows[keep]]])
    verdict = _verdicts(found, indicator.better, is_comparable, is_enough)[keep]
    rows, before = rows[keep], pairing.previous[keep]
    before = np.where(is_comparable[keep], before, -1)
    names = list(obs.assessment_ids)
    columns = {
        **_paper_columns(year, rows),
        "view": repeated(view, len(rows)),
        "series_code": picked([year.papers[name].series_code(view) for name in names], obs.assessment[rows]),
        **_value_columns(year, rows, indicator, _kept(now, keep)),
        "previous_assessment_id": picked(names, np.where(before >= 0, obs.assessment[before], -1)),
        "previous_n": pd.array(np.where(before >= 0, then.n[keep], np.nan), dtype="Int64"),
        "previous_value": np.where(before >= 0, then.value[keep], np.nan),
        "is_comparable": is_comparable[keep],
        "break_ru": picked(state.texts, state.text[keep]),
        "change_value": found.value[keep],
        "change_low": found.low[keep],
        "change_high": found.high[keep],
        "p_value": found.p_value[keep],
        "q_value": q_value,
        "verdict": picked(VERDICTS, verdict),
        "is_confirmed": q_value <= options.q_level,
        **_method_columns(_METHOD_OF_VIEW[view], len(rows)),
    }
    return pd.DataFrame(columns)


def replace_p(found: Change, p_value: Floats) -> Change:
    """Return a change with other p-values."""
    return found._replace(p_value=p_value)


def _kept(one: Measure, keep: Places) -> Measure:
    interval = one.interval._replace(low=one.interval.low[keep], high=one.interval.high[keep])
    return replace(one, n=one.n[keep], value=one.value[keep], interval=interval, deviation=one.deviation[keep])


def _scale(year: _Year, rows: Places, indicator: Indicator) -> Scale | None:
    if indicator is MEAN_PERCENT:
        return percent_scale(year.obs, rows, year.maxima)
    if is_position(indicator):
        obs = year.obs
        everyone = np.flatnonzero(obs.is_level(np.arange(len(obs.unit)), 0) & (obs.unit_subgroup[obs.unit] == 0))
        mean, deviation = reference_scale(obs, everyone)
        return position_scale(mean[obs.assessment[rows]], deviation[obs.assessment[rows]])
    return None


def _change(year: _Year, indicator: Indicator, pairing: Pairing, previous: Places) -> tuple[Change, Places]:
    """Return changes, and the number of schools they are measured against (enough where none are needed)."""
    obs, rows = year.obs, pairing.rows
    references = np.full(len(rows), year.options.minimum_reference_schools)
    scales = None
    if is_position(indicator):
        own, their, references = matched_scales(obs, pairing, previous)
        scales = (own, their)
    elif indicator is MEAN_PERCENT:
        scales = (percent_scale(obs, rows, year.maxima), percent_scale(obs, pairing.previous, year.maxima))
    return change(obs, pairing, indicator, scales, year.options), references


def _verdicts(
    found: Change | tuple[Floats, Floats],
    better: int,
    is_comparable: npt.NDArray[np.bool_],
    is_enough: npt.NDArray[np.bool_],
) -> Places:
    low, high = (found.low, found.high) if isinstance(found, Change) else found
    rises, falls = low > 0, high < 0
    good, bad = (rises, falls) if better > 0 else (falls, rises)
    verdict = np.select([~is_enough, good, bad], [3, 0, 1], 2)
    return np.where(is_comparable, verdict, -1)


def _paper_columns(year: _Year, rows: Places) -> dict[str, Any]:
    return {
        "school_year": repeated(year.options.school_year, len(rows)),
        "assessment_id": picked(year.obs.assessment_ids, year.obs.assessment[rows]),
        "subject_code": picked(
            [year.papers[one].subject_code for one in year.obs.assessment_ids], year.obs.assessment[rows]
        ),
        **{name: year.number_of_work(name, rows) for name in ("paper_grade", "pupil_grade")},
        "unit_level": picked(SERIES_LEVELS, year.obs.unit_level[year.obs.unit[rows]]),
        "unit_code": year.obs.unit_code.take(year.obs.unit[rows]),
        "subgroup": picked(year.options.subgroups, year.obs.unit_subgroup[year.obs.unit[rows]]),
    }


def _value_columns(year: _Year, rows: Places, indicator: Indicator, found: Measure) -> dict[str, Any]:
    return {
        "indicator_code": repeated(indicator.code, len(rows)),
        "value_unit": repeated(indicator.unit, len(rows)),
        "n_count": found.n.astype(np.int64),
        "schools_count": year.obs.sum_of("schools", rows).astype(np.int64),
        "size_tier": picked(SIZE_TIERS, tier_places(found.n, year.options.tier_bounds)),
        "value": found.value,
        "low": within_scale(found.interval.low, indicator),
        "high": within_scale(found.interval.high, indicator),
    }


def within_scale(bounds: Floats, indicator: Indicator) -> Floats:
    """Return bounds of intervals cut at 0 and 100 %: Student's interval of few pupils goes beyond what can be."""
    return np.clip(bounds, 0.0, 100.0) if indicator.unit == "percent" else bounds


def _method_columns(method_id: str, count: int) -> dict[str, Any]:
    return {"method_id": repeated(method_id, count), "method_version": repeated(method(method_id).version, count)}


def _multiyear(year: _Year, links: Mapping[Basis, Mapping[str, Link]]) -> pd.DataFrame:
    options = year.options
    years = max(options.trend_years, len(options.pooling_weights))
    blocks: list[pd.DataFrame] = []
    for basis in Basis:
        window = year_window(year.obs, year.rows, links[basis], years, options.minimum_common_share)
        own = [indicator for indicator in _chosen(options.pooled_indicators) if indicator.basis is basis]
        blocks += [_multiyear_block(year, indicator, window.by_lag) for indicator in own]
    return pd.concat(blocks, ignore_index=True)


def _multiyear_block(year: _Year, indicator: Indicator, by_lag: Places) -> pd.DataFrame:
    obs, options = year.obs, year.options
    first = by_lag[:, 0]
    is_known = ~np.isnan(measure(obs, first, indicator, _scale(year, first, indicator)).value)
    if is_position(indicator):
        is_known &= ~(obs.is_level(first, 0) & (obs.unit_subgroup[obs.unit[first]] == 0))
    by_lag = by_lag[is_known]
    rows = by_lag[:, 0]
    figures = yearly(obs, Window(rows, by_lag), indicator, year.maxima, options)
    pooled = pool(figures, indicator, options.pooling_weights)
    shrunk = shrink(obs, rows, pooled, indicator, options.minimum_group_schools, year.is_apart)
    slopes = trends(obs, rows, figures, indicator, options)
    lags = min(len(options.pooling_weights), by_lag.shape[1])
    n = np.nansum(figures.n[:, :lags], axis=1)
    is_point = figures.n[:, :lags] > 0
    last = is_point.shape[1] - 1 - np.argmax(is_point[:, ::-1], axis=1)
    start = int(options.school_year[:4])
    labels = [f"{start - lag}-{start - lag + 1}" for lag in range(lags)]
    q_value = benjamini_hochberg_by(slopes.p_value, obs.unit_level[obs.unit[rows]])
    is_trend = ~np.isnan(slopes.low)
    columns = {
        **_paper_columns(year, rows),
        "indicator_code": repeated(indicator.code, len(rows)),
        "value_unit": repeated(indicator.unit, len(rows)),
        "first_school_year": picked(labels, last),
        "points_count": is_point.sum(axis=1),
        "n_count": n.astype(np.int64),
        "effective_n": pooled.effective_n,
        "size_tier": picked(SIZE_TIERS, tier_places(n, options.tier_bounds)),
        "pooled_value": pooled.value,
        "pooled_low": within_scale(pooled.low, indicator),
        "pooled_high": within_scale(pooled.high, indicator),
        "group_code": obs.unit_code.take(shrunk.group_unit, allow_fill=True),
        "group_schools_count": pd.array(np.where(shrunk.group_unit >= 0, shrunk.group_schools, np.nan), dtype="Int64"),
        "group_value": shrunk.group_value,
        "own_weight": shrunk.shrunk.weight,
        "shrunk_value": shrunk.shrunk.value,
        "shrunk_low": within_scale(shrunk.shrunk.low, indicator),
        "shrunk_high": within_scale(shrunk.shrunk.high, indicator),
        "trend_points_count": slopes.points,
        "trend_per_year": slopes.slope,
        "trend_low": slopes.low,
        "trend_high": slopes.high,
        "p_value": slopes.p_value,
        "q_value": q_value,
        "verdict": picked(VERDICTS, _verdicts((slopes.low, slopes.high), indicator.better, is_trend, is_trend)),
        "is_comparable": is_point.sum(axis=1) > 1,
        **_method_columns("dynamics.pooling", len(rows)),
    }
    return pd.DataFrame(columns)


def _breaks(year: _Year) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for view in VIEWS:
        before_of = neighbours(year.papers, view)
        changed = _contingent_breaks(year, before_of)
        for name, before in before_of.items():
            paper, other = year.papers[name], year.papers[before]
            if paper.school_year != year.options.school_year:
                continue
            found = breaks_between(other, paper) if view == "grade" else ()
            rows += [_break_row(view, paper, other, one) for one in (*found, *changed.get(name, ()))]
    return pd.DataFrame(rows, columns=list(SERIES_BREAKS.column_names)) if rows else SERIES_BREAKS.empty()


def _contingent_breaks(year: _Year, before_of: Mapping[str, str]) -> dict[str, tuple[Break, ...]]:
    """Return the breaks of works whose schools are not those of the work before (units «all», everyone)."""
    obs = year.obs
    pairing = pair_rows(obs, year.rows, previous_places(obs, before_of))
    shared = common_share(obs, pairing)
    is_whole = obs.is_level(pairing.rows, 0) & (obs.unit_subgroup[obs.unit[pairing.rows]] == 0)
    is_broken = is_whole & (pairing.previous >= 0) & (shared < year.options.minimum_common_share)
    found: dict[str, tuple[Break, ...]] = {}
    for place in np.flatnonzero(is_broken):
        now, then = pairing.rows[place], pairing.previous[place]
        told = [f"ОО {int(obs.sums[row, 0])}, участников {int(obs.sums[row, 1])}" for row in (int(then), int(now))]
        found[obs.assessment_ids[int(obs.assessment[now])]] = (Break("contingent", told[0], told[1]),)
    return found


def _break_row(view: str, paper: Paper, other: Paper, one: Break) -> dict[str, Any]:
    return {
        "school_year": paper.school_year,
        "view": view,
        "assessment_id": paper.assessment_id,
        "previous_assessment_id": other.assessment_id,
        "previous_school_year": other.school_year,
        "kind": one.kind,
        "before_ru": one.before_ru,
        "after_ru": one.after_ru,
        "breaks_percent": Basis.PERCENT in one.blocks,
        "breaks_marks": Basis.MARKS in one.blocks,
        "breaks_position": Basis.POSITION in one.blocks and one.kind != "contingent",
        "break_ru": one.text_ru,
        "method_id": "dynamics.series_break",
        "method_version": method("dynamics.series_break").version,
    }
