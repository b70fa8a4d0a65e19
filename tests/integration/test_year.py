"""A whole year from files to documents, through the same job as in the Dagster UI."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import docx
import pandas as pd
import pytest
from typer.testing import CliRunner

from assets.reporting import MUNICIPALITY_NOTE, SCHOOL_NOTE, write_notes
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    DOCUMENTS,
    FILE_DIFFERENCES,
    FILES,
    QUALITY_FINDINGS,
    QUALITY_RESULTS,
    RESULT_SUMMARY,
    SCHOOLS,
    SLICES,
)
from oko_pipeline.cli.app import app
from oko_pipeline.errors import OkoError, StorageError
from oko_pipeline.orchestration.year_run import run_year, unchanged_summary
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from resources.clock import Clock
from resources.workplace import open_workplace
from tests.databases import lose_database
from tests.integration.conftest import YEAR, note_state, silent
from tests.integration.tools import snapshot, spoil_totals, spring_dump, with_changed_cell


def read(settings, table, **where):
    database = Database(settings.sqlalchemy_url)
    try:
        return database.read(table, where or None)
    finally:
        database.close()


def test_a_year_ends_with_documents_for_every_school_and_campaign(first_run, installation):
    _, summary = first_run
    assert summary.error is None
    assert not summary.is_blocked
    schools = read(installation, SCHOOLS, school_year=YEAR)
    documents = read(installation, DOCUMENTS, school_year=YEAR)
    notes = documents[documents["kind"] == "school_note"]
    assert set(notes["unit_code"]) == set(schools["school_code"])
    assert set(notes["campaign_code"]) == {"vpr-2020-autumn", "vpr-2021-spring"}
    assert (documents["kind"] == "municipality_note").sum() == 2
    apart = installation.restricted_folder / "documents"
    for path, is_apart in zip(documents["path"], documents["is_restricted"], strict=True):
        assert ((apart if is_apart else installation.reports_folder) / path).stat().st_size > 5_000


def test_campaigns_of_a_year_are_never_merged(installation):
    assessments = read(installation, ASSESSMENTS, school_year=YEAR)
    autumn = assessments[assessments["campaign_code"] == "vpr-2020-autumn"]
    spring = assessments[assessments["campaign_code"] == "vpr-2021-spring"]
    assert (autumn["pupil_grade"] == autumn["paper_grade"] + 1).all()
    assert (spring["pupil_grade"] == spring["paper_grade"]).all()


def test_every_finding_in_a_cell_names_file_sheet_cell_and_mend(installation):
    findings = read(installation, QUALITY_FINDINGS, school_year=YEAR)
    in_cells = findings[findings["cell"].notna()]
    assert len(in_cells) > 10
    assert in_cells[["file_path", "file_sha256", "sheet"]].notna().all().all()
    assert findings["mend"].str.len().gt(10).all()
    assert findings["message"].str.contains("[а-яё]").all()


def test_a_second_run_changes_nothing_and_a_third_reads_no_file(installation):
    documents = snapshot(installation.reports_folder, "*.docx")
    tables = (RESULT_SUMMARY, SCHOOLS, QUALITY_FINDINGS)
    before = {table.name: read(installation, table, school_year=YEAR) for table in tables}
    (installation.home / "state" / f"{YEAR}.json").unlink()
    assert run_year(installation, YEAR, silent).error is None
    assert snapshot(installation.reports_folder, "*.docx") == documents
    for table in tables:
        pd.testing.assert_frame_equal(read(installation, table, school_year=YEAR), before[table.name])
    before = snapshot(installation.home)
    summary = unchanged_summary(installation, YEAR)
    assert summary is not None
    assert summary.is_unchanged
    assert summary.documents == run_counts(installation)
    assert snapshot(installation.home) == before


@pytest.mark.parametrize("kind", ["school_note", "annotated_workbook"])
def test_a_year_with_a_lost_document_is_not_taken_for_unchanged(first_run, installation, kind):
    note_state(installation, first_run[1])
    assert unchanged_summary(installation, YEAR) is not None
    path = read(installation, DOCUMENTS, school_year=YEAR, kind=kind)["path"].iloc[0]
    stores = (installation.reports_folder, installation.restricted_folder / "documents")
    (found,) = [store / path for store in stores if (store / path).is_file()]
    found.unlink()
    assert unchanged_summary(installation, YEAR) is None


def test_a_year_whose_database_is_another_one_is_not_taken_for_unchanged(first_run, installation):
    note_state(installation, first_run[1])
    assert unchanged_summary(installation, YEAR) is not None
    lose_database(installation.home)
    Database(Settings.load(home=installation.home).sqlalchemy_url).close()
    assert unchanged_summary(installation, YEAR) is None


def test_a_new_day_makes_what_depends_on_the_day_and_no_document(installation, monkeypatch):
    run_year(installation, YEAR, silent)
    before = read(installation, SLICES, school_year=YEAR).set_index("table_name")["written_at"]
    documents = snapshot(installation.reports_folder, "*.docx")
    tomorrow = Clock(lambda: datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setattr("oko_pipeline.orchestration.year_run.Clock", lambda: tomorrow)
    monkeypatch.setattr("resources.workplace.Clock", lambda: tomorrow)
    assert unchanged_summary(installation, YEAR) is None
    assert run_year(installation, YEAR, silent).error is None
    after = read(installation, SLICES, school_year=YEAR).set_index("table_name")["written_at"]
    made = set(after.index[after.ne(before)])
    assert {"source_completeness", "roadmap_reminders"} <= made
    assert not made & {"works", "schools", "result_summary", "indicator_values", "measure_effects", "documents"}
    assert snapshot(installation.reports_folder, "*.docx") == documents
    assert unchanged_summary(installation, YEAR) is not None


def test_a_changed_file_of_own_programmes_or_methods_makes_the_year_again(first_run, installation, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "territory.txt").write_text("Примечания к своим программам", "utf-8")
    methods = tmp_path / "methods.yaml"
    methods.write_text("programmes.reminders.days_before: 10\n", "utf-8")
    settings = installation.model_copy(update={"programmes_folder": own, "methods": methods})
    note_state(settings, first_run[1])
    assert unchanged_summary(settings, YEAR) is not None
    methods.write_text("programmes.reminders.days_before: 11\n", "utf-8")
    assert unchanged_summary(settings, YEAR) is None
    methods.write_text("programmes.reminders.days_before: 10\n", "utf-8")
    assert unchanged_summary(settings, YEAR) is not None
    (own / "territory.txt").write_text("Примечания к нашим программам", "utf-8")
    assert unchanged_summary(settings, YEAR) is None


def run_counts(settings):
    documents = read(settings, DOCUMENTS, school_year=YEAR)
    return documents.groupby("kind").size().to_dict()


def test_one_corrected_file_changes_only_what_depends_on_it(installation):
    path, school_code = with_changed_cell(installation.inbox_folder)
    documents = snapshot(installation.reports_folder, "*.docx")
    before = read(installation, RESULT_SUMMARY, school_year=YEAR)
    assert unchanged_summary(installation, YEAR) is None
    run_year(installation, YEAR, silent)
    after = read(installation, RESULT_SUMMARY, school_year=YEAR)
    key = ["assessment_id", "unit_level", "unit_code", "subgroup"]
    merged = before.merge(after, on=key, how="outer", indicator=True, suffixes=("", "_new"), validate="one_to_one")
    changed = merged[(merged["mean_score"] != merged["mean_score_new"]) & merged["mean_score"].notna()]
    assert set(changed["assessment_id"]) == {"vpr-2021-spring:7:physics:base"}
    assert set(changed.loc[changed["unit_level"] == "school", "unit_code"]) == {school_code}
    files = read(installation, FILES, school_year=YEAR)
    versions = files[files["path"] == path].set_index("status")
    assert set(versions.index) == {"accepted", "superseded"}
    assert versions.loc["superseded", "superseded_by"] == versions.loc["accepted", "file_sha256"]
    differences = read(installation, FILE_DIFFERENCES, school_year=YEAR)
    own = differences[differences["new_file_sha256"] == versions.loc["accepted", "file_sha256"]]
    assert own[["school_code", "added_count", "removed_count", "changed_count"]].to_numpy().tolist() == [
        [school_code, 0, 0, 1]
    ]
    rewritten = {
        name for name, state in snapshot(installation.reports_folder, "*.docx").items() if documents[name] != state
    }
    assert any(school_code in name for name in rewritten)
    # Documents about the whole year name no campaign: some of them tell of the corrected file too.
    assert not any("vpr-2020-autumn" in name for name in rewritten)


def issue_notes(settings):
    """Issue the notes as their assets do, without the ninety steps before them."""
    workplace = open_workplace(settings)
    for kind in (MUNICIPALITY_NOTE, SCHOOL_NOTE):
        write_notes(workplace, YEAR, kind)
    workplace.close()


def test_an_edited_template_writes_its_notes_again_and_no_others(installation, tmp_path, monkeypatch):
    templates = tmp_path / "templates"
    templates.mkdir()
    document = docx.Document(str(files("report_templates").joinpath("school_note.docx")))
    document.add_paragraph("Особая отметка территории")
    document.save(str(templates / "school_note.docx"))
    monkeypatch.setenv("OKO_TEMPLATES", str(templates))
    before = snapshot(installation.reports_folder, "*.docx")
    issue_notes(Settings.load(home=installation.home))
    after = snapshot(installation.reports_folder, "*.docx")
    rewritten = {name for name, state in after.items() if before[name] != state}
    assert rewritten == {name for name in after if "/ОО/" in name}
    assert (
        "Особая отметка территории"
        in docx.Document(str(installation.reports_folder / min(rewritten))).paragraphs[-1].text
    )


def test_a_lost_document_is_written_again(installation):
    lost = next(installation.reports_folder.rglob("vpr-2021-spring/**/*.docx"))
    before = snapshot(installation.reports_folder, "*.docx")
    lost.unlink()
    issue_notes(installation)
    after = snapshot(installation.reports_folder, "*.docx")
    assert set(after) == set(before)
    assert [name for name in after if before[name] != after[name]] == [
        str(lost.relative_to(installation.reports_folder))
    ]


def test_a_copy_of_a_file_is_counted_once_under_the_name_of_the_original(installation):
    path = spring_dump(installation.inbox_folder, 7, "физике")
    before = read(installation, RESULT_SUMMARY, school_year=YEAR)
    shutil.copy2(path, path.with_name(f"{path.stem} (копия).xlsx"))
    shutil.copy2(path, path.parent.parent / "8" / path.name.replace("7 класс", "8 класс, копия"))
    run_year(installation, YEAR, silent, "tables_only")
    pd.testing.assert_frame_equal(read(installation, RESULT_SUMMARY, school_year=YEAR), before)
    files_of_year = read(installation, FILES, school_year=YEAR)
    states = files_of_year.set_index("path")[["file_sha256", "status"]]
    original = path.relative_to(installation.inbox_folder).as_posix()
    same = states.loc[states["file_sha256"] == states.loc[original, "file_sha256"], "status"].to_dict()
    assert same.pop(original) == "accepted"
    assert len(same) == 2
    findings = read(installation, QUALITY_FINDINGS, school_year=YEAR)
    told = findings[(findings["rule_id"] == "file.duplicate") & findings["file_path"].isin(same)]
    assert len(told) == 2
    assert told["message"].str.contains(original, regex=False).all()
    assert set(same.values()) == {"duplicate"}


def test_a_removed_file_is_no_longer_counted_and_said_so(installation):
    path = spring_dump(installation.inbox_folder, 7, "физике")
    assert read(installation, RESULT_SUMMARY, assessment_id="vpr-2021-spring:7:physics:base").shape[0] > 0
    path.unlink()
    run_year(installation, YEAR, silent, "tables_only")
    assert read(installation, RESULT_SUMMARY, assessment_id="vpr-2021-spring:7:physics:base").empty
    assert "file.removed" in set(read(installation, QUALITY_FINDINGS, school_year=YEAR)["rule_id"])


def copy_two_subjects(source, target):
    """Copy an inbox without most works: whether a year is blocked does not take all of them."""

    def left_out(folder, names):
        works = [name for name in names if name.endswith(".xlsx") and "/vpr/" in f"{folder}/"]
        return [name for name in works if not re.search("русск|математ", name, re.IGNORECASE)]

    shutil.copytree(source, target, ignore=left_out)


def test_a_blocked_year_writes_no_note_says_why_and_heals_when_mended(sample_inbox, tmp_path):
    settings = Settings.load(home=tmp_path / "home")
    copy_two_subjects(sample_inbox, settings.inbox_folder)
    for grade in (4, 5, 6, 7, 8):
        spoil_totals(spring_dump(settings.inbox_folder, grade, "русскому языку"))
    summary = run_year(settings, YEAR, silent)
    assert summary.is_blocked
    assert summary.error is None
    assert summary.blocking
    # Letters about faults in files are what a blocked year is mended by; nothing else is issued.
    issued = {path.relative_to(settings.reports_folder).parts[1] for path in settings.reports_folder.rglob("*.docx")}
    assert issued == {"Письма о данных"}
    page = (settings.reports_folder / YEAR / "Качество данных.html").read_text("utf-8")
    assert summary.blocking[0] in page
    shutil.rmtree(settings.inbox_folder)
    copy_two_subjects(sample_inbox, settings.inbox_folder)
    healed = run_year(settings, YEAR, silent)
    assert not healed.is_blocked
    assert list(settings.reports_folder.rglob("vpr-2021-spring/**/*.docx"))
    history = read(settings, QUALITY_RESULTS, school_year=YEAR)
    assert history.groupby(["suite", "expectation"])["run_id"].nunique().max() >= 2


@pytest.mark.sqlite_only(reason="a server has no file that could be removed")
def test_a_database_removed_while_the_year_runs_is_told_and_the_next_run_makes_all_again(
    first_run, sample_inbox, tmp_path
):
    settings = Settings.load(home=tmp_path / "home")
    database = settings.home / "oko.sqlite"
    copy_two_subjects(sample_inbox, settings.inbox_folder)
    removed = []

    def remove(step, _ended, _total):
        if step == "works" and not removed:
            removed.extend(database.parent.glob(f"{database.name}*"))
            for path in removed:
                path.unlink()

    with pytest.raises(StorageError, match="исчез, пока программа с ним работала"):
        run_year(settings, YEAR, remove)
    assert removed
    assert unchanged_summary(settings, YEAR) is None
    healed = run_year(settings, YEAR, silent)
    assert healed.error is None
    assert len(read(settings, SCHOOLS)) == 4
    assert sum(healed.documents.values()) == len(read(settings, DOCUMENTS)) > 0


@pytest.mark.sqlite_only(reason="a server has no file that could be replaced")
def test_a_year_that_got_another_database_on_its_way_is_not_called_done(installation, tmp_path):
    database = installation.home / "oko.sqlite"
    next(installation.inbox_folder.rglob("*математике*ВПР 2021.xlsx")).unlink()
    shutil.copy(database, tmp_path / "restored.sqlite")

    def restore(step, _ended, _total):
        if step == "works" and (tmp_path / "restored.sqlite").exists():
            (tmp_path / "restored.sqlite").replace(database)

    assert "файл базы был заменён" in run_year(installation, YEAR, restore).error
    assert unchanged_summary(installation, YEAR) is None
    assert run_year(installation, YEAR, silent).error is None


def test_results_do_not_depend_on_the_number_of_workers(first_run, sample_inbox, tmp_path):
    settings = Settings.load(home=tmp_path / "home", workers=2)
    shutil.copytree(sample_inbox, settings.inbox_folder, copy_function=shutil.copy2)
    assert run_year(settings, YEAR, silent, "tables_only").error is None
    one = Settings.load(home=first_run[0])
    pd.testing.assert_frame_equal(
        read(settings, RESULT_SUMMARY, school_year=YEAR), read(one, RESULT_SUMMARY, school_year=YEAR)
    )


@pytest.mark.parametrize("text", ["2020", "2020-2022", "1999-2000"])
def test_a_year_that_is_none_is_refused(text):
    result = CliRunner().invoke(app, ["run", text])
    assert isinstance(result.exception, OkoError)
