import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bench.calibration_dynamics import Plan, groups_of, school_codes, simulate
from oko_pipeline.analysis.no_ranking import ordered_by_result, ranking_columns
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.analysis.risk.tables import RiskInputs, risk_tables
from oko_pipeline.catalogue.tables import PUBLISHED_RESULTS
from oko_pipeline.errors import ContractError

YEAR = "2024-2025"
PLAN = Plan(schools=60, works=2, between=0.2)


def inputs_of(region, **more):
    return RiskInputs(region.summaries, region.assessments, region.schools, groups_of(region), **more)


def run(region, *, overrides=None, **more):
    return risk_tables(inputs_of(region, **more), RiskOptions.of_year(YEAR, overrides))


def altered(region, is_row, **columns):
    """Return the region with other figures in some rows of its summaries."""
    summaries = region.summaries.copy()
    for name, values in columns.items():
        summaries.loc[is_row(summaries), name] = values
    return type(region)(
        summaries, region.assessments, region.schools, region.effect, region.is_changed, region.is_outlier
    )


def with_failures(region, years=("2024-2025",), code="edu990007"):
    """Return the region where 18 of 24 pupils of a school got «2» in mathematics in some years."""

    def is_row(rows):
        is_subject = rows["assessment_id"].str.contains("mathematics")
        return (rows["unit_code"] == code) & is_subject & rows["school_year"].isin(years)

    return altered(
        region,
        is_row,
        participants_count=24,
        marked_count=24,
        mark_2_count=18,
        mark_4_count=2,
        mark_5_count=0,
        mean_score=4.0,
        sd_score=3.0,
    )


@pytest.fixture(scope="module")
def region():
    return simulate(PLAN, 3)


@pytest.fixture(scope="module")
def failing(region):
    return run(with_failures(region))


def of_school(signals, code="edu990007", **wanted):
    found = signals[(signals["school_code"] == code) & signals["assessment_id"].str.contains("mathematics")]
    for name, value in wanted.items():
        found = found[found[name] == value]
    return found.iloc[0]


def test_a_failing_school_is_found_against_all_and_its_group(failing):
    for comparison in ("all", "group"):
        found = of_school(failing.risk_signals, indicator_code="mark_2_share", comparison=comparison)
        assert found.is_signal
        assert (found.direction, found.flag) == ("adverse", "outside_998")
        assert found.value == pytest.approx(0.75)
        assert found.limit_95_high < found.limit_998_high < found.value


def test_a_low_mean_is_adverse_as_a_high_share_of_twos_is(failing):
    mean = of_school(failing.risk_signals, indicator_code="mean_percent", comparison="all")
    assert mean.value == pytest.approx(20)
    assert mean.z_score < 0
    assert mean.direction == "adverse"


def test_few_ordinary_schools_are_signals(failing):
    others = failing.risk_signals[failing.risk_signals["school_code"] != "edu990007"]
    assert others.loc[others["comparison"].isin(["all", "group"]), "is_signal"].mean() < 0.01


def test_a_flag_is_a_score_beyond_the_limit(failing):
    peers = failing.risk_signals[failing.risk_signals["comparison"].isin(["all", "group"])]
    peers = peers[peers["is_sufficient"]]
    assert ((peers["flag"] != "none") == (peers["z_score"].abs() > 1.959964)).all()
    assert ((peers["flag"] == "outside_998") == (peers["z_score"].abs() > 3.090232)).all()
    assert (peers["dispersion_factor"] > 0).all()


def test_q_values_are_of_all_tests_of_a_year_and_comparison(failing):
    for _, own in failing.risk_signals[failing.risk_signals["p_value"].notna()].groupby("comparison"):
        assert own["q_value"].to_numpy() == pytest.approx(multipletests(own["p_value"], method="fdr_bh")[1])


def test_few_pupils_are_shown_and_not_judged(region):
    def is_row(rows):
        return (rows["unit_code"] == "edu990007") & (rows["school_year"] == YEAR)

    counts = {"participants_count": 9, "marked_count": 9, "mark_2_count": 9, "mark_4_count": 0, "mark_5_count": 0}
    counts |= {"journal_pairs_count": 9, "journal_lower_count": 9, "journal_same_count": 0, "journal_higher_count": 0}
    made = run(altered(region, is_row, **counts))
    found = made.risk_signals[made.risk_signals["school_code"] == "edu990007"]
    assert len(found)
    assert not found["is_sufficient"].any()
    assert found["p_value"].isna().all()
    assert (found["flag"] == "none").all()
    card = made.risk_cards.set_index("school_code").loc["edu990007"]
    assert card.zone == "unknown"
    assert "small_n" in {one["kind"] for one in json.loads(card.unknown)}


def test_correctional_and_excluded_schools_stand_apart(region):
    special = region.schools.assign(
        school_kind=["correctional" if code == "edu990007" else "general" for code in region.schools["school_code"]]
    )
    groups = groups_of(region).assign(is_excluded=lambda rows: rows["school_code"] == "edu990008")
    benchmark = PUBLISHED_RESULTS.conform(pd.DataFrame([published(9.0)]))
    inputs = RiskInputs(with_failures(region).summaries, region.assessments, special, groups, benchmark)
    made = risk_tables(inputs, RiskOptions.of_year(YEAR))
    for code in ("edu990007", "edu990008"):
        assert made.risk_signals.query("school_code == @code").empty, "benchmarks and norms are of ordinary schools"
        assert made.risk_cards.set_index("school_code").zone[code] == "unknown"
        unknown = json.loads(made.risk_cards.set_index("school_code").unknown[code])
        assert "excluded" in {one["kind"] for one in unknown}
    # The school apart does not move what is expected of the others either.
    with_it = of_school(run(with_failures(region)).risk_signals, "edu990001", indicator_code="mean_percent")
    without = of_school(made.risk_signals, "edu990001", indicator_code="mean_percent")
    assert without.target_value > with_it.target_value


def test_a_norm_is_broken_on_one_side_by_an_exact_test(failing):
    norm = failing.risk_signals.query("comparison == 'norm'")
    found = of_school(norm)
    above = stats.binom.sf(18, 24, 0.3) + stats.binom.pmf(18, 24, 0.3) / 2
    assert found.p_value == pytest.approx(above)
    assert (found.direction, found.target_value) == ("adverse", 0.3)
    assert set(norm["direction"]) <= {"adverse", "none"}
    assert not norm.loc[norm["value"] < 0.3, "is_signal"].any()


def published(value, level="region", unit="99"):
    work = "vpr-2025-spring:4:mathematics:base"
    row = dict.fromkeys(PUBLISHED_RESULTS.column_names)
    row |= {
        "school_year": YEAR,
        "file_sha256": level,
        "source_row": 1,
        "assessment_id": work,
        "unit_level": level,
        "unit_source": unit,
        "measure": "mark",
        "item": "2",
        "value_percent": value,
        "is_count_recovered": False,
    }
    return row


def test_a_benchmark_is_a_fixed_number_and_the_country_goes_first(region):
    table = PUBLISHED_RESULTS.conform(pd.DataFrame([published(20.0), published(12.5, "country", "RU")]))
    made = run(with_failures(region), published=table)
    found = of_school(made.risk_signals, indicator_code="mark_2_share", comparison="benchmark")
    assert found.target_value == pytest.approx(0.125)
    above = stats.binom.sf(18, 24, 0.125)
    assert found.p_value == pytest.approx(2 * above + stats.binom.pmf(18, 24, 0.125))
    assert set(made.risk_signals.query("comparison == 'benchmark'")["indicator_code"]) == {"mark_2_share"}


def test_deviations_persist_over_years(region):
    once = run(with_failures(region))
    twice = run(with_failures(region, ("2023-2024", YEAR)))
    wanted = {"indicator_code": "mark_2_share", "comparison": "all"}
    assert of_school(once.risk_signals, **wanted).outside_years_count == 1
    assert not of_school(once.risk_signals, **wanted).is_persistent
    found = of_school(twice.risk_signals, **wanted)
    assert (found.outside_years_count, found.tested_years_count) == (2, 3)
    assert found.is_persistent
    assert twice.risk_cards.set_index("school_code").zone["edu990007"] == "risk"


def test_deviations_to_opposite_sides_do_not_persist(region):
    def is_row(rows):
        is_subject = rows["assessment_id"].str.contains("mathematics")
        return (rows["unit_code"] == "edu990007") & is_subject & (rows["school_year"] == "2023-2024")

    best = altered(with_failures(region), is_row, participants_count=24, mean_score=19.0, sd_score=1.0)
    found = of_school(run(best).risk_signals, indicator_code="mean_percent", comparison="all")
    assert found.direction == "adverse"
    assert found.outside_years_count == 1


def test_a_small_group_makes_no_comparison_and_the_card_says_so(region):
    groups = groups_of(region).assign(
        group_code=lambda rows: np.where(rows["school_code"].isin(school_codes(5)), "rare", "usual")
    )
    made = risk_tables(
        RiskInputs(region.summaries, region.assessments, region.schools, groups), RiskOptions.of_year(YEAR)
    )
    peers = made.risk_signals.query("comparison == 'group'")
    assert not set(school_codes(5)) & set(peers["school_code"])
    unknown = json.loads(made.risk_cards.set_index("school_code").unknown["edu990001"])
    assert "few_peers" in {one["kind"] for one in unknown}


def test_a_card_tells_factors_evidence_and_the_unknown(region):
    rows = with_failures(region, ("2023-2024", YEAR))
    is_gone = (rows.summaries["unit_code"] == "edu990007") & rows.summaries["assessment_id"].str.contains(
        "2025.*russian"
    )
    rows = type(region)(
        rows.summaries[~is_gone],
        *(getattr(rows, name) for name in ("assessments", "schools", "effect", "is_changed", "is_outlier")),
    )
    late = pd.DataFrame({"school_code": ["edu990007"], "text_ru": ["Анкета ОО не пришла."]})
    made = run(rows, late_sources=late)
    card = made.risk_cards.set_index("school_code").loc["edu990007"]
    factors, evidence = json.loads(card.factors), json.loads(card.evidence)
    assert set(evidence) <= set(made.risk_signals["signal_id"])
    assert [one for factor in factors for one in factor["signals"]] == evidence
    text = next(one["text_ru"] for one in factors if one["indicator_code"] == "mark_2_share")
    assert text.startswith("Математика, доля «2»: работа за 4-й класс (весна 2025) — 75,0 % (n = 24), ожидалось")
    assert "лет с таким отклонением: 2 из 3" in text
    told = {one["kind"]: one["text_ru"] for one in json.loads(card.unknown)}
    assert "Русский язык" in told["not_written"]
    assert told["late_source"] == "Анкета ОО не пришла."


def test_a_school_without_results_has_a_card(region):
    extra = region.schools.iloc[[0]].assign(school_code="edu999999", school_year=YEAR)
    schools = pd.concat([region.schools, extra], ignore_index=True)
    made = risk_tables(
        RiskInputs(region.summaries, region.assessments, schools, groups_of(region)), RiskOptions.of_year(YEAR)
    )
    card = made.risk_cards.set_index("school_code").loc["edu999999"]
    assert card.zone == "unknown"
    assert [one["kind"] for one in json.loads(card.unknown)] == ["no_results"]


def test_a_campaign_without_data_is_unknown_to_all(region):
    window = Plan(schools=20, works=2, years=("2022-2023",))
    spring_only = simulate(window, 1)
    made = risk_tables(inputs_of(spring_only), RiskOptions.of_year("2022-2023"))
    kinds = [{one["kind"] for one in json.loads(text)} for text in made.risk_cards["unknown"]]
    assert all("no_campaign" in own for own in kinds)


def test_nothing_ranks_schools(failing):
    assert failing.risk_cards["school_code"].is_monotonic_increasing
    assert ranking_columns(failing.risk_cards) == ()
    assert ranking_columns(failing.risk_signals) == ()
    results = ["value", "z_score", "p_value"]
    for _, own in failing.risk_signals.groupby(["assessment_id", "indicator_code", "comparison"]):
        assert ordered_by_result(own, ["school_code"], results) == ()


def test_an_unknown_indicator_is_refused(region):
    with pytest.raises(ContractError, match="unheard_of"):
        run(region, overrides={"risk.funnel.indicators": ("unheard_of",)})


def test_the_same_input_gives_the_same_signals(region, failing):
    again = run(with_failures(region))
    pd.testing.assert_frame_equal(again.risk_signals, failing.risk_signals)
    pd.testing.assert_frame_equal(again.risk_cards, failing.risk_cards)


def test_a_year_without_works_has_no_signals_and_cards_that_say_so(region):
    made = risk_tables(inputs_of(region), RiskOptions.of_year("2025-2026"))
    assert len(made.risk_signals) == 0
    assert set(made.risk_cards["zone"]) <= {"unknown"}
