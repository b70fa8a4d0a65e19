"""The assets' work on a simulated region: tables written, slices remembered, only what changed computed again."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from assets import items
from assets.analysis import analyse_year
from assets.item_tasks import read_support, support_path
from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import methods
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCHOOL_CONTEXT, SCHOOLS, TABLES, TASK_DESCRIPTIONS, TASKS
from oko_pipeline.catalogue.tables_items import (
    EXPERT_AGREEMENT,
    ITEM_TABLES,
    PUPILS_SUPPORT,
    RESULT_LINKS,
    SKILL_DEFICITS,
    SKILL_DYNAMICS,
    SUPPORT_COUNTS,
    TASK_DIF,
    TASK_QUALITY,
    TEST_RELIABILITY,
)
from oko_pipeline.sample.region import RegionOptions, simulate_region
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

YEAR, NEXT = "2020-2021", "2021-2022"
PAPERS = ((4, "mathematics"), (4, "russian"), (5, "russian"))
STEPS = (
    items.analyse_task_quality,
    items.find_skill_deficits,
    items.follow_skills,
    items.link_results,
    items.find_support,
)


def run(workplace, year):
    analyse_year(workplace, year)
    return [step(workplace, year) for step in STEPS]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    office = open_workplace(Settings.load(home=home, workers=1))
    region = simulate_region(RegionOptions(schools=50, papers=PAPERS, school_years=(YEAR, NEXT), seed=5))
    for year in (YEAR, NEXT):
        for table, frame in ((ASSESSMENTS, region.assessments), (TASKS, region.tasks), (SCHOOLS, region.schools)):
            office.database.replace(table, frame[frame["school_year"] == year], {"school_year": year})
        for key in region.assessment_ids(year):
            office.works.write(year, region.works(year, key))
    office.database.append(SCHOOL_CONTEXT, region.context)
    yield office
    office.close()


@pytest.fixture(scope="module")
def first(workplace):
    return run(workplace, YEAR), run(workplace, NEXT)


def read(workplace, table, year=YEAR, **where):
    return workplace.database.read(table, {"school_year": year} | where)


def test_every_table_has_rows_of_the_year(workplace, first):
    for table in (TASK_QUALITY, TEST_RELIABILITY, TASK_DIF, SKILL_DEFICITS, RESULT_LINKS, SUPPORT_COUNTS):
        assert len(read(workplace, table)), table.name
    assert len(read(workplace, SKILL_DYNAMICS, NEXT))
    assert read(workplace, SKILL_DYNAMICS).empty
    computed, _ = first
    assert sorted(computed[0]) == sorted(f"vpr-2021-spring:{grade}:{subject}:base" for grade, subject in PAPERS)


def test_a_second_run_computes_nothing(workplace, first):
    before = {table.name: read(workplace, table) for table in ITEM_TABLES if not table.is_restricted}
    assert [bool(made) for made in run(workplace, YEAR)] == [False] * len(STEPS)
    for table in ITEM_TABLES:
        if not table.is_restricted:
            pd.testing.assert_frame_equal(read(workplace, table), before[table.name])


def test_one_changed_assessment_is_computed_alone(workplace, first):
    key = "vpr-2021-spring:5:russian:base"
    assessments = read(workplace, ASSESSMENTS)
    changed = assessments.assign(minimum_5=assessments["minimum_5"] - (assessments["assessment_id"] == key))
    workplace.database.replace(ASSESSMENTS, changed, {"school_year": YEAR})
    made = run(workplace, YEAR)
    workplace.database.replace(ASSESSMENTS, assessments, {"school_year": YEAR})
    run(workplace, YEAR)
    assert made[0] == [key]
    assert made[1] == [key]
    assert sorted(made[3]) == [f"model:{key}", "pupils:vpr-2021-spring:5"]
    assert made[4] == ["vpr-2021-spring"]


def test_a_codifier_concerns_the_deficits_of_its_own_paper_only(workplace, first):
    rows = TASK_DESCRIPTIONS.empty().reindex(range(1))
    own = rows.assign(
        school_year="*", file_sha256="f" * 64, file_path="5/РУ/KT.xlsx", source_row=1, block=1, kind="requirement"
    )
    own = own.assign(paper_grade=5, subject_code="russian", code="1", title="Читать", is_metasubject=True)
    workplace.database.append(TASK_DESCRIPTIONS, own)
    assert items.find_skill_deficits(workplace, YEAR) == ["vpr-2021-spring:5:russian:base"]


def test_an_assessment_that_is_gone_leaves_no_rows(workplace, first):
    key = "vpr-2021-spring:4:russian:base"
    assessments, tasks = read(workplace, ASSESSMENTS), read(workplace, TASKS)
    where = {"school_year": YEAR}
    workplace.database.replace(ASSESSMENTS, assessments[assessments["assessment_id"] != key], where)
    run(workplace, YEAR)
    for table in (TASK_QUALITY, TEST_RELIABILITY, TASK_DIF, SKILL_DEFICITS):
        assert key not in set(read(workplace, table)["assessment_id"]), table.name
    links = read(workplace, RESULT_LINKS)
    assert not (links["left_measure"] == key).any()
    workplace.database.replace(ASSESSMENTS, assessments, where)
    workplace.database.replace(TASKS, tasks, where)
    run(workplace, YEAR)
    assert key in set(read(workplace, TASK_QUALITY)["assessment_id"])


def test_pupils_stand_in_the_restricted_store_only(workplace, first):
    restricted = workplace.settings.restricted_folder
    path = support_path(restricted, YEAR, "vpr-2021-spring")
    pupils = PUPILS_SUPPORT.conform(pq.read_table(path).to_pandas())
    assert len(pupils)
    assert path.parent.stat().st_mode & 0o077 == 0
    assert PUPILS_SUPPORT.name not in TABLES
    counts = read(workplace, SUPPORT_COUNTS)
    for need in ("persistent", "single", "prone"):
        assert counts[f"{need}_count"].sum() == (pupils["need"] == need).sum()
    school = pupils["school_code"].iloc[0]
    own = read_support(restricted, YEAR, "vpr-2021-spring", school)
    assert set(own["school_code"]) == {school}
    assert len(own) == (pupils["school_code"] == school).sum()
    assert read_support(restricted, YEAR, "vpr-2099-spring").empty


def test_a_lost_file_is_written_again(workplace, first):
    path = support_path(workplace.settings.restricted_folder, YEAR, "vpr-2021-spring")
    path.unlink()
    assert items.find_support(workplace, YEAR) == ["vpr-2021-spring"]
    assert path.exists()


def test_measures_of_other_registers_are_linked(workplace, first):
    schools = read(workplace, SCHOOLS)["school_code"]
    others = pd.DataFrame({"unit_code": schools, "measure": "attendance:missed_share", "value": range(50), "n": 40.0})
    assert items.link_results(workplace, YEAR, others) == ["schools"]
    links = read(workplace, RESULT_LINKS, right_measure="attendance:missed_share")
    assert set(links["left_measure"]) == {"vpr-2021-spring"}
    items.link_results(workplace, YEAR)
    assert read(workplace, RESULT_LINKS, right_measure="attendance:missed_share").empty


def test_no_school_or_class_stands_in_the_order_of_a_result(workplace, first):
    for table in (TASK_QUALITY, TEST_RELIABILITY, SKILL_DEFICITS):
        frame = read(workplace, table)
        for _, block in frame.groupby(["assessment_id", "unit_level"]):
            assert block["unit_code"].is_monotonic_increasing, table.name


def test_methods_of_stored_values_are_registered_with_their_tables(workplace, first):
    for table in ITEM_TABLES:
        own = [one.method_id for one in methods().values() if table.name in one.tables]
        assert own, table.name
        if not table.is_restricted:
            assert set(read(workplace, table)["method_id"]) <= set(own), table.name


def test_experts_who_marked_the_same_works_are_compared(workplace, first):
    table = restricted_tables()["recheck_scores"]
    rows = table.empty().reindex(range(60))
    rows = rows.assign(
        school_year=YEAR,
        record_id=[str(number) for number in range(60)],
        procedure="vpr",
        recheck_subject="mathematics",
        grade=4,
        task_number=[str(number % 3) for number in range(60)],
        person_id=[f"p{number // 3}" for number in range(60)],
        original_score=1.0,
        first_score=[float(number % 2) for number in range(60)],
        second_score=[float(number % 2 if number > 5 else 1 - number % 2) for number in range(60)],
    )
    workplace.records.write(YEAR, table.name, rows)
    assert items.agree_experts(workplace, YEAR)
    assert not items.agree_experts(workplace, YEAR)
    found = read(workplace, EXPERT_AGREEMENT).set_index("task")
    assert set(found["procedure"]) == {"vpr:4:mathematics"}
    assert found.loc["all", ["works_count", "exact_share"]].to_list() == [60, 0.9]
    assert found.loc["all", "kappa"] == pytest.approx(0.8)


def test_registers_give_measures_of_schools(workplace, first):
    schools = read(workplace, SCHOOLS)["school_code"]
    table = all_tables()["attendance_by_grade"]
    rows = (
        table.empty()
        .reindex(range(len(schools)))
        .assign(
            school_year=YEAR,
            record_id=[str(number) for number in range(len(schools))],
            school_code=schools,
            period="year",
            grade=4,
            pupils_count=30,
            lessons_planned_count=1000,
            lessons_missed_count=range(len(schools)),
            file_sha256="f" * 64,
            source_sheet="Лист",
            source_row=1,
        )
    )
    workplace.database.replace(table, rows.assign(school_key=schools), {"school_year": YEAR})
    items.link_results(workplace, YEAR, *items.register_measures(workplace, YEAR))
    links = read(workplace, RESULT_LINKS, right_measure="attendance:missed_share", unit_level="all")
    assert links["observations_count"].to_list() == [len(schools)]
    assert links["right_title_ru"].to_list() == ["Доля пропущенных уроков, год"]


def test_pupils_near_the_bound_are_told_by_the_error_of_all_schools(workplace, first):
    key = "vpr-2021-spring:5:russian:base"
    line = read(workplace, TEST_RELIABILITY, assessment_id=key, unit_level="all").iloc[0]
    minimum = int(read(workplace, ASSESSMENTS).set_index("assessment_id").loc[key, "minimum_3"])
    rows = workplace.works.read(YEAR, key).rows
    score = rows.loc[(rows["status"] == "scored") & rows["primary_score"].notna(), ["pupil_id", "primary_score"]]
    near = score[score["primary_score"].between(minimum, minimum + line["sem_score"], inclusive="left")]
    pupils = read_support(workplace.settings.restricted_folder, YEAR, "vpr-2021-spring")
    told = pupils[pupils["near_assessments"].fillna("").str.contains(key)]
    assert set(told["pupil_id"]) <= set(near["pupil_id"])
    # Who wrote this work alone, near the bound, is prone by it.
    alone = near[near["pupil_id"].isin(pupils.loc[pupils["works_count"] == 1, "pupil_id"])]
    assert set(alone["pupil_id"]) <= set(told["pupil_id"])
    assert len(alone)


def test_metasubject_requirements_are_those_of_the_papers_own_codifier():
    described = pd.DataFrame(
        {
            "kind": ["requirement", "requirement", "content", "requirement"],
            "paper_grade": [5, 5, 5, 6],
            "subject_code": "russian",
            "code": ["1", "2", "3", "4"],
            "is_metasubject": pd.array([True, False, True, None], dtype="boolean"),
        }
    )
    assert items._metasubject_codes(described, AssessmentKey("vpr-2021-spring", 5, "russian")) == frozenset({"1"})
    assert items._metasubject_codes(described, AssessmentKey("vpr-2021-spring", 6, "russian")) is None
