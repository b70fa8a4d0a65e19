"""Parts that documents of the cycle share: shares for charts, tables without columns that say nothing."""

from collections.abc import Collection, Sequence

from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.sections import Spec, table

_NOTHING = ("0", UNKNOWN)


def percent_of(figures: Figures, part: Sequence[Row], whole: Sequence[Row], how_ru: str) -> float | None:
    """Return the share of rows in percent, as a chart shows it; None of nothing."""
    if not whole:
        return None
    text = figures.computed(len(part) / len(whole), how_ru, part or whole, form="percent_number")
    # Drawn as written: half up, where `round` would take the nearest even digit.
    return float(text.replace(",", "."))


def lean_table(
    title: str, columns: Sequence[tuple[str, float, str]], rows: Sequence[Spec], optional: Collection[str]
) -> Spec | None:
    """Return a table without those of its `optional` columns (by title) in which no row tells more than 0 or a dash.

    Rows with fewer cells than columns (headings among rows) stay as they are.
    """
    full = [row["cells"] for row in rows if len(row["cells"]) == len(columns)]
    left_out = {
        place
        for place, (name, _, _) in enumerate(columns)
        if name in optional and all(cells[place] in _NOTHING for cells in full)
    }
    kept = [
        row | {"cells": [cell for place, cell in enumerate(row["cells"]) if place not in left_out]}
        if len(row["cells"]) == len(columns)
        else row
        for row in rows
    ]
    return table(title, [column for place, column in enumerate(columns) if place not in left_out], kept)
