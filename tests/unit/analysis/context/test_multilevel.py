"""The models against statsmodels' MixedLM and against dense matrices; bounds, small numbers, coverage."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.optimize import minimize

from oko_pipeline.errors import ContractError
from oko_pipeline.statistics.multilevel import meta_regression, random_intercept


def pupils(seed, groups=60, between=0.4):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, groups)
    place = np.repeat(np.arange(groups), sizes)
    x = rng.normal(size=groups)
    y = 1 + 0.5 * x[place] + between * rng.normal(size=groups)[place] + rng.normal(size=len(place))
    return place, x, y


def summed(place, y):
    sizes = np.bincount(place)
    means = np.bincount(place, y) / sizes
    return sizes, means, np.bincount(place, (y - means[place]) ** 2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_model_of_pupils_is_that_of_statsmodels(seed):
    place, x, y = pupils(seed)
    # Its default search stops short of the maximum for one of these seeds; Powell's finds it for all.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = smf.mixedlm("y ~ x", pd.DataFrame({"y": y, "x": x[place]}), groups=place).fit(
            reml=True, method="powell"
        )
    ours = random_intercept(*summed(place, y), np.column_stack([np.ones(len(x)), x]))
    assert ours.coefficients == pytest.approx(theirs.fe_params.to_numpy(), abs=1e-4)
    assert ours.between_variance == pytest.approx(float(theirs.cov_re.iloc[0, 0]), rel=1e-3)
    assert ours.within_variance == pytest.approx(theirs.scale, rel=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-5)
    effects = [theirs.random_effects[group].iloc[0] for group in range(len(x))]
    assert ours.effect == pytest.approx(effects, abs=1e-3)


def dense_deviance(parts, y, v, groups, design):
    """−2 restricted log-likelihood of the three-level model, written out with the full covariance matrix."""
    tau2, omega2 = parts
    covariance = np.diag(v + omega2) + tau2 * (groups[:, None] == groups[None, :])
    inverse = np.linalg.inv(covariance)
    x = design[groups]
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    rest = y - x @ beta
    logs = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return logs + rest @ inverse @ rest + (len(y) - x.shape[1]) * np.log(2 * np.pi)


def results_of_groups(seed, groups=40):
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(groups), rng.integers(1, 6, groups))
    v = rng.uniform(0.01, 0.3, len(place))
    x = rng.normal(size=groups)
    y = 0.3 * x[place] + 0.4 * rng.normal(size=groups)[place] + 0.25 * rng.normal(size=len(place))
    return y + np.sqrt(v) * rng.normal(size=len(place)), v, place, np.column_stack([np.ones(groups), x])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_level_model_has_the_likelihood_of_full_matrices_and_its_maximum(seed):
    y, v, place, design = results_of_groups(seed)
    ours = meta_regression(y, v, place, design)
    parts = ours.between_variance, ours.within_variance
    assert -2 * ours.log_likelihood == pytest.approx(dense_deviance(parts, y, v, place, design), abs=1e-8)
    best = minimize(lambda logs: dense_deviance(np.exp(logs), y, v, place, design), x0=[-2, -2], method="Nelder-Mead")
    assert -2 * ours.log_likelihood <= best.fun + 1e-6
    # The shrunken effect is the conditional mean of the group's effect given all results.
    tau2, omega2 = parts
    covariance = np.diag(v + omega2) + tau2 * (place[:, None] == place[None, :])
    member = (place[None, :] == np.arange(len(design))[:, None]).astype(float)
    blup = tau2 * member @ np.linalg.solve(covariance, y - (design @ ours.coefficients)[place])
    assert ours.effect == pytest.approx(blup, abs=1e-10)


def test_one_result_a_group_leaves_no_variance_within():
    rng = np.random.default_rng(4)
    found = meta_regression(rng.normal(size=50), np.full(50, 0.5), np.arange(50), np.ones((50, 1)))
    assert found.within_variance == 0.0
    # Equal variances: REML is the moment estimator, sample variance less the sampling variance.
    again = rng.normal(0, 2, 50)
    found = meta_regression(again, np.full(50, 0.5), np.arange(50), np.ones((50, 1)))
    assert found.between_variance == pytest.approx(np.var(again, ddof=1) - 0.5, rel=1e-5)


def test_groups_that_differ_by_chance_alone_are_all_as_expected():
    sizes, means = np.full(30, 20), np.full(30, 50.0) + np.tile([0.1, -0.1], 15)
    found = random_intercept(sizes, means, np.full(30, 19 * 400.0), np.ones((30, 1)))
    assert found.between_variance == 0.0
    assert found.effect == pytest.approx(np.zeros(30))
    interval = found.effect_interval()
    assert ((interval.low < 0) & (interval.high > 0)).all()


def test_groups_of_one_pupil_take_part_and_are_shrunken_most():
    rng = np.random.default_rng(5)
    sizes = np.tile([1, 50], 30)
    means = 50 + 5 * rng.normal(size=60) + 10 * rng.normal(size=60) / np.sqrt(sizes)
    squares = np.where(sizes > 1, (sizes - 1) * 100.0, 0.0)
    found = random_intercept(sizes, means, squares, np.ones((60, 1)))
    assert found.reliability[0] < 0.4
    assert found.reliability[1] > 0.8
    assert (np.abs(found.effect) <= np.abs(found.residual) + 1e-12).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_model_of_fewer_groups_than_needed(count):
    design = np.column_stack([np.ones(count), np.arange(count)]) if count else np.ones((0, 2))
    with pytest.raises(ContractError, match="мало групп"):
        random_intercept(np.full(count, 5), np.arange(count), np.ones(count), design)


def test_no_model_of_dependent_conditions():
    design = np.column_stack([np.ones(10), np.arange(10), 2 * np.arange(10)])
    with pytest.raises(ContractError, match="линейно зависимы"):
        meta_regression(np.arange(10), np.ones(10), range(10), design)


def test_intervals_hold_the_truth_in_few_groups_as_well():
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        effect = 0.35 * rng.normal(size=25)
        v = 1 / rng.integers(5, 60, 25)
        x = rng.normal(size=25)
        y = 0.2 * x + effect + np.sqrt(v) * rng.normal(size=25)
        found = meta_regression(y, v, range(25), np.column_stack([np.ones(25), x]))
        interval = found.effect_interval()
        inside.append((interval.low <= effect) & (effect <= interval.high))
    assert 0.93 <= np.mean(inside) <= 0.98
