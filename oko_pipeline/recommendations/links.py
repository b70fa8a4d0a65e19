"""Links of the cycle: finding → recommendation → decision → measure → event, by the numbers that people write.

A number is unique within its school or municipality. A reference is looked up among the unit's own records first, then
among those of its municipality; a recommendation's number is looked up everywhere, since the pipeline gives it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.tables_cycle import CYCLE_LINKS
from oko_pipeline.quality import QualityFinding
from oko_pipeline.recommendations.findings import Territory

REGISTERS: Final = ("recommendations_log", "decisions", "measures", "events")
_KIND_OF: Final = {
    "recommendations_log": "recommendation",
    "decisions": "decision",
    "measures": "measure",
    "events": "event",
}
_NUMBER_OF: Final = {
    "recommendations_log": "recommendation_number",
    "decisions": "decision_number",
    "measures": "measure_number",
    "events": "event_number",
}
_KINDS_RU: Final = {
    "recommendation": "рекомендации",
    "decision": "решения",
    "measure": "меры",
    "event": "мероприятия",
}
_SEPARATOR: Final = ";"


@dataclass(frozen=True, slots=True)
class Linked:
    """The links of a year and what is wrong with them."""

    links: pd.DataFrame
    findings: list[QualityFinding]


@dataclass(frozen=True, slots=True)
class _Book:
    """All records that may be referred to, by kind, unit and number, and every number of a recommendation."""

    records: Mapping[tuple[str, str, str], str]
    recommendations: frozenset[str]
    territory: Territory

    def find(self, kind: str, number: str, units: tuple[str, ...]) -> str | None:
        """Return the id of the record of that number which is nearest to the units, in their order."""
        if kind == "recommendation" and number in self.recommendations:
            return number
        return next((self.records[kind, unit, number] for unit in units if (kind, unit, number) in self.records), None)


def link(recommendations: pd.DataFrame, registers: Mapping[str, pd.DataFrame], territory: Territory) -> Linked:
    """Return the links between records of a year.

    Args:
        recommendations: the year's recommendations.
        registers: rows of `REGISTERS` by name.
        territory: which municipality a school is of.
    """
    book = _Book(_records(registers), frozenset(recommendations["recommendation_id"]), territory)
    made = list(_of_findings(recommendations))
    for name in REGISTERS:
        for row in _rows(registers[name]):
            made += _of_row(name, row, book)
    if not made:
        return Linked(CYCLE_LINKS.empty(), [])
    frame = pd.DataFrame.from_records(made).drop_duplicates(list(CYCLE_LINKS.key))
    frame = frame.sort_values(list(CYCLE_LINKS.key))[["school_year", *CYCLE_LINKS.column_names[1:]]]
    links = CYCLE_LINKS.conform(frame.reset_index(drop=True))
    return Linked(links, [_dangling(row) for row in _rows(links[links["is_broken"].astype(bool)])])


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in plain]


def _owners(row: Mapping[str, Any]) -> list[str]:
    return [code for code in (row["municipality_code"], row["school_code"]) if code]


def _records(registers: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str, str], str]:
    return {
        (_KIND_OF[name], unit, str(row[_NUMBER_OF[name]]).strip()): str(row["record_id"])
        for name in REGISTERS
        for row in _rows(registers[name])
        if row[_NUMBER_OF[name]] is not None
        for unit in _owners(row)
    }


def _of_findings(recommendations: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in _rows(recommendations):
        for number in json.loads(row["finding_ids"]):
            yield {
                "school_year": row["school_year"],
                "from_kind": "finding",
                "from_id": number,
                "from_number": number,
                "to_kind": "recommendation",
                "to_id": row["recommendation_id"],
                "to_number": row["recommendation_id"],
                "unit_code": row["unit_code"],
                "is_broken": False,
                "file_sha256": None,
                "source_sheet": None,
                "source_row": None,
            }


def _of_row(name: str, row: Mapping[str, Any], book: _Book) -> Iterator[dict[str, Any]]:
    number = str(row[_NUMBER_OF[name]] or "").strip()
    from_id = number if name == "recommendations_log" and number in book.recommendations else str(row["record_id"])
    own = _owners(row)
    units = (*own, *(place for code in own if (place := book.territory.municipality_of.get(code)) is not None))
    for column in record_tables()[name].stored_columns:
        kind = _KIND_OF.get((column.refers_to or "").partition(".")[0])
        if kind is None or row[column.name] is None:
            continue
        for written in str(row[column.name]).split(_SEPARATOR):
            if target := written.strip():
                to_id = book.find(kind, target, units)
                yield {
                    "school_year": row["school_year"],
                    "from_kind": _KIND_OF[name],
                    "from_id": from_id,
                    "from_number": number or "—",
                    "to_kind": kind,
                    "to_id": to_id,
                    "to_number": target,
                    "unit_code": own[0] if own else None,
                    "is_broken": to_id is None,
                    "file_sha256": row["file_sha256"],
                    "source_sheet": row["source_sheet"],
                    "source_row": row["source_row"],
                }


def _dangling(row: Mapping[str, Any]) -> QualityFinding:
    return QualityFinding(
        "cycle.dangling_reference",
        f"«{row['from_number']}» ссылается на «{row['to_number']}»: такой {_KINDS_RU[row['to_kind']]} нет.",
        file_sha256=row["file_sha256"],
        sheet=row["source_sheet"],
        row=row["source_row"],
        value=row["to_number"],
        became="связь показана как оборванная",
    )
