"""Rows of registers judged by their descriptions: one row of flags a row of a register, all registers in one frame.

The readers judge cells one by one when they read; this is the independent check of what stands in the stores. Nothing
here is written for a single register: what holds is derived from `catalogue/data/records`.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_tables

Flags = npt.NDArray[np.bool_]

REGISTERS: Final = "registers"
"""Name under which all registers together are validated: one validation, whatever their number."""
REGISTER_FLAGS: Final = ("is_choice_allowed", "is_within_limits", "is_filled", "is_part_within_whole", "is_total_true")
_LIMITS: Final = {"grade": (1.0, 11.0), "percent": (0.0, 100.0)}
_NUMERIC: Final = frozenset({"integer", "number", "percent", "grade"})
_ROUNDING: Final = {"percent": 0.5, "number": 0.01}
_WHOLE_ROUNDING: Final = 1e-6


def register_rows(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row of flags for each row of the registers given (by table name), with its register and school.

    `is_choice_allowed`: answers are of the list. `is_within_limits`: numbers keep to the description's bounds.
    `is_filled`: required cells hold something. `is_part_within_whole`: no part exceeds its whole, no beginning its end.
    `is_total_true`: totals are the sums of their parts, within the rounding of per cents. Unknown cells decide nothing.
    """
    parts = [_judged(frame, record_tables()[name]) for name, frame in frames.items() if len(frame)]
    if parts:
        return pd.concat(parts, ignore_index=True)
    empty: dict[str, pd.Series] = {"register": pd.Series(dtype="str"), "school_code": pd.Series(dtype="str")}
    return pd.DataFrame(empty | {name: pd.Series(dtype=bool) for name in REGISTER_FLAGS})


def _judged(frame: pd.DataFrame, table: RecordTable) -> pd.DataFrame:
    stored = table.stored_columns
    flags: dict[str, list[Flags]] = {name: [np.ones(len(frame), dtype=bool)] for name in REGISTER_FLAGS}
    for column in stored:
        values = frame[column.name]
        if column.choices:
            flags["is_choice_allowed"].append((values.isna() | values.isin(list(column.choices))).to_numpy(dtype=bool))
        elif column.type in _NUMERIC:
            flags["is_within_limits"].append(_is_within(_numbers(values), column))
        if column.required:
            flags["is_filled"].append(values.notna().to_numpy(dtype=bool))
        names = {one.name for one in stored}
        if column.at_most in names:
            flags["is_part_within_whole"].append(_is_part(values, frame[column.at_most], column))
        if column.total_of and names.issuperset(column.total_of):
            flags["is_total_true"].append(_is_total(frame, column))
    return pd.DataFrame(
        {"register": table.name, "school_code": frame["school_code"]}
        | {name: np.logical_and.reduce(found) for name, found in flags.items()}
    )


def _numbers(values: pd.Series) -> npt.NDArray[np.float64]:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_within(values: npt.NDArray[np.float64], column: RecordColumn) -> Flags:
    low, high = _LIMITS.get(column.type, (-np.inf, np.inf))
    low = low if column.minimum is None else column.minimum
    high = high if column.maximum is None else column.maximum
    return ~(values < low) & ~(values > high)


def _is_part(part: pd.Series, whole: pd.Series, column: RecordColumn) -> Flags:
    if column.type == "date":
        return ~(part > whole).fillna(value=False).to_numpy(dtype=bool)
    return ~(_numbers(part) > _numbers(whole))


def _is_total(frame: pd.DataFrame, column: RecordColumn) -> Flags:
    """Tell where a total is the sum of its parts; with some parts empty it must only not be less than the others."""
    total = _numbers(frame[column.name])
    parts = np.column_stack([_numbers(frame[name]) for name in column.total_of])
    known = ~np.isnan(parts)
    gap = total - np.where(known, parts, 0.0).sum(axis=1)
    allowed = _ROUNDING.get(column.type, _WHOLE_ROUNDING) * len(column.total_of)
    is_wrong = np.where(known.all(axis=1), np.abs(gap) > allowed, -gap > allowed)
    return ~(is_wrong & known.any(axis=1) & ~np.isnan(total))
