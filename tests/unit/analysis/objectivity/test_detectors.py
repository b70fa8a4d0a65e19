"""Detectors find what is planted into a simulated region, and stay silent elsewhere at the stated error rate."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity.measured import compare_shares
from oko_pipeline.analysis.objectivity.measures import CampaignMeasures, PeerGroups
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, objectivity_options
from oko_pipeline.analysis.objectivity.other_procedures import exam_signals, olympiad_signals
from oko_pipeline.analysis.objectivity.signals import judge_year, pool_works
from oko_pipeline.sample.region import Region, RegionOptions, simulate_region
from oko_pipeline.sample.region_roles import RegionRole
from tests.unit.analysis.objectivity.regions import NOBODY, PAPERS, YEAR, measure_region, year_signals

DETECTORS = {
    "cutoff_excess": RegionRole.BUNCHING,
    "journal_correlation": RegionRole.DETACHED,
    "journal_lower": RegionRole.LOW_RESULT,
    "task_profile": RegionRole.PROMPTED,
    "narrow_spread": RegionRole.NARROW,
    "absence": RegionRole.ABSENTEES,
}


def of_year(judged: pd.DataFrame, signal_code: str, codes: list[str]) -> pd.DataFrame:
    rows = judged[(judged["assessment_id"] == "all") & (judged["signal_code"] == signal_code)]
    return rows[rows["school_code"].isin(codes)]


@pytest.mark.parametrize(("signal_code", "role"), DETECTORS.items())
def test_a_detector_finds_what_is_planted(
    signal_code: str, role: RegionRole, judged: pd.DataFrame, region: Region
) -> None:
    rows = of_year(judged, signal_code, region.truth.codes(role))
    assert len(rows) >= 6
    assert (rows["state"] == "signal").mean() >= 0.8


@pytest.mark.parametrize("signal_code", [*DETECTORS, "journal_higher", "mark_crossing", "weak_absent"])
def test_a_detector_is_silent_at_ordinary_schools(signal_code: str, judged: pd.DataFrame, region: Region) -> None:
    rows = of_year(judged, signal_code, region.truth.codes(RegionRole.ORDINARY))
    assert (rows["state"] == "signal").sum() <= max(2, 0.02 * len(rows))


def test_a_region_without_bias_has_hardly_a_signal_and_even_p_values(options: ObjectivityOptions) -> None:
    region = simulate_region(RegionOptions(seed=3, schools=250, papers=PAPERS, school_years=(YEAR,), shares={}))
    judged = judge_year(measure_region(region, options).raw, year_signals(region), options)
    whole = judged[(judged["assessment_id"] == "all") & judged["p_value"].notna()]
    assert (whole["state"] == "signal").sum() <= 0.005 * len(whole)
    continuous = whole[whole["signal_code"] != "mark_crossing"]
    shares = (continuous["p_value"] <= 0.05).groupby(continuous["signal_code"]).mean()
    assert (shares <= 0.11).all()
    assert shares.mean() == pytest.approx(0.05, abs=0.025)


def test_heaping_of_the_whole_region_is_no_signal(region: Region, judged: pd.DataFrame) -> None:
    """Every school has more works just above a cut-off than a smooth distribution gives; that marks nobody."""
    rows = of_year(judged, "cutoff_excess", region.truth.codes(RegionRole.ORDINARY))
    known = rows[rows["value"].notna()]
    assert (known["value"] - known["smooth_value"]).mean() > 0.05
    assert (known["value"] - known["reference_value"]).mean() == pytest.approx(0, abs=0.03)


def test_high_and_low_results_alone_are_no_excess_at_the_cut_offs(
    region: Region, judged: pd.DataFrame, measured: CampaignMeasures
) -> None:
    """More pupils of a strong school stand above a cut-off than below it; the expectation follows its level."""
    rows = judged[(judged["signal_code"] == "cutoff_excess") & (judged["assessment_id"] != "all")]
    rows = rows[rows["school_code"].isin(region.truth.codes(RegionRole.ORDINARY))]
    rows = rows.merge(measured.measures, on=["assessment_id", "school_code"], validate="one_to_one")
    off = rows["mean_percent"] - rows.groupby("assessment_id")["mean_percent"].transform("mean")
    assert abs(np.corrcoef(rows["z_score"], off)[0, 1]) < 0.1


def test_works_of_the_same_pupils_are_not_counted_as_independent() -> None:
    """Two works that always agree say little more than one: 3 + 2·0.9 variances in a sum of three."""
    rng = np.random.default_rng(7)
    schools = 1500
    same, other = rng.normal(size=schools), rng.normal(size=schools)
    works = {"vpr-2021-spring:4:mathematics:base": same, "vpr-2021-spring:4:russian:base": same}
    works |= {"vpr-2021-spring:5:mathematics:base": other}
    raw = pd.concat([raw_rows(key, z) for key, z in works.items()], ignore_index=True)
    pooled = pool_works(raw)
    assert pooled["z_score"].std() == pytest.approx(1, abs=0.06)
    assert pooled["standard_error"].to_numpy() == pytest.approx(4.8**0.5 / 3, abs=0.02)


def raw_rows(assessment_id: str, z: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "assessment_id": assessment_id,
            "school_code": [f"edu99{n:04d}" for n in range(len(z))],
            "signal_code": "absence",
            "value": z,
            "reference_value": 0.0,
            "smooth_value": np.nan,
            "effect": z,
            "standard_error": 1.0,
            "z_score": z,
            "count": 30,
            "peers_kind": "region",
            "peers_count": len(z) - 1,
        }
    )


def test_a_school_is_compared_with_the_others_and_not_with_itself() -> None:
    found = compare_shares("absence", np.array([10, 0]), np.array([20, 20]))
    assert found.reference == pytest.approx([0.5 / 21, 10.5 / 21])
    assert found.value.tolist() == [0.5, 0.0]
    assert found.z[0] > 2.5 > -2.5 > found.z[1]


def test_no_cut_offs_are_judged_on_an_inferred_scale(region: Region, options: ObjectivityOptions) -> None:
    inferred = simulate_region(region.options)
    inferred.assessments["scale_source"] = "inferred"
    raw = measure_region(inferred, options).raw
    assert not set(raw["signal_code"]) & {"cutoff_excess", "journal_higher", "journal_lower", "mark_crossing"}
    judged = judge_year(raw, year_signals(region, is_scale_known=False), options)
    silent = of_year(judged, "cutoff_excess", region.truth.schools["school_code"].tolist())
    assert set(silent["state"]) == {"not_applicable"}
    assert silent["note_ru"].str.contains("восстановлена").all()


def test_excluded_schools_are_compared_with_nobody(region: Region, options: ObjectivityOptions) -> None:
    excluded = frozenset(region.truth.codes(RegionRole.LOW_RESULT))
    measured = measure_region(region, options, PeerGroups({}, excluded))
    assert not set(measured.raw["school_code"]) & excluded
    judged = judge_year(measured.raw, year_signals(region, excluded=excluded), options)
    rows = judged[judged["school_code"].isin(excluded)]
    assert set(rows["state"]) == {"not_applicable"}
    assert not rows["is_comparable"].any()


def test_groups_of_enough_schools_are_peers_and_small_ones_fall_back_to_the_region(
    region: Region, options: ObjectivityOptions
) -> None:
    codes = region.truth.schools["school_code"].tolist()
    groups = {code: "big" if n % 2 else "other" for n, code in enumerate(codes)} | dict.fromkeys(codes[:4], "small")
    raw = measure_region(region, options, PeerGroups(groups)).raw
    kinds = raw.groupby(raw["school_code"].map(groups))["peers_kind"].agg(set)
    assert kinds["big"] == {"group"}
    assert kinds["small"] == {"region"}


def test_ten_schools_are_not_enough_peers_for_a_verdict(options: ObjectivityOptions) -> None:
    tiny = simulate_region(RegionOptions(seed=1, schools=10, papers=PAPERS, school_years=(YEAR,), shares={}))
    strict = objectivity_options({"objectivity.signals.minimum_peers": 11})
    assert measure_region(tiny, strict).raw.empty
    judged = judge_year(measure_region(tiny, strict).raw, year_signals(tiny), options)
    assert set(judged["state"]) == {"insufficient"}


def test_small_schools_get_no_verdict(region: Region, measured: CampaignMeasures, judged: pd.DataFrame) -> None:
    largest = measured.measures.groupby("school_code")["participants_count"].max()
    small = largest[largest < 9].index
    rows = judged[judged["school_code"].isin(small) & judged["signal_code"].isin(["cutoff_excess", "narrow_spread"])]
    assert len(rows)
    assert set(rows["state"]) == {"insufficient"}


def test_exams_that_do_not_confirm_inflated_results_are_found(
    region: Region, measured: CampaignMeasures, options: ObjectivityOptions
) -> None:
    exams = region.exam_results(YEAR)
    extra = exam_signals(measured.measures, region.assessments, exams, NOBODY, options.signals)
    judged = judge_year(measured.raw, year_signals(region, extra=extra), options)
    inflated = of_year(judged, "exam_unconfirmed", region.truth.codes(RegionRole.INFLATED))
    others = of_year(judged, "exam_unconfirmed", region.truth.codes(RegionRole.ORDINARY, RegionRole.RESILIENT))
    assert (inflated["state"] == "signal").mean() >= 0.3
    assert (inflated["p_value"] <= 0.05).mean() >= 0.75
    assert (others["state"] == "signal").mean() <= 0.02
    assert (inflated["value"] < inflated["reference_value"]).mean() >= 0.8


def test_winners_without_results_and_results_without_winners_are_found(
    region: Region, measured: CampaignMeasures, options: ObjectivityOptions
) -> None:
    codes = region.truth.schools["school_code"].tolist()
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"school_code": codes, "participants_count": 60})
    frame["winners_count"] = rng.binomial(60, 0.2, len(codes))
    frame.loc[[7, 50], "winners_count"] = [48, 0]
    found = olympiad_signals(measured.measures, region.assessments, frame, NOBODY, options.signals)
    judged = judge_year(measured.raw, year_signals(region, extra=found), options)
    rows = of_year(judged, "olympiad_gap", codes).set_index("school_code")["state"]
    assert rows[codes[7]] == "signal"
    assert rows[codes[50]] == "signal"
    assert (rows == "signal").sum() <= 4


def test_external_lists_are_taken_as_they_are(region: Region, measured: CampaignMeasures, options) -> None:
    code = region.truth.schools["school_code"].iloc[0]
    judged = judge_year(measured.raw, year_signals(region, listed={code: "признаки (ФИОКО)"}), options)
    rows = judged[judged["signal_code"] == "external_list"]
    assert rows[["school_code", "state", "note_ru"]].to_numpy().tolist() == [[code, "signal", "признаки (ФИОКО)"]]


def test_every_value_carries_n_interval_tier_and_method(judged: pd.DataFrame) -> None:
    known = judged[judged["z_score"].notna() & (judged["signal_code"] != "mark_crossing")]
    assert known[["count", "size_tier", "method_id", "method_version", "peers_kind"]].notna().all().all()
    assert (known["effect_low"] < known["effect"]).all()
    assert (known["effect"] < known["effect_high"]).all()
    assert (known["count"] > 0).all()


def test_q_values_are_never_below_p_values(judged: pd.DataFrame) -> None:
    known = judged[judged["p_value"].notna()]
    assert (known["q_value"] >= known["p_value"] - 1e-12).all()


def test_a_year_without_works_has_no_signals(options: ObjectivityOptions, measured: CampaignMeasures, region) -> None:
    judged = judge_year(measured.raw.iloc[:0], year_signals(region, schools=[]), options)
    assert judged.empty
