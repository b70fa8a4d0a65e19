"""Records of exam scales, shared by the readers that find scales: their columns and types."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

SCALE_RECORD_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "exam_code": "str",
    "exam_year": "Int64",
    "series": "str",
    "primary_score": "Int64",
    "test_score": "Int64",
    "mark": "Int64",
}
"""Columns of records `exam_scales`; rows carry their own `exam_year`."""


def scale_records(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Return typed rows of records `exam_scales`."""
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in SCALE_RECORD_TYPES}).astype(
        SCALE_RECORD_TYPES
    )
