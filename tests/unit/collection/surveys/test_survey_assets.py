"""From an export in the inbox to results in the database: once computed, not again until something changes."""

import pandas as pd
import pytest

from assets.collection import collect_files, write_schools
from assets.surveys import analyse_year_surveys, assemble_year_answers
from oko_pipeline.catalogue.questionnaires import questionnaire
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS, SURVEY_RELIABILITY, SURVEY_RESULTS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.collection.workbooks import xlsx

YEAR = "2025-2026"
PERSONAL = "Иванова Мария Петровна, 8 900 123-45-67"
REGISTRY = [["Логин", "Название", "Муниципалитет"], ["edu990404", "МБОУ СОШ № 4", "reg99_m101 | Верхнеский район"]]


def export(count):
    form = questionnaire("parents")
    rows = [["Отметка времени", *(question.text for question in form.questions)]]
    for number in range(count):
        row = [f"{10 + number % 15}.11.2025 10:{number:02d}:00"]
        for question in form.questions:
            if question.kind == "school":
                row.append("МБОУ «СОШ №4»")
            elif question.kind in {"text", "contact"}:
                row.append(PERSONAL)
            else:
                answers = form.answer_set(question).answers[:3]
                row.append(answers[number % len(answers)].text)
        rows.append(row)
    return xlsx({"Ответы на форму (1)": rows})


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    monkeypatch.setenv("OKO_WORKERS", "1")
    opened = open_workplace(Settings.load(home=tmp_path / "home"))
    folder = opened.inbox / "2026"
    folder.mkdir()
    (folder / "Список ОО.xlsx").write_bytes(xlsx({"Список": REGISTRY}))
    (folder / "Анкета.xlsx").write_bytes(export(12))
    yield opened
    opened.close()


def run(workplace):
    collect_files(workplace)
    write_schools(workplace, YEAR)
    return assemble_year_answers(workplace, YEAR), analyse_year_surveys(workplace, YEAR)


def results(workplace):
    found = workplace.database.read(SURVEY_RESULTS, {"school_year": YEAR})
    return found[(found["item_code"] == "teaching") & (found["answer_code"] == "") & (found["group_code"] == "all")]


def test_answers_are_linked_gathered_and_summed_up_once(workplace):
    assert run(workplace) == (True, True)
    answers = workplace.records.read(YEAR, SURVEY_ANSWERS.name)
    assert set(answers["school_code"]) == {"edu990404"}
    assert answers["response_id"].nunique() == 12
    own = results(workplace).set_index("unit_level")
    assert own.loc["school", ["unit_code", "respondents_count", "value"]].tolist() == ["edu990404", 12, 2.0]
    assert own.loc["municipality", "unit_code"] == "reg99_m101"
    scales = workplace.database.read(SURVEY_RELIABILITY, {"school_year": YEAR})
    assert set(scales["scale_code"]) == {"satisfaction", "conditions", "objectivity"}
    assert run(workplace) == (False, False)


def test_a_new_export_replaces_and_a_removed_one_takes_its_results_along(workplace):
    run(workplace)
    path = workplace.inbox / "2026" / "Анкета.xlsx"
    path.write_bytes(export(20))
    assert run(workplace) == (True, True)
    assert results(workplace)["respondents_count"].unique().tolist() == [20]
    path.unlink()
    assert run(workplace) == (True, True)
    assert results(workplace).empty
    assert workplace.records.read(YEAR, SURVEY_ANSWERS.name).empty


def test_nothing_personal_stands_in_any_store(workplace):
    run(workplace)
    tables = [workplace.records.read(YEAR, SURVEY_ANSWERS.name), workplace.database.read(SURVEY_RESULTS)]
    text = pd.concat(tables).to_csv() + workplace.database.read(SURVEY_RELIABILITY).to_csv()
    assert len(text) > 10_000
    stored = [path for path in workplace.settings.home.rglob("*") if path.is_file() and "inbox" not in path.parts]
    blobs = b"".join(path.read_bytes() for path in stored)
    for secret in ("Иванова", "Петровна", "123-45-67"):
        assert secret not in text
        assert secret.encode() not in blobs
