"""Planted truths on simulated regions: hits, false alarms and coverage at the stated error rates (small, seeded)."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[4] / "bench" / "calibration_context.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("calibration_context", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def planted(bench):
    of = bench.region(bench.Plan(schools=300, seed=7))
    return of, bench.analyse(of)


def test_intervals_hold_the_truth_as_often_as_they_say(bench):
    shares = []
    for seed in range(3):
        clean = bench.region(bench.Plan(schools=300, seed=seed, plant=False, years=bench.YEARS[-1:]))
        shares.append(bench.coverage(clean, bench.analyse(clean)))
    for kind in shares[0]:
        assert 0.93 <= np.mean([one[kind] for one in shares]) <= 0.97, kind


def test_planted_schools_are_found_and_others_are_not(bench, planted):
    rates = bench.rates(*planted)
    for name, least_hits, most_alarms in (
        ("above (all works of a year)", 0.95, 0.01),
        ("below (all works of a year)", 0.95, 0.01),
        ("resilient", 0.8, 0.01),
        ("low results, rule of 2025", 0.85, 0.06),
        ("low results, beyond chance", 0.5, 0.01),
    ):
        hits, alarms = rates[name]
        assert hits >= least_hits, name
        assert alarms <= most_alarms, name


def test_every_low_school_has_partners_or_is_told_there_is_none(planted):
    _, found = planted
    assert set(found.pairs["school_code"]) == set(found.low)
    partners = set(found.pairs["partner_code"]) - {"none"}
    assert partners
    assert not partners & set(found.low)
    assert partners <= set(found.base["school_code"])
