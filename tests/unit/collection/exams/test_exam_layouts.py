"""Every layout of exams is read whole, says nothing wrong of a clean file, and lets no name out."""

import pytest

from tests.unit.collection.exams import exam_files as files
from tests.unit.collection.workbooks import read, rule_cells, xls, xlsx

CLEAN = {
    "ege_sparse.xlsx": (files.ege_sparse, "gia_protocol", 4),
    "ege_compact.csv": (files.ege_compact, "gia_protocol", 3),
    "oge_mathematics.xlsx": (files.oge_mathematics, "gia_protocol", 4),
    "oge_russian.xlsx": (files.oge_russian, "gia_protocol", 3),
    "foreign.csv": (files.foreign_language, "gia_protocol", 2),
    "base.csv": (files.base_mathematics, "gia_protocol", 3),
    "gve.xlsx": (files.gve_mathematics, "gia_protocol", 3),
    "stacked.xlsx": (files.stacked, "gia_protocol", 7),
    "appeals.csv": (files.appeals, "gia_appeals", 2),
    "appeals_one_row.xlsx": (files.appeals_one_row, "gia_appeals", 1),
    "schools.xlsx": (files.school_table, "gia_school_table", 12),
    "ris.xlsx": (files.ris_tables, "ris_tables", 11),
    "flat.csv": (files.flat_dump, "ris_tables", 2),
    "essay.xlsx": (files.essay, "essay_protocol", 4),
    "interview.xlsx": (files.interview, "interview_protocol", 4),
    "wide_scale.xlsx": (files.wide_scale, "gia_scales", 4),
    "mark_scale.xlsx": (files.mark_scale, "gia_scales", 2),
}
LEAKS = [part for name in files.NAMES for part in (*name[:2], name[4]) if part]


@pytest.mark.parametrize("name", CLEAN)
def test_clean_file_is_read_whole_without_a_finding(tmp_path, name):
    build, layout, rows = CLEAN[name]
    reading = files.read_rows(tmp_path, name, build())
    assert rule_cells(reading) == set()
    assert (reading.layout_code, reading.status) == (layout, "accepted")
    assert reading.reading.read_rows_count == rows
    assert reading.reading.quarantined_rows_count == 0


@pytest.mark.parametrize("name", CLEAN)
def test_no_name_or_document_leaves_the_reader(tmp_path, name):
    reading = files.read_rows(tmp_path, name, CLEAN[name][0]())
    frames = [*reading.reading.records.values(), *reading.reading.tables.values()]
    text = "".join(frame.to_csv() for frame in frames) + repr(reading.reading.findings)
    assert [word for word in LEAKS if word in text] == []


@pytest.mark.parametrize("cell", ["E7", "G7", "I7", "K7", "W7", "AA7", "AC7"])
@pytest.mark.parametrize("secret", ["Черешнев Лев Львович", "4509 123456"])
def test_shifted_column_lets_no_person_out(tmp_path, cell, secret):
    reading = files.read_rows(tmp_path, "a.xlsx", files.planted(files.ege_sparse(), cell, secret)).reading
    text = "".join(frame.to_csv() for frame in [*reading.records.values(), *reading.tables.values()])
    text += repr(reading.findings)
    assert [part for part in secret.split() if part in text] == []


def results(root, name, rows):
    return files.read_rows(root, name, rows).reading.records["exam_results"]


def test_sparse_protocol_gives_scores_masks_and_codes(tmp_path):
    rows = results(tmp_path, "a.xlsx", files.ege_sparse())
    assert rows["exam_code"].unique().tolist() == ["ege:2026:physics:main"]
    assert rows["primary_score"].tolist() == [22, 0, 39, 8]
    assert rows["test_score"].tolist() == [61, 0, 88, 36]
    assert rows["school_key"].tolist() == ["111001"] * 4
    assert rows["task_scores"][3] == ";".join("1" * 8 + "0" * 12) + "|0/3;0/2;0/2;0/3;0/3;0/4"
    assert rows["source_row"].tolist() == [7, 8, 9, 10]
    assert rows["pupil_id"].nunique() == 4


def test_numbers_kept_as_text_and_the_ansi_code_page_give_the_same(tmp_path):
    rows = files.ege_compact()
    as_text = [[str(value) for value in row] for row in rows]
    one = read(tmp_path, "one.csv", files.csv_bytes(rows, "cp1251")).reading.records["exam_results"]
    two = read(tmp_path, "two.xlsx", xlsx({"Page 1": as_text})).reading.records["exam_results"]
    three = read(tmp_path, "three.xls", xls({"Page 1": rows})).reading.records["exam_results"]
    for other in (two, three):
        assert other.drop(columns="source_sheet").equals(one.drop(columns="source_sheet"))


def test_stacked_exams_keep_their_own_subject_and_repeated_heads_are_no_pupils(tmp_path):
    rows = results(tmp_path, "a.xlsx", files.stacked())
    assert rows.groupby("exam_code").size().to_dict() == {"ege:2026:mathematics:profile": 3, "ege:2026:physics:main": 4}


def test_oral_and_written_parts_are_kept_apart(tmp_path):
    rows = results(tmp_path, "a.csv", files.foreign_language())
    assert rows[["oral_score", "written_score", "primary_score"]].to_numpy().tolist() == [[5, 15, 20], [0, 3, 3]]
    assert rows["task_scores"][0] == "5;6;1;0|1/2;2/3|1/1;4/5"
    assert rows["exam_date"].tolist() == ["2022-06-14"] * 2


def test_base_mathematics_has_a_mark_and_no_test_score(tmp_path):
    rows = results(tmp_path, "a.csv", files.base_mathematics())
    assert rows["exam_code"].unique().tolist() == ["ege:2022:mathematics:base"]
    assert rows["mark"].tolist() == [4, 2, 5]
    assert rows["test_score"].isna().all()


def test_normalised_table_takes_its_exam_from_the_file_name(tmp_path):
    reading = files.read_rows(tmp_path, "04_2026.06.01.csv", files.oge_english_heads())
    rows = reading.reading.records["exam_results"]
    assert rows["exam_code"].unique().tolist() == ["oge:2026:chemistry:main"]
    assert rows["mark"].tolist() == [4, 2, 4]
    assert {rule for rule, _ in rule_cells(reading)} == {"exam.exam_by_file_name"}


def test_gve_is_known_by_its_title_and_its_marks_go_by_series(tmp_path):
    rows = results(tmp_path, "a.xlsx", files.gve_mathematics())
    assert rows["exam_code"].unique().tolist() == ["gve9:2023:mathematics:main"]
    assert rows["category"].unique().tolist() == ["special"]


def test_one_person_has_one_pseudonym_in_protocol_appeal_and_dump(tmp_path):
    protocol = results(tmp_path, "a.xlsx", files.ege_sparse())
    appeal = files.read_rows(tmp_path, "b.csv", files.appeals()).reading.records["exam_appeals"]
    dump = results(tmp_path, "c.xlsx", files.ris_tables())
    assert appeal["pupil_id"].tolist() == protocol["pupil_id"].tolist()[:2]
    assert set(dump["pupil_id"]) == set(protocol["pupil_id"][:3])
    essay = files.read_rows(tmp_path, "d.xlsx", files.essay()).reading.records["admission_works"]
    assert essay["pupil_id"].tolist() == protocol["pupil_id"].tolist()


def test_ris_tables_keep_other_states_and_scale(tmp_path):
    reading = files.read_rows(tmp_path, "a.xlsx", files.ris_tables()).reading
    rows = reading.records["exam_results"].sort_values("exam_code")
    assert rows["status"].value_counts().to_dict() == {"valid": 2, "pending": 1}
    assert rows["school_key"].unique().tolist() == ["111001"]
    assert reading.records["exam_scales"][["primary_score", "test_score"]].to_numpy().tolist() == [[1, 5], [2, 9]]


def test_flat_dump_tells_exams_by_class(tmp_path):
    rows = results(tmp_path, "a.csv", files.flat_dump())
    assert rows["exam_code"].tolist() == ["ege:2026:physics:main", "oge:2026:mathematics:main"]


def test_one_ris_table_alone_waits_for_the_others(tmp_path):
    reading = read(tmp_path, "2026/res_Marks.csv", files.csv_bytes(files.ris_tables()["res_Marks"]))
    assert {rule for rule, _ in rule_cells(reading)} == {"ris.exam_table_missing"}
    assert reading.reading.records["ris_parts"]["part"].tolist() == ["marks", "marks"]
    assert reading.reading.school_year == "2025-2026"


def test_participants_of_ris_alone_let_no_person_out(tmp_path):
    rows = [
        [*row, "8 900 000-00-00" if k else "Phone2"] for k, row in enumerate(files.ris_tables()["rbd_Participants"])
    ]
    reading = read(tmp_path, "2026/rbd_Participants.csv", files.csv_bytes(rows)).reading
    text = reading.records["ris_parts"].to_csv() + repr(reading.findings)
    assert [word for word in [*LEAKS, "8 900"] if word in text] == []
    assert text.count("pupil_id") == 3


def test_table_by_school_holds_two_years_and_same_names_apart(tmp_path):
    reading = files.read_rows(tmp_path, "a.xlsx", files.school_table()).reading
    rows = reading.records["exam_school_results"]
    assert reading.school_year is None
    assert sorted(rows["exam_year"].unique()) == [2022, 2023]
    assert reading.tables == {}
    keys = set(rows["school_key"].dropna())
    assert keys == {'МБОУ "СОШ № 1"|город Верхний', 'МБОУ "СОШ № 1"|Нижний район', 'МБОУ "СОШ № 2"|город Верхний'}
    physics = rows[(rows["exam_code"] == "ege:2023:physics:main") & (rows["unit_name"] == "Нижний район")]
    assert physics["mean_test_score"].isna().all()


def test_table_of_one_year_mentions_its_schools(tmp_path):
    reading = files.read_rows(tmp_path, "a.xlsx", {"2023": files.school_table()["2023"]}).reading
    assert reading.school_year == "2022-2023"
    places = sorted(reading.tables["school_mentions"]["municipality_name"])
    assert places == ["Нижний район", "город Верхний", "город Верхний"]


def test_essay_counts_absence_as_no_verdict(tmp_path):
    rows = files.read_rows(tmp_path, "a.xlsx", files.essay()).reading.records["admission_works"]
    assert rows["is_passed"].tolist()[:3] == [True, False, False]
    assert rows["is_passed"].isna().tolist() == [False, False, False, True]
    assert rows["status"].tolist() == ["valid", "valid", "valid", "absent"]
    assert rows["held_on"].unique().tolist() == ["2025-12-03"]


def test_interview_passes_from_ten_points(tmp_path):
    rows = files.read_rows(tmp_path, "a.xlsx", files.interview()).reading.records["admission_works"]
    assert rows["total_score"].tolist() == [12, 9, 6, 20]
    assert rows["is_passed"].tolist() == [True, False, True, True]


def test_scales_become_rows_of_scores_and_marks(tmp_path):
    wide = files.read_rows(tmp_path, "a.xlsx", files.wide_scale()).reading.records["exam_scales"]
    assert wide.groupby("exam_code").size().to_dict() == {"ege:2024:chemistry:main": 3, "ege:2024:physics:main": 4}
    marks = files.read_rows(tmp_path, "b.xlsx", files.mark_scale()).reading.records["exam_scales"]
    russian = marks[marks["exam_code"] == "oge:2024:russian:main"].set_index("primary_score")["mark"]
    assert [russian[score] for score in (14, 15, 22, 23, 28, 29, 33)] == [2, 3, 3, 4, 4, 5, 5]


def test_file_of_several_years_is_refused_with_the_years(tmp_path):
    rows = [*files.ege_compact(), *files.base_mathematics()]
    reading = files.read_rows(tmp_path, "a.xlsx", rows)
    assert reading.status == "refused"
    (finding,) = reading.reading.findings
    assert (finding.rule_id, "2022, 2026" in finding.message) == ("exam.several_years", True)


def test_protocol_without_subject_and_date_is_refused(tmp_path):
    reading = files.read_rows(tmp_path, "протокол.csv", files.ege_compact()[1:])
    assert [finding.rule_id for finding in reading.reading.findings] == ["exam.exam_unknown"]


def test_absent_and_annulled_pupils_stay_with_their_state(tmp_path):
    rows = files.planted(files.ege_compact(), "O3", "не явился")
    rows = files.planted(files.planted(rows, "P3", ""), "O4", "аннулирован")
    reading = files.read_rows(tmp_path, "a.csv", files.planted(rows, "P4", ""))
    assert reading.reading.records["exam_results"]["status"].tolist() == ["absent", "annulled", "valid"]
    assert rule_cells(reading) == set()
