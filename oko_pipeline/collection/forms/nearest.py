"""What an unknown file is most like, and why it is not that: said in the message, never acted upon.

Runs only for files that no layout recognises. Of a file's own texts only those are repeated that resemble a heading
they stand for: a row of data taken for headings must not carry anybody's name into a message.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from oko_pipeline.collection.forms.blocks import Candidate, candidates_at, likely_rows
from oko_pipeline.collection.forms.headings import normal_heading
from oko_pipeline.collection.forms.text_guard import holds_name
from oko_pipeline.collection.headers import HEADER_ROWS, cell_text, folded_text
from oko_pipeline.collection.layout import Cell, Sheet, Workbook
from oko_pipeline.quality import column_letter

_LEAST_SHARE: Final = 0.3
_LEAST_SCORE: Final = 0.15
_DEEP_ROWS: Final = 400
_SHEETS: Final = 12
_WIDTH: Final = 300
_SHOWN: Final = 8
_LONGEST: Final = 60
_LIKE: Final = 70.0
_STEM: Final = 5


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading as a message names it, and the pattern of a cell (lower case, «е» for «ё») that holds it."""

    text: str
    pattern: str

    def stands_in(self, texts: Sequence[str]) -> bool:
        found = _whole(self.pattern)
        return any(found.fullmatch(text) for text in texts)


@dataclass(frozen=True, slots=True)
class _Form:
    """A fixed layout: what it is recognised by, and what else it may hold."""

    title: str
    needed: tuple[_Heading, ...]
    others: str = ""

    def knows(self, text: str) -> bool:
        """Tell whether a text is one of its headings."""
        patterns = (*(heading.pattern for heading in self.needed), self.others)
        return any(_whole(pattern).fullmatch(text) for pattern in patterns)

    def explained(self, texts: Sequence[str]) -> float:
        """Return the share of the filled texts that are its headings."""
        filled = [text for text in texts if text]
        return sum(map(self.knows, filled)) / max(len(filled), 1)


@dataclass(frozen=True, slots=True)
class Nearest:
    """What a workbook is most like.

    Attributes:
        title: of the layout or register.
        sheet: the sheet of the headings.
        row: their 0-based row; with `is_column` their 0-based column.
        found: how many of the needed headings are there.
        missing: needed headings that are not there.
        explained: share of the row's texts that are its headings.
        renamed: of the missing ones those in whose place a similar text stands: heading → column and that text.
        is_split: the headings stand in two rows following each other.
        is_deep: they stand below the rows in which headings are looked for.
        is_column: they stand in a column, one below the other.
    """

    title: str
    sheet: str
    row: int
    found: int
    missing: tuple[str, ...]
    explained: float = 1.0
    renamed: dict[str, tuple[int, str]] = field(default_factory=dict)
    is_split: bool = False
    is_deep: bool = False
    is_column: bool = False

    @property
    def score(self) -> float:
        """Return how like it is, from 0 to 1: the share of needed headings times the share of texts explained."""
        return self.found / max(self.found + len(self.missing), 1) * self.explained

    @property
    def rank(self) -> tuple[float, int, int, bool]:
        """Return what makes one likeness better than another."""
        is_plain = not (self.is_split or self.is_deep or self.is_column)
        return round(self.score, 6), -len(self.missing), self.found, is_plain

    @property
    def message(self) -> str:
        """Return the sentences that tell what the file is like and why it is not read."""
        total = self.found + len(self.missing)
        place = f"столбец {column_letter(self.row)}" if self.is_column else f"строка {self.row + 1}"
        first = f"Больше всего похоже на «{self.title}»: найдено {self.found} из {total} нужных заголовков "
        parts = [f"{first}(лист «{self.sheet[:31]}», {place})"]
        parts += [
            f"вместо «{heading}» стоит «{text}» (ячейка {column_letter(column)}{self.row + 1})"
            for heading, (column, text) in self.renamed.items()
        ]
        lacking = [heading for heading in self.missing if heading not in self.renamed]
        if lacking:
            more = f" и ещё {len(lacking) - _SHOWN}" if len(lacking) > _SHOWN else ""
            parts.append(f"не найдены: {', '.join(f'«{one}»' for one in lacking[:_SHOWN])}{more}")
        if self.is_split:
            parts.append(f"заголовки разошлись по строкам {self.row + 1} и {self.row + 2}, а должны стоять в одной")
        if self.is_deep:
            parts.append(f"заголовки ищутся в первых {HEADER_ROWS} строках листа: удалите лишние строки над таблицей")
        if self.is_column:
            parts.append("заголовки стоят в столбце, а должны стоять в строке: разверните таблицу")
        return "; ".join(parts) + "."


def _form(title: str, needed: Sequence[str | tuple[str, str]], others: str = "") -> _Form:
    headings = (one if isinstance(one, tuple) else (one, re.escape(folded_text(one))) for one in needed)
    return _Form(title, tuple(_Heading(text, pattern) for text, pattern in headings), others)


_SCORES: Final = r"\d{1,2}\D{0,12}(?:\d{1,2}\D{0,8})?|балл за \d+|a-\d+-grade"
_PEOPLE: Final = r"кол-?\s?во участников|количество участников|участников"
_KNOWN: Final = (
    _form(
        "Выгрузка результатов ВПР, осень 2020",
        ("user", "code", "sum", "var-1", "a-1-grade"),
        rf"groups|id|otc|gender|klass|var-\d|учебник|{_SCORES}",
    ),
    _form(
        "Выгрузка результатов ВПР, весна 2021",
        ("логин школы", "код обучающегося", "всего баллов", "балл за 1"),
        rf"регион|муниципалитет|номер обучающегося|отметка за .*|пол|класс|вариант|учебник|др\.уч.*|{_SCORES}",
    ),
    _form(
        "Выгрузка результатов ВПР с 2022 года",
        ("Пользователь", "Дата загрузки", "Код", "Итого баллов"),
        rf"код региона|регион|муниципалитет|школа|вариант|наименование класса|пол|отметка за .*|{_SCORES}",
    ),
    _form(
        "Ф1 Индивидуальные результаты",
        ("ОО", "Код участника", "Первичный балл", "Отметка"),
        rf"муниципалитет|название оо|класс|вариант|отметка по журналу|{_SCORES}",
    ),
    _form(
        "Форма сбора результатов",
        ("Код участника", "Вариант", "Порядковый номер класса", "Итого баллов"),
        rf"пол|отметка за .*|{_SCORES}",
    ),
    _form(
        "Протокол диагностической работы",
        (("Код участника", r"код (?:участника|обучающегося)"), ("Итого баллов", r"итого(?: баллов)?|сумма баллов")),
        rf"класс|вариант|пол|отметка|логин|школа|{_SCORES}",
    ),
    _form(
        "Ф3 «Статистика по отметкам»",
        (
            "Группы участников",
            ("Кол-во участников", _PEOPLE),
            *((mark, rf"(?:.*отметк.*\s)?[«\"]?{mark}[»\"]?(?:\s*[,(]?\s*%\)?)?") for mark in "2345"),
        ),
        r"кол-?\s?во оо",
    ),
    _form(
        "Сравнение отметок с отметками по журналу",
        ("Группы участников", *((f"{stem} …", rf"(?:%\s*)?{stem}.*") for stem in ("Понизили", "Подтвердили"))),
        rf"{_PEOPLE}|повысили.*|всего.*",
    ),
    _form(
        "Описание заданий и кодификаторы (ALL, KS, KT)",
        (("№ по КИМ", r"№\s*(?:по\s+)?ким\S*"), ("Макс. балл", r"макс\S*\s+балл.*"), ("Код КЭС", r"код\S*\s+кэс.*")),
        r"умения.*|проверяемые.*|блоки пооп.*|уровень сложности.*|код\S*\s+(?:кт|требовани\S*).*|.*время.*",
    ),
    _form(
        "Протокол результатов ГИА",
        ("Код ОО", "Код ППЭ", "Аудитория", "Задания с кратким ответом", "Первичный балл"),
        r"№|класс|фамилия|имя|отчество|серия|номер|вариант|задания с разв.*|балл|оценка|отметка|код мсу|состояние",
    ),
    _form("Апелляции и перепроверки ГИА", ("Код ОО", "Код ППЭ", "Состояние", "Первичный балл"), r"№|класс|экзамен"),
    _form(
        "Таблица шкал перевода первичных баллов в отметки",
        (
            "Класс",
            "Предмет",
            *((f"{mark} с", rf"(?:отметка )?[«\"]?{mark}[»\"]? с.*|minimum_{mark}") for mark in "345"),
            ("Максимум", r"макс.*|max.*"),
        ),
        r"год|уровень.*|основание",
    ),
    _form("Список ОО", ("Логин", "Название ОО", "Муниципалитет"), r"№.*|код .*|тип.*|вид.*|адрес.*"),
)
"""The fixed layouts whose headings are words of their own; every other file is a register of the catalogue."""


def nearest_layout(workbook: Workbook) -> Nearest | None:
    """Return what a workbook is most like; None when nothing is like it.

    Something is like it when two headings and a third of the needed ones agree. Headings are looked for also where
    readers do not: in further rows, over two rows, in columns.
    """
    found = [one for sheet in workbook.sheets[:_SHEETS] for one in (*_registers(sheet), *_forms(sheet))]
    return max((one for one in found if one.score >= _LEAST_SCORE), key=lambda one: one.rank, default=None)


def _registers(sheet: Sheet) -> Iterator[Nearest]:
    for row in likely_rows(sheet):
        for one in candidates_at(sheet, row)[:1]:
            if one.cover >= _LEAST_SHARE and (one.matches > 1 or not one.missing):
                yield _of_register(sheet, one)


def _of_register(sheet: Sheet, one: Candidate) -> Nearest:
    missing = tuple(column.title_ru for column in one.missing)
    cells = sheet.rows[one.last_row]
    free = {place: cell_text(cells[place]) for place in one.strange if place < len(cells)}
    return Nearest(
        one.table.title_ru,
        sheet.name,
        one.last_row,
        max(one.matches, 1),
        missing,
        one.explained,
        _stand_ins(missing, free),
    )


def _forms(sheet: Sheet) -> Iterator[Nearest]:
    rows = sheet.rows[:_DEEP_ROWS]
    texts = [_texts(row) for row in rows]
    for index, own in enumerate(texts):
        if len(set(own)) > 2:
            yield from (one for form in _KNOWN if (one := _likeness(form, sheet, index, own)) is not None)
            if index + 1 < len(texts) and index < HEADER_ROWS:
                yield from _split_forms(sheet, index, own, texts[index + 1])
    for column in range(min(3, max(map(len, rows), default=0))):
        own = [row[column] if column < len(row) else "" for row in texts[:_WIDTH]]
        for form in _KNOWN:
            if (one := _likeness(form, sheet, column, own)) is not None and one.found > 2:
                yield Nearest(one.title, one.sheet, column, one.found, one.missing, one.explained, is_column=True)


def _split_forms(sheet: Sheet, index: int, upper: list[str], lower: list[str]) -> Iterator[Nearest]:
    """Yield forms whose headings are complete only when two rows are taken together."""
    for form in _KNOWN:
        apart = [sum(heading.stands_in(texts) for heading in form.needed) for texts in (upper, lower)]
        both = sum(heading.stands_in(upper) or heading.stands_in(lower) for heading in form.needed)
        if both == len(form.needed) and min(apart) > 0 and max(apart) < both:
            yield Nearest(form.title, sheet.name, index, both, (), form.explained([*upper, *lower]), is_split=True)


def _likeness(form: _Form, sheet: Sheet, row: int, texts: list[str]) -> Nearest | None:
    missing = tuple(heading.text for heading in form.needed if not heading.stands_in(texts))
    found = len(form.needed) - len(missing)
    has_words = any(heading.text[-1].isalpha() and heading.stands_in(texts) for heading in form.needed)
    if found < 2 or found / len(form.needed) < _LEAST_SHARE or not has_words:
        return None
    free = {
        place: cell_text(sheet.rows[row][place])
        for place, text in enumerate(texts)
        if text and row < len(sheet.rows) and place < len(sheet.rows[row])
        if not form.knows(text)
    }
    return Nearest(
        form.title,
        sheet.name,
        row,
        found,
        missing,
        form.explained(texts),
        _stand_ins(missing, free),
        is_deep=row >= HEADER_ROWS,
    )


def _stand_ins(missing: Sequence[str], free: dict[int, str]) -> dict[str, tuple[int, str]]:
    """Return for missing headings the free cells whose text resembles them, each cell once."""
    found: dict[str, tuple[int, str]] = {}
    for heading in missing:
        scored = [(_similarity(heading, text), -place) for place, text in free.items() if _is_sayable(text)]
        best = max(scored, default=(0.0, 0))
        if best[0] >= _LIKE:
            place = -best[1]
            found[heading] = (place, free.pop(place))
    return found


def _similarity(heading: str, text: str) -> float:
    """Return how alike two headings are (0–100); one meaningful word in common is enough."""
    from rapidfuzz import fuzz

    wanted, own = normal_heading(heading), normal_heading(text)
    stems = {word[:_STEM] for word in wanted.split() if len(word) > 3}
    common = stems & {word[:_STEM] for word in own.split()}
    return max(float(fuzz.ratio(wanted, own)), _LIKE + 10 * len(common) if common else 0.0)


def _is_sayable(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and not holds_name(text) and re.search(r"\d{5}|@", text) is None


def _texts(row: Sequence[Cell]) -> list[str]:
    return [folded_text(value) if isinstance(value, str) else cell_text(value) for value in row[:_WIDTH]]


@cache
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
