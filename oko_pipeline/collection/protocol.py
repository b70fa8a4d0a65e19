"""A table of pupils' works, whatever the layout: columns become typed, faults become findings, rows are never lost.

A layout says where the columns stand (`PupilTable`); `read_pupils` does the rest column by column, converting each
distinct value once.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.campaigns import Campaign
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.keys import AssessmentKey, school_code_from_login
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import HeaderRow, cell_text, cyrillic, number, unmerged
from oko_pipeline.collection.layout import Cell, Reading, SourceContext
from oko_pipeline.collection.municipalities import Municipality, parse_municipality
from oko_pipeline.collection.row_shifts import RowPlan, Shift, TypedColumn, not_of_pupil, shift_of, suspects
from oko_pipeline.quality import CellMap, column_letter
from oko_pipeline.works import TaskHeader, Works, task_column

HIGHEST_TASK_SCORE: Final = 99
HIGHEST_TOTAL: Final = 999
_TEXT: Final = pd.StringDtype(na_value=np.nan)
_FAULT: Final = "?"
_FAULTY_NUMBER: Final = -1
_ABSENT_VARIANT: Final = "absent"
_NOT_TAUGHT: Final = re.compile(r"не\s*(?:пройд|изуч)\w*\.?", re.IGNORECASE)
_ABSENT: Final = re.compile(r"отсутств\w*", re.IGNORECASE)
_NO_MARK: Final = re.compile(r"(?:нет|без)\s+отметки|н/?а|-|–", re.IGNORECASE)
_LOGIN: Final = re.compile(r"[a-z]{3}\d{6}", re.IGNORECASE)
_CLASS: Final = re.compile(r"(\d{1,2})?[\s\-_.]*[«\"']?([А-ЯЁA-Z]{0,3}\d{0,2})[»\"']?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PupilColumns:
    """0-based worksheet columns of a table of pupils; None where the layout has no such column."""

    code: int
    total: int
    tasks: tuple[tuple[int, TaskHeader], ...]
    school: int | None = None
    school_name: int | None = None
    municipality: int | None = None
    variants: tuple[int, ...] = ()
    sex: int | None = None
    class_label: int | None = None
    journal_mark: int | None = None
    reported_mark: int | None = None


@dataclass(frozen=True, slots=True)
class PupilTable:
    """Rows of pupils of one work in a sheet.

    Attributes:
        header: the header row, for names of columns in messages.
        columns: where the columns stand.
        row_indices: 0-based worksheet rows of `rows`.
        rows: the rows of data, all of one width.
        key: the work.
        campaign: its campaign.
        school_code: the school of all rows, where the layout has no column of schools.
        school_of: reads a school code from a cell of the school column.
        submitted_at: upload time by the file itself, if it says so.
    """

    header: HeaderRow
    columns: PupilColumns
    row_indices: Sequence[int]
    rows: Sequence[Sequence[Cell]]
    key: AssessmentKey
    campaign: Campaign
    layout_code: str
    school_code: str | None = None
    school_of: Callable[[Cell], str | None] = field(default=school_code_from_login)
    submitted_at: str | None = None


class _Converted(dict[Any, Any]):
    """Converted values by source value: each distinct value is converted once."""

    def __init__(self, convert: Callable[[Cell], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Cell) -> Any:
        result = self[value] = self._convert(value)
        return result

    def column(self, values: Sequence[Cell]) -> list[Any]:
        # True equals 1 as a key but is no score.
        if bool in set(map(type, values)):
            values = [str(value) if isinstance(value, bool) else value for value in values]
        return list(map(self.__getitem__, values))


def filled_rows(header: HeaderRow) -> tuple[list[int], list[list[Cell]]]:
    """Return indices and cells of the rows below a header that are not empty."""
    rows = unmerged(header.sheet, header.row_index).rows
    if not rows:
        return [], []
    empty: list[Cell] = [""] * len(rows[0])
    indices = [index for index in range(header.row_index + 1, len(rows)) if rows[index] != empty]
    return indices, [rows[index] for index in indices]


def read_pupils(table: PupilTable, context: SourceContext) -> Reading:
    """Turn a table of pupils into works, mentions of schools and findings.

    Rows whose school or participant code cannot be used are quarantined with a finding; all others are accepted, their
    faulty cells marked. `read_rows_count` is always accepted + quarantined.
    """
    findings = CellFindings(context, table.header.sheet.name, str(table.key))
    table, shifted_count = _own_rows(table, findings)
    pupils = _Pupils(table, findings)
    reading = Reading(
        school_year=table.campaign.school_year,
        submitted_at=table.submitted_at,
        read_rows_count=len(table.rows) + shifted_count,
    )
    keep = pupils.usable_rows()
    reading.accepted_rows_count = len(keep)
    reading.quarantined_rows_count = len(table.rows) - len(keep) + shifted_count
    reading.tables["school_mentions"] = pupils.mentions()
    if keep:
        reading.works = Works(
            key=table.key,
            rows=pupils.frame(keep, context),
            tasks=tuple(header for _, header in table.columns.tasks),
            cells={context.file_sha256: pupils.cell_map(context)},
            submitted_at=table.submitted_at or context.modified_at,
            layout_code=table.layout_code,
        )
    reading.findings = findings.all()
    return reading


def _own_rows(table: PupilTable, findings: CellFindings) -> tuple[PupilTable, int]:
    """Return the table without rows of no pupil and rows whose values moved aside, and the number of the moved ones."""
    plan = _plan(table)
    rows, indices = table.rows, table.row_indices
    dropped: set[int] = set()
    named = [typed for typed in plan.typed if typed.is_required]
    unnamed = {line for typed in named for line, row in enumerate(rows) if not typed.fits(row[typed.column])}
    for line in sorted(unnamed):
        kind = not_of_pupil(plan, rows[line], table.header.texts)
        if kind is not None:
            findings.add(
                "row.not_pupil",
                f"Строка не об участнике ({kind}): в результаты не взята.",
                indices[line] + 1,
                next((place for place, value in enumerate(rows[line]) if cell_text(value)), None),
                expected="строки участников",
                became="строка пропущена",
            )
            dropped.add(line)
    moved = {line: shift for line in suspects(plan, rows) if (shift := shift_of(plan, rows[line]))} if rows else {}
    moved = {line: shift for line, shift in moved.items() if line not in dropped}
    for line, shift in moved.items():
        _tell_shift(table, findings, line, shift)
    dropped |= moved.keys()
    if not dropped:
        return table, 0
    keep = [line for line in range(len(rows)) if line not in dropped]
    own = replace(table, rows=[rows[line] for line in keep], row_indices=[indices[line] for line in keep])
    return own, len(moved)


def _tell_shift(table: PupilTable, findings: CellFindings, line: int, shift: Shift) -> None:
    row, columns = table.rows[line], table.columns
    name = table.header.texts[shift.column] or column_letter(shift.column)
    school = columns.school
    code = table.school_code
    if school is not None:
        place = school + shift.offset if school >= shift.column else school
        code = table.school_of(row[place]) if 0 <= place < len(row) else None
    findings.add(
        "row.shifted",
        f"Начиная со столбца «{name}» значения строки стоят на один столбец {shift.side_ru}: строка не прочитана.",
        table.row_indices[line] + 1,
        shift.column,
        expected="значения под своими заголовками",
        became="строка в карантине",
        school_code=code,
    )


def _plan(table: PupilTable) -> RowPlan:
    columns = table.columns
    pupil_grade = table.key.paper_grade + table.campaign.grade_shift
    grades = {str(table.key.paper_grade), str(pupil_grade)}

    def known(convert: Callable[[Cell], Any], fault: Any) -> Callable[[Cell], bool | None]:
        return lambda value: (convert(value) != fault) if cell_text(value) else None

    # Scores and variants are small numbers like marks and codes; what is left tells one column from the next.
    typed = [
        (columns.school, known(table.school_of, None), True),
        (columns.code, known(_participant_code, None), True),
        (columns.sex, known(_sex, _FAULT), False),
        (columns.class_label, known(lambda value: class_label(value, grades), _FAULT), False),
        (columns.journal_mark, known(_mark, _FAULTY_NUMBER), False),
        (columns.reported_mark, known(_mark, _FAULTY_NUMBER), False),
        (columns.total, known(_total, _FAULTY_NUMBER), False),
        *((column, known(_variant, _FAULT), False) for column in columns.variants),
    ]
    width = len(table.rows[0]) if table.rows else 0
    return RowPlan(
        tuple(
            TypedColumn(column, fits, is_required)
            for column, fits, is_required in sorted(typed, key=lambda one: -1 if one[0] is None else one[0])
            if column is not None and column < width
        ),
        columns.variants,
        columns.total,
        tuple(column for column, _ in columns.tasks),
        _whole_score,
    )


def _whole_score(value: Cell) -> int | None:
    found = number(value)
    return int(found) if found is not None and found.is_integer() and found >= 0 else None


class _Pupils:
    """One pass over the columns of a table of pupils."""

    def __init__(self, table: PupilTable, findings: CellFindings) -> None:
        self.table = table
        self.findings = findings
        self.columns: list[tuple[Cell, ...]] = list(zip(*table.rows, strict=False))
        self.school_codes = self._school_codes()
        self.codes = _Converted(_participant_code).column(self._cells(table.columns.code))

    def _cells(self, column: int | None) -> tuple[Cell, ...]:
        if column is None or column >= len(self.columns):
            return ("",) * len(self.table.rows)
        return self.columns[column]

    def _school_codes(self) -> list[str | None]:
        column = self.table.columns.school
        if column is None:
            return [self.table.school_code] * len(self.table.rows)
        return _Converted(self.table.school_of).column(self._cells(column))

    def _row_number(self, line: int) -> int:
        return self.table.row_indices[line] + 1

    def _header(self, column: int) -> str:
        return self.table.header.texts[column]

    def _report(self, rule_id: str, line: int, column: int, expected: str, became: str) -> None:
        value = shown(self.columns[column][line])
        name = self._header(column)
        self.findings.add(
            rule_id,
            f"В столбце «{name}» стоит «{value}», ожидалось: {expected}.",
            self._row_number(line),
            column,
            value=value,
            expected=expected,
            became=became,
            school_code=self.school_codes[line],
        )

    def usable_rows(self) -> list[int]:
        """Return the lines with a school and a participant code; the others are reported as quarantined."""
        keep: list[int] = []
        for line, (school_code, code) in enumerate(zip(self.school_codes, self.codes, strict=True)):
            if school_code is not None and code is not None:
                keep.append(line)
            elif school_code is None:
                column = self.table.columns.school or 0
                self._report("row.school_unknown", line, column, "логин ОО, например edu990404", "строка в карантине")
            else:
                column = self.table.columns.code
                self._report("row.code_unusable", line, column, "код участника из цифр", "строка в карантине")
        return keep

    def frame(self, keep: list[int], context: SourceContext) -> pd.DataFrame:
        """Return the frame of works of the lines to keep."""
        columns = self.table.columns
        is_absent, variants = self._variants()
        totals = self._numbers(columns.total, _total, "cell.total_invalid", "целый балл от 0", "итога нет")
        status = np.where(is_absent, "absent", np.where(totals.isna(), "no_total", "scored"))
        pupil_grade = self.table.key.paper_grade + self.table.campaign.grade_shift
        chosen = np.array(keep)
        is_whole = len(keep) == len(self.table.rows)

        def part(values: Any) -> Any:
            if is_whole:
                return values
            return [values[line] for line in keep] if isinstance(values, list) else values[chosen]

        school_codes, codes = part(self.school_codes), part(self.codes)
        marks = "отметка от 2 до 5 или «нет отметки»"
        journal = self._numbers(columns.journal_mark, _mark, "cell.journal_mark_invalid", marks, "отметки нет")
        reported = self._numbers(columns.reported_mark, _mark, "cell.reported_mark_invalid", marks, "отметки нет")
        data: dict[str, Any] = {
            "file_sha256": pd.array([context.file_sha256] * len(keep), dtype=_TEXT),
            "source_row": part(np.array(self.table.row_indices, dtype="int32") + 1),
            "school_code": pd.array(school_codes, dtype=_TEXT),
            "class_label": pd.array(part(self._class_labels(pupil_grade)), dtype=_TEXT),
            "sex": pd.array(part(self._sexes()), dtype=_TEXT),
            "pupil_id": pd.array(
                context.pseudonymiser.pupil_ids(school_codes, pupil_grade, codes, self.table.campaign.campaign_code),
                dtype="str",
            ),
            "variant": pd.array(part(variants), dtype=_TEXT),
            "status": pd.array(part(status), dtype=_TEXT),
            "primary_score": part(totals),
            "journal_mark": part(journal),
            "reported_mark": part(reported),
        }
        scores = self._scores()
        for (_, task), column_scores in zip(columns.tasks, scores, strict=True):
            data[task_column(task.position)] = part(column_scores)
        return pd.DataFrame(data, copy=False)

    def _variants(self) -> tuple[np.ndarray, list[str | None]]:
        """Return who was absent and everyone's variant; of several days the first one that is filled in decides.

        A work of two days is counted like the official summaries do: absent on the first day is absent, absent on the
        second day only is a participant. Both are pointed out, for their totals hold one day's tasks.
        """
        chosen = [""] * len(self.table.rows)
        for column in self.table.columns.variants:
            found: list[str] = _Converted(_variant).column(self._cells(column))
            if _FAULT in found:
                for line, value in enumerate(found):
                    if value == _FAULT:
                        self._report("cell.variant_invalid", line, column, "номер варианта или «отсутствовал»", "нет")
            for line, (old, new) in enumerate(zip(chosen, found, strict=True)):
                if old and new and (old == _ABSENT_VARIANT) != (new == _ABSENT_VARIANT):
                    became = "отсутствовал" if old == _ABSENT_VARIANT else "участник с неполной работой"
                    self._report("row.absent_one_day", line, column, "присутствие либо отсутствие в оба дня", became)
            chosen = [old or new for old, new in zip(chosen, found, strict=True)]
        is_absent = np.array([value == _ABSENT_VARIANT for value in chosen], dtype=bool)
        return is_absent, [None if value in {"", _ABSENT_VARIANT, _FAULT} else value for value in chosen]

    def _sexes(self) -> list[str | None]:
        column = self.table.columns.sex
        found = _Converted(_sex).column(self._cells(column))
        if column is None or _FAULT not in found:
            return found
        for line, value in enumerate(found):
            if value == _FAULT:
                is_shift = _LOGIN.fullmatch(cell_text(self.columns[column][line])) is not None
                self._report(
                    "row.column_shift" if is_shift else "cell.sex_invalid", line, column, "м или ж", "пол не указан"
                )
        return [None if value == _FAULT else value for value in found]

    def _class_labels(self, pupil_grade: int) -> list[str | None]:
        column = self.table.columns.class_label
        grades = {str(self.table.key.paper_grade), str(pupil_grade)}
        found = _Converted(lambda value: class_label(value, grades)).column(self._cells(column))
        if column is None or _FAULT not in found:
            return found
        for line, value in enumerate(found):
            if value == _FAULT:
                self._report("cell.class_invalid", line, column, "буква класса или «нет»", "класс не указан")
        return [None if value == _FAULT else value for value in found]

    def _numbers(
        self, column: int | None, convert: Callable[[Cell], int | None], rule_id: str, expected: str, became: str
    ) -> Any:
        """Return whole numbers of a column as Int16; values that are none become empty and a finding."""
        found: list[int | None] = _Converted(convert).column(self._cells(column))
        if column is not None and _FAULTY_NUMBER in found:
            for line, value in enumerate(found):
                if value == _FAULTY_NUMBER:
                    text = cell_text(self.columns[column][line])
                    is_shift = rule_id.endswith("mark_invalid") and text[:1].isalpha()
                    self._report("row.column_shift" if is_shift else rule_id, line, column, expected, became)
            found = [None if value == _FAULTY_NUMBER else value for value in found]
        mask = np.array([value is None for value in found], dtype=bool)
        return pd.arrays.IntegerArray(np.array([value or 0 for value in found], dtype=np.int16), mask)

    def _scores(self) -> list[np.ndarray]:
        converted = _Converted(_task_score)
        return [self._task_scores(column, task, converted) for column, task in self.table.columns.tasks]

    def _task_scores(self, column: int, task: TaskHeader, converted: _Converted) -> np.ndarray:
        packed = array("b", converted.column(self._cells(column)))
        scores = np.frombuffer(packed, dtype=np.int8)
        limit = "целое от 0" if task.maximum_score is None else f"целое от 0 до {task.maximum_score}"
        expected = f"{limit}, X или «не пройд.»"
        for line in np.flatnonzero(scores == TaskCode.INVALID).tolist():
            self._report("cell.task_invalid", line, column, expected, "0 баллов, помечено как неверное")
        if task.maximum_score is not None:
            is_over = scores > task.maximum_score
            for line in np.flatnonzero(is_over).tolist():
                self._report("cell.task_over_maximum", line, column, expected, "0 баллов, помечено как неверное")
            scores[is_over] = TaskCode.INVALID
        return scores

    def cell_map(self, context: SourceContext) -> CellMap:
        """Return where the columns of the frame stand in the sheet."""
        columns = self.table.columns
        places = {
            "school_code": columns.school,
            "pupil_id": columns.code,
            "class_label": columns.class_label,
            "sex": columns.sex,
            "variant": columns.variants[0] if columns.variants else None,
            "primary_score": columns.total,
            "journal_mark": columns.journal_mark,
            "reported_mark": columns.reported_mark,
        }
        known = {name: column for name, column in places.items() if column is not None}
        known |= {task_column(task.position): column for column, task in columns.tasks}
        return CellMap(context.path, context.file_sha256, self.table.header.sheet.name, known)

    def mentions(self) -> pd.DataFrame:
        """Return rows of `school_mentions`: one a distinct key of the school column, its commonest municipality."""
        columns = self.table.columns
        if columns.school is None:
            counts = Counter[tuple[Cell, Cell, Cell]]({(self.table.school_code or "", "", ""): len(self.table.rows)})
        else:
            counts = Counter(
                zip(
                    self._cells(columns.school),
                    self._cells(columns.municipality),
                    self._cells(columns.school_name),
                    strict=True,
                )
            )
        return mentions_frame(counts, self.table.school_of)


def mentions_frame(counts: Counter[tuple[Cell, Cell, Cell]], school_of: Callable[[Cell], str | None]) -> pd.DataFrame:
    """Return rows of `school_mentions` (without year and file) from counted keys: school, municipality, name."""
    records: dict[str, dict[str, Any]] = {}
    for (school, place, name), count in counts.most_common():
        text = cell_text(school)
        if not text:
            continue
        school_code = school_of(school)
        source_key = text if school_code is not None else shown(school)
        record = records.get(source_key)
        if record is not None:
            record["rows_count"] += count
            continue
        municipality = parse_municipality(place) if place else Municipality()
        records[source_key] = {
            "source_key": source_key,
            "school_code": school_code,
            "school_name": _school_name(name),
            "municipality_source": municipality.source,
            "municipality_code": municipality.code,
            "municipality_name": municipality.name,
            "oge_code": None,
            "ege_code": None,
            "settlement_type": None,
            "rows_count": count,
        }
    return pd.DataFrame.from_records(list(records.values()), columns=_MENTION_COLUMNS)


_MENTION_COLUMNS: Final = [
    "source_key",
    "school_code",
    "school_name",
    "municipality_source",
    "municipality_code",
    "municipality_name",
    "oge_code",
    "ege_code",
    "settlement_type",
    "rows_count",
]


def _school_name(value: Cell) -> str | None:
    """Return the name in «edu990481 | МБОУ СОШ № 481», «МБОУ СОШ № 481 (edu990481)» or a plain name."""
    text = cell_text(value).rsplit("|", 1)[-1]
    text = re.sub(r"\(?\b[a-z]{3}\d{6}\b\)?", " ", text)
    return cell_text(text) or None


def _participant_code(value: Cell) -> str | None:
    # «40 001»: a thousands separator of the sheet, no part of the code.
    text = cell_text(value).replace(" ", "")
    return text if text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and int(text) > 0 else None


def _task_score(value: Cell) -> int:
    text = cell_text(value)
    if not text:
        return TaskCode.BLANK
    found = number(text)
    if found is not None:
        return int(found) if found.is_integer() and 0 <= found <= HIGHEST_TASK_SCORE else TaskCode.INVALID
    if cyrillic(text).upper() == "Х":
        return TaskCode.NOT_ATTEMPTED
    return TaskCode.NOT_TAUGHT if _NOT_TAUGHT.fullmatch(text) else TaskCode.INVALID


def _total(value: Cell) -> int | None:
    text = cell_text(value)
    if not text:
        return None
    found = number(text)
    if found is None or not found.is_integer() or not 0 <= found <= HIGHEST_TOTAL:
        return _FAULTY_NUMBER
    return int(found)


def _mark(value: Cell) -> int | None:
    text = cell_text(value)
    if not text or _NO_MARK.fullmatch(text):
        return None
    found = number(text)
    return int(found) if found in {2.0, 3.0, 4.0, 5.0} else _FAULTY_NUMBER


def _variant(value: Cell) -> str:
    text = cell_text(value)
    if not text:
        return ""
    if _ABSENT.fullmatch(text):
        return _ABSENT_VARIANT
    found = number(text)
    return str(int(found)) if found is not None and found.is_integer() and 0 <= found < 1000 else _FAULT


def _sex(value: Cell) -> str | None:
    text = cell_text(value).lower()
    if not text:
        return None
    return {"м": "м", "ж": "ж", "муж": "м", "жен": "ж", "муж.": "м", "жен.": "ж", "m": "м"}.get(text, _FAULT)


def class_label(value: Cell, grades: set[str]) -> str | None:
    """Return a class label: «б», «4Б», «4 "Б"» → «Б»; the bare grade and «нет» → «нет»; empty → None; else «?»."""
    text = cell_text(value)
    if not text:
        return None
    if text.lower() in {"нет", "-", "–"} or text in grades:
        return "нет"
    match = _CLASS.fullmatch(text)
    if match is None:
        return _FAULT
    label = cyrillic(match[2]).upper()
    if match[1] is None:
        return label or _FAULT
    return label if match[1] in grades and label else match[1] + label
