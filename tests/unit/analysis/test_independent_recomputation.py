"""One key number of every table of analysis, computed again from the works of a simulated region.

The recomputation follows the pages of methods (docs/method_catalogue.md), pupil by pupil and school by school, with
pandas, scipy, statsmodels and scikit-learn; it shares no formula with the code under test. Everything is seeded.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import optimize, stats
from sklearn.metrics import cohen_kappa_score, silhouette_samples
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from oko_pipeline.analysis.assessment_tables import analyse_assessment
from oko_pipeline.analysis.context.clusters import school_clusters
from oko_pipeline.analysis.context.comparables import comparable_schools
from oko_pipeline.analysis.context.conditions import (
    build_conditions,
    nearest_answers,
    passport_shares,
    with_total_of_grades,
)
from oko_pipeline.analysis.context.expected import contextual_results
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.options import ClusterOptions, ComparableOptions, GroupOptions, ResidualOptions
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.analysis.exams.options import ExamOptions
from oko_pipeline.analysis.exams.summary import exam_summary
from oko_pipeline.analysis.indicators import IndicatorOptions, indicator_values
from oko_pipeline.analysis.items.item_tables import analyse_items
from oko_pipeline.analysis.items.options import item_options
from oko_pipeline.analysis.items.skill_deficits import DeficitOptions, skill_deficits
from oko_pipeline.analysis.items.skill_dynamics import skill_dynamics
from oko_pipeline.analysis.links.experts import expert_agreement
from oko_pipeline.analysis.links.measures import complete_measures, result_measures
from oko_pipeline.analysis.links.options import link_options
from oko_pipeline.analysis.links.school_links import school_links
from oko_pipeline.analysis.low_results.flags import SchoolList, low_result_tables
from oko_pipeline.analysis.low_results.options import SocialOptions
from oko_pipeline.analysis.low_results.procedures import work_procedures
from oko_pipeline.analysis.low_results.social import social_index
from oko_pipeline.analysis.objectivity.measures import Paper, PeerGroups, measure_campaign, sound_scale
from oko_pipeline.analysis.objectivity.official import SignInputs, objectivity_index, objectivity_signs
from oko_pipeline.analysis.objectivity.options import objectivity_options
from oko_pipeline.analysis.objectivity.signals import YearSignals, judge_year
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.analysis.risk.tables import RiskInputs, risk_tables
from oko_pipeline.analysis.support.options import support_options
from oko_pipeline.analysis.support.pupils import SupportWork, pupils_support
from oko_pipeline.analysis.surveys.options import SurveyOptions
from oko_pipeline.analysis.surveys.survey_results import survey_results
from oko_pipeline.catalogue.conditions import properties, social_indices
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.tables_exams import EXAM_RESULTS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS
from oko_pipeline.sample.region import RegionOptions, simulate_region
from oko_pipeline.sample.region_roles import RegionRole

YEARS = ("2020-2021", "2021-2022", "2022-2023")
BEFORE, YEAR = YEARS[1:]
PAPERS = tuple((grade, subject) for grade in (4, 5) for subject in ("mathematics", "russian"))
MATHS, RUSSIAN = "vpr-2023-spring:4:mathematics:base", "vpr-2023-spring:4:russian:base"
MATHS_BEFORE = "vpr-2022-spring:4:mathematics:base"
Z = stats.norm.ppf(0.975)


@dataclass(frozen=True)
class World:
    """The region, its pupils as a plain frame, and the tables of the code."""

    region: object
    pupils: pd.DataFrame
    summary: pd.DataFrame
    skills: pd.DataFrame
    groups: pd.DataFrame
    conditions: object

    def of(self, assessment_id, **where):
        """Scored pupils of a work."""
        found = self.pupils[(self.pupils["assessment_id"] == assessment_id) & (self.pupils["status"] == "scored")]
        for name, value in where.items():
            found = found[found[name] == value]
        return found

    def schools(self, year=YEAR):
        """Registry of a year."""
        return self.region.schools[self.region.schools["school_year"] == year]

    def municipality(self):
        """Return the municipality of each school."""
        return self.schools().set_index("school_code")["municipality_code"]


def plain_pupils(region):
    parts = []
    for row in region.assessments.to_dict("records"):
        rows = region.works(row["school_year"], row["assessment_id"]).rows.copy()
        bounds = [row["minimum_3"], row["minimum_4"], row["minimum_5"]]
        score = rows["primary_score"].astype("float64")
        mark = 2 + sum((score >= bound).astype(int) for bound in bounds)
        parts.append(
            rows.assign(
                school_year=row["school_year"],
                assessment_id=row["assessment_id"],
                score=score,
                percent=100 * score / row["maximum_score"],
                mark=mark.where(rows["status"] == "scored"),
                journal=rows["journal_mark"].astype("float64"),
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def world():
    shares = {RegionRole.DETACHED: 0.04, RegionRole.BUNCHING: 0.04, RegionRole.LOW_RESULT: 0.06}
    region = simulate_region(RegionOptions(seed=5, schools=70, papers=PAPERS, school_years=YEARS, shares=shares))
    made = []
    for row in region.assessments.to_dict("records"):
        scale = ScaleBounds(*(int(row[f"minimum_{mark}"]) for mark in (3, 4, 5)), int(row["maximum_score"]))
        schools = region.schools[region.schools["school_year"] == row["school_year"]]
        works = region.works(row["school_year"], row["assessment_id"])
        options = AnalysisOptions(row["school_year"])
        made.append(analyse_assessment(works, scale, scale.maximum_score, region.tasks, schools, options))
    schools = region.schools[region.schools["school_year"] == YEAR]
    answers = with_total_of_grades(nearest_answers(region.context, YEAR, 2))
    social = region.social[region.social["school_year"] == YEAR]
    social = social.assign(
        single_parent_share=social["incomplete_families_share"],
        higher_education_share=1 - social["parents_without_higher_education_share"],
    )
    passport = passport_shares(social, properties())
    groups = school_groups(schools, answers, pd.Series(dtype=float), YEAR, GroupOptions.load())
    return World(
        region,
        plain_pupils(region),
        pd.concat([one.result_summary for one in made], ignore_index=True),
        pd.concat([one.skill_results for one in made], ignore_index=True),
        groups,
        build_conditions(groups["school_code"].tolist(), answers.join(passport, how="left"), properties()),
    )


def one(frame, **where):
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, (len(frame), where)
    return frame.iloc[0]


def large_school(world, assessment_id=MATHS, least=25):
    excluded = set(world.groups.loc[world.groups["is_excluded"], "school_code"])
    counts = world.of(assessment_id)["school_code"].value_counts()
    return sorted(code for code in counts[counts >= least].index if code not in excluded)[0]


def wilson(successes, trials):
    return proportion_confint(successes, trials, method="wilson")


# --- results and change ---------------------------------------------------------------------------------------------


def test_summary_of_a_municipality(world):
    code = world.municipality().value_counts().index[0]
    own = world.of(MATHS)[lambda rows: rows["school_code"].map(world.municipality()) == code]
    found = one(world.summary, assessment_id=MATHS, unit_level="municipality", unit_code=code, subgroup="all")
    assert found["participants_count"] == len(own)
    assert found["mean_score"] == pytest.approx(own["score"].mean())
    assert [found["mean_score_low"], found["mean_score_high"]] == pytest.approx(
        list(stats.t.interval(0.95, len(own) - 1, own["score"].mean(), stats.sem(own["score"])))
    )
    assert found["base_level_share"] == pytest.approx((own["mark"] >= 3).mean())
    assert [found["base_level_low"], found["base_level_high"]] == pytest.approx(
        list(wilson((own["mark"] >= 3).sum(), len(own)))
    )
    both = own[own["journal"].notna()]
    assert found["journal_lower_share"] == pytest.approx((both["mark"] < both["journal"]).mean())


@pytest.fixture(scope="module")
def dynamics(world):
    return dynamics_tables(
        world.summary,
        world.region.assessments,
        world.region.tasks,
        world.region.schools,
        world.groups,
        DynamicsOptions.of_year(YEAR),
    )


def test_change_of_a_school(world, dynamics):
    code = large_school(world)
    now, then = (world.of(work, school_code=code) for work in (MATHS, MATHS_BEFORE))
    where = {"view": "grade", "assessment_id": MATHS, "unit_level": "school", "unit_code": code}
    found = one(dynamics.result_dynamics, indicator_code="mark_2_share", **where)
    counts = [(rows["mark"] == 2).sum() for rows in (now, then)]
    low, high = confint_proportions_2indep(counts[0], len(now), counts[1], len(then), compare="diff", method="newcomb")
    assert found["change_value"] == pytest.approx(counts[0] / len(now) - counts[1] / len(then))
    assert [found["change_low"], found["change_high"]] == pytest.approx([low, high])
    assert found["p_value"] == pytest.approx(proportions_ztest(counts, [len(now), len(then)])[1])
    found = one(dynamics.result_dynamics, indicator_code="mean_percent", **where)
    welch = stats.ttest_ind(now["percent"], then["percent"], equal_var=False)
    assert [found["change_low"], found["change_high"]] == pytest.approx(list(welch.confidence_interval(0.95)))
    assert found["p_value"] == pytest.approx(welch.pvalue)
    wanted = "better" if found["change_low"] > 0 else "worse" if found["change_high"] < 0 else "no_evidence"
    assert found["verdict"] == wanted


def test_change_of_a_municipality_by_leaving_schools_out(world, dynamics):
    code = world.municipality().value_counts().index[0]
    now, then = (
        world.of(work)[lambda rows: rows["school_code"].map(world.municipality()) == code]
        for work in (MATHS, MATHS_BEFORE)
    )
    schools = sorted({*now["school_code"], *then["school_code"]})
    whole = now["percent"].mean() - then["percent"].mean()
    without = [
        now.loc[now["school_code"] != left, "percent"].mean() - then.loc[then["school_code"] != left, "percent"].mean()
        for left in schools
    ]
    k, sizes = len(schools), now["school_code"].value_counts()
    error = np.sqrt((k - 1) / k * sum((value - whole) ** 2 for value in without))
    freedom = sizes.sum() ** 2 / (sizes**2).sum() - 1
    found = one(
        dynamics.result_dynamics,
        view="grade",
        assessment_id=MATHS,
        unit_level="municipality",
        unit_code=code,
        indicator_code="mean_percent",
    )
    assert found["change_value"] == pytest.approx(whole)
    half = stats.t.ppf(0.975, freedom) * error
    assert [found["change_low"], found["change_high"]] == pytest.approx([whole - half, whole + half])
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(abs(whole) / error, freedom))


def test_discoveries_among_changes(dynamics):
    rows = dynamics.result_dynamics
    family = rows[
        (rows["view"] == "grade")
        & (rows["unit_level"] == "school")
        & (rows["indicator_code"] == "mean_percent")
        & rows["p_value"].notna()
    ]
    assert len(family) > 100
    assert family["q_value"].to_numpy() == pytest.approx(multipletests(family["p_value"], method="fdr_bh")[1])
    assert (family["is_confirmed"] == (family["q_value"] <= 0.05)).all()


def test_position_of_a_cohort(world, dynamics):
    later, earlier = "vpr-2023-spring:5:mathematics:base", MATHS_BEFORE
    code = large_school(world, later)
    rows = [world.of(work) for work in (later, earlier)]
    common = set(rows[0]["school_code"]) & set(rows[1]["school_code"])
    position = []
    for frame in rows:
        everyone = frame.loc[frame["school_code"].isin(common), "score"]
        own = frame.loc[frame["school_code"] == code, "score"]
        position.append((own.mean() - everyone.mean()) / everyone.std(ddof=1))
    found = one(dynamics.result_dynamics, view="cohort", assessment_id=later, unit_level="school", unit_code=code)
    assert found["previous_assessment_id"] == earlier
    assert found["change_value"] == pytest.approx(position[0] - position[1])


def test_pooled_years(world, dynamics):
    code = large_school(world)
    years = [world.of(f"vpr-{year}-spring:4:mathematics:base", school_code=code) for year in (2023, 2022, 2021)]
    weight, n = np.array([3.0, 2.0, 1.0]), np.array([len(rows) for rows in years])
    twos = np.array([(rows["mark"] == 2).sum() for rows in years])
    found = one(
        dynamics.result_multiyear,
        assessment_id=MATHS,
        unit_level="school",
        unit_code=code,
        indicator_code="mark_2_share",
    )
    assert found["pooled_value"] == pytest.approx((weight @ twos) / (weight @ n))
    effective = (weight @ n) ** 2 / (weight**2 @ n)
    assert found["effective_n"] == pytest.approx(effective)
    assert [found["pooled_low"], found["pooled_high"]] == pytest.approx(
        list(wilson(found["pooled_value"] * effective, effective))
    )


def shrunk_family(world, dynamics, indicator):
    rows = dynamics.result_multiyear
    schools = rows[
        (rows["assessment_id"] == MATHS) & (rows["unit_level"] == "school") & (rows["indicator_code"] == indicator)
    ]
    group_of = world.groups.set_index("school_code")["group_code"]
    schools = schools.assign(own_group=schools["unit_code"].map(group_of))
    large = schools["own_group"].value_counts()
    name = next(code for code in large.index if large[code] >= 10)
    return schools[schools["own_group"] == name], name


def test_shrunk_shares(world, dynamics):
    family, name = shrunk_family(world, dynamics, "mark_2_share")
    p, n = family["pooled_value"].to_numpy(), family["effective_n"].to_numpy()
    mu, k = (p @ n) / n.sum(), len(n)
    # By moments: the expected weighted spread is (k − 1)·(μ(1 − μ) − τ²) + τ²·(N − Σn²/N).
    spread = (n * (p - mu) ** 2).sum()
    tau2 = (spread - (k - 1) * mu * (1 - mu)) / (n.sum() - (n**2).sum() / n.sum() - (k - 1))
    size = min(mu * (1 - mu) / tau2 - 1, n.sum()) if tau2 > 0 else n.sum()
    assert (family["group_code"] == name).all()
    assert family["shrunk_value"].to_numpy() == pytest.approx((p * n + size * mu) / (n + size))
    assert family["own_weight"].to_numpy() == pytest.approx(n / (n + size))
    first, second = p * n + size * mu, n * (1 - p) + size * (1 - mu)
    assert family["shrunk_low"].to_numpy() == pytest.approx(stats.beta.ppf(0.025, first, second))
    assert family["shrunk_high"].to_numpy() == pytest.approx(stats.beta.ppf(0.975, first, second))


def test_shrunk_means(world, dynamics):
    family, _ = shrunk_family(world, dynamics, "mean_percent")
    y = family["pooled_value"].to_numpy()
    error = (family["pooled_high"].to_numpy() - y) / Z
    known = error > 0
    pooled = combine_effects(y[known], error[known] ** 2, method_re="dl")
    tau2, mu = pooled.tau2, pooled.mean_effect_re
    weight = tau2 / (tau2 + error**2)
    assert family["own_weight"].to_numpy()[known] == pytest.approx(weight[known], rel=1e-6)
    assert family["shrunk_value"].to_numpy()[known] == pytest.approx((weight * y + (1 - weight) * mu)[known], rel=1e-6)


def test_trends(world, dynamics):
    rows = dynamics.result_multiyear
    level = rows[
        (rows["unit_level"] == "school") & (rows["indicator_code"] == "mean_percent") & rows["trend_per_year"].notna()
    ]
    series = []
    for row in level.itertuples():
        suffix = row.assessment_id.split(":", 1)[1]
        years = [world.of(f"vpr-{year}-spring:{suffix}", school_code=row.unit_code) for year in (2021, 2022, 2023)]
        n = np.array([len(part) for part in years])
        within = sum((len(part) - 1) * part["percent"].var(ddof=1) for part in years) / (n.sum() - 3)
        series.append((np.array([part["percent"].mean() for part in years]), within / n))
    t = np.array([-2.0, -1.0, 0.0])

    def fit(y, variance):
        w = 1 / variance
        slope, level_at_0 = np.polyfit(t, y, 1, w=np.sqrt(w))
        q = (w * (y - slope * t - level_at_0) ** 2).sum()
        centre = (w @ t) / w.sum()
        return slope, 1 / np.sqrt((w * (t - centre) ** 2).sum()), q

    def excess(tau2):
        return sum(fit(y, variance + tau2)[2] - 1 for y, variance in series)

    tau2 = optimize.brentq(excess, 0, 500) if excess(0) > 0 else 0.0
    slope, error, _ = zip(*(fit(y, variance + tau2) for y, variance in series), strict=True)
    assert level["trend_per_year"].to_numpy() == pytest.approx(np.array(slope), rel=1e-5, abs=1e-6)
    half = Z * np.array(error)
    assert (level["trend_high"] - level["trend_low"]).to_numpy() / 2 == pytest.approx(half, rel=1e-5)


# --- risk -----------------------------------------------------------------------------------------------------------


def test_funnel_of_schools(world):
    inputs = RiskInputs(world.summary, world.region.assessments, world.region.schools, world.groups)
    signals = risk_tables(inputs, RiskOptions.of_year(YEAR)).risk_signals
    excluded = set(world.groups.loc[world.groups["is_excluded"], "school_code"])
    assert excluded
    assert not excluded & set(signals["school_code"])
    own = world.of(MATHS)
    own = own[~own["school_code"].isin(excluded)]
    counts = own.assign(two=own["mark"] == 2).groupby("school_code")["two"].agg(["sum", "size"])
    x, n = counts["sum"].to_numpy(dtype=float), counts["size"].to_numpy(dtype=float)
    theta = x.sum() / n.sum()
    error = 1 / (2 * np.sqrt(n + 0.5))
    z = (np.arcsin(np.sqrt((x + 0.375) / (n + 0.75))) - np.arcsin(np.sqrt(theta))) / error
    enough = n >= 10
    low, high = np.quantile(z[enough], [0.1, 0.9])
    bound = stats.norm.ppf(0.9)
    clipped = stats.norm.expect(lambda v: np.clip(v, -bound, bound) ** 2)
    phi = np.mean(np.clip(z[enough], low, high) ** 2) / clipped
    w = 1 / error[enough] ** 2
    i = enough.sum()
    tau2 = max(0.0, (i * phi - (i - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    z_score = pd.Series(z * error / np.sqrt(error**2 + tau2), index=counts.index).where(enough)
    rows = signals[
        (signals["assessment_id"] == MATHS)
        & (signals["indicator_code"] == "mark_2_share")
        & (signals["comparison"] == "all")
    ].set_index("school_code")
    assert rows["z_score"].to_numpy() == pytest.approx(z_score.reindex(rows.index).to_numpy(), nan_ok=True, rel=1e-6)
    assert rows["dispersion_factor"].iloc[0] == pytest.approx(phi, rel=1e-6)
    family = signals[(signals["comparison"] == "all") & signals["p_value"].notna()]
    assert family["q_value"].to_numpy() == pytest.approx(multipletests(family["p_value"], method="fdr_bh")[1])
    assert (family["p_value"] - 2 * stats.norm.sf(family["z_score"].abs())).abs().max() < 1e-9


# --- like with like -------------------------------------------------------------------------------------------------


def test_groups_hold_each_school_once_and_are_large_enough(world):
    groups = world.groups
    assert sorted(groups["school_code"]) == sorted(world.schools()["school_code"])
    bounds = [100, 300, 700]
    sized = groups[groups["pupils_count"].notna()]
    expected = [f"size_{1 + sum(count >= bound for bound in bounds)}" for count in sized["pupils_count"]]
    assert sized["size_class"].tolist() == expected
    known = groups[groups["group_code"].notna()]
    counts = known["group_code"].value_counts()
    assert (known["group_schools_count"].to_numpy() == known["group_code"].map(counts).to_numpy()).all()
    assert counts[counts >= 5].sum() == len(known[known["is_sufficient"]])
    assert groups["group_code"].isna().tolist() == groups["is_excluded"].tolist()
    assert groups.loc[groups["is_excluded"], "school_type"].eq("correctional").all()


def standardised(world, use, places):
    raw = np.column_stack([world.conditions.column(prop.code) for prop in properties().of_use(use)])[places]
    raw = raw[:, np.isnan(raw).mean(axis=0) <= 0.5]
    raw = raw[:, np.nanstd(raw, axis=0) > 1e-12]
    mean, deviation = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0, ddof=1)
    return (np.where(np.isnan(raw), np.nanmedian(raw, axis=0), raw) - mean) / deviation


def test_clusters_have_the_silhouettes_of_scikit_learn(world):
    made = school_clusters(world.conditions, properties().of_use("cluster"), world.groups, ClusterOptions.load())
    rows = made.school_clusters
    clustered = rows["state"].eq("clustered").to_numpy()
    assert clustered.sum() >= 60
    points = standardised(world, "cluster", clustered)
    labels = rows.loc[clustered, "cluster_code"].to_numpy()
    silhouette = silhouette_samples(points, labels)
    assert rows.loc[clustered, "silhouette"].to_numpy(dtype=float) == pytest.approx(silhouette, abs=1e-9)
    centres = {code: points[labels == code].mean(axis=0) for code in sorted(set(labels))}
    nearest = [min(centres, key=lambda code, point=point: np.linalg.norm(point - centres[code])) for point in points]
    assert nearest == labels.tolist()
    choices = made.cluster_choices
    allowed = choices[choices["silhouette"].notna() & (choices["smallest_count"] >= 5)]
    best = allowed.loc[allowed["silhouette"].idxmax()]
    assert best["is_chosen"]
    assert best["silhouette"] == pytest.approx(silhouette.mean())


def test_comparable_schools_are_the_nearest_of_the_group(world):
    made = comparable_schools(world.conditions, properties().of_use("match"), world.groups, ComparableOptions.load())
    usable = ~world.groups["is_excluded"].to_numpy(dtype=bool)
    points = standardised(world, "match", usable)
    codes = world.groups["school_code"].to_numpy()[usable]
    group = world.groups["group_code"].to_numpy()[usable]
    tried = 0
    for place, code in enumerate(codes):
        distance = np.sqrt(((points - points[place]) ** 2).mean(axis=1))
        near = [
            (distance[other], codes[other])
            for other in range(len(codes))
            if other != place and group[other] == group[place] and distance[other] <= 0.5
        ]
        found = made.comparable_schools[made.comparable_schools["school_code"] == code]
        expected = sorted(name for _, name in sorted(near)[:10]) if len(near) >= 3 else []
        assert sorted(found["comparable_code"]) == expected, code
        tried += bool(expected)
    assert tried > 5


def test_contextual_residuals_are_those_of_a_mixed_model(world):
    options = ResidualOptions.load()
    of_use = properties().of_use("expect")
    made = contextual_results(
        world.summary[world.summary["school_year"] == YEAR],
        world.region.assessments[world.region.assessments["school_year"] == YEAR],
        world.conditions,
        of_use,
        world.groups,
        options,
    )
    terms = made.contextual_models[made.contextual_models["scope_code"] == MATHS].set_index("term")["estimate"]
    codes = [prop.code for prop in of_use if prop.code in terms.index]
    assert codes
    usable = ~world.groups["is_excluded"].to_numpy(dtype=bool)
    schools = world.groups["school_code"].to_numpy()[usable]
    columns = {}
    for code in codes:
        raw = world.conditions.column(code)[usable]
        filled = np.where(np.isnan(raw), np.nanmedian(raw), raw)
        columns[code] = (filled - np.nanmean(raw)) / np.nanstd(raw, ddof=1)
    design = pd.DataFrame(columns, index=schools)
    own = world.of(MATHS)[lambda rows: rows["school_code"].isin(schools)]
    data = own[["school_code", "percent"]].join(design, on="school_code")
    model = smf.mixedlm(f"percent ~ {' + '.join(codes)}", data, groups="school_code").fit(reml=True, method="powell")
    rows = made.contextual_results[made.contextual_results["scope_code"] == MATHS].set_index("school_code")
    effects = pd.Series({code: values.iloc[0] for code, values in model.random_effects.items()})
    assert rows["residual"].to_numpy(dtype=float) == pytest.approx(effects.reindex(rows.index).to_numpy(), abs=0.02)
    assert terms["between_variance"] == pytest.approx(float(model.cov_re.iloc[0, 0]), rel=0.01)
    assert terms["within_variance"] == pytest.approx(model.scale, rel=0.001)
    # Prasad and Rao: g1 + g2 + 2·g3 at the estimated variances; for the effect alone g2 is γ²·x'Cx, for the whole mean
    # it would be (1 − γ)²·x'Cx.
    tau2, n = terms["between_variance"], data["school_code"].value_counts().reindex(rows.index).to_numpy()
    error = terms["within_variance"] / n
    x = np.column_stack([np.ones(len(rows)), design.loc[rows.index]])
    h = 1 / (tau2 + error)
    covariance = np.linalg.inv((x.T * h) @ x)
    gamma = tau2 * h
    mse = gamma * error + gamma**2 * np.diag(x @ covariance @ x.T)
    mse += 2 * error**2 * h**3 * 2 / (h**2).sum()
    half = Z * np.sqrt(mse)
    assert (rows["residual_high"] - rows["residual"]).to_numpy(dtype=float) == pytest.approx(half, rel=1e-6)


def test_social_index(world):
    index = social_indices()[0]
    made = social_index(world.conditions, [index], world.groups, SocialOptions.load())
    usable = ~world.groups["is_excluded"].to_numpy(dtype=bool)
    weights = np.array([one.weight for one in index.variables])
    raw = pd.DataFrame({one.code: world.conditions.column(one.code) for one in index.variables})
    z = ((raw - raw[usable].mean()) / raw[usable].std(ddof=1)).to_numpy()
    known = ~np.isnan(z)
    weight = (known * np.abs(weights)).sum(axis=1)
    burden = np.nansum(z * weights, axis=1) / np.where(weight > 0, weight, np.nan)
    enough = usable & (weight / np.abs(weights).sum() >= 0.6)
    expected = 50 - 10 * (burden - burden[enough].mean()) / burden[enough].std(ddof=1)
    rows = made.set_index("school_code").loc[world.groups["school_code"]]
    assert rows["value"].to_numpy(dtype=float) == pytest.approx(np.where(enough, expected, np.nan), nan_ok=True)
    assert enough.sum() > 60
    assert rows.loc[rows["third"] == 1, "value"].max() < rows.loc[rows["third"] == 3, "value"].min()


# --- low results ----------------------------------------------------------------------------------------------------


def test_schools_with_low_results(world):
    codes = tuple(world.schools()["school_code"])
    procedures = work_procedures(world.summary, world.region.assessments)
    flags = low_result_tables(procedures, SchoolList(YEAR, codes), low_result_rules()).low_result_flags
    found = flags[flags["rule_code"] == "criterion_2025"].set_index("school_code")["computed"]
    judged = 0
    for code in codes:
        failed, counted = {}, {}
        for year in (2023, 2022):
            for grade, subject in PAPERS:
                marks = world.of(f"vpr-{year}-spring:{grade}:{subject}:base", school_code=code)["mark"]
                if len(marks) >= 10:
                    counted.setdefault(year, set()).add((grade, subject))
                    if (marks == 2).mean() >= 0.3:
                        failed.setdefault(year, set()).add((grade, subject))
        now, before = failed.get(2023, set()), failed.get(2022, set())
        holds = len(now) >= 2 or bool(now & before)
        if holds or len(counted.get(2023, ())) >= 2:
            assert bool(found[code]) == holds, code
            judged += 1
        else:
            assert pd.isna(found[code]), code
    assert judged > 30
    assert found.fillna(value=False).sum() >= 2


# --- objectivity ----------------------------------------------------------------------------------------------------

OBJECTIVITY = objectivity_options()


@pytest.fixture(scope="module")
def objectivity(world):
    region, measures, raw = world.region, [], []
    for year in (BEFORE, YEAR):
        of_year = region.assessments[region.assessments["school_year"] == year]
        for _, rows in of_year.groupby("pupil_grade"):
            papers = [
                Paper(
                    region.works(year, row["assessment_id"]), sound_scale(row), int(row["maximum_score"]), region.tasks
                )
                for row in rows.to_dict("records")
            ]
            made = measure_campaign(papers, PeerGroups({}), year, OBJECTIVITY.signals)
            measures.append(made.measures)
            raw.append(made.raw.assign(school_year=year))
    measures = pd.concat(measures, ignore_index=True)
    inputs = SignInputs(YEAR, measures, region.assessments, world.schools(), region.exam_results(YEAR))
    return objectivity_signs(inputs, OBJECTIVITY), pd.concat(raw, ignore_index=True)


def test_official_sign_of_a_high_mean(world, objectivity):
    rows = objectivity[0][objectivity[0]["sign_number"] == 2].set_index("school_code")
    own = world.of(MATHS)
    upper = own["score"].mean() + 1.96 * own["score"].std(ddof=1) / np.sqrt(len(own))
    by_school = own.groupby("school_code")["score"].agg(["mean", "std", "size"])
    low = by_school["mean"] - 1.96 * by_school["std"] / np.sqrt(by_school["size"])
    states = np.where(by_school["size"] < 10, "insufficient", np.where(low > upper, "sign", "no_sign"))
    assert rows["state"].reindex(by_school.index).tolist() == states.tolist()
    assert (states == "sign").any()
    assert rows["threshold"].iloc[0] == pytest.approx(upper)


def test_official_sign_of_a_mismatch_with_the_journal(world, objectivity):
    rows = objectivity[0][objectivity[0]["sign_number"] == 8].set_index("school_code")
    own = world.of(MATHS)[lambda frame: frame["journal"].notna()]
    negative = 0
    for code, frame in own.groupby("school_code"):
        if len(frame) >= 5 and min(frame[["journal", "score"]].std()) > 0:
            r = stats.spearmanr(frame["score"], frame["journal"]).statistic
            d = frame["score"].rank() - frame["journal"].rank()
            assert rows.loc[code, "value"] == pytest.approx(r)
            simple = 1 - 6 * (d**2).sum() / (len(frame) * (len(frame) ** 2 - 1))
            assert rows.loc[code, "value_simplified"] == pytest.approx(simple)
            assert rows.loc[code, "state"] == ("sign" if r < 0 else "no_sign")
            negative += r < 0
    assert negative


def test_official_signs_of_a_cohort_jump(world, objectivity):
    means = [
        world.of(work).groupby("school_code")["percent"].mean()
        for work in (MATHS_BEFORE, "vpr-2023-spring:5:mathematics:base")
    ]
    ratio = (means[0] / means[1]).dropna()
    first, third = np.quantile(ratio, [0.25, 0.75])
    for number, limit in ((12, first - 3 * (third - first)), (14, third + 3 * (third - first))):
        rows = objectivity[0][objectivity[0]["sign_number"] == number].set_index("school_code")
        assert rows.loc[ratio.index, "value"].to_numpy(dtype=float) == pytest.approx(ratio.to_numpy())
        assert rows.loc[ratio.index, "threshold"].to_numpy(dtype=float) == pytest.approx(limit)


def test_objectivity_index_is_the_share_of_schools_without_a_sign(world, objectivity):
    index = objectivity_index(objectivity[0], world.schools())
    strict = objectivity[0].dropna(subset=["is_strict_sign"])
    marked = strict[strict["is_strict_sign"].astype(bool)]["school_code"].nunique()
    expected = 100 - 100 * marked / strict["school_code"].nunique()
    assert one(index, unit_level="all", rule="official")["index_value"] == pytest.approx(expected)


def test_excess_at_the_cutoffs(world, objectivity):
    raw = objectivity[1]
    rows = raw[(raw["assessment_id"] == MATHS) & (raw["signal_code"] == "cutoff_excess")].set_index("school_code")
    own = world.of(MATHS)
    paper = one(world.region.assessments, assessment_id=MATHS)
    n = own["school_code"].value_counts()
    mu, total = own["score"].mean(), own["score"].var(ddof=0)
    means = own.groupby("school_code")["score"].mean()
    within = ((own["score"] - own["school_code"].map(means)) ** 2).sum() / (len(own) - len(n))
    # Between schools by the analysis of variance; a mean of few pupils is drawn to the whole by its reliability.
    k, big = len(n), len(own)
    between = ((n * (means - mu) ** 2).sum() / (k - 1) - within) / ((big - (n**2).sum() / big) / (k - 1))
    level = mu + n * between / (n * between + within) * (means - mu)
    code = rows.index[0]
    above = expected = near = 0.0
    for cutoff in (paper["minimum_3"], paper["minimum_4"], paper["minimum_5"]):
        window = np.arange(cutoff - 2, cutoff + 2)
        others = own.loc[own["school_code"] != code, "score"]
        weight = np.array([(others == score).sum() + 0.25 for score in window])
        middle = cutoff - 0.5
        slope = (middle - mu) / total - (middle - level[code]) / within
        weight = weight * np.exp(slope * (window - middle))
        mine = own.loc[(own["school_code"] == code) & own["score"].isin(window), "score"]
        near += len(mine)
        above += (mine >= cutoff).sum()
        expected += len(mine) * weight[window >= cutoff].sum() / weight.sum()
    assert rows.loc[code, "count"] == near
    assert rows.loc[code, "value"] == pytest.approx(above / near)
    assert rows.loc[code, "reference_value"] == pytest.approx(expected / near)


def test_signals_of_a_year_hold_false_discoveries(world, objectivity):
    raw = objectivity[1]
    raw = raw[raw["school_year"] == YEAR].drop(columns="school_year")
    facts = YearSignals(
        YEAR, sorted(set(raw["school_code"])), frozenset(), is_scale_known=True, extra=raw.iloc[:0], listed={}
    )
    signals = judge_year(raw, facts, OBJECTIVITY)
    for of_year in (True, False):
        family = signals[(signals["assessment_id"].eq("all") == of_year) & signals["p_value"].notna()]
        assert family["q_value"].to_numpy() == pytest.approx(multipletests(family["p_value"], method="fdr_bh")[1])
        assert (family["state"].eq("signal") == (family["q_value"] <= 0.05)).all()
    detached = world.region.truth.codes(RegionRole.DETACHED)
    found = signals[(signals["signal_code"] == "journal_correlation") & signals["assessment_id"].eq("all")]
    assert set(detached) <= set(found.loc[found["state"] == "signal", "school_code"])


# --- tasks, skills, links -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def items(world):
    row = one(world.region.assessments, assessment_id=MATHS)
    scale = ScaleBounds(*(int(row[f"minimum_{mark}"]) for mark in (3, 4, 5)), int(row["maximum_score"]))
    works = world.region.works(YEAR, MATHS)
    return analyse_items(works, scale, scale.maximum_score, world.region.tasks, world.schools(), item_options(YEAR))


def complete_scores(world):
    own = world.of(MATHS)
    names = [f"task_{place:02d}" for place in range(1, 16)]
    scores = own[names].astype("float64").replace(-1, 0)
    is_complete = (scores >= 0).all(axis=1)
    return own[is_complete], scores[is_complete].to_numpy()


def test_reliability_and_discrimination(world, items):
    rows, scores = complete_scores(world)
    found = one(items.test_reliability, unit_level="all")
    covariance = np.cov(scores.T)
    k, n = scores.shape[1], len(scores)
    alpha = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
    assert found["works_count"] == n
    assert found["alpha"] == pytest.approx(alpha)
    bounds = [1 - (1 - alpha) * stats.f.ppf(p, n - 1, (n - 1) * (k - 1)) for p in (0.975, 0.025)]
    assert [found["alpha_low"], found["alpha_high"]] == pytest.approx(bounds)
    assert found["sem_score"] == pytest.approx(scores.sum(axis=1).std(ddof=1) * np.sqrt(1 - alpha))
    quality = items.task_quality[items.task_quality["unit_level"] == "all"].set_index("position")
    for place in (1, 8, 15):
        rest = scores.sum(axis=1) - scores[:, place - 1]
        r = np.corrcoef(scores[:, place - 1], rest)[0, 1]
        half = Z / np.sqrt(n - 3)
        assert quality.loc[place, "discrimination"] == pytest.approx(r)
        assert quality.loc[place, "discrimination_low"] == pytest.approx(np.tanh(np.arctanh(r) - half))
    assert len(rows) == n


def test_differential_functioning(world, items):
    rows, scores = complete_scores(world)
    sex = rows["sex"].to_numpy()
    own = items.task_dif[
        (items.task_dif["unit_level"] == "all")
        & (items.task_dif["grouping"] == "sex")
        & (items.task_dif["statistic"] == "mh_delta")
    ].set_index("position")
    dropped = own["purified_tasks"].dropna().unique()
    criterion = [place for place in range(15) if not any(str(place + 1) in text.split(";") for text in dropped)]
    compared = 0
    for place in own.index:
        matching = scores[:, sorted({*criterion, place - 1})].sum(axis=1)
        tables = []
        for stratum in np.unique(matching):
            at = matching == stratum
            cells = [[((sex == group) & at & (scores[:, place - 1] == hit)).sum() for hit in (1, 0)] for group in "мж"]
            if min(sum(cells[0]), sum(cells[1])) > 0:
                tables.append(np.array(cells, dtype=float))
        table = StratifiedTable(tables)
        assert own.loc[place, "effect"] == pytest.approx(-2.35 * table.logodds_pooled)
        half = Z * 2.35 * table.logodds_pooled_se
        assert own.loc[place, "effect_high"] - own.loc[place, "effect"] == pytest.approx(half)
        test = table.test_null_odds(correction=True)
        plain = table.test_null_odds(correction=False)
        if plain.statistic < 1e-3 + test.statistic:
            # The correction would pass zero; R's mantelhaen.test stops there, statsmodels goes on.
            assert own.loc[place, "chi_square"] <= plain.statistic
            continue
        assert own.loc[place, "chi_square"] == pytest.approx(test.statistic)
        assert own.loc[place, "p_value"] == pytest.approx(test.pvalue)
        compared += 1
    assert compared >= 5


def test_systemic_deficits(world):
    made = skill_deficits(
        world.region.works(YEAR, MATHS), world.region.tasks, world.schools(), DeficitOptions(AnalysisOptions(YEAR))
    )
    tasks = world.region.tasks[world.region.tasks["assessment_id"] == MATHS].set_index("position")
    code = world.municipality().value_counts().index[0]
    own = world.of(MATHS)[lambda rows: rows["school_code"].map(world.municipality()) == code]
    limits = {"Б": 57.0, "П": 28.5, "В": 28.5}
    red = {}
    for position, task in tasks.iterrows():
        scores = own[f"task_{position:02d}"].astype("float64").replace(-1, 0)
        share = 100 * scores[scores >= 0].mean() / task["maximum_score"]
        red[position] = share < limits[task["difficulty_level"]]
    expected = {
        skill: (len(places), sum(red[place] for place in places))
        for skill, places in tasks.groupby("skill").groups.items()
    }
    found = made[(made["unit_code"] == code) & (made["kind"] == "skill")]
    assert found.set_index("skill_title")[["tasks_count", "red_tasks_count"]].T.to_dict("list") == {
        skill: [count, reds] for skill, (count, reds) in expected.items() if 2 * reds > count
    }
    assert len(found)


def test_the_same_skill_in_two_years(world):
    frames = [world.skills[world.skills["school_year"] == year] for year in (YEAR, BEFORE)]
    made = skill_dynamics(*frames, world.region.tasks, item_options(YEAR))
    row = one(
        made[(made["assessment_id"] == MATHS) & (made["kind"] == "skill") & (made["unit_level"] == "all")].head(1)
    )
    shares, bounds = [], []
    for work in (MATHS, row["earlier_assessment_id"]):
        own = world.of(work)
        codes = world.region.tasks[world.region.tasks["assessment_id"] == work]
        used = codes[codes["skill"] == row["skill_title"]]
        scores = own[[f"task_{place:02d}" for place in used["position"]]].astype("float64").replace(-1, 0)
        maxima = used["maximum_score"].to_numpy(dtype=float)
        taught = (scores >= 0).to_numpy()
        y, x = np.where(taught, scores, 0).sum(axis=1), (taught * maxima).sum(axis=1)
        share, n = y.sum() / x.sum(), int((x > 0).sum())
        error = np.sqrt(n / (n - 1) * ((y - share * x) ** 2).sum()) / x.sum()
        half = stats.t.ppf(0.975, n - 1) * error
        shares.append(share)
        bounds.append((share - half, share + half))
    assert row["difference"] == pytest.approx(shares[0] - shares[1])
    low = row["difference"] - np.hypot(shares[0] - bounds[0][0], bounds[1][1] - shares[1])
    assert row["difference_low"] == pytest.approx(low)


def test_links_between_works_of_schools(world):
    measures = complete_measures(result_measures(world.summary[world.summary["school_year"] == YEAR]))
    made = school_links(measures, world.schools(), link_options(YEAR))
    row = one(made, left_measure=MATHS, right_measure=RUSSIAN, unit_level="all")
    sides = [world.of(work).groupby("school_code")["percent"].agg(["mean", "size"]) for work in (MATHS, RUSSIAN)]
    left, right = (side.loc[side["size"] >= 10, "mean"] for side in sides)
    both = pd.concat([left, right], axis=1, join="inner")
    r = stats.spearmanr(both.iloc[:, 0], both.iloc[:, 1]).statistic
    half = Z * np.sqrt((1 + r**2 / 2) / (len(both) - 3))
    assert row["observations_count"] == len(both)
    assert row["missing_count"] == len(left.index.symmetric_difference(right.index))
    assert row["estimate"] == pytest.approx(r)
    assert [row["estimate_low"], row["estimate_high"]] == pytest.approx(
        [np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)]
    )


def test_agreement_of_experts():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 5, 200)
    second = np.clip(first + rng.choice([-1, 0, 0, 0, 1, 2], 200), 0, 4)
    marks = pd.DataFrame({"work": range(200), "task": "1", "expert_1_score": first, "expert_2_score": second})
    row = one(expert_agreement("essay", marks, link_options(YEAR)), task="1")
    assert row["kappa"] == pytest.approx(cohen_kappa_score(first, second, weights="quadratic"))
    assert row["within_one_share"] == pytest.approx((np.abs(first - second) <= 1).mean())
    assert [row["exact_low"], row["exact_high"]] == pytest.approx(list(wilson((first == second).sum(), 200)))


# --- pupils, indicators ---------------------------------------------------------------------------------------------


def test_counts_of_pupils_who_need_help(world):
    papers = world.region.assessments[
        (world.region.assessments["school_year"] == YEAR) & (world.region.assessments["pupil_grade"] == 4)
    ]
    works = [
        SupportWork(
            row["assessment_id"],
            world.region.works(YEAR, row["assessment_id"]).rows,
            int(row["minimum_3"]),
            int(row["maximum_score"]),
            error=2.0,
        )
        for row in papers.to_dict("records")
    ]
    counts = pupils_support("vpr-2023-spring", works, support_options(YEAR)).counts
    own = world.pupils[
        world.pupils["assessment_id"].isin(papers["assessment_id"]) & (world.pupils["status"] == "scored")
    ]
    own = own.assign(is_low=own["mark"] == 2)
    pupils = own.groupby(["school_code", "pupil_id"])["is_low"].agg(["sum", "size"])
    persistent = (pupils["sum"] >= 2) & (pupils["sum"] / pupils["size"] >= 0.5)
    single = (pupils["sum"] > 0) & ~persistent
    expected = pd.DataFrame({"persistent": persistent, "single": single}).groupby(level="school_code").sum()
    found = counts[counts["pupil_grade"] == 4].set_index("school_code")
    assert found["persistent_count"].to_dict() == expected["persistent"].to_dict()
    assert found["single_count"].to_dict() == expected["single"].to_dict()
    assert persistent.sum() > 5


def test_shares_of_an_exam(world):
    rng = np.random.default_rng(8)
    codes = world.schools()["school_code"].to_numpy()[:20]
    plain = pd.DataFrame({"school_code": rng.choice(codes, 400), "test_score": rng.integers(5, 101, 400)})
    given = {
        "school_year": YEAR,
        "exam_code": "ege:2023:physics:main",
        "exam_kind": "ege",
        "exam_year": 2023,
        "subject_code": "physics",
        "exam_level": "main",
        "exam_date": "2023-06-01",
        "category": "graduate",
        "status": "valid",
        "sitting": 1,
        "is_final": True,
        "is_appealed": False,
        "file_sha256": "0",
        "source_sheet": "1",
    }
    rows = plain.assign(pupil_id=[f"p{n}" for n in range(400)], source_row=range(1, 401), primary_score=20, **given)
    table = EXAM_RESULTS.conform(rows.reindex(columns=list(EXAM_RESULTS.column_names)))
    made = exam_summary(table, world.schools(), ExamOptions.of(YEAR))
    code = plain["school_code"].mode()[0]
    own = plain.loc[plain["school_code"] == code, "test_score"]
    row = one(made, unit_level="school", unit_code=code, category="all")
    minimum = row["minimum_score"]
    assert minimum == 36
    counts = [(own < minimum).sum(), own.between(minimum, 60).sum(), own.between(61, 80).sum(), (own > 80).sum()]
    names = ("below_minimum", "minimum_60", "score_61_80", "score_81_100")
    assert [row[f"{name}_count"] for name in names] == counts
    assert row["below_minimum_share"] == pytest.approx(counts[0] / len(own))
    assert [row["below_minimum_low"], row["below_minimum_high"]] == pytest.approx(list(wilson(counts[0], len(own))))
    assert [row["mean_test_low"], row["mean_test_high"]] == pytest.approx(
        list(stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own)))
    )


def test_mean_and_reliability_of_a_survey_scale():
    form = next(
        found for found in questionnaires().values() if any(question.is_reverse for question in found.questions)
    )
    reverse = next(question for question in form.questions if question.is_reverse)
    items = [question for question in form.questions if question.scale == reverse.scale]
    values = {
        question.code: [a.value for a in form.answer_sets[question.answers].answers if a.value] for question in items
    }
    rng = np.random.default_rng(2)
    rows, scores = [], []
    for respondent in range(60):
        own = []
        for question in items:
            value = float(rng.choice(values[question.code]))
            turned = min(values[question.code]) + max(values[question.code]) - value if question.is_reverse else value
            own.append(turned)
            rows.append(
                {
                    "school_year": YEAR,
                    "file_sha256": "0",
                    "source_sheet": "1",
                    "source_row": respondent + 2,
                    "questionnaire_code": form.code,
                    "response_id": f"r{respondent:03d}",
                    "school_code": "edu990001",
                    "answered_on": "2022-11-10",
                    "question_code": question.code,
                    "answer_code": str(int(value)),
                    "value": value,
                }
            )
        scores.append(own)
    schools = pd.DataFrame({"school_code": ["edu990001"], "municipality_code": ["m1"], "region_code": ["99"]})
    answers = SURVEY_ANSWERS.conform(pd.DataFrame(rows))
    made = survey_results(answers, schools, {form.code: form}, YEAR, SurveyOptions.of())
    mean = np.array(scores).mean(axis=1)
    row = one(made[made["item_kind"] == "scale"], unit_level="all", item_code=reverse.scale, group_code="all")
    assert row["value"] == pytest.approx(mean.mean())
    assert [row["value_low"], row["value_high"]] == pytest.approx(
        list(stats.t.interval(0.95, len(mean) - 1, mean.mean(), stats.sem(mean)))
    )


def test_indicators_of_the_region(world):
    registry = [indicators()[f"attainment.{name}"] for name in ("vpr_base_share", "vpr_training_degree")]
    tables = {"result_summary": world.summary[world.summary["school_year"] == YEAR]}
    options = IndicatorOptions(YEAR, (5, 10, 20, 50), INDICATOR_VALUES.empty())
    made = indicator_values(registry, tables, world.schools(), options)
    own = world.pupils[(world.pupils["school_year"] == YEAR) & (world.pupils["status"] == "scored")]
    share = (own["mark"] >= 3).mean()
    by_school = own.groupby(["school_code", "assessment_id"]).size().reset_index(name="n")
    by_school["grade"] = by_school["assessment_id"].str.split(":").str[1]
    people = by_school.groupby(["school_code", "grade"])["n"].max().groupby(level="school_code").sum()
    whole = own.groupby("assessment_id").size()
    total = sum(whole[whole.index.str.contains(f":{grade}:")].max() for grade in "45")
    effective = total / (1 + ((people**2).sum() / people.sum() - 1) * 0.13)
    row = one(made, indicator_code="attainment.vpr_base_share", unit_level="all")
    assert row["value"] == pytest.approx(100 * share)
    assert row["n"] == total
    assert [row["value_low"], row["value_high"]] == pytest.approx(
        [100 * bound for bound in wilson(share * effective, effective)]
    )
    row = one(made, indicator_code="attainment.vpr_training_degree", unit_level="all")
    assert row["value"] == pytest.approx(own["mark"].map({5: 100, 4: 64, 3: 36, 2: 16}).mean())
