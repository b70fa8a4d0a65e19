"""The effect of a measure against schools of the same circumstances that started where its schools did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.effectiveness.observations import Observation, Refusal
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.same_start import (
    Effect,
    Starts,
    fit_start_model,
    nearest_starts,
    same_start_effect,
    shrunk_starts,
)

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_BASES: Final = ("comparable", "cluster", "group")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which schools are alike: group (only schools that are compared at all), cluster, comparable schools by code."""

    group: Mapping[str, str]
    cluster: Mapping[str, str]
    comparable: Mapping[str, frozenset[str]]


class Judged(NamedTuple):
    """What the figures say: weights of schools (positive — of the measure), the effect, spread between schools."""

    observation: Observation
    starts: Starts
    weights: Floats
    effect: Effect
    between_deviation: float
    basis: str
    start_gap: float


def likeness(groups: pd.DataFrame, clusters: pd.DataFrame, comparables: pd.DataFrame) -> Likeness:
    """Return who is alike by the year's rows of `school_groups`, `school_clusters` and `comparable_schools`."""
    compared = groups[groups["group_code"].notna() & ~groups["is_excluded"].astype(bool)]
    clustered = clusters[clusters["cluster_code"].notna()]
    near = comparables.groupby("school_code")["comparable_code"].agg(frozenset)
    return Likeness(
        dict(zip(compared["school_code"], compared["group_code"], strict=True)),
        dict(zip(clustered["school_code"], clustered["cluster_code"], strict=True)),
        {str(code): found for code, found in near.items()},
    )


def judge(
    observation: Observation,
    targets: Iterable[str],
    treated: Iterable[str],
    alike: Likeness,
    options: EffectOptions,
) -> Judged | Refusal:
    """Return the effect of a measure on its schools.

    Args:
        observation: figures of all schools in both years.
        targets: schools of the measure.
        treated: schools of any measure with the same target; they are never a comparison.
        alike: which schools are alike.
        options: parameters.
    """
    is_target = np.isin(observation.codes, list(targets))
    if not is_target.any():
        return Refusal("no_baseline", "у ОО меры нет данных за оба года")
    is_large = _is_large(observation, options.minimum_n)
    if not (is_target & is_large).any():
        return Refusal("too_few_people", f"в ОО меры меньше {options.minimum_n} участников в одном из двух лет")
    names, group = np.unique([alike.group.get(code, "") for code in observation.codes], return_inverse=True)
    group = np.where(names[group] == "", -1, group)
    group = np.where(is_large, group, -1)
    is_reference = (group >= 0) & ~is_target & ~np.isin(observation.codes, list(treated))
    model = fit_start_model(observation.figures, group, len(names), is_reference)
    starts = shrunk_starts(observation.figures, group, model)
    between = float(np.sqrt(max(model.between_before, model.lasting)))
    caliper = max(options.caliper * between, _tolerance(observation.figures.before))
    own = np.flatnonzero(is_target & (group >= 0))
    found = {
        place: _same_start(place, observation, starts, (group, is_reference, caliper), (alike, options))
        for place in own
    }
    found = {place: told for place, told in found.items() if len(told[1])}
    if not found:
        return Refusal(
            "no_comparison",
            f"нет {options.minimum_comparisons} сопоставимых ОО без такой меры с тем же стартом",
        )
    weights, gap = _weights(found, starts)
    effect = same_start_effect(observation.figures, starts, weights, observation.after_interval, model)
    bases = {basis for basis, _ in found.values()}
    basis = bases.pop() if len(bases) == 1 else "mixed"
    return Judged(observation, starts, weights, effect, between, basis, gap)


def _is_large(observation: Observation, minimum: int) -> Bools:
    """Tell which schools have people enough in both years; where people are not counted every school has."""
    known = [np.where(np.isnan(n), np.inf, n) for n in (observation.before_n, observation.after_n)]
    return np.minimum(*known) >= minimum


def _tolerance(values: Floats) -> float:
    return 1e-9 * max(1.0, float(np.abs(values).max(initial=0.0)))


def _same_start(
    place: np.intp,
    observation: Observation,
    starts: Starts,
    pool: tuple[npt.NDArray[np.integer], Bools, float],
    rules: tuple[Likeness, EffectOptions],
) -> tuple[str, Places]:
    """Return comparisons of one school and where they come from: the narrowest likeness that has enough of them."""
    group, is_reference, caliper = pool
    alike, options = rules
    candidates = np.flatnonzero(is_reference & (group == group[place]))
    codes = [observation.codes[one] for one in candidates]
    code = observation.codes[place]
    near, cluster = alike.comparable.get(code, frozenset[str]()), alike.cluster.get(code)
    fits = {
        "comparable": np.array([one in near for one in codes], dtype=bool),
        "cluster": np.array([cluster is not None and alike.cluster.get(one) == cluster for one in codes], dtype=bool),
        "group": np.ones(len(codes), dtype=bool),
    }
    for basis in _BASES:
        chosen = nearest_starts(starts.start, int(place), candidates[fits[basis]], caliper, options.comparisons)
        if len(chosen) >= options.minimum_comparisons:
            return basis, chosen
    return _BASES[-1], np.zeros(0, dtype=np.intp)


def _weights(found: Mapping[np.intp, tuple[str, Places]], starts: Starts) -> tuple[Floats, float]:
    """Return weights by exactness, and how far apart the starts are on average."""
    precision = 1 / np.where(starts.gain_variance > 0, starts.gain_variance, 1.0)
    weights = np.zeros(len(precision))
    own = np.array(list(found))
    shares = precision[own] / precision[own].sum()
    for (place, (_, chosen)), share in zip(found.items(), shares, strict=True):
        weights[place] += share
        weights[chosen] -= share * precision[chosen] / precision[chosen].sum()
    return weights, float(weights @ np.nan_to_num(starts.start))
