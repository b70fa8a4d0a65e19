"""Clusters: their number, least size, seed, stability, borderline points; agreement with scikit-learn."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

from oko_pipeline.statistics.partitioning import ALGORITHMS, PartitionOptions, centroid_distances, partition


def blobs(seed=0, counts=(40, 30, 20), gap=6.0, width=2):
    rng = np.random.default_rng(seed)
    points = [gap * place + rng.normal(size=(count, width)) for place, count in enumerate(counts)]
    return np.vstack(points), np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_clear_clusters_are_found_and_stable(algorithm):
    points, truth = blobs()
    found = partition(points, PartitionOptions(algorithm, resamplings=20))
    assert len(found.centroids) == 3
    assert adjusted_rand_score(truth, found.labels) == 1.0
    assert (found.jaccard > 0.95).all()
    assert found.adjusted_rand > 0.95
    assert np.nanmin(found.membership_share) > 0.9


def test_clusters_are_numbered_by_their_centres_whatever_the_order_of_points():
    points, _ = blobs()
    order = np.random.default_rng(1).permutation(len(points))
    found, shuffled = partition(points, PartitionOptions()), partition(points[order], PartitionOptions())
    assert (np.diff(found.centroids[:, 0]) > 0).all()
    assert (found.labels[order] == shuffled.labels).all()


def test_number_is_the_one_with_the_largest_silhouette():
    points, _ = blobs()
    found = partition(points, PartitionOptions("ward", resamplings=2))
    for choice in found.choices:
        labels = AgglomerativeClustering(choice.number, linkage="ward").fit_predict(points)
        assert choice.silhouette == pytest.approx(silhouette_score(points, labels))
    assert max(found.choices, key=lambda choice: choice.silhouette).number == len(found.centroids)


def test_a_number_with_a_cluster_below_the_least_size_is_not_chosen():
    points, _ = blobs(counts=(40, 30, 3), gap=30.0)
    assert len(partition(points, PartitionOptions(minimum_size=3, resamplings=2)).centroids) == 3
    assert len(partition(points, PartitionOptions(minimum_size=5, resamplings=2)).centroids) == 2


def test_same_seed_gives_the_same_partition():
    points = np.random.default_rng(3).normal(size=(80, 4))
    first, second = (partition(points, PartitionOptions(resamplings=10)) for _ in range(2))
    assert (first.labels == second.labels).all()
    assert first.jaccard == pytest.approx(second.jaccard)


def test_a_shapeless_cloud_is_told_unstable():
    points = np.random.default_rng(4).normal(size=(100, 6))
    found = partition(points, PartitionOptions(numbers=(5,), minimum_size=2, resamplings=30))
    assert found.jaccard.mean() < 0.6
    assert found.adjusted_rand < 0.6


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((30, 2))])
def test_nobody_one_or_equal_points_have_no_partition(points):
    assert partition(points, PartitionOptions()) is None


def test_centroids_are_means_and_distances_are_euclidean():
    points, _ = blobs()
    found = partition(points, PartitionOptions(resamplings=2))
    assert found.centroids[1] == pytest.approx(points[found.labels == 1].mean(axis=0))
    expected = np.linalg.norm(points[:, None, :] - found.centroids[None, :, :], axis=2)
    assert centroid_distances(points, found.centroids) == pytest.approx(expected)
