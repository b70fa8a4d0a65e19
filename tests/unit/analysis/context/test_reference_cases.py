"""Every statistic of the comparisons against a published or hand-computed value."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from oko_pipeline.analysis.low_results.risks import _share_better
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.matching import nearest_neighbours, standardised, standardised_difference
from oko_pipeline.statistics.multilevel import meta_regression, random_intercept
from oko_pipeline.statistics.partitioning import PartitionOptions, partition

CASES = list(csv.DictReader(Path(__file__).with_name("reference_cases.csv").read_text("utf-8").splitlines()))

# Davies, Goldsmith 1972; fitted in the documentation of lme4 (Bates).
DYESTUFF = (
    (1545, 1440, 1440, 1520, 1580),
    (1540, 1555, 1490, 1560, 1495),
    (1595, 1550, 1605, 1510, 1560),
    (1445, 1440, 1595, 1465, 1545),
    (1595, 1630, 1515, 1635, 1625),
    (1520, 1455, 1450, 1480, 1445),
)
# Box, Tiao 1973: simulated so that the variance between batches is estimated as zero.
DYESTUFF_2 = (
    (7.298, 3.846, 2.434, 9.566, 7.990),
    (5.220, 6.556, 0.608, 11.788, -0.892),
    (0.110, 10.386, 13.434, 5.510, 8.166),
    (2.212, 4.852, 7.092, 9.288, 4.980),
    (0.282, 9.014, 4.458, 9.446, 7.198),
    (1.722, 4.782, 8.106, 0.758, 3.758),
)
# Colditz et al. 1994: cases and others in the vaccinated and the control group, latitude; the standard data of metafor.
BCG = np.array(
    [
        (4, 119, 11, 128, 44),
        (6, 300, 29, 274, 55),
        (3, 228, 11, 209, 42),
        (62, 13536, 248, 12619, 52),
        (33, 5036, 47, 5761, 13),
        (180, 1361, 372, 1079, 44),
        (8, 2537, 10, 619, 19),
        (505, 87886, 499, 87892, 13),
        (29, 7470, 45, 7232, 27),
        (17, 1699, 65, 1600, 42),
        (186, 50448, 141, 27197, 18),
        (5, 2493, 3, 2338, 33),
        (27, 16886, 29, 17825, 33),
    ],
    dtype=float,
)
# Rubin 1981: coaching in eight schools.
EIGHT_SCHOOLS = ((28, 8, -3, 7, -1, 1, 18, 12), (15, 10, 16, 11, 9, 11, 10, 18))


def sums(groups):
    """Return sizes, means and within-group sums of squares of rows of values."""
    values = [np.asarray(one, dtype=float) for one in groups]
    return (
        np.array([len(one) for one in values]),
        np.array([one.mean() for one in values]),
        np.array([((one - one.mean()) ** 2).sum() for one in values]),
    )


def log_risk_ratios():
    a, b, c, d, _ = BCG.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def ones(count):
    return np.ones((count, 1))


def model(name):
    if name.startswith("dyestuff"):
        batches = sums(DYESTUFF if name == "dyestuff" else DYESTUFF_2)
        return random_intercept(*batches, ones(6))
    if name == "eight_schools":
        results, errors = EIGHT_SCHOOLS
        return meta_regression(results, np.square(errors), range(8), ones(8))
    results, variances = log_risk_ratios()
    design = np.column_stack([np.ones(13), BCG[:, 4]]) if name == "bcg_latitude" else ones(13)
    return meta_regression(results, variances, range(13), design)


def of_model(name, term):
    found = model(name)
    return {
        "intercept": lambda: found.coefficients[0],
        "intercept_error": lambda: found.covariance[0, 0] ** 0.5,
        "slope": lambda: found.coefficients[1],
        "slope_error": lambda: found.covariance[1, 1] ** 0.5,
        "between_variance": lambda: found.between_variance,
        "within_variance": lambda: found.within_variance,
        "within_deviation": lambda: found.within_variance**0.5,
        "deviance": lambda: -2 * found.log_likelihood,
        "effect_1": lambda: found.effect[0],
        "effect_5": lambda: found.effect[4],
    }[term]()


def iris_silhouette(number):
    options = PartitionOptions(numbers=(number,), minimum_size=3, resamplings=2)
    return partition(load_iris().data, options).silhouette.mean()


def numbers(text):
    return np.array([float(one) for one in text.split()])


def difference(given):
    sample, value, mean = (numbers(part) for part in given.split("|"))
    return standardised_difference(value[None], mean[None], standardised(sample[:, None])[2])[0, 0]


def distance(given):
    points = np.array([numbers(point) for point in given.split(";")])
    return nearest_neighbours(points, np.zeros(2, int), 1, 9.0, np.zeros(2, bool)).distance[0]


def share_interval(given):
    return wilson_interval(*(int(part) for part in given.split("/")))


COMPUTE = {
    "partition.silhouette_2": lambda given: iris_silhouette(2),
    "partition.silhouette_3": lambda given: iris_silhouette(3),
    "standardised.deviation": lambda given: standardised(numbers(given)[:, None])[2][0],
    "standardised_difference": difference,
    "nearest.distance": distance,
    "low_result.low": lambda given: share_interval(given).low,
    "low_result.high": lambda given: share_interval(given).high,
    "social_index": lambda given: 50 - 10 * standardised(numbers(given)[:, None])[0][0, 0],
    "risk.share": lambda given: _share_better(numbers(given))[1],
}


def computed(statistic, given):
    family, _, term = statistic.partition(".")
    if family in {"random_intercept", "meta_regression"}:
        return of_model(given, term)
    return COMPUTE[statistic](given)


def test_there_are_enough_reference_cases_with_their_sources():
    assert len(CASES) >= 15
    assert all(case["source"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['statistic']}-{case['input']}")
def test_statistic_has_the_reference_value(case):
    difference = float(computed(case["statistic"], case["input"])) - float(case["expected"])
    assert abs(difference) <= float(case["tolerance"]), f"difference {difference}"
