"""No name, telephone or address of any source leaves its file: not into a store, a log, metadata or a document."""

import re
import sqlite3
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from oko_pipeline.orchestration.privacy_scan import scan_everything
from oko_pipeline.orchestration.sample_sources import SOURCES_YEAR, source_jobs
from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.integration.conftest import set_environment, silent
from tests.shared import made_once

PHONE = re.compile(r"\+7 900 \d{3}-\d{2}-\d{2}")
EMAIL = re.compile(r"[\w.]+@example\.org")
DOCUMENT = re.compile(r"(?<!\d)\d{4} \d{6}(?!\d)")
BIRTH_DATE = re.compile(r"(?<!\d)\d\d\.\d\d\.20(?:0[89]|1[0-6])(?!\d)")
PLANTED = "Вымышленникова-Проверкина"


def texts_of(inbox: Path) -> str:
    """Return all texts of all workbooks of an inbox."""
    found: list[str] = []
    for path in sorted(inbox.rglob("*.xlsx")):
        try:
            book = CalamineWorkbook.from_path(path)
            found += [
                str(cell)
                for name in book.sheet_names
                for row in book.get_sheet_by_name(name).iter_rows()
                for cell in row
                if isinstance(cell, str) and cell
            ]
        except Exception:  # noqa: BLE001, S112 - damaged on purpose
            continue
    return "\n".join(found)


@pytest.fixture(scope="module")
def year_of_sources(tmp_path_factory):
    """Return a workplace after a year with every source, and what stands in its files and nowhere else."""
    home, planted, summary = made_once(tmp_path_factory, "year-of-sources", run_sources)
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, "all")
        workplace = open_workplace(Settings.load(home=home))
        yield workplace, planted, summary
        workplace.close()


def run_sources(folder):
    home = folder / "home"
    write_sample(
        home / "inbox",
        SampleOptions(schools=3, school_years=(SOURCES_YEAR,), broken_files=False),
        further=source_jobs,
    )
    text = texts_of(home / "inbox")
    planted = [name for name in invented_names()["surname"] if name in text]
    for pattern in (PHONE, EMAIL, DOCUMENT, BIRTH_DATE):
        planted += sorted(set(pattern.findall(text)))[:40]
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, "all")
        return home, planted, run_year(Settings.load(home=home), SOURCES_YEAR, silent)


def test_a_year_of_all_sources_runs(year_of_sources):
    workplace, planted, summary = year_of_sources
    assert summary.error is None
    assert summary.blocking == []
    assert len(summary.documents) > 40, "documents of nearly all kinds are issued and judged"
    assert sum(name in planted for name in invented_names()["surname"]) >= 15
    for pattern in (PHONE, EMAIL, DOCUMENT, BIRTH_DATE):
        assert sum(pattern.fullmatch(one) is not None for one in planted) >= 20, pattern
    assert any(workplace.settings.restricted_folder.rglob("*.parquet"))


def test_nothing_of_the_people_in_the_files_is_left_anywhere(year_of_sources):
    workplace, planted, _ = year_of_sources
    assert [(hit.place, hit.kind, hit.count) for hit in scan_everything(workplace, planted)] == []


def log(home: Path) -> str:
    path = home / "dagster" / "planted.log"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"Прочитана строка: {PLANTED}", "utf-8")
    return path.relative_to(home).as_posix()


def database(home: Path) -> str:
    path = home / "planted.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table findings (message text)")
    connection.execute("insert into findings values (?)", (f"В ячейке {PLANTED}",))
    connection.commit()
    connection.close()
    return path.name


def parquet(home: Path) -> str:
    path = home / "planted.parquet"
    pd.DataFrame({"school_key": [f"МБОУ СОШ имени {PLANTED}"]}).to_parquet(path)
    return path.name


def metadata(home: Path) -> str:
    path = home / "planted.json"
    path.write_text('{"note": "' + PLANTED.encode("unicode_escape").decode() + '"}', "ascii")
    return path.name


def document(suffix: str):
    def write(home: Path) -> str:
        path = home / f"planted{suffix}"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", f"<w:t>{PLANTED}</w:t>" * 20)
        return path.name

    return write


@pytest.fixture
def bare(tmp_path):
    """Return a workplace where nothing ran yet; that the rest of a home hides nothing is shown in test_privacy."""
    workplace = open_workplace(Settings.load(home=tmp_path / "home"))
    workplace.database.table_counts()
    yield workplace
    workplace.close()


@pytest.mark.parametrize(
    "plant", [log, database, parquet, metadata, document(".docx"), document(".xlsx")], ids=lambda one: one.__name__
)
def test_the_search_would_find_a_name_in_each_kind_of_place(bare, plant):
    place = plant(bare.settings.home)
    assert {hit.place for hit in scan_everything(bare, [PLANTED])} == {place}
