"""Boolean columns for the suites of the result tables: what must hold between the cells of a row and between rows.

What the contract alone decides is in `contract_columns`; who is too small to be told of is in `small_groups`.
"""

import json
import re
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.questionnaires import FAVOURABLE, questionnaires
from oko_pipeline.validation.contract_columns import TOLERANCE, numbers
from oko_pipeline.validation.cycle_columns import CYCLE_COLUMN_MAKERS
from oko_pipeline.validation.register_rows import REGISTER_FLAGS, REGISTERS
from oko_pipeline.validation.row_flags import Columns, Flags, Tables, is_true
from oko_pipeline.validation.row_flags import flag_columns as _columns

_SHARE_TOLERANCE: Final = 1e-6
_SIGNS_COUNT: Final = 14
_CAUSAL: Final = re.compile(
    r"(?<!не )(?:влия\w+|вызыва\w+|вызван\w*|приводит\s+к|обусловлен\w*|из-за|потому\s+что|вследствие|благодаря)",
    re.IGNORECASE,
)


def _column(flags: Flags, frame: pd.DataFrame) -> pd.Series:
    return pd.Series(flags, index=frame.index, dtype=bool)


def _known_school(frame: pd.DataFrame, tables: Tables) -> Columns:
    if "schools" not in tables:
        return {}
    return _columns(frame, has_known_school=frame["school_code"].isin(tables["schools"]["school_code"]).to_numpy())


def _known_assessment(frame: pd.DataFrame, tables: Tables) -> Columns:
    if "assessments" not in tables:
        return {}
    known = frame["assessment_id"].isin(tables["assessments"]["assessment_id"])
    return _columns(frame, has_known_assessment=known.to_numpy())


def _is_ratio(share: npt.NDArray[np.float64], part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> Flags:
    """Tell where a share is its part of its whole; a missing figure or an empty whole decides nothing."""
    is_known = ~(np.isnan(share) | np.isnan(part) | np.isnan(whole)) & (whole > 0)
    expected = part / np.where(is_known, whole, 1.0)
    return ~is_known | (np.abs(share - expected) <= _SHARE_TOLERANCE)


def _exam_summary(frame: pd.DataFrame, _: Tables) -> Columns:
    participants = numbers(frame, "participants_count")
    names = ("below_minimum_count", "minimum_60_count", "score_61_80_count", "score_81_100_count")
    groups = np.column_stack([numbers(frame, name) for name in names])
    marks = np.column_stack([numbers(frame, f"mark_{mark}_count") for mark in (2, 3, 4, 5)])
    tested, marked = groups.sum(axis=1), marks.sum(axis=1)
    year = sum(numbers(frame, f"year_mark_{name}_count") for name in ("lower", "same", "higher"))
    pairs = numbers(frame, "year_mark_pairs_count")
    return _columns(
        frame,
        is_groups_sum_true=~(tested > participants)
        & _is_ratio(numbers(frame, "below_minimum_share"), groups[:, 0], tested)
        & _is_ratio(numbers(frame, "score_81_100_share"), groups[:, 3], tested),
        is_marks_sum_true=~(marked > participants)
        & _is_ratio(numbers(frame, "success_share"), marks[:, 1:].sum(axis=1), marked)
        & _is_ratio(numbers(frame, "quality_share"), marks[:, 2:].sum(axis=1), marked),
        is_year_marks_sum_true=np.isnan(year) | (year == pairs),
        is_high_count_possible=~(numbers(frame, "score_100_count") > groups[:, 3]),
    )


def _exam_task_results(frame: pd.DataFrame, _: Tables) -> Columns:
    solved, zero, full = (numbers(frame, f"{name}_share") for name in ("solved", "zero", "full"))
    return _columns(
        frame,
        is_shares_within_one=~(zero + full > 1 + TOLERANCE),
        is_solved_between=~(full > solved + TOLERANCE) & ~(solved > 1 - zero + TOLERANCE),
    )


def _admission_results(frame: pd.DataFrame, _: Tables) -> Columns:
    passed, participants = numbers(frame, "passed_count"), numbers(frame, "participants_count")
    return _columns(
        frame,
        is_outcomes_sum_true=passed + numbers(frame, "failed_count") == participants,
        is_share_true=_is_ratio(numbers(frame, "passed_share"), passed, participants),
    )


def _survey_results(frame: pd.DataFrame, _: Tables) -> Columns:
    chosen, respondents = numbers(frame, "chosen_count"), numbers(frame, "respondents_count")
    is_share = (frame["statistic"] == "share").to_numpy()
    items = {
        (code, question.code): question.kind for code, one in questionnaires().items() for question in one.questions
    }
    scales = {(code, scale.code) for code, one in questionnaires().items() for scale in one.scales}
    named = list(zip(frame["questionnaire_code"], frame["item_code"], strict=True))
    one_answer = np.array([items.get(pair) in {"single", "scale"} for pair in named], dtype=bool)
    keys = ["questionnaire_code", "item_code", "unit_level", "unit_code", "group_code"]
    counted = frame[is_share & one_answer & (frame["answer_code"] != FAVOURABLE).to_numpy()]
    sums = counted.groupby(keys)["chosen_count"].sum(min_count=1)
    given = numbers(pd.DataFrame({"n": sums.reindex(pd.MultiIndex.from_frame(frame[keys])).to_numpy()}), "n")
    return _columns(
        frame,
        has_known_item=np.array([pair in items or pair in scales for pair in named], dtype=bool),
        is_chosen_within=~(chosen > respondents),
        is_share_true=~is_share | _is_ratio(numbers(frame, "value"), chosen, respondents),
        is_answers_sum_true=~(is_share & one_answer) | np.isnan(given) | (given == respondents),
    )


def _survey_reliability(frame: pd.DataFrame, _: Tables) -> Columns:
    alpha, rest = numbers(frame, "alpha"), numbers(frame, "item_rest_correlation")
    has_warning = frame["warning"].notna().to_numpy()
    is_scale = (frame["question_code"] == "").to_numpy()
    return _columns(
        frame,
        is_reliability_possible=~(alpha > 1 + TOLERANCE) & ~(np.abs(rest) > 1 + TOLERANCE),
        is_negative_told=~(is_scale & (alpha < 0)) | has_warning,
    )


def _indicator_values(frame: pd.DataFrame, _: Tables) -> Columns:
    value, top, bottom = (numbers(frame, name) for name in ("value", "numerator", "denominator"))
    is_share = (frame["method_id"] == "indicators.share").to_numpy()
    is_computed = (frame["state"] == "computed").to_numpy()
    return _columns(
        frame,
        has_known_indicator=frame["indicator_code"].isin(list(indicators())).to_numpy(),
        is_state_true=is_computed == ~np.isnan(value),
        is_share_true=~(is_share & is_computed) | (_is_ratio(value / 100, top, bottom) & ~(top > bottom)),
        is_norm_judged=frame["reaches_norm"].isna().to_numpy() | (frame["norm"].notna().to_numpy() & is_computed),
    )


def _result_dynamics(frame: pd.DataFrame, tables: Tables) -> Columns:
    value, before, change = (numbers(frame, name) for name in ("value", "previous_value", "change_value"))
    low, high = numbers(frame, "change_low"), numbers(frame, "change_high")
    is_told = frame["verdict"].isin(["better", "worse"]).to_numpy()
    is_plain = (frame["value_unit"] != "deviation").to_numpy()
    known = is_plain & ~(np.isnan(value) | np.isnan(before) | np.isnan(change))
    return {
        **_known_assessment(frame, tables),
        **_columns(
            frame,
            is_change_founded=np.isnan(change) | (is_true(frame, "is_comparable") & ~np.isnan(before)),
            is_change_true=~known | (np.abs(change - (value - before)) <= _SHARE_TOLERANCE),
            is_verdict_proved=~is_told | (low > 0) | (high < 0),
            is_confirmed_change=~is_true(frame, "is_confirmed") | is_told,
        ),
    }


def _risk_signals(frame: pd.DataFrame, tables: Tables) -> Columns:
    is_signal = is_true(frame, "is_signal")
    outer_low, low, high, outer_high = (
        numbers(frame, f"limit_{name}") for name in ("998_low", "95_low", "95_high", "998_high")
    )
    nested = ~(outer_low > low + TOLERANCE) & ~(high > outer_high + TOLERANCE)
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_limits_nested=nested,
            is_signal_founded=~is_signal
            | (is_true(frame, "is_sufficient") & (frame["direction"] != "none").to_numpy()),
            is_years_true=numbers(frame, "outside_years_count") <= numbers(frame, "tested_years_count"),
        ),
    }


def _risk_cards(frame: pd.DataFrame, tables: Tables) -> Columns:
    evidence = [json.loads(text) for text in frame["evidence"]]
    has_evidence = np.array([bool(one) for one in evidence], dtype=bool)
    tests = numbers(frame, "tests_count")
    is_named = frame["zone"].isin(["watch", "risk"]).to_numpy()
    told = numbers(frame, "adverse_count") + numbers(frame, "favourable_count")
    columns = {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_counts_possible=told <= tests,
            is_zone_founded=~is_named | has_evidence,
            is_unknown_told=((frame["zone"] == "unknown").to_numpy() == (tests == 0)) | is_named,
        ),
    }
    if "risk_signals" in tables:
        known = set(tables["risk_signals"]["signal_id"])
        columns |= _columns(frame, is_evidence_known=np.array([known.issuperset(one) for one in evidence], dtype=bool))
    return columns


def _school_groups(frame: pd.DataFrame, tables: Tables) -> Columns:
    is_alone = frame["group_code"].isna().to_numpy()
    sizes = frame["group_code"].map(frame["group_code"].value_counts()).to_numpy(dtype=np.float64, na_value=np.nan)
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_exclusion_told=is_alone == is_true(frame, "is_excluded"),
            is_group_count_true=is_alone | (sizes == numbers(frame, "group_schools_count")),
        ),
    }


def _contextual_results(frame: pd.DataFrame, tables: Tables) -> Columns:
    observed, predicted, raw = (numbers(frame, name) for name in ("observed", "predicted", "raw_residual"))
    known = ~(np.isnan(observed) | np.isnan(predicted) | np.isnan(raw))
    verdict = frame["verdict"].to_numpy(dtype=object)
    low, high = numbers(frame, "residual_low"), numbers(frame, "residual_high")
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_residual_true=~known | (np.abs(raw - (observed - predicted)) <= _SHARE_TOLERANCE),
            is_verdict_proved=((verdict != "above") | (low > 0)) & ((verdict != "below") | (high < 0)),
        ),
    }


def _low_result_flags(frame: pd.DataFrame, tables: Tables) -> Columns:
    certain, failed, total = (numbers(frame, f"{name}_count") for name in ("certain", "failed", "procedures"))
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_counts_nested=(certain <= failed) & (failed <= total),
            is_flag_founded=~is_true(frame, "computed") | (failed > 0),
            is_explained=(frame["explanation_ru"].str.strip() != "").to_numpy(dtype=bool),
        ),
    }


def _objectivity_signs(frame: pd.DataFrame, tables: Tables) -> Columns:
    numbered = numbers(frame, "sign_number")
    per_school = frame.groupby("school_code")["sign_number"].transform("nunique").to_numpy()
    is_sign = (frame["state"] == "sign").to_numpy()
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_list_whole=(numbered >= 1) & (numbered <= _SIGNS_COUNT) & (per_school == _SIGNS_COUNT),
            is_sign_measured=~is_sign | ~np.isnan(numbers(frame, "value")),
        ),
    }


def _objectivity_cards(frame: pd.DataFrame, tables: Tables) -> Columns:
    signals, signs = numbers(frame, "signals_count"), numbers(frame, "official_signs_count")
    computed = numbers(frame, "official_computed_count")
    level = frame["evidence_level"].to_numpy(dtype=object)
    nothing = signals + signs == 0
    families = frame["families"].str.count(";").add(1).to_numpy(dtype=np.float64, na_value=0.0)
    return {
        **_known_school(frame, tables),
        **_columns(
            frame,
            is_level_founded=np.where(np.isin(level, ("нет данных", "нет признаков")), nothing, ~nothing),
            is_signs_possible=(signs <= computed) & (computed <= _SIGNS_COUNT),
            is_families_true=families == numbers(frame, "families_count"),
        ),
    }


def _task_quality(frame: pd.DataFrame, tables: Tables) -> Columns:
    discrimination = numbers(frame, "discrimination")
    marks = np.nansum([numbers(frame, f"mark_{mark}_count") for mark in (2, 3, 4, 5)], axis=0)
    is_miskeyed = is_true(frame, "is_possibly_miskeyed")
    return {
        **_known_assessment(frame, tables),
        **_columns(
            frame,
            is_discrimination_possible=~(np.abs(discrimination) > 1 + TOLERANCE),
            is_marks_within_works=marks <= numbers(frame, "works_count"),
            is_miskeyed_proved=~is_miskeyed | (numbers(frame, "discrimination_high") < 0),
        ),
    }


def _test_reliability(frame: pd.DataFrame, tables: Tables) -> Columns:
    alpha, deviation, error = (numbers(frame, name) for name in ("alpha", "sd_score", "sem_score"))
    expected = deviation * np.sqrt(np.clip(1 - alpha, 0, None))
    return {
        **_known_assessment(frame, tables),
        **_columns(
            frame,
            is_alpha_possible=~(alpha > 1 + TOLERANCE),
            is_works_within_scored=numbers(frame, "works_count") <= numbers(frame, "scored_count"),
            is_error_true=~(np.abs(error - expected) > _SHARE_TOLERANCE),
        ),
    }


def _task_dif(frame: pd.DataFrame, tables: Tables) -> Columns:
    return {
        **_known_assessment(frame, tables),
        **_columns(
            frame,
            is_pair_of_two=(frame["reference_group"] != frame["focal_group"]).to_numpy(dtype=bool),
            is_class_of_difference=~is_true(frame, "is_dif") | frame["dif_class"].isin(["B", "C"]).to_numpy(),
        ),
    }


def _skill_deficits(frame: pd.DataFrame, tables: Tables) -> Columns:
    tasks, red, confirmed = (numbers(frame, f"{name}_count") for name in ("tasks", "red_tasks", "confirmed_red"))
    is_confirmed = (frame["evidence"] == "confirmed").to_numpy()
    return {
        **_known_assessment(frame, tables),
        **_columns(
            frame,
            is_deficit_systemic=(2 * red > tasks) & (red <= tasks),
            is_evidence_true=(confirmed <= red) & (is_confirmed == (2 * confirmed > tasks)),
            is_parts_possible=~(numbers(frame, "deficit_parts_count") > numbers(frame, "parts_count")),
        ),
    }


def _result_links(frame: pd.DataFrame, _: Tables) -> Columns:
    estimate = numbers(frame, "estimate")
    is_rank = (frame["statistic"] == "spearman").to_numpy()
    is_few = (frame["strength"] == "too_few").fillna(value=False).to_numpy(dtype=bool)
    return _columns(
        frame,
        is_correlation_possible=~(is_rank & (np.abs(estimate) > 1 + TOLERANCE)),
        is_few_silent=~is_few | np.isnan(estimate),
        is_statement_careful=~frame["statement_ru"].str.contains(_CAUSAL).to_numpy(dtype=bool),
    )


def _source_completeness(frame: pd.DataFrame, tables: Tables) -> Columns:
    state = frame["state"].to_numpy(dtype=object)
    rows = numbers(frame, "rows_count")
    columns = _columns(
        frame,
        is_state_true=((state != "accepted") | (rows > 0)) & (~np.isin(state, ("expected", "late")) | (rows == 0)),
        is_lateness_true=((state != "late") | is_true(frame, "is_late"))
        & (~is_true(frame, "is_late") | frame["due_on"].notna().to_numpy()),
    )
    if "schools" in tables:
        places = tables["schools"]
        known = {*places["school_code"], *places["municipality_code"]}
        columns |= _columns(frame, has_known_unit=frame["unit_code"].isin(list(known)).to_numpy())
    return columns


def _registers(frame: pd.DataFrame, tables: Tables) -> Columns:
    columns = {name: frame[name] for name in REGISTER_FLAGS}
    if "schools" in tables:
        known = frame["school_code"].isin(tables["schools"]["school_code"]) | frame["school_code"].isna()
        columns |= _columns(frame, has_known_school=known.to_numpy(dtype=bool))
    return columns


ROOM_COLUMN_MAKERS: Final[dict[str, Callable[[pd.DataFrame, Tables], Columns]]] = {
    "exam_summary": _exam_summary,
    "exam_task_results": _exam_task_results,
    "admission_results": _admission_results,
    "survey_results": _survey_results,
    "survey_reliability": _survey_reliability,
    "indicator_values": _indicator_values,
    "result_dynamics": _result_dynamics,
    "risk_signals": _risk_signals,
    "risk_cards": _risk_cards,
    "school_groups": _school_groups,
    "contextual_results": _contextual_results,
    "low_result_flags": _low_result_flags,
    "objectivity_signs": _objectivity_signs,
    "objectivity_cards": _objectivity_cards,
    "task_quality": _task_quality,
    "test_reliability": _test_reliability,
    "task_dif": _task_dif,
    "skill_deficits": _skill_deficits,
    "result_links": _result_links,
    "source_completeness": _source_completeness,
    REGISTERS: _registers,
    **CYCLE_COLUMN_MAKERS,
}
