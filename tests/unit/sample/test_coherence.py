"""Registers of the sample agree with its schools, with one another and with its exam protocols."""

from collections import Counter, defaultdict

import pytest

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.sample.exam_people import essay_people, physicists
from oko_pipeline.sample.exams import EXAMS, exam_code, participants
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.register_rules import TAG, register_rules
from oko_pipeline.sample.registers import RegisterWorld, register_rows
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory_facts import municipality_facts, school_facts

YEAR = "2025-2026"
BEFORE = "2024-2025"


@pytest.fixture(scope="module")
def territory():
    return World(SampleOptions(schools=12))


def filled(territory, year=YEAR):
    """Return the registers of every school, by the school's place in the territory."""
    found = []
    for school, facts in zip(territory.territory.schools, school_facts(territory, year), strict=True):
        world = RegisterWorld(1, year, school.code, school.name, 3, facts)
        for name in ("medals", *record_tables()):
            if name not in world.made:
                register_rows(record_tables()[name], world)
        found.append(world.made)
    return found


@pytest.fixture(scope="module")
def schools(territory):
    return filled(territory)


def test_contingent_is_that_of_the_generated_pupils(territory, schools):
    for place, made in enumerate(schools):
        told = [row["pupils_count"] for row in made["enrolment"]]
        assert told == [territory.grade_counts(YEAR, grade)[place] for grade in range(1, 12)]
        assert sum(told) == made["social_passport"][0]["pupils_count"]


def test_parts_that_exclude_each_other_fit_into_their_whole(schools):
    rules = register_rules().registers
    checked = 0
    for made in schools:
        for name, rule in rules.items():
            for split in rule.splits:
                for row in made[name]:
                    if split.whole in row:
                        checked += 1
                        assert sum(row.get(part, 0) for part in split.parts) <= row[split.whole], (name, row)
    assert checked > 500


def test_graduates_all_went_somewhere(schools):
    for made in schools:
        went = defaultdict(int)
        for row in made["admissions"]:
            went[row["graduating_grade"], row["graduates_count"]] += row["entered_count"]
        assert went
        assert all(total == graduates for (_, graduates), total in went.items())


@pytest.mark.parametrize(("number", "subject"), [(0, "mathematics_profile"), (1, "social_studies"), (2, "physics")])
def test_exam_forms_count_what_the_protocols_list(territory, schools, number, subject):
    exam = EXAMS[number]
    listed = Counter(str(row[2]) for row in participants(exam, territory))
    for place, made in enumerate(schools):
        rows = [
            row
            for row in made["exam_results_reported"]
            if (row["grade"], row["exam_subject"]) == (exam.grade, subject) and row["exam"] != "gve"
        ]
        told = sum(row["participants_count"] for row in rows)
        assert told == listed[exam_code(place, exam.kind)]
        taken = [
            row["taken_count"]
            for row in made["exam_choice"]
            if (row["grade"], row["exam_subject"]) == (exam.grade, subject)
        ]
        assert sum(taken) == told
        for row in rows:
            if exam.kind == "ОГЭ":
                marks = [row[f"mark_{mark}_count"] for mark in (3, 4, 5)]
                assert row["below_minimum_count"] + sum(marks) == row["participants_count"]


def test_admission_and_physics_agree_with_their_files(territory, schools):
    essays = Counter(one.school.index for one in essay_people(territory))
    physics = Counter(one.school.index for one in physicists(territory))
    for place, made in enumerate(schools):
        told = [row["participants_count"] for row in made["exam_admission"] if row["procedure"] == "essay11"]
        if territory.territory.schools[place].is_correctional:
            continue
        assert sum(told) == essays[place]
        own = [row for row in made["exam_results_reported"] if (row["exam"], row["exam_subject"]) == ("ege", "physics")]
        assert sum(row["participants_count"] for row in own) == physics[place]


def test_special_cases_are_few(schools):
    assert 1 <= sum(bool(made["support_programme_passports"]) for made in schools) <= 3
    assert 1 <= sum(bool(made["violations"]) for made in schools) <= 3
    retained = sum(row["retained_count"] for made in schools for row in made["retained_pupils_summary"])
    pupils = sum(made["social_passport"][0]["pupils_count"] for made in schools)
    assert retained < 0.01 * pupils
    winners, prizes, people = (
        sum(row[name] for made in schools for row in made["olympiad_stages"])
        for name in ("winners_count", "prize_count", "participants_count")
    )
    assert 0 < winners < prizes < 0.35 * people


def test_shares_differ_by_school_and_change_little_from_year_to_year(territory, schools):
    earlier = filled(territory, BEFORE)

    def shares(years):
        rows = [made["social_passport"][0] for made in years]
        return [row["low_income_count"] / row["pupils_count"] for row in rows if row["pupils_count"] > 100]

    now, then = shares(schools), shares(earlier)
    assert max(now) - min(now) > 0.04
    assert max(abs(a - b) for a, b in zip(now, then, strict=True)) < 0.06


def test_a_municipality_is_the_sum_of_its_schools(territory):
    facts = school_facts(territory, YEAR)
    whole = municipality_facts(facts)
    assert sum(whole.pupils) == sum(sum(one.pupils) for one in facts)
    assert whole.schools == len(facts)
    assert "municipality" in whole.tags
    assert "school" not in whole.tags


def test_rules_name_columns_and_answers_that_are_described():
    for name, rule in register_rules().registers.items():
        table = record_tables()[name]
        columns = {column.name: column for column in table.columns}
        named = {*rule.amounts, *rule.blanks, *rule.chances, *rule.answers}
        named |= {one for split in rule.splits for one in (split.whole, *split.parts)}
        assert named <= columns.keys(), name
        for line in rule.lines:
            assert line.keys() - {TAG} <= columns.keys(), (name, line)
            for column, value in line.items():
                if column != TAG and columns[column].choices:
                    assert value in columns[column].choices, (name, column, value)
