"""Pupils of a birth cohort over all schools: they stay the same in every campaign and subject.

A pupil's ability in a subject is the school's effect plus the pupil's own; the intraclass correlation of a paper is the
school's share of the variance. Planted schools are shifted as a whole.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.sample.papers import Paper
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.territory import Role, School, Territory

_CLASS_SIZE: Final = 26
_SENIOR_SHARE: Final = 0.45
_SENIOR_FROM_PARALLEL: Final = 15
# Shifts of planted schools on the ability scale of the whole sample (sd 1).
ROLE_SHIFTS: Final = {Role.LOW_RESULT: -1.15, Role.RESILIENT: 0.65, Role.INFLATING: -0.5}
# Parts of a pupil's own ability: common to all subjects, of one subject, of the day. Squares add up to 1.
_COMMON, _SUBJECT, _DAY = 0.78, 0.50, 0.3763


@dataclass(frozen=True, slots=True)
class Cohort:
    """Pupils born in one school year; arrays have one entry a pupil, in the order of school and list number."""

    number: int
    school: npt.NDArray[np.int64]
    list_number: npt.NDArray[np.int64]
    class_number: npt.NDArray[np.int64]
    class_count: npt.NDArray[np.int64]
    is_girl: npt.NDArray[np.bool_]
    common: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.school)


def cohort_of(school_year: str, pupil_grade: int) -> int:
    """Return the number of the cohort that is in `pupil_grade` in a school year (0: first grade in 2020-2021)."""
    return pupil_grade - 1 - (int(school_year[:4]) - 2020)


def build_cohort(seed: int, territory: Territory, number: int) -> Cohort:
    """Invent the pupils of a cohort. The same cohort has the same pupils whatever else is generated."""
    rng = stream(seed, "cohort", number)
    sizes = np.array(
        [max(2, round(s.parallel * float(np.exp(rng.normal(0, 0.12))))) for s in territory.schools], dtype=np.int64
    )
    school = np.repeat(np.arange(len(sizes)), sizes)
    list_number = np.concatenate([np.arange(size) for size in sizes]) + 1
    classes = np.maximum(1, -(-sizes // _CLASS_SIZE))
    count = int(sizes.sum())
    order = rng.random(count)
    # A stable order within the school spreads pupils over classes without regard to ability.
    rank = np.lexsort((order, school))
    position = np.empty(count, dtype=np.int64)
    position[rank] = list_number - 1
    return Cohort(
        number,
        school,
        list_number,
        position * classes[school] // sizes[school],
        classes[school],
        rng.random(count) < 0.49,
        rng.normal(size=count),
    )


def senior_pupils(seed: int, territory: Territory, cohort: Cohort) -> npt.NDArray[np.bool_]:
    """Tell who stays at school until grade 11: about 45 % of the pupils of schools that have senior classes."""
    has_seniors = np.array(
        [s.parallel >= _SENIOR_FROM_PARALLEL and not s.is_correctional for s in territory.schools], dtype=bool
    )
    rng = stream(seed, "senior", cohort.number)
    return has_seniors[cohort.school] & (rng.random(len(cohort)) < _SENIOR_SHARE)


def abilities(seed: int, territory: Territory, cohort: Cohort, paper: Paper, day: str) -> npt.NDArray[np.float64]:
    """Return the pupils' abilities in a subject on a day, mean 0 and sd 1 over the sample, before any inflation."""
    subject_code, icc = paper.subject_code, paper.icc
    effects = school_effects(seed, territory, cohort, paper)
    own = (
        _COMMON * cohort.common
        + _SUBJECT * stream(seed, "subject", cohort.number, subject_code).normal(size=len(cohort))
        + _DAY * stream(seed, "day", cohort.number, subject_code, day).normal(size=len(cohort))
    )
    return effects[cohort.school] + np.sqrt(1 - icc) * own


def school_effects(seed: int, territory: Territory, cohort: Cohort, paper: Paper) -> npt.NDArray[np.float64]:
    """Return the effect of every school on ability; weighted by pupils their variance is close to `paper.icc`."""
    subject_code, icc = paper.subject_code, paper.icc
    rng = stream(seed, "school effect", subject_code)
    subject = rng.normal(size=len(territory.schools))
    raw = np.array([0.85 * s.advantage + 0.5 * x for s, x in zip(territory.schools, subject, strict=True)])
    planted = planted_shifts(territory)
    ordinary = np.isnan(planted)
    pupils = np.bincount(cohort.school, minlength=len(raw)).astype(float)
    raw[ordinary] -= np.average(raw[ordinary], weights=pupils[ordinary])
    spread = np.sqrt(np.average(raw[ordinary] ** 2, weights=pupils[ordinary])) or 1.0
    planted_variance = float((pupils[~ordinary] * planted[~ordinary] ** 2).sum() / pupils.sum())
    wanted = max(0.35 * icc, icc - planted_variance) / (pupils[ordinary].sum() / pupils.sum())
    effects = np.where(ordinary, raw * np.sqrt(wanted) / spread, np.nan_to_num(planted))
    return effects - np.average(effects, weights=pupils)


def exam_strength(school: School) -> float:
    """Return how strong a school's graduates are, in school sds: planted schools are as they are in other works."""
    return 2 * ROLE_SHIFTS[school.role] if school.role in ROLE_SHIFTS else school.advantage


def planted_shifts(territory: Territory) -> npt.NDArray[np.float64]:
    """Return the shift of every planted school, NaN for ordinary ones."""
    return np.array([ROLE_SHIFTS.get(school.role, np.nan) for school in territory.schools])
