import pytest

TITLE = [
    ["Статистика по отметкам"],
    [],
    ["ВПР 2026 Русский язык 4 класс"],
    ["Предмет:", "Русский язык"],
    ["Максимальный первичный балл:", 24],
    ["Дата:", "20.04.2026"],
    [],
]
HEADER = ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
ROWS = [
    ["Вся выборка", 35589, 1722202, 5.06, 32.92, 44.33, 17.69],
    ["Учебный край", 31, 40, 5, 30, 45, 20],
    ["город Озёрск(reg99_m101)", 3, 40, 5, 30, 45, 20],
    ["МБОУ СОШ № 404(edu990404)", None, 7, 14.29, 28.57, 42.86, 14.29],
    ["МБОУ СОШ № 288(sch990288)", None, 33, "3,03", "30,30", "45,45", "21,21"],
]


def test_counts_are_recovered_and_units_recognised(read, published):
    reading = read([*TITLE, HEADER, *ROWS], "2026/Ф3.xlsx", "statistics_by_marks")
    values = published(reading)
    assert reading.school_year == "2025-2026"
    assert [values["edu990404", "mark", mark] for mark in "2345"] == [(14.29, 1), (28.57, 2), (42.86, 3), (14.29, 1)]
    assert [values["edu990288", "mark", mark][1] for mark in "2345"] == [1, 10, 15, 7]
    assert [values["reg99_m101", "mark", mark][1] for mark in "2345"] == [2, 12, 18, 8]
    assert values["99", "schools", ""] == (None, 31)
    assert values["RU", "participants", ""] == (None, 1722202)
    assert sum(values["RU", "mark", mark][1] for mark in "2345") == 1722202
    table = reading.tables["published_results"]
    assert set(table["assessment_id"]) == {"vpr-2026-spring:4:russian:base"}
    assert dict(zip(table["unit_code"], table["unit_level"], strict=True)) == {
        "RU": "country",
        "99": "region",
        "reg99_m101": "municipality",
        "edu990404": "school",
        "edu990288": "school",
    }
    assert reading.findings == []


def test_names_of_schools_become_mentions(read):
    reading = read([*TITLE, HEADER, *ROWS], "2026/Ф3.xlsx", "statistics_by_marks")
    mentions = reading.tables["school_mentions"].set_index("source_key")
    assert mentions.loc["sch990288", "school_code"] == "edu990288"
    assert mentions.loc["edu990404", "school_name"] == "МБОУ СОШ № 404"
    assert mentions.loc["edu990404", "municipality_code"] == "reg99_m101"


def test_shares_that_no_counts_give_are_kept_without_counts_and_named(read, published):
    reading = read([*TITLE, HEADER, ["СОШ(edu990404)", None, 10, 15, 30, 35, 20]], "f.xlsx", "statistics_by_marks")
    (finding,) = reading.findings
    assert (finding.rule_id, finding.cell) == ("aggregate.shares_irreconcilable", "D9")
    assert published(reading)["edu990404", "mark", "2"] == (15.0, None)


def test_a_cell_that_is_no_share_is_named_and_the_rest_goes_on(read, published):
    rows = [["СОШ А(edu990404)", None, 10, "нет", 30, 40, 30], ["СОШ Б(edu990288)", None, 10, 0, 30, 40, 30]]
    reading = read([*TITLE, HEADER, *rows], "f.xlsx", "statistics_by_marks")
    assert ("aggregate.not_a_percent", "D9") in {(f.rule_id, f.cell) for f in reading.findings}
    assert published(reading)["edu990288", "mark", "3"] == (30.0, 3)


def test_a_repeated_unit_is_set_aside(read, published):
    rows = [["СОШ(edu990404)", None, 10, 0, 30, 40, 30], ["СОШ(edu990404)", None, 10, 0, 40, 30, 30]]
    reading = read([*TITLE, HEADER, *rows], "f.xlsx", "statistics_by_marks")
    assert [(f.rule_id, f.row) for f in reading.findings] == [("aggregate.repeated_unit", 10)]
    assert reading.quarantined_rows_count == 1
    assert published(reading)["edu990404", "mark", "3"] == (30.0, 3)


def test_merged_header_latin_letters_nbsp_and_empty_rows(read, published):
    rows = [
        *TITLE,
        ["Группы участников", None, "Kол-во\xa0участников", "Отметки, %"],
        [None, None, None, "2", "3", "4", "5"],
        [],
        ["\xa0СОШ(edu990404) ", None, "1\xa0000", "0,1", "19,9", "50", "30"],
    ]
    values = published(read(rows, "f.xlsx", "statistics_by_marks"))
    assert [values["edu990404", "mark", mark][1] for mark in "2345"] == [1, 199, 500, 300]


def test_stacked_tables_keep_their_own_works(read):
    title = [["ВПР 2026 Математика 5 класс"], ["Предмет:", "Математика"], ["Максимальный первичный балл:", 20]]
    second = [*title, HEADER, ["СОШ(edu990404)", None, 4, 25, 25, 25, 25]]
    first = [*TITLE, HEADER, ["СОШ(edu990404)", None, 2, 50, 50, 0, 0], []]
    reading = read([*first, *second], "f.xlsx", "statistics_by_marks")
    assert (reading.read_rows_count, reading.findings) == (2, [])
    table = reading.tables["published_results"]
    participants = table[table["measure"] == "participants"].set_index("assessment_id")["value_count"]
    assert participants.to_dict() == {"vpr-2026-spring:4:russian:base": 2, "vpr-2026-spring:5:mathematics:base": 4}


@pytest.mark.parametrize("count", [0, None, "-"])
def test_no_participants_give_no_shares(read, published, count):
    reading = read(
        [*TITLE, HEADER, ["СОШ(edu990404)", None, count, "-", "-", "-", "-"]], "f.xlsx", "statistics_by_marks"
    )
    assert reading.findings == []
    assert [item for _, measure, item in published(reading) if measure == "mark"] == ([*"2345"] if count == 0 else [])


def test_cells_of_percent_format_hold_shares_of_one(read, published):
    row = ["СОШ(edu990404)", None, 40, 0.05, 0.3, 0.45, 0.2]
    values = published(read([*TITLE, HEADER, row], "f.xlsx", "statistics_by_marks"))
    assert [values["edu990404", "mark", mark] for mark in "2345"] == [(5.0, 2), (30.0, 12), (45.0, 18), (20.0, 8)]


def test_schools_below_two_municipalities_get_none(read):
    rows = [[f"район {i}(reg99_m10{i})", 1, 40, 5, 30, 45, 20] for i in (1, 2)]
    reading = read([*TITLE, HEADER, *rows, ROWS[3]], "f.xlsx", "statistics_by_marks")
    assert reading.tables["school_mentions"]["municipality_code"].isna().all()
