"""Small years built by hand: schools with the scores of their pupils."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.dynamics.options import DynamicsOptions
from oko_pipeline.analysis.dynamics.tables import dynamics_tables
from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCHOOLS, TASKS

SCALE = (6, 10, 15)


class Years:
    """Collects works of several years and computes the tables of the last."""

    def __init__(self):
        self.assessments, self.tasks, self.summaries = [], [], []
        self.places, self.groups = {}, {}

    def work(self, assessment_id, scores, *, maximum=20, scale=SCALE, tasks=None, journal=None, subgroup="all"):
        """Add a work: `scores` by school, `tasks` as a list of (maximum, source, level)."""
        key = AssessmentKey.parse(assessment_id)
        known = campaign(key.campaign_code)
        if not any(row["assessment_id"] == assessment_id for row in self.assessments):
            self.assessments.append(
                {
                    "school_year": known.school_year,
                    "assessment_id": assessment_id,
                    "campaign_code": key.campaign_code,
                    "procedure_code": "vpr",
                    "paper_grade": key.paper_grade,
                    "pupil_grade": key.paper_grade + known.grade_shift,
                    "subject_code": key.subject_code,
                    "level": "base",
                    "task_count": len(tasks or ()),
                    "maximum_score": maximum,
                    **{f"minimum_{m}": b for m, b in zip((3, 4, 5), scale or (None,) * 3, strict=True)},
                    "scale_source": "inbox" if scale else "absent",
                    "rows_count": 0,
                    "works_sha256": "0",
                }
            )
            self.tasks += [
                {
                    "school_year": known.school_year,
                    "assessment_id": assessment_id,
                    "position": place,
                    "task_code": str(place),
                    "maximum_score": one,
                    "maximum_source": source,
                    "difficulty_level": level,
                    **dict.fromkeys(("skill", "programme_block", "content_codes", "requirement_codes")),
                    "is_metasubject": None,
                }
                for place, (one, source, level) in enumerate(tasks or (), start=1)
            ]
        for school, own in scores.items():
            self.places.setdefault(school, "m1")
            counts = _summary(own, scale, journal)
            what = {"school_year": known.school_year, "assessment_id": assessment_id, "unit_level": "school"}
            self.summaries.append(what | {"unit_code": school, "subgroup": subgroup} | counts)
        return self

    def tables(self, year, **overrides):
        """Compute the tables of change of `year`; overrides are parameters by full name, `__` for a dot."""
        named = {name.replace("__", "."): value for name, value in overrides.items()}
        return dynamics_tables(*self.frames(), DynamicsOptions.of_year(year, named))

    def frames(self):
        """Return summaries, assessments, tasks, schools, groups."""
        integers = [name for name in self.summaries[0] if name.endswith("_count")]
        summaries = pd.DataFrame(self.summaries).astype(dict.fromkeys(integers, "Int64"))
        tasks = TASKS.conform(pd.DataFrame(self.tasks)) if self.tasks else TASKS.empty()
        groups = pd.DataFrame({"school_code": list(self.groups), "group_code": list(self.groups.values())}, dtype="str")
        return summaries, ASSESSMENTS.conform(pd.DataFrame(self.assessments)), tasks, build_schools(self.places), groups


def _summary(scores, scale, journal):
    scores = np.asarray(scores)
    n = len(scores)
    marks = np.searchsorted(scale, scores, side="right") + 2 if scale else np.zeros(0)
    pairs = n if journal is not None and scale else 0
    counted = {f"mark_{m}_count": int((marks == m).sum()) if scale else None for m in (2, 4, 5)}
    difference = marks - journal if pairs else np.zeros(0)
    return {
        "participants_count": n,
        "mean_score": scores.mean() if n else np.nan,
        "sd_score": scores.std(ddof=1) if n > 1 else np.nan,
        "marked_count": len(marks),
        **counted,
        "journal_pairs_count": pairs,
        "journal_lower_count": int((difference < 0).sum()) if scale else None,
        "journal_same_count": int((difference == 0).sum()) if scale else None,
        "journal_higher_count": int((difference > 0).sum()) if scale else None,
        "journal_gap_2_count": int((np.abs(difference) >= 2).sum()) if scale else None,
    }


def build_schools(places, year="2024-2025"):
    """Make rows of `schools` of {code: municipality}."""
    return SCHOOLS.conform(
        pd.DataFrame(
            {
                "school_year": year,
                "school_code": list(places),
                "school_name": list(places),
                "is_name_known": False,
                "school_kind": ["correctional" if code.startswith("ksh") else "general" for code in places],
                "municipality_code": list(places.values()),
                "region_code": "99",
                "settlement_type": None,
                "oge_code": None,
                "ege_code": None,
            }
        )
    )


def row(frame, **wanted):
    """Return the only row with the wanted values."""
    found = frame
    for name, value in wanted.items():
        found = found[found[name] == value]
    assert len(found) == 1, f"{len(found)} rows for {wanted}"
    return found.iloc[0]


@pytest.fixture
def years():
    return Years()


@pytest.fixture
def one_row():
    return row


@pytest.fixture(name="build_schools")
def build_schools_of_places():
    return build_schools
