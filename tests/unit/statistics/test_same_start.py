"""Difference in differences with the same start: against statsmodels, published figures and sums done by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.api import OLS, WLS
from statsmodels.stats.meta_analysis import combine_effects

from oko_pipeline.statistics.intervals import Interval, wilson_interval
from oko_pipeline.statistics.same_start import (
    StartModel,
    Starts,
    TwoYears,
    fit_start_model,
    nearest_starts,
    same_start_effect,
    shrunk_starts,
)

NAN = float("nan")


def exact(before, after):
    """Figures without sampling errors."""
    zeros = np.zeros(len(before))
    return TwoYears(np.array(before, dtype=float), zeros, np.array(after, dtype=float), zeros)


def flat(values):
    """An interval without width: a figure without sampling error."""
    return Interval(np.asarray(values), np.asarray(values))


def equal_weights(treated, comparisons, count):
    weights = np.zeros(count)
    weights[treated] = 1 / len(treated)
    weights[comparisons] = -1 / len(comparisons)
    return weights


def run(observed, group, treated, comparisons, count=1):
    is_reference = np.ones(len(observed.before), dtype=bool)
    is_reference[treated] = False
    model = fit_start_model(observed, group, count, is_reference)
    starts = shrunk_starts(observed, group, model)
    weights = equal_weights(treated, comparisons, len(observed.before))
    return same_start_effect(observed, starts, weights, flat(observed.after), model)


def region(seed, count=40, lasting=0.8):
    rng = np.random.default_rng(seed)
    before = rng.normal(60, 10, count)
    return before, 62 + lasting * (before - 60) + rng.normal(0, 3, count)


@pytest.mark.parametrize("seed", range(5))
def test_one_treated_unit_has_the_coefficient_error_and_interval_of_least_squares(seed):
    before, after = region(seed)
    effect = run(exact(before, after), np.zeros(40, dtype=int), [0], list(range(1, 40)))
    dummy = np.arange(40) == 0
    fitted = OLS(after, np.column_stack([np.ones(40), before, dummy])).fit()
    low, high = fitted.conf_int()[2]
    assert effect.value == pytest.approx(fitted.params[2], rel=1e-9)
    assert (effect.low, effect.high) == pytest.approx((low, high), rel=1e-6)
    assert effect.freedom == fitted.df_resid


@pytest.mark.parametrize("seed", range(3))
def test_several_treated_units_of_two_groups_have_the_mean_of_their_dummies(seed):
    before, after = region(seed, 60)
    group = np.arange(60) % 2
    after = after + 4 * group
    treated = [0, 2, 4]
    comparisons = [one for one in range(60) if group[one] == 0 and one not in treated]
    effect = run(exact(before, after), group, treated, comparisons, 2)
    dummies = np.array([np.arange(60) == one for one in treated]).T
    design = np.column_stack([group == 0, group == 1, before, dummies])
    fitted = OLS(after, design.astype(float)).fit()
    tested = fitted.t_test(np.array([0, 0, 0, 1, 1, 1]) / 3)
    low, high = tested.conf_int()[0]
    assert effect.value == pytest.approx(tested.effect[0], rel=1e-9)
    assert (effect.low, effect.high) == pytest.approx((low, high), rel=1e-6)


def test_card_and_krueger_1994_summary_figures():
    """Table 3, employment: NJ 20.44 → 21.03, PA 23.33 → 21.17; changes 0.59 (0.54) and −2.16 (1.25); 2.76 (1.36)."""
    observed = exact([20.44, 23.33], [21.03, 21.17])
    starts = Starts(observed.before, np.ones(2), np.array([0.54**2, 1.25**2]), np.zeros(2))
    model = StartModel(np.zeros(1), 0.0, 0.0, 0.0, 0.0, 10**6)
    effect = same_start_effect(observed, starts, np.array([1.0, -1.0]), flat(observed.after), model)
    assert effect.value == pytest.approx(2.76, abs=0.015)
    assert (effect.high - effect.low) / 2 / 1.96 == pytest.approx(1.36, abs=0.005)
    assert effect.expected == pytest.approx(20.44 - 2.16)


def test_shrunk_start_by_hand():
    """B = τ²/(V₀ + s²) = 64/(100 + 28) = 0.5: a unit at 40 of a group at 60 starts from 50; 9 + 64·0.5 + 4 = 45."""
    observed = TwoYears(np.array([40.0]), np.array([28.0]), np.array([55.0]), np.array([9.0]))
    model = StartModel(np.array([60.0]), 64.0, 0.0, 100.0, 4.0, 10)
    starts = shrunk_starts(observed, np.array([0]), model)
    assert starts.start[0] == pytest.approx(50)
    assert starts.weight[0] == pytest.approx(0.5)
    assert starts.gain_variance[0] == pytest.approx(45)


def test_regression_to_the_mean_of_barnett_2005_is_what_the_start_takes_off():
    """Barnett, van der Pols, Dobson 2005, formula (1) with a known cut: rise = (μ − y₀)·σ²_w/(σ²_w + σ²_b)."""
    within, between, mean, seen = 5.29, 8.01, 3.5, 1.2
    observed = TwoYears(np.array([seen]), np.array([within]), np.array([seen]), np.array([within]))
    model = StartModel(np.array([mean]), between, 0.0, between, 0.0, 10)
    start = shrunk_starts(observed, np.array([0]), model).start[0]
    assert start - seen == pytest.approx((mean - seen) * within / (within + between))


def test_variance_between_units_is_that_of_paule_and_mandel_in_statsmodels():
    rng = np.random.default_rng(3)
    variances = rng.uniform(4, 100, 30)
    before = rng.normal(60, 8, 30) + rng.normal(0, np.sqrt(variances))
    observed = TwoYears(before, variances, before, variances)
    model = fit_start_model(observed, np.zeros(30, dtype=int), 1, np.ones(30, dtype=bool))
    reference = combine_effects(before, variances, method_re="iterated", atol=1e-10, maxiter=500)
    assert model.between_before == pytest.approx(reference.tau2, rel=1e-4)
    assert model.group_before[0] == pytest.approx(reference.mean_effect_re, rel=1e-6)


def test_slope_is_that_of_weighted_least_squares_with_levels_of_groups():
    rng = np.random.default_rng(4)
    count, group = 50, np.arange(50) % 3
    variances = rng.uniform(5, 60, count)
    true = rng.normal(60, 9, count)
    observed = TwoYears(
        true + rng.normal(0, np.sqrt(variances)),
        variances,
        0.8 * true + rng.normal(0, 5, count),
        np.full(count, 20.0),
    )
    model = fit_start_model(observed, group, 3, np.ones(count, dtype=bool))
    place = (observed.before - model.group_before[group]) / (model.between_before + variances)
    fitted = WLS(observed.after, np.column_stack([pd.get_dummies(group), place]).astype(float)).fit()
    assert 0 < model.lasting < model.between_before
    assert model.lasting == pytest.approx(fitted.params[-1], rel=1e-9)


def test_interval_of_a_share_without_other_doubt_is_wilsons():
    """Comparisons known exactly: only the outcome of the treated unit is in doubt, and Wilson's arms are its doubt."""
    wilson = wilson_interval(np.array([19.0]), np.array([20.0]))
    after = np.array([95.0, 80.0])
    variance = 1e4 * 0.95 * 0.05 / 20
    observed = TwoYears(np.array([80.0, 80.0]), np.zeros(2), after, np.array([variance, 0.0]))
    starts = Starts(observed.before, np.ones(2), np.array([variance, 0.0]), np.zeros(2))
    bounds = Interval(np.array([100 * wilson.low[0], 80.0]), np.array([100 * wilson.high[0], 80.0]))
    model = StartModel(np.zeros(1), 0.0, 0.0, 0.0, 0.0, 10**9)
    effect = same_start_effect(observed, starts, np.array([1.0, -1.0]), bounds, model)
    assert (effect.low, effect.high) == pytest.approx((100 * wilson.low[0] - 80, 100 * wilson.high[0] - 80), abs=1e-6)
    assert effect.high - effect.value < effect.value - effect.low


def test_one_unit_against_few_has_the_error_of_crawford_and_howell_1998():
    """Starts alike: t = difference / (s·√(1 + 1/m)); one freedom less, since the slope is fitted (here it is 0)."""
    after = [70.0, 60.0, 62.0, 64.0, 66.0, 58.0]
    effect = run(exact([50.0] * 6, after), np.zeros(6, dtype=int), [0], [1, 2, 3, 4, 5])
    others = np.array(after[1:])
    deviation = np.sqrt(((others - others.mean()) ** 2).sum() / 3)
    assert effect.value == pytest.approx(70 - others.mean())
    assert effect.freedom == 3
    assert (effect.high - effect.low) / 2 == pytest.approx(3.18245 * deviation * np.sqrt(1 + 1 / 5), rel=1e-5)


def test_nearest_starts_keep_to_the_caliper_and_the_number():
    start = np.array([50.0, 51.0, 49.5, 60.0, 48.0])
    assert nearest_starts(start, 0, np.array([1, 2, 3, 4]), 2.0, 10).tolist() == [2, 1, 4]
    assert nearest_starts(start, 0, np.array([1, 2, 3, 4]), 2.0, 2).tolist() == [2, 1]
    assert nearest_starts(start, 0, np.array([3]), 2.0, 2).tolist() == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_references_leave_no_freedom_and_no_interval(count):
    values = [50.0 + one for one in range(count + 1)]
    observed = exact(values, values)
    is_reference = np.arange(count + 1) > 0
    model = fit_start_model(observed, np.zeros(count + 1, dtype=int), 1, is_reference)
    assert model.freedom < 1
    starts = shrunk_starts(observed, np.zeros(count + 1, dtype=int), model)
    if count:
        weights = equal_weights([0], list(range(1, count + 1)), count + 1)
        assert np.isnan(same_start_effect(observed, starts, weights, flat(observed.after), model).low)


def test_no_variance_at_all_gives_no_interval_rather_than_a_certain_one():
    observed = exact([50.0] * 8, [50.0] * 8)
    effect = run(observed, np.zeros(8, dtype=int), [0], list(range(1, 8)))
    assert effect.value == 0
    assert np.isnan(effect.low)
    assert np.isnan(effect.high)


def test_units_without_group_or_baseline_take_no_part():
    before, after = region(1)
    group = np.zeros(40, dtype=int)
    plain = run(exact(before, after), group, [0], list(range(1, 40)))
    more = exact([*before, NAN, 10.0], [*after, 90.0, 99.0])
    effect = run(more, np.array([*group, 0, -1]), [0], list(range(1, 40)))
    assert effect == plain
    starts = shrunk_starts(more, np.array([*group, 0, -1]), StartModel(np.array([60.0]), 1.0, 0.0, 1.0, 1.0, 5))
    assert np.isnan(starts.start[-1])


def test_figures_that_do_not_last_regress_wholly():
    """No slope between the years: the start of every unit is the mean of its group."""
    rng = np.random.default_rng(8)
    before = rng.normal(60, 6, 400)
    observed = TwoYears(before, np.full(400, 36.0), rng.normal(60, 6, 400), np.full(400, 36.0))
    model = fit_start_model(observed, np.zeros(400, dtype=int), 1, np.ones(400, dtype=bool))
    starts = shrunk_starts(observed, np.zeros(400, dtype=int), model)
    assert np.ptp(starts.start) < 0.2 * np.ptp(before)
