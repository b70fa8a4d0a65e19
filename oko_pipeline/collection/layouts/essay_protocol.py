"""Protocols of the final essay or statement (grade 11): requirements and criteria, «зачёт» or «незачёт»."""

import re
from collections.abc import Mapping
from typing import Final

from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import cell_text, folded_text
from oko_pipeline.collection.layout import Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.admission_protocols import (
    AdmissionRow,
    AdmissionTable,
    admission_table,
    read_admission,
    report_verdict,
    stated_verdict,
    verdict_of,
)

_TITLE: Final = re.compile(r"сочинени|изложени")
_CRITERION: Final = re.compile(r"(критерий|к|требование|т)[ .№]*\d.*")
_REQUIREMENT: Final = re.compile(r"(требование|т)[ .№]*\d.*")


def _find(sheet: Sheet) -> AdmissionTable | None:
    return admission_table(sheet, _TITLE, _CRITERION)


class EssayProtocol:
    """Reads final essays into records `admission_works`."""

    code: str = "essay_protocol"
    version: str = "1"
    title_ru: str = "Протокол итогового сочинения (изложения)"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet titled as an essay or statement lists people of schools with a verdict."""
        return any(_find(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all participants; raises `UnreadableFileError` when no year is known."""
        return read_admission(workbook, context, _find, _judge)


def essay_verdict(requirements: list[bool | None], criteria: list[bool | None]) -> bool | None:
    """Return the verdict that criteria give; None when some of what decides is unknown.

    «Зачёт» needs all requirements, criteria 1 and 2, and at least one of the others (order of the final essay).
    """
    needed = [*requirements, *criteria[:2]]
    if len(criteria) < 3 or any(one is False for one in needed):
        return None if len(criteria) < 3 else False
    if any(one is None for one in needed):
        return None
    others = criteria[2:]
    if any(others):
        return True
    return None if any(one is None for one in others) else False


def _judge(table: AdmissionTable, row: AdmissionRow, findings: CellFindings) -> Mapping[str, object]:
    heads = [folded_text(table.sheet.rows[table.heads.row][column]) for column in table.criteria]
    verdicts = [verdict_of(value) for value in row.criteria]
    for column, value, verdict in zip(table.criteria, row.criteria, verdicts, strict=True):
        if verdict is None and row.status == "valid" and cell_text(value):
            findings.add(
                "admission.criterion_unreadable",
                f"Критерий не читается: {shown(value)}.",
                row.index + 1,
                column,
                value=shown(value),
                expected="зачёт или незачёт",
            )
    stated = stated_verdict(table, row, findings)
    requirements = [v for head, v in zip(heads, verdicts, strict=True) if _REQUIREMENT.fullmatch(head)]
    criteria = [v for head, v in zip(heads, verdicts, strict=True) if not _REQUIREMENT.fullmatch(head)]
    computed = essay_verdict(requirements, criteria)
    if row.status == "valid":
        if stated is not None and computed is not None and stated != computed:
            report_verdict(table, row, findings, f"по критериям — {'зачёт' if computed else 'незачёт'}")
        if stated is None and computed is None and not cell_text(row.fields.get("verdict")):
            findings.add(
                "admission.verdict_missing",
                "Нет ни зачёта, ни незачёта, ни критериев.",
                row.index + 1,
                table.heads.column("verdict"),
                expected="зачёт или незачёт",
            )
    written = "statement" if "изложени" in table.title and "сочинени" not in table.title else "essay"
    return {
        "procedure": written,
        "criteria_scores": ";".join("" if v is None else str(int(v)) for v in verdicts) or None,
        "total_score": None,
        "is_passed": (stated if stated is not None else computed) if row.status == "valid" else None,
    }
