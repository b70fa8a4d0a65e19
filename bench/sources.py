"""Time to read a year of all sources, beside merely reading the same cells with calamine.

    python bench/sources.py                      a municipality of 12 schools
    python bench/sources.py --region 100         a region of 100 schools
    python bench/sources.py --inbox var/inbox    files of one's own

Both ways read the same files in one process, in turn; figures are medians over the runs. Processor time is told beside
the clock: on a busy machine it alone can be compared.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from oko_pipeline.collection.inbox import InboxFile, scan_inbox
from oko_pipeline.collection.reading import ReadOptions, SourceReading, layout_title, read_source
from oko_pipeline.orchestration.sample_sources import SOURCES_YEAR, source_jobs
from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import SampleOptions

KEY = b"a key of the bench only"


@dataclass(frozen=True, slots=True)
class Timing:
    """One run: seconds by the clock and of the processor."""

    clock: float
    cpu: float


def timed(run: Callable[[], object]) -> Timing:
    """Run once and return the times."""
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    return Timing(time.perf_counter() - clock, time.process_time() - cpu)


def read_cells(root: Path, files: list[InboxFile]) -> int:
    """Read every cell of every workbook and return how many are filled; what does not open is passed over."""
    filled = 0
    for file in files:
        try:
            book = CalamineWorkbook.from_path(root / file.path)
            rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
        except (CalamineError, OSError, ValueError):
            continue
        filled += sum(value != "" for row in rows for value in row)
    return filled


def read_sources(root: Path, files: list[InboxFile]) -> list[tuple[SourceReading, float]]:
    """Read every file as the pipeline does; return the readings with milliseconds of the processor."""
    options, found = ReadOptions(KEY), []
    for file in files:
        started = time.process_time()
        reading = read_source(root, file, options)
        found.append((reading, (time.process_time() - started) * 1000))
    return found


def median(values: list[float]) -> str:
    """Return median, least and greatest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def measure(root: Path, runs: int) -> None:
    """Measure both ways in turn and print the figures."""
    files = [file for file in scan_inbox(root) if file.path.lower().endswith((".xlsx", ".xlsm", ".xls"))]
    cells = read_cells(root, files)
    readings = read_sources(root, files)
    floor: list[Timing] = []
    ours: list[Timing] = []
    for _ in range(runs):
        floor.append(timed(lambda: read_cells(root, files)))
        ours.append(timed(lambda: readings.__setitem__(slice(None), read_sources(root, files))))
    ratios = [our.cpu / one.cpu for our, one in zip(ours, floor, strict=True)]
    findings = sum(len(reading.reading.findings) for reading, _ in readings)
    say = sys.stdout.write
    say(f"files {len(files)}, filled cells {cells}, findings {findings}, runs {runs}\n")
    say(f"calamine, s: clock {median([one.clock for one in floor])}, processor {median([one.cpu for one in floor])}\n")
    say(f"read_source, s: clock {median([one.clock for one in ours])}, processor {median([one.cpu for one in ours])}\n")
    each = statistics.median(one.cpu for one in ours) / len(files) * 1000
    say(f"ratio by processor: {median(ratios)}; ms a file: {each:.1f}\n")
    by_layout: dict[str, list[float]] = defaultdict(list)
    for reading, milliseconds in readings:
        by_layout[reading.layout_code or "unopened"].append(milliseconds)
    for code, spent in sorted(by_layout.items(), key=lambda pair: -sum(pair[1])):
        title = layout_title(None if code == "unopened" else code)
        figures = f"files {len(spent):5}  ms a file {statistics.median(spent):7.1f}  s {sum(spent) / 1000:6.2f}"
        say(f"  {code:22} {figures}  {title}\n")


def main(argv: list[str] | None = None) -> None:
    """Write a sample unless an inbox is given, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inbox", type=Path, help="folder of files; none: a generated sample")
    parser.add_argument("--schools", type=int, default=12, help="schools of the generated municipality")
    parser.add_argument("--region", type=int, help="generate a region of so many schools instead")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args(argv)
    if arguments.inbox is not None:
        measure(arguments.inbox, arguments.runs)
        return
    with tempfile.TemporaryDirectory(prefix="oko-bench-") as folder:
        options = SampleOptions(
            schools=arguments.schools,
            region_schools=arguments.region,
            school_years=(SOURCES_YEAR,),
            broken_files=False,
        )
        writing = timed(lambda: write_sample(Path(folder) / "inbox", options, further=source_jobs))
        sys.stdout.write(f"sample of {options.schools_count} schools written in {writing.cpu:.1f} s of the processor\n")
        measure(Path(folder) / "inbox", arguments.runs)


if __name__ == "__main__":
    main()
