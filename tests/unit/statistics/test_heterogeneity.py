"""Spread beyond chance and likeness of works of the same pupils, against simulated truths."""

import numpy as np
import pytest

from oko_pipeline.statistics.heterogeneity import calibrated_variance, same_pupil_correlation


def test_spread_beyond_chance_is_found_whatever_the_errors() -> None:
    rng = np.random.default_rng(1)
    errors = rng.uniform(0.5, 3, 4000)
    effects = errors * rng.normal(size=4000) + 2 * rng.normal(size=4000)
    assert calibrated_variance(effects, errors) == pytest.approx(4, rel=0.15)


def test_chance_alone_and_a_few_true_outliers_are_no_spread() -> None:
    rng = np.random.default_rng(2)
    effects = rng.normal(size=2000)
    assert calibrated_variance(effects, np.ones(2000)) < 0.1
    outlying = np.where(np.arange(2000) < 60, 30.0, effects)
    assert calibrated_variance(outlying, np.ones(2000)) < 0.2
    assert calibrated_variance(0.5 * effects, np.ones(2000)) == 0


def test_limits_hold_at_the_stated_rate_for_units_of_all_sizes_together() -> None:
    """Small units differ more than large ones: the estimate is of the middle, so the rate holds over all of them."""
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.3, 2, 6000)
    effects = errors * rng.normal(size=6000) + errors * rng.normal(size=6000)
    z = effects / np.sqrt(errors**2 + calibrated_variance(effects, errors))
    assert (z > 1.645).mean() == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(("effects", "errors"), [([], []), ([1.0], [1.0]), ([np.nan, 2.0], [1.0, 1.0])])
def test_fewer_than_two_units_have_no_spread(effects: list[float], errors: list[float]) -> None:
    assert calibrated_variance(effects, errors) == 0


@pytest.mark.parametrize("share", [0.0, 0.1])
@pytest.mark.parametrize("truth", [0.0, 0.4])
def test_likeness_of_the_same_pupils_is_told_from_that_of_the_school(truth: float, share: float) -> None:
    rng = np.random.default_rng(4)
    units, parts, works = 800, 3, 4
    unit = np.repeat(np.arange(units), parts * works)
    part = np.repeat(np.arange(units * parts), works)
    own = np.sqrt(1 - truth) * rng.normal(size=len(unit)) + np.sqrt(truth) * rng.normal(size=units * parts)[part]
    school = 0.6 * rng.normal(size=units)[unit]
    assert same_pupil_correlation(own + school, unit, part, share) == pytest.approx(truth, abs=0.06)


def test_without_pairs_of_either_kind_nothing_is_claimed() -> None:
    alone = np.arange(5)
    assert same_pupil_correlation(np.ones(5), alone, alone) == 0
    assert same_pupil_correlation(np.ones(4), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])) == 0
