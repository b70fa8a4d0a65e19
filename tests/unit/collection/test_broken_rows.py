"""Rows that moved aside, rows of no pupil, merged cells, code pages: what came of each, cell by cell."""

import io
from pathlib import Path

import pytest
import xlsxwriter
from openpyxl import load_workbook

from oko_pipeline.orchestration.file_check import check_file
from oko_pipeline.settings import Settings
from oko_pipeline.validation.annotate import annotate_workbook
from tests.unit.collection.workbooks import SCHOOL, book_2021, f1_rows, read, rows_2021, xlsx

NAME = "2021/4 класс Математика.xlsx"
TASKS = (("1", "2", "2"), ("2", "1", "2"), ("0", "2", "1"), ("1", "1", "1"))


def pupils(count=8):
    return [
        (SCHOOL, str(40001 + number), "345"[number % 3], "жм"[number % 2], "аб"[number // 4], "1", total, *scores)
        for number in range(count)
        for scores in (TASKS[number % len(TASKS)],)
        for total in (str(sum(map(int, scores))),)
    ]


def table(change=None, first=5):
    """Rows of a dump; `change` alters every row from the 1-based worksheet row `first` on."""
    rows = rows_2021(*pupils())
    return [row if number < first or change is None else change(row) for number, row in enumerate(rows, 1)]


def moved_right(column):
    return lambda row: [*row[:column], "", *row[column:-1]]


def moved_left(column):
    return lambda row: [*row[:column], *row[column + 1 :], ""]


@pytest.mark.parametrize("column", range(9))
def test_rows_moved_to_the_right_are_put_aside_from_the_first_cell_on(tmp_path, column):
    reading = read(tmp_path, NAME, xlsx({"Sheet": table(moved_right(column))}))
    told = [one for one in reading.reading.findings if one.rule_id == "row.shifted"]
    assert [one.row for one in told] == [5, 6, 7, 8, 9]
    assert {one.cell for one in told} == {f"{'ABCDEFGHI'[max(column, 0)]}{one.row}" for one in told}
    assert "вправо" in told[0].message
    assert (reading.reading.read_rows_count, reading.reading.quarantined_rows_count) == (8, 5)
    assert len(reading.reading.works.rows) == 3
    assert {one.rule_id for one in reading.reading.findings} == {"row.shifted"}
    assert {one.school_code for one in told} == {"edu990001"}


@pytest.mark.parametrize("column", [3, 4, 5])
def test_rows_moved_to_the_left_are_put_aside(tmp_path, column):
    reading = read(tmp_path, NAME, xlsx({"Sheet": table(moved_left(column))}))
    assert {one.rule_id for one in reading.reading.findings} == {"row.shifted"}
    assert reading.reading.quarantined_rows_count == 5
    assert "влево" in reading.reading.findings[0].message


def test_a_row_with_one_faulty_cell_is_not_moved(tmp_path):
    faulty = [list(one) for one in pupils()]
    faulty[2][3] = "q"
    faulty[3][5] = ""
    faulty[4][6] = ""
    faulty[5][2] = "ж"
    reading = read(tmp_path, NAME, book_2021(*faulty))
    assert "row.shifted" not in {one.rule_id for one in reading.reading.findings}
    assert reading.reading.accepted_rows_count == 8


def test_totals_repeated_headings_and_notes_are_no_pupils(tmp_path):
    rows = table()
    rows.insert(4, list(rows[0]))
    rows += [["Итого по школе", "", "", "8", "", "", "", "", "31"], ["", "Руководитель ____________"]]
    reading = read(tmp_path, NAME, xlsx({"Sheet": rows}))
    assert [(one.rule_id, one.row) for one in reading.reading.findings] == [
        ("row.not_pupil", 5), ("row.not_pupil", 11), ("row.not_pupil", 12)
    ]  # fmt: skip
    assert reading.reading.read_rows_count == reading.reading.accepted_rows_count == 8


def test_levels_below_the_headings_are_no_pupil(tmp_path):
    rows = f1_rows(("edu990001", 1, [("40001", "а", 1, 1, 2, 2, 5, 4, 4)]))
    rows[6], rows[7] = rows[7], rows[6]
    reading = read(tmp_path, "Ф1.xlsx", xlsx({"Sheet": rows}))
    assert [one.rule_id for one in reading.reading.findings] == ["row.not_pupil"]
    assert reading.reading.accepted_rows_count == 1


def test_a_login_merged_over_its_rows_belongs_to_all_of_them(tmp_path):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Sheet")
    for row_index, row in enumerate(table()):
        for column_index, value in enumerate(row):
            if column_index or not row_index:
                sheet.write(row_index, column_index, value)
    sheet.merge_range(1, 0, 8, 0, SCHOOL)
    book.close()
    reading = read(tmp_path, NAME, stream.getvalue())
    assert reading.reading.findings == []
    assert reading.reading.accepted_rows_count == 8


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("cp1251", ";"), ("cp866", ";"), ("koi8-r", ";"), ("utf-8-sig", "\t"), ("utf-16", "\t"), ("utf-16-le", ";"),
     ("utf-16-be", ","), ("utf-8", ",")],
)  # fmt: skip
def test_text_of_any_code_page_and_separator_is_read_alike(tmp_path, encoding, separator):
    text = "\r\n".join(separator.join(map(str, row)) for row in table())
    reading = read(tmp_path, NAME.replace("xlsx", "csv"), text.encode(encoding))
    assert reading.reading.findings == []
    assert reading.reading.works.rows["class_label"].tolist() == ["А"] * 4 + ["Б"] * 4


def test_numbers_with_hard_spaces_are_numbers(tmp_path):
    hard = [(one[0], f"{one[1][:2]}\xa0{one[1][2:]}", *one[2:6], f"\xa0{one[6]}\xa0", *one[7:]) for one in pupils()]
    reading = read(tmp_path, NAME, book_2021(*hard))
    plain = read(tmp_path / "plain", NAME, book_2021(*pupils()))
    assert reading.reading.findings == []
    assert reading.reading.works.rows["pupil_id"].tolist() == plain.reading.works.rows["pupil_id"].tolist()


def renamed():
    rows = table()
    rows[0][0] = "Логин уч."
    rows[0][3] = "Фамилия Имя"
    return xlsx({"Лист1": [["Выгрузка"], [], *rows], "Прочее": [["а"]]})


def test_an_unknown_file_is_told_its_nearest_form_heading_by_heading(tmp_path):
    (finding,) = read(tmp_path, NAME, renamed()).reading.findings
    assert "«Выгрузка результатов ВПР, весна 2021»: найдено 2 из 4" in finding.message
    assert "(лист «Лист1», строка 3)" in finding.message
    assert "вместо «логин школы» стоит «Логин уч.» (ячейка A3)" in finding.message
    assert "не найдены: «код обучающегося»" in finding.message
    assert (finding.sheet, finding.cell, finding.value) == ("Лист1", "A3", "Логин уч.")
    assert not any(text in finding.message for text in ("40001", SCHOOL, "Фамилия"))


def test_the_check_of_a_file_and_its_marked_copy_tell_it_too(tmp_path):
    path = tmp_path / "Математика 4 класс 2021.xlsx"
    path.write_bytes(renamed())
    (check,) = check_file(path, Settings.load(home=tmp_path / "home"))
    assert "вместо «логин школы»" in check.findings["message"].iloc[0]
    assert check.findings["mend"].iloc[0].startswith("Исправьте то, что названо в замечании")
    marked = load_workbook(io.BytesIO(annotate_workbook(Path(path), check.findings)))
    assert "вместо «логин школы»" in marked["Лист1"]["A3"].comment.text


def test_headings_too_far_down_in_two_rows_or_in_a_column_are_found(tmp_path):
    rows = table()
    deep = read(tmp_path / "a", NAME, xlsx({"S": [["пояснение"]] * 40 + rows})).reading.findings[0].message
    assert "строка 41" in deep
    assert "первых 30 строках" in deep
    upper = [text if place < 5 else "" for place, text in enumerate(rows[0])]
    lower = [text if place >= 5 else "" for place, text in enumerate(rows[0])]
    split = read(tmp_path / "b", NAME, xlsx({"S": [upper, lower, *rows[1:]]})).reading.findings[0].message
    assert "разошлись по строкам 1 и 2" in split
    turned = [list(column) for column in zip(*rows, strict=True)]
    assert "разверните таблицу" in read(tmp_path / "c", NAME, xlsx({"S": turned})).reading.findings[0].message


def test_a_file_like_nothing_is_told_where_headings_were_looked_for(tmp_path):
    (finding,) = read(tmp_path, NAME, xlsx({"Лист1": [["а", "б"], [1, 2]]})).reading.findings
    assert "в первых 30 строках листов: «Лист1»" in finding.message


def two_sheets(*, is_first_hidden):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    for name, rows in (("Старый", table()[:3]), ("Новый", table())):
        sheet = book.add_worksheet(name)
        for row_index, row in enumerate(rows):
            sheet.write_row(row_index, 0, row)
    if is_first_hidden:
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()
        book.worksheets()[0].hide()
    book.close()
    return stream.getvalue()


def test_of_two_sheets_alike_one_is_read_and_the_other_told(tmp_path):
    reading = read(tmp_path, NAME, two_sheets(is_first_hidden=False))
    (finding,) = reading.reading.findings
    assert (finding.rule_id, finding.sheet, finding.severity) == ("file.sheet_unread", "Новый", None)
    assert reading.reading.accepted_rows_count == 2


def test_a_hidden_older_copy_does_not_stand_for_the_sheet_that_is_seen(tmp_path):
    reading = read(tmp_path, NAME, two_sheets(is_first_hidden=True))
    (finding,) = reading.reading.findings
    assert (finding.rule_id, finding.sheet, finding.severity) == ("file.sheet_unread", "Старый", "note")
    assert "скрытом" in finding.message
    assert reading.reading.accepted_rows_count == 8
