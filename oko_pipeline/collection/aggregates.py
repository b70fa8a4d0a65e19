"""What the readers of aggregate exports share: blocks of a sheet, units of observation, counts behind percentages.

Aggregate exports of ФИС ОКО hold one table a sheet or several stacked ones, each under its own title lines. A row is a
unit («Вся выборка», the region, a municipality, a school). No layout knowledge here.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.contracts import PANDAS_TYPES, ColumnType, Table
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import PUBLISHED_RESULTS, SCHOOL_MENTIONS
from oko_pipeline.collection.cell_findings import shown
from oko_pipeline.collection.headers import (
    HEADER_ROWS,
    HeaderRow,
    cell_text,
    cyrillic,
    folded_text,
    number,
    whole_number,
)
from oko_pipeline.collection.identity import assessment_key, campaign_of, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.municipalities import Municipality, parse_municipality
from oko_pipeline.collection.titles import parse_title
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding

GROUPS_HEADER: Final = r"группы?\s+участников"
SCHOOLS_HEADER: Final = r"(кол-?во|количество|число)\s+оо"
PARTICIPANTS_HEADER: Final = r"(кол-?во|количество|число)\s+(участников|уч\.?)(\s*\(?\s*всего\s*\)?)?"

_COUNTRY: Final = re.compile(r"вся выборка|российская федерация|россия|рф|вся россия|по россии")
_MUNICIPALITY: Final = re.compile(r"(reg(\d\d)_m\d{2,3})", re.IGNORECASE)
_REGION: Final = re.compile(r"reg(\d\d)0000", re.IGNORECASE)
_REGION_WORD: Final = re.compile(
    r"(?<!\w)(край|область|республика|автономный округ|автономная область|регион)(?!\w)"
    r"|^(г\.?|город)\s*(москва|санкт-петербург|севастополь)"
)
_LOGIN: Final = re.compile(r"(?<![a-z])(?:sch|edu|ksh)\d{6}(?!\d)", re.IGNORECASE)
_TITLE_LABEL: Final = re.compile(r"(предмет|дата|максимальный первичный балл|уровень сложности.*|класс|год)\s*:?.*")
_MIXED_WORD: Final = re.compile(r"(?=\w*[а-яё])(?=\w*[a-z])[^\W\d_]+", re.IGNORECASE)
# A word of every header that is sought, in Cyrillic or Latin letters: most rows are dismissed by it alone.
_HEADER_WORD: Final = re.compile(r"г[рp][уy]пп|п[оo][оo]п|т[рp][еe]б|п[рp][еe]дм[еe]т", re.IGNORECASE)
_TYPES: Final[dict[ColumnType, Any]] = {kind: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items()}
_DECIMALS: Final = re.compile(r"[.,](\d+)")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of observation as a label names it; `code` is None when the label carries no code."""

    level: str
    source: str
    code: str | None


def unmixed(text: str) -> str:
    """Return `text` with Latin look-alikes inside Cyrillic words made Cyrillic: «Kол-во» typed with a Latin K."""
    return _MIXED_WORD.sub(lambda match: cyrillic(match[0]), text)


def unit_of(label: str) -> Unit:
    """Read a unit from a label: «Вся выборка», «город Озёрск(reg20_m012)», «СОШ № 1(edu200001)», a region's name.

    A label without any code that names no region is of level `other`; which of them is the region a block decides.
    """
    folded = folded_text(unmixed(label))
    if _COUNTRY.fullmatch(folded):
        return Unit("country", label, "RU")
    if (region := _REGION.search(label)) is not None:
        return Unit("region", label, region[1])
    school_code = school_code_in(label)
    if school_code is not None:
        return Unit("school", label, school_code)
    if (municipality := _MUNICIPALITY.search(label)) is not None:
        return Unit("municipality", label, municipality[1].lower())
    return Unit("region" if _REGION_WORD.search(folded) else "other", label, None)


def settle_regions(labels: Sequence[str]) -> dict[str, Unit]:
    """Return the unit of every label of a block.

    Exports print the region by name alone, after «Вся выборка» and before its municipalities: the first label of no
    level is the region. Its code is that of the block's municipalities and schools when they all belong to one region.
    """
    units = {label: unit_of(label) for label in labels}
    if not any(unit.level == "region" for unit in units.values()):
        first = next((unit for unit in units.values() if unit.level == "other"), None)
        if first is not None:
            units[first.source] = Unit("region", first.source, None)
    regions = {unit.code[3:5] for unit in units.values() if unit.code and unit.level in ("municipality", "school")}
    if len(regions) == 1:
        (region,) = regions
        for label, unit in units.items():
            if unit.level == "region" and unit.code is None:
                units[label] = Unit("region", label, region)
    return units


def decimals_printed(values: Sequence[Cell]) -> int:
    """Return with how many decimals percentages are printed: the most that any shows, at most 2, as ФИС ОКО rounds."""
    shown = [_DECIMALS.search(repr(value) if isinstance(value, float) else cell_text(value)) for value in values]
    return min(2, max((len(match[1].rstrip("0")) for match in shown if match), default=0))


def recover_counts(percents: Sequence[float], total: int, decimals: int = 2) -> list[int] | None:
    """Return the counts behind rounded percentages of `total`, or None when no counts reproduce them.

    Each count lies where it still rounds to its percentage; within that, the counts are those nearest to
    percent · n / 100 (largest remainder) that sum to `total`. With two decimals the solution is unique up to some
    5,000 participants.
    """
    slack = 0.5 * 10.0**-decimals + 1e-9
    exact = [percent * total / 100 for percent in percents]
    lows = [max(0, math.ceil((percent - slack) * total / 100 - 1e-9)) for percent in percents]
    highs = [min(total, math.floor((percent + slack) * total / 100 + 1e-9)) for percent in percents]
    if any(low > high for low, high in zip(lows, highs, strict=True)) or not sum(lows) <= total <= sum(highs):
        return None
    counts = [min(max(math.floor(e), low), high) for e, low, high in zip(exact, lows, highs, strict=True)]
    return _fill(counts, exact, (lows, highs), total)


def _fill(counts: list[int], exact: list[float], bounds: tuple[list[int], list[int]], total: int) -> list[int]:
    lows, highs = bounds
    left = total - sum(counts)
    while left:
        step = 1 if left > 0 else -1
        room = [high - count if step > 0 else count - low for count, low, high in zip(counts, lows, highs, strict=True)]
        order = sorted((i for i in range(len(counts)) if room[i] > 0), key=lambda i: step * (counts[i] - exact[i]))
        # Large samples (a million pupils, two decimals) leave hundreds to place: spread them evenly, not one by one.
        share = max(1, abs(left) // len(order))
        for i in order:
            move = min(share, room[i], abs(left))
            counts[i] += step * move
            left -= step * move
            if not left:
                break
    return counts


@dataclass(frozen=True, slots=True)
class Block:
    """One table of a sheet: its work, its header (two merged rows as one) and its data rows (0-based row, cells)."""

    sheet: Sheet
    key: AssessmentKey
    school_year: str
    header: HeaderRow
    rows: list[tuple[int, list[Cell]]]


def merged_header(sheet: Sheet, row_index: int) -> tuple[HeaderRow, int]:
    """Return a header and how many rows it takes: a second row with an empty first cell continues the first.

    A merged cell of the first row (text, then blanks) lends its text to the cells below it.
    """
    known: tuple[tuple[str, ...], int] | None = sheet.shared.get(("merged", row_index))
    if known is None:
        known = sheet.shared["merged", row_index] = _merged(sheet, row_index)
    return HeaderRow(sheet, row_index, known[0]), known[1]


def _merged(sheet: Sheet, row_index: int) -> tuple[tuple[str, ...], int]:
    top = [unmixed(cell_text(value)) for value in sheet.rows[row_index]]
    following = sheet.rows[row_index + 1] if row_index + 1 < len(sheet.rows) else []
    below = [unmixed(cell_text(value)) for value in following]
    width = max(len(top), len(below))
    top += [""] * (width - len(top))
    below += [""] * (width - len(below))
    first = next((index for index, text in enumerate(top) if text), 0)
    continues = any(below) and not any(below[: first + 1]) and not any("макс" in text.lower() for text in below)
    if not continues or _is_data(top, below):
        return tuple(top), 1
    texts: list[str] = []
    spanning = ""
    for upper, lower in zip(top, below, strict=True):
        spanning = upper or (spanning if lower else "")
        texts.append(" ".join(part for part in (spanning if lower else upper, lower) if part))
    return tuple(texts), 2


def _is_data(top: Sequence[str], below: Sequence[str]) -> bool:
    """Tell a row of data without its label from a second header row: it has numbers under headers of one column."""
    single = [bool(text) and not (index + 1 < len(top) and not top[index + 1]) for index, text in enumerate(top)]
    return any(is_single and number(text) is not None for is_single, text in zip(single, below, strict=True))


def header_indices(sheet: Sheet, is_header: Callable[[HeaderRow], bool], limit: int | None = None) -> Iterator[int]:
    """Yield the 0-based rows of `sheet` (the first `limit` ones) whose header, merged with the next row, is wanted."""
    candidates: list[int] | None = sheet.shared.get(("candidates", limit))
    if candidates is None:
        candidates = sheet.shared["candidates", limit] = [
            row_index
            for row_index, row in enumerate(sheet.rows[:limit])
            if _HEADER_WORD.search("\n".join([value for value in row if isinstance(value, str)]))
        ]
    for row_index in candidates:
        if is_header(merged_header(sheet, row_index)[0]):
            yield row_index


def has_table(workbook: Workbook, is_header: Callable[[HeaderRow], bool]) -> bool:
    """Tell whether some sheet has a wanted header within its first rows."""
    return any(True for sheet in workbook.sheets for _ in header_indices(sheet, is_header, HEADER_ROWS))


def blocks(workbook: Workbook, is_header: Callable[[HeaderRow], bool], context: SourceContext) -> Iterator[Block]:
    """Yield the tables of all sheets; title lines between two tables belong to the lower one.

    Raises:
        UnreadableFileError: when neither titles nor path tell the work or the year.
    """
    for sheet in workbook.sheets:
        starts = list(header_indices(sheet, is_header))
        previous_end = 0
        for number_, start in enumerate(starts):
            header, height = merged_header(sheet, start)
            title = parse_title(Sheet(sheet.name, sheet.rows[previous_end:start]), limit=start - previous_end)
            if title.subject_code is None and title.paper_grade is None:
                title = parse_title(Sheet(sheet.name, sheet.rows[: starts[0]]))
            campaign = campaign_of(context.path, title)
            key = assessment_key(context.path, campaign, title)
            end = starts[number_ + 1] if number_ + 1 < len(starts) else len(sheet.rows)
            rows = [(index, sheet.rows[index]) for index in range(start + height, end)]
            yield Block(sheet, key, campaign.school_year, header, rows)
            previous_end = start + height


@dataclass(slots=True)
class PublishedRows:
    """Gathers rows of `published_results` and the findings of a file; a unit given twice is kept once."""

    context: SourceContext
    sheet: str = ""
    key: AssessmentKey | None = None
    records: list[tuple[object, ...]] = field(default_factory=list)
    findings: list[QualityFinding] = field(default_factory=list)
    seen: set[tuple[str, ...]] = field(default_factory=set)
    school_years: list[str] = field(default_factory=list)
    read_rows_count: int = 0
    quarantined_rows_count: int = 0

    def start(self, block: Block) -> None:
        """Turn to the next table."""
        self.sheet, self.key = block.sheet.name, block.key
        self.school_years.append(block.school_year)

    def finding(self, rule_id: str, message: str, row: int, column: int | None = None, **more: str | None) -> None:
        """Note a fault in a cell; `row` and `column` are 0-based."""
        self.findings.append(
            QualityFinding(
                rule_id,
                message,
                self.context.path,
                self.context.file_sha256,
                self.sheet,
                row + 1,
                column,
                assessment_id=str(self.key) if self.key else None,
                **more,
            )
        )

    def is_new(self, unit: Unit, row: int, part: str = "") -> bool:
        """Tell whether the unit (and its part) is new to the table; a repeated one becomes a finding."""
        mark = (str(self.key), unit.source, part)
        if mark in self.seen:
            self.quarantined_rows_count += 1
            self.finding(
                "aggregate.repeated_unit",
                f"«{unit.source}» встречается в таблице ещё раз: принята первая строка, эта отложена.",
                row,
                0,
                value=unit.source,
            )
            return False
        self.seen.add(mark)
        return True

    def add(
        self,
        row: int,
        unit: Unit,
        what: tuple[str, str],
        values: tuple[float | None, int | None],
        participants: int | None = None,
        *,
        is_recovered: bool = False,
    ) -> None:
        """Add one value: `what` is (measure, item), `values` is (percent, count), `row` is 0-based."""
        self.records.append(
            (row + 1, str(self.key), unit.level, unit.source, unit.code, *what, *values, is_recovered, participants)
        )

    def add_counts(self, row: int, unit: Unit, participants: int | None, schools: int | None) -> None:
        """Add the numbers of participants and schools of a unit where they are printed."""
        if participants is not None:
            self.add(row, unit, ("participants", ""), (None, participants), participants)
        if schools is not None:
            self.add(row, unit, ("schools", ""), (None, schools), participants)

    def reading(self) -> Reading:
        """Return the reading of the file; raises `UnreadableFileError` when its tables belong to several years."""
        if len(set(self.school_years)) > 1:
            raise UnreadableFileError(
                "file.several_years",
                f"В файле таблицы разных учебных лет ({', '.join(sorted(set(self.school_years)))}): разделите его.",
            )
        columns = [name for name in PUBLISHED_RESULTS.column_names if name not in ("school_year", "file_sha256")]
        order = (
            "source_row", "assessment_id", "unit_level", "unit_source", "unit_code", "measure", "item",
            "value_percent", "value_count", "is_count_recovered", "participants_count",
        )  # fmt: skip
        found = zip(*self.records, strict=True) if self.records else [()] * len(order)
        values: dict[str, Sequence[object]] = dict(zip(order, found, strict=True))
        table = typed_columns(PUBLISHED_RESULTS, {name: values[name] for name in columns})
        return Reading(
            school_year=self.school_years[0] if self.school_years else None,
            tables={PUBLISHED_RESULTS.name: table, SCHOOL_MENTIONS.name: self._mentions(table)},
            findings=self.findings,
            read_rows_count=self.read_rows_count,
            accepted_rows_count=self.read_rows_count - self.quarantined_rows_count,
            quarantined_rows_count=self.quarantined_rows_count,
        )

    def _mentions(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the schools of the file as rows of `school_mentions`: labels give names to logins."""
        counts = table.loc[table["unit_level"] == "school", "unit_source"].value_counts(sort=False)
        municipalities = table.loc[table["unit_level"] == "municipality", "unit_source"].unique()
        # Only an export of one municipality says whose schools these are: others list all municipalities first.
        owner = parse_municipality(municipalities[0]) if len(municipalities) == 1 else Municipality()
        records: dict[str, dict[str, object]] = {}
        for label, rows_count in counts.items():
            login, name = _LOGIN.search(str(label)), cell_text(_LOGIN.sub("", str(label)).replace("()", ""))
            if login is None or login[0].lower() in records:
                continue
            records[login[0].lower()] = {
                "source_key": login[0].lower(),
                "school_code": school_code_in(str(label)),
                "school_name": name.strip(" |") or None,
                "municipality_source": owner.source,
                "municipality_code": owner.code,
                "municipality_name": owner.name,
                "rows_count": int(rows_count),
            }
        return typed_rows(SCHOOL_MENTIONS, list(records.values()))


def typed_rows(table: Table, records: list[dict[str, object]]) -> pd.DataFrame:
    """Return records as typed rows of a table without the columns that the pipeline adds; absent fields are empty."""
    names = [name for name in table.column_names if name not in ("school_year", "file_sha256")]
    return typed_columns(table, {name: [record.get(name) for record in records] for name in names})


def typed_columns(table: Table, columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return columns of values (None where empty) as a frame with the types of a table."""
    # Typed one by one: gathered as objects and converted afterwards they cost several times as much.
    arrays: dict[str, Any] = {}
    blanks: dict[ColumnType, Any] = {}
    for name, values in columns.items():
        kind = table.column(name).type
        if any(value is not None for value in values):
            arrays[name] = pd.array(list(values), dtype=_TYPES[kind])
        else:
            if kind not in blanks:
                blanks[kind] = pd.array(list(values), dtype=_TYPES[kind])
            arrays[name] = blanks[kind].copy()
    return pd.DataFrame(arrays, copy=False)


def cell_at(cells: Sequence[Cell], column: int | None) -> Cell:
    """Return the cell in `column`; None where the column is unknown or the row ends before it."""
    return cells[column] if column is not None and column < len(cells) else None


def percent_cells(rows: PublishedRows, row: int, cells: Sequence[Cell], columns: Sequence[int]) -> list[float | None]:
    """Return the percentages in `columns` of a row; a cell that is no share becomes None and a finding."""
    found: list[float | None] = []
    for column in columns:
        value = cells[column] if 0 <= column < len(cells) else None
        percent = number(value)
        if percent is None and cell_text(value) in ("", "-", "–", "—"):
            found.append(None)
            continue
        if percent is None or not 0 <= percent <= 100:
            rows.finding(
                "aggregate.not_a_percent",
                f"В ячейке «{shown(value)}» вместо доли в процентах.",
                row,
                column,
                value=shown(value),
                expected="число от 0 до 100",
                became="пусто",
            )
            percent = None
        found.append(percent)
    return found


def count_cell(rows: PublishedRows, row: int, cells: Sequence[Cell], column: int | None) -> int | None:
    """Return the count in a cell; None where the column or the value is missing, with a finding for a wrong value."""
    if column is None or column >= len(cells):
        return None
    text = cell_text(cells[column])
    count = whole_number(text.replace(" ", "")) if isinstance(cells[column], str) else whole_number(cells[column])
    if count is not None and count >= 0:
        return count
    if text not in ("", "-", "–", "—"):
        rows.finding(
            "aggregate.not_a_count",
            f"В ячейке «{shown(text)}» вместо числа участников или ОО.",
            row,
            column,
            value=shown(text),
            expected="целое неотрицательное число",
            became="пусто",
        )
    return None


def labelled_rows(block: Block, column: int) -> list[tuple[int, str, list[Cell]]]:
    """Return the rows of a block that carry a label in `column`: (0-based row, label, cells)."""
    return [
        (index, label, cells)
        for index, cells in block.rows
        if column < len(cells)
        and (label := cell_text(cells[column]))
        and any(value not in (None, "") for value in cells[column + 1 :])
        and _TITLE_LABEL.fullmatch(folded_text(label)) is None
    ]


def whole_percents(percents: Sequence[float | None]) -> list[float | None]:
    """Return shares of a whole as percentages: cells of percent format hold 0.0506 for 5.06 % and sum to 1, not 100."""
    total = sum(percent for percent in percents if percent is not None)
    return [None if p is None else round(100 * p, 10) for p in percents] if 0.98 <= total <= 1.02 else list(percents)


def add_shares(
    rows: PublishedRows,
    place: tuple[int, Sequence[int]],
    unit: Unit,
    what: tuple[str, Sequence[str]],
    shares: tuple[Sequence[float | None], int | None, int],
) -> None:
    """Add percentages that make up a whole, with the counts recovered from them.

    Args:
        rows: where to add.
        place: 0-based row and columns of the percentages.
        unit: the unit of the row.
        what: measure and the items in the order of the columns.
        shares: percentages, participants, printed decimals. Percentages that no counts of the participants reproduce
            are kept without counts, and a finding names the row.
    """
    (row, columns), (measure, items), (printed, total, decimals) = place, what, shares
    percents = whole_percents(printed)
    known = [percent for percent in percents if percent is not None]
    counts: list[int] | None = None
    if total == 0:
        counts = [0] * len(items)
    elif total is not None and known:
        counts = recover_counts([percent or 0.0 for percent in percents], total, decimals)
        if counts is None:
            summed = f"{sum(known):.2f}".replace(".", ",")
            rows.finding(
                "aggregate.shares_irreconcilable",
                f"Доли «{unit.source}» не получаются ни из каких чисел: участников {total}, сумма долей {summed} %.",
                row,
                columns[0],
                value="; ".join("" if percent is None else f"{percent:g}".replace(".", ",") for percent in percents),
                expected=f"доли с суммой 100 %, кратные 1/{total}",
                became="доли без чисел участников",
            )
    for index, item in enumerate(items):
        count = counts[index] if counts is not None else None
        percent = percents[index]
        if percent is None and not count:
            # A blank among printed shares is a zero share: the export leaves zeros out.
            percent = 0.0 if known and count == 0 else None
        if percent is None and count is None:
            continue
        rows.add(row, unit, (measure, item), (percent, count), total, is_recovered=count is not None)
