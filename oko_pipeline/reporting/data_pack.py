"""The workbook beside a document: its tables and charts as cells, and where each of its numbers was taken from.

Texts are written as texts whatever they begin with: a cell that begins with = + - or @ must never become a formula.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from xlsxwriter import Workbook

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.reporting import russian as ru

_CREATED: Final = datetime(1980, 1, 1, tzinfo=UTC)
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_NAME_LENGTH: Final = 31
_NUMBER: Final = re.compile(rf"[{ru.MINUS}+-]?\d[\d{ru.NBSP}]*(?:,\d+)?")
_WIDEST: Final = 60
_ABOUT: Final = "О документе"
_SOURCES: Final = "Откуда числа"
_SOURCE_COLUMNS: Final = ("В документе", "Таблица базы", "Столбец", "Строка", "Как получено")


def data_pack(context: Mapping[str, Any]) -> bytes | None:
    """Return the workbook (xlsx) of a document's context; None when it has neither tables nor charts nor figures.

    Sheets: about the document, one for each table and chart in the order of the document, the sources of its numbers.
    Numbers of tables are numbers, intervals and words are texts. Equal contexts give equal bytes.
    """
    blocks = list(_blocks(context))
    figures = context.get("figures", ())
    if not blocks and not figures:
        return None
    stream = BytesIO()
    with Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        workbook.set_properties({"title": str(context["title"]), "created": _CREATED})
        head = workbook.add_format(
            {"bold": True, "bg_color": "#E7ECF2", "border": 1, "text_wrap": True, "valign": "top"}
        )
        sheets = _Sheets(workbook, head)
        sheets.add(_ABOUT, ("Что", "Значение"), _about(context, blocks))
        for block in blocks:
            columns, rows = _table_cells(block) if block["block"] == "table" else _chart_cells(block)
            sheets.add(str(block.get("title") or block.get("caption") or "Таблица"), columns, rows)
        if figures:
            sheets.add(
                _SOURCES, ("В документе", "Таблица базы", "Столбец", "Строка", "Как получено"), _sources(figures)
            )
    return stream.getvalue()


class _Sheets:
    """Adds sheets with a repeated header row, a filter and widths that fit."""

    def __init__(self, workbook: Any, head: Any) -> None:
        self._workbook = workbook
        self._head = head
        self._names: set[str] = set()

    def add(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> None:
        sheet = self._workbook.add_worksheet(self._name(title))
        for column, text in enumerate(columns):
            sheet.write_string(0, column, text, self._head)
            width = max([len(text), *(len(str(row[column])) for row in rows if column < len(row))])
            sheet.set_column(column, column, min(max(width + 2, 10), _WIDEST))
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, str) and value:
                    sheet.write_string(number, column, value)
                elif isinstance(value, int | float):
                    sheet.write_number(number, column, value)
        sheet.freeze_panes(1, 0)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def _name(self, title: str) -> str:
        clean = " ".join(_FORBIDDEN.sub(" ", title).split()) or "Лист"
        name, number = clean[:_NAME_LENGTH].strip(), 1
        while name.casefold() in self._names:
            number += 1
            tail = f" ({number})"
            name = clean[: _NAME_LENGTH - len(tail)].strip() + tail
        self._names.add(name.casefold())
        return name


def _blocks(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return the tables and charts of a context in their order; those about the document's sources are no data."""
    if isinstance(value, Mapping):
        if "block" in value:
            yield value
            return
        for name, item in value.items():
            if name not in ("provenance", "changes", "sources", "figures", "restricted_figures"):
                yield from _blocks(item)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item)


def _about(context: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    named = (
        ("Документ", "title"),
        ("Для кого", "unit_name"),
        ("Код", "unit_code"),
        ("Муниципалитет", "municipality_name"),
        ("Учебный год", "school_year"),
        ("Кампания", "campaign_title"),
    )
    lines = [(title, str(context[name])) for title, name in named if context.get(name)]
    return [*lines, ("Таблиц и диаграмм", ru.whole(len(blocks)))]


def _table_cells(block: Mapping[str, Any]) -> tuple[list[str], list[list[str | float | None]]]:
    kinds = [column["kind"] for column in block["columns"]]
    rows = [
        [_cell(_text(cell), kind) for cell, kind in zip(row["cells"], kinds, strict=False)] for row in block["rows"]
    ]
    return [column["title"] for column in block["columns"]], rows


def _text(cell: Any) -> str:
    return str(cell["text"]) if isinstance(cell, Mapping) else str(cell)


def _cell(text: str, kind: str) -> str | float | None:
    if not text or text == ru.DASH:
        return None
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text.replace(ru.NBSP, "").replace(ru.MINUS, "-").replace(",", "."))
    return text


def _chart_cells(block: Mapping[str, Any]) -> tuple[list[str], list[list[str | float | None]]]:
    series = block["series"]
    names = [str(block.get("axis_title") or ""), *(str(one["name"]) for one in series)]
    rows = [
        [str(category), *(one["values"][number] if number < len(one["values"]) else None for one in series)]
        for number, category in enumerate(block["categories"])
    ]
    return names, rows


def _sources(figures: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str, str]]:
    seen: dict[tuple[str, str, str, str, str], None] = {}
    for figure in figures:
        named = figure.get("key") or figure.get("where") or {}
        place = ", ".join(f"{name} = {value}" for name, value in named.items() if value is not None)
        seen[(figure["text"], _title(figure["table"]), figure["column"], place, _how(figure))] = None
    return list(seen)


def _title(table: str) -> str:
    return f"{any_table(table).title_ru} ({table})" if table else ""


def _how(figure: Mapping[str, Any]) -> str:
    words = {"value": "значение", "count": "число строк", "sum": "сумма по строкам"}
    return str(figure.get("how_ru") or words.get(figure["op"], ""))
