"""Rules about works: sound works are silent, and every planted fault is found in its cell and nowhere else."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.rules import rule
from oko_pipeline.catalogue.tables import TASKS
from oko_pipeline.quality import CellMap, findings_frame
from oko_pipeline.validation.work_rules import FLAG_COLUMNS, AssessmentFacts, check_works, empty_flags
from oko_pipeline.works import TaskHeader, Works, task_column

KEY = AssessmentKey("vpr-2021-spring", 4, "mathematics")
SHA = "a" * 64
X, NOT_TAUGHT, BLANK, INVALID = (int(code) for code in TaskCode)


def found(check) -> list[tuple[str, str | None]]:
    return [(finding.rule_id, finding.cell) for finding in check.findings]


def only(check):
    assert len(check.findings) == 1, found(check)
    return check.findings[0]


def flagged(check, name: str) -> list[int]:
    return np.flatnonzero(check.flags[name].to_numpy(dtype=bool)).tolist()


def test_sound_works_have_no_findings_and_no_flags(check) -> None:
    result = check()
    assert found(result) == []
    assert not result.flags[list(FLAG_COLUMNS)].to_numpy(dtype=bool).any()


def test_flags_have_a_row_a_work_with_marks_and_without_pseudonyms(check) -> None:
    flags = check({(0, "status"): "absent", (0, "primary_score"): None}).flags
    assert flags["mark"].tolist()[1:] == [4, 5, 5, 3, 2]
    assert pd.isna(flags["mark"].iloc[0])
    assert flags["assessment_id"].unique().tolist() == [str(KEY)]
    assert flags["primary_score"].tolist()[1:] == [4, 5, 6, 2, 1]
    assert not {"pupil_id", "sex", "source_row"} & set(flags.columns)


def test_every_rule_id_of_the_findings_is_in_the_catalogue(check) -> None:
    result = check({(0, "primary_score"): 9, (1, "sex"): "q", (2, "variant"): "0", (3, "pupil_id"): "edu990001-0"})
    frame = findings_frame(result.findings, "2020-2021", "work:x")
    assert frame["mend"].notna().all()
    assert len(frame) == len(result.findings)


class TestSum:
    def test_names_the_cell_of_the_total_the_sum_and_the_value(self, check) -> None:
        result = check({(2, "primary_score"): 4, (2, "reported_mark"): None})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value, finding.expected) == (
            "work.sum_mismatch",
            "I4",
            "4",
            "5",
        )
        assert finding.message == "Итог 4, а сумма баллов за задания 5."
        assert (finding.file_path, finding.sheet, finding.school_code) == ("2021/4/МА.xlsx", "Sheet", "edu990001")
        assert finding.assessment_id == str(KEY)
        assert flagged(result, "has_sum_mismatch") == [2]

    @pytest.mark.parametrize("code", [X, NOT_TAUGHT, BLANK, INVALID])
    def test_codes_count_as_zero(self, check, code) -> None:
        assert found(check({(5, "task_02"): code})) == []
        assert flagged(check({(5, "task_01"): code}), "has_sum_mismatch") == [5]

    def test_absent_rows_and_rows_without_total_are_left_out(self, check) -> None:
        changes = {(0, "status"): "absent", (0, "task_01"): 0, (0, "task_02"): 0, (0, "task_03"): 0}
        assert flagged(check(changes | {(0, "primary_score"): 0}), "has_sum_mismatch") == []

    def test_works_without_tasks_cannot_mismatch(self, make_works, tasks) -> None:
        works = make_works()
        bare = replace(works, rows=works.rows.drop(columns=works.task_columns), tasks=())
        result = check_works(bare, AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert found(result) == []


class TestTotal:
    def test_above_the_maximum_is_found_and_has_no_mark(self, check) -> None:
        result = check({(3, "primary_score"): 7, (3, "task_03"): 4}, facts=AssessmentFacts(KEY, 6, 2, 3, 5))
        over = [f for f in result.findings if f.rule_id == "work.total_over_maximum"]
        assert [(f.cell, f.value, f.expected) for f in over] == [("I5", "7", "от 0 до 6")]
        assert flagged(result, "is_over_maximum") == [3]
        assert flagged(result, "is_unreliable") == [3]
        assert pd.isna(result.flags["mark"].iloc[3])

    def test_equal_to_the_maximum_is_sound_and_without_a_maximum_nothing_is_judged(self, check) -> None:
        assert flagged(check(), "is_over_maximum") == []
        unknown = check({(3, "primary_score"): 60}, facts=AssessmentFacts(KEY))
        assert flagged(unknown, "is_over_maximum") == []

    def test_negative_is_impossible(self, check) -> None:
        result = check({(3, "primary_score"): -1, (3, "reported_mark"): None})
        assert ("work.total_impossible", "I5") in found(result)
        assert flagged(result, "is_total_impossible") == [3]
        assert pd.isna(result.flags["mark"].iloc[3])

    def test_a_fraction_is_impossible(self, make_works, tasks) -> None:
        works = make_works()
        totals = works.rows["primary_score"].astype("float64")
        totals.iloc[0] = 3.5
        result = check_works(
            replace(works, rows=works.rows.assign(primary_score=totals, reported_mark=pd.NA)),
            AssessmentFacts(KEY),
            tasks,
        )
        assert [(f.cell, f.value) for f in result.findings if f.rule_id == "work.total_impossible"] == [("I2", "3,5")]

    def test_missing_though_tasks_are_scored(self, check) -> None:
        result = check({(2, "primary_score"): None, (2, "status"): "no_total", (2, "reported_mark"): None})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value, finding.expected) == (
            "work.total_missing",
            "I4",
            None,
            "5",
        )
        assert flagged(result, "is_total_missing") == [2]

    def test_missing_without_any_score_is_no_fault_but_a_zero_is_a_score(self, check) -> None:
        changes = {(2, "primary_score"): None, (2, "status"): "no_total", (2, "reported_mark"): None}
        changes |= {(2, f"task_0{n}"): BLANK for n in (1, 2, 3)}
        assert found(check(changes)) == []
        assert flagged(check(changes | {(2, "task_01"): 0}), "is_total_missing") == [2]


class TestTasks:
    def test_above_the_described_maximum_names_the_tasks_cell(self, check) -> None:
        result = check({(1, "task_02"): 3, (1, "primary_score"): 5, (1, "reported_mark"): 5})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.task_over_maximum", "D3", "3")
        assert finding.message == "Задание 2: 3 больше максимума (2)."
        assert flagged(result, "has_task_over_maximum") == [1]

    def test_where_the_header_has_a_maximum_the_reader_has_judged(self, check) -> None:
        result = check({(1, "task_02"): 3, (1, "primary_score"): 5, (1, "reported_mark"): 5}, headers=True)
        assert found(result) == []

    def test_observed_and_foreign_maxima_do_not_judge(self, make_works, tasks) -> None:
        works = make_works({(1, "task_02"): 3, (1, "primary_score"): 5, (1, "reported_mark"): 5})
        facts = AssessmentFacts(KEY, 6, 2, 3, 5)
        observed = TASKS.conform(tasks.assign(maximum_source="observed"))
        assert found(check_works(works, facts, observed)) == []
        foreign = tasks.assign(assessment_id="vpr-2021-spring:5:mathematics:base")
        assert found(check_works(works, facts, foreign)) == []

    def test_many_works_above_it_cast_doubt_on_the_maximum_not_on_the_works(self, make_works, tasks) -> None:
        works = make_works({(row, "task_01"): 2 for row in range(5)})
        result = check_works(works, AssessmentFacts(KEY), tasks)
        doubtful = [f for f in result.findings if f.rule_id.startswith("work.task_")]
        assert [(f.rule_id, f.cell, f.expected) for f in doubtful] == [
            ("work.task_maximum_doubtful", "C2", "максимум не меньше 2")
        ]
        assert "в 5 из 6 работ" in doubtful[0].message
        assert flagged(result, "has_task_over_maximum") == []

    def test_a_few_works_above_it_are_faults_of_the_works(self, make_works, tasks) -> None:
        works = make_works({(row, "task_01"): 2 for row in range(2)})
        result = check_works(works, AssessmentFacts(KEY), tasks)
        assert flagged(result, "has_task_over_maximum") == [0, 1]

    def test_absent_rows_are_not_judged(self, check) -> None:
        result = check({(1, "task_02"): 3, (1, "status"): "absent", (1, "primary_score"): None})
        assert flagged(result, "has_task_over_maximum") == []


class TestMarks:
    @pytest.mark.parametrize(("total", "mark"), [(0, 2), (1, 2), (2, 3), (3, 4), (4, 4), (5, 5), (6, 5)])
    def test_scale_at_its_borders(self, check, total, mark) -> None:
        result = check({(0, "primary_score"): total, (0, "reported_mark"): None})
        assert result.flags["mark"].iloc[0] == mark

    def test_reported_mark_against_the_scale(self, check) -> None:
        result = check({(4, "reported_mark"): 4})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value, finding.expected) == (
            "work.mark_mismatch",
            "J6",
            "4",
            "3",
        )
        assert flagged(result, "has_wrong_mark") == [4]

    def test_without_a_scale_only_impossible_marks_are_found(self, check) -> None:
        result = check({(4, "reported_mark"): 4, (5, "reported_mark"): 6}, facts=AssessmentFacts(KEY, 6, 2, None, 5))
        assert found(result) == [("work.mark_range", "J7")]
        assert result.flags["mark"].isna().all()

    @pytest.mark.parametrize("mark", [0, 1, 6])
    def test_journal_mark_outside_two_to_five(self, check, mark) -> None:
        result = check({(3, "journal_mark"): mark})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.journal_mark_range", "H5", str(mark))
        assert flagged(result, "has_odd_journal_mark") == [3]

    @pytest.mark.parametrize("mark", [2, 5, None])
    def test_journal_mark_within_or_missing(self, check, mark) -> None:
        assert found(check({(3, "journal_mark"): mark})) == []


class TestDuplicates:
    def test_the_later_row_names_the_earlier_one(self, check) -> None:
        result = check({(4, "pupil_id"): "edu990001-1"})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.row) == ("work.duplicate", "A6", 6)
        assert finding.message == "Этот участник уже есть в строке 3; результаты различаются."
        assert flagged(result, "is_duplicate") == [4]

    def test_equal_results_are_said_to_be_equal(self, check) -> None:
        same = {(5, name): value for name, value in zip(("task_01", "task_02", "task_03"), (0, 1, 1), strict=True)}
        changes = same | {(5, "pupil_id"): "edu990001-4", (5, "primary_score"): 2, (5, "reported_mark"): 3}
        assert only(check(changes)).message.endswith("результаты совпадают.")

    def test_the_first_of_three_stays_and_the_others_point_at_it(self, check) -> None:
        result = check({(2, "pupil_id"): "edu990001-0", (4, "pupil_id"): "edu990001-0"})
        assert flagged(result, "is_duplicate") == [2, 4]
        assert all("в строке 2;" in finding.message for finding in result.findings)

    @pytest.mark.parametrize(("known", "where"), [(True, "файла «ещё.xlsx»"), (False, "другого файла")])
    def test_a_row_of_another_file_is_named_with_it(self, make_works, tasks, known, where) -> None:
        works = make_works({(0, "file_sha256"): "b" * 64, (4, "pupil_id"): "edu990001-0"})
        cells = dict(works.cells) | ({"b" * 64: CellMap("ещё.xlsx", "b" * 64, "Sheet", {})} if known else {})
        result = check_works(replace(works, cells=cells), AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert where in only(result).message


class TestPresence:
    ABSENT: ClassVar = {
        (0, "status"): "absent",
        (0, "variant"): None,
        (0, "primary_score"): None,
        (0, "reported_mark"): None,
    }
    NO_SCORES: ClassVar = {(0, "task_01"): BLANK, (0, "task_02"): X, (0, "task_03"): 0}

    def test_an_absent_row_without_points_is_sound(self, check) -> None:
        assert found(check(self.ABSENT | self.NO_SCORES)) == []
        assert found(check(self.ABSENT | self.NO_SCORES | {(0, "primary_score"): 0})) == []

    def test_an_absent_row_with_points_is_found(self, check) -> None:
        result = check(self.ABSENT)
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.absent_with_scores", "B2", "отсутствовал")
        assert finding.message == "Отмечено «отсутствовал», но есть баллы: за задания 3."
        assert flagged(result, "has_absent_scores") == [0]

    def test_an_absent_row_with_a_total_alone_is_found(self, check) -> None:
        finding = only(check(self.ABSENT | self.NO_SCORES | {(0, "primary_score"): 4}))
        assert finding.message.endswith("за задания 0, итог 4.")

    def test_a_total_without_any_task_is_found(self, check) -> None:
        blank = {(5, f"task_0{n}"): BLANK for n in (1, 2, 3)}
        result = check(blank | {(5, "primary_score"): 0, (5, "reported_mark"): 2})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.message) == (
            "work.all_blank",
            "I7",
            "Итог 0, а все задания пусты.",
        )
        assert flagged(result, "is_all_blank") == [5]

    def test_not_attempted_everywhere_is_a_sound_zero(self, check) -> None:
        crossed = {(5, f"task_0{n}"): X for n in (1, 2, 3)}
        assert found(check(crossed | {(5, "primary_score"): 0, (5, "reported_mark"): 2})) == []


class TestSexAndLabels:
    @pytest.mark.parametrize("sex", ["q", "мж", "4"])
    def test_an_odd_sex_is_found(self, check, sex) -> None:
        result = check({(2, "sex"): sex})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.sex_odd", "G4", sex)
        assert flagged(result, "has_odd_sex") == [2]

    def test_spelling_of_sex_does_not_matter(self, check) -> None:
        assert found(check({(2, "sex"): " М "})) == []

    def test_a_missing_sex_is_found_in_its_cell(self, check) -> None:
        result = check({(2, "sex"): None})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.message) == ("work.sex_missing", "G4", "Пол не указан.")
        assert flagged(result, "is_sex_missing") == [2]

    def test_a_column_left_empty_is_said_once_with_the_number_of_works(self, check) -> None:
        result = check({(row, "sex"): None for row in range(6)})
        finding = only(result)
        assert finding.cell == "G2"
        assert "столбец пуст у 6 работ" in finding.message
        assert flagged(result, "is_sex_missing") == [0, 1, 2, 3, 4, 5]

    def test_one_work_without_sex_is_not_called_a_column(self, make_works, tasks) -> None:
        works = make_works({(0, "sex"): None})
        result = check_works(replace(works, rows=works.rows.iloc[:1]), AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert only(result).message == "Пол не указан."

    def test_a_layout_without_the_column_is_not_blamed(self, make_works, tasks) -> None:
        works = make_works({(row, column): None for row in range(6) for column in ("sex", "class_label")})
        cells = {SHA: replace(works.cells[SHA], columns={"primary_score": 8})}
        result = check_works(replace(works, cells=cells), AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert found(result) == []

    @pytest.mark.parametrize("label", ["А", "б", "нет", "НЕТ", "12", "5Б"])
    def test_usual_class_labels(self, check, label) -> None:
        assert found(check({(row, "class_label"): label for row in range(6)})) == []

    @pytest.mark.parametrize("label", ["A", "АБВ", "?", "123", "Класс"])
    def test_an_odd_class_label_is_said_once_a_class(self, check, label) -> None:
        result = check({(1, "class_label"): label, (2, "class_label"): label})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.class_odd", "F3", label)
        assert "в 2 строках" in finding.message
        assert flagged(result, "has_odd_class") == [1, 2]

    def test_a_missing_class_beside_labelled_ones_is_found(self, check) -> None:
        assert found(check({(3, "class_label"): None})) == [("work.class_missing", "F5")]

    @pytest.mark.parametrize("variant", ["0", "100", "первый", "-1", "²"])
    def test_an_impossible_variant(self, check, variant) -> None:
        result = check({(1, "variant"): variant})
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.variant_odd", "B3", variant)
        assert flagged(result, "has_odd_variant") == [1]

    @pytest.mark.parametrize("variant", ["1", "99", None])
    def test_a_possible_or_missing_variant(self, check, variant) -> None:
        assert found(check({(1, "variant"): variant})) == []

    def test_long_values_are_cut(self, check) -> None:
        assert only(check({(2, "sex"): "ы" * 80})).value == "ы" * 23 + "…"


class TestShift:
    def test_a_total_that_repeats_a_task_is_a_shift(self, check) -> None:
        third = {0: 1, 1: 1, 2: 2, 3: 3, 4: 1, 5: 0}
        result = check({(row, "primary_score"): total for row, total in third.items()}, facts=AssessmentFacts(KEY))
        shift = [f for f in result.findings if f.rule_id == "work.column_shift"]
        assert [(f.cell, f.expected) for f in shift] == [("I2", "сумма баллов за задания")]
        assert "столбец задания 3.1 в 6 из 6 работ" in shift[0].message
        assert flagged(result, "is_shift_suspected") == [0, 1, 2, 3, 4, 5]
        assert flagged(result, "is_unreliable") == [0, 1, 2, 3, 4, 5]

    def test_wrong_totals_that_repeat_no_task_are_no_shift(self, check) -> None:
        result = check({(row, "primary_score"): 20 + row for row in range(6)}, facts=AssessmentFacts(KEY))
        assert {f.rule_id for f in result.findings} == {"work.sum_mismatch"}

    @pytest.mark.parametrize(("column", "value", "cell"), [("sex", "4", "G2"), ("journal_mark", 1, "H2")])
    def test_a_column_full_of_other_things_is_a_shift(self, check, column, value, cell) -> None:
        result = check({(row, column): value for row in range(6)})
        shift = [f for f in result.findings if f.rule_id == "work.column_shift"]
        assert [f.cell for f in shift] == [cell]
        assert "в 6 из 6 строк" in shift[0].message
        assert flagged(result, "is_shift_suspected") == [0, 1, 2, 3, 4, 5]

    def test_absent_pupils_have_nothing_that_could_have_shifted(self, check) -> None:
        absent = {(5, "status"): "absent", (5, "primary_score"): None, (5, "reported_mark"): None}
        result = check({(row, "sex"): "4" for row in range(6)} | absent)
        assert flagged(result, "is_shift_suspected") == [0, 1, 2, 3, 4]

    def test_a_few_odd_cells_are_no_shift(self, check) -> None:
        result = check({(row, "sex"): "4" for row in range(4)})
        assert flagged(result, "is_shift_suspected") == []

    def test_one_school_is_judged_by_itself(self, make_works, tasks) -> None:
        odd = make_works({(row, "sex"): "4" for row in range(6)})
        sound = make_works(school="edu990002")
        both = replace(odd, rows=pd.concat([odd.rows, sound.rows], ignore_index=True))
        result = check_works(both, AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert flagged(result, "is_shift_suspected") == [0, 1, 2, 3, 4, 5]

    def test_too_few_works_prove_nothing(self, make_works, tasks) -> None:
        works = make_works({(row, "sex"): "4" for row in range(4)})
        result = check_works(replace(works, rows=works.rows.iloc[:4]), AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
        assert flagged(result, "is_shift_suspected") == []


class TestEqualClass:
    EQUAL: ClassVar = {
        (row, name): value
        for row in range(6)
        for name, value in (("task_01", 1), ("task_02", 1), ("task_03", 1), ("primary_score", 3), ("reported_mark", 4))
    }

    def test_a_class_with_equal_totals_is_noted_once(self, check) -> None:
        result = check(self.EQUAL)
        finding = only(result)
        assert (finding.rule_id, finding.cell, finding.value) == ("work.equal_totals", "I2", "3")
        assert finding.message == "В классе «А» у всех 6 работ один и тот же итог: 3."
        assert rule(finding.rule_id).severity == "note"
        assert flagged(result, "is_equal_class") == [0, 1, 2, 3, 4, 5]

    def test_a_class_without_label_is_judged_too(self, check) -> None:
        result = check(self.EQUAL | {(row, "class_label"): None for row in range(6)})
        assert any(f.message.startswith("В классе без обозначения у всех 6") for f in result.findings)

    def test_a_small_class_may_be_equal_by_chance(self, check) -> None:
        labels = {(row, "class_label"): "Б" for row in (4, 5)}
        assert found(check(self.EQUAL | labels)) == []

    def test_absent_pupils_do_not_count(self, check) -> None:
        absent = {(5, "status"): "absent", (5, "primary_score"): None, (5, "reported_mark"): None}
        blank = {(5, f"task_0{n}"): BLANK for n in (1, 2, 3)}
        assert found(check(self.EQUAL | absent | blank)) == [("work.equal_totals", "I2")]


def test_a_file_without_a_cell_map_still_gives_row_and_value(make_works, tasks) -> None:
    works = replace(make_works({(2, "primary_score"): 4, (2, "reported_mark"): None}), cells={})
    finding = only(check_works(works, AssessmentFacts(KEY, 6, 2, 3, 5), tasks))
    assert (finding.file_path, finding.row, finding.cell, finding.value) == (None, 4, None, "4")


def test_no_works_give_no_findings_and_typed_flags(make_works, tasks) -> None:
    works = make_works()
    result = check_works(replace(works, rows=works.rows.iloc[:0]), AssessmentFacts(KEY, 6, 2, 3, 5), tasks)
    assert result.findings == []
    pd.testing.assert_frame_equal(result.flags, empty_flags(), check_index_type=False)


def test_many_findings_of_a_rule_are_all_kept_and_short(tasks) -> None:
    count = 500
    rows = pd.DataFrame(
        {
            "file_sha256": SHA,
            "source_row": range(2, count + 2),
            "school_code": "edu990001",
            "class_label": "А",
            "sex": "м",
            "pupil_id": [str(number) for number in range(count)],
            "variant": "1",
            "status": "scored",
            "primary_score": [number % 5 for number in range(count)],
            "journal_mark": 4,
            "reported_mark": None,
        }
        | {task_column(n): 9 for n in (1, 2)}
    )
    works = Works(KEY, rows, (TaskHeader(1), TaskHeader(2)), {SHA: CellMap("a.xlsx", SHA, "S", {"primary_score": 3})})
    result = check_works(works.checked(), AssessmentFacts(KEY), TASKS.empty())
    assert len(result.findings) == count
    assert max(len(finding.message) for finding in result.findings) < 80
    assert {finding.cell for finding in result.findings} == {f"D{row}" for row in range(2, count + 2)}


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.lists(st.integers(-4, 3), min_size=3, max_size=3), min_size=1, max_size=12),
    total=st.integers(-1, 9),
)
def test_the_sum_rule_agrees_with_a_plain_loop(scores, total) -> None:
    count = len(scores)
    rows = pd.DataFrame(
        {
            "file_sha256": SHA,
            "source_row": range(2, count + 2),
            "school_code": "edu990001",
            "class_label": "А",
            "sex": "м",
            "pupil_id": [str(number) for number in range(count)],
            "variant": "1",
            "status": "scored",
            "primary_score": total,
            "journal_mark": 4,
            "reported_mark": None,
        }
        | {task_column(n): [row[n - 1] for row in scores] for n in (1, 2, 3)}
    )
    works = Works(KEY, rows, tuple(TaskHeader(n) for n in (1, 2, 3))).checked()
    flags = check_works(works, AssessmentFacts(KEY), TASKS.empty()).flags
    expected = [sum(score for score in row if score > 0) != total for row in scores]
    assert flags["has_sum_mismatch"].tolist() == expected
