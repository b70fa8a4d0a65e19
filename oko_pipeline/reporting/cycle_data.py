"""What a document is made of: rows of the tables of a school year (and of years before), found by their columns.

A row remembers the table it is of, so that a number taken from it (`figures`) can be found there again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.errors import ContractError
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.document_settings import DocumentSettings

_SCHOOL_NAME: Final = re.compile(r"(?:[А-ЯЁ]*ОУ\s+)?(?:«(?P<quoted>[^«»]+)»|(?P<plain>.+))")
_Positions = dict[tuple[Any, ...], list[int]]


class Row(dict[str, Any]):
    """A row by column; missing values are None. `table` is the name of its table."""

    __slots__ = ("table",)

    def __init__(self, table: str, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        super().__init__(values)
        self.table = table

    @property
    def key(self) -> dict[str, Any]:
        """Return the values of the table's key."""
        return {name: self[name] for name in _key(self.table)}


class Rows(list[Row]):
    """Rows of one table that share the values `conditions` (column → value or accepted values)."""

    __slots__ = ("conditions", "table")

    def __init__(self, table: str, conditions: Mapping[str, Any], rows: list[Row]) -> None:
        super().__init__(rows)
        self.table = table
        self.conditions = dict(conditions)

    def where(self, **conditions: Any) -> "Rows":
        """Return the rows that have these values too; a tuple of values accepts any of them."""
        kept: list[Row] = self
        for name, value in conditions.items():
            if isinstance(value, tuple):
                kept = [row for row in kept if row[name] in value]
            else:
                kept = [row for row in kept if row[name] == value]
        return Rows(self.table, self.conditions | conditions, kept)

    @property
    def one(self) -> Row | None:
        """Return the only row, None when there is none.

        Raises:
            ContractError: when there are several: the conditions do not name a row.
        """
        if len(self) > 1:
            raise ContractError(f"Документ: в таблице {self.table} несколько строк для {self.conditions}.")
        return self[0] if self else None


@dataclass(slots=True, eq=False)
class IndexedFrame:
    """Rows of a table with what finding them needs, made at first use: kinds that read the same rows share it."""

    frame: pd.DataFrame
    _records: list[tuple[Any, ...]] | None = field(init=False, default=None, repr=False)
    _indexes: dict[tuple[str, ...], _Positions] = field(init=False, default_factory=dict, repr=False)

    @property
    def records(self) -> list[tuple[Any, ...]]:
        """Return the rows as tuples, missing values as None; they are the dearest part of reading rows."""
        if self._records is None:
            columns = [_values(self.frame[name]) for name in self.frame.columns]
            self._records = list(zip(*columns, strict=True))
        return self._records

    def positions(self, names: tuple[str, ...]) -> _Positions:
        """Return where the rows of each combination of values of some columns stand."""
        found = self._indexes.get(names)
        if found is None:
            known = list(self.frame.columns)
            places = [known.index(name) for name in names]
            found = self._indexes[names] = _index(self.records, places)
        return found


@dataclass(frozen=True, slots=True)
class CycleData:
    """Rows of the tables that a kind of document reads.

    `frames` holds, by table name, the rows of `school_year` and of the years before that the kind asks for, in the
    contracts of the catalogue. `days` tells when each table was computed (ISO date). `indexed` holds those of the
    frames that other kinds read too.
    """

    school_year: str
    frames: Mapping[str, pd.DataFrame]
    settings: DocumentSettings = field(default_factory=DocumentSettings)
    days: Mapping[str, str] = field(default_factory=dict[str, str])
    indexed: Mapping[str, IndexedFrame] = field(default_factory=dict[str, IndexedFrame], repr=False, compare=False)
    _own: dict[str, IndexedFrame] = field(init=False, default_factory=dict, repr=False, compare=False)

    def rows(self, table: str, *, school_year: str | None = None, **conditions: Any) -> Rows:
        """Return the rows of a table that have the given values, in the table's order.

        The first call for a pair of table and columns indexes the table, later ones cost only their rows: a thousand
        documents read each frame once.

        Args:
            table: name of the table; a table that the kind does not name is a `KeyError`.
            school_year: another school year than that of the document.
            conditions: column → value; a tuple of values accepts any of them.
        """
        indexed = self.indexed.get(table) or self._own.get(table)
        if indexed is None:
            indexed = self._own[table] = IndexedFrame(self.frames[table])
        if "school_year" in indexed.frame.columns:
            conditions = {"school_year": school_year or self.school_year} | conditions
        positions = indexed.positions(tuple(conditions))
        accepted = [value if isinstance(value, tuple) else (value,) for value in conditions.values()]
        found = {position for key in product(*accepted) for position in positions.get(key, ())}
        names, records = list(indexed.frame.columns), indexed.records
        return Rows(table, conditions, [Row(table, zip(names, records[at], strict=True)) for at in sorted(found)])

    def row(self, table: str, **conditions: Any) -> Row | None:
        """Return the only row with the given values, None when there is none; several are a `ContractError`."""
        return self.rows(table, **conditions).one

    def schools(self, municipality_code: str | None = None) -> Rows:
        """Return the year's schools (of a municipality) in the order of codes."""
        found = (
            self.rows("schools")
            if municipality_code is None
            else self.rows("schools", municipality_code=municipality_code)
        )
        return Rows(found.table, found.conditions, sorted(found, key=lambda row: str(row["school_code"])))

    def municipalities(self) -> list[str]:
        """Return the codes of the municipalities that have schools in the year, in order."""
        return sorted({str(row["municipality_code"]) for row in self.rows("schools")})

    def short_school(self, school_code: str) -> str:
        """Return the name of a school for lists, without legal form: «МБОУ „Лесная СОШ № 3“» is «Лесная СОШ № 3»."""
        name = self.unit_name("school", school_code)
        found = _SCHOOL_NAME.fullmatch(name)
        short = name if found is None else found["quoted"] or found["plain"]
        return short.replace("№ ", f"№{ru.NBSP}")

    def short_schools(self, school_codes: Iterable[str], limit: int | None = None) -> str:
        """Return the short names of schools for a sentence, in order of codes; the rest are counted."""
        return ru.listed([self.short_school(code) for code in sorted(set(school_codes))], limit)

    def unit_name(self, unit_level: str, unit_code: str) -> str:
        """Return the name of a school, a municipality or the whole territory; the code where no name is known."""
        if unit_level == "school":
            row = next(iter(self.rows("schools", school_code=unit_code)), None)
            return unit_code if row is None else str(row["school_name"])
        if unit_level == "municipality":
            row = next(iter(self.rows("municipalities", municipality_code=unit_code)), None)
            return unit_code if row is None else str(row["municipality_name"])
        return self.settings.territory_ru or "Все муниципалитеты"


@cache
def _key(table: str) -> tuple[str, ...]:
    return any_table(table).key


def _values(column: pd.Series) -> list[Any]:
    """Return the values of a column, missing ones as None; equal texts are one object: codes repeat by thousands."""
    if not isinstance(column.dtype, pd.StringDtype):
        values = column.to_numpy(dtype=object, na_value=None)  # pyright: ignore[reportCallIssue,reportArgumentType]
        return values.tolist()
    told: Any = pa.array(column.array, type=pa.large_string())
    coded = (told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told).dictionary_encode()
    texts = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return texts[coded.indices.fill_null(-1).to_numpy()].tolist()


def _index(rows: list[tuple[Any, ...]], places: Sequence[int]) -> _Positions:
    """Return where the rows with each combination of values at some places of them stand."""
    positions: _Positions = {}
    if len(places) == 1:
        for position, row in enumerate(rows):
            positions.setdefault((row[places[0]],), []).append(position)
        return positions
    keys = map(itemgetter(*places), rows) if places else [()] * len(rows)
    for position, key in enumerate(keys):
        positions.setdefault(key, []).append(position)
    return positions
