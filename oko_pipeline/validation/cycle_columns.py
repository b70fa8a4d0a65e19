"""Boolean columns for the suites of the management cycle: findings, recommendations, links, effects, programmes."""

import json
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.validation.contract_columns import numbers
from oko_pipeline.validation.row_flags import Columns, Flags, Tables, flag_columns, is_known, is_true, known_unit

_ROUNDING: Final = 1e-6
_STEPS: Final = (
    "finding>recommendation", "decision>recommendation", "measure>decision", "measure>recommendation",
    "event>decision", "event>measure",
)  # fmt: skip
"""What refers to what: a finding calls for a recommendation, a register's row names the row that it comes of."""

_MET: Final = {"confirmed": True, "known": True, "not_met": False, "contradicted": False}


def _findings(frame: pd.DataFrame, tables: Tables) -> Columns:
    evidence = frame["evidence"].map(_list_length).to_numpy(dtype=np.int64)
    told = frame[["text_ru", "refutation_ru"]].apply(lambda column: column.str.strip().str.len() > 0).all(axis=1)
    return flag_columns(
        frame,
        is_evidence_kept=(evidence > 0) & (numbers(frame, "rows_count") >= evidence),
        is_refutation_told=told.to_numpy(dtype=bool),
    ) | known_unit(frame, tables)


@cache
def _parsed(text: str) -> tuple[str, ...]:
    return tuple(str(one) for one in json.loads(text))


def _list_length(text: object) -> int:
    return len(_parsed(text)) if isinstance(text, str) else 0


def _recommendations(frame: pd.DataFrame, tables: Tables) -> Columns:
    state = frame["state"].to_numpy(dtype=object)
    columns = flag_columns(
        frame,
        is_word_sourced=(state == "proposed") | is_known(frame, "file_sha256"),
        is_hold_told=is_true(frame, "is_held_back") == is_known(frame, "held_back_ru"),
        is_answered_shown=(state == "proposed") | ~is_true(frame, "is_held_back"),
    )
    if "findings" in tables:
        known = set(tables["findings"]["finding_id"])
        is_of_rule = frame["origin"].eq("rule") & frame["basis_state"].isin(["current", "changed"])
        ids = frame["finding_ids"].map(lambda text: bool(_parsed(text)) and known.issuperset(_parsed(text)))
        columns |= flag_columns(frame, is_basis_found=(~is_of_rule | ids).to_numpy(dtype=bool))
    return columns | known_unit(frame, tables)


def _cycle_links(frame: pd.DataFrame, tables: Tables) -> Columns:  # noqa: ARG001 (all makers are called alike)
    steps = frame["from_kind"] + ">" + frame["to_kind"]
    return flag_columns(
        frame,
        is_break_told=is_true(frame, "is_broken") != is_known(frame, "to_id"),
        is_step_of_chain=steps.isin(_STEPS).to_numpy(dtype=bool),
    )


def _measure_effects(frame: pd.DataFrame, tables: Tables) -> Columns:  # noqa: ARG001 (all makers are called alike)
    verdict = frame["verdict"].to_numpy(dtype=object)
    effect, low, high = (numbers(frame, name) for name in ("effect", "effect_low", "effect_high"))
    expected = numbers(frame, "change_value") - numbers(frame, "comparison_change")
    is_beyond_chance = (low > 0) | (high < 0)
    is_judged = np.isin(verdict, ("effective", "partly"))
    return flag_columns(
        frame,
        is_effect_true=~(np.abs(effect - expected) > _ROUNDING),
        is_verdict_founded=(~is_judged | is_beyond_chance) & (~is_true(frame, "is_harmful") | is_beyond_chance),
        is_harm_told=~is_true(frame, "is_harmful") | (verdict == "not_effective"),
        is_schools_possible=~(numbers(frame, "used_schools_count") > numbers(frame, "schools_count")),
    )


def _next_year_openings(frame: pd.DataFrame, tables: Tables) -> Columns:  # noqa: ARG001 (all makers are called alike)
    before = frame["school_year"].map({year: previous_school_year(year) for year in frame["school_year"].unique()})
    return flag_columns(
        frame,
        is_from_last_year=frame["from_year"].eq(before).to_numpy(dtype=bool),
        is_taking_up_told=frame["state"].eq("taken_up").to_numpy(dtype=bool) == is_known(frame, "taken_up_by"),
    )


def _roadmap_execution(frame: pd.DataFrame, tables: Tables) -> Columns:
    state = frame["state"].to_numpy(dtype=object)
    is_shown = is_known(frame, "served_by") | (numbers(frame, "evidence_count") > 0)
    return flag_columns(
        frame,
        is_fulfilment_shown=~np.isin(state, ("served", "done")) | is_shown,
        is_delay_dated=(state != "overdue") | is_known(frame, "due_on"),
        is_exception_explained=(state != "not_applicable") | is_known(frame, "reason"),
    ) | known_unit(frame, tables)


def _roadmap_levels(frame: pd.DataFrame, tables: Tables) -> Columns:
    parts = ("schools_done_count", "schools_partly_count", "schools_overdue_count", "schools_not_applicable_count")
    told = np.sum([numbers(frame, name) for name in parts], axis=0)
    named = frame.assign(unit_code=frame["municipality_code"])
    return flag_columns(frame, is_parts_within_schools=~(told > numbers(frame, "schools_count"))) | known_unit(
        named, tables
    )


def _roadmap_reminders(frame: pd.DataFrame, tables: Tables) -> Columns:
    is_late = frame["state"].eq("overdue").to_numpy(dtype=bool)
    is_open = frame["state"].isin(["not_due", "partly", "overdue"]).to_numpy(dtype=bool)
    return flag_columns(
        frame, is_state_open=is_open, is_lateness_true=~(numbers(frame, "days_left") < 0) | is_late
    ) | known_unit(frame, tables)


def _direction_checklist(frame: pd.DataFrame, tables: Tables) -> Columns:
    is_there = frame["answer"].eq("1").to_numpy(dtype=bool)
    return flag_columns(frame, is_answer_founded=~is_there | (numbers(frame, "evidence_count") > 0)) | known_unit(
        frame, tables
    )


def _self_assessment(frame: pd.DataFrame, tables: Tables) -> Columns:
    said = frame["verdict"].map(_MET).astype("boolean")
    is_same = said.eq(frame["is_met"]).fillna(value=False) | (said.isna() & frame["is_met"].isna())
    is_silent = ~is_known(frame, "answer") & ~is_known(frame, "known")
    return flag_columns(
        frame,
        is_verdict_true=is_same.to_numpy(dtype=bool),
        is_silence_told=is_silent == frame["verdict"].eq("no_data").to_numpy(dtype=bool),
    ) | known_unit(frame, tables)


def _procedure_load(frame: pd.DataFrame, tables: Tables) -> Columns:
    if "schools" not in tables:
        return {}
    known: Flags = frame["school_code"].isin(tables["schools"]["school_code"]).to_numpy(dtype=bool)
    return flag_columns(frame, has_known_school=known)


CYCLE_COLUMN_MAKERS: Final[dict[str, Callable[[pd.DataFrame, Tables], Columns]]] = {
    "findings": _findings,
    "recommendations": _recommendations,
    "cycle_links": _cycle_links,
    "measure_effects": _measure_effects,
    "next_year_openings": _next_year_openings,
    "roadmap_execution": _roadmap_execution,
    "roadmap_levels": _roadmap_levels,
    "roadmap_reminders": _roadmap_reminders,
    "direction_checklist": _direction_checklist,
    "self_assessment": _self_assessment,
    "procedure_load": _procedure_load,
}
