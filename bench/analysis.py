"""Time and memory of the whole analysis of a region, asset by asset: `python bench/analysis.py --schools 640`.

    python bench/analysis.py [--schools 64,200,640] [--assessments 40] [--years 3] [--runs 3] [--only name,…]

A region is simulated into a temporary workplace (`sample.region`: works, schools, context, tasks; exams and a survey
are drawn beside it). The earlier years are analysed first; then every asset of the last year is run one by one, in the
order of the graph, as Dagster runs it (the function and what it shows): cold, again with nothing changed, and after a
changed score in one work. One process with its pool serves a whole year, as in a real run; memory is that of its
process tree (proportional set size) while the asset ran. Medians with the least and the greatest. Nothing is asserted
about time.
"""
# Imports stand in the parts: the process that watches must stay small.
# ruff: noqa: PLC0415

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Figure, tree_cpu_seconds, tree_memory

ROOT = Path(__file__).resolve().parent.parent
YEARS = ("2020-2021", "2021-2022", "2022-2023")
CHANGES = ("cold", "unchanged", "changed")
# Asset functions in the order of the graph: what stands below reads what stands above.
ASSETS = (
    ("assets.analysis", "result_tables"),
    ("assets.exams", "exam_tables"),
    ("assets.context", "school_groups"),
    ("assets.context", "school_clusters"),
    ("assets.context", "comparable_schools"),
    ("assets.context", "contextual_results"),
    ("assets.context", "low_results"),
    ("assets.dynamics", "result_dynamics"),
    ("assets.dynamics", "risk_zones"),
    ("assets.objectivity", "objectivity_signals"),
    ("assets.objectivity", "objectivity_signs_asset"),
    ("assets.objectivity", "objectivity_cards_asset"),
    ("assets.objectivity", "recheck_selection_asset"),
    ("assets.items", "task_quality"),
    ("assets.items", "skill_deficits"),
    ("assets.items", "result_links"),
    ("assets.items", "pupils_support"),
    ("assets.surveys", "survey_results"),
    ("assets.indicators", "indicator_table"),
)


# ---------------------------------------------------------------- the workplace


def fill(home: Path, schools: int, assessments: int, years: tuple[str, ...]) -> dict[str, int]:
    """Fill an empty home with a simulated region; return works by year."""
    import pandas as pd
    from region_records import write_exams, write_survey

    from assets.inputs import record_slices
    from oko_pipeline.analysis.fingerprints import works_fingerprint
    from oko_pipeline.catalogue import tables
    from oko_pipeline.sample.region import RegionOptions, simulate_region

    region = simulate_region(RegionOptions(schools=schools, school_years=years, seasons=("spring", "autumn")))
    workplace = open_home(home)
    works_of: dict[str, int] = {}
    for year in years:
        where = {"school_year": year}
        of_year = region.assessments[region.assessments["school_year"] == year]
        # Papers of spring first: autumn adds those that the year still lacks.
        order = of_year["campaign_code"].str.endswith("spring").sort_values(ascending=False, kind="stable").index
        chosen = of_year.loc[order[:assessments]].sort_values("assessment_id", ignore_index=True)
        coverage, fingerprints = [], []
        for key in chosen["assessment_id"]:
            works = region.works(year, key)
            workplace.works.write(year, works)
            coverage.append(_coverage(year, key, works.rows))
            fingerprints.append(works_fingerprint(works))
        chosen["works_sha256"] = fingerprints
        works_of[year] = int(chosen["rows_count"].sum())
        context = region.context[region.context["school_year"] == year]
        files = pd.DataFrame(
            {
                "school_year": year,
                "path": [f"анкеты {year}.xlsx"],
                "file_sha256": context["file_sha256"].iloc[:1].to_list(),
                "layout_code": "context",
                "assessment_id": None,
                "record_tables": None,
                "status": "accepted",
                "size_bytes": 1,
                "modified_at": f"{year[:4]}-09-01T00:00:00+00:00",
                "stat_fingerprint": "",
                "submitted_at": f"{year[:4]}-09-01T00:00:00+00:00",
                "read_rows_count": len(context),
                "accepted_rows_count": len(context),
                "quarantined_rows_count": 0,
                "superseded_by": None,
                "reader_version": "bench",
            }
        ).reindex(columns=list(tables.FILES.column_names))
        database = workplace.database
        with database.transaction():
            database.replace(tables.ASSESSMENTS, chosen, where)
            own = region.tasks[region.tasks["assessment_id"].isin(chosen["assessment_id"])]
            database.replace(tables.TASKS, own, where)
            database.replace(tables.SCHOOLS, region.schools[region.schools["school_year"] == year], where)
            municipalities = region.municipalities[region.municipalities["school_year"] == year]
            database.replace(tables.MUNICIPALITIES, municipalities, where)
            database.replace(tables.SCHOOL_CONTEXT, context, where)
            database.replace(tables.FILES, files, where)
            database.replace(tables.COVERAGE, pd.concat(coverage, ignore_index=True), where)
        write_exams(workplace, region, year, record_slices)
        write_survey(workplace, region, year, record_slices)
        note(f"{schools} schools, {year}: {len(chosen)} assessments, {works_of[year]} works")
    workplace.close()
    return works_of


def _coverage(year: str, key: str, rows: Any) -> Any:
    grouped = rows.assign(is_scored=rows["status"] == "scored").groupby("school_code")
    counts = grouped["is_scored"].agg(["size", "sum"])
    classes = grouped["class_label"].nunique()
    return counts.reset_index().rename(columns={"size": "rows_count", "sum": "participants_count"}).assign(
        school_year=year,
        assessment_id=key,
        absent_count=lambda frame: frame["rows_count"] - frame["participants_count"],
        classes_count=classes.to_numpy(),
        enrolled_count=None,
        is_expected=True,
        state="complete",
    )  # fmt: skip


def open_home(home: Path) -> Any:
    """Open the workplace of a home."""
    from oko_pipeline.settings import Settings
    from resources.workplace import open_workplace

    return open_workplace(Settings.load(home=str(home)))


def change_one_work(home: Path, year: str) -> None:
    """Change the score of one pupil in the year's first work of mathematics, as a corrected file would."""
    import dataclasses

    from oko_pipeline.analysis.fingerprints import works_fingerprint
    from oko_pipeline.catalogue.tables import ASSESSMENTS
    from oko_pipeline.works import task_column

    workplace = open_home(home)
    rows = workplace.database.read(ASSESSMENTS, {"school_year": year})
    place = rows.index[rows["subject_code"] == "mathematics"][0]
    works = workplace.works.read(year, str(rows.loc[place, "assessment_id"]))
    changed = works.rows.copy()
    task = task_column(1)
    first = changed.index[(changed["status"] == "scored") & (changed[task] == 0)][0]
    changed.loc[first, task] = 1
    changed.loc[first, "primary_score"] += 1
    works = dataclasses.replace(works, rows=changed)
    workplace.works.write(year, works)
    rows.loc[place, "works_sha256"] = works_fingerprint(works)
    workplace.database.replace(ASSESSMENTS, rows, {"school_year": year})
    workplace.close()


# ---------------------------------------------------------------- the process that is watched


def run_assets(home: Path, year: str, only: frozenset[str]) -> None:
    """Run the assets of a year one by one, telling on standard output when each begins and ends."""
    import importlib
    import inspect
    import warnings

    import dagster as dg

    from resources.workplace import WorkplaceResource

    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    modules = {module: importlib.import_module(module) for module, _ in ASSETS}
    office = open_home(home)
    office.database.table_counts()

    class Opened(WorkplaceResource):
        """Gives every asset the one workplace, as a run does; Dagster copies resources of functions called directly."""

        def open(self) -> Any:
            return office

    for module, name in ASSETS:
        if only and name not in only:
            continue
        context = dg.build_asset_context(partition_key=year)
        tell("start", asset=name)
        started = time.perf_counter()
        made = getattr(modules[module], name)(context, workplace=Opened())
        results = list(made) if inspect.isgenerator(made) else [made]
        seconds = time.perf_counter() - started
        rows = sum(int(plain(one.metadata.get("dagster/row_count", 0))) for one in results)
        tell("end", asset=name, seconds=seconds, rows=rows)
    office.close()


def plain(value: Any) -> Any:
    """Return the value inside a metadata value."""
    return getattr(value, "value", value)


def tell(event: str, **values: object) -> None:
    """Tell the watching process something."""
    print(json.dumps({"event": event, **values}), flush=True)


# ---------------------------------------------------------------- the watching process


@dataclass(slots=True)
class Watched:
    """What became of one run of a year's assets: by asset, seconds, CPU seconds, rows and peak memory in MB."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Seconds of all assets."""
        return sum(self.seconds.values())


def environment() -> dict[str, str]:
    """Return the environment of the measured processes: this machine's own settings stay out."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("OKO_", "DAGSTER_"))}
    return keep | {"OKO_PSEUDONYM_KEY": "a key for benchmarks only", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}


def python(*arguments: str) -> Iterator[dict[str, Any]]:
    """Run this script in a process of its own; yield what it tells, with `peak_mb` since the last word."""
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    peak = [0.0]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.3):
                peak[0] = max(peak[0], tree_memory(process.pid))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        for line in process.stdout or ():
            if line.startswith("{"):
                peak[0] = max(peak[0], tree_memory(process.pid))
                yield json.loads(line) | {"peak_mb": peak[0], "cpu_seconds": tree_cpu_seconds(process.pid)}
                peak[0] = 0.0
        ended.set()
        thread.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")


def watched(home: Path, year: str, only: str = "") -> Watched:
    """Run the assets of a year in a process and watch it."""
    found = Watched()
    began = 0.0
    for told in python("run", "--home", str(home), "--year", year, "--only", only):
        if told["event"] == "start":
            began = told["cpu_seconds"]
        elif told["event"] == "end":
            name = told["asset"].removesuffix("_asset")
            found.seconds[name], found.rows[name] = told["seconds"], told["rows"]
            found.cpu[name], found.peaks[name] = told["cpu_seconds"] - began, told["peak_mb"]
    return found


def database_sizes(home: Path) -> dict[str, float]:
    """Return the MB of every table with its indexes, and of the whole file."""
    with sqlite3.connect(f"file:{home / 'oko.sqlite'}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name "
            "GROUP BY m.tbl_name ORDER BY 2 DESC"
        ).fetchall()
    return {name: size / 1024**2 for name, size in rows}


def region(work: Path, schools: int, options: argparse.Namespace) -> None:
    """Measure a region of some size and print its tables."""
    start, years = work / f"start{schools}", YEARS[-options.years :]
    year = years[-1]
    kept = start / "bench.json"
    if not kept.exists():
        amounts = ["--assessments", str(options.assessments), "--years", str(options.years)]
        filled = list(python("fill", "--home", str(start), "--schools", str(schools), *amounts))[-1]
        earlier = [watched(start, one).total for one in years[:-1]]
        kept.write_text(json.dumps({"works": filled["works"], "earlier": earlier}))
    works, earlier = json.loads(kept.read_text()).values()
    before = database_sizes(start)
    runs: dict[str, list[Watched]] = {kind: [] for kind in CHANGES}
    for number in range(options.runs):
        home = work / f"run{schools}"
        shutil.rmtree(home, ignore_errors=True)
        # Works are replaced by renaming, never written into: links are as good as copies, and cost nothing.
        shutil.copytree(start, home, copy_function=lambda a, b: shutil.copy2(a, b) if "sqlite" in a else os.link(a, b))
        for kind in CHANGES:
            if kind == "changed":
                list(python("change", "--home", str(home), "--year", year))
            runs[kind].append(watched(home, year, options.only))
            note(f"{schools} schools, run {number + 1}, {kind}: {runs[kind][-1].total:.1f} s")
    print(f"\n### {schools} schools: {works[year]} works in {year}, {sum(works.values())} in {len(works)} years\n")
    told = ", ".join(f"{seconds:.0f} s" for seconds in earlier)
    print(f"Earlier years from nothing, one run each: {told or '—'}. Load average {os.getloadavg()[0]:.1f}.\n")
    _assets_table(runs)
    _sizes_table(home, before)


def _assets_table(runs: dict[str, list[Watched]]) -> None:
    print("| asset | cold, s | CPU s | peak MB | rows | unchanged, s | one score changed, s |")
    print("|---|---|---|---|---|---|---|")

    def cells(pick: Callable[[Watched], dict[str, float]], kind: str, name: str | None) -> Figure:
        return Figure(tuple(pick(run)[name] if name else sum(pick(run).values()) for run in runs[kind]))

    last = runs["cold"][-1]
    for name in (*last.seconds, None):
        row = [
            name or "**all**",
            cells(lambda run: run.seconds, "cold", name).text(1),
            f"{cells(lambda run: run.cpu, 'cold', name).median:.1f}",
            f"{last.peaks[name] if name else max(last.peaks.values()):.0f}",
            last.rows[name] if name else sum(last.rows.values()),
            cells(lambda run: run.seconds, "unchanged", name).text(2),
            cells(lambda run: run.seconds, "changed", name).text(1),
        ]
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


def _sizes_table(home: Path, before: dict[str, float]) -> None:
    after = database_sizes(home)
    grown = {name: size - before.get(name, 0.0) for name, size in after.items()}
    print(f"The last year added {sum(grown.values()):.0f} MB to the database:\n")
    print("| table | MB of the year |")
    print("|---|---|")
    for name, size in sorted(grown.items(), key=lambda item: -item[1])[:16]:
        print(f"| {name} | {size:.1f} |")
    print(flush=True)


def note(text: str) -> None:
    """Progress for whoever waits."""
    print(f"… {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Run the benchmark, or one of its processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("fill", "run", "change"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--year", default=YEARS[-1], help=argparse.SUPPRESS)
    parser.add_argument("--schools", default="640", help="sizes of the region, by comma")
    parser.add_argument("--assessments", type=int, default=40, help="works a year")
    parser.add_argument("--years", type=int, default=3, choices=(1, 2, 3), help="years; the last is measured")
    parser.add_argument("--runs", type=int, default=3, help="runs of the last year")
    parser.add_argument("--only", default="", help="asset functions of the last year, by comma")
    parser.add_argument("--work", type=Path, help="folder to work in; kept, and what stands in it serves again")
    options = parser.parse_args()
    if options.part == "fill":
        works = fill(options.home, int(options.schools), options.assessments, YEARS[-options.years :])
        tell("filled", works=works)
    elif options.part == "run":
        run_assets(options.home, options.year, frozenset(filter(None, options.only.split(","))))
    elif options.part == "change":
        change_one_work(options.home, options.year)
    else:
        work = options.work or Path(tempfile.mkdtemp(prefix="oko-analysis-"))
        try:
            for schools in map(int, options.schools.split(",")):
                region(work, schools, options)
        finally:
            if options.work is None:
                shutil.rmtree(work)


if __name__ == "__main__":
    main()
