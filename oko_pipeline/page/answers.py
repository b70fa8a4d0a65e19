"""An analyst's answers to recommendations, laid into the inbox as rows of the register people fill in.

The inbox stays the only source: an answer is a small table of the register `recommendations_log`, which the pipeline
reads as it reads any export of it. A form that a school sends later holds other rows and does not push the answer out;
the answers are remembered here only to show them until the next run has read them.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.dialects.sqlite import insert

from oko_pipeline.catalogue.records import choice_lists, record_tables
from oko_pipeline.errors import OkoError
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.store import ANSWERS, PageStore
from oko_pipeline.recommendations.words import offered_text, plain
from oko_pipeline.settings import Settings
from oko_pipeline.storage.partials import write_whole

LOG: Final = "recommendations_log"
ANSWERS_RU: Final = {"accepted": "принять", "changed": "изменить", "rejected": "отклонить", "waiting": "отложить"}
LONGEST_TEXT: Final = 480
_FOLDER: Final = "Со страницы/Ответы на рекомендации"
_NUMBER: Final = re.compile(r"R\d{4}-[0-9A-F]{10}")
_YEAR: Final = re.compile(r"\d{4}-\d{4}")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
_OWNER_RU: Final = "Логин ОО"


class AnswerError(OkoError):
    """An answer lacks something or says too much."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an analyst answers; `text` is the new wording, of a changed recommendation alone."""

    answer: str
    text: str
    reason: str
    role: str


class AnswerDesk:
    """Writes answers and returns those given here."""

    def __init__(self, settings: Settings, store: PageStore) -> None:
        self._folder = settings.inbox_folder / _FOLDER
        self._store = store

    def give(self, viewer: Viewer, recommendation: Mapping[str, Any], answer: Answer) -> None:
        """Write an answer into the inbox, in place of an earlier one of the page about the same recommendation.

        Raises:
            AnswerError: for an answer without a reason or wording, or over the limits.
            OkoError: when the inbox cannot be written.
        """
        number, year = str(recommendation["recommendation_id"]), str(recommendation["school_year"])
        if viewer.account is None or not _NUMBER.fullmatch(number) or not _YEAR.fullmatch(year):
            raise AnswerError("На эту рекомендацию отвечают в журнале, из которого она пришла.")
        answer = checked(answer)
        today = datetime.now(UTC).date().isoformat()
        try:
            _write(self._folder / year / f"{number}.xlsx", _table(_row(recommendation, answer, today)))
        except OSError as error:
            raise OkoError("Ответ не записался во входящую папку: нет места или прав. Повторите позже.") from error
        row = {
            "school_year": year,
            "recommendation_id": number,
            "answer": answer.answer,
            "edited_text": answer.text or None,
            "answer_reason": answer.reason or None,
            "answered_role": answer.role,
            "answered_on": today,
            "account_id": viewer.account.account_id,
        }
        with self._store.engine.begin() as connection:
            keys = ["school_year", "recommendation_id"]
            connection.execute(insert(ANSWERS).values(row).on_conflict_do_update(index_elements=keys, set_=row))

    def given(self, school_year: str) -> dict[str, Mapping[str, Any]]:
        """Return the last answer given here to each recommendation of a year, by its number."""
        query = sa.select(ANSWERS).where(ANSWERS.c.school_year == school_year)
        with self._store.engine.connect() as connection:
            return {row["recommendation_id"]: dict(row) for row in connection.execute(query).mappings()}


def checked(answer: Answer) -> Answer:
    """Return an answer with plain spaces; raises `AnswerError` telling what it lacks."""
    text, reason = plain(_CONTROL.sub(" ", answer.text)), plain(_CONTROL.sub(" ", answer.reason))
    if answer.answer not in ANSWERS_RU:
        raise AnswerError("Выберите, что решено.")
    if answer.role not in choice_lists()["roles"]:
        raise AnswerError("Выберите должность того, кто отвечает.")
    if max(len(text), len(reason)) > LONGEST_TEXT:
        raise AnswerError(f"Формулировка и причина — не длиннее {LONGEST_TEXT} знаков.")
    if answer.answer in {"changed", "rejected"} and not reason:
        raise AnswerError("Изменение и отказ требуют причины.")
    if answer.answer == "changed" and not text:
        raise AnswerError("Впишите новую формулировку.")
    if any(value.startswith(_FORMULA) for value in (text, reason)):
        raise AnswerError("Текст не может начинаться со знаков «=», «+», «-», «@».")
    return Answer(answer.answer, text if answer.answer == "changed" else "", reason, answer.role)


def _row(recommendation: Mapping[str, Any], answer: Answer, today: str) -> dict[str, object]:
    """Return the row of the register, by stored name; codes of choices as codes."""
    is_school = recommendation["unit_level"] == "school"
    return {
        "owner": recommendation["unit_code"] if is_school else None,
        "recommendation_number": recommendation["recommendation_id"],
        "issued_on": f"{str(recommendation['school_year'])[5:]}-06-01",
        "issuer": "department",
        "addressee": recommendation["addressee"],
        "direction": recommendation["direction"],
        "title": offered_text(str(recommendation["rule_text_ru"] or recommendation["text_ru"])),
        "answer": answer.answer,
        "answer_reason": answer.reason or None,
        "edited_text": answer.text or None,
        "answered_on": today,
        "answered_role": answer.role,
    }


def _table(row: Mapping[str, object]) -> bytes:
    """Return a workbook with the register's headings and one row, as an export of the register has them."""
    register = record_tables()[LOG]
    columns = [column for column in register.columns if column.name in row]
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(register.sheet_ru)
    sheet.write_string(0, 0, register.title_ru)
    shown = {column.title_ru: column.choices.get(str(row[column.name]), row[column.name]) for column in columns}
    # A table without a column for the school holds the municipality's own rows: an empty cell would be a missing login.
    named = shown if row["owner"] is None else {_OWNER_RU: row["owner"], **shown}
    for place, (title, value) in enumerate(named.items()):
        sheet.write_string(1, place, title)
        if value is not None:
            sheet.write_string(2, place, str(value))
    book.close()
    return stream.getvalue()


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, content)
