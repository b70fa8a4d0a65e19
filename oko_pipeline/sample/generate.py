"""Writes a generated inbox: a municipality or a region in the real layouts, with everything planted in it listed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np

from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample import analytics
from oko_pipeline.sample.broken import encrypted_workbook, truncated, zip_bomb
from oko_pipeline.sample.context import context_2021, context_2022
from oko_pipeline.sample.descriptions import SHEET, codifier_content, codifier_requirements, description_all
from oko_pipeline.sample.dirt import plant_dirt
from oko_pipeline.sample.forms import blank_form, filled_form, form_name
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox, Rows, Truth, clear_earlier_sample
from oko_pipeline.sample.options import LayoutGroup, SampleOptions, SampleSummary
from oko_pipeline.sample.papers import Paper, papers
from oko_pipeline.sample.plan import (
    ANALYTICS_CAMPAIGN,
    ANALYTICS_EXPORTED_AT,
    ANALYTICS_PAPERS,
    CONTEXT_2021_AT,
    CONTEXT_2022_AT,
    FORM_PAPER,
    RAW_CAMPAIGNS,
    RECONCILED_CAMPAIGN,
    RECONCILED_EXPORTED_AT,
    RECONCILED_PAPER,
    REFERENCE_EXPORTED_AT,
    RawCampaign,
    RawLayout,
)
from oko_pipeline.sample.planted import planted_schools
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.raw_dumps import dump_2020, dump_2021, dump_2022, file_name_2021, upload_times
from oko_pipeline.sample.reference import benchmarks_csv, scales_csv
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.revisions import revise
from oko_pipeline.sample.tables import DumpTable
from oko_pipeline.sample.territory import Role

Progress = Callable[[int, int], None]
Job = Callable[[], None]
Further = Callable[[Inbox, World], Iterable[Job]]
"""Gives more jobs: of files that only the composition root can write, for they need the reader's own forms."""

_REVISED: Final = (5, "russian")
_REVISED_AFTER: Final = timedelta(days=12)
_FILLED_FORMS: Final = 3
_MISREPORTED_PAPER: Final = (5, "mathematics")
_REPORTS: Final = (
    ("Ф1_Индивидуальные результаты", "individual_results", analytics.individual_results),
    ("Ф3_Статистика по отметкам", "statistics_by_marks", analytics.statistics_by_marks),
    ("Сравнение отметок с отметками по журналу", "journal_comparison", analytics.journal_comparison),
    ("Распределение первичных баллов", "score_distribution", analytics.score_distribution_report),
    ("Выполнение заданий", "task_completion", analytics.task_completion),
    ("Достижение планируемых результатов", "planned_results", analytics.planned_results),
)


def write_sample(
    target: Path, options: SampleOptions, progress: Progress | None = None, further: Further | None = None
) -> SampleSummary:
    """Write a generated inbox into `target`, and `truth.csv` and `truth_files.csv` beside it.

    Args:
        target: the inbox folder; made if absent. Files of an earlier sample in it are replaced.
        options: what to generate; equal options give equal bytes.
        progress: called after every step (a file, or a few that belong together) with the steps done and their total.
        further: gives more jobs, done after all others.

    Raises:
        SettingsError: when `target` holds files that no sample wrote.
    """
    clear_earlier_sample(target)
    target.mkdir(parents=True, exist_ok=True)
    inbox, world = Inbox(target), World(options)
    jobs = [*_jobs(inbox, world), *(() if further is None else further(inbox, world))]
    for done, job in enumerate(jobs, start=1):
        job()
        if progress is not None:
            progress(done, len(jobs))
    truth_path, truth_files_path = inbox.write_truth()
    schools = world.territory.schools
    return SampleSummary(
        inbox=target,
        truth_path=truth_path,
        truth_files_path=truth_files_path,
        files_count=len(inbox.files),
        bytes_count=sum(file.size_bytes for file in inbox.files),
        schools_count=len(schools),
        municipalities_count=len(world.territory.municipalities),
        works_count=sum(file.rows_count for file in inbox.files if file.layout in set(RawLayout)),
        planted_schools_count=sum(school.role is not Role.ORDINARY for school in schools),
        planted_cells_count=sum(truth.row is not None for truth in inbox.truths),
    )


def _jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield the steps in the order of writing: a file, or a few that belong together."""
    options = world.options
    raws = [raw for raw in RAW_CAMPAIGNS if campaign(raw.campaign_code).school_year in options.school_years]
    if options.wants(LayoutGroup.RAW_DUMPS):
        for raw in raws:
            for grade, subject_codes in raw.papers.items():
                yield from (_dump_job(inbox, world, raw, grade, code) for code in subject_codes)
    if options.wants(LayoutGroup.ANALYTICS):
        yield from _analytics_jobs(inbox, world)
    if options.wants(LayoutGroup.FORMS) and _has_year(options, ANALYTICS_CAMPAIGN):
        yield lambda: _write_forms(inbox, world)
    yield from _reference_jobs(inbox, world, raws)
    if options.broken_files:
        yield lambda: _write_refused_files(inbox)
        if options.wants(LayoutGroup.RAW_DUMPS) and raws:
            yield lambda: _write_damaged_versions(inbox, world, _revised_campaign(raws))


def _has_year(options: SampleOptions, campaign_code: str) -> bool:
    return campaign(campaign_code).school_year in options.school_years


def _revised_campaign(raws: list[RawCampaign]) -> RawCampaign:
    """Return the campaign whose files get damaged twins and a later version: spring 2021 where it is generated."""
    return next((raw for raw in raws if raw.layout is RawLayout.DUMP_2021), raws[0])


def _dump_path(raw: RawCampaign, grade: int, subject_code: str, suffix: str = "") -> str:
    name = f"{subjects()[subject_code].name_ru}.xlsx"
    if raw.layout is RawLayout.DUMP_2021:
        name = file_name_2021(grade, subject_code)
    return f"{raw.folder}/{grade}/{name.removesuffix('.xlsx')}{suffix}.xlsx"


def _dump_job(inbox: Inbox, world: World, raw: RawCampaign, grade: int, subject_code: str) -> Job:
    def write() -> None:
        results = world.results(raw.campaign_code, grade, subject_code)
        if not len(results):
            return
        path = _dump_path(raw, grade, subject_code)
        table, before, truths = _dirty_dump(world, raw, results, path)
        inbox.truths += truths
        inbox.truths += planted_schools(world, results, path)
        _write_dump(inbox, raw, results, path, (table, before))

    return write


def _dirty_dump(
    world: World, raw: RawCampaign, results: WorkResults, path: str, later: timedelta = timedelta(0)
) -> tuple[DumpTable, list[tuple[str, Rows]], list[Truth]]:
    """Return the data sheet with its dirt, the sheets before it, and the planted cells."""
    grade, subject_code = results.paper.grade, results.paper.subject_code
    before: list[tuple[str, Rows]] = []
    if raw.layout is RawLayout.DUMP_2020:
        table = dump_2020(world, results)
    elif raw.layout is RawLayout.DUMP_2021:
        table = dump_2021(world, results)
    else:
        first = raw.exported_at - timedelta(days=24) + later
        table, classes = dump_2022(world, results, upload_times(world, raw.campaign_code, grade, subject_code, first))
        before = [("Классы", classes)]
    rng = stream(world.options.seed, "dirt", raw.campaign_code, grade, subject_code)
    is_reconciled = (raw.campaign_code, (grade, subject_code)) == (RECONCILED_CAMPAIGN, RECONCILED_PAPER)
    return table, before, plant_dirt(world, table, results, path, rng, keeps_totals=is_reconciled)


def _write_dump(
    inbox: Inbox,
    raw: RawCampaign,
    results: WorkResults,
    path: str,
    sheets: tuple[DumpTable, list[tuple[str, Rows]]],
    later: timedelta = timedelta(0),
) -> None:
    table, before = sheets
    note = FileNote(raw.layout, results.campaign.school_year, results.assessment_id, len(table.cells))
    inbox.write_workbook(
        path, [*before, (table.sheet, [table.header, *table.cells.tolist()])], raw.exported_at + later, note
    )


def _analytics_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    if _has_year(world.options, ANALYTICS_CAMPAIGN):
        for grade, subject_code in ANALYTICS_PAPERS:
            yield from (
                _report_job(inbox, world, ANALYTICS_CAMPAIGN, (grade, subject_code), report) for report in _REPORTS
            )
    if _has_year(world.options, RECONCILED_CAMPAIGN):
        long_form = (_REPORTS[2][0], _REPORTS[2][1], analytics.journal_comparison_long)
        for report in (_REPORTS[1], long_form):
            yield _report_job(inbox, world, RECONCILED_CAMPAIGN, RECONCILED_PAPER, report)


def _report_job(
    inbox: Inbox,
    world: World,
    campaign_code: str,
    paper: tuple[int, str],
    report: tuple[str, str, Callable[[World, WorkResults], analytics.Sheets]],
) -> Job:
    def write() -> None:
        title, layout, make = report
        results = world.results(campaign_code, *paper)
        sheets = make(world, results)
        name = f"{title} {analytics.report_name(results)}.xlsx"
        path = f"analytics/{results.campaign.year}/{results.paper.grade}/{name}"
        rows_count = int(results.is_present.sum()) if layout == "individual_results" else 0
        if layout == "individual_results":
            inbox.truths += planted_schools(world, results, path)
        if layout == "statistics_by_marks" and campaign_code == ANALYTICS_CAMPAIGN and paper == _MISREPORTED_PAPER:
            inbox.truths.append(_misreport(world, results, path, sheets[0]))
        note = FileNote(layout, results.campaign.school_year, results.assessment_id, rows_count)
        exported = ANALYTICS_EXPORTED_AT if campaign_code == ANALYTICS_CAMPAIGN else RECONCILED_EXPORTED_AT
        inbox.write_workbook(path, sheets, exported, note)

    return write


def _misreport(world: World, results: WorkResults, path: str, sheet: tuple[str, list[list[Cell]]]) -> Truth:
    """Swap two different shares in the last school's row of Ф3, so that it contradicts the pupils' rows."""
    name, rows = sheet
    index, row = next((i, rows[i]) for i in range(len(rows) - 1, 0, -1) if rows[i][4] != rows[i][5])
    clean = row[4]
    row[4], row[5] = row[5], row[4]
    login = str(row[0]).rsplit("(", 1)[1].rstrip(")")
    school = next(s for s in world.territory.schools if s.login(results.campaign.year) == login)
    return Truth(
        "aggregate_mismatch",
        results.campaign.school_year,
        results.campaign.campaign_code,
        results.assessment_id,
        school.code,
        path,
        name,
        index + 1,
        f"E{index + 1}",
        str(row[4]),
        str(clean),
        "доли отметок «3» и «4» переставлены: не сходятся с Ф1",
    )


def _write_forms(inbox: Inbox, world: World) -> None:
    """Write the blank form, and the filled ones of a few schools in folders named by their logins."""
    of = campaign(ANALYTICS_CAMPAIGN)
    results = world.results(ANALYTICS_CAMPAIGN, *FORM_PAPER)
    name = form_name(results.paper, of.year)
    inbox.write_workbook(
        f"forms/{of.year}/{name}",
        blank_form(results.paper),
        ANALYTICS_EXPORTED_AT,
        FileNote("blank_form", of.school_year, results.assessment_id, expected="empty", rule_id="file.empty"),
    )
    for school in np.unique(results.school)[:_FILLED_FORMS].tolist():
        login = world.territory.schools[school].login(of.year)
        rows_count = int((results.school == school).sum())
        inbox.write_workbook(
            f"forms/{of.year}/{login}/{name}",
            filled_form(results, school),
            ANALYTICS_EXPORTED_AT,
            FileNote("blank_form", of.school_year, results.assessment_id, rows_count),
        )


def _reference_jobs(inbox: Inbox, world: World, raws: list[RawCampaign]) -> Iterator[Job]:
    options = world.options
    if options.wants(LayoutGroup.CONTEXT):
        if "2020-2021" in options.school_years:
            yield lambda: inbox.write_workbook(
                "context/context_oo_2021.xlsx",
                context_2021(world),
                CONTEXT_2021_AT,
                FileNote("context_questionnaire", "2020-2021", expected="reference"),
            )
        if "2021-2022" in options.school_years:
            yield lambda: inbox.write_workbook(
                "context/context_oo_2022.xlsx",
                context_2022(world),
                CONTEXT_2022_AT,
                FileNote("context_questionnaire", "2021-2022", expected="reference"),
            )
    if options.wants(LayoutGroup.TASK_DESCRIPTIONS):
        written = {(grade, code) for raw in raws for grade, codes in raw.papers.items() for code in codes}
        yield from (_descriptions_job(inbox, papers()[2021, grade, code]) for grade, code in sorted(written))
    if options.wants(LayoutGroup.SCALES):
        yield _csv_job(inbox, "scales/vpr_scales_2021.csv", scales_csv, "scales")
    if options.wants(LayoutGroup.BENCHMARKS):
        yield _csv_job(inbox, "benchmarks/region_benchmarks_2021.csv", benchmarks_csv, "benchmarks")


def _descriptions_job(inbox: Inbox, paper: Paper) -> Job:
    def write() -> None:
        folder = f"task_descriptions/{paper.grade}/{subjects()[paper.subject_code].name_ru}"
        files = {"ALL": description_all, "KS": codifier_content, "KT": codifier_requirements}
        for name, rows in files.items():
            inbox.write_workbook(
                f"{folder}/{name}.xlsx",
                [(SHEET, rows(paper))],
                REFERENCE_EXPORTED_AT,
                FileNote("task_descriptions", expected="reference"),
            )

    return write


def _csv_job(inbox: Inbox, path: str, content: Callable[[], bytes], layout: str) -> Job:
    return lambda: inbox.write_bytes(path, content(), REFERENCE_EXPORTED_AT, FileNote(layout, expected="reference"))


def _write_refused_files(inbox: Inbox) -> None:
    """Write a workbook with a password, a zip bomb and a workbook of no known layout."""
    refused = FileNote("unknown", expected="refused")
    inbox.write_bytes(
        "прочее/Сводная с паролем.xlsx",
        encrypted_workbook(),
        REFERENCE_EXPORTED_AT,
        replace(refused, rule_id="file.encrypted"),
    )
    inbox.write_bytes(
        "прочее/Отчёт большой.xlsx", zip_bomb(), REFERENCE_EXPORTED_AT, replace(refused, rule_id="file.dangerous")
    )
    timetable = [["Урок", "Начало", "Конец"], *([float(n), f"{7 + n}:30", f"{8 + n}:10"] for n in range(1, 8))]
    inbox.write_workbook(
        "прочее/Расписание звонков.xlsx",
        [("Расписание", timetable)],
        REFERENCE_EXPORTED_AT,
        FileNote("unknown", expected="unknown", rule_id="file.unknown"),
    )


def _write_damaged_versions(inbox: Inbox, world: World, raw: RawCampaign) -> None:
    """Write a truncated copy, an exact duplicate, a dump without pupils, and a later version of another dump."""
    year = campaign(raw.campaign_code).school_year
    source, twin = _dump_path(raw, 4, "mathematics"), _dump_path(raw, 4, "russian")
    inbox.write_bytes(
        _dump_path(raw, 4, "mathematics", " (обрыв)"),
        truncated((inbox.root / source).read_bytes()),
        raw.exported_at,
        FileNote(raw.layout, year, expected="refused", rule_id="file.unreadable", related_file=source),
    )
    inbox.write_bytes(
        _dump_path(raw, 4, "russian", " (копия)"),
        (inbox.root / twin).read_bytes(),
        raw.exported_at,
        FileNote(raw.layout, year, expected="duplicate", rule_id="file.duplicate", related_file=twin),
    )
    results = world.results(raw.campaign_code, *_REVISED)
    old_path, path = _dump_path(raw, *_REVISED), _dump_path(raw, *_REVISED, " (исправлено)")
    table, before, truths = _dirty_dump(world, raw, results, path, _REVISED_AFTER)
    kept = [truth for truth in truths if truth.row is None or truth.row <= len(table.cells)]
    inbox.truths += kept
    inbox.truths += revise(world, table, results, path, {truth.row for truth in kept})
    _write_dump(inbox, raw, results, path, (table, before), _REVISED_AFTER)
    inbox.files[-1] = replace(inbox.files[-1], related_file=old_path)
    inbox.files = [
        replace(file, expected="superseded", rule_id="file.superseded", related_file=path)
        if file.path == old_path
        else file
        for file in inbox.files
    ]
    table.cells = table.cells[:0]
    inbox.write_workbook(
        _dump_path(raw, 4, "world_around", " (пусто)"),
        [*before, (table.sheet, [table.header])],
        raw.exported_at,
        FileNote(raw.layout, year, expected="empty", rule_id="file.empty"),
    )
