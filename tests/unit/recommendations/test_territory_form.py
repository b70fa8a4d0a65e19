"""The department of the whole territory answers its recommendations in a form as schools and municipalities do."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.collection.forms.writer import issue_forms
from oko_pipeline.collection.record_assembly import RecordFragment, assemble_records
from oko_pipeline.recommendations.recommend import offered_rows
from tests.unit.collection.forms.filled import fill, read_bytes
from tests.unit.recommendations.years import PLACE, SCHOOL, YEAR, advise, deficit, findings, one, register, row_of

LOG = "recommendations_log"
OTHER_PLACE = "reg99_m2"
SCALE = {
    "unit_level": "all", "unit_code": "all", "questionnaire_code": "teachers", "scale_code": "climate",
    "question_code": "", "alpha": 0.41, "alpha_low": 0.3, "alpha_high": 0.52, "respondents_count": 80,
}  # fmt: skip
FOUND = findings(survey_reliability=[row_of("survey_reliability", **SCALE)], skill_deficits=[deficit()])
RULE = "survey_repair"
MINE = "Заменить два вопроса шкалы до 1 сентября"


def issue(folder, *places):
    schools = pd.DataFrame(
        {
            "school_code": [f"edu99000{n}" for n in range(1, len(places) + 1)],
            "school_name": "СОШ",
            "municipality_code": places,
        }
    )
    names = pd.DataFrame({"municipality_code": places, "municipality_name": [f"Район {one}" for one in places]})
    rows = offered_rows(advise(FOUND).recommendations, all_tables()[LOG].column_names, "2026-06-01")
    issued = issue_forms(folder, YEAR, schools, names, {LOG: rows})
    return {path.parent.name: path for path in issued.paths if path.name.startswith("Управление")}


def offered(path):
    book = pd.read_excel(path, sheet_name="Рекомендации", header=None, engine="openpyxl")
    return {str(value) for value in book.to_numpy().ravel()}


def answered(tmp_path, path, answer, **said):
    """Type an answer into the row of the territory's recommendation and return the register of the year."""
    titles = {column.title_ru: column.name for column in record_tables()[LOG].columns}
    number = one(advise(FOUND).recommendations, rule_id=RULE)["recommendation_id"]

    def edit(book):
        sheet = book["Рекомендации"]
        names = {titles.get(cell.value): cell.column for cell in sheet[4]}
        row = next(line[0].row for line in sheet.iter_rows() if number in [cell.value for cell in line])
        for name, value in ({"answer": answer} | said).items():
            sheet.cell(row, names[name]).value = value

    reading = read_bytes(tmp_path / "inbox", fill(path.read_bytes(), {}, edit))
    assert reading.status == "accepted", reading
    rows = reading.reading.records[LOG]
    fragment = RecordFragment("f" * 64, "a.xlsx", "record_form", "2026-06-20", rows)
    return assemble_records(record_contracts()[LOG], record_tables()[LOG].key, [fragment], YEAR, {}).rows


def test_a_territory_of_one_municipality_answers_in_its_form(tmp_path):
    paths = issue(tmp_path / "forms", PLACE)
    assert set(paths) == {"edu990001", PLACE}
    number = one(advise(FOUND).recommendations, rule_id=RULE)["recommendation_id"]
    assert number in offered(paths[PLACE])
    assert number not in offered(paths["edu990001"])


def test_a_territory_of_several_municipalities_has_a_form_of_its_own(tmp_path):
    paths = issue(tmp_path / "forms", PLACE, OTHER_PLACE)
    number = one(advise(FOUND).recommendations, rule_id=RULE)["recommendation_id"]
    assert [name for name, path in paths.items() if number in offered(path)] == ["Вся территория"]
    assert paths["Вся территория"].name == f"Управление качеством образования, {YEAR}, вся территория.xlsx"


@pytest.mark.parametrize("places", [(PLACE,), (PLACE, OTHER_PLACE)])
@pytest.mark.parametrize(
    ("answer", "said", "state"),
    [
        ("принята", {}, "accepted"),
        ("изменена", {"edited_text": MINE, "answer_reason": "Мало ответов"}, "edited"),
        ("отклонена", {"answer_reason": "Опрос больше не проводим"}, "rejected"),
    ],
)
def test_the_word_of_the_department_stands(tmp_path, places, answer, said, state):
    paths = issue(tmp_path / "forms", *places)
    path = paths["Вся территория"] if len(places) > 1 else paths[PLACE]
    log = answered(tmp_path, path, answer, **said)
    record = one(advise(FOUND, log).recommendations, rule_id=RULE)
    assert (record["unit_level"], record["unit_code"], record["state"]) == ("all", "all", state)
    if "answer_reason" in said:
        assert record["answer_reason"] == said["answer_reason"]
    if state == "edited":
        assert record["text_ru"] == MINE
    assert record["recommendation_id"] not in set(
        offered_rows(advise(FOUND, log).recommendations, all_tables()[LOG].column_names, "2026-06-01")[
            "recommendation_number"
        ]
    )


def test_a_recommendation_of_the_territory_itself_is_the_territorys():
    own = register({"school_code": None, "recommendation_number": "Т-1", "title": "Собрать банк заданий"})
    record = one(advise(FOUND, own).recommendations, recommendation_id="Т-1")
    assert (record["unit_level"], record["unit_code"]) == ("all", "all")
    of_school = register({"recommendation_number": "Ш-1", "title": "Собрать банк заданий"})
    assert one(advise(FOUND, of_school).recommendations, recommendation_id="Ш-1")["unit_code"] == SCHOOL
