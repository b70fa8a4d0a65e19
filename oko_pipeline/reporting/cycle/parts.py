"""Shares of rows for charts of parts of a whole."""

from collections.abc import Sequence

from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.figures import Figures


def percent_of(figures: Figures, part: Sequence[Row], whole: Sequence[Row], how_ru: str) -> float | None:
    """Return the share of rows in percent, as a chart shows it; None of nothing."""
    if not whole:
        return None
    share = len(part) / len(whole)
    figures.computed(share, how_ru, part or whole, form="percent_number")
    return round(100 * share, 1)
