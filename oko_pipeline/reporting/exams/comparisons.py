"""How far results differ: a school from the other schools of its municipality, a year from the year before.

A difference is named only when it survives the control of false discoveries among all comparisons of its kind in the
municipality; the same verdicts stand in the municipality's note and in the notes of its schools.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from oko_pipeline.catalogue.exams import ExamKey, mark_scales
from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.exams.results import ExamResult, Share, as_array, exam_results, unit_schools
from oko_pipeline.statistics.differences import newcombe_interval, share_difference_p
from oko_pipeline.statistics.false_discovery import benjamini_hochberg
from oko_pipeline.statistics.intervals import CONFIDENCE, Interval

_FALSE_RATE: Final = 1 - CONFIDENCE
YEARS_BEFORE: Final = 2
"""School years before that of the document whose results stand beside its own."""
LEVELS: Final = (("oge", "gve9"), ("ege", "gve11"))
"""Kinds of exams whose comparisons are judged together: those of grade 9 and of grade 11."""
MEASURES: Final = ("passed", "quality", "below", "high")
_IS_HIGH_GOOD: Final = {"passed": True, "quality": True, "below": False, "high": True}


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of two shares with its 95 % interval; `is_confirmed` holds among all comparisons made."""

    measure: str
    own: Share
    other: Share
    value: float
    low: float
    high: float
    is_confirmed: bool

    @property
    def is_better(self) -> bool:
        """Return whether the difference is in favour of the unit."""
        return (self.value > 0) == _IS_HIGH_GOOD[self.measure]


@dataclass(frozen=True, slots=True)
class SchoolGap:
    """A school beside the other schools of its municipality in one exam."""

    school_code: str
    result: ExamResult
    gap: Gap


@dataclass(frozen=True, slots=True)
class Trend:
    """Results of one exam by school year, the latest last; `gap` is the last change, None where none is drawn.

    `reason_ru` says why no change is drawn. `is_scale_known` is False where the scale of marks of one of the two years
    is not in the catalogue: they are compared with that reservation.
    """

    key: ExamKey
    measure: str
    years: tuple[str, ...]
    results: tuple[ExamResult | None, ...]
    gap: Gap | None
    reason_ru: str
    is_scale_known: bool = True


class MunicipalResults:
    """Results of a municipality and of its schools in the exams of some kinds, with the verdicts about each school."""

    def __init__(self, data: CycleData, code: str, kinds: Sequence[str]) -> None:
        self.data = data
        self.code = code
        self.kinds = tuple(kinds)
        self.results = exam_results(data, ("municipality", code), kinds)
        self.schools = {
            school: exam_results(data, ("school", school), kinds)
            for school in unit_schools(data, ("municipality", code))
        }
        self.gaps = self._gaps()

    def of_school(self, school_code: str) -> list[SchoolGap]:
        """Return the comparisons of a school."""
        return [one for one in self.gaps if one.school_code == school_code]

    def confirmed(self, *, is_better: bool) -> list[SchoolGap]:
        """Return the confirmed differences in favour of schools, or against them, in the order of codes."""
        return [one for one in self.gaps if one.gap.is_confirmed and one.gap.is_better == is_better]

    def _gaps(self) -> list[SchoolGap]:
        whole = {result.key: result for result in self.results}
        found = [
            (school, result, measure, pair)
            for school, results in self.schools.items()
            for result in results
            for measure in MEASURES
            if (pair := self._pair(result, whole.get(result.key), measure)) is not None
        ]
        gaps = _by_level([(result, (measure, *pair)) for _, result, measure, pair in found])
        return [SchoolGap(school, result, gap) for (school, result, _, _), gap in zip(found, gaps, strict=True)]

    def _pair(self, own: ExamResult, whole: ExamResult | None, measure: str) -> tuple[Share, Share] | None:
        """Return the share of a school and of the rest, None where either is too small or told by other sources."""
        if whole is None or whole.source != own.source or whole.is_doubtful or own.is_doubtful:
            return None
        mine, all_share = own.share(measure), whole.share(measure)
        if mine is None or all_share is None:
            return None
        count, n = all_share.count - mine.count, all_share.n - mine.n
        least = self.data.settings.claim_from
        if mine.n < least or n < least or not 0 <= count <= n:
            return None
        return mine, Share.of(count, n)


def _by_level(pairs: Sequence[tuple[ExamResult, tuple[str, Share, Share]]]) -> list[Gap]:
    """Return gaps in the order of the pairs, found apart for ГИА-9 and ГИА-11.

    So documents about one level and documents about both tell the same verdicts.
    """
    made: dict[int, Gap] = {}
    for kinds in LEVELS:
        places = [place for place, (result, _) in enumerate(pairs) if result.key.kind in kinds]
        made |= dict(zip(places, share_gaps([pairs[place][1] for place in places]), strict=True))
    return [made[place] for place in range(len(pairs))]


def share_gaps(pairs: Sequence[tuple[str, Share, Share]]) -> list[Gap]:
    """Return own − other for pairs of shares, confirmed at a false discovery rate of 5 % among all of them."""
    if not pairs:
        return []
    own = [one for _, one, _ in pairs]
    other = [one for _, _, one in pairs]
    bounds = newcombe_interval(
        as_array(one.value for one in own), _bounds(own), as_array(one.value for one in other), _bounds(other)
    )
    p_values = share_difference_p(
        as_array(one.count for one in own), as_array(one.n for one in own),
        as_array(one.count for one in other), as_array(one.n for one in other),
    )  # fmt: skip
    q_values = benjamini_hochberg(p_values)
    is_clear = (bounds.low > 0) | (bounds.high < 0)
    confirmed = is_clear & (np.nan_to_num(q_values, nan=1.0) <= _FALSE_RATE)
    return [
        Gap(measure, mine, rest, mine.value - rest.value, float(low), float(high), bool(is_sure))
        for (measure, mine, rest), low, high, is_sure in zip(pairs, bounds.low, bounds.high, confirmed, strict=True)
    ]


def trends(data: CycleData, unit: tuple[str, str], kinds: Sequence[str], current: Sequence[ExamResult]) -> list[Trend]:
    """Return how the exams of a unit went over the years, those with at least two years of results."""
    years = [data.school_year]
    for _ in range(YEARS_BEFORE):
        years.insert(0, previous_school_year(years[0]))
    by_year = [
        {
            _series(one.key): one
            for one in (current if year == data.school_year else exam_results(data, unit, kinds, year))
        }
        for year in years
    ]
    drawn: list[tuple[ExamResult, str, tuple[ExamResult | None, ...], str]] = []
    for result in current:
        points = tuple(_large(of_year.get(_series(result.key)), data.settings.claim_from) for of_year in by_year)
        before = [one for one in points[:-1] if one is not None]
        if not before or points[-1] is None:
            continue
        drawn.extend(
            (result, measure, points, _why_not(result, before[-1]))
            for measure in (("passed", "quality") if result.key.is_marked else ("below", "high"))
            if result.share(measure) is not None and before[-1].share(measure) is not None
        )
    pairs = [
        (measure, result.share(measure), _latest(points).share(measure))
        for result, measure, points, reason in drawn
        if not reason
    ]
    gaps = iter(share_gaps([(measure, own, old) for measure, own, old in pairs if own is not None and old is not None]))
    return [
        Trend(
            result.key,
            measure,
            tuple(years),
            points,
            None if reason else next(gaps),
            reason,
            not result.key.is_marked or all(_scales(one.key) for one in (result, _latest(points))),
        )
        for result, measure, points, reason in drawn
    ]


def _large(result: ExamResult | None, claim_from: int) -> ExamResult | None:
    """Return a year's result if it has enough participants for shares: smaller ones tell about single people."""
    return None if result is None or result.participants < claim_from else result


def _series(key: ExamKey) -> tuple[str, str, str]:
    return key.kind, key.subject_code, key.level


def _latest(points: Sequence[ExamResult | None]) -> ExamResult:
    return next(one for one in reversed(points[:-1]) if one is not None)


def _why_not(now: ExamResult, before: ExamResult) -> str:
    """Return why two years are not compared, "" when they are."""
    if now.source != before.source:
        return "разные источники"
    if now.is_doubtful or before.is_doubtful:
        return "форма не сходится"
    scales = _scales(now.key), _scales(before.key)
    return "другая шкала отметок" if all(scales) and not scales[0] & scales[1] else ""


def _scales(key: ExamKey) -> set[tuple[int, int, int, int]]:
    """Return the scales of marks that sources tell for an exam of a year; none where no source is known."""
    return {(one.minimum_3, one.minimum_4, one.minimum_5, one.maximum_score) for one in mark_scales(key)}


def _bounds(shares: Sequence[Share]) -> Interval:
    return Interval(as_array(one.low for one in shares), as_array(one.high for one in shares))
