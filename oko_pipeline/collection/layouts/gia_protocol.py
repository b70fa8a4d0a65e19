"""Protocols of ЕГЭ, ОГЭ and ГВЭ results: sparse, compact, dense, with English heads; several exams in one sheet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.exams import (
    GVE_CODES_FROM,
    ExamKey,
    exam_level,
    find_exam_subject,
    subject_by_code,
)
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.exam_mentions import code_mentions
from oko_pipeline.collection.layouts.gia_protocol_checks import check_exam
from oko_pipeline.collection.layouts.gia_protocol_headers import (
    ExamTitle,
    Fields,
    Heads,
    column_heads,
    exam_kind,
    exam_title,
    find_dates,
    is_furniture,
    is_protocol,
    protocol_heads,
    stated_count,
)
from oko_pipeline.collection.layouts.gia_protocol_masks import compact_scores
from oko_pipeline.collection.layouts.gia_protocol_rows import ExamRows, PupilRow, looks_like_pupil, read_pupil
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.errors import UnreadableFileError

EXAM_RECORD_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "exam_code": "str",
    "exam_kind": "str",
    "exam_year": "Int64",
    "subject_code": "str",
    "exam_level": "str",
    "exam_date": "str",
    "pupil_id": "str",
    "name_id": "str",
    "has_document": "boolean",
    "class_label": "str",
    "category": "str",
    "variant": "str",
    "station_code": "str",
    "auditorium_code": "str",
    "status": "str",
    "task_scores": "str",
    "written_score": "Int64",
    "oral_score": "Int64",
    "primary_score": "Int64",
    "test_score": "Int64",
    "mark": "Int64",
    "year_mark": "Int64",
}
"""Columns of records `exam_results`. `name_id` keys the name and school: files without documents link by it."""
_FILE_EXAM: Final = re.compile(r"(?<!\d)(\d{2})[_ ](20\d\d[.\-]\d{2}[.\-]\d{2})(?!\d)")


@dataclass(slots=True)
class _Block:
    """Rows under one exam title: heads, participants, and what a footer states about their number."""

    exam: ExamTitle
    heads: Heads
    lines: list[tuple[int, Fields]] = field(default_factory=list)
    stated: tuple[int, int, int] | None = None


class GiaProtocol:
    """Reads protocols of exams into records `exam_results`."""

    code: str = "gia_protocol"
    version: str = "1"
    title_ru: str = "Протокол результатов ГИА"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has the heads of a protocol: school, person, primary score, result or mask."""
        return any(protocol_heads(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all exams of all sheets.

        Raises:
            UnreadableFileError: (exam.several_years) when exams of several years stand in one file;
                (exam.exam_unknown) when nothing tells which exams these are.
        """
        reading = Reading()
        frames: list[pd.DataFrame] = []
        years: set[int] = set()
        for sheet in workbook.sheets:
            findings = CellFindings(context, sheet.name)
            blocks, titles = _blocks(sheet, context, findings, reading)
            for exam in _exams(blocks, titles, findings, reading):
                check_exam(exam, findings)
                years.add(exam.key.year)
                frames.append(_frame(exam, sheet.name, context.pseudonymiser))
            reading.findings += findings.all()
        if len(years) > 1:
            listed = ", ".join(map(str, sorted(years)))
            raise UnreadableFileError(
                "exam.several_years", f"В файле экзамены нескольких лет ({listed}): разделите его."
            )
        if years:
            reading.school_year = f"{min(years) - 1}-{min(years)}"
        results = pd.concat(frames, ignore_index=True) if frames else exam_records([])
        reading.records["exam_results"] = results
        codes = zip(results["school_key"], results["exam_kind"], strict=True)
        reading.tables = {SCHOOL_MENTIONS.name: code_mentions(codes)}
        reading.accepted_rows_count = len(reading.records["exam_results"])
        return reading


def exam_records(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Return typed rows of records `exam_results`."""
    columns = {name: [row.get(name) for row in rows] for name in EXAM_RECORD_TYPES}
    return pd.DataFrame(columns).astype(EXAM_RECORD_TYPES)


def _exam_of_path(path: str) -> ExamTitle | None:
    """Return the exam that a file's name tells: «04_2026.06.01» or a subject with a date."""
    name = re.split(r"[/\\!]", path)[-1].replace("_", " ")
    match = _FILE_EXAM.search(name)
    number = int(match[1]) if match else None
    dates = find_dates(name)
    subject = find_exam_subject(name)
    if subject is None and number is not None:
        subject = subject_by_code(number % GVE_CODES_FROM)
    return ExamTitle(subject, number, dates[0], 0, 0, name) if subject is not None and dates else None


def _blocks(sheet: Sheet, context: SourceContext, findings: CellFindings, reading: Reading) -> tuple[list[_Block], str]:
    """Split a sheet into blocks of one exam and one row of heads; rows of no kind become findings."""
    exam = heads = None
    titles: list[str] = []
    blocks: list[_Block] = []
    for index, row in enumerate(sheet.rows):
        fields = heads.fields(row) if heads is not None else None
        if heads is not None and fields is not None and looks_like_pupil(fields):
            if exam is None:
                exam = _named_by_path(context, index, findings)
            if not blocks or blocks[-1].exam is not exam or blocks[-1].heads is not heads:
                blocks.append(_Block(exam, heads))
            blocks[-1].lines.append((index, fields))
            continue
        if not any(value not in {None, ""} for value in row):
            continue
        found = exam_title(row, index)
        if found is not None:
            exam = found
            continue
        new = column_heads(row, index)
        if new is not None and is_protocol(new):
            # A report repeats its heads on every page: the same columns are no new block.
            heads = heads if heads is not None and heads.spans == new.spans else new
            continue
        _read_other(row, index, (blocks, heads), findings, reading)
        if heads is None:
            titles += [cell_text(value) for value in row if value not in {None, ""}]
    return blocks, " ".join(titles)


def _named_by_path(context: SourceContext, index: int, findings: CellFindings) -> ExamTitle:
    exam = _exam_of_path(context.path)
    if exam is None:
        raise UnreadableFileError(
            "exam.exam_unknown",
            "Ни над таблицей, ни в имени файла нет предмета и даты экзамена («04 - Химия 2026.06.01»).",
        )
    findings.add(
        "exam.exam_by_file_name",
        f"Предмет и дата экзамена взяты из имени файла: {exam.subject.name_ru}, {exam.held_on:%d.%m.%Y}.",
        index + 1,
        None,
        expected="строка «04 - Химия 2026.06.01» над таблицей",
    )
    return exam


def _read_other(
    row: list[Cell], index: int, state: tuple[list[_Block], Heads | None], findings: CellFindings, reading: Reading
) -> None:
    """Take a row that is no participant: a footer with a count, furniture, or something to report."""
    blocks, heads = state
    count = stated_count(row)
    if count is not None and blocks:
        column = next((c for c in range(len(row) - 1, -1, -1) if row[c] not in {None, ""}), 0)
        blocks[-1].stated = (count, index, column)
    elif heads is not None and not is_furniture(row) and sum(value not in {None, ""} for value in row) > 1:
        reading.read_rows_count += 1
        reading.quarantined_rows_count += 1
        findings.add(
            "exam.row_unreadable",
            "Строка не похожа ни на участника, ни на подвал протокола: она отложена.",
            index + 1,
            next(c for c, value in enumerate(row) if value not in {None, ""}),
            became="строка в карантине",
        )


def _exams(blocks: list[_Block], titles: str, findings: CellFindings, reading: Reading) -> Iterator[ExamRows]:
    for block in blocks:
        grades = [cell_text(fields.get("class")) for _, fields in block.lines]
        kind = exam_kind(titles, block.exam, block.heads, grades)
        key = ExamKey(
            kind, block.exam.held_on.year, block.exam.subject.subject_code, exam_level(kind, block.exam.subject)
        )
        exam = ExamRows(block.exam, key, block.heads)
        _check_code(exam, findings)
        for line in block.lines:
            reading.read_rows_count += 1
            row = read_pupil(line, exam, findings)
            if row is None:
                reading.quarantined_rows_count += 1
            else:
                exam.rows.append(row)
        if block.stated is not None and block.stated[0] != len(block.lines):
            findings.add(
                "exam.footer_count",
                f"В подвале участников {block.stated[0]}, а строк в протоколе {len(block.lines)}: "
                "файл передан не целиком?",
                block.stated[1] + 1,
                block.stated[2],
                value=str(block.stated[0]),
                expected=str(len(block.lines)),
            )
        yield exam


def _check_code(exam: ExamRows, findings: CellFindings) -> None:
    """Compare the number of РИС in the header with the subject's name; the name is trusted."""
    number, subject = exam.exam.number, exam.exam.subject
    if number is None:
        return
    by_code = subject_by_code(number % GVE_CODES_FROM if number >= GVE_CODES_FROM else number)
    if by_code is None or by_code.subject_code == subject.subject_code:
        return
    findings.add(
        "exam.code_contradicts_name",
        f"Код {number:02d} — «{by_code.name_ru}», а назван предмет «{subject.name_ru}»: принято название.",
        exam.exam.row + 1,
        exam.exam.column,
        value=f"{number:02d}",
        became=subject.name_ru,
    )


def _frame(exam: ExamRows, sheet_name: str, pseudonymiser: Pseudonymiser) -> pd.DataFrame:
    ids = pseudonymiser.person_ids("pupil", [row.identity for row in exam.rows])
    names = pseudonymiser.person_ids("pupil", [row.name_identity for row in exam.rows])
    keyed = zip(exam.rows, ids, names, strict=True)
    return exam_records([exam_record(exam, row, sheet_name) | {"pupil_id": i, "name_id": n} for row, i, n in keyed])


def exam_record(exam: ExamRows, row: PupilRow, sheet_name: str) -> dict[str, object]:
    """Return a participant's row as columns of records `exam_results`, without the pseudonyms."""
    key, held_on = exam.key, exam.exam.held_on
    return {
        "source_sheet": sheet_name,
        "source_row": row.row,
        "school_key": row.school_key,
        "exam_code": str(key),
        "exam_kind": key.kind,
        "exam_year": key.year,
        "subject_code": key.subject_code,
        "exam_level": key.level,
        "exam_date": held_on.isoformat() if isinstance(held_on, date) else None,
        "has_document": row.has_document,
        "class_label": row.texts["class"],
        "category": row.category,
        "variant": row.texts["variant"],
        "station_code": row.texts["station"],
        "auditorium_code": row.texts["auditorium"],
        "status": row.status,
        "task_scores": compact_scores(row.masks),
        "written_score": row.scores["written_score"],
        "oral_score": row.scores["oral_score"],
        "primary_score": row.scores["primary"],
        "test_score": row.scores["test"],
        "mark": row.scores["mark"],
        "year_mark": row.scores["year_mark"],
    }
