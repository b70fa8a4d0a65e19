"""Signals of a school year and the cards of its schools. Schools stand by code: nothing here ranks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import picked, ratio, repeated
from oko_pipeline.analysis.dynamics.indicators import BY_CODE, Indicator
from oko_pipeline.analysis.dynamics.links import Paper, build_papers
from oko_pipeline.analysis.dynamics.observations import (
    PARENT_LEVELS,
    SCHOOL_LEVEL,
    Floats,
    Observations,
    Places,
    build_observations,
)
from oko_pipeline.analysis.risk.benchmarks import published_benchmarks
from oko_pipeline.analysis.risk.cards import CardInputs, build_cards
from oko_pipeline.analysis.risk.deviations import (
    OF_ALL,
    OF_BENCHMARK,
    OF_GROUP,
    OF_NORM,
    Deviations,
    fixed_deviations,
    joined,
    peer_deviations,
)
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables import PUBLISHED_RESULTS, TASKS
from oko_pipeline.catalogue.tables_dynamics import COMPARISONS, FLAGS, RISK_CARDS, RISK_SIGNALS
from oko_pipeline.errors import ContractError
from oko_pipeline.statistics.false_discovery import benjamini_hochberg_by
from oko_pipeline.statistics.intervals import Interval, mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

_DIRECTIONS: Final = ("adverse", "none", "favourable")
_METHODS: Final = ("risk.funnel", "risk.funnel", "risk.benchmark", "risk.norm")
_NORM_INDICATOR: Final = "mark_2_share"
_MUNICIPALITY: Final = PARENT_LEVELS.index("municipality")
_GROUP: Final = PARENT_LEVELS.index("group")
_EXCLUDED_KIND: Final = "correctional"

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RiskInputs:
    """What risk zones are sought in; the frames are rows of the tables of these names, of this and earlier years.

    `groups`: school_code, group_code and, where known, is_excluded (special, evening, penal schools stand apart: they
    are held neither to other schools nor to benchmarks and norms made for ordinary ones).
    `published` and `late_sources` (school_code, text_ru: what has not come in yet) may be absent.
    """

    summaries: pd.DataFrame
    assessments: pd.DataFrame
    schools: pd.DataFrame
    groups: pd.DataFrame
    published: pd.DataFrame | None = None
    late_sources: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class RiskTables:
    """`risk_signals` and `risk_cards` of a school year."""

    risk_signals: pd.DataFrame
    risk_cards: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Window:
    """Observations of the years of the window, and the rows of schools in them."""

    obs: Observations
    papers: Mapping[str, Paper]
    rows: Places
    excluded: frozenset[str]
    indicators: tuple[Indicator, ...]
    options: RiskOptions

    @property
    def start_of_work(self) -> Places:
        """Return the first calendar year of the school year of each work."""
        return np.array([int(self.papers[name].school_year[:4]) for name in self.obs.assessment_ids], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What false-discovery control and the years say of each test."""

    q_value: Floats
    is_signal: Flags
    direction: Places
    tested_years: Places
    outside_years: Places


def risk_tables(inputs: RiskInputs, options: RiskOptions) -> RiskTables:
    """Find deviations in all years of the window alike and return the signals and cards of `options.school_year`.

    Raises:
        ContractError: for repeated summary rows, a school in two groups, an unknown indicator.
    """
    unknown = sorted(set(options.indicators) - set(BY_CODE))
    if unknown:
        raise ContractError(f"Показатели {unknown} методу risk.funnel неизвестны.")
    window = _window(inputs, options)
    tests = _tests(window, inputs.published)
    judged = _judge(window, tests)
    is_year = window.start_of_work[window.obs.assessment[tests.row]] == int(options.school_year[:4])
    signals = RISK_SIGNALS.conform(_signals(window, tests, judged, is_year))
    cards = build_cards(
        CardInputs(
            signals=signals,
            works=_works_of_year(window),
            schools=inputs.schools[inputs.schools["school_year"] == options.school_year],
            groups=inputs.groups,
            excluded=window.excluded,
            late_sources=inputs.late_sources,
        ),
        options,
    )
    return RiskTables(signals, RISK_CARDS.conform(cards))


def _window(inputs: RiskInputs, options: RiskOptions) -> _Window:
    end = int(options.school_year[:4])
    years = [f"{year}-{year + 1}" for year in range(end - options.window_years + 1, end + 1)]
    assessments = inputs.assessments[inputs.assessments["school_year"].isin(years)]
    papers = build_papers(assessments, TASKS.empty())
    summaries = inputs.summaries[inputs.summaries["assessment_id"].isin(list(papers))]
    groups = inputs.groups[inputs.groups["group_code"].notna()]
    obs = build_observations(summaries, inputs.schools, groups, ("all",))
    special = set(inputs.schools.loc[inputs.schools["school_kind"] == _EXCLUDED_KIND, "school_code"])
    if "is_excluded" in inputs.groups.columns:
        special |= set(inputs.groups.loc[inputs.groups["is_excluded"].fillna(value=False).astype(bool), "school_code"])
    return _Window(
        obs,
        {name: papers[name] for name in obs.assessment_ids},
        np.flatnonzero(obs.is_level(np.arange(len(obs.unit)), SCHOOL_LEVEL)),
        frozenset(special),
        tuple(BY_CODE[code] for code in options.indicators),
        options,
    )


def _tests(window: _Window, published: pd.DataFrame | None) -> Deviations:
    obs, rows, options = window.obs, window.rows, window.options
    codes = np.asarray(obs.unit_code, dtype=object)
    is_compared = ~np.isin(codes[obs.unit[rows]].astype(str), list(window.excluded))
    peers = rows[is_compared]
    group = obs.parents[obs.unit[peers], _GROUP]
    in_group = peers[group >= 0]
    _, number = np.unique(obs.assessment[in_group] * len(obs.unit_level) + group[group >= 0], return_inverse=True)
    benchmarks = published_benchmarks(PUBLISHED_RESULTS.empty() if published is None else published)
    parts: list[Deviations] = []
    for place, indicator in enumerate(window.indicators):
        own = (place, indicator)
        everyone = (obs.assessment[peers], np.zeros(len(peers), int))
        parts.append(peer_deviations(obs, peers, everyone, own, OF_ALL, options))
        parts.append(peer_deviations(obs, in_group, (number, group[group >= 0]), own, OF_GROUP, options))
        if indicator.is_share:
            target = _benchmark_of_rows(window, peers, indicator, benchmarks)
            parts.append(fixed_deviations(obs, peers, target, own, OF_BENCHMARK, options))
        if indicator.code == _NORM_INDICATOR:
            norm = np.full(len(peers), options.maximum_mark_2_share)
            parts.append(fixed_deviations(obs, peers, (norm, np.zeros(len(peers), int)), own, OF_NORM, options))
    return joined(parts)


def _benchmark_of_rows(
    window: _Window, rows: Places, indicator: Indicator, benchmarks: pd.DataFrame
) -> tuple[Floats, Places]:
    own = benchmarks[benchmarks["indicator_code"] == indicator.code].set_index("assessment_id")["value"]
    by_work = own.reindex(list(window.obs.assessment_ids)).to_numpy(dtype=np.float64)
    work = window.obs.assessment[rows]
    return by_work[work], np.zeros(len(rows), int)


def _judge(window: _Window, tests: Deviations) -> _Judged:
    options = window.options
    start = window.start_of_work[window.obs.assessment[tests.row]]
    family = start * len(COMPARISONS) + tests.comparison
    q_value = benjamini_hochberg_by(tests.p_value, family)
    is_signal = q_value <= options.q_level
    better = np.array([indicator.better for indicator in window.indicators])[tests.indicator]
    side = np.nan_to_num(np.sign(tests.z) * better).astype(np.int64)
    is_outside = _flags(window, tests) > 0
    direction = np.where(is_outside | is_signal, side, 0)
    series = pd.factorize(np.array([window.papers[name].series_code("grade") for name in window.obs.assessment_ids]))[0]
    key = np.ravel_multi_index(
        (tests.indicator, tests.comparison, series[window.obs.assessment[tests.row]], window.obs.unit[tests.row]),
        (len(window.indicators), len(COMPARISONS), int(series.max(initial=0)) + 1, len(window.obs.unit_level)),
    )
    key = np.unique(key, return_inverse=True)[1]
    lag = int(options.school_year[:4]) - start
    tested = _years(key, lag, ~np.isnan(tests.z))
    of_side = {one: _years(key, lag, is_outside & (direction == one)) for one in (-1, 1)}
    outside_years = np.where(direction < 0, of_side[-1], np.where(direction > 0, of_side[1], 0))
    outside_years = np.where(is_outside, outside_years, 0)
    return _Judged(q_value, is_signal, direction, tested, outside_years)


def _years(key: Places, lag: Places, holds: Flags) -> Places:
    """Return for each test in how many years its series had a test that holds; two works of a year count once."""
    width = int(lag.max(initial=0)) + 1
    seen = np.unique(key[holds] * width + lag[holds])
    return np.bincount(seen // width, minlength=int(key.max(initial=-1)) + 1)[key]


def _flags(window: _Window, tests: Deviations) -> Places:
    """Return places in `FLAGS`: 0 within the limits, 1 beyond 95 %, 2 beyond 99.8 %; 0 for too few pupils."""
    value = _values(window, tests)[1] / _factors(window, tests)
    is_known = ~np.isnan(tests.z)
    is_norm = tests.comparison == OF_NORM
    outside = [
        (value > high) | (~is_norm & (value < low))
        for low, high in (
            (tests.limit_95_low, tests.limit_95_high),
            (tests.limit_998_low, tests.limit_998_high),
        )
    ]
    return np.where(is_known, outside[0].astype(np.int64) + (outside[0] & outside[1]), 0)


def _factors(window: _Window, tests: Deviations) -> Floats:
    """Return by what means of scores are multiplied to be percents of the maximum; 1 for shares."""
    maxima = np.array([window.papers[name].maximum or np.nan for name in window.obs.assessment_ids], dtype=np.float64)[
        window.obs.assessment[tests.row]
    ]
    is_mean = np.array([not one.is_share for one in window.indicators])[tests.indicator]
    return np.where(is_mean, 100 / maxima, 1.0)


def _values(window: _Window, tests: Deviations) -> tuple[Floats, Floats, Interval]:
    """Return n, values and intervals of the tests, in the indicators' units."""
    n, value = np.full(len(tests.row), np.nan), np.full(len(tests.row), np.nan)
    bounds = Interval(value.copy(), value.copy())
    factors = _factors(window, tests)
    for place, indicator in enumerate(window.indicators):
        at = np.flatnonzero(tests.indicator == place)
        rows = tests.row[at]
        size, part = window.obs.sum_of(indicator.whole, rows), window.obs.sum_of(indicator.part, rows)
        mean = ratio(part, size)
        if indicator.is_share:
            found = wilson_interval(part, size)
        else:
            squares = np.maximum(window.obs.sum_of("squares", rows) - size * mean**2, 0.0)
            found = mean_interval(mean, np.sqrt(ratio(squares, size - 1)), size)
        n[at], value[at] = size, mean * factors[at]
        ceiling = 1.0 if indicator.is_share else 100.0
        bounds.low[at] = np.clip(found.low * factors[at], 0.0, ceiling)
        bounds.high[at] = np.clip(found.high * factors[at], 0.0, ceiling)
    return n, value, bounds


def _signals(window: _Window, tests: Deviations, judged: _Judged, is_year: Flags) -> pd.DataFrame:
    obs, options = window.obs, window.options
    n, value, bounds = _values(window, tests)
    factor = _factors(window, tests)
    keep = np.flatnonzero(is_year & ~np.isnan(value))
    unit = obs.unit[tests.row]
    order = keep[
        np.lexsort((tests.comparison[keep], tests.indicator[keep], unit[keep], obs.assessment[tests.row][keep]))
    ]
    own = tests.picked(order)
    unit, work, factor = unit[order], obs.assessment[own.row], factor[order]
    names, papers = obs.assessment_ids, window.papers
    methods = [method(one) for one in _METHODS]
    parent = obs.parents[unit, _MUNICIPALITY]
    columns: dict[str, Any] = {
        "school_year": repeated(options.school_year, len(order)),
        "assessment_id": picked(names, work),
        "subject_code": picked([papers[name].subject_code for name in names], work),
        "paper_grade": np.array([papers[name].paper_grade for name in names], dtype=np.int64)[work],
        "school_code": obs.unit_code.take(unit),
        "municipality_code": obs.unit_code.take(parent, allow_fill=True),
        "indicator_code": picked(options.indicators, own.indicator),
        "value_unit": picked([indicator.unit for indicator in window.indicators], own.indicator),
        "comparison": picked(COMPARISONS, own.comparison),
        "reference_code": _reference_codes(window, own),
        "reference_schools_count": pd.Series(own.reference_schools).astype("Int64").array,
        "n_count": n[order].astype(np.int64),
        "size_tier": picked(SIZE_TIERS, tier_places(n[order], options.tier_bounds)),
        "value": value[order],
        "low": bounds.low[order],
        "high": bounds.high[order],
        "target_value": own.target * factor,
        **{
            name: np.clip(getattr(own, name) * factor, 0.0, np.where(_is_mean(window, own), 100.0, 1.0))
            for name in ("limit_95_low", "limit_95_high", "limit_998_low", "limit_998_high")
        },
        "dispersion_factor": own.factor,
        "between_sd": own.between_sd * factor,
        "z_score": own.z,
        "p_value": own.p_value,
        "q_value": judged.q_value[order],
        "flag": picked(FLAGS, _flags(window, own)),
        "is_signal": judged.is_signal[order],
        "direction": picked(_DIRECTIONS, judged.direction[order] + 1),
        "tested_years_count": judged.tested_years[order],
        "outside_years_count": judged.outside_years[order],
        "is_persistent": judged.outside_years[order] >= options.minimum_years,
        "is_sufficient": ~np.isnan(own.z),
        "is_comparable": True,
        "method_id": picked([one.method_id for one in methods], own.comparison),
        "method_version": picked([one.version for one in methods], own.comparison),
    }
    frame = pd.DataFrame(columns)
    parts = ("assessment_id", "school_code", "indicator_code", "comparison")
    return frame.assign(signal_id=_joined_texts("risk", *(frame[name] for name in parts)))


def _is_mean(window: _Window, tests: Deviations) -> Flags:
    return np.array([not one.is_share for one in window.indicators])[tests.indicator]


def _joined_texts(first: str, *parts: pd.Series) -> pd.Series:
    joined_texts = first + "|" + parts[0]
    for part in parts[1:]:
        joined_texts = joined_texts + "|" + part
    return joined_texts


def _reference_codes(window: _Window, tests: Deviations) -> pd.api.extensions.ExtensionArray:
    """Return codes of references: the group's, else the comparison itself (all, benchmark, norm)."""
    codes = window.obs.unit_code.take(np.where(tests.comparison == OF_GROUP, tests.reference, -1), allow_fill=True)
    own = picked(COMPARISONS, tests.comparison)
    return pd.Series(codes).where(tests.comparison == OF_GROUP, pd.Series(own)).array


def _works_of_year(window: _Window) -> pd.DataFrame:
    """Return rows school × work of the year: assessment_id, campaign, grades, school_code, pupils and marked pupils."""
    obs, papers = window.obs, window.papers
    start = int(window.options.school_year[:4])
    rows = window.rows[window.start_of_work[obs.assessment[window.rows]] == start]
    names = obs.assessment_ids
    work = obs.assessment[rows]
    return pd.DataFrame(
        {
            "assessment_id": picked(names, work),
            "campaign_code": picked([papers[name].campaign_code for name in names], work),
            "pupil_grade": np.array([papers[name].pupil_grade for name in names], dtype=np.int64)[work],
            "school_code": obs.unit_code.take(obs.unit[rows]),
            "participants_count": obs.sum_of("participants", rows),
            "marked_count": obs.sum_of("marked", rows),
        }
    )
