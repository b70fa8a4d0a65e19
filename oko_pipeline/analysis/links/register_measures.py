"""Measures of schools from registers and exams, as the links want them; see `measures`."""

import numpy as np
import pandas as pd

from oko_pipeline.analysis.links.measures import COLUMNS, complete_measures
from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.catalogue.link_measures import LinkMeasure
from oko_pipeline.catalogue.subjects import find_subject, subjects


def register_measure(definition: LinkMeasure, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one measure of a register by school (and subject): columns of `complete_measures`.

    A row without a part of its numerator or denominator is left out: a school that left a cell empty did not report 0.
    Rows whose subject is not one of the catalogue's stand under the subject's own text.

    Args:
        definition: what is divided by what.
        rows: rows of the register with `school_code`.
    """
    own = rows[rows["school_code"].notna()]
    for column, value in definition.where.items():
        own = own[own[column] == value]
    parts = own[[*definition.numerator, *definition.denominator]].astype("float64")
    own, parts = own[parts.notna().all(axis=1)], parts.dropna()
    subject = _subjects(own, definition.subject)
    frame = pd.DataFrame(
        {
            "unit_code": own["school_code"],
            "subject_code": subject,
            "above": parts[list(definition.numerator)].sum(axis=1),
            "below": parts[list(definition.denominator)].sum(axis=1),
            "n": own[definition.pupils].astype("float64") if definition.pupils is not None else np.nan,
        }
    )
    summed = frame.groupby(["unit_code", "subject_code"], as_index=False, dropna=False).sum(min_count=1)
    summed = summed[summed["below"] > 0]
    names = {
        code: (f"{definition.measure}:{code}", f"{definition.title_ru}: {_subject_title(code)}")
        if code
        else (definition.measure, definition.title_ru)
        for code in summed["subject_code"].unique()
    }
    return complete_measures(
        summed.assign(
            measure=summed["subject_code"].map({code: name for code, (name, _) in names.items()}),
            title_ru=summed["subject_code"].map({code: title for code, (_, title) in names.items()}),
            value=summed["above"] / summed["below"],
            family=definition.measure.split(":", 1)[0],
            subject_code=summed["subject_code"].where(summed["subject_code"].isin(list(subjects())), None),
        )
    )


def _subjects(rows: pd.DataFrame, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series("", index=rows.index, dtype="str")
    codes = {}
    for text in rows[column].dropna().unique():
        found = None if text in subjects() else find_subject(str(text))
        codes[text] = found.subject_code if found is not None else str(text)
    return rows[column].map(codes).fillna("").astype("str")


def _subject_title(code: str) -> str:
    subject = subjects().get(code)
    return subject.name_ru.lower() if subject is not None else code


def exam_measures(exam_summary: pd.DataFrame) -> pd.DataFrame:
    """Return the mean test score (or mark, where the result is a mark) of exams by school.

    Args:
        exam_summary: rows of `exam_summary` of level school and category all.
    """
    own = exam_summary[(exam_summary["unit_level"] == "school") & (exam_summary["category"] == "all")]
    parts = [text.split(":") for text in own["exam_code"].unique()]
    keys = {":".join(part): ExamKey(part[0], int(part[1]), part[2], part[3]) for part in parts}
    frame = pd.DataFrame(
        {
            "unit_code": own["unit_code"],
            "measure": "exam:" + own["exam_code"].astype("str"),
            "value": own["mean_test"].astype("float64").fillna(own["mean_mark"].astype("float64")),
            "n": own["participants_count"].astype("float64"),
            "title_ru": own["exam_code"].map({text: key.title_ru for text, key in keys.items()}),
            "family": "exam",
            "subject_code": own["exam_code"].map({text: key.subject_code for text, key in keys.items()}),
        }
    )
    return complete_measures(frame[list(COLUMNS)].dropna(subset=["value"]))
