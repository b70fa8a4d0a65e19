"""Which requirement codes (КТ) are metasubject: those of the chapter «Метапредметные» of the requirements' codifier."""

import re
from collections.abc import Sequence
from typing import Final

_METASUBJECT_CHAPTER: Final = re.compile(
    r"^\W*мета\W?предметн\w*(\W+(результат|умени|требовани)\w*)?\W*$", re.IGNORECASE
)


def is_metasubject_chapter(title: str) -> bool:
    """Tell whether the title of a codifier's chapter is «Метапредметные» (результаты, умения)."""
    return _METASUBJECT_CHAPTER.match(title) is not None


def metasubject_flags(codes: Sequence[str], titles: Sequence[str]) -> list[bool | None]:
    """Return for every codifier line whether it stands in the chapter «Метапредметные».

    A codifier without such a chapter says nothing about it (physics of grades 7 and 8 has metasubject skills as
    chapters of their own), so all its flags are None.
    """
    chapters = {code.split(".")[0] for code, title in zip(codes, titles, strict=True) if is_metasubject_chapter(title)}
    if not chapters:
        return [None] * len(codes)
    return [code.split(".")[0] in chapters for code in codes]
