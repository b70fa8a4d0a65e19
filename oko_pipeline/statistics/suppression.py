"""Which groups of a public table to hide so that none of them can be worked out from what is shown.

The table: groups (rows) × categories of people's results, with the totals of the categories over all groups. A group is
shown or hidden as a whole. Primary: groups too small to show, and small ones in which everybody or nobody is in a
category. Complementary: more groups, the smallest first, until nobody who subtracts the shown groups from the totals
can narrow down a hidden one; where that cannot be reached, the totals are hidden.

Bounds of a hidden cell for somebody who even knows the sizes of the hidden groups are those of Fréchet: with the hidden
groups' totals R by category and N in all, x(u, c) lies in [max(0, R(c) - (N - n(u))), min(R(c), n(u))]. They are exact
for a two-way table (Dobra & Fienberg 2000, doi:10.1073/pnas.97.22.11885); the rule that such an interval must keep a
width is interval protection (Hundepool et al. 2012, Statistical Disclosure Control, 4.2).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHOWN: Final = "shown"
EMPTY: Final = "empty"
TOO_SMALL: Final = "too_small"
ONE_SIDED: Final = "one_sided"
COMPLEMENTARY: Final = "complementary"


@dataclass(frozen=True, slots=True)
class SuppressionOptions:
    """What a public table must keep.

    Attributes:
        minimum: smallest group that may be shown, people.
        one_sided_below: groups smaller than this are hidden when a category holds all of them or none of them.
        protection: fewest people by which the bounds of a hidden cell must differ (less where the group is smaller).
    """

    minimum: int = 10
    one_sided_below: int = 20
    protection: int = 2


@dataclass(frozen=True, slots=True)
class Suppression:
    """State of each group (shown, empty, too_small, one_sided or complementary), and whether the totals are shown."""

    states: tuple[str, ...]
    is_total_shown: bool

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Return a mask of the hidden groups."""
        return np.array([state not in (SHOWN, EMPTY) for state in self.states], dtype=bool)


def suppress(counts: NDArray[np.int64], options: SuppressionOptions) -> Suppression:
    """Choose the groups to hide.

    Args:
        counts: people by group and category, shape (groups, categories); categories do not overlap.
        options: what the table must keep.

    Raises:
        ValueError: for negative counts.
    """
    if counts.size and counts.min() < 0:
        raise ValueError("В таблице есть отрицательное число участников.")
    sizes = counts.sum(axis=1)
    states = [_primary_state(row, int(size), options) for row, size in zip(counts, sizes, strict=True)]
    hidden = np.array([state not in (SHOWN, EMPTY) for state in states], dtype=bool)
    is_total_shown = _may_show(counts.sum(axis=0), options)
    # Ties are broken by position, so that equal tables hide equal groups.
    waiting = sorted(np.flatnonzero(np.array(states) == SHOWN).tolist(), key=lambda group: (sizes[group], group))
    while is_total_shown and hidden.any() and not is_protected(counts, hidden, options):
        if not waiting:
            is_total_shown = False
            break
        group = waiting.pop(0)
        states[group] = COMPLEMENTARY
        hidden[group] = True
    if not is_total_shown:
        # Without the totals nothing follows from the shown groups: complementary hiding would be for nothing.
        states = [SHOWN if state == COMPLEMENTARY else state for state in states]
    return Suppression(tuple(states), is_total_shown)


def is_protected(counts: NDArray[np.int64], hidden: NDArray[np.bool_], options: SuppressionOptions) -> bool:
    """Tell whether the totals may stand beside the shown groups without giving the hidden ones away.

    A category that nobody of the whole table is in protects nothing and asks for nothing: the total itself says so.
    """
    inside = counts[hidden]
    if not len(inside):
        return True
    rest = inside.sum(axis=0)
    if len(inside) == 1 or rest.sum() < options.minimum:
        return False
    low, high = bounds(rest, inside.sum(axis=1))
    asked = np.minimum(options.protection, inside.sum(axis=1))[:, None]
    used = counts.sum(axis=0) > 0
    return bool(((high - low) >= asked)[:, used].all())


def bounds(rest: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest and highest possible counts of hidden groups, shape (groups, categories) each.

    Args:
        rest: totals of the hidden groups by category: the published totals less the shown groups.
        sizes: sizes of the hidden groups, as one who knows the schools may know them.
    """
    others = rest.sum() - sizes
    low = np.maximum(0, rest[None, :] - others[:, None])
    high = np.minimum(rest[None, :], sizes[:, None])
    return low, high


def _primary_state(row: NDArray[np.int64], size: int, options: SuppressionOptions) -> str:
    if size == 0:
        return EMPTY
    if size < options.minimum:
        return TOO_SMALL
    return SHOWN if _may_show(row, options) else ONE_SIDED


def _may_show(row: NDArray[np.int64], options: SuppressionOptions) -> bool:
    size = int(row.sum())
    is_one_sided = bool((row == 0).any() or (row == size).any())
    return size >= options.minimum and not (size < options.one_sided_below and is_one_sided)
