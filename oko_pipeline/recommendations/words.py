"""A person's word about recommendations: read from the register, logged for ever, stronger than rules and data."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.tables_cycle import RECOMMENDATION_WORDS
from oko_pipeline.catalogue.wording import shortened
from oko_pipeline.quality import QualityFinding
from oko_pipeline.recommendations.advice import NUMBER_PATTERN

OFFERED_LENGTH: Final = 480
"""A cell of a form holds at most 500 signs; what is offered must come back whole."""
_ANSWERS: Final = {"accepted": "accepted", "changed": "edited", "rejected": "rejected", "waiting": "waiting"}
_BASIS_RU: Final = {
    "changed": "числа или выводы основания уже не те, на которые отвечал человек",
    "gone": "выводов, на которых она стояла, больше нет",
}
_NUMBER: Final = re.compile(NUMBER_PATTERN)


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said about one recommendation; `row` is the row of the register."""

    recommendation_id: str
    answer: str
    offered_ru: str
    text_ru: str
    row: Mapping[str, Any]


def plain(text: str) -> str:
    """Return a text as a cell gives it back: one ordinary space between words."""
    return " ".join(text.split())


def offered_text(text: str) -> str:
    """Return the text of a recommendation as a form offers it."""
    return shortened(plain(text), OFFERED_LENGTH)


def is_rule_number(number: str) -> bool:
    """Tell whether a number is of a recommendation made by a rule."""
    return _NUMBER.fullmatch(number) is not None


def register_rows(register: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `recommendations_log` that name a recommendation, the newest answer of a number last."""
    rows = register[register["recommendation_number"].notna()]
    rows = rows.sort_values(["answered_on", "studied_on", "record_id"], na_position="first", kind="stable")
    plain_rows = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in plain_rows]


def words_of(register: pd.DataFrame, rule_texts: Mapping[str, str], logged: pd.DataFrame) -> dict[str, Word]:
    """Return the standing word about each recommendation made by a rule, by its number.

    Args:
        register: the year's `recommendations_log`.
        rule_texts: text of each recommendation that the rules make now.
        logged: `recommendation_words` of earlier runs: they know what text a word answered.
    """
    seen = dict(zip(logged["word_id"], logged["offered_ru"], strict=True))
    words: dict[str, Word] = {}
    for row in register_rows(register):
        number = str(row["recommendation_number"]).strip()
        if is_rule_number(number):
            words[number] = _word(number, row, rule_texts.get(number), seen)
    return words


def _word(number: str, row: Mapping[str, Any], rule_text: str | None, seen: Mapping[str, str]) -> Word:
    title, edited = plain(str(row["title"] or "")), plain(str(row["edited_text"] or ""))
    answer = _ANSWERS.get(str(row["answer"]), "waiting")
    if edited and answer != "rejected":
        answer = "edited"
    known = seen.get(word_id(number, answer, edited or title, row))
    if answer == "edited" and not edited:
        # The offered text was overwritten in its own cell: what it was is known from the run that first saw the word.
        offered = known or (title if rule_text is None else offered_text(rule_text))
    else:
        offered = title
    return Word(number, answer, offered, edited or title, row)


def word_id(number: str, answer: str, text: str, row: Mapping[str, Any]) -> str:
    """Return the fingerprint of a word: what was said, by whom, when and why."""
    parts = (number, answer, text, row["answer_reason"], row["answered_on"], row["answered_role"])
    told = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:20]


def words_log(words: Mapping[str, Word], logged: pd.DataFrame, school_year: str, now: str) -> pd.DataFrame:
    """Return the log: earlier words stay, those that no longer stand are marked, new ones are added."""
    fresh = [_logged(word, school_year, now) for word in words.values()]
    made = pd.DataFrame.from_records(fresh, columns=list(RECOMMENDATION_WORDS.column_names))
    first_seen = dict(zip(logged["word_id"], logged["recorded_at"], strict=True))
    made["recorded_at"] = [first_seen.get(word, now) for word in made["word_id"]]
    earlier = logged[~logged["word_id"].isin(made["word_id"])].assign(is_current=False)
    parts = [part for part in (earlier, made) if len(part)]
    if not parts:
        return RECOMMENDATION_WORDS.empty()
    whole = pd.concat([RECOMMENDATION_WORDS.conform(part.reset_index(drop=True)) for part in parts], ignore_index=True)
    return whole.sort_values("word_id").reset_index(drop=True)


def _logged(word: Word, school_year: str, now: str) -> dict[str, Any]:
    row = word.row
    return {
        "school_year": school_year,
        "word_id": word_id(word.recommendation_id, word.answer, word.text_ru, row),
        "recommendation_id": word.recommendation_id,
        "school_code": row["school_code"],
        "municipality_code": row["municipality_code"],
        "answer": word.answer,
        "offered_ru": word.offered_ru,
        "text_ru": word.text_ru,
        "reason_ru": row["answer_reason"],
        "answered_on": row["answered_on"],
        "answered_role": row["answered_role"],
        "file_sha256": row["file_sha256"],
        "source_sheet": row["source_sheet"],
        "source_row": row["source_row"],
        "recorded_at": now,
        "is_current": True,
    }


def word_findings(register: pd.DataFrame, recommendations: pd.DataFrame) -> list[QualityFinding]:
    """Return what is to be looked at again: answers that differ, that lack a reason, whose basis has changed."""
    rows = [row for row in register_rows(register) if is_rule_number(str(row["recommendation_number"]).strip())]
    answers: dict[str, set[tuple[Any, ...]]] = {}
    for row in rows:
        said = (row["answer"], plain(str(row["edited_text"] or "")))
        answers.setdefault(str(row["recommendation_number"]).strip(), set()).add(said)
    found = [
        _told("cycle.conflicting_answers", f"На рекомендацию {number} отвечено по-разному.", row)
        for row in rows
        if len(answers[number := str(row["recommendation_number"]).strip()]) > 1
    ]
    found += [
        _told("cycle.reason_missing", f"Рекомендация {row['recommendation_number']}: причины нет.", row)
        for row in rows
        if row["answer"] in {"changed", "rejected"} and not row["answer_reason"]
    ]
    changed = recommendations[recommendations["basis_state"].isin(["changed", "gone"])]
    plain_rows = changed.astype(object).where(changed.notna(), None).to_dict("records")
    found += [
        _told("cycle.basis_changed", f"Рекомендация {row['recommendation_id']}: {_BASIS_RU[row['basis_state']]}.", row)
        for row in plain_rows
    ]
    return found


def _told(rule_id: str, message: str, row: Mapping[Any, Any]) -> QualityFinding:
    return QualityFinding(
        rule_id,
        message,
        file_sha256=row["file_sha256"],
        sheet=row["source_sheet"],
        row=row["source_row"],
        became="ответ человека остаётся в силе",
    )
