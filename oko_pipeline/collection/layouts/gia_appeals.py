"""Appeals and re-checks of exam results: what a result became, and whether the appeal was satisfied."""

import re
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.exams import ExamKey, exam_level
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import cell_text, folded_text
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.exam_mentions import code_mentions
from oko_pipeline.collection.layouts.gia_protocol_headers import (
    PATTERNS,
    ExamTitle,
    Fields,
    Heads,
    column_heads,
    exam_kind,
    exam_title,
    find_dates,
    is_furniture,
    named_exam,
)
from oko_pipeline.collection.layouts.gia_protocol_rows import looks_like_pupil, person_of, school_text, score_of
from oko_pipeline.collection.person_keys import name_identity, person_identity
from oko_pipeline.errors import UnreadableFileError

APPEAL_RECORD_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "exam_code": "str",
    "exam_date": "str",
    "pupil_id": "str",
    "name_id": "str",
    "has_document": "boolean",
    "appeal_kind": "str",
    "state": "str",
    "changed_at": "str",
    "score_before": "Int64",
    "primary_score": "Int64",
    "test_score": "Int64",
    "mark": "Int64",
}
"""Columns of records `exam_appeals`; identities are keyed as in protocols, so appeals find their results."""
_APPEALS: Final = {
    "appeal_kind": re.compile(r"(тип|вид) апелляции.*"),
    "state": re.compile(r"состояние( апелляции)?|статус( апелляции)?|решение( комиссии)?"),
    "exam": re.compile(r"экзамен|предмет"),
    "changed_at": re.compile(r"дата (изменени|рассмотрени).*"),
    "before": re.compile(r"балл до( изменения)?|результат до.*"),
    "difference": re.compile(r"разница|изменение"),
    **{name: pattern for name, pattern in PATTERNS.items() if name != "status"},
}
_STATES: Final = (
    ("rejected", re.compile(r"отклон|не удовлетвор|отказ|без изменен")),
    ("satisfied", re.compile(r"удовлетвор|измен|выполнен|пересмотр|принят")),
    ("withdrawn", re.compile(r"отозв|отзыв|снят")),
    ("pending", re.compile(r"подан|обработк|рассмотр|ожида|создан|отправл")),
)


def _heads(sheet: Sheet, index: int) -> Heads | None:
    """Return the heads of an appeals table that begin in a row: one row, or two with «Текущие» above."""
    rows = sheet.rows
    if not any((isinstance(value, str) and "стояние" in value) or value == "Состояние" for value in rows[index]):
        return None
    below = rows[index + 1] if index + 1 < len(rows) else None
    if below is not None and below and below[0] in {None, ""} and any(isinstance(value, str) for value in below):
        heads = column_heads(rows[index], index, below, _APPEALS)
        if heads is not None and heads.has("school", "state", "primary"):
            return Heads(index + 1, heads.spans)
    heads = column_heads(rows[index], index, None, _APPEALS)
    return heads if heads is not None and heads.has("school", "state", "primary") else None


def _is_appeals(heads: Heads, sheet: Sheet) -> bool:
    """Tell appeals from a protocol with a column of states: an own column, or the word above."""
    if heads.has("before") or heads.has("appeal_kind"):
        return True
    above = " ".join(folded_text(value) for row in sheet.rows[: heads.row + 1] for value in row if value)
    return "апелляци" in above or "перепроверк" in above


class GiaAppeals:
    """Reads appeals into records `exam_appeals`."""

    code: str = "gia_appeals"
    version: str = "1"
    title_ru: str = "Апелляции и перепроверки ГИА"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet lists appeals: school, state of the appeal, current scores."""
        return any(
            (heads := _heads(sheet, index)) is not None and _is_appeals(heads, sheet)
            for sheet in workbook.sheets
            for index in range(min(30, len(sheet.rows)))
        )

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all appeals.

        Raises:
            UnreadableFileError: (exam.several_years) for exams of several years, (exam.exam_unknown) for none.
        """
        reading = Reading()
        rows: list[dict[str, object]] = []
        for sheet in workbook.sheets:
            findings = CellFindings(context, sheet.name)
            _read_sheet(sheet, context, findings, (reading, rows))
            reading.findings += findings.all()
        years = {int(str(row["exam_code"]).split(":")[1]) for row in rows}
        if len(years) > 1:
            raise UnreadableFileError("exam.several_years", f"В файле апелляции нескольких лет ({sorted(years)}).")
        if years:
            reading.school_year = f"{min(years) - 1}-{min(years)}"
        columns = {name: [row.get(name) for row in rows] for name in APPEAL_RECORD_TYPES}
        reading.records["exam_appeals"] = pd.DataFrame(columns).astype(APPEAL_RECORD_TYPES)
        codes = ((row["school_key"], str(row["exam_code"]).split(":")[0]) for row in rows)
        reading.tables = {SCHOOL_MENTIONS.name: code_mentions(codes)}
        reading.accepted_rows_count = len(rows)
        return reading


def _read_sheet(
    sheet: Sheet, context: SourceContext, findings: CellFindings, into: tuple[Reading, list[dict[str, object]]]
) -> None:
    reading, rows = into
    exam: ExamTitle | None = None
    heads: Heads | None = None
    titles: list[str] = []
    for index, row in enumerate(sheet.rows):
        if heads is not None and index > heads.row and looks_like_pupil(heads.fields(row)):
            reading.read_rows_count += 1
            read = _read_row((index, heads.fields(row)), (heads, exam, " ".join(titles)), context, findings)
            if read is None:
                reading.quarantined_rows_count += 1
            else:
                rows.append(read | {"source_sheet": sheet.name})
            continue
        # A table may print the same title twice; both name the same exam.
        found = exam_title(row, index)
        if found is not None:
            exam = found
        new = _heads(sheet, index)
        if new is not None:
            heads = new
        elif heads is None:
            titles += [cell_text(value) for value in row if value not in {None, ""}]
        elif index > heads.row and found is None and not is_furniture(row) and _filled(row) > 1:
            reading.read_rows_count += 1
            reading.quarantined_rows_count += 1
            findings.add(
                "exam.row_unreadable",
                "Строка не похожа ни на апелляцию, ни на подвал: она отложена.",
                index + 1,
                next(c for c, value in enumerate(row) if value not in {None, ""}),
                became="строка в карантине",
            )


def _filled(row: list[Cell]) -> int:
    return sum(value not in {None, ""} for value in row)


def _read_row(
    line: tuple[int, Fields],
    table: tuple[Heads, ExamTitle | None, str],
    context: SourceContext,
    findings: CellFindings,
) -> dict[str, object] | None:
    (index, fields), (heads, exam, titles) = line, table
    own = fields.get("exam")
    exam = named_exam(cell_text(own), index, heads.column("exam") or 0) if own is not None else exam
    name, document = person_of(fields)
    if exam is None or not name:
        findings.add(
            "appeal.exam_unknown" if exam is None else "exam.person_missing",
            "Не понять, к какому экзамену апелляция: нет предмета с датой." if exam is None else "В строке нет имени.",
            index + 1,
            heads.column("exam" if exam is None else "surname") or heads.column("number"),
            expected="например, «Математика(2026.06.02)»" if exam is None else "фамилия и имя",
            became="строка в карантине",
        )
        return None
    kind = exam_kind(titles, exam, heads, [cell_text(fields.get("class"))])
    key = ExamKey(kind, exam.held_on.year, exam.subject.subject_code, exam_level(kind, exam.subject))
    school = school_text(fields.get("school"))
    identities = [person_identity(name, document, "", school), name_identity(name, school)]
    pupil_id, name_id = context.pseudonymiser.person_ids("pupil", identities)
    scores = {part: score_of(fields.get(part)) for part in ("before", "primary", "test", "mark")}
    if key.is_marked and scores["mark"] is None:
        scores["mark"], scores["test"] = scores["test"], None
    _check_difference((index, fields), heads, scores, findings)
    changed = cell_text(fields.get("changed_at"))
    return {
        "source_row": index + 1,
        "school_key": school,
        "exam_code": str(key),
        "exam_date": exam.held_on.isoformat(),
        "pupil_id": pupil_id,
        "name_id": name_id,
        "has_document": bool(document),
        "appeal_kind": _kind(fields.get("appeal_kind")),
        "state": _state(fields, heads, index, findings),
        "changed_at": next((day.isoformat() for day in find_dates(changed)), None),
        "score_before": scores["before"],
        "primary_score": scores["primary"],
        "test_score": scores["test"],
        "mark": scores["mark"],
    }


def _kind(value: Cell) -> str | None:
    text = folded_text(value)
    return "recheck" if "перепровер" in text else "appeal" if "апелляц" in text else None


def _state(fields: Fields, heads: Heads, index: int, findings: CellFindings) -> str:
    value = fields.get("state")
    text = folded_text(value)
    state = next((name for name, pattern in _STATES if pattern.search(text)), None)
    if state is None:
        findings.add(
            "appeal.state_unknown",
            f"Состояние апелляции не узнано: {shown(value)}.",
            index + 1,
            heads.column("state"),
            value=shown(value),
            expected="удовлетворена, отклонена, отозвана, на рассмотрении",
            became="на рассмотрении: результат не меняется",
        )
    return state or "pending"


def _check_difference(
    line: tuple[int, Fields], heads: Heads, scores: dict[str, int | None], findings: CellFindings
) -> None:
    index, fields = line
    difference = score_of(fields.get("difference"))
    before, current = scores["before"], scores["test"] if scores["test"] is not None else scores["mark"]
    if difference is None or before is None or current is None or before + difference == current:
        return
    findings.add(
        "appeal.difference_mismatch",
        f"Балл до изменения {before} и разница {difference} дают {before + difference}, а текущий балл — {current}.",
        index + 1,
        heads.column("difference"),
        value=str(difference),
        expected=str(current - before),
    )
