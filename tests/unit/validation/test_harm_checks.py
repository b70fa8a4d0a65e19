"""The checks of harm over stores: what stops a year, what is told to a school, what waits for a person."""

import io

import docx
import pandas as pd
import pytest

from assets.effectiveness import write_effects
from assets.pool_tasks import fragment_key
from assets.recommendations import write_links
from assets.records import assemble_year_records
from checks.harm import harm_checks, no_harm_in_catalogues, no_harm_in_documents, no_harm_in_registers
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.tables import DOCUMENTS, FILES, QUALITY_FINDINGS, SCHOOL_CROSSWALK, SCHOOLS
from oko_pipeline.orchestration.forms_issue import issue_year_forms
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

YEAR = "2020-2021"
SCHOOL = "edu990404"
LEVEL = "attainment.vpr_good_share"
PLACE = {"file_sha256": "f" * 64, "source_sheet": "Лист", "source_row": 5}


@pytest.fixture
def workplace(tmp_path):
    opened = open_workplace(Settings.load(home=tmp_path))
    yield opened
    opened.close()


def put(workplace, name, school=None, **cells):
    """Let a filled form with one row of a register come in, and assemble the registers of the year."""
    return put_rows(workplace, name, [{"school_key": school} | cells])


def put_rows(workplace, name, rows, sha="f" * 64):
    path = f"forms/{sha[:3]}.xlsx"
    contract = all_tables()[name]
    columns = [
        one for one in contract.column_names if one not in {"school_year", "record_id", "file_sha256", "school_code"}
    ]
    types = contract.empty().dtypes.to_dict() | {"school_key": "str"}
    frame = pd.DataFrame(rows).reindex(columns=columns).astype({name: types[name] for name in columns})
    frame = frame.assign(source_sheet="Лист", source_row=range(5, 5 + len(rows)))
    workplace.records.write_fragment(fragment_key(sha, path), name, "r", frame)
    file = dict.fromkeys(FILES.column_names) | {
        "school_year": YEAR, "path": path, "file_sha256": sha, "layout_code": "record_form", "record_tables": name,
        "status": "accepted", "size_bytes": 1, "modified_at": "2021-05-01T00:00:00+00:00", "stat_fingerprint": "1",
        "read_rows_count": len(rows), "accepted_rows_count": len(rows), "quarantined_rows_count": 0,
        "reader_version": "r",
    }  # fmt: skip
    workplace.database.replace(FILES, pd.DataFrame([file]), {"school_year": YEAR, "path": path})
    linked = dict.fromkeys(SCHOOL_CROSSWALK.column_names) | {
        "school_year": YEAR, "source_key": SCHOOL, "school_code": SCHOOL, "method": "login",
        "files_count": 1, "rows_count": 1,
    }  # fmt: skip
    workplace.database.replace(SCHOOL_CROSSWALK, pd.DataFrame([linked]), {"school_year": YEAR})
    return assemble_year_records(workplace, YEAR)


def kept(workplace, name):
    return workplace.database.read(all_tables()[name], {"school_year": YEAR})


def told(workplace):
    found = workplace.database.read(QUALITY_FINDINGS, {"school_year": YEAR})
    return found[found["rule_id"].str.startswith("harm.")].sort_values(["rule_id", "row"])


def stops(results):
    return bool((~results["is_passed"] & results["is_blocking"] & (results["severity"] == "error")).any())


HARMFUL = {"indicator_code": "П-1", "title": "Качество", "use": "ranking", "uses_vpr_or_marks": True}


def test_a_harmful_indicator_of_the_municipality_stops_what_follows(workplace):
    put(workplace, "indicator_changes", municipality_code="reg99_m101", **HARMFUL)
    assert stops(no_harm_in_registers(workplace, YEAR))
    assert kept(workplace, "indicator_changes").empty


def test_a_harmful_indicator_of_a_school_is_told_and_stops_nobody_else(workplace):
    put(workplace, "indicator_changes", SCHOOL, **HARMFUL)
    results = no_harm_in_registers(workplace, YEAR)
    assert not stops(results)
    assert not results["is_passed"].all()
    (finding,) = told(workplace).to_dict("records")
    assert (finding["rule_id"], finding["severity"], finding["school_code"]) == ("harm.indicator", "error", SCHOOL)
    assert (finding["file_path"], finding["sheet"], finding["row"]) == ("forms/fff.xlsx", "Лист", 5)
    assert "строка не учитывается" in finding["became"]
    assert len(finding["mend"]) > 20


def test_a_refused_row_is_left_out_and_its_neighbours_stay(workplace):
    rows = [
        {"school_key": SCHOOL, "measure_number": "1", "title": "Премии", "kind": "incentive", "indicator_code": LEVEL},
        {"school_key": SCHOOL, "measure_number": "2", "title": "Помощь", "kind": "methodical", "indicator_code": LEVEL},
        {"school_key": "edu990405", "measure_number": "3", "title": "Курсы", "kind": "training"},
    ]
    assert "measures" in put_rows(workplace, "measures", rows)
    assert sorted(kept(workplace, "measures")["measure_number"]) == ["2", "3"]
    assert told(workplace)[["rule_id", "row"]].to_numpy().tolist() == [["harm.decision", 5]]
    assert workplace.database.slice_rows(YEAR, "measures") == {"year": 2}


def test_a_decision_that_cites_a_refused_indicator_goes_with_it_and_comes_back(workplace):
    put_rows(
        workplace, "decisions", [{"school_key": SCHOOL, "decision_number": "5", "indicator_code": "П-1"}], "d" * 64
    )
    assert len(kept(workplace, "decisions")) == 1
    assert put(workplace, "indicator_changes", SCHOOL, **HARMFUL) != []
    assert kept(workplace, "decisions").empty
    assert told(workplace)["rule_id"].tolist() == ["harm.decision", "harm.indicator"]
    workplace.database.delete(FILES, {"school_year": YEAR, "path": "forms/fff.xlsx"})
    put_rows(workplace, "indicator_changes", [{"school_key": SCHOOL, **HARMFUL, "use": "monitoring"}], "e" * 64)
    assert len(kept(workplace, "decisions")) == 1
    assert told(workplace).empty


def test_a_refused_row_is_nowhere_in_what_follows(workplace):
    """Neither in the chain of the cycle, nor among the measures judged, nor in next year's forms."""
    measure = {"school_key": SCHOOL, "decision_ref": "5", "status": "running"}
    rows = [
        measure | {"measure_number": "1", "title": "Премии", "kind": "incentive", "indicator_code": LEVEL},
        measure | {"measure_number": "2", "title": "Помощь", "kind": "methodical", "indicator_code": LEVEL},
    ]
    put_rows(workplace, "measures", rows)
    put_rows(workplace, "decisions", [{"school_key": SCHOOL, "decision_number": "5"}], "d" * 64)
    school = dict.fromkeys(SCHOOLS.column_names, "—") | {
        "school_year": YEAR, "school_code": SCHOOL, "municipality_code": "reg99_m101", "region_code": "99",
        "is_name_known": True, "school_kind": SCHOOLS.column("school_kind").allowed[0],
    }  # fmt: skip
    workplace.database.replace(SCHOOLS, pd.DataFrame([school]), {"school_year": YEAR})
    write_links(workplace, YEAR)
    links = workplace.database.read(all_tables()["cycle_links"], {"school_year": YEAR})
    assert set(links.loc[links["from_kind"] == "measure", "from_number"]) == {"2"}
    write_effects(workplace, YEAR)
    assert workplace.database.read(all_tables()["measure_effects"])["measure_number"].tolist() == ["2"]
    issued = issue_year_forms(workplace.settings, "2021-2022", target=workplace.settings.home / "forms")
    path = next(one for one in issued.written.paths if one.name.startswith("Управление") and SCHOOL in one.name)
    cells = pd.read_excel(path, sheet_name="Меры", header=None, engine="openpyxl").astype("str").to_numpy().ravel()
    assert "Помощь" in cells
    assert "Премии" not in cells


def test_a_refused_row_that_still_stands_in_a_register_stops_the_year(workplace):
    contract = all_tables()["indicator_changes"]
    row = dict.fromkeys(contract.column_names) | {"school_year": YEAR, "record_id": "1", "school_code": SCHOOL}
    workplace.database.append(contract, contract.conform(pd.DataFrame([row | HARMFUL | PLACE])))
    assert stops(no_harm_in_registers(workplace, YEAR))


def test_a_suspicious_phrase_stays_and_waits_for_a_person(workplace):
    put(workplace, "decisions", decision_number="1", title="Премировать учителей за балл ВПР")
    results = no_harm_in_registers(workplace, YEAR)
    assert not stops(results)
    assert len(kept(workplace, "decisions")) == 1
    findings = told(workplace)
    assert findings["severity"].tolist() == ["warning"]
    assert "[[Премировать учителей за балл ВПР]]" in findings["message"].iloc[0]


def test_clean_registers_pass_and_old_findings_go(workplace):
    put(workplace, "decisions", decision_number="1", title="Составить рейтинг школ по ВПР")
    assert not no_harm_in_registers(workplace, YEAR)["is_passed"].all()
    workplace.database.delete(FILES, {"school_year": YEAR})
    assemble_year_records(workplace, YEAR)
    assert no_harm_in_registers(workplace, YEAR)["is_passed"].all()
    assert told(workplace).empty


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
        "file_sha256": sha, "rendered_at": "2021-06-01T00:00:00Z", "inputs": "[]", "profile": "internal",
        "is_restricted": False, "issue_number": 1,
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
    assert len(specs) == 2 + len(set(document_assets().values()))
    assert all(spec.blocking for spec in specs)
