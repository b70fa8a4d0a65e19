"""Tiers of group sizes: how much may be said about a group of n pupils."""

from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.catalogue.columns import SIZE_TIERS

DEFAULT_BOUNDS: Final = (5, 10, 20, 50)


def tier_places(counts: npt.ArrayLike, bounds: tuple[int, int, int, int] = DEFAULT_BOUNDS) -> npt.NDArray[np.intp]:
    """Return the place in `SIZE_TIERS` of each group size: 0 below the first bound … 4 from the last bound on.

    The tiers keep their names (lt5 … ge50) when an installation moves the bounds: a name is that of the step.
    """
    return np.searchsorted(np.asarray(bounds), np.asarray(counts), side="right")


def size_tier(count: int, bounds: tuple[int, int, int, int] = DEFAULT_BOUNDS) -> str:
    """Return the tier of one group size: 4 → lt5, 5 → lt10, 50 → ge50."""
    return SIZE_TIERS[int(tier_places(count, bounds))]
