"""What the protocols of the final essay (11) and the final interview (9) share: heads, people, verdicts, records."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, folded_text, mentions
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.exam_mentions import code_mentions
from oko_pipeline.collection.layouts.gia_protocol_headers import (
    PATTERNS,
    Fields,
    Heads,
    column_heads,
    find_dates,
    is_furniture,
)
from oko_pipeline.collection.layouts.gia_protocol_rows import (
    category_of,
    code_text,
    looks_like_pupil,
    person_of,
    school_text,
    status_of,
)
from oko_pipeline.collection.person_keys import person_identity
from oko_pipeline.errors import UnreadableFileError

ADMISSION_RECORD_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "procedure": "str",
    "held_on": "str",
    "pupil_id": "str",
    "class_label": "str",
    "status": "str",
    "criteria_scores": "str",
    "total_score": "Int64",
    "is_passed": "boolean",
}
"""Columns of records `admission_works`."""
_HEADS: Final = {
    "verdict": re.compile(r"(итоговый )?(результат|зачет( ?/ ?незачет)?|оценка|отметка|решение)"),
    "total": re.compile(r"(общий|итоговый|суммарный|первичный)? ?балл|сумма баллов|итого( баллов)?|всего баллов"),
    "state": re.compile(r"статус|состояние|примечание|явка"),
    **{
        name: PATTERNS[name]
        for name in ("number", "municipality", "school", "class", "full_name", "surname", "name", "patronymic")
    },
    **{name: PATTERNS[name] for name in ("series", "document_number", "document", "participant", "category")},
}
_PASSED: Final = {"зачет": True, "незачет": False, "не зачет": False, "+": True, "-": False}


@dataclass(frozen=True, slots=True)
class AdmissionTable:
    """A sheet's table: heads, the columns of criteria, and the day by the titles above."""

    sheet: Sheet
    heads: Heads
    criteria: tuple[int, ...]
    held_on: date | None
    title: str


@dataclass(slots=True)
class AdmissionRow:
    """A participant's row before checks: 0-based row index, cells by field, cells of criteria."""

    index: int
    fields: Fields
    status: str
    category: str
    criteria: list[Cell] = field(default_factory=list)


Judge = Callable[[AdmissionTable, AdmissionRow, CellFindings], Mapping[str, object]]


def admission_table(sheet: Sheet, title: re.Pattern[str], criterion: re.Pattern[str]) -> AdmissionTable | None:
    """Return the table of a sheet whose titles match and whose heads name people, a school and verdict or criteria."""
    if not mentions(sheet, title):
        return None
    above: list[str] = []
    for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
        heads = column_heads(row, index, None, _HEADS)
        if heads is not None and heads.has("school") and (heads.has("surname") or heads.has("full_name")):
            texts = [folded_text(value) for value in row]
            criteria = tuple(c for c, text in enumerate(texts) if criterion.fullmatch(text))
            titles = " ".join([*above, *texts])
            if not title.search(titles) or not (heads.has("verdict") or len(criteria) >= 3):
                return None
            dates = find_dates(titles)
            return AdmissionTable(sheet, heads, criteria, dates[0] if dates else None, titles)
        above += [folded_text(value) for value in row if value not in {None, ""}]
    return None


def read_admission(
    workbook: Workbook, context: SourceContext, find: Callable[[Sheet], AdmissionTable | None], judge: Judge
) -> Reading:
    """Read all tables of a workbook into records `admission_works`.

    Args:
        workbook: the workbook.
        context: the file.
        find: finds the table of a sheet.
        judge: reads and checks criteria, total and verdict of a row; its values become columns of the record.

    Raises:
        UnreadableFileError: (file.year_unknown) when neither titles nor path give a day or year.
    """
    reading = Reading()
    rows: list[dict[str, object]] = []
    for sheet in workbook.sheets:
        table = find(sheet)
        if table is None:
            continue
        findings = CellFindings(context, sheet.name)
        for index, cells in enumerate(sheet.rows[table.heads.row + 1 :], table.heads.row + 1):
            fields = table.heads.fields(cells)
            if looks_like_pupil(fields):
                reading.read_rows_count += 1
                record = _record((index, cells, fields), table, context, findings)
                if record is None:
                    reading.quarantined_rows_count += 1
                    continue
                row, values = record
                rows.append({**values, **judge(table, row, findings)})
            elif any(value not in {None, ""} for value in cells) and not is_furniture(cells):
                _report(index, cells, table, findings, reading)
        reading.findings += findings.all()
        reading.school_year = reading.school_year or _school_year(table, context)
    columns = {name: [row.get(name) for row in rows] for name in ADMISSION_RECORD_TYPES}
    reading.records["admission_works"] = pd.DataFrame(columns).astype(ADMISSION_RECORD_TYPES)
    codes = ((row["school_key"], "oge" if row["procedure"] == "interview" else "ege") for row in rows)
    reading.tables = {SCHOOL_MENTIONS.name: code_mentions(codes)}
    reading.accepted_rows_count = len(rows)
    return reading


def verdict_of(value: Cell) -> bool | None:
    """Return whether a cell says «зачёт» (True) or «незачёт» (False); None for anything else."""
    text = folded_text(value)
    if text in {"1", "0"}:
        return text == "1"
    return _PASSED.get(text)


def _school_year(table: AdmissionTable, context: SourceContext) -> str:
    if table.held_on is None:
        dates = find_dates(context.path)
        match = re.search(r"(?<!\d)(20\d\d)-(20\d\d)(?!\d)", context.path)
        if match:
            return match[0]
        if not dates:
            raise UnreadableFileError("file.year_unknown", "Ни протокол, ни путь не называют даты проведения.")
        return _year_of(dates[0])
    return _year_of(table.held_on)


def _year_of(day: date) -> str:
    start = day.year if day.month >= 9 else day.year - 1
    return f"{start}-{start + 1}"


def _report(index: int, cells: list[Cell], table: AdmissionTable, findings: CellFindings, reading: Reading) -> None:
    if sum(value not in {None, ""} for value in cells) < 2 or column_heads(cells, index, None, _HEADS) is not None:
        return
    reading.read_rows_count += 1
    reading.quarantined_rows_count += 1
    findings.add(
        "exam.row_unreadable",
        "Строка не похожа ни на участника, ни на подвал протокола: она отложена.",
        index + 1,
        table.heads.column("surname") or table.heads.column("full_name"),
        became="строка в карантине",
    )


def _record(
    line: tuple[int, list[Cell], Fields], table: AdmissionTable, context: SourceContext, findings: CellFindings
) -> tuple[AdmissionRow, dict[str, object]] | None:
    (index, cells, fields), heads = line, table.heads
    name, document = person_of(fields)
    if not name:
        findings.add(
            "exam.person_missing",
            "В строке участника нет имени: строка отложена.",
            index + 1,
            heads.column("surname") or heads.column("full_name"),
            expected="фамилия и имя",
            became="строка в карантине",
        )
        return None
    school = school_text(fields.get("school"))
    if school is None:
        findings.add("exam.school_missing", "Нет кода ОО.", index + 1, heads.column("school"), expected="код ОО")
    states = [status_of(fields.get(part)) for part in ("state", "verdict", "total")]
    texts = [fields.get(part) for part in ("state", "verdict", "total")]
    status = next(
        (s for s, text in zip(states, texts, strict=True) if isinstance(text, str) and s not in {None, "valid"}),
        "valid",
    )
    (pupil_id,) = context.pseudonymiser.person_ids("pupil", [person_identity(name, document, "", school)])
    row = AdmissionRow(index, fields, status or "valid", category_of(fields.get("category")))
    row.criteria = [cells[column] for column in table.criteria]
    return row, {
        "source_sheet": table.sheet.name,
        "source_row": index + 1,
        "school_key": school,
        "held_on": table.held_on.isoformat() if table.held_on else None,
        "pupil_id": pupil_id,
        "class_label": code_text(fields.get("class")),
        "status": row.status,
    }


def stated_verdict(table: AdmissionTable, row: AdmissionRow, findings: CellFindings) -> bool | None:
    """Return the verdict that a row states; one that cannot be read is a finding."""
    value = row.fields.get("verdict")
    verdict = verdict_of(value)
    if verdict is None and row.status == "valid" and cell_text(value):
        findings.add(
            "admission.verdict_missing",
            f"Результат не узнан: {shown(value)}.",
            row.index + 1,
            table.heads.column("verdict"),
            value=shown(value),
            expected="зачёт или незачёт",
        )
    return verdict


def report_verdict(table: AdmissionTable, row: AdmissionRow, findings: CellFindings, why: str) -> None:
    """Report a verdict that the scores or criteria contradict."""
    findings.add(
        "admission.verdict_mismatch",
        f"Результат не соответствует протоколу: {why}.",
        row.index + 1,
        table.heads.column("verdict"),
        expected=why,
    )
