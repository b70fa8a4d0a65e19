"""Tables about tasks: against a plain recomputation of a simulated region, and on works built by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from oko_pipeline.analysis.items.item_tables import analyse_items
from oko_pipeline.analysis.items.options import item_options
from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.catalogue.tables_items import TASK_DIF, TASK_QUALITY, TEST_RELIABILITY
from oko_pipeline.sample.region import PlantedTask, RegionOptions, simulate_region

YEAR = "2020-2021"
ID = "vpr-2021-spring:4:mathematics:base"
SCHOOLS = {"edu990001": ("reg99_m101", "99"), "edu990002": ("reg99_m102", "99")}
OPTIONS = item_options(YEAR)
X, NOT_TAUGHT, BLANK = -1, -2, -3


@pytest.fixture(scope="module")
def region():
    planted = (PlantedTask(4, "mathematics", 8), PlantedTask(4, "mathematics", 3, "miskeyed"))
    options = RegionOptions(
        schools=120, papers=((4, "mathematics"),), school_years=(YEAR,), planted_tasks=planted, seed=7
    )
    return simulate_region(options)


@pytest.fixture(scope="module")
def made(region):
    row = region.assessments.set_index("assessment_id").loc[ID]
    scale = ScaleBounds(*(int(row[name]) for name in ("minimum_3", "minimum_4", "minimum_5", "maximum_score")))
    works = region.works(YEAR, ID)
    return works, scale, analyse_items(works, scale, scale.maximum_score, region.tasks, region.schools, OPTIONS)


def complete_scores(works, school=None):
    rows = works.rows[works.rows["status"] == "scored"]
    if school is not None:
        rows = rows[rows["school_code"] == school]
    scores = rows[works.task_columns].to_numpy(dtype=int)
    is_complete = ((scores >= 0) | (scores == X)).all(axis=1)
    return rows[is_complete], scores[is_complete]


def units(frame):
    return [
        code for level, code in frame[["unit_level", "unit_code"]].drop_duplicates().to_numpy() if level == "school"
    ]


def test_every_school_has_the_values_of_a_plain_recomputation(made):
    works, _, tables = made
    for school in [None, *units(tables.test_reliability)[:8]]:
        _, scores = complete_scores(works, school)
        plain = np.maximum(scores, 0)
        own = tables.task_quality[tables.task_quality["unit_code"] == (school or "all")].sort_values("position")
        line = tables.test_reliability.set_index("unit_code").loc[school or "all"]
        covariance = np.cov(plain.T)
        k = plain.shape[1]
        assert line["works_count"] == len(plain)
        assert line["alpha"] == pytest.approx(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))
        assert line["sd_score"] == pytest.approx(plain.sum(axis=1).std(ddof=1))
        for place in range(k):
            rest = np.delete(plain, place, axis=1)
            cell = own.iloc[place]
            if plain[:, place].std() > 0:
                expected = np.corrcoef(plain[:, place], rest.sum(axis=1))[0, 1]
                assert cell["discrimination"] == pytest.approx(expected, abs=1e-9)
            else:
                assert np.isnan(cell["discrimination"])
            inner = np.cov(rest.T)
            deleted = (k - 1) / (k - 2) * (1 - np.trace(inner) / inner.sum())
            assert cell["alpha_if_deleted"] == pytest.approx(deleted)
            assert cell["not_reached_share"] == pytest.approx((scores[:, place:] == X).all(axis=1).mean())


def test_mark_groups_have_the_values_of_a_plain_recomputation(made):
    works, scale, tables = made
    rows, scores = complete_scores(works)
    total = rows["primary_score"].to_numpy(dtype=int)
    mark = np.searchsorted([scale.minimum_3, scale.minimum_4, scale.minimum_5], total, side="right") + 2
    mark[total > scale.maximum_score] = 0
    own = tables.task_quality[tables.task_quality["unit_level"] == "all"].sort_values("position")
    maxima = scores.max(axis=0)
    for value in (2, 3, 4, 5):
        group = np.maximum(scores[mark == value], 0)
        assert own[f"mark_{value}_count"].iloc[0] == len(group)
        assert own[f"mark_{value}_solved_share"].to_numpy() == pytest.approx(group.mean(axis=0) / maxima)
        assert (own[f"mark_{value}_solved_low"] <= own[f"mark_{value}_solved_share"]).all()
        assert (own[f"mark_{value}_solved_high"] >= own[f"mark_{value}_solved_share"]).all()


def test_units_are_all_and_those_with_enough_works(made):
    _, _, tables = made
    reliability = tables.test_reliability
    below = reliability[reliability["unit_level"] != "all"]
    assert (below["works_count"] >= OPTIONS.quality.minimum_works).all()
    assert set(reliability["unit_level"]) == {"all", "region", "municipality", "school"}
    # The counts of schools, large or not, are those of all: here the whole and its municipalities agree.
    whole = reliability.set_index("unit_level").loc["all", "works_count"]
    assert whole == reliability.set_index("unit_level").loc["region", "works_count"]


def test_planted_faults_are_found_and_nothing_else(made):
    _, _, tables = made
    quality = tables.task_quality[tables.task_quality["unit_level"] == "all"].set_index("position")
    assert quality["is_possibly_miskeyed"].loc[3]
    assert not quality["is_possibly_miskeyed"].drop(3).any()
    dif = tables.task_dif[(tables.task_dif["unit_level"] == "all") & (tables.task_dif["grouping"] == "sex")]
    found = dif.set_index("position")
    assert found.loc[8, "is_dif"]
    assert found.loc[8, "effect"] > 0
    assert found.loc[8, "effect_low"] < found.loc[8, "effect"] < found.loc[8, "effect_high"]
    assert not found["is_dif"].drop(8).any()
    assert (found["purified_tasks"] == str(found.loc[8, "task_code"])).all()


def test_dif_of_a_municipality_is_that_of_a_library_on_its_works_alone(made, region):
    works, _, tables = made
    dif = tables.task_dif[(tables.task_dif["unit_level"] == "municipality") & (tables.task_dif["grouping"] == "sex")]
    assert len(dif)
    code = dif["unit_code"].iloc[0]
    own_schools = region.schools.loc[region.schools["municipality_code"] == code, "school_code"]
    rows, scores = complete_scores(works)
    is_own = rows["school_code"].isin(own_schools).to_numpy()
    sex, scores = rows["sex"].to_numpy(dtype=object)[is_own], np.maximum(scores[is_own], 0)
    line = dif[(dif["unit_code"] == code) & (dif["position"] == 1)].iloc[0]
    assert (line["statistic"], line["purified_tasks"]) == ("mh_delta", "6.2")
    # The eighth task (6.2 by its number) is of class C, so the others are matched without it.
    criterion = scores.sum(axis=1) - scores[:, 7]
    strata = [
        [[((sex == one) & (criterion == value) & (scores[:, 0] == right)).sum() for right in (1, 0)] for one in "мж"]
        for value in np.unique(criterion)
    ]
    strata = [table for table in strata if sum(table[0]) and sum(table[1])]
    table = StratifiedTable([np.array(one, dtype=float) for one in strata])
    assert line["effect"] == pytest.approx(-2.35 * np.log(table.oddsratio_pooled))
    assert line["effect_high"] - line["effect"] == pytest.approx(1.959964 * 2.35 * table.logodds_pooled_se, rel=1e-6)
    tested = table.test_null_odds(correction=True)
    assert line["p_value"] == pytest.approx(tested.pvalue)
    assert line["reference_count"] == sum(sum(one[0]) for one in strata)
    assert line["focal_count"] == sum(sum(one[1]) for one in strata)


@pytest.fixture
def analyse(make_works, make_tasks, make_schools):
    def run(pupils, tasks, scale=None, options=OPTIONS):
        works = make_works(pupils, len(tasks))
        return analyse_items(works, scale, None, make_tasks(*tasks), make_schools(SCHOOLS), options)

    return run


def pupils_of(scores, **columns):
    return [
        {"tasks": tuple(row), "score": int(np.maximum(row, 0).sum()), "sex": "мж"[n % 2], **columns}
        for n, row in enumerate(np.asarray(scores))
    ]


def test_no_works_make_empty_tables(analyse):
    tables = analyse([], [{}, {}])
    assert tables.task_quality.equals(TASK_QUALITY.empty())
    assert tables.test_reliability.equals(TEST_RELIABILITY.empty())
    assert tables.task_dif.equals(TASK_DIF.empty())


@pytest.mark.parametrize("scores", [[(1, 0)], [(1, 1)] * 40, [(X, X)] * 40, [(NOT_TAUGHT, 1)] * 40])
def test_works_that_say_nothing_have_no_values_and_no_flags(analyse, scores):
    tables = analyse(pupils_of(scores), [{}, {}])
    own = tables.task_quality[tables.task_quality["unit_level"] == "all"]
    assert own[["discrimination", "discrimination_low", "alpha_if_deleted"]].isna().all(axis=None)
    assert own[["is_weak", "is_possibly_miskeyed", "is_crossing"]].isna().all(axis=None)
    line = tables.test_reliability.iloc[0]
    assert np.isnan(line["alpha"])
    assert np.isnan(line["alpha_low"])


def test_only_absentees_make_a_line_of_nothing(analyse):
    tables = analyse([{"status": "absent", "score": None}] * 3, [{}, {}, {}])
    assert tables.test_reliability["works_count"].to_list() == [0]
    assert tables.task_dif.empty


def test_a_work_with_a_gap_is_left_out_but_not_attempted_is_zero(analyse):
    rng = np.random.default_rng(5)
    scores = (rng.random((60, 4)) < 0.5).astype(int)
    scores[0, 1], scores[1, 2], scores[2, 3] = NOT_TAUGHT, BLANK, X
    tables = analyse(pupils_of(scores), [{}] * 4)
    line = tables.test_reliability.set_index("unit_level").loc["all"]
    assert (line["works_count"], line["scored_count"]) == (58, 60)
    assert line["mean_score"] == pytest.approx(np.maximum(scores[2:], 0).sum(axis=1).mean())
    # One of the 58 stopped before the last task.
    assert tables.task_quality.set_index("position")["not_reached_share"].loc[4].iloc[0] == pytest.approx(1 / 58)


def test_a_task_that_most_were_not_taught_is_left_out_with_a_word(analyse):
    rng = np.random.default_rng(6)
    scores = (rng.random((60, 4)) < 0.5).astype(int)
    scores[:40, 1] = NOT_TAUGHT
    tables = analyse(pupils_of(scores), [{}] * 4)
    line = tables.test_reliability.iloc[0]
    assert (line["works_count"], line["tasks_count"], line["left_out_tasks"]) == (60, 3, "2")
    assert set(tables.task_quality["position"]) == {1, 3, 4}


def test_without_marks_nothing_is_said_of_mark_groups(analyse):
    rng = np.random.default_rng(7)
    tables = analyse(pupils_of((rng.random((80, 4)) < 0.5).astype(int)), [{}] * 4)
    assert tables.task_quality[["mark_2_count", "mark_5_solved_share", "crossing_gap"]].isna().all(axis=None)


def test_a_small_mark_group_is_not_shown_and_is_passed_over(analyse):
    low, middle, high = [(0, 0, 0, 1, 0, 0)] * 30, [(1, 1, 0, 0, 0, 0)] * 4, [(1, 1, 1, 0, 1, 1)] * 30
    tables = analyse(pupils_of([*low, *middle, *high]), [{}] * 6, ScaleBounds(2, 3, 4, 6))
    own = tables.task_quality[tables.task_quality["unit_level"] == "all"].set_index("position")
    assert own.loc[4, ["mark_2_count", "mark_3_count", "mark_5_count"]].to_list() == [30, 4, 30]
    assert own["mark_3_solved_share"].isna().all()
    assert own.loc[4, ["crossing_gap", "crossing_marks", "is_crossing"]].to_list() == [1.0, "2>5", True]
    assert own.loc[2, "crossing_gap"] == 0
    assert not own.loc[2, "is_crossing"]
    assert own["crossing_marks"].drop(4).isna().all()


def test_a_useless_task_is_weak_and_a_reversed_one_possibly_miskeyed(analyse):
    rng = np.random.default_rng(9)
    ability = rng.normal(size=(900, 1))
    scores = (ability + rng.normal(size=(900, 8)) > 0).astype(int)
    scores[:, 2] = rng.random(900) < 0.5
    scores[:, 5] = 1 - scores[:, 5]
    own = analyse(pupils_of(scores), [{}] * 8).task_quality
    own = own[own["unit_level"] == "all"].set_index("position")
    assert own.index[own["is_weak"].astype(bool)].to_list() == [3, 6]
    assert own.index[own["is_possibly_miskeyed"].astype(bool)].to_list() == [6]


def test_few_works_call_no_task_weak_or_crossing(analyse):
    # Task 3 goes with the others in half of the pairs of works: its correlation is near 0, but forty works are few.
    rest = [(1, 1), (1, 1), (0, 0), (0, 0)] * 10
    scores = [(*pair, (number // 2) % 2 if number % 2 else pair[0]) for number, pair in enumerate(rest)]
    own = analyse(pupils_of(scores), [{}] * 3).task_quality
    cell = own[(own["unit_level"] == "school") & (own["position"] == 3)].iloc[0]
    assert cell["discrimination"] < 0.2 < cell["discrimination_high"]
    assert not cell["is_weak"]
    # Six of ten with «2» and five of ten with «3» solved task 1: a fall, and no proof of one.
    lower = [(1, 0, 0)] * 6 + [(0, 1, 0)] * 4
    higher = [(1, 1, 0)] * 5 + [(0, 1, 1)] * 5
    own = analyse(pupils_of([*lower, *higher]), [{}] * 3, ScaleBounds(2, 3, 4, 5)).task_quality
    cell = own[(own["unit_level"] == "all") & (own["position"] == 1)].iloc[0]
    assert cell["crossing_gap"] == pytest.approx(0.1)
    assert cell["crossing_marks"] == "2>3"
    assert not cell["is_crossing"]


@pytest.mark.parametrize(("count", "is_told"), [(29, False), (30, True)])
def test_too_few_works_tell_nothing_of_tasks_even_of_all_schools(analyse, count, is_told):
    scores = (np.random.default_rng(4).random((count, 4)) < 0.5).astype(int)
    tables = analyse(pupils_of(scores), [{}] * 4)
    whole = tables.test_reliability.set_index("unit_level").loc["all"]
    assert whole["works_count"] == count
    assert whole[["alpha", "alpha_low", "sem_score"]].notna().all() == is_told
    own = tables.task_quality[tables.task_quality["unit_level"] == "all"]
    assert own[["discrimination", "alpha_if_deleted", "upper_lower_index"]].notna().all(axis=None) == is_told
    assert own["is_weak"].notna().all() == is_told


def test_groups_too_small_are_not_compared(analyse):
    rng = np.random.default_rng(10)
    tables = analyse(pupils_of((rng.random((150, 4)) < 0.5).astype(int)), [{}] * 4)
    assert tables.task_dif.empty


def test_the_largest_variant_is_the_reference_and_unknown_groups_take_no_part(make_works, make_tasks, make_schools):
    rng = np.random.default_rng(11)
    pupils = pupils_of((rng.random((700, 5)) < 0.5).astype(int))
    works = make_works(pupils, 5)
    variant = np.array(["2"] * 400 + ["1"] * 250 + ["3"] * 50, dtype=object)
    rows = works.rows.assign(variant=pd.array(variant, dtype="str"), sex=pd.array([None] * 700, dtype="str"))
    tables = analyse_items(
        type(works)(works.key, rows, works.tasks), None, None, make_tasks(*[{}] * 5), make_schools(SCHOOLS), OPTIONS
    )
    pairs = tables.task_dif[["grouping", "reference_group", "focal_group"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["variant", "2", "1"]]
