"""Protocol of a diagnostic work or a mock exam: a head with procedure, subject, grade, date, scale; pupils below.

The works are the same as those of ВПР, with tasks and a scale of their own. Where several works are held in a season,
the head tells them apart: by the number of the work, by the school (its own work), by the municipality.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from oko_pipeline.catalogue.campaigns import campaigns, diagnostic_campaign_code, diagnostic_procedures
from oko_pipeline.catalogue.keys import AssessmentKey, school_code_from_login
from oko_pipeline.catalogue.scales import bound_faults
from oko_pipeline.catalogue.subjects import find_subject
from oko_pipeline.catalogue.tables import SCALE_BOUNDS
from oko_pipeline.collection.aggregates import cell_at, typed_rows
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import (
    HeaderRow,
    cell_text,
    find_header,
    folded_text,
    parse_task_header,
    whole_number,
)
from oko_pipeline.collection.identity import path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.municipalities import parse_municipality
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, filled_rows, read_pupils
from oko_pipeline.collection.titles import find_level, parse_date
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.works import TaskHeader

CODE: Final = "diagnostic_protocol"
LABELS: Final = {
    "procedure": "Процедура",
    "school_year": "Учебный год",
    "subject": "Предмет",
    "grade": "Класс",
    "level": "Уровень",
    "held_on": "Дата проведения",
    "work": "Номер работы",
    "municipality": "Муниципалитет",
    "school": "Школа",
    "minimum_3": "Отметка «3» с балла",
    "minimum_4": "Отметка «4» с балла",
    "minimum_5": "Отметка «5» с балла",
    "maximum": "Максимальный балл работы",
}
"""Labels of the head; the value stands in the next cell or behind a colon."""

TASK_MAXIMA: Final = "Максимальный балл"
"""Label of the row above the table that holds the maxima of tasks, where their headers do not."""

_LABEL_PATTERNS: Final = {
    "procedure": r"процедура|вид (работы|процедуры)",
    "school_year": r"учебный год",
    "subject": r"предмет",
    "grade": r"класс|параллель",
    "level": r"уровень( изучения)?",
    "held_on": r"дата( проведения)?",
    "work": r"(номер|код|№) работы",
    "municipality": r"муниципалитет|муниципальное образование|мсу",
    "school": r"школа|оо|образовательная организация|логин оо",
    "minimum_3": r"(отметка )?3 с( балла)?",
    "minimum_4": r"(отметка )?4 с( балла)?",
    "minimum_5": r"(отметка )?5 с( балла)?",
    "maximum": r"максимальный (первичный )?балл работы",
}
_CODE: Final = r"код\s+(участника|обучающегося|ученика)"
_TOTAL: Final = r"итого(\s+баллов)?|всего\s+баллов|сумма\s+баллов|первичный\s+балл"
_SCHOOL_YEAR: Final = re.compile(r"(20\d\d)\s*[/–-]\s*(?:20)?(\d\d)")
_NOT_TASKS: Final = re.compile(r"\d{4}")


@dataclass(slots=True)
class _Head:
    """What the lines above the table say: by name of the label its value and the place (row, column) of the value."""

    values: dict[str, Cell] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return cell_text(self.values.get(name))


class DiagnosticProtocol:
    """Reads protocols of diagnostic works and mock exams."""

    code = CODE
    version = "1"
    title_ru = "Протокол диагностической работы"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by a head with procedure and subject above a table with codes of participants and a total."""
        return any(_found(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the works of a protocol, its scale into `scale_bounds`.

        Raises:
            UnreadableFileError: when the head does not tell the procedure (protocol.procedure_unknown), the date
                (protocol.date_unknown), subject or grade (file.assessment_unknown), or there are no columns of tasks
                (protocol.tasks_missing).
        """
        found = next((one for sheet in workbook.sheets if (one := _found(sheet)) is not None), None)
        if found is None:
            raise UnreadableFileError("file.unknown", "В файле нет протокола диагностической работы.")
        header, head = found
        key = _key(head, context)
        findings = CellFindings(context, header.sheet.name, str(key))
        _check_year(head, key, findings)
        columns = _columns(header, findings)
        indices, rows = filled_rows(header)
        pupils = [(index, row) for index, row in zip(indices, rows, strict=True) if _is_pupil(row, columns)]
        table = PupilTable(
            header,
            columns,
            [index for index, _ in pupils],
            [row for _, row in pupils],
            key,
            campaigns()[key.campaign_code],
            self.code,
            school_code=school_code_in(head.text("school")),
            school_of=_school_of,
        )
        if table.school_code is None and columns.school is None:
            raise UnreadableFileError(
                "file.school_unknown", "Ни шапка протокола, ни строки участников не называют логин школы."
            )
        reading = read_pupils(table, context) if pupils else Reading(school_year=table.campaign.school_year)
        maximum = _check_maximum(head, columns, findings)
        scale = _scale(head, key, maximum, findings)
        if scale is not None:
            reading.tables[SCALE_BOUNDS.name] = typed_rows(SCALE_BOUNDS, [scale])
        reading.findings += findings.all()
        return reading


def _found(sheet: Sheet) -> tuple[HeaderRow, _Head] | None:
    header = find_header(sheet, (_CODE, _TOTAL))
    if header is None:
        return None
    head = _head(sheet, header.row_index)
    return (header, head) if "procedure" in head.values and "subject" in head.values else None


def _head(sheet: Sheet, limit: int) -> _Head:
    head = _Head()
    for row, cells in enumerate(sheet.rows[:limit]):
        for column, value in enumerate(cells):
            text = cell_text(value)
            if not text:
                continue
            label, colon, rest = text.partition(":")
            name = _label(label)
            if name is not None and name not in head.values:
                is_beside = not (colon and rest.strip())
                following = cell_at(cells, column + 1) if is_beside else rest.strip()
                head.values[name] = following
                head.places[name] = (row, column + 1 if is_beside else column)
                break
    return head


def _label(text: str) -> str | None:
    folded = re.sub(r"[«»\"]", "", folded_text(text)).strip()
    return next((name for name, pattern in _LABEL_PATTERNS.items() if re.fullmatch(pattern, folded)), None)


def _key(head: _Head, context: SourceContext) -> AssessmentKey:
    procedure_code = _procedure(head)
    held_on = parse_date(head.values.get("held_on"))
    if held_on is None:
        raise UnreadableFileError(
            "protocol.date_unknown",
            f"Дата проведения не названа или не дата («{shown(head.values.get('held_on'))}»): период неизвестен.",
        )
    campaign_code = diagnostic_campaign_code(procedure_code, held_on, _work(head, procedure_code))
    if campaign_code not in campaigns():
        raise UnreadableFileError("file.year_unknown", f"Учебного года работы ({held_on:%d.%m.%Y}) нет в каталоге.")
    hints = path_hints(context.path)
    subject = find_subject(head.text("subject"))
    subject_code = subject.subject_code if subject else hints.subject_code
    match = re.match(r"(\d{1,2})(?!\d)", head.text("grade"))
    grade = int(match[1]) if match else hints.paper_grade
    if subject_code is None or grade is None or not 1 <= grade <= 11:
        missing = "предмет" if subject_code is None else "класс"
        name = "subject" if subject_code is None else "grade"
        raise UnreadableFileError(
            "file.assessment_unknown",
            f"В шапке протокола не понят {missing} («{shown(head.values.get(name))}»).",
        )
    return AssessmentKey(campaign_code, grade, subject_code, find_level(_level_text(head)) or "base")


def _level_text(head: _Head) -> str:
    text = head.text("level")
    return text if "уров" in text.lower() or not text else f"{text} уровень"


def _procedure(head: _Head) -> str:
    wanted = folded_text(head.values.get("procedure"))
    for procedure in diagnostic_procedures().values():
        if any(wanted.startswith(folded_text(name)) for name in procedure.names):
            return procedure.procedure_code
    raise UnreadableFileError(
        "protocol.procedure_unknown",
        f"Процедура «{shown(head.values.get('procedure'))}» не известна: нужна одна из "
        f"{', '.join(one.title_ru.lower() for one in diagnostic_procedures().values())}.",
    )


def _work(head: _Head, procedure_code: str) -> str:
    """Return what tells a work from others of its season: whose it is and its number."""
    parts: list[str] = []
    municipality = parse_municipality(head.values.get("municipality")).code
    if procedure_code == "school_diagnostics":
        parts.append(school_code_in(head.text("school")) or "")
    elif procedure_code == "municipal_diagnostics" and municipality is not None:
        parts.append(municipality)
    number = head.text("work").lower()
    if number:
        is_plain = re.fullmatch(r"[a-z0-9]{1,12}", number) is not None
        parts.append(number if is_plain else f"w{hashlib.sha256(number.encode()).hexdigest()[:6]}")
    return "_".join(part for part in parts if part)


def _check_year(head: _Head, key: AssessmentKey, findings: CellFindings) -> None:
    match = _SCHOOL_YEAR.search(head.text("school_year"))
    actual = campaigns()[key.campaign_code].school_year
    if match is not None and f"{match[1]}-20{match[2]}" != actual:
        row, column = head.places["held_on"]
        findings.add(
            "protocol.year_mismatch",
            f"В шапке {match[1]}-20{match[2]} учебный год, а дата проведения — из {actual}.",
            row + 1,
            column,
            value=head.text("held_on"),
            expected=f"дата {match[1]}-20{match[2]} учебного года",
            became=actual,
        )


def _columns(header: HeaderRow, findings: CellFindings) -> PupilColumns:
    tasks = _tasks(header, findings)
    if not tasks:
        raise UnreadableFileError("protocol.tasks_missing", "В протоколе нет ни одного столбца задания.")
    return PupilColumns(
        code=header.column(_CODE) or 0,
        total=header.column(_TOTAL) or 0,
        tasks=tasks,
        school=header.column(r"оо|логин(\s+оо|\s+школы)?|школа|код\s+оо"),
        school_name=header.column(r"название\s+(оо|школы)"),
        municipality=header.column(r"муниципалитет"),
        variants=tuple(header.columns("вариант")),
        sex=header.column("пол"),
        class_label=header.column(r"(буква\s+)?класс(а)?|наименование\s+класса"),
        journal_mark=header.column(r"отметка\s+(по\s+журналу|за\s+предыдущ.*)"),
        reported_mark=header.column(r"отметка(\s+за\s+работу)?"),
    )


def _tasks(header: HeaderRow, findings: CellFindings) -> tuple[tuple[int, TaskHeader], ...]:
    """Return the columns of tasks; maxima from their headers, else from the row «Максимальный балл» above or below."""
    maxima = _maxima_row(header)
    found: list[tuple[int, TaskHeader]] = []
    codes: set[str] = set()
    for column, text in enumerate(header.texts):
        parsed = None if _NOT_TASKS.fullmatch(text) else parse_task_header(text, needs_maximum=False)
        if parsed is None:
            continue
        code, maximum = parsed
        place = (header.row_index + 1, column)
        if code in codes:
            message = f"Задание {code} уже стоит в другом столбце."
            findings.add("protocol.task_repeated", message, *place, value=text, became="столбец не учтён")
            continue
        codes.add(code)
        if maximum is None:
            maximum = whole_number(cell_at(maxima, column))
        if maximum is None:
            expected = "целый балл, например «1 (2б)»"
            findings.add("protocol.task_maximum_missing", f"У задания {code} нет максимума.", *place, expected=expected)
        found.append((column, TaskHeader(len(found) + 1, code, maximum)))
    return tuple(found)


def _maxima_row(header: HeaderRow) -> Sequence[Cell]:
    rows = header.sheet.rows
    near = rows[max(0, header.row_index - 3) : header.row_index]
    wanted = TASK_MAXIMA.lower()
    return next((row for row in reversed(near) if any(folded_text(value) == wanted for value in row)), [])


def _is_pupil(row: Sequence[Cell], columns: PupilColumns) -> bool:
    """Tell a row that someone filled in from a prepared one, and from notes below the table."""
    named = (columns.code, columns.total, *columns.variants)
    return any(cell_text(cell_at(row, column)) for column in named) or all(
        cell_text(cell_at(row, column)) for column, _ in columns.tasks
    )


def _school_of(value: Cell) -> str | None:
    text = cell_text(value)
    return school_code_from_login(text) or school_code_in(text)


def _check_maximum(head: _Head, columns: PupilColumns, findings: CellFindings) -> int | None:
    """Return the maximum of the work: the sum of its tasks' maxima, else what the head says."""
    maxima = [task.maximum_score for _, task in columns.tasks]
    known = [maximum for maximum in maxima if maximum is not None]
    told = whole_number(head.values.get("maximum"))
    if len(known) < len(maxima):
        return told
    total = sum(known)
    if told is not None and told != total:
        row, column = head.places["maximum"]
        message = f"Максимум работы в шапке {told}, а сумма максимумов заданий {total}."
        findings.add("protocol.maximum_mismatch", message, row + 1, column, value=str(told), expected=str(total))
    return total


def _scale(head: _Head, key: AssessmentKey, maximum: int | None, findings: CellFindings) -> dict[str, object] | None:
    """Return the own scale of a work as a row of `scale_bounds`; None without one or with only a part of it."""
    names = ("minimum_3", "minimum_4", "minimum_5")
    bounds = [whole_number(head.values.get(name)) for name in names]
    if all(not head.text(name) for name in names):
        return None
    if any(bound is None for bound in bounds) or maximum is None:
        name = next((one for one, bound in zip(names, bounds, strict=True) if bound is None), "minimum_3")
        place = head.places.get(name) or next(head.places[one] for one in names if one in head.places)
        message = "Шкала указана не полностью: нужны наименьшие баллы «3», «4», «5» и максимумы заданий."
        findings.add("protocol.scale_incomplete", message, place[0] + 1, place[1], value=shown(head.values.get(name)))
        return None
    low, middle, high = (int(bound) for bound in bounds if bound is not None)
    faults = bound_faults(low, middle, high, maximum)
    if faults:
        row, column = head.places["minimum_3"]
        findings.add(
            "protocol.scale_refused",
            f"Шкала отвергнута: {'; '.join(faults)}.",
            row + 1,
            column,
            value=f"{low}, {middle}, {high}",
            expected=f"возрастающие баллы от 1 до {maximum}",
        )
    return {
        "source_row": head.places["minimum_3"][0] + 1,
        "year": campaigns()[key.campaign_code].year,
        "paper_grade": key.paper_grade,
        "subject_code": key.subject_code,
        "level": key.level,
        "minimum_3": low,
        "minimum_4": middle,
        "minimum_5": high,
        "maximum_score": maximum,
        "is_refused": bool(faults),
        "basis": None,
        "campaign_code": key.campaign_code,
    }
