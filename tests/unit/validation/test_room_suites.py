"""Suites of the rooms: sound tables pass; each expectation fails for the fault it is there for, and only it."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.contract_columns import CONTRACT_TITLES_RU, contract_columns, intervals_of
from oko_pipeline.validation.room_columns import ROOM_COLUMN_MAKERS
from oko_pipeline.validation.suites import SuiteOptions, run_suites, suites
from tests.unit.validation.rooms import OTHER_SCHOOL, sound_rooms

NAN = float("nan")


@pytest.fixture(scope="module")
def rooms() -> dict[str, pd.DataFrame]:
    schools = pd.DataFrame({"school_code": ["edu990001", OTHER_SCHOOL], "municipality_code": "reg99_m101"})
    assessments = pd.DataFrame({"assessment_id": ["vpr-2021-spring:4:mathematics:base"]})
    return sound_rooms() | {"schools": schools, "assessments": assessments}


def failed(tables, *only: str) -> set[str]:
    results = run_suites(tables, "2020-2021", "run", "2021-07-01T00:00:00+00:00", SuiteOptions(only=only))
    return set(results.loc[~results["is_passed"].astype(bool), "expectation"])


def test_sound_tables_pass_and_every_room_table_has_a_suite(rooms) -> None:
    assert failed(rooms, *ROOM_COLUMN_MAKERS) == set()
    assert set(sound_rooms()) == set(ROOM_COLUMN_MAKERS) <= set(suites())


def test_every_expectation_about_a_column_finds_its_column(rooms) -> None:
    for name, maker in ROOM_COLUMN_MAKERS.items():
        made = set(maker(rooms[name], rooms))
        if name in TABLES:
            made |= set(contract_columns(rooms[name], TABLES[name]))
        asked = {spec.kwargs["column"] for spec in suites()[name].expectations}
        assert asked == made, name


FAULTS = [
    ("findings", 0, {"evidence": "[]"}, {"is_evidence_kept"}),
    ("findings", 0, {"rows_count": 0}, {"is_evidence_kept"}),
    ("findings", 0, {"refutation_ru": " "}, {"is_refutation_told"}),
    ("findings", 0, {"unit_code": "edu999999"}, {"has_known_unit"}),
    ("findings", 0, {"value": 0.9}, {"is_interval_ordered"}),
    ("recommendations", 0, {"finding_ids": '["f7"]'}, {"is_basis_found"}),
    ("recommendations", 0, {"finding_ids": "[]"}, {"is_basis_found"}),
    ("recommendations", 0, {"state": "accepted"}, {"is_word_sourced"}),
    ("recommendations", 1, {"held_back_ru": None}, {"is_hold_told"}),
    ("recommendations", 2, {"is_held_back": True, "held_back_ru": "Уступила"}, {"is_answered_shown"}),
    ("cycle_links", 0, {"to_id": None}, {"is_break_told"}),
    ("cycle_links", 1, {"to_kind": "finding"}, {"is_step_of_chain"}),
    ("measure_effects", 0, {"effect": 7.0}, {"is_effect_true"}),
    ("measure_effects", 0, {"effect_low": -1.0}, {"is_verdict_founded"}),
    ("measure_effects", 2, {"verdict": "partly"}, {"is_harm_told"}),
    ("measure_effects", 0, {"used_schools_count": 3}, {"is_schools_possible"}),
    ("next_year_openings", 0, {"from_year": "2018-2019"}, {"is_from_last_year"}),
    ("next_year_openings", 0, {"state": "taken_up"}, {"is_taking_up_told"}),
    ("roadmap_execution", 0, {"served_by": None}, {"is_fulfilment_shown"}),
    ("roadmap_execution", 1, {"evidence_count": 0}, {"is_fulfilment_shown"}),
    ("roadmap_execution", 2, {"due_on": None}, {"is_delay_dated"}),
    ("roadmap_execution", 3, {"reason": None}, {"is_exception_explained"}),
    ("roadmap_levels", 0, {"schools_partly_count": 1}, {"is_parts_within_schools"}),
    ("roadmap_levels", 0, {"municipality_code": "reg99_m777"}, {"has_known_unit"}),
    ("roadmap_reminders", 1, {"state": "served"}, {"is_state_open"}),
    ("roadmap_reminders", 1, {"days_left": -1}, {"is_lateness_true"}),
    ("direction_checklist", 0, {"evidence_count": 0}, {"is_answer_founded"}),
    ("self_assessment", 0, {"is_met": False}, {"is_verdict_true"}),
    ("self_assessment", 1, {"answer": "1"}, {"is_silence_told"}),
    *(
        (name, 0, {"unit_code": "edu999999"}, {"has_known_unit"})
        for name in ("recommendations", "roadmap_execution", "roadmap_reminders", "direction_checklist",
                     "self_assessment")
    ),
    ("procedure_load", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("exam_summary", 0, {"minimum_60_count": 6}, {"is_groups_sum_true"}),
    ("exam_summary", 0, {"below_minimum_share": 0.2}, {"is_groups_sum_true"}),
    ("exam_summary", 0, {"score_81_100_share": 0.3}, {"is_groups_sum_true"}),
    ("exam_summary", 0, {"score_100_count": 3}, {"is_high_count_possible"}),
    ("exam_summary", 0, {"mean_test": 61.0}, {"is_interval_ordered"}),
    ("exam_summary", 0, {"mean_test": NAN}, {"is_interval_ordered"}),
    ("exam_summary", 0, {"mean_test_low": NAN}, {"is_interval_ordered"}),
    ("exam_summary", 0, {"category": "гости"}, {"is_choice_allowed"}),
    ("exam_summary", 0, {"not_valid_count": -1}, {"is_figure_possible"}),
    ("exam_summary", 0, {"method_version": "0"}, {"is_method_known"}),
    ("exam_summary", 0, {"method_id": "exams.unheard"}, {"is_method_known"}),
    ("exam_summary", 1, {"mark_5_count": 3}, {"is_marks_sum_true"}),
    ("exam_summary", 1, {"success_share": 0.8}, {"is_marks_sum_true"}),
    ("exam_summary", 1, {"quality_share": 0.6}, {"is_marks_sum_true"}),
    ("exam_summary", 1, {"year_mark_same_count": 2}, {"is_year_marks_sum_true"}),
    (
        "exam_task_results",
        0,
        {"zero_share": 0.5, "full_share": 0.51, "solved_share": 0.51},
        {"is_shares_within_one", "is_solved_between"},
    ),
    ("exam_task_results", 0, {"full_share": 0.51}, {"is_solved_between"}),
    ("exam_task_results", 0, {"zero_share": 0.55}, {"is_solved_between"}),
    ("admission_results", 0, {"failed_count": 0}, {"is_outcomes_sum_true"}),
    ("admission_results", 0, {"passed_share": 0.7}, {"is_share_true"}),
    ("survey_results", 0, {"item_code": "unheard"}, {"has_known_item", "is_answers_sum_true"}),
    ("survey_results", 2, {"chosen_count": 11, "value": 1.0, "value_high": 1.0}, {"is_chosen_within", "is_share_true"}),
    ("survey_results", 2, {"value": 0.65}, {"is_share_true"}),
    ("survey_results", 0, {"chosen_count": 5, "value": 0.5}, {"is_answers_sum_true"}),
    ("survey_reliability", 0, {"alpha": 1.1, "alpha_high": 1.2}, {"is_reliability_possible"}),
    ("survey_reliability", 0, {"item_rest_correlation": -1.1}, {"is_reliability_possible"}),
    ("survey_reliability", 0, {"warning": None}, {"is_negative_told"}),
    ("indicator_values", 0, {"indicator_code": "unheard"}, {"has_known_indicator"}),
    ("indicator_values", 1, {"value": 1.0}, {"is_state_true"}),
    ("indicator_values", 0, {"state": "insufficient"}, {"is_state_true", "is_norm_judged"}),
    ("indicator_values", 0, {"numerator": 9.0}, {"is_share_true"}),
    ("indicator_values", 0, {"numerator": 21.0, "value": 105.0, "value_high": 106.0}, {"is_share_true"}),
    ("indicator_values", 0, {"norm": NAN}, {"is_norm_judged"}),
    ("indicator_values", 0, {"size_tier": "huge"}, {"is_choice_allowed"}),
    ("result_dynamics", 0, {"assessment_id": "vpr-2021-spring:5:russian:base"}, {"has_known_assessment"}),
    ("result_dynamics", 0, {"is_comparable": False}, {"is_change_founded"}),
    ("result_dynamics", 0, {"previous_value": NAN}, {"is_change_founded"}),
    ("result_dynamics", 0, {"previous_value": 0.4}, {"is_change_true"}),
    ("result_dynamics", 0, {"change_low": -0.1}, {"is_verdict_proved"}),
    ("result_dynamics", 1, {"is_confirmed": True}, {"is_confirmed_change"}),
    ("risk_signals", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("risk_signals", 0, {"limit_998_low": 0.2}, {"is_limits_nested"}),
    ("risk_signals", 0, {"limit_998_high": 0.2}, {"is_limits_nested"}),
    ("risk_signals", 0, {"is_sufficient": False}, {"is_signal_founded"}),
    ("risk_signals", 0, {"direction": "none"}, {"is_signal_founded"}),
    ("risk_signals", 0, {"outside_years_count": 3}, {"is_years_true"}),
    ("risk_signals", 0, {"q_value": 1.5}, {"is_figure_possible"}),
    ("risk_cards", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("risk_cards", 0, {"favourable_count": 3}, {"is_counts_possible"}),
    ("risk_cards", 0, {"evidence": "[]"}, {"is_zone_founded"}),
    ("risk_cards", 0, {"evidence": '["s1", "s2"]'}, {"is_evidence_known"}),
    ("risk_cards", 1, {"tests_count": 1}, {"is_unknown_told"}),
    ("risk_cards", 1, {"zone": "none"}, {"is_unknown_told"}),
    ("school_groups", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("school_groups", 1, {"is_excluded": False}, {"is_exclusion_told"}),
    ("school_groups", 0, {"group_schools_count": 2}, {"is_group_count_true"}),
    ("contextual_results", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("contextual_results", 0, {"predicted": 51.0}, {"is_residual_true"}),
    ("contextual_results", 0, {"residual_low": -1.0}, {"is_verdict_proved"}),
    ("contextual_results", 0, {"verdict": "below"}, {"is_verdict_proved"}),
    ("low_result_flags", 0, {"school_code": "edu999999"}, {"has_known_school"}),
    ("low_result_flags", 0, {"certain_count": 3}, {"is_counts_nested"}),
    ("low_result_flags", 0, {"failed_count": 5}, {"is_counts_nested"}),
    ("low_result_flags", 0, {"failed_count": 0, "certain_count": 0}, {"is_flag_founded"}),
    ("low_result_flags", 0, {"explanation_ru": " "}, {"is_explained"}),
    ("objectivity_signs", 0, {"sign_number": 15}, {"is_list_whole"}),
    ("objectivity_signs", 0, {"sign_number": 2}, {"is_list_whole"}),
    ("objectivity_signs", 3, {"state": "sign", "value": NAN}, {"is_sign_measured"}),
    ("objectivity_cards", 0, {"evidence_level": "нет признаков"}, {"is_level_founded"}),
    ("objectivity_cards", 1, {"evidence_level": "низкий"}, {"is_level_founded"}),
    ("objectivity_cards", 0, {"official_signs_count": 11}, {"is_signs_possible"}),
    ("objectivity_cards", 1, {"official_computed_count": 15}, {"is_signs_possible"}),
    ("objectivity_cards", 0, {"families": "cutoffs"}, {"is_families_true"}),
    ("task_quality", 0, {"discrimination": -1.2, "discrimination_low": -1.3}, {"is_discrimination_possible"}),
    ("task_quality", 0, {"mark_4_count": 11}, {"is_marks_within_works"}),
    ("task_quality", 0, {"discrimination_high": 0.1}, {"is_miskeyed_proved"}),
    ("test_reliability", 0, {"alpha": 1.1, "alpha_high": 1.2, "sem_score": 0.0}, {"is_alpha_possible"}),
    ("test_reliability", 0, {"works_count": 42}, {"is_works_within_scored"}),
    ("test_reliability", 0, {"sem_score": 3.0}, {"is_error_true"}),
    ("task_dif", 0, {"focal_group": "м"}, {"is_pair_of_two"}),
    ("task_dif", 0, {"dif_class": "A"}, {"is_class_of_difference"}),
    ("skill_deficits", 0, {"tasks_count": 4, "evidence": "possible"}, {"is_deficit_systemic"}),
    ("skill_deficits", 0, {"evidence": "possible"}, {"is_evidence_true"}),
    ("skill_deficits", 0, {"confirmed_red_count": 3}, {"is_evidence_true"}),
    ("skill_deficits", 0, {"deficit_parts_count": 3}, {"is_parts_possible"}),
    ("result_links", 0, {"estimate": 1.1, "estimate_high": 1.2}, {"is_correlation_possible"}),
    ("result_links", 1, {"estimate": 0.3}, {"is_few_silent"}),
    ("result_links", 0, {"statement_ru": "Обеспеченность кадрами влияет на результат."}, {"is_statement_careful"}),
    ("source_completeness", 0, {"rows_count": 0}, {"is_state_true"}),
    ("source_completeness", 1, {"rows_count": 3}, {"is_state_true"}),
    ("source_completeness", 1, {"is_late": False}, {"is_lateness_true"}),
    ("source_completeness", 1, {"due_on": None}, {"is_lateness_true"}),
    ("source_completeness", 0, {"unit_code": "edu999999"}, {"has_known_unit"}),
    ("registers", 0, {"is_choice_allowed": False}, {"is_choice_allowed"}),
    ("registers", 0, {"is_within_limits": False}, {"is_within_limits"}),
    ("registers", 0, {"is_filled": False}, {"is_filled"}),
    ("registers", 0, {"is_part_within_whole": False}, {"is_part_within_whole"}),
    ("registers", 0, {"is_total_true": False}, {"is_total_true"}),
    ("registers", 0, {"school_code": "edu999999"}, {"has_known_school"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "cells", "expected"), FAULTS)
def test_each_fault_fails_its_expectation_and_no_other(rooms, table, row, cells, expected) -> None:
    spoiled = rooms[table].copy()
    for column, value in cells.items():
        spoiled.loc[spoiled.index[row], column] = value
    assert failed(rooms | {table: spoiled}, table) == expected


def test_every_rule_of_the_rooms_has_a_fault_that_only_it_finds() -> None:
    proved = {(table, *found) for table, _, _, found in FAULTS if len(found) == 1}
    own = {
        (name, spec.name)
        for name in ROOM_COLUMN_MAKERS
        for spec in suites()[name].expectations
        if spec.name not in CONTRACT_TITLES_RU or name == "exam_summary"
    }
    assert own - proved - {
        ("exam_task_results", "is_shares_within_one"),
        ("survey_results", "has_known_item"),
        ("survey_results", "is_chosen_within"),
        ("exam_summary", "is_figure_possible"),
        *((name, "has_known_school") for name in ("objectivity_signs", "objectivity_cards")),
        *(
            (name, "has_known_assessment")
            for name in ("task_quality", "test_reliability", "task_dif", "skill_deficits")
        ),
    } == set()  # fmt: skip


@pytest.mark.parametrize("name", ["objectivity_signs", "objectivity_cards"])
def test_an_unknown_school_is_found(rooms, name) -> None:
    strange = rooms[name].assign(school_code="edu999999")
    assert failed(rooms | {name: strange}, name) == {"has_known_school"}


@pytest.mark.parametrize("name", ["task_quality", "test_reliability", "task_dif", "skill_deficits"])
def test_an_unknown_work_is_found(rooms, name) -> None:
    strange = rooms[name].assign(assessment_id="vpr-2021-spring:5:russian:base")
    assert failed(rooms | {name: strange}, name) == {"has_known_assessment"}


def test_an_empty_table_passes(rooms) -> None:
    empty = {name: frame.iloc[:0] for name, frame in rooms.items()}
    assert failed(empty, *ROOM_COLUMN_MAKERS) == set()


def test_every_interval_of_the_catalogue_but_three_finds_its_value() -> None:
    alone = {(name, low) for name, table in TABLES.items() for low, value, _ in intervals_of(table) if value is None}
    assert alone <= {
        ("indicator_values", "change_low"),
        ("risk_signals", "limit_95_low"),
        ("risk_signals", "limit_998_low"),
    }
    assert ("contextual_models", "low", "estimate", "high") in {
        (name, *one) for name, table in TABLES.items() for one in intervals_of(table)
    }
