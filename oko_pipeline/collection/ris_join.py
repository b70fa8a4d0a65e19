"""Tables of РИС joined into exam results: human tests ← marks, participants, schools.

A table of РИС may come as a sheet beside the others or as a file of its own; then the join waits for the assembly.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.exams import GVE_CODES_FROM, ExamKey, exam_level, subject_by_code
from oko_pipeline.collection.headers import whole_number
from oko_pipeline.collection.layouts.gia_protocol import exam_record
from oko_pipeline.collection.layouts.gia_protocol_headers import ExamTitle, Heads, find_dates
from oko_pipeline.collection.layouts.gia_protocol_masks import parse_extended, parse_short
from oko_pipeline.collection.layouts.gia_protocol_rows import (
    ExamRows,
    PupilRow,
    category_of,
    score_of,
    status_of,
)

RIS_PARTS: Final = ("tests", "marks", "participants", "schools")
RIS_PART_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "part": "str",
    "values": "str",
}
"""Columns of records `ris_parts`: `values` is JSON of a row without names and documents."""
_GRADES: Final = {"9": "9", "11": "11", "12": "11", "10": "11"}

RisRow = Mapping[str, str]


@dataclass(slots=True)
class RisParts:
    """Rows of the tables by part; every row has its 1-based `row` and `sheet` beside the columns (lower case)."""

    rows: dict[str, list[RisRow]] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_complete(self) -> bool:
        """Tell whether results can be made: tests, marks and participants are there."""
        return all(self.rows.get(part) for part in ("tests", "marks", "participants"))


@dataclass(slots=True)
class RisJoin:
    """Exams made of the tables, their pupils' keys, and rows that found no partner as (rule, row, text)."""

    exams: dict[ExamKey, ExamRows] = field(default_factory=dict)
    keys: dict[ExamKey, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    sheets: dict[ExamKey, list[str]] = field(default_factory=lambda: defaultdict(list))
    lost: list[tuple[str, int, str]] = field(default_factory=list)


def parts_frame(parts: RisParts) -> pd.DataFrame:
    """Return the rows as records `ris_parts`."""
    rows = [(one["sheet"], int(one["row"]), None, part, one) for part, found in parts.rows.items() for one in found]
    columns = (
        dict(zip(RIS_PART_TYPES, zip(*rows, strict=True), strict=True)) if rows else {c: [] for c in RIS_PART_TYPES}
    )
    frame = pd.DataFrame({name: list(values) for name, values in columns.items()})
    frame["values"] = [json.dumps(dict(one), ensure_ascii=False) for one in frame["values"]]
    return frame.astype(RIS_PART_TYPES)


def parts_of(frames: Sequence[pd.DataFrame]) -> RisParts:
    """Return the tables that records `ris_parts` of several files hold."""
    parts = RisParts()
    for frame in frames:
        for part, values in zip(frame["part"], frame["values"], strict=True):
            parts.rows[str(part)].append(json.loads(values))
    return parts


def join_ris(parts: RisParts, columns: Mapping[str, tuple[int, int]] | None = None) -> RisJoin:
    """Join the tables into exams.

    Args:
        parts: rows of the tables.
        columns: where the columns of marks stand in their sheet, for findings about cells.
    """
    join = RisJoin()
    tests = {one.get("humantestid", ""): one for one in parts.rows.get("tests", [])}
    people = {
        one.get("participantid") or one.get("participantfk", ""): one for one in parts.rows.get("participants", [])
    }
    schools = {one.get("schoolid", ""): one.get("schoolcode", "") for one in parts.rows.get("schools", [])}
    marked: set[str] = set()
    for mark in parts.rows.get("marks", []):
        test = tests.get(mark.get("humantestid", ""))
        if test is None:
            join.lost.append(("ris.mark_without_test", int(mark["row"]), "балл без человеко-экзамена отложен"))
            continue
        marked.add(mark["humantestid"])
        _add(join, (test, mark, people, schools), columns)
    for key, test in tests.items():
        # Tests without a mark are absences and results in work: their state tells.
        if key not in marked:
            _add(join, (test, {"row": test["row"], "sheet": test["sheet"]}, people, schools), columns)
    return join


def _add(
    join: RisJoin,
    found: tuple[RisRow, RisRow, Mapping[str, RisRow], Mapping[str, str]],
    columns: Mapping[str, tuple[int, int]] | None,
) -> None:
    test, mark, people, schools = found
    person = people.get(test.get("participantfk", ""))
    number = whole_number(test.get("subjectcode"))
    subject = (
        None if number is None else subject_by_code(number % GVE_CODES_FROM if number >= GVE_CODES_FROM else number)
    )
    dates = find_dates(test.get("examdate", ""))
    if person is None:
        join.lost.append(("ris.participant_unknown", int(mark["row"]), "участник не найден, строка отложена"))
        return
    if subject is None or not dates:
        join.lost.append(("ris.subject_unknown", int(mark["row"]), "предмет или дата не узнаны, строка отложена"))
        return
    kind = _kind(number or 0, mark, person)
    key = ExamKey(kind, dates[0].year, subject.subject_code, exam_level(kind, subject))
    title = ExamTitle(subject, number, dates[0], int(test["row"]) - 1, 0, f"{number} {subject.name_ru}")
    exam = join.exams.setdefault(key, ExamRows(title, key, Heads(0, dict(columns or {}))))
    school = schools.get(person.get("schoolfk") or person.get("schoolid", ""), person.get("schoolcode", ""))
    exam.rows.append(_pupil(test, mark, person, school or test.get("schoolcode", "")))
    join.keys[key].append((person["pupil_id"], person["name_id"]))
    join.sheets[key].append(mark["sheet"])


def _kind(number: int, mark: RisRow, person: RisRow) -> str:
    grade = next((g for text, g in _GRADES.items() if str(person.get("pclass", "")).startswith(text)), "")
    if number >= GVE_CODES_FROM:
        return "gve9" if grade == "9" else "gve11"
    if grade:
        return "oge" if grade == "9" else "ege"
    return "ege" if whole_number(mark.get("mark100")) is not None or whole_number(mark.get("mark5")) is None else "oge"


def _pupil(test: RisRow, mark: RisRow, person: RisRow, school: str) -> PupilRow:
    short = parse_short(f"{mark.get('testresulta', '')}{mark.get('testresultb', '')}")
    masks = short, parse_extended(mark.get("testresultc")), parse_extended(mark.get("testresultd"))
    has_mark = whole_number(mark.get("primarymark")) is not None
    status = (
        status_of(test["processcondition"]) if test.get("processcondition") else ("valid" if has_mark else "pending")
    )
    if status == "valid" and not has_mark:
        status = "pending"
    scores: dict[str, int | None] = {
        "written_score": None,
        "oral_score": score_of(mark.get("primarymarkd")),
        "primary": score_of(mark.get("primarymark")),
        "test": score_of(mark.get("mark100")),
        "mark": score_of(mark.get("mark5")),
        "year_mark": None,
    }
    if scores["oral_score"] is not None and scores["primary"] is not None and masks[2].scores:
        scores["written_score"] = scores["primary"] - scores["oral_score"]
    else:
        scores["oral_score"] = None
    return PupilRow(
        int(mark["row"]),
        (person["pupil_id"], test.get("examdate", "")),
        (person["name_id"],),
        school or None,
        {
            "class": person.get("pclass") or None,
            "variant": test.get("variantcode") or None,
            "station": test.get("stationcode") or None,
            "auditorium": test.get("auditoriumcode") or None,
            "held_on": test.get("examdate"),
        },
        status or "pending",
        category_of(person.get("category")),
        bool(person.get("has_document")),
        masks,
        scores,
    )


def joined_records(join: RisJoin) -> Iterator[dict[str, Any]]:
    """Yield the joined results as columns of records `exam_results`."""
    for key, exam in join.exams.items():
        for row, (pupil_id, name_id), sheet in zip(exam.rows, join.keys[key], join.sheets[key], strict=True):
            held_on: date = find_dates(row.texts["held_on"] or "")[0]
            own = {"pupil_id": pupil_id, "name_id": name_id, "exam_date": held_on.isoformat()}
            yield exam_record(exam, row, sheet) | own
