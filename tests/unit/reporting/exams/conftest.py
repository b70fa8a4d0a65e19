"""Small years of exams: a municipality of three schools, rows in the contracts."""

from datetime import UTC, datetime
from io import BytesIO

import pytest

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.exams.builders import BUILDERS
from oko_pipeline.reporting.word.accessibility import accessibility_faults
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.statistics.intervals import wilson_interval
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
AREA = "m1"
NAMES = {"edu1": "Школа № 1", "edu2": "Школа № 2", "edu3": "Школа № 3"}


def bounds(name, count, n):
    found = wilson_interval(count, n)
    return {f"{name}_share": count / n, f"{name}_low": float(found.low), f"{name}_high": float(found.high)}


def oge(unit, marks, *, code="oge:2026:russian:main", year=YEAR, **more):
    """Return a row of `exam_summary` of an exam with marks: counts of «2» … «5»."""
    n = sum(marks)
    counts = {f"mark_{mark}_count": count for mark, count in zip((2, 3, 4, 5), marks, strict=True)}
    return {
        "school_year": year, "exam_code": code, "unit_level": unit[0], "unit_code": unit[1], "category": "all",
        "participants_count": n, "not_valid_count": 0, "year_mark_pairs_count": 0,
        "mean_mark": sum(mark * count for mark, count in zip((2, 3, 4, 5), marks, strict=True)) / n,
        **counts, **bounds("success", n - marks[0], n), **bounds("quality", marks[2] + marks[3], n), "method_id": "m",
    } | more  # fmt: skip


def ege(unit, groups, *, code="ege:2026:physics:main", year=YEAR, high=None, **more):
    """Return a row of `exam_summary` of an exam with test scores: counts of the four groups."""
    n = sum(groups)
    names = ("below_minimum_count", "minimum_60_count", "score_61_80_count", "score_81_100_count")
    return {
        "school_year": year, "exam_code": code, "unit_level": unit[0], "unit_code": unit[1], "category": "all",
        "participants_count": n, "minimum_score": 36, "mean_test": 55.5, "mean_test_low": 50.0, "mean_test_high": 61.0,
        "score_80_99_count": groups[3] if high is None else high, "score_100_count": 0, "year_mark_pairs_count": 0,
        "not_valid_count": 0,
        **dict(zip(names, groups, strict=True)), **bounds("below_minimum", groups[0], n),
        **bounds("score_81_100", groups[3], n), "method_id": "m",
    } | more  # fmt: skip


def form(school, n, marks, *, year=YEAR, number=1, **more):
    """Return a row of `exam_results_reported`: participants and counts of «2» … «5»."""
    return {
        "school_year": year, "record_id": f"{school}{number}{year}", "school_code": school, "school_key": school,
        "exam": "oge", "grade": 9, "exam_subject": "history", "stage": "main", "participants_count": n,
        "below_minimum_count": marks[0], "mark_3_count": marks[1], "mark_4_count": marks[2], "mark_5_count": marks[3],
        "file_sha256": "f", "source_sheet": "s", "source_row": number,
    } | more  # fmt: skip


def task(unit, part, position, solved, n, **more):
    return {
        "school_year": YEAR, "exam_code": "oge:2026:russian:main", "unit_level": unit[0], "unit_code": unit[1],
        "part": part, "position": position, "score_group": "all", "maximum_score": 1, "participants_count": n,
        "solved_share": solved, "solved_low": max(solved - 0.1, 0.0), "solved_high": min(solved + 0.1, 1.0),
        "zero_share": 1 - solved, "full_share": solved, "method_id": "m",
    } | more  # fmt: skip


@pytest.fixture
def year():
    """Return a function: rows by table → the data of a kind of document."""

    def made(kind, **rows):
        years = {row["school_year"] for table in rows.values() for row in table} | {YEAR}
        schools = [
            {"school_year": one, "school_code": code, "school_name": name, "municipality_code": AREA}
            for one in sorted(years)
            for code, name in NAMES.items()
        ]
        areas = [{"school_year": YEAR, "municipality_code": AREA, "municipality_name": "Учебный район"}]
        frames = {name: filled(name, rows.get(name, [])) for name in document_kinds()[kind].tables}
        frames |= {"schools": filled("schools", schools), "municipalities": filled("municipalities", areas)}
        return CycleData(YEAR, frames)

    return made


@pytest.fixture
def contexts(year):
    """Return a function: kind and rows by table → contexts by unit and topic."""

    def made(kind, **rows):
        found = BUILDERS[kind](year(kind, **rows))
        return {(one.unit_code, one.topic): one.context for one in found}

    return made


@pytest.fixture
def opened():
    """Return a function: kind and context → the document, which everyone can read, opened by python-docx."""

    def made(kind, context):
        from docx import Document  # noqa: PLC0415 - heavy

        content = render_note(kind, context, Stamp(datetime(2026, 11, 22, 12, tzinfo=UTC), "1.0"))
        assert accessibility_faults(content) == []
        return Document(BytesIO(content))

    return made


def rows_of(section, number=0):
    """Return the cells of a section's table as texts."""
    return [
        [cell if isinstance(cell, str) else cell["text"] for cell in row["cells"]]
        for row in section["tables"][number]["rows"]
    ]


def said(context):
    """Return the statements of a document: title → text and points."""
    return {one["title"]: " ".join([one["text"], *one["points"]]) for one in context["statements"]}
