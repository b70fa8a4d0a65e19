"""Judges filled registers: indicators, decisions, measures, plans, recommendations and self-assessment.

Typed cells are decided by the rules of `catalogue.harm`; the row stays in its table, and an error names it. Texts that
people wrote go to a person with the phrase marked. Which rows those are is told by `refused_rows`, so that the cycle
of decisions can leave them out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.harm import (
    Judgement,
    Verdict,
    judge_decision,
    judge_registered,
    level_codes,
)
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import RecordColumn, record_tables
from oko_pipeline.quality import QualityFinding
from oko_pipeline.validation.harm_lint import find_harm, marked

JUDGED_REGISTERS: Final = (
    "indicator_changes",
    "decisions",
    "measures",
    "roadmap_plan",
    "recommendations_log",
    "events",
    "criteria_evidence",
    "website_review",
)
"""Registers that tell what is measured, decided and done."""

_CITING: Final = frozenset({"decisions", "measures", "roadmap_plan", "recommendations_log"})
_NEGATIVE_CRITERIA: Final = frozenset({"10", "17"})
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class RegisterJudgement:
    """What the rules say about the registers of a year; `refused` are the `record_id` of refused rows by register."""

    findings: tuple[QualityFinding, ...]
    refused: Mapping[str, frozenset[str]]


def judge_registers(tables: Mapping[str, pd.DataFrame], paths: Mapping[str, str]) -> RegisterJudgement:
    """Judge the registers of a school year.

    Args:
        tables: rows of the registers of `JUDGED_REGISTERS` that there are, in their contracts.
        paths: path of a source file by its SHA-256.
    """
    registered = _rows(tables.get("indicator_changes"))
    judged = [(row, judge_registered(row)) for row in registered]
    harmful = frozenset(str(row["indicator_code"]) for row, found in judged if found.verdict is Verdict.REFUSED)
    level = level_codes(indicators().values()) | {
        str(row["indicator_code"]) for row in registered if row.get("uses_vpr_or_marks") is True
    }
    findings: list[QualityFinding] = []
    refused: dict[str, frozenset[str]] = {}
    for name in JUDGED_REGISTERS:
        reader = _Register(name, paths)
        verdicts = judged if name == "indicator_changes" else reader.judge(_rows(tables.get(name)), harmful, level)
        refused[name] = frozenset(str(row["record_id"]) for row, found in verdicts if found.verdict is Verdict.REFUSED)
        for row, found in verdicts:
            findings += reader.findings(row, found)
    return RegisterJudgement(tuple(findings), refused)


def refused_rows(name: str, frame: pd.DataFrame, judgement: RegisterJudgement) -> pd.Series:
    """Return which rows of a register the rules refuse (boolean, index of `frame`)."""
    return frame["record_id"].isin(judgement.refused.get(name, frozenset()))


def _rows(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None or frame.empty:
        return []
    plain = frame.astype("object").where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


@dataclass(frozen=True, slots=True)
class _Register:
    name: str
    paths: Mapping[str, str]

    @property
    def text_columns(self) -> list[RecordColumn]:
        """Columns in which people write freely."""
        return [
            column
            for column in record_tables()[self.name].columns
            if column.is_stored and column.type == "text" and not column.choices and column.refers_to is None
        ]

    def judge(
        self, rows: Iterable[dict[str, Any]], harmful: frozenset[str], level: frozenset[str]
    ) -> list[tuple[dict[str, Any], Judgement]]:
        """Return the rows with what the rules say of their typed cells."""
        if self.name in _CITING:
            return [(row, judge_decision(row, harmful, level)) for row in rows]
        return [(row, _declared(self.name, row)) for row in rows]

    def findings(self, row: Mapping[str, Any], found: Judgement) -> list[QualityFinding]:
        """Return the findings of one row: of its typed cells, then of its texts."""
        made = [self._typed(row, found)] if found.verdict is not Verdict.CLEAN else []
        if found.verdict is Verdict.REFUSED:
            return made
        texts = [(column.title_ru, row.get(column.name)) for column in self.text_columns]
        if (said := self._said_together(row)) is not None:
            texts.insert(0, said)
        for title, text in texts:
            suspicions = find_harm(text) if isinstance(text, str) else []
            if suspicions:
                reasons = "; ".join(dict.fromkeys(one.reason_ru for one in suspicions))
                shown = marked(text, suspicions) if isinstance(text, str) else ""
                message = f"{self.title_ru}, «{title}»: похоже на {_accusative(reasons)}: {_shortened(shown)}"
                made.append(self._finding("harm.phrase", message, row))
                break
        return made

    @property
    def title_ru(self) -> str:
        """The register's title."""
        return record_tables()[self.name].title_ru

    def _typed(self, row: Mapping[str, Any], found: Judgement) -> QualityFinding:
        if found.verdict is Verdict.NEEDS_PERSON:
            rule = (
                "harm.self_declared"
                if self.name in {"criteria_evidence", "website_review"}
                else ("harm.indicator_unclear")
            )
        else:
            rule = "harm.indicator" if self.name == "indicator_changes" else "harm.decision"
        named = next((row[key] for key in record_tables()[self.name].key if row.get(key)), "")
        return self._finding(rule, f"{self.title_ru}, строка «{named}»: {found.reason_ru}", row)

    def _said_together(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the title joined with what the row is for: «Средний балл ВПР: рейтинг»."""
        for name in ("use", "kind"):
            column = next((one for one in record_tables()[self.name].columns if one.name == name), None)
            if column is not None and row.get(name) in column.choices and row.get("title"):
                return column.title_ru, f"{row['title']}: {column.choices[row[name]]}"
        return None

    def _finding(self, rule_id: str, message: str, row: Mapping[str, Any]) -> QualityFinding:
        sha = row.get("file_sha256")
        return QualityFinding(
            rule_id,
            message,
            file_path=None if sha is None else self.paths.get(str(sha)),
            file_sha256=sha,
            sheet=row.get("source_sheet"),
            row=None if row.get("source_row") is None else int(row["source_row"]),
            school_code=row.get("school_code"),
        )


def _declared(name: str, row: Mapping[str, Any]) -> Judgement:
    if name == "criteria_evidence" and row.get("criterion") in _NEGATIVE_CRITERIA and row.get("answer") == "yes":
        return Judgement(Verdict.NEEDS_PERSON, f"критерий {row['criterion']} отмечен как «есть».")
    if name == "website_review" and row.get("has_ranking") is True:
        return Judgement(Verdict.NEEDS_PERSON, "на странице есть рейтинг по ВПР или отметкам.")
    return Judgement(Verdict.CLEAN)


def _accusative(reasons: str) -> str:
    return reasons.replace("оценка деятельности", "оценку деятельности")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
