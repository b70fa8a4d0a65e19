"""Change over years and risk zones of schools: one slice a school year, from the results of all years up to it.

result_summary → result_dynamics (also result_multiyear, series_breaks)
result_summary, school_groups → risk_zones (risk_signals, risk_cards)
"""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import Metadata, markdown_table, table_metadata
from assets.partitions import SCHOOL_YEARS
from oko_pipeline.analysis.dynamics.observations import NEEDED_COLUMNS
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.analysis.risk.tables import RiskInputs, risk_tables
from oko_pipeline.catalogue.campaigns import school_years
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    PUBLISHED_RESULTS,
    RESULT_SUMMARY,
    SCHOOLS,
    TABLES,
    TASKS,
)
from oko_pipeline.catalogue.tables_dynamics import (
    RESULT_DYNAMICS,
    RESULT_MULTIYEAR,
    RISK_CARDS,
    RISK_SIGNALS,
    SERIES_BREAKS,
)
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "analysis"
DYNAMICS_MADE = (RESULT_DYNAMICS, RESULT_MULTIYEAR, SERIES_BREAKS)
RISK_MADE = (RISK_SIGNALS, RISK_CARDS)
_SLICE = "year"
_GROUPS = "school_groups"


def years_until(school_year: str, count: int) -> list[str]:
    """Return the school years of the catalogue that end with `school_year`, at most `count`."""
    return [year for year in school_years() if year <= school_year][-count:]


def rule_groups(workplace: Workplace, school_year: str, schools: pd.DataFrame) -> pd.DataFrame:
    """Return school_code, group_code and is_excluded: by `school_groups` of the year, else by kind and settlement."""
    table = TABLES.get(_GROUPS)
    if table is not None:
        groups = workplace.database.read(table, {"school_year": school_year})
        if len(groups):
            return groups[["school_code", "group_code", "is_excluded"]]
    latest = schools.sort_values("school_year").drop_duplicates("school_code", keep="last")
    codes = latest["school_kind"] + "|" + latest["settlement_type"].fillna("место неизвестно")
    is_special = latest["school_kind"] == "correctional"
    return pd.DataFrame(
        {"school_code": latest["school_code"], "group_code": codes.mask(is_special), "is_excluded": is_special}
    )


def _inputs(workplace: Workplace, years: Sequence[str], groups: pd.DataFrame, *families: str) -> str:
    """Return the fingerprint of all that the tables of a year depend on, without reading the results."""
    database = workplace.database
    where = {"school_year": list(years)}
    frames = [database.read(table, where) for table in (ASSESSMENTS, TASKS, SCHOOLS)]
    return combine(
        code_fingerprint(
            *(f"oko_pipeline.analysis.{name}" for name in ("dynamics", "risk", "columns")), "oko_pipeline.statistics"
        ),
        method_versions(*families),
        repr(workplace.settings.tier_bounds),
        *(frame_fingerprint(frame) for frame in (*frames, groups)),
        *(slice_fingerprint(workplace, year, RESULT_SUMMARY.name) for year in years),
    )


def _summaries(workplace: Workplace, years: Sequence[str]) -> pd.DataFrame:
    where = {"school_year": list(years), "unit_level": "school"}
    return workplace.database.read(RESULT_SUMMARY, where, list(NEEDED_COLUMNS))


def _write(workplace: Workplace, school_year: str, inputs: str, made: Sequence[tuple[Table, pd.DataFrame]]) -> None:
    database = workplace.database
    with database.transaction():
        for table, frame in made:
            database.replace(table, frame, {"school_year": school_year})
            record_slices(workplace, school_year, table.name, {_SLICE: (inputs, len(frame))})


def write_dynamics(workplace: Workplace, school_year: str) -> bool:
    """Compute the tables of change of a year when anything under them changed; tell whether it did."""
    database = workplace.database
    own = workplace.settings
    options = DynamicsOptions.of_year(school_year, own.method_overrides, own.tier_bounds)
    years = years_until(school_year, max(options.trend_years, len(options.pooling_weights)))
    where = {"school_year": years}
    schools = database.read(SCHOOLS, where)
    groups = rule_groups(workplace, school_year, schools)
    inputs = combine(_inputs(workplace, years, groups, "dynamics"), repr(options))
    if database.slice_inputs(school_year, RESULT_DYNAMICS.name).get(_SLICE) == inputs:
        return False
    tables = dynamics_tables(
        _summaries(workplace, years),
        database.read(ASSESSMENTS, where),
        database.read(TASKS, where),
        schools,
        groups,
        options,
    )
    _write(workplace, school_year, inputs, [(table, getattr(tables, table.name)) for table in DYNAMICS_MADE])
    return True


def write_risk(workplace: Workplace, school_year: str) -> bool:
    """Find the risk zones of a year when anything under them changed; tell whether it did."""
    database = workplace.database
    own = workplace.settings
    options = RiskOptions.of_year(school_year, own.method_overrides, own.tier_bounds)
    years = years_until(school_year, options.window_years)
    where = {"school_year": years}
    schools = database.read(SCHOOLS, where)
    groups = rule_groups(workplace, school_year, schools)
    published = database.read(PUBLISHED_RESULTS, where | {"unit_level": ["country", "region"]})
    inputs = combine(_inputs(workplace, years, groups, "risk"), repr(options), frame_fingerprint(published))
    if database.slice_inputs(school_year, RISK_SIGNALS.name).get(_SLICE) == inputs:
        return False
    tables = risk_tables(
        RiskInputs(
            summaries=_summaries(workplace, years),
            assessments=database.read(ASSESSMENTS, where),
            schools=schools,
            groups=groups,
            published=published,
        ),
        options,
    )
    _write(workplace, school_year, inputs, [(table, getattr(tables, table.name)) for table in RISK_MADE])
    return True


@dg.multi_asset(
    name="dynamics_tables",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[
        dg.AssetSpec(
            RESULT_DYNAMICS.name,
            deps=[RESULT_SUMMARY.name, _GROUPS],
            description=(
                "Динамика: показатель параллели от года к году и положение тех же детей от класса к классу, с "
                "интервалом изменения и выводом; через разрыв ряда сравнения нет."
            ),
            kinds={"table"},
        ),
        dg.AssetSpec(
            RESULT_MULTIYEAR.name,
            deps=[RESULT_SUMMARY.name, _GROUPS],
            description="Свод за три года, сглаженные оценки малых ОО, тренды с интервалами.",
            kinds={"table"},
        ),
        dg.AssetSpec(
            SERIES_BREAKS.name,
            deps=[RESULT_SUMMARY.name],
            description="Разрывы рядов: что изменилось в работе, шкале, кампании, составе ОО и что поэтому несравнимо.",
            kinds={"table"},
        ),
    ],
)
def result_dynamics(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts; a year's rows compare it with the years before."""
    office = workplace.open()
    year = context.partition_key
    is_fresh = write_dynamics(office, year)
    for table in DYNAMICS_MADE:
        rows = office.database.slice_rows(year, table.name).get(_SLICE, 0)
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata={"dagster/row_count": rows, "посчитано заново": is_fresh} | _shown(office, year, table),
            data_version=dg.DataVersion(slice_fingerprint(office, year, table.name)),
        )


def _shown(office: Workplace, year: str, table: Table) -> Metadata:
    if table is SERIES_BREAKS:
        breaks = office.database.read(table, {"school_year": year}, ["view", "assessment_id", "kind", "break_ru"])
        return {"строки": dg.MetadataValue.md(markdown_table(breaks))}
    whole = office.database.read(table, {"school_year": year, "unit_level": "all"})
    value = "value" if table is RESULT_DYNAMICS else "pooled_value"
    columns = ["assessment_id", "indicator_code", "n_count", value, "verdict"]
    return {"строки": dg.MetadataValue.md(markdown_table(whole[columns]))}


@dg.multi_asset(
    name="risk_zones",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[
        dg.AssetSpec(
            RISK_SIGNALS.name,
            deps=[RESULT_SUMMARY.name, _GROUPS],
            description=(
                "Отклонения ОО от всех, от группы, от ориентира и нормы: воронкообразные пределы 95 % и 99,8 %, "
                "разброс между ОО, учёт числа проверок, повторяемость по годам."
            ),
            kinds={"table"},
        ),
        dg.AssetSpec(
            RISK_CARDS.name,
            deps=[RESULT_SUMMARY.name, _GROUPS],
            description="Карточка ОО: факторы риска, доказательства, чего мы не знаем. По коду ОО, без ранжирования.",
            kinds={"table"},
        ),
    ],
)
def risk_zones(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts: school × work × indicator × comparison; school."""
    office = workplace.open()
    year = context.partition_key
    is_fresh = write_risk(office, year)
    where = {"school_year": year}
    signals = office.database.slice_rows(year, RISK_SIGNALS.name).get(_SLICE, 0)
    cards = office.database.read(RISK_CARDS, where)
    shown: dict[str, Metadata] = {
        RISK_SIGNALS.name: {"dagster/row_count": signals},
        RISK_CARDS.name: table_metadata(cards, ["school_code", "zone", "tests_count", "adverse_count"]),
    }
    for table in RISK_MADE:
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata=shown[table.name] | {"посчитано заново": is_fresh},
            data_version=dg.DataVersion(slice_fingerprint(office, year, table.name)),
        )
