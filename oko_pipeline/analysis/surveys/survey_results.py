"""Results of questionnaires by question and scale, unit and group of respondents, each with its interval.

Small groups keep their row and their number of answers; their values are not told.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.surveys.options import RESULTS_METHOD, SurveyOptions
from oko_pipeline.analysis.surveys.scale_scores import scale_items
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.questionnaires import FAVOURABLE, OTHER, Question, Questionnaire
from oko_pipeline.catalogue.tables_surveys import SURVEY_RESULTS
from oko_pipeline.statistics.intervals import mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Share:
    """An answer of a question: the responses that gave it, and those that answered the question at all."""

    question_code: str
    answer_code: str
    chosen: Places
    answered: Places


@dataclass(frozen=True, slots=True)
class _Mean:
    """A value of responses: of a question with a number or a place on a scale, or of a scale."""

    kind: str
    code: str
    responses: Places
    numbers: Floats
    low: float = field(default=-np.inf)
    high: float = field(default=np.inf)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Units × groups (rows of `labels`) and which responses belong to them (pairs of places)."""

    labels: pd.DataFrame
    cell_of_pair: Places
    response_of_pair: Places
    responses_count: int


def survey_results(
    answers: pd.DataFrame,
    schools: pd.DataFrame,
    questionnaires: dict[str, Questionnaire],
    school_year: str,
    options: SurveyOptions,
) -> pd.DataFrame:
    """Return rows of `survey_results` of a school year.

    Args:
        answers: rows of `survey_answers` of the year.
        schools: rows of `schools` of the year: municipality and region of a school.
        questionnaires: descriptions by code; answers to any other questionnaire are left out.
        school_year: the year.
        options: smallest shown group and least share of a scale's answers.
    """
    parts: list[pd.DataFrame] = []
    for code, own in answers.groupby("questionnaire_code", sort=True):
        questionnaire = questionnaires.get(str(code))
        if questionnaire is None:
            continue
        places, respondents = pd.factorize(own["response_id"])
        placed = own.assign(response=places)
        cells = _cells(placed, schools, questionnaire, len(respondents))
        shares = [one for question in questionnaire.questions for one in _shares(placed, questionnaire, question)]
        means = [one for question in questionnaire.questions for one in _means(placed, questionnaire, question)]
        for items in scale_items(own, pd.Index(respondents), questionnaire):
            scores = items.scores(options.least_items_share)
            known = np.flatnonzero(np.isfinite(scores))
            means.append(_Mean("scale", items.scale_code, known, scores[known], items.low, items.high))
        frames = [_share_rows(cells, shares), _mean_rows(cells, means)]
        parts += [frame.assign(questionnaire_code=code) for frame in frames if len(frame)]
    if not parts:
        return SURVEY_RESULTS.empty()
    return SURVEY_RESULTS.conform(_finished(pd.concat(parts, ignore_index=True), school_year, options))


def _cells(placed: pd.DataFrame, schools: pd.DataFrame, questionnaire: Questionnaire, count: int) -> _Cells:
    responses = placed.drop_duplicates("response")[["response", "school_code"]]
    known = schools[["school_code", "municipality_code", "region_code"]].drop_duplicates("school_code")
    located = responses.merge(known, on="school_code", how="left", validate="many_to_one")
    groups = [responses[["response"]].assign(group_code="all")]
    for question in questionnaire.groups:
        own = placed[placed["question_code"] == question.code]
        groups.append(own[["response"]].assign(group_code=question.code + ":" + own["answer_code"]))
    by_group = pd.concat(groups, ignore_index=True)
    units = [by_group.assign(unit_level="all", unit_code="all")]
    for level, column in (("region", "region_code"), ("municipality", "municipality_code"), ("school", "school_code")):
        codes = located.set_index("response")[column].reindex(by_group["response"]).to_numpy()
        # A school's answers by group would show single people: groups are told for larger units only.
        is_told = pd.notna(codes) & ((level != "school") | (by_group["group_code"] == "all").to_numpy())
        units.append(by_group[is_told].assign(unit_level=level, unit_code=codes[is_told]))
    pairs = pd.concat(units, ignore_index=True)
    columns = ["unit_level", "unit_code", "group_code"]
    numbers = pairs.groupby(columns, sort=True).ngroup().to_numpy()
    labels = pairs.drop_duplicates(columns).sort_values(columns)[columns].reset_index(drop=True)
    return _Cells(labels, np.asarray(numbers, dtype=np.int64), np.asarray(pairs["response"], dtype=np.int64), count)


def _shares(placed: pd.DataFrame, questionnaire: Questionnaire, question: Question) -> list[_Share]:
    own = placed[placed["question_code"] == question.code]
    if question.answers is None or not question.is_stored or own.empty:
        return []
    answered = own["response"].unique()
    answer_set = questionnaire.answer_set(question)
    codes = [answer.code for answer in answer_set.answers] + ([OTHER] if question.has_other else [])
    given = own["answer_code"].to_numpy()
    responses = own["response"].to_numpy()
    made = [_Share(question.code, code, responses[given == code], answered) for code in codes]
    if answer_set.favourable_from is not None:
        # A favourable answer to a reverse question is disagreement; those who cannot tell are not favourable.
        points = answer_set.points
        values = own["value"].to_numpy(dtype=np.float64)
        keyed = points[0] + points[-1] - values if question.is_reverse else values
        made.append(_Share(question.code, FAVOURABLE, responses[keyed >= answer_set.favourable_from], answered))
    return made


def _means(placed: pd.DataFrame, questionnaire: Questionnaire, question: Question) -> list[_Mean]:
    if question.kind not in {"scale", "number"}:
        return []
    own = placed[(placed["question_code"] == question.code) & placed["value"].notna()]
    if own.empty:
        return []
    points = questionnaire.answer_set(question).points if question.answers is not None else ()
    limits = (points[0], points[-1]) if points else (-np.inf, np.inf)
    values = own["value"].to_numpy(dtype=np.float64)
    return [_Mean("question", question.code, own["response"].to_numpy(), values, *limits)]


def _sums(cells: _Cells, columns: list[tuple[Places, Floats]]) -> Floats:
    """Return the sums of columns (responses, values) over cells: cells × columns, in one sparse product."""
    from scipy.sparse import csr_array

    members = csr_array(
        (np.ones(len(cells.cell_of_pair)), (cells.cell_of_pair, cells.response_of_pair)),
        shape=(len(cells.labels), cells.responses_count),
    )
    rows = np.concatenate([responses for responses, _ in columns])
    places = np.repeat(np.arange(len(columns)), [len(responses) for responses, _ in columns])
    values = np.concatenate([given for _, given in columns])
    matrix = csr_array((values, (rows, places)), shape=(cells.responses_count, len(columns)))
    return (members @ matrix).toarray()


def _share_rows(cells: _Cells, shares: list[_Share]) -> pd.DataFrame:
    if not shares:
        return pd.DataFrame()
    chosen = _sums(cells, [(one.chosen, np.ones(len(one.chosen))) for one in shares])
    answered = _sums(cells, [(one.answered, np.ones(len(one.answered))) for one in shares])
    cell, item = np.nonzero(answered)
    counts, trials = chosen[cell, item], answered[cell, item]
    interval = wilson_interval(counts, trials)
    return _labelled(cells, cell).assign(
        item_kind="question",
        item_code=np.array([one.question_code for one in shares])[item],
        answer_code=np.array([one.answer_code for one in shares])[item],
        statistic="share",
        respondents_count=trials.astype(np.int64),
        chosen_count=pd.array(counts.astype(np.int64), dtype="Int64"),
        value=counts / trials,
        value_low=interval.low,
        value_high=interval.high,
        sd=np.nan,
        value_percent=np.nan,
    )


def _mean_rows(cells: _Cells, means: list[_Mean]) -> pd.DataFrame:
    if not means:
        return pd.DataFrame()
    count = _sums(cells, [(one.responses, np.ones(len(one.responses))) for one in means])
    total = _sums(cells, [(one.responses, one.numbers) for one in means])
    squares = _sums(cells, [(one.responses, one.numbers**2) for one in means])
    cell, item = np.nonzero(count)
    n, t, tt = count[cell, item], total[cell, item], squares[cell, item]
    low, high = (np.array([getattr(one, name) for one in means])[item] for name in ("low", "high"))
    mean = t / n
    spread = tt - t * t / n
    # What rounding leaves of no variance is none.
    spread = np.where(spread > 1e-9 * np.maximum(tt, 1.0), spread, 0.0)
    deviation = np.sqrt(np.where(n > 1, spread / np.where(n > 1, n - 1, 1), np.nan))
    interval = mean_interval(mean, deviation, n)
    is_bounded = np.isfinite(low)
    extent = np.where(is_bounded, high - low, np.nan)
    return _labelled(cells, cell).assign(
        item_kind=np.array([one.kind for one in means])[item],
        item_code=np.array([one.code for one in means])[item],
        answer_code="",
        statistic="mean",
        respondents_count=n.astype(np.int64),
        chosen_count=pd.array([None] * len(n), dtype="Int64"),
        value=mean,
        # A Student interval of a small group may leave the scale; no mean can.
        value_low=np.clip(interval.low, low, high),
        value_high=np.clip(interval.high, low, high),
        sd=deviation,
        value_percent=100 * (mean - np.where(is_bounded, low, np.nan)) / extent,
    )


def _labelled(cells: _Cells, cell: Places) -> pd.DataFrame:
    return cells.labels.take(cell).reset_index(drop=True)


def _finished(rows: pd.DataFrame, school_year: str, options: SurveyOptions) -> pd.DataFrame:
    is_hidden = (rows["respondents_count"] < options.hide_below).to_numpy()
    numbers = ["value", "value_low", "value_high", "sd", "value_percent"]
    shown = {name: np.where(is_hidden, np.nan, rows[name].to_numpy(dtype=np.float64)) for name in numbers}
    tiers = tier_places(rows["respondents_count"].to_numpy(), options.tier_bounds)
    made = rows.assign(
        **shown,
        school_year=school_year,
        chosen_count=rows["chosen_count"].mask(is_hidden),
        size_tier=np.asarray(SIZE_TIERS)[tiers],
        method_id=RESULTS_METHOD,
        method_version=method(RESULTS_METHOD).version,
    )
    ordered = made[list(SURVEY_RESULTS.column_names)].sort_values(list(SURVEY_RESULTS.key), kind="stable")
    return ordered.reset_index(drop=True)
