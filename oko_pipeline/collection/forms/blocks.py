"""Registers in tables that others made: headers found by their headings, one or two rows high, several in a sheet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final

from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_tables
from oko_pipeline.collection.forms.headings import headings_index, normal_heading
from oko_pipeline.collection.forms.people import personal_columns
from oko_pipeline.collection.headers import HEADER_ROWS, whole_number
from oko_pipeline.collection.layout import Cell, Sheet

SCHOOL_HEADINGS: Final = frozenset(
    {
        "оо", "логин", "логин оо", "логин школы", "код оо", "код школы", "школа", "оу", "наименование оо",
        "название оо", "образовательная организация", "общеобразовательная организация",
        "наименование образовательной организации", "название образовательной организации",
        "наименование общеобразовательной организации", "краткое наименование оо", "полное наименование оо",
        "краткое название оо", "наименование школы", "название школы", "код огэ", "код егэ", "код оу",
        "наименование оу",
    }
)  # fmt: skip
"""Headings of a school's login, code or name in exports about many schools, whatever the register."""
YEAR_HEADINGS: Final = frozenset({"учебный год", "уч год", "год"})
ORDINARY_HEADINGS: Final = frozenset(
    {"№", "№ п п", "п п", "n п п", "n", "муниципалитет", "мсу", "район", "муниципальный район", "регион", "код региона",
     "муниципальное образование", "мо", "округ", "субъект рф"}
)  # fmt: skip
"""Headings that tell nothing a register needs; nobody misses their columns."""

LEAST_MATCHES: Final = 3
LEAST_COVER: Final = 0.6
LEAST_EXPLAINED: Final = 0.5
_SURE_MATCHES: Final = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A register whose headings stand in a row of a sheet.

    `cover` is the share of its required headings that are there, `explained` the share of the row's headings that it
    explains. `spread` are places whose headings are values of the register's spread column, `schools` places of columns
    that name a school by a common heading, `year` the one of the school year.
    """

    table: RecordTable
    first_row: int
    last_row: int
    columns: dict[str, int]
    missing: tuple[RecordColumn, ...]
    cover: float
    explained: float
    strange: dict[int, str] = field(default_factory=dict)
    repeated: dict[int, str] = field(default_factory=dict)
    schools: dict[str, int] = field(default_factory=dict)
    year: int | None = None
    spread: dict[int, str] = field(default_factory=dict)

    @property
    def matches(self) -> int:
        """Return how many headings agree."""
        return len(self.columns) + len(self.spread)

    @property
    def rank(self) -> tuple[float, int, float]:
        """Return what makes one candidate better than another."""
        return round(self.cover, 6), self.matches, round(self.explained, 6)

    @property
    def is_sure(self) -> bool:
        """Tell whether so much agrees that the table is this register."""
        matches = self.matches
        if matches < min(LEAST_MATCHES, len(self.table.columns)) or self.cover < LEAST_COVER:
            return False
        if self.cover < 1 and matches < LEAST_MATCHES + 1:
            return False
        roles = personal_columns(self.table)
        if roles and not any(name in self.columns for names in roles.values() for name in names):
            return False
        return self.explained >= LEAST_EXPLAINED or matches >= _SURE_MATCHES


def candidates_at(sheet: Sheet, row: int) -> list[Candidate]:
    """Return the registers whose headings begin in a row, best first; two-row headers are tried as well."""
    single = _options([sheet.rows[row]])
    found = _score(single, row, row)
    if row + 1 < len(sheet.rows):
        double = _options([sheet.rows[row], sheet.rows[row + 1]])
        better = _score(double, row, row + 1)
        if better and (not found or better[0].rank > found[0].rank):
            found = better
    return found


def likely_rows(sheet: Sheet, start: int = 0, limit: int | None = HEADER_ROWS) -> Iterator[int]:
    """Yield rows (from 0) that may begin a header: texts only, two of them headings of registers."""
    index = headings_index()
    stop = len(sheet.rows) if limit is None else min(start + limit, len(sheet.rows))
    for row in range(start, stop):
        texts = [value for value in sheet.rows[row] if value is not None and value != ""]
        if len(texts) < 2 or not all(isinstance(value, str) for value in texts):
            continue
        if any(normal_heading(value) in index for value in texts) or _is_group_row(sheet, row):
            yield row


def _is_group_row(sheet: Sheet, row: int) -> bool:
    """Tell whether the next row has headings under merged ones of this row."""
    if row + 1 >= len(sheet.rows) or not any(value in {"", None} for value in sheet.rows[row]):
        return False
    index = headings_index()
    below = [value for value in sheet.rows[row + 1] if isinstance(value, str) and value.strip()]
    return sum(normal_heading(value) in index for value in below) >= 2


def _options(rows: list[list[Cell]]) -> list[tuple[str, ...]]:
    """Return for every column its possible headings, the fullest first: «группа подпись», «подпись», «группа»."""
    if len(rows) == 1:
        return [(normal_heading(value),) if isinstance(value, str) and value.strip() else () for value in rows[0]]
    top, bottom = rows
    options: list[tuple[str, ...]] = []
    group = ""
    for place in range(max(len(top), len(bottom))):
        above = top[place] if place < len(top) else None
        below = bottom[place] if place < len(bottom) else None
        if below not in {"", None} and not isinstance(below, str):
            # A number under the headings: the second row is data.
            return []
        own = normal_heading(above) if isinstance(above, str) else ""
        group = own or group
        caption = normal_heading(below) if isinstance(below, str) else ""
        texts = (f"{group} {caption}", caption) if caption else (own,)
        options.append(tuple(filter(None, texts)))
    return options


def _score(options: list[tuple[str, ...]], first_row: int, last_row: int) -> list[Candidate]:
    index = headings_index()
    hits: dict[str, int] = {}
    for texts in options:
        for name in {name for text in texts for name in index.get(text, ())}:
            hits[name] = hits.get(name, 0) + 1
    tables = [(record_tables()[name], count) for name, count in hits.items()]
    found = [
        _candidate(table, options, first_row, last_row)
        for table, count in tables
        if count > 1 or table.spread is not None
    ]
    return sorted(found, key=lambda one: (*(-part for part in one.rank), one.table.name))


def _candidate(table: RecordTable, options: list[tuple[str, ...]], first_row: int, last_row: int) -> Candidate:
    index = headings_index()
    columns: dict[str, int] = {}
    repeated: dict[int, str] = {}
    strange: dict[int, str] = {}
    schools: dict[str, int] = {}
    year: int | None = None
    for place, texts in enumerate(options):
        if not texts:
            continue
        names = [index[text][table.name] for text in texts if table.name in index.get(text, {})]
        fresh = next((name for name in names if name not in columns), None)
        if fresh is not None:
            columns[fresh] = place
        elif names:
            repeated[place] = names[0]
        elif any(text in SCHOOL_HEADINGS for text in texts):
            schools[f"school:{place}"] = place
        elif any(text in YEAR_HEADINGS for text in texts):
            year = place
        elif not any(text in ORDINARY_HEADINGS for text in texts):
            strange[place] = texts[0]
    spread = _spread(table, strange, columns)
    strange = {place: text for place, text in strange.items() if place not in spread}
    needed = required_columns(table)
    missing = tuple(column for column in needed if column.name not in columns)
    cover = (
        1 - len(missing) / len(needed)
        if needed
        else min(1.0, (len(columns) + len(spread)) / min(len(table.columns), LEAST_MATCHES + 1))
    )
    matches = len(columns) + len(spread)
    explained = matches / max(matches + len(strange) + len(repeated), 1)
    return Candidate(
        table, first_row, last_row, columns, missing, cover, explained, strange, repeated, schools, year, spread
    )  # fmt: skip


def _spread(table: RecordTable, strange: dict[int, str], columns: dict[str, int]) -> dict[int, str]:
    """Return the places whose headings are values of the register's spread column; nothing where they are too few."""
    if table.spread is None or table.spread.column in columns or table.spread.value in columns:
        return {}
    known = _spread_headings(table.name)
    found = {place: known[text] for place, text in strange.items() if text in known}
    return found if len(found) >= LEAST_MATCHES else {}


@cache
def _spread_headings(table_name: str) -> dict[str, str]:
    spread = record_tables()[table_name].spread
    return {} if spread is None else {normal_heading(text): text for text in spread.known}


def required_columns(table: RecordTable) -> list[RecordColumn]:
    """Return the columns without which a table is not this register: required ones that no title may give."""
    askable = [column for column in table.columns if not column.in_title and not column.school]
    return [column for column in askable if column.required] or [c for c in askable if c.name in table.key]


def best_candidates(sheet: Sheet, start: int = 0, limit: int | None = HEADER_ROWS) -> list[Candidate]:
    """Return the candidates of the first row of a sheet that holds a header for sure; nothing without one."""
    rows = list(likely_rows(sheet, start, limit))
    found = [candidates_at(sheet, row) for row in rows]
    for place, candidates in enumerate(found):
        if candidates and candidates[0].is_sure:
            following = found[place + 1] if place + 1 < len(found) and rows[place + 1] == rows[place] + 1 else []
            # The upper row of a two-row header may match alone; its lower row then matches better.
            is_better = following and following[0].is_sure and following[0].rank > candidates[0].rank
            return following if is_better else candidates
    return []


def tied(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates that are as good as the first one."""
    return [one for one in candidates if one.rank == candidates[0].rank]


def is_numbering(cells: list[Cell]) -> bool:
    """Tell whether a row only numbers the columns: 1, 2, 3 … under the headings."""
    filled = [value for value in cells if value not in {"", None}]
    numbers = [found for value in filled if (found := whole_number(value)) is not None]
    return len(numbers) == len(filled) > 2 and all(b - a == 1 for a, b in pairwise(numbers))
