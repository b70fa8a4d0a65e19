"""A department reads where to look first and how sure it is; a school reads its signs and how to reply to each."""

import pytest

from tests.unit.reporting.objectivity.cards import BEFORE, card, data_of, made, proven, sign, signal

QUESTIONED = [
    card("edu1"),
    card("edu2", "средний", signals_count=2, families_count=2, families="journal; attendance"),
    card("edu3", "низкий", official_signs_count=1),
]
SIGNS = [sign("edu3", 4), sign("edu2", 4, "no_sign", value=11.0), sign("edu1", 4, "insufficient")]
SIGNALS = [
    signal("edu2", "journal_higher"),
    signal("edu2", "absence", value=0.6, reference_value=0.14),
    signal("edu1", "journal_higher", "no_signal", "all"),
    signal("edu3", "absence", "insufficient", "all", note_ru="Мало работ"),
]


def note(**tables):
    given = {"objectivity_cards": QUESTIONED, "objectivity_signs": SIGNS, "objectivity_signals": SIGNALS} | tables
    return data_of("objectivity_note", **given)


def test_the_note_names_first_where_independent_signals_met():
    words = "\n".join(proven(note(), "objectivity_note")["m1"])
    assert "Уровень доказательности «средний» — у 1\u00a0ОО и\u00a0«низкий» — у 1\u00a0ОО" in words
    assert "edu2 Школа № 2, уровень «средний»: 2\u00a0независимых сигнала (журнал и\u00a0участие)" in words
    assert "edu3 Школа № 3, уровень" not in words
    assert (
        "Отметки ВПР выше журнала, география, 6\u00a0класс (весна 2025): отметка работы выше журнала у 40\u00a0%"
        in words
    )


def test_schools_stand_in_the_order_of_codes_whatever_their_signs():
    data = note(objectivity_cards=[QUESTIONED[1], card("edu1", "высокий", families="journal"), QUESTIONED[2]])
    context = made(data, "objectivity_note")["m1"]
    [table] = context["sections"]["schools"]["tables"]
    assert [row["cells"][0] for row in table["rows"]] == ["edu1", "edu2", "edu3"]
    assert [school["title"][:4] for school in context["schools"]] == ["edu1", "edu2", "edu3"]


def test_the_note_says_how_many_of_the_signals_may_be_false():
    [text] = made(note(), "objectivity_note")["m1"]["sections"]["signals"]["text"]
    assert "Проверок сделано 3; сигналов — 2." in text
    assert "ложных приходится в среднем не больше 0,1" in text


def test_a_family_that_was_not_looked_at_is_not_called_clean():
    [table] = made(note(), "objectivity_note")["m1"]["sections"]["schools"]["tables"]
    titles = [column["title"] for column in table["columns"]]
    of_edu3 = next(row["cells"] for row in table["rows"] if row["cells"][0] == "edu3")
    cells = {
        title: cell["text"] if isinstance(cell, dict) else cell for title, cell in zip(titles, of_edu3, strict=True)
    }
    assert cells["Участие"] == "—"
    of_edu2 = next(row["cells"] for row in table["rows"] if row["cells"][0] == "edu2")
    assert of_edu2[titles.index("Журнал")] == {"text": "есть", "shade": "level_3"}


def test_earlier_years_in_question_are_told():
    data = note(objectivity_cards=[*QUESTIONED, card("edu2", "низкий") | {"school_year": BEFORE}])
    sections = made(data, "objectivity_note")["m1"]["sections"]
    assert sections["main"]["text"][-1] == "Не первый год требуют внимания: edu2 Школа № 2."
    assert sections["schools"]["tables"][0]["rows"][0]["cells"][3] == "2023/2024 — низкий"


def test_the_share_of_a_small_group_of_comparable_schools_is_not_told():
    group = {"group_signal_share": 0.6, "group_signal_low": 0.23, "group_signal_high": 0.88}
    data = note(
        objectivity_cards=[
            card("edu1", "низкий", group_schools_count=5, **group),
            card("edu2", "низкий", group_schools_count=13, **group),
        ]
    )
    small, large = (school["section"]["text"][0] for school in made(data, "objectivity_note")["m1"]["schools"])
    assert "60" not in small
    assert "(13 ОО с данными) хотя бы один сигнал есть у 60\u00a0% (23–88)" in large


def test_a_listed_school_without_a_reason_of_its_own_is_said():
    listed = {"list_kind": "bias", "list_year": 2025, "source": "fioco", "record_id": "1"}
    data = note(external_lists=[listed | {"school_code": "edu1"}, listed | {"school_code": "edu2", "record_id": "2"}])
    text = made(data, "objectivity_note")["m1"]["sections"]["lists"]["text"]
    assert text[1] == "Есть в перечне, но карточка повода не даёт: Школа №\u00a01."


def test_nobody_is_reproached_for_silence_before_anybody_was_asked():
    assert made(note(), "objectivity_note")["m1"]["sections"]["replies"] is None
    cause = {
        "record_id": "1",
        "school_code": "edu3",
        "cause": "criteria",
        "nature": "subjective",
        "cause_number": "C-1",
    }
    asked = made(note(causes=[cause]), "objectivity_note")["m1"]["sections"]["replies"]
    assert asked["text"][-1] == "Требуют внимания, но ни причин, ни ответа не прислали: Школа №\u00a02."


def test_a_municipality_without_data_gets_no_note():
    assert made(note(objectivity_cards=[card("edu1", "нет данных")]), "objectivity_note") == {}
    assert made(note(objectivity_cards=[]), "objectivity_note") == {}


def test_another_municipality_is_not_told_of():
    data = data_of(
        "objectivity_note",
        {"edu1": "m1", "edu2": "m2", "edu3": "m1"},
        objectivity_cards=QUESTIONED,
        objectivity_signs=SIGNS,
        objectivity_signals=SIGNALS,
    )
    words = proven(data, "objectivity_note")
    assert set(words) == {"m1", "m2"}
    assert not any("edu2" in word for word in words["m1"])


@pytest.mark.parametrize("kind", ["objectivity_card", "objectivity_invitation", "objectivity_causes"])
def test_only_schools_in_question_get_documents_and_all_numbers_are_proven(kind):
    data = data_of(kind, objectivity_cards=QUESTIONED, objectivity_signs=SIGNS, objectivity_signals=SIGNALS)
    words = proven(data, kind)
    assert set(words) == {"edu2", "edu3"}
    assert any(word.startswith("С8.6ГГв") for word in words["edu2"])
    assert any(word.startswith("П4") for word in words["edu3"])


def test_the_card_shows_what_was_looked_at_and_not_found_too():
    data = data_of(
        "objectivity_card",
        objectivity_cards=[card("edu2", "низкий", official_signs_count=1)],
        objectivity_signs=[
            sign("edu2", 4),
            sign("edu2", 7, "no_sign", value=0.71, threshold=0.0),
            sign("edu2", 11, "no_data"),
        ],
    )
    section = made(data, "objectivity_card")["edu2"]["sections"]["official"]
    rows = [[*row["cells"][:3]] for row in section["tables"][0]["rows"]]
    assert [row[2] for row in rows] == ["есть", "нет"]
    assert section["text"] == ["Не посчитаны признаки 11: работ или результатов нет."]
    proven(data, "objectivity_card")


def test_questions_of_the_talk_follow_from_the_signs():
    data = data_of(
        "objectivity_invitation", objectivity_cards=QUESTIONED, objectivity_signs=SIGNS, objectivity_signals=SIGNALS
    )
    contexts = made(data, "objectivity_invitation")
    attendance = "Кто не писал работу и по каким причинам; писали ли они её позже?"
    assert attendance in contexts["edu2"]["sections"]["questions"]["points"]
    assert attendance not in contexts["edu3"]["sections"]["questions"]["points"]
    assert contexts["edu2"]["talk_year"] == "2025"


def test_a_signal_of_the_whole_year_stands_before_those_of_works():
    data = note(objectivity_signals=[signal("edu2", "absence"), signal("edu2", "narrow_spread", assessment="all")])
    points = made(data, "objectivity_note")["m1"]["schools"][0]["section"]["points"]
    assert [point.split(".")[0] for point in points] == ["С7", "С8"]
    assert points[0].startswith("С7. Слишком малый разброс, все работы года")


def test_a_very_small_q_is_not_printed_as_nothing():
    data = note(objectivity_signals=[signal("edu2", "journal_higher", q_value=0.00001)])
    [point] = made(data, "objectivity_note")["m1"]["schools"][0]["section"]["points"]
    assert point.endswith("(n = 30, q < 0,001).")
    proven(data, "objectivity_note")


def test_rechecks_name_works_of_which_only_the_subject_is_known():
    result = {
        "unit_level": "school",
        "unit_code": "edu2",
        "assessment_id": "vpr:<NA>:mathematics",
        "selected_count": 10,
        "rechecked_count": 8,
        "same_count": 4,
        "objective_share": 0.5,
        "objective_low": 0.2,
        "objective_high": 0.8,
        "verdict": "undecided",
    }
    [table] = made(note(recheck_results=[result]), "objectivity_note")["m1"]["sections"]["recheck"]["tables"]
    assert [one["cells"][0] for one in table["rows"]] == ["Школа № 2 (edu2)", "математика (ВПР)"]


STAGE = {
    "stage": "municipal",
    "olympiad_subject": "physics",
    "grade": 9,
    "participants_count": 20,
    "winners_count": 1,
    "prize_count": 3,
    "rechecked_count": 2,
    "appeals_count": 1,
    "appeals_granted_count": 0,
}


def test_the_olympiad_is_told_by_stage_and_subject():
    rows = [
        STAGE | {"record_id": "1", "school_code": "edu1"},
        STAGE | {"record_id": "2", "school_code": "edu2", "grade": 10},
    ]
    data = data_of("olympiad_note", olympiad_stages=rows)
    context = made(data, "olympiad_note")["m1"]
    assert context["sections"]["main"]["points"] == [
        "Муниципальный этап: 40\u00a0участий из 2 ОО; победителей — 2, призёров — 6."
    ]
    [row] = context["stages"][0]["section"]["tables"][0]["rows"]
    assert row["cells"] == ["Физика", "9–10", "2", "40", "2", "6", "20,0", "4"]
    assert context["sections"]["unknown"]["text"] == ["Сведений об участии не подали: edu3 Школа № 3."]
    proven(data, "olympiad_note")


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"participants_count": 9, "winners_count": 1, "prize_count": 1}, "—"),
        ({"winners_count": 15, "prize_count": 9}, "—"),
    ],
)
def test_a_share_of_few_or_of_contradicting_numbers_is_not_told(counts, told):
    data = data_of("olympiad_note", olympiad_stages=[STAGE | counts | {"record_id": "1", "school_code": "edu1"}])
    context = made(data, "olympiad_note")["m1"]
    assert context["stages"][0]["section"]["tables"][0]["rows"][0]["cells"][6] == told
    proven(data, "olympiad_note")
