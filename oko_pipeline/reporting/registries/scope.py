"""Whose registers a document shows: a municipality's own rows or a school's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures


@dataclass(frozen=True, slots=True)
class Scope:
    """A municipality or a school with the figures of its document."""

    data: CycleData
    level: str
    code: str
    municipality_code: str
    figures: Figures = field(default_factory=Figures)

    def register(self, table: str) -> Rows:
        """Return the unit's own rows of a register."""
        if self.level == "school":
            return self.data.rows(table, school_code=self.code)
        return self.data.rows(table, school_code=None, municipality_code=self.code)

    def own(self, table: str, **conditions: Any) -> Rows:
        """Return the unit's rows of a table with `unit_level` and `unit_code`."""
        return self.data.rows(table, unit_level=self.level, unit_code=self.code, **conditions)


def scopes(data: CycleData, level: str) -> Iterator[Scope]:
    """Return the units of a level in order of codes."""
    if level == "municipality":
        for code in data.municipalities():
            yield Scope(data, level, code, code)
        return
    for school in data.schools():
        yield Scope(data, level, str(school["school_code"]), str(school["municipality_code"]))


def sorted_rows(rows: Rows, *columns: str) -> list[Row]:
    """Return rows in the order of some columns; empty values come last."""
    return sorted(rows, key=lambda one: tuple((one[name] is None, str(one[name])) for name in columns))
