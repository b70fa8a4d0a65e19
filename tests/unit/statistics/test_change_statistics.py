"""Edge cases of the statistics of change and risk: nobody, one pupil, no variance, ties, what is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oko_pipeline.statistics.differences import Sample, share_difference_p, t_change, welch_change
from oko_pipeline.statistics.false_discovery import benjamini_hochberg, benjamini_hochberg_by
from oko_pipeline.statistics.funnel import (
    arcsine,
    arcsine_error,
    arcsine_limits,
    arcsine_target,
    binomial_limits,
    binomial_mid_p,
)
from oko_pipeline.statistics.overdispersion import overdispersion, winsorised
from oko_pipeline.statistics.pooling import pool_means, pool_shares
from oko_pipeline.statistics.shrinkage import (
    beta_binomial_prior,
    normal_prior,
    shrink_means,
    shrink_shares,
)
from oko_pipeline.statistics.trend import trend

ONE_GROUP = np.zeros(4, dtype=int)


def sample(n, mean, deviation):
    return Sample(*(np.array([value], dtype=float) for value in (n, mean, deviation)))


@pytest.mark.parametrize(("n", "deviation"), [(0, np.nan), (1, np.nan), (9, 0.0)])
def test_means_without_a_spread_have_no_interval(n, deviation):
    found = welch_change(sample(n, 5, deviation), sample(20, 4, 2))
    assert np.isnan([found.low[0], found.high[0], found.p_value[0]]).all()


def test_a_zero_error_is_no_certainty():
    found = t_change([1.0], [0.0], [5.0])
    assert np.isnan(found.low[0])
    assert np.isnan(found.p_value[0])


def test_nobody_has_no_p_value_and_equal_groups_have_one():
    assert np.isnan(share_difference_p([0], [0], [3], [9])[0])
    assert share_difference_p([0], [5], [0], [7])[0] == 1.0


def test_no_tests_make_no_discoveries():
    assert benjamini_hochberg([]).tolist() == []
    assert np.isnan(benjamini_hochberg([np.nan, np.nan])).all()


def test_families_of_tests_are_apart():
    p = np.array([0.01, 0.04, 0.03, np.nan])
    found = benjamini_hochberg_by(p, np.array([1, 0, 1, 0]))
    assert found[:3] == pytest.approx([0.02, 0.04, 0.03])
    assert np.isnan(found[3])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_keep_the_order_of_p_values_and_exceed_them(p_values):
    p = np.array(p_values)
    q = benjamini_hochberg(p)
    assert (q >= p - 1e-15).all()
    assert (q <= 1).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()


@given(st.integers(1, 60), st.floats(0.02, 0.98), st.sampled_from([0.95, 0.998]))
def test_exact_limits_hold_the_target_and_stay_shares(n, target, probability):
    found = binomial_limits(target, n, probability)
    assert 0 <= float(found.low) <= target + 1 / n
    assert target - 1 / n <= float(found.high) <= 1


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_limits_of_a_sure_thing_are_the_thing(target):
    found = binomial_limits(target, 10)
    assert (float(found.low), float(found.high)) == (target, target)


def test_nobody_has_no_limits():
    assert np.isnan(binomial_limits(0.3, 0).low)
    assert np.isnan(binomial_mid_p(0, 0, 0.3))
    assert np.isnan(arcsine_error(0))
    assert np.isnan(arcsine_limits(0.3, 0).low)


@given(st.integers(0, 30), st.integers(10, 30), st.floats(0.01, 0.99), st.floats(0, 0.05))
def test_a_share_is_beyond_its_arcsine_limit_when_its_score_is(count, n, target, variance):
    x = min(count, n)
    score = (arcsine(x, n) - arcsine_target(target)) / np.sqrt(arcsine_error(n) ** 2 + variance)
    found = arcsine_limits(target, n, variance)
    # A limit cut at 0 or 1 has nothing beyond it, nor has a score at the cut.
    if abs(abs(score) - 1.959964) > 1e-6 and 0 < x < n:
        assert (x / n < found.low or x / n > found.high) == (abs(score) > 1.959964)


def test_winsorising_touches_the_ends_alone_and_passes_over_the_missing():
    scores = np.array([*np.arange(1.0, 12.0), np.nan])
    found = winsorised(scores, 0.1)
    assert found[:-1].tolist() == [2, *range(2, 11), 10]
    assert np.isnan(found[-1])
    assert np.isnan(winsorised([np.nan], 0.1)).all()


def test_one_unit_has_no_spread_to_others():
    found = overdispersion([3.0, np.nan], [1.0, 1.0])
    assert np.isnan(found.factor)
    assert (found.variance, found.units) == (0.0, 1)


def test_a_few_wild_units_do_not_hide_themselves():
    random = np.random.default_rng(5)
    scores = random.normal(0, 1, 200)
    scores[:8] = 15
    errors = np.ones(200)
    assert overdispersion(scores, errors, 0.1).variance < 1 < overdispersion(scores, errors, 0.0).variance


def test_pooling_passes_over_missing_years():
    found = pool_shares([[4, np.nan, 0]], [[10, np.nan, 0]], (3, 2, 1))
    assert (found.value[0], found.effective_n[0], found.points[0]) == (0.4, 10, 1)
    nobody = pool_shares([[0, 0]], [[0, 0]], (2, 1))
    assert np.isnan(nobody.value[0])


def test_pooled_means_of_pupils_who_do_not_differ_have_no_interval():
    found = pool_means([[5, 5]], [[8, 1]], [[0, np.nan]], (2, 1))
    assert found.value[0] == pytest.approx(5)
    assert np.isnan(found.low[0])


def test_alike_schools_are_drawn_to_the_mean_entirely_and_keep_its_uncertainty():
    x, n = np.array([4, 8, 6, 2]), np.array([20, 40, 30, 10])
    prior = beta_binomial_prior(x, n, ONE_GROUP, 1)
    assert prior.variance[0] == 0
    assert prior.size[0] == 100
    found = shrink_shares(x, n, prior, ONE_GROUP)
    assert found.value == pytest.approx(0.2)
    assert ((found.high - found.low) > 0.1).all()


def test_schools_of_extremes_are_hardly_drawn():
    x, n = np.array([0, 50, 0, 50]), np.full(4, 50)
    found = shrink_shares(x, n, beta_binomial_prior(x, n, ONE_GROUP, 1), ONE_GROUP)
    assert found.weight.min() > 0.95
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()


def test_a_group_of_one_or_none_draws_nobody_wrongly():
    group = np.array([0, -1])
    prior = beta_binomial_prior([3, 9], [10, 10], group, 1)
    found = shrink_shares([3, 9], [10, 10], prior, group)
    assert found.value[0] == pytest.approx(0.3)
    assert np.isnan(found.value[1])
    prior = normal_prior([50, 60], [3, 3], group, 1)
    found = shrink_means([50, 60], [3, 3], prior, group)
    assert found.value[0] == pytest.approx(50)
    assert np.isnan(found.value[1])


def test_a_school_of_no_pupils_gets_the_mean_of_its_group():
    x, n = np.array([0, 5, 9, 2]), np.array([0, 20, 20, 20])
    found = shrink_shares(x, n, beta_binomial_prior(x, n, ONE_GROUP, 1), ONE_GROUP)
    assert found.value[0] == pytest.approx(16 / 60)
    assert found.weight[0] == 0


def test_two_points_make_no_trend():
    found = trend(np.array([[1.0, 2.0, np.nan]]), np.ones((1, 3)), [0, -1, -2])
    assert np.isnan(found.slope[0])
    assert found.points[0] == 2


def test_a_flat_series_has_no_trend():
    found = trend(np.full((12, 3), 0.4), np.full((12, 3), 0.1), [0, -1, -2])
    assert found.slope == pytest.approx(np.zeros(12))
    assert (found.low < 0).all()
    assert (found.high > 0).all()


def test_points_that_jump_more_than_chance_widen_a_lone_trend():
    calm = trend(np.array([[3.0, 2.0, 1.0]]), np.full((1, 3), 0.1), [0, -1, -2])
    wild = trend(np.array([[3.0, 5.0, 1.0]]), np.full((1, 3), 0.1), [0, -1, -2])
    assert calm.low[0] > 0
    assert wild.low[0] < 0
    assert wild.p_value[0] > 0.05
