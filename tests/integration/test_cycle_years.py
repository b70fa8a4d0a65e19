"""The management cycle over two generated years in a row, through the same job as in the Dagster UI.

Measures decided in the first year, carried out in the second, their truth known; a person's answers to recommendations.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from assets import recommendations as cycle
from assets.effectiveness import write_openings
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.recommendation_rules import recommendation_rules
from oko_pipeline.catalogue.tables import QUALITY_FINDINGS, RESULT_SUMMARY
from oko_pipeline.catalogue.tables_cycle import CYCLE_LINKS, RECOMMENDATION_WORDS, RECOMMENDATIONS
from oko_pipeline.catalogue.tables_effects import MEASURE_EFFECTS, NEXT_YEAR_OPENINGS, YEAR_CONCLUSIONS
from oko_pipeline.collection.forms.sheets import HEADER_ROW
from oko_pipeline.orchestration.forms_issue import issue_year_forms
from oko_pipeline.orchestration.sample_sources import source_jobs
from oko_pipeline.orchestration.year_run import run_year
from oko_pipeline.sample.cycle import DONE_YEAR, OF_KIND, PLANNED_YEAR, CycleMeasure, plan_measures
from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.measures import INDICATOR, RIGHT_VERDICTS, MeasureKind
from oko_pipeline.sample.options import LayoutGroup, SampleOptions
from oko_pipeline.sample.results import World
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.databases import copy_home
from tests.integration.conftest import set_environment, silent
from tests.shared import made_once

OPTIONS = SampleOptions(
    # Fewer schools leave fewer than five of a size that started alike: «cannot tell» is then the answer to everything.
    schools=60,
    school_years=(PLANNED_YEAR, DONE_YEAR),
    broken_files=False,
    layouts=frozenset({LayoutGroup.MEASURES}),
)
MINE = "Провести два занятия методобъединения по заданиям, которые не получились, до 1 октября."
WHY = "Часов на большее нет"
NEXT_YEAR = "2026-2027"


@dataclass(frozen=True)
class Years:
    """The installation after both years, and what was planted in it."""

    home: Path
    planted: tuple[CycleMeasure, ...]
    summaries: tuple

    def read(self, table, **where):
        return read(self.home, table, **where)


@pytest.fixture(autouse=True)
def _few_kinds(_own_settings, monkeypatch):
    # Notes of sixty schools would take longer than all that is judged here.
    monkeypatch.setenv("OKO_DOCUMENTS", "quality_letter")


def read(home, table, **where):
    office = open_workplace(Settings.load(home=home))
    try:
        return office.database.read(table, where or None)
    finally:
        office.close()


@pytest.fixture(scope="module")
def years(tmp_path_factory):
    home, summaries = made_once(tmp_path_factory, "cycle-years", two_years)
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, "quality_letter")
        patch.setenv("OKO_METHODS", str(home / "methods.yaml"))
        yield Years(home, plan_measures(World(OPTIONS)), summaries)


def two_years(folder):
    home = folder / "home"
    write_sample(home / "inbox", OPTIONS, further=source_jobs)
    methods = home / "methods.yaml"
    # The territory expects 15 points of a measure: a plan for the level of ВПР itself would go to a person.
    methods.write_text("effectiveness.verdict.expected_points: 15.0\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, "quality_letter")
        patch.setenv("OKO_METHODS", str(methods))
        settings = Settings.load(home=home)
        return home, tuple(run_year(settings, year, silent) for year in OPTIONS.school_years)


@pytest.fixture(scope="module")
def effects(years):
    kinds = {one.number: one.kind for one in years.planted}
    made = years.read(MEASURE_EFFECTS, school_year=DONE_YEAR)
    return made.assign(kind=made["measure_number"].map(kinds))


def test_both_years_run_without_error_and_without_anything_for_a_person_to_mend(years):
    assert [(one.error, one.blocking) for one in years.summaries] == [(None, []), (None, [])]
    told = years.read(QUALITY_FINDINGS)
    assert set(told.loc[told["severity"] != "note", "rule_id"]) <= {"year.jump"}


def test_every_planted_measure_is_judged_right(years, effects, capsys):
    assert len(effects) == len(years.planted) == 5 * OF_KIND
    is_right = [
        verdict in RIGHT_VERDICTS[kind] for kind, verdict in zip(effects["kind"], effects["verdict"], strict=True)
    ]
    wrong = effects.loc[[not one for one in is_right], ["measure_number", "kind", "verdict", "reason"]]
    with capsys.disabled():
        counts = effects.groupby(["kind", "verdict"]).size().to_dict()
        print(f"\nmeasures judged right {sum(is_right)} of {len(effects)}: {counts}")  # noqa: T201
    assert wrong.to_numpy().tolist() == []
    assert set(effects.loc[effects["is_harmful"], "kind"]) == {MeasureKind.HARMFUL}
    assert effects["is_harmful"].sum() == OF_KIND


def test_effects_are_on_the_side_of_what_was_planted_and_every_interval_says_so(effects):
    helped = effects[effects["kind"] == MeasureKind.POSITIVE]
    harmed = effects[effects["kind"] == MeasureKind.HARMFUL]
    assert (helped["effect_low"] > 0).all()
    assert (harmed["effect_high"] < 0).all()
    judged = effects[effects["effect"].notna()]
    assert (judged["comparison_count"] >= 5).all()
    assert judged[["before_n", "after_n"]].notna().all().all()


def test_schools_low_by_chance_rise_and_the_rise_is_called_no_effect(years, effects):
    own = [one for one in years.planted if one.kind is MeasureKind.REGRESSION]
    codes = {index: school.code for index, school in enumerate(World(OPTIONS).territory.schools)}
    results = years.read(RESULT_SUMMARY, unit_level="school", subgroup="all")
    results = results.assign(good=results["mark_4_count"] + results["mark_5_count"])
    rises = []
    for one in own:
        is_work = results["assessment_id"].str.endswith(f":{one.grade}:{one.subject_code}:base")
        rows = results[is_work & results["unit_code"].isin([codes[index] for index in one.schools])]
        sums = rows.groupby("school_year")[["good", "marked_count"]].sum()
        share = 100 * sums["good"] / sums["marked_count"]
        rises.append(share[DONE_YEAR] - share[PLANNED_YEAR])
    assert sum(rises) / len(rises) > 5
    verdicts = effects.loc[effects["kind"] == MeasureKind.REGRESSION, "verdict"]
    assert not verdicts.isin(["effective", "partly"]).any()


def test_a_measure_planned_in_one_year_is_carried_over_and_taken_up_in_the_next(years):
    numbers = {one.number for one in years.planted}
    before = years.read(MEASURE_EFFECTS, school_year=PLANNED_YEAR)
    assert set(before["reason"]) == {"not_carried_out"}
    concluded = years.read(YEAR_CONCLUSIONS, school_year=PLANNED_YEAR, kind="measure")
    assert set(concluded["action"]) == {"carry_over"}
    opened = years.read(NEXT_YEAR_OPENINGS, school_year=DONE_YEAR, kind="measure")
    assert {subject.rsplit(":", 1)[1] for subject in opened["subject_id"]} == numbers
    assert set(opened["state"]) == {"taken_up"}


def test_the_year_concludes_by_the_effects(years, effects):
    concluded = years.read(YEAR_CONCLUSIONS, school_year=DONE_YEAR, kind="measure")
    assert len(concluded) == len(effects)
    actions = dict(zip(concluded["subject_id"], concluded["action"], strict=True))
    by_kind = effects.assign(action=effects["measure_id"].map(actions)).groupby("kind")["action"].agg(set)
    assert by_kind[MeasureKind.POSITIVE] == {"continue"}
    assert by_kind[MeasureKind.HARMFUL] == by_kind[MeasureKind.NONE] == {"stop"}
    assert by_kind[MeasureKind.TOO_LITTLE] == {"gather_data"}


def test_the_conclusions_open_the_year_after(years, tmp_path):
    home = tmp_path / "home"
    copy_home(years.home, home)
    opened = open_workplace(Settings.load(home=home))
    assert write_openings(opened, NEXT_YEAR)
    opened.close()
    found = read(home, NEXT_YEAR_OPENINGS, school_year=NEXT_YEAR, kind="measure")
    concluded = years.read(YEAR_CONCLUSIONS, school_year=DONE_YEAR, kind="measure")
    assert sorted(found["conclusion_id"]) == sorted(concluded["conclusion_id"])
    # Nobody has handed in a form of that year yet: every conclusion waits until its day.
    assert set(found["state"]) == {"waiting"}
    assert set(found["due_on"]) == {"2026-09-15"}


def test_one_chain_of_ids_leads_from_the_recommendation_to_the_effect(years, effects):
    links = years.read(CYCLE_LINKS, school_year=DONE_YEAR)
    assert not links["is_broken"].any()
    steps = links.groupby(["from_kind", "to_kind"]).size()
    assert {("decision", "recommendation"), ("measure", "decision")} <= {
        pair for one in steps.index for pair in (one, one[::-1])
    }
    measures = years.read(all_tables()["measures"], school_year=DONE_YEAR)
    linked = set(links["from_id"]) | set(links["to_id"])
    told = [row for ids in effects["record_ids"] for row in json.loads(ids)]
    assert set(told) == set(measures["record_id"])
    assert set(told) <= linked
    assert (effects["indicator_code"] == INDICATOR).all()


@dataclass(frozen=True)
class Answered:
    """The installation after a school answered three recommendations, and their numbers by answer."""

    home: Path
    school: str
    numbers: dict[str, str]

    def standing(self):
        made = read(self.home, RECOMMENDATIONS, school_year=DONE_YEAR).set_index("recommendation_id")
        return {answer: made.loc[number] for answer, number in self.numbers.items()}

    def words(self):
        return read(self.home, RECOMMENDATION_WORDS, school_year=DONE_YEAR).sort_values("word_id", ignore_index=True)


def answer_form(path, answers):
    """Type answers into the sheet of recommendations of an issued form: a row is found by its number."""
    book = openpyxl.load_workbook(path)
    sheet = book["Рекомендации"]
    columns = {str(cell.value).removesuffix(" *"): cell.column for cell in sheet[HEADER_ROW + 1] if cell.value}
    first = columns["№ рекомендации"]
    rows = {sheet.cell(row, first).value: row for row in range(HEADER_ROW + 2, sheet.max_row + 1)}
    for number, cells in answers.items():
        for title, value in cells.items():
            sheet.cell(rows[number], columns[title]).value = value
    book.save(path)


@pytest.fixture(scope="module")
def answered(years, tmp_path_factory):
    return Answered(*made_once(tmp_path_factory, "answered", partial(with_answers, years)))


def with_answers(years, folder):
    home = folder / "home"
    copy_home(years.home, home)
    settings = Settings.load(home=home)
    offered = read(home, RECOMMENDATIONS, school_year=DONE_YEAR, unit_level="school", origin="rule")
    offered = offered[~offered["is_held_back"]]
    school = offered["unit_code"].value_counts().index[0]
    own = sorted(offered.loc[offered["unit_code"] == school, "recommendation_id"])
    numbers = dict(zip(("accepted", "edited", "rejected"), own, strict=False))
    issued = issue_year_forms(settings, DONE_YEAR, [school])
    (form,) = [path for path in issued.written.paths if "правление качеством" in path.name]
    common = {"Дата ответа": date(2026, 6, 18), "Кто ответил (должность)": "руководитель ОО"}
    answer_form(
        form,
        {
            numbers["accepted"]: {"Что решено": "принята", **common},
            numbers["edited"]: {
                "Что решено": "принята с изменениями",
                "Новая формулировка": MINE,
                "Причина изменения или отказа": WHY,
                **common,
            },
            numbers["rejected"]: {"Что решено": "отклонена", "Причина изменения или отказа": "Уже делается", **common},
        },
    )
    target = home / "inbox" / "Формы" / DONE_YEAR / school
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(form, target / form.name)
    summary = run_year(settings, DONE_YEAR, silent)
    assert summary.error is None
    return home, school, numbers


def assert_words_stand(answered, basis=("current",)):
    found = answered.standing()
    assert {answer: row["state"] for answer, row in found.items()} == {
        "accepted": "accepted",
        "edited": "edited",
        "rejected": "rejected",
    }
    assert found["edited"]["text_ru"] == MINE
    assert (found["edited"]["answer_reason"], found["rejected"]["answer_reason"]) == (WHY, "Уже делается")
    assert {row["answered_on"] for row in found.values()} == {"2026-06-18"}
    assert not any(row["is_held_back"] for row in found.values())
    assert {row["basis_state"] for row in found.values()} <= set(basis)
    return found


def test_answers_in_the_form_stand_in_the_recommendations_and_in_the_log(answered):
    assert_words_stand(answered)
    words = answered.words()
    assert sorted(words.loc[words["school_code"] == answered.school, "answer"]) == ["accepted", "edited", "rejected"]
    assert words["is_current"].all()


def test_a_rerun_changes_no_word_and_no_line_of_the_log(answered, tmp_path):
    home = tmp_path / "home"
    copy_home(answered.home, home)
    assert run_year(Settings.load(home=home), DONE_YEAR, silent).error is None
    again = Answered(home, answered.school, answered.numbers)
    before = answered.standing()
    assert all(before[answer].equals(row) for answer, row in again.standing().items())
    pd.testing.assert_frame_equal(again.words(), answered.words())


@pytest.fixture
def office(answered, tmp_path):
    """Return a private copy of the answered installation, its database open."""
    home = tmp_path / "home"
    copy_home(answered.home, home)
    opened = open_workplace(Settings.load(home=home))
    yield opened, Answered(home, answered.school, answered.numbers)
    opened.close()


def made_again(office, monkeypatch, rules):
    """Make recommendations and links by other rules, as the assets do."""
    monkeypatch.setattr(cycle, "recommendation_rules", lambda: rules)
    assert cycle.write_recommendations(office, DONE_YEAR)
    cycle.write_links(office, DONE_YEAR)


def test_a_corrected_file_changes_the_basis_and_not_the_words(answered, tmp_path):
    home = tmp_path / "home"
    copy_home(answered.home, home)
    for path in sorted((home / "inbox" / "analytics" / "2026").rglob("Ф1*.xlsx")):
        drop_a_work(path, answered.school)
    before = answered.standing()
    assert run_year(Settings.load(home=home), DONE_YEAR, silent).error is None
    corrected = Answered(home, answered.school, answered.numbers)
    after = assert_words_stand(corrected, ("current", "changed", "gone"))
    assert any(row["basis_ru"] != before[answer]["basis_ru"] for answer, row in after.items())
    pd.testing.assert_frame_equal(corrected.words(), answered.words())


def drop_a_work(path, school_code):
    """Take the last participant of a school out of an export Ф1."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    rows = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == school_code]
    if len(rows) > 1:
        sheet.delete_rows(rows[-1])
        book.save(path)


def test_a_changed_rule_changes_its_own_text_and_not_the_words(office, monkeypatch):
    opened, answered = office
    before, words = answered.standing(), answered.words()
    touched = {row["rule_id"] for row in before.values()}
    rules = {
        name: rule.model_copy(update={"version": rule.version + 1, "text_ru": "Иначе: обсудить выводы."})
        if name in touched
        else rule
        for name, rule in recommendation_rules().items()
    }
    made_again(opened, monkeypatch, rules)
    after = assert_words_stand(answered, ("changed",))
    assert {row["rule_text_ru"] for row in after.values()} == {"Иначе: обсудить выводы."}
    assert {answer: row["rule_version"] for answer, row in after.items()} == {
        answer: row["rule_version"] + 1 for answer, row in before.items()
    }
    assert after["accepted"]["text_ru"].replace("\xa0", " ") == before["accepted"]["text_ru"].replace("\xa0", " ")
    pd.testing.assert_frame_equal(answered.words(), words)
    told = read(answered.home, QUALITY_FINDINGS, school_year=DONE_YEAR, rule_id="cycle.basis_changed")
    assert all(told["message"].str.contains(number).any() for number in answered.numbers.values())


def test_a_deleted_rule_takes_no_word_with_it_and_its_return_brings_nothing_twice(office, monkeypatch):
    opened, answered = office
    before, words = answered.standing(), answered.words()
    touched = {row["rule_id"] for row in before.values()}
    made_again(opened, monkeypatch, {n: rule for n, rule in recommendation_rules().items() if n not in touched})
    assert_words_stand(answered, ("gone",))
    others = read(answered.home, RECOMMENDATIONS, school_year=DONE_YEAR)
    assert set(others.loc[others["rule_id"].isin(touched), "recommendation_id"]) == set(answered.numbers.values())
    pd.testing.assert_frame_equal(answered.words(), words)
    made_again(opened, monkeypatch, recommendation_rules())
    assert_words_stand(answered)
    assert all(before[answer]["text_ru"] == row["text_ru"] for answer, row in answered.standing().items())


def test_a_changed_mind_is_logged_beside_the_first_word(office):
    opened, answered = office
    register = all_tables()["recommendations_log"]
    rows = opened.database.read(register, {"school_year": DONE_YEAR})
    is_mine = rows["recommendation_number"] == answered.numbers["rejected"]
    changed = rows.assign(
        answer=rows["answer"].mask(is_mine, "accepted"), answered_on=rows["answered_on"].mask(is_mine, "2026-06-25")
    )
    opened.database.replace(register, changed, {"school_year": DONE_YEAR})
    cycle.record_slices(opened, DONE_YEAR, "recommendations_log", {"year": ("a changed mind", len(changed))})
    assert cycle.write_recommendations(opened, DONE_YEAR)
    words = answered.words()
    own = words[words["recommendation_id"] == answered.numbers["rejected"]].sort_values("answered_on")
    assert own[["answer", "is_current"]].to_numpy().tolist() == [["rejected", False], ["accepted", True]]
    assert answered.standing()["rejected"]["state"] == "accepted"
