"""A year's exams over several files: newer over older, appeals over results, sittings by a rule, nothing lost."""

import pytest

from oko_pipeline.catalogue.tables_exams import EXAM_RESULTS
from oko_pipeline.collection.exam_assembly import (
    ExamAssemblyOptions,
    ExamFragments,
    assemble_admission,
    assemble_exams,
    assemble_school_tables,
)
from oko_pipeline.collection.exam_scales_build import build_scales, check_own_scales
from oko_pipeline.collection.record_assembly import RecordFragment
from oko_pipeline.errors import CatalogueError
from tests.unit.collection.exams import exam_files as files
from tests.unit.collection.workbooks import read

YEAR = "2025-2026"
CODES = {"111001": "edu990001"}


def fragment(root, name, rows, table="exam_results", submitted="2026-06-10"):
    reading = files.read_rows(root, name, rows)
    frame = reading.reading.records[table]
    return RecordFragment(reading.file_sha256, name, reading.layout_code or "", submitted, frame)


def rules(assembled):
    return sorted(finding.rule_id for finding in assembled.findings)


def final(assembled, exam_code="ege:2026:physics:main"):
    rows = assembled.results
    return rows[(rows["exam_code"] == exam_code) & rows["is_final"]].sort_values("source_row").reset_index(drop=True)


def test_results_are_linked_and_every_sitting_is_final_once(tmp_path):
    one = fragment(tmp_path, "a.xlsx", files.ege_sparse())
    assembled = assemble_exams(ExamFragments([one]), YEAR, CODES)
    assert assembled.findings == []
    assert list(assembled.results.columns) == list(EXAM_RESULTS.column_names)
    assert assembled.results["school_code"].unique().tolist() == ["edu990001"]
    assert final(assembled)["test_score"].tolist() == [61, 0, 88, 36]


def test_satisfied_appeal_overrides_and_a_rejected_one_does_not(tmp_path):
    parts = ExamFragments(
        [fragment(tmp_path, "a.xlsx", files.ege_sparse())],
        [fragment(tmp_path, "b.csv", files.appeals(), "exam_appeals")],
    )
    assembled = assemble_exams(parts, YEAR, CODES)
    rows = final(assembled)
    assert rows["test_score"].tolist() == [62, 0, 88, 36]
    assert rows["primary_score"].tolist()[0] == 23
    assert (rows["test_score_before"][0], rows["primary_score_before"][0]) == (61, 22)
    assert rows["is_appealed"].tolist() == [True, False, False, False]
    assert assembled.appeals["is_applied"].tolist() == [True, False]
    assert rules(assembled) == []


def test_appeal_without_a_document_finds_its_pupil_by_name_and_school(tmp_path):
    parts = ExamFragments(
        [fragment(tmp_path, "a.xlsx", files.oge_mathematics())],
        [fragment(tmp_path, "b.xlsx", files.appeals_one_row(), "exam_appeals")],
    )
    rows = final(assemble_exams(parts, YEAR, CODES), "oge:2026:mathematics:main")
    assert rows[["primary_score", "mark"]].to_numpy().tolist()[2] == [15, 4]


def test_appeal_without_a_result_is_kept_and_told(tmp_path):
    appeal = fragment(tmp_path, "b.csv", files.appeals(), "exam_appeals")
    alone = assemble_exams(ExamFragments([], [appeal]), YEAR, CODES)
    assert rules(alone) == ["appeal.without_result"] * 2
    assert len(alone.appeals) == 2
    other = fragment(tmp_path, "a.csv", files.ege_compact())
    assert rules(assemble_exams(ExamFragments([other], [appeal]), YEAR, CODES)) == ["appeal.without_result"] * 2


def test_score_before_the_appeal_must_be_that_of_the_protocol(tmp_path):
    wrong = files.planted(files.appeals(), "M4", 55)
    wrong = files.planted(wrong, "P4", 7)
    parts = ExamFragments(
        [fragment(tmp_path, "a.xlsx", files.ege_sparse())], [fragment(tmp_path, "b.csv", wrong, "exam_appeals")]
    )
    assembled = assemble_exams(parts, YEAR, CODES)
    assert rules(assembled) == ["appeal.score_before_mismatch"]
    assert final(assembled)["test_score"][0] == 62


def test_same_protocol_under_two_names_counts_once(tmp_path):
    one = fragment(tmp_path, "a.xlsx", files.ege_sparse())
    two = fragment(tmp_path, "b.csv", files.ege_sparse(), submitted="2026-06-11")
    assembled = assemble_exams(ExamFragments([one, two]), YEAR, CODES)
    assert len(assembled.results) == 4
    assert rules(assembled) == ["exam.duplicate_result"]


def test_later_protocol_replaces_and_a_change_without_an_appeal_is_told(tmp_path):
    changed = files.planted(files.planted(files.ege_sparse(), "AA7", 23), "AC7", 62)
    parts = [
        fragment(tmp_path, "b.xlsx", changed, submitted="2026-06-20"),
        fragment(tmp_path, "a.xlsx", files.ege_sparse()),
    ]
    assembled = assemble_exams(ExamFragments(parts), YEAR, CODES)
    assert final(assembled)["test_score"].tolist() == [62, 0, 88, 36]
    assert rules(assembled) == ["exam.changed_without_appeal", "exam.duplicate_result", "exam.result_replaced"]
    appeal = fragment(tmp_path, "c.csv", files.appeals(), "exam_appeals")
    explained = assemble_exams(ExamFragments(parts, [appeal]), YEAR, CODES)
    assert rules(explained) == ["exam.duplicate_result", "exam.result_replaced"]
    assert final(explained)["test_score"][0] == 62


@pytest.mark.parametrize(("rule", "expected"), [("last_valid", [40, 48]), ("best", [70, 48])])
def test_second_sitting_counts_by_the_rule(tmp_path, rule, expected):
    first, second = files.ege_compact(), files.ege_compact()
    second = [["02 - Математика профильная 2026.06.20"], *second[1:4]]
    second = files.planted(files.planted(second, "O3", 7), "P3", 40)
    second = files.planted(files.planted(second, "O4", 8), "P4", 48)
    parts = [fragment(tmp_path, "a.csv", first[:4]), fragment(tmp_path, "b.csv", second)]
    assembled = assemble_exams(ExamFragments(parts), YEAR, CODES, ExamAssemblyOptions(rule))
    assert final(assembled, "ege:2026:mathematics:profile")["test_score"].tolist() == expected
    assert assembled.results["sitting"].tolist() == [1, 2, 1, 2]
    assert rules(assembled) == ["exam.second_sitting"]


def test_absence_at_the_reserve_day_does_not_undo_a_result(tmp_path):
    absent = [["02 - Математика профильная 2026.06.20"], *files.ege_compact()[1:3]]
    absent = files.planted(files.planted(absent, "O3", "не явился"), "P3", "")
    parts = [fragment(tmp_path, "a.csv", files.ege_compact()), fragment(tmp_path, "b.csv", absent)]
    rows = assemble_exams(ExamFragments(parts), YEAR, CODES).results
    own = rows[rows["pupil_id"] == rows.loc[rows["status"] == "absent", "pupil_id"].iloc[0]]
    assert own[["status", "is_final"]].to_numpy().tolist() == [["valid", True], ["absent", False]]


def test_unknown_rule_of_sittings_is_refused():
    with pytest.raises(CatalogueError, match="second_sitting"):
        ExamAssemblyOptions.of({"exams.assembly.second_sitting": "first"})


def test_school_without_a_code_is_told_once_a_file(tmp_path):
    one = fragment(tmp_path, "a.xlsx", files.ege_sparse())
    assembled = assemble_exams(ExamFragments([one]), YEAR, {})
    assert rules(assembled) == ["exam.school_unlinked"]
    assert "строк — 4" in assembled.findings[0].message
    assert assembled.results["school_code"].isna().all()


def test_ris_tables_in_files_of_their_own_are_joined(tmp_path):
    tables = files.ris_tables()
    parts = []
    for name in ("res_HumanTests", "res_Marks", "rbd_Participants", "rbd_Schools"):
        reading = read(tmp_path, f"2026/{name}.csv", files.csv_bytes(tables[name]))
        rows = reading.reading.records["ris_parts"]
        parts.append(RecordFragment(reading.file_sha256, name, "ris_tables", "2026-06-10", rows))
    apart = assemble_exams(ExamFragments(ris_parts=parts), YEAR, CODES)
    together = assemble_exams(ExamFragments([fragment(tmp_path, "all.xlsx", tables)]), YEAR, CODES)
    columns = ["exam_code", "pupil_id", "status", "primary_score", "test_score", "task_scores", "school_code"]
    assert apart.results[columns].equals(together.results[columns])
    assert len(apart.results) == 3


def test_other_years_stay_out(tmp_path):
    one = fragment(tmp_path, "a.csv", files.base_mathematics())
    assert assemble_exams(ExamFragments([one]), YEAR, CODES).results.empty
    assert len(assemble_exams(ExamFragments([one]), "2021-2022", CODES).results) == 3


def test_admission_takes_the_first_pass_else_the_last_sitting(tmp_path):
    again = files.planted(files.essay(), "A2", "20 - Сочинение 2026.02.04")
    for column in "MNOP":
        again = files.planted(again, f"{column}6", "зачёт")
    parts = [
        fragment(tmp_path, "a.xlsx", files.essay(), "admission_works"),
        fragment(tmp_path, "b.xlsx", again, "admission_works", "2026-02-10"),
    ]
    works, findings = assemble_admission(parts, YEAR, CODES)
    counted = works[works["is_final"]].sort_values("source_row")
    assert findings == []
    assert counted["is_passed"].tolist()[:3] == [True, False, True]
    assert counted["held_on"].tolist()[:3] == ["2025-12-03", "2026-02-04", "2026-02-04"]
    assert len(works) == 8


def test_tables_by_school_are_sliced_by_their_own_year(tmp_path):
    rows = files.school_table()
    rows["2023"] = files.planted(rows["2023"], "E7", 31)
    tables = [fragment(tmp_path, "a.xlsx", rows, name) for name in ("exam_school_results", "exam_cross_foot")]
    codes = {'МБОУ "СОШ № 1"|город Верхний': "edu990001", 'МБОУ "СОШ № 1"|Нижний район': "edu990003"}
    results, totals, findings = assemble_school_tables(tables[:1], tables[1:], "2022-2023", codes)
    assert results["exam_year"].unique().tolist() == [2023]
    assert sorted(results["school_code"].dropna().unique()) == ["edu990001", "edu990003"]
    assert totals["cell"].tolist() == ["E7", "E7"]
    assert [finding.rule_id for finding in findings] == ["exam.school_unlinked"]
    assert assemble_school_tables(tables[:1], tables[1:], "2021-2022", codes)[1].empty


def test_scales_of_all_sources_stand_side_by_side(tmp_path):
    scales = build_scales([], "2024-2025")
    russian = scales[scales["exam_code"] == "oge:2025:russian:main"]
    assert russian["source"].nunique() == 2
    contested = russian[russian["is_contested"]]["primary_score"].unique().tolist()
    assert contested == [23, 24, 25, 29, 30, 31, 32]


def test_scale_of_a_file_checks_results_that_the_catalogue_cannot(tmp_path):
    table = [["Шкала ОГЭ 2026 года"], files.mark_scale()[1], ["Химия", 38, "0–9", "10–20", "21–25", "26–38"]]
    scale = fragment(tmp_path, "s.xlsx", table, "exam_scales")
    scales = build_scales([scale], YEAR)
    protocol = files.read_rows(tmp_path, "04_2026.06.01.csv", files.oge_english_heads())
    part = RecordFragment(protocol.file_sha256, "p", "gia_protocol", "2026", protocol.reading.records["exam_results"])
    results = assemble_exams(ExamFragments([part]), YEAR, CODES).results
    found = check_own_scales(results, scales, {protocol.file_sha256: "p"})
    assert [(one.rule_id, one.row, one.expected) for one in found] == [("exam.mark_mismatch", 4, "5")]
