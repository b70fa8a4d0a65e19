"""Scales of exams as files of a year: primary → test scores by subject, or marks by subject with their minima.

The scale of a file is that of a territory or a year that the catalogue lacks; where both exist both are kept and shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.exams import (
    ExamKey,
    ExamSubject,
    exam_level,
    find_exam_subject,
    hundred_scales,
    mark_scales,
)
from oko_pipeline.catalogue.scales import bound_faults
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, folded_text, mentions, whole_number
from oko_pipeline.collection.identity import path_hints
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.gia_scale_records import scale_records
from oko_pipeline.errors import UnreadableFileError

_PRIMARY: Final = re.compile(r"первичн\w+ балл\w*")
_SUBJECT: Final = re.compile(r"(учебный )?предмет|экзамен")
_MAXIMUM: Final = re.compile(r"макс\w*\.?( первичный)?( балл\w*)?.*")
_SERIES: Final = re.compile(r"серия( вариантов)?|маркировка.*")
_MARK: Final = re.compile(r"(отметка |оценка )?[«\"]?([2-5])[»\"]?( \(.*\))?")
_RANGE: Final = re.compile(r"(\d+)(?:\s*[-–—−]\s*(\d+))?")
_YEAR: Final = re.compile(r"(?<!\d)(20[12]\d)(?!\d)")
_KINDS: Final = (
    ("gve11", re.compile(r"гвэ.?11")),
    ("gve9", re.compile(r"гвэ")),
    ("oge", re.compile(r"огэ|основного государственного")),
    ("ege", re.compile(r"егэ|единого государственного")),
)
_ANY_KIND: Final = re.compile("|".join(pattern.pattern for _, pattern in _KINDS))


@dataclass(frozen=True, slots=True)
class _ScaleTable:
    """A table of scales: kind, year (None — not named), heads row, its columns by name or subject."""

    sheet: Sheet
    kind: str
    year: int | None
    row: int
    columns: dict[str, int]
    subjects: dict[int, ExamSubject]


def _find(sheet: Sheet) -> _ScaleTable | None:
    if not (mentions(sheet, _ANY_KIND) or _ANY_KIND.search(folded_text(sheet.name))):
        return None
    above = ""
    for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
        texts = [folded_text(value) for value in row]
        table = _wide(sheet, index, texts) or _by_subject(sheet, index, texts)
        if table is not None:
            title = f"{above} {' '.join(texts)} {folded_text(sheet.name)}"
            kind = next((name for name, pattern in _KINDS if pattern.search(title)), None)
            if kind is None:
                return None
            match = _YEAR.search(title)
            return _ScaleTable(sheet, kind, int(match[1]) if match else None, index, *table)
        above += " " + " ".join(texts)
    return None


def _wide(sheet: Sheet, index: int, texts: list[str]) -> tuple[dict[str, int], dict[int, ExamSubject]] | None:
    """Return the columns of primary → test scores: «Первичный балл» and a column a subject, in this row or the next."""
    primary = next((c for c, text in enumerate(texts) if _PRIMARY.fullmatch(text)), None)
    if primary is None:
        return None
    for row in sheet.rows[index : index + 2]:
        named = {c: find_exam_subject(cell_text(value)) for c, value in enumerate(row) if c != primary and value}
        subjects = {c: subject for c, subject in named.items() if subject is not None}
        if subjects and len(subjects) == sum(
            not isinstance(v, int | float) for c, v in enumerate(row) if v and c != primary
        ):
            return {"primary": primary}, subjects
    return None


def _by_subject(sheet: Sheet, index: int, texts: list[str]) -> tuple[dict[str, int], dict[int, ExamSubject]] | None:
    """Return the columns of marks by subject: subject, «3», «4», «5», maximum, series."""
    del sheet, index
    columns: dict[str, int] = {}
    for name, pattern in (("subject", _SUBJECT), ("maximum", _MAXIMUM), ("series", _SERIES)):
        column = next((c for c, text in enumerate(texts) if pattern.fullmatch(text)), None)
        if column is not None:
            columns[name] = column
    for column, text in enumerate(texts):
        match = _MARK.fullmatch(text)
        if match:
            columns[match[2]] = column
    has_grades = any(re.fullmatch(r"класс.*", text) for text in texts)
    return (columns, {}) if {"subject", "3", "4", "5"} <= columns.keys() and not has_grades else None


class GiaScales:
    """Reads scales of exams into records `exam_scales`."""

    code: str = "gia_scales"
    version: str = "1"
    title_ru: str = "Шкалы ГИА"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet titled ОГЭ, ЕГЭ or ГВЭ maps primary scores to test scores or marks by subject."""
        return any(_find(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all scales; a faulty one is a finding and is left out.

        Raises:
            UnreadableFileError: (examscale.year_unknown) when neither title nor path names the year.
        """
        reading = Reading()
        rows: list[dict[str, object]] = []
        for sheet in workbook.sheets:
            table = _find(sheet)
            if table is None:
                continue
            year = table.year or path_hints(context.path).year
            if year is None:
                raise UnreadableFileError("examscale.year_unknown", "Ни заголовок, ни имя файла не называют год шкалы.")
            findings = CellFindings(context, sheet.name)
            made = _wide_rows if table.subjects else _subject_rows
            for exam, found in made(table, year, findings, reading):
                _compare(exam, found, table, findings)
                rows += found
            reading.findings += findings.all()
        years = {int(str(row["exam_year"])) for row in rows}
        reading.school_year = f"{min(years) - 1}-{min(years)}" if len(years) == 1 else None
        reading.records["exam_scales"] = scale_records(rows)
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _cell(cells: list[Cell], column: int | None) -> Cell:
    return cells[column] if column is not None and column < len(cells) else None


def _record(table: _ScaleTable, row: int, key: ExamKey, primary: int, values: dict[str, object]) -> dict[str, object]:
    return {
        "source_sheet": table.sheet.name,
        "source_row": row + 1,
        "exam_code": str(key),
        "exam_year": key.year,
        "series": "",
        "primary_score": primary,
    } | values


def _wide_rows(
    table: _ScaleTable, year: int, findings: CellFindings, reading: Reading
) -> Iterator[tuple[ExamKey, list[dict[str, object]]]]:
    lines = [
        (row, primary, cells)
        for row, cells in enumerate(table.sheet.rows)
        if row > table.row and (primary := whole_number(_cell(cells, table.columns["primary"]))) is not None
    ]
    reading.read_rows_count += len(lines)
    for column, subject in table.subjects.items():
        key = ExamKey(table.kind, year, subject.subject_code, exam_level(table.kind, subject))
        name = "mark" if key.is_marked else "test_score"
        made: list[dict[str, object]] = []
        last = -1
        for row, primary, cells in lines:
            value = _cell(cells, column)
            score = whole_number(value)
            if score is None and not cell_text(value).strip("-–—"):
                continue
            if score is None or not last <= score <= 100:
                findings.add(
                    "examscale.not_growing",
                    f"Шкала «{key.title_ru}»: первичному баллу {primary} соответствует {shown(value)}.",
                    row + 1,
                    column,
                    value=shown(value),
                    expected=f"целое число от {max(last, 0)} до 100",
                    became="строка шкалы не применяется",
                )
                continue
            last = score
            made.append(_record(table, row, key, primary, {name: score}))
        yield key, made


def _subject_rows(
    table: _ScaleTable, year: int, findings: CellFindings, reading: Reading
) -> Iterator[tuple[ExamKey, list[dict[str, object]]]]:
    for row, cells in enumerate(table.sheet.rows):
        text = cell_text(_cell(cells, table.columns["subject"]))
        if row <= table.row or not text:
            continue
        pairs = [_RANGE.search(cell_text(_cell(cells, table.columns[mark]))) for mark in ("3", "4", "5")]
        if not any(pairs):
            continue
        reading.read_rows_count += 1
        subject = find_exam_subject(text)
        if subject is None:
            reading.quarantined_rows_count += 1
            findings.add(
                "examscale.subject_unknown",
                "Предмет шкалы не узнан: строка отложена.",
                row + 1,
                table.columns["subject"],
                expected="полное название предмета",
                became="строка в карантине",
            )
            continue
        key = ExamKey(table.kind, year, subject.subject_code, exam_level(table.kind, subject))
        three, four, five = (int(pair[1]) if pair else 0 for pair in pairs)
        printed = whole_number(_cell(cells, table.columns.get("maximum")))
        last = pairs[2]
        maximum = printed if printed is not None else int(last[2] or last[1]) if last else 0
        faults = bound_faults(three, four, five, maximum)
        if faults:
            reading.quarantined_rows_count += 1
            findings.add(
                "examscale.not_growing",
                f"Шкала «{key.title_ru}»: {'; '.join(faults)}.",
                row + 1,
                table.columns["3"],
                expected="границы «3», «4», «5» растут и не больше максимума",
                became="шкала не применяется",
            )
            continue
        series = cell_text(_cell(cells, table.columns.get("series")))
        marks = [2 + sum(primary >= minimum for minimum in (three, four, five)) for primary in range(maximum + 1)]
        yield key, [_record(table, row, key, p, {"mark": mark, "series": series}) for p, mark in enumerate(marks)]


def _compare(key: ExamKey, rows: list[dict[str, object]], table: _ScaleTable, findings: CellFindings) -> None:
    """Tell where a scale of a file differs from every source of the catalogue; both stay."""
    name = "mark" if key.is_marked else "test_score"
    for row in rows:
        primary = int(str(row["primary_score"]))
        if key.is_marked:
            known = {scale.mark(primary) for scale in mark_scales(key) if scale.series == row["series"]}
        else:
            known = {scale.test_score(primary) for scale in hundred_scales(key)}
        known.discard(None)
        if known and row[name] not in known:
            findings.add(
                "examscale.contradiction",
                f"Шкала «{key.title_ru}»: первичный балл {primary} — {row[name]}, в каталоге — "
                f"{' или '.join(map(str, sorted(one for one in known if one is not None)))}.",
                int(str(row["source_row"])),
                table.columns.get("3", table.columns.get("primary")),
                became="сохранены обе шкалы",
            )
            return
