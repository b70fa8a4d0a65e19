"""Faults of every kind over a small school year: what is found after each, and whether one more run mends it.

    python bench/faults.py [--only kill,disk,…] [--points 60] [--random 8] [--keep]

A parent imports everything once and forks a child a run, so that a run costs seconds. The calls that write are wrapped
in the child: nothing in the program knows of it. Each point begins from a copy of the data folder as it stood at its
stage; after the fault the year is run once more and compared with an undisturbed run: all rows, all files, byte for
byte. Prints a table, and `recovered N of N` last.
"""

# ruff: noqa: ARG001, BLE001, C901, E501, PLC0415, SLF001 (calls of the program are wrapped from outside, in children)

import argparse
import contextlib
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

YEAR = "2020-2021"
KINDS = (
    "municipality_note,school_note,school_passport,school_passport_annex,public_report,annotated_workbook,"
    "quality_letter"
)
SUBJECTS = ("физик",)
NOW = datetime(2021, 12, 1, 10, tzinfo=UTC)
VOLATILE_TABLES = {"data_access_log"}
"""A log of acts: an act that was done twice is told twice, and what was judged of the log has its fingerprint."""
LOOKS_BACK = "'roadmap_execution@made_from'"
"""What the execution of duties was judged by: the documents that stood when the run began. Its rows are compared."""
VOLATILE_COLUMNS = {"run_id", "checked_at", "written_at", "rendered_at"}
HISTORY = {"quality_results"}
"""A check that was judged once more with the same outcome is told once more."""
OF_FILES = re.compile(r"'(accessible|profile|no_harm_in)_")
"""What was judged of documents: by the SHA-256 of their files."""
ENVIRONMENT = {
    "OKO_PSEUDONYM_KEY": "a key for benchmarks only, not a secret",
    "OKO_WORKERS": "1",
    "OKO_DOCUMENTS": KINDS,
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "COLUMNS": "200",
}


# --- what is wrapped in a child -----------------------------------------------------------------------------------


def stage_now() -> str:
    """Return the module of assets or checks that is at work, else of orchestration or storage."""
    frame, outer = sys._getframe(1), "run"
    while frame is not None:
        path = frame.f_code.co_filename
        if "/checks/" in path or "/assets/" in path:
            name = Path(path).stem
            if name not in ("inputs", "document_issue", "pool_tasks", "access_log", "same_rows", "factory", "metadata"):
                return name if "/assets/" in path else "checks"
        if outer == "run" and "/orchestration/" in path:
            outer = Path(path).stem
        if outer == "run" and "/migrations/" in path:
            outer = "migrations"
        frame = frame.f_back
    return outer


def kind_of_file(path: Any) -> str:
    parts, name = Path(path).parts, Path(path).name
    for folder in ("works", "fragments", "records", "flags", "infos", "support", ".figures", ".judged", "state"):
        if folder in parts:
            return folder
    end = name.removesuffix(".partial").rsplit(".", 1)[-1]
    return end if end in ("docx", "xlsx", "html", "json", "sqlite", "txt") else "file"


Point = tuple[str, str, str, int]
"""Stage, kind of call, what it writes, and which of such calls in a run."""


@dataclass
class Injector:
    """Counts the calls that write; at the chosen one it acts: kills, fails, or copies the home."""

    act: Callable[[Point], None]
    counts: Counter = field(default_factory=Counter)
    log: list[Point] = field(default_factory=list)

    def event(self, kind: str, what: str) -> None:
        key = (stage_now(), kind, what)
        self.counts[key] += 1
        point = (*key, self.counts[key])
        self.log.append(point)
        self.act(point)

    def install(self) -> None:
        import pyarrow.parquet as pq
        from sqlalchemy.engine.default import DefaultDialect

        from assets import document_issue, pool_tasks
        from oko_pipeline.storage import database

        event = self.event
        replace, commit, write_table = os.replace, DefaultDialect.do_commit, pq.write_table
        write_bytes, write_text, unlink = Path.write_bytes, Path.write_text, Path.unlink
        insert, enter = database.insert_frame, document_issue._enter

        def own_replace(source, target, **options):
            event("rename before", kind_of_file(target))
            replace(source, target, **options)
            event("rename after", kind_of_file(target))

        def own_commit(dialect, connection):
            what = database_of(connection)
            event("commit before", what)
            commit(dialect, connection)
            event("commit after", what)

        def halved(path, write):
            write()
            whole = Path(path).stat().st_size
            with Path(path).open("rb") as stream:
                content = stream.read()
            os.truncate(path, whole // 2)
            event("half written", kind_of_file(path))
            with Path(path).open("wb") as stream:
                stream.write(content)

        def own_table(table, where, *args, **options):
            halved(where, lambda: write_table(table, where, *args, **options))

        def own_bytes(path, content):
            halved(path, lambda: write_bytes(path, content))
            return len(content)

        def own_text(path, text, *args, **options):
            halved(path, lambda: write_text(path, text, *args, **options))
            return len(text)

        def own_unlink(path, *args, **options):
            event("unlink before", kind_of_file(path))
            unlink(path, *args, **options)

        def own_insert(connection, table, frame):
            insert(connection, table, frame)
            if len(frame):
                event("rows inserted", "sql")

        def own_enter(workplace, school_year, written):
            event("file before row", "documents")
            enter(workplace, school_year, written)

        os.replace, DefaultDialect.do_commit, pq.write_table = own_replace, own_commit, own_table
        Path.write_bytes, Path.write_text, Path.unlink = own_bytes, own_text, own_unlink
        database.insert_frame, document_issue._enter = own_insert, own_enter
        for body in (pool_tasks.NoteBody, pool_tasks.AnnotationBody):
            wrap_content(body, event)


def wrap_content(body, event):
    content = body.content

    def own(self, kind):
        event("rendering", kind)
        return content(self, kind)

    body.content = own


def database_of(connection) -> str:
    raw = getattr(connection, "driver_connection", None) or getattr(connection, "dbapi_connection", connection)
    if not isinstance(raw, sqlite3.Connection):
        return "server"
    path = raw.execute("PRAGMA database_list").fetchone()[2]
    return "sql" if path.endswith("oko.sqlite") else "dagster"


def kill(_point=None):
    os.kill(os.getpid(), signal.SIGKILL)


# --- runs in children ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """How a child ended: `code` is negative for a signal."""

    code: int
    text: str

    @property
    def is_told(self) -> bool:
        """Tell whether a person got a message in Russian and no traceback."""
        return self.code != 0 and "Traceback" not in self.text and bool(re.search("[А-Яа-я]{4}", self.text))

    @property
    def line(self) -> str:
        told = [line.strip() for line in self.text.splitlines() if re.search("[А-Яа-я]{4}", line)]
        told = [line for line in told if "учебный год" not in line and not re.match("[│┃┏└├]", line)]
        return " ".join(told)[:160]


def preload() -> None:
    """Import once what every run needs, and make what it makes of the catalogue."""
    import warnings

    import dagster as dg

    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    import docxtpl  # noqa: F401
    import great_expectations  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import openpyxl  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn  # noqa: F401
    import statsmodels.api  # noqa: F401
    import xlsxwriter  # noqa: F401

    import oko_pipeline.cli.app
    import oko_pipeline.orchestration.backup
    import oko_pipeline.orchestration.erasure
    import oko_pipeline.orchestration.notices  # noqa: F401
    from oko_pipeline.orchestration.build import build_defs
    from oko_pipeline.orchestration.year_run import _PACKAGES
    from oko_pipeline.storage.schema import build_metadata
    from oko_pipeline.versions import code_fingerprint

    build_metadata()
    code_fingerprint(*_PACKAGES)
    build_defs().resolve_job_def("annual_cycle")


def start(scene: "Scene", body: Callable[[], int | None], name: str = "child") -> tuple[int, Path]:
    """Fork a child that does `body` with the scene's environment; return its pid and the file of what it said."""
    said = scene.folder / f"{name}.txt"
    pid = os.fork()
    if pid:
        return pid, said
    code = 1
    try:
        os.setpgid(0, 0)
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.environ.update(scene.environment)
        pin_clock(NOW)
        code = body() or 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def wait(pid: int, said: Path) -> Ended:
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    return Ended(os.waitstatus_to_exitcode(status), said.read_text("utf-8", "replace"))


def pin_clock(moment: datetime) -> None:
    """Let the program's clock stand at a moment."""
    from resources import clock

    defaults = list(clock.Clock.__init__.__defaults__ or ())
    clock.Clock.__init__.__defaults__ = tuple((lambda: moment) for _ in defaults)


def oko(*words: str) -> int:
    """Run a command of `oko` in this process."""
    from oko_pipeline.cli import app

    sys.argv = ["oko", *words]
    app.main()
    return 0


@dataclass
class Scene:
    """A data folder, always at one place, and copies of it at moments of an undisturbed run."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ("run", YEAR)
    images: Path | None = None
    shared_inbox: Path | None = None

    @property
    def inbox(self) -> Path:
        """Return the inbox, outside the home: a file that was copied is another file to the program."""
        return self.shared_inbox or self.folder / "inbox"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def image(self, name: str) -> Path:
        return (self.images or self.folder / "images") / name

    def keep(self, name: str) -> None:
        copy_tree(self.home, self.image(name))

    def put(self, name: str) -> None:
        copy_tree(self.image(name), self.home)

    def do(self, body: Callable[[], int | None], name: str = "child") -> Ended:
        return wait(*start(self, body, name))

    def run(self, act: Callable | None = None, *words: str) -> Ended:
        """Run the year (or another command); `act` is called at every call that writes."""

        def body() -> int:
            if act is not None:
                Injector(act).install()
            return oko(*(words or self.words))

        return self.do(body)


def copy_tree(source: Path, target: Path) -> None:
    remove_tree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def remove_tree(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


# --- comparison ---------------------------------------------------------------------------------------------------


def rows_of(path: Path, *, by_content: bool = False) -> dict[str, list[str]]:
    """Return all rows of a SQLite database by table, without what is volatile, as sorted texts.

    `by_content`: without what a document's file alone says: the hour of its issue stands in it.
    """
    volatile = VOLATILE_COLUMNS | ({"file_sha256"} if by_content else set())
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as connection:
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise ValueError("повреждена база")
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        for name in sorted(set(names) - VOLATILE_TABLES):
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            hidden = volatile if name.startswith("document") else VOLATILE_COLUMNS
            asked = ", ".join(f'"{column}"' for column in columns if column not in hidden)
            rows = [repr(row) for row in connection.execute(f'SELECT {asked} FROM "{name}"')]
            left_out = (LOOKS_BACK, *(f"_{one}'" for one in VOLATILE_TABLES))
            found[name] = sorted(row for row in rows if not any(one in row for one in left_out))
            if name in HISTORY:
                found[name] = sorted(set(found[name]))
            if name == "slices" and by_content:
                found[name] = [row for row in found[name] if not OF_FILES.search(row)]
    return found


def files_of(home: Path, *, by_content: bool = False) -> dict[str, str]:
    """Return SHA-256 of every file of the stores by path; of documents `by_content` only that they stand; the page of quality tells its hour too."""
    found: dict[str, str] = {}
    for part in ("reports", "restricted", "state"):
        for path in sorted((home / part).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix == ".gz":
                    # One that is still cut is another file, and no fault of the bench.
                    with contextlib.suppress(EOFError, OSError, zlib.error):
                        content = gzip.decompress(content)
                # Times of files stand in the state; that it is there is what counts.
                says = part != "state" and not (
                    by_content and (path.suffix in (".docx", ".html") or ".judged" in path.parts)
                )
                own = "" if not says else hashlib.sha256(content).hexdigest()
                found[path.relative_to(home).as_posix()] = own
    return {path: digest for path, digest in found.items() if not path.endswith(".lock")}


def register_faults(home: Path) -> list[str]:
    """Return where the register of documents and the files on the disk disagree."""
    faults = []
    with closing(sqlite3.connect(home / "oko.sqlite")) as connection:
        query = (
            "SELECT d.path, d.file_sha256, d.is_restricted, d.pack_path, i.file_sha256, d.issue_number, "
            "(SELECT max(issue_number) FROM document_issues x WHERE x.school_year = d.school_year "
            "AND x.document_id = d.document_id) FROM documents d LEFT JOIN document_issues i ON "
            "i.school_year = d.school_year AND i.document_id = d.document_id AND i.issue_number = d.issue_number"
        )
        for path, digest, closed, pack, issued, number, last in connection.execute(query):
            root = home / "restricted" / "documents" if closed else home / "reports"
            file = root / path
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                faults.append(f"документ не тот: {path}")
            if issued != digest or number != last:
                faults.append(f"выпуск не тот: {path}")
            if pack and not (root / pack).is_file():
                faults.append(f"нет книги: {pack}")
    return faults


@dataclass(frozen=True)
class State:
    """All that an undisturbed run left; `again`: and one more run after it.

    How duties are executed is judged by the documents that stand: a second run sees those of the first. What a fault
    and a second run leave may be as after either.
    """

    rows: dict[str, list[str]]
    files: dict[str, str]
    again: "State | None" = None

    @classmethod
    def of(cls, home: Path, *, by_content: bool = False) -> "State":
        return cls(rows_of(home / "oko.sqlite", by_content=by_content), files_of(home, by_content=by_content))

    def has_rows(self, name: str, rows: list[str] | None) -> bool:
        return rows == self.rows.get(name) or (self.again is not None and self.again.has_rows(name, rows))

    def has_file(self, path: str, digest: str) -> bool:
        return digest == self.files.get(path) or (self.again is not None and self.again.has_file(path, digest))


def differences(home: Path, wanted: State, *, by_content: bool = False) -> list[str]:
    """Return what differs from an undisturbed run, in words."""
    try:
        found = State.of(home, by_content=by_content)
    except (sqlite3.Error, ValueError, OSError) as error:
        return [f"не читается: {error}"]
    told = [
        f"таблица {name}: −{len(set(rows) - set(found.rows.get(name, [])))} "
        f"+{len(set(found.rows.get(name, [])) - set(rows))} "
        f"({', '.join(sorted(set(rows) ^ set(found.rows.get(name, []))))[:150]})"
        for name, rows in wanted.rows.items()
        if not wanted.has_rows(name, found.rows.get(name))
    ]
    told += [f"лишняя таблица {name}" for name in found.rows.keys() - wanted.rows.keys()]
    told += [f"нет файла {path}" for path in wanted.files.keys() - found.files.keys()]
    told += [f"лишний файл {path}" for path in found.files.keys() - wanted.files.keys()]
    told += [f"другой файл {p}" for p in wanted.files if p in found.files and not wanted.has_file(p, found.files[p])]
    return told + register_faults(home)


# --- the table ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    group: str
    point: str
    stage: str
    found: str
    recovered: bool


class Table:
    """Prints a line as soon as it is known."""

    def __init__(self, first: int = 0) -> None:
        self.rows: list[Row] = []
        self.first = first

    def add(self, group: str, point: str, stage: str, found: str, *, recovered: bool) -> None:
        row = Row(group, point, stage, found, recovered)
        self.rows.append(row)
        found = re.sub(r"\s+", " ", found)[:230]
        print(
            f"{self.first + len(self.rows):4} | {group} | {point} | {stage} | {found} | {'да' if recovered else 'НЕТ'}",
            flush=True,
        )


def prepare(scene: Scene) -> tuple[State, list[Point]]:
    """Make the sample and run the year undisturbed; return what it left and all calls that wrote."""
    from oko_pipeline.sample.generate import SampleOptions, write_sample

    inbox = scene.inbox
    write_sample(inbox, SampleOptions(schools=3, school_years=(YEAR,)))
    for path in sorted(inbox.rglob("*")):
        relative = path.relative_to(inbox).as_posix().lower()
        is_kept = any(subject in relative for subject in SUBJECTS) and not re.search(r"/(8|11)/", relative)
        if path.is_file() and relative.startswith(("vpr", "task_desc", "analytics")) and not is_kept:
            path.unlink()
    scene.home.mkdir()
    scene.keep("fresh")
    points = record(scene, lambda _point: None)
    scene.keep("done")
    once = State.of(scene.home)
    shutil.rmtree(scene.home / "state")
    if (ended := scene.run()).code not in (0, 3):
        raise SystemExit(f"a second undisturbed run failed: {ended.code}\n{ended.text}")
    return State(once.rows, once.files, State.of(scene.home)), points


def record(scene: Scene, act: Callable[[Point], None]) -> list[Point]:
    """Run the year from the start with `act` called at every call that writes; return these calls."""
    scene.put("fresh")
    log = scene.folder / "log.json"

    def body() -> int:
        injector = Injector(act)
        injector.install()
        try:
            return oko(*scene.words)
        finally:
            log.write_text(json.dumps(injector.log))

    ended = scene.do(body)
    if ended.code not in (0, 3):
        raise SystemExit(f"an undisturbed run failed: {ended.code}\n{ended.text}")
    return [tuple(point) for point in json.loads(log.read_text())]


def choose(points: list[Point], wanted: int) -> list[Point]:
    """Choose points over all stages and kinds of calls: of each stage every kind once, then again by turns."""
    by_stage: dict[str, dict[tuple[str, str], list]] = {}
    for point in points:
        by_stage.setdefault(point[0], {}).setdefault(point[1:3], []).append(point)
    chance = random.Random(7)
    queues = {}
    for stage, kinds in by_stage.items():
        own = [calls[len(calls) // 2] for calls in kinds.values()]
        chance.shuffle(own)
        queues[stage] = own
    chosen = []
    while len(chosen) < wanted and any(queues.values()):
        for queue in queues.values():
            if queue and len(chosen) < wanted:
                chosen.append(queue.pop())
    order = {point: place for place, point in enumerate(points)}
    return sorted(chosen, key=order.__getitem__)


@dataclass(frozen=True)
class Plan:
    """What a run must come to, its calls that write, and how many points are wanted."""

    wanted: State
    points: list[Point]
    count: int
    random_count: int
    jobs: int


def mended(scene: Scene, wanted: State) -> tuple[bool, str]:
    """Run the year once more, look whether all is as after an undisturbed run; return that and what was found."""
    again = scene.run()
    if again.code not in (0, 3):
        return False, f"повторный запуск: код {again.code}: {again.line or again.text[-200:]}"
    told = differences(scene.home, wanted)
    return not told, "; ".join(told)


def shared(scene: Scene, plan: Plan, table: Table, look: Callable[[Scene, Table, Any], None], items: list) -> None:
    """Look at items in several processes, each with a home of its own; the rows of all come into one table."""
    workers = []
    for job in range(plan.jobs):
        own = Scene(
            scene.folder / f"job {job}", scene.environment | {}, scene.words, scene.folder / "images", scene.inbox
        )
        own.environment["OKO_HOME"] = str(own.home)
        own.folder.mkdir(exist_ok=True)
        pid = os.fork()
        if not pid:
            code = 1
            try:
                os.environ.update(own.environment)
                out = Table(job * 1000)
                for item in items[job :: plan.jobs]:
                    look(own, out, item)
                (own.folder / "rows.json").write_text(json.dumps([asdict(row) for row in out.rows]))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        workers.append((pid, own))
    for pid, own in workers:
        os.waitpid(pid, 0)
        table.rows += [Row(**row) for row in json.loads((own.folder / "rows.json").read_text())]


def kills(scene: Scene, plan: Plan, table: Table) -> None:
    """What SIGKILL leaves is what the disk holds at that moment: it is copied at each point of one run, and run again.

    That the copies are what a killed process leaves is proved for some of the points by killing it.
    """
    chosen = choose(plan.points, plan.count)
    numbers = {point: str(number) for number, point in enumerate(chosen)}

    def copy(point: Point) -> None:
        if point in numbers:
            scene.keep(f"point {numbers[point]}")

    record(scene, copy)
    told = differences(scene.home, plan.wanted)
    table.add("без сбоя", "второй год с начала", "все", "; ".join(told) or "равен первому", recovered=not told)
    shared(scene, plan, table, lambda own, out, point: look_at(own, plan, out, point, numbers[point]), chosen)


def look_at(scene: Scene, plan: Plan, table: Table, point: Point, name: str) -> None:
    stage, kind, what, number = point
    scene.put(f"point {name}")
    remove_tree(scene.image(f"point {name}"))
    left = [p.name for part in ("reports", "restricted") for p in (scene.home / part).rglob("*.partial")]
    well, told = mended(scene, plan.wanted)
    found = f"осталось .partial: {len(left)}; " if left else ""
    table.add(
            "kill -9 в точке записи", f"{kind}: {what} № {number}", stage,
            f"{found}{told or 'после повтора всё то же'}", recovered=well,
        )  # fmt: skip


def chain(scene: Scene, plan: Plan, table: Table) -> None:
    """Kill for real at one point after another, each run beginning where the former was killed; then run to the end."""
    scene.put("fresh")
    chosen = choose([point for point in plan.points if point[1] != "commit after"], plan.count // 4)
    for at in chosen:
        stage, kind, what, _ = at

        def act(now: Point, at: Point = at) -> None:
            if now[:3] == at[:3]:
                kill()

        died = scene.run(act)
        table.add(
            "kill -9 подряд, без целого запуска между", f"{kind}: {what}", stage,
            "убит" if died.code == -signal.SIGKILL else f"точки уже нет, код {died.code}",
            recovered=died.code in (-signal.SIGKILL, 0, 3),
        )  # fmt: skip
    well, told = mended(scene, plan.wanted)
    table.add("kill -9 подряд, без целого запуска между", "итог", "все", told or "всё то же", recovered=well)


def random_kills(scene: Scene, plan: Plan, table: Table) -> None:
    scene.put("fresh")
    started = time.monotonic()
    scene.run()
    whole = time.monotonic() - started
    chance = random.Random(int(time.time()) // 86400)
    for _ in range(plan.random_count):
        scene.put("fresh")
        pid, said = start(scene, lambda: oko(*scene.words))
        moment = chance.uniform(0.1, 0.95) * whole
        time.sleep(moment)
        os.killpg(pid, signal.SIGKILL)
        died = wait(pid, said)
        well, told = mended(scene, plan.wanted)
        table.add(
            "kill -9 в случайный миг", f"{moment / whole:.0%} времени года", "любая",
            f"код {died.code}; {told or 'после повтора всё то же'}", recovered=well,
        )  # fmt: skip


def told_then_mended(scene: Scene, plan: Plan, table: Table, names: tuple[str, str, str], ended: Ended) -> None:
    """Enter a fault that a run must tell of; its cause is gone by now, and one more run must mend all."""
    well, told = mended(scene, plan.wanted)
    said = ended.line or ended.text.strip()[-160:]
    table.add(
        *names, f"код {ended.code}: {said} → {told or 'после повтора всё то же'}", recovered=well and ended.is_told
    )


def mount(*words: object) -> bool:
    return subprocess.run(["mount", *map(str, words)], capture_output=True, check=False).returncode == 0


def full_disk(scene: Scene, plan: Plan, table: Table) -> None:
    """A data folder on a disk of its own that is too small; then the disk grows."""
    whole = sum(path.stat().st_size for path in scene.image("done").rglob("*") if path.is_file())
    for share in (0.15, 0.45, 0.8):
        remove_tree(scene.home)
        scene.home.mkdir()
        if not mount("-t", "tmpfs", "-o", f"size={int(whole * share) // 4096 * 4096}", "tmpfs", scene.home):
            print("диск: монтировать нельзя, класс пропущен", flush=True)
            return
        try:
            ended = scene.run()
            mount("-o", "remount,size=1g", scene.home)
            told_then_mended(scene, plan, table, ("нет места", f"диск {share:.0%} от нужного", "любая"), ended)
        finally:
            subprocess.run(["umount", "-l", str(scene.home)], check=False)


def read_only(scene: Scene, plan: Plan, table: Table) -> None:
    for part, image in ((".", "done"), ("reports", "fresh"), ("restricted", "fresh")):
        scene.put(image)
        for path in (scene.home / "state").glob("*.json"):
            path.unlink()
        place = scene.home / part
        # As the program makes it: a restricted store that others may open stops the year.
        place.mkdir(mode=0o700, exist_ok=True)
        if not (mount("--bind", place, place) and mount("-o", "remount,ro,bind", place)):
            print("только чтение: монтировать нельзя, класс пропущен", flush=True)
            return
        try:
            ended = scene.run()
        finally:
            subprocess.run(["umount", "-l", str(place)], check=False)
        told_then_mended(scene, plan, table, ("диск только для чтения", part, "любая"), ended)


def gone(scene: Scene, plan: Plan, table: Table) -> None:
    """The file of the database is removed in the middle of a transaction, is locked, or is another one."""
    scene.put("fresh")

    def remove(point: Point) -> None:
        if point[1] == "rows inserted" and point[0] == "validation" and point[3] == 1:
            for path in scene.home.glob("oko.sqlite*"):
                path.unlink()

    ended = scene.run(remove)
    told_then_mended(scene, plan, table, ("база исчезла", "файл удалён посреди записи", "validation"), ended)
    scene.put("done")
    for path in (scene.home / "state").glob("*.json"):
        path.unlink()
    with closing(sqlite3.connect(scene.home / "oko.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def impatient() -> int:
            from oko_pipeline.storage import engine

            engine._PATIENCE_S = 1
            engine._BUSY_TIMEOUT_MS = 500
            return oko(*scene.words)

        ended = scene.do(impatient)
    told_then_mended(scene, plan, table, ("база исчезла", "занята другой программой", "любая"), ended)


def two_runs(scene: Scene, plan: Plan, table: Table) -> None:
    scene.put("done")
    for path in (scene.home / "state").glob("*.json"):
        path.unlink()
    pid, said = start(scene, lambda: oko(*scene.words), "first")
    lock = scene.home / f".{YEAR}.lock"
    while not lock.exists():
        time.sleep(0.05)
    ended = scene.run()
    first = wait(pid, said)
    told = differences(scene.home, plan.wanted)
    table.add(
        "два запуска года", "oko run и oko run", "любая",
        f"второй: код {ended.code}: {ended.line}; первый: код {first.code}; {'; '.join(told) or 'всё то же'}",
        recovered=first.code in (0, 3) and ended.is_told and not told,
    )  # fmt: skip


def clocks(scene: Scene, plan: Plan, table: Table) -> None:
    """The clock goes back or forward between runs and within one; at the right time all is as undisturbed."""
    for name, moments in {
        "час назад между запусками": [NOW - timedelta(hours=1)],
        "на год вперёд и обратно": [NOW + timedelta(days=365)],
        "час назад посреди запуска": [NOW, NOW - timedelta(hours=1)],
    }.items():
        scene.put("fresh" if len(moments) > 1 else "done")
        for path in (scene.home / "state").glob("*.json"):
            path.unlink()
        turns = iter(range(10**9))

        def jumping(moments: list[datetime] = moments, turns: Any = turns) -> int:
            from resources import clock

            told = lambda: moments[0] if len(moments) == 1 or next(turns) < 40 else moments[1]  # noqa: E731
            clock.Clock.__init__.__defaults__ = (told,)
            return oko(*scene.words)

        ended = scene.do(jumping)
        if len(moments) > 1:
            # Documents say at what hour they were issued: those of a run at another hour say another.
            again = scene.run()
            wanted = State.of(scene.image("done"), by_content=True)
            told = "; ".join(differences(scene.home, wanted, by_content=True)) or "документы — с часом своего выпуска"
            well = again.code in (0, 3) and told.startswith("документы")
            table.add("часы", name, "любая", f"код {ended.code}; {told}", recovered=well)
            continue
        _, told = mended(scene, plan.wanted)
        # Another day is another state of affairs: its checks and issues stay in the history.
        told = "; ".join(
            one for one in told.split("; ") if not re.match("таблица (quality_results|document_(issues|changes))", one)
        )
        table.add("часы", name, "любая", f"код {ended.code}; {told or 'в верное время всё то же'}", recovered=not told)


def cut_files(scene: Scene, plan: Plan, table: Table) -> None:
    """Files of each kind are cut as a power failure cuts them; one run after all of them."""
    scene.put("done")
    cuts: list[tuple[str, Path, str]] = []
    patterns = {
        "DOCX наполовину": ("reports/*/**/*.docx", "half"), "DOCX пустой": ("reports/*/**/*.docx", "empty"),
        "DOCX из нулей": ("reports/*/**/*.docx", "zero"), "книга XLSX": ("reports/*/**/*.xlsx", "half"),
        "числа выпуска .figures": ("reports/.figures/*.gz", "half"), "память проверок .judged": ("reports/.judged/**/*.gz", "half"),
        "закрытый DOCX": ("restricted/documents/**/*.docx", "half"),
        "работы": ("restricted/works/*/*.parquet", "half"), "фрагмент": ("restricted/fragments/*/*.parquet", "half"),
        "флаги": ("restricted/flags/*/*.parquet", "zero"), "сведения": ("restricted/infos/*/*.json", "half"),
        "записи": ("restricted/records/*/*.parquet", "half"), "поддержка": ("restricted/support/*/*.parquet", "half"),
        "состояние года": ("state/*.json", "half"), "dagster.yaml": ("dagster/dagster.yaml", "half"),
    }  # fmt: skip
    for name, (pattern, how) in patterns.items():
        used = {path for _, path, _ in cuts}
        path = next((one for one in sorted(scene.home.glob(pattern)) if one not in used), None)
        if path is not None:
            size = path.stat().st_size
            if how == "zero":
                path.write_bytes(b"\0" * size)
            else:
                os.truncate(path, size // 2 if how == "half" else 0)
            cuts.append((name, path, how))
    well, told = mended(scene, plan.wanted)
    found = files_of(scene.home)
    for name, path, _how in cuts:
        relative = path.relative_to(scene.home).as_posix()
        same = relative not in plan.wanted.files or found.get(relative) == plan.wanted.files[relative]
        table.add(
            "обрыв питания: файлы",
            name,
            "хранилища",
            "сделан заново" if same else f"НЕ ТОТ: {relative}",
            recovered=same,
        )
    table.add("обрыв питания: файлы", "итог", "все", told or "после повтора всё то же", recovered=well)


def cut_databases(scene: Scene, plan: Plan, table: Table) -> None:
    """A database that was cut is refused with the way back; an earlier state of it is brought up by a run."""
    damages = {
        "oko.sqlite наполовину": ("oko.sqlite", lambda p: os.truncate(p, p.stat().st_size // 2)),
        "oko.sqlite не база": ("oko.sqlite", lambda p: p.write_bytes(b"garbage " * 9000)),
        "dagster runs.db наполовину": ("dagster/history/runs.db", lambda p: os.truncate(p, p.stat().st_size // 2)),
    }
    for name, (relative, damage) in damages.items():
        scene.put("done")
        damage(scene.home / relative)
        for beside in ("-wal", "-shm"):
            (scene.home / f"{relative}{beside}").unlink(missing_ok=True)
        ended = scene.run()
        if ended.code == 0 and relative.startswith("dagster"):
            ended = Ended(1, "Год не тронут: журнал Dagster ему не нужен")
        kept = scene.image("done") / relative
        shutil.copy2(kept, scene.home / relative)
        told_then_mended(scene, plan, table, ("обрыв питания: базы", name, "любая"), ended)
    scene.put("fresh")

    def cut(point: Point) -> None:
        if point[1] == "commit after" and point[2] == "sql" and point[0] == "analysis":
            kill()

    scene.run(cut)
    log = scene.home / "oko.sqlite-wal"
    size = log.stat().st_size if log.exists() else 0
    if size:
        os.truncate(log, size // 2)
    well, told = mended(scene, plan.wanted)
    table.add(
        "обрыв питания: базы", f"журнал WAL, {size} байт", "analysis", told or "после повтора всё то же", recovered=well
    )


def copies(scene: Scene, plan: Plan, table: Table) -> None:
    """A backup or a restore is killed; the next one is whole, and between them nothing half is taken for whole."""
    from oko_pipeline.orchestration.backup import read_manifest

    target = scene.folder / "copy"
    scene.put("done")
    for number in (3, 40, 70):
        counted = iter(range(1, 10**9))

        def dies(number: int = number, counted: Any = counted) -> int:
            from oko_pipeline.orchestration import backup

            keep = backup._keep

            def own(*words: Any) -> None:
                keep(*words)
                if next(counted) == number:
                    kill()

            backup._keep = own
            return oko("backup", str(target))

        died = scene.do(dies)
        is_absent = not target.exists()
        again = scene.run(None, "backup", str(target))
        left = [path.name for path in scene.folder.glob(".*.partial")]
        made = len(read_manifest(target).files)
        table.add(
            "kill -9 копии", f"файл № {number}", "backup", f"код {died.code}; копии нет: {is_absent}; файлов {made}; лишнего {len(left)}",
            recovered=died.code == -9 and is_absent and again.code == 0 and not left,
        )  # fmt: skip
        if number != 70:
            remove_tree(target)
    for number in range(1, 6):
        scene.put("fresh")
        (scene.home / "reports").mkdir(exist_ok=True)
        (scene.home / "reports" / "old.html").write_text("old")
        counted = iter(range(1, 10**9))

        def dies_restoring(number: int = number, counted: Any = counted) -> int:
            rename = Path.rename

            def own(path: Path, to: Path) -> Path:
                made = rename(path, to)
                if next(counted) == number:
                    kill()
                return made

            Path.rename = own
            return oko("restore", str(target), "--replace")

        died = scene.do(dies_restoring)
        refused = scene.run()
        again = scene.run(None, "restore", str(target), "--replace")
        told = differences(scene.home, plan.wanted)
        table.add(
            "kill -9 восстановления", f"перенос № {number}", "restore",
            f"код {died.code}; запуск: {refused.line}; {'; '.join(told) or 'после повтора всё то же'}",
            recovered=died.code == -9 and refused.is_told and again.code == 0 and not told,
        )  # fmt: skip
    remove_tree(target)


def erasures(scene: Scene, plan: Plan, table: Table) -> None:
    """Erasing a year is killed; the next erasure ends it, files of the inbox too."""
    copy_tree(scene.inbox, scene.folder / "inbox kept")

    def erase() -> int:
        from oko_pipeline.orchestration.erasure import erase_year
        from oko_pipeline.settings import Settings
        from resources.workplace import open_workplace

        office = open_workplace(Settings.load())
        erase_year(office, YEAR, "распоряжение", with_sources=True)
        office.close()
        return 0

    def left() -> list[str]:
        files = [path for path in files_of(scene.home) if YEAR in path]
        rows = rows_of(scene.home / "oko.sqlite")
        files += [name for name, found in rows.items() if name != "slices" and any(f"'{YEAR}'" in row for row in found)]
        with closing(sqlite3.connect(scene.home / "oko.sqlite")) as connection:
            acts = connection.execute("SELECT count(*) FROM data_access_log WHERE operation = 'erase_year'").fetchone()[
                0
            ]
        return files + ([] if acts == 1 else [f"записей в журнале {acts}"])

    for kind, number in (("unlink before", 5), ("unlink before", 12), ("commit before", 1), ("commit after", 1)):
        scene.put("done")
        remove_tree(scene.inbox)
        copy_tree(scene.folder / "inbox kept", scene.inbox)
        counted = iter(range(1, 10**9))

        def act(point: Point, kind: str = kind, number: int = number, counted: Any = counted) -> None:
            if point[1] == kind and point[0] in ("erasure", "run") and next(counted) == number:
                kill()

        def dies(act: Any = act) -> int:
            Injector(act).install()
            return erase()

        died = scene.do(dies)
        again = scene.do(erase)
        sources = [path for path in scene.inbox.rglob("*2021*.xlsx") if path.parent.name.isdigit()]
        told = left() + [path.name for path in sources]
        if kind == "commit after":
            told = [one for one in told if not one.startswith("записей")]
        table.add(
            "kill -9 стирания", f"{kind} № {number}", "erasure", f"код {died.code}; {'; '.join(told)[:150] or 'ничего не осталось'}",
            recovered=died.code == -9 and again.code == 0 and not told,
        )  # fmt: skip
    remove_tree(scene.inbox)
    (scene.folder / "inbox kept").rename(scene.inbox)


def migrations(scene: Scene, plan: Plan, table: Table) -> None:
    """An upgrade of the first released schema is killed; the next opening upgrades it whole."""
    from oko_pipeline.storage.migrations.upgrade import baseline_sql

    def opened() -> int:
        from oko_pipeline.settings import Settings
        from oko_pipeline.storage.database import Database

        database = Database(Settings.load().sqlalchemy_url)
        database.engine.connect().close()
        database.close()
        return 0

    for kind in ("rename before", "rename after", "commit before", "commit after"):
        remove_tree(scene.home)
        scene.home.mkdir()
        with closing(sqlite3.connect(scene.home / "oko.sqlite")) as connection:
            connection.executescript(baseline_sql())

        def dies(kind: str = kind) -> int:
            Injector(lambda point: kill() if point[1] == kind else None).install()
            return opened()

        died, again = scene.do(dies), scene.do(opened)
        with closing(sqlite3.connect(scene.home / "oko.sqlite")) as connection:
            head = connection.execute("SELECT version_num FROM schema_revision").fetchone()[0]
        left = [path.name for path in scene.home.glob("*.partial")]
        table.add(
            "kill -9 обновления схемы", kind, "migrations", f"код {died.code}, потом {again.code}; ревизия {head}; лишнего {len(left)}",
            recovered=died.code == -9 and again.code == 0 and not left,
        )  # fmt: skip


def queues(scene: Scene, plan: Plan, table: Table) -> None:
    """Entering and sending notices is killed; none is lost, and a notice is entered once."""
    from oko_pipeline.orchestration.notice_queue import NoticeQueue
    from oko_pipeline.orchestration.notice_texts import Notice

    names = {name: name for name in Notice.__dataclass_fields__}
    notice = Notice(**(names | {"items": ("a",)}))
    sent = scene.folder / "sent.txt"

    def work(where: str = "") -> int:
        queue = NoticeQueue(scene.home / "notices" / "queue.sqlite")
        queue.enter(notice, ["file"], NOW)
        if where == "entered":
            kill()

        def send(_subject: str, _body: str) -> None:
            with sent.open("a") as stream:
                stream.write("sent\n")
            if where == "sent":
                kill()

        queue.deliver({"file": send}, NOW + timedelta(minutes=0 if where else 30))
        return 0

    for where, most in (("entered", 1), ("sent", 2)):
        remove_tree(scene.home)
        scene.home.mkdir()
        sent.unlink(missing_ok=True)
        died, again = scene.do(lambda where=where: work(where)), scene.do(work)
        count = len(sent.read_text().split()) if sent.exists() else 0
        table.add(
            "kill -9 извещений", where, "notices", f"код {died.code}, потом {again.code}; отправлено раз: {count}",
            recovered=died.code == -9 and again.code == 0 and 1 <= count <= most,
        )  # fmt: skip


GROUPS: dict[str, Callable[[Scene, Plan, Table], None]] = {
    "kill": kills, "random": random_kills, "chain": chain, "disk": full_disk, "ro": read_only, "gone": gone,
    "two": two_runs, "clock": clocks, "files": cut_files, "bases": cut_databases, "copies": copies,
    "erase": erasures, "schema": migrations, "notices": queues,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--random", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--folder", default="/dev/shm" if Path("/dev/shm").is_dir() else "/tmp")
    options = parser.parse_args()
    scene = Scene(Path(options.folder) / f"oko-faults-{os.getpid()}")
    scene.environment = ENVIRONMENT | {"OKO_HOME": str(scene.home), "OKO_INBOX": str(scene.inbox)}
    os.environ.update(scene.environment)
    table = Table()
    try:
        began = time.monotonic()
        preload()
        wanted, points = prepare(scene)
        plan = Plan(wanted, points, options.points, options.random, options.jobs)
        print(
            f"подготовка: {time.monotonic() - began:.0f} с; файлов {len(wanted.files)}, записей {len(points)}",
            flush=True,
        )
        for name in options.only.split(",") if options.only else GROUPS:
            GROUPS[name](scene, plan, table)
    finally:
        if not options.keep:
            remove_tree(scene.folder)
    for group, rows in Counter(row.group for row in table.rows).items():
        well = sum(row.recovered for row in table.rows if row.group == group)
        print(f"{group}: {well} из {rows}")
    print(f"recovered {sum(row.recovered for row in table.rows)} of {len(table.rows)}")


if __name__ == "__main__":
    main()
