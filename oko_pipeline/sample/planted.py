"""Says in numbers what was planted into a school, so that a detector can be scored against it."""

import numpy as np

from oko_pipeline.sample.inbox import Truth
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.territory import SKIPPED_WORKS, Role, skipping_school


def planted_schools(world: World, results: WorkResults, file: str) -> list[Truth]:
    """Return one truth for every planted school in a work of a paper that has a scale, and for one that skipped it.

    `detail` gives counts as they stand in the file without its dirt: participants, «2», scores exactly at and just
    below the cut-off of «3», marks higher and lower than the journal's.
    """
    if results.paper.cutoffs is None:
        return []
    truths, cutoff = _skipped(world, results, file), results.paper.cutoffs[0]
    marks = results.marks()
    for school in world.territory.schools:
        own = (results.school == school.index) & results.is_present
        if school.role is Role.ORDINARY or not own.any():
            continue
        rated = own & (results.journal > 0)
        counts = {
            "participants": own,
            "twos": own & (marks == 2),
            "at_cutoff_3": own & (results.total == cutoff),
            "below_cutoff_3": own & (results.total == cutoff - 1),
            "higher_than_journal": rated & (marks > results.journal),
            "lower_than_journal": rated & (marks < results.journal),
        }
        truths.append(
            Truth(
                school.role,
                results.campaign.school_year,
                results.campaign.campaign_code,
                results.assessment_id,
                school.code,
                file,
                detail="; ".join(f"{name}={int(np.count_nonzero(rows))}" for name, rows in counts.items()),
            )
        )
    return truths


def _skipped(world: World, results: WorkResults, file: str) -> list[Truth]:
    school = skipping_school(world.territory)
    of, paper = results.campaign, results.paper
    if school is None or (of.campaign_code, paper.grade, paper.subject_code) not in SKIPPED_WORKS:
        return []
    missing = "ОО писала другие работы кампании, а этой у неё нет"
    return [
        Truth(
            "missing_school", of.school_year, of.campaign_code, results.assessment_id, school.code, file, detail=missing
        )
    ]
