"""Answers to the questionnaires of the catalogue as Google Forms and Yandex Forms export them, and paper ones.

A respondent has an opinion of the school which all answers of a scale share; reverse questions turn it round. Free text
with names and contacts stands in the files, as in real ones: no reader lets it pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from oko_pipeline.catalogue.questionnaires import Question, Questionnaire, questionnaires
from oko_pipeline.sample.exports import phone
from oko_pipeline.sample.faults import Planted
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import School

Job = Callable[[], None]

YEAR: Final = "2025-2026"
_EXPORTED: Final = datetime(2026, 6, 10, 10, tzinfo=UTC)
_FIRST_DAY: Final = datetime(2025, 11, 10, 8, tzinfo=UTC)
_ASKED: Final = {"students": 12, "parents": 8, "teachers": 8, "heads": 1, "employers": 2}
"""Answers a school; of employers and heads there are few."""
_GOOGLE, _YANDEX, _PAPER = "google", "yandex", "paper"
_SCALE_LENGTH: Final = 5


@dataclass(slots=True)
class _Answers:
    """A file of answers: the rows from the header on, and the column of each question by its code."""

    form: Questionnaire
    kind: str
    path: str
    rows: list[list[Cell]]
    places: dict[str, int]
    time: int | None
    header: int = 0
    faults: list[Planted] = field(default_factory=list)

    @property
    def sheet(self) -> str:
        """Name of the sheet."""
        return "Анкеты" if self.kind == _PAPER else "Ответы на форму (1)"

    def question(self, kind: str) -> Question | None:
        """Return the first question of a kind, None when there is none."""
        return next((one for one in self.form.questions if one.kind == kind and one.code in self.places), None)


def survey_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for each file: every questionnaire by one of the services, pupils' also on paper."""
    for number, form in enumerate(questionnaires().values()):
        kinds = [_GOOGLE if number % 2 == 0 else _YANDEX]
        if form.respondents in {"students", "parents"}:
            kinds = [_GOOGLE, _YANDEX, _PAPER]
        for kind in kinds:
            yield lambda form=form, kind=kind: _write(inbox, world, form, kind)


def _write(inbox: Inbox, world: World, form: Questionnaire, kind: str) -> None:
    answers = _answers(world, form, kind)
    note = FileNote("survey_answers", YEAR, rows_count=len(answers.rows) - answers.header - 1)
    if world.options.dirt:
        _plant(answers)
    inbox.write_workbook(answers.path, [(answers.sheet, answers.rows)], _EXPORTED, note)
    inbox.truths += [fault.truth(answers.path, YEAR) for fault in answers.faults]


def _answers(world: World, form: Questionnaire, kind: str) -> _Answers:
    rng = stream(world.options.seed, "survey", form.code, kind)
    questions = [one for one in form.questions if kind != _PAPER or one.kind not in {"text", "contact"}]
    before = {_GOOGLE: ["Отметка времени", "Адрес электронной почты"], _YANDEX: ["ID", "Время создания"]}
    head: list[Cell] = [*before.get(kind, ["№ анкеты"])]
    places = {question.code: len(head) + place for place, question in enumerate(questions)}
    for number, question in enumerate(questions, 1):
        head.append(question.text if kind == _GOOGLE else f"{number}. {question.text}{' *' * (kind == _YANDEX)}")
    rows: list[list[Cell]] = [[form.title_ru], ["Учебный год", YEAR], []] if kind == _PAPER else []
    header = len(rows)
    rows.append(head)
    for school in world.territory.schools:
        for _ in range(max(1, _ASKED[form.respondents] // (3 if kind == _PAPER else 1))):
            moment = _FIRST_DAY + timedelta(minutes=int(rng.integers(0, 20 * 24 * 60)), seconds=len(rows) % 60)
            beginning: dict[str, list[Cell]] = {
                _GOOGLE: [f"{moment:%d.%m.%Y %H:%M:%S}", f"person{len(rows)}@example.org"],
                _YANDEX: [str(700000 + len(rows)), f"{moment:%Y-%m-%d %H:%M:%S}"],
                _PAPER: [str(len(rows) - header)],
            }
            opinion = float(rng.normal(0.1 * school.advantage, 0.8))
            row = [_answer(form, one, school, opinion, rng) for one in questions]
            rows.append([*beginning[kind], *row])
    name = f"Опросы/{YEAR}/{form.title_ru} ({kind}).xlsx"
    return _Answers(form, kind, name, rows, places, {_GOOGLE: 0, _YANDEX: 1}.get(kind), header)


def _answer(form: Questionnaire, question: Question, school: School, opinion: float, rng: np.random.Generator) -> Cell:
    if question.answers is not None:
        return _chosen_answer(form, question, opinion, rng)
    if question.kind == "school":
        return f"{school.name} ({school.code})"
    if question.kind == "number":
        low, high = int(question.minimum or 0), int(question.maximum or 40)
        return int(rng.integers(low, min(high, low + 30) + 1))
    if question.kind == "contact":
        return f"{phone(rng)}, contact{int(rng.integers(999))}@example.org"
    surnames = invented_names()["surname"]
    surname = surnames[int(rng.integers(len(surnames)))]
    return f"Спасибо учителю, {surname} Мария Петровна, тел. {phone(rng)}" if rng.random() < 0.3 else "Всё хорошо"


def _chosen_answer(form: Questionnaire, question: Question, opinion: float, rng: np.random.Generator) -> Cell:
    answers = form.answer_set(question).answers
    if question.kind == "scale":
        points = [one for one in answers if one.value is not None]
        middle = (len(points) - 1) * (0.38 if question.is_reverse else 0.62)
        middle += -opinion if question.is_reverse else opinion
        return points[int(np.clip(round(middle + rng.normal(0, 0.6)), 0, len(points) - 1))].text
    plain = [one for one in answers if one.code != "none"]
    if question.kind == "multiple":
        chosen = sorted(rng.choice(len(plain), min(2, len(plain)), replace=False).tolist())
        return ", ".join(plain[place].text for place in chosen)
    return plain[int(rng.integers(len(plain)))].text


def _plant(answers: _Answers) -> None:
    """Plant every fault that the questions allow, a respondent each; headings last."""
    row = answers.header + 2
    for fault in (*_CELL_FAULTS, *_ROW_FAULTS):
        if row + 1 < len(answers.rows) and fault(answers, row):
            row += 2
    if answers.kind != _PAPER:
        _plant_headings(answers)


def _tell(answers: _Answers, rule_id: str, row: int, column: int | None, value: Cell = None) -> bool:
    written = "" if value is None else str(value)
    answers.faults.append(Planted(rule_id, answers.sheet, (row, column), written))
    return True


def _set(answers: _Answers, rule_id: str, row: int, column: int, value: Cell) -> bool:
    answers.rows[row][column] = value
    return _tell(answers, rule_id, row, column, value)


def _unknown_answer(answers: _Answers, row: int) -> bool:
    question = answers.question("scale")
    return question is not None and _set(
        answers, "survey.answer_unknown", row, answers.places[question.code], "мне всё равно"
    )


def _beyond_scale(answers: _Answers, row: int) -> bool:
    question = answers.question("scale")
    return question is not None and _set(answers, "survey.out_of_range", row, answers.places[question.code], 9)


def _two_answers(answers: _Answers, row: int) -> bool:
    question = answers.question("scale")
    if question is None:
        return False
    texts = [one.text for one in answers.form.answer_set(question).answers if one.value is not None]
    return _set(answers, "survey.several_answers", row, answers.places[question.code], f"{texts[0]}; {texts[-1]}")


def _number_far(answers: _Answers, row: int) -> bool:
    question = answers.question("number")
    return question is not None and _set(answers, "survey.out_of_range", row, answers.places[question.code], 99999)


def _no_number(answers: _Answers, row: int) -> bool:
    question = answers.question("number")
    return question is not None and _set(answers, "survey.not_a_number", row, answers.places[question.code], "много")


def _too_many(answers: _Answers, row: int) -> bool:
    for question in answers.form.questions:
        if question.maximum_choices is not None and question.code in answers.places:
            texts = [one.text for one in answers.form.answer_set(question).answers if one.code != "none"]
            value = "; ".join(texts[: question.maximum_choices + 1])
            return _set(answers, "survey.too_many_choices", row, answers.places[question.code], value)
    return False


def _contradiction(answers: _Answers, row: int) -> bool:
    for question in answers.form.questions:
        if question.kind == "multiple" and question.code in answers.places:
            found = {one.code: one.text for one in answers.form.answer_set(question).answers}
            if "none" in found:
                other = next(text for code, text in found.items() if code != "none")
                value = f"{found['none']}; {other}"
                return _set(answers, "survey.contradicting_choices", row, answers.places[question.code], value)
    return False


def _no_date(answers: _Answers, row: int) -> bool:
    return answers.time is not None and _set(answers, "survey.date_invalid", row, answers.time, "вчера вечером")


def _other_year(answers: _Answers, row: int) -> bool:
    return answers.time is not None and _set(answers, "survey.other_year", row, answers.time, "12.11.2023 10:00:00")


def _future(answers: _Answers, row: int) -> bool:
    return answers.time is not None and _set(answers, "survey.date_in_future", row, answers.time, "12.11.2027 10:00:00")


def _no_school(answers: _Answers, row: int) -> bool:
    question = answers.question("school")
    return question is not None and _set(answers, "survey.school_missing", row, answers.places[question.code], None)


def _odd_school(answers: _Answers, row: int) -> bool:
    question = answers.question("school")
    value = f"{invented_names()['surname'][3]} Анна Петровна"
    return question is not None and _set(answers, "survey.school_unclear", row, answers.places[question.code], value)


def _empty(answers: _Answers, row: int) -> bool:
    for question in answers.form.questions:
        if question.is_stored and question.code in answers.places:
            answers.rows[row][answers.places[question.code]] = None
    return _tell(answers, "survey.empty_answer", row, None)


def _straight(answers: _Answers, row: int) -> bool:
    """Let somebody give one answer to all questions of scales, turned ones among them."""
    asked = [one for one in answers.form.questions if one.scale is not None and one.code in answers.places]
    if len(asked) <= _SCALE_LENGTH + 3 or not any(one.is_reverse for one in asked):
        return False
    common = set.intersection(*(set(answers.form.answer_set(question).points) for question in asked))
    if not common:
        return False
    for question in asked:
        given = next(one for one in answers.form.answer_set(question).answers if one.value == max(common))
        answers.rows[row][answers.places[question.code]] = given.text
    return _tell(answers, "survey.straight_line", row, None)


def _repeated(answers: _Answers, row: int) -> bool:
    """Repeat a row below the last one, as an export taken twice does."""
    answers.rows.append(list(answers.rows[row]))
    column = answers.time if answers.kind != _YANDEX else 0
    return _tell(answers, "survey.repeated_answer", len(answers.rows) - 1, 0 if answers.kind == _PAPER else column)


def _same_number(answers: _Answers, row: int) -> bool:
    """Give two different paper questionnaires of one school the same number."""
    if answers.kind != _PAPER:
        return False
    school = answers.question("school")
    if school is not None:
        place = answers.places[school.code]
        answers.rows[row][place] = answers.rows[row - 1][place]
    value = answers.rows[row - 1][0]
    return _set(answers, "survey.repeated_number", row, 0, value)


_CELL_FAULTS: Final = (
    *(_unknown_answer, _beyond_scale, _two_answers, _number_far, _no_number, _too_many, _contradiction, _no_date),
    *(_other_year, _future, _no_school, _odd_school),
)
_ROW_FAULTS: Final = (_empty, _straight, _repeated, _same_number)


def _plant_headings(answers: _Answers) -> None:
    header = answers.rows[answers.header]
    first = next(one for one in answers.form.questions if one.kind == "scale")
    unknown = "Любимое время года"
    header += [unknown, header[answers.places[first.code]]]
    for row in answers.rows[answers.header + 1 :]:
        row += ["осень", row[answers.places[first.code]]]
    _tell(answers, "survey.unknown_question", answers.header, len(header) - 2, unknown)
    _tell(answers, "survey.repeated_question", answers.header, len(header) - 1, first.text)
