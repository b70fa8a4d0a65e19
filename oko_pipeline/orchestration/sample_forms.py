"""Filled forms of the sample: what schools and municipalities hand in, typed into the forms that the pipeline issues.

Forms belong to collection and invented rows to the sample; this is a place that may know both.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.records import Level, RecordTable, record_forms
from oko_pipeline.collection.forms.filling import Typed, answer_places, type_into
from oko_pipeline.collection.forms.headings import column_title
from oko_pipeline.collection.forms.service_sheet import SERVICE_SHEET
from oko_pipeline.collection.forms.sheets import HEADER_ROW, FormSheet, form_columns
from oko_pipeline.collection.forms.writer import BlankForm, blank_forms, form_tables
from oko_pipeline.sample.faults import Planted, Slip, shown, slips
from oko_pipeline.sample.inbox import FileNote, Inbox
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.owners import OwnerFacts
from oko_pipeline.sample.registers import RegisterWorld, Row, register_rows
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory_facts import municipality_facts, school_facts

Job = Callable[[], None]
Places = dict[tuple[int, int], Typed]

_PEOPLE: Final = 3
# Of every six schools one hands a form in late, and one never hands in another: a year without that is none.
_FEW: Final = 6
_LATE: Final = ("staff", "talents", "upbringing")
_LATE_BY: Final = 16
_SOUND: Final = 3
"""Of so many forms of schools all but one are sound."""
_MISSED: Final = "resources"
_LAST_DUE: Final = "06-20"
_FIRST_MONTH: Final = 8
_FIRST: Final = HEADER_ROW + 1
_SERVICE_FAULTS: Final = (
    ("form.version_unknown", (2, 1), "99"),
    ("form.code_unknown", (1, 1), "tetradka"),
    ("form.year_unknown", (3, 1), "1999-2000"),
    ("form.school_unknown", (4, 1), "наша школа"),
)
_OTHER_YEAR: Final = "2022-2023"
_LEAST_TITLE: Final = 12
_STRANGE_HEADING: Final = "Что думает завуч"


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who hands forms in; `number` tells which faults are planted.

    `schools` are those of a municipality as the lists of its forms offer them, with their facts.
    """

    level: Level
    code: str
    name: str
    number: int
    facts: OwnerFacts
    schools: tuple[tuple[str, OwnerFacts], ...] = ()


@dataclass(slots=True)
class _Filled:
    """A form being filled: its rows, what is typed by sheet, the faults among it, and the folder it is put into."""

    blank: BlankForm
    school_year: str
    rows: Mapping[str, Sequence[Row]]
    typed: dict[str, Places]
    folder: str
    known: frozenset[str] = frozenset()
    faults: list[Planted] = field(default_factory=list)
    is_refused: bool = False


Fault = Callable[[_Filled], None]
Known = Mapping[str, Mapping[str, list[Row]]]
"""Rows of registers by owner and register; cells that name a school hold its code."""
NOTHING_KNOWN: Final[Known] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Handing:
    """What all owners hand their forms in by."""

    inbox: Inbox
    options: SampleOptions
    school_year: str
    has_faults: bool
    known: Known


def form_jobs(
    inbox: Inbox, world: World, school_year: str, *, has_faults: bool, known: Known = NOTHING_KNOWN
) -> Iterator[Job]:
    """Yield a job for each school and municipality: all its forms of a year, filled in.

    Args:
        inbox: where the forms are handed in.
        world: the territory.
        school_year: the year of the forms.
        has_faults: plant faults, some into each form.
        known: rows that are not to be invented; no fault is planted among them.
    """
    schools, municipalities = _places(world)
    blanks = groupby(blank_forms(school_year, schools, municipalities, {}), key=lambda blank: blank.owner_code)
    handing = _Handing(inbox, world.options, school_year, has_faults, known)
    for owner in _owners(schools, municipalities, _facts(world, school_year)):
        yield lambda owner=owner: _hand_in(handing, owner, next(blanks)[1])


def known_form_jobs(inbox: Inbox, world: World, school_year: str, known: Known) -> Iterator[Job]:
    """Yield a job for each municipality of which rows are known: the forms that they stand in, and nothing else."""
    schools, municipalities = _places(world)
    # Without schools their forms are not made only to be left out; a municipality's then bears no list of them.
    blanks = groupby(blank_forms(school_year, schools[:0], municipalities, {}), key=lambda blank: blank.owner_code)
    for owner in _owners(schools, municipalities, _facts(world, school_year)):
        if owner.level == "municipality":
            yield lambda owner=owner: _hand_in_known(inbox, owner, next(blanks)[1], (school_year, known))


def _hand_in_known(inbox: Inbox, owner: _Owner, blanks: Iterator[BlankForm], of: tuple[str, Known]) -> None:
    school_year, known = of
    answers = _located(known.get(owner.code, {}), owner)
    for blank in blanks:
        rows = {table.name: answers.get(table.name, []) for table in form_tables(blank.form, owner.level)}
        if any(rows.values()):
            typed = answer_places(blank.form, owner.level, school_year, rows)
            _write(inbox, _Filled(blank, school_year, rows, typed, f"Формы/{school_year}/{owner.code}"), owner)


def _places(world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    territory = world.territory
    places = [f"reg99_{one.code}" for one in territory.municipalities]
    names = [one.name for one in territory.municipalities]
    schools = pd.DataFrame(
        {
            "school_code": [school.code for school in territory.schools],
            "school_name": [school.name for school in territory.schools],
            "municipality_code": [places[school.municipality] for school in territory.schools],
        }
    )
    return schools, pd.DataFrame({"municipality_code": places, "municipality_name": names})


def _facts(world: World, school_year: str) -> dict[str, OwnerFacts]:
    """Return the facts of each school by its code."""
    own = school_facts(world, school_year)
    return {school.code: own[school.index] for school in world.territory.schools}


def _owners(schools: pd.DataFrame, municipalities: pd.DataFrame, facts: Mapping[str, OwnerFacts]) -> Iterator[_Owner]:
    """Yield owners in the order in which their forms are written."""
    columns = ["school_code", "school_name"]
    ordered = schools.sort_values("school_code")
    for number, (code, name) in enumerate(ordered[columns].itertuples(index=False)):
        yield _Owner("school", code, name, number, facts[code])
    for number, (code, name) in enumerate(municipalities.sort_values("municipality_code").itertuples(index=False)):
        own = ordered[ordered["municipality_code"] == code]
        listed = tuple((f"{one} | {title}", facts[one]) for one, title in own[columns].itertuples(index=False))
        yield _Owner("municipality", code, name, number, municipality_facts([one for _, one in listed]), listed)


def _hand_in(handing: _Handing, owner: _Owner, blanks: Iterator[BlankForm]) -> None:
    school_year, known = handing.school_year, _located(handing.known.get(owner.code, {}), owner)
    answers = _answers(handing.options.seed, owner, school_year, known)
    for place, blank in enumerate(blanks):
        if blank.form.form_code == _MISSED and owner.level == "school" and owner.number % _FEW == _FEW - 1:
            continue
        rows = {table.name: answers[table.name] for table in form_tables(blank.form, owner.level)}
        typed = answer_places(blank.form, owner.level, school_year, rows)
        filled = _Filled(blank, school_year, rows, typed, f"Формы/{school_year}/{owner.code}", frozenset(known))
        # A municipality has few forms; of those of schools most come sound.
        if handing.has_faults and (owner.level == "municipality" or (owner.number + place) % _SOUND == 0):
            for fault in _chosen(filled, owner, place, max(1, round(handing.options.dirt))):
                fault(filled)
        _write(handing.inbox, filled, owner)


def _located(known: Mapping[str, list[Row]], owner: _Owner) -> dict[str, list[Row]]:
    """Return known rows with schools named as the lists of a form name them."""
    labels = {label.split(" | ")[0]: label for label, _ in owner.schools}
    found: dict[str, list[Row]] = {}
    for table in _asked(owner.level):
        columns = [column.name for column in table.columns if column.school]
        if table.name in known:
            found[table.name] = [
                row | {name: labels[str(row[name])] for name in columns if name in row} for row in known[table.name]
            ]
    return found


def _write(inbox: Inbox, filled: _Filled, owner: _Owner) -> None:
    path = f"{filled.folder}/{filled.blank.file_name}"
    note = FileNote(
        "record_form",
        filled.school_year,
        rows_count=sum(map(len, filled.rows.values())),
        expected="refused" if filled.is_refused else "accepted",
        rule_id=filled.faults[0].rule_id if filled.is_refused else "",
    )
    inbox.write_bytes(path, type_into(filled.blank.content, filled.typed), _handed_in_at(filled, owner), note)
    code = owner.code if owner.level == "school" else ""
    inbox.truths += [fault.truth(path, filled.school_year, code) for fault in filled.faults]


def _handed_in_at(filled: _Filled, owner: _Owner) -> datetime:
    """Return when a form came: some days before it was due, from a few schools some days after."""
    form, start = filled.blank.form, int(filled.school_year[:4])
    month, day = (int(part) for part in (form.due or _LAST_DUE).split("-"))
    is_late = owner.level == "school" and form.form_code in _LATE and owner.number % _FEW == _LATE.index(form.form_code)
    days = _LATE_BY if is_late else -(1 + (owner.number + len(form.form_code)) % 6)
    year = start if month >= _FIRST_MONTH else start + 1
    return datetime(year, month, day, 9 + owner.number % 8, owner.number % 60, tzinfo=UTC) + timedelta(days)


def _answers(seed: int, owner: _Owner, school_year: str, known: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """Return rows of all registers that an owner is asked for; references between registers hold."""
    world = RegisterWorld(seed, school_year, owner.code, owner.name, _PEOPLE, owner.facts, owner.schools)
    world.made |= known
    found: dict[str, list[Row]] = {}
    for table in _asked(owner.level):
        if table.name in known:
            found[table.name] = known[table.name]
            continue
        found[table.name] = register_rows(table, world)
    return found


@cache
def _asked(level: Level) -> tuple[RecordTable, ...]:
    """Return the registers that a school or a municipality is asked for, each after those that it refers to."""
    forms = [form for form in record_forms().values() if form.is_handed_out and level in form.levels]
    tables = {table.name: table for form in forms for table in form_tables(form, level)}
    placed: dict[str, RecordTable] = {}
    seen: set[str] = set()

    def place(table: RecordTable) -> None:
        # Two registers may refer to each other: the first one met then stands first.
        if table.name in seen:
            return
        seen.add(table.name)
        names = {column.refers_to.split(".")[0] for column in table.columns if column.refers_to is not None}
        for name in sorted(names & tables.keys()):
            place(tables[name])
        placed[table.name] = table

    for table in tables.values():
        place(table)
    return tuple(placed.values())


def _chosen(filled: _Filled, owner: _Owner, place: int, count: int) -> list[Fault]:
    """Return the faults of one form, a sheet each: every owner gets others, so that all are planted somewhere."""
    possible = _possible(filled)
    first = (owner.number + 5 * place) * count
    if owner.level == "municipality":
        # There are few municipalities, so their forms bear more.
        count *= 4
    chosen: dict[str, Fault] = {}
    for step in range(len(possible)):
        sheet, fault = possible[(first + step) % len(possible)]
        if sheet == SERVICE_SHEET:
            # Nothing else can be told of a form that is not read.
            if not chosen:
                return [fault]
            continue
        chosen.setdefault(sheet, fault)
        if len(chosen) == count:
            break
    return list(chosen.values())


def _possible(filled: _Filled) -> list[tuple[str, Fault]]:
    """Return all faults that a form can bear with their sheets, so ordered that neighbours differ."""
    found: list[tuple[str, Fault]] = []
    for table in form_tables(filled.blank.form, filled.blank.level):
        if table.name in filled.known:
            continue
        columns = form_columns(table, filled.blank.level)
        sheet = FormSheet(table, columns, filled.school_year, "", {})
        rows = filled.rows[table.name]
        faults = [_slip_fault(sheet, slip, rows) for slip in slips(table, columns, rows)]
        if not sheet.is_upright:
            faults += [*_heading_faults(sheet), *_total_faults(sheet, rows)]
        found += [(table.sheet_ru, fault) for fault in faults]
    if filled.blank.level == "school":
        found += [(SERVICE_SHEET, _service_fault(rule, place, value)) for rule, place, value in _SERVICE_FAULTS]
    found.append(("", _put_elsewhere))
    step = next(step for step in range(7, 7 + len(found)) if math.gcd(step, len(found)) == 1)
    return [found[number * step % len(found)] for number in range(len(found))]


def _slip_fault(sheet: FormSheet, slip: Slip, rows: Sequence[Row]) -> Fault:
    cell = next(cell for cell in sheet.cells() if cell.column.name == slip.column)
    name = sheet.table.sheet_ru

    def plant(filled: _Filled) -> None:
        typed = filled.typed[name]
        row = cell.row + slip.row * (not sheet.is_upright)
        if slip.is_new_row:
            row = _FIRST + len(rows)
            typed |= {(row, place): typed[_FIRST, place] for line, place in list(typed) if line == _FIRST}
            filled.faults.append(Planted(slip.rule_id, name, (row, cell.place)))
            return
        clean = typed.get((row, cell.place))
        typed[row, cell.place] = slip.value
        filled.faults.append(Planted(slip.rule_id, name, (row, cell.place), shown(slip.value), shown(clean)))

    return plant


def _heading_faults(sheet: FormSheet) -> Iterator[Fault]:
    titles = [column_title(column) for column in sheet.columns]
    beside = len(titles)
    yield _heading_fault(sheet, "form.column_unknown", beside, _STRANGE_HEADING)
    yield _heading_fault(sheet, "form.column_repeated", beside, titles[0])
    yield _heading_fault(sheet, "form.column_missing", beside - 1, _STRANGE_HEADING)
    longest = max(range(beside), key=lambda place: len(titles[place]))
    if len(titles[longest]) >= _LEAST_TITLE:
        # Two neighbouring letters exchanged, as fingers do.
        text = titles[longest]
        place = next(at for at in range(4, len(text) - 1) if text[at] != text[at + 1])
        mistyped = f"{text[:place]}{text[place + 1]}{text[place]}{text[place + 2 :]}"
        yield _heading_fault(sheet, "form.column_renamed", longest, mistyped)


def _heading_fault(sheet: FormSheet, rule_id: str, place: int, heading: str) -> Fault:
    def plant(filled: _Filled) -> None:
        filled.typed[sheet.table.sheet_ru][HEADER_ROW, place] = heading
        filled.faults.append(Planted(rule_id, sheet.table.sheet_ru, (HEADER_ROW, place), heading))

    return plant


def _total_faults(sheet: FormSheet, rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield a row of totals that is wrong by three."""
    first = sheet.columns[0]
    summed = [
        (place, column.name)
        for place, column in enumerate(sheet.columns)
        if column.type == "integer" and not column.choices and column.name not in sheet.table.key and place
    ]
    if not summed or first.choices or len(rows) < 2:
        return
    place, name = summed[0]

    def plant(filled: _Filled) -> None:
        row = _FIRST + len(rows)
        right = sum(int(str(one.get(name) or 0)) for one in rows)
        filled.typed[sheet.table.sheet_ru] |= {(row, 0): "Итого", (row, place): right + 3}
        filled.faults.append(
            Planted("export.total_differs", sheet.table.sheet_ru, (row, place), str(right + 3), str(right))
        )

    yield plant


def _service_fault(rule_id: str, place: tuple[int, int], value: str) -> Fault:
    def plant(filled: _Filled) -> None:
        filled.typed[SERVICE_SHEET] = {place: value}
        filled.is_refused = True
        filled.faults.append(Planted(rule_id, "", None, value))

    return plant


def _put_elsewhere(filled: _Filled) -> None:
    filled.folder = filled.folder.replace(filled.school_year, _OTHER_YEAR)
    filled.faults.append(Planted("form.other_year", "", None, _OTHER_YEAR, filled.school_year))
