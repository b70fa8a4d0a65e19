"""Finds a sentence in the documents of a year: the document, the section, the row of a table, the numbers in it."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.orchestration.trace_index import candidates, plain
from oko_pipeline.orchestration.trace_tree import Desk, records

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200c\u200d\ufeff]")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009]+")
_NUMBER: Final = re.compile(r"(?<![\w,])\d{1,3}(?:[\u00a0\u202f ]\d{3})+(?!\d)|(?<![\w,.])\d+(?:,\d+)?(?!\d)")
_NO_FIGURE: Final = re.compile(
    r"(?:с|по|от) \d{1,2} (?:января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря)"
    r"|\d{4}/\d{4}|\d{4} г\.|\d+-процентный|(?:таблица|рисунок|раздел) \d+(?:\.\d+)?",
    re.IGNORECASE,
)
MINIMUM_SENTENCE: Final = 8
_CELL: Final = " | "
"""What parts the cells of a row of a table; the index knows cells, the document knows rows."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a text: as written, its value and decimals, whether a percent sign follows, its place."""

    text: str
    value: float
    decimals: int
    is_percent: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or a row of a table with the headings of its columns, and what stands above it."""

    text: str
    heading: str
    caption: str = ""
    cells: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of a document: `document` is its row of `documents`; `others` are paths with the same sentence."""

    document: dict[str, object]
    passage: Passage
    sentence: str
    others: tuple[str, ...] = ()


def figures(text: str) -> list[Figure]:
    """Return the numbers of a text that may be results: no dates, years and numbers of tables."""
    clean = _INVISIBLE.sub("", text)
    hidden = [match.span() for match in _NO_FIGURE.finditer(_SPACES.sub(" ", clean))]
    even = _SPACES.sub(" ", clean)
    found: list[Figure] = []
    for match in _NUMBER.finditer(even):
        if any(start <= match.start() < end for start, end in hidden):
            continue
        digits = match[0].replace(" ", "")
        decimals = len(digits.partition(",")[2])
        after = even[match.end() : match.end() + 30]
        is_percent = bool(re.match(r"(?: ?%|[–,\d]* ?%| п\. п\.| до [\d,]+ (?:%|п\. п\.))", after)) or decimals > 0
        value = float(digits.replace(",", "."))
        found.append(Figure(match[0], value, decimals, is_percent, match.start(), match.end()))
    return found


def find_sentence(desk: Desk, sentence: str, only: Mapping[str, str] | None = None) -> Found | None:
    """Return where a sentence stands in the year's documents; None when nowhere.

    The words must follow each other as in the document; spaces, hyphenation and case do not matter.

    Args:
        desk: the stores and the year.
        sentence: the sentence, or a row of a table with its cells parted by « | ».
        only: values of columns of `documents` (`kind`, `unit_code`) that narrow the search.
    """
    wanted = plain(sentence)
    asked = desk.workplace.database.read(DOCUMENTS, desk.where | dict(only or {}))
    first: tuple[dict[str, object], Passage] | None = None
    others: list[str] = []
    for document in candidates(desk, records(asked), sentence):
        path = str(document["path"])
        if first is not None and _CELL not in wanted:
            others.append(path)
            continue
        content = desk.workplace.reports_of(is_restricted=bool(document["is_restricted"])).path(path).read_bytes()
        passage = next((one for one in passages(content, path) if wanted in plain(one.text)), None)
        if passage is not None and first is None:
            first = dict(document), passage
        elif passage is not None:
            others.append(path)
    if first is None:
        return None
    return Found(first[0], first[1], _as_written(first[1].text, sentence), tuple(others))


def _as_written(text: str, sentence: str) -> str:
    """Return the part of a passage that the sentence names, as the document writes it."""
    even = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
    start = plain(text).find(plain(sentence))
    return even[start : start + len(plain(sentence))] if start >= 0 else even


def passages(content: bytes, path: str) -> Iterator[Passage]:
    """Yield the paragraphs and table rows of a document in their order."""
    if path.lower().endswith(".docx"):
        yield from _docx(content)
    elif path.lower().endswith(".xlsx"):
        yield from _remarks(content)


def _docx(content: bytes) -> Iterator[Passage]:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        root = etree.fromstring(parts.read("word/document.xml"), etree.XMLParser(resolve_entities=False))
    heading = caption = ""
    for element in root.iter(f"{_W}p", f"{_W}tbl"):
        if element.tag == f"{_W}tbl":
            yield from _table(element, heading, caption)
            continue
        if next(element.iterancestors(f"{_W}tbl"), None) is not None:
            continue
        text = _text(element)
        style = _style(element)
        if style.startswith(("Heading", "1", "2")) and not style.startswith("TOC"):
            heading = text
        if text.startswith("Таблица "):
            caption = text
        if text and not style.upper().startswith("TOC"):
            yield Passage(text, heading)


def _style(element: etree._Element) -> str:
    style = element.find(f"{_W}pPr/{_W}pStyle")
    return "" if style is None else str(style.get(f"{_W}val"))


def _text(element: etree._Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_W}t")).strip()


def _table(table: etree._Element, heading: str, caption: str) -> Iterator[Passage]:
    columns: tuple[str, ...] = ()
    group = ""
    for row in table.iter(f"{_W}tr"):
        cells = tuple(_text(cell) for cell in row.iter(f"{_W}tc"))
        if not columns:
            columns = cells
            continue
        if " класс" in plain(cells[0]) and "," in cells[0]:
            # A work's own row; rows of its benchmarks follow.
            group = cells[0]
        yield Passage(" | ".join(cells), heading, caption, cells, columns, group)


def _remarks(content: bytes) -> Iterator[Passage]:
    """Yield the rows of the sheet «Замечания» of an annotated workbook."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    columns: tuple[str, ...] = ()
    for values in book.worksheets[0].iter_rows(values_only=True):
        cells = tuple("" if value is None else str(value) for value in values)
        if "Что не так" in cells:
            columns = cells
        elif columns and any(cells):
            yield Passage(" | ".join(cells), "Замечания", "", cells, columns)
        elif any(cells):
            yield Passage(" ".join(filter(None, cells)), "Замечания")
    book.close()
