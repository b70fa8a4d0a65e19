"""What a trace shows: a tree of Russian lines, and the stores that its walkers read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from resources.workplace import Workplace

MOST_RANGES = 4


@dataclass(slots=True)
class Node:
    """One line of a trace with what stands below it. `is_cells`: the line names cells of a file, where a walk ends."""

    text: str
    children: list["Node"] = field(default_factory=list)
    is_cells: bool = False

    def add(self, *nodes: "Node") -> "Node":
        """Put nodes below this one and return it."""
        self.children += nodes
        return self

    def lines(self, depth: int = 0) -> list[str]:
        """Return the tree as indented lines."""
        return ["  " * depth + self.text, *(line for child in self.children for line in child.lines(depth + 1))]

    def reaches_cells(self) -> bool:
        """Tell whether any walk below ends at cells of a file."""
        return self.is_cells or any(child.reaches_cells() for child in self.children)


@dataclass(frozen=True, slots=True)
class Desk:
    """The stores and the school year of a trace."""

    workplace: Workplace
    school_year: str

    @property
    def where(self) -> dict[str, str]:
        """The condition of the year."""
        return {"school_year": self.school_year}


def ranges(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Return runs of consecutive row numbers: 2, 3, 4, 9 → (2, 4), (9, 9)."""
    runs: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def range_text(rows: Iterable[int], column: str = "") -> str:
    """Return rows as cells of a column («Q2:Q4, Q9») or as row numbers («2–4, 9»); long lists are cut."""
    runs = ranges(rows)
    shown = [_run_text(run, column) for run in runs[:MOST_RANGES]]
    left = sum(last - first + 1 for first, last in runs[MOST_RANGES:])
    return ", ".join(shown) + (f" и ещё {left} стр." if left else "")


def _run_text(run: tuple[int, int], column: str) -> str:
    first, last = run
    if first == last:
        return f"{column}{first}"
    return f"{column}{first}:{column}{last}" if column else f"{first}–{last}"


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return rows as plain records, None for missing values."""
    names = [str(name) for name in frame.columns]
    # Column by column: a conversion of the whole frame costs more than the rows that a trace asks for.
    columns = [
        [None if is_missing else value for value, is_missing in zip(own.tolist(), own.isna().tolist(), strict=True)]
        for own in (frame[name] for name in frame.columns)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def shortened(text: str, length: int = 160) -> str:
    """Return a text of at most `length` signs."""
    return text if len(text) <= length else text[: length - 1] + "…"


def several(nodes: Sequence[Node], most: int, rest_ru: str) -> list[Node]:
    """Return at most `most` nodes and a line that tells how many are left out."""
    if len(nodes) <= most:
        return list(nodes)
    return [*nodes[:most], Node(f"{rest_ru}: ещё {len(nodes) - most}")]
