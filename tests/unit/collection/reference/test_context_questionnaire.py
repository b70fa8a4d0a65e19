import pytest

from oko_pipeline.collection.layouts.context_questionnaire import ContextQuestionnaire
from oko_pipeline.errors import UnreadableFileError

IDENTITY = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "№"]
FIRST = [
    *IDENTITY,
    "1. ПОЛНОЕ наименование ОО (по уставу)",
    "2.\tСОКРАЩЕННОЕ наименование ОО (при наличии) (по уставу)",
    "3.\tФИО директора (полностью)",
    "4.\tТелефон ОО (с указанием кода города)",
    "7.\tКод ОГЭ",
    "8.\tКод ЕГЭ",
    "10. У ОО есть филиалы?",
    "13. Адрес ОО (населенный пункт, улица, дом)",
    "14. Где расположена образовательная организация?",
    "15. Каков размер населенного пункта, в котором расположена ОО?",
]
SECOND = [
    *IDENTITY,
    "20. Укажите количество обучающихся в ОО в 2021/2022 учебном году (в сумме по всем классам/курсам)",
    "21. Общее количество обучающихся в 2021/2022 учебном году 2006 года рождения",
    "25. Сколько всего в ОО учителей/преподавателей?",
    "99. Вопрос, которого никто не ждал",
]


def identity(login, uploaded="02.02.2022 08:41:22"):
    return [login, 99, "reg990000 | Учебный край", "reg99_m103 | Лесной район", f"{login} | СОШ", uploaded, 1]


def first(login="edu990404", **kwargs):
    return [
        *identity(login, **kwargs),
        "Муниципальное общеобразовательное учреждение СОШ № 404",
        "МБОУ СОШ № 404",
        "Иванов Иван Иванович",
        "8 (999) 123-45-67",
        404,
        "0404",
        "Нет",
        "ул. Лесная, 1",
        "4) Село",
        "2) 1–5 тыс. человек",
    ]


def second(login="edu990404", pupils=117):
    return [*identity(login), pupils, 9, 15, "секрет"]


def answers(reading):
    table = reading.tables["school_context"]
    return {
        (row.school_code, row.variable): (
            row.value_text if isinstance(row.value_text, str) else None,
            None if row.value_number != row.value_number else row.value_number,
        )
        for row in table.itertuples()
    }


def sheets(first_rows, second_rows):
    return {"Общая информация об ОО": [FIRST, *first_rows], "ОБРАЗОВАТЕЛЬНАЯ ДЕЯТЕЛЬНОСТЬ ОО": [SECOND, *second_rows]}


def test_both_sheets_of_2022_make_one_school(read):
    reading = read(sheets([first()], [second()]), "f.xlsx", "context_questionnaire")
    assert answers(reading) == {
        ("edu990404", "has_branches"): ("Нет", 0.0),
        ("edu990404", "location_type"): ("Село", 4.0),
        ("edu990404", "settlement_size"): ("1–5 тыс. человек", 2.0),
        ("edu990404", "pupils_count"): (None, 117.0),
        ("edu990404", "pupils_born_2006_count"): (None, 9.0),
        ("edu990404", "teachers_count"): (None, 15.0),
    }
    (mention,) = reading.tables["school_mentions"].to_dict("records")
    assert mention == {
        "source_key": "edu990404",
        "school_code": "edu990404",
        "school_name": "МБОУ СОШ № 404",
        "municipality_source": "reg99_m103 | Лесной район",
        "municipality_code": "reg99_m103",
        "municipality_name": "Лесной район",
        "oge_code": "404",
        "ege_code": "0404",
        "settlement_type": "Село",
        "rows_count": 2,
    }
    assert reading.school_year == "2021-2022"
    assert reading.submitted_at == "2022-02-02T00:00:00+00:00"
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("context.unknown_question", "K1")]


def test_names_contacts_and_unknown_answers_do_not_pass(read):
    reading = read(sheets([first()], [second()]), "f.xlsx", "context_questionnaire")
    everything = " ".join(
        [table.to_csv() for table in reading.tables.values()] + [f"{f.message} {f.value}" for f in reading.findings]
    )
    for personal in ("Иванов", "123-45-67", "Лесная, 1", "секрет"):
        assert personal not in everything


def test_faults_of_rows(read):
    rows = [second(), second(pupils=120), second("школа 5"), second("edu990288", "много")]
    reading = read(sheets([first()], rows), "f.xlsx", "context_questionnaire")
    assert [(f.rule_id, f.sheet[:5], f.cell) for f in reading.findings[1:]] == [
        ("context.repeated_school", "ОБРАЗ", "A3"),
        ("context.login_unknown", "ОБРАЗ", "A4"),
        ("context.not_a_number", "ОБРАЗ", "H5"),
    ]
    assert answers(reading)["edu990404", "pupils_count"] == (None, 120.0)
    assert ("edu990288", "pupils_count") not in answers(reading)
    assert reading.quarantined_rows_count == 1


def test_the_form_of_2021_on_one_sheet(read):
    header = [
        "логин",
        "Субъект РФ",
        "Краткое наименование ОО",
        "ФИО руководителя",
        "Контактный телефон",
        "E-mail",
        "Тип населённого пункта",
        "Количество обучающихся в 4 классе",
        "Количество классов в 4 параллели",
        "Общее количество обучающихся",
        "Количество учителей с высшей категорией",
        "Количество компьютеров с доступом в Интернет",
    ]
    row = ["sch990404", "Край", "СОШ № 404", "И. И. Иванов", "8-999", "a@b.ru", "село", 12, 1, 117, 3, "20"]
    reading = read([["Сбор контекстных данных об ОО"], header, row], "2021/контекст.xlsx", "context_questionnaire")
    assert {variable: value for (_, variable), value in answers(reading).items()} == {
        "location_type": ("село", None),
        "pupils_grade_4_count": (None, 12.0),
        "classes_grade_4_count": (None, 1.0),
        "pupils_count": (None, 117.0),
        "teachers_highest_category_count": (None, 3.0),
        "computers_online_count": (None, 20.0),
    }
    assert reading.tables["school_mentions"]["school_code"].tolist() == ["edu990404"]
    assert reading.school_year == "2020-2021"
    assert reading.findings == []


def test_a_year_must_be_known(opened, context_of):
    header = [
        "логин",
        "У ОО есть филиалы?",
        "Общее количество обучающихся",
        "Скорость интернета",
        "Языки: на каких языках",
    ]
    with pytest.raises(UnreadableFileError, match="учебный год"):
        ContextQuestionnaire().read(opened([header, ["edu990404", "Да", 1, "", ""]]), context_of())
