"""Schools and municipalities of a year as positions of arrays, so that evidence is added up without loops."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

MUNICIPALITY: Final = "municipality"
SCHOOL: Final = "school"

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Units:
    """Municipalities, then schools, each in the order of codes.

    `parents` gives the position of a school's municipality (-1 if not known) and of a municipality itself.
    """

    levels: Texts
    codes: Texts
    parents: npt.NDArray[np.int64]
    places: dict[tuple[str, str], int] = field(repr=False)

    @classmethod
    def of_schools(cls, schools: pd.DataFrame) -> Self:
        """Make the units of a year from `school_code` and `municipality_code`."""
        known = schools.dropna(subset=["school_code"]).drop_duplicates("school_code").sort_values("school_code")
        municipalities = sorted(set(known["municipality_code"].dropna()))
        codes = [*municipalities, *known["school_code"]]
        levels = [MUNICIPALITY] * len(municipalities) + [SCHOOL] * len(known)
        at = {code: place for place, code in enumerate(municipalities)}
        own = [at.get(code, -1) for code in known["municipality_code"]]
        return cls(
            np.array(levels, dtype=object),
            np.array(codes, dtype=object),
            np.array([*range(len(municipalities)), *own], dtype=np.int64),
            {(level, code): place for place, (level, code) in enumerate(zip(levels, codes, strict=True))},
        )

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def is_school(self) -> Flags:
        """Which units are schools."""
        return self.levels == SCHOOL

    def of_level(self, level: str) -> Flags:
        """Return which units are of a level."""
        return self.levels == level

    def place(self, level: str, codes: pd.Series) -> npt.NDArray[np.int64]:
        """Return the positions of units by code; -1 where there is no such unit."""
        known = {code: place for (one, code), place in self.places.items() if one == level}
        return np.asarray(codes.map(known).fillna(-1), dtype=np.int64)
