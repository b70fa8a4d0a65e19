"""How often intervals of the item statistics cover the truth, and how often differential functioning is found.

Run: `python bench/calibration_items.py [repetitions]`. Everything is seeded; the truth of a design is its value in a
sample a thousand times larger.
"""

import sys
from dataclasses import dataclass

import numpy as np

from oko_pipeline.statistics.agreement import score_table, weighted_kappa
from oko_pipeline.statistics.differential_functioning import (
    StratumSums,
    delta_classes,
    effect_classes,
    mantel_haenszel,
    mean_difference,
)
from oko_pipeline.statistics.false_discovery import benjamini_hochberg_by
from oko_pipeline.statistics.rank_correlation import bonett_wright, clustered_spearman, spearman
from oko_pipeline.statistics.reliability import (
    ItemSums,
    cronbach_alpha,
    feldt_interval,
    fisher_interval,
    item_moments,
    item_rest_correlation,
)

ITEMS = 16
# Ten tasks of one point and six of two, as difficult as those of mathematics of grade 4.
MAXIMA = np.array([1] * 10 + [2] * 6)
DIFFICULTY = np.linspace(-2.2, 1.6, ITEMS)
DIF_BINARY, DIF_POLYTOMOUS = 4, 12


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that was counted, and what it should be."""

    what: str
    rate: float
    expected: str


def draw_scores(rng, ability, shift=None):
    """Return scores (… × pupils × items) of pupils by ability; `shift` makes items easier for each pupil, in logits."""
    logit = 1.1 * ability[..., None] - DIFFICULTY + (0.0 if shift is None else shift)
    first = rng.random(logit.shape) < 1 / (1 + np.exp(-logit))
    second = rng.random(logit.shape) < 1 / (1 + np.exp(-(logit - 0.8)))
    return first.astype(np.int8) + (first & second & (MAXIMA > 1))


def sums_of(scores):
    """Return the item sums of samples (samples × pupils × items)."""
    scores = scores.astype(float)
    total = scores.sum(axis=2)
    n = np.full(len(scores), float(scores.shape[1]))
    return ItemSums(
        n,
        scores.sum(axis=1),
        (scores**2).sum(axis=1),
        np.einsum("rpi,rp->ri", scores, total),
        total.sum(axis=1),
        (total**2).sum(axis=1),
    )


def covered(interval, truth):
    """Return the share of intervals that hold the truth, those that could not be computed left out."""
    known = ~np.isnan(interval.low)
    return float(((interval.low <= truth) & (truth <= interval.high))[known].mean())


def reliability_rates(rng, repetitions, pupils):
    """Cover alpha and the item–rest correlation of a test like those of ВПР."""
    large = item_moments(sums_of(draw_scores(rng, rng.normal(size=(1, 400_000)))))
    moments = item_moments(sums_of(draw_scores(rng, rng.normal(size=(repetitions, pupils)))))
    alpha = feldt_interval(cronbach_alpha(moments).alpha, moments.n, ITEMS)
    rest = fisher_interval(item_rest_correlation(moments), moments.n[:, None])
    return [
        Rate(f"alpha, n = {pupils}", covered(alpha, cronbach_alpha(large).alpha[0]), "0,95 ± 0,02"),
        Rate(f"item–rest, n = {pupils}", covered(rest, item_rest_correlation(large)[0]), "0,95 ± 0,02"),
    ]


def _pairs(rng, rho, shape):
    left = rng.normal(size=shape)
    right = rho * left + (1 - rho**2) ** 0.5 * rng.normal(size=shape)
    return np.round(left * 4), np.digitize(right, [-1.6, 0.0, 1.1])


def correlation_rate(rng, repetitions, rho, count):
    """Cover Spearman's correlation of independent pairs: a total score and a mark (heavy ties)."""
    truth = spearman(*_pairs(rng, rho, 400_000))
    found = [bonett_wright(*_pairs(rng, rho, count)) for _ in range(repetitions)]
    hits = [one.low <= truth <= one.high for one in found if one.low == one.low]
    return Rate(f"Spearman {rho}, n = {count}", float(np.mean(hits)), "0,95 ± 0,02")


def clustered_rates(rng, repetitions, schools, icc):
    """Cover Spearman's correlation of pupils in schools, with and without regard to the schools."""

    def sample(count):
        sizes = rng.integers(5, 60, count)
        school = np.repeat(np.arange(count), sizes)
        shared = rng.normal(size=(count, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
        own = rng.normal(size=(len(school), 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
        both = icc**0.5 * shared[school] + (1 - icc) ** 0.5 * own
        return np.round(both[:, 0] * 4), np.digitize(both[:, 1], [-1.6, 0.0, 1.1]), school

    left, right, _ = sample(20_000)
    truth = spearman(left, right)
    hits, naive = [], []
    for _ in range(repetitions):
        left, right, school = sample(schools)
        one, other = clustered_spearman(left, right, school), bonett_wright(left, right)
        hits.append(one.low <= truth <= one.high)
        naive.append(other.low <= truth <= other.high)
    name = f"Spearman of pupils, {schools} schools, ICC {icc}"
    return [
        Rate(f"{name}: clustered", float(np.mean(hits)), "0,95 ± 0,02"),
        Rate(f"{name}: schools ignored", float(np.mean(naive)), "below 0,95: why clusters count"),
    ]


def stratum_sums(scores, group):
    """Return the sums of samples by group and total score; `group` is 0 or 1 (samples × pupils)."""
    samples, _, items = scores.shape
    strata = int(MAXIMA.sum()) + 1
    total = scores.sum(axis=2, dtype=np.int64)
    cell = ((np.arange(samples)[:, None] * 2 + group) * strata + total).ravel()
    cells = samples * 2 * strata
    n = np.bincount(cell, minlength=cells).reshape(samples, 2, strata).astype(float)
    flat = scores.reshape(-1, items).astype(float)
    x, xx = (
        np.stack([np.bincount(cell, weights=column, minlength=cells) for column in values.T], axis=1)
        for values in (flat, flat**2)
    )
    shape = (samples, 2, strata, items)
    return StratumSums(n, x.reshape(shape), xx.reshape(shape))


def dif_rates(rng, repetitions, pupils, impact, shift):
    """Count false alarms over clean items, and hits of two items that are easier for the focal group by `shift`."""
    group = np.broadcast_to(np.arange(pupils) % 2, (repetitions, pupils))
    ability = rng.normal(size=(repetitions, pupils)) + impact * group
    shifts = np.zeros((repetitions, pupils, ITEMS))
    shifts[..., [DIF_BINARY, DIF_POLYTOMOUS]] = shift * group[..., None]
    sums = stratum_sums(draw_scores(rng, ability, shifts), group)
    binary = mantel_haenszel(StratumSums(sums.n, sums.x[..., MAXIMA == 1], sums.xx[..., MAXIMA == 1]))
    other = mean_difference(sums)
    p_value = np.where(MAXIMA == 1, np.nan, other.p_value)
    p_value[:, MAXIMA == 1] = binary.p_value
    classes = effect_classes(other.difference / other.sd, other.p_value)
    classes[:, MAXIMA == 1] = delta_classes(binary.delta, binary.delta_se, binary.p_value)
    family = np.repeat(np.arange(repetitions), ITEMS)
    q_value = benjamini_hochberg_by(p_value.ravel(), family).reshape(p_value.shape)
    is_found = (q_value <= 0.05) & (classes > 0)
    planted = [DIF_BINARY, DIF_POLYTOMOUS]
    clean = np.setdiff1d(np.arange(ITEMS), planted) if shift else np.arange(ITEMS)
    name = f"DIF, n = {pupils}, impact {impact}"
    if not shift:
        return [
            Rate(f"{name}: p < 0.05, one point", float((p_value[:, MAXIMA == 1] < 0.05).mean()), "0,05"),
            Rate(f"{name}: p < 0.05, two points", float((p_value[:, MAXIMA > 1] < 0.05).mean()), "0,05"),
            Rate(f"{name}: any item told", float(is_found.any(axis=1).mean()), "at most 0,05"),
            Rate(f"{name}: item told", float(is_found.mean()), "far below 0,05"),
        ]
    return [
        Rate(f"{name}, shift {shift}: clean item told", float(is_found[:, clean].mean()), "at most 0,05"),
        Rate(f"{name}, shift {shift}: one-point item found", float(is_found[:, DIF_BINARY].mean()), "high"),
        Rate(f"{name}, shift {shift}: two-point item found", float(is_found[:, DIF_POLYTOMOUS].mean()), "high"),
    ]


def kappa_rate(rng, repetitions, works):
    """Cover the weighted kappa of two experts who differ by at most a point from a true score."""

    def sample(count):
        true = rng.binomial(4, 0.55, count)
        return [np.clip(true + rng.choice([-1, 0, 1], count, p=[0.12, 0.76, 0.12]), 0, 4) for _ in range(2)]

    truth = weighted_kappa(score_table(*sample(400_000))).estimate
    found = [weighted_kappa(score_table(*sample(works))) for _ in range(repetitions)]
    return Rate(
        f"weighted kappa, n = {works}", float(np.mean([k.low <= truth <= k.high for k in found])), "0,95 ± 0,02"
    )


def all_rates(repetitions):
    """Give the rates of all designs."""
    rng = np.random.default_rng(2026)
    for pupils in (30, 100, 800):
        yield from reliability_rates(rng, repetitions, pupils)
    for rho, count in ((0.0, 15), (0.4, 30), (0.7, 30), (0.4, 200)):
        yield correlation_rate(rng, repetitions, rho, count)
    for schools, icc in ((30, 0.15), (200, 0.1)):
        yield from clustered_rates(rng, max(repetitions // 2, 100), schools, icc)
    for pupils, impact in ((300, 0.0), (800, 0.0), (800, 0.3), (5000, 0.3)):
        yield from dif_rates(rng, max(repetitions // 4, 50), pupils, impact, 0.0)
    for pupils, shift in ((300, 0.9), (800, 0.5), (800, 0.9), (5000, 0.5)):
        yield from dif_rates(rng, max(repetitions // 4, 50), pupils, 0.0, shift)
    yield kappa_rate(rng, repetitions, 100)


if __name__ == "__main__":
    for one in all_rates(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(f"{one.what:<62} {one.rate:6.3f}   {one.expected}")
