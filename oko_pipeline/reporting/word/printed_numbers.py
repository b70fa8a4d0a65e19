"""Which numbers a document prints: its own, apart from dates, names, codes, references and words of the template.

What is excepted is declared here and nowhere else; all other numbers must be figures (`reporting.figures`).
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import choice_lists, record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.word.content import Drawing, Paragraph, TableContent, WordContent

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NUMBER: Final = re.compile(rf"(?<![\w.,/-])[{ru.MINUS}+]?\d+(?:{ru.NBSP}\d{{3}})*(?:,\d+)?(?![\w/-])(?!\.\d)")
_MONTH: Final = "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
_PART: Final = (
    "таблиц|рисун|приложени|раздел|пункт|подпункт|стать|част|глав|критери|направлени|этап|признак|слайд|правил|шаг"
)
_LIST: Final = r"\d{1,2}(?:(?:\s*[,–-]\s*|\s+и\s+|\s+или\s+)\d{1,2})*"
_S: Final = rf"[\s{ru.NBSP}]"
_EXCEPTED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b\d{1,2}\.\d{1,2}\.\d{2,4}\b",
        rf"\b\d{{1,2}}{_S}(?:{_MONTH})(?:{_S}\d{{4}})?",
        rf"\b(?:{_MONTH}){_S}\d{{4}}",
        r"\b\d{4}[/–-]\d{2,4}\b",
        r"\b20[1-3]\d\b(?!,\d)",
        r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s*\(UTC[^)]*\))?",
        r"\b\d+\.\d+(?:\.\d+)+\S*",
        rf"№{_S}*\d[\w./-]*(?:(?:,{_S}*|{_S}и{_S})\d[\w./-]*)*",
        r"«[^«»]*(?:«[^«»]*»[^«»]*)*»|„[^„“]*“",
        r"^\d{1,2}(?:\.\d{1,2})*\.(?=\s)",
        rf"\b\d{{1,2}}(?:\s*[,–-]\s*|{_S}и{_S}|{_S}или{_S}){_LIST}(?:-?х)?{_S}*(?:класс|кл\b)",
        rf"\b\d{{1,2}}(?:-?[йяех]|-?го|-?м)?{_S}*(?:класс(?!ов\b)|кл\b)",
        rf"\b(?:классах?|классов|параллел\w+){_S}{_LIST}",
        rf"\bзадани\w*(?:{_S}№)?{_S}\d[\w.()]*(?:(?:\s*[,–-]\s*|{_S}и{_S})\d[\w.()]*)*",
        rf"\b(?:{_PART})\w*{_S}\d+(?:\.\d+)*(?:(?:\s*[,–-]\s*|\s+и\s+)\d+(?:\.\d+)*)*",
        rf"\b(?:п|пп|ст|табл|рис|гл|ч|разд)\.{_S}?\d+(?:\.\d+)*",
        rf"\b95{_S}%(?=[^.]{{0,40}}(?:интервал|предел|ДИ\b))|\b99,8{_S}%|95-процентн",
        rf"\b(?:выпуск|запис|строк|файл|лист|ячейк|столбец|столбц|вопрос|модул)\w*{_S}(?:№{_S}?)?\d+",
        rf"\b\d{_S}(?:четверть|полугоди|семестр|триместр|этап|тур\b|раунд)",
        rf"\b\d+{_S}критери",
        # How many names a shortened list leaves out, and groups that are named by their size.
        rf"\b(?:и{_S})?ещё{_S}\d+(?![,\d])",
        rf"—{_S}(?:до|от|более|свыше){_S}\d+(?:{_S}до{_S}\d+)?{_S}обучающ",
        rf"\b\d{{1,3}}–\d{{1,3}}{_S}балл|\b100{_S}балл|балл\w*{_S}\(\d+–\d+\)",
        # What no share may be.
        rf"\bне бывает больше{_S}100{_S}%",
        # Groups by test score: from the minimum to 60 points.
        r"\b(?:минимум|мин\.)–60\b",
        r"\b(?:0–40|41–60|61–80|80–100|81–100)\b(?! %)",
    )
)
_COMPARED: Final = re.compile(
    rf"(?:меньше|менее|больше|более|свыше|от|до|ниже|выше|порог\w*|минимум|не реже|хотя бы|с){_S}+(?:чем{_S}+)?"
    rf"(?P<number>\d+(?:,\d+)?)",
    re.IGNORECASE,
)
_LABELS: Final = re.compile(
    r"^(?:№|номер|п/п|задани|класс|параллел|балл\w*$|отметк\w*$|год|учебный год|код|пункт|срок|дата|когда|файл|таблица$"
    r"|имя файла|умени|тема|предмет|работа|документ|обновлена|критери)",
    re.IGNORECASE,
)
_CODES: Final = re.compile(r"^код\b", re.IGNORECASE)
"""Rows of a table of facts that tell codes: «Код в ОГЭ, в ЕГЭ»."""
_FILE_NAME: Final = re.compile(r"[^«»]+\.(?:xlsx?|xlsm|ods|csv|zip|docx?)", re.IGNORECASE)
_OWN_TABLES: Final = ("Таблицы, из которых взяты числа",)
_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LAST_WORDS: Final = re.compile(r"(?:[^\W\d_]+\s+){1,2}$")
_FIXED_TAG: Final = re.compile(r"\{\{\s*(?:settings|stamp)\.")


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A number as the document prints it, and where."""

    text: str
    place_ru: str
    said: str

    @property
    def value(self) -> float:
        """Return the number."""
        return number_value(self.text)


@dataclass(frozen=True, slots=True)
class FixedTexts:
    """Texts that the template fixes: a number in them is the template's, not the document's."""

    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of_template(cls, content: bytes) -> "FixedTexts":
        """Return the texts of a template that hold numbers."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            root = etree.fromstring(archive.read("word/document.xml"), etree.XMLParser(resolve_entities=False))
        patterns: dict[str, re.Pattern[str]] = {}
        for paragraph in root.iter(f"{_W}p"):
            text = "".join(part.text or "" for part in paragraph.iter(f"{_W}t"))
            fixed, tags = _TAG.split(text), _TAG.findall(text)
            if any(sign.isdigit() for part in fixed for sign in part) or any(map(_FIXED_TAG.match, tags)):
                # What the settings and the stamp put there is no result.
                gaps = ["(?:.*?)" if _FIXED_TAG.match(tag) else "(.*?)" for tag in tags]
                pieces = (re.escape(part) + gap for part, gap in zip(fixed, [*gaps, ""], strict=True))
                patterns[text] = re.compile("".join(pieces), re.DOTALL)
        return cls(tuple(patterns.values()))

    def variable(self, text: str) -> list[str]:
        """Return the parts of a paragraph that the template does not fix."""
        for pattern in self.patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                places = range(1, len(match.groups()) + 1)
                # The words before say what the number is: «меньше 10», «таблица 3».
                return [_lead(text[: match.start(n)]) + match[n] for n in places if match[n]]
        return [text]


def _lead(text: str) -> str:
    """Return the last two words of a fixed text; nothing when they hold a number themselves."""
    found = _LAST_WORDS.search(text)
    return "" if found is None or any(sign.isdigit() for sign in found[0]) else found[0]


@cache
def _names_of_indicators() -> re.Pattern[str]:
    """Return the names that hold numbers, longest first: «отличных от журнала на 2 и более» tells no result."""
    titles = {one.title_ru for one in indicators().values() if any(sign.isdigit() for sign in one.title_ru)}
    return re.compile("|".join(re.escape(title) for title in sorted(titles, key=len, reverse=True)), re.IGNORECASE)


@cache
def _labels_of_answers() -> frozenset[str]:
    """Return the answers of registers that hold numbers: «100–450 тыс.» is no number but a choice of the form."""
    columns = (column.choices for register in record_tables().values() for column in register.columns)
    labels = (label for choices in (*choice_lists().values(), *columns) for label in choices.values())
    return frozenset(_folded(label) for label in labels if any(sign.isdigit() for sign in label))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def plain_numbers(text: str) -> list[str]:
    """Return all numbers of a text as it writes them."""
    return _NUMBER.findall(text)


def number_value(text: str) -> float:
    """Return the number that a text writes the Russian way."""
    return float(text.replace(ru.NBSP, "").replace(ru.MINUS, "-").replace(",", "."))


def numbers_of(text: str, thresholds: Iterable[float] = ()) -> list[str]:
    """Return the numbers of a text without those that are excepted.

    Args:
        text: a paragraph or a cell.
        thresholds: numbers of settings, which texts may name after «меньше», «от», «не менее» and the like.
    """
    if _folded(text) in _labels_of_answers() or _FILE_NAME.fullmatch(text.strip()):
        return []
    left = _names_of_indicators().sub(" ", text)
    for pattern in _EXCEPTED:
        left = pattern.sub(" ", left)
    known = set(thresholds)
    left = _COMPARED.sub(lambda found: " " if number_value(found["number"]) in known else found[0], left)
    return plain_numbers(left)


def printed_numbers(
    document: WordContent, fixed: FixedTexts = FixedTexts(), thresholds: Sequence[float] = ()
) -> Iterator[PrintedNumber]:
    """Yield the numbers that a document prints in its texts, tables and texts of drawings, in its order."""
    for item in document.items:
        if isinstance(item, Paragraph):
            if not item.is_contents:
                yield from _of_text(item.text, item.place_ru, fixed, thresholds)
        elif isinstance(item, Drawing):
            yield from _of_text(item.alt, f"{item.place_ru}, замещающий текст", fixed, thresholds)
        else:
            yield from _of_table(item, thresholds)


def _of_text(text: str, place: str, fixed: FixedTexts, thresholds: Sequence[float]) -> Iterator[PrintedNumber]:
    # A heading takes its own number from Word, a caption from its field: neither is a number of the document.
    said = re.sub(r"^(?:Таблица|Рисунок)\s*\d+\s*[—–-]\s*", "", text)
    for part in fixed.variable(said):
        for number in numbers_of(part, thresholds):
            yield PrintedNumber(number, place, text)


def _of_table(table: TableContent, thresholds: Sequence[float]) -> Iterator[PrintedNumber]:
    if table.caption is not None and table.caption.text.endswith(_OWN_TABLES):
        return
    headings = [cell.text for cell in table.rows[table.header_count - 1]] if table.header_count else []
    labels = {place for place, heading in enumerate(headings) if _LABELS.match(heading.strip())}
    for number, row in enumerate(table.rows[table.header_count :], start=table.header_count + 1):
        if row and _CODES.match(row[0].text):
            continue
        for place, cell in enumerate(row):
            if place in labels and cell.span == 1:
                continue
            for found in numbers_of(cell.text, thresholds):
                yield PrintedNumber(found, f"{table.place_ru}, строка {number}, столбец {place + 1}", cell.text)
