"""Open results: what is hidden, and that all years' tables hold against a solver."""

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from oko_pipeline.analysis.public.public_cells import PublicSources, public_cells
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_exams import EXAM_SUMMARY
from oko_pipeline.statistics.suppression import SuppressionOptions

YEAR = "2025-2026"
WORK = "vpr-2026-spring:5:russian:base"
OPTIONS = SuppressionOptions()


def summary_rows(marks_by_school, assessment_id=WORK):
    return pd.DataFrame(
        [
            {"school_year": YEAR, "assessment_id": assessment_id, "unit_level": "school", "unit_code": code,
             "subgroup": "all", "marked_count": sum(marks)}
            | {f"mark_{mark}_count": count for mark, count in zip((2, 3, 4, 5), marks, strict=True)}
            for code, marks in marks_by_school.items()
        ]
    ).reindex(columns=list(RESULT_SUMMARY.column_names))  # fmt: skip


def exam_rows(rows):
    return pd.DataFrame(rows).reindex(columns=list(EXAM_SUMMARY.column_names))


def schools(*codes, municipality="reg99_m101"):
    return pd.DataFrame([{"school_code": code, "municipality_code": municipality} for code in codes])


def made(summary=None, exams=None, owners=None):
    sources = PublicSources(
        RESULT_SUMMARY.empty() if summary is None else summary,
        EXAM_SUMMARY.empty() if exams is None else exams,
        SCHOOLS.empty() if owners is None else owners,
    )
    return public_cells(sources, YEAR, OPTIONS)


def test_a_small_school_is_hidden_with_another_and_hidden_groups_have_no_numbers():
    marks = {"edu1": (1, 1, 1, 1), "edu2": (3, 4, 4, 2), "edu3": (10, 20, 20, 10)}
    cells = made(summary_rows(marks), owners=schools("edu1", "edu2", "edu3"))
    states = cells.drop_duplicates("unit_code").set_index("unit_code")["state"]
    assert states.to_dict() == {
        "edu1": "too_small", "edu2": "complementary", "edu3": "shown", "reg99_m101": "shown",
    }  # fmt: skip
    hidden = cells[cells["state"] != "shown"]
    numbers = ["participants_count", "people_count", "share", "share_low", "share_high"]
    assert hidden[numbers].isna().all().all()
    shown = cells[cells["unit_code"] == "edu3"].set_index("category")
    assert shown["people_count"].to_dict() == {"low": 10, "base": 20, "good": 30}
    assert shown.loc["good", "share"] == 0.5
    total = cells[cells["unit_level"] == "municipality"].set_index("category")
    assert total["people_count"].to_dict() == {"low": 14, "base": 25, "good": 38}


def test_a_municipality_that_would_give_its_only_small_school_away_shows_no_total():
    cells = made(summary_rows({"edu1": (1, 1, 1, 1)}), owners=schools("edu1"))
    assert set(cells["state"]) == {"too_small", "total"}
    assert cells["people_count"].isna().all()


def test_works_other_than_vpr_are_not_open():
    rows = summary_rows({"edu1": (5, 10, 10, 5)}, "school_diagnostics-2025-2026-autumn-edu1:5:mathematics:base")
    assert made(rows, owners=schools("edu1")).empty


def test_exams_count_marks_or_steps_of_scores():
    own = {"school_year": YEAR, "unit_level": "school", "unit_code": "edu1", "category": "all"}
    exams = exam_rows([
        own | {"exam_code": "oge:2026:physics:main", "participants_count": 30, "mark_2_count": 2, "mark_3_count": 8,
               "mark_4_count": 12, "mark_5_count": 8},
        own | {"exam_code": "ege:2026:physics:main", "participants_count": 40, "below_minimum_count": 4,
               "score_81_100_count": 6},
    ])  # fmt: skip
    cells = made(exams=exams, owners=schools("edu1"))
    found = cells[cells["unit_level"] == "school"].set_index(["procedure", "category"])["people_count"]
    assert found.loc["oge"].to_dict() == {"low": 2, "base": 8, "good": 20}
    assert found.loc["ege"].to_dict() == {"low": 4, "base": 30, "good": 6}


def test_no_results_no_rows():
    assert made().empty


def test_a_solver_that_knows_all_open_tables_and_sizes_recovers_no_hidden_cell():
    generator = np.random.default_rng(20261122)
    codes = [f"edu{number:03d}" for number in range(40)]
    sizes = dict(zip(codes, generator.choice([4, 8, 15, 22, 60], 40), strict=True))
    works = [f"vpr-2026-spring:{grade}:russian:base" for grade in (4, 5, 6, 7)]
    frames = [
        summary_rows({code: tuple(generator.multinomial(sizes[code], (0.1, 0.4, 0.35, 0.15))) for code in codes}, work)
        for work in works
    ]
    owners = pd.concat([schools(*codes[:20]), schools(*codes[20:], municipality="reg99_m102")])
    summary = pd.concat(frames, ignore_index=True)
    cells = made(summary, owners=owners)
    attacked = recovered = 0
    for (work, municipality), group in cells.groupby(["result_id", "municipality_code"]):
        hidden = sorted(set(group.loc[~group["state"].isin(["shown", "empty"]), "unit_code"]) - {municipality})
        total = group[group["unit_level"] == "municipality"].set_index("category")["people_count"]
        if not hidden or total.isna().any():
            continue
        shown = group[(group["unit_level"] == "school") & group["people_count"].notna()]
        rest = total.astype(int) - shown.groupby("category")["people_count"].sum().reindex(total.index).fillna(0)
        known = [sizes[code] for code in hidden]
        for width in recover(rest.to_numpy(dtype=float), known):
            attacked += 1
            recovered += width < 2
        assert work
    assert attacked > 50
    assert recovered == 0


def recover(rest, sizes):
    """Widths of the feasible intervals of hidden cells, by linear programming."""
    groups, width = len(sizes), len(rest)
    equations = [np.tile(np.eye(width)[c], groups) for c in range(width)]
    equations += [np.repeat(np.eye(groups)[g], width) for g in range(groups)]
    values = [*rest, *sizes]
    for cell in range(groups * width):
        aim = np.zeros(groups * width)
        aim[cell] = 1
        ends = [
            sign * linprog(sign * aim, A_eq=np.array(equations), b_eq=values, bounds=(0, None), method="highs").fun
            for sign in (1, -1)
        ]
        yield round(ends[1] - ends[0], 6)
