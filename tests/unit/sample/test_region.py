"""The simulated region: calibrated, reproducible, with truths that show in the works."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.errors import SettingsError
from oko_pipeline.sample.region import PlantedTask, Region, RegionOptions, simulate_region
from oko_pipeline.sample.region_roles import RegionRole
from oko_pipeline.works import Works

YEAR = "2020-2021"
MATHS_4 = "vpr-2021-spring:4:mathematics:base"
RUSSIAN_5 = "vpr-2021-spring:5:russian:base"
PAPERS = ((4, "mathematics"), (5, "mathematics"), (5, "russian"))


@pytest.fixture(scope="module")
def region() -> Region:
    return simulate_region(RegionOptions(papers=PAPERS))


def scored(works: Works) -> pd.DataFrame:
    return works.rows[works.rows["status"] == "scored"]


def ordinary(region: Region, assessment_id: str) -> pd.DataFrame:
    rows = scored(region.works(YEAR, assessment_id))
    return rows[rows["school_code"].isin(region.truth.codes(RegionRole.ORDINARY))]


def scores(rows: pd.DataFrame) -> np.ndarray:
    return rows["primary_score"].to_numpy(dtype=np.int64)


def test_school_sizes_are_those_of_a_real_region(region: Region) -> None:
    sizes = scored(region.works(YEAR, MATHS_4)).groupby("school_code").size()
    assert sizes.quantile([0.1, 0.5, 0.9]).to_numpy() == pytest.approx([6, 22, 92], rel=0.2)
    assert 600 <= len(sizes) <= 640


def test_shares_of_marks_and_the_peak_at_three_are_published_ones(region: Region) -> None:
    row = region.assessments.set_index("assessment_id").loc[RUSSIAN_5]
    total = scores(ordinary(region, RUSSIAN_5))
    bounds = [int(row[f"minimum_{mark}"]) for mark in (3, 4, 5)]
    shares = np.bincount(np.searchsorted(bounds, total, side="right"), minlength=4) / len(total)
    assert shares * 100 == pytest.approx([15, 41, 33, 11], abs=3)
    counts = np.bincount(total)
    assert counts[bounds[0]] / counts[bounds[0] - 1] == pytest.approx(7.6, rel=0.25)


def test_journal_agrees_with_results_as_published(region: Region) -> None:
    rows = ordinary(region, MATHS_4)
    rows = rows[rows["journal_mark"].notna()]
    spearman = rows["primary_score"].astype(float).corr(rows["journal_mark"].astype(float), method="spearman")
    assert spearman == pytest.approx(0.68, abs=0.04)


def test_intraclass_correlation_is_the_published_one(region: Region) -> None:
    rows = ordinary(region, MATHS_4).assign(score=lambda frame: frame["primary_score"].astype(float))
    groups = rows.groupby("school_code")["score"].agg(["size", "mean", "var"])
    groups = groups[groups["size"] > 1]
    n, count = groups["size"], len(groups)
    within = ((n - 1) * groups["var"]).sum() / (n - 1).sum()
    size = (n.sum() - (n**2).sum() / n.sum()) / (count - 1)
    between = ((n * (groups["mean"] - rows["score"].mean()) ** 2).sum() / (count - 1) - within) / size
    assert between / (between + within) == pytest.approx(0.09, abs=0.025)


def test_tasks_have_the_published_difficulties(region: Region) -> None:
    works = region.works(YEAR, MATHS_4)
    rows = scored(works)
    rows = rows[rows["school_code"].isin(region.truth.codes(RegionRole.ORDINARY))]
    reached = rows[works.task_columns].clip(lower=0).mean() / [task.maximum_score for task in works.tasks]
    wanted = np.array([92, 81, 83, 54, 64, 53, 93, 85, 61, 41, 52, 41, 59, 66, 13]) / 100
    assert reached.to_numpy() == pytest.approx(wanted, abs=0.04)


def test_totals_are_sums_of_tasks_and_absent_pupils_have_none(region: Region) -> None:
    works = region.works(YEAR, MATHS_4)
    is_absent = (works.rows["status"] == "absent").to_numpy()
    assert (works.task_scores()[is_absent] == TaskCode.BLANK).all()
    assert works.rows.loc[is_absent, ["primary_score", "journal_mark"]].isna().all().all()
    sums = np.maximum(works.task_scores()[~is_absent], 0).sum(axis=1)
    assert (sums == scores(scored(works))).all()


def test_the_same_options_give_the_same_works_in_any_order() -> None:
    options = RegionOptions(schools=40, papers=PAPERS, school_years=(YEAR,))
    first, second = simulate_region(options), simulate_region(options)
    first.works(YEAR, RUSSIAN_5)
    assert first.works(YEAR, MATHS_4).rows.equals(second.works(YEAR, MATHS_4).rows)
    other = simulate_region(RegionOptions(seed=7, schools=40, papers=PAPERS, school_years=(YEAR,)))
    assert not first.works(YEAR, MATHS_4).rows.equals(other.works(YEAR, MATHS_4).rows)


def test_a_pupil_has_one_code_over_the_papers_of_a_campaign(region: Region) -> None:
    maths = region.works(YEAR, "vpr-2021-spring:5:mathematics:base").rows
    russian = region.works(YEAR, RUSSIAN_5).rows
    assert set(maths["pupil_id"]) == set(russian["pupil_id"])
    next_year = region.works("2021-2022", "vpr-2022-spring:5:mathematics:base").rows
    assert not set(maths["pupil_id"]) & set(next_year["pupil_id"])
    assert maths["pupil_id"].str.fullmatch("[0-9a-f]{32}").all()


def test_cohorts_keep_their_ability_over_the_years(region: Region) -> None:
    """The pupils of grade 4 write the paper of grade 5 a year later, in the same order of the lists."""
    before = region.works(YEAR, MATHS_4).rows
    after = region.works("2021-2022", "vpr-2022-spring:5:mathematics:base").rows
    assert before["school_code"].tolist() == after["school_code"].tolist()
    pair = pd.DataFrame(
        {"before": before["primary_score"].astype(float), "after": after["primary_score"].astype(float)}
    )
    assert pair.corr().iloc[0, 1] > 0.6


def test_tables_fit_their_contracts_and_each_other(region: Region) -> None:
    known = set(region.schools.loc[region.schools["school_year"] == YEAR, "school_code"])
    works = region.works(YEAR, MATHS_4)
    assert set(works.rows["school_code"]) <= known
    assert set(region.context["school_code"]) <= known
    row = region.assessments.set_index("assessment_id").loc[MATHS_4]
    tasks = region.tasks[region.tasks["assessment_id"] == MATHS_4]
    assert (len(tasks), tasks["maximum_score"].sum()) == (row["task_count"], row["maximum_score"])
    assert row["rows_count"] == len(works.rows)
    assert set(region.schools["municipality_code"]) == set(region.municipalities["municipality_code"])


def mean_score(rows: pd.DataFrame, codes: list[str]) -> float:
    return float(scores(rows[rows["school_code"].isin(codes)]).mean())


@pytest.mark.parametrize(
    ("role", "sign"), [(RegionRole.INFLATED, 1), (RegionRole.LOW_RESULT, -1), (RegionRole.ABSENTEES, 1)]
)
def test_planted_levels_show(region: Region, role: RegionRole, sign: int) -> None:
    rows = scored(region.works(YEAR, MATHS_4))
    difference = mean_score(rows, region.truth.codes(role)) - mean_score(rows, region.truth.codes(RegionRole.ORDINARY))
    assert difference * sign > 0.5


def test_planted_bunching_empties_the_scores_below_the_cut(region: Region) -> None:
    rows = scored(region.works(YEAR, MATHS_4))

    def share_below(codes: list[str]) -> float:
        own = scores(rows[rows["school_code"].isin(codes)])
        return float(((own == 9) | (own == 8)).mean() / ((own == 10) | (own == 11)).mean())

    assert share_below(region.truth.codes(RegionRole.BUNCHING)) < 0.6 * share_below(
        region.truth.codes(RegionRole.ORDINARY)
    )


def test_planted_change_grows_over_the_years(region: Region) -> None:
    last = scored(region.works("2022-2023", "vpr-2023-spring:4:mathematics:base"))
    first = scored(region.works(YEAR, MATHS_4))
    change = {
        role: mean_score(last, region.truth.codes(role)) - mean_score(first, region.truth.codes(role))
        for role in (RegionRole.IMPROVING, RegionRole.ORDINARY, RegionRole.DECLINING)
    }
    assert change[RegionRole.IMPROVING] > change[RegionRole.ORDINARY] + 1
    assert change[RegionRole.DECLINING] < change[RegionRole.ORDINARY] - 1


def test_planted_journal_narrow_spread_and_absence_show(region: Region) -> None:
    rows = region.works(YEAR, MATHS_4).rows
    present = rows[rows["status"] == "scored"].astype({"primary_score": float, "journal_mark": float})
    detached = present[present["school_code"].isin(region.truth.codes(RegionRole.DETACHED))]
    assert detached["primary_score"].corr(detached["journal_mark"]) < 0
    spread = present.groupby("school_code")["primary_score"].std()
    assert spread[region.truth.codes(RegionRole.NARROW)].median() < 0.6 * spread.median()
    is_absent = (rows["status"] == "absent").groupby(rows["school_code"]).mean()
    assert is_absent[region.truth.codes(RegionRole.ABSENTEES)].mean() > is_absent.mean() + 0.1


def test_a_planted_task_is_easier_for_girls_of_equal_ability() -> None:
    planted = PlantedTask(4, "mathematics", 8)
    region = simulate_region(RegionOptions(papers=PAPERS, shares={}, planted_tasks=(planted,)))
    rows = scored(region.works(YEAR, MATHS_4))
    rows = rows.assign(is_solved=rows["task_08"] > 0)
    by_score = rows.pivot_table(index="primary_score", columns="sex", values="is_solved")
    middle = by_score.loc[8:14]
    assert (middle["ж"] - middle["м"]).mean() > 0.05
    assert region.truth.tasks["kind"].unique().tolist() == ["dif_sex"]


def test_a_planted_miskeyed_task_falls_with_ability() -> None:
    planted = PlantedTask(4, "mathematics", 5, "miskeyed")
    region = simulate_region(RegionOptions(papers=PAPERS, shares={}, planted_tasks=(planted,)))
    rows = scored(region.works(YEAR, MATHS_4))
    rest = scores(rows) - rows["task_05"].clip(lower=0)
    assert np.corrcoef(rest, rows["task_05"].clip(lower=0))[0, 1] < -0.1


def test_exams_do_not_know_of_inflation(region: Region) -> None:
    exams = region.exam_results(YEAR).set_index("school_code").loc[region.truth.codes(RegionRole.INFLATED)]
    everyone = region.exam_results(YEAR)
    assert exams["mean_score"].mean() == pytest.approx(everyone["mean_score"].mean(), abs=4)


@pytest.mark.parametrize("options", [{"schools": 5}, {"papers": ((4, "alchemy"),)}, {"school_years": ("1999-2000",)}])
def test_impossible_options_are_refused(options: dict) -> None:
    with pytest.raises(SettingsError):
        RegionOptions(**options)


def test_too_many_planted_schools_are_refused() -> None:
    with pytest.raises(SettingsError, match="Особых школ задано"):
        simulate_region(RegionOptions(schools=20, shares={RegionRole.INFLATED: 0.9}))


def test_an_unknown_work_is_refused(region: Region) -> None:
    with pytest.raises(SettingsError, match="нет работы"):
        region.works("2021-2022", MATHS_4)
