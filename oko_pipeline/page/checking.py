"""The immediate check of a sent file, in a process of its own: whatever a file does to the reader, the page goes on.

The check itself is passed in (the one of `oko check`): the page does not know how files are read.
"""

import hashlib
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

import pandas as pd

from oko_pipeline.catalogue.rules import rules

_MOST_SHOWN: Final = 200
_ORDER: Final = {"error": 0, "warning": 1, "note": 2}
_REFUSED: Final = frozenset({"refused", "unknown"})


class CheckedFile(Protocol):
    """What a check tells of a file or a member of an archive; `findings` are rows of `quality_findings`."""

    @property
    def status(self) -> str:
        """State of the file: accepted, refused, unknown, empty."""
        ...

    @property
    def layout_ru(self) -> str:
        """What the file is."""
        ...

    @property
    def school_year(self) -> str | None:
        """The year that the file names."""
        ...

    @property
    def accepted_rows_count(self) -> int:
        """Rows that would be taken."""
        ...

    @property
    def quarantined_rows_count(self) -> int:
        """Rows that would be put aside."""
        ...

    @property
    def owners(self) -> Sequence[str]:
        """Codes of the schools and municipalities whose rows it holds."""
        ...

    @property
    def findings(self) -> pd.DataFrame:
        """What is wrong in it."""
        ...


Check = Callable[[Path], Sequence[CheckedFile]]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong, as a person reads it."""

    severity: str
    place: str
    message: str
    value: str
    mend: str


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a file or a member of an archive."""

    status: str
    layout_ru: str
    school_year: str
    accepted_count: int
    quarantined_count: int
    counts: dict[str, int]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The check of a sent file. `why` tells in Russian why it is not taken; empty when it is."""

    file_sha256: str = ""
    parts: tuple[Part, ...] = ()
    owners: tuple[str, ...] = ()
    annotated: bytes | None = field(default=None, repr=False)
    why: str = ""

    def kept(self) -> dict[str, Any]:
        """Return what is remembered of the check."""
        told = asdict(self)
        told.pop("annotated")
        return told


class CheckRoom:
    """Checks one file at a time in a worker process; a worker that dies or takes too long is replaced."""

    def __init__(self, check: Check, seconds: int) -> None:
        self._check = check
        self._seconds = seconds
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None

    def outcome(self, path: Path) -> Outcome:
        """Return what the check says; never raises for a bad file."""
        with self._lock:
            try:
                return self._worker().submit(run_check, self._check, path).result(timeout=self._seconds)
            except TimeoutError:
                self._replace()
                return Outcome(why="Проверка файла заняла слишком много времени: файл не принят.")
            except BrokenProcessPool:
                self._replace()
                return Outcome(why="Проверка файла оборвалась: файл слишком велик или повреждён и не принят.")

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._replace()

    def _worker(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self._pool

    def _replace(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        workers = list((pool._processes or {}).values())  # noqa: SLF001
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()


def run_check(check: Check, path: Path) -> Outcome:
    """Check a file in this process; the worker's entry."""
    # Writing marks into cells needs openpyxl, which only the worker shall load.
    from oko_pipeline.validation.annotate import annotate_workbook  # noqa: PLC0415

    found = check(path)
    parts = tuple(_part(one) for one in found)
    owners = tuple(sorted({owner for one in found for owner in one.owners}))
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    refused = not parts or all(part.status in _REFUSED for part in parts)
    annotated = None
    if len(found) == 1 and len(found[0].findings) and found[0].status not in _REFUSED:
        annotated = annotate_workbook(path, found[0].findings)
    return Outcome(sha, parts, owners, annotated, _refusal(parts) if refused else "")


def _refusal(parts: Sequence[Part]) -> str:
    told = [remark.message for part in parts for remark in part.remarks if remark.severity == "error"]
    return told[0] if told else "В файле не узнать ни одной формы и ни одного протокола: файл не принят."


def _part(found: CheckedFile) -> Part:
    rows = found.findings
    counts = {str(name): int(count) for name, count in rows["severity"].value_counts().items()}
    order = rows["severity"].map(_ORDER)
    shown = rows.assign(gravity=order).sort_values(["gravity", "rule_id", "row"], kind="stable").head(_MOST_SHOWN)
    plain = shown.astype(object).where(shown.notna(), None).to_dict("records")
    return Part(
        found.status,
        found.layout_ru,
        found.school_year or "",
        found.accepted_rows_count,
        found.quarantined_rows_count,
        counts,
        tuple(_remark({str(name): value for name, value in row.items()}) for row in plain),
    )


def _remark(row: dict[str, Any]) -> Remark:
    known = rules().get(str(row["rule_id"]))
    place = ", ".join(str(part) for part in (row["sheet"], row["cell"]) if part)
    message = str(row["message"] or (known.title_ru if known else row["rule_id"]))
    return Remark(str(row["severity"]), place, message, str(row["value"] or ""), str(row["mend"] or ""))
