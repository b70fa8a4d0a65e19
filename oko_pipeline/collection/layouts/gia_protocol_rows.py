"""Rows of one exam of a protocol: people become pseudonyms, cells become scores, statuses and masks."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.forms.text_guard import holds_name
from oko_pipeline.collection.headers import cell_text, folded_text, number, whole_number
from oko_pipeline.collection.layout import Cell
from oko_pipeline.collection.layouts.gia_protocol_headers import ExamTitle, Fields, Heads
from oko_pipeline.collection.layouts.gia_protocol_masks import Mask, parse_extended, parse_short
from oko_pipeline.collection.person_keys import document_text, full_name, name_identity, person_identity

_STATUSES: Final = (
    ("absent", re.compile(r"(не ?явил|не ?явк|отсутств|н/я|нея)")),
    ("removed", re.compile(r"удал")),
    ("not_finished", re.compile(r"не ?(завершил|закончил)|незаверш|досрочно")),
    ("annulled", re.compile(r"аннулир|отмен")),
    ("pending", re.compile(r"(в )?обработк|не обработан|ожида|нет результата")),
    ("valid", re.compile(r"действ|обработан|завершен|сдал|написал|^6$|^ок$|зачтен")),
)
_CATEGORIES: Final = (
    ("special", re.compile(r"овз|инвалид|ограниченн")),
    ("college", re.compile(r"спо|нпо|профессиональн")),
    ("previous", re.compile(r"впл|прошлых лет")),
    ("graduate", re.compile(r"втг|текущего года|выпускник")),
)
_FINISHED: Final = 6
"""`ProcessCondition` of a finished, valid result in РИС (domain README 3.3)."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_CODE_LENGTH: Final = 24
_GREATEST: Final = 999
_CODE_DIGITS: Final = 8
SCORES: Final = ("written_score", "oral_score", "primary", "test", "mark", "year_mark")


@dataclass(slots=True)
class PupilRow:
    """A participant's row: identity (not yet keyed), masks, scores; `row` is 1-based as Excel shows it."""

    row: int
    identity: tuple[str, ...]
    name_identity: tuple[str, ...]
    school_key: str | None
    texts: dict[str, str | None]
    status: str
    category: str
    has_document: bool
    masks: tuple[Mask, Mask, Mask]
    scores: dict[str, int | None] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ExamRows:
    """The participants of one exam in one sheet under one row of heads."""

    exam: ExamTitle
    key: ExamKey
    heads: Heads
    rows: list[PupilRow] = field(default_factory=list)


def status_of(value: Cell) -> str | None:
    """Return the state of a result that a cell names; None when it names none. РИС writes 6 for a valid one."""
    code = whole_number(value)
    if code is not None:
        return "valid" if code == _FINISHED else "pending"
    text = folded_text(value)
    return next((status for status, pattern in _STATUSES if text and pattern.search(text)), None)


@lru_cache(maxsize=4096, typed=True)
def score_of(value: Cell) -> int | None:
    """Return a score or mark; None for what no exam has, such as a document's number in a shifted column."""
    score = whole_number(value)
    return score if score is not None and abs(score) <= _GREATEST else None


@lru_cache(maxsize=4096, typed=True)
def category_of(value: Cell) -> str:
    """Return the category of a participant that a cell names; `unknown` for an empty cell."""
    text = folded_text(value)
    if not text:
        return "unknown"
    return next((category for category, pattern in _CATEGORIES if pattern.search(text)), "other")


@lru_cache(maxsize=4096, typed=True)
def code_text(value: Cell) -> str | None:
    """Return a class, a variant or a code; None for an empty cell and for words, which a shifted column may hold."""
    text = cell_text(value)
    is_document = sum(sign.isdigit() for sign in text) > _CODE_DIGITS
    return None if not text or len(text) > _CODE_LENGTH or is_document or _WORD.search(text) else text


@lru_cache(maxsize=4096, typed=True)
def school_text(value: Cell) -> str | None:
    """Return the code or name of a school in a cell; None for an empty cell and for the name of a person."""
    text = cell_text(value)
    is_document = sum(sign.isdigit() for sign in text) > _CODE_DIGITS
    return None if not text or is_document or holds_name(text) else text


def person_of(fields: Fields) -> tuple[str, str]:
    """Return the normalised name and document of a row; empty texts where it has none."""
    if "surname" not in fields:
        name = full_name(fields.get("full_name"))
    elif fields["surname"] is None:
        # Namesakes by name and patronymic are many: without a surname nobody is named.
        name = ""
    else:
        name = full_name(fields["surname"], fields.get("name"), fields.get("patronymic"))
    if "document" in fields:
        return name, document_text(fields["document"])
    return name, document_text(fields.get("series"), fields.get("document_number"))


def looks_like_pupil(fields: Fields) -> bool:
    """Tell whether a row is one of a participant: a running number and a school or person, or both of the latter."""
    has_person = any(fields.get(name) is not None for name in ("surname", "full_name", "participant"))
    has_school = fields.get("school") is not None
    number_cell = fields.get("number")
    if "number" not in fields or number_cell is None:
        return has_school and has_person
    return (has_school or has_person) and whole_number(number_cell) is not None


def read_pupil(line: tuple[int, Fields], exam: ExamRows, findings: CellFindings) -> PupilRow | None:
    """Read a participant's row; None (and a finding) when nobody is named in it.

    Args:
        line: 0-based index of the row and its cells by field.
        exam: the exam and its heads.
        findings: collects findings about cells of the sheet.
    """
    index, fields = line
    heads = exam.heads
    name, document = person_of(fields)
    code = document_text(fields.get("participant"))
    school = school_text(fields.get("school"))
    if not name and not code:
        column = heads.column("surname") or heads.column("full_name") or heads.column("participant")
        findings.add(
            "exam.person_missing",
            "В строке участника нет ни имени, ни кода участника: строка отложена.",
            index + 1,
            column,
            expected="фамилия, имя или код участника",
            became="строка в карантине",
        )
        return None
    if school is None:
        findings.add(
            "exam.school_missing",
            "Нет кода ОО: результат входит в итоги территории и не входит в итоги школ.",
            index + 1,
            heads.column("school"),
            expected="код ОО",
        )
    # Without a document two namesakes of one school are one person unless their codes tell them apart.
    row = PupilRow(
        index + 1,
        person_identity(name, document, code, school),
        name_identity(name, school),
        school,
        {part: code_text(fields.get(part)) for part in ("class", "variant", "station", "auditorium")},
        "valid",
        category_of(fields.get("category")),
        bool(name and document),
        (
            parse_short(_short_cell(fields)),
            parse_extended(fields.get("extended")),
            parse_extended(fields.get("oral")),
        ),
    )
    _read_scores(fields, exam, row, findings)
    return row


def _short_cell(fields: Fields) -> Cell:
    choice, short = fields.get("choice"), fields.get("short")
    return short if choice is None else f"{cell_text(choice)}{cell_text(short)}"


def _read_scores(fields: Fields, exam: ExamRows, row: PupilRow, findings: CellFindings) -> None:
    heads, stated = exam.heads, fields.get("status")
    if stated is not None:
        found = status_of(stated)
        row.status = found or "pending"
        if found is None:
            findings.add(
                "exam.status_unknown",
                f"Состояние результата не узнано: {shown(stated)}.",
                row.row,
                heads.column("status"),
                value=shown(stated),
                expected="действителен, не явился, удалён, не завершил, аннулирован",
                became="не обработан",
            )
    for name in SCORES:
        value = fields.get(name)
        score = score_of(value)
        row.scores[name] = score
        if value is None or score is not None:
            continue
        found = status_of(value)
        if found is not None and found != "valid":
            row.status = found
        elif cell_text(value) not in {"-", "–", "—"}:
            row.unreadable.add(name)
            findings.add(
                "exam.score_unreadable",
                f"В ячейке балла не целое число: {shown(value)}.",
                row.row,
                heads.column(name),
                value=shown(value),
                expected="целое число" if number(value) is not None else "число",
                became="нет балла",
            )
    if exam.key.kind == "ege" and exam.key.level == "base" and row.scores["mark"] is None:
        # Protocols of basic mathematics put the mark under «Балл» as well as under «Оценка».
        row.scores["mark"], row.scores["test"] = row.scores["test"], None
    if row.status == "valid" and row.scores["primary"] is None:
        parts = [row.scores["written_score"], row.scores["oral_score"]]
        row.scores["primary"] = (
            sum(one for one in parts if one is not None) if any(p is not None for p in parts) else None
        )
