"""Classes of differential functioning at their borders, and the statistics where there is nothing to compare."""

import numpy as np
import pytest

from oko_pipeline.statistics.differential_functioning import (
    StratumSums,
    delta_classes,
    effect_classes,
    mantel_haenszel,
    matched_counts,
    mean_difference,
)

A, B, C, UNKNOWN = 0, 1, 2, -1


@pytest.mark.parametrize(
    ("delta", "se", "p_value", "expected"),
    [
        (0.99, 0.1, 0.001, A),
        (1.0, 0.1, 0.001, B),
        (-1.0, 0.1, 0.001, B),
        (3.0, 2.0, 0.05, A),
        (1.49, 0.1, 0.001, B),
        (1.5, 0.1, 0.001, C),
        (-1.5, 0.1, 0.001, C),
        # 1.8 − 1 is not 1.645 errors above 1: large, but not surely more than moderate.
        (1.8, 0.5, 0.001, B),
        (1.83, 0.5, 0.001, C),
        (np.nan, 0.1, 0.001, UNKNOWN),
        (2.0, np.nan, 0.001, UNKNOWN),
    ],
)
def test_classes_of_delta_follow_the_rule_of_ets(delta, se, p_value, expected):
    assert int(delta_classes(delta, se, p_value)) == expected


@pytest.mark.parametrize(
    ("effect", "p_value", "expected"),
    [
        (0.17, 0.001, A),
        (0.18, 0.001, B),
        (-0.25, 0.001, B),
        (-0.26, 0.001, C),
        (0.9, 0.05, A),
        (np.nan, 0.5, UNKNOWN),
        (0.3, np.nan, UNKNOWN),
    ],
)
def test_classes_of_mean_differences_follow_the_rule_of_naep(effect, p_value, expected):
    assert int(effect_classes(effect, p_value)) == expected


def sums(tables):
    """One item of one point: (right, wrong) of the reference and of the focal group by stratum."""
    a, b, c, d = np.array(tables, dtype=float).reshape(-1, 4).T
    right = np.stack([a, c])[None, :, :, None]
    return StratumSums(np.stack([a + b, c + d])[None], right, right.copy())


def test_strata_of_one_group_only_are_not_compared():
    both, alone = (30, 10, 20, 20), (500, 1, 0, 0)
    with_alone, without = sums([both, alone]), sums([both])
    assert mantel_haenszel(with_alone).delta == pytest.approx(mantel_haenszel(without).delta)
    assert mean_difference(with_alone).difference == pytest.approx(mean_difference(without).difference)
    assert mean_difference(with_alone).sd == pytest.approx(mean_difference(without).sd)
    counts = matched_counts(with_alone)
    assert (counts.reference.tolist(), counts.focal.tolist()) == ([40.0], [40.0])


@pytest.mark.parametrize("tables", [[], [(5, 0, 0, 0)], [(0, 0, 0, 0)], [(5, 0, 7, 0)], [(1, 0, 0, 1)]])
def test_nothing_to_compare_is_unknown(tables):
    found = mantel_haenszel(sums(tables))
    assert np.isnan(found.delta).all()
    assert (delta_classes(found.delta, found.delta_se, found.p_value) == UNKNOWN).all()


def test_the_sign_says_for_whom_the_item_is_harder():
    harder_for_focal = sums([(30, 10, 20, 20)])
    assert mantel_haenszel(harder_for_focal).delta[0, 0] < 0
    assert mean_difference(harder_for_focal).difference[0, 0] == pytest.approx(-0.25)
