"""A municipality and its schools: rows and names for documents that speak of all of them, always in order of codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures


@dataclass(frozen=True, slots=True)
class Area:
    """What a document about a municipality reads; `names` are its schools by code, in order of codes."""

    data: CycleData
    figures: Figures
    code: str
    names: dict[str, str]

    @classmethod
    def of(cls, data: CycleData, municipality_code: str) -> Self:
        """Return the area of a municipality with figures of its own."""
        schools = data.schools(municipality_code)
        names = {str(row["school_code"]): str(row["school_name"]) for row in schools}
        return cls(data, Figures(), municipality_code, names)

    def rows(self, table: str, *, school_year: str | None = None, **conditions: Any) -> Rows:
        """Return the rows of the municipality's schools that have the given values."""
        return self.data.rows(table, school_year=school_year, school_code=tuple(self.names), **conditions)

    def by_school(self, rows: Sequence[Row]) -> dict[str, list[Row]]:
        """Return the rows by school, schools in order of codes."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(str(row["school_code"]), []).append(row)
        return {code: found[code] for code in sorted(found)}

    def school(self, code: str) -> str:
        """Return the name of a school, also of one outside the municipality."""
        return self.names.get(code) or self.data.unit_name("school", code)
