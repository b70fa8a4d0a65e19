TITLE = [["Выполнение заданий"], ["ВПР 2025 Русский язык 4 класс"], ["Дата:", "11.04.2025"], []]
HEADER = ["Группы участников", "Кол-во ОО", "Кол-во участников", "1K1", "1К2", 2, "3.1", "12.2 (2б)"]
MAXIMA = [None, None, "Макс балл", 4, 3, 3, 1, 2]


def test_percents_by_task_without_the_row_of_maxima(read, published):
    rows = [
        ["Вся выборка", 35000, 1500000, 68.1, 80, 61, 70, 55.5],
        ["СОШ(edu990404)", None, 20, 70, "81,25", 60, 75, 50],
    ]
    reading = read([*TITLE, HEADER, MAXIMA, *rows], "f.xlsx", "task_completion")
    values = published(reading)
    assert values["RU", "task", "1К1"] == (68.1, None)
    assert values["edu990404", "task", "1К2"] == (81.25, None)
    assert values["edu990404", "task", "12.2"] == (50.0, None)
    assert {item for _, measure, item in values if measure == "task"} == {"1К1", "1К2", "2", "3.1", "12.2"}
    assert reading.read_rows_count == 2
    assert reading.findings == []


def test_the_row_of_maxima_may_carry_its_label_first(read):
    rows = [["Макс. балл", None, None, 4, 3, 3, 1, 2], ["СОШ(edu990404)", None, 20, 70, 81, 60, 75, 50]]
    assert read([*TITLE, HEADER, *rows], "f.xlsx", "task_completion").read_rows_count == 1


def test_mark_groups_stand_below_their_unit(read, published):
    rows = [
        ["СОШ(edu990404)", 1, 20, 70, 81, 60, 75, 50],
        ["Отметка «2»", None, 3, 10, 20, 30, 40, 50],
        ["5", None, 4, 100, 100, 100, 100, 90],
    ]
    values = published(read([*TITLE, HEADER, MAXIMA, *rows], "f.xlsx", "task_completion"))
    assert values["edu990404", "task", "1К1"] == (70.0, None)
    assert values["edu990404", "task", "1К1|2"] == (10.0, None)
    assert values["edu990404", "task", "12.2|5"] == (90.0, None)


def test_a_mark_group_before_any_unit_is_set_aside(read):
    reading = read([*TITLE, HEADER, ["2", None, 3, 10, 20, 30, 40, 50]], "f.xlsx", "task_completion")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("aggregate.row_unknown", "A6")]


def test_a_share_above_hundred_is_refused(read, published):
    reading = read([*TITLE, HEADER, ["СОШ(edu990404)", 1, 20, 170, 81, 60, 75, 50]], "f.xlsx", "task_completion")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("aggregate.not_a_percent", "D6")]
    assert ("edu990404", "task", "1К1") not in published(reading)
