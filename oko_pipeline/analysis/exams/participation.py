"""Who took exams and how: ГВЭ beside ОГЭ and ЕГЭ, admission by essay and interview, ЕГЭ of medallists."""

from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import ratio
from oko_pipeline.analysis.exams.groups import Ints, UnitGroups, unit_groups
from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.analysis.exams.summary import numbers
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_exams import ADMISSION_RESULTS, EXAM_FORM_SHARES, MEDALLIST_RESULTS
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

_EDUCATION: Final = {"oge": "9", "gve9": "9", "ege": "11", "gve11": "11"}


def exam_form_shares(results: pd.DataFrame, schools: pd.DataFrame, options: ExamOptions) -> pd.DataFrame:
    """Return `exam_form_shares`: each pupil once, whatever the number of exams; ГВЭ if any of them was one.

    Args:
        results: rows of `exam_results` of the year.
        schools: registry of the year.
        options: year and tiers.
    """
    rows = results[results["is_final"] & (results["status"] == "valid")]
    frames: list[pd.DataFrame] = []
    for level in ("9", "11"):
        own = rows[rows["exam_kind"].map(_EDUCATION) == level]
        if own.empty:
            continue
        is_gve = own["exam_kind"].str.startswith("gve")
        pupils = (
            own.assign(is_gve=is_gve, is_main=~is_gve)
            .sort_values("exam_code", kind="stable")
            .groupby("pupil_id", sort=True)
            .agg(school_code=("school_code", "first"), is_gve=("is_gve", "any"), is_main=("is_main", "any"))
        )
        units = unit_groups(pupils["school_code"], schools)
        n = units.sums(np.ones(len(pupils), dtype=np.int64))
        gve = units.sums(pupils["is_gve"].to_numpy(dtype=np.int64))
        main = units.sums(pupils["is_main"].to_numpy(dtype=np.int64))
        counts = {"participants_count": n, "main_form_count": main, "gve_count": gve}
        columns = {"education_level": level, **counts, **_shares("gve", gve, n)}
        frames.append(_framed(units, columns, options, "exams.forms"))
    return _conformed(EXAM_FORM_SHARES, frames)


def admission_results(works: pd.DataFrame, schools: pd.DataFrame, options: ExamOptions) -> pd.DataFrame:
    """Return `admission_results`: procedure × unit, each pupil once by the sitting that counts.

    Args:
        works: rows of `admission_works` of the year.
        schools: registry of the year.
        options: year and tiers.
    """
    sittings = works.groupby(["procedure", "pupil_id"])["pupil_id"].transform("size")
    final = works.assign(sittings=sittings)[works["is_final"]]
    frames: list[pd.DataFrame] = []
    for procedure, own in final.groupby("procedure", sort=True):
        units = unit_groups(own["school_code"], schools)
        has_verdict = own["is_passed"].notna().to_numpy()
        passed = own["is_passed"].fillna(value=False).to_numpy(dtype=bool)
        n, good = units.sums(has_verdict.astype(np.int64)), units.sums(passed.astype(np.int64))
        score = numbers(own["total_score"])
        scored = units.sums((~np.isnan(score)).astype(np.int64))
        columns = {
            "procedure": procedure,
            "participants_count": n,
            "passed_count": good,
            "failed_count": n - good,
            "not_valid_count": units.sums((~has_verdict).astype(np.int64)),
            "repeated_count": units.sums((own["sittings"] > 1).to_numpy(dtype=np.int64)),
            **_shares("passed", good, n),
            "mean_score": ratio(units.sums(np.nan_to_num(score)), scored),
        }
        frames.append(_framed(units, columns, options, "exams.admission"))
    return _conformed(ADMISSION_RESULTS, frames)


def medallist_results(
    results: pd.DataFrame, medallists: pd.DataFrame, schools: pd.DataFrame, options: ExamOptions
) -> pd.DataFrame:
    """Return `medallist_results`: ЕГЭ results of pupils whom a register of medals names.

    Args:
        results: rows of `exam_results` of the year.
        medallists: rows with `pupil_id`, the pseudonym by name and document.
        schools: registry of the year.
        options: year, tiers and the threshold.
    """
    is_counted = results["is_final"] & (results["status"] == "valid") & results["test_score"].notna()
    rows = results[is_counted & results["pupil_id"].isin(set(medallists["pupil_id"].dropna()))]
    frames: list[pd.DataFrame] = []
    for exam_code, own in rows.groupby("exam_code", sort=True):
        units = unit_groups(own["school_code"], schools)
        test = numbers(own["test_score"])
        n = units.sums(np.ones(len(own), dtype=np.int64))
        below = units.sums((test < options.medal_threshold).astype(np.int64))
        columns = {
            "exam_code": exam_code,
            "medallists_count": n,
            "mean_test": ratio(units.sums(test), n),
            "threshold_score": options.medal_threshold,
            "below_threshold_count": below,
            **_shares("below_threshold", below, n),
        }
        frames.append(_framed(units, columns, options, "exams.medallists"))
    return _conformed(MEDALLIST_RESULTS, frames)


def _shares(name: str, count: Ints, whole: Ints) -> dict[str, Any]:
    interval = wilson_interval(count, whole)
    return {f"{name}_share": ratio(count, whole), f"{name}_low": interval.low, f"{name}_high": interval.high}


def _framed(units: UnitGroups, columns: dict[str, Any], options: ExamOptions, method_id: str) -> pd.DataFrame:
    counted = columns["participants_count" if "participants_count" in columns else "medallists_count"]
    return pd.DataFrame(
        {
            "school_year": options.school_year,
            **units.columns(np.arange(len(units))),
            **columns,
            "size_tier": [SIZE_TIERS[place] for place in tier_places(counted, options.tier_bounds)],
            "method_id": method_id,
            "method_version": method(method_id).version,
        }
    )


def _conformed(table: Table, frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return table.empty()
    return table.conform(pd.concat(frames, ignore_index=True)[list(table.column_names)])
