"""The state of a duty is what the registers, the tables made, the terms and people's own words say."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from oko_pipeline.catalogue.bindings import Target
from oko_pipeline.catalogue.programmes import Choice, ProgrammeBook, programmes
from oko_pipeline.catalogue.terms import Cycle, Term
from oko_pipeline.programmes.evidence import Made
from oko_pipeline.programmes.execution import (
    ExecutionOptions,
    execution,
    levels_side_by_side,
    received_kinds,
    reminders,
    where_to_note,
)
from tests.unit.programmes.conftest import register

YEAR = "2024-2025"
NOTHING = pd.DataFrame({"kind": [], "unit_level": [], "unit_code": [], "state": []})


def options(today="2025-01-15", **overrides):
    return ExecutionOptions.of_year(YEAR, date.fromisoformat(today), overrides)


def duty(duty_id, **changes):
    code = duty_id.partition(":")[0]
    found = next(one for one in programmes()[code].duties if one.duty_id == duty_id)
    return replace(found, **changes)


def choice(*duties, cycle=None):
    head = programmes()[duties[0].programme].head
    return (Choice(ProgrammeBook(head, duties), cycle or Cycle(2024, 1)),)


def came(*rows):
    return pd.DataFrame(rows, columns=["kind", "unit_level", "unit_code", "state"])


def states(duties, book, completeness=NOTHING, today="2025-01-15"):
    executed = execution(choice(*duties), book, received_kinds(completeness, book.units), options(today))
    return executed.set_index(["duty_id", "unit_code"])


CONTEST = "malokarachaevsky_roadmap:plan:3.6"
TEXTBOOKS = "malokarachaevsky_roadmap:plan:3.7"
MEASURES = "ntg_school:plan:5.1"


def test_work_of_people_is_done_when_the_register_has_a_row_of_the_right_kind(book_of):
    rows = register(
        "teacher_contests",
        {"school_code": "s1", "kind": "teacher_of_year", "ends_on": "2025-02-10", "evidence_link": "https://a.example"},
        {"school_code": "s3", "kind": "young", "ends_on": "2025-02-10"},
    )
    found = states([duty(CONTEST, term=Term("whole"))], book_of({"teacher_contests": rows}))
    done, other = found.loc[(CONTEST, "m1")], found.loc[(CONTEST, "m2")]
    assert (done["state"], done["served_on"], done["evidence_link"], done["evidence_count"]) == (
        "done",
        "2025-02-10",
        "https://a.example",
        1,
    )
    assert other["state"] == "not_due"
    assert other["missing"] == "Конкурсы профессионального мастерства"


def test_a_planned_row_is_no_evidence_and_a_passed_term_is_overdue(book_of):
    rows = register(
        "measures", {"school_code": "s1", "measure_number": "1", "status": "planned", "direction": "attainment"}
    )
    own = [duty(MEASURES, needs=("measures",), term=Term("months:12-12"))]
    book = book_of({"measures": rows})
    assert states(own, book, today="2024-12-31").loc[(MEASURES, "s1"), "state"] == "not_due"
    assert states(own, book, today="2025-01-01").loc[(MEASURES, "s1"), "state"] == "overdue"


def test_what_is_done_only_as_needed_is_never_overdue(book_of):
    own = [duty(MEASURES, term=Term("months:9-9;as_needed"))]
    row = states(own, book_of(), today="2025-08-31").loc[(MEASURES, "s1")]
    assert (row["state"], row["reason"]) == ("not_due", "по необходимости: повода могло не быть")


def test_one_of_two_kinds_of_records_is_done_in_part(book_of):
    rows = register(
        "events", {"school_code": "s2", "event_number": "5", "direction": "attainment", "held_on": "2024-11-01"}
    )
    row = states([duty(MEASURES)], book_of({"events": rows})).loc[(MEASURES, "s2")]
    assert (row["state"], row["evidence_ref"]) == ("partly", "Мероприятия, № 5")
    assert "Меры" in row["missing"]


def test_fewer_records_than_passed_terms_is_in_part(book_of):
    quarterly = [duty("objectivity_roadmap:plan:5.3")]
    event = {"municipality_code": "m1", "audience": "heads", "topic": "objectivity", "held_on": "2024-10-05"}
    one = register("events", {**event, "event_number": "1"})
    two = register("events", {**event, "event_number": "1"}, {**event, "event_number": "2", "held_on": "2024-12-20"})
    key = ("objectivity_roadmap:plan:5.3", "m1")
    assert states(quarterly, book_of({"events": one})).loc[key, "state"] == "partly"
    assert states(quarterly, book_of({"events": two})).loc[key, "state"] == "done"


def test_an_analysis_is_served_where_its_table_and_its_data_are(book_of):
    rows = register("textbooks", {"school_code": "s1"})
    enrolment = register("enrolment", {"school_code": "s1"})
    book = book_of({"textbooks": rows, "enrolment": enrolment})
    data = came(["textbooks", "school", "s1", "accepted"], ["enrolment", "school", "s1", "accepted"])
    served = states([duty(TEXTBOOKS)], book, data)
    assert served.loc[(TEXTBOOKS, "m1"), "state"] == "served"
    assert served.loc[(TEXTBOOKS, "m1"), "served_by"] == "table:textbooks"
    assert served.loc[(TEXTBOOKS, "m2"), "state"] == "overdue"
    half = states([duty(TEXTBOOKS)], book, data.iloc[:1]).loc[(TEXTBOOKS, "m1")]
    assert (half["state"], half["served_from"], half["missing"]) == (
        "partly",
        "Учебники и УМК",
        "Контингент",
    )


def test_a_table_of_the_program_serves_the_units_that_it_is_about(book_of):
    one = duty("malokarachaevsky_roadmap:plan:1.6")
    rows = pd.DataFrame({"unit_level": ["school", "school"], "unit_code": ["s1", "s2"]})
    book = book_of(
        made={"admission_results": Made(2, "2024-12-20", rows)},
        tables_of={"asset:admission_results": ["admission_results"]},
    )
    data = came(
        ["essay11", "school", "s1", "accepted"],
        ["essay11", "school", "s2", "not_applicable"],
        ["essay11", "school", "s3", "not_applicable"],
    )
    found = states([one], book, data)
    assert found["state"].to_dict() == {
        (one.duty_id, "m1"): "served",
        (one.duty_id, "m2"): "overdue",
        (one.duty_id, "s1"): "served",
        (one.duty_id, "s2"): "not_applicable",
        (one.duty_id, "s3"): "not_applicable",
    }
    assert found.loc[(one.duty_id, "s1"), "served_on"] == "2024-12-20"


def test_a_row_of_the_plan_that_names_the_duty_outweighs_the_rules(book_of):
    plan = register(
        "roadmap_plan",
        {
            "school_code": "s1",
            "row_number": "7",
            "duty_id": MEASURES,
            "status": "not_applicable",
            "reason": "школа закрыта",
        },
        {"school_code": "s2", "row_number": "8", "duty_id": f" {MEASURES} ", "status": "done", "done_on": "2025-01-10"},
        {"school_code": "s3", "row_number": "9", "duty_id": MEASURES, "status": "planned"},
    )
    found = states([duty(MEASURES)], book_of({"roadmap_plan": plan}))
    closed, done = found.loc[(MEASURES, "s1")], found.loc[(MEASURES, "s2")]
    assert (closed["state"], closed["reason"]) == ("not_applicable", "школа закрыта")
    assert (done["state"], done["served_on"], done["served_by"]) == (
        "done",
        "2025-01-10",
        "План (дорожная карта), № 8",
    )
    assert found.loc[(MEASURES, "s3"), "state"] == "not_due"


def test_a_document_that_names_the_duty_confirms_it(book_of):
    rows = register(
        "evidence_documents",
        {
            "municipality_code": "m1",
            "document_number": "3",
            "duty_id": CONTEST,
            "act_on": "2024-09-02",
            "document_link": "https://d.example",
            "kind": "order",
        },
    )
    row = states([duty(CONTEST)], book_of({"evidence_documents": rows})).loc[(CONTEST, "m1")]
    assert (row["state"], row["evidence_link"]) == ("done", "https://d.example")


def test_a_row_of_another_year_of_the_programme_is_not_applicable(book_of):
    one = duty("aleksandrovsky_concept:deliverable:2022:career_regulation")
    executed = execution(
        choice(one, cycle=Cycle(2024, 4, 2020)), book_of(), received_kinds(NOTHING, book_of().units), options()
    )
    assert set(executed["state"]) == {"not_applicable"}
    assert executed["due_on"].isna().all()
    assert executed["reason"].str.startswith("строка другого года").all()


def test_levels_stand_side_by_side(book_of):
    rows = register(
        "events",
        {
            "school_code": "s1",
            "event_number": "1",
            "kind": "seminar",
            "direction": "attainment",
            "held_on": "2024-10-01",
        },
        {
            "municipality_code": "m1",
            "event_number": "2",
            "kind": "seminar",
            "direction": "attainment",
            "held_on": "2024-10-02",
        },
    )
    both = duty("malokarachaevsky_roadmap:plan:3.3", direction="attainment", term=Term("months:12-12"))
    book = book_of({"events": rows})
    executed = execution(choice(both), book, received_kinds(NOTHING, book.units), options())
    table = levels_side_by_side(executed, choice(both), book.units, YEAR).set_index("municipality_code")
    counts = ["municipal_state", "schools_count", "schools_done_count", "schools_overdue_count"]
    assert table.loc["m1", counts].tolist() == ["done", 2, 1, 1]
    assert table.loc["m2", counts].tolist() == ["overdue", 1, 0, 1]
    assert table.loc["m1", "document"] == "аналитическая справка"


@pytest.mark.parametrize(("today", "left"), [("2024-12-02", 29), ("2024-12-01", 30), ("2025-01-02", -2)])
def test_a_reminder_comes_before_the_term_and_stays_after_it(book_of, today, left):
    own = duty(MEASURES, term=Term("months:12-12"))
    book = book_of()
    executed = execution(choice(own), book, received_kinds(NOTHING, book.units), options(today))
    told = reminders(executed, choice(own), options(today))
    assert told["days_left"].tolist() == [left] * 3
    assert told["where_to_note"].str.contains("«Управление качеством образования», лист «Мероприятия»").all()


def test_nobody_is_reminded_too_early_or_of_what_is_done(book_of):
    own = duty(MEASURES, term=Term("months:12-12"))
    early = options("2024-11-30")
    book = book_of()
    executed = execution(choice(own), book, received_kinds(NOTHING, book.units), early)
    assert reminders(executed, choice(own), early).empty
    longer = options("2024-11-30", **{"programmes.reminders.days_before": 31})
    assert len(reminders(executed, choice(own), longer)) == 3
    done = executed.assign(state="done")
    assert reminders(done, choice(own), longer).empty


def test_where_a_duty_without_a_form_is_noted_is_the_plan_by_its_code():
    one = duty("shchekino_monitoring:5.2:vpr")
    assert where_to_note(one).endswith(f"лист «Дорожная карта», код {one.duty_id}")


def test_no_programme_rows_and_no_units_make_empty_tables(book_of):
    nobody = execution((), book_of(), received_kinds(NOTHING, book_of().units), options())
    assert nobody.empty
    assert levels_side_by_side(nobody, (), book_of().units, YEAR).empty


def test_a_condition_with_a_star_asks_for_anything_filled_in(book_of):
    rows = register(
        "measures",
        {"school_code": "s1", "measure_number": "1", "conclusion": "effective"},
        {"school_code": "s2", "measure_number": "1"},
    )
    found = book_of({"measures": rows}).of_people(Target("table", "measures", {"conclusion": ("*",)}))
    assert found.counts.tolist() == [0, 0, 1, 0, 0]


def test_what_the_program_makes_does_not_do_what_people_keep(book_of):
    """Links of the cycle stand beside the register of measures: without a row of it the duty is not done."""
    made = {"cycle_links": Made(3, "2025-01-01", None)}
    tables_of = {"asset:cycle_links": ["cycle_links"]}
    own = [duty(MEASURES, term=Term("whole"))]
    nothing = states(own, book_of({}, made, tables_of)).loc[(MEASURES, "s1")]
    assert nothing["state"] == "not_due"
    assert pd.isna(nothing["served_by"])
    rows = register("measures", {"school_code": "s1", "status": "done", "direction": "attainment"})
    noted = states(own, book_of({"measures": rows}, made, tables_of)).loc[(MEASURES, "s1")]
    assert noted["state"] in {"done", "partly"}


def test_the_years_review_serves_a_rule_of_the_cycle(book_of):
    """Not people but the program makes this one: the conclusions of the year serve it where the data came."""
    cycle = "aleksandrovsky_concept:rule:cycle"
    made = {"year_conclusions": Made(2, "2025-06-20", pd.DataFrame({"unit_level": ["school"], "unit_code": ["s1"]}))}
    tables_of = {"asset:year_conclusions": ["year_conclusions"]}
    received = came(*(("decisions", "school", one, "accepted") for one in ("s1", "s3")))
    found = states([duty(cycle)], book_of({}, made, tables_of), received)
    assert (found.loc[(cycle, "m1"), "state"], found.loc[(cycle, "m1"), "served_by"]) == (
        "served", "asset:year_conclusions",
    )  # fmt: skip
    assert found.loc[(cycle, "m2"), "state"] != "served"
