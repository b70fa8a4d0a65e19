"""Who a row of an exam's file names, in the form in which registers name people too: one person, one pseudonym.

Only `Pseudonymiser.person_ids` sees these texts; nothing of them is kept.
"""

from oko_pipeline.collection.forms.people import Identity, normal_name
from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Cell

_PASSPORT = (4, 6)
"""Digits of a passport's series and number: spreadsheets lose their leading zeros."""


def full_name(*parts: Cell) -> str:
    """Return a person's name for keying, of its parts or in one: case, «ё», Latin look-alikes count for nothing."""
    return normal_name(" ".join(text for part in parts if (text := cell_text(part))))


def document_text(*parts: Cell) -> str:
    """Return the letters and digits of a document in one: series 111 and number 22222 are «0111022222»."""
    texts = [_alphanumeric(cell_text(part)) for part in parts]
    if len(texts) == len(_PASSPORT) and all(text.isdigit() for text in texts):
        texts = [text.zfill(width) for text, width in zip(texts, _PASSPORT, strict=True)]
    return "".join(texts)


def _alphanumeric(text: str) -> str:
    # Most documents are digits already; looking at every sign costs ten times as much.
    return text if text.isdigit() else "".join(sign for sign in text.upper() if sign.isalnum())


def person_identity(name: str, document: str, code: str, school: str | None) -> Identity:
    """Return the identity of a person: name and document alone where both are known, else with code and school."""
    return (name, document, "", "", "") if name and document else (name, "", "", code, school or "")


def name_identity(name: str, school: str | None) -> Identity:
    """Return the identity by name and school, by which files without documents are linked."""
    return name, "", "", "", school or ""
