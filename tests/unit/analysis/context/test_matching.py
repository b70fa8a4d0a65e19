"""Neighbours and balance: against a loop, at the bounds, with nobody."""

import numpy as np
import pytest
from scipy.stats import zscore
from sklearn.neighbors import NearestNeighbors

from oko_pipeline.statistics.matching import nearest_neighbours, standardised, standardised_difference


def test_neighbours_are_those_of_scikit_learn():
    points = np.random.default_rng(1).normal(size=(50, 3))
    found = nearest_neighbours(points, np.zeros(50, int), 4, np.inf, np.zeros(50, bool))
    distances, places = NearestNeighbors(n_neighbors=5).fit(points).kneighbors(points)
    for point in range(50):
        own = found.neighbour[found.point == point]
        assert set(own) == set(places[point, 1:])
        assert sorted(found.distance[found.point == point]) == pytest.approx(distances[point, 1:] / np.sqrt(3))


def test_only_points_of_the_same_group_within_the_caliper_are_neighbours():
    points = np.array([[0.0], [0.4], [0.6], [0.1], [5.0]])
    found = nearest_neighbours(points, np.array([0, 0, 0, 1, 0]), 5, 0.5, np.zeros(5, bool))
    pairs = set(zip(found.point, found.neighbour, strict=True))
    assert pairs == {(0, 1), (1, 0), (1, 2), (2, 1)}
    assert found.candidates.tolist() == [3, 3, 3, 0, 3]
    assert found.nearest[4] == pytest.approx(4.4)
    assert np.isnan(found.nearest[3])


def test_excluded_points_have_no_neighbours_and_are_none():
    points = np.zeros((3, 1))
    found = nearest_neighbours(points, np.zeros(3, int), 5, 1.0, np.array([False, True, False]))
    assert set(zip(found.point, found.neighbour, strict=True)) == {(0, 2), (2, 0)}
    everyone = nearest_neighbours(points, np.zeros(3, int), 5, 1.0, np.ones(3, bool))
    assert len(everyone.point) == 0


def test_columns_are_standardised_as_scipy_does_and_gaps_stay():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [8.0, 6.0], [4.0, 7.0]])
    ours, means, deviations = standardised(values)
    assert ours == pytest.approx(zscore(values, ddof=1, nan_policy="omit"), nan_ok=True)
    assert means == pytest.approx(np.nanmean(values, axis=0))
    assert deviations == pytest.approx(np.nanstd(values, axis=0, ddof=1))


def test_constant_and_single_values_have_no_scale():
    ours, _, deviations = standardised(np.array([[5.0, 1.0], [5.0, np.nan]]))
    assert ours[:, 0].tolist() == [0.0, 0.0]
    assert np.isnan(deviations[1])
    difference = standardised_difference(np.array([[1.0]]), np.array([[0.0]]), np.array([0.0]))
    assert np.isnan(difference).all()
