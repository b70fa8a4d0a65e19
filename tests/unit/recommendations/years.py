"""Small years for these tests: tables of the analysis, a register of answers, and what the rules make of them."""

import json

import pandas as pd

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.finding_rules import finding_rules
from oko_pipeline.catalogue.recommendation_rules import recommendation_rules
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATION_WORDS, RECOMMENDATIONS
from oko_pipeline.recommendations.findings import Territory, find
from oko_pipeline.recommendations.options import CycleOptions
from oko_pipeline.recommendations.recommend import Known, recommend

YEAR = "2025-2026"
SCHOOL, OTHER = "edu990001", "edu990002"
PLACE = "reg99_m1"
THIRD = "edu990003"
TERRITORY = Territory(
    {SCHOOL: PLACE, OTHER: PLACE, THIRD: PLACE},
    {SCHOOL: "СОШ № 1", OTHER: "СОШ № 2", THIRD: "ООШ № 3", PLACE: "Озёрный район"},
)
OPTIONS = CycleOptions.of_year(YEAR)
NOW = "2026-06-20T10:00:00Z"
SPRING = "vpr-2025-spring"


def row_of(table, **values):
    """Return a row of a table: what is given, and a plain value of each other column that may not be empty."""
    plain = {"text": "x", "integer": 0, "number": 0.0, "boolean": False, "date": "2026-05-01", "json": "[]"}
    made = {}
    for column in all_tables()[table].columns:
        value = None if column.nullable else (column.allowed[0] if column.allowed else plain.get(column.type, "x"))
        made[column.name] = values.get(column.name, YEAR if column.name == "school_year" else value)
    return made


def reader(**tables):
    """Return what gives the rows of tables, as the database does: by values asked for."""
    frames = {
        name: all_tables()[name].conform(pd.DataFrame(rows, columns=list(all_tables()[name].column_names)))
        for name, rows in tables.items()
    }

    def read(table, where):
        frame = frames.get(table.name, table.empty())
        for column, values in where.items():
            frame = frame[frame[column].isin([values] if isinstance(values, str) else list(values))]
        return frame.reset_index(drop=True)

    return read


def findings(rules=None, **tables):
    return find((rules or finding_rules()).values(), reader(**tables), TERRITORY, OPTIONS)


def deficit(grade=5, subject="mathematics", school=SCHOOL, **values):
    base = {
        "assessment_id": f"{SPRING}:{grade}:{subject}:base",
        "unit_level": "school",
        "unit_code": school,
        "kind": "skill",
        "skill_code": "3",
        "skill_title": "Решение задач на движение",
        "evidence": "confirmed",
        "participants_count": 40,
        "solved_share": 0.321,
        "solved_low": 0.25,
        "solved_high": 0.41,
        "is_general": False,
        "size_tier": "lt50",
    }
    return row_of("skill_deficits", **(base | values))


def register(*rows):
    """Return rows of `recommendations_log`; each row gives what a person wrote."""
    contract = all_tables()["recommendations_log"]
    plain = {"school_code": SCHOOL, "file_sha256": "f" * 64, "source_sheet": "Рекомендации", "source_row": 5}
    made = [
        dict.fromkeys(contract.column_names) | {"school_year": YEAR, "record_id": f"r{place}"} | plain | row
        for place, row in enumerate(rows)
    ]
    return contract.conform(pd.DataFrame(made, columns=list(contract.column_names)))


def advise(found, log=None, last=None, rules=None, options=OPTIONS, now=NOW):
    """Return the tables of recommendations; `last` is what the run before returned."""
    known = Known(
        register() if log is None else log,
        RECOMMENDATIONS.empty() if last is None else last.recommendations,
        RECOMMENDATION_WORDS.empty() if last is None else last.words,
    )
    return recommend((rules or recommendation_rules()).values(), found, known, TERRITORY, options, now)


def one(recommendations, **values):
    """Return the only recommendation with these values."""
    for name, value in values.items():
        recommendations = recommendations[recommendations[name] == value]
    (record,) = recommendations.to_dict("records")
    return record


def ids(text):
    return json.loads(text)
