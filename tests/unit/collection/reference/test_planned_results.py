TITLE = [["Достижение планируемых результатов"], ["ВПР 2022 Биология 5 класс"], ["Дата:", "19.09.2022"], []]
SKILL = (
    "Номер задания / Блоки ПООП обучающийся научится / получит возможность научиться или проверяемые требования "
    "(умения) в соответствии с ФГОС (ФК ГОС)"
)


def test_percents_by_task_and_column(read, published):
    rows = [
        [SKILL, "Макс балл", "Учебный край", "город Озёрск(reg99_m101)", "СОШ(edu990404)", "РФ"],
        ["1.1. Свойства живых организмов", 1, 70.5, 71, 75, 69.9],
        ["10K3. Сравнивать объекты", 1, 40, 41, 45, 39.9],
        ["Раздел без номера", 1, 40, 41, 45, 39.9],
    ]
    reading = read([*TITLE, *rows], "f.xlsx", "planned_results")
    values = published(reading)
    assert values["RU", "planned", "1.1"] == (69.9, None)
    assert values["99", "planned", "1.1"] == (70.5, None)
    assert values["edu990404", "planned", "10К3"] == (45.0, None)
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("aggregate.row_unknown", "A8")]
    assert reading.quarantined_rows_count == 1
    assert reading.school_year == "2022-2023"


def test_the_number_may_have_a_column_of_its_own(read, published):
    rows = [
        ["№ задания", "Блоки ПООП ООО", "Макс балл", "РФ"],
        ["12(2)", "Умение", 2, "61,5"],
        [3, "Умение", 1, None],
    ]
    assert published(read([*TITLE, *rows], "f.xlsx", "planned_results")) == {("RU", "planned", "12.2"): (61.5, None)}
