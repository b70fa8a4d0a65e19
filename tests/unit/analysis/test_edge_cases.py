"""Years that are too small, too empty or too even: every room answers honestly and none of them falls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.assessment_tables import analyse_assessment
from oko_pipeline.analysis.context.clusters import school_clusters
from oko_pipeline.analysis.context.comparables import comparable_schools
from oko_pipeline.analysis.context.conditions import build_conditions, nearest_answers, with_total_of_grades
from oko_pipeline.analysis.context.expected import contextual_results
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.options import ClusterOptions, ComparableOptions, GroupOptions, ResidualOptions
from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.analysis.indicators import IndicatorOptions, indicator_values
from oko_pipeline.analysis.items.item_tables import analyse_items
from oko_pipeline.analysis.items.options import item_options
from oko_pipeline.analysis.items.skill_deficits import DeficitOptions, skill_deficits
from oko_pipeline.analysis.links.measures import complete_measures, result_measures
from oko_pipeline.analysis.links.options import link_options
from oko_pipeline.analysis.links.school_links import school_links
from oko_pipeline.analysis.low_results.flags import SchoolList, low_result_tables
from oko_pipeline.analysis.low_results.options import RiskOptions as FactorOptions
from oko_pipeline.analysis.low_results.options import SocialOptions
from oko_pipeline.analysis.low_results.procedures import work_procedures
from oko_pipeline.analysis.low_results.risks import risk_profile
from oko_pipeline.analysis.low_results.social import social_index
from oko_pipeline.analysis.objectivity.cards import CardInputs, objectivity_cards
from oko_pipeline.analysis.objectivity.measures import Paper, PeerGroups, measure_campaign, sound_scale
from oko_pipeline.analysis.objectivity.official import EXAM_COLUMNS, SignInputs, objectivity_index, objectivity_signs
from oko_pipeline.analysis.objectivity.options import objectivity_options
from oko_pipeline.analysis.objectivity.signals import YearSignals, judge_year
from oko_pipeline.analysis.options import AnalysisOptions, ScaleBounds
from oko_pipeline.analysis.risk.options import RiskOptions
from oko_pipeline.analysis.risk.tables import RiskInputs, risk_tables
from oko_pipeline.analysis.support.options import support_options
from oko_pipeline.analysis.support.pupils import SupportWork, pupils_support
from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.conditions import properties, risk_factors, social_indices
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.low_result_rules import low_result_rules
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    RESULT_SUMMARY,
    SCHOOL_CONTEXT,
    SCHOOLS,
    TASKS,
)
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.works import TaskHeader, Works, task_column

SCALE = ScaleBounds(3, 5, 7, 8)
WORK = "vpr-2023-spring:4:mathematics:base"
YEAR = "2022-2023"
TASK_COUNT = 4


@dataclass(frozen=True)
class Sat:
    """A work: pupils by school as lists of task scores (None — absent); a scale or none."""

    schools: dict
    scale: ScaleBounds | None = SCALE
    label: str | None = "А"
    sex: str | None = "м"
    journal: int | None = 4


def make_works(assessment_id, sat):
    pupils = [(code, scores) for code, rows in sat.schools.items() for scores in rows]
    count = len(pupils)
    rows = pd.DataFrame(
        {
            "file_sha256": pd.Series(["f" * 64] * count, dtype="str"),
            "source_row": np.arange(count) + 2,
            "school_code": pd.Series([code for code, _ in pupils], dtype="str"),
            "class_label": pd.Series([sat.label] * count, dtype="str"),
            "sex": pd.Series([sat.sex] * count, dtype="str"),
            "pupil_id": pd.Series([f"{n:032x}" for n in range(count)], dtype="str"),
            "variant": pd.Series(["1"] * count, dtype="str"),
            "status": pd.Series(["absent" if scores is None else "scored" for _, scores in pupils], dtype="str"),
            "primary_score": pd.array([None if s is None else sum(s) for _, s in pupils], dtype="Int16"),
            "journal_mark": pd.array([sat.journal] * count, dtype="Int16"),
            "reported_mark": pd.array([None] * count, dtype="Int16"),
        }
    )
    scores = np.array([(-3,) * TASK_COUNT if s is None else s for _, s in pupils], dtype=np.int8)
    for place in range(TASK_COUNT):
        rows[task_column(place + 1)] = scores.reshape(count, TASK_COUNT)[:, place]
    key = AssessmentKey.parse(assessment_id)
    return Works(key, rows, tuple(TaskHeader(place + 1) for place in range(TASK_COUNT))).checked()


def make_assessment(assessment_id, sat):
    key = AssessmentKey.parse(assessment_id)
    of = campaign(key.campaign_code)
    bounds = sat.scale or (None,) * 4
    known = sat.scale is not None
    return {
        "school_year": of.school_year,
        "assessment_id": assessment_id,
        "campaign_code": key.campaign_code,
        "procedure_code": "vpr",
        "paper_grade": key.paper_grade,
        "pupil_grade": key.paper_grade + of.grade_shift,
        "subject_code": key.subject_code,
        "level": "base",
        "task_count": TASK_COUNT,
        "maximum_score": 8,
        "minimum_3": bounds.minimum_3 if known else None,
        "minimum_4": bounds.minimum_4 if known else None,
        "minimum_5": bounds.minimum_5 if known else None,
        "scale_source": "catalogue" if known else "absent",
        "rows_count": sum(map(len, sat.schools.values())),
        "works_sha256": "0",
    }


def make_tasks(assessment_id):
    rows = [
        {
            "school_year": campaign(AssessmentKey.parse(assessment_id).campaign_code).school_year,
            "assessment_id": assessment_id,
            "position": place + 1,
            "task_code": str(place + 1),
            "maximum_score": 2,
            "maximum_source": "catalogue",
            "difficulty_level": "Б",
            "skill": f"Умение {place // 2}",
            "content_codes": "1.1",
            "requirement_codes": "1.1",
            "is_metasubject": place == 0,
        }
        for place in range(TASK_COUNT)
    ]
    return TASKS.conform(pd.DataFrame(rows).reindex(columns=list(TASKS.column_names)))


def make_schools(places):
    """Registry rows of {(year, school): municipality}."""
    rows = [
        {
            "school_year": year,
            "school_code": code,
            "school_name": code,
            "is_name_known": False,
            "school_kind": "general",
            "municipality_code": municipality,
            "region_code": "99",
            "settlement_type": None,
            "oge_code": None,
            "ege_code": None,
        }
        for (year, code), municipality in places.items()
    ]
    return SCHOOLS.conform(pd.DataFrame(rows)) if rows else SCHOOLS.empty()


@dataclass(frozen=True)
class Found:
    """All tables of the last year."""

    tables: dict

    def __getitem__(self, name):
        return self.tables[name]


def stacked(frames, table):
    return pd.concat(frames, ignore_index=True) if frames else table.empty()


def run(years, places=None, year=YEAR, context=None):
    """Run every room on works {assessment_id: Sat} of one or more years."""
    works = {name: make_works(name, sat) for name, sat in years.items()}
    rows = [make_assessment(name, sat) for name, sat in years.items()]
    assessments = ASSESSMENTS.conform(pd.DataFrame(rows)) if rows else ASSESSMENTS.empty()
    tasks = stacked([make_tasks(name) for name in years], TASKS)
    if places is None:
        places = {(row["school_year"], code): "m1" for row in rows for code in years[row["assessment_id"]].schools}
    schools = make_schools(places)
    now = schools[schools["school_year"] == year]
    of_year = [row for row in assessments.to_dict("records") if row["school_year"] == year]
    tables, summaries, skills = {}, [], []
    for row in assessments.to_dict("records"):
        name = row["assessment_id"]
        registry = schools[schools["school_year"] == row["school_year"]]
        scale = years[name].scale
        options = AnalysisOptions(row["school_year"])
        made = analyse_assessment(works[name], scale, 8, tasks, registry, options)
        summaries.append(made.result_summary)
        skills.append(made.skill_results)
        if row["school_year"] == year:
            items = analyse_items(works[name], scale, 8, tasks, registry, item_options(year))
            tables |= {
                "task_results": made.task_results,
                "task_quality": items.task_quality,
                "test_reliability": items.test_reliability,
                "task_dif": items.task_dif,
                "skill_deficits": skill_deficits(works[name], tasks, registry, DeficitOptions(options)),
            }
    summary = stacked(summaries, RESULT_SUMMARY)
    own = summary[summary["school_year"] == year]
    answers = with_total_of_grades(nearest_answers(SCHOOL_CONTEXT.empty() if context is None else context, year, 2))
    groups = school_groups(now, answers, pd.Series(dtype=float), year, GroupOptions.load())
    conditions = build_conditions(groups["school_code"].tolist(), answers, properties())
    of_use = properties().of_use
    changed = dynamics_tables(summary, assessments, tasks, schools, groups, DynamicsOptions.of_year(year))
    risk = risk_tables(RiskInputs(summary, assessments, schools, groups), RiskOptions.of_year(year))
    measured = measured_campaign(of_year, works, tasks, year)
    signals = judged(measured, now, year)
    signs = objectivity_signs(
        SignInputs(year, measured.measures, assessments, now, pd.DataFrame(columns=list(EXAM_COLUMNS))),
        objectivity_options(),
    )
    comparable = comparable_schools(conditions, of_use("match"), groups, ComparableOptions.load())
    contextual = contextual_results(
        own,
        assessments[assessments["school_year"] == year],
        conditions,
        of_use("expect"),
        groups,
        ResidualOptions.load(),
    )
    low = low_result_tables(
        work_procedures(summary, assessments), SchoolList(year, tuple(sorted(now["school_code"]))), low_result_rules()
    )
    cards = CardInputs(year, signs, signals, PeerGroups({}), {}, {}, ())
    support = [
        SupportWork(row["assessment_id"], works[row["assessment_id"]].rows, years[row["assessment_id"]].scale and 3, 8)
        for row in of_year
    ]
    tables |= {
        "result_summary": own,
        "result_dynamics": changed.result_dynamics,
        "result_multiyear": changed.result_multiyear,
        "series_breaks": changed.series_breaks,
        "risk_signals": risk.risk_signals,
        "risk_cards": risk.risk_cards,
        "school_groups": groups,
        "school_clusters": school_clusters(
            conditions, of_use("cluster"), groups, ClusterOptions.load()
        ).school_clusters,
        "comparable_summary": comparable.comparable_summary,
        "contextual_results": contextual.contextual_results,
        "social_index": social_index(conditions, social_indices(), groups, SocialOptions.load()),
        "risk_profile": risk_profile(conditions, risk_factors(), groups, FactorOptions.load()),
        "low_result_flags": low.low_result_flags,
        "objectivity_signals": signals,
        "objectivity_signs": signs,
        "objectivity_index": objectivity_index(signs, now),
        "objectivity_cards": objectivity_cards(cards, objectivity_options()),
        "result_links": school_links(complete_measures(result_measures(own)), now, link_options(year)),
        "support_counts": pupils_support("vpr-2023-spring", support, support_options(year)).counts,
        "indicator_values": indicator_values(
            [one for one in indicators().values() if one.table == "result_summary"],
            {"result_summary": own},
            now,
            IndicatorOptions(year, (5, 10, 20, 50), INDICATOR_VALUES.empty()),
        ),
    }
    honest(tables)
    return Found(tables)


def measured_campaign(of_year, works, tasks, year):
    papers = [Paper(works[row["assessment_id"]], sound_scale(row), 8, tasks) for row in of_year]
    return measure_campaign(papers, PeerGroups({}), year, objectivity_options().signals)


def judged(measured, schools, year):
    codes = sorted({*schools["school_code"], *measured.measures["school_code"]})
    facts = YearSignals(year, codes, frozenset(), is_scale_known=True, extra=measured.raw.iloc[:0], listed={})
    return judge_year(measured.raw, facts, objectivity_options())


def honest(tables):
    """Check what holds of every table: nothing infinite, intervals around values, no certainty without spread."""
    for name, frame in tables.items():
        numbers = frame.select_dtypes("number").astype("float64")
        assert not np.isinf(numbers.to_numpy()).any(), name
        for low in (column for column in numbers if column.endswith("_low") and f"{column[:-4]}_high" in numbers):
            assert not (numbers[low] > numbers[f"{column_of(low)}_high"] + 1e-9).any(), (name, low)
        for text in frame.select_dtypes(["object", "str"]):
            assert not frame[text].astype("str").str.contains(r"\bnan\b|None", regex=True, na=False).any() or (
                frame[text].isna().any()
            ), (name, text)


def column_of(low):
    return low.removesuffix("_low")


def rows_of(*scores):
    return [list(one) for one in scores]


def spread_pupils(count, seed=1):
    return np.random.default_rng(seed).integers(0, 3, (count, TASK_COUNT)).tolist()


def test_a_year_without_works():
    found = run({})
    assert all(frame.empty for frame in found.tables.values())


def test_a_registered_school_that_wrote_nothing():
    found = run({}, {(YEAR, "edu990001"): "m1"})
    assert found["risk_cards"]["zone"].tolist() == ["unknown"]
    assert set(found["objectivity_signs"]["state"]) == {"no_data"}
    assert found["objectivity_cards"]["evidence_level"].tolist() == ["нет данных"]
    assert found["low_result_flags"]["computed"].isna().all()
    assert set(found["indicator_values"]["state"]) == {"no_data"}
    assert found["school_clusters"]["state"].isin(["too_few_schools", "missing_data"]).all()
    assert found["objectivity_index"]["index_value"].isna().all()


@pytest.mark.parametrize(
    ("sat", "participants"),
    [
        (Sat({"edu990001": rows_of((1, 1, 0, 2))}), 1),
        (Sat({"edu990001": rows_of((1, 1, 0, 2), (2, 2, 2, 2))}), 2),
        (Sat({"edu990001": spread_pupils(9)}), 9),
    ],
    ids=["one pupil", "two pupils", "nine pupils"],
)
def test_one_small_school(sat, participants):
    found = run({WORK: sat})
    assert found["result_summary"].query("subgroup == 'all'")["participants_count"].unique().tolist() == [participants]
    assert found["risk_signals"].empty or not found["risk_signals"]["is_signal"].any()
    assert set(found["contextual_results"]["verdict"]) == {"insufficient"}
    assert set(found["objectivity_signs"]["state"]) <= {"no_data", "insufficient"}
    assert "signal" not in set(found["objectivity_signals"]["state"])
    assert found["low_result_flags"]["computed"].isna().all()
    assert found["test_reliability"]["alpha"].isna().all()
    assert found["task_dif"].empty
    if participants == 1:
        own = found["result_summary"]
        assert own[["mean_score_low", "sd_score"]].isna().all(axis=None)
        assert own["mark_2_low"].notna().any()


def test_all_absent():
    found = run({WORK: Sat({"edu990001": [None] * 12, "edu990002": [None] * 3})})
    own = found["result_summary"]
    assert (own["participants_count"] == 0).all()
    assert own[["mean_score", "mean_percent", "base_level_share"]].isna().all(axis=None)
    assert set(found["risk_cards"]["zone"]) == {"unknown"}
    assert found["result_dynamics"].empty
    assert found["result_multiyear"].empty
    assert set(found["indicator_values"]["state"]) == {"no_data"}
    assert found["skill_deficits"].empty


def test_no_scale():
    schools = {f"edu99{number:04d}": spread_pupils(20, number) for number in range(15)}
    found = run({WORK: Sat(schools, scale=None)})
    own = found["result_summary"]
    assert own["mark_2_count"].isna().all()
    assert own["mean_percent"].notna().all()
    assert "mark_2_share" not in set(found["risk_signals"]["indicator_code"])
    marks = found["objectivity_signals"].query("signal_code in ['cutoff_excess', 'journal_higher', 'mark_crossing']")
    assert "signal" not in set(marks["state"])
    assert found["low_result_flags"]["computed"].isna().all()
    unknown = found["risk_cards"]["unknown"].iloc[0]
    assert "шкала неизвестна" in unknown


def test_all_scores_are_equal():
    schools = {f"edu99{number:04d}": [[1, 1, 1, 1]] * 20 for number in range(25)}
    found = run({WORK: Sat(schools), "vpr-2022-spring:4:mathematics:base": Sat(schools)})
    assert not found["risk_signals"]["is_signal"].any()
    assert found["test_reliability"]["alpha"].isna().all()
    assert found["task_quality"]["discrimination"].isna().all()
    assert set(found["contextual_results"]["verdict"]) == {"insufficient"}
    changed = found["result_dynamics"]
    assert not changed["verdict"].isin(["better", "worse"]).any()
    assert not (changed["is_confirmed"]).any()
    assert "sign" not in set(found["objectivity_signs"]["state"])


def test_no_class_label_and_no_sex():
    found = run({WORK: Sat({"edu990001": spread_pupils(30), "edu990002": spread_pupils(30, 2)}, label=None, sex=None)})
    own = found["result_summary"]
    assert set(own["subgroup"]) == {"all"}
    classes = own[own["unit_level"] == "class"]
    assert classes["unit_code"].str.endswith("|—").all()
    assert (found["task_dif"]["grouping"] != "sex").all()


def test_no_journal():
    schools = {f"edu99{number:04d}": spread_pupils(20, number) for number in range(15)}
    found = run({WORK: Sat(schools, journal=None)})
    assert found["result_summary"]["journal_lower_share"].isna().all()
    assert not found["risk_signals"]["indicator_code"].str.startswith("journal").any()
    mismatch = found["objectivity_signs"].query("sign_kind == 'journal_mismatch'")
    assert set(mismatch["state"]) <= {"no_data", "insufficient"}


def test_a_gap_of_three_years_is_compared_and_named():
    then, now = (
        {"edu990001": [[0, 0, 1, 0]] * 15 + spread_pupils(15)},
        {"edu990001": [[2, 2, 2, 2]] * 29 + [[1, 1, 1, 1]]},
    )
    found = run(
        {"vpr-2021-spring:4:mathematics:base": Sat(then), "vpr-2025-spring:4:mathematics:base": Sat(now)},
        year="2024-2025",
    )
    row = found["result_dynamics"].query(
        "unit_level == 'school' and indicator_code == 'mean_percent' and view == 'grade'"
    )
    assert row["previous_assessment_id"].tolist() == ["vpr-2021-spring:4:mathematics:base"]
    assert row["verdict"].tolist() == ["better"]
    pooled = found["result_multiyear"].query("unit_level == 'school' and indicator_code == 'mean_percent'")
    assert pooled["points_count"].tolist() == [1], "four years back is outside the three pooled years"
    assert pooled["trend_per_year"].isna().all()


def test_a_school_that_moved_does_not_change_its_municipalities():
    codes = [f"edu99{number:04d}" for number in range(12)]
    schools = {code: spread_pupils(20, number) for number, code in enumerate(codes)}
    before = "vpr-2022-spring:4:mathematics:base"
    places = {("2021-2022", code): "m1" if number < 6 else "m2" for number, code in enumerate(codes)}
    places |= {(YEAR, code): "m1" if number < 5 else "m2" for number, code in enumerate(codes)}
    found = run({WORK: Sat(schools), before: Sat(schools)}, places)
    rows = found["result_dynamics"].query(
        "unit_level == 'municipality' and indicator_code == 'mean_percent' and view == 'grade'"
    )
    assert rows["schools_count"].tolist() == [5, 7]
    assert rows["change_value"].to_numpy() == pytest.approx(0, abs=1e-9)
    assert not rows["verdict"].isin(["better", "worse"]).any()


def test_a_school_that_the_registry_does_not_know_counts_in_no_municipality():
    schools = {f"edu99{number:04d}": spread_pupils(20, number) for number in range(12)}
    places = {(YEAR, code): "m1" for code in list(schools)[:11]}
    found = run({WORK: Sat(schools)}, places)
    own = found["result_summary"].query("subgroup == 'all'")
    counts = own.groupby("unit_level")["participants_count"].sum()
    assert counts[["all", "municipality", "school"]].tolist() == [240, 220, 240]
    stranger = found["risk_signals"].query("school_code == 'edu990011'")
    assert stranger["municipality_code"].isna().all()
    assert set(found["objectivity_cards"]["school_code"]) == set(schools)


def test_a_questionnaire_without_answers():
    schools = {f"edu99{number:04d}": spread_pupils(20, number) for number in range(25)}
    context = pd.DataFrame(
        {
            "school_year": YEAR,
            "file_sha256": "0",
            "source_row": range(2, 27),
            "school_code": list(schools),
            "variable": "location",
            "value_text": "не знаю",
            "value_number": None,
        }
    )
    found = run({WORK: Sat(schools)}, context=SCHOOL_CONTEXT.conform(context))
    assert set(found["school_groups"]["place"]) == {"unknown"}
    assert set(found["school_groups"]["school_type"]) == {"unknown"}
    assert set(found["school_clusters"]["state"]) == {"missing_data"}
    assert set(found["comparable_summary"]["state"]) == {"missing_data"}
    assert set(found["contextual_results"]["verdict"]) == {"insufficient"}
    assert set(found["social_index"]["state"]) == {"missing_data"}
    assert set(found["risk_profile"]["significance"]) == {"unknown"}
