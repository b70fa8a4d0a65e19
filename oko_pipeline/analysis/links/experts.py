"""Agreement of two experts who marked the same works."""

from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.links.options import EXPERTS_METHOD, LinkOptions
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_items import EXPERT_AGREEMENT
from oko_pipeline.errors import ContractError
from oko_pipeline.statistics.agreement import score_table, weighted_kappa
from oko_pipeline.statistics.intervals import mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import size_tier

ALL_TASKS: Final = "all"
COLUMNS: Final = ("work", "task", "expert_1_score", "expert_2_score")


def expert_agreement(procedure: str, marks: pd.DataFrame, options: LinkOptions) -> pd.DataFrame:
    """Return `expert_agreement` of one procedure: a row a task, and one of all tasks together.

    Args:
        procedure: what was marked: a procedure or an assessment.
        marks: a row a work and task; columns `work`, `task` (may be absent: then one task), `expert_1_score`,
            `expert_2_score` (whole numbers, empty where an expert did not mark).
        options: tiers and year.

    Raises:
        ContractError: when a column is missing or a score is no whole number.
    """
    # Frames put together repeat the labels of their rows.
    own = (marks if "task" in marks.columns else marks.assign(task=ALL_TASKS)).reset_index(drop=True)
    missing = [name for name in COLUMNS if name not in own.columns]
    if missing:
        raise ContractError(f"Оценки экспертов: нет столбцов {missing}.")
    scores = own[["expert_1_score", "expert_2_score"]].astype("float64")
    if (scores % 1).fillna(0.0).ne(0.0).any(axis=None):
        raise ContractError("Оценки экспертов: баллы должны быть целыми.")
    groups = [(str(task), scores.loc[places]) for task, places in own.groupby("task", sort=True).groups.items()]
    if [task for task, _ in groups] != [ALL_TASKS]:
        groups.append((ALL_TASKS, scores))
    rows = [_row(procedure, task, part, options) for task, part in groups if len(part)]
    return EXPERT_AGREEMENT.conform(pd.DataFrame(rows)) if rows else EXPERT_AGREEMENT.empty()


def _row(procedure: str, task: str, scores: pd.DataFrame, options: LinkOptions) -> dict[str, object]:
    known = scores.dropna()
    first, second = (known[name].to_numpy(dtype=np.int64) for name in scores.columns)
    n = len(known)
    gap = np.abs(second - first)
    exact, near = int((gap == 0).sum()), int((gap <= 1).sum())
    exact_interval, near_interval = wilson_interval(exact, n), wilson_interval(near, n)
    kappa = weighted_kappa(score_table(first, second))
    mean = float((second - first).mean()) if n else np.nan
    deviation = float((second - first).std(ddof=1)) if n > 1 else np.nan
    shift = mean_interval(mean, deviation, n)
    return {
        "school_year": options.school_year,
        "procedure": procedure,
        "task": task,
        "works_count": n,
        "missing_count": len(scores) - n,
        "size_tier": size_tier(n, options.tier_bounds),
        "exact_share": exact / n if n else np.nan,
        "exact_low": float(exact_interval.low),
        "exact_high": float(exact_interval.high),
        "within_one_share": near / n if n else np.nan,
        "within_one_low": float(near_interval.low),
        "within_one_high": float(near_interval.high),
        "kappa": kappa.estimate,
        "kappa_low": kappa.low,
        "kappa_high": kappa.high,
        "mean_difference": mean,
        "mean_difference_low": float(shift.low),
        "mean_difference_high": float(shift.high),
        **method_columns(EXPERTS_METHOD),
    }
