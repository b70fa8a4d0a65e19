"""All tables about the tasks of one assessment, from its works. Pure: frames in, frames out."""

from dataclasses import dataclass

import pandas as pd

from oko_pipeline.analysis.columns import Scope
from oko_pipeline.analysis.items.complete_works import complete_works
from oko_pipeline.analysis.items.options import ItemOptions
from oko_pipeline.analysis.items.task_dif import task_dif
from oko_pipeline.analysis.items.task_quality import quality_tables
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds
from oko_pipeline.analysis.task_profile import task_profile
from oko_pipeline.analysis.units import build_units
from oko_pipeline.catalogue.tables_items import TASK_DIF, TASK_QUALITY, TEST_RELIABILITY
from oko_pipeline.works import Works


@dataclass(frozen=True, slots=True)
class ItemTables:
    """Quality of tasks, reliability, differential functioning; each conforms to the contract of its name."""

    task_quality: pd.DataFrame
    test_reliability: pd.DataFrame
    task_dif: pd.DataFrame


def analyse_items(
    works: Works,
    scale: ScaleBounds | None,
    maximum_score: int | None,
    tasks: pd.DataFrame,
    schools: pd.DataFrame,
    options: ItemOptions,
) -> ItemTables:
    """Compute the tables about the tasks of one assessment.

    Only works without a gap count: «не приступал» is 0, a task not taught, blank or invalid leaves the work out; a task
    that few could do is left out first. Units are those of `analyse_assessment` without classes.

    Args:
        works: all works of the assessment.
        scale: bounds of marks; None — reported marks, if any; without marks the columns by mark are NULL.
        maximum_score: largest primary score of the paper.
        tasks: rows of the table `tasks` (any assessments).
        schools: rows of the table `schools` of the year.
        options: thresholds.

    Raises:
        ContractError: for works without a school, a school registered twice, a task described twice.
    """
    if works.rows.empty or not works.tasks:
        return ItemTables(TASK_QUALITY.empty(), TEST_RELIABILITY.empty(), TASK_DIF.empty())
    units = build_units(works.rows, schools)
    scope = Scope(str(works.key), units, AnalysisOptions(options.school_year, options.tier_bounds))
    profile = task_profile(works, tasks)
    maximum = scale.maximum_score if maximum_score is None and scale is not None else maximum_score
    complete = complete_works(works, scale, maximum, profile, units, options.quality.task_minimum_share)
    quality, reliability = quality_tables(scope, profile, complete, options)
    return ItemTables(quality, reliability, task_dif(scope, profile, complete, options))
