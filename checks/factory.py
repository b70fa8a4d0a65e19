"""How every asset check is made: partitioned by school year, told in Russian, blocking or not. One place, no copies.

A check without `partitions_def` on a partitioned asset would load every year; this factory always sets it.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from resources.workplace import Workplace, WorkplaceResource

Judge = Callable[[Workplace, str], pd.DataFrame]


def results_check(asset: str, name: str, description: str, judge: Judge, *, blocking: bool) -> dg.AssetChecksDefinition:
    """Make a check of an asset from a function that returns rows of `quality_results`.

    The check fails when an expectation is not met: with severity ERROR when that expectation blocks reports (and then,
    when `blocking`, the year stops there), with WARN otherwise.
    """

    @dg.asset_check(asset=asset, name=name, description=description, blocking=blocking, partitions_def=SCHOOL_YEARS)
    def check(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        results = judge(workplace.open(), context.partition_key)
        failed = results[~results["is_passed"]]
        stops = bool((failed["is_blocking"] & (failed["severity"] == "error")).any())
        faults = {
            f"не выполнено: {row.title_ru}": _fault(row.unexpected_count, row.checked_count, row.observed)
            for row in failed.itertuples()
        }
        return dg.AssetCheckResult(
            passed=failed.empty,
            severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
            metadata={
                "проверено ожиданий": len(results),
                "не выполнено": len(failed),
                **faults,
                "все ожидания": dg.MetadataValue.md(
                    markdown_table(results[["title_ru", "checked_count", "unexpected_count", "observed"]], 60)
                ),
            },
        )

    return check


def _fault(unexpected: Any, checked: Any, observed: Any) -> str:
    if isinstance(observed, str) and observed:
        return observed
    return f"{unexpected} из {checked}" if not pd.isna(unexpected) else "нарушено"
