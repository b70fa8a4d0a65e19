"""Tables that are judged anew each day but seldom change: what depends on them is made again when their rows differ.

The slice of such a table is the fingerprint of its rows; what the rows were made from is remembered beside it.
"""

from collections.abc import Sequence

import pandas as pd

from assets.inputs import frame_fingerprint, record_slices
from oko_pipeline.catalogue.contracts import Table
from resources.workplace import Workplace

_SLICE = "year"
_MADE_FROM = "@made_from"


def is_made_from(workplace: Workplace, school_year: str, table: Table, inputs: str) -> bool:
    """Tell whether a year's table was made from these very inputs the last time."""
    return workplace.database.slice_inputs(school_year, table.name + _MADE_FROM).get(_SLICE) == inputs


def write_rows(
    workplace: Workplace, school_year: str, inputs: str, made: Sequence[tuple[Table, pd.DataFrame]]
) -> list[str]:
    """Replace the year's tables whose rows differ and remember what they were made from; return the replaced ones.

    Args:
        workplace: the stores.
        school_year: the year.
        inputs: fingerprint of all that the tables depend on; kept with the first of them.
        made: tables with their rows of the year.
    """
    database = workplace.database
    replaced: list[str] = []
    with database.transaction():
        for table, frame in made:
            rows = frame_fingerprint(frame)
            if database.slice_inputs(school_year, table.name).get(_SLICE) == rows:
                continue
            database.replace(table, frame, {"school_year": school_year})
            record_slices(workplace, school_year, table.name, {_SLICE: (rows, len(frame))})
            replaced.append(table.name)
        record_slices(workplace, school_year, made[0][0].name + _MADE_FROM, {_SLICE: (inputs, 0)})
    return replaced
