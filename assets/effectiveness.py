"""Effects of measures, conclusions of the year, and the opening of a year by the conclusions of the one before.

records_management, indicator_values, result_summary, series_breaks, comparable_schools → measure_effects
measure_effects, records_management, indicator_values, recommendations → year_conclusions
year_conclusions of the year before, records_management → next_year_openings
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.records import form_asset
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.campaigns import school_years
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_context import COMPARABLE_SCHOOLS, SCHOOL_CLUSTERS, SCHOOL_GROUPS
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATIONS
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_effects import (
    MEASURE_EFFECT_SCHOOLS,
    MEASURE_EFFECTS,
    NEXT_YEAR_OPENINGS,
    YEAR_CONCLUSIONS,
)
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import likeness
from oko_pipeline.effectiveness.conclusions import ReviewInputs, year_conclusions
from oko_pipeline.effectiveness.effects import EffectInputs, measure_effects
from oko_pipeline.effectiveness.measures import Measure, read_measures
from oko_pipeline.effectiveness.observations import SUMMARY_COLUMNS, VALUE_COLUMNS, Sources
from oko_pipeline.effectiveness.openings import REGISTER_OF, OpeningInputs, next_year_openings
from oko_pipeline.effectiveness.options import EffectOptions, year_before
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "effectiveness"
MANAGEMENT = form_asset("management")
_SLICE = "year"
_MEASURES = "measures"
_REGISTERS = (_MEASURES, "roadmap_plan", "indicator_changes", "recommendations_log")
_REVIEWED = (MEASURE_EFFECTS, INDICATOR_VALUES, RECOMMENDATIONS)
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


def write_conclusions(workplace: Workplace, school_year: str) -> bool:
    """Draw the conclusions of a year when anything under them changed; tell whether they were drawn."""
    database = workplace.database
    inputs = combine(
        _version(),
        repr([one.model_dump_json() for one in indicators().values()]),
        slice_fingerprint(workplace, school_year, *(table.name for table in _REVIEWED), *_REGISTERS),
    )
    if database.slice_inputs(school_year, YEAR_CONCLUSIONS.name).get(_SLICE) == inputs:
        return False
    where = {"school_year": school_year}
    registers = {name: database.read(all_tables()[name], where) for name in _REGISTERS}
    made = year_conclusions(
        ReviewInputs(
            school_year=school_year,
            measure_effects=database.read(MEASURE_EFFECTS, where),
            indicator_values=database.read(INDICATOR_VALUES, where | {"indicator_code": _named(registers)}),
            recommendations=database.read(RECOMMENDATIONS, where),
            registry=indicators(),
            **registers,
        )
    )
    _write(workplace, school_year, inputs, [(YEAR_CONCLUSIONS, made)])
    return True


def _named(registers: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the indicators that the plans and registries of a year name."""
    told = pd.concat([registers[name]["indicator_code"] for name in ("roadmap_plan", "indicator_changes")]).dropna()
    return sorted({part.strip() for text in told for part in text.split(";")})


def write_openings(workplace: Workplace, school_year: str) -> bool:
    """Open a year by the conclusions of the one before when anything under them changed; tell whether it did."""
    database = workplace.database
    before = year_before(school_year)
    overrides = workplace.settings.method_overrides
    inputs = combine(
        _version(),
        repr(sorted(overrides.items())),
        slice_fingerprint(workplace, before, YEAR_CONCLUSIONS.name),
        slice_fingerprint(workplace, school_year, *_REGISTERS),
    )
    if database.slice_inputs(school_year, NEXT_YEAR_OPENINGS.name).get(_SLICE) == inputs:
        return False
    conclusions = database.read(YEAR_CONCLUSIONS, {"school_year": before})
    registers = {
        name: database.read(all_tables()[name], {"school_year": school_year}) for name in set(REGISTER_OF.values())
    }
    made = next_year_openings(OpeningInputs(school_year, conclusions, registers), overrides)
    _write(workplace, school_year, inputs, [(NEXT_YEAR_OPENINGS, made)])
    return True


@dg.asset(
    name=YEAR_CONCLUSIONS.name,
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[*(table.name for table in _REVIEWED), MANAGEMENT],
    description=(
        "Выводы года: цели сохранить, поднять или снять, показатели изменить, строки дорожной карты и незаконченные "
        "меры перенести, рекомендации повторить. Решение человека в форме стоит выше предложения программы."
    ),
    kinds={"table"},
)
def conclusions_of_year(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `year_conclusions`: a conclusion about a goal, indicator, row of a plan, measure or recommendation."""
    office = workplace.open()
    year = context.partition_key
    write_conclusions(office, year)
    columns = ["owner_code", "kind", "action", "title", "text_ru"]
    shown = office.database.read(YEAR_CONCLUSIONS, {"school_year": year}, columns)
    return _result(office, year, YEAR_CONCLUSIONS, shown)


_FROM_LAST_YEAR = dg.StaticPartitionMapping(dict(pairwise(school_years())))


@dg.asset(
    name="year_opening",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[dg.AssetDep(conclusions_of_year, partition_mapping=_FROM_LAST_YEAR), MANAGEMENT],
    description=(
        "Открытие года выводами прошлого: что перешло в этот год, до какого числа решить, что уже есть в его формах. "
        "Раздел года зависит от выводов года перед ним."
    ),
    kinds={"table"},
)
def year_opening(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `next_year_openings`: a conclusion of the year before; the first year of the catalogue opens empty."""
    office = workplace.open()
    year = context.partition_key
    write_openings(office, year)
    columns = ["owner_code", "kind", "action", "title", "state", "due_on"]
    shown = office.database.read(NEXT_YEAR_OPENINGS, {"school_year": year}, columns)
    return _result(office, year, NEXT_YEAR_OPENINGS, shown)
