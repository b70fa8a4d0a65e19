"""Numbers of a document and where each was taken from.

A builder asks `Figures` for the text of a number and never formats one itself: so every number in a text, a table or a
chart can be found again in its row of the database (`recall`), compared with the last issue of the document, listed in
the appendix about the sources and laid into the workbook beside the document.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row, Rows

UNKNOWN: Final = ru.DASH
"""What stands in the place of a value that is not known."""

_NUMBER: Final = re.compile(rf"(?<![\w.-])[{ru.MINUS}+]?\d[\d{ru.NBSP}]*(?:,\d+)?(?![\w-])")
"""A number as texts of tables write it; codes such as R2026-0597321862 are none."""
_FORMS: Final[Mapping[str, Callable[[float, int], str]]] = {
    "whole": lambda value, _digits: ru.whole(round(value)),
    "decimal": ru.decimal,
    "percent": ru.percent,
    "percent_number": ru.percent_number,
    "signed": ru.signed,
    "points": ru.points,
}


def form_value(value: float, form: str, digits: int) -> str:
    """Return a number as documents write it.

    Args:
        value: the number.
        form: whole, decimal, percent, percent_number, signed or points.
        digits: signs after the comma.
    """
    return _FORMS[form](value, digits)


class Figures:
    """Writes the numbers of one document and takes down where each came from."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def whole(self, row: Row, column: str) -> str:
        """Return a count: «1 234»; a dash where it is unknown."""
        return self._value(row, column, "whole", 0)

    def decimal(self, row: Row, column: str, digits: int = 1) -> str:
        """Return a number with a decimal comma: «54,3»."""
        return self._value(row, column, "decimal", digits)

    def percent(self, row: Row, column: str, digits: int = 1) -> str:
        """Return a share (0 to 1) in percent: «12,3 %»."""
        return self._value(row, column, "percent", digits)

    def percent_number(self, row: Row, column: str, digits: int = 1) -> str:
        """Return a share (0 to 1) in percent without the sign, for a column whose header carries it."""
        return self._value(row, column, "percent_number", digits)

    def signed(self, row: Row, column: str, digits: int = 1) -> str:
        """Return a difference of shares in percent points with its sign: «−13,1»."""
        return self._value(row, column, "signed", digits)

    def points(self, row: Row, column: str, digits: int = 1) -> str:
        """Return the size of a difference of shares: «13,1 п. п.»."""
        return self._value(row, column, "points", digits)

    def interval(self, row: Row, low: str, high: str, *, form: str = "percent_number", digits: int = 0) -> str:
        """Return bounds: «5–33»; of shares in percent unless another form is asked for."""
        if row[low] is None or row[high] is None:
            return UNKNOWN
        return f"{self._value(row, low, form, digits)}–{self._value(row, high, form, digits)}"

    def share_with_interval(self, row: Row, column: str, low: str, high: str) -> str:
        """Return a share with its interval for a table: «13,6 (5–33)»."""
        if row[column] is None:
            return UNKNOWN
        if row[low] is None:
            return self.percent_number(row, column)
        return f"{self.percent_number(row, column)}{ru.NBSP}({self.interval(row, low, high)})"

    def counted(self, row: Row, column: str, forms: tuple[str, str, str]) -> str:
        """Return a count with its noun: «22 участника»."""
        value = row[column]
        if value is None:
            return UNKNOWN
        return f"{self.whole(row, column)}{ru.NBSP}{ru.plural(round(value), forms)}"

    def count(self, rows: Rows, forms: tuple[str, str, str] | None = None, place_ru: str = "") -> str:
        """Return how many rows there are, with a noun if one is given.

        Args:
            rows: rows of `CycleData.rows`: their conditions find them again.
            forms: forms of the noun.
            place_ru: what the rows are about, for the list of changes; their conditions where it is empty.
        """
        text = ru.whole(len(rows))
        self._take(text, rows, op="count", form="whole", **({"place_ru": place_ru} if place_ru else {}))
        return text if forms is None else f"{text}{ru.NBSP}{ru.plural(len(rows), forms)}"

    def total(self, rows: Rows, column: str, forms: tuple[str, str, str] | None = None) -> str:
        """Return the sum of a column of counts, with a noun if one is given."""
        value = round(sum(row[column] or 0 for row in rows))
        text = ru.whole(value)
        self._take(text, rows, op="sum", column=column, form="whole")
        return text if forms is None else f"{text}{ru.NBSP}{ru.plural(value, forms)}"

    def computed(
        self, value: float, how_ru: str, rows: Iterable[Row], *, form: str = "decimal", digits: int = 1
    ) -> str:
        """Return a number worked out from rows in a way that neither a value, a count nor a sum is.

        Args:
            value: the number.
            how_ru: how it was worked out, for the appendix: «разность долей двух лет».
            rows: the rows that it was worked out from.
            form: form of the number, see `form_value`.
            digits: signs after the comma.
        """
        text = form_value(value, form, digits)
        used = list(rows)
        self.taken.append(
            {
                "text": text,
                "op": "computed",
                "table": used[0].table if used else "",
                "keys": [row.key for row in used],
                "column": "",
                "how_ru": how_ru,
                "form": form,
                "digits": digits,
            }
            | ({"tables": [row.table for row in used]} if len({row.table for row in used}) > 1 else {})
        )
        return text

    def text(self, row: Row, column: str, part: str | None = None) -> str:
        """Return a text of a row as it stands there, empty where there is none; each number in it is taken down.

        Args:
            row: the row.
            column: its column with the text.
            part: what the document says of the text where it does not say all of it.
        """
        whole = "" if row[column] is None else str(row[column])
        said = whole if part is None else part
        for position, number in enumerate(_NUMBER.findall(said), start=1):
            self.taken.append(
                {
                    "text": number,
                    "op": "quoted",
                    "table": row.table,
                    "key": row.key,
                    "column": column,
                    "how_ru": f"{position}-е число текста",
                    "form": "quoted",
                    "digits": 0,
                }
            )
        return said

    def values(self, rows: Sequence[Row], column: str, scale: float = 1.0, digits: int = 1) -> list[float | None]:
        """Return the values of a chart's series (rounded as the chart shows them); unknown ones are None."""
        found: list[float | None] = []
        for row in rows:
            value = row[column]
            if value is None:
                found.append(None)
                continue
            text = self._value(row, column, "decimal" if scale == 1.0 else "percent_number", digits)
            # Drawn as written: half up, where `round` would take the nearest binary fraction.
            found.append(float(text.replace(ru.NBSP, "").replace(ru.MINUS, "-").replace(",", ".")))
        return found

    def _value(self, row: Row, column: str, form: str, digits: int) -> str:
        value = row[column]
        if value is None:
            return UNKNOWN
        text = form_value(float(value), form, digits)
        self.taken.append(
            {
                "text": text,
                "op": "value",
                "table": row.table,
                "key": row.key,
                "column": column,
                "form": form,
                "digits": digits,
            }
        )
        return text

    def _take(self, text: str, rows: Rows, **said: Any) -> None:
        conditions = {
            name: list(value) if isinstance(value, tuple) else value for name, value in rows.conditions.items()
        }
        self.taken.append({"text": text, "table": rows.table, "where": conditions, "column": "", "digits": 0} | said)


def place(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a figure is a figure of, the same in every issue: table, operation, column, key or conditions."""
    named = figure.get("key") or figure.get("where") or {}
    parts = (f"{name}={value}" for name, value in sorted(named.items()))
    keys = (f"{name}={value}" for key in figure.get("keys", ()) for name, value in sorted(key.items()))
    return (*subject(figure), *parts, *keys)


def subject(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a figure tells, whatever its rows: table, operation, column, form, how it was worked out."""
    return (figure["table"], figure["op"], figure["column"], figure["form"], figure.get("how_ru", ""))
