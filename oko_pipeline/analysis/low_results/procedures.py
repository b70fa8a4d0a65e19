"""Procedures of a school as rules count them: works and exams with participants and those below the minimum."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.low_result_rules import Selector

COLUMNS: Final = (
    "school_year",
    "school_code",
    "procedure_code",
    "season",
    "grade",
    "subject_code",
    "level",
    "participants_count",
    "below_minimum_count",
)
EXAM_COLUMNS: Final = (
    "school_code",
    "school_year",
    "procedure_code",
    "subject_code",
    "participants_count",
    "below_minimum_count",
)
_EXAM_GRADES: Final = {"oge": 9, "gve9": 9, "ege": 11, "gve11": 11}


def work_procedures(summary: pd.DataFrame, assessments: pd.DataFrame) -> pd.DataFrame:
    """Return the works of schools as procedures; works without a scale are left out, they have no minimum.

    Args:
        summary: rows of `result_summary` of any years.
        assessments: rows of `assessments` of the same years.

    Returns:
        Columns `COLUMNS`; grain: school × work.
    """
    own = summary[(summary["unit_level"] == "school") & (summary["subgroup"] == "all") & (summary["marked_count"] > 0)]
    keys = assessments[["school_year", "assessment_id", "procedure_code", "campaign_code", "paper_grade", "level"]]
    keys = keys.assign(subject_code=assessments["subject_code"])
    own = own[["school_year", "assessment_id", "unit_code", "marked_count", "mark_2_count"]].merge(
        keys, on=["school_year", "assessment_id"], validate="many_to_one"
    )
    own = own[own["mark_2_count"].notna()]
    seasons = {code: one.season for code, one in campaigns().items()}
    return pd.DataFrame(
        {
            "school_year": own["school_year"],
            "school_code": own["unit_code"],
            "procedure_code": own["procedure_code"],
            "season": own["campaign_code"].map(seasons).fillna("spring"),
            "grade": own["paper_grade"].astype("int64"),
            "subject_code": own["subject_code"],
            "level": own["level"],
            "participants_count": own["marked_count"].astype("int64"),
            "below_minimum_count": own["mark_2_count"].astype("int64"),
        }
    ).reset_index(drop=True)


def exam_counts(exam_summary: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `exam_summary` about schools, all participants, in the form that `exam_procedures` takes.

    An exam with marks and without a minimum score counts «2» as below the minimum.
    """
    own = exam_summary[(exam_summary["unit_level"] == "school") & (exam_summary["category"] == "all")]
    parts = own["exam_code"].str.split(":", expand=True).reindex(columns=range(4))
    below = (
        own["below_minimum_count"].fillna(own["mark_2_count"]) if "mark_2_count" in own else own["below_minimum_count"]
    )
    return pd.DataFrame(
        {
            "school_code": own["unit_code"],
            "school_year": own["school_year"],
            "procedure_code": parts[0],
            "subject_code": parts[2],
            "level": parts[3],
            "participants_count": own["participants_count"],
            "below_minimum_count": below,
        }
    ).reset_index(drop=True)


def exam_procedures(exams: pd.DataFrame) -> pd.DataFrame:
    """Return exam results of schools as procedures; rows without counts or participants are left out.

    Args:
        exams: columns `EXAM_COLUMNS`, and `level` where an exam has levels (main unless said).
    """
    known = exams[
        exams["participants_count"].notna()
        & (exams["participants_count"] > 0)
        & exams["below_minimum_count"].notna()
        & exams["school_code"].notna()
    ]
    made = known.assign(
        season="spring",
        grade=known["procedure_code"].map(_EXAM_GRADES).fillna(0).astype("int64"),
        level=known["level"].fillna("main") if "level" in known else "main",
        participants_count=known["participants_count"].astype("int64"),
        below_minimum_count=known["below_minimum_count"].astype("int64"),
    )
    keys = [name for name in COLUMNS if not name.endswith("_count")]
    return made.groupby(keys, as_index=False)[["participants_count", "below_minimum_count"]].sum()[list(COLUMNS)]


def selected(procedures: pd.DataFrame, selectors: Sequence[Selector]) -> npt.NDArray[np.bool_]:
    """Tell which procedures the selectors name."""
    chosen = np.zeros(len(procedures), dtype=bool)
    for one in selectors:
        own = (procedures["procedure_code"] == one.procedure).to_numpy()
        limits = {"subject_code": one.subjects, "grade": one.grades, "season": one.seasons, "level": one.levels}
        for column, wanted in limits.items():
            if wanted:
                own = own & procedures[column].isin(wanted).to_numpy()
        chosen |= own
    return chosen


def in_units(procedures: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return counts by school, year and what a rule calls one procedure, with its code `procedure_unit`.

    A subject joins all grades, seasons and levels of a procedure; a procedure joins its subjects as well.
    """
    names = {
        "work": ("procedure_code", "season", "grade", "subject_code", "level"),
        "subject": ("procedure_code", "subject_code"),
        "procedure": ("procedure_code",),
    }[unit]
    parts = [procedures[name].astype("str") for name in names]
    code = parts[0].str.cat(parts[1:], sep=":") if len(parts) > 1 else parts[0]
    return (
        procedures.assign(procedure_unit=code)
        .groupby(["school_year", "school_code", "procedure_unit"], as_index=False)[
            ["participants_count", "below_minimum_count"]
        ]
        .sum()
    )
