"""Every statistic of this room against a value that somebody else published or another library computes."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import StratifiedTable

from oko_pipeline.statistics.agreement import score_table, weighted_kappa
from oko_pipeline.statistics.differential_functioning import StratumSums, mantel_haenszel, mean_difference
from oko_pipeline.statistics.intervals import normal_quantile
from oko_pipeline.statistics.rank_correlation import bonett_wright, spearman
from oko_pipeline.statistics.reliability import (
    ItemSums,
    cronbach_alpha,
    feldt_interval,
    fisher_interval,
    item_moments,
    item_rest_correlation,
    upper_lower_index,
)

HERE = Path(__file__).parent
CASES = list(csv.DictReader((HERE / "reference_cases.csv").read_text("utf-8").splitlines()))

ATTITUDE = np.loadtxt(HERE / "attitude.csv", delimiter=",", skiprows=1, dtype=int)
# Admitted and rejected men, then women, by department.
BERKELEY = [(512, 313, 89, 19), (353, 207, 17, 8), (120, 205, 202, 391), (138, 279, 131, 244), (53, 138, 94, 299),
            (22, 351, 24, 317)]  # fmt: skip
# Cured and died with immediate, then with delayed penicillin, by level.
RABBITS = [(0, 6, 0, 5), (3, 3, 0, 6), (6, 0, 2, 4), (5, 1, 6, 0), (2, 0, 5, 0)]
SETS = {"berkeley": BERKELEY, "rabbits": RABBITS, "berkeley_a": BERKELEY[:1], "berkeley_b": BERKELEY[1:2]}
TUNA = ([44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1], [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8])
TIES = ([1, 1, 2, 2, 2, 3, 4, 4, 5, 5], [2, 2, 2, 3, 3, 3, 4, 5, 5, 5])
# Raters 2 and 3 of irr's data; its category 6 is the fifth one, for nobody gave 5.
ANXIETY = (
    [3, 5, 4, 5, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
    [2, 1, 4, 4, 3, 2, 1, 5, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
)
RATINGS = (np.arange(200) % 5, (np.arange(200) + (np.arange(200) % 7 == 0) - (np.arange(200) % 11 == 0)) % 6)
# 20 agreed yes, 15 agreed no; 5 and 10 disagreed.
TWO_BY_TWO = ([1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)


def item_sums(scores):
    scores = np.asarray(scores, dtype=float)
    total = scores.sum(axis=1)
    return ItemSums(
        np.array([float(len(scores))]),
        scores.sum(axis=0)[None],
        (scores**2).sum(axis=0)[None],
        (scores * total[:, None]).sum(axis=0)[None],
        np.array([total.sum()]),
        np.array([(total**2).sum()]),
    )


def stratum_sums(tables):
    a, b, c, d = np.array(tables, dtype=float).T
    right = np.stack([a, c])[None, :, :, None]
    return StratumSums(np.stack([a + b, c + d])[None], right, right.copy())


def _attitude(text):
    name, _, place = text.partition(":")
    assert name == "attitude"
    moments = item_moments(item_sums(ATTITUDE))
    return moments, cronbach_alpha(moments), int(place or 0)


def _mantel_haenszel(name):
    return mantel_haenszel(stratum_sums(SETS[name]))


def _odds_bound(name, sign):
    found = _mantel_haenszel(name)
    return float(found.odds_ratio[0, 0] * np.exp(sign * normal_quantile() * found.delta_se[0, 0] / 2.35))


def _ordinal():
    group = np.repeat([0, 1], [40, 50])
    score = np.concatenate([np.arange(40) % 4, (np.arange(50) * 3) % 4 // 2 + np.arange(50) % 3])
    return group, score.astype(float)


def _mantel_chi_square(name):
    if name == "ordinal":
        group, score = _ordinal()
        n = np.array([[[40.0], [50.0]]])
        x = np.array([[[[score[group == 0].sum()]], [[score[group == 1].sum()]]]])
        xx = np.array([[[[(score[group == 0] ** 2).sum()]], [[(score[group == 1] ** 2).sum()]]]])
        return float(mean_difference(StratumSums(n, x, xx)).chi_square[0, 0])
    return float(mean_difference(stratum_sums(SETS[name])).chi_square[0, 0])


def _bonett_wright(text, which):
    r, n = (float(part) for part in text.split(";"))
    # Pairs whose correlation of ranks is r: the interval depends on nothing else.
    rng = np.random.default_rng(3)
    left = rng.permutation(int(n)).astype(float)
    best = min(
        (left * share + rng.permutation(int(n)) * (1 - share) for share in np.linspace(0, 1, 4000)),
        key=lambda right: abs(spearman(left, right) - r),
    )
    found = bonett_wright(left, best)
    assert found.estimate == pytest.approx(r, abs=1e-4)
    return getattr(found, which)


def _kappa(pair):
    return weighted_kappa(score_table(*pair)).estimate


def _upper_lower(name):
    if name == "kelley":
        solved = np.array([0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
        histogram, fraction = np.ones((1, 10), dtype=int), 0.3
    else:
        solved, histogram, fraction = np.array([0, 2]), np.array([[1, 4]]), 0.2
    return float(upper_lower_index(histogram, solved[None, :, None], np.ones(1), fraction).difference[0, 0])


EVALUATE = {
    "alpha": lambda text: float(_attitude(text)[1].alpha[0]),
    "alpha_if_deleted": lambda text: float(_attitude(text)[1].alpha_if_deleted[0, _attitude(text)[2]]),
    "item_rest": lambda text: float(item_rest_correlation(_attitude(text)[0])[0, _attitude(text)[2]]),
    "sem": lambda text: float(_attitude(text)[1].sem_score[0]),
    "feldt_low": lambda text: float(feldt_interval(_attitude(text)[1].alpha, 30, 7).low[0]),
    "feldt_high": lambda text: float(feldt_interval(_attitude(text)[1].alpha, 30, 7).high[0]),
    "fisher_low": lambda text: float(fisher_interval(*map(float, text.split(";"))).low),
    "fisher_high": lambda text: float(fisher_interval(*map(float, text.split(";"))).high),
    "spearman": lambda text: spearman(*{"tuna": TUNA, "ties": TIES}[text]),
    "bonett_wright_low": lambda text: _bonett_wright(text, "low"),
    "bonett_wright_high": lambda text: _bonett_wright(text, "high"),
    "mh_odds": lambda text: float(_mantel_haenszel(text).odds_ratio[0, 0]),
    "mh_chi_square": lambda text: float(_mantel_haenszel(text).chi_square[0, 0]),
    "mh_p": lambda text: float(_mantel_haenszel(text).p_value[0, 0]),
    "mh_delta": lambda text: float(_mantel_haenszel(text).delta[0, 0]),
    "mh_se": lambda text: float(_mantel_haenszel(text).delta_se[0, 0]),
    "mh_low": lambda text: _odds_bound(text, -1),
    "mh_high": lambda text: _odds_bound(text, 1),
    "mantel_chi_square": _mantel_chi_square,
    "smd": lambda text: float(mean_difference(stratum_sums(SETS[text])).difference[0, 0]),
    "kappa": lambda text: _kappa({"anxiety": ANXIETY, "ratings": RATINGS}[text]),
    "kappa_unweighted_2": lambda _: _kappa(TWO_BY_TWO),
    "upper_lower": _upper_lower,
}


def _covariance_alpha():
    covariance = np.cov(ATTITUDE.T)
    return 7 / 6 * (1 - np.trace(covariance) / covariance.sum())


def _reliability_values():
    alpha = _covariance_alpha()
    upper, lower = stats.f.ppf([0.975, 0.025], 29, 174)
    return {
        "alpha": alpha,
        "sem": ATTITUDE.sum(axis=1).std(ddof=1) * np.sqrt(1 - alpha),
        "feldt_low": 1 - (1 - alpha) * upper,
        "feldt_high": 1 - (1 - alpha) * lower,
    }


def _standardised_difference():
    men, women = [(a / (a + b), c / (c + d)) for a, b, c, d in BERKELEY], [c + d for _, _, c, d in BERKELEY]
    return sum(n * (w - m) for (m, w), n in zip(men, women, strict=True)) / sum(women)


def _linear_by_linear():
    group, score = _ordinal()
    return (len(group) - 1) * np.corrcoef(group, score)[0, 1] ** 2


def _library_value(statistic):
    table = StratifiedTable([np.array([[a, b], [c, d]], dtype=float) for a, b, c, d in BERKELEY])
    values = _reliability_values() | {
        "item_rest": np.corrcoef(ATTITUDE[:, 3], np.delete(ATTITUDE, 3, axis=1).sum(axis=1))[0, 1],
        "spearman": stats.spearmanr(*TIES).statistic,
        "mantel_chi_square": _linear_by_linear(),
        "smd": _standardised_difference(),
        "kappa": cohen_kappa_score(*RATINGS, weights="quadratic"),
        "mh_delta": -2.35 * np.log(table.oddsratio_pooled),
        "mh_se": 2.35 * table.logodds_pooled_se,
    }
    return values[statistic]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['statistic']}-{case['input']}" for case in CASES])
def test_statistic_agrees_with_its_source(case):
    with warnings.catch_warnings():
        # statsmodels and scikit-learn warn of their own future; only their values are asked for.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        is_library = case["expected"] in {"numpy", "scipy", "statsmodels", "sklearn"}
        expected = _library_value(case["statistic"]) if is_library else float(case["expected"])
        found = EVALUATE[case["statistic"]](case["input"])
    assert found == pytest.approx(expected, abs=float(case["tolerance"])), f"{case['source']}: {found} ≠ {expected}"


def test_there_are_enough_reference_cases():
    assert len(CASES) >= 20
    assert {case["statistic"] for case in CASES} == set(EVALUATE)
