"""One file of the inbox → one `SourceReading`: opened, recognised, read. Bad input never raises; it becomes findings.

Runs in worker processes: everything that goes in and comes out can be pickled.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from oko_pipeline.collection.archives import ReadLimits, damaged
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.forms.nearest import Nearest, nearest_layout
from oko_pipeline.collection.headers import HEADER_ROWS
from oko_pipeline.collection.inbox import InboxFile, hash_file, read_bytes
from oko_pipeline.collection.layout import Layout, Reading, SourceContext, Workbook
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.registry_of_layouts import LAYOUTS, recognise
from oko_pipeline.collection.source_files import OpenedFile, open_workbook
from oko_pipeline.errors import CatalogueError, ContractError, UnreadableFileError
from oko_pipeline.quality import QualityFinding

ENGINE_VERSION: Final = "2"
"""Changes whenever opening or the shared reading of pupils would give another result for an unchanged file."""

_DATA_FAULTS: Final = (ValueError, TypeError, LookupError, ArithmeticError, CatalogueError, ContractError)
"""What odd data can raise in a reader that did not foresee them; a bug of ours looks the same, hence `reader.fault`."""

_MEND_HEADINGS: Final = (
    "Исправьте то, что названо в замечании, и загрузите файл снова; если это другая форма, её нужно описать."
)

ReadingStatus = Literal["accepted", "refused", "unknown", "empty"]


@dataclass(frozen=True, slots=True, repr=False)
class ReadOptions:
    """What reading needs beside the file: the key of pseudonyms (at least 16 bytes), the limits, the later keys."""

    pseudonym_key: bytes
    limits: ReadLimits = field(default_factory=ReadLimits)
    later_keys: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What came of one file.

    `status` is accepted (read, with rows or tables), empty (sound, but no rows), unknown (no layout recognises it) or
    refused (could not be read). `layout_code` is `unknown` for an unrecognised file, None for one that did not open.
    """

    path: str
    file_sha256: str
    layout_code: str | None
    reader_version: str
    status: ReadingStatus
    size_bytes: int
    modified_at: str
    reading: Reading


def read_source(root: Path, file: InboxFile, options: ReadOptions) -> SourceReading:
    """Read one file of the inbox; never raises for bad input.

    Args:
        root: root of the inbox.
        file: entry of the listing.
        options: key and limits.
    """
    try:
        data = read_bytes(root, file, options.limits)
    except UnreadableFileError as error:
        return _refused(file, _hash_or_path(root, file), error)
    context = SourceContext(
        file.path,
        hashlib.sha256(data).hexdigest(),
        file.modified_at,
        Pseudonymiser(options.pseudonym_key, options.later_keys),
    )
    try:
        opened = open_workbook(data, file.path, options.limits)
    except UnreadableFileError as error:
        return _refused(file, context.file_sha256, error)
    except (*_DATA_FAULTS, struct.error, EOFError) as fault:
        return _refused(file, context.file_sha256, damaged(f"содержимое повреждено ({type(fault).__name__})"))
    notes = _opening_findings(opened, context)
    layout = recognise(opened.workbook)
    if layout is None:
        return _unrecognised(file, context, opened.workbook, notes)
    return _read_with(layout, opened.workbook, file, context, notes)


def layout_title(layout_code: str | None) -> str:
    """Return the Russian title of a layout by its code, also of files that were not recognised or did not open."""
    if layout_code is None:
        return "файл не открыт"
    return next((layout.title_ru for layout in LAYOUTS if layout.code == layout_code), "форма не распознана")


def duplicate_files(readings: Sequence[SourceReading]) -> dict[str, str]:
    """Return, for every path whose content was already listed under another path, that first path (by name order)."""
    first: dict[str, str] = {}
    duplicates: dict[str, str] = {}
    for reading in sorted(readings, key=lambda one: one.path):
        original = first.setdefault(reading.file_sha256, reading.path)
        if original != reading.path:
            duplicates[reading.path] = original
    return duplicates


def duplicate_finding(path: str, original: str, file_sha256: str) -> QualityFinding:
    """Return the finding about a file whose content is known under another path."""
    return QualityFinding(
        "file.duplicate", f"Содержимое файла совпадает с файлом «{original}».", path, file_sha256, expected="один файл"
    )


def _hash_or_path(root: Path, file: InboxFile) -> str:
    """Return the hash of a file that was refused before reading; of its listing when it must not be opened."""
    listing = hashlib.sha256(f"{file.path}\0{file.fingerprint}".encode()).hexdigest()
    if file.refusal is not None or file.member is not None:
        return listing
    try:
        return hash_file(root, file)
    except OSError:
        return listing


def _result(
    file: InboxFile, file_sha256: str, status: ReadingStatus, reading: Reading, layout: Layout | None
) -> SourceReading:
    return SourceReading(
        path=file.path,
        file_sha256=file_sha256,
        layout_code=layout.code if layout else ("unknown" if status == "unknown" else None),
        reader_version=f"{ENGINE_VERSION}.{layout.version if layout else '0'}",
        status=status,
        size_bytes=file.size_bytes,
        modified_at=file.modified_at,
        reading=reading,
    )


def _refused(
    file: InboxFile, file_sha256: str, error: UnreadableFileError, layout: Layout | None = None
) -> SourceReading:
    finding = QualityFinding(error.rule_id, str(error), file.path, file_sha256, became="файл не прочитан")
    return _result(file, file_sha256, "refused", Reading(findings=[finding]), layout)


def _unrecognised(
    file: InboxFile, context: SourceContext, workbook: Workbook, notes: list[QualityFinding]
) -> SourceReading:
    if not any(any(value not in {"", None} for value in row) for sheet in workbook.sheets for row in sheet.rows):
        notes.append(
            QualityFinding("file.empty", "В файле нет ни одной заполненной ячейки.", file.path, context.file_sha256)
        )
        return _result(file, context.file_sha256, "empty", Reading(findings=notes), None)
    nearest = nearest_layout(workbook)
    heading = next(iter(nearest.renamed.items()), None) if nearest is not None else None
    has_place = nearest is not None and not nearest.is_column
    notes.append(
        QualityFinding(
            "file.unknown",
            f"Ни одна известная форма не узнана. {_likeness(workbook, nearest)}",
            file.path,
            context.file_sha256,
            sheet=nearest.sheet if nearest is not None else None,
            row=nearest.row + 1 if nearest is not None and has_place else None,
            column_index=heading[1][0] if heading is not None and has_place else None,
            value=heading[1][1] if heading is not None else None,
            expected=f"«{heading[0]}»" if heading is not None else None,
            became="файл не прочитан",
            mend=_MEND_HEADINGS if nearest is not None else None,
        )
    )
    return _result(file, context.file_sha256, "unknown", Reading(findings=notes), None)


def _likeness(workbook: Workbook, nearest: Nearest | None) -> str:
    sheets = ", ".join(f"«{sheet.name[:31]}»" for sheet in workbook.sheets[:5])
    more = f" и ещё {len(workbook.sheets) - 5}" if len(workbook.sheets) > 5 else ""
    if nearest is None:
        return (
            f"Заголовки искали в первых {HEADER_ROWS} строках листов: {sheets}{more}; ни на одну форму они не похожи."
        )
    return nearest.message if len(workbook.sheets) == 1 else f"{nearest.message} Листы файла: {sheets}{more}."


def _opening_findings(opened: OpenedFile, context: SourceContext) -> list[QualityFinding]:
    notes: list[QualityFinding] = []
    if opened.is_wrong_extension:
        notes.append(
            QualityFinding(
                "file.wrong_extension",
                f"Содержимое файла — {opened.kind}, а расширение другое; файл прочитан по содержимому.",
                context.path,
                context.file_sha256,
                expected=f".{opened.kind}",
            )
        )
    by_sheet: dict[str, CellFindings] = {}
    for cell in opened.formulas_without_value:
        findings = by_sheet.setdefault(cell.sheet, CellFindings(context, cell.sheet))
        findings.add(
            "cell.formula_without_value",
            "В ячейке формула, которую ни разу не вычисляли: значения в файле нет.",
            cell.row,
            cell.column_index,
            expected="вычисленное значение",
            became="пустая ячейка",
        )
    return notes + [finding for findings in by_sheet.values() for finding in findings.all()]


def _read_with(
    layout: Layout, workbook: Workbook, file: InboxFile, context: SourceContext, notes: list[QualityFinding]
) -> SourceReading:
    try:
        reading = layout.read(workbook, context)
    except UnreadableFileError as error:
        refused = _refused(file, context.file_sha256, error, layout)
        return replace(refused, reading=Reading(findings=[*notes, *refused.reading.findings]))
    except _DATA_FAULTS as fault:
        finding = QualityFinding(
            "reader.fault",
            f"Форма «{layout.title_ru}» узнана, но читатель не справился с содержимым ({type(fault).__name__}).",
            file.path,
            context.file_sha256,
            became="файл не прочитан",
        )
        return _result(file, context.file_sha256, "refused", Reading(findings=[*notes, finding]), layout)
    reading.findings = notes + reading.findings + _unread_sheets(layout, workbook, reading, context)
    if _is_empty(reading):
        reading.findings.append(
            QualityFinding(
                "file.empty",
                f"Форма «{layout.title_ru}» не заполнена: строк с данными нет.",
                file.path,
                context.file_sha256,
            )
        )
        return _result(file, context.file_sha256, "empty", reading, layout)
    return _result(file, context.file_sha256, "accepted", reading, layout)


def _unread_sheets(
    layout: Layout, workbook: Workbook, reading: Reading, context: SourceContext
) -> list[QualityFinding]:
    """Return findings about sheets with a table of works like the one that was read: readers of works take one."""
    if reading.works is None or len(workbook.sheets) == 1:
        return []
    alike = [sheet for sheet in workbook.sheets if layout.recognise(Workbook((sheet,)))]
    return [
        QualityFinding(
            "file.sheet_unread",
            f"На {'скрытом ' if sheet.is_hidden else ''}листе «{sheet.name[:31]}» такая же таблица, как на листе "
            f"«{alike[0].name[:31]}»: прочитан только лист «{alike[0].name[:31]}».",
            context.path,
            context.file_sha256,
            sheet=sheet.name,
            expected="один лист с таблицей",
            became="лист не прочитан",
            severity="note" if sheet.is_hidden else None,
        )
        for sheet in alike[1:]
    ]


def _is_empty(reading: Reading) -> bool:
    tables: list[pd.DataFrame] = [*reading.tables.values(), *reading.records.values()]
    return reading.read_rows_count == 0 and reading.works is None and all(table.empty for table in tables)
