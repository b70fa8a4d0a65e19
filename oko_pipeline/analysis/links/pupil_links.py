"""Links between results of the same pupils: works of one campaign and grade, and each work with the journal."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.links.measures import assessment_title
from oko_pipeline.analysis.links.options import LinkOptions
from oko_pipeline.analysis.links.school_links import correlation_cells, links_table
from oko_pipeline.analysis.links.wording import Counted, strength
from oko_pipeline.catalogue.tables_items import RESULT_LINKS
from oko_pipeline.statistics.rank_correlation import clustered_spearman

PUPIL_COLUMNS: Final = ("pupil_id", "school_code", "status", "primary_score", "journal_mark")
JOURNAL: Final = "journal"

Floats = npt.NDArray[np.float64]


def pupil_links(link_group: str, works: Mapping[str, pd.DataFrame], options: LinkOptions) -> pd.DataFrame:
    """Return `result_links` of the pupils of one campaign and grade.

    A pupil's code that stands twice in a work is two pupils: such rows are linked with nothing.

    Args:
        link_group: name of this computation, such as `pupils:vpr-2021-spring:4`.
        works: by assessment, the columns `PUPIL_COLUMNS` of its works.
        options: thresholds.
    """
    names = sorted(works)
    scored = {name: _scored(works[name]) for name in names}
    everyone = pd.concat([frame[["pupil_id", "school_code"]] for frame in scored.values()], ignore_index=True)
    if everyone.empty:
        return RESULT_LINKS.empty()
    pupil, pupils = pd.factorize(everyone["pupil_id"])
    school_of_row, _ = pd.factorize(everyone["school_code"])
    school = np.zeros(len(pupils), dtype=np.intp)
    school[pupil] = school_of_row
    scores = np.full((len(names), len(pupils)), np.nan)
    start = 0
    for place, name in enumerate(names):
        rows = pupil[start : start + len(scored[name])]
        start += len(rows)
        scores[place, rows] = scored[name]["primary_score"].to_numpy(dtype=np.float64)
    found = [_row((name, f"{name}|{JOURNAL}"), _journal(scored[name]), options) for name in names]
    found += [
        _row((left, names[other]), (scores[place], scores[other], school), options)
        for place, left in enumerate(names)
        for other in range(place + 1, len(names))
    ]
    same = {"link_group": link_group, "observation": "pupil", "statistic": "spearman"}
    return links_table([row for row in found if row is not None], same, options)


def _scored(rows: pd.DataFrame) -> pd.DataFrame:
    own = rows[(rows["status"] == "scored") & rows["primary_score"].notna()]
    return own[~own["pupil_id"].duplicated(keep=False)]


def _journal(rows: pd.DataFrame) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    marks = rows["journal_mark"].to_numpy(dtype=np.float64, na_value=np.nan)
    marks = np.where((marks >= 2) & (marks <= 5), marks, np.nan)
    return rows["primary_score"].to_numpy(dtype=np.float64), marks, pd.factorize(rows["school_code"])[0]


def _title(measure: str) -> str:
    name, _, what = measure.partition("|")
    return f"отметка по журналу: {assessment_title(name)}" if what == JOURNAL else assessment_title(name)


def _row(
    measures: tuple[str, str], values: tuple[Floats, Floats, npt.NDArray[np.intp]], options: LinkOptions
) -> dict[str, object] | None:
    left, right, school = values
    has_left, has_right = ~np.isnan(left), ~np.isnan(right)
    both = has_left & has_right
    if not both.any():
        return None
    found = clustered_spearman(left[both], right[both], school[both])
    word = strength(found, options.correlation.minimum_pupils, options.correlation)
    counted = Counted(int(both.sum()), int((has_left != has_right).sum()), "Участники")
    return {
        "left_measure": measures[0],
        "right_measure": measures[1],
        "left_title_ru": _title(measures[0]),
        "right_title_ru": _title(measures[1]),
        "unit_level": "all",
        "unit_code": "all",
        "observations_count": counted.both,
        "schools_count": len(np.unique(school[both])),
        "missing_count": counted.one_only,
        **correlation_cells(found, word, counted),
    }
