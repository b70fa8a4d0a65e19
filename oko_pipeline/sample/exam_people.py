"""Who takes the exams that have other files than protocols: essays, interviews, physics in tables of РИС."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from oko_pipeline.catalogue.exams import ExamKey, hundred_scales
from oko_pipeline.sample.exams import EXAMS_YEAR
from oko_pipeline.sample.pupils import exam_strength
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import School

INTERVIEW_MAXIMA: Final = (2, 2, 4, 4, 4, 4)
RIS_MAXIMA: Final = (3, 2, 2, 3, 3, 4)
RIS_TASKS: Final = 20
_PASSING: Final = 10
_PRESENT: Final = 0.985
_ESSAY_PASSED: Final = 0.93
_LITERACY_PASSED: Final = 0.7
_SOLVED: Final = 0.72
_PHYSICISTS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Admitted:
    """A participant of an essay or interview: points or criteria met, and whether it is a pass."""

    school: School
    parts: tuple[int, ...]
    is_passed: bool


@dataclass(frozen=True, slots=True)
class Physicist:
    """A participant of ЕГЭ in physics: tasks with short answers solved, points of the others, the test score."""

    school: School
    short: tuple[bool, ...]
    extended: tuple[int, ...]
    primary: int
    score: int


def essay_people(world: World) -> Iterator[Admitted]:
    """Yield those who wrote the essay: nearly all of grade 11."""
    rng = stream(world.options.seed, "essay people")
    for school in _present(world, 11, rng):
        is_passed = bool(rng.random() < _ESSAY_PASSED)
        literacy = [int(rng.random() < _LITERACY_PASSED) for _ in range(2)]
        yield Admitted(school, (1, int(is_passed), 1, *literacy), is_passed)


def interview_people(world: World) -> Iterator[Admitted]:
    """Yield those who came to the interview: nearly all of grade 9; ten points of twenty pass."""
    rng = stream(world.options.seed, "interview people")
    for school in _present(world, 9, rng):
        # Pupils differ, or next to no school would have anybody who does not pass at once.
        level = float(np.clip(_SOLVED + 0.03 * exam_strength(school) + rng.normal(0, 0.12), 0.2, 0.97))
        scores = tuple(int(rng.binomial(most, level)) for most in INTERVIEW_MAXIMA)
        yield Admitted(school, scores, sum(scores) >= _PASSING)


def physicists(world: World) -> Iterator[Physicist]:
    """Yield those who took ЕГЭ in physics: about a quarter of grade 11; test scores are by the catalogue's scale."""
    rng = stream(world.options.seed, "physicists")
    scale = hundred_scales(ExamKey("ege", 2026, "physics"))[0].scores
    graduates = world.grade_counts(EXAMS_YEAR, 11)
    for school in world.territory.schools:
        if school.is_correctional:
            continue
        for _ in range(int(rng.binomial(graduates[school.index], _PHYSICISTS))):
            level = float(np.clip(0.6 + 0.05 * exam_strength(school) + rng.normal(0, 0.12), 0.2, 0.95))
            short = tuple(bool(one) for one in rng.random(RIS_TASKS) < level)
            extended = tuple(int(rng.binomial(most, level * 0.7)) for most in RIS_MAXIMA)
            primary = sum(short) + sum(extended)
            yield Physicist(school, short, extended, primary, int(scale[primary] or 0))


def _present(world: World, grade: int, rng: np.random.Generator) -> Iterator[School]:
    """Yield the school of each graduate who came."""
    graduates = world.grade_counts(EXAMS_YEAR, grade)
    for school in world.territory.schools:
        if not school.is_correctional:
            for _ in range(int(rng.binomial(graduates[school.index], _PRESENT))):
                yield school
