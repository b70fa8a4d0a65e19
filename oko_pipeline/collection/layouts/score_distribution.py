"""«Распределение первичных баллов»: percentages of every score by unit, and the list regions make of it."""

from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import find_subject
from oko_pipeline.collection.aggregates import (
    GROUPS_HEADER,
    PARTICIPANTS_HEADER,
    SCHOOLS_HEADER,
    Block,
    PublishedRows,
    Unit,
    add_shares,
    blocks,
    cell_at,
    count_cell,
    decimals_printed,
    has_table,
    header_indices,
    labelled_rows,
    merged_header,
    percent_cells,
    settle_regions,
    unit_of,
)
from oko_pipeline.collection.headers import HeaderRow, cell_text, whole_number
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook

LEAST_SCORES: Final = 6


def _score_columns(header: HeaderRow) -> list[int]:
    """Return the columns of scores 0, 1, 2, … in their order; empty when the header has none."""
    found: list[int] = []
    for column, text in enumerate(header.texts):
        last_word = text.rsplit(" ", 1)[-1]
        if whole_number(last_word) == len(found):
            found.append(column)
    return found if len(found) >= LEAST_SCORES else []


def _is_groups_header(header: HeaderRow) -> bool:
    return header.column(GROUPS_HEADER) is not None and bool(_score_columns(header))


_LIST_COLUMNS: Final = {
    "year": r"год",
    "grade": r"класс",
    "subject": r"предмет",
    "login": r"логин(\s+оо)?",
    "people": PARTICIPANTS_HEADER,
}


def _is_list_header(header: HeaderRow) -> bool:
    return all(header.column(pattern) is not None for pattern in _LIST_COLUMNS.values()) and bool(
        _score_columns(header)
    )


class ScoreDistribution:
    """Reads distributions of primary scores into `published_results` (measures participants, schools, score)."""

    code: str = "score_distribution"
    version: str = "1"
    title_ru: str = "Распределение первичных баллов"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a table with columns 0, 1, 2, … stands in the workbook."""
        return has_table(workbook, _is_groups_header) or has_table(workbook, _is_list_header)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read every table of the workbook."""
        rows = PublishedRows(context)
        if has_table(workbook, _is_groups_header):
            for block in blocks(workbook, _is_groups_header, context):
                _read_block(block, rows)
        for sheet in workbook.sheets:
            for start in header_indices(sheet, _is_list_header):
                _read_list(sheet, start, rows)
        return rows.reading()


def _read_block(block: Block, rows: PublishedRows) -> None:
    rows.start(block)
    groups, scores = block.header.column(GROUPS_HEADER) or 0, _score_columns(block.header)
    schools, people = block.header.column(SCHOOLS_HEADER), block.header.column(PARTICIPANTS_HEADER)
    labelled = labelled_rows(block, groups)
    units = settle_regions([label for _, label, _ in labelled])
    decimals = decimals_printed([c for _, _, cells in labelled for c in cells[scores[0] : scores[-1] + 1]])
    for row, label, cells in labelled:
        rows.read_rows_count += 1
        if not rows.is_new(units[label], row):
            continue
        total = count_cell(rows, row, cells, people)
        rows.add_counts(row, units[label], total, count_cell(rows, row, cells, schools))
        _add_scores(rows, (row, cells, scores), units[label], (total, decimals))


def _read_list(sheet: Sheet, start: int, rows: PublishedRows) -> None:
    header, height = merged_header(sheet, start)
    columns = {name: header.column(pattern) or 0 for name, pattern in _LIST_COLUMNS.items()}
    scores = _score_columns(header)
    rows.sheet = sheet.name
    data = [
        (i, cells) for i, cells in enumerate(sheet.rows) if i >= start + height and any(cell_text(c) for c in cells)
    ]
    decimals = decimals_printed([c for _, cells in data for c in cells[scores[0] : scores[-1] + 1]])
    for row, cells in data:
        rows.read_rows_count += 1
        unit = unit_of(cell_text(cell_at(cells, columns["login"])))
        key = _key_of(cells, columns, rows)
        if key is None or unit.level == "other":
            rows.quarantined_rows_count += 1
            rows.finding(
                "aggregate.row_unknown",
                "Не удалось понять год, класс, предмет или логин ОО в строке: она отложена.",
                row,
                columns["login"],
                expected="год, класс, предмет и логин вида edu990404",
            )
            continue
        rows.key = key
        if not rows.is_new(unit, row):
            continue
        total = count_cell(rows, row, cells, columns["people"])
        rows.add_counts(row, unit, total, None)
        _add_scores(rows, (row, cells, scores), unit, (total, decimals))


def _key_of(cells: list[Cell], columns: dict[str, int], rows: PublishedRows) -> AssessmentKey | None:
    year, grade = whole_number(cell_at(cells, columns["year"])), whole_number(cell_at(cells, columns["grade"]))
    subject = find_subject(cell_text(cell_at(cells, columns["subject"])))
    campaign = find_campaign(year) if year is not None else None
    if campaign is None or grade is None or subject is None:
        return None
    if campaign.school_year not in rows.school_years:
        rows.school_years.append(campaign.school_year)
    return AssessmentKey(campaign.campaign_code, grade, subject.subject_code)


def _add_scores(
    rows: PublishedRows, place: tuple[int, list[Cell], list[int]], unit: Unit, totals: tuple[int | None, int]
) -> None:
    row, cells, scores = place
    # Cells right of the form's maximum are blank in stacked tables of other works: they carry no score.
    filled = [column for column in scores if column < len(cells) and cell_text(cells[column])]
    used = scores[: scores.index(filled[-1]) + 1] if filled else []
    percents = percent_cells(rows, row, cells, used)
    add_shares(rows, (row, used), unit, ("score", [str(score) for score in range(len(used))]), (percents, *totals))
