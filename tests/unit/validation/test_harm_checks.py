"""The checks of harm over stores: what stops a year, what is told to a school, what waits for a person."""

import io

import docx
import pandas as pd
import pytest

from checks.harm import ORIGIN, harm_checks, no_harm_in_catalogues, no_harm_in_documents, no_harm_in_registers
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_FINDINGS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

YEAR = "2020-2021"


@pytest.fixture
def workplace(tmp_path):
    opened = open_workplace(Settings.load(home=tmp_path))
    yield opened
    opened.close()


def put(workplace, name, **cells):
    contract = all_tables()[name]
    row = dict.fromkeys(contract.column_names) | {
        "school_year": YEAR, "record_id": "1", "file_sha256": "f" * 64, "source_sheet": "Показатели", "source_row": 5,
    }  # fmt: skip
    workplace.database.append(contract, contract.conform(pd.DataFrame([row | cells])))


def stops(results):
    return bool((~results["is_passed"] & results["is_blocking"] & (results["severity"] == "error")).any())


HARMFUL = {"indicator_code": "П-1", "title": "Качество", "use": "ranking", "uses_vpr_or_marks": True}


def test_a_harmful_indicator_of_the_municipality_stops_what_follows(workplace):
    put(workplace, "indicator_changes", municipality_code="reg99_m101", **HARMFUL)
    assert stops(no_harm_in_registers(workplace, YEAR))


def test_a_harmful_indicator_of_a_school_is_told_and_stops_nobody_else(workplace):
    put(workplace, "indicator_changes", school_code="edu990404", **HARMFUL)
    results = no_harm_in_registers(workplace, YEAR)
    assert not stops(results)
    assert not results["is_passed"].all()
    findings = workplace.database.read(QUALITY_FINDINGS, {"school_year": YEAR, "origin": ORIGIN})
    assert findings[["rule_id", "severity", "school_code"]].to_numpy().tolist() == [
        ["harm.indicator", "error", "edu990404"]
    ]


def test_a_suspicious_phrase_waits_for_a_person(workplace):
    put(workplace, "decisions", decision_number="1", title="Премировать учителей за балл ВПР")
    results = no_harm_in_registers(workplace, YEAR)
    assert not stops(results)
    findings = workplace.database.read(QUALITY_FINDINGS, {"school_year": YEAR, "origin": ORIGIN})
    assert findings["severity"].tolist() == ["warning"]
    assert "[[Премировать учителей за балл ВПР]]" in findings["message"].iloc[0]


def test_clean_registers_pass_and_old_findings_go(workplace):
    put(workplace, "decisions", decision_number="1", title="Составить рейтинг школ по ВПР")
    no_harm_in_registers(workplace, YEAR)
    workplace.database.delete(all_tables()["decisions"], {"school_year": YEAR})
    assert no_harm_in_registers(workplace, YEAR)["is_passed"].all()
    assert workplace.database.read(QUALITY_FINDINGS, {"school_year": YEAR, "origin": ORIGIN}).empty


def issue(workplace, rows):
    document = docx.Document()
    table = document.add_table(rows=0, cols=2)
    for cells in [("ОО", "Средний балл"), *rows]:
        for cell, value in zip(table.add_row().cells, cells, strict=True):
            cell.text = value
    stream = io.BytesIO()
    document.save(stream)
    sha = workplace.reports.write("2020-2021/a.docx", stream.getvalue())
    row = dict.fromkeys(DOCUMENTS.column_names, "—") | {
        "school_year": YEAR, "document_id": "school_note:a", "kind": "school_note", "path": "2020-2021/a.docx",
        "file_sha256": sha, "rendered_at": "2021-06-01T00:00:00Z", "inputs": "[]",
    }  # fmt: skip
    workplace.database.replace(DOCUMENTS, pd.DataFrame([row]), {"school_year": YEAR, "document_id": "school_note:a"})


def test_a_document_that_ranks_schools_stops_the_year(workplace):
    issue(workplace, [("Школа 7", "15,1"), ("Школа 2", "12,0"), ("Школа 5", "9,9")])
    assert stops(no_harm_in_documents("school_note", workplace, YEAR))
    issue(workplace, [("Школа 2", "12,0"), ("Школа 5", "9,9"), ("Школа 7", "15,1")])
    assert not stops(no_harm_in_documents("school_note", workplace, YEAR))


def test_the_shipped_catalogues_pass(workplace):
    assert no_harm_in_catalogues(workplace, YEAR)["is_passed"].all()


def test_every_check_of_harm_blocks():
    specs = [spec for check in harm_checks() for spec in check.check_specs]
    assert len(specs) == 5
    assert all(spec.blocking for spec in specs)
