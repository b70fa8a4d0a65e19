import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCALE_BOUNDS, TASK_DESCRIPTIONS, TASKS
from oko_pipeline.collection.tasks_build import WorksInfo, build_assessments, build_tasks, works_info
from oko_pipeline.works import TaskHeader, Works

SHA = "0" * 64
BIOLOGY = AssessmentKey("vpr-2021-spring", 6, "biology")


def info(key, tasks, scores=(), marks=None):
    """`tasks`: a number of positional columns, or (code, maximum) pairs; `scores`: {score: works} a task."""
    headers = (
        tuple(TaskHeader(i) for i in range(1, tasks + 1))
        if isinstance(tasks, int)
        else tuple(TaskHeader(i, code, maximum) for i, (code, maximum) in enumerate(tasks, 1))
    )
    counts = np.zeros((len(headers), 32), dtype=np.int64)
    for row, given in zip(counts, scores, strict=False):
        row[list(given)] = list(given.values())
    return WorksInfo(key, headers, 500, SHA, counts, marks or {})


def scale_row(bounds, *, key=BIOLOGY, year=2021, refused=False, basis=None, row=2):
    return {
        "school_year": "2020-2021",
        "file_sha256": "s",
        "source_row": row,
        "year": year,
        "paper_grade": key.paper_grade,
        "subject_code": key.subject_code,
        "level": key.level,
        "minimum_3": bounds[0],
        "minimum_4": bounds[1],
        "minimum_5": bounds[2],
        "maximum_score": bounds[3],
        "is_refused": refused,
        "basis": basis,
        "campaign_code": None,
    }


def scale_table(*rows):
    return SCALE_BOUNDS.conform(pd.DataFrame(rows)) if rows else SCALE_BOUNDS.empty()


def description(*tasks, key=BIOLOGY, requirements=()):
    """`tasks`: (code, maximum, content code, requirement code); `requirements`: (code, is metasubject)."""
    common = {"school_year": "*", "paper_grade": key.paper_grade, "subject_code": key.subject_code, "minutes": None}
    positions = {}
    rows = [
        {
            **common,
            "file_sha256": "all",
            "source_row": i,
            "block": 1,
            "kind": "task",
            "position": positions.setdefault(code, len(positions) + 1),
            "code": code,
            "title": f"Умение {code}",
            "programme_block": "Блок",
            "difficulty_level": "Б",
            "content_code": content,
            "requirement_code": requirement,
            "maximum_score": maximum,
            "is_metasubject": None,
        }
        for i, (code, maximum, content, requirement) in enumerate(tasks, 2)
    ] + [
        {
            **common,
            "file_sha256": "kt",
            "source_row": i,
            "block": 1,
            "kind": "requirement",
            "position": None,
            "code": code,
            "title": "Требование",
            "programme_block": None,
            "difficulty_level": None,
            "content_code": None,
            "requirement_code": None,
            "maximum_score": None,
            "is_metasubject": flag,
        }
        for i, (code, flag) in enumerate(requirements, 2)
    ]
    frame = pd.DataFrame(rows)
    return TASK_DESCRIPTIONS.conform(frame.assign(file_path=frame["file_sha256"]))


def one(frame):
    (record,) = frame.to_dict("records")
    return record


def rules(findings):
    return [finding.rule_id for finding in findings]


# ------------------------------------------------------------------------------------------------------------ scales


def test_a_confirmed_scale_outweighs_all_others():
    table = scale_table(
        scale_row((12, 18, 24, 28), row=3),
        scale_row((11, 17, 23, 28), basis="Письмо", row=2),
        scale_row((1, 2, 3, 4), year=2022, row=9),
    )
    assessments, findings = build_assessments([info(BIOLOGY, 3)], table, "2020-2021")
    row = one(assessments)
    assert (row["scale_source"], row["minimum_3"], row["minimum_5"], row["maximum_score"]) == ("confirmed", 11, 23, 28)
    assert findings == []


def test_the_inbox_outweighs_the_catalogue():
    row = one(build_assessments([info(BIOLOGY, 3)], scale_table(scale_row((11, 17, 23, 28))), "2020-2021")[0])
    assert (row["scale_source"], row["minimum_3"]) == ("inbox", 11)


def test_a_scale_of_another_level_or_grade_is_left_alone():
    others = (
        AssessmentKey(BIOLOGY.campaign_code, 6, "biology", "advanced"),
        AssessmentKey("vpr-2021-spring", 7, "biology"),
    )
    table = scale_table(*(scale_row((1, 2, 3, 28), key=key, row=row) for row, key in enumerate(others)))
    assert one(build_assessments([info(BIOLOGY, 3)], table, "2020-2021")[0])["scale_source"] == "catalogue"


def test_the_catalogue_serves_where_nothing_was_sent():
    row = one(build_assessments([info(BIOLOGY, 3)], scale_table(), "2020-2021")[0])
    assert (row["scale_source"], row["minimum_3"], row["minimum_4"], row["minimum_5"], row["maximum_score"]) == (
        "catalogue",
        12,
        18,
        24,
        28,
    )
    assert (row["task_count"], row["rows_count"], row["works_sha256"]) == (3, 500, SHA)
    assert (row["paper_grade"], row["pupil_grade"], row["procedure_code"]) == (6, 6, "vpr")


def test_several_scales_sent_are_reported():
    table = scale_table(scale_row((11, 17, 23, 28)), scale_row((12, 18, 24, 28), row=5))
    assessments, findings = build_assessments([info(BIOLOGY, 3)], table, "2020-2021")
    assert one(assessments)["minimum_3"] == 12
    assert rules(findings) == ["scale.conflict"]


def test_a_refused_scale_gives_no_marks_but_its_maximum():
    key = AssessmentKey("vpr-2021-spring", 8, "geography")
    table = scale_table(scale_row((13, 27, 35, 40), key=key, refused=True))
    assessments, findings = build_assessments([info(key, 3)], table, "2020-2021")
    row = one(assessments)
    assert (row["scale_source"], row["maximum_score"]) == ("refused", 40)
    assert pd.isna(row["minimum_3"])
    assert rules(findings) == ["scale.absent"]


def test_autumn_2020_takes_no_scale_of_2021():
    key = AssessmentKey("vpr-2020-autumn", 6, "biology")
    row = one(build_assessments([info(key, 3)], scale_table(scale_row((12, 18, 24, 28))), "2020-2021")[0])
    assert (row["scale_source"], row["pupil_grade"]) == ("absent", 7)


@pytest.mark.parametrize(
    ("marks", "source", "bounds"),
    [
        ({2: (3, 9), 3: (10, 15), 4: (17, 20), 5: (22, 24)}, "inferred", (10, 17, 22)),
        ({2: (3, 10), 3: (10, 15), 4: (17, 20), 5: (22, 24)}, "absent", None),
        ({3: (10, 15), 4: (17, 20), 5: (22, 24)}, "absent", None),
    ],
    ids=["monotone", "overlap", "no «2»"],
)
def test_reported_marks_tell_the_scale_only_when_they_do_not_overlap(marks, source, bounds):
    key = AssessmentKey("vpr-2026-spring", 4, "russian")
    works = info(key, [("1", 12), ("2", 12)], marks=marks)
    assessments, findings = build_assessments([works], scale_table(), "2025-2026")
    row = one(assessments)
    assert (row["scale_source"], row["maximum_score"]) == (source, 24)
    assert (None if bounds is None else (row["minimum_3"], row["minimum_4"], row["minimum_5"])) == bounds
    assert rules(findings) == [f"scale.{source}"]


def test_a_scale_of_another_maximum_than_the_form_is_reported():
    works = info(BIOLOGY, [("1", 10), ("2", 10)])
    assessments, findings = build_assessments([works], scale_table(), "2020-2021")
    assert one(assessments)["maximum_score"] == 20
    assert rules(findings) == ["scale.maximum_mismatch"]


def test_the_maximum_may_rest_on_the_description_alone():
    key = AssessmentKey("vpr-2023-spring", 6, "biology")
    described = description(("1", 2, None, None), ("2", 3, None, None), key=key)
    works = info(key, 2)
    assert one(build_assessments([works], scale_table(), "2022-2023", described)[0])["maximum_score"] == 5
    assert pd.isna(one(build_assessments([works], scale_table(), "2022-2023")[0])["maximum_score"])


@pytest.mark.parametrize(("count", "maximum"), [(300, 5), (20, None)])
def test_a_maximum_is_observed_only_on_many_works(count, maximum):
    key = AssessmentKey("vpr-2023-spring", 6, "biology")
    works = info(key, 2, [{0: count, 2: count}, {0: count, 3: count}])
    assessments, findings = build_assessments([works], scale_table(), "2022-2023")
    found = one(assessments)["maximum_score"]
    assert (None if pd.isna(found) else found) == maximum
    assert ("task.maximum_observed" in rules(findings)) == (maximum is not None)


def test_no_works_give_empty_tables():
    assessments, findings = build_assessments([], scale_table(), "2020-2021")
    tasks, more = build_tasks([], TASK_DESCRIPTIONS.empty(), "2020-2021")
    assert list(assessments.columns) == list(ASSESSMENTS.column_names)
    assert list(tasks.columns) == list(TASKS.column_names)
    assert len(assessments) == len(tasks) == len(findings) == len(more) == 0


# ------------------------------------------------------------------------------------------------------------- tasks


def test_positional_columns_get_codes_skills_and_metasubject_marks():
    described = description(
        ("1.1", 14, "1.1", "1.2"),
        ("1.1", 14, "1.2", "2.1"),
        ("1.2", 14, "3", "2.1"),
        requirements=[("1", True), ("1.2", True), ("2", False), ("2.1", False)],
    )
    tasks, findings = build_tasks([info(BIOLOGY, 2)], described, "2020-2021")
    assert tasks["task_code"].tolist() == ["1.1", "1.2"]
    assert tasks["content_codes"].tolist() == ["1.1;1.2", "3"]
    assert tasks["requirement_codes"].tolist() == ["1.2;2.1", "2.1"]
    assert tasks["is_metasubject"].tolist() == [True, False]
    assert tasks["skill"].tolist() == ["Умение 1.1", "Умение 1.2"]
    assert tasks["maximum_source"].tolist() == ["description", "description"]
    assert findings == []


def test_without_a_metasubject_chapter_the_mark_is_unknown():
    tasks, _ = build_tasks([info(BIOLOGY, 1)], description(("1", 28, None, "1.1")), "2020-2021")
    assert tasks["is_metasubject"].isna().all()


def test_another_number_of_tasks_is_not_laid_over_the_columns():
    described = description(("1", 14, None, None), ("2", 14, None, None))
    works = info(BIOLOGY, 3, [{0: 10, 2: 10}] * 3)
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["task_code"].tolist() == ["1", "2", "3"]
    assert tasks["skill"].isna().all()
    assert tasks["maximum_source"].tolist() == ["observed"] * 3
    assert tasks["maximum_score"].tolist() == [2, 2, 2]
    assert rules(findings) == ["task.count_mismatch"]


def test_codes_and_maxima_of_the_catalogue_where_no_description_was_sent():
    key = AssessmentKey("vpr-2021-spring", 5, "history")
    tasks, findings = build_tasks([info(key, 8)], TASK_DESCRIPTIONS.empty(), "2020-2021")
    assert tasks["maximum_score"].tolist() == [2, 1, 3, 3, 1, 2, 1, 2]
    assert set(tasks["maximum_source"]) == {"catalogue"}
    assert tasks["difficulty_level"].tolist() == ["Б", "Б", "Б", "П", "Б", "В", "Б", "П"]
    assert findings == []


def test_the_catalogue_is_not_laid_over_another_paper_with_as_many_tasks():
    key = AssessmentKey("vpr-2026-spring", 5, "history")
    other = info(key, [(f"1.{i}", 3) for i in range(1, 9)])
    positional = info(AssessmentKey("vpr-2020-autumn", 5, "history"), 8, [full(5)] * 8)
    for works in (other, positional):
        tasks, _ = build_tasks([works], TASK_DESCRIPTIONS.empty(), "2025-2026")
        assert tasks["difficulty_level"].isna().all()
        assert "catalogue" not in set(tasks["maximum_source"])


def test_headers_of_the_file_outweigh_the_description_and_meet_it_by_code():
    key = AssessmentKey("vpr-2022-spring", 4, "mathematics")
    described = description(("2", 2, "b", None), ("1", 1, "a", None), ("3", 5, "c", None), key=key)
    tasks, findings = build_tasks([info(key, [("1", 1), ("2", 2), ("3", 3)])], described, "2021-2022")
    assert tasks["skill"].tolist() == ["Умение 1", "Умение 2", "Умение 3"]
    assert tasks["maximum_score"].tolist() == [1, 2, 3]
    assert set(tasks["maximum_source"]) == {"header"}
    assert rules(findings) == ["task.maxima_sum"]


def test_equal_numbers_of_another_years_paper_are_not_taken_for_it():
    key = AssessmentKey("vpr-2026-spring", 4, "mathematics")
    described = description(("1", 1, None, None), ("2", 1, None, None), ("3", 1, None, None), key=key)
    tasks, findings = build_tasks([info(key, [("1", 3), ("2", 3), ("3", 1)])], described, "2025-2026")
    assert tasks["skill"].isna().all()
    assert rules(findings) == ["task.count_mismatch"]


def test_the_catalogue_wins_over_a_description_whose_sum_is_wrong():
    key = AssessmentKey("vpr-2021-spring", 5, "history")
    wrong = description(*((str(i), 2, None, None) for i in range(1, 9)), key=key)
    tasks, findings = build_tasks([info(key, 8)], wrong, "2020-2021")
    assert tasks["maximum_score"].tolist() == [2, 1, 3, 3, 1, 2, 1, 2]
    assert set(tasks["maximum_source"]) == {"catalogue"}
    assert rules(findings) == ["task.maxima_sum"]
    assert (findings[0].value, findings[0].expected) == ("16", "15")
    assert findings[0].file_sha256 == "all"


def full(maximum, count=400):
    return dict.fromkeys(range(maximum + 1), count)


def test_observed_scores_put_right_a_maximum_that_is_too_small():
    described = description(*((str(i), 7, None, None) for i in range(1, 4)), ("4", 6, None, None))
    works = info(BIOLOGY, 4, [full(7), full(7), full(7), full(7)])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [7, 7, 7, 7]
    assert tasks["maximum_source"].tolist() == ["description"] * 3 + ["observed"]
    assert rules(findings) == ["task.maxima_sum"]
    assert "4: 6 → 7" in findings[0].message


def test_a_maximum_nobody_reached_is_lowered_when_it_alone_explains_the_sum():
    described = description(
        *((str(i), 9, None, None) for i in range(1, 3)), ("3", 12, None, None), ("4", 2, None, None)
    )
    works = info(BIOLOGY, 4, [full(9), full(9), full(8), full(1)])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [9, 9, 8, 2]
    assert rules(findings) == ["task.maxima_sum"]


def test_two_explanations_are_no_explanation():
    described = description(*((str(i), 10, None, None) for i in range(1, 4)))
    works = info(BIOLOGY, 3, [full(8), full(8), full(10)])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [10, 10, 10]
    assert set(tasks["maximum_source"]) == {"description"}
    assert "оставлены максимумы описания" in findings[0].message


def test_maxima_swapped_between_two_tasks_are_put_right_though_the_sum_holds():
    described = description(("1", 1, None, None), ("2", 2, None, None), *((str(i), 5, None, None) for i in range(3, 8)))
    works = info(BIOLOGY, 7, [full(2), full(1), *[full(5)] * 5])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [2, 1, 5, 5, 5, 5, 5]
    assert rules(findings) == ["task.maximum_exceeded"]


def test_single_slips_do_not_change_a_maximum():
    described = description(*((str(i), 14, None, None) for i in range(1, 3)))
    works = info(BIOLOGY, 2, [{**full(14), 19: 1}, full(14)])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [14, 14]
    assert findings == []


def test_single_slips_prove_no_maximum_wrong_even_when_they_would_mend_the_sum():
    described = description(("1", 14, None, None), ("2", 13, None, None))
    works = info(BIOLOGY, 2, [{**full(14), 15: 1}, full(13)])
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["maximum_score"].tolist() == [14, 13]
    assert "оставлены максимумы описания" in findings[0].message


def test_scores_against_many_maxima_show_that_the_description_is_of_another_paper():
    described = description(*((f"5К{i}", 1, None, None) for i in range(1, 5)), ("6", 24, None, None))
    works = info(BIOLOGY, 5, [full(5)] * 5)
    tasks, findings = build_tasks([works], described, "2020-2021")
    assert tasks["task_code"].tolist() == ["1", "2", "3", "4", "5"]
    assert tasks["maximum_score"].tolist() == [5] * 5
    assert rules(findings) == ["task.count_mismatch"]


def test_works_are_counted_without_codes_of_cells():
    rows = pd.DataFrame(
        {
            "file_sha256": "f",
            "source_row": [2, 3, 4, 5],
            "school_code": "edu990404",
            "class_label": None,
            "sex": None,
            "pupil_id": list("abcd"),
            "variant": None,
            "status": ["scored", "scored", "absent", "scored"],
            "primary_score": [3, 0, None, 6],
            "journal_mark": None,
            "reported_mark": [3, 2, None, 3],
            "task_01": [2, 0, -3, 2],
            "task_02": [1, -1, -3, 40],
        }
    )
    works = Works(BIOLOGY, rows, (TaskHeader(1), TaskHeader(2))).checked()
    found = works_info(works, SHA)
    assert found.rows_count == 4
    assert found.score_counts[0, :3].tolist() == [1, 0, 2]
    assert (found.score_counts[1, 1], found.score_counts[1, 31], found.score_counts[1].sum()) == (1, 1, 2)
    assert found.mark_scores == {2: (0, 0), 3: (3, 6)}
