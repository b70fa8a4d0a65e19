"""Exams: protocols, appeals, tables of schools, scales and admission of a year; then their summaries, exam by exam.

result_files, schools → exam_results, exam_appeals, admission_works, exam_school_results, exam_cross_foot, exam_scales
exam_results, admission_works → exam_summary, exam_task_results, exam_form_shares, admission_results, medallist_results
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from assets.collection import result_files, schools
from assets.inputs import EVERY_YEAR, frame_fingerprint, record_slices
from assets.metadata import table_metadata
from assets.partitions import SCHOOL_YEARS
from assets.record_fragments import files_fingerprint, fragments_of, record_files, school_codes
from assets.records import form_asset
from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.analysis.exams.participation import admission_results, exam_form_shares, medallist_results
from oko_pipeline.analysis.exams.summary import exam_summary
from oko_pipeline.analysis.exams.tasks import exam_task_results
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS, SCHOOL_MENTIONS, SCHOOLS
from oko_pipeline.catalogue.tables_exams import (
    ADMISSION_RESULTS,
    ADMISSION_WORKS,
    EXAM_APPEALS,
    EXAM_CROSS_FOOT,
    EXAM_FORM_SHARES,
    EXAM_RESULTS,
    EXAM_SCALES,
    EXAM_SCHOOL_RESULTS,
    EXAM_SUMMARY,
    EXAM_TASK_RESULTS,
    MEDALLIST_RESULTS,
)
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINKS
from oko_pipeline.collection.exam_assembly import (
    ExamAssemblyOptions,
    ExamFragments,
    assemble_admission,
    assemble_exams,
    assemble_school_tables,
)
from oko_pipeline.collection.exam_scales_build import build_scales, check_own_scales
from oko_pipeline.collection.layouts.exam_mentions import name_mentions
from oko_pipeline.collection.school_links import link_mentions
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

COLLECTED = (EXAM_RESULTS, EXAM_APPEALS, ADMISSION_WORKS, EXAM_SCHOOL_RESULTS, EXAM_CROSS_FOOT, EXAM_SCALES)
BY_EXAM = (EXAM_SUMMARY, EXAM_TASK_RESULTS)
BY_YEAR = (EXAM_FORM_SHARES, ADMISSION_RESULTS, MEDALLIST_RESULTS)
MEDALS_FORM = "exam_summary"
MEDALLISTS = "medal_candidates"
"""Register of medals: its `person_id` is the `pupil_id` of exams where both have the document."""
RIS_PARTS = "ris_parts"
_ORIGIN = "exams"
_YEAR_SLICE = "year"
_DESCRIPTIONS = {
    "exam_results": "Результаты ЕГЭ, ОГЭ, ГВЭ под псевдонимами: апелляции внесены, засчитанные участия отмечены.",
    "exam_appeals": "Апелляции и перепроверки: что было, что стало, внесено ли в результат.",
    "admission_works": "Итоговое сочинение и собеседование участников под псевдонимами.",
    "exam_school_results": "ЕГЭ по ОО и предметам из готовых таблиц: участники, ниже порога, 80–99, 100, средний балл.",
    "exam_cross_foot": "Итоги готовых таблиц, которые не сходятся со своими строками, с ячейкой.",
    "exam_scales": "Шкалы экзаменов года по всем источникам; спорные значения отмечены.",
    "exam_summary": "Итоги экзаменов: средние, группы баллов, отметки, успеваемость и качество с интервалами.",
    "exam_task_results": "Выполнение заданий экзаменов по маскам протоколов, по группам результата.",
    "exam_form_shares": "Доли ОГЭ и ЕГЭ и ГВЭ среди участников ГИА.",
    "admission_results": "Допуск к ГИА: зачёты за сочинение и собеседование.",
    "medallist_results": "ЕГЭ медалистов, если сдан реестр медалей.",
}


def assemble_exam_year(workplace: Workplace, school_year: str) -> bool:
    """Assemble all exam tables of a year when its files, schools or rules changed; tell whether they did."""
    database = workplace.database
    files = record_files(workplace, school_year)
    codes = _codes(workplace, school_year, files.get(EXAM_SCHOOL_RESULTS.name, []))
    options = ExamAssemblyOptions.of(workplace.settings.method_overrides)
    names = (*(table.name for table in COLLECTED), RIS_PARTS)
    inputs = combine(
        code_fingerprint(
            "oko_pipeline.collection", "oko_pipeline.catalogue.exams", "oko_pipeline.catalogue.tables_exams"
        ),
        repr(options),
        *(part for pair in sorted(codes.items()) for part in pair),
        *(files_fingerprint(files.get(name, [])) for name in names),
    )
    if database.slice_inputs(school_year, EXAM_SCALES.name).get(_YEAR_SLICE) == inputs:
        return False
    found = {name: fragments_of(workplace, name, files.get(name, [])) for name in names}
    parts = ExamFragments(found[EXAM_RESULTS.name], found[EXAM_APPEALS.name], found[RIS_PARTS])
    exams = assemble_exams(parts, school_year, codes, options)
    works, of_works = assemble_admission(found[ADMISSION_WORKS.name], school_year, codes)
    tables, totals, of_tables = assemble_school_tables(
        found[EXAM_SCHOOL_RESULTS.name], found[EXAM_CROSS_FOOT.name], school_year, codes
    )
    scales = build_scales(found[EXAM_SCALES.name], school_year)
    paths = {one.file_sha256: one.path for fragments in found.values() for one in fragments}
    findings = [*exams.findings, *of_works, *of_tables, *check_own_scales(exams.results, scales, paths)]
    made = (exams.results, exams.appeals, works, tables, totals, scales)
    _write_collected(workplace, school_year, dict(zip(COLLECTED, made, strict=True)), (findings, inputs))
    return True


def _codes(workplace: Workplace, school_year: str, files: Sequence[dict[str, str]]) -> dict[str, str]:
    """Return the codes of schools by key, also of keys in `files` of several years, linked as of this year."""
    database = workplace.database
    codes = school_codes(workplace, school_year)
    several = [row for row in files if row["school_year"] == EVERY_YEAR]
    keys = {
        str(key)
        for one in fragments_of(workplace, EXAM_SCHOOL_RESULTS.name, several)
        for key in one.rows.loc[one.rows["exam_year"] == int(school_year[5:]), "school_key"].dropna().unique()
    } - codes.keys()
    if not keys:
        return codes
    named = name_mentions((key.rpartition("|")[0], key.rpartition("|")[2]) for key in keys)
    mentions = pd.concat(
        [database.read(SCHOOL_MENTIONS), named.assign(school_year=school_year, file_sha256=EVERY_YEAR)],
        ignore_index=True,
    )
    linked = link_mentions(mentions, database.read(SCHOOL_LINKS)).mentions
    known = linked[linked["source_key"].isin(keys) & linked["school_code"].notna()]
    return dict(zip(known["source_key"], known["school_code"], strict=True)) | codes


def _write_collected(
    workplace: Workplace,
    school_year: str,
    made: Mapping[Table, pd.DataFrame],
    result: tuple[list[QualityFinding], str],
) -> None:
    """Replace the year's tables in one transaction; people's rows go to the restricted store."""
    findings, inputs = result
    database, where = workplace.database, {"school_year": school_year}
    results = made[EXAM_RESULTS]
    by_exam = {
        str(code): (frame_fingerprint(rows), len(rows)) for code, rows in results.groupby("exam_code", sort=True)
    }
    with database.transaction():
        for table, frame in made.items():
            if table.is_restricted:
                workplace.records.write(school_year, table.name, frame)
            else:
                database.replace(table, frame, where)
            record_slices(workplace, school_year, table.name, {_YEAR_SLICE: (inputs, len(frame))})
        gone = set(database.slice_inputs(school_year, EXAM_RESULTS.name)) - {*by_exam, _YEAR_SLICE}
        record_slices(workplace, school_year, EXAM_RESULTS.name, by_exam, removed=sorted(gone))
        record_slices(
            workplace,
            school_year,
            ADMISSION_WORKS.name,
            {_YEAR_SLICE: (frame_fingerprint(made[ADMISSION_WORKS]), len(made[ADMISSION_WORKS]))},
        )
        told = findings_frame(findings, school_year, _ORIGIN)
        database.replace(QUALITY_FINDINGS, told, where | {"origin": _ORIGIN})


def analyse_exam_year(workplace: Workplace, school_year: str) -> list[str]:
    """Compute the summaries of exams whose results, schools or thresholds changed; return these exams."""
    database = workplace.database
    options = ExamOptions.of(school_year, workplace.settings.tier_bounds, workplace.settings.method_overrides)
    registry = database.read(SCHOOLS, {"school_year": school_year})
    version = combine(
        code_fingerprint("oko_pipeline.analysis.exams", "oko_pipeline.statistics", "oko_pipeline.catalogue.exams"),
        repr(options),
        frame_fingerprint(registry[["school_code", "municipality_code", "region_code"]]),
    )
    inputs = database.slice_inputs(school_year, EXAM_RESULTS.name)
    wanted = {code: combine(version, own) for code, own in inputs.items() if code != _YEAR_SLICE}
    known = database.slice_inputs(school_year, EXAM_SUMMARY.name)
    stale = [code for code, own in wanted.items() if known.get(code) != own]
    gone = sorted(set(known) - set(wanted))
    results = _read(workplace, school_year, EXAM_RESULTS)
    for code in stale:
        own = results[results["exam_code"] == code]
        frames = (exam_summary(own, registry, options), exam_task_results(own, registry, options))
        with database.transaction():
            for table, frame in zip(BY_EXAM, frames, strict=True):
                database.replace(table, frame, {"school_year": school_year, "exam_code": code})
                record_slices(workplace, school_year, table.name, {code: (wanted[code], len(frame))})
    if gone:
        with database.transaction():
            for table in BY_EXAM:
                database.delete(table, {"school_year": school_year, "exam_code": gone})
                record_slices(workplace, school_year, table.name, {}, removed=gone)
    _analyse_participation(workplace, (registry, options, results), version)
    return stale


def _analyse_participation(
    workplace: Workplace, data: tuple[pd.DataFrame, ExamOptions, pd.DataFrame], version: str
) -> None:
    """Compute the tables about the year as a whole when what they are made of changed."""
    registry, options, results = data
    database, school_year = workplace.database, options.school_year
    medallists = _medallists(workplace, school_year)
    works_inputs = database.slice_inputs(school_year, ADMISSION_WORKS.name).get(_YEAR_SLICE, "")
    exam_inputs = [own for code, own in sorted(database.slice_inputs(school_year, EXAM_RESULTS.name).items())]
    wanted = {
        EXAM_FORM_SHARES: combine(version, *exam_inputs),
        ADMISSION_RESULTS: combine(version, works_inputs),
        MEDALLIST_RESULTS: combine(version, *exam_inputs, frame_fingerprint(medallists)),
    }
    for table, inputs in wanted.items():
        if database.slice_inputs(school_year, table.name).get(_YEAR_SLICE) == inputs:
            continue
        if table is ADMISSION_RESULTS:
            frame = admission_results(_read(workplace, school_year, ADMISSION_WORKS), registry, options)
        elif table is EXAM_FORM_SHARES:
            frame = exam_form_shares(results, registry, options)
        else:
            frame = medallist_results(results, medallists, registry, options)
        with database.transaction():
            database.replace(table, frame, {"school_year": school_year})
            record_slices(workplace, school_year, table.name, {_YEAR_SLICE: (inputs, len(frame))})


def _read(workplace: Workplace, school_year: str, table: Table) -> pd.DataFrame:
    """Return a restricted table of the year; no rows when none was assembled."""
    has_rows = workplace.records.has(school_year, table.name)
    return table.conform(workplace.records.read(school_year, table.name)) if has_rows else table.empty()


def _medallists(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the pseudonyms of medallists; none when no register of medals came."""
    if not workplace.records.has(school_year, MEDALLISTS):
        return pd.DataFrame({"pupil_id": pd.Series(dtype="str")})
    rows = workplace.records.read(school_year, MEDALLISTS, ["person_id"])
    return rows.rename(columns={"person_id": "pupil_id"}).drop_duplicates()


def _specs(tables: tuple[Table, ...], deps: list[Any]) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(table.name, deps=deps, description=_DESCRIPTIONS[table.name], kinds={"table"}) for table in tables
    ]


@dg.multi_asset(
    name="exam_collection",
    group_name="collection",
    partitions_def=SCHOOL_YEARS,
    specs=_specs(COLLECTED, [result_files, schools]),
)
def exam_collection(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts; rows about single people stay in the restricted store."""
    office, year = workplace.open(), context.partition_key
    is_new = assemble_exam_year(office, year)
    for table in COLLECTED:
        slices = office.database.slice_rows(year, table.name)
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata={"dagster/row_count": slices.get(_YEAR_SLICE, 0), "собрано заново": is_new},
            data_version=dg.DataVersion(combine(*sorted(office.database.slice_inputs(year, table.name).values()))),
        )


@dg.multi_asset(
    name="exam_tables",
    group_name="analysis",
    partitions_def=SCHOOL_YEARS,
    specs=_specs(
        (*BY_EXAM, *BY_YEAR), ["exam_results", "admission_works", form_asset(MEDALS_FORM), schools, "quality_results"]
    ),
)
def exam_tables(context: dg.AssetExecutionContext, workplace: WorkplaceResource):  # noqa: ANN201
    """Grains as in the table contracts; one slice an exam."""
    office, year = workplace.open(), context.partition_key
    analysed = analyse_exam_year(office, year)
    for table in (*BY_EXAM, *BY_YEAR):
        whole = office.database.read(table, {"school_year": year, "unit_level": "all"})
        columns = [name for name in table.key if name != "school_year"]
        rows = sum(office.database.slice_rows(year, table.name).values())
        yield dg.MaterializeResult(
            asset_key=table.name,
            metadata=table_metadata(whole, columns) | {"dagster/row_count": rows, "посчитано экзаменов": len(analysed)},
            data_version=dg.DataVersion(combine(*sorted(office.database.slice_inputs(year, table.name).values()))),
        )
