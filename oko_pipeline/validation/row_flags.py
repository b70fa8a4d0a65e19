"""Boolean columns of a frame, one flag a row: what makers of columns for suites are written with."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Tables = Mapping[str, pd.DataFrame]
Flags = npt.NDArray[np.bool_]
Columns = dict[str, pd.Series]


def flag_columns(frame: pd.DataFrame, **flags: Flags) -> Columns:
    """Return flags as columns of a frame."""
    return {name: pd.Series(values, index=frame.index, dtype=bool) for name, values in flags.items()}


def is_true(frame: pd.DataFrame, column: str) -> Flags:
    """Tell where a boolean column says yes; an unknown is no."""
    return frame[column].fillna(value=False).to_numpy(dtype=bool)


def is_known(frame: pd.DataFrame, column: str) -> Flags:
    """Tell where a column holds anything."""
    return frame[column].notna().to_numpy(dtype=bool)


def known_unit(frame: pd.DataFrame, tables: Tables) -> Columns:
    """Tell where the unit of observation is of the year's list; nothing to tell without the list."""
    if "schools" not in tables:
        return {}
    places = tables["schools"]
    named = [name for name in ("school_code", "municipality_code", "region_code") if name in places.columns]
    known = {"all", *(code for name in named for code in places[name].dropna())}
    codes = frame["unit_code"].astype("str").str.split("|").str[0]
    return flag_columns(frame, has_known_unit=codes.isin(list(known)).to_numpy())
