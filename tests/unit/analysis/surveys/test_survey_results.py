"""Results of surveys against values worked out by hand or by another library."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oko_pipeline.analysis.surveys.options import SurveyOptions
from oko_pipeline.analysis.surveys.scale_scores import scale_items
from oko_pipeline.analysis.surveys.survey_reliability import (
    NEGATIVE_RU,
    REVERSED_RU,
    reliability_findings,
    survey_reliability,
)
from oko_pipeline.analysis.surveys.survey_results import survey_results
from oko_pipeline.catalogue.questionnaires import Questionnaire
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS

YEAR = "2025-2026"
OPTIONS = SurveyOptions.of()
FORM = Questionnaire.model_validate(
    {
        "code": "short",
        "version": 1,
        "title_ru": "Анкета",
        "respondents": "students",
        "kinds": ["survey_students"],
        "about_ru": "Проверка",
        "answer_sets": {
            "agree": {
                "favourable_from": 4,
                "answers": [
                    *({"code": str(n), "value": n, "text": f"ответ {chr(64 + n)}"} for n in range(1, 6)),
                    {"code": "na", "text": "не знаю"},
                ],
            },
            "grade": {"answers": [{"code": "9", "text": "девятый"}, {"code": "11", "text": "одиннадцатый"}]},
            "many": {"answers": [{"code": "a", "text": "первое"}, {"code": "b", "text": "второе"}]},
        },
        "scales": [{"code": "s", "title_ru": "Шкала", "higher_ru": "больше"}],
        "questions": [
            {"code": "school", "kind": "school", "text": "школа"},
            {"code": "grade", "kind": "single", "answers": "grade", "is_group": True, "text": "класс"},
            {"code": "q1", "kind": "scale", "answers": "agree", "scale": "s", "text": "вопрос один"},
            {"code": "q2", "kind": "scale", "answers": "agree", "scale": "s", "text": "вопрос два"},
            {"code": "q3", "kind": "scale", "answers": "agree", "scale": "s", "is_reverse": True, "text": "вопрос три"},
            {"code": "m", "kind": "multiple", "answers": "many", "has_other": True, "text": "несколько"},
            {"code": "n", "kind": "number", "minimum": 0, "text": "число"},
        ],
    }
)
FORMS = {"short": FORM}
SCHOOLS = pd.DataFrame(
    {
        "school_code": ["edu990001", "edu990002"],
        "municipality_code": ["reg99_m101", "reg99_m101"],
        "region_code": ["99", "99"],
    }
)


def answers(*responses):
    rows = []
    for number, response in enumerate(responses):
        school = response.get("school", "edu990001")
        for question, given in response.items():
            if question == "school":
                continue
            for code in given if isinstance(given, list) else [given]:
                is_number = question == "n"
                value = (
                    float(code) if is_number or (str(code) in set("12345") and question in {"q1", "q2", "q3"}) else None
                )
                rows.append(
                    {
                        "school_year": YEAR,
                        "file_sha256": "f",
                        "source_sheet": "Ответы",
                        "source_row": number + 2,
                        "questionnaire_code": "short",
                        "response_id": f"r{number:04d}",
                        "school_code": school,
                        "answered_on": "2025-11-10",
                        "question_code": question,
                        "answer_code": "" if is_number else str(code),
                        "value": value,
                    }
                )
    return SURVEY_ANSWERS.conform(pd.DataFrame(rows))


def results(*responses, options=OPTIONS):
    return survey_results(answers(*responses), SCHOOLS, FORMS, YEAR, options)


def row(frame, item, answer="", level="all", code="all", group="all"):
    (found,) = frame[
        (frame["item_code"] == item)
        & (frame["answer_code"] == answer)
        & (frame["unit_level"] == level)
        & (frame["unit_code"] == code)
        & (frame["group_code"] == group)
    ].to_dict("records")
    return found


TEN = [{"q1": n % 5 + 1, "q3": 6 - (n % 5 + 1), "grade": 9 if n < 6 else 11} for n in range(10)]


def test_a_share_is_of_those_who_answered_with_wilsons_interval():
    frame = results(*TEN, {"grade": 9}, {"q1": "na"})
    found = row(frame, "q1", "5")
    expected = stats.binomtest(2, 11).proportion_ci(method="wilson")
    assert (found["respondents_count"], found["chosen_count"]) == (11, 2)
    assert found["value"] == pytest.approx(2 / 11)
    assert (found["value_low"], found["value_high"]) == pytest.approx((expected.low, expected.high))


def test_a_mean_leaves_out_those_who_cannot_tell_and_has_students_interval():
    values = [n % 5 + 1 for n in range(10)]
    found = row(results(*TEN, {"q1": "na"}), "q1")
    low, high = stats.t.interval(0.95, 9, np.mean(values), stats.sem(values))
    assert (found["respondents_count"], found["value"], found["value_percent"]) == (10, 3.0, 50.0)
    assert found["sd"] == pytest.approx(np.std(values, ddof=1))
    assert (found["value_low"], found["value_high"]) == pytest.approx((low, high))


def test_favourable_answers_of_a_reverse_question_are_disagreement():
    frame = results(*TEN)
    assert row(frame, "q1", "favourable")["value"] == pytest.approx(0.4)
    assert row(frame, "q3", "favourable")["value"] == pytest.approx(0.4)
    assert row(results(*[{"q3": 1}] * 6), "q3", "favourable")["value"] == 1.0


def test_a_scale_turns_reverse_questions_and_needs_half_of_the_answers():
    respondents = [{"q1": 5, "q2": 4, "q3": 2}] * 5 + [{"q1": 5}] * 3
    found = row(results(*respondents), "s")
    assert found["respondents_count"] == 5
    assert found["value"] == pytest.approx((5 + 4 + 4) / 3)
    assert found["value_percent"] == pytest.approx(100 * ((5 + 4 + 4) / 3 - 1) / 4)
    everyone = SurveyOptions.of({"surveys.results.least_items_share": 0.1})
    assert row(results(*respondents, options=everyone), "s")["respondents_count"] == 8


def test_no_variance_has_no_interval():
    found = row(results(*[{"q1": 4}] * 7), "q1")
    assert (found["value"], found["sd"]) == (4.0, 0.0)
    assert np.isnan(found["value_low"])


def test_an_interval_does_not_leave_the_scale():
    found = row(results(*[{"q1": 5}] * 4, {"q1": 1}), "q1")
    assert found["value_high"] == 5.0
    assert found["value_low"] >= 1.0


def test_units_and_groups_have_their_own_rows():
    frame = results(*TEN, *[{"q1": 5, "school": "edu990002", "grade": 11}] * 5, *[{"q1": 1, "school": None}] * 6)
    assert row(frame, "q1", "", "school", "edu990002")["value"] == 5.0
    assert row(frame, "q1", "", "municipality", "reg99_m101")["respondents_count"] == 15
    assert row(frame, "q1", "", "region", "99")["respondents_count"] == 15
    assert row(frame, "q1")["respondents_count"] == 21
    assert row(frame, "q1", "", "all", "all", "grade:11")["respondents_count"] == 9
    assert row(frame, "q1", "", "municipality", "reg99_m101", "grade:9")["respondents_count"] == 6
    assert not ((frame["unit_level"] == "school") & (frame["group_code"] != "all")).any()


def test_small_groups_keep_their_number_only():
    frame = results(*TEN, *[{"q1": 5, "school": "edu990002"}] * 4)
    found = row(frame, "q1", "5", "school", "edu990002")
    assert (found["respondents_count"], found["size_tier"]) == (4, "lt5")
    assert pd.isna(found["chosen_count"])
    assert np.isnan([found[name] for name in ("value", "value_low", "value_high")]).all()


def test_choices_of_a_multiple_question_are_shares_of_respondents():
    frame = results(*[{"m": ["a", "b"]}] * 3, *[{"m": ["a"]}] * 2, *[{"m": ["other"]}] * 5)
    assert [row(frame, "m", code)["value"] for code in ("a", "b", "other")] == [0.5, 0.3, 0.5]
    assert row(frame, "m", "a")["respondents_count"] == 10


def test_numbers_have_a_mean_without_percent():
    found = row(results(*[{"n": n} for n in (10, 20, 30, 40, 50)]), "n")
    assert found["value"] == 30.0
    assert np.isnan(found["value_percent"])


def test_no_answers_give_empty_tables():
    assert survey_results(SURVEY_ANSWERS.empty(), SCHOOLS, FORMS, YEAR, OPTIONS).empty
    assert survey_reliability(SURVEY_ANSWERS.empty(), FORMS, YEAR, OPTIONS).empty
    assert survey_results(answers({"q1": 3}).assign(questionnaire_code="gone"), SCHOOLS, FORMS, YEAR, OPTIONS).empty


def respondents(count, key=(1, 1, -1), seed=3):
    random = np.random.default_rng(seed)
    trait = random.normal(size=count)
    made = []
    for one in trait:
        values = np.clip(np.round(3 + np.array(key) * one + random.normal(scale=0.6, size=3)), 1, 5).astype(int)
        made.append({"q1": int(values[0]), "q2": int(values[1]), "q3": int(values[2])})
    return made


def cronbach(matrix):
    count = matrix.shape[1]
    return count / (count - 1) * (1 - matrix.var(axis=0, ddof=1).sum() / matrix.sum(axis=1).var(ddof=1))


def test_alpha_is_cronbachs_of_the_keyed_answers():
    given = respondents(80)
    frame = survey_reliability(answers(*given, {"q1": 3}), FORMS, YEAR, OPTIONS)
    keyed = np.array([[one["q1"], one["q2"], 6 - one["q3"]] for one in given])
    scale = frame[frame["question_code"] == ""].iloc[0]
    assert (scale["respondents_count"], scale["items_count"]) == (80, 3)
    assert scale["alpha"] == pytest.approx(cronbach(keyed))
    assert scale["alpha_low"] < scale["alpha"] < scale["alpha_high"]
    second = frame[frame["question_code"] == "q2"].iloc[0]
    assert second["alpha"] == pytest.approx(cronbach(keyed[:, [0, 2]]))
    rest = keyed[:, [0, 2]].sum(axis=1)
    assert second["item_rest_correlation"] == pytest.approx(np.corrcoef(keyed[:, 1], rest)[0, 1])
    assert frame["warning"].isna().all()


def test_a_wrong_key_is_warned_of():
    # q3 is marked reverse; people answer it as a direct one.
    frame = survey_reliability(answers(*respondents(80, key=(1, 1, 1))), FORMS, YEAR, OPTIONS)
    warnings = dict(zip(frame["question_code"], frame["warning"], strict=True))
    assert warnings["q3"] == REVERSED_RU
    rules = [one.rule_id for one in reliability_findings(frame, FORMS)]
    assert "survey.key_reversed" in rules
    assert "вопрос три" in " ".join(one.message for one in reliability_findings(frame, FORMS))


def test_a_negative_alpha_is_warned_of():
    frame = survey_reliability(answers(*respondents(80, key=(1, -1, 1), seed=5)), FORMS, YEAR, OPTIONS)
    assert frame.loc[frame["question_code"] == "", "alpha"].iloc[0] < 0
    assert frame.loc[frame["question_code"] == "", "warning"].tolist() == [NEGATIVE_RU]
    assert "survey.reliability_negative" in [one.rule_id for one in reliability_findings(frame, FORMS)]


def test_few_responses_doubt_no_key():
    frame = survey_reliability(answers(*respondents(12, key=(1, 1, 1))), FORMS, YEAR, OPTIONS)
    assert frame["warning"].isna().all()
    single = survey_reliability(answers({"q1": 3, "q2": 3, "q3": 3}), FORMS, YEAR, OPTIONS)
    assert single["alpha"].isna().all()


def test_scale_items_are_keyed():
    given = answers({"q1": 5, "q2": "na", "q3": 1})
    (items,) = scale_items(given, pd.Index(["r0000"]), FORM)
    np.testing.assert_array_equal(items.answers, [[5.0, np.nan, 5.0]])
