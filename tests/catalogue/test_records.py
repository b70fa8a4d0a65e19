"""The registers and forms: what they ask, what they never keep, how they hang together."""

import re

import pytest

from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.contracts import Privacy
from oko_pipeline.catalogue.records import (
    RecordForm,
    RecordTable,
    choice_lists,
    record_contracts,
    record_forms,
    record_tables,
)
from oko_pipeline.catalogue.sources import register_needs
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables import RESTRICTED_TABLES, TABLES
from oko_pipeline.catalogue.yaml_files import read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

FORMS = list(record_forms().values())
REGISTERS = list(record_tables().values())
PEOPLE = [table for table in REGISTERS if table.person]

ONE_FORM = """form_code: clubs
version: 1
title_ru: Кружки
levels: [school]
origin_ru: ОО
tables:
  - name: clubs
    title_ru: Кружки
    sheet_ru: Кружки
    grain_ru: кружок
    kinds: [additional_education]
    key: [title]
    columns:
      - {name: title, title_ru: Название, required: true}
      - {name: pupils_count, title_ru: Обучающихся}
      - {name: members_count, title_ru: Участников, at_most: pupils_count}
      - {name: field, title_ru: Область, choices: talent_fields}
      - {name: opened_on, title_ru: Открыт}
      - {name: is_free, title_ru: Бесплатный}
      - {name: plan_link, title_ru: Ссылка на план}
      - {name: covered_percent, title_ru: Охват}
      - {name: subject, title_ru: Предмет}
      - {name: grade, title_ru: Класс}
"""


def form_of(text: str) -> RecordForm:
    ((_, form),) = read_catalogue_yaml({"clubs.yaml": text}, RecordForm)
    return form


def ids(tables: list[RecordTable]) -> list[str]:
    return [table.name for table in tables]


def test_the_name_of_a_column_tells_its_type_and_limits():
    (table,) = form_of(ONE_FORM).tables
    assert {column.name: column.type for column in table.columns} == {
        "title": "text",
        "pupils_count": "integer",
        "members_count": "integer",
        "field": "text",
        "opened_on": "date",
        "is_free": "boolean",
        "plan_link": "link",
        "covered_percent": "percent",
        "subject": "subject",
        "grade": "grade",
    }
    assert table.column("members_count").minimum == 0
    assert (table.column("covered_percent").minimum, table.column("covered_percent").maximum) == (0, 100)


def test_a_stated_type_goes_before_that_of_the_name():
    (table,) = form_of(ONE_FORM.replace("{name: is_free,", "{name: is_free, type: text,")).tables
    assert table.column("is_free").type == "text"


def test_a_shared_list_of_answers_stands_in_for_the_answers():
    (table,) = form_of(ONE_FORM).tables
    assert table.column("field").choices == choice_lists()["talent_fields"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("choices: talent_fields", "choices: talents", "строка 17"),
        ("at_most: pupils_count", "at_most: pupils", "неизвестные ['pupils']"),
        ("key: [title]", "key: [name]", "неизвестные ['name']"),
        ("name: grade,", "name: subject,", "повторены ['subject']"),
        ("title_ru: Бесплатный}", "title_ru: Бесплатный, personal: full_name}", "person не указан"),
        (
            "    columns:",
            "    offered_rows: [{field: painting}]\n    columns:",
            "ответы не из списка: ['field=painting']",
        ),
        (
            "    columns:",
            "    shares: [{code: some, title_ru: Доля, numerator: members}]\n    columns:",
            "называют неизвестные столбцы ['members']",
        ),
    ],
)
def test_faults_of_a_description_are_told(old, new, told):
    assert old in ONE_FORM
    with pytest.raises(CatalogueError) as error:
        form_of(ONE_FORM.replace(old, new))
    assert told in str(error.value)


def test_a_reference_to_a_register_that_is_not_there_is_a_fault(monkeypatch):
    text = ONE_FORM.replace("plan_link, title_ru", "plan_ref, refers_to: plans.number, title_ru")
    monkeypatch.setattr("oko_pipeline.catalogue.records.catalogue_files", lambda _folder: {"clubs.yaml": text})
    with pytest.raises(CatalogueError, match=re.escape("clubs.plan_ref → plans.number")):
        record_forms.__wrapped__()


def test_a_register_described_twice_is_a_fault(monkeypatch):
    both = {"clubs.yaml": ONE_FORM, "more.yaml": ONE_FORM.replace("form_code: clubs", "form_code: more")}
    monkeypatch.setattr("oko_pipeline.catalogue.records.catalogue_files", lambda _folder: both)
    with pytest.raises(CatalogueError, match=re.escape("повторены: ['clubs']")):
        record_forms.__wrapped__()


@pytest.mark.parametrize("form", FORMS, ids=[form.form_code for form in FORMS])
def test_sheets_of_a_form_can_stand_in_one_workbook(form):
    sheets = [table.sheet_ru.casefold() for table in form.tables]
    assert len(set(sheets)) == len(sheets)
    assert not [sheet for sheet in sheets if set(sheet) & set("[]:*?/\\")]
    assert form.due is not None
    assert form.instruction_ru or not form.is_handed_out


@pytest.mark.parametrize("table", REGISTERS, ids=ids(REGISTERS))
def test_a_heading_names_one_column_and_a_key_is_always_filled(table):
    headings = [
        (text.casefold(), column.name) for column in table.columns for text in {column.title_ru, *column.headings}
    ]
    owners: dict[str, set[str]] = {}
    for text, name in headings:
        owners.setdefault(text, set()).add(name)
    assert {text: names for text, names in owners.items() if len(names) > 1} == {}
    assert [name for name in table.key if not table.column(name).required] == []


@pytest.mark.parametrize("table", REGISTERS, ids=ids(REGISTERS))
def test_a_share_of_a_register_cannot_exceed_one(table):
    for share in table.shares:
        if share.denominator is None:
            continue
        reached, queue = set(), [share.numerator]
        while queue:
            name = queue.pop()
            reached.add(name)
            column = table.column(name)
            wholes = [column.at_most, *(one.name for one in table.columns if name in one.total_of)]
            queue += [whole for whole in wholes if whole is not None and whole not in reached]
        # A reserve may be larger than the need; matched plans may be fewer than deeds done.
        if share.code not in {"reserve_cover", "partner_activities_done_share"}:
            assert share.denominator in reached, f"{share.code}: {share.numerator} → {share.denominator}"


def test_codes_of_shares_are_told_apart_and_serve_rows_of_the_register():
    shares = [share for table in REGISTERS for share in table.shares]
    assert len({share.code for share in shares}) == len(shares)
    known = {need.duty_id for need in register_needs()}
    assert sorted({duty for share in shares for duty in share.serves} - known) == []


def test_the_shares_of_career_guidance_are_those_of_the_roadmap():
    served: dict[str, list[tuple[str, str | None]]] = {}
    for share in record_tables()["career_shares"].shares:
        for duty in share.serves:
            served.setdefault(duty.removeprefix("malokarachaevsky_roadmap:plan:7.1:"), []).append(
                (share.numerator, share.denominator)
            )
    assert served == {
        "1": [("entered_by_profile_count", "graduates_count")],
        "2": [("close_exams_9_count", "graduates_9_count")],
        "3": [("vocational_11_count", "graduates_11_count")],
        "4": [("university_11_count", "graduates_11_count")],
        "5": [("exams_by_profile_11_count", "graduates_11_count")],
        "6": [("ticket_count", "pupils_6_11_count")],
        "7": [("event_participants_count", "pupils_count"), ("local_economy_participants_count", "pupils_count")],
        "8": [("tested_6_11_count", "pupils_6_11_count")],
        "9": [("workplaces_count", None)],
        "10": [("parents_helped_count", "parents_count")],
        "11": [("agreements_count", None)],
        "12": [("additional_education_count", "pupils_count")],
        "13": [("advanced_count", "advanced_sample_count"), ("advanced_count", "pupils_count")],
    }


@pytest.mark.parametrize("table", PEOPLE, ids=ids(PEOPLE))
def test_registers_about_people_are_restricted_and_keep_a_pseudonym_only(table):
    contract = record_contracts()[table.name]
    assert contract.is_restricted
    assert table.name in restricted_tables()
    assert table.name not in all_tables()
    assert contract.column("person_id").privacy is Privacy.PSEUDONYM
    personal = {column.name for column in table.columns if column.personal is not None}
    assert personal & {"full_name", "surname", "pupil_code", "person_code"}
    assert personal.isdisjoint(contract.column_names)


def test_what_tells_of_one_head_stays_in_the_restricted_store():
    for name in ("heads_appraisal", "heads_certification", "head_diagnostics_results"):
        assert record_contracts()[name].is_restricted
        assert name not in all_tables()


@pytest.mark.parametrize("name", ["teacher_diagnostics", "head_diagnostics"])
def test_open_figures_of_competence_are_never_those_of_one_person(name):
    assert record_tables()[name].column("tested_count").minimum == 5
    assert not record_contracts()[name].is_restricted


def test_no_open_register_names_or_describes_a_person():
    about = re.compile(r"фамили|отчеств|\bфио\b|ф\.и\.о|снилс|паспорт|телефон|e-mail|почт|дата рождения", re.IGNORECASE)
    found = [
        f"{table.name}.{column.name}"
        for table in REGISTERS
        for column in table.columns
        if column.is_stored and any(about.search(text) for text in (column.title_ru, *column.headings))
    ]
    assert found == []
    by_teacher = [
        f"{table.name}.{column.name}"
        for table in REGISTERS
        if not record_contracts()[table.name].is_restricted
        for column in table.columns
        if column.is_stored and column.name in {"teacher", "head", "employee", "person"}
    ]
    assert by_teacher == []


def test_every_link_of_the_chain_can_be_followed():
    chain = {
        f"{table.name}.{column.name}": column.refers_to
        for table in REGISTERS
        for column in table.columns
        if column.refers_to is not None
    }
    assert chain["decisions.recommendation_ref"] == "recommendations_log.recommendation_number"
    assert chain["measures.decision_ref"] == "decisions.decision_number"
    assert chain["events.measure_ref"] == "measures.measure_number"
    assert chain["criteria_evidence.document_ref"] == "evidence_documents.document_number"
    for target in chain.values():
        table, column = target.split(".")
        assert column in record_tables()[table].key
    assert all(
        record_tables()[name].column(column).type == "link"
        for name in ("decisions", "measures", "recommendations_log", "roadmap_plan")
        for column in ("indicator_code", "evidence_link")
    )


def test_a_blank_form_offers_the_seventeen_criteria_and_all_grades():
    criteria = record_tables()["criteria_evidence"]
    assert [row["criterion"] for row in criteria.offered_rows] == [str(number) for number in range(1, 18)]
    assert [row["grade"] for row in record_tables()["enrolment"].offered_rows] == list(range(1, 12))


def test_scores_of_independent_assessment_lie_between_0_and_100():
    scores = [column for column in record_tables()["noko"].columns if column.name.endswith("_score")]
    assert len(scores) == 6
    assert {(column.minimum, column.maximum) for column in scores} == {(0, 100)}


def test_studies_come_with_their_standard_errors():
    assert record_tables()["study_results"].column("standard_error").minimum == 0
    assert record_tables()["study_results"].kinds == ("niko", "pisa_model", "international_studies")


def test_support_programmes_are_followed_over_three_rounds():
    table = record_tables()["support_programmes"]
    assert list(table.column("round").choices) == ["input", "interim", "final"]
    assert {"indicator_code", "planned_value", "actual_value"} <= set(record_contracts()[table.name].column_names)


def test_subjects_of_lists_carry_the_codes_of_the_catalogue():
    names = {subject.name_ru: code for code, subject in subjects().items()}
    for code in ("school_subjects", "exam_subjects", "olympiad_subjects"):
        listed = choice_lists()[code]
        assert {label: listed_code for listed_code, label in listed.items() if label in names} == {
            label: names[label] for label in listed.values() if label in names
        }
    assert set(subjects()) <= set(choice_lists()["school_subjects"])
    assert len(choice_lists()["olympiad_subjects"]) == 24


def test_registers_and_tables_of_the_code_do_not_share_names():
    assert sorted(set(record_contracts()) & set(TABLES | RESTRICTED_TABLES)) == []
