"""Sources come late, come anew and go: only what depends on them runs, nothing is counted twice, nothing is lost."""

import openpyxl
import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import FILES, SCHOOLS, SLICES
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS
from oko_pipeline.orchestration.forms_issue import issue_year_forms
from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.storage.database import Database
from tests.integration.conftest import YEAR, silent

ENROLMENT = all_tables()["enrolment"]


@pytest.fixture
def settings(installation, monkeypatch):
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    return installation.model_copy(update={"workers": 1})


@pytest.fixture
def database(settings):
    opened = Database(settings.sqlalchemy_url)
    yield opened
    opened.close()


def blank_form(settings, database, title):
    """Return the blank form of the year's first school, and the school's code."""
    school = database.read(SCHOOLS, {"school_year": YEAR})["school_code"].iloc[0]
    issued = issue_year_forms(settings, YEAR, [school], settings.home / "blank")
    return next(path for path in issued.written.paths if path.name.startswith(title)), school


def send(settings, blank, name, pupils):
    """Fill in grades 1 and 2 of the register of pupils and put the form into the inbox; None leaves a grade out."""
    book = openpyxl.load_workbook(blank)
    sheet = book["Контингент"]
    headings = {cell.value.rstrip(" *").split(",")[0]: cell.column for cell in sheet[4]}
    rows = [count for count in pupils if count is not None]
    for row, count in enumerate(rows, 5):
        sheet.cell(row, headings["Класс"]).value = pupils.index(count) + 1
        sheet.cell(row, headings["Классов-комплектов"]).value = 1
        sheet.cell(row, headings["Обучающихся"]).value = count
        sheet.cell(row, headings["из них с ОВЗ"]).value = 5
    target = settings.inbox_folder / name
    target.parent.mkdir(exist_ok=True)
    book.save(target)
    return target


def run(settings, job="tables_only"):
    assert run_year(settings, YEAR, silent, job).error is None


def written(database, *tables):
    rows = database.read(SLICES, {"school_year": YEAR, "table_name": list(tables)})
    return dict(zip(rows["table_name"] + rows["slice_key"], rows["written_at"] + rows["input_sha256"], strict=True))


def test_a_late_form_runs_only_what_depends_on_it_and_a_newer_one_replaces_it_as_a_whole(settings, database):
    blank, school = blank_form(settings, database, "Контингент")
    of_works = written(database, "result_summary", "task_results", "task_quality", "works", "work_checks")
    before = database.read(INDICATOR_VALUES, {"indicator_code": "enrolment.ovz_share", "unit_code": school})
    assert before["state"].tolist() == ["no_data"]

    first = send(settings, blank, "реестры/контингент.xlsx", [50, 60])
    run(settings)

    rows = database.read(ENROLMENT, {"school_year": YEAR})
    assert rows.set_index("grade")["pupils_count"].to_dict() == {1: 50, 2: 60}
    assert rows["school_code"].unique().tolist() == [school]
    assert written(database, "result_summary", "task_results", "task_quality", "works", "work_checks") == of_works
    share = database.read(INDICATOR_VALUES, {"indicator_code": "enrolment.ovz_share", "unit_code": school})
    assert share["value"].item() == pytest.approx(100 * 10 / 110)
    state = database.read(SOURCE_COMPLETENESS, {"kind": "enrolment", "unit_code": school})
    assert state["state"].tolist() == ["accepted"]

    second = send(settings, blank, "реестры/контингент новый.xlsx", [55])
    run(settings, "validate_only")
    assert database.read(ENROLMENT, {"school_year": YEAR})["pupils_count"].tolist() == [55]
    files = database.read(FILES, {"layout_code": "record_form"}).set_index("path")["status"]
    assert files.to_dict() == {"реестры/контингент.xlsx": "outdated", "реестры/контингент новый.xlsx": "accepted"}

    second.unlink()
    run(settings, "validate_only")
    assert database.read(ENROLMENT, {"school_year": YEAR})["pupils_count"].tolist() == [50, 60]

    first.unlink()
    run(settings)
    assert database.read(ENROLMENT, {"school_year": YEAR}).empty
    again = database.read(INDICATOR_VALUES, {"indicator_code": "enrolment.ovz_share", "unit_code": school})
    assert again["state"].tolist() == ["no_data"]
    state = database.read(SOURCE_COMPLETENESS, {"kind": "enrolment", "unit_code": school})
    assert state["state"].tolist() == ["late"]
