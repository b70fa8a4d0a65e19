"""Results of the invented pupils: who wrote which paper, totals, task scores, journal marks.

The order of making is total first, tasks second: a total is the quantile of the pupil's ability in the calibrated
distribution of the paper, and task scores are drawn to sum to it. So every published figure is met by construction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.catalogue.campaigns import Campaign, campaign
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.papers import (
    Paper,
    draw_task_scores,
    journal_cuts,
    normal_cdf,
    paper_of,
    score_distribution,
    skip_probabilities,
    task_weights,
)
from oko_pipeline.sample.pupils import Cohort, abilities, build_cohort, cohort_of, senior_pupils
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.territory import SKIPPED_WORKS, Role, Territory, build_territory, skipping_school

NOT_ATTEMPTED: Final = -1
NOT_TAUGHT: Final = -2

_AUTUMN_2020_SHIFT: Final = -0.22
_AUTUMN_2020_ABSENT: Final = 1.6
_NOT_TAUGHT_SHARE: Final = 0.004
_NO_MARK_SHARE: Final = 0.003
# An inflating school lifts scores just below a cut-off to it or one above: how far below (in shares of the
# maximum), and how surely, by cut-off.
_LIFTS: Final = ((0.2, 0.93), (0.15, 0.7), (0.1, 0.45))
_INFLATION: Final = 0.4
_LOW_RESULT_LENIENCY: Final = 0.75
# Two of these papers are written by every class, drawn by lot (domain README 1.1).
_LOTTERIES: Final[Mapping[int, tuple[str, ...]]] = {
    6: ("biology", "geography", "history", "social_studies"),
    8: ("biology", "geography", "history", "social_studies", "physics", "chemistry"),
}
_SENIOR_PARTICIPATION: Final = 0.7
_SENIOR_GRADES: Final = frozenset({10, 11})


@dataclass(frozen=True, slots=True)
class WorkResults:
    """Results of one paper in one campaign; arrays have one entry a row, by school and list number.

    `scores` holds points, `NOT_ATTEMPTED` or `NOT_TAUGHT`; rows of absent pupils have `is_present` False and nothing in
    the other arrays counts. `journal` is 0 where the school wrote that there is no mark.
    """

    campaign: Campaign
    paper: Paper
    pupil_grade: int
    school: npt.NDArray[np.int64]
    list_number: npt.NDArray[np.int64]
    class_label: npt.NDArray[np.object_]
    is_girl: npt.NDArray[np.bool_]
    is_present: npt.NDArray[np.bool_]
    variant: npt.NDArray[np.int64]
    journal: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int8]
    total: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.school)

    @property
    def assessment_id(self) -> str:
        """Key of the work, as in the pipeline's tables."""
        return str(AssessmentKey(self.campaign.campaign_code, self.paper.grade, self.paper.subject_code))

    def marks(self) -> npt.NDArray[np.int64]:
        """Return marks by the paper's cut-offs, 0 for absent pupils and papers without a scale."""
        if self.paper.cutoffs is None:
            return np.zeros(len(self), dtype=np.int64)
        found = 2 + np.searchsorted(self.paper.cutoffs, self.total, side="right")
        return np.where(self.is_present, found, 0)

    def participant_codes(self) -> npt.NDArray[np.int64]:
        """Return participant codes: five digits beginning with the pupil's grade, four from 1001 on in grade 11."""
        base = 1000 if self.pupil_grade == 11 else self.pupil_grade * 10000
        return base + self.list_number


@dataclass(slots=True)
class World:
    """A territory with its pupils; cohorts are made once and kept.

    `shifts` is what measures do to ability by campaign, grade and subject of a paper, a number a school.
    """

    options: SampleOptions
    territory: Territory = field(init=False)
    shifts: dict[tuple[str, int, str], npt.NDArray[np.float64]] = field(init=False, default_factory=dict)
    _cohorts: dict[int, Cohort] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.territory = build_territory(self.options)

    def cohort(self, number: int) -> Cohort:
        """Return the pupils born in one school year."""
        if number not in self._cohorts:
            self._cohorts[number] = build_cohort(self.options.seed, self.territory, number)
        return self._cohorts[number]

    def grade_counts(self, school_year: str, grade: int) -> npt.NDArray[np.int64]:
        """Return how many pupils of a grade each school has in a year; senior grades are not everywhere."""
        cohort = self.cohort(cohort_of(school_year, grade))
        school = cohort.school
        if grade in _SENIOR_GRADES:
            school = school[senior_pupils(self.options.seed, self.territory, cohort)]
        return np.bincount(school, minlength=len(self.territory.schools))

    def results(self, campaign_code: str, grade: int, subject_code: str) -> WorkResults:
        """Let the pupils write a paper: the same call gives the same results."""
        of = campaign(campaign_code)
        paper = paper_of(of.year, grade, subject_code)
        pupil_grade = grade + of.grade_shift
        cohort = self.cohort(cohort_of(of.school_year, pupil_grade))
        rng = stream(self.options.seed, "results", campaign_code, grade, subject_code)
        theta = abilities(self.options.seed, self.territory, cohort, paper, campaign_code)
        if campaign_code == "vpr-2020-autumn":
            theta += _AUTUMN_2020_SHIFT
        measured = self.shifts.get((campaign_code, grade, subject_code))
        if measured is not None:
            theta += measured[cohort.school]
        chosen = np.flatnonzero(self._writes(of, cohort, grade, subject_code))
        theta, school = theta[chosen], cohort.school[chosen]
        total = self._totals(paper, theta, school, rng)
        scores = draw_task_scores(total, task_weights(paper), rng)
        _mark_unattempted(scores, paper, rng)
        _mark_untaught(scores, paper, school, rng)
        total = np.where(scores > 0, scores, 0).sum(axis=1, dtype=np.int64)
        return WorkResults(
            of,
            paper,
            pupil_grade,
            school,
            cohort.list_number[chosen],
            self._class_labels(cohort, chosen, pupil_grade),
            cohort.is_girl[chosen],
            rng.random(len(chosen)) >= _absent_share(paper, of),
            _variants(len(chosen), rng),
            self._journal(paper, theta, school, rng),
            scores,
            total,
        )

    def _writes(self, of: Campaign, cohort: Cohort, grade: int, subject_code: str) -> npt.NDArray[np.bool_]:
        schools = self.territory.schools
        everybody = np.ones(len(cohort), dtype=bool)
        skipping = skipping_school(self.territory)
        if skipping is not None and (of.campaign_code, grade, subject_code) in SKIPPED_WORKS:
            everybody &= cohort.school != skipping.index
        if grade == 11:
            rng = stream(self.options.seed, "senior papers", of.campaign_code, subject_code)
            writes = rng.random(len(schools)) < _SENIOR_PARTICIPATION
            return senior_pupils(self.options.seed, self.territory, cohort) & writes[cohort.school]
        if subject_code in ("english", "german"):
            return np.array([s.foreign_language == subject_code for s in schools])[cohort.school]
        correctional = np.array([s.is_correctional for s in schools])
        if correctional.any() and subject_code not in ("russian", "mathematics"):
            everybody &= ~correctional[cohort.school]
        lottery = _LOTTERIES.get(grade, ())
        if subject_code in lottery and of.season == "spring":
            return everybody & self._drawn(of, cohort, lottery, lottery.index(subject_code))
        return everybody

    def _drawn(self, of: Campaign, cohort: Cohort, lottery: tuple[str, ...], subject: int) -> npt.NDArray[np.bool_]:
        """Tell which pupils' classes drew the subject: two subjects a class."""
        rng = stream(self.options.seed, "lottery", of.campaign_code, len(lottery))
        first_class = cohort.school * 12
        draws = rng.random((len(self.territory.schools) * 12, len(lottery))).argsort(axis=1)[:, :2]
        return (draws[first_class + cohort.class_number] == subject).any(axis=1)

    def _totals(
        self, paper: Paper, theta: npt.NDArray[np.float64], school: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        inflating = np.array([s.role is Role.INFLATING for s in self.territory.schools])[school]
        lifted = theta + _INFLATION * inflating
        cumulative = np.cumsum(score_distribution(paper))
        total = np.searchsorted(cumulative, normal_cdf(lifted)).clip(0, paper.maximum)
        for cutoff, (reach, share) in zip(paper.cutoffs or (), _LIFTS, strict=False):
            near = (
                inflating
                & (total < cutoff)
                & (total >= cutoff - reach * paper.maximum)
                & (rng.random(len(total)) < share)
            )
            total = np.where(near, cutoff + (rng.random(len(total)) < 0.3), total)
        return total

    def _journal(
        self, paper: Paper, theta: npt.NDArray[np.float64], school: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        correlation, cuts = journal_cuts(paper)
        leniency = np.array(
            [s.leniency + _LOW_RESULT_LENIENCY * (s.role is Role.LOW_RESULT) for s in self.territory.schools]
        )
        latent = correlation * theta + np.sqrt(1 - correlation**2) * rng.normal(size=len(theta)) + leniency[school]
        marks = 2 + np.searchsorted(cuts, latent)
        return np.where(rng.random(len(theta)) < _NO_MARK_SHARE, 0, marks)

    def _class_labels(self, cohort: Cohort, chosen: npt.NDArray[np.int64], pupil_grade: int) -> npt.NDArray[np.object_]:
        singles = [
            ("нет", "нет", school.class_letters[0], school.class_letters[0], str(pupil_grade))[school.index % 5]
            for school in self.territory.schools
        ]
        letters = np.array([list(school.class_letters) for school in self.territory.schools], dtype=object)
        school = cohort.school[chosen]
        several = letters[school, cohort.class_number[chosen] % letters.shape[1]]
        return np.where(cohort.class_count[chosen] == 1, np.array(singles, dtype=object)[school], several)


def _absent_share(paper: Paper, of: Campaign) -> float:
    return paper.absent_percent / 100 * (_AUTUMN_2020_ABSENT if of.campaign_code == "vpr-2020-autumn" else 1)


def _variants(count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    rare = rng.integers(3, 10, count)
    return np.where(rng.random(count) < 0.004, rare, rng.integers(1, 3, count))


def _mark_unattempted(scores: npt.NDArray[np.int8], paper: Paper, rng: np.random.Generator) -> None:
    skipped = rng.random(scores.shape) < skip_probabilities(paper)
    scores[(scores == 0) & skipped] = NOT_ATTEMPTED


def _mark_untaught(
    scores: npt.NDArray[np.int8], paper: Paper, school: npt.NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Let some schools not have taught the topic of a harder task: the whole school has «не пройд.» there."""
    schools = int(school.max(initial=0)) + 1
    harder = np.array([1.0 if task.level != "Б" else 0.25 for task in paper.tasks])
    untaught = rng.random((schools, len(paper.tasks))) < _NOT_TAUGHT_SHARE * 1.5 * harder
    scores[untaught[school]] = NOT_TAUGHT
