"""Assembly: newer results of a school replace older ones, both stay known, nothing else moves."""

import dataclasses

import pandas as pd
import pytest

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.collection.assembly import assemble, school_differences
from oko_pipeline.works import Works
from tests.unit.collection.workbooks import book_2021, read, rows_2022, xlsx

A, B = "sch990001", "sch990002"


def pupil(school, code, *scores, class_label="а"):
    return (school, str(code), "4", "ж", class_label, "1", str(sum(scores)), *map(str, scores))


@pytest.fixture
def fragment(tmp_path):
    made = []

    def make(*pupils, submitted_at="2021-05-01T00:00:00+00:00", tasks=3, layout_code="raw_2021"):
        made.append(1)
        data = book_2021(*pupils, tasks=tasks)
        works = read(tmp_path / str(len(made)), "ВПР 2021 математика 4 класс.xlsx", data).reading.works
        return dataclasses.replace(works, submitted_at=submitted_at, layout_code=layout_code)

    return make


def sha(works):
    return works.rows["file_sha256"].iloc[0]


def test_one_file_is_itself_in_order_of_schools(fragment):
    part = fragment(pupil(B, 40001, 1, 1, 1), pupil(A, 40002, 0, 1, 1), pupil(A, 40001, 1, 0, 1))
    made = assemble([part])
    assert made.works.rows[["school_code", "source_row"]].to_numpy().tolist() == [
        ["edu990001", 3],
        ["edu990001", 4],
        ["edu990002", 2],
    ]
    assert (len(made.file_differences), made.superseded, made.findings) == (0, {}, [])
    made.works.checked()


def test_a_newer_file_replaces_a_school_and_tells_the_difference(fragment):
    old = fragment(
        pupil(A, 40001, 1, 1, 1), pupil(A, 40002, 1, 1, 1), pupil(A, 40003, 1, 1, 1), pupil(B, 40001, 0, 0, 0)
    )
    new = fragment(
        pupil(A, 40001, 1, 1, 1),
        pupil(A, 40002, 1, 1, 0),
        pupil(A, 40004, 1, 1, 1),
        submitted_at="2021-05-02T00:00:00+00:00",
    )
    made = assemble([new, old])
    assert made.works.rows["file_sha256"].tolist() == [sha(new)] * 3 + [sha(old)]
    assert made.works.rows["primary_score"].tolist() == [3, 2, 3, 0]
    (row,) = made.file_differences.to_dict("records")
    assert (row["added_count"], row["removed_count"], row["changed_count"]) == (1, 1, 1)
    assert (row["school_code"], row["old_file_sha256"], row["new_file_sha256"]) == ("edu990001", sha(old), sha(new))
    assert made.superseded == {}
    assert [finding.rule_id for finding in made.findings] == ["file.superseded"]
    assert set(made.works.cells) == {sha(old), sha(new)}
    assert school_differences(old, made.works).equals(made.file_differences)
    assert len(school_differences(made.works, made.works)) == 0


def test_a_file_that_lost_all_its_schools_is_superseded(fragment):
    old = fragment(pupil(A, 40001, 1, 1, 1))
    new = fragment(pupil(A, 40001, 0, 1, 1), submitted_at="2021-05-02T00:00:00+00:00")
    made = assemble([old, new])
    assert made.superseded == {sha(old): sha(new)}
    assert made.works.submitted_at == "2021-05-02T00:00:00+00:00"


def test_equal_times_are_decided_by_the_layout_whatever_the_order(fragment):
    form = fragment(pupil(A, 40001, 0, 0, 0), layout_code="blank_form")
    dump = fragment(pupil(A, 40001, 1, 1, 1))
    for parts in ([form, dump], [dump, form]):
        assert assemble(parts).superseded == {sha(form): sha(dump)}


def test_the_same_file_twice_counts_once(fragment):
    part = fragment(pupil(A, 40001, 1, 1, 1))
    made = assemble([part, part])
    assert len(made.works.rows) == 1
    assert made.superseded == {}


def test_fewer_tasks_are_filled_with_blanks_and_reported(fragment):
    longer = fragment(pupil(A, 40001, 1, 1, 1))
    shorter = fragment(pupil(B, 40001, 1, 1), tasks=2)
    made = assemble([longer, shorter])
    assert made.works.task_scores().tolist() == [[1, 1, 1], [1, 1, TaskCode.BLANK]]
    assert [(finding.rule_id, finding.file_sha256) for finding in made.findings] == [
        ("file.tasks_differ", sha(shorter))
    ]
    made.works.checked()


def test_tasks_are_matched_by_code_where_both_files_have_codes(tmp_path):
    row = ("edu990001", "10.03.2022 10:00:00", 40001, 1, 1, 2, 3, "нет", "ж", 4, 6)
    rows = rows_2022(row)
    straight = read(tmp_path / "1", "МА 4.xlsx", xlsx({"Протокол": rows})).reading.works
    turned_rows = [[*line[:8], line[10], line[9], line[8], *line[11:]] for line in rows]
    turned_rows[1][0] = "edu990002"
    turned = read(tmp_path / "2", "МА 4.xlsx", xlsx({"Протокол": turned_rows})).reading.works
    made = assemble([straight, turned])
    scores = {
        school: list(line)
        for school, line in zip(made.works.rows["school_code"], made.works.task_scores(), strict=True)
    }
    assert scores["edu990001"] == scores["edu990002"]


def test_assembly_does_not_change_its_parts(fragment):
    old = fragment(pupil(A, 40001, 1, 1, 1))
    new = fragment(pupil(A, 40001, 1, 1), tasks=2, submitted_at="2021-06-01T00:00:00+00:00")
    before = new.rows.copy()
    assemble([old, new])
    pd.testing.assert_frame_equal(new.rows, before)


def test_parts_of_different_works_are_refused(fragment):
    part = fragment(pupil(A, 40001, 1, 1, 1))
    other = Works(dataclasses.replace(part.key, paper_grade=5), part.rows, part.tasks)
    with pytest.raises(ValueError, match="one assessment"):
        assemble([part, other])
    with pytest.raises(ValueError, match="one assessment"):
        assemble([])
