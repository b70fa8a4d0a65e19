"""Answers to questionnaires: exports of Google Forms and Yandex Forms, and the table into which paper ones are typed.

A file is recognised by the questions it has in common with a questionnaire of the catalogue. Free text, contacts and
columns that the catalogue does not know never pass.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.questionnaires import OTHER, Question, Questionnaire, question_key, questionnaires
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS
from oko_pipeline.collection.aggregates import cell_at, typed_rows
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import HeaderRow, cell_text, folded_text, header_rows, number
from oko_pipeline.collection.identity import path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.people import named_person
from oko_pipeline.collection.school_names import school_name
from oko_pipeline.collection.titles import parse_date
from oko_pipeline.errors import UnreadableFileError

LEAST_QUESTIONS: Final = 3
LEAST_SHARE: Final = 0.3
"""A file has at least this share of a questionnaire's questions, or is mostly made of them."""
YEAR_LABEL: Final = "Учебный год"
NUMBER_LABEL: Final = "№ анкеты"
STRAIGHT_LINE: Final = 8
"""A respondent who gives one answer to at least so many scale questions, some of them reverse, did not read them."""

_TIME: Final = re.compile(
    r"отметка времени|timestamp|время (создания|отправки|ответа|изменения|заполнения)|дата( заполнения| ответа)?"
)
_IDENTITY: Final = re.compile(r"(№|номер)( анкеты)?|id( ответа)?|шифр анкеты|код анкеты")
# Columns that the services add; who answered is nobody's business, so they are dropped without a word.
_SERVICE: Final = re.compile(
    r"адрес электронной почты|email.*|e-mail.*|имя пользователя|username|баллы|score|количество баллов|ip.*|"
    r"пользователь|uid|логин яндекс.*|язык|статус|продолжительность.*|время (начала|изменения|прохождения).*|источник|"
    r"utm.*|ссылка.*|согласие.*|даю согласие.*|\d{0,3}"
)
_BRACKETED: Final = re.compile(r"^(?P<head>.*?)\s*\[(?P<tail>[^\[\]]+)\]\s*$", re.DOTALL)
_SEPARATORS: Final = re.compile(r"\s*[,;\n|]+\s*")
_LEADING_NUMBER: Final = re.compile(r"^\s*(\d{1,2})\s*(?:[-–—.):=]|$)")
_UNCHOSEN: Final = {"", "0", "нет", "false", "-", "–", "—", "ложь"}
_SCHOOL_YEAR: Final = re.compile(r"(20\d\d)\s*[/–-]\s*(20\d\d)")
_CODE: Final = re.compile(r"\d{2,7}")
_NONE: Final = "none"
_LOGIN: Final = re.compile(r"(?:sch|edu|ksh)\d{6}", re.IGNORECASE)
_HONOUR: Final = re.compile(r"(?<!\w)(?:им\.|имени)(?!\w)|(?<!\w)им\s", re.IGNORECASE)
_CONTACT: Final = re.compile(r"@|\d(?:[\s()\-]*\d){8,}")
_LONGEST_NAME: Final = 250


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a question; `option` is set where the export gives every option a column of its own."""

    index: int
    question: Question
    option: str | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    """A sheet with answers to a questionnaire."""

    header: HeaderRow
    questionnaire: Questionnaire
    columns: tuple[_Column, ...]
    repeated: tuple[int, ...]
    unknown: tuple[int, ...]
    time: int | None
    identity: int | None


@dataclass(frozen=True, slots=True)
class _Given:
    """One answer: a code of the answer set (empty for a number) and its value."""

    question: Question
    answer_code: str
    value: float | None


@dataclass(slots=True)
class _Rows:
    """What is gathered over the rows of a file."""

    answers: list[dict[str, object]] = field(default_factory=list)
    schools: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)


class SurveyAnswers:
    """Reads answers into the records `survey_answers`, a row a chosen answer, and schools into `school_mentions`."""

    code: str = "survey_answers"
    version: str = "1"
    title_ru: str = "Ответы на анкету (Google Формы, Яндекс Формы, таблица бумажных анкет)"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has enough questions of one questionnaire of the catalogue."""
        return any(_form(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all sheets with answers.

        Raises:
            UnreadableFileError: (file.year_unknown) when neither times of answers, table nor path tell the year.
        """
        forms = [form for sheet in workbook.sheets if (form := _form(sheet)) is not None]
        reading = Reading(school_year=_school_year(forms, context))
        rows = _Rows()
        for form in forms:
            _FormReader(form, context, reading, rows).read()
        names = [
            name for name in SURVEY_ANSWERS.column_names if name not in {"school_year", "file_sha256", "school_code"}
        ]
        records = {name: [answer.get(name) for answer in rows.answers] for name in (*names, "school_key")}
        reading.records = {SURVEY_ANSWERS.name: pd.DataFrame(records).astype({"value": "float64"})}
        reading.tables = {SCHOOL_MENTIONS.name: typed_rows(SCHOOL_MENTIONS, _mentions(rows.schools))}
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


@cache
def _question_index() -> dict[str, list[tuple[str, str]]]:
    """Return, by wording, the questionnaires (and codes of the question) that have it."""
    index: dict[str, list[tuple[str, str]]] = {}
    for questionnaire in questionnaires().values():
        for question in questionnaire.questions:
            for text in (question.text, *question.also):
                index.setdefault(question_key(text), []).append((questionnaire.code, question.code))
    return index


def _wordings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the wordings that a header may carry, each with the rest: a row of a grid, an option of its own."""
    yield question_key(text), ""
    match = _BRACKETED.match(text)
    if match is not None:
        yield question_key(match["tail"]), ""
        yield question_key(match["head"]), match["tail"]
    for separator in (" / ", ": ", " — ", " - "):
        head, found, tail = text.partition(separator)
        if found:
            yield question_key(tail), ""
            yield question_key(head), tail


def _form(sheet: Sheet) -> _Form | None:
    known: _Form | str | None = sheet.shared.get("survey", "")
    if isinstance(known, str):
        known = sheet.shared["survey"] = _find_form(sheet)
    return known


def _find_form(sheet: Sheet) -> _Form | None:
    index = _question_index()
    for header in header_rows(sheet):
        filled = [text for text in header.texts if text]
        if len(filled) < LEAST_QUESTIONS:
            continue
        votes: Counter[str] = Counter()
        for text in set(filled):
            hits = next((index[key] for key, _ in _wordings(text) if key in index), [])
            votes.update({questionnaire for questionnaire, _ in hits})
        if not votes:
            continue
        best, count = max(votes.items(), key=lambda one: (one[1], one[0]))
        total = len(questionnaires()[best].questions)
        if count >= LEAST_QUESTIONS and (count >= LEAST_SHARE * total or count >= 0.6 * len(filled)):
            return _columns(header, questionnaires()[best])
    return None


def _columns(header: HeaderRow, questionnaire: Questionnaire) -> _Form:
    index = _question_index()
    columns: list[_Column] = []
    repeated: list[int] = []
    unknown: list[int] = []
    time = identity = None
    taken: set[tuple[str, str | None]] = set()
    for place, text in enumerate(header.texts):
        if not text:
            continue
        column = _column(place, text, questionnaire, index)
        folded = folded_text(text)
        if column is not None:
            mark = column.question.code, column.option
            (repeated.append(place) if mark in taken else columns.append(column))
            taken.add(mark)
        elif time is None and _TIME.fullmatch(folded):
            time = place
        elif identity is None and _IDENTITY.fullmatch(folded):
            identity = place
        elif not (_SERVICE.fullmatch(folded) or _TIME.fullmatch(folded) or _IDENTITY.fullmatch(folded)):
            unknown.append(place)
    return _Form(header, questionnaire, tuple(columns), tuple(repeated), tuple(unknown), time, identity)


def _column(
    place: int, text: str, questionnaire: Questionnaire, index: Mapping[str, list[tuple[str, str]]]
) -> _Column | None:
    for key, rest in _wordings(text):
        for own, code in index.get(key, ()):
            if own != questionnaire.code:
                continue
            question = questionnaire.question(code)
            if not rest:
                return _Column(place, question)
            option = _answers_by_text(questionnaire, question).get(question_key(rest)) if question.answers else None
            if question.kind == "multiple" and (option or question.has_other):
                return _Column(place, question, option or OTHER)
    return None


def _answers_by_text(questionnaire: Questionnaire, question: Question) -> dict[str, str]:
    answers = questionnaire.answer_set(question).answers
    return {question_key(text): one.code for one in answers for text in (one.text, *one.also)}


def _school_year(forms: list[_Form], context: SourceContext) -> str:
    votes: Counter[str] = Counter()
    for form in forms:
        for row in form.header.sheet.rows[: form.header.row_index]:
            texts = [cell_text(value) for value in row]
            if any(folded_text(text).startswith(YEAR_LABEL.lower()) for text in texts):
                match = next((found for text in texts if (found := _SCHOOL_YEAR.search(text))), None)
                if match is not None and int(match[2]) == int(match[1]) + 1:
                    return f"{match[1]}-{match[2]}"
        if form.time is not None:
            for row in form.header.sheet.rows[form.header.row_index + 1 :]:
                day = parse_date(cell_at(row, form.time))
                if day is not None:
                    votes[_year_of(day)] += 1
    if votes:
        return max(sorted(votes), key=lambda year: votes[year])
    year = path_hints(context.path).year
    if year is None:
        raise UnreadableFileError(
            "file.year_unknown", "Ни время ответов, ни строка «Учебный год», ни путь не называют учебный год анкет."
        )
    return f"{year - 1}-{year}"


def _year_of(day: date) -> str:
    start = day.year if day.month >= 8 else day.year - 1
    return f"{start}-{start + 1}"


def _mentions(schools: Counter[str]) -> list[dict[str, object]]:
    return [
        {
            "source_key": key,
            "school_code": school_code_from_login(key) or school_code_in(key),
            "school_name": key if school_code_in(key) and school_code_from_login(key) is None else None,
            "rows_count": count,
        }
        for key, count in sorted(schools.items())
    ]


class _FormReader:
    """Reads the rows of one sheet; faults of cells become findings and the rest of the row goes on."""

    def __init__(self, form: _Form, context: SourceContext, reading: Reading, rows: _Rows) -> None:
        self._form, self._context, self._reading, self._rows = form, context, reading, rows
        self._findings = CellFindings(context, form.header.sheet.name)
        self._told_count = 0
        self._known: dict[tuple[int, Cell], list[_Given]] = {}
        self._labels = {
            question.code: _answers_by_text(form.questionnaire, question)
            for question in form.questionnaire.questions
            if question.answers is not None
        }
        self._values = {
            (question.code, answer.code): answer.value
            for question in form.questionnaire.questions
            if question.answers is not None
            for answer in form.questionnaire.answer_set(question).answers
        }
        self._by_value = {
            (question, value): code for (question, code), value in self._values.items() if value is not None
        }

    def read(self) -> None:
        """Read all rows below the header."""
        header = self._form.header
        self._read_header()
        for index, cells in enumerate(header.sheet.rows):
            if index > header.row_index and any(cell_text(value) for value in cells):
                self._reading.read_rows_count += 1
                if not self._read_row(index + 1, cells):
                    self._reading.quarantined_rows_count += 1
        self._reading.findings += self._findings.all()

    def _read_header(self) -> None:
        form, row = self._form, self._form.header.row_index + 1
        for column in form.unknown:
            message = f"Вопроса «{form.header.texts[column][:120]}» нет в анкете «{form.questionnaire.title_ru}»."
            self._tell("survey.unknown_question", message, row, column, became="не прочитано")
        for column in form.repeated:
            message = f"Вопрос «{form.header.texts[column][:120]}» уже стоит в другом столбце."
            self._tell("survey.repeated_question", message, row, column, became="не прочитано")
        present = {column.question.code for column in form.columns}
        for question in form.questionnaire.questions:
            if question.is_stored and question.code not in present:
                self._tell("survey.missing_question", f"В файле нет вопроса «{question.text}».", row)

    def _read_row(self, row: int, cells: list[Cell]) -> bool:
        day, is_of_year = self._day(row, cells)
        if not is_of_year:
            return False
        given = [one for column in self._form.columns for one in self._answers(row, cells, column)]
        if not given:
            self._tell("survey.empty_answer", "В анкете нет ни одного ответа: строка отложена.", row)
            return False
        key = self._school_key(row, cells)
        response_id = self._response_id(row, cells, given, key)
        if response_id is None:
            return False
        self._check_straight_line(row, given)
        if key is not None:
            self._rows.schools[key] += 1
        self._rows.answers += [
            {
                "source_sheet": self._form.header.sheet.name,
                "source_row": row,
                "school_key": key,
                "questionnaire_code": self._form.questionnaire.code,
                "response_id": response_id,
                "answered_on": None if day is None else day.isoformat(),
                "question_code": one.question.code,
                "answer_code": one.answer_code,
                "value": one.value,
            }
            for one in given
        ]
        return True

    def _day(self, row: int, cells: list[Cell]) -> tuple[date | None, bool]:
        column = self._form.time
        value = cell_at(cells, column)
        if column is None or not cell_text(value):
            return None, True
        day = parse_date(value)
        if day is None:
            message = f"«{shown(value)}» — не время ответа."
            self._tell("survey.date_invalid", message, row, column, expected="например, 12.11.2025 10:30:00")
            return None, True
        if day.isoformat() > self._context.modified_at[:10]:
            message = f"Анкета заполнена {day:%d.%m.%Y}, позже, чем создан файл: строка отложена."
            self._tell("survey.date_in_future", message, row, column, value=f"{day:%d.%m.%Y}")
            return None, False
        if _year_of(day) != self._reading.school_year:
            message = f"Анкета заполнена {day:%d.%m.%Y}, а файл о {self._reading.school_year} учебном годе."
            self._tell("survey.other_year", message, row, column, value=f"{day:%d.%m.%Y}")
            return None, False
        return day, True

    def _tell(
        self, rule_id: str, message: str, row: int | None = None, column: int | None = None, **details: str | None
    ) -> None:
        self._told_count += 1
        self._findings.add(rule_id, message, row, column, **details)

    def _answers(self, row: int, cells: list[Cell], column: _Column) -> list[_Given]:
        value = cell_at(cells, column.index)
        # Respondents choose among few answers: what was read without a finding is read once.
        known = self._known.get((column.index, value))
        if known is not None:
            return known
        before = self._told_count
        given = self._read_answers(row, column, value)
        if self._told_count == before:
            self._known[column.index, value] = given
        return given

    def _read_answers(self, row: int, column: _Column, value: Cell) -> list[_Given]:
        question = column.question
        if not question.is_stored or not cell_text(value):
            return []
        if column.option is not None:
            is_chosen = folded_text(value) not in _UNCHOSEN and value is not False
            return [self._given(question, column.option)] if is_chosen else []
        if question.kind == "number":
            return self._number(row, column, value)
        if question.kind == "multiple":
            return self._multiple(row, column, value)
        return self._single(row, column, value)

    def _given(self, question: Question, code: str) -> _Given:
        return _Given(question, code, self._values.get((question.code, code)))

    def _number(self, row: int, column: _Column, value: Cell) -> list[_Given]:
        question = column.question
        found = number(value)
        limits = f"от {_shown_limit(question.minimum)} до {_shown_limit(question.maximum)}"
        if found is None:
            message = f"Ответ на вопрос «{question.text}» — не число."
            self._tell("survey.not_a_number", message, row, column.index, value=shown(value), expected=limits)
            return []
        low, high = question.minimum, question.maximum
        if (low is not None and found < low) or (high is not None and found > high):
            message = f"Ответ на вопрос «{question.text}» вне границ."
            self._tell("survey.out_of_range", message, row, column.index, value=shown(value), expected=limits)
            return []
        return [_Given(question, "", found)]

    def _single(self, row: int, column: _Column, value: Cell) -> list[_Given]:
        question = column.question
        code = self._code(question, cell_text(value))
        if code is not None:
            return [self._given(question, code)]
        leading = _LEADING_NUMBER.match(cell_text(value)) if not isinstance(value, datetime | date) else None
        if leading is not None and self._form.questionnaire.answer_set(question).points:
            message = f"Ответа {leading[1]} на вопрос «{question.text}» нет на шкале."
            self._fault("survey.out_of_range", message, row, column, value)
            return []
        parts = [part for part in _SEPARATORS.split(_raw(value)) if part]
        if len(parts) > 1 and all(self._code(question, part) is not None for part in parts):
            message = f"На вопрос «{question.text}» нужен один ответ, а дано {len(parts)}."
            self._fault("survey.several_answers", message, row, column, value)
            return []
        if question.has_other:
            return [self._given(question, OTHER)]
        self._fault("survey.answer_unknown", f"Такого ответа на вопрос «{question.text}» нет.", row, column, value)
        return []

    def _fault(self, rule_id: str, message: str, row: int, column: _Column, value: Cell) -> None:
        answers = self._form.questionnaire.answer_set(column.question).answers
        expected = "; ".join(one.text for one in answers)
        self._tell(
            rule_id, message, row, column.index, value=shown(value), expected=expected[:300], became="ответ не учтён"
        )

    def _code(self, question: Question, text: str) -> str | None:
        """Return the code of an answer by its text, its number, or both («5 — полностью согласен»)."""
        labels = self._labels[question.code]
        key = question_key(text)
        if key in labels:
            return labels[key]
        if key.startswith(("другое", "другой вариант", "иное")) and question.has_other:
            return OTHER
        found = number(text)
        if found is not None:
            return self._by_value.get((question.code, found))
        leading = _LEADING_NUMBER.match(text)
        if leading is not None:
            by_number = self._by_value.get((question.code, float(leading[1])))
            rest = question_key(text[leading.end() :])
            return by_number if by_number is not None and labels.get(rest, by_number) == by_number else None
        return None

    def _multiple(self, row: int, column: _Column, value: Cell) -> list[_Given]:
        question = column.question
        codes, unknown = _split_choices(_raw(value), self._labels[question.code])
        if unknown and question.has_other:
            codes = [*codes, OTHER]
        elif unknown:
            message = f"В ответе на вопрос «{question.text}» есть вариант, которого нет в анкете."
            self._fault("survey.answer_unknown", message, row, column, value)
        codes = list(dict.fromkeys(codes))
        if _NONE in codes and len(codes) > 1:
            message = f"На вопрос «{question.text}» отмечены «ничего» и другие варианты."
            self._tell("survey.contradicting_choices", message, row, column.index, became="«ничего» не учтено")
            codes.remove(_NONE)
        limit = question.maximum_choices
        if limit is not None and len(codes) > limit:
            message = f"На вопрос «{question.text}» отмечено {len(codes)} вариантов, разрешено {limit}."
            self._tell("survey.too_many_choices", message, row, column.index, value=str(len(codes)))
        return [self._given(question, code) for code in codes]

    def _school_key(self, row: int, cells: list[Cell]) -> str | None:
        column = next((one for one in self._form.columns if one.question.kind == "school"), None)
        if column is None:
            return None
        text = cell_text(cell_at(cells, column.index))
        if not text:
            self._tell("survey.school_missing", "Школа в анкете не названа.", row, column.index)
            return None
        login = school_code_in(text)
        # A respondent may write a name or a telephone beside the school or instead of it: that does not pass.
        is_personal = named_person(_HONOUR.split(text)[0]) or _CONTACT.search(_LOGIN.sub("", text)) is not None
        if login is not None:
            return login if is_personal else text
        is_school = bool(school_name(text).kind) or "№" in text or _CODE.fullmatch(text) is not None
        if is_personal or not is_school or len(text) > _LONGEST_NAME:
            message = "В поле школы не название и не логин ОО."
            self._tell("survey.school_unclear", message, row, column.index, value=shown(text), became="без школы")
            return None
        return text

    def _response_id(self, row: int, cells: list[Cell], given: list[_Given], school_key: str | None) -> str | None:
        form = self._form
        stamp = cell_text(cell_at(cells, form.time))
        own = cell_text(cell_at(cells, form.identity))
        answers = sorted((one.question.code, one.answer_code, one.value) for one in given)
        parts: list[object] = [form.questionnaire.code, school_key, stamp, own, answers]
        if not stamp and not own:
            # Without time and number two equal answers are two people.
            parts += [self._context.file_sha256, form.header.sheet.name, row]
        response_id = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
        first = self._rows.seen.setdefault(response_id, row)
        if first != row:
            message = f"Анкета повторяет строку {first}: учтена один раз."
            self._tell("survey.repeated_answer", message, row, form.identity if own else form.time)
            return None
        if own and not stamp:
            number_key = f"{school_key}|{own}"
            first = self._rows.numbers.setdefault(number_key, row)
            if first != row:
                message = f"Номер анкеты уже стоит в строке {first}, ответы другие: учтены обе."
                self._tell("survey.repeated_number", message, row, form.identity, value=shown(own))
        return response_id

    def _check_straight_line(self, row: int, given: list[_Given]) -> None:
        on_scales = [one for one in given if one.question.scale is not None and one.value is not None]
        if len(on_scales) < STRAIGHT_LINE or len({one.value for one in on_scales}) > 1:
            return
        if len({one.question.is_reverse for one in on_scales}) == 2:
            message = f"На {len(on_scales)} вопросов, прямых и обратных, дан один и тот же ответ."
            self._tell("survey.straight_line", message, row)


def _shown_limit(limit: float | None) -> str:
    return "—" if limit is None else f"{limit:g}".replace(".", ",")


def _raw(value: Cell) -> str:
    """Return a cell's text with its line breaks, which some exports put between choices."""
    return value if isinstance(value, str) else cell_text(value)


def _split_choices(text: str, labels: Mapping[str, str]) -> tuple[list[str], bool]:
    """Return the codes of the choices in a cell, and whether something else stands there too.

    Options may hold commas themselves («Медицина, здравоохранение»): the longest run of parts that is an option wins.
    """
    parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
    codes: list[str] = []
    is_unknown = False
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            code = labels.get(question_key(" ".join(parts[start:end])))
            if code is not None:
                codes.append(code)
                start = end
                break
        else:
            is_unknown = True
            start += 1
    return codes, is_unknown
