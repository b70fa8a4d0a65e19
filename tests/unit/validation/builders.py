"""Rows of catalogue-like tables that the tests of this room share."""

import pandas as pd

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import ASSESSMENTS, TASKS

KEY = AssessmentKey("vpr-2021-spring", 4, "mathematics")
MAXIMA = (1, 2, 3)


def tasks_of(assessment_id: str) -> pd.DataFrame:
    return TASKS.conform(
        pd.DataFrame(
            {
                "school_year": "2020-2021",
                "assessment_id": assessment_id,
                "position": [1, 2, 3],
                "task_code": ["1", "2", "3.1"],
                "maximum_score": list(MAXIMA),
                "maximum_source": "description",
                "difficulty_level": "Б",
                "skill": "умение",
                "programme_block": None,
                "content_codes": None,
                "requirement_codes": None,
                "is_metasubject": False,
            }
        )
    )


def assessments_of(*ids: str) -> pd.DataFrame:
    keys = [AssessmentKey.parse(assessment_id) for assessment_id in ids]
    return ASSESSMENTS.conform(
        pd.DataFrame(
            {
                "school_year": "2020-2021",
                "assessment_id": list(ids),
                "campaign_code": [key.campaign_code for key in keys],
                "procedure_code": "vpr",
                "paper_grade": [key.paper_grade for key in keys],
                "pupil_grade": [key.paper_grade for key in keys],
                "subject_code": [key.subject_code for key in keys],
                "level": [key.level for key in keys],
                "task_count": 3,
                "maximum_score": 6,
                "minimum_3": 2,
                "minimum_4": 3,
                "minimum_5": 5,
                "scale_source": "catalogue",
                "rows_count": 12,
                "works_sha256": "w",
            }
        )
    )
