"""Reading as a whole: pickled in and out, guarded against faults of a reader, duplicates named once."""

import pickle

import pytest

from oko_pipeline.collection import reading as reading_module
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.layout import Workbook
from oko_pipeline.collection.reading import (
    ReadOptions,
    duplicate_files,
    duplicate_finding,
    layout_title,
    read_source,
)
from oko_pipeline.collection.registry_of_layouts import LAYOUTS
from oko_pipeline.collection.source_files import open_workbook
from oko_pipeline.quality import findings_frame
from tests.unit.collection.workbooks import (
    F1_NAME,
    GOOD_2021,
    KEY,
    book_2021,
    f1_book,
    form_book,
    read,
    rows_2020,
    rows_2022,
    rule_cells,
    xlsx,
)

NAME = "2021/4 класс Математика.xlsx"


def test_reading_travels_between_processes(tmp_path):
    (tmp_path / "4 класс Математика 2021.xlsx").write_bytes(book_2021(GOOD_2021))
    (file,) = scan_inbox(tmp_path)
    sent = pickle.loads(pickle.dumps((tmp_path, file, ReadOptions(KEY))))  # noqa: S301 - our own bytes
    result = read_source(*sent)
    back = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own bytes
    assert back.reading.works.rows.equals(result.reading.works.rows)
    assert (back.path, back.status, back.file_sha256) == (result.path, "accepted", result.file_sha256)


def test_options_do_not_show_the_key():
    assert "tests only" not in repr(ReadOptions(KEY))


def test_a_fault_of_a_reader_is_a_finding(tmp_path, monkeypatch):
    class Faulty:
        code = "faulty"
        version = "1"
        title_ru = "Форма"

        def recognise(self, workbook: Workbook) -> bool:
            return True

        def read(self, workbook, context):
            return {}["нет"]

    monkeypatch.setattr(reading_module, "recognise", lambda workbook: Faulty())
    result = read(tmp_path, NAME, book_2021(GOOD_2021))
    assert (result.status, result.layout_code) == ("refused", "faulty")
    assert rule_cells(result) == {("reader.fault", None)}


def test_equal_contents_are_named_once(tmp_path):
    first = read(tmp_path / "1", "а/4 класс Математика 2021.xlsx", book_2021(GOOD_2021))
    second = read(tmp_path / "2", "б/4 класс Математика 2021.xlsx", book_2021(GOOD_2021))
    duplicates = duplicate_files([second, first])
    assert duplicates == {second.path: first.path}
    finding = duplicate_finding(second.path, first.path, second.file_sha256)
    assert first.path in finding.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (xlsx({"Sheet1": rows_2020(("sch990001", 50001, "4", "ж", "б", "1", "", 3, 1, 2, 0))}), "raw_2020"),
        (book_2021(GOOD_2021), "raw_2021"),
        (xlsx({"Протокол": rows_2022(("edu990001", "10.03.2022", 1, 1, 1, 2, 3, "А", "ж", 4, 6))}), "raw_2022"),
        (form_book((40001, 1, 1, 2, 3, 1, 4, 6)), "blank_form"),
        (f1_book(("edu990001", 1, [(40001, 1, 1, 1, 2, 3, 6, 5, 4)])), "individual_results"),
    ],
)
def test_exactly_one_layout_recognises_a_workbook(data, code):
    workbook = open_workbook(data, F1_NAME, ReadOptions(KEY).limits).workbook
    assert [layout.code for layout in LAYOUTS if layout.recognise(workbook)] == [code]


def test_layouts_have_distinct_codes_and_titles():
    assert len({layout.code for layout in LAYOUTS}) == len(LAYOUTS)
    assert layout_title("raw_2021") == "Выгрузка результатов ВПР, весна 2021"
    assert layout_title(None) != layout_title("unknown")


def test_findings_fit_their_table(tmp_path):
    result = read(tmp_path, NAME, book_2021(GOOD_2021, ("", "4", "x", "q", "б", "z", "-", "?", "", "")))
    frame = findings_frame(result.reading.findings, "2020-2021", "file:1")
    assert len(frame) == len(result.reading.findings) > 0
    assert frame["mend"].str.len().min() > 10
