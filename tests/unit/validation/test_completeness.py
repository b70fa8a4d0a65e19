"""Who gave what, who is awaited, who is late against the schedule, what does not apply to whom."""

from datetime import date

import pandas as pd
import pytest

from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.catalogue.tables import FILES, QUALITY_FINDINGS
from oko_pipeline.validation.completeness import RECORD_COLUMNS, Duties, Receipts, completeness, receipt_rows

YEAR = "2025-2026"
SCHOOLS = pd.DataFrame(
    {
        "school_code": ["edu990101", "edu990102", "edu990103"],
        "municipality_code": ["reg99_m101"] * 3,
        "offers_basic": pd.array([True, True, True], dtype="boolean"),
        "offers_secondary": pd.array([True, False, None], dtype="boolean"),
    }
)


def file(sha, layout, *, on="2026-04-01T10:00:00Z", status="accepted", submitted=None):
    return {
        "school_year": YEAR,
        "path": f"{sha}.xlsx",
        "file_sha256": sha,
        "layout_code": layout,
        "status": status,
        "modified_at": on,
        "submitted_at": submitted,
    }


def rows(sha, table, count, *, school="edu990101", kind=None, municipality=None):
    return dict(zip(RECORD_COLUMNS, (sha, table, kind, school, municipality, count), strict=True))


def finding(sha, school=None, severity="error"):
    return {"severity": severity, "file_sha256": sha, "school_code": school, "rule_id": "record.range"}


def frame(table, records):
    empty = table.empty()
    return pd.DataFrame(records).reindex(columns=list(empty.columns)) if records else empty


def made(files=(), records=(), findings=(), *, today=date(2026, 4, 10), duties=None):
    receipts = Receipts(
        frame(FILES, list(files)),
        frame(QUALITY_FINDINGS, list(findings)),
        pd.DataFrame(list(records), columns=list(RECORD_COLUMNS)),
    )
    return completeness(YEAR, receipts, SCHOOLS, today, duties)


def of(found, kind, unit="edu990101"):
    (row,) = found[(found["kind"] == kind) & (found["unit_code"] == unit)].to_dict("records")
    return row


def test_what_nobody_gave_is_expected_before_its_term_and_late_after_it():
    before = of(made(today=date(2026, 4, 20)), "partnerships")
    after = of(made(today=date(2026, 4, 21)), "partnerships")
    assert (before["state"], before["is_late"], before["due_on"]) == ("expected", False, "2026-04-20")
    assert (after["state"], after["is_late"], after["days_late"]) == ("late", True, 1)
    assert after["source_code"] == "resources"
    assert after["leaves_out"] == source_kinds()["partnerships"].without_ru


def test_a_term_before_the_new_year_is_in_the_first_calendar_year():
    assert of(made(today=date(2025, 9, 25)), "enrolment")["due_on"] == "2025-09-25"
    assert of(made(today=date(2025, 9, 25)), "enrolment")["state"] == "expected"
    assert of(made(today=date(2025, 9, 26)), "enrolment")["state"] == "late"


def test_a_form_with_rows_is_accepted_for_all_kinds_of_its_registers():
    found = made(
        [file("a", "record_form", on="2026-04-15T08:00:00Z")],
        [rows("a", "partnerships", 4), rows("a", "textbooks", 0)],
    )
    given, blank = of(found, "partnerships"), of(found, "textbooks")
    assert (given["state"], given["rows_count"], given["files_count"]) == ("accepted", 4, 1)
    assert (given["received_on"], given["is_late"]) == ("2026-04-15", False)
    assert pd.isna(given["leaves_out"])
    assert (blank["state"], blank["rows_count"]) == ("received", 0)
    assert blank["leaves_out"] == source_kinds()["textbooks"].without_ru
    assert of(found, "partnerships", "edu990102")["state"] == "expected"


def test_what_came_after_its_term_is_accepted_and_late():
    found = made([file("a", "record_form", on="2026-04-23T08:00:00Z")], [rows("a", "partnerships", 4)])
    row = of(found, "partnerships")
    assert (row["state"], row["is_late"], row["days_late"]) == ("accepted", True, 3)


def test_the_date_of_submission_goes_before_that_of_the_file():
    sent = file("a", "record_form", on="2026-04-23T08:00:00Z", submitted="2026-04-20")
    row = of(made([sent], [rows("a", "partnerships", 4)]), "partnerships")
    assert (row["received_on"], row["is_late"]) == ("2026-04-20", False)


def test_a_file_with_errors_is_returned_until_the_form_is_sent_anew():
    first = file("a", "record_form", on="2026-04-01T08:00:00Z")
    second = file("b", "record_form", on="2026-04-30T08:00:00Z")
    wrong = [rows("a", "partnerships", 4)]
    found = made([first], wrong, [finding("a", "edu990101"), finding("a"), finding("a", severity="warning")])
    row = of(found, "partnerships")
    assert (row["state"], row["findings_count"]) == ("returned", 2)
    assert row["leaves_out"] == source_kinds()["partnerships"].without_ru
    mended = made([first, second], [*wrong, rows("b", "partnerships", 5)], [finding("a", "edu990101")])
    row = of(mended, "partnerships")
    assert (row["state"], row["rows_count"], row["findings_count"]) == ("accepted", 5, 0)
    assert (row["received_on"], row["updated_on"], row["is_late"]) == ("2026-04-01", "2026-04-30", False)


def test_warnings_do_not_return_a_file():
    found = made([file("a", "record_form")], [rows("a", "partnerships", 4)], [finding("a", severity="warning")])
    assert of(found, "partnerships")["state"] == "accepted"


def test_an_error_in_a_file_about_many_schools_concerns_the_school_that_it_names():
    many = [rows("a", "works", 20), rows("a", "works", 30, school="edu990102")]
    found = made([file("a", "raw_2022")], many, [finding("a", "edu990102"), finding("a")])
    assert of(found, "vpr")["state"] == "accepted"
    assert (of(found, "vpr", "edu990102")["state"], of(found, "vpr", "edu990102")["findings_count"]) == ("returned", 1)


def test_all_files_of_a_layout_count_and_superseded_ones_do_not():
    files = [file("a", "raw_2022"), file("b", "raw_2022"), file("c", "raw_2022", status="superseded")]
    row = of(made(files, [rows(sha, "works", 10) for sha in "abc"]), "vpr")
    assert (row["files_count"], row["rows_count"], row["source_code"]) == (2, 20, "raw_2022")


def test_a_file_that_was_taken_out_of_the_inbox_has_not_been_given():
    found = made([file("a", "record_form", status="removed")], [rows("a", "partnerships", 4)])
    assert of(found, "partnerships")["state"] == "expected"


def test_a_refused_file_is_returned():
    found = made([file("a", "record_form", status="refused")], [rows("a", "partnerships", 0)])
    assert of(found, "partnerships")["state"] == "returned"


def test_a_kind_that_came_two_ways_has_two_rows():
    found = made(
        [file("a", "gia_protocol"), file("b", "record_form")],
        [rows("a", "exam_results", 12, kind="oge"), rows("b", "exam_results_reported", 3, kind="oge")],
    )
    own = found[(found["kind"] == "oge") & (found["unit_code"] == "edu990101")]
    assert own.set_index("source_code")["rows_count"].to_dict() == {"exam_summary": 3, "gia_protocol": 12}


def test_rows_of_a_stated_kind_do_not_count_for_the_others():
    found = made([file("a", "gia_protocol")], [rows("a", "exam_results", 12, kind="oge")])
    assert of(found, "oge")["state"] == "accepted"
    assert of(found, "ege")["state"] == "expected"


def test_a_nine_year_school_owes_no_ege():
    found = made(today=date(2026, 7, 31))
    assert of(found, "ege", "edu990101")["state"] == "late"
    row = of(found, "ege", "edu990102")
    assert (row["state"], row["is_late"]) == ("not_applicable", False)
    assert pd.isna(row["leaves_out"])
    assert row["reason"] == "в ОО нет среднего общего образования"
    # What a school teaches is not known: it may owe the exam.
    assert of(found, "ege", "edu990103")["state"] == "late"


def test_a_study_is_owed_only_by_those_in_its_sample():
    duties = Duties(listed={"noko": frozenset({"edu990102"})}, due={"noko": date(2026, 4, 1)})
    found = made(duties=duties)
    assert of(found, "noko", "edu990102")["state"] == "late"
    assert of(found, "noko", "edu990101")["reason"] == "ОО нет в графике, списке или выборке"
    assert of(found, "noko", "edu990101")["state"] == "not_applicable"


def test_nothing_is_awaited_of_what_may_not_happen():
    assert of(made(today=date(2026, 8, 1)), "violations")["state"] == "not_applicable"
    found = made([file("a", "record_form")], [rows("a", "violations", 2)])
    assert of(found, "violations")["state"] == "accepted"


def test_a_kind_by_the_timetable_is_late_against_the_date_of_the_schedule():
    assert of(made(today=date(2026, 6, 30)), "vpr")["state"] == "expected"
    duties = Duties(due={"vpr": date(2026, 5, 20)})
    assert of(made(today=date(2026, 6, 30), duties=duties), "vpr")["days_late"] == 41


def test_municipalities_have_duties_of_their_own():
    found = made([file("a", "record_form")], [rows("a", "labour_market", 7, school=None, municipality="reg99_m101")])
    row = of(found, "labour_market", "reg99_m101")
    assert (row["state"], row["unit_level"]) == ("accepted", "municipality")
    assert found.loc[found["kind"] == "labour_market", "unit_code"].tolist() == ["reg99_m101"]
    assert set(found.loc[found["kind"] == "decisions", "unit_code"]) == {*SCHOOLS["school_code"], "reg99_m101"}


@pytest.mark.parametrize("today", [date(2025, 8, 1), date(2026, 8, 31)])
def test_every_kind_has_a_row_for_each_who_owes_it(today):
    found = made(today=today)
    assert set(found["kind"]) == set(source_kinds())
    assert not found.duplicated(["kind", "unit_code"]).any()
    assert set(found["state"]) == (
        {"expected", "not_applicable"} if today.year == 2025 else {"late", "not_applicable", "expected"}
    )


@pytest.mark.parametrize(
    ("table", "column", "values", "kinds"),
    [
        ("exam_results", "exam_kind", ["oge", "gve9", "gve11"], ["oge", "gve", "gve"]),
        ("admission_works", "procedure", ["interview", "essay", "statement"], ["interview9", "essay11", "essay11"]),
        ("study_results", "study", ["niko", "pirls", "functional"], ["niko", "international_studies", "pisa_model"]),
        ("survey_answers", "questionnaire_code", ["parents", "heads", "heads"],
         ["survey_parents", "survey_heads", "survey_heads"]),
        ("works", "assessment_id", ["vpr-2022-spring:5:x:base", "mock_exams-2025-2026-spring:9:x:base", None],
         ["vpr", "mock_exams", None]),
        ("measures", "title", ["a", "b", "c"], [None, None, None]),
    ],
)  # fmt: skip
def test_rows_of_a_table_are_counted_by_their_kind(table, column, values, kinds):
    own = pd.DataFrame({"file_sha256": "a", "school_code": "edu990101", column: values})
    counted = receipt_rows(table, own)
    pairs = zip(counted["kind"], counted["rows_count"], strict=True)
    by_kind = {None if pd.isna(kind) else kind: count for kind, count in pairs}
    assert by_kind == {kind: kinds.count(kind) for kind in kinds}


def test_rows_of_schools_that_are_not_linked_are_left_out():
    own = pd.DataFrame(
        {
            "file_sha256": ["a", "a", "a", "b"],
            "school_code": ["edu990101", None, None, "edu990102"],
            "school_key": ["edu990101", None, "СОШ № 7", "edu990102"],
            "municipality_code": [None, "reg99_m101", None, None],
        },
        dtype="str",
    )
    counted = receipt_rows("labour_market", own).astype(object).where(lambda frame: frame.notna(), None)
    assert counted[["file_sha256", "school_code", "municipality_code", "rows_count"]].to_numpy().tolist() == [
        ["a", "edu990101", None, 1],
        ["a", None, "reg99_m101", 1],
        ["b", "edu990102", None, 1],
    ]


def test_a_diagnostic_work_is_not_taken_for_another_procedure():
    own = pd.DataFrame(
        {"file_sha256": ["a"], "school_code": ["edu990101"], "assessment_id": ["mock_exams-2025-2026-spring:9:x:base"]}
    )
    receipts = Receipts(
        frame(FILES, [file("a", "diagnostic_protocol")]), QUALITY_FINDINGS.empty(), receipt_rows("works", own)
    )
    found = completeness(YEAR, receipts, SCHOOLS, date(2026, 4, 10))
    assert of(found, "mock_exams")["state"] == "accepted"
    assert of(found, "school_diagnostics")["state"] == "not_applicable"


def about(kind, table, layout="record_form", **codes):
    return made([file("a", layout)], [rows("a", table, 2, kind=kind, **codes)])


def test_what_a_municipality_tells_of_a_school_counts_for_who_owes_it():
    both = {"school": "edu990101", "municipality": "reg99_m101"}
    exams = about("oge", "exam_results_reported", **both)
    assert of(exams, "oge")["state"] == "accepted"
    decisions = about("decisions", "decisions", **both)
    assert of(decisions, "decisions")["state"] == "expected"
    assert of(decisions, "decisions", "reg99_m101")["state"] == "accepted"
    appraisal = about("heads_appraisal", "heads_appraisal", **both)
    assert of(appraisal, "heads_appraisal", "reg99_m101")["state"] == "accepted"
    assert "edu990101" not in set(appraisal.loc[appraisal["kind"] == "heads_appraisal", "unit_code"])


def test_a_list_of_schools_is_given_by_their_municipality():
    lists = about("objectivity_lists", "external_lists", "record_export", school="edu990101")
    assert of(lists, "objectivity_lists", "reg99_m101")["state"] == "accepted"


def test_norms_of_the_region_serve_every_municipality():
    norms = about("benchmarks", "published_results", "benchmark_table", school=None)
    assert of(norms, "benchmarks", "reg99_m101")["state"] == "accepted"


def test_errors_of_a_municipalitys_form_return_it_whatever_school_they_name():
    both = {"school": "edu990102", "municipality": "reg99_m101"}
    given = [rows("a", "decisions", 2, **both), rows("a", "exam_results_reported", 1, kind="oge", **both)]
    given.append(rows("a", "exam_results_reported", 1, kind="oge", municipality="reg99_m101"))
    found = made([file("a", "record_form")], given, [finding("a", "edu990102")])
    assert of(found, "decisions", "reg99_m101")["state"] == "returned"
    assert of(found, "oge", "edu990102")["state"] == "returned"
    assert of(found, "oge", "edu990101")["state"] == "accepted"
