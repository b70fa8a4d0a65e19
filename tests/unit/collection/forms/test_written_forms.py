"""What a school gets: a workbook that explains itself, restricts its cells, and never loses what was typed into it."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from oko_pipeline.collection.forms.writer import issue_forms, write_forms
from oko_pipeline.errors import CatalogueError
from oko_pipeline.quality import findings_frame
from oko_pipeline.validation.annotate import annotate_workbook
from tests.unit.collection.forms.filled import (
    MEETING,
    MUNICIPALITIES,
    MUNICIPALITY,
    SCHOOL,
    SCHOOLS,
    TASK,
    YEAR,
    fill,
    read_bytes,
    told,
    write,
)

PREVIOUS = {
    "tasks": pd.DataFrame(
        {
            "school_code": [SCHOOL, SCHOOL, None],
            "task_number": ["=1+1", "2", "M-1"],
            "title": ["@SUM(A1)", "-2+3|cmd", "Дело муниципалитета"],
            "kind": ["help", None, "control"],
            "is_paid": [True, None, False],
            "starts_on": ["2024-10-01", None, None],
            "people_count": pd.array([12, None, None], dtype="Int64"),
            "success_percent": [55.5, None, None],
        }
    )
}


def _book(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def _rule_of(sheet: Any, cell: str) -> Any:
    return next(rule for rule in sheet.data_validations.dataValidation if cell in rule.sqref)


def test_every_school_and_municipality_gets_its_forms(tmp_path: Path) -> None:
    paths = write_forms(tmp_path, YEAR, SCHOOLS, MUNICIPALITIES, {})
    names = sorted(str(path.relative_to(tmp_path)) for path in paths)
    assert names == [
        "edu990001/Дела и встречи отчёт, 2025-2026, edu990001.xlsx",
        "edu990001/Паспорт ОО, 2025-2026, edu990001.xlsx",
        "edu990001/Участники олимпиад, 2025-2026, edu990001.xlsx",
        "edu990002/Дела и встречи отчёт, 2025-2026, edu990002.xlsx",
        "edu990002/Паспорт ОО, 2025-2026, edu990002.xlsx",
        "edu990002/Участники олимпиад, 2025-2026, edu990002.xlsx",
        "reg99_m101/Дела и встречи отчёт, 2025-2026, reg99_m101.xlsx",
    ]


def test_single_schools_can_be_asked_for(tmp_path: Path) -> None:
    paths = write_forms(tmp_path, YEAR, SCHOOLS, MUNICIPALITIES, {}, ["edu990002"])
    assert {path.parent.name for path in paths} == {"edu990002"}


def test_year_must_be_a_school_year(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="учебный год"):
        write_forms(tmp_path, "2025", SCHOOLS, MUNICIPALITIES, {})


def test_writing_again_gives_equal_bytes(tmp_path: Path) -> None:
    first = write_forms(tmp_path / "a", YEAR, SCHOOLS, MUNICIPALITIES, PREVIOUS)
    second = write_forms(tmp_path / "b", YEAR, SCHOOLS, MUNICIPALITIES, PREVIOUS)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_filled_form_is_never_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path, "tasks")
    typed = fill(path.read_bytes(), {"Дела": {"A5": "1"}})
    path.write_bytes(typed)
    issued = issue_forms(tmp_path, YEAR, SCHOOLS, MUNICIPALITIES, PREVIOUS)
    beside = path.with_stem(f"{path.stem} (2)")
    assert path.read_bytes() == typed
    assert issued.kept == {path: beside}
    assert _book(beside)["Дела"]["A5"].value == "предложено"


def test_untouched_form_gives_way_to_the_new_one(tmp_path: Path) -> None:
    path = write(tmp_path, "tasks")
    issued = issue_forms(tmp_path, YEAR, SCHOOLS, MUNICIPALITIES, PREVIOUS)
    assert issued.kept == {}
    assert _book(path)["Дела"]["A5"].value == "предложено"


def test_form_whose_offered_row_was_cleared_counts_as_filled(tmp_path: Path) -> None:
    path = write(tmp_path, "tasks", previous=PREVIOUS)
    cleared = fill(path.read_bytes(), {"Дела": dict.fromkeys(("A6", "B6", "C6"))})
    path.write_bytes(cleared)
    assert issue_forms(tmp_path, YEAR, SCHOOLS, MUNICIPALITIES, {}).kept
    assert path.read_bytes() == cleared


def test_lists_and_limits_stand_in_the_cells(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks"))["Дела"]
    assert _rule_of(sheet, "C5").formula1 == '"методическая помощь,контроль,кадровое"'
    assert _rule_of(sheet, "H5").formula1 == '"да,нет"'
    assert _rule_of(sheet, "D5").formula1.startswith('"Русский язык,Математика,')
    count = _rule_of(sheet, "I5")
    assert (count.type, count.operator, count.formula1) == ("whole", "greaterThanOrEqual", "0")
    assert count.error == "«Участников»: нужно целое число не меньше 0."
    day = _rule_of(sheet, "F5")
    assert (day.type, day.operator) == ("date", None)
    share = _rule_of(sheet, "M5")
    assert (share.type, share.formula1, share.formula2) == ("decimal", "0", "100")
    assert "A2001" in _rule_of(sheet, "A5").sqref


def test_long_lists_stand_in_the_service_sheet(tmp_path: Path) -> None:
    codes = [f"edu9900{number:02d}" for number in range(1, 31)]
    schools = pd.DataFrame({"school_code": codes, "school_name": "СОШ, лицей", "municipality_code": MUNICIPALITY})
    path = write_forms(tmp_path, YEAR, schools, MUNICIPALITIES, {})[-1]
    book = _book(path)
    reference = _rule_of(book["Дела"], "B5").formula1
    assert reference == "'_oko'!$E$2:$E$31"
    cells = [row[0].value for row in book["_oko"][reference.split("!")[1].replace("$", "")]]
    assert cells == [f"{code} | СОШ, лицей" for code in codes]


def test_headers_are_locked_and_answers_are_open(tmp_path: Path) -> None:
    book = _book(write(tmp_path, "tasks"))
    sheet = book["Дела"]
    assert sheet.protection.sheet
    assert sheet["A4"].protection.locked
    assert not sheet.column_dimensions["A"].protection.locked
    assert sheet.freeze_panes == "B5"
    assert book["_oko"].sheet_state == "veryHidden"
    assert sheet.print_title_rows == "$4:$4"
    assert (sheet.page_setup.fitToHeight, sheet.page_setup.orientation) == (0, "landscape")


def test_totals_that_do_not_hold_are_coloured(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks"))["Дела"]
    formulas = {rule.formula[0] for area in sheet.conditional_formatting for rule in area.rules}
    assert "AND(ISNUMBER($J5),ISNUMBER($I5),$J5>$I5)" in formulas
    assert 'AND(COUNTA($A5:$R5)>0,$A5="")' in formulas
    assert any("SUM($J5,$K5)" in formula for formula in formulas)


def test_texts_that_look_like_formulas_stay_texts(tmp_path: Path) -> None:
    path = write(tmp_path, "tasks", previous=PREVIOUS)
    sheet = _book(path)["Дела"]
    assert [(sheet[cell].value, sheet[cell].data_type) for cell in ("B5", "C5", "C6")] == [
        ("=1+1", "s"), ("@SUM(A1)", "s"), ("-2+3|cmd", "s"),
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet2.xml")


def test_last_years_rows_are_offered_as_people_read_them(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks", previous=PREVIOUS))["Дела"]
    titles = [cell.value for cell in sheet[4]]
    row = dict(zip(titles, (cell.value for cell in sheet[5]), strict=True))
    assert row["Прошлый год"] == "предложено"
    assert row["Вид дела"] == "методическая помощь"
    assert row["Оплачивается"] == "да"
    assert row["Начало"].date() == date(2024, 10, 1)
    assert row["Участников"] == 12
    assert sheet["A7"].value is None


def test_municipality_is_offered_its_own_rows(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks", MUNICIPALITY, PREVIOUS))["Дела"]
    assert sheet["B5"].value == "M-1"


def test_instruction_tells_what_how_and_when(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks"))["Как заполнять"]
    text = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)
    for told_text in (
        "До 15 июня 2026 г.",
        "МБОУ СОШ № 1 (edu990001) · 2025-2026 учебный год",
        "методическая помощь; контроль; кадровое",
        "не больше, чем «Участников»",
        "равно сумме «из них девочек», «из них мальчиков»",
        "тыс. руб.",
        "Форма их не собирает",
        "Форма tasks, версия 2.",
    ):
        assert told_text in text


def test_instruction_of_a_form_about_people_says_what_becomes_of_them(tmp_path: Path) -> None:
    book = _book(write(tmp_path, "people"))
    text = "\n".join(str(row[0].value) for row in book["Как заполнять"].iter_rows())
    assert "заменяются необратимым кодом" in text
    assert "Телефон" not in [cell.value for cell in book["Участники"][4]]


def test_register_of_one_record_stands_upright(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "passport"))["Паспорт"]
    assert [sheet[cell].value for cell in ("A4", "B4", "A5", "A6")] == [
        "Показатель", "Значение", "Всего обучающихся *", "из малообеспеченных семей",
    ]  # fmt: skip
    assert not sheet["B5"].protection.locked
    assert sheet["A5"].protection.locked
    assert _rule_of(sheet, "B6").type == "whole"


def test_columns_are_as_wide_as_their_longest_word(tmp_path: Path) -> None:
    sheet = _book(write(tmp_path, "tasks"))["Дела"]
    for cell in sheet[4]:
        longest = max(map(len, str(cell.value).split()))
        assert sheet.column_dimensions[cell.column_letter].width >= longest
    assert sheet.row_dimensions[4].height >= 30


def test_annotated_copy_can_be_corrected_and_sent(tmp_path: Path) -> None:
    content = fill(write(tmp_path / "f", "tasks").read_bytes(), {"Дела": {**TASK, "I5": -1}, "Встречи": MEETING})
    reading = read_bytes(tmp_path / "inbox", content)
    copy = annotate_workbook(content, findings_frame(reading.reading.findings, YEAR, "test"))
    assert told(read_bytes(tmp_path / "again", fill(copy, {"Дела": {"I5": 40}}))) == []


def test_forms_printed_from_one_plate_are_each_schools_own(tmp_path: Path) -> None:
    names = ["СОШ «А & Б»", "СОШ <2>"]
    schools = SCHOOLS.assign(school_name=names)
    paths = write_forms(tmp_path, YEAR, schools, MUNICIPALITIES, {}, SCHOOLS["school_code"])
    for path in paths:
        book = _book(path)
        code = path.parent.name
        service = {row[0].value: row[1].value for row in book["_oko"].iter_rows(max_col=2)}
        name = names[int(code[-1]) - 1]
        assert (service["school_code"], service["school_name"]) == (code, name)
        assert (service["municipality_code"], service["municipality_name"]) == (MUNICIPALITY, "Озёрный район")
        for title in book.sheetnames[:-1]:
            assert book[title]["A2"].value == f"{name} ({code}) · 2025-2026 учебный год"
