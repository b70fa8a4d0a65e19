"""The real protocols and the table of ЕГЭ by school give the known answers. Aggregates and addresses, never rows."""

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, read_source
from oko_pipeline.quality import column_letter
from tests.unit.collection.workbooks import KEY

REAL = Path(__file__).parents[5] / "shared" / "real"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (REAL / "ege_protocols").exists(), reason="the real exports are not beside the checkout"),
]
PROTOCOLS = {
    "01_rus_2022.csv": "ege:2022:russian:main",
    "09_29_eng_2021.csv": "ege:2021:english:main",
    "09_29_eng_2022.csv": "ege:2022:english:main",
    "22_math_base_2022.csv": "ege:2022:mathematics:base",
    "25_inf_2021.csv": "ege:2021:informatics:main",
}
SUBJECTS = {
    "russian": "main",
    "mathematics": "profile",
    "foreign_language": "main",
    "history": "main",
    "literature": "main",
    "social_studies": "main",
    "informatics": "main",
    "chemistry": "main",
    "physics": "main",
    "biology": "main",
    "geography": "main",
}
FIGURES = ("participants_count", "below_minimum_count", "score_80_99_count", "score_100_count", "mean_test_score")
LEVELS = ("region", "municipality", "school")


@pytest.fixture(scope="module")
def readings():
    options = ReadOptions(KEY)
    files = {file.path.split("/")[-1]: file for file in scan_inbox(REAL) if file.path.startswith("ege_")}
    return {name: read_source(REAL, file, options) for name, file in files.items()}


def results(readings, name):
    return readings[name].reading.records["exam_results"]


def test_all_seven_files_are_read(readings):
    assert {one.status for one in readings.values()} == {"accepted"}
    layouts = {name: one.layout_code for name, one in readings.items()}
    assert layouts == dict.fromkeys(PROTOCOLS, "gia_protocol") | {
        "12_soc_appeal_2021.csv": "gia_appeals",
        "eao.xlsx": "gia_school_table",
    }


def test_protocols_name_their_exams_and_footers_are_not_pupils(readings):
    assert {name: list(results(readings, name)["exam_code"].unique()) for name in PROTOCOLS} == {
        name: [code] for name, code in PROTOCOLS.items()
    }
    assert {name: len(results(readings, name)) for name in PROTOCOLS} == dict(
        zip(PROTOCOLS, (1, 1, 3, 3, 1), strict=True)
    )
    assert sum(readings[name].reading.quarantined_rows_count for name in PROTOCOLS) == 0


def test_basic_mathematics_has_points_and_marks(readings):
    rows = results(readings, "22_math_base_2022.csv")
    assert rows["primary_score"].tolist() == [13, 6, 13]
    assert rows["mark"].tolist() == [4, 2, 4]
    assert [sum(map(int, scores.split(";"))) for scores in rows["task_scores"]] == [13, 6, 13]
    found = [finding.rule_id for finding in readings["22_math_base_2022.csv"].reading.findings]
    assert found == ["exam.footer_count"]


def test_english_of_2021_has_an_oral_and_a_written_part(readings):
    (row,) = results(readings, "09_29_eng_2021.csv").to_dict("records")
    assert (row["oral_score"], row["written_score"], row["primary_score"], row["test_score"]) == (3, 26, 29, 29)
    short, extended, oral = row["task_scores"].split("|")
    assert sum(map(int, short.split(";"))) + sum(int(one[0]) for one in extended.split(";")) == 26
    assert sum(int(one[0]) for one in oral.split(";")) == 3
    assert readings["09_29_eng_2021.csv"].reading.findings == []


def test_appeal_turns_41_into_42(readings):
    (appeal,) = readings["12_soc_appeal_2021.csv"].reading.records["exam_appeals"].to_dict("records")
    assert (appeal["exam_code"], appeal["state"]) == ("ege:2021:social_studies:main", "satisfied")
    assert (appeal["score_before"], appeal["primary_score"], appeal["test_score"]) == (41, 22, 42)


def test_no_name_or_document_leaves_the_reader(readings):
    planted = ("Иванов", "Петров", "Смирнов", "222222", "444444", "666666")
    for name in (*PROTOCOLS, "12_soc_appeal_2021.csv"):
        one = readings[name]
        texts = [frame.to_csv() for frame in one.reading.records.values()] + [repr(one.reading.findings)]
        assert not [word for word in planted for text in texts if word in text], one.path


def naive_tables():
    """Read eao.xlsx apart from the reader: fixed columns of each sheet, as a person sees them."""
    places = {"2024": (1, 2, 5, 1, 8), "2023": (0, 1, 4, 5, 9), "2022": (0, 1, 4, 5, 9)}
    book = CalamineWorkbook.from_path(str(REAL / "ege_by_school" / "eao.xlsx"))
    for year, (place, school, first, width, start) in places.items():
        rows = book.get_sheet_by_name(year).to_python(skip_empty_area=False)
        units = []
        municipality = None
        for number, row in enumerate(rows[start:], start + 1):
            if isinstance(row[school], str) and row[school].strip():
                level = "school"
            elif isinstance(row[place], str) and row[place].strip():
                level = "region" if row[place].startswith("ВСЕГО") else "municipality"
                municipality = number if level == "municipality" else None
            else:
                continue
            units.append((number, level, municipality, row))
        yield int(year), first, width, units


def test_tables_by_school_give_all_figures_of_three_years(readings):
    rows = readings["eao.xlsx"].reading.records["exam_school_results"]
    assert sorted(rows["exam_year"].unique()) == [2022, 2023, 2024]
    assert dict(rows.groupby("exam_year")["counted"].first()) == {
        2022: "results",
        2023: "results",
        2024: "applications",
    }
    compared = 0
    for year, first, width, units in naive_tables():
        for place, (subject, level) in enumerate(SUBJECTS.items()):
            code = f"ege:{year}:{subject}:{level}"
            own = rows[(rows["exam_code"] == code)].set_index("source_row")
            for number, unit_level, _, row in units:
                printed = [row[first + place * width + k] for k in range(width)]
                given = [None if one == "" else float(one) for one in printed]
                if not any(one is not None for one in given):
                    assert number not in own.index
                    continue
                read = own.loc[number]
                assert read["unit_level"] == unit_level
                for name, value in zip(FIGURES, given, strict=False):
                    is_mean_of_nobody = name == "mean_test_score" and not given[0]
                    if value is None or is_mean_of_nobody:
                        assert read[[name]].isna().all(), (code, number, name)
                    else:
                        assert read[name] == pytest.approx(value), (code, number, name)
                    compared += 1
    assert compared > 4000


def test_every_total_that_does_not_cross_foot_is_listed_with_its_cell(readings):
    expected = set()
    for year, first, width, units in naive_tables():
        schools = [unit for unit in units if unit[1] == "school"]
        municipalities = [unit for unit in units if unit[1] == "municipality"]
        for number, level, municipality, row in units:
            if level == "school":
                continue
            parts = {"school": [one for one in schools if level == "region" or one[2] == municipality]}
            if level == "region":
                parts["municipality"] = municipalities
            for column in range(first, first + 11 * width):
                is_mean = width == 5 and (column - first) % 5 == 4
                for found in parts.values():
                    stated = row[column] or 0
                    if is_mean:
                        pairs = [(one[3][column - 4] or 0, one[3][column]) for one in found if one[3][column] != ""]
                        people = sum(count for count, _ in pairs)
                        total = sum(count * mean for count, mean in pairs) / people if people else 0
                        is_sound = abs(stated - total) <= 0.015
                    else:
                        is_sound = stated == sum(one[3][column] or 0 for one in found)
                    if not is_sound:
                        expected.add((str(year), f"{column_letter(column)}{number}"))
    reading = readings["eao.xlsx"].reading
    listed = {(f.sheet, f.cell) for f in reading.findings if f.rule_id == "examtable.total_mismatch"}
    assert listed == expected
    table = reading.records["exam_cross_foot"]
    assert {(row["source_sheet"], row["cell"]) for row in table.to_dict("records")} == expected
    assert len(expected) == 37
    # One count among them: «не преодолён порог» in social studies; all the others are means.
    assert table.loc[table["measure"] != "mean_test_score", "cell"].unique().tolist() == ["AE10"]
