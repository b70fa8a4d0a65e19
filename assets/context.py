"""Analysis: like with like. Groups, clusters, comparable schools, expected results, low and high results.

schools, result_summary → school_groups → school_clusters, comparable_schools, contextual_results → low_results
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
import pandas as pd

from assets.inputs import active_files, frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from oko_pipeline.analysis.context import clusters, comparables, expected, groups, high_results, registers
from oko_pipeline.analysis.context.conditions import (
    Conditions,
    build_conditions,
    nearest_answers,
    with_total_of_grades,
)
from oko_pipeline.analysis.context.options import (
    LEARNING_PAIRS,
    ClusterOptions,
    ComparableOptions,
    GroupOptions,
    HighResultOptions,
    ResidualOptions,
)
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.low_results import flags, procedures, risks, social, support
from oko_pipeline.analysis.low_results.options import MonitoringOptions, RiskOptions, SocialOptions
from oko_pipeline.catalogue import tables_context as made
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.conditions import properties, risk_factors, social_indices
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.catalogue.methods import method_versions, parameters
from oko_pipeline.catalogue.tables import ASSESSMENTS, COVERAGE, FILES, RESULT_SUMMARY, SCHOOL_CONTEXT, SCHOOLS
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "analysis"
_SLICE = "year"
_YEARS = 3
CLUSTER_TABLES = (made.SCHOOL_CLUSTERS, made.CLUSTER_PROFILES, made.CLUSTER_CHOICES)
COMPARABLE_TABLES = (made.COMPARABLE_SCHOOLS, made.COMPARABLE_SUMMARY, made.COMPARABLE_BALANCE)
CONTEXTUAL_TABLES = (made.CONTEXTUAL_RESULTS, made.CONTEXTUAL_MODELS)
LOW_RESULT_TABLES = (
    made.LOW_RESULT_FLAGS,
    made.LOW_RESULT_PROCEDURES,
    made.LOW_RESULT_SENSITIVITY,
    made.SOCIAL_INDEX,
    made.RISK_PROFILE,
    made.HIGH_RESULT_BASE,
    made.LEARNING_PAIRS,
    made.SUPPORT_MONITORING,
)
_CONDITIONS = ("exam_summary", "records_contingent")
"""Assets of other stages that the conditions of schools are read from: they run before."""
OPTIONAL_INPUTS = {
    "social_passport": "социальный паспорт: индекс строится по анкете, часть факторов риска неизвестна",
    "exam_summary": "итоги ОГЭ и ЕГЭ: правила ШНОР применены только к ВПР",
    "external_lists": "официальные перечни ШНОР и ШНСУ: столбцы official_list пусты",
    "enrolment": "контингент: численность взята из анкеты или оценена",
    "school_conditions": "реестр условий ОО: тип, место, оснащение взяты из анкеты",
    "support_programmes": "программы поддержки: мониторинг пуст",
}
"""Tables of other stages that make the result fuller; without them it says what is missing."""


@dataclass(frozen=True)
class YearInputs:
    """What the tables of a year are made from, read when asked for."""

    workplace: Workplace
    school_year: str

    @property
    def overrides(self) -> Mapping[str, Any]:
        """The territory's own parameters of methods."""
        return self.workplace.settings.method_overrides

    @cached_property
    def years(self) -> list[str]:
        """The year and the two before it."""
        return flags.years_back(self.school_year, _YEARS)

    def of_year(self, table: Table) -> pd.DataFrame:
        """Return the year's rows of a table."""
        return self.workplace.database.read(table, {"school_year": self.school_year})

    def optional(self, name: str) -> pd.DataFrame | None:
        """Return the rows of a table of another stage, of the year and two before it; None where there are none."""
        table = all_tables().get(name)
        if table is None:
            return None
        rows = self.workplace.database.read(table, {"school_year": self.years})
        return rows if len(rows) else None

    @cached_property
    def missing(self) -> list[str]:
        """What is not there, in words."""
        return [text for name, text in OPTIONAL_INPUTS.items() if self.optional(name) is None]

    @cached_property
    def schools(self) -> pd.DataFrame:
        """The schools of the year by code."""
        return self.of_year(SCHOOLS)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The rule groups of the year, by code: the same order as `schools`."""
        return self.of_year(made.SCHOOL_GROUPS)

    @cached_property
    def school_context(self) -> pd.DataFrame:
        """The answers of all years' questionnaires in force, older files first."""
        files = active_files(self.workplace.database.read(FILES))
        order = dict(zip(files["file_sha256"], files["submitted_at"].fillna(""), strict=True))
        answers = self.workplace.database.read(SCHOOL_CONTEXT)
        own = answers[answers["file_sha256"].isin(list(order))]
        return own.assign(order=own["file_sha256"].map(order)).sort_values("order", kind="stable").drop(columns="order")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Results of schools over all pupils, of the year and two before it."""
        where = {"school_year": self.years, "unit_level": "school", "subgroup": "all"}
        return self.workplace.database.read(RESULT_SUMMARY, where)

    @cached_property
    def assessments(self) -> pd.DataFrame:
        """The works of the year and two before it."""
        return self.workplace.database.read(ASSESSMENTS, {"school_year": self.years})

    @cached_property
    def procedures(self) -> pd.DataFrame:
        """Works and exams as rules of low results count them."""
        works = procedures.work_procedures(self.summary, self.assessments)
        exams = self.optional("exam_summary")
        if exams is None:
            return works
        return pd.concat([works, procedures.exam_procedures(procedures.exam_counts(exams))], ignore_index=True)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """Answers of the year's registers and of the nearest questionnaire of each school."""
        options = GroupOptions.load(self.overrides)
        nearest = nearest_answers(self.school_context, self.school_year, options.maximum_years_apart)
        readers: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
            "enrolment": registers.enrolment_answers,
            "school_conditions": registers.conditions_answers,
            "social_passport": lambda rows: registers.passport_answers(rows, properties()),
        }
        found = [
            read(rows[rows["school_year"] == rows["school_year"].max()])
            for name, read in readers.items()
            if (rows := self.optional(name)) is not None
        ]
        return registers.joined_answers(with_total_of_grades(nearest), found, self.school_year)

    @cached_property
    def conditions(self) -> Conditions:
        """Values of all properties, in the order of `groups`."""
        now = self.procedures[self.procedures["school_year"] == self.school_year]
        counts = now.groupby("school_code")[["below_minimum_count", "participants_count"]].sum()
        extra = {"below_minimum_share": counts["below_minimum_count"] / counts["participants_count"]}
        return build_conditions(self.groups["school_code"].tolist(), self.answers, properties(), extra)

    @cached_property
    def without_senior(self) -> frozenset[str]:
        """Schools that surely have no grades 10–11; a school whose pupils wrote ЕГЭ has them, whatever it is called."""
        wrote = self.procedures.loc[self.procedures["procedure_code"] == "ege", "school_code"]
        return groups.without_senior_grades(self.schools, self.answers) - frozenset(wrote)

    @cached_property
    def official(self) -> frozenset[str] | None:
        """Schools of the official list of low results of the year (ШНОР); None when no list came."""
        return self.listed("shnor")

    def listed(self, kind: str) -> frozenset[str] | None:
        """Return the schools of the year's external lists of a kind; None when no such list came."""
        lists = self.optional("external_lists")
        if lists is None:
            return None
        own = lists[(lists["school_year"] == self.school_year) & (lists["list_kind"] == kind)]
        in_force = own[own["school_code"].notna() & ~own["is_excluded"].fillna(value=False).astype(bool)]
        return flags.official_schools([in_force["school_code"].tolist()] if len(own) else [])


def version(*modules: str) -> str:
    """Return a fingerprint of the code, data and parameters that make the tables."""
    return combine(
        code_fingerprint("oko_pipeline.analysis.context", "oko_pipeline.analysis.low_results", *modules),
        code_fingerprint("oko_pipeline.statistics", "oko_pipeline.catalogue"),
        method_versions("comparison", "low_results"),
    )


def remember(
    inputs: YearInputs, tables: Sequence[Table], fingerprint: str, make: Callable[[], Sequence[pd.DataFrame]]
) -> bool:
    """Write the tables of a year unless their inputs are those of last time; tell whether they were made anew."""
    workplace, year = inputs.workplace, inputs.school_year
    wanted = combine(version(), repr(sorted(inputs.overrides.items())), fingerprint)
    database = workplace.database
    if all(database.slice_inputs(year, table.name).get(_SLICE) == wanted for table in tables):
        return False
    frames = make()
    with database.transaction():
        for table, frame in zip(tables, frames, strict=True):
            database.replace(table, frame, {"school_year": year})
            record_slices(workplace, year, table.name, {_SLICE: (wanted, len(frame))})
    return True


def make_groups(inputs: YearInputs) -> bool:
    """Make `school_groups` of a year."""
    coverage = inputs.of_year(COVERAGE)
    schools = inputs.schools

    def make() -> list[pd.DataFrame]:
        sizes = coverage["participants_count"] + coverage["absent_count"]
        attendance = sizes[sizes > 0].astype("float64").groupby(coverage["school_code"]).median()
        options = GroupOptions.load(inputs.overrides)
        found = groups.school_groups(schools, inputs.answers, attendance, inputs.school_year, options)
        return [found.sort_values("school_code", ignore_index=True)]

    answers = inputs.answers.reset_index()
    fingerprint = combine(*(frame_fingerprint(one) for one in (schools, answers, coverage)))
    return remember(inputs, [made.SCHOOL_GROUPS], fingerprint, make)


def conditions_fingerprint(inputs: YearInputs) -> str:
    """Return a fingerprint of groups and conditions."""
    values = pd.DataFrame(inputs.conditions.values, columns=[one.code for one in inputs.conditions.properties])
    return combine(frame_fingerprint(inputs.groups), frame_fingerprint(values))


def make_clusters(inputs: YearInputs) -> bool:
    """Make `school_clusters`, `cluster_profiles` and `cluster_choices` of a year."""

    def make() -> list[pd.DataFrame]:
        options = ClusterOptions.load(inputs.overrides)
        found = clusters.school_clusters(inputs.conditions, properties().of_use("cluster"), inputs.groups, options)
        return [getattr(found, table.name) for table in CLUSTER_TABLES]

    return remember(inputs, CLUSTER_TABLES, conditions_fingerprint(inputs), make)


def make_comparables(inputs: YearInputs) -> bool:
    """Make `comparable_schools`, `comparable_summary` and `comparable_balance` of a year."""

    def make() -> list[pd.DataFrame]:
        options = ComparableOptions.load(inputs.overrides)
        found = comparables.comparable_schools(inputs.conditions, properties().of_use("match"), inputs.groups, options)
        return [getattr(found, table.name) for table in COMPARABLE_TABLES]

    return remember(inputs, COMPARABLE_TABLES, conditions_fingerprint(inputs), make)


def make_contextual(inputs: YearInputs) -> bool:
    """Make `contextual_results` and `contextual_models` of a year."""
    year = inputs.school_year

    def make() -> list[pd.DataFrame]:
        found = expected.contextual_results(
            inputs.summary[inputs.summary["school_year"] == year],
            inputs.assessments[inputs.assessments["school_year"] == year],
            inputs.conditions,
            properties().of_use("expect"),
            inputs.groups,
            ResidualOptions.load(inputs.overrides, inputs.workplace.settings.tier_bounds),
        )
        return [getattr(found, table.name) for table in CONTEXTUAL_TABLES]

    fingerprint = combine(
        conditions_fingerprint(inputs),
        slice_fingerprint(inputs.workplace, year, RESULT_SUMMARY.name),
        repr(inputs.workplace.settings.tier_bounds),
    )
    return remember(inputs, CONTEXTUAL_TABLES, fingerprint, make)


def make_low_results(inputs: YearInputs) -> bool:
    """Make the tables of low and high results of a year: `LOW_RESULT_TABLES`."""
    programmes = inputs.optional("support_programmes")
    contextual = inputs.workplace.database.read(
        made.CONTEXTUAL_RESULTS, {"school_year": inputs.years, "scope_kind": "all"}
    )
    fingerprint = combine(
        conditions_fingerprint(inputs),
        frame_fingerprint(inputs.procedures),
        frame_fingerprint(contextual),
        frame_fingerprint(inputs.of_year(made.SCHOOL_CLUSTERS)),
        "none" if programmes is None else frame_fingerprint(programmes),
        repr(None if inputs.official is None else sorted(inputs.official)),
        repr((sorted(inputs.without_senior), inputs.workplace.settings.tier_bounds)),
        repr(inputs.listed("shnsu") and sorted(inputs.listed("shnsu") or ())),
    )
    return remember(inputs, LOW_RESULT_TABLES, fingerprint, lambda: _low_result_frames(inputs, contextual, programmes))


def _low_result_frames(
    inputs: YearInputs, contextual: pd.DataFrame, programmes: pd.DataFrame | None
) -> list[pd.DataFrame]:
    overrides, year, of = inputs.overrides, inputs.school_year, inputs.groups
    schools = flags.SchoolList(
        year,
        tuple(of["school_code"]),
        inputs.official,
        inputs.without_senior,
        frozenset(of.loc[of["is_excluded"], "school_code"]),
        inputs.workplace.settings.tier_bounds,
    )
    rules = low_result_rules()
    low = flags.low_result_tables(inputs.procedures, schools, rules)
    index = social.social_index(
        inputs.conditions, social_indices(), of, SocialOptions.load(overrides), inputs.listed("shnsu")
    )
    risk = risks.risk_profile(inputs.conditions, risk_factors(), of, RiskOptions.load(overrides))
    base = high_results.high_result_base(contextual, index, year, HighResultOptions.load(overrides))
    pairs = high_results.learning_pairs(
        flags.low_codes(low.low_result_flags, rules.rules[0].rule_code),
        base,
        inputs.of_year(made.SCHOOL_CLUSTERS),
        of,
        inputs.conditions,
        properties().of_use("match"),
        number=int(parameters(LEARNING_PAIRS, overrides)["number"]),
        missing=ComparableOptions.load(overrides).missing,
    )
    monitoring = made.SUPPORT_MONITORING.empty()
    if programmes is not None:
        own = programmes[programmes["school_year"] == year]
        monitoring = support.support_monitoring(own, year, inputs.without_senior, MonitoringOptions.load(overrides))
    return [
        low.low_result_flags,
        low.low_result_procedures,
        low.low_result_sensitivity,
        index,
        risk,
        base,
        pairs,
        monitoring,
    ]


def _result(inputs: YearInputs, tables: Sequence[Table], *, is_new: bool, shown: pd.DataFrame) -> dg.MaterializeResult:
    database, year = inputs.workplace.database, inputs.school_year
    rows = {table.name: sum(database.slice_rows(year, table.name).values()) for table in tables}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(rows.values()),
            "посчитано заново": is_new,
            **{f"строк {name}": count for name, count in rows.items()},
            "итог": dg.MetadataValue.md(markdown_table(shown, 40)),
            "чего нет": "; ".join(inputs.missing) or "всё есть",
        },
        data_version=dg.DataVersion(slice_fingerprint(inputs.workplace, year, *(table.name for table in tables))),
    )


def _counts(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return how many rows have each combination of values."""
    return frame.groupby(list(columns), dropna=False).size().rename("строк").reset_index()


@dg.asset(
    name="school_groups",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["schools", "result_summary"],
    description="Группы ОО по правилам: тип, место, численность; особые ОО отдельно, малые ячейки объединены.",
    kinds={"table"},
)
def school_groups(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a school in a school year."""
    inputs = YearInputs(workplace.open(), context.partition_key)
    is_new = make_groups(inputs)
    shown = _counts(inputs.groups, "group_title_ru", "school_type", "type_source")
    return _result(inputs, [made.SCHOOL_GROUPS], is_new=is_new, shown=shown)


@dg.asset(
    name="school_clusters",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[school_groups, *_CONDITIONS],
    description="Статистические кластеры ОО по условиям: центры, устойчивость, пограничные ОО; версия года.",
    kinds={"table"},
)
def school_clusters(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a school in a school year; profiles: cluster × property."""
    inputs = YearInputs(workplace.open(), context.partition_key)
    is_new = make_clusters(inputs)
    shown = _counts(inputs.of_year(made.SCHOOL_CLUSTERS), "state", "cluster_code", "is_borderline")
    return _result(inputs, CLUSTER_TABLES, is_new=is_new, shown=shown)


@dg.asset(
    name="comparable_schools",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[school_groups, *_CONDITIONS],
    description="Сопоставимые ОО: ближайшие по условиям в своей группе, баланс условий, честное «сопоставимых нет».",
    kinds={"table"},
)
def comparable_schools(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a school and one comparable with it."""
    inputs = YearInputs(workplace.open(), context.partition_key)
    is_new = make_comparables(inputs)
    shown = _counts(inputs.of_year(made.COMPARABLE_SUMMARY), "state")
    return _result(inputs, COMPARABLE_TABLES, is_new=is_new, shown=shown)


@dg.asset(
    name="contextual_results",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[school_groups, "result_summary", *_CONDITIONS],
    description="Результаты с поправкой на условия: ожидаемое, остаток с интервалом, выше — как ожидается — ниже.",
    kinds={"table"},
)
def contextual_results(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: campaign × scope × school."""
    inputs = YearInputs(workplace.open(), context.partition_key)
    is_new = make_contextual(inputs)
    shown = _counts(inputs.of_year(made.CONTEXTUAL_RESULTS), "campaign_code", "scope_kind", "verdict")
    return _result(inputs, CONTEXTUAL_TABLES, is_new=is_new, shown=shown)


@dg.asset(
    name="low_results",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[
        school_clusters,
        contextual_results,
        "result_summary",
        *_CONDITIONS,
        "records_external_lists",
        "records_support",
    ],
    description=(
        "ШНОР по наборам правил и чувствительность к порогам, индекс социального благополучия, рисковый профиль, "
        "база высоких результатов в своих условиях, пары «у кого учиться», мониторинг программ поддержки."
    ),
    kinds={"table"},
)
def low_results(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grains as in the contracts of `LOW_RESULT_TABLES`."""
    inputs = YearInputs(workplace.open(), context.partition_key)
    is_new = make_low_results(inputs)
    shown = _counts(inputs.of_year(made.LOW_RESULT_FLAGS), "rule_code", "computed", "official_list")
    return _result(inputs, LOW_RESULT_TABLES, is_new=is_new, shown=shown)
