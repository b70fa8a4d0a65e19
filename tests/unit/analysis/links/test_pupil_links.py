"""Links of pupils, models by conditions, agreement of experts, and the words they are told in."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oko_pipeline.analysis.links.experts import expert_agreement
from oko_pipeline.analysis.links.measures import complete_measures
from oko_pipeline.analysis.links.options import link_options
from oko_pipeline.analysis.links.pupil_links import pupil_links
from oko_pipeline.analysis.links.result_models import result_model
from oko_pipeline.catalogue.methods import method_files
from oko_pipeline.catalogue.tables_items import EXPERT_AGREEMENT, RESULT_LINKS
from oko_pipeline.errors import ContractError

OPTIONS = link_options("2020-2021")
MATHS, RUSSIAN = "vpr-2021-spring:4:mathematics:base", "vpr-2021-spring:4:russian:base"
CAUSAL = re.compile(r"влия|причин|вызва|привод|привел|зависит|благодаря|эффект|из-за|обуслов", re.IGNORECASE)


def pupils(count=600, schools=30, seed=0):
    rng = np.random.default_rng(seed)
    school = np.arange(count) % schools
    ability = rng.normal(size=count) + rng.normal(size=schools)[school] * 0.5

    def work(noise):
        score = np.clip(np.round(10 + 3 * (ability + rng.normal(size=count) * noise)), 0, 20).astype(int)
        return pd.DataFrame(
            {
                "pupil_id": [f"p{number}" for number in range(count)],
                "school_code": [f"edu99{number:04d}" for number in school],
                "sex": np.where(rng.random(count) < 0.5, "м", "ж"),
                "status": "scored",
                "primary_score": pd.array(score, dtype="Int16"),
                "journal_mark": pd.array(np.digitize(score, [5, 9, 14]) + 2, dtype="Int16"),
            }
        )

    return {MATHS: work(0.5), RUSSIAN: work(0.8)}


def link(works):
    return pupil_links("pupils:vpr-2021-spring:4", works, OPTIONS).set_index(["left_measure", "right_measure"])


def test_works_of_the_same_pupils_and_the_journal_are_linked():
    works = pupils()
    # Half of the pupils did not write the second work, in another order of rows.
    works[RUSSIAN] = works[RUSSIAN].iloc[:300].sample(frac=1, random_state=1)
    found = link(works)
    pair = found.loc[(MATHS, RUSSIAN)]
    both = works[MATHS].merge(works[RUSSIAN], on="pupil_id", validate="one_to_one")
    expected = stats.spearmanr(both["primary_score_x"].astype(int), both["primary_score_y"].astype(int)).statistic
    assert pair["estimate"] == pytest.approx(expected)
    assert (pair["observations_count"], pair["missing_count"], pair["schools_count"]) == (300, 300, 30)
    journal = found.loc[(MATHS, f"{MATHS}|journal")]
    assert journal["right_title_ru"] == "отметка по журналу: математика, 4 класс, весна 2021"
    assert journal["strength"] == "strong"


def test_absentees_and_repeated_codes_are_linked_with_nothing():
    works = pupils()
    first = works[MATHS].copy()
    first.loc[0, "status"] = "absent"
    first.loc[2, "pupil_id"] = "p1"
    works[MATHS] = first
    assert link(works).loc[(MATHS, RUSSIAN), "observations_count"] == 597


def test_marks_that_are_no_marks_are_unknown():
    works = {MATHS: pupils()[MATHS].assign(journal_mark=pd.array([1, None] * 300, dtype="Int16"))}
    assert link(works).empty


@pytest.mark.parametrize("count", [1, 20])
def test_few_pupils_have_a_statement_and_no_value(count):
    works = {name: frame.iloc[:count] for name, frame in pupils().items()}
    found = link(works)
    assert found["estimate"].isna().all()
    assert (found["strength"] == "too_few").all()


def test_no_works_have_no_links():
    empty = {MATHS: pupils()[MATHS].iloc[:0]}
    assert pupil_links("pupils:vpr-2021-spring:4", empty, OPTIONS).equals(RESULT_LINKS.empty())


def conditions(values, name="condition:settlement_size", title="Размер населённого пункта"):
    codes = [f"edu99{number:04d}" for number in range(len(values))]
    return pd.DataFrame({"unit_code": codes, "measure": name, "value": values, "n": np.nan, "title_ru": title})


def model(rows, *frames, maximum=20):
    return result_model(MATHS, maximum, rows, complete_measures(*frames), OPTIONS).set_index("right_measure")


def test_a_model_finds_planted_differences_of_sex_and_condition():
    rng = np.random.default_rng(4)
    rows = pupils(4000, 80)[MATHS]
    size = rng.normal(size=80)
    place = np.arange(4000) % 80
    score = 10 + 1.0 * (rows["sex"] == "ж").to_numpy() + 0.6 * size[place] + rng.normal(size=4000) * 2
    rows = rows.assign(primary_score=pd.array(np.clip(np.round(score), 0, 20).astype(int), dtype="Int16"))
    found = model(rows, conditions(size))
    sex = found.loc["pupil:sex"]
    # One point of twenty is five points of percent.
    assert sex["estimate"] == pytest.approx(5, abs=1)
    assert sex["estimate_low"] < 5 < sex["estimate_high"]
    own = found.loc["condition:settlement_size"]
    assert own["estimate"] == pytest.approx(3 * size.std(ddof=1), abs=0.8)
    assert (own["schools_count"], own["observations_count"]) == (80, 4000)


def test_errors_allow_for_pupils_of_a_school_being_alike():
    rng = np.random.default_rng(5)
    rows = pupils(4000, 80)[MATHS]
    place = np.arange(4000) % 80
    score = 10 + 2 * rng.normal(size=80)[place] + rng.normal(size=4000)
    rows = rows.assign(primary_score=pd.array(np.clip(np.round(score), 0, 20).astype(int), dtype="Int16"))
    own = model(rows, conditions(rng.normal(size=80))).loc["condition:settlement_size"]
    # Between-school sd 10 points of percent: ±1.99·10/√80, and not the ±0.35 of four thousand independent pupils.
    assert own["estimate_high"] - own["estimate_low"] > 3


def test_schools_without_a_condition_are_left_out_and_counted():
    found = model(pupils(4000, 80)[MATHS], conditions(np.arange(70.0)))
    assert found["missing_count"].to_list() == [500, 500]
    assert found["schools_count"].to_list() == [70, 70]


def test_conditions_known_of_too_few_or_the_same_twice_do_not_enter():
    values = np.random.default_rng(6).normal(size=80)
    found = model(
        pupils(4000, 80)[MATHS],
        conditions(values),
        conditions(values * 2 + 1, "condition:copy", "То же"),
        conditions(values[:40], "condition:rare", "Редкое"),
        conditions(np.ones(80), "condition:flat", "Одинаковое"),
    )
    assert list(found.index) == ["condition:settlement_size", "pupil:sex"]


@pytest.mark.parametrize(("rows", "maximum"), [(pupils(600, 19)[MATHS], 20), (pupils()[MATHS], None)])
def test_few_schools_or_no_maximum_give_no_model(rows, maximum):
    made = result_model(MATHS, maximum, rows, complete_measures(), OPTIONS)
    assert made.equals(RESULT_LINKS.empty())


def marks(first, second, task="1"):
    return pd.DataFrame(
        {"work": range(len(first)), "task": task, "expert_1_score": first, "expert_2_score": second}, dtype=object
    )


def test_experts_have_agreement_by_task_and_together():
    frame = expert_agreement(
        "oge", pd.concat([marks([2, 1, 0, 2, 1], [2, 1, 1, 0, 1]), marks([3, None], [3, 2], "2")]), OPTIONS
    ).set_index("task")
    one = frame.loc["1"]
    assert (one["works_count"], one["exact_share"], one["within_one_share"]) == (5, 0.6, 0.8)
    assert one["mean_difference"] == pytest.approx(-0.2)
    assert one["exact_low"] < 0.6 < one["exact_high"]
    assert (frame.loc["2", "works_count"], frame.loc["2", "missing_count"]) == (1, 1)
    assert frame.loc["all", "works_count"] == 6
    assert np.isnan(frame.loc["2", "kappa"])


def test_experts_who_give_one_score_have_no_kappa():
    frame = expert_agreement("oge", marks([1] * 30, [1] * 30), OPTIONS)
    assert frame["exact_share"].to_list() == [1.0, 1.0]
    assert frame["kappa"].isna().all()
    assert frame["mean_difference_low"].isna().all()


def test_no_marks_and_marks_without_a_task():
    assert expert_agreement("oge", marks([], []), OPTIONS).equals(EXPERT_AGREEMENT.empty())
    frame = expert_agreement("oge", marks([1, 2], [1, 2]).drop(columns="task"), OPTIONS)
    assert frame["task"].to_list() == ["all"]


def test_marks_that_are_no_whole_numbers_or_lack_a_column_are_refused():
    with pytest.raises(ContractError, match="целыми"):
        expert_agreement("oge", marks([1.5], [1]), OPTIONS)
    with pytest.raises(ContractError, match="expert_2_score"):
        expert_agreement("oge", marks([1], [1]).drop(columns="expert_2_score"), OPTIONS)


def test_no_statement_speaks_of_causes():
    rng = np.random.default_rng(8)
    found = [
        pupil_links("pupils:vpr-2021-spring:4", pupils(), OPTIONS),
        result_model(MATHS, 20, pupils(4000, 80)[MATHS], complete_measures(conditions(rng.normal(size=80))), OPTIONS),
    ]
    texts = [text for frame in found for text in frame["statement_ru"]]
    texts += [one.read_ru for file in method_files() if file.family == "links" for one in file.methods]
    assert texts
    assert [text for text in texts if CAUSAL.search(text)] == []
