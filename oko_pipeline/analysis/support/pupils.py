"""Which pupils of a campaign need help, over all works that share their code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.support.options import SUPPORT_METHOD, SupportOptions
from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method
from oko_pipeline.catalogue.tables_items import PUPILS_SUPPORT, SUPPORT_COUNTS
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

PUPIL_COLUMNS: Final = (
    "pupil_id", "school_code", "class_label", "file_sha256", "source_row", "status", "primary_score", "reported_mark",
)  # fmt: skip
NEEDS: Final = ("persistent", "single", "prone")
_LOW_MARK: Final = 2


@dataclass(frozen=True, slots=True)
class SupportWork:
    """A work of the campaign: rows with `PUPIL_COLUMNS`, and what tells a low result.

    `minimum_3` is the least score of «3» (None — no scale: the file's own marks count), `error` the standard error of
    measurement of a pupil's score.
    """

    assessment_id: str
    rows: pd.DataFrame
    minimum_3: int | None
    maximum_score: int | None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """Rows of `pupils_support` and `support_counts`; each conforms to the contract of its name."""

    pupils: pd.DataFrame
    counts: pd.DataFrame


def pupils_support(
    campaign_code: str,
    works: Sequence[SupportWork],
    options: SupportOptions,
    earlier: pd.DataFrame | None = None,
    code_links: pd.DataFrame | None = None,
) -> Support:
    """Find the pupils of a campaign who need help.

    Args:
        campaign_code: the campaign; pseudonyms are the same in all its works, and in no other campaign.
        works: its works.
        options: thresholds.
        earlier: rows of `pupils_support` of earlier campaigns.
        code_links: columns `pupil_id`, `earlier_pupil_id` where a school has linked the codes; without them nothing is
            known of earlier campaigns.

    Raises:
        CatalogueError: for an unknown campaign.
    """
    known = [part for part in (_work_rows(work, options) for work in works) if len(part)]
    if not known:
        return Support(PUPILS_SUPPORT.empty(), SUPPORT_COUNTS.empty())
    marked = pd.concat(known, ignore_index=True)
    pupils = _by_pupil(marked, options)
    grade_shift = campaign(campaign_code).grade_shift
    pupils = pupils.assign(
        school_year=options.school_year,
        campaign_code=campaign_code,
        pupil_grade=pupils["paper_grade"] + grade_shift,
        method_id=SUPPORT_METHOD,
        method_version=method(SUPPORT_METHOD).version,
    )
    counts = _counts(pupils, options)
    needy = pupils[pupils["need"].notna()]
    needy = _with_texts(needy, marked).pipe(_with_earlier, earlier, code_links)
    ordered = needy.sort_values(["school_code", "pupil_grade", "class_label", "pupil_id"])
    return Support(PUPILS_SUPPORT.conform(ordered[list(PUPILS_SUPPORT.column_names)].reset_index(drop=True)), counts)


def _work_rows(work: SupportWork, options: SupportOptions) -> pd.DataFrame:
    """Return the marked works, a row a pupil: low, near, percent. A code that stands twice is nobody's."""
    rows = work.rows[(work.rows["status"] == "scored") & work.rows["primary_score"].notna()]
    rows = rows[~rows["pupil_id"].duplicated(keep=False)]
    score = rows["primary_score"].to_numpy(dtype=np.float64)
    if work.maximum_score is not None:
        # A total above the maximum has no mark.
        rows, score = rows[score <= work.maximum_score], score[score <= work.maximum_score]
    if work.minimum_3 is not None:
        is_low = score < work.minimum_3
        is_near = ~is_low & (score - work.minimum_3 < _margin(work, options))
    else:
        mark = rows["reported_mark"].to_numpy(dtype=np.float64, na_value=np.nan)
        is_marked = (mark >= _LOW_MARK) & (mark <= 5)
        rows, score, mark = rows[is_marked], score[is_marked], mark[is_marked]
        is_low, is_near = mark == _LOW_MARK, np.zeros(len(rows), dtype=bool)
    percent = score / work.maximum_score * 100 if work.maximum_score else np.full(len(rows), np.nan)
    return pd.DataFrame(
        {
            "pupil_id": rows["pupil_id"].array,
            "school_code": rows["school_code"].array,
            "class_label": rows["class_label"].array,
            "file_sha256": rows["file_sha256"].array,
            "source_row": rows["source_row"].array,
            "paper_grade": AssessmentKey.parse(work.assessment_id).paper_grade,
            "assessment_id": work.assessment_id,
            "is_low": is_low,
            "is_near": is_near,
            "percent": percent,
        }
    )


def _margin(work: SupportWork, options: SupportOptions) -> float:
    if work.error is not None and work.error > 0:
        return options.near_errors * work.error
    return options.near_share_of_maximum * (work.maximum_score or 0)


def _by_pupil(marked: pd.DataFrame, options: SupportOptions) -> pd.DataFrame:
    """Return a row a pupil with the counts of works and the need (empty where there is none)."""
    pupil, ids = pd.factorize(marked["pupil_id"])
    count = len(ids)
    works = np.bincount(pupil, minlength=count)
    low = np.bincount(pupil[marked["is_low"].to_numpy()], minlength=count)
    near = np.bincount(pupil[marked["is_near"].to_numpy()], minlength=count)
    percent = marked["percent"].to_numpy()
    known = ~np.isnan(percent)
    percents = np.bincount(pupil[known], weights=percent[known], minlength=count)
    told = np.bincount(pupil[known], minlength=count)
    is_persistent = (low >= options.low_works) & (low >= options.low_share * works)
    is_prone = (low == 0) & (near > 0) & (near >= options.prone_share * works)
    need = np.select([is_persistent, low > 0, is_prone], [0, 1, 2], default=-1)
    first = np.full(count, len(marked))
    np.minimum.at(first, pupil, np.arange(len(marked)))
    return pd.DataFrame(
        {
            "pupil_id": ids,
            "school_code": marked["school_code"].take(first).array,
            "class_label": marked["class_label"].take(first).array,
            "file_sha256": marked["file_sha256"].take(first).array,
            "source_row": marked["source_row"].take(first).array,
            "paper_grade": marked["paper_grade"].take(first).array,
            "need": pd.array(NEEDS, dtype="str").take(need, allow_fill=True),
            "works_count": works,
            "low_count": low,
            "near_count": near,
            "mean_percent": percents / np.where(told > 0, told, np.nan),
        }
    )


def _with_texts(needy: pd.DataFrame, marked: pd.DataFrame) -> pd.DataFrame:
    own = marked[marked["pupil_id"].isin(needy["pupil_id"])]
    texts = {
        column: own[own[flag]].groupby("pupil_id")["assessment_id"].agg(";".join)
        for column, flag in (("low_assessments", "is_low"), ("near_assessments", "is_near"))
    }
    return needy.assign(**{column: needy["pupil_id"].map(found).astype("str") for column, found in texts.items()})


def _with_earlier(needy: pd.DataFrame, earlier: pd.DataFrame | None, code_links: pd.DataFrame | None) -> pd.DataFrame:
    """Add the low works of earlier campaigns where a link says which pupil had which code."""
    low = pd.Series(pd.NA, index=needy.index, dtype="Int64")
    if earlier is not None and code_links is not None and len(code_links):
        before = earlier.groupby("pupil_id")["low_count"].sum()
        links = code_links.drop_duplicates(["pupil_id", "earlier_pupil_id"])
        # A linked pupil without a row then had no need for help: that is zero, not unknown.
        summed = links["earlier_pupil_id"].map(before).groupby(links["pupil_id"]).sum()
        low = needy["pupil_id"].map(summed).astype("Int64")
    is_persistent = ((low > 0) & (needy["low_count"] > 0)).astype("boolean").mask(low.isna())
    return needy.assign(earlier_low_count=low, is_persistent_over_campaigns=is_persistent)


def _counts(pupils: pd.DataFrame, options: SupportOptions) -> pd.DataFrame:
    key = ["school_year", "campaign_code", "school_code", "pupil_grade"]
    flags = pupils[key].assign(
        pupils_count=1,
        several_works_count=(pupils["works_count"] >= 2).astype(int),
        **{f"{need}_count": (pupils["need"] == need).astype(int) for need in NEEDS},
    )
    counts = flags.groupby(key, as_index=False).sum()
    several = counts["several_works_count"].to_numpy()
    # Who wrote one work only cannot be persistently low, however low it was.
    persistent = np.minimum(counts["persistent_count"].to_numpy(), several)
    interval = wilson_interval(persistent, several)
    return SUPPORT_COUNTS.conform(
        counts.assign(
            size_tier=_tiers(counts["pupils_count"].to_numpy(), options),
            persistent_share=persistent / np.where(several > 0, several, np.nan),
            persistent_low=interval.low,
            persistent_high=interval.high,
            method_id=SUPPORT_METHOD,
            method_version=method(SUPPORT_METHOD).version,
        )
    )


def _tiers(counts: npt.NDArray[np.int64], options: SupportOptions) -> npt.NDArray[np.object_]:
    return np.array(SIZE_TIERS, dtype=object)[tier_places(counts, options.tier_bounds)]


def school_annex(pupils: pd.DataFrame, school_code: str) -> pd.DataFrame:
    """Return the rows of one school: what its own annex, and no other document, may show."""
    return pupils[pupils["school_code"] == school_code].reset_index(drop=True)
