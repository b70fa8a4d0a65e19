"""A year of exams from the inbox to the tables: schools linked by codes, only what changed is made again."""

import pytest

from assets.collection import collect_files, write_schools
from assets.exams import analyse_exam_year, assemble_exam_year
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS
from oko_pipeline.catalogue.tables_exams import (
    ADMISSION_RESULTS,
    EXAM_CROSS_FOOT,
    EXAM_FORM_SHARES,
    EXAM_RESULTS,
    EXAM_SCHOOL_RESULTS,
    EXAM_SUMMARY,
    EXAM_TASK_RESULTS,
)
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.collection.exams import exam_files as files
from tests.unit.collection.workbooks import xlsx

YEAR = "2025-2026"
REGISTRY = [
    ["Логин", "Название ОО", "Муниципалитет", "Код ОГЭ", "Код ЕГЭ"],
    ["edu990001", "МБОУ СОШ № 1", "город Верхний", "111001", "111001"],
    ["edu990002", "МБОУ СОШ № 2", "Нижний район", "111002", "111002"],
]


@pytest.fixture
def office(tmp_path):
    workplace = open_workplace(Settings.load(home=tmp_path / "home", workers=1))
    drop(workplace, "2026/Список ОО.xlsx", REGISTRY)
    drop(workplace, "2026/physics.xlsx", files.ege_sparse())
    drop(workplace, "2026/mathematics.csv", files.ege_compact())
    drop(workplace, "2026/appeals.csv", files.appeals())
    drop(workplace, "2026/essay.xlsx", files.essay())
    yield workplace
    workplace.close()


def drop(workplace, name, rows):
    target = workplace.inbox / name
    target.parent.mkdir(parents=True, exist_ok=True)
    sheets = rows if isinstance(rows, dict) else {"Page 1": rows}
    target.write_bytes(files.csv_bytes(rows) if name.endswith(".csv") else xlsx(sheets))


def run(workplace, year=YEAR):
    collect_files(workplace)
    write_schools(workplace, year)
    return assemble_exam_year(workplace, year), analyse_exam_year(workplace, year)


def test_year_is_assembled_linked_and_summed_up(office):
    assert run(office) == (True, ["ege:2026:mathematics:profile", "ege:2026:physics:main"])
    results = office.records.read(YEAR, EXAM_RESULTS.name)
    assert results["school_code"].unique().tolist() == ["edu990001"]
    assert results["is_appealed"].sum() == 1
    where = {"school_year": YEAR, "unit_level": "municipality"}
    summary = office.database.read(EXAM_SUMMARY, where)
    assert summary.set_index("exam_code")["participants_count"].to_dict() == {
        "ege:2026:mathematics:profile": 3,
        "ege:2026:physics:main": 4,
    }
    assert summary.set_index("exam_code").loc["ege:2026:physics:main", "mean_test"] == (62 + 0 + 88 + 36) / 4
    assert len(office.database.read(EXAM_TASK_RESULTS, where)) > 0
    admission = office.database.read(ADMISSION_RESULTS, where)
    assert admission[["participants_count", "passed_count", "not_valid_count"]].to_numpy().tolist() == [[3, 1, 1]]
    assert office.database.read(EXAM_FORM_SHARES, where)["participants_count"].tolist() == [4]
    told = office.database.read(QUALITY_FINDINGS, {"school_year": YEAR, "origin": "exams"})
    assert told.empty


def test_second_run_makes_nothing_and_a_changed_file_only_its_exam(office):
    run(office)
    assert run(office) == (False, [])
    changed = files.planted(files.planted(files.ege_compact(), "O3", 13), "P3", 72)
    drop(office, "2026/mathematics.csv", changed)
    assert run(office) == (True, ["ege:2026:mathematics:profile"])


def test_removed_file_takes_its_exam_with_it(office):
    run(office)
    (office.inbox / "2026/mathematics.csv").unlink()
    assert run(office) == (True, [])
    codes = office.database.read(EXAM_SUMMARY, {"school_year": YEAR})["exam_code"].unique()
    assert codes.tolist() == ["ege:2026:physics:main"]


def test_table_of_several_years_serves_each_of_them(office):
    drop(office, "ЕГЭ по ОО.xlsx", files.school_table())
    drop(office, "2023/Список ОО.xlsx", REGISTRY)
    run(office, "2022-2023")
    rows = office.database.read(EXAM_SCHOOL_RESULTS, {"school_year": "2022-2023"})
    assert rows["exam_year"].unique().tolist() == [2023]
    linked = rows[rows["unit_level"] == "school"].groupby("unit_name")["school_code"].agg(set).to_dict()
    assert "edu990001" in set().union(*linked.values())
    assert office.database.read(EXAM_CROSS_FOOT, {"school_year": "2022-2023"}).empty


def test_no_name_stands_in_any_store(office):
    run(office)
    words = [part.encode() for name in files.NAMES for part in (name[0], name[4])]
    stores = [path for path in office.settings.home.rglob("*") if path.is_file() and "inbox" not in path.parts]
    assert len(stores) > 3
    assert [path.name for path in stores for word in words if word in path.read_bytes()] == []
