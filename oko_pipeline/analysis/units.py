"""Units of observation of one assessment: all, region, municipality, school, class; and sums over them.

Everything additive is counted once per class and rolled up: a pupil is touched once whatever the number of levels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.columns import UNIT_LEVELS
from oko_pipeline.errors import ContractError

NO_CLASS = "—"

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Units:
    """Units in the order of levels, then of codes.

    `levels` holds places in `UNIT_LEVELS`, `codes` the unit codes, `class_of_work` the class (0 … classes − 1) of each
    work. The parents of schools are places within their level, −1 for a school that the registry does not know: it
    counts in level all and in its own, in no municipality and no region.
    """

    levels: npt.NDArray[np.int8]
    codes: pd.api.extensions.ExtensionArray
    class_of_work: Places
    school_of_class: Places
    municipality_of_school: Places
    region_of_school: Places

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return len(self.school_of_class)

    @property
    def above_class_count(self) -> int:
        """Number of units that are no class; they stand before the classes."""
        return len(self.levels) - self.class_count

    def roll_up(self, by_class: np.ndarray) -> np.ndarray:
        """Return sums for all units of additive figures given per class: (classes, …) → (units, …)."""
        schools = sum_rows(by_class, self.school_of_class)
        return np.concatenate(
            [
                schools.sum(axis=0, keepdims=True),
                sum_rows(schools, self.region_of_school),
                sum_rows(schools, self.municipality_of_school),
                schools,
                by_class,
            ]
        )


def sum_rows(values: np.ndarray, group_of_row: Places, group_count: int | None = None) -> np.ndarray:
    """Return sums of rows by group: (rows, …) → (groups, …); rows of group −1 are left out.

    Rows that already stand by group are not copied.
    """
    count = int(group_of_row.max(initial=-1)) + 1 if group_count is None else group_count
    sums = np.zeros((count, *values.shape[1:]), dtype=values.dtype)
    if (np.diff(group_of_row) < 0).any():
        order = np.argsort(group_of_row, kind="stable")
        group_of_row, values = group_of_row[order], values[order]
    # Rows of group −1 come first and start nothing, so no sum takes them in.
    starts = np.flatnonzero(np.diff(group_of_row, prepend=-1))
    if len(starts):
        sums[group_of_row[starts]] = np.add.reduceat(values, starts, axis=0)
    return sums


def build_units(rows: pd.DataFrame, schools: pd.DataFrame) -> Units:
    """Find the units of the works in `rows` (at least one) by the registry `schools` of the year.

    Raises:
        ContractError: when a work names no school, or the registry lists a school twice.
    """
    school_of_work, school_codes = pd.factorize(rows["school_code"], sort=True)
    if (school_of_work < 0).any():
        raise ContractError(f"Работы: у {int((school_of_work < 0).sum())} строк нет кода ОО.")
    class_of_work, school_of_class, class_codes = _classes(rows["class_label"], school_of_work, school_codes)
    municipality_of_school, municipality_codes = _parents(school_codes, schools, "municipality_code")
    region_of_school, region_codes = _parents(school_codes, schools, "region_code")
    codes = (pd.Index(["all"], dtype="str"), region_codes, municipality_codes, school_codes, class_codes)
    return Units(
        levels=np.repeat(np.arange(len(UNIT_LEVELS), dtype=np.int8), [len(part) for part in codes]),
        codes=pd.array(np.concatenate([part.to_numpy(dtype=object) for part in codes]), dtype="str"),
        class_of_work=class_of_work,
        school_of_class=school_of_class,
        municipality_of_school=municipality_of_school,
        region_of_school=region_of_school,
    )


def _classes(labels: pd.Series, school_of_work: Places, school_codes: pd.Index) -> tuple[Places, Places, pd.Index]:
    """Return the class of each work, the school of each class, and the class codes in the order of school and label."""
    found, spellings = pd.factorize(labels)
    plain = ["" if text.lower() == "нет" else text.lower() for text in (str(s).strip() for s in spellings)]
    names = sorted({text or NO_CLASS for text in plain} | {NO_CLASS})
    place = {name: number for number, name in enumerate(names)}
    # The last entry serves the factor −1 of missing labels.
    label_of_spelling = np.array([place[text or NO_CLASS] for text in plain] + [place[NO_CLASS]], dtype=np.intp)
    pair_of_work = school_of_work * len(names) + label_of_spelling[found]
    pairs, class_of_work = np.unique(pair_of_work, return_inverse=True)
    school_of_class, label_of_class = np.divmod(pairs, len(names))
    schools = school_codes.to_list()
    codes = [f"{schools[school]}|{names[label]}" for school, label in zip(school_of_class, label_of_class, strict=True)]
    return class_of_work, school_of_class, pd.Index(codes, dtype="str")


def _parents(school_codes: pd.Index, schools: pd.DataFrame, column: str) -> tuple[Places, pd.Index]:
    registry = pd.Index(schools["school_code"])
    if registry.has_duplicates:
        raise ContractError(f"Реестр ОО: школа {registry[registry.duplicated()][0]} записана больше одного раза.")
    found = registry.get_indexer(school_codes)
    parent_of_registered, codes = pd.factorize(schools[column], sort=True)
    # Only parents with a work in this assessment are units, so the places are made anew.
    parents = np.where(found >= 0, np.append(parent_of_registered, -1)[found], -1)
    present = np.unique(parents[parents >= 0])
    places = np.where(parents >= 0, np.searchsorted(present, parents), -1)
    return places.astype(np.intp), pd.Index(codes[present], dtype="str")
