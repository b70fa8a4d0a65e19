"""Measures of schools to be linked: a long frame, whatever procedure or register they come from.

Columns `unit_code` (school), `measure`, `value`, `n` (pupils behind the value; 0 or empty — it rests on no pupils), and
`title_ru`, `family`, `subject_code` where they are known.
"""

from typing import Final

import pandas as pd

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.errors import ContractError

COLUMNS: Final = ("unit_code", "measure", "value", "n", "title_ru", "family", "subject_code")
RESULTS: Final = "results"
"""Family of results of assessments; every other family is linked to it and never to itself."""

_REQUIRED: Final = ("unit_code", "measure", "value", "n")


def assessment_title(assessment_id: str) -> str:
    """Return an assessment in words: «математика, 4 класс, весна 2021»; углублённый level is told apart."""
    key = AssessmentKey.parse(assessment_id)
    subject = subjects().get(key.subject_code)
    name = subject.name_ru.lower() if subject is not None else key.subject_code
    level = "" if key.level == "base" else ", углублённый уровень"
    known = campaigns().get(key.campaign_code)
    when = known.short_ru if known is not None else key.campaign_code
    return f"{name}, {key.paper_grade} класс{level}, {when}"


def result_measures(result_summary: pd.DataFrame) -> pd.DataFrame:
    """Return measures of schools from rows of `result_summary` (subgroup all of schools and of level all).

    A measure an assessment — mean percent of the maximum — and one a campaign: the deviation of the school from all
    schools in each work, in points of percent, weighted by participants; works that a school did not write so do not
    lower or raise it.
    """
    own = result_summary[(result_summary["subgroup"] == "all") & result_summary["mean_percent"].notna()]
    schools = own[own["unit_level"] == "school"]
    everyone = own[own["unit_level"] == "all"].set_index("assessment_id")["mean_percent"]
    titles = {text: assessment_title(text) for text in schools["assessment_id"].unique()}
    works = pd.DataFrame(
        {
            "unit_code": schools["unit_code"],
            "measure": schools["assessment_id"],
            "value": schools["mean_percent"],
            "n": schools["participants_count"].astype("float64"),
            "title_ru": schools["assessment_id"].map(titles),
            "family": RESULTS,
            "subject_code": schools["assessment_id"].map(
                {text: AssessmentKey.parse(text).subject_code for text in titles}
            ),
        }
    )
    deviation = works["value"] - works["measure"].map(everyone).astype("float64")
    codes = {text: AssessmentKey.parse(text).campaign_code for text in titles}
    parts = pd.DataFrame(
        {
            "unit_code": works["unit_code"],
            "measure": works["measure"].map(codes),
            "value": deviation * works["n"],
            "n": works["n"],
        }
    )
    summed = parts.groupby(["measure", "unit_code"], as_index=False)[["value", "n"]].sum()
    means = summed.assign(
        value=summed["value"] / summed["n"],
        title_ru=summed["measure"].map({code: _campaign_title(code) for code in summed["measure"].unique()}),
        family=RESULTS,
        subject_code=None,
    )
    return pd.concat([works, means[list(COLUMNS)]], ignore_index=True)


def _campaign_title(campaign_code: str) -> str:
    known = campaigns().get(campaign_code)
    return f"все работы, {known.short_ru if known is not None else campaign_code}"


def complete_measures(*frames: pd.DataFrame) -> pd.DataFrame:
    """Return measures of several sources as one frame with all `COLUMNS`.

    A frame of another room needs `unit_code`, `measure`, `value`, `n`. Where the rest is missing, the family is what
    stands before the first colon of the measure (`exam:ege:russian` → exam), the subject is a part that is a subject's
    code, and the title is the measure itself.

    Raises:
        ContractError: for a frame without a required column, or a measure given twice for a school.
    """
    made = [_completed(frame) for frame in frames if len(frame)]
    if not made:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}).astype(
            {"value": "float64", "n": "float64"}
        )
    whole = pd.concat(made, ignore_index=True)
    repeated = whole.duplicated(["unit_code", "measure"])
    if repeated.any():
        raise ContractError(f"Показатели связей: {whole.loc[repeated, 'measure'].iloc[0]} дан для одной ОО дважды.")
    return whole


def _completed(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _REQUIRED if name not in frame.columns]
    if missing:
        raise ContractError(f"Показатели связей: нет столбцов {missing}.")
    names = [str(name) for name in frame["measure"].unique()]
    defaults = {
        "title_ru": {name: name for name in names},
        "family": {name: name.split(":", 1)[0] for name in names},
        "subject_code": {name: next((p for p in name.split(":") if p in subjects()), None) for name in names},
    }
    added = {column: frame["measure"].map(values) for column, values in defaults.items() if column not in frame.columns}
    whole = frame.assign(**added)[list(COLUMNS)]
    return whole.astype({"value": "float64", "n": "float64"}).dropna(subset=["value"])
