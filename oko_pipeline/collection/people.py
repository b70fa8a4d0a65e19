"""Tells texts that name a person from texts that do not, so that such texts stop at the reader."""

import re
from typing import Final

_PERSON: Final = re.compile(
    r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?\s+[А-ЯЁ]\.\s*(?:[А-ЯЁ]\.)?|(?<![А-ЯЁа-яё])[А-ЯЁ]\.\s*(?:[А-ЯЁ]\.)?\s*[А-ЯЁ][а-яё]{2,}|"
    r"[А-ЯЁ][а-яё]+\s+[А-ЯЁ][а-яё]+\s+[А-ЯЁ][а-яё]+(?:вич|вна|чна|ьич)(?:а|у|ем|ой|е)?(?![а-яё])"
)


def named_person(text: str) -> bool:
    """Tell whether a text names a person: a surname with initials, or surname, name and patronymic."""
    return _PERSON.search(text) is not None


def without_people(text: str) -> str:
    """Return a text without the names of people in it."""
    return " ".join(_PERSON.sub(" ", text).split()).strip(" ,;")
