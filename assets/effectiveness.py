"""Effects of measures, conclusions of the year, and the opening of a year by the conclusions of the one before.

records_management, indicator_values, result_summary, series_breaks, comparable_schools → measure_effects
measure_effects, records_management, indicator_values → year_conclusions
year_conclusions of the year before, records_management → next_year_openings
"""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.records import form_asset
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_context import COMPARABLE_SCHOOLS, SCHOOL_CLUSTERS, SCHOOL_GROUPS
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_effects import MEASURE_EFFECT_SCHOOLS, MEASURE_EFFECTS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import likeness
from oko_pipeline.effectiveness.effects import EffectInputs, measure_effects
from oko_pipeline.effectiveness.measures import Measure, read_measures
from oko_pipeline.effectiveness.observations import SUMMARY_COLUMNS, VALUE_COLUMNS, Sources
from oko_pipeline.effectiveness.options import EffectOptions, year_before
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "effectiveness"
MANAGEMENT = form_asset("management")
_SLICE = "year"
_MEASURES = "measures"
_EFFECTS_MADE = (MEASURE_EFFECTS, MEASURE_EFFECT_SCHOOLS)
_SOURCES = (INDICATOR_VALUES, RESULT_SUMMARY, SERIES_BREAKS)
_LIKENESS = (SCHOOL_GROUPS, SCHOOL_CLUSTERS, COMPARABLE_SCHOOLS)


def _version() -> str:
    return combine(
        code_fingerprint("oko_pipeline.effectiveness", "oko_pipeline.statistics", "oko_pipeline.catalogue.indicators"),
        method_versions("effectiveness"),
    )


def _write(workplace: Workplace, school_year: str, inputs: str, made: Sequence[tuple[Table, pd.DataFrame]]) -> None:
    database = workplace.database
    with database.transaction():
        for table, frame in made:
            database.replace(table, frame, {"school_year": school_year})
            record_slices(workplace, school_year, table.name, {_SLICE: (inputs, len(frame))})


def write_effects(workplace: Workplace, school_year: str) -> bool:
    """Judge the measures of a year when anything under them changed; tell whether they were judged."""
    database = workplace.database
    options = EffectOptions.of_year(school_year, workplace.settings.method_overrides, workplace.settings.tier_bounds)
    years = [year_before(school_year, back) for back in range(options.maximum_years_back, -1, -1)]
    schools = database.read(SCHOOLS, {"school_year": years})
    inputs = combine(
        _version(),
        repr(options),
        repr([one.model_dump_json() for one in indicators().values()]),
        frame_fingerprint(schools[["school_year", "school_code", "municipality_code"]]),
        slice_fingerprint(workplace, school_year, *(table.name for table in _LIKENESS)),
        *(slice_fingerprint(workplace, year, _MEASURES, *(table.name for table in _SOURCES)) for year in years),
    )
    if database.slice_inputs(school_year, MEASURE_EFFECTS.name).get(_SLICE) == inputs:
        return False
    register = database.read(all_tables()[_MEASURES], {"school_year": years})
    measures = {
        year: read_measures(
            register[register["school_year"] == year],
            schools[schools["school_year"] == year],
            options.default_indicator,
        )
        for year in years
    }
    own = measures.pop(school_year)
    where = {"school_year": school_year}
    tables = measure_effects(
        EffectInputs(
            own,
            measures,
            indicators(),
            _sources(workplace, years, own),
            likeness(*(database.read(table, where) for table in _LIKENESS)),
        ),
        options,
    )
    _write(workplace, school_year, inputs, [(table, getattr(tables, table.name)) for table in _EFFECTS_MADE])
    return True


def _sources(workplace: Workplace, years: Sequence[str], measures: Sequence[Measure]) -> Sources:
    """Return the rows that the measures ask for; a year without measures reads nothing."""
    read = workplace.database.read
    codes = sorted({one.indicator_code for one in measures if one.indicator_code is not None})
    schools = {"school_year": list(years), "unit_level": "school"}
    return Sources(
        read(INDICATOR_VALUES, schools | {"indicator_code": codes}, VALUE_COLUMNS),
        read(RESULT_SUMMARY, schools | {"subgroup": "all"} if codes else {"school_year": []}, SUMMARY_COLUMNS),
        read(SERIES_BREAKS, {"school_year": list(years)}),
    )


def _result(workplace: Workplace, school_year: str, table: Table, shown: pd.DataFrame) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": workplace.database.slice_rows(school_year, table.name).get(_SLICE, 0),
            "строки": dg.MetadataValue.md(markdown_table(shown)),
        },
        data_version=dg.DataVersion(slice_fingerprint(workplace, school_year, table.name)),
    )


@dg.asset(
    name=MEASURE_EFFECTS.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[
        MANAGEMENT,
        *(table.name for table in (*_SOURCES, SCHOOL_CLUSTERS, COMPARABLE_SCHOOLS)),
    ],
    description=(
        "Эффективность мер: целевой показатель до и после против сопоставимых ОО с тем же стартом, интервал, вывод "
        "(действенна, частично, не действенна, нельзя сказать) и предлагаемое решение. Год без мер даёт пустую таблицу."
    ),
    kinds={"table"},
)
def effects_of_measures(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `measure_effects`: a measure and its target indicator; the schools stand in `measure_effect_schools`."""
    office = workplace.open()
    year = context.partition_key
    write_effects(office, year)
    columns = ["measure_id", "indicator_code", "effect", "effect_low", "effect_high", "verdict", "proposed_decision"]
    return _result(office, year, MEASURE_EFFECTS, office.database.read(MEASURE_EFFECTS, {"school_year": year}, columns))
