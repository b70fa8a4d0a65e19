"""Drafts of an order and of a plan of measures: accepted recommendations as numbered points, never more than that."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.recommendation_rules import ADDRESSEES_DATIVE
from oko_pipeline.catalogue.tables_cycle import DECISION_DRAFTS, DRAFT_KINDS
from oko_pipeline.catalogue.wording import sentence_start

_ROLE_OF: Final = {
    "department": "department",
    "methodical_center": "methodical_center",
    "heads": "school_head",
    "deputies": "deputy_head",
    "associations": "school_association",
    "teachers": "subject_teachers",
    "parents": "class_teachers",
}
_CONTROL_OF: Final = {"school": "school_head", "municipality": "head_of_department", "all": "head_of_department"}
_ABOVE_CONTROL: Final = "department"
"""Who controls what the head of a school answers for."""


def drafts(recommendations: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return the points of drafts from recommendations that people accepted, as they stand after editing.

    Args:
        recommendations: the year's recommendations.
        links: the year's links: what already has a decision is marked.
    """
    accepted = recommendations[recommendations["state"].isin(["accepted", "edited"])]
    if accepted.empty:
        return DECISION_DRAFTS.empty()
    decided = set(links.loc[(links["from_kind"] == "decision") & (links["to_kind"] == "recommendation"), "to_id"])
    decided |= set(links.loc[(links["from_kind"] == "recommendation") & (links["to_kind"] == "decision"), "from_id"])
    ordered = accepted.sort_values(["unit_level", "unit_code", "due_on", "addressee", "recommendation_id"])
    plain = ordered.astype(object).where(ordered.notna(), None).to_dict("records")
    rows = [{str(name): value for name, value in row.items()} for row in plain]
    made: list[dict[str, Any]] = []
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        unit = (row["unit_level"], row["unit_code"])
        counts[unit] = counts.get(unit, 0) + 1
        made += [
            _point(kind, counts[unit], row, is_decided=row["recommendation_id"] in decided) for kind in DRAFT_KINDS
        ]
    return DECISION_DRAFTS.conform(
        pd.DataFrame.from_records(made, columns=list(DECISION_DRAFTS.column_names))
        .sort_values(list(DECISION_DRAFTS.key))
        .reset_index(drop=True)
    )


def _point(kind: str, number: int, row: Mapping[str, Any], *, is_decided: bool) -> dict[str, Any]:
    responsible = row["responsible_role"] or _ROLE_OF.get(row["addressee"], "other")
    control = _CONTROL_OF[row["unit_level"]]
    return {
        "school_year": row["school_year"],
        "unit_level": row["unit_level"],
        "unit_code": row["unit_code"],
        "draft_kind": kind,
        "point_number": number,
        "text_ru": _point_text(kind, row),
        "direction": row["direction"],
        "addressee": row["addressee"],
        "responsible_role": responsible,
        "control_role": _ABOVE_CONTROL if responsible == control else control,
        "due_on": row["due_on"],
        "control_metric": row["control_metric"],
        "control_ru": row["control_ru"],
        "expected_ru": row["expected_ru"],
        "recommendation_id": row["recommendation_id"],
        "is_decided": is_decided,
    }


def _point_text(kind: str, row: Mapping[str, Any]) -> str:
    text = str(row["text_ru"])
    addressee = ADDRESSEES_DATIVE.get(str(row["addressee"]))
    if kind == "plan" or addressee is None:
        return sentence_start(text)
    # An abbreviation or a name at the beginning keeps its capital letter.
    begins = text if text[1:2].isupper() else text[:1].lower() + text[1:]
    return f"{sentence_start(addressee)}: {begins}"
