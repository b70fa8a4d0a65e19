"""Rows of any register of the catalogue, invented from its description: whole, lawful, the same in every run.

What people write there is told by `register_rules`, how large the owner is by its facts: counts are shares of what is
really there, parts stay within their wholes, dates fall into the school year, references name rows that exist. Shares
belong to the owner and change a little from year to year. People are invented; their surnames come from a list of their
own, so that a search can prove that none of them is left.
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
from oko_pipeline.sample.owners import OwnerFacts
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.register_lines import MADE_LINES, Known
from oko_pipeline.sample.register_rules import TAG, Amount, RegisterRule, register_rules

Value = str | int | float | bool | date
Row = dict[str, Value]

_RULES_YEAR: Final = 2025
"""The year that dates of the rules are of."""
_ROWS: Final = (2, 5)
_WHOLE: Final = (40, 400)
_DAYS: Final = (20.0, 200.0)
_LASTING: Final = (15.0, 120.0)
_SATURDAY: Final = 5
_FIRST_WORKING_DAY: Final = 12
"""Of January: nobody decides anything in the holidays."""
_YEARLY: Final = 0.08
"""How much a share moves from year to year, in parts of its range."""
_NAME_PARTS: Final = ("surname", "name", "patronymic")
_HARMFUL_CHOICES: Final = frozenset({"appraisal", "ranking", "incentive"})
_HARMFUL_ANSWERS: Final = frozenset({"has_negative_consequences", "uses_vpr_or_marks", "cites_vpr_or_marks"})
"""What a municipality that does no harm leaves out: such rows stop a year."""
_STATED: Final = frozenset({"procedure", "subject", "grade", "olympiad_stage", "class_letter", "indicator_code"})
"""Columns that are left empty where no line states them and nothing requires them."""
_LINK: Final = "https://example.org/documents/{number}"
_NUMBERED: Final = {
    "decision_number": "Р-{number}",
    "measure_number": "М-{number}",
    "event_number": "Мер-{number}",
    "recommendation_number": "Рек-{number}",
    "document_number": "Д-{number}",
    "programme_number": "П-{number}",
    "document_code": "№ {number}",
    "act_number": "№ {number}",
}


@dataclass(slots=True)
class RegisterWorld:
    """Registers of one owner in one year; `made` keeps what was written, for references between registers.

    `owner` is a code of a school or municipality, `owner_ru` its name; `people` is how many people a list of them has.
    `schools` are the schools that rows of a municipality can be about: how its forms name them, and their facts.
    """

    seed: int
    school_year: str
    owner: str
    owner_ru: str
    people: int = 12
    facts: OwnerFacts = field(default_factory=OwnerFacts)
    schools: Sequence[tuple[str, OwnerFacts]] = ()
    made: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def starts_on(self) -> date:
        """Return the first day of the school year."""
        return date(int(self.school_year[:4]), 9, 1)


def register_rows(table: RecordTable, world: RegisterWorld) -> list[Row]:
    """Return rows of a register as a person would mean them: codes of choices, numbers, dates, names of people.

    Keys differ between rows; rows that the form offers are completed, others are added. A register that the owner has
    nothing to write into has none. The rows are remembered in `world.made`, where later registers find what they refer
    to.
    """
    rule = register_rules().registers.get(table.name, RegisterRule())
    draws = _Draws(
        stream(world.seed, "register", table.name, world.owner, world.school_year),
        stream(world.seed, "register", table.name, world.owner),
    )
    rows: list[Row] = []
    if world.facts.tags.issuperset(rule.tags):
        rows = _rows(_Filling(table, rule, world, draws, ordered(table, rule)))
    world.made[table.name] = rows
    return rows


@dataclass(frozen=True, slots=True)
class _Draws:
    """Random numbers of a register: of the year, and those that every year has again."""

    yearly: np.random.Generator
    lasting: np.random.Generator

    def share(self, low: float, high: float) -> float:
        """Return a number between the bounds, near that of other years."""
        place = self.lasting.random() + self.yearly.normal(0, _YEARLY)
        return low + (high - low) * min(max(place, 0.0), 1.0)


def _rows(filling: "_Filling") -> list[Row]:
    table, rule, world = filling.table, filling.rule, filling.world
    lines = _lines(filling)
    school = next((column for column in table.columns if column.school), None)
    places = _schools_of(table, rule, world)
    if rule.each and places:
        pairs = [(line, place) for place in places for line in lines]
    else:
        pairs = [(line, places[number % len(places)] if places else None) for number, line in enumerate(lines)]
    rows: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    for number, (line, place) in enumerate(pairs):
        facts = world.facts if place is None else place[1]
        row = filling.row(line, number, facts)
        if place is not None and school is not None:
            row[school.name] = place[0]
        key = (None if place is None or school is None else place[0], *(row.get(name) for name in table.key))
        if table.person is None and key in seen:
            continue
        seen.add(key)
        rows.append(row)
    return rows


def _schools_of(table: RecordTable, rule: RegisterRule, world: RegisterWorld) -> Sequence[tuple[str, OwnerFacts]]:
    """Return the schools that a municipality's rows are about; rows about all of them name none."""
    school = next((column for column in table.columns if column.school), None)
    if school is None or not world.schools:
        return ()
    special = {"supported", "flagged"}.intersection(rule.tags)
    if special:
        return [one for one in world.schools if special <= one[1].tags]
    return world.schools if school.required else ()


def _lines(filling: "_Filling") -> list[Row]:
    """Return what rows begin with: offered ones, lines of the rule that suit the owner, or keys at random."""
    table, rule, world, draws = filling.table, filling.rule, filling.world, filling.draws
    if table.name in MADE_LINES:
        return MADE_LINES[table.name](Known(world.facts, world.made, draws.yearly))
    if rule.lines:
        return _chosen(filling)
    if table.person is not None:
        return [{} for _ in range(world.people)]
    if table.offered_rows:
        return [dict(row) for row in table.offered_rows]
    return [{} for _ in range(int(draws.yearly.integers(*_ROWS)) if table.key else 1)]


def _chosen(filling: "_Filling") -> list[Row]:
    """Return the lines of the rule that suit the owner, or some of them: the same in every year."""
    rule, world = filling.rule, filling.world
    years = int(world.school_year[:4]) - _RULES_YEAR
    lines = [
        {name: _in_year(value, years) for name, value in line.items() if name != TAG}
        for line in rule.lines
        if line.get(TAG) is None or line[TAG] in world.facts.tags
    ]
    if filling.table.person is not None:
        return [dict(lines[number % len(lines)]) for number in range(world.people)]
    if rule.rows is None:
        return lines
    count = int(filling.draws.yearly.integers(rule.rows[0], rule.rows[1] + 1))
    chosen = sorted(filling.draws.lasting.permutation(len(lines))[:count].tolist())
    return [lines[place] for place in chosen]


def _in_year(value: Value, years: int) -> Value:
    return value.replace(year=value.year + years) if isinstance(value, date) else value


@dataclass(slots=True)
class _Filling:
    """A register being filled: its description, its rule, whose it is, the draws, and its columns in their order."""

    table: RecordTable
    rule: RegisterRule
    world: RegisterWorld
    draws: _Draws
    columns: list[RecordColumn]

    def row(self, line: Row, number: int, facts: OwnerFacts) -> Row:
        """Return a line completed to a row."""
        row: Row = dict(line)
        for column in self.columns:
            if column.name in row or column.school or not self._is_due(column, row):
                continue
            value = self._value(column, row, number, facts)
            if value is not None:
                row[column.name] = value
        return {column.name: row[column.name] for column in self.table.columns if column.name in row}

    def _is_due(self, column: RecordColumn, row: Row) -> bool:
        """Tell whether the cell has something to hold: some depend on an answer beside them."""
        if column.required:
            return True
        if column.name in self.rule.blanks:
            return False
        known = {one.name for one in self.table.columns}
        conditions = self.rule.only_if.get(column.name) or register_rules().only_if.get(column.name, {})
        return all(str(row.get(name)) in answers for name, answers in conditions.items() if name in known)

    def _value(self, column: RecordColumn, row: Row, number: int, facts: OwnerFacts) -> Value | None:
        if column.personal is not None:
            return _personal(column.personal, number, self.draws.yearly)
        if column.refers_to is not None:
            return self._reference(column, row)
        if column.total_of:
            return sum(int(row.get(name, 0)) for name in column.total_of)  # type: ignore[arg-type]
        if column.choices:
            return self._answer(column)
        makers: dict[str, Callable[[], Value | None]] = {
            "date": lambda: self._day(column, row),
            "boolean": lambda: self._is_yes(column),
            "subject": lambda: self._subject(column),
            "link": lambda: self._link(column),
            "text": lambda: self._text(column, number),
            "grade": lambda: self._grade(column),
        }
        return makers[column.type]() if column.type in makers else self._number(column, row, facts)

    def _answer(self, column: RecordColumn) -> Value | None:
        told = self.rule.answers.get(column.name) or register_rules().answers.get(column.name)
        if told is None and self.rule.lines and not column.required and column.name in _STATED:
            return None
        harmful = _HARMFUL_CHOICES if column.name in {"use", "kind"} else frozenset[str]()
        weights = {choice: (told or {}).get(choice, 0.0) for choice in column.choices if choice not in harmful}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1.0)
        place = self.draws.yearly.random() * sum(weights.values())
        for choice, weight in weights.items():
            place -= weight
            if place < 0:
                return choice
        return next(reversed(weights))

    def _is_yes(self, column: RecordColumn) -> bool:
        usual = register_rules().chances
        chance = self.rule.chances.get(column.name, usual.get(column.name, usual["default"]))
        return bool(self.draws.lasting.random() < chance) and column.name not in _HARMFUL_ANSWERS

    def _subject(self, column: RecordColumn) -> str | None:
        names = [subject.name_ru for subject in subjects().values()]
        if self.rule.lines and not column.required:
            return None
        return names[int(self.draws.yearly.integers(len(names)))]

    def _grade(self, column: RecordColumn) -> int | None:
        if self.rule.lines and not column.required:
            return None
        return int(self.draws.yearly.integers(int(column.minimum or 1), int(column.maximum or 11) + 1))

    def _link(self, column: RecordColumn) -> str | None:
        if column.name == "indicator_code":
            codes = list(indicators())
            return codes[int(self.draws.yearly.integers(len(codes)))] if column.required else None
        return _LINK.format(number=int(self.draws.yearly.integers(1000, 9999)))

    def _text(self, column: RecordColumn, number: int) -> str | None:
        if column.name in _NUMBERED:
            return _NUMBERED[column.name].format(number=number + 1)
        if column.name.endswith("_number"):
            return str(number + 1)
        told = self.rule.texts.get(column.name) or register_rules().texts.get(column.name)
        if told:
            return told[(number + int(self.draws.lasting.integers(len(told)))) % len(told)]
        if self.rule.lines and not column.required:
            return None
        return f"{column.title_ru.split(',')[0].split('(')[0].strip()[:60]} {number + 1}"

    def _reference(self, column: RecordColumn, row: Row) -> Value | None:
        """Return what a row of another register is called: one of the same direction, where there are directions."""
        target, name = str(column.refers_to).split(".")
        rows = [one for one in self.world.made.get(target, []) if name in one]
        if target == self.table.name:
            return None
        direction = row.get("direction", self.rule.direction)
        alike = [one for one in rows if one.get("direction") == direction] if direction else []
        if not alike and (column.required or not direction):
            alike = rows
        if alike:
            return alike[int(self.draws.yearly.integers(len(alike)))][name]
        return _NUMBERED.get(name, "{number}").format(number=1) if column.required else None

    def _amount(self, column: RecordColumn) -> Amount | None:
        return self.rule.amounts.get(column.name) or register_rules().columns.get(column.name)

    def _number(self, column: RecordColumn, row: Row, facts: OwnerFacts) -> int | float | None:
        for split in self.rule.splits:
            if column.name in split.parts and isinstance(row.get(split.whole), int):
                self._split(split.whole, split.parts, row)
                return row[column.name]  # type: ignore[return-value]
        told = self._amount(column)
        whole = None if column.at_most is None else row.get(column.at_most)
        if told is None and column.at_most is not None:
            if whole is None:
                return None
            usual = {**register_rules().parts, **self.rule.parts}
            told = (column.at_most, *usual.get(column.name, usual["default"]))
        if told is None:
            told = _bounds(column)
        found = self._drawn(told, row, facts, is_whole=column.type == "integer")
        if found is None:
            return None
        return self._within(column, found, whole)

    def _drawn(self, told: Amount, row: Row, facts: OwnerFacts, *, is_whole: bool) -> float | None:
        low, high = told[-2], told[-1]
        base, share = 1.0, self.draws.share(float(low), float(high))
        if len(told) == 3:
            name = str(told[0])
            if any(column.name == name for column in self.table.columns):
                known = row.get(name)
                if not isinstance(known, int | float):
                    return None
                base = float(known)
            else:
                base = facts.count(name, row)
        value = base * share
        if not is_whole:
            return round(value, 1)
        # Small shares of few people are mostly nobody and sometimes one.
        return round(value) if low == high or len(told) == 2 else int(value + self.draws.yearly.random())

    def _within(self, column: RecordColumn, value: float, whole: object) -> float:
        """Return a number within its bounds and its whole, large enough for the least of its parts."""
        least = [other.minimum or 0 for other in self.table.columns if other.at_most == column.name]
        bounds = [bound for bound in (column.maximum, whole) if isinstance(bound, int | float)]
        found = max(value, column.minimum if column.minimum is not None else value, *least, -np.inf)
        found = min([found, *bounds])
        return int(found) if column.type == "integer" else float(found)

    def _split(self, whole: str, parts: Mapping[str, float], row: Row) -> None:
        """Give out a whole to parts that exclude each other; bounds of the parts stay kept."""
        spread = np.exp(self.draws.lasting.normal(0, 0.2, len(parts)))
        wanted = np.array(list(parts.values())) * spread
        rest = 1 - sum(parts.values())
        if rest > 1e-9:
            # What is in no part takes no part in the spread.
            wanted = wanted * (1 - rest) / wanted.sum()
            shares = np.append(wanted, rest)
        else:
            shares = np.append(wanted / wanted.sum(), 0.0)
        drawn = self.draws.yearly.multinomial(int(str(row[whole])), shares / shares.sum())
        row |= {name: int(count) for name, count in zip(parts, drawn, strict=False) if name not in row}

    def _day(self, column: RecordColumn, row: Row) -> date:
        """Return a working day of the school year or so long after another date; an end comes after its beginning."""
        told = self._amount(column)
        if told is None:
            begun = next((one.name for one in self.table.columns if one.at_most == column.name), None)
            told = _DAYS if begun is None else (begun, *_LASTING)
        first = self.world.starts_on
        if len(told) == 3:
            before = row.get(str(told[0]))
            first = before if isinstance(before, date) else first + timedelta(days=60)
        days = round(self.draws.share(float(told[-2]), float(told[-1])))
        found = first + timedelta(days=days)
        if found.month == 1 and found.day < _FIRST_WORKING_DAY:
            found = found.replace(day=_FIRST_WORKING_DAY)
        return found + timedelta(days=7 - found.weekday() if found.weekday() >= _SATURDAY else 0)


def _bounds(column: RecordColumn) -> Amount:
    low = column.minimum if column.minimum is not None else _WHOLE[0]
    high = column.maximum if column.maximum is not None else _WHOLE[1]
    if column.minimum == 0 and column.maximum is None:
        high = 6
    return float(low), float(min(high, 100) if column.type == "percent" else high)


def ordered(table: RecordTable, rule: RegisterRule) -> list[RecordColumn]:
    """Return columns so that what others depend on comes first: wholes, parts of totals, answers, earlier dates."""
    by_name = {column.name: column for column in table.columns}
    usual = register_rules()
    placed: dict[str, RecordColumn] = {}
    entered: set[str] = set()

    def needs(column: RecordColumn) -> list[str]:
        amount = rule.amounts.get(column.name) or usual.columns.get(column.name)
        names = [str(amount[0])] if amount is not None and len(amount) == 3 else []
        if column.at_most is not None and column.type != "date":
            names.append(column.at_most)
        if column.type == "date" and amount is None:
            names += [one.name for one in table.columns if one.at_most == column.name]
        names += column.total_of
        names += [split.whole for split in rule.splits if column.name in split.parts]
        names += [*(rule.only_if.get(column.name) or usual.only_if.get(column.name, {}))]
        names += [one for one in ("direction", "grade", "position") if column.refers_to or column.name == "staff_count"]
        return [name for name in names if name in by_name and name != column.name]

    def place(column: RecordColumn) -> None:
        if column.name in entered:
            return
        entered.add(column.name)
        for name in needs(column):
            place(by_name[name])
        placed[column.name] = column

    for column in table.columns:
        if column.name in table.key:
            place(column)
    for column in table.columns:
        place(column)
    return list(placed.values())


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
