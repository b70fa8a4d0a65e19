"""Findings, recommendations, links to decisions: from the tables of the analysis to what people do about them.

risk_cards, skill_deficits, objectivity_cards, indicator_values, … → findings → recommendations → cycle_links
records_management → recommendations (a person's word), cycle_links
"""

from collections.abc import Mapping, Sequence
from typing import Final

import dagster as dg
import pandas as pd

from assets.indicators import asset_of, table_rows
from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.same_rows import is_made_from, write_rows
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.finding_rules import finding_rules
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.recommendation_rules import recommendation_rules
from oko_pipeline.catalogue.tables import MUNICIPALITIES, QUALITY_FINDINGS, SCHOOLS
from oko_pipeline.catalogue.tables_cycle import (
    CYCLE_LINKS,
    DECISION_DRAFTS,
    FINDINGS,
    RECOMMENDATION_WORDS,
    RECOMMENDATIONS,
)
from oko_pipeline.quality import findings_frame
from oko_pipeline.recommendations.drafts import drafts
from oko_pipeline.recommendations.findings import Territory, find
from oko_pipeline.recommendations.links import REGISTERS, link
from oko_pipeline.recommendations.options import CycleOptions
from oko_pipeline.recommendations.recommend import Known, recommend
from oko_pipeline.recommendations.words import word_findings
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "recommendations"
LOG = "recommendations_log"
_SLICE = "year"
_CODE = (
    "oko_pipeline.recommendations",
    "oko_pipeline.catalogue.finding_rules",
    "oko_pipeline.catalogue.recommendation_rules",
    "oko_pipeline.catalogue.text_templates",
    "oko_pipeline.catalogue.wording",
)


_WRITTEN_WITH: Final = {
    "learning_pairs": "low_results",
    "high_result_base": "low_results",
    "low_result_flags": "low_results",
    "risk_profile": "low_results",
    "support_monitoring": "low_results",
    "social_index": "low_results",
    "test_reliability": "task_quality",
    "task_dif": "task_quality",
    "expert_agreement": "result_links",
    "skill_dynamics": "skill_deficits",
    "support_counts": "pupils_support",
    "recheck_results": "recheck_selection",
    "survey_reliability": "survey_results",
}
"""Assets that write tables of other names beside their own."""


def rule_tables() -> list[str]:
    """Return the tables that the rules of findings read."""
    return sorted({rule.table for rule in finding_rules().values()})


def _options(workplace: Workplace, school_year: str) -> CycleOptions:
    own = workplace.settings
    return CycleOptions.of_year(school_year, own.method_overrides, own.tier_bounds)


def _territory(workplace: Workplace, school_year: str) -> tuple[Territory, str]:
    where = {"school_year": school_year}
    schools = workplace.database.read(SCHOOLS, where)
    municipalities = workplace.database.read(MUNICIPALITIES, where)
    print_of = combine(
        frame_fingerprint(schools[["school_code", "school_name", "municipality_code"]]),
        frame_fingerprint(municipalities[["municipality_code", "municipality_name"]]),
    )
    return Territory.of(schools, municipalities), print_of


def write_findings(workplace: Workplace, school_year: str) -> bool:
    """Apply the rules of findings when a table under them changed; tell whether they were applied."""
    database = workplace.database
    options = _options(workplace, school_year)
    territory, places = _territory(workplace, school_year)
    rules = finding_rules()
    inputs = combine(
        code_fingerprint(*_CODE),
        method_versions(GROUP),
        repr(options),
        repr([rule.model_dump_json() for rule in rules.values()]),
        places,
        slice_fingerprint(workplace, school_year, *rule_tables()),
    )
    if is_made_from(workplace, school_year, FINDINGS, inputs):
        return False

    def read(table: Table, where: Mapping[str, str | Sequence[str]]) -> pd.DataFrame:
        return database.read(table, {"school_year": school_year, **where})

    # Some rules read what is late today: findings that are the same as yesterday's make nothing new after them.
    write_rows(workplace, school_year, inputs, [(FINDINGS, find(rules.values(), read, territory, options))])
    return True


def write_recommendations(workplace: Workplace, school_year: str) -> bool:
    """Make the recommendations when findings, rules or people's words changed; tell whether they were made."""
    database = workplace.database
    where = {"school_year": school_year}
    options = _options(workplace, school_year)
    territory, places = _territory(workplace, school_year)
    rules = recommendation_rules()
    inputs = combine(
        code_fingerprint(*_CODE),
        method_versions(GROUP),
        repr(options),
        repr([rule.model_dump_json() for rule in rules.values()]),
        places,
        slice_fingerprint(workplace, school_year, FINDINGS.name, LOG),
    )
    if database.slice_inputs(school_year, RECOMMENDATIONS.name).get(_SLICE) == inputs:
        return False
    register = table_rows(workplace, school_year, LOG)
    known = Known(register, database.read(RECOMMENDATIONS, where), database.read(RECOMMENDATION_WORDS, where))
    made = recommend(
        rules.values(), database.read(FINDINGS, where), known, territory, options, workplace.clock.timestamp()
    )
    origin = RECOMMENDATIONS.name
    told = findings_frame(word_findings(register, made.recommendations), school_year, origin)
    with database.transaction():
        database.replace(RECOMMENDATIONS, made.recommendations, where)
        database.replace(RECOMMENDATION_WORDS, made.words, where)
        database.replace(QUALITY_FINDINGS, told, where | {"origin": origin})
        record_slices(workplace, school_year, RECOMMENDATIONS.name, {_SLICE: (inputs, len(made.recommendations))})
    return True


def write_links(workplace: Workplace, school_year: str) -> bool:
    """Link findings, recommendations, decisions, measures and events; draft points of orders and plans."""
    database = workplace.database
    where = {"school_year": school_year}
    territory, places = _territory(workplace, school_year)
    inputs = combine(
        code_fingerprint(*_CODE), places, slice_fingerprint(workplace, school_year, RECOMMENDATIONS.name, *REGISTERS)
    )
    if database.slice_inputs(school_year, CYCLE_LINKS.name).get(_SLICE) == inputs:
        return False
    recommendations = database.read(RECOMMENDATIONS, where)
    registers = {name: table_rows(workplace, school_year, name) for name in REGISTERS}
    linked = link(recommendations, registers, territory)
    points = drafts(recommendations, linked.links)
    origin = CYCLE_LINKS.name
    with database.transaction():
        database.replace(CYCLE_LINKS, linked.links, where)
        database.replace(DECISION_DRAFTS, points, where)
        database.replace(
            QUALITY_FINDINGS, findings_frame(linked.findings, school_year, origin), where | {"origin": origin}
        )
        record_slices(workplace, school_year, CYCLE_LINKS.name, {_SLICE: (inputs, len(linked.links))})
        record_slices(workplace, school_year, DECISION_DRAFTS.name, {_SLICE: (inputs, len(points))})
    return True


@dg.asset(
    name=FINDINGS.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=sorted({_WRITTEN_WITH.get(table) or asset_of(table) for table in rule_tables()}),
    description=(
        "Выводы года по правилам из таблиц анализа: значение, интервал, численность, сила, что опровергло бы, на каких "
        "строках стоит. О педагогах и отдельных обучающихся выводов нет."
    ),
    kinds={"table"},
)
def findings(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `findings`: a rule's finding about a unit and a topic."""
    office = workplace.open()
    year = context.partition_key
    is_fresh = write_findings(office, year)
    kept = office.database.read(FINDINGS, {"school_year": year}, ["title_ru", "unit_level", "strength"])
    counts = kept.groupby(["title_ru", "unit_level", "strength"]).size().reset_index(name="выводов")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(kept),
            "посчитано заново": is_fresh,
            "выводы": dg.MetadataValue.md(markdown_table(counts, 60)),
        },
        data_version=dg.DataVersion(slice_fingerprint(office, year, FINDINGS.name)),
    )


@dg.asset(
    name=RECOMMENDATIONS.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[FINDINGS.name, asset_of(LOG)],
    description=(
        "Адресные рекомендации: кому, что, к какому сроку, почему, по чему проверят. Слово человека (принята, "
        "изменена, отклонена) сильнее правил и данных; лишние отложены с причиной. Ответы — recommendation_words."
    ),
    kinds={"table"},
)
def recommendations(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `recommendations`: a rule's advice to a unit; also writes `recommendation_words`."""
    office = workplace.open()
    year = context.partition_key
    is_fresh = write_recommendations(office, year)
    columns = ["title_ru", "addressee", "state", "is_held_back", "basis_state"]
    kept = office.database.read(RECOMMENDATIONS, {"school_year": year}, columns)
    counts = kept.groupby(["title_ru", "addressee", "state"]).size().reset_index(name="рекомендаций")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(kept),
            "посчитано заново": is_fresh,
            "отложено": int(kept["is_held_back"].sum()),
            "отвечено": int((kept["state"] != "proposed").sum()),
            "основание изменилось": int(kept["basis_state"].isin(["changed", "gone"]).sum()),
            "рекомендации": dg.MetadataValue.md(markdown_table(counts, 60)),
        },
        data_version=dg.DataVersion(slice_fingerprint(office, year, RECOMMENDATIONS.name)),
    )


@dg.asset(
    name=CYCLE_LINKS.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[RECOMMENDATIONS.name, *sorted({asset_of(name) for name in REGISTERS})],
    description=(
        "Цепочка вывод → рекомендация → решение → мера → мероприятие по номерам из журналов; ссылки в никуда названы. "
        "По принятым рекомендациям — пункты проектов приказа и плана мер (decision_drafts)."
    ),
    kinds={"table"},
)
def cycle_links(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `cycle_links`: a reference of one record to another; also writes `decision_drafts`."""
    office = workplace.open()
    year = context.partition_key
    is_fresh = write_links(office, year)
    links = office.database.read(CYCLE_LINKS, {"school_year": year}, ["from_kind", "to_kind", "is_broken"])
    counts = links.groupby(["from_kind", "to_kind", "is_broken"]).size().reset_index(name="связей")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(links),
            "посчитано заново": is_fresh,
            "оборванных связей": int(links["is_broken"].sum()),
            "пунктов проектов": office.database.slice_rows(year, DECISION_DRAFTS.name).get(_SLICE, 0),
            "связи": dg.MetadataValue.md(markdown_table(counts)),
        },
        data_version=dg.DataVersion(slice_fingerprint(office, year, CYCLE_LINKS.name)),
    )
