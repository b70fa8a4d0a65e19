"""Results with a correction for conditions: against a model by hand, verdicts, what cannot be said."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.context.expected import contextual_results
from oko_pipeline.analysis.context.options import ResidualOptions
from oko_pipeline.catalogue.conditions import properties
from oko_pipeline.catalogue.tables import ASSESSMENTS, RESULT_SUMMARY
from oko_pipeline.statistics.multilevel import random_intercept

CHOSEN = tuple(one for one in properties().of_use("expect") if one.code in {"settlement_size", "remoteness"})
YEAR = "2021-2022"
CAMPAIGN = "vpr-2022-spring"


def assessments(*works):
    rows = pd.DataFrame(
        {
            "assessment_id": [f"{CAMPAIGN}:{grade}:{subject}:base" for grade, subject in works],
            "paper_grade": [grade for grade, _ in works],
            "pupil_grade": [grade for grade, _ in works],
            "subject_code": [subject for _, subject in works],
        }
    ).assign(
        school_year=YEAR,
        campaign_code=CAMPAIGN,
        procedure_code="vpr",
        level="base",
        task_count=10,
        maximum_score=20,
        minimum_3=7,
        minimum_4=12,
        minimum_5=16,
        scale_source="catalogue",
        rows_count=0,
        works_sha256="",
    )
    return ASSESSMENTS.conform(rows)


def summary(codes, work, sizes, means, deviations):
    """Rows of `result_summary` of schools in one work; means and deviations in points of 20."""
    frame = RESULT_SUMMARY.empty().reindex(range(len(codes)))
    means = np.asarray(means, dtype=float)
    return RESULT_SUMMARY.conform(
        frame.assign(
            school_year=YEAR,
            assessment_id=f"{CAMPAIGN}:{work[0]}:{work[1]}:base",
            unit_level="school",
            unit_code=list(codes),
            subgroup="all",
            participants_count=sizes,
            absent_count=0,
            size_tier="lt50",
            mean_score=means,
            sd_score=deviations,
            mean_percent=means * 5,
            marked_count=sizes,
            journal_pairs_count=0,
            over_maximum_count=0,
            sum_mismatch_count=0,
        )
    )


def groups_of(codes, excluded=()):
    return pd.DataFrame(
        {"school_year": YEAR, "school_code": list(codes), "is_excluded": [code in excluded for code in codes]}
    )


def world(build, count=60, seed=1):
    rng = np.random.default_rng(seed)
    settlement = rng.integers(1, 9, count).astype(float)
    given = {"settlement_size": settlement, "transport_access": rng.integers(1, 5, count).astype(float)}
    return build.conditions(given), settlement, rng


def results(build, works=((4, "mathematics"),), *, count=60, seed=1, shift=None, excluded=(), sizes=None):
    conditions, settlement, rng = world(build, count, seed)
    codes = conditions.school_codes
    sizes = rng.integers(10, 60, count) if sizes is None else np.asarray(sizes)
    level = 10 + 0.4 * (settlement - 4) + rng.normal(0, 0.8, count) + (0 if shift is None else np.asarray(shift))
    frames = [
        summary(codes, work, sizes, level + rng.normal(0, 3.5, count) / np.sqrt(sizes), np.full(count, 3.5))
        for work in works
    ]
    made = contextual_results(
        pd.concat(frames, ignore_index=True),
        assessments(*works),
        conditions,
        CHOSEN,
        groups_of(codes, excluded),
        ResidualOptions.load(),
    )
    return made, pd.concat(frames, ignore_index=True), conditions


def scope(made, kind, code=None):
    frame = made.contextual_results
    own = frame[(frame["scope_kind"] == kind) & ((code is None) | (frame["scope_code"] == code))]
    return own.set_index("school_code")


def test_a_work_by_itself_is_the_model_of_pupils_in_schools(build):
    made, frame, conditions = results(build)
    own = scope(made, "assessment")
    standard = np.column_stack(
        [
            (column - column.mean()) / column.std(ddof=1)
            for column in (conditions.column("settlement_size"), conditions.column("remoteness"))
        ]
    )
    n = frame["participants_count"].to_numpy(dtype=float)
    model = random_intercept(
        n, frame["mean_percent"], (n - 1) * (3.5 * 5) ** 2, np.column_stack([np.ones(60), standard])
    )
    assert own["residual"].to_numpy() == pytest.approx(model.effect, abs=1e-6)
    assert own["predicted"].to_numpy() == pytest.approx(model.fitted, abs=1e-6)
    terms = made.contextual_models[made.contextual_models["scope_kind"] == "assessment"].set_index("term")
    assert terms.loc["settlement_size", "estimate"] == pytest.approx(model.coefficients[1])
    assert 0.2 < terms.loc["explained_share", "estimate"] < 0.95


def test_a_school_far_above_its_conditions_is_told_so_and_a_strong_one_in_good_conditions_is_not(build):
    shift = np.zeros(60)
    shift[7] = 6.0
    sizes = np.full(60, 40)
    made, _, conditions = results(build, ((4, "mathematics"), (5, "russian")), shift=shift, sizes=sizes)
    own = scope(made, "all")
    assert own.iloc[7]["verdict"] == "above"
    assert own.iloc[7]["residual_low"] > 0
    best_place = int(np.argmax(np.where(np.arange(60) == 7, -np.inf, conditions.column("settlement_size"))))
    assert own.iloc[best_place]["predicted"] > own["predicted"].median()
    assert (own["verdict"] == "expected").sum() > 30


def test_residuals_are_shrunken_by_reliability(build):
    made, _, _ = results(build, sizes=np.tile([10, 60], 30))
    own = scope(made, "assessment")
    assert own["residual"].to_numpy() == pytest.approx((own["raw_residual"] * own["reliability"]).to_numpy())
    assert (own["reliability"].iloc[1::2].min()) > own["reliability"].iloc[::2].max()


def test_small_schools_get_no_verdict_but_a_reason(build):
    sizes = np.full(60, 30)
    sizes[3] = 4
    made, _, _ = results(build, sizes=sizes)
    own = scope(made, "all")
    assert own.iloc[3]["verdict"] == "insufficient"
    assert not own.iloc[3]["is_comparable"]
    assert own.iloc[3]["note_ru"] == "участников меньше 10"
    assert own.iloc[3]["size_tier"] == "lt5"


def test_schools_without_conditions_are_named_and_left_out_of_the_model(build):
    remote = np.full(60, 2.0)
    remote[::3] = 4.0
    remote[5] = np.nan
    settlement = np.random.default_rng(0).integers(1, 9, 60).astype(float)
    settlement[5] = np.nan
    conditions = build.conditions({"settlement_size": settlement, "transport_access": remote})
    codes = conditions.school_codes
    rng = np.random.default_rng(2)
    frame = summary(codes, (4, "mathematics"), np.full(60, 25), rng.normal(10, 1, 60), np.full(60, 3.0))
    made = contextual_results(
        frame, assessments((4, "mathematics")), conditions, CHOSEN, groups_of(codes), ResidualOptions.load()
    )
    own = scope(made, "assessment").iloc[5]
    assert own["note_ru"] == "условия ОО неизвестны"
    assert np.isnan(own["residual"])
    assert made.contextual_models["schools_count"].unique().tolist() == [59]


def test_special_schools_do_not_appear(build):
    made, _, conditions = results(build, excluded={"edu990002"})
    assert conditions.school_codes[2] == "edu990002"
    assert "edu990002" not in set(made.contextual_results["school_code"])


def test_few_schools_have_no_model_and_say_so(build):
    made, _, _ = results(build, count=12)
    assert set(made.contextual_results["verdict"]) == {"insufficient"}
    assert made.contextual_results["note_ru"].str.contains("модель не строится").all()
    assert made.contextual_models.empty


def test_number_of_conditions_grows_with_schools(build):
    terms = results(build, count=25)[0].contextual_models["term"]
    assert "settlement_size" in set(terms)
    assert "remoteness" in set(terms)
    made, _, _ = results(build, count=20)
    overrides = {"comparison.residual.schools_per_predictor": 15}
    conditions, _, _ = world(build, 20)
    codes = conditions.school_codes
    frame = summary(codes, (4, "russian"), np.full(20, 30), np.linspace(8, 12, 20), np.full(20, 3.0))
    fewer = contextual_results(
        frame,
        assessments((4, "russian")),
        conditions,
        CHOSEN,
        groups_of(codes),
        ResidualOptions.load(overrides),
    )
    assert "remoteness" not in set(fewer.contextual_models["term"])
    assert not made.contextual_models.empty


def test_subjects_of_the_same_pupils_do_not_count_as_independent(build):
    """Two works of the same children tell less than works of two grades: the interval is wider."""
    same, _, _ = results(build, ((4, "mathematics"), (4, "russian")), sizes=np.full(60, 25))
    apart, _, _ = results(build, ((4, "mathematics"), (5, "russian")), sizes=np.full(60, 25))
    assert scope(same, "all")["reliability"].mean() < scope(apart, "all")["reliability"].mean()
    assert scope(same, "all")["participants_count"].unique().tolist() == [25]
    assert scope(apart, "all")["participants_count"].unique().tolist() == [50]


def test_equal_results_have_no_model(build):
    conditions, _, _ = world(build, 30)
    codes = conditions.school_codes
    frame = summary(codes, (4, "mathematics"), np.full(30, 20), np.full(30, 10.0), np.full(30, 3.0))
    made = contextual_results(
        frame, assessments((4, "mathematics")), conditions, CHOSEN, groups_of(codes), ResidualOptions.load()
    )
    assert made.contextual_results["note_ru"].str.contains("не различаются").all()


def test_no_results_no_rows(build):
    conditions, _, _ = world(build, 5)
    made = contextual_results(
        RESULT_SUMMARY.empty(),
        ASSESSMENTS.empty(),
        conditions,
        CHOSEN,
        groups_of(conditions.school_codes),
        ResidualOptions.load(),
    )
    assert made.contextual_results.empty
    assert made.contextual_models.empty


def test_one_pupil_a_school_is_no_fault(build):
    made, _, _ = results(build, sizes=np.ones(60, dtype=int))
    assert set(made.contextual_results["verdict"]) == {"insufficient"}


def test_variance_of_a_grade_counts_the_correlation_of_its_subjects(build):
    conditions, _, rng = world(build)
    codes = conditions.school_codes
    works = ((4, "mathematics"), (4, "russian"))
    level = rng.normal(10, 2, 60)
    frame = pd.concat(
        [summary(codes, work, np.full(60, 25), level, np.full(60, 3.5)) for work in works],
        ignore_index=True,
    )
    sampling = {}
    for correlation in (0.0, 0.5, 1.0):
        options = ResidualOptions.load({"comparison.residual.subject_correlation": correlation})
        made = contextual_results(frame, assessments(*works), conditions, CHOSEN, groups_of(codes), options)
        terms = made.contextual_models.set_index(["scope_kind", "term"])["estimate"]
        reliability = scope(made, "all")["reliability"].mean()
        sampling[correlation] = terms["all", "between_variance"] * (1 / reliability - 1)
    # Two equal works: σ²/2n alone, σ²/n when they are the same, the middle in between.
    assert sampling[1.0] == pytest.approx(2 * sampling[0.0], rel=1e-3)
    assert sampling[0.5] == pytest.approx(1.5 * sampling[0.0], rel=1e-3)
