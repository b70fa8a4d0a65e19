"""Control of false discoveries over many tests at once."""

import numpy as np
import numpy.typing as npt

from oko_pipeline.statistics.intervals import Floats


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Return q-values: the smallest rate of false discoveries at which each test is still a discovery.

    Step-up of Benjamini and Hochberg 1995 (JRSS B 57:289): q(i) = min over j ≥ i of m·p(j)/j, at most 1. A test
    without a p-value (NaN) was not made: it counts in no m and stays NaN. The rate holds for independent and for
    positively dependent tests.
    """
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    if len(made):
        order = made[np.argsort(p[made], kind="stable")]
        steps = p[order] * len(order) / np.arange(1, len(order) + 1)
        q[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return q


def benjamini_hochberg_by(p_values: npt.ArrayLike, family: npt.NDArray[np.integer]) -> Floats:
    """Return q-values within each family of tests; `family` numbers the family of each test from 0."""
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    order = np.argsort(family, kind="stable")
    for block in np.split(order, np.flatnonzero(np.diff(family[order])) + 1):
        q[block] = benjamini_hochberg(p[block])
    return q
