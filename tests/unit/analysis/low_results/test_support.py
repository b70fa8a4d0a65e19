"""Monitoring of support programmes: plan and fact, dynamics, outcomes, what is not applicable."""

import pandas as pd
import pytest

from oko_pipeline.analysis.low_results.options import MonitoringOptions
from oko_pipeline.analysis.low_results.support import support_monitoring
from oko_pipeline.errors import ContractError


def rows(*values, **columns):
    frame = pd.DataFrame(values, columns=["school_code", "round", "indicator_code", "planned_value", "actual_value"])
    return frame.assign(**columns)


def monitored(frame, without_senior=(), tolerance=0.0):
    found = support_monitoring(frame, "2021-2022", without_senior, MonitoringOptions(tolerance))
    return found.set_index(["school_code", "indicator_code", "round"])


def test_plan_against_fact_and_dynamics_from_the_input_round():
    found = monitored(
        rows(
            ("edu1", "input", "base_level_share", None, 0.60),
            ("edu1", "interim", "base_level_share", 0.70, 0.65),
            ("edu1", "final", "base_level_share", 0.75, 0.80),
        )
    ).loc[("edu1", "base_level_share")]
    assert found["plan_state"].to_dict() == {"input": "unknown", "interim": "missed", "final": "reached"}
    assert found["change"].loc["final"] == pytest.approx(0.15)
    assert found["change_from_input"].loc["final"] == pytest.approx(0.20)
    assert found["dynamics"].to_dict() == {"input": "unknown", "interim": "positive", "final": "positive"}
    assert found["outcome"].to_dict() == {"input": "unknown", "interim": "still_low", "final": "improved"}
    assert found.loc["interim", "explanation_ru"] == "Результат по-прежнему низкий; динамика положительная."


def test_less_is_better_where_said():
    frame = rows(
        ("edu1", "input", "below_minimum", None, 0.40),
        ("edu1", "final", "below_minimum", 0.30, 0.25),
        is_higher_better=False,
    )
    found = monitored(frame).loc[("edu1", "below_minimum", "final")]
    assert found["plan_state"] == "reached"
    assert found["dynamics"] == "positive"
    assert found["plan_gap"] == pytest.approx(0.05)


def test_negative_and_absent_dynamics_and_the_tolerance():
    frame = rows(
        ("edu1", "input", "a", None, 50),
        ("edu1", "final", "a", 60, 48),
        ("edu2", "input", "a", None, 50),
        ("edu2", "final", "a", 60, 50),
    )
    found = monitored(frame)["dynamics"]
    assert found[("edu1", "a", "final")] == "negative"
    assert found[("edu2", "a", "final")] == "none"
    assert monitored(frame, tolerance=3)["dynamics"][("edu1", "a", "final")] == "none"


def test_without_a_plan_the_dynamics_decide_and_without_both_nothing_does():
    found = monitored(
        rows(
            ("edu1", "input", "a", None, 5),
            ("edu1", "final", "a", None, 6),
            ("edu2", "final", "a", None, 6),
            ("edu3", "input", "a", None, 5),
            ("edu3", "final", "a", 6, None),
        )
    )["outcome"]
    assert found[("edu1", "a", "final")] == "improved"
    assert found[("edu2", "a", "final")] == "unknown"
    assert found[("edu3", "a", "final")] == "unknown"


def test_exam_of_seniors_is_not_applicable_to_a_nine_year_school_and_never_zero():
    frame = rows(("edu1", "input", "ege_below_minimum", 0, 0), ("edu1", "final", "ege_below_minimum", 0, 0))
    found = monitored(frame, {"edu1"})
    assert (found["outcome"] == "not_applicable").all()
    assert found[["actual_value", "plan_gap", "change"]].isna().all(axis=None)
    assert (monitored(frame, {"edu2"})["outcome"] != "not_applicable").any()


def test_change_passes_over_a_round_without_a_value():
    found = monitored(
        rows(("edu1", "input", "a", 1, 5), ("edu1", "interim", "a", 1, None), ("edu1", "final", "a", 1, 9))
    )
    assert found["change"][("edu1", "a", "final")] == 4


def test_unknown_rounds_are_left_out_and_the_last_entry_counts():
    frame = rows(("edu1", "someday", "a", 1, 1), ("edu1", "final", "a", 2, 1), ("edu1", "final", "a", 2, 3))
    found = monitored(frame)
    assert len(found) == 1
    assert found["actual_value"].iloc[0] == 3
    assert monitored(frame.iloc[:1]).empty
    assert monitored(frame.iloc[:0]).empty


def test_a_register_without_its_columns_is_refused():
    with pytest.raises(ContractError, match="planned_value"):
        monitored(pd.DataFrame({"school_code": ["edu1"]}))


def test_baseline_stands_for_a_missing_input_round_and_the_register_may_bar_an_indicator():
    frame = rows(("edu1", "final", "a", 10, 12), ("edu2", "final", "a", 10, 12), programme_number="7")
    frame = frame.assign(baseline_value=[5.0, 5.0], is_not_applicable=[False, True])
    found = monitored(frame)
    assert found["change_from_input"][("edu1", "a", "final")] == 7
    assert found["dynamics"].tolist() == ["positive", "not_applicable"]
    assert found["programme_code"].unique().tolist() == ["7"]
