import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables

M4_23, M4_24 = "vpr-2023-spring:4:mathematics:base", "vpr-2024-spring:4:mathematics:base"
M5_24 = "vpr-2024-spring:5:mathematics:base"
YEAR = "2023-2024"
SCHOOL = "edu990001"


def scores(twos, rest):
    return [3] * twos + [12] * rest


def spread(mean, n=24, width=3):
    return np.round(mean + width * stats.norm.ppf((np.arange(n) + 0.5) / n)).clip(0, 20)


def test_a_share_changes_with_the_published_newcombe_interval(years, one_row):
    # Newcombe 1998, table II: 56/70 against 48/80 is 0.0524 … 0.3339.
    made = years.work(M4_23, {SCHOOL: scores(32, 48)}).work(M4_24, {SCHOOL: scores(14, 56)}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="school", indicator_code="base_level_share")
    assert (found.change_value, found.change_low, found.change_high) == pytest.approx((0.2, 0.0524, 0.3339), abs=6e-5)
    assert (found.previous_assessment_id, found.previous_n, found.n_count) == (M4_23, 80, 70)
    assert found.verdict == "better"
    assert found.is_comparable


def test_fewer_twos_are_better_and_more_are_worse(years, one_row):
    made = years.work(M4_23, {SCHOOL: scores(32, 48)}).work(M4_24, {SCHOOL: scores(14, 56)}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="school", indicator_code="mark_2_share")
    assert found.change_value == pytest.approx(-0.2)
    assert found.verdict == "better"
    later = years.work("vpr-2025-spring:4:mathematics:base", {SCHOOL: scores(40, 30)}).tables("2024-2025")
    found = one_row(later.result_dynamics, view="grade", unit_level="school", indicator_code="mark_2_share")
    assert found.verdict == "worse"


def test_the_mean_percent_changes_as_by_welch(years, one_row):
    before, after = spread(9, 30), spread(11, 25, 4)
    made = years.work(M4_23, {SCHOOL: before}).work(M4_24, {SCHOOL: after}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="school", indicator_code="mean_percent")
    theirs = stats.ttest_ind(after, before, equal_var=False)
    interval = theirs.confidence_interval()
    assert (found.change_low, found.change_high) == pytest.approx((interval.low * 5, interval.high * 5))
    assert found.p_value == pytest.approx(theirs.pvalue)


def test_no_raw_change_across_another_maximum_but_the_position_goes_on(years, one_row):
    schools = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    made = years.work(M4_23, schools).work(M4_24, schools, maximum=25).tables(YEAR)
    points = made.result_dynamics[(made.result_dynamics.view == "grade") & (made.result_dynamics.unit_code == SCHOOL)]
    by_code = points.set_index("indicator_code")
    for code in ("mean_percent", "mark_2_share", "journal_same_share"):
        if code in by_code.index:
            assert by_code.change_value.isna()[code]
            assert not by_code.is_comparable[code]
            assert "20 б. → 25 б." in by_code.break_ru[code]
            assert by_code.verdict.isna()[code]
    assert by_code.is_comparable["relative_position"]
    assert by_code.change_value["relative_position"] == pytest.approx(0, abs=1e-12)
    found = one_row(made.series_breaks, view="grade", assessment_id=M4_24, kind="maximum")
    assert (found.breaks_percent, found.breaks_marks, found.breaks_position) == (True, True, False)


def test_another_scale_breaks_marks_and_not_the_percent(years):
    made = years.work(M4_23, {SCHOOL: spread(9)}).work(M4_24, {SCHOOL: spread(9)}, scale=(7, 10, 15)).tables(YEAR)
    points = made.result_dynamics[made.result_dynamics.unit_level == "school"].query("view == 'grade'")
    by_code = points.set_index("indicator_code")
    assert by_code.is_comparable["mean_percent"]
    assert not by_code.is_comparable["base_level_share"]
    assert "«3» с 6" in by_code.break_ru["base_level_share"]
    assert made.series_breaks["kind"].to_list() == ["scale"]


@pytest.mark.parametrize(
    ("before", "after", "is_break"),
    [
        ([(1, "header", "Б"), (2, "header", "П")], [(1, "header", "Б"), (2, "header", "П")], False),
        ([(1, "header", "Б"), (2, "header", "П")], [(1, "header", "Б"), (3, "header", "П")], True),
        ([(1, "header", "Б"), (2, "header", "П")], [(1, "header", "Б"), (2, "header", "В")], True),
        ([(1, "header", "Б")], [(1, "header", "Б"), (1, "header", "Б")], True),
        # The highest score seen says nothing of the maximum, a task without a description nothing of its level.
        ([(1, "observed", None)], [(3, "header", "Б")], False),
    ],
)
def test_other_tasks_break_a_series_where_they_are_known(years, before, after, is_break):
    years.work(M4_23, {SCHOOL: spread(9)}, tasks=before).work(M4_24, {SCHOOL: spread(9)}, tasks=after)
    made = years.tables(YEAR)
    assert ("tasks" in made.series_breaks["kind"].to_list()) == is_break


def test_the_autumn_paper_and_the_spring_paper_of_a_year_are_one_cohort(years, one_row):
    schools = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    autumn, spring = "vpr-2020-autumn:4:mathematics:base", "vpr-2021-spring:5:mathematics:base"
    better = schools | {SCHOOL: spread(12)}
    same_paper = "vpr-2021-spring:4:mathematics:base"
    made = years.work(autumn, schools).work(spring, better).work(same_paper, schools).tables("2020-2021")
    found = one_row(made.result_dynamics, view="cohort", unit_code=SCHOOL, assessment_id=spring)
    assert found.previous_assessment_id == autumn
    assert found.series_code == "vpr:entry-2016:mathematics:base"
    assert found.change_value > 0.5
    assert found.verdict == "better"
    by_grade = made.result_dynamics.query("view == 'grade' and assessment_id == @same_paper")
    assert by_grade.change_value.isna().all()
    assert by_grade[by_grade.indicator_code == "mean_percent"].break_ru.str.contains("работы за предыдущий класс").all()
    assert not by_grade.break_ru.str.contains("vpr-", na=False).any(), "a campaign is told in words"


def test_the_same_children_are_followed_into_the_next_grade_and_year(years, one_row):
    schools = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    made = years.work(M4_23, schools).work(M5_24, schools, maximum=16).tables(YEAR)
    cohort = made.result_dynamics[made.result_dynamics.view == "cohort"]
    found = one_row(cohort, unit_code=SCHOOL, assessment_id=M5_24)
    assert found.previous_assessment_id == M4_23
    assert found.change_value == pytest.approx(0, abs=1e-12)
    # Raw figures of different papers are never compared.
    assert set(cohort["indicator_code"]) == {"relative_position"}
    by_grade = made.result_dynamics.query("view == 'grade'")
    assert by_grade.previous_assessment_id.isna().all()


def test_a_position_does_not_change_because_other_schools_left(years, one_row):
    stay = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    gone = {f"edu99100{number}": spread(16) for number in range(6)}
    made = years.work(M4_23, stay | gone).work(M5_24, stay).tables(YEAR)
    found = one_row(made.result_dynamics, view="cohort", unit_code=SCHOOL, assessment_id=M5_24)
    assert found.change_value == pytest.approx(0, abs=1e-12)
    assert found.value > found.previous_value + 0.3


def test_a_position_does_not_change_because_other_schools_came(years, one_row):
    stay = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    new = {f"edu99100{number}": spread(16) for number in range(6)}
    made = years.work(M4_23, stay).work(M5_24, stay | new).tables(YEAR)
    found = one_row(made.result_dynamics, view="cohort", unit_code=SCHOOL, assessment_id=M5_24)
    assert found.change_value == pytest.approx(0, abs=1e-12)
    assert found.value < found.previous_value - 0.3


def test_other_numbers_of_pupils_are_not_the_same_children(years, one_row):
    schools = {f"edu99000{number}": spread(8 + number / 2) for number in range(6)}
    made = years.work(M4_23, schools).work(M5_24, schools | {SCHOOL: spread(12, 50)}).tables(YEAR)
    found = one_row(made.result_dynamics, view="cohort", unit_code=SCHOOL, assessment_id=M5_24)
    assert not found.is_comparable
    assert "не те же дети" in found.break_ru


def test_the_comparison_passes_over_a_campaign_of_another_kind(years, one_row):
    years.work("vpr-2022-spring:4:mathematics:base", {SCHOOL: spread(9)})
    years.work("vpr-2022-autumn:4:mathematics:base", {SCHOOL: spread(14)})
    made = years.work(M4_23, {SCHOOL: spread(9)}).tables("2022-2023")
    found = one_row(
        made.result_dynamics, view="grade", unit_level="school", indicator_code="mean_percent", assessment_id=M4_23
    )
    assert found.previous_assessment_id == "vpr-2022-spring:4:mathematics:base"
    assert found.change_value == pytest.approx(0)
    assert "другой вид кампании" in found.break_ru


def test_few_pupils_give_no_verdict_and_no_p_value(years, one_row):
    made = years.work(M4_23, {SCHOOL: spread(4, 9)}).work(M4_24, {SCHOOL: spread(16, 40)}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="school", indicator_code="mean_percent")
    assert found.verdict == "insufficient"
    assert np.isnan(found.p_value)
    assert found.change_low > 0


@pytest.mark.parametrize("pupils", [[12], [12] * 15])
def test_a_school_whose_pupils_do_not_differ_has_no_interval(years, one_row, pupils):
    made = years.work(M4_23, {SCHOOL: pupils}).work(M4_24, {SCHOOL: pupils}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="school", indicator_code="mean_percent")
    assert np.isnan(found.change_low)
    assert found.verdict == "insufficient"


def test_a_school_without_pupils_has_no_point(years):
    made = years.work(M4_24, {SCHOOL: [], "edu990002": spread(9)}).tables(YEAR)
    assert SCHOOL not in set(made.result_dynamics["unit_code"])
    assert (made.result_dynamics.query("unit_level == 'all'")["schools_count"] == 1).all()


def test_a_school_that_was_not_there_is_told(years, one_row):
    made = years.work(M4_23, {"edu990002": spread(9)}).work(M4_24, {SCHOOL: spread(9)}).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_code=SCHOOL, indicator_code="mean_percent")
    assert not found.is_comparable
    assert found.break_ru == "В предыдущей работе ряда этой единицы не было."


def test_units_above_are_made_of_pupils_and_their_change_of_schools(years, one_row):
    before = {f"edu99000{number}": spread(8 + number / 2, 20 + number) for number in range(8)}
    after = {code: own + 1 for code, own in before.items()}
    made = years.work(M4_23, before).work(M4_24, after).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="municipality", indicator_code="mean_percent")
    assert found.value == pytest.approx(np.concatenate(list(after.values())).mean() * 5)
    assert found.schools_count == 8
    # Every school moved by the same point: the municipality's change is certain though its schools differ much.
    assert found.change_value == pytest.approx(5)
    assert found.change_high - found.change_low < 0.2
    assert found.verdict == "better"


def test_schools_that_moved_apart_leave_a_municipality_without_evidence(years, one_row):
    before = {f"edu99000{number}": spread(10, 60) for number in range(8)}
    shifts = (6, -4, 6, -4, 6, -4, 4, -4)
    after = {code: own + shift for (code, own), shift in zip(before.items(), shifts, strict=True)}
    made = years.work(M4_23, before).work(M4_24, after).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="municipality", indicator_code="mean_percent")
    pupils = stats.ttest_ind(np.concatenate(list(after.values())), np.concatenate(list(before.values())))
    assert pupils.pvalue < 0.05
    assert found.verdict == "no_evidence"


def test_a_municipality_of_other_schools_is_not_compared(years, one_row):
    before = {f"edu99000{number}": spread(10) for number in range(6)}
    after = {f"edu99000{number}": spread(10) for number in range(4, 10)}
    made = years.work(M4_23, before).work(M4_24, after).tables(YEAR)
    found = one_row(made.result_dynamics, view="grade", unit_level="municipality", indicator_code="mean_percent")
    assert not found.is_comparable
    assert np.isnan(found.change_value)
    assert "общих ОО" in found.break_ru
    assert "contingent" in made.series_breaks.query("view == 'grade'")["kind"].to_list()


def test_a_group_has_the_same_schools_in_both_years(years, one_row):
    schools = {f"edu99000{number}": spread(6 + number) for number in range(6)}
    years.groups = {code: "city" if place < 3 else "village" for place, code in enumerate(schools)}
    made = years.work(M4_23, schools).work(M4_24, schools).tables(YEAR)
    found = one_row(
        made.result_dynamics, view="grade", unit_level="group", unit_code="city", indicator_code="mean_percent"
    )
    assert found.value == found.previous_value
    assert found.schools_count == 3


def test_a_school_that_moved_counts_in_its_new_municipality_in_both_years(years, build_schools):
    codes = [f"edu99000{number}" for number in range(6)]
    schools = {code: spread(6 + number) for number, code in enumerate(codes)}
    summaries, assessments, tasks, _, groups = years.work(M4_23, schools).work(M4_24, schools).frames()
    before = build_schools(dict.fromkeys(codes, "m1"), "2022-2023")
    after = build_schools(dict.fromkeys(codes[:5], "m1") | {codes[5]: "m2"}, "2023-2024")
    registry = pd.concat([after, before], ignore_index=True)
    made = dynamics_tables(summaries, assessments, tasks, registry, groups, DynamicsOptions.of_year(YEAR))
    found = made.result_dynamics.query(
        "view == 'grade' and unit_level == 'municipality' and indicator_code == 'mean_percent'"
    ).set_index("unit_code")
    assert found["schools_count"].to_dict() == {"m1": 5, "m2": 1}
    assert (found["value"] == found["previous_value"]).all()


def test_subgroups_are_series_of_their_own(years):
    for subgroup, mean in (("all", 9), ("sex:м", 8), ("sex:ж", 10)):
        years.work(M4_24, {SCHOOL: spread(mean)}, subgroup=subgroup)
    made = years.tables(YEAR, dynamics__change__subgroups=("all", "sex:ж"))
    found = made.result_dynamics.query("unit_level == 'school' and indicator_code == 'mean_percent'")
    assert dict(zip(found["subgroup"], found["value"].round(1), strict=True)) == {"all": 45.0, "sex:ж": 50.0}


def test_years_to_come_are_not_looked_into(years):
    years.work(M4_23, {SCHOOL: spread(9)}).work(M4_24, {SCHOOL: spread(12)})
    made = years.tables("2022-2023")
    assert set(made.result_dynamics["assessment_id"]) == {M4_23}
    assert made.result_dynamics["previous_assessment_id"].isna().all()


def test_a_year_without_works_has_empty_tables(years):
    made = years.work(M4_23, {SCHOOL: spread(9)}).tables(YEAR)
    assert [len(frame) for frame in (made.result_dynamics, made.result_multiyear, made.series_breaks)] == [0, 0, 0]


def test_unknown_marks_leave_the_percent(years):
    made = years.work(M4_23, {SCHOOL: spread(9)}, scale=None).work(M4_24, {SCHOOL: spread(9)}, scale=None).tables(YEAR)
    codes = set(made.result_dynamics.query("view == 'grade' and unit_level == 'school'")["indicator_code"])
    assert codes == {"mean_percent", "relative_position"}


def test_confirmed_changes_keep_the_number_of_tests_in_mind(years):
    before = {f"edu99{number:04d}": spread(10, 20) for number in range(40)}
    after = dict(before)
    after["edu990000"] = spread(16, 20)
    after["edu990001"] = spread(12, 20)
    made = years.work(M4_23, before).work(M4_24, after).tables(YEAR)
    found = made.result_dynamics.query(
        "view == 'grade' and unit_level == 'school' and indicator_code == 'mean_percent'"
    )
    by_code = found.set_index("unit_code")
    assert by_code.verdict["edu990000"] == by_code.verdict["edu990001"] == "better"
    assert by_code.is_confirmed["edu990000"]
    assert not by_code.is_confirmed["edu990001"]
