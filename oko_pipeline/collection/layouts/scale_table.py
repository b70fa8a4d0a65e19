"""A table of scales: primary score → mark by grade and subject, as bounds or as printed ranges, CSV or workbook.

Ranges that overlap or leave a gap are refused, never guessed; a person may confirm the bounds by naming the basis.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.scales import bound_faults, parse_ranges, range_faults
from oko_pipeline.catalogue.subjects import find_subject, subjects
from oko_pipeline.catalogue.tables import SCALE_BOUNDS
from oko_pipeline.collection.aggregates import cell_at, typed_columns
from oko_pipeline.collection.headers import HeaderRow, cell_text, header_rows, whole_number
from oko_pipeline.collection.identity import path_hints
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.titles import find_level, parse_title
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding

_MINIMUM: Final = (
    r"min(?:imum)?_?{mark}|[«\"]?{mark}[»\"]?\s+(?:с|от)"
    r"|(?:минимум|минимальный балл|порог|граница)\s*(?:для|на)?\s*[«\"]?{mark}[»\"]?"
)
_COLUMNS: Final = {
    "year": r"год(\s+впр)?|year",
    "grade": r"класс(\s+работы)?|grade|paper_grade",
    "subject": r"предмет|subject(_code)?",
    "level": r"уровень(\s+работы)?|level",
    "minimum_3": _MINIMUM.format(mark=3),
    "minimum_4": _MINIMUM.format(mark=4),
    "minimum_5": _MINIMUM.format(mark=5),
    "maximum_score": r"max(imum)?(_score)?|макс\S*(\s+(первичный\s+)?балл)?",
    "raw": r"raw|диапазоны?(\s+баллов)?|шкала|ranges?",
    "basis": r"основание|подтверждено|basis",
}
_RANGE_COLUMN: Final = r"(отметка\s*)?[«\"]?{mark}[»\"]?"
_RANGE: Final = re.compile(r"(\d+)\s*[-–—−‑]\s*(\d+)")
_BOUNDS: Final = ("minimum_3", "minimum_4", "minimum_5", "maximum_score")
COLUMNS: Final = tuple(name for name in SCALE_BOUNDS.column_names if name not in ("school_year", "file_sha256"))


@dataclass(frozen=True, slots=True)
class _Table:
    header: HeaderRow
    columns: dict[str, int]
    ranges: list[int]

    def text(self, cells: Sequence[Cell], name: str) -> str:
        return cell_text(cell_at(cells, self.columns.get(name)))


def _find(workbook: Workbook) -> _Table | None:
    for sheet in workbook.sheets:
        for header in header_rows(sheet):
            columns = {name: c for name, pattern in _COLUMNS.items() if (c := header.column(pattern)) is not None}
            ranges = [c for mark in "2345" if (c := header.column(_RANGE_COLUMN.format(mark=mark))) is not None]
            has_bounds = all(name in columns for name in _BOUNDS)
            has_ranges = len(ranges) == 4 and _holds_ranges(sheet.rows[header.row_index + 1 :], ranges)
            if {"grade", "subject"} <= columns.keys() and (has_bounds or "raw" in columns or has_ranges):
                return _Table(header, columns, ranges if has_ranges else [])
    return None


def _holds_ranges(rows: Sequence[Sequence[Cell]], columns: Sequence[int]) -> bool:
    following = next((row for row in rows if any(cell_text(value) for value in row)), [])
    return any(_RANGE.fullmatch(cell_text(following[column])) for column in columns if column < len(following))


class ScaleTable:
    """Reads scales into `scale_bounds`; refused ones stay in the table, marked so."""

    code: str = "scale_table"
    version: str = "1"
    title_ru: str = "Таблица шкал перевода первичных баллов в отметки"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet lists grades and subjects with the bounds or the ranges of marks."""
        return _find(workbook) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the scales; a table of one year belongs to its school year, one of several serves all of them.

        Raises:
            UnreadableFileError: (file.year_unknown) when neither rows, title nor path tell the year.
        """
        table, reading = _find(workbook), Reading()
        records: list[dict[str, object]] = []
        if table is not None:
            default_year = parse_title(table.header.sheet, table.header.row_index).year or path_hints(context.path).year
            for row, cells in enumerate(table.header.sheet.rows):
                if row <= table.header.row_index or not any(cell_text(value) for value in cells):
                    continue
                reading.read_rows_count += 1
                record = _Row(table, row, cells, context, reading).record(default_year)
                if record is not None:
                    records.append(record)
        years = sorted({int(str(record["year"])) for record in records})
        if len(years) == 1:
            campaign = find_campaign(years[0])
            reading.school_year = campaign.school_year if campaign else f"{years[0] - 1}-{years[0]}"
        reading.tables[SCALE_BOUNDS.name] = typed_columns(
            SCALE_BOUNDS, {name: [record.get(name) for record in records] for name in COLUMNS}
        )
        reading.accepted_rows_count = sum(not record["is_refused"] for record in records)
        reading.quarantined_rows_count = reading.read_rows_count - reading.accepted_rows_count
        return reading


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table on its way to a row of `scale_bounds`."""

    table: _Table
    row: int
    cells: Sequence[Cell]
    context: SourceContext
    reading: Reading

    def finding(self, rule_id: str, message: str, name: str, **more: str | None) -> None:
        column = self.table.columns.get(name, self.table.ranges[0] if self.table.ranges else None)
        self.reading.findings.append(
            QualityFinding(
                rule_id,
                message,
                self.context.path,
                self.context.file_sha256,
                self.table.header.sheet.name,
                self.row + 1,
                column,
                **more,
            )
        )

    def record(self, default_year: int | None) -> dict[str, object] | None:
        year = whole_number(self.table.text(self.cells, "year")) or default_year
        if year is None:
            raise UnreadableFileError(
                "file.year_unknown", "Таблица шкал не называет год ВПР ни в столбце «Год», ни в заголовке, ни в пути."
            )
        grade = whole_number(re.sub(r"\D*класс\D*", "", self.table.text(self.cells, "grade")))
        subject_text = self.table.text(self.cells, "subject")
        subject = subjects().get(subject_text) or find_subject(subject_text)
        if grade is None or not 1 <= grade <= 11 or subject is None:
            self.finding(
                "scale.row_unknown",
                "Не удалось понять класс или предмет: строка шкалы отложена.",
                "subject" if subject is None else "grade",
                value=subject_text if subject is None else self.table.text(self.cells, "grade"),
                expected="класс от 1 до 11 и название предмета",
            )
            return None
        paper = f"{subject.name_ru}, {grade} класс, {year} год"
        bounds, faults = self._bounds(paper)
        if bounds is None:
            return None
        basis = self.table.text(self.cells, "basis") or None
        is_refused = bool(faults and (basis is None or bound_faults(*bounds)))
        if is_refused:
            self.finding(
                "scale.overlap" if any("пересека" in fault for fault in faults) else "scale.inconsistent",
                f"Шкала отвергнута ({paper}): {'; '.join(faults)}.",
                "raw" if "raw" in self.table.columns else "minimum_5",
                value=self.table.text(self.cells, "raw") or "–".join(str(bound) for bound in bounds),
                expected="диапазоны без пересечений и пропусков, например 0–5 6–9 10–14 15–20",
                became="отметки по этой шкале не ставятся",
            )
        level_text = self.table.text(self.cells, "level")
        level = "advanced" if level_text == "advanced" else find_level(level_text) or "base"
        return {
            "source_row": self.row + 1,
            "year": year,
            "paper_grade": grade,
            "subject_code": subject.subject_code,
            "level": level,
            **dict(zip(_BOUNDS, bounds, strict=True)),
            "is_refused": is_refused,
            "basis": basis,
        }

    def _bounds(self, paper: str) -> tuple[tuple[int, int, int, int] | None, list[str]]:
        """Return the bounds as written and all that is wrong with them and with the printed ranges beside."""
        raw = self.table.text(self.cells, "raw") or " ".join(
            cell_text(cell_at(self.cells, c)) for c in self.table.ranges
        )
        written = [whole_number(self.table.text(self.cells, name)) for name in _BOUNDS]
        faults = _printed_faults(raw)
        printed = [(int(first), int(last)) for first, last in _RANGE.findall(raw)]
        known = [bound for bound in written if bound is not None]
        if len(known) == len(_BOUNDS):
            bounds = (known[0], known[1], known[2], known[3])
            faults += bound_faults(*bounds)
            if raw and not faults and parse_ranges(raw) != bounds:
                faults.append("границы в столбцах не совпадают с напечатанными диапазонами")
            return bounds, faults
        if len(printed) == 4:
            return (printed[1][0], printed[2][0], printed[3][0], printed[3][1]), faults
        self.finding(
            "scale.inconsistent",
            f"Шкала не прочитана ({paper}): нет границ «3», «4», «5» и максимума.",
            "raw" if "raw" in self.table.columns else "minimum_3",
            value=raw,
            expected="четыре диапазона или четыре границы",
        )
        return None, faults


def _printed_faults(raw: str) -> list[str]:
    if not raw:
        return []
    pairs = [(int(first), int(last)) for first, last in _RANGE.findall(raw)]
    if len(pairs) == 4:
        return range_faults(pairs)
    try:
        parse_ranges(raw)
    except ValueError as error:
        return [str(error)]
    return []
