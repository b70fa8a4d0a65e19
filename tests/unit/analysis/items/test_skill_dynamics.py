"""The same skill over years: only with the same code and text, and comparable only when the tasks are alike."""

import pandas as pd
import pytest

from oko_pipeline.analysis.items.options import item_options
from oko_pipeline.analysis.items.skill_dynamics import comparable_pairs, skill_dynamics
from oko_pipeline.catalogue.tables import SKILL_RESULTS, TASKS
from oko_pipeline.catalogue.tables_items import SKILL_DYNAMICS
from oko_pipeline.statistics.intervals import wilson_interval

NOW, BEFORE = "vpr-2022-spring:5:mathematics:base", "vpr-2021-spring:5:mathematics:base"
AUTUMN = "vpr-2020-autumn:5:mathematics:base"
OPTIONS = item_options("2021-2022")
YEARS = {"vpr-2022-spring": "2021-2022", "vpr-2021-spring": "2020-2021", "vpr-2020-autumn": "2020-2021"}


def results(assessment_id, share, n=200, **changes):
    interval = wilson_interval(share * n, n)
    row = {
        "school_year": YEARS[assessment_id.split(":")[0]],
        "assessment_id": assessment_id,
        "unit_level": "all",
        "unit_code": "all",
        "kind": "content",
        "skill_code": "1.2",
        "skill_title": "Обыкновенные дроби",
        "task_codes": "3;5",
        "tasks_count": 2,
        "red_tasks_count": 0,
        "is_systemic": False,
        "participants_count": n,
        "solved_share": share,
        "solved_low": float(interval.low),
        "solved_high": float(interval.high),
    }
    return SKILL_RESULTS.conform(pd.DataFrame([row | changes]))


def tasks(*assessment_ids, maximum=1, level="Б"):
    rows = [
        {
            "school_year": YEARS[one.split(":")[0]],
            "assessment_id": one,
            "position": position,
            "task_code": str(position),
            "maximum_score": maximum,
            "maximum_source": "catalogue",
            "difficulty_level": level,
            "skill": None,
            "programme_block": None,
            "content_codes": "1.2",
            "requirement_codes": None,
            "is_metasubject": None,
        }
        for one in assessment_ids
        for position in (3, 5, 7)
    ]
    return TASKS.conform(pd.DataFrame(rows))


def follow(now, before, described=None):
    return skill_dynamics(now, before, tasks(NOW, BEFORE) if described is None else described, OPTIONS)


def test_the_difference_of_two_years_has_the_interval_of_newcombe():
    # Newcombe 1998, method 10, for 56/70 and 48/80: 0.2 (0.0524, 0.3339).
    frame = follow(results(NOW, 0.8, 70), results(BEFORE, 0.6, 80))
    [row] = frame.to_dict("records")
    assert row["difference"] == pytest.approx(0.2)
    assert row["difference_low"] == pytest.approx(0.0524, abs=5e-5)
    assert row["difference_high"] == pytest.approx(0.3339, abs=5e-5)
    assert (row["view"], row["verdict"], row["is_comparable"]) == ("same_paper", "higher", True)
    assert (row["participants_count"], row["earlier_participants_count"]) == (70, 80)


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.4, "lower"), (0.6, "no_evidence"), (0.62, "no_evidence"), (0.8, "higher")]
)
def test_the_verdict_is_that_of_the_interval(share, verdict):
    assert follow(results(NOW, share), results(BEFORE, 0.6))["verdict"].to_list() == [verdict]


@pytest.mark.parametrize(
    "changes",
    [
        {"skill_title": "Десятичные дроби"},
        {"skill_code": "1.3"},
        {"unit_level": "school", "unit_code": "edu990001"},
        {"kind": "requirement"},
        {"skill_title": "1.2"},
        {"solved_share": None, "solved_low": None, "solved_high": None},
    ],
)
def test_another_code_text_or_unit_is_not_compared(changes):
    assert follow(results(NOW, 0.8), results(BEFORE, 0.6, **changes)).equals(SKILL_DYNAMICS.empty())


def test_a_text_that_differs_in_letters_only_is_the_same():
    frame = follow(results(NOW, 0.8), results(BEFORE, 0.6, skill_title="обыкновенные  дроби."))
    assert len(frame) == 1


def test_a_code_without_a_text_of_its_own_is_not_compared():
    titled = {"skill_title": "1.2"}
    assert follow(results(NOW, 0.8, **titled), results(BEFORE, 0.6, **titled)).empty


def test_a_skill_is_known_by_its_text_not_by_its_number():
    skill = {"kind": "skill"}
    frame = follow(results(NOW, 0.8, **skill, skill_code="4"), results(BEFORE, 0.6, **skill, skill_code="9"))
    assert frame["skill_code"].to_list() == ["4"]


def test_few_pupils_are_not_compared():
    assert follow(results(NOW, 0.8, 19), results(BEFORE, 0.6)).empty
    assert len(follow(results(NOW, 0.8, 20), results(BEFORE, 0.6)))


def test_other_tasks_make_the_rows_incomparable_with_a_reason():
    described = pd.concat([tasks(NOW, maximum=2), tasks(BEFORE)])
    [row] = follow(results(NOW, 0.8), results(BEFORE, 0.6), described).to_dict("records")
    assert (row["is_comparable"], row["verdict"]) == (False, "not_comparable")
    assert row["comparability_ru"] == "Несопоставимо: число, максимум или уровень заданий умения другие."


def test_autumn_papers_written_by_the_next_grade_are_not_comparable_and_are_passed_over_for_spring():
    both = pd.concat([results(BEFORE, 0.6), results(AUTUMN, 0.5)])
    frame = follow(results(NOW, 0.8), both, tasks(NOW, BEFORE, AUTUMN))
    assert frame["earlier_assessment_id"].to_list() == [BEFORE]
    [row] = follow(results(NOW, 0.8), results(AUTUMN, 0.5), tasks(NOW, AUTUMN)).to_dict("records")
    assert not row["is_comparable"]
    assert row["comparability_ru"].endswith("участники другого класса.")


def test_the_same_pupils_are_followed_into_the_next_grade():
    [pair] = comparable_pairs(["vpr-2022-spring:6:mathematics:base"], [BEFORE], 3)
    assert (pair.view, str(pair.earlier.key)) == ("cohort", BEFORE)
    frame = skill_dynamics(
        results("vpr-2022-spring:6:mathematics:base", 0.8),
        results(BEFORE, 0.6),
        tasks("vpr-2022-spring:6:mathematics:base", BEFORE),
        OPTIONS,
    )
    assert frame["is_comparable"].to_list() == [False]
    assert frame["verdict"].to_list() == ["not_comparable"]


@pytest.mark.parametrize(
    ("now", "before", "years"),
    [
        ("vpr-2022-spring:5:mathematics:base", "vpr-2021-spring:5:russian:base", 3),
        ("vpr-2025-spring:5:mathematics:base", "vpr-2021-spring:5:mathematics:base", 3),
        ("vpr-2021-spring:5:mathematics:base", "vpr-2022-spring:5:mathematics:base", 3),
        ("vpr-2022-spring:5:mathematics:advanced", "vpr-2021-spring:5:mathematics:base", 3),
    ],
)
def test_other_subjects_levels_later_and_distant_works_are_no_pairs(now, before, years):
    assert list(comparable_pairs([now], [before], years)) == []


def test_of_two_earlier_works_the_one_by_pupils_of_the_same_grade_is_taken_though_it_is_older():
    earlier = ["vpr-2022-spring:5:mathematics:base", "vpr-2022-autumn:5:mathematics:base"]
    pairs = list(comparable_pairs(["vpr-2023-spring:5:mathematics:base"], earlier, 3))
    assert [(one.view, str(one.earlier.key)) for one in pairs] == [("same_paper", earlier[0])]
