"""Findings about cells of one sheet, shown without personal data and without drowning the reader in repetitions."""

import re
from collections import Counter
from typing import Final

from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Cell, SourceContext
from oko_pipeline.quality import QualityFinding, column_letter

FINDINGS_PER_RULE: Final = 300
"""A rule names at most this many cells of a column of a file; the rest is one more finding with their number."""

_SHOWN: Final = re.compile(
    r"[\d.,:;+*?!/()=%#_\- ]{0,24}|\w{1,3}|[a-z]{3}\d{6}|#[\w/!?]{1,10}|"
    r"нет отметки|отсутствовал\w*|не пройд\w*\.?|true|false",
    re.IGNORECASE,
)

_LIKE_BIRTH: Final = re.compile(
    r"(?:\d{1,2}[./-]\d{1,2}[./-](19[4-9]\d|20[01]\d)|(19[4-9]\d|20[01]\d)-\d{1,2}-\d{1,2})(?:[ T][\d:.]*)?"
)


def shown(value: Cell) -> str:
    """Return a cell's value for a message: numbers, marks, logins as they are; other text only by its length.

    A shifted column may hold a name, a document's number or a date of birth, which must not reach any store; of a date
    on which somebody may have been born the year is shown.
    """
    text = cell_text(value)
    if (born := _LIKE_BIRTH.fullmatch(text)) is not None:
        return f"дата, год {born[1] or born[2]}"
    digits = sum(character.isdigit() for character in text)
    if _SHOWN.fullmatch(text) and digits <= 8:
        return text
    return f"текст, знаков: {len(text)}"


class CellFindings:
    """Collects findings of one sheet; `rows` are 1-based as Excel shows them, columns 0-based."""

    def __init__(self, context: SourceContext, sheet: str, assessment_id: str | None = None) -> None:
        self._context = context
        self._sheet = sheet
        self._assessment_id = assessment_id
        self._counts: Counter[tuple[str, int | None]] = Counter()
        self._found: list[QualityFinding] = []

    def add(
        self,
        rule_id: str,
        message: str,
        row: int | None = None,
        column_index: int | None = None,
        **details: str | None,
    ) -> None:
        """Add a finding; `details` are further fields of `QualityFinding` (value, expected, became, school_code)."""
        self._counts[rule_id, column_index] += 1
        if self._counts[rule_id, column_index] > FINDINGS_PER_RULE:
            return
        self._found.append(
            QualityFinding(
                rule_id=rule_id,
                message=message,
                file_path=self._context.path,
                file_sha256=self._context.file_sha256,
                sheet=self._sheet,
                row=row,
                column_index=column_index,
                assessment_id=self._assessment_id,
                **details,
            )
        )

    def all(self) -> list[QualityFinding]:
        """Return the findings, those over the limit summed up by one finding a rule and column."""
        rest = [
            QualityFinding(
                rule_id="file.more_findings",
                message=(
                    f"Правило {rule_id}"
                    + ("" if column is None else f", столбец {column_letter(column)}")
                    + f": ещё {count - FINDINGS_PER_RULE} таких же замечаний не перечислены."
                ),
                file_path=self._context.path,
                file_sha256=self._context.file_sha256,
                sheet=self._sheet,
                assessment_id=self._assessment_id,
            )
            for (rule_id, column), count in self._counts.items()
            if count > FINDINGS_PER_RULE
        ]
        return self._found + rest
