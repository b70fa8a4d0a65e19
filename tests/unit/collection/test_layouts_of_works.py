"""Every layout of pupils' works: a sound file gives typed works, a faulty cell a finding that names it."""

import pytest

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from tests.unit.collection.workbooks import (
    F1_NAME,
    FORM_NAME,
    GOOD_2021,
    KEY,
    SCHOOL,
    book_2021,
    f1_book,
    f1_rows,
    form_book,
    form_rows,
    read,
    rows_2020,
    rows_2021,
    rows_2022,
    rule_cells,
    xls,
    xlsx,
)


def test_2020_gives_works_of_the_previous_grade(tmp_path):
    pupils = [
        (SCHOOL, 50001, "4", "Ж", "б", "1", "", 3, "1", "2", "X"),
        (SCHOOL, 50002, "", "", "", "отсутствовал", "", "", "", "", ""),
        (SCHOOL, 50003, "нет отметки", "м", "НЕТ", "", "2", 1, "1", "не пройд.", 0),
    ]
    result = read(tmp_path, "2020/4/Математика.xlsx", xlsx({"Sheet1": rows_2020(*pupils)}))
    works = result.reading.works
    assert result.status == "accepted"
    assert result.layout_code == "raw_2020"
    assert str(works.key) == "vpr-2020-autumn:4:mathematics:base"
    assert result.reading.school_year == "2020-2021"
    assert works.rows["school_code"].tolist() == ["edu990001"] * 3
    assert works.rows["status"].tolist() == ["scored", "absent", "scored"]
    assert works.rows["class_label"].fillna("").tolist() == ["Б", "", "нет"]
    assert works.rows["sex"].fillna("").tolist() == ["ж", "", "м"]
    assert works.rows["variant"].fillna("").tolist() == ["1", "", "2"]
    assert works.rows["journal_mark"].fillna(0).tolist() == [4, 0, 0]
    assert works.rows["source_row"].tolist() == [2, 3, 4]
    assert works.task_scores().tolist() == [
        [1, 2, TaskCode.NOT_ATTEMPTED],
        [TaskCode.BLANK] * 3,
        [1, TaskCode.NOT_TAUGHT, 0],
    ]
    (mention,) = result.reading.tables["school_mentions"].to_dict("records")
    assert (mention["source_key"], mention["municipality_code"], mention["rows_count"]) == (SCHOOL, "reg99_m101", 3)
    assert result.reading.findings == []
    assert works.rows.equals(works.checked().rows)


def test_2020_one_day_of_absence_is_pointed_out(tmp_path):
    pupils = [
        (SCHOOL, 50001, "4", "ж", "б", "отсутствовал", "1", 3, "", "2", "1"),
        (SCHOOL, 50002, "4", "ж", "б", "1", "отсутствовал", 3, "1", "2", ""),
    ]
    result = read(tmp_path, "2020/4/Русский язык.xlsx", xlsx({"Sheet1": rows_2020(*pupils)}))
    assert result.reading.works.rows["status"].tolist() == ["absent", "scored"]
    assert rule_cells(result) == {("row.absent_one_day", "I2"), ("row.absent_one_day", "I3")}


def test_2021_reads_dirty_text(tmp_path):
    pupils = [
        GOOD_2021,
        (SCHOOL, "40002", "4\xa0", "М", "4Б", "2", " 3 ", "X ", "х", "3"),
        ("ksh990001", "40003", "\xa05", "ж", '4 "в"', "1", "0", "x", "Х", "не пройд."),
    ]
    result = read(tmp_path, "Проведение работы по математике, 4 класс. ВПР 2021.xlsx", book_2021(*pupils))
    works = result.reading.works
    assert str(works.key) == "vpr-2021-spring:4:mathematics:base"
    assert works.rows["journal_mark"].tolist() == [4, 4, 5]
    assert works.rows["class_label"].tolist() == ["А", "Б", "В"]
    assert works.rows["primary_score"].tolist() == [5, 3, 0]
    assert works.rows["school_code"].tolist() == ["edu990001", "edu990001", "ksh990001"]
    assert works.task_scores()[1:].tolist() == [[-1, -1, 3], [-1, -1, -2]]
    assert result.reading.findings == []
    assert result.reading.tables["school_mentions"]["municipality_name"].unique().tolist() == ["город Верхний"]


@pytest.mark.parametrize(("month", "campaign", "year"), [("03", "spring", "2021-2022"), ("09", "autumn", "2022-2023")])
def test_2022_takes_campaign_and_time_from_the_upload(tmp_path, month, campaign, year):
    pupils = [
        ("edu990001", f"10.{month}.2022 18:42:46", 40001, 1, 1, 2, 3, "нет", "ж", 4, 6),
        ("edu990001", f"11.{month}.2022 08:00:00", 40002, "отсутствовал", "", "", "", "", "", "", ""),
    ]
    data = xlsx({"Классы": [["Пользователь", "Дата загрузки"]], "Протокол": rows_2022(*pupils)})
    result = read(tmp_path, "Русский язык 4 класс.xlsx", data)
    works = result.reading.works
    assert works.key.campaign_code == f"vpr-2022-{campaign}"
    assert result.reading.school_year == year
    assert works.submitted_at == f"2022-{month}-11T08:00:00+00:00"
    assert [(task.task_code, task.maximum_score) for task in works.tasks] == [("1", 1), ("5.1", 2), ("1К1", 3)]
    mention = result.reading.tables["school_mentions"].to_dict("records")[0]
    assert (mention["school_name"], mention["municipality_code"], mention["municipality_name"]) == (
        "МБОУ СОШ № 1",
        "reg99_m101",
        "город Верхний",
    )


def test_2022_quarantines_rows_of_another_campaign(tmp_path):
    pupils = [
        ("edu990001", "10.03.2022 10:00:00", 40001, 1, 1, 2, 3, "нет", "ж", 4, 6),
        ("edu990001", "10.03.2022 10:00:00", 40002, 1, 1, 2, 3, "нет", "ж", 4, 6),
        ("edu990002", "20.09.2022 10:00:00", 50001, 1, 1, 2, 3, "нет", "ж", 4, 6),
    ]
    result = read(tmp_path, "Русский язык 4 класс.xlsx", xlsx({"Протокол": rows_2022(*pupils)}))
    reading = result.reading
    assert (reading.read_rows_count, reading.accepted_rows_count, reading.quarantined_rows_count) == (3, 2, 1)
    assert rule_cells(result) == {("row.other_campaign", "F4")}


def test_form_takes_pupils_but_not_hidden_lists(tmp_path):
    pupils = [(40001, 1, 1, 2, "X", 1, 4, 3), (40002, "отсутствовал", "", "", "", 1, "", 0)]
    result = read(tmp_path, FORM_NAME, form_book(*pupils))
    works = result.reading.works
    assert result.layout_code == "blank_form"
    assert str(works.key) == "vpr-2026-spring:4:mathematics:base"
    assert works.rows["school_code"].tolist() == ["edu990001"] * 2
    assert works.rows["status"].tolist() == ["scored", "absent"]
    assert works.task_scores()[0].tolist() == [1, 2, -1]
    assert result.reading.read_rows_count == 2


def test_form_lists_that_run_into_task_columns_are_no_pupils(tmp_path):
    rows = form_rows((40001, 1, 1, 2, "X", 1, 4, 3))
    for number in range(5, 9):
        rows[number][2] = number
    result = read(tmp_path, FORM_NAME, xlsx({"Протокол": rows}))
    assert (result.reading.read_rows_count, result.reading.accepted_rows_count) == (1, 1)
    assert result.reading.findings == []


def test_form_row_without_a_code_is_not_lost(tmp_path):
    result = read(tmp_path, FORM_NAME, form_book((40001, 1, 1, 2, "X", 1, 4, 3), ("", "", 1, 2, 3, 1, 4, 6)))
    assert (result.reading.accepted_rows_count, result.reading.quarantined_rows_count) == (1, 1)
    assert rule_cells(result) == {("row.code_unusable", "A3")}


def test_f1_row_without_a_code_is_not_lost_and_notes_are_no_pupils(tmp_path):
    pupils = [(40001, 1, 1, 1, 2, "X", 3, 4, 4), ("", 1, 2, 1, 2, 3, 6, 5, "")]
    rows = [*f1_rows(("edu990001", 2, pupils)), ["Отчёт сформирован автоматически"]]
    result = read(tmp_path, F1_NAME, xlsx({"МА 4 Индивидуальные результаты": rows}))
    assert (result.reading.accepted_rows_count, result.reading.quarantined_rows_count) == (1, 1)
    assert rule_cells(result) == {("row.code_unusable", "D11")}


def test_f1_rows_take_the_school_of_their_group(tmp_path):
    rows = f1_rows(("edu990001", 1, [(40001, 1, 1, 1, 2, "X", 3, 4, 4)]))
    rows[-1][0] = ""
    result = read(tmp_path, F1_NAME, xlsx({"МА 4 Индивидуальные результаты": rows}))
    assert result.reading.works.rows["school_code"].tolist() == ["edu990001"]


def test_unfilled_form_is_empty_not_unreadable(tmp_path):
    result = read(tmp_path, FORM_NAME, form_book())
    assert result.status == "empty"
    assert rule_cells(result) == {("file.empty", None)}


def test_filled_form_of_nobody_is_refused(tmp_path):
    result = read(
        tmp_path, "Форма сбора результатов Математика 4 класс ВПР 2026.xlsx", form_book((40001, 1, 1, 2, 3, 1, 4, 6))
    )
    assert result.status == "refused"
    assert rule_cells(result) == {("file.school_unknown", None)}


def test_f1_carries_reported_marks_and_checks_group_sizes(tmp_path):
    pupils = [(40001, 1, 1, 1, 2, "X", 3, 4, 4), (40002, 1, 2, 1, 2, 3, 6, 5, "")]
    good = read(tmp_path / "good", F1_NAME, f1_book(("edu990001", 2, pupils)))
    works = good.reading.works
    assert str(works.key) == "vpr-2026-spring:4:mathematics:base"
    assert works.rows["reported_mark"].tolist() == [4, 5]
    assert works.rows["journal_mark"].fillna(0).tolist() == [4, 0]
    assert works.rows["source_row"].tolist() == [10, 11]
    assert good.reading.findings == []
    short = read(tmp_path / "short", F1_NAME, f1_book(("edu990001", 3, pupils), ("edu990002", 2, pupils)))
    assert rule_cells(short) == {("file.participants_differ", None)}
    assert short.reading.findings[0].row == 9


def test_old_xls_reads_like_xlsx(tmp_path):
    result = read(tmp_path, "2021/4 класс Математика.xls", xls({"Sheet": [[str(c) for c in row] for row in _rows()]}))
    assert result.status == "accepted"
    assert result.reading.accepted_rows_count == 1
    assert result.reading.findings == []


def _rows():
    return rows_2021(GOOD_2021)


def test_csv_of_windows_excel_reads_like_xlsx(tmp_path):
    text = "\r\n".join(";".join(map(str, row)) for row in _rows())
    for encoding in ("cp1251", "utf-8-sig", "utf-16"):
        result = read(tmp_path / encoding, "2021/4 класс Математика.csv", text.encode(encoding))
        assert result.status == "accepted", encoding
        assert result.reading.works.rows["sex"].tolist() == ["ж"]


def test_title_rows_above_the_header_do_not_matter(tmp_path):
    rows = [["Выгрузка"], [], *_rows()]
    result = read(tmp_path, "2021/4 класс Математика.xlsx", xlsx({"Лист": rows}))
    assert result.reading.works.rows["source_row"].tolist() == [4]
    assert result.reading.works.cells[result.file_sha256].columns["primary_score"] == 8


def test_works_of_one_pupil_link_across_subjects_of_a_campaign_only(tmp_path):
    data = book_2021(GOOD_2021)
    maths = read(tmp_path, "a/ВПР 2021 математика 4 класс.xlsx", data).reading.works
    russian = read(tmp_path, "b/ВПР 2021 русский язык 4 класс.xlsx", data).reading.works
    older = read(tmp_path, "c/ВПР 2021 русский язык 5 класс.xlsx", data).reading.works
    assert maths.rows["pupil_id"].tolist() == russian.rows["pupil_id"].tolist()
    assert maths.rows["pupil_id"].tolist() != older.rows["pupil_id"].tolist()


def test_pupils_of_autumn_are_known_by_their_own_grade(tmp_path):
    row = (SCHOOL, 50001, "4", "ж", "б", "1", "", 3, "1", "2", "X")
    autumn = read(tmp_path, "2020/4/Математика.xlsx", xlsx({"Sheet1": rows_2020(row)})).reading.works
    expected = Pseudonymiser(KEY).pupil_ids(["edu990001"], 5, ["50001"], "vpr-2020-autumn")
    assert autumn.rows["pupil_id"].tolist() == expected
