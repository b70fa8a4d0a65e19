"""Systemic deficits: the rule of more than half, evidence, parts, groups of schools."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.assessment_tables import analyse_assessment
from oko_pipeline.analysis.items.skill_deficits import DeficitOptions, school_groups, skill_deficits
from oko_pipeline.analysis.options import AnalysisOptions
from oko_pipeline.catalogue.tables_items import SKILL_DEFICITS
from oko_pipeline.sample.region import RegionOptions, simulate_region

YEAR = "2020-2021"
OPTIONS = DeficitOptions(AnalysisOptions(YEAR), frozenset({"1"}))
SCHOOLS = {"edu990001": ("reg99_m101", "99"), "edu990002": ("reg99_m101", "99"), "edu990003": ("reg99_m102", "99")}
# Reading has three tasks, counting one; КТ 1 is metasubject.
TASKS = (
    {"skill": "Читать", "requirement": "1"},
    {"skill": "Читать", "requirement": "1;2"},
    {"skill": "Читать", "requirement": "2"},
    {"skill": "Считать", "requirement": "2", "metasubject": True},
)


@pytest.fixture
def find(make_works, make_tasks, make_schools):
    def run(pupils, tasks=TASKS, groups=None, options=OPTIONS):
        works = make_works(pupils, len(tasks))
        return skill_deficits(works, make_tasks(*tasks), make_schools(SCHOOLS), options, groups)

    return run


def class_of(school, label, rows):
    return [{"school": school, "label": label, "tasks": row, "score": max(sum(row), 0)} for row in rows]


GOOD, BAD = [(1, 1, 1, 1)] * 20, [(0, 0, 1, 1)] * 20


def told(frame, level, code):
    own = frame[(frame["unit_level"] == level) & (frame["unit_code"] == code)]
    return own.set_index(["kind", "skill_code"])


def test_a_skill_is_in_deficit_when_more_than_half_of_its_tasks_are_red(find):
    frame = find(class_of("edu990001", "а", BAD))
    own = told(frame, "school", "edu990001")
    reading = own.loc[("skill", "1")]
    assert (reading["tasks_count"], reading["red_tasks_count"], reading["confirmed_red_count"]) == (3, 2, 2)
    assert reading["evidence"] == "confirmed"
    assert reading["solved_share"] == pytest.approx(1 / 3)
    assert ("skill", "2") not in own.index
    # КТ 2 has one red task of three.
    assert ("requirement", "2") not in own.index
    assert own.loc[("requirement", "1"), "is_metasubject"]
    assert pd.isna(reading["is_metasubject"])


def test_exactly_half_is_no_systemic_deficit(find):
    tasks = ({"skill": "Читать"}, {"skill": "Читать"})
    assert find(class_of("edu990001", "а", [(0, 1)] * 20), tasks).query("kind == 'skill'").empty
    assert len(find(class_of("edu990001", "а", [(0, 0)] * 20), tasks).query("kind == 'skill'"))


def test_a_deficit_that_the_interval_does_not_confirm_is_possible(find):
    # 55 % of twenty pupils is red (below 57 %), and its interval reaches far above.
    rows = [(1, 1, 1, 1)] * 11 + [(0, 0, 1, 1)] * 9
    reading = told(find(class_of("edu990001", "а", rows)), "school", "edu990001").loc[("skill", "1")]
    assert (reading["red_tasks_count"], reading["confirmed_red_count"], reading["evidence"]) == (2, 0, "possible")


def test_half_of_the_tasks_confirmed_is_not_enough_to_confirm(find):
    # Four tasks: two surely red, one red at 55 %, one green.
    rows = [(0, 0, 1, 1)] * 11 + [(0, 0, 0, 1)] * 9
    frame = find(class_of("edu990001", "а", rows), [{"skill": "Читать"}] * 4)
    reading = told(frame, "school", "edu990001").loc[("skill", "1")]
    assert (reading["red_tasks_count"], reading["confirmed_red_count"], reading["evidence"]) == (3, 2, "possible")


def test_parts_say_how_many_classes_and_schools_share_the_deficit(find):
    pupils = [
        *class_of("edu990001", "а", BAD),
        *class_of("edu990001", "б", BAD),
        *class_of("edu990001", "в", GOOD),
        *class_of("edu990002", "а", BAD),
        *class_of("edu990003", "а", GOOD),
    ]
    frame = find(pupils)
    school = told(frame, "school", "edu990001").loc[("skill", "1")]
    assert (school["parts_count"], school["deficit_parts_count"]) == (3, 2)
    municipality = told(frame, "municipality", "reg99_m101").loc[("skill", "1")]
    assert (municipality["parts_count"], municipality["deficit_parts_count"]) == (2, 2)
    everyone = told(frame, "all", "all").loc[("skill", "1")]
    assert (everyone["parts_count"], everyone["deficit_parts_count"]) == (3, 2)
    assert frame["is_general"].all()
    assert told(frame, "class", "edu990001|в").empty
    assert pd.isna(told(frame, "class", "edu990001|а").loc[("skill", "1"), "parts_count"])


def test_a_deficit_of_one_school_is_not_general(find):
    pupils = [*class_of("edu990001", "а", BAD[:8]), *class_of("edu990003", "а", GOOD)]
    frame = find(pupils)
    assert set(frame["unit_level"]) == {"school", "class", "municipality"}
    assert not frame["is_general"].any()


def test_a_group_of_schools_is_counted_from_its_works(find):
    groups = pd.DataFrame(
        {
            "grouping": ["cluster"] * 3,
            "group_code": ["К1", "К1", "К2"],
            "school_code": ["edu990001", "edu990002", "edu990003"],
        }
    )
    # The mean of the two schools' shares would be (0 + 1) / 2, green; by works it is 20 of 60, red.
    pupils = [
        *class_of("edu990001", "а", [*BAD, *BAD]),
        *class_of("edu990002", "а", GOOD),
        *class_of("edu990003", "а", GOOD),
    ]
    frame = find(pupils, groups=groups)
    own = frame[frame["unit_level"] == "group"]
    assert set(own["unit_code"]) == {"cluster:К1"}
    reading = told(frame, "group", "cluster:К1").loc[("skill", "1")]
    assert reading["participants_count"] == 60
    assert (reading["parts_count"], reading["deficit_parts_count"]) == (2, 1)


def test_schools_of_a_known_settlement_make_groups(make_schools):
    schools = make_schools(SCHOOLS).assign(settlement_type=["Город", None, "Село"])
    groups = school_groups(schools)
    assert groups["group_code"].to_list() == ["Город", "Село"]
    assert groups["school_code"].to_list() == ["edu990001", "edu990003"]


@pytest.mark.parametrize("pupils", [[], [{"status": "absent", "score": None}], class_of("edu990001", "а", BAD[:4])])
def test_nobody_or_too_few_have_no_deficits(find, pupils):
    assert find(pupils).equals(SKILL_DEFICITS.empty())


def test_tasks_without_a_level_have_no_deficits(find):
    assert find(class_of("edu990001", "а", BAD), [{**task, "level": None} for task in TASKS]).empty


def test_deficits_are_those_of_skill_results_and_cross_foot():
    region = simulate_region(RegionOptions(schools=60, papers=((5, "russian"),), school_years=(YEAR,), seed=3))
    [key] = region.assessment_ids(YEAR)
    works = region.works(YEAR, key)
    frame = skill_deficits(works, region.tasks, region.schools, DeficitOptions(AnalysisOptions(YEAR)))
    results = analyse_assessment(works, None, None, region.tasks, region.schools, AnalysisOptions(YEAR)).skill_results
    expected = results[results["is_systemic"].fillna(value=False).astype(bool)]
    unit_and_skill = ["unit_level", "unit_code", "kind", "skill_code"]
    left = frame.set_index(unit_and_skill).sort_index()
    right = expected.set_index(unit_and_skill).sort_index()
    assert left.index.equals(right.index)
    assert len(left)
    assert np.allclose(left["solved_share"], right["solved_share"])
    assert (left["red_tasks_count"] == right["red_tasks_count"]).all()
    assert (left["confirmed_red_count"] <= left["red_tasks_count"]).all()
    schools = expected[expected["unit_level"] == "school"].groupby(["kind", "skill_code"]).size()
    whole = frame[frame["unit_level"] == "all"].set_index(["kind", "skill_code"])["deficit_parts_count"]
    assert whole.astype(int).to_dict() == schools.reindex(whole.index).fillna(0).astype(int).to_dict()
