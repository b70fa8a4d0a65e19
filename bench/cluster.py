"""Reading and writing of a year in this process, in processes of this machine and on Dask clusters of 1, 2, 4 workers.

    python bench/cluster.py [--files 160] [--documents 240] [--runs 3] [--workers 1,2,4] [--kill]

Files of the sample are read into a restricted store and documents of schools are written, by the same `WorkerPool.map`.
The ways take turns; medians of wall and processor seconds (of all processes that take part, started and warm), and the
ratio to this process. Every run must leave the same bytes. Tasks that only wait show how the work spreads where no core
is free. With --kill a worker is killed (-9) in the middle of each
stage of a further run: what is lost, and how many tasks were done again.
"""
# ruff: noqa: PLC0415

import argparse
import hashlib
import importlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assets.pool_tasks import Draft, NoteBody, ReadTask, read_into_store, write_draft
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions
from oko_pipeline.reporting.word.render import Stamp
from resources.cluster import ClusterPlan
from resources.pool import WorkerPool
from resources.report_store import ReportStore
from tests.cluster.servers import ROOT, Cluster, running_cluster

_STAMP = Stamp(datetime(2026, 11, 22, 6, 10, tzinfo=UTC), "bench")
_LOG = "tries.log"
_WAITING = 120
_WAIT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Counted:
    """A task that tells of every try: who did it, in which process."""

    number: int
    folder: Path
    task: Any


def do_counted(counted: Counted) -> Any:
    """Do a task and say so."""
    with (counted.folder / _LOG).open("a") as log:
        log.write(f"{counted.number} {os.getpid()}\n")
    if isinstance(counted.task, float):
        return time.sleep(counted.task)
    return read_into_store(counted.task) if isinstance(counted.task, ReadTask) else write_draft(counted.task)


@dataclass(slots=True)
class Way:
    """A way of doing the work: its pool, and the processes that take part beside this one."""

    name: str
    pool: WorkerPool
    cluster: Cluster | None


@dataclass(slots=True)
class Stage:
    """What a stage of a run took: wall and processor seconds; tries of all tasks and of those that were repeated."""

    wall: float
    cpu: float
    tasks: int
    tries: int
    killed: bool


def _cpu(way: Way) -> float:
    """Return the processor seconds of this process and of those that work for it: its own or the cluster's."""
    own = psutil.Process()
    processes = {own.pid: own}
    if way.cluster is None:
        # Clusters are started by this process too: their session is another one.
        session = os.getsid(0)
        processes |= {one.pid: one for one in own.children(recursive=True) if _session(one.pid) == session}
    else:
        for started in way.cluster.processes:
            tree = psutil.Process(started.pid)
            processes |= {one.pid: one for one in (tree, *tree.children(recursive=True))}
    seconds = 0.0
    for one in processes.values():
        with suppress(psutil.NoSuchProcess):
            used = one.cpu_times()
            seconds += used.user + used.system
    return seconds


def _session(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return None


@contextmanager
def _killer(log: Path, after: int, *, kills: bool) -> Iterator[list[int]]:
    """Kill the worker that did the last task, once so many have been begun."""
    killed: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            lines = log.read_text().splitlines() if log.is_file() else []
            if len(lines) >= after and lines[-1].count(" ") == 1:
                pid = int(lines[-1].split()[1])
                if pid != os.getpid():
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                return

    thread = threading.Thread(target=watch)
    if kills:
        thread.start()
    try:
        yield killed
    finally:
        ended.set()
        if kills:
            thread.join()


def run_stage(way: Way, folder: Path, tasks: Sequence[Any], *, kills: bool) -> Stage:
    """Do the tasks of a stage and return what it took."""
    folder.mkdir(parents=True)
    items = [Counted(number, folder, task) for number, task in enumerate(tasks)]
    with _killer(folder / _LOG, len(tasks) // 2, kills=kills) as killed:
        started, cpu = time.perf_counter(), _cpu(way)
        results = list(way.pool.map(do_counted, items))
        wall, cpu = time.perf_counter() - started, _cpu(way) - cpu
    tries = Counter(int(line.split()[0]) for line in (folder / _LOG).read_text().splitlines())
    if len(results) != len(tasks) or len(tries) != len(tasks):
        raise SystemExit(f"{way.name}: потеряно заданий: {len(tasks) - len(results)}")
    return Stage(wall, cpu, len(tasks), sum(tries.values()), bool(killed))


def fingerprint(folder: Path) -> str:
    """Return a fingerprint of all files that a run left, but its own log."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _LOG:
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class Work:
    """The files and documents that every run reads and writes."""

    def __init__(self, folder: Path, files: int, documents: int) -> None:
        from documents import school_context

        from oko_pipeline.orchestration.sample_sources import source_jobs
        from oko_pipeline.sample.generate import SampleOptions, write_sample

        self._inbox = folder / "inbox"
        write_sample(self._inbox, SampleOptions(), further=source_jobs)
        listed = scan_inbox(self._inbox)
        step = max(1, len(listed) // files)
        self._files = listed[::step][:files]
        self._contexts = [school_context(number) for number in range(documents)]

    def reading(self, folder: Path) -> list[ReadTask]:
        """Return the tasks of reading into a store of this folder."""
        options = ReadOptions(b"a key for measuring only")
        return [ReadTask(self._inbox, file, options, folder / "restricted", "bench") for file in self._files]

    def writing(self, folder: Path) -> list[Draft]:
        """Return the tasks of writing documents into a store of this folder."""
        reports = ReportStore(folder / "reports")
        return [
            Draft(
                document_id=f"school_note:{number}", kind="school_note", campaign_code=None, unit_level="school",
                unit_code=f"edu{number}", title_ru="Справка", path=f"{number}.docx", content_sha256="", inputs="[]",
                body=NoteBody(context, _STAMP, None), reports=reports,
            )
            for number, context in enumerate(self._contexts)
        ]  # fmt: skip

    def run(self, way: Way, folder: Path, *, kills: bool = False) -> tuple[Stage, Stage, str]:
        """Read and write by a way; return both stages and the fingerprint of what was left."""
        shutil.rmtree(folder, ignore_errors=True)
        read = run_stage(way, folder / "read", self.reading(folder / "read"), kills=kills)
        written = run_stage(way, folder / "written", self.writing(folder / "written"), kills=kills)
        found = fingerprint(folder)
        shutil.rmtree(folder)
        return read, written, found


def measure(chosen: argparse.Namespace, folder: Path) -> None:
    """Let the ways take turns and print what they took."""
    work = Work(folder, chosen.files, chosen.documents)
    with ExitStack() as stack:
        ways = [Way("в этом процессе", WorkerPool(1), None)]
        ways.append(Way("2 процесса", stack.enter_context(closing(WorkerPool(2))), None))
        for count in (int(number) for number in chosen.workers.split(",")):
            cluster = stack.enter_context(running_cluster(folder / f"dask{count}", count, code=(ROOT, ROOT / "bench")))
            pool = WorkerPool(1, ClusterPlan(cluster.address, 120, folder).connect)
            ways.append(Way(f"Dask, узлов {count}", stack.enter_context(closing(pool)), cluster))
        taken: dict[str, list[tuple[Stage, Stage]]] = defaultdict(list)
        found = set()
        for number in range(chosen.runs + 1):
            for way in ways:
                read, written, left = work.run(way, folder / "out")
                found.add(left)
                # The first round warms the processes up.
                if number:
                    taken[way.name].append((read, written))
                    print(
                        f"  круг {number}: {way.name}: чтение {read.wall:.1f} с ({read.cpu:.1f} процессора), "
                        f"документы {written.wall:.1f} с ({written.cpu:.1f})",
                        flush=True,
                    )
        print(f"файлов {chosen.files}, документов {chosen.documents}, разных результатов: {len(found)}")
        if taken:
            _print(taken)
        print(f"{_WAITING} заданий, которые {_WAIT_SECONDS} с ждут (свободные ядра не нужны):")
        for way in ways:
            stage = run_stage(way, folder / "out" / "waiting", [_WAIT_SECONDS] * _WAITING, kills=False)
            print(f"{way.name:18} {stage.wall:6.1f} с, процессора {stage.cpu:.1f} с", flush=True)
            shutil.rmtree(folder / "out")
        if chosen.kill:
            for way in ways[1:]:
                _print_killed(way, work, folder / "out", found)


def _print(taken: dict[str, list[tuple[Stage, Stage]]]) -> None:
    base = 0.0
    for name, runs in taken.items():
        read, written = median(one.wall for one, _ in runs), median(one.wall for _, one in runs)
        cpu = median(one.cpu + other.cpu for one, other in runs)
        whole = median(one.wall + other.wall for one, other in runs)
        base = base or whole
        lost = sum(stage.tries - stage.tasks for run in runs for stage in run)
        print(
            f"{name:18} чтение {read:6.1f} с, документы {written:6.1f} с, вместе {whole:6.1f} с "
            f"(× {whole / base:.2f}), процессора {cpu:6.1f} с, повторено заданий {lost}"
        )


def _print_killed(way: Way, work: Work, folder: Path, found: set[str]) -> None:
    read, written, left = work.run(way, folder, kills=True)
    is_same = found == {left}
    again = ", ".join(f"{one.tries - one.tasks} из {one.tasks}" for one in (read, written))
    print(
        f"{way.name:18} убито процессов {read.killed + written.killed}: потеряно заданий 0, сделано заново {again}; "
        f"результат {'тот же' if is_same else 'ДРУГОЙ'}; чтение {read.wall:.1f} с, документы {written.wall:.1f} с",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=160)
    parser.add_argument("--documents", type=int, default=240)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--kill", action="store_true", help="also kill a worker in each stage")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        measure(chosen, Path(name))
    return 0


if __name__ == "__main__":
    # By the name under which a worker imports it: what is in `__main__` cannot travel.
    raise SystemExit(importlib.import_module("cluster").main())
