"""Analysis: tables of results for class, school, municipality, region and all, one slice an assessment.

quality_results (passed) → result_summary, score_distribution, task_results, skill_results
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import dagster as dg
import pandas as pd

from assets.inputs import (
    EVERY_YEAR,
    assessment_inputs,
    frame_fingerprint,
    record_slices,
    records,
    reference_inputs,
    slice_fingerprint,
)
from assets.metadata import table_metadata, territory_results
from assets.partitions import SCHOOL_YEARS
from assets.pool_tasks import AnalyseTask, analyse_from_store
from assets.validation import quality_results
from oko_pipeline.analysis.assessment_tables import AssessmentTables
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.options import AnalysisOptions, ColourThresholds
from oko_pipeline.catalogue.keys import AssessmentKey, previous_school_year
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    FILES,
    QUALITY_FINDINGS,
    RESULT_SUMMARY,
    SCHOOLS,
    SCORE_DISTRIBUTION,
    SKILL_RESULTS,
    TASK_DESCRIPTIONS,
    TASK_RESULTS,
    TASKS,
)
from oko_pipeline.quality import findings_frame
from oko_pipeline.validation.year_rules import check_jumps
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "analysis"
_BATCH = 16
TABLES_MADE = (RESULT_SUMMARY, SCORE_DISTRIBUTION, TASK_RESULTS, SKILL_RESULTS)
_DESCRIPTIONS = {
    "result_summary": (
        "Сводные результаты: участники, средний балл, отметки, базовый и высокий уровень, согласие с журналом; "
        "с интервалами."
    ),
    "score_distribution": "Распределение первичных баллов по ОО, муниципалитетам, региону.",
    "task_results": "Выполнение заданий: решаемость, не приступали, тема не пройдена, зона по уровню сложности.",
    "skill_results": "Достижение планируемых результатов по умениям, КЭС, КТ, уровням; системные дефициты.",
}


def analysis_options(workplace: Workplace, school_year: str) -> AnalysisOptions:
    """Return the thresholds of the settings."""
    own = workplace.settings
    colours = ColourThresholds(
        own.base_green_percent, own.base_red_percent, own.high_green_percent, own.high_red_percent
    )
    return AnalysisOptions(school_year, own.tier_bounds, own.hide_below, colours)


def code_titles(descriptions: pd.DataFrame, key: AssessmentKey) -> dict[tuple[str, str], str]:
    """Return titles of the codifiers' codes for a paper, by (kind, code)."""
    is_own = (descriptions["paper_grade"] == key.paper_grade) & (descriptions["subject_code"] == key.subject_code)
    return {(row["kind"], row["code"]): row["title"] for row in descriptions[is_own].to_dict("records")}


def analyse_year(workplace: Workplace, school_year: str) -> list[str]:
    """Compute the tables of the assessments whose works, scale, tasks or schools changed; return these assessments."""
    database = workplace.database
    where = {"school_year": school_year}
    options = analysis_options(workplace, school_year)
    schools = database.read(SCHOOLS, where)
    version = combine(
        code_fingerprint(
            "oko_pipeline.analysis", "oko_pipeline.statistics", "oko_pipeline.catalogue", "oko_pipeline.works"
        ),
        repr(options),
        reference_inputs(database.read(FILES, {"school_year": [school_year, EVERY_YEAR]})),
        frame_fingerprint(schools[["school_code", "municipality_code", "region_code"]]),
    )
    wanted = {key: combine(version, inputs) for key, inputs in assessment_inputs(workplace, school_year).items()}
    known = database.slice_inputs(school_year, RESULT_SUMMARY.name)
    stale = [key for key, inputs in wanted.items() if known.get(key) != inputs]
    assessments = {str(row["assessment_id"]): row for row in records(database.read(ASSESSMENTS, where))}
    tasks = database.read(TASKS, where)
    titles = database.read(TASK_DESCRIPTIONS, {"kind": ["content", "requirement"]})
    titles = titles[titles["title"].notna()]
    jobs = [
        AnalyseTask(
            school_year,
            assessments[key],
            tasks[tasks["assessment_id"] == key],
            schools,
            replace(
                options,
                code_titles=code_titles(titles, AssessmentKey.parse(key)),
            ),
            workplace.settings.restricted_folder,
        )
        for key in stale
    ]
    analysed = zip(stale, workplace.pool.map(analyse_from_store, jobs), strict=True)
    while batch := dict(islice(analysed, _BATCH)):
        _write_batch(workplace, school_year, batch, wanted)
    gone = sorted(set(known) - set(wanted))
    with database.transaction():
        if stale or gone:
            _write_jumps(workplace, school_year)
        for table in TABLES_MADE:
            if gone:
                database.delete(table, where | {"assessment_id": gone})
            record_slices(workplace, school_year, table.name, {}, removed=gone)
    return stale


def _write_batch(
    workplace: Workplace, school_year: str, batch: Mapping[str, AssessmentTables], wanted: Mapping[str, str]
) -> None:
    """Replace the slices of some assessments in one transaction: a write has a fixed price, a row hardly any."""
    with workplace.database.transaction():
        for table in TABLES_MADE:
            frames = [getattr(tables, table.name) for tables in batch.values()]
            where = {"school_year": school_year, "assessment_id": list(batch)}
            workplace.database.replace(table, pd.concat(frames, ignore_index=True), where)
            made = {key: (wanted[key], len(frame)) for key, frame in zip(batch, frames, strict=True)}
            record_slices(workplace, school_year, table.name, made)


def _write_jumps(workplace: Workplace, school_year: str) -> None:
    """Find results that jumped since last year; it takes the tables of both years, so it follows the analysis."""
    database = workplace.database
    before = database.read(RESULT_SUMMARY, {"school_year": previous_school_year(school_year)})
    jumps = check_jumps(database.read(RESULT_SUMMARY, {"school_year": school_year}), before)
    where = {"school_year": school_year, "origin": "jumps"}
    database.replace(QUALITY_FINDINGS, findings_frame(jumps, school_year, "jumps"), where)


@dg.multi_asset(
    name="result_tables",
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    specs=[
        dg.AssetSpec(table.name, deps=[quality_results], description=_DESCRIPTIONS[table.name], kinds={"table"})
        for table in TABLES_MADE
    ],
)
def result_tables(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts. One pass over an assessment's works makes all four tables."""
    office = workplace.open()
    year = context.partition_key
    analysed = analyse_year(office, year)
    for table in TABLES_MADE:
        whole = office.database.read(table, {"school_year": year, "unit_level": "all"})
        columns = [name for name in table.key if name != "school_year"]
        columns += [
            name for name in ("participants_count", "mean_percent", "solved_share", "share") if name in whole.columns
        ]
        rows = sum(office.database.slice_rows(year, table.name).values())
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata=table_metadata(whole, columns)
            | {"dagster/row_count": rows, "посчитано заново работ": len(analysed)}
            | (territory_results(whole) if table is RESULT_SUMMARY else {}),
            data_version=dg.DataVersion(slice_fingerprint(office, year, table.name)),
        )
