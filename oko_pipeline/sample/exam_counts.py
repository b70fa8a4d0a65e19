"""Counts of exams by school and subject: those of the generated protocols where there are some, else invented."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from oko_pipeline.sample.exam_people import essay_people, interview_people, physicists
from oko_pipeline.sample.exams import EXAMS, EXAMS_YEAR, appellants, exam_code, participants
from oko_pipeline.sample.owners import ExamCount
from oko_pipeline.sample.pupils import exam_strength
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import School

_OGE: Final = {
    "russian": 1.0,
    "mathematics": 1.0,
    "social_studies": 0.6,
    "informatics": 0.4,
    "geography": 0.35,
    "biology": 0.25,
    "physics": 0.2,
    "chemistry": 0.12,
    "english": 0.08,
}
_EGE: Final = {
    "russian": 1.0,
    "mathematics_profile": 0.55,
    "mathematics_base": 0.0,
    "social_studies": 0.4,
    "physics": 0.25,
    "biology": 0.2,
    "informatics": 0.2,
    "chemistry": 0.15,
    "history": 0.15,
    "english": 0.1,
    "literature": 0.06,
}
_GVE: Final = {"russian": 1.0, "mathematics": 1.0}
_SUBJECTS: Final = {
    "02 - Математика профильная": "mathematics_profile",
    "12 - Обществознание": "social_studies",
    "03 - Физика": "physics",
}
_MINIMA: Final = {"mathematics_profile": 27, "physics": 36}
_HIGH, _BEST = 80, 100
_BELOW: Final = 0.04
_OF_OVZ: Final = 0.03


def exam_counts(world: World, school_year: str, graduates: Mapping[int, np.ndarray]) -> list[tuple[ExamCount, ...]]:
    """Return the exams of each school; `graduates` counts pupils of grades 9 and 11 by school."""
    found: list[list[ExamCount]] = [[] for _ in world.territory.schools]
    written = _of_protocols(world, graduates) if school_year == EXAMS_YEAR else {}
    for school in world.territory.schools:
        own = found[school.index]
        for usual, grade, shares in (("oge", 9, _OGE), ("ege", 11, _EGE)):
            count = int(graduates[grade][school.index])
            if not count:
                continue
            exam = "gve" if school.is_correctional else usual
            rng = stream(world.options.seed, "exam counts", school_year, school.index, grade)
            for subject, share in (_GVE if school.is_correctional else shares).items():
                known = written.get((exam, subject))
                one = None if known is None else known.get(school.index)
                if known is None:
                    taking = _taking(own, subject, share, count, rng)
                    one = _invented((exam, grade, subject), (count, taking), school, rng)
                if one is not None and one.participants:
                    own.append(one)
    return [tuple(own) for own in found]


def _taking(own: list[ExamCount], subject: str, share: float, graduates: int, rng: np.random.Generator) -> int:
    if subject == "mathematics_base":
        return graduates - sum(one.participants for one in own if one.subject == "mathematics_profile")
    return graduates if share >= 1 else int(rng.binomial(graduates, share))


def _invented(
    key: tuple[str, int, str], people: tuple[int, int], school: School, rng: np.random.Generator
) -> ExamCount:
    """Return an exam by the usual shares; `people` counts graduates and participants."""
    exam, grade, subject = key
    graduates, participants_count = people
    below = float(np.clip(_BELOW - 0.015 * exam_strength(school), 0.005, 0.12))
    ovz = int(rng.binomial(participants_count, _OF_OVZ))
    if exam == "ege" and subject != "mathematics_base":
        high = float(np.clip(0.14 + 0.05 * exam_strength(school), 0.02, 0.35))
        parts = rng.multinomial(participants_count, [below, high, 0.004, 1 - below - high - 0.004])
        mean = round(float(np.clip(62 + 4 * exam_strength(school) + rng.normal(0, 2), 35, 90)), 1)
        return ExamCount(
            exam, grade, subject, graduates, participants_count, ovz, int(parts[0]),
            high=int(parts[1]), hundred=int(parts[2]), mean_score=mean,
        )  # fmt: skip
    best = float(np.clip(0.2 + 0.05 * exam_strength(school), 0.05, 0.4))
    marks = rng.multinomial(participants_count, [below, 0.36, 1 - below - 0.36 - best, best])
    told = tuple(int(count) for count in marks)
    return ExamCount(exam, grade, subject, graduates, participants_count, ovz, told[0], told)


def _of_protocols(world: World, graduates: Mapping[int, np.ndarray]) -> dict[tuple[str, str], dict[int, ExamCount]]:
    """Return counts of the protocols by exam and subject, and by school."""
    found: dict[tuple[str, str], dict[int, ExamCount]] = {}
    for place, exam in enumerate(EXAMS):
        rows = list(participants(exam, world))
        appealed = appellants(exam, rows) if place == 0 else []
        index_of = {exam_code(school.index, exam.kind): school.index for school in world.territory.schools}
        results: dict[int, list[int]] = {}
        for row in rows:
            results.setdefault(index_of[str(row[2])], []).append(int(str(row[14])))
        appeals: dict[int, list[bool]] = {}
        for row, is_granted in appealed:
            appeals.setdefault(index_of[str(row[2])], []).append(is_granted)
        kind, subject = ("oge" if exam.kind == "ОГЭ" else "ege"), _SUBJECTS[exam.title]
        found[kind, subject] = {
            index: _counted((kind, exam.grade, subject), int(graduates[exam.grade][index]), own, appeals.get(index, []))
            for index, own in results.items()
        }
    scores: dict[int, list[int]] = {}
    for one in physicists(world):
        scores.setdefault(one.school.index, []).append(one.score)
    found["ege", "physics"] = {
        index: _counted(("ege", 11, "physics"), int(graduates[11][index]), own, []) for index, own in scores.items()
    }
    return found


def admission_counts(world: World, school_year: str) -> dict[int, dict[str, tuple[int, int]]]:
    """Return participants and those who passed by school and procedure, in the year that has protocols."""
    found: dict[int, dict[str, tuple[int, int]]] = {}
    if school_year != EXAMS_YEAR:
        return found
    for procedure, people in (("interview9", interview_people(world)), ("essay11", essay_people(world))):
        for one in people:
            own = found.setdefault(one.school.index, {})
            came, passed = own.get(procedure, (0, 0))
            own[procedure] = came + 1, passed + one.is_passed
    return found


def _counted(key: tuple[str, int, str], graduates: int, results: list[int], appeals: list[bool]) -> ExamCount:
    kind, grade, subject = key
    scores = np.array(results)
    ovz = round(len(results) * _OF_OVZ)
    if kind == "oge":
        marks = tuple(int((scores == mark).sum()) for mark in range(2, 6))
        return ExamCount(kind, grade, subject, graduates, len(results), ovz, marks[0], marks)
    return ExamCount(
        kind, grade, subject, graduates, len(results), ovz, int((scores < _MINIMA[subject]).sum()),
        high=int(((scores >= _HIGH) & (scores < _BEST)).sum()), hundred=int((scores == _BEST).sum()),
        mean_score=round(float(scores.mean()), 1), appeals=len(appeals), granted=sum(appeals),
    )  # fmt: skip
