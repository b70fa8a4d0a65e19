"""The table of expected results."""

import pytest

from tests.unit.reporting.cycle.tables import cells_of, conclusion, duty, made, words_of

KIND = "expected_results"
MORE_IS_BETTER, LESS_IS_BETTER = "attainment.vpr_good_share", "attainment.vpr_below_share"


def value(code, **values):
    return {
        "indicator_code": code, "breakdown": "", "unit_level": "municipality", "unit_code": "m1", "state": "computed",
        "value": 40.0, "value_low": 35.0, "value_high": 45.0, "n": 300,
    } | values  # fmt: skip


def goal(code, norm, **values):
    return {
        "municipality_code": "m1",
        "indicator_code": code,
        "norm_value": norm,
        "change": "kept",
        "record_id": code,
    } | values


@pytest.mark.parametrize(
    ("code", "norm", "result"),
    [
        (MORE_IS_BETTER, 35.0, "достигнута"),
        (MORE_IS_BETTER, 35.1, "сказать нельзя: интервал захватывает цель"),
        (MORE_IS_BETTER, 45.0, "сказать нельзя: интервал захватывает цель"),
        (MORE_IS_BETTER, 45.1, "не достигнута"),
        (LESS_IS_BETTER, 45.0, "достигнута"),
        (LESS_IS_BETTER, 40.0, "сказать нельзя: интервал захватывает цель"),
        (LESS_IS_BETTER, 34.9, "не достигнута"),
    ],
)
def test_a_goal_is_judged_by_the_whole_interval(code, norm, result):
    context = made(KIND, indicator_values=[value(code)], indicator_changes=[goal(code, norm)])["m1"]
    line = cells_of(context["goals"])[1]
    assert line[-2] == result
    assert line[3] == "40,0\u00a0(35,0–45,0)"


def test_a_goal_without_data_and_an_excluded_one():
    changes = [goal(MORE_IS_BETTER, 50.0), goal(LESS_IS_BETTER, 10.0, change="excluded")]
    context = made(KIND, indicator_values=[value(LESS_IS_BETTER)], indicator_changes=changes)["m1"]
    assert [line[-2] for line in cells_of(context["goals"]) if len(line) > 1] == ["данных нет или группа мала"]
    assert len(cells_of(context["others"])) == 2, "the excluded indicator has no goal any more"


def test_the_approved_goal_stands_before_the_planned_one_and_the_norm():
    plan = {"municipality_code": "m1", "record_id": "p", "row_number": "R-1", "indicator_code": MORE_IS_BETTER}
    rows = {
        "indicator_values": [value(MORE_IS_BETTER, norm=10.0), value(LESS_IS_BETTER, norm=60.0)],
        "indicator_changes": [goal(MORE_IS_BETTER, 30.0)],
        "roadmap_plan": [plan | {"planned_value": 20.0}],
    }
    lines = [line for line in cells_of(made(KIND, **rows)["m1"]["goals"]) if len(line) > 1]
    assert sorted(line[2] for line in lines) == ["30,0", "60,0"]


def test_a_share_above_one_hundred_is_questioned_and_the_proposal_is_told():
    rows = {
        "indicator_values": [value(MORE_IS_BETTER)],
        "indicator_changes": [goal(MORE_IS_BETTER, 120.0)],
        "year_conclusions": [conclusion(1, "m1", "goal", "keep", indicator_code=MORE_IS_BETTER)],
    }
    context = made(KIND, **rows)["m1"]
    assert any("доля не бывает больше 100" in point for point in context["summary"]["points"])
    assert cells_of(context["goals"])[1][-1] == "сохранить"


def test_a_norm_without_data_is_no_goal_of_the_year():
    rows = {"indicator_values": [value(MORE_IS_BETTER, value=None, value_low=None, state="insufficient", norm=10.0)]}
    assert made(KIND, **rows) == {}
    context = made(KIND, roadmap_execution=[duty("acts", "m1", "overdue")], **rows)["m1"]
    assert context["goals"] is None
    assert context["programmes"]["charts"] == [], "a chart of nothing but zeros is not drawn"
    assert not any("без цели" in text for text in words_of(KIND, context))


def test_without_goals_the_document_says_so_and_lists_what_could_have_one():
    context = made(KIND, indicator_values=[value(MORE_IS_BETTER)])["m1"]
    assert context["goals"] is None
    assert "сравнить результаты года не с чем" in context["summary"]["text"][0]
    assert cells_of(context["others"])[1][2] == "40,0\u00a0(35,0–45,0)"
    words_of(KIND, context)


def test_the_year_before_is_a_column_only_where_it_is_known():
    context = made(KIND, indicator_values=[value(MORE_IS_BETTER)])["m1"]
    assert [column["title"] for column in context["others"]["tables"][0]["columns"]][-1] == "n"
    context = made(KIND, indicator_values=[value(MORE_IS_BETTER, previous_value=33.3)])["m1"]
    assert cells_of(context["others"])[1][-1] == "33,3"


def test_rows_of_programmes_are_counted_by_direction():
    rows = [duty("acts", "m1", "done"), duty("goals", "m1", "overdue", direction="attainment")]
    context = made(KIND, roadmap_execution=rows)["m1"]
    total, first, second = cells_of(context["programmes"])
    assert total[1:] == ["2", "1", "0", "1"]
    assert first[:2] == ["Качество подготовки обучающихся", "1"]
    assert second[0] == "Управление системой оценки качества"
    assert context["programmes"]["charts"][0]["series"][0]["values"] == [0.0, 100.0]
    assert made(KIND) == {}
