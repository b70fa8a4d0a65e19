"""The vectorised tables against a slow recomputation, pupil by pupil, in plain Python."""

import math
import statistics
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oko_pipeline.analysis.assessment_tables import analyse_assessment
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds

SCHOOL_PLACES = {
    "edu990001": ("reg99_m101", "99"),
    "edu990002": ("reg99_m101", "99"),
    "edu990003": ("reg99_m102", "99"),
    "edu980001": ("reg98_m001", "98"),
}
UNKNOWN_SCHOOL = "edu990009"
MAXIMA = (1, 2, 3)
SCALE = ScaleBounds(2, 4, 5, 6)
DESCRIPTION = (
    {"maximum": 1, "level": "Б", "skill": "Считать", "content": "1.1;1.2", "metasubject": True},
    {"maximum": 2, "level": "Б", "skill": "Решать  задачи", "content": "1.2", "requirement": "3.10; 3.9"},
    {"maximum": 3, "level": "П", "skill": "Решать задачи", "content": "1.2", "requirement": "3.9"},
)

task_cell = st.sampled_from([0, 0, 1, 1, 2, 3, -1, -2, -3, -4])
pupil = st.fixed_dictionaries(
    {
        "school": st.sampled_from([*SCHOOL_PLACES, UNKNOWN_SCHOOL]),
        "label": st.sampled_from(["а", "А", " б", "нет", "НЕТ", None, "4"]),
        "sex": st.sampled_from(["м", "ж", None]),
        "status": st.sampled_from(["scored", "scored", "scored", "scored", "absent", "no_total"]),
        "score": st.integers(0, 8),
        "journal": st.sampled_from([None, 2, 3, 4, 5]),
        "reported": st.sampled_from([None, 2, 3, 4, 5]),
        "tasks": st.tuples(task_cell, task_cell, task_cell),
    }
)


def without_total(pupils):
    return [p if p["status"] == "scored" else p | {"score": None} for p in pupils]


def units_of(p):
    label = (p["label"] or "").strip().lower()
    label = "—" if label in {"", "нет"} else label
    yield "all", "all"
    if p["school"] in SCHOOL_PLACES:
        municipality, region = SCHOOL_PLACES[p["school"]]
        yield "region", region
        yield "municipality", municipality
    yield "school", p["school"]
    yield "class", f"{p['school']}|{label}"


def groups_of(pupils):
    groups = defaultdict(list)
    for p in pupils:
        for level, code in units_of(p):
            groups[level, code, "all"].append(p)
            if level != "class" and p["sex"]:
                groups[level, code, f"sex:{p['sex']}"].append(p)
    return groups


def mark_of(p, scale):
    if p["score"] > 6:
        return None
    if scale is None:
        return p["reported"]
    return 2 + sum(p["score"] >= bound for bound in (scale.minimum_3, scale.minimum_4, scale.minimum_5))


def same(ours, theirs):
    if theirs is None or (isinstance(theirs, float) and math.isnan(theirs)):
        return pd.isna(ours)
    if isinstance(theirs, str):
        return ours == theirs
    return not pd.isna(ours) and math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-9)


def assert_rows(frame, keys, expected):
    found = {tuple(row[key] for key in keys): row for row in frame.to_dict("records")}
    assert set(found) == set(expected)
    for key, values in expected.items():
        wrong = {name: (found[key][name], value) for name, value in values.items() if not same(found[key][name], value)}
        assert not wrong, (key, wrong)


def reference_summary(pupils, scale):
    scored_marks = [mark_of(p, scale) for p in pupils if p["status"] == "scored"]
    marks_known = scale is not None or any(scored_marks)
    pairs_known = any(p["journal"] and mark_of(p, scale) for p in pupils if p["status"] == "scored")
    expected = {}
    for key, members in groups_of(pupils).items():
        scored = [p for p in members if p["status"] == "scored"]
        scores = [p["score"] for p in scored]
        marks = [mark for mark in (mark_of(p, scale) for p in scored) if mark]
        pairs = [(mark_of(p, scale), p["journal"]) for p in scored if mark_of(p, scale) and p["journal"]]
        values = {
            "participants_count": len(scored),
            "absent_count": sum(p["status"] == "absent" for p in members),
            "mean_score": statistics.fmean(scores) if scores else None,
            "sd_score": statistics.stdev(scores) if len(scores) > 1 else None,
            "median_score": statistics.median(scores) if scores else None,
            "quartile_1_score": float(np.quantile(scores, 0.25)) if scores else None,
            "quartile_3_score": float(np.quantile(scores, 0.75)) if scores else None,
            "mean_percent": statistics.fmean(scores) / 6 * 100 if scores else None,
            "marked_count": len(marks),
            "base_level_share": sum(m >= 3 for m in marks) / len(marks) if marks else None,
            "good_level_share": sum(m >= 4 for m in marks) / len(marks) if marks else None,
            "journal_pairs_count": len(pairs),
            "journal_lower_count": sum(a < b for a, b in pairs) if pairs_known else None,
            "journal_same_count": sum(a == b for a, b in pairs) if pairs_known else None,
            "journal_higher_count": sum(a > b for a, b in pairs) if pairs_known else None,
            "journal_gap_2_count": sum(abs(a - b) >= 2 for a, b in pairs) if pairs_known else None,
            "journal_higher_share": sum(a > b for a, b in pairs) / len(pairs) if pairs else None,
            "over_maximum_count": sum(score > 6 for score in scores),
            "sum_mismatch_count": sum(sum(max(t, 0) for t in p["tasks"]) != p["score"] for p in scored),
        }
        for mark in (2, 3, 4, 5):
            values[f"mark_{mark}_count"] = marks.count(mark) if marks_known else None
            interval = stats.binomtest(marks.count(mark), len(marks)).proportion_ci(method="wilson") if marks else None
            values[f"mark_{mark}_low"] = interval.low if interval else None
            values[f"mark_{mark}_high"] = interval.high if interval else None
        expected[key] = values
    return expected


def proportion_interval(y, x):
    """Return (share, low, high) of Σy/Σx over pupils with x > 0, from the residuals themselves."""
    kept = [(a, b) for a, b in zip(y, x, strict=True) if b > 0]
    if not kept:
        return None, None, None
    share = sum(a for a, _ in kept) / sum(b for _, b in kept)
    n = len(kept)
    if n < 2:
        return share, None, None
    squares = sum((a - share * b) ** 2 for a, b in kept)
    if squares < 1e-9:
        z = statistics.NormalDist().inv_cdf(0.975)
        centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    else:
        centre = share
        half = stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1) * squares) / sum(b for _, b in kept)
    return share, max(0.0, centre - half), min(1.0, centre + half)


def counted(p, place):
    cell = p["tasks"][place]
    return cell == -1 or 0 <= cell <= MAXIMA[place]


def reference_colour(total, n, place):
    if n < 3:
        return None
    green, red = ((60, 57), (60, 57), (30, 28.5))[place]
    percent = 100 * total / (n * MAXIMA[place])
    return "red" if percent < red - 1e-9 else "yellow" if percent < green - 1e-9 else "green"


def reference_tasks(pupils):
    expected = {}
    for (level, code, subgroup), members in groups_of(pupils).items():
        if subgroup != "all":
            continue
        scored = [p for p in members if p["status"] == "scored"]
        for place, maximum in enumerate(MAXIMA):
            cells = [p["tasks"][place] for p in scored if counted(p, place)]
            values = [max(cell, 0) for cell in cells]
            n = len(values)
            share, low, high = proportion_interval(values, [maximum] * n)
            expected[level, code, place + 1] = {
                "taught_count": n,
                "not_attempted_count": cells.count(-1),
                "not_taught_count": sum(p["tasks"][place] == -2 for p in scored),
                "mean_task_score": statistics.fmean(values) if n else None,
                "solved_share": share,
                "solved_low": low,
                "solved_high": high,
                "zero_share": values.count(0) / n if n else None,
                "full_share": values.count(maximum) / n if n else None,
                "not_attempted_share": cells.count(-1) / n if n else None,
                "colour": reference_colour(sum(values), n, place),
            }
    return expected


SKILLS = {
    ("skill", "1"): (0,),
    ("skill", "2"): (1, 2),
    ("content", "1.1"): (0,),
    ("content", "1.2"): (0, 1, 2),
    ("requirement", "3.9"): (1, 2),
    ("requirement", "3.10"): (1,),
    ("level", "Б"): (0, 1),
    ("level", "П"): (2,),
    ("metasubject", "metasubject"): (0,),
}


def reference_skills(pupils):
    colours = {key: values["colour"] for key, values in reference_tasks(pupils).items()}
    expected = {}
    for (level, code, subgroup), members in groups_of(pupils).items():
        if subgroup != "all":
            continue
        scored = [p for p in members if p["status"] == "scored"]
        for (kind, skill), places in SKILLS.items():
            if level == "class" and kind in ("content", "requirement"):
                continue
            y = [sum(max(p["tasks"][t], 0) for t in places if counted(p, t)) for p in scored]
            x = [sum(MAXIMA[t] for t in places if counted(p, t)) for p in scored]
            share, low, high = proportion_interval(y, x)
            told = [colours[level, code, t + 1] for t in places if colours[level, code, t + 1]]
            expected[level, code, kind, skill] = {
                "task_codes": ";".join(str(t + 1) for t in places),
                "tasks_count": len(places),
                "red_tasks_count": told.count("red") if told else None,
                "is_systemic": 2 * told.count("red") > len(places) if told else None,
                "participants_count": sum(b > 0 for b in x),
                "solved_share": share,
                "solved_low": low,
                "solved_high": high,
            }
    return expected


@pytest.mark.parametrize("scale", [SCALE, None], ids=["scale", "reported marks"])
@settings(max_examples=60, deadline=None)
@given(pupils=st.lists(pupil, min_size=1, max_size=40).map(without_total))
def test_every_figure_equals_the_slow_recomputation(make_works, make_tasks, make_schools, scale, pupils):
    tables = analyse_assessment(
        make_works(pupils, 3),
        scale,
        6,
        make_tasks(*DESCRIPTION),
        make_schools(SCHOOL_PLACES),
        AnalysisOptions("2020-2021", hide_below=3),
    )
    assert_rows(tables.result_summary, ("unit_level", "unit_code", "subgroup"), reference_summary(pupils, scale))
    assert_rows(tables.task_results, ("unit_level", "unit_code", "position"), reference_tasks(pupils))
    assert_rows(tables.skill_results, ("unit_level", "unit_code", "kind", "skill_code"), reference_skills(pupils))
    distribution = defaultdict(int)
    for p in pupils:
        if p["status"] == "scored":
            for level, code in units_of(p):
                if level != "class":
                    distribution[level, code, p["score"]] += 1
    expected = {key: {"participants_count": count} for key, count in distribution.items()}
    assert_rows(tables.score_distribution, ("unit_level", "unit_code", "score"), expected)
    if expected:
        shares = tables.score_distribution.groupby(["unit_level", "unit_code"])["share"].sum()
        assert np.allclose(shares, 1)
