"""Contacts and names leave a text; lawful names, numbers and dates stay."""

import pytest

from oko_pipeline.collection.forms.people import identity, normal_name
from oko_pipeline.collection.forms.text_guard import guard_text, holds_name
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from tests.unit.collection.workbooks import KEY

ROLES = {
    "surname": ["surname"], "name": ["first_name"], "patronymic": ["patronymic"], "full_name": ["full_name"],
    "document": ["document"], "birth_date": ["born"], "code": ["code"],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "МБОУ СОШ № 5 им. А. С. Пушкина",
        "Школа имени Героя Советского Союза Ивана Ивановича Иванова",
        "ул. Ю. А. Гагарина, 5",
        "Приказ от 12.03.2025 № 45-од",
        "Чтения В. И. Вернадского, 3–4 апреля",
        "Обучить 25 учителей до 01.06.2026, 120 000 руб.",
        "Закон № 273-ФЗ, ст. 97, п. 4",
        "Русский язык и Литература",
    ],
)
def test_lawful_texts_pass_whole(text: str) -> None:
    assert (guard_text(text).text, guard_text(text).kinds) == (text, ())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Иванов Иван Иванович", None),
        ("Отвечает Петрова М.И.", "Отвечает"),
        ("Куратор: И. И. Сидоров, завуч", "Куратор: , завуч"),
        ("пишите ivanov@school.ru", "пишите"),
        ("+7 (900) 123-45-67", None),
        ("тел. 2-34-56, методист", "методист"),
        ("дата рождения 01.02.2012", None),
    ],
)
def test_personal_data_leave_the_text(text: str, left: str | None) -> None:
    guarded = guard_text(text)
    assert guarded.kinds
    assert guarded.text == left


def test_names_are_seen_in_any_case_of_letters() -> None:
    assert holds_name("ИВАНОВ ИВАН ИВАНОВИЧ")
    assert not holds_name("МБОУ СОШ № 1")


def test_one_person_has_one_identity_however_written() -> None:
    full = identity({"full_name": "Ёлкин  Пётр Ильич", "born": "04.03.2012"}, ROLES, "edu990001")
    parts = identity(
        {"surname": "ЕЛКИН", "first_name": "Петр", "patronymic": "ильич", "born": "2012-03-04"}, ROLES, "edu990002"
    )
    assert full == parts


def test_bare_names_and_codes_hold_within_a_school() -> None:
    for cells in ({"full_name": "Елкин Петр"}, {"code": "17"}):
        assert identity(cells, ROLES, "edu990001") != identity(cells, ROLES, "edu990002")
    assert identity({}, ROLES, "edu990001") is None


def test_latin_lookalikes_are_the_same_name() -> None:
    assert normal_name("Cоколов A.") == normal_name("Соколов А.")


def test_pseudonyms_differ_by_key_and_kind_and_repeat_otherwise() -> None:
    maker = Pseudonymiser(KEY)
    people = [("елкин петр", "", "2012-03-04", "", ""), None, ("елкин петр", "", "2012-03-04", "", "")]
    first, nobody, again = maker.person_ids("pupil", people)
    assert nobody is None
    assert first == again
    assert first not in maker.person_ids("staff", people)
    assert first not in Pseudonymiser(b"another key of the tests").person_ids("pupil", people)
