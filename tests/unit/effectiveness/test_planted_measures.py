"""Planted measures of simulated regions: every one judged right, intervals that hold what they promise."""

import pytest

from bench.calibration_effects import CELLS, Cell, judge_region, run_cell
from oko_pipeline.sample.measures import RIGHT_VERDICTS, MeasureKind, MeasuresOptions, simulate_measures


@pytest.fixture(scope="module")
def region():
    return simulate_measures(MeasuresOptions())


@pytest.fixture(scope="module")
def judged(region):
    return judge_region(region)


def test_every_planted_measure_is_judged_right(judged):
    assert judged["kind"].value_counts().to_dict() == dict.fromkeys(MeasureKind, 4)
    wrong = [
        (kind, verdict, reason)
        for kind, verdict, reason in zip(judged["kind"], judged["verdict"], judged["reason"], strict=True)
        if verdict not in RIGHT_VERDICTS[kind]
    ]
    assert wrong == []
    assert judged.loc[judged["kind"] == MeasureKind.HARMFUL, "is_harmful"].all()
    assert not judged.loc[judged["kind"] != MeasureKind.HARMFUL, "is_harmful"].any()


def test_schools_low_by_chance_rise_by_themselves_and_that_is_no_effect(judged):
    own = judged[judged["kind"] == MeasureKind.REGRESSION]
    assert (own["start_value"] > own["before_value"]).all()
    assert own["change_value"].mean() > own["effect"].mean()
    assert not own["verdict"].isin(["effective", "partly"]).any()


def test_effects_come_near_the_planted_shifts(judged):
    means = judged.groupby("kind")["effect"].mean()
    assert means[MeasureKind.POSITIVE] > means[MeasureKind.PARTLY] > 5 > abs(means[MeasureKind.NONE])
    assert means[MeasureKind.HARMFUL] < -5


def test_the_same_options_give_the_same_region(region):
    again = simulate_measures(MeasuresOptions())
    assert again.planted == region.planted
    assert again.register.equals(region.register)
    assert again.summaries.equals(region.summaries)


def test_the_first_year_is_that_of_a_region_without_measures(region):
    without = simulate_measures(MeasuresOptions(positive_shift=0, partly_shift=0, small_shift=0, harmful_shift=0))
    both = [one.summaries[one.summaries["school_year"] == "2020-2021"] for one in (region, without)]
    assert both[0].equals(both[1])
    assert not region.summaries.equals(without.summaries)


def test_intervals_cover_the_truth_at_95_percent():
    rows = [run_cell(cell, 150, seed=7) for cell in CELLS]
    judged = sum(row["judged"] for row in rows)
    cover = sum(row["cover"] * row["judged"] for row in rows) / judged
    assert judged > 1300
    assert cover == pytest.approx(0.95, abs=0.02)


def test_false_better_at_schools_chosen_because_low_is_rare_where_a_plain_comparison_is_nearly_sure_of_it():
    row = run_cell(Cell("20 lowest", schools=300, groups=4, treated=20, chosen="lowest"), 200, seed=3)
    assert row["naive_better"] > 0.9
    # 2.5 % promised; 200 measures leave two standard errors of 2.2 %.
    assert row["false_better"] <= 0.047
