"""Rank correlation at its edges, and its error in clusters against leaving each cluster out."""

import numpy as np
import pytest
from scipy import stats

from oko_pipeline.statistics.agreement import score_table, weighted_kappa
from oko_pipeline.statistics.intervals import student_quantile
from oko_pipeline.statistics.rank_correlation import bonett_wright, clustered_spearman, spearman


@pytest.mark.parametrize(("left", "right"), [([], []), ([1.0], [2.0]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [4, 4, 4])])
def test_nothing_one_pair_or_no_variance_have_no_correlation(left, right):
    assert np.isnan(spearman(left, right))
    assert np.isnan(bonett_wright(left, right).low)
    assert np.isnan(clustered_spearman(left, right, np.arange(len(left))).estimate)


def test_few_pairs_and_perfect_agreement_have_no_interval():
    assert np.isnan(bonett_wright([1, 2, 3, 4], [1, 3, 2, 4]).low)
    perfect = bonett_wright(range(20), range(20))
    assert perfect.estimate == pytest.approx(1)
    assert np.isnan(perfect.low)


def test_fewer_than_ten_clusters_have_no_interval():
    rng = np.random.default_rng(0)
    left = rng.normal(size=90)
    right = left + rng.normal(size=90)
    assert np.isnan(clustered_spearman(left, right, np.arange(90) % 9).low)
    assert not np.isnan(clustered_spearman(left, right, np.arange(90) % 10).low)


@pytest.mark.parametrize(("seed", "digits"), [(0, None), (1, None), (2, None), (4, 1), (5, 0)])
def test_the_error_in_clusters_is_that_of_leaving_each_cluster_out(seed, digits):
    rng = np.random.default_rng(seed)
    # One large school among small ones: its weight is what a plain sum of squares would get wrong.
    sizes = np.array([100] + [25] * 24)
    school = np.repeat(np.arange(25), sizes)
    common = rng.normal(size=(25, 2)) * 0.3
    left = rng.normal(size=len(school)) + common[school, 0]
    right = 0.6 * left + rng.normal(size=len(school)) + common[school, 1]
    if digits is not None:
        left, right = left.round(digits), right.round(digits)
    found = clustered_spearman(left, right, school)
    assert found.estimate == pytest.approx(stats.spearmanr(left, right).statistic)
    without = np.array([np.arctanh(spearman(left[school != one], right[school != one])) for one in range(25)])
    jackknife = np.sqrt(((without - np.arctanh(found.estimate)) ** 2).sum())
    degrees = len(school) ** 2 / (sizes**2).sum() - 1
    half = (np.arctanh(found.high) - np.arctanh(found.low)) / 2
    assert half / float(student_quantile(degrees)) == pytest.approx(jackknife, rel=0.025)


def test_clusters_of_one_are_independent_pairs():
    rng = np.random.default_rng(4)
    left = rng.normal(size=400)
    right = 0.5 * left + rng.normal(size=400)
    clustered, plain = clustered_spearman(left, right, np.arange(400)), bonett_wright(left, right)
    assert clustered.high - clustered.low == pytest.approx(plain.high - plain.low, rel=0.1)
    assert clustered.p_value < 1e-6


def test_kappa_of_nothing_and_of_scores_below_zero():
    assert np.isnan(weighted_kappa(score_table([], [])).estimate)
    assert score_table([-1, 2], [0, 2]).tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    full = weighted_kappa(score_table([0, 1, 2] * 5, [0, 1, 2] * 5))
    assert (full.estimate, full.high) == (1, 1)
