"""Programmes: execution of the roadmap, reminders, directions, self-assessment, load of procedures, conflicts.

registers, source_completeness, tables of the analysis → roadmap_execution (also roadmap_levels, roadmap_reminders),
direction_checklist, self_assessment
records_procedures → procedure_load; records_staff_lists, records_objectivity → conflict_of_interest
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import dagster as dg
import pandas as pd

from assets.indicators import table_rows
from assets.inputs import frame_fingerprint, slice_fingerprint
from assets.metadata import Metadata, markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.same_rows import is_made_from, write_rows
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.all_tables import all_tables, any_table, restricted_tables
from oko_pipeline.catalogue.bindings import Target, asset_of_table, bind, binding_rules
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.programme_checks import checklist_lines, criterion_facts
from oko_pipeline.catalogue.programmes import Choice, chosen_programmes
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.sources import WORKS_STORE
from oko_pipeline.catalogue.tables import (
    COVERAGE,
    DOCUMENTS,
    QUALITY_FINDINGS,
    QUALITY_RESULTS,
    SCHOOL_CROSSWALK,
    SCHOOLS,
    SLICES,
)
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.catalogue.tables_programmes import (
    CONFLICT_OF_INTEREST,
    DIRECTION_CHECKLIST,
    PROCEDURE_LOAD,
    PROGRAMME_TABLES,
    ROADMAP_EXECUTION,
    ROADMAP_LEVELS,
    ROADMAP_REMINDERS,
    SELF_ASSESSMENT,
)
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.programmes.conflicts import Appointments, conflicts_of_interest
from oko_pipeline.programmes.directions import direction_checklist as checklist_rows
from oko_pipeline.programmes.evidence import EvidenceBook, Made, indicator_rows
from oko_pipeline.programmes.execution import (
    ExecutionOptions,
    execution,
    levels_side_by_side,
    received_kinds,
    reminders,
)
from oko_pipeline.programmes.load import LoadOptions
from oko_pipeline.programmes.load import procedure_load as load_rows
from oko_pipeline.programmes.self_assessment import self_assessment as assessment_rows
from oko_pipeline.programmes.units import Units
from oko_pipeline.validation.harm_records import REFUSALS
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "analysis"
_SLICE = "year"
_OWN = frozenset(table.name for table in PROGRAMME_TABLES)
_NAMED = ("roadmap_plan", "evidence_documents", "criteria_evidence")
_CONFLICT_TABLES = ("observer_assignments", "observers", "experts", "procedure_schedule")
_UNIT = ["unit_level", "unit_code"]
_OWNER = ["owner_level", "owner_code"]


def chosen(workplace: Workplace) -> tuple[Choice, ...]:
    """Return the programmes that the territory works by."""
    return chosen_programmes(workplace.settings.programmes, workplace.settings.programmes_folder)


def _duty_targets(choices: Iterable[Choice]) -> list[Target]:
    return [t for choice in choices for duty in choice.book.duties for bound in bind(duty) for t in bound.targets]


def _checklist_targets() -> list[Target]:
    return [target for line in checklist_lines() for target in line.targets]


def _criteria_targets() -> list[Target]:
    registers = [Target("table", facts.register) for facts in criterion_facts() if facts.register is not None]
    return [*registers, *(target for facts in criterion_facts() for target in facts.targets)]


def _tables_of_target(target: Target) -> list[str]:
    if target.kind == "table":
        return [target.name]
    if target.kind == "asset":
        return _tables_by_asset().get(target.name, [])
    return []


@cache
def _tables_by_asset() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in (WORKS_STORE, *all_tables(), *restricted_tables()):
        found.setdefault(asset_of_table(name), []).append(name)
    return found


def evidence_book(workplace: Workplace, school_year: str, asked: Sequence[Target]) -> EvidenceBook:
    """Read all that some targets ask for in a school year."""
    names = sorted({name for target in asked for name in _tables_of_target(target)} - _OWN)
    beside = _CONFLICT_TABLES if any(target.name in _OWN for target in asked) else ()
    kept = sorted({*_NAMED, *beside, *(name for name in names if name in record_tables())})
    registers = {name: table_rows(workplace, school_year, name) for name in kept}
    values = workplace.database.read(
        INDICATOR_VALUES, {"school_year": school_year, "state": "computed", "unit_level": ["school", "municipality"]},
        ["indicator_code", *_UNIT],
    )  # fmt: skip
    registers[INDICATOR_VALUES.name] = indicator_rows(values)
    registers[QUALITY_FINDINGS.name] = _refused_rows(workplace, school_year)
    days = _written_days(workplace, school_year)
    made = {name: _made(workplace, school_year, name, days) for name in names if name not in registers}
    made |= _made_beside(workplace, school_year, values, days)
    tables_of = {f"asset:{asset}": [t for t in own if t not in _OWN] for asset, own in _tables_by_asset().items()}
    tables_of |= {f"indicator:{code}": [f"indicator:{code}"] for code in indicators()}
    tables_of |= {f"document:{kind}": [f"document:{kind}"] for kind in document_assets()}
    tables_of |= {t.address: [t.address] for t in asked if t.kind == "check"}
    # What the programmes' own assets show is made of these very registers, one step later.
    tables_of |= {f"asset:{table.name}": list(_NAMED) for table in PROGRAMME_TABLES}
    tables_of[f"asset:{PROCEDURE_LOAD.name}"] = ["procedure_schedule"]
    tables_of[f"asset:{CONFLICT_OF_INTEREST.name}"] = ["observer_assignments", "observers", "experts"]
    schools = workplace.database.read(SCHOOLS, {"school_year": school_year})
    return EvidenceBook(Units.of_schools(schools), registers, made, tables_of)


def _written_days(workplace: Workplace, school_year: str) -> dict[str, str]:
    slices = workplace.database.read(SLICES, {"school_year": school_year}, ["table_name", "written_at"])
    latest = slices.groupby("table_name")["written_at"].max().str[:10]
    return {str(name): str(day) for name, day in latest.items()}


def _made(workplace: Workplace, school_year: str, name: str, days: dict[str, str]) -> Made:
    """Return which units a table of the program is about, reading no more than the columns that name them."""
    if name == WORKS_STORE:
        wrote = workplace.database.read(COVERAGE, {"school_year": school_year}, ["school_code", "participants_count"])
        return _of_schools(wrote.loc[wrote["participants_count"] > 0, "school_code"], days.get(COVERAGE.name, ""))
    table = any_table(name)
    if name in restricted_tables():
        if not workplace.records.has(school_year, name):
            return Made(0, "", None)
        codes = workplace.records.read(school_year, name, ["school_code"])["school_code"]
        return _of_schools(codes, days.get(name, ""))
    known = (_UNIT, _OWNER, ["school_code"], ["school_year"])
    columns = next(one for one in known if set(one) <= set(table.column_names))
    rows = workplace.database.distinct(table, {"school_year": school_year}, columns)
    if columns == ["school_code"]:
        return _of_schools(rows["school_code"], days.get(name, ""))
    if columns == _OWNER:
        rows, columns = rows.rename(columns=dict(zip(_OWNER, _UNIT, strict=True))), _UNIT
    return Made(len(rows), days.get(name, ""), rows if columns == _UNIT else None)


def _of_schools(codes: pd.Series, day: str) -> Made:
    own = codes.dropna().drop_duplicates()
    return Made(len(own), day, pd.DataFrame({"unit_level": "school", "unit_code": own.to_numpy()}))


def _made_beside(workplace: Workplace, school_year: str, values: pd.DataFrame, days: dict[str, str]) -> dict[str, Made]:
    """Return indicators that are computed, documents that are issued, checks that were run."""
    day = days.get(INDICATOR_VALUES.name, "")
    made = {f"indicator:{code}": Made(len(own), day, own[_UNIT]) for code, own in values.groupby("indicator_code")}
    for kind, own in _issued(workplace, school_year).groupby("kind"):
        made[f"document:{kind}"] = Made(len(own), str(own["day"].max()), own[_UNIT])
    for row in _checked(workplace, school_year).itertuples():
        made[f"check:{row.check}"] = Made(1, str(row.day), None)
    return made


def _issued(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the documents of a year: kind, unit, day of the issue."""
    issued = workplace.database.read(DOCUMENTS, {"school_year": school_year}, ["kind", *_UNIT, "rendered_at"])
    days = issued.assign(day=issued["rendered_at"].str[:10])[["kind", *_UNIT, "day"]]
    return days.sort_values(["kind", *_UNIT, "day"], ignore_index=True)


def _checked(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the checks that bindings name and that were run: name, day of the last run.

    Only those: the checks of what is made here run later, and must not make it again.
    """
    columns = ["suite", "table_name", "checked_at"]
    judged = workplace.database.read(QUALITY_RESULTS, {"school_year": school_year}, columns)
    latest = judged.groupby(["suite", "table_name"], as_index=False)["checked_at"].max()
    named = zip(latest["suite"], latest["table_name"], latest["checked_at"].str[:10], strict=True)
    rows = [(name, day) for suite, table, day in named for name in _checks_of(suite, table)]
    return pd.DataFrame(rows, columns=["check", "day"]).sort_values(["check", "day"], ignore_index=True)


def _refused_rows(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the findings about rows refused for harm as rows of a register (a municipality's stop the year)."""
    found = workplace.database.read(
        QUALITY_FINDINGS, {"school_year": school_year, "rule_id": list(REFUSALS)}, ["rule_id", "school_code"]
    ).sort_values(["rule_id", "school_code"], ignore_index=True)
    return found.assign(municipality_code=pd.Series(pd.NA, index=found.index, dtype="str"))


def _checks_of(suite: str, table: str) -> list[str]:
    """Return the checks that a result of quality belongs to: a suite's, or the guard's of the result's name."""
    names = {f"suite_{suite}", table, "no_personal_data" if table.startswith("personal_data") else table}
    bound = {t.name for rule in binding_rules() for t in rule.targets if t.kind == "check"}
    return [name for name in bound if name.partition(".")[2] in names]


def _judged_from(workplace: Workplace, school_year: str, asked: Sequence[Target], *more: str) -> str:
    """Return the fingerprint of all that some targets ask for in a year, and of what else the tables depend on."""
    names = sorted({name for target in asked for name in _tables_of_target(target)} - _OWN)
    schools = workplace.database.read(SCHOOLS, {"school_year": school_year})
    return combine(
        code_fingerprint("oko_pipeline.programmes", "oko_pipeline.catalogue"),
        method_versions("programmes"),
        frame_fingerprint(schools[["school_code", "municipality_code"]]),
        slice_fingerprint(workplace, school_year, *names, *_NAMED, INDICATOR_VALUES.name),
        *more,
    )


def _write(
    workplace: Workplace,
    school_year: str,
    inputs: str,
    tables: Sequence[Table],
    make: Callable[[], Sequence[pd.DataFrame]],
) -> bool:
    """Replace a year's tables unless their inputs are those of last time; tell whether they were made."""
    if is_made_from(workplace, school_year, tables[0], inputs):
        return False
    write_rows(workplace, school_year, inputs, list(zip(tables, make(), strict=True)))
    return True


def write_execution(workplace: Workplace, school_year: str) -> bool:
    """Judge how every duty is executed as of today; tell whether anything had changed."""
    choices = chosen(workplace)
    asked = _duty_targets(choices)
    today = workplace.clock.now().date()
    options = ExecutionOptions.of_year(school_year, today, workplace.settings.method_overrides)
    beside = (*_CONFLICT_TABLES, SOURCE_COMPLETENESS.name)
    inputs = _judged_from(
        workplace,
        school_year,
        asked,
        repr(choices),
        repr(options),
        slice_fingerprint(workplace, school_year, *beside),
        frame_fingerprint(_issued(workplace, school_year)),
        frame_fingerprint(_checked(workplace, school_year)),
    )

    def make() -> Sequence[pd.DataFrame]:
        book = evidence_book(workplace, school_year, asked)
        completeness = workplace.database.read(SOURCE_COMPLETENESS, {"school_year": school_year})
        executed = execution(choices, book, received_kinds(completeness, book.units), options)
        side_by_side = levels_side_by_side(executed, choices, book.units, school_year)
        return executed, side_by_side, reminders(executed, choices, options)

    tables = (ROADMAP_EXECUTION, ROADMAP_LEVELS, ROADMAP_REMINDERS)
    return _write(workplace, school_year, inputs, tables, make)


def write_checklist(workplace: Workplace, school_year: str) -> bool:
    """Fill in the checklist of the nine directions; tell whether anything had changed."""
    choices = chosen(workplace)
    asked = _checklist_targets()
    inputs = _judged_from(workplace, school_year, asked, repr(choices))

    def make() -> Sequence[pd.DataFrame]:
        return (checklist_rows(choices, evidence_book(workplace, school_year, asked), school_year),)

    return _write(workplace, school_year, inputs, (DIRECTION_CHECKLIST,), make)


def write_self_assessment(workplace: Workplace, school_year: str) -> bool:
    """Compare the answers to the 17 criteria with what is known; tell whether anything had changed."""
    asked = _criteria_targets()
    refused = frame_fingerprint(_refused_rows(workplace, school_year))
    inputs = _judged_from(workplace, school_year, asked, refused)

    def make() -> Sequence[pd.DataFrame]:
        return (assessment_rows(evidence_book(workplace, school_year, asked), school_year),)

    return _write(workplace, school_year, inputs, (SELF_ASSESSMENT,), make)


def write_load(workplace: Workplace, school_year: str) -> bool:
    """Check the load of the schedule of procedures; tell whether anything had changed."""
    schools = workplace.database.read(SCHOOLS, {"school_year": school_year})
    options = LoadOptions.load(workplace.settings.method_overrides)
    inputs = combine(
        code_fingerprint("oko_pipeline.programmes.load"),
        repr(options),
        frame_fingerprint(schools[["school_code", "municipality_code"]]),
        slice_fingerprint(workplace, school_year, "procedure_schedule"),
    )

    def make() -> Sequence[pd.DataFrame]:
        schedule = table_rows(workplace, school_year, "procedure_schedule")
        return (load_rows(schedule, schools, school_year, options),)

    return _write(workplace, school_year, inputs, (PROCEDURE_LOAD,), make)


def write_conflicts(workplace: Workplace, school_year: str) -> bool:
    """Look for conflicts of interest of observers and experts; tell whether anything had changed."""
    crosswalk = workplace.database.read(SCHOOL_CROSSWALK, {"school_year": school_year})
    schools = workplace.database.read(SCHOOLS, {"school_year": school_year})
    inputs = combine(
        code_fingerprint("oko_pipeline.programmes.conflicts"),
        frame_fingerprint(crosswalk[["source_key", "school_code"]]),
        frame_fingerprint(schools[["school_code", "school_name"]]),
        slice_fingerprint(workplace, school_year, *_CONFLICT_TABLES),
    )

    def make() -> Sequence[pd.DataFrame]:
        linked = crosswalk.dropna(subset=["school_code"])
        named = schools[schools["is_name_known"].astype(bool)]
        codes = dict(zip(named["school_name"], named["school_code"], strict=True))
        codes |= dict(zip(linked["source_key"], linked["school_code"], strict=True))
        codes |= {code: code for code in schools["school_code"]}
        rows = {name: table_rows(workplace, school_year, name) for name in _CONFLICT_TABLES}
        found = Appointments(
            rows["observer_assignments"], rows["observers"], rows["experts"], rows["procedure_schedule"], codes
        )
        return (conflicts_of_interest(found, school_year),)

    return _write(workplace, school_year, inputs, (CONFLICT_OF_INTEREST,), make)


@cache
def _bound_assets() -> list[str]:
    """Return the assets that the rules of binding name, with those of their tables and indicators."""
    targets = [target for rule in binding_rules() for target in rule.targets]
    tables = {indicators()[one.name].table for one in targets if one.kind == "indicator" and one.name in indicators()}
    tables |= {one.name for one in targets if one.kind == "table"}
    names = {one.name for one in targets if one.kind == "asset"} | {asset_of_table(table) for table in tables}
    names |= {
        document_assets()[one.name] for one in targets if one.kind == "document" and one.name in document_assets()
    }
    return sorted((names | {SOURCE_COMPLETENESS.name, INDICATOR_VALUES.name, *_NAMED_ASSETS}) - _OWN)


_NAMED_ASSETS = tuple(sorted({asset_of_table(name) for name in _NAMED}))


def _result(office: Workplace, year: str, table: Table, shown: Metadata) -> dg.MaterializeResult:
    rows = office.database.slice_rows(year, table.name).get(_SLICE, 0)
    return dg.MaterializeResult(
        asset_key=table.name,
        metadata={"dagster/row_count": rows} | shown,
        data_version=dg.DataVersion(slice_fingerprint(office, year, table.name)),
    )


def _counts(rows: pd.DataFrame, *columns: str) -> Metadata:
    counts = rows.groupby(list(columns), dropna=False).size().rename("строк").reset_index()
    return {"сводка": dg.MetadataValue.md(markdown_table(counts, 60))}


@dg.multi_asset(
    name="programme_execution",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[
        dg.AssetSpec(
            ROADMAP_EXECUTION.name,
            deps=_bound_assets(),
            description=(
                "Исполнение программ: каждая обязанность по ОО и муниципалитетам — обслужена (чем, когда, из чего), "
                "сделана (запись, дата, ссылка), частично, просрочена, срок не наступил, не применимо и почему."
            ),
            kinds={"table"},
        ),
        dg.AssetSpec(
            ROADMAP_LEVELS.name,
            deps=_bound_assets(),
            description="Исполнение программ рядом: состояние муниципалитета и числа его ОО по каждой обязанности.",
            kinds={"table"},
        ),
        dg.AssetSpec(
            ROADMAP_REMINDERS.name,
            deps=_bound_assets(),
            description="Напоминания: что не сделано и скоро по сроку или уже просрочено, и где это отметить.",
            kinds={"table"},
        ),
    ],
)
def roadmap_execution(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts: duty × unit, duty × municipality, duty × unit with a near term."""
    office = workplace.open()
    year = context.partition_key
    write_execution(office, year)
    columns = {
        ROADMAP_EXECUTION.name: ("programme", "unit_level", "state"),
        ROADMAP_LEVELS.name: ("programme", "municipal_state"),
        ROADMAP_REMINDERS.name: ("programme", "unit_level", "state"),
    }
    for table in (ROADMAP_EXECUTION, ROADMAP_LEVELS, ROADMAP_REMINDERS):
        named = columns[table.name]
        rows = office.database.read(table, {"school_year": year}, named)
        yield _result(office, year, table, _counts(rows, *named))


@dg.asset(
    name=DIRECTION_CHECKLIST.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=sorted({asset_of_table(target.name) for target in _checklist_targets()}),
    description=(
        "Девять направлений: цели, объект, показатели, методы, мониторинг, анализ, рекомендации, меры, решения, "
        "эффективность — есть, нет, не применимо, с подтверждением, датой и ссылкой."
    ),
    kinds={"table"},
)
def direction_checklist(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: direction × element × criterion × unit."""
    office = workplace.open()
    write_checklist(office, context.partition_key)
    columns = ("direction", "stage", "answer")
    rows = office.database.read(DIRECTION_CHECKLIST, {"school_year": context.partition_key}, columns)
    return _result(office, context.partition_key, DIRECTION_CHECKLIST, _counts(rows, "stage", "answer"))


@dg.asset(
    name=SELF_ASSESSMENT.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=sorted({asset_of_table(target.name) for target in _criteria_targets()} | set(_NAMED_ASSETS)),
    description=(
        "Самооценка по 17 критериям: ответ, подтверждение, что видно в реестрах, согласуются ли; критерии 10 и 17 — о "
        "том, чего быть не должно."
    ),
    kinds={"table"},
)
def self_assessment(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: criterion × unit."""
    office = workplace.open()
    write_self_assessment(office, context.partition_key)
    rows = office.database.read(SELF_ASSESSMENT, {"school_year": context.partition_key}, ["unit_level", "verdict"])
    return _result(office, context.partition_key, SELF_ASSESSMENT, _counts(rows, "unit_level", "verdict"))


@dg.asset(
    name=PROCEDURE_LOAD.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["records_procedures", "schools", "quality_results"],
    description=(
        "Нагрузка оценочными процедурами: промежутки по предмету, дни, недели, доля года, крайние уроки — по классам; "
        "считаются работы всего класса от 30 минут."
    ),
    kinds={"table"},
)
def procedure_load(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: school × class × rule × place."""
    office = workplace.open()
    write_load(office, context.partition_key)
    rows = office.database.read(PROCEDURE_LOAD, {"school_year": context.partition_key}, ["rule", "is_exceeded"])
    return _result(office, context.partition_key, PROCEDURE_LOAD, _counts(rows, "rule", "is_exceeded"))


@dg.asset(
    name=CONFLICT_OF_INTEREST.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=["records_staff_lists", "records_objectivity", "records_procedures", "schools", "quality_results"],
    description=(
        "Конфликт интересов наблюдателей и экспертов: своя ОО, свой класс, родственник, два места сразу; нехватка "
        "наблюдателей. Только числа, без людей."
    ),
    kinds={"table"},
)
def conflict_of_interest(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: place × procedure × subject × grade × day × role × reason."""
    office = workplace.open()
    write_conflicts(office, context.partition_key)
    rows = office.database.read(CONFLICT_OF_INTEREST, {"school_year": context.partition_key}, ["conflict", "role"])
    return _result(office, context.partition_key, CONFLICT_OF_INTEREST, _counts(rows, "conflict", "role"))
