"""Answers to questionnaires as form services export them: what is read, what is a fault and in which cell."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from openpyxl import load_workbook

from oko_pipeline.catalogue.questionnaires import Questionnaire, question_key, questionnaire, questionnaires
from oko_pipeline.collection.forms_survey import write_survey_form
from oko_pipeline.collection.layout import Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.survey_answers import SurveyAnswers
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.record_assembly import RecordFragment
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.collection.survey_assembly import assemble_answers
from oko_pipeline.errors import CatalogueError, UnreadableFileError
from oko_pipeline.quality import column_letter

STUDENTS = questionnaire("students")
SCHOOL = "МБОУ СОШ № 4 (edu990404)"


def context(path="Опросы/Анкета (Ответы).xlsx", sha="a" * 64):
    return SourceContext(path, sha, "2026-06-30T00:00:00+00:00", Pseudonymiser(b"a key of the tests only"))


def good_answers(form: Questionnaire, number: int) -> dict[str, object]:
    """Answers of one respondent by question code, all of them as the form shows them."""
    given: dict[str, object] = {}
    for place, question in enumerate(form.questions):
        if question.kind == "school":
            given[question.code] = SCHOOL
        elif question.kind == "number":
            given[question.code] = int(question.minimum or 0) + 1
        elif question.kind in {"text", "contact"}:
            given[question.code] = "Иванова Мария Петровна, 8 900 123-45-67, maria@example.ru"
        else:
            texts = [one.text for one in form.answer_set(question).answers]
            if question.kind == "multiple":
                given[question.code] = ", ".join(texts[:2])
            else:
                given[question.code] = texts[(number + place) % min(len(texts), 5)]
    return given


def google(form: Questionnaire = STUDENTS, count: int = 3) -> list[list[object]]:
    header = ["Отметка времени", "Адрес электронной почты", *(question.text for question in form.questions)]
    rows = [
        [
            datetime.fromisoformat(f"2025-11-{10 + n} 09:30:0{n}"),
            f"pupil{n}@example.ru",
            *good_answers(form, n).values(),
        ]
        for n in range(count)
    ]
    return [header, *rows]


def yandex(form: Questionnaire = STUDENTS, count: int = 3) -> list[list[object]]:
    texts = [f"{n}. «{question.text.replace('ё', 'е')}» *" for n, question in enumerate(form.questions, 1)]
    rows = [
        [f"{7000 + n}", f"2025-11-{10 + n} 09:30:00", *(_lines(one) for one in good_answers(form, n).values())]
        for n in range(count)
    ]
    return [["ID", "Время создания", *texts], *rows]


def _lines(value):
    return value.replace(", ", ",\n") if isinstance(value, str) and "," in value and "@" not in value else value


def read(rows, form_context=None, name="Ответы на форму (1)"):
    book = Workbook((Sheet(name, [list(row) for row in rows]),))
    layout = recognise(book)
    assert isinstance(layout, SurveyAnswers)
    return layout.read(book, form_context or context())


def column_of(rows, code, form=STUDENTS):
    text = form.question(code).text
    return next(place for place, cell in enumerate(rows[0]) if cell == text)


@pytest.mark.parametrize("code", sorted(questionnaires()))
@pytest.mark.parametrize("export", [google, yandex])
def test_exports_of_every_questionnaire_are_read_without_a_finding(code, export):
    form = questionnaire(code)
    reading = read(export(form))
    assert reading.findings == []
    assert (reading.school_year, reading.read_rows_count, reading.quarantined_rows_count) == ("2025-2026", 3, 0)
    rows = reading.records["survey_answers"]
    assert set(rows["questionnaire_code"]) == {code}
    assert rows["response_id"].nunique() == 3
    stored = {question.code for question in form.questions if question.is_stored}
    assert set(rows["question_code"]) == stored
    if any(question.kind == "school" for question in form.questions):
        assert set(rows["school_key"]) == {SCHOOL}
        (mention,) = reading.tables["school_mentions"].to_dict("records")
        assert (mention["school_code"], mention["rows_count"]) == ("edu990404", 3)


@pytest.mark.parametrize("export", [google, yandex])
def test_free_text_and_contacts_never_pass(export):
    for form in questionnaires().values():
        reading = read(export(form))
        shown = "".join(frame.to_csv() for frame in (*reading.records.values(), *reading.tables.values()))
        shown += str(reading.findings)
        for secret in ("Иванова", "Мария", "900", "maria", "pupil", "@"):
            assert secret not in shown


def test_answers_are_codes_with_their_place_on_the_scale():
    rows = google(count=1)
    rows[1][column_of(rows, "clear_lessons")] = "Полностью согласен"
    rows[1][column_of(rows, "help_given")] = "4"
    rows[1][column_of(rows, "interesting")] = 3
    rows[1][column_of(rows, "useful")] = "5 — полностью согласен"
    rows[1][column_of(rows, "equipment")] = "Затрудняюсь ответить"
    rows[1][column_of(rows, "grade")] = "9"
    reading = read(rows)
    assert reading.findings == []
    answers = reading.records["survey_answers"].set_index("question_code")
    got = {code: (answers.loc[code, "answer_code"], answers.loc[code, "value"]) for code in ("clear_lessons", "useful")}
    assert got == {"clear_lessons": ("5", 5.0), "useful": ("5", 5.0)}
    assert answers.loc[["help_given", "interesting"], "value"].tolist() == [4.0, 3.0]
    assert (answers.loc["equipment", "answer_code"], answers["value"].isna()["equipment"]) == ("na", True)
    assert answers.loc["grade", "answer_code"] == "9"
    assert answers.loc["grade", "answered_on"] == "2025-11-10"


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("Медицина, здравоохранение, Наука", {"health", "science"}),
        ("Медицина, здравоохранение; Наука", {"health", "science"}),
        ("Наука\nМедицина, здравоохранение", {"health", "science"}),
        ("Наука, Другое: разведение пчёл, мёд", {"science", "other"}),
        ("Наука, буду блогером", {"science", "other"}),
        ("наука", {"science"}),
    ],
)
def test_several_choices_in_one_cell(cell, codes):
    rows = google(count=1)
    rows[1][column_of(rows, "sphere")] = cell
    reading = read(rows)
    assert reading.findings == []
    answers = reading.records["survey_answers"]
    assert set(answers.loc[answers["question_code"] == "sphere", "answer_code"]) == codes
    assert "пчёл" not in answers.to_csv()


def test_options_in_columns_of_their_own_and_rows_of_a_grid():
    header = ["ID", "Время создания", "Ваш пол", "Оцените [Учителя понятно объясняют материал]"]
    question = STUDENTS.question("sphere").text
    header += [
        f"{question} / Наука",
        f"{question} / Медицина, здравоохранение",
        "Оцените / Мне нравится узнавать новое",
    ]
    reading = read(
        [
            header,
            ["1", "2025-11-10 10:00:00", "М", "4", "Наука", "", "2"],
            ["2", "2025-11-10 10:01:00", "Ж", "4", 0, 1, "2"],
        ]
    )
    answers = reading.records["survey_answers"]
    chosen = answers[answers["question_code"] == "sphere"]
    assert list(zip(chosen["source_row"], chosen["answer_code"], strict=True)) == [(2, "science"), (3, "health")]
    assert set(answers["question_code"]) == {"sex", "clear_lessons", "sphere", "like_learning"}


def test_the_paper_form_comes_back_by_the_same_reader(tmp_path):
    for form in questionnaires().values():
        path = tmp_path / f"{form.code}.xlsx"
        write_survey_form(path, form, "2025-2026", (SCHOOL,), rows=20)
        book = load_workbook(path)
        sheet = book["Анкеты"]
        asked = [question for question in form.questions if question.kind not in {"text", "contact"}]
        assert [cell.value for cell in sheet[4]] == ["№ анкеты", *(f"{n}. {q.text}" for n, q in enumerate(asked, 1))]
        assert sheet.protection.sheet
        assert len(sheet.data_validations.dataValidation) == len(asked)
        for number in range(2):
            given = good_answers(form, number)
            for column, value in enumerate([number + 1, *(given[question.code] for question in asked)], 1):
                sheet.cell(5 + number, column).value = value
        filled = Workbook(
            tuple(Sheet(one.title, [list(row) for row in one.iter_rows(values_only=True)]) for one in book)
        )
        layout = recognise(filled)
        assert isinstance(layout, SurveyAnswers)
        reading = layout.read(filled, context("бумажные.xlsx"))
        assert (reading.findings, reading.school_year, reading.accepted_rows_count) == ([], "2025-2026", 2)
        assert reading.records["survey_answers"]["response_id"].nunique() == 2


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: what is changed in a clean export, the rule that must name it and the cell (None: the row)."""

    name: str
    plant: Callable[[list[list[object]]], None]
    rule: str
    code: str | None
    row: int = 3

    def cell(self, rows: list[list[object]]) -> str | None:
        if self.code is None:
            return None
        place = 0 if self.code == "time" else len(rows[0]) - 1 if self.code == "last" else column_of(rows, self.code)
        return f"{column_letter(place)}{self.row}"


def put(code, value, row=2):
    def plant(rows):
        rows[row][0 if code == "time" else column_of(rows, code)] = value

    return plant


def add_column(header, value="что-то"):
    def plant(rows):
        rows[0].append(header)
        for row in rows[1:]:
            row.append(value)

    return plant


def drop_column(code):
    def plant(rows):
        place = column_of(rows, code)
        for row in rows:
            del row[place]

    return plant


def empty_row(rows):
    rows[2][2:] = [None] * (len(rows[2]) - 2)


def straight(rows):
    for question in STUDENTS.questions:
        if question.scale is not None:
            rows[2][column_of(rows, question.code)] = "Скорее согласен"


FAULTS = [
    Fault("unknown question", add_column("Как зовут вашу собаку?"), "survey.unknown_question", "last", 1),
    Fault("unknown column with names", add_column("Фамилия", "Иванова Мария"), "survey.unknown_question", "last", 1),
    Fault("repeated question", add_column("Ваш пол", "Мужской"), "survey.repeated_question", "last", 1),
    Fault("repeated question, numbered", add_column("7) Ваш пол", "Мужской"), "survey.repeated_question", "last", 1),
    Fault("question left out", drop_column("safe"), "survey.missing_question", None, 1),
    Fault("multiple question left out", drop_column("sphere"), "survey.missing_question", None, 1),
    Fault("answer not in the list", put("sex", "Не скажу"), "survey.answer_unknown", "sex"),
    Fault("answer of another question", put("grade", "Поступлю в вуз"), "survey.answer_unknown", "grade"),
    Fault("grade that is not asked", put("grade", "4 класс"), "survey.answer_unknown", "grade"),
    Fault("word in place of a scale", put("safe", "нормально"), "survey.answer_unknown", "safe"),
    Fault("six of five", put("safe", 6), "survey.out_of_range", "safe"),
    Fault("zero of five", put("friends", "0"), "survey.out_of_range", "friends"),
    Fault("ten of five with words", put("useful", "10 — согласен"), "survey.out_of_range", "useful"),
    Fault("two answers to one question", put("sex", "Мужской, Женский"), "survey.several_answers", "sex"),
    Fault("two places on a scale", put("safe", "4; 5"), "survey.several_answers", "safe"),
    Fault(
        "too many choices",
        put("sphere", "Наука; Сельское хозяйство; Сфера услуг; Информационные технологии"),
        "survey.too_many_choices",
        "sphere",
    ),
    Fault(
        "too many with other",
        put("sphere", "Наука, Сельское хозяйство, Сфера услуг, Другое: цирк"),
        "survey.too_many_choices",
        "sphere",
    ),
    Fault(
        "nothing and something",
        put("career_help", "Ни в чём не участвовал, Профессиональные пробы"),
        "survey.contradicting_choices",
        "career_help",
    ),
    Fault("time is no time", put("time", "вчера"), "survey.date_invalid", "time"),
    Fault("impossible date", put("time", "45.13.2025"), "survey.date_invalid", "time"),
    Fault("another school year", put("time", "12.03.2025 10:00:00"), "survey.other_year", "time"),
    Fault("a day after the file", put("time", "12.03.2027 10:00:00"), "survey.date_in_future", "time"),
    Fault("empty response", empty_row, "survey.empty_answer", None),
    Fault("no school", put("school", None), "survey.school_missing", "school"),
    Fault("a name in place of a school", put("school", "Петров П. П."), "survey.school_unclear", "school"),
    Fault("a telephone in place of a school", put("school", "+7 900 123-45-67"), "survey.school_unclear", "school"),
    Fault("a name beside a school", put("school", "Петрова А. И., СОШ № 4"), "survey.school_unclear", "school"),
    Fault("words in place of a school", put("school", "наша любимая"), "survey.school_unclear", "school"),
    Fault("one answer to everything", straight, "survey.straight_line", None),
    Fault("repeated response", lambda rows: rows.__setitem__(3, list(rows[2])), "survey.repeated_answer", "time", 4),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_in_its_cell_and_nothing_else(fault):
    rows = google()
    fault.plant(rows)
    reading = read(rows)
    found = [(one.rule_id, one.row, one.cell) for one in reading.findings]
    assert found == [(fault.rule, fault.row, fault.cell(rows))]
    assert reading.read_rows_count == reading.accepted_rows_count + reading.quarantined_rows_count
    assert "Иванова" not in str(reading.findings)
    assert "Петров" not in str(reading.findings) + reading.tables["school_mentions"].to_csv()


def test_a_login_stays_when_a_name_stands_beside_it():
    rows = google(count=1)
    rows[1][column_of(rows, "school")] = "Петрова А. И. edu990404, 8 900 123-45-67"
    assert set(read(rows).records["survey_answers"]["school_key"]) == {"edu990404"}
    rows[1][column_of(rows, "school")] = "МБОУ СОШ № 4 им. А. И. Петрова"
    assert set(read(rows).records["survey_answers"]["school_key"]) == {"МБОУ СОШ № 4 им. А. И. Петрова"}


def test_numbers_have_limits():
    form = questionnaire("teachers")
    rows = google(form)
    rows[1][column_of(rows, "hours", form)] = 95
    rows[2][column_of(rows, "hours", form)] = "полторы ставки"
    found = [(one.rule_id, one.row) for one in read(rows).findings]
    assert found == [("survey.out_of_range", 2), ("survey.not_a_number", 3)]


def test_repeated_numbers_of_paper_questionnaires():
    form = questionnaire("heads")
    rows = [row[1:] for row in google(form)]
    rows[0][0] = "№ анкеты"
    for row, number in zip(rows[1:], (1, 1, 2), strict=True):
        row[0] = number
    reading = read(rows, context("2026/бумажные.xlsx"))
    assert [(one.rule_id, one.cell) for one in reading.findings] == [("survey.repeated_number", "A3")]
    assert reading.records["survey_answers"]["response_id"].nunique() == 3


def test_equal_answers_without_time_and_number_are_two_people():
    rows = [row[2:] for row in google(count=1)]
    reading = read([*rows, list(rows[1])], context("2026/бумажные.xlsx"))
    assert reading.findings == []
    assert reading.records["survey_answers"]["response_id"].nunique() == 2


def test_the_year_comes_from_answers_else_the_path_else_the_file_is_refused():
    rows = [row[2:] for row in google(count=1)]
    assert read(rows, context("2024-2025/анкеты.xlsx")).school_year == "2024-2025"
    with pytest.raises(UnreadableFileError, match="учебный год"):
        read(rows, context("анкеты.xlsx"))


def test_other_tables_are_not_taken_for_answers():
    marks = [["Школа", "Класс", "Предмет", "Отметка"], ["МБОУ СОШ № 1", "5", "Алгебра", 4]]
    book = Workbook((Sheet("Лист1", marks),))
    assert not SurveyAnswers().recognise(book)


def fragment(reading, sha, submitted="2026-01-01"):
    return RecordFragment(sha, f"{sha}.xlsx", "survey_answers", submitted, reading.records["survey_answers"])


def test_a_later_export_repeats_earlier_responses_and_they_count_once():
    first, second = read(google(count=3)), read(google(count=5), context(sha="b" * 64))
    made = assemble_answers([fragment(first, "a"), fragment(second, "b")], "2025-2026", {SCHOOL: "edu990404"})
    assert made.rows["response_id"].nunique() == 5
    assert set(made.rows["school_code"]) == {"edu990404"}
    (finding,) = made.findings
    assert (finding.rule_id, finding.file_path, finding.value) == ("survey.repeated_answer", "b.xlsx", "3")


def test_an_unlinked_school_is_shown_and_its_answers_stay():
    made = assemble_answers([fragment(read(google()), "a")], "2025-2026", {})
    assert made.rows["school_code"].isna().all()
    assert [one.rule_id for one in made.findings] == ["survey.school_unclear"]
    assert assemble_answers([], "2025-2026", {}).rows.empty


def test_wordings_are_compared_without_numbers_quotes_and_hints():
    for text in ("3. Ваш пол", "3) «Ваш  пол»", "Вопрос 3. Ваш пол *", "ВАШ ПОЛ (выберите один ответ)"):
        assert question_key(text) == "ваш пол"


def broken(**change):
    base = STUDENTS.model_dump()
    return base | change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": []}, "нет шкалы"),
        ({"answer_sets": {}}, "набор ответов"),
        ({"questions": [*STUDENTS.model_dump()["questions"], STUDENTS.model_dump()["questions"][1]]}, "повторено"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_faults_of_a_description_are_told(change, message):
    with pytest.raises(ValueError, match=message):
        Questionnaire.model_validate(broken(**change))


def test_an_unknown_questionnaire_is_told():
    with pytest.raises(CatalogueError, match="нет анкеты"):
        questionnaire("pilots")


def test_all_kinds_of_surveys_have_a_questionnaire():
    kinds = {kind for form in questionnaires().values() for kind in form.kinds}
    wanted = {"survey_students", "survey_parents", "survey_teachers", "survey_heads", "survey_employers"}
    assert kinds == wanted
