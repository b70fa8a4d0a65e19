"""Completeness: what each school and municipality gave of every kind of data, what is awaited, who is late.

registers, exam_results, survey_answers, works, quality_findings → source_completeness
"""

from datetime import date

import dagster as dg
import pandas as pd

from assets.indicators import table_rows
from assets.inputs import EVERY_YEAR, file_inputs, frame_fingerprint, record_slices, slice_fingerprint
from assets.metadata import markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.records import form_asset
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.records import record_contracts, record_forms
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.catalogue.tables import FILES, QUALITY_FINDINGS, SCHOOLS
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.validation.completeness import Receipts, completeness, receipt_rows
from oko_pipeline.validation.duties import duties_of_year
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "validation"
_PEOPLE_TABLES = ("exam_results", "admission_works", "survey_answers")
_DUTY_TABLES = ("procedure_schedule", "external_lists")


def write_completeness(workplace: Workplace, school_year: str) -> bool:
    """Judge the year's sources as of today when something came in or a day has passed; tell whether it was done."""
    database = workplace.database
    today = workplace.clock.now().date()
    files = database.read(FILES, {"school_year": [school_year, EVERY_YEAR]})
    schools = database.read(SCHOOLS, {"school_year": school_year})
    findings = database.read(QUALITY_FINDINGS, {"school_year": [school_year, EVERY_YEAR], "severity": "error"})
    names = [*record_contracts(), *_PEOPLE_TABLES, "works"]
    inputs = combine(
        code_fingerprint("oko_pipeline.validation.completeness", "oko_pipeline.validation.duties"),
        repr([kind.model_dump_json() for kind in source_kinds().values()]),
        file_inputs(files),
        frame_fingerprint(schools),
        frame_fingerprint(findings[["finding_id"]]),
        slice_fingerprint(workplace, school_year, *names),
        today.isoformat(),
    )
    if database.slice_inputs(school_year, SOURCE_COMPLETENESS.name).get("year") == inputs:
        return False
    rows = _judge(workplace, school_year, Receipts(files, findings, received_rows(workplace, school_year)), today)
    with database.transaction():
        database.replace(SOURCE_COMPLETENESS, rows, {"school_year": school_year})
        record_slices(workplace, school_year, SOURCE_COMPLETENESS.name, {"year": (inputs, len(rows))})
    return True


def _judge(workplace: Workplace, school_year: str, receipts: Receipts, today: date) -> pd.DataFrame:
    schools = workplace.database.read(SCHOOLS, {"school_year": school_year})
    registers = {name: table_rows(workplace, school_year, name) for name in _DUTY_TABLES}
    registers["noko"] = workplace.database.read(all_tables()["noko"])
    return completeness(school_year, receipts, schools, today, duties_of_year(school_year, schools, registers))


def received_rows(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return how many rows each file brought to each table about each school or municipality."""
    parts = [
        receipt_rows(name, table_rows(workplace, school_year, name)) for name in (*record_contracts(), *_PEOPLE_TABLES)
    ]
    for assessment_id in workplace.works.assessment_ids(school_year):
        rows = workplace.works.read(school_year, assessment_id, ["file_sha256", "school_code"]).rows
        parts.append(receipt_rows("works", rows.assign(assessment_id=assessment_id)))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[
        "quality_findings",
        "works",
        "exam_results",
        "survey_answers",
        *(form_asset(form.form_code) for form in record_forms().values()),
    ],
    description=(
        "Полнота источников: что из 80 видов данных ждали от каждой ОО и муниципалитета, что пришло, что возвращено с "
        "замечаниями, кто опоздал к сроку и чего без этого не будет."
    ),
    kinds={"table"},
)
def source_completeness(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain of `source_completeness`: a kind of data from a school or municipality by one way in."""
    office = workplace.open()
    year = context.partition_key
    write_completeness(office, year)
    rows = office.database.read(SOURCE_COMPLETENESS, {"school_year": year})
    counts = pd.crosstab(rows["kind"], rows["state"]).reset_index()
    titles = {slug: kind.title_ru for slug, kind in source_kinds().items()}
    shown = counts.assign(kind=counts["kind"].map(titles)).rename(columns={"kind": "вид данных"})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "опаздывают": int((rows["state"] == "late").sum()),
            "виды данных": dg.MetadataValue.md(markdown_table(shown, 80)),
        },
        data_version=dg.DataVersion(slice_fingerprint(office, year, SOURCE_COMPLETENESS.name)),
    )
