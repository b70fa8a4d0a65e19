"""Judges filled registers: indicators, decisions, measures, plans, recommendations and self-assessment.

Typed cells are decided by the rules of `catalogue.harm`: an error names the row, and the assembly of the register
leaves it out (`refused_rows`), so that nothing is built on it. Texts that people wrote stay and go to a person with the
phrase marked.
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
_LEFT_OUT: Final = "строка не учитывается: её нет в реестре года, показателях, рекомендациях, мерах и программах"
REFUSALS: Final = ("harm.indicator", "harm.decision")
"""Rules of findings about rows that are left out."""


@dataclass(frozen=True, slots=True)
class RegisterJudgement:
    """What the rules say about the registers of a year; `refused` are the `record_id` of refused rows by register."""

    findings: tuple[QualityFinding, ...]
    refused: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class IndicatorCodes:
    """Codes that decisions are judged by: `harmful` indicators are refused themselves, `level` base no rewards."""

    harmful: frozenset[str] = frozenset()
    level: frozenset[str] = frozenset()

    @classmethod
    def of(cls, registered: pd.DataFrame | None) -> "IndicatorCodes":
        """Take the codes of the catalogue and of a year's register of indicators, refused rows included."""
        rows = _rows(registered)
        harmful = (row for row in rows if judge_registered(row).verdict is Verdict.REFUSED)
        declared = (row for row in rows if row.get("uses_vpr_or_marks") is True)
        return cls(
            frozenset(str(row["indicator_code"]) for row in harmful),
            level_codes(indicators().values()) | {str(row["indicator_code"]) for row in declared},
        )


def judge_registers(tables: Mapping[str, pd.DataFrame], paths: Mapping[str, str]) -> RegisterJudgement:
    """Judge the registers of a school year.

    Args:
        tables: rows of the registers of `JUDGED_REGISTERS` that there are, in their contracts.
        paths: path of a source file by its SHA-256.
    """
    codes = IndicatorCodes.of(tables.get("indicator_changes"))
    parts = [judge_register(name, tables.get(name), codes, paths) for name in JUDGED_REGISTERS]
    return RegisterJudgement(
        tuple(finding for part in parts for finding in part.findings),
        {name: rows for part in parts for name, rows in part.refused.items()},
    )


def judge_register(
    name: str, frame: pd.DataFrame | None, codes: IndicatorCodes, paths: Mapping[str, str]
) -> RegisterJudgement:
    """Judge one of `JUDGED_REGISTERS` with all of a year's rows; see `judge_registers`."""
    reader = _Register(name, paths)
    verdicts = reader.judge(_rows(frame), codes)
    refused = frozenset(str(row["record_id"]) for row, found in verdicts if found.verdict is Verdict.REFUSED)
    findings = tuple(one for row, found in verdicts for one in reader.findings(row, found))
    return RegisterJudgement(findings, {name: refused})


def standing_refused(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the rows of registers, «register: record», that the rules refuse and that were not left out."""
    codes = IndicatorCodes.of(tables.get("indicator_changes"))
    return [
        f"{name}: {row['record_id']}"
        for name in JUDGED_REGISTERS
        for row, found in _Register(name, {}).judge(_rows(tables.get(name)), codes)
        if found.verdict is Verdict.REFUSED
    ]


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

    def judge(self, rows: Iterable[dict[str, Any]], codes: IndicatorCodes) -> list[tuple[dict[str, Any], Judgement]]:
        """Return the rows with what the rules say of their typed cells."""
        if self.name == "indicator_changes":
            return [(row, judge_registered(row)) for row in rows]
        if self.name in _CITING:
            return [(row, judge_decision(row, codes.harmful, codes.level)) for row in rows]
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
        became = _LEFT_OUT if found.verdict is Verdict.REFUSED else None
        return self._finding(rule, f"{self.title_ru}, строка «{named}»: {found.reason_ru}", row, became)

    def _said_together(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the title joined with what the row is for: «Средний балл ВПР: рейтинг»."""
        for name in ("use", "kind"):
            column = next((one for one in record_tables()[self.name].columns if one.name == name), None)
            if column is not None and row.get(name) in column.choices and row.get("title"):
                return column.title_ru, f"{row['title']}: {column.choices[row[name]]}"
        return None

    def _finding(self, rule_id: str, message: str, row: Mapping[str, Any], became: str | None = None) -> QualityFinding:
        sha = row.get("file_sha256")
        return QualityFinding(
            rule_id,
            message,
            file_path=None if sha is None else self.paths.get(str(sha)),
            file_sha256=sha,
            sheet=row.get("source_sheet"),
            row=None if row.get("source_row") is None else int(row["source_row"]),
            school_code=row.get("school_code"),
            became=became,
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
