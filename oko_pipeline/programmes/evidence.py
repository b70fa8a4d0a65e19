"""What confirms a duty: rows of registers that people keep, and tables that the program made, unit by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.bindings import ANY, Target
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.programmes.units import MUNICIPALITY, SCHOOL, Counts, Texts, Units

NOT_DONE: Final = frozenset({"planned", "cancelled", "refused", "not_applicable", "needed"})
"""Answers of a register's state that do not confirm that something was done."""
_DATES: Final = ("done_on", "held_on", "visited_on", "decided_on", "act_on", "issued_on", "ends_on", "starts_on")
_HIGH: Final = ("high_share", "81_100", "100_count", "medals_share")
_BASE: Final = ("base_share", "below", "noo_share", "ooo_share", "soo_share")
"""Parts of indicator codes that tell of the high and the basic level of attainment."""
_LINKS: Final = ("evidence_link", "document_link", "agreement_link", "product_link", "report_link", "plan_link")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Evidence for every unit: how many rows, the day of the latest, its number and link («» where there is none)."""

    counts: Counts
    days: Texts
    refs: Texts
    links: Texts

    @classmethod
    def nothing(cls, size: int) -> "Confirmation":
        """Return a confirmation of nothing for `size` units."""
        empty = np.full(size, "", dtype=object)
        return cls(np.zeros(size, dtype=np.int64), empty, empty.copy(), empty.copy())

    def joined(self, other: "Confirmation") -> "Confirmation":
        """Return both together: counts added, the later day with its number and link."""
        later = other.days.astype(str) > self.days.astype(str)
        later |= (self.counts == 0) & (other.counts > 0)
        return Confirmation(
            self.counts + other.counts,
            np.where(later, other.days, self.days),
            np.where(later, other.refs, self.refs),
            np.where(later, other.links, self.links),
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A table that the program made: which units have rows in it (none named: it is about all), and when."""

    rows_count: int
    written_on: str
    units: pd.DataFrame | None
    """`unit_level` and `unit_code` of the units that have rows; None for a table without units."""


@dataclass
class EvidenceBook:
    """Answers what confirms what: rows of registers by table, tables made by name, tables of each asset."""

    units: Units
    registers: Mapping[str, pd.DataFrame]
    made: Mapping[str, Made]
    tables_of: Mapping[str, Sequence[str]]
    _own: dict[str, Confirmation] = field(default_factory=dict)
    _whole: dict[str, Confirmation] = field(default_factory=dict)

    def of_people(self, target: Target) -> Confirmation:
        """Return the rows of a register that confirm a duty of the unit that keeps it.

        A municipality's evidence is its own rows; of a register that only schools keep, the rows of its schools.
        """
        key = _key(target)
        if key not in self._own:
            self._own[key] = self._rows(target, with_schools=_is_of_schools(target.name))
        return self._own[key]

    def of_anything(self, target: Target) -> Confirmation:
        """Return what is there for each unit: rows of a register or of tables made, those of its schools included."""
        key = _key(target)
        if key not in self._whole:
            self._whole[key] = self._there(target)
        return self._whole[key]

    def _there(self, target: Target) -> Confirmation:
        if target.kind == "table" and target.name in self.registers:
            return self._rows(target, with_schools=True)
        names = [target.name] if target.kind == "table" else self.tables_of.get(target.address, ())
        found = Confirmation.nothing(len(self.units))
        for name in names:
            if name in self.registers:
                found = found.joined(self._rows(Target("table", name), with_schools=True))
            elif name in self.made:
                found = found.joined(self._of_made(name))
        return found

    def _of_made(self, name: str) -> Confirmation:
        table = self.made[name]
        size = len(self.units)
        if table.rows_count == 0:
            return Confirmation.nothing(size)
        counts = np.ones(size, dtype=np.int64)
        if table.units is not None:
            counts = np.zeros(size, dtype=np.int64)
            for level in (SCHOOL, MUNICIPALITY):
                own = table.units[table.units["unit_level"] == level]
                places = self.units.place(level, own["unit_code"])
                np.add.at(counts, places[places >= 0], 1)
                above = self.units.parents[places[places >= 0]]
                if level == SCHOOL:
                    np.add.at(counts, above[above >= 0], 1)
        has = counts > 0
        return Confirmation(
            counts,
            np.where(has, table.written_on, "").astype(object),
            np.where(has, name, "").astype(object),
            np.full(size, "", dtype=object),
        )

    def _rows(self, target: Target, *, with_schools: bool) -> Confirmation:
        size = len(self.units)
        rows = self.registers.get(target.name)
        if rows is None or rows.empty:
            return Confirmation.nothing(size)
        rows = rows[narrowed(rows, target.where) & is_done(rows)]
        if rows.empty:
            return Confirmation.nothing(size)
        schools = self.units.place(SCHOOL, rows["school_code"])
        owners = self.units.place(MUNICIPALITY, rows["municipality_code"])
        if with_schools:
            above = np.where(schools >= 0, self.units.parents[schools], -1)
            owners = np.where(owners >= 0, owners, above)
        told = pd.DataFrame(
            {
                "day": first_text(rows, dates_of(rows)),
                "ref": refs_of(target.name, rows),
                "link": first_text(rows, _LINKS),
            }
        )
        placed = [told.assign(place=places) for places in (schools, owners)]
        flat = pd.concat(placed, ignore_index=True)
        flat = flat[flat["place"] >= 0].sort_values(["place", "day", "ref"], kind="stable")
        return _laid_out(flat, size)


def _laid_out(flat: pd.DataFrame, size: int) -> Confirmation:
    found = Confirmation.nothing(size)
    counts = flat.groupby("place").size()
    found.counts[counts.index.to_numpy()] = counts.to_numpy()
    latest = flat.drop_duplicates("place", keep="last")
    places = latest["place"].to_numpy()
    for array, column in ((found.days, "day"), (found.refs, "ref"), (found.links, "link")):
        array[places] = latest[column].to_numpy()
    return found


def narrowed(rows: pd.DataFrame, where: Mapping[str, Sequence[str]]) -> pd.Series:
    """Return which rows have the accepted values in all columns named; yes and no are «True» and «False»."""
    keep = pd.Series(data=True, index=rows.index)
    for column, values in where.items():
        if column in rows.columns:
            keep &= rows[column].notna() if ANY in values else rows[column].astype("str").isin(list(values))
    return keep


def is_done(rows: pd.DataFrame) -> pd.Series:
    """Return which rows tell of something done: a register without a state keeps nothing else."""
    if "status" not in rows.columns:
        return pd.Series(data=True, index=rows.index)
    return ~rows["status"].isin(NOT_DONE)


def dates_of(rows: pd.DataFrame) -> list[str]:
    """Return the columns that may date a row, the most telling first."""
    others = sorted(
        name for name in rows.columns if name.endswith("_on") and name not in {*_DATES, "due_on", "valid_until_on"}
    )
    return [name for name in (*_DATES, *others) if name in rows.columns]


def first_text(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return the first value that is there in some columns, as text; «» where there is none."""
    found = pd.Series(pd.NA, index=rows.index, dtype="str")
    for column in columns:
        if column in rows.columns:
            found = found.fillna(rows[column].astype("str"))
    return found.fillna("").astype(object)


def refs_of(table: str, rows: pd.DataFrame) -> pd.Series:
    """Return how a row is found again: the register's title and the number of the row in it, if it has one."""
    described = record_tables().get(table)
    if described is None:
        return pd.Series(table, index=rows.index, dtype=object)
    number = next((name for name in described.key if name.endswith("_number") and name in rows.columns), None)
    if number is None:
        return pd.Series(described.title_ru, index=rows.index, dtype=object)
    return (f"{described.title_ru}, № " + rows[number].astype("str").fillna("—")).astype(object)


def _is_of_schools(table: str) -> bool:
    described = record_tables().get(table)
    return described is not None and bool(described.levels) and MUNICIPALITY not in described.levels


def _key(target: Target) -> str:
    return f"{target.address}{sorted(target.where.items())}"


def indicator_rows(values: pd.DataFrame) -> pd.DataFrame:
    """Return computed indicators as rows of a register: whose, of which direction, of which family."""
    known = indicators()
    is_school = values["unit_level"] == SCHOOL
    codes = values["indicator_code"]
    return pd.DataFrame(
        {
            "school_code": values["unit_code"].where(is_school),
            "municipality_code": values["unit_code"].where(~is_school),
            "direction": codes.map(lambda code: known[code].direction if code in known else None),
            "family": codes.map(_family),
        }
    )


def _family(code: str) -> str:
    if any(part in code for part in _HIGH):
        return "high"
    return "base" if any(part in code for part in _BASE) else "other"
