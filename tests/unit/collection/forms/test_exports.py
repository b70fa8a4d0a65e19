"""Tables of other systems become rows of the registers whose headings they carry."""

from pathlib import Path

import pytest

from oko_pipeline.collection.forms.nearest import nearest_layout
from oko_pipeline.collection.layout import Sheet, Workbook
from tests.unit.collection.forms.filled import read_bytes, read_export, told
from tests.unit.collection.forms.test_planted_faults import HEADER, ROWS, TALENTS
from tests.unit.collection.workbooks import xls

MEETINGS = ["Тема встречи", "Дата встречи", "Пришли", "ОО"]


def test_rows_go_to_their_schools_and_totals_are_not_stored(tmp_path: Path) -> None:
    reading = read_export(tmp_path, {"Лист1": [["Контингент"], HEADER, *ROWS]})
    content = reading.reading
    rows = content.records["grades_table"]
    assert (reading.layout_code, content.school_year) == ("record_export", "2025-2026")
    assert (content.read_rows_count, content.accepted_rows_count) == (3, 3)
    assert rows["school_key"].tolist() == ["edu990001", "edu990001", "edu990002"]
    assert rows["children_count"].tolist() == [50, 25, 20]
    assert rows["source_row"].tolist() == [3, 4, 5]
    assert content.tables["school_mentions"]["school_code"].tolist() == ["edu990001", "edu990002"]


def test_subtotals_and_the_grand_total_are_both_checked(tmp_path: Path) -> None:
    rows = [
        HEADER, *ROWS[:2], ["Всего по МБОУ СОШ № 1", None, None, 3, 75, 37], ROWS[2],
        ["Итого по МБОУ СОШ № 2", None, None, 1, 20, 9], ["Итого", None, None, 4, 95, 46],
    ]  # fmt: skip
    assert told(read_export(tmp_path, {"Лист1": rows})) == []
    rows[3][4] = 74
    assert told(read_export(tmp_path, {"Лист1": rows})) == [("export.total_differs", "Лист1", "E4")]


def test_header_of_two_rows_with_merged_groups(tmp_path: Path) -> None:
    rows = [
        ["№ п/п", "Школа", "Параллель", "Численность", None, "Число классов"],
        [None, None, None, "обучающихся", "девочек", None],
        [1, 2, 3, 4, 5, 6],
        [1, "edu990001", 1, 50, 24, 2],
    ]
    reading = read_export(tmp_path, {"Лист1": rows})
    assert told(reading) == []
    assert reading.reading.records["grades_table"].iloc[0][["children_count", "girls_count"]].tolist() == [50, 24]


def test_several_registers_stacked_and_on_several_sheets(tmp_path: Path) -> None:
    first = [
        ["Контингент"], HEADER, *ROWS[:2], [],
        ["Встречи"], MEETINGS, ["Выбор профессии", "12.11.2025", 30, "edu990001"],
    ]  # fmt: skip
    second = [MEETINGS, ["Выбор профессии", "12.11.2025", 18, "edu990002"]]
    reading = read_export(tmp_path, {"Лист1": first, "Лист2": second})
    assert told(reading) == []
    records = reading.reading.records
    assert {name: len(rows) for name, rows in records.items()} == {"grades_table": 2, "meetings": 2}
    assert records["meetings"]["source_sheet"].tolist() == ["Лист1", "Лист2"]


def test_repeated_headers_of_printed_pages_are_no_rows(tmp_path: Path) -> None:
    reading = read_export(tmp_path, {"Лист1": [HEADER, *ROWS[:2], HEADER, ROWS[2]]})
    assert told(reading) == []
    assert len(reading.reading.records["grades_table"]) == 3


def test_footers_are_no_rows(tmp_path: Path) -> None:
    footer = [["Исполнитель: Иванова А. П."], ["тел. 8 900 123-45-67"], ["Директор", None, None, "Петров"]]
    reading = read_export(tmp_path, {"Лист1": [HEADER, *ROWS, [], *footer]})
    assert told(reading) == []
    assert len(reading.reading.records["grades_table"]) == 3


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Сведения за 2024-2025 учебный год", "a.xlsx"),
        ("Сведения за 2024/25 уч. г.", "a.xlsx"),
        ("Сведения за 2024–2025 учебный год", "a.xlsx"),
        ("По состоянию на 20.09.2024", "a.xlsx"),
        ("По состоянию на 15 мая 2025 года", "a.xlsx"),
        ("Сведения", "2024-2025/a.xlsx"),
        ("Сведения", "Контингент 2024_2025.xlsx"),
        ("Сведения", "2025/a.xlsx"),
    ],
)
def test_school_year_comes_from_title_date_or_path(title: str, path: str, tmp_path: Path) -> None:
    assert read_export(tmp_path, {"Лист1": [[title], HEADER, *ROWS]}, path).reading.school_year == "2024-2025"


def test_school_year_comes_from_a_column_first(tmp_path: Path) -> None:
    rows = [["За 2025-2026 год"], [*HEADER, "Учебный год"], *([*row, "2023/2024"] for row in ROWS[:3])]
    assert read_export(tmp_path, {"Лист1": rows}).reading.school_year == "2023-2024"


def test_school_comes_from_the_path_when_no_column_names_it(tmp_path: Path) -> None:
    rows = [row[2:] for row in (HEADER, *ROWS[:2])]
    reading = read_export(tmp_path, {"Лист1": rows}, "2025-2026/sch990001/a.xlsx")
    assert reading.reading.records["grades_table"]["school_key"].tolist() == ["sch990001", "sch990001"]
    assert reading.reading.tables["school_mentions"]["school_code"].tolist() == ["edu990001"]


@pytest.mark.parametrize(
    ("cell", "key", "name"),
    [
        ("edu990001", "edu990001", None),
        ("МБОУ СОШ № 1 (sch990001)", "edu990001", "МБОУ СОШ № 1"),
        ("edu990001 | МБОУ СОШ № 1", "edu990001", "МБОУ СОШ № 1"),
        (990101, "990101", None),
        ("МБОУ СОШ № 1 им. А. С. Пушкина", "МБОУ СОШ № 1 им. А. С. Пушкина", "МБОУ СОШ № 1 им. А. С. Пушкина"),
    ],
)
def test_school_is_named_by_login_code_or_name(cell: object, key: str, name: str | None, tmp_path: Path) -> None:
    reading = read_export(tmp_path, {"Лист1": [MEETINGS, ["Тема", "12.11.2025", 3, cell]]})
    mention = reading.reading.tables["school_mentions"].iloc[0]
    assert reading.reading.records["meetings"]["school_key"].tolist() == [key]
    assert (mention["source_key"], mention["school_name"] if name else None) == (key, name)


def test_subject_comes_from_the_title_and_people_become_pseudonyms(tmp_path: Path) -> None:
    reading = read_export(tmp_path, {"Лист1": TALENTS})
    rows = reading.reading.records["talents"]
    assert told(reading) == []
    assert rows["subject"].tolist() == ["physics", "physics"]
    assert len(set(rows["person_id"])) == 2
    text = rows.to_json(force_ascii=False) + str(reading.reading.tables["school_mentions"].to_dict())
    assert not any(part in text for part in ("Иванова", "Анна", "89001234567", "03.2012", "2012-03"))


def test_registers_alike_are_told_apart_by_the_name_of_the_sheet(tmp_path: Path) -> None:
    rows = [["Площадка", "Мест", "Открыта"], ["Зал", 20, "01.09.2020"]]
    by_sheet = read_export(tmp_path, {"Помещения": rows})
    by_title = read_export(tmp_path, {"Лист1": [["Площадки"], *rows]})
    assert list(by_sheet.reading.records) == ["twin_b"]
    assert list(by_title.reading.records) == ["twin_a"]
    assert read_export(tmp_path, {"Лист1": rows}).status == "refused"


def test_old_excel_and_csv_are_read_alike(tmp_path: Path) -> None:
    text = "\n".join(";".join("" if value is None else str(value) for value in row) for row in (HEADER, *ROWS))
    from_csv = read_bytes(tmp_path, text.encode("cp1251"), "2025-2026/a.csv").reading.records["grades_table"]
    from_xls = read_bytes(tmp_path, xls({"Лист1": [HEADER, *ROWS]}), "2025-2026/a.xls").reading.records["grades_table"]
    assert from_csv["children_count"].tolist() == from_xls["children_count"].tolist() == [50, 25, 20]


def test_unknown_file_is_told_what_it_is_most_like(tmp_path: Path) -> None:
    reading = read_export(tmp_path, {"Лист1": [["Класс", "Классов", "Кружков", "Секций"], [1, 2, 3, 4]]})
    assert reading.status == "unknown"
    (finding,) = reading.reading.findings
    assert "Больше всего похоже на «Контингент по параллелям»: найдено 2 из 3 нужных заголовков" in finding.message
    assert "(лист «Лист1», строка 1); не найдены: «Обучающихся»" in finding.message


def test_unknown_file_of_vpr_is_told_its_layout() -> None:
    sheet = Sheet("a", [["логин школы", "код обучающегося", "всего баллов", "пол"]])
    nearest = nearest_layout(Workbook((sheet,)))
    assert (nearest.title, nearest.missing) == ("Выгрузка результатов ВПР, весна 2021", ("балл за 1",))


def test_unknown_protocol_of_an_exam_is_told_the_heading_it_lacks() -> None:
    header = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Задания с кратким ответом"]
    workbook = Workbook((Sheet("Page 1", [[*header, "Сколько набрал", "Оценка"]]),))
    nearest = nearest_layout(workbook)
    assert (nearest.title, nearest.missing) == ("Протокол результатов ГИА", ("Первичный балл",))


def test_file_like_nothing_is_told_nothing() -> None:
    assert nearest_layout(Workbook((Sheet("a", [["привет", 1], ["мир", 2]]),))) is None


def test_a_row_that_runs_out_of_the_table_is_told(tmp_path: Path) -> None:
    sound = read_export(tmp_path, {"Лист1": [HEADER, *ROWS]})
    moved = [ROWS[0][0], "", *ROWS[0][1:]]
    reading = read_export(tmp_path / "moved", {"Лист1": [HEADER, moved, *ROWS[1:]]})
    found = [one for one in reading.reading.findings if one.rule_id == "export.outside_table"]
    assert [(one.row, one.column_index) for one in found] == [(2, len(HEADER))]
    assert not any(one.rule_id == "export.outside_table" for one in sound.reading.findings)
