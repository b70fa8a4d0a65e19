"""Effects of measures: what is said of them, when nothing can be said, and what the rows show."""

import json

import pandas as pd
import pytest

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_effects import MEASURE_EFFECT_SCHOOLS, MEASURE_EFFECTS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import likeness
from oko_pipeline.effectiveness.measures import read_measures
from oko_pipeline.effectiveness.options import EffectOptions
from tests.unit.effectiveness.world import (
    BEFORE,
    INDICATOR,
    NOBODY,
    SCHOOLS,
    TOWN,
    YEAR,
    effects,
    groups,
    measure,
    register,
    schools,
    two_years,
)

TREATED = SCHOOLS[3:9]
MANY = 400
REGISTER_SHARE = next(
    code
    for code, one in indicators().items()
    if one.formula == "share" and one.table != "result_summary" and one.higher_is_better
)


def rows_of(codes=TREATED, **changes):
    return register("measures", *(measure(code, **changes) for code in codes))


def one(tables):
    (row,) = tables.measure_effects.to_dict("records")
    return row


def gains(share, codes=TREATED):
    return dict.fromkeys(codes, share)


def test_no_measures_give_empty_tables_in_the_form_of_the_contracts():
    made = effects(register("measures"), two_years({}))
    pd.testing.assert_frame_equal(made.measure_effects, MEASURE_EFFECTS.empty())
    pd.testing.assert_frame_equal(made.measure_effect_schools, MEASURE_EFFECT_SCHOOLS.empty())


@pytest.mark.parametrize(
    ("gain", "planned", "verdict", "decision", "is_harmful"),
    [
        (0.12, 70.0, "effective", "continue", False),
        (0.12, 90.0, "partly", "change", False),
        (0.0, 75.0, "not_effective", "stop", False),
        (-0.15, 70.0, "not_effective", "stop", True),
        (0.03, 63.0, "not_enough_data", "gather_data", False),
    ],
)
def test_verdicts_by_interval_and_expected_change(gain, planned, verdict, decision, is_harmful):
    rows = rows_of(baseline_value=60.0, planned_value=planned)
    row = one(effects(rows, two_years(gains(gain), MANY if verdict != "not_enough_data" else 60)))
    assert (row["verdict"], row["proposed_decision"], row["is_harmful"]) == (verdict, decision, is_harmful)
    assert row["effect"] == pytest.approx(100 * gain, abs=2.5)
    assert row["effect_low"] < row["effect"] < row["effect_high"]
    assert row["expected_change"] == planned - 60
    assert row["is_expected_stated"]


def test_figures_of_a_row_add_up_and_name_what_they_are():
    row = one(effects(rows_of(), two_years(gains(0.1), MANY)))
    assert row["change_value"] == pytest.approx(row["after_value"] - row["before_value"])
    assert row["effect"] == pytest.approx(row["change_value"] - row["comparison_change"])
    assert (row["unit_ru"], row["before_year"], row["size_tier"]) == ("%", BEFORE, "ge50")
    assert (row["schools_count"], row["used_schools_count"], row["before_n"]) == (6, 6, 6 * MANY)
    assert row["comparison_count"] >= 5
    assert row["expected_change"] == 5.0
    assert not row["is_expected_stated"]
    assert row["reason_ru"].startswith("Действенна: эффект +10,")
    assert "п. п. против сопоставимых ОО с тем же стартом (95 %: от +" in row["reason_ru"]


def test_schools_behind_an_effect_are_named_with_their_weights():
    made = effects(rows_of(), two_years(gains(0.1), MANY))
    behind = made.measure_effect_schools
    assert sorted(behind.loc[behind["role"] == "target", "school_code"]) == TREATED
    assert not set(behind.loc[behind["role"] == "comparison", "school_code"]) & set(TREATED)
    assert behind.groupby("role")["weight"].sum().to_dict() == pytest.approx({"target": 1, "comparison": 1})
    gain = behind["weight"] * (behind["after_value"] - behind["start_value"])
    signed = gain.where(behind["role"] == "target", -gain)
    assert signed.sum() == pytest.approx(one(made)["effect"])


def test_a_running_measure_without_effect_is_changed_and_not_stopped():
    rows = rows_of(baseline_value=60.0, planned_value=80.0, ends_on="2023-02-01", status="running")
    assert one(effects(rows, two_years({}, MANY)))["proposed_decision"] == "change"


def test_an_indicator_that_should_fall_is_judged_by_its_fall():
    below = "attainment.vpr_below_share"
    row = one(effects(rows_of(indicator_code=below), two_years(gains(0.12), MANY)))
    assert row["verdict"] == "effective"
    assert row["effect"] < 0
    assert row["expected_change"] == 5.0
    assert "ожидалось −5,0" in row["reason_ru"]


def test_rows_of_a_municipality_with_one_number_are_one_measure_and_no_school_means_all():
    town = effects(register("measures", measure(None)), two_years(gains(0.1), MANY), schools=schools(town=TREATED))
    assert one(town)["schools_count"] == len(TREATED)
    assert one(town)["measure_id"] == f"{TOWN}:М-1"
    listed = one(effects(rows_of(), two_years(gains(0.1), MANY)))
    assert len(json.loads(listed["record_ids"])) == len(TREATED)
    assert listed["effect"] == pytest.approx(one(town)["effect"])


def test_one_number_with_different_subjects_is_told_apart():
    rows = register("measures", measure(TREATED[0]), measure(TREATED[1], subject="russian"))
    found = read_measures(rows, schools(), INDICATOR)
    assert [one.measure_id for one in found] == [f"{TOWN}:М-1:mathematics:all", f"{TOWN}:М-1:russian:all"]


def test_a_subject_without_indicator_means_the_default_one_and_several_are_told_apart():
    found = read_measures(register("measures", measure(TREATED[0], indicator_code=None)), schools(), INDICATOR)
    assert [one.indicator_code for one in found] == [INDICATOR]
    rows = register("measures", measure(TREATED[0], indicator_code=f"{INDICATOR}; attainment.vpr_high_share"))
    assert [one.indicator_code for one in read_measures(rows, schools(), INDICATOR)] == [
        INDICATOR,
        "attainment.vpr_high_share",
    ]
    bare = read_measures(register("measures", measure(None, indicator_code=None, subject=None)), schools(), INDICATOR)
    assert [one.indicator_code for one in bare] == [None]


def test_two_measures_on_the_same_schools_have_a_joint_effect():
    rows = register(
        "measures", *(measure(code, measure_number=number) for code in TREATED for number in ("М-1", "М-2"))
    )
    made = effects(rows, two_years(gains(0.12), MANY)).measure_effects
    assert made["is_joint"].all()
    assert [json.loads(text) for text in made["joint_with"]] == [[f"{TOWN}:М-2"], [f"{TOWN}:М-1"]]
    assert made["reason_ru"].str.contains("эффект у них общий").all()


def test_measures_on_other_schools_grades_or_not_carried_out_are_not_joint():
    rows = register(
        "measures",
        *(measure(code, grade=5) for code in TREATED[:3]),
        *(measure(code, measure_number="М-2", grade=5) for code in TREATED[3:]),
        *(measure(code, measure_number="М-3", grade=6) for code in TREATED[:3]),
        *(measure(code, measure_number="М-4", grade=5, status="cancelled") for code in TREATED[:3]),
    )
    made = effects(rows, two_years({}, MANY)).measure_effects
    assert not made["is_joint"].any()


def test_schools_of_another_measure_with_the_same_target_are_no_comparison():
    other = SCHOOLS[12:20]
    rows = register(
        "measures",
        *(measure(code) for code in TREATED),
        *(measure(code, measure_number="М-2", indicator_code=INDICATOR) for code in other),
    )
    behind = effects(rows, two_years(gains(0.1), MANY)).measure_effect_schools
    first = behind[(behind["measure_id"] == f"{TOWN}:М-1") & (behind["role"] == "comparison")]
    assert not set(first["school_code"]) & {*other, *TREATED}


def test_a_measure_of_several_years_is_judged_since_before_it_began():
    values = means(0.4).replace({"school_year": {BEFORE: "2019-2020"}})
    rows = rows_of(indicator_code="attainment.parents_satisfaction", subject=None, starts_on="2020-10-01")
    made = effects(rows, two_years({}), values=values)
    assert (one(made)["before_year"], one(made)["verdict"]) == ("2019-2020", "effective")
    others = [measure(code, indicator_code="attainment.parents_satisfaction") for code in SCHOOLS[20:26]]
    earlier = {BEFORE: read_measures(register("measures", *others, year=BEFORE), schools(), INDICATOR)}
    fewer = effects(rows, two_years({}), values=values, earlier=earlier).measure_effect_schools
    assert set(SCHOOLS[20:26]) & set(made.measure_effect_schools["school_code"])
    assert not set(SCHOOLS[20:26]) & set(fewer["school_code"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "planned"}, "not_carried_out"),
        ({"status": "cancelled"}, "not_carried_out"),
        ({"indicator_code": None, "subject": None}, "no_indicator"),
        ({"indicator_code": "attainment.made_up"}, "unknown_indicator"),
        ({"indicator_code": "heads.appraised_count"}, "not_a_mean"),
        ({"indicator_code": "attainment.parents_satisfaction"}, "no_baseline"),
        ({"subject": "physics"}, "no_baseline"),
        ({"grade": 9}, "no_baseline"),
        ({"starts_on": "2022-07-20"}, "started_after_data"),
    ],
)
def test_nothing_can_be_told(changes, reason):
    row = one(effects(rows_of(**changes), two_years(gains(0.1), MANY)))
    assert (row["verdict"], row["reason"], row["proposed_decision"]) == ("not_enough_data", reason, "gather_data")
    assert row["reason_ru"].startswith("Нельзя сказать: ")
    assert pd.isna(row["effect"])
    assert row["comparison_count"] == 0


def test_a_school_that_no_code_names_is_said_so():
    row = one(effects(register("measures", measure(None) | {"school_key": "Школа мечты"}), two_years({})))
    assert row["reason"] == "unlinked_school"
    assert "Не опознаны ОО: 1" in row["reason_ru"]


def test_a_missing_year_is_named():
    both = two_years({}, MANY)
    for year, reason in ((BEFORE, "no_baseline"), (YEAR, "no_outcome")):
        row = one(effects(rows_of(), both[both["school_year"] != year]))
        assert row["reason"] == reason
        assert year in row["reason_ru"]


@pytest.mark.parametrize("n", [1, 9])
def test_small_schools_are_not_judged(n):
    assert one(effects(rows_of(), two_years(gains(0.1), n)))["reason"] == "too_few_people"


def test_schools_with_nobody_are_no_schools_with_zero():
    assert one(effects(rows_of(), two_years({}, 0)))["reason"] == "no_baseline"


def test_one_small_school_cannot_be_told():
    row = one(effects(rows_of(TREATED[:1]), two_years(gains(0.1, TREATED[:1]), 20)))
    assert (row["verdict"], row["reason"]) == ("not_enough_data", "too_wide")


def test_no_comparison_without_a_group_or_with_all_schools_measured():
    alike = likeness(groups(SCHOOLS[9:]), NOBODY, NOBODY)
    assert one(effects(rows_of(), two_years({}, MANY), alike=alike))["reason"] == "no_comparison"
    assert one(effects(rows_of(SCHOOLS[:27]), two_years({}, MANY)))["reason"] == "no_comparison"


def test_no_comparison_with_the_same_start():
    far = two_years({}, MANY, level=0.8)
    low = far["unit_code"].isin(TREATED)
    far.loc[low, "mark_3_count"] -= 200
    far.loc[low, "mark_2_count"] += 200
    assert one(effects(rows_of(), far))["reason"] == "no_comparison"


def test_excluded_schools_are_no_comparison():
    excluded = groups().assign(is_excluded=[code not in TREATED for code in SCHOOLS])
    alike = likeness(excluded, NOBODY, NOBODY)
    assert one(effects(rows_of(), two_years({}, MANY), alike=alike))["reason"] == "no_comparison"


def test_the_narrowest_likeness_with_enough_schools_is_taken():
    near = SCHOOLS[9:20]
    comparable = pd.DataFrame(
        [(code, other) for code in TREATED for other in near], columns=["school_code", "comparable_code"]
    )
    clusters = pd.DataFrame({"school_code": SCHOOLS, "cluster_code": ["a"] * 25 + ["b"] * 5})
    options = EffectOptions.of_year(YEAR, {"effectiveness.same_start.caliper": 5.0})
    for alike, basis, allowed in (
        (likeness(groups(), clusters, comparable), "comparable", near),
        (likeness(groups(), clusters, NOBODY), "cluster", SCHOOLS[:25]),
        (likeness(groups(), NOBODY, comparable[comparable["comparable_code"].isin(near[:3])]), "group", SCHOOLS),
    ):
        made = effects(rows_of(), two_years(gains(0.1), MANY), alike=alike, options=options)
        assert one(made)["comparison_basis"] == basis
        assert set(made.measure_effect_schools["school_code"]) <= {*allowed, *TREATED}


def break_row(grade=5, **changes):
    return {
        "school_year": YEAR,
        "view": "grade",
        "assessment_id": f"vpr-2022-spring:{grade}:mathematics:base",
        "previous_assessment_id": f"vpr-2021-spring:{grade}:mathematics:base",
        "previous_school_year": BEFORE,
        "kind": "scale",
        "before_ru": "шкала 1",
        "after_ru": "шкала 2",
        "breaks_percent": False,
        "breaks_marks": True,
        "breaks_position": False,
        "break_ru": "изменилась шкала",
        "method_id": "dynamics.series_break",
        "method_version": "1.0",
    } | changes


def test_a_broken_series_cannot_be_told_and_a_break_of_other_figures_does_not_matter():
    broken = SERIES_BREAKS.conform(pd.DataFrame([break_row()]))
    assert one(effects(rows_of(), two_years(gains(0.1), MANY), breaks=broken))["reason"] == "series_break"
    harmless = [break_row(breaks_marks=False), break_row(view="cohort"), break_row(kind="contingent")]
    other = SERIES_BREAKS.conform(pd.DataFrame(harmless))
    assert one(effects(rows_of(), two_years(gains(0.1), MANY), breaks=other))["verdict"] == "effective"


def test_one_broken_work_of_several_is_left_out_and_named():
    works = [two_years(gains(0.1), MANY, grade=grade) for grade in (5, 6, 7)]
    spoilt = works[0].assign(mark_3_count=0, mark_2_count=MANY)
    summaries = pd.concat([spoilt, *works[1:]], ignore_index=True)
    row = one(effects(rows_of(), summaries, breaks=SERIES_BREAKS.conform(pd.DataFrame([break_row()]))))
    assert row["verdict"] == "effective"
    assert row["after_n"] == 2 * MANY * len(TREATED)
    assert "работы с разрывом ряда не учтены (1 из 3)" in row["reason_ru"]


def value_rows(year, values, n=60, **changes):
    code = "attainment.parents_satisfaction"
    base = dict.fromkeys(INDICATOR_VALUES.column_names)
    return [
        base
        | {
            "school_year": year,
            "indicator_code": code,
            "breakdown": "",
            "unit_level": "school",
            "unit_code": school,
            "state": "computed",
            "value": value,
            "value_low": value - 0.1,
            "value_high": value + 0.1,
            "n": n,
            "schools_count": 1,
            "method_id": "indicators.weighted_mean",
            "method_version": "1.0",
        }
        | changes
        for school, value in values.items()
    ]


def means(gain, **changes):
    before = {code: 3.5 + 0.02 * (place % 20) for place, code in enumerate(SCHOOLS)}
    after = {
        code: value + 0.03 * (-1) ** place + (gain if code in TREATED else 0.0)
        for place, (code, value) in enumerate(before.items())
    }
    return INDICATOR_VALUES.conform(pd.DataFrame(value_rows(BEFORE, before) + value_rows(YEAR, after, **changes)))


def test_means_of_surveys_are_judged_in_their_own_units():
    rows = rows_of(indicator_code="attainment.parents_satisfaction", subject=None)
    row = one(effects(rows, two_years({}), values=means(0.4)))
    assert (row["verdict"], row["unit_ru"]) == ("effective", "балл (1–5)")
    assert row["effect"] == pytest.approx(0.4, abs=0.06)


def test_values_by_another_method_are_a_broken_series():
    rows = rows_of(indicator_code="attainment.parents_satisfaction", subject=None)
    row = one(effects(rows, two_years({}), values=means(0.4, method_version="2.0")))
    assert row["reason"] == "series_break"


def test_an_indicator_only_in_breakdowns_cannot_be_told():
    values = means(0.4).assign(breakdown="round=final")
    rows = rows_of(indicator_code="attainment.parents_satisfaction", subject=None)
    assert one(effects(rows, two_years({}), values=values))["reason"] == "several_breakdowns"


def test_an_indicator_without_a_better_side_needs_a_plan():
    code = "objectivity.journal_same_share"
    assert indicators()[code].higher_is_better is None
    summaries = two_years(gains(0.12), MANY)
    summaries = summaries.assign(journal_same_count=summaries["mark_3_count"], journal_pairs_count=MANY)
    assert one(effects(rows_of(indicator_code=code), summaries))["reason"] == "no_direction"
    planned = rows_of(indicator_code=code, baseline_value=60.0, planned_value=70.0)
    assert one(effects(planned, summaries))["verdict"] == "effective"


def shares(counts, year):
    """Rows of a share kept in a register: successes of 80 by school."""
    told = value_rows(year, dict.fromkeys(counts, 50.0), 80, indicator_code=REGISTER_SHARE)
    return [row | {"numerator": counts[row["unit_code"]], "denominator": 80} for row in told]


def test_shares_of_registers_are_judged_by_their_counts():
    before = {code: 40 + place % 20 for place, code in enumerate(SCHOOLS)}
    after = {code: count + (18 if code in TREATED else 0) for code, count in before.items()}
    values = INDICATOR_VALUES.conform(pd.DataFrame(shares(before, BEFORE) + shares(after, YEAR)))
    row = one(
        effects(rows_of(indicator_code=REGISTER_SHARE, subject=None, planned_value=60.0), two_years({}), values=values)
    )
    assert (row["before_n"], row["after_n"]) == (480, 480)
    assert row["effect"] == pytest.approx(100 * 18 / 80, abs=1.5)
    assert row["expected_change"] == pytest.approx(60 - row["before_value"])


def test_schools_without_both_years_are_no_schools_of_the_measure():
    values = means(0.4)
    lost = values[~(values["unit_code"].isin(TREATED) & (values["school_year"] == BEFORE))]
    rows = rows_of(indicator_code="attainment.parents_satisfaction", subject=None)
    assert one(effects(rows, two_years({}), values=lost))["reason"] == "no_baseline"
    nobody = values[values["unit_code"].isin(TREATED) == (values["school_year"] == YEAR)]
    assert one(effects(rows, two_years({}), values=nobody))["reason"] == "no_baseline"


def test_figures_without_any_variance_give_no_verdict():
    same = dict.fromkeys(SCHOOLS, 4.0)
    rows = value_rows(BEFORE, same, value_low=None, value_high=None) + value_rows(
        YEAR, same, value_low=None, value_high=None
    )
    values = INDICATOR_VALUES.conform(pd.DataFrame(rows))
    measures = rows_of(indicator_code="attainment.parents_satisfaction", subject=None)
    row = one(effects(measures, two_years({}), values=values))
    assert (row["verdict"], row["reason"], row["effect"]) == ("not_enough_data", "no_spread", 0.0)


def test_a_row_of_nobody_is_told_as_unlinked():
    found = read_measures(register("measures", measure(None, municipality_code=None)), schools(), INDICATOR)
    assert [(one.owner_level, one.school_codes, one.unlinked) for one in found] == [("unknown", (), ("unknown",))]


def test_a_school_owns_the_measures_of_its_own_form():
    (found,) = read_measures(register("measures", measure(TREATED[0], municipality_code=None)), schools(), INDICATOR)
    assert (found.owner_level, found.measure_id) == ("school", f"{TREATED[0]}:М-1")


def test_a_persons_conclusion_stands_beside_the_computed_one():
    rows = rows_of(conclusion="effective", next_step="continue", baseline_value=60.0, planned_value=80.0)
    row = one(effects(rows, two_years({}, MANY)))
    assert (row["verdict"], row["stated_conclusion"]) == ("not_effective", "effective")
    assert (row["proposed_decision"], row["stated_next_step"]) == ("stop", "continue")


def test_no_column_tells_of_a_teacher_or_a_class():
    names = {*MEASURE_EFFECTS.column_names, *MEASURE_EFFECT_SCHOOLS.column_names}
    assert not {name for name in names if "teacher" in name or "class" in name or "responsible" in name}
