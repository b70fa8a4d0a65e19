"""What a table is: columns, types, units, grain, key. The tables themselves are in `tables.py`.

One contract makes the SQL schema, the data dictionary, the schema checks and the empty frames, so they cannot disagree.
Does not belong here: reading or writing tables (`storage`), judging their content (`validation`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import pandas as pd
from pandas.api.extensions import ExtensionArray

from oko_pipeline.errors import ContractError


class ColumnType(StrEnum):
    """Type of a stored value; `JSON` is text holding JSON, `TIMESTAMP` is ISO 8601 text in UTC."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    JSON = "json"


class Privacy(StrEnum):
    """Personal-data class of a column. Directly identifying data have no class: they never pass the reader."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    PUPIL = "pupil"


PANDAS_TYPES: Final[dict[ColumnType, str]] = {
    ColumnType.TEXT: "str",
    ColumnType.INTEGER: "Int64",
    ColumnType.NUMBER: "float64",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "str",
    ColumnType.TIMESTAMP: "str",
    ColumnType.JSON: "str",
}
_DTYPES: Final = {kind: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: a name, a type, a Russian description, and whether it may be empty."""

    name: str
    type: ColumnType
    description_ru: str
    nullable: bool = False
    unit_ru: str = ""
    allowed: tuple[str, ...] = ()
    privacy: Privacy = Privacy.NONE


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the project's database.

    `key` names the primary key. `slice_by` names the columns of the unit that is replaced as a whole in one
    transaction (always beginning with `school_year`); an empty `slice_by` means the table is only appended to.
    Rows about single people are `is_restricted`: they stand in the restricted store, never in the database.
    """

    name: str
    title_ru: str
    grain_ru: str
    stage: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    slice_by: tuple[str, ...] = ("school_year",)
    indexes: tuple[tuple[str, ...], ...] = ()
    is_restricted: bool = False

    def __post_init__(self) -> None:
        names = self.column_names
        unknown = [
            name
            for name in (*self.key, *self.slice_by, *(c for index in self.indexes for c in index))
            if name not in names
        ]
        if unknown or len(set(names)) != len(names):
            raise ContractError(f"Таблица {self.name}: ключ, срез или индекс называет неизвестные столбцы {unknown}.")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`; raises `ContractError` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"В таблице {self.name} нет столбца {name}.")

    def empty(self) -> pd.DataFrame:
        """Return a frame of no rows with the table's columns and types."""
        return _no_rows(self.columns).copy(deep=False)

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with exactly the table's columns, order and types.

        Raises:
            ContractError: for a missing, extra or wrongly typed column, an empty value where none is allowed, or a
                repeated key. A missing nullable column is not filled in silently either.
        """
        self._require_columns(frame.columns)
        if frame.empty:
            return self.empty()
        # Arrays, not series: aligning sixty indexes costs more than all the rest.
        typed = {column.name: self._typed(column, frame[column.name]) for column in self.columns}
        conformed = pd.DataFrame(typed, index=frame.index)
        repeated = conformed.duplicated(list(self.key))
        if repeated.any():
            example = conformed.loc[repeated, list(self.key)].iloc[0].to_dict()
            raise ContractError(f"Таблица {self.name}: ключ повторён {int(repeated.sum())} раз(а), например {example}.")
        return conformed

    def _typed(self, column: Column, values: pd.Series) -> ExtensionArray:
        dtype = _DTYPES[column.type]
        try:
            typed = (values if values.dtype == dtype else values.astype(dtype)).array
        except (TypeError, ValueError) as error:
            raise ContractError(
                f"Таблица {self.name}, столбец {column.name}: ожидался тип «{column.type}»: {error}."
            ) from error
        if not column.nullable and (is_empty := typed.isna()).any():
            row = int(is_empty.argmax())
            raise ContractError(
                f"Таблица {self.name}, столбец {column.name}, строка {row}: пустое значение недопустимо."
            )
        return typed

    def _require_columns(self, present: Iterable[str]) -> None:
        have, want = set(present), set(self.column_names)
        if have != want:
            raise ContractError(
                f"Таблица {self.name}: не хватает столбцов {sorted(want - have)}, лишние столбцы {sorted(have - want)}."
            )


@cache
def _no_rows(columns: tuple[Column, ...]) -> pd.DataFrame:
    # Most tables of a small installation are empty most of the time, and typing sixty columns takes milliseconds.
    return pd.DataFrame({column.name: pd.Series(dtype=_DTYPES[column.type]) for column in columns})
