"""«Выполнение заданий» and «Выполнение заданий группами участников»: percent of the maximum by task and unit."""

import re
from typing import Final

from oko_pipeline.collection.aggregates import (
    GROUPS_HEADER,
    PARTICIPANTS_HEADER,
    SCHOOLS_HEADER,
    Block,
    PublishedRows,
    Unit,
    blocks,
    count_cell,
    has_table,
    labelled_rows,
    percent_cells,
    settle_regions,
)
from oko_pipeline.collection.headers import HeaderRow, folded_text, parse_task_header
from oko_pipeline.collection.layout import Reading, SourceContext, Workbook

_MAXIMUM_ROW: Final = re.compile(r"макс\S*\s*(первичн\S*\s*)?балл.*")
_MARK_GROUP: Final = re.compile(r"(?:(?:группа|отметка|участники|получившие|с|на)\s*)*[«\"]?([2-5])[»\"]?")
_MARK_COLUMN: Final = r"(группа|отметка|группы по отметкам)"


def _task_columns(header: HeaderRow) -> list[tuple[int, str]]:
    first = header.column(PARTICIPANTS_HEADER)
    found: list[tuple[int, str]] = []
    for column, text in enumerate(header.texts):
        parsed = parse_task_header(text, needs_maximum=False)
        if parsed is not None and (first is None or column > first):
            found.append((column, parsed[0]))
    return found


def _is_header(header: HeaderRow) -> bool:
    if header.column(GROUPS_HEADER) is None:
        return False
    codes = [code for _, code in _task_columns(header)]
    # Marks begin with 2 and scores with 0; a paper's tasks begin with 1, 1.1 or 1К1.
    return len(codes) >= 4 and re.fullmatch(r"1(\.1)?(К1)?", codes[0]) is not None


class TaskCompletion:
    """Reads completion of tasks into `published_results` (measure task; item «12.1», by mark group «12.1|3»)."""

    code: str = "task_completion"
    version: str = "1"
    title_ru: str = "Выполнение заданий"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a table «Группы участников … 1 2 3.1 …» stands in the workbook."""
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
    tasks = _task_columns(header)
    groups, mark_column = header.column(GROUPS_HEADER) or 0, header.column(_MARK_COLUMN)
    people, schools = header.column(PARTICIPANTS_HEADER), header.column(SCHOOLS_HEADER)
    labelled = [
        (row, label, cells)
        for row, label, cells in labelled_rows(block, groups)
        if not any(_MAXIMUM_ROW.fullmatch(folded_text(value)) for value in cells[:4])
    ]
    units = settle_regions([label for _, label, _ in labelled if not _MARK_GROUP.fullmatch(folded_text(label))])
    unit: Unit | None = None
    for row, label, cells in labelled:
        rows.read_rows_count += 1
        group = _MARK_GROUP.fullmatch(folded_text(label))
        unit = unit if group else units[label]
        if unit is None:
            rows.quarantined_rows_count += 1
            rows.finding(
                "aggregate.row_unknown",
                f"Строка «{label}» стоит до названия группы участников: она отложена.",
                row,
                groups,
                value=label,
            )
            continue
        if group is None and mark_column is not None and mark_column < len(cells):
            group = _MARK_GROUP.fullmatch(folded_text(cells[mark_column]))
        part = f"|{group[1]}" if group else ""
        if not rows.is_new(unit, row, part):
            continue
        total = count_cell(rows, row, cells, people)
        if not part:
            rows.add_counts(row, unit, total, count_cell(rows, row, cells, schools))
        percents = percent_cells(rows, row, cells, [column for column, _ in tasks])
        for (_, code), percent in zip(tasks, percents, strict=True):
            if percent is not None:
                rows.add(row, unit, ("task", code + part), (percent, None), total)
