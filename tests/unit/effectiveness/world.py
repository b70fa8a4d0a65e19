"""Small registers, summaries and regions that the tests of effects are made of."""

import pandas as pd

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import likeness
from oko_pipeline.effectiveness.effects import EffectInputs, measure_effects
from oko_pipeline.effectiveness.measures import read_measures
from oko_pipeline.effectiveness.observations import Sources
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.sample.measures import YEARS

BEFORE, YEAR = YEARS
INDICATOR = "attainment.vpr_base_share"
TOWN = "reg99_m101"
SCHOOLS = [f"edu99{number:04d}" for number in range(1, 31)]
NOBODY = pd.DataFrame({"school_code": [], "cluster_code": [], "comparable_code": []})


def register(name, *rows, year=YEAR):
    """Return rows of a register; what a row does not state is empty."""
    contract = all_tables()[name]
    key = {"measures": "measure_number", "roadmap_plan": "row_number", "recommendations_log": "recommendation_number"}
    made = []
    for number, row in enumerate(rows):
        identity = row.get(key.get(name, "indicator_code"), number)
        owner = f"{row.get('municipality_code', '')}{row.get('school_code', '')}"
        made.append(
            {"school_year": year, "record_id": f"{name}-{owner}-{identity}", "file_sha256": "f" * 64}
            | {"source_sheet": "Лист", "source_row": number + 2}
            | row
        )
    return contract.conform(pd.DataFrame(made, columns=list(contract.column_names)))


def measure(school=None, **changes):
    """Return a row of the register of measures of the town about a school (or all its schools)."""
    return {
        "municipality_code": TOWN,
        "school_code": school,
        "school_key": school,
        "measure_number": "М-1",
        "title": "Помощь учителям математики",
        "indicator_code": INDICATOR,
        "subject": "mathematics",
        "starts_on": "2021-09-20",
        "ends_on": "2022-02-20",
        "status": "done",
    } | changes


def schools(codes=SCHOOLS, town=()):
    """Return code and municipality of schools; those of `town` are the town's."""
    owners = [TOWN if code in town else "reg99_m102" for code in codes]
    return pd.DataFrame({"school_code": codes, "municipality_code": owners})


def summary(year, shares, n=100, grade=5, subject="mathematics"):
    """Return rows of `result_summary` of one work: the share (0–1) of those above «2» by school."""
    return pd.DataFrame(
        {
            "school_year": year,
            "assessment_id": f"vpr-{year[5:]}-spring:{grade}:{subject}:base",
            "unit_level": "school",
            "unit_code": list(shares),
            "subgroup": "all",
            "marked_count": n,
            "mark_2_count": [n - round(share * n) for share in shares.values()],
            "mark_3_count": [round(share * n) for share in shares.values()],
            "mark_4_count": 0,
            "mark_5_count": 0,
        }
    )


def two_years(gains, n=100, level=0.6, **work):
    """Return summaries of both years of all schools: starts differ by a tenth, gains (shares) by school, else none."""
    before = {code: level + 0.005 * (place % 20) for place, code in enumerate(SCHOOLS)}
    wobble = {code: 0.02 * (-1) ** place for place, code in enumerate(SCHOOLS)}
    after = {code: before[code] + wobble[code] + gains.get(code, 0.0) for code in SCHOOLS}
    return pd.concat([summary(BEFORE, before, n, **work), summary(YEAR, after, n, **work)], ignore_index=True)


def groups(codes=SCHOOLS):
    return pd.DataFrame({"school_code": codes, "group_code": "g", "is_excluded": False})


def effects(rows, summaries, **changes):
    """Return the tables of effects of a register of measures."""
    options = changes.pop("options", EffectOptions.of_year(YEAR))
    given = {
        "measures": read_measures(rows, changes.pop("schools", schools()), options.default_indicator),
        "earlier": {},
        "registry": indicators(),
        "sources": Sources(
            changes.pop("values", INDICATOR_VALUES.empty()), summaries, changes.pop("breaks", SERIES_BREAKS.empty())
        ),
        "alike": likeness(groups(), NOBODY, NOBODY),
    }
    return measure_effects(EffectInputs(**(given | changes)), options)
