"""The same skill in different years and campaigns: only where the codifier's code and text are the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.items.options import DYNAMICS_METHOD, ItemOptions
from oko_pipeline.catalogue.campaigns import Campaign, campaign
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_items import SKILL_DYNAMICS
from oko_pipeline.statistics.differences import newcombe_interval
from oko_pipeline.statistics.intervals import Interval
from oko_pipeline.statistics.size_tiers import tier_places

KINDS: Final = ("skill", "content", "requirement")
_UNIT: Final = ["unit_level", "unit_code"]
_MATCH: Final = [*_UNIT, "kind", "matched_code", "matched_text"]
_NOT_LETTERS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Sitting:
    """An assessment with its campaign: who wrote which paper when."""

    key: AssessmentKey
    campaign: Campaign

    @property
    def pupil_grade(self) -> int:
        """Grade in which the pupils are."""
        return self.key.paper_grade + self.campaign.grade_shift

    @property
    def cohort(self) -> int:
        """Year in which these pupils began grade 0: the same for the same pupils."""
        return int(self.campaign.school_year[:4]) - self.pupil_grade


@dataclass(frozen=True, slots=True)
class Pair:
    """Two assessments whose skills may be put side by side, and how."""

    later: Sitting
    earlier: Sitting
    view: str


def sitting(assessment_id: str) -> Sitting:
    """Return the sitting of an assessment; raises `CatalogueError` for an unknown campaign."""
    key = AssessmentKey.parse(assessment_id)
    return Sitting(key, campaign(key.campaign_code))


def comparable_pairs(later: list[str], earlier: list[str], years_back: int) -> Iterator[Pair]:
    """Give for each later assessment its nearest earlier one of the same paper, and of the same pupils.

    Args:
        later: assessments of the year.
        earlier: assessments of this and earlier years; those written later than the one compared are passed over.
        years_back: how many school years an earlier assessment may lie back.
    """
    known = [sitting(one) for one in sorted({*earlier, *later})]
    for one in (sitting(text) for text in sorted(later)):
        start = int(one.campaign.school_year[:4])
        before = [
            other
            for other in known
            if other.campaign.starts_on < one.campaign.starts_on
            and other.campaign.procedure_code == one.campaign.procedure_code
            and (other.key.subject_code, other.key.level) == (one.key.subject_code, one.key.level)
            and start - int(other.campaign.school_year[:4]) <= years_back
        ]
        same_paper = [other for other in before if other.key.paper_grade == one.key.paper_grade]
        cohort = [other for other in before if other.cohort == one.cohort and other not in same_paper]
        if same_paper:
            # Pupils of the same grade first: autumn papers were written by the next grade.
            nearest = max(same_paper, key=lambda o: (o.pupil_grade == one.pupil_grade, o.campaign.starts_on))
            yield Pair(one, nearest, "same_paper")
        if cohort:
            yield Pair(one, max(cohort, key=lambda o: o.campaign.starts_on), "cohort")


def skill_dynamics(
    results: pd.DataFrame, earlier: pd.DataFrame, tasks: pd.DataFrame, options: ItemOptions
) -> pd.DataFrame:
    """Return `skill_dynamics` of the year's assessments.

    Args:
        results: rows of `skill_results` of the year (class rows and other kinds than `KINDS` are passed over).
        earlier: rows of `skill_results` of earlier years.
        tasks: rows of `tasks` of all these years, that say whether a skill's tasks are alike.
        options: thresholds.
    """
    usable = {"later": _usable(results, options), "earlier": _usable(earlier, options)}
    everything = pd.concat(list(usable.values()), ignore_index=True)
    by_assessment = {str(key): frame for key, frame in everything.groupby("assessment_id", sort=False)}
    marks = _task_marks(everything, tasks)
    frames = [
        frame
        for pair in comparable_pairs(
            list(usable["later"]["assessment_id"].unique()),
            list(usable["earlier"]["assessment_id"].unique()),
            options.dynamics.years_back,
        )
        if len(frame := _compare(pair, by_assessment, marks, options))
    ]
    return SKILL_DYNAMICS.conform(pd.concat(frames, ignore_index=True)) if frames else SKILL_DYNAMICS.empty()


def _usable(results: pd.DataFrame, options: ItemOptions) -> pd.DataFrame:
    is_kept = (
        results["kind"].isin(KINDS)
        & (results["unit_level"] != "class")
        & (results["participants_count"] >= options.dynamics.minimum_pupils)
        & results["solved_share"].notna()
        & results["solved_low"].notna()
        # A code without a text of its own cannot be compared: nobody knows what it stood for.
        & (results["skill_title"] != results["skill_code"])
    )
    kept = results[is_kept]
    titles = {text: _plain(text) for text in kept["skill_title"].unique()}
    # A skill's code is but its number in the paper; its text is what makes it the same.
    return kept.assign(
        matched_code=kept["skill_code"].where(kept["kind"] != "skill", ""),
        matched_text=kept["skill_title"].map(titles),
    )


def _plain(text: str) -> str:
    return _NOT_LETTERS.sub(" ", text.casefold().replace("ё", "е")).strip()


def _task_marks(results: pd.DataFrame, tasks: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return for each (assessment, task codes) the maxima and levels of these tasks as one text."""
    found = {
        (str(row.assessment_id), str(row.task_code)): f"{row.maximum_score}{row.difficulty_level}"
        for row in tasks.itertuples()
    }
    pairs = results[["assessment_id", "task_codes"]].drop_duplicates()
    return {
        (str(row.assessment_id), str(row.task_codes)): ";".join(
            sorted(found.get((str(row.assessment_id), code), "?") for code in str(row.task_codes).split(";"))
        )
        for row in pairs.itertuples()
    }


def _compare(
    pair: Pair, by_assessment: dict[str, pd.DataFrame], marks: dict[tuple[str, str], str], options: ItemOptions
) -> pd.DataFrame:
    later_id, earlier_id = str(pair.later.key), str(pair.earlier.key)
    sides = [by_assessment[one].drop_duplicates(_MATCH) for one in (later_id, earlier_id)]
    both = sides[0].merge(sides[1], on=_MATCH, suffixes=("", "_before"), validate="one_to_one")
    if both.empty:
        return SKILL_DYNAMICS.empty()
    difference = (both["solved_share"] - both["solved_share_before"]).to_numpy()
    interval = newcombe_interval(
        both["solved_share"],
        Interval(both["solved_low"].to_numpy(), both["solved_high"].to_numpy()),
        both["solved_share_before"],
        Interval(both["solved_low_before"].to_numpy(), both["solved_high_before"].to_numpy()),
    )
    smaller = both[["participants_count", "participants_count_before"]].min(axis=1).to_numpy(dtype=np.int64)
    reasons = _comparability(pair, both, marks)
    columns = {
        "school_year": options.school_year,
        "assessment_id": later_id,
        "earlier_assessment_id": earlier_id,
        "view": pair.view,
        **{name: both[name] for name in (*_UNIT, "kind", "skill_code", "skill_title", "participants_count")},
        "earlier_participants_count": both["participants_count_before"],
        "size_tier": np.array(SIZE_TIERS, dtype=object)[tier_places(smaller, options.tier_bounds)],
        "solved_share": both["solved_share"],
        "earlier_solved_share": both["solved_share_before"],
        "difference": difference,
        "difference_low": interval.low,
        "difference_high": interval.high,
        "verdict": np.select(
            [reasons != _ALIKE, interval.low > 0, interval.high < 0],
            ["not_comparable", "higher", "lower"],
            "no_evidence",
        ),
        "is_comparable": reasons == _ALIKE,
        "comparability_ru": reasons,
        **method_columns(DYNAMICS_METHOD),
    }
    return SKILL_DYNAMICS.conform(pd.DataFrame(columns))


_ALIKE: Final = "Код и текст кодификатора, класс работы и участников, число, максимум и уровень заданий совпадают."
_OTHER_GRADE: Final = "Несопоставимо: ту же работу писали участники другого класса."
_OTHER_PAPER: Final = "Несопоставимо: работа другого класса, трудность заданий другая."
_OTHER_TASKS: Final = "Несопоставимо: число, максимум или уровень заданий умения другие."


def _comparability(pair: Pair, both: pd.DataFrame, marks: dict[tuple[str, str], str]) -> pd.Series:
    if pair.view == "cohort":
        return pd.Series(_OTHER_PAPER, index=both.index)
    if pair.later.pupil_grade != pair.earlier.pupil_grade:
        return pd.Series(_OTHER_GRADE, index=both.index)
    later, earlier = str(pair.later.key), str(pair.earlier.key)
    texts = zip(both["task_codes"], both["task_codes_before"], strict=True)
    return pd.Series(
        [_ALIKE if marks[later, one] == marks[earlier, other] else _OTHER_TASKS for one, other in texts],
        index=both.index,
    )
