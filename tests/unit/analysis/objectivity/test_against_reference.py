"""Every case of `reference_cases.csv`: a statistic of this room against a published value, scipy, or by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity import journal, official, recheck
from oko_pipeline.analysis.objectivity.options import objectivity_options
from oko_pipeline.analysis.objectivity.pupils import Pupils
from oko_pipeline.analysis.objectivity.signals import pool_works
from oko_pipeline.analysis.objectivity.spread_and_absence import narrow_spread
from oko_pipeline.statistics.grouped import grouped_midranks, grouped_spearman
from oko_pipeline.statistics.proportion_tests import anscombe_score, simes_by_group
from tests.unit.analysis.objectivity.regions import SPRING_4, assessment_row, measures_of

CASES = list(csv.DictReader(Path(__file__).with_name("reference_cases.csv").read_text("utf-8").splitlines()))
OPTIONS = objectivity_options()


def one_group(count):
    return np.zeros(count, dtype=np.intp)


def spearman(pairs):
    return grouped_spearman(*pairs, one_group(len(pairs[0])), 1)


def region(schools):
    own = pd.DataFrame(
        {
            "participants_count": [float(len(scores)) for scores in schools],
            "mean_score": [np.mean(scores) for scores in schools],
            "sd_score": [np.std(scores, ddof=1) for scores in schools],
        }
    )
    return official._region_limits(own, pd.Series(["99"] * len(schools)), OPTIONS.signs.multiplier)


def low_limit(schools):
    scores = np.array(schools[0])
    sign = _signs({"edu990001": schools[0], "edu990002": schools[1]})
    assert sign["count"].iloc[0] == len(scores)
    return sign["value"].iloc[0]


def _signs(schools):
    inputs = official.SignInputs(
        "2020-2021",
        measures_of(schools, SPRING_4),
        pd.DataFrame([assessment_row(SPRING_4, "2020-2021", grade=4, pupil_grade=4, subject="mathematics")]),
        pd.DataFrame({"school_code": list(schools), "region_code": "99"}),
        pd.DataFrame(columns=list(official.EXAM_COLUMNS)),
    )
    signs = official.objectivity_signs(inputs, OPTIONS)
    return signs[signs["sign_number"] == 2]


def fences(ratios):
    return official._fences(np.array(ratios), pd.Series(["99"] * len(ratios)), OPTIONS.signs)


def pooled(case):
    z, errors = (np.array(values, dtype=float) for values in case)
    raw = pd.DataFrame(
        {
            "assessment_id": [str(place) for place in range(len(z))],
            "school_code": "edu990001",
            "signal_code": "absence",
            "value": 0.0,
            "reference_value": 0.0,
            "smooth_value": np.nan,
            "effect": z * errors,
            "standard_error": errors,
            "z_score": z,
            "count": 10,
            "peers_kind": "region",
            "peers_count": 20,
        }
    )
    return pool_works(raw).iloc[0]


def index_row(case):
    marked, schools = case
    states = ["sign"] * marked + ["no_sign"] * (schools - marked)
    signs = pd.DataFrame({"school_code": [f"edu99{n:04d}" for n in range(schools)], "state": states, "sign_number": 1})
    return official._index_row(signs, "all", "all", "guarded")


def rechecked(shifts):
    works = pd.DataFrame(
        {
            "school_code": "edu990001",
            "assessment_id": "vpr-2021-spring:4:mathematics:base",
            "original_score": 10.0,
            "rechecked_score": 10.0 + np.array(shifts),
        }
    )
    nothing = recheck.RECHECK_SELECTION.empty()
    inputs = recheck.RecheckInputs("2020-2021", works, nothing, pd.DataFrame(columns=["assessment_id"]))
    found = recheck.score_recheck(inputs, OPTIONS)
    return found[(found["unit_level"] == "all") & (found["assessment_id"] == "all")].iloc[0]


def log_variance_error(case):
    """Error of ln s² of normal pupils of one school among many of the same size."""
    rng = np.random.default_rng(3)
    count, schools = case[0], 4000
    score = np.round(1000 + 100 * rng.normal(size=count * schools)).astype(np.int64)
    ones, zeros = np.ones(len(score), dtype=bool), np.zeros(len(score), dtype=np.int64)
    codes = np.array([f"edu99{n:04d}" for n in range(schools)], dtype=object)
    pupils = Pupils(
        codes, np.repeat(np.arange(schools), count), ones, ~ones, score, zeros, zeros, zeros[:, None] * 1.0, None, 2000
    )
    return float(np.median(narrow_spread(pupils, OPTIONS.signals).error))


STATISTICS = {
    "spearman": lambda case: spearman(case).corrected[0],
    "spearman_simplified": lambda case: spearman(case).simplified[0],
    "midranks": lambda case: grouped_midranks(case, one_group(len(case))),
    "high_mean_low": low_limit,
    "high_mean_threshold": lambda case: region(case)["upper"].iloc[0],
    "cohort_high": lambda case: fences(case)["high"].iloc[0],
    "cohort_low": lambda case: fences(case)["low"].iloc[0],
    "index": lambda case: index_row(case)["index_value"],
    "marked_interval": lambda case: [index_row(case)["marked_low"], index_row(case)["marked_high"]],
    "simes": lambda case: simes_by_group(case, one_group(len(case)), 1)[0],
    "stouffer": lambda case: pooled(case)["z_score"],
    "pooled_effect": lambda case: pooled(case)["effect"],
    "anscombe": lambda case: float(anscombe_score(*case)),
    "restricted": lambda case: float(journal._restricted(*map(np.float64, case))),
    "recheck_shift": lambda case: list(rechecked(case)[["mean_shift", "shift_low", "shift_high"]]),
    "recheck_objective": lambda case: list(rechecked(case)[["objective_share", "objective_low", "objective_high"]]),
    "draw_order": lambda case: recheck.draw_order(*case),
    "log_variance_error": log_variance_error,
}


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['statistic']}" for n, case in enumerate(CASES, start=2)])
def test_statistic_is_the_independent_value(case: dict[str, str]) -> None:
    found = STATISTICS[case["statistic"]](json.loads(case["input"]))
    expected = json.loads(case["expected"])
    if isinstance(expected, str):
        assert found == expected
        return
    wanted = np.array(np.nan if expected is None else expected, dtype=float)
    np.testing.assert_allclose(np.array(found, dtype=float), wanted, rtol=0, atol=float(case["tolerance"]))
