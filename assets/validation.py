"""Validation: every work is checked by the rules, every table by its suite; the year is let through or blocked.

works, assessments, tasks, schools → quality_findings → quality_results ─ blocking checks → analysis
                                                      ↘ annotated_workbooks
"""

from collections.abc import Callable, Sequence

import dagster as dg
import pandas as pd

from assets.collection import result_files, schools, works
from assets.inputs import (
    EVERY_YEAR,
    YearSlices,
    assessment_inputs,
    frame_fingerprint,
    record_slices,
    records,
    slice_fingerprint,
)
from assets.metadata import document_links, markdown_table, severity_counts
from assets.partitions import SCHOOL_YEARS
from assets.pool_tasks import CheckTask, check_in_store, read_flags
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    COVERAGE,
    FILES,
    MUNICIPALITIES,
    PUBLISHED_RESULTS,
    QUALITY_FINDINGS,
    QUALITY_RESULTS,
    SCALE_BOUNDS,
    SCHOOL_CONTEXT,
    SCHOOL_CROSSWALK,
    SCHOOLS,
    TASKS,
)
from oko_pipeline.quality import findings_frame
from oko_pipeline.validation.page import PageTables, quality_page
from oko_pipeline.validation.register_rows import REGISTERS, register_rows
from oko_pipeline.validation.room_columns import ROOM_COLUMN_MAKERS
from oko_pipeline.validation.suites import SuiteOptions, run_suites, suites
from oko_pipeline.validation.year_rules import check_year, work_counts
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace, WorkplaceResource

GROUP = "validation"
RESULT_TABLES = ("result_summary",)
"""Tables whose suites run after the analysis of works."""
ROOM_TABLES = tuple(ROOM_COLUMN_MAKERS)
"""Tables whose suites run after what makes them; all suites but these and those of `RESULT_TABLES` guard the inputs."""
SLICES_OF = {"survey_reliability": "survey_results"}
"""Tables that are written together with another one, whose slices tell when they changed."""
REFERENCE_TABLES = ("schools", "municipalities", "assessments", "tasks")
"""Tables that suites of other tables refer to."""


def validation_version() -> str:
    """Return the fingerprint of all that decides what the rules find."""
    return code_fingerprint("oko_pipeline.validation", "oko_pipeline.catalogue", "oko_pipeline.works")[:12]


def check_works_of_year(workplace: Workplace, school_year: str) -> list[str]:
    """Apply the rules to the works that changed; return their assessments."""
    database = workplace.database
    wanted = {
        key: combine(validation_version(), value) for key, value in assessment_inputs(workplace, school_year).items()
    }
    known = database.slice_inputs(school_year, "work_checks")
    stale = [key for key, inputs in wanted.items() if known.get(key) != inputs]
    where = {"school_year": school_year}
    rows = {str(row["assessment_id"]): row for row in records(database.read(ASSESSMENTS, where))}
    tasks = database.read(TASKS, {"school_year": school_year})
    jobs = [
        CheckTask(
            school_year,
            rows[key],
            tasks[tasks["assessment_id"] == key],
            workplace.settings.restricted_folder,
        )
        for key in stale
    ]
    checked = list(workplace.pool.map(check_in_store, jobs))
    gone = sorted(set(known) - set(wanted))
    with database.transaction():
        origins = [f"work:{key}" for key in (*stale, *gone)]
        findings = pd.concat([QUALITY_FINDINGS.empty(), *(made.findings for made in checked)], ignore_index=True)
        database.replace(QUALITY_FINDINGS, findings, {"school_year": school_year, "origin": origins})
        made_slices = {made.assessment_id: (wanted[made.assessment_id], made.rows_count) for made in checked}
        record_slices(workplace, school_year, "work_checks", made_slices, removed=gone)
    return stale


def check_tables_of_year(workplace: Workplace, school_year: str) -> bool:
    """Apply the rules that need the whole year; tell whether anything was computed."""
    database = workplace.database
    where = {"school_year": school_year}
    with_reference = {"school_year": [school_year, EVERY_YEAR]}
    inputs = combine(
        validation_version(),
        slice_fingerprint(workplace, school_year, "work_checks", "schools", "assessments"),
        frame_fingerprint(database.read(FILES, with_reference, ["file_sha256", "status"])),
    )
    if database.slice_inputs(school_year, "coverage").get("year") == inputs:
        return False
    tables = {
        table.name: database.read(table, where)
        for table in (SCHOOLS, MUNICIPALITIES, SCHOOL_CROSSWALK, ASSESSMENTS, TASKS, PUBLISHED_RESULTS, SCHOOL_CONTEXT)
    }
    # What the readers said already is not said again about the year.
    tables["quality_findings"] = database.read(QUALITY_FINDINGS, with_reference)
    tables["scale_bounds"] = database.read(SCALE_BOUNDS, with_reference)
    tables["files"] = database.read(FILES, with_reference)
    tables["work_counts"] = work_counts(year_flags(workplace, school_year))
    checked = check_year(tables)
    with database.transaction():
        database.replace(COVERAGE, checked.coverage, where)
        findings = findings_frame(checked.findings, school_year, "year")
        database.replace(QUALITY_FINDINGS, findings, where | {"origin": "year"})
        record_slices(workplace, school_year, "coverage", {"year": (inputs, len(checked.coverage))})
    return True


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[result_files, works, schools, "assessments", "tasks"],
    description=(
        "Замечания к данным: файл, лист, строка, ячейка, что не так, что ожидалось и как исправить. "
        "Здесь же охват: какие ОО какие работы писали."
    ),
    kinds={"table"},
)
def quality_findings(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: a broken rule in a cell, row, file or table; also writes `coverage`."""
    office = workplace.open()
    year = context.partition_key
    checked = check_works_of_year(office, year)
    check_tables_of_year(office, year)
    findings = office.database.read(QUALITY_FINDINGS, {"school_year": [year, EVERY_YEAR]})
    counts = findings.groupby(["severity", "rule_id"]).size().rename("замечаний").reset_index()
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(findings),
            **severity_counts(findings),
            "проверено заново работ": len(checked),
            "по правилам": dg.MetadataValue.md(markdown_table(counts.sort_values(["severity", "rule_id"]), 60)),
        },
        data_version=dg.DataVersion(frame_fingerprint(findings)),
    )


def year_flags(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Return the flags of all works of the year; grain: a work, without its pseudonym."""
    checked = sorted(workplace.database.slice_inputs(school_year, "work_checks"))
    return read_flags(workplace.settings.restricted_folder, school_year, checked)


def run_table_suites(workplace: Workplace, school_year: str, run_id: str, *, results: bool) -> pd.DataFrame:
    """Validate the year's tables by their suites, or return the last results when nothing changed since.

    Args:
        workplace: the stores.
        school_year: the year.
        run_id: the run that the results are kept under.
        results: True for the suites of `RESULT_TABLES`, False for those of the inputs.
    """
    names = RESULT_TABLES if results else input_tables()
    sources = ("result_summary",) if results else ("work_checks", "schools", "assessments", "coverage")
    options = SuiteOptions(blocking_share=workplace.settings.blocking_share, only=names)
    inputs = combine(validation_version(), repr(options), slice_fingerprint(workplace, school_year, *sources))

    def judge() -> pd.DataFrame:
        tables = {name: suite_table(workplace, school_year, name) for name in (*names, *REFERENCE_TABLES)}
        return run_suites(tables, school_year, run_id, workplace.clock.timestamp(), options)

    return remembered_results(workplace, school_year, names, inputs, judge)


def input_tables() -> tuple[str, ...]:
    """Return the tables whose suites guard the inputs of the analysis."""
    return tuple(suite.table for suite in suites().values() if suite.table not in {*RESULT_TABLES, *ROOM_TABLES})


def run_room_suites(workplace: Workplace, school_year: str, names: Sequence[str]) -> pd.DataFrame:
    """Validate those of some tables of `ROOM_TABLES` that changed, together; return the newest results of all of them.

    A table that never had a row is not validated: there is nothing to prove, and it costs as much as a large one.
    """
    slices = YearSlices.read(workplace, school_year)
    options = SuiteOptions(blocking_share=workplace.settings.blocking_share)
    version = combine(validation_version(), repr(options))
    known = slices.inputs.get("quality_results", {})
    wanted = {name: combine(version, slices.fingerprint(*_suite_sources(name))) for name in names}
    stale = [
        name
        for name in names
        if known.get(name) != wanted[name] and (name in known or any(map(slices.rows.get, _own_sources(name))))
    ]
    database = workplace.database
    if stale:
        needed = {need for name in stale for spec in suites()[name].expectations for need in spec.needs}
        tables = {name: suite_table(workplace, school_year, name) for name in sorted({*stale, *needed})}
        now = workplace.clock.timestamp()
        own = SuiteOptions(options.blocking_share, tuple(stale))
        made = after_former(workplace, school_year, run_suites(tables, school_year, f"{stale[0]}@{now}", now, own))
        with database.transaction():
            runs = sorted(made["run_id"].unique())
            database.delete(QUALITY_RESULTS, {"school_year": school_year, "table_name": stale, "run_id": runs})
            database.append(QUALITY_RESULTS, made)
            counts = made["table_name"].value_counts()
            record_slices(
                workplace,
                school_year,
                "quality_results",
                {name: (wanted[name], int(counts.get(name, 0))) for name in stale},
            )
    return newest_results(workplace, school_year, names)


def newest_results(workplace: Workplace, school_year: str, names: Sequence[str]) -> pd.DataFrame:
    """Return the newest results about each of some tables; the history stays in the table."""
    where = {"school_year": school_year, "table_name": list(names)}
    history = workplace.database.read(QUALITY_RESULTS, where)
    newest = history.groupby("table_name")["checked_at"].transform("max")
    return history[history["checked_at"] == newest]


def after_former(workplace: Workplace, school_year: str, made: pd.DataFrame) -> pd.DataFrame:
    """Return new results with a time after all former ones of their tables: the newest time tells what holds.

    A clock that was set back would else let a former result stand for ever.
    """
    where = {"school_year": school_year, "table_name": sorted(made["table_name"].unique())}
    former = workplace.database.read(QUALITY_RESULTS, where, ["run_id", "checked_at"])
    last = former.loc[~former["run_id"].isin(made["run_id"]), "checked_at"].max()
    if pd.isna(last) or made.empty or str(last) < str(made["checked_at"].min()):
        return made
    later = pd.Timestamp(str(last)) + pd.Timedelta(seconds=1)
    return made.assign(checked_at=later.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _own_sources(name: str) -> list[str]:
    return list(record_contracts()) if name == REGISTERS else [SLICES_OF.get(name, name)]


def _suite_sources(name: str) -> list[str]:
    needed = {need for spec in suites()[name].expectations for need in spec.needs}
    return [*_own_sources(name), *sorted(needed)]


def remembered_results(
    workplace: Workplace, school_year: str, tables: Sequence[str], inputs: str, judge: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """Return the newest results about some tables; judge again, and keep the results, when the inputs changed.

    Args:
        workplace: the stores.
        school_year: the year.
        tables: values of `table_name` that the results carry.
        inputs: fingerprint of everything that the results depend on.
        judge: makes rows of `quality_results`.
    """
    database = workplace.database
    slice_key = ",".join(tables)
    where = {"school_year": school_year, "table_name": list(tables)}
    if database.slice_inputs(school_year, "quality_results").get(slice_key) == inputs:
        history = database.read(QUALITY_RESULTS, where)
        return history[history["checked_at"] == history["checked_at"].max()]
    made = after_former(workplace, school_year, judge())
    with database.transaction():
        database.delete(QUALITY_RESULTS, {**where, "run_id": sorted(made["run_id"].unique())})
        database.append(QUALITY_RESULTS, made)
        record_slices(workplace, school_year, "quality_results", {slice_key: (inputs, len(made))})
    return made


def suite_table(workplace: Workplace, school_year: str, name: str) -> pd.DataFrame:
    """Return a year of the table that a suite validates."""
    from oko_pipeline.catalogue.all_tables import all_tables  # noqa: PLC0415

    if name == "works":
        return year_flags(workplace, school_year)
    if name == REGISTERS:
        return register_rows(_registers(workplace, school_year))
    return workplace.database.read(all_tables()[name], {"school_year": school_year})


def _registers(workplace: Workplace, school_year: str) -> dict[str, pd.DataFrame]:
    """Return the year's rows of every register that has any, from the store it stands in."""
    filled = YearSlices.read(workplace, school_year).rows
    return {
        name: workplace.records.read(school_year, name)
        if contract.is_restricted
        else workplace.database.read(contract, {"school_year": school_year})
        for name, contract in record_contracts().items()
        if filled.get(name)
    }


def write_quality_page(workplace: Workplace, school_year: str, results: pd.DataFrame) -> str:
    """Write the year's quality page and return its path within the report store."""
    relative = f"{school_year}/Качество данных.html"
    database = workplace.database
    both = {"school_year": [school_year, EVERY_YEAR]}
    where = {"school_year": school_year}
    tables = PageTables(
        files=database.read(FILES, both), coverage=database.read(COVERAGE, where), schools=database.read(SCHOOLS, where)
    )
    checked_at = str(results["checked_at"].max()) if len(results) else ""
    page = quality_page(school_year, results, database.read(QUALITY_FINDINGS, both), tables, checked_at)
    workplace.reports.write(relative, page.encode())
    return relative


@dg.asset(
    group_name=GROUP,
    partitions_def=SCHOOL_YEARS,
    deps=[quality_findings],
    description=(
        "Результаты проверок таблиц по наборам правил (Great Expectations), с историей, и страница «Качество данных»: "
        "пропущен год к отчётам или заблокирован и почему."
    ),
    kinds={"table", "html"},
)
def quality_results(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.MaterializeResult:
    """Grain: an expectation of a suite in a run."""
    office = workplace.open()
    year = context.partition_key
    results = run_table_suites(office, year, context.run.run_id, results=False)
    page = write_quality_page(office, year, results)
    failed = results[~results["is_passed"]]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(results),
            "не выполнено": len(failed),
            "из них блокируют": int(failed["is_blocking"].sum()),
            "невыполненные": dg.MetadataValue.md(markdown_table(failed[["suite", "title_ru", "unexpected_count"]])),
            **document_links(office.reports, page),
        },
        data_version=dg.DataVersion(
            frame_fingerprint(results[["suite", "expectation", "is_passed", "unexpected_count"]])
        ),
    )
