"""Results of exams of a unit by the best source there is: protocols, tables of the region, forms of schools.

Protocols are counted by the project itself; a table of the region is ready-made; forms hold only totals. One exam of a
unit is told by one source, and the source is named. Does not belong here: wording.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.exams.words import exam_key, exam_order
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.statistics.intervals import wilson_interval

PROTOCOLS: Final = "exam_summary"
TABLES: Final = "exam_school_results"
FORMS: Final = "exam_results_reported"
SOURCES_RU: Final[Mapping[str, str]] = {
    PROTOCOLS: "протоколы",
    TABLES: "сводная таблица региона",
    FORMS: "формы ОО",
}
ALL_SUBJECTS: Final = "all"
_ELEVENTH: Final = 11
_COUNTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    PROTOCOLS: {
        "participants": ("participants_count",),
        "absent": ("not_valid_count",),
        "below": ("below_minimum_count",),
        "middle": ("minimum_60_count",),
        "good": ("score_61_80_count",),
        "top": ("score_81_100_count",),
        "high": ("score_80_99_count", "score_100_count"),
        "hundred": ("score_100_count",),
        "mark_2": ("mark_2_count",),
        "mark_3": ("mark_3_count",),
        "mark_4": ("mark_4_count",),
        "mark_5": ("mark_5_count",),
    },
    TABLES: {
        "participants": ("participants_count",),
        "below": ("below_minimum_count",),
        "high": ("score_80_99_count", "score_100_count"),
        "hundred": ("score_100_count",),
    },
    FORMS: {
        "participants": ("participants_count",),
        "registered": ("registered_count",),
        "ovz": ("ovz_count",),
        "below": ("below_minimum_count",),
        "high": ("score_80_99_count", "score_100_count"),
        "hundred": ("score_100_count",),
        "mark_2": ("below_minimum_count",),
        "mark_3": ("mark_3_count",),
        "mark_4": ("mark_4_count",),
        "mark_5": ("mark_5_count",),
    },
}
_SHARES: Final[Mapping[str, tuple[str, ...]]] = {
    "below": ("below",),
    "failed": ("mark_2",),
    "passed": ("mark_3", "mark_4", "mark_5"),
    "quality": ("mark_4", "mark_5"),
    "excellent": ("mark_5",),
    "high": ("high",),
    "top": ("top",),
}
_SHARE_COLUMNS: Final = {"below": "below_minimum", "passed": "success", "quality": "quality", "top": "score_81_100"}
_TABLE_COUNTS: Final = ("below_minimum_count", "score_80_99_count", "score_100_count")
_MARKS: Final = ("mark_2", "mark_3", "mark_4", "mark_5")
_MEANS: Final = {PROTOCOLS: "mean_test", TABLES: "mean_test_score", FORMS: "mean_score"}


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0 to 1) of `n` participants with its 95 % interval."""

    count: int
    n: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, count: int, n: int) -> "Share":
        """Return the share count/n with Wilson's interval."""
        bounds = wilson_interval(count, n)
        return cls(count, n, count / n, float(bounds.low), float(bounds.high))


@dataclass(frozen=True, slots=True)
class ExamResult:
    """Result of a unit in one exam: the rows it stands on, all of one table (`source`).

    An empty cell in one of the columns `blanks` means nobody.
    """

    key: ExamKey
    source: str
    rows: tuple[Row, ...]
    blanks: frozenset[str] = frozenset()

    @property
    def participants(self) -> int:
        """Return how many took the exam."""
        return self.count("participants") or 0

    @property
    def is_marked(self) -> bool:
        """Return whether the four marks are known and add up to the participants."""
        return self.key.is_marked and self.count("passed_or_not") is not None

    @property
    def is_doubtful(self) -> bool:
        """Return whether a form contradicts itself: its marks or groups do not agree with the participants.

        Nothing is concluded from such a form, though what it states is shown.
        """
        if self.source != FORMS:
            return False
        if self.key.is_marked:
            return not self.is_marked and all(row["mark_3_count"] is not None for row in self.rows)
        return self.count("high") is None and any(row["score_80_99_count"] is not None for row in self.rows)

    def count(self, name: str) -> int | None:
        """Return a count; None where the source does not tell it for every row, or its parts contradict the whole."""
        if name == "passed_or_not":
            marks = [self._sum(mark) for mark in _MARKS]
            known = [mark for mark in marks if mark is not None]
            return sum(known) if len(known) == len(marks) and self._marks_agree(known) else None
        if name in _MARKS and self.count("passed_or_not") is None:
            return None
        if name in ("high", "hundred") and not self._groups_agree():
            return None
        return self._sum(name)

    def share(self, name: str) -> Share | None:
        """Return a share of the participants (of those with a mark): below, failed, passed, quality, high, top.

        None where it cannot be told, or where a part is more than the whole: such a form contradicts itself.
        """
        parts = [self.count(part) for part in _SHARES[name]]
        known = [part for part in parts if part is not None]
        is_of_marks = _SHARES[name][0] in _MARKS
        n = self.count("passed_or_not") if is_of_marks else self.participants
        if len(known) < len(parts) or not n or sum(known) > n:
            return None
        return Share.of(sum(known), n)

    def count_text(self, figures: Figures, name: str) -> str:
        """Return a count as text."""
        value = self.count(name)
        if value is None:
            return UNKNOWN
        columns = _COUNTS[self.source][name]
        if len(self.rows) == 1 and len(columns) == 1 and self.rows[0][columns[0]] is not None:
            return figures.whole(self.rows[0], columns[0])
        return figures.computed(value, f"сумма {'+'.join(columns)}", self.rows, form="whole", digits=0)

    def counted_text(self, figures: Figures, name: str, forms: tuple[str, str, str]) -> str:
        """Return a count with its noun."""
        value = self.count(name) or 0
        return f"{self.count_text(figures, name)}{ru.NBSP}{ru.plural(value, forms)}"

    def share_text(self, figures: Figures, name: str) -> str:
        """Return a share in percent with its interval for a table: «13,6 (5–33)»."""
        share = self.share(name)
        if share is None:
            return UNKNOWN
        stem = _SHARE_COLUMNS.get(name)
        if self.source == PROTOCOLS and stem is not None and self.rows[0][f"{stem}_share"] is not None:
            return figures.share_with_interval(self.rows[0], f"{stem}_share", f"{stem}_low", f"{stem}_high")
        low, high = self._bound_texts(figures, share)
        return f"{self.percent(figures, name)}{ru.NBSP}({low}–{high})"

    def drawn(self, figures: Figures, name: str) -> tuple[str, str, str]:
        """Return a known share and the bounds of its interval in percent, as a chart shows them.

        Raises:
            KeyError: the share cannot be told.
        """
        share, stem = self.share(name), _SHARE_COLUMNS.get(name)
        if share is None:
            raise KeyError(name)
        if self.source == PROTOCOLS and stem is not None and self.rows[0][f"{stem}_share"] is not None:
            value, low, high = (
                figures.percent_number(self.rows[0], f"{stem}_{part}") for part in ("share", "low", "high")
            )
            return value, low, high
        low, high = self._bound_texts(figures, share, 1)
        return self.percent(figures, name), low, high

    def percent(self, figures: Figures, name: str, *, form: str = "percent_number") -> str:
        """Return a share in percent: «13,6» (or «13,6 %» with form percent)."""
        share = self.share(name)
        if share is None:
            return UNKNOWN
        stem = _SHARE_COLUMNS.get(name)
        if self.source == PROTOCOLS and stem is not None and self.rows[0][f"{stem}_share"] is not None:
            value = figures.percent if form == "percent" else figures.percent_number
            return value(self.rows[0], f"{stem}_share")
        return figures.computed(share.value, f"доля {'+'.join(_SHARES[name])} среди участников", self.rows, form=form)

    def share_words(self, figures: Figures, name: str) -> str:
        """Return a share for a sentence: «13,6 % (от 5 до 33 %)», «никого (с учётом случайности до 15 %)»."""
        share = self.share(name)
        if share is None:
            return UNKNOWN
        low, high = self._bound_texts(figures, share)
        if share.count == 0:
            return f"никого (с учётом случайности до{ru.NBSP}{high}{ru.NBSP}%)"
        return f"{self.percent(figures, name, form='percent')} (от{ru.NBSP}{low} до{ru.NBSP}{high}{ru.NBSP}%)"

    def mean_mark_text(self, figures: Figures) -> str:
        """Return the mean mark worked out from the counts of marks."""
        n = self.count("passed_or_not")
        if not n:
            return UNKNOWN
        row = self.rows[0]
        if self.source == PROTOCOLS:
            return figures.decimal(row, "mean_mark", 2)
        total = sum(int(name[-1]) * (self.count(name) or 0) for name in _MARKS)
        return figures.computed(total / n, "средняя отметка по числу отметок", self.rows, digits=2)

    @property
    def mean_score(self) -> float | None:
        """Return the mean test score, weighted by participants where there are several rows."""
        column = _MEANS[self.source]
        if any(row[column] is None for row in self.rows) or not self.participants:
            return None
        weighted = sum(float(row[column]) * (row["participants_count"] or 0) for row in self.rows)
        return weighted / self.participants

    def mean_score_text(self, figures: Figures) -> str:
        """Return the mean test score, with its interval where the source gives one."""
        mean = self.mean_score
        if mean is None:
            return UNKNOWN
        row, column = self.rows[0], _MEANS[self.source]
        if len(self.rows) > 1:
            return figures.computed(mean, "средний балл, взвешенный по участникам", self.rows)
        text = figures.decimal(row, column)
        if self.source != PROTOCOLS or row["mean_test_low"] is None:
            return text
        return f"{text}{ru.NBSP}({figures.interval(row, 'mean_test_low', 'mean_test_high', form='decimal')})"

    @property
    def minimum(self) -> int | None:
        """Return the least test score that the results were compared with."""
        return self.rows[0]["minimum_score"] if self.source == PROTOCOLS else None

    @property
    def schools_count(self) -> int:
        """Return how many schools' rows the result stands on."""
        return len({row["school_code"] for row in self.rows}) if self.source == FORMS else 0

    def _bound_texts(self, figures: Figures, share: Share, digits: int = 0) -> tuple[str, str]:
        low, high = (
            figures.computed(
                value, f"{which} граница интервала Уилсона 95 %", self.rows, form="percent_number", digits=digits
            )
            for value, which in ((share.low, "нижняя"), (share.high, "верхняя"))
        )
        return low, high

    def _sum(self, name: str) -> int | None:
        columns = _COUNTS[self.source].get(name)
        if columns is None:
            return None
        cells = [(row[column], column) for row in self.rows for column in columns]
        if any(value is None and column not in self.blanks for value, column in cells):
            return None
        return int(sum(value or 0 for value, _ in cells))

    def _marks_agree(self, marks: Sequence[int]) -> bool:
        return sum(marks) == self.participants if self.source != PROTOCOLS else sum(marks) > 0

    def _groups_agree(self) -> bool:
        """Return whether those below the minimum and those with high scores do not outnumber the participants."""
        high, below = self._sum("high"), self._sum("below")
        return high is not None and (below or 0) + high <= self.participants


def exam_results(
    data: CycleData, unit: tuple[str, str], kinds: Sequence[str], school_year: str | None = None
) -> list[ExamResult]:
    """Return the results of a unit in the exams of `kinds`, an exam by its best source, in the order of documents.

    Args:
        data: tables `exam_summary`, `exam_school_results`, `exam_results_reported`.
        unit: level (municipality or school) and code.
        kinds: ege, oge, gve9, gve11.
        school_year: an earlier school year than that of the document.
    """
    found: dict[tuple[str, str, str], ExamResult] = {}
    for result in (
        *_of_forms(data, unit, school_year, "main"),
        *_of_tables(data, unit, school_year),
        *_of_protocols(data, unit, school_year),
    ):
        if result.key.kind in kinds and result.key.subject_code != ALL_SUBJECTS and result.participants:
            found[result.key.kind, result.key.subject_code, result.key.level] = result
    return sorted(found.values(), key=lambda result: exam_order(result.key))


def second_attempts(data: CycleData, unit: tuple[str, str], kinds: Sequence[str]) -> list[ExamResult]:
    """Return the results of the additional period, which only forms tell."""
    found = [one for one in _of_forms(data, unit, None, "additional") if one.key.kind in kinds and one.participants]
    return sorted(found, key=lambda result: exam_order(result.key))


def graduates(data: CycleData, unit: tuple[str, str]) -> Row | None:
    """Return the row of the region's table that counts all who took ЕГЭ, where there is one."""
    found = [one for one in _of_tables(data, unit, None) if one.key.subject_code == ALL_SUBJECTS]
    return found[0].rows[0] if found and len(found[0].rows) == 1 else None


def unit_schools(data: CycleData, unit: tuple[str, str], school_year: str | None = None) -> tuple[str, ...]:
    """Return the codes of the schools of a unit, in order."""
    level, code = unit
    if level == "school":
        return (code,)
    rows = data.rows("schools", school_year=school_year, municipality_code=code)
    return tuple(sorted(str(row["school_code"]) for row in rows))


def own_rows(data: CycleData, table: str, unit: tuple[str, str], school_year: str | None = None) -> Rows:
    """Return the rows of a register about the schools of a unit.

    A school's own form counts before what the municipality wrote of it where both hold the same line.
    """
    rows = data.rows(table, school_year=school_year, school_code=unit_schools(data, unit, school_year))
    key = ("school_code", *record_tables()[table].key)
    reported = {_values(row, key) for row in rows if row["municipality_code"] is None}
    kept = [row for row in rows if row["municipality_code"] is None or _values(row, key) not in reported]
    return Rows(rows.table, rows.conditions, kept)


def _values(row: Row, columns: Sequence[str]) -> tuple[object, ...]:
    return tuple(row[column] for column in columns)


def contradicting_forms(data: CycleData, unit: tuple[str, str], kinds: Sequence[str]) -> list[ExamResult]:
    """Return results of forms whose marks (groups of scores) contradict the number of participants."""
    return [
        result
        for result in _of_forms(data, unit, None, "main")
        if result.key.kind in kinds and result.participants and result.is_doubtful
    ]


def _of_protocols(data: CycleData, unit: tuple[str, str], school_year: str | None) -> Iterable[ExamResult]:
    level, code = unit
    rows = data.rows(PROTOCOLS, school_year=school_year, unit_level=level, unit_code=code, category="all")
    for row in rows:
        yield ExamResult(exam_key(str(row["exam_code"])), PROTOCOLS, (row,))


def _of_tables(data: CycleData, unit: tuple[str, str], school_year: str | None) -> Iterable[ExamResult]:
    level, code = unit
    schools = unit_schools(data, unit, school_year)
    rows = list(data.rows(TABLES, school_year=school_year, unit_level="school", school_code=schools))
    if level == "municipality":
        name = data.unit_name("municipality", code)
        printed = data.rows(TABLES, school_year=school_year, unit_level="municipality", unit_name=name)
        rows = [*rows, *printed]
    blanks = _blank_columns(data, school_year) if rows else frozenset()
    by_exam: dict[str, dict[object, Row]] = {}
    for row in rows:
        if row["counted"] == "results" and row["participants_count"]:
            by_exam.setdefault(str(row["exam_code"]), {})[row["school_code"]] = row
    for exam_code, of_units in by_exam.items():
        own = of_units.pop(None, None)
        yield ExamResult(exam_key(exam_code), TABLES, tuple(of_units.values()) if own is None else (own,), blanks)


def _blank_columns(data: CycleData, school_year: str | None) -> frozenset[str]:
    """Return the columns that the totals of a region's tables hold for any exam: empty cells there mean nobody.

    The same is assumed where its totals are checked (method `exams.cross_foot`).
    """
    rows = data.rows(TABLES, school_year=school_year, unit_level="region")
    rows = rows or data.rows(TABLES, school_year=school_year, unit_level="municipality")
    return frozenset(column for column in _TABLE_COUNTS if any(row[column] is not None for row in rows))


def _of_forms(data: CycleData, unit: tuple[str, str], school_year: str | None, stage: str) -> Iterable[ExamResult]:
    by_exam: dict[ExamKey, list[Row]] = {}
    stages = ("main", "early") if stage == "main" else (stage,)
    for row in own_rows(data, FORMS, unit, school_year):
        if row["stage"] in stages:
            by_exam.setdefault(_reported_key(row), []).append(row)
    for key, rows in by_exam.items():
        yield ExamResult(key, FORMS, tuple(rows))


def _reported_key(row: Row) -> ExamKey:
    subject, _, level = str(row["exam_subject"]).partition("_")
    if level not in ("base", "profile"):
        subject, level = str(row["exam_subject"]), "main"
    kind = str(row["exam"])
    if kind == "gve":
        kind = "gve11" if int(row["grade"]) >= _ELEVENTH else "gve9"
    if kind == "ege" and subject == "mathematics" and level == "main":
        level = "profile"
    return ExamKey(kind, int(str(row["school_year"])[5:]), subject, "main" if kind != "ege" else level)


def total_text(figures: Figures, rows: Sequence[Row], column: str, forms: tuple[str, str, str] | None = None) -> str:
    """Return the sum of a column over rows that no condition names; with a noun if one is given."""
    value = total(rows, column)
    if len(rows) == 1 and rows[0][column] is not None:
        text = figures.whole(rows[0], column)
    else:
        text = figures.computed(value, f"сумма {column}", rows, form="whole", digits=0)
    return text if forms is None else f"{text}{ru.NBSP}{ru.plural(value, forms)}"


def total(rows: Iterable[Row], column: str) -> int:
    """Return the sum of a column of counts, unknown ones left out."""
    return int(sum(row[column] or 0 for row in rows))


def as_array(values: Iterable[float]) -> np.ndarray:
    """Return numbers for vectorised statistics."""
    return np.fromiter(values, dtype=np.float64)
