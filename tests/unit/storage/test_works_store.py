"""Works come back from the restricted store as they went in; damaged files are never taken for works."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.errors import ContractError, StorageError
from oko_pipeline.quality import CellMap
from oko_pipeline.storage.works_store import WorksStore
from oko_pipeline.works import TaskHeader, Works

KEY = AssessmentKey("vpr-2021-spring", 4, "mathematics")


def make_works(count=3):
    rows = pd.DataFrame(
        {
            "file_sha256": ["f" * 64] * count,
            "source_row": range(2, count + 2),
            "school_code": ["edu990001"] * count,
            "class_label": ["а", None, "нет"][:count],
            "sex": ["м", "ж", None][:count],
            "pupil_id": [f"{i:032x}" for i in range(count)],
            "variant": ["1"] * count,
            "status": ["scored", "absent", "scored"][:count],
            "primary_score": [7, None, 0][:count],
            "journal_mark": [4, None, None][:count],
            "reported_mark": [None] * count,
            "task_01": [1, -3, -1][:count],
            "task_02": [6, -3, -2][:count],
        }
    )
    cells = {
        "f" * 64: CellMap("4/Математика.xlsx", "f" * 64, "Sheet", {"primary_score": 8, "task_01": 9, "task_02": 10})
    }
    return Works(KEY, rows, (TaskHeader(1), TaskHeader(2, "2", 6)), cells, "2021-06-01T00:00:00Z", "raw_2021").checked()


def test_works_come_back_with_types_codes_and_cells(tmp_path):
    store = WorksStore(tmp_path / "restricted")
    works = make_works()
    store.write("2020-2021", works)
    back = store.read("2020-2021", str(KEY))
    pd.testing.assert_frame_equal(back.rows, works.rows)
    assert (back.key, back.tasks, back.cells, back.submitted_at, back.layout_code) == (
        works.key, works.tasks, works.cells, works.submitted_at, works.layout_code,
    )  # fmt: skip
    assert back.task_scores().dtype == np.int8


def test_only_the_wanted_columns_are_read(tmp_path):
    store = WorksStore(tmp_path / "restricted")
    store.write("2020-2021", make_works())
    assert list(store.read("2020-2021", str(KEY), ["primary_score"]).rows.columns) == ["primary_score"]


def test_the_folder_is_closed_to_others(tmp_path):
    store = WorksStore(tmp_path / "restricted")
    store.write_fragment("f" * 64, "1", make_works())
    assert (tmp_path / "restricted").stat().st_mode & 0o077 == 0
    assert store.has_fragment("f" * 64, "1")
    assert not store.has_fragment("f" * 64, "2")


def test_missing_and_damaged_files_say_what_to_do(tmp_path):
    store = WorksStore(tmp_path / "restricted")
    with pytest.raises(StorageError, match="запустите сбор заново"):
        store.read("2020-2021", str(KEY))
    store.write("2020-2021", make_works())
    path = next((tmp_path / "restricted").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StorageError, match="повреждён"):
        store.read("2020-2021", str(KEY))


def test_the_assessments_of_a_year_are_listed_and_removed(tmp_path):
    store = WorksStore(tmp_path / "restricted")
    assert store.assessment_ids("2020-2021") == []
    store.write("2020-2021", make_works())
    assert store.assessment_ids("2020-2021") == [str(KEY)]
    store.remove("2020-2021", str(KEY))
    assert not store.has("2020-2021", str(KEY))


def test_works_with_a_missing_column_are_refused():
    works = make_works()
    with pytest.raises(ContractError, match="task_02"):
        Works(KEY, works.rows.drop(columns="task_02"), works.tasks).checked()
