"""Totals of a printed table against the rows they sum up: counts exactly, means weighted by participants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.quality import column_letter


@dataclass(frozen=True, slots=True)
class CrossFootRow:
    """A row of a table: 1-based row, level (region, municipality, school), name, numbers by 0-based column."""

    row: int
    level: str
    name: str
    municipality: str
    numbers: dict[int, float | None]


@dataclass(frozen=True, slots=True)
class CrossFootFault:
    """A total that its parts do not give; `parts_level` tells which parts were summed."""

    row: CrossFootRow
    column: int
    parts_level: str
    stated: float | None
    computed: float

    @property
    def cell(self) -> str:
        """Return the address of the total."""
        return f"{column_letter(self.column)}{self.row.row}"


def cross_foot(
    rows: Sequence[CrossFootRow], columns: Sequence[int], weights: Mapping[int, int]
) -> Iterator[CrossFootFault]:
    """Yield every total that does not cross-foot, in row and column order.

    A region is compared with its municipalities and with its schools, a municipality with its schools. Blank parts
    count as 0; a blank total that should be 0 is sound.

    Args:
        rows: the rows of a table.
        columns: columns with values.
        weights: for a column of means the column of participants; all others are counts.
    """
    tolerance = float(parameters("exams.cross_foot")["mean_tolerance"])
    schools = [row for row in rows if row.level == "school"]
    municipalities = [row for row in rows if row.level == "municipality"]
    for total in rows:
        if total.level == "school":
            continue
        own = [row for row in schools if total.level == "region" or row.municipality == total.name]
        parts = [("municipality", municipalities)] if total.level == "region" else []
        for parts_level, found in (*parts, ("school", own)):
            if not found:
                continue
            for column in columns:
                fault = _fault(total, column, (parts_level, found), weights.get(column), tolerance)
                if fault is not None:
                    yield fault


def _fault(
    total: CrossFootRow, column: int, parts: tuple[str, Sequence[CrossFootRow]], weight: int | None, tolerance: float
) -> CrossFootFault | None:
    parts_level, rows = parts
    stated = total.numbers[column]
    if weight is None:
        computed = sum(row.numbers[column] or 0 for row in rows)
        is_sound = (stated or 0) == computed
        return None if is_sound else CrossFootFault(total, column, parts_level, stated, computed)
    pairs = [(row.numbers.get(weight) or 0, row.numbers[column]) for row in rows]
    people = sum(count for count, mean in pairs if mean is not None)
    if not people:
        # A mean of nobody may be printed as 0 or left blank.
        return CrossFootFault(total, column, parts_level, stated, 0.0) if stated else None
    computed = sum(count * mean for count, mean in pairs if mean is not None) / people
    if stated is not None and abs(stated - computed) <= tolerance:
        return None
    return CrossFootFault(total, column, parts_level, stated, computed)
