"""Reads a DOCX back and compares it: every number printed is a figure, every figure is in the database, all agree.

Questions: do texts, tables and charts print only figures (`read_back`); does the document hold the texts, tables
(`texts_agree`) and charts (`charts_agree`) of its context; does the database still say the same (`requery`). Each
answers with n of n and a list of faults.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.figures import form_value, place
from oko_pipeline.reporting.word.content import Drawing, WordContent, read_word
from oko_pipeline.reporting.word.printed_numbers import FixedTexts, number_value, plain_numbers, printed_numbers
from oko_pipeline.reporting.word.tables import cell_text

Reader = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Reads the rows of a table that have the given values; a list accepts any of its values."""
_TOLERANCE: Final = 1e-6
_MOST_DIGITS: Final = 3
_APART: Final = ("figures", "restricted_figures", "provenance", "changes")
"""Parts of a context that tell about the document itself."""
_REFERENCE: Final = re.compile(r"\[\[\w+\]\]")


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How many numbers were compared, how many agree, and what does not."""

    compared_count: int
    agreed_count: int
    faults: tuple[str, ...] = ()

    def __add__(self, other: "ReadBack") -> "ReadBack":
        """Return both together."""
        return ReadBack(
            self.compared_count + other.compared_count,
            self.agreed_count + other.agreed_count,
            self.faults + other.faults,
        )

    def __str__(self) -> str:
        """Return «n из n» with the first faults."""
        shown = "".join(f"\n  — {fault}" for fault in self.faults[:20])
        return f"{ru.whole(self.agreed_count)} из {ru.whole(self.compared_count)}{shown}"


NOTHING: Final = ReadBack(0, 0)


@dataclass(frozen=True, slots=True)
class ReadBackOptions:
    """What a document may print that is no figure of this issue.

    `template` fixes texts with norms and sizes; `before` are the figures of the last issue, which the list of changes
    prints; `thresholds` are numbers of settings.
    """

    template: bytes | None = None
    before: Sequence[Mapping[str, Any]] = ()
    thresholds: Sequence[float] = field(default_factory=lambda: setting_numbers(DocumentSettings()))


def setting_numbers(settings: DocumentSettings) -> tuple[float, ...]:
    """Return the numbers of settings that texts name: sizes of groups and bounds of zones."""
    return (
        settings.hide_below,
        settings.public_hide_below,
        *settings.size_bounds,
        settings.base_green_percent,
        settings.base_red_percent,
        settings.high_green_percent,
        settings.high_red_percent,
    )


def read_back(
    content: bytes, figures: Sequence[Mapping[str, Any]], options: ReadBackOptions = ReadBackOptions()
) -> ReadBack:
    """Compare the numbers that a document prints and draws with its figures.

    Args:
        content: the DOCX.
        figures: the figures of its context (`context["figures"]`).
        options: what else it may print.
    """
    document = read_word(content)
    # The appendix says how many numbers the document has.
    known = _values_of([*figures, *options.before]) | {float(len(figures))}
    fixed = FixedTexts() if options.template is None else FixedTexts.of_template(options.template)
    return _printed(document, known, fixed, options) + _drawn(document, known) + figures_agree(figures)


def _values_of(figures: Iterable[Mapping[str, Any]]) -> frozenset[float]:
    """Return the sizes of the figures as they are written."""
    return frozenset(abs(number_value(text)) for figure in figures for text in plain_numbers(str(figure["text"])))


def _printed(document: WordContent, known: frozenset[float], fixed: FixedTexts, options: ReadBackOptions) -> ReadBack:
    compared = 0
    faults: list[str] = []
    for number in printed_numbers(document, fixed, options.thresholds):
        compared += 1
        # Texts say «на 5,2 п. п. ниже» of a figure that is negative: the sign stands in the words.
        if abs(number.value) not in known:
            said = ru.quoted(ru.shortened(number.said, 90))
            faults.append(f"{number.place_ru}: числа {number.text} нет среди показателей ({said})")
    return ReadBack(compared, compared - len(faults), tuple(faults))


def _drawn(document: WordContent, known: frozenset[float]) -> ReadBack:
    compared = 0
    faults: list[str] = []
    for drawing in document.drawings:
        for name, value in _drawn_values(drawing):
            compared += 1
            if not _is_known(value, known):
                faults.append(
                    f"{drawing.place_ru}: в ряду «{name}» значения {ru.decimal(value, 2)} нет среди показателей"
                )
    return ReadBack(compared, compared - len(faults), tuple(faults))


def _drawn_values(drawing: Drawing) -> Iterator[tuple[str, float]]:
    for series in drawing.series:
        for values in (series.values, series.lows, series.highs):
            # Nobody with a score is drawn as a column of no height; there is no row to take it from.
            yield from ((series.name, value) for value in values if value is not None and abs(value) > _TOLERANCE)


def _is_known(value: float, known: frozenset[float]) -> bool:
    rounded = (round(abs(value), digits) for digits in range(_MOST_DIGITS))
    return any(abs(one - abs(value)) < _TOLERANCE and one in known for one in rounded)


def figures_agree(figures: Sequence[Mapping[str, Any]]) -> ReadBack:
    """Compare figures of one place of the database with each other: text, table and chart may differ in digits only."""
    said: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for figure in figures:
        if figure["op"] == "value":
            where = place(figure)
            said.setdefault((where[0], where[2], *where[5:]), []).append(figure)
    compared = 0
    faults: list[str] = []
    for same in said.values():
        first = same[0]
        for other in same[1:]:
            compared += 1
            if not _agree(first, other):
                faults.append(f"{first['table']}.{first['column']}: сказано {first['text']} и {other['text']}")
    return ReadBack(compared, compared - len(faults), tuple(faults))


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    first, second = (_base_value(figure) for figure in (one, other))
    if first is None or second is None:
        return bool(one["text"] == other["text"])
    return abs(abs(first) - abs(second)) <= max(_unit(one), _unit(other)) * (0.5 + _TOLERANCE)


def _unit(figure: Mapping[str, Any]) -> float:
    """Return the last digit that a figure writes, in the unit of its column."""
    unit = 10.0 ** -int(figure["digits"])
    return unit / 100 if figure["form"] in ("percent", "percent_number", "signed", "points") else unit


def _base_value(figure: Mapping[str, Any]) -> float | None:
    found = plain_numbers(str(figure["text"]))
    if len(found) != 1:
        return None
    value = number_value(found[0])
    return value / 100 if figure["form"] in ("percent", "percent_number", "signed", "points") else value


def charts_agree(content: bytes, context: Mapping[str, Any]) -> ReadBack:
    """Compare the charts of a document with the specifications of its context: series by series, gaps too."""
    asked = sorted(_spec_series(one) for one in _blocks(context, "chart"))
    found = sorted(
        tuple(sorted((one.name, tuple(v for v in one.values if v is not None)) for one in drawing.series))
        for drawing in read_word(content).drawings
        if drawing.series
    )
    missing = [one for one in asked if one not in found]
    faults = tuple(f"рисунка с рядами {ru.listed([name for name, _ in one], 4)} в документе нет" for one in missing)
    extra = len(found) - len(asked) + len(missing)
    if extra > 0:
        faults += (f"рисунков, которых нет в содержании: {extra}",)
    return ReadBack(len(asked), len(asked) - len(missing), faults)


def texts_agree(content: bytes, context: Mapping[str, Any]) -> ReadBack:
    """Compare the finished texts of a context with the document: paragraphs, points, notes and tables, cell by cell.

    A section that the template does not place is a fault too: its texts are nowhere.
    """
    document = read_word(content)
    paragraphs = [one.text for one in document.paragraphs]
    whole = "\n".join(paragraphs)
    tables = {
        tuple(tuple(cell.text for cell in row) for row in one.rows[one.header_count :]) for one in document.tables
    }
    compared = 0
    faults: list[str] = []
    for text in _texts(context):
        compared += 1
        if not _stands(text, whole):
            faults.append(f"в документе нет текста {ru.quoted(ru.shortened(text, 80))}")
    for spec in _blocks(context, "table"):
        compared += 1
        if tuple(tuple(cell_text(cell) for cell in row["cells"]) for row in spec["rows"]) not in tables:
            faults.append(f"в документе нет таблицы {ru.quoted(ru.shortened(spec['title'], 80))} с её строками")
    return ReadBack(compared, compared - len(faults), tuple(faults))


def _stands(text: str, whole: str) -> bool:
    if "[[" not in text:
        return text in whole
    pieces = (re.escape(piece) for piece in _REFERENCE.split(text))
    return re.search(r"\d+".join(pieces), whole) is not None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of the sections of a context."""
    if isinstance(value, Mapping):
        if set(value) >= {"text", "points", "note"}:
            said = value["text"] if isinstance(value["text"], list) else [value["text"]]
            yield from (text for text in (*said, *value["points"], value["note"]) if text)
        for name, item in value.items():
            if name not in _APART:
                yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _spec_series(spec: Mapping[str, Any]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    def values(one: Mapping[str, Any]) -> tuple[float, ...]:
        if spec["kind"] == "funnel" and one["role"] in ("limit", "outer_limit", "benchmark"):
            return tuple(float(y) for _, y in sorted(zip(one["x"], one["values"], strict=True)))
        return tuple(float(value) for value in one["values"] if value is not None)

    return tuple(sorted((str(one["name"]), values(one)) for one in spec["series"]))


def _blocks(value: Any, kind: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "block" in value:
            if value["block"] == kind:
                yield value
            return
        for name, item in value.items():
            if name not in _APART:
                yield from _blocks(item, kind)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _blocks(item, kind)


def reader_of(data: CycleData) -> Reader:
    """Return a reader of the rows that `assets.documents.cycle_data` reads from the database."""

    def read(table: str, where: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        year = where.get("school_year")
        others = {name: tuple(value) if isinstance(value, list) else value for name, value in where.items()}
        others.pop("school_year", None)
        return data.rows(table, school_year=None if year is None else str(year), **others)

    return read


def requery(figures: Iterable[Mapping[str, Any]], reader: Reader) -> ReadBack:
    """Read the figures from the database again and compare their texts.

    Of a number worked out from rows (`computed`) the rows must still be there; it has no text of its own to compare.

    Args:
        figures: the figures of a context.
        reader: reads rows of the database.
    """
    compared = 0
    faults: list[str] = []
    for figure in figures:
        compared += 1
        fault = _REQUERIES[figure["op"]](figure, reader)
        if fault:
            faults.append(f"{figure['table']}.{figure['column'] or figure['op']}: {fault}")
    return ReadBack(compared, compared - len(faults), tuple(faults))


def _again_value(figure: Mapping[str, Any], reader: Reader) -> str:
    rows = reader(figure["table"], figure["key"])
    if len(rows) != 1:
        return f"строк с ключом {_said(figure['key'])} — {len(rows)}"
    value = rows[0][figure["column"]]
    if figure["form"] == "quoted":
        return "" if figure["text"] in str(value) else f"в тексте базы нет числа {figure['text']}"
    return _compared(figure, None if value is None else form_value(float(value), figure["form"], figure["digits"]))


def _again_count(figure: Mapping[str, Any], reader: Reader) -> str:
    return _compared(figure, ru.whole(len(reader(figure["table"], figure["where"]))))


def _again_sum(figure: Mapping[str, Any], reader: Reader) -> str:
    rows = reader(figure["table"], figure["where"])
    return _compared(figure, ru.whole(round(sum(row[figure["column"]] or 0 for row in rows))))


def _again_computed(figure: Mapping[str, Any], reader: Reader) -> str:
    tables = figure.get("tables") or [figure["table"]] * len(figure["keys"])
    for table, key in zip(tables, figure["keys"], strict=True):
        if set(key) != set(any_table(table).key) or len(reader(table, key)) != 1:
            return f"строки с ключом {_said(key)} нет"
    return ""


_REQUERIES: Final[Mapping[str, Callable[[Mapping[str, Any], Reader], str]]] = {
    "value": _again_value,
    "quoted": _again_value,
    "count": _again_count,
    "sum": _again_sum,
    "computed": _again_computed,
}


def _compared(figure: Mapping[str, Any], text: str | None) -> str:
    return "" if text == figure["text"] else f"в документе {figure['text']}, в базе {text or ru.DASH}"


def _said(key: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in key.items())
