"""The speed of a school year beside a naive script and the physical floor: `make bench`, options after `ARGS=`.

    python bench/bench.py [--inbox DIR] [--runs 5] [--only a,b,c,d,e,f,g] [--schools 12]

Parts: a cold year and the naive script; b collection and bare reading of cells; c unchanged re-run; d one change;
e start-up and steps; f works read back; g stages of a cold year. Runs of what is compared alternate; the figures are
medians with the least, the greatest and the number of runs. Everything happens in a temporary folder, the inbox is
copied there first. Results: standard output, build/bench.md and build/bench.json. Nothing is asserted about time.
"""
# Imports stand in the parts: a part that is not asked for must not pay for them.
# ruff: noqa: PLC0415

import argparse
import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from measure import Figure, Run, age_access_times, document_contents, files_read_since, run, stamps

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
YEAR = "2020-2021"
EMPTY_YEAR = "2023-2024"
PARTS = "abcdefg"
_BOOKS = (".xlsx", ".xlsm", ".xls")


@dataclass(slots=True)
class Bench:
    """Settings of a benchmark, its places, and what it found so far."""

    runs: int
    work: Path
    inbox: Path
    title: str
    lines: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    cold: list[Run] = field(default_factory=list)
    cold_home: Path | None = None
    steps: dict[str, list[float]] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("OKO_", "DAGSTER_"))}
        return keep | {"OKO_PSEUDONYM_KEY": "a key for benchmarks only", "PYTHONUTF8": "1", "COLUMNS": "140"}

    def python(self, *arguments: str) -> Run:
        return run([sys.executable, *arguments], self.env(), ROOT)

    def oko_year(self, home: Path, year: str = YEAR) -> Run:
        done = self.python("-m", "oko_pipeline.cli", "run", year, "--inbox", str(self.inbox), "--home", str(home))
        if done.exit_code not in (0, 3):
            raise SystemExit(f"oko run ended with {done.exit_code}:\n{done.output[-4000:]}")
        return done

    def cold_run(self) -> Run:
        """A year from nothing; the home of the last one stays for the parts that go on from it."""
        if self.cold_home is not None:
            shutil.rmtree(self.cold_home)
        self.cold_home = self.work / f"home{len(self.cold)}"
        done = self.oko_year(self.cold_home)
        self.cold.append(done)
        for step, seconds in step_seconds(self.cold_home).items():
            self.steps.setdefault(step, []).append(seconds)
        return done

    def home(self) -> Path:
        """A home in which the year has been run."""
        if self.cold_home is None:
            self.cold_run()
        return self.cold_home

    def cold_median(self) -> float:
        return Figure(tuple(done.seconds for done in self.cold)).median

    def share(self, runs: list[Run]) -> str:
        """Seconds as a part of the cold year's."""
        return f"{100 * seconds_of(runs).median / self.cold_median():.1f} %"

    def cpu_share(self, runs: list[Run]) -> str:
        """CPU seconds as a part of the cold year's: what is left of the ratio when the machine is busy otherwise."""
        return f"{100 * cpu_of(runs).median / cpu_of(self.cold).median:.1f} %"

    def heading(self, text: str) -> None:
        self.say(f"\n### {text}\n")

    def say(self, line: str) -> None:
        print(line, flush=True)
        self.lines.append(line)

    def table(self, name: str, header: list[str], rows: list[list[object]]) -> None:
        self.say("| " + " | ".join(header) + " |")
        self.say("|" + "---|" * len(header))
        for row in rows:
            self.say("| " + " | ".join(str(cell) for cell in row) + " |")
        self.figures.setdefault(name, []).append([header, *[[str(cell) for cell in row] for row in rows]])

    def keep(self, name: str, values: object) -> None:
        self.figures[name] = values


def seconds_of(runs: list[Run]) -> Figure:
    return Figure(tuple(done.seconds for done in runs))


def cpu_of(runs: list[Run]) -> Figure:
    return Figure(tuple(done.cpu_seconds for done in runs))


def note(text: str) -> None:
    """Progress for whoever waits."""
    print(f"… {datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- parts


def part_a(bench: Bench) -> None:
    """Cold year beside the naive script."""
    naive: list[Run] = []
    oko: list[Run] = []
    out = bench.work / "naive"
    for number in range(bench.runs):
        shutil.rmtree(out, ignore_errors=True)
        naive.append(bench.python(str(BENCH / "naive_year.py"), str(bench.inbox), str(out)))
        if naive[-1].exit_code:
            raise SystemExit(f"naive_year.py ended with {naive[-1].exit_code}:\n{naive[-1].output[-4000:]}")
        note(f"a {number + 1}/{bench.runs}: naive {naive[-1].seconds:.1f} s")
        oko.append(bench.cold_run())
        note(f"a {number + 1}/{bench.runs}: oko {oko[-1].seconds:.1f} s, exit code {oko[-1].exit_code}")
    ratios = Figure(tuple(n.seconds / o.seconds for n, o in zip(naive, oko, strict=True)))
    cpu = Figure(tuple(n.cpu_seconds / o.cpu_seconds for n, o in zip(naive, oko, strict=True)))
    bench.heading(f"a. The year {YEAR} from nothing beside the naive script")
    rows = [
        [
            name,
            seconds_of(done).text(1),
            cpu_of(done).text(1),
            Figure(tuple(one.peak_mb for one in done)).text(0),
        ]
        for name, done in (("naive script", naive), ("`oko run`", oko))
    ]
    rows.append(["**naive / oko**", f"**{ratios.text(1)}**", cpu.text(1), ""])
    bench.table("a", ["", "seconds", "CPU seconds", "peak MB of the process tree"], rows)
    bench.say("")
    contents = [
        [name, *document_contents(folder).values()]
        for name, folder in (("naive script", out / "documents"), ("`oko run`", bench.home() / "reports"))
    ]
    bench.table("a", ["documents written", "DOCX", "tables", "rows", "cells", "charts", "bytes"], contents)
    stages = json.loads((out / "result.json").read_text("utf-8"))["stages"]
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())
    bench.say(f"\nThe naive script's last run: {told}. `oko run` ended with code {oko[-1].exit_code}.")
    compared, differing = different_figures(out / "naive.db", bench.home() / "oko.sqlite")
    bench.say(
        f"\nParticipants, marks and agreement with the journal of every work and school in both databases: "
        f"{compared} figures compared, {differing} differ."
    )
    bench.keep("a_seconds", {"naive": [r.seconds for r in naive], "oko": [r.seconds for r in oko]})


def part_b(bench: Bench) -> None:
    """Collection beside merely reading the same cells."""
    from python_calamine import load_workbook

    from oko_pipeline.collection.inbox import scan_inbox
    from oko_pipeline.collection.reading import ReadOptions, read_source

    files = [file for file in scan_inbox(bench.inbox) if file.path.lower().endswith(_BOOKS) and file.member is None]
    options = ReadOptions(b"a key for benchmarks only")

    def bare() -> int:
        cells = 0
        for file in files:
            try:
                workbook = load_workbook(str(bench.inbox / file.path))
                for name in workbook.sheet_names:
                    rows = workbook.get_sheet_by_name(name).to_python()
                    cells += len(rows) * len(rows[0]) if rows else 0
            except Exception:  # noqa: BLE001
                continue  # a broken file of the sample: both sides only look at it
        return cells

    def collected() -> dict[str, int]:
        states: dict[str, int] = {}
        for file in files:
            status = read_source(bench.inbox, file, options).status
            states[status] = states.get(status, 0) + 1
        return states

    cells, states = bare(), collected()
    floor, ours = alternate(bench.runs, bare, collected)
    ratios = Figure(tuple(a / b for a, b in zip(ours.values, floor.values, strict=True)))
    bench.heading("b. Collection beside merely reading the same cells (in process, one core, warm)")
    rows = [
        ["python-calamine, every sheet to Python values", floor.text(), f"{floor.median / cells * 1e6:.2f}"],
        ["`read_source`: open, guard, recognise, read, pseudonymise", ours.text(), f"{ours.median / cells * 1e6:.2f}"],
        ["**ratio**", f"**{ratios.text()}**", ""],
    ]
    bench.table("b", ["", "seconds", "µs a cell"], rows)
    told = ", ".join(f"{status} {count}" for status, count in sorted(states.items()))
    bench.say(f"\n{len(files)} workbooks, {cells} cells; {told}.")


def part_c(bench: Bench) -> None:
    """An unchanged inbox."""
    home = bench.home()
    quick, through = [], []
    before = stamps(home / "reports")
    shows = age_access_times(bench.inbox)
    for number in range(bench.runs):
        quick.append(bench.oko_year(home))
        forget_last_run(home)
        through.append(bench.oko_year(home))
        note(f"c {number + 1}/{bench.runs}: {quick[-1].seconds:.2f} s; through Dagster {through[-1].seconds:.2f} s")
    read = files_read_since(bench.inbox) if shows else None
    after = stamps(home / "reports")
    rewritten = [path for path, stamp in after.items() if before.get(path) != stamp]
    cold = bench.cold_median()
    bench.heading("c. Unchanged re-run")
    rows = [
        [
            name,
            seconds_of(done).text(),
            bench.share(done),
            cpu_of(done).text(),
            bench.cpu_share(done),
            done[-1].peak_text,
        ]
        for name, done in (("`oko run` again", quick), ("the same job through Dagster, step by step", through))
    ]
    bench.table("c", ["", "seconds", "of the cold year", "CPU seconds", "of the cold year's", "peak MB"], rows)
    opened = "not measurable on this mount" if read is None else str(len(read))
    documents = [path for path in rewritten if path.endswith((".docx", ".xlsx"))]
    others = [path for path in rewritten if path not in documents]
    bench.say(
        f"\nCold year {cold:.1f} s (n={len(bench.cold)}). Over all {2 * bench.runs} re-runs: "
        f"inbox files opened: {opened}; documents rewritten: {len(documents)} of {len(after)}; others: {others or 0}."
    )


def part_d(bench: Bench) -> None:
    """One change."""
    home = bench.home()
    cell, school = [], []
    target = changeable_file(bench.inbox)
    cell_documents: list[set[str]] = []
    school_documents: list[set[str]] = []
    for number in range(bench.runs):
        before = stamps(home / "reports")
        told = change_cell(target)
        cell.append(bench.oko_year(home))
        cell_steps = step_seconds(home)
        cell_documents.append(changed_documents(before, stamps(home / "reports")))
        before = stamps(home / "reports")
        login, rows = resend_school(bench.inbox, target, number)
        school.append(bench.oko_year(home))
        school_steps = step_seconds(home)
        school_documents.append(changed_documents(before, stamps(home / "reports")))
        note(f"d {number + 1}/{bench.runs}: cell {cell[-1].seconds:.1f} s, school file {school[-1].seconds:.1f} s")
    total = len(stamps(home / "reports"))
    cold = bench.cold_median()
    bench.heading("d. One change")
    rows = [
        [
            name,
            seconds_of(done).text(),
            bench.share(done),
            cpu_of(done).text(),
            bench.cpu_share(done),
            f"{Figure(tuple(float(len(d)) for d in documents)).text(0)} of {total}",
        ]
        for name, done, documents in (
            (f"one cell of a dump of all schools ({told})", cell, cell_documents),
            (f"a school's file of one work sent anew ({rows} rows)", school, school_documents),
        )
    ]
    bench.table("d", ["", "seconds", "of the cold year", "CPU seconds", "of the cold year's", "files written"], rows)
    for name, steps in (("cell", cell_steps), ("school file", school_steps)):
        longest = sorted(steps.items(), key=lambda item: -item[1])[:6]
        told = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in longest)
        bench.say(f"\nSteps after the {name} (last run): {told}.")
    for name, documents in (("cell", cell_documents[-1]), ("school file", school_documents[-1])):
        kinds: dict[str, int] = {}
        for path in documents:
            folder = path.rpartition("/")[0]
            kinds[folder] = kinds.get(folder, 0) + 1
        bench.say(f"\nWritten after the {name}: " + "; ".join(f"{k}: {n}" for k, n in sorted(kinds.items())) + ".")
    bench.say(f"\nCold year {cold:.1f} s (n={len(bench.cold)}). The resent file is of school {login}.")


def part_e(bench: Bench) -> None:
    """Start-up and steps."""
    commands: dict[str, list[str]] = {
        "`python -c pass`": ["-c", "pass"],
        "`import dagster`": ["-c", "import dagster"],
        "`import oko_pipeline.definitions`": ["-c", "import oko_pipeline.definitions"],
        "`oko --help`": ["-m", "oko_pipeline.cli", "--help"],
        "`dagster definitions validate`": ["-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
    }
    done: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(bench.runs):
        for name, command in commands.items():
            done[name].append(bench.python(*command))
            if done[name][-1].exit_code:
                raise SystemExit(f"{name} ended with {done[name][-1].exit_code}:\n{done[name][-1].output[-3000:]}")
        note(f"e {number + 1}/{bench.runs}")
    bench.heading("e. Start-up and steps")
    rows = [[name, seconds_of(runs).text(), runs[-1].peak_text] for name, runs in done.items()]
    bench.table("e", ["fresh process", "seconds", "peak MB"], rows)
    heavy = bench.python("-W", "ignore", "-c", _HEAVY_MODULES).output.strip()
    bench.say(f"\nHeavy modules loaded with the definitions: {heavy}.")
    empty = bench.work / "empty"
    (empty / "inbox").mkdir(parents=True)
    probe = bench.python("-c", _EMPTY_YEAR, str(empty), EMPTY_YEAR, str(bench.runs))
    if probe.exit_code:
        bench.say(f"\nThe empty year ended with {probe.exit_code}: {probe.output[-500:]}")
        return
    facts = json.loads(probe.output.strip().splitlines()[-1])
    whole, steps = Figure(tuple(facts["seconds"])), facts["steps"]
    a_step = Figure(tuple(value / steps for value in facts["seconds"]))
    inside = Figure(tuple(facts["inside"]))
    bench.say("")
    rows = [
        [f"a year without files, in process, {steps} steps (assets and checks)", whole.text()],
        ["a step of it, everything included", a_step.text(3)],
        ["a step of it, what Dagster adds (beside the steps' own seconds)", inside.text(3)],
    ]
    bench.table("e", ["per step", "seconds"], rows)


_HEAVY_MODULES = """
import sys
import oko_pipeline.definitions
heavy = ("great_expectations", "matplotlib", "docxtpl", "docx", "openpyxl", "scipy", "pptx")
heavy += ("pandas", "pyarrow", "sqlalchemy")
print(", ".join(name for name in heavy if name in sys.modules) or "none")
"""

_EMPTY_YEAR = """
import json, sys, time
from pathlib import Path
import dagster as dg
from oko_pipeline.settings import Settings
from oko_pipeline.orchestration.year_run import run_year
home, year, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
settings = Settings.load(home=home)
seconds, inside, total = [], [], 0
def progress(step, ended, steps):
    global total
    total = steps
for number in range(runs + 1):
    started = time.perf_counter()
    run_year(settings, year, progress)
    elapsed = time.perf_counter() - started
    with dg.DagsterInstance.from_config(str(settings.dagster_folder)) as instance:
        record = instance.get_run_records(limit=1)[0]
        steps = instance.get_run_step_stats(record.dagster_run.run_id)
        own = sum(s.end_time - s.start_time for s in steps if s.end_time)
    if number:
        seconds.append(elapsed)
        inside.append((elapsed - own) / max(total, 1))
print(json.dumps({"seconds": seconds, "inside": inside, "steps": total}))
"""


def part_f(bench: Bench) -> None:
    """Works read back from the restricted store."""
    from oko_pipeline.storage.works_store import WorksStore

    home = bench.home()
    with sqlite3.connect(home / "oko.sqlite") as database:
        query = "select assessment_id from assessments where school_year = ?"
        ids = [row[0] for row in database.execute(query, [YEAR])]
    folder = home / "restricted"
    store = WorksStore(folder)

    def read() -> list[object]:
        return [store.read(YEAR, assessment_id) for assessment_id in ids]

    works = read()
    values = alternate(bench.runs, read)[0]
    rows = sum(len(one.rows) for one in works)
    scores = sum(len(one.rows) * len(one.tasks) for one in works)
    year_folder = folder / "works" / YEAR
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            top = path.relative_to(folder).parts[0]
            sizes[top] = sizes.get(top, 0) + path.stat().st_size
    works_bytes = sum(path.stat().st_size for path in year_folder.rglob("*.parquet"))
    bench.heading("f. A year's works in the restricted store")
    table = [
        ["read back, all columns", f"{values.text(3)} s"],
        ["works (rows)", rows],
        ["task scores", scores],
        [f"bytes on disk ({year_folder.relative_to(home).as_posix()})", works_bytes],
        ["bytes a task score, everything of a work included", f"{works_bytes / max(scores, 1):.2f}"],
        ["task columns alone, bytes a score (compressed)", f"{task_bytes(year_folder) / max(scores, 1):.2f}"],
        ["whole restricted store by folder, bytes", ", ".join(f"{k} {v}" for k, v in sorted(sizes.items()))],
    ]
    bench.table("f", ["", ""], table)


def task_bytes(folder: Path) -> int:
    """Compressed bytes of the task columns."""
    import pyarrow.parquet as pq

    total = 0
    for path in folder.rglob("*.parquet"):
        metadata = pq.ParquetFile(path).metadata
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                if column.path_in_schema.startswith("task_"):
                    total += column.total_compressed_size
    return total


def part_g(bench: Bench) -> None:
    """Where the time of a cold year goes."""
    bench.home()
    cold = bench.cold_median()
    figures = {step: Figure(tuple(values)) for step, values in bench.steps.items()}
    total = sum(figure.median for figure in figures.values())
    groups: dict[str, float] = {}
    shown = []
    for step, figure in sorted(figures.items(), key=lambda item: -item[1].median):
        if figure.median >= 0.01 * cold:
            shown.append([step, figure.text(), f"{100 * figure.median / cold:.0f} %"])
        else:
            groups["others"] = groups.get("others", 0.0) + figure.median
    small = len(figures) - len(shown)
    bench.heading("g. Where the time of a cold year goes (Dagster's own step durations)")
    others = groups.get("others", 0.0)
    shown.append([f"{small} other steps", f"{others:.2f}", f"{100 * others / cold:.0f} %"])
    shown.append(["start-up, imports, Dagster itself", f"{cold - total:.2f}", f"{100 * (cold - total) / cold:.0f} %"])
    shown.append(["whole", f"{cold:.2f}", "100 %"])
    bench.table("g", ["step", "seconds", "of the cold year"], shown)


# ---------------------------------------------------------------- helpers of the parts


def alternate(runs: int, *functions: Callable[[], object]) -> list[Figure]:
    """Time functions in turn, `runs` rounds."""
    seconds: list[list[float]] = [[] for _ in functions]
    for _ in range(runs):
        for own, function in zip(seconds, functions, strict=True):
            started = time.perf_counter()
            function()
            own.append(time.perf_counter() - started)
    return [Figure(tuple(own)) for own in seconds]


def step_seconds(home: Path) -> dict[str, float]:
    """Durations of the steps of the last run, from Dagster's event log."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        records = instance.get_run_records(limit=1)
        if not records:
            return {}
        statistics = instance.get_run_step_stats(records[0].dagster_run.run_id)
    return {s.step_key: s.end_time - s.start_time for s in statistics if s.end_time and s.start_time}


_NAIVE_FIGURES = "participants, absent, mark_2, mark_3, mark_4, mark_5, lower, same, higher"
_OKO_FIGURES = (
    "participants_count, absent_count, mark_2_count, mark_3_count, mark_4_count, mark_5_count, "
    "journal_lower_count, journal_same_count, journal_higher_count"
)


def different_figures(naive: Path, oko: Path) -> tuple[int, int]:
    """Compare the figures of works and schools in the two databases; NULL (no scale) and 0 are the same here."""
    from oko_pipeline.catalogue.subjects import subjects

    codes = {subject.name_ru: code for code, subject in subjects().items()}
    campaigns = {2020: "vpr-2020-autumn", 2021: "vpr-2021-spring"}
    with sqlite3.connect(naive) as database:
        query = f"select year, grade, subject, unit, {_NAIVE_FIGURES} from summary where level in ('all', 'school')"
        ours = {
            (f"{campaigns[year]}:{grade}:{codes[subject]}:base", unit): figures
            for year, grade, subject, unit, *figures in database.execute(f"{query} and subgroup = 'all'")
        }
    with sqlite3.connect(oko) as database:
        query = f"select assessment_id, unit_code, {_OKO_FIGURES} from result_summary where school_year = ?"
        found = database.execute(f"{query} and subgroup = 'all' and unit_level in ('all', 'school')", [YEAR])
        theirs = {(assessment, unit): figures for assessment, unit, *figures in found}
    none = [0] * len(_NAIVE_FIGURES.split(","))
    pairs = [
        (a or 0, b or 0)
        for key in sorted(ours.keys() | theirs.keys())
        for a, b in zip(ours.get(key, none), theirs.get(key, none), strict=True)
    ]
    return len(pairs), sum(a != b for a, b in pairs)


def forget_last_run(home: Path) -> None:
    """Take away the note of the last run, so that the job goes through Dagster."""
    for path in (home / "state").glob("*.json"):
        path.unlink()


def changed_documents(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> set[str]:
    return {path for path, stamp in after.items() if before.get(path) != stamp}


def changeable_file(inbox: Path) -> Path:
    """The dump of grade 5 mathematics of spring 2021 (all schools)."""
    found = sorted(inbox.glob("**/2021/5/*математике*ВПР 2021.xlsx"))
    if not found:
        raise SystemExit("No dump of grade 5 mathematics of spring 2021 in the inbox: part d needs it.")
    return found[0]


def change_cell(path: Path) -> str:
    """Change one journal mark; what else is in the workbook stays."""
    import openpyxl

    workbook = openpyxl.load_workbook(path)
    sheet = workbook.worksheets[0]
    column = next(cell.column for cell in sheet[1] if str(cell.value).startswith("отметка за предыдущую"))
    row = next(r for r in range(2, sheet.max_row + 1) if str(sheet.cell(r, column).value).strip() in ("3", "4"))
    cell = sheet.cell(row, column)
    cell.value = "3" if str(cell.value).strip() == "4" else "4"
    workbook.save(path)
    return f"journal mark {cell.coordinate}"


def resend_school(inbox: Path, dump: Path, number: int) -> tuple[str, int]:
    """Write a file with the rows of one school (of middle size) and one changed mark: it supersedes these rows."""
    import openpyxl

    source = openpyxl.load_workbook(dump, read_only=True).worksheets[0]
    rows = [list(row) for row in source.iter_rows(values_only=True)]
    header = rows[0]
    login = header.index("логин школы")
    mark = next(i for i, title in enumerate(header) if str(title).startswith("отметка за предыдущую"))
    by_school: dict[str, list[list[object]]] = {}
    for row in rows[1:]:
        by_school.setdefault(str(row[login]), []).append(row)
    ordered = sorted(by_school, key=lambda name: (len(by_school[name]), name))
    school = ordered[len(ordered) // 2]
    own = by_school[school]
    changed = next(row for row in own if str(row[mark]).strip() in ("3", "4"))
    original = str(changed[mark]).strip()
    changed[mark] = original if number % 2 else "34".replace(original, "")
    workbook = openpyxl.Workbook()
    workbook.active.title = "Sheet"
    for row in [header, *own]:
        workbook.active.append(row)
    folder = inbox / "присланное" / school
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / dump.name
    workbook.save(target)
    later = dump.stat().st_mtime + 3600 * (number + 1)
    os.utime(target, (later, later))
    return school, len(own)


# ---------------------------------------------------------------- the benchmark


def prepared_inbox(arguments: argparse.Namespace, work: Path) -> tuple[Path, str]:
    """Copy the given inbox, or generate a sample of the year without broken files (the naive script would stop)."""
    inbox = work / "inbox"
    if arguments.inbox is not None:
        shutil.copytree(arguments.inbox, inbox, copy_function=copy_writable)
        for folder in inbox.rglob("*"):
            if folder.is_dir():
                folder.chmod(0o755)
        inbox.chmod(0o755)
        return inbox, f"files of {arguments.inbox.name}"
    from oko_pipeline.sample.generate import SampleOptions, write_sample

    options = SampleOptions(
        schools=arguments.schools, municipalities=arguments.municipalities, school_years=(YEAR,), broken_files=False
    )
    summary = write_sample(inbox, options)
    towns = arguments.municipalities
    return inbox, f"sample, {arguments.schools} schools, municipalities: {towns}, rows of pupils: {summary.works_count}"


def copy_writable(source: str, target: str) -> None:
    """Copy a file with its times; the copy may be changed."""
    shutil.copyfile(source, target)
    times = Path(source).stat()
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def parsed(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inbox", type=Path, help="folder of real files (copied to a temporary folder)")
    parser.add_argument("--runs", type=int, default=5, help="runs of everything measured")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, for example b,e")
    parser.add_argument("--schools", type=int, default=12, help="schools of the generated sample")
    parser.add_argument("--municipalities", type=int, default=1, help="municipalities of the generated sample")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where bench.md and bench.json go")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    arguments = parser.parse_args(argv)
    arguments.parts = [part for part in arguments.only.replace(",", "") if not part.isspace()]
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    return arguments


def main(argv: list[str] | None = None) -> None:
    arguments = parsed(argv)
    work = Path(tempfile.mkdtemp(prefix="oko-bench-"))
    try:
        inbox, title = prepared_inbox(arguments, work)
        bench = Bench(arguments.runs, work, inbox, title)
        size = sum(path.stat().st_size for path in inbox.rglob("*") if path.is_file()) / 1e6
        count = sum(path.is_file() for path in inbox.rglob("*"))
        bench.say("## Speed\n")
        command = f"python bench/bench.py {' '.join(sys.argv[1:])}".strip()
        bench.say(f"Inbox: {title}; {count} files, {size:.1f} MB. Command: `{command}`.")
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        bench.say(
            f"Machine: {machine}, Python {platform.python_version()}; load average at the start "
            f"{os.getloadavg()[0]:.1f}. Figures: median (least–greatest; runs)."
        )
        # Part d changes the inbox, part a wants it untouched; g tells of the cold runs that the others made.
        for part in sorted(set(arguments.parts), key="ebacfgd".index):
            globals()[f"part_{part}"](bench)
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "bench.md").write_text("\n".join(bench.lines) + "\n", "utf-8")
        facts = {"title": title, "runs": arguments.runs, "command": sys.argv[1:], "figures": bench.figures}
        (arguments.out / "bench.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
    finally:
        if arguments.keep:
            note(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
