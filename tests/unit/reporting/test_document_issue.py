"""Issues of documents: written when they say something new, numbered, compared, removed with their data."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from docx import Document

from assets.document_issue import Issue, _remove_unsupported, issue_documents
from assets.documents import write_documents
from assets.issue_metadata import issue_metadata
from assets.kept_figures import read_figures
from assets.pool_tasks import Draft, NoteBody
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import (
    DOCUMENT_CHANGES,
    DOCUMENT_ISSUES,
    DOCUMENTS,
    MUNICIPALITIES,
    QUALITY_FINDINGS,
    SCHOOLS,
)
from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.word.render import Stamp
from oko_pipeline.reporting.word.templates import template_bytes
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.workplace import open_workplace
from tests.unit.reporting.frames import filled

YEAR, NEXT = "2024-2025", "2025-2026"
KIND = document_kinds()["quality_letter"]


def finding(number, school, severity="warning", year=YEAR):
    return {
        "school_year": year, "finding_id": f"{school}-{number}", "severity": severity, "rule_id": "work.sum_mismatch",
        "file_path": f"ВПР/{school}.xlsx", "file_sha256": "0" * 64, "sheet": "Протокол", "row": number, "column": "N",
        "cell": f"N{number}", "message": f"Итог {number}, а сумма баллов 1.", "mend": "Сверьте.", "school_code": school,
    }  # fmt: skip


@pytest.fixture
def office(tmp_path):
    clock = Clock(lambda: datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    office = open_workplace(Settings.load(home=tmp_path, workers=1), clock)
    for year in (YEAR, NEXT):
        schools = [
            {"school_year": year, "school_code": code, "municipality_code": "m1", "school_name": f"Школа {code}"}
            for code in ("edu1", "edu2")
        ]
        office.database.append(SCHOOLS, filled("schools", schools))
        district = [{"school_year": year, "municipality_code": "m1", "municipality_name": "Район"}]
        office.database.append(MUNICIPALITIES, filled("municipalities", district))
    yield office
    office.close()


def found(office, *rows, year=YEAR):
    """Let these be the findings of the year."""
    office.database.replace(QUALITY_FINDINGS, filled("quality_findings", list(rows)), {"school_year": year})


def issued(office, year=YEAR):
    return write_documents(office, year, KIND)


def register(office, year=YEAR):
    rows = office.database.read(DOCUMENTS, {"school_year": year, "kind": KIND.kind})
    return {row["unit_code"]: row for row in rows.to_dict("records")}


def texts(office, school, year=YEAR):
    document = Document(office.reports.path(register(office, year)[school]["path"]))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs] + cells


def test_schools_with_findings_get_a_letter_and_others_none(office):
    found(office, finding(17, "edu1"), finding(18, "edu1"))
    written = issued(office)
    assert written.written == (f"{YEAR}/Письма о данных/edu1 Письмо о замечаниях к файлам.docx",)
    row = register(office)["edu1"]
    assert (row["issue_number"], row["profile"], row["title_ru"]) == (1, "school", "Письмо о замечаниях к файлам")
    assert office.reports.has(row["path"], row["file_sha256"])
    assert "Протокол" in texts(office, "edu1")


def test_nothing_is_made_again_while_nothing_changes(office):
    found(office, finding(17, "edu1"))
    issued(office)
    path = office.reports.path(register(office)["edu1"]["path"])
    written_at = path.stat().st_mtime_ns
    again = issued(office)
    assert (again.written, again.unchanged_count) == ((), 1)
    assert path.stat().st_mtime_ns == written_at


def test_a_correction_makes_a_new_issue_of_that_document_only_and_tells_what_changed(office):
    found(office, finding(17, "edu1"), finding(18, "edu1"), finding(5, "edu2"))
    issued(office)
    found(office, finding(17, "edu1"), finding(5, "edu2"))
    again = issued(office)
    assert [path.split("/")[-1][:4] for path in again.written] == ["edu1"]
    assert again.unchanged_count == 1
    rows = register(office)
    assert (rows["edu1"]["issue_number"], rows["edu2"]["issue_number"]) == (2, 1)
    changes = office.database.read(DOCUMENT_CHANGES, {"school_year": YEAR})
    assert set(zip(changes["was"], changes["became"], strict=True)) == {("2", "1")}
    assert set(changes["document_id"]) == {"quality_letter:edu1"}
    assert set(changes["place"]) == {"предупреждений в файлах ОО", "Строк: Замечания к данным: edu1.xlsx: Протокол"}
    issues = office.database.read(DOCUMENT_ISSUES, {"school_year": YEAR, "document_id": "quality_letter:edu1"})
    assert issues["issue_number"].tolist() == [1, 2]
    assert issues["changes_count"].tolist() == [0, len(changes)]
    said = texts(office, "edu1")
    assert any(text.startswith("Это выпуск 2.") for text in said)
    assert not any(text.startswith("Это выпуск") for text in texts(office, "edu2"))


def test_a_document_written_again_because_its_file_is_gone_is_the_same_issue_with_the_same_bytes(office):
    found(office, finding(17, "edu1"), finding(18, "edu1"))
    issued(office)
    found(office, finding(17, "edu1"))
    issued(office)
    before = register(office)["edu1"]
    office.reports.remove(before["path"])
    assert len(issued(office).written) == 1
    after = register(office)["edu1"]
    assert after["issue_number"] == 2
    assert after["file_sha256"] == before["file_sha256"]
    assert len(office.database.read(DOCUMENT_CHANGES, {"school_year": YEAR})) > 0


def test_a_document_that_is_only_laid_out_anew_is_the_same_issue(office, monkeypatch):
    found(office, finding(17, "edu1"), finding(18, "edu1"))
    issued(office)
    found(office, finding(17, "edu1"))
    issued(office)
    before = register(office)["edu1"]
    monkeypatch.setattr("assets.documents.renderer_version", lambda _workplace, kind: f"other code of {kind}")
    assert issued(office).written == (before["path"],)
    after = register(office)["edu1"]
    assert after["issue_number"] == before["issue_number"] == 2
    assert after["context_sha256"] != before["context_sha256"]
    issues = office.database.read(DOCUMENT_ISSUES, {"school_year": YEAR})
    assert issues["issue_number"].tolist() == [1, 2]
    assert issued(office).written == ()


def test_other_words_of_a_template_are_a_new_issue(office, tmp_path):
    found(office, finding(17, "edu1"))
    issued(office)
    own = tmp_path / "templates"
    own.mkdir()
    _, content = template_bytes(KIND.kind, None)
    (own / f"{KIND.kind}.docx").write_bytes(content)
    with_own = replace(office, settings=office.settings.model_copy(update={"templates": own}))
    issued(with_own)
    assert register(office)["edu1"]["issue_number"] == 1
    template = Document(own / f"{KIND.kind}.docx")
    template.paragraphs[-1].insert_paragraph_before("Ответ ждём до конца месяца.")
    template.save(own / f"{KIND.kind}.docx")
    issued(with_own)
    assert register(office)["edu1"]["issue_number"] == 2


def test_a_document_that_becomes_restricted_leaves_the_open_store(office):
    path = f"{YEAR}/а.docx"
    body = NoteBody({}, Stamp(datetime(2026, 1, 1, tzinfo=UTC), "0"), None)
    office.reports.write(path, b"rows of pupils")
    draft = Draft("a:1", KIND.kind, None, "school", "edu1", "А", path, "0", "[]", body, office.reports)
    known = pd.DataFrame([{"document_id": "a:1", "path": path, "pack_path": None, "is_restricted": False}])
    moved = replace(draft, reports=office.restricted_reports, is_restricted=True)
    _remove_unsupported(office, Issue(YEAR, KIND.kind, None, "1"), known, [moved])
    assert not office.reports.has(path)


def test_a_kind_that_the_territory_leaves_out_is_not_issued_and_none_of_it_stays_behind(office):
    found(office, finding(17, "edu1"))
    issued(office)
    path = register(office)["edu1"]["path"]
    without = replace(office, settings=office.settings.model_copy(update={"documents": "school_note, talk_outline"}))
    assert issued(without).written == ()
    assert register(office) == {}
    assert not office.reports.has(path)
    assert "OKO_DOCUMENTS" in issue_metadata(without, YEAR, {KIND.kind: issued(without)})["документы"]
    assert issued(office).written == (path,)
    assert register(office)["edu1"]["issue_number"] == 2


def test_a_document_goes_with_its_data_and_its_number_is_not_given_again(office):
    found(office, finding(17, "edu1"))
    issued(office)
    path = register(office)["edu1"]["path"]
    found(office)
    assert issued(office).written == ()
    assert register(office) == {}
    assert not office.reports.has(path)
    assert read_figures(office.reports, YEAR, "quality_letter:edu1")["now"] is None
    found(office, finding(17, "edu1"))
    issued(office)
    assert register(office)["edu1"]["issue_number"] == 2


def test_years_do_not_touch_each_other(office):
    found(office, finding(17, "edu1"))
    issued(office)
    found(office, finding(3, "edu1", year=NEXT), finding(4, "edu1", year=NEXT), year=NEXT)
    issued(office, NEXT)
    found(office, finding(17, "edu1"), finding(18, "edu1"), finding(19, "edu1"))
    issued(office)
    changes = office.database.read(DOCUMENT_CHANGES, {"school_year": YEAR})
    assert set(zip(changes["was"], changes["became"], strict=True)) == {("1", "3")}
    assert register(office, NEXT)["edu1"]["issue_number"] == 1


def test_drafts_that_would_take_each_others_place_are_refused(office):
    body = NoteBody({}, Stamp(datetime(2026, 1, 1, tzinfo=UTC), "0"), None)
    draft = Draft("a:1", "a", None, "school", "1", "А", "а.docx", "0", "[]", body, office.reports)
    other = Draft("a:2", "a", None, "school", "2", "А", "а.docx", "0", "[]", body, office.reports)
    with pytest.raises(ContractError, match="path повторяется"):
        issue_documents(office, Issue(YEAR, KIND.kind, None, "inputs"), lambda: [draft, other])
