"""Summaries of exams by unit and category: means with intervals, groups of scores, marks, agreement with year marks."""

from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.exams.groups import Floats, Ints, UnitGroups, unit_groups
from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.exams import ExamKey, pass_minimum
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_exams import EXAM_SUMMARY
from oko_pipeline.errors import CatalogueError
from oko_pipeline.statistics.intervals import mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

MARKS: Final = (2, 3, 4, 5)
_METHOD: Final = "exams.summary"


def exam_key(exam_code: str) -> ExamKey:
    """Return the exam of an `exam_code`; raises `CatalogueError` for a text that is none."""
    parts = exam_code.split(":")
    if len(parts) != 4 or not parts[1].isdigit():
        raise CatalogueError(f"«{exam_code}» — не код экзамена.")
    return ExamKey(parts[0], int(parts[1]), parts[2], parts[3])


def score_groups(test_scores: Floats, minimum: int | None, options: ExamOptions) -> np.ndarray:
    """Return the group of each test score: 0 below the minimum, 1 minimum–60, 2 61–80, 3 81–100; −1 without a score.

    Without a known minimum nobody can be told to be below it, so all scores up to the first bound are group 1.
    """
    low, high = options.group_bounds
    bounds = np.array([minimum or 0, low + 1e-9, high + 1e-9])
    groups = np.searchsorted(bounds, test_scores, side="right")
    return np.where(np.isnan(test_scores), -1, groups)


def numbers(column: pd.Series) -> Floats:
    """Return a nullable whole-number column as floats, NaN for missing values."""
    return column.to_numpy(dtype="float64", na_value=np.nan)


def exam_summary(results: pd.DataFrame, schools: pd.DataFrame, options: ExamOptions) -> pd.DataFrame:
    """Return `exam_summary` of one exam: unit × category of participants.

    Args:
        results: rows of `exam_results` of one exam.
        schools: registry of the year.
        options: year and thresholds.
    """
    counted = results[results["is_final"]].reset_index(drop=True)
    if counted.empty:
        return EXAM_SUMMARY.empty()
    categories = sorted(set(counted["category"]) - {"unknown"})
    frames = [_of_category(counted, "all", schools, options)]
    frames += [_of_category(counted[counted["category"] == one], one, schools, options) for one in categories]
    return EXAM_SUMMARY.conform(pd.concat(frames, ignore_index=True)[list(EXAM_SUMMARY.column_names)])


def _of_category(rows: pd.DataFrame, category: str, schools: pd.DataFrame, options: ExamOptions) -> pd.DataFrame:
    exam_code = str(rows["exam_code"].iloc[0])
    key = exam_key(exam_code)
    units = unit_groups(rows["school_code"], schools)
    is_valid = (rows["status"] == "valid").to_numpy() & rows["primary_score"].notna().to_numpy()
    participants = units.sums(is_valid.astype(np.int64))
    columns: dict[str, Any] = {
        "school_year": options.school_year,
        "exam_code": exam_code,
        **units.columns(np.arange(len(units))),
        "category": category,
        "participants_count": participants,
        "not_valid_count": units.sums((~is_valid).astype(np.int64)),
        "size_tier": [SIZE_TIERS[place] for place in tier_places(participants, options.tier_bounds)],
        **_score_columns(rows, is_valid, units),
        **_group_columns(rows, is_valid, units, (key, options)),
        **_mark_columns(rows, is_valid, units, is_marked=key.is_marked),
        **_year_mark_columns(rows, is_valid, units),
        "method_id": _METHOD,
        "method_version": method(_METHOD).version,
    }
    return pd.DataFrame(columns)


def _score_columns(rows: pd.DataFrame, is_valid: np.ndarray, units: UnitGroups) -> dict[str, Floats]:
    primary = np.where(is_valid, numbers(rows["primary_score"]), np.nan)
    test = np.where(is_valid, numbers(rows["test_score"]), np.nan)
    has_test = ~np.isnan(test)
    n = units.sums(has_test.astype(np.int64))
    total, squares = units.sums(np.nan_to_num(test)), units.sums(np.nan_to_num(test) ** 2)
    mean = ratio(total, n)
    # Whole numbers: the one-pass variance loses nothing.
    deviation = np.sqrt(ratio(np.maximum(n * squares - total**2, 0), n * (n - 1)))
    interval = mean_interval(mean, deviation, n)
    return {
        "mean_primary": ratio(units.sums(np.nan_to_num(primary)), units.sums((~np.isnan(primary)).astype(np.int64))),
        "mean_test": mean,
        "sd_test": deviation,
        "mean_test_low": interval.low,
        "mean_test_high": interval.high,
        "median_test": units.medians(test),
    }


def _group_columns(
    rows: pd.DataFrame, is_valid: np.ndarray, units: UnitGroups, exam: tuple[ExamKey, ExamOptions]
) -> dict[str, Any]:
    key, options = exam
    found = pass_minimum(key)
    minimum = None if found is None or key.is_marked else found.minimum_score
    test = np.where(is_valid, numbers(rows["test_score"]), np.nan)
    groups = score_groups(test, minimum, options)
    n = units.sums((groups >= 0).astype(np.int64))
    counts = [units.sums((groups == group).astype(np.int64)) for group in range(4)]
    is_tested = not key.is_marked
    has_minimum = minimum is not None
    high = units.sums(((test >= options.high_from) & (test < 100)).astype(np.int64))
    return {
        "minimum_score": pd.array([minimum] * len(units), dtype="Int64"),
        "below_minimum_count": _nullable(counts[0], is_known=has_minimum),
        **_share("below_minimum", counts[0], np.where(has_minimum, n, 0)),
        "minimum_60_count": _nullable(counts[1], is_known=has_minimum),
        "score_61_80_count": _nullable(counts[2], is_known=is_tested),
        "score_81_100_count": _nullable(counts[3], is_known=is_tested),
        **_share("score_81_100", counts[3], np.where(is_tested, n, 0)),
        "score_80_99_count": _nullable(high, is_known=is_tested),
        "score_100_count": _nullable(units.sums((test == 100).astype(np.int64)), is_known=is_tested),
    }


def _mark_columns(rows: pd.DataFrame, is_valid: np.ndarray, units: UnitGroups, *, is_marked: bool) -> dict[str, Any]:
    marks = np.where(is_valid, numbers(rows["mark"]), np.nan)
    counts = {mark: units.sums((marks == mark).astype(np.int64)) for mark in MARKS}
    n = sum(counts.values(), np.zeros(len(units), dtype=np.int64))
    total = sum((mark * count for mark, count in counts.items()), np.zeros(len(units), dtype=np.int64))
    return {
        "mean_mark": ratio(total, n),
        **{f"mark_{mark}_count": _nullable(count, is_known=is_marked) for mark, count in counts.items()},
        **_share("success", n - counts[2], n),
        **_share("quality", counts[4] + counts[5], n),
    }


def _year_mark_columns(rows: pd.DataFrame, is_valid: np.ndarray, units: UnitGroups) -> dict[str, Any]:
    marks = np.where(is_valid, numbers(rows["mark"]), np.nan)
    difference = marks - numbers(rows["year_mark"])
    pairs = units.sums((~np.isnan(difference)).astype(np.int64))
    is_known = bool(pairs.any())
    with np.errstate(invalid="ignore"):
        found = {"lower": difference < 0, "same": difference == 0, "higher": difference > 0}
    columns = {
        f"year_mark_{name}_count": _nullable(units.sums(flags.astype(np.int64)), is_known=is_known)
        for name, flags in found.items()
    }
    return {"year_mark_pairs_count": pairs, **columns}


def _nullable(counts: Ints, *, is_known: bool) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.IntegerArray(counts.astype(np.int64), np.full(len(counts), not is_known))


def _share(name: str, count: Ints, whole: Ints) -> dict[str, Floats]:
    interval = wilson_interval(np.where(whole > 0, count, 0), whole)
    return {f"{name}_share": ratio(count, whole), f"{name}_low": interval.low, f"{name}_high": interval.high}
