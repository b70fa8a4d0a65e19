"""`oko forms` and `oko check` as a person uses them."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOLS
from oko_pipeline.cli import app, screen
from oko_pipeline.errors import OkoError
from oko_pipeline.orchestration.forms_issue import issue_year_forms
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from tests.unit.collection.forms import filled
from tests.unit.collection.forms.filled import MEETING, TASK, fill, read_bytes, write

LAST = "2024-2025"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = Settings.load(home=tmp_path / "home")
    settings.home.mkdir(parents=True)
    database = Database(settings.sqlalchemy_url)
    schools = filled.SCHOOLS.assign(
        school_year=LAST, is_name_known=True, school_kind="general", region_code="99", settlement_type=None,
        oge_code=None, ege_code=None,
    )  # fmt: skip
    places = filled.MUNICIPALITIES.assign(school_year=LAST, region_code="99", schools_count=2)
    contract = record_contracts()["tasks"]
    row = dict.fromkeys(contract.column_names) | {
        "school_year": LAST, "record_id": "1", "school_code": filled.SCHOOL, "task_number": "1",
        "title": "Прежнее дело", "file_sha256": "0", "source_sheet": "Дела", "source_row": 5,
    }  # fmt: skip
    database.replace(SCHOOLS, schools, {"school_year": LAST})
    database.replace(MUNICIPALITIES, places, {"school_year": LAST})
    database.replace(contract, pd.DataFrame([row]), {"school_year": LAST})
    database.close()
    return settings.home


def test_forms_are_written_for_all_with_last_years_rows(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app.app, ["forms", "--year", filled.YEAR, "--home", str(home)])
    assert result.exit_code == 0
    assert "файлов: 7" in result.output
    assert "Список ОО взят за 2024-2025" in result.output
    path = home / "forms" / filled.YEAR / filled.SCHOOL / "Дела и встречи отчёт, 2025-2026, edu990001.xlsx"
    reading = read_bytes(tmp_path / "inbox", fill(path.read_bytes(), {"Дела": {"A5": "верно"}}))
    assert reading.reading.records["tasks"]["title"].tolist() == ["Прежнее дело"]


def test_forms_of_one_school_go_where_they_are_asked(home: Path, tmp_path: Path) -> None:
    arguments = ["forms", "--year", filled.YEAR, "--school", "sch990002", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app.app, [*arguments, "--home", str(home)])
    assert result.exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["edu990002"]


def test_unknown_school_and_empty_database_are_told(home: Path, tmp_path: Path) -> None:
    with pytest.raises(OkoError, match="edu123456"):
        issue_year_forms(Settings.load(home=home), filled.YEAR, ["edu123456"])
    with pytest.raises(OkoError, match="Школ ещё нет"):
        issue_year_forms(Settings.load(home=tmp_path / "other"), filled.YEAR)


def test_check_of_a_filled_form_names_sheet_and_cell_and_annotates(tmp_path: Path) -> None:
    faulty = {"Дела": {**TASK, "I5": -1, "H5": "авось"}, "Встречи": {**MEETING, "C5": None}}
    path = tmp_path / "отчёт школы.xlsx"
    path.write_bytes(fill(write(tmp_path / "forms", "tasks").read_bytes(), faulty))
    result = CliRunner().invoke(app.app, ["check", str(path), "--annotate"])
    assert result.exit_code == screen.EXIT_FILE_ERRORS
    text = " ".join(result.output.split())
    assert "Форма, выписанная программой: «Дела»" in text
    assert "Встречи, C5" in text
    assert "Обязательная ячейка не заполнена" in text
    assert (tmp_path / "отчёт школы — замечания.xlsx").is_file()


def test_check_of_a_sound_form_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "форма.xlsx"
    path.write_bytes(fill(write(tmp_path / "forms", "tasks").read_bytes(), {"Дела": TASK, "Встречи": MEETING}))
    result = CliRunner().invoke(app.app, ["check", str(path)])
    assert result.exit_code == 0
    assert "Замечаний нет." in result.output
