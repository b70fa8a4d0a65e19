"""What worker processes do for the checks of documents. Knows no Dagster; arguments and results are picklable.

A document is judged by what stands in its file, not by what it was made of.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Final

from assets.kept_figures import read_figures
from checks.judged_files import Found
from oko_pipeline.analysis.no_ranking import ordered_by_result, ranking_columns
from oko_pipeline.catalogue.all_tables import restricted_tables
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.word.accessibility import word_faults
from oko_pipeline.reporting.word.content import WordContent, read_word
from oko_pipeline.validation.harm_documents import DocumentContent, read_document, teacher_columns, unit_columns
from resources.report_store import ReportStore

_SHOWN: Final = 3
_PUPIL_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_CODE_HEADING: Final = re.compile(r"(?:код|шифр|логин)\w*\s+(?:участник|обучающ|выпускник|работы)", re.IGNORECASE)
_SCHOOL_CODE: Final = re.compile(r"\bedu\d{4,}\b")
_NAMED_SCHOOL: Final = re.compile(r"\((edu\d{4,})\)")
_GROUP_SIZES: Final = ("participants_count", "n_count")


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """Judge a document of the register: can everyone read it, and does it hold only what its readers may see.

    `row` is its row of `documents`, `store` where it stands, `open_store` where open documents stand; `schools` are the
    codes of the year's schools, `public_hide_below` is the fewest participants of a group that is shown to everyone.
    """

    row: Mapping[str, Any]
    store: ReportStore
    open_store: ReportStore
    schools: frozenset[str]
    public_hide_below: int


def judge_profile(task: ProfileTask) -> Found:
    """Return what breaks accessibility (`accessible`), the profile (`profile`) and names other schools (`foreign`)."""
    row, store = task.row, task.store
    try:
        content = read_word(store.path(str(row["path"])).read_bytes())
    except (zipfile.BadZipFile, KeyError) as error:
        return {"accessible": [f"не открывается как документ Word ({error})"], "profile": [], "foreign": []}
    figures = tuple(read_figures(store, str(row["school_year"]), str(row["document_id"]))["now"] or ())
    document = IssuedDocument(row, content, _pack_texts(store, row.get("pack_path")), figures)
    return {
        "accessible": [str(fault) for fault in word_faults(content)],
        "profile": [*profile_faults(document, task.public_hide_below), *_placement_faults(task)],
        "foreign": foreign_codes(document, task.schools),
    }


@dataclass(frozen=True, slots=True)
class HarmTask:
    """Judge whether a document ranks, rewards or shows teachers: `path` within its store."""

    path: str
    store: ReportStore


def judge_harm(task: HarmTask) -> Found:
    """Return what its tables must not hold (`refused`) and phrases that a person looks at (`doubtful`)."""
    content = read_document(task.store.path(task.path).read_bytes(), PurePosixPath(task.path).suffix)
    return {"refused": table_faults(content), "doubtful": [one.phrase for one in content.suspicions()]}


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A document of the register with its content and the figures that were kept with it."""

    row: Mapping[str, Any]
    content: WordContent
    pack_texts: tuple[str, ...]
    figures: tuple[Mapping[str, Any], ...]

    @property
    def is_restricted(self) -> bool:
        """Tell whether it stands in the restricted store."""
        return bool(self.row["is_restricted"])

    def texts(self) -> Iterator[str]:
        """Yield all texts: paragraphs, cells, texts of drawings, headers and footers, the workbook beside it."""
        yield from (paragraph.text for paragraph in self.content.paragraphs)
        yield from (cell.text for table in self.content.tables for row in table.rows for cell in row)
        yield from (drawing.alt for drawing in self.content.drawings)
        yield from chain.from_iterable(drawing.categories for drawing in self.content.drawings)
        yield from self.content.margins_text
        yield from self.pack_texts


def _pack_texts(store: ReportStore, path: object) -> tuple[str, ...]:
    if not isinstance(path, str) or not store.has(path):
        return ()
    with zipfile.ZipFile(store.path(path)) as archive:
        parts = [name for name in archive.namelist() if PurePosixPath(name).suffix == ".xml" and "sharedS" in name]
        return tuple(archive.read(name).decode() for name in parts)


def profile_faults(document: IssuedDocument, public_hide_below: int) -> list[str]:
    """Return what a document holds that its readers must not see, in Russian.

    Args:
        document: the document.
        public_hide_below: fewest participants of a group that is shown to everyone.
    """
    if document.is_restricted:
        return []
    faults: list[str] = []
    if any(_PUPIL_ID.search(text) for text in document.texts()):
        faults.append("есть код обучающегося")
    for table in document.content.tables:
        headings = [cell.text for row in table.rows[: table.header_count] for cell in row]
        faults += [f"{table.place_ru}: столбец кодов «{one}»" for one in headings if _CODE_HEADING.search(one)]
    profile = document.row["profile"]
    if profile in ("school", "public"):
        closed = sorted({str(one["table"]) for one in document.figures} & set(restricted_tables()))
        faults += [f"числа из закрытой таблицы {table}" for table in closed]
    if profile == "public":
        faults += [
            f"группа меньше {public_hide_below} участников показана: {one['text']} ({one['table']}.{one['column']})"
            for one in document.figures
            if one["op"] == "value" and one["column"] in _GROUP_SIZES and _is_small(str(one["text"]), public_hide_below)
        ]
    return faults


def _is_small(text: str, bound: int) -> bool:
    digits = "".join(sign for sign in text if sign.isdigit())
    return bool(digits) and 0 < int(digits) < bound


def foreign_codes(document: IssuedDocument, schools: frozenset[str]) -> list[str]:
    """Return the codes of other schools that a document for one school names."""
    if document.row["profile"] != "school" or document.row["unit_level"] != "school":
        return []
    kind = document_kinds().get(str(document.row["kind"]))
    # Comparable schools, from which to learn, are named on purpose: name and code in brackets.
    names_others = kind is not None and "comparable_schools" in kind.tables
    texts = list(document.texts())
    named = {code for text in texts for code in _SCHOOL_CODE.findall(text)}
    own = {str(document.row["unit_code"])}
    if names_others:
        own |= {code for text in texts for code in _NAMED_SCHOOL.findall(text)}
    others = sorted((named & schools) - own)
    return [f"названы другие ОО: {', '.join(others[:_SHOWN])}"] if others else []


def _placement_faults(task: ProfileTask) -> list[str]:
    row = task.row
    kind = document_kinds().get(str(row["kind"]))
    if kind is None:
        return []
    if kind.is_restricted != bool(row["is_restricted"]):
        return ["вид документа закрытый, а стоит в открытом хранилище" if kind.is_restricted else "стоит не там"]
    if kind.is_restricted and task.open_store.has(str(row["path"])):
        return ["закрытый документ есть и в открытом хранилище"]
    return []


def table_faults(content: DocumentContent) -> list[str]:
    """Return what is wrong with the tables of a document, in Russian."""
    faults: list[str] = []
    for table in content.tables:
        units = unit_columns(table)
        if units and (found := ordered_by_result(table, units)):
            faults.append(f"строки упорядочены по столбцам {', '.join(found)}")
        if units and (places := ranking_columns(table)):
            faults.append(f"столбцы места в рейтинге: {', '.join(places)}")
        if people := teacher_columns(table):
            faults.append(f"показатели по учителям: {', '.join(people)}")
    return faults
