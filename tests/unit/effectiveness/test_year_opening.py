"""Conclusions of a year and the opening of the next one: what goes over, what a person decided, what was taken up."""

import json

import pandas as pd
import pytest

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATIONS
from oko_pipeline.catalogue.tables_effects import MEASURE_EFFECTS, NEXT_YEAR_OPENINGS, YEAR_CONCLUSIONS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.conclusions import ReviewInputs, year_conclusions
from oko_pipeline.effectiveness.openings import OpeningInputs, next_year_openings
from oko_pipeline.effectiveness.wording import number_ru, signed_ru
from tests.unit.effectiveness.world import SCHOOLS, TOWN, YEAR, effects, measure, register, two_years

NEXT = "2022-2023"
SHARE = "talents.covered_share"
REGISTERS = ("measures", "roadmap_plan", "indicator_changes", "recommendations_log")


@pytest.fixture(scope="module")
def registry():
    """The registry with a share that is not of marks, one of a count that should fall, and one of marks."""
    share = indicators()["attainment.vpr_base_share"]
    return {
        SHARE: share.model_copy(update={"code": SHARE, "base": "processes"}),
        "talents.lost_share": share.model_copy(
            update={"code": "talents.lost_share", "base": "processes", "higher_is_better": False}
        ),
        share.code: share,
    }


def value(code, low, middle, high, state="computed"):
    row = dict.fromkeys(INDICATOR_VALUES.column_names)
    told = {"value": middle, "value_low": low, "value_high": high} if state == "computed" else {}
    return (
        row
        | {
            "school_year": YEAR,
            "indicator_code": code,
            "breakdown": "",
            "unit_level": "municipality",
            "unit_code": TOWN,
        }
        | {"state": state, "schools_count": 3, "method_id": "indicators.share", "method_version": "1.0"}
        | told
    )


def review(registry, *values, effects=None, **rows):
    frames = {
        name: register(name, *({"municipality_code": TOWN} | row for row in rows.get(name, ()))) for name in REGISTERS
    }
    found = INDICATOR_VALUES.conform(pd.DataFrame(values)) if values else INDICATOR_VALUES.empty()
    known = MEASURE_EFFECTS.empty() if effects is None else effects
    made = rows.get("recommendations", RECOMMENDATIONS.empty())
    return year_conclusions(ReviewInputs(YEAR, known, found, recommendations=made, registry=registry, **frames))


def goal(code=SHARE, norm=60.0, **changes):
    return {"indicator_code": code, "title": "Охват", "direction": "talents", "norm_value": norm} | changes


def one(frame, kind="goal"):
    (row,) = frame[frame["kind"] == kind].to_dict("records")
    return row


def test_a_year_without_management_concludes_nothing(registry):
    pd.testing.assert_frame_equal(review(registry), YEAR_CONCLUSIONS.empty())


@pytest.mark.parametrize(
    ("code", "bounds", "norm", "action", "proposed"),
    [
        (SHARE, (65.0, 70.0, 75.0), 60.0, "raise", 65.0),
        (SHARE, (55.0, 62.0, 69.0), 60.0, "keep", 60.0),
        (SHARE, (40.0, 45.0, 50.0), 60.0, "keep", 60.0),
        (SHARE, (100.0, 100.0, 100.0), 100.0, "keep", 100.0),
        ("talents.lost_share", (3.0, 5.0, 7.0), 10.0, "raise", 7.0),
        ("talents.lost_share", (8.0, 12.0, 16.0), 10.0, "keep", 10.0),
        ("attainment.vpr_base_share", (85.0, 90.0, 95.0), 80.0, "keep", 80.0),
    ],
)
def test_goals_are_kept_or_raised_by_the_interval_and_never_raised_for_vpr(
    registry, code, bounds, norm, action, proposed
):
    row = one(review(registry, value(code, *bounds), indicator_changes=[goal(code, norm)]))
    assert (row["action"], row["previous_target"], row["proposed_target"]) == (action, norm, proposed)
    assert {part["table"] for part in json.loads(row["evidence"])} == {"indicator_changes", "indicator_values"}


@pytest.mark.parametrize(
    "changes",
    [
        {"change": "excluded"},
        {"has_negative_consequences": True},
        {"uses_vpr_or_marks": True, "use": "ranking"},
        {"uses_vpr_or_marks": True, "use": "appraisal"},
    ],
)
def test_harmful_and_excluded_goals_are_dropped(registry, changes):
    row = one(review(registry, value(SHARE, 65.0, 70.0, 75.0), indicator_changes=[goal(**changes)]))
    assert row["action"] == "drop"
    assert row["is_persons_word"] == ("change" in changes)


def test_goals_without_data_ask_for_data_and_small_groups_for_another_indicator(registry):
    without = review(registry, indicator_changes=[goal()])
    assert one(without)["action"] == "gather_data"
    assert one(without, "indicator")["action"] == "gather_data"
    small = review(registry, value(SHARE, 0, 0, 0, "insufficient"), indicator_changes=[goal()])
    assert one(small, "indicator")["action"] == "change"
    unknown = review(registry, indicator_changes=[goal("talents.made_up")])
    assert one(unknown)["action"] == "gather_data"


def test_goals_of_the_roadmap_are_judged_too(registry):
    row = {"row_number": "1", "title": "Кружки", "direction": "talents", "goal": "Охватить всех", "status": "done"}
    made = review(
        registry, value(SHARE, 65.0, 70.0, 75.0), roadmap_plan=[row | {"indicator_code": SHARE, "planned_value": 60.0}]
    )
    assert (one(made)["title"], one(made)["action"]) == ("Охватить всех", "raise")
    assert len(made) == 1


def test_goals_of_a_school_and_without_a_better_side_are_kept(registry):
    plain = registry[SHARE].model_copy(update={"higher_is_better": None})
    known = value(SHARE, 65.0, 70.0, 75.0) | {"unit_level": "school", "unit_code": SCHOOLS[0]}
    own = goal(municipality_code=None, school_code=SCHOOLS[0])
    row = one(review(registry | {SHARE: plain}, known, indicator_changes=[own]))
    assert (row["owner_level"], row["owner_code"], row["action"]) == ("school", SCHOOLS[0], "keep")


def test_a_goal_of_the_plan_is_taken_up_by_its_row_of_the_new_plan(registry):
    row = {"row_number": "1", "title": "Кружки", "direction": "talents", "status": "done"}
    goals = review(registry, roadmap_plan=[row | {"indicator_code": SHARE, "planned_value": 60.0}])
    assert opened(goals, roadmap_plan=[row])["state"].tolist() == ["taken_up"]
    assert opened(goals)["state"].tolist() == ["waiting"]


def test_unfinished_rows_of_the_plan_go_over_with_their_reason(registry):
    rows = [
        {"row_number": f"{number}", "title": f"Строка {number}", "direction": "talents", "status": status}
        for number, status in enumerate(("planned", "running", "partly", None, "done", "cancelled", "not_applicable"))
    ]
    rows[2]["reason"] = "не хватило часов"
    made = review(registry, roadmap_plan=rows)
    assert sorted(made["title"]) == ["Строка 0", "Строка 1", "Строка 2", "Строка 3"]
    assert set(made["action"]) == {"carry_over"}
    assert made.loc[made["title"] == "Строка 2", "text_ru"].item().endswith("Причина: не хватило часов.")


def judged(**changes):
    rows = [measure(code, **({"baseline_value": 60.0, "planned_value": 75.0} | changes)) for code in SCHOOLS[3:9]]
    made = effects(register("measures", *rows), two_years({}, 400)).measure_effects
    return rows, made


@pytest.mark.parametrize(
    ("changes", "action", "is_persons"),
    [
        ({}, "stop", False),
        ({"next_step": "continue"}, "continue", True),
        ({"status": "planned"}, "carry_over", False),
        ({"status": "planned", "next_step": "stop"}, "stop", True),
        ({"status": "running", "grade": 9}, "carry_over", False),
        ({"grade": 9}, "gather_data", False),
    ],
)
def test_measures_go_over_by_verdict_and_a_persons_word_stands(registry, changes, action, is_persons):
    rows, made = judged(**changes)
    row = one(review(indicators(), effects=made, measures=rows), "measure")
    assert (row["action"], row["is_persons_word"]) == (action, is_persons)
    assert row["subject_id"] == f"{TOWN}:М-1"


def test_cancelled_measures_do_not_go_over(registry):
    rows, made = judged(status="cancelled")
    assert review(indicators(), effects=made, measures=rows).empty


def recommendation(**changes):
    return {"recommendation_number": "Р-1", "title": "Разобрать ошибки", "direction": "attainment"} | changes


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"answer": None}, "repeat"),
        ({"answer": "waiting"}, "repeat"),
        ({"answer": "accepted"}, "repeat"),
        ({"answer": "accepted", "decision_ref": "П-1"}, None),
        ({"answer": "rejected"}, None),
    ],
)
def test_recommendations_are_repeated_until_answered_and_decided(registry, changes, action):
    made = review(registry, recommendations_log=[recommendation(**changes)])
    assert (None if made.empty else one(made, "recommendation")["action"]) == action


def test_a_recommendation_whose_measure_failed_is_changed(registry):
    _, made = judged(recommendation_ref="Р-1")
    found = review(registry, effects=made, recommendations_log=[recommendation(answer="accepted", decision_ref="П-1")])
    assert one(found, "recommendation")["action"] == "change"


def test_a_municipal_recommendation_is_known_by_the_measure_of_its_school(registry):
    school = SCHOOLS[3]
    rows = [measure(school, municipality_code=None, recommendation_ref="Р-1", planned_value=75.0, baseline_value=60.0)]
    made = effects(register("measures", *rows), two_years({}, 2000)).measure_effects
    assert (made["owner_level"].item(), made["verdict"].item()) == ("school", "not_effective")
    told = recommendation(answer="accepted", decision_ref="П-1", school_code=school, school_key=school)
    assert one(review(registry, effects=made, recommendations_log=[told]), "recommendation")["action"] == "change"


def made_by_rule(number, state="proposed", *, is_held_back=False):
    row = dict.fromkeys(RECOMMENDATIONS.column_names, "x") | {
        column.name: {"integer": 1, "number": 1.0, "boolean": False}.get(column.type, (column.allowed or ("x",))[0])
        for column in RECOMMENDATIONS.columns
    }
    return (
        row
        | {"school_year": YEAR, "unit_level": "school", "unit_code": SCHOOLS[0], "recommendation_id": number}
        | {
            "state": state,
            "is_held_back": is_held_back,
        }
    )


def test_recommendations_of_the_pipeline_without_an_answer_are_repeated_once(registry):
    made = [
        made_by_rule("a"),
        made_by_rule("b", "rejected"),
        made_by_rule("c", is_held_back=True),
        made_by_rule("d", "waiting"),
        made_by_rule("e", "accepted"),
    ]
    log = [recommendation(recommendation_number="d", answer="rejected")]
    found = review(registry, recommendations=RECOMMENDATIONS.conform(pd.DataFrame(made)), recommendations_log=log)
    assert (found["subject_id"].tolist(), found["action"].tolist()) == (["a"], ["repeat"])
    assert opened(found)["state"].tolist() == ["waiting"]
    answered = opened(found, recommendations_log=[recommendation(recommendation_number="a")])
    assert answered["state"].tolist() == ["taken_up"]


def opened(conclusions, **rows):
    registers = {
        name: register(name, *({"municipality_code": TOWN} | row for row in rows.get(name, ())), year=NEXT)
        for name in REGISTERS
    }
    return next_year_openings(OpeningInputs(NEXT, conclusions, registers))


def test_the_first_year_opens_empty(registry):
    pd.testing.assert_frame_equal(opened(YEAR_CONCLUSIONS.empty()), NEXT_YEAR_OPENINGS.empty())


def test_conclusions_wait_until_the_forms_of_the_new_year_take_them_up(registry):
    plan = {"row_number": "7", "title": "Строка 7", "direction": "talents", "status": "planned"}
    rows, made = judged()
    conclusions = review(
        registry,
        effects=made,
        measures=rows,
        indicator_changes=[goal()],
        roadmap_plan=[plan],
        recommendations_log=[recommendation()],
    )
    waiting = opened(conclusions)
    assert len(waiting) == len(conclusions) == 5
    assert set(waiting["state"]) == {"waiting"}
    assert set(waiting["due_on"]) == {"2022-09-15"}
    assert (set(waiting["school_year"]), set(waiting["from_year"])) == ({NEXT}, {YEAR})
    taken = opened(
        conclusions,
        measures=[measure(None)],
        roadmap_plan=[plan],
        indicator_changes=[goal(norm=65.0)],
        recommendations_log=[recommendation()],
    )
    assert set(taken["state"]) == {"taken_up"}
    assert taken["taken_up_by"].notna().all()
    other = opened(conclusions, measures=[measure(None) | {"municipality_code": "reg99_m999"}])
    assert set(other["state"]) == {"waiting"}


def test_conclusions_keep_their_numbers_when_figures_change(registry):
    first = one(review(registry, value(SHARE, 65.0, 70.0, 75.0), indicator_changes=[goal()]))
    second = one(review(registry, value(SHARE, 40.0, 45.0, 50.0), indicator_changes=[goal()]))
    assert first["conclusion_id"] == second["conclusion_id"]
    assert first["action"] != second["action"]


def test_numbers_are_written_in_russian():
    assert [number_ru(one) for one in (62.54, 70.0, -3.25, -0.04, float("nan"))] == ["62,5", "70", "−3,2", "0", "—"]
    assert [signed_ru(one) for one in (4.24, -1.0, 0.04)] == ["+4,2", "−1,0", "0"]
