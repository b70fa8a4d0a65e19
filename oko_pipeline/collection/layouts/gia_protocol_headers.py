"""What stands above and beside the rows of an exam protocol: titles, exams, column heads, furniture of the page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from oko_pipeline.catalogue.exams import GVE_CODES_FROM, ExamSubject, exam_number, find_exam_subject
from oko_pipeline.collection.headers import cell_text, folded_text
from oko_pipeline.collection.layout import Cell, Sheet

COLUMNS: Final = {
    "number": r"№( п/п)?|п/п|n",
    "municipality": r"код мсу|governmentcell|код ато|код ате",
    "school": r"код оо|код оу|код школы|schoolcode|код образовательной организации",
    "class": r"класс|classcode",
    "station": r"(код )?ппэ|stationcode",
    "auditorium": r"аудитория|auditoriumcode",
    "full_name": r"фамилия,? имя,? отчество|фио|ф\.\s?и\.\s?о\.|участник",
    "surname": r"фамилия|surnamecell|surname",
    "name": r"имя|namecell|name",
    "patronymic": r"отчество|secondnamecell|secondname",
    "series": r"серия( документа)?|documentseriescode",
    "document_number": r"номер( документа)?|documentnumbercode",
    "document": r"документ|паспорт|серия и номер( документа)?",
    "participant": r"код участника|код регистрации.*|гос\.? ?номер",
    "variant": r"вариант|variantcode|серия вариантов",
    "category": r"категория( участника)?",
    "status": r"статус|состояние|результат|processcondition",
    "choice": r"(задания|часть) с выбором ответа|testresultacell",
    "short": r"(задания|часть|ответы) (с кратким ответом|в краткой форме)|testresultbcell",
    "extended": r"(задания|часть|ответы) (с развернутым ответом|в развернутой форме)|testresultccell",
    "oral": r"устная часть|testresultdcell",
    "oral_score": r"первичный балл устн\w*\.?( части)?",
    "written_score": r"первичный балл письм\w*\.?( части)?",
    "primary": r"(общий )?первичный балл|primarymark",
    "test": r"(тестовый|итоговый) балл|балл|mark100",
    "mark": r"(итоговая )?(оценка|отметка)|mark5",
    "year_mark": r"годовая (оценка|отметка)",
    "subject_code": r"subjectcode",
}
PATTERNS: Final = {name: re.compile(pattern) for name, pattern in COLUMNS.items()}
_DATE: Final = re.compile(r"(?<!\d)(20\d\d)[.\-](\d{2})[.\-](\d{2})(?!\d)|(?<!\d)(\d{2})\.(\d{2})\.(20\d\d)(?!\d)")
_FURNITURE: Final = re.compile(
    r"(средн|минимальн|максимальн|всего|итого|страниц|стр\.|лист \d|page|дата |председател|руководител|ответственн|"
    r"подпис|м\.\s?п|член|протокол|получен|отч[её]т|сформирован|выгружен|утвержд|наименование|субъект|"
    r"\d{1,2} ?- ?[а-яё]|\d+ (из|of|/) \d+|\d{2}\.\d{2}\.\d{4})"
)
_COUNT_LABEL: Final = re.compile(r"всего участников|количество участников|итого участников")
_GVE: Final = re.compile(r"\bгвэ\b|государственн\w+ выпускн\w+ экзамен|выпускного экзамена")
_OGE: Final = re.compile(r"\bогэ\b|\bоснов\w+ государственн|\bгиа-?9\b")
_EGE: Final = re.compile(r"\bк?егэ\b|един\w+ государственн|\bгиа-?11\b")


Fields = dict[str, Cell]
"""Cells of a row by field; a field without a column is missing."""


@dataclass(frozen=True, slots=True)
class ExamTitle:
    """An exam as a header names it: subject by name, number of РИС, dates of the written and the oral part."""

    subject: ExamSubject
    number: int | None
    held_on: date
    row: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Heads:
    """A row of column heads: 0-based index of the row, first and end column of every field."""

    row: int
    spans: dict[str, tuple[int, int]]

    def has(self, *names: str) -> bool:
        """Tell whether all these fields have a column."""
        return all(name in self.spans for name in names)

    def fields(self, row: list[Cell]) -> Fields:
        """Return the first filled cell under every head, None under an empty one.

        Sparse exports put a value beside its merged head, so a head owns all cells up to the next one.
        """
        found: Fields = {}
        for name, (start, end) in self.spans.items():
            value = row[start]
            if (value is None or value == "") and end - start > 1:
                value = next((one for one in row[start + 1 : end] if one is not None and one != ""), None)
            found[name] = None if value == "" else value
        return found

    def column(self, name: str) -> int | None:
        """Return the 0-based column of a field."""
        return self.spans[name][0] if name in self.spans else None


def find_dates(text: str) -> list[date]:
    """Return the dates in a text, «2022.06.27» or «27.06.2022», in their order; impossible ones are left out."""
    found: list[date] = []
    for match in _DATE.finditer(text):
        year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def exam_title(row: list[Cell], row_index: int) -> ExamTitle | None:
    """Return the exam that a row names: one filled cell with a subject and a date («04 - Химия 2026.06.01»)."""
    filled = [(column, value) for column, value in enumerate(row) if value not in {None, ""}]
    if len(filled) != 1 or not isinstance(filled[0][1], str):
        return None
    column, text = filled[0][0], cell_text(filled[0][1])
    return named_exam(text, row_index, column)


def named_exam(text: str, row_index: int, column: int) -> ExamTitle | None:
    """Return the exam that a text names by subject and date, «Математика(2026.06.02)»; None without either."""
    dates = find_dates(text)
    subject = find_exam_subject(_DATE.sub(" ", text)) if dates else None
    if subject is None:
        return None
    return ExamTitle(subject, exam_number(text), dates[0], row_index, column, text)


_finders: dict[int, Callable[[str], str | None]] = {}


def _field_finder(patterns: Mapping[str, re.Pattern[str]]) -> Callable[[str], str | None]:
    """Return what tells the field that a text heads; texts repeat in files by the hundred, so answers are kept."""
    found = _finders.get(id(patterns))
    if found is None:

        @lru_cache(maxsize=8192)
        def field_of(text: str) -> str | None:
            return next((name for name, pattern in patterns.items() if pattern.fullmatch(text)), None)

        # The function holds the patterns, so nothing else can get their id.
        found = _finders[id(patterns)] = field_of
    return found


def column_heads(
    row: list[Cell],
    row_index: int,
    second: list[Cell] | None = None,
    patterns: Mapping[str, re.Pattern[str]] = PATTERNS,
) -> Heads | None:
    """Return the heads of a row of columns; None when it has none.

    A head's span ends where the next filled head begins, so values beside a merged head are found.

    Args:
        row: cells of the row.
        row_index: its 0-based index.
        second: the row below, for heads of two rows: its texts stand in place of those above.
        patterns: fields and the whole texts (lower case, «е» for «ё») of their heads; the first that fits wins.
    """
    texts = [folded_text(value) for value in row]
    if second is not None:
        below = [folded_text(value) for value in second]
        texts = [lower or upper for upper, lower in zip(texts, below, strict=False)]
    filled = [column for column, text in enumerate(texts) if text]
    field_of = _field_finder(patterns)
    spans: dict[str, tuple[int, int]] = {}
    for place, column in enumerate(filled):
        end = filled[place + 1] if place + 1 < len(filled) else len(texts)
        field = field_of(texts[column])
        if field is not None and field not in spans:
            spans[field] = (column, end)
    return Heads(row_index, spans) if spans else None


def is_protocol(heads: Heads) -> bool:
    """Tell whether columns are those of an exam protocol: school, person, primary score and a result or mask.

    A table with a subject in every row is a dump of РИС, not a protocol.
    """
    if heads.has("subject_code"):
        return False
    has_person = heads.has("surname") or heads.has("full_name") or heads.has("participant")
    has_result = any(heads.has(name) for name in ("test", "mark", "short", "extended"))
    return heads.has("school", "primary") and has_person and has_result


def protocol_heads(sheet: Sheet, limit: int = 30) -> Heads | None:
    """Return the first heads of a protocol within the first rows of a sheet."""
    for index, row in enumerate(sheet.rows[:limit]):
        # Most rows are dismissed before any pattern is tried.
        if not any(isinstance(value, str) and len(value) > 3 for value in row):
            continue
        heads = column_heads(row, index)
        if heads is not None and is_protocol(heads):
            return heads
    return None


def is_furniture(row: list[Cell]) -> bool:
    """Tell whether a row is a footer, a signature, a page number or a title: its first text says so."""
    texts = [folded_text(value) for value in row if value not in {None, ""}]
    return bool(texts) and any(_FURNITURE.match(text) for text in texts[:2])


def stated_count(row: list[Cell]) -> int | None:
    """Return the number of participants that a footer states («Всего участников; ;11»); None in other rows."""
    texts = [folded_text(value) for value in row if value not in {None, ""}]
    if not texts or not _COUNT_LABEL.match(texts[0]):
        return None
    numbers = [int(text) for text in texts[1:] if text.isdigit()] or [
        int(digits) for digits in re.findall(r"\d+", texts[0])
    ]
    return numbers[0] if numbers else None


def exam_kind(titles: str, exam: ExamTitle, heads: Heads, grades: list[str]) -> str:
    """Return the kind of an exam: by the titles above, the number of РИС, the level, the columns, the classes.

    Args:
        titles: texts of the rows above the columns.
        exam: the exam's own header.
        heads: the columns: a test score stands only in ЕГЭ.
        grades: classes of the participants.
    """
    text = f"{folded_text(titles)} {folded_text(exam.text)}"
    is_senior = sum(grade.startswith(("11", "12", "10")) for grade in grades) * 2 > len(grades)
    if _GVE.search(text) or (exam.number is not None and exam.number >= GVE_CODES_FROM):
        return "gve11" if is_senior else "gve9"
    if _OGE.search(text):
        return "oge"
    if _EGE.search(text) or exam.subject.level != "main" or heads.has("test"):
        return "ege"
    return "ege" if is_senior and not heads.has("mark") else "oge"
