"""Sheets with cut rows and wrong cells: whatever happens, rows are counted and tables fit their contracts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oko_pipeline.collection.layout import Sheet, SourceContext, Workbook
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.errors import UnreadableFileError

TITLE = [["Отчёт"], ["ВПР 2024 Математика 4 класс"], ["Дата:", "19.03.2024"], []]
UNITS = ["Вся выборка", "Край", "район(reg99_m101)", "СОШ 1(edu990404)", "СОШ 2(edu990288)"]
GROUPS = ["Группы участников", "Кол-во ОО", "Кол-во участников"]
SHEETS = {
    "statistics_by_marks": [*TITLE, [*GROUPS, 2, 3, 4, 5], *([u, 1, 20, 5, 30, 45, 20] for u in UNITS)],
    "journal_comparison": [
        *TITLE,
        [
            *GROUPS,
            "Понизили %",
            "Понизили Кол-во",
            "Подтвердили %",
            "Подтвердили Кол-во",
            "Повысили %",
            "Повысили Кол-во",
        ],
        *([u, 1, 10, 20, 2, 50, 5, 30, 3] for u in UNITS),
    ],
    "score_distribution": [*TITLE, [*GROUPS, *range(9)], *([u, 1, 4, 0, 25, 50, 0, 25, 0, 0, 0, 0] for u in UNITS)],
    "task_completion": [*TITLE, [*GROUPS, "1", "2.1", "2.2", "3К1"], *([u, 1, 4, 10, 20, 30, 40] for u in UNITS)],
    "planned_results": [
        *TITLE,
        ["№", "Блоки ПООП", "Макс балл", *UNITS],
        *([i, "Умение", 1, *[50] * 5] for i in range(1, 6)),
    ],
    "scale_table": [
        ["Год", "Класс", "Предмет", "min3", "min4", "min5", "max", "Шкала", "Основание"],
        *([2024, grade, "Математика", 6, 10, 15, 20, "0-5 6-9 10-14 15-20", None] for grade in range(4, 9)),
    ],
    "benchmark_table": [
        ["level", "campaign", "grade", "subject", "participants", "percent_2", "percent_3", "percent_4", "percent_5"],
        *(["region", "spring 2024", grade, "Математика", 20, 5, 30, 45, 20] for grade in range(4, 9)),
    ],
    "school_registry": [
        ["Логин", "Название", "Муниципалитет", "Вид ОО"],
        *([f"edu99000{i}", f"СОШ {i}", "район", "СОШ"] for i in range(5)),
    ],
    "context_questionnaire": [
        [
            "Пользователь",
            "Школа",
            "Филиалы есть?",
            "Где расположена ОО?",
            "Количество обучающихся в ОО",
            "Количество учителей",
        ],
        *([f"edu99000{i}", f"edu99000{i} | СОШ {i}", "Да", "1) Город", 100, 10] for i in range(5)),
    ],
    "task_descriptions": [
        ["№ КИМ", "Умения", "Уровень сложности", "Код КЭС", "Код КТ", "Максимальный балл"],
        *([i, "Умение", "Б", "1.1", "2.1", 2] for i in range(1, 6)),
    ],
}
JUNK = st.sampled_from(
    [None, "", "текст", "-", 0.5, -3, 1e9, "12 %", "2..3", True, "edu990404", "X", "\xa0", "2024-2025"]
)


@pytest.mark.parametrize("code", SHEETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_torn_sheets_are_read_or_refused(stored, code, data):
    rows = [list(row) for row in SHEETS[code]]
    header = max(range(len(rows)), key=lambda index: sum(isinstance(value, str) for value in rows[index]))
    for _ in range(data.draw(st.integers(0, 6))):
        row = rows[data.draw(st.integers(header + 1, len(rows) - 1))]
        if data.draw(st.booleans()):
            del row[data.draw(st.integers(0, len(row))) :]
        elif row:
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(JUNK)
    workbook = Workbook((Sheet("Лист1", rows),))
    layout = recognise(workbook)
    assert layout is not None
    assert layout.code == code
    path = "2024/4/Математика/f.xlsx"
    context = SourceContext(path, "0" * 64, "2024-06-01T00:00:00+00:00", Pseudonymiser(b"k" * 32))
    try:
        reading = layout.read(workbook, context)
    except UnreadableFileError:  # a torn year or campaign: the file is refused with a message
        return
    for name, table in reading.tables.items():
        stored(name, table, reading.school_year)
    assert reading.read_rows_count == reading.accepted_rows_count + reading.quarantined_rows_count
    assert 0 <= reading.quarantined_rows_count <= reading.read_rows_count
