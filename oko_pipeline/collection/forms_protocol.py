"""The blank protocol of a diagnostic work that a municipality hands out; `layouts.diagnostic_protocol` reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from oko_pipeline.catalogue.campaigns import diagnostic_procedures
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.collection.layouts.diagnostic_protocol import LABELS, TASK_MAXIMA
from oko_pipeline.collection.plain_books import PLAIN_TEXTS
from oko_pipeline.errors import CatalogueError
from oko_pipeline.works import TaskHeader

BLANK_ROWS: Final = 200
# A list in a rule has at most 255 characters.
_LONGEST_LIST: Final = 60
_BEFORE: Final = ("Логин ОО", "Класс", "Код участника", "Пол", "Вариант")
_AFTER: Final = ("Итого баллов", "Отметка", "Отметка по журналу")
_GUIDE: Final = (
    "Как заполнить протокол",
    "Проверьте шапку листа «Протокол»: по ней узнаются работа, период и шкала. Незаполненное впишите.",
    "Одна строка — один участник. Код участника — число, уникальное в школе; фамилии и имена не указываются.",
    "Баллы — целые числа от 0 до максимума задания. Не приступал к заданию — X; тема не пройдена — «не пройд.».",
    "Отсутствовал — впишите «отсутствовал» в столбец «Вариант», баллы оставьте пустыми.",
    "Итог считается сам. Отметку ставьте, только если она выставлена; при шкале в шапке она будет проверена.",
    "Несколько работ одного периода по одному предмету и классу различаются номером работы.",
    "Заполненный файл положите во входящую папку без изменения заголовков.",
)


@dataclass(frozen=True, slots=True)
class ProtocolHead:
    """What the head of a protocol says. `held_on` and the scale may be left for those who fill it in.

    `work` is a number or a short Latin name; `municipality` is like «reg99_m101 | Верхнеский район»; `school` is like
    «edu990404 МБОУ СОШ № 4», None for a protocol with schools in its rows; `scale` has the least scores of «3», «4»,
    «5».
    """

    procedure_code: str
    school_year: str
    subject_code: str
    grade: int
    held_on: date | None = None
    level: str = "base"
    work: str = ""
    municipality: str = ""
    school: str | None = None
    scale: tuple[int, int, int] | None = None


def write_protocol_form(path: Path, head: ProtocolHead, tasks: Sequence[TaskHeader], rows: int = BLANK_ROWS) -> None:
    """Write the blank protocol of a diagnostic work: head, tasks with maxima, rows with lists, limits and totals.

    Args:
        path: the .xlsx to write.
        head: the work.
        tasks: its tasks; each needs a code and a maximum.
        rows: rows for participants.

    Raises:
        CatalogueError: for an unknown procedure or subject, no tasks, or a task without code or maximum.
    """
    _require(head, tasks)
    before = _BEFORE if head.school is None else _BEFORE[1:]
    with xlsxwriter.Workbook(str(path), PLAIN_TEXTS) as workbook:
        # The day is part of the bytes: the first one of the school year, not today.
        workbook.set_properties({"created": datetime(int(head.school_year[:4]), 9, 1)})  # noqa: DTZ001
        bold = workbook.add_format({"bold": True})
        locked = workbook.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDE6F0", "border": 1})
        free = workbook.add_format({"locked": False, "border": 1})
        day = workbook.add_format({"locked": False, "border": 1, "num_format": "dd.mm.yyyy"})
        sheet = workbook.add_worksheet("Протокол")
        sheet.write(0, 0, "Протокол диагностической работы", bold)
        values = _head_values(head, tasks)
        for row, (name, label) in enumerate(LABELS.items(), 1):
            sheet.write(row, 0, label, bold)
            value = values[name]
            if isinstance(value, date):
                sheet.write_datetime(row, 1, datetime.combine(value, time()), day)
            else:
                sheet.write(row, 1, value, day if name == "held_on" else free)
        header = len(LABELS) + 3
        sheet.write(header - 1, len(before) - 1, TASK_MAXIMA, bold)
        labels = [*before, *(f"{task.task_code} ({task.maximum_score}б)" for task in tasks), *_AFTER]
        for column, text in enumerate(labels):
            sheet.write(header, column, text, locked)
        for column, task in enumerate(tasks, len(before)):
            sheet.write(header - 1, column, task.maximum_score)
        first, last = header + 1, header + rows
        _write_rows(sheet, (first, last), (len(before), len(tasks)), {"free": free, "locked": locked})
        _add_limits(sheet, (first, last), before, tasks)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, len(labels), 12)
        sheet.freeze_panes(first, len(before))
        sheet.protect("", {"format_columns": True, "sort": True, "autofilter": True, "delete_rows": True})
        guide = workbook.add_worksheet("Инструкция")
        guide.set_column(0, 0, 110)
        for row, line in enumerate(_GUIDE):
            guide.write(row, 0, line, bold if row == 0 else None)


def _require(head: ProtocolHead, tasks: Sequence[TaskHeader]) -> None:
    if head.procedure_code not in diagnostic_procedures():
        raise CatalogueError(f"В каталоге нет процедуры «{head.procedure_code}».")
    if head.subject_code not in subjects():
        raise CatalogueError(f"В каталоге нет предмета «{head.subject_code}».")
    if not tasks or any(task.task_code is None or task.maximum_score is None for task in tasks):
        raise CatalogueError("Для бланка протокола нужны задания, у каждого номер и максимальный балл.")


def _head_values(head: ProtocolHead, tasks: Sequence[TaskHeader]) -> Mapping[str, str | int | date]:
    bounds = head.scale or ("", "", "")
    return {
        "procedure": diagnostic_procedures()[head.procedure_code].title_ru,
        "school_year": head.school_year,
        "subject": subjects()[head.subject_code].name_ru,
        "grade": head.grade,
        "level": "углублённый" if head.level == "advanced" else "базовый",
        "held_on": head.held_on or "",
        "work": head.work,
        "municipality": head.municipality,
        "school": head.school or "",
        "minimum_3": bounds[0],
        "minimum_4": bounds[1],
        "minimum_5": bounds[2],
        "maximum": sum(task.maximum_score or 0 for task in tasks),
    }


def _write_rows(
    sheet: Worksheet,
    lines: tuple[int, int],
    extent: tuple[int, int],
    formats: Mapping[str, Format],
) -> None:
    (first, last), (start, count) = lines, extent
    for row in range(first, last + 1):
        for column in (*range(start + count), start + count + 1, start + count + 2):
            sheet.write_blank(row, column, None, formats["free"])
        area = f"{xl_rowcol_to_cell(row, start)}:{xl_rowcol_to_cell(row, start + count - 1)}"
        # Empty until a score stands: a prepared row must not look like a work with 0 points.
        formula = f'=IF(COUNT({area})=0,"",SUM({area}))'
        sheet.write_formula(row, start + count, formula, formats["locked"], "")  # pyright: ignore[reportArgumentType]


def _add_limits(sheet: Worksheet, lines: tuple[int, int], before: Sequence[str], tasks: Sequence[TaskHeader]) -> None:
    first, last = lines
    start, end = len(before), len(before) + len(tasks)
    for column, task in enumerate(tasks, start):
        if (task.maximum_score or 0) > _LONGEST_LIST:
            continue
        scores = [str(score) for score in range((task.maximum_score or 0) + 1)]
        rule = {
            "validate": "list",
            "source": [*scores, "X", "не пройд."],
            "error_message": f"Целый балл от 0 до {task.maximum_score}, X или «не пройд.».",
        }
        sheet.data_validation(first, column, last, column, rule)
    code = before.index("Код участника")
    sheet.data_validation(
        first, code, last, code, {"validate": "integer", "criteria": ">", "value": 0, "error_message": "Код — число."}
    )
    sex = before.index("Пол")
    sheet.data_validation(first, sex, last, sex, {"validate": "list", "source": ["м", "ж"]})
    for column in (end + 1, end + 2):
        sheet.data_validation(first, column, last, column, {"validate": "list", "source": ["2", "3", "4", "5"]})
