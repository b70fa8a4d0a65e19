"""What is planted into the schools of a simulated region, how strongly, and who gets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.errors import SettingsError


class RegionRole(StrEnum):
    """What is planted into a school of a simulated region; most are `ORDINARY`. A school has one role in all years."""

    ORDINARY = "ordinary"
    BUNCHING = "bunching"
    """Scores just below a cut-off are lifted to it or one above."""
    INFLATED = "inflated"
    """Results of every work are too high by the same step; journal marks and exams do not follow."""
    LEAPING = "leaping"
    """Papers of grade 4 alone are far too high, so that the cohort falls when it comes to grade 5."""
    DETACHED = "detached"
    """Journal marks run against the results."""
    COPIED = "copied"
    """Pupils of a class copy most answers of one of its pupils."""
    PROMPTED = "prompted"
    """Hard tasks are solved where easy ones are not: the task profile is turned round."""
    NARROW = "narrow"
    """Pupils differ far less than anywhere else."""
    ABSENTEES = "absentees"
    """Most of the weak pupils do not write."""
    LOW_RESULT = "low_result"
    """Low results in every work and lenient journal marks."""
    RESILIENT = "resilient"
    """Adverse circumstances and results far above what they predict."""
    IMPROVING = "improving"
    """Results grow by a step every year."""
    DECLINING = "declining"
    """Results fall by a step every year."""
    CROSSED = "crossed"
    """Weak pupils have the answers to hard tasks and not to easy ones: profiles of mark groups cross."""


_SHARE: Final = 0.025
DEFAULT_SHARES: Final[Mapping[RegionRole, float]] = MappingProxyType(
    {role: _SHARE for role in RegionRole if role is not RegionRole.ORDINARY}
)


@dataclass(frozen=True, slots=True)
class RoleStrengths:
    """How strong each planted truth is; steps are in standard deviations of ability over the region.

    `bunching` gives, by cut-off («3», «4», «5»), how far below it scores are lifted (in shares of the maximum) and how
    surely. `copied` and `prompted` are probabilities a task, `narrow` is the factor of the pupils' spread, `absentees`
    the probability that a pupil of the lowest quarter does not come.
    """

    bunching: tuple[tuple[float, float], ...] = ((0.15, 0.85), (0.12, 0.6), (0.08, 0.4))
    inflated: float = 0.9
    leaping: float = 1.7
    detached: float = -0.35
    copied: float = 0.65
    prompted: float = 0.55
    narrow: float = 0.4
    absentees: float = 0.65
    low_result: float = -1.0
    low_result_leniency: float = 0.75
    resilient: float = 0.8
    change_per_year: float = 0.3


def assign_roles(
    parallels: npt.NDArray[np.float64],
    adversity: npt.NDArray[np.float64],
    shares: Mapping[RegionRole, float],
    parallel_range: tuple[float, float],
    rng: np.random.Generator,
) -> list[RegionRole]:
    """Return a role a school: planted ones have a parallel within the range, resilient ones the highest adversity.

    Raises:
        SettingsError: when more schools shall be planted than there are schools of that size.
    """
    roles = [RegionRole.ORDINARY] * len(parallels)
    low, high = parallel_range
    candidates = rng.permutation(np.flatnonzero((parallels >= low) & (parallels <= high))).tolist()
    wanted = {role: round(share * len(parallels)) for role, share in shares.items() if role is not RegionRole.ORDINARY}
    if sum(wanted.values()) > len(candidates):
        raise SettingsError(
            f"Особых школ задано {sum(wanted.values())}, а школ с параллелью {low:g}–{high:g} всего {len(candidates)}."
        )
    adverse = sorted(candidates, key=lambda index: float(adversity[index]), reverse=True)
    for index in adverse[: wanted.pop(RegionRole.RESILIENT, 0)]:
        roles[index] = RegionRole.RESILIENT
        candidates.remove(index)
    for role, count in wanted.items():
        for _ in range(count):
            roles[candidates.pop()] = role
    return roles
