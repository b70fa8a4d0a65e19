"""A cell of a register → the value to store, by the type, range and list of its column; or what is wrong with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Final

from oko_pipeline.catalogue.records import RecordColumn
from oko_pipeline.catalogue.subjects import find_subject, subjects
from oko_pipeline.collection.forms.text_guard import TEXT_LIMIT, guard_text
from oko_pipeline.collection.headers import cell_text, folded_text, number
from oko_pipeline.collection.layout import Cell

Value = str | int | float | bool | None

YES_RU: Final = "да"
NO_RU: Final = "нет"
YEARS_BEFORE: Final = 10
YEARS_AFTER: Final = 6
"""A date is plausible within so many years before and after the school year; `minimum` and `maximum` of a date column
are such years, the first one negative."""
FIRST_GRADE: Final = 1
LAST_GRADE: Final = 11

_YES: Final = frozenset({"да", "+", "1", "true", "истина", "есть", "имеется", "yes", "v", "✓", "да."})
_NO: Final = frozenset({"нет", "-", "–", "—", "0", "false", "ложь", "отсутствует", "no", "нет."})
_BLANK: Final = frozenset({"", "-", "–", "—", "н/д", "нет данных", "не заполнено"})
_EXCEL_ERROR: Final = re.compile(r"#(?:N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|Н/Д|ДЕЛ/0!|ССЫЛКА!|ЗНАЧ!|ИМЯ\?|ЧИСЛО!)")
_GRADE: Final = re.compile(r"(\d{1,2})\s*[-«\"]?\s*(?:[а-я]|класс\w*|кл\.?)?[»\"]?", re.IGNORECASE)
_LINK: Final = re.compile(
    r"https?://[^\s<>\"]+|(?:www\.)?(?:[\w-]+\.)+(?:ru|рф|su|com|org|net|info|edu)(?:/\S*)?", re.IGNORECASE
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{2}|\d{4})(?:\s*г\.?(?:ода)?)?(?:\s+\d{1,2}:\d\d.*)?")
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_IN_WORDS: Final = re.compile(r"«?(\d{1,2})»?\s+([а-я]+)\.?\s+(\d{4})(?:\s*г\.?(?:ода)?)?")
_MONTHS: Final = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_GREATEST: Final = 1e12
"""No count or sum of a school is greater: the cell holds a document's number or a slip."""
_SERIALS: Final = range(20_000, 80_000)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a cell. `hides_value` tells that no finding may show what stands there."""

    rule_id: str
    message: str
    expected: str
    hides_value: bool = False


Parsed = tuple[Value, tuple[Fault, ...]]
ValueReader = Callable[[Cell], Parsed]


_readers: dict[tuple[int, str], tuple[RecordColumn, ValueReader]] = {}


def value_reader(column: RecordColumn, school_year: str) -> ValueReader:
    """Return the reader of a column's cells; an empty cell is None without a fault.

    Readers are kept: the forms of a year have the same columns and largely the same answers.

    Args:
        column: a stored column.
        school_year: the year against which dates are judged.
    """
    # Columns hold lists and so have no hash; the column is kept beside its reader, so its id stays its own.
    known = _readers.get((id(column), school_year))
    if known is None:
        known = _readers[id(column), school_year] = column, _new_reader(column, school_year)
    return known[1]


def _new_reader(column: RecordColumn, school_year: str) -> ValueReader:
    expected = expected_ru(column, school_year)
    read = _by_type(column, school_year, expected)
    blank = _BLANK - frozenset(_choices(column)) if column.type != "boolean" else frozenset[str]()

    @lru_cache(maxsize=1024, typed=True)
    def cached(value: Cell) -> Parsed:
        text = folded_text(value)
        if not text or text in blank:
            return None, ()
        if text.startswith("#") and _EXCEL_ERROR.match(text.upper()):
            return None, (Fault("record.formula_error", "в ячейке ошибка формулы", expected),)
        return read(value)

    return cached


def _by_type(column: RecordColumn, school_year: str, expected: str) -> ValueReader:
    if column.choices:
        known = _choices(column)
        is_integer = column.type in {"integer", "grade"}

        def choice(value: Cell) -> Parsed:
            code = known.get(_choice_key(value))
            if code is None:
                return None, (Fault("record.choice", "значения нет в списке", expected),)
            return int(code) if is_integer else code, ()

        return choice
    readers: dict[str, Callable[[RecordColumn, str, str], ValueReader]] = {
        "text": _text_reader,
        "integer": _number_reader,
        "number": _number_reader,
        "percent": _number_reader,
        "boolean": _boolean_reader,
        "date": _date_reader,
        "subject": _subject_reader,
        "grade": _grade_reader,
        "link": _link_reader,
    }
    return readers[column.type](column, school_year, expected)


def _choice_key(value: Cell) -> str:
    return " ".join(folded_text(value).strip(" .;,«»\"'").split())


def _choices(column: RecordColumn) -> dict[str, str]:
    known = {_choice_key(code): code for code in column.choices}
    return known | {_choice_key(label): code for code, label in column.choices.items()}


def _text_reader(column: RecordColumn, _year: str, expected: str) -> ValueReader:
    limit = int(column.maximum or TEXT_LIMIT)

    def read(value: Cell) -> Parsed:
        text = cell_text(value.date() if isinstance(value, datetime) else value)
        if len(text) > limit:
            message = f"текст длиной {len(text)} знаков: свободный текст не принимается"
            return None, (Fault("record.text_long", message, expected, hides_value=True),)
        guarded = guard_text(text)
        if not guarded.kinds:
            return text, ()
        rule_id = "record.name_removed" if guarded.kinds[-1].startswith("фамилия") else "record.contact_removed"
        message = f"в тексте {', '.join(guarded.kinds)}: это удалено"
        return guarded.text, (Fault(rule_id, message, "текст без персональных данных", hides_value=True),)

    return read


def _number_reader(column: RecordColumn, _year: str, expected: str) -> ValueReader:
    low, high = limits(column)
    is_integer = column.type == "integer"

    def read(value: Cell) -> Parsed:
        found = number(value)
        if found is None or not isfinite(found):
            return None, (Fault("record.not_a_number", "в ячейке не число", expected),)
        if is_integer and not found.is_integer():
            return None, (Fault("record.not_whole", "число не целое", expected),)
        if (low is not None and found < low) or (high is not None and found > high) or abs(found) > _GREATEST:
            return None, (Fault("record.range", "число вне допустимых границ", expected),)
        return int(found) if is_integer else found, ()

    return read


def _boolean_reader(_column: RecordColumn, _year: str, expected: str) -> ValueReader:
    def read(value: Cell) -> Parsed:
        text = folded_text(value)
        if text in _YES:
            return True, ()
        if text in _NO:
            return False, ()
        return None, (Fault("record.boolean", "в ячейке не «да» и не «нет»", expected),)

    return read


def _date_reader(column: RecordColumn, school_year: str, expected: str) -> ValueReader:
    first, last = date_window(column, school_year)

    def read(value: Cell) -> Parsed:
        found = any_date(value)
        if found is None:
            return None, (Fault("record.not_a_date", "в ячейке не дата", expected),)
        if not first <= found <= last:
            return None, (Fault("record.date_implausible", "дата далека от учебного года формы", expected),)
        return found.isoformat(), ()

    return read


def _subject_reader(_column: RecordColumn, _year: str, expected: str) -> ValueReader:
    def read(value: Cell) -> Parsed:
        text = cell_text(value)
        if text in subjects():
            return text, ()
        found = find_subject(text)
        if found is None:
            return None, (Fault("record.subject_unknown", "предмета нет в списке", expected),)
        return found.subject_code, ()

    return read


def _grade_reader(column: RecordColumn, _year: str, expected: str) -> ValueReader:
    low, high = grade_limits(column)

    def read(value: Cell) -> Parsed:
        match = _GRADE.fullmatch(folded_text(value))
        if match is None or not low <= int(match[1]) <= high:
            return None, (Fault("record.grade", "класс указан неверно", expected),)
        return int(match[1]), ()

    return read


def is_address(column: RecordColumn) -> bool:
    """Tell whether a link column holds web addresses; the others hold numbers and codes of other registers' rows."""
    return column.type == "link" and column.name.endswith("link")


def _link_reader(column: RecordColumn, _year: str, expected: str) -> ValueReader:
    of_addresses = is_address(column)

    def read(value: Cell) -> Parsed:
        text = cell_text(value)
        parts = [part.strip() for part in text.split(";") if part.strip()]
        if of_addresses:
            is_sound = all(_LINK.fullmatch(part) for part in parts) and len(text) <= 2000
        else:
            is_sound = len(text) <= 200 and not guard_text(text).kinds
        if not is_sound:
            return None, (
                Fault(
                    "record.link",
                    f"в ячейке не {'ссылка' if of_addresses else 'номер строки'}",
                    expected,
                    hides_value=True,
                ),
            )
        return "; ".join(parts) or None, ()

    return read


def limits(column: RecordColumn) -> tuple[float | None, float | None]:
    """Return the least and greatest number of a column; per cents lie between 0 and 100 unless it says otherwise."""
    low, high = column.minimum, column.maximum
    if column.type == "percent":
        return 0.0 if low is None else low, 100.0 if high is None else high
    return low, high


def grade_limits(column: RecordColumn) -> tuple[int, int]:
    """Return the lowest and highest grade of a column."""
    return int(FIRST_GRADE if column.minimum is None else column.minimum), int(column.maximum or LAST_GRADE)


def date_window(column: RecordColumn, school_year: str) -> tuple[date, date]:
    """Return the first and last plausible date of a column, counted in years from the school year."""
    start = int(school_year[:4])
    before = -YEARS_BEFORE if column.minimum is None else int(column.minimum)
    after = YEARS_AFTER if column.maximum is None else int(column.maximum)
    return date(start + before, 9, 1), date(start + 1 + after, 8, 31)


def any_date(value: Cell) -> date | None:
    """Return the date in a cell: a date, Excel's number of a day, «1.09.2025», «2025-09-01», «1 сентября 2025 г.»."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        is_day = float(value).is_integer() and int(value) in _SERIALS
        return _EXCEL_EPOCH + timedelta(days=int(value)) if is_day else None
    return _written_date(folded_text(value))


def _written_date(text: str) -> date | None:
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
        return _date(year, int(match[2]), int(match[1]))
    if (match := _YEAR_FIRST.fullmatch(text)) is not None:
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if (match := _IN_WORDS.fullmatch(text)) is not None:
        month = next((place for place, start in enumerate(_MONTHS, 1) if match[2].startswith(start)), 0)
        return _date(int(match[3]), month, int(match[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def expected_ru(column: RecordColumn, school_year: str) -> str:
    """Return in Russian what a column takes, for findings, instructions and messages of the workbook."""
    if column.choices:
        labels = "; ".join(f"«{label}»" for label in column.choices.values())
        return f"одно из: {labels}" if len(labels) <= 160 else "значение из выпадающего списка"
    if column.type == "date":
        first, last = date_window(column, school_year)
        # No day is named: in a finding it would look like a date of birth.
        return f"дата с сентября {first.year} по август {last.year} года"
    if column.type == "grade":
        low, high = grade_limits(column)
        return f"класс от {low} до {high}"
    if column.type == "text":
        return f"текст не длиннее {counted_signs(int(column.maximum or TEXT_LIMIT))}"
    plain = {
        "boolean": "да или нет",
        "subject": "предмет из списка",
        "link": "ссылка вида https://…" if is_address(column) else "номер или код; несколько — через «;»",
    }
    return plain.get(column.type) or _range_ru(column)


def counted_signs(count: int) -> str:
    """Return «501 знака», «500 знаков» (genitive, as after «не длиннее»)."""
    return f"{count} {'знака' if count % 10 == 1 and count % 100 != 11 else 'знаков'}"


def _range_ru(column: RecordColumn) -> str:
    noun = "целое число" if column.type == "integer" else "число"
    low, high = limits(column)
    if low is not None and high is not None:
        return f"{noun} от {decimal_ru(low)} до {decimal_ru(high)}"
    if low is not None:
        return f"{noun} не меньше {decimal_ru(low)}"
    return f"{noun} не больше {decimal_ru(high)}" if high is not None else noun


def decimal_ru(value: float) -> str:
    """Return a number with a decimal comma, without needless zeros."""
    return f"{value:.10g}".replace(".", ",")
