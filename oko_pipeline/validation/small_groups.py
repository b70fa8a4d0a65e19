"""Proves that nothing is concluded about a group smaller than its method allows.

The smallest groups are parameters of methods (and of indicators and rule sets), so a territory's own values hold here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_SIGNALS
from oko_pipeline.validation.contract_columns import numbers

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Overrides = Mapping[str, Any]

_MARKS: Final = (2, 3, 4, 5)
_LISTED: Final = "external_list"


@dataclass(frozen=True, slots=True)
class SmallGroupRule:
    """What a table tells of a group, and from which size on it may.

    `told` says in which rows something is told, `count` how large the group is, `least` the smallest allowed size. In a
    `blocking` table the cells themselves are hidden: a value there would show single people in a document.
    """

    table: str
    told_ru: str
    told: Callable[[pd.DataFrame], Flags]
    count: Callable[[pd.DataFrame], Floats]
    least: Callable[[pd.DataFrame, Overrides], Floats]
    is_blocking: bool = False


def told_of_small_groups(frame: pd.DataFrame, rule: SmallGroupRule, overrides: Overrides | None = None) -> Flags:
    """Return the rows of a table that tell of a group smaller than allowed; an unknown size counts as too small."""
    if frame.empty:
        return np.zeros(0, dtype=bool)
    return rule.told(frame) & ~(rule.count(frame) >= rule.least(frame, overrides or {}))


def _has_any(*columns: str) -> Callable[[pd.DataFrame], Flags]:
    return lambda frame: np.logical_or.reduce([frame[column].notna().to_numpy(dtype=bool) for column in columns])


def _is_one_of(column: str, *values: str) -> Callable[[pd.DataFrame], Flags]:
    return lambda frame: frame[column].isin(values).to_numpy(dtype=bool)


def _smallest(*columns: str) -> Callable[[pd.DataFrame], Floats]:
    return lambda frame: np.min([numbers(frame, column) for column in columns], axis=0)


def _parameter(method_id: str, name: str) -> Callable[[pd.DataFrame, Overrides], Floats]:
    def least(frame: pd.DataFrame, overrides: Overrides) -> Floats:
        return np.full(len(frame), float(parameters(method_id, overrides)[name]), dtype=np.float64)

    return least


def _by_value(column: str, table: Callable[[Overrides], Mapping[str, float]]) -> Callable[..., Floats]:
    """Return a maker of sizes that depend on a column; a value without a rule allows no group at all."""

    def least(frame: pd.DataFrame, overrides: Overrides) -> Floats:
        return numbers(pd.DataFrame({column: frame[column].map(table(overrides)).fillna(np.inf)}), column)

    return least


def _unless_all(least: Callable[[pd.DataFrame, Overrides], Floats]) -> Callable[[pd.DataFrame, Overrides], Floats]:
    """All schools together are told of whatever their number: there is nothing larger to look at instead."""
    return lambda frame, overrides: np.where(frame["unit_level"] == "all", 0.0, least(frame, overrides))


def _sign_minima(overrides: Overrides) -> dict[str, float]:
    cohort = float(parameters("objectivity.cohort_jump", overrides)["minimum_n"])
    return {
        "high_mean": float(parameters("objectivity.high_mean", overrides)["minimum_n"]),
        "journal_mismatch": float(parameters("objectivity.journal_mismatch", overrides)["minimum_pairs"]),
        "cohort_rise": cohort,
        "cohort_drop": cohort,
    }


def _signal_minima(overrides: Overrides) -> dict[str, float]:
    """Return the least `count` of each signal: works, save where the method counts something rarer."""
    rarer = {
        "cutoff_excess": ("objectivity.cutoff_excess", "minimum_near"),
        "mark_crossing": ("objectivity.mark_crossing", "group_n"),
        "weak_absent": ("objectivity.weak_absent", "minimum_absent"),
    }
    usual = float(parameters("objectivity.signals", overrides)["minimum_n"])
    found = {code: float(parameters(method, overrides)[name]) for code, (method, name) in rarer.items()}
    return dict.fromkeys(OBJECTIVITY_SIGNALS.column("signal_code").allowed, usual) | found


def _link_minima(overrides: Overrides) -> dict[str, float]:
    found = parameters("links.rank_correlation", overrides)
    return {"school": float(found["minimum_schools"]), "pupil": float(found["minimum_pupils"])}


def _mark_rule(mark: int) -> SmallGroupRule:
    return SmallGroupRule(
        "task_quality",
        f"решаемость у получивших «{mark}»",
        _has_any(f"mark_{mark}_solved_share"),
        _smallest(f"mark_{mark}_count"),
        _parameter("items.task_quality", "mark_group_minimum"),
    )


_SURVEY_VALUES: Final = ("value", "value_low", "value_high", "sd", "value_percent", "chosen_count")
SMALL_GROUP_RULES: Final = (
    SmallGroupRule(
        "survey_results",
        "значения группы респондентов",
        _has_any(*_SURVEY_VALUES),
        _smallest("respondents_count"),
        _parameter("surveys.results", "hide_below"),
        is_blocking=True,
    ),
    SmallGroupRule(
        "indicator_values",
        "значение показателя",
        lambda frame: (frame["value"].notna() & frame["n"].notna()).to_numpy(dtype=bool),
        _smallest("n"),
        _by_value("indicator_code", lambda _: {code: float(one.minimum_n) for code, one in indicators().items()}),
        is_blocking=True,
    ),
    SmallGroupRule(
        "result_dynamics",
        "вывод об изменении",
        _is_one_of("verdict", "better", "worse"),
        _smallest("n_count", "previous_n"),
        _parameter("dynamics.change", "minimum_n"),
    ),
    SmallGroupRule(
        "risk_signals",
        "сигнал об отклонении",
        lambda frame: frame["is_signal"].to_numpy(dtype=bool),
        _smallest("n_count"),
        _parameter("risk.funnel", "minimum_n"),
    ),
    SmallGroupRule(
        "contextual_results",
        "вывод о результате с учётом условий",
        _is_one_of("verdict", "above", "expected", "below"),
        _smallest("participants_count"),
        _parameter("comparison.residual", "minimum_participants"),
    ),
    SmallGroupRule(
        "low_result_procedures",
        "результат процедуры ниже порога",
        _is_one_of("state", "failed", "passed"),
        _smallest("participants_count"),
        _by_value("rule_code", lambda _: {one.rule_code: float(one.minimum_n) for one in low_result_rules().rules}),
    ),
    SmallGroupRule(
        "objectivity_signs",
        "официальный признак",
        _is_one_of("state", "sign", "no_sign"),
        _smallest("count"),
        _by_value("sign_kind", _sign_minima),
    ),
    SmallGroupRule(
        "objectivity_signals",
        "сигнал",
        lambda frame: ((frame["state"] == "signal") & (frame["signal_code"] != _LISTED)).to_numpy(dtype=bool),
        _smallest("count"),
        _by_value("signal_code", _signal_minima),
    ),
    SmallGroupRule(
        "task_quality",
        "различающая способность",
        _has_any("discrimination"),
        _smallest("works_count"),
        _unless_all(_parameter("items.task_quality", "minimum_works")),
    ),
    *(_mark_rule(mark) for mark in _MARKS),
    SmallGroupRule(
        "test_reliability",
        "альфа",
        _has_any("alpha"),
        _smallest("works_count"),
        _unless_all(_parameter("items.task_quality", "minimum_works")),
    ),
    SmallGroupRule(
        "skill_dynamics",
        "вывод об изменении умения",
        _is_one_of("verdict", "higher", "lower"),
        _smallest("participants_count", "earlier_participants_count"),
        _parameter("items.skill_dynamics", "minimum_pupils"),
    ),
    SmallGroupRule(
        "result_links",
        "сила связи",
        lambda frame: (
            (frame["statistic"] == "spearman") & frame["strength"].isin(["strong", "moderate", "weak"])
        ).to_numpy(dtype=bool),
        _smallest("observations_count"),
        _by_value("observation", _link_minima),
    ),
)
