"""What a produced document says and shows: its paragraphs and its tables, from DOCX, XLSX and HTML.

Reads only what is needed to judge a document; formatting, charts and headers are passed over.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

import pandas as pd
from lxml import etree

from oko_pipeline.validation.harm_lint import Suspicion, find_harm

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CELL_TEXT: Final = re.compile(r"<t(?:\s[^>]*)?>([^<]*)</t>")
_HTML_BREAK: Final = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)>|</?(?:p|li|tr|td|th|h\d|div|br)\b[^>]*>", re.S
)
_HTML_TAG: Final = re.compile(r"<[^>]+>")
_UNIT_HEADING: Final = re.compile(
    # «Классов» and «Школ» head numbers of units, «Классы» lists of grades: no units.
    r"^(?:оо|школ(?!\b)|класс(?!(?:ов|ы)\b)|образовательн\w* организац|организац|муниципалитет|код оо|логин)",
    re.IGNORECASE,
)
_COUNT: Final = r"[\d\s—–-]*(?:из\s+\d+\s*)?"
_TEACHER_HEADING: Final = re.compile(r"^(?:учител|педагог|преподавател|фио учител|классный руководител)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DocumentContent:
    """Paragraphs and cells as texts, and the tables of a document with their headings as columns."""

    texts: tuple[str, ...]
    tables: tuple[pd.DataFrame, ...]

    def suspicions(self) -> list[Suspicion]:
        """Return the suspicious phrases, each once."""
        found = {one.phrase: one for text in dict.fromkeys(self.texts) for one in _harm(text)}
        return list(found.values())


@lru_cache(maxsize=50_000)
def _harm(text: str) -> tuple[Suspicion, ...]:
    """Return the suspicions of a text; texts of templates stand in every document of a kind."""
    return tuple(find_harm(text))


def read_document(content: bytes, suffix: str) -> DocumentContent:
    """Return what a document says; a kind that is not known says nothing.

    Args:
        content: the file.
        suffix: its ending with the dot, such as `.docx`.
    """
    readers = {".docx": _read_docx, ".xlsx": _read_xlsx, ".html": _read_html}
    reader = readers.get(suffix.lower())
    return DocumentContent((), ()) if reader is None else reader(content)


def unit_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that name schools or classes; a table without any compares no units.

    A column of bare numbers counts units under such a heading: «ОО», «Школ», also as «5 из 7».
    """
    return [
        str(name)
        for name in table.columns
        if _UNIT_HEADING.search(str(name)) and not table[name].astype("str").str.fullmatch(_COUNT).all()
    ]


def teacher_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that name teachers."""
    return [str(name) for name in table.columns if _TEACHER_HEADING.search(str(name))]


def _read_docx(content: bytes) -> DocumentContent:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        root = etree.fromstring(parts.read("word/document.xml"), etree.XMLParser(resolve_entities=False))
    texts = tuple(filter(None, (_text(paragraph) for paragraph in root.iter(f"{_W}p"))))
    return DocumentContent(texts, tuple(_tables(root)))


def _text(element: etree._Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_W}t")).strip()


def _tables(root: etree._Element) -> Iterator[pd.DataFrame]:
    for table in root.iter(f"{_W}tbl"):
        rows = [[_text(cell) for cell in row.iter(f"{_W}tc")] for row in table.iter(f"{_W}tr")]
        if len(rows) < 2:
            continue
        width = len(rows[0])
        names = [name if rows[0].index(name) == place else f"{name} {place}" for place, name in enumerate(rows[0])]
        yield pd.DataFrame([row for row in rows[1:] if len(row) == width], columns=names, dtype="str")


def _read_xlsx(content: bytes) -> DocumentContent:
    texts: dict[str, None] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if name == "xl/sharedStrings.xml" or name.startswith("xl/worksheets/"):
                texts |= dict.fromkeys(map(unescape, _CELL_TEXT.findall(parts.read(name).decode())))
    return DocumentContent(tuple(texts), ())


def _read_html(content: bytes) -> DocumentContent:
    lines = _HTML_TAG.sub("", _HTML_BREAK.sub("\n", content.decode())).splitlines()
    return DocumentContent(tuple(dict.fromkeys(filter(None, (unescape(line).strip() for line in lines)))), ())
