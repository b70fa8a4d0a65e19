"""«Ф3 Статистика по отметкам»: percentages of marks 2 to 5 by unit; the counts behind them are recovered."""

from typing import Final

from oko_pipeline.collection.aggregates import (
    GROUPS_HEADER,
    PARTICIPANTS_HEADER,
    SCHOOLS_HEADER,
    Block,
    PublishedRows,
    Unit,
    add_shares,
    blocks,
    count_cell,
    decimals_printed,
    has_table,
    labelled_rows,
    percent_cells,
    settle_regions,
)
from oko_pipeline.collection.headers import HeaderRow
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook

MARKS: Final = ("2", "3", "4", "5")
_MARK_HEADER: Final = r"(?:.*отметк.*\s)?[«\"]?({mark})[»\"]?(?:\s*[,(]?\s*%\)?)?"


def _mark_columns(header: HeaderRow) -> list[int] | None:
    columns = [header.column(_MARK_HEADER.format(mark=mark)) for mark in MARKS]
    known = [column for column in columns if column is not None]
    return known if len(known) == len(MARKS) and known == sorted(known) else None


def _is_header(header: HeaderRow) -> bool:
    numbers = header.columns(r"\d{1,2}(\.\d+)?")
    return (
        header.column(GROUPS_HEADER) is not None
        and header.column(PARTICIPANTS_HEADER) is not None
        and _mark_columns(header) is not None
        and len(numbers) in (0, len(MARKS))
    )


class StatisticsByMarks:
    """Reads «Ф3 Статистика по отметкам» into `published_results` (measures participants, schools, mark)."""

    code: str = "statistics_by_marks"
    version: str = "1"
    title_ru: str = "Ф3 «Статистика по отметкам»"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a table «Группы участников … 2 3 4 5» stands in the workbook."""
        return has_table(workbook, _is_header)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read every table of the workbook."""
        rows = PublishedRows(context)
        for block in blocks(workbook, _is_header, context):
            _read_block(block, rows)
        return rows.reading()


def _read_block(block: Block, rows: PublishedRows) -> None:
    rows.start(block)
    header = block.header
    groups, marks = header.column(GROUPS_HEADER) or 0, _mark_columns(header) or []
    schools, people = header.column(SCHOOLS_HEADER), header.column(PARTICIPANTS_HEADER)
    labelled = labelled_rows(block, groups)
    units = settle_regions([label for _, label, _ in labelled])
    decimals = decimals_printed([value for _, _, cells in labelled for value in _cells_at(cells, marks)])
    for row, label, cells in labelled:
        rows.read_rows_count += 1
        unit: Unit = units[label]
        if not rows.is_new(unit, row):
            continue
        total = count_cell(rows, row, cells, people)
        rows.add_counts(row, unit, total, count_cell(rows, row, cells, schools))
        percents = percent_cells(rows, row, cells, marks)
        add_shares(rows, (row, marks), unit, ("mark", MARKS), (percents, total, decimals))


def _cells_at(cells: list[Cell], columns: list[int]) -> list[Cell]:
    return [cells[column] for column in columns if column < len(cells)]
