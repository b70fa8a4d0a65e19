"""Names and documents of people, normalised before `Pseudonymiser.person_ids` keys them. Nothing of them is kept.

In a name case, «ё», Latin letters that look Cyrillic, hyphens and spaces count for nothing; in a document all but
letters and digits.
"""

import re
from typing import Final

from oko_pipeline.collection.headers import cyrillic, folded_text
from oko_pipeline.collection.layout import Cell

_NOT_LETTER: Final = re.compile(r"[^а-яa-z]+")
_NOT_DOCUMENT: Final = re.compile(r"[^0-9A-ZА-Я]+")


def normalised_name(*parts: Cell) -> str:
    """Return a person's name for comparing: «  Иванóв-Петров », «ИВАН» → «иванов петров иван»."""
    text = cyrillic(folded_text(" ".join(str(part) for part in parts if part not in {None, ""})))
    return " ".join(_NOT_LETTER.sub(" ", text.replace("\u0301", "")).split())


def normalised_document(*parts: Cell) -> str:
    """Return the letters and digits of a document's series and number in one: «1111», 222222.0 → «1111222222»."""
    return _NOT_DOCUMENT.sub("", "".join(folded_text(part) for part in parts).upper())
