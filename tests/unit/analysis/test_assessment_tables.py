import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.assessment_tables import analyse_assessment
from oko_pipeline.analysis.options import AnalysisOptions, ColourThresholds, ScaleBounds
from oko_pipeline.catalogue.columns import UNIT_LEVELS
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCORE_DISTRIBUTION, SKILL_RESULTS, TASK_RESULTS
from oko_pipeline.errors import ContractError
from oko_pipeline.works import TaskHeader, Works

YEAR = "2020-2021"
SCALE = ScaleBounds(2, 4, 6, 8)
SCHOOLS = {"edu990001": ("reg99_m101", "99"), "edu990002": ("reg99_m101", "99"), "edu990003": ("reg99_m102", "99")}
OPTIONS = AnalysisOptions(YEAR, hide_below=1)
SUMMARY_COUNTS = [
    "participants_count",
    "absent_count",
    "marked_count",
    *(f"mark_{mark}_count" for mark in (2, 3, 4, 5)),
    "journal_pairs_count",
    "journal_lower_count",
    "journal_same_count",
    "journal_higher_count",
    "journal_gap_2_count",
    "over_maximum_count",
    "sum_mismatch_count",
]


@pytest.fixture
def analyse(make_works, make_tasks, make_schools):
    def run(pupils, scale=SCALE, maximum=8, tasks=({"maximum": 4}, {"maximum": 4}), schools=SCHOOLS, options=OPTIONS):
        works = make_works(pupils, len(tasks))
        return analyse_assessment(works, scale, maximum, make_tasks(*tasks), make_schools(schools), options)

    return run


def row(frame, level="all", code="all", **others):
    wanted = (frame["unit_level"] == level) & (frame["unit_code"] == code)
    if "subgroup" in frame and "subgroup" not in others:
        others["subgroup"] = "all"
    for name, value in others.items():
        wanted &= frame[name] == value
    assert wanted.sum() == 1, f"{int(wanted.sum())} rows of {level} {code} {others}"
    return frame.loc[wanted].iloc[0]


def codes(frame, level):
    return frame.loc[frame["unit_level"] == level, "unit_code"].drop_duplicates().to_list()


def test_a_class_of_five_has_the_figures_counted_by_hand(analyse):
    pupils = [
        {"score": 1, "journal": 3, "sex": "м", "tasks": (1, 0)},
        {"score": 3, "journal": 3, "sex": "ж", "tasks": (3, 0)},
        {"score": 4, "journal": 3, "sex": "ж", "tasks": (2, 2)},
        {"score": 5, "journal": 2, "sex": "м", "tasks": (1, 3)},
        {"score": 8, "journal": None, "sex": "м", "tasks": (4, 4)},
        {"score": None, "status": "absent", "sex": "ж"},
    ]
    summary = analyse(pupils).result_summary
    school = row(summary, "school", "edu990001")
    assert school["participants_count"] == 5
    assert school["absent_count"] == 1
    assert school["size_tier"] == "lt10"
    # 1 + 3 + 4 + 5 + 8 = 21; squared deviations from 4.2: 10.24 + 1.44 + 0.04 + 0.64 + 14.44 = 26.8.
    assert school["mean_score"] == pytest.approx(4.2)
    assert school["sd_score"] == pytest.approx(np.sqrt(26.8 / 4))
    # t(4) = 2.7764; 2.7764 · 2.5884 / √5 = 3.2140.
    assert school["mean_score_low"] == pytest.approx(4.2 - 3.2140, abs=5e-4)
    assert school["mean_score_high"] == pytest.approx(4.2 + 3.2140, abs=5e-4)
    assert school[["quartile_1_score", "median_score", "quartile_3_score"]].to_list() == [3.0, 4.0, 5.0]
    assert school["mean_percent"] == pytest.approx(52.5)
    assert school[[f"mark_{mark}_count" for mark in (2, 3, 4, 5)]].to_list() == [1, 1, 2, 1]
    assert school["base_level_share"] == pytest.approx(0.8)
    assert school["good_level_share"] == pytest.approx(0.6)
    # Wilson 1 of 5 at 95 %: 0.0362 … 0.6245.
    assert school["mark_2_low"] == pytest.approx(0.0362, abs=5e-5)
    assert school["mark_2_high"] == pytest.approx(0.6245, abs=5e-5)
    # ВПР 2, 3, 4, 4 beside journal 3, 3, 3, 2: the fifth pupil has no journal mark.
    assert school["journal_pairs_count"] == 4
    assert school[["journal_lower_count", "journal_same_count", "journal_higher_count"]].to_list() == [1, 1, 2]
    assert school["journal_gap_2_count"] == 1
    assert school["journal_higher_share"] == pytest.approx(0.5)
    boys = row(summary, "school", "edu990001", subgroup="sex:м")
    girls = row(summary, "school", "edu990001", subgroup="sex:ж")
    assert (boys["participants_count"], boys["absent_count"], boys["median_score"]) == (3, 0, 5.0)
    assert (girls["participants_count"], girls["absent_count"], girls["median_score"]) == (2, 1, 3.5)


def test_tasks_not_taught_blank_or_invalid_leave_the_denominator_and_not_attempted_stays(analyse):
    cells = [3, 0, -1, -2, -3, -4, 1]
    tables = analyse([{"score": max(cell, 0), "tasks": (cell,)} for cell in cells], tasks=({"maximum": 3},))
    task = row(tables.task_results, position=1)
    assert task["taught_count"] == 4
    assert task["not_attempted_count"] == 1
    assert task["not_taught_count"] == 1
    assert task["mean_task_score"] == pytest.approx(1.0)
    assert task["solved_share"] == pytest.approx(1 / 3)
    assert task["zero_share"] == pytest.approx(0.5)
    assert task["full_share"] == pytest.approx(0.25)
    assert task["not_attempted_share"] == pytest.approx(0.25)
    assert row(tables.result_summary)["sum_mismatch_count"] == 0


def test_a_cell_above_the_maximum_of_its_task_is_no_score_but_stays_in_the_sum(analyse):
    tables = analyse([{"score": 11, "tasks": (11,)}, {"score": 2, "tasks": (2,)}], tasks=({"maximum": 2},))
    assert row(tables.task_results, position=1)["taught_count"] == 1
    assert row(tables.task_results, position=1)["solved_share"] == 1.0
    assert row(tables.result_summary)["sum_mismatch_count"] == 0


def test_absent_pupils_and_works_without_a_total_solve_no_task(analyse):
    pupils = [
        {"score": 2, "tasks": (2,)},
        {"score": None, "status": "absent", "tasks": (-3,)},
        {"score": None, "status": "no_total", "tasks": (1,)},
    ]
    tables = analyse(pupils, tasks=({"maximum": 2},))
    assert row(tables.task_results, position=1)["taught_count"] == 1
    assert row(tables.result_summary)[["participants_count", "absent_count"]].to_list() == [1, 1]


@pytest.mark.parametrize(
    ("level", "scores", "colour"),
    [
        ("Б", [1] * 57 + [0] * 43, "yellow"),
        ("Б", [1] * 56 + [0] * 44, "red"),
        ("Б", [1] * 59 + [0] * 41, "yellow"),
        ("Б", [1] * 60 + [0] * 40, "green"),
        ("П", [1] * 57 + [0] * 143, "yellow"),
        ("В", [1] * 56 + [0] * 144, "red"),
        ("П", [1] * 60 + [0] * 140, "green"),
        (None, [1] * 100, None),
    ],
)
def test_colours_change_exactly_at_the_thresholds(analyse, level, scores, colour):
    tables = analyse([{"score": score, "tasks": (score,)} for score in scores], tasks=({"maximum": 1, "level": level},))
    found = row(tables.task_results, position=1)["colour"]
    assert (None if pd.isna(found) else found) == colour


def test_thresholds_and_the_smallest_group_of_a_colour_are_options(analyse):
    pupils = [{"score": score, "tasks": (score,)} for score in (1, 1, 0, 0)]
    options = AnalysisOptions(YEAR, hide_below=4, colours=ColourThresholds(base_green=50, base_red=40))
    assert row(analyse(pupils, tasks=({},), options=options).task_results, position=1)["colour"] == "green"
    hidden = analyse(pupils, tasks=({"skill": "Считать"},), options=AnalysisOptions(YEAR, hide_below=5))
    assert pd.isna(row(hidden.task_results, position=1)["colour"])
    skill = row(hidden.skill_results, kind="skill")
    assert pd.isna(skill["red_tasks_count"])
    assert pd.isna(skill["is_systemic"])


def test_a_skill_sums_its_tasks_and_is_systemic_when_more_than_half_are_red(analyse):
    tasks = (
        {"maximum": 1, "skill": "Считать", "content": "1.1", "metasubject": True},
        {"maximum": 3, "skill": "Считать", "content": "1.1; 1.10", "metasubject": True},
        {"maximum": 1, "skill": "Чертить", "content": "1.2", "level": "П"},
    )
    pupils = [{"score": sum(cells), "tasks": cells} for cells in [(0, 1, 0), (0, 1, 0), (1, 1, 1), (0, -1, 0)]]
    skills = analyse(pupils, tasks=tasks).skill_results
    counting = row(skills, kind="skill", skill_code="1")
    assert (counting["skill_title"], counting["task_codes"]) == ("Считать", "1;2")
    assert counting["solved_share"] == pytest.approx((1 + 3) / (4 * 4))
    assert (counting["red_tasks_count"], counting["is_systemic"]) == (2, True)
    assert row(skills, kind="content", skill_code="1.10")["task_codes"] == "2"
    assert row(skills, kind="level", skill_code="П")["solved_share"] == pytest.approx(0.25)
    assert row(skills, kind="metasubject")["tasks_count"] == 2
    assert skills.loc[(skills["unit_level"] == "all") & (skills["kind"] == "content"), "skill_code"].to_list() == [
        "1.1",
        "1.2",
        "1.10",
    ]


def test_exactly_half_of_the_tasks_red_is_no_systemic_deficit(analyse):
    tasks = ({"skill": "Считать"}, {"skill": "Считать"})
    pupils = [{"score": 1, "tasks": (1, 0)}] * 3
    skill = row(analyse(pupils, tasks=tasks).skill_results, kind="skill")
    assert (skill["red_tasks_count"], skill["is_systemic"]) == (1, False)


def test_not_taught_tasks_lower_the_reachable_maximum_of_a_skill(analyse):
    tasks = ({"maximum": 1, "skill": "Считать"}, {"maximum": 3, "skill": "Считать"})
    pupils = [{"score": 1, "tasks": (1, -2)}, {"score": 3, "tasks": (0, 3)}, {"score": 0, "tasks": (-2, -2)}]
    skill = row(analyse(pupils, tasks=tasks).skill_results, kind="skill")
    assert skill["participants_count"] == 2
    assert skill["solved_share"] == pytest.approx(4 / 5)


def test_a_task_of_unknown_maximum_leaves_the_solvability_of_its_skill(analyse):
    tasks = ({"maximum": 2, "skill": "Считать"}, {"maximum": None, "skill": "Считать"})
    skill = row(analyse([{"score": 4, "tasks": (1, 3)}] * 5, tasks=tasks).skill_results, kind="skill")
    assert (skill["tasks_count"], skill["participants_count"]) == (2, 5)
    assert skill["solved_share"] == 0.5


def test_codes_written_twice_or_with_a_stray_separator_count_once(analyse):
    tasks = ({"content": "1.1;1.1; ;"}, {"content": ";2.1"})
    skills = analyse([{"score": 1, "tasks": (1, 0)}], tasks=tasks).skill_results
    found = skills.loc[(skills["unit_level"] == "all") & (skills["kind"] == "content")]
    assert found[["skill_code", "task_codes", "tasks_count"]].to_numpy().tolist() == [["1.1", "1", 1], ["2.1", "2", 1]]


def test_titles_of_codes_come_from_the_codifier_when_it_is_known(analyse):
    options = AnalysisOptions(YEAR, code_titles={("content", "1.1"): "Числа до 1000"})
    tables = analyse([{"score": 1, "tasks": (1,)}], tasks=({"content": "1.1", "requirement": "1.1"},), options=options)
    assert row(tables.skill_results, kind="content")["skill_title"] == "Числа до 1000"
    assert row(tables.skill_results, kind="requirement")["skill_title"] == "1.1"


def test_no_works_give_empty_tables_of_the_right_shape(analyse):
    tables = analyse([])
    for frame, contract in (
        (tables.result_summary, RESULT_SUMMARY),
        (tables.score_distribution, SCORE_DISTRIBUTION),
        (tables.task_results, TASK_RESULTS),
        (tables.skill_results, SKILL_RESULTS),
    ):
        assert frame.empty
        assert list(frame.columns) == list(contract.column_names)


def test_one_pupil_has_a_mean_and_no_spread(analyse):
    tables = analyse([{"score": 5, "journal": 4, "tasks": (4, 1)}])
    summary = row(tables.result_summary)
    assert summary["mean_score"] == summary["median_score"] == summary["quartile_3_score"] == 5
    assert summary[["sd_score", "mean_score_low", "mean_score_high"]].isna().all()
    assert summary["mark_4_share"] == 1.0
    assert 0 < summary["mark_4_low"] < 1
    task = row(tables.task_results, position=2)
    assert task["solved_share"] == 0.25
    assert task[["solved_low", "solved_high"]].isna().all()


def test_where_all_are_absent_counts_are_zero_and_statistics_are_null(analyse):
    tables = analyse([{"score": None, "status": "absent"}] * 3)
    summary = row(tables.result_summary)
    assert summary[["participants_count", "absent_count", "marked_count", "mark_2_count"]].to_list() == [0, 3, 0, 0]
    statistics = [
        "mean_score",
        "sd_score",
        "median_score",
        "quartile_1_score",
        "mean_percent",
        "mark_2_share",
        "mark_2_low",
        "base_level_share",
        "journal_same_share",
        "journal_same_count",
    ]
    assert summary[statistics].isna().all()
    assert tables.score_distribution.empty
    assert (tables.task_results["taught_count"] == 0).all()
    assert tables.task_results[["solved_share", "zero_share", "mean_task_score", "colour"]].isna().all(axis=None)


def test_an_all_absent_class_beside_a_present_one_is_kept(analyse):
    pupils = [{"score": 4, "label": "а", "tasks": (4, 0)}, {"score": None, "status": "absent", "label": "б"}]
    summary = analyse(pupils).result_summary
    assert row(summary, "class", "edu990001|б")[["participants_count", "absent_count"]].to_list() == [0, 1]


def test_a_task_nobody_attempted_is_unsolved_and_a_task_nobody_was_taught_has_no_share(analyse):
    tables = analyse([{"score": 0, "tasks": (-1, -2)}] * 6)
    not_attempted, not_taught = (row(tables.task_results, position=position) for position in (1, 2))
    assert not_attempted["solved_share"] == 0.0
    assert not_attempted["not_attempted_share"] == 1.0
    assert not_attempted["colour"] == "red"
    # Nobody differs, yet six pupils do not prove that nobody could: the bound is that of Wilson.
    assert not_attempted["solved_high"] == pytest.approx(0.3903, abs=5e-5)
    assert not_taught["not_taught_count"] == 6
    assert not_taught[["solved_share", "not_attempted_share", "colour"]].isna().all()


def test_without_a_scale_and_reported_marks_nothing_is_said_of_marks(analyse):
    summary = row(analyse([{"score": 5, "journal": 4, "tasks": (4, 1)}] * 6, scale=None, maximum=None).result_summary)
    unknown = [name for name in summary.index if name.startswith(("mark_", "base_level", "good_level"))]
    unknown += ["mean_percent", "journal_lower_count", "journal_same_count", "journal_same_share"]
    assert summary[unknown].isna().all()
    assert summary[["marked_count", "journal_pairs_count", "over_maximum_count"]].to_list() == [0, 0, 0]
    assert summary["mean_score"] == 5


def test_reported_marks_stand_in_for_a_missing_scale_and_never_for_a_known_one(analyse):
    pupils = [{"score": 5, "reported": 3, "journal": 3, "tasks": (4, 1)}, {"score": 7, "tasks": (4, 3)}]
    reported = row(analyse(pupils, scale=None).result_summary)
    assert reported[["marked_count", "mark_3_count", "mark_4_count", "journal_same_count"]].to_list() == [1, 1, 0, 1]
    scaled = row(analyse(pupils).result_summary)
    assert scaled[["marked_count", "mark_3_count", "mark_4_count", "mark_5_count"]].to_list() == [2, 0, 1, 1]


def test_a_total_above_the_maximum_counts_in_the_mean_and_has_no_mark(analyse):
    pupils = [{"score": 9, "journal": 5, "tasks": (4, 4)}, {"score": 8, "journal": 5, "tasks": (4, 4)}]
    summary = row(analyse(pupils).result_summary)
    assert summary["participants_count"] == 2
    assert summary["mean_score"] == 8.5
    assert summary[["marked_count", "mark_5_count", "journal_pairs_count"]].to_list() == [1, 1, 1]
    assert summary[["over_maximum_count", "sum_mismatch_count"]].to_list() == [1, 1]


@pytest.mark.parametrize(("maximum", "top_of_scale"), [(8, 10), (10, 8)])
def test_the_smaller_of_two_maxima_decides_which_total_has_a_mark(analyse, maximum, top_of_scale):
    pupils = [{"score": 9, "tasks": (4, 4)}, {"score": 8, "tasks": (4, 4)}]
    summary = row(analyse(pupils, scale=ScaleBounds(2, 4, 6, top_of_scale), maximum=maximum).result_summary)
    assert summary[["over_maximum_count", "marked_count", "mark_5_count"]].to_list() == [1, 1, 1]


def test_the_scale_gives_the_maximum_when_none_is_named(analyse):
    summary = row(analyse([{"score": 4, "tasks": (4, 0)}], maximum=None).result_summary)
    assert summary["mean_percent"] == 50.0


@pytest.mark.parametrize(("score", "mark"), [(0, 2), (1, 2), (2, 3), (3, 3), (4, 4), (5, 4), (6, 5), (8, 5)])
def test_a_bound_of_the_scale_belongs_to_the_higher_mark(analyse, score, mark):
    summary = row(analyse([{"score": score, "tasks": (min(score, 4), 0)}]).result_summary)
    assert summary[f"mark_{mark}_count"] == 1
    assert summary["marked_count"] == 1


@pytest.mark.parametrize("bounds", [(4, 4, 6, 8), (2, 6, 4, 8), (2, 4, 9, 8), (0, 4, 6, 8)])
def test_a_scale_that_does_not_grow_is_refused(bounds):
    with pytest.raises(ContractError, match="не возрастает"):
        ScaleBounds(*bounds)


def test_equal_scores_have_no_spread_and_no_interval(analyse):
    summary = row(analyse([{"score": 4, "tasks": (4, 0)}] * 7).result_summary)
    assert summary["sd_score"] == 0.0
    assert summary["quartile_1_score"] == summary["quartile_3_score"] == 4
    assert summary[["mean_score_low", "mean_score_high"]].isna().all()


def test_pupils_of_unknown_sex_are_in_no_subgroup_but_in_the_whole(analyse):
    summary = analyse([{"score": 4, "sex": None, "tasks": (4, 0)}, {"score": 2, "sex": "ж", "tasks": (2, 0)}])
    summary = summary.result_summary
    assert row(summary)["participants_count"] == 2
    assert row(summary, subgroup="sex:ж")["participants_count"] == 1
    assert "sex:м" not in set(summary["subgroup"])


def test_classes_are_not_split_by_sex(analyse):
    summary = analyse([{"score": 4, "tasks": (4, 0)}]).result_summary
    assert set(summary.loc[summary["unit_level"] == "class", "subgroup"]) == {"all"}


def test_class_labels_are_read_in_any_spelling(analyse):
    labels = ["А", "а", " а ", "нет", "НЕТ", None, "", "4"]
    summary = analyse([{"score": 4, "label": label, "tasks": (4, 0)} for label in labels]).result_summary
    assert codes(summary, "class") == ["edu990001|4", "edu990001|а", "edu990001|—"]
    assert row(summary, "class", "edu990001|а")["participants_count"] == 3
    assert row(summary, "class", "edu990001|—")["participants_count"] == 4


def test_a_school_unknown_to_the_registry_counts_in_all_and_by_itself(analyse):
    pupils = [{"score": 4, "tasks": (4, 0)}, {"score": 2, "school": "edu990077", "tasks": (2, 0)}]
    tables = analyse(pupils)
    assert row(tables.result_summary)["participants_count"] == 2
    assert row(tables.result_summary, "school", "edu990077")["participants_count"] == 1
    assert row(tables.result_summary, "region", "99")["participants_count"] == 1
    assert row(tables.task_results, "municipality", "reg99_m101", position=1)["taught_count"] == 1
    assert codes(tables.result_summary, "municipality") == ["reg99_m101"]


def test_works_of_unknown_schools_only_have_no_municipality_and_no_region(analyse):
    tables = analyse([{"score": 4, "tasks": (4, 0)}], schools={})
    assert set(tables.result_summary["unit_level"]) == {"all", "school", "class"}


def test_a_work_without_a_school_and_a_school_registered_twice_are_refused(make_works, make_tasks, make_schools):
    works, tasks, schools = make_works([{"score": 1}]), make_tasks({}, {}), make_schools(SCHOOLS)
    with pytest.raises(ContractError, match="edu990001"):
        analyse_assessment(works, SCALE, 8, tasks, pd.concat([schools, schools]), OPTIONS)
    homeless = Works(works.key, works.rows.assign(school_code=pd.array([None], dtype="str")), works.tasks)
    with pytest.raises(ContractError, match="нет кода ОО"):
        analyse_assessment(homeless, SCALE, 8, tasks, schools, OPTIONS)
    with pytest.raises(ContractError, match="позиции повторён"):
        analyse_assessment(works, SCALE, 8, pd.concat([tasks, tasks]), schools, OPTIONS)


def test_tasks_without_a_description_are_kept_by_their_number_and_header(make_works, make_tasks, make_schools):
    described = make_works([{"score": 3, "tasks": (1, 2)}] * 5)
    works = Works(described.key, described.rows, (TaskHeader(1, "1К1", 2), TaskHeader(2)))
    tasks = analyse_assessment(works, SCALE, 8, make_tasks().iloc[:0], make_schools(SCHOOLS), OPTIONS)
    first, second = (row(tasks.task_results, position=position) for position in (1, 2))
    assert (first["task_code"], first["solved_share"]) == ("1К1", 0.5)
    assert (second["task_code"], second["mean_task_score"]) == ("2", 2.0)
    assert second[["solved_share", "solved_low", "full_share", "colour"]].isna().all()
    assert second["zero_share"] == 0.0
    assert tasks.skill_results.empty


def test_tasks_of_other_assessments_are_passed_over(make_works, make_tasks, make_schools):
    works = make_works([{"score": 2, "tasks": (1, 1)}] * 5)
    own = make_tasks({"maximum": 2}, {"maximum": 2})
    foreign = make_tasks({"maximum": 9}, {"maximum": 9}, {"maximum": 9}).assign(
        assessment_id="vpr-2021-spring:5:x:base"
    )
    tables = analyse_assessment(works, SCALE, 8, pd.concat([foreign, own]), make_schools(SCHOOLS), OPTIONS)
    assert row(tables.task_results, position=2)["solved_share"] == 0.5


def test_works_without_task_columns_still_have_a_summary(make_works, make_tasks, make_schools):
    works = make_works([{"score": 3, "tasks": ()}, {"score": 5, "tasks": ()}], task_count=0)
    tables = analyse_assessment(works, SCALE, 8, make_tasks().iloc[:0], make_schools(SCHOOLS), OPTIONS)
    assert row(tables.result_summary)["mean_score"] == 4
    assert row(tables.result_summary)["sum_mismatch_count"] == 0
    assert tables.task_results.empty
    assert tables.skill_results.empty


def many_pupils(seed=3, count=400):
    random = np.random.default_rng(seed)
    pupils = []
    for number in range(count):
        tasks = tuple(int(cell) for cell in random.choice([0, 1, 2, 3, 4, -1, -2, -3], 2))
        absent = number % 13 == 0
        pupils.append(
            {
                "school": random.choice(list(SCHOOLS)),
                "label": random.choice(["а", "б", "нет"]),
                "sex": random.choice(["м", "ж"]),
                "status": "absent" if absent else "scored",
                "score": None if absent else sum(max(cell, 0) for cell in tasks) + int(number % 29 == 0),
                "journal": None if absent else int(random.integers(2, 6)),
                "tasks": tasks,
            }
        )
    return pupils


def test_sums_of_classes_schools_municipalities_and_regions_agree(analyse):
    tables = analyse(many_pupils())
    summary = tables.result_summary
    everyone = row(summary)[SUMMARY_COUNTS].astype(int)
    assert everyone["participants_count"] + everyone["absent_count"] == 400
    for level in UNIT_LEVELS:
        own = summary.loc[(summary["unit_level"] == level) & (summary["subgroup"] == "all")]
        assert own[SUMMARY_COUNTS].sum().astype(int).to_dict() == everyone.to_dict(), level
        if level != "class":
            by_sex = summary.loc[(summary["unit_level"] == level) & (summary["subgroup"] != "all")]
            assert by_sex[SUMMARY_COUNTS].sum().astype(int).to_dict() == everyone.to_dict(), level
            scores = tables.score_distribution.loc[tables.score_distribution["unit_level"] == level]
            assert scores["participants_count"].sum() == everyone["participants_count"]
        cells = tables.task_results.loc[tables.task_results["unit_level"] == level]
        for name in ("taught_count", "not_attempted_count", "not_taught_count"):
            totals = cells.groupby("position")[name].sum().to_list()
            assert totals == tables.task_results.loc[tables.task_results["unit_level"] == "all", name].to_list(), level
    for school in SCHOOLS:
        classes = summary.loc[(summary["unit_level"] == "class") & summary["unit_code"].str.startswith(f"{school}|")]
        of_school = row(summary, "school", school)
        assert classes[SUMMARY_COUNTS].sum().astype(int).to_list() == of_school[SUMMARY_COUNTS].astype(int).to_list()


def test_rows_stand_by_level_and_code_whatever_the_order_of_the_works(analyse):
    pupils = many_pupils()
    tables, shuffled = analyse(pupils), analyse(pupils[::-1])
    for name in ("result_summary", "score_distribution", "task_results", "skill_results"):
        frame = getattr(tables, name)
        pd.testing.assert_frame_equal(frame, getattr(shuffled, name))
        level = frame["unit_level"].map(UNIT_LEVELS.index)
        assert level.is_monotonic_increasing
        assert all(frame.loc[level == place, "unit_code"].is_monotonic_increasing for place in range(5))


def test_the_works_and_other_arguments_are_left_as_they_were(make_works, make_tasks, make_schools):
    works, tasks, schools = make_works(many_pupils(count=30)), make_tasks({}, {}), make_schools(SCHOOLS)
    before = works.rows.copy(), tasks.copy(), schools.copy()
    analyse_assessment(works, SCALE, 8, tasks, schools, OPTIONS)
    for frame, copy in zip((works.rows, tasks, schools), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
