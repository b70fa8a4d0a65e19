import pytest

TITLE = [["Сравнение отметок с отметками по журналу"], ["ВПР 2024 Математика 4 класс"], ["Дата:", "19.03.2024"], []]
WIDE = [
    "Группы участников",
    "Кол-во участников(всего)",
    "Понизили (Отметка < Отметка по журналу) %",
    "Понизили (Отметка < Отметка по журналу) Кол-во участников",
    "Подтвердили (Отметка = Отметке по журналу) %",
    "Подтвердили (Отметка = Отметке по журналу) Кол-во участников",
    "Повысили (Отметка > Отметка по журналу) %",
    "Повысили (Отметка > Отметка по журналу) Кол-во участников",
]
LONG = ["Группы участников", "Кол-во участников", "%"]
OUTCOMES = ("lower", "same", "higher")


def test_wide_form_keeps_printed_counts(read, published):
    rows = [*TITLE, WIDE, ["СОШ(edu990404)", 93, 55.91, 52, 39.78, 37, 4.3, 4]]
    reading = read({"МА 4 Сравнение отметок с отметк": rows}, "f.xlsx", "journal_comparison")
    values = published(reading)
    assert [values["edu990404", "journal", o] for o in OUTCOMES] == [(55.91, 52), (39.78, 37), (4.3, 4)]
    assert not reading.tables["published_results"]["is_count_recovered"].any()
    assert reading.school_year == "2023-2024"
    assert reading.findings == []


def test_wide_form_under_a_merged_header(read, published):
    rows = [
        *TITLE,
        ["Группы участников", "Кол-во участников", "Понизили", None, "Подтвердили", None, "Повысили"],
        [None, None, "%", "Кол-во участников", "%", "Кол-во участников", "%", "Кол-во участников"],
        ["СОШ(edu990404)", 10, 20, 2, 50, 5, 30, 3],
    ]
    values = published(read(rows, "f.xlsx", "journal_comparison"))
    assert [values["edu990404", "journal", o] for o in OUTCOMES] == [(20.0, 2), (50.0, 5), (30.0, 3)]


@pytest.mark.parametrize(
    ("row", "rule_id", "cell"),
    [
        (["СОШ(edu990404)", 10, 20, 2, 50, 5, 20, 2], "aggregate.counts_irreconcilable", "C6"),
        (["СОШ(edu990404)", 10, 20, 2, 50, 5, 40, 3], "aggregate.shares_irreconcilable", "G6"),
        (["СОШ(edu990404)", 10, 20, "две", 50, 5, 30, 3], "aggregate.not_a_count", "D6"),
    ],
)
def test_wide_form_names_what_does_not_agree(read, row, rule_id, cell):
    reading = read([*TITLE, WIDE, row], "f.xlsx", "journal_comparison")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [(rule_id, cell)]


def test_long_form(read, published):
    rows = [
        *TITLE,
        LONG,
        ["Учебный край"],
        ["Понизили (Отметка < Отметка по журналу)", 25, 12.5],
        ["Подтвердили (Отметка = Отметке по журналу)", 150, 75],
        ["Повысили (Отметка > Отметка по журналу)", 25, 12.5],
        ["Всего", 200, 100],
        LONG,
        ["СОШ(edu990404)"],
        ["  Понизили (Отметка < Отметка по журналу) %", 0, 0],
        ["  Подтвердили (Отметка = Отметке по журналу) %", 3, 75],
        ["  Повысили (Отметка > Отметка по журналу) %", 1, 25],
        ["  Всего", 4, 100],
    ]
    values = published(read(rows, "f.xlsx", "journal_comparison"))
    assert [values["Учебный край", "journal", o] for o in OUTCOMES] == [(12.5, 25), (75.0, 150), (12.5, 25)]
    assert [values["edu990404", "journal", o] for o in OUTCOMES] == [(0.0, 0), (75.0, 3), (25.0, 1)]
    assert {measure for _, measure, _ in values} == {"journal"}


def test_long_form_row_before_any_group_is_set_aside(read):
    rows = [*TITLE, LONG, ["Понизили", 1, 10], ["СОШ(edu990404)"], ["Понизили", 1, 50], ["Всего", 2, 100]]
    reading = read(rows, "f.xlsx", "journal_comparison")
    assert [(f.rule_id, f.cell) for f in reading.findings][:1] == [("aggregate.row_unknown", "A6")]
    assert reading.quarantined_rows_count == 1
