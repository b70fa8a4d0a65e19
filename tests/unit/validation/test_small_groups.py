"""What is told of a group just below the smallest allowed size is found; at that size it is lawful."""

import numpy as np
import pytest

from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.small_groups import SMALL_GROUP_RULES, told_of_small_groups
from tests.unit.validation.rooms import rows_of, single_question, sound_rooms

LEAST = {
    "survey_results": ("surveys.results", {"respondents_count": 5}, {"value": 0.5}, {"value": None}),
    "indicator_values": ("indicators.share", {"n": 5}, {"value": 1.0}, {"value": None}),
    "result_dynamics": (
        "dynamics.change", {"n_count": 10, "previous_n": 10}, {"verdict": "worse"}, {"verdict": "no_evidence"},
    ),
    "risk_signals": ("risk.funnel", {"n_count": 10}, {"is_signal": True}, {"is_signal": False}),
    "contextual_results": (
        "comparison.residual", {"participants_count": 10}, {"verdict": "expected"}, {"verdict": "insufficient"},
    ),
    "skill_dynamics": (
        "items.skill_dynamics",
        {"participants_count": 20, "earlier_participants_count": 20},
        {"verdict": "higher"},
        {"verdict": "no_evidence"},
    ),
    "test_reliability": ("items.reliability", {"works_count": 30}, {"alpha": 0.5}, {"alpha": None}),
    "objectivity_signs": (
        "objectivity.high_mean",
        {"count": 10},
        {"state": "no_sign", "sign_kind": "high_mean"},
        {"state": "insufficient", "sign_kind": "high_mean"},
    ),
    "objectivity_signals": (
        "objectivity.signals",
        {"count": 10},
        {"state": "signal", "signal_code": "absence"},
        {"state": "no_signal", "signal_code": "absence"},
    ),
    "result_links": (
        "links.rank_correlation",
        {"observations_count": 10},
        {"statistic": "spearman", "strength": "weak", "observation": "school"},
        {"statistic": "spearman", "strength": "too_few", "observation": "school"},
    ),
}  # fmt: skip


def rule_of(table: str):
    return next(rule for rule in SMALL_GROUP_RULES if rule.table == table)


def found(table: str, cells, overrides=None) -> bool:
    method, *_ = LEAST[table]
    extra = {}
    if table == "indicator_values":
        extra = {"indicator_code": sound_rooms()["indicator_values"]["indicator_code"].iloc[0]}
    if table == "survey_results":
        code, question = single_question()
        extra = {"questionnaire_code": code, "item_code": question, "answer_code": "a", "statistic": "share"}
    return bool(told_of_small_groups(rows_of(table, method, extra | cells), rule_of(table), overrides).any())


@pytest.mark.parametrize("table", LEAST)
def test_the_smallest_allowed_group_may_be_told_of_and_one_less_may_not(table) -> None:
    _, sizes, told, silent = LEAST[table]
    assert not found(table, sizes | told)
    for name, least in sizes.items():
        below = sizes | {name: least - 1}
        assert found(table, below | told), name
        assert not found(table, below | silent), name


def test_an_unknown_size_counts_as_too_small() -> None:
    assert found("result_dynamics", {"n_count": 40, "previous_n": None, "verdict": "better"})


def test_a_territory_may_ask_for_larger_groups() -> None:
    cells = {"n_count": 12, "is_signal": True}
    assert not found("risk_signals", cells)
    assert found("risk_signals", cells, {"risk.funnel.minimum_n": 15})


@pytest.mark.parametrize(
    ("signal", "least"), [("cutoff_excess", 5), ("weak_absent", 2), ("mark_crossing", 10), ("external_list", 0)]
)
def test_signals_that_count_something_rarer_have_their_own_size(signal, least) -> None:
    cells = {"state": "signal", "signal_code": signal}
    assert not found("objectivity_signals", cells | {"count": least})
    if least:
        assert found("objectivity_signals", cells | {"count": least - 1})


def test_results_of_groups_by_mark_need_ten_works() -> None:
    for mark in (2, 3, 4, 5):
        rule = next(one for one in SMALL_GROUP_RULES if f"«{mark}»" in one.told_ru)
        cells = {"position": 1, "works_count": 40, f"mark_{mark}_solved_share": 0.5}
        few, enough = (
            rows_of("task_quality", "items.task_quality", cells | {f"mark_{mark}_count": n}) for n in (9, 10)
        )
        assert told_of_small_groups(few, rule).tolist() == [True]
        assert told_of_small_groups(enough, rule).tolist() == [False]


def test_low_results_of_a_procedure_need_the_size_of_their_rule() -> None:
    rules = [one for one in SMALL_GROUP_RULES if one.table == "low_result_procedures"]
    from oko_pipeline.catalogue.low_result_rules import low_result_rules  # noqa: PLC0415

    rule = low_result_rules().rules[0]
    rows = [
        {"rule_code": rule.rule_code, "procedure_unit": str(n), "participants_count": n, "state": "failed"}
        for n in (rule.minimum_n - 1, rule.minimum_n)
    ]
    frame = rows_of("low_result_procedures", "low_results.flags", *rows)
    assert told_of_small_groups(frame, rules[0]).tolist() == [True, False]
    assert told_of_small_groups(frame.assign(rule_code="unheard"), rules[0]).tolist() == [True, True]


def test_all_schools_together_are_told_of_whatever_their_number() -> None:
    frame = rows_of("test_reliability", "items.reliability", {"works_count": 3, "alpha": 0.5, "unit_level": "all"})
    assert not told_of_small_groups(frame, rule_of("test_reliability")).any()


def test_values_of_hidden_survey_groups_are_each_found() -> None:
    for column in ("value", "value_low", "value_high", "sd", "value_percent", "chosen_count"):
        assert found("survey_results", {"respondents_count": 4, column: 1}), column


def test_sound_tables_and_empty_ones_pass() -> None:
    for name, frame in sound_rooms().items():
        for rule in (one for one in SMALL_GROUP_RULES if one.table == name):
            if name not in {"objectivity_signs"}:
                assert not told_of_small_groups(frame, rule).any(), rule.told_ru
    for rule in SMALL_GROUP_RULES:
        assert np.array_equal(told_of_small_groups(TABLES[rule.table].empty(), rule), np.zeros(0, dtype=bool))
