"""The crosswalk file: handed out with what is unmatched, filled by a person, read with faults by cell."""

from datetime import date

import pandas as pd
import pytest
from openpyxl import load_workbook

from oko_pipeline.catalogue.tables import SCHOOL_CROSSWALK, SCHOOL_MENTIONS
from oko_pipeline.collection.layout import Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.school_links import SchoolLinks
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.collection.school_links import LINK_COLUMNS, write_links_form
from oko_pipeline.collection.schools import build_schools

CONTEXT = SourceContext(
    "соответствия.xlsx", "0" * 64, "2026-01-01T00:00:00+00:00", Pseudonymiser(b"a key of the tests only")
)
ACT = "Постановление администрации от 01.08.2022 № 345"
GOOD = [
    "МБОУ «Центр «Маяк»",
    "Верхнеский район",
    "edu990001",
    "переименование",
    "01.09.2022",
    None,
    ACT,
    "методист",
    "05.09.2022",
]


def read(*rows):
    book = Workbook((Sheet("Соответствия ОО", [list(LINK_COLUMNS), *[list(row) for row in rows]]),))
    layout = recognise(book)
    assert isinstance(layout, SchoolLinks)
    return layout.read(book, CONTEXT)


def changed(**cells):
    letters = "ABCDEFGHI"
    return [cells.get(letter, value) for letter, value in zip(letters, GOOD, strict=True)]


def test_a_good_row_is_read_and_serves_every_year():
    reading = read(GOOD, changed(A="sch990002", D="Слияние", E=date(2022, 9, 1)))
    assert (reading.school_year, reading.findings, reading.accepted_rows_count) == (None, [], 2)
    rows = reading.tables["school_links"].to_dict("records")
    assert [row["change_kind"] for row in rows] == ["rename", "merger"]
    assert (rows[0]["valid_from"], rows[0]["basis"], rows[0]["confirmed_on"]) == ("2022-09-01", ACT, "2022-09-05")


@pytest.mark.parametrize(
    ("cells", "rule", "cell"),
    [
        ({"A": None}, "link.key_missing", "A2"),
        ({"C": "МБОУ СОШ № 1"}, "link.school_code_invalid", "C2"),
        ({"C": None}, "link.school_code_invalid", "C2"),
        ({"D": "закрытие"}, "link.kind_unknown", "D2"),
        ({"E": "осенью"}, "link.date_invalid", "E2"),
        ({"E": None}, "link.date_invalid", "E2"),
        ({"F": "01.09.2021"}, "link.date_invalid", "F2"),
        ({"G": "—"}, "link.basis_missing", "G2"),
        ({"H": None}, "link.not_confirmed", "H2"),
        ({"I": None}, "link.not_confirmed", "I2"),
        ({"I": "вчера"}, "link.date_invalid", "I2"),
    ],
)
def test_a_fault_is_told_with_its_cell_and_the_row_is_left_out(cells, rule, cell):
    reading = read(changed(**cells), GOOD)
    assert [(one.rule_id, one.cell) for one in reading.findings] == [(rule, cell)]
    assert (reading.read_rows_count, reading.accepted_rows_count, reading.quarantined_rows_count) == (2, 1, 1)
    assert len(reading.tables["school_links"]) == 1


def test_another_spelling_needs_no_act():
    assert read(changed(D="то же, иное написание", E=None, G=None)).findings == []


@pytest.mark.parametrize("role", ["методист Петрова А. И.", "Петрова Анна Ивановна", "директор А.И. Петрова"])
def test_names_of_people_do_not_pass(role):
    reading = read(changed(H=role, G=f"{ACT}, {role}"))
    shown = reading.tables["school_links"].to_json(force_ascii=False) + str(reading.findings)
    assert "Петров" not in shown
    assert {"link.personal_data"} <= {one.rule_id for one in reading.findings}


def test_a_repeated_row_counts_once():
    reading = read(GOOD, GOOD)
    assert [(one.rule_id, one.cell) for one in reading.findings] == [("link.repeated", "A3")]
    assert len(reading.tables["school_links"]) == 1


def test_keys_that_are_not_answered_yet_are_no_fault():
    assert read(["Маяк", "Верхнеский район"], ["Прибой"]).read_rows_count == 0


def test_the_form_lists_the_unmatched_and_comes_back(tmp_path):
    empty = dict.fromkeys(SCHOOL_MENTIONS.column_names) | {"school_year": "2022-2023", "rows_count": 1}
    place = {"municipality_source": "Верхнеский район", "municipality_name": "Верхнеский район"}
    rows = [
        empty
        | place
        | {"file_sha256": "a", "source_key": "edu990001", "school_code": "edu990001", "school_name": "МБОУ СОШ № 1"},
        empty | place | {"file_sha256": "b", "source_key": "МБОУ СОШ № 2"},
    ]
    mentions = SCHOOL_MENTIONS.conform(pd.DataFrame(rows))
    made = build_schools(mentions, "2022-2023")
    path = tmp_path / "соответствия.xlsx"
    assert write_links_form(path, made.school_crosswalk, made.school_link_candidates, mentions) == 1
    book = load_workbook(path)
    sheet = book["Соответствия ОО"]
    assert [cell.value for cell in sheet[2]][:2] == ["МБОУ СОШ № 2", "Верхнеский район"]
    filled = changed(A=sheet["A2"].value, D="то же, иное написание", E=None, G=None)
    links = read(filled).tables["school_links"].assign(school_year="*", file_sha256="c")
    again = build_schools(mentions, "2022-2023", links)
    assert list(again.school_crosswalk.columns) == list(SCHOOL_CROSSWALK.column_names)
    assert set(again.school_crosswalk["method"]) == {"login", "confirmed"}
    assert again.school_link_candidates.empty
