"""From a corrected file of one school to its new documents: seconds, and where they go.

    python bench/arrival.py --schools 640 [--home DIR] [--runs 3] [--profile FILE]

Makes a region in a home of its own (or takes one that `--home` names, with a finished year 2020-2021), then, run by
run, drops a corrected file of one school, lets the sensor see it, and executes the run that the sensor asks for, in a
fresh process as Dagster's launcher does. The time a file must stand still is not counted: it is a setting. Processor
time is told beside the clock: on a busy machine it alone can be compared.
"""
# ruff: noqa: PLC0415

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from measure import run as run_command

ROOT = Path(__file__).resolve().parent.parent
YEAR = "2020-2021"
SHOWN = 12


def env(home: Path) -> dict[str, str]:
    """Return the environment of the processes that are measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OKO_", "DAGSTER_"))}
    own = {"OKO_HOME": str(home), "OKO_PSEUDONYM_KEY": "a key for benchmarks only", "OKO_INBOX_SETTLE_SECONDS": "0"}
    return kept | own | {"PYTHONUTF8": "1", "PYTHONPATH": str(ROOT), "OKO_WORKERS": "0"}


def make_home(home: Path, schools: int) -> None:
    """Write the files of a region and run the year."""
    from oko_pipeline.sample.generate import SampleOptions, write_sample

    options = SampleOptions(region_schools=schools, school_years=(YEAR,), broken_files=False)
    summary = write_sample(home / "inbox", options)
    say(f"{summary.schools_count} ОО, строк участников: {summary.works_count}, файлов: {summary.files_count}")
    command = [sys.executable, "-m", "oko_pipeline.cli", "run", YEAR]
    done = run_command(command, env(home), ROOT)
    say(f"год целиком: {done.seconds:.0f} с, процессора {done.cpu_seconds:.0f} с, код {done.exit_code}")


def correct_one_school(inbox: Path) -> tuple[Path, str]:
    """Write a file with the rows of one school of middle size, one answer more corrected; return it and the login."""
    from openpyxl import Workbook
    from python_calamine import CalamineWorkbook

    dump = next(inbox.glob("**/2021/5/*математике*ВПР 2021.xlsx"))
    rows = CalamineWorkbook.from_path(str(dump)).get_sheet_by_index(0).to_python()
    header = [str(title) for title in rows[0]]
    login, total, first = (header.index(title) for title in ("логин школы", "всего баллов", "балл за 1"))
    by_school: dict[str, list[list[Any]]] = defaultdict(list)
    for row in rows[1:]:
        by_school[str(row[login])].append(row)
    ordered = sorted(by_school, key=lambda name: (len(by_school[name]), name))
    school = ordered[len(ordered) // 2]
    target = inbox / "присланное" / school / dump.name
    own = by_school[school]
    if target.is_file():
        # In a home that was measured before, one answer more: the results of the school change each time.
        own = CalamineWorkbook.from_path(str(target)).get_sheet_by_index(0).to_python()[1:]
    row = next(row for row in own if str(row[first]) == "0" and str(row[total]).isdigit())
    row[first], row[total] = "1", str(int(row[total]) + 1)
    book = Workbook()
    for row in [header, *own]:
        book.active.append(row)
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    return target, school


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# ------------------------------------------------- in the processes that are measured


def tick() -> None:
    """Evaluate the sensor as the daemon does; print what it asks for and how long it took."""
    import dagster as dg

    from oko_pipeline.orchestration.arrivals import inbox_arrivals
    from oko_pipeline.settings import Settings
    from resources.workplace import WorkplaceResource

    kept = Settings.load().home / "bench_cursor.json"
    cursor = kept.read_text("utf-8") if kept.is_file() else None
    clock, cpu = time.perf_counter(), time.process_time()
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance, cursor, resources={"workplace": WorkplaceResource()}) as context,
    ):
        asked = [one.partition_key for one in inbox_arrivals(context) if isinstance(one, dg.RunRequest)]
        kept.write_text(context.cursor or "", "utf-8")
    say(json.dumps({"asked": asked, "clock": time.perf_counter() - clock, "cpu": time.process_time() - cpu}))


def execute(profile: str) -> None:
    """Execute the job that the sensor names; print seconds by step."""
    import cProfile
    import uuid
    import warnings

    started = time.process_time()
    import dagster as dg

    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    from oko_pipeline.orchestration.build import build_defs
    from oko_pipeline.orchestration.run_log import open_instance
    from oko_pipeline.settings import Settings

    settings = Settings.load()
    steps: dict[str, float] = {}
    begun: dict[str, float] = {}

    def listen(entry: Any) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.event_type_value == "STEP_START":
            begun[event.step_key] = time.process_time()
        if event.event_type_value in {"STEP_SUCCESS", "STEP_FAILURE"}:
            steps[event.step_key] = time.process_time() - begun[event.step_key]

    job = build_defs().resolve_job_def("refresh_after_new_results")
    loaded = time.process_time() - started
    run_id = str(uuid.uuid4())
    profiler = cProfile.Profile(time.process_time)
    with open_instance(settings.dagster_folder, is_configured=False) as instance:
        instance.add_event_listener(run_id, listen)
        if profile:
            profiler.enable()
        result = job.execute_in_process(
            partition_key=YEAR,
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        profiler.disable()
    if profile:
        profiler.dump_stats(profile)
    say(json.dumps({"ok": result.success, "loaded": loaded, "steps": steps, "cpu": time.process_time()}))


def stage_of(step: str) -> str:
    """Return the stage of a step: the group of its asset, or checks."""
    from oko_pipeline.orchestration.build import ASSETS

    groups = {one.op.name: next(iter(one.group_names_by_key.values())) for one in ASSETS}
    return groups.get(step, "проверки")


def documents_of(home: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of the files of all documents."""
    files = [path for path in (home / "reports").rglob("*") if path.suffix in {".docx", ".xlsx"}]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def measure(home: Path, runs: int, profile: str) -> None:
    """Drop corrected files and print the figures."""
    program = [sys.executable, str(Path(__file__).resolve())]
    run_command([*program, "--tick"], env(home), ROOT)
    warm = run_command([*program, "--execute"], env(home), ROOT)
    told = json.loads(warm.output.strip().splitlines()[-1])
    say(f"без изменений: процессора {warm.cpu_seconds:.1f} с, из них шаги {sum(told['steps'].values()):.1f} с")
    found: list[dict[str, float]] = []
    for number in range(runs):
        path, school = correct_one_school(home / "inbox")
        before = documents_of(home)
        seen = json.loads(run_command([*program, "--tick"], env(home), ROOT).output.strip().splitlines()[-1])
        began = time.time()
        done = run_command([*program, "--execute", "--profile", profile], env(home), ROOT)
        try:
            told = json.loads(done.output.strip().splitlines()[-1])
        except ValueError:
            raise SystemExit(done.output[-4000:]) from None
        after = documents_of(home)
        number_of = school.lstrip("abcdefghijklmnopqrstuvwxyz")
        of_school = [
            stamp[1] / 1e9 - began
            for name, stamp in after.items()
            if before.get(name) != stamp and number_of in Path(name).name
        ]
        stages: dict[str, float] = defaultdict(float)
        for step, seconds in told["steps"].items():
            stages[stage_of(step)] += seconds
        found.append(
            {"датчик": seen["cpu"], "загрузка кода": told["loaded"], **stages, "весь запуск": done.cpu_seconds}
        )
        changed = sum(after.get(name) != stamp for name, stamp in before.items()) + len(after.keys() - before.keys())
        say(
            f"{number + 1}: {path.name}, {school}: запуск {done.seconds:.1f} с, процессора {done.cpu_seconds:.1f} с, "
            f"год {'прошёл' if told['ok'] else 'остановлен'}, написано файлов {changed} из {len(after)}, "
            f"запрошено {seen['asked']}"
        )
        if of_school:
            first, last = min(of_school), max(of_school)
            say(f"    документы ОО ({len(of_school)}): первый через {first:.1f} с, последний через {last:.1f} с")
        for step, seconds in sorted(told["steps"].items(), key=lambda item: -item[1])[:SHOWN]:
            say(f"    {step:40} {seconds:6.2f}")
    for name in found[0] if found else ():
        values = [one.get(name, 0.0) for one in found]
        say(f"{name:20} {median(values):6.2f} с процессора ({min(values):.2f}–{max(values):.2f})")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schools", type=int, default=640)
    parser.add_argument("--home", type=Path, default=Path("build/arrival"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", default="")
    parser.add_argument("--tick", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--execute", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.tick:
        tick()
    elif chosen.execute:
        execute(chosen.profile)
    else:
        home = chosen.home.resolve()
        if not (home / "oko.sqlite").is_file():
            make_home(home, chosen.schools)
        measure(home, chosen.runs, chosen.profile)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
