"""Boolean columns for rules that Great Expectations has no expectation for. Each maker gets a table and all tables.

A column is made only when the tables it needs are present; the suite's `needs` says the same.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.errors import CatalogueError

Tables = Mapping[str, pd.DataFrame]
Columns = dict[str, pd.Series]

_SHARE_TOLERANCE: Final = 1e-6


def _is_known(frame: pd.DataFrame, column: str, tables: Tables, table: str) -> Columns:
    if table not in tables:
        return {}
    return {f"has_known_{column.removesuffix('_code').removesuffix('_id')}": frame[column].isin(tables[table][column])}


def _works(frame: pd.DataFrame, tables: Tables) -> Columns:
    has_total = frame["primary_score"].notna()
    return {
        **_is_known(frame, "school_code", tables, "schools"),
        **_is_known(frame, "assessment_id", tables, "assessments"),
        "is_status_true": (frame["status"] == "scored") == (has_total & (frame["status"] != "absent")),
    }


def _schools(frame: pd.DataFrame, tables: Tables) -> Columns:
    return _is_known(frame, "municipality_code", tables, "municipalities")


def _municipalities(frame: pd.DataFrame, tables: Tables) -> Columns:
    if "schools" not in tables:
        return {}
    counted = tables["schools"]["municipality_code"].value_counts()
    expected = frame["municipality_code"].map(counted).fillna(0)
    return {"is_schools_count_true": expected.astype("int64") == frame["schools_count"].astype("int64")}


def _key_or_none(assessment_id: str) -> AssessmentKey | None:
    try:
        return AssessmentKey.parse(assessment_id)
    except CatalogueError:
        return None


def _assessments(frame: pd.DataFrame, tables: Tables) -> Columns:
    keys = [_key_or_none(assessment_id) for assessment_id in frame["assessment_id"]]
    parts = list(zip(frame["campaign_code"], frame["paper_grade"], frame["subject_code"], frame["level"], strict=True))
    own = [campaigns().get(code) for code in frame["campaign_code"]]
    bounds = frame[["minimum_3", "minimum_4", "minimum_5", "maximum_score"]].to_numpy(dtype=float, na_value=np.nan)
    lower, upper = np.column_stack([np.zeros(len(frame)), bounds[:, :2]]), bounds[:, :3]
    # NaN compares false, so an unknown bound is no fault here; a scale given in part is.
    grows = ~(lower >= upper).any(axis=1) & ~(bounds[:, 2] > bounds[:, 3])
    known = (~np.isnan(bounds[:, :3])).sum(axis=1)
    columns = {
        "is_key_true": pd.Series(
            [key is not None and AssessmentKey(*part) == key for key, part in zip(keys, parts, strict=True)],
            index=frame.index,
            dtype=bool,
        ),
        "is_campaign_of_year": pd.Series(
            [
                found is not None and found.school_year == year and grade == paper + found.grade_shift
                for found, year, grade, paper in zip(
                    own, frame["school_year"], frame["pupil_grade"], frame["paper_grade"], strict=True
                )
            ],
            index=frame.index,
            dtype=bool,
        ),
        "has_known_subject": frame["subject_code"].isin(list(subjects())),
        "is_scale_sound": pd.Series(grows & np.isin(known, (0, 3)), index=frame.index),
    }
    if "works" in tables:
        rows = tables["works"]["assessment_id"].value_counts()
        expected = frame["assessment_id"].map(rows).fillna(0).astype("int64")
        columns["is_rows_count_true"] = expected == frame["rows_count"].astype("int64")
    return columns


def _tasks(frame: pd.DataFrame, tables: Tables) -> Columns:
    columns = _is_known(frame, "assessment_id", tables, "assessments")
    positions = frame.groupby("assessment_id")["position"]
    # Unique positions from 1 on without a hole: the largest equals their number (uniqueness is the key's own rule).
    columns["is_position_continuous"] = positions.transform("max") == positions.transform("size")
    if "assessments" in tables:
        counts = tables["assessments"].set_index("assessment_id")["task_count"]
        expected = frame["assessment_id"].map(counts)
        columns["is_task_count_true"] = (positions.transform("size") == expected).fillna(value=False)
    return columns


def _published_results(frame: pd.DataFrame, _: Tables) -> Columns:
    percent = frame["value_percent"].to_numpy(dtype=float, na_value=np.nan)
    marks = frame.loc[frame["measure"].isin(["mark", "journal"])]
    sums = marks.groupby(["file_sha256", "assessment_id", "unit_source", "measure"])["value_percent"].transform("sum")
    # Percentages are rounded each, and a unit of no participants is printed as zeros.
    full = ((sums - 100).abs() <= 0.5) | (sums == 0)
    return {
        "is_sum_hundred": full.astype("boolean").reindex(frame.index).fillna(value=True).astype(bool),
        # A table of benchmarks names «регион» and no code; only schools and municipalities must be found.
        "is_unit_known": frame["unit_code"].notna() | ~frame["unit_level"].isin(["school", "municipality"]),
        "has_value": pd.Series(~np.isnan(percent) | frame["value_count"].notna().to_numpy(), index=frame.index),
    }


def _coverage(frame: pd.DataFrame, tables: Tables) -> Columns:
    parts = frame["participants_count"] + frame["absent_count"]
    return {
        **_is_known(frame, "school_code", tables, "schools"),
        **_is_known(frame, "assessment_id", tables, "assessments"),
        "is_counts_true": parts <= frame["rows_count"],
        "is_state_true": (frame["state"] == "missing") == (frame["rows_count"] == 0),
        "is_gap": (frame["state"] == "missing") & frame["is_expected"].fillna(value=False),
        "is_within_enrolled": (frame["participants_count"] <= frame["enrolled_count"]).fillna(value=True),
    }


def _result_summary(frame: pd.DataFrame, tables: Tables) -> Columns:
    marks = [f"mark_{mark}" for mark in (2, 3, 4, 5)]
    shares = frame[[f"{mark}_share" for mark in marks]].sum(axis=1, min_count=1)
    counts = frame[[f"{mark}_count" for mark in marks]].sum(axis=1, min_count=1)
    return {
        **_is_known(frame, "assessment_id", tables, "assessments"),
        "is_shares_sum_one": (shares.isna() | ((shares - 1).abs() <= _SHARE_TOLERANCE)).astype(bool),
        "is_marks_sum_true": (counts.isna() | (counts == frame["marked_count"])).fillna(value=False).astype(bool),
        "is_marked_within_participants": frame["marked_count"] <= frame["participants_count"],
        "is_mean_possible": (frame["mean_percent"].isna() | frame["mean_percent"].between(0, 100)).astype(bool),
        "is_cross_footed": _cross_footed(frame),
    }


def _cross_footed(frame: pd.DataFrame) -> pd.Series:
    """Tell for every row whether schools and municipalities of its work and subgroup add up to «all»."""
    keys = ["assessment_id", "subgroup"]
    sums = frame.pivot_table(
        index=keys, columns="unit_level", values="participants_count", aggfunc="sum", observed=True
    ).reindex(columns=["all", "municipality", "school"])
    # A level without any row (a class-only extract, a territory without municipalities) has nothing to add up.
    fits = pd.Series(data=True, index=sums.index)
    for level in ("municipality", "school"):
        fits &= sums[level].isna() | sums["all"].isna() | (sums[level].astype(float) == sums["all"].astype(float))
    return pd.Series(
        fits.reindex(pd.MultiIndex.from_frame(frame[keys])).to_numpy(dtype=bool), index=frame.index, dtype=bool
    )


COLUMN_MAKERS: Final[dict[str, Callable[[pd.DataFrame, Tables], Columns]]] = {
    "works": _works,
    "schools": _schools,
    "municipalities": _municipalities,
    "assessments": _assessments,
    "tasks": _tasks,
    "published_results": _published_results,
    "coverage": _coverage,
    "result_summary": _result_summary,
}
