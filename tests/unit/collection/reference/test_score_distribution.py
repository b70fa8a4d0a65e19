import pytest

from oko_pipeline.collection.layouts.score_distribution import ScoreDistribution
from oko_pipeline.errors import UnreadableFileError

TITLE = [["Распределение первичных баллов"], ["ВПР 2023 История 5 класс"], ["Дата:", "15.03.2023"], []]
SCORES = list(range(16))


def test_shares_of_every_score_and_counts(read, published):
    header = ["Группы участников", "Кол-во ОО", "Кол-во участников", *SCORES]
    row = ["СОШ(edu990404)", None, 8, 0, 12.5, 0, 0, 25, 0, 0, 0, 37.5, 0, 0, 0, 25, 0, 0, 0]
    reading = read([*TITLE, header, row], "f.xlsx", "score_distribution")
    values = published(reading)
    counts = {int(i): v[1] for (_, measure, i), v in values.items() if measure == "score"}
    assert counts == {s: {1: 1, 4: 2, 8: 3, 12: 2}.get(s, 0) for s in SCORES}
    assert reading.findings == []


def test_blank_shares_among_printed_ones_are_zeros(read, published):
    header = ["Группы участников", "Кол-во участников", *SCORES]
    row = ["СОШ(edu990404)", 4, None, "50,00", None, None, None, 50]
    values = published(read([*TITLE, header, row], "f.xlsx", "score_distribution"))
    assert values["edu990404", "score", "0"] == (0.0, 0)
    assert values["edu990404", "score", "5"] == (50.0, 2)
    assert ("edu990404", "score", "6") not in values


def test_the_list_a_region_makes_holds_many_works(read, published):
    header = ["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников", *range(8)]
    rows = [
        [2023, 4, "Математика", "Лесной район", "edu990404", "СОШ № 404", 2, 0, 0, 0, 0, 50, 50, 0, 0],
        [2023, 5, "Русский язык", "Лесной район", "edu990404", "СОШ № 404", 4, 25, 25, 50, 0, 0, 0, 0, 0],
        [2023, 5, "Черчение", "Лесной район", "edu990404", "СОШ № 404", 4, 25, 25, 50, 0, 0, 0, 0, 0],
    ]
    reading = read([header, *rows], "f.xlsx", "score_distribution")
    table = reading.tables["published_results"]
    counts = table[table["measure"] == "score"].groupby("assessment_id")["value_count"].apply(list).to_dict()
    assert counts == {
        "vpr-2023-spring:4:mathematics:base": [0, 0, 0, 0, 1, 1, 0, 0],
        "vpr-2023-spring:5:russian:base": [1, 1, 2, 0, 0, 0, 0, 0],
    }
    assert [(f.rule_id, f.row) for f in reading.findings] == [("aggregate.row_unknown", 4)]


def test_several_years_in_one_list_are_refused(opened, context_of):
    header = ["Год", "Класс", "Предмет", "Логин", "Кол-во участников", *range(8)]
    rows = [[year, 4, "Математика", "edu990404", 2, 0, 0, 0, 0, 50, 50, 0, 0] for year in (2023, 2024)]
    with pytest.raises(UnreadableFileError, match="разных учебных лет") as raised:
        ScoreDistribution().read(opened([header, *rows]), context_of())
    assert raised.value.rule_id == "file.several_years"
