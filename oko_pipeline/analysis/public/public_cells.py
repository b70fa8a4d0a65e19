"""Results by school and municipality with small groups hidden: the only numbers that open documents may show.

The rule of hiding is in `statistics.suppression`; here are the tables that it is applied to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_public import PUBLIC_CATEGORIES, PUBLIC_CELLS
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.suppression import EMPTY, SHOWN, SuppressionOptions, suppress

METHOD_ID: Final = "public.suppression"
_TOTAL: Final = "total"
_VPR: Final = "vpr-"
"""How codes of the campaigns of ВПР begin; works of other procedures are not open."""


@dataclass(frozen=True, slots=True)
class PublicSources:
    """Tables of a year that open results come from, in the contracts `result_summary`, `exam_summary`, `schools`."""

    result_summary: pd.DataFrame
    exam_summary: pd.DataFrame
    schools: pd.DataFrame


def public_cells(sources: PublicSources, school_year: str, options: SuppressionOptions) -> pd.DataFrame:
    """Return the year's open results, in the contract `public_cells`.

    Hidden groups have no numbers, only a state. A municipality's total is that of its schools that took part.
    """
    counts = open_counts(sources)
    owners = sources.schools.set_index("school_code")["municipality_code"]
    counts["municipality_code"] = counts["school_code"].map(owners)
    known = counts[counts["municipality_code"].notna()].sort_values(["result_id", "municipality_code", "school_code"])
    frames = [
        part
        for _, group in known.groupby(["result_id", "municipality_code"], sort=True)
        for part in _cells(group, options)
    ]
    if not frames:
        return PUBLIC_CELLS.empty()
    made = pd.concat(frames, ignore_index=True).assign(
        school_year=school_year, method_id=METHOD_ID, method_version=method(METHOD_ID).version
    )
    return PUBLIC_CELLS.conform(made[list(PUBLIC_CELLS.column_names)])


def open_counts(sources: PublicSources) -> pd.DataFrame:
    """Return people by school, result and step before anything is hidden.

    Columns: result_id, procedure, school_code, low, base, good.
    """
    return pd.concat([_vpr_counts(sources.result_summary), _exam_counts(sources.exam_summary)], ignore_index=True)


def _vpr_counts(summary: pd.DataFrame) -> pd.DataFrame:
    """Return marks of ВПР by school and work: columns result_id, procedure, school_code, low, base, good."""
    is_own = summary["unit_level"].eq("school") & summary["subgroup"].eq("all") & summary["marked_count"].gt(0)
    own = summary[is_own & summary["assessment_id"].str.startswith(_VPR)]
    return pd.DataFrame(
        {
            "result_id": own["assessment_id"],
            "procedure": "vpr",
            "school_code": own["unit_code"],
            "low": own["mark_2_count"],
            "base": own["mark_3_count"],
            "good": own["mark_4_count"] + own["mark_5_count"],
        }
    )


def _exam_counts(summary: pd.DataFrame) -> pd.DataFrame:
    """Return results of exams by school, in the columns of `_vpr_counts`."""
    own = summary[summary["unit_level"].eq("school") & summary["category"].eq("all")]
    kinds = own["exam_code"].str.split(":").str[0]
    marks = own[kinds.eq("oge") & own["mark_2_count"].notna()]
    scores = own[kinds.eq("ege") & own["below_minimum_count"].notna() & own["score_81_100_count"].notna()]
    middle = scores["participants_count"] - scores["below_minimum_count"] - scores["score_81_100_count"]
    parts = [
        (marks, "oge", marks["mark_2_count"], marks["mark_3_count"], marks["mark_4_count"] + marks["mark_5_count"]),
        (scores, "ege", scores["below_minimum_count"], middle, scores["score_81_100_count"]),
    ]
    frames = [
        pd.DataFrame(
            {
                "result_id": rows["exam_code"],
                "procedure": procedure,
                "school_code": rows["unit_code"],
                "low": low,
                "base": base,
                "good": good,
            }
        )
        for rows, procedure, low, base, good in parts
    ]
    return pd.concat(frames, ignore_index=True)


def _cells(group: pd.DataFrame, options: SuppressionOptions) -> Iterator[pd.DataFrame]:
    """Return the cells of one work or exam in one municipality: of its schools and of its total."""
    counts = group[list(PUBLIC_CATEGORIES)].fillna(0).to_numpy(dtype=np.int64)
    found = suppress(counts, options)
    yield _frame(group, "school", group["school_code"].tolist(), counts, found.states)
    total = counts.sum(axis=0)[None, :]
    state = SHOWN if found.is_total_shown else EMPTY if total.sum() == 0 else _TOTAL
    yield _frame(group, "municipality", [group["municipality_code"].iloc[0]], total, (state,))


def _frame(
    group: pd.DataFrame, level: str, codes: list[str], counts: np.ndarray, states: tuple[str, ...]
) -> pd.DataFrame:
    width = len(PUBLIC_CATEGORIES)
    is_shown = np.repeat([state == SHOWN for state in states], width)
    people = pd.array(counts.ravel(), dtype="Int64")
    sizes = np.repeat(counts.sum(axis=1), width)
    interval = wilson_interval(counts.ravel(), sizes)
    frame = pd.DataFrame(
        {
            "result_id": group["result_id"].iloc[0],
            "procedure": group["procedure"].iloc[0],
            "municipality_code": group["municipality_code"].iloc[0],
            "unit_level": level,
            "unit_code": np.repeat(codes, width),
            "category": list(PUBLIC_CATEGORIES) * len(codes),
            "state": np.repeat(states, width),
            "participants_count": pd.array(sizes, dtype="Int64"),
            "people_count": people,
            "share": counts.ravel() / np.where(sizes > 0, sizes, 1),
            "share_low": interval.low,
            "share_high": interval.high,
        }
    )
    numbers = ["participants_count", "people_count", "share", "share_low", "share_high"]
    frame.loc[~is_shown, numbers] = pd.NA
    return frame
