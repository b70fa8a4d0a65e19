"""Registers: filled forms and exports of systems become one table each, by school year.

result_files, schools → records_<form>
"""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from assets.collection import result_files, schools
from assets.harmless_rows import HarmlessRows
from assets.inputs import record_slices
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.record_fragments import files_fingerprint, fragments_of, record_files, school_codes
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.records import RecordForm, record_contracts, record_forms, record_tables
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS
from oko_pipeline.collection.record_assembly import assemble_records
from oko_pipeline.quality import findings_frame
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "collection"


def form_asset(form_code: str) -> str:
    """Return the name of the asset that holds the registers of a form."""
    return f"records_{form_code}"


def assemble_year_records(workplace: Workplace, school_year: str) -> list[str]:
    """Assemble every register whose files or schools changed; return their names."""
    database = workplace.database
    files = record_files(workplace, school_year)
    codes = school_codes(workplace, school_year)
    version = combine(
        code_fingerprint("oko_pipeline.collection.record_assembly", "oko_pipeline.catalogue.records"),
        *(part for pair in sorted(codes.items()) for part in pair),
    )
    harmless = HarmlessRows(workplace, school_year, files, codes)
    made: list[str] = []
    for name, contract in record_contracts().items():
        own = files.get(name, [])
        known = database.slice_inputs(school_year, name).get("year")
        inputs = combine(version, contract.title_ru, files_fingerprint(own), harmless.inputs(name)) if own else None
        if known != inputs:
            _write_register(harmless, contract, own, codes, inputs)
            made.append(name)
    return made


def _write_register(
    harmless: HarmlessRows,
    contract: Table,
    files: Sequence[dict[str, str]],
    codes: dict[str, str],
    inputs: str | None,
) -> None:
    workplace, school_year = harmless.workplace, harmless.school_year
    table = record_tables()[contract.name]
    assembled = assemble_records(contract, table.key, fragments_of(workplace, contract.name, files), school_year, codes)
    rows, refused = harmless.kept(contract.name, assembled.rows)
    database = workplace.database
    origin = f"records:{contract.name}"
    with database.transaction():
        if contract.is_restricted:
            workplace.records.write(school_year, contract.name, rows)
        else:
            database.replace(contract, rows, {"school_year": school_year})
        findings = findings_frame([*assembled.findings, *refused], school_year, origin)
        database.replace(QUALITY_FINDINGS, findings, {"school_year": school_year, "origin": origin})
        slices = {} if inputs is None else {"year": (inputs, len(rows))}
        record_slices(workplace, school_year, contract.name, slices, removed=[] if slices else ["year"])


def _spec(form: RecordForm) -> dg.AssetSpec:
    tables = "; ".join(table.title_ru for table in form.tables)
    return dg.AssetSpec(
        form_asset(form.form_code),
        deps=[result_files, schools],
        description=f"{form.title_ru}: {tables}. {form.origin_ru}.",
        kinds={"excel", "table"},
    )


@dg.multi_asset(
    name="registers",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[_spec(form) for form in record_forms().values()],
)
def registers(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the descriptions of the registers; rows about single people stay in the restricted store."""
    office = workplace.open()
    year = context.partition_key
    made = set(assemble_year_records(office, year))
    for form in record_forms().values():
        counts = [office.database.slice_rows(year, table.name).get("year", 0) for table in form.tables]
        inputs = [office.database.slice_inputs(year, table.name).get("year", "") for table in form.tables]
        shown = pd.DataFrame({"реестр": [table.title_ru for table in form.tables], "строк": counts})
        yield dg.MaterializeResult(
            asset_key=form_asset(form.form_code),
            metadata={
                "dagster/row_count": sum(counts),
                "собрано заново реестров": sum(table.name in made for table in form.tables),
                "реестры": dg.MetadataValue.md(markdown_table(shown)),
            },
            data_version=dg.DataVersion(combine(*inputs)),
        )
