"""Scores of respondents on the scales of a questionnaire: reverse items turned, too few answers left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.questionnaires import Question, Questionnaire

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScaleItems:
    """Keyed answers of a scale: respondents × questions, NaN where not answered; `low` and `high` of an answer."""

    scale_code: str
    questions: tuple[Question, ...]
    answers: Floats
    low: float
    high: float

    def scores(self, least_items_share: float) -> Floats:
        """Return the mean of each respondent's answers; NaN with answers to fewer than `least_items_share` of them."""
        answered = np.isfinite(self.answers).sum(axis=1)
        sums = np.nansum(self.answers, axis=1)
        is_enough = (answered > 0) & (answered >= least_items_share * len(self.questions))
        return np.where(is_enough, sums / np.where(answered > 0, answered, 1), np.nan)


def scale_items(answers: pd.DataFrame, respondents: pd.Index, questionnaire: Questionnaire) -> list[ScaleItems]:
    """Return the keyed answers of every scale of a questionnaire.

    A reverse question's value v becomes lowest + highest − v, so a high value means the same in all of them.

    Args:
        answers: rows of `survey_answers` of the questionnaire.
        respondents: the `response_id`s, in the order of the rows of `ScaleItems.answers`.
        questionnaire: the questionnaire.
    """
    made: list[ScaleItems] = []
    places = pd.Series(np.arange(len(respondents)), index=respondents)
    for scale in questionnaire.scales:
        questions = questionnaire.scale_questions(scale.code)
        columns = {question.code: column for column, question in enumerate(questions)}
        own = answers[answers["question_code"].isin(columns) & answers["value"].notna()]
        values = np.full((len(respondents), len(questions)), np.nan)
        rows = places.loc[own["response_id"]].to_numpy()
        values[rows, own["question_code"].map(columns).to_numpy(dtype=np.intp)] = own["value"].to_numpy(
            dtype=np.float64
        )
        points = questionnaire.answer_set(questions[0]).points
        low, high = points[0], points[-1]
        is_reverse = np.array([question.is_reverse for question in questions])
        values[:, is_reverse] = low + high - values[:, is_reverse]
        made.append(ScaleItems(scale.code, questions, values, low, high))
    return made
