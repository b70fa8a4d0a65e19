"""What the tests let workers do: importable on a worker, so that it travels by name."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """A number to be doubled; `once` is a file whose absence kills the worker, `is_poison` kills it every time."""

    number: int
    folder: Path
    secret: bytes = b""
    kills_once: bool = False
    is_poison: bool = False
    seconds: float = 0.0

    @property
    def name_ru(self) -> str:
        return f"файл «{self.number}.xlsx»"


def double(job: Job) -> int:
    """Leave a trace of every try, then work, fail or die."""
    mark = job.folder / f"{job.number}.died"
    with (job.folder / "tries.log").open("a") as log:
        log.write(f"{job.number} {os.getpid()}\n")
    if job.is_poison or (job.kills_once and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(job.seconds)
    if job.number < 0:
        raise ValueError(f"отрицательное число {job.number}")
    return job.number * 2


def where_i_am(_: int) -> tuple[int, str]:
    """Return the process and its working folder."""
    return os.getpid(), str(Path.cwd())
