"""Small seeded versions of `bench/calibration_dynamics.py`: what is promised comes out within chance."""

import numpy as np
import pytest

from bench.calibration_dynamics import (
    change_coverage,
    false_discoveries,
    funnel_alarms,
    planted_changes,
    pooled_coverage,
    shrunk_coverage,
    trend_coverage,
)


def test_intervals_of_change_hold_no_change_in_95_of_100():
    rates = [change_coverage(seed, schools=400) for seed in (1, 2)]
    for indicator in ("mean_percent", "mark_2_share", "good_level_share"):
        assert np.mean([rate["school", indicator] for rate in rates]) == pytest.approx(0.95, abs=0.02)
        assert np.mean([rate["municipality", indicator] for rate in rates]) == pytest.approx(0.95, abs=0.03)


def test_pooled_intervals_hold_the_truth():
    assert pooled_coverage(1) == pytest.approx((0.95, 0.95), abs=0.02)


def test_shrunk_intervals_hold_the_truth_on_the_average_of_schools_and_err_less():
    found = [shrunk_coverage(seed) for seed in range(6)]
    assert np.mean([one["shares"] for one in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([one["means"] for one in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([one["error of shrunk to raw"] for one in found]) < 0.8


def test_trends_hold_the_truth_with_and_without_spread_from_year_to_year():
    found = [trend_coverage(seed) for seed in range(4)]
    # Where there is no spread its estimate is cut at zero, so the intervals are a little wide.
    for spread, tolerance in (("no spread", 0.03), ("spread", 0.02)):
        assert np.mean([one[spread, "together"] for one in found]) == pytest.approx(0.95, abs=tolerance)
        assert np.mean([one[spread, "alone"] for one in found]) > 0.94


def test_ordinary_schools_are_beyond_the_funnel_at_the_stated_rate():
    alarms = sum(funnel_alarms(seed, schools=400) for seed in (1, 2, 3)) / 3
    assert alarms["beyond_95"].to_numpy() == pytest.approx(0.05, abs=0.025)
    assert (alarms["beyond_998"] < 0.01).all()
    assert (alarms["is_signal"] < 0.002).all()


def test_false_signals_are_no_more_than_stated_and_outliers_are_found():
    found = np.mean([false_discoveries(seed, schools=400) for seed in range(4)], axis=0)
    assert found[0] <= 0.08
    assert found[1] > 0.5


def test_planted_changes_are_found_and_nothing_else_beyond_the_rate():
    found = planted_changes(3)
    assert found["found, ge50"] > 0.95
    assert found["found, lt50"] > 0.7
    assert found["false verdicts"] == pytest.approx(0.05, abs=0.02)
    assert found["false among confirmed"] <= 0.08
