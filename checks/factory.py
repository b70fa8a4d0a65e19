"""How every asset check is made: partitioned by school year, told in Russian, blocking or not. One place, no copies.

A check without `partitions_def` on a partitioned asset would load every year; this factory always sets it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from resources.workplace import Workplace, WorkplaceResource

Judge = Callable[[Workplace, str], pd.DataFrame]


def results_check(
    asset: str, name: str, description: str, judge: Judge, *, blocking: bool, after: Sequence[str] = ()
) -> dg.AssetChecksDefinition:
    """Make a check of an asset from a function that returns rows of `quality_results`.

    The check fails when an expectation is not met: with severity ERROR when that expectation blocks reports (and then,
    when `blocking`, the year stops there), with WARN otherwise. It waits for the assets `after` too.
    """

    @dg.asset_check(
        asset=asset,
        name=name,
        description=description,
        blocking=blocking,
        additional_deps=[one for one in after if one != asset],
        partitions_def=SCHOOL_YEARS,
    )
    def check(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        return _told(judge(workplace.open(), context.partition_key))

    return check


@dataclass(frozen=True, slots=True)
class RoomCheck:
    """A check that runs together with others; see `results_check` for its fields. `suite` is the table it validates."""

    asset: str
    name: str
    description: str
    judge: Judge
    is_blocking: bool = False
    suite: str | None = None


def room_checks(
    room: str, checks: Sequence[RoomCheck], validate: Callable[[Workplace, str, Sequence[str]], object]
) -> dg.AssetChecksDefinition:
    """Make the checks of a room as one step: a step costs as much as a check, and a room has up to a dozen.

    Dagster parts the step where a check that blocks stands between two assets of the room.

    Args:
        room: name of the step.
        checks: its checks; each is shown at its asset.
        validate: called once before the first of them with the tables whose suites are asked for.
    """
    by_key = {(one.asset, one.name): one for one in checks}
    # Checks that block come last: what fails at them must not hide what the others found.
    order = sorted(by_key, key=lambda key: (by_key[key].is_blocking, key))

    @dg.multi_asset_check(
        name=f"{room}_checks",
        can_subset=True,
        specs=[
            dg.AssetCheckSpec(
                one.name,
                asset=one.asset,
                description=one.description,
                blocking=one.is_blocking,
                partitions_def=SCHOOL_YEARS,
            )
            for one in checks
        ],
    )
    def check(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> Iterator[dg.AssetCheckResult]:
        office, year = workplace.open(), context.partition_key
        chosen = {
            (key.asset_key.to_user_string(), key.name) for key in context.op_execution_context.selected_asset_check_keys
        }
        asked = [by_key[key] for key in order if key in chosen]
        validate(office, year, [one.suite for one in asked if one.suite is not None])
        for one in asked:
            yield _told(one.judge(office, year), asset_key=one.asset, check_name=one.name)

    return check


def _told(results: pd.DataFrame, asset_key: str | None = None, check_name: str | None = None) -> dg.AssetCheckResult:
    """Return what people see of rows of `quality_results`."""
    failed = results[~results["is_passed"]]
    stops = bool((failed["is_blocking"] & (failed["severity"] == "error")).any())
    faults = {
        f"не выполнено: {row.title_ru}": _fault(row.unexpected_count, row.checked_count, row.observed)
        for row in failed.itertuples()
    }
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=check_name,
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


def _fault(unexpected: Any, checked: Any, observed: Any) -> str:
    if isinstance(observed, str) and observed:
        return observed
    return f"{unexpected} из {checked}" if not pd.isna(unexpected) else "нарушено"
