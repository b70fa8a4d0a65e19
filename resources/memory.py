"""What steps of a run keep for each other: named by what it was made from, so that nothing outdated is taken."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

Thing = TypeVar("Thing")
MOST_CELLS: Final = 60_000_000
"""About 1.5 GB of values of Python: the tables that most documents of a region of 640 schools read."""


class Memory:
    """Keeps what was made last, up to a size; what is larger is made again each time."""

    def __init__(self, most: int = MOST_CELLS) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def kept(self, made_from: Hashable | None, make: Callable[[], tuple[Thing, int]]) -> Thing:
        """Return what is kept under a name, made at first use.

        Args:
            made_from: all that the thing depends on; None when that is not known: then nothing is kept.
            make: makes the thing and tells its size in cells.
        """
        if made_from is not None and made_from in self._kept:
            self._kept.move_to_end(made_from)
            thing: Thing = self._kept[made_from][0]
            return thing
        thing, size = make()
        if made_from is not None and size <= self._most:
            self._kept[made_from] = (thing, size)
            while sum(cells for _, cells in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return thing

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
