"""All result tables of one assessment, from its works. Pure: frames in, frames out."""

from dataclasses import dataclass

import pandas as pd

from oko_pipeline.analysis.columns import Scope
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds
from oko_pipeline.analysis.skill_results import skill_results
from oko_pipeline.analysis.summaries import pupil_facts, result_summary, score_distribution
from oko_pipeline.analysis.task_profile import countable_scores, task_profile
from oko_pipeline.analysis.task_results import colour_places, count_tasks, task_results
from oko_pipeline.analysis.units import build_units
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCORE_DISTRIBUTION, SKILL_RESULTS, TASK_RESULTS
from oko_pipeline.works import Works


@dataclass(frozen=True, slots=True)
class AssessmentTables:
    """The four result tables of one assessment; each conforms to the contract of its name."""

    result_summary: pd.DataFrame
    score_distribution: pd.DataFrame
    task_results: pd.DataFrame
    skill_results: pd.DataFrame


def analyse_assessment(
    works: Works,
    scale: ScaleBounds | None,
    maximum_score: int | None,
    tasks: pd.DataFrame,
    schools: pd.DataFrame,
    options: AnalysisOptions,
) -> AssessmentTables:
    """Compute the result tables of one assessment.

    Units without a work have no rows. A work of a school missing in `schools` counts in level all and in its school,
    in no municipality and no region. Rows stand by unit level, unit code, then subgroup, score, task or skill.

    Args:
        works: all works of the assessment (a row a pupil, absentees among them).
        scale: bounds of marks; None — marks reported in the file are used, and if it has none, mark columns are NULL.
        maximum_score: largest primary score of the paper; None — that of the scale, if any.
        tasks: rows of the table `tasks` (any assessments).
        schools: rows of the table `schools` of the year.
        options: year and thresholds.

    Raises:
        ContractError: for works without a school, a school registered twice, a task described twice.
    """
    if works.rows.empty:
        return AssessmentTables(
            RESULT_SUMMARY.empty(), SCORE_DISTRIBUTION.empty(), TASK_RESULTS.empty(), SKILL_RESULTS.empty()
        )
    maximum = scale.maximum_score if maximum_score is None and scale is not None else maximum_score
    scope = Scope(str(works.key), build_units(works.rows, schools), options)
    task_scores = works.task_scores()
    facts = pupil_facts(works, task_scores, scale, maximum)
    profile = task_profile(works, tasks)
    scores = countable_scores(task_scores[facts.is_scored], profile)
    class_of_work = scope.units.class_of_work[facts.is_scored]
    counts = count_tasks(scores, class_of_work, scope.units, profile)
    colours = colour_places(counts, profile, options)
    return AssessmentTables(
        result_summary=result_summary(scope, facts, maximum),
        score_distribution=score_distribution(scope, facts),
        task_results=task_results(scope, profile, counts, colours),
        skill_results=skill_results(scope, profile, scores, class_of_work, colours),
    )
