"""The checks of the rooms: suites of their tables, counts that add up, groups large enough, careful words.

A room is one step: it runs when its tables stand, validates those that changed together, and shows each result at the
asset it is about. Only what would make a document wrong stops the year; everything else warns.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import dagster as dg
import pandas as pd

from assets.inputs import slice_fingerprint
from assets.validation import newest_results, run_room_suites, suite_table
from checks.factory import RoomCheck, room_checks
from checks.guards import guard_row, guard_version, no_ranking, remembered_guard, warned
from checks.slice_guards import SliceGuard, Verdict, judge_slices
from checks.suites import is_blocking, suite_description
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.no_ranking import ORDER_RULES
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.card_wording import CARD_TEXTS, accusing_texts
from oko_pipeline.validation.contract_columns import (
    CONTRACT_TITLES_RU,
    contract_columns,
    contract_inputs,
    contract_names,
)
from oko_pipeline.validation.cross_foot import CROSS_FEET, CrossFoot, CrossFooting, cross_foot, shares_sum_to_one
from oko_pipeline.validation.register_rows import REGISTERS
from oko_pipeline.validation.small_groups import SMALL_GROUP_RULES, SmallGroupRule, told_of_small_groups
from oko_pipeline.validation.suites import suites
from resources.workplace import Workplace

ROOMS: dict[str, tuple[str, ...]] = {
    "works": ("result_summary", "score_distribution", "task_results", "skill_results"),
    "sources": ("source_completeness", REGISTERS),
    "exams": (
        "exam_summary", "exam_task_results", "exam_form_shares", "admission_results", "medallist_results",
    ),
    "surveys": ("survey_results", "survey_reliability"),
    "indicators": ("indicator_values",),
    "dynamics": ("result_dynamics", "result_multiyear", "series_breaks", "risk_signals", "risk_cards"),
    "context": (
        "school_groups", "school_clusters", "cluster_profiles", "cluster_choices", "comparable_schools",
        "comparable_summary", "comparable_balance", "contextual_results", "contextual_models", "low_result_flags",
        "low_result_procedures", "low_result_sensitivity", "high_result_base", "learning_pairs", "social_index",
        "risk_profile", "support_monitoring",
    ),
    "objectivity": (
        "objectivity_measures", "objectivity_signals", "objectivity_signs", "objectivity_index", "objectivity_cards",
        "recheck_selection", "recheck_results",
    ),
    "items": (
        "task_quality", "test_reliability", "task_dif", "skill_deficits", "skill_dynamics", "result_links",
        "expert_agreement", "support_counts",
    ),
    "cycle": ("findings", "recommendations", "recommendation_words", "cycle_links", "decision_drafts"),
    "effects": ("measure_effects", "measure_effect_schools", "year_conclusions", "next_year_openings"),
    "programmes": (
        "roadmap_execution", "roadmap_levels", "roadmap_reminders", "direction_checklist", "self_assessment",
        "procedure_load", "conflict_of_interest",
    ),
}  # fmt: skip
"""Tables of each room."""

_ASSETS = {
    REGISTERS: "source_completeness",
    "survey_reliability": "survey_results",
    "cluster_profiles": "school_clusters",
    "cluster_choices": "school_clusters",
    "comparable_summary": "comparable_schools",
    "comparable_balance": "comparable_schools",
    "contextual_models": "contextual_results",
    "low_result_flags": "low_results",
    "low_result_procedures": "low_results",
    "low_result_sensitivity": "low_results",
    "high_result_base": "low_results",
    "learning_pairs": "low_results",
    "social_index": "low_results",
    "risk_profile": "low_results",
    "support_monitoring": "low_results",
    "objectivity_measures": "objectivity_signals",
    "objectivity_index": "objectivity_signs",
    "recheck_results": "recheck_selection",
    "test_reliability": "task_quality",
    "task_dif": "task_quality",
    "skill_dynamics": "skill_deficits",
    "expert_agreement": "result_links",
    "support_counts": "pupils_support",
    "recommendation_words": "recommendations",
    "decision_drafts": "cycle_links",
    "measure_effect_schools": "measure_effects",
    "next_year_openings": "year_opening",
}


def asset_of(table_name: str) -> str:
    """Return the asset that a table is made by."""
    return _ASSETS.get(table_name, table_name)


def counts_add_up(rule: CrossFoot, workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Compare classes, schools, municipalities and regions of a table with what stands above them."""
    name = f"counts_add_up_{rule.table}"

    def judge() -> list[dict[str, object]]:
        schools = suite_table(workplace, school_year, "schools")
        version = combine(guard_version(workplace), slice_fingerprint(workplace, school_year, "schools"))
        titles = {"sums": "Числа сходятся снизу вверх: классы, ОО, муниципалитеты, все"}
        if rule.table == "score_distribution":
            titles["shares"] = "Доли участников по баллам в сумме дают 1"
        parts = tuple(titles)
        guard = SliceGuard(name, all_tables()[rule.table], version, parts, partial(_footings, rule, schools, parts))
        found = judge_slices(workplace, school_year, guard)
        return [
            _told_of(workplace, school_year, name, titles[part], found[part]) | {"expectation": f"{name}_{number}"}
            for number, part in enumerate(parts, start=1)
        ]

    return remembered_guard(workplace, school_year, name, (rule.table, "schools"), judge)


def _footings(rule: CrossFoot, schools: pd.DataFrame, parts: Sequence[str], frame: pd.DataFrame) -> dict[str, Verdict]:
    made = {"sums": _verdict(cross_foot(frame, schools, rule))}
    if "shares" in parts:
        keys = ("assessment_id", "unit_level", "unit_code")
        made["shares"] = _verdict(shares_sum_to_one(frame, keys, "share", "participants_count"))
    return made


def _verdict(found: CrossFooting) -> Verdict:
    return Verdict(found.compared_count, len(found.faults), found.faults[:3])


def _told_of(workplace: Workplace, school_year: str, name: str, title: str, found: Verdict) -> dict[str, object]:
    counts = (found.checked_count, found.faults_count)
    return guard_row(workplace, school_year, name, title, counts, "; ".join(found.notes))


def small_groups_silent(
    asset: str, rules: Sequence[SmallGroupRule], workplace: Workplace, school_year: str
) -> pd.DataFrame:
    """Prove that nothing is told of groups smaller than their methods allow; one row a rule."""
    name = f"small_groups_{asset}"
    overrides = workplace.settings.method_overrides

    def judge() -> list[dict[str, object]]:
        rows = []
        numbered = {str(number): rule for number, rule in enumerate(rules, start=1)}
        found: dict[str, Verdict] = {}
        for table in dict.fromkeys(rule.table for rule in rules):
            own = {number: rule for number, rule in numbered.items() if rule.table == table}
            judged = partial(_small_groups, own, overrides)
            guard = SliceGuard(name, all_tables()[table], guard_version(workplace), tuple(own), judged)
            found |= judge_slices(workplace, school_year, guard)
        for number, rule in numbered.items():
            title = f"{TABLES[rule.table].title_ru}: {rule.told_ru} — только о достаточно больших группах"
            row = _told_of(workplace, school_year, name, title, found[number])
            row["expectation"] = f"{name}_{number}"
            rows.append(row if rule.is_blocking else warned(row))
        return rows

    return remembered_guard(workplace, school_year, name, sorted({rule.table for rule in rules}), judge)


def _small_groups(
    rules: Mapping[str, SmallGroupRule], overrides: Mapping[str, Any], frame: pd.DataFrame
) -> dict[str, Verdict]:
    return {
        number: Verdict(len(frame), int(told_of_small_groups(frame, rule, overrides).sum()))
        for number, rule in rules.items()
    }


def words_are_careful(tables: Sequence[str], workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Prove that texts about schools accuse nobody and ask for a closer look; one row a table."""
    name = f"careful_words_{asset_of(tables[0])}"

    def judge() -> list[dict[str, object]]:
        rows = []
        for table in tables:
            frame = suite_table(workplace, school_year, table)
            found = accusing_texts(frame, table)
            title = f"{TABLES[table].title_ru}: тексты никого не обвиняют"
            row = guard_row(workplace, school_year, name, title, (len(frame), len(found)), "; ".join(found[:3]))
            rows.append(row | {"expectation": f"careful_words_{table}"})
        return rows

    return remembered_guard(workplace, school_year, name, tables, judge)


def contracts_hold(asset: str, tables: Sequence[str], workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Check tables without a suite against what their contracts say; one row a table and rule."""
    name = f"contracts_{asset}"

    def judge() -> list[dict[str, object]]:
        rows = []
        for table in (TABLES[one] for one in tables):
            parts, judged = contract_names(table), partial(_kept_contract, table)
            guard = SliceGuard(name, table, guard_version(workplace), parts, judged, contract_inputs(table))
            for part, found in judge_slices(workplace, school_year, guard).items():
                title = f"{table.title_ru}: {CONTRACT_TITLES_RU[part].lower()}"
                row = _told_of(workplace, school_year, name, title, found)
                rows.append(warned(row | {"expectation": f"{table.name}_{part}"}))
        return rows

    return remembered_guard(workplace, school_year, name, tables, judge)


def _kept_contract(table: Table, frame: pd.DataFrame) -> dict[str, Verdict]:
    return {part: Verdict(len(flags), int((~flags).sum())) for part, flags in contract_columns(frame, table).items()}


def _of_suite(table_name: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    return newest_results(workplace, school_year, (table_name,))


def _suite_checks(tables: Sequence[str]) -> list[RoomCheck]:
    known = suites()
    return [
        RoomCheck(
            asset_of(table),
            f"suite_{table}",
            suite_description(known[table]),
            partial(_of_suite, table),
            is_blocking(known[table]),
            suite=table,
        )
        for table in tables
        if table in known and table != "result_summary"
    ]


def _guards(tables: Sequence[str]) -> list[RoomCheck]:
    made = [
        RoomCheck(
            rule.table,
            "counts_add_up",
            "Числа участников сходятся снизу вверх: классы, ОО, муниципалитеты, все ОО; доли в сумме дают 1.",
            partial(counts_add_up, rule),
            is_blocking=True,
        )
        for rule in CROSS_FEET
        if rule.table in tables
    ]
    small = [rule for rule in SMALL_GROUP_RULES if rule.table in tables]
    for asset, rules in groupby(
        sorted(small, key=lambda rule: asset_of(rule.table)), lambda rule: asset_of(rule.table)
    ):
        own = tuple(rules)
        made.append(
            RoomCheck(
                asset,
                "small_groups_silent",
                "О группах меньше допустимой методом ничего не сказано.",
                partial(small_groups_silent, asset, own),
                any(rule.is_blocking for rule in own),
            )
        )
    ordered = [rule for rule in ORDER_RULES if rule.table in tables and rule.table != "result_summary"]
    for asset, own_rules in groupby(
        sorted(ordered, key=lambda one: asset_of(one.table)), lambda one: asset_of(one.table)
    ):
        made.append(
            RoomCheck(
                asset,
                "no_ranking",
                "Строки ОО стоят по кодам: ни одна таблица не ранжирует ОО и классы.",
                partial(no_ranking, tuple(own_rules)),
                is_blocking=True,
            )
        )
    return made + _wording_checks(tables) + _contract_checks(tables)


def _wording_checks(tables: Sequence[str]) -> list[RoomCheck]:
    texts = sorted((table for table in CARD_TEXTS if table in tables), key=asset_of)
    return [
        RoomCheck(
            asset,
            "words_are_careful",
            "Тексты об ОО никого не обвиняют: «требует дополнительного анализа», а не «нарушение» и «доказано».",
            partial(words_are_careful, tuple(own)),
            is_blocking=True,
        )
        for asset, own in groupby(texts, asset_of)
    ]


def _contract_checks(tables: Sequence[str]) -> list[RoomCheck]:
    plain = sorted((table for table in tables if table in all_tables() and table not in suites()), key=asset_of)
    return [
        RoomCheck(
            asset,
            "contracts_hold",
            "Таблицы без своего набора правил отвечают своим описаниям: перечни, границы, интервалы, методы.",
            partial(contracts_hold, asset, tuple(own)),
        )
        for asset, own in groupby(plain, asset_of)
    ]


def all_room_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks of all rooms, a step a room."""
    return [room_checks(room, [*_suite_checks(tables), *_guards(tables)], _validate) for room, tables in ROOMS.items()]


def _validate(workplace: Workplace, school_year: str, tables: Sequence[str]) -> None:
    if tables:
        run_room_suites(workplace, school_year, tables)
