"""Proves that no name, phone, e-mail or document number of a person stands in a stored table.

Readers drop personal data; this is the independent check behind them. Only unique texts are searched. A finding names
table and column, says how often, and shows the shape of the value (letters as «а», digits as «0»), never the value.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.quality import QualityFinding
from oko_pipeline.validation.wording import counted

NAMED_AFTER_COLUMNS: Final = frozenset(
    {
        "school_name",
        "municipality_name",
        "municipality_source",
        "settlement_type",
        "unit_source",
        "unit_name",
        "school_key",
        "source_key",
        "title_ru",
        "path",
        "file_path",
        "message",
        "mend",
        "inputs",
        "value",
    }
)
"""Columns in which schools are named, and schools are named after people («СОШ им. А.С. Пушкина»). There a full name
counts unless a naming word stands before it, and initials do not; contacts and documents are sought as everywhere."""

PROGRAMME_COLUMNS: Final = frozenset({"title", "skill", "skill_title", "programme_block"})
"""Columns of official programme texts, which tell of tsars and writers («царствование Михаила Фёдоровича»). There only
a text that is hardly more than a full name counts."""

_WHOLE_TEXT_SHARE: Final = 0.8

PLAIN_COLUMNS: Final = frozenset(
    {
        "school_year",
        "file_sha256",
        "old_file_sha256",
        "new_file_sha256",
        "superseded_by",
        "works_sha256",
        "context_sha256",
        "input_sha256",
        "finding_id",
        "run_id",
        "modified_at",
        "submitted_at",
        "rendered_at",
        "written_at",
        "checked_at",
        "assessment_id",
        "origin",
        "pupil_id",
        "slice_key",
        "table_name",
        "document_id",
        "record_id",
        "person_id",
        "response_id",
        "signal_id",
        "method_id",
        "method_version",
    }
)
"""Columns of our own making whose values are fingerprints, times and keys: no text of a file reaches them."""

_WORD: Final = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ]?[а-яё]+)*"
_PATRONYMIC: Final = r"[А-ЯЁ][а-яё]*(?:ович|евич|ьич|[кмт]ич|овна|евна|ична|инична|овича|евича|ьича|овны|евны|ичны)"
_TURKIC_PATRONYMIC: Final = r"(?:Оглы|оглы|Кызы|кызы|Улы|улы|Уулу|уулу|Гызы|гызы)"
_FULL_NAME: Final = re.compile(
    rf"(?<![\w-])(?:{_WORD}\s+{_WORD}\s+{_PATRONYMIC}|{_WORD}\s+{_PATRONYMIC}\s+{_WORD}"
    rf"|{_WORD}\s+{_WORD}\s+{_WORD}\s+{_TURKIC_PATRONYMIC}|{_WORD}\s+{_PATRONYMIC})(?![\w-])"
)
_FULL_NAME_CAPITALS: Final = re.compile(
    r"(?<![\w-])[А-ЯЁ-]{2,}\s+[А-ЯЁ-]{2,}\s+[А-ЯЁ]*(?:ОВИЧ|ЕВИЧ|ЬИЧ|ОВНА|ЕВНА|ИЧНА)(?![\w-])"
)
_INITIALS: Final = re.compile(rf"(?<![\w-])(?:{_WORD}\s+[А-ЯЁ]\.\s?(?:[А-ЯЁ]\.)?|[А-ЯЁ]\.\s?[А-ЯЁ]\.\s?{_WORD})(?!\w)")
_NAMED_AFTER: Final = re.compile(
    r"(?:(?<!\w)им(?:\.|ени)|(?<!\w)пам(?:\.|яти)|(?<!\w)геро\w+|(?<!\w)акад\w*\.?|(?<!\w)ген\w*\.?|(?<!\w)марш\w*\.?"
    r"|(?<!\w)ул(?:\.|иц\w+)|(?<!\w)пр(?:\.|оспект\w*))\s*",
    re.IGNORECASE,
)
_JUST_NAMED: Final = re.compile(
    r"(?:(?<!\w)им(?:\.|ени)|(?<!\w)пам(?:\.|яти)|(?<!\w)геро\w+|(?<!\w)акад\w*\.?|(?<!\w)ген\w*\.?|(?<!\w)марш\w*\.?"
    r"|(?<!\w)ул(?:\.|иц\w+)|(?<!\w)пр(?:\.|оспект\w*)|(?<!\w)чтени\w+)\s*(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_TWO_INITIALS: Final = re.compile(rf"(?<![\w-])(?:{_WORD}\s+[А-ЯЁ]\.\s?[А-ЯЁ]\.|[А-ЯЁ]\.\s?[А-ЯЁ]\.\s?{_WORD})(?!\w)")
_PHONE: Final = re.compile(
    r"(?<![\w.,/-])(?:\+7|8|7)[\s(-]{0,2}[3489]\d{2}[\s)-]{0,2}\d{3}[\s-]?\d{2}[\s-]?\d{2}(?![\w/])"
    r"|(?<!\w)т(?:ел|елефон)?\.?\s*:?\s*\d[\d\s()-]{4,}\d(?!\w)",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DOCUMENT: Final = re.compile(
    r"(?<![\w.])\d{2}\s\d{2}\s(?:№\s?)?\d{6}(?!\w)|(?<![\w.])\d{4}\s(?:№\s?)?\d{6}(?!\w)"
    r"|(?<!\w)[IVXLCУХ]{1,5}-[А-ЯЁ]{2}\s?(?:№\s?)?\d{6}(?!\w)"
    r"|(?:паспорт|свидетельств\w+ о рождении|серия)\D{0,20}\d{2}\s?\d{2}\D{0,5}\d{6}",
    re.IGNORECASE,
)
_SNILS: Final = re.compile(
    r"(?<!\d)(\d{3})-(\d{3})-(\d{3})[\s-](\d{2})(?!\d)|снилс\D{0,5}(\d{11})(?!\d)", re.IGNORECASE
)
_BIRTH_DATE: Final = re.compile(
    r"(?:д\.?\s?р\.?|дата рождения|род(?:ился|илась|\.))\s*:?\s*\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    # A date of an act («Приказ от 06.05.2019 № 590») is nobody's birth.
    r"|(?<!\bот\s)(?<!\bс\s)(?<!\bдо\s)(?<!\bпо\s)(?<![\d.])(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19[4-9]\d|20[01]\d)"
    r"(?:\s*г\.?\s*р\.?)?(?![\d.]|\s*(?:г\.|года)?,?\s*№)",
    re.IGNORECASE,
)
_ANY_LETTER_OR_DIGIT: Final = re.compile(r"[^\W\d_]|\d")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of personal data: its rule, what it is called, the cheap sign every match has, and the patterns."""

    rule_id: str
    title_ru: str
    sign: str
    patterns: tuple[re.Pattern[str], ...]


_DIGITS_SIGN: Final = r"\d{2}"
_KINDS: Final = (
    _Kind("privacy.email", "адрес электронной почты", "@", (_EMAIL,)),
    _Kind("privacy.snils", "СНИЛС", r"\d{3}-\d{3}-\d{3}|(?i:снилс)", (_SNILS,)),
    _Kind("privacy.phone", "номер телефона", _DIGITS_SIGN, (_PHONE,)),
    _Kind("privacy.document", "номер документа", r"\d{6}", (_DOCUMENT,)),
    _Kind("privacy.birth_date", "дата рождения", r"\d[./]\d", (_BIRTH_DATE,)),
)
_NAME_SIGN: Final = r"[А-ЯЁ][а-яё-]+\s+[А-ЯЁ]|[А-ЯЁ]\.|[А-ЯЁ]{2,}\s+[А-ЯЁ]{2,}"


def scan_frame(frame: pd.DataFrame, table_name: str) -> list[QualityFinding]:
    """Search every text column of a table; returns one finding a column and kind of personal data.

    The finding's message says table, column and in how many different texts; its `value` is a mask of the first one.
    Columns of fingerprints, times and keys (`PLAIN_COLUMNS`) hold no text of a file and are left out; in
    `NAMED_AFTER_COLUMNS` and `PROGRAMME_COLUMNS` lawful names are allowed. In registers, whose every text a person
    wrote, a name counts in every column unless a naming word stands right before it («СОШ им. А.С. Пушкина»).
    """
    is_register = table_name in record_tables()
    found: list[QualityFinding] = []
    for column in frame.columns:
        values = frame[column]
        if column in PLAIN_COLUMNS or not _holds_text(values):
            continue
        texts = values.dropna().drop_duplicates().astype("str")
        found += _scan_texts(texts, table_name, str(column), is_register=is_register)
    return found


def _holds_text(values: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(values.dtype) or values.dtype == object) or isinstance(
        values.dtype, pd.CategoricalDtype
    )


def _scan_texts(texts: pd.Series, table_name: str, column: str, *, is_register: bool) -> list[QualityFinding]:
    found: list[QualityFinding] = []
    for kind in _KINDS:
        likely = texts.loc[texts.str.contains(kind.sign, regex=True)]
        hits = [text for text in likely if any(pattern.search(text) for pattern in kind.patterns)]
        found += _finding_of(hits, (kind.rule_id, kind.title_ru), table_name, column)
    likely = texts.loc[texts.str.contains(_NAME_SIGN, regex=True)]
    names = [text for text in likely if (_names_anyone(text) if is_register else holds_name(text, column))]
    return found + _finding_of(names, ("privacy.full_name", "фамилия с именем или инициалами"), table_name, column)


def holds_name(text: str, column: str) -> bool:
    """Tell whether `text` holds a person's name: «Фамилия Имя Отчество», «Имя Отчество», «Иванов И.И.», «И.И. Иванов».

    In `NAMED_AFTER_COLUMNS` and `PROGRAMME_COLUMNS` initials and lawful names are no hit.
    """
    full = [*_FULL_NAME.finditer(text), *_FULL_NAME_CAPITALS.finditer(text)]
    if column in PROGRAMME_COLUMNS:
        return any(len(match.group()) >= _WHOLE_TEXT_SHARE * len(text.strip()) for match in full)
    if column in NAMED_AFTER_COLUMNS:
        return any(not _is_named_after(text, match) for match in full)
    return bool(full) or _INITIALS.search(text) is not None


def _names_anyone(text: str) -> bool:
    """Tell whether a text of a register names a person; one initial alone («Корпус Б.») is no name there."""
    for pattern in (_FULL_NAME, _FULL_NAME_CAPITALS, _TWO_INITIALS):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 60) : match.start()]
            first_word = match.group().split()[0]
            if not (_JUST_NAMED.search(before) or _JUST_NAMED.search(f"{before}{first_word} ")):
                return True
    return False


def _is_named_after(text: str, match: re.Match[str]) -> bool:
    """Tell whether a naming word stands before the name, at most three words away («имени Героя … Ивана Ивановича»)."""
    before = text[max(0, match.start() - 60) : match.start()] + match.group().split()[0]
    return _NAMED_AFTER.search(before) is not None


def mask(text: str, length: int = 40) -> str:
    """Return the shape of a text: every letter «а», every digit «0»; at most `length` signs."""
    shape = _ANY_LETTER_OR_DIGIT.sub(lambda sign: "0" if sign.group().isdigit() else "а", text)
    return shape if len(shape) <= length else shape[: length - 1] + "…"


def _finding_of(hits: Iterable[str], kind: tuple[str, str], table_name: str, column: str) -> list[QualityFinding]:
    texts = list(hits)
    if not texts:
        return []
    rule_id, title = kind
    return [
        QualityFinding(
            rule_id,
            f"Таблица {table_name}, столбец {column}: {title} в "
            f"{counted(len(texts), 'значении', 'значениях', 'значениях')}.",
            value=mask(texts[0]),
            expected="никаких персональных данных",
        )
    ]
