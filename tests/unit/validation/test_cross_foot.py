"""Counts add up from class to all; whatever is changed in one place is found and named."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.validation.cross_foot import CROSS_FEET, CrossFoot, cross_foot, shares_sum_to_one

WHOLE = CrossFoot("t", ("assessment_id",), ("participants_count", "mark_2_count"), is_complete=True)
PART = CrossFoot("t", ("assessment_id",), ("participants_count", "mark_2_count"), is_complete=False)
SCHOOLS = pd.DataFrame(
    {
        "school_code": ["s1", "s2", "s3"],
        "municipality_code": ["m1", "m1", "m2"],
        "region_code": ["99", "99", "99"],
    }
)
LEVELS = ["class", "class", "school", "school", "school", "municipality", "municipality", "region", "all"]
CODES = ["s1|а", "s1|б", "s1", "s2", "s3", "m1", "m2", "99", "all"]
COUNTS = [5, 6, 11, 4, 8, 15, 8, 23, 23]


def table(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "assessment_id": "a",
            "unit_level": LEVELS,
            "unit_code": CODES,
            "participants_count": pd.array(COUNTS, dtype="Int64"),
            "mark_2_count": pd.array([1, 1, 2, 0, 1, 2, 1, 3, 3], dtype="Int64"),
        }
    )
    for code, count in changes.items():
        frame.loc[frame["unit_code"] == CODES[int(code.removeprefix("row_"))], "participants_count"] = count
    return frame


def test_a_sound_table_adds_up() -> None:
    found = cross_foot(table(), SCHOOLS, WHOLE)
    assert found.faults == ()
    # Of the schools only s1 has classes: 1 + 2 + 1 + 1 units above others, two counts each.
    assert found.compared_count == 10


@pytest.mark.parametrize("row", range(len(CODES)))
@pytest.mark.parametrize("step", [-1, 1])
def test_any_changed_count_is_found(row, step) -> None:
    assert cross_foot(table(**{f"row_{row}": COUNTS[row] + step}), SCHOOLS, WHOLE).faults


def test_the_fault_names_unit_count_and_both_numbers() -> None:
    assert cross_foot(table(row_8=24), SCHOOLS, WHOLE).faults == (
        "a, все ОО all: participants_count — 24, в сумме частей (регионы) — 23",
    )
    assert cross_foot(table(row_2=12, row_5=16, row_7=24, row_8=24), SCHOOLS, WHOLE).faults == (
        "a, ОО s1: participants_count — 12, в сумме частей (классы) — 11",
    )


def test_a_school_moved_to_another_municipality_is_found() -> None:
    moved = SCHOOLS.assign(municipality_code=["m1", "m2", "m2"])
    # The moved school has no «2»: only the participants of both municipalities differ.
    assert len(cross_foot(table(), moved, WHOLE).faults) == 2


def test_where_some_rows_have_no_place_only_less_than_the_parts_is_a_fault() -> None:
    assert cross_foot(table(row_8=30), SCHOOLS, PART).faults == ()
    assert cross_foot(table(row_8=22), SCHOOLS, PART).faults == (
        "a, все ОО all: participants_count — 22, в сумме частей (регионы) — 23",
    )


def test_a_unit_with_parts_and_no_row_of_its_own_is_found() -> None:
    without = table().query("unit_code != 'm2'")
    faults = cross_foot(without, SCHOOLS, PART).faults
    assert faults == ("a, муниципалитеты m2: строки нет, а части (ОО) есть",)


def test_a_level_without_rows_is_passed_over() -> None:
    plain = table().query("unit_level in ('school', 'all')")
    assert cross_foot(plain, SCHOOLS, WHOLE).faults == ()
    assert len(cross_foot(plain.assign(participants_count=[11, 4, 8, 24]), SCHOOLS, WHOLE).faults) == 1


def test_unknown_counts_are_not_compared() -> None:
    frame = table()
    frame.loc[frame["unit_code"] == "s3", "mark_2_count"] = pd.NA
    frame.loc[frame["unit_code"] == "m2", "mark_2_count"] = pd.NA
    frame.loc[frame["unit_code"] == "99", "mark_2_count"] = 77
    frame.loc[frame["unit_code"] == "all", "mark_2_count"] = 77
    found = cross_foot(frame, SCHOOLS, WHOLE)
    assert found.faults == ()
    assert found.compared_count == 8


def test_groups_are_compared_apart() -> None:
    both = pd.concat([table(), table(row_8=24).assign(assessment_id="b")], ignore_index=True)
    assert [fault[0] for fault in cross_foot(both, SCHOOLS, WHOLE).faults] == ["b"]


def test_an_empty_table_has_nothing_to_add_up() -> None:
    assert cross_foot(table().iloc[:0], SCHOOLS, WHOLE).compared_count == 0


def test_rules_name_columns_of_their_tables() -> None:
    for rule in CROSS_FEET:
        names = all_tables()[rule.table].column_names
        assert {*rule.keys, *rule.counts, "unit_level", "unit_code"} <= set(names)
        assert {*rule.keys, "unit_level", "unit_code", "school_year"} == set(all_tables()[rule.table].key)


def test_shares_of_a_group_sum_to_one() -> None:
    frame = pd.DataFrame({"unit": ["x", "x", "y", "z"], "share": [0.4, 0.6, 1.0, None], "n": [4, 6, 3, 0]})
    assert shares_sum_to_one(frame, ["unit"], "share", "n").faults == ()
    assert shares_sum_to_one(frame, ["unit"], "share", "n").compared_count == 2
    wrong = shares_sum_to_one(frame.assign(share=[0.4, 0.5, 1.0, None]), ["unit"], "share", "n")
    assert wrong.faults == ("x: доли в сумме дают 0.9000",)
    assert shares_sum_to_one(frame.assign(share=[None, None, 1.0, None]), ["unit"], "share", "n").faults != ()
