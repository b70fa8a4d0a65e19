import pytest

from oko_pipeline.collection.layouts.school_registry import SchoolRegistry
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.errors import UnreadableFileError

HEADER = ["№", "Логин", "Название ОО", "Муниципалитет", "Вид ОО", "Тип населённого пункта", "Директор"]


def test_a_list_of_schools(read):
    rows = [
        ["Список ОО на 2021 год"],
        HEADER,
        [1, "sch990404", "МБОУ СОШ № 404", "город Озёрск(reg99_m101)", "СОШ", "город", "Иванов И. И."],
        [],
        [2, "ksh990404", "Школа-интернат", "Лесной район", None, "село", None],
    ]
    reading = read(rows, "2021/список.xlsx", "school_registry")
    mentions = reading.tables["school_mentions"]
    assert mentions[["school_code", "school_name", "municipality_code", "settlement_type"]].fillna(
        ""
    ).to_numpy().tolist() == [
        ["edu990404", "МБОУ СОШ № 404", "reg99_m101", "город"],
        ["ksh990404", "Школа-интернат", "", "село"],
    ]
    assert mentions["municipality_name"].tolist() == ["город Озёрск", "Лесной район"]
    context = reading.tables["school_context"]
    assert context[["school_code", "variable", "value_text"]].to_numpy().tolist() == [
        ["edu990404", "school_kind", "СОШ"]
    ]
    assert "Иванов" not in mentions.to_csv() + context.to_csv()
    assert reading.findings == []


def test_wrong_and_repeated_logins_are_named(read):
    rows = [HEADER[1:4], ["edu990404", "А", "М"], ["EDU990404", "Б", "М"], ["404", "В", "М"]]
    reading = read(rows, "2021/f.xlsx", "school_registry")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [
        ("registry.repeated_school", "A3"),
        ("registry.login_unknown", "A4"),
    ]
    assert reading.tables["school_mentions"]["school_name"].tolist() == ["А"]


@pytest.mark.parametrize(
    "header",
    [
        ["Год", "Логин", "Муниципалитет", "ОО", "4 РУ", "4 МА", "Количество маркеров"],
        ["логин школы", "название", "муниципалитет", "балл за 1", "балл за 2"],
    ],
)
def test_other_lists_are_not_taken_for_it(opened, header):
    layout = recognise(opened([header, ["edu990404"] * len(header)]))
    assert layout is None or layout.code != "school_registry"


def test_a_year_must_be_known(opened, context_of):
    with pytest.raises(UnreadableFileError, match="не называет год"):
        SchoolRegistry().read(opened([HEADER[1:4], ["edu990404", "А", "М"]]), context_of("f.xlsx"))
