"""Rows of any register of the catalogue, invented from its description: whole, lawful, the same in every run.

Counts keep their parts within their wholes, dates fall into the school year, references name rows that exist. People
are invented; their surnames come from a list of their own, so that a search can prove that none of them is left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import RecordColumn, RecordTable
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.randomness import stream

Value = str | int | float | bool | date
Row = dict[str, Value]

_ROWS: Final = (2, 5)
_WHOLE: Final = (40, 400)
_NAME_PARTS: Final = ("surname", "name", "patronymic")
_HARMFUL_CHOICES: Final = frozenset({"appraisal", "ranking", "incentive"})
_HARMFUL_ANSWERS: Final = frozenset({"has_negative_consequences", "uses_vpr_or_marks", "cites_vpr_or_marks"})
"""What a municipality that does no harm leaves out: such rows stop a year."""
_LINK: Final = "https://example.org/documents/{number}"


@dataclass(slots=True)
class RegisterWorld:
    """Registers of one owner in one year; `made` keeps what was written, for references between registers.

    `owner` is a code of a school or municipality, `owner_ru` its name; `people` is how many people a list of them has.
    """

    seed: int
    school_year: str
    owner: str
    owner_ru: str
    people: int = 12
    made: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def starts_on(self) -> date:
        """Return the first day of the school year."""
        return date(int(self.school_year[:4]), 9, 1)


def register_rows(table: RecordTable, world: RegisterWorld) -> list[Row]:
    """Return rows of a register as a person would mean them: codes of choices, numbers, dates, names of people.

    Keys differ between rows; rows that the form offers are completed, others are added. The rows are remembered in
    `world.made`, where later registers find what they refer to.
    """
    rng = stream(world.seed, "register", table.name, world.owner, world.school_year)
    offered = [dict(row) for row in table.offered_rows]
    count = 1 if not table.key else len(offered) or int(rng.integers(*_ROWS))
    if table.person is not None:
        count = world.people
    rows: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    for number in range(count * 3):
        preset = offered[number] if number < len(offered) else {}
        row = _row(table, preset, number, rng, world)
        key = tuple(row.get(name) for name in table.key)
        if table.person is None and key in seen:
            continue
        seen.add(key)
        rows.append(row)
        if len(rows) == count:
            break
    world.made[table.name] = rows
    return rows


def _row(
    table: RecordTable, preset: Mapping[str, Value], number: int, rng: np.random.Generator, world: RegisterWorld
) -> Row:
    row: Row = dict(preset)
    for column in _ordered(table):
        if column.name in row or column.school:
            continue
        if column.total_of:
            _share_out(table, column, row, rng)
        elif column.personal is not None:
            row[column.name] = _personal(column.personal, number, rng)
        else:
            row[column.name] = _raised(_value(column, row, number, rng, world), table, column)
    return {column.name: row[column.name] for column in table.columns if column.name in row}


def _ordered(table: RecordTable) -> list[RecordColumn]:
    """Return columns so that wholes come before their parts."""
    by_name = {column.name: column for column in table.columns}
    placed: dict[str, RecordColumn] = {}

    def place(column: RecordColumn) -> None:
        if column.name in placed:
            return
        wholes = [other for other in table.columns if column.name in other.total_of]
        if column.at_most is not None:
            wholes.append(by_name[column.at_most])
        for whole in wholes:
            place(whole)
        placed[column.name] = column

    for column in table.columns:
        place(column)
    return list(placed.values())


def _raised(value: Value, table: RecordTable, column: RecordColumn) -> Value:
    """Return a whole that is large enough for the least value of each of its parts."""
    least = max((other.minimum or 0 for other in table.columns if other.at_most == column.name), default=0)
    return max(value, int(least)) if least and isinstance(value, int | float) else value


def _share_out(table: RecordTable, column: RecordColumn, row: Row, rng: np.random.Generator) -> None:
    """Give a total and its parts values that sum; parts that have a whole of their own stay within it."""
    parts = [table.column(name) for name in column.total_of]
    drawn = rng.multinomial(int(rng.integers(*_limits(column, row))), np.full(len(parts), 1 / len(parts)))
    shares = [min(int(share), _limits(part, row)[1] - 1) for part, share in zip(parts, drawn, strict=True)]
    row[column.name] = sum(shares)
    row |= {part.name: share for part, share in zip(parts, shares, strict=True)}


def _limits(column: RecordColumn, row: Mapping[str, Value]) -> tuple[int, int]:
    """Return bounds for `Generator.integers`: the column's own, and the whole that it is a part of."""
    low = int(column.minimum) if column.minimum is not None else 0
    high = int(column.maximum) if column.maximum is not None else _WHOLE[1]
    if column.minimum is None and column.maximum is None and column.at_most is None:
        low = _WHOLE[0]
    whole = None if column.at_most is None else row.get(column.at_most)
    if isinstance(whole, int | float):
        high = min(high, int(whole))
    return min(low, high), high + 1


def _value(
    column: RecordColumn, row: Mapping[str, Value], number: int, rng: np.random.Generator, world: RegisterWorld
) -> Value:
    makers: dict[str, Callable[[], Value]] = {
        "date": lambda: _day(column, row, rng, world),
        "boolean": lambda: bool(rng.random() < 0.6) and column.name not in _HARMFUL_ANSWERS,
        "subject": lambda: _one_of([subject.name_ru for subject in subjects().values()], rng),
        "link": lambda: _LINK.format(number=int(rng.integers(1000, 9999))),
        "text": lambda: _text(column, number),
    }
    if column.refers_to is not None:
        return _reference(column.refers_to, rng, world)
    if column.name == "indicator_code":
        return _one_of(list(indicators()), rng)
    if column.choices:
        harmful = _HARMFUL_CHOICES if column.name in {"use", "kind"} else frozenset[str]()
        return _one_of([choice for choice in column.choices if choice not in harmful], rng)
    return makers[column.type]() if column.type in makers else _number(column, row, rng)


def _one_of(values: Sequence[str], rng: np.random.Generator) -> str:
    return values[int(rng.integers(len(values)))]


def _number(column: RecordColumn, row: Mapping[str, Value], rng: np.random.Generator) -> int | float:
    if column.type == "grade":
        return int(rng.integers(int(column.minimum or 1), int(column.maximum or 11) + 1))
    low, high = _limits(column, row)
    if column.type == "integer":
        return int(rng.integers(low, high))
    return round(float(rng.uniform(low, max(low, (min(high, 101) if column.type == "percent" else high) - 1))), 1)


def _day(column: RecordColumn, row: Mapping[str, Value], rng: np.random.Generator, world: RegisterWorld) -> date:
    """Return a day of the school year; an end comes after the beginning of its row."""
    first = row.get("starts_on")
    if column.name == "ends_on" and isinstance(first, date):
        return first + timedelta(days=int(rng.integers(5, 60)))
    last = None if column.at_most is None else row.get(column.at_most)
    days = (last - world.starts_on).days + 1 if isinstance(last, date) else 200
    return world.starts_on + timedelta(days=int(rng.integers(min(10, days - 1), days)))


def _text(column: RecordColumn, number: int) -> str:
    if column.name.endswith(("_number", "_code")) or column.name == "number":
        return f"{column.name[0].upper()}-{number + 1}"
    return f"{column.title_ru.split(',')[0].split('(')[0].strip()[:60]}, запись {number + 1}"


def _reference(target: str, rng: np.random.Generator, world: RegisterWorld) -> Value:
    table, column = target.split(".")
    rows = [row[column] for row in world.made.get(table, []) if column in row]
    return rows[int(rng.integers(len(rows)))] if rows else ""


@cache
def invented_names() -> Mapping[str, Sequence[str]]:
    """Return lists of invented surnames, names and patronymics."""
    lines = files("oko_pipeline.sample").joinpath("data", "people.csv").read_text("utf-8").splitlines()
    pairs = [line.split(",", 1) for line in lines[1:]]
    return {kind: [name for own, name in pairs if own == kind] for kind in _NAME_PARTS}


def _personal(role: str, number: int, rng: np.random.Generator) -> Value:
    names = invented_names()
    chosen = {kind: names[kind][int(rng.integers(len(names[kind])))] for kind in _NAME_PARTS}
    if role in chosen:
        return chosen[role]
    makers: dict[str, Callable[[], Value]] = {
        "full_name": lambda: " ".join(chosen.values()),
        "document": lambda: f"{rng.integers(1000, 9999)} {rng.integers(100000, 999999)}",
        "birth_date": lambda: date(2008, 1, 1) + timedelta(days=int(rng.integers(0, 3000))),
        "code": lambda: str(10001 + number),
        "drop": lambda: f"+7 900 {rng.integers(100, 999)}-{rng.integers(10, 99)}-{rng.integers(10, 99)}",
    }
    return makers[role]()
