"""The year's recommendations as a table: what rules call for, what people said, what people added themselves."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.recommendation_rules import RecommendationRule
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATIONS
from oko_pipeline.recommendations.advice import Candidate, Finding, candidates, settle
from oko_pipeline.recommendations.findings import WHOLE, Territory
from oko_pipeline.recommendations.options import ADVICE_METHOD, CycleOptions
from oko_pipeline.recommendations.words import (
    Word,
    is_rule_number,
    offered_text,
    plain,
    register_rows,
    words_log,
    words_of,
)

_STATES = {"accepted": "accepted", "edited": "edited", "rejected": "rejected", "waiting": "waiting"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the year's recommendations beside the rules: the register, the last run, the log of words."""

    register: pd.DataFrame
    earlier: pd.DataFrame
    logged: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Recommended:
    """The tables of recommendations of a year."""

    recommendations: pd.DataFrame
    words: pd.DataFrame


def recommend(
    rules: Iterable[RecommendationRule],
    findings: pd.DataFrame,
    known: Known,
    territory: Territory,
    options: CycleOptions,
    now: str,
) -> Recommended:
    """Return the recommendations of a year; a person's word stands whatever rules and data say now.

    Args:
        rules: the rules.
        findings: the year's findings.
        known: register, last run and log of words.
        territory: which municipality a school is of, and names of units.
        options: the year and the parameters.
        now: the time, for words seen for the first time.
    """
    found = candidates(rules, findings, territory, options)
    texts = {one.recommendation_id: one.text_ru for one in found}
    words = words_of(known.register, texts, known.logged)
    settle(found, words.keys(), options.addressee_limit)
    records = [_record(one, words.get(one.recommendation_id), territory, options) for one in found]
    records += _vanished(words, texts, known.earlier, options)
    records += _own(known.register, options)
    log = words_log(words, known.logged, options.school_year, now)
    if not records:
        return Recommended(RECOMMENDATIONS.empty(), log)
    frame = pd.DataFrame.from_records(records).sort_values(["unit_level", "unit_code", "recommendation_id"])
    conformed = RECOMMENDATIONS.conform(frame[list(RECOMMENDATIONS.column_names)].reset_index(drop=True))
    return Recommended(conformed, log)


def _record(one: Candidate, word: Word | None, territory: Territory, options: CycleOptions) -> dict[str, Any]:
    basis = one.basis
    lead = one.findings[0]
    rule = one.rule
    quoted = [_quoted(finding, one.unit, territory) for finding in basis[: options.basis_limit]]
    return {
        "school_year": options.school_year,
        "unit_level": one.unit[0],
        "unit_code": one.unit[1],
        "recommendation_id": one.recommendation_id,
        "municipality_code": territory.municipality(*one.unit),
        "origin": "rule",
        "rule_id": rule.rule_id,
        "rule_version": rule.version,
        "direction": rule.direction,
        "addressee": rule.addressee,
        "responsible_role": rule.responsible,
        "title_ru": rule.title_ru,
        "rule_text_ru": one.text_ru,
        "basis_ru": " ".join(quoted),
        "causes": json.dumps(one.causes, ensure_ascii=False),
        "control_metric": rule.control.code,
        "control_ru": rule.control.words_ru,
        "control_value": lead["value"],
        "expected_ru": one.expected_ru,
        "due_on": options.due_on(rule.term).isoformat(),
        "strength": one.strength,
        "urgency": rule.urgency,
        "reach_count": one.reach,
        "findings_count": len(basis),
        "finding_ids": json.dumps([finding["finding_id"] for finding in basis]),
        "subjects": ";".join(dict.fromkeys(f["subject_code"] for f in basis if f["subject_code"])) or None,
        "is_held_back": one.held_back_ru is not None,
        "held_back_ru": one.held_back_ru,
        "held_for_id": one.held_for_id,
        **_answered(word, one.text_ru),
        **method_columns(ADVICE_METHOD),
    }


def _quoted(finding: Finding, unit: tuple[str, str], territory: Territory) -> str:
    """Return the sentence of a finding; one about another unit names it first."""
    code = str(finding["unit_code"])
    text = str(finding["text_ru"])
    if code == unit[1]:
        return text
    return f"{territory.names.get(code, code)}: {text if text[1:2].isupper() else text[:1].lower() + text[1:]}"


def _answered(word: Word | None, rule_text: str | None) -> dict[str, Any]:
    """Return the columns that tell what a person said, and whether the basis is still what it was."""
    if word is None:
        empty = dict.fromkeys(
            ("answered_on", "answered_role", "answer_reason", "file_sha256", "source_sheet", "source_row")
        )
        return {"text_ru": rule_text, "state": "proposed", "basis_state": "current"} | empty
    if rule_text is None:
        basis_state = "gone"
    else:
        basis_state = "current" if offered_text(rule_text) == plain(word.offered_ru) else "changed"
    is_own = word.answer == "edited" or basis_state != "current"
    return {
        # A cell holds a shortened text without hard spaces: while nothing differs, the whole one stands.
        "text_ru": word.text_ru if is_own and word.text_ru else rule_text or word.offered_ru,
        "state": _STATES[word.answer],
        "basis_state": basis_state,
        "answered_on": word.row["answered_on"],
        "answered_role": word.row["answered_role"],
        "answer_reason": word.row["answer_reason"],
        "file_sha256": word.row["file_sha256"],
        "source_sheet": word.row["source_sheet"],
        "source_row": word.row["source_row"],
    }


def _vanished(
    words: Mapping[str, Word], texts: Mapping[str, str], earlier: pd.DataFrame, options: CycleOptions
) -> list[dict[str, Any]]:
    """Return answered recommendations that no rule makes any more: kept, with what the last run knew of them."""
    plain_rows = earlier.astype(object).where(earlier.notna(), None).to_dict("records")
    last = {str(row["recommendation_id"]): {str(name): value for name, value in row.items()} for row in plain_rows}
    return [
        (last.get(number) or _of_register(word.row, options))
        | {"is_held_back": False, "held_back_ru": None, "held_for_id": None, "rule_text_ru": None}
        | {"origin": "rule"}
        | _answered(word, None)
        | method_columns(ADVICE_METHOD)
        for number, word in words.items()
        if number not in texts
    ]


def _own(register: pd.DataFrame, options: CycleOptions) -> list[dict[str, Any]]:
    """Return recommendations that people gave themselves; of equal numbers in one unit the newest row stands."""
    made: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in register_rows(register):
        if not is_rule_number(str(row["recommendation_number"]).strip()):
            record = _of_register(row, options)
            made[record["unit_level"], record["unit_code"], record["recommendation_id"]] = record
    return list(made.values())


def _of_register(row: Mapping[str, Any], options: CycleOptions) -> dict[str, Any]:
    level, code = _unit_of(row)
    answer = {"changed": "edited", None: "proposed"}.get(row["answer"], row["answer"])
    text = plain(str(row["edited_text"] or row["title"] or ""))
    return {
        **dict.fromkeys(RECOMMENDATIONS.column_names),
        "school_year": options.school_year,
        "unit_level": level,
        "unit_code": code,
        "recommendation_id": str(row["recommendation_number"]).strip(),
        "municipality_code": row["municipality_code"],
        "origin": "person",
        "direction": row["direction"] or "cross",
        "addressee": row["addressee"] or "heads",
        "title_ru": "Рекомендация, внесённая в журнал",
        "text_ru": text,
        "causes": "[]",
        "findings_count": 0,
        "finding_ids": "[]",
        "state": answer,
        "basis_state": "none",
        "is_held_back": False,
        "answered_on": row["answered_on"],
        "answered_role": row["answered_role"],
        "answer_reason": row["answer_reason"],
        "control_metric": row["indicator_code"],
        "file_sha256": row["file_sha256"],
        "source_sheet": row["source_sheet"],
        "source_row": row["source_row"],
        **method_columns(ADVICE_METHOD),
    }


def _unit_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return whose a row of the register is; the form of the whole territory names nobody."""
    if row["school_code"]:
        return "school", str(row["school_code"])
    if row["municipality_code"]:
        return "municipality", str(row["municipality_code"])
    return ("municipality", str(row["school_key"])) if row["school_key"] else (WHOLE, WHOLE)


def offered_rows(recommendations: pd.DataFrame, log_columns: Sequence[str], issued_on: str) -> pd.DataFrame:
    """Return recommendations that wait for an answer as rows of the register `recommendations_log`.

    Those to the department of the whole territory name no unit: its form (that of an only municipality) offers them.

    Args:
        recommendations: a year's recommendations.
        log_columns: columns of the register.
        issued_on: the day on which the form is handed out (ISO).
    """
    waiting = recommendations[(recommendations["state"] == "proposed") & ~recommendations["is_held_back"].astype(bool)]
    waiting = waiting[waiting["unit_level"].isin(["school", "municipality", WHOLE]) & (waiting["origin"] == "rule")]
    waiting = waiting.sort_values(["unit_level", "unit_code", "addressee", "recommendation_id"])
    rows = pd.DataFrame({name: pd.Series(None, index=waiting.index, dtype=object) for name in log_columns})
    rows["school_code"] = waiting["unit_code"].where(waiting["unit_level"] == "school")
    rows["municipality_code"] = waiting["unit_code"].where(waiting["unit_level"] == "municipality")
    rows["recommendation_number"] = waiting["recommendation_id"]
    rows["issued_on"] = issued_on
    rows["issuer"] = "department"
    rows["addressee"] = waiting["addressee"]
    rows["direction"] = waiting["direction"]
    rows["title"] = [offered_text(text) for text in waiting["text_ru"]]
    rows["indicator_code"] = waiting["control_metric"].where(waiting["control_metric"].isin(list(indicators())))
    return rows.reset_index(drop=True)
