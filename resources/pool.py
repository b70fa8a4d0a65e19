"""The worker pool: heavy loops go through it and know nothing of processes, machines or clusters."""

import logging
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from oko_pipeline.errors import WorkersError
from resources.parcel import Made, do_each

Item = TypeVar("Item")
Result = TypeVar("Result")

# Worker processes start with these imported once in the fork server; below so many items starting them costs more.
_PRELOAD: Final = ["assets.pool_tasks"]
_FEWEST_ITEMS: Final = 12
_AHEAD: Final = 4
_LARGEST_PART: Final = 8

_log = logging.getLogger(__name__)


class WorkerLostError(Exception):
    """A worker process died with this part of the work, perhaps because of it and perhaps of its neighbour."""


class Begun(Protocol):
    """A part of the work that workers have been given."""

    def take(self) -> Made:
        """Wait for the part; raises `WorkerLostError`, or `WorkersError` when there are no workers any more."""
        ...

    def settle(self) -> None:
        """Wait until the part is done or lost, whichever."""
        ...

    def is_lost(self) -> bool:
        """Tell whether the part has to be begun anew, as far as is known now."""
        ...

    def cancel(self) -> None:
        """Give the part up."""
        ...


class Workers(Protocol):
    """Processes that do parts of the work: of this machine or of a cluster."""

    tries_alone: int
    """How often an item that was there when workers died is tried alone before it is blamed."""

    @property
    def width(self) -> int:
        """Return how many processes work at once."""
        ...

    def begin(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Begun:
        """Give a part of the work to the workers."""
        ...

    def close(self) -> None:
        """End the processes that were started here, or leave those of a cluster."""
        ...


class WorkerPool:
    """Maps a picklable function over items, in worker processes when there is enough to do.

    The processes are started at first need and serve until `close`: starting them costs seconds of imports.

    Args:
        workers: processes of this machine; 1 does everything in this process.
        cluster: makes the connection to a cluster, which then does the work instead of this machine's processes.
    """

    def __init__(self, workers: int, cluster: Callable[[], Workers] | None = None) -> None:
        self._count = max(1, workers)
        self._cluster = cluster
        self._workers: Workers | None = None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield `function(item)` for each item, in the order of the items.

        A failure of one item is raised at its place; the items before it have been yielded. Items whose worker was
        killed are done again by another one; one that kills its worker every time is named by a `WorkersError`.
        """
        if (self._count == 1 and self._cluster is None) or len(items) < _FEWEST_ITEMS:
            yield from map(function, items)
            return
        work = _Work(self._opened(), function, items)
        try:
            while (made := work.next()) is not None:
                yield from made.results
                if made.error is not None:
                    raise made.error
        finally:
            work.cancel()

    def _opened(self) -> Workers:
        if self._workers is None:
            self._workers = Processes(self._count) if self._cluster is None else self._cluster()
        return self._workers

    def close(self) -> None:
        """End the worker processes; the pool may be used again."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None


class _Work:
    """One `map`: its parts in their order, so many of them begun ahead of the reader."""

    def __init__(self, workers: Workers, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._workers = workers
        self._function = function
        self._items = items
        self._size = max(1, min(_LARGEST_PART, len(items) // (workers.width * 8)))
        self._waiting = deque(range(0, len(items), self._size))
        self._begun: deque[tuple[int, Begun]] = deque()

    def next(self) -> Made | None:
        """Return what came of the next part; None after the last."""
        self._begin_ahead()
        if not self._begun:
            return None
        start, part = self._begun.popleft()
        try:
            made = part.take()
        except WorkerLostError:
            made = self._one_by_one(start)
        # Begun before the results are handed out: the workers need not wait for the reader.
        self._begin_ahead()
        return made

    def _begin_ahead(self) -> None:
        # Only so much is begun ahead: results that nobody has taken yet are held in memory.
        while self._waiting and len(self._begun) < _AHEAD * self._workers.width:
            start = self._waiting.popleft()
            self._begun.append((start, self._begin(start)))

    def _begin(self, start: int) -> Begun:
        return self._workers.begin(self._function, self._items[start : start + self._size])

    def _one_by_one(self, start: int) -> Made:
        """Do a lost part again, item by item and with nothing beside it, so that the one that kills is found."""
        _log.warning("Потерян рабочий процесс: часть работы (%s) выполняется заново.", self._function.__name__)
        for _, part in self._begun:
            part.settle()
        results: list[Any] = []
        for number in range(start, min(start + self._size, len(self._items))):
            made = self._alone(number)
            results += made.results
            if made.error is not None:
                return Made(results, made.error)
        self._begun = deque((at, self._begin(at) if part.is_lost() else part) for at, part in self._begun)
        return Made(results)

    def _alone(self, number: int) -> Made:
        for _ in range(self._workers.tries_alone):
            try:
                return self._workers.begin(self._function, [self._items[number]]).take()
            except WorkerLostError:
                continue
        name = getattr(self._items[number], "name_ru", f"задание № {number + 1} из {len(self._items)}")
        return Made(
            [],
            WorkersError(
                f"Рабочий процесс каждый раз погибает на одном и том же: {name} ({self._function.__name__}). "
                "Обычно не хватает памяти: дайте рабочим процессам больше или уберите этот файл из входящей папки."
            ),
        )

    def cancel(self) -> None:
        """Give up what nobody will take any more."""
        for _, part in self._begun:
            part.cancel()


class Processes:
    """Worker processes of this machine."""

    tries_alone: int = 2

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor: ProcessPoolExecutor | None = None

    @property
    def width(self) -> int:
        """Return the number of processes."""
        return self._count

    def begin(self, function: Callable[[Any], Any], items: Sequence[Any]) -> "_LocalPart":
        """Give a part to the processes; those of which one died are started anew."""
        if self._executor is None:
            self._executor = self._start()
        try:
            return _LocalPart(self._executor.submit(do_each, function, items))
        except BrokenExecutor:
            self._executor.shutdown()
            self._executor = self._start()
            return _LocalPart(self._executor.submit(do_each, function, items))

    def _start(self) -> ProcessPoolExecutor:
        # Forking a process that runs threads (Dagster, Arrow) can deadlock; the fork server is started clean.
        method = "spawn" if sys.platform == "win32" else "forkserver"
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(_PRELOAD)
        return ProcessPoolExecutor(self._count, mp_context=context)

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None


class _LocalPart:
    """A part that processes of this machine do."""

    def __init__(self, future: Future[Made]) -> None:
        self._future = future

    def take(self) -> Made:
        try:
            return self._future.result()
        except BrokenExecutor as error:
            raise WorkerLostError from error

    def settle(self) -> None:
        if not self._future.cancelled():
            self._future.exception()

    def is_lost(self) -> bool:
        return self._future.done() and isinstance(self._future.exception(), BrokenExecutor)

    def cancel(self) -> None:
        self._future.cancel()
