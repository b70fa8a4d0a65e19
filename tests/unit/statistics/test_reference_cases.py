"""Every case of `reference_cases.csv`: a statistic against a value from a paper, another library or by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from oko_pipeline.statistics.differences import (
    Sample,
    newcombe_interval,
    share_difference_p,
    two_sided_p,
    welch_change,
)
from oko_pipeline.statistics.false_discovery import benjamini_hochberg
from oko_pipeline.statistics.funnel import arcsine, arcsine_limits, binomial_limits, binomial_mid_p, mean_limits
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.overdispersion import overdispersion, winsorised_normal_variance
from oko_pipeline.statistics.pooling import pool_means, pool_shares
from oko_pipeline.statistics.shrinkage import (
    Prior,
    beta_binomial_prior,
    normal_prior,
    shrink_means,
    shrink_shares,
)
from oko_pipeline.statistics.trend import trend

CASES = list(csv.DictReader(Path(__file__).with_name("reference_cases.csv").read_text("utf-8").splitlines()))


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def newcombe(own, other):
    shares = [np.float64(x / n) for x, n in (own, other)]
    intervals = [wilson_interval(x, n) for x, n in (own, other)]
    return newcombe_interval(shares[0], intervals[0], shares[1], intervals[1])


def welch(own, other):
    return welch_change(*(Sample(*(np.array([value]) for value in one)) for one in (own, other)))


def prior_of_means(values, errors):
    prior = normal_prior(values, errors, np.zeros(len(values), dtype=int), 1)
    return prior.mean, prior.size, prior.variance


def shrunk_mean(values, errors, place):
    group = np.zeros(len(values), dtype=int)
    found = shrink_means(values, errors, normal_prior(values, errors, group, 1), group)
    return found.value[place], found.weight[place]


def shrunk_share(successes, trials, mean, size):
    prior = Prior(np.array([mean]), np.array([np.nan]), np.array([size]), np.array([9]))
    return shrink_shares([successes], [trials], prior, np.array([0]))[:3]


def prior_of_shares(successes, trials):
    prior = beta_binomial_prior(successes, trials, np.zeros(len(trials), dtype=int), 1)
    return prior.mean, prior.variance


def slope(values, errors, times):
    found = trend(np.array([values]), np.array([errors]), times)
    return found.slope, found.error


def pooled(found):
    return found.value, found.effective_n


STATISTICS = {
    "wilson_interval": wilson_interval,
    "newcombe_interval": newcombe,
    "share_difference_p": lambda own, other: share_difference_p(*own, *other),
    "welch_change": welch,
    "two_sided_p": two_sided_p,
    "benjamini_hochberg": lambda p_values: benjamini_hochberg(numbers(p_values)),
    "discoveries_at_5_percent": lambda p_values: (benjamini_hochberg(p_values) <= 0.05).sum(),
    "normal_prior": prior_of_means,
    "shrink_means": shrunk_mean,
    "overdispersion": lambda **given: overdispersion(**given)[:2],
    "winsorised_normal_variance": winsorised_normal_variance,
    "binomial_limits": binomial_limits,
    "binomial_mid_p": binomial_mid_p,
    "arcsine": arcsine,
    "arcsine_limits": arcsine_limits,
    "mean_limits": mean_limits,
    "pool_shares": lambda successes, trials, weights: pooled(pool_shares([successes], [trials], weights)),
    "pool_means": lambda means, trials, deviations, weights: (
        (found := pool_means([means], [trials], [deviations], weights)).value,
        found.error,
    ),
    "shrink_shares": shrunk_share,
    "beta_binomial_prior": prior_of_shares,
    "trend": slope,
}


@pytest.mark.parametrize("case", CASES, ids=[f"{place}-{case['statistic']}" for place, case in enumerate(CASES, 2)])
def test_the_statistic_has_the_independent_value(case):
    result = STATISTICS[case["statistic"]](**json.loads(case["input"]))
    parts = result if isinstance(result, tuple) else (result,)
    found = np.concatenate([np.ravel(part) for part in parts])
    expected = json.loads(case["expected"])
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        if wanted is not None:
            assert value == pytest.approx(wanted, abs=float(case["tolerance"]))


def test_there_are_cases_of_every_statistic():
    assert {case["statistic"] for case in CASES} == set(STATISTICS)
    assert len(CASES) >= 25
