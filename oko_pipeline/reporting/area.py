"""A municipality and its schools: rows and names for documents that speak of all of them, always in order of codes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import Spec, row


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
        for one in rows:
            found.setdefault(str(one["school_code"]), []).append(one)
        return {code: found[code] for code in sorted(found)}

    def school(self, code: str) -> str:
        """Return the name of a school, also of one outside the municipality."""
        return self.names.get(code) or self.data.unit_name("school", code)

    def title(self, code: str) -> str:
        """Return the name of a school with its code; the name of the municipality for any other code."""
        if code not in self.names:
            return self.data.unit_name("municipality", self.code)
        name = self.names[code]
        return code if name == code else f"{name} ({code})"

    def listed(self, codes: Iterable[str]) -> str:
        """Return the short names of schools for a sentence, in order of codes."""
        return self.data.short_schools(codes)


def under_schools(area: Area, made: Spec | None) -> Spec | None:
    """Return a table with its rows under the names of schools.

    Args:
        area: the municipality.
        made: a table in order of schools whose first column holds the code of the row's school; this column goes, and
            so does a second one with the name.
    """
    if made is None:
        return None
    dropped = 2 if made["columns"][1]["title"] == "ОО" else 1
    rows: list[Spec] = []
    last = None
    for one in made["rows"]:
        code = one["cells"][0]
        if code != last:
            rows.append(row(area.title(code), kind="group"))
            last = code
        rows.append(one | {"cells": one["cells"][dropped:]})
    return made | {"columns": made["columns"][dropped:], "rows": rows}
