import pytest

from oko_pipeline.catalogue.context_variables import context_variables, find_context_variable, load_context_variables
from oko_pipeline.errors import CatalogueError

HEADER = "code,title_ru,type,is_personal,pattern\n"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("14. Где расположена образовательная организация?", "location_type"),
        ("15. Каков размер населённого пункта, в котором расположена ОО?", "settlement_size"),
        ("20. Укажите количество обучающихся в ОО в 2021/2022 учебном году", "pupils_count"),
        ("21. Общее количество обучающихся в 2021/2022 учебном году 2006 года рождения", "pupils_born_2006_count"),
        (
            (
                "24. Количество обучающихся в 2021/2022 учебном году 2007 г. р., обучающихся по АОП, с ограниченными "
                "возможностями здоровья и/или инвалидов (всего)"
            ),
            "pupils_born_2007_adapted_count",
        ),
        ("Количество обучающихся в 11 классах", "pupils_grade_11_count"),
        ("Количество классов в 4-й параллели", "classes_grade_4_count"),
        ("26. Сколько в ОО учителей, преподающих в 5–9 классах?", "teachers_5_9_count"),
        (
            "19.4. Есть ли предметы, углубленное изучение которых начинается с классов средней школы",
            "has_advanced_secondary",
        ),
        ("Количество\xa0компьютеров с\nдоступом в интернет", "computers_online_count"),
        ("Сколько раз в день ходит общественный транспорт", "transport_frequency"),
    ],
)
def test_questions_are_recognised(header, code):
    variable = find_context_variable(header)
    assert variable is not None
    assert (variable.code, variable.is_personal) == (code, False)


@pytest.mark.parametrize(
    "header",
    [
        "3.\tФИО директора (полностью)",
        "Директор",
        "Фамилия, имя, отчество руководителя ОО",
        "4.\tТелефон ОО (с указанием кода города)",
        "5.\tЭлектронная почта (email) ОО",
        "E-mail",
        "13. Адрес ОО (населенный пункт, улица, дом)",
        "12. Индекс местонахождения ОО",
        "6.\tИНН",
        "Ответственный за заполнение",
        "Адрес электронной почты учителя",
    ],
)
def test_names_and_contacts_are_personal(header):
    variable = find_context_variable(header)
    assert variable is not None
    assert variable.is_personal


@pytest.mark.parametrize("header", ["", "Любимый цвет", "Дата загрузки", "Минута", "Код ОГЭ"])
def test_other_columns_are_no_questions(header):
    assert find_context_variable(header) is None


def test_codes_are_distinct_and_typed():
    codes = [variable.code for variable in context_variables()]
    assert len(codes) == len(set(codes)) == 64
    assert {variable.type for variable in context_variables()} == {"text", "number", "choice"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,А,date,no,а", "поле type"),
        ("a,А,text,maybe,а", "поле is_personal"),
        ("a,А,text,no,(", "поле pattern"),
        ("a_{},А {},text,no,а", "должны быть вместе"),
    ],
)
def test_the_loader_names_the_faulty_field(line, message):
    with pytest.raises(CatalogueError, match=f"строка 2: .*{message}"):
        load_context_variables(HEADER + line)
