"""Writes a generated inbox: a municipality or a region in the real layouts, with everything planted in it listed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.dirt import plant_dirt
from oko_pipeline.sample.inbox import FileNote, Inbox, Rows, clear_earlier_sample
from oko_pipeline.sample.options import LayoutGroup, SampleOptions, SampleSummary
from oko_pipeline.sample.plan import RAW_CAMPAIGNS, REFERENCE_EXPORTED_AT, RawCampaign, RawLayout
from oko_pipeline.sample.planted import planted_schools
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.raw_dumps import dump_2020, dump_2021, dump_2022, file_name_2021, upload_times
from oko_pipeline.sample.reference import benchmarks_csv, scales_csv
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.territory import Role

Progress = Callable[[int, int], None]
Job = Callable[[], None]


def write_sample(target: Path, options: SampleOptions, progress: Progress | None = None) -> SampleSummary:
    """Write a generated inbox into `target`, and `truth.csv` and `truth_files.csv` beside it.

    Args:
        target: the inbox folder; made if absent. Files of an earlier sample in it are replaced.
        options: what to generate; equal options give equal bytes.
        progress: called after every file with the number of files done and their total.

    Raises:
        SettingsError: when `target` holds files that no sample wrote.
    """
    clear_earlier_sample(target)
    target.mkdir(parents=True, exist_ok=True)
    inbox, world = Inbox(target), World(options)
    jobs = _jobs(inbox, world)
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
        works_count=sum(file.rows_count for file in inbox.files if file.layout.startswith("dump_")),
        planted_schools_count=sum(school.role is not Role.ORDINARY for school in schools),
        planted_cells_count=sum(truth.row is not None for truth in inbox.truths),
    )


def _jobs(inbox: Inbox, world: World) -> list[Job]:
    """Return one job a file, in the order of writing."""
    options = world.options
    jobs: list[Job] = []
    if options.wants(LayoutGroup.RAW_DUMPS):
        for raw in RAW_CAMPAIGNS:
            if campaign(raw.campaign_code).school_year in options.school_years:
                jobs += [
                    _raw_job(inbox, world, raw, grade, subject_code)
                    for grade, subject_codes in raw.papers.items()
                    for subject_code in subject_codes
                ]
    if options.wants(LayoutGroup.SCALES):
        jobs.append(_reference_job(inbox, "scales/vpr_scales_2021.csv", scales_csv, "scales"))
    if options.wants(LayoutGroup.BENCHMARKS):
        jobs.append(_reference_job(inbox, "benchmarks/region_benchmarks_2021.csv", benchmarks_csv, "benchmarks"))
    return jobs


def _raw_job(inbox: Inbox, world: World, raw: RawCampaign, grade: int, subject_code: str) -> Job:
    def write() -> None:
        results = world.results(raw.campaign_code, grade, subject_code)
        if len(results):
            _write_dump(inbox, world, raw, results)

    return write


def _write_dump(inbox: Inbox, world: World, raw: RawCampaign, results: WorkResults) -> None:
    grade, subject_code = results.paper.grade, results.paper.subject_code
    rng = stream(world.options.seed, "dirt", raw.campaign_code, grade, subject_code)
    name = f"{subjects()[subject_code].name_ru}.xlsx"
    before: list[tuple[str, Rows]] = []
    if raw.layout is RawLayout.DUMP_2020:
        table = dump_2020(world, results)
    elif raw.layout is RawLayout.DUMP_2021:
        table, name = dump_2021(world, results), file_name_2021(grade, subject_code)
    else:
        uploads = upload_times(world, raw.campaign_code, grade, subject_code, raw.exported_at - timedelta(days=24))
        table, classes = dump_2022(world, results, uploads)
        before = [("Классы", classes)]
    path = f"{raw.folder}/{grade}/{name}"
    inbox.truths += plant_dirt(world, table, results, path, rng)
    inbox.truths += planted_schools(world, results, path)
    rows = [table.header, *table.cells.tolist()]
    inbox.write_workbook(
        path,
        [*before, (table.sheet, rows)],
        raw.exported_at,
        FileNote(raw.layout, results.campaign.school_year, results.assessment_id, len(rows) - 1),
    )


def _reference_job(inbox: Inbox, path: str, content: Callable[[], bytes], layout: str) -> Job:
    return lambda: inbox.write_bytes(path, content(), REFERENCE_EXPORTED_AT, FileNote(layout, expected="reference"))
