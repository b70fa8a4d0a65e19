"""Measures of two generated years: chosen the same each time, at work in the second year alone, whole in the forms."""

import numpy as np
import pytest

from bench.calibration_effects import judge_sample
from oko_pipeline.sample.cycle import CAMPAIGNS, DONE_YEAR, GRADES, OF_KIND, PLANNED_YEAR, cycle_rows, plan_measures
from oko_pipeline.sample.measures import RIGHT_VERDICTS, MeasureKind
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.results import World

KINDS = (
    MeasureKind.POSITIVE,
    MeasureKind.NONE,
    MeasureKind.HARMFUL,
    MeasureKind.REGRESSION,
    MeasureKind.TOO_LITTLE,
)


@pytest.fixture(scope="module")
def world():
    return World(SampleOptions(schools=60))


@pytest.fixture(scope="module")
def planted(world):
    return plan_measures(world)


def test_there_are_several_measures_of_every_kind_and_a_school_is_in_one_of_a_subject(planted):
    kinds = [one.kind for one in planted]
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(KINDS, OF_KIND)
    for subject in GRADES:
        own = [index for one in planted if one.subject_code == subject for index in one.schools]
        assert len(own) == len(set(own))
    assert len({one.number for one in planted}) == len(planted)


def test_the_same_options_plan_the_same_measures(planted):
    assert plan_measures(World(SampleOptions(schools=60))) == planted


def test_measures_change_their_works_of_the_second_year_and_nothing_else(world, planted):
    plain = World(world.options)
    one = next(one for one in planted if one.kind is MeasureKind.POSITIVE)
    for year, is_changed in ((PLANNED_YEAR, False), (DONE_YEAR, True)):
        paper = (GRADES[one.subject_code][0], one.subject_code)
        with_measures, without = (each.results(CAMPAIGNS[year], *paper) for each in (world, plain))
        own = np.isin(with_measures.school, list(one.schools))
        assert bool(with_measures.total[own].mean() > without.total[own].mean() + 1) == is_changed
        treated = {index for each in planted for index in each.schools if each.subject_code == one.subject_code}
        rest = ~np.isin(with_measures.school, list(treated))
        assert (with_measures.total[rest] == without.total[rest]).all()


def test_a_row_of_a_measure_names_its_decision_and_recommendation_and_plans_no_level(world, planted):
    for year, status in ((PLANNED_YEAR, "planned"), (DONE_YEAR, "done")):
        rows = cycle_rows(world, planted, 0, year)
        assert len(rows["measures"]) == sum(len(one.schools) for one in planted)
        decisions = {row["decision_number"]: row for row in rows["decisions"]}
        advice = {row["recommendation_number"] for row in rows["recommendations_log"]}
        for row in rows["measures"]:
            assert decisions[row["decision_ref"]]["recommendation_ref"] == row["recommendation_ref"] in advice
            assert row["status"] == status
            # A plan for the level of ВПР itself would be a question for a person.
            assert "planned_value" not in row


@pytest.mark.parametrize("options", [{"schools": 1}, {"schools": 3, "municipalities": 3}, {"region_schools": 40}])
def test_small_and_scattered_territories_have_the_measures_they_can_have(options):
    world = World(SampleOptions(**options))
    for one in plan_measures(world):
        assert {world.territory.schools[index].municipality for index in one.schools} == {one.municipality}


def test_every_measure_of_the_sample_is_judged_right():
    judged = judge_sample(SampleOptions(schools=60))
    verdicts = zip(judged["kind"], judged["verdict"], strict=True)
    assert [(kind, verdict) for kind, verdict in verdicts if verdict not in RIGHT_VERDICTS[kind]] == []
    assert set(judged.loc[judged["is_harmful"], "kind"]) == {MeasureKind.HARMFUL}
