"""Small frames in the contracts of the catalogue, for tests of documents."""

import pandas as pd

from oko_pipeline.catalogue.all_tables import any_table

_PLAIN = {"text": "x", "integer": 0, "number": 0.0, "boolean": False, "json": "[]"}


def filled(name, rows):
    """Return rows in the form of a contract: columns that no row names are empty, 0 or an allowed answer."""
    table = any_table(name)
    if not rows:
        return table.empty()
    frame = pd.DataFrame.from_records(rows)
    rest = {
        column.name: None if column.nullable else (column.allowed or (_PLAIN.get(column.type, "2025-01-01"),))[0]
        for column in table.columns
        if column.name not in frame.columns
    }
    return table.conform(frame.assign(**rest)[list(table.column_names)])
