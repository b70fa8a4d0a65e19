"""«Достижение планируемых результатов»: mean percent of completion by task, a column a unit."""

import re
from typing import Final

from oko_pipeline.collection.aggregates import (
    Block,
    PublishedRows,
    blocks,
    has_table,
    percent_cells,
    settle_regions,
)
from oko_pipeline.collection.headers import HeaderRow, cell_text, parse_task_header
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook

_SKILL_HEADER: Final = r".*блоки пооп.*|.*проверяемые требования.*"
_NUMBER_HEADER: Final = r"(№|номер)\s*(задания)?(\s+по\s+ким)?"
_MAXIMUM_HEADER: Final = r"макс\S*\s*(первичн\S*\s*)?балл.*"
# «12.1. Умение …», «1К1 Соблюдать …»: the number of a task before the text of its skill.
_NUMBERED: Final = re.compile(r"(?P<code>\d{1,2}(?:[.,]\d{1,2}|\s*\(\d{1,2}\))?(?:\s*[КKкk]\s*\d{1,2})?)(?:[.)]|\s|$)")


def _is_header(header: HeaderRow) -> bool:
    return (
        header.column(_SKILL_HEADER) is not None
        and header.column(_MAXIMUM_HEADER) is not None
        and bool(_unit_columns(header))
        and header.column(r"код\s+кэс") is None
    )


def _unit_columns(header: HeaderRow) -> list[tuple[int, str]]:
    last = max(header.columns(_MAXIMUM_HEADER) + header.columns(_SKILL_HEADER), default=len(header.texts))
    named = {text: column for column, text in reversed(list(enumerate(header.texts))) if column > last and text}
    return sorted((column, text) for text, column in named.items())


class PlannedResults:
    """Reads achievement of planned results into `published_results` (measure planned, item the task)."""

    code: str = "planned_results"
    version: str = "1"
    title_ru: str = "Достижение планируемых результатов"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a table «Блоки ПООП … Макс балл …» with columns of units stands in the workbook."""
        return has_table(workbook, _is_header)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read every table of the workbook."""
        rows = PublishedRows(context)
        for block in blocks(workbook, _is_header, context):
            _read_block(block, rows)
        return rows.reading()


def _task_code(cells: list[Cell], columns: tuple[int | None, int]) -> str | None:
    number_column, skill_column = columns
    if number_column is not None and number_column < len(cells):
        parsed = parse_task_header(cells[number_column], needs_maximum=False)
        if parsed is not None:
            return parsed[0]
    match = _NUMBERED.match(cell_text(cells[skill_column])) if skill_column < len(cells) else None
    parsed = parse_task_header(match["code"], needs_maximum=False) if match else None
    return parsed[0] if parsed else None


def _read_block(block: Block, rows: PublishedRows) -> None:
    rows.start(block)
    header = block.header
    skill, number_column = header.column(_SKILL_HEADER) or 0, header.column(_NUMBER_HEADER)
    columns = _unit_columns(header)
    units = settle_regions([label for _, label in columns])
    for row, cells in block.rows:
        shown = [column for column, _ in columns if column < len(cells) and cell_text(cells[column])]
        if not shown:
            continue
        rows.read_rows_count += 1
        code = _task_code(cells, (number_column, skill))
        if code is None:
            rows.quarantined_rows_count += 1
            rows.finding(
                "aggregate.row_unknown",
                "В строке не найден номер задания: она отложена.",
                row,
                skill if number_column is None else number_column,
                expected="номер задания, например 12.1 или 1К2",
            )
            continue
        if not rows.is_new(units[columns[0][1]], row, code):
            continue
        percents = percent_cells(rows, row, cells, [column for column, _ in columns])
        for (_, label), percent in zip(columns, percents, strict=True):
            if percent is not None:
                rows.add(row, units[label], ("planned", code), (percent, None))
