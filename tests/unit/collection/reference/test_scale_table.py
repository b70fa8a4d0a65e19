import pytest

from oko_pipeline.collection.layouts.scale_table import ScaleTable
from oko_pipeline.errors import UnreadableFileError

CSV = """grade,subject,min3,min4,min5,max,raw
4,Математика,6,10,15,20,0-5 6-9 10-14 15-20
8,География,13,27,35,40,0-12 13-26 27-35 35-40
8,Физика,5,8,11,18,0-4 5-7 8-10 11-18
"""


def scales(reading):
    table = reading.tables["scale_bounds"]
    return {
        (row.paper_grade, row.subject_code): (
            (row.minimum_3, row.minimum_4, row.minimum_5, row.maximum_score),
            bool(row.is_refused),
        )
        for row in table.itertuples()
    }


def test_the_overlapping_row_is_refused_and_the_others_are_accepted(read):
    reading = read(CSV, "2021/шкалы.csv", "scale_table")
    assert scales(reading) == {
        (4, "mathematics"): ((6, 10, 15, 20), False),
        (8, "geography"): ((13, 27, 35, 40), True),
        (8, "physics"): ((5, 8, 11, 18), False),
    }
    (finding,) = reading.findings
    assert (finding.rule_id, finding.file_path, finding.cell) == ("scale.overlap", "2021/шкалы.csv", "G3")
    assert "балл 35 входит в оба" in finding.message
    assert (reading.accepted_rows_count, reading.quarantined_rows_count) == (2, 1)
    assert reading.school_year == "2020-2021"


def test_a_person_confirms_the_bounds_by_naming_the_basis(read):
    rows = [
        ["Год", "Класс", "Предмет", "min3", "min4", "min5", "max", "Диапазоны", "Основание"],
        [2021, 8, "География", 13, 27, 36, 40, "0-12 13-26 27-35 35-40", "Письмо ФИОКО от 12.05.2021"],
        [2021, 8, "Химия", 10, 10, 28, 36, "", "Письмо"],
    ]
    reading = read(rows, "f.xlsx", "scale_table")
    assert scales(reading) == {
        (8, "geography"): ((13, 27, 36, 40), False),
        (8, "chemistry"): ((10, 10, 28, 36), True),
    }
    assert reading.tables["scale_bounds"]["basis"].iloc[0] == "Письмо ФИОКО от 12.05.2021"
    assert [(f.rule_id, f.row) for f in reading.findings] == [("scale.inconsistent", 3)]


def test_ranges_by_mark(read):
    rows = [
        ["Шкалы ВПР 2022"],
        ["Класс", "Предмет", "Уровень", "«2»", "«3»", "«4»", "«5»"],
        ["7 класс", "математика", "углублённый", "0–6", "7–11", "12–15", "16–19"],
        [7, "Математика", "базовый уровень", "0–6", "8–11", "12–15", "16–19"],
        [15, "Математика", "", "0–6", "7–11", "12–15", "16–19"],
        [7, "Черчение", "", "0–6", "7–11", "12–15", "16–19"],
    ]
    reading = read(rows, "2022/f.xlsx", "scale_table")
    table = reading.tables["scale_bounds"]
    assert table[["level", "minimum_3", "is_refused"]].to_numpy().tolist() == [
        ["advanced", 7, False],
        ["base", 8, True],
    ]
    assert [(f.rule_id, f.row) for f in reading.findings] == [
        ("scale.inconsistent", 4),
        ("scale.row_unknown", 5),
        ("scale.row_unknown", 6),
    ]
    assert "пропущен балл 7" in reading.findings[0].message


def test_columns_that_contradict_the_printed_ranges_are_refused(read):
    text = "grade,subject,min3,min4,min5,max,raw\n4,Математика,7,10,15,20,0-5 6-9 10-14 15-20\n"
    reading = read(text, "2021/f.csv", "scale_table")
    assert scales(reading)[4, "mathematics"][1] is True


def test_a_table_of_several_years_serves_all_of_them(read):
    rows = [
        ["Год", "Класс", "Предмет", "Шкала"],
        *([year, 4, "Математика", "0-5 6-9 10-14 15-20"] for year in (2023, 2024)),
    ]
    reading = read(rows, "f.xlsx", "scale_table")
    assert reading.school_year is None
    assert reading.tables["scale_bounds"]["year"].tolist() == [2023, 2024]


def test_an_unreadable_scale_is_not_guessed(read):
    rows = [["Класс", "Предмет", "Шкала"], [4, "Математика", "см. приложение"], [5, "История", "0-3 4-7 8-11 12-15"]]
    reading = read(rows, "2021/f.xlsx", "scale_table")
    assert list(scales(reading)) == [(5, "history")]
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("scale.inconsistent", "C2")]


def test_a_year_must_be_known(opened, context_of):
    with pytest.raises(UnreadableFileError, match="год ВПР"):
        ScaleTable().read(opened(CSV, "f.csv"), context_of("f.csv"))
