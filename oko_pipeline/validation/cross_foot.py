"""Proves that counts add up from class to school, municipality, region and all, and that shares sum to one.

What is above never counts fewer than its parts together. Where every row of a table has its place (works do, answers
of respondents who did not name a school do not), above and parts are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

_SHARE_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class CrossFoot:
    """How a table adds up: columns that tell groups of units apart, counts that add up, whether all rows have a place.

    A count that is empty in a group is not known there, and nothing above it can be compared.
    """

    table: str
    keys: tuple[str, ...]
    counts: tuple[str, ...]
    is_complete: bool


CROSS_FEET: Final = (
    CrossFoot(
        "result_summary",
        ("assessment_id", "subgroup"),
        (
            "participants_count", "absent_count", "marked_count", "mark_2_count", "mark_3_count", "mark_4_count",
            "mark_5_count", "journal_pairs_count", "journal_lower_count", "journal_same_count", "journal_higher_count",
        ),
        is_complete=True,
    ),
    CrossFoot("score_distribution", ("assessment_id", "score"), ("participants_count",), is_complete=True),
    CrossFoot(
        "exam_summary",
        ("exam_code", "category"),
        (
            "participants_count", "not_valid_count", "below_minimum_count", "minimum_60_count", "score_61_80_count",
            "score_81_100_count", "score_80_99_count", "score_100_count", "mark_2_count", "mark_3_count",
            "mark_4_count", "mark_5_count", "year_mark_pairs_count", "year_mark_lower_count", "year_mark_same_count",
            "year_mark_higher_count",
        ),
        is_complete=False,
    ),
    CrossFoot(
        "survey_results",
        ("questionnaire_code", "item_kind", "item_code", "answer_code", "group_code"),
        ("respondents_count", "chosen_count"),
        is_complete=False,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CrossFooting:
    """What was compared (unit × group × count) and what does not add up, in words."""

    compared_count: int
    faults: tuple[str, ...]


def cross_foot(frame: pd.DataFrame, schools: pd.DataFrame, rule: CrossFoot) -> CrossFooting:
    """Compare each unit with the sum of its parts: classes, schools, municipalities, regions.

    Args:
        frame: the table, with `unit_level` and `unit_code`.
        schools: registry of the year: municipality and region of a school.
        rule: how the table adds up.

    A level that the table has no rows of is passed over: schools are then compared with what stands above it. Counts
    of a level that a group has only in part (a class in an extract) are compared unit by unit all the same.
    """
    compared = 0
    faults: list[str] = []
    present = [level for level in _LEVELS if (frame["unit_level"] == level).any()]
    for lower, upper in pairwise(present):
        made = _compared(frame, _parents(frame, schools, lower, upper), (lower, upper), rule)
        compared += made.compared_count
        faults += made.faults
    return CrossFooting(compared, tuple(faults))


_LEVELS: Final = ("class", "school", "municipality", "region", "all")


def _parents(frame: pd.DataFrame, schools: pd.DataFrame, lower: str, upper: str) -> pd.Series:
    """Return the unit above of each row of the lower level; missing where the registry knows none."""
    codes = frame.loc[frame["unit_level"] == lower, "unit_code"]
    if upper == "all":
        return pd.Series("all", index=codes.index, dtype="str")
    if lower == "class":
        codes = codes.str.rsplit("|", n=1).str[0]
        if upper == "school":
            return codes
    column = {"municipality": "municipality_code", "region": "region_code"}[upper]
    own = {"class": "school_code", "school": "school_code", "municipality": "municipality_code"}[lower]
    known = schools.drop_duplicates(own).set_index(own)[column]
    return codes.map(known)


def _compared(frame: pd.DataFrame, parents: pd.Series, levels: tuple[str, str], rule: CrossFoot) -> CrossFooting:
    lower, upper = levels
    keys = list(rule.keys)
    counts = list(rule.counts)
    parts = frame.loc[parents.dropna().index].assign(parent=parents.dropna())
    grouped = parts[[*keys, "parent"]].join(parts[counts].astype("float64")).groupby([*keys, "parent"], observed=True)
    sums = grouped.sum()
    # A sum that leaves unknown counts out is no sum.
    known = grouped.count().eq(grouped.size(), axis=0)
    own = frame[frame["unit_level"] == upper]
    whole = own.assign(parent=own["unit_code"])[[*keys, "parent", *counts]].set_index([*keys, "parent"])
    whole = whole.astype("float64")
    sums, known = sums.reindex(whole.index), known.reindex(whole.index, fill_value=False)
    stated, added = whole.to_numpy(), sums.to_numpy()
    comparable = known.to_numpy(dtype=bool) & ~np.isnan(stated)
    wrong = comparable & ((stated != added) if rule.is_complete else (stated < added))
    lost = _lost(grouped.size().index, whole.index)
    rows = [row for row, is_wrong in enumerate(wrong.tolist()) if any(is_wrong)]
    faults = [
        f"{_place(whole.index[row], upper)}: {name} — {top:.0f}, в сумме частей ({_LEVELS_RU[lower]}) — {together:.0f}"
        for row in rows
        for name, top, together, is_wrong in zip(counts, stated[row], added[row], wrong[row], strict=True)
        if is_wrong
    ]
    faults += [f"{_place(one, upper)}: строки нет, а части ({_LEVELS_RU[lower]}) есть" for one in lost]
    return CrossFooting(int(comparable.sum()), tuple(faults))


_LEVELS_RU: Final = {
    "class": "классы",
    "school": "ОО",
    "municipality": "муниципалитеты",
    "region": "регионы",
    "all": "все ОО",
}


def _lost(parts: pd.Index, whole: pd.Index) -> Sequence[tuple[object, ...]]:
    """Return the units that have parts and no row of their own."""
    return [tuple(one) for one in parts.difference(whole)]


def _place(index: tuple[object, ...], upper: str) -> str:
    *keys, unit = (str(part) for part in index)
    return f"{', '.join(part for part in keys if part)}, {_LEVELS_RU[upper]} {unit}"


def shares_sum_to_one(frame: pd.DataFrame, keys: Sequence[str], share: str, count: str) -> CrossFooting:
    """Compare the sum of the shares of each group (`keys`) with one; groups that count nobody are passed over."""
    grouped = frame.groupby(list(keys), observed=True)
    sums = grouped[share].sum(min_count=1)[grouped[count].sum() > 0]
    wrong = sums[~((sums - 1).abs() <= _SHARE_TOLERANCE)]
    faults = [
        f"{', '.join(str(part) for part in (key if isinstance(key, tuple) else (key,)))}: доли в сумме дают {value:.4f}"
        for key, value in wrong.items()
    ]
    return CrossFooting(len(sums), tuple(faults))
