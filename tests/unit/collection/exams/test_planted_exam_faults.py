"""A table of planted faults: each is found by its rule in its cell, and nothing else is found."""

import pytest

from tests.unit.collection.exams import exam_files as files
from tests.unit.collection.workbooks import rule_cells

# Layout, cell, planted value, what must be found: rule and cell (the planted cell itself where none is named).
FAULTS = (
    ("ege_sparse.xlsx", "W7", "+" * 19 + "*", "exam.mask_unreadable", None),
    ("ege_sparse.xlsx", "W7", "+" * 21, "exam.mask_length", None),
    ("ege_sparse.xlsx", "Y7", "4(3)1(2)0(2)0(3)0(3)0(4)", "exam.task_over_maximum", None),
    ("ege_sparse.xlsx", "Y7", "1(3)1(2)0(2)0(3)0(3)0(5)", "exam.mask_maxima", None),
    ("ege_sparse.xlsx", "Y7", "1(3)1(2)0(2)0(3)0(3)", "exam.mask_length", None),
    ("ege_sparse.xlsx", "W8", "+" + "-" * 19, "exam.sum_mismatch", "AA8"),
    ("ege_sparse.xlsx", "AC7", 62, "exam.test_score_mismatch", None),
    ("ege_sparse.xlsx", "AC7", 161, "exam.score_impossible", None),
    ("ege_sparse.xlsx", "AC7", "шестьдесят", "exam.score_unreadable", None),
    ("ege_sparse.xlsx", "E7", "", "exam.school_missing", None),
    ("ege_sparse.xlsx", "M7", "", "exam.person_missing", None),
    ("ege_sparse.xlsx", "AA13", 9, "exam.footer_count", None),
    ("ege_sparse.xlsx", "A4", "04 - Физика 2026.06.01", "exam.code_contradicts_name", None),
    ("ege_compact.csv", "O3", 40, "exam.primary_over_maximum", None),
    ("ege_compact.csv", "O3", 12.5, "exam.score_unreadable", None),
    ("ege_compact.csv", "P4", 28, "exam.test_score_mismatch", None),
    ("ege_compact.csv", "O3", "", "exam.score_missing", None),
    ("oge_mathematics.xlsx", "M4", 5, "exam.mark_mismatch", None),
    ("oge_mathematics.xlsx", "M4", 6, "exam.score_impossible", None),
    ("oge_mathematics.xlsx", "M5", 3, "exam.extra_rule", None),
    ("oge_russian.xlsx", "O5", 4, "exam.extra_rule", None),
    ("oge_russian.xlsx", "O4", 4, "exam.mark_mismatch", None),
    ("foreign.csv", "P3", 21, "exam.parts_mismatch", None),
    ("foreign.csv", "M3", "1(1)3(5)", "exam.sum_mismatch", "N3"),
    ("foreign.csv", "K3", "55+-", "exam.sum_mismatch", "O3"),
    ("base.csv", "M4", 3, "exam.mark_mismatch", None),
    ("gve.xlsx", "I5", 13, "exam.primary_over_maximum", None),
    ("appeals.csv", "P4", 2, "appeal.difference_mismatch", None),
    ("appeals.csv", "K4", "непонятно", "appeal.state_unknown", None),
    ("appeals.csv", "F5", "", "exam.person_missing", None),
    ("appeals_one_row.xlsx", "I3", "Математика", "appeal.exam_unknown", None),
    ("ris.xlsx:res_Marks", "A3", "h9", "ris.mark_without_test", None),
    ("ris.xlsx:res_HumanTests", "B2", "p9", "ris.participant_unknown", "A2"),
    ("ris.xlsx:res_HumanTests", "C2", 47, "ris.subject_unknown", "A2"),
    ("ris.xlsx:res_HumanTests", "H1", "Прочее", "ris.column_missing", "A1"),
    ("ris.xlsx:res_Marks", "D2", 99, "exam.test_score_mismatch", None),
    ("ris.xlsx:dats_Borders", "A2", 47, "examscale.subject_unknown", None),
    ("schools.xlsx:2022", "F8", 3, "examtable.total_mismatch", ("F7", "F8")),
    ("schools.xlsx:2022", "I7", 61.5, "examtable.total_mismatch", None),
    ("schools.xlsx:2022", "I10", 71.5, "examtable.total_mismatch", ("I7", "I8")),
    ("schools.xlsx:2022", "K9", 11, "examtable.parts_over_participants", ("J9", "K7", "K8")),
    ("schools.xlsx:2022", "R9", "много", "examtable.value_unreadable", None),
    ("schools.xlsx:2022", "B7", 805, "examtable.number_among_names", None),
    ("essay.xlsx", "P4", "незачёт", "admission.verdict_mismatch", None),
    ("essay.xlsx", "P4", "отлично", "admission.verdict_missing", None),
    ("essay.xlsx", "M4", "плохо", "admission.criterion_unreadable", None),
    ("interview.xlsx", "P3", 13, "admission.sum_mismatch", None),
    ("interview.xlsx", "P6", 21, "admission.score_impossible", None),
    ("interview.xlsx", "Q4", "зачёт", "admission.verdict_mismatch", None),
    ("interview.xlsx", "L3", "много", "admission.criterion_unreadable", None),
    ("wide_scale.xlsx", "B5", 4, "examscale.not_growing", None),
    ("mark_scale.xlsx", "A3", "Рисование", "examscale.subject_unknown", None),
    ("mark_scale.xlsx", "E3", "10–28", "examscale.not_growing", "D3"),
)
BUILD = {
    "ege_sparse": files.ege_sparse,
    "ege_compact": files.ege_compact,
    "oge_mathematics": files.oge_mathematics,
    "oge_russian": files.oge_russian,
    "foreign": files.foreign_language,
    "base": files.base_mathematics,
    "gve": files.gve_mathematics,
    "appeals": files.appeals,
    "appeals_one_row": files.appeals_one_row,
    "ris": files.ris_tables,
    "schools": files.school_table,
    "essay": files.essay,
    "interview": files.interview,
    "wide_scale": files.wide_scale,
    "mark_scale": files.mark_scale,
}


def faulty(name, cell, value):
    name, _, sheet = name.partition(":")
    rows = BUILD[name.partition(".")[0]]()
    if sheet:
        return name, rows | {sheet: files.planted(rows[sheet], cell, value)}
    return name, files.planted(rows, cell, value)


@pytest.mark.parametrize(("name", "cell", "value", "rule", "found_in"), FAULTS)
def test_planted_fault_is_found_in_its_cell(tmp_path, name, cell, value, rule, found_in):
    file_name, rows = faulty(name, cell, value)
    found = rule_cells(files.read_rows(tmp_path, file_name, rows))
    if isinstance(found_in, tuple):
        # A wrong part makes its totals wrong too: these are told by the cells of the totals.
        assert {one for _, one in found} == set(found_in)
        assert (rule, found_in[0]) in found
        assert {one for one, _ in found} <= {rule, "examtable.total_mismatch"}
        return
    assert found == {(rule, found_in or cell)}


def test_at_least_fifty_faults_are_planted():
    assert len(FAULTS) >= 50
    assert len({rule for *_, rule, _ in FAULTS}) >= 30


def test_changed_total_is_listed_against_its_parts_with_both_numbers(tmp_path):
    rows = files.school_table()
    rows["2023"] = files.planted(rows["2023"], "E7", 31)
    reading = files.read_rows(tmp_path, "a.xlsx", rows).reading
    assert rule_cells_of(reading) == {("examtable.total_mismatch", "2023", "E7")}
    table = reading.records["exam_cross_foot"]
    assert table[["cell", "parts_level", "stated", "computed"]].to_numpy().tolist() == [
        ["E7", "municipality", 31.0, 30.0],
        ["E7", "school", 31.0, 30.0],
    ]


def test_row_of_numbers_without_a_name_goes_to_quarantine(tmp_path):
    rows = files.school_table()
    rows["2022"] = files.planted(rows["2022"], "B12", "")
    reading = files.read_rows(tmp_path, "a.xlsx", rows).reading
    assert ("examtable.unit_unknown", "2022", "B12") in rule_cells_of(reading)
    assert reading.quarantined_rows_count == 1


def rule_cells_of(reading):
    return {(finding.rule_id, finding.sheet, finding.cell) for finding in reading.findings}


def test_repeated_pupil_is_told_in_the_second_row(tmp_path):
    rows = files.base_mathematics()
    rows.insert(5, rows[4])
    rows[-1][-2] = 4
    found = rule_cells(files.read_rows(tmp_path, "a.csv", rows))
    assert found == {("exam.pupil_repeated", "F6")}


def test_scale_of_contradicting_sources_accepts_both_and_tells_it(tmp_path):
    rows = [["25 - Информатика 2021.06.24"], *files.ege_compact()[1:]]
    for row, (primary, test) in zip(rows[2:], ((16, 65), (16, 59), (16, 64)), strict=True):
        row[12:16] = ["+" * 16 + "-" * 11, "", primary, test]
    found = rule_cells(files.read_rows(tmp_path, "a.csv", rows))
    assert found == {("exam.scale_contested", "A1"), ("exam.test_score_mismatch", "P5")}


def test_scale_of_a_file_that_differs_from_the_catalogue_is_told(tmp_path):
    rows = [["Соответствие первичных и тестовых баллов ЕГЭ 2026 года"], *files.wide_scale()[1:]]
    assert rule_cells(files.read_rows(tmp_path, "a.xlsx", rows)) == set()
    changed = files.planted(rows, "B4", 6)
    assert rule_cells(files.read_rows(tmp_path, "b.xlsx", changed)) == {("examscale.contradiction", "A4")}


def test_row_that_is_neither_pupil_nor_footer_goes_to_quarantine(tmp_path):
    rows = files.base_mathematics()
    rows.insert(4, ["", "", "", "", "", "", "", "", "", "", "", "пересчитано", "4"])
    reading = files.read_rows(tmp_path, "a.csv", rows)
    assert rule_cells(reading) == {("exam.row_unreadable", "L5")}
    assert reading.reading.quarantined_rows_count == 1
