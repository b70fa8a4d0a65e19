"""Tables without columns that say nothing: a year without results, a level that no work tells."""

from collections.abc import Sequence

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.sections import Spec, table

_SAYS_NOTHING = ("", ru.DASH)


def told_table(title: str, columns: Sequence[tuple[str, float, str]], rows: Sequence[Spec]) -> Spec | None:
    """Return a table (`sections.table`) without the columns whose cells are all empty or dashes.

    Args:
        title: the caption.
        columns: title, relative width and kind of each column; the first always stays.
        rows: rows with a cell a column, and group headings with one.
    """
    whole = [one for one in rows if len(one["cells"]) == len(columns)]
    kept = [place for place in range(len(columns)) if place == 0 or any(_says(one["cells"][place]) for one in whole)]
    shorter = [
        one | {"cells": [one["cells"][place] for place in kept]} if len(one["cells"]) == len(columns) else one
        for one in rows
    ]
    return table(title, [columns[place] for place in kept], shorter)


def _says(cell: str) -> bool:
    return cell not in _SAYS_NOTHING
