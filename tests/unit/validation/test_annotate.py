"""The annotated workbook: the faulty cell is marked, everything is listed, nothing foreign or executable goes back."""

import io
import re
import zipfile

import pandas as pd
import pytest
import xlwt
from openpyxl import Workbook, load_workbook

from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.validation import annotate
from oko_pipeline.validation.annotate import SchoolPart, annotate_workbook, neutral

HEADER = ["логин школы", "код", "балл за 1", "всего баллов"]
ROWS = [["sch990001", "40001", "1", "5"], ["sch990002", "40001", "2", "2"], ["sch990001", "40002", "0", "0"]]


def finding(row: int | None = 2, column: int | None = 3, **changes) -> QualityFinding:
    values = {
        "rule_id": "work.sum_mismatch",
        "message": "Итог 5, а сумма баллов за задания 1.",
        "file_path": "МА.xlsx",
        "file_sha256": "f",
        "sheet": "Sheet",
        "row": row,
        "column_index": column,
        "value": "5",
        "expected": "1",
        "school_code": "edu990001",
    } | changes
    return QualityFinding(**values)


def frame(*findings: QualityFinding) -> pd.DataFrame:
    return findings_frame(findings, "2020-2021", "file:f")


def xlsx(rows=None, title: str = "Sheet") -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in [HEADER, *ROWS] if rows is None else rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def opened(content: bytes):
    return load_workbook(io.BytesIO(content))


def texts(sheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_the_faulty_cell_is_filled_and_says_what_is_expected_and_how_to_mend() -> None:
    book = opened(annotate_workbook(xlsx(), frame(finding())))
    cell = book["Sheet"]["D2"]
    assert cell.value == "5"
    assert cell.fill.fgColor.rgb == "00FFEB9C"
    assert "сумма баллов за задания 1" in cell.comment.text
    assert "Ожидалось: 1" in cell.comment.text
    assert "Как исправить: Сверьте" in cell.comment.text
    others = [c for row in book["Sheet"].iter_rows() for c in row if c.coordinate != "D2"]
    assert all(c.comment is None and c.fill.fill_type is None for c in others)


def test_the_first_sheet_lists_every_finding_with_a_link_to_its_cell() -> None:
    about_file = finding(None, None, rule_id="work.column_shift", message="Похоже на сдвиг столбцов.")
    book = opened(annotate_workbook(xlsx(), frame(finding(), about_file)))
    sheet = book.worksheets[0]
    assert sheet.title == "Замечания"
    assert book.active.title == "Замечания"
    assert "1 ошибка, 1 предупреждение" in sheet["A1"].value
    listed = [row for row in sheet.iter_rows() if isinstance(row[0].value, int)]
    assert [row[1].value for row in listed] == ["Ошибка", "Предупреждение"]
    assert listed[0][4].value == "Похоже на сдвиг столбцов."
    assert listed[0][3].hyperlink is None
    assert listed[1][3].value == "D2"
    assert listed[1][3].hyperlink.location == "'Sheet'!D2"


def test_two_findings_of_a_cell_share_it_and_the_worse_one_colours_it() -> None:
    worse = finding(rule_id="work.total_over_maximum", message="Итог 5 больше максимального.")
    cell = opened(annotate_workbook(xlsx(), frame(finding(), worse)))["Sheet"]["D2"]
    assert cell.fill.fgColor.rgb == "00FFC7CE"
    assert "больше максимального" in cell.comment.text
    assert "сумма баллов" in cell.comment.text


def test_a_finding_of_a_row_stands_in_its_first_cell_and_one_beyond_the_sheet_is_listed() -> None:
    book = opened(annotate_workbook(xlsx(), frame(finding(3, None), finding(2, 0, sheet="Нет такого"))))
    assert book["Sheet"]["A3"].comment is not None
    assert "Нет такого" in texts(book["Замечания"])


def test_a_merged_cell_is_marked_at_its_first_cell() -> None:
    book = opened(xlsx())
    book["Sheet"].merge_cells("C2:D2")
    target = io.BytesIO()
    book.save(target)
    marked = opened(annotate_workbook(target.getvalue(), frame(finding())))
    assert marked["Sheet"]["C2"].comment is not None


def test_no_findings_give_a_sheet_that_says_so() -> None:
    book = opened(annotate_workbook(xlsx(), frame()))
    assert book["Замечания"]["A1"].value == "Замечания к файлу: нет."


def test_a_returned_copy_that_is_checked_again_keeps_both_lists() -> None:
    again = annotate_workbook(annotate_workbook(xlsx(), frame(finding())), frame(finding()))
    assert opened(again).sheetnames == ["Замечания (новые)", "Замечания", "Sheet"]


def test_only_one_schools_rows_go_to_the_school() -> None:
    findings = frame(
        finding(4, 3, message="Наше."),
        finding(3, 3, school_code="edu990002", message="Чужое."),
        finding(None, None, school_code=None, message="О файле."),
    )
    book = opened(annotate_workbook(xlsx(), findings, school_code="edu990001"))
    assert [[cell.value for cell in row] for row in book["Sheet"].iter_rows()] == [HEADER, ROWS[0], ROWS[2]]
    listed = texts(book["Замечания"])
    assert "990002" not in listed
    assert "Чужое" not in listed
    assert "О файле." in listed
    assert "только строки ОО edu990001" in listed
    # Row 4 of the file is row 3 of the copy.
    assert "Наше." in book["Sheet"]["D3"].comment.text


def test_rows_of_a_group_belong_to_the_school_of_its_heading() -> None:
    rows = [["ОО", "Код"], ["СОШ 1 (edu990001)", "Кол-во участников: 1"], ["", "40001"],
            ["СОШ 2 (edu990002)", "Кол-во участников: 1"], ["", "50001"]]  # fmt: skip
    book = opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))
    shown = texts(book["Sheet"])
    assert "40001" in shown
    assert "50001" not in shown


def test_a_row_without_a_login_is_not_given_away() -> None:
    rows = [HEADER, ROWS[0], ["", "49999", "1", "1"]]
    assert "49999" not in texts(opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))["Sheet"])


def test_a_sheet_that_names_no_school_stays_out_and_the_copy_says_so() -> None:
    book = opened(annotate_workbook(xlsx([["Код", "Балл"], ["40001", "5"]]), frame(), school_code="edu990001"))
    assert "Sheet" not in book.sheetnames
    assert "«Sheet»" in texts(book["Замечания"])


def test_rows_known_from_the_works_are_kept_under_the_headers() -> None:
    rows = [["Протокол", ""], ["Код", "Балл"], ["40001", "5"], ["40002", "4"]]
    part = SchoolPart("edu990001", {"Sheet": frozenset({4})})
    book = opened(annotate_workbook(xlsx(rows), frame(finding(4, 1)), part=part))
    assert [[cell.value for cell in row] for row in book["Sheet"].iter_rows()] == [
        ["Протокол", None], ["Код", "Балл"], ["40002", "4"],
    ]  # fmt: skip
    assert book["Sheet"]["B3"].comment is not None


def test_an_old_workbook_and_a_csv_come_back_as_xlsx(tmp_path) -> None:
    old = xlwt.Workbook()
    sheet = old.add_sheet("Sheet")
    for number, row in enumerate([HEADER, *ROWS]):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    path = tmp_path / "МА.xls"
    old.save(str(path))
    book = opened(annotate_workbook(path, frame(finding())))
    assert book["Sheet"]["D2"].value == "5"
    assert book["Sheet"]["D2"].comment is not None
    for encoding in ("utf-8-sig", "cp1251"):
        text = "\n".join(";".join(row) for row in [HEADER, *ROWS]).encode(encoding)
        book = opened(annotate_workbook(text, frame(finding(sheet=None))))
        assert book["csv"]["A1"].value == "логин школы"
        assert book["csv"]["D2"].comment is not None


@pytest.mark.parametrize("value", ["=1+1", "+7 912", "-cmd", "@SUM(A1)", "\t=1", "=HYPERLINK(A1)"])
def test_text_that_could_become_a_formula_is_neutralised(value) -> None:
    assert neutral(value) == "'" + value


@pytest.mark.parametrize("value", ["-1", "+2,5", "текст", "1=1", 5, None, -3.5])
def test_numbers_and_plain_text_stay_as_they_are(value) -> None:
    assert neutral(value) == value


def test_values_of_findings_and_of_fresh_copies_are_neutralised() -> None:
    book = opened(annotate_workbook(b"\xef\xbb\xbfa;b\n=1+1;-1", frame(finding(2, 0, sheet="csv", value="=cmd|x"))))
    assert book["csv"]["A2"].value == "'=1+1"
    assert book["csv"]["B2"].value == "-1"
    assert "'=cmd|x" in texts(book["Замечания"])


def test_a_dangerous_formula_of_the_file_is_not_sent_back_while_a_sum_is() -> None:
    book = opened(
        annotate_workbook(xlsx([["=SUM(B1:C1)", '=HYPERLINK("http://x","y")', "=cmd|'/c calc'!A1"]]), frame())
    )
    values = [cell.value for cell in book["Sheet"][1]]
    assert values[0] == "=SUM(B1:C1)"
    assert values[1].startswith("'=")
    assert values[2].startswith("'=")


def test_more_comments_than_excel_bears_are_said_not_dropped(monkeypatch) -> None:
    monkeypatch.setattr(annotate, "MAXIMUM_COMMENTS", 1)
    book = opened(annotate_workbook(xlsx(), frame(finding(2), finding(3), finding(4))))
    sheet = book["Sheet"]
    assert [sheet[f"D{row}"].comment is not None for row in (2, 3, 4)] == [True, False, False]
    assert all(sheet[f"D{row}"].fill.fill_type == "solid" for row in (2, 3, 4))
    assert "ещё 2 ячейки только закрашены" in texts(book["Замечания"])


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 broken"])
def test_a_broken_workbook_is_refused_with_a_message(content) -> None:
    with pytest.raises(UnreadableFileError, match="не открывается"):
        annotate_workbook(content, frame())
    with pytest.raises(UnreadableFileError, match="не открывается"):
        annotate_workbook(content, frame(), school_code="edu990001")


def test_other_schools_logins_of_the_same_digits_are_other_schools() -> None:
    rows = [HEADER, ["ksh990001", "41111", "1", "1"], ["sch990001", "42222", "1", "1"]]
    shown = texts(opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))["Sheet"])
    assert "42222" in shown
    assert "41111" not in shown


def test_a_row_that_names_two_schools_is_given_to_none() -> None:
    rows = [HEADER, ["sch990001", "переведён в sch990002", "1", "1"]]
    assert "переведён" not in texts(opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))["Sheet"])


def test_a_group_ends_where_rows_carry_logins_again() -> None:
    rows = [["ОО", "Код"], ["СОШ 1 (edu990001)", ""], ["", "40001"], ["edu990002", "40002"], ["", "40003"]]
    shown = texts(opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))["Sheet"])
    assert "40001" in shown
    assert "40002" not in shown
    assert "40003" not in shown


def test_a_finding_about_a_header_row_goes_to_every_school() -> None:
    about_header = finding(1, 3, school_code=None, message="Столбец назван непривычно.")
    book = opened(annotate_workbook(xlsx(), frame(about_header), school_code="edu990001"))
    assert "Столбец назван непривычно." in texts(book["Замечания"])
    assert book["Sheet"]["D1"].comment is not None


def test_words_that_look_like_logins_but_are_none_own_no_row() -> None:
    rows = [["abc1234567", "Заголовок"], HEADER, ROWS[0]]
    book = opened(annotate_workbook(xlsx(rows), frame(), school_code="edu990001"))
    assert book["Sheet"].max_row == 3


def test_control_signs_and_endless_texts_do_not_break_the_copy() -> None:
    content = ("a;b\n" + "\x01x;" + "ы" * 40_000).encode("utf-8")
    sheet = opened(annotate_workbook(content, frame()))["csv"]
    assert sheet["A2"].value == " x"
    assert len(sheet["B2"].value) == 32_000


def test_an_empty_csv_comes_back_with_the_list_alone() -> None:
    assert opened(annotate_workbook(b"", frame())).sheetnames == ["Замечания", "csv"]


def test_known_rows_end_the_headers_at_the_first_row_of_data() -> None:
    rows = [["Код", "Балл"], ["40001", "5"], ["40002", "4"], ["40003", "3"]]
    part = SchoolPart("edu990001", {"Sheet": frozenset({3, 9})})
    book = opened(annotate_workbook(xlsx(rows), frame(), part=part))
    assert [[cell.value for cell in row] for row in book["Sheet"].iter_rows()] == [["Код", "Балл"], ["40002", "4"]]


def test_known_first_rows_keep_headers_with_numbers_in_them() -> None:
    rows = [["Максимальный балл", 20], ["Код", "Балл"], [40001, 5], [40002, 4]]
    part = SchoolPart("edu990001", {"Sheet": frozenset({4})}, {"Sheet": 3})
    book = opened(annotate_workbook(xlsx(rows), frame(), part=part))
    kept = [[cell.value for cell in row] for row in book["Sheet"].iter_rows()]
    assert kept == [["Максимальный балл", 20], ["Код", "Балл"], [40002, 4]]


def test_sheets_without_known_rows_fall_back_to_logins() -> None:
    part = SchoolPart("edu990001", {"Другой": frozenset({4})}, {"Другой": 3})
    book = opened(annotate_workbook(xlsx([["логин", "балл"], ["sch990001", 5], ["sch990002", 4]]), frame(), part=part))
    assert [[cell.value for cell in row] for row in book["Sheet"].iter_rows()] == [["логин", "балл"], ["sch990001", 5]]


def test_long_sheets_are_copied_to_their_end() -> None:
    text = "\n".join(f"{number};x" for number in range(70)).encode()
    assert opened(annotate_workbook(text, frame()))["csv"].max_row == 70


def test_a_finding_without_expectation_says_none() -> None:
    cell = opened(annotate_workbook(xlsx(), frame(finding(expected=None))))["Sheet"]["D2"]
    assert "Ожидалось" not in cell.comment.text


def test_rows_known_right_under_the_headers_keep_them() -> None:
    part = SchoolPart("edu990001", {"Sheet": frozenset({2})})
    book = opened(annotate_workbook(xlsx([["Код", "Балл"], [40001, 5]]), frame(), part=part))
    assert [[cell.value for cell in row] for row in book["Sheet"].iter_rows()] == [["Код", "Балл"], [40001, 5]]


def test_a_workbook_with_styles_that_openpyxl_refuses_is_copied_by_its_values() -> None:
    source, target = io.BytesIO(xlsx()), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, re.sub(rb"<fill>.*?</fill>", b"<fill/>", content) if "styles" in name else content)
    book = opened(annotate_workbook(target.getvalue(), frame(finding())))
    assert book["Sheet"]["D2"].value == "5"
    assert book["Sheet"]["D2"].comment is not None
