"""The checklist of directions and the self-assessment tell what is there, what is not, and what contradicts."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.programme_checks import checklist_lines, criterion_facts
from oko_pipeline.catalogue.programmes import chosen_programmes
from oko_pipeline.programmes.directions import NINE, direction_checklist
from oko_pipeline.programmes.evidence import indicator_rows
from oko_pipeline.programmes.self_assessment import self_assessment
from tests.unit.programmes.conftest import register

YEAR = "2024-2025"
ELEMENTS = [
    "goals",
    "object",
    "indicators",
    "methods",
    "monitoring",
    "analysis",
    "recommendations",
    "measures",
    "decisions",
    "effectiveness",
]


def criterion(book, number, unit):
    table = self_assessment(book, YEAR)
    return table[(table["criterion"] == number) & (table["unit_code"] == unit)].iloc[0]


def answered(number, answer, unit="s1", **more):
    return register("criteria_evidence", {"school_code": unit, "criterion": str(number), "answer": answer, **more})


def test_the_checklist_asks_about_every_element_of_the_mechanism():
    assert list(dict.fromkeys(line.stage for line in checklist_lines())) == ELEMENTS
    assert [one.criterion for one in criterion_facts()] == list(range(1, 18))
    assert [one.criterion for one in criterion_facts() if one.is_negative] == [10, 17]


def test_conditions_of_the_checklist_and_of_criteria_name_columns_and_answers_that_exist():
    made = indicator_rows(any_table("indicator_values").empty()).columns
    for one in (*checklist_lines(), *criterion_facts()):
        for target in one.targets:
            table = any_table(target.name)
            for column, values in target.where.items():
                if target.name == "indicator_values":
                    assert column in made
                    continue
                allowed = set(table.column(column).allowed) | {"*", "True", "False", "{direction}"}
                assert not table.column(column).allowed or set(values) <= allowed, (target.address, column)


def test_an_element_is_there_not_there_or_not_applicable(book_of):
    rows = register(
        "decisions",
        {
            "municipality_code": "m1",
            "decision_number": "4",
            "direction": "heads",
            "decided_on": "2025-01-20",
            "evidence_link": "https://a.example",
        },
    )
    table = direction_checklist(chosen_programmes("aleksandrovsky_concept"), book_of({"decisions": rows}), YEAR)
    taken = table[(table["stage"] == "decisions") & (table["criterion"] == "taken") & (table["direction"] == "heads")]
    told = taken.set_index("unit_code")
    assert told["answer"].to_dict() == {"m1": "1", "m2": "0", "s1": "na", "s2": "na", "s3": "na"}
    assert told.loc["m1", ["evidence_on", "evidence_ref", "evidence_link"]].tolist() == [
        "2025-01-20",
        "Управленческие решения, № 4",
        "https://a.example",
    ]
    assert set(table["direction"]) == set(NINE)
    assert len(table) == 5 * 9 * len(checklist_lines())


@pytest.mark.parametrize(
    ("answer", "document", "schedule_need", "verdict", "is_met"),
    [
        ("1", None, "federal", "confirmed", True),
        ("1", "https://a.example", None, "confirmed", True),
        ("1", None, None, "unconfirmed", None),
        ("1", "https://a.example", "results", "contradicted", False),
        ("0", None, None, "not_met", False),
        ("0", None, "federal", "contradicted", False),
        ("na", None, None, "not_applicable", None),
        (None, None, "federal", "known", True),
        (None, None, "results", "not_met", False),
        (None, None, None, "no_data", None),
    ],
)
def test_an_answer_is_compared_with_what_is_known(book_of, answer, document, schedule_need, verdict, is_met):
    registers = {}
    if answer is not None:
        registers["criteria_evidence"] = answered(1, answer, evidence_link=document)
    if schedule_need is not None:
        registers["procedure_schedule"] = register(
            "procedure_schedule", {"school_code": "s1", "procedure_number": "1", "need": schedule_need}
        )
    row = criterion(book_of(registers), 1, "s1")
    assert row["verdict"] == verdict
    assert (None if pd.isna(row["is_met"]) else bool(row["is_met"])) is is_met


@pytest.mark.parametrize(
    ("answer", "cites", "verdict"),
    [
        ("0", False, "confirmed"),
        ("0", True, "contradicted"),
        ("1", True, "not_met"),
        ("1", False, "not_met"),
        (None, True, "not_met"),
        (None, False, "known"),
        ("0", None, "unconfirmed"),
    ],
)
def test_a_negative_criterion_is_met_when_the_thing_is_absent(book_of, answer, cites, verdict):
    registers = {}
    if answer is not None:
        registers["criteria_evidence"] = answered(17, answer, evidence_link="https://a.example")
    if cites is not None:
        registers["decisions"] = register(
            "decisions", {"school_code": "s1", "decision_number": "1", "cites_vpr_or_marks": cites}
        )
    assert criterion(book_of(registers), 17, "s1")["verdict"] == verdict


def test_what_the_check_of_harm_refused_breaks_criterion_17(book_of):
    registers = {
        "decisions": register("decisions", {"school_code": "s1", "decision_number": "1", "cites_vpr_or_marks": False}),
        "quality_findings": register("quality_findings", {"school_code": "s1", "rule_id": "harm.decision"}).assign(
            municipality_code=None
        ),
    }
    assert criterion(book_of(registers), 17, "s1")["verdict"] == "not_met"


def test_a_harmful_indicator_of_the_registry_breaks_criterion_10_with_its_count(book_of):
    rows = register(
        "indicator_changes",
        {"school_code": "s1", "indicator_code": "a", "uses_vpr_or_marks": True, "use": "ranking"},
        {"school_code": "s2", "indicator_code": "a", "uses_vpr_or_marks": True, "use": "support"},
    )
    book = book_of({"indicator_changes": rows})
    bad, good = criterion(book, 10, "s1"), criterion(book, 10, "s2")
    assert (bad["verdict"], good["verdict"]) == ("not_met", "known")
    assert bad["facts"].endswith(": 1")
