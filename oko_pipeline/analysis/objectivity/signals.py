"""Judges a year's raw signals: allows for the usual spread between schools, sums up works, holds false discoveries.

Input are the rows of `measures.RAW_COLUMNS` of all works of the year; output the table `objectivity_signals`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import picked, repeated
from oko_pipeline.analysis.objectivity.measured import FAMILY_OF
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, method_columns
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_SIGNALS, WHOLE_YEAR
from oko_pipeline.statistics.false_discovery import benjamini_hochberg
from oko_pipeline.statistics.heterogeneity import calibrated_variance, same_pupil_correlation
from oko_pipeline.statistics.intervals import Floats, normal_quantile
from oko_pipeline.statistics.proportion_tests import simes_by_group, upper_score, upper_tail
from oko_pipeline.statistics.size_tiers import tier_places

_NUMBERS: Final = ("value", "reference_value", "smooth_value", "effect", "standard_error", "z_score")
_WORK_SIGNALS: Final = tuple(code for code, family in FAMILY_OF.items() if family not in {"procedures", "lists"})
_TWO_SIDED: Final = frozenset({"olympiad_gap"})
_FEWEST_FOR_SPREAD: Final = 5
_NO_SCALE_RU: Final = "Шкалы нет или она восстановлена по баллам: по такой шкале границы не судят"
_EXCLUDED_RU: Final = "ОО не сравнивается с другими (специальная, вечерняя, закрытого типа, при ФСИН)"
_FEW_RU: Final = "Мало работ или мало сопоставимых ОО"


@dataclass(frozen=True, slots=True)
class YearSignals:
    """What the judging of a year takes beside the raw rows of works.

    `schools` are all schools that wrote; `excluded` are compared with nobody; `is_scale_known` — at least one work of
    the year has a sound scale. `extra` are raw rows of other procedures; `listed` maps a school to the sources of
    external lists that name it.
    """

    school_year: str
    schools: Sequence[str]
    excluded: frozenset[str]
    is_scale_known: bool
    extra: pd.DataFrame
    listed: Mapping[str, str]


def judge_year(raw: pd.DataFrame, year: YearSignals, options: ObjectivityOptions) -> pd.DataFrame:
    """Return `objectivity_signals`: rows of works where a signal is computable, rows of every school for the year."""
    works = _judged(raw, options)
    works["works_count"] = 1
    pooled = pool_works(
        pd.concat([frame for frame in (raw, year.extra) if len(frame)] or [raw], ignore_index=True),
        options.signals.winsorised_share,
    )
    whole = _judged(pooled, options)
    whole = pd.concat([whole, *_silent(whole, year)], ignore_index=True)
    parts = [frame for frame in (works, whole) if len(frame)]
    if not parts:
        return OBJECTIVITY_SIGNALS.empty()
    return _table(pd.concat(parts, ignore_index=True), year, options)


def pool_works(raw: pd.DataFrame, share: float = 0.1) -> pd.DataFrame:
    """Sum up the works of each school and signal: weighted effects, Stouffer's z; p-values alone by Simes.

    Weights are 1/error² for effects and values, 1/error for z. Works of one grade in one campaign are written by the
    same pupils, so their scores go together even without any effect; the error allows for it. `share` is the
    winsorised share of each tail.
    """
    if raw.empty:
        return raw.assign(works_count=pd.Series(dtype="int64"))
    keys = ["school_code", "signal_code"]
    place, pairs = pd.factorize(pd.MultiIndex.from_frame(raw[keys]), sort=True)
    groups = len(pairs)
    error = raw["standard_error"].to_numpy()
    z = raw["z_score"].to_numpy()
    is_weighted = ~np.isnan(error)
    weight = np.where(is_weighted, 1 / np.where(is_weighted, error, 1.0), 0.0)
    columns: dict[str, object] = {name: pairs.get_level_values(level).to_numpy() for level, name in enumerate(keys)}
    # Without errors (p-values) each work counts by its pupils.
    by = np.where(is_weighted, weight**2, raw["count"].to_numpy(dtype=np.float64))
    columns |= {name: _weighted_mean(raw[name].to_numpy(), by, place, groups) for name in _NUMBERS[:4]}
    squares = np.bincount(place, weights=weight**2, minlength=groups)
    is_summed = squares > 0
    whole = np.where(is_summed, squares, np.nan)
    spread = np.sqrt(whole + _shared_variance(raw, weight, place, share))
    columns["standard_error"] = spread / whole
    stouffer = np.bincount(place, weights=weight * z, minlength=groups) / spread
    simes = simes_by_group(np.where(is_weighted, np.nan, upper_tail(z)), place, groups)
    columns["z_score"] = np.where(is_summed, stouffer, upper_score(simes))
    first = pd.Series(np.arange(len(raw))).groupby(place).first().to_numpy()
    return pd.DataFrame(
        columns
        | {
            "assessment_id": WHOLE_YEAR,
            "count": np.bincount(place, weights=raw["count"].to_numpy(dtype=np.float64), minlength=groups).astype(int),
            "works_count": np.bincount(place, minlength=groups),
            "peers_kind": raw["peers_kind"].to_numpy()[first],
            "peers_count": pd.Series(raw["peers_count"].to_numpy(dtype=np.int64)).groupby(place).min().to_numpy(),
        }
    )


def _shared_variance(raw: pd.DataFrame, weight: Floats, place: npt.NDArray[np.intp], share: float) -> Floats:
    """Return what pairs of works of the same pupils add to the variance of each school's weighted sum."""
    groups = int(place.max()) + 1
    cohort = raw["assessment_id"].str.rsplit(":", n=2).str[0]
    part, _ = pd.factorize(pd.MultiIndex.from_arrays([place, cohort]))
    added = np.zeros(groups)
    for signal_places in raw.groupby("signal_code", sort=False).indices.values():
        places = np.asarray(signal_places, dtype=np.intp)
        own = places[weight[places] > 0]
        if not len(own):
            continue
        z = raw["z_score"].to_numpy(dtype=np.float64)[own]
        z = z - pd.Series(z).groupby(raw["assessment_id"].to_numpy()[own]).transform("median").to_numpy()
        correlation = same_pupil_correlation(z, place[own], part[own], share)
        sums = np.bincount(part[own], weights=weight[own])
        alone = np.bincount(part[own], weights=weight[own] ** 2)
        unit = np.zeros(len(sums), dtype=np.intp)
        unit[part[own]] = place[own]
        added += correlation * np.bincount(unit, weights=sums**2 - alone, minlength=groups)
    return added


def _weighted_mean(values: Floats, weights: Floats, place: npt.NDArray[np.intp], groups: int) -> Floats:
    known = ~np.isnan(values)
    whole = np.bincount(place[known], weights=weights[known], minlength=groups)
    sums = np.bincount(place[known], weights=weights[known] * values[known], minlength=groups)
    return sums / np.where(whole > 0, whole, np.nan)


def _judged(rows: pd.DataFrame, options: ObjectivityOptions) -> pd.DataFrame:
    """Return the rows with p, q and state; the spread between schools is that of the same signal in the same work."""
    rows = rows.reset_index(drop=True)
    if rows.empty:
        return rows.assign(p_value=np.nan, q_value=np.nan, state="no_signal", note_ru=None)
    z, error = rows["z_score"].to_numpy(dtype=np.float64), rows["standard_error"].to_numpy(dtype=np.float64)
    adjusted = z.copy()
    for places in rows.groupby(["assessment_id", "signal_code"], sort=False).indices.values():
        adjusted[places] = _allow_for_spread(z[places], error[places], options.signals.winsorised_share)
    is_two_sided = rows["signal_code"].isin(_TWO_SIDED).to_numpy()
    p = np.where(is_two_sided, 2 * upper_tail(np.abs(adjusted)), upper_tail(adjusted))
    q = benjamini_hochberg(p)
    is_signal = q <= options.signals.false_discovery_rate
    state = np.where(is_signal, "signal", "no_signal")
    return rows.assign(p_value=p, q_value=q, state=state, note_ru=None)


def _allow_for_spread(z: Floats, error: Floats, share: float) -> Floats:
    """Return (e − median e)/√(s² + τ²): schools differ beyond chance without any bias.

    The median takes out what biased schools add to the peers' mean; it is that of schools, so a few large ones cannot
    move it.
    """
    if np.isnan(error).any() or len(z) < _FEWEST_FOR_SPREAD:
        return z
    effect = z * error
    effect = effect - np.median(effect)
    variance = calibrated_variance(effect, error, share)
    return effect / np.sqrt(error**2 + variance)


def _silent(whole: pd.DataFrame, year: YearSignals) -> list[pd.DataFrame]:
    """Return rows of schools at which a signal could not be computed, with the reason, and of external lists."""
    have = set(zip(whole["school_code"], whole["signal_code"], strict=True)) if len(whole) else set()
    scale_signals = {"cutoff_excess", "journal_higher", "journal_lower", "mark_crossing"}
    rows = []
    for school_code in year.schools:
        for code in _WORK_SIGNALS:
            if (school_code, code) in have:
                continue
            state, note = "insufficient", _FEW_RU
            if school_code in year.excluded:
                state, note = "not_applicable", _EXCLUDED_RU
            elif code in scale_signals and not year.is_scale_known:
                state, note = "not_applicable", _NO_SCALE_RU
            rows.append((school_code, code, state, note))
    rows += [(code, "external_list", "signal", note) for code, note in sorted(year.listed.items())]
    if not rows:
        return []
    frame = pd.DataFrame(rows, columns=["school_code", "signal_code", "state", "note_ru"])
    numbers = dict.fromkeys((*_NUMBERS, "p_value", "q_value"), np.nan)
    counts = {"count": 0, "works_count": 0, "peers_count": 0}
    return [frame.assign(assessment_id=WHOLE_YEAR, peers_kind=None, **numbers, **counts)]


def _table(rows: pd.DataFrame, year: YearSignals, options: ObjectivityOptions) -> pd.DataFrame:
    half = normal_quantile() * rows["standard_error"].to_numpy(dtype=np.float64)
    effect = rows["effect"].to_numpy(dtype=np.float64)
    count = rows["count"].to_numpy(dtype=np.int64)
    methods = {code: method_columns(code) for code in FAMILY_OF}
    families = rows["signal_code"].map(FAMILY_OF)
    frame = rows.assign(
        school_year=repeated(year.school_year, len(rows)),
        family=families,
        effect_low=effect - half,
        effect_high=effect + half,
        size_tier=picked(SIZE_TIERS, tier_places(count, options.tier_bounds)),
        is_comparable=~rows["school_code"].isin(year.excluded) & (rows["state"] != "not_applicable"),
        method_id=rows["signal_code"].map({code: one["method_id"] for code, one in methods.items()}),
        method_version=rows["signal_code"].map({code: one["method_version"] for code, one in methods.items()}),
    )
    frame = frame.sort_values(["assessment_id", "school_code", "signal_code"], ignore_index=True)
    return OBJECTIVITY_SIGNALS.conform(frame[list(OBJECTIVITY_SIGNALS.column_names)])
