"""The worker pool: heavy loops go through it and know nothing of processes, machines or clusters."""

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Worker processes start with these imported once in the fork server; below so many items starting them costs more.
_PRELOAD: Final = ["assets.pool_tasks"]
_FEWEST_ITEMS: Final = 12
_AHEAD: Final = 4


def _each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]


class WorkerPool:
    """Maps a picklable function over items, in worker processes when there is enough to do.

    The processes are started at first need and serve until `close`: starting them costs seconds of imports.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._executor: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield `function(item)` for each item, in the order of the items.

        A failure of one item is raised at its place; the items before it have been yielded.
        """
        if self._workers == 1 or len(items) < _FEWEST_ITEMS:
            yield from map(function, items)
            return
        size = max(1, min(8, len(items) // (self._workers * 8)))
        chunks = iter([items[start : start + size] for start in range(0, len(items), size)])
        processes = self._processes()
        # Only so much is begun ahead: results that nobody has taken yet are held in memory.
        begun = deque(processes.submit(_each, function, chunk) for chunk in islice(chunks, _AHEAD * self._workers))
        try:
            while begun:
                made = begun.popleft().result()
                begun.extend(processes.submit(_each, function, chunk) for chunk in islice(chunks, 1))
                yield from made
        finally:
            for one in begun:
                one.cancel()

    def _processes(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Forking a process that runs threads (Dagster, Arrow) can deadlock; the fork server is started clean.
            method = "spawn" if sys.platform == "win32" else "forkserver"
            context = multiprocessing.get_context(method)
            if method == "forkserver":
                context.set_forkserver_preload(_PRELOAD)
            self._executor = ProcessPoolExecutor(self._workers, mp_context=context)
        return self._executor

    def close(self) -> None:
        """End the worker processes; the pool may be used again."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None
