"""With what a year opens: every conclusion of the year before, and whether this year's forms have taken it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables_effects import NEXT_YEAR_OPENINGS, YEAR_CONCLUSIONS
from oko_pipeline.effectiveness.options import CONCLUSIONS, year_before

REGISTER_OF: Final[Mapping[str, str]] = {
    "goal": "indicator_changes",
    "indicator": "indicator_changes",
    "roadmap_row": "roadmap_plan",
    "measure": "measures",
    "recommendation": "recommendations_log",
}
"""The register of the new year in which a conclusion of each kind is taken up."""


@dataclass(frozen=True, slots=True)
class OpeningInputs:
    """Conclusions of the year before, and the registers of this year by name (see `REGISTER_OF`)."""

    school_year: str
    conclusions: pd.DataFrame
    registers: Mapping[str, pd.DataFrame]


def next_year_openings(inputs: OpeningInputs, overrides: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return rows of `next_year_openings` of a year: none where the year before concluded nothing.

    A conclusion is taken up when its own row stands in the forms of the new year (rows keep their numbers from year to
    year, and so their ids); a measure, when one of its rows does; an indicator, also by its code.
    """
    conclusions = inputs.conclusions
    if conclusions.empty:
        return NEXT_YEAR_OPENINGS.empty()
    taken = [
        _taken_up(str(kind), (str(owner), str(subject)), None if pd.isna(code) else str(code), inputs.registers)
        for kind, owner, subject, code in zip(
            conclusions["kind"],
            conclusions["owner_code"],
            conclusions["subject_id"],
            conclusions["indicator_code"],
            strict=True,
        )
    ]
    month_day = str(parameters(CONCLUSIONS, overrides)["decide_by"])
    shared = [name for name in YEAR_CONCLUSIONS.column_names if name in NEXT_YEAR_OPENINGS.column_names]
    opened = conclusions[shared].assign(
        school_year=inputs.school_year,
        opening_id=conclusions["conclusion_id"].str.replace(
            "conclusion:", f"opening:{inputs.school_year}:", regex=False
        ),
        from_year=year_before(inputs.school_year),
        state=["waiting" if row is None else "taken_up" for row in taken],
        taken_up_by=pd.array(taken, dtype="str"),
        due_on=f"{inputs.school_year[:4]}-{month_day}",
    )
    return NEXT_YEAR_OPENINGS.conform(opened[list(NEXT_YEAR_OPENINGS.column_names)])


def _taken_up(
    kind: str, subject: tuple[str, str], indicator_code: str | None, registers: Mapping[str, pd.DataFrame]
) -> str | None:
    """Return the row of this year's register that took a conclusion up."""
    register = registers[REGISTER_OF[kind]]
    owner_code, subject_id = subject
    found = register["record_id"] == subject_id
    if kind == "measure":
        number = subject_id.removeprefix(f"{owner_code}:").split(":")[0]
        owner = register["municipality_code"].fillna(register["school_code"])
        found = (owner == owner_code) & (register["measure_number"] == number)
    elif kind == "recommendation":
        found |= register["recommendation_number"] == subject_id
    elif kind == "goal" and not found.any():
        plan = registers["roadmap_plan"]
        if (plan["record_id"] == subject_id).any():
            return subject_id
    if not found.any() and kind in {"goal", "indicator"}:
        owner = register["municipality_code"].fillna(register["school_code"])
        found = (owner == owner_code) & (register["indicator_code"] == indicator_code)
    rows = register.loc[found.fillna(value=False).astype(bool), "record_id"]
    return None if rows.empty else str(rows.min())
