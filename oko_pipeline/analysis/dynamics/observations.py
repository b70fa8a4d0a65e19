"""Sums over pupils for every unit and work of several years, added up from schools.

A municipality, region or group is made of the same schools in every year: each school counts where the latest registry
places it. Otherwise a school that moved would look like a change of results.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import picked
from oko_pipeline.catalogue.tables_dynamics import SERIES_LEVELS
from oko_pipeline.errors import ContractError

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

SCHOOL_LEVEL: Final = len(SERIES_LEVELS) - 1
PARENT_LEVELS: Final = SERIES_LEVELS[:-1]
SUMS: Final = (
    "schools",
    "participants",
    "total",
    "squares",
    "marked",
    "base",
    "good",
    "mark_5",
    "mark_2",
    "pairs",
    "lower",
    "same",
    "higher",
    "gap_2",
    "participants_squared",
    "marked_squared",
    "pairs_squared",
)
NEEDED_COLUMNS: Final = (
    "school_year",
    "assessment_id",
    "unit_level",
    "unit_code",
    "subgroup",
    "participants_count",
    "mean_score",
    "sd_score",
    "marked_count",
    "mark_2_count",
    "mark_4_count",
    "mark_5_count",
    "journal_pairs_count",
    "journal_lower_count",
    "journal_same_count",
    "journal_higher_count",
    "journal_gap_2_count",
)
"""Columns of `result_summary` that the analysis of change reads: rows of schools are enough."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Rows work × unit, by work, then unit.

    Units are numbered over all levels; a unit of a subgroup is a unit of its own. `parents` gives, for each unit that
    is a school, its unit at each of `PARENT_LEVELS`, −1 where there is none.
    """

    assessment_ids: tuple[str, ...]
    unit_level: Places
    unit_code: pd.api.extensions.ExtensionArray
    unit_subgroup: Places
    parents: Places
    assessment: Places
    unit: Places
    sums: Floats

    def sum_of(self, name: str, rows: Places) -> Floats:
        """Return a sum at `rows`; NaN at row −1."""
        return np.where(rows >= 0, self.sums[rows, SUMS.index(name)], np.nan)

    def find(self, assessment: Places, unit: Places) -> Places:
        """Return the rows of works and units, −1 where there is none (or a place is −1)."""
        width = len(self.unit_level)
        keys = self.assessment * width + self.unit
        wanted = np.where((assessment >= 0) & (unit >= 0), assessment * width + unit, -1)
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.full(len(wanted), -1)
        return np.where(keys[place] == wanted, place, -1)

    def rows_of(self, assessment: int) -> tuple[int, int]:
        """Return the range of rows of a work."""
        low, high = np.searchsorted(self.assessment, [assessment, assessment + 1])
        return int(low), int(high)

    def is_level(self, rows: Places, level: int) -> npt.NDArray[np.bool_]:
        """Tell which rows are about units of a level (place in `SERIES_LEVELS`)."""
        return self.unit_level[self.unit[rows]] == level


def build_observations(
    summaries: pd.DataFrame, schools: pd.DataFrame, groups: pd.DataFrame, subgroups: tuple[str, ...]
) -> Observations:
    """Make observations of the schools' rows of `result_summary`.

    Args:
        summaries: rows with `NEEDED_COLUMNS`; rows of other levels and subgroups are passed over.
        schools: `schools` of one or more years; the latest row of a school counts.
        groups: columns school_code, group_code: the rule group of each school; may be empty.
        subgroups: subgroups wanted.

    Raises:
        ContractError: when a school stands in two groups or a summary row is repeated.
    """
    own = summaries[(summaries["unit_level"] == "school") & summaries["subgroup"].isin(subgroups)]
    assessment, assessment_ids = pd.factorize(own["assessment_id"], sort=True)
    school, school_codes = pd.factorize(own["unit_code"], sort=True)
    subgroup = own["subgroup"].map({name: place for place, name in enumerate(subgroups)}).to_numpy(dtype=np.int64)
    parents = _parents(pd.Index(school_codes), schools, groups)
    counts = [len(codes) for _, codes in parents] + [len(school_codes)]
    offsets = np.concatenate([[0], np.cumsum(counts)]) * len(subgroups)
    sums = _school_sums(own)
    blocks: list[tuple[Places, Places, Floats]] = []
    for place, codes in enumerate([*(codes for codes, _ in parents), np.arange(len(school_codes))]):
        of_row = codes[school]
        known = of_row >= 0
        unit = offsets[place] + of_row[known] * len(subgroups) + subgroup[known]
        blocks.append(_added(assessment[known].astype(np.int64), unit, sums[known], int(offsets[-1])))
    if len(blocks[-1][0]) != len(own):
        raise ContractError("Сводные результаты: строки ОО повторяются.")
    assessment, unit, sums = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    order = np.lexsort((unit, assessment))
    codes = [*(code for _, level_codes in parents for code in level_codes), *school_codes]
    levels = np.repeat(np.arange(len(SERIES_LEVELS)), counts)
    return Observations(
        tuple(str(one) for one in assessment_ids),
        np.repeat(levels, len(subgroups)),
        picked([str(code) for code in codes], np.repeat(np.arange(len(codes)), len(subgroups))),
        np.tile(np.arange(len(subgroups)), len(codes)),
        _parent_units([codes for codes, _ in parents], offsets, len(subgroups)),
        assessment[order],
        unit[order],
        sums[order],
    )


def _parents(school_codes: pd.Index, schools: pd.DataFrame, groups: pd.DataFrame) -> list[tuple[Places, list[str]]]:
    """Return, for each of `PARENT_LEVELS`, the place of each school's parent and the codes of the parents."""
    latest = schools.sort_values("school_year").drop_duplicates("school_code", keep="last").set_index("school_code")
    if groups["school_code"].duplicated().any():
        raise ContractError("Группы ОО: одна ОО стоит в двух группах.")
    group_of = groups.set_index("school_code")["group_code"]
    found: list[tuple[Places, list[str]]] = [(np.zeros(len(school_codes), dtype=np.int64), ["all"])]
    for values in (latest["region_code"], latest["municipality_code"], group_of):
        places, codes = pd.factorize(values.reindex(school_codes), sort=True)
        found.append((places.astype(np.int64), [str(code) for code in codes]))
    return found


def _parent_units(parents: list[Places], offsets: Places, subgroups: int) -> Places:
    units = np.full((int(offsets[-1]), len(parents)), -1, dtype=np.int64)
    first = int(offsets[-2])
    for place, of_school in enumerate(parents):
        school, subgroup = np.divmod(np.arange(len(of_school) * subgroups), subgroups)
        parent = of_school[school]
        units[first:, place] = np.where(parent >= 0, offsets[place] + parent * subgroups + subgroup, -1)
    return units


def _school_sums(own: pd.DataFrame) -> Floats:
    def numbers(name: str) -> Floats:
        return own[name].to_numpy(dtype=np.float64, na_value=np.nan)

    n, marked, pairs = numbers("participants_count"), numbers("marked_count"), numbers("journal_pairs_count")
    mean = np.where(n > 0, numbers("mean_score"), 0.0)
    deviation = np.where(n > 1, numbers("sd_score"), 0.0)
    mark_2, mark_5 = numbers("mark_2_count"), numbers("mark_5_count")
    columns = {
        "schools": (n > 0).astype(np.float64),
        "participants": n,
        "total": n * mean,
        "squares": np.maximum(n - 1, 0) * deviation**2 + n * mean**2,
        "marked": marked,
        "base": marked - mark_2,
        "good": numbers("mark_4_count") + mark_5,
        "mark_5": mark_5,
        "mark_2": mark_2,
        "pairs": pairs,
        "lower": numbers("journal_lower_count"),
        "same": numbers("journal_same_count"),
        "higher": numbers("journal_higher_count"),
        "gap_2": numbers("journal_gap_2_count"),
        "participants_squared": n * n,
        "marked_squared": marked * marked,
        "pairs_squared": pairs * pairs,
    }
    return np.column_stack([columns[name] for name in SUMS])


def _added(assessment: Places, unit: Places, sums: Floats, width: int) -> tuple[Places, Places, Floats]:
    keys, place = np.unique(assessment * width + unit, return_inverse=True)
    added = np.column_stack(
        [np.bincount(place, sums[:, column], minlength=len(keys)) for column in range(sums.shape[1])]
    )
    work, own = (part.astype(np.int64) for part in np.divmod(keys, width))
    return work, own, added.reshape(len(keys), len(SUMS)).astype(np.float64)
