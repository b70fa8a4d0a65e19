"""Contacts, documents and people's names in free texts: found and taken out before a text goes any further.

Lawful names stay: what stands after «им.», «имени», «ул.» is the name of a school or a street, not of a person.
"""

import re
from dataclasses import dataclass
from typing import Final

TEXT_LIMIT: Final = 500
"""A longer text is free prose: it may tell anything of anyone."""

_WORD: Final = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ]?[а-яё]+)*"
_PATRONYMIC: Final = r"[А-ЯЁ][а-яё]*(?:ович|евич|ьич|[кмт]ич|овна|евна|ична|инична|овича|евича|овны|евны|ичны)"
_NAMED_AFTER: Final = re.compile(
    r"(?:(?<!\w)им(?:\.|ени)|(?<!\w)пам(?:\.|яти)|(?<!\w)геро\w+|(?<!\w)акад\w*\.?|(?<!\w)ген\w*\.?|(?<!\w)марш\w*\.?"
    r"|(?<!\w)ул(?:\.|иц\w+)|(?<!\w)пр(?:\.|оспект\w*)|(?<!\w)чтени\w+)\s*(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_CONTACTS: Final = (
    ("@", "адрес электронной почты", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (
        "",
        "номер телефона",
        re.compile(
            r"(?<![\w.,/-])(?:\+7|8|7)[\s(-]{0,2}[3489]\d{2}[\s)-]{0,2}\d{3}[\s-]?\d{2}[\s-]?\d{2}(?![\w/])"
            r"|(?<!\w)т(?:ел|елефон)?\.?\s*:?\s*\d[\d\s()-]{4,}\d(?!\w)",
            re.IGNORECASE,
        ),
    ),
    ("", "СНИЛС", re.compile(r"(?<!\d)\d{3}-\d{3}-\d{3}[\s-]\d{2}(?!\d)|снилс\D{0,5}\d{11}(?!\d)", re.IGNORECASE)),
    (
        "",
        "номер документа",
        re.compile(
            r"(?<![\w.])\d{2}\s\d{2}\s(?:№\s?)?\d{6}(?!\w)|(?<![\w.])\d{4}\s(?:№\s?)?\d{6}(?!\w)"
            r"|(?<!\w)[IVXLCУХ]{1,5}-[А-ЯЁ]{2}\s?(?:№\s?)?\d{6}(?!\w)",
            re.IGNORECASE,
        ),
    ),
    (
        "",
        "дата рождения",
        re.compile(
            r"(?:д\.?\s?р\.?|дата рождения|род(?:ился|илась|\.))\s*:?\s*\d{1,2}[./]\d{1,2}[./]\d{2,4}", re.IGNORECASE
        ),
    ),
)
_NAMES: Final = re.compile(
    rf"(?<![\w-])(?:{_WORD}\s+{_WORD}\s+{_PATRONYMIC}|{_WORD}\s+{_PATRONYMIC}\s+{_WORD}|{_WORD}\s+{_PATRONYMIC}"
    rf"|{_WORD}\s+[А-ЯЁ]\.\s?[А-ЯЁ]\.|[А-ЯЁ]\.\s?[А-ЯЁ]\.\s?{_WORD}"
    r"|[А-ЯЁ-]{2,}\s+[А-ЯЁ-]{2,}\s+[А-ЯЁ]*(?:ОВИЧ|ЕВИЧ|ЬИЧ|ОВНА|ЕВНА|ИЧНА))(?![\w-])"
)
_DIGITS: Final = re.compile(r"\d[\d\s()-]{4,}\d|\d[./]\d")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A text without what may not pass; `text` is None when nothing is left, `kinds` say what was taken out."""

    text: str | None
    kinds: tuple[str, ...] = ()


def guard_text(text: str) -> Guarded:
    """Take contacts, numbers of documents and names of people out of `text`."""
    kinds: list[str] = []
    kept = text
    has_digits = _DIGITS.search(text) is not None
    for sign, kind, pattern in _CONTACTS:
        if (sign and sign in kept) or (not sign and has_digits):
            shorter = pattern.sub(" ", kept)
            if shorter != kept:
                kinds.append(kind)
                kept = shorter
    shorter = _NAMES.sub(_without_name, kept)
    if shorter != kept:
        kinds.append("фамилия с именем или инициалами")
        kept = shorter
    if not kinds:
        return Guarded(text)
    kept = " ".join(kept.split()).strip(" ,;:—-()")
    return Guarded(kept if sum(sign.isalpha() for sign in kept) >= 3 else None, tuple(kinds))


def holds_name(text: str) -> bool:
    """Tell whether `text` holds a person's name that is not the lawful part of a school's or a street's name."""
    return _NAMES.sub(_without_name, text) != text


def _without_name(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 60) : match.start()]
    first_word = match.group().split()[0]
    lawful = _NAMED_AFTER.search(before) or _NAMED_AFTER.search(f"{before}{first_word} ")
    return match.group() if lawful else " "
