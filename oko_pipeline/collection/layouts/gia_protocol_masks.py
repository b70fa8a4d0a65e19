"""Masks of answers in exam protocols: `++-2`, `1(2)0(3)`, and their compact form for the store.

Short answers: a sign a task: `+` is 1 point, `-` is 0, a digit is that many points, a letter is the option that the
pupil chose (no points follow from it). Extended answers: `score(maximum)` a criterion, `X` or `-` for not attempted.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Cell

_EXTENDED: Final = re.compile(r"([0-9]{1,2}|[-–—XxХх?])\((\d{1,2})\)")
_EMPTY: Final = frozenset({"", "-", "–", "—", "нет", "н/я", "не явился"})
_SIGNS: Final = {"+": 1, "-": 0, "–": 0, "—": 0, "−": 0}
PARTS: Final = ("short", "extended", "oral")


@dataclass(frozen=True, slots=True)
class Mask:
    """A read mask. `scores` has None where a sign gives no points; `maxima` are None where the mask states none.

    `faults` are 1-based places of signs that mean nothing, `over_maximum` of scores above their maximum.
    """

    scores: tuple[int | None, ...] = ()
    maxima: tuple[int | None, ...] = ()
    letters: tuple[str, ...] = ()
    faults: tuple[int, ...] = ()
    over_maximum: tuple[int, ...] = ()

    @property
    def total(self) -> int | None:
        """Return the sum of points; None where a sign gives none, so the sum cannot be known."""
        return None if None in self.scores else sum(score for score in self.scores if score is not None)

    def compact(self) -> str:
        """Return the mask as the store keeps it: scores by `;`, with `/maximum` where it is stated."""
        return ";".join(
            (letter if score is None else str(score)) + ("" if maximum is None else f"/{maximum}")
            for score, maximum, letter in zip(self.scores, self.maxima, self.letters, strict=True)
        )


NO_MASK: Final = Mask()


@lru_cache(maxsize=100_000)
def _short(text: str) -> Mask:
    signs = text.replace(" ", "")
    scores: list[int | None] = []
    letters: list[str] = []
    faults: list[int] = []
    for place, sign in enumerate(signs, 1):
        points = _SIGNS.get(sign, int(sign) if sign.isascii() and sign.isdigit() else None)
        scores.append(points)
        is_letter = sign.isalpha()
        letters.append(sign.upper() if is_letter else "?")
        if points is None and not is_letter:
            faults.append(place)
    return Mask(tuple(scores), (None,) * len(signs), tuple(letters), tuple(faults))


@lru_cache(maxsize=100_000)
def _extended(text: str) -> Mask:
    signs = text.replace(" ", "").replace(";", "").replace(",", "")
    pairs = _EXTENDED.findall(signs)
    if _EXTENDED.sub("", signs) or not pairs:
        return Mask(faults=(1,))
    scores = tuple(int(score) if score.isdigit() else 0 for score, _ in pairs)
    maxima = tuple(int(maximum) for _, maximum in pairs)
    over = tuple(n for n, (score, most) in enumerate(zip(scores, maxima, strict=True), 1) if score > most)
    return Mask(scores, maxima, ("?",) * len(pairs), (), over)


def parse_short(value: Cell) -> Mask:
    """Read a mask of short answers; an empty cell is an empty mask. A spreadsheet may have kept `000` as a number."""
    text = cell_text(value)
    if text.lower() in _EMPTY and len(text) != 1:
        return NO_MASK
    # One sign alone may be a paper of one task or a dash for «none»: a dash alone is taken as none.
    return NO_MASK if text in {"", "–", "—"} else (_extended(text) if "(" in text else _short(text))


def parse_extended(value: Cell) -> Mask:
    """Read a mask of extended or oral answers, `1(2)0(3)`; one without brackets is read sign by sign."""
    text = cell_text(value)
    if text.lower() in _EMPTY:
        return NO_MASK
    return _extended(text) if "(" in text else _short(text)


def compact_scores(masks: Sequence[Mask]) -> str | None:
    """Return short, extended and oral masks as one text: `1;0;2|1/2|0/1;1/5`; None when all are empty."""
    if not any(mask.scores for mask in masks):
        return None
    return "|".join(mask.compact() for mask in masks).rstrip("|")


def usual_length(masks: Iterable[Mask]) -> int | None:
    """Return the commonest number of signs, the longer of two equally common ones; None when no mask has signs."""
    counts: dict[int, int] = {}
    for mask in masks:
        if mask.scores:
            counts[len(mask.scores)] = counts.get(len(mask.scores), 0) + 1
    return max(counts, key=lambda length: (counts[length], length)) if counts else None
