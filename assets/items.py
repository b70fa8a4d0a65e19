"""Tasks and skills in depth, links between results, pupils who need help.

works, result_summary, task_results, skill_results → task_quality, skill_deficits, result_links, pupils_support
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, TypeVar

import dagster as dg
import numpy as np
import pandas as pd

from assets.analysis import analysis_options, code_titles
from assets.context import YearInputs
from assets.inputs import (
    assessment_inputs,
    frame_fingerprint,
    record_slices,
    records,
    slice_fingerprint,
)
from assets.item_tasks import (
    DeficitTask,
    ItemTask,
    LinkTask,
    ModelTask,
    PupilLinkTask,
    SchoolLinkTask,
    SupportTask,
    analyse_items_from_store,
    find_deficits_from_store,
    find_support_in_store,
    link_from_store,
    support_path,
    whole_number,
)
from assets.metadata import table_metadata
from assets.partitions import SCHOOL_YEARS
from assets.records import form_asset
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.items.item_tables import ItemTables
from oko_pipeline.analysis.items.options import item_options
from oko_pipeline.analysis.items.skill_deficits import DeficitOptions, school_groups
from oko_pipeline.analysis.items.skill_dynamics import KINDS, skill_dynamics
from oko_pipeline.analysis.links.experts import expert_agreement
from oko_pipeline.analysis.links.measures import complete_measures, result_measures
from oko_pipeline.analysis.links.options import link_options
from oko_pipeline.analysis.links.register_measures import exam_measures, register_measure
from oko_pipeline.analysis.links.school_links import GROUP
from oko_pipeline.analysis.support.options import support_options
from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.conditions import properties
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.link_measures import link_measures
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.records import record_forms
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    RESULT_SUMMARY,
    SCHOOLS,
    SKILL_RESULTS,
    TABLES,
    TASK_DESCRIPTIONS,
    TASKS,
)
from oko_pipeline.catalogue.tables_exams import EXAM_SUMMARY
from oko_pipeline.catalogue.tables_items import (
    EXPERT_AGREEMENT,
    RESULT_LINKS,
    SKILL_DEFICITS,
    SKILL_DYNAMICS,
    SUPPORT_COUNTS,
    TASK_DIF,
    TASK_QUALITY,
    TEST_RELIABILITY,
)
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP_NAME: Final = "analysis"
_BATCH: Final = 16
_ITEM_TABLES: Final = (TASK_QUALITY, TEST_RELIABILITY, TASK_DIF)
_SHARED_CODE: Final = ("oko_pipeline.statistics", "oko_pipeline.works", "oko_pipeline.analysis.units",
                       "oko_pipeline.analysis.task_profile", "oko_pipeline.analysis.summaries")  # fmt: skip
_MADE_OF_RESULTS: Final = frozenset({"below_minimum_share"})
"""Properties computed from the very results that they would be linked with."""

_DOUBLE_MARKED: Final = "recheck_scores"
"""Register with the scores of two experts a task."""

Job = TypeVar("Job")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Sliced:
    """Tables whose slices are computed one by one: what each slice is wanted from, and the column that names it."""

    tables: Sequence[Table]
    column: str
    wanted: Mapping[str, str]


def _refresh(
    workplace: Workplace,
    school_year: str,
    sliced: Sliced,
    job: Callable[[str], Job],
    run: Callable[[Job], Made],
    frames: Callable[[Made], Sequence[pd.DataFrame]],
) -> list[str]:
    """Compute the slices whose inputs changed through the pool, write them in batches; return their keys.

    `job` makes the work of a slice, `run` does it (in a worker), `frames` gives a frame a table. Slices that nothing
    supports any more are removed.
    """
    database = workplace.database
    known = database.slice_inputs(school_year, sliced.tables[0].name)
    stale = [key for key, inputs in sliced.wanted.items() if known.get(key) != inputs]
    made = zip(stale, workplace.pool.map(run, [job(key) for key in stale]), strict=True)
    while batch := dict(islice(made, _BATCH)):
        with database.transaction():
            for place, table in enumerate(sliced.tables):
                parts = [frames(one)[place] for one in batch.values()]
                where = {"school_year": school_year, sliced.column: list(batch)}
                database.replace(table, pd.concat(parts, ignore_index=True), where)
                record_slices(
                    workplace,
                    school_year,
                    table.name,
                    {key: (sliced.wanted[key], len(part)) for key, part in zip(batch, parts, strict=True)},
                )
    gone = sorted(set(known) - set(sliced.wanted))
    if gone:
        with database.transaction():
            for table in sliced.tables:
                database.delete(table, {"school_year": school_year, sliced.column: gone})
                record_slices(workplace, school_year, table.name, {}, removed=gone)
    return stale


def _version(family: str, *parts: str) -> str:
    """Return a fingerprint of a family's code and methods and of what else all its slices rest on."""
    return combine(code_fingerprint(f"oko_pipeline.analysis.{family}", *_SHARED_CODE), method_versions(family), *parts)


def analyse_task_quality(workplace: Workplace, school_year: str) -> list[str]:
    """Compute the tables about tasks of the assessments that changed; return these."""
    where = {"school_year": school_year}
    schools = workplace.database.read(SCHOOLS, where)
    options = item_options(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    version = _version("items", repr(options), _schools_fingerprint(schools))
    assessments = {str(row["assessment_id"]): row for row in records(workplace.database.read(ASSESSMENTS, where))}
    tasks = workplace.database.read(TASKS, where)
    wanted = {key: combine(version, inputs) for key, inputs in assessment_inputs(workplace, school_year).items()}

    def job(key: str) -> ItemTask:
        own = tasks[tasks["assessment_id"] == key]
        return ItemTask(school_year, assessments[key], own, schools, options, workplace.settings.restricted_folder)

    def frames(made: ItemTables) -> Sequence[pd.DataFrame]:
        return [getattr(made, table.name) for table in _ITEM_TABLES]

    return _refresh(
        workplace, school_year, Sliced(_ITEM_TABLES, "assessment_id", wanted), job, analyse_items_from_store, frames
    )


def _schools_fingerprint(schools: pd.DataFrame) -> str:
    return frame_fingerprint(schools[["school_code", "municipality_code", "region_code", "settlement_type"]])


def find_skill_deficits(workplace: Workplace, school_year: str) -> list[str]:
    """Find the deficits of skills in the assessments that changed; return these."""
    database = workplace.database
    where = {"school_year": school_year}
    schools = database.read(SCHOOLS, where)
    groups = _groups(workplace, school_year, schools)
    analysis = analysis_options(workplace, school_year)
    described = database.read(TASK_DESCRIPTIONS, {"kind": ["content", "requirement"]})
    titles = described[described["title"].notna()]
    tasks = database.read(TASKS, where)
    version = _version(
        "items",
        code_fingerprint("oko_pipeline.analysis.skill_results", "oko_pipeline.analysis.task_results"),
        repr(analysis),
        _schools_fingerprint(schools),
        frame_fingerprint(groups),
    )
    columns = ["kind", "code", "title", "is_metasubject"]
    codifiers = {
        pair: frame_fingerprint(own[columns]) for pair, own in described.groupby(["paper_grade", "subject_code"])
    }
    wanted: dict[str, str] = {}
    for key, inputs in assessment_inputs(workplace, school_year).items():
        parsed = AssessmentKey.parse(key)
        wanted[key] = combine(version, inputs, codifiers.get((parsed.paper_grade, parsed.subject_code), ""))

    def job(key: str) -> DeficitTask:
        parsed = AssessmentKey.parse(key)
        named = replace(analysis, code_titles=code_titles(titles, parsed))
        options = DeficitOptions(named, _metasubject_codes(described, parsed))
        own = tasks[tasks["assessment_id"] == key]
        return DeficitTask(school_year, key, own, schools, groups, options, workplace.settings.restricted_folder)

    return _refresh(
        workplace,
        school_year,
        Sliced([SKILL_DEFICITS], "assessment_id", wanted),
        job,
        find_deficits_from_store,
        lambda frame: [frame],
    )


def _metasubject_codes(described: pd.DataFrame, key: AssessmentKey) -> frozenset[str] | None:
    own = described[
        (described["kind"] == "requirement")
        & (described["paper_grade"] == key.paper_grade)
        & (described["subject_code"] == key.subject_code)
    ]
    if own["is_metasubject"].isna().all():
        return None
    return frozenset(own.loc[own["is_metasubject"].fillna(value=False).astype(bool), "code"])


def _groups(workplace: Workplace, school_year: str, schools: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of schools: by settlement, by the rules, by statistical cluster where these are made."""
    found = [school_groups(schools)]
    for table_name, column, grouping in (("school_groups", "group_code", "rules"),
                                         ("school_clusters", "cluster_code", "cluster")):  # fmt: skip
        table = TABLES.get(table_name)
        if table is None:
            continue
        rows = workplace.database.read(table, {"school_year": school_year}, ["school_code", column])
        rows = rows[rows[column].notna()].rename(columns={column: "group_code"})
        found.append(rows.assign(grouping=grouping)[["grouping", "group_code", "school_code"]])
    return pd.concat(found, ignore_index=True).astype("str")


def follow_skills(workplace: Workplace, school_year: str) -> bool:
    """Compare the skills of the year with earlier years when any of them changed; tell whether that was done."""
    database = workplace.database
    options = item_options(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    start = int(school_year[:4])
    earlier = [f"{start - back}-{start - back + 1}" for back in range(1, options.dynamics.years_back + 1)]
    years = [*earlier, school_year]
    inputs = combine(
        _version("items", repr(options)), *(slice_fingerprint(workplace, year, SKILL_RESULTS.name) for year in years)
    )
    if database.slice_inputs(school_year, SKILL_DYNAMICS.name).get("year") == inputs:
        return False
    tasks = database.read(TASKS, {"school_year": years})
    made = skill_dynamics(_skill_rows(workplace, [school_year]), _skill_rows(workplace, earlier), tasks, options)
    with database.transaction():
        database.replace(SKILL_DYNAMICS, made, {"school_year": school_year})
        record_slices(workplace, school_year, SKILL_DYNAMICS.name, {"year": (inputs, len(made))})
    return True


def _skill_rows(workplace: Workplace, years: Sequence[str]) -> pd.DataFrame:
    """Read the skills that can be followed: all kinds above schools, in schools skills alone."""
    database = workplace.database
    columns = [name for name in SKILL_RESULTS.column_names if name not in ("red_tasks_count", "is_systemic")]
    above = {"school_year": list(years), "unit_level": ["all", "region", "municipality"], "kind": list(KINDS)}
    schools = {"school_year": list(years), "unit_level": "school", "kind": "skill"}
    return pd.concat([database.read(SKILL_RESULTS, where, columns) for where in (above, schools)], ignore_index=True)


def link_results(workplace: Workplace, school_year: str, *others: pd.DataFrame) -> list[str]:
    """Compute the links that changed; return their groups.

    Args:
        workplace: the stores.
        school_year: the year.
        others: measures of schools from other registers, as `complete_measures` wants them.
    """
    database = workplace.database
    where = {"school_year": school_year}
    options = link_options(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    restricted = workplace.settings.restricted_folder
    conditions = school_conditions(workplace, school_year)
    version = _version("links", repr(options))
    inputs = assessment_inputs(workplace, school_year)
    expected = [f"condition:{one.code}" for one in properties().of_use("expect")]
    model_conditions = conditions[conditions["measure"].isin(expected)]
    assessments = {str(row["assessment_id"]): row for row in records(database.read(ASSESSMENTS, where))}
    same_pupils: dict[str, list[str]] = {}
    for key in sorted(inputs):
        parsed = AssessmentKey.parse(key)
        same_pupils.setdefault(f"pupils:{parsed.campaign_code}:{parsed.paper_grade}", []).append(key)
    summary = {"school_year": school_year, "unit_level": ["all", "school"], "subgroup": "all"}
    measures = complete_measures(
        result_measures(
            database.read(
                RESULT_SUMMARY,
                summary,
                ["assessment_id", "unit_level", "unit_code", "subgroup", "participants_count", "mean_percent"],
            )
        ),
        conditions,
        *others,
    )
    schools = database.read(SCHOOLS, where)
    wanted = {GROUP: combine(version, frame_fingerprint(measures), _schools_fingerprint(schools))}
    wanted |= {group: combine(version, *(inputs[key] for key in keys)) for group, keys in same_pupils.items()}
    known_conditions = frame_fingerprint(model_conditions)
    wanted |= {f"model:{key}": combine(version, part, known_conditions) for key, part in inputs.items()}

    def job(group: str) -> LinkTask:
        if group == GROUP:
            return SchoolLinkTask(measures, schools, options)
        if group in same_pupils:
            return PupilLinkTask(school_year, group, tuple(same_pupils[group]), options, restricted)
        key = group.removeprefix("model:")
        maximum = whole_number(assessments[key]["maximum_score"])
        return ModelTask(school_year, group, key, maximum, model_conditions, options, restricted)

    return _refresh(
        workplace,
        school_year,
        Sliced([RESULT_LINKS], "link_group", wanted),
        job,
        link_from_store,
        lambda frame: [frame],
    )


def school_conditions(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the conditions of schools, as the context of the year knows them, as measures `condition:<property>`."""
    known = YearInputs(workplace, school_year).conditions
    codes = list(known.school_codes)
    frames = [
        pd.DataFrame(
            {
                "unit_code": codes,
                "measure": f"condition:{one.code}",
                "value": known.column(one.code),
                "n": np.nan,
                "title_ru": one.title_ru,
            }
        ).dropna(subset=["value"])
        for one in known.properties
        if one.code not in _MADE_OF_RESULTS
    ]
    return complete_measures(*frames)


def register_measures(workplace: Workplace, school_year: str) -> list[pd.DataFrame]:
    """Return the measures of exams and registers of the year that are linked with results."""
    exams = workplace.database.read(
        EXAM_SUMMARY, {"school_year": school_year, "unit_level": "school", "category": "all"}
    )
    found = [exam_measures(exams)]
    for definition in link_measures().measures:
        rows = read_register(workplace, school_year, definition.table, ["school_code", *definition.columns])
        found.append(register_measure(definition, rows))
    return found


def read_register(workplace: Workplace, school_year: str, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns of a register's rows of the year, from whichever store it stands in."""
    table = any_table(name)
    wanted = list(dict.fromkeys(columns))
    if not table.is_restricted:
        return workplace.database.read(table, {"school_year": school_year}, wanted)
    if not workplace.records.has(school_year, name):
        return table.empty()[wanted]
    return workplace.records.read(school_year, name, wanted)


def agree_experts(workplace: Workplace, school_year: str) -> bool:
    """Measure the agreement of experts who re-checked the same works, when the marks changed; tell whether it did."""
    columns = ["procedure", "recheck_subject", "grade", "task_number", "person_id", "first_score", "second_score"]
    rows = read_register(workplace, school_year, _DOUBLE_MARKED, columns)
    options = link_options(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    inputs = _version("links", repr(options), frame_fingerprint(rows))
    if workplace.database.slice_inputs(school_year, EXPERT_AGREEMENT.name).get("year") == inputs:
        return False
    marks = rows.rename(
        columns={
            "person_id": "work",
            "task_number": "task",
            "first_score": "expert_1_score",
            "second_score": "expert_2_score",
        }
    )
    # Half points are given in no work of ВПР or ГИА; where a register has them, that work was not marked by points.
    names = ["expert_1_score", "expert_2_score"]
    whole = marks.assign(**{name: marks[name].where(marks[name] % 1 == 0) for name in names})
    named = [marks[name].astype("str").fillna("—") for name in ("procedure", "grade", "recheck_subject")]
    procedure = named[0] + ":" + named[1] + ":" + named[2]
    frames = [expert_agreement(str(name), own, options) for name, own in whole.groupby(procedure, sort=True)]
    made = pd.concat(frames, ignore_index=True) if frames else EXPERT_AGREEMENT.empty()
    with workplace.database.transaction():
        workplace.database.replace(EXPERT_AGREEMENT, made, {"school_year": school_year})
        record_slices(workplace, school_year, EXPERT_AGREEMENT.name, {"year": (inputs, len(made))})
    return True


def find_support(workplace: Workplace, school_year: str) -> list[str]:
    """Find the pupils who need help in the campaigns whose works changed; return these campaigns."""
    database = workplace.database
    where = {"school_year": school_year}
    options = support_options(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    restricted = workplace.settings.restricted_folder
    inputs = assessment_inputs(workplace, school_year)
    reliability = database.read(TEST_RELIABILITY, where | {"unit_level": "all"}, ["assessment_id", "sem_score"]).dropna(
        subset=["sem_score"]
    )
    errors = dict(zip(reliability["assessment_id"], reliability["sem_score"], strict=True))
    version = _version("support", repr(options))
    of_campaign: dict[str, list[dict[str, Any]]] = {}
    for row in records(database.read(ASSESSMENTS, where)):
        of_campaign.setdefault(str(row["campaign_code"]), []).append(row)
    wanted = {
        campaign: combine(
            version, *(f"{inputs[str(row['assessment_id'])]}{errors.get(str(row['assessment_id']))}" for row in rows)
        )
        for campaign, rows in of_campaign.items()
    }

    # A file that is gone from the restricted store is written again, whatever the database remembers.
    lost = [campaign for campaign in wanted if not support_path(restricted, school_year, campaign).exists()]
    record_slices(workplace, school_year, SUPPORT_COUNTS.name, {}, removed=lost)

    def job(campaign: str) -> SupportTask:
        return SupportTask(school_year, campaign, tuple(of_campaign[campaign]), errors, options, restricted)

    known = database.slice_inputs(school_year, SUPPORT_COUNTS.name)
    found = _refresh(
        workplace,
        school_year,
        Sliced([SUPPORT_COUNTS], "campaign_code", wanted),
        job,
        find_support_in_store,
        lambda frame: [frame],
    )
    for campaign in set(known) - set(wanted):
        support_path(restricted, school_year, campaign).unlink(missing_ok=True)
    return found


def _registers() -> list[str]:
    """Return the assets of the registers that links read."""
    used = {one.table for one in link_measures().measures} | {_DOUBLE_MARKED}
    return [
        form_asset(form.form_code) for form in record_forms().values() if used & {table.name for table in form.tables}
    ]


def _result(
    workplace: Workplace, school_year: str, tables: Sequence[Table], shown: pd.DataFrame, computed: int
) -> dg.MaterializeResult:
    rows = {
        f"строк в {table.name}": sum(workplace.database.slice_rows(school_year, table.name).values())
        for table in tables
    }
    return dg.MaterializeResult(
        metadata=table_metadata(shown, list(shown.columns))
        | {"dagster/row_count": rows[f"строк в {tables[0].name}"], "посчитано заново": computed, **rows},
        data_version=dg.DataVersion(slice_fingerprint(workplace, school_year, *(table.name for table in tables))),
    )


@dg.asset(
    group_name=GROUP_NAME,
    partitions_def=SCHOOL_YEARS,
    deps=["result_summary", "task_results"],
    description=(
        "Качество заданий: различение, надёжность работы и ошибка измерения, группы по отметкам, слабые задания, "
        "возможные ошибки ключа; различное функционирование по полу и варианту. "
        "Пишет также test_reliability и task_dif."
    ),
    kinds={"table"},
)
def task_quality(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: assessment × unit × task."""
    office, year = workplace.open(), context.partition_key
    computed = analyse_task_quality(office, year)
    shown = office.database.read(
        TEST_RELIABILITY,
        {"school_year": year, "unit_level": "all"},
        ["assessment_id", "works_count", "tasks_count", "alpha", "alpha_low", "alpha_high", "sem_score"],
    )
    return _result(office, year, _ITEM_TABLES, shown, len(computed))


@dg.asset(
    group_name=GROUP_NAME,
    partitions_def=SCHOOL_YEARS,
    deps=["task_results", "skill_results", "school_groups", "school_clusters"],
    description=(
        "Системные дефициты умений (ФИОКО-2026) классов, ОО, групп ОО, муниципалитетов, региона; метапредметные — "
        "по КТ. Пишет также skill_dynamics: те же умения в разные годы, где код и текст кодификатора совпали."
    ),
    kinds={"table"},
)
def skill_deficits(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: assessment × unit or group of schools × skill in systemic deficit."""
    office, year = workplace.open(), context.partition_key
    computed = find_skill_deficits(office, year)
    follow_skills(office, year)
    shown = office.database.read(
        SKILL_DEFICITS,
        {"school_year": year, "unit_level": "all"},
        ["assessment_id", "kind", "skill_title", "red_tasks_count", "tasks_count", "evidence", "solved_share"],
    )
    return _result(office, year, [SKILL_DEFICITS, SKILL_DYNAMICS], shown, len(computed))


@dg.asset(
    group_name=GROUP_NAME,
    partitions_def=SCHOOL_YEARS,
    deps=["result_summary", "school_groups", "exam_summary", *_registers()],
    description=(
        "Связи результатов: работа с работой, с журналом, с условиями и другими показателями ОО; ранговые корреляции "
        "и модели с интервалами, без слов о причинах."
    ),
    kinds={"table"},
)
def result_links(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: pair of measures × observation × statistic."""
    office, year = workplace.open(), context.partition_key
    computed = link_results(office, year, *register_measures(office, year))
    agree_experts(office, year)
    shown = office.database.read(
        RESULT_LINKS,
        {"school_year": year, "link_group": GROUP, "unit_level": "all"},
        ["left_title_ru", "right_title_ru", "estimate", "estimate_low", "estimate_high", "schools_count", "strength"],
    )
    return _result(office, year, [RESULT_LINKS, EXPERT_AGREEMENT], shown, len(computed))


@dg.asset(
    group_name=GROUP_NAME,
    partitions_def=SCHOOL_YEARS,
    deps=[task_quality],
    description=(
        "Обучающиеся, которым нужна помощь: коды — только в закрытом хранилище, для приложения самой ОО. "
        "В базе — числа по ОО (support_counts)."
    ),
    kinds={"parquet"},
)
def pupils_support(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `pupils_support`: a pupil (pseudonym) in a campaign."""
    office, year = workplace.open(), context.partition_key
    computed = find_support(office, year)
    counts = office.database.read(SUPPORT_COUNTS, {"school_year": year})
    names = ["pupils_count", "several_works_count", "persistent_count", "single_count", "prone_count"]
    shown = counts.groupby("campaign_code", as_index=False)[names].sum()
    return _result(office, year, [SUPPORT_COUNTS], shown, len(computed))
