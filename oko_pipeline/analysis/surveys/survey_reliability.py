"""Reliability of the scales of questionnaires, and warnings about keys that are probably wrong."""

import numpy as np
import pandas as pd

from oko_pipeline.analysis.surveys.options import RELIABILITY_METHOD, SurveyOptions
from oko_pipeline.analysis.surveys.scale_scores import ScaleItems, scale_items
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.questionnaires import Questionnaire
from oko_pipeline.catalogue.tables_surveys import SURVEY_RELIABILITY
from oko_pipeline.quality import QualityFinding
from oko_pipeline.statistics.reliability import (
    ItemSums,
    Moments,
    cronbach_alpha,
    feldt_interval,
    item_moments,
    item_rest_correlation,
)

NEGATIVE_RU = "альфа отрицательна: ключ шкалы, вероятно, неверен"
REVERSED_RU = "вопрос отвечает против шкалы: вероятно, ключ обратный"
WEAK_RU = "альфа низка: читайте отдельные вопросы"


def survey_reliability(
    answers: pd.DataFrame, questionnaires: dict[str, Questionnaire], school_year: str, options: SurveyOptions
) -> pd.DataFrame:
    """Return rows of `survey_reliability`: a row a scale and a row each of its questions.

    Args:
        answers: rows of `survey_answers` of the year.
        questionnaires: descriptions by code.
        school_year: the year.
        options: number of complete responses and correlation from which a key is doubted.
    """
    rows: list[dict[str, object]] = []
    for code, own in answers.groupby("questionnaire_code", sort=True):
        questionnaire = questionnaires.get(str(code))
        if questionnaire is None:
            continue
        respondents = pd.Index(own["response_id"].unique())
        for items in scale_items(own, respondents, questionnaire):
            rows += [row | {"questionnaire_code": code} for row in _scale_rows(items, options)]
    if not rows:
        return SURVEY_RELIABILITY.empty()
    version = method(RELIABILITY_METHOD).version
    frame = pd.DataFrame(rows).assign(school_year=school_year, method_id=RELIABILITY_METHOD, method_version=version)
    return SURVEY_RELIABILITY.conform(frame[list(SURVEY_RELIABILITY.column_names)])


def reliability_findings(reliability: pd.DataFrame, questionnaires: dict[str, Questionnaire]) -> list[QualityFinding]:
    """Return findings for scales with a negative alpha and questions that look wrongly keyed."""
    found: list[QualityFinding] = []
    for row in reliability[reliability["warning"].isin([NEGATIVE_RU, REVERSED_RU])].to_dict("records"):
        questionnaire = questionnaires[str(row["questionnaire_code"])]
        scale = next(one.title_ru for one in questionnaire.scales if one.code == row["scale_code"])
        place = f"Анкета «{questionnaire.title_ru}», шкала «{scale}»"
        count = f"полных анкет {row['respondents_count']}"
        if row["question_code"]:
            text = questionnaire.question(str(row["question_code"])).text
            shown = f"{row['item_rest_correlation']:.2f}".replace(".", ",")
            message = f"{place}: вопрос «{text}» связан с остальными обратно (корреляция {shown}, {count})."
            found.append(QualityFinding("survey.key_reversed", message, value=shown, expected="положительная связь"))
        else:
            shown = f"{row['alpha']:.2f}".replace(".", ",")
            message = f"{place}: альфа Кронбаха {shown} ({count})."
            found.append(QualityFinding("survey.reliability_negative", message, value=shown, expected="от 0 до 1"))
    return found


def _scale_rows(items: ScaleItems, options: SurveyOptions) -> list[dict[str, object]]:
    complete = items.answers[np.isfinite(items.answers).all(axis=1)]
    count = len(complete)
    moments = _moments(complete)
    reliability = cronbach_alpha(moments)
    alpha = float(reliability.alpha[0])
    interval = feldt_interval(reliability.alpha, [count], len(items.questions))
    correlations = item_rest_correlation(moments)[0]
    is_known = count >= options.least_responses
    shared = {"scale_code": items.scale_code, "items_count": len(items.questions), "respondents_count": count}
    rows: list[dict[str, object]] = [
        shared
        | {
            "question_code": "",
            "item_key": "",
            "alpha": alpha,
            "alpha_low": float(interval.low[0]),
            "alpha_high": float(interval.high[0]),
            "item_rest_correlation": np.nan,
            "warning": _scale_warning(alpha, options) if is_known else None,
        }
    ]
    for place, question in enumerate(items.questions):
        correlation = float(correlations[place])
        rows.append(
            shared
            | {
                "question_code": question.code,
                "item_key": "reverse" if question.is_reverse else "direct",
                "alpha": float(reliability.alpha_if_deleted[0, place]),
                "alpha_low": np.nan,
                "alpha_high": np.nan,
                "item_rest_correlation": correlation,
                "warning": REVERSED_RU if is_known and correlation < options.reversed_below else None,
            }
        )
    return rows


def _scale_warning(alpha: float, options: SurveyOptions) -> str | None:
    if alpha < 0:
        return NEGATIVE_RU
    return WEAK_RU if alpha < options.weak_below else None


def _moments(complete: np.ndarray) -> Moments:
    totals = complete.sum(axis=1)
    return item_moments(
        ItemSums(
            n=np.array([len(complete)], dtype=np.float64),
            x=complete.sum(axis=0)[None, :],
            xx=(complete * complete).sum(axis=0)[None, :],
            xt=(complete * totals[:, None]).sum(axis=0)[None, :],
            t=np.array([totals.sum()]),
            tt=np.array([(totals * totals).sum()]),
        )
    )
