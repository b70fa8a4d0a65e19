"""Calibration of the analysis of change and of risk zones on simulated regions whose truth is known.

`python -m bench.calibration_dynamics [regions]` prints what is promised and what came out; `… speed` measures time.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.analysis.risk.tables import RiskInputs, risk_tables
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCHOOLS, TASKS
from oko_pipeline.statistics.pooling import pool_means, pool_shares
from oko_pipeline.statistics.shrinkage import beta_binomial_prior, normal_prior, shrink_means, shrink_shares
from oko_pipeline.statistics.trend import trend

YEARS = ("2020-2021", "2022-2023", "2023-2024", "2024-2025")
SPRINGS = {year: f"vpr-{year[5:]}-spring" for year in YEARS}
BOUNDS = np.array([6, 10, 15])
MAXIMUM = 20


@dataclass(frozen=True)
class Plan:
    """A region: sizes, spreads in standard deviations of pupils, shares of schools with a planted truth."""

    schools: int = 600
    works: int = 4
    years: tuple[str, ...] = YEARS[1:]
    between: float = 0.35
    yearly: float = 0.0
    changed: float = 0.0
    shift: float = 0.8
    outliers: float = 0.0
    depth: float = 2.0


@dataclass(frozen=True)
class Region:
    """Frames of a region; `effect` schools × works × years is the true mean of pupils, `is_changed`, `is_outlier`."""

    summaries: pd.DataFrame
    assessments: pd.DataFrame
    schools: pd.DataFrame
    effect: np.ndarray
    is_changed: np.ndarray
    is_outlier: np.ndarray


def work_id(year, work):
    """Return the id of a work: subjects and grades in turn."""
    subjects = ("mathematics", "russian", "biology", "history", "geography", "physics", "chemistry", "social_studies")
    return f"{SPRINGS[year]}:{4 + work // len(subjects)}:{subjects[work % len(subjects)]}:base"


def school_codes(count):
    """Return codes of schools."""
    return np.array([f"edu99{number:04d}" for number in range(count)])


def simulate(plan, seed):
    """Return a region with pupils drawn anew every year around the true means of schools."""
    random = np.random.default_rng(seed)
    shape = (plan.schools, plan.works, len(plan.years))
    effect = random.normal(0, plan.between, (plan.schools, 1, 1)) + random.normal(0, plan.between / 2, (*shape[:2], 1))
    effect = effect + random.normal(0, plan.yearly, shape)
    is_changed = random.random(plan.schools) < plan.changed
    is_outlier = random.random(plan.schools) < plan.outliers
    effect[is_changed, :, -1] += plan.shift
    effect[is_outlier] -= plan.depth
    sizes = np.clip(random.lognormal(np.log(24), 0.85, (plan.schools, 1, 1)) * random.uniform(0.9, 1.1, shape), 4, 250)
    sizes = sizes.astype(int)
    cell = np.repeat(np.arange(sizes.size), sizes.ravel())
    latent = effect.ravel()[cell] + random.normal(0, 1, len(cell))
    score = np.clip(np.round(10 + 4 * latent), 0, MAXIMUM).astype(int)
    mark = np.searchsorted(BOUNDS, score, side="right") + 2
    journal = np.clip(np.round(3.7 + 0.8 * latent + random.normal(0, 0.4, len(cell))), 2, 5)
    return Region(
        _summaries(plan, cell, score, mark, journal),
        _assessments(plan, sizes),
        _schools(plan),
        effect,
        is_changed,
        is_outlier,
    )


def _summaries(plan, cell, score, mark, journal):
    count = plan.schools * plan.works * len(plan.years)

    def counted(flags):
        return np.bincount(cell[flags], minlength=count)

    n, total = np.bincount(cell, minlength=count), np.bincount(cell, score, count)
    squares = np.bincount(cell, score.astype(float) ** 2, count)
    school, work, year = np.unravel_index(np.arange(count), (plan.schools, plan.works, len(plan.years)))
    ids = np.array([[work_id(one, place) for one in plan.years] for place in range(plan.works)])
    counts = {
        "participants_count": n,
        "marked_count": n,
        **{f"mark_{one}_count": counted(mark == one) for one in (2, 4, 5)},
        "journal_pairs_count": n,
        "journal_lower_count": counted(mark < journal),
        "journal_same_count": counted(mark == journal),
        "journal_higher_count": counted(mark > journal),
        "journal_gap_2_count": counted(np.abs(mark - journal) >= 2),
    }
    return pd.DataFrame(
        {
            "school_year": np.array(plan.years)[year],
            "assessment_id": ids[work, year],
            "unit_level": "school",
            "unit_code": school_codes(plan.schools)[school],
            "subgroup": "all",
            "mean_score": total / n,
            "sd_score": np.sqrt(np.maximum(squares - total**2 / n, 0) / np.maximum(n - 1, 1)),
            **{name: pd.array(values, dtype="Int64") for name, values in counts.items()},
        }
    )


def _assessments(plan, sizes):
    rows = [
        {
            "school_year": year,
            "assessment_id": work_id(year, work),
            "campaign_code": SPRINGS[year],
            "procedure_code": "vpr",
            "paper_grade": 4 + work // 8,
            "pupil_grade": 4 + work // 8,
            "subject_code": work_id(year, work).split(":")[2],
            "level": "base",
            "task_count": 15,
            "maximum_score": MAXIMUM,
            "minimum_3": 6,
            "minimum_4": 10,
            "minimum_5": 15,
            "scale_source": "inbox",
            "rows_count": int(sizes[:, work, place].sum()),
            "works_sha256": "0",
        }
        for work in range(plan.works)
        for place, year in enumerate(plan.years)
    ]
    return ASSESSMENTS.conform(pd.DataFrame(rows))


def _schools(plan):
    codes = school_codes(plan.schools)
    return SCHOOLS.conform(
        pd.DataFrame(
            {
                "school_year": plan.years[-1],
                "school_code": codes,
                "school_name": codes,
                "is_name_known": False,
                "school_kind": "general",
                "municipality_code": [f"reg99_m{number // 8:03d}" for number in range(plan.schools)],
                "region_code": "99",
                "settlement_type": None,
                "oge_code": None,
                "ege_code": None,
            }
        )
    )


def groups_of(region):
    """Return four rule groups."""
    codes = region.schools["school_code"]
    return pd.DataFrame({"school_code": codes, "group_code": [f"g{number % 4}" for number in range(len(codes))]})


def dynamics_of(region):
    """Return the tables of change of the last year of a region."""
    year = region.summaries["school_year"].max()
    return dynamics_tables(
        region.summaries,
        region.assessments,
        TASKS.empty(),
        region.schools,
        groups_of(region),
        DynamicsOptions.of_year(year),
    )


def risk_of(region):
    """Return the risk tables of the last year of a region."""
    year = region.summaries["school_year"].max()
    inputs = RiskInputs(region.summaries, region.assessments, region.schools, groups_of(region))
    return risk_tables(inputs, RiskOptions.of_year(year))


def coverage(low, high, truth):
    """Return the share of intervals that hold the truth, among those there are."""
    is_known = ~(np.isnan(low) | np.isnan(high))
    return float(((low <= truth) & (truth <= high))[is_known].mean())


def change_coverage(seed, schools=600):
    """Return coverage of «no change» by level and indicator in a region where nothing changed but chance and years."""
    steady, moving = (
        dynamics_of(simulate(Plan(schools=schools, yearly=one), seed)).result_dynamics for one in (0.0, 0.15)
    )
    found = {}
    for level, points in (("school", steady), ("municipality", moving), ("group", moving)):
        own = points[(points["view"] == "grade") & (points["unit_level"] == level) & (points["previous_n"] >= 10)]
        own = own[own["n_count"] >= 10]
        for indicator in ("mean_percent", "mark_2_share", "good_level_share"):
            rows = own[own["indicator_code"] == indicator]
            found[level, indicator] = coverage(rows["change_low"].to_numpy(), rows["change_high"].to_numpy(), 0.0)
    return found


def pooled_coverage(seed, units=20_000):
    """Return coverage of pooled shares and means."""
    random = np.random.default_rng(seed)
    n = random.integers(5, 80, (units, 3))
    share = random.uniform(0.05, 0.6, units)
    shares = pool_shares(random.binomial(n, share[:, None]), n, (3.0, 2.0, 1.0))
    means = random.normal(0, 1 / np.sqrt(n))
    deviations = np.sqrt(random.chisquare(n - 1) / (n - 1))
    pooled = pool_means(means, n, deviations, (3.0, 2.0, 1.0))
    return coverage(shares.low, shares.high, share), coverage(pooled.low, pooled.high, 0.0)


def shrunk_coverage(seed, units=600):
    """Return coverage of shrunk shares and means over the schools of a group, and the errors beside raw ones."""
    random = np.random.default_rng(seed)
    n = np.clip(random.lognormal(np.log(24), 0.85, units), 4, 250).astype(int)
    share = random.beta(0.15 * 12, 0.85 * 12, units)
    x = random.binomial(n, share)
    group = np.zeros(units, dtype=int)
    shares = shrink_shares(x, n, beta_binomial_prior(x, n, group, 1), group)
    truth = random.normal(50, 6, units)
    error = 18 / np.sqrt(n)
    mean = random.normal(truth, error)
    means = shrink_means(mean, error, normal_prior(mean, error, group, 1), group)
    return {
        "shares": coverage(shares.low, shares.high, share),
        "means": coverage(means.low, means.high, truth),
        "error of shrunk to raw": float(np.sqrt(np.mean((shares.value - share) ** 2) / np.mean((x / n - share) ** 2))),
    }


def trend_coverage(seed, units=600, yearly=0.1):
    """Return coverage of slopes with and without spread from year to year, for many series and for single ones."""
    random = np.random.default_rng(seed)
    times = np.array([0.0, -1.0, -2.0, -3.0])
    error = 0.45 / np.sqrt(np.clip(random.lognormal(np.log(24), 0.85, (units, 4)), 6, 250))
    slope = random.normal(0, 0.02, units)
    found = {}
    for name, spread in (("no spread", 0.0), ("spread", yearly)):
        value = 0.5 + slope[:, None] * times + random.normal(0, error) + random.normal(0, spread, error.shape)
        many = trend(value, error, times)
        few = [trend(value[[place]], error[[place]], times) for place in range(min(units, 300))]
        found[name, "together"] = coverage(many.low, many.high, slope)
        found[name, "alone"] = coverage(
            np.concatenate([one.low for one in few]), np.concatenate([one.high for one in few]), slope[: len(few)]
        )
    return found


def funnel_alarms(seed, schools=600):
    """Return shares of ordinary schools beyond the limits, by comparison and indicator, and signals among them."""
    signals = risk_of(simulate(Plan(schools=schools), seed)).risk_signals
    peers = signals[signals["comparison"].isin(["all", "group"]) & signals["is_sufficient"]]
    keys = ["comparison", "indicator_code"]
    return (
        peers.assign(beyond_95=peers["flag"] != "none", beyond_998=peers["flag"] == "outside_998")
        .groupby(keys)[["beyond_95", "beyond_998", "is_signal"]]
        .mean()
    )


def false_discoveries(seed, schools=600):
    """Return the share of false signals and of outliers found, where 4 % of schools are far below."""
    region = simulate(Plan(schools=schools, outliers=0.04), seed)
    outliers = set(school_codes(schools)[region.is_outlier])
    signals = risk_of(region).risk_signals
    peers = signals[(signals["comparison"] == "all") & (signals["indicator_code"] == "mean_percent")]
    peers = peers[peers["is_sufficient"]]
    is_true = peers["school_code"].isin(outliers) & (peers["direction"] == "adverse")
    found = peers["is_signal"].astype(bool)
    return (
        float((found & ~is_true).sum() / max(int(found.sum()), 1)),
        float((found & is_true).sum() / max(int(peers["school_code"].isin(outliers).sum()), 1)),
    )


def planted_changes(seed, schools=600):
    """Return detection of planted changes by size of school, the rate of false verdicts and of false confirmations."""
    region = simulate(Plan(schools=schools, changed=0.1), seed)
    changed = set(school_codes(schools)[region.is_changed])
    points = dynamics_of(region).result_dynamics
    own = points[(points["view"] == "grade") & (points["unit_level"] == "school")]
    own = own[(own["indicator_code"] == "mean_percent") & own["verdict"].isin(["better", "worse", "no_evidence"])]
    is_changed = own["unit_code"].isin(changed)
    is_better, is_confirmed = own["verdict"] == "better", own["is_confirmed"].astype(bool)
    found = {
        f"found, {tier}": float(is_better[is_changed & (own["size_tier"] == tier)].mean())
        for tier in ("lt20", "lt50", "ge50")
    }
    found["false verdicts"] = float(own["verdict"].isin(["better", "worse"])[~is_changed].mean())
    found["false among confirmed"] = float((is_confirmed & ~is_changed).sum() / max(int(is_confirmed.sum()), 1))
    found["confirmed of changed"] = float(is_confirmed[is_changed].mean())
    return found


def averaged(tables):
    """Return the means of dictionaries with equal keys."""
    return {key: float(np.mean([table[key] for table in tables])) for key in tables[0]}


def report(regions):
    """Print promised and measured rates over several seeded regions."""
    seeds = range(regions)
    for (level, indicator), rate in averaged([change_coverage(seed) for seed in seeds]).items():
        print(f"change, {level}, {indicator}: 95 % intervals hold no change in {rate:.3f}")
    pooled = np.mean([pooled_coverage(seed) for seed in seeds], axis=0)
    print(f"pooled shares {pooled[0]:.3f}, pooled means {pooled[1]:.3f} of 0.95")
    for name, rate in averaged([shrunk_coverage(seed) for seed in seeds]).items():
        print(f"shrunk {name}: {rate:.3f}")
    for name, rate in averaged([trend_coverage(seed) for seed in seeds]).items():
        print(f"trend, {', '.join(name)}: {rate:.3f} of 0.95")
    alarms = pd.concat([funnel_alarms(seed) for seed in seeds]).groupby(level=[0, 1]).mean()
    print("funnel: ordinary schools beyond 95 % (0.05), 99.8 % (0.002), signals\n", alarms.round(4).to_string())
    false, found = np.mean([false_discoveries(seed) for seed in seeds], axis=0)
    print(f"risk signals: false {false:.3f} (at most 0.05), outliers found {found:.3f}")
    for name, rate in averaged([planted_changes(seed) for seed in seeds]).items():
        print(f"planted change of 0.8 sd: {name} {rate:.3f}")


def speed():
    """Print the time of a region of 640 schools × 40 works × 3 years."""
    started = time.perf_counter()
    region = simulate(Plan(schools=640, works=40), 1)
    print(f"summaries {len(region.summaries)} rows, simulated in {time.perf_counter() - started:.1f} s")
    for name, compute in (("dynamics", dynamics_of), ("risk", risk_of)):
        times = []
        for _ in range(3):
            started = time.perf_counter()
            made = compute(region)
            times.append(time.perf_counter() - started)
        rows = {field: len(getattr(made, field)) for field in made.__slots__}
        print(f"{name}: {np.median(times):.2f} s, rows {rows}")


if __name__ == "__main__":
    if sys.argv[1:] == ["speed"]:
        speed()
    else:
        report(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
