"""The works that a test analysis rests on: complete ones, as a matrix of scores with school, mark, sex and variant."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.analysis.summaries import pupil_facts
from oko_pipeline.analysis.task_profile import TaskProfile, countable_scores
from oko_pipeline.analysis.units import Places, Units, sum_rows
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.works import Works

MARKS: Final = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class CompleteWorks:
    """Works without a gap in the tasks that take part.

    `scores` (works × tasks) has 0 where a task was not attempted; `is_skipped` says where. `taken` are the places of
    these tasks in the profile, `left_out` those of the others. `school` is the place of the school in the units, `mark`
    0 where there is none, `sex` 0 unknown, 1 м, 2 ж. `maxima` are known or, failing that, the largest score observed.
    """

    scores: npt.NDArray[np.int8]
    is_skipped: npt.NDArray[np.bool_]
    total: npt.NDArray[np.int64]
    taken: Places
    left_out: Places
    maxima: npt.NDArray[np.float64]
    school: Places
    mark: npt.NDArray[np.int64]
    sex: Places
    variant: npt.NDArray[np.object_]
    scored_by_school: npt.NDArray[np.int64]

    @property
    def schools_count(self) -> int:
        """Number of schools, those without a complete work included."""
        return len(self.scored_by_school)


def complete_works(
    works: Works,
    scale: ScaleBounds | None,
    maximum_score: int | None,
    profile: TaskProfile,
    units: Units,
    least_share: float,
) -> CompleteWorks:
    """Choose tasks and works: a task that fewer than `least_share` of the scored works could do is left out first."""
    task_scores = works.task_scores()
    facts = pupil_facts(works, task_scores, scale, maximum_score)
    scored = np.flatnonzero(facts.is_scored)
    scores = countable_scores(task_scores[scored], profile)
    is_countable = (scores >= 0) | (scores == TaskCode.NOT_ATTEMPTED)
    share = is_countable.sum(axis=0) / max(len(scored), 1)
    is_taken = share >= least_share
    taken = np.flatnonzero(is_taken)
    is_complete = is_countable[:, taken].all(axis=1)
    kept = scored[is_complete]
    chosen = scores[is_complete][:, taken]
    school_of_work = units.school_of_class[units.class_of_work]
    observed = chosen.max(axis=0, initial=0).astype(np.float64)
    known = profile.maxima[taken]
    result = np.maximum(chosen, 0)
    return CompleteWorks(
        scores=result,
        is_skipped=chosen == TaskCode.NOT_ATTEMPTED,
        total=result.sum(axis=1, dtype=np.int64),
        taken=taken,
        left_out=np.flatnonzero(~is_taken),
        maxima=np.where(np.isnan(known), np.maximum(observed, 1.0), known),
        school=school_of_work[kept],
        mark=facts.mark[kept],
        sex=facts.sex[kept],
        variant=works.rows["variant"].to_numpy(dtype=object)[kept],
        scored_by_school=np.bincount(school_of_work[scored], minlength=len(units.municipality_of_school)),
    )


def roll_up_schools(by_school: np.ndarray, units: Units) -> np.ndarray:
    """Return sums of additive figures for all units above class: (schools, …) → (units, …), in the units' order."""
    return np.concatenate(
        [
            by_school.sum(axis=0, keepdims=True),
            sum_rows(by_school, units.region_of_school),
            sum_rows(by_school, units.municipality_of_school),
            by_school,
        ]
    )
