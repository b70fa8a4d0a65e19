"""Every issued document can be read by everyone and keeps to its profile: who may read it decides what it may hold.

A document is judged once: what was found is kept beside the documents by the SHA-256 of the file, so that a region's
thousands of documents cost a look at their register, and one that changed costs one.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Final

import dagster as dg
import pandas as pd

from assets.document_issue import read_figures
from assets.inputs import frame_fingerprint
from assets.validation import remembered_results
from checks.factory import RoomCheck, room_checks
from checks.guards import guard_row, warned
from checks.judged_files import JudgedFiles
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.all_tables import restricted_tables
from oko_pipeline.catalogue.documents import document_assets, document_kinds
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_RESULTS, SCHOOLS
from oko_pipeline.reporting.word.accessibility import word_faults
from oko_pipeline.reporting.word.content import WordContent, read_word
from oko_pipeline.versions import code_fingerprint
from resources.report_store import ReportStore
from resources.workplace import Workplace

_FOLDER: Final = ".judged"
_SHOWN: Final = 3
_PUPIL_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_CODE_HEADING: Final = re.compile(r"(?:код|шифр|логин)\w*\s+(?:участник|обучающ|выпускник|работы)", re.IGNORECASE)
_SCHOOL_CODE: Final = re.compile(r"\bedu\d{4,}\b")
_NAMED_SCHOOL: Final = re.compile(r"\((edu\d{4,})\)")
_GROUP_SIZES: Final = ("participants_count", "n_count")
_TITLES: Final[Mapping[str, str]] = {
    "accessible": "Документы доступны: заголовки, подписи, замещающие тексты, шапки таблиц, контраст",
    "profile": "Документы отвечают профилю: нет кодов обучающихся и данных закрытых таблиц, малые группы скрыты",
    "foreign": "Документы для ОО не называют кодов других ОО",
}
Judged = Mapping[str, list[str]]
"""What was found in a document, by what it breaks: the keys of `_TITLES`."""


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


def judge_documents(name: str, asset: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Judge the documents of an asset; only those whose file changed since they were judged are read.

    Args:
        name: `accessible` or `profile`.
        asset: the report asset.
        workplace: the stores.
        school_year: the year.
    """
    kinds = [kind for kind, issued_by in document_assets().items() if issued_by == asset]
    rows = workplace.database.read(DOCUMENTS, {"school_year": school_year, "kind": kinds})
    inputs = combine(_version(workplace), frame_fingerprint(rows[["document_id", "file_sha256", "is_restricted"]]))
    check = f"{name}_{asset}"

    def judge() -> pd.DataFrame:
        found = judged_documents(workplace, school_year, rows)
        made = [_row(workplace, school_year, check, name, found)]
        if name == "profile":
            made.append(warned(_row(workplace, school_year, check, "foreign", found)))
        else:
            made = [warned(row) for row in made]
        return QUALITY_RESULTS.conform(pd.DataFrame(made))

    return remembered_results(workplace, school_year, (check,), inputs, judge)


def _version(workplace: Workplace) -> str:
    code = code_fingerprint("oko_pipeline.reporting.word", "oko_pipeline.catalogue.documents", "checks.documents")
    return combine(code, str(workplace.settings.public_hide_below))


def _row(
    workplace: Workplace, school_year: str, check: str, name: str, found: Mapping[str, Judged]
) -> dict[str, object]:
    wrong = {path: faults[name] for path, faults in sorted(found.items()) if faults[name]}
    notes = [f"{path}: {fault}" for path, faults in wrong.items() for fault in faults[:_SHOWN]]
    row = guard_row(workplace, school_year, check, _TITLES[name], (len(found), len(wrong)), "; ".join(notes[:_SHOWN]))
    return row | {"suite": "documents", "expectation": f"{check}_{name}"}


def judged_documents(workplace: Workplace, school_year: str, rows: pd.DataFrame) -> dict[str, Judged]:
    """Return what is wrong with documents, by path; what was found before is taken from beside the documents."""
    found: dict[str, Judged] = {}
    schools = frozenset(workplace.database.read(SCHOOLS, {"school_year": school_year}, ["school_code"])["school_code"])
    for (kind, is_restricted), part in rows.groupby(["kind", "is_restricted"], sort=True):
        store = workplace.reports_of(is_restricted=bool(is_restricted))
        memory = JudgedFiles.read(store, f"{_FOLDER}/{school_year}/{kind}.json.gz", _version(workplace))
        for row in part.to_dict("records"):
            path = str(row["path"])
            if not path.endswith(".docx") or not store.has(path):
                continue
            known = memory.known.get(str(row["file_sha256"]))
            if known is None:
                known = _judge(workplace, store, {str(key): value for key, value in row.items()}, schools)
            memory.kept[str(row["file_sha256"])] = known
            found[path] = known
        memory.write()
    return found


def _judge(workplace: Workplace, store: ReportStore, row: Mapping[str, Any], schools: frozenset[str]) -> Judged:
    try:
        content = read_word(store.path(str(row["path"])).read_bytes())
    except (zipfile.BadZipFile, KeyError) as error:
        return {"accessible": [f"не открывается как документ Word ({error})"], "profile": [], "foreign": []}
    figures = tuple(read_figures(store, str(row["school_year"]), str(row["document_id"]))["now"] or ())
    document = IssuedDocument(row, content, _pack_texts(store, row.get("pack_path")), figures)
    smallest = workplace.settings.public_hide_below
    return {
        "accessible": [str(fault) for fault in word_faults(content)],
        "profile": [*profile_faults(document, smallest), *_placement_faults(workplace, row)],
        "foreign": foreign_codes(document, schools),
    }


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


def _placement_faults(workplace: Workplace, row: Mapping[str, Any]) -> list[str]:
    kind = document_kinds().get(str(row["kind"]))
    if kind is None:
        return []
    if kind.is_restricted != bool(row["is_restricted"]):
        return ["вид документа закрытый, а стоит в открытом хранилище" if kind.is_restricted else "стоит не там"]
    if kind.is_restricted and workplace.reports.has(str(row["path"])):
        return ["закрытый документ есть и в открытом хранилище"]
    return []


def document_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks of all issued documents, one step for all report assets."""
    assets = sorted(set(document_assets().values()))
    described = {
        "accessible": "Документы доступны каждому: заголовки, подписи, замещающие тексты, шапки таблиц, контраст.",
        "profile": "Документы не выходят за профиль: коды обучающихся, закрытые таблицы, малые группы, чужие ОО.",
    }
    made = [
        RoomCheck(asset, name, text, partial(judge_documents, name, asset), is_blocking=name == "profile")
        for asset in assets
        for name, text in described.items()
    ]
    return [room_checks("documents", made, lambda _office, _year, _tables: None)]
