"""Works of one assessment as arrays over pupils and schools: what all signals are measured on."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.analysis.summaries import PupilFacts, pupil_facts
from oko_pipeline.analysis.task_profile import countable_scores, task_profile
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.errors import ContractError
from oko_pipeline.works import Works

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pupils:
    """Pupils on the lists of one assessment.

    Arrays over pupils: `school` (place in `school_codes`), `is_scored` (has a total within the maximum), `is_absent`,
    `score`, `mark` and `journal_mark` (0 — none). `solved` (pupils × tasks) is the share of a task's maximum that was
    reached: 0 for a task not attempted, NaN for one not taught, unreadable or of unknown maximum. `cutoffs` is None
    where there is no official or confirmed scale.
    """

    school_codes: npt.NDArray[np.object_]
    school: Places
    is_scored: Bools
    is_absent: Bools
    score: Ints
    mark: Ints
    journal_mark: Ints
    solved: Floats
    cutoffs: tuple[int, int, int] | None
    maximum_score: int

    @property
    def schools(self) -> int:
        """Number of schools."""
        return len(self.school_codes)

    @property
    def counts(self) -> Ints:
        """Number of scored pupils of each school."""
        return np.bincount(self.school[self.is_scored], minlength=self.schools)

    def of_schools(self, is_kept: Bools) -> "Pupils":
        """Return the pupils of some schools; places of schools are made anew."""
        place = np.cumsum(is_kept) - 1
        rows = is_kept[self.school]
        return replace(
            self,
            school_codes=self.school_codes[is_kept],
            school=place[self.school[rows]],
            is_scored=self.is_scored[rows],
            is_absent=self.is_absent[rows],
            score=self.score[rows],
            mark=self.mark[rows],
            journal_mark=self.journal_mark[rows],
            solved=self.solved[rows],
        )


def pupils_of(works: Works, scale: ScaleBounds | None, maximum_score: int | None, tasks: pd.DataFrame) -> Pupils:
    """Read works into arrays.

    Args:
        works: all works of the assessment.
        scale: an official or confirmed scale; None for an inferred or missing one.
        maximum_score: the paper's maximum; None — the highest total stands for it.
        tasks: rows of the table `tasks`.

    Raises:
        ContractError: for a work without a school.
    """
    school, codes = pd.factorize(works.rows["school_code"], sort=True)
    if (school < 0).any():
        raise ContractError(f"Работы {works.key}: у {int((school < 0).sum())} строк нет кода ОО.")
    task_scores = works.task_scores()
    facts = pupil_facts(works, task_scores, scale, maximum_score)
    is_scored = facts.is_scored & ~facts.is_over_maximum
    highest = int(facts.score[is_scored].max(initial=0))
    profile = task_profile(works, tasks)
    return Pupils(
        school_codes=codes.to_numpy(dtype=object),
        school=school,
        is_scored=is_scored,
        is_absent=facts.is_absent,
        score=facts.score,
        mark=facts.mark if scale is not None else np.zeros(len(school), dtype=np.int64),
        journal_mark=_journal(facts),
        solved=_solved(countable_scores(task_scores, profile), profile.maxima),
        cutoffs=None if scale is None else (scale.minimum_3, scale.minimum_4, scale.minimum_5),
        maximum_score=max(1, highest if maximum_score is None else maximum_score),
    )


def _journal(facts: PupilFacts) -> Ints:
    return np.where(facts.is_absent, 0, facts.journal_mark)


def _solved(scores: npt.NDArray[np.int8], maxima: Floats) -> Floats:
    values = scores.astype(np.float64)
    values[scores == TaskCode.NOT_ATTEMPTED] = 0.0
    values[(scores < 0) & (scores != TaskCode.NOT_ATTEMPTED)] = np.nan
    return values / maxima
