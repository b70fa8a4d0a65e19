"""The index of words of the documents: which of them may hold a sentence, without opening them all.

A document is opened once for each of its contents (SHA-256); the index stands in the restricted store, for there are
documents there too. It finds candidates; the document itself decides.
"""

import html
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.orchestration.trace_tree import Desk

_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200c\u200d\ufeff]")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009]+")
_ENDS: Final = re.compile(rb"</w:p>|</si>|</is>|</c>")
_FIELDS: Final = re.compile(rb"<w:(?:instrText|delText)\b[^>]*>.*?</w:(?:instrText|delText)>", re.DOTALL)
_TAGS: Final = re.compile(rb"<[^>]+>")
_LETTERS: Final = re.compile("[а-яa-z]{2}")
_CELLS: Final = re.compile(r" ?\| ?")
_PARTS: Final = ("word/document.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")
_AT_ONCE: Final = 500
_TABLE: Final = (
    "create table if not exists texts "
    "(school_year text, file_sha256 text, words text, primary key (school_year, file_sha256))"
)


def plain(text: str) -> str:
    """Return a text as people compare it: one space, no invisible signs, «е» for «ё», small letters."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip().lower().replace("ё", "е")


def candidates(desk: Desk, documents: Sequence[Mapping[str, Any]], sentence: str) -> list[Mapping[str, Any]]:
    """Return the documents that may hold a sentence, in their order.

    Args:
        desk: the stores and the year.
        documents: rows of `documents`; those that are not in the index yet are read into it.
        sentence: what is looked for; the cells of a row of a table are parted by « | ».
    """
    parts = [part for part in _CELLS.split(plain(sentence)) if _LETTERS.search(part)] or [plain(sentence)]
    path = desk.workplace.settings.restricted_folder / "document_words.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as index:
        index.execute(_TABLE)
        _refresh(desk, index, documents)
        holds = " and ".join(["instr(words, ?) > 0"] * len(parts))
        query = f"select file_sha256 from texts where school_year = ? and {holds}"  # noqa: S608 (the number of marks)
        found = {sha for (sha,) in index.execute(query, (desk.school_year, *parts))}
    return [one for one in documents if one["file_sha256"] in found]


def _refresh(desk: Desk, index: sqlite3.Connection, documents: Sequence[Mapping[str, Any]]) -> None:
    """Read what is new into the index and drop what no document of the year is any more."""
    year = desk.school_year
    known = {sha for (sha,) in index.execute("select file_sha256 from texts where school_year = ?", (year,))}
    registered = desk.workplace.database.read(DOCUMENTS, desk.where, ["file_sha256"])["file_sha256"]
    gone = sorted(known - set(registered))
    index.executemany("delete from texts where school_year = ? and file_sha256 = ?", [(year, sha) for sha in gone])
    fresh = {str(one["file_sha256"]): one for one in documents if one["file_sha256"] not in known}
    todo = [(sha, _path(desk, one)) for sha, one in sorted(fresh.items()) if _path(desk, one).is_file()]
    for start in range(0, len(todo), _AT_ONCE):
        some = todo[start : start + _AT_ONCE]
        words = desk.workplace.pool.map(document_words, [path for _, path in some])
        rows = [(year, sha, text) for (sha, _), text in zip(some, words, strict=True)]
        index.executemany("insert or replace into texts values (?, ?, ?)", rows)
        index.commit()
    index.commit()


def _path(desk: Desk, document: Mapping[str, Any]) -> Path:
    store = desk.workplace.reports_of(is_restricted=bool(document["is_restricted"]))
    return store.path(str(document["path"]))


def document_words(path: Path) -> str:
    """Return the words of a document (docx, xlsx) as people compare them, a line a paragraph or cell."""
    return "\n".join(_lines(path))


def _lines(path: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as parts:
            contents = [parts.read(name) for name in _PARTS if name in parts.namelist()]
    except (OSError, zipfile.BadZipFile):
        return
    for content in contents:
        for piece in _ENDS.split(_FIELDS.sub(b"", content)):
            if line := plain(html.unescape(_TAGS.sub(b"", piece).decode("utf-8", "replace"))):
                yield line
