"""Open results: what everybody may see of the year's results, small groups hidden.

result_summary, exam_summary → public_cells
"""

import dagster as dg

from assets.inputs import frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import table_metadata
from assets.partitions import SCHOOL_YEARS
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.public.public_cells import METHOD_ID, PublicSources, public_cells
from oko_pipeline.catalogue.methods import method_versions, parameters
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_exams import EXAM_SUMMARY
from oko_pipeline.catalogue.tables_public import PUBLIC_CELLS
from oko_pipeline.statistics.suppression import SuppressionOptions
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

_SLICE = "year"


def suppression_options(workplace: Workplace) -> SuppressionOptions:
    """Return what open tables must keep, from the settings and the method's parameters."""
    own = parameters(METHOD_ID, workplace.settings.method_overrides)
    return SuppressionOptions(workplace.settings.public_hide_below, own["one_sided_below"], own["protection"])


def write_public_cells(workplace: Workplace, school_year: str) -> bool:
    """Choose anew what is hidden when the results changed; tell whether it was chosen anew."""
    database = workplace.database
    options = suppression_options(workplace)
    schools = database.read(SCHOOLS, {"school_year": school_year}, ["school_code", "municipality_code"])
    inputs = combine(
        code_fingerprint("oko_pipeline.analysis.public", "oko_pipeline.statistics.suppression"),
        method_versions("public"),
        repr(options),
        frame_fingerprint(schools),
        slice_fingerprint(workplace, school_year, RESULT_SUMMARY.name, EXAM_SUMMARY.name),
    )
    if database.slice_inputs(school_year, PUBLIC_CELLS.name).get(_SLICE) == inputs:
        return False
    own_schools = {"school_year": school_year, "unit_level": "school"}
    sources = PublicSources(
        database.read(RESULT_SUMMARY, own_schools | {"subgroup": "all"}),
        database.read(EXAM_SUMMARY, own_schools | {"category": "all"}),
        schools,
    )
    cells = public_cells(sources, school_year, options)
    with database.transaction():
        database.replace(PUBLIC_CELLS, cells, {"school_year": school_year})
        record_slices(workplace, school_year, PUBLIC_CELLS.name, {_SLICE: (inputs, len(cells))})
    return True


@dg.asset(
    name=PUBLIC_CELLS.name,
    group_name="analysis",
    partitions_def=SCHOOL_YEARS,
    deps=[RESULT_SUMMARY.name, EXAM_SUMMARY.name],
    description=(
        "Результаты ВПР, ОГЭ и ЕГЭ для публикации: малые группы скрыты, и скрытое нельзя получить вычитанием. "
        "Открытые документы берут числа только отсюда; почему группа скрыта, видно в столбце state."
    ),
    kinds={"table"},
)
def public_results(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """A row a work or exam, unit and step of results."""
    office = workplace.open()
    year = context.partition_key
    write_public_cells(office, year)
    cells = office.database.read(PUBLIC_CELLS, {"school_year": year})
    groups = cells.drop_duplicates(["result_id", "unit_level", "unit_code"])
    counted = groups.groupby(["unit_level", "state"]).size().rename("групп").reset_index()
    return dg.MaterializeResult(
        metadata=table_metadata(counted, list(counted.columns)) | {"dagster/row_count": len(cells)},
        data_version=dg.DataVersion(slice_fingerprint(office, year, PUBLIC_CELLS.name)),
    )
