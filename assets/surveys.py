"""Surveys: answers of a year are gathered in the restricted store, results by question and scale go to the database.

result_files, schools → survey_answers → survey_results
"""

import dagster as dg

from assets.collection import result_files, schools
from assets.inputs import record_slices
from assets.metadata import Metadata, markdown_table
from assets.partitions import SCHOOL_YEARS
from assets.record_fragments import files_fingerprint, fragments_of, record_files, school_codes
from assets.validation import quality_results
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.surveys.options import SurveyOptions
from oko_pipeline.analysis.surveys.survey_reliability import reliability_findings, survey_reliability
from oko_pipeline.analysis.surveys.survey_results import survey_results as results_of
from oko_pipeline.catalogue.methods import method_versions
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS, SCHOOLS
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS, SURVEY_RELIABILITY, SURVEY_RESULTS
from oko_pipeline.collection.survey_assembly import assemble_answers
from oko_pipeline.quality import findings_frame
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

_SLICE = "year"


def assemble_year_answers(workplace: Workplace, school_year: str) -> bool:
    """Gather the answers of a year in the restricted store; tell whether anything changed."""
    files = record_files(workplace, school_year).get(SURVEY_ANSWERS.name, [])
    codes = school_codes(workplace, school_year)
    version = combine(
        code_fingerprint("oko_pipeline.collection.survey_assembly", "oko_pipeline.catalogue.tables_surveys"),
        *(part for pair in sorted(codes.items()) for part in pair),
    )
    inputs = combine(version, files_fingerprint(files)) if files else None
    if workplace.database.slice_inputs(school_year, SURVEY_ANSWERS.name).get(_SLICE) == inputs:
        return False
    fragments = fragments_of(workplace, SURVEY_ANSWERS.name, files)
    assembled = assemble_answers(fragments, school_year, codes)
    workplace.records.write(school_year, SURVEY_ANSWERS.name, assembled.rows)
    origin = f"records:{SURVEY_ANSWERS.name}"
    with workplace.database.transaction():
        findings = findings_frame(assembled.findings, school_year, origin)
        workplace.database.replace(QUALITY_FINDINGS, findings, {"school_year": school_year, "origin": origin})
        made = {} if inputs is None else {_SLICE: (inputs, len(assembled.rows))}
        record_slices(workplace, school_year, SURVEY_ANSWERS.name, made, removed=[] if made else [_SLICE])
    return True


def analyse_year_surveys(workplace: Workplace, school_year: str) -> bool:
    """Compute the results and the reliability of scales of a year; tell whether anything changed."""
    database = workplace.database
    where = {"school_year": school_year}
    schools_frame = database.read(SCHOOLS, where)
    source = database.slice_inputs(school_year, SURVEY_ANSWERS.name).get(_SLICE)
    places = schools_frame[["school_code", "municipality_code", "region_code"]].sort_values("school_code")
    inputs = None
    if source is not None:
        described = code_fingerprint(
            "oko_pipeline.analysis.surveys", "oko_pipeline.catalogue", "oko_pipeline.statistics"
        )
        inputs = combine(source, described, method_versions("surveys"), places.to_csv(index=False))
    if database.slice_inputs(school_year, SURVEY_RESULTS.name).get(_SLICE) == inputs:
        return False
    options = SurveyOptions.of()
    answers = SURVEY_ANSWERS.empty()
    if source is not None:
        answers = SURVEY_ANSWERS.conform(workplace.records.read(school_year, SURVEY_ANSWERS.name))
    results = results_of(answers, schools_frame, questionnaires(), school_year, options)
    reliability = survey_reliability(answers, questionnaires(), school_year, options)
    origin = f"analysis:{SURVEY_RESULTS.name}"
    with database.transaction():
        database.replace(SURVEY_RESULTS, results, where)
        database.replace(SURVEY_RELIABILITY, reliability, where)
        findings = findings_frame(reliability_findings(reliability, questionnaires()), school_year, origin)
        database.replace(QUALITY_FINDINGS, findings, where | {"origin": origin})
        made = {} if inputs is None else {_SLICE: (inputs, len(results))}
        record_slices(workplace, school_year, SURVEY_RESULTS.name, made, removed=[] if made else [_SLICE])
    return True


@dg.asset(
    group_name=SURVEY_ANSWERS.stage,
    partitions_def=SCHOOL_YEARS,
    deps=[result_files, schools],
    description=(
        "Ответы на анкеты года: выгрузки форм и таблицы бумажных анкет, повторы учтены один раз. "
        "Свободный текст и контакты не хранятся."
    ),
    kinds={"parquet"},
)
def survey_answers(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a response × question × chosen answer; the restricted store only."""
    office = workplace.open()
    year = context.partition_key
    changed = assemble_year_answers(office, year)
    inputs = office.database.slice_inputs(year, SURVEY_ANSWERS.name).get(_SLICE, "")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": office.database.slice_rows(year, SURVEY_ANSWERS.name).get(_SLICE, 0),
            "собрано заново": changed,
        },
        data_version=dg.DataVersion(inputs),
    )


@dg.asset(
    group_name=SURVEY_RESULTS.stage,
    partitions_def=SCHOOL_YEARS,
    deps=[survey_answers, schools, quality_results],
    description=(
        "Результаты анкетирования: доли ответов и средние по вопросам и шкалам, по единицам и группам респондентов, "
        "с интервалами; надёжность шкал с предупреждением о неверном ключе."
    ),
    kinds={"table"},
)
def survey_results(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: questionnaire × question or scale × answer × unit × group; also writes `survey_reliability`."""
    office = workplace.open()
    year = context.partition_key
    analyse_year_surveys(office, year)
    reliability = office.database.read(SURVEY_RELIABILITY, {"school_year": year})
    scales = reliability.loc[
        reliability["question_code"] == "", ["questionnaire_code", "scale_code", "alpha", "warning"]
    ]
    metadata: Metadata = {
        "dagster/row_count": office.database.slice_rows(year, SURVEY_RESULTS.name).get(_SLICE, 0),
        "надёжность шкал": dg.MetadataValue.md(markdown_table(scales)),
    }
    inputs = office.database.slice_inputs(year, SURVEY_RESULTS.name).get(_SLICE, "")
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(inputs))
