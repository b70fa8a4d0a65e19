"""What comes of a filled form: typed rows of registers, the school, and nothing of people but a pseudonym."""

from pathlib import Path

import pandas as pd

from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.collection.record_assembly import RecordFragment, assemble_records
from tests.unit.collection.forms.filled import (
    GRADES,
    MEETING,
    MUNICIPALITY,
    PASSPORT,
    SCHOOL,
    TASK,
    YEAR,
    fill,
    read_bytes,
    told,
    write,
)
from tests.unit.collection.forms.test_written_forms import PREVIOUS
from tests.unit.collection.workbooks import xlsx


def _read(tmp_path: Path, form: str, sheets: dict, owner: str = SCHOOL, previous: dict | None = None):
    blank = write(tmp_path / "forms", form, owner, previous).read_bytes()
    return read_bytes(tmp_path / "inbox", fill(blank, sheets))


def test_values_are_stored_as_the_contract_says(tmp_path: Path) -> None:
    reading = _read(tmp_path, "tasks", {"Дела": TASK, "Встречи": MEETING})
    assert (reading.status, reading.layout_code, reading.reading.school_year) == ("accepted", "record_form", YEAR)
    row = reading.reading.records["tasks"].drop(columns="municipality_code").iloc[0].to_dict()
    assert row == {
        "source_sheet": "Дела", "source_row": 5, "school_key": SCHOOL,
        "task_number": "1", "title": "Курсы для учителей", "kind": "help", "subject": "mathematics", "grade": 5,
        "starts_on": "2025-09-15", "ends_on": "2026-05-20", "is_paid": True, "people_count": 40, "girls_count": 20,
        "boys_count": 15, "all_count": 35, "success_percent": 85.5, "cost_thousand": 12.5, "decision_ref": "Р-1; Р-2",
        "evidence_link": "https://school.example.ru/doc.pdf", "note": "Помочь новым учителям", "stage": "running",
    }  # fmt: skip


def test_rows_assemble_into_the_register(tmp_path: Path) -> None:
    reading = _read(tmp_path, "tasks", {"Дела": TASK, "Встречи": MEETING}).reading
    for name, rows in reading.records.items():
        fragment = RecordFragment("sha", "file.xlsx", "record_form", "2026-06-01", rows)
        codes = dict(zip(reading.tables["school_mentions"]["source_key"], ["edu990001"], strict=True))
        table = record_tables()[name]
        assembled = assemble_records(record_contracts()[name], table.key, [fragment], YEAR, codes)
        assert len(assembled.rows) == 1
        assert assembled.rows["school_code"].tolist() == ["edu990001"]
        assert assembled.findings == []


def test_answers_may_be_typed_loosely(tmp_path: Path) -> None:
    loose = {
        "C5": " Методическая  Помощь ", "D5": "по математике", "E5": "5 класс", "H5": "+", "I5": "1 200", "J5": "7,0",
        "K5": None, "L5": None, "M5": "85,5 %", "N5": "12,5", "P5": "school.example.ru/doc", "R5": "running",
    }  # fmt: skip
    reading = _read(tmp_path, "tasks", {"Дела": {**TASK, **loose}})
    assert told(reading) == []
    row = reading.reading.records["tasks"].iloc[0]
    assert (row["kind"], row["subject"], row["grade"], row["is_paid"]) == ("help", "mathematics", 5, True)
    assert (row["people_count"], row["girls_count"], row["success_percent"]) == (1200, 7, 85.5)
    assert row["stage"] == "running"


def test_yes_and_no_in_their_usual_spellings(tmp_path: Path) -> None:
    for text, value in (("Да", True), ("+", True), (1, True), ("1", True), ("нет", False), ("-", False), (0, False)):
        rows = _read(tmp_path, "tasks", {"Дела": {**TASK, "H5": text}}).reading.records["tasks"]
        assert rows["is_paid"].tolist() == [value]


def test_bad_optional_cell_empties_the_cell_and_bad_key_puts_the_row_aside(tmp_path: Path) -> None:
    reading = _read(tmp_path, "tasks", {"Дела": {**TASK, "I5": "много", "A6": "2", "B6": None, "C6": "контроль"}})
    content = reading.reading
    assert (content.read_rows_count, content.accepted_rows_count, content.quarantined_rows_count) == (2, 1, 1)
    assert content.records["tasks"]["people_count"].isna().tolist() == [True]


def test_unfilled_form_is_empty_and_no_error(tmp_path: Path) -> None:
    for form in ("tasks", "passport", "people"):
        reading = read_bytes(tmp_path / "inbox", write(tmp_path / "forms", form).read_bytes())
        assert (reading.status, told(reading)) == ("empty", [("file.empty", None, None)])


def test_offered_rows_count_when_confirmed_or_changed_only(tmp_path: Path) -> None:
    reading = _read(tmp_path, "tasks", {"Дела": {"A5": "верно"}}, previous=PREVIOUS)
    assert reading.reading.records["tasks"]["task_number"].tolist() == ["=1+1"]
    assert told(reading) == [("form.unconfirmed", "Дела", "A6")]
    assert (reading.reading.read_rows_count, reading.reading.quarantined_rows_count) == (2, 1)
    changed = _read(tmp_path, "tasks", {"Дела": {"C6": "Иное дело"}}, previous=PREVIOUS)
    assert changed.reading.records["tasks"]["title"].tolist() == ["Иное дело"]


def test_form_of_offered_rows_alone_is_not_filled(tmp_path: Path) -> None:
    reading = _read(tmp_path, "tasks", {}, previous=PREVIOUS)
    assert reading.status == "empty"
    assert reading.reading.records == {}
    assert told(reading).count(("form.unconfirmed", "Дела", "A5")) == 1


def test_preset_rows_left_blank_are_no_rows(tmp_path: Path) -> None:
    reading = _read(tmp_path, "passport", {"Паспорт": PASSPORT, "Контингент": GRADES})
    assert told(reading) == []
    assert reading.reading.records["grades_table"]["grade"].tolist() == [1]


def test_upright_register_is_one_row(tmp_path: Path) -> None:
    rows = _read(tmp_path, "passport", {"Паспорт": PASSPORT}).reading.records["passport"]
    assert rows[["pupils_count", "poor_count", "is_hard", "checked_on"]].to_numpy().tolist() == [
        [500, 40, False, "2025-09-20"]
    ]


def test_municipality_names_the_school_of_a_row_or_none(tmp_path: Path) -> None:
    sheets = {"Дела": {"A5": "1", "B5": "edu990002 | МБОУ СОШ № 2", "C5": "Помощь", "A6": "2", "C6": "Для всех"}}
    reading = _read(tmp_path, "tasks", sheets, MUNICIPALITY)
    rows = reading.reading.records["tasks"]
    assert rows["school_key"].isna().tolist() == [False, True]
    assert rows["school_key"].iloc[0] == "edu990002"
    assert rows["municipality_code"].tolist() == [MUNICIPALITY] * 2
    mentions = reading.reading.tables["school_mentions"]
    assert mentions[["source_key", "school_code", "school_name"]].to_numpy().tolist() == [
        ["edu990002", "edu990002", "МБОУ СОШ № 2"]
    ]


def test_form_is_known_by_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    blank = write(tmp_path / "forms", "tasks").read_bytes()

    def rename(book: object) -> None:
        book["Дела"].title = "Лист с делами"  # pyright: ignore[reportIndexIssue]

    reading = read_bytes(tmp_path / "inbox", fill(blank, {"Дела": TASK}, rename), "Копия Копия (3).xlsx")
    assert told(reading) == []
    assert reading.reading.records["tasks"]["source_sheet"].tolist() == ["Лист с делами"]


def test_people_leave_nothing_but_a_pseudonym(tmp_path: Path) -> None:
    person = {"A5": "Ёлкина", "B5": "Анна", "C5": "Петровна", "D5": "04.03.2012", "E5": "Физика", "F5": 7, "G5": 5}
    same = {"A6": "елкина ", "B6": "Анна", "C6": "петровна", "D6": "2012-03-04", "E6": "Химия", "F6": 7, "G6": 6}
    reading = _read(tmp_path, "people", {"Участники": {**person, **same}})
    rows = reading.reading.records["talents"]
    assert len(set(rows["person_id"])) == 1
    assert rows["person_id"].str.fullmatch(r"[0-9a-f]{32}").all()
    assert set(rows.columns) == {
        "source_sheet", "source_row", "school_key", "municipality_code", "person_id", "subject", "grade", "score",
        "award",
    }  # fmt: skip
    everything = rows.to_json(force_ascii=False).lower()
    assert not any(name in everything for name in ("лкина", "анна", "04.03", "2012-03"))


def test_findings_never_repeat_personal_data(tmp_path: Path) -> None:
    text = "Отвечает Иванова Анна Петровна, тел. 8 900 123-45-67"
    person = {"A5": "Иванова", "B5": "Анна", "D5": "04.03.2012", "E5": "Иванова", "F5": "Анна", "H5": "Петровна"}
    for reading in (
        _read(tmp_path, "tasks", {"Дела": {**TASK, "Q5": text, "O5": text, "P5": text, "C5": "Иванова Анна"}}),
        _read(tmp_path, "people", {"Участники": person}),
    ):
        assert reading.reading.findings
        shown = " ".join(str(finding) for finding in reading.reading.findings)
        assert not any(part in shown for part in ("Иванов", "Анна", "Петровн", "8 900", "123-45"))


def test_text_keeps_what_is_left_after_a_contact(tmp_path: Path) -> None:
    rows = _read(tmp_path, "tasks", {"Дела": {**TASK, "Q5": "Справки: тел. 8 900 123-45-67"}}).reading.records["tasks"]
    assert rows["note"].tolist() == ["Справки"]


def test_older_version_is_read_and_the_newer_column_is_empty(tmp_path: Path) -> None:
    blank = write(tmp_path / "forms", "tasks").read_bytes()

    def older(book: object) -> None:
        book["Дела"].delete_cols(18)  # pyright: ignore[reportIndexIssue]
        book["Дела"]["B4"] = "Наименование дела"  # pyright: ignore[reportIndexIssue]
        for row in book["_oko"].iter_rows(max_col=2):  # pyright: ignore[reportIndexIssue]
            if row[0].value == "form_version":
                row[1].value = "1"

    reading = read_bytes(tmp_path / "inbox", fill(blank, {"Дела": TASK}, older))
    assert told(reading) == [("form.older_version", "Дела", "A4")]
    rows = reading.reading.records["tasks"]
    assert rows["stage"].isna().all()
    assert rows["title"].tolist() == ["Курсы для учителей"]


def test_reading_is_repeatable(tmp_path: Path) -> None:
    first = _read(tmp_path, "people", {"Участники": {"A5": "Иванова", "B5": "Анна", "E5": "Физика", "F5": 7}})
    second = _read(tmp_path, "people", {"Участники": {"A5": "Иванова", "B5": "Анна", "E5": "Физика", "F5": 7}})
    pd.testing.assert_frame_equal(first.reading.records["talents"], second.reading.records["talents"])


def test_same_number_of_a_school_and_of_its_municipality_are_two_rows(tmp_path: Path) -> None:
    own = _read(tmp_path, "tasks", {"Дела": TASK})
    about = _read(tmp_path, "tasks", {"Дела": {"A5": "1", "B5": "edu990001 | СОШ", "C5": "Помощь"}}, MUNICIPALITY)
    fragments = [
        RecordFragment(name, f"{name}.xlsx", "record_form", date, reading.reading.records["tasks"])
        for name, date, reading in (("school", "2026-06-01", own), ("municipality", "2026-06-02", about))
    ]
    contract, key = record_contracts()["tasks"], record_tables()["tasks"].key
    assembled = assemble_records(contract, key, fragments, YEAR, {SCHOOL: SCHOOL})
    assert sorted(assembled.rows["title"]) == ["Курсы для учителей", "Помощь"]
    assert assembled.findings == []


def test_foreign_workbook_with_a_sheet_of_that_name_is_no_form(tmp_path: Path) -> None:
    reading = read_bytes(tmp_path, xlsx({"_oko": [["заметки"]], "Лист1": [["привет", "мир"]]}))
    assert reading.status == "unknown"
