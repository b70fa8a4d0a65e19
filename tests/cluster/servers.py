"""A real scheduler and real worker processes on this machine, in a working folder of their own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 90


def _environment(folder: Path, code: Sequence[Path]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OKO_", "DASK_"))}
    return kept | {
        "PYTHONPATH": os.pathsep.join(str(path) for path in code),
        "PYTHONWARNINGS": "ignore",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__DISK": "false",
    }


@dataclass
class Cluster:
    """A scheduler, its address, and the processes started for it."""

    folder: Path
    code: Sequence[Path] = (ROOT,)
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self.folder,
                env=_environment(self.folder, self.code),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_scheduler(self, *words: str) -> None:
        process = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *words, log="scheduler.log"
        )
        self.address = self._told("scheduler.log", r"Scheduler at:\s+(\S+)", process)

    def start_worker(self, *words: str, log: str = "worker.log") -> subprocess.Popen[bytes]:
        process = self.start(
            "worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
            "--local-directory", str(self.folder), *words, log=log,
        )  # fmt: skip
        self._told(log, r"Registered to:\s+(\S+)", process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("*.log")))

    def _told(self, log: str, pattern: str, process: subprocess.Popen[bytes]) -> str:
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends and process.poll() is None:
            if found := re.search(pattern, (self.folder / log).read_text("utf-8", "replace")):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"{log}:\n{(self.folder / log).read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        for process in reversed(self.processes):
            stop(process)
        self.processes.clear()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it started: its group is its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_PATIENCE)


@contextmanager
def running_cluster(folder: Path, workers: int, *words: str, code: Sequence[Path] = (ROOT,)):
    """Yield a scheduler with so many workers, each watched by its nanny; `code` is where they import from."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(folder, code)
    try:
        cluster.start_scheduler(*words)
        if workers:
            cluster.start_worker("--nworkers", str(workers), *words)
        yield cluster
    finally:
        cluster.stop()
