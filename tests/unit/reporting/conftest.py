"""Synthetic campaigns in the tables' contracts: seeded pupils, results counted apart from the project's analysis."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.vpr.note_data import NoteData, count_findings
from oko_pipeline.reporting.word.render import Stamp

YEAR = "2020-2021"
BOUNDS = {"russian": (14, 24, 33, 38), "mathematics": (6, 10, 15, 20), "history": (4, 8, 12, 15)}
TASKS = {"russian": 19, "mathematics": 14, "history": 10}


def wilson_bounds(count, n):
    interval = binomtest(int(count), int(n)).proportion_ci(method="wilson")
    return interval.low, interval.high


def shares(record, name, count, n):
    low, high = wilson_bounds(count, n) if n else (None, None)
    record |= {f"{name}_share": count / n if n else None, f"{name}_low": low, f"{name}_high": high}


def tier(n):
    return next((t for bound, t in ((5, "lt5"), (10, "lt10"), (20, "lt20"), (50, "lt50")) if n < bound), "ge50")


def summary_row(assessment_id, level, code, pupils, bounds, absent):
    n = len(pupils)
    score = pupils["score"]
    record = {
        "school_year": YEAR, "assessment_id": assessment_id, "unit_level": level, "unit_code": code, "subgroup": "all",
        "participants_count": n, "absent_count": absent, "size_tier": tier(n),
        "mean_score": score.mean() if n else None, "sd_score": score.std(ddof=1) if n > 1 else None,
        "mean_score_low": None, "mean_score_high": None,
        "median_score": score.median() if n else None, "quartile_1_score": None, "quartile_3_score": None,
        "mean_percent": score.mean() / bounds[3] * 100 if n else None, "marked_count": n,
        "over_maximum_count": 0, "sum_mismatch_count": 1 if level == "school" and n > 20 else 0,
    }  # fmt: skip
    for mark in (2, 3, 4, 5):
        count = int((pupils["mark"] == mark).sum())
        record[f"mark_{mark}_count"] = count
        shares(record, f"mark_{mark}", count, n)
    shares(record, "base_level", int((pupils["mark"] > 2).sum()), n)
    shares(record, "good_level", int((pupils["mark"] > 3).sum()), n)
    gap = pupils["mark"] - pupils["journal"]
    record["journal_pairs_count"] = n
    record["journal_gap_2_count"] = int((gap.abs() > 1).sum())
    for kind, count in (("lower", (gap < 0).sum()), ("same", (gap == 0).sum()), ("higher", (gap > 0).sum())):
        record[f"journal_{kind}_count"] = int(count)
        shares(record, f"journal_{kind}", int(count), n)
    return record


def conform(name, rows):
    if not rows:
        return TABLES[name].empty()
    frame = pd.DataFrame.from_records(rows)
    for column in TABLES[name].columns:
        if column.name not in frame.columns and column.nullable:
            frame[column.name] = None
    return TABLES[name].conform(frame)


def levels_of(subject):
    count = TASKS[subject]
    return ["Б"] * (count - 4) + ["П"] * 3 + ["В"]


def colour_of(level, share):
    low, high = (0.57, 0.60) if level == "Б" else (0.285, 0.30)
    return "red" if share < low else "yellow" if share < high else "green"


def make_campaign(campaign="vpr-2021-spring", grades=(4, 5, 6), sizes=None, settings=None, seed=5):
    """Two municipalities; `sizes` maps school codes to pupils in a work (default: from 3 to 60)."""
    random = np.random.default_rng(seed)
    sizes = sizes or {f"edu9904{i:02d}": size for i, size in enumerate((60, 45, 32, 24, 22, 12, 7, 3), start=1)}
    codes = list(sizes)
    home = {code: "reg99_m101" if i < 6 else "reg99_m102" for i, code in enumerate(codes)}
    rows = {name: [] for name in TABLES}
    shift = 1 if campaign.endswith("autumn") else 0
    for code in codes:
        rows["schools"].append({
            "school_year": YEAR, "school_code": code, "school_name": f"МБОУ «Школа № {int(code[-2:])} & Ко»",
            "is_name_known": True, "school_kind": "general", "municipality_code": home[code], "region_code": "99",
        })  # fmt: skip
    for code in sorted(set(home.values())):
        rows["municipalities"].append({
            "school_year": YEAR, "municipality_code": code, "municipality_name": f"Округ {code[-3:]}",
            "region_code": "99", "schools_count": list(home.values()).count(code),
        })  # fmt: skip
    for grade in grades:
        for subject, bounds in BOUNDS.items():
            if subject == "history" and grade < 5:
                continue
            add_work(rows, f"{campaign}:{grade}:{subject}:base", bounds, (sizes, home), random, grade + shift)
    findings = [
        {"rule_id": "work.sum_mismatch", "severity": "warning", "school_code": codes[0], "assessment_id": a}
        for a in [rows["assessments"][0]["assessment_id"]] * 3
    ]
    findings.append({"rule_id": "file.duplicate", "severity": "note", "school_code": None, "assessment_id": None})
    return NoteData(
        school_year=YEAR, campaign_code=campaign, quality_counts=count_findings(pd.DataFrame(findings)),
        settings=settings or DocumentSettings(territory_ru="Энский край"),
        **{
            name: conform(name, rows[name])
            for name in (
                "schools", "municipalities", "assessments", "tasks", "result_summary", "score_distribution",
                "task_results", "skill_results", "published_results", "coverage", "files",
            )
        },
    )  # fmt: skip


def add_work(rows, assessment_id, bounds, place, random, pupil_grade):
    sizes, home = place
    campaign, grade, subject, level = assessment_id.split(":")
    difficulty = random.uniform(0.45, 0.7)
    pupils = pd.concat([
        pd.DataFrame({
            "school": code,
            "class": np.where(np.arange(size) % 2 == 0, "А", "Б") if size > 40 else "А",
            "score": random.binomial(bounds[3], np.clip(random.normal(difficulty, 0.12, size), 0.05, 0.98)),
        })
        for code, size in sizes.items()
    ], ignore_index=True)  # fmt: skip
    pupils["mark"] = 2 + np.searchsorted(bounds[:3], pupils["score"].to_numpy(), side="right")
    pupils["journal"] = np.clip(pupils["mark"] + random.choice([-1, 0, 0, 1, 1, 2], len(pupils)), 3, 5)
    pupils["municipality"] = pupils["school"].map(home)
    rows["assessments"].append({
        "school_year": YEAR, "assessment_id": assessment_id, "campaign_code": campaign, "procedure_code": "vpr",
        "paper_grade": int(grade), "pupil_grade": pupil_grade, "subject_code": subject, "level": level,
        "task_count": TASKS[subject], "maximum_score": bounds[3], "minimum_3": bounds[0], "minimum_4": bounds[1],
        "minimum_5": bounds[2], "scale_source": "catalogue", "rows_count": len(pupils), "works_sha256": "0" * 64,
    })  # fmt: skip
    rows["files"].append({
        "school_year": YEAR, "path": f"vpr/2021/{grade}/{subject}.xlsx",
        "file_sha256": f"{int(grade) * 7919 + len(subject):064x}"[::-1],
        "layout_code": "raw_2021", "assessment_id": assessment_id, "status": "accepted", "size_bytes": 1000,
        "modified_at": "2021-06-01T00:00:00Z", "read_rows_count": len(pupils), "accepted_rows_count": len(pupils),
        "quarantined_rows_count": 0, "reader_version": "1", "stat_fingerprint": "1",
    })  # fmt: skip
    units = [("region", "99", pupils)]
    units += [("municipality", code, part) for code, part in pupils.groupby("municipality")]
    units += [("school", code, part) for code, part in pupils.groupby("school")]
    units += [("class", f"{code}|{letter}", part) for (code, letter), part in pupils.groupby(["school", "class"])]
    for unit_level, code, part in units:
        absent = max(1, len(part) // 12)
        rows["result_summary"].append(summary_row(assessment_id, unit_level, code, part, bounds, absent))
        if unit_level == "class":
            continue
        for score, count in part["score"].value_counts().items():
            rows["score_distribution"].append({
                "school_year": YEAR, "assessment_id": assessment_id, "unit_level": unit_level, "unit_code": code,
                "score": score, "participants_count": count, "share": count / len(part),
            })  # fmt: skip
        add_tasks(rows, assessment_id, subject, (unit_level, code), len(part), random)
    for code in sizes:
        n = int((pupils["school"] == code).sum())
        rows["coverage"].append({
            "school_year": YEAR, "assessment_id": assessment_id, "school_code": code,
            "rows_count": n + max(1, n // 12), "participants_count": n, "absent_count": max(1, n // 12),
            "classes_count": 2 if n > 40 else 1, "is_expected": True, "state": "written",
        })  # fmt: skip
    for mark, percent in zip((2, 3, 4, 5), (10.13, 39.87, 38.0, 12.0), strict=True):
        rows["published_results"].append({
            "school_year": YEAR, "file_sha256": "f" * 64, "source_row": 2, "assessment_id": assessment_id,
            "unit_level": "region", "unit_source": "Регион", "unit_code": "99", "measure": "mark", "item": str(mark),
            "value_percent": percent, "is_count_recovered": False, "participants_count": 24917,
        })  # fmt: skip
    for position, level_ru in enumerate(levels_of(subject), start=1):
        rows["tasks"].append({
            "school_year": YEAR, "assessment_id": assessment_id, "position": position, "task_code": str(position),
            "maximum_score": 1, "maximum_source": "description", "difficulty_level": level_ru,
            "skill": f"Умение {position}: находить <часть> числа & процент величины, применять при решении задач",
        })  # fmt: skip


def add_tasks(rows, assessment_id, subject, unit, n, random):
    base = {"school_year": YEAR, "assessment_id": assessment_id, "unit_level": unit[0], "unit_code": unit[1]}
    colours = []
    for position, level in enumerate(levels_of(subject), start=1):
        centre = {"Б": 0.68, "П": 0.42, "В": 0.2}[level]
        right = int(random.binomial(n, np.clip(centre + 0.25 * np.sin(position), 0.03, 0.97)))
        low, high = wilson_bounds(right, n)
        colours.append(colour_of(level, right / n))
        rows["task_results"].append(base | {
            "position": position, "task_code": str(position), "taught_count": n, "not_attempted_count": n // 20,
            "not_taught_count": 0, "mean_task_score": right / n, "solved_share": right / n, "solved_low": low,
            "solved_high": high, "zero_share": 1 - right / n, "full_share": right / n,
            "not_attempted_share": (n // 20) / n, "colour": colours[-1],
        })  # fmt: skip
    for start in range(0, len(colours) - 2, 3):
        red = colours[start : start + 3].count("red")
        rows["skill_results"].append(base | {
            "kind": "skill", "skill_code": str(start), "skill_title": f"Читать и понимать условие {start}",
            "task_codes": ";".join(str(p + 1) for p in range(start, start + 3)), "tasks_count": 3,
            "red_tasks_count": red, "is_systemic": red > 1, "participants_count": n, "solved_share": 0.5,
            "solved_low": 0.4, "solved_high": 0.6,
        })  # fmt: skip
    for level, share in (("Б", 0.66), ("П", 0.4), ("В", 0.2)):
        rows["skill_results"].append(base | {
            "kind": "level", "skill_code": level, "skill_title": level, "task_codes": "1", "tasks_count": 1,
            "red_tasks_count": 0, "is_systemic": False, "participants_count": n, "solved_share": share,
            "solved_low": share - 0.1, "solved_high": share + 0.1,
        })  # fmt: skip


@pytest.fixture(scope="session")
def build_campaign():
    return make_campaign


@pytest.fixture(scope="session")
def spring():
    return make_campaign()


@pytest.fixture(scope="session")
def long_campaign():
    return make_campaign(grades=(4, 5, 6, 7, 8), sizes={"edu990401": 60, "edu990402": 30})


@pytest.fixture(scope="session")
def autumn():
    return make_campaign("vpr-2020-autumn", grades=(4, 5))


@pytest.fixture
def stamp():
    return Stamp(pd.Timestamp("2026-11-22T06:10:00Z").to_pydatetime(), "0.1.0+abc1234")
