"""Boolean columns that a table's contract alone decides: choices, possible figures, intervals, methods of the registry.

No table needs these written by hand: a new column is guarded from the day it stands in the contract.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.contracts import ColumnType, Table
from oko_pipeline.catalogue.methods import methods

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TOLERANCE: Final = 1e-9
"""By how much a figure may leave its bounds: rounding of floats, nothing that a person would see."""

CONTRACT_TITLES_RU: Final = {
    "is_choice_allowed": "Значения — из перечней описания таблицы",
    "is_figure_possible": "Доли от 0 до 1, проценты от 0 до 100, числа не меньше 0",
    "is_interval_ordered": "Значение лежит внутри своего интервала",
    "is_method_known": "Метод и его версия есть в реестре методов",
}

_NUMBERS: Final = frozenset({ColumnType.NUMBER, ColumnType.INTEGER})
_PROBABILITIES: Final = ("p_value", "q_value")


@cache
def intervals_of(table: Table) -> tuple[tuple[str, str | None, str], ...]:
    """Return lower bound, value and upper bound of every interval of a table; None: the value has no column."""
    names = set(table.column_names)
    found: list[tuple[str, str | None, str]] = []
    for low in table.column_names:
        stem = "" if low == "low" else low.removesuffix("_low")
        high = "high" if low == "low" else f"{stem}_high"
        if (low != "low" and stem == low) or high not in names:
            continue
        candidates = ("value", "estimate") if not stem else _values_of(stem)
        found.append((low, next((name for name in candidates if name in names), None), high))
    return tuple(found)


def _values_of(stem: str) -> tuple[str, ...]:
    return (stem, f"{stem}_share", f"{stem}_value", f"{stem}_per_year", f"mean_{stem}")


@cache
def contract_names(table: Table) -> tuple[str, ...]:
    """Return the names of the boolean columns that the contract of a table asks for."""
    asked = {
        "is_choice_allowed": any(column.allowed for column in table.columns),
        "is_figure_possible": bool(_limits(table)),
        "is_interval_ordered": bool(intervals_of(table)),
        "is_method_known": "method_id" in table.column_names,
    }
    return tuple(name for name, is_asked in asked.items() if is_asked)


@cache
def contract_inputs(table: Table) -> tuple[str, ...]:
    """Return the columns that `contract_columns` looks at, in their order: the others need not be read for it."""
    needed = {column.name for column in table.columns if column.allowed} | {name for name, _ in _limits(table)}
    needed |= {name for one in intervals_of(table) for name in one if name is not None}
    needed |= {"method_id", "method_version"}
    return tuple(name for name in table.column_names if name in needed)


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column as floats, NaN where it is empty."""
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def contract_columns(frame: pd.DataFrame, table: Table) -> dict[str, pd.Series]:
    """Return the boolean columns that the contract of `table` asks for; one that has no subject is left out.

    `is_choice_allowed`: cells with a list of answers hold one of them. `is_figure_possible`: shares and probabilities
    lie in 0–1, per cents in 0–100, counts are not negative. `is_interval_ordered`: low ≤ value ≤ high, both bounds or
    none. `is_method_known`: the method and its version stand in the registry.
    """
    made: dict[str, Flags] = {}
    for name in contract_names(table):
        flags = _MAKERS[name](frame, table)
        made[name] = np.logical_and.reduce(flags) if flags else np.ones(len(frame), dtype=bool)
    return {name: pd.Series(values, index=frame.index, dtype=bool) for name, values in made.items()}


def _choices(frame: pd.DataFrame, table: Table) -> list[Flags]:
    chosen = [column for column in table.columns if column.allowed]
    return [(frame[c.name].isna() | frame[c.name].isin(c.allowed)).to_numpy(dtype=bool) for c in chosen]


def _figures(frame: pd.DataFrame, table: Table) -> list[Flags]:
    return [_is_within(numbers(frame, name), most) for name, most in _limits(table)]


def _intervals(frame: pd.DataFrame, table: Table) -> list[Flags]:
    return [_is_ordered(frame, *one) for one in intervals_of(table)]


@cache
def _limits(table: Table) -> tuple[tuple[str, float], ...]:
    """Return numeric columns with their largest possible value; the smallest is 0 for all of them."""
    found: list[tuple[str, float]] = []
    for column in table.columns:
        if column.type not in _NUMBERS:
            continue
        if column.name.endswith("_share") or column.name in _PROBABILITIES:
            found.append((column.name, 1.0))
        elif column.name.endswith("_percent"):
            found.append((column.name, 100.0))
        elif column.name.endswith("_count"):
            found.append((column.name, np.inf))
    return tuple(found)


def _is_within(values: Floats, most: float) -> Flags:
    return np.isnan(values) | ((values >= -TOLERANCE) & (values <= most + TOLERANCE))


def _is_ordered(frame: pd.DataFrame, low: str, value: str | None, high: str) -> Flags:
    lower, upper = numbers(frame, low), numbers(frame, high)
    whole = np.isnan(lower) == np.isnan(upper)
    middle = lower if value is None else numbers(frame, value)
    # An interval needs its value; a value may stand without one (a full count, a group of one).
    has_value = np.isnan(lower) | ~np.isnan(middle)
    inside = ~(lower > middle + TOLERANCE) & ~(middle > upper + TOLERANCE) & ~(lower > upper + TOLERANCE)
    return whole & has_value & inside


def _methods(frame: pd.DataFrame, _: Table) -> list[Flags]:
    registered = {name: one.version for name, one in methods().items()}
    expected = frame["method_id"].map(registered)
    return [(expected.notna() & (expected == frame["method_version"])).to_numpy(dtype=bool)]


_MAKERS: Final[dict[str, Callable[[pd.DataFrame, Table], list[Flags]]]] = {
    "is_choice_allowed": _choices,
    "is_figure_possible": _figures,
    "is_interval_ordered": _intervals,
    "is_method_known": _methods,
}
