"""The main questions of the analysis as an honest analyst would script them: pandas groups and a loop, scipy a group.

    python bench/analysis.py --schools 31 --runs 1 --work DIR      (makes DIR/start31 and, analysed, DIR/run31)
    python bench/naive_analysis.py --home DIR/run31 [--year 2022-2023] [--every 5] [--check]

Computes, one question after another: summaries with intervals, tasks and skills; quality of tasks with differential
functioning; signs of objectivity; dynamics by Newcombe and Welch; funnels; clusters and comparable schools; residuals
by a mixed model. With `--check` every figure whose definition is the same is compared with the tables of the house.
Standard output: JSON of seconds by question, of figures compared and of those that differ.
"""
# A script of its own: whoever runs it needs the libraries anyway.
# ruff: noqa: TID253

import argparse
import json
import math
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

Row = dict[str, Any]
UNIT = ["assessment_id", "unit_level", "unit_code"]


class Region:
    """The inputs of a year, read once: works with their schools, tasks, assessments."""

    def __init__(self, home: Path, year: str, every: int = 1) -> None:
        self.home, self.year = home, year
        assessments = self.sql("SELECT * FROM assessments WHERE school_year = ?").set_index("assessment_id")
        self.assessments = assessments.iloc[::every]
        self.tasks = self.sql("SELECT * FROM tasks WHERE school_year = ?")
        self.schools = self.sql("SELECT * FROM schools WHERE school_year = ?").set_index("school_code")
        self.context = self.sql("SELECT * FROM school_context WHERE school_year = ?")

    def sql(self, query: str, *values: str) -> pd.DataFrame:
        """Return the answer to a query about the year."""
        with sqlite3.connect(self.home / "oko.sqlite") as connection:
            return pd.read_sql(query, connection, params=(self.year, *values))

    def works(self, key: str, year: str | None = None) -> pd.DataFrame:
        """Return the works of an assessment with marks and units."""
        path = self.home / "restricted" / "works" / (year or self.year) / f"{key.replace(':', '~')}.parquet"
        works = pd.read_parquet(path)
        works["municipality"] = works["school_code"].map(self.schools["municipality_code"])
        works["region"] = works["school_code"].map(self.schools["region_code"])
        works["class"] = works["school_code"] + "|" + works["class_label"].str.lower()
        works["all"] = "all"
        bounds = self.assessments.loc[key, ["minimum_3", "minimum_4", "minimum_5"]] if year is None else None
        if bounds is not None and bounds.notna().all():
            scored = works["primary_score"].notna()
            works.loc[scored, "mark"] = works.loc[scored, "primary_score"].apply(
                lambda score: 2 + sum(score >= bound for bound in bounds)
            )
        else:
            works["mark"] = np.nan
        return works

    def tasks_of(self, key: str) -> pd.DataFrame:
        """Return the tasks of an assessment."""
        return self.tasks[self.tasks["assessment_id"] == key].sort_values("position")


LEVELS = {"all": "all", "region": "region", "municipality": "municipality", "school": "school_code", "class": "class"}


def groups(works: pd.DataFrame, levels: tuple[str, ...] = tuple(LEVELS)) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the works of every unit."""
    for level in levels:
        for code, own in works.groupby(LEVELS[level]):
            yield level, str(code), own


# ---------------------------------------------------------------- the questions


def summaries(region: Region) -> dict[str, pd.DataFrame]:
    """Summaries of results by unit and sex: means with Student's intervals, shares with Wilson's."""
    rows: list[Row] = []
    for key, about in region.assessments.iterrows():
        works = region.works(str(key))
        for level, code, own in groups(works):
            subgroups = {"all": own}
            if level != "class":
                subgroups |= {"boys": own[own["sex"] == "м"], "girls": own[own["sex"] == "ж"]}
            for subgroup, chosen in subgroups.items():
                if len(chosen):
                    row = {"assessment_id": key, "unit_level": level, "unit_code": code, "subgroup": subgroup}
                    rows.append(row | _summary(chosen, about))
    return {"result_summary": pd.DataFrame(rows)}


def _summary(works: pd.DataFrame, about: pd.Series) -> Row:
    scores = works["primary_score"].dropna().astype(float)
    n = len(scores)
    row: Row = {"participants_count": n, "absent_count": int((works["status"] == "absent").sum())}
    if n:
        row |= {"mean_score": scores.mean(), "median_score": scores.median(), "sd_score": scores.std()}
        row |= {"quartile_1_score": scores.quantile(0.25), "quartile_3_score": scores.quantile(0.75)}
        row["mean_percent"] = scores.mean() / about["maximum_score"] * 100
        if n > 1 and scores.std() > 0:
            low, high = stats.t.interval(0.95, n - 1, loc=scores.mean(), scale=stats.sem(scores))
            row |= {"mean_score_low": low, "mean_score_high": high}
    marks = works["mark"].dropna()
    shares = {f"mark_{mark}": int((marks == mark).sum()) for mark in (2, 3, 4, 5)}
    shares |= {"base_level": int((marks >= 3).sum()), "good_level": int((marks >= 4).sum())}
    row |= {"marked_count": len(marks)} | _shares(shares, len(marks))
    pairs = works[works["mark"].notna() & works["journal_mark"].notna()]
    difference = pairs["mark"] - pairs["journal_mark"].astype(float)
    counts = {"lower": int((difference < 0).sum()), "same": int((difference == 0).sum())}
    counts["higher"] = int((difference > 0).sum())
    return row | _shares({f"journal_{name}": count for name, count in counts.items()}, len(pairs))


def _shares(counts: dict[str, int], whole: int) -> Row:
    found: Row = {}
    for name, count in counts.items():
        if whole:
            low, high = proportion_confint(count, whole, method="wilson")
            found |= {f"{name}_share": count / whole, f"{name}_low": low, f"{name}_high": high}
    return found


def tasks_and_skills(region: Region) -> dict[str, pd.DataFrame]:
    """Solvability of every task and skill in every unit, pupils being the sampling units."""
    tasks, skills = [], []
    for key in region.assessments.index:
        works, described = region.works(str(key)), region.tasks_of(str(key))
        works = works[works["status"] == "scored"]
        columns = [f"task_{position:02d}" for position in described["position"]]
        maxima = described["maximum_score"].to_numpy(float)
        by_skill = described.groupby("skill", sort=False)["position"].agg(list)
        for level, code, own in groups(works):
            unit = {"assessment_id": key, "unit_level": level, "unit_code": code}
            scores = own[columns].where(own[columns] >= 0, 0)
            for position, column, maximum in zip(described["position"], columns, maxima, strict=True):
                solved = scores[column] / maximum
                low, high = _student(solved.to_numpy())
                told = {"solved_share": solved.mean(), "full_share": (solved == 1).mean()}
                told |= {"solved_low": low, "solved_high": high, "zero_share": (solved == 0).mean()}
                told["not_attempted_share"] = (own[column] < 0).mean()
                tasks.append(unit | {"position": position} | told)
            for number, positions in enumerate(by_skill, start=1):
                chosen = [f"task_{position:02d}" for position in positions]
                reachable = maxima[[columns.index(name) for name in chosen]].sum()
                solved = scores[chosen].sum(axis=1) / reachable
                low, high = _student(solved.to_numpy())
                told = {"kind": "skill", "skill_code": str(number), "solved_share": solved.mean()}
                skills.append(unit | told | {"solved_low": low, "solved_high": high})
    return {"task_results": pd.DataFrame(tasks), "skill_results": pd.DataFrame(skills)}


def _student(values: np.ndarray) -> tuple[float, float]:
    n = len(values)
    if n < 2:
        return math.nan, math.nan
    if values.std() < 1e-12:
        low, high = proportion_confint(values.mean() * n, n, method="wilson")
    else:
        low, high = stats.t.interval(0.95, n - 1, loc=values.mean(), scale=stats.sem(values))
    return max(low, 0.0), min(high, 1.0)


def task_quality(region: Region) -> dict[str, pd.DataFrame]:
    """Item-rest correlation and alpha by unit, Mantel–Haenszel by sex and variant above schools."""
    items, tests, functioning = [], [], []
    for key in region.assessments.index:
        works, described = region.works(str(key)), region.tasks_of(str(key))
        works = works[works["status"] == "scored"]
        columns = [f"task_{position:02d}" for position in described["position"]]
        maxima = dict(zip(columns, described["maximum_score"], strict=True))
        for level, code, own in groups(works, ("all", "region", "municipality", "school")):
            if len(own) < 30 and level != "all":
                continue
            unit = {"assessment_id": key, "unit_level": level, "unit_code": code}
            scores = own[columns].where(own[columns] >= 0, 0).astype(float)
            total = scores.sum(axis=1)
            for column in columns:
                rest = total - scores[column]
                known = scores[column].std() > 0 and rest.std() > 0
                told = stats.pearsonr(scores[column], rest)[0] if known else math.nan
                items.append(unit | {"position": int(column[-2:]), "discrimination": told})
            k = len(columns)
            if total.var() > 0:
                alpha = k / (k - 1) * (1 - scores.var().sum() / total.var())
                tests.append(unit | {"alpha": alpha})
            if level != "school":
                functioning += [unit | one for one in _functioning(own, scores, total, maxima)]
    made = {"task_quality": items, "test_reliability": tests, "task_dif": functioning}
    return {name: pd.DataFrame(rows) for name, rows in made.items()}


def _functioning(own: pd.DataFrame, scores: pd.DataFrame, total: pd.Series, maxima: dict[str, int]) -> Iterator[Row]:
    usual = own["variant"].value_counts(sort=False).sort_index()
    reference = usual.idxmax() if len(usual) else None
    pairs = [("sex", "м", "ж"), *(("variant", reference, other) for other in usual.index if other != reference)]
    for grouping, first, second in pairs:
        is_first, is_second = own[grouping] == first, own[grouping] == second
        if min(is_first.sum(), is_second.sum()) < 100:
            continue
        for column, maximum in maxima.items():
            if maximum != 1:
                continue
            tables = []
            for score in sorted(total.unique()):
                at = total == score
                table = [
                    [int(((scores[column] == value) & at & group).sum()) for value in (1, 0)]
                    for group in (is_second, is_first)
                ]
                if all(sum(line) for line in table):
                    tables.append(np.array(table, dtype=float).T)
            if not tables:
                continue
            with np.errstate(all="ignore"):
                odds = StratifiedTable(tables).oddsratio_pooled
            effect = -2.35 * math.log(1 / odds) if odds and np.isfinite(odds) else math.nan
            yield {"grouping": grouping, "focal_group": second, "position": int(column[-2:]), "effect": effect}


_SIGNS = tuple(
    (first + 2 * (grade - 4) + place, grade, subject, kind)
    for kind, first in (("mean", 1), ("journal", 7))
    for grade in (4, 5)
    for place, subject in enumerate(("russian", "mathematics"))
)


def signs(region: Region) -> dict[str, pd.DataFrame]:
    """The official signs of means and of the journal, school by school."""
    rows: list[Row] = []
    for number, grade, subject, kind in _SIGNS:
        about = region.assessments
        found = about[(about["paper_grade"] == grade) & (about["subject_code"] == subject)]
        found = found[found["pupil_grade"] == found["paper_grade"]]
        if found.empty:
            continue
        works = region.works(str(found.index[-1]))
        works = works[works["primary_score"].notna()]
        scores = works["primary_score"].astype(float)
        limit = scores.mean() + 1.96 * scores.std() / math.sqrt(len(scores))
        for school, own in works.groupby("school_code"):
            if kind == "mean":
                deviation = own["primary_score"].astype(float).std()
                value = own["primary_score"].astype(float).mean() - 1.96 * deviation / math.sqrt(len(own))
                if len(own) < 2 or not deviation > 0:
                    value = math.nan
                rows.append({"school_code": school, "sign_number": number, "value": value, "threshold": limit})
            else:
                pairs = own[own["journal_mark"].notna()]
                score, mark = pairs["primary_score"].astype(float), pairs["journal_mark"].astype(float)
                varies = len(pairs) > 1 and score.std() > 0 and mark.std() > 0
                value = stats.spearmanr(score, mark)[0] if varies else math.nan
                rows.append({"school_code": school, "sign_number": number, "value": value, "threshold": 0.0})
    return {"objectivity_signs": pd.DataFrame(rows)}


def dynamics(region: Region) -> dict[str, pd.DataFrame]:
    """Changes of schools since last year's same paper: Newcombe for shares, Welch for means."""
    start = int(region.year[:4])
    before = Region(region.home, f"{start - 1}-{start}")
    rows: list[Row] = []
    for key, about in region.assessments.iterrows():
        same = before.assessments[
            (before.assessments["paper_grade"] == about["paper_grade"])
            & (before.assessments["subject_code"] == about["subject_code"])
            & (before.assessments["pupil_grade"] == about["pupil_grade"])
        ]
        if same.empty:
            continue
        now, then = region.works(str(key)), before.works(str(same.index[-1]))
        earlier = dict(list(then.groupby("school_code")))
        for school, own in now.groupby("school_code"):
            if school not in earlier:
                continue
            other = earlier[school]
            unit = {
                "assessment_id": key,
                "unit_level": "school",
                "unit_code": school,
                "view": "grade",
                "subgroup": "all",
            }
            a, b = own["mark"].dropna(), other["mark"].dropna()
            for name, least in (("base_level_share", 3), ("good_level_share", 4), ("mark_5_share", 5)):
                if len(a) and len(b):
                    x, y = int((a >= least).sum()), int((b >= least).sum())
                    low, high = confint_proportions_2indep(x, len(a), y, len(b), method="newcomb")
                    told = {"change_value": x / len(a) - y / len(b), "change_low": low, "change_high": high}
                    rows.append(unit | {"indicator_code": name} | told)
            p, q = (one["primary_score"].dropna().astype(float) / about["maximum_score"] * 100 for one in (own, other))
            if len(p) > 1 and len(q) > 1 and p.std() > 0 and q.std() > 0:
                bounds = stats.ttest_ind(p, q, equal_var=False).confidence_interval(0.95)
                told = {"change_value": p.mean() - q.mean(), "change_low": bounds.low, "change_high": bounds.high}
                rows.append(unit | {"indicator_code": "mean_percent"} | told)
    return {"result_dynamics": pd.DataFrame(rows)}


def funnels(region: Region) -> dict[str, pd.DataFrame]:
    """Schools on a funnel of each work: arcsine scores with the spread between schools, after Spiegelhalter."""
    rows: list[Row] = []
    excluded = set(region.schools.index[region.schools["school_kind"] == "correctional"])
    for key in region.assessments.index:
        works = region.works(str(key))
        works = works[works["mark"].notna() & ~works["school_code"].isin(excluded)]
        for name, is_part in (("mark_2_share", works["mark"] == 2), ("base_level_share", works["mark"] >= 3)):
            target = is_part.mean() if len(works) else math.nan
            found: list[Row] = []
            for school, own in works.groupby("school_code"):
                n, x = len(own), int(is_part[own.index].sum())
                error = 0.5 / math.sqrt(n + 0.5)
                z = (math.asin(math.sqrt((x + 0.375) / (n + 0.75))) - math.asin(math.sqrt(target))) / error
                low, high = proportion_confint(x, n, method="wilson")
                found.append({"school_code": school, "n": n, "z": z, "error": error, "low": low, "high": high})
            rows += [{"assessment_id": key, "indicator_code": name, "comparison": "all", "target_value": target} | one
                     for one in _overdispersed(found)]  # fmt: skip
    return {"risk_signals": pd.DataFrame(rows)}


def _overdispersed(found: list[Row]) -> list[Row]:
    used = [one for one in found if one["n"] >= 10]
    if len(used) < 2:
        return []
    z = stats.mstats.winsorize(np.array([one["z"] for one in used]), limits=(0.1, 0.1))
    factor = float(np.mean(np.asarray(z) ** 2))
    weights = np.array([1 / one["error"] ** 2 for one in used])
    spare = weights.sum() - (weights**2).sum() / weights.sum()
    variance = max(len(used) * factor - (len(used) - 1), 0) / spare
    return [one | {"p": 2 * stats.norm.sf(abs(one["z"]) * one["error"] / math.sqrt(one["error"] ** 2 + variance))}
            for one in used]  # fmt: skip


def like_with_like(region: Region) -> dict[str, pd.DataFrame]:
    """Clusters of schools with their stability, and the ten nearest of each school by a loop over pairs."""
    points = _conditions(region)
    values = points.to_numpy()
    best = max(range(2, 9), key=lambda k: silhouette_score(values, _kmeans(values, k)))
    labels = _kmeans(values, best)
    rng = np.random.default_rng(1)
    for _ in range(50):
        drawn = rng.integers(0, len(values), len(values))
        adjusted_rand_score(labels[drawn], _kmeans(values[drawn], best, 3))
    rows: list[Row] = []
    for school in points.index:
        distances = {
            other: math.sqrt(((points.loc[school] - points.loc[other]) ** 2).mean())
            for other in points.index
            if other != school
        }
        nearest = sorted(distances, key=lambda one: distances[one])[:10]
        rows += [{"school_code": school, "comparable_code": one, "distance": distances[one]} for one in nearest]
    return {"clusters": pd.DataFrame({"school_code": points.index, "cluster": labels}), "nearest": pd.DataFrame(rows)}


def _kmeans(values: np.ndarray, number: int, starts: int = 10) -> np.ndarray:
    return KMeans(number, n_init=starts, random_state=1).fit_predict(values)


def _conditions(region: Region) -> pd.DataFrame:
    numbers = region.context.pivot_table(index="school_code", columns="variable", values="value_number")
    numbers["pupils_count"] = np.log(numbers["pupils_count"])
    for name in ("teachers_first_and_highest_category_count", "teachers_young_count"):
        numbers[name] = numbers[name] / numbers["teachers_count"]
    numbers = numbers.drop(columns="teachers_count").dropna()
    return (numbers - numbers.mean()) / numbers.std()


def residuals(region: Region) -> dict[str, pd.DataFrame]:
    """Residuals of schools in their conditions: a mixed model of pupils for every work."""
    points = _conditions(region)
    rows: list[Row] = []
    for key in region.assessments.index:
        works = region.works(str(key))
        works = works[works["primary_score"].notna() & works["school_code"].isin(points.index)]
        design = points.loc[works["school_code"]].assign(one=1.0).to_numpy()
        percent = works["primary_score"].astype(float).to_numpy()
        fitted = MixedLM(percent, design, groups=works["school_code"].to_numpy()).fit(reml=True)
        for school, effect in fitted.random_effects.items():
            rows.append({"assessment_id": key, "school_code": school, "residual": float(np.asarray(effect)[0])})
    return {"residuals": pd.DataFrame(rows)}


QUESTIONS: tuple[Callable[[Region], dict[str, pd.DataFrame]], ...] = (
    summaries, tasks_and_skills, task_quality, signs, dynamics, funnels, like_with_like, residuals,
)  # fmt: skip
_NOT_COMPARED = ("residual", "p", "z", "n", "low", "high", "error")


def compare(region: Region, table: str, ours: pd.DataFrame) -> Row:
    """Compare numbers with those of the house where both have a row; definitions that differ are left out."""
    known = {row[0] for row in sqlite3.connect(region.home / "oko.sqlite").execute("SELECT name FROM sqlite_master")}
    if table not in known or ours.empty:
        return {}
    house = region.sql(f"SELECT * FROM {table} WHERE school_year = ?")
    numbers = [name for name in ours.columns if ours[name].dtype.kind == "f" and name not in _NOT_COMPARED]
    key = [name for name in ours.columns if name in house.columns and name not in numbers and name not in _COUNTS]
    if table == "task_dif":
        # A criterion freed of contaminated tasks is another definition.
        house = house[house["purified_tasks"].isna() & (house["statistic"] == "mh_delta")]
    if table == "result_dynamics":
        house = house[house["is_comparable"] == 1]
    both = ours.merge(house, on=key, suffixes=("", "_house"), validate="one_to_one")
    compared = differing = 0
    worst: Row = {}
    for name in numbers:
        a, b = both[name].to_numpy(float), pd.to_numeric(both[f"{name}_house"]).to_numpy(float)
        is_known = ~(np.isnan(a) | np.isnan(b))
        far = is_known & ~np.isclose(a, b, rtol=1e-6, atol=1e-8) | (np.isnan(a) != np.isnan(b))
        compared, differing = compared + int(is_known.sum()), differing + int(far.sum())
        if far.any():
            place = int(np.flatnonzero(far)[0])
            worst[name] = [int(far.sum()), a[place], b[place]]
    return {"compared": compared, "differing": differing} | ({"first": worst} if worst else {})


_COUNTS = ("participants_count", "absent_count", "marked_count")


def main() -> None:
    """Answer the questions and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--year", default="2022-2023")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="take each n-th work only")
    parser.add_argument("--only", default="", help="questions, by comma")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    region = Region(options.home, options.year, options.every)
    found: Row = {}
    for question in QUESTIONS:
        name = question.__name__
        if options.only and name not in options.only.split(","):
            continue
        started, cpu = time.perf_counter(), time.process_time()
        tables = question(region)
        told: Row = {"seconds": round(time.perf_counter() - started, 1), "cpu": round(time.process_time() - cpu, 1)}
        told["rows"] = sum(len(frame) for frame in tables.values())
        if options.check:
            told["checked"] = {table: compare(region, table, frame) for table, frame in tables.items()}
        found[name] = told
        print(name, json.dumps(told, ensure_ascii=False), file=sys.stderr, flush=True)
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
