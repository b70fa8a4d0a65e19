"""Links of schools: which pairs, how many, what is said."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oko_pipeline.analysis.links.measures import complete_measures, result_measures
from oko_pipeline.analysis.links.options import link_options
from oko_pipeline.analysis.links.school_links import measure_pairs, school_links
from oko_pipeline.catalogue.tables_items import RESULT_LINKS
from oko_pipeline.errors import ContractError

OPTIONS = link_options("2020-2021")
MATHS, RUSSIAN = "vpr-2021-spring:4:mathematics:base", "vpr-2021-spring:4:russian:base"
CODES = [f"edu99{number:04d}" for number in range(40)]


def measure(name, values, codes=CODES, n=30, **others):
    frame = pd.DataFrame({"unit_code": codes[: len(values)], "measure": name, "value": values, "n": float(n)})
    return frame.assign(**others)


def schools(municipalities=("m1",) * 40):
    return pd.DataFrame({"school_code": CODES, "municipality_code": list(municipalities)})


@pytest.fixture
def two():
    rng = np.random.default_rng(1)
    left = rng.normal(60, 8, 40)
    return left, left + rng.normal(0, 6, 40)


def results(*frames):
    return complete_measures(*(frame.assign(family="results") for frame in frames))


def test_the_correlation_is_that_of_a_library_with_interval_and_numbers(two):
    left, right = two
    frame = school_links(results(measure(MATHS, left), measure(RUSSIAN, right[:36])), schools(), OPTIONS)
    row = frame[frame["unit_level"] == "all"].iloc[0]
    assert row["estimate"] == pytest.approx(stats.spearmanr(left[:36], right[:36]).statistic)
    assert row["estimate_low"] < row["estimate"] < row["estimate_high"]
    assert (row["observations_count"], row["missing_count"]) == (36, 4)
    assert row["strength"] == "strong"
    assert row["statement_ru"].endswith("ОО с обоими показателями: 36. Только один из показателей известен: 4.")
    assert row["left_title_ru"] == MATHS


def test_no_link_is_told_as_not_shown():
    rng = np.random.default_rng(2)
    frame = school_links(
        results(measure(MATHS, rng.normal(size=40)), measure(RUSSIAN, rng.normal(size=40))), schools(), OPTIONS
    )
    assert frame["strength"].to_list()[0] == "not_shown"
    assert frame["statement_ru"].iloc[0].startswith("Связь не показана: ρ = ")


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_schools_have_no_value_but_a_statement(two, count):
    left, right = two
    frame = school_links(results(measure(MATHS, left), measure(RUSSIAN, right[:count])), schools(), OPTIONS)
    assert len(frame) == (1 if count else 0)
    if count:
        row = frame.iloc[0]
        assert np.isnan(row["estimate"])
        assert row["strength"] == "too_few"
        assert row["statement_ru"].startswith("Данных мало, о связи судить нельзя.")


def test_equal_values_have_no_correlation():
    frame = school_links(results(measure(MATHS, [50.0] * 40), measure(RUSSIAN, np.arange(40.0))), schools(), OPTIONS)
    assert frame["strength"].iloc[0] == "too_few"


def test_values_of_few_pupils_count_as_unknown(two):
    left, right = two
    few = measure(RUSSIAN, right).assign(n=[9.0] * 15 + [30.0] * 25)
    frame = school_links(results(measure(MATHS, left), few), schools(), OPTIONS)
    assert frame["observations_count"].iloc[0] == 25
    assert frame["missing_count"].iloc[0] == 15


def test_large_municipalities_have_rows_of_their_own(two):
    left, right = two
    frame = school_links(
        results(measure(MATHS, left), measure(RUSSIAN, right)), schools(["m1"] * 30 + ["m2"] * 5 + ["m3"] * 5), OPTIONS
    )
    assert frame[["unit_level", "unit_code"]].to_numpy().tolist() == [["all", "all"], ["municipality", "m1"]]
    own = frame[frame["unit_level"] == "municipality"].iloc[0]
    assert own["estimate"] == pytest.approx(stats.spearmanr(left[:30], right[:30]).statistic)


def test_only_pairs_that_mean_something_are_asked_about():
    grade_5 = "vpr-2021-spring:5:mathematics:base"
    other = "vpr-2021-spring:6:history:base"
    frame = results(*(measure(name, [1.0]) for name in (MATHS, RUSSIAN, grade_5, other, "vpr-2021-spring")))
    frame = complete_measures(
        frame,
        measure("exam:oge:mathematics", [4.0]),
        measure("attendance:missed_share", [0.1]),
    )
    pairs = {frozenset(pair) for pair in measure_pairs(frame)}
    assert pairs == {
        frozenset({MATHS, RUSSIAN}),
        frozenset({MATHS, grade_5}),
        frozenset({MATHS, "exam:oge:mathematics"}),
        frozenset({grade_5, "exam:oge:mathematics"}),
        frozenset({"vpr-2021-spring", "attendance:missed_share"}),
    }


def test_a_condition_without_pupils_behind_it_is_known_as_it_is(two):
    left, right = two
    conditions = measure("condition:pupils_log", right, n=np.nan)
    frame = school_links(
        complete_measures(measure("vpr-2021-spring", left, family="results"), conditions), schools(), OPTIONS
    )
    assert frame["observations_count"].iloc[0] == 40


def test_no_measures_have_no_links():
    assert school_links(complete_measures(), schools(), OPTIONS).equals(RESULT_LINKS.empty())


def test_a_measure_given_twice_or_without_columns_is_refused():
    with pytest.raises(ContractError, match="дважды"):
        complete_measures(measure("exam:oge:mathematics", [1.0]), measure("exam:oge:mathematics", [2.0]))
    with pytest.raises(ContractError, match="нет столбцов"):
        complete_measures(measure("a:b", [1.0]).drop(columns="n"))


def test_the_campaign_mean_weighs_deviations_by_participants():
    rows = [
        ("all", "all", MATHS, 60.0, 50),
        ("all", "all", RUSSIAN, 70.0, 50),
        ("school", "edu990001", MATHS, 66.0, 10),
        ("school", "edu990001", RUSSIAN, 67.0, 30),
        ("school", "edu990002", MATHS, 50.0, 40),
    ]
    summary = pd.DataFrame(
        rows, columns=["unit_level", "unit_code", "assessment_id", "mean_percent", "participants_count"]
    ).assign(subgroup="all")
    made = result_measures(summary).set_index(["measure", "unit_code"])
    # (6·10 − 3·30) / 40
    assert made.loc[("vpr-2021-spring", "edu990001"), "value"] == pytest.approx(-0.75)
    assert made.loc[("vpr-2021-spring", "edu990002"), "value"] == pytest.approx(-10)
    assert made.loc[(MATHS, "edu990001"), "title_ru"] == "математика, 4 класс, весна 2021"
    assert made.loc[("vpr-2021-spring", "edu990001"), "title_ru"] == "все работы, весна 2021"
