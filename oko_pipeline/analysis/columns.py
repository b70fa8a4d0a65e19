"""Columns that every analysis table begins with, built without touching a row twice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.options import AnalysisOptions
from oko_pipeline.analysis.units import Units
from oko_pipeline.catalogue.columns import UNIT_LEVELS


@dataclass(frozen=True, slots=True)
class Scope:
    """What one analysis is about: the assessment, its units, the year and thresholds."""

    assessment_id: str
    units: Units
    options: AnalysisOptions


def repeated(text: str, count: int) -> pd.api.extensions.ExtensionArray:
    """Return a text column of `count` equal values."""
    return pd.array([text], dtype="str").take(np.zeros(count, dtype=np.intp))


def picked(texts: list[str] | tuple[str, ...], places: npt.NDArray[np.integer]) -> pd.api.extensions.ExtensionArray:
    """Return a text column `texts[places]`; place −1 is an empty value."""
    if not texts:
        return pd.array([None], dtype="str").take(np.zeros(len(places), dtype=np.intp))
    return pd.array(list(texts), dtype="str").take(places, allow_fill=True)


def unit_columns(scope: Scope, unit_of_row: npt.NDArray[np.intp]) -> dict[str, object]:
    """Return school_year, assessment_id, unit_level and unit_code of rows about the units `unit_of_row`."""
    return {
        "school_year": repeated(scope.options.school_year, len(unit_of_row)),
        "assessment_id": repeated(scope.assessment_id, len(unit_of_row)),
        "unit_level": picked(UNIT_LEVELS, scope.units.levels[unit_of_row]),
        "unit_code": scope.units.codes.take(unit_of_row),
    }


def counts_or_null(counts: npt.NDArray[np.int64], *, is_known: bool) -> pd.api.extensions.ExtensionArray:
    """Return nullable counts; all NULL when the assessment gives no means of counting."""
    missing = np.full(len(counts), not is_known)
    return pd.arrays.IntegerArray(counts.astype(np.int64), missing)


def ratio(part: npt.NDArray, whole: npt.NDArray) -> npt.NDArray[np.float64]:
    """Return part / whole, NaN where whole is 0."""
    total = np.asarray(whole, dtype=np.float64)
    return np.asarray(part, dtype=np.float64) / np.where(total > 0, total, np.nan)
