"""Documents: their speed beside a naive way, and what all documents of a finished home say when they are read back.

    python bench/documents.py [--documents 640] [--runs 3] [--workers 1,2]
    python bench/documents.py --read-back HOME YEAR [--kinds a,b] [--write FOLDER]

The first measures: ms a document, documents a minute, peak memory, share of time in charts, beside python-docx cell by
cell with pyplot pictures. The second makes every document of a year again from the tables of a home, reads it back and
prints n of n per kind: numbers printed and drawn against figures, charts against what was asked for, figures against
the database, rules of accessibility. Nothing in the home is written.
"""
# ruff: noqa: PLC0415

import argparse
import io
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oko_pipeline.errors import OkoError
from oko_pipeline.reporting.sections import chart, every_figure, row, series, table
from oko_pipeline.reporting.word.accessibility import accessibility_faults
from oko_pipeline.reporting.word.read_back import (
    NOTHING,
    ReadBack,
    ReadBackOptions,
    charts_agree,
    read_back,
    reader_of,
    requery,
    setting_numbers,
    texts_agree,
)
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.templates import template_bytes

_SHOWN = 8


@dataclass(slots=True)
class KindReading:
    """What reading back the documents of a kind found."""

    kind: str
    documents: int = 0
    printed: ReadBack = NOTHING
    texts: ReadBack = NOTHING
    charts: ReadBack = NOTHING
    database: ReadBack = NOTHING
    accessibility: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was found."""
        return not (
            self.failure or self.accessibility or self.printed.faults or self.charts.faults or self.database.faults
        )

    def line(self) -> str:
        """Return a line of the table of kinds."""
        if self.failure:
            return f"{self.kind:32} {self.failure}"
        counts = (
            f"{one.agreed_count}/{one.compared_count}" for one in (self.printed, self.texts, self.charts, self.database)
        )
        columns = " ".join(f"{text:>15}" for text in counts)
        return f"{self.kind:32} {self.documents:5} {columns} {len(self.accessibility):8}"


def read_back_home(
    home: Path, school_year: str, kinds: Sequence[str] = (), folder: Path | None = None, templates: Path | None = None
) -> Iterator[KindReading]:
    """Make the documents of a year again from the tables of a home and read them back; a reading a kind.

    Args:
        home: a home with a finished run; nothing in it is written.
        school_year: the year.
        kinds: kinds to read; all that have a builder when empty.
        folder: where the documents are written to be looked at, if anywhere.
        templates: folder with templates to take in the place of the shipped ones.
    """
    from assets.documents import cycle_data
    from assets.reporting import note_settings
    from oko_pipeline.catalogue.documents import document_kinds
    from oko_pipeline.reporting.kinds import BUILDERS
    from oko_pipeline.settings import Settings
    from resources.workplace import open_workplace

    workplace = open_workplace(Settings.load(home=home))
    thresholds = setting_numbers(note_settings(workplace))
    for name, kind in document_kinds().items():
        if name not in BUILDERS or (kinds and name not in kinds):
            continue
        reading = KindReading(name)
        try:
            data = cycle_data(workplace, school_year, kind)
            again = reader_of(cycle_data(workplace, school_year, kind))
            options = ReadBackOptions(template=template_bytes(name, templates)[1], thresholds=thresholds)
            for content in BUILDERS[name](data):
                document = render_note(name, content.context, _STAMP, templates)
                if folder is not None:
                    place = folder / name / f"{content.unit_code} {content.topic}".strip().replace("/", "-")
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.with_suffix(".docx").write_bytes(document)
                _add(reading, document, content.context, (again, options))
        except (OkoError, KeyError, TypeError, ValueError, AttributeError) as error:
            reading.failure = f"{type(error).__name__}: {error}"
        yield reading
    workplace.close()


_STAMP = Stamp(datetime(2026, 11, 22, 6, 10, tzinfo=UTC), "bench")


def _add(reading: KindReading, document: bytes, context: dict, judged_by: tuple) -> None:
    again, options = judged_by
    figures = every_figure(context)
    reading.documents += 1
    reading.printed += read_back(document, figures, options)
    reading.texts += texts_agree(document, context)
    reading.charts += charts_agree(document, context)
    reading.database += requery(figures, again)
    reading.accessibility += [str(fault) for fault in accessibility_faults(document)]


def print_read_back(
    home: Path, school_year: str, kinds: Sequence[str], folder: Path | None, templates: Path | None
) -> bool:
    """Print n of n per kind with the first faults; tell whether all is sound."""
    print(f"{'вид':32} {'док.':>5} {'напечатано':>15} {'тексты':>15} {'рисунки':>15} {'база':>15} {'доступн.':>8}")
    is_sound = True
    for reading in read_back_home(home, school_year, kinds, folder, templates):
        print(reading.line(), flush=True)
        is_sound &= reading.is_sound
        read = (reading.printed, reading.texts, reading.charts, reading.database)
        for faults in (*(one.faults for one in read), reading.accessibility):
            for fault, count in Counter(faults).most_common(_SHOWN):
                print(f"    {count} × {fault}")
    return is_sound


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--read-back", nargs=2, metavar=("HOME", "YEAR"))
    parser.add_argument("--kinds", default="")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--templates", type=Path)
    parser.add_argument("--documents", type=int, default=640)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--naive", type=int, default=10, help="how many documents the naive way makes")
    chosen = parser.parse_args(arguments)
    if chosen.read_back:
        kinds = [name for name in chosen.kinds.split(",") if name]
        home, year = chosen.read_back
        return 0 if print_read_back(Path(home), year, kinds, chosen.write, chosen.templates) else 1
    started = time.perf_counter()
    measure(chosen)
    print(f"всего {time.perf_counter() - started:.0f} с")
    return 0


def measure(chosen: argparse.Namespace) -> None:
    """Measure the documents of a region beside the naive way; medians of the runs with the least and the greatest."""
    from oko_pipeline.reporting.word.content import read_word

    specimen = render_note("school_note", school_context(0), _STAMP)
    content = read_word(specimen)
    print(f"образец: рисунков {len(content.drawings)}, таблиц {len(content.tables)}, {len(specimen) // 1024} КБ")
    for workers in (int(number) for number in chosen.workers.split(",")):
        walls, cpus, peak = [], [], 0.0
        for _ in range(chosen.runs):
            wall, cpu, memory = _in_own_process("ours", chosen.documents, workers)
            walls.append(wall), cpus.append(cpu)
            peak = max(peak, memory)
        wall = median(walls)
        print(
            f"наши документы, процессов {workers}: {wall / chosen.documents * 1000:.1f} мс на документ "
            f"({min(walls) / chosen.documents * 1000:.1f}–{max(walls) / chosen.documents * 1000:.1f}), "
            f"процессора {median(cpus) / chosen.documents * 1000:.1f} мс, {chosen.documents / wall * 60:.0f} в минуту, "
            f"{chosen.documents} — {wall:.1f} с, память {peak:.0f} МБ"
        )
    wall, cpu, memory = _in_own_process("naive", chosen.naive, 1)
    print(
        f"ячейка за ячейкой и pyplot: {wall / chosen.naive * 1000:.0f} мс на документ, процессора "
        f"{cpu / chosen.naive * 1000:.0f} мс, {chosen.naive / wall * 60:.0f} в минуту, память {memory:.0f} МБ"
    )
    shares = time_shares(min(chosen.documents, 60))
    print("доли времени: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))


def _in_own_process(way: str, documents: int, workers: int) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak memory (MB) of making documents in processes of their own."""
    code = f"from documents import work; work({way!r}, {documents}, {workers})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True, capture_output=True, text=True
    )
    wall, cpu, memory = (float(text) for text in done.stdout.split())
    return wall, cpu, memory


def work(way: str, documents: int, workers: int) -> None:
    """Make documents and print wall seconds, processor seconds and peak memory (MB); start-up is not counted."""
    make = _one_ours if way == "ours" else _one_naive
    make(0)
    started = time.perf_counter(), _cpu()
    if workers == 1:
        for number in range(documents):
            make(number)
        ended = time.perf_counter(), _cpu()
    else:
        with ProcessPoolExecutor(workers) as pool:
            sum(pool.map(make, range(workers)))
            started = time.perf_counter(), _cpu()
            sum(pool.map(make, range(documents), chunksize=8))
            wall = time.perf_counter()
        ended = wall, _cpu()
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(ended[0] - started[0], ended[1] - started[1], own + children * (workers if workers > 1 else 0))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _one_ours(number: int) -> int:
    return len(render_note("school_note", school_context(number), _STAMP))


def time_shares(documents: int) -> dict[str, float]:
    """Return which part of the time goes where, by timing the parts of `word.render` themselves."""
    from oko_pipeline.reporting.word import render

    spent: dict[str, float] = defaultdict(float)
    inside: list[str] = []

    def timed(name, function):
        def run(*arguments, **options):
            inside.append(name)
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                inside.pop()
                if name not in inside:
                    spent[name] += time.perf_counter() - started

        return run

    kept = {}
    for name, attribute in (("рисунки", "chart_parts"), ("таблицы", "table_xml"), ("поля", "refresh_fields")):
        kept[attribute] = getattr(render, attribute)
        setattr(render, attribute, timed(name, kept[attribute]))
    started = time.perf_counter()
    for number in range(documents):
        _one_ours(number)
    whole = time.perf_counter() - started
    for attribute, function in kept.items():
        setattr(render, attribute, function)
    shares = {name: seconds / whole for name, seconds in spent.items()}
    return shares | {"шаблон и упаковка": 1 - sum(shares.values())}


def school_context(number: int) -> dict[str, Any]:
    """Return the context of a school's note of eight pages, six charts and eight tables; numbers differ by school."""
    random = Random(number)
    works = [_work(random, title) for title in ("Русский язык, 4 класс", "Математика, 4 класс")]
    titles = [f"{subject}, {grade} класс" for grade in (4, 5, 6, 7) for subject in _SUBJECTS]
    shares = [[round(random.uniform(2, 40), 1) for _ in range(4)] for _ in titles[:12]]
    statements = [
        {"title": f"Вывод {n}", "text": f"Базовый уровень достигли {random.uniform(40, 90):.1f} % участников. " * 3,
         "points": [f"Задание {p}: {random.uniform(5, 95):.1f} %" for p in range(3)]}
        for n in range(3)
    ]  # fmt: skip
    return {
        "title": "Справка о результатах", "unit_name": f"МБОУ «Школа № {number}»", "unit_code": f"edu{number:06d}",
        "municipality_name": "Округ", "campaign_title": "ВПР, весна", "campaign_code": "vpr", "campaign_note": "",
        "campaign_dates": "весна 2026 г.", "school_year": "2025/2026", "authority": "Управление образования",
        "territory": "Край", "approval_position": "Директор", "statements": statements,
        "participation": {"text": "Писали все.", "schools_table": None, "table": _table("Участие", titles, 5, random)},
        "marks": {"text": "Отметки.", "table": _table("Отметки", titles, 8, random),
                  "charts": [_stacked(titles[:12], shares)]},
        "journal": {"text": "Журнал.", "table": _table("Журнал", titles, 5, random),
                    "charts": [_stacked(titles[:10], shares[:10])]},
        "works_text": "Работы.", "tasks": {"table": _table("Задания", titles, 6, random)}, "works": works,
        "quality": {"text": "Замечаний нет.", "left_out": [], "table": None}, "sources": None,
        "settings": dict.fromkeys(
            ("hide_below", "claim_from", "detail_from", "informative_from", "base_green", "base_red", "high_green",
             "high_red"), "10"),
    }  # fmt: skip


_SUBJECTS = ("Русский язык", "Математика", "История", "Биология")


def _table(title: str, names: Sequence[str], columns: int, random: Random) -> dict[str, Any]:
    rows = [
        row(name, *(f"{random.uniform(0, 100):.1f}".replace(".", ",") for _ in range(columns - 1))) for name in names
    ]
    heads = [("Работа", 3.0, "text"), *((f"Столбец {n}", 1.0, "number") for n in range(columns - 1))]
    return table(title, heads, rows) or {}


def _stacked(names: Sequence[str], shares: Sequence[Sequence[float]]) -> dict[str, Any]:
    parts = [series(f"«{mark}»", f"mark_{mark}", [one[mark - 2] for one in shares]) for mark in (2, 3, 4, 5)]
    alt = f"Доли отметок: {names[0]} — «5» {shares[0][3]} %"
    return chart("stacked", "Доли отметок, %", alt, list(names), parts, height_mm=90)


def _work(random: Random, title: str) -> dict[str, Any]:
    counts = [random.randint(0, 12) for _ in range(25)]
    tasks = [round(random.uniform(10, 95), 1) for _ in range(16)]
    profile = [
        series("базовый", "base", tasks),
        series("муниципалитет", "benchmark", [round(x * 0.9, 1) for x in tasks]),
    ]
    names = [f"Умение {n}: находить часть числа и применять её при решении задач" for n in range(6)]
    return {
        "title": title, "facts": f"Писали {random.randint(20, 90)} участников.", "red_text": "В красной зоне задания.",
        "histogram": chart("histogram", f"Баллы: {title}", f"Чаще всего {max(counts)}: {title}",
                           [str(n) for n in range(25)], [series("участников", "plain", counts)], axis_title="балл"),
        "task_profile": chart("profile", f"Задания: {title}", f"Труднее всего {min(tasks)}: {title}",
                              [str(n + 1) for n in range(16)], profile, axis_title="задание"),
        "red_tasks": _table("Задания красной зоны", names, 4, random), "deficits": ["Читать условие"] * 3,
        "parts": _table("Классы", ["4А", "4Б", "4В"], 6, random),
    }  # fmt: skip


def _one_naive(number: int) -> int:
    """Make the same note the naive way: tables cell by cell through python-docx, charts as pyplot pictures."""
    import matplotlib as mpl

    mpl.use("Agg")
    # What everyone writes first is what is measured here.
    import matplotlib.pyplot as plt  # noqa: TID251
    from docx import Document
    from docx.shared import Mm

    context = school_context(number)
    document = Document()
    for block in _blocks(context):
        if block["block"] == "table":
            document.add_paragraph(block["title"])
            made = document.add_table(rows=1 + len(block["rows"]), cols=len(block["columns"]))
            for place, column in enumerate(block["columns"]):
                made.cell(0, place).text = column["title"]
            for line, one in enumerate(block["rows"], start=1):
                for place, text in enumerate(one["cells"]):
                    made.cell(line, place).text = text
            continue
        figure, axes = plt.subplots(figsize=(6.5, 3.2))
        below = [0.0] * len(block["categories"])
        for one in block["series"]:
            values = [value or 0.0 for value in one["values"]]
            axes.barh(block["categories"], values, left=below, label=one["name"])
            below = [a + b for a, b in zip(below, values, strict=True)]
        axes.legend()
        stream = io.BytesIO()
        figure.savefig(stream, dpi=150)
        plt.close(figure)
        document.add_picture(stream, width=Mm(165))
    for statement in context["statements"]:
        document.add_paragraph(statement["text"])
    stream = io.BytesIO()
    document.save(stream)
    return len(stream.getvalue())


def _blocks(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "block" in value:
            yield value
        else:
            for item in value.values():
                yield from _blocks(item)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item)


if __name__ == "__main__":
    sys.exit(main())
