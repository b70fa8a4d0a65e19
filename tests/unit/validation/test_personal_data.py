"""Personal data: whatever is planted is found and never repeated; lawful texts raise no alarm."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.sample.registers import RegisterWorld, register_rows
from oko_pipeline.validation.personal_data import holds_name, mask, scan_frame

NAMES = [
    "Иванов Иван Иванович",
    "Петрова Анна Сергеевна",
    "Иванова-Петрова Мария Ильинична",
    "ИВАНОВ ИВАН ИВАНОВИЧ",
    "Анна Сергеевна",
    "Сергей Ильич Кузнецов",
    "Кузнецов Никита Лукич",
    "Мамедов Али Расим оглы",
    "Петровой Анны Сергеевны",
    "директор: Ёлкина Алёна Юрьевна, кабинет 5",
]
INITIALS = ["Иванов И.И.", "Иванов И. И.", "И.И. Иванов", "Иванова А."]
CONTACTS = [
    ("privacy.phone", "+7 912 345-67-89"),
    ("privacy.phone", "8(912)3456789"),
    ("privacy.phone", "89123456789"),
    ("privacy.phone", "тел. 2-34-56"),
    ("privacy.email", "ivanov.ii@mail.ru"),
    ("privacy.email", "почта: school_1@edu.example.ru;"),
    ("privacy.document", "45 08 123456"),
    ("privacy.document", "4508 № 123456"),
    ("privacy.document", "паспорт 4508 123456"),
    ("privacy.document", "II-АБ № 123456"),
    ("privacy.snils", "112-233-445 95"),
    ("privacy.snils", "СНИЛС 11223344595"),
    ("privacy.birth_date", "12.03.2010"),
    ("privacy.birth_date", "д.р. 1.3.10"),
    ("privacy.birth_date", "дата рождения: 12/03/2010"),
]
CLEAN = [
    "Математика, 4 класс",
    "Русский язык",
    "edu990404",
    "reg99_m101",
    "Приозёрный район",
    "Нахождение части числа и числа по его части",
    "Умение выполнять арифметические действия с числами",
    "1.1; 2.3.4; 10.2К1",
    "2020-2021",
    "vpr-2021-spring:4:mathematics:base",
    "Итог 35, а сумма баллов за задания 33.",
    "33,45 %",
    "Средняя общеобразовательная школа № 12",
    "Город Усть-Каменск",
    "Ф1_Индивидуальные результаты РУ 4",
    "12345678901234567890",
    "Дата: 15.03.2021",
    "ВПР",
    "м",
    "нет",
]


def texts(values: list[str], column: str = "value_text") -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(values, dtype="str"), "number": range(len(values))})


@pytest.mark.parametrize("name", NAMES + INITIALS)
def test_planted_names_are_found(name) -> None:
    found = scan_frame(texts([*CLEAN, name]), "school_context")
    assert [finding.rule_id for finding in found] == ["privacy.full_name"]
    assert found[0].message == (
        "Таблица school_context, столбец value_text: фамилия с именем или инициалами в 1 значении."
    )


@pytest.mark.parametrize(("rule_id", "value"), CONTACTS)
def test_planted_contacts_and_documents_are_found_everywhere(rule_id, value) -> None:
    for column in ("value_text", "school_name", "source_key"):
        assert rule_id in [finding.rule_id for finding in scan_frame(texts([*CLEAN, value], column), "t")]


@pytest.mark.parametrize("value", [*NAMES, *INITIALS, *(value for _, value in CONTACTS)])
def test_a_finding_never_repeats_the_value(value) -> None:
    for finding in scan_frame(texts([value]), "t"):
        told = f"{finding.message} {finding.value} {finding.expected}"
        for part in [part for part in value.replace("@", " ").replace(".", " ").split() if len(part) > 3]:
            if part not in {"почта:", "дата", "рождения:", "паспорт", "СНИЛС", "директор:"}:
                assert part not in told


def test_clean_texts_raise_no_alarm() -> None:
    assert scan_frame(texts(CLEAN), "t") == []


@pytest.mark.parametrize(
    "name",
    [
        "МБОУ СОШ им. А.С. Пушкина",
        "МБОУ «СОШ имени Александра Сергеевича Пушкина»",
        "Гимназия имени Героя Советского Союза Ивана Ивановича Петрова",
        "СОШ № 5 им. генерала Карбышева Д.М.",
        "Лицей им. академика Н.И. Лобачевского",
        "ООШ с. Иваново",
        "Школа по ул. Анны Сергеевны Петровой",
    ],
)
def test_schools_named_after_people_are_no_pupils(name) -> None:
    assert scan_frame(texts([name], "school_name"), "schools") == []


def test_a_pupil_in_the_column_of_school_names_is_found() -> None:
    found = scan_frame(texts(["СОШ № 1", "Иванов Иван Иванович"], "school_name"), "schools")
    assert [finding.rule_id for finding in found] == ["privacy.full_name"]


def test_one_finding_a_column_and_kind_counts_different_values() -> None:
    found = scan_frame(texts(["Иванов Иван Иванович"] * 3 + ["Петров Пётр Петрович", "a@b.ru"]), "t")
    assert sorted((finding.rule_id, finding.message.rsplit(" в ", 1)[1]) for finding in found) == [
        ("privacy.email", "1 значении."),
        ("privacy.full_name", "2 значениях."),
    ]


def test_numbers_missing_values_and_own_keys_are_passed_over() -> None:
    frame = pd.DataFrame(
        {
            "number": [89123456789, 1],
            "file_sha256": ["89123456789", "45 08 123456"],
            "rendered_at": ["12.03.2010", None],
            "label": pd.Series([None, None], dtype="str"),
            "object": pd.Series([None, 5], dtype="object"),
        }
    )
    assert scan_frame(frame, "t") == []


def test_categories_and_objects_are_searched() -> None:
    for dtype in ("category", "object"):
        assert len(scan_frame(texts(["Иванов Иван Иванович"]).astype({"value_text": dtype}), "t")) == 1


def test_the_mask_keeps_the_shape_only() -> None:
    assert mask("Иванов И.И., 8-912") == "аааааа а.а., 0-000"
    assert mask("ы" * 50) == "а" * 39 + "…"


def test_initials_are_lawful_only_where_things_are_named_after_people() -> None:
    assert holds_name("рассказ Чехова А.П.", "value_text")
    assert not holds_name("рассказ Чехова А.П.", "title")
    assert not holds_name("СОШ Чехова А.П.", "school_name")


@pytest.mark.parametrize(
    "text",
    ["Царствование Михаила Фёдоровича. Восстановление страны.", "Царь Фёдор Алексеевич. Отмена местничества. Реформа"],
)
def test_tsars_of_the_programme_are_no_pupils_but_a_bare_name_is(text) -> None:
    assert scan_frame(texts([text], "title"), "task_descriptions") == []
    assert len(scan_frame(texts([text], "value_text"), "school_context")) == 1
    assert len(scan_frame(texts(["Иванов Иван Иванович "], "title"), "task_descriptions")) == 1


LAWFUL_IN_REGISTERS = [
    "Приказ от 12.03.2019 № 45",
    "ФЗ от 29.12.2012 № 273-ФЗ",
    "06.05.2019 № 590",
    "с 01.09.2015 по 31.05.2016",
    "МБОУ «СОШ № 5 им. А.С. Пушкина»",
    "Чтения имени Героя Советского Союза Ивана Ивановича Иванова",
    "МГУ имени М.В. Ломоносова",
    "Корпус Б. Кабинет 12",
    "Олимпиада имени Леонарда Эйлера",
    "https://example.org/documents/1234",
]


@pytest.fixture(scope="module")
def invented() -> dict[str, pd.DataFrame]:
    """Return every register of the catalogue, filled by the sample: what a form stores of it."""
    world = RegisterWorld(7, "2025-2026", "edu990001", "СОШ № 1")
    frames = {}
    for name, table in record_tables().items():
        kept = [column.name for column in table.stored_columns]
        rows = [{key: value for key, value in row.items() if key in kept} for row in register_rows(table, world)]
        frames[name] = pd.DataFrame(rows).astype("str").assign(school_key="МБОУ «СОШ им. А.С. Пушкина»")
    return frames


def test_invented_registers_raise_no_alarm(invented) -> None:
    assert len(invented) >= 80
    assert [finding.message for name, frame in invented.items() for finding in scan_frame(frame, name)] == []


@pytest.mark.parametrize(
    "value", [*NAMES, *INITIALS[:3], "СОШ им. Ленина, директор Иванов И.И.", *(v for _, v in CONTACTS)]
)
def test_personal_data_planted_into_any_column_of_a_register_are_found(invented, value) -> None:
    for name in ("measures", "partnerships", "evidence_documents", "dpp_registry"):
        frame = invented[name]
        column = next(c for c in ("problem", "partner", "title", "organisation") if c in frame.columns)
        planted = frame.assign(**{column: [value, *frame[column].iloc[1:]]})
        found = scan_frame(planted, name)
        assert len(found) == 1, (name, column)
        assert f"столбец {column}:" in found[0].message
        assert value not in found[0].message


@pytest.mark.parametrize("value", LAWFUL_IN_REGISTERS)
def test_lawful_texts_of_registers_raise_no_alarm(value) -> None:
    for name, column in (("decisions", "document_code"), ("partnerships", "partner"), ("events", "title")):
        assert scan_frame(texts([*CLEAN, value], column), name) == [], (name, column)
