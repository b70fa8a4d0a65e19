import numpy as np
import pytest
from scipy import stats

from oko_pipeline.statistics.intervals import (
    RatioSums,
    mean_interval,
    normal_quantile,
    ratio_interval,
    student_quantile,
    wilson_interval,
)


def ratio_sums(y, x):
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    return RatioSums(*(np.array([total]) for total in (len(y), y.sum(), x.sum(), y @ y, x @ y, x @ x)))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_bounds(successes, trials, low, high):
    interval = wilson_interval(successes, trials)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (1, 2), (3, 7), (22, 22), (499, 1000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(successes, trials, confidence):
    theirs = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    ours = wilson_interval([successes], [trials], confidence)
    assert (ours.low[0], ours.high[0]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_bounds_are_exact_at_none_and_all():
    sizes = np.arange(1, 300)
    none, everyone = wilson_interval(np.zeros(299), sizes), wilson_interval(sizes, sizes)
    assert (none.low == 0.0).all()
    assert (everyone.high == 1.0).all()
    assert none.high == pytest.approx(1 - everyone.low)


def test_nothing_is_said_of_a_share_of_nobody():
    interval = wilson_interval([0, 1], [0, 2])
    assert np.isnan([interval.low[0], interval.high[0]]).all()
    assert np.isfinite([interval.low[1], interval.high[1]]).all()


def test_normal_quantile_is_the_table_value():
    assert normal_quantile() == pytest.approx(1.959964, abs=1e-6)


def test_student_quantiles_are_the_table_values_and_keep_the_shape():
    assert student_quantile([[1, 4], [29, 120]]) == pytest.approx(
        np.array([[12.7062, 2.7764], [2.0452, 1.9799]]), abs=5e-5
    )
    assert np.isnan(student_quantile([0, -1])).all()


def test_mean_interval_agrees_with_scipy():
    scores = np.array([3, 7, 7, 12, 15, 4, 9])
    theirs = stats.t.interval(0.95, len(scores) - 1, loc=scores.mean(), scale=stats.sem(scores))
    ours = mean_interval(scores.mean(), scores.std(ddof=1), len(scores))
    assert (float(ours.low), float(ours.high)) == pytest.approx(theirs)


def test_mean_interval_needs_two_pupils_who_differ():
    interval = mean_interval([8.0, 8.0, 8.0, np.nan], [np.nan, 0.0, 1.0, np.nan], [1, 5, 5, 0])
    assert np.isnan(interval.low).tolist() == [True, True, False, True]
    assert np.isnan(interval.high).tolist() == [True, True, False, True]


def test_ratio_with_equal_maxima_is_the_student_interval_of_the_mean_proportion():
    scores = np.array([0, 1, 2, 2, 1, 2, 0, 2])
    theirs = stats.t.interval(0.95, 7, loc=(scores / 2).mean(), scale=stats.sem(scores / 2))
    ours = ratio_interval(ratio_sums(scores, np.full(8, 2)))
    assert (ours.low[0], ours.high[0]) == pytest.approx(theirs)


def test_ratio_with_unequal_maxima_follows_the_linearised_variance():
    y, x = np.array([1, 3, 2, 5, 0, 4]), np.array([4, 4, 2, 6, 3, 6])
    ratio = y.sum() / x.sum()
    # The delete-one jackknife is an independent estimate of the same variance.
    replicates = np.array([(y.sum() - a) / (x.sum() - b) for a, b in zip(y, x, strict=True)])
    jackknife = np.sqrt(5 / 6 * ((replicates - replicates.mean()) ** 2).sum())
    residual = y - ratio * x
    exact = np.sqrt(6 * residual.var(ddof=1)) / x.sum()
    ours = ratio_interval(ratio_sums(y, x))
    half = (ours.high[0] - ours.low[0]) / 2
    assert half == pytest.approx(stats.t.ppf(0.975, 5) * exact)
    assert half == pytest.approx(stats.t.ppf(0.975, 5) * jackknife, rel=0.25)


def test_ratio_is_clipped_to_possible_values():
    interval = ratio_interval(ratio_sums([0, 0, 0, 0, 1], np.ones(5)))
    assert interval.low[0] == 0.0
    interval = ratio_interval(ratio_sums([1, 1, 1, 1, 0], np.ones(5)))
    assert interval.high[0] == 1.0


@pytest.mark.parametrize(("score", "maximum"), [(0, 2), (2, 2), (1, 2), (1, 3)])
def test_a_group_without_variance_gets_the_wilson_interval_instead_of_a_point(score, maximum):
    interval = ratio_interval(ratio_sums(np.full(20, score), np.full(20, maximum)))
    wilson = wilson_interval(20 * score / maximum, 20)
    assert (interval.low[0], interval.high[0]) == pytest.approx((float(wilson.low), float(wilson.high)))


def test_one_pupil_or_nobody_has_no_ratio_interval():
    for y, x in (([1], [2]), ([], [])):
        interval = ratio_interval(ratio_sums(y, x))
        assert np.isnan([interval.low[0], interval.high[0]]).all()
