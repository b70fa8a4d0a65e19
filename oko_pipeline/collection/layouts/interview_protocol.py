"""Protocols of the final interview (grade 9): criteria, total 0–20, «зачёт» from 10."""

import re
from collections.abc import Mapping
from typing import Final

from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import cell_text, whole_number
from oko_pipeline.collection.layout import Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.admission_protocols import (
    AdmissionRow,
    AdmissionTable,
    admission_table,
    read_admission,
    report_verdict,
    stated_verdict,
)

_TITLE: Final = re.compile(r"собеседовани")
_CRITERION: Final = re.compile(r"(критерий|к|ич|тч|п|м|д|дк|г|о|р|рр|ф)[ .№]*\d.*|ич|тч|рр", re.IGNORECASE)


def _find(sheet: Sheet) -> AdmissionTable | None:
    return admission_table(sheet, _TITLE, _CRITERION)


class InterviewProtocol:
    """Reads final interviews into records `admission_works`."""

    code: str = "interview_protocol"
    version: str = "1"
    title_ru: str = "Протокол итогового собеседования"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet titled as an interview lists people of schools with a total or verdict."""
        return any(_find(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all participants; raises `UnreadableFileError` when no year is known."""
        return read_admission(workbook, context, _find, _judge)


def _judge(table: AdmissionTable, row: AdmissionRow, findings: CellFindings) -> Mapping[str, object]:
    scores = _criteria(table, row, findings)
    total = _total(table, row, scores, findings)
    stated = stated_verdict(table, row, findings)
    needed = int(parameters("exams.admission")["interview_pass"])
    computed = None if total is None else total >= needed
    # For pupils with limited health a region may set a lower threshold, so only their own verdict is trusted.
    if row.status == "valid" and stated is not None and computed is not None and stated != computed:
        if row.category != "special":
            report_verdict(table, row, findings, f"{total} баллов — {'зачёт' if computed else 'незачёт'}")
    elif row.status == "valid" and stated is None and computed is None:
        findings.add(
            "admission.verdict_missing",
            "Нет ни балла, ни зачёта.",
            row.index + 1,
            table.heads.column("verdict") or table.heads.column("total"),
            expected="балл от 0 до 20, зачёт или незачёт",
        )
    return {
        "procedure": "interview",
        "criteria_scores": ";".join("" if score is None else str(score) for score in scores) or None,
        "total_score": total,
        "is_passed": (stated if stated is not None else computed) if row.status == "valid" else None,
    }


def _criteria(table: AdmissionTable, row: AdmissionRow, findings: CellFindings) -> list[int | None]:
    scores = [whole_number(value) for value in row.criteria]
    for column, value, score in zip(table.criteria, row.criteria, scores, strict=True):
        if row.status == "valid" and ((score is None and cell_text(value)) or (score is not None and score < 0)):
            findings.add(
                "admission.criterion_unreadable",
                f"Балл критерия не читается: {shown(value)}.",
                row.index + 1,
                column,
                value=shown(value),
                expected="целое число от 0",
            )
    return scores


def _total(table: AdmissionTable, row: AdmissionRow, scores: list[int | None], findings: CellFindings) -> int | None:
    value = row.fields.get("total")
    total = whole_number(value)
    maximum = int(parameters("exams.admission")["interview_maximum"])
    if row.status != "valid":
        return None
    if total is None and not cell_text(value):
        known = [score for score in scores if score is not None]
        return sum(known) if known and len(known) == len(scores) else None
    if total is None or not 0 <= total <= maximum:
        findings.add(
            "admission.score_impossible",
            f"Балл собеседования {shown(value)} невозможен.",
            row.index + 1,
            table.heads.column("total"),
            value=shown(value),
            expected=f"целое число от 0 до {maximum}",
        )
        return None
    known = [score for score in scores if score is not None]
    if scores and len(known) == len(scores) and sum(known) != total:
        findings.add(
            "admission.sum_mismatch",
            f"Критерии дают {sum(known)}, а общий балл — {total}.",
            row.index + 1,
            table.heads.column("total"),
            value=str(total),
            expected=str(sum(known)),
        )
    return total
