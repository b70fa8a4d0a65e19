"""Facts of schools and municipalities, taken from the generated pupils, exams and planted roles."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from oko_pipeline.sample.exam_counts import admission_counts, exam_counts
from oko_pipeline.sample.owners import OwnerFacts
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import Role, School

_LOCATIONS: Final = {2: "city", 3: "town", 4: "village"}
_SIZES: Final = ("lt1", "lt5", "lt10", "lt50", "lt100", "lt450", "lt680", "ge680")
_SUPPORTED: Final = frozenset({Role.LOW_RESULT, Role.RESILIENT})


def school_facts(world: World, school_year: str) -> list[OwnerFacts]:
    """Return the facts of each school, in the order of the territory."""
    schools = world.territory.schools
    grades = np.array([world.grade_counts(school_year, grade) for grade in range(1, 12)])
    earlier = f"{int(school_year[:4]) - 1}-{school_year[:4]}"
    before = {grade: world.grade_counts(earlier, grade) for grade in (9, 11)}
    exams = exam_counts(world, school_year, {9: grades[8], 11: grades[10]})
    admitted = admission_counts(world, school_year)
    flagged = flagged_schools(world)
    found: list[OwnerFacts] = []
    for school in schools:
        place = school.index
        tags = {"school"}
        tags |= {"seniors"} if grades[9:, place].any() else set()
        tags |= {"supported"} if school.role in _SUPPORTED else set()
        tags |= {"flagged"} if place in flagged else set()
        found.append(
            OwnerFacts(
                tuple(int(count) for count in grades[:, place]),
                {grade: int(counts[place]) for grade, counts in before.items()},
                exams[place],
                frozenset(tags),
                place=_place(school, has_seniors="seniors" in tags),
                admitted=admitted.get(place, {}),
            )
        )
    return found


def _place(school: School, *, has_seniors: bool) -> dict[str, str]:
    kind = "secondary" if has_seniors else "basic"
    if school.is_correctional:
        kind = "correctional"
    elif "Гимназия" in school.name:
        kind = "gymnasium"
    return {
        "school_type": kind,
        "location_type": _LOCATIONS[school.settlement],
        "settlement_size": _SIZES[school.settlement_size - 1],
    }


def flagged_schools(world: World) -> frozenset[int]:
    """Return the schools with signs of bias: those that inflate, or the first one where none does."""
    found = frozenset(one.index for one in world.territory.schools if one.role is Role.INFLATING)
    return found or frozenset({0})


def municipality_facts(own: Sequence[OwnerFacts]) -> OwnerFacts:
    """Return the facts of a municipality: sums of its schools'."""
    return OwnerFacts(
        tuple(int(count) for count in np.sum([one.pupils for one in own], axis=0)),
        {grade: sum(one.before[grade] for one in own) for grade in (9, 11)},
        (),
        frozenset().union(*(one.tags for one in own)) - {"school"} | {"municipality"},
        len(own),
    )
