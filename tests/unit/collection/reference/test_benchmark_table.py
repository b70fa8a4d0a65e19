HEADER = (
    "level,campaign,paper_grade,subject,participants,percent_2,percent_3,percent_4,percent_5,"
    "percent_lower_than_journal,percent_same,percent_higher\n"
)


def test_region_and_country_by_work(read, published):
    text = (
        HEADER
        + "region,spring 2021,4,Математика,1000,3.3,23.6,46.2,26.9,12.87,65.3,21.83\n"
        + "country,autumn 2020,5,Русский язык,400,0,25,50,25,,,\n"
    )
    reading = read(text, "ориентиры.csv", "benchmark_table")
    table = reading.tables["published_results"]
    assert set(table["assessment_id"]) == {"vpr-2021-spring:4:mathematics:base", "vpr-2020-autumn:5:russian:base"}
    values = published(reading)
    assert [values["region", "mark", mark] for mark in "2345"] == [(3.3, 33), (23.6, 236), (46.2, 462), (26.9, 269)]
    assert values["region", "journal", "lower"] == (12.87, None)
    assert values["RU", "mark", "4"] == (50.0, 200)
    assert ("RU", "journal", "same") not in values
    assert reading.school_year == "2020-2021"
    assert reading.findings == []


def test_russian_headers_and_a_named_unit(read):
    rows = [
        [
            "Уровень",
            "Территория",
            "Кампания",
            "Класс",
            "Предмет",
            "Кол-во участников",
            "«2», %",
            "«3», %",
            "«4», %",
            "«5», %",
        ],
        ["Регион", "reg990000 | Учебный край", "весна 2021", 4, "Математика", 10, 10, 20, 30, 40],
    ]
    table = read(rows, "f.xlsx", "benchmark_table").tables["published_results"]
    assert set(zip(table["unit_level"], table["unit_code"], strict=True)) == {("region", "99")}
    assert table.loc[table["measure"] == "mark", "value_count"].tolist() == [1, 2, 3, 4]


def test_lines_that_cannot_be_placed_are_named(read):
    text = (
        HEADER
        + "галактика,spring 2021,4,Математика,10,0,0,50,50,0,100,0\n"
        + "region,spring 1999,4,Математика,10,0,0,50,50,0,100,0\n"
        + "region,spring 2021,4,Математика,10,0,5,50,50,0,100,0\n"
    )
    reading = read(text, "f.csv", "benchmark_table")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [
        ("aggregate.row_unknown", "A2"),
        ("aggregate.row_unknown", "B3"),
        ("aggregate.shares_irreconcilable", "F4"),
    ]
