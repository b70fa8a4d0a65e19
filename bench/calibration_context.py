"""Planted truths for the comparison of like with like: hits and false alarms, coverage of intervals, time.

    python bench/calibration_context.py [schools] [repetitions]

A region is simulated with the calibration of the domain: median parallel 22 pupils, a tenth above 90, share of variance
between schools 0.1–0.2, results that rise with the settlement and the size of the school. Planted into it: schools far
above what their conditions predict, resilient ones (the same in adverse conditions, in every year), and schools with
low results. Everything goes through the project's own functions.
"""

import sys
import time
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from oko_pipeline.analysis.context.clusters import school_clusters
from oko_pipeline.analysis.context.comparables import comparable_schools
from oko_pipeline.analysis.context.conditions import (
    Conditions,
    build_conditions,
    nearest_answers,
    with_total_of_grades,
)
from oko_pipeline.analysis.context.expected import contextual_results
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.high_results import high_result_base, learning_pairs
from oko_pipeline.analysis.context.options import (
    ClusterOptions,
    ComparableOptions,
    GroupOptions,
    HighResultOptions,
    ResidualOptions,
)
from oko_pipeline.analysis.low_results.flags import SchoolList, low_codes, low_result_tables
from oko_pipeline.analysis.low_results.options import RiskOptions, SocialOptions
from oko_pipeline.analysis.low_results.procedures import work_procedures
from oko_pipeline.analysis.low_results.risks import risk_profile
from oko_pipeline.analysis.low_results.social import social_index
from oko_pipeline.catalogue.conditions import properties, risk_factors, social_indices
from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.catalogue.tables import ASSESSMENTS, RESULT_SUMMARY, SCHOOL_CONTEXT, SCHOOLS

YEARS = ("2020-2021", "2021-2022", "2022-2023")
SUBJECTS = ("mathematics", "russian", "biology", "history", "geography")
CAMPAIGNS = {"2020-2021": "vpr-2021-spring", "2021-2022": "vpr-2022-spring", "2022-2023": "vpr-2023-spring"}
MAXIMUM = 40
POINTS_OF_DEVIATION = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. `share_between` is the ICC of a work; `known_context` tells whether conditions are known."""

    schools: int = 600
    seed: int = 1
    years: tuple[str, ...] = YEARS
    grades: tuple[int, ...] = (4, 5, 6, 7, 8)
    subjects: tuple[str, ...] = ("mathematics", "russian")
    share_between: float = 0.15
    plant: bool = True


@dataclass(frozen=True, slots=True)
class Region:
    """A simulated region. `effect` is the school's true difference from what its conditions predict, in pupil sds."""

    plan: Plan
    schools: pd.DataFrame
    context: pd.DataFrame
    summary: pd.DataFrame
    assessments: pd.DataFrame
    effect: np.ndarray
    role: np.ndarray
    cohorts: dict
    pupil_deviation: float
    between: float
    below_share: np.ndarray


def region(plan: Plan) -> Region:
    rng = np.random.default_rng(plan.seed)
    count = plan.schools
    parallel = np.clip(np.exp(np.log(22) + 1.05 * rng.normal(size=count)), 3, 210)
    settlement = np.clip(np.round(np.log(parallel) * 1.6 - 2.2 + rng.normal(0, 1.2, count)), 1, 8)
    remote = np.clip(np.round(4.2 - 0.35 * settlement + rng.normal(0, 0.7, count)), 1, 4)
    adapted = np.clip(rng.beta(1.5, 18, count), 0, 1)
    # Between-school variance: about a third by conditions (villages 55–57 %, large cities 62 % in МА4).
    total = plan.share_between / (1 - plan.share_between)
    rest = np.sqrt(total * 0.75)
    conditions = 0.08 * settlement + 0.08 * np.log(parallel) - 0.05 * remote - 0.6 * adapted
    conditions -= conditions.mean()
    conditions *= np.sqrt(total * 0.25) / conditions.std()
    role = np.full(count, "ordinary", dtype=object)
    effect = rest * rng.normal(size=count)
    if plan.plant:
        burden = _standard(remote) - _standard(settlement) + _standard(adapted)
        adverse = (burden >= np.quantile(burden, 0.75)) & (parallel >= 8)
        poor = rng.permutation(np.flatnonzero(adverse))[: max(1, count // 40)]
        role[poor], effect[poor] = "resilient", 2.2 * rest
        left = rng.permutation(np.flatnonzero((role == "ordinary") & (parallel >= 15)))
        above, low = left[: count // 25], left[count // 25 : 2 * (count // 25)]
        role[above], effect[above] = "above", 2.2 * rest
        role[low], effect[low] = "low", -0.85 - 0.3 * rng.random(len(low))
    codes = np.array([f"edu99{number:04d}" for number in range(count)])
    context = _context(codes, parallel, settlement, remote, adapted)
    schools = pd.DataFrame(
        {
            "school_year": plan.years[-1],
            "school_code": codes,
            "school_name": codes,
            "is_name_known": False,
            "school_kind": "general",
            "municipality_code": [f"reg99_m{100 + number % 70}" for number in range(count)],
            "region_code": "99",
            "settlement_type": None,
            "oge_code": None,
            "ege_code": None,
        }
    )
    years = [_results(plan, year, codes, parallel, conditions + effect, rng) for year in plan.years]
    summary, assessments = (pd.concat([one[part] for one in years], ignore_index=True) for part in (0, 1))
    cohorts = {key: value for _, _, found in years for key, value in found.items()}
    spread = np.sqrt(1 + np.average((conditions + effect) ** 2, weights=parallel) + 0.15**2)
    # Share below the minimum of 14 points of 40, had the school infinitely many pupils.
    bound = (13.5 - MAXIMUM / 2) / POINTS_OF_DEVIATION - conditions - effect
    below = np.array([NormalDist(0, np.sqrt(1 + 0.15**2)).cdf(one) for one in bound])
    truth = (effect, role, cohorts, float(spread), float(rest), below)
    return Region(plan, SCHOOLS.conform(schools), context, summary, assessments, *truth)


def _standard(values):
    return (values - values.mean()) / values.std(ddof=1)


def _context(codes, parallel, settlement, remote, adapted):
    pupils = np.maximum(10, np.round(parallel * 10.3))
    born = np.maximum(5, np.round(2 * parallel))
    columns = {
        "pupils_count": pupils,
        "settlement_size": settlement,
        "location_type": np.where(settlement >= 4, 2, np.where(settlement == 3, 3, 4)),
        "transport_access": remote,
        "pupils_born_2006_count": born,
        "pupils_born_2006_adapted_count": np.round(born * adapted),
        "teachers_count": np.maximum(3, np.round(pupils / 13)),
        "teachers_first_and_highest_category_count": np.round(np.maximum(3, np.round(pupils / 13)) * 0.6),
        "is_adapted_organisation": np.zeros(len(codes)),
    }
    long = pd.concat(
        [
            pd.DataFrame({"school_code": codes, "variable": name, "value_number": values.astype(float)})
            for name, values in columns.items()
        ],
        ignore_index=True,
    ).assign(school_year="2021-2022", file_sha256="0" * 64, source_row=1, value_text=None)
    return SCHOOL_CONTEXT.conform(long[list(SCHOOL_CONTEXT.column_names)])


def _results(plan, year, codes, parallel, level, rng):
    """Return result_summary, assessments and cohort effects of a year: pupils share ability over subjects."""
    campaign = CAMPAIGNS[year]
    rows, works, cohorts = [], [], {}
    for grade in plan.grades:
        sizes = rng.poisson(parallel).clip(1)
        place = np.repeat(np.arange(len(codes)), sizes)
        cohort = 0.15 * rng.normal(size=len(codes))
        cohorts[campaign, grade] = cohort
        # Correlation of two subjects of a pupil within a school: 0.6.
        ability = np.sqrt(0.6) * rng.normal(size=len(place))
        for subject in plan.subjects:
            own = level[place] + cohort[place] + ability + np.sqrt(0.4) * rng.normal(size=len(place))
            score = np.clip(np.round(MAXIMUM / 2 + POINTS_OF_DEVIATION * own), 0, MAXIMUM)
            key = f"{campaign}:{grade}:{subject}:base"
            rows.append(_summary(year, key, codes, place, score))
            works.append(
                {
                    "school_year": year,
                    "assessment_id": key,
                    "campaign_code": campaign,
                    "procedure_code": "vpr",
                    "paper_grade": grade,
                    "pupil_grade": grade,
                    "subject_code": subject,
                    "level": "base",
                    "task_count": 14,
                    "maximum_score": MAXIMUM,
                    "minimum_3": 14,
                    "minimum_4": 23,
                    "minimum_5": 30,
                    "scale_source": "catalogue",
                    "rows_count": len(score),
                    "works_sha256": key,
                }
            )
    return pd.concat(rows, ignore_index=True), ASSESSMENTS.conform(pd.DataFrame(works)), cohorts


def _summary(year, key, codes, place, score):
    n = np.bincount(place, minlength=len(codes))
    mean = np.bincount(place, score, len(codes)) / n
    squares = np.bincount(place, (score - mean[place]) ** 2, len(codes))
    frame = RESULT_SUMMARY.empty().reindex(range(len(codes)))
    frame = frame.assign(
        school_year=year,
        assessment_id=key,
        unit_level="school",
        unit_code=codes,
        subgroup="all",
        participants_count=n,
        absent_count=0,
        size_tier="ge50",
        mean_score=mean,
        sd_score=np.sqrt(squares / np.where(n > 1, n - 1, np.nan)),
        mean_percent=100 * mean / MAXIMUM,
        marked_count=n,
        mark_2_count=np.bincount(place, score < 14, len(codes)).astype(int),
        journal_pairs_count=0,
        over_maximum_count=0,
        sum_mismatch_count=0,
    )
    return RESULT_SUMMARY.conform(frame)


@dataclass(frozen=True, slots=True)
class Found:
    """What the functions find in a region, and the seconds each took."""

    conditions: Conditions
    groups: pd.DataFrame
    contextual: pd.DataFrame
    base: pd.DataFrame
    low: list
    certain: list
    pairs: pd.DataFrame
    matched_share: float
    seconds: dict


def analyse(of: Region) -> Found:
    seconds = {}

    def timed(name, function):
        start = time.perf_counter()
        result = function()
        seconds[name] = time.perf_counter() - start
        return result

    year = of.plan.years[-1]
    answers = with_total_of_grades(nearest_answers(of.context, year, 2))
    groups = timed(
        "groups", lambda: school_groups(of.schools, answers, pd.Series(dtype=float), year, GroupOptions.load())
    )
    works = timed("procedures", lambda: work_procedures(of.summary, of.assessments))
    conditions = build_conditions(groups["school_code"].tolist(), answers, properties())
    of_use = properties().of_use
    clusters = timed(
        "clusters", lambda: school_clusters(conditions, of_use("cluster"), groups, ClusterOptions.load())
    ).school_clusters
    matches = timed(
        "comparable", lambda: comparable_schools(conditions, of_use("match"), groups, ComparableOptions.load())
    )
    frames = [timed(f"expected {one}", lambda one=one: _expected(of, one, conditions, groups)) for one in of.plan.years]
    contextual = pd.concat(frames, ignore_index=True)
    index = timed("social", lambda: social_index(conditions, social_indices(), groups, SocialOptions.load()))
    timed("risks", lambda: risk_profile(conditions, risk_factors(), groups, RiskOptions.load()))
    base = timed("base", lambda: high_result_base(contextual, index, year, HighResultOptions.load()))
    rules = low_result_rules()
    tables = timed(
        "low results", lambda: low_result_tables(works, SchoolList(year, tuple(groups["school_code"])), rules)
    )
    low = low_codes(tables.low_result_flags, rules.rules[0].rule_code)
    main_rule = tables.low_result_flags[tables.low_result_flags["rule_code"] == rules.rules[0].rule_code]
    certain = main_rule.loc[main_rule["certain_count"] > 0, "school_code"].tolist()
    pairs = timed(
        "pairs",
        lambda: learning_pairs(
            low, base, clusters, groups, conditions, of_use("match"), number=3, missing=ComparableOptions.load().missing
        ),
    )
    share = float(matches.comparable_summary["state"].isin(["matched", "unbalanced"]).mean())
    return Found(conditions, groups, contextual, base, low, certain, pairs, share, seconds)


def _expected(of, year, conditions, groups):
    return contextual_results(
        of.summary[of.summary["school_year"] == year],
        of.assessments[of.assessments["school_year"] == year],
        conditions,
        properties().of_use("expect"),
        groups.assign(school_year=year),
        ResidualOptions.load(),
    ).contextual_results


def coverage(of: Region, found: Found) -> dict:
    """Share of intervals that hold the true effect, by scope; the effect of a work is the school's and the cohort's."""
    place = pd.Series(np.arange(len(of.effect)), index=of.schools["school_code"])
    shares = {}
    for kind in ("all", "subject", "assessment"):
        own = found.contextual[(found.contextual["scope_kind"] == kind) & found.contextual["residual"].notna()]
        at = place.loc[own["school_code"]].to_numpy()
        if kind == "assessment":
            grades = own["scope_code"].str.split(":").str[1].astype(int)
            keys = zip(own["campaign_code"], grades, strict=True)
            cohort = [of.cohorts[key][one] for key, one in zip(keys, at, strict=True)]
            expected = (of.effect[at] + np.array(cohort)) * POINTS_OF_DEVIATION / MAXIMUM * 100
        else:
            expected = of.effect[at] / of.pupil_deviation
        inside = (own["residual_low"] <= expected) & (expected <= own["residual_high"])
        shares[kind] = float(inside.mean())
    return shares


def rates(of: Region, found: Found) -> dict:
    """Hits among planted schools and alarms among those that truly are not so, by detector."""
    codes = of.schools["school_code"].to_numpy()
    year = of.plan.years[-1]

    def rate(flagged, wanted, clean):
        hit = np.isin(codes, list(flagged))
        return float(hit[wanted].mean()), float(hit[clean].mean())

    own = found.contextual[(found.contextual["school_year"] == year) & (found.contextual["scope_kind"] == "all")]
    above = own.loc[own["verdict"] == "above", "school_code"]
    below = own.loc[own["verdict"] == "below", "school_code"]
    resilient = found.base.loc[found.base["basis"] == "resilient", "school_code"]
    repeatedly = found.base.loc[found.base["basis"] == "above_repeatedly", "school_code"]
    high, low = np.isin(of.role, ["above", "resilient"]), of.role == "low"
    return {
        "above (all works of a year)": rate(above, high, of.effect <= 0),
        "above in 2 of 3 years": rate(repeatedly, high, of.effect <= 0),
        "below (all works of a year)": rate(below, low, of.effect >= 0),
        "resilient": rate(resilient, of.role == "resilient", of.effect < 0.5 * of.between),
        "low results, rule of 2025": rate(found.low, low, of.below_share < 0.2),
        "low results, beyond chance": rate(found.certain, low, of.below_share < 0.2),
    }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    shares, found_rates, seconds = [], [], []
    for seed in range(repetitions):
        for icc in (0.10, 0.15, 0.20):
            clean = region(Plan(schools=count, seed=100 + seed, plant=False, share_between=icc, years=YEARS[-1:]))
            shares.append({"icc": icc} | coverage(clean, analyse(clean)))
        planted = region(Plan(schools=count, seed=seed))
        found = analyse(planted)
        found_rates.append(rates(planted, found))
        seconds.append(found.seconds)
    print("Coverage of 95 % intervals by ICC")
    print(pd.DataFrame(shares).groupby("icc").mean().round(4).to_string())
    print("\nHits and false alarms, planted region")
    for name in found_rates[0]:
        hits, alarms = (np.mean([one[name][side] for one in found_rates]) for side in (0, 1))
        print(f"  {name:40s} hits {hits:.3f}  false alarms {alarms:.4f}")
    print("\nSeconds, median")
    print(pd.DataFrame(seconds).median().round(3).to_string())


if __name__ == "__main__":
    main()
