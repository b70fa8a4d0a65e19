"""Official descriptions of tasks (ALL) and codifiers of content (KS) and requirements (KT).

The grade and the subject stand nowhere in these files: the path names them. A task has a row a code, and two variants
of a paper may stand side by side as two blocks of columns.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from oko_pipeline.catalogue.metasubject import metasubject_flags
from oko_pipeline.catalogue.tables import TASK_DESCRIPTIONS
from oko_pipeline.catalogue.task_maxima import DIFFICULTY_LEVELS
from oko_pipeline.collection.aggregates import cell_at, typed_columns
from oko_pipeline.collection.headers import (
    HeaderRow,
    cell_text,
    cyrillic,
    find_sheet_header,
    header_rows,
    number,
    parse_task_header,
    whole_number,
)
from oko_pipeline.collection.identity import path_hints
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding

_TASK_NUMBER: Final = r"№\s*(по\s+)?ким\S*"
_TASK_COLUMNS: Final = {
    "title": r"умения.*|проверяемые.*умения.*",
    "programme_block": r"блоки пооп.*",
    "difficulty_level": r"уровень сложности.*",
    "content_code": r"код\S*\s+кэс.*",
    "requirement_code": r"код\S*\s+(кт|требовани\S*).*",
    "maximum_score": r"макс\S*\s+балл.*",
    "minutes": r".*время.*",
}
_ALL_PATTERNS: Final = (_TASK_NUMBER, _TASK_COLUMNS["maximum_score"], r"код\S*\s+кэс.*|умения.*")
_CODE: Final = r"код(\s+\S+)?"
_REQUIREMENT: Final = r".*(требован|умени|результат|способ\S* действий).*"
_CONTENT: Final = r".*элемент\S* содержания.*"
_CODIFIER_CODE: Final = re.compile(r"\d{1,2}(\.\d{1,2})*")
# Codifiers of requirements speak in verbs and abilities («Различать …», «Умение …»), those of content in nouns.
_ABILITY: Final = re.compile(
    r"(\S+(ть|ться|чь)|уметь|умени\S*|владени\S*|овладени\S*|формировани\S*|смысловое)(?=\W|$)"
)
_HYPHENATION: Final = re.compile(r"(?<![-\w])(?P<left>\w+)(?P<break>-[ ]+|[\xad\x02][ ]*)(?P<right>[^\W\d_]\w*)")
# Parts before which a hyphen at a line's end is a hyphen of the word: «научно-популярный», «монолог-рассуждение».
_COMPOUND: Final = re.compile(r"\w{3,}(но|ко|во|го|дио|део)|монолог|диалоге?|рассуждение")
_ADDED_LATER: Final = ("school_year", "file_sha256", "file_path")
COLUMNS: Final = tuple(name for name in TASK_DESCRIPTIONS.column_names if name not in _ADDED_LATER)


def clean_text(value: Cell) -> str:
    """Return a text rejoined after line breaks: «арифмети- ческие» → «арифметические», «научно- популярный» — с «-»."""
    text = " ".join(str(value).split()) if value is not None else ""
    is_broken = "- " in text or "\xad" in text or "\x02" in text
    while is_broken:
        # A word broken twice is joined piece by piece.
        joined = _HYPHENATION.sub(_rejoin, text)
        is_broken, text = joined != text, joined
    return cell_text(text)


def _rejoin(match: re.Match[str]) -> str:
    left, right = match["left"], match["right"]
    if right in ("и", "или"):
        return match[0]
    is_compound = _COMPOUND.fullmatch(left.lower()) is not None or (left[0].isupper() and right[0].isupper())
    return f"{left}-{right}" if is_compound and not _is_word(left + right) else left + right


@lru_cache(maxsize=10_000)
def _is_word(text: str) -> bool:
    """Tell whether the dictionary has a word: «законодательством» is one, «научнопопулярный» is none."""
    return bool(_dictionary().word_is_known(text.lower()))


@cache
def _dictionary() -> Any:
    # The dictionary takes 16 MB and a fifth of a second to open.
    import pymorphy3  # noqa: PLC0415

    return pymorphy3.MorphAnalyzer()


def codifier_code(value: Cell) -> str | None:
    """Return a code of a codifier such as 2.1.4 («2.1.4 », «2.1.4.», 2.0), or None when the cell holds none."""
    text = cyrillic(cell_text(value)).replace(" ", "").replace(",", ".").rstrip(".")
    return text if _CODIFIER_CODE.fullmatch(text) else None


def _cleaned(value: Cell) -> str | None:
    return clean_text(value) or None


def _difficulty(value: Cell) -> str | None:
    level = cyrillic(cell_text(value)).upper()
    return level if level in DIFFICULTY_LEVELS else None


def _maximum(value: Cell) -> int | None:
    maximum = whole_number(value)
    return maximum if maximum is not None and 1 <= maximum <= 50 else None


_READERS: Final[dict[str, Callable[[Cell], object]]] = {
    "title": _cleaned,
    "programme_block": _cleaned,
    "minutes": number,
    "difficulty_level": _difficulty,
    "maximum_score": _maximum,
    "content_code": codifier_code,
    "requirement_code": codifier_code,
}
_EXPECTED: Final = {
    "difficulty_level": "Б, П или В",
    "maximum_score": "целое число баллов",
    "content_code": "код вида 2.1.4",
    "requirement_code": "код вида 2.1",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file's findings belong, and the work it describes."""

    context: SourceContext
    sheet: str
    grade: int
    subject_code: str

    def finding(self, rule_id: str, message: str, row: int, column: int | None, **more: str | None) -> QualityFinding:
        return QualityFinding(
            rule_id, message, self.context.path, self.context.file_sha256, self.sheet, row + 1, column, **more
        )


class TaskDescriptions:
    """Reads descriptions of tasks and codifiers into `task_descriptions`; they serve every school year."""

    code: str = "task_descriptions"
    version: str = "2"
    title_ru: str = "Описание заданий и кодификаторы (ALL, KS, KT)"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether the workbook has the header of a description or of a codifier."""
        return find_sheet_header(workbook, _ALL_PATTERNS) is not None or _codifier_header(workbook) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the description or the codifier.

        Raises:
            UnreadableFileError: (file.assessment_unknown) when the path names no grade or no subject.
        """
        hints = path_hints(context.path)
        if hints.paper_grade is None or hints.subject_code is None:
            raise UnreadableFileError(
                "file.assessment_unknown",
                f"Описание заданий не называет класс и предмет, а из пути «{context.path}» они не понятны.",
            )
        header = find_sheet_header(workbook, _ALL_PATTERNS)
        codifier = _codifier_header(workbook) if header is None else None
        found = header or codifier
        if found is None:
            return Reading()
        place = _Place(context, found.sheet.name, hints.paper_grade, hints.subject_code)
        reading = Reading()
        records = _task_records(found, place, reading) if header else _codifier_records(found, place, reading)
        reading.tables[TASK_DESCRIPTIONS.name] = typed_columns(
            TASK_DESCRIPTIONS, {name: [record[name] for record in records] for name in COLUMNS}
        )
        reading.quarantined_rows_count = reading.read_rows_count - len({(r["source_row"], r["block"]) for r in records})
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _codifier_header(workbook: Workbook) -> HeaderRow | None:
    for sheet in workbook.sheets:
        for header in header_rows(sheet):
            filled = [text for text in header.texts if text]
            is_pair = len(filled) == 2 and header.column(_CODE) == header.texts.index(filled[0])
            if is_pair and (header.column(_CONTENT) is not None or header.column(_REQUIREMENT) is not None):
                return header
    return None


def _blank(place: _Place, row: int, kind: str, code: str) -> dict[str, object]:
    known = {"source_row": row + 1, "block": 1, "kind": kind, "code": code}
    paper = {"paper_grade": place.grade, "subject_code": place.subject_code}
    return {**dict.fromkeys(COLUMNS), **known, **paper}


def _task_records(header: HeaderRow, place: _Place, reading: Reading) -> list[dict[str, object]]:
    starts = header.columns(_TASK_NUMBER)
    records: list[dict[str, object]] = []
    for block, start in enumerate(starts, 1):
        end = starts[block] if block < len(starts) else len(header.texts)
        part = HeaderRow(
            header.sheet, header.row_index, tuple("" if i < start else t for i, t in enumerate(header.texts[:end]))
        )
        columns = {name: part.column(pattern) for name, pattern in _TASK_COLUMNS.items()}
        records += _block_records((part, start, block), columns, place, reading)
    return records


def _block_records(
    part: tuple[HeaderRow, int, int], columns: dict[str, int | None], place: _Place, reading: Reading
) -> list[dict[str, object]]:
    header, start, block = part
    records: list[dict[str, object]] = []
    positions: dict[str, int] = {}
    maxima: dict[str, int] = {}
    first, width, readers = header.row_index + 1, len(header.texts), _readers()
    for row, cells in enumerate(header.sheet.rows[first:], first):
        if not any(map(cell_text, cells[start:width])):
            continue
        reading.read_rows_count += 1
        parsed = parse_task_header(cell_at(cells, start), needs_maximum=False)
        if parsed is None:
            text = cell_text(cell_at(cells, start))
            reading.findings.append(
                place.finding(
                    "description.task_unknown",
                    f"«{text}» — не номер задания: строка описания отложена." if text else "Нет номера задания.",
                    row,
                    start,
                    value=text,
                    expected="номер задания, например 12.1 или 1К2",
                )
            )
            continue
        code = parsed[0]
        record = _blank(place, row, "task", code)
        record.update(block=block, position=positions.setdefault(code, len(positions) + 1))
        record.update(_task_values((row, cells), columns, readers, place, reading))
        maximum = record["maximum_score"]
        if isinstance(maximum, int) and maxima.setdefault(code, maximum) != maximum:
            reading.findings.append(
                place.finding(
                    "description.maximum_conflict",
                    f"У задания {code} в описании разные максимальные баллы: {maxima[code]} и {maximum}.",
                    row,
                    columns["maximum_score"],
                    value=str(maximum),
                    expected=str(maxima[code]),
                    became="максимум, который указан чаще",
                )
            )
        records.append(record)
    return records


def _readers() -> dict[str, Callable[[Cell], object]]:
    """Return how each column of a task is read; a value that stands in many rows of the block is read once."""
    return {name: lru_cache(maxsize=None, typed=True)(read) for name, read in _READERS.items()}


def _task_values(
    line: tuple[int, list[Cell]],
    columns: dict[str, int | None],
    readers: dict[str, Callable[[Cell], object]],
    place: _Place,
    reading: Reading,
) -> dict[str, object]:
    row, cells = line
    raw = {name: cell_at(cells, column) for name, column in columns.items()}
    values = {name: read(raw[name]) for name, read in readers.items()}
    for name, expected in _EXPECTED.items():
        if values[name] is not None or (text := cell_text(raw[name])) in ("", "-", "–", "—"):
            continue
        reading.findings.append(
            place.finding(
                "description.bad_value",
                f"В описании заданий «{text}» — не {TASK_DESCRIPTIONS.column(name).description_ru.lower()}.",
                row,
                columns[name],
                value=text,
                expected=expected,
                became="пусто",
            )
        )
    return values


def _codifier_records(header: HeaderRow, place: _Place, reading: Reading) -> list[dict[str, object]]:
    code_column = header.column(_CODE) or 0
    lines: list[tuple[int, str, str]] = []
    for row, cells in enumerate(header.sheet.rows):
        if row <= header.row_index or not any(cell_text(value) for value in cells):
            continue
        reading.read_rows_count += 1
        code = codifier_code(cell_at(cells, code_column))
        # Some titles are spread over several cells, a word a cell, and some stand one cell to the right of their head.
        title = clean_text(" ".join(str(value) for value in cells[code_column + 1 :] if cell_text(value)))
        if code is None and cell_text(cell_at(cells, code_column)) == "" and lines:
            lines[-1] = (lines[-1][0], lines[-1][1], f"{lines[-1][2]} {title}".strip())
            reading.read_rows_count -= 1
            continue
        if code is None:
            text = cell_text(cell_at(cells, code_column))
            reading.findings.append(
                place.finding(
                    "description.bad_value",
                    f"«{text}» — не код кодификатора: строка отложена.",
                    row,
                    code_column,
                    value=text,
                    expected="код вида 2.1.4",
                )
            )
            continue
        lines.append((row, code, title))
    kind = _codifier_kind(header, lines, place, reading)
    flags = metasubject_flags([code for _, code, _ in lines], [title for _, _, title in lines])
    records = []
    for (row, code, title), is_metasubject in zip(lines, flags, strict=True):
        record = _blank(place, row, kind, code)
        record.update(title=title or None, is_metasubject=is_metasubject if kind == "requirement" else None)
        records.append(record)
    return records


def _codifier_kind(header: HeaderRow, lines: list[tuple[int, str, str]], place: _Place, reading: Reading) -> str:
    if header.column(_CONTENT) is None:
        return "requirement"
    abilities = sum(_ABILITY.match(title.lower()) is not None for _, _, title in lines)
    if 2 * abilities <= len(lines):
        return "content"
    reading.findings.append(
        place.finding(
            "description.kind_mismatch",
            "Заголовок называет элементы содержания, а в строках требования: файл принят как кодификатор требований.",
            header.row_index,
            header.column(_CONTENT),
            expected="«Проверяемые требования»",
        )
    )
    return "requirement"
