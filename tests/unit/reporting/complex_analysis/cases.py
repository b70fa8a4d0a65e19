"""Small municipalities in the contracts: results of works and exams, registers, advice."""

import json

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from tests.unit.reporting.frames import filled

YEAR = "2024-2025"
SPRING = "vpr-2025-spring"
MUNICIPALITY = "m1"
METHOD = {"method_id": "m", "method_version": "1"}


def tier(n):
    return next((name for bound, name in ((5, "lt5"), (10, "lt10"), (20, "lt20"), (50, "lt50")) if n < bound), "ge50")


def summary(scope, level, unit, marks, **more):
    """A work of a unit; `marks` counts «2», «3», «4», «5»."""
    n = sum(marks)
    base = sum(marks[1:]) / n if n else None
    shares = {
        "base_level_share": base,
        "base_level_low": base and base * 0.9,
        "base_level_high": base and min(base * 1.1, 1),
    }
    counts = {f"mark_{mark}_count": marks[place] for place, mark in enumerate((2, 3, 4, 5))}
    row = {"school_year": YEAR, "assessment_id": scope, "unit_level": level, "unit_code": unit, "subgroup": "all",
           "participants_count": n, "marked_count": n, "size_tier": tier(n), "mean_percent": 54.3,
           "mark_5_share": marks[3] / n if n else None}  # fmt: skip
    return row | counts | shares | METHOD | more


def exam(code, level, unit, n, below=None, marks=None):
    row = {"school_year": YEAR, "exam_code": code, "unit_level": level, "unit_code": unit, "category": "all",
           "participants_count": n, "size_tier": tier(n)} | METHOD  # fmt: skip
    if below is not None:
        share = below / n
        scores = {"mean_test": 60.0, "minimum_score": 36, "score_81_100_share": 0.1}
        return row | scores | {"below_minimum_count": below, "below_minimum_share": share}
    passed = sum(marks[1:]) / n
    counts = {f"mark_{mark}_count": marks[place] for place, mark in enumerate((2, 3, 4, 5))}
    return row | counts | {"success_share": passed, "success_low": passed - 0.05, "success_high": passed + 0.05}


def contextual(school, verdict, residual=0.0, scope="all", kind="all", note=None):
    return {"school_year": YEAR, "campaign_code": SPRING, "scope_kind": kind, "scope_code": scope,
            "school_code": school, "unit": "sd", "participants_count": 40, "size_tier": "lt50",
            "residual": residual, "residual_low": residual - 0.2, "residual_high": residual + 0.2,
            "verdict": verdict, "note_ru": note} | METHOD  # fmt: skip


def group(school, code="g1", title="Средние школы — село"):
    return {"school_year": YEAR, "school_code": school, "group_code": code, "group_title_ru": title,
            "group_schools_count": 3, "school_type": "secondary", "place": "village"} | METHOD  # fmt: skip


def advice(number, unit, text, **more):
    return {"school_year": YEAR, "unit_level": "school", "unit_code": unit, "recommendation_id": f"R-{number}",
            "origin": "rule", "direction": "attainment", "addressee": "heads", "title_ru": f"Вид {number}",
            "text_ru": text, "basis_ru": "Основание.", "causes": "[]", "finding_ids": "[]", "urgency": 2,
            "strength": "strong", "state": "proposed", "basis_state": "current", "is_held_back": False,
            "due_on": "2025-09-15", "expected_ru": "Станет лучше.", "control_ru": "Доля"} | METHOD | more  # fmt: skip


def deficit(scope, unit, title, tasks, level="school", **more):
    return {"school_year": YEAR, "assessment_id": scope, "unit_level": level, "unit_code": unit, "kind": "skill",
            "skill_code": title, "skill_title": title, "task_codes": tasks, "tasks_count": 2, "red_tasks_count": 2,
            "confirmed_red_count": 2, "evidence": "confirmed", "participants_count": 40, "size_tier": "lt50",
            "solved_share": 0.3, "solved_low": 0.25, "solved_high": 0.35,
            "is_general": False} | METHOD | more  # fmt: skip


def card(school, zone, factors=(), unknown=(), **more):
    return {"school_year": YEAR, "school_code": school, "zone": zone, "tests_count": 12,
            "factors": json.dumps(list(factors), ensure_ascii=False), "evidence": "[]",
            "unknown": json.dumps(list(unknown), ensure_ascii=False)} | METHOD | more  # fmt: skip


def factor(text, direction="adverse", *, confirmed=True):
    return {"text_ru": text, "direction": direction, "is_confirmed": confirmed, "is_persistent": False,
            "comparison": "all"}  # fmt: skip


def pupil(school, code, **more):
    return {"school_year": YEAR, "campaign_code": SPRING, "school_code": school, "pupil_grade": 5, "class_label": "А",
            "pupil_id": code, "need": "single", "works_count": 2, "low_count": 1, "near_count": 0,
            "low_assessments": f"{SPRING}:5:mathematics:base", "mean_percent": 31.0, "file_sha256": "f" * 64,
            "source_row": 17} | METHOD | more  # fmt: skip


def data(kind, *, schools=("edu1", "edu2", "edu3"), **rows):
    """Return the rows of a kind of document; tables that are not given are empty."""
    known = [
        {"school_year": YEAR, "school_code": code, "school_name": f"Школа {code}", "municipality_code": MUNICIPALITY}
        for code in schools
    ]
    municipality = [
        {
            "school_year": YEAR,
            "municipality_code": MUNICIPALITY,
            "municipality_name": "Первый район",
            "schools_count": 3,
        }
    ]
    given = {"schools": known, "municipalities": municipality} | rows
    names = {*document_kinds()[kind].tables, "schools", "municipalities"}
    unknown = set(given) - names
    if unknown:
        raise KeyError(f"{kind} does not read {sorted(unknown)}")
    return CycleData(YEAR, {name: filled(name, given.get(name, [])) for name in names})
