"""The checks of issued documents on a real store: what each profile must not show, and that a file is judged once."""

import gzip
import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from assets.kept_figures import figures_path
from checks import judge_tasks as checked
from checks.documents import document_checks, judge_documents
from checks.guards import documents_stand, guard_checks
from checks.judge_tasks import IssuedDocument, foreign_codes, read_word
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.tables import DOCUMENTS, SCHOOLS
from oko_pipeline.reporting.sections import row, table
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

YEAR = "2020-2021"
OWN, OTHER = "edu990401", "edu990402"
ASSET = document_assets()["school_note"]
STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1.0")


@pytest.fixture
def workplace(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path / "home", workers=1))
    rows = [dict.fromkeys(SCHOOLS.column_names) | {"school_year": YEAR, "school_code": one} for one in (OWN, OTHER)]
    filled = [
        one | {"school_name": "Школа", "is_name_known": True, "school_kind": "general", "region_code": "99",
               "municipality_code": "m"}
        for one in rows
    ]  # fmt: skip
    office.database.append(SCHOOLS, SCHOOLS.conform(pd.DataFrame(filled)))
    yield office
    office.close()


def context(text="Участвовали 23 обучающихся.", columns=("Показатель", "Значение")):
    quality = table("Замечания к данным", [(columns[0], 2, "text"), (columns[1], 1, "number")], [row("Всего", "3")])
    empty = dict.fromkeys(("table", "schools_table"))
    return {
        "title": "Справка", "unit_name": "Школа", "unit_code": OWN, "municipality_name": "Округ",
        "campaign_title": "ВПР", "campaign_code": "vpr-2021-spring", "campaign_dates": "весна", "campaign_note": "",
        "school_year": "2020/21", "authority": "Управление", "territory": "", "approval_position": "Директор",
        "statements": [], "participation": {"text": text, **empty},
        "marks": {"text": "Т.", "table": None, "charts": []},
        "journal": {"text": "Т.", "table": None, "charts": []}, "works_text": "Т.", "works": [],
        "tasks": {"table": None},
        "quality": {"text": "Т.", "left_out": [], "table": quality}, "sources": None,
        "settings": dict.fromkeys(
            ("hide_below", "claim_from", "detail_from", "informative_from", "base_green", "base_red", "high_green",
             "high_red"), "5"),
    }  # fmt: skip


def issue(workplace, said=None, *, figures=(), **register):
    entry = {"document_id": "school_note:a", "profile": "school", "is_restricted": False, "path": "a.docx"} | register
    store = workplace.restricted_reports if entry["is_restricted"] else workplace.reports
    sha = store.write(entry["path"], render_note("school_note", said or context(), STAMP))
    store.write(
        figures_path(YEAR, entry["document_id"]),
        gzip.compress(json.dumps({"now": list(figures), "before": None}).encode()),
    )
    values = dict.fromkeys(DOCUMENTS.column_names) | {
        "school_year": YEAR, "kind": "school_note", "unit_level": "school", "unit_code": OWN, "title_ru": "Справка",
        "issue_number": 1, "context_sha256": "0", "file_sha256": sha, "rendered_at": "2021-06-01T00:00:00Z",
        "code_version": "0", "inputs": "[]", **entry,
    }  # fmt: skip
    where = {"school_year": YEAR, "document_id": entry["document_id"]}
    workplace.database.replace(DOCUMENTS, pd.DataFrame([values]), where)


def judged(workplace, name="profile"):
    results = judge_documents(name, ASSET, workplace, YEAR)
    return {str(one.expectation).rsplit("_", 1)[1]: one for one in results.itertuples()}


def figure(**said):
    return {
        "text": "4",
        "op": "value",
        "table": "result_summary",
        "column": "participants_count",
        "form": "whole",
    } | said


def test_a_good_document_passes_both_checks(workplace):
    issue(workplace, figures=[figure()])
    assert judged(workplace)["profile"].is_passed
    assert judged(workplace)["profile"].checked_count == 1
    assert judged(workplace, "accessible")["accessible"].is_passed


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (context(f"Обучающийся {'0a1b2c3d' * 4} не справился."), "код обучающегося"),
        (context(columns=("Код участника", "Баллы")), "столбец кодов «Код участника»"),
    ],
)
def test_a_pupil_in_an_open_document_stops_the_year(workplace, said, words):
    issue(workplace, said)
    result = judged(workplace)["profile"]
    assert not result.is_passed
    assert result.is_blocking
    assert words in result.observed


def test_fingerprints_of_files_are_no_codes_of_pupils(workplace):
    issue(workplace, context(f"Файл {'0a1b2c3d' * 8}, отпечаток {'0a1b2c3d' * 2}."))
    assert judged(workplace)["profile"].is_passed


def test_numbers_of_a_restricted_table_stay_out_of_what_schools_and_the_public_read(workplace):
    closed = [figure(table="retained_pupils", op="count", column="")]
    for profile, is_passed in (("school", False), ("public", False), ("internal", True)):
        issue(workplace, figures=closed, profile=profile, path=f"{profile}.docx")
        issue(workplace, context(f"Для {profile}."), figures=closed, profile=profile, path=f"{profile}.docx")
        assert judged(workplace)["profile"].is_passed == is_passed, profile


def test_small_groups_are_hidden_from_the_public_only(workplace):
    issue(workplace, figures=[figure(text="7")])
    assert judged(workplace)["profile"].is_passed
    issue(workplace, context("Для всех."), figures=[figure(text="7")], profile="public")
    assert "группа меньше 10 участников" in judged(workplace)["profile"].observed
    issue(workplace, context("Для всех, скрыто."), figures=[figure(text="10")], profile="public")
    assert judged(workplace)["profile"].is_passed


def test_a_document_for_a_school_that_names_another_school_warns(workplace):
    issue(workplace, context(f"Пара — {OTHER}."))
    results = judged(workplace)
    assert results["profile"].is_passed
    assert not results["foreign"].is_passed
    assert not results["foreign"].is_blocking
    assert OTHER in results["foreign"].observed


def test_an_open_kind_in_the_restricted_store_is_named(workplace):
    issue(workplace, is_restricted=True)
    assert "стоит не там" in judged(workplace)["profile"].observed


def test_documents_stand_where_the_register_says_in_both_stores(workplace):
    issue(workplace)
    issue(workplace, document_id="school_passport_annex:a", path="annex.docx", is_restricted=True)
    (told,) = documents_stand(workplace, YEAR).to_dict("records")
    assert (told["is_passed"], told["checked_count"]) == (True, 2)
    workplace.restricted_reports.remove("annex.docx")
    (told,) = documents_stand(workplace, YEAR).to_dict("records")
    assert (told["is_passed"], told["unexpected_count"], told["observed"]) == (False, 1, "annex.docx")


def test_a_fault_of_accessibility_warns_and_says_where(workplace):
    spoilt = context()
    spoilt["quality"]["table"]["rows"][0]["cells"][0] = " "
    issue(workplace, spoilt)
    result = judged(workplace, "accessible")["accessible"]
    assert not result.is_passed
    assert not result.is_blocking
    assert "a.docx: таблица 1" in result.observed


def test_a_file_that_is_no_document_is_named(workplace):
    issue(workplace)
    sha = workplace.reports.write("a.docx", b"no document")
    rows = workplace.database.read(DOCUMENTS, {"school_year": YEAR}).assign(file_sha256=sha)
    workplace.database.replace(DOCUMENTS, rows, {"school_year": YEAR})
    assert "не открывается" in judged(workplace, "accessible")["accessible"].observed


def test_only_a_changed_document_is_read_again(workplace, monkeypatch):
    read = []
    monkeypatch.setattr(checked, "read_word", lambda content: read.append(1) or READ(content))
    for number in range(3):
        issue(workplace, context(f"Справка {number}."), document_id=f"school_note:{number}", path=f"{number}.docx")
    judged(workplace)
    assert len(read) == 3
    judged(workplace, "accessible")
    judged(workplace)
    assert len(read) == 3
    issue(workplace, context("Справка другая."), document_id="school_note:1", path="1.docx")
    assert judged(workplace)["profile"].checked_count == 3
    assert len(read) == 4


READ = checked.read_word


def test_every_report_asset_has_both_checks_and_only_the_profile_stops_a_year():
    specs = [spec for check in document_checks() for spec in check.check_specs]
    assert {spec.asset_key.to_user_string() for spec in specs} == set(document_assets().values())
    assert len(specs) == 2 * len(set(document_assets().values()))
    assert {spec.name for spec in specs if spec.blocking} == {"profile"}


def test_tables_and_documents_are_looked_at_when_the_last_of_them_is_written():
    graph = {spec.name: spec for check in guard_checks() for spec in check.check_specs}
    for name in ("no_personal_data_in_what_follows", "documents_stand"):
        waits = {dep.asset_key.to_user_string() for dep in graph[name].additional_deps}
        assert set(document_assets().values()) - {graph[name].asset_key.to_user_string()} <= waits
    assert not graph["no_personal_data_in_what_follows"].blocking, "documents would wait for themselves"


def passport(texts):
    row = {"kind": "school_passport", "profile": "school", "unit_level": "school", "unit_code": OWN}
    content = read_word(render_note("school_note", context(texts), STAMP))
    return IssuedDocument(row, content, ("<t>edu990402</t>",), ())


def test_only_schools_named_on_purpose_may_stand_in_a_passport():
    schools = frozenset({OWN, OTHER})
    assert foreign_codes(passport("Учиться у МБОУ СОШ № 402 (edu990402)."), schools) == []
    assert foreign_codes(passport("Файл forms/edu990402/a.xlsx."), schools) == ["названы другие ОО: edu990402"]
