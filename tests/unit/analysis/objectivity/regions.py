"""Regions, measures and rows that the tests of objectivity are made of."""

import numpy as np
import pandas as pd

from oko_pipeline.analysis.objectivity.measures import (
    CampaignMeasures,
    Paper,
    PeerGroups,
    measure_campaign,
    sound_scale,
)
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions
from oko_pipeline.analysis.objectivity.signals import YearSignals
from oko_pipeline.sample.region import Region

YEAR = "2020-2021"
PAPERS = (
    (4, "mathematics"),
    (4, "russian"),
    (5, "mathematics"),
    (5, "russian"),
    (5, "biology"),
    (7, "mathematics"),
    (7, "russian"),
    (8, "russian"),
)
NOBODY = PeerGroups({})
SPRING_4 = "vpr-2021-spring:4:mathematics:base"
SPRING_5 = "vpr-2021-spring:5:mathematics:base"
AUTUMN_4 = "vpr-2020-autumn:4:mathematics:base"


def measure_region(region: Region, options: ObjectivityOptions, peers: PeerGroups = NOBODY) -> CampaignMeasures:
    """Measure all works of the first year of a region, a grade at a time."""
    measured = []
    rows = region.assessments[region.assessments["school_year"] == YEAR]
    for _, own in rows.groupby("pupil_grade"):
        papers = [
            Paper(region.works(YEAR, row["assessment_id"]), sound_scale(row), int(row["maximum_score"]), region.tasks)
            for row in own.to_dict("records")
        ]
        measured.append(measure_campaign(papers, peers, YEAR, options.signals))
    return CampaignMeasures(
        pd.concat([one.measures for one in measured], ignore_index=True),
        pd.concat([one.raw for one in measured], ignore_index=True),
    )


def year_signals(region: Region, **changes: object) -> YearSignals:
    """Return what judging takes beside raw rows, without other procedures."""
    given = {
        "school_year": YEAR,
        "schools": region.arrays.codes.tolist(),
        "excluded": frozenset(),
        "is_scale_known": True,
        "extra": pd.DataFrame(),
        "listed": {},
    }
    return YearSignals(**(given | changes))


def measures_of(scores_by_school: dict[str, list[int]], assessment_id: str, school_year: str = YEAR) -> pd.DataFrame:
    """Return rows of `objectivity_measures` from scores, by the statistics of numpy."""
    rows = []
    for code, scores in scores_by_school.items():
        values = np.array(scores, dtype=float)
        rows.append(
            {
                "school_year": school_year,
                "assessment_id": assessment_id,
                "school_code": code,
                "participants_count": len(values),
                "mean_score": values.mean(),
                "sd_score": values.std(ddof=1) if len(values) > 1 else np.nan,
                "mean_percent": values.mean() * 5,
                "pairs_count": 0,
                "journal_marks_count": 0,
                "spearman": np.nan,
                "spearman_simplified": np.nan,
                "method_id": "objectivity.journal_mismatch",
                "method_version": "1",
            }
        )
    return pd.DataFrame(rows)


def assessment_row(assessment_id: str, school_year: str, *, grade: int, pupil_grade: int, subject: str) -> dict:
    """Return a row of `assessments` with a sound scale."""
    return {
        "school_year": school_year,
        "assessment_id": assessment_id,
        "campaign_code": assessment_id.partition(":")[0],
        "procedure_code": "vpr",
        "paper_grade": grade,
        "pupil_grade": pupil_grade,
        "subject_code": subject,
        "level": "base",
        "task_count": 15,
        "maximum_score": 20,
        "minimum_3": 6,
        "minimum_4": 10,
        "minimum_5": 15,
        "scale_source": "catalogue",
        "rows_count": 10,
        "works_sha256": assessment_id,
    }
