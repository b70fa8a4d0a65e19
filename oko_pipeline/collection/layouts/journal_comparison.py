"""«Сравнение отметок с отметками по журналу»: shares of lower, same and higher marks by unit, wide and long forms."""

import re
from typing import Final

from oko_pipeline.collection.aggregates import (
    GROUPS_HEADER,
    PARTICIPANTS_HEADER,
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
    whole_percents,
)
from oko_pipeline.collection.headers import HEADER_ROWS, HeaderRow, cell_text, folded_text
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook

OUTCOMES: Final = ("lower", "same", "higher")
_STEMS: Final = {"lower": "понизили", "same": "подтвердили", "higher": "повысили", "all": "всего"}
_OUTCOME_LABEL: Final = re.compile(r"(понизили|подтвердили|повысили|всего)\b")
_SHARE: Final = r"(%|доля.*|процент.*)"


def _wide_columns(header: HeaderRow) -> tuple[list[int | None], list[int | None]]:
    shares: list[int | None] = []
    counts: list[int | None] = []
    for outcome in OUTCOMES:
        columns = header.columns(rf"{_STEMS[outcome]}.*")
        counted = [c for c in columns if re.search(r"кол-?во|количество|чел", header.texts[c].lower())]
        shared = [c for c in columns if c not in counted]
        shares.append(shared[0] if shared else None)
        counts.append(counted[0] if counted else None)
    return shares, counts


def _is_wide(header: HeaderRow) -> bool:
    return header.column(GROUPS_HEADER) is not None and all(
        share is not None or count is not None for share, count in zip(*_wide_columns(header), strict=True)
    )


def _is_long_header(header: HeaderRow) -> bool:
    return (
        header.column(GROUPS_HEADER) is not None
        and header.column(PARTICIPANTS_HEADER) is not None
        and header.column(_SHARE) is not None
        and not any(_OUTCOME_LABEL.match(folded_text(text)) for text in header.texts)
    )


def _has_long_rows(workbook: Workbook) -> bool:
    return any(
        _OUTCOME_LABEL.match(folded_text(value))
        for sheet in workbook.sheets
        for row in sheet.rows[:HEADER_ROWS]
        for value in row[:2]
    )


class JournalComparison:
    """Reads the comparison with journal marks into `published_results` (measure journal).

    Its participants are those with a journal mark: their number stays beside the shares and is no measure of its own.
    """

    code: str = "journal_comparison"
    version: str = "1"
    title_ru: str = "Сравнение отметок с отметками по журналу"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether the workbook has the wide table or the long one."""
        return has_table(workbook, _is_wide) or (has_table(workbook, _is_long_header) and _has_long_rows(workbook))

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read every table of the workbook."""
        rows = PublishedRows(context)
        if has_table(workbook, _is_wide):
            for block in blocks(workbook, _is_wide, context):
                _read_wide(block, rows)
        else:
            for block in blocks(workbook, _is_long_header, context):
                _read_long(block, rows)
        return rows.reading()


def _read_wide(block: Block, rows: PublishedRows) -> None:
    rows.start(block)
    header = block.header
    share_columns, count_columns = _wide_columns(header)
    people = header.column(PARTICIPANTS_HEADER)
    labelled = labelled_rows(block, header.column(GROUPS_HEADER) or 0)
    units = settle_regions([label for _, label, _ in labelled])
    known_shares = [column for column in share_columns if column is not None]
    decimals = decimals_printed([cells[c] for _, _, cells in labelled for c in known_shares if c < len(cells)])
    for row, label, cells in labelled:
        rows.read_rows_count += 1
        if not rows.is_new(units[label], row):
            continue
        total = count_cell(rows, row, cells, people)
        counts = [count_cell(rows, row, cells, column) for column in count_columns]
        percents = percent_cells(rows, row, cells, [-1 if column is None else column for column in share_columns])
        place = (row, [column or 0 for column in share_columns])
        _add_outcomes(rows, place, units[label], (percents, counts, total, decimals))


def _read_long(block: Block, rows: PublishedRows) -> None:
    rows.start(block)
    header = block.header
    groups, people, share = (header.column(p) or 0 for p in (GROUPS_HEADER, PARTICIPANTS_HEADER, _SHARE))
    labels = [
        text
        for _, cells in block.rows
        if groups < len(cells) and (text := cell_text(cells[groups])) and not _OUTCOME_LABEL.match(folded_text(text))
    ]
    units = settle_regions(labels)
    decimals = decimals_printed([cells[share] for _, cells in block.rows if share < len(cells)])
    for unit, outcomes in _long_groups(block, groups, units, rows):
        first = min(row for row, _ in outcomes.values())
        if not rows.is_new(unit, first):
            continue
        cells_of = {outcome: (row, cells) for outcome, (row, cells) in outcomes.items()}
        counts = [count_cell(rows, *cells_of[outcome], people) if outcome in cells_of else None for outcome in OUTCOMES]
        percents = [
            percent_cells(rows, *cells_of[outcome], [share])[0] if outcome in cells_of else None for outcome in OUTCOMES
        ]
        total = count_cell(rows, *cells_of["all"], people) if "all" in cells_of else None
        if total is None and all(count is not None for count in counts):
            total = sum(count for count in counts if count is not None)
        _add_outcomes(rows, (first, [share] * len(OUTCOMES)), unit, (percents, counts, total, decimals))


def _long_groups(
    block: Block, groups: int, units: dict[str, Unit], rows: PublishedRows
) -> list[tuple[Unit, dict[str, tuple[int, list[Cell]]]]]:
    found: list[tuple[Unit, dict[str, tuple[int, list[Cell]]]]] = []
    for row, cells in block.rows:
        text = cell_text(cells[groups]) if groups < len(cells) else ""
        if not text:
            continue
        outcome = _OUTCOME_LABEL.match(folded_text(text))
        if outcome is None:
            found.append((units[text], {}))
            continue
        rows.read_rows_count += 1
        if not found:
            rows.quarantined_rows_count += 1
            rows.finding(
                "aggregate.row_unknown",
                f"Строка «{text}» стоит до названия группы участников: она отложена.",
                row,
                groups,
                value=text,
                expected="сначала название группы, затем её строки",
            )
            continue
        code = next(name for name, stem in _STEMS.items() if stem == outcome[1])
        found[-1][1].setdefault(code, (row, cells))
    return [(unit, outcomes) for unit, outcomes in found if outcomes]


def _add_outcomes(
    rows: PublishedRows,
    place: tuple[int, list[int]],
    unit: Unit,
    values: tuple[list[float | None], list[int | None], int | None, int],
) -> None:
    printed, counts, total, decimals = values
    percents = whole_percents(printed)
    if any(count is None for count in counts):
        add_shares(rows, place, unit, ("journal", OUTCOMES), (percents, total, decimals))
        return
    known = [count for count in counts if count is not None]
    if total is not None and sum(known) != total:
        rows.finding(
            "aggregate.counts_irreconcilable",
            f"«{unit.source}»: понизили, подтвердили и повысили {sum(known)}, а всего участников {total}.",
            place[0],
            place[1][0],
            value=" + ".join(str(count) for count in known),
            expected=str(total),
        )
    for outcome, percent, count, column in zip(OUTCOMES, percents, known, place[1], strict=True):
        exact = 100 * count / total if total else None
        if percent is not None and exact is not None and abs(percent - exact) > 0.5 * 10.0**-decimals + 1e-6:
            rows.finding(
                "aggregate.shares_irreconcilable",
                f"«{unit.source}»: доля не равна числу участников, делённому на {total}.",
                place[0],
                column,
                value=f"{percent:g}".replace(".", ","),
                expected=f"{exact:.2f}".replace(".", ","),
            )
        rows.add(place[0], unit, ("journal", outcome), (exact if percent is None else percent, count), total)
