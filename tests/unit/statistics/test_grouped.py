"""Statistics by group equal those of scipy and pandas, group by group."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.statistics.grouped import (
    grouped_distinct,
    grouped_midranks,
    grouped_moments,
    grouped_spearman,
)
from oko_pipeline.statistics.proportion_tests import anscombe_score, simes_by_group, upper_score, upper_tail


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    group = rng.integers(0, 60, 900)
    return pd.DataFrame({"group": group, "x": rng.integers(0, 12, 900), "y": rng.integers(2, 6, 900)})


def test_moments_are_those_of_pandas(data: pd.DataFrame) -> None:
    found = grouped_moments(data["x"], data["group"].to_numpy(), 61)
    own = data.groupby("group")["x"].agg(["size", "mean", "var"])
    assert found.counts[:60].tolist() == own["size"].tolist()
    np.testing.assert_allclose(found.mean[:60], own["mean"])
    np.testing.assert_allclose(found.variance[:60], own["var"])
    assert found.counts[60] == 0
    assert np.isnan([found.mean[60], found.variance[60]]).all()


def test_one_value_has_a_mean_and_no_variance() -> None:
    found = grouped_moments([7], np.array([0]), 1)
    assert found.mean[0] == 7
    assert np.isnan(found.variance[0])


def test_ranks_are_those_of_pandas_whatever_the_order_of_rows(data: pd.DataFrame) -> None:
    expected = data.groupby("group")["x"].rank(method="average")
    np.testing.assert_array_equal(grouped_midranks(data["x"], data["group"].to_numpy()), expected)
    assert grouped_midranks([], np.array([], dtype=np.intp)).size == 0


def test_correlations_are_those_of_scipy(data: pd.DataFrame) -> None:
    from scipy.stats import spearmanr  # noqa: PLC0415

    found = grouped_spearman(data["x"], data["y"], data["group"].to_numpy(), 60)
    for number, own in data.groupby("group"):
        assert found.corrected[number] == pytest.approx(spearmanr(own["x"], own["y"]).statistic)


def test_correlation_of_too_few_pairs_is_unknown() -> None:
    found = grouped_spearman([1, 5, 2], [2, 3, 3], np.array([0, 1, 1]), 3)
    assert np.isnan(found.corrected).tolist() == [True, True, True]
    assert found.pairs.tolist() == [1, 2, 0]


def test_distinct_values_are_counted_by_group() -> None:
    assert grouped_distinct([3, 3, 4, 5, 3], np.array([0, 0, 0, 2, 2]), 4).tolist() == [2, 0, 2, 0]


def test_tails_and_scores_are_inverse_and_survive_extremes() -> None:
    scores = np.array([-3.0, 0.0, 1.959963985, 8.0])
    np.testing.assert_allclose(upper_score(upper_tail(scores)), scores, rtol=1e-6)
    assert upper_tail(1.959963985) == pytest.approx(0.025)
    assert np.isfinite(upper_score([0.0, 1.0])).all()


def test_anscombe_scores_are_near_standard_normal_for_rare_events() -> None:
    rng = np.random.default_rng(5)
    z = anscombe_score(rng.binomial(40, 0.08, 20000), np.full(20000, 40), np.full(20000, 0.08))
    assert z.std() == pytest.approx(1, abs=0.06)
    assert np.isnan(anscombe_score([0], [0], [0.1])).all()


def test_simes_keeps_its_level_and_skips_groups_without_tests() -> None:
    rng = np.random.default_rng(6)
    p = rng.random(30000)
    found = simes_by_group(p, np.repeat(np.arange(3000), 10), 3001)
    assert (found[:3000] <= 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert np.isnan(found[3000])
    assert np.isnan(simes_by_group([np.nan], np.array([0]), 1)).all()
