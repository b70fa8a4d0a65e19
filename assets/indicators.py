"""Indicators: every indicator of the registry for every school, municipality and all, from tables and registers.

result_summary, skill_results, records_…, exam_tables, survey_results → indicator_values
"""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.item_tasks import read_year_support
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.indicators import LEVELS, SITTINGS, IndicatorOptions, indicator_values
from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.contracts import ColumnType, Table
from oko_pipeline.catalogue.indicators import Indicator, indicators
from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables import SCHOOLS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.catalogue.tables_items import PUPILS_SUPPORT
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "analysis"


def table_rows(workplace: Workplace, school_year: str, name: str) -> pd.DataFrame:
    """Return a year's rows of a table of either store; none when the year has none."""
    if name == PUPILS_SUPPORT.name:
        return read_year_support(workplace.settings.restricted_folder, school_year)
    if name in restricted_tables():
        if not workplace.records.has(school_year, name):
            return restricted_tables()[name].empty()
        return workplace.records.read(school_year, name)
    return workplace.database.read(all_tables()[name], {"school_year": school_year})


def indicator_rows(workplace: Workplace, school_year: str, name: str, readers: Sequence[Indicator]) -> pd.DataFrame:
    """Return the rows and columns of a year's table that its indicators `readers` take up."""
    if name in restricted_tables():
        return table_rows(workplace, school_year, name)
    table = all_tables()[name]
    taken = {column for one in readers for column in _columns(one)}
    columns = [column for column in table.column_names if column in taken]
    return workplace.database.read(table, {"school_year": school_year} | _shared_conditions(table, readers), columns)


def _columns(indicator: Indicator) -> set[str]:
    single = {name for name in (indicator.denominator, indicator.deviation) if name is not None}
    named = {*indicator.numerator, *indicator.points, *indicator.where, *indicator.by}
    return {*named, *single, *SITTINGS, "unit_level", "unit_code", "school_code", "municipality_code"}


def _shared_conditions(table: Table, readers: Sequence[Indicator]) -> dict[str, list[str]]:
    """Return what the database can leave out for all readers: a region has a million rows of classes and tasks."""
    found: dict[str, list[str]] = {"unit_level": list(LEVELS)} if "unit_level" in table.column_names else {}
    for column in set.intersection(*(set(one.where) for one in readers)):
        values = sorted({value for one in readers for value in one.where[column]})
        if table.column(column).type is ColumnType.TEXT and not any(value.startswith("~") for value in values):
            found[column] = values
    return found


def write_indicators(workplace: Workplace, school_year: str) -> bool:
    """Compute the year's indicators when a table under them changed; tell whether they were computed."""
    database = workplace.database
    registry = list(indicators().values())
    sources = sorted({one.table for one in registry})
    schools = database.read(SCHOOLS, {"school_year": school_year})
    before = previous_school_year(school_year)
    correlation = parameters("dynamics.change", workplace.settings.method_overrides)["intraclass_correlation"]
    inputs = combine(
        code_fingerprint(
            "oko_pipeline.analysis.indicators", "oko_pipeline.catalogue.indicators", "oko_pipeline.statistics"
        ),
        repr([one.model_dump_json() for one in registry]),
        repr((workplace.settings.tier_bounds, correlation)),
        frame_fingerprint(schools[["school_code", "municipality_code"]]),
        slice_fingerprint(workplace, school_year, *sources),
        slice_fingerprint(workplace, before, INDICATOR_VALUES.name),
    )
    if database.slice_inputs(school_year, INDICATOR_VALUES.name).get("year") == inputs:
        return False
    options = IndicatorOptions(
        school_year,
        workplace.settings.tier_bounds,
        database.read(INDICATOR_VALUES, {"school_year": before}),
        correlation,
    )
    tables = {
        name: indicator_rows(workplace, school_year, name, [one for one in registry if one.table == name])
        for name in sources
    }
    values = indicator_values(registry, tables, schools, options)
    with database.transaction():
        database.replace(INDICATOR_VALUES, values, {"school_year": school_year})
        record_slices(workplace, school_year, INDICATOR_VALUES.name, {"year": (inputs, len(values))})
    return True


def asset_of(table: str) -> str:
    """Return the asset that holds a table: registers are held by their form's asset."""
    from assets.records import form_asset  # noqa: PLC0415
    from oko_pipeline.catalogue.records import record_forms  # noqa: PLC0415

    for form in record_forms().values():
        if any(one.name == table for one in form.tables):
            return form_asset(form.form_code)
    return table


@dg.asset(
    name="indicator_values",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=sorted({asset_of(one.table) for one in indicators().values()}),
    description=(
        "Показатели девяти направлений для ОО, муниципалитетов и всех ОО: значение, интервал, численность, норма, "
        "изменение за год. Реестр показателей — в каталоге; показатели без данных видны как «нет данных»."
    ),
    kinds={"table"},
)
def indicator_table(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `indicator_values`: an indicator of a unit in a year."""
    office = workplace.open()
    year = context.partition_key
    write_indicators(office, year)
    whole = office.database.read(INDICATOR_VALUES, {"school_year": year, "unit_level": "all"})
    titles = {code: one.title_ru for code, one in indicators().items()}
    told = whole[whole["state"] == "computed"]
    shown = pd.DataFrame({"показатель": told["indicator_code"].map(titles), "значение": told["value"], "n": told["n"]})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": office.database.slice_rows(year, INDICATOR_VALUES.name).get("year", 0),
            "посчитано показателей": len(told),
            "нет данных": int((whole["state"] == "no_data").sum()),
            "показатели": dg.MetadataValue.md(markdown_table(shown, 60)),
        },
        data_version=dg.DataVersion(slice_fingerprint(office, year, INDICATOR_VALUES.name)),
    )
