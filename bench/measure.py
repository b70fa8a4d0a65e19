"""Time and memory of child processes, medians, and what documents hold. No project code here."""

import os
import re
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command. `peak_mb` is of the whole process tree where /proc tells (else of its largest process)."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    exit_code: int
    output: str

    @property
    def peak_text(self) -> str:
        """The peak in words: a process of a few milliseconds ends before it is looked at."""
        return f"{self.peak_mb:.0f}" if self.peak_mb else "—"


def run(command: list[str], env: dict[str, str], cwd: Path) -> Run:
    """Run a command to its end."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        watch = _TreeWatch(process.pid) if _PROC.is_dir() else None
        chunks: list[bytes] = []
        reader = threading.Thread(target=lambda: chunks.append(process.stdout.read()))
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
    # The kernel's own peak counts this process too (a child begins as its copy): only where /proc does not tell.
    peak = watch.stop() if watch else usage.ru_maxrss * (1024 if sys.platform != "darwin" else 1) / MB
    output = b"".join(chunks).decode("utf-8", "replace")
    # Workers that a fork server started are not waited for by the command: the watch counts them, the kernel does not.
    cpu = max(usage.ru_utime + usage.ru_stime, watch.cpu_seconds() if watch else 0.0)
    return Run(seconds, cpu, peak, process.returncode, output)


class _TreeWatch:
    """Samples the memory of a process and all its descendants: proportional set size, so shared pages count once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._ticks: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        pause = 0.01
        while not self._ended.wait(pause):
            pause = min(0.2, pause * 1.2)
            tree = _tree(self._pid)
            self._peak = max(self._peak, sum(_pss(pid) for pid in tree))
            self._ticks.update(tree)

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._peak

    def cpu_seconds(self) -> float:
        """CPU of all processes seen, each as of its last sample."""
        return sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")


def tree_memory(root: int) -> float:
    """Return the MB that a process and its descendants hold now: proportional set size."""
    return sum(_pss(pid) for pid in _tree(root))


def tree_cpu_seconds(root: int) -> float:
    """Return the CPU seconds of a process and its living descendants."""
    return sum(_tree(root).values()) / os.sysconf("SC_CLK_TCK")


def _tree(root: int) -> dict[int, int]:
    """Return a process and its descendants with their own CPU ticks."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parent = int(fields[1])
            except (OSError, IndexError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
            ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    found: dict[int, int] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found[pid] = ticks.get(pid, 0)
        waiting += parents.get(pid, [])
    return found


def _pss(pid: int) -> float:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match.group(1)) / 1024 if match else 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value: all runs of it."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, digits: int = 2) -> str:
        """Median (min–max, n)."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f}–{high:.{digits}f}; n={len(self.values)})"


def document_contents(folder: Path) -> dict[str, int]:
    """Count what the DOCX files of a folder hold, by their XML."""
    totals = {"documents": 0, "tables": 0, "rows": 0, "cells": 0, "charts": 0, "bytes": 0}
    for path in sorted(folder.rglob("*.docx")):
        with zipfile.ZipFile(path) as archive:
            xml = archive.read("word/document.xml")
        totals["documents"] += 1
        totals["bytes"] += path.stat().st_size
        for name, tag in (("tables", b"tbl"), ("rows", b"tr"), ("cells", b"tc"), ("charts", b"drawing")):
            totals[name] += len(re.findall(rb"<w:" + tag + rb"[ >]", xml))
    return totals


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return (inode, mtime) of every file: a rewritten file shows another pair."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def age_access_times(folder: Path) -> bool:
    """Set the access time of every file to 1970; return whether reading will show (not on a noatime mount)."""
    probe = folder / ".atime-probe"
    probe.write_text("x")
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(0, path.stat().st_mtime_ns))
    probe.read_text()
    shows = probe.stat().st_atime_ns > 0
    probe.unlink()
    return shows


def files_read_since(folder: Path) -> list[str]:
    """Return the files whose access time has moved since `age_access_times`."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_atime_ns > 0
    ]
