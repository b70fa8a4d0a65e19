"""ЕГЭ by school and subject: merged heads of two rows, a total row first, municipalities with their schools below.

A sheet is a year. Sheets of participants' results have five measures a subject; a sheet of applications has one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.exams import ExamKey, exam_level, find_exam_subject
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.catalogue.tables_exams import EXAM_CROSS_FOOT
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.cross_foot import CrossFootRow, cross_foot
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, folded_text, number, whole_number
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.exam_mentions import name_mentions
from oko_pipeline.errors import UnreadableFileError

SCHOOL_RESULT_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "exam_code": "str",
    "exam_year": "Int64",
    "subject_code": "str",
    "unit_level": "str",
    "unit_name": "str",
    "municipality_name": "str",
    "counted": "str",
    "participants_count": "Int64",
    "below_minimum_count": "Int64",
    "score_80_99_count": "Int64",
    "score_100_count": "Int64",
    "mean_test_score": "float64",
}
"""Columns of records `exam_school_results`; rows carry their own `exam_year`, for a file may hold several."""
CROSS_FOOT_TYPES: Final = {
    "source_sheet": "str",
    "source_row": "Int64",
    "school_key": "str",
    "exam_code": "str",
    "exam_year": "Int64",
    "unit_level": "str",
    "unit_name": "str",
    "parts_level": "str",
    "measure": "str",
    "cell": "str",
    "stated": "float64",
    "computed": "float64",
    "difference": "float64",
}
"""Columns of records `exam_cross_foot`."""
_MEASURES: Final = (
    ("below_minimum_count", re.compile(r"(не преодол|ниже|не набрал).*")),
    ("score_80_99_count", re.compile(r"(высокобалл|80).*")),
    ("score_100_count", re.compile(r".*(^|\D)100 балл.*|стобалл.*")),
    ("mean_test_score", re.compile(r"средн\w+ (тестовый )?балл.*")),
    ("participants_count", re.compile(r"приня\w+ участие.*|участник.*|сдавал.*|кол.*участник.*")),
)
_TOTAL_ROW: Final = re.compile(r"(всего|итого|по региону|область|край|республика).*")
_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_ALL: Final = "all"


@dataclass(slots=True)
class _Table:
    """Where a sheet's columns stand: municipality, school, and (subject, level, measure) by 0-based column."""

    sheet: Sheet
    year: int
    counted: str
    municipality: int
    school: int
    first_row: int
    measures: dict[int, tuple[str, str, str]] = field(default_factory=dict)


def _measure(text: str) -> str | None:
    return next((name for name, pattern in _MEASURES if pattern.fullmatch(text)), None)


def _subject_columns(row: list[Cell]) -> dict[int, tuple[str, str]]:
    """Return subjects (code, level) by the columns where their heads begin."""
    found: dict[int, tuple[str, str]] = {}
    for column, value in enumerate(row):
        subject = find_exam_subject(cell_text(value)) if isinstance(value, str) else None
        if subject is not None and len(cell_text(value)) < 90:
            found[column] = subject.subject_code, exam_level("ege", subject)
    return found


def _find_heads(sheet: Sheet) -> tuple[int, int, int, int] | None:
    """Return (row of heads, column of municipalities, column of schools, row of subjects) of a sheet."""
    for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
        texts = [folded_text(value) if isinstance(value, str) else "" for value in row]
        place = next((c for c, text in enumerate(texts) if re.match(r"муниципальн|муниципалитет", text)), None)
        school = next(
            (c for c, text in enumerate(texts) if re.match(r"(образовательн\w+ организац|оо\b|школа)", text)), None
        )
        if place is None or school is None:
            continue
        for below in range(index, min(index + 3, len(sheet.rows))):
            if len(_subject_columns(sheet.rows[below])) >= 3:
                return index, place, school, below
    return None


def _table(sheet: Sheet) -> _Table | None:
    """Return where the columns of a sheet stand; None when it is no table of ЕГЭ by school."""
    heads = _find_heads(sheet)
    if heads is None:
        return None
    head_row, municipality, school, subject_row = heads
    titles = [text for row in sheet.rows[: head_row + 1] for v in row if isinstance(v, str) and (text := cell_text(v))]
    if not any("егэ" in title.lower() or "единого государственного" in title.lower() for title in titles):
        return None
    year = next((int(match[1]) for title in titles if (match := _YEAR.search(title))), 0)
    counted = "applications" if any("заявлени" in title.lower() for title in titles[:3]) else "results"
    table = _Table(sheet, year, counted, municipality, school, subject_row + 1)
    subjects = _subject_columns(sheet.rows[subject_row])
    below = sheet.rows[subject_row + 1] if subject_row + 1 < len(sheet.rows) else []
    measures = {c: name for c, v in enumerate(below) if isinstance(v, str) and (name := _measure(folded_text(v)))}
    if len(measures) >= 3:
        table.first_row += 1
    for column, text in enumerate(sheet.rows[head_row]):
        if re.match(r"всего (выпускников|участников)", folded_text(text)):
            table.measures[column] = (_ALL, "main", "participants_count")
    starts = sorted(subjects)
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else start + len({*measures.values()} or {""})
        if not measures:
            table.measures[start] = (*subjects[start], "participants_count")
        table.measures |= {c: (*subjects[start], measures[c]) for c in range(start, end) if c in measures}
    return table


class GiaSchoolTable:
    """Reads tables of ЕГЭ by school into records `exam_school_results` and checks every total of them."""

    code: str = "gia_school_table"
    version: str = "1"
    title_ru: str = "ЕГЭ по ОО и предметам"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has municipalities, schools and at least three subjects of ЕГЭ in its heads."""
        return any(_table(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all sheets; the years stand in the rows (`exam_year`), `school_year` only when there is just one.

        Raises:
            UnreadableFileError: (file.year_unknown) when the title of a sheet names no year.
        """
        reading = Reading()
        rows: list[dict[str, object]] = []
        mismatches: list[dict[str, object]] = []
        for sheet in workbook.sheets:
            table = _table(sheet)
            if table is None:
                continue
            if not table.year:
                raise UnreadableFileError("file.year_unknown", f"Лист «{sheet.name}» не называет год ЕГЭ.")
            findings = CellFindings(context, sheet.name)
            lines = list(_lines(table, findings, reading))
            rows += [record for row in lines for record in _records(row, table)]
            mismatches += _cross_foot(table, lines, findings)
            reading.findings += findings.all()
        years = {int(str(row["exam_year"])) for row in rows}
        if len(years) == 1:
            reading.school_year = f"{min(years) - 1}-{min(years)}"
        reading.records["exam_school_results"] = _typed(rows, SCHOOL_RESULT_TYPES)
        reading.records[EXAM_CROSS_FOOT.name] = _typed(mismatches, CROSS_FOOT_TYPES)
        schools = {
            (str(row["unit_name"]), str(row["municipality_name"])) for row in rows if row["unit_level"] == "school"
        }
        # Mentions belong to one year: the schools of a file of several years are linked when a year is assembled.
        reading.tables = {SCHOOL_MENTIONS.name: name_mentions(schools)} if reading.school_year else {}
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _typed(rows: list[dict[str, object]], types: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in types}).astype(types)


def _lines(table: _Table, findings: CellFindings, reading: Reading) -> Iterator[CrossFootRow]:
    """Yield the rows of units with their values by column; index rows and blank rows are skipped."""
    municipality = "—"
    for index, cells in enumerate(table.sheet.rows):
        if index < table.first_row or not any(value not in {None, ""} for value in cells):
            continue
        place, school = cells[table.municipality], cells[table.school]
        place_text = cell_text(place) if isinstance(place, str) else ""
        school_text = cell_text(school) if isinstance(school, str) else ""
        if not place_text and not school_text:
            _report_nameless(index, cells, table, findings, reading)
            continue
        reading.read_rows_count += 1
        if school_text:
            level, name = "school", school_text
        elif _TOTAL_ROW.fullmatch(folded_text(place_text)):
            level, name, municipality = "region", place_text, "—"
        else:
            level, name, municipality = "municipality", place_text, place_text
        if level != "school" and number(school) is not None:
            findings.add(
                "examtable.number_among_names",
                "В столбце ОО итоговой строки стоит число: оно не читается.",
                index + 1,
                table.school,
                value=shown(school),
                expected="название ОО или пусто",
            )
        yield CrossFootRow(index + 1, level, name, municipality, _values(index, cells, table, findings))


def _report_nameless(index: int, cells: list[Cell], table: _Table, findings: CellFindings, reading: Reading) -> None:
    """Report a row with values and no name, unless it numbers the columns (1, 2, 3 …)."""
    values = [whole_number(value) for value in cells if value not in {None, ""}]
    is_index = index <= table.first_row + 1 and all(value is not None and value < 100 for value in values)
    if is_index or not any(cells[column] not in {None, ""} for column in table.measures if column < len(cells)):
        return
    reading.read_rows_count += 1
    reading.quarantined_rows_count += 1
    findings.add(
        "examtable.unit_unknown",
        "В строке есть числа, но нет ни муниципалитета, ни ОО: она отложена.",
        index + 1,
        table.school,
        expected="название муниципалитета или ОО",
        became="строка в карантине",
    )


def _values(index: int, cells: list[Cell], table: _Table, findings: CellFindings) -> dict[int, float | None]:
    values: dict[int, float | None] = {}
    for column, (_, _, measure) in table.measures.items():
        value = cells[column] if column < len(cells) else None
        read = number(value)
        is_count = measure != "mean_test_score"
        is_sound = read is not None and (read >= 0 and read.is_integer() if is_count else 0 <= read <= 100)
        values[column] = read if is_sound else None
        if not is_sound and value not in {None, ""} and folded_text(value) not in {"-", "–", "х", "x"}:
            findings.add(
                "examtable.value_unreadable",
                f"Вместо {'числа участников' if is_count else 'среднего балла'} в ячейке {shown(value)}.",
                index + 1,
                column,
                value=shown(value),
                expected="целое число от 0" if is_count else "число от 0 до 100",
                became="пустая ячейка",
            )
    _check_counts(index, values, table, findings)
    return values


def _check_counts(index: int, values: dict[int, float | None], table: _Table, findings: CellFindings) -> None:
    """Compare the counts of a subject: the parts of participants cannot be more than they are."""
    by_subject: dict[tuple[str, str], dict[str, int]] = {}
    for column, (subject, level, measure) in table.measures.items():
        by_subject.setdefault((subject, level), {})[measure] = column
    for columns in by_subject.values():
        people = values.get(columns.get("participants_count", -1))
        parts = [
            values.get(columns.get(name, -1))
            for name in ("below_minimum_count", "score_80_99_count", "score_100_count")
        ]
        total = sum(part for part in parts if part is not None)
        if total and total > (people or 0):
            findings.add(
                "examtable.parts_over_participants",
                f"Ниже порога, 80–99 и 100 баллов вместе {total:.0f}, а участников {people or 0:.0f}.",
                index + 1,
                columns.get("participants_count"),
                value=f"{people or 0:.0f}",
                expected=f"не меньше {total:.0f}",
            )


def _exam_code(table: _Table, subject: str, level: str) -> str:
    return f"ege:{table.year}:{_ALL}:main" if subject == _ALL else str(ExamKey("ege", table.year, subject, level))


def _records(row: CrossFootRow, table: _Table) -> Iterator[dict[str, object]]:
    by_subject: dict[tuple[str, str], dict[str, float | None]] = {}
    for column, (subject, level, measure) in table.measures.items():
        by_subject.setdefault((subject, level), {})[measure] = row.numbers[column]
    for (subject, level), values in by_subject.items():
        if all(value is None for value in values.values()):
            continue
        people = values.get("participants_count")
        # A printed mean of nobody is no mean: tables write 0 there.
        mean = values.get("mean_test_score") if people else None
        yield {
            "source_sheet": table.sheet.name,
            "source_row": row.row,
            "school_key": f"{row.name}|{row.municipality}" if row.level == "school" else None,
            "exam_code": _exam_code(table, subject, level),
            "exam_year": table.year,
            "subject_code": subject,
            "unit_level": row.level,
            "unit_name": row.name,
            "municipality_name": row.municipality,
            "counted": table.counted,
            **values,
            "mean_test_score": mean,
        }


def _cross_foot(table: _Table, lines: list[CrossFootRow], findings: CellFindings) -> Iterator[dict[str, object]]:
    """Yield every total that does not cross-foot and report it with its cell."""
    weights: dict[int, int] = {}
    for column, (subject, level, measure) in table.measures.items():
        if measure == "mean_test_score":
            people = (subject, level, "participants_count")
            weights[column] = next((c for c, found in table.measures.items() if found == people), -1)
    for fault in cross_foot(lines, list(table.measures), weights):
        subject, level, measure = table.measures[fault.column]
        parts = "муниципалитетов" if fault.parts_level == "municipality" else "ОО"
        findings.add(
            "examtable.total_mismatch",
            f"«{fault.row.name}»: напечатано {_printed(fault.stated)}, а по строкам {parts} получается "
            f"{_printed(fault.computed)}.",
            fault.row.row,
            fault.column,
            value=_printed(fault.stated),
            expected=_printed(fault.computed),
        )
        yield {
            "source_sheet": table.sheet.name,
            "source_row": fault.row.row,
            "school_key": None,
            "exam_code": _exam_code(table, subject, level),
            "exam_year": table.year,
            "unit_level": fault.row.level,
            "unit_name": fault.row.name,
            "parts_level": fault.parts_level,
            "measure": measure,
            "cell": fault.cell,
            "stated": fault.stated,
            "computed": fault.computed,
            "difference": None if fault.stated is None else fault.stated - fault.computed,
        }


def _printed(value: float | None) -> str:
    """Return a number with at most four decimals and a comma: 61,5612."""
    return "пусто" if value is None else f"{round(value, 4):g}".replace(".", ",")
