"""Scales of primary scores → marks by year, and the parser that refuses printed ranges with gaps or overlaps.

The packaged scales are the official ones of 2021 (ФИОКО's descriptions of the papers; domain README 1.2). Geography of
grade 8 is printed there with «4» = 27–35 and «5» = 35–40: it is no scale, so the catalogue has none for it. Autumn 2020
has no official scale in our sources and none here either: a scale of another year is not a scale.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.errors import CatalogueError

LEVELS: Final = ("base", "advanced")
_RANGE: Final = re.compile(r"(\d+)(?:\s*[-–—−‑]\s*(\d+))?")
_ALLOWED: Final = re.compile(r"^[\d\s\-–—−‑;,|/]*$")
_MARKS: Final = (2, 3, 4, 5)


def bound_faults(minimum_3: int, minimum_4: int, minimum_5: int, maximum_score: int) -> list[str]:
    """Return in Russian what is wrong with cut-off scores; an empty list means a sound scale.

    Every mark must own at least one score: 0 < «3» < «4» < «5» ≤ maximum.
    """
    faults: list[str] = []
    if minimum_3 < 1:
        faults.append(f"«3» начинается с {minimum_3}: для «2» не остаётся ни одного балла")
    if minimum_4 <= minimum_3:
        faults.append(f"«4» начинается с {minimum_4}, а «3» — с {minimum_3}: границы должны возрастать")
    if minimum_5 <= minimum_4:
        faults.append(f"«5» начинается с {minimum_5}, а «4» — с {minimum_4}: границы должны возрастать")
    if maximum_score < minimum_5:
        faults.append(f"«5» начинается с {minimum_5}, что больше максимума {maximum_score}")
    return faults


def range_faults(ranges: Iterable[tuple[int, int]]) -> list[str]:
    """Return in Russian the gaps and overlaps of the four ranges for «2», «3», «4», «5»; empty when they tile 0…max."""
    pairs = list(ranges)
    faults = [
        f"диапазон «{mark}» {first}–{last} записан в обратном порядке"
        for mark, (first, last) in zip(_MARKS, pairs, strict=True)
        if first > last
    ]
    if faults:
        return faults
    if pairs[0][0] != 0:
        faults.append(f"диапазон «2» начинается с {pairs[0][0]}, а не с 0")
    for mark, (first, last), (next_first, next_last) in zip(_MARKS, pairs, pairs[1:], strict=False):
        here, there = f"«{mark}» {first}–{last}", f"«{mark + 1}» {next_first}–{next_last}"
        if next_first <= last:
            shared = f"балл {last} входит" if next_first == last else f"баллы {next_first}–{last} входят"
            faults.append(f"диапазоны {here} и {there} пересекаются: {shared} в оба")
        elif next_first > last + 1:
            missed = (
                f"пропущен балл {last + 1}"
                if next_first == last + 2
                else f"пропущены баллы {last + 1}–{next_first - 1}"
            )
            faults.append(f"между диапазонами {here} и {there} {missed}")
    return faults


def parse_ranges(text: str) -> tuple[int, int, int, int]:
    """Parse printed ranges such as `0-5 6-9 10-14 15-20`.

    Returns:
        The least scores of «3», «4», «5» and the maximum.

    Raises:
        ValueError: in Russian, when there are not four ranges, or they leave a gap, overlap or run backwards.
    """
    if not _ALLOWED.match(text):
        raise ValueError(f"«{text.strip()}» — не диапазоны баллов: ожидалось, например, «0–5 6–9 10–14 15–20»")
    pairs = [(int(first), int(last or first)) for first, last in _RANGE.findall(text)]
    if len(pairs) != len(_MARKS):
        raise ValueError(f"«{text.strip()}»: ожидалось четыре диапазона (для «2», «3», «4», «5»), найдено {len(pairs)}")
    faults = range_faults(pairs)
    if faults:
        raise ValueError("; ".join(faults))
    return pairs[1][0], pairs[2][0], pairs[3][0], pairs[3][1]


@dataclass(frozen=True, slots=True)
class Scale:
    """Cut-off scores of one paper of one year. Everything below `minimum_3` is «2»."""

    year: int
    paper_grade: int
    subject_code: str
    level: str
    minimum_3: int
    minimum_4: int
    minimum_5: int
    maximum_score: int
    source: str

    def __post_init__(self) -> None:
        faults = bound_faults(self.minimum_3, self.minimum_4, self.minimum_5, self.maximum_score)
        if faults:
            raise ValueError(
                f"шкала {self.year} года, {self.paper_grade} класс, {self.subject_code}: {'; '.join(faults)}"
            )

    def mark(self, score: int) -> int:
        """Return the mark of a primary score; raises `ValueError` for a score outside 0…maximum."""
        if not 0 <= score <= self.maximum_score:
            raise ValueError(f"балл {score} вне шкалы 0–{self.maximum_score}")
        return 2 + (score >= self.minimum_3) + (score >= self.minimum_4) + (score >= self.minimum_5)

    def marks(self, scores: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Return the marks of an array of scores; 0 where a score is outside 0…maximum (no mark can be given)."""
        values = np.asarray(scores)
        found = 2 + np.searchsorted([self.minimum_3, self.minimum_4, self.minimum_5], values, side="right")
        return np.where((values >= 0) & (values <= self.maximum_score), found, 0).astype(np.int8)

    def ranges_ru(self) -> str:
        """Return the ranges as a text for people: «2» 0–5, «3» 6–9, «4» 10–14, «5» 15–20."""
        starts = (0, self.minimum_3, self.minimum_4, self.minimum_5, self.maximum_score + 1)
        return ", ".join(
            f"«{mark}» {first}–{after - 1}" if after - 1 > first else f"«{mark}» {first}"
            for mark, first, after in zip(_MARKS, starts, starts[1:], strict=False)
        )


ScaleKey = tuple[int, int, str, str]


def parse_scale_row(row: Mapping[str, str]) -> Scale:
    """Make a scale of a catalogue line; raises `ValueError` or `KeyError` naming the faulty field."""
    if row["subject_code"] not in subjects():
        raise ValueError(f"поле subject_code: нет предмета «{row['subject_code']}»")
    if row["level"] not in LEVELS:
        raise ValueError(f"поле level: «{row['level']}», ожидалось одно из {LEVELS}")
    return Scale(
        int(row["year"]),
        int(row["paper_grade"]),
        row["subject_code"],
        row["level"],
        int(row["minimum_3"]),
        int(row["minimum_4"]),
        int(row["minimum_5"]),
        int(row["maximum_score"]),
        row["source"],
    )


def load_scales(text: str | None = None) -> dict[ScaleKey, Scale]:
    """Return the scales of `text` (a territory's own file) or of the packaged catalogue by year, grade, subject, level.

    Raises:
        CatalogueError: for faulty lines, or for a scale given twice.
    """
    found: dict[ScaleKey, Scale] = {}
    for scale in read_catalogue_csv("scales.csv", parse_scale_row, text):
        key = (scale.year, scale.paper_grade, scale.subject_code, scale.level)
        if key in found:
            raise CatalogueError(f"scales.csv: шкала {key} повторена.")
        found[key] = scale
    return found


@cache
def scales() -> dict[ScaleKey, Scale]:
    """Return the packaged scales."""
    return load_scales()


def scale_for(year: int, paper_grade: int, subject_code: str, level: str = "base") -> Scale | None:
    """Return the official scale of a spring paper of `year`, or None when our sources hold none."""
    return scales().get((year, paper_grade, subject_code, level))


def _parse_maximum(row: Mapping[str, str]) -> tuple[ScaleKey, int]:
    return (int(row["year"]), int(row["paper_grade"]), row["subject_code"], row["level"]), int(row["maximum_score"])


@cache
def _maxima_without_scale() -> dict[ScaleKey, int]:
    return dict(read_catalogue_csv("official_maxima.csv", _parse_maximum))


def official_maximum(year: int, paper_grade: int, subject_code: str, level: str = "base") -> int | None:
    """Return the official maximum primary score of a paper, also of papers whose scale is unknown or refused."""
    key = (year, paper_grade, subject_code, level)
    scale = scales().get(key)
    return scale.maximum_score if scale is not None else _maxima_without_scale().get(key)
