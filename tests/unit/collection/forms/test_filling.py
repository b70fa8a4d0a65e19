"""Answers typed into a blank form are read as a person's; the blank itself stays as it was handed out."""

import io
from datetime import date

import openpyxl
import pytest

from oko_pipeline.catalogue.records import record_forms
from oko_pipeline.collection.forms.filling import answer_places, type_into
from oko_pipeline.collection.forms.writer import blank_forms
from tests.unit.collection.forms.filled import MUNICIPALITIES, SCHOOLS, YEAR, read_bytes, told


def blank(form_code="tasks"):
    forms = blank_forms(YEAR, SCHOOLS, MUNICIPALITIES, {}, [SCHOOLS["school_code"][0]])
    return next(one for one in forms if one.form.form_code == form_code)


def sheet_of(content, name):
    return openpyxl.load_workbook(io.BytesIO(content))[name]


def test_typed_cells_keep_the_look_of_their_columns_and_every_other_cell_stays():
    form = blank()
    [name, *_] = [table.sheet_ru for table in form.form.tables]
    before = sheet_of(form.content, name)
    after = sheet_of(type_into(form.content, {name: {(4, 0): "1", (4, 5): date(2025, 9, 15), (6, 8): 40}}), name)
    assert (after["A5"].value, after["F5"].value.date(), after["I7"].value) == ("1", date(2025, 9, 15), 40)
    assert after["F5"].number_format == "dd.mm.yyyy"
    assert not after["F5"].protection.locked
    assert [cell.value for cell in after[4]] == [cell.value for cell in before[4]]
    assert len(after.data_validations.dataValidation) == len(before.data_validations.dataValidation)


def test_signs_of_markup_are_typed_as_they_are():
    form = blank()
    [name, *_] = [table.sheet_ru for table in form.form.tables]
    text = 'Школа «<№ 1 & "2">» = лучшая'
    assert sheet_of(type_into(form.content, {name: {(4, 1): text}}), name)["B5"].value == text


def test_a_cell_may_be_emptied():
    form = blank()
    [name, *_] = [table.sheet_ru for table in form.form.tables]
    assert sheet_of(type_into(form.content, {name: {(3, 0): None}}), name)["A4"].value is None


def test_equal_answers_give_equal_bytes():
    form = blank()
    [name, *_] = [table.sheet_ru for table in form.form.tables]
    assert type_into(form.content, {name: {(4, 0): "1"}}) == type_into(form.content, {name: {(4, 0): "1"}})


def test_an_unknown_sheet_is_a_mistake():
    with pytest.raises(KeyError):
        type_into(blank().content, {"Лист, которого нет": {(0, 0): 1}})


def test_stored_rows_are_typed_as_their_labels_and_read_back(tmp_path):
    form = blank("passport")
    upright = next(table for table in form.form.tables if not table.key)
    row = {column.name: _value(column) for column in upright.columns if column.required}
    typed = answer_places(form.form, "school", YEAR, {upright.name: [row]})
    reading = read_bytes(tmp_path, type_into(form.content, typed))
    assert [one for one in told(reading) if one[1] == upright.sheet_ru] == []
    [read] = reading.reading.records[upright.name].to_dict("records")
    assert {name: read[name] for name in row} == row


def _value(column):
    if column.type == "boolean":
        return True
    return next(iter(column.choices), 7)


def test_no_form_of_the_catalogue_is_left_out():
    assert {one.form.form_code for one in blank_forms(YEAR, SCHOOLS, MUNICIPALITIES, {})} == {
        code for code, form in record_forms().items() if form.is_handed_out
    }
