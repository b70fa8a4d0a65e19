"""Invented rows of registers obey the rules of their own descriptions, and are the same in every run."""

import pytest

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.collection.forms.values import date_window
from oko_pipeline.sample.registers import RegisterWorld, invented_names, register_rows


def world(seed=1):
    return RegisterWorld(seed, "2025-2026", "edu990001", "СОШ № 1")


@pytest.mark.parametrize("name", sorted(record_tables()))
def test_rows_are_lawful(name):
    table = record_tables()[name]
    rows = register_rows(table, world())
    assert rows
    for row in rows:
        for column in table.columns:
            if column.school:
                continue
            if column.name not in row and not column.required:
                continue
            value = row[column.name]
            if column.at_most in row:
                assert value <= row[column.at_most], (column.name, row)
            if column.total_of:
                assert value == sum(row.get(part, 0) for part in column.total_of)
            if column.choices:
                assert value in column.choices
            if column.type == "date" and column.personal is None:
                first, last = date_window(column, "2025-2026")
                assert first <= value <= last
    keys = [tuple(row[key] for key in table.key) for row in rows]
    assert table.person is not None or len(set(keys)) == len(keys)


def test_equal_seeds_give_equal_rows_and_others_do_not():
    table = record_tables()["measures"]
    assert register_rows(table, world()) == register_rows(table, world())
    assert register_rows(table, world()) != register_rows(table, world(seed=2))


def test_references_name_rows_that_exist():
    made = world()
    directions = {row["decision_number"]: row["direction"] for row in register_rows(record_tables()["decisions"], made)}
    measures = [row for row in register_rows(record_tables()["measures"], made) if "decision_ref" in row]
    assert measures
    assert [row["direction"] for row in measures] == [directions[row["decision_ref"]] for row in measures]


def test_people_are_invented():
    rows = register_rows(record_tables()["staff_list"], world())
    text = " ".join(str(value) for row in rows for value in row.values())
    assert sum(surname in text for surname in invented_names()["surname"]) > 3
