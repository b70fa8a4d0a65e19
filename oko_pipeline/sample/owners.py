"""What is true of those who fill registers in: pupils by grade, staff, graduates, exams, and what is special of them.

Numbers are those of the generated pupils, so that a school's contingent, its exams and its results agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COMPULSORY: Final = frozenset({"russian", "mathematics", "mathematics_base"})
"""Subjects that nobody chooses."""
_CLASS_SIZE: Final = 26
_PUPILS_OF_STAFF: Final = 13
_LEAST_STAFF: Final = 9
_POSITIONS: Final = {"deputy": 0.05, "primary_teacher": 0.27, "subject_teacher": 0.55, "other_pedagogue": 0.13}
_BANDS: Final = {
    "g1_4": (1, 4),
    "g5": (5, 5),
    "g6_9": (6, 9),
    "g10_11": (10, 11),
    "primary": (1, 4),
    "basic": (5, 9),
    "secondary": (10, 11),
    "additional": (1, 11),
}
_LESSONS: Final = {"september": 110, "year": 1000}
_GRADUATING: Final = {"interview9": 9, "essay11": 11, "honours_9": 9, "medal_first": 11, "medal_second": 11}
_PRESCHOOL: Final = 0.6
_CONTESTANTS: Final = {"school": 0.15, "municipal": 0.05, "regional": 0.015, "national": 0.006}
_RECORDED: Final = {"school": 0.015, "police": 0.006, "commission": 0.003}


@dataclass(frozen=True, slots=True)
class ExamCount:
    """One exam at one school; `marks` counts marks 2–5 where the exam has marks, else it is empty."""

    exam: str
    grade: int
    subject: str
    graduates: int
    participants: int
    ovz: int
    below: int
    marks: tuple[int, ...] = ()
    high: int = 0
    hundred: int = 0
    mean_score: float | None = None
    appeals: int = 0
    granted: int = 0

    @property
    def mean_mark(self) -> float | None:
        """Return the mean mark, None where there are no marks."""
        if not self.marks or not self.participants:
            return None
        return round(sum(mark * count for mark, count in enumerate(self.marks, 2)) / self.participants, 2)


_TYPICAL_EXAMS: Final = (
    ExamCount("oge", 9, "mathematics", 50, 50, 1, 2, (2, 18, 21, 9)),
    ExamCount("oge", 9, "physics", 50, 10, 0, 0, (0, 3, 4, 3)),
    ExamCount("ege", 11, "mathematics_profile", 22, 12, 0, 1, (), 2, 0, 61.5, 1, 1),
)
_TYPICAL_PLACE: Final = {"school_type": "secondary", "location_type": "village", "settlement_size": "lt5"}
_TYPICAL: Final = (54, 52, 55, 51, 50, 53, 52, 49, 50, 23, 22)


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """A school or a municipality in a year.

    `pupils` counts pupils by grade, `before` graduates of the summer before by grade; `tags` tells what the owner is:
    school or municipality, with senior grades, supported as one with low results or hard conditions, flagged for signs
    of bias. `place` is the kind of school and of settlement, as the form asks for them. `admitted` counts participants
    of a procedure that admits to exams and those who passed, where it has protocols.
    """

    pupils: tuple[int, ...] = _TYPICAL
    before: Mapping[int, int] = field(default_factory=lambda: {9: 48, 11: 21})
    exams: tuple[ExamCount, ...] = _TYPICAL_EXAMS
    tags: frozenset[str] = frozenset({"school", "municipality", "seniors", "supported", "flagged"})
    schools: int = 1
    place: Mapping[str, str] = field(default_factory=lambda: dict(_TYPICAL_PLACE))
    admitted: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def staff(self) -> int:
        """Return how many teachers there are."""
        return max(_LEAST_STAFF * self.schools, round(sum(self.pupils) / _PUPILS_OF_STAFF))

    def count(self, name: str, row: Mapping[str, object]) -> float:
        """Return a count by which others are sized; some depend on the row: its grade, position or audience.

        Raises:
            KeyError: for a name that is none of them.
        """
        whole = sum(self.pupils)
        plain = {
            "pupils": whole,
            "staff": self.staff,
            "schools": self.schools,
            "seniors": sum(self.pupils[9:]),
            "pupils_6_11": sum(self.pupils[5:]),
            "graduates_9": self.pupils[8],
            "graduates_9_before": self.before.get(9, 0),
            "graduates_11_before": self.before.get(11, 0),
            "class_sets": sum(map(_classes, self.pupils)),
        }
        if name in plain:
            return plain[name]
        return {
            "group": self._group,
            "classes": lambda one: _classes(self._group(one)),
            "graduates": self._graduates,
            "positioned": self._positioned,
            "people": self._audience,
            "recorded": lambda one: whole * _RECORDED.get(str(one.get("record_kind")), 0.002),
            "contestants": lambda one: whole * _CONTESTANTS.get(str(one.get("level")), 0.03),
            "period_lessons": lambda one: self._group(one) * _LESSONS.get(str(one.get("period")), 250),
        }[name](row)

    def _group(self, row: Mapping[str, object]) -> float:
        grade = row.get("grade")
        if isinstance(grade, int):
            return self.pupils[min(grade, 11) - 1]
        band = next((str(row[name]) for name in ("grade_band", "education_level", "coverage_level") if name in row), "")
        if band == "staff":
            return self.staff
        if band == "preschool":
            return round(sum(self.pupils) * _PRESCHOOL)
        first, last = _BANDS.get(band, (1, 11))
        return sum(self.pupils[first - 1 : last])

    def _graduates(self, row: Mapping[str, object]) -> float:
        told = row.get("grade", row.get("graduating_grade"))
        named = next((_GRADUATING[str(one)] for one in row.values() if str(one) in _GRADUATING), 9)
        return self.pupils[(told if isinstance(told, int) else named) - 1]

    def _positioned(self, row: Mapping[str, object]) -> float:
        position = str(row.get("position"))
        if position == "head":
            return self.schools
        return max(self.schools, round(self.staff * _POSITIONS.get(position, 1.0)))

    def _audience(self, row: Mapping[str, object]) -> float:
        told = str(row.get("audience", row.get("target_group", "")))
        whole = sum(self.pupils)
        found = {
            "pupils": whole * 0.25,
            "parents": whole * 0.2,
            "heads": self.schools * 1.2,
            "deputies": self.schools * 1.5,
            "young_teachers": self.staff * 0.1,
            "teachers": self.staff * 0.6,
            "associations": self.staff * 0.5,
        }
        return max(3.0, found.get(told, 8.0))


def _classes(pupils: float) -> int:
    return int(-(-pupils // _CLASS_SIZE))
