"""A table of benchmarks: shares of marks and of agreement with the journal for the region or the country by work."""

import re
from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import find_subject, subjects
from oko_pipeline.collection.aggregates import (
    PublishedRows,
    Unit,
    add_shares,
    cell_at,
    count_cell,
    decimals_printed,
    percent_cells,
    unit_of,
)
from oko_pipeline.collection.headers import HeaderRow, cell_text, header_rows, whole_number
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook

_COLUMNS: Final = {
    "level": r"level|уровень(\s+данных)?",
    "campaign": r"campaign|кампания|год(\s+впр)?|year",
    "grade": r"paper_grade|grade|класс(\s+работы)?",
    "subject": r"subject(_code)?|предмет",
    "people": r"participants(_count)?|(кол-?во|количество|число)\s+участников|участников",
    "unit": r"unit|единица|территория|название",
}
_MARKS: Final = ("2", "3", "4", "5")
_OUTCOMES: Final = {
    "lower": r"percent_lower\w*|(%\s*)?понизили.*",
    "same": r"percent_same|(%\s*)?подтвердили.*",
    "higher": r"percent_higher\w*|(%\s*)?повысили.*",
}
_MARK_HEADER: Final = r"percent_{mark}|(%\s*)?[«\"]?{mark}[»\"]?(\s*,?\s*%)?"
_LEVELS: Final = {
    "country": r"country|рф|россия|российская федерация|вся выборка",
    "region": r"region|регион|субъект.*",
    "municipality": r"municipality|муниципалитет",
}


def _find(workbook: Workbook) -> tuple[HeaderRow, dict[str, int], dict[str, list[int]]] | None:
    for sheet in workbook.sheets:
        for header in header_rows(sheet):
            columns = {name: c for name, pattern in _COLUMNS.items() if (c := header.column(pattern)) is not None}
            marks = [header.column(_MARK_HEADER.format(mark=mark)) for mark in _MARKS]
            outcomes = [header.column(pattern) for pattern in _OUTCOMES.values()]
            shares = {
                name: [c for c in found if c is not None]
                for name, found in (("mark", marks), ("journal", outcomes))
                if all(c is not None for c in found)
            }
            if {"level", "campaign", "grade", "subject", "people"} <= columns.keys() and shares:
                return header, columns, shares
    return None


class BenchmarkTable:
    """Reads benchmarks into `published_results` (measures participants, mark, journal)."""

    code: str = "benchmark_table"
    version: str = "1"
    title_ru: str = "Таблица ориентиров региона и страны"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet lists level, campaign, grade, subject, participants and shares."""
        return _find(workbook) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read all lines; raises `UnreadableFileError` when they belong to several school years."""
        rows, found = PublishedRows(context), _find(workbook)
        if found is None:
            return rows.reading()
        header, columns, shares = found
        rows.sheet = header.sheet.name
        data = [
            (row, cells)
            for row, cells in enumerate(header.sheet.rows)
            if row > header.row_index and any(cell_text(value) for value in cells)
        ]
        decimals = decimals_printed(
            [cells[c] for _, cells in data for cs in shares.values() for c in cs if c < len(cells)]
        )
        for row, cells in data:
            rows.read_rows_count += 1
            _read_row((row, cells, decimals), columns, shares, rows)
        return rows.reading()


def _read_row(
    line: tuple[int, list[Cell], int], columns: dict[str, int], shares: dict[str, list[int]], rows: PublishedRows
) -> None:
    row, cells, decimals = line
    unit, key = _unit(cells, columns), _key(cells, columns, rows)
    if unit is None or key is None:
        rows.quarantined_rows_count += 1
        rows.finding(
            "aggregate.row_unknown",
            "Не удалось понять уровень, кампанию, класс или предмет: строка ориентиров отложена.",
            row,
            columns["level" if unit is None else "campaign"],
            value=cell_text(cell_at(cells, columns["level" if unit is None else "campaign"])),
            expected="уровень (регион, РФ), кампания (весна 2021), класс и предмет",
        )
        return
    rows.key = key
    if not rows.is_new(unit, row):
        return
    total = count_cell(rows, row, cells, columns["people"])
    rows.add_counts(row, unit, total, None)
    for measure, found in shares.items():
        percents = percent_cells(rows, row, cells, found)
        if measure == "mark":
            add_shares(rows, (row, found), unit, (measure, _MARKS), (percents, total, decimals))
            continue
        # Agreement is counted over pupils with a journal mark; their number is not in the table, so no counts follow.
        for outcome, percent in zip(_OUTCOMES, percents, strict=True):
            if percent is not None:
                rows.add(row, unit, (measure, outcome), (percent, None), total)


def _unit(cells: list[Cell], columns: dict[str, int]) -> Unit | None:
    label = cell_text(cell_at(cells, columns["level"]))
    level = next((name for name, pattern in _LEVELS.items() if re.fullmatch(pattern, label, re.IGNORECASE)), None)
    if level is None:
        return None
    name = cell_text(cell_at(cells, columns.get("unit")))
    return Unit(level, name or label, "RU" if level == "country" else unit_of(name).code)


def _key(cells: list[Cell], columns: dict[str, int], rows: PublishedRows) -> AssessmentKey | None:
    text = cell_text(cell_at(cells, columns["campaign"]))
    year = re.search(r"20\d\d", text)
    season = "autumn" if re.search(r"autumn|осен", text, re.IGNORECASE) else "spring"
    campaign = find_campaign(int(year[0]), season) if year else None
    subject_text = cell_text(cell_at(cells, columns["subject"]))
    subject = subjects().get(subject_text) or find_subject(subject_text)
    grade = whole_number(cell_at(cells, columns["grade"]))
    if campaign is None or subject is None or grade is None:
        return None
    if campaign.school_year not in rows.school_years:
        rows.school_years.append(campaign.school_year)
    return AssessmentKey(campaign.campaign_code, grade, subject.subject_code)
