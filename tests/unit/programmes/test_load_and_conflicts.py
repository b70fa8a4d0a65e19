"""Load of classes with procedures, and conflicts of interest: found where they are, and nowhere else."""

import pandas as pd
import pytest

from oko_pipeline.programmes.conflicts import Appointments, conflicts_of_interest
from oko_pipeline.programmes.load import LoadOptions, procedure_load
from tests.unit.programmes.conftest import SCHOOLS, register

YEAR = "2024-2025"
WORK = {"is_whole_class": True, "minutes": 45, "grade": 5, "status": "planned", "procedure": "vpr"}
SEAT = {
    "assigned_role": "observer",
    "procedure": "vpr",
    "assigned_subject": "russian",
    "grade": 5,
    "held_on": "2025-04-15",
}


def load(*works, **overrides):
    rows = [
        {**WORK, "school_code": "s1", "procedure_number": str(number), **work} for number, work in enumerate(works, 1)
    ]
    options = LoadOptions.load({f"programmes.load.{name}": value for name, value in overrides.items()})
    return procedure_load(register("procedure_schedule", *rows), SCHOOLS, YEAR, options)


def exceeded(table, rule):
    return table[(table["rule"] == rule) & table["is_exceeded"]]


def conflicts(assignments=(), observers=(), experts=(), schedule=()):
    people = register("observer_assignments", *assignments).assign(person_id=[row["person_id"] for row in assignments])
    found = Appointments(
        people,
        register("observers", *observers),
        register("experts", *experts),
        register("procedure_schedule", *schedule),
        {"МБОУ СОШ № 1": "s1", "edu000001": "s1", "МБОУ СОШ № 2": "s2"},
    )
    return conflicts_of_interest(found, YEAR)


@pytest.mark.parametrize(("days", "is_broken"), [(17, True), (18, False)])
def test_works_in_a_subject_stand_two_and_a_half_weeks_apart(days, is_broken):
    second = pd.Timestamp("2025-03-03") + pd.Timedelta(days=days)
    table = load(
        {"subject": "mathematics", "planned_on": "2025-03-03"},
        {"subject": "mathematics", "planned_on": f"{second:%Y-%m-%d}"},
    )
    row = table[table["rule"] == "subject_gap"].iloc[0]
    assert (row["observed"], row["limit_value"], row["is_exceeded"], row["procedures"]) == (
        days,
        17.5,
        is_broken,
        "1; 2",
    )


def test_two_works_a_day_and_four_a_week_are_too_many():
    days = ["2025-03-03", "2025-03-03", "2025-03-04", "2025-03-05"]
    table = load(*({"subject": name, "planned_on": day} for name, day in zip("абвг", days, strict=True)))
    assert exceeded(table, "same_day")["place"].tolist() == ["2025-03-03"]
    assert exceeded(table, "week_share")["place"].tolist() == ["неделя с 2025-03-03"]
    assert exceeded(load({"planned_on": days[0]}, {"planned_on": days[1]}, per_day=2), "same_day").empty


def test_short_works_single_pupils_and_cancelled_works_do_not_count():
    assert load({"planned_on": "2025-03-03", "minutes": 29}).empty
    assert load({"planned_on": "2025-03-03", "is_whole_class": False}).empty
    assert load({"planned_on": "2025-03-03", "status": "cancelled"}).empty
    assert not load({"planned_on": "2025-03-03", "minutes": 30}).empty
    assert not load({"planned_on": "2025-03-03", "minutes": None}).empty


def test_first_and_last_lessons_are_told():
    table = load(
        *({"planned_on": f"2025-03-{day:02d}", "lesson_number": lesson} for day, lesson in ((3, 1), (11, 3), (19, 6)))
    )
    assert exceeded(table, "edge_lesson")["observed"].tolist() == [1, 6]


def test_the_share_of_the_year_is_of_the_lessons_of_the_grade():
    table = load({"planned_on": "2025-03-03", "minutes": 29 * 34 * 45 // 5}, year_share=0.1)
    assert exceeded(table, "year_share")["observed"].tolist() == [pytest.approx(0.2)]


def test_a_schedule_of_the_municipality_concerns_all_its_schools_and_of_a_grade_all_its_classes():
    common = {**WORK, "municipality_code": "m1", "procedure_number": "М", "planned_on": "2025-03-03"}
    own = {**WORK, "school_code": "s1", "procedure_number": "1", "planned_on": "2025-03-03", "class_letter": "А"}
    sample = {**common, "is_sample": True, "procedure_number": "В", "grade": 9}
    table = procedure_load(register("procedure_schedule", common, own, sample), SCHOOLS, YEAR, LoadOptions.load({}))
    same_day = table[table["rule"] == "same_day"].set_index(["school_code", "class_letter"])["observed"]
    assert same_day.to_dict() == {("s1", "А"): 2, ("s2", "все"): 1}


def test_an_empty_schedule_has_no_load():
    assert load().empty


@pytest.mark.parametrize("home", ["МБОУ СОШ № 1", "мбоу «сош №1»", "EDU000001"])
def test_an_observer_in_the_own_school_is_found_whatever_the_school_is_called(home):
    table = conflicts([{**SEAT, "person_id": "p1", "school_code": "s1", "home_school": home}])
    assert table[["place_code", "conflict", "people_count"]].to_numpy().tolist() == [["s1", "own_school", 1]]


def test_people_are_counted_by_reason_and_never_named():
    seats = [
        {**SEAT, "person_id": "p1", "school_code": "s1", "home_school": "МБОУ СОШ № 2", "teaches_class": True},
        {**SEAT, "person_id": "p2", "school_code": "s1", "has_relative": True},
        {**SEAT, "person_id": "p3", "school_code": "s1", "has_relative": True},
        {**SEAT, "person_id": "p4", "school_code": "s1", "home_school": "Администрация"},
    ]
    table = conflicts(seats)
    assert table.set_index("conflict")["people_count"].to_dict() == {"own_class": 1, "relative": 2}
    assert not table.astype(str).apply(lambda column: column.str.contains("p[1-4]$")).any().any()


def test_one_person_in_two_schools_on_one_day_is_found():
    seats = [{**SEAT, "person_id": "p1", "school_code": code} for code in ("s1", "s2")]
    seats += [
        {**SEAT, "person_id": "p2", "school_code": "s3"},
        {**SEAT, "person_id": "p2", "school_code": "s3", "assigned_subject": "mathematics"},
    ]
    table = conflicts(seats)
    assert table[["place_code", "conflict"]].to_numpy().tolist() == [["s1", "two_places"], ["s2", "two_places"]]


def test_stated_conflicts_and_too_few_observers_are_told():
    held = {**WORK, "school_code": "s2", "subject": "russian", "status": "held", "observers_needed_count": 3}
    came = {
        "school_code": "s2",
        "procedure": "vpr",
        "observed_subject": "russian",
        "grade": 5,
        "held_on": "2025-04-15",
        "observers_count": 2,
        "conflict_count": 1,
    }
    jury = {"municipality_code": "m1", "commission": "olympiad_jury", "expert_subject": "Физика", "conflict_count": 2}
    table = conflicts(observers=[came], experts=[jury], schedule=[held])
    told = table.set_index(["place_code", "conflict"])["people_count"].to_dict()
    assert told == {("s2", "stated"): 1, ("m1", "stated"): 2, ("s2", "too_few_observers"): 1}
    enough = conflicts(observers=[{**came, "observers_count": 3, "conflict_count": 0}], schedule=[held])
    assert enough.empty
