from dataclasses import replace

import pandas as pd
import pytest

from oko_pipeline.analysis.fingerprints import combine, works_fingerprint
from oko_pipeline.quality import CellMap
from oko_pipeline.works import TaskHeader, Works

PUPILS = [
    {"score": 5, "label": "а", "tasks": (1, 2)},
    {"score": None, "status": "absent", "sex": None, "label": None},
    {"score": 3, "label": "бв", "journal": 4, "tasks": (-1, 3)},
]


@pytest.fixture
def works(make_works):
    return make_works(PUPILS)


def with_value(works, row, column, value):
    rows = works.rows.copy()
    rows.loc[row, column] = value
    return replace(works, rows=rows)


def test_equal_works_have_equal_fingerprints(works, make_works):
    assert works_fingerprint(works) == works_fingerprint(make_works(PUPILS))
    assert len(works_fingerprint(works)) == 64


def test_the_fingerprint_is_the_one_of_earlier_versions(works):
    assert works_fingerprint(works) == "b5ef9f47748d1212a273c94f3107adbdcf99d6377b7991f695a6d144d9710314"


def test_the_store_and_joining_of_parts_change_nothing(works):
    stored = Works.from_arrow(works.to_arrow())
    parts = pd.concat([works.rows.iloc[:1], works.rows.iloc[1:]], ignore_index=True)
    reordered = works.rows[sorted(works.rows.columns)]
    assert works_fingerprint(stored) == works_fingerprint(works)
    assert works_fingerprint(replace(works, rows=parts)) == works_fingerprint(works)
    assert works_fingerprint(replace(works, rows=reordered)) == works_fingerprint(works)


def test_a_part_of_a_larger_frame_is_known_by_its_own_rows(works, make_works):
    part = works.rows.iloc[1:].reset_index(drop=True)
    alone = make_works(PUPILS[1:]).rows.assign(source_row=part["source_row"], pupil_id=part["pupil_id"])
    assert works_fingerprint(replace(works, rows=part)) == works_fingerprint(replace(works, rows=alone))


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, "task_01", 0),
        (0, "task_01", -1),
        (2, "primary_score", 4),
        (2, "primary_score", pd.NA),
        (2, "journal_mark", pd.NA),
        (0, "class_label", None),
        (1, "class_label", ""),
        (0, "school_code", "edu990002"),
        (0, "source_row", 99),
        (1, "status", "no_total"),
    ],
)
def test_any_changed_cell_changes_it(works, row, column, value):
    assert works_fingerprint(with_value(works, row, column, value)) != works_fingerprint(works)


def test_texts_moved_between_neighbouring_cells_change_it(works):
    moved = with_value(with_value(works, 0, "class_label", "аб"), 2, "class_label", "в")
    assert works_fingerprint(moved) != works_fingerprint(works)


def test_the_order_of_rows_the_tasks_and_the_place_of_cells_count_but_not_the_upload_time(works):
    first = works_fingerprint(works)
    assert works_fingerprint(replace(works, rows=works.rows.iloc[::-1].reset_index(drop=True))) != first
    assert works_fingerprint(replace(works, tasks=(TaskHeader(1, "1", 2), TaskHeader(2)))) != first
    assert works_fingerprint(replace(works, cells={"f": CellMap("a.xlsx", "f", "Лист", {"task_01": 3})})) != first
    assert works_fingerprint(replace(works, submitted_at="2021-04-01T00:00:00+00:00")) == first


def test_works_of_nobody_have_a_fingerprint(make_works):
    assert works_fingerprint(make_works([])) != works_fingerprint(make_works([{"score": 1}]))


def test_combining_depends_on_order_and_on_the_borders_of_parts():
    assert combine("a", "b") == combine("a", "b")
    assert len({combine("a", "b"), combine("b", "a"), combine("ab"), combine("ab", ""), combine()}) == 5
