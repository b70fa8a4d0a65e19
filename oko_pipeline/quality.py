"""A finding about data quality: what is wrong, in which cell, what was expected, how to mend it.

Readers and rules make findings; stores, checks and documents show them. Conclusions about education ("findings" of the
management cycle) are another thing and do not belong here.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from oko_pipeline.catalogue.rules import rule
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS


def column_letter(index: int) -> str:
    """Return the letter of a worksheet column from its 0-based index: 0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class CellMap:
    """Where the columns of a frame stand in their worksheet, so that a rule can name the cell of a value.

    `columns` maps a frame column to the 0-based index of the worksheet column; `source_row` (1-based) carries the row.
    """

    file_path: str
    file_sha256: str
    sheet: str
    columns: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """One finding. `row` is 1-based as Excel shows it, `column_index` 0-based; `value` never holds personal data."""

    rule_id: str
    message: str
    file_path: str | None = None
    file_sha256: str | None = None
    sheet: str | None = None
    row: int | None = None
    column_index: int | None = None
    value: str | None = None
    expected: str | None = None
    school_code: str | None = None
    assessment_id: str | None = None
    became: str | None = None
    mend: str | None = None
    severity: str | None = None

    @property
    def cell(self) -> str | None:
        """Return the cell's address such as Q17, when row and column are known."""
        if self.row is None or self.column_index is None:
            return None
        return f"{column_letter(self.column_index)}{self.row}"

    @property
    def finding_id(self) -> str:
        """Return a fingerprint that stays the same when the same fault is found again."""
        parts = (
            self.rule_id,
            self.file_path,
            self.file_sha256,
            self.sheet,
            self.row,
            self.column_index,
            self.school_code,
            self.assessment_id,
            self.message,
        )
        return hashlib.sha256("\x1f".join("" if part is None else str(part) for part in parts).encode()).hexdigest()[
            :20
        ]


def findings_frame(findings: Iterable[QualityFinding], school_year: str, origin: str) -> pd.DataFrame:
    """Return findings as rows of `quality_findings`, equal ones once; severity and mend come from the rule."""
    unique = {finding.finding_id: finding for finding in findings}
    if not unique:
        return QUALITY_FINDINGS.empty()
    records = []
    for finding_id, finding in unique.items():
        own_rule = rule(finding.rule_id)
        records.append(
            {
                "school_year": school_year,
                "finding_id": finding_id,
                "origin": origin,
                "severity": finding.severity or own_rule.severity,
                "rule_id": finding.rule_id,
                "file_path": finding.file_path,
                "file_sha256": finding.file_sha256,
                "sheet": finding.sheet,
                "row": finding.row,
                "column": None if finding.column_index is None else column_letter(finding.column_index),
                "cell": finding.cell,
                "value": finding.value,
                "expected": finding.expected,
                "message": finding.message,
                "mend": finding.mend or own_rule.mend_ru,
                "school_code": finding.school_code,
                "assessment_id": finding.assessment_id,
                "became": finding.became,
            }
        )
    return QUALITY_FINDINGS.conform(pd.DataFrame.from_records(records))
