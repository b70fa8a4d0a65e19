"""A small seeded run of bench/calibration_items.py: bounds are the stated rates with three errors of the simulation."""

import numpy as np
import pytest

from bench.calibration_items import (
    clustered_rates,
    correlation_rate,
    dif_rates,
    kappa_rate,
    reliability_rates,
)

LOWEST, HIGHEST = 0.91, 0.99


@pytest.fixture
def rng():
    return np.random.default_rng(41)


def test_intervals_of_reliability_and_discrimination_cover_the_truth(rng):
    for one in reliability_rates(rng, 400, 60):
        assert LOWEST < one.rate < HIGHEST, one


def test_intervals_of_rank_correlations_cover_the_truth(rng):
    assert LOWEST < correlation_rate(rng, 300, 0.4, 30).rate < HIGHEST
    clustered, ignored = clustered_rates(rng, 200, 30, 0.3)
    assert LOWEST < clustered.rate < HIGHEST
    assert ignored.rate < 0.91


def test_interval_of_kappa_covers_the_truth(rng):
    assert LOWEST < kappa_rate(rng, 800, 100).rate < HIGHEST


def test_clean_items_raise_false_alarms_no_more_often_than_stated(rng):
    one_point, two_points, any_item, item = dif_rates(rng, 150, 800, 0.3, 0.0)
    assert one_point.rate < 0.06
    assert two_points.rate < 0.07
    assert any_item.rate < 0.12
    assert item.rate < 0.01


def test_planted_items_are_found_and_clean_ones_are_not(rng):
    clean, one_point, two_points = dif_rates(rng, 60, 800, 0.0, 0.9)
    assert clean.rate < 0.08
    assert one_point.rate > 0.75
    assert two_points.rate > 0.9
