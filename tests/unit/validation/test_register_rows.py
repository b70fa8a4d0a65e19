"""Rows of registers obey their descriptions: invented ones do, and each way of breaking one is found."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.records import RecordTable, record_contracts, record_tables
from oko_pipeline.sample.registers import RegisterWorld, register_rows
from oko_pipeline.validation.register_rows import REGISTER_FLAGS
from oko_pipeline.validation.register_rows import register_rows as judged_rows


def frame_of(table: RecordTable) -> pd.DataFrame:
    """Return invented rows of a register as the store keeps them."""
    kept = [column.name for column in table.stored_columns]
    rows = pd.DataFrame(register_rows(table, RegisterWorld(3, "2025-2026", "edu990001", "СОШ № 1")))
    contract = record_contracts()[table.name]
    frame = pd.DataFrame({"school_code": pd.Series("edu990001", index=rows.index, dtype="str")})
    for name in kept:
        given = rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
        is_text = contract.column(name).type in {ColumnType.TEXT, ColumnType.DATE}
        frame[name] = given.astype("str") if is_text else given
    return frame


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return {name: frame_of(table) for name, table in record_tables().items()}


def broken(frames, name: str, column: str, value) -> set[str]:
    frame = frames[name].copy()
    frame[column] = frame[column].astype(object)
    frame.loc[0, column] = value
    judged = judged_rows({name: frame})
    return {flag for flag in REGISTER_FLAGS if not judged[flag].iloc[0]}


def test_invented_rows_of_all_registers_are_sound(frames) -> None:
    judged = judged_rows(frames)
    assert len(judged) == sum(map(len, frames.values()))
    assert set(judged["register"]) == set(record_tables())
    wrong = judged[~judged[list(REGISTER_FLAGS)].all(axis=1)]
    assert wrong.to_dict("records") == []


def columns_where(test):
    return [
        (name, column)
        for name, table in record_tables().items()
        for column in table.stored_columns
        if test(column) and column.name not in {c for other in table.columns for c in other.total_of}
    ]


def test_an_answer_off_the_list_is_found_in_every_register_with_lists(frames) -> None:
    found = columns_where(lambda column: column.choices)
    assert len(found) > 50
    for name, column in found:
        assert "is_choice_allowed" in broken(frames, name, column.name, "вне списка"), (name, column.name)


def test_numbers_off_their_bounds_are_found(frames) -> None:
    bounded = columns_where(lambda c: c.minimum is not None and c.type in {"integer", "number", "percent"})
    assert len(bounded) > 50
    for name, column in bounded:
        assert "is_within_limits" in broken(frames, name, column.name, column.minimum - 1), (name, column.name)
    for name, column in columns_where(lambda c: c.type == "grade"):
        assert "is_within_limits" in broken(frames, name, column.name, 13), (name, column.name)
    for name, column in columns_where(lambda c: c.type == "percent" and c.maximum in {None, 100.0}):
        assert "is_within_limits" in broken(frames, name, column.name, 101.0), (name, column.name)


def test_an_empty_required_cell_is_found(frames) -> None:
    required = columns_where(lambda column: column.required and not column.choices)
    assert len(required) > 20
    for name, column in required:
        assert broken(frames, name, column.name, None) == {"is_filled"}, (name, column.name)


def test_a_part_above_its_whole_is_found(frames) -> None:
    parts = columns_where(lambda column: column.at_most is not None)
    assert len(parts) > 20
    for name, column in parts:
        too_much = "2199-01-01" if column.type == "date" else frames[name][column.at_most].iloc[0] + 1
        assert "is_part_within_whole" in broken(frames, name, column.name, too_much), (name, column.name)


def test_a_total_that_is_no_sum_is_found_whichever_way_it_is_off(frames) -> None:
    totals = [(n, c) for n, t in record_tables().items() for c in t.stored_columns if c.total_of]
    assert totals
    for name, column in totals:
        whole = frames[name][column.name].iloc[0]
        for wrong in (whole - len(column.total_of), whole + len(column.total_of)):
            assert "is_total_true" in broken(frames, name, column.name, wrong), (name, column.name)


def test_a_total_of_parts_partly_unknown_must_only_not_be_less(frames) -> None:
    name, column = next((n, c) for n, t in record_tables().items() for c in t.stored_columns if c.total_of)
    frame = frames[name].iloc[[0]].copy()
    frame[[column.name, *column.total_of]] = frame[[column.name, *column.total_of]].astype(object)
    frame.loc[frame.index[0], [column.name, *column.total_of]] = [10, None, *[10] + [0] * (len(column.total_of) - 2)]
    assert judged_rows({name: frame})["is_total_true"].tolist() == [True]
    frame[column.name] = 9
    assert judged_rows({name: frame})["is_total_true"].tolist() == [False]


def test_registers_without_rows_are_left_out_and_none_at_all_is_an_empty_frame(frames) -> None:
    empty = judged_rows({name: frame.iloc[:0] for name, frame in frames.items()})
    assert len(empty) == 0
    assert {"register", "school_code", *REGISTER_FLAGS} == set(empty.columns)
