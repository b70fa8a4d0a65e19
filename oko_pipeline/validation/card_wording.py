"""Proves that texts about schools ask for a closer look and accuse nobody.

Cards may say «требует дополнительного анализа», never that results were falsified, and never that this is proved.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

NEEDS_ANALYSIS_RU: Final = "требует дополнительного анализа"
_ACCUSED_LEVELS: Final = ("низкий", "средний", "высокий")
_ACCUSATION: Final = re.compile(
    r"нарушени\w*|нарушил\w*|фальсифи\w*|подтасов\w*|списыва\w*|списал\w*|обман\w*|мошенн\w*|винов\w*|завысил\w*"
    r"|завышает\w*|необъективн\w+\s+(?:школ|оо\b|учител)\w*|учител[ьяюе]\w*\s+завы\w*|доказан\w*|доказыва\w*",
    re.IGNORECASE,
)
_LAWFUL: Final = re.compile(
    r"не\s+доказ\w+|не\s+относятся\s+к\s+отдельному\s+учителю|наличи\w+\s+нарушени\w+\s+не\s+утвержда\w+", re.IGNORECASE
)
CARD_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "objectivity_cards": ("basis_ru", "evidence_ru", "unknown_ru", "wording_ru"),
    "objectivity_signs": ("sign_title_ru", "note_ru"),
    "risk_cards": ("factors", "unknown"),
    "low_result_flags": ("explanation_ru", "failed_ru"),
    "high_result_base": ("evidence_ru",),
    "learning_pairs": ("explanation_ru",),
}
"""Texts of our own making about single schools, by table; `reply_ru` is the school's word and is not judged."""


def accusing_texts(frame: pd.DataFrame, table_name: str) -> list[str]:
    """Return where texts of a table accuse: column, the word, how many different texts; empty when none does.

    In `objectivity_cards` a card with any evidence must also ask for a closer look.
    """
    found: list[str] = []
    for column in CARD_TEXTS[table_name]:
        words: dict[str, int] = {}
        for text in _texts(frame[column]):
            match = _ACCUSATION.search(_LAWFUL.sub(" ", text))
            if match is not None:
                words[match.group().lower()] = words.get(match.group().lower(), 0) + 1
        found += [f"{table_name}.{column}: «{word}» — {count}" for word, count in sorted(words.items())]
    if table_name == "objectivity_cards":
        asked = frame["wording_ru"].str.contains(NEEDS_ANALYSIS_RU, case=False, regex=False)
        silent = int((frame["evidence_level"].isin(_ACCUSED_LEVELS) & ~asked).sum())
        if silent:
            found.append(f"{table_name}.wording_ru: без слов «{NEEDS_ANALYSIS_RU}» — {silent}")
    return found


def _texts(values: pd.Series) -> Iterator[str]:
    """Yield the different texts of a column; texts in JSON one by one."""
    for value in values.dropna().unique():
        text = str(value)
        if text.startswith(("[", "{")):
            yield from _leaves(json.loads(text))
        else:
            yield text


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
