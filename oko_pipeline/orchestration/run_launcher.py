"""Dagster's launcher of runs in processes of this machine, able to tell that the process of a run is gone.

A run whose process was killed with everything around it (a power cut, `kill -9` of the service) says that it is under
way for ever, and its school year waits for it. Dagster's own launcher cannot tell; the events of a run name its
process, those of runs at the command line too.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Final

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

_PROC: Final = Path("/proc")
_PATIENCE_SECONDS: Final = 60.0
"""A process writes its first event some time after it began."""
HOST_TAG: Final = "oko/host"
"""Tag of runs at the command line: on which machine the process is."""


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does by default; run monitoring can ask it whether the process of a run lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Tell run monitoring to ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Tell whether the process of a run lives; a run of another machine, or without a process yet, is let be."""
        host = run.tags.get(HOST_TAG)
        if host is not None and host != socket.gethostname():
            return CheckRunHealthResult(WorkerStatus.RUNNING, "Запуск другого компьютера.")
        found = process_of(self._instance, run.run_id)
        if found is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "Процесс запуска ещё не назвал себя.")
        pid, named_at = found
        if is_alive(pid, named_at):
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(pid))
        return CheckRunHealthResult(WorkerStatus.FAILED, f"Процесса запуска ({pid}) больше нет.")


def process_of(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """Return the number of the process that executes a run, and when it named itself (seconds since the epoch)."""
    last: tuple[int, float] | None = None
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        metadata = entry.dagster_event.engine_event_data.metadata if entry.dagster_event is not None else {}
        value = str(getattr(metadata.get("pid"), "value", ""))
        if value.isdigit():
            last = (int(value), entry.timestamp)
    return last


def is_alive(pid: int, named_at: float) -> bool:
    """Tell whether a process lives and is the one that named itself then: numbers are given again after a restart."""
    if sys.platform == "win32":
        # Signal 0 ends a process there; nothing else of the standard library tells.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = _PROC / str(pid) / "stat"
    try:
        state = status.read_text("utf-8").rpartition(")")[2].split()[0]
        began = status.parent.stat().st_ctime
    except (OSError, IndexError):
        return True
    return state != "Z" and began <= named_at + _PATIENCE_SECONDS
