"""A raw dump as a grid of cells that knows what its columns mean, so that dirt can be planted into any layout."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oko_pipeline.sample.results import WorkResults

# The codes of `results` (-1 not attempted, -2 not taught) index this from its end.
_SCORE_TEXTS = np.array([*"0123456789", "не пройд.", "X"], dtype=object)


@dataclass(slots=True)
class DumpTable:
    """Cells of a dump's data sheet below its header row, in an object array of shape (rows, columns).

    `mark`, `sex`, `school_class`, `variant` and `total` are columns; `tasks` columns of tasks start at `first_task`.
    `source` is the row of the results behind each row.
    """

    sheet: str
    header: list[str]
    cells: npt.NDArray[np.object_]
    mark: int
    sex: int
    school_class: int
    variant: int
    total: int
    first_task: int
    tasks: int
    source: npt.NDArray[np.int64]


def score_texts(results: WorkResults) -> npt.NDArray[np.object_]:
    """Return task cells as text: points, `X`, «не пройд.»; None for absent pupils."""
    texts = _SCORE_TEXTS[results.scores]
    texts[~results.is_present] = None
    return texts


def present_texts(results: WorkResults, texts: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Return `texts` as objects, None for absent pupils."""
    values = np.array(texts, dtype=object)
    values[~results.is_present] = None
    return values


def journal_texts(results: WorkResults) -> npt.NDArray[np.object_]:
    """Return journal marks as text, «нет отметки» where there is none, None for absent pupils."""
    names = np.array(["нет отметки", "", "2", "3", "4", "5"], dtype=object)
    return present_texts(results, names[results.journal])


def sex_texts(results: WorkResults) -> npt.NDArray[np.object_]:
    """Return «ж» or «м», None for absent pupils."""
    return present_texts(results, np.where(results.is_girl, "ж", "м"))


def variant_texts(results: WorkResults) -> npt.NDArray[np.object_]:
    """Return variants as text, «отсутствовал» for absent pupils."""
    texts = results.variant.astype(str).astype(object)
    texts[~results.is_present] = "отсутствовал"
    return texts
