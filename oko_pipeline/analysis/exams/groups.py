"""Units of observation of pupils' rows: every row once a level, so that all figures of all units come from one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.errors import ContractError

LEVELS: Final = ("all", "region", "municipality", "school")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnitGroups:
    """Units of some rows: `level` and `code` of each unit, and for every level the unit of each row (−1: none)."""

    level: tuple[str, ...]
    code: tuple[str, ...]
    unit_of_row: tuple[npt.NDArray[np.intp], ...]

    def __len__(self) -> int:
        return len(self.code)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return sums by unit of values a row: (rows, …) → (units, …)."""
        total = np.zeros((len(self.code), *values.shape[1:]), dtype=values.dtype)
        for units in self.unit_of_row:
            known = units >= 0
            np.add.at(total, units[known], values[known])
        return total

    def medians(self, values: Floats) -> Floats:
        """Return the median by unit of values a row, NaN left out; NaN for a unit without values."""
        made = np.full(len(self.code), np.nan)
        for units in self.unit_of_row:
            known = (units >= 0) & ~np.isnan(values)
            if known.any():
                found = pd.Series(values[known]).groupby(units[known]).median()
                made[found.index.to_numpy()] = found.to_numpy()
        return made

    def columns(self, units: npt.NDArray[np.intp]) -> dict[str, list[str]]:
        """Return the columns `unit_level` and `unit_code` of rows about some units."""
        return {"unit_level": [self.level[i] for i in units], "unit_code": [self.code[i] for i in units]}


def unit_groups(school_codes: pd.Series, schools: pd.DataFrame, levels: Sequence[str] = LEVELS) -> UnitGroups:
    """Find the units of rows by their school.

    A school that the registry does not know counts in level all and in its own; a row without a school only in all.

    Args:
        school_codes: the school of each row; missing where it is not linked.
        schools: registry of the year with `school_code`, `municipality_code`, `region_code`.
        levels: levels wanted, in their order.
    """
    registry = schools.set_index("school_code")
    if registry.index.has_duplicates:
        raise ContractError("Реестр ОО: школа записана больше одного раза.")
    own = school_codes.reset_index(drop=True)
    values = {
        "all": pd.Series("all", index=own.index, dtype="str"),
        "region": own.map(registry["region_code"]),
        "municipality": own.map(registry["municipality_code"]),
        "school": own,
    }
    level: list[str] = []
    code: list[str] = []
    rows: list[npt.NDArray[np.intp]] = []
    for name in levels:
        places, codes = pd.factorize(values[name], sort=True)
        rows.append(np.where(places >= 0, places + len(code), -1).astype(np.intp))
        level += [name] * len(codes)
        code += [str(one) for one in codes]
    return UnitGroups(tuple(level), tuple(code), tuple(rows))
