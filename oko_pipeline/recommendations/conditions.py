"""Conditions of rules as masks over the rows of a table."""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.finding_rules import STRENGTHS, Condition, FindingRule

Mask = npt.NDArray[np.bool_]

_COMPARISONS: Final[dict[str, Callable[[pd.Series, pd.Series | float], pd.Series]]] = {
    "above": lambda left, right: left > right,
    "below": lambda left, right: left < right,
    "at_least": lambda left, right: left >= right,
    "at_most": lambda left, right: left <= right,
}


def mask_of(conditions: Iterable[Condition], rows: pd.DataFrame) -> Mask:
    """Return which rows meet all conditions; an empty value meets none but `is_empty`."""
    met = np.ones(len(rows), dtype=bool)
    for condition in conditions:
        met &= _one(condition, rows)
    return met


def _one(condition: Condition, rows: pd.DataFrame) -> Mask:
    values = rows[condition.column]
    known = values.notna().to_numpy(dtype=bool)
    met = np.ones(len(rows), dtype=bool)
    if condition.is_empty is not None:
        met &= ~known if condition.is_empty else known
    if condition.is_in:
        met &= values.isin(list(condition.is_in)).to_numpy(dtype=bool)
    if condition.pattern is not None:
        met &= values.astype("str").str.fullmatch(condition.pattern).fillna(value=False).to_numpy(dtype=bool)
    for name, limit in condition.limits.items():
        left = values.astype("float64")
        right = rows[limit].astype("float64") if isinstance(limit, str) else float(limit)
        met &= _COMPARISONS[name](left, right).to_numpy(dtype=bool)
    return met


def strengths_of(rule: FindingRule, rows: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the place in `STRENGTHS` of each row's strength: the first level whose conditions hold."""
    if not rule.strength:
        return np.full(len(rows), STRENGTHS.index(rule.default_strength), dtype=np.intp)
    masks = [mask_of(level.when, rows) for level in rule.strength]
    places = [STRENGTHS.index(level.strength) for level in rule.strength]
    return np.select(masks, places, default=STRENGTHS.index(rule.default_strength)).astype(np.intp)
