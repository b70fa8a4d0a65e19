import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.errors import ContractError

PAPER = "vpr-20{}-spring:4:mathematics:base"
SCHOOL = "edu990001"
YEAR = "2024-2025"


def scores(twos, rest):
    return [3] * twos + [12] * rest


def spread(mean, n=24, width=3):
    return np.round(mean + width * stats.norm.ppf((np.arange(n) + 0.5) / n)).clip(0, 20)


def test_three_years_are_pooled_three_to_two_to_one(years, one_row):
    for year, twos in ((23, 14), (24, 12), (25, 10)):
        years.work(PAPER.format(year), {SCHOOL: scores(twos, 20 - twos)})
    found = one_row(years.tables(YEAR).result_multiyear, unit_level="school", indicator_code="mark_2_share")
    assert found.pooled_value == pytest.approx((3 * 10 + 2 * 12 + 14) / 120)
    assert found.effective_n == pytest.approx(120**2 / 280)
    assert (found.points_count, found.n_count, found.first_school_year) == (3, 60, "2022-2023")
    assert found.pooled_low < found.pooled_value < found.pooled_high


def test_weights_are_a_setting(years, one_row):
    for year, twos in ((24, 5), (25, 10)):
        years.work(PAPER.format(year), {SCHOOL: scores(twos, 20 - twos)})
    made = years.tables(YEAR, dynamics__pooling__pooling_weights=(1.0, 1.0))
    found = one_row(made.result_multiyear, unit_level="school", indicator_code="mark_2_share")
    assert found.pooled_value == pytest.approx(15 / 40)


def test_a_year_across_a_break_is_not_pooled(years, one_row):
    years.work(PAPER.format(24), {SCHOOL: scores(20, 0)}, maximum=25).work(PAPER.format(25), {SCHOOL: scores(5, 15)})
    found = one_row(years.tables(YEAR).result_multiyear, unit_level="school", indicator_code="mark_2_share")
    assert found.pooled_value == pytest.approx(0.25)
    assert found.points_count == 1
    assert not found.is_comparable


def test_a_small_school_is_drawn_to_its_group_more_than_a_large_one(years):
    schools = {f"edu99{number:04d}": scores(2 + number % 6, 18 - number % 6) for number in range(24)}
    schools |= {"edu990100": scores(6, 0), "edu990101": scores(100, 0)}
    years.groups = dict.fromkeys(schools, "city")
    made = years.work(PAPER.format(25), schools).tables(YEAR).result_multiyear
    found = made[(made.indicator_code == "mark_2_share") & (made.unit_level == "school")].set_index("unit_code")
    assert found.own_weight["edu990100"] < found.own_weight["edu990101"]
    assert found.shrunk_value["edu990100"] < found.shrunk_value["edu990101"] < 1
    assert (found.group_code == "city").all()
    assert found.shrunk_low["edu990100"] < found.shrunk_value["edu990100"] < found.shrunk_high["edu990100"]


def test_a_small_group_gives_way_to_all_schools(years):
    schools = {f"edu99{number:04d}": spread(7 + number % 5) for number in range(14)}
    years.groups = {code: "rare" if place < 3 else "usual" for place, code in enumerate(schools)}
    made = years.work(PAPER.format(25), schools).tables(YEAR).result_multiyear
    found = made[(made.indicator_code == "mean_percent") & (made.unit_level == "school")].set_index("unit_code")
    assert found.group_code["edu990000"] == "all"
    assert found.group_schools_count["edu990000"] == 14
    assert found.group_code["edu990005"] == "usual"
    assert found.group_schools_count["edu990005"] == 11


def test_a_school_apart_is_drawn_nowhere_and_draws_nobody(years):
    schools = {f"edu99{number:04d}": scores(3 + number % 6, 17 - number % 6) for number in range(12)}
    years.work(PAPER.format(25), schools | {"ksh990001": scores(15, 3)})
    *frames, _ = years.frames()
    groups = pd.DataFrame({"school_code": ["ksh990001"], "group_code": [None], "is_excluded": [True]})
    with_it, apart = (
        dynamics_tables(*frames, known, DynamicsOptions.of_year(YEAR)).result_multiyear
        for known in (groups.iloc[:0], groups)
    )
    own = apart[(apart.unit_code == "ksh990001") & (apart.indicator_code == "mark_2_share")].iloc[0]
    assert own.pooled_value == pytest.approx(15 / 18)
    assert np.isnan(own.shrunk_value)
    assert (own[["group_code", "own_weight"]].isna()).all()
    other = [
        frame[(frame.unit_code == "edu990001") & (frame.indicator_code == "mark_2_share")].iloc[0]
        for frame in (with_it, apart)
    ]
    assert other[1].group_value < other[0].group_value
    assert other[1].group_schools_count == 12


@pytest.mark.parametrize("indicator", ["mark_2_share", "mean_percent"])
def test_units_above_the_school_have_no_weight_of_their_own(years, indicator):
    schools = {f"edu99{number:04d}": scores(3 + number % 6, 17 - number % 6) for number in range(12)}
    made = years.work(PAPER.format(25), schools).tables(YEAR).result_multiyear
    found = made[made.indicator_code == indicator].set_index("unit_level")
    assert found.loc[["all", "municipality"], "own_weight"].isna().all()
    assert found.loc["school", "own_weight"].between(0, 1).all()


def test_a_steady_growth_is_a_trend_and_chance_is_none(years):
    for place, year in enumerate((23, 24, 25)):
        schools = {f"edu99{number:04d}": spread(10, 30) for number in range(20)}
        years.work(PAPER.format(year), schools | {SCHOOL: spread(6 + 3 * place, 30)})
    made = years.tables(YEAR).result_multiyear
    found = made[(made.indicator_code == "mean_percent") & (made.unit_level == "school")].set_index("unit_code")
    assert found.verdict[SCHOOL] == "better"
    assert found.trend_per_year[SCHOOL] == pytest.approx(15, abs=0.3)
    others = found.drop(SCHOOL)
    assert set(others.verdict) == {"no_evidence"}
    assert others.trend_per_year.to_numpy() == pytest.approx(0)


def test_two_points_make_no_trend(years, one_row):
    for year in (24, 25):
        years.work(PAPER.format(year), {SCHOOL: spread(4 * (year - 23), 30)})
    found = one_row(years.tables(YEAR).result_multiyear, unit_level="school", indicator_code="mean_percent")
    assert found.trend_points_count == 2
    assert np.isnan(found.trend_per_year)
    assert found.verdict is None or found.verdict != found.verdict


def test_a_school_in_two_groups_is_refused(years):
    summaries, assessments, tasks, schools, groups = years.work(PAPER.format(25), {SCHOOL: spread(9)}).frames()
    groups = groups.reindex([0, 0]).assign(school_code=SCHOOL, group_code=["a", "b"])
    with pytest.raises(ContractError, match="в двух группах"):
        dynamics_tables(summaries, assessments, tasks, schools, groups, DynamicsOptions.of_year(YEAR))


def test_repeated_rows_are_refused(years):
    years.work(PAPER.format(25), {SCHOOL: spread(9)}).work(PAPER.format(25), {SCHOOL: spread(9)})
    with pytest.raises(ContractError, match="повторяются"):
        years.tables(YEAR)
