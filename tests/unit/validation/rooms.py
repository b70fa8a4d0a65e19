"""Sound rows of the result tables of all rooms: a test spoils one cell and names what must be found."""

from typing import Any

import pandas as pd

from oko_pipeline.catalogue.contracts import ColumnType, Table
from oko_pipeline.catalogue.methods import methods
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.register_rows import REGISTER_FLAGS, REGISTERS
from tests.unit.validation.builders import KEY

MATHS = str(KEY)
YEAR = "2020-2021"
SCHOOL, OTHER_SCHOOL, MUNICIPALITY = "edu990001", "edu990002", "reg99_m101"
EXAM = "ege:2021:mathematics:main"
_PLAIN = {
    ColumnType.TEXT: "текст",
    ColumnType.INTEGER: 0,
    ColumnType.NUMBER: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.JSON: "[]",
    ColumnType.DATE: "2021-03-15",
    ColumnType.TIMESTAMP: "2021-03-15T00:00:00+00:00",
}
_KNOWN = {
    "school_year": YEAR,
    "assessment_id": MATHS,
    "school_code": SCHOOL,
    "unit_level": "school",
    "unit_code": SCHOOL,
}


def row_of(table: Table, **cells: Any) -> dict[str, Any]:
    """Return a row with the cells given; the others are empty where they may be, else plain."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in _KNOWN:
            row[column.name] = _KNOWN[column.name]
        elif column.nullable:
            row[column.name] = None
        else:
            row[column.name] = column.allowed[0] if column.allowed else _PLAIN[column.type]
    unknown = sorted(set(cells) - set(row))
    assert not unknown, unknown
    return row | cells


def rows_of(name: str, method_id: str | None, *rows: dict[str, Any]) -> pd.DataFrame:
    """Return a frame of a table, its method that of the registry."""
    table = TABLES[name]
    method = {} if method_id is None else {"method_id": method_id, "method_version": methods()[method_id].version}
    return table.conform(pd.DataFrame([row_of(table, **method, **cells) for cells in rows]))


def _survey_row(code: str, question: str, answer: str, chosen: int, respondents: int) -> dict[str, Any]:
    share = chosen / respondents
    return {
        "questionnaire_code": code, "item_kind": "question", "item_code": question, "answer_code": answer,
        "group_code": "all", "statistic": "share", "respondents_count": respondents, "chosen_count": chosen,
        "value": share, "value_low": share - 0.1, "value_high": share + 0.1,
    }  # fmt: skip


def single_question() -> tuple[str, str]:
    """Return a questionnaire and a question of it that takes one answer."""
    return next(
        (code, question.code)
        for code, one in questionnaires().items()
        for question in one.questions
        if question.kind == "single"
    )


def sound_rooms() -> dict[str, pd.DataFrame]:
    """Return a sound frame of every table with a suite of the rooms, registers included."""
    code, question = single_question()
    signs = [
        {"sign_number": number, "sign_kind": "high_mean", "state": "no_sign", "value": 1.0, "threshold": 2.0}
        for number in range(1, 15)
    ]
    return {
        "exam_summary": rows_of(
            "exam_summary",
            "exams.summary",
            {
                "exam_code": EXAM, "participants_count": 10, "mean_test": 50.0, "mean_test_low": 40.0,
                "mean_test_high": 60.0, "minimum_score": 27, "below_minimum_count": 1, "below_minimum_share": 0.1,
                "below_minimum_low": 0.01, "below_minimum_high": 0.4, "minimum_60_count": 5, "score_61_80_count": 2,
                "score_81_100_count": 2, "score_81_100_share": 0.2, "score_81_100_low": 0.05,
                "score_81_100_high": 0.5, "score_80_99_count": 1, "score_100_count": 1,
            },
            {
                "exam_code": "oge:2021:mathematics:main", "participants_count": 4, "mark_2_count": 1,
                "mark_3_count": 1, "mark_4_count": 1, "mark_5_count": 1, "success_share": 0.75, "success_low": 0.3,
                "success_high": 0.95, "quality_share": 0.5, "quality_low": 0.15, "quality_high": 0.85,
                "year_mark_pairs_count": 3, "year_mark_lower_count": 1, "year_mark_same_count": 1,
                "year_mark_higher_count": 1,
            },
        ),
        "exam_task_results": rows_of(
            "exam_task_results",
            "exams.task_results",
            {
                "exam_code": EXAM, "position": 1, "participants_count": 10, "solved_share": 0.5, "solved_low": 0.3,
                "solved_high": 0.7, "zero_share": 0.4, "full_share": 0.4,
            },
        ),
        "admission_results": rows_of(
            "admission_results",
            "exams.admission",
            {
                "participants_count": 4, "passed_count": 3, "failed_count": 1, "passed_share": 0.75,
                "passed_low": 0.3, "passed_high": 0.95,
            },
        ),
        "survey_results": rows_of(
            "survey_results",
            "surveys.results",
            _survey_row(code, question, "a", 4, 10),
            _survey_row(code, question, "b", 6, 10),
            _survey_row(code, question, "favourable", 6, 10),
        ),
        "survey_reliability": rows_of(
            "survey_reliability",
            "surveys.reliability",
            {
                "questionnaire_code": code, "question_code": "", "item_key": "", "alpha": -0.2, "alpha_low": -0.5,
                "alpha_high": 0.1, "warning": "Ключ вопроса неверен",
            },
        ),
        "indicator_values": rows_of(
            "indicator_values",
            "indicators.share",
            {
                "indicator_code": _indicator(), "breakdown": "", "state": "computed", "value": 40.0,
                "value_low": 20.0, "value_high": 60.0, "numerator": 8.0, "denominator": 20.0, "n": 20, "norm": 30.0,
                "reaches_norm": True,
            },
            {"indicator_code": _indicator(), "breakdown": "", "unit_code": OTHER_SCHOOL, "state": "no_data"},
        ),
        "result_dynamics": rows_of(
            "result_dynamics",
            "dynamics.change",
            {
                "indicator_code": "base_level_share", "n_count": 40, "value": 0.8, "low": 0.7, "high": 0.9,
                "previous_assessment_id": MATHS, "previous_n": 40, "previous_value": 0.5, "is_comparable": True,
                "change_value": 0.3, "change_low": 0.1, "change_high": 0.5, "p_value": 0.01, "q_value": 0.02,
                "verdict": "better", "is_confirmed": True,
            },
            {"indicator_code": "mark_2_share", "n_count": 40, "value": 0.1, "low": 0.0, "high": 0.3},
        ),
        "risk_signals": rows_of(
            "risk_signals",
            "risk.funnel",
            {
                "signal_id": "s1", "indicator_code": "mark_2_share", "n_count": 40, "value": 0.5, "low": 0.3,
                "high": 0.7, "limit_95_low": 0.1, "limit_95_high": 0.3, "limit_998_low": 0.05, "limit_998_high": 0.4,
                "p_value": 0.001, "q_value": 0.01, "flag": "outside_998", "is_signal": True, "direction": "adverse",
                "tested_years_count": 2, "outside_years_count": 1, "is_sufficient": True, "is_comparable": True,
            },
        ),
        "risk_cards": rows_of(
            "risk_cards",
            "risk.card",
            {"zone": "watch", "tests_count": 3, "adverse_count": 1, "evidence": '["s1"]'},
            {"school_code": OTHER_SCHOOL, "zone": "unknown"},
        ),
        "school_groups": rows_of(
            "school_groups",
            "comparison.rule_groups",
            {"group_code": "secondary", "group_schools_count": 1},
            {"school_code": OTHER_SCHOOL, "is_excluded": True},
        ),
        "contextual_results": rows_of(
            "contextual_results",
            "comparison.residual",
            {
                "scope_code": "all", "participants_count": 40, "observed": 60.0, "predicted": 50.0, "residual": 8.0,
                "residual_low": 3.0, "residual_high": 13.0, "raw_residual": 10.0, "verdict": "above",
            },
        ),
        "low_result_flags": rows_of(
            "low_result_flags",
            "low_results.flags",
            {"computed": True, "procedures_count": 4, "failed_count": 2, "certain_count": 1},
        ),
        "objectivity_signs": rows_of("objectivity_signs", "objectivity.high_mean", *signs),
        "objectivity_cards": rows_of(
            "objectivity_cards",
            "objectivity.evidence",
            {
                "evidence_level": "средний", "official_signs_count": 1, "official_computed_count": 10,
                "signals_count": 2, "families": "cutoffs; tasks", "families_count": 2,
            },
            {"school_code": OTHER_SCHOOL, "evidence_level": "нет признаков", "official_computed_count": 14},
        ),
        "task_quality": rows_of(
            "task_quality",
            "items.task_quality",
            {
                "position": 1, "works_count": 40, "discrimination": -0.4, "discrimination_low": -0.6,
                "discrimination_high": -0.1, "mark_2_count": 10, "mark_3_count": 20, "is_possibly_miskeyed": True,
            },
        ),
        "test_reliability": rows_of(
            "test_reliability",
            "items.reliability",
            {
                "works_count": 40, "scored_count": 41, "sd_score": 4.0, "alpha": 0.75, "alpha_low": 0.6,
                "alpha_high": 0.85, "sem_score": 2.0,
            },
        ),
        "task_dif": rows_of(
            "task_dif",
            "items.dif",
            {
                "reference_group": "м", "focal_group": "ж", "position": 1, "effect": 2.0, "effect_low": 1.0,
                "effect_high": 3.0, "dif_class": "C", "is_dif": True,
            },
        ),
        "skill_deficits": rows_of(
            "skill_deficits",
            "items.skill_deficits",
            {
                "kind": "skill", "tasks_count": 3, "red_tasks_count": 2, "confirmed_red_count": 2,
                "evidence": "confirmed", "participants_count": 40, "parts_count": 2, "deficit_parts_count": 1,
            },
        ),
        "result_links": rows_of(
            "result_links",
            "links.rank_correlation",
            {
                "statistic": "spearman", "estimate": 0.5, "estimate_low": 0.2, "estimate_high": 0.7,
                "observations_count": 40, "strength": "moderate",
                "statement_ru": "Где выше одно, там чаще выше и другое; о причинах это не говорит.",
            },
            {"statistic": "spearman", "right_measure": "другая", "observations_count": 3, "strength": "too_few"},
        ),
        "source_completeness": rows_of(
            "source_completeness",
            None,
            {"state": "accepted", "rows_count": 5, "due_on": "2021-03-01"},
            {"unit_level": "municipality", "unit_code": MUNICIPALITY, "state": "late", "is_late": True,
             "due_on": "2021-03-01", "days_late": 5},
        ),
        **_cycle_rooms(),
        REGISTERS: pd.DataFrame(
            {"register": "measures", "school_code": pd.Series([SCHOOL, None], dtype="str")}
            | {name: [True, True] for name in REGISTER_FLAGS}
        ),
    }  # fmt: skip


def _cycle_rooms() -> dict[str, pd.DataFrame]:
    """Return sound rows of findings, recommendations, links, effects, openings and programmes."""
    answered = {"state": "accepted", "file_sha256": "f" * 64, "source_sheet": "Рекомендации", "source_row": 5}
    municipal = {"unit_level": "municipality", "unit_code": MUNICIPALITY}
    return {
        "findings": rows_of(
            "findings",
            "recommendations.findings",
            {"finding_id": "f1", "evidence": '[{"school_code": "edu990001"}]', "rows_count": 1, "value": 0.3,
             "value_low": 0.2, "value_high": 0.4},
            {"finding_id": "f2", "evidence": '["a"]', "rows_count": 3, "unit_level": "all", "unit_code": "all"},
        ),
        "recommendations": rows_of(
            "recommendations",
            "recommendations.advice",
            {"recommendation_id": "r1", "origin": "rule", "basis_state": "current", "finding_ids": '["f1"]'},
            {"recommendation_id": "r2", "origin": "rule", "basis_state": "current", "finding_ids": '["f1", "f2"]',
             "is_held_back": True, "held_back_ru": "То же советует другая", "state": "proposed"},
            {"recommendation_id": "r3", "origin": "rule", "basis_state": "gone", "finding_ids": '["f9"]', **answered},
        ),
        "cycle_links": rows_of(
            "cycle_links",
            None,
            {"from_kind": "finding", "from_id": "f1", "to_kind": "recommendation", "to_id": "r1", "to_number": "r1"},
            {"from_kind": "decision", "from_id": "d1", "to_kind": "recommendation", "to_number": "r8",
             "is_broken": True},
        ),
        "measure_effects": rows_of(
            "measure_effects",
            "effectiveness.same_start",
            {"measure_id": "a:1", "schools_count": 2, "used_schools_count": 2, "change_value": 8.0,
             "comparison_change": 2.0, "effect": 6.0, "effect_low": 1.0, "effect_high": 11.0, "verdict": "effective"},
            {"measure_id": "a:2", "schools_count": 3, "used_schools_count": 0, "verdict": "not_enough_data"},
            {"measure_id": "a:3", "schools_count": 3, "used_schools_count": 3, "change_value": -5.0,
             "comparison_change": 1.0, "effect": -6.0, "effect_low": -11.0, "effect_high": -1.0,
             "verdict": "not_effective", "is_harmful": True},
        ),
        "next_year_openings": rows_of(
            "next_year_openings",
            "effectiveness.year_conclusions",
            {"opening_id": "o1", "from_year": "2019-2020", "state": "waiting"},
            {"opening_id": "o2", "from_year": "2019-2020", "state": "taken_up", "taken_up_by": "5"},
        ),
        "roadmap_execution": rows_of(
            "roadmap_execution",
            "programmes.execution",
            {"duty_id": "p:1", "state": "served", "served_by": "asset:result_summary"},
            {"duty_id": "p:2", "state": "done", "evidence_count": 1},
            {"duty_id": "p:3", "state": "overdue", "due_on": "2021-03-01", **municipal},
            {"duty_id": "p:4", "state": "not_applicable", "reason": "Нет этого уровня"},
        ),
        "roadmap_levels": rows_of(
            "roadmap_levels",
            None,
            {"municipality_code": MUNICIPALITY, "schools_count": 3, "schools_done_count": 2,
             "schools_overdue_count": 1},
        ),
        "roadmap_reminders": rows_of(
            "roadmap_reminders",
            "programmes.reminders",
            {"duty_id": "p:3", "state": "overdue", "days_left": -5},
            {"duty_id": "p:5", "state": "not_due", "days_left": 3},
        ),
        "direction_checklist": rows_of(
            "direction_checklist",
            "programmes.checklist",
            {"answer": "1", "evidence_count": 2},
            {"answer": "0", "criterion": "другой"},
        ),
        "self_assessment": rows_of(
            "self_assessment",
            "programmes.self_assessment",
            {"criterion": 1, "answer": "1", "known": "1", "is_met": True, "verdict": "confirmed"},
            {"criterion": 2, "verdict": "no_data"},
            {"criterion": 3, "answer": "1", "verdict": "unconfirmed"},
        ),
        "procedure_load": rows_of("procedure_load", "programmes.load", {"observed": 3.0, "limit_value": 1.0}),
    }  # fmt: skip


def _indicator() -> str:
    from oko_pipeline.catalogue.indicators import indicators  # noqa: PLC0415

    return next(code for code, one in indicators().items() if one.formula == "share")
