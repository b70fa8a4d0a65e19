"""What every section of a direction's note needs: the municipality, its schools, the direction, the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from oko_pipeline.catalogue.direction_notes import DirectionNote
from oko_pipeline.catalogue.indicators import Indicator, indicators
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures


@dataclass(frozen=True, slots=True)
class NoteView:
    """A municipality seen from one direction; `schools` are its schools in order of codes."""

    data: CycleData
    note: DirectionNote
    code: str
    schools: tuple[str, ...]
    figures: Figures = field(default_factory=Figures)

    @property
    def direction(self) -> str:
        """Return the direction's code."""
        return self.note.direction

    def own(self, table: str, **conditions: Any) -> Rows:
        """Return the municipality's own rows of a table with `unit_level` and `unit_code`."""
        return self.data.rows(table, unit_level="municipality", unit_code=self.code, **conditions)

    def of_schools(self, table: str, **conditions: Any) -> Rows:
        """Return the rows of the municipality's schools in a table with `unit_level` and `unit_code`."""
        return self.data.rows(table, unit_level="school", unit_code=self.schools, **conditions)

    def register(self, table: str, **conditions: Any) -> Rows:
        """Return the rows of a register that the schools gave; the municipality's own where no school gave any."""
        rows = self.data.rows(table, school_code=self.schools, **conditions)
        return rows or self.data.rows(table, school_code=None, municipality_code=self.code, **conditions)

    def registers(self, table: str, **conditions: Any) -> list[Row]:
        """Return the rows of a register of the schools and of the municipality itself."""
        own = self.data.rows(table, school_code=None, municipality_code=self.code, **conditions)
        return [*own, *self.data.rows(table, school_code=self.schools, **conditions)]

    def number(self, rows: Sequence[Row], how_ru: str) -> str:
        """Return how many rows there are, where no condition finds them again."""
        return self.figures.computed(len(rows), how_ru, rows, form="whole", digits=0)

    def indicators(self) -> dict[str, Indicator]:
        """Return the direction's indicators by code, but those of self-assessment, which has its own report."""
        return {
            code: one
            for code, one in indicators().items()
            if one.direction == self.direction and not code.startswith("self_assessment.")
        }
