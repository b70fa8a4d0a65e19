"""Rows of registers that follow from the facts of their owner: exams, graduates, olympiads, grades over periods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from oko_pipeline.sample.owners import COMPULSORY, OwnerFacts

Value = str | int | float | bool | date
Row = dict[str, Value]

_AFTER: Final = {
    9: {"grade_10": 0.45, "vocational_region": 0.42, "vocational_other": 0.09, "work": 0.02, "none": 0.02},
    11: {"university_region": 0.38, "university_other": 0.24, "vocational_region": 0.26, "work": 0.08, "army": 0.04},
}
_LAST_BASIC: Final = 9
# Who goes on to grade 10 does so at another school: few do.
_TO_ANOTHER_SCHOOL: Final = {"vocational_region": 0.6, "grade_10": 0.25, "vocational_other": 0.12, "none": 0.03}
_OLYMPIADS: Final = {
    "school": (("mathematics", (5, 7, 8, 9)), ("russian", (5, 7, 8)), ("history", (7, 9)), ("biology", (6, 8))),
    "municipal": (("mathematics", (8, 9)), ("russian", (8,)), ("history", (9,))),
}
_OF_MUNICIPAL: Final = 0.04
_APPEALED: Final = {"mathematics_profile": "mathematics", "mathematics_base": "mathematics"}
_SUMMED: Final = "medals"


@dataclass(frozen=True, slots=True)
class Known:
    """What rows follow from: facts of the owner, the registers made before, and the draws of the year."""

    facts: OwnerFacts
    made: Mapping[str, Sequence[Row]]
    rng: np.random.Generator


def _exam_rows(known: Known) -> list[Row]:
    rows: list[Row] = []
    for one in known.facts.exams:
        row: Row = {
            "exam": one.exam,
            "grade": one.grade,
            "exam_subject": one.subject,
            "stage": "main",
            "registered_count": one.participants + int(known.rng.random() < 0.1),
            "participants_count": one.participants,
            "ovz_count": one.ovz,
            "below_minimum_count": one.below,
        }
        row |= {f"mark_{mark}_count": count for mark, count in enumerate(one.marks, 2)}
        if one.mean_mark is not None:
            row["mean_mark"] = one.mean_mark
        if one.mean_score is not None:
            row |= {"score_80_99_count": one.high, "score_100_count": one.hundred, "mean_score": one.mean_score}
        rows.append(row)
    return rows


def _choice_rows(known: Known) -> list[Row]:
    return [
        {
            "grade": one.grade,
            "exam_subject": one.subject,
            "graduates_count": one.graduates,
            "chosen_count": min(one.graduates, one.participants + int(known.rng.random() < 0.3)),
            "taken_count": one.participants,
        }
        for one in known.facts.exams
        if one.subject not in COMPULSORY
    ]


def _appeal_rows(known: Known) -> list[Row]:
    """Return appeals of exams; those of the olympiad are the municipality's."""
    rows: list[Row] = [
        {
            "procedure": one.exam,
            "stage": "main",
            "appeal_subject": _APPEALED.get(one.subject, one.subject),
            "grade": one.grade,
            "participants_count": one.participants,
            "order_appeals_count": 0,
            "points_appeals_count": one.appeals,
            "granted_count": one.granted,
            "raised_count": one.granted,
            "lowered_count": 0,
            "technical_count": 0,
        }
        for one in known.facts.exams
        if one.appeals
    ]
    if "municipality" in known.facts.tags:
        rows.append(
            {
                "procedure": "olympiad",
                "stage": "municipal",
                "appeal_subject": "mathematics",
                "grade": 9,
                "participants_count": max(2, round(known.facts.pupils[8] * _OF_MUNICIPAL)),
                "order_appeals_count": 0,
                "points_appeals_count": 2,
                "granted_count": 1,
                "raised_count": 1,
                "lowered_count": 0,
                "technical_count": 0,
            }
        )
    return rows


def _admission_rows(known: Known) -> list[Row]:
    """Return where graduates of the summer before went: each of them somewhere."""
    rows: list[Row] = []
    for grade, usual in _AFTER.items():
        count = known.facts.before.get(grade, 0)
        if not count:
            continue
        shares = _TO_ANOTHER_SCHOOL if grade == _LAST_BASIC and not known.facts.pupils[_LAST_BASIC] else usual
        went = known.rng.multinomial(count, list(shares.values()))
        rows += [
            {"graduating_grade": grade, "destination": where, "graduates_count": count, "entered_count": int(people)}
            for where, people in zip(shares, went, strict=True)
            if people
        ]
    return rows


def _admitted_rows(known: Known) -> list[Row]:
    """Return admission to exams: as the protocols have it, where there are some."""
    rows: list[Row] = []
    for procedure, grade in (("interview9", 9), ("essay11", 11)):
        graduates = known.facts.pupils[grade - 1]
        if not graduates:
            continue
        row: Row = {"procedure": procedure, "attempt": "main", "graduates_count": graduates}
        if procedure in known.facts.admitted:
            came, passed = known.facts.admitted[procedure]
            row |= {"participants_count": came, "passed_count": passed, "failed_count": came - passed}
            row |= {"absent_reason_count": graduates - came, "removed_count": 0}
        rows.append(row)
    return rows


def _conditions_rows(known: Known) -> list[Row]:
    return [dict(known.facts.place)]


def _olympiad_rows(known: Known) -> list[Row]:
    """Return the school stage in some grades, and the municipal one, to which few go."""
    rows: list[Row] = []
    for stage, held in _OLYMPIADS.items():
        for subject, grades in held:
            for grade in grades:
                row: Row = {"stage": stage, "olympiad_subject": subject, "grade": grade}
                if stage == "municipal":
                    pupils = known.facts.pupils[grade - 1]
                    few = min(pupils, int(pupils * _OF_MUNICIPAL + known.rng.random()))
                    row |= {"participants_count": few, "different_pupils_count": min(pupils, few + few // 2)}
                rows.append(row)
    return rows


def _attendance_rows(known: Known) -> list[Row]:
    return [
        {"period": period, "grade": grade}
        for period in ("september", "year")
        for grade, pupils in enumerate(known.facts.pupils, 1)
        if pupils
    ]


def _candidate_rows(known: Known) -> list[Row]:
    """Return a row for each candidate that the summary counts; a municipality lists three."""
    counted = [(str(row["award"]), int(str(row["candidates_count"]))) for row in known.made.get(_SUMMED, [])]
    awards = [award for award, count in counted for _ in range(count)]
    return [{"award": award} for award in (awards or ["honours_9", "medal_first", "medal_second"])]


MADE_LINES: Final[Mapping[str, Callable[[Known], list[Row]]]] = {
    "exam_results_reported": _exam_rows,
    "exam_choice": _choice_rows,
    "appeals": _appeal_rows,
    "admissions": _admission_rows,
    "exam_admission": _admitted_rows,
    "school_conditions": _conditions_rows,
    "olympiad_stages": _olympiad_rows,
    "attendance_by_grade": _attendance_rows,
    "medal_candidates": _candidate_rows,
}
