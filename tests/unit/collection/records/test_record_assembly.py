"""A year's register from many files: linked, newest first, nothing twice, nothing lost."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.columns import FILE, SOURCE_ROW, SOURCE_SHEET, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Table
from oko_pipeline.collection.record_assembly import RecordFragment, assemble_records

TABLE = Table(
    "contests",
    "Конкурсы",
    "участие",
    "collection",
    key=("school_year", "record_id"),
    columns=(
        YEAR,
        Column("record_id", ColumnType.TEXT, "ключ"),
        Column("school_code", ColumnType.TEXT, "код", nullable=True),
        Column("school_key", ColumnType.TEXT, "ключ файла", nullable=True),
        Column("contest", ColumnType.TEXT, "конкурс", nullable=True),
        Column("winners", ColumnType.INTEGER, "победители", nullable=True),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
)
CODES = {"sch990001": "edu990001", "edu990001": "edu990001", "СОШ № 2": "edu990002"}


def fragment(sha, rows, *, submitted="2026-01-01T00:00:00Z", layout="record_export"):
    frame = pd.DataFrame(rows, columns=["school_key", "contest", "winners"])
    frame = frame.assign(source_sheet="Лист1", source_row=range(2, 2 + len(frame)))
    return RecordFragment(sha, f"{sha}.xlsx", layout, submitted, frame)


def assemble(*fragments):
    return assemble_records(TABLE, ["contest"], fragments, "2025-2026", CODES)


def test_a_school_is_the_same_under_each_of_its_keys():
    made = assemble(fragment("a", [("sch990001", "Зима", 1)]), fragment("b", [("edu990001", "Зима", 1)]))
    assert made.rows["school_code"].tolist() == ["edu990001"]
    assert [finding.rule_id for finding in made.findings] == ["records.repeated"]


def test_a_newer_row_replaces_an_older_one_whatever_the_order_of_files():
    old = fragment("z", [("edu990001", "Зима", 1)], submitted="2026-01-01T00:00:00Z")
    new = fragment("a", [("edu990001", "зима ", 3)], submitted="2026-02-01T00:00:00Z")
    for order in ((old, new), (new, old)):
        made = assemble(*order)
        assert made.rows["winners"].tolist() == [3]
        assert [(finding.rule_id, finding.file_path) for finding in made.findings] == [("records.replaced", "z.xlsx")]


def test_rows_with_other_keys_stand_side_by_side():
    made = assemble(fragment("a", [("edu990001", "Зима", 1), ("edu990001", "Весна", None), ("СОШ № 2", "Зима", 2)]))
    assert sorted(zip(made.rows["school_code"], made.rows["contest"], strict=True)) == [
        ("edu990001", "Весна"),
        ("edu990001", "Зима"),
        ("edu990002", "Зима"),
    ]
    assert made.findings == []


def test_a_form_sent_anew_replaces_the_whole_earlier_form_of_that_school_only():
    first = fragment("a", [("edu990001", "Зима", 1), ("edu990001", "Весна", 1)], layout="record_form")
    other = fragment("b", [("СОШ № 2", "Зима", 5)], layout="record_form")
    again = fragment("c", [("edu990001", "Весна", 2)], submitted="2026-03-01T00:00:00Z", layout="record_form")
    made = assemble(first, other, again)
    assert sorted(zip(made.rows["school_code"], made.rows["contest"], made.rows["winners"], strict=True)) == [
        ("edu990001", "Весна", 2),
        ("edu990002", "Зима", 5),
    ]


def test_rows_of_the_municipality_have_no_school_and_no_finding():
    made = assemble(fragment("a", [(None, "Зима", 1)]))
    assert made.rows["school_code"].isna().all()
    assert made.findings == []


def test_an_unknown_school_is_kept_and_told_once_a_file():
    made = assemble(fragment("a", [("СОШ Неизвестная", "Зима", 1), ("СОШ Неизвестная", "Весна", 1)]))
    assert len(made.rows) == 2
    [finding] = made.findings
    assert (finding.rule_id, finding.row) == ("records.school_unlinked", 2)
    assert "строк — 2" in finding.message


def test_a_row_keeps_its_id_from_file_to_file_and_from_year_to_year_of_reading():
    first = assemble(fragment("a", [("edu990001", "Зима", 1)])).rows["record_id"].item()
    again = assemble(fragment("b", [("sch990001", "Зима", 9)], submitted="2027-01-01T00:00:00Z")).rows["record_id"]
    assert again.item() == first


@pytest.mark.parametrize("fragments", [[], [fragment("a", [])]])
def test_no_rows_make_an_empty_table(fragments):
    made = assemble(*fragments)
    assert made.rows.empty
    assert list(made.rows.columns) == list(TABLE.column_names)
